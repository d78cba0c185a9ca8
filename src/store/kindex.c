/* kindex.c - putting chunks into slots and taking them out; the small questions. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/os.h"
#include "store/kindex_int.h"

typedef struct {
    uint32_t term, tf;
} Entry;

void *kx_resize(const Kindex *k, void *block, size_t count, size_t size)
{
    return k->pool.spill ? spill_resize(k->pool.spill, block, count, size)
                         : mem_resize(block, count, size);
}

void kx_drop(const Kindex *k, void *block)
{
    if (k->pool.spill)
        spill_free(k->pool.spill, block);
    else
        mem_free(block);
}

Kindex *kx_new(const char *path, Spill *spill, Err *err)
{
    Kindex *k = mem_zalloc(sizeof *k);
    if (!k || (path && !(k->path = mem_strdup(path)))) {
        mem_free(k);
        err_set(err, ERR_NO_MEMORY, "no memory for a keyword index");
        return NULL;
    }
    k->fd = -1;
    memset(k->bucket, 0xff, sizeof k->bucket);
    k->pool.spill = spill;
    buf_init(&k->pending, spill ? 8 << 20 : 32 << 20);
    /* Readers hold the lock for a millisecond or so, one after another without a gap when many
     * search at once: a writer must not wait for a gap. */
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&k->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
    pthread_mutex_init(&k->sync_lock, NULL);
    if (!os_random(&k->seed, sizeof k->seed, err)) {
        kindex_close(k);
        return NULL;
    }
    return k;
}

static void release_contents(Kindex *k)
{
    kx_drop(k, k->terms);
    kx_drop(k, k->texts);
    kx_drop(k, k->hash);
    kx_drop(k, k->len);
    kx_drop(k, k->fwd);
    kx_drop(k, k->id);
    kx_pool_release(&k->pool);
    if (k->file && k->pool.spill)
        spill_unwatch(k->pool.spill, k->file);
    if (k->file)
        munmap(k->file, k->mapped);
}

void kindex_close(Kindex *k)
{
    if (!k)
        return;
    if (k->fd >= 0)
        close(k->fd);
    release_contents(k);
    buf_release(&k->pending);
    pthread_rwlock_destroy(&k->lock);
    pthread_mutex_destroy(&k->sync_lock);
    mem_free(k->path);
    mem_free(k);
}

static bool grow_slots(Kindex *k, uint32_t slot)
{
    if (slot < k->cap_slots)
        return true;
    uint32_t cap = k->cap_slots ? k->cap_slots : 1024;
    while (cap <= slot)
        cap += cap / 2 + 64; /* also from one slot, as a mapped file may have it */
    uint32_t *len = kx_resize(k, k->len, cap, sizeof *len);
    k->len = len ? len : k->len;
    uint32_t *fwd = kx_resize(k, k->fwd, cap, sizeof *fwd);
    k->fwd = fwd ? fwd : k->fwd;
    uint64_t *id = kx_resize(k, k->id, cap, sizeof *id);
    k->id = id ? id : k->id;
    if (!len || !fwd || !id)
        return false;
    k->cap_slots = cap;
    return true;
}

static int by_term(const void *a, const void *b)
{
    uint32_t x = ((const Entry *)a)->term, y = ((const Entry *)b)->term;
    return x < y ? -1 : x > y;
}

static uint32_t varint_size(uint32_t x)
{
    uint32_t n = 1;
    while (x >>= 7)
        n++;
    return n;
}

/* The forward list of a slot: u32 bytes in all, then the differences of its term numbers. */
static uint32_t make_forward(Kindex *k, const Entry *e, size_t n)
{
    uint32_t bytes = 4, last = 0;
    for (size_t i = 0; i < n; last = e[i++].term)
        bytes += varint_size(e[i].term - last);
    uint32_t units = (bytes + KX_UNIT - 1) / KX_UNIT, ref = kx_alloc(&k->pool, &units);
    if (!ref)
        return 0;
    uint8_t *p = kx_ptr(&k->pool, ref);
    memcpy(p, &bytes, 4);
    p += 4;
    last = 0;
    for (size_t i = 0; i < n; last = e[i++].term) {
        uint32_t x = e[i].term - last;
        for (; x >= 128; x >>= 7)
            *p++ = (uint8_t)(x | 128);
        *p++ = (uint8_t)x;
    }
    return ref;
}

static void free_forward(Kindex *k, uint32_t ref)
{
    uint32_t bytes;
    memcpy(&bytes, kx_ptr(&k->pool, ref), 4);
    kx_free(&k->pool, ref, (bytes + KX_UNIT - 1) / KX_UNIT);
}

/* Term numbers for the texts, sorted, those that come twice added up. Returns how many, or
 * SIZE_MAX. */
static size_t resolve(Kindex *k, const KindexTerm *terms, size_t n, Entry *e, Err *err)
{
    for (size_t i = 0; i < n; i++) {
        if (terms[i].text.len == 0 || terms[i].tf == 0) {
            err_set(err, ERR_VALIDATION, "a term to index needs a text and a tf of at least 1");
            return SIZE_MAX;
        }
        e[i] = (Entry){kx_term_make(k, terms[i].text), terms[i].tf};
        if (e[i].term == KX_NONE) {
            err_set(err, ERR_NO_MEMORY, "no memory for more words");
            return SIZE_MAX;
        }
    }
    if (n > 1)
        qsort(e, n, sizeof *e, by_term);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept && e[kept - 1].term == e[i].term)
            e[kept - 1].tf += e[i].tf < UINT32_MAX - e[kept - 1].tf ? e[i].tf : 0;
        else
            e[kept++] = e[i];
    }
    return kept;
}

static bool put_entries(Kindex *k, uint32_t slot, uint64_t id, const Entry *e, size_t n,
    uint32_t length)
{
    uint32_t ref = grow_slots(k, slot) ? make_forward(k, e, n) : 0;
    if (!ref)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!kx_insert(k, &k->terms[e[i].term], slot, e[i].tf, length)) {
            while (i-- > 0)
                kx_remove(k, &k->terms[e[i].term], slot);
            free_forward(k, ref);
            return false;
        }
    }
    for (; k->slots <= slot; k->slots++) {
        k->len[k->slots] = k->fwd[k->slots] = 0;
        k->id[k->slots] = UINT64_MAX;
    }
    k->len[slot] = length;
    k->fwd[slot] = ref;
    k->id[slot] = id;
    k->live++;
    k->total_len += length;
    return true;
}

bool kx_put(Kindex *k, uint32_t slot, uint64_t id, const KindexTerm *terms, size_t n,
    uint32_t length, Err *err)
{
    if (slot >= KX_MAX_SLOTS)
        return err_set(err, ERR_STORAGE_FULL, "the keyword index holds %u slots and cannot grow",
            KX_MAX_SLOTS);
    if (slot < k->slots && k->fwd[slot])
        return err_set(err, ERR_CONFLICT, "slot %u of the keyword index is taken", slot);
    Entry *e = mem_array(n ? n : 1, sizeof *e);
    if (!e)
        return err_set(err, ERR_NO_MEMORY, "no memory to index %zu words", n);
    size_t kept = resolve(k, terms, n, e, err);
    bool ok = kept != SIZE_MAX;
    if (ok && !put_entries(k, slot, id, e, kept, length))
        ok = err_set(err, ERR_NO_MEMORY, "no memory to index %zu words", n);
    mem_free(e);
    return ok;
}

void kx_take(Kindex *k, uint32_t slot)
{
    if (slot >= k->slots || !k->fwd[slot])
        return;
    uint32_t ref = k->fwd[slot], bytes, term = 0;
    const uint8_t *p = kx_ptr(&k->pool, ref);
    memcpy(&bytes, p, 4);
    for (const uint8_t *end = p + bytes, *q = p + 4; q < end;) {
        uint32_t x = 0;
        unsigned shift = 0;
        do {
            x |= (uint32_t)(*q & 127) << shift;
            shift += 7;
        } while (*q++ & 128);
        term += x;
        kx_remove(k, &k->terms[term], slot);
    }
    free_forward(k, ref);
    k->live--;
    k->total_len -= k->len[slot];
    k->len[slot] = k->fwd[slot] = 0;
    k->id[slot] = UINT64_MAX;
}

bool kindex_add(Kindex *k, uint32_t slot, uint64_t id, const KindexTerm *terms, size_t n,
    uint32_t length, Err *err)
{
    pthread_rwlock_wrlock(&k->lock);
    bool ok = kx_put(k, slot, id, terms, n, length, err);
    if (ok)
        kx_log_add(k, slot, id, terms, n, length);
    pthread_rwlock_unlock(&k->lock);
    return ok;
}

void kindex_delete(Kindex *k, uint32_t slot)
{
    pthread_rwlock_wrlock(&k->lock);
    if (slot < k->slots && k->fwd[slot]) {
        kx_take(k, slot);
        kx_log_delete(k, slot);
    }
    pthread_rwlock_unlock(&k->lock);
}

/* ---- questions ---------------------------------------------------------------------------- */

static void read_lock(const Kindex *k) { pthread_rwlock_rdlock((pthread_rwlock_t *)&k->lock); }
static void read_unlock(const Kindex *k) { pthread_rwlock_unlock((pthread_rwlock_t *)&k->lock); }

uint32_t kindex_slots(const Kindex *k)
{
    read_lock(k);
    uint32_t n = k->slots;
    read_unlock(k);
    return n;
}

uint32_t kindex_live(const Kindex *k)
{
    read_lock(k);
    uint32_t n = k->live;
    read_unlock(k);
    return n;
}

uint64_t kindex_id(const Kindex *k, uint32_t slot)
{
    read_lock(k);
    uint64_t id = slot < k->slots ? k->id[slot] : UINT64_MAX;
    read_unlock(k);
    return id;
}

uint32_t kindex_df(Kindex *k, Str term)
{
    read_lock(k);
    uint32_t t = kx_term_find(k, term), df = t == KX_NONE ? 0 : k->terms[t].df;
    read_unlock(k);
    return df;
}

double kindex_average_length(Kindex *k)
{
    read_lock(k);
    double average = k->live ? (double)k->total_len / k->live : 0.0;
    read_unlock(k);
    return average;
}

size_t kindex_bytes(const Kindex *k)
{
    read_lock(k);
    size_t n = sizeof *k + (size_t)k->pool.next * KX_UNIT + k->texts_cap + k->pending.cap +
               (size_t)k->cap_terms * sizeof *k->terms + (size_t)k->hash_cap * 4 +
               (size_t)k->cap_slots * 16;
    read_unlock(k);
    return n;
}

typedef struct {
    uint64_t *bitmap;
    size_t nbits;
    uint32_t set;
} Marks;

static void mark(void *ctx, uint32_t slot, uint32_t tf)
{
    Marks *m = ctx;
    (void)tf;
    if (slot < m->nbits) {
        m->bitmap[slot / 64] |= (uint64_t)1 << (slot % 64);
        m->set++;
    }
}

uint32_t kindex_mark(Kindex *k, Str term, uint64_t *bitmap, size_t nbits)
{
    Marks m = {bitmap, nbits, 0};
    read_lock(k);
    uint32_t t = kx_term_find(k, term);
    if (t != KX_NONE)
        kx_each(k, &k->terms[t], mark, &m);
    read_unlock(k);
    return m.set;
}
