/* rows.c - a document's rows, in and out. */
#include "store/sqlite/sq_rows.h"

bool sq_row_find(SqConn *c, int64_t owner_no, const Uuid *id, SqRow *out, Err *err)
{
    static const char sql[] =
        "SELECT doc_no, created_at, hash, same_text,"
        " (SELECT coalesce(min(chunk_no), 0) FROM chunks c WHERE c.doc_no = d.doc_no),"
        " (SELECT coalesce(max(chunk_no), 0) FROM chunks c WHERE c.doc_no = d.doc_no) "
        "FROM documents d WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    int rc = -1;
    *out = (SqRow){0};
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0) {
            out->doc_no = sq_col_i64(&q, 0);
            out->created_at = sq_col_i64(&q, 1);
            out->same_text = sq_col_i64(&q, 3);
            out->first_chunk = (uint64_t)sq_col_i64(&q, 4);
            out->last_chunk = (uint64_t)sq_col_i64(&q, 5);
            if (!sq_col_bytes(&q, 2, out->hash.b, sizeof out->hash.b, "a document's hash", err))
                rc = -1;
        }
    }
    sq_end(&q);
    return rc >= 0;
}

static bool run_for(SqConn *c, const char *sql, int64_t doc_no, Err *err)
{
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, doc_no);
    return sq_run(&q, err);
}

bool sq_row_clear(SqConn *c, const SqRow *row, bool keep_original, Err *err)
{
    /* FTS5 keeps no copy of the text: to remove a row it must be told what was in it, before the
     * text goes. */
    static const char fts[] =
        "INSERT INTO chunk_fts (chunk_fts, rowid, body, context) "
        "SELECT 'delete', t.chunk_no, t.body, t.context FROM chunk_texts t "
        "WHERE t.chunk_no IN (SELECT chunk_no FROM chunks WHERE doc_no = ?1)";
    static const char vectors[] =
        "DELETE FROM vectors WHERE chunk_no IN (SELECT chunk_no FROM chunks WHERE doc_no = ?1)";
    static const char chunks[] = "DELETE FROM chunks WHERE doc_no = ?1";
    static const char text[] =
        "DELETE FROM text_parts WHERE key BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535";
    static const char tags[] = "DELETE FROM tags WHERE doc_no = ?1";
    static const char original[] =
        "DELETE FROM original_parts WHERE key BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535";
    return run_for(c, fts, row->doc_no, err) && run_for(c, vectors, row->doc_no, err)
        && run_for(c, chunks, row->doc_no, err) && run_for(c, text, row->doc_no, err)
        && run_for(c, tags, row->doc_no, err)
        && (keep_original || run_for(c, original, row->doc_no, err));
}

bool sq_row_tags(SqConn *c, int64_t doc_no, const Str *tags, size_t n, Err *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO tags (doc_no, tag, ordinal) VALUES (?1, ?2, ?3)";
    for (size_t i = 0; i < n; i++) {
        Sq q;
        if (!sq_begin(&q, c, sql, err))
            return false;
        sq_i64(&q, doc_no);
        sq_text(&q, tags[i]);
        sq_i64(&q, (int64_t)i);
        if (!sq_run(&q, err))
            return false;
    }
    return true;
}

bool sq_row_parts(SqConn *c, const char *sql, int64_t doc_no, Str data, size_t part, Err *err)
{
    for (size_t at = 0, i = 0; at < data.len; at += part, i++) {
        Sq q;
        if (!sq_begin(&q, c, sql, err))
            return false;
        sq_i64(&q, SQ_PART_KEY(doc_no, i));
        Str piece = str_sub(data, at, at + part);
        sq_blob(&q, piece.ptr, piece.len);
        if (!sq_run(&q, err))
            return false;
    }
    return true;
}

bool sq_row_change(Sqlite *s, int64_t owner_no, int64_t doc_no, bool gone, uint64_t first,
    uint64_t last, uint64_t *seq, Err *err)
{
    static const char sql[] =
        "INSERT INTO changes (seq, owner_no, doc_no, gone, first_chunk, last_chunk) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    /* A random step of up to a million: two histories that part at one number (a restored backup)
     * do not meet at a later one. 2^63 is enough for eight million million changes. */
    uint32_t step;
    if (!os_random(&step, sizeof step, err))
        return false;
    uint64_t next = s->writer.seq + 1 + (step & 0xFFFFF);
    Sq q;
    if (!sq_begin(&q, s->writer.conn, sql, err))
        return false;
    sq_i64(&q, (int64_t)next);
    sq_i64(&q, owner_no);
    sq_i64(&q, doc_no);
    sq_i64(&q, gone);
    sq_i64(&q, (int64_t)first);
    sq_i64(&q, (int64_t)last);
    if (!sq_run(&q, err))
        return false;
    s->writer.seq = next;
    *seq = next;
    return true;
}
