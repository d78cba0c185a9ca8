/* test_field.c - every kind of value, at its limits and one past them. */
#include "support/unit.h"

#include "api/field.h"
#include "support/torture.h"

static const Field fields[] = {
    {.name = "name", .type = F_STRING, .min = 1, .max = 5},
    {.name = "text", .type = F_TEXT, .max = 10},
    {.name = "count", .type = F_INT, .min = -2, .max = 100, .fallback = "7"},
    {.name = "share", .type = F_NUMBER, .min = 0, .max = 1},
    {.name = "on", .type = F_BOOL},
    {.name = "id", .type = F_UUID},
    {.name = "when", .type = F_TIME},
    {.name = "mode", .type = F_ENUM, .choices = "fast|slow", .fallback = "slow"},
    {.name = "tags", .type = F_STRINGS, .max = 3},
    {.name = "meta", .type = F_OBJECT},
    {.name = "note", .type = F_TEXT, .max = 10, .nullable = true},
    {.name = "label", .same_as = "name"},
};
#define N ARRAY_LEN(fields)

typedef struct {
    const char *name, *text;
    const char *fault; /* part of the message; NULL: fine */
} TextCase;

static const TextCase text_cases[] = {
    {"name", "a", NULL},
    {"name", "h\xC3\xA9llo", NULL},
    {"name", "", "must not be empty"},
    {"name", "sixsix", "at most 5"},
    {"name", "a\nb", "control character at byte 1"},
    {"name", "\xFF", "UTF-8"},
    {"name", "a\x7F", "control character"},
    {"text", "a\nb\tc", NULL},
    {"text", "12345678901", "at most 10"},
    {"text", "a\x01", "control character"},
    {"count", "-2", NULL},
    {"count", "100", NULL},
    {"count", "101", "between -2 and 100"},
    {"count", "-3", "between"},
    {"count", "1.0", "whole number"},
    {"count", "", "whole number"},
    {"count", " 1", "whole number"},
    {"count", "99999999999999999999", "whole number"},
    {"share", "0", NULL},
    {"share", "1", NULL},
    {"share", "1.01", "between 0 and 1"},
    {"share", "nan", "number"},
    {"share", "x", "number"},
    {"on", "true", NULL},
    {"on", "yes", "true or false"},
    {"id", "0198c2a0-0000-7000-8000-000000000001", NULL},
    {"id", "0198c2a0", "UUID"},
    {"when", "2026-11-23", NULL},
    {"when", "2026-11-23T10:00:00+01:00", NULL},
    {"when", "2026-02-30", "RFC 3339"},
    {"when", "tomorrow", "RFC 3339"},
    {"mode", "fast", NULL},
    {"mode", "Fast", "one of fast|slow"},
    {"tags", "one", NULL},
    {"tags", "", "1 to 200"},
    {"meta", "{\"a\":1}", NULL},
    {"meta", "[1]", "JSON object"},
    {"meta", "{", "meta"},
};

static void one_text_value(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(text_cases); i++) {
        const TextCase *t = &text_cases[i];
        Arena *a = arena_new(1 << 20);
        FieldValue v = {0};
        Err err = ERR_INIT;
        size_t f = field_index(fields, N, str_of(t->name));
        bool ok = field_from_text(&fields[f], str_of(t->text), a, &v, &err);
        if (ok != !t->fault || (t->fault && !strstr(err.msg, t->fault)))
            fail_msg("%s=\"%s\": %s", t->name, t->text, ok ? "accepted" : err.msg);
        if (!ok)
            assert_true(err.code == ERR_VALIDATION || err.code == ERR_TOO_LARGE);
        arena_free(a);
    }
}

typedef struct {
    const char *json;
    const char *fault;
} JsonCase;

static const JsonCase json_cases[] = {
    {"{\"name\":\"a\",\"count\":3,\"share\":0.5,\"on\":false,\"tags\":[\"x\",\"y\"],\"meta\":{"
     "\"k\":[1]}}",
     NULL},
    {"{\"count\":3.0}", NULL},
    {"{\"count\":3.5}", "whole number"},
    {"{\"count\":\"3\"}", "whole number"},
    {"{\"share\":1}", NULL},
    {"{\"share\":\"1\"}", "number"},
    {"{\"on\":1}", "true or false"},
    {"{\"name\":null}", "must not be null"},
    {"{\"note\":null}", NULL},
    {"{\"name\":5}", "string"},
    {"{\"tags\":\"x\"}", "list"},
    {"{\"tags\":[1]}", "strings only"},
    {"{\"tags\":[\"a\",\"b\",\"c\",\"d\"]}", "at most 3"},
    {"{\"meta\":[]}", "object"},
    {"{\"colour\":1}", "unknown member \"colour\""},
    {"{\"label\":\"x\"}", NULL},
    {"{\"label\":\"x\",\"name\":\"y\"}", "twice"},
    {"[]", "JSON object"},
    {"5", "JSON object"},
};

static void json_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(json_cases); i++) {
        Arena *a = arena_new(1 << 20);
        FieldValue v[N] = {0};
        Err err = ERR_INIT;
        Json *j = json_parse(str_of(json_cases[i].json), JSON_DEFAULT_DEPTH, &err);
        assert_non_null(j);
        bool ok = field_object(fields, N, j, a, v, &err) && field_finish(fields, N, v, &err);
        const char *fault = json_cases[i].fault;
        if (ok != !fault || (fault && !strstr(err.msg, fault)))
            fail_msg("%s: %s", json_cases[i].json, ok ? "accepted" : err.msg);
        json_free(j);
        arena_free(a);
    }
}

static void values_and_defaults(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 20);
    FieldValue v[N] = {0};
    Err err = ERR_INIT;
    Json *j = json_parse(STR("{\"label\":\"x\",\"tags\":[\"a\",\"b\",\"c\"],\"meta\":{\"k\":1},"
                             "\"note\":null}"),
                         8, &err);
    assert_true(field_object(fields, N, j, a, v, &err));
    assert_true(field_finish(fields, N, v, &err));
    assert_str(v[0].str, "x");
    assert_int_equal(v[8].n_list, 3);
    assert_str(v[8].list[2], "c");
    assert_str(v[9].str, "{\"k\":1}");
    assert_true(v[10].given && v[10].is_null);
    assert_int_equal(v[2].i, 7);
    assert_false(v[2].given);
    assert_str(v[7].str, "slow");
    json_free(j);
    arena_free(a);
}

static void twice_and_missing(void **state)
{
    (void)state;
    static const Field needed[] = {{.name = "q", .type = F_STRING, .required = true, .max = 9}};
    FieldValue v[1] = {0};
    Err err = ERR_INIT;
    assert_err(field_finish(needed, 1, v, &err), err, ERR_VALIDATION, "q is missing");
    assert_true(field_from_text(&needed[0], STR("a"), NULL, &v[0], &err));
    assert_err(field_from_text(&needed[0], STR("b"), NULL, &v[0], &err), err, ERR_VALIDATION,
               "twice");
    assert_true(field_index(fields, N, STR("nothing")) == SIZE_MAX);
    assert_int_equal(field_index(fields, N, STR("label")), 0);
}

/* Every schema is JSON, and says what field_from_text enforces. */
static void schemas(void **state)
{
    (void)state;
    for (size_t i = 0; i < N - 1; i++) {
        Buf b;
        JsonW w;
        Err err = ERR_INIT;
        buf_init(&b, 1 << 16);
        jw_init(&w, &b);
        field_schema(&fields[i], &w);
        Json *j = json_parse(buf_str(&b), 16, &err);
        assert_non_null(j);
        assert_non_null(json_get(j, "type"));
        if (fields[i].type == F_ENUM)
            assert_int_equal(json_count(json_get(j, "enum")), 2);
        if (fields[i].type == F_INT) {
            int64_t max = 0;
            double d = 0;
            assert_true(json_int(json_get(j, "maximum"), &max) ||
                        json_num(json_get(j, "maximum"), &d));
            assert_true(max == 100 || d == 100);
        }
        if (fields[i].nullable)
            assert_int_equal(json_type(json_get(j, "type")), JSON_T_ARRAY);
        json_free(j);
        buf_release(&b);
    }
}

static bool read_all(void *arg)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(1 << 20);
    FieldValue v[N] = {0};
    bool ok = a && field_object(fields, N, arg, a, v, &err) && field_finish(fields, N, v, &err);
    if (a && !ok)
        assert_true(err.code == ERR_NO_MEMORY || err.code == ERR_TOO_LARGE);
    arena_free(a);
    return ok;
}

static void short_memory(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Json *j = json_parse(STR("{\"tags\":[\"a\",\"b\",\"c\"],\"meta\":{\"k\":1}}"), 8, &err);
    assert_true(torture_alloc(read_all, j, 0) > 0);
    json_free(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_text_value),
        cmocka_unit_test(json_bodies),
        cmocka_unit_test(values_and_defaults),
        cmocka_unit_test(twice_and_missing),
        cmocka_unit_test(schemas),
        cmocka_unit_test(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
