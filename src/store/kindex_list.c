/* kindex_list.c - one term's postings: putting in, taking out, finding. See kindex_int.h for the
 * shape of a block. */
#include "store/kindex_int.h"

typedef struct {
    uint32_t slot[KX_BLOCK + 1], tf[KX_BLOCK + 1];
    uint32_t n;
} Plain;

/* Room grows by about half, so that a list that grows by one is not written anew each time. */
static uint8_t room_for(uint32_t n)
{
    static const uint8_t steps[] = {2, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128};
    unsigned i = 0;
    while (steps[i] < n)
        i++;
    return steps[i];
}

static uint8_t width_of(uint32_t largest)
{
    return largest < 256 ? 1 : largest < 65536 ? 2 : 4;
}

static uint32_t units_of(const KxBlock *b)
{
    return ((uint32_t)b->cap * (b->ow + b->tw) + KX_UNIT - 1) / KX_UNIT;
}

static void set(uint8_t *p, uint32_t width, uint32_t i, uint32_t value)
{
    uint16_t two = (uint16_t)value;
    if (width == 1)
        p[i] = (uint8_t)value;
    else if (width == 2)
        memcpy(p + (size_t)i * 2, &two, 2);
    else
        memcpy(p + (size_t)i * 4, &value, 4);
}

static void decode(const Kindex *k, const KxBlock *b, Plain *out)
{
    uint8_t *data = kx_ptr(&k->pool, b->ref);
    kx_touch(&k->pool, data); /* it is given back next */
    const uint8_t *tfs = kx_tfs(b, data);
    out->n = b->n;
    for (uint32_t i = 0; i < b->n; i++) {
        out->slot[i] = b->first + kx_get(data, b->ow, i);
        out->tf[i] = kx_get(tfs, b->tw, i);
    }
}

static uint16_t cut16(uint32_t x) { return x < UINT16_MAX ? (uint16_t)x : UINT16_MAX; }

/* Writes postings from..to of `in` as a block; bounds are taken from the slots' lengths, `len`
 * being that of `fresh`, whose length the index does not know yet. */
static bool encode(Kindex *k, const Plain *in, uint32_t from, uint32_t to, uint32_t fresh,
    uint32_t len, KxBlock *out)
{
    uint32_t most_tf = 0, least_len = UINT32_MAX;
    for (uint32_t i = from; i < to; i++) {
        uint32_t l = in->slot[i] == fresh ? len : k->len[in->slot[i]];
        most_tf = in->tf[i] > most_tf ? in->tf[i] : most_tf;
        least_len = l < least_len ? l : least_len;
    }
    KxBlock b = {.first = in->slot[from], .max_tf = cut16(most_tf), .min_len = cut16(least_len),
        .n = (uint8_t)(to - from), .cap = room_for(to - from), .tw = width_of(most_tf),
        .ow = width_of(in->slot[to - 1] - in->slot[from])};
    uint32_t units = units_of(&b);
    b.ref = kx_alloc(&k->pool, &units);
    if (!b.ref)
        return false;
    uint8_t *data = kx_ptr(&k->pool, b.ref), *tfs = data + (size_t)b.cap * b.ow;
    for (uint32_t i = from; i < to; i++) {
        set(data, b.ow, i - from, in->slot[i] - b.first);
        set(tfs, b.tw, i - from, in->tf[i]);
    }
    *out = b;
    return true;
}

/* First position whose slot is not below `slot`. */
static uint32_t position(const KxBlock *b, const uint8_t *data, uint32_t slot)
{
    uint32_t low = 0, high = b->n;
    if (slot <= b->first)
        return 0;
    uint32_t distance = slot - b->first;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (kx_get(data, b->ow, middle) < distance)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Last block that begins at or before `slot` (the first one when none does). */
static uint32_t block_of(const KxBlock *b, uint32_t n, uint32_t slot)
{
    uint32_t low = 0, high = n;
    if (b[n - 1].first <= slot) /* slots mostly come in order */
        return n - 1;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (b[middle].first <= slot)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void raise_bounds(KxBlock *b, uint32_t tf, uint32_t len)
{
    b->max_tf = cut16(tf) > b->max_tf ? cut16(tf) : b->max_tf;
    b->min_len = cut16(len) < b->min_len ? cut16(len) : b->min_len;
}

/* Into a block that has room and whose widths do; false when it must be written anew. */
static bool insert_in_place(Kindex *k, KxBlock *b, uint32_t slot, uint32_t tf, uint32_t len)
{
    if (b->n == b->cap || slot < b->first || width_of(slot - b->first) > b->ow ||
        width_of(tf) > b->tw)
        return false;
    uint8_t *data = kx_ptr(&k->pool, b->ref), *tfs = data + (size_t)b->cap * b->ow;
    kx_touch(&k->pool, data);
    uint32_t at = position(b, data, slot), after = b->n - at;
    memmove(data + (size_t)(at + 1) * b->ow, data + (size_t)at * b->ow, (size_t)after * b->ow);
    memmove(tfs + (size_t)(at + 1) * b->tw, tfs + (size_t)at * b->tw, (size_t)after * b->tw);
    set(data, b->ow, at, slot - b->first);
    set(tfs, b->tw, at, tf);
    b->n++;
    raise_bounds(b, tf, len);
    return true;
}

/* Makes room for one more entry in the directory and puts `fresh` at `at`. */
static bool dir_insert(Kindex *k, KxTerm *t, uint32_t at, const KxBlock *fresh)
{
    uint32_t cap = t->blocks > 1 ? t->d.first : 0;
    if (t->blocks == cap || t->blocks == 1) {
        uint32_t units = t->blocks < 3 ? 4 : t->blocks + t->blocks / 2;
        uint32_t ref = kx_alloc(&k->pool, &units);
        if (!ref)
            return false;
        KxBlock dir = t->d;
        memcpy(kx_ptr(&k->pool, ref), kx_blocks(k, t), t->blocks * sizeof(KxBlock));
        if (t->blocks > 1)
            kx_free(&k->pool, t->d.ref, cap);
        dir.ref = ref;
        dir.first = units;
        t->d = dir;
    }
    KxBlock *b = kx_ptr(&k->pool, t->d.ref);
    memmove(b + at + 1, b + at, (t->blocks - at) * sizeof *b);
    b[at] = *fresh;
    t->blocks++;
    return true;
}

/* Writes the block at `at` anew with the posting in it, as two when it was full. */
static bool rewrite(Kindex *k, KxTerm *t, uint32_t at, uint32_t slot, uint32_t tf, uint32_t len)
{
    Plain p;
    KxBlock *b = (KxBlock *)(uintptr_t)kx_blocks(k, t) + at, old = *b, one, two;
    decode(k, b, &p);
    uint32_t i = p.n;
    while (i > 0 && p.slot[i - 1] > slot) {
        p.slot[i] = p.slot[i - 1];
        p.tf[i] = p.tf[i - 1];
        i--;
    }
    p.slot[i] = slot;
    p.tf[i] = tf;
    p.n++;
    if (p.n <= KX_BLOCK) {
        if (!encode(k, &p, 0, p.n, slot, len, &one))
            return false;
        *b = one;
    } else {
        /* Slots mostly come in order: then the full block stays full. */
        uint32_t cut = i == KX_BLOCK ? KX_BLOCK : KX_BLOCK / 2;
        if (!encode(k, &p, 0, cut, slot, len, &one))
            return false;
        if (!encode(k, &p, cut, p.n, slot, len, &two)) {
            kx_free(&k->pool, one.ref, units_of(&one));
            return false;
        }
        if (!dir_insert(k, t, at + 1, &two)) {
            kx_free(&k->pool, one.ref, units_of(&one));
            kx_free(&k->pool, two.ref, units_of(&two));
            return false;
        }
        ((KxBlock *)kx_ptr(&k->pool, t->d.ref))[at] = one;
    }
    kx_free(&k->pool, old.ref, units_of(&old));
    return true;
}

bool kx_insert(Kindex *k, KxTerm *t, uint32_t slot, uint32_t tf, uint32_t len)
{
    if (t->df == 0) {
        t->d = (KxBlock){.first = slot, .ref = tf, .n = 1, .max_tf = cut16(tf),
            .min_len = cut16(len)};
        t->blocks = 0;
        t->df = 1;
        return true;
    }
    if (t->blocks == 0) {
        bool later = slot > t->d.first;
        Plain p = {.n = 2};
        p.slot[later] = slot;
        p.tf[later] = tf;
        p.slot[!later] = t->d.first;
        p.tf[!later] = t->d.ref;
        if (!encode(k, &p, 0, 2, slot, len, &t->d))
            return false;
        t->blocks = 1;
        t->df = 2;
        return true;
    }
    KxBlock *b = (KxBlock *)(uintptr_t)kx_blocks(k, t);
    if (t->blocks > 1)
        kx_touch(&k->pool, &b[t->blocks - 1]);
    uint32_t at = block_of(b, t->blocks, slot);
    if (!insert_in_place(k, &b[at], slot, tf, len) && !rewrite(k, t, at, slot, tf, len))
        return false;
    if (t->blocks > 1)
        raise_bounds(&t->d, tf, len);
    t->df++;
    return true;
}

/* Drops the empty block `at`; a directory of one becomes the block itself. */
static void drop_block(Kindex *k, KxTerm *t, uint32_t at)
{
    KxBlock *b = (KxBlock *)(uintptr_t)kx_blocks(k, t);
    kx_free(&k->pool, b[at].ref, units_of(&b[at]));
    if (t->blocks == 1) {
        t->blocks = 0;
        return;
    }
    memmove(b + at, b + at + 1, (t->blocks - at - 1) * sizeof *b);
    if (--t->blocks == 1) {
        KxBlock only = b[0];
        kx_free(&k->pool, t->d.ref, t->d.first);
        t->d = only;
    }
}

void kx_remove(Kindex *k, KxTerm *t, uint32_t slot)
{
    if (t->blocks == 0) {
        t->df = 0;
        return;
    }
    KxBlock *b = (KxBlock *)(uintptr_t)kx_blocks(k, t);
    uint32_t at = block_of(b, t->blocks, slot);
    b += at;
    uint8_t *data = kx_ptr(&k->pool, b->ref), *tfs = data + (size_t)b->cap * b->ow;
    uint32_t i = position(b, data, slot), after = b->n - i - 1;
    memmove(data + (size_t)i * b->ow, data + (size_t)(i + 1) * b->ow, (size_t)after * b->ow);
    memmove(tfs + (size_t)i * b->tw, tfs + (size_t)(i + 1) * b->tw, (size_t)after * b->tw);
    b->n--;
    t->df--;
    if (b->n == 0) {
        drop_block(k, t, at);
    } else if (i == 0) { /* distances count from the first slot */
        uint32_t moved = kx_get(data, b->ow, 0);
        for (uint32_t j = 0; j < b->n; j++)
            set(data, b->ow, j, kx_get(data, b->ow, j) - moved);
        b->first += moved;
    }
}

uint32_t kx_find(const Kindex *k, const KxTerm *t, uint32_t slot, uint32_t *hint)
{
    if (t->blocks == 0)
        return t->df && t->d.first == slot ? t->d.ref : 0;
    const KxBlock *b = kx_blocks(k, t);
    uint32_t at = *hint, step = 1;
    while (at + step < t->blocks && b[at + step].first <= slot) { /* gallop, then halve */
        at += step;
        step *= 2;
    }
    uint32_t span = t->blocks - at < step ? t->blocks - at : step;
    at += block_of(b + at, span, slot);
    *hint = at;
    b += at;
    const uint8_t *data = kx_ptr(&k->pool, b->ref);
    uint32_t i = position(b, data, slot);
    if (i == b->n || b->first + kx_get(data, b->ow, i) != slot)
        return 0;
    return kx_get(kx_tfs(b, data), b->tw, i);
}

void kx_each(const Kindex *k, const KxTerm *t, void (*each)(void *ctx, uint32_t slot, uint32_t tf),
    void *ctx)
{
    if (t->blocks == 0 && t->df)
        each(ctx, t->d.first, t->d.ref);
    const KxBlock *b = kx_blocks(k, t);
    for (uint32_t at = 0; at < t->blocks; at++, b++) {
        const uint8_t *data = kx_ptr(&k->pool, b->ref), *tfs = kx_tfs(b, data);
        for (uint32_t i = 0; i < b->n; i++)
            each(ctx, b->first + kx_get(data, b->ow, i), kx_get(tfs, b->tw, i));
    }
}
