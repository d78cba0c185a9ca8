/* require.h - what a fuzz target holds to be true of any input. */
#ifndef SOTTO_TESTS_FUZZ_REQUIRE_H
#define SOTTO_TESTS_FUZZ_REQUIRE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/utf8.h"

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* A message that may be shown: text, on one line. */
static inline void require_said(const Err *err)
{
    REQUIRE(err->code != ERR_NONE && err->msg[0] && utf8_ok(str_of(err->msg)));
    for (const char *p = err->msg; *p; p++)
        REQUIRE((unsigned char)*p >= 0x20);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
