/* Passages by document: as Qdrant groups a list, so we do over the same list. Runs over a server
 * only (tests/e2e/test_qdrant_parity.py); docs/QDRANT.md says why the grouping is ours. */
#include "store_unit.h"

#include "store/qdrant/qd_sparse.h"

#define DOCS 12
#define GROUPS 7
#define GROUP_SIZE 2

typedef struct {
    int64_t chunk_no[GROUPS][GROUP_SIZE];
    double score[GROUPS][GROUP_SIZE];
    size_t n[GROUPS], groups;
} Grouped;

static void by_qdrant(Fx *f, const float v[VINDEX_DIM], Grouped *out)
{
    Buf b;
    JsonW w;
    Json *got = NULL;
    char id[UUID_TEXT];
    buf_init(&b, 1 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "query");
    qd_json_vector(&w, v);
    jw_kv_cstr(&w, "using", "dense");
    jw_key(&w, "filter");
    jw_obj(&w);
    jw_key(&w, "must");
    jw_arr(&w);
    qd_json_match(&w, "owner", str_of(uuid_format(&f->owner, id)));
    jw_arr_end(&w);
    jw_obj_end(&w);
    jw_key(&w, "params");
    jw_raw(&w, STR("{\"exact\":true,\"quantization\":{\"ignore\":true}}"));
    jw_kv_cstr(&w, "group_by", "document_id");
    jw_kv_int(&w, "group_size", GROUP_SIZE);
    jw_kv_int(&w, "limit", GROUPS);
    jw_kv_bool(&w, "with_payload", true);
    jw_obj_end(&w);
    OK(qd_ask(qd_of(f->s), "POST", true, "/points/query/groups", buf_str(&b), &got, &oops));
    const Json *groups = json_get(json_get(got, "result"), "groups");
    out->groups = json_count(groups);
    assert_true(out->groups <= GROUPS);
    for (size_t g = 0; g < out->groups; g++) {
        const Json *hits = json_get(json_at(groups, g), "hits");
        out->n[g] = json_count(hits);
        assert_true(out->n[g] <= GROUP_SIZE);
        for (size_t i = 0; i < out->n[g]; i++) {
            const Json *hit = json_at(hits, i);
            assert_true(json_int(json_get(json_get(hit, "payload"), "chunk_no"),
                &out->chunk_no[g][i]));
            assert_true(json_num(json_get(hit, "score"), &out->score[g][i]));
        }
    }
    json_free(got);
    buf_release(&b);
}

/* Candidates come best first. */
static void by_us(const Candidates *c, Grouped *out)
{
    uint64_t docs[GROUPS];
    for (uint32_t rank = 1; rank <= c->n_vector; rank++)
        for (size_t i = 0; i < c->n; i++) {
            const Candidate *x = &c->items[i];
            size_t g = 0;
            if (x->vector_rank != rank)
                continue;
            while (g < out->groups && docs[g] != x->doc_no)
                g++;
            if (g == GROUPS || (g < out->groups && out->n[g] == GROUP_SIZE))
                continue;
            if (g == out->groups)
                docs[out->groups++] = x->doc_no;
            out->chunk_no[g][out->n[g]] = (int64_t)x->chunk_no;
            out->score[g][out->n[g]++] = (double)x->similarity;
        }
}

static void test_same_groups(void **state)
{
    Fx *f = *state;
    if (!fx_qdrant())
        skip();
    for (uint64_t n = 1; n <= DOCS; n++)
        fx_put(f, &f->owner, fx_doc(f->a, n, STR("A title"), fx_text(f->a, n, 150, 30, 300)), NULL);
    for (uint64_t seed = 1; seed <= 8; seed++) {
        float v[VINDEX_DIM];
        Candidates c;
        Grouped theirs = {0}, ours = {0};
        fx_vector(seed, v);
        CandidateQuery q = {.vector = v, .k = 500, .mode = VINDEX_EXACT};
        OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
        by_qdrant(f, v, &theirs);
        by_us(&c, &ours);
        assert_int_equal(theirs.groups, GROUPS);
        assert_int_equal(ours.groups, GROUPS);
        for (size_t g = 0; g < GROUPS; g++) {
            assert_int_equal(ours.n[g], theirs.n[g]);
            for (size_t i = 0; i < ours.n[g]; i++) {
                assert_int_equal(ours.chunk_no[g][i], theirs.chunk_no[g][i]);
                assert_true(fabs(ours.score[g][i] - theirs.score[g][i]) < 1e-3);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same_groups, fx_setup, fx_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
