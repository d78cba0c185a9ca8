/* Candidates: vectors against brute force, words, phrases, prefixes, required and excluded words,
 * filters, completion, tokens. */
#include "store_unit.h"

static void put_text(Fx *f, uint64_t n, const char *title, const char *text)
{
    fx_put(f, &f->owner, fx_doc(f->a, n, str_of(title), str_of(text)), NULL);
}

/* The ids of the documents that have a candidate, as bits (document n is bit n). */
static uint64_t docs_of(Fx *f, const Candidates *c)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < c->n; i++) {
        Document d;
        OK(store_documents_get(f->s, &f->owner, &c->items[i].doc_no, 1, false, f->a, &d, &oops));
        for (uint64_t n = 1; n < 64; n++) {
            Uuid id = fx_uuid(n);
            if (uuid_eq(&id, &d.id))
                bits |= (uint64_t)1 << n;
        }
    }
    return bits;
}

#define BIT(n) ((uint64_t)1 << (n))

static void word_rows(void **state)
{
    Fx *f = *state;
    put_text(f, 1, "Cats", "The quick brown fox jumps over the lazy dog");
    put_text(f, 2, "Dogs", "A dog runs. It was running yesterday, quickly.");
    put_text(f, 3, "Résumé", "Café crème: état-of-the-art state of affairs");
    put_text(f, 4, "Mixed", "brown quick fox, in another order");
    put_text(f, 5, "Numbers", "invoice 2024-117 for 3.5 apples");
    const struct {
        KwTerm terms[3];
        size_t n;
        uint64_t docs;
    } rows[] = {
        {{{KW_WORD, STR("dog"), false, false, 1}}, 1, BIT(1) | BIT(2)},
        {{{KW_WORD, STR("RUN"), false, false, 1}}, 1, BIT(2)},
        {{{KW_WORD, STR("resume"), false, false, 1}}, 1, BIT(3)},       /* in the context */
        {{{KW_WORD, STR("creme"), false, false, 1}}, 1, BIT(3)},
        {{{KW_WORD, STR("zebra"), false, false, 1}}, 1, 0},
        {{{KW_WORD, STR("..."), false, false, 1}}, 1, 0},
        {{{KW_PHRASE, STR("quick brown"), true, false, 1}}, 1, BIT(1)},
        {{{KW_PHRASE, STR("brown quick"), true, false, 1}}, 1, BIT(4)},
        {{{KW_PHRASE, STR("2024-117"), true, false, 1}}, 1, BIT(5)},
        {{{KW_PHRASE, STR("the \"lazy\" dog"), true, false, 1}}, 1, BIT(1)},
        {{{KW_PHRASE, STR("quick fox"), true, false, 1}}, 1, BIT(4)},
        {{{KW_PHRASE, STR("lazy cats"), true, false, 1}}, 1, 0},        /* not across columns */
        {{{KW_WORD, STR("quick"), false, false, 1}, {KW_WORD, STR("dog"), true, false, 1}}, 2,
            BIT(1) | BIT(2)},
        {{{KW_WORD, STR("quick"), true, false, 1}, {KW_WORD, STR("dog"), true, false, 1}}, 2,
        BIT(1)},
        {{{KW_WORD, STR("quick"), false, false, 1}, {KW_WORD, STR("dog"), false, true, 1}}, 2,
        BIT(4)},
        {{{KW_WORD, STR("fox"), false, false, 1}, {KW_PHRASE, STR("quick brown"), false, true, 1}},
        2,
            BIT(4)},
        {{{KW_PREFIX, STR("qui"), false, false, 1}}, 1, BIT(1) | BIT(2) | BIT(4)},
        {{{KW_PREFIX, STR("runni"), false, false, 1}}, 1, BIT(2)},      /* whose stem is shorter */
        {{{KW_PREFIX, STR("CRÈ"), false, false, 1}}, 1, BIT(3)},
        {{{KW_PREFIX, STR("zz"), false, false, 1}}, 1, 0},
        {{{KW_WORD, STR("dog"), false, false, 1}, {KW_PREFIX, STR("laz"), true, false, 1}}, 2,
        BIT(1)},
        {{{KW_WORD, STR("dog"), false, false, 1}, {KW_PREFIX, STR("laz"), false, true, 1}}, 2,
        BIT(2)},
        {{{KW_WORD, STR("dog"), false, true, 1}}, 1, 0},                /* nothing to rank by */
        {{{KW_WORD, STR("state-of-the-art"), false, false, 1},
            {KW_WORD, STR("cat"), false, true, 1}}, 2,
            BIT(3)},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Candidates c = fx_terms(f, &f->owner, rows[i].terms, rows[i].n);
        uint64_t docs = docs_of(f, &c);
        if (docs != rows[i].docs)
            fail_msg("row %zu: documents %llx instead of %llx", i, (unsigned long long)docs,
                (unsigned long long)rows[i].docs);
        for (size_t j = 0; j < c.n; j++) {
            assert_true(c.items[j].keyword > 0);
            assert_true(c.items[j].keyword <= c.kw_bound * 1.0001f);
            assert_true(c.items[j].similarity == -2);
            assert_int_equal(c.items[j].vector_rank, 0);
        }
    }
}

/* BM25 from its definition over the texts, as a second opinion about scores. */
static void bm25_is_bm25(void **state)
{
    Fx *f = *state;
    static const char *const texts[] = {"apple apple banana", "banana cherry",
        "cherry cherry apple date",
        "date elder fig grape"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        put_text(f, i + 1, "", texts[i]);
    const double k1 = 1.2, b = 0.75, avg = (3 + 2 + 4 + 4) / 4.0;
    const struct {
        int tf, length;
        uint64_t doc;
    } apple[] = {{2, 3, 1}, {1, 4, 3}};
    double idf = log(1 + (4 - 2 + 0.5) / (2 + 0.5));
    Candidates c = fx_words(f, &f->owner, "apple");
    assert_int_equal(c.n, 2);
    for (size_t i = 0; i < 2; i++) {
        double want = idf * apple[i].tf * (k1 + 1)
            / (apple[i].tf + k1 * (1 - b + b * apple[i].length / avg));
        bool found = false;
        for (size_t j = 0; j < 2; j++) {
            Candidates one = {.items = &c.items[j], .n = 1};
            if (docs_of(f, &one) != BIT(apple[i].doc))
                continue;
            found = true;
            assert_true(fabs(c.items[j].keyword - want) < 1e-4);
            assert_int_equal(c.items[j].keyword_rank, i + 1);
        }
        assert_true(found);
    }
}

static void vectors_against_brute_force(void **state)
{
    Fx *f = *state;
    enum { DOCS = 40 };
    DocumentPut *puts[DOCS];
    for (size_t i = 0; i < DOCS; i++) {
        puts[i] = fx_doc(f->a, i + 1, STR("v"), fx_text(f->a, i + 1, 300, 30, 2000));
        fx_put(f, &f->owner, puts[i], NULL);
    }
    for (size_t i = 0; i < DOCS; i += 3) /* holes, which later documents fill */
        OK(store_document_delete(f->s, &f->owner, &puts[i]->doc.id, &oops));
    for (uint64_t seed = 1; seed <= 10; seed++) {
        float v[VINDEX_DIM];
        fx_vector(seed * 77, v);
        Candidates c;
        CandidateQuery q = {.vector = v, .k = 15};
        OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
        assert_int_equal(c.n, 15);
        float worst = 2;
        for (size_t i = 0; i < c.n; i++)
            worst = c.items[i].similarity < worst ? c.items[i].similarity : worst;
        size_t better = 0;
        for (size_t i = 0; i < DOCS; i++)
            for (size_t j = 0; i % 3 && j < puts[i]->n_chunks; j++) {
                float stored[VINDEX_DIM];
                double dot = 0;
                vindex_decode(&puts[i]->chunks[j].code, stored);
                for (int d = 0; d < VINDEX_DIM; d++)
                    dot += (double)v[d] * stored[d];
                better += dot > worst + 1e-4;
            }
        assert_true(better < 15);
        for (size_t i = 0; i < c.n; i++) {
            Chunk k;
            float own[VINDEX_DIM];
            double dot = 0;
            OK(store_chunks_get(f->s, &f->owner, &c.items[i].chunk_no, 1, f->a, &k, &oops));
            fx_vector_of(k.text, own);
            for (int d = 0; d < VINDEX_DIM; d++)
                dot += (double)v[d] * own[d];
            assert_true(fabs(dot - c.items[i].similarity) < 1e-3);
        }
    }
}

/* With both, every candidate has both scores, and ranks say which list it is from. */
static void both_sides(void **state)
{
    Fx *f = *state;
    for (uint64_t i = 1; i <= 30; i++)
        fx_put(f, &f->owner, fx_doc(f->a, i, STR("t"), fx_text(f->a, i, 400, 40, 300)), NULL);
    float v[VINDEX_DIM];
    fx_vector(5, v);
    Buf word;
    buf_init(&word, 100);
    fx_word(3, &word);
    KwTerm term = {.kind = KW_WORD, .text = buf_str(&word), .weight = 1};
    CandidateQuery q = {.vector = v, .terms = &term, .n_terms = 1, .k = 20};
    Candidates c;
    OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
    assert_int_equal(c.n_vector, 20);
    assert_int_equal(c.n_keyword, 20);
    assert_true(c.n >= 20 && c.n <= 40);
    bool vr[21] = {false}, kr[21] = {false};
    for (size_t i = 0; i < c.n; i++) {
        const Candidate *k = &c.items[i];
        assert_true(k->vector_rank || k->keyword_rank);
        assert_true(k->vector_rank <= 20 && k->keyword_rank <= 20);
        if (k->vector_rank) {
            assert_false(vr[k->vector_rank]);
            vr[k->vector_rank] = true;
        }
        if (k->keyword_rank) {
            assert_false(kr[k->keyword_rank]);
            kr[k->keyword_rank] = true;
            assert_true(k->keyword > 0);
        }
        assert_true(k->similarity > -1.01f && k->similarity < 1.01f);
        Chunk chunk;
        OK(store_chunks_get(f->s, &f->owner, &k->chunk_no, 1, f->a, &chunk, &oops));
        assert_int_equal(chunk.doc_no, k->doc_no);
    }
    assert_true(c.vec_std > 0);
    assert_true(c.kw_std >= 0 && c.kw_mean > 0 && c.kw_bound >= c.kw_mean);
    buf_release(&word);
}

/* A word in the context counts for less than one in the text. */
static void context_counts_less(void **state)
{
    Fx *f = *state;
    put_text(f, 1, "walnut", "plain words of equal number");
    put_text(f, 2, "plain", "walnut words of equal number");
    Candidates c = fx_words(f, &f->owner, "walnut");
    assert_int_equal(c.n, 2);
    Candidates first = {.items = c.items, .n = 1};
    for (size_t i = 0; i < c.n; i++)
        if (c.items[i].keyword_rank == 1)
            first.items = &c.items[i];
    assert_int_equal(docs_of(f, &first), BIT(2));
}

static void another_encoder(void **state)
{
    Fx *f = *state;
    DocumentPut *p = fx_doc(f->a, 1, STR("t"), STR("walnut tree"));
    p->model = "some other encoder";
    fx_put(f, &f->owner, p, NULL);
    float v[VINDEX_DIM];
    fx_vector_of(STR("walnut tree"), v);
    CandidateQuery q = {.vector = v, .k = 10};
    Candidates c;
    OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
    assert_int_equal(c.n, 0); /* its vectors mean something else */
    c = fx_words(f, &f->owner, "walnut");
    assert_int_equal(c.n, 1); /* its words do not */
    Buf report;
    buf_init(&report, 1 << 16);
    OK(store_check(f->s, false, &report, &oops));
    assert_non_null(strstr(report.ptr, "another encoder (some other encoder)"));
    buf_release(&report);
    p->model = FX_MODEL;
    assert_int_equal(fx_put(f, &f->owner, p, NULL), PUT_REPLACED);
    OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
    assert_int_equal(c.n, 1);
    assert_true(c.items[0].similarity > 0.999f);
}

static void suggestions(void **state)
{
    Fx *f = *state;
    put_text(f, 1, "Running shoes", "Runner's guide: running, runs, rune. Été");
    put_text(f, 2, "Runes", "running elsewhere");
    put_text(f, 3, "Rivers", "running rivers, étage");
    const struct {
        const char *prefix, *want[6];
        size_t limit;
    } rows[] = {
        {"runni", {"running"}, 5},
        {"RUNN", {"running", "runner"}, 5},
        {"ete", {"ete"}, 5},
        {"", {NULL}, 5},
        {"zzz", {NULL}, 5},
        {"runn", {"running"}, 1},
        {"runn", {NULL}, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Str out[8];
        size_t n = 99;
        OK(store_suggest(f->s, &f->owner, str_of(rows[i].prefix), rows[i].limit, f->a, out, &n,
            &oops));
        size_t want = 0;
        while (rows[i].want[want])
            want++;
        assert_int_equal(n, want);
        for (size_t j = 0; j < n; j++)
            assert_str(out[j], rows[i].want[j]);
    }
    Uuid id = fx_uuid(1);
    OK(store_document_delete(f->s, &f->owner, &id, &oops));
    Str out[8];
    size_t n = 99;
    OK(store_suggest(f->s, &f->owner, STR("runner"), 8, f->a, out, &n, &oops));
    assert_int_equal(n, 0); /* words of what is deleted are not told */
}

typedef struct {
    char text[256];
} Seen;

static bool on_token(void *arg, Str stem, size_t start, size_t end)
{
    Seen *s = arg;
    size_t n = strlen(s->text);
    (void)snprintf(s->text + n, sizeof s->text - n, STR_FMT "[%zu,%zu) ", STR_ARG(stem), start,
        end);
    return n < 60;
}

static void tokens(void **state)
{
    Fx *f = *state;
    const struct {
        const char *text, *want;
    } rows[] = {
        {"Running, Dogs", "run[0,7) dog[9,13) "},
        {"Café x", "cafe[0,5) x[6,7) "},
        {"", ""},
        {" . ", ""},
        {"one two three four five six seven eight nine ten",
            "on[0,3) two[4,7) three[8,13) four[14,18) five[19,23) six[24,27) seven[28,33) "},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Seen s = {""};
        OK(store_tokenize(f->s, str_of(rows[i].text), on_token, &s, &oops));
        assert_string_equal(s.text, rows[i].want);
    }
}

static void bad_queries(void **state)
{
    Fx *f = *state;
    Candidates c;
    Err err = ERR_INIT;
    KwTerm bad = {.text = STR("\xc3"), .weight = 1};
    const struct {
        CandidateQuery q;
        const char *part;
    } rows[] = {
        {{.k = 0, .terms = &bad, .n_terms = 1}, "k must be"},
        {{.k = 1001, .terms = &bad, .n_terms = 1}, "k must be"},
        {{.k = 5}, "a vector or words"},
        {{.k = 5, .terms = &bad, .n_terms = 1}, "UTF-8"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_err(store_candidates(f->s, &f->owner, &rows[i].q, f->a, &c, &err), err,
            ERR_VALIDATION,
            rows[i].part);
}

/* A pasted page as a query: more words than the index takes at once. */
static void long_queries(void **state)
{
    Fx *f = *state;
    put_text(f, 1, "t", "walnut");
    Buf b;
    buf_init(&b, 1 << 20);
    buf_add_c(&b, "walnut");
    for (uint64_t i = 0; i < 2000; i++) {
        buf_add_char(&b, ' ');
        fx_word(i, &b);
    }
    KwTerm *terms = ARENA_NEW_ARRAY(f->a, KwTerm, 2001);
    Str rest = buf_str(&b), part;
    size_t n = 0;
    while (str_next(&rest, ' ', &part))
        terms[n++] = (KwTerm){.text = part, .weight = 1};
    Candidates c = fx_terms(f, &f->owner, terms, n);
    assert_int_equal(c.n, 1);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(word_rows),
        T(bm25_is_bm25),
        T(vectors_against_brute_force),
        T(both_sides),
        T(context_counts_less),
        T(another_encoder),
        T(suggestions),
        T(tokens),
        T(bad_queries),
        T(long_queries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
