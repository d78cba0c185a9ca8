/* fuzz_kindex.c - a keyword index's journal that somebody has changed (its checksum made right
 * again): an error or an index that still agrees with itself, whatever the bytes. */
#include <stdlib.h>

#include "store/kindex_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static bool count(void *ctx, Str term, uint32_t df)
{
    uint32_t *sum = ctx;
    require(term.len > 0 && df > 0);
    *sum += df;
    return true;
}

/* N, df and the postings must tell the same story; then everything is taken out again. */
static void check(Kindex *k)
{
    uint32_t live = 0, sum = 0, marked = 0, n = kindex_slots(k);
    for (uint32_t slot = 0; slot < n; slot++)
        live += k->fwd[slot] != 0;
    require(live == kindex_live(k));
    (void)kindex_expand_prefix(k, STR(""), 65536, count, &sum, NULL);
    uint64_t *bits = mem_array(n / 64 + 1, 8);
    require(bits);
    for (uint32_t t = 0; t < k->n_terms; t++) {
        uint32_t set = kindex_mark(k, kx_text(k, &k->terms[t]), bits, n);
        require(set == k->terms[t].df);
        marked += set;
    }
    require(k->n_terms > 65536 || marked == sum);
    mem_free(bits);
    KindexQueryTerm terms[4];
    for (uint32_t i = 0; i < 4; i++)
        terms[i] = (KindexQueryTerm){
            k->n_terms ? kx_text(k, &k->terms[i * 7 % k->n_terms]) : STR("none"), 1.0f};
    KindexQuery q = {terms, 4, 1.2f, 0.75f};
    KindexHit hits[30];
    KindexStats stats;
    int found = kindex_search(k, &q, 30, NULL, 0, hits, &stats, NULL);
    for (int i = 0; i < found; i++)
        require(k->fwd[hits[i].slot] && hits[i].score <= stats.bound);
    for (uint32_t slot = 0; slot < n; slot++)
        kindex_delete(k, slot);
    require(kindex_live(k) == 0 && k->total_len == 0);
    for (uint32_t t = 0; t < k->n_terms; t++)
        require(k->terms[t].df == 0 && k->terms[t].blocks == 0);
}

/* Walks the operations as the index does and makes slots small, so that a run takes no gigabyte. */
static void tame(uint8_t *p, size_t n)
{
    size_t at = 0;
    while (at + 5 <= n) {
        bool add = p[at] == 1;
        p[at + 2] &= 0x1f;
        p[at + 3] = p[at + 4] = 0;
        at += 5;
        if (!add)
            continue;
        if (at + 16 > n)
            return;
        uint32_t words;
        memcpy(&words, p + at + 12, 4);
        for (at += 16; words > 0 && at + 5 <= n; words--)
            at += 5u + p[at + 4];
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    uint8_t *data = mem_alloc(size + 1);
    require(data);
    if (size)
        memcpy(data, input, size);
    tame(data, size);
    Kindex *k = kindex_create(NULL, NULL);
    require(k);
    k->path = mem_strdup("words"); /* for messages; nothing is written without a sync */
    k->whole = true;
    (void)kx_replay(k, str_mem((const char *)data, size), NULL);
    check(k);
    kindex_close(k);
    mem_free(data);
    return 0;
}
