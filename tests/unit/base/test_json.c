#include "support/unit.h"

#include <math.h>

#include "base/json.h"
#include "base/mem.h"
#include "support/torture.h"

static Json *parse_ok(const char *text)
{
    Err err = ERR_INIT;
    Json *j = json_parse(str_of(text), JSON_DEFAULT_DEPTH, &err);
    if (!j)
        fail_msg("%s: %s", text, err.msg);
    assert_int_equal(err.code, ERR_NONE);
    return j;
}

static void reads_every_type(void **state)
{
    (void)state;
    Json *j = parse_ok("{\"s\":\"t\\u00e9xt\",\"i\":-7,\"r\":2.5,\"e\":1e3,\"t\":true,\"f\":false,"
                       "\"n\":null,\"a\":[1,2,3],\"o\":{\"k\":\"v\"}}");
    int64_t i = 0;
    double d = 0;
    bool b = false;
    assert_int_equal(json_type(j), JSON_T_OBJECT);
    assert_int_equal(json_count(j), 9);
    assert_str(json_str(json_get(j, "s")), "t\xC3\xA9xt");
    assert_true(json_int(json_get(j, "i"), &i) && i == -7);
    assert_true(json_num(json_get(j, "i"), &d) && d == -7);
    assert_true(json_num(json_get(j, "r"), &d) && d == 2.5);
    assert_false(json_int(json_get(j, "r"), &i));
    assert_int_equal(json_type(json_get(j, "e")), JSON_T_REAL);
    assert_true(json_bool(json_get(j, "t"), &b) && b);
    assert_true(json_bool(json_get(j, "f"), &b) && !b);
    assert_int_equal(json_type(json_get(j, "n")), JSON_T_NULL);
    assert_int_equal(json_count(json_get(j, "a")), 3);
    assert_true(json_int(json_at(json_get(j, "a"), 2), &i) && i == 3);
    assert_null(json_at(json_get(j, "a"), 3));
    assert_str(json_str(json_get(json_get(j, "o"), "k")), "v");
    assert_false(json_num(json_get(j, "s"), &d));
    assert_false(json_bool(json_get(j, "i"), &b));
    assert_null(json_str(json_get(j, "i")).ptr);
    json_free(j);
}

static void absent_reads_as_absent(void **state)
{
    (void)state;
    int64_t i = 5;
    double d = 5;
    bool b = true;
    void *iter = NULL;
    Str key;
    const Json *value;
    assert_int_equal(json_type(NULL), JSON_T_NONE);
    assert_null(json_get(NULL, "x"));
    assert_null(json_at(NULL, 0));
    assert_int_equal(json_count(NULL), 0);
    assert_null(json_str(NULL).ptr);
    assert_false(json_int(NULL, &i) || json_num(NULL, &d) || json_bool(NULL, &b));
    assert_true(i == 5 && d == 5 && b);
    assert_false(json_each(NULL, &iter, &key, &value));
    json_free(NULL);
    Json *j = parse_ok("[1]");
    assert_null(json_get(j, "x"));
    assert_false(json_each(j, &iter, &key, &value));
    json_free(j);
}

static void iterates_in_order(void **state)
{
    (void)state;
    Json *j = parse_ok("{\"one\":1,\"two\":2,\"three\":3}");
    static const char *const keys[] = {"one", "two", "three"};
    void *iter = NULL;
    Str key;
    const Json *value;
    int64_t n = 0, v = 0;
    while (json_each(j, &iter, &key, &value)) {
        assert_str(key, keys[n++]);
        assert_true(json_int(value, &v) && v == n);
    }
    assert_int_equal(n, 3);
    json_free(j);
}

static void refuses(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "line 1"},
        {"{\"a\":1,\"a\":2}", "duplicate"},
        {"{\"a\":1,\n \"b\" 2}", "line 2"},
        {"[1,]", "line 1"},
        {"[1 2]", "line 1"},
        {"{'a':1}", "line 1"},
        {"[01]", "line 1"},
        {"[\"\xFF\"]", "byte 0xff"},
        {"[\"\\ud800\"]", "line 1"},
        {"[\"a\\u0000b\"]", "u0000"},
        {"[\"a\nb\"]", "unexpected newline"},
        {"[1e999]", "real number overflow"},
        {"[NaN]", "line 1"},
        {"[1] x", "end of file"},
        {"\xEF\xBB\xBF{}", "line 1"},
        {"{\"a\":", "line 1"},
        {"]", "line 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err = ERR_INIT;
        Json *j = json_parse(str_of(rows[i].text), JSON_DEFAULT_DEPTH, &err);
        assert_err(j != NULL, err, ERR_VALIDATION, "invalid JSON at line");
        if (!strstr(err.msg, rows[i].part))
            fail_msg("%s: %s", rows[i].text, err.msg);
    }
    Err err = ERR_INIT;
    assert_null(json_parse(str_mem("[1]\0", 4), 4, &err));
    assert_null(json_parse((Str){NULL, 0}, 4, &err));
}

static void scalars_alone_are_json(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        JsonType type;
    } rows[] = {{"1", JSON_T_INT},      {"-0.5", JSON_T_REAL}, {"\"x\"", JSON_T_STRING},
                {"null", JSON_T_NULL}, {" true ", JSON_T_BOOL}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Json *j = parse_ok(rows[i].text);
        assert_int_equal(json_type(j), rows[i].type);
        json_free(j);
    }
}

static void depth_is_limited(void **state)
{
    (void)state;
    char text[400];
    for (int depth = 1; depth <= 70; depth++) {
        for (int limit = 4; limit <= 64; limit += 20) {
            memset(text, '[', (size_t)depth);
            memset(text + depth, ']', (size_t)depth);
            Err err = ERR_INIT;
            Json *j = json_parse(str_mem(text, 2 * (size_t)depth), limit, &err);
            assert_int_equal(j != NULL, depth <= limit);
            if (!j)
                assert_non_null(strstr(err.msg, "levels of nesting"));
            json_free(j);
        }
    }
    /* brackets in strings do not count */
    Json *j = json_parse(STR("[\"[[[[[[\\\"[[[[{{\"]"), 1, NULL);
    assert_non_null(j);
    json_free(j);
    /* a limit outside 1..64 is 64 */
    static char deep[200001];
    memset(deep, '[', 200000);
    assert_null(json_parse(str_of(deep), 1000000, NULL));
}

static void writes(void **state)
{
    (void)state;
    Buf b;
    JsonW w;
    buf_init(&b, 4000);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kv_str(&w, "s", STR("a\"b\\c\n\x01\x7F\xC3\xA9/"));
    jw_kv_cstr(&w, "null", NULL);
    jw_kv_int(&w, "int", INT64_MIN);
    jw_kv_num(&w, "num", 0.25);
    jw_kv_num(&w, "nan", NAN);
    jw_kv_bool(&w, "yes", true);
    jw_kv_null(&w, "none");
    jw_key(&w, "list");
    jw_arr(&w);
    jw_int(&w, 1);
    jw_arr(&w);
    jw_arr_end(&w);
    jw_obj(&w);
    jw_obj_end(&w);
    jw_float(&w, 0.1f);
    jw_float(&w, -INFINITY);
    jw_raw(&w, STR("{\"raw\":1}"));
    jw_bool(&w, false);
    jw_cstr(&w, "end");
    jw_arr_end(&w);
    jw_key_str(&w, STR("k\xFF"));
    jw_null(&w);
    jw_obj_end(&w);
    assert_str(buf_str(&b),
               "{\"s\":\"a\\\"b\\\\c\\n\\u0001\x7F\xC3\xA9/\",\"null\":null,"
               "\"int\":-9223372036854775808,\"num\":0.25,\"nan\":null,\"yes\":true,\"none\":null,"
               "\"list\":[1,[],{},0.1,null,{\"raw\":1},false,\"end\"],\"k\xEF\xBF\xBD\":null}");
    json_free(parse_ok(b.ptr));
    buf_release(&b);
}

static void strings_come_back(void **state)
{
    (void)state;
    char all[200];
    size_t n = 0;
    for (int c = 1; c < 128; c++) /* NUL cannot be read */
        all[n++] = (char)c;
    memcpy(all + n, "\xE2\x82\xAC\xF0\x9F\x98\x80", 7);
    n += 7;
    for (size_t from = 0; from < n - 7; from++) {
        Buf b;
        JsonW w;
        buf_init(&b, 4000);
        jw_init(&w, &b);
        jw_str(&w, str_mem(all + from, n - from));
        Err err = ERR_INIT;
        Json *j = json_parse(buf_str(&b), 1, &err);
        assert_non_null(j);
        assert_true(str_eq(json_str(j), str_mem(all + from, n - from)));
        json_free(j);
        buf_release(&b);
    }
}

static void broken_strings_are_mended(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {{"\xFF", "\"\xEF\xBF\xBD\""},
                {"a\xE2\x82z", "\"a\xEF\xBF\xBDz\""},
                {"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Buf b;
        JsonW w;
        buf_init(&b, 100);
        jw_init(&w, &b);
        jw_cstr(&w, rows[i].in);
        assert_str(buf_str(&b), rows[i].out);
        buf_release(&b);
    }
}

static void dump_is_compact_and_reads_back(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "{\"a\":[1,2.5,-3e-9,\"x\\n\",true,false,null,{}],\"b\":{\"c\":[]}}",
        "[0.1,1e300,9223372036854775807]",
        "\"\"",
    };
    static const char *const dumps[] = {
        "{\"a\":[1,2.5,-3e-9,\"x\\n\",true,false,null,{}],\"b\":{\"c\":[]}}",
        "[0.1,1e300,9223372036854775807]",
        "\"\"",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Buf b;
        buf_init(&b, 1000);
        Json *j = parse_ok(rows[i]);
        assert_true(json_dump(j, &b));
        assert_str(buf_str(&b), dumps[i]);
        json_free(j);
        buf_release(&b);
    }
    Buf tiny;
    buf_init(&tiny, 3);
    Json *j = parse_ok("[1,2,3]");
    assert_false(json_dump(j, &tiny));
    json_free(j);
    buf_release(&tiny);
}

static void nesting_faults_fail_the_buffer(void **state)
{
    (void)state;
    Buf b;
    JsonW w;
    buf_init(&b, 1000);
    jw_init(&w, &b);
    for (int i = 0; i < 64; i++)
        jw_arr(&w);
    assert_true(buf_ok(&b));
    jw_int(&w, 1);
    jw_int(&w, 2);
    assert_str(str_sub(buf_str(&b), 62, 99), "[[1,2");
    jw_arr(&w);
    assert_false(buf_ok(&b));
    buf_clear(&b);
    jw_init(&w, &b);
    jw_arr_end(&w);
    assert_false(buf_ok(&b));
    buf_release(&b);
}

static bool parse_and_dump(void *arg)
{
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 10000);
    Json *j = json_parse(str_of(arg), JSON_DEFAULT_DEPTH, &err);
    if (!j)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    bool ok = j && json_dump(j, &b);
    if (ok)
        assert_str(buf_str(&b), arg);
    json_free(j);
    buf_release(&b);
    return ok;
}

/* Members taken from the text are those of the tree, written the same. */
static void members_as_written(void **state)
{
    (void)state;
    static const char *const taken[] = {
        "{}", "{\"a\":1}", "{\"a\":-0.5,\"b\":[],\"c\":{},\"d\":[{\"e\":null}]}",
        "{\"s\":\"a \\\"quote\\\", \\\\ and \\n and \\u001f\",\"t\":true,\"f\":false,\"n\":null}",
        "{\"\xC3\xA4\":\"\xE2\x82\xAC\",\"\":0}", "{\"x\":1.5e-7,\"y\":1e21,\"z\":[[1,2],[3]]}",
    };
    static const char *const refused[] = {
        "", "[]", "{", "{}x", "{ }", "{\"a\": 1}", "{\"a\":1,}", "{\"a\"}", "{\"a\":}", "{a:1}",
        "{\"a\":01}",
        "{\"a\":-}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":-0}", "{\"a\":+1}", "{\"a\":1e}",
        "{\"a\":1e999}", "{\"a\":1234567890123456789}", "{\"a\":tru}", "{\"a\":nul}", "{\"a\":[1}",
        "{\"a\":[1,]}", "{\"a\":{\"b\":1]}", "{\"a\":\"\\x\"}", "{\"a\":\"\\u0041\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\n\"}", "{\"a\":\"\xFF\"}", "{\"a\":\"b}", "{\"a\":1,\"a\":2}",
        "{\"\\u0001\":1}", "{\"a\":[}", "{\"a\":{1}}", "{\"a\":{\"b\"}}", "{\"a\":1}}",
    };
    JsonMember m[8];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        Json *j = json_parse(str_of(taken[i]), JSON_DEFAULT_DEPTH, NULL);
        assert_true(json_members(str_of(taken[i]), m, ARRAY_LEN(m), &n));
        assert_int_equal(n, json_count(j));
        Buf text, value;
        void *iter = NULL;
        Str key;
        const Json *one;
        buf_init(&text, 4096);
        assert_true(json_dump(j, &text));
        assert_str(buf_str(&text), taken[i]);
        for (size_t k = 0; k < n; k++) {
            buf_init(&value, 4096);
            assert_true(json_each(j, &iter, &key, &one) && str_eq(key, m[k].key));
            assert_true(json_dump(one, &value) && str_eq(buf_str(&value), m[k].value));
            buf_release(&value);
        }
        buf_release(&text);
        json_free(j);
    }
    for (size_t i = 0; i < ARRAY_LEN(refused); i++)
        if (json_members(str_of(refused[i]), m, ARRAY_LEN(m), &n))
            fail_msg("taken: %s", refused[i]);
    assert_false(json_members(STR("{\"a\":1,\"b\":2}"), m, 1, &n));
    char deep[200] = "{\"a\":";
    for (size_t d = 1; d < 40; d++) { /* as deep as json_parse goes, and no deeper */
        char text[200];
        size_t at = 5;
        memset(text, '[', sizeof text);
        memcpy(text, deep, 5);
        memset(text + at + d, ']', d);
        text[at + 2 * d] = '}';
        Str s = {text, at + 2 * d + 1};
        Json *j = json_parse(s, JSON_DEFAULT_DEPTH, NULL);
        if (json_members(s, m, ARRAY_LEN(m), &n) != (j != NULL))
            fail_msg("%zu levels", d + 1);
        json_free(j);
    }
}

static void torture(void **state)
{
    (void)state;
    char text[] = "{\"name\":\"a rather long value, so that buffers grow more than once here\","
                  "\"list\":[1,2.5,3,4,5,6,7,8,9,10,[11,[12]]],\"nested\":{\"a\":1,\"b\":2,\"c\":3,"
                  "\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9}}";
    assert_true(torture_alloc(parse_and_dump, text, 0) > 20);
    assert_true(torture_alloc(parse_and_dump, text, 1) > 20);
}

/* jansson's buffer of a string that cannot grow: its own assert ended the program, with the
 * character behind a backslash left out. */
static void fail_each(Str text)
{
    Err err = ERR_INIT;
    (void)mem_test_count();
    Json *j = json_parse(text, 0, &err);
    if (!j)
        fail_msg("%s", err.msg);
    json_free(j);
    uint64_t count = mem_test_count();
    assert_true(count > 10);
    for (uint64_t nth = 1; nth <= count; nth++)
        for (int forever = 0; forever < 2; forever++) {
            err = (Err)ERR_INIT;
            mem_test_fail(nth, forever);
            j = json_parse(text, 0, &err);
            mem_test_fail(0, 0);
            assert_err(j != NULL, err, ERR_NO_MEMORY, "out of memory");
        }
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    json_free(json_parse(STR("{}"), 0, &err)); /* what is made once */
    for (size_t before = 0; before < 8; before++) /* each letter of an escape where it grows */
        for (int wide = 0; wide < 2; wide++) {
            char text[1000] = "[{\"a\":[1,2.5]},\"";
            size_t n = strlen(text);
            memset(text + n, 'x', before);
            n += before;
            for (int k = 0; k < 50; k++, n += wide ? 6 : 2)
                memcpy(text + n, wide ? "\\u00e9" : "\\n", wide ? 6 : 2);
            text[n++] = '"';
            text[n++] = ']';
            fail_each(str_mem(text, n));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_every_type),
        cmocka_unit_test(absent_reads_as_absent),
        cmocka_unit_test(iterates_in_order),
        cmocka_unit_test(refuses),
        cmocka_unit_test(scalars_alone_are_json),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(writes),
        cmocka_unit_test(strings_come_back),
        cmocka_unit_test(broken_strings_are_mended),
        cmocka_unit_test(dump_is_compact_and_reads_back),
        cmocka_unit_test(nesting_faults_fail_the_buffer),
        cmocka_unit_test(members_as_written),
        cmocka_unit_test(torture),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
