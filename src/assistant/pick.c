/* pick.c - which task is meant, and how tasks are said. */
#include "assistant/act.h"
#include "assistant/named.h"

#define CHOICES 5
#define LOOKED_AT 20

static bool fits(const Task *task, TaskStatus wanted, unsigned kinds)
{
    return task->status == wanted && (kinds & KIND_BIT(task->kind)) != 0;
}

static const char *status_word(TaskStatus s)
{
    return s == TASK_OPEN ? "open" : s == TASK_DONE ? "done" : "cancelled";
}

static Pick got(Turn *t, Task *task, TaskStatus wanted, unsigned kinds, Task *out)
{
    if (!fits(task, wanted, kinds)) {
        turn_say(t, "\"" STR_FMT "\" is %s already.", STR_ARG(task->title),
                 status_word(task->status));
        return PICK_ASKED;
    }
    *out = *task;
    return PICK_FOUND;
}

/* A thing of the conversation as a task; one that is gone was deleted meanwhile. */
static Pick by_thing(Turn *t, const Thing *thing, TaskStatus wanted, unsigned kinds, Task *out)
{
    Task task;
    Err gone = ERR_INIT;
    if (tasks_get(t->parts->tasks, &thing->id, t->a, &task, &gone))
        return got(t, &task, wanted, kinds, out);
    if (gone.code != ERR_NOT_FOUND) {
        *t->err = gone;
        return PICK_FAILED;
    }
    turn_say(t, "That one is not there any more.");
    return PICK_ASKED;
}

Pick ask_which(Turn *t, const Task *tasks, size_t n, uint64_t total)
{
    if (total == 1)
        turn_say(t, "Do you mean \"");
    else
        turn_say(t, "Which one do you mean?\n");
    say_tasks(t, tasks, n, total);
    if (total == 1)
        turn_say(t, "\"?");
    turn_ask(t, AWAIT_CHOICE);
    return PICK_ASKED;
}

static bool list(Turn *t, TaskStatus wanted, unsigned kinds, Str q, TaskSort sort, TaskPage *page)
{
    TaskKind some[TASK_KINDS];
    TaskFilter f = TASK_FILTER_ALL;
    f.status = &wanted;
    f.kinds = some;
    for (unsigned k = 0; k < TASK_KINDS; k++)
        if (kinds & KIND_BIT(k))
            some[f.n_kinds++] = (TaskKind)k;
    f.q = q;
    f.once = wanted != TASK_DONE;
    return tasks_list(t->parts->tasks, &f, sort, CHOICES, STR(""), t->a, page, t->err);
}

/* "It" with nothing said before: what rang last, or the only one there is. */
static Pick by_nothing(Turn *t, TaskStatus wanted, unsigned kinds, Task *out)
{
    TaskReminder *waiting;
    size_t n;
    TaskPage page;
    if (wanted == TASK_OPEN) {
        if (!tasks_waiting(t->parts->tasks, 50, t->a, &waiting, &n, t->err))
            return PICK_FAILED;
        if (n > 0 && (kinds & KIND_BIT(waiting[n - 1].task.kind))) {
            *out = waiting[n - 1].task;
            return PICK_FOUND;
        }
    }
    TaskSort sort = wanted == TASK_OPEN ? TASK_SORT_DUE : TASK_SORT_UPDATED_DESC;
    if (!list(t, wanted, kinds, STR(""), sort, &page))
        return PICK_FAILED;
    if (page.n == 0) {
        turn_say(t, wanted == TASK_OPEN ? "There is no open task." : "There is no such task.");
        return PICK_ASKED;
    }
    if (page.n == 1) {
        *out = page.items[0];
        return PICK_FOUND;
    }
    return ask_which(t, page.items, page.n, page.total);
}

static Pick by_ordinal(Turn *t, TaskStatus wanted, unsigned kinds, Task *out)
{
    int64_t n = (int64_t)t->d.n_listed, at = t->intent.ordinal;
    at = at > 0 ? at - 1 : n + at;
    if (at < 0 || at >= n) {
        if (n == 0)
            turn_say(t, "I have not listed anything to choose from.");
        else
            turn_say(t, "There %s only %lld.", n == 1 ? "is" : "are", (long long)n);
        return PICK_ASKED;
    }
    const Thing *thing = &t->d.listed[at];
    if (thing->kind != THING_TASK) {
        turn_say(t, "That is not a task.");
        return PICK_ASKED;
    }
    return by_thing(t, thing, wanted, kinds, out);
}

/* Nothing is changed that has only a word in common with what was said: the person is told, and
 * shown what is like it. */
static Pick none_named(Turn *t, Str words, TaskStatus wanted, const Task *near, size_t n)
{
    turn_say(t, "I find no %s task about \"" STR_FMT "\".", status_word(wanted), STR_ARG(words));
    if (n == 0)
        return PICK_ASKED;
    turn_say(t, " ");
    return ask_which(t, near, n, n);
}

/* Those of open tasks that fit, the best first; one whose title is exactly the words is alone. */
static Pick by_words(Turn *t, Str words, TaskStatus wanted, unsigned kinds, Task *out)
{
    WhenContext c = {.now_ms = t->now, .zone = t->zone};
    Task *found, alike[CHOICES], meant[CHOICES];
    size_t n, n_alike = 0, n_meant = 0;
    if (wanted == TASK_OPEN) {
        if (!tasks_find(t->parts->tasks, words, LOOKED_AT, t->a, &found, &n, t->err))
            return PICK_FAILED;
    } else {
        TaskPage page;
        if (!list(t, wanted, kinds, words, TASK_SORT_UPDATED_DESC, &page))
            return PICK_FAILED;
        found = page.items;
        n = page.n;
    }
    for (size_t i = 0; i < n; i++) {
        if (!fits(&found[i], wanted, kinds))
            continue;
        if (str_eq_nocase(found[i].title, words)) {
            *out = found[i];
            return PICK_FOUND;
        }
        bool sure = t->intent.action == ACTION_TASK_SHOW || /* changes nothing */
                    named(words, found[i].title, &c) == NAMED_SURE;
        if (sure && n_meant < CHOICES)
            meant[n_meant++] = found[i];
        else if (!sure && n_alike < CHOICES)
            alike[n_alike++] = found[i];
    }
    if (n_meant == 0)
        return none_named(t, words, wanted, alike, n_alike);
    if (n_meant > 1)
        return ask_which(t, meant, n_meant, n_meant);
    *out = meant[0];
    return PICK_FOUND;
}

Pick pick_task(Turn *t, TaskStatus wanted, unsigned kinds, Task *out)
{
    Pick p;
    Str words = SLOT(t, SLOT_REF);
    switch (t->intent.ref) {
    case REF_ORDINAL:
        p = by_ordinal(t, wanted, kinds, out);
        break;
    case REF_WORDS:
        p = by_words(t, words, wanted, kinds, out);
        break;
    default:
        p = t->d.last.kind == THING_TASK ? by_thing(t, &t->d.last, wanted, kinds, out)
                                         : by_nothing(t, wanted, kinds, out);
    }
    if (p == PICK_FOUND)
        turn_about(t, &out->id);
    return p;
}

bool pick_chosen(Turn *t)
{
    WhenContext c = {.now_ms = t->now, .zone = t->zone};
    int32_t chosen = 0, n = 0;
    if (t->d.awaiting != AWAIT_CHOICE || (t->intent.kind == INTENT_COMMAND && t->intent.by_rule))
        return true;
    for (size_t i = 0; i < t->d.n_listed; i++) {
        Task task;
        Err gone = ERR_INIT;
        if (t->d.listed[i].kind != THING_TASK)
            continue;
        if (tasks_get(t->parts->tasks, &t->d.listed[i].id, t->a, &task, &gone)) {
            if (named(t->text, task.title, &c) != NAMED_SURE)
                continue;
            chosen = (int32_t)i + 1;
            n++;
        } else if (gone.code != ERR_NOT_FOUND) {
            *t->err = gone;
            return false;
        }
    }
    if (n == 1)
        t->intent = (Intent){.kind = INTENT_COMMAND, .action = ACTION_SELECT, .by_rule = true,
            .confidence = 1, .action_confidence = 1, .query = t->intent.query,
            .ref = REF_ORDINAL, .ordinal = chosen};
    return true;
}

/* ---- saying ---------------------------------------------------------------------------------- */

void say_task(Turn *t, const Task *task)
{
    Buf when;
    buf_init(&when, 1000);
    task_say_when(t->parts->tasks, task, t->now, &when);
    turn_say(t, STR_FMT "%s" STR_FMT, STR_ARG(task->title), when.len ? ", " : "",
             STR_ARG(buf_str(&when)));
    if (!buf_ok(&when))
        t->said.failed = t->said.no_memory = true;
    buf_release(&when);
}

void say_tasks(Turn *t, const Task *tasks, size_t n, uint64_t total)
{
    t->d.n_listed = 0;
    for (size_t i = 0; i < n; i++) {
        dialogue_list(&t->d, THING_TASK, &tasks[i].id);
        if (n > 1)
            turn_say(t, "%zu. ", i + 1);
        say_task(t, &tasks[i]);
        turn_say(t, i + 1 < n ? "\n" : "");
    }
    if (total > n)
        turn_say(t, "\nand %llu more", (unsigned long long)(total - n));
}
