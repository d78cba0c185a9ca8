/* qd_points.c - passages as points of personal_knowledge.
 *
 *   dense   the embedding, as the working copy has it
 *   bm25    index: 32 bits of the stem's hash; value: BM25's share of the passage,
 *           tf (k1 + 1) / (tf + k1 (1 - b + b length / AVERAGE_LENGTH))
 *           Qdrant multiplies by the idf when it is asked. The average length must not move, or
 *           passages written at different times could not be compared: it is a constant.
 *   payload what can be filtered by, and the text with its place */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "store/qdrant/qd_pipe.h"
#include "store/qdrant/qd_sparse.h"

#define AVERAGE_LENGTH 110.0 /* words of a passage with its context */
#define K1 1.2
#define B 0.75

/* ---- vectors --------------------------------------------------------------------------------- */

/* Six decimals: a component of a unit vector is at most 1, and int8 with a residual byte is coarser
 * than a millionth. */
void qd_json_vector(JsonW *w, const float v[VINDEX_DIM])
{
    char text[VINDEX_DIM * 11 + 2], *at = text;
    *at++ = '[';
    for (int i = 0; i < VINDEX_DIM; i++) {
        long n = lrintf(v[i] * 1e6f);
        char digits[12];
        int k = 0;
        if (i)
            *at++ = ',';
        if (n < 0) {
            *at++ = '-';
            n = -n;
        }
        *at++ = (char)('0' + (n / 1000000) % 10);
        *at++ = '.';
        for (n %= 1000000; k < 6; n /= 10)
            digits[k++] = (char)('0' + n % 10);
        while (k)
            *at++ = digits[--k];
    }
    *at++ = ']';
    jw_raw(w, str_mem(text, (size_t)(at - text)));
}

uint32_t qd_term_index(Str stem)
{
    return (uint32_t)(str_hash(stem) >> 32);
}

typedef struct {
    uint32_t index;
    float value;
} Weight;

static int by_index(const void *a, const void *b)
{
    uint32_t x = ((const Weight *)a)->index, y = ((const Weight *)b)->index;
    return (x > y) - (x < y);
}

static bool put_weights(JsonW *w, Weight *list, size_t n)
{
    size_t kept = 0;
    qsort(list, n, sizeof *list, by_index);
    for (size_t i = 0; i < n; i++) {
        if (kept && list[kept - 1].index == list[i].index)
            list[kept - 1].value += list[i].value; /* two stems, one number: one in a million */
        else
            list[kept++] = list[i];
    }
    jw_obj(w);
    jw_key(w, "indices");
    jw_arr(w);
    for (size_t i = 0; i < kept; i++)
        jw_int(w, list[i].index);
    jw_arr_end(w);
    jw_key(w, "values");
    jw_arr(w);
    for (size_t i = 0; i < kept; i++)
        jw_num(w, round((double)list[i].value * 1e5) / 1e5);
    jw_arr_end(w);
    jw_obj_end(w);
    return true;
}

bool qd_json_query(JsonW *w, const KindexQueryTerm *terms, size_t n, Arena *a, Err *err)
{
    Weight *list = ARENA_NEW_ARRAY(a, Weight, n + 1);
    if (!list)
        return err_set(err, ERR_NO_MEMORY, "searching: out of memory");
    for (size_t i = 0; i < n; i++)
        list[i] = (Weight){qd_term_index(terms[i].text), terms[i].weight};
    return put_weights(w, list, n);
}

static bool put_sparse(JsonW *w, const SqTerms *t, Arena *a, Err *err)
{
    Weight *list = ARENA_NEW_ARRAY(a, Weight, t->n + 1);
    if (!list)
        return err_set(err, ERR_NO_MEMORY, "making points: out of memory");
    double length = (double)t->length / SQ_TF_UNIT;
    double norm = K1 * (1 - B + B * length / AVERAGE_LENGTH);
    for (size_t i = 0; i < t->n; i++) {
        double tf = (double)t->terms[i].tf / SQ_TF_UNIT;
        list[i] = (Weight){qd_term_index(t->terms[i].text), (float)(tf * (K1 + 1) / (tf + norm))};
    }
    return put_weights(w, list, t->n);
}

/* ---- payload --------------------------------------------------------------------------------- */

static void put_time(JsonW *w, const char *key, int64_t ms)
{
    char text[CLOCK_RFC3339_MAX];
    jw_kv_cstr(w, key, clock_format(ms, text));
}

/* What of a document is at its passages. */
static void put_facts(JsonW *w, const Document *d)
{
    jw_kv_str(w, "title", d->title);
    jw_kv_str(w, "source", d->source);
    jw_kv_str(w, "file_type", d->file_type);
    jw_kv_str(w, "language", d->language);
    jw_key(w, "tags");
    jw_arr(w);
    for (size_t i = 0; i < d->n_tags; i++)
        jw_str(w, d->tags[i]);
    jw_arr_end(w);
    jw_kv_num(w, "importance_score", d->importance);
    put_time(w, "created_at", d->created_at);
    put_time(w, "updated_at", d->updated_at);
    jw_kv_int(w, "updated_ms", d->updated_at);
}

static bool put_point(QdPerson *p, const SqChange *c, const SqPassage *x, const Document *d,
    JsonW *w, Arena *a, Err *err)
{
    Uuid id;
    if (!qd_passage_id(p, &x->id, &id, err))
        return false;
    jw_obj(w);
    qd_json_uuid(w, "id", &id);
    jw_key(w, "vector");
    jw_obj(w);
    if (x->code.scale != 0) { /* else another encoder's */
        float v[VINDEX_DIM];
        vindex_decode(&x->code, v);
        jw_key(w, "dense");
        qd_json_vector(w, v);
    }
    if (x->terms.n) {
        jw_key(w, "bm25");
        if (!put_sparse(w, &x->terms, a, err))
            return false;
    }
    jw_obj_end(w);
    jw_key(w, "payload");
    jw_obj(w);
    jw_kv_cstr(w, "owner", p->text);
    qd_json_uuid(w, "document_id", &x->document);
    qd_json_uuid(w, "chunk_id", &x->id);
    qd_json_uuid(w, "txn", &c->txn);
    jw_kv_int(w, "chunk_no", x->chunk_no);
    jw_kv_int(w, "chunk", x->ordinal);
    jw_kv_int(w, "start", x->start);
    jw_kv_int(w, "end", x->end);
    jw_kv_int(w, "page", x->page);
    jw_kv_str(w, "text", x->text);
    jw_kv_str(w, "context", x->context);
    put_facts(w, d);
    jw_obj_end(w);
    jw_obj_end(w);
    return true;
}

bool qd_points_put(QdPerson *p, const SqChange *c, Err *err)
{
    QdPipe pipe;
    Arena *a = arena_new((size_t)1 << 30), *of_doc = arena_new((size_t)1 << 30);
    Document d;
    int64_t doc_no = 0;
    bool ok = (a && of_doc) || err_set(err, ERR_NO_MEMORY, "making points: out of memory");
    qd_pipe_begin(&pipe, p->q, true);
    for (size_t i = 0; ok && i < c->n_chunks; i++) {
        SqPassage x;
        bool found = true;
        arena_reset(a);
        ok = sq_replica_passage(c, c->chunks[i], a, &x, err);
        if (ok && x.doc_no != doc_no) {
            arena_reset(of_doc);
            doc_no = x.doc_no;
            ok = sq_replica_document(c->conn, doc_no, of_doc, &d, &found, err)
                && (found || err_set(err, ERR_CORRUPT, "a passage has no document"));
        }
        ok = ok && put_point(p, c, &x, &d, qd_pipe_point(&pipe), a, err)
            && qd_pipe_pointed(&pipe, err);
    }
    ok = qd_pipe_end(&pipe, ok ? err : NULL) && ok;
    arena_free(a);
    arena_free(of_doc);
    return ok;
}

/* ---- after the commit ------------------------------------------------------------------------ */

/* Whether its passages came with this commit, and have its facts already. */
static bool just_came(const SqChange *c, const int64_t *docs, size_t n, int64_t doc_no)
{
    (void)c;
    for (size_t i = 0; i < n; i++)
        if (docs[i] == doc_no)
            return true;
    return false;
}

static bool set_facts(QdPerson *p, const Document *d, Err *err)
{
    Buf b;
    JsonW w;
    char id[UUID_TEXT];
    buf_init(&b, 4 << 20);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_key(&w, "payload");
    jw_obj(&w);
    put_facts(&w, d);
    jw_obj_end(&w);
    jw_key(&w, "filter");
    jw_obj(&w);
    jw_key(&w, "must");
    jw_arr(&w);
    qd_json_match(&w, "owner", str_of(p->text));
    qd_json_match(&w, "document_id", str_of(uuid_format(&d->id, id)));
    jw_arr_end(&w);
    jw_obj_end(&w);
    jw_obj_end(&w);
    bool ok = buf_check(&b, "a request", err)
        && qd_ask(p->q, "POST", true, "/points/payload?wait=true", buf_str(&b), NULL, err);
    buf_release(&b);
    return ok;
}

static bool change_facts(QdPerson *p, const SqChange *c, Err *err)
{
    bool ok = true, found;
    Document d;
    int64_t *came = ARENA_NEW_ARRAY(c->arena, int64_t, c->n_chunks + 1);
    size_t n = 0;
    if (!came)
        return err_set(err, ERR_NO_MEMORY, "tidying up: out of memory");
    for (size_t i = 0; ok && c->n_docs && i < c->n_chunks; i++) {
        int64_t doc_no = 0;
        ok = sq_replica_doc_of(c->conn, c->chunks[i], &doc_no, err);
        if (ok && (!n || came[n - 1] != doc_no))
            came[n++] = doc_no;
    }
    for (size_t i = 0; ok && i < c->n_docs; i++) {
        if (just_came(c, came, n, c->docs[i]))
            continue;
        ok = sq_replica_document(c->conn, c->docs[i], c->arena, &d, &found, err)
            && (!found || set_facts(p, &d, err));
    }
    return ok;
}

/* A process that died may have left passages under the numbers that ours have now. */
static bool sweep_numbers(QdPerson *p, const SqChange *c, Err *err)
{
    Buf b;
    char txn[UUID_TEXT];
    if (!c->n_chunks)
        return true;
    buf_init(&b, 4096);
    buf_printf(&b,
        "{\"must\":[{\"key\":\"owner\",\"match\":{\"value\":\"%s\"}},"
        "{\"key\":\"chunk_no\",\"range\":{\"gte\":%lld,\"lte\":%lld}}],"
        "\"must_not\":[{\"key\":\"txn\",\"match\":{\"value\":\"%s\"}}]}",
        p->text, (long long)c->chunks[0], (long long)c->chunks[c->n_chunks - 1],
        uuid_format(&c->txn, txn));
    bool ok = buf_check(&b, "a request", err) && qd_delete_where(p->q, true, buf_str(&b), err);
    buf_release(&b);
    return ok;
}

bool qd_points_follow(QdPerson *p, const SqChange *c, Err *err)
{
    for (size_t i = 0; i < c->n_gone; i++)
        if (!qd_passage_id(p, &c->gone_chunks[i], &c->gone_chunks[i], err))
            return false;
    return qd_delete_ids(p->q, true, c->gone_chunks, c->n_gone, err) && change_facts(p, c, err)
        && sweep_numbers(p, c, err);
}
