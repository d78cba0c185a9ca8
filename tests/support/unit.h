/* unit.h - cmocka with the headers it forgets, and the few assertions it lacks. */
#ifndef SOTTO_TESTS_UNIT_H
#define SOTTO_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/str.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* The bytes of `got` are those of the C string `want`. */
#define assert_str(got, want) assert_str_at((got), (want), __FILE__, __LINE__)
static inline void assert_str_at(Str got, const char *want, const char *file, int line)
{
    if (got.len != strlen(want) || (got.len > 0 && memcmp(got.ptr, want, got.len) != 0)) {
        print_error("\"" STR_FMT "\" != \"%s\"\n", STR_ARG(got), want);
        _fail(file, line);
    }
}

/* `ok` is false and `err` holds `code` and a message with `part` in it. */
#define assert_err(ok, err, want_code, part)                                                       \
    do {                                                                                           \
        assert_false(ok);                                                                          \
        assert_int_equal((err).code, (want_code));                                                 \
        if (!strstr((err).msg, (part)))                                                            \
            fail_msg("\"%s\" does not contain \"%s\"", (err).msg, (part));                         \
    } while (0)

#endif
