/* briefing_today.c - "Today": calendars and tasks of the day in order of time. */
#include "assistant/briefing_int.h"

#include <stdlib.h>

#define SHOWN 15
#define TASKS_MAX 200
#define TEXT_MAX 160

static int by_time(const void *x, const void *y)
{
    const BriefingItem *a = x, *b = y;
    if (a->timed != b->timed)
        return a->timed ? 1 : -1; /* whole days first */
    if (a->timed && a->at != b->at)
        return a->at < b->at ? -1 : 1;
    int by_text = str_cmp(a->text, b->text);
    return by_text ? by_text : memcmp(a->sources->id.b, b->sources->id.b, sizeof(Uuid));
}

static bool add(BriefingBuild *b, BriefingSection *s, BriefingItem item, BriefingSource source)
{
    item.sources = ARENA_NEW(b->a, BriefingSource);
    if (!item.sources || !item.text.ptr || !item.reason.ptr)
        return brief_no_memory(b);
    item.sources[0] = source;
    item.n_sources = 1;
    s->items[s->n++] = item;
    return true;
}

/* "09:00-10:00 Dentist, Main Street 4" */
static Str event_line(BriefingBuild *b, const AgendaItem *i)
{
    const CalEvent *e = i->event;
    Str name = brief_line(b->a, e->summary.len ? e->summary : STR("(no title)"), TEXT_MAX);
    Str place = e->location.len ? brief_line(b->a, e->location, 60) : STR("");
    if (!name.ptr || !place.ptr)
        return (Str){NULL, 0};
    const char *comma = place.len ? ", " : "";
    if (e->kind == EVENT_ALL_DAY)
        return arena_printf(b->a, "all day: " STR_FMT "%s" STR_FMT, STR_ARG(name), comma,
            STR_ARG(place));
    int64_t from = i->start_ms < b->day_from ? b->day_from : i->start_ms;
    Civil c = zone_civil(b->zone, from), d = zone_civil(b->zone, i->end_ms);
    bool ends = i->end_ms > from && i->end_ms <= b->day_until;
    Str until = ends ? arena_printf(b->a, "-%02d:%02d", i->end_ms == b->day_until ? 24 : d.hour,
                           d.minute)
                     : STR("");
    return until.ptr ? arena_printf(b->a, "%02d:%02d" STR_FMT " " STR_FMT "%s" STR_FMT, c.hour,
                           c.minute, STR_ARG(until), STR_ARG(name), comma, STR_ARG(place))
                     : until;
}

static bool events(BriefingBuild *b, BriefingSection *s, const Agenda *agenda)
{
    for (size_t i = 0; i < agenda->n; i++) {
        const AgendaItem *g = &agenda->items[i];
        Str calendar = brief_line(b->a, g->calendar.len ? g->calendar : STR("your calendar"), 60);
        if (!calendar.ptr)
            return brief_no_memory(b);
        BriefingItem item = {.text = event_line(b, g), .at = g->start_ms,
            .timed = g->event->kind != EVENT_ALL_DAY,
            .reason = arena_printf(b->a, "%s in \"" STR_FMT "\"",
                g->recurring ? "recurring event" : "event", STR_ARG(calendar))};
        if (!add(b, s, item, (BriefingSource){BRIEFING_OF_EVENT, g->event->id, g->event->summary,
                g->calendar}))
            return false;
    }
    return true;
}

static bool tasks(BriefingBuild *b, BriefingSection *s, const TaskPage *page)
{
    for (size_t i = 0; i < page->n; i++) {
        const Task *t = &page->items[i];
        Str title = brief_line(b->a, t->title.len ? t->title : STR("(no title)"), TEXT_MAX);
        Civil c = zone_civil(b->zone, t->due_at);
        if (!title.ptr)
            return brief_no_memory(b);
        BriefingItem item = {.at = t->due_at, .timed = t->due_timed,
            .overdue = task_overdue(b->tasks, t, b->as_of)};
        item.text = t->due_timed
            ? arena_printf(b->a, "%02d:%02d " STR_FMT, c.hour, c.minute, STR_ARG(title)) : title;
        item.reason = arena_printf(b->a, "your %s, due today%s",
            t->kind == TASK_REMINDER ? "reminder" : "task", item.overdue ? ", overdue" : "");
        if (!add(b, s, item, (BriefingSource){BRIEFING_OF_TASK, t->id, t->title, t->source}))
            return false;
    }
    return true;
}

bool brief_today(BriefingBuild *b)
{
    static const TaskStatus open = TASK_OPEN;
    static const TaskKind kinds[] = {TASK_TODO, TASK_REMINDER};
    BriefingSection *s = &b->out->sections[BRIEFING_TODAY];
    Agenda agenda = {.whole = true};
    AgendaQuery q = {.from = b->day_from, .until = b->day_until, .zone = b->zone};
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.status = &open;
    f.kinds = kinds;
    f.n_kinds = 2;
    f.due_from = b->day_from;
    f.due_before = b->day_until;
    f.has_due = true;
    if ((b->x->o.calendars && !agenda_between(b->x->o.calendars, &q, b->a, &agenda, b->err))
        || !tasks_list(b->tasks, &f, TASK_SORT_DUE, TASKS_MAX, STR(""), b->a, &page, b->err))
        return false;
    s->items = ARENA_NEW_ARRAY(b->a, BriefingItem, agenda.n + page.n + 1);
    if (!s->items)
        return brief_no_memory(b);
    if (!events(b, s, &agenda) || !tasks(b, s, &page))
        return false;
    qsort(s->items, s->n, sizeof *s->items, by_time);
    s->more = page.total - page.n;
    if (s->n > SHOWN) {
        s->more += s->n - SHOWN;
        s->n = SHOWN;
    }
    Buf lead;
    buf_init(&lead, 4096);
    if (s->n == 0)
        (void)buf_add_c(&lead, "Nothing is in the calendar, and no task is due on this day.");
    else {
        brief_count(&lead, agenda.n, "event and ", "events and ");
        brief_count(&lead, page.total, "task.", "tasks.");
    }
    s->lead = arena_buf(b->a, &lead);
    buf_release(&lead);
    return s->lead.ptr || brief_no_memory(b);
}
