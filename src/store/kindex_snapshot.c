/* kindex_snapshot.c - writing everything to a new file, and moving into it.
 *
 * In memory the blocks of a list lie wherever there was room when they were made. In a snapshot
 * each list lies in one piece, and a search whose lists have left the processor's caches takes 0.6
 * times as long (measured with 100,000 passages). So the index moves into its snapshot as soon as
 * that is written, with what has changed meanwhile done again from the journal; the memory it had
 * is given back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"
#include "store/kindex_file.h"

#define MOVE_MAX ((size_t)1 << 20) /* a journal longer than this is not done again under the lock */

typedef struct {
    int fd;
    const char *path;
    uint8_t *chunk;
    size_t used;
    uint64_t written, sum;
    Spill *spill;
    uint32_t units; /* of the pool, so far: where the next piece will lie */
} Writer;

static bool flush(Writer *w, Err *err)
{
    w->sum = checksum64(w->sum, w->chunk, w->used);
    if (!kx_write_at(w->fd, w->chunk, w->used, KX_PAGE + w->written, w->path, err))
        return false;
    w->written += w->used;
    w->used = 0;
    if (w->spill && w->written / KX_CHUNK % 16 == 0)
        spill_cool(w->spill);
    return true;
}

static bool put(Writer *w, const void *data, size_t n, Err *err)
{
    const uint8_t *p = data;
    while (n > 0) {
        size_t room = KX_CHUNK - w->used, now = n < room ? n : room;
        memcpy(w->chunk + w->used, p, now);
        w->used += now;
        p += now;
        n -= now;
        if (w->used == KX_CHUNK && !flush(w, err))
            return false;
    }
    return true;
}

static uint32_t block_units(const KxBlock *b)
{
    return kx_round(((uint32_t)b->cap * (b->ow + b->tw) + KX_UNIT - 1) / KX_UNIT);
}

static uint32_t forward_units(const Kindex *k, uint32_t slot)
{
    uint32_t bytes;
    memcpy(&bytes, kx_ptr(&k->pool, k->fwd[slot]), 4);
    return kx_round((bytes + KX_UNIT - 1) / KX_UNIT);
}

static bool put_units(Writer *w, const Kindex *k, uint32_t ref, uint32_t units, Err *err)
{
    w->units += units;
    return put(w, kx_ptr(&k->pool, ref), (size_t)units * KX_UNIT, err);
}

/* The directory with its blocks' new places (right behind it, one after the other), then the
 * blocks. */
static bool put_list(Writer *w, const Kindex *k, const KxTerm *t, Err *err)
{
    const KxBlock *b = kx_blocks(k, t);
    if (t->blocks > 1) {
        static const KxBlock empty;
        w->units += t->d.first;
        uint32_t next = w->units;
        for (uint32_t i = 0; i < t->d.first; i++) {
            KxBlock moved = i < t->blocks ? b[i] : empty;
            if (i < t->blocks) {
                moved.ref = next;
                next += block_units(&b[i]);
            }
            if (!put(w, &moved, sizeof moved, err))
                return false;
        }
    }
    for (uint32_t i = 0; i < t->blocks; i++)
        if (!put_units(w, k, b[i].ref, block_units(&b[i]), err))
            return false;
    return true;
}

static bool put_pool(Writer *w, const Kindex *k, Err *err)
{
    static const uint8_t unit_0[KX_UNIT];
    w->units = 1;
    if (!put(w, unit_0, KX_UNIT, err))
        return false;
    for (uint32_t t = 0; t < k->n_terms; t++)
        if (!put_list(w, k, &k->terms[t], err))
            return false;
    for (uint32_t slot = 0; slot < k->slots; slot++)
        if (k->fwd[slot] && !put_units(w, k, k->fwd[slot], forward_units(k, slot), err))
            return false;
    return true;
}

/* The terms and forward lists with their new places, found by walking as put_pool did. */
static bool put_terms(Writer *w, const Kindex *k, uint32_t *at, Err *err)
{
    *at = 1;
    for (uint32_t i = 0; i < k->n_terms; i++) {
        KxTerm t = k->terms[i];
        const KxBlock *b = kx_blocks(k, &k->terms[i]);
        if (t.blocks > 0)
            t.d.ref = *at;
        *at += t.blocks > 1 ? t.d.first : 0;
        for (uint32_t j = 0; j < t.blocks; j++)
            *at += block_units(&b[j]);
        if (!put(w, &t, sizeof t, err))
            return false;
    }
    return true;
}

static bool put_forward(Writer *w, const Kindex *k, uint32_t at, Err *err)
{
    for (uint32_t slot = 0; slot < k->slots; slot++) {
        uint32_t ref = k->fwd[slot] ? at : 0;
        at += ref ? forward_units(k, slot) : 0;
        if (!put(w, &ref, 4, err))
            return false;
    }
    return true;
}

/* Everything in the order of docs/STORAGE.md. Caller keeps writers away. */
static bool put_all(Writer *w, const Kindex *k, Err *err)
{
    uint32_t forward;
    return put_pool(w, k, err) && put_terms(w, k, &forward, err) &&
           put(w, k->hash, (size_t)k->hash_cap * 4, err) &&
           put(w, k->bucket, sizeof k->bucket, err) &&
           put(w, k->id, (size_t)k->slots * 8, err) && put(w, k->len, (size_t)k->slots * 4, err) &&
           put_forward(w, k, forward, err) && put(w, k->texts, k->texts_len, err) &&
           (w->used == 0 || flush(w, err));
}

/* Writes a new file beside the old one; *fd is the new file. The pending journal is in it. */
static bool write_file(Kindex *k, const char *temporary, uint64_t seq, int *fd, uint64_t *bytes,
    Err *err)
{
    Writer w = {.path = temporary, .chunk = mem_alloc(KX_CHUNK),
        .spill = k->pool.spill};
    if (!w.chunk)
        return err_set(err, ERR_NO_MEMORY, "no memory to write %s", temporary);
    w.fd = *fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (w.fd < 0) {
        mem_free(w.chunk);
        return err_set_errno(err, ERR_IO, errno, "cannot create %s", temporary);
    }
    pthread_rwlock_rdlock(&k->lock); /* readers go on, writers wait until it is in the page cache */
    bool ok = put_all(&w, k, err);
    KxHeader h = {.magic = "SOTTOKEY", .version = KX_VERSION, .byte_order = 0x01020304,
        .seq = seq, .seed = k->seed, .total_len = k->total_len, .pool_units = w.units,
        .terms = k->n_terms, .hash_cap = k->hash_cap, .texts_len = k->texts_len,
        .slots = k->slots, .live = k->live};
    if (ok) {
        buf_release(&k->pending); /* only writers and syncs touch it, and both wait */
        k->whole = false;
    }
    pthread_rwlock_unlock(&k->lock);
    mem_free(w.chunk);
    h.body_sum = w.sum;
    h.crc = crc32c(0, &h, sizeof h - 4);
    *bytes = KX_PAGE + w.written;
    return ok && kx_write_at(w.fd, &h, sizeof h, 0, temporary, err) &&
           kx_sync_fd(w.fd, temporary, err);
}

/* Puts the contents of `from` (just mapped) in the place of k's; from gets k's old ones. Locks,
 * file and journal stay. Caller holds the lock for writing. */
static void swap_contents(Kindex *k, Kindex *from)
{
    Kindex old = *k;
    k->pool = from->pool;
    k->file = from->file;
    k->mapped = from->mapped;
    k->terms = from->terms;
    k->n_terms = from->n_terms;
    k->cap_terms = from->cap_terms;
    k->texts = from->texts;
    k->texts_len = from->texts_len;
    k->texts_cap = from->texts_cap;
    k->hash = from->hash;
    k->hash_cap = from->hash_cap;
    memcpy(k->bucket, from->bucket, sizeof k->bucket);
    k->len = from->len;
    k->fwd = from->fwd;
    k->id = from->id;
    k->slots = from->slots;
    k->cap_slots = from->cap_slots;
    from->pool = old.pool;
    from->file = old.file;
    from->mapped = old.mapped;
    from->terms = old.terms;
    from->texts = old.texts;
    from->hash = old.hash;
    from->len = old.len;
    from->fwd = old.fwd;
    from->id = old.id;
}

/* Moving is for speed: when it cannot be done now, everything is right as it is. In a spill it
 * would write everything a second time. */
static void move_in(Kindex *k)
{
    Kindex *fresh = k->pool.spill ? NULL : kx_new(k->path, NULL, NULL);
    if (!fresh)
        return;
    bool ready = kx_map(fresh, k->fd, NULL);
    if (ready) {
        pthread_rwlock_wrlock(&k->lock);
        if (!k->whole && k->pending.len <= MOVE_MAX && kx_replay(fresh, buf_str(&k->pending), NULL))
            swap_contents(k, fresh);
        pthread_rwlock_unlock(&k->lock);
    }
    kindex_close(fresh);
}

bool kx_snapshot(Kindex *k, uint64_t seq, Err *err)
{
    size_t n = strlen(k->path);
    char *temporary = mem_alloc(n + 5);
    if (!temporary)
        return err_set(err, ERR_NO_MEMORY, "no memory to write %s", k->path);
    memcpy(temporary, k->path, n);
    memcpy(temporary + n, ".new", 5);
    int fd = -1;
    uint64_t bytes = 0;
    bool ok = write_file(k, temporary, seq, &fd, &bytes, err);
    if (ok && rename(temporary, k->path) != 0)
        ok = err_set_errno(err, ERR_IO, errno, "cannot replace %s", k->path);
    if (ok) {
        if (k->fd >= 0)
            close(k->fd);
        k->fd = fd;
        k->snapshot_bytes = k->file_end = bytes;
        move_in(k);
        /* Should the folder's entry not survive a power cut, the old file is there: also whole. */
        char *slash = strrchr(temporary, '/');
        if (slash)
            *slash = '\0';
        ok = os_sync_dir(slash ? (slash == temporary ? "/" : temporary) : ".", err);
    } else {
        if (fd >= 0)
            close(fd);
        unlink(temporary);
    }
    mem_free(temporary);
    return ok;
}
