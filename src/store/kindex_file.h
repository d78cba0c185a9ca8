/* kindex_file.h - the first page of a keyword index's file. Only src/store/kindex_*.c include
 * it. */
#ifndef SOTTO_STORE_KINDEX_FILE_H
#define SOTTO_STORE_KINDEX_FILE_H

#include "store/kindex_int.h"

#define KX_PAGE 4096u
#define KX_CHUNK ((size_t)1 << 20) /* the body's checksum runs over pieces of this size */

/* The body follows it: pool, terms, hash, buckets, id, len, fwd, texts; then the journal. */
typedef struct {
    char magic[8]; /* "SOTTOKEY" */
    uint32_t version, byte_order;
    uint64_t seq, seed, total_len, body_sum;
    uint32_t pool_units, terms, hash_cap, texts_len, slots, live;
    uint32_t free_head[KX_CLASSES];
    uint8_t zero[KX_PAGE - 8 - 2 * 4 - 4 * 8 - 6 * 4 - KX_CLASSES * 4 - 4];
    uint32_t crc; /* CRC-32C of the page without itself */
} KxHeader;

_Static_assert(sizeof(KxHeader) == KX_PAGE, "a header is a page");

/* Fills an empty k from the snapshot in fd, without its journal. */
bool kx_map(Kindex *k, int fd, Err *err);
bool kx_write_at(int fd, const void *data, size_t n, uint64_t at, const char *path, Err *err);
bool kx_sync_fd(int fd, const char *path, Err *err);
/* Writes everything to a new file that replaces k->path, and moves into it; caller holds
 * sync_lock. */
bool kx_snapshot(Kindex *k, uint64_t seq, Err *err);
/* Does again what the journal in `file` (the whole file) says; sets file_end and cuts a torn
 * rest. */
bool kx_read_journal(Kindex *k, Str file, Err *err);

#endif
