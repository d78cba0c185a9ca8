/* test_search.c - a search through all layers: operators, filters, citations, marks, caches,
 * owners, short memory, searches beside writes. Real encoder, real store. */
#include "support/search_fixture.h"

#include <pthread.h>

#include "base/metrics.h"
#include "search/passage.h"
#include "support/torture.h"

static SearchFixture f;

static const struct {
    const char *title, *text;
} documents[] = {
    {"Lease", "The flat in Lindenstrasse is let by Brandt. The owner of the flat is Mrs. Ilse "
              "Brandt. "
              "The rent is 950 euros a month. Pets need written consent."},
    {"Boiler", "The gas boiler was serviced in October. The engineer replaced the expansion "
               "vessel."},
    {"Boilers in general", "An oil boiler burns oil. A boiler for natural gas is cleaner. Electric "
                           "boilers "
                           "need no chimney at all."},
    {"Z\xC3\xBCrich trip", "We stayed at the caf\xC3\xA9 by the lake in Z\xC3\xBCrich. "
                           "Na\xC3\xAFve tourists "
                           "pay twice. \xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E is spoken at the hotel "
                           "desk."},
    {"Invoices", "Invoice 2024-0117 of the garage came to 77 euros. Invoices are kept for ten "
                 "years."},
    {"Bread", "Feed the starter the evening before and bake the sourdough at 240 degrees."},
};

static int setup(void **state)
{
    (void)state;
    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_LEN(documents); i++)
        (void)fixture_put(&f, documents[i].title, documents[i].text);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static size_t number(const SearchHit *h)
{
    return retrieval_index(&h->doc.id);
}

/* "1 2 |": which documents a query finds, in order of number (rank is quality's business). */
static const char *found(const char *query, SearchMode mode)
{
    static char line[64];
    SearchResult r = fixture_search(&f, query, mode);
    bool has[64] = {false};
    size_t n = 0;
    line[0] = 0;
    for (size_t i = 0; i < r.n; i++)
        has[number(&r.hits[i])] = true;
    for (size_t i = 0; i < 64; i++)
        if (has[i])
            n += (size_t)snprintf(line + n, sizeof line - n, "%s%zu", n ? " " : "", i);
    return line;
}

static void test_operators(void **state)
{
    (void)state;
    assert_string_equal(found("boiler", SEARCH_KEYWORD), "1 2");
    assert_string_equal(found("boilers", SEARCH_KEYWORD), "1 2"); /* stemmed */
    assert_string_equal(found("boiler -oil", SEARCH_KEYWORD), "1");
    assert_string_equal(found("boiler -oil", SEARCH_HYBRID), "1");
    assert_string_equal(found("boiler -oil", SEARCH_SEMANTIC), "1");
    assert_string_equal(found("\"gas boiler\"", SEARCH_KEYWORD), "1");
    assert_string_equal(found("\"gas boiler\"", SEARCH_HYBRID), "1");
    assert_string_equal(found("boiler -\"natural gas\"", SEARCH_HYBRID), "1");
    assert_string_equal(found("chim*", SEARCH_HYBRID), "2");
    assert_string_equal(found("boiler -chim*", SEARCH_KEYWORD), "1");
    assert_string_equal(found("zurich cafe", SEARCH_KEYWORD), "3"); /* accents folded */
    assert_string_equal(found("ZÜRICH", SEARCH_KEYWORD), "3");
    assert_string_equal(found("the of who", SEARCH_KEYWORD),
                        "0 1 3 4 5");                                /* stop words, when alone */
    assert_string_equal(found("the boiler", SEARCH_KEYWORD), "1 2"); /* and not beside others */
    assert_string_equal(found("\"no such words here\"", SEARCH_HYBRID), "");
    assert_string_equal(found("boiler after:2200", SEARCH_HYBRID), "");
    assert_string_equal(found("boiler before:2200", SEARCH_KEYWORD), "1 2");
    assert_string_equal(found("boiler source:upload", SEARCH_KEYWORD), "1 2");
    assert_string_equal(found("boiler source:up*", SEARCH_KEYWORD), "1 2");
    assert_string_equal(found("boiler source:elsewhere", SEARCH_HYBRID), "");
    assert_string_equal(found("boiler type:text type:pdf", SEARCH_KEYWORD), "1 2");
    assert_string_equal(found("boiler type:pdf", SEARCH_HYBRID), "");
    assert_string_equal(found("boiler tag:none", SEARCH_HYBRID), "");
}

static void test_meaning(void **state)
{
    (void)state;
    SearchResult r = fixture_search(&f, "Who owns the apartment I rent?", SEARCH_HYBRID);
    assert_true(r.n >= 1);
    assert_int_equal(number(&r.hits[0]), 0);
    assert_true(r.weight_vector > 0 && r.weight_vector < 1);
    r = fixture_search(&f, "how hot must the oven be for a loaf", SEARCH_SEMANTIC);
    assert_int_equal(number(&r.hits[0]), 5);
    assert_true(r.weight_vector == 1);
}

/* Text, offsets and ids of every match against the stored document, byte for byte. */
static void check_citations(const SearchResult *r)
{
    Err err = ERR_INIT;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->hits[i].n_matches; k++) {
            const Match *m = &r->hits[i].matches[k];
            Document d;
            Chunk c;
            Uuid document;
            assert_true(
                store_document_get(f.store, &f.owner, &r->hits[i].doc.id, true, f.a, &d, &err));
            assert_true(m->start < m->end && m->end <= d.content.len);
            assert_true(str_eq(m->text, str_sub(d.content, m->start, m->end)));
            assert_true(
                store_chunk_by_id(f.store, &f.owner, &m->chunk_id, f.a, &c, &document, &err));
            assert_true(str_eq(c.text, m->text) && uuid_eq(&document, &r->hits[i].doc.id));
            assert_true(m->snippet_start < m->snippet_end && m->snippet_end <= m->text.len);
            for (size_t j = 0; j < m->n_marks; j++) {
                assert_true(m->marks[j].start < m->marks[j].end && m->marks[j].end <= m->text.len);
                assert_true(!j || m->marks[j].start >= m->marks[j - 1].end);
            }
            assert_true(m->fused_score >= 0 && m->fused_score <= 1);
            assert_true(m->vector_rank || m->keyword_rank);
        }
}

static void test_citations(void **state)
{
    (void)state;
    static const char *const queries[] = {
        "boiler",           "z\xC3\xBCrich hotel",  "invoice euros",
        "rent of the flat", "\"ten years\" invoi*", "sourdough degrees"};
    for (size_t i = 0; i < ARRAY_LEN(queries); i++)
        for (int mode = SEARCH_HYBRID; mode <= SEARCH_KEYWORD; mode++) {
            SearchResult r = fixture_search(&f, queries[i], (SearchMode)mode);
            assert_true(r.n > 0 || mode == SEARCH_SEMANTIC);
            check_citations(&r);
            if (r.n)
                assert_true(isnan(r.hits[0].matches[0].similarity) == (mode == SEARCH_KEYWORD));
        }
}

static Str marks_of(const SearchResult *r)
{
    Buf b;
    buf_init(&b, 4096);
    const Match *m = &r->hits[0].matches[0];
    for (size_t i = 0; i < m->n_marks; i++)
        buf_printf(&b, "%s" STR_FMT, i ? "|" : "",
                   STR_ARG(str_sub(m->text, m->marks[i].start, m->marks[i].end)));
    Str s = arena_buf(f.a, &b);
    buf_release(&b);
    return s;
}

static void test_marks(void **state)
{
    (void)state;
    static const struct {
        const char *query, *marks;
    } cases[] = {
        {"invoice", "Invoice|Invoices"},
        {"INVOICED garages", "Invoice|garage|Invoices"},
        {"\"expansion vessel\"", "expansion vessel"},
        {"\"expansion vessel\" vessel", "expansion vessel"},
        {"sour*", "sourdough"},
        {"some-sour*", "sourdough"},
        {"na\xC3\xAFve CAFE", "caf\xC3\xA9|Na\xC3\xAFve"},
        {"Z\xC3\xBCr*", "Z\xC3\xBCrich"},
        {"the sourdough", "sourdough"}, /* what did not rank is not marked */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        SearchResult r = fixture_search(&f, cases[i].query, SEARCH_KEYWORD);
        assert_true(r.n >= 1);
        assert_str(marks_of(&r), cases[i].marks);
    }
}

/* Long passages: the snippet is where the words are, within its limit, on word boundaries. */
static void test_snippets(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 1 << 16);
    for (int i = 0; i < 30; i++)
        buf_printf(&b, "Sentence number %d speaks of nothing much at all. ", i);
    buf_add_c(&b, "Here the quick heron caught a fish. The heron flew away. ");
    for (int i = 0; i < 100; i++)
        buf_add_c(&b, "And on it goes without any full stop ");
    buf_add_c(&b, "until a pelican appears\xE2\x80\xA6 \xE6\x97\xA5\xE6\x9C\xAC");
    Str herons[] = {STR("heron")}, pelicans[] = {STR("pelican")};
    struct {
        MarkTerm term;
        const char *within;
    } cases[] = {{{KW_WORD, herons, 1, STR("heron")}, "quick heron caught a fish. The heron flew"},
                 {{KW_WORD, pelicans, 1, STR("pelican")}, "until a pelican appears"},
                 {{KW_WORD, (Str[]){STR("absent")}, 1, STR("absent")}, "Sentence number 0"}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Words w = {.marks = &cases[i].term, .n_marks = 1};
        Match m = {.text = buf_str(&b)};
        assert_true(passage_mark(f.store, &w, f.a, &m, &err));
        Str s = str_sub(m.text, m.snippet_start, m.snippet_end);
        assert_true(s.len <= PASSAGE_SNIPPET);
        if (str_find(s, str_of(cases[i].within), 0) == SIZE_MAX)
            fail_msg("\"" STR_FMT "\" is without \"%s\"", STR_ARG(s), cases[i].within);
        assert_true(!m.snippet_start || m.text.ptr[m.snippet_start - 1] == ' ');
        assert_true(m.snippet_end == m.text.len || strchr(" .", m.text.ptr[m.snippet_end]));
    }
    Match empty = {.text = STR("")};
    Words none = {0};
    assert_true(passage_mark(f.store, &none, f.a, &empty, &err));
    assert_int_equal(empty.snippet_end, 0);
    buf_release(&b);
}

static void test_pages(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    SearchRequest r = {.text = STR("euros boiler flat lake sourdough"),
                       .mode = SEARCH_HYBRID,
                       .limit = 2,
                       .threshold = -1};
    SearchResult out;
    bool seen[64] = {false};
    size_t all = 0;
    for (r.offset = 0; r.offset < 8; r.offset += 2) {
        assert_true(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err));
        assert_int_equal(out.total, 6);
        assert_int_equal(out.n, r.offset < 6 ? 2 : 0);
        for (size_t i = 0; i < out.n; i++, all++) {
            assert_false(seen[number(&out.hits[i])]);
            seen[number(&out.hits[i])] = true;
        }
    }
    assert_int_equal(all, 6);
}

static void test_refusals(void **state)
{
    (void)state;
    SearchRequest good = {.text = STR("x"), .limit = 10, .threshold = 0.3}, r;
    SearchResult out;
    Err err = ERR_INIT;
    r = good, r.limit = 0;
    assert_err(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err), err, ERR_VALIDATION,
               "limit");
    r = good, r.limit = 101;
    assert_err(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err), err, ERR_VALIDATION,
               "limit");
    r = good, r.offset = 1001;
    assert_err(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err), err, ERR_VALIDATION,
               "offset");
    r = good, r.threshold = NAN;
    assert_err(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err), err, ERR_VALIDATION,
               "threshold");
    r = good, r.text = STR("a \"b");
    assert_err(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err), err, ERR_VALIDATION,
               "never closed");
    r = good, r.text = STR("?!");
    assert_err(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err), err, ERR_VALIDATION,
               "empty");
    r = good;
    assert_err(search_run(f.search, &f.owner, &r, 99, f.a, &out, &err), err, ERR_INTERNAL,
               "worker");
}

static void test_cache(void **state)
{
    (void)state;
    SearchResult a = fixture_search(&f, "lake in Z\xC3\xBCrich", SEARCH_HYBRID);
    SearchResult b = fixture_search(&f, "  lake in Z\xC3\xBCrich ", SEARCH_HYBRID);
    assert_false(a.from_cache);
    assert_true(b.from_cache);
    assert_int_equal(a.n, b.n);
    assert_true(a.total == b.total && a.weight_vector == b.weight_vector);
    for (size_t i = 0; i < a.n; i++) {
        assert_true(uuid_eq(&a.hits[i].doc.id, &b.hits[i].doc.id));
        assert_true(str_eq(a.hits[i].doc.title, b.hits[i].doc.title));
        assert_int_equal(a.hits[i].n_matches, b.hits[i].n_matches);
        assert_true(str_eq(a.hits[i].matches[0].text, b.hits[i].matches[0].text));
        assert_int_equal(a.hits[i].matches[0].n_marks, b.hits[i].matches[0].n_marks);
    }
    check_citations(&b);
    /* another mode, another threshold, another filter: another answer */
    assert_false(fixture_search(&f, "lake in Z\xC3\xBCrich", SEARCH_KEYWORD).from_cache);
    assert_false(fixture_search(&f, "lake in Z\xC3\xBCrich type:text", SEARCH_HYBRID).from_cache);
    /* any write ends it: found as soon as stored, gone as soon as deleted */
    Err err = ERR_INIT;
    size_t n = fixture_put(&f, "Rowing", "We rowed across the lake in Z\xC3\xBCrich at dawn.");
    b = fixture_search(&f, "lake in Z\xC3\xBCrich", SEARCH_HYBRID);
    assert_false(b.from_cache);
    assert_int_equal(b.n, a.n + 1);
    Uuid id = retrieval_uuid(n);
    assert_true(store_document_delete(f.store, &f.owner, &id, &err));
    b = fixture_search(&f, "lake in Z\xC3\xBCrich", SEARCH_HYBRID);
    assert_false(b.from_cache);
    assert_int_equal(b.n, a.n);
    /* what is shown of a document changes with it */
    Uuid first = retrieval_uuid(3);
    Str tags[] = {STR("travel")};
    DocPatch patch = {.tags = tags, .n_tags = 1, .set_tags = true, .updated_at = 2};
    assert_true(store_document_patch(f.store, &f.owner, &first, &patch, &err));
    b = fixture_search(&f, "lake in Z\xC3\xBCrich tag:travel", SEARCH_HYBRID);
    assert_int_equal(b.n, 1);
    assert_int_equal(b.hits[0].doc.n_tags, 1);
    patch.n_tags = 0;
    assert_true(store_document_patch(f.store, &f.owner, &first, &patch, &err));
    b = fixture_search(&f, "lake in Z\xC3\xBCrich", SEARCH_HYBRID);
    assert_int_equal(b.hits[0].doc.n_tags, 0);
    /* and one may ask for none of it */
    SearchRequest r = {
        .text = STR("lake in Z\xC3\xBCrich"), .limit = 10, .threshold = 0.3, .no_cache = true};
    assert_true(search_run(f.search, &f.owner, &r, 0, f.a, &b, &err));
    assert_false(b.from_cache);
}

static void test_content_on_request(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    SearchRequest r = {.text = STR("chimney"), .mode = SEARCH_KEYWORD, .limit = 10};
    SearchResult out;
    assert_true(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err));
    assert_null(out.hits[0].doc.content.ptr);
    r.with_content = true;
    assert_true(search_run(f.search, &f.owner, &r, 0, f.a, &out, &err));
    assert_str(out.hits[0].doc.content, documents[2].text);
}

static void test_owners_are_apart(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Uuid other = {{2}};
    SearchRequest r = {.text = STR("boiler"), .limit = 10, .threshold = -1};
    SearchResult out;
    assert_true(fixture_search(&f, "boiler", SEARCH_HYBRID).n > 0);
    assert_true(search_run(f.search, &other, &r, 0, f.a, &out, &err));
    assert_int_equal(out.n, 0);
    assert_int_equal(out.total, 0);
}

static void test_metrics(void **state)
{
    (void)state;
    Buf b;
    (void)fixture_search(&f, "metrics boiler", SEARCH_HYBRID);
    buf_init(&b, 1 << 20);
    assert_true(metrics_render(&b));
    static const char *const names[] = {"\nsearch_requests_total ",
                                        "\nsearch_duration_seconds_count ",
                                        "search_stage_seconds_count{stage=\"parse\"}",
                                        "search_stage_seconds_count{stage=\"embed\"}",
                                        "search_stage_seconds_count{stage=\"candidates\"}",
                                        "search_stage_seconds_count{stage=\"fuse\"}",
                                        "search_stage_seconds_count{stage=\"fetch\"}",
                                        "search_stage_seconds_count{stage=\"snippet\"}",
                                        "\nembed_duration_seconds_count ",
                                        "cache_requests_total{cache=\"search\",outcome=\"miss\"}"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_find(buf_str(&b), str_of(names[i]), 0) == SIZE_MAX)
            fail_msg("no %s in the metrics", names[i]);
    buf_release(&b);
}

static bool search_once(void *arg)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    SearchResult out;
    /* a new text each time: nothing comes from a cache */
    static unsigned turn;
    SearchRequest r = {.text = arena_printf(f.a, "%s %u", (const char *)arg, turn++),
                       .limit = 10,
                       .threshold = 0.3};
    bool ok = a && r.text.ptr && search_run(f.search, &f.owner, &r, 0, a, &out, &err);
    if (!ok && a && err.code != ERR_NO_MEMORY)
        fail_msg("%s", err.msg);
    assert_true(!ok || out.n > 0);
    arena_free(a);
    return ok;
}

static void test_memory(void **state)
{
    (void)state;
    char query[] = "\"gas boiler\" engin* -oil type:text after:1960 serviced";
    assert_true(search_once(query)); /* scratch is there now */
    assert_true(torture_alloc(search_once, query, 1) > 10);
    assert_true(search_once(query)); /* and nothing is worse for it */
}

/* ---- searches beside writes
 * ---------------------------------------------------------------------- */

typedef struct {
    unsigned worker;
    int rounds;
    bool wrong;
} Searcher;

static void *search_on(void *arg)
{
    Searcher *me = arg;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    for (int i = 0; i < me->rounds && !me->wrong; i++) {
        SearchRequest r = {.text = i % 2 ? STR("lease of the flat") : STR("boiler service"),
                           .limit = 10,
                           .threshold = 0.3,
                           .no_cache = i % 3 == 0};
        SearchResult out;
        arena_reset(a);
        me->wrong = !search_run(f.search, &f.owner, &r, me->worker, a, &out, &err) || out.n < 1;
        for (size_t k = 0; k < out.n && !me->wrong; k++)
            me->wrong = !out.hits[k].doc.title.ptr || !out.hits[k].n_matches;
    }
    arena_free(a);
    return NULL;
}

static void test_beside_writes(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    pthread_t t[FIXTURE_WORKERS];
    Searcher s[FIXTURE_WORKERS];
    for (unsigned i = 0; i < FIXTURE_WORKERS; i++) {
        s[i] = (Searcher){i, 60, false};
        assert_int_equal(pthread_create(&t[i], NULL, search_on, &s[i]), 0);
    }
    for (int i = 0; i < 12; i++) {
        size_t n =
            fixture_put(&f, "Passing", "A boiler service and a lease of the flat, for a moment.");
        Uuid id = retrieval_uuid(n);
        assert_true(store_document_delete(f.store, &f.owner, &id, &err));
    }
    for (unsigned i = 0; i < FIXTURE_WORKERS; i++) {
        (void)pthread_join(t[i], NULL);
        assert_false(s[i].wrong);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_citations),
        cmocka_unit_test(test_marks),
        cmocka_unit_test(test_snippets),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_content_on_request),
        cmocka_unit_test(test_owners_are_apart),
        cmocka_unit_test(test_metrics),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_beside_writes),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
