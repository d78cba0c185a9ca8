/* fuzz_promise.c - commitments in a stranger's document: inside the text, in order, with a strength
 * that was asked for. The text's first line is its title. */
#include "../require.h"

#include "text/commitment.h"

#define MOST 50

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Zone *zone;
    Err err = ERR_INIT;
    Str text = str_mem((const char *)data, size), title, rest = text;
    Commitment found[MOST];
    if (!zone)
        zone = zone_open(STR("Europe/Berlin"), &err);
    REQUIRE(zone);
    if (size > 65536 || !utf8_ok(text))
        return 0;
    (void)str_next(&rest, '\n', &title);
    WhenContext c = {.now_ms = 1795424400000LL, .zone = zone};
    double least = size % 2 ? 0 : COMMITMENT_STRONG;
    size_t n = commitment_find(text, title, &c, least, found, MOST);
    REQUIRE(n <= MOST);
    for (size_t i = 0; i < n; i++) {
        const Commitment *x = &found[i];
        REQUIRE(x->start < x->end && x->end <= text.len && x->kind < COMMIT_KINDS);
        REQUIRE(i == 0 || x->start >= found[i - 1].start);
        REQUIRE(x->strength >= least && x->strength <= 1.0001);
        Str sentence = str_sub(text, x->start, x->end);
        REQUIRE(utf8_ok(sentence));
        Str name = commitment_title(sentence, title);
        REQUIRE(name.len <= 100 && utf8_ok(name));
    }
    return 0;
}
