/* fuzz_route.c - requests, at the handlers of every route, over a store of their own (world.h), one
 * after the other: what one makes the next may name, change and delete. Each is answered once, with
 * a status of HTTP's and, where it says JSON, with JSON. Files are left out, which confined readers
 * take (targets of their own) and which need a model.
 *
 * The input is requests with a line "===" between: METHOD TARGET, a line end, the Content-Type, a
 * line end, the body. A '$' in target or body is the last "id" that was answered. */
#include "world.h"

#define REQUESTS_MAX 16
#define PATIENCE_MS 20000

static char last_id[80];

static Str line(Str *rest)
{
    size_t at = str_find(*rest, STR("\n"), 0);
    Str out = at == SIZE_MAX ? *rest : str_sub(*rest, 0, at);
    *rest = at == SIZE_MAX ? STR("") : str_sub(*rest, at + 1, rest->len);
    return out;
}

static void fill_in(Buf *out, Str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '$')
            buf_add_c(out, last_id);
        else
            buf_add_char(out, text.ptr[i]);
}

static void note_id(const Json *j)
{
    Str id = json_str(json_get(j, "id"));
    const Json *list = json_get(j, "conversations");
    if (!id.ptr)
        id = json_str(json_get(json_at(list, 0), "id"));
    if (id.ptr && id.len < sizeof last_id)
        (void)snprintf(last_id, sizeof last_id, STR_FMT, STR_ARG(id));
}

static void check_answer(const HttpExchange *x)
{
    Err err = ERR_INIT;
    int status = x->resp.status;
    Str body = http_resp_body(x), type = x->resp.content_type;
    REQUIRE(status >= 200 && status < 600 && status != 500);
    for (size_t i = 0; i < type.len; i++)
        REQUIRE((unsigned char)type.ptr[i] >= 0x20);
    if (str_find(type, STR("json"), 0) == SIZE_MAX || str_find(type, STR("jsonl"), 0) != SIZE_MAX ||
        !body.len)
        return;
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH + 8, &err);
    REQUIRE(j && utf8_ok(body));
    if (status >= 400)
        REQUIRE(json_get(j, "detail") || json_get(j, "error"));
    note_id(j);
    json_free(j);
}

/* Those that hand bytes to confined readers. */
static bool takes_files(Str method, Str target)
{
    return str_starts(target, STR("/api/v1/knowledge")) && !str_eq(method, STR("GET")) &&
           !str_starts(target, STR("/api/v1/knowledge/search"));
}

static void ask(World *w, Str request)
{
    Err err = ERR_INIT;
    Buf target, body;
    Str first = line(&request), type = line(&request);
    size_t space = str_find(first, STR(" "), 0);
    Str method = str_sub(first, 0, space);
    buf_init(&target, 8192);
    buf_init(&body, 1 << 20);
    fill_in(&target, space == SIZE_MAX ? STR("/") : str_sub(first, space + 1, first.len));
    fill_in(&body, request);
    HttpHeader headers[] = {{STR("Host"), STR("h")}, {STR("Content-Type"), type}};
    HttpExchange *x = NULL;
    if (method.len && buf_ok(&target) && buf_ok(&body) &&
        !takes_files(method, buf_str(&target)))
        x = http_exchange_new(method, buf_str(&target), headers, type.len ? 2 : 1, buf_str(&body),
                              &err);
    if (x) {
        api_dispatch(w->api, x, 0);
        REQUIRE(http_exchange_wait(x, PATIENCE_MS));
        check_answer(x);
    }
    http_exchange_free(x);
    buf_release(&target);
    buf_release(&body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    World w;
    Str input = str_mem((const char *)data, size);
    if (size < 2 || size > 65536)
        return 0;
    last_id[0] = '\0';
    world_up(&w);
    for (int i = 0; i < REQUESTS_MAX && input.len; i++) {
        size_t end = str_find(input, STR("\n===\n"), 0);
        ask(&w, str_sub(input, 0, end == SIZE_MAX ? input.len : end));
        input = end == SIZE_MAX ? STR("") : str_sub(input, end + 5, input.len);
    }
    world_down(&w);
    return 0;
}
