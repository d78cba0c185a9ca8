/* calendar_feed.c - calendars kept up to date from an address.
 *
 *   GET with If-None-Match, If-Modified-Since -> 304: nothing; 200: confined reader -> the calendar
 *   becomes what the address has -> state, validators and the time of the next look are stored
 *
 * A failed look changes no event: it is the calendar's state, with the reason; the next look is
 * later after every failure, a day at most. */
#include "assistant/calendar_int.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "net/client.h"
#include "store/briefing.h"

#define TIMEOUT_MS 30000
#define REDIRECTS 5
#define REFRESH_S 3600u
#define BACKOFF_MAX_MS CALENDAR_DAY_MS
#define ALARMS_KEPT_MS 600000
#define POLL_S 20 /* the wall clock can be set, so it is looked at again and again */

/* ---- one look -------------------------------------------------------------------------------- */

/* webcal and webcals are https by another name. */
static Str url_of(Arena *a, Str address)
{
    size_t scheme = str_find(address, STR("://"), 0);
    Str rest = str_sub(address, scheme == SIZE_MAX ? 0 : scheme + 3, address.len);
    Str name = str_sub(address, 0, scheme == SIZE_MAX ? 0 : scheme);
    if (str_eq_nocase(name, STR("webcal")) || str_eq_nocase(name, STR("webcals")))
        return arena_printf(a, "https://" STR_FMT, STR_ARG(rest));
    if (str_eq_nocase(name, STR("https")) || str_eq_nocase(name, STR("http")))
        return arena_str(a, address);
    return (Str){NULL, 0};
}

static bool add_header(Arena *a, HttpHeader *h, size_t *n, const char *name, Str value)
{
    if (!value.len)
        return true;
    h[*n].name = str_of(name);
    h[*n].value = arena_str(a, value);
    return h[(*n)++].value.ptr != NULL;
}

static bool goes_on(void *arg, uint64_t done, uint64_t total)
{
    (void)done;
    (void)total;
    return !((Calendars *)arg)->feed_stop;
}

/* *fresh false: as it was (304). The body's text is in the arena. */
static bool fetch(Calendars *c, const Calendar *k, Arena *a, Str *text, bool *fresh, Str *etag,
                  Str *modified, Err *err)
{
    HttpHeader headers[3];
    size_t n = 0;
    ClientResponse r;
    Str url = url_of(a, k->address);
    if (!url.ptr)
        return err_set(err, ERR_VALIDATION, "the address must begin with https://, http:// or "
                                            "webcal://");
    if (!add_header(a, headers, &n, "Accept", STR("text/calendar, */*;q=0.5")) ||
        !add_header(a, headers, &n, "If-None-Match", k->etag) ||
        !add_header(a, headers, &n, "If-Modified-Since", k->modified))
        return calendars_no_memory(err);
    ClientRequest req = {.url = url.ptr, .headers = headers, .header_count = n,
        .total_ms = TIMEOUT_MS, .max_bytes = FEED_MAX_BYTES,
        .redirects = k->private_network ? 0 : REDIRECTS, .public_only = !k->private_network,
        .progress = goes_on, .arg = c};
    if (!client_request(&req, &r, err))
        return false;
    bool ok = r.status == 200 || (r.status == 304 && k->fetched_at);
    if (!ok && r.status >= 300 && r.status < 400)
        (void)err_set(err, ERR_UNAVAILABLE, "the address answered with a redirection (%d) that is "
                                            "not followed", r.status);
    else if (!ok)
        (void)err_set(err, r.status == 404 || r.status == 410 ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
                      "the address answered with status %d", r.status);
    *fresh = r.status == 200;
    if (ok && *fresh) {
        *text = arena_str(a, buf_str(&r.body));
        *etag = arena_str(a, str_sub(client_header(&r, "ETag"), 0, 1000));
        *modified = arena_str(a, str_sub(client_header(&r, "Last-Modified"), 0, 200));
        ok = (text->ptr && etag->ptr && modified->ptr) || calendars_no_memory(err);
    }
    client_response_release(&r);
    return ok;
}

static int64_t next_look(const Calendar *k, int64_t now)
{
    int64_t wait = (int64_t)k->refresh_s * 1000;
    for (uint32_t i = 1; i < k->failures && wait < BACKOFF_MAX_MS; i++)
        wait *= 2;
    return now + (wait < BACKOFF_MAX_MS || !k->failures ? wait : BACKOFF_MAX_MS);
}

/* Fetches and stores; *k is the calendar as it was. *kept: the store has it already. */
static bool look(Calendars *c, Calendar *k, bool kept, Arena *a, ImportReport *out, Err *err)
{
    Str text = {NULL, 0}, lines = {NULL, 0}, etag = k->etag, modified = k->modified;
    bool fresh = false;
    Err why = ERR_INIT;
    *out = (ImportReport){0};
    k->checked_at = clock_now_ms();
    bool ok = c->read != NULL || err_set(&why, ERR_UNAVAILABLE, "nothing here can read calendars");
    ok = ok && fetch(c, k, a, &text, &fresh, &etag, &modified, &why) &&
         (!fresh || c->read(c->read_arg, text, STR("calendar.ics"), a, &lines, &why));
    (void)pthread_mutex_lock(&c->change_lock);
    Calendar now;
    if (kept && !calendars_get(c, &k->id, a, &now, err)) { /* deleted meanwhile */
        (void)pthread_mutex_unlock(&c->change_lock);
        return false;
    }
    if (kept) { /* what a person changed meanwhile stays */
        k->name = now.name;
        k->refresh_s = now.refresh_s;
    }
    if (ok) {
        k->state = FEED_OK;
        k->failures = 0;
        k->fetched_at = k->checked_at;
        k->etag = etag;
        k->modified = modified;
        k->next_at = next_look(k, k->checked_at);
        ImportTarget t = {.calendar = k, .whole = true};
        if (fresh)
            ok = calendars_take(c, &t, lines, a, out, &why);
        else if (!store_calendar_put(c->store, &c->owner, k, err))
            ok = false;
    }
    if (!ok && kept && why.code != ERR_NONE) {
        *k = now;
        k->state = FEED_FAILED;
        k->failures++;
        k->problem = str_of(why.msg);
        k->checked_at = clock_now_ms();
        k->next_at = next_look(k, k->checked_at);
        ok = store_calendar_put(c->store, &c->owner, k, err);
    } else if (!ok && why.code != ERR_NONE && err) {
        *err = why;
    }
    if (ok)
        ok = calendars_get(c, &k->id, a, &out->calendar, err);
    (void)pthread_mutex_unlock(&c->change_lock);
    return ok;
}

/* ---- what is called -------------------------------------------------------------------------- */

static Str host_of(Str address)
{
    size_t at = str_find(address, STR("://"), 0);
    Str host = str_sub(address, at == SIZE_MAX ? 0 : at + 3, address.len);
    size_t user = str_find(str_sub(host, 0, str_find(host, STR("/"), 0)), STR("@"), 0);
    host = str_sub(host, user == SIZE_MAX ? 0 : user + 1, host.len);
    return str_sub(host, 0, str_find(host, STR("/"), 0));
}

bool calendars_subscribe(Calendars *c, const FeedDraft *d, Arena *a, ImportReport *out, Err *err)
{
    Calendar *list;
    size_t n;
    Str address = str_trim(d->address);
    Calendar k = {.name = d->name, .address = address, .state = FEED_NEW, .etag = STR(""),
        .modified = STR(""), .problem = STR(""), .created_at = clock_now_ms(),
        .refresh_s = d->refresh_s ? d->refresh_s : REFRESH_S,
        .private_network = d->private_network};
    if (!calendars_list(c, a, &list, &n, err) || !uuid_v7(&k.id, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].address, address))
            return err_set(err, ERR_CONFLICT, "the address is subscribed to already, as \"" STR_FMT
                                              "\"", STR_ARG(str_sub(list[i].name, 0, 100)));
    if (n >= CALENDAR_MAX)
        return err_set(err, ERR_TOO_LARGE, "there are %u calendars already", CALENDAR_MAX);
    if (!look(c, &k, false, a, out, err))
        return false;
    if (!d->name.len && str_eq(out->calendar.name, STR("Calendar"))) { /* it had none */
        Str host = host_of(address);
        if (host.len && !calendars_change(c, &k.id, &host, NULL, a, &out->calendar, err))
            return false;
    }
    (void)pthread_cond_broadcast(&c->feed_wake);
    return true;
}

bool calendars_refresh(Calendars *c, const Uuid *calendar, Arena *a, ImportReport *out, Err *err)
{
    Calendar k;
    if (!calendars_get(c, calendar, a, &k, err))
        return false;
    if (k.state == FEED_NONE)
        return err_set(err, ERR_CONFLICT, "the calendar has no address to look at");
    return look(c, &k, true, a, out, err);
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* Looks at one calendar whose time has come; false when there is none. */
static bool look_at_one(Calendars *c, Arena *a)
{
    Calendar *list;
    size_t n;
    ImportReport report;
    Err err = ERR_INIT;
    int64_t now = clock_now_ms();
    if (!calendars_list(c, a, &list, &n, &err))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (list[i].state == FEED_NONE || list[i].next_at > now)
            continue;
        if (!look(c, &list[i], true, a, &report, &err) && err.code != ERR_NOT_FOUND) {
            log_write(LOG_WARN, "calendar", "an address could not be looked at: %s", err.msg);
            return false;
        }
        if (report.calendar.state == FEED_FAILED)
            log_write(LOG_INFO, "calendar", "an address failed: " STR_FMT,
                      STR_ARG(report.calendar.problem));
        return true;
    }
    return false;
}

/* When the reminders of events were last looked at. They are made a day ahead: while no plan
 * changes, once in ten minutes of the (settable) clock is enough. */
typedef struct {
    bool done;
    uint64_t version;
    int64_t at;
} AlarmsKept;

static void keep_alarms(Calendars *c, AlarmsKept *kept, Arena *a)
{
    Err err = ERR_INIT;
    uint64_t version = store_plans_version(c->store, &c->owner);
    int64_t now = clock_now_ms();
    if (kept->done && kept->version == version && now >= kept->at &&
        now - kept->at < ALARMS_KEPT_MS)
        return;
    *kept = (AlarmsKept){calendars_keep_alarms(c, a, &err), version, now};
    if (!kept->done)
        log_write(LOG_WARN, "calendar", "reminders of events could not be set: %s", err.msg);
    arena_reset(a);
}

static void *feed_loop(void *arg)
{
    Calendars *c = arg;
    AlarmsKept kept = {.done = false};
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    (void)pthread_mutex_lock(&c->feed_lock);
    while (!c->feed_stop && a) {
        (void)pthread_mutex_unlock(&c->feed_lock);
        keep_alarms(c, &kept, a);
        bool more = look_at_one(c, a);
        arena_reset(a);
        (void)pthread_mutex_lock(&c->feed_lock);
        struct timespec until;
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += POLL_S;
        if (!more && !c->feed_stop)
            (void)pthread_cond_timedwait(&c->feed_wake, &c->feed_lock, &until);
    }
    (void)pthread_mutex_unlock(&c->feed_lock);
    arena_free(a);
    return NULL;
}

void calendars_wake(Calendars *c)
{
    (void)pthread_cond_broadcast(&c->feed_wake);
}

bool calendars_start(Calendars *c, Err *err)
{
    if (c->feed_running)
        return true;
    c->feed_stop = false;
    int rc = pthread_create(&c->feed_thread, NULL, feed_loop, c);
    if (rc)
        return err_set_errno(err, ERR_UNAVAILABLE, rc, "cannot start looking at addresses");
    c->feed_running = true;
    return true;
}

void calendars_stop(Calendars *c)
{
    if (!c || !c->feed_running)
        return;
    (void)pthread_mutex_lock(&c->feed_lock);
    c->feed_stop = true;
    (void)pthread_cond_broadcast(&c->feed_wake);
    (void)pthread_mutex_unlock(&c->feed_lock);
    (void)pthread_join(c->feed_thread, NULL);
    c->feed_running = false;
}
