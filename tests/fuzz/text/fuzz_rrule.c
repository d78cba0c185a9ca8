/* fuzz_rrule.c - recurrence rules of any bytes: what is taken is written back the same, and its
 * occurrences ascend and end. The first bytes choose start and zone. */
#include <stdlib.h>

#include "text/rrule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Zone *zones[2];
    static const char *const names[2] = {"UTC", "Europe/Berlin"};
    Rrule r, again;
    int32_t seconds = 0;
    if (size < 5)
        return 0;
    Zone **z = &zones[data[0] & 1];
    if (!*z)
        REQUIRE((*z = zone_open(str_of(names[data[0] & 1]), NULL)));
    memcpy(&seconds, data + 1, 4);
    int64_t start = (int64_t)seconds * 4000, ms = 0, last = INT64_MIN, other;
    if (!rrule_parse(str_mem((const char *)data + 5, size - 5), &r, NULL))
        return 0;
    Buf b;
    buf_init(&b, 65536);
    rrule_write(&r, &b);
    REQUIRE(buf_ok(&b) && rrule_parse(buf_str(&b), &again, NULL));
    REQUIRE(memcmp(&r, &again, sizeof r) == 0);
    buf_release(&b);
    RruleIter it;
    rrule_begin(&it, &r, *z, start, INT64_MIN / 4);
    for (int i = 0; i < 20 && rrule_step(&it, &ms) == RRULE_FOUND; i++) {
        REQUIRE(ms >= start && ms > last);
        if (last != INT64_MIN && i % 4 == 3)
            REQUIRE(rrule_next(&r, *z, start, last, &other) == RRULE_FOUND && other == ms);
        last = ms;
    }
    return 0;
}
