/* replica_read.c - passages and documents as a search engine is told of them; see sq_replica.h. */
#include "store/sqlite/sq_replica.h"

bool sq_replica_passage(const SqChange *c, int64_t chunk_no, Arena *a, SqPassage *out, Err *err)
{
    static const char sql[] =
        "SELECT c.uuid, d.uuid, c.doc_no, c.ordinal, c.start, c.\"end\", c.page, t.body, c.context,"
        " v.code, d.model FROM chunks c JOIN documents d USING (doc_no) "
        "JOIN chunk_texts t USING (chunk_no) LEFT JOIN vectors v USING (chunk_no) "
        "WHERE c.chunk_no = ?1";
    Sq q;
    bool ok = sq_begin(&q, c->conn, sql, err);
    *out = (SqPassage){.chunk_no = chunk_no};
    if (ok) {
        sq_i64(&q, chunk_no);
        int rc = sq_step(&q, err);
        ok = rc > 0 || (rc == 0 && err_set(err, ERR_CORRUPT, "a passage has no document"));
        ok = ok && sq_col_bytes(&q, 0, out->id.b, 16, "a passage's id", err)
            && sq_col_bytes(&q, 1, out->document.b, 16, "a document's id", err)
            && sq_col_copy(&q, 7, a, &out->text, err)
            && sq_col_copy(&q, 8, a, &out->context, err);
        if (ok) {
            out->doc_no = sq_col_i64(&q, 2);
            out->ordinal = (uint32_t)sq_col_i64(&q, 3);
            out->start = (uint32_t)sq_col_i64(&q, 4);
            out->end = (uint32_t)sq_col_i64(&q, 5);
            out->page = (uint32_t)sq_col_i64(&q, 6);
            sq_code_load(&out->code, sq_col_str(&q, 9),
                c->model[0] && !str_eq(sq_col_str(&q, 10), str_of(c->model)));
        }
    }
    sq_end(&q);
    return ok
        && sq_terms(c->conn, out->text, out->context, c->context_weight, a, &out->terms, err);
}

bool sq_replica_document(SqConn *c, int64_t doc_no, Arena *a, Document *out, bool *found, Err *err)
{
    static const char sql[] = "SELECT " SQ_DOC_COLUMNS " FROM documents d WHERE d.doc_no = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, doc_no);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_document_read(&q, false, a, out, err))
            rc = -1;
    }
    sq_end(&q);
    *found = rc > 0;
    return rc >= 0;
}

bool sq_replica_doc_of(SqConn *c, int64_t chunk_no, int64_t *doc_no, Err *err)
{
    static const char sql[] = "SELECT doc_no FROM chunks WHERE chunk_no = ?1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, chunk_no);
        rc = sq_step(&q, err);
        *doc_no = rc > 0 ? sq_col_i64(&q, 0) : 0;
    }
    sq_end(&q);
    return rc >= 0;
}
