/* `sotto task`: add from a sentence, list, done, reopen, snooze, move, cancel, delete, undo. */
#include "app/call.h"
#include "app/commands.h"
#include "app/facts.h"
#include "app/pages.h"
#include "app/task_proposals.h"
#include "app/task_ref.h"

static const char tasks_path[] = "/api/v1/tasks";

/* ---- lines ---------------------------------------------------------------------------------- */

static void marks(Buf *out, const Json *task)
{
    Str priority = json_str(json_get(task, "priority"));
    const Json *tags = json_get(task, "tags");
    if (!str_eq(priority, STR("normal")))
        buf_printf(out, " !" STR_FMT, STR_ARG(priority));
    for (size_t i = 0; i < json_count(tags); i++) {
        buf_add_c(out, " #");
        term_text(out, json_str(json_at(tags, i)));
    }
}

static Paint state_paint(const Json *task)
{
    bool overdue = false;
    if (json_bool(json_get(task, "overdue"), &overdue) && overdue)
        return PAINT_BAD;
    return str_eq(json_str(json_get(task, "status")), STR("open")) ? PAINT_TITLE : PAINT_DIM;
}

/* A table on a terminal, with short ids; in a pipe whole ids and times that programs read. */
static void task_line(Cli *cli, const Json *task)
{
    Buf title, when, *out = &cli->out;
    Str id = json_str(json_get(task, "id")), status = json_str(json_get(task, "status"));
    Str due = json_str(json_get(task, "due_at")), words = json_str(json_get(task, "when"));
    buf_init(&title, 64 << 10);
    buf_init(&when, 4096);
    term_text(&title, json_str(json_get(task, "title")));
    marks(&title, task);
    if (!cli->term.out_tty) {
        buf_printf(out, STR_FMT "\t" STR_FMT "\t" STR_FMT "\t", STR_ARG(id), STR_ARG(status),
                   STR_ARG(due.len ? due : STR("-")));
        buf_add(out, buf_str(&title));
    } else {
        size_t room = cli->term.width > 70 ? cli->term.width - 48 : 30;
        term_text(&when, str_eq(status, STR("open")) ? words : status);
        buf_add_c(out, term_paint(&cli->term, PAINT_DIM));
        buf_add(out, id.len > TASK_SHORT_ID ? str_sub(id, id.len - TASK_SHORT_ID, id.len) : id);
        buf_printf(out, "%s  %s", term_paint(&cli->term, PAINT_OFF),
                   term_paint(&cli->term, state_paint(task)));
        term_cell(out, &cli->term, buf_str(&title), room);
        buf_printf(out, "%s  ", term_paint(&cli->term, PAINT_OFF));
        buf_add(out, buf_str(&when));
    }
    buf_add_char(out, '\n');
    buf_release(&title);
    buf_release(&when);
}

/* One sentence about what was done. */
static void say(Cli *cli, const char *what, const Json *task)
{
    Buf *out = &cli->out;
    Str id = json_str(json_get(task, "id")), when = json_str(json_get(task, "when"));
    Str remind = json_str(json_get(task, "remind_at"));
    buf_printf(out, "%s%s:%s ", term_paint(&cli->term, PAINT_BOLD), what,
               term_paint(&cli->term, PAINT_OFF));
    term_text(out, json_str(json_get(task, "title")));
    marks(out, task);
    if (when.len) {
        buf_add_c(out, ", ");
        term_text(out, when);
    }
    if (remind.len && !str_eq(remind, json_str(json_get(task, "due_at")))) {
        buf_add_c(out, "; reminder ");
        term_text(out, remind);
    }
    buf_printf(out, "  %s" STR_FMT "%s\n", term_paint(&cli->term, PAINT_DIM),
               STR_ARG(cli->term.out_tty && id.len > TASK_SHORT_ID
                           ? str_sub(id, id.len - TASK_SHORT_ID, id.len)
                           : id),
               term_paint(&cli->term, PAINT_OFF));
}

/* ---- sending -------------------------------------------------------------------------------- */

/* POST, PATCH or DELETE; *out is the answer's tree, NULL when it has none. */
static bool send(Call *call, const char *method, Str target, Str body, Json **out, Err *err)
{
    CallAnswer answer;
    *out = NULL;
    if (!call_send(call, 0, method, target, body.len ? "application/json" : NULL, body, &answer,
                   err))
        return false;
    if (answer.body.len)
        *out = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err);
    bool ok = *out || answer.body.len == 0;
    buf_release(&answer.body);
    return ok;
}

/* {"name": value}, or nothing without a name. */
static void one_member(Buf *out, const char *name, Str value)
{
    JsonW w;
    if (!name)
        return;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kv_str(&w, name, value);
    jw_obj_end(&w);
}

static bool act(Cli *cli, Call *call, const char *method, Str id, const char *path,
                const char *member, Str value, const char *done, Err *err)
{
    Buf target, body;
    Json *j = NULL;
    buf_init(&target, 4096);
    buf_init(&body, 64 << 10);
    buf_printf(&target, "%s/" STR_FMT "%s", tasks_path, STR_ARG(id), path);
    one_member(&body, member, value);
    bool ok = send(call, method, buf_str(&target), buf_str(&body), &j, err);
    if (ok && cli->json && j) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok && j) {
        say(cli, done, j);
    }
    json_free(j);
    buf_release(&target);
    buf_release(&body);
    return ok;
}

static Str words_from(Cli *cli, size_t first)
{
    Buf b;
    buf_init(&b, 64 << 10);
    for (size_t i = first; i < cli->n_args; i++) {
        buf_add_c(&b, i > first ? " " : "");
        buf_add_c(&b, cli->args[i]);
    }
    Str s = arena_buf(cli->arena, &b);
    buf_release(&b);
    return s;
}

/* ---- add ------------------------------------------------------------------------------------ */

static int add(Cli *cli, size_t first)
{
    Err err = ERR_INIT;
    Buf body;
    Json *j = NULL;
    Str text = words_from(cli, first);
    if (!text.len)
        return cli_usage_error(cli, "sotto task add takes a sentence");
    buf_init(&body, 1 << 20);
    one_member(&body, "text", text);
    Call *call = call_open(cli->config, CALL_WRITE, "sotto task", &err);
    bool ok = call && send(call, "POST", str_of(tasks_path), buf_str(&body), &j, &err);
    if (ok && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok) {
        say(cli, "added", j);
        if (!call_server(call) && json_str(json_get(j, "remind_at")).len)
            cli_note(cli, "no server runs: reminders are said when one does (sotto serve)");
    }
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- list and show -------------------------------------------------------------------------- */

#define LIST_PAGE 200

typedef struct {
    size_t left;
    bool any;
} Listing;

static size_t list_page(Cli *cli, void *arg, const Json *page)
{
    Listing *l = arg;
    const Json *tasks = json_get(page, "tasks");
    size_t n = json_count(tasks);
    for (size_t i = 0; i < n; i++, l->any = true) {
        if (!cli->json) {
            task_line(cli, json_at(tasks, i));
            continue;
        }
        buf_add_c(&cli->out, l->any ? ",\n" : "");
        json_dump(json_at(tasks, i), &cli->out);
    }
    l->left -= n < l->left ? n : l->left;
    return l->left < LIST_PAGE ? l->left : LIST_PAGE;
}

static void list_target(Cli *cli, Buf *target)
{
    static const char *const names[][2] = {{"--kind", "kind"},
                                           {"--tag", "tag"},
                                           {"--priority", "priority"},
                                           {"--due-before", "due_before"},
                                           {"--due-after", "due_after"},
                                           {"--sort", "sort"}};
    const char *status = cli_flag(cli, "--status"), *value;
    buf_add_c(target, tasks_path);
    call_param(target, "status", str_of(status ? status : "open"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t k = 0; (value = cli_flag_at(cli, names[i][0], k)); k++)
            call_param(target, names[i][1], str_of(value));
    if (cli_flag(cli, "--overdue"))
        call_param(target, "overdue", STR("true"));
    if (cli->n_args > 1)
        call_param(target, "q", words_from(cli, 1));
}

static int list(Cli *cli)
{
    Err err = ERR_INIT;
    Buf target;
    uint64_t limit = 100;
    const char *text = cli_flag(cli, "--limit");
    if (text && (!str_to_u64(str_of(text), &limit) || limit == 0))
        return cli_usage_error(cli, "--limit \"%s\" is no whole number above 0", text);
    Listing l = {.left = cli_flag(cli, "--all") ? SIZE_MAX : (size_t)limit};
    buf_init(&target, 1 << 20);
    list_target(cli, &target);
    Call *call = call_open(cli->config, CALL_READ, "sotto task list", &err);
    if (cli->json && call)
        buf_add_c(&cli->out, "{\"tasks\":[");
    bool ok = call && cli_pages(cli, call, buf_str(&target),
                                l.left < LIST_PAGE ? l.left : LIST_PAGE, list_page, &l, &err);
    if (ok && cli->json)
        buf_add_c(&cli->out, "]}\n");
    else if (ok && !l.any)
        cli_note(cli, "nothing to do");
    call_close(call);
    buf_release(&target);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static void show_lines(Cli *cli, const Json *t)
{
    static const char *const names[] = {"id", "kind", "status", "priority", "when", "due_at",
                                        "remind_at", "snoozed_until", "rrule", "zone", "notes",
                                        "completed_at", "source"};
    static const char *const labels[] = {"id", "kind", "status", "priority", "when", "due",
                                         "reminder", "snoozed", "repeats", "zone", "notes",
                                         "done", "from"};
    const Json *history = json_get(t, "history");
    buf_add_c(&cli->out, term_paint(&cli->term, PAINT_TITLE));
    term_text(&cli->out, json_str(json_get(t, "title")));
    buf_printf(&cli->out, "%s\n", term_paint(&cli->term, PAINT_OFF));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        facts_line(cli, labels[i], json_str(json_get(t, names[i])));
    for (size_t i = 0; i < json_count(history); i++)
        facts_line(cli, i ? "" : "history", json_str(json_get(json_at(history, i),
                                                              "completed_at")));
}

static int show(Cli *cli)
{
    Err err = ERR_INIT;
    Str id;
    Buf target;
    if (cli->n_args < 2)
        return cli_usage_error(cli, "sotto task show takes a TASK");
    buf_init(&target, 4096);
    Call *call = call_open(cli->config, CALL_READ, "sotto task show", &err);
    Json *j = NULL;
    if (call && task_ref_find(call, words_from(cli, 1), "all", cli->arena, &id, &err)) {
        buf_printf(&target, "%s/" STR_FMT, tasks_path, STR_ARG(id));
        j = call_get(call, buf_str(&target), NULL, &err);
    }
    if (j && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (j) {
        show_lines(cli, j);
    }
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&target);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- what is done to one -------------------------------------------------------------------- */

typedef struct {
    const char *name, *status; /* among which it is looked for */
    const char *method, *path;
    const char *said;
} Verb;

static const Verb verbs[] = {
    {"done", "open", "POST", "/complete", "done"},
    {"reopen", "all", "POST", "/reopen", "open again"},
    {"cancel", "open", "POST", "/cancel", "cancelled"},
    {"delete", "all", "DELETE", "", "deleted"},
};

/* Each argument names a task; several words that are no ids are one title. */
static int each_named(Cli *cli, const Verb *v)
{
    Err err = ERR_INIT;
    if (cli->n_args < 2)
        return cli_usage_error(cli, "sotto task %s takes a TASK", v->name);
    bool titles = !task_ref_is_id(str_of(cli->args[1]));
    size_t n = titles ? 1 : cli->n_args - 1;
    Call *call = call_open(cli->config, CALL_WRITE, "sotto task", &err);
    bool ok = call != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        Str id, typed = titles ? words_from(cli, 1) : str_of(cli->args[i + 1]);
        ok = task_ref_find(call, typed, v->status, cli->arena, &id, &err)
            && act(cli, call, v->method, id, v->path, NULL, STR(""), v->said, &err);
        if (ok && v->method[0] == 'D' && !cli->json)
            cli_note(cli, "deleted; sotto task undo brings it back");
    }
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* TASK, then words of time. */
static int with_time(Cli *cli, bool snooze)
{
    Err err = ERR_INIT;
    Str id;
    if (cli->n_args < 3)
        return cli_usage_error(cli, "sotto task %s takes a TASK and a time, such as %s",
                               cli->args[0], snooze ? "\"for an hour\"" : "\"Monday at five\"");
    Str words = words_from(cli, 2);
    const char *member = snooze ? "until" : "due";
    if (snooze && str_starts(words, STR("for "))) {
        member = "for";
        words = str_sub(words, 4, words.len);
    } else if (snooze && str_starts(words, STR("until "))) {
        words = str_sub(words, 6, words.len);
    } else if (!snooze && str_starts(words, STR("to "))) {
        words = str_sub(words, 3, words.len);
    }
    Call *call = call_open(cli->config, CALL_WRITE, "sotto task", &err);
    bool ok = call && task_ref_find(call, str_of(cli->args[1]), snooze ? "all" : "open",
                                    cli->arena, &id, &err);
    ok = ok && act(cli, call, snooze ? "POST" : "PATCH", id, snooze ? "/snooze" : "", member, words,
                   snooze ? "snoozed" : "moved", &err);
    call_close(call);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- undo and reminders --------------------------------------------------------------------- */

static int undo(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    Json *j = NULL;
    buf_init(&body, 4096);
    if (cli->n_args > 1)
        one_member(&body, "change_id", str_of(cli->args[1]));
    Call *call = call_open(cli->config, CALL_WRITE, "sotto task undo", &err);
    bool ok = call && send(call, "POST", STR("/api/v1/tasks/undo"), buf_str(&body), &j, &err);
    if (ok && cli->json) {
        json_dump(j, &cli->out);
        buf_add_char(&cli->out, '\n');
    } else if (ok) {
        const Json *tasks = json_get(j, "tasks");
        buf_printf(&cli->out, "undone: " STR_FMT "\n",
                   STR_ARG(json_str(json_get(json_get(j, "undone"), "what"))));
        for (size_t i = 0; i < json_count(tasks); i++)
            task_line(cli, json_at(tasks, i));
    }
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

static int reminders(Cli *cli)
{
    Err err = ERR_INIT;
    Buf body;
    buf_init(&body, 16 << 20);
    Call *call = call_open(cli->config, CALL_READ, "sotto task reminders", &err);
    Json *j = call ? call_get(call, STR("/api/v1/reminders?limit=200"), &body, &err) : NULL;
    const Json *list_of = json_get(j, "reminders");
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j && !json_count(list_of))
        cli_note(cli, "no reminder waits");
    for (size_t i = 0; !cli->json && i < json_count(list_of); i++)
        task_line(cli, json_get(json_at(list_of, i), "task"));
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

int task_command(Cli *cli)
{
    const char *verb = cli->args[0];
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return each_named(cli, &verbs[i]);
    if (strcmp(verb, "list") == 0)
        return list(cli);
    if (strcmp(verb, "show") == 0)
        return show(cli);
    if (strcmp(verb, "snooze") == 0 || strcmp(verb, "move") == 0)
        return with_time(cli, verb[0] == 's');
    if (strcmp(verb, "undo") == 0)
        return undo(cli);
    if (strcmp(verb, "reminders") == 0)
        return reminders(cli);
    if (strcmp(verb, "proposals") == 0 || strcmp(verb, "take") == 0 ||
        strcmp(verb, "dismiss") == 0)
        return task_proposals(cli);
    return add(cli, strcmp(verb, "add") == 0);
}
