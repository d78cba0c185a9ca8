/* act_calendar.c - the schedule: events and tasks of a day, appointments made and taken out. */
#include "assistant/act.h"

#include "assistant/calendar.h"
#include "base/clock.h"

#define SHOWN 10
#define HOUR_MS 3600000
#define LOOKED_AHEAD_MS ((int64_t)366 * 86400000)

static const TaskKind to_do[] = {TASK_TODO, TASK_REMINDER};
static const TaskStatus is_open = TASK_OPEN;

bool schedule_tasks(Turn *t, int64_t from, int64_t until, TaskPage *page)
{
    TaskFilter f = TASK_FILTER_ALL;
    f.status = &is_open;
    f.kinds = to_do;
    f.n_kinds = 2;
    f.due_from = from;
    f.due_before = until;
    f.has_due = true;
    return tasks_list(t->parts->tasks, &f, TASK_SORT_DUE, SHOWN, STR(""), t->a, page, t->err);
}

static void say_clock(Turn *t, int64_t ms)
{
    Civil c = zone_civil(t->zone, ms);
    turn_say(t, "%02d:%02d", c.hour, c.minute);
}

/* "09:00-10:00 Dentist, Main Street 4"; days are named when the span is longer than one. */
static void say_event(Turn *t, const AgendaItem *item, bool with_day)
{
    const CalEvent *e = item->event;
    if (e->kind == EVENT_ALL_DAY) {
        if (with_day) {
            when_say(t->zone, t->now, item->start_ms, false, &t->said);
            turn_say(t, ", ");
        }
        turn_say(t, "all day: ");
    } else if (with_day) {
        when_say(t->zone, t->now, item->start_ms, true, &t->said);
        turn_say(t, ": ");
    } else {
        say_clock(t, item->start_ms);
        if (item->end_ms > item->start_ms) {
            turn_say(t, " to ");
            say_clock(t, item->end_ms);
        }
        turn_say(t, ": ");
    }
    turn_say(t, STR_FMT, STR_ARG(e->summary));
    if (e->location.len)
        turn_say(t, ", " STR_FMT, STR_ARG(e->location));
}

bool schedule_events(Turn *t, int64_t from, int64_t until, Agenda *out)
{
    AgendaQuery q = {.from = from, .until = until, .zone = t->zone};
    *out = (Agenda){.whole = true};
    return !t->parts->calendars || agenda_between(t->parts->calendars, &q, t->a, out, t->err);
}

void say_schedule(Turn *t, const Agenda *events, const TaskPage *tasks, bool with_days)
{
    t->d.n_listed = 0;
    for (size_t i = 0; i < events->n && i < SHOWN; i++) {
        dialogue_list(&t->d, THING_EVENT, &events->items[i].event->id);
        turn_say(t, "%s- ", i ? "\n" : "");
        say_event(t, &events->items[i], with_days);
    }
    if (events->n > SHOWN)
        turn_say(t, "\nand %zu more", events->n - SHOWN);
    for (size_t i = 0; i < tasks->n; i++) {
        dialogue_list(&t->d, THING_TASK, &tasks->items[i].id);
        turn_say(t, "%s- ", i || events->n ? "\n" : "");
        say_task(t, &tasks->items[i]);
    }
    if (tasks->total > tasks->n)
        turn_say(t, "\nand %llu more tasks", (unsigned long long)(tasks->total - tasks->n));
}

bool act_agenda(Turn *t)
{
    Span span;
    TaskPage tasks;
    Agenda events;
    if (!turn_span(t, WHEN_FUTURE, &span))
        return false;
    /* "When is the dentist's appointment?" asks for one thing: the documents may know. */
    if (!span.said && str_eq_nocase(str_sub(t->intent.query, 0, 5), STR("when ")))
        return act_question(t);
    int64_t from = span.from == TASK_NO_TIME ? t->now : span.from;
    int64_t until = span.until == TASK_NO_TIME ? from + LOOKED_AHEAD_MS : span.until;
    if (!schedule_events(t, from, until, &events) || !schedule_tasks(t, from, until, &tasks))
        return false;
    t->d.turn = TURN_AGENDA;
    if (events.n == 0 && tasks.n == 0) {
        turn_say(t, "Nothing is on your schedule " STR_FMT ".", STR_ARG(span.name));
        t->d.n_listed = 0;
        return true;
    }
    turn_say(t, "On your schedule " STR_FMT ":\n", STR_ARG(span.name));
    say_schedule(t, &events, &tasks, until - from > 25 * (int64_t)HOUR_MS);
    return true;
}

/* ---- appointments ---------------------------------------------------------------------------- */

static bool no_calendar(Turn *t)
{
    return t->parts->calendars ||
           err_set(t->err, ERR_UNAVAILABLE, "there is no calendar here");
}

/* An hour unless an end was said; a day that was said without a time is a whole day. */
static void event_when(const Turn *t, const When *w, EventWhen *out)
{
    *out = (EventWhen){.kind = EVENT_TIMED, .start_ms = w->from, .end_ms = w->until};
    if (!w->timed) { /* whole days are kept as if in UTC */
        int64_t until = w->until > w->from ? w->until : w->from + 1;
        Civil a = zone_civil(t->zone, w->from), b = zone_civil(t->zone, until - 1);
        out->kind = EVENT_ALL_DAY;
        out->start_ms = clock_days_from_civil(a.year, a.month, a.day) * 86400000;
        out->end_ms = (clock_days_from_civil(b.year, b.month, b.day) + 1) * 86400000;
    } else if (w->kind != WHEN_RANGE || w->until <= w->from) {
        out->end_ms = w->from + HOUR_MS;
    }
}

bool act_calendar_add(Turn *t)
{
    When w;
    EventWhen when;
    CalEvent e;
    Str title = SLOT(t, SLOT_TITLE), rule = STR("");
    if (!no_calendar(t))
        return false;
    if (title.len == 0) {
        turn_say(t, "What shall I put into the calendar?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    if (!turn_when(t, SLOT(t, SLOT_TIME), WHEN_FUTURE, &w) || w.kind == WHEN_DURATION ||
        w.from == 0) {
        turn_say(t, "When is it?");
        turn_ask(t, AWAIT_TIME);
        return true;
    }
    event_when(t, &w, &when);
    if (w.kind == WHEN_RECURRENCE)
        rule = str_of(w.rrule);
    EventEdit edit = {.summary = &title, .when = &when, .rrule = rule.len ? &rule : NULL};
    if (!calendars_event_create(t->parts->calendars, NULL, &edit, t->a, &e, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_EVENT, &e.id, e.summary);
    t->d.last = (Thing){THING_EVENT, e.id};
    t->d.turn = TURN_AGENDA;
    turn_say(t, "In your calendar: " STR_FMT ", ", STR_ARG(e.summary));
    when_say(t->zone, t->now, w.from, w.timed, &t->said);
    if (rule.len) {
        turn_say(t, ", ");
        (void)when_say_rule(rule, &t->said);
    }
    turn_say(t, ".");
    return true;
}

static bool has_words(Str all, Str words)
{
    Str rest = words, word;
    while (str_next(&rest, ' ', &word)) {
        bool found = word.len == 0;
        for (size_t i = 0; i + word.len <= all.len && !found; i++)
            found = str_eq_nocase(str_sub(all, i, i + word.len), word);
        if (!found)
            return false;
    }
    return true;
}

bool act_calendar_remove(Turn *t)
{
    Span span;
    Agenda agenda;
    const AgendaItem *one = NULL;
    size_t n = 0;
    Str words = t->intent.ref == REF_WORDS ? SLOT(t, SLOT_REF) : STR("");
    if (!no_calendar(t) || !turn_span(t, WHEN_FUTURE, &span))
        return false;
    int64_t from = span.said && span.from != TASK_NO_TIME ? span.from : t->now;
    int64_t until = span.said && span.until != TASK_NO_TIME ? span.until : from + LOOKED_AHEAD_MS;
    if (!schedule_events(t, from, until, &agenda))
        return false;
    for (size_t i = 0; i < agenda.n; i++) {
        const AgendaItem *item = &agenda.items[i];
        bool meant = words.len ? has_words(item->event->summary, words)
                     : t->d.last.kind == THING_EVENT ? uuid_eq(&item->event->id, &t->d.last.id)
                                                     : span.said;
        if (meant && (!one || !uuid_eq(&one->event->id, &item->event->id))) {
            one = one ? one : item;
            n++;
        }
    }
    if (n != 1) {
        turn_say(t, n ? "Several events fit; say its name and day." : "I find no such event.");
        return true;
    }
    if (one->recurring) {
        turn_say(t, "\"" STR_FMT "\" comes again and again; change it on the calendar's page.",
                 STR_ARG(one->event->summary));
        return true;
    }
    Str kept;
    Err why = ERR_INIT; /* too long to be kept: it goes, and "undo" takes back what was before */
    bool back = calendars_event_keep(t->parts->calendars, &one->event->id, t->a, &kept, &why);
    if (!back && why.code != ERR_TOO_LARGE)
        return err_set(t->err, why.code, "%s", why.msg);
    if (!calendars_event_delete(t->parts->calendars, &one->event->id, NULL, t->a, t->err))
        return false;
    if (back)
        dialogue_undoable(&t->d, UNDO_EVENT_GONE, &one->event->id, kept);
    t->d.last = (Thing){0};
    turn_say(t, "Taken out of your calendar: " STR_FMT ".", STR_ARG(one->event->summary));
    return true;
}
