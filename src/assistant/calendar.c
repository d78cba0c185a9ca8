/* calendar.c - the object, its zones, the list of calendars. */
#include "assistant/calendar_int.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#define MAX_ZONES 600 /* there are not more names */

bool calendars_no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for the calendar");
}

Calendars *calendars_new(const CalendarsOptions *o, Err *err)
{
    Calendars *c = mem_zalloc(sizeof *c);
    Zone *zone = zone_open(o->zone, err), *utc = zone ? zone_open(STR("UTC"), err) : NULL;
    Arena *names = arena_new((size_t)1 << 20);
    if (!c || !utc || !names) {
        if (utc)
            (void)calendars_no_memory(err);
        zone_free(zone);
        zone_free(utc);
        arena_free(names);
        mem_free(c);
        return NULL;
    }
    *c = (Calendars){.store = o->store, .owner = o->owner, .zone = zone, .utc = utc,
        .read = o->read, .read_arg = o->read_arg, .tasks = o->tasks, .names = names};
    (void)pthread_mutex_init(&c->zones_lock, NULL);
    (void)pthread_mutex_init(&c->change_lock, NULL);
    (void)pthread_mutex_init(&c->feed_lock, NULL);
    (void)pthread_cond_init(&c->feed_wake, NULL);
    return c;
}

void calendars_free(Calendars *c)
{
    if (!c)
        return;
    calendars_stop(c);
    for (CalendarsZone *z = c->zones; z; z = z->next)
        zone_free(z->zone);
    zone_free(c->zone);
    zone_free(c->utc);
    arena_free(c->names);
    (void)pthread_mutex_destroy(&c->zones_lock);
    (void)pthread_mutex_destroy(&c->change_lock);
    (void)pthread_mutex_destroy(&c->feed_lock);
    (void)pthread_cond_destroy(&c->feed_wake);
    mem_free(c);
}

const Zone *calendars_zone(const Calendars *c)
{
    return c->zone;
}

const Zone *calendars_zone_named(Calendars *c, Str name)
{
    Zone *found = NULL;
    if (name.len == 0 || name.len >= ZONE_NAME_MAX)
        return NULL;
    if (str_eq(name, STR("UTC")))
        return c->utc;
    (void)pthread_mutex_lock(&c->zones_lock);
    CalendarsZone *z = c->zones;
    while (z && !str_eq(z->name, name))
        z = z->next;
    if (!z && c->n_zones < MAX_ZONES && (z = ARENA_NEW(c->names, CalendarsZone))) {
        z->name = arena_str(c->names, name);
        z->zone = z->name.ptr ? zone_open(name, NULL) : NULL;
        z->next = c->zones;
        c->zones = z;
        c->n_zones++;
    }
    if (z)
        found = z->zone;
    (void)pthread_mutex_unlock(&c->zones_lock);
    return found;
}

/* ---- calendars ------------------------------------------------------------------------------- */

bool calendars_list(Calendars *c, Arena *a, Calendar **out, size_t *n, Err *err)
{
    return store_calendar_list(c->store, &c->owner, a, out, n, err);
}

bool calendars_get(Calendars *c, const Uuid *id, Arena *a, Calendar *out, Err *err)
{
    return store_calendar_get(c->store, &c->owner, id, a, out, err);
}

bool calendars_make(Calendars *c, Str name, Arena *a, Calendar *out, Err *err)
{
    Calendar k = {.name = arena_str(a, name), .created_at = clock_now_ms(), .address = STR(""),
        .problem = STR(""), .etag = STR(""), .modified = STR("")};
    if (!k.name.ptr)
        return calendars_no_memory(err);
    if (!uuid_v7(&k.id, err) || !store_calendar_put(c->store, &c->owner, &k, err))
        return false;
    *out = k;
    return true;
}

bool calendars_own(Calendars *c, Arena *a, Calendar *out, Err *err)
{
    Calendar *list;
    size_t n;
    if (!calendars_list(c, a, &list, &n, err))
        return false;
    if (n && list[0].state == FEED_NONE) {
        *out = list[0];
        for (size_t i = 1; i < n && list[i].state == FEED_NONE; i++)
            if (list[i].created_at < out->created_at)
                *out = list[i];
        return true;
    }
    return calendars_make(c, STR("Calendar"), a, out, err);
}

bool calendars_change(Calendars *c, const Uuid *id, const Str *name, const uint32_t *refresh_s,
                      Arena *a, Calendar *out, Err *err)
{
    Calendar k;
    (void)pthread_mutex_lock(&c->change_lock);
    bool ok = calendars_get(c, id, a, &k, err);
    if (ok && refresh_s && k.state == FEED_NONE)
        ok = err_set(err, ERR_CONFLICT, "the calendar has no address to look at");
    if (ok) {
        k.name = name ? *name : k.name;
        if (refresh_s) {
            k.refresh_s = *refresh_s;
            k.next_at = k.checked_at + (int64_t)*refresh_s * 1000;
        }
        ok = store_calendar_put(c->store, &c->owner, &k, err);
    }
    (void)pthread_mutex_unlock(&c->change_lock);
    if (ok)
        *out = k;
    return ok;
}

bool calendars_delete(Calendars *c, const Uuid *id, Err *err)
{
    (void)pthread_mutex_lock(&c->change_lock);
    bool ok = store_calendar_delete(c->store, &c->owner, id, err);
    (void)pthread_mutex_unlock(&c->change_lock);
    return ok;
}
