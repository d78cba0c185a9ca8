/* kindex_pool.c - memory in units of 16 bytes, handed out in a few sizes with a free list each. */
#include "store/kindex_int.h"

/* Sizes of the classes in units: 1..16, then steps of a quarter, then doubling to one extent. */
static const uint32_t sizes[KX_CLASSES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    20, 24, 28, 32, 40, 48, 56, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
    131072, 262144};

static uint32_t class_of(uint32_t units)
{
    if (units <= 16)
        return units ? units - 1 : 0;
    uint32_t c = 16;
    while (c < KX_CLASSES && sizes[c] < units)
        c++;
    return c;
}

uint32_t kx_round(uint32_t units)
{
    uint32_t c = class_of(units);
    return c < KX_CLASSES ? sizes[c] : 0;
}

static bool new_extent(KxPool *p)
{
    if (p->n_ext == p->cap_ext) {
        uint32_t cap = p->cap_ext ? p->cap_ext * 2 : 8;
        uint8_t **ext = mem_resize(p->ext, cap, sizeof *ext);
        if (!ext)
            return false;
        p->ext = ext;
        p->cap_ext = cap;
    }
    uint8_t *block = p->spill ? spill_resize(p->spill, NULL, KX_EXTENT, KX_UNIT)
                              : mem_zalloc((size_t)KX_EXTENT * KX_UNIT);
    if (!block)
        return false;
    p->next = p->base_units + p->n_ext * KX_EXTENT;
    p->ext[p->n_ext++] = block;
    if (p->next == 0)
        p->next = 1;
    return true;
}

uint32_t kx_alloc(KxPool *p, uint32_t *units)
{
    uint32_t c = class_of(*units);
    if (c == KX_CLASSES)
        return 0;
    uint32_t size = sizes[c], ref = p->free_head[c];
    if (ref) {
        kx_touch(p, kx_ptr(p, ref));
        memcpy(&p->free_head[c], kx_ptr(p, ref), 4);
    } else {
        uint64_t end = p->base_units + (uint64_t)p->n_ext * KX_EXTENT;
        if (p->next + (uint64_t)size > end) {
            /* The rest of the extent is lost unless it is handed out in smaller pieces. */
            while (p->next < end) {
                uint32_t rest = (uint32_t)(end - p->next), r = class_of(rest);
                while (r > 0 && sizes[r] > rest)
                    r--;
                kx_free(p, p->next, sizes[r]);
                p->next += sizes[r];
            }
            if (end + KX_EXTENT > UINT32_MAX || !new_extent(p))
                return 0;
            if (p->next == 1 && size == KX_EXTENT && !new_extent(p)) /* unit 0 is taken */
                return 0;
        }
        ref = p->next;
        p->next += size;
    }
    *units = size;
    return ref;
}

void kx_free(KxPool *p, uint32_t ref, uint32_t units)
{
    uint32_t c = class_of(units);
    memcpy(kx_ptr(p, ref), &p->free_head[c], 4);
    p->free_head[c] = ref;
}

void kx_pool_release(KxPool *p)
{
    for (uint32_t i = 0; i < p->n_ext; i++)
        p->spill ? spill_free(p->spill, p->ext[i]) : mem_free(p->ext[i]);
    mem_free(p->ext);
    if (p->spill)
        spill_free(p->spill, p->base);
}
