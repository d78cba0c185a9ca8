/* kindex_int.h - inside the keyword index: its memory, its lists. Only src/store/kindex*.c and
 * tests include it.
 *
 * Everything that grows with the postings lives in a pool addressed in units of 16 bytes, so that a
 * snapshot is the pool written out and opening it is one private mapping: pages that change later
 * are copied by the kernel. The tables (terms, their texts, hash, slots) are copied to the heap.
 *
 * A term's list is sorted by slot, in blocks of at most 128 postings. A block holds the distances
 * of its slots from its first (1, 2 or 4 bytes each, one width a block) and then the term
 * frequencies (likewise): 2 to 3 bytes a posting where it matters, searched without decoding, and a
 * posting taken out never makes a block larger, so that deleting needs no memory. */
#ifndef SOTTO_STORE_KINDEX_INT_H
#define SOTTO_STORE_KINDEX_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/mem.h"
#include "store/kindex.h"

#define KX_VERSION 1u
#define KX_BLOCK 128u
#define KX_UNIT 16u
#define KX_EXTENT 262144u  /* units: 4 MiB */
#define KX_CLASSES 36u     /* sizes a pool hands out */
#define KX_BUCKETS 4096u   /* chains of terms by their first two bytes */
#define KX_MAX_SLOTS (1u << 26)
#define KX_NONE UINT32_MAX

typedef struct {
    uint8_t *base;  /* units 0 .. base_units-1: in a private mapping of the file, or NULL */
    uint32_t base_units;
    uint8_t **ext;  /* units base_units + i * KX_EXTENT .. */
    uint32_t n_ext, cap_ext;
    uint32_t next;  /* first unit never handed out; unit 0 is never handed out */
    uint32_t free_head[KX_CLASSES];
    Spill *spill;   /* where extents and base lie; NULL: the heap, and a mapping of the file */
} KxPool;

static inline void *kx_ptr(const KxPool *p, uint32_t ref)
{
    if (ref < p->base_units)
        return p->base + (size_t)ref * KX_UNIT;
    ref -= p->base_units;
    return p->ext[ref / KX_EXTENT] + (size_t)(ref % KX_EXTENT) * KX_UNIT;
}
/* What is about to be changed: in a spill its page comes back as one to be written, and without the
 * fifteen around it that reading would bring. A processor writes here even when it changes
 * nothing. */
static inline void kx_touch(const KxPool *p, void *at)
{
    uint8_t zero = 0;
    if (p->spill)
        (void)__atomic_compare_exchange_n((uint8_t *)at, &zero, 0, false, __ATOMIC_RELAXED,
            __ATOMIC_RELAXED);
}
/* `*units` is rounded up to what is handed out; 0 without memory. */
uint32_t kx_alloc(KxPool *p, uint32_t *units);
void kx_free(KxPool *p, uint32_t ref, uint32_t units);
uint32_t kx_round(uint32_t units); /* what kx_alloc would hand out; 0: more than it can */
void kx_pool_release(KxPool *p);

/* A block of postings, or, in a KxTerm with several blocks, their directory. */
typedef struct {
    uint32_t first;   /* first slot | directory: blocks it has room for | single: the slot */
    uint32_t ref;     /* where it is | directory likewise | single: the tf */
    uint16_t max_tf;  /* not less than any tf in it, up to 65535 */
    uint16_t min_len; /* not more than any length in it, up to 65535 */
    uint8_t n, cap;   /* postings in it, and room for */
    uint8_t ow, tw;   /* bytes of a distance, of a tf: 1, 2 or 4 */
} KxBlock;

typedef struct {
    uint32_t text; /* offset into texts: a length byte, then the bytes */
    uint32_t next; /* in its bucket; KX_NONE */
    uint32_t df;
    uint32_t blocks; /* 0: df is 0, or 1 and `d` is a posting; 1: `d` is the block; more: dir */
    KxBlock d;
} KxTerm;

_Static_assert(sizeof(KxBlock) == 16 && sizeof(KxTerm) == 32, "part of the file format");

struct Kindex {
    pthread_rwlock_t lock;
    pthread_mutex_t sync_lock; /* taken before lock */
    KxPool pool;
    uint8_t *file;             /* what is mapped of it: with a spill only while it is opened; */
    size_t mapped;             /* so many bytes */
    KxTerm *terms;
    uint32_t n_terms, cap_terms;
    uint8_t *texts;
    uint32_t texts_len, texts_cap;
    uint32_t *hash;            /* term + 1, open addressing */
    uint32_t hash_cap;         /* a power of two */
    uint64_t seed;
    uint32_t bucket[KX_BUCKETS];
    uint32_t *len, *fwd;       /* of a slot: tokens, ref of its forward list (0: empty slot) */
    uint64_t *id;
    uint32_t slots, cap_slots;
    uint32_t live;
    uint64_t total_len;
    /* The file. */
    char *path;
    int fd;                    /* -1: in memory, or no snapshot yet */
    Buf pending;               /* journal since the last sync */
    bool whole;                /* the journal cannot carry it: the next sync writes a snapshot */
    uint64_t snapshot_bytes, file_end;
    _Atomic uint64_t seq;
};

/* ---- lists (kindex_list.c) ---------------------------------------------------------------- */

static inline uint32_t kx_get(const uint8_t *p, uint32_t width, uint32_t i)
{
    uint16_t two;
    uint32_t four;
    switch (width) {
    case 1:
        return p[i];
    case 2:
        memcpy(&two, p + (size_t)i * 2, 2);
        return two;
    default:
        memcpy(&four, p + (size_t)i * 4, 4);
        return four;
    }
}
static inline const KxBlock *kx_blocks(const Kindex *k, const KxTerm *t)
{
    return t->blocks > 1 ? kx_ptr(&k->pool, t->d.ref) : &t->d;
}
static inline const uint8_t *kx_tfs(const KxBlock *b, const uint8_t *data)
{
    return data + (size_t)b->cap * b->ow;
}
bool kx_insert(Kindex *k, KxTerm *t, uint32_t slot, uint32_t tf, uint32_t len);
void kx_remove(Kindex *k, KxTerm *t, uint32_t slot);
/* The tf of `slot` in the list, 0 when it is not there. *hint is the block to begin at (0 at first)
 * when slots are asked for in ascending order; it is moved on. */
uint32_t kx_find(const Kindex *k, const KxTerm *t, uint32_t slot, uint32_t *hint);
/* Calls for every posting. */
void kx_each(const Kindex *k, const KxTerm *t, void (*each)(void *ctx, uint32_t slot, uint32_t tf),
    void *ctx);

/* ---- terms (kindex_terms.c) --------------------------------------------------------------- */

static inline Str kx_text(const Kindex *k, const KxTerm *t)
{
    return str_mem((const char *)k->texts + t->text + 1, k->texts[t->text]);
}
uint32_t kx_term_find(const Kindex *k, Str text); /* KX_NONE */
uint32_t kx_term_make(Kindex *k, Str text);       /* finds or makes; KX_NONE without memory */

/* ---- changes and the file ----------------------------------------------------------------- */

/* As mem_resize and mem_free, on the heap or in the spill. */
void *kx_resize(const Kindex *k, void *block, size_t count, size_t size);
void kx_drop(const Kindex *k, void *block);
Kindex *kx_new(const char *path, Spill *spill, Err *err);
bool kx_put(Kindex *k, uint32_t slot, uint64_t id, const KindexTerm *terms, size_t n,
    uint32_t length, Err *err); /* kindex_add without lock and journal */
void kx_take(Kindex *k, uint32_t slot);
void kx_log_add(Kindex *k, uint32_t slot, uint64_t id, const KindexTerm *terms, size_t n,
    uint32_t length);
void kx_log_delete(Kindex *k, uint32_t slot);
bool kx_replay(Kindex *k, Str ops, Err *err);

#endif
