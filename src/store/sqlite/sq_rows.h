/* sq_rows.h - the statements that put and take a document's rows; for put.c and change.c, on the
 * writer's connection inside a request's savepoint. */
#ifndef SOTTO_STORE_SQLITE_SQ_ROWS_H
#define SOTTO_STORE_SQLITE_SQ_ROWS_H

#include "store/sqlite/sq.h"

typedef struct {
    int64_t doc_no; /* 0: not there */
    int64_t created_at;
    Sha256 hash;
    bool same_text;
    uint64_t first_chunk, last_chunk; /* first 0: no passages */
} SqRow;
bool sq_row_find(SqConn *c, int64_t owner_no, const Uuid *id, SqRow *out, Err *err);
/* Removes passages, vectors, words from FTS, text and tags; the original unless it is kept. */
bool sq_row_clear(SqConn *c, const SqRow *row, bool keep_original, Err *err);
bool sq_row_tags(SqConn *c, int64_t doc_no, const Str *tags, size_t n, Err *err);
/* Data in parts of `part` bytes; `sql` inserts (key, data). */
bool sq_row_parts(SqConn *c, const char *sql, int64_t doc_no, Str data, size_t part, Err *err);
/* What the text commits to; decisions about sentences that it still has stay. */
bool sq_row_commitments(SqConn *c, int64_t owner_no, int64_t doc_no, const DocumentPut *put,
    Err *err);
/* What the text is about. */
bool sq_row_phrases(SqConn *c, int64_t owner_no, int64_t doc_no, const DocumentPut *put, Err *err);
/* When its text is said. */
bool sq_row_cues(SqConn *c, int64_t doc_no, const DocumentPut *put, Err *err);
/* Notes a change for the caches and gives it the next sequence number. */
bool sq_row_change(Sqlite *s, int64_t owner_no, int64_t doc_no, bool gone, uint64_t first,
    uint64_t last, uint64_t *seq, Err *err);

#endif
