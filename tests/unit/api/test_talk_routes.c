/* test_talk_routes.c - conversations, memory and chat completions through their routes, without a
 * socket, over a real store, encoder and assistant. Needs the encoder's file (SOTTO_MODELS). */
#include "support/unit.h"

#include <stdlib.h>

#include "api/call.h"
#include "api/talk_json.h"
#include "base/mem.h"
#include "ingest/sandbox.h"
#include "support/tempdir.h"

#define SAY "/api/v1/conversations/messages"
#define CHAT "/v1/chat/completions"

typedef struct {
    TempDir dir;
    Store *store;
    Minilm *model;
    Search *search;
    Ingest *ingest;
    Tasks *tasks;
    Assistant *assistant;
    Api *api;
} World;

static int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    char path[600];
    const char *dir = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   dir && *dir ? dir : SOTTO_SOURCE_DIR "/models");
    assert_non_null(w);
    tempdir_make(&w->dir);
    w->store = store_open_sqlite(
        &(StoreOptions){.dir = w->dir.path, .model = "all-MiniLM-L6-v2"}, &err);
    w->model = w->store ? minilm_open(path, MINILM_INT8, &err) : NULL;
    if (!w->model)
        fail_msg("%s (make test sets up the model)", err.msg);
    w->search =
        search_new(&(SearchOptions){.store = w->store, .model = w->model, .workers = 1}, &err);
    w->ingest =
        ingest_new(&(IngestOptions){.store = w->store, .model = w->model, .workers = 1}, &err);
    w->tasks = tasks_new(&(TasksOptions){.store = w->store, .owner = {{1}},
                                         .zone = STR("Europe/Berlin")}, &err);
    assert_true(w->search && w->ingest && w->tasks);
    w->assistant = assistant_new(&(AssistantParts){.store = w->store, .search = w->search,
                                                   .tasks = w->tasks, .model = w->model,
                                                   .workers = 1, .owner = {{1}}}, &err);
    assert_non_null(w->assistant);
    w->api = api_new(&(ApiParts){.store = w->store, .search = w->search, .ingest = w->ingest,
                                 .tasks = w->tasks, .assistant = w->assistant, .model = w->model,
                                 .owner = {{1}}}, &err);
    assert_non_null(w->api);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    api_free(w->api);
    assistant_free(w->assistant);
    tasks_free(w->tasks);
    ingest_free(w->ingest);
    search_free(w->search);
    store_close(w->store);
    minilm_close(w->model);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

static HttpExchange *ask(World *w, const char *method, const char *target, const char *body,
                         const char *accept)
{
    Err err = ERR_INIT;
    HttpHeader headers[3] = {{STR("Host"), STR("sotto.example:8080")}};
    size_t n = 1;
    if (body)
        headers[n++] = (HttpHeader){STR("Content-Type"), STR("application/json")};
    if (accept)
        headers[n++] = (HttpHeader){STR("Accept"), str_of(accept)};
    HttpExchange *x =
        http_exchange_new(str_of(method), str_of(target), headers, n, str_of(body), &err);
    if (!x)
        fail_msg("%s %s: %s", method, target, err.msg);
    api_dispatch(w->api, x, 0);
    assert_true(http_exchange_wait(x, 30000));
    return x;
}

static Json *ask_json(World *w, const char *method, const char *target, const char *body,
                      int status)
{
    Err err = ERR_INIT;
    HttpExchange *x = ask(w, method, target, body, NULL);
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
    Json *j = ask_json(w, method, target, body, status);
    Str why = json_str(json_get(j, "detail"));
    if (!why.ptr)
        why = json_str(json_get(json_get(j, "error"), "message"));
    if (str_find(why, str_of(part), 0) == SIZE_MAX)
        fail_msg("%s %s %s: \"" STR_FMT "\" does not contain \"%s\"", method, target,
                 body ? body : "", STR_ARG(why), part);
    json_free(j);
}

static void copy(const Json *j, const char *name, char *out, size_t size)
{
    Str s = json_str(json_get(j, name));
    assert_true(s.ptr && s.len < size);
    memcpy(out, s.ptr, s.len);
    out[s.len] = 0;
}

static void a_conversation(void **state)
{
    World *w = *state;
    char session[UUID_TEXT], other[UUID_TEXT], body[200], path[120], task[UUID_TEXT];
    Json *j = ask_json(w, "POST", SAY, "{\"message\":\"remind me to buy oats tomorrow at nine\"}",
                       200);
    copy(j, "session_id", session, sizeof session);
    Str id = json_str(json_at(json_get(j, "tasks"), 0));
    assert_int_equal(id.len, 36);
    memcpy(task, id.ptr, 36);
    task[36] = 0;
    assert_str(json_str(json_get(json_get(json_get(j, "intent"), "Command"), "action")),
               "reminder_add");
    json_free(j);
    (void)snprintf(path, sizeof path, "/api/v1/tasks/%s", task);
    json_free(ask_json(w, "GET", path, NULL, 200));
    j = ask_json(w, "POST", SAY, "{\"message\":\"what are my tasks?\"}", 200);
    assert_true(str_starts(json_str(json_get(j, "response")), STR("1 task open:\nbuy oats, ")));
    copy(j, "session_id", other, sizeof other);
    json_free(j);
    (void)snprintf(body, sizeof body, "/api/v1/conversations/%s", other);
    json_free(ask_json(w, "DELETE", body, NULL, 204));
    (void)snprintf(body, sizeof body, "{\"message\":\"undo\",\"session_id\":\"%s\"}", session);
    json_free(ask_json(w, "POST", SAY, body, 200));
    json_free(ask_json(w, "GET", path, NULL, 404));
    (void)snprintf(path, sizeof path, "/api/v1/conversations/%s", session);
    j = ask_json(w, "GET", path, NULL, 200);
    assert_int_equal(json_count(json_get(j, "messages")), 4);
    assert_str(json_str(json_get(json_at(json_get(j, "messages"), 2), "text")), "undo");
    json_free(j);
    j = ask_json(w, "PATCH", path, "{\"title\":\"Oats\"}", 200);
    assert_str(json_str(json_get(j, "title")), "Oats");
    json_free(j);
    j = ask_json(w, "GET", "/api/v1/conversations?q=oats", NULL, 200);
    assert_int_equal(json_count(json_get(j, "conversations")), 1);
    json_free(j);
    json_free(ask_json(w, "DELETE", path, NULL, 204));
    refused(w, "GET", path, NULL, 404, "no such conversation");
    refused(w, "POST", SAY, body, 404, "no such conversation");
    refused(w, "GET", SAY, NULL, 405, "only POST");
    refused(w, "POST", SAY, "{\"message\":\"\"}", 400, "must not be empty");
    refused(w, "POST", SAY, "{\"message\":\"  \"}", 400, "empty");
    refused(w, "POST", SAY, "{\"message\":\"x\",\"stream\":\"yes\"}", 400, "true or false");
    refused(w, "PATCH", path, "{\"title\":\" \"}", 400, "needs a title");
}

static void events(void **state)
{
    World *w = *state;
    static const struct {
        const char *body, *accept;
        bool streamed;
    } cases[] = {
        {"{\"message\":\"what can you do?\",\"stream\":true}", NULL, true},
        {"{\"message\":\"what can you do?\"}", "application/json, text/event-stream;q=0.5", true},
        {"{\"message\":\"what can you do?\",\"stream\":false}", "text/event-stream", false},
        {"{\"message\":\"what can you do?\"}", "text/event-streams", false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        HttpExchange *x = ask(w, "POST", SAY, cases[i].body, cases[i].accept);
        assert_int_equal(x->resp.status, 200);
        assert_str(x->resp.content_type,
                   cases[i].streamed ? "text/event-stream" : "application/json");
        Str text = http_resp_body(x);
        bool deltas = str_starts(text, STR("event: delta\ndata: {\"text\":"));
        bool done = str_find(text, STR("\n\nevent: done\ndata: {\"session_id\":"), 0) != SIZE_MAX;
        assert_true(deltas == cases[i].streamed && done == cases[i].streamed);
        http_exchange_free(x);
    }
}

static void pieces(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "One.", "One. Two.", "One.  Two!\n\nThree", "- a\n- b",
                                        "  leading. And more.  \n"};
    static const size_t counts[] = {0, 1, 2, 3, 2, 2};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        Str text = str_of(texts[i]), piece;
        size_t at = 0, n = 0;
        Buf whole;
        buf_init(&whole, 1000);
        for (; assistant_piece(text, &at, &piece); n++) {
            assert_true(piece.len > 0);
            buf_add(&whole, piece);
        }
        assert_str(buf_str(&whole), texts[i]);
        assert_int_equal(n, counts[i]);
        buf_release(&whole);
    }
}

static void memory(void **state)
{
    World *w = *state;
    char path[120], id[UUID_TEXT];
    Json *j = ask_json(w, "POST", "/api/v1/memory", "{\"text\":\"my desk is in room 4\"}", 201);
    copy(j, "id", id, sizeof id);
    assert_int_equal(json_type(json_get(j, "replaced")), JSON_T_NULL);
    json_free(j);
    j = ask_json(w, "POST", "/api/v1/memory", "{\"text\":\"My desk is in room 7.\"}", 201);
    assert_str(json_str(json_get(j, "replaced")), id);
    json_free(j);
    (void)snprintf(path, sizeof path, "/api/v1/memory/%s", id);
    refused(w, "PATCH", path, "{\"text\":\"my desk is gone\"}", 409, "took the place");
    j = ask_json(w, "GET", "/api/v1/memory?subject=my+desk&history=true", NULL, 200);
    assert_int_equal(json_count(json_get(j, "facts")), 2);
    copy(json_at(json_get(j, "facts"), 0), "id", id, sizeof id);
    json_free(j);
    (void)snprintf(path, sizeof path, "/api/v1/memory/%s?history=true", id);
    json_free(ask_json(w, "DELETE", path, NULL, 204));
    j = ask_json(w, "GET", "/api/v1/memory?history=true", NULL, 200);
    assert_int_equal(json_count(json_get(j, "facts")), 0);
    json_free(j);
    refused(w, "POST", "/api/v1/memory", "{\"text\":\"my pin code is 4711\"}", 400, "not kept");
    refused(w, "POST", "/api/v1/memory", "{\"text\":\" . \"}", 400, "nothing to remember");
    refused(w, "DELETE", path, NULL, 404, "no such fact");
    refused(w, "GET", "/api/v1/memory/x", NULL, 404, "there is no fact \"x\"");
}

static void chat(void **state)
{
    World *w = *state;
    Json *j = ask_json(w, "POST", CHAT,
                       "{\"model\":\"sotto\",\"unheard_of\":[1],\"messages\":[{\"role\":\"user\","
                       "\"content\":\"thanks\"}]}", 200);
    const Json *choice = json_at(json_get(j, "choices"), 0);
    int64_t prompt = 0;
    assert_true(json_str(json_get(json_get(choice, "message"), "content")).len > 0);
    assert_true(json_int(json_get(json_get(j, "usage"), "prompt_tokens"), &prompt));
    assert_int_equal(prompt, 1);
    json_free(j);
    HttpExchange *x = ask(w, "POST", CHAT,
                          "{\"model\":\"sotto\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                          "\"content\":\"what can you do?\"}]}", NULL);
    assert_str(x->resp.content_type, "text/event-stream");
    assert_true(str_starts(http_resp_body(x), STR("data: {\"id\":\"chatcmpl-")));
    assert_true(str_ends(http_resp_body(x), STR("data: [DONE]\n\n")));
    http_exchange_free(x);
    refused(w, "POST", CHAT, "{\"model\":\"gpt\",\"messages\":[{\"role\":\"user\"}]}", 404,
            "no model \"gpt\"");
    refused(w, "POST", CHAT, "{\"model\":\"sotto\",\"messages\":{}}", 400, "must be a list");
    refused(w, "POST", CHAT, "{\"model\":\"sotto\",\"messages\":[7]}", 400, "messages[0].role");
    refused(w, "POST", CHAT,
            "{\"model\":\"sotto\",\"messages\":[{\"role\":\"user\",\"content\":7}]}", 400,
            "messages[0].content");
    refused(w, "POST", CHAT,
            "{\"model\":\"sotto\",\"stop\":7,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
            400, "stop must be");
    refused(w, "POST", CHAT, "[]", 400, "must be a JSON object");
    j = ask_json(w, "GET", "/v1/models/sotto", NULL, 200);
    assert_str(json_str(json_get(j, "owned_by")), "sotto");
    json_free(j);
}

/* Whatever runs out at whatever moment: an error, or an answer that is whole. */
static void short_of_memory(void **state)
{
    World *w = *state;
    static const struct {
        const char *target, *body, *end;
    } cases[] = {
        {SAY, "{\"message\":\"thanks\"}", "}"},
        {SAY, "{\"message\":\"thanks\",\"stream\":true}", "\n\n"},
        {CHAT, "{\"model\":\"sotto\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":"
               "\"thanks\"}]}", "data: [DONE]\n\n"},
        {"/api/v1/memory", "{\"text\":\"my kettle is red\"}", "}"},
    };
    HttpHeader header = {STR("Content-Type"), STR("application/json")};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int failed = 0;
        for (uint64_t nth = 1;; nth++) {
            Err err = ERR_INIT;
            HttpExchange *x = http_exchange_new(STR("POST"), str_of(cases[i].target), &header, 1,
                                                str_of(cases[i].body), &err);
            assert_non_null(x);
            assert_true(nth < 20000);
            mem_test_fail(nth, 0);
            api_dispatch(w->api, x, 0);
            mem_test_fail(0, 0);
            assert_true(http_exchange_wait(x, 30000));
            int status = x->resp.status;
            bool whole = str_ends(http_resp_body(x), str_of(cases[i].end));
            http_exchange_free(x);
            if ((status == 200 || status == 201) && whole)
                break;
            assert_true(status == 200 || status == 500 || status == 503 || status == 507);
            failed++;
        }
        assert_true(failed > 3);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation),
        cmocka_unit_test(events),
        cmocka_unit_test(pieces),
        cmocka_unit_test(memory),
        cmocka_unit_test(chat),
        cmocka_unit_test(short_of_memory),
    };
    return cmocka_run_group_tests(tests, world_up, world_down);
}
