/* test_route_limits.c - every parameter and member of every route, at its limit and one past it.
 *
 * Made from the route table, so that a field that somebody adds later is tried too; a text or a
 * list without a limit must be one of those below, which have another one. */
#include "support/unit.h"

#include "api/call.h"
#include "base/mem.h"

/* Bounded by the body's size, or by the query's. */
static const char *const unbounded[] = {"content", "input", "audio_data"};

typedef struct {
    const ApiRoute *route;
    const Field *field;
    Arena *arena;
    size_t cases;
} Look;

static Str letters(Arena *a, size_t n)
{
    char *p = arena_alloc(a, n + 1);
    assert_non_null(p);
    memset(p, 'a', n);
    p[n] = '\0';
    return str_mem(p, n);
}

/* As a parameter and as a member of JSON. */
static void try_one(Look *l, Str text, bool quoted, bool good)
{
    FieldValue v = {0}, w = {0};
    Err err = ERR_INIT, json_err = ERR_INIT;
    Buf b;
    buf_init(&b, 1 << 24);
    buf_printf(&b, "%s" STR_FMT "%s", quoted ? "\"" : "", STR_ARG(text), quoted ? "\"" : "");
    Json *j = json_parse(buf_str(&b), 4, &json_err);
    assert_non_null(j);
    bool as_text = field_from_text(l->field, text, l->arena, &v, &err);
    bool as_json = field_from_json(l->field, j, l->arena, &w, &json_err);
    if (as_text != good || as_json != good)
        fail_msg("%s %s, %s of %zu bytes: %s %s", l->route->method, l->route->pattern,
                 l->field->name, text.len, err.msg, json_err.msg);
    if (!good) {
        assert_int_equal(err.code, ERR_VALIDATION);
        assert_int_equal(json_err.code, ERR_VALIDATION);
        assert_non_null(strstr(err.msg, l->field->name));
    }
    json_free(j);
    buf_release(&b);
    l->cases++;
}

static void try_number(Look *l, double value, bool good)
{
    Str text = l->field->type == F_INT ? arena_printf(l->arena, "%.0f", value)
                                       : arena_printf(l->arena, "%.17g", value);
    try_one(l, text, false, good);
}

static void try_numbers(Look *l)
{
    const Field *f = l->field;
    double step = f->type == F_INT ? 1 : 0.5;
    if (f->max < f->min || (f->max <= 0 && f->min >= 0)) /* n of a chat is 1 and nothing else */
        fail_msg("%s %s: %s has no range", l->route->method, l->route->pattern, f->name);
    try_number(l, f->min, true);
    try_number(l, f->max, true);
    if (f->max < 9e15) /* beyond, one more is the same double */
        try_number(l, f->max + step, false);
    if (f->min > -9e15)
        try_number(l, f->min - step, false);
}

static bool is_unbounded(const Field *f)
{
    for (size_t i = 0; i < ARRAY_LEN(unbounded); i++)
        if (strcmp(unbounded[i], f->name) == 0)
            return true;
    return false;
}

static void try_text(Look *l)
{
    const Field *f = l->field;
    if (f->max <= 0) {
        if (!is_unbounded(f))
            fail_msg("%s %s: %s has no limit", l->route->method, l->route->pattern, f->name);
        return;
    }
    try_one(l, letters(l->arena, (size_t)f->max), true, true);
    try_one(l, letters(l->arena, (size_t)f->max + 1), true, false);
    if (f->min > 0)
        try_one(l, letters(l->arena, (size_t)f->min - 1), true, false);
}

static void try_list(Look *l)
{
    const Field *f = l->field;
    FieldValue v = {0};
    Err err = ERR_INIT;
    if (f->max <= 0)
        fail_msg("%s %s: %s has no limit", l->route->method, l->route->pattern, f->name);
    for (size_t i = 0; i < (size_t)f->max; i++)
        assert_true(field_from_text(f, letters(l->arena, 200), l->arena, &v, &err));
    assert_false(field_from_text(f, STR("x"), l->arena, &v, &err));
    v = (FieldValue){0};
    err = ERR_INIT;
    assert_false(field_from_text(f, letters(l->arena, 201), l->arena, &v, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    l->cases += 3;
}

static void try_field(Look *l)
{
    switch (l->field->type) {
    case F_STRING:
    case F_TEXT: try_text(l); break;
    case F_INT:
    case F_NUMBER: try_numbers(l); break;
    case F_STRINGS: try_list(l); break;
    case F_ENUM: try_one(l, STR("no such choice"), true, false); break;
    case F_UUID: try_one(l, STR("0198-not-an-id"), true, false); break;
    case F_TIME: try_one(l, STR("2026-13-01"), true, false); break;
    case F_BOOL: try_one(l, STR("2"), false, false); break;
    default: break;
    }
}

static void every_field_of_every_route(void **state)
{
    (void)state;
    size_t n, cases = 0;
    const ApiRoute *routes = api_routes(&n);
    for (size_t r = 0; r < n; r++) {
        const Field *of[2] = {routes[r].query, routes[r].body};
        size_t count[2] = {routes[r].n_query, routes[r].n_body};
        for (size_t k = 0; k < 2; k++)
            for (size_t i = 0; i < count[k]; i++) {
                Look l = {.route = &routes[r], .field = &of[k][i],
                          .arena = arena_new((size_t)64 << 20)};
                assert_non_null(l.arena);
                if (!l.field->same_as)
                    try_field(&l);
                arena_free(l.arena);
                cases += l.cases;
            }
    }
    print_message("%zu cases\n", cases);
    assert_true(cases > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_field_of_every_route)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
