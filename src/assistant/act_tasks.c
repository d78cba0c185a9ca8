/* act_tasks.c - tasks and reminders, by word. */
#include "assistant/act.h"

#define SHOWN 10

/* What was done can be taken back, and the task is "it" from now on. */
static void said_change(Turn *t, const TaskResult *r)
{
    dialogue_undoable(&t->d, UNDO_TASKS, &r->change, r->task.title);
    turn_about(t, &r->task.id);
}

/* "Moved: call the bank, tomorrow at 09:00." */
static bool say_changed(Turn *t, const char *what, const TaskResult *r)
{
    said_change(t, r);
    turn_say(t, "%s", what);
    say_task(t, &r->task);
    turn_say(t, ".");
    return true;
}

static bool change(Turn *t, const Task *task, const TaskPatch *patch, const char *what)
{
    TaskResult r;
    return tasks_change(t->parts->tasks, &task->id, patch, t->a, &r, t->err) &&
           say_changed(t, what, &r);
}

static bool delete_task(Turn *t, const Task *task, const char *what)
{
    TaskResult r;
    if (!tasks_delete(t->parts->tasks, &task->id, t->a, &r, t->err))
        return false;
    dialogue_undoable(&t->d, UNDO_TASKS, &r.change, r.task.title);
    t->d.last = (Thing){0};
    turn_say(t, "%s: " STR_FMT ".", what, STR_ARG(r.task.title));
    return true;
}

/* The task that is meant. False: the turn is over, and *ok is what it comes to. */
static bool meant(Turn *t, TaskStatus wanted, Task *out, bool *ok)
{
    Pick p = pick_task(t, wanted, KINDS_ANY, out);
    *ok = p == PICK_ASKED;
    return p == PICK_FOUND;
}

/* ---- add ------------------------------------------------------------------------------------- */

/* The time is read by the same rules as in a sentence (what repeats, deadlines, reminders before
 * it), but apart from the title: "quarterly" in one is no rule. */
static bool draft_of(Turn *t, TaskDraft *d)
{
    Str title = SLOT(t, SLOT_TITLE), time = SLOT(t, SLOT_TIME);
    if (!time.len)
        time = SLOT(t, SLOT_DURATION);
    *d = TASK_DRAFT_NONE;
    if (time.len) {
        Str sentence = arena_printf(t->a, "errand " STR_FMT, STR_ARG(time));
        if (!sentence.ptr)
            return turn_no_memory(t);
        if (!tasks_read(t->parts->tasks, sentence, t->now, t->a, d, t->err))
            return false;
    }
    d->title = title;
    return tasks_read_extras(t->parts->tasks, title, t->now, t->a, d, t->err);
}

static bool title_is_missing(const Turn *t)
{
    return SLOT(t, SLOT_TITLE).len == 0;
}

bool act_task_add(Turn *t)
{
    bool reminder = t->intent.action == ACTION_REMINDER_ADD;
    TaskDraft d;
    TaskResult r;
    if (title_is_missing(t)) {
        turn_say(t, reminder ? "What shall I remind you of?" : "What is the task?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    if (!draft_of(t, &d))
        return false;
    if (reminder && d.due_at == TASK_NO_TIME && d.n_alarms == 0) {
        turn_say(t, "When shall I remind you?");
        turn_ask(t, AWAIT_TIME);
        return true;
    }
    d.kind = reminder ? TASK_REMINDER : TASK_TODO;
    d.source = STR("conversation");
    if (!tasks_create(t->parts->tasks, &d, t->a, &r, t->err))
        return false;
    return say_changed(t, reminder ? "I will remind you: " : "Added: ", &r);
}

/* ---- change ---------------------------------------------------------------------------------- */

bool act_task_complete(Turn *t)
{
    Task task;
    bool ok;
    TaskResult r;
    if (!meant(t, TASK_OPEN, &task, &ok))
        return ok;
    if (!tasks_complete(t->parts->tasks, &task.id, t->a, &r, t->err))
        return false;
    said_change(t, &r);
    turn_say(t, "Done: " STR_FMT ".", STR_ARG(r.task.title));
    if (r.moved_on) {
        turn_say(t, " Next: ");
        say_task(t, &r.task);
        turn_say(t, ".");
    }
    return true;
}

bool act_task_reopen(Turn *t)
{
    Task task;
    bool ok;
    TaskResult r;
    if (!meant(t, TASK_DONE, &task, &ok))
        return ok;
    return tasks_reopen(t->parts->tasks, &task.id, t->a, &r, t->err) &&
           say_changed(t, "Open again: ", &r);
}

bool act_task_move(Turn *t)
{
    Task task;
    bool ok;
    int64_t at;
    bool timed;
    Str words = SLOT(t, SLOT_TIME).len ? SLOT(t, SLOT_TIME) : SLOT(t, SLOT_DURATION);
    if (!meant(t, TASK_OPEN, &task, &ok))
        return ok;
    if (words.len == 0) {
        turn_say(t, "To when?");
        turn_ask(t, AWAIT_TIME);
        return true;
    }
    if (!tasks_read_time(t->parts->tasks, words, t->now, &task, &at, &timed, t->err))
        return false;
    TaskPatch patch = {.due_at = &at, .due_timed = timed};
    return change(t, &task, &patch, "Moved: ");
}

bool act_task_snooze(Turn *t)
{
    Task task;
    bool ok;
    TaskResult r;
    int64_t until = t->now + 600000;
    bool timed = true;
    Str span = SLOT(t, SLOT_DURATION), time = SLOT(t, SLOT_TIME);
    if (!meant(t, TASK_OPEN, &task, &ok))
        return ok;
    if (span.len && !tasks_read_span(t->parts->tasks, span, t->now, &until, t->err))
        return false;
    if (!span.len && time.len &&
        !tasks_read_time(t->parts->tasks, time, t->now, NULL, &until, &timed, t->err))
        return false;
    if (!timed) { /* "until Monday": at nine, as what is due on a day */
        When w;
        WhenContext c = {.now_ms = t->now, .zone = t->zone};
        if (!turn_when(t, time, WHEN_FUTURE, &w) || !when_moment(&c, &w, &until))
            return err_set(t->err, ERR_VALIDATION, "I do not understand until when");
    }
    if (!tasks_snooze(t->parts->tasks, &task.id, until, t->a, &r, t->err))
        return false;
    said_change(t, &r);
    turn_say(t, "I will say it again ");
    when_say(t->zone, t->now, until, true, &t->said);
    turn_say(t, ": " STR_FMT ".", STR_ARG(r.task.title));
    return true;
}

bool delete_listed(Turn *t)
{
    size_t gone = 0;
    for (size_t i = 0; i < t->d.n_listed; i++) {
        TaskResult r;
        Err err = ERR_INIT;
        if (t->d.listed[i].kind != THING_TASK)
            continue;
        if (tasks_delete(t->parts->tasks, &t->d.listed[i].id, t->a, &r, &err)) {
            dialogue_undoable(&t->d, UNDO_TASKS, &r.change, r.task.title);
            gone++;
        } else if (err.code != ERR_NOT_FOUND) {
            *t->err = err;
            return false;
        }
    }
    dialogue_join(&t->d, gone);
    turn_say(t, "Deleted %zu task%s.", gone, gone == 1 ? "" : "s");
    t->d.n_listed = 0;
    t->d.last = (Thing){0};
    return true;
}

bool act_task_delete(Turn *t)
{
    Task task;
    bool ok;
    if (t->intent.ref == REF_ALL) {
        size_t n = 0;
        for (size_t i = 0; i < t->d.n_listed; i++)
            n += t->d.listed[i].kind == THING_TASK;
        if (n == 0) {
            turn_say(t, "Ask me for a list first; then I can delete what it names.");
            return true;
        }
        turn_say(t, "That deletes the %zu task%s I listed. Are you sure?", n, n == 1 ? "" : "s");
        turn_ask(t, AWAIT_YES_NO);
        return true;
    }
    if (!meant(t, TASK_OPEN, &task, &ok))
        return ok;
    return delete_task(t, &task, "Deleted");
}

bool act_task_rename(Turn *t)
{
    Task task;
    bool ok;
    Str title = SLOT(t, SLOT_TITLE);
    if (!meant(t, TASK_OPEN, &task, &ok))
        return ok;
    if (title.len == 0) {
        turn_say(t, "What shall it be called?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    TaskPatch patch = {.title = &title};
    return change(t, &task, &patch, "Renamed: ");
}

bool act_task_priority(Turn *t)
{
    Task task;
    bool ok;
    TaskResult r;
    TaskPriority priority = TASK_HIGH;
    Str topic = SLOT(t, SLOT_TOPIC);
    if (topic.len && !task_priority_parse(topic, &priority))
        return err_set(t->err, ERR_VALIDATION,
                       "a priority is low, normal, high or urgent, not \"" STR_FMT "\"",
                       STR_ARG(topic));
    if (!meant(t, TASK_OPEN, &task, &ok))
        return ok;
    TaskPatch patch = {.priority = &priority};
    if (!tasks_change(t->parts->tasks, &task.id, &patch, t->a, &r, t->err))
        return false;
    said_change(t, &r);
    turn_say(t, "Priority %s: " STR_FMT ".", task_priority_name(priority), STR_ARG(r.task.title));
    return true;
}

/* ---- ask ------------------------------------------------------------------------------------- */

static const TaskKind things_to_do[] = {TASK_TODO, TASK_REMINDER};
static const TaskKind only_reminders[] = {TASK_REMINDER};
static const TaskKind only_alarms[] = {TASK_ALARM};
static const TaskStatus is_open = TASK_OPEN, is_done = TASK_DONE;

/* What a listing asks for, and how its answer begins. */
static const char *listing_filter(Turn *t, const Span *span, TaskFilter *f)
{
    *f = TASK_FILTER_ALL;
    f->status = &is_open;
    f->kinds = things_to_do;
    f->n_kinds = 2;
    f->q = SLOT(t, SLOT_TOPIC);
    switch (t->intent.listing) {
    case LISTING_DONE:
        f->status = &is_done;
        f->done_from = span->from;
        f->done_before = span->until;
        return "done";
    case LISTING_OVERDUE:
        f->overdue_at = t->now;
        return "overdue";
    case LISTING_REMINDERS:
        f->kinds = only_reminders;
        f->n_kinds = 1;
        break;
    case LISTING_ALARMS:
        f->kinds = only_alarms;
        f->n_kinds = 1;
        break;
    default:
        break;
    }
    f->due_from = span->from;
    f->due_before = span->until;
    f->has_due = span->said;
    return span->said || t->intent.listing == LISTING_DUE ? "due" : "open";
}

static const char *noun(const Turn *t, uint64_t n)
{
    if (t->intent.listing == LISTING_REMINDERS)
        return n == 1 ? "reminder" : "reminders";
    if (t->intent.listing == LISTING_ALARMS)
        return n == 1 ? "alarm" : "alarms";
    return n == 1 ? "task" : "tasks";
}

/* What is overdue belongs to "what is due today?": it still is. */
static bool say_overdue(Turn *t, const Span *span)
{
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    if (!span->said || t->intent.listing != LISTING_DUE || span->until <= t->now)
        return true;
    f.status = &is_open;
    f.kinds = things_to_do;
    f.n_kinds = 2;
    f.overdue_at = t->now;
    f.due_before = span->from; /* what is overdue within the span is listed there */
    if (!tasks_list(t->parts->tasks, &f, TASK_SORT_DUE, 1, STR(""), t->a, &page, t->err))
        return false;
    if (page.total == 1) {
        turn_say(t, "\nOverdue: ");
        say_task(t, &page.items[0]);
        turn_say(t, ".");
    } else if (page.total > 1) {
        turn_say(t, "\n%llu more are overdue.", (unsigned long long)page.total);
    }
    return true;
}

bool act_task_list(Turn *t)
{
    TaskFilter f;
    TaskPage page;
    Span span;
    if (t->intent.listing == LISTING_TIMERS)
        return act_timer_left(t);
    if (!turn_span(t, t->intent.listing == LISTING_DONE ? WHEN_PAST : WHEN_FUTURE, &span))
        return false;
    if (!span.said) {
        span.from = span.until = TASK_NO_TIME;
        span.name = STR("");
    }
    const char *state = listing_filter(t, &span, &f);
    if (!tasks_list(t->parts->tasks, &f, TASK_SORT_DUE, SHOWN, STR(""), t->a, &page, t->err))
        return false;
    t->d.turn = TURN_TASKS;
    t->d.n_listed = 0;
    const char *gap = span.said ? " " : "";
    if (page.n == 0) {
        turn_say(t, "Nothing is %s%s" STR_FMT ".", state, gap, STR_ARG(span.name));
        return say_overdue(t, &span);
    }
    turn_say(t, "%llu %s %s%s" STR_FMT ":\n", (unsigned long long)page.total,
             noun(t, page.total), state, gap, STR_ARG(span.name));
    say_tasks(t, page.items, page.n, page.total);
    if (page.n == 1)
        turn_about(t, &page.items[0].id);
    else
        t->d.last = (Thing){0};
    return say_overdue(t, &span);
}

bool act_task_show(Turn *t)
{
    Task task;
    bool points = t->intent.ref != REF_WORDS && t->intent.ref != REF_ORDINAL;
    if (points && t->d.last.kind == THING_DOCUMENT && t->d.question.len) {
        t->intent.follow_up = true; /* "and when is it due?", of an invoice */
        return act_question(t);
    }
    Pick p = pick_task(t, TASK_OPEN, KINDS_ANY, &task);
    if (p == PICK_ASKED && !t->asked && t->intent.ref == REF_WORDS)
        return ask_documents(t); /* no task of that name */
    if (p != PICK_FOUND)
        return p == PICK_ASKED;
    say_task(t, &task);
    turn_say(t, ".");
    if (task.notes.len)
        turn_say(t, "\n" STR_FMT, STR_ARG(task.notes));
    return true;
}

/* ---- lists: open tasks with the list's name as a tag ----------------------------------------- */

static Str list_name(Turn *t)
{
    Str topic = SLOT(t, SLOT_TOPIC);
    Buf b;
    buf_init(&b, 200);
    for (size_t i = 0; i < topic.len; i++) {
        char c = topic.ptr[i];
        (void)buf_add_char(&b, c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
    }
    Str name = b.len ? arena_buf(t->a, &b) : STR("list");
    buf_release(&b);
    return name;
}

/* The open task of that list that is meant: the one of exactly that name, or the only one that has
 * all the words. */
static Pick listed_item(Turn *t, const Str *name, Str item, Task *out)
{
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    if (t->intent.ref == REF_ORDINAL)
        return pick_task(t, TASK_OPEN, KINDS_ANY, out);
    f.status = &is_open;
    f.q = item;
    f.tags = SLOT(t, SLOT_TOPIC).len ? name : NULL;
    f.n_tags = f.tags ? 1 : 0;
    if (!tasks_list(t->parts->tasks, &f, TASK_SORT_CREATED_DESC, SHOWN, STR(""), t->a, &page,
                    t->err))
        return PICK_FAILED;
    for (size_t i = 0; i < page.n; i++)
        if (page.n == 1 || str_eq_nocase(page.items[i].title, item)) {
            *out = page.items[i];
            return PICK_FOUND;
        }
    if (page.n)
        return ask_which(t, page.items, page.n, page.total);
    turn_say(t, "\"" STR_FMT "\" is not on it.", STR_ARG(item));
    return PICK_ASKED;
}

bool act_list_update(Turn *t)
{
    Str item = SLOT(t, SLOT_TITLE), name = list_name(t);
    TaskResult r;
    Task task;
    if (item.len == 0) {
        turn_say(t, t->intent.remove ? "What shall I take off?" : "What shall I put on it?");
        turn_ask(t, AWAIT_TITLE);
        return true;
    }
    if (t->intent.remove) {
        bool chosen = t->intent.ref == REF_WORDS && SLOT(t, SLOT_REF).len;
        Pick p = listed_item(t, &name, chosen ? SLOT(t, SLOT_REF) : item, &task);
        return p == PICK_FOUND ? delete_task(t, &task, "Taken off") : p == PICK_ASKED;
    }
    TaskDraft d = TASK_DRAFT_NONE;
    d.title = item;
    d.tags = &name;
    d.n_tags = 1;
    d.source = STR("conversation");
    if (!tasks_create(t->parts->tasks, &d, t->a, &r, t->err))
        return false;
    said_change(t, &r);
    turn_say(t, "Added to your " STR_FMT ": " STR_FMT ".", STR_ARG(name), STR_ARG(r.task.title));
    return true;
}

bool act_list_show(Turn *t)
{
    Str name = list_name(t);
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.status = &is_open;
    f.tags = &name;
    f.n_tags = 1;
    if (!tasks_list(t->parts->tasks, &f, TASK_SORT_CREATED, DIALOGUE_LISTED, STR(""), t->a, &page,
                    t->err))
        return false;
    t->d.turn = TURN_TASKS;
    t->d.n_listed = 0;
    if (page.n == 0) {
        turn_say(t, "Nothing is on your " STR_FMT ".", STR_ARG(name));
        return true;
    }
    turn_say(t, "On your " STR_FMT ":\n", STR_ARG(name));
    say_tasks(t, page.items, page.n, page.total);
    return true;
}
