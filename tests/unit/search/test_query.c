/* test_query.c - the query language: what each spelling means, and what is refused where. */
#include "support/unit.h"

#include "base/clock.h"
#include "search/query.h"
#include "support/torture.h"

static Arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(ARENA_DEFAULT_MAX);
    return arena ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

/* A query in one line: terms with their marks, then filters. */
static Str shown(const Query *q)
{
    Buf b;
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < q->n_terms; i++) {
        const KwTerm *t = &q->terms[i];
        buf_printf(&b, "%s%s%s" STR_FMT "%s", i ? " " : "",
                   t->excluded   ? "-"
                   : t->required ? "+"
                                 : "",
                   t->kind == KW_PHRASE ? "<" : "", STR_ARG(t->text),
                   t->kind == KW_PHRASE   ? ">"
                   : t->kind == KW_PREFIX ? "*"
                                          : "");
    }
    for (size_t i = 0; i < q->filter.n_tags; i++)
        buf_printf(&b, " |tag=" STR_FMT, STR_ARG(q->filter.tags[i]));
    for (size_t i = 0; i < q->filter.n_sources; i++)
        buf_printf(&b, " |source=" STR_FMT, STR_ARG(q->filter.sources[i]));
    for (size_t i = 0; i < q->filter.n_types; i++)
        buf_printf(&b, " |type=" STR_FMT, STR_ARG(q->filter.types[i]));
    char text[CLOCK_RFC3339_MAX];
    if (q->filter.since)
        buf_printf(&b, " |since=%s", clock_format(q->filter.since, text));
    if (q->filter.until)
        buf_printf(&b, " |until=%s", clock_format(q->filter.until, text));
    Str s = arena_buf(arena, &b);
    buf_release(&b);
    return s;
}

static void test_meaning(void **state)
{
    (void)state;
    static const struct {
        const char *text, *terms, *embed;
    } cases[] = {
        {"boiler repair", "boiler repair", "boiler repair"},
        {"  boiler \t repair\n", "boiler repair", "boiler repair"},
        {"Who owns the apartment I rent?", "Who owns the apartment I rent?",
         "Who owns the apartment I rent?"},
        /* a hyphen or a colon inside a word is nothing special, nor one before a number or another
         */
        {"well-known 10:30 http://a.org/b", "well-known 10:30 http://a.org/b",
         "well-known 10:30 http://a.org/b"},
        {"minus -5 degrees, --help - or -", "minus -5 degrees, --help - or -",
         "minus -5 degrees, --help - or -"},
        {"\"gas boiler\" cost", "+<gas boiler> cost", "gas boiler cost"},
        {"cost \"gas boiler\"", "cost +<gas boiler>", "cost gas boiler"},
        {"\xE2\x80\x9Cgas boiler\xE2\x80\x9D", "+<gas boiler>", "gas boiler"},
        {"\xE2\x80\x9Egas boiler\xE2\x80\x9C x", "+<gas boiler> x", "gas boiler x"},
        {"\"one\"two", "+<one> two", "one two"},
        {"a 5\" pipe", "a 5\" pipe", "a 5\" pipe"},
        {"boiler -gas", "boiler -gas", "boiler"},
        {"boiler -\"natural gas\"", "boiler -<natural gas>", "boiler"},
        {"boiler -gas*", "boiler -gas*", "boiler"},
        {"boil* cost", "+boil* cost", "boil cost"},
        {"(boil*), cost", "+boil* cost", "boil cost"},
        {"*this* is *odd*.", "*this* is *odd*.", "*this* is *odd*."},
        {"2*3 * ** x", "2*3 * ** x", "2*3 * ** x"},
        {"\"\" boiler", "boiler", "boiler"},
        {"\" - \" boiler", "boiler", "boiler"},
        {"rent tag:home", "rent |tag=home", "rent"},
        {"rent TAG:home Tag:\"big city\"", "rent |tag=home |tag=big city", "rent"},
        {"rent source:\"My notes/*\" source:upload type:pdf",
         "rent |source=My notes/* |source=upload |type=pdf", "rent"},
        {"rent after:2024", "rent |since=2024-01-01T00:00:00Z", "rent"},
        {"rent after:2024-02 before:2024-03-01T08:30:00+01:00",
         "rent |since=2024-02-01T00:00:00Z |until=2024-03-01T07:30:00Z", "rent"},
        /* the narrower of two bounds; both sides of the epoch, where 0 would mean "open" */
        {"rent after:2024 after:2023 before:2025 before:2026",
         "rent |since=2024-01-01T00:00:00Z |until=2025-01-01T00:00:00Z", "rent"},
        {"rent after:1970", "rent |since=1969-12-31T23:59:59.999Z", "rent"},
        {"rent before:\"2024-05-31\"", "rent |until=2024-05-31T00:00:00Z", "rent"},
        {"na\xC3\xAFve caf\xC3\xA9\xC2\xA0z\xC3\xBCrich", "na\xC3\xAFve caf\xC3\xA9 z\xC3\xBCrich",
         "na\xC3\xAFve caf\xC3\xA9 z\xC3\xBCrich"},
        {"metadata: what is a tagline:", "metadata: what is a tagline:",
         "metadata: what is a tagline:"},
        {"\"tag\" means", "+<tag> means", "tag means"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Query q;
        if (!query_parse(str_of(cases[i].text), arena, &q, &err))
            fail_msg("%s: %s", cases[i].text, err.msg);
        assert_str(shown(&q), cases[i].terms);
        assert_str(q.embed, cases[i].embed);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "empty"},
        {" \t\n", "empty"},
        {"...", "empty"},
        {"\"\"", "empty"},
        {"tag:work", "only filters"},
        {"-boiler", "only filters"},
        {"after:2024 -x", "only filters"},
        {"a \"b c", "character 3 is never closed"},
        {"\xC3\xA9\xC3\xA9 \"b", "character 4 is never closed"},
        {"a -\"b", "character 4 is never closed"},
        {"a tag:\"b", "character 7 is never closed"},
        {"a tag: b", "tag: at character 3 needs a value"},
        {"a source:", "source: at character 3 needs a value"},
        {"a type:\"\"", "type: at character 3 needs a value"},
        {"a -tag:b", "-tag: at character 3"},
        {"a after:yesterday", "after: at character 3 has no date"},
        {"a before:2024-13", "before: at character 3 has no date"},
        {"a before:2023-02-29", "has no date that can be read (\"2023-02-29\")"},
        {"a after:0000", "has no date"},
        {"caf\xE9", "not UTF-8 at byte 4"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        Query q = {.n_terms = 77};
        bool ok = query_parse(str_of(cases[i].text), arena, &q, &err);
        assert_err(ok, err, ERR_VALIDATION, cases[i].message);
        assert_int_equal(q.n_terms, 77); /* untouched */
    }
}

static void test_limits(void **state)
{
    (void)state;
    Buf b;
    Err err = ERR_INIT;
    Query q;
    buf_init(&b, 1 << 20);
    for (int i = 0; i < 33; i++)
        buf_printf(&b, "-w%c%c ", 'a' + i / 26, 'a' + i % 26);
    buf_add_c(&b, "x");
    assert_err(query_parse(buf_str(&b), arena, &q, &err), err, ERR_VALIDATION, "more than 32");
    buf_clear(&b);
    for (int i = 0; i < 33; i++)
        buf_printf(&b, "tag:t%d ", i);
    buf_add_c(&b, "x");
    assert_err(query_parse(buf_str(&b), arena, &q, &err), err, ERR_VALIDATION,
               "more than 32 times tag:");
    buf_clear(&b);
    while (b.len < QUERY_MAX_BYTES)
        buf_add_char(&b, b.len % 2 ? ' ' : 'w');
    assert_true(query_parse(buf_str(&b), arena, &q, &err)); /* 4096 words: the first 2048 rank */
    assert_int_equal(q.n_terms, QUERY_MAX_WORDS);
    buf_add_char(&b, 'w');
    assert_err(query_parse(buf_str(&b), arena, &q, &err), err, ERR_VALIDATION, "too long");
    buf_release(&b);
}

static void test_stop_words(void **state)
{
    (void)state;
    static const char *const yes[] = {"a", "the", "what", "yourselves", "t", "who", "again"};
    static const char *const no[] = {"", "boiler", "th", "whats", "zz", "A", "don"};
    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(query_is_stop_word(str_of(yes[i])));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(query_is_stop_word(str_of(no[i])));
}

static void test_filter_and(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Str ab[] = {STR("a"), STR("b*")}, bc[] = {STR("bcd"), STR("c"), STR("be*")}, z[] = {STR("z")};
    Uuid ids[] = {{{1}}, {{2}}}, others[] = {{{2}}, {{3}}};
    DocFilter x = {.tags = ab, .n_tags = 2, .sources = ab, .n_sources = 2, .since = 5, .until = 90},
              y = {.tags = z, .n_tags = 1, .sources = bc, .n_sources = 3, .since = 7}, out;
    bool none;
    assert_true(filter_and(&x, &y, arena, &out, &none, &err));
    assert_false(none);
    assert_int_equal(out.n_tags, 3);
    assert_int_equal(out.n_sources, 2); /* b* and bcd; b* and be* */
    assert_str(out.sources[0], "bcd");
    assert_str(out.sources[1], "be*");
    assert_int_equal(out.since, 7);
    assert_int_equal(out.until, 90);
    y.sources = z;
    y.n_sources = 1;
    assert_true(filter_and(&x, &y, arena, &out, &none, &err));
    assert_true(none);
    DocFilter p = {.ids = ids, .n_ids = 2}, q = {.ids = others, .n_ids = 2}, open = {0};
    assert_true(filter_and(&p, &q, arena, &out, &none, &err));
    assert_int_equal(out.n_ids, 1);
    assert_true(uuid_eq(&out.ids[0], &ids[1]));
    assert_true(filter_and(&p, &open, arena, &out, &none, &err));
    assert_int_equal(out.n_ids, 2);
    DocFilter late = {.since = 100};
    assert_true(filter_and(&x, &late, arena, &out, &none, &err));
    assert_true(none); /* from 100 until 90 */
}

static bool parse_all(void *arg)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Query q;
    Err err = ERR_INIT;
    bool ok = a && query_parse(str_of(arg), a, &q, &err);
    assert_true(ok || !a || err.code == ERR_NO_MEMORY);
    arena_free(a);
    return ok;
}

static void test_memory(void **state)
{
    (void)state;
    char text[] = "who \"owns it\" fla* -not tag:a source:\"b c\" after:2024";
    assert_true(torture_alloc(parse_all, text, 0) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_meaning, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_filter_and, setup, teardown),
        cmocka_unit_test_setup_teardown(test_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
