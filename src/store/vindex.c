/* vindex.c - slots: adding, deleting, reusing; who may still be looking at a slot.
 *
 * Life of a slot: added (busy, live) - deleted (busy) - a sync makes a state durable in which it is
 * dead (waiting) - every reader that was there then has left (free). Readers count themselves under
 * the parity of an epoch; a grace period flips the parity and ends when the old count is zero. The
 * flip waits until nobody is left from the last time the new parity was in use. */
#include "store/vindex.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/mem.h"
#include "store/vindex_int.h"

Vindex *vx_new(const char *path, Spill *spill, Err *err)
{
    Vindex *v = mem_zalloc(sizeof *v);
    if (!v) {
        err_set(err, ERR_NO_MEMORY, "no memory for a vector index");
        return NULL;
    }
    v->fd = -1;
    v->spill = spill;
    v->segs = mem_array(VX_MAX_SEGS, sizeof *v->segs);
    v->path = path ? mem_strdup(path) : NULL;
    if (!v->segs || (path && !v->path)) {
        mem_free(v->path);
        mem_free(v->segs);
        mem_free(v);
        err_set(err, ERR_NO_MEMORY, "no memory for a vector index");
        return NULL;
    }
    pthread_mutex_init(&v->lock, NULL);
    pthread_mutex_init(&v->sync_lock, NULL);
    return v;
}

void vindex_close(Vindex *v)
{
    if (!v)
        return;
    for (uint32_t i = 0; i < v->n_segs; i++) {
        VxSegment *s = atomic_load(&v->segs[i]);
        if (v->spill)
            spill_unwatch(v->spill, s->base);
        munmap(s->base, VX_SEG_BYTES);
        mem_free(s);
    }
    if (v->fd >= 0)
        close(v->fd);
    pthread_mutex_destroy(&v->lock);
    pthread_mutex_destroy(&v->sync_lock);
    mem_free(v->path);
    mem_free(v->segs);
    mem_free(v);
}

unsigned vindex_enter(Vindex *v)
{
    unsigned parity = atomic_load(&v->epoch) & 1;
    atomic_fetch_add(&v->readers[parity], 1);
    return parity;
}

void vindex_leave(Vindex *v, unsigned ticket)
{
    atomic_fetch_sub(&v->readers[ticket & 1], 1);
}

/* Frees the waiting slots if the readers of their time have left. Caller holds lock. */
static void end_grace(Vindex *v)
{
    if (!v->grace || atomic_load(&v->readers[v->grace_parity]) != 0)
        return;
    for (uint32_t i = 0; i < v->n_segs; i++) {
        VxSegment *s = atomic_load(&v->segs[i]);
        for (uint32_t w = 0; w < VX_SEG_WORDS; w++) {
            v->n_free += (uint32_t)__builtin_popcountll(s->waiting[w] & s->busy[w]);
            s->busy[w] &= ~s->waiting[w];
            s->waiting[w] = 0;
        }
    }
    v->grace = false;
}

/* The state in live copy `copy` is durable: what is dead in it may be reused once nobody can still
 * be looking. Caller holds lock. */
void vx_begin_grace(Vindex *v, unsigned copy)
{
    end_grace(v);
    unsigned parity = atomic_load(&v->epoch) & 1;
    if (v->grace || atomic_load(&v->readers[parity ^ 1]) != 0)
        return; /* the next sync will find these slots again */
    for (uint32_t i = 0; i < v->n_segs; i++) {
        VxSegment *s = atomic_load(&v->segs[i]);
        const uint64_t *live = vx_live_copy(s, copy);
        for (uint32_t w = 0; w < VX_SEG_WORDS; w++)
            s->waiting[w] = s->busy[w] & ~live[w] & ~atomic_load(&s->live[w]);
    }
    v->grace = true;
    v->grace_parity = parity;
    atomic_store(&v->epoch, parity ^ 1);
    end_grace(v);
}

static uint32_t take_free(Vindex *v)
{
    uint32_t words = (atomic_load(&v->slots) + 63) / 64;
    for (uint32_t tried = 0; tried <= words; tried++, v->cursor++) {
        uint32_t w = v->cursor % words;
        VxSegment *s = vx_segment(v, w * 64);
        uint64_t open = ~s->busy[w % VX_SEG_WORDS];
        if (open) {
            uint32_t slot = w * 64 + (uint32_t)__builtin_ctzll(open);
            if (slot < atomic_load(&v->slots)) {
                v->cursor = w;
                return slot;
            }
        }
    }
    return UINT32_MAX;
}

uint32_t vx_check_of(const VxSegment *s, uint32_t i)
{
    uint32_t crc = crc32c(0, &vx_scales(s)[i], 4);
    crc = crc32c(crc, &vx_ids(s)[i], 8);
    crc = crc32c(crc, &vx_docs(s)[i], 8);
    crc = crc32c(crc, &vx_borns(s)[i], 4);
    crc = crc32c(crc, vx_hi(s, i), VINDEX_DIM);
    crc = crc32c(crc, vx_lo(s, i), VINDEX_DIM);
    uint8_t sketch[VX_SKETCH];
    const uint8_t *block = vx_sketch_block(s, i);
    for (uint32_t j = 0; j < VX_SKETCH; j++)
        sketch[j] = block[j * VX_BLOCK + i % VX_BLOCK];
    return crc32c(crc, sketch, VX_SKETCH);
}

static void put(Vindex *v, VxSegment *s, uint32_t i, uint64_t id, uint64_t doc, const VindexCode *c)
{
    vx_scales(s)[i] = c->scale;
    vx_ids(s)[i] = id;
    vx_docs(s)[i] = doc;
    vx_borns(s)[i] = v->generation + 1;
    uint8_t *hi = vx_hi(s, i), *block = vx_sketch_block(s, i) + i % VX_BLOCK;
    for (int d = 0; d < VINDEX_DIM; d++)
        hi[d] = (uint8_t)(c->hi[d] + 128);
    memcpy(vx_lo(s, i), c->lo, VINDEX_DIM);
    for (uint32_t j = 0; j < VX_SKETCH; j++) {
        unsigned bits = 0;
        for (unsigned b = 0; b < 8; b++) {
            int x = c->hi[8 * j + b] * 256 + c->lo[8 * j + b];
            bits |= (unsigned)(x >= 0) << b;
        }
        block[(size_t)j * VX_BLOCK] = (uint8_t)bits;
    }
    vx_checks(s)[i] = vx_check_of(s, i);
}

bool vindex_add(Vindex *v, uint64_t id, uint64_t doc, const VindexCode *code, uint32_t *slot,
    Err *err)
{
    pthread_mutex_lock(&v->lock);
    uint32_t at = UINT32_MAX, end = atomic_load(&v->slots);
    if (v->n_free == 0)
        end_grace(v);
    if (v->n_free > 0)
        at = take_free(v);
    if (at == UINT32_MAX) {
        at = end;
        if (at / VX_SEG_SLOTS >= v->n_segs && !vx_add_segment(v, true, err)) {
            pthread_mutex_unlock(&v->lock);
            return false;
        }
    } else {
        v->n_free--;
    }
    VxSegment *s = vx_segment(v, at);
    uint32_t i = at % VX_SEG_SLOTS;
    put(v, s, i, id, doc, code);
    s->busy[i / 64] |= (uint64_t)1 << (i % 64);
    atomic_fetch_or_explicit(&s->live[i / 64], (uint64_t)1 << (i % 64), memory_order_release);
    atomic_fetch_add(&v->live, 1);
    if (at == end)
        atomic_store_explicit(&v->slots, end + 1, memory_order_release);
    pthread_mutex_unlock(&v->lock);
    *slot = at;
    return true;
}

void vindex_delete(Vindex *v, uint32_t slot)
{
    pthread_mutex_lock(&v->lock);
    if (slot < atomic_load(&v->slots)) {
        uint32_t i = slot % VX_SEG_SLOTS;
        uint64_t bit = (uint64_t)1 << (i % 64);
        if (atomic_fetch_and(&vx_segment(v, slot)->live[i / 64], ~bit) & bit)
            atomic_fetch_sub(&v->live, 1);
    }
    pthread_mutex_unlock(&v->lock);
}

uint32_t vindex_slots(const Vindex *v)
{
    return atomic_load_explicit(&v->slots, memory_order_acquire);
}

uint32_t vindex_live(const Vindex *v) { return atomic_load(&v->live); }
uint64_t vindex_seq(const Vindex *v) { return atomic_load(&v->seq); }

bool vindex_is_live(const Vindex *v, uint32_t slot)
{
    return slot < vindex_slots(v) && vx_is_live(vx_segment(v, slot), slot % VX_SEG_SLOTS);
}

uint64_t vindex_id(const Vindex *v, uint32_t slot)
{
    return vindex_is_live(v, slot) ? vx_ids(vx_segment(v, slot))[slot % VX_SEG_SLOTS] : UINT64_MAX;
}

uint64_t vindex_doc(const Vindex *v, uint32_t slot)
{
    return vindex_is_live(v, slot) ? vx_docs(vx_segment(v, slot))[slot % VX_SEG_SLOTS] : UINT64_MAX;
}

bool vindex_code(const Vindex *v, uint32_t slot, VindexCode *out)
{
    if (!vindex_is_live(v, slot))
        return false;
    const VxSegment *s = vx_segment(v, slot);
    uint32_t i = slot % VX_SEG_SLOTS;
    out->scale = vx_scales(s)[i];
    const uint8_t *hi = vx_hi(s, i);
    for (int d = 0; d < VINDEX_DIM; d++)
        out->hi[d] = (int8_t)(hi[d] - 128);
    memcpy(out->lo, vx_lo(s, i), VINDEX_DIM);
    return true;
}
