/* Sketches: the same for texts that differ in form only, and near the true similarity else. The
 * numbers are part of the stored format. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "text/sketch.h"

static void make(const char *text, uint8_t out[SKETCH_BYTES])
{
    if (!sketch_make(str_of(text), out))
        fail_msg("no sketch of \"%.40s\"", text);
}

static unsigned equal_nibbles(const uint8_t *a, const uint8_t *b)
{
    unsigned n = 0;
    for (size_t i = 0; i < SKETCH_BYTES; i++)
        n += (a[i] >> 4 == b[i] >> 4) + ((a[i] & 15) == (b[i] & 15));
    return n;
}

static void test_form(void **state)
{
    uint8_t a[SKETCH_BYTES], b[SKETCH_BYTES];
    (void)state;
    make("The rent is 1,240.50 EUR a month, payable on the first day.", a);
    make("  the RENT is 1.240,50 EUR\na month; payable \"on the first\" day", b);
    assert_memory_equal(a, b, SKETCH_BYTES);
    make("The rent is 1,240.50 EUR a month, payable on the last day.", b);
    assert_memory_not_equal(a, b, SKETCH_BYTES);
    assert_false(sketch_make(STR("only seven words are in this text"), a));
    assert_false(sketch_make(STR(""), a));
    make("\xE4\xBA\xBA\xE4\xBA\xBA\xE7\x94\x9F\xE8\x80\x8C\xE8\x87\xAA\xE7\x94\xB1\xE5\x9C\xA8\xE5"
         "\xB0\x8A\xE4\xB8\xA5\xE5\x92\x8C",
         a);
}

/* `shared` of 300 words are the same: runs of three that all are make the Jaccard similarity. */
static void test_estimate(void **state)
{
    static char x[8000], y[8000];
    (void)state;
    for (unsigned shared = 60; shared <= 300; shared += 60) {
        uint8_t a[SKETCH_BYTES], b[SKETCH_BYTES];
        size_t nx = 0, ny = 0;
        for (unsigned i = 0; i < 300; i++) {
            nx += (size_t)snprintf(x + nx, sizeof x - nx, "w%u ", i);
            ny += (size_t)snprintf(y + ny, sizeof y - ny, i < shared ? "w%u " : "v%u ", i);
        }
        make(x, a);
        make(y, b);
        double same = shared - 2, exact = same / (298 + 298 - same);
        double found = (equal_nibbles(a, b) / 128.0 - 1.0 / 16) / (1 - 1.0 / 16);
        if (found < exact - 0.15 || found > exact + 0.15)
            fail_msg("%u shared: %.3f estimated, %.3f exact", shared, found, exact);
    }
}

/* A sketch that was stored must be the one that is made tomorrow. */
static void test_format(void **state)
{
    static const uint8_t begins[] = {0xC2, 0xA4, 0xBE, 0x95, 0xCB, 0xBF, 0x57, 0xCB};
    uint8_t a[SKETCH_BYTES];
    (void)state;
    make("one two three four five six seven eight nine ten", a);
    assert_memory_equal(a, begins, sizeof begins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_form), cmocka_unit_test(test_estimate),
                                       cmocka_unit_test(test_format)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
