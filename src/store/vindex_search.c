/* vindex_search.c - exact search and search by sketches.
 *
 *   exact:     int8 query x int8 codes of every allowed live slot -> best 2k + 44
 *              -> fp32 x (hi, lo)
 *   two-stage: query x sign bits of every allowed live slot -> best 576 + 8k + slots / 500
 *              -> int8 -> best 2k + 44 -> fp32 x (hi, lo)
 *
 * The sign bits are those of the vector itself: taking the collection's mean off first, or weighing
 * by a norm, changed recall by less than the noise on real MiniLM vectors (docs/bench/vectors.md),
 * and a mean would have to be kept up to date. */
#include <math.h>
#include <string.h>

#include "store/topk.h"
#include "store/vindex_int.h"

/* Below this many allowed live slots, VINDEX_AUTO scans exactly: measured in
 * docs/bench/vectors.md. */
#define TWO_STAGE_FROM 20000u
#define SPARSE 12u         /* bits in a block of 64 below which rows are taken one by one */
#define SAMPLE_BLOCKS 128u /* blocks whose similarities give the moments of a two-stage search */

typedef struct {
    Vindex *v;
    const VxKernels *kernel;
    VxQuery q;
    const uint64_t *allow;
    size_t allow_slots;
    uint32_t slots;
    uint64_t count; /* allowed live slots when the search began */
    double sum, sum2;
    uint64_t counted;
} Search;

static void prepare(VxQuery *q, const float *query)
{
    float largest = 0.0f;
    for (int i = 0; i < VINDEX_DIM; i++) {
        q->f[i] = isfinite(query[i]) ? query[i] : 0.0f;
        largest = fmaxf(largest, fabsf(q->f[i]));
    }
    q->scale = largest >= 1e-30f ? largest / 127.0f : 0.0f;
    int32_t sum = 0;
    for (int i = 0; i < VINDEX_DIM; i++) {
        q->q[i] = q->scale > 0.0f ? (int8_t)lrintf(q->f[i] / q->scale) : 0;
        sum += q->q[i];
    }
    q->bias = 128 * sum;
}

/* Table t gives for the sign bits of components 4t..4t+3 the sum of their q's with those signs,
 * moved so that its least is 0, on a scale common to all tables on which the largest is 127. */
static void prepare_sketch(VxQuery *q)
{
    float range = 0.0f;
    for (int t = 0; t < 2 * VX_SKETCH; t++) {
        float r = 0.0f;
        for (int b = 0; b < 4; b++)
            r += fabsf(q->f[4 * t + b]);
        range = fmaxf(range, r);
    }
    float unit = range > 0.0f ? 127.0f / range : 0.0f;
    for (int t = 0; t < 2 * VX_SKETCH; t++) {
        for (int bits = 0; bits < 16; bits++) {
            float share = 0.0f; /* only matching signs count: half the +-sum, plus a constant */
            for (int b = 0; b < 4; b++) {
                float f = q->f[4 * t + b];
                share += (f >= 0.0f) == (bits >> b & 1) ? fabsf(f) : 0.0f;
            }
            q->lut[t][bits] = (uint8_t)lrintf(share * unit);
        }
    }
    for (int bits = 0; bits < 16; bits++) /* so that no slot's sum is 0, the first threshold */
        q->lut[0][bits]++;
}

/* Live and allowed slots of the 64 from `slot` on. */
static inline uint64_t wanted(const Search *s, const VxSegment *seg, uint32_t slot)
{
    uint64_t m = atomic_load_explicit(&seg->live[slot % VX_SEG_SLOTS / 64], memory_order_acquire);
    if (s->slots - slot < 64)
        m &= ((uint64_t)1 << (s->slots - slot)) - 1;
    if (!s->allow)
        return m;
    if (slot >= s->allow_slots)
        return 0;
    if (s->allow_slots - slot < 64)
        m &= ((uint64_t)1 << (s->allow_slots - slot)) - 1;
    return m & s->allow[slot / 64];
}

static void add_moments(Search *s, const float *sims, uint64_t mask)
{
    float sum = 0, sum2 = 0;
    if (mask == UINT64_MAX) {
        for (unsigned r = 0; r < VX_BLOCK; r++) {
            sum += sims[r];
            sum2 += sims[r] * sims[r];
        }
    } else {
        for (uint64_t m = mask; m; m &= m - 1) {
            float x = sims[__builtin_ctzll(m)];
            sum += x;
            sum2 += x * x;
        }
    }
    s->sum += (double)sum;
    s->sum2 += (double)sum2;
    s->counted += (uint64_t)__builtin_popcountll(mask);
}

static inline float similarity_of(const Search *s, const VxSegment *seg, uint32_t i)
{
    return (float)s->kernel->dot(vx_hi(seg, i), &s->q) * (vx_scales(seg)[i] * s->q.scale);
}

/* int8 similarities of one block of 64 into `best` (may be NULL) and the moments. */
static void scan_block(Search *s, const VxSegment *seg, uint32_t slot, uint64_t mask, TopK *best)
{
    _Alignas(64) int32_t dots[VX_BLOCK];
    _Alignas(64) float sims[VX_BLOCK];
    uint32_t i = slot % VX_SEG_SLOTS;
    float threshold = best ? best->threshold : FLT_MAX;
    uint64_t over = 0;
    if (__builtin_popcountll(mask) < (int)SPARSE) {
        for (uint64_t m = mask; m; m &= m - 1) {
            unsigned r = (unsigned)__builtin_ctzll(m);
            sims[r] = similarity_of(s, seg, i + r);
            over |= (uint64_t)(sims[r] > threshold) << r;
        }
    } else {
        s->kernel->dots(vx_hi(seg, i), &s->q, dots);
        over = s->kernel->pick(dots, vx_scales(seg) + i, s->q.scale, threshold, sims) & mask;
    }
    add_moments(s, sims, mask);
    for (; over; over &= over - 1) {
        unsigned r = (unsigned)__builtin_ctzll(over);
        if (best && sims[r] > best->threshold)
            topk_add(best, slot + r, sims[r]);
    }
}

static void scan_exact(Search *s, TopK *best)
{
    for (uint32_t slot = 0; slot < s->slots; slot += VX_BLOCK) {
        const VxSegment *seg = vx_segment(s->v, slot);
        uint64_t mask = wanted(s, seg, slot);
        if (mask)
            scan_block(s, seg, slot, mask, best);
    }
}

static void scan_sketches(Search *s, TopK *best)
{
    uint16_t share[VX_BLOCK];
    uint16_t threshold = 0;
    for (uint32_t slot = 0; slot < s->slots; slot += VX_BLOCK) {
        const VxSegment *seg = vx_segment(s->v, slot);
        uint64_t mask = wanted(s, seg, slot);
        if (!mask)
            continue;
        const uint8_t *block = vx_sketch_block(seg, slot % VX_SEG_SLOTS);
        for (mask &= s->kernel->sketch(block, &s->q, threshold, share); mask; mask &= mask - 1) {
            unsigned r = (unsigned)__builtin_ctzll(mask);
            unsigned place = r / 2 + 32 * (r % 2);
            topk_add(best, slot + r, (float)share[place]);
        }
        if (best->threshold > 0)
            threshold = (uint16_t)best->threshold;
    }
    topk_shrink(best);
}

/* Moments from blocks spread evenly over the index (all of them when they are few). */
static void sample_moments(Search *s)
{
    uint32_t blocks = (s->slots + VX_BLOCK - 1) / VX_BLOCK;
    uint64_t want = (uint64_t)SAMPLE_BLOCKS * VX_BLOCK;
    uint64_t step = s->count > want ? 256 * s->count / want : 256; /* in 1/256 blocks */
    for (uint64_t at = 0; at / 256 < blocks; at += step) {
        uint32_t slot = (uint32_t)(at / 256) * VX_BLOCK;
        const VxSegment *seg = vx_segment(s->v, slot);
        uint64_t mask = wanted(s, seg, slot);
        if (mask)
            scan_block(s, seg, slot, mask, NULL);
    }
}

static void search_init(Search *s, Vindex *v, const float *query, const uint64_t *allow,
    size_t allow_slots)
{
    memset(s, 0, sizeof *s);
    s->v = v;
    s->kernel = vx_kernels();
    s->allow = allow;
    s->allow_slots = allow_slots;
    s->slots = vindex_slots(v);
    prepare(&s->q, query);
    for (uint32_t slot = 0; slot < s->slots; slot += VX_BLOCK)
        s->count += (uint64_t)__builtin_popcountll(wanted(s, vx_segment(v, slot), slot));
}

/* Fills `best` with the best by int8 similarity. */
static bool collect(Search *s, VindexMode mode, TopK *best, Err *err)
{
    size_t candidates = 400 + 4 * best->keep + s->slots / 500;
    bool pays = s->count >= TWO_STAGE_FROM && s->count >= 8 * candidates;
    bool two = mode == VINDEX_TWO_STAGE || (mode == VINDEX_AUTO && pays);
    if (!two || s->count <= candidates) {
        scan_exact(s, best);
        return true;
    }
    TopK rough;
    if (!topk_init(&rough, candidates, err))
        return false;
    prepare_sketch(&s->q);
    scan_sketches(s, &rough);
    for (size_t i = 0; i < rough.n; i++) {
        if (i + 8 < rough.n) { /* the rows are far apart: ask for them early */
            uint32_t next = rough.buf[i + 8].slot;
            const uint8_t *row = vx_hi(vx_segment(s->v, next), next % VX_SEG_SLOTS);
            for (unsigned line = 0; line < VINDEX_DIM; line += 64)
                __builtin_prefetch(row + line);
        }
        uint32_t slot = rough.buf[i].slot;
        float x = similarity_of(s, vx_segment(s->v, slot), slot % VX_SEG_SLOTS);
        if (x > best->threshold)
            topk_add(best, slot, x);
    }
    topk_release(&rough);
    sample_moments(s);
    return true;
}

static float rescore(const Search *s, uint32_t slot)
{
    const VxSegment *seg = vx_segment(s->v, slot);
    uint32_t i = slot % VX_SEG_SLOTS;
    return s->kernel->exact(vx_hi(seg, i), vx_lo(seg, i), &s->q) * vx_scales(seg)[i];
}

int vindex_search(Vindex *v, const float query[VINDEX_DIM], size_t k, const uint64_t *allow,
    size_t allow_slots, VindexMode mode, VindexHit *hits, float *mean, float *stddev, Err *err)
{
    unsigned ticket = vindex_enter(v);
    Search s;
    search_init(&s, v, query, allow, allow_slots);
    size_t most = k < s.count ? k : (size_t)s.count, found = 0;
    TopK best;
    if (!topk_init(&best, 2 * most + 44, err)) {
        vindex_leave(v, ticket);
        return -1;
    }
    bool ok = collect(&s, mode, &best, err);
    if (ok) {
        topk_shrink(&best);
        for (size_t i = 0; i < best.n; i++)
            best.buf[i].score = rescore(&s, best.buf[i].slot);
        topk_sort(best.buf, best.n);
        for (; found < best.n && found < most; found++)
            hits[found] = (VindexHit){best.buf[found].slot, best.buf[found].score};
        double n = s.counted ? (double)s.counted : 1.0, m = s.sum / n, var = s.sum2 / n - m * m;
        if (mean)
            *mean = (float)m;
        if (stddev)
            *stddev = (float)sqrt(var > 0 ? var : 0);
    }
    topk_release(&best);
    vindex_leave(v, ticket);
    return ok ? (int)found : -1;
}

void vindex_similarities_rough(Vindex *v, const float query[VINDEX_DIM], const uint32_t *slots,
    size_t n, float *out)
{
    unsigned ticket = vindex_enter(v);
    Search s = {.v = v, .kernel = vx_kernels()};
    prepare(&s.q, query);
    for (size_t i = 0; i < n; i++) {
        bool live = vindex_is_live(v, slots[i]);
        const VxSegment *seg = live ? vx_segment(v, slots[i]) : NULL;
        out[i] = seg ? similarity_of(&s, seg, slots[i] % VX_SEG_SLOTS) : -2.0f;
    }
    vindex_leave(v, ticket);
}

void vindex_similarities(Vindex *v, const float query[VINDEX_DIM], const uint32_t *slots, size_t n,
    float *out)
{
    unsigned ticket = vindex_enter(v);
    Search s = {.v = v, .kernel = vx_kernels()};
    prepare(&s.q, query);
    for (size_t i = 0; i < n; i++)
        out[i] = vindex_is_live(v, slots[i]) ? rescore(&s, slots[i]) : -2.0f;
    vindex_leave(v, ticket);
}
