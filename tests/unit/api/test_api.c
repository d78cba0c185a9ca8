/* test_api.c - every route's handler without a socket, over a real store, encoder and readers. */
#include "support/unit.h"

#include <stdlib.h>

#include "api/call.h"
#include "base/mem.h"
#include "ingest/sandbox.h"
#include "support/tempdir.h"

typedef struct {
    TempDir dir;
    Store *store;
    Minilm *model;
    Search *search;
    Ingest *ingest;
    Api *api;
} World;

static const char *model_path(void)
{
    static char path[600];
    const char *dir = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   dir && *dir ? dir : SOTTO_SOURCE_DIR "/models");
    return path;
}

static int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    assert_non_null(w);
    tempdir_make(&w->dir);
    StoreOptions so = {.dir = w->dir.path, .model = "all-MiniLM-L6-v2"};
    w->store = store_open_sqlite(&so, &err);
    w->model = w->store ? minilm_open(model_path(), MINILM_INT8, &err) : NULL;
    if (!w->model)
        fail_msg("%s (make test sets up the model)", err.msg);
    w->search =
        search_new(&(SearchOptions){.store = w->store, .model = w->model, .workers = 1}, &err);
    w->ingest =
        ingest_new(&(IngestOptions){.store = w->store, .model = w->model, .workers = 1}, &err);
    if (!w->search || !w->ingest)
        fail_msg("%s", err.msg);
    ApiParts parts = {.store = w->store,
                      .search = w->search,
                      .ingest = w->ingest,
                      .model = w->model,
                      .owner = {{1}}};
    w->api = api_new(&parts, &err);
    if (!w->api)
        fail_msg("%s", err.msg);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    api_free(w->api);
    ingest_free(w->ingest);
    search_free(w->search);
    store_close(w->store);
    minilm_close(w->model);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

/* One request; the exchange is the caller's to free. */
static HttpExchange *ask(World *w, const char *method, const char *target, const char *type,
                         Str body)
{
    Err err = ERR_INIT;
    HttpHeader header = {STR("Content-Type"), str_of(type)};
    HttpExchange *x =
        http_exchange_new(str_of(method), str_of(target), &header, type ? 1 : 0, body, &err);
    if (!x)
        fail_msg("%s %s: %s", method, target, err.msg);
    api_dispatch(w->api, x, 0);
    assert_true(http_exchange_wait(x, 30000));
    return x;
}

/* The answer's JSON, which must have that status; the tree is the caller's. */
static Json *ask_json(World *w, const char *method, const char *target, const char *body,
                      int status)
{
    Err err = ERR_INIT;
    HttpExchange *x = ask(w, method, target, body ? "application/json" : NULL, str_of(body));
    Str text = http_resp_body(x);
    if (x->resp.status != status)
        fail_msg("%s %s: %d, not %d: " STR_FMT, method, target, x->resp.status, status,
                 STR_ARG(text));
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, &err);
    if (!j)
        fail_msg("%s %s: %s", method, target, err.msg);
    http_exchange_free(x);
    return j;
}

static char *id_of(const Json *doc)
{
    static char id[UUID_TEXT];
    Str s = json_str(json_get(doc, "id"));
    assert_int_equal(s.len, 36);
    (void)snprintf(id, sizeof id, STR_FMT, STR_ARG(s));
    return id;
}

#define DOCUMENTS "/api/v1/knowledge/documents"

static void document_life(void **state)
{
    World *w = *state;
    char path[200];
    Json *j = ask_json(w, "POST", DOCUMENTS,
                       "{\"title\":\"Keys\",\"content\":\"The spare key is with Dana.\","
                       "\"metadata\":{\"room\":\"hall\",\"tags\":[\"home\"]}}",
                       201);
    (void)snprintf(path, sizeof path, DOCUMENTS "/%s", id_of(j));
    assert_str(json_str(json_get(j, "content")), "The spare key is with Dana.");
    assert_str(json_str(json_get(json_get(j, "metadata"), "room")), "hall");
    assert_str(json_str(json_at(json_get(json_get(j, "metadata"), "tags"), 0)), "home");
    json_free(j);
    j = ask_json(w, "POST", DOCUMENTS, "{\"content\":\"The spare key is with Dana.\"}", 200);
    assert_true(strstr(path, id_of(j)) != NULL);
    json_free(j);
    j = ask_json(w, "PATCH", path,
                 "{\"title\":\"Spare keys\",\"metadata\":{\"room\":null,\"floor\":2}}", 200);
    assert_str(json_str(json_get(j, "title")), "Spare keys");
    assert_null(json_get(json_get(j, "metadata"), "room"));
    assert_non_null(json_get(json_get(j, "metadata"), "floor"));
    json_free(j);
    j = ask_json(w, "GET", "/api/v1/knowledge/search?q=who+has+the+spare+key&threshold=0", NULL,
                 200);
    const Json *hit = json_at(json_get(j, "documents"), 0);
    assert_true(strstr(path, id_of(hit)) != NULL);
    Str content = json_str(json_get(hit, "content"));
    const Json *match = json_at(json_get(hit, "matches"), 0);
    int64_t start = -1, end = -1;
    assert_true(json_int(json_get(match, "start"), &start) &&
                json_int(json_get(match, "end"), &end));
    assert_true(
        str_eq(str_sub(content, (size_t)start, (size_t)end), json_str(json_get(match, "text"))));
    json_free(j);
    HttpExchange *x = ask(w, "DELETE", path, NULL, STR(""));
    assert_int_equal(x->resp.status, 204);
    http_exchange_free(x);
    json_free(ask_json(w, "GET", path, NULL, 404));
    j = ask_json(w, "GET", "/api/v1/knowledge/search?q=spare+key&threshold=-1", NULL, 200);
    assert_int_equal(json_count(json_get(j, "documents")), 0);
    json_free(j);
}

static void upload_and_original(void **state)
{
    World *w = *state;
    static const char form[] = "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a "
                               "\\\"b\\\".html\"\r\n"
                               "Content-Type: text/html\r\n\r\n<!doctype "
                               "html><title>Boiler</title><p>Serviced in March.</p>\r\n"
                               "--B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\nhome, "
                               "heating\r\n--B--\r\n";
    HttpExchange *x = ask(w, "POST", DOCUMENTS, "multipart/form-data; boundary=B", str_of(form));
    assert_int_equal(x->resp.status, 201);
    Err err = ERR_INIT;
    Json *j = json_parse(http_resp_body(x), 16, &err);
    assert_str(json_str(json_get(j, "title")), "Boiler");
    assert_int_equal(json_count(json_get(json_get(j, "metadata"), "tags")), 2);
    char path[200];
    (void)snprintf(path, sizeof path, DOCUMENTS "/%s/original", id_of(j));
    assert_non_null(http_resp_find(x, "Location").ptr);
    json_free(j);
    http_exchange_free(x);
    x = ask(w, "GET", path, NULL, STR(""));
    assert_int_equal(x->resp.status, 200);
    assert_true(str_starts(x->resp.content_type, STR("text/plain"))); /* never as HTML */
    assert_true(str_starts(http_resp_body(x), STR("<!doctype html>")));
    assert_true(str_starts(http_resp_find(x, "Content-Disposition"), STR("attachment;")));
    http_exchange_free(x);
}

/* 404, 405 with Allow, OPTIONS; problem+json below /api and OpenAI's shape below /v1. */
static void unrouted(void **state)
{
    World *w = *state;
    Json *j = ask_json(w, "GET", "/api/v1/nothing", NULL, 404);
    assert_str(json_str(json_get(j, "code")), "NOT_FOUND");
    assert_str(json_str(json_get(j, "instance")), "/api/v1/nothing");
    json_free(j);
    j = ask_json(w, "GET", "/v1/nothing", NULL, 404);
    assert_non_null(json_get(json_get(j, "error"), "message"));
    json_free(j);
    HttpExchange *x = ask(w, "PUT", DOCUMENTS, NULL, STR(""));
    assert_int_equal(x->resp.status, 405);
    assert_true(str_find(http_resp_find(x, "Allow"), STR("POST"), 0) != SIZE_MAX);
    http_exchange_free(x);
    x = ask(w, "OPTIONS", DOCUMENTS, NULL, STR(""));
    assert_int_equal(x->resp.status, 204);
    http_exchange_free(x);
}

/* The document has every route, every route is in the document, every $ref leads somewhere. */
static void openapi_and_routes_agree(void **state)
{
    World *w = *state;
    Json *j = ask_json(w, "GET", "/openapi.json", NULL, 200);
    size_t n, operations = 0;
    const ApiRoute *routes = api_routes(&n);
    const Json *paths = json_get(j, "paths");
    for (size_t i = 0; i < n; i++) {
        char path[160], method[16];
        size_t k = 0;
        for (const char *p = routes[i].pattern; *p; p++)
            if (strncmp(p, "...", 3) == 0)
                p += 2;
            else
                path[k++] = *p;
        path[k] = 0;
        for (k = 0; routes[i].method[k]; k++)
            method[k] = (char)(routes[i].method[k] | 0x20);
        method[k] = 0;
        if (!json_get(json_get(paths, path), method))
            fail_msg("%s %s is not documented", method, path);
    }
    void *iter = NULL;
    Str key;
    const Json *value;
    while (json_each(paths, &iter, &key, &value))
        operations += json_count(value);
    assert_int_equal(operations, n);
    Buf text;
    buf_init(&text, 1 << 20);
    assert_true(json_dump(j, &text));
    const Json *schemas = json_get(json_get(j, "components"), "schemas");
    for (size_t at = 0;
         (at = str_find(buf_str(&text), STR("#/components/schemas/"), at)) != SIZE_MAX;) {
        at += sizeof "#/components/schemas/" - 1;
        char name[64] = "";
        size_t end = str_find(buf_str(&text), STR("\""), at);
        (void)snprintf(name, sizeof name, "%.*s", (int)(end - at), text.ptr + at);
        if (!json_get(schemas, name))
            fail_msg("no schema %s", name);
    }
    buf_release(&text);
    json_free(j);
}

static void search_with(World *w, uint64_t nth, int *status)
{
    Err err = ERR_INIT;
    static const char body[] = "{\"q\":\"torture key\",\"tag\":[\"t\"],\"threshold\":-1}";
    HttpHeader header = {STR("Content-Type"), STR("application/json")};
    HttpExchange *x = http_exchange_new(STR("POST"), STR("/api/v1/knowledge/search"), &header, 1,
                                        str_of(body), &err);
    assert_non_null(x);
    mem_test_fail(nth, 0);
    api_dispatch(w->api, x, 0);
    mem_test_fail(0, 0);
    assert_true(http_exchange_wait(x, 30000));
    *status = x->resp.status;
    http_exchange_free(x);
}

/* The Nth allocation of a search fails: an error, and the next search is right. */
static void search_short_of_memory(void **state)
{
    World *w = *state;
    json_free(
        ask_json(w, "POST", DOCUMENTS, "{\"content\":\"torture key\",\"tags\":[\"t\"]}", 201));
    int failed = 0, status = 0;
    for (uint64_t nth = 1; nth < 3000; nth++) {
        search_with(w, nth, &status);
        if (status == 200)
            break;
        assert_true(status == 500 || status == 503 || status == 507);
        failed++;
    }
    assert_int_equal(status, 200);
    assert_true(failed > 3);
    Json *j = ask_json(w, "GET", "/api/v1/knowledge/search?q=torture+key&threshold=-1", NULL, 200);
    assert_true(json_count(json_get(j, "documents")) >= 1);
    json_free(j);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_life),
        cmocka_unit_test(upload_and_original),
        cmocka_unit_test(unrouted),
        cmocka_unit_test(openapi_and_routes_agree),
        cmocka_unit_test(search_short_of_memory),
    };
    return cmocka_run_group_tests(tests, world_up, world_down);
}
