/* Facts that are heard in what people say, and secrets: tests/data/memory/statements.tsv, and the
 * edges of check digits. */
#include "support/unit.h"

#include <stdio.h>

#include "assistant/memory.h"
#include "assistant/secrets.h"
#include "base/mem.h"

#define FILE_NAME SOTTO_SOURCE_DIR "/tests/data/memory/statements.tsv"

static Str heard_as(Str said, Arena *a)
{
    MemoryHeard heard[MEMORY_HEARD];
    size_t n;
    bool secret;
    Buf out;
    buf_init(&out, 1 << 16);
    assert_true(memory_hear(said, a, heard, &n, &secret));
    if (secret)
        buf_add_c(&out, "!");
    else if (n == 0)
        buf_add_c(&out, "-");
    for (size_t i = 0; i < n; i++)
        (void)buf_printf(&out, "%s" STR_FMT " = " STR_FMT, i ? "; " : "",
                         STR_ARG(heard[i].subject), STR_ARG(heard[i].value));
    Str s = arena_buf(a, &out);
    buf_release(&out);
    return s;
}

static void statements(void **state)
{
    (void)state;
    FILE *f = fopen(FILE_NAME, "r");
    char line[2000];
    size_t facts = 0, found = 0, none = 0, rightly_none = 0, taken = 0, right = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        Arena *a = arena_new(1 << 20);
        Str rest = str_trim(str_of(line)), said, wanted;
        if (rest.len && rest.ptr[0] != '#' && str_next(&rest, '\t', &said)) {
            wanted = rest;
            Str got = heard_as(said, a);
            bool good = str_eq(got, wanted), nothing = str_eq(wanted, STR("-"));
            facts += !nothing;
            found += !nothing && good;
            none += nothing;
            rightly_none += nothing && good;
            taken += !str_eq(got, STR("-"));
            right += !str_eq(got, STR("-")) && good;
            if (!good)
                print_message(STR_FMT "\n  wanted " STR_FMT "\n  got    " STR_FMT "\n",
                              STR_ARG(said), STR_ARG(wanted), STR_ARG(got));
        }
        arena_free(a);
    }
    (void)fclose(f);
    print_message("%zu of %zu facts heard, %zu of %zu rightly not; of %zu taken %zu are right\n",
                  found, facts, rightly_none, none, taken, right);
    assert_true(facts > 80 && none > 80);
    assert_int_equal(right, taken); /* what is taken is right */
    assert_true(found >= facts * 95 / 100);
}

static void secrets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        SecretKind kind;
    } cases[] = {
        {"4111 1111 1111 1111", SECRET_CARD},
        {"it is 5500-0000-0000-0004 ok", SECRET_CARD},
        {"4111 1111 1111 1112", SECRET_NONE}, /* the check digit is wrong */
        {"+43 664 123 45 67 89 01", SECRET_NONE},
        {"meter 40231, order 2026-11-23", SECRET_NONE},
        {"GB82 WEST 1234 5698 7654 32", SECRET_IBAN},
        {"DE89370400440532013000", SECRET_IBAN},
        {"DE89370400440532013001", SECRET_NONE},
        {"078-05-1120", SECRET_PERSONAL_NUMBER},
        {"call 0316-555-1234", SECRET_NONE},
        {"ghp_16C7e42F292c6912E7710c838347Ae178B4a", SECRET_KEY},
        {"https://example.org/a/very/long/path/2026/11/23/and-more", SECRET_NONE},
        {"my pin is 0000", SECRET_WORD},
        {"there is a pin on the map", SECRET_NONE},
        {"the code of the door is 47 11", SECRET_WORD},
        {"my postcode is 8010", SECRET_NONE},
        {"the dress code is casual", SECRET_NONE},
        {"WLAN-Passwort ist Regenbogen", SECRET_WORD},
        {"legal winner thank year wave sausage worth useful legal winner thank yellow",
         SECRET_PHRASE},
        {"my seed phrase is short", SECRET_PHRASE},
        {"", SECRET_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (secret_find(str_of(cases[i].text)) != cases[i].kind)
            fail_msg("%s: %d", cases[i].text, (int)secret_find(str_of(cases[i].text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(statements), cmocka_unit_test(secrets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
