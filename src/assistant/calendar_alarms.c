/* calendar_alarms.c - reminders of events come true.
 *
 *   agenda of the next days -> its alarms within a day -> rows of tasks (kind alarm, tagged)
 *        -> the scheduler, which fires each durably and shows it once (scheduler.h)
 *
 * The rows are made at most a day ahead, one for each occurrence and alarm (its source names both),
 * and taken away when the event they were for has moved or gone. What was missed while the program
 * was off is said as long as the event is not over. They are no changes of the person's: undo
 * passes them by. */
#include "assistant/calendar_int.h"
#include "assistant/tasks_int.h"
#include "base/clock.h"

#define AHEAD_MS CALENDAR_DAY_MS           /* rows are made so long before they fire */
#define EARLIEST_MS (8 * CALENDAR_DAY_MS)  /* an alarm is at most so long before its event */
#define LATE_MS CALENDAR_DAY_MS            /* and was missed for so long at most */
#define MOST 500
#define TAG "calendar"

typedef struct {
    Str source;
    const AgendaItem *item;
    int64_t at;
} Wanted;

static int64_t alarm_at(const AgendaItem *item, const EventAlarm *alarm)
{
    return alarm->absolute ? alarm->ms : item->start_ms + alarm->ms;
}

/* The alarms that are to come within a day, or were missed and are worth saying still. */
static bool collect(const Agenda *agenda, int64_t now, Arena *a, Wanted *out, size_t *n, Err *err)
{
    *n = 0;
    for (size_t i = 0; i < agenda->n; i++) {
        const AgendaItem *item = &agenda->items[i];
        for (size_t k = 0; k < item->event->n_alarms && *n < MOST; k++) {
            char id[UUID_TEXT];
            int64_t at = alarm_at(item, &item->event->alarms[k]);
            if (at > now + AHEAD_MS || at < now - LATE_MS || (at < now && item->end_ms <= now))
                continue;
            Wanted *w = &out[(*n)++];
            *w = (Wanted){.item = item, .at = at};
            w->source = arena_printf(a, "event:%s@%lld@%lld", uuid_format(&item->event->id, id),
                                     (long long)item->occurrence_ms, (long long)at);
            if (!w->source.ptr)
                return calendars_no_memory(err);
        }
    }
    return true;
}

static bool exists(Tasks *t, Str source, Arena *a, bool *yes, Err *err)
{
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.source = &source;
    if (!tasks_list(t, &f, TASK_SORT_CREATED, 1, STR(""), a, &page, err))
        return false;
    *yes = page.n > 0;
    return true;
}

static bool make(Calendars *c, const Wanted *w, int64_t now, Arena *a, Err *err)
{
    static const Str tag = {TAG, sizeof TAG - 1};
    const CalEvent *e = w->item->event;
    TaskDraft d = TASK_DRAFT_NONE;
    TaskResult r;
    Buf title;
    buf_init(&title, TASK_MAX_TITLE);
    (void)buf_add(&title, e->summary.len ? str_sub(e->summary, 0, 500) : STR("Event"));
    (void)buf_add_c(&title, ", ");
    when_say(c->zone, now, w->item->start_ms, e->kind != EVENT_ALL_DAY, &title);
    d.kind = TASK_ALARM;
    d.title = arena_buf(a, &title);
    d.notes = e->location.len ? e->location : STR("");
    buf_release(&title);
    if (!d.title.ptr)
        return calendars_no_memory(err);
    d.due_at = w->at > now ? w->at : now;
    d.due_timed = true;
    d.tags = &tag;
    d.n_tags = 1;
    d.source = w->source;
    return tasks_create_as(c->tasks, "calendar", &d, a, &r, err);
}

static bool is_wanted(const Wanted *w, size_t n, Str source)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(w[i].source, source))
            return true;
    return false;
}

/* Rows whose event has moved or gone. */
static bool sweep(Calendars *c, const Wanted *w, size_t n, int64_t now, Arena *a, Err *err)
{
    static const TaskStatus is_open = TASK_OPEN;
    static const TaskKind alarms[] = {TASK_ALARM};
    static const Str tag = {TAG, sizeof TAG - 1};
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.status = &is_open;
    f.kinds = alarms;
    f.n_kinds = 1;
    f.tags = &tag;
    f.n_tags = 1;
    if (!tasks_list(c->tasks, &f, TASK_SORT_DUE, MOST, STR(""), a, &page, err))
        return false;
    for (size_t i = 0; i < page.n; i++) {
        const Task *task = &page.items[i];
        if (!str_starts(task->source, STR("event:")) || task->due_at <= now ||
            is_wanted(w, n, task->source))
            continue;
        if (!tasks_drop(c->tasks, "calendar", task, err))
            return false;
    }
    return true;
}

bool calendars_keep_alarms(Calendars *c, Arena *a, Err *err)
{
    int64_t now = clock_now_ms();
    AgendaQuery q = {.from = now - LATE_MS, .until = now + EARLIEST_MS};
    Agenda agenda;
    size_t n;
    Wanted *wanted = ARENA_NEW_ARRAY(a, Wanted, MOST);
    if (!c->tasks)
        return true;
    if (!wanted)
        return calendars_no_memory(err);
    if (!agenda_between(c, &q, a, &agenda, err) || !collect(&agenda, now, a, wanted, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        bool there;
        if (!exists(c->tasks, wanted[i].source, a, &there, err) ||
            (!there && !make(c, &wanted[i], now, a, err)))
            return false;
    }
    return sweep(c, wanted, n, now, a, err);
}
