#include "support/unit.h"

#include <errno.h>
#include <stdio.h>

#include "base/err.h"
#include "base/utf8.h"

static void the_table_is_complete(void **state)
{
    (void)state;
    static const struct {
        ErrCode code;
        const char *wire;
        int http, exit;
    } rows[] = {
        {ERR_VALIDATION, "VALIDATION_ERROR", 400, 2},
        {ERR_UNAUTHORIZED, "UNAUTHORIZED", 401, 1},
        {ERR_FORBIDDEN, "FORBIDDEN", 403, 1},
        {ERR_NOT_FOUND, "NOT_FOUND", 404, 3},
        {ERR_METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED", 405, 1},
        {ERR_CONFLICT, "CONFLICT", 409, 1},
        {ERR_TOO_LARGE, "TOO_LARGE", 413, 1},
        {ERR_UNSUPPORTED_MEDIA, "UNSUPPORTED_MEDIA", 415, 1},
        {ERR_RANGE, "RANGE_NOT_SATISFIABLE", 416, 1},
        {ERR_RATE_LIMITED, "RATE_LIMITED", 429, 4},
        {ERR_INTERNAL, "INTERNAL_ERROR", 500, 1},
        {ERR_UNAVAILABLE, "UNAVAILABLE", 503, 4},
        {ERR_STORAGE_FULL, "STORAGE_FULL", 507, 1},
        {ERR_NO_MEMORY, "UNAVAILABLE", 503, 1},
        {ERR_IO, "INTERNAL_ERROR", 500, 1},
        {ERR_CORRUPT, "INTERNAL_ERROR", 500, 1},
        {ERR_TIMEOUT, "UNAVAILABLE", 503, 4},
        {ERR_CANCELLED, "UNAVAILABLE", 503, 1},
    };
    assert_int_equal(ARRAY_LEN(rows), ERR_CODE_COUNT - 1);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const ErrInfo *info = err_info(rows[i].code);
        assert_string_equal(info->wire, rows[i].wire);
        assert_int_equal(info->http_status, rows[i].http);
        assert_int_equal(info->exit_status, rows[i].exit);
        assert_true(strlen(info->title) > 0);
    }
    assert_int_equal(err_info((ErrCode)99)->http_status, 500);
    assert_int_equal(err_info((ErrCode)-1)->http_status, 500);
}

static void set_fills_and_returns_false(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_false(err_set(&err, ERR_CONFLICT, "document %d is there already", 7));
    assert_int_equal(err.code, ERR_CONFLICT);
    assert_string_equal(err.msg, "document 7 is there already");
    assert_false(err_set(NULL, ERR_CONFLICT, "nobody listens"));
    assert_false(err_set_errno(NULL, ERR_IO, ENOENT, "nobody listens"));
    assert_false(err_wrap(NULL, "nobody listens"));
    /* an error is never "none" */
    assert_false(err_set(&err, ERR_NONE, "odd"));
    assert_int_equal(err.code, ERR_INTERNAL);
}

static void its_own_message_may_be_an_argument(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    (void)err_set(&err, ERR_IO, "inner");
    (void)err_set(&err, ERR_CORRUPT, "outer (%s)", err.msg);
    assert_string_equal(err.msg, "outer (inner)");
}

static void errno_maps(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        ErrCode code;
        const char *msg;
    } rows[] = {
        {ENOENT, ERR_IO, "cannot open x: no such file or directory"},
        {ENOSPC, ERR_STORAGE_FULL, "cannot open x: no space left on device"},
        {EDQUOT, ERR_STORAGE_FULL, "cannot open x: disk quota exceeded"},
        {ENOMEM, ERR_NO_MEMORY, "cannot open x: cannot allocate memory"},
        {EDOTDOT, ERR_IO, "cannot open x: RFS specific error"},
        {99999, ERR_IO, "cannot open x: system error 99999"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Err err = ERR_INIT;
        assert_false(err_set_errno(&err, ERR_IO, rows[i].errnum, "cannot open %s", "x"));
        assert_int_equal(err.code, rows[i].code);
        assert_string_equal(err.msg, rows[i].msg);
    }
}

static void wrap_puts_context_before(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    (void)err_set(&err, ERR_NOT_FOUND, "no such file");
    assert_false(err_wrap(&err, "opening %s", "model"));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_string_equal(err.msg, "opening model: no such file");
}

static void long_messages_end_at_a_character(void **state)
{
    (void)state;
    char text[1000];
    for (size_t shift = 0; shift < 4; shift++) {
        size_t n = 0;
        for (; n < shift; n++)
            text[n] = 'a';
        for (; n + 3 < sizeof text - 1; n += 3)
            memcpy(text + n, "\xE2\x82\xAC", 3); /* the euro sign */
        text[n] = '\0';
        Err err = ERR_INIT;
        (void)err_set(&err, ERR_IO, "%s", text);
        size_t len = strlen(err.msg);
        assert_true(utf8_ok(str_of(err.msg)));
        assert_true(len < sizeof err.msg && len + 4 > sizeof err.msg - 1);
        assert_memory_equal(err.msg, text, len); /* cut, not changed */
    }
}

static void foreign_bytes_become_question_marks(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    (void)err_set(&err, ERR_IO, "cannot open %s", "caf\xE9.txt");
    assert_string_equal(err.msg, "cannot open caf?.txt");
    (void)err_set(&err, ERR_IO, "%s", "ends in \xFF");
    assert_string_equal(err.msg, "ends in ?");
    (void)err_set(&err, ERR_IO, "%s", "a\x1B[2J\nb\x7F\rc");
    assert_string_equal(err.msg, "a?[2J b??c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_complete),
        cmocka_unit_test(set_fills_and_returns_false),
        cmocka_unit_test(its_own_message_may_be_an_argument),
        cmocka_unit_test(errno_maps),
        cmocka_unit_test(wrap_puts_context_before),
        cmocka_unit_test(long_messages_end_at_a_character),
        cmocka_unit_test(foreign_bytes_become_question_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
