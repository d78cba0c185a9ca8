/* fuzz_ical.c - iCalendar's lines, texts, times, durations and zone names of any bytes. */
#include <stdlib.h>

#include "base/utf8.h"
#include "text/ical.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_fold(Str line)
{
    Buf folded, again;
    buf_init(&folded, 1 << 24);
    buf_init(&again, 1 << 24);
    ical_fold(line, &folded);
    Str rest = buf_str(&folded), one;
    bool utf8 = utf8_ok(line);
    for (Str parts = rest; parts.len && str_next(&parts, '\n', &one);)
        REQUIRE(one.len <= 76 && (!utf8 || utf8_ok(one)));
    bool plain = line.len > 0 && !memchr(line.ptr, '\n', line.len) &&
                 !memchr(line.ptr, '\r', line.len) && line.ptr[0] != ' ' && line.ptr[0] != '\t';
    if (plain && utf8)
        REQUIRE(ical_next(&rest, &again) && str_eq(buf_str(&again), line));
    buf_release(&folded);
    buf_release(&again);
}

static void check_values(Str s)
{
    IcalTime t, u;
    int64_t days, ms, d2, m2;
    Buf b, c;
    buf_init(&b, 1 << 20);
    buf_init(&c, 1 << 20);
    if (ical_time(s, &t)) {
        ical_add_time(&t, &b);
        REQUIRE(ical_time(buf_str(&b), &u) && memcmp(&t.c, &u.c, sizeof t.c) == 0);
        REQUIRE(t.date == u.date && t.utc == u.utc);
    }
    buf_clear(&b);
    if (ical_duration(s, &days, &ms)) {
        ical_add_duration(days, ms, &b);
        REQUIRE(ical_duration(buf_str(&b), &d2, &m2) && d2 == days && m2 == ms);
    }
    buf_clear(&b);
    if (!memchr(s.ptr, '\r', s.len)) {
        ical_escape(s, &b);
        ical_unescape(buf_str(&b), &c);
        REQUIRE(!buf_ok(&b) || str_eq(buf_str(&c), s));
    }
    Str name = ical_zone_name(s);
    REQUIRE(name.ptr == NULL || name.len < ZONE_NAME_MAX);
    buf_release(&b);
    buf_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str s = str_mem((const char *)data, size), value;
    IcalLine l;
    Buf scratch;
    if (size == 0 || size > 100000)
        return 0;
    buf_init(&scratch, 1 << 17);
    check_values(s);
    check_fold(s);
    for (Str rest = s; ical_next(&rest, &scratch);) {
        if (!ical_split(buf_str(&scratch), &l))
            continue;
        check_values(l.value);
        if (ical_param(l.params, "TZID", &value) && value.len)
            check_values(value);
    }
    buf_release(&scratch);
    return 0;
}
