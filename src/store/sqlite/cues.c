/* cues.c - when the words of recordings are said: written with a document, read by a piece of its
 * text. A document has some hundreds, two thousand for two hours. */
#include "store/sqlite/sq_rows.h"

#include "store/cues.h"

bool sq_row_cues(SqConn *c, int64_t doc_no, const DocumentPut *put, Err *err)
{
    static const char clear[] = "DELETE FROM cues WHERE doc_no = ?1";
    static const char sql[] = "INSERT INTO cues (doc_no, start, \"end\", start_ms, end_ms) "
                              "VALUES (?1, ?2, ?3, ?4, ?5)";
    Sq q;
    if (!sq_begin(&q, c, clear, err))
        return false;
    sq_i64(&q, doc_no);
    if (!sq_run(&q, err))
        return false;
    for (size_t i = 0; i < put->n_cues; i++) {
        const Cue *cue = &put->cues[i];
        if (!sq_begin(&q, c, sql, err))
            return false;
        sq_i64(&q, doc_no);
        sq_i64(&q, cue->start);
        sq_i64(&q, cue->end);
        sq_i64(&q, cue->start_ms);
        sq_i64(&q, cue->end_ms);
        if (!sq_run(&q, err))
            return false;
    }
    return true;
}

static bool read_cue(Sq *q, Arena *a, void *row, Err *err)
{
    (void)a;
    (void)err;
    *(Cue *)row = (Cue){(uint32_t)sq_col_i64(q, 0), (uint32_t)sq_col_i64(q, 1),
                        (uint32_t)sq_col_i64(q, 2), (uint32_t)sq_col_i64(q, 3)};
    return true;
}

bool sq_cues(Store *store, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
    Arena *a, Cue **out, size_t *n, Err *err)
{
    static const char sql[] =
        "SELECT k.start, k.\"end\", k.start_ms, k.end_ms FROM documents d JOIN cues k "
        "ON k.doc_no = d.doc_no WHERE d.owner_no = ?1 AND d.uuid = ?2 AND k.start < ?4 "
        "AND k.\"end\" > ?3 ORDER BY k.start";
    SqOwned r;
    *out = NULL;
    *n = 0;
    if (!sq_owned_begin(&r, store, owner, sql, err))
        return r.nobody;
    sq_blob(&r.q, document->b, sizeof document->b);
    sq_i64(&r.q, start);
    sq_i64(&r.q, end);
    return sq_owned_list(&r, a, read_cue, sizeof **out, out, n, err);
}
