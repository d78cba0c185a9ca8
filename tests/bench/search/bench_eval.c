/* bench_eval.c - how good the product's own search is on judged collections.
 *
 *   bench_eval [--fp32] [--both] [--threshold T] [--dump FILE] [--qdrant URL] FOLDER...
 *
 * A folder holds corpus.jsonl, queries.jsonl and qrels.tsv (tests/support/retrieval.h). Each is
 * chunked, embedded and stored as ingest does it, then asked in the three modes: nDCG@10 of each
 * and the ratio of hybrid to the better part. --both adds fp32 beside int8. --dump writes what the
 * fusion sees, a line a query, for tests/bench/search/fit.py. Models: SOTTO_MODELS, or models/ of
 * the source tree. --qdrant keeps them in collections of their own on that server. */
#include <unistd.h>

#include "base/clock.h"
#include "search/fusion.h"
#include "search/words.h"
#include "store/qdrant.h"
#include "support/retrieval.h"

#define DUMP_DEPTH 200

typedef struct {
    bool fp32, both;
    double threshold;
    FILE *dump;
    const char *qdrant; /* address of a server; NULL: SQLite */
} Options;

static Minilm *open_model(bool fp32)
{
    Err err = ERR_INIT;
    char path[4096];
    const char *models = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2%s",
                   models ? models : SOTTO_SOURCE_DIR "/models",
                   fp32 ? "/model.safetensors" : ".sotto");
    Minilm *m = minilm_open(path, fp32 ? MINILM_FP32 : MINILM_INT8, &err);
    if (!m)
        retrieval_die(path, err.msg);
    return m;
}

/* ---- what the fusion sees -----------------------------------------------------------------------
 */

static void dump_candidates(JsonW *w, const Candidates *c, const Document *docs)
{
    jw_key(w, "c");
    jw_arr(w);
    for (size_t i = 0; i < c->n; i++) {
        const Candidate *x = &c->items[i];
        jw_arr(w);
        jw_int(w, (int64_t)retrieval_index(&docs[i].id));
        jw_float(w, x->similarity);
        jw_float(w, x->keyword);
        jw_float(w, x->coverage);
        jw_int(w, x->vector_rank);
        jw_int(w, x->keyword_rank);
        jw_arr_end(w);
    }
    jw_arr_end(w);
}

static void dump_query(const Options *o, const char *set, const RetrievalQuery *q, size_t n_docs,
                       const Candidates *c, const Words *words, size_t pieces, const Document *docs)
{
    Buf b;
    JsonW w;
    buf_init(&b, (size_t)16 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kv_cstr(&w, "set", set);
    jw_kv_str(&w, "id", q->id);
    jw_kv_num(&w, "ideal", q->ideal);
    jw_kv_int(&w, "passages", c->n_passages);
    jw_kv_num(&w, "vec_mean", (double)c->vec_mean);
    jw_kv_num(&w, "vec_std", (double)c->vec_std);
    jw_kv_num(&w, "bound", (double)c->kw_bound);
    jw_kv_num(&w, "idf", (double)c->kw_idf);
    jw_kv_num(&w, "unknown", (double)c->kw_unknown);
    jw_kv_int(&w, "words", (int64_t)words->n_typed);
    jw_kv_int(&w, "kept", (int64_t)words->n_kept);
    jw_kv_int(&w, "pieces", (int64_t)pieces);
    jw_key(&w, "rel");
    jw_obj(&w);
    for (size_t i = 0; i < n_docs; i++) {
        char key[24];
        (void)snprintf(key, sizeof key, "%zu", i);
        if (q->grades[i] > 0)
            jw_kv_num(&w, key, q->grades[i]);
    }
    jw_obj_end(&w);
    dump_candidates(&w, c, docs);
    jw_obj_end(&w);
    (void)fprintf(o->dump, "%s\n", b.ptr);
    buf_release(&b);
}

static void dump_one(const Options *o, const char *set, const Retrieval *r, size_t at, Store *store,
                     const Uuid *owner, const Minilm *m, MinilmState *state)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    const char *text = retrieval_plain(a, r->queries[at].text);
    float vector[MINILM_DIM];
    Query query;
    Words words;
    Candidates c;
    if (!query_parse(str_of(text), a, &query, &err) ||
        !words_plan(store, &query, a, &words, &err) ||
        !minilm_embed(m, state, &query.embed, 1, vector, NULL, &err))
        retrieval_die(text, err.msg);
    CandidateQuery q = {
        .vector = vector, .terms = words.terms, .n_terms = words.n_terms, .k = DUMP_DEPTH};
    if (!store_candidates(store, owner, &q, a, &c, &err))
        retrieval_die(text, err.msg);
    uint64_t *numbers = ARENA_NEW_ARRAY(a, uint64_t, c.n + 1);
    Document *docs = ARENA_NEW_ARRAY(a, Document, c.n + 1);
    for (size_t i = 0; i < c.n; i++)
        numbers[i] = c.items[i].doc_no;
    if (!store_documents_get(store, owner, numbers, c.n, false, a, docs, &err))
        retrieval_die(text, err.msg);
    dump_query(o, set, &r->queries[at], r->n_docs, &c, &words, minilm_count_tokens(m, query.embed),
               docs);
    arena_free(a);
}

static void dump(const Options *o, const char *dir, const Retrieval *r, Store *store,
                 const Uuid *owner, const Minilm *m)
{
    Err err = ERR_INIT;
    MinilmState *state = minilm_state_new(m, &err);
    const char *slash = strrchr(dir, '/');
    if (!state)
        retrieval_die("encoder", err.msg);
    for (size_t i = 0; i < r->n_queries; i++)
        dump_one(o, slash ? slash + 1 : dir, r, i, store, owner, m, state);
    minilm_state_free(state);
}

/* ---- one collection -----------------------------------------------------------------------------
 */

static void evaluate(const Options *o, const char *dir, bool fp32)
{
    static const Uuid owner = {{1}};
    Err err = ERR_INIT;
    char data[] = "/tmp/sotto-eval-XXXXXX";
    Minilm *m = open_model(fp32);
    Retrieval r;
    retrieval_load(&r, dir);
    if (!mkdtemp(data))
        retrieval_die(data, "cannot make a folder");
    StoreOptions so = {.dir = data, .model = minilm_name(m)};
    char prefix[64];
    snprintf(prefix, sizeof prefix, "eval_%s_", data + sizeof "/tmp/sotto-eval-" - 1);
    QdrantOptions qo = {.url = o->qdrant, .key = getenv("QDRANT_API_KEY"), .prefix = prefix};
    Store *store = o->qdrant ? store_open_qdrant(&so, &qo, &err) : store_open_sqlite(&so, &err);
    SearchOptions po = {.store = store, .model = m, .workers = 1};
    Search *s = store ? search_new(&po, &err) : NULL;
    if (!s)
        retrieval_die(data, err.msg);
    uint64_t start = clock_mono_ns();
    retrieval_put(&r, store, &owner, m);
    double put_s = clock_seconds_since(start);
    start = clock_mono_ns();
    double k = retrieval_measure(&r, s, &owner, SEARCH_KEYWORD, o->threshold);
    double v = retrieval_measure(&r, s, &owner, SEARCH_SEMANTIC, o->threshold);
    double h = retrieval_measure(&r, s, &owner, SEARCH_HYBRID, o->threshold);
    double query_ms = clock_seconds_since(start) * 1e3 / (3 * (double)r.n_queries);
    printf("%s\t%s\t%zu\t%zu\t%zu\t%.4f\t%.4f\t%.4f\t%.3f\t%.1f\t%.2f\n", dir,
           fp32 ? "fp32" : "int8", r.n_docs, r.n_passages, r.n_queries, k, v, h,
           h / (k > v ? k : v), put_s, query_ms);
    (void)fflush(stdout);
    if (o->dump)
        dump(o, dir, &r, store, &owner, m);
    search_free(s);
    store_close(store);
    minilm_close(m);
    arena_free(r.a);
    (void)os_remove_tree(data, &err);
}

int main(int argc, char **argv)
{
    Options o = {.threshold = 0.3};
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--fp32") == 0)
            o.fp32 = true;
        else if (strcmp(argv[i], "--both") == 0)
            o.both = true;
        else if (strcmp(argv[i], "--qdrant") == 0 && i + 1 < argc)
            o.qdrant = argv[++i];
        else if (strcmp(argv[i], "--threshold") == 0 && i + 1 < argc &&
                 str_to_double(str_of(argv[i + 1]), &o.threshold))
            i++;
        else if (strcmp(argv[i], "--dump") == 0 && i + 1 < argc && (o.dump = fopen(argv[++i], "w")))
            continue;
        else
            retrieval_die(argv[i], "unknown, or without its value");
    }
    if (i == argc)
        retrieval_die("bench_eval", "name at least one folder with corpus.jsonl, queries.jsonl, "
                                    "qrels.tsv");
    printf("folder\tencoder\tdocuments\tpassages\tqueries\tkeyword\tsemantic\thybrid\tratio\tput_"
           "s\tquery_ms\n");
    for (; i < argc; i++) {
        evaluate(&o, argv[i], o.fp32);
        if (o.both && !o.fp32)
            evaluate(&o, argv[i], true);
    }
    if (o.dump && fclose(o.dump) != 0)
        retrieval_die("--dump", "could not be written whole");
    return 0;
}
