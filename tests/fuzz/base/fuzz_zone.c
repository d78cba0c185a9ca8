/* fuzz_zone.c - a TZif file of any bytes: refused, or a zone whose answers agree. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check(const Zone *z, int64_t ms)
{
    char text[ZONE_RFC3339_MAX];
    ZoneFit fit;
    int64_t at, back;
    Civil c = zone_civil(z, ms);
    REQUIRE(c.month >= 1 && c.month <= 12 && c.day >= 1 &&
            c.day <= civil_days_in_month(c.year, c.month));
    /* A time that the clock shows exists, and is that instant or an earlier one. */
    back = zone_instant(z, &c, &fit);
    REQUIRE(fit != ZONE_SKIPPED && back <= ms - ((ms % 1000) + 1000) % 1000);
    REQUIRE(fit == ZONE_TWICE || ms - back < 1000);
    Civil again = zone_civil(z, back);
    REQUIRE(memcmp(&again, &c, sizeof c) == 0);
    REQUIRE(clock_parse(str_of(zone_format(z, ms, text)), &back));
    if (zone_next_change(z, ms, &at))
        REQUIRE(at > ms && zone_offset(z, at, NULL, NULL) != zone_offset(z, ms, NULL, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Zone *z = zone_parse(STR("fuzz"), str_mem((const char *)data, size), NULL);
    if (!z)
        return 0;
    static const int64_t steps[] = {-4000000000000, -2147483648000, -1, 0, 951782400000,
                                    1795425300123, 2147483647000, 4102444800000, 32503680000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        check(z, steps[i]);
    int64_t at = -4000000000000;
    for (int i = 0; i < 8 && zone_next_change(z, at, &at); i++) {
        check(z, at);
        check(z, at - 1);
    }
    zone_free(z);
    return 0;
}
