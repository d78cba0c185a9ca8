/* calendar_undo.c - a single event as a text that can be kept, and made the event again.
 *
 *   event -> JSON of its members and its own lines -> (deleted) -> the same event, with its id
 *
 * What a conversation took out of a calendar comes back as it was: uid, attendees, alarms and all
 * lines that nobody here reads. */
#include "assistant/calendar_int.h"

#include "base/clock.h"

/* Where each number and text stands; written and read by the same table. */
typedef struct {
    const char *name;
    size_t at;
} Member;

#define AT(member) offsetof(CalEvent, member)
static const Member texts[] = {{"uid", AT(uid)}, {"summary", AT(summary)},
    {"location", AT(location)}, {"description", AT(description)}, {"status", AT(status)},
    {"zone", AT(zone)}, {"raw", AT(raw)}};
static const Member numbers[] = {{"sequence", AT(sequence)}, {"start", AT(start_ms)},
    {"end", AT(end_ms)}, {"created", AT(created_at)}};
#define LEN(list) (sizeof(list) / sizeof *(list))

bool calendars_event_keep(Calendars *c, const Uuid *id, Arena *a, Str *out, Err *err)
{
    CalEvent e;
    JsonW w;
    Buf text;
    char uuid[UUID_TEXT];
    if (!store_event_get(c->store, &c->owner, id, a, &e, err))
        return false;
    if (e.replaces || e.rules.len || e.n_added || e.raw.len > CALENDAR_KEPT_MAX)
        return err_set(err, ERR_TOO_LARGE, "the event is a series, or too long to be kept");
    buf_init(&text, 16 * CALENDAR_KEPT_MAX);
    jw_init(&w, &text);
    jw_obj(&w);
    jw_kv_cstr(&w, "id", uuid_format(&e.id, uuid));
    jw_kv_cstr(&w, "calendar", uuid_format(&e.calendar, uuid));
    for (size_t i = 0; i < LEN(texts); i++)
        jw_kv_str(&w, texts[i].name, *(const Str *)((const char *)&e + texts[i].at));
    for (size_t i = 0; i < LEN(numbers); i++)
        jw_kv_int(&w, numbers[i].name, *(const int64_t *)((const char *)&e + numbers[i].at));
    jw_kv_int(&w, "kind", (int64_t)e.kind);
    jw_kv_bool(&w, "free", e.free);
    jw_key(&w, "alarms");
    jw_arr(&w);
    for (size_t i = 0; i < e.n_alarms; i++) {
        jw_int(&w, e.alarms[i].absolute);
        jw_int(&w, e.alarms[i].ms);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    Str kept = arena_buf(a, &text);
    bool ok = buf_check(&text, "the event", err) && (kept.ptr || calendars_no_memory(err));
    buf_release(&text);
    if (ok)
        *out = kept;
    return ok;
}

static bool read_alarms(const Json *j, Arena *a, CalEvent *e, Err *err)
{
    size_t n = json_count(j) / 2;
    n = n > EVENT_MAX_ALARMS ? EVENT_MAX_ALARMS : n;
    e->alarms = ARENA_NEW_ARRAY(a, EventAlarm, n + 1);
    if (!e->alarms)
        return calendars_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        int64_t absolute = 0;
        if (json_int(json_at(j, 2 * i), &absolute) &&
            json_int(json_at(j, 2 * i + 1), &e->alarms[e->n_alarms].ms))
            e->alarms[e->n_alarms++].absolute = absolute != 0;
    }
    return true;
}

static bool read_event(const Json *j, Arena *a, CalEvent *e, Err *err)
{
    int64_t kind = 0;
    bool ok = uuid_parse(json_str(json_get(j, "id")), &e->id) &&
              uuid_parse(json_str(json_get(j, "calendar")), &e->calendar) &&
              json_int(json_get(j, "kind"), &kind) && kind >= 0 && kind <= EVENT_ALL_DAY &&
              json_bool(json_get(j, "free"), &e->free);
    e->kind = (EventKind)kind;
    e->rules = STR("");
    for (size_t i = 0; ok && i < LEN(numbers); i++)
        ok = json_int(json_get(j, numbers[i].name),
                      (int64_t *)(void *)((char *)e + numbers[i].at));
    for (size_t i = 0; ok && i < LEN(texts); i++) {
        Str s = json_str(json_get(j, texts[i].name));
        Str *at = (Str *)(void *)((char *)e + texts[i].at);
        ok = s.ptr != NULL;
        *at = ok ? arena_str(a, s) : s;
        if (ok && !at->ptr)
            return calendars_no_memory(err);
    }
    return ok ? read_alarms(json_get(j, "alarms"), a, e, err)
              : err_set(err, ERR_VALIDATION, "what was kept of the event cannot be read");
}

static bool put_back(Calendars *c, CalEvent *e, Arena *a, Err *err)
{
    Calendar k;
    CalEvent there;
    EventZones zones;
    EventCounts counts;
    Err gone = ERR_INIT;
    if (store_event_get(c->store, &c->owner, &e->id, a, &there, &gone))
        return err_set(err, ERR_CONFLICT, "the event is there already");
    if (gone.code != ERR_NOT_FOUND)
        return err_set(err, gone.code, "%s", gone.msg);
    if (!calendars_get(c, &e->calendar, a, &k, err) || !event_zones_open(c, a, &zones, err))
        return false;
    e->updated_at = clock_now_ms();
    e->stamp = e->updated_at - e->updated_at % 1000;
    event_finish(e, event_zone(&zones, e));
    event_zones_close(&zones);
    EventBatch b = {.calendar = &k, .events = e, .n_events = 1, .force = true};
    return store_event_apply(c->store, &c->owner, &b, &counts, err);
}

bool calendars_event_restore(Calendars *c, Str kept, Arena *a, CalEvent *out, Err *err)
{
    CalEvent e = {.replaces = false};
    Json *j = json_parse(kept, JSON_DEFAULT_DEPTH, err);
    if (!j)
        return false;
    bool ok = read_event(j, a, &e, err);
    json_free(j);
    (void)pthread_mutex_lock(&c->change_lock);
    ok = ok && put_back(c, &e, a, err);
    (void)pthread_mutex_unlock(&c->change_lock);
    if (!ok)
        return false;
    calendars_wake(c);
    *out = e;
    return true;
}
