/* A stranger's safetensors file, well made and not. */
#include "support/unit.h"

#include <math.h>

#include "nn/safetensors.h"
#include "support/torture.h"

/* Length, header and `data` zero bytes, in buf (as a whole file). */
static Str file_of(const char *header, size_t data, char *buf)
{
    uint64_t n = strlen(header);
    memcpy(buf, &n, 8);
    memcpy(buf + 8, header, n);
    memset(buf + 8 + n, 0, data);
    return str_mem(buf, 8 + n + data);
}

#define TWO "{\"__metadata__\":{\"format\":\"pt\"},\"b\":{\"dtype\":\"F32\",\"shape\":[2,3]," \
    "\"data_offsets\":[4,28]},\"a\":{\"dtype\":\"I32\",\"shape\":[],\"data_offsets\":[0,4]}}"

static void reads_a_good_file(void **state)
{
    (void)state;
    char buf[1024];
    Err err = ERR_INIT;
    Str file = file_of(TWO, 28, buf);
    float x[6] = {1, 2, 3, 4, 5, 6};
    memcpy(buf + file.len - 24, x, 24);
    Safetensors *s = safetensors_parse(file, &err);
    assert_non_null(s);
    assert_int_equal(safetensors_count(s), 2);
    assert_string_equal(safetensors_at(s, 0)->name, "a");
    assert_int_equal(safetensors_at(s, 0)->type, ST_I32);
    assert_int_equal(safetensors_at(s, 0)->rank, 0);
    assert_string_equal(safetensors_at(s, 1)->name, "b");
    assert_null(safetensors_at(s, 2));
    assert_null(safetensors_find(s, "c"));
    const StTensor *b = safetensors_need_f32(s, "b", 2, 3, &err);
    assert_non_null(b);
    assert_memory_equal(b->data, x, 24);
    assert_null(safetensors_need_f32(s, "b", 3, 2, &err));
    assert_err(false, err, ERR_CORRUPT, "\"b\" is not F32 of the shape");
    assert_null(safetensors_need_f32(s, "a", 1, 0, &err));
    assert_null(safetensors_need_f32(s, "b", 6, 0, &err));
    assert_null(safetensors_need_f32(s, "zz", 2, 3, &err));
    assert_err(false, err, ERR_CORRUPT, "no tensor \"zz\"");
    x[4] = NAN;
    memcpy(buf + file.len - 24, x, 24);
    assert_null(safetensors_need_f32(s, "b", 2, 3, &err));
    assert_err(false, err, ERR_CORRUPT, "not finite");
    safetensors_free(s);
    safetensors_free(NULL);
}

#define T(fields) "{\"t\":{" fields "}}"

static void refuses_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        size_t data;
        const char *part;
    } cases[] = {
        {"[]", 0, "no object"},
        {"{\"t\":1}", 0, "needs dtype"},
        {"{ ", 0, "cannot be read"},
        {"{\"t\":{},\"t\":{}}", 0, "cannot be read"},
        {T("\"dtype\":\"F32\",\"shape\":[1]"), 4, "needs dtype"},
        {T("\"shape\":[1],\"data_offsets\":[0,4]"), 4, "needs dtype"},
        {T("\"dtype\":\"F32\",\"data_offsets\":[0,4]"), 4, "needs dtype"},
        {T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]"), 4, "needs dtype"},
        {T("\"dtype\":\"F33\",\"shape\":[1],\"data_offsets\":[0,4]"), 4, "unknown type \"F33\""},
        {T("\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,4]"), 4,
            "9 dimensions"},
        {T("\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]"), 4, "impossible shape"},
        {T("\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]"), 4, "impossible shape"},
        {T("\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]"), 0,
            "impossible shape"},
        {T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,0]"), 4, "outside"},
        {T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,5]"), 4, "outside"},
        {T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[-4,0]"), 4, "outside"},
        {T("\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]"), 4, "4 bytes where its shape"},
        {T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]"), 8, "gap"},
        {T("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"), 8, "belong to no tensor"},
        {"{\"t\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"u\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}", 6, "overlaps"},
        {"{\"t\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
         "\"u\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4, "overlaps"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char buf[1024];
        Err err = ERR_INIT;
        Safetensors *s = safetensors_parse(file_of(cases[i].header, cases[i].data, buf), &err);
        if (s)
            fail_msg("case %zu was taken: %s", i, cases[i].header);
        assert_err(false, err, ERR_CORRUPT, cases[i].part);
    }
}

static void refuses_impossible_lengths(void **state)
{
    (void)state;
    char buf[1024];
    Str file = file_of(TWO, 28, buf);
    for (size_t cut = 0; cut < file.len; cut++) {
        Err err = ERR_INIT;
        assert_null(safetensors_parse(str_sub(file, 0, cut), &err));
        assert_int_equal(err.code, ERR_CORRUPT);
    }
    memset(buf, 0xff, 8);
    Err err = ERR_INIT;
    assert_null(safetensors_parse(file, &err));
    assert_err(false, err, ERR_CORRUPT, "length is impossible");
}

static bool parse_once(void *arg)
{
    Err err = ERR_INIT;
    Safetensors *s = safetensors_parse(*(Str *)arg, &err);
    if (!s)
        assert_true(err.code == ERR_NO_MEMORY || err.code == ERR_CORRUPT);
    safetensors_free(s);
    return s != NULL;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    char buf[1024];
    Str file = file_of(TWO, 28, buf);
    assert_true(torture_alloc(parse_once, &file, 0) > 2);
    assert_true(torture_alloc(parse_once, &file, 1) > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_good_file),
        cmocka_unit_test(refuses_bad_files),
        cmocka_unit_test(refuses_impossible_lengths),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
