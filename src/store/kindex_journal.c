/* kindex_journal.c - what has changed since the snapshot: kept in memory until a sync, then one
 * batch in the file. A batch is whole or not there: it has a checksum, and opening stops at the
 * first that does not match, which is where a crash interrupted a sync that nobody was told of. */
#include <unistd.h>

#include "base/hash.h"
#include "store/kindex_file.h"

typedef struct {
    char magic[4]; /* "KJRN" */
    uint32_t crc;  /* CRC-32C of the rest of this and of the operations */
    uint64_t seq, bytes;
} Batch;

enum { OP_ADD = 1, OP_DELETE = 2 };

#define FAR (1u << 24) /* slots are dense: one that far past the last is damage */

/* A journal of more than this is slower to do again than a new snapshot is to write. */
static uint64_t journal_max(const Kindex *k)
{
    return (1 << 20) + k->snapshot_bytes / 4;
}

/* When the operation could not be noted, only a snapshot can carry it. */
static void check_pending(Kindex *k)
{
    if (!buf_ok(&k->pending)) {
        buf_release(&k->pending);
        k->whole = true;
    }
}

void kx_log_add(Kindex *k, uint32_t slot, uint64_t id, const KindexTerm *terms, size_t n,
    uint32_t length)
{
    if (!k->path || k->whole)
        return;
    uint32_t count = (uint32_t)n;
    buf_add_char(&k->pending, OP_ADD);
    buf_add_mem(&k->pending, &slot, 4);
    buf_add_mem(&k->pending, &id, 8);
    buf_add_mem(&k->pending, &length, 4);
    buf_add_mem(&k->pending, &count, 4);
    for (size_t i = 0; i < n; i++) {
        size_t len = terms[i].text.len < KINDEX_TERM_MAX ? terms[i].text.len : KINDEX_TERM_MAX;
        buf_add_mem(&k->pending, &terms[i].tf, 4);
        buf_add_char(&k->pending, (char)len);
        buf_add_mem(&k->pending, terms[i].text.ptr, len);
    }
    check_pending(k);
}

void kx_log_delete(Kindex *k, uint32_t slot)
{
    if (!k->path || k->whole)
        return;
    buf_add_char(&k->pending, OP_DELETE);
    buf_add_mem(&k->pending, &slot, 4);
    check_pending(k);
}

/* Appends the operations taken out of `pending` as one batch. */
static bool append(Kindex *k, const Buf *ops, uint64_t seq, Err *err)
{
    Batch b = {.magic = "KJRN", .seq = seq, .bytes = ops->len};
    b.crc = crc32c(crc32c(0, &b.seq, 16), ops->len ? ops->ptr : "", ops->len);
    if (!kx_write_at(k->fd, &b, sizeof b, k->file_end, k->path, err) ||
        !kx_write_at(k->fd, ops->ptr, ops->len, k->file_end + sizeof b, k->path, err) ||
        !kx_sync_fd(k->fd, k->path, err))
        return false;
    k->file_end += sizeof b + ops->len;
    return true;
}

bool kindex_sync(Kindex *k, uint64_t seq, Err *err)
{
    pthread_mutex_lock(&k->sync_lock);
    bool ok = true;
    if (k->path) {
        Buf ops;
        pthread_rwlock_wrlock(&k->lock);
        uint64_t journal = k->file_end - k->snapshot_bytes + k->pending.len + sizeof(Batch);
        bool whole = k->whole || journal > journal_max(k);
        if (!whole) {
            ops = k->pending;
            buf_init(&k->pending, ops.max);
        }
        pthread_rwlock_unlock(&k->lock);
        if (whole) {
            ok = kx_snapshot(k, seq, err);
        } else {
            ok = append(k, &ops, seq, err);
            buf_release(&ops);
        }
        if (!ok) { /* what was taken out of the journal is in no file: next time everything */
            pthread_rwlock_wrlock(&k->lock);
            k->whole = true;
            buf_release(&k->pending);
            pthread_rwlock_unlock(&k->lock);
        }
    }
    if (ok)
        atomic_store(&k->seq, seq);
    pthread_mutex_unlock(&k->sync_lock);
    return ok;
}

uint64_t kindex_seq(const Kindex *k) { return atomic_load(&k->seq); }

/* ---- doing it again ----------------------------------------------------------------------- */

static bool take(Str *rest, void *out, size_t n)
{
    if (rest->len < n)
        return false;
    memcpy(out, rest->ptr, n);
    *rest = str_sub(*rest, n, rest->len);
    return true;
}

static bool replay_add(Kindex *k, Str *ops, Err *err)
{
    uint32_t slot, length, n;
    uint64_t id;
    if (!take(ops, &slot, 4) || !take(ops, &id, 8) || !take(ops, &length, 4) || !take(ops, &n, 4) ||
        n > ops->len / 5 || slot > k->slots + FAR)
        return err_set(err, ERR_CORRUPT, "the journal of %s is damaged", k->path);
    KindexTerm *terms = mem_array(n ? n : 1, sizeof *terms);
    if (!terms)
        return err_set(err, ERR_NO_MEMORY, "no memory to read the journal of %s", k->path);
    bool ok = true;
    for (uint32_t i = 0; i < n && ok; i++) {
        uint8_t len;
        ok = take(ops, &terms[i].tf, 4) && take(ops, &len, 1) && ops->len >= len;
        if (ok) {
            terms[i].text = str_sub(*ops, 0, len);
            *ops = str_sub(*ops, len, ops->len);
        }
    }
    Err why = ERR_INIT;
    if (!ok)
        err_set(err, ERR_CORRUPT, "the journal of %s is damaged", k->path);
    else if (!(ok = kx_put(k, slot, id, terms, n, length, &why)))
        err_set(err, why.code == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_CORRUPT,
            "the journal of %s cannot be followed: %s", k->path, why.msg);
    mem_free(terms);
    return ok;
}

bool kx_replay(Kindex *k, Str ops, Err *err)
{
    while (ops.len > 0) {
        uint8_t op;
        uint32_t slot;
        take(&ops, &op, 1);
        if (op == OP_ADD) {
            if (!replay_add(k, &ops, err))
                return false;
        } else if (op == OP_DELETE && take(&ops, &slot, 4)) {
            kx_take(k, slot);
        } else {
            return err_set(err, ERR_CORRUPT, "the journal of %s is damaged", k->path);
        }
    }
    return true;
}

bool kx_read_journal(Kindex *k, Str file, Err *err)
{
    k->file_end = k->snapshot_bytes;
    for (;;) {
        Str rest = str_sub(file, k->file_end, file.len);
        Batch b;
        if (!take(&rest, &b, sizeof b) || memcmp(b.magic, "KJRN", 4) != 0 || b.bytes > rest.len ||
            crc32c(crc32c(0, &b.seq, 16), rest.ptr, b.bytes) != b.crc)
            break;
        if (!kx_replay(k, str_sub(rest, 0, b.bytes), err))
            return false;
        k->file_end += sizeof b + b.bytes;
        atomic_store(&k->seq, b.seq);
    }
    /* A torn rest must not stand behind the next batch. */
    if (file.len > k->file_end && ftruncate(k->fd, (off_t)k->file_end) != 0)
        return err_set(err, ERR_IO, "cannot cut the torn end off %s", k->path);
    return true;
}
