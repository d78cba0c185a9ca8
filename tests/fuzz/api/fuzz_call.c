/* fuzz_call.c - what a client sends to any route: query, form and JSON, read by the route's own
 * tables. What is taken keeps the table's promises; what is refused is refused with a reason.
 *
 *   byte 0: the route; then the query, a line end, the Content-Type, a line end, the body */
#include <stdlib.h>

#include "api/call.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Up to the next line end, which is taken too. */
static Str line(Str *rest)
{
    size_t at = str_find(*rest, STR("\n"), 0);
    Str out = at == SIZE_MAX ? *rest : str_sub(*rest, 0, at);
    *rest = at == SIZE_MAX ? STR("") : str_sub(*rest, at + 1, rest->len);
    return out;
}

static void check_text(const Field *f, Str text)
{
    REQUIRE(utf8_ok(text));
    if (f->max > 0)
        REQUIRE((double)utf8_count(text) <= f->max);
    for (size_t i = 0; f->type == F_STRING && i < text.len; i++)
        REQUIRE((unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7f);
}

static bool is_choice(const Field *f, Str text)
{
    Str rest = str_of(f->choices), one;
    while (str_next(&rest, '|', &one))
        if (str_eq(one, text))
            return true;
    return false;
}

static void check_value(const Field *f, const FieldValue *v)
{
    if (!v->given || v->is_null) {
        REQUIRE(!f->required || (v->is_null && f->nullable) || v->given);
        return;
    }
    switch (f->type) {
    case F_STRING:
    case F_TEXT: check_text(f, v->str); break;
    case F_INT: REQUIRE((double)v->i >= f->min && (double)v->i <= f->max); break;
    case F_NUMBER: REQUIRE(v->num >= f->min && v->num <= f->max); break;
    case F_ENUM: REQUIRE(is_choice(f, v->str)); break;
    case F_STRINGS:
        REQUIRE(f->max <= 0 || (double)v->n_list <= f->max);
        for (size_t i = 0; i < v->n_list; i++)
            REQUIRE(utf8_ok(v->list[i]));
        break;
    default: break;
    }
}

static void check_error(const Err *err)
{
    REQUIRE(err->code != ERR_NONE && err->msg[0] && utf8_ok(str_of(err->msg)));
    for (const char *p = err->msg; *p; p++)
        REQUIRE((unsigned char)*p >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n;
    const ApiRoute *routes = api_routes(&n);
    if (size < 1)
        return 0;
    const ApiRoute *r = &routes[data[0] % n];
    Str rest = str_mem((const char *)data + 1, size - 1);
    Str query = line(&rest), type = line(&rest);
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)64 << 20);
    HttpHeader header = {STR("Content-Type"), type};
    HttpExchange *x = http_exchange_new(str_of(r->method), STR("/"), &header, 1, rest, &err);
    ApiCall *c = a ? ARENA_NEW(a, ApiCall) : NULL;
    if (x && c) {
        x->req.query = query;
        *c = (ApiCall){.x = x, .arena = a, .route = r};
        c->query = ARENA_NEW_ARRAY(a, FieldValue, r->n_query + 1);
        c->body = ARENA_NEW_ARRAY(a, FieldValue, r->n_body + 1);
        REQUIRE(c->query && c->body);
        if (call_read(c, &err)) {
            for (size_t i = 0; i < r->n_query; i++)
                check_value(&r->query[i], &c->query[i]);
            for (size_t i = 0; i < r->n_body; i++)
                check_value(&r->body[i], &c->body[i]);
        } else {
            check_error(&err);
        }
        json_free(c->tree);
    }
    http_exchange_free(x);
    arena_free(a);
    return 0;
}
