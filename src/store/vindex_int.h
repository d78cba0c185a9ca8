/* vindex_int.h - inside the vector index: its layout, its kernels. Only src/store/vindex*.c include
 * it (and tests that damage a file on purpose).
 *
 * A file is three pages (a superblock and two state headers, written in turn) and then segments of
 * 4096 slots. A segment is mapped once, whole, and never moves, so growing takes nothing away from
 * a search that runs. Without a path the segments are anonymous memory.
 *
 * What makes a crash harmless: bytes of a slot that is live in the last durable state are never
 * written again before a later state, in which the slot is dead, is durable too (`busy`). A sync
 * writes the live bits into the segment pages' other copy, makes all that durable, and only then
 * writes the header that refers to it. */
#ifndef SOTTO_STORE_VINDEX_INT_H
#define SOTTO_STORE_VINDEX_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "store/vindex.h"

#define VX_VERSION 1u
#define VX_PAGE 4096u
#define VX_SEG_SLOTS 4096u
#define VX_SEG_WORDS (VX_SEG_SLOTS / 64)
#define VX_MAX_SEGS 16384u /* 67 million slots */
#define VX_BLOCK 64u       /* slots a kernel takes at once */
#define VX_SKETCH (VINDEX_DIM / 8)

/* Offsets in the file. */
#define VX_OFF_SUPER 0u
#define VX_OFF_STATE(copy) ((uint64_t)VX_PAGE * (1u + (copy)))
#define VX_OFF_SEGS 12288u /* three pages */

/* Offsets in a segment; every part begins on a page. */
#define VX_LIVE(copy) ((copy) * 512u)               /* uint64[64]: live bits of state copy 0, 1 */
#define VX_SCALE VX_PAGE                            /* float[4096] */
#define VX_ID (VX_SCALE + VX_SEG_SLOTS * 4u)        /* uint64[4096] */
#define VX_DOC (VX_ID + VX_SEG_SLOTS * 8u)          /* uint64[4096] */
#define VX_BORN (VX_DOC + VX_SEG_SLOTS * 8u)        /* uint32[4096]: first generation with it */
#define VX_CHECK (VX_BORN + VX_SEG_SLOTS * 4u)      /* uint32[4096]: CRC-32C of the slot */
#define VX_SKETCHES (VX_CHECK + VX_SEG_SLOTS * 4u)  /* 64 blocks of [48 bytes][64 slots] */
#define VX_HI (VX_SKETCHES + VX_SEG_SLOTS * VX_SKETCH) /* uint8[4096][384]: hi + 128 */
#define VX_LO (VX_HI + VX_SEG_SLOTS * VINDEX_DIM)   /* int8[4096][384] */
#define VX_SEG_BYTES (VX_LO + VX_SEG_SLOTS * VINDEX_DIM)

typedef struct {
    uint8_t *base; /* VX_SEG_BYTES, mapped shared, or anonymous */
    _Atomic uint64_t live[VX_SEG_WORDS];
    uint64_t busy[VX_SEG_WORDS];    /* may not be written: live now, or in a state still needed */
    uint64_t waiting[VX_SEG_WORDS]; /* dead in the durable state; free when old readers are gone */
} VxSegment;

struct Vindex {
    int fd; /* -1: in memory */
    char *path;
    Spill *spill; /* NULL: nobody lets go of its pages */
    pthread_mutex_t lock;      /* orders writers; guards busy, waiting, n_segs, n_free, cursor */
    pthread_mutex_t sync_lock; /* one sync at a time; taken before lock */
    _Atomic(VxSegment *) *segs;
    uint32_t n_segs;
    _Atomic uint32_t slots, live;
    uint32_t n_free, cursor;   /* free slots below `slots`; where the search for one goes on */
    uint32_t generation;       /* of the last state begun */
    unsigned durable_copy;     /* which of the two headers is the valid one */
    bool failed;               /* an fsync failed: what is on disk is unknown from then on */
    _Atomic uint64_t seq;
    bool grace;                /* `waiting` bits wait for readers[grace_parity] to go */
    unsigned grace_parity;
    _Atomic unsigned epoch;
    _Atomic uint32_t readers[2];
};

static inline VxSegment *vx_segment(const Vindex *v, uint32_t slot)
{
    return atomic_load_explicit(&v->segs[slot / VX_SEG_SLOTS], memory_order_acquire);
}
static inline bool vx_is_live(const VxSegment *s, uint32_t i)
{
    return atomic_load_explicit(&s->live[i / 64], memory_order_acquire) >> (i % 64) & 1;
}
static inline uint8_t *vx_hi(const VxSegment *s, uint32_t i)
{
    return s->base + VX_HI + (size_t)i * VINDEX_DIM;
}
static inline int8_t *vx_lo(const VxSegment *s, uint32_t i)
{
    return (int8_t *)s->base + VX_LO + (size_t)i * VINDEX_DIM;
}
static inline float *vx_scales(const VxSegment *s) { return (float *)(s->base + VX_SCALE); }
static inline uint64_t *vx_ids(const VxSegment *s) { return (uint64_t *)(s->base + VX_ID); }
static inline uint64_t *vx_docs(const VxSegment *s) { return (uint64_t *)(s->base + VX_DOC); }
static inline uint32_t *vx_borns(const VxSegment *s) { return (uint32_t *)(s->base + VX_BORN); }
static inline uint32_t *vx_checks(const VxSegment *s) { return (uint32_t *)(s->base + VX_CHECK); }
static inline uint64_t *vx_live_copy(const VxSegment *s, unsigned copy)
{
    return (uint64_t *)(s->base + (size_t)VX_LIVE(copy));
}
/* Byte `j` of slot i's sketch stands at [block of i][j][i % 64]. */
static inline uint8_t *vx_sketch_block(const VxSegment *s, uint32_t i)
{
    return s->base + VX_SKETCHES + (size_t)(i / VX_BLOCK) * VX_BLOCK * VX_SKETCH;
}

uint32_t vx_check_of(const VxSegment *s, uint32_t i); /* CRC-32C over what the slot holds */
/* Adds a mapped segment at the end (file grown first); caller holds lock or is alone. */
bool vx_add_segment(Vindex *v, bool grow, Err *err);
Vindex *vx_new(const char *path, Spill *spill, Err *err);
void vx_begin_grace(Vindex *v, unsigned copy);

/* ---- query and kernels -------------------------------------------------------------------- */

typedef struct {
    _Alignas(64) int8_t q[VINDEX_DIM];           /* query / scale, rounded */
    _Alignas(64) float f[VINDEX_DIM];
    _Alignas(64) uint8_t lut[2 * VX_SKETCH][16]; /* for 4 sign bits: their share, 0..128 */
    float scale;
    int32_t bias; /* 128 * sum of q: what the +128 of the stored codes adds */
} VxQuery;

/* Reads of slots that are being written beside the scan are harmless: they are not live yet, and
 * what a kernel computes for slots that are not live is thrown away. */
typedef struct {
    const char *name;
    /* out[r] = sum_i (hi[r][i] - 128) * q[i] for 64 rows of 384. */
    void (*dots)(const uint8_t *hi, const VxQuery *q, int32_t out[VX_BLOCK]);
    int32_t (*dot)(const uint8_t *hi, const VxQuery *q);
    /* sum_i (hi[i] - 128 + lo[i] / 256) * f[i]. */
    float (*exact)(const uint8_t *hi, const int8_t *lo, const VxQuery *q);
    /* sims[r] = dots[r] * scale[r] * q->scale; bit r: sims[r] > threshold. */
    uint64_t (*pick)(const int32_t dots[VX_BLOCK], const float scale[VX_BLOCK], float q_scale,
        float threshold, float sims[VX_BLOCK]);
    /* Sum of the tables' shares for 64 slots: slot r's at out[r / 2 + 32 * (r % 2)];
     * bit r: share > threshold. */
    uint64_t (*sketch)(const uint8_t *block, const VxQuery *q, uint16_t threshold,
        uint16_t out[VX_BLOCK]);
} VxKernels;

const VxKernels *vx_kernels(void);                 /* by cpu_level, chosen once */
const VxKernels *vx_kernels_named(const char *name); /* tests: NULL when this CPU cannot run it */
extern const VxKernels vx_plain;
#if defined(__x86_64__)
extern const VxKernels vx_avx2, vx_avx512, vx_vnni;
#elif defined(__aarch64__)
extern const VxKernels vx_neon_dot;
#endif

#if defined(__SANITIZE_THREAD__)
#define VX_KERNEL __attribute__((no_sanitize("thread")))
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define VX_KERNEL __attribute__((no_sanitize("thread")))
#endif
#endif
#ifndef VX_KERNEL
#define VX_KERNEL
#endif

#endif
