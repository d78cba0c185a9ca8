/* sq_transfer.h - one person's rows from one file into another, whatever the tables are.
 *
 * A table's rows belong to a person by its column owner_no, by a foreign key to a table whose rows
 * do, or (parts of texts and originals) by the document's number in their key. Numbers are a file's
 * own: on the way every column that is one (its name ends in _no) grows by the person's shift, so
 * that people whose files began at 1 fit into one file; owner_no becomes the other file's.
 *
 * Done again it goes on where it ended: rows that are there are passed by.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_SQLITE_SQ_TRANSFER_H
#define SOTTO_STORE_SQLITE_SQ_TRANSFER_H

#include "store/store.h"

typedef struct {
    const char *from;    /* a database of this version that nobody writes */
    const Uuid *owner;   /* NULL: people, credentials and the audit log */
    int64_t shift;
    /* Now and then; false: stop (ERR_CANCELLED). May be NULL. */
    bool (*progress)(void *arg, const char *table, uint64_t rows);
    void *arg;
} SqTransfer;

/* Batch after batch, each a commit. */
bool sq_transfer(Store *to, const SqTransfer *t, uint64_t *rows, Err *err);
/* Compares every table: the number of rows, and the SHA-256 over all their values. ERR_CORRUPT
 * names the first that differs. */
bool sq_transfer_verify(Store *to, const SqTransfer *t, uint64_t *rows, Err *err);
/* A shift that no number in `to` reaches; remembered there by the person. */
bool sq_transfer_shift(Store *to, const Uuid *owner, int64_t *shift, Err *err);
/* The people of a file: those who own rows in it. */
bool sq_transfer_owners(const char *path, Arena *a, Uuid **out, size_t *n, Err *err);

#endif
