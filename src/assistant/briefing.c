/* briefing.c - the briefing of a day: asked for, built, kept. */
#include "assistant/briefing_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "text/letters.h"

#define MINUTE_MS ((int64_t)60000)
#define SHOT_MAX ((size_t)256 << 20)
/* Namespace of briefing ids: the UUID of the DNS name space with the product's mark (RFC 9562). */
static const Uuid id_space = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x51, 0xd1, 0x80, 0xb4, 0x53,
    0x6f, 0x74, 0x74, 0x6f, 0x42}};

const char *briefing_section_title(BriefingKind k)
{
    static const char *const names[] = {[BRIEFING_DUE] = "Important Reminders",
        [BRIEFING_TODAY] = "Today", [BRIEFING_RECENT] = "Recent Updates",
        [BRIEFING_TRENDS] = "Trending Topics", [BRIEFING_AGAIN] = "Worth another look"};
    return names[k];
}

const char *briefing_section_priority(BriefingKind k)
{
    static const char *const names[] = {[BRIEFING_DUE] = "Critical", [BRIEFING_TODAY] = "High",
        [BRIEFING_RECENT] = "High", [BRIEFING_TRENDS] = "Medium", [BRIEFING_AGAIN] = "Low"};
    return names[k];
}

/* ---- the object ------------------------------------------------------------------------------ */

Briefings *briefings_new(const BriefingsOptions *o, Err *err)
{
    Briefings *b = mem_zalloc(sizeof *b);
    if (!b) {
        (void)err_set(err, ERR_NO_MEMORY, "no memory for briefings");
        return NULL;
    }
    b->o = *o;
    (void)pthread_mutex_init(&b->lock, NULL);
    (void)pthread_mutex_init(&b->build_lock, NULL);
    (void)pthread_mutex_init(&b->send_lock, NULL);
    (void)pthread_mutex_init(&b->listen_lock, NULL);
    (void)pthread_mutex_init(&b->run_lock, NULL);
    (void)pthread_mutex_init(&b->write_lock, NULL);
    (void)pthread_cond_init(&b->wake, NULL);
    (void)pthread_cond_init(&b->write_wake, NULL);
    return b;
}

void briefings_free(Briefings *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < BRIEF_CACHED; i++)
        briefing_release(b->cache[i]);
    for (size_t i = 0; i < b->n_zones; i++)
        zone_free(b->zones[i].zone);
    (void)pthread_cond_destroy(&b->write_wake);
    (void)pthread_cond_destroy(&b->wake);
    (void)pthread_mutex_destroy(&b->write_lock);
    (void)pthread_mutex_destroy(&b->run_lock);
    (void)pthread_mutex_destroy(&b->listen_lock);
    (void)pthread_mutex_destroy(&b->send_lock);
    (void)pthread_mutex_destroy(&b->build_lock);
    (void)pthread_mutex_destroy(&b->lock);
    mem_free(b->vectors);
    mem_free(b);
}

const Zone *briefings_zone(Briefings *b, Str name)
{
    const Zone *found = NULL;
    if (name.len == 0)
        return tasks_zone(b->o.tasks);
    (void)pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->n_zones && !found; i++)
        if (str_eq(str_of(b->zones[i].name), name))
            found = b->zones[i].zone;
    if (!found && b->n_zones < BRIEF_ZONES && name.len < ZONE_NAME_MAX) {
        Zone *z = zone_open(name, NULL);
        if (z) {
            memcpy(b->zones[b->n_zones].name, name.ptr, name.len);
            b->zones[b->n_zones++].zone = z;
            found = z;
        }
    }
    (void)pthread_mutex_unlock(&b->lock);
    return found;
}

const Briefing *briefing_of(const BriefingShot *s)
{
    return &s->b;
}

void briefing_release(BriefingShot *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        arena_free(s->a);
        mem_free(s);
    }
}

/* ---- what the sections share ----------------------------------------------------------------- */

bool brief_no_memory(BriefingBuild *b)
{
    return err_set(b->err, ERR_NO_MEMORY, "building a briefing: out of memory");
}

float brief_likeness(const float *x, const float *y)
{
    float sum = 0;
    for (int i = 0; i < MINILM_DIM; i++)
        sum += x[i] * y[i];
    return sum;
}

static void recall(Briefings *x, const Str *texts, size_t n, float *out, bool *known)
{
    (void)pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < n; i++) {
        uint64_t hash = str_hash(texts[i]);
        const BriefVector *v = x->vectors ? &x->vectors[hash % BRIEF_VECTORS] : NULL;
        known[i] = v && v->hash == hash && v->len == texts[i].len && v->len;
        if (known[i])
            memcpy(out + i * MINILM_DIM, v->v, sizeof v->v);
    }
    (void)pthread_mutex_unlock(&x->lock);
}

static void keep_vector(Briefings *x, Str text, const float *v)
{
    uint64_t hash = str_hash(text);
    (void)pthread_mutex_lock(&x->lock);
    if (!x->vectors)
        x->vectors = mem_zalloc(BRIEF_VECTORS * sizeof *x->vectors);
    if (x->vectors) {
        BriefVector *slot = &x->vectors[hash % BRIEF_VECTORS];
        slot->hash = hash;
        slot->len = (uint32_t)text.len;
        memcpy(slot->v, v, sizeof slot->v);
    }
    (void)pthread_mutex_unlock(&x->lock);
}

bool brief_embed(BriefingBuild *b, const Str *texts, size_t n, float **out, bool *have)
{
    Search *search = b->x->o.search;
    *have = search != NULL && n > 0;
    if (!*have)
        return true;
    float *v = ARENA_NEW_ARRAY(b->a, float, n * MINILM_DIM);
    float *fresh = ARENA_NEW_ARRAY(b->a, float, n * MINILM_DIM);
    uint32_t *tokens = ARENA_NEW_ARRAY(b->a, uint32_t, n);
    bool *known = ARENA_NEW_ARRAY(b->a, bool, n);
    Str *missing = ARENA_NEW_ARRAY(b->a, Str, n);
    size_t m = 0;
    if (!v || !fresh || !tokens || !known || !missing)
        return brief_no_memory(b);
    recall(b->x, texts, n, v, known);
    for (size_t i = 0; i < n; i++)
        if (!known[i])
            missing[m++] = texts[i];
    if (m && !search_embed(search, missing, m, b->worker, fresh, tokens, b->err))
        return false;
    m = 0;
    for (size_t i = 0; i < n; i++) {
        if (known[i])
            continue;
        memcpy(v + i * MINILM_DIM, fresh + m * MINILM_DIM, MINILM_DIM * sizeof *v);
        keep_vector(b->x, texts[i], fresh + m++ * MINILM_DIM);
    }
    *out = v;
    return true;
}

Str brief_line(Arena *a, Str text, size_t max)
{
    Buf line;
    buf_init(&line, 1 << 20);
    (void)letters_squeeze(&line, str_sub(text, 0, 64 << 10));
    Str all = buf_str(&line), cut = all.len > max ? letters_cut(all, max) : all;
    Str out = !buf_ok(&line) ? (Str){NULL, 0}
              : cut.len < all.len ? arena_printf(a, STR_FMT "\xE2\x80\xA6", STR_ARG(cut))
                                  : arena_str(a, cut);
    buf_release(&line);
    return out;
}

Str brief_when(BriefingBuild *b, int64_t ms, bool timed)
{
    Buf said;
    buf_init(&said, 4096);
    when_say(b->zone, b->as_of, ms, timed, &said);
    Str out = arena_buf(b->a, &said);
    buf_release(&said);
    return out;
}

int brief_doc_order(const void *x, const void *y)
{
    const BriefDoc *a = x, *b = y;
    if (a->importance != b->importance)
        return a->importance < b->importance ? 1 : -1;
    if (a->updated_at != b->updated_at)
        return a->updated_at < b->updated_at ? 1 : -1;
    int by_title = str_cmp(a->title, b->title);
    return by_title ? by_title : memcmp(a->id.b, b->id.b, sizeof a->id.b);
}

BriefingSource brief_source(BriefingBuild *b, const BriefDoc *d)
{
    (void)b;
    return (BriefingSource){BRIEFING_OF_DOCUMENT, d->id, d->title, d->source};
}

void brief_changes_at(BriefingBuild *b, int64_t ms)
{
    if (ms > b->as_of && ms < b->good_until)
        b->good_until = ms;
}

void brief_count(Buf *out, uint64_t n, const char *one, const char *many)
{
    (void)buf_printf(out, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

/* ---- building -------------------------------------------------------------------------------- */

static int64_t day_begin(const Zone *z, const Civil *c, int more)
{
    Civil day = {c->year, c->month, c->day + more, 0, 0, 0};
    return zone_instant(z, &day, NULL);
}

int64_t brief_midnight(BriefingBuild *b, int days)
{
    Civil c = zone_civil(b->zone, b->as_of);
    return day_begin(b->zone, &c, days);
}

/* "2026-11-20", or an instant; empty: now. Of a past day its last minute, of one to come its
 * first. */
static bool moment_of(const Zone *z, Str date, int64_t now, int64_t *as_of, Err *err)
{
    int64_t ms;
    date = str_trim(date);
    *as_of = now;
    if (date.len == 0)
        return true;
    if (!clock_parse(date, &ms))
        return err_set(err, ERR_VALIDATION, "date must be YYYY-MM-DD or an RFC 3339 time");
    if (date.len > 10) {
        *as_of = ms;
        return true;
    }
    Civil day = {0};
    clock_civil_from_days(ms / BRIEF_DAY_MS - (ms % BRIEF_DAY_MS < 0), &day.year, &day.month,
        &day.day);
    int64_t from = day_begin(z, &day, 0), until = day_begin(z, &day, 1);
    *as_of = now >= until ? until - MINUTE_MS : now < from ? from : now;
    return true;
}

static bool headline(BriefingBuild *b)
{
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
        "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December"};
    const BriefingSection *s = b->out->sections;
    Civil c = zone_civil(b->zone, b->as_of);
    Buf out;
    buf_init(&out, 4096);
    if (!brief_greeting(b, &out)) {
        buf_release(&out);
        return false;
    }
    (void)buf_printf(&out, "%s, %d %s %d: ", days[civil_weekday(&c)], c.day, months[c.month - 1],
        c.year);
    uint64_t due = s[BRIEFING_DUE].n + s[BRIEFING_DUE].more;
    uint64_t today = s[BRIEFING_TODAY].n + s[BRIEFING_TODAY].more;
    if (!due && !today && !b->total_recent)
        (void)buf_add_c(&out, "nothing is due, and nothing is new.");
    if (due)
        brief_count(&out, due, "thing to remember", "things to remember");
    if (today)
        (void)buf_printf(&out, "%s%llu on the day's list", due ? ", " : "",
            (unsigned long long)today);
    if (b->total_recent) {
        (void)buf_add_c(&out, due || today ? ", " : "");
        brief_count(&out, b->total_recent, "document new or changed", "documents new or changed");
    }
    if (due || today || b->total_recent)
        (void)buf_add_char(&out, '.');
    b->out->headline = arena_buf(b->a, &out);
    buf_release(&out);
    return b->out->headline.ptr || brief_no_memory(b);
}

static bool build_sections(BriefingBuild *b)
{
    static BriefSectionFn *const sections[] = {brief_due, brief_today, brief_recent, brief_trends,
        brief_again};
    if (!store_brief_documents(b->store, b->owner, b->as_of - BRIEF_DAY_MS, b->as_of + MINUTE_MS,
            b->a, &b->recent, &b->n_recent, &b->total_recent, b->err))
        return false;
    if (b->n_recent) /* the oldest leaves the 24 hours */
        brief_changes_at(b, b->recent[b->n_recent - 1].updated_at + BRIEF_DAY_MS + 1);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (!sections[i](b))
            return false;
    return headline(b);
}

static bool name_it(BriefingBuild *b)
{
    char owner[UUID_TEXT];
    Briefing *out = b->out;
    Civil c = zone_civil(b->zone, b->as_of);
    (void)snprintf(out->date, sizeof out->date, "%04d-%02d-%02d", c.year, c.month, c.day);
    out->zone = b->zone;
    out->zone_name = zone_name(b->zone);
    out->as_of = b->as_of;
    b->day_from = brief_midnight(b, 0);
    b->day_until = brief_midnight(b, 1);
    b->good_until = b->day_until;
    Str name = arena_printf(b->a, "briefing %s %s %s", uuid_format(b->owner, owner), out->date,
        out->zone_name);
    return name.ptr ? uuid_v5(&id_space, name, &out->id, b->err) : brief_no_memory(b);
}

static BriefingShot *build(Briefings *x, const Zone *z, int64_t as_of, unsigned worker, Err *err)
{
    BriefingShot *s = mem_zalloc(sizeof *s);
    Arena *a = arena_new(SHOT_MAX);
    uint64_t start = clock_mono_ns();
    if (!s || !a) {
        (void)err_set(err, ERR_NO_MEMORY, "building a briefing: out of memory");
        mem_free(s);
        arena_free(a);
        return NULL;
    }
    s->a = a;
    atomic_init(&s->refs, 1);
    s->documents = store_version(x->o.store, &x->o.owner);
    s->plans = store_plans_version(x->o.store, &x->o.owner);
    s->made = atomic_load(&x->made);
    BriefingBuild b = {.x = x, .store = x->o.store, .owner = &x->o.owner, .tasks = x->o.tasks,
        .zone = z, .as_of = as_of, .worker = worker, .a = a, .err = err, .out = &s->b};
    if (!name_it(&b) || !build_sections(&b)) {
        briefing_release(s);
        return NULL;
    }
    s->good_until = b.good_until;
    metric_observe(metric_histogram("briefing_build_seconds", "Building a briefing.", NULL), NULL,
        clock_seconds_since(start));
    return s;
}

/* ---- the cache ------------------------------------------------------------------------------- */

static bool is_good(const Briefings *x, const BriefingShot *s, const Zone *z, int64_t as_of)
{
    return s->b.zone == z && s->b.as_of <= as_of && as_of < s->good_until
        && s->documents == store_version(x->o.store, &x->o.owner)
        && s->plans == store_plans_version(x->o.store, &x->o.owner)
        && s->made == atomic_load(&x->made);
}

static BriefingShot *find(Briefings *x, const Zone *z, int64_t as_of)
{
    BriefingShot *found = NULL;
    (void)pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < BRIEF_CACHED && !found; i++)
        if (x->cache[i] && is_good(x, x->cache[i], z, as_of))
            found = x->cache[i];
    if (found)
        (void)atomic_fetch_add(&found->refs, 1);
    (void)pthread_mutex_unlock(&x->lock);
    return found;
}

static void keep(Briefings *x, BriefingShot *s)
{
    (void)pthread_mutex_lock(&x->lock);
    BriefingShot *last = x->cache[BRIEF_CACHED - 1];
    memmove(x->cache + 1, x->cache, (BRIEF_CACHED - 1) * sizeof *x->cache);
    x->cache[0] = s;
    (void)atomic_fetch_add(&s->refs, 1);
    (void)pthread_mutex_unlock(&x->lock);
    briefing_release(last);
}

/* Today's goes into the history, in the place of the one before; not where nothing is written. */
static void remember(Briefings *x, const Briefing *made)
{
    Buf json;
    JsonW w;
    Err err = ERR_INIT;
    buf_init(&json, BUF_DEFAULT_MAX);
    jw_init(&w, &json);
    briefing_json(made, &w);
    StoredBriefing row = {.id = made->id, .date = str_of(made->date),
        .zone = str_of(made->zone_name), .generated_at = made->as_of, .json = buf_str(&json)};
    if ((!buf_check(&json, "a briefing", &err)
            || !store_briefing_put(x->o.store, &x->o.owner, &row, NULL, &err))
        && err.code != ERR_FORBIDDEN)
        log_write(LOG_WARN, "briefing", "it could not be kept: %s", err.msg);
    buf_release(&json);
}

BriefingShot *briefing_get(Briefings *b, const BriefingAsk *ask, unsigned worker, Err *err)
{
    int64_t as_of, now = clock_now_ms();
    const Zone *z = briefings_zone(b, ask->zone);
    if (!z) {
        (void)err_set(err, ERR_VALIDATION, "there is no time zone \"" STR_FMT "\"",
            STR_ARG(str_sub(ask->zone, 0, 80)));
        return NULL;
    }
    if (!moment_of(z, ask->date, now, &as_of, err))
        return NULL;
    as_of -= (as_of % MINUTE_MS + MINUTE_MS) % MINUTE_MS;
    atomic_store(&b->asked, true);
    BriefingShot *s = find(b, z, as_of);
    if (s)
        return s;
    (void)pthread_mutex_lock(&b->build_lock);
    s = find(b, z, as_of); /* somebody else built it meanwhile */
    if (!s && (s = build(b, z, as_of, worker, err))) {
        keep(b, s);
        if (now - as_of < MINUTE_MS && as_of <= now)
            remember(b, &s->b);
    }
    (void)pthread_mutex_unlock(&b->build_lock);
    return s;
}
