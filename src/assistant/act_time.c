/* act_time.c - timers, alarms, the clock and the day. */
#include "assistant/act.h"

#include <stdio.h>

#define SHOWN 10

static int64_t day_start(const Turn *t, int64_t ms, int days)
{
    Civil c = zone_civil(t->zone, ms);
    c.hour = c.minute = c.second = 0;
    c.day += days;
    return zone_instant(t->zone, &c, NULL);
}

bool turn_span(Turn *t, WhenPrefer prefer, Span *out)
{
    When w;
    Str words = SLOT(t, SLOT_TIME);
    /* "due next week" is asked for, and no deadline */
    if (str_eq_nocase(str_sub(words, 0, 4), STR("due ")))
        words = str_trim(str_sub(words, 4, words.len));
    *out = (Span){.from = day_start(t, t->now, 0), .until = day_start(t, t->now, 1),
        .name = STR("today")};
    if (!turn_when(t, words, prefer, &w) || w.kind == WHEN_DURATION ||
        w.kind == WHEN_RECURRENCE)
        return true;
    out->said = true;
    out->name = words;
    out->from = w.kind == WHEN_OPEN_BEFORE ? TASK_NO_TIME : w.from;
    out->until = w.kind == WHEN_OPEN_AFTER ? TASK_NO_TIME : w.until;
    if (w.kind == WHEN_POINT && w.until <= w.from) /* an instant: the rest of its day */
        out->until = day_start(t, w.from, 1);
    return true;
}

/* ---- timers ---------------------------------------------------------------------------------- */

static void say_timer(Turn *t, const Task *timer)
{
    if (timer->title.len)
        turn_say(t, STR_FMT ": ", STR_ARG(timer->title));
    int64_t left = timer->due_at - t->now;
    if (left <= 0) {
        turn_say(t, "time is up");
    } else {
        when_say_span(left, &t->said);
        turn_say(t, " left");
    }
}

bool act_timer_start(Turn *t)
{
    TaskResult r;
    int64_t until;
    Str span = SLOT(t, SLOT_DURATION).len ? SLOT(t, SLOT_DURATION) : SLOT(t, SLOT_TIME);
    if (span.len == 0) {
        turn_say(t, "For how long?");
        turn_ask(t, AWAIT_TIME);
        return true;
    }
    if (!tasks_read_span(t->parts->tasks, span, t->now, &until, t->err) ||
        !tasks_timer_start(t->parts->tasks, until - t->now, SLOT(t, SLOT_TITLE), t->a, &r, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_TASKS, &r.change, STR("the timer"));
    turn_about(t, &r.task.id);
    t->d.turn = TURN_TIMER;
    turn_say(t, "Timer started: ");
    when_say_span(until - t->now, &t->said);
    turn_say(t, ".");
    return true;
}

bool act_timer_left(Turn *t)
{
    Task *timers;
    size_t n;
    if (!tasks_timers(t->parts->tasks, t->a, &timers, &n, t->err))
        return false;
    t->d.turn = TURN_TIMER;
    t->d.n_listed = 0;
    if (n == 0) {
        static const char *const of_timers[] = {"timer", "left", "remain", "alarm", "to go"};
        bool timer = false;
        for (size_t i = 0; i < sizeof of_timers / sizeof *of_timers; i++)
            timer |= str_find(t->text, str_of(of_timers[i]), 0) != SIZE_MAX;
        turn_say(t, "No timer is running.");
        return timer || ask_documents(t); /* "how long is the longest stage?" */
    }
    for (size_t i = 0; i < n; i++) {
        dialogue_list(&t->d, THING_TASK, &timers[i].id);
        if (n > 1)
            turn_say(t, "%s%zu. ", i ? "\n" : "", i + 1);
        say_timer(t, &timers[i]);
        turn_say(t, n > 1 ? "" : ".");
    }
    if (n == 1) {
        turn_about(t, &timers[0].id);
        t->d.turn = TURN_TIMER;
    }
    return true;
}

/* The timer that is meant: by number, by its name, the last spoken of, or the only one. */
static Pick pick_timer(Turn *t, Task *out)
{
    Task *timers;
    size_t n;
    if (t->intent.ref == REF_ORDINAL)
        return pick_task(t, TASK_OPEN, KIND_BIT(TASK_TIMER), out);
    if (!tasks_timers(t->parts->tasks, t->a, &timers, &n, t->err))
        return PICK_FAILED;
    Str words = SLOT(t, SLOT_REF);
    for (size_t i = 0; i < n; i++)
        if (n == 1 || (words.len && str_eq_nocase(timers[i].title, words)) ||
            (t->d.last.kind == THING_TASK && uuid_eq(&t->d.last.id, &timers[i].id))) {
            *out = timers[i];
            return PICK_FOUND;
        }
    if (n == 0) {
        turn_say(t, "No timer is running.");
        return PICK_ASKED;
    }
    turn_say(t, "Which timer?\n");
    say_tasks(t, timers, n < SHOWN ? n : SHOWN, n);
    turn_ask(t, AWAIT_CHOICE);
    return PICK_ASKED;
}

bool act_timer_cancel(Turn *t)
{
    Task timer;
    TaskResult r;
    Pick p = pick_timer(t, &timer);
    if (p != PICK_FOUND)
        return p == PICK_ASKED;
    if (!tasks_cancel(t->parts->tasks, &timer.id, t->a, &r, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_TASKS, &r.change, STR("the timer"));
    turn_say(t, "Timer cancelled.");
    return true;
}

/* ---- alarms ---------------------------------------------------------------------------------- */

bool act_alarm_set(Turn *t)
{
    TaskDraft d;
    TaskResult r;
    Str time = SLOT(t, SLOT_TIME).len ? SLOT(t, SLOT_TIME) : SLOT(t, SLOT_DURATION);
    Str title = SLOT(t, SLOT_TITLE).len ? SLOT(t, SLOT_TITLE) : STR("Alarm");
    if (time.len == 0) {
        turn_say(t, "For when?");
        turn_ask(t, AWAIT_TIME);
        return true;
    }
    Str sentence = arena_printf(t->a, "Alarm " STR_FMT, STR_ARG(time));
    if (!sentence.ptr)
        return turn_no_memory(t);
    if (!tasks_read(t->parts->tasks, sentence, t->now, t->a, &d, t->err))
        return false;
    if (d.due_at == TASK_NO_TIME || !d.due_timed)
        return err_set(t->err, ERR_VALIDATION,
                       "an alarm needs a time of day, such as \"at seven\"");
    d.kind = TASK_ALARM;
    d.title = title;
    d.source = STR("conversation");
    if (!tasks_create(t->parts->tasks, &d, t->a, &r, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_TASKS, &r.change, r.task.title);
    turn_about(t, &r.task.id);
    turn_say(t, "Alarm set: ");
    task_say_when(t->parts->tasks, &r.task, t->now, &t->said);
    turn_say(t, ".");
    return true;
}

bool act_alarm_remove(Turn *t)
{
    static const TaskKind alarms[] = {TASK_ALARM};
    static const TaskStatus is_open = TASK_OPEN;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    TaskResult r;
    Task one;
    When w;
    f.status = &is_open;
    f.kinds = alarms;
    f.n_kinds = 1;
    if (t->intent.ref == REF_ORDINAL) {
        Pick p = pick_task(t, TASK_OPEN, KIND_BIT(TASK_ALARM), &one);
        if (p != PICK_FOUND)
            return p == PICK_ASKED;
    } else {
        if (turn_when(t, SLOT(t, SLOT_TIME), WHEN_FUTURE, &w)) {
            f.due_from = w.from;
            f.due_before = w.until > w.from ? w.until : w.from + 1;
        }
        if (!tasks_list(t->parts->tasks, &f, TASK_SORT_DUE, SHOWN, STR(""), t->a, &page, t->err))
            return false;
        if (page.n == 0) {
            turn_say(t, "There is no such alarm.");
            return true;
        }
        if (page.n > 1) {
            turn_say(t, "Which alarm?\n");
            say_tasks(t, page.items, page.n, page.total);
            turn_ask(t, AWAIT_CHOICE);
            return true;
        }
        one = page.items[0];
    }
    if (!tasks_cancel(t->parts->tasks, &one.id, t->a, &r, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_TASKS, &r.change, STR("the alarm"));
    turn_say(t, "Alarm removed.");
    return true;
}

/* ---- the clock ------------------------------------------------------------------------------- */

static void say_date(Turn *t, const Civil *c)
{
    static const char *const days[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
                                       "Friday", "Saturday"};
    static const char *const months[] = {"January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December"};
    turn_say(t, "%s, %d %s %d", days[civil_weekday(c)], c->day, months[c->month - 1], c->year);
}

/* The zone that a place's name ends: "Tokyo" is Asia/Tokyo. */
static Zone *zone_of_place(Str place)
{
    static const char *const regions[] = {"Europe", "America", "Asia", "Africa", "Australia",
        "Pacific", "Atlantic", "Indian"};
    Buf name;
    Zone *z = NULL;
    for (size_t i = 0; i < sizeof regions / sizeof *regions && !z; i++) {
        Err none = ERR_INIT;
        bool start = true;
        buf_init(&name, ZONE_NAME_MAX);
        (void)buf_printf(&name, "%s/", regions[i]);
        for (size_t k = 0; k < place.len; k++) {
            char c = place.ptr[k] == ' ' ? '_' : place.ptr[k];
            bool lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
            (void)buf_add_char(&name, start && lower ? (char)(c - 32)
                                      : !start && upper ? (char)(c + 32) : c);
            start = c == '_' || c == '-';
        }
        if (buf_ok(&name))
            z = zone_open(buf_str(&name), &none);
        buf_release(&name);
    }
    return z;
}

bool act_time(Turn *t)
{
    Str place = SLOT(t, SLOT_TOPIC);
    if (place.len == 0) {
        Civil c = zone_civil(t->zone, t->now);
        turn_say(t, "It is %02d:%02d.", c.hour, c.minute);
        return true;
    }
    Zone *z = zone_of_place(place);
    if (!z) {
        turn_say(t, "I do not know the time zone of \"" STR_FMT "\".", STR_ARG(place));
        return true;
    }
    Civil c = zone_civil(z, t->now);
    turn_say(t, "In " STR_FMT " it is %02d:%02d.", STR_ARG(place), c.hour, c.minute);
    zone_free(z);
    return true;
}

bool act_date(Turn *t)
{
    When w;
    int64_t at = t->now;
    bool said = turn_when(t, SLOT(t, SLOT_TIME), WHEN_FUTURE, &w) && w.from;
    if (said)
        at = w.from;
    Civil c = zone_civil(t->zone, at);
    turn_say(t, said ? "That is " : "Today is ");
    say_date(t, &c);
    turn_say(t, ".");
    return true;
}
