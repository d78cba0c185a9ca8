/* fuzz_when.c - times in any text, at any time, in several zones: found in order, each begins
 * before it ends, every rule can be said, nothing lies outside of the years that can be written. */
#include <stdlib.h>

#include "base/utf8.h"
#include "text/when.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX_FOUND 16

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check_text(const WhenContext *c, const When *w)
{
    Buf b;
    buf_init(&b, 1024);
    if (w->kind == WHEN_RECURRENCE) {
        REQUIRE(strlen(w->rrule) < WHEN_RRULE_MAX && w->rrule[0]);
        REQUIRE(when_say_rule(str_of(w->rrule), &b));
    } else {
        REQUIRE(w->rrule[0] == '\0');
    }
    if (w->kind != WHEN_DURATION)
        when_say(c->zone, c->now_ms, w->from, w->timed, &b);
    when_say_span(w->until - w->from, &b);
    REQUIRE(buf_ok(&b) && utf8_ok(buf_str(&b)));
    buf_release(&b);
}

static void check(const WhenContext *c, const When *w, size_t size, size_t last)
{
    int64_t at;
    REQUIRE(w->start >= last && w->start < w->end && w->end <= size);
    bool begins = w->kind != WHEN_OPEN_BEFORE && w->kind != WHEN_DURATION;
    bool ends = w->kind != WHEN_OPEN_AFTER && w->kind != WHEN_DURATION;
    if (begins && ends)
        REQUIRE(w->from < w->until);
    Civil a = zone_civil(c->zone, w->from), b = zone_civil(c->zone, w->until);
    if (begins)
        REQUIRE(a.year >= 0 && a.year <= 9999 && (w->from / 1000) * 1000 == w->from);
    if (ends)
        REQUIRE(b.year >= 0 && b.year <= 9999);
    if (w->kind == WHEN_DURATION)
        REQUIRE(!begins && w->from == 0 && w->until == 0 && (w->months || w->days || w->ms));
    else
        REQUIRE(when_moment(c, w, &at));
    check_text(c, w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Zone *zones[4];
    static const char *const names[] = {"UTC", "Europe/Berlin", "America/New_York",
                                        "Australia/Lord_Howe"};
    static const char *const languages[] = {"en", "de"};
    When found[MAX_FOUND];
    for (int i = 0; i < 4; i++)
        if (!zones[i])
            REQUIRE(zones[i] = zone_open(str_of(names[i]), NULL));
    if (size < 8)
        return 0;
    uint32_t seconds = (uint32_t)data[0] << 24 | (uint32_t)data[1] << 16 |
                       (uint32_t)data[2] << 8 | data[3];
    WhenContext c = {.now_ms = (int64_t)seconds * 1000, .zone = zones[data[4] & 3],
                     .prefer = data[5] & 1 ? WHEN_PAST : WHEN_FUTURE,
                     .day_first = data[6] & 1, .language = str_of(languages[data[7] & 1])};
    Str text = {(const char *)data + 8, size - 8};
    size_t last = 0, n = when_find(text, &c, found, MAX_FOUND);
    REQUIRE(n <= MAX_FOUND);
    for (size_t i = 0; i < n; i++) {
        check(&c, &found[i], text.len, last);
        last = found[i].end;
    }
    return 0;
}
