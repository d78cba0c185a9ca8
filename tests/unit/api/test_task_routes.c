/* test_task_routes.c - tasks and reminders through their routes, without a socket. */
#include "support/unit.h"

#include <stdlib.h>

#include "api/call.h"
#include "assistant/scheduler.h"
#include "base/clock.h"
#include "support/tempdir.h"

#define TASKS "/api/v1/tasks"

typedef struct {
    TempDir dir;
    Store *store;
    Tasks *tasks;
    Api *api;
} World;

static int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    tempdir_make(&w->dir);
    int64_t now;
    assert_true(clock_parse(STR("2026-11-23T10:00:00+01:00"), &now));
    clock_set_ms(now);
    w->store = store_open_sqlite(&(StoreOptions){.dir = w->dir.path, .model = "test"}, &err);
    assert_non_null(w->store);
    w->tasks = tasks_new(&(TasksOptions){.store = w->store, .owner = {{1}},
        .zone = STR("Europe/Berlin")}, &err);
    assert_non_null(w->tasks);
    w->api = api_new(&(ApiParts){.store = w->store, .tasks = w->tasks, .owner = {{1}}}, &err);
    assert_non_null(w->api);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    api_free(w->api);
    tasks_free(w->tasks);
    store_close(w->store);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

/* The answer's tree (NULL without a body); the caller frees it. */
static Json *ask(World *w, const char *method, const char *target, const char *body, int status)
{
    Err err = ERR_INIT;
    HttpHeader header = {STR("Content-Type"), STR("application/json")};
    HttpExchange *x = http_exchange_new(str_of(method), str_of(target), &header, body ? 1 : 0,
        str_of(body), &err);
    if (!x)
        fail_msg("%s %s: %s", method, target, err.msg);
    api_dispatch(w->api, x, 0);
    assert_true(http_exchange_wait(x, 30000));
    Str text = http_resp_body(x);
    if (x->resp.status != status)
        fail_msg("%s %s %s: %d, not %d: " STR_FMT, method, target, body ? body : "",
            x->resp.status, status, STR_ARG(text));
    Json *j = text.len ? json_parse(text, JSON_DEFAULT_DEPTH, &err) : NULL;
    if (text.len && !j)
        fail_msg("%s %s: %s", method, target, err.msg);
    http_exchange_free(x);
    return j;
}

static void refused(World *w, const char *method, const char *target, const char *body, int status,
    const char *part)
{
    Json *j = ask(w, method, target, body, status);
    Str detail = json_str(json_get(j, "detail"));
    if (str_find(detail, str_of(part), 0) == SIZE_MAX)
        fail_msg("%s %s %s: \"" STR_FMT "\" does not contain \"%s\"", method, target,
            body ? body : "", STR_ARG(detail), part);
    json_free(j);
}

static const char *member(const Json *j, const char *name)
{
    static char ring[8][200];
    static unsigned turn;
    char *out = ring[turn++ % 8];
    Str s = json_str(json_get(j, name));
    (void)snprintf(out, sizeof ring[0], STR_FMT, STR_ARG(s));
    return out;
}

/* POSTs a task; its path. */
static const char *make(World *w, const char *body)
{
    static char ring[8][100];
    static unsigned turn;
    char *out = ring[turn++ % 8];
    Json *j = ask(w, "POST", TASKS, body, 201);
    (void)snprintf(out, sizeof ring[0], TASKS "/%s", member(j, "id"));
    json_free(j);
    return out;
}

static void later(int64_t ms)
{
    clock_set_ms(clock_now_ms() + ms);
}

static void life_of_a_task(void **state)
{
    World *w = *state;
    char path[120], target[200];
    Json *j = ask(w, "POST", TASKS, "{\"title\":\"call the bank\",\"notes\":\"a\\nb\","
        "\"due_at\":\"2026-11-24T09:00:00+01:00\",\"tags\":[\"home\"],\"priority\":\"high\","
        "\"remind_before\":[\"PT1H\",\"0\"]}", 201);
    (void)snprintf(path, sizeof path, TASKS "/%s", member(j, "id"));
    assert_string_equal(member(j, "status"), "open");
    assert_string_equal(member(j, "kind"), "task");
    assert_string_equal(member(j, "due_at"), "2026-11-24T09:00:00+01:00");
    assert_string_equal(member(j, "remind_at"), "2026-11-24T08:00:00+01:00");
    assert_int_equal(json_count(json_get(j, "reminders")), 2);
    assert_int_equal(strlen(member(j, "change_id")), 36);
    json_free(j);
    j = ask(w, "PATCH", path, "{\"title\":\"call the other bank\",\"due_at\":\"2026-11-30\"}", 200);
    assert_string_equal(member(j, "title"), "call the other bank");
    assert_string_equal(member(j, "due_at"), "2026-11-30T00:00:00+01:00");
    assert_string_equal(member(j, "notes"), "a\nb");
    json_free(j);
    json_free(ask(w, "POST", TASKS "/undo", NULL, 200));
    j = ask(w, "GET", path, NULL, 200);
    assert_string_equal(member(j, "due_at"), "2026-11-24T09:00:00+01:00");
    json_free(j);
    (void)snprintf(target, sizeof target, "%s/complete", path);
    j = ask(w, "POST", target, NULL, 200);
    assert_string_equal(member(j, "status"), "done");
    assert_int_equal(json_type(json_get(j, "remind_at")), JSON_T_NULL);
    json_free(j);
    refused(w, "POST", target, "{}", 409, "done already");
    (void)snprintf(target, sizeof target, "%s/reopen", path);
    json_free(ask(w, "POST", target, "{}", 200));
    refused(w, "POST", target, NULL, 409, "open already");
    j = ask(w, "PATCH", path, "{\"status\":\"done\"}", 200);
    assert_string_equal(member(j, "status"), "done");
    json_free(j);
    (void)ask(w, "DELETE", path, NULL, 204);
    refused(w, "GET", path, NULL, 404, "no such task");
    j = ask(w, "POST", TASKS "/undo", "{}", 200);
    assert_string_equal(member(json_get(j, "undone"), "what"), "deleted");
    assert_int_equal(json_count(json_get(j, "tasks")), 1);
    json_free(j);
    json_free(ask(w, "GET", path, NULL, 200));
    j = ask(w, "GET", TASKS "/changes?limit=3", NULL, 200);
    assert_int_equal(json_count(json_get(j, "changes")), 3);
    json_free(j);
}

static void bad_input(void **state)
{
    static const struct {
        const char *body, *part;
    } posts[] = {
        {"{}", "text or title is missing"},
        {"[]", "JSON object"},
        {"{\"title\":\"\"}", "title"},
        {"{\"title\":\"   \"}", "title"},
        {"{\"title\":\"x\",\"due_at\":\"tomorrow\"}", "due_at must be an RFC 3339 time"},
        {"{\"title\":\"x\",\"due_at\":\"2026-02-30\"}", "due_at"},
        {"{\"title\":\"x\",\"priority\":\"huge\"}", "priority must be one of low|normal"},
        {"{\"title\":\"x\",\"kind\":\"party\"}", "kind must be one of"},
        {"{\"title\":\"x\",\"zone\":\"Mars/Base\"}", "Mars/Base"},
        {"{\"title\":\"x\",\"zone\":\"../../etc/passwd\"}", "zone"},
        {"{\"title\":\"x\",\"rrule\":\"FREQ=NEVER\"}", "rrule"},
        {"{\"title\":\"x\",\"due_at\":\"2026-11-24\",\"due\":\"Friday\"}", "give one of them"},
        {"{\"title\":\"x\",\"remind_before\":[\"soon\"]}", "remind_before"},
        {"{\"kind\":\"timer\"}", "a timer needs a time"},
        {"{\"title\":\"x\",\"colour\":\"red\"}", "unknown member \"colour\""},
        {"{\"title\":\"x\",\"tags\":[\"\"]}", "tag"},
        {"{\"title\":7}", "title must be a string"},
    };
    static const struct {
        const char *target, *part;
    } gets[] = {
        {TASKS "?status=lost", "status must be one of"},
        {TASKS "?kind=party", "kind must be one of"},
        {TASKS "?limit=0", "limit must be between"},
        {TASKS "?cursor=zz", "cursor"},
        {TASKS "?sort=colour", "sort must be one of"},
        {TASKS "?due_before=soon", "due_before"},
        {TASKS "?colour=red", "unknown parameter"},
    };
    World *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(posts); i++)
        refused(w, "POST", TASKS, posts[i].body, 400, posts[i].part);
    for (size_t i = 0; i < ARRAY_LEN(gets); i++)
        refused(w, "GET", gets[i].target, NULL, 400, gets[i].part);
    refused(w, "GET", TASKS "/7", NULL, 404, "there is no task \"7\"");
    refused(w, "POST", TASKS "/01a207a2-2ac8-7016-aa00-4d7ca1afed6d/complete", NULL, 404,
        "no such task");
    refused(w, "POST", TASKS "/undo", NULL, 404, "nothing to undo");
    refused(w, "POST", TASKS "/undo", "{\"change_id\":\"x\"}", 400, "change_id must be a UUID");
    const char *path = make(w, "{\"title\":\"x\"}");
    char target[200];
    refused(w, "PATCH", path, "{}", 400, "nothing is to be changed");
    refused(w, "PATCH", path, "{\"status\":\"done\",\"title\":\"y\"}", 400, "by itself");
    (void)snprintf(target, sizeof target, "%s/snooze", path);
    refused(w, "POST", target, "{}", 400, "either until or for");
    refused(w, "POST", target, "{\"until\":\"2026-11-23T09:00:00+01:00\"}", 400, "later than now");
    refused(w, "POST", target, "{\"for\":\"PT0S\"}", 400, "no time at all");
    json_free(ask(w, "PATCH", path, "{\"rrule\":\"FREQ=DAILY\"}", 200));
    refused(w, "PATCH", path, "{\"due_at\":null}", 400, "recurring task needs a time");
}

static void listing(void **state)
{
    World *w = *state;
    make(w, "{\"title\":\"late\",\"due_at\":\"2026-11-20\"}");
    make(w, "{\"title\":\"today\",\"due_at\":\"2026-11-23\"}");
    make(w, "{\"title\":\"timer\",\"kind\":\"timer\",\"duration\":\"PT8M\"}");
    make(w, "{\"title\":\"some time\",\"tags\":[\"Garden\"],\"priority\":\"low\"}");
    static const struct {
        const char *query;
        int total;
    } asked[] = {{"", 4}, {"?status=open", 4}, {"?status=done", 0}, {"?overdue=true", 1},
        {"?kind=timer", 1}, {"?kind=timer&kind=task", 4}, {"?tag=garden", 1}, {"?q=some+time", 1},
        {"?q=garden", 1}, {"?due_before=2026-11-24T00:00:00Z", 3},
        {"?due_after=2026-11-23T08:00:00Z", 1}, {"?priority=low", 1}, {"?source=api", 4}};
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        char target[200];
        int64_t total = -1;
        (void)snprintf(target, sizeof target, TASKS "%s", asked[i].query);
        Json *j = ask(w, "GET", target, NULL, 200);
        json_int(json_get(j, "total"), &total);
        if (total != asked[i].total)
            fail_msg("%s: %d, not %d", target, (int)total, asked[i].total);
        json_free(j);
    }
    Json *j = ask(w, "GET", TASKS "?limit=3", NULL, 200);
    char target[300];
    (void)snprintf(target, sizeof target, TASKS "?limit=3&cursor=%s", member(j, "next_cursor"));
    assert_string_equal(member(json_at(json_get(j, "tasks"), 0), "title"), "late");
    json_free(j);
    j = ask(w, "GET", target, NULL, 200);
    assert_int_equal(json_count(json_get(j, "tasks")), 1);
    assert_string_equal(member(json_at(json_get(j, "tasks"), 0), "title"), "some time");
    assert_int_equal(json_type(json_get(j, "next_cursor")), JSON_T_NULL);
    json_free(j);
}

static void reminders(void **state)
{
    World *w = *state;
    char target[200], path[100];
    Err err = ERR_INIT;
    bool flag = false;
    (void)snprintf(path, sizeof path, "%s", make(w, "{\"title\":\"call\",\"kind\":\"reminder\","
        "\"due_at\":\"2026-11-23T11:00:00+01:00\"}"));
    later(3600 * 1000);
    assert_int_equal(scheduler_run_once(w->tasks, &err), 1);
    Json *j = ask(w, "GET", "/api/v1/reminders", NULL, 200);
    const Json *r = json_at(json_get(j, "reminders"), 0);
    assert_int_equal(json_count(json_get(j, "reminders")), 1);
    assert_string_equal(member(json_get(r, "task"), "title"), "call");
    assert_string_equal(member(r, "at"), "2026-11-23T10:00:00Z");
    (void)snprintf(target, sizeof target, "/api/v1/reminders/%s/acknowledge", member(r, "id"));
    json_free(j);
    j = ask(w, "POST", target, NULL, 200);
    assert_true(json_bool(json_get(j, "first"), &flag) && flag);
    json_free(j);
    j = ask(w, "POST", target, "{}", 200);
    assert_true(json_bool(json_get(j, "first"), &flag) && !flag);
    json_free(j);
    j = ask(w, "GET", "/api/v1/reminders", NULL, 200);
    assert_int_equal(json_count(json_get(j, "reminders")), 0);
    json_free(j);
    refused(w, "POST", "/api/v1/reminders/01a207a2-2ac8-7016-aa00-4d7ca1afed6d/acknowledge", NULL,
        404, "no such reminder");
    (void)snprintf(target, sizeof target, "%s/snooze", path);
    j = ask(w, "POST", target, "{\"for\":\"PT1H\"}", 200);
    assert_string_equal(member(j, "due_at"), "2026-11-23T11:00:00+01:00");
    Str until = json_str(json_get(j, "remind_at"));
    assert_true(str_starts(until, STR("2026-11-23T12:00:0")));
    json_free(j);
    later(3600 * 1000 + 10000);
    assert_int_equal(scheduler_run_once(w->tasks, &err), 1);
    (void)snprintf(target, sizeof target, "%s/complete", path);
    json_free(ask(w, "POST", target, NULL, 200));
    j = ask(w, "GET", "/api/v1/reminders", NULL, 200); /* acted on: dealt with */
    assert_int_equal(json_count(json_get(j, "reminders")), 0);
    json_free(j);
}

static void recurring(void **state)
{
    World *w = *state;
    char target[200], path[100];
    (void)snprintf(path, sizeof path, "%s", make(w, "{\"title\":\"bins\","
        "\"due_at\":\"2026-11-23T18:00:00+01:00\",\"rrule\":\"FREQ=WEEKLY;BYDAY=MO\"}"));
    (void)snprintf(target, sizeof target, "%s/complete", path);
    Json *j = ask(w, "POST", target, NULL, 200);
    assert_string_equal(member(j, "status"), "open");
    assert_string_equal(member(j, "due_at"), "2026-11-30T18:00:00+01:00");
    assert_int_equal(strlen(member(j, "completed_occurrence")), 36);
    json_free(j);
    j = ask(w, "GET", path, NULL, 200);
    assert_int_equal(json_count(json_get(j, "history")), 1);
    assert_string_equal(member(json_at(json_get(j, "history"), 0), "status"), "done");
    json_free(j);
}

/* Every route that is declared is there, and no two are the same. */
static void the_whole_table(void **state)
{
    (void)state;
    size_t n, tasks = 0;
    const ApiRoute *r = api_routes(&n);
    for (size_t i = 0; i < n; i++) {
        tasks += str_eq(str_of(r[i].tag), STR("tasks"));
        assert_true(r[i].n_query <= API_FIELDS_MAX && r[i].n_body <= API_FIELDS_MAX);
        for (size_t k = 0; k < i; k++)
            assert_false(str_eq(str_of(r[i].method), str_of(r[k].method))
                && str_eq(str_of(r[i].pattern), str_of(r[k].pattern)));
    }
    assert_int_equal(tasks, 17);
    assert_true(n < 200);
}

#define T(test) cmocka_unit_test_setup_teardown(test, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {T(life_of_a_task), T(bad_input), T(listing), T(reminders),
        T(recurring), T(the_whole_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
