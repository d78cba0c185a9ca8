/* agenda.c - the occurrences of all events in a window.
 *
 *   events that may touch it -> occurrences of each, without those that are replaced -> sorted
 *
 * Workload: 10,000 events, a third of them series, over a month, in some tens of milliseconds. */
#include "assistant/calendar_int.h"

#include <stdlib.h>

#include "base/mem.h"

#define EVENTS_MAX 100000u

typedef struct {
    Calendars *c;
    const AgendaQuery *q;
    const Zone *viewer;
    Arena *a;
    Err *err;
    EventZones zones;
    CalEvent *events;
    size_t n_events;
    EventReplaced *replaced;
    size_t n_replaced;
    Calendar *calendars;
    size_t n_calendars;
    AgendaItem *items;
    size_t n, cap, max;
    uint64_t budget;
    bool whole, failed;
    /* the event being expanded */
    const CalEvent *event;
    size_t first, last; /* what of it is replaced: replaced[first, last) */
    bool recurring;
} Expand;

/* ---- replaced occurrences -------------------------------------------------------------------- */

static int compare_key(const EventReplaced *r, const Uuid *calendar, Str uid)
{
    int d = memcmp(r->calendar.b, calendar->b, sizeof calendar->b);
    return d ? d : str_cmp(r->uid, uid);
}

/* SQLite orders texts by their bytes, as str_cmp does. */
static void find_replaced(Expand *x, const CalEvent *e)
{
    size_t low = 0, high = x->n_replaced;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_key(&x->replaced[middle], &e->calendar, e->uid) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    x->first = x->last = low;
    while (x->last < x->n_replaced &&
           compare_key(&x->replaced[x->last], &e->calendar, e->uid) == 0)
        x->last++;
}

/* What stands for an occurrence: itself (NULL), nothing (*gone), or a change of all later ones. */
static const EventReplaced *replacement(const Expand *x, int64_t ms, bool *gone)
{
    const EventReplaced *later = NULL;
    *gone = false;
    for (size_t i = x->first; i < x->last && x->replaced[i].recurrence_ms <= ms; i++) {
        if (x->replaced[i].and_later)
            later = &x->replaced[i];
        else if (x->replaced[i].recurrence_ms == ms)
            *gone = true;
    }
    return later;
}

static const CalEvent *find_event(const Expand *x, const EventReplaced *r)
{
    for (size_t i = 0; i < x->n_events; i++) {
        const CalEvent *e = &x->events[i];
        if (e->replaces && e->and_later && e->recurrence_ms == r->recurrence_ms &&
            uuid_eq(&e->calendar, &r->calendar) && str_eq(e->uid, r->uid))
            return e;
    }
    return NULL;
}

/* ---- occurrences ----------------------------------------------------------------------------- */

/* An instant in the event's own terms as one for the viewer. */
static int64_t for_viewer(const Expand *x, const CalEvent *e, int64_t ms)
{
    if (e->kind == EVENT_TIMED)
        return ms;
    Civil c = zone_civil(x->c->utc, ms);
    return zone_instant(x->viewer, &c, NULL);
}

static Str calendar_name(const Expand *x, const Uuid *id)
{
    for (size_t i = 0; i < x->n_calendars; i++)
        if (uuid_eq(&x->calendars[i].id, id))
            return x->calendars[i].name;
    return STR("");
}

static bool add(Expand *x, const CalEvent *e, int64_t occurrence, int64_t begin)
{
    int64_t start = for_viewer(x, e, begin);
    int64_t end = for_viewer(x, e, begin + (e->end_ms - e->start_ms));
    bool touches = start < x->q->until && (end > x->q->from || start >= x->q->from);
    if (!touches || (!x->q->cancelled && str_eq(e->status, STR("cancelled"))))
        return true;
    if (x->n == x->max) {
        x->whole = false;
        return false;
    }
    if (!ARENA_GROW(x->a, x->items, x->n, x->cap)) {
        x->failed = !calendars_no_memory(x->err);
        return false;
    }
    x->items[x->n++] = (AgendaItem){.event = e, .calendar = calendar_name(x, &e->calendar),
        .occurrence_ms = occurrence, .start_ms = start, .end_ms = end,
        .recurring = x->recurring || e->replaces};
    return true;
}

static bool occurrence(void *arg, int64_t ms)
{
    Expand *x = arg;
    bool gone;
    const EventReplaced *later = replacement(x, ms, &gone);
    const CalEvent *e = later ? find_event(x, later) : NULL;
    if (gone)
        return true;
    if (e)
        return add(x, e, ms, ms + (e->start_ms - e->recurrence_ms));
    return add(x, x->event, ms, ms);
}

static const CalEvent *find_series(const Expand *x, const CalEvent *e)
{
    for (size_t i = 0; i < x->n_events; i++)
        if (!x->events[i].replaces && uuid_eq(&x->events[i].calendar, &e->calendar) &&
            str_eq(x->events[i].uid, e->uid))
            return &x->events[i];
    return NULL;
}

/* An event that stands for an occurrence which its series, later, has taken away. */
static bool is_taken(const CalEvent *series, const CalEvent *e)
{
    for (size_t i = 0; series && i < series->n_taken; i++)
        if (series->taken[i] == e->recurrence_ms)
            return series->sequence > e->sequence;
    return false;
}

static void expand(Expand *x, const CalEvent *e)
{
    Rrule rules[RRULE_SET_RULES];
    int64_t widest = e->kind == EVENT_TIMED ? 0 : CALENDAR_WIDEST_MS;
    x->event = e;
    x->recurring = e->rules.len || e->n_added;
    x->first = x->last = 0;
    if (e->replaces) {
        const CalEvent *series = find_series(x, e);
        if (e->and_later ? !series : !is_taken(series, e)) /* else the series says it */
            (void)add(x, e, e->recurrence_ms, e->start_ms);
        return;
    }
    find_replaced(x, e);
    if (!x->recurring && x->first == x->last) {
        (void)add(x, e, e->start_ms, e->start_ms);
        return;
    }
    int64_t shift = 0; /* later ones may have been moved, and made longer */
    for (size_t i = x->first; i < x->last; i++)
        if (x->replaced[i].and_later) {
            const CalEvent *moved = find_event(x, &x->replaced[i]);
            int64_t by = moved ? llabs(moved->start_ms - moved->recurrence_ms) +
                                     moved->end_ms - moved->start_ms
                               : 0;
            shift = by > shift ? by : shift;
        }
    RruleSet s = {.zone = event_zone(&x->zones, e), .start_ms = e->start_ms, .rules = rules,
        .n_rules = event_rules(e, rules), .added = e->added, .n_added = e->n_added,
        .taken = e->taken, .n_taken = e->n_taken, .budget = &x->budget};
    int64_t from = x->q->from - (e->end_ms - e->start_ms) - widest - shift;
    if (!rrule_set_each(&s, from, x->q->until + widest + shift, AGENDA_MAX_OF_ONE, occurrence, x))
        x->whole = false;
}

static int by_begin(const void *a, const void *b)
{
    const AgendaItem *x = a, *y = b;
    if (x->start_ms != y->start_ms)
        return x->start_ms < y->start_ms ? -1 : 1;
    bool all_x = x->event->kind == EVENT_ALL_DAY, all_y = y->event->kind == EVENT_ALL_DAY;
    if (all_x != all_y)
        return all_x ? -1 : 1;
    int d = str_cmp(x->event->summary, y->event->summary);
    return d ? d : memcmp(x->event->id.b, y->event->id.b, sizeof x->event->id.b);
}

bool agenda_between(Calendars *c, const AgendaQuery *q, Arena *a, Agenda *out, Err *err)
{
    Expand x = {.c = c, .q = q, .viewer = q->zone ? q->zone : c->zone, .a = a, .err = err,
        .max = q->max && q->max < AGENDA_MAX ? q->max : AGENDA_MAX, .budget = AGENDA_STEPS,
        .whole = true};
    if (q->until <= q->from)
        return err_set(err, ERR_VALIDATION, "the window ends before it begins");
    if (q->from < -(int64_t)62135596800000 || q->until > (int64_t)253402300800000)
        return err_set(err, ERR_VALIDATION, "the window must lie in the years 1 to 9999");
    EventQuery l = {.from = q->from - CALENDAR_WIDEST_MS, .until = q->until + CALENDAR_WIDEST_MS,
        .calendar = q->calendar, .uid = q->uid, .limit = EVENTS_MAX};
    bool more = false;
    if (!store_event_list(c->store, &c->owner, &l, a, &x.events, &x.n_events, &more, err) ||
        !store_event_replaced(c->store, &c->owner, a, &x.replaced, &x.n_replaced, err) ||
        !store_calendar_list(c->store, &c->owner, a, &x.calendars, &x.n_calendars, err) ||
        !event_zones_open(c, a, &x.zones, err))
        return false;
    x.whole = !more;
    for (size_t i = 0; i < x.n_events && !x.failed; i++) {
        if (x.n == x.max || x.budget == 0) {
            x.whole = false;
            break;
        }
        expand(&x, &x.events[i]);
    }
    event_zones_close(&x.zones);
    if (x.failed)
        return false;
    if (x.n)
        qsort(x.items, x.n, sizeof *x.items, by_begin);
    *out = (Agenda){.items = x.items, .n = x.n, .whole = x.whole};
    return true;
}
