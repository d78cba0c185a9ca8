/* fuzz_dates.c - dates out of any bytes, in text and in metadata; and sketches of any bytes. */
#include <stdlib.h>

#include "base/utf8.h"
#include "text/dates.h"
#include "text/sketch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check(const DocDate *d)
{
    char text[DATE_TEXT_MAX];
    DocDate again;
    REQUIRE(d->year >= 1500 && d->year < 2200 && d->month >= 1 && d->month <= 12);
    REQUIRE(d->day >= 1 && d->day <= 31);
    /* What is written is read again as the same. */
    REQUIRE(date_parse(str_of(date_format(d, text)), &again) && again.ms == d->ms);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str s = {(const char *)data, size};
    DocDate d;
    for (int order = DATE_DAY_FIRST; order <= DATE_MONTH_FIRST; order++) {
        size_t at = 0, start, end, last = 0;
        while (date_next(s, (DateOrder)order, &at, &start, &end, &d)) {
            REQUIRE(start >= last && start < end && end <= size && at == end && !d.timed);
            last = end;
            check(&d);
        }
    }
    if (date_parse(s, &d) && d.ms > -14830000000000 && d.ms < 7250000000000)
        check(&d);
    uint8_t sketch[SKETCH_BYTES];
    (void)date_order(s, STR("en"));
    (void)sketch_make(s, sketch);
    return 0;
}
