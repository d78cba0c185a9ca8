/* fuzz_clock.c - times and numbers from outside: what is taken is in range and survives being
 * printed and read again. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_time(Str s)
{
    int64_t ms, again;
    char text[CLOCK_RFC3339_MAX];
    if (!clock_parse(s, &ms))
        return;
    REQUIRE(clock_parse(str_of(clock_format(ms, text)), &again) && again == ms);
}

static void check_numbers(Str s)
{
    double d, back;
    uint64_t u;
    int64_t i;
    char text[NUM_TEXT];
    if (str_to_double(s, &d)) {
        REQUIRE(isfinite(d));
        REQUIRE(num_format(d, text) < NUM_TEXT);
        REQUIRE(str_to_double(str_of(text), &back) && back == d);
        float f = (float)d;
        if (isfinite(f)) {
            REQUIRE(num_format_float(f, text) < NUM_TEXT);
            REQUIRE(strtof(text, NULL) == f);
        }
    }
    bool is_u = str_to_u64(s, &u), is_i = str_to_i64(s, &i);
    REQUIRE(!is_u || u > INT64_MAX || (is_i && i == (int64_t)u));
    if (is_i) {
        REQUIRE(num_format_int(i, text) < NUM_TEXT);
        REQUIRE(str_to_i64(str_of(text), &i));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str s = {(const char *)data, size};
    char text[CLOCK_RFC3339_MAX];
    int64_t ms = 0;
    check_time(s);
    check_numbers(s);
    if (size >= sizeof ms)
        memcpy(&ms, data, sizeof ms);
    REQUIRE(strlen(clock_format(ms, text)) < CLOCK_RFC3339_MAX);
    return 0;
}
