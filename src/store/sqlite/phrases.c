/* phrases.c - what documents are about, counted over time; the documents of a day. */
#include "store/sqlite/sq_index.h"

#include <math.h>

#include "store/briefing.h"
#include "store/sqlite/sq_rows.h"

#define FIRST_PASSAGES 8 /* of a document say what it is about */

/* ---- with a document ------------------------------------------------------------------------ */

bool sq_row_phrases(SqConn *c, int64_t owner_no, int64_t doc_no, const DocumentPut *put, Err *err)
{
    static const char clear[] = "DELETE FROM phrases WHERE doc_no = ?1";
    static const char sql[] = "INSERT OR IGNORE INTO phrases (doc_no, phrase, owner_no, rank, at) "
                              "VALUES (?1, ?2, ?3, ?4, ?5)";
    int64_t at = put->written_at ? put->written_at : put->doc.updated_at;
    Sq q;
    if (!sq_begin(&q, c, clear, err))
        return false;
    sq_i64(&q, doc_no);
    if (!sq_run(&q, err))
        return false;
    for (size_t i = 0; i < put->n_phrases; i++) {
        if (!sq_begin(&q, c, sql, err))
            return false;
        sq_i64(&q, doc_no);
        sq_text(&q, put->phrases[i]);
        sq_i64(&q, owner_no);
        sq_i64(&q, (int64_t)i);
        sq_i64(&q, at);
        if (!sq_run(&q, err))
            return false;
    }
    return true;
}

/* ---- documents ------------------------------------------------------------------------------ */

#define BRIEF_COLUMNS "d.uuid, d.title, d.source, d.importance, d.created_at, d.updated_at"

static bool read_doc(Sq *q, Arena *a, void *row, Err *err)
{
    BriefDoc *d = row;
    d->importance = sq_col_real(q, 3);
    d->created_at = sq_col_i64(q, 4);
    d->updated_at = sq_col_i64(q, 5);
    return sq_col_bytes(q, 0, d->id.b, sizeof d->id.b, "a document's id", err)
        && sq_col_copy(q, 1, a, &d->title, err) && sq_col_copy(q, 2, a, &d->source, err);
}

bool sq_brief_documents(Store *store, const Uuid *owner, int64_t from, int64_t until, Arena *a,
    BriefDoc **out, size_t *n, uint64_t *total, Err *err)
{
    static const char count[] = "SELECT count(*) FROM documents d WHERE d.owner_no = ?1 "
                                "AND d.updated_at >= ?2 AND d.updated_at < ?3";
    static const char sql[] = "SELECT " BRIEF_COLUMNS " FROM documents d WHERE d.owner_no = ?1 "
                              "AND d.updated_at >= ?2 AND d.updated_at < ?3 "
                              "ORDER BY d.updated_at DESC, d.doc_no DESC LIMIT ?4";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *n = 0;
    *out = NULL;
    *total = 0;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    Sq q;
    bool ok = sq_begin(&q, c, count, err);
    if (ok) {
        sq_i64(&q, o->no);
        sq_i64(&q, from);
        sq_i64(&q, until);
        ok = sq_step(&q, err) > 0;
        *total = ok ? (uint64_t)sq_col_i64(&q, 0) : 0;
    }
    sq_end(&q);
    if (ok && (ok = sq_begin(&q, c, sql, err))) {
        size_t cap = *total < STORE_BRIEF_MAX ? (size_t)*total : STORE_BRIEF_MAX;
        sq_i64(&q, o->no);
        sq_i64(&q, from);
        sq_i64(&q, until);
        sq_i64(&q, (int64_t)cap);
        ok = sq_list(&q, a, read_doc, sizeof **out, out, n, err);
    }
    sq_read_end(s, c);
    return ok;
}

/* ---- counts --------------------------------------------------------------------------------- */

static bool count_documents(SqConn *c, int64_t owner_no, int64_t since, int64_t until,
    PhraseCounts *out, Err *err)
{
    static const char sql[] =
        "SELECT (SELECT count(*) FROM phrases WHERE owner_no = ?1 AND rank = 0 AND at >= ?2"
        " AND at < ?3), (SELECT count(*) FROM phrases WHERE owner_no = ?1 AND rank = 0"
        " AND at < ?2), (SELECT min(at) FROM phrases WHERE owner_no = ?1 AND rank = 0"
        " AND at < ?2)";
    Sq q;
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        sq_i64(&q, owner_no);
        sq_i64(&q, since);
        sq_i64(&q, until);
        ok = sq_step(&q, err) > 0;
    }
    if (ok) {
        out->recent = (uint32_t)sq_col_i64(&q, 0);
        out->before = (uint32_t)sq_col_i64(&q, 1);
        out->first_at = sq_col_i64(&q, 2);
    }
    sq_end(&q);
    return ok;
}

#define COUNT_BY(index)                                                                            \
    "WITH r AS MATERIALIZED (SELECT phrase, count(*) AS n, avg(rank) AS r"                         \
    " FROM phrases INDEXED BY " index " WHERE owner_no = ?1 AND at >= ?2 AND at < ?3"              \
    " GROUP BY phrase HAVING count(*) >= ?4 ORDER BY n DESC, phrase LIMIT ?5) "                    \
    "SELECT r.phrase, r.n, r.r, (SELECT count(*) FROM phrases p WHERE p.owner_no = ?1"             \
    " AND p.phrase = r.phrase AND p.at < ?2) FROM r ORDER BY r.n DESC, r.phrase"

static bool read_count(Sq *q, Arena *a, void *row, Err *err)
{
    PhraseCount *p = row;
    p->recent = (uint32_t)sq_col_i64(q, 1);
    p->rank = sq_col_real(q, 2);
    p->before = (uint32_t)sq_col_i64(q, 3);
    return sq_col_copy(q, 0, a, &p->phrase, err);
}

static bool count_phrases(SqConn *c, int64_t owner_no, int64_t since, int64_t until, uint32_t least,
    size_t limit, Arena *a, PhraseCounts *out, Err *err)
{
    /* Of few documents their phrases are sorted; when they are a good part of all, reading all in
     * the order of phrases is quicker. */
    static const char few[] = COUNT_BY("phrases_at"), many[] = COUNT_BY("phrases_phrase");
    const char *sql = out->recent > out->before / 4 ? many : few;
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, owner_no);
    sq_i64(&q, since);
    sq_i64(&q, until);
    sq_i64(&q, least);
    sq_i64(&q, (int64_t)limit);
    return sq_list(&q, a, read_count, sizeof *out->items, &out->items, &out->n, err);
}

bool sq_phrase_counts(Store *store, const Uuid *owner, int64_t since, int64_t until, uint32_t least,
    size_t limit, Arena *a, PhraseCounts *out, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    *out = (PhraseCounts){0};
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    bool ok = count_documents(c, o->no, since, until, out, err)
        && count_phrases(c, o->no, since, until, least, limit, a, out, err);
    sq_read_end(s, c);
    return ok;
}

bool sq_phrase_documents(Store *store, const Uuid *owner, Str phrase, int64_t since, int64_t until,
    size_t limit, Arena *a, BriefDoc **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT " BRIEF_COLUMNS " FROM phrases p JOIN documents d ON d.doc_no = p.doc_no "
        "WHERE p.owner_no = ?1 AND p.phrase = ?2 AND p.at >= ?3 AND p.at < ?4 "
        "ORDER BY d.importance DESC, d.updated_at DESC, d.doc_no DESC LIMIT ?5";
    SqOwned r;
    *n = 0;
    *out = NULL;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody;
    sq_text(&r.q, phrase);
    sq_i64(&r.q, since);
    sq_i64(&r.q, until);
    sq_i64(&r.q, (int64_t)limit);
    return sq_owned_list(&r, a, read_doc, sizeof **out, out, n, err);
}

/* ---- vectors -------------------------------------------------------------------------------- */

static bool add_vectors(Sqlite *s, Sq *q, double sum[VINDEX_DIM], size_t *n, Err *err)
{
    int rc;
    while ((rc = sq_step(q, err)) > 0) {
        VindexCode code;
        float v[VINDEX_DIM];
        if (s->model[0] && !str_eq(sq_col_str(q, 1), str_of(s->model)))
            continue; /* another encoder's say nothing about this one's */
        sq_code_load(&code, sq_col_str(q, 0), false);
        vindex_decode(&code, v);
        for (int i = 0; i < VINDEX_DIM; i++)
            sum[i] += v[i];
        ++*n;
    }
    return rc >= 0;
}

bool sq_document_vector(Store *store, const Uuid *owner, const Uuid *id, float v[VINDEX_DIM],
    bool *found, Err *err)
{
    static const char sql[] =
        "SELECT v.code, d.model FROM documents d JOIN chunks c ON c.doc_no = d.doc_no "
        "JOIN vectors v ON v.chunk_no = c.chunk_no "
        "WHERE d.owner_no = ?1 AND d.uuid = ?2 AND c.ordinal < ?3 ORDER BY c.ordinal";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    double sum[VINDEX_DIM] = {0}, square = 0;
    size_t n = 0;
    *found = false;
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (!c)
        return !o;
    Sq q;
    bool ok = sq_begin(&q, c, sql, err);
    if (ok) {
        sq_i64(&q, o->no);
        sq_blob(&q, id->b, sizeof id->b);
        sq_i64(&q, FIRST_PASSAGES);
        ok = add_vectors(s, &q, sum, &n, err);
    }
    sq_end(&q);
    sq_read_end(s, c);
    for (int i = 0; i < VINDEX_DIM; i++)
        square += sum[i] * sum[i];
    if (!ok || n == 0 || square <= 0)
        return ok;
    for (int i = 0; i < VINDEX_DIM; i++)
        v[i] = (float)(sum[i] / sqrt(square));
    *found = true;
    return true;
}

uint64_t sq_plans_version(Store *store, const Uuid *owner)
{
    SqOwner *o = sq_owner(sq_of(store), owner);
    return o ? atomic_load(&o->plans) : 0;
}
