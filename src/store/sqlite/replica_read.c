/* replica_read.c - passages and documents as a search engine is told of them; see sq_replica.h. */
#include "store/sqlite/sq_replica_int.h"

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

static int digit64(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool sq_replica_base64(Str s, Arena *a, Str *out, Err *err)
{
    char *p = arena_alloc(a, s.len / 4 * 3 + 1);
    size_t n = 0;
    if (!p)
        return err_set(err, ERR_NO_MEMORY, "taking over rows: out of memory");
    for (size_t i = 0; i + 4 <= s.len; i += 4) {
        uint32_t v = 0;
        int pad = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = digit64(s.ptr[i + k]);
            if (d < 0 && (s.ptr[i + k] != '=' || k < 2 || i + 4 != s.len))
                return err_set(err, ERR_CORRUPT, "a stored value is no base64");
            pad += d < 0;
            v = v << 6 | (uint32_t)(d < 0 ? 0 : d);
        }
        for (int k = 0; k < 3 - pad; k++)
            p[n++] = (char)(v >> (16 - 8 * k));
    }
    *out = (Str){p, n};
    return s.len % 4 == 0 || err_set(err, ERR_CORRUPT, "a stored value is no base64");
}

bool sq_replica_count(SqConn *c, uint64_t *n, Err *err)
{
    static const char sql[] = "SELECT count(*) FROM replica_rows";
    Sq q;
    bool ok = sq_begin(&q, c, sql, err) && sq_step(&q, err) > 0;
    if (ok)
        *n = (uint64_t)sq_col_i64(&q, 0);
    sq_end(&q);
    return ok;
}

bool sq_replica_version(SqConn *c, Str table, Str key, bool *found, Uuid *txn, Err *err)
{
    static const char sql[] = "SELECT txn FROM replica_rows WHERE tbl = ?1 AND key = ?2";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_text(&q, table);
        sq_text(&q, key);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_bytes(&q, 0, txn->b, sizeof txn->b, "a row's version", err))
            rc = -1;
    }
    sq_end(&q);
    *found = rc > 0;
    return rc >= 0;
}
