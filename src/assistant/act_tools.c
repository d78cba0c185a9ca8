#include "assistant/act_tools.h"

#include "assistant/ground.h"
#include "assistant/named.h"
#include "base/metrics.h"
#include "base/utf8.h"

#define TITLE_MAX 500u
#define LINE_MAX_BYTES 120u
#define CHOICES 5u
#define YEARS_MS ((int64_t)10 * 366 * 86400000)

#define TASK "\"task\":{\"type\":\"string\",\"description\":\"its number in the list: t3\"}"
#define WHEN                                                                                       \
    "\"when\":{\"type\":\"string\",\"description\":\"the words of time exactly as the person "     \
    "said them: on Friday at 3\"},\"at\":{\"type\":\"string\",\"description\":\"the same as "      \
    "2026-11-27T15:00, when the words alone may not be understood\"}"

const LlmTool tools_list[] = {
    {"add_task", "Adds one task, reminder or item of a list. One call for each.",
     "{\"type\":\"object\",\"properties\":{\"title\":{\"type\":\"string\",\"description\":\"what "
     "is to be done or got, in the person's own words, without the time\"}," WHEN ",\"remind\":{"
     "\"type\":\"boolean\",\"description\":\"true when they want to be reminded\"},\"list\":{"
     "\"type\":\"string\",\"description\":\"the list's name when they say a list: shopping\"}},"
     "\"required\":[\"title\"],\"additionalProperties\":false}"},
    {"complete_task", "Marks a task as done: the person says that they did it.",
     "{\"type\":\"object\",\"properties\":{" TASK "},\"required\":[\"task\"],"
     "\"additionalProperties\":false}"},
    {"move_task", "Gives a task another day or time.",
     "{\"type\":\"object\",\"properties\":{" TASK "," WHEN "},\"required\":[\"task\",\"when\"],"
     "\"additionalProperties\":false}"},
    {"snooze_task", "Says a reminder again later; when it is due stays.",
     "{\"type\":\"object\",\"properties\":{" TASK "," WHEN "},\"required\":[\"task\",\"when\"],"
     "\"additionalProperties\":false}"},
    {"delete_task", "Deletes a task that is not wanted any more.",
     "{\"type\":\"object\",\"properties\":{" TASK "},\"required\":[\"task\"],"
     "\"additionalProperties\":false}"},
};
const size_t tools_count = sizeof tools_list / sizeof *tools_list;

/* ---- the tasks that may be meant ------------------------------------------------------------- */

static void show(Tools *x, const Task *task)
{
    bool known = task->status != TASK_OPEN || x->n_shown == TOOLS_TASKS;
    for (size_t i = 0; i < x->n_shown && !known; i++)
        known = uuid_eq(&x->shown[i].id, &task->id);
    if (!known)
        x->shown[x->n_shown++] = *task;
}

static bool show_thing(Tools *x, const Thing *thing)
{
    Turn *t = x->t;
    Task task;
    Err gone = ERR_INIT;
    if (thing->kind != THING_TASK)
        return true;
    if (tasks_get(t->parts->tasks, &thing->id, t->a, &task, &gone))
        show(x, &task);
    else if (gone.code != ERR_NOT_FOUND)
        *t->err = gone;
    return t->err->code == ERR_NONE;
}

bool tools_init(Tools *x, Turn *t, Str said)
{
    static const TaskStatus is_open = TASK_OPEN;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    Task *found;
    size_t n;
    *x = (Tools){.t = t, .said = said, .n_undo = t->d.n_undo};
    if (!show_thing(x, &t->d.last))
        return false;
    for (size_t i = 0; i < t->d.n_listed; i++)
        if (!show_thing(x, &t->d.listed[i]))
            return false;
    if (!tasks_find(t->parts->tasks, said, 15, t->a, &found, &n, t->err))
        return false;
    for (size_t i = 0; i < n; i++)
        show(x, &found[i]);
    f.status = &is_open;
    if (!tasks_list(t->parts->tasks, &f, TASK_SORT_DUE, TOOLS_TASKS, STR(""), t->a, &page, t->err))
        return false;
    for (size_t i = 0; i < page.n; i++)
        show(x, &page.items[i]);
    return true;
}

void tools_say_tasks(const Tools *x, Buf *out)
{
    Turn *t = x->t;
    for (size_t i = 0; i < x->n_shown; i++) {
        const Task *task = &x->shown[i];
        Buf when;
        buf_init(&when, 1000);
        task_say_when(t->parts->tasks, task, t->now, &when);
        Str title = str_sub(task->title, 0, task->title.len < LINE_MAX_BYTES
                                                ? task->title.len
                                                : utf8_floor(task->title, LINE_MAX_BYTES));
        buf_printf(out, "t%zu. ", i + 1);
        for (size_t k = 0; k < title.len; k++)
            buf_add_char(out, (unsigned char)title.ptr[k] < ' ' ? ' ' : title.ptr[k]);
        buf_printf(out, "%s" STR_FMT "%s\n", when.len ? ", " : "", STR_ARG(buf_str(&when)),
                   t->d.last.kind == THING_TASK && uuid_eq(&t->d.last.id, &task->id)
                       ? " (spoken of last)" : "");
        buf_release(&when);
    }
}

/* ---- what the person's words bear out -------------------------------------------------------- */

static const char *const all_words[] = {"all", "alle", "alles", "any", "anything", "both", "each",
    "every", "everything", "rest", "tous", "tout", "toutes", "whole"};
static const char *const pointers[] = {"1", "2", "3", "4", "5", "ca", "celle", "celui", "das",
    "dem", "den", "diese", "diesen", "dieses", "dritte", "dritten", "erste", "ersten", "es",
    "fifth", "first", "fourth", "it", "last", "letzte", "letzten", "one", "second", "sie", "that",
    "them", "these", "third", "this", "those", "zweite", "zweiten", "ça"};

static size_t shared(Str text, Str said)
{
    size_t own, there;
    ground_words(text, said, &own, &there);
    return there;
}

static bool spoken_of(const Turn *t, const Uuid *id)
{
    bool yes = t->d.last.kind == THING_TASK && uuid_eq(&t->d.last.id, id);
    for (size_t i = 0; i < t->d.n_listed; i++)
        yes |= t->d.listed[i].kind == THING_TASK && uuid_eq(&t->d.listed[i].id, id);
    return yes;
}

/* Half of its words are theirs, and every number and name. */
static bool title_is_theirs(const Tools *x, Str title)
{
    size_t own, there;
    char low[TITLE_MAX];
    memcpy(low, title.ptr, title.len); /* a capital that only begins the title is no name */
    low[0] = low[0] >= 'A' && low[0] <= 'Z' ? (char)(low[0] + 32) : low[0];
    ground_words(title, x->said, &own, &there);
    return there && 2 * there >= own && ground_names(str_mem(low, title.len), x->said);
}

/* The words stand in what they said; or it is a moment that their words name. */
static bool time_is_theirs(const Tools *x, Str when)
{
    Turn *t = x->t;
    When said[8];
    size_t own, there;
    int64_t at, moment;
    bool timed;
    Err err = ERR_INIT;
    WhenContext c = {.now_ms = t->now, .zone = t->zone,
                     .day_first = tasks_day_first(t->parts->tasks)};
    ground_words(when, x->said, &own, &there);
    if (own && there == own)
        return true;
    if (!tasks_read_time(t->parts->tasks, when, t->now, NULL, &at, &timed, &err))
        return false;
    for (size_t i = when_find(x->said, &c, said, 8); i-- > 0;)
        if (at == said[i].from || (when_moment(&c, &said[i], &moment) && at == moment))
            return true;
    return false;
}

/* Whether our own reader finds a time in it. */
static bool time_is_known(const Tools *x, Str when)
{
    Turn *t = x->t;
    TaskDraft d = TASK_DRAFT_NONE;
    Err err = ERR_INIT;
    Str sentence = arena_printf(t->a, "errand " STR_FMT, STR_ARG(when));
    return sentence.ptr && tasks_read(t->parts->tasks, sentence, t->now, t->a, &d, &err) &&
           (d.due_at != TASK_NO_TIME || d.n_alarms || d.rrule.len);
}

/* ---- arguments ------------------------------------------------------------------------------- */

typedef struct {
    Str title, when, list;
    bool remind;
    const Task *task;
} Args;

static bool text_of(const Json *j, const char *name, size_t max, Str *out, Buf *why)
{
    const Json *v = json_get(j, name);
    *out = str_trim(json_str(v));
    if (!v || json_type(v) == JSON_T_NULL) {
        *out = STR("");
        return true;
    }
    if (json_str(v).ptr && out->len <= max)
        return true;
    buf_printf(why, json_str(v).ptr ? "error: %s is too long" : "error: %s must be a string", name);
    return false;
}

/* "2026-11-27T15:00" as our reader takes it, when it lies ahead. */
static bool moment_of(Tools *x, Str at, Str *out, Buf *why)
{
    Turn *t = x->t;
    int64_t ms;
    bool timed;
    char text[ZONE_RFC3339_MAX];
    Err err = ERR_INIT;
    if (!tasks_read_time(t->parts->tasks, at, t->now, NULL, &ms, &timed, &err) || ms < t->now ||
        ms > t->now + YEARS_MS) {
        buf_printf(why, "error: at must be a time to come, as 2026-11-27T15:00");
        return false;
    }
    Str day = str_of(zone_format(t->zone, ms, text));
    *out = arena_printf(t->a, timed ? "on %.10s at %.5s" : "on %.10s", day.ptr, day.ptr + 11);
    return out->ptr || turn_no_memory(t);
}

static bool read_when(Tools *x, const Json *j, Str *out, Buf *why)
{
    Str when, at;
    *out = STR("");
    if (!text_of(j, "when", 200, &when, why) || !text_of(j, "at", 40, &at, why))
        return false;
    if (!when.len) /* a time that nobody said is none */
        return true;
    if (!time_is_theirs(x, when)) {
        buf_printf(why, "error: the person did not say the time \"" STR_FMT "\"; give their own "
                        "words in when, or leave it out", STR_ARG(when));
        return false;
    }
    if (time_is_known(x, when)) {
        *out = when;
        return true;
    }
    if (at.len)
        return moment_of(x, at, out, why);
    buf_printf(why, "error: the time \"" STR_FMT "\" is not understood; say in at what it means, "
                    "as 2026-11-27T15:00", STR_ARG(when));
    return false;
}

static bool read_task(Tools *x, const Json *j, Args *out, Buf *why)
{
    Str name;
    uint64_t n = 0;
    if (!text_of(j, "task", TITLE_MAX, &name, why))
        return false;
    if (name.len > 1 && (name.ptr[0] == 't' || name.ptr[0] == 'T') &&
        str_to_u64(str_sub(name, 1, name.len), &n) && n >= 1 && n <= x->n_shown)
        out->task = &x->shown[n - 1];
    for (size_t i = 0; i < x->n_shown && !out->task; i++)
        if (str_eq_nocase(x->shown[i].title, name))
            out->task = &x->shown[i];
    if (!out->task)
        buf_printf(why, "error: there is no task \"" STR_FMT "\" in the list; give its number, as "
                        "t1", STR_ARG(name));
    return out->task != NULL;
}

/* ---- doing ----------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    IntentAction action;
    bool of_task, timed;
} kinds[] = {{"add_task", ACTION_TASK_ADD, false, true},
             {"complete_task", ACTION_TASK_COMPLETE, true, false},
             {"move_task", ACTION_TASK_MOVE, true, true},
             {"snooze_task", ACTION_TASK_SNOOZE, true, true},
             {"delete_task", ACTION_TASK_DELETE, true, false}};
#define KINDS (sizeof kinds / sizeof *kinds)

/* As if a rule had understood it; what was asked back is kept for the end. */
static bool act(Tools *x, Intent intent, Buf *out)
{
    Turn *t = x->t;
    Err failed = ERR_INIT, *err = t->err;
    size_t from = t->said.len;
    if (from)
        turn_say(t, "\n");
    size_t begin = t->said.len;
    t->intent = intent;
    t->asked = false;
    t->err = &failed;
    bool ok = act_of(intent.action)(t);
    t->err = err;
    Str said = arena_str(t->a, str_sub(buf_str(&t->said), begin, t->said.len));
    if (!said.ptr)
        return turn_no_memory(t);
    if (!ok && failed.code != ERR_VALIDATION && failed.code != ERR_NOT_FOUND &&
        failed.code != ERR_CONFLICT && failed.code != ERR_FORBIDDEN &&
        failed.code != ERR_TOO_LARGE) {
        buf_cut(&t->said, from);
        *err = failed;
        return false;
    }
    if (!ok || t->asked)
        buf_cut(&t->said, from);
    if (!ok) {
        buf_printf(out, "error: %s", failed.msg);
        x->refused++;
    } else if (t->asked) {
        x->question = said;
        x->awaiting = t->d.awaiting;
        x->pending = t->d.pending;
        turn_settle(t);
        buf_printf(out, "The person is asked: " STR_FMT, STR_ARG(said));
    } else {
        buf_printf(out, "done: " STR_FMT, STR_ARG(said));
    }
    if (ok && x->first.action == ACTION_NONE)
        x->first = intent;
    return true;
}

static bool add(Tools *x, const Json *j, Buf *out)
{
    Args a = {0};
    Intent i = {.kind = INTENT_COMMAND, .action = ACTION_TASK_ADD};
    if (!text_of(j, "title", TITLE_MAX - 1, &a.title, out) ||
        !text_of(j, "list", 60, &a.list, out) || !read_when(x, j, &a.when, out))
        return true;
    (void)json_bool(json_get(j, "remind"), &a.remind);
    if (!a.title.len) {
        buf_add_c(out, "error: title is missing");
        return true;
    }
    if (!title_is_theirs(x, a.title)) {
        buf_printf(out, "error: the person did not speak of \"" STR_FMT "\"; give the title in "
                        "their own words", STR_ARG(a.title));
        return true;
    }
    bool listed = a.list.len && (shared(a.list, x->said) || str_eq(a.list, STR("shopping")) ||
                                 str_eq(a.list, STR("list")));
    i.slot[SLOT_TITLE].text = arena_str(x->t->a, a.title);
    if (a.when.len)
        i.slot[SLOT_TIME].text = arena_str(x->t->a, a.when);
    if (!i.slot[SLOT_TITLE].text.ptr || (a.when.len && !i.slot[SLOT_TIME].text.ptr))
        return turn_no_memory(x->t);
    if (listed && !a.when.len) {
        i.action = ACTION_LIST_UPDATE;
        if (!str_eq_nocase(a.list, STR("list")))
            i.slot[SLOT_TOPIC].text = arena_str(x->t->a, a.list);
    } else if (a.remind && (a.when.len || !x->question.len)) {
        i.action = ACTION_REMINDER_ADD;
    }
    return act(x, i, out);
}

static WhenContext clock_of(const Tools *x)
{
    return (WhenContext){.now_ms = x->t->now, .zone = x->t->zone};
}

static Naming naming_of(const Tools *x, const Task *task)
{
    WhenContext c = clock_of(x);
    return named_in(x->said, task->title, &c);
}

/* Whether it is due at a time that they said. */
static bool due_is_said(const Tools *x, const Task *task)
{
    When said[8];
    WhenContext c = clock_of(x);
    for (size_t i = when_find(x->said, &c, said, 8); i-- > 0;)
        if (task->due_at != TASK_NO_TIME && task->due_at >= said[i].from &&
            task->due_at < said[i].until)
            return true;
    return false;
}

/* Other tasks that their words name as well, and neither a time nor what was spoken of just now
 * tells them apart; they stand behind it in alike[]. */
static size_t named_alike(const Tools *x, const Task *task, Naming how, Task alike[CHOICES])
{
    WhenContext c = clock_of(x);
    bool due = due_is_said(x, task);
    size_t n = 1;
    alike[0] = *task;
    for (size_t i = 0; i < x->n_shown && n < CHOICES; i++) {
        const Task *other = &x->shown[i];
        if (!uuid_eq(&other->id, &task->id) && !spoken_of(x->t, &task->id) &&
            named_together(x->said, task->title, other->title, how, &c) &&
            (!due || due_is_said(x, other)))
            alike[n++] = *other;
    }
    return n;
}

static bool ask_back(Tools *x, const Intent *i, const Task *tasks, size_t n, Buf *out)
{
    Turn *t = x->t;
    size_t from = t->said.len;
    if (x->question.len) {
        buf_add_c(out, "error: it is not clear which task is meant");
        return true;
    }
    t->intent = *i;
    (void)ask_which(t, tasks, n, n);
    x->question = arena_str(t->a, str_sub(buf_str(&t->said), from, t->said.len));
    buf_cut(&t->said, from);
    x->awaiting = t->d.awaiting;
    x->pending = t->d.pending;
    turn_settle(t);
    if (x->first.action == ACTION_NONE)
        x->first = *i;
    buf_add_c(out, "The person is asked which one they mean.");
    return x->question.ptr || turn_no_memory(t);
}

/* They pointed at it, or said "all", and named nothing else in doing so. */
static bool is_pointed_at(const Tools *x, const Task *task)
{
    WhenContext c = clock_of(x);
    return spoken_of(x->t, &task->id) &&
           named_by_pointing(x->said, pointers, sizeof pointers / sizeof *pointers, &c);
}

/* "All of them", or all of a list that it is on: "I got all the shopping". */
static bool says_all(const Tools *x, const Task *task)
{
    WhenContext c = clock_of(x);
    size_t n = sizeof all_words / sizeof *all_words;
    bool all = named_by_pointing(x->said, all_words, n, &c), said = false;
    for (size_t i = 0; i < n && !all && !said; i++)
        said = ground_has_word(x->said, str_of(all_words[i]));
    for (size_t i = 0; i < task->n_tags && said && !all; i++)
        all = named_in(x->said, task->tags[i], &c) == NAMED_SURE;
    return all;
}

/* Another task of the list that their words name, where they are only like this one. */
static const Task *named_rather(const Tools *x, const Task *task)
{
    WhenContext c = clock_of(x);
    for (size_t i = 0; i < x->n_shown; i++)
        if (named_instead(x->said, task->title, x->shown[i].title, &c))
            return &x->shown[i];
    return NULL;
}

static bool change(Tools *x, size_t kind, const Json *j, Buf *out)
{
    Turn *t = x->t;
    Args a = {0};
    Intent i = {.kind = INTENT_COMMAND, .action = kinds[kind].action, .ref = REF_LAST};
    Task choices[CHOICES];
    size_t alike;
    if (!read_task(x, j, &a, out) || (kinds[kind].timed && !read_when(x, j, &a.when, out)))
        return true;
    if (kinds[kind].timed && !a.when.len) {
        buf_add_c(out, "error: when is missing");
        return true;
    }
    Naming how = naming_of(x, a.task);
    bool all = says_all(x, a.task), sure = how == NAMED_SURE || all || is_pointed_at(x, a.task);
    const Task *rather = sure || how == NAMED_NOT ? NULL : named_rather(x, a.task);
    if (rather) {
        buf_printf(out, "error: the person spoke of \"" STR_FMT "\", not of \"" STR_FMT "\"",
                   STR_ARG(rather->title), STR_ARG(a.task->title));
        return true;
    }
    if (!sure && how == NAMED_NOT) {
        buf_printf(out, "error: the person did not speak of \"" STR_FMT "\"",
                   STR_ARG(a.task->title));
        return true;
    }
    if (a.when.len && !(i.slot[SLOT_TIME].text = arena_str(t->a, a.when)).ptr)
        return turn_no_memory(t);
    if (i.action == ACTION_TASK_DELETE && all) {
        bool known = x->n_doomed == DIALOGUE_LISTED;
        for (size_t k = 0; k < x->n_doomed; k++)
            known |= uuid_eq(&x->doomed[k], &a.task->id);
        if (!known)
            x->doomed[x->n_doomed++] = a.task->id;
        buf_add_c(out, "The person is asked before it is deleted.");
        return true;
    }
    alike = named_alike(x, a.task, how, choices);
    if (!sure || (how == NAMED_SURE && !all && alike > 1))
        return ask_back(x, &i, choices, alike, out);
    i.slot[SLOT_REF].text = a.task->title;
    t->d.last = (Thing){THING_TASK, a.task->id};
    return act(x, i, out);
}

/* A call that was carried out already is not carried out again: some models repeat themselves. */
static bool ran_before(Tools *x, const LlmToolCall *call, Buf *out)
{
    Str all = arena_printf(x->t->a, STR_FMT " " STR_FMT, STR_ARG(call->name),
                           STR_ARG(call->arguments));
    for (size_t i = 0; i < x->changes; i++)
        if (str_eq(x->ran[i], all)) {
            buf_add_c(out, "That was done already.");
            return true;
        }
    if (x->changes < TOOLS_CHANGES)
        x->ran[x->changes] = all;
    return false;
}

bool tools_run(Tools *x, const LlmToolCall *call, Buf *out)
{
    size_t kind = 0, undone = x->t->d.n_undo, before = out->len;
    Uuid newest = undone ? x->t->d.undo[undone - 1].id : (Uuid){{0}};
    bool ok = true;
    const char *outcome = "ok";
    while (kind < KINDS && !str_eq(call->name, str_of(kinds[kind].name)))
        kind++;
    Json *j = json_parse(call->arguments, JSON_DEFAULT_DEPTH, NULL);
    if (kind == KINDS)
        buf_add_c(out, "error: there is no such tool here");
    else if (json_type(j) != JSON_T_OBJECT)
        buf_add_c(out, "error: the arguments are no JSON object");
    else if (x->changes == TOOLS_CHANGES || x->refused >= TOOLS_REFUSED)
        buf_printf(out, "error: at most %u changes are made at once", TOOLS_CHANGES);
    else if (!ran_before(x, call, out))
        ok = kinds[kind].of_task ? change(x, kind, j, out) : add(x, j, out);
    json_free(j);
    const Dialogue *d = &x->t->d;
    bool made = d->n_undo > undone ||
                (d->n_undo && undone == d->n_undo && !uuid_eq(&d->undo[undone - 1].id, &newest));
    x->changes += made;
    Str said = str_sub(buf_str(out), before, out->len);
    if (!ok || str_starts(said, STR("error"))) {
        x->refused++;
        outcome = kind == KINDS ? "refused" : "bad_arguments";
    }
    METRIC_INC(metric_counter("llm_tool_calls_total", "Tools that the language model asked for.",
                              "tool,outcome"),
               kind == KINDS ? "other" : kinds[kind].name, outcome);
    return ok;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void ask_about_deletions(Tools *x)
{
    Turn *t = x->t;
    size_t n = x->n_doomed;
    t->d.n_listed = 0;
    turn_say(t, "%sThat deletes %zu task%s: ", t->said.len ? "\n" : "", n, n == 1 ? "" : "s");
    for (size_t i = 0; i < n; i++) {
        dialogue_list(&t->d, THING_TASK, &x->doomed[i]);
        for (size_t k = 0; k < x->n_shown; k++)
            if (uuid_eq(&x->shown[k].id, &x->doomed[i]))
                turn_say(t, "%s" STR_FMT, i ? "; " : "", STR_ARG(x->shown[k].title));
    }
    turn_say(t, ". Are you sure?");
    t->intent = (Intent){.kind = INTENT_COMMAND, .action = ACTION_TASK_DELETE, .ref = REF_ALL};
    if (x->first.action == ACTION_NONE)
        x->first = t->intent;
    turn_ask(t, AWAIT_YES_NO);
}

bool tools_end(Tools *x)
{
    Turn *t = x->t;
    dialogue_join(&t->d, x->changes);
    if (x->n_doomed) {
        ask_about_deletions(x);
    } else if (x->question.len) {
        turn_say(t, "%s" STR_FMT, t->said.len ? "\n" : "", STR_ARG(x->question));
        t->d.awaiting = x->awaiting;
        t->d.pending = x->pending;
        t->asked = true;
    }
    t->intent = x->first;
    return t->said.len > 0;
}
