#include "store/near.h"

#include "base/mem.h"

#define BANDS 32
#define KEYS 65536u
#define HEADS_MAX 256 /* of a bucket that the next ones are compared with */

static unsigned equal_values(const uint8_t *a, const uint8_t *b)
{
    uint64_t differ = 0; /* sixteen counts of at most eight, four bits each */
    for (size_t i = 0; i < NEAR_BYTES; i += 8) {
        uint64_t x, y;
        memcpy(&x, a + i, 8);
        memcpy(&y, b + i, 8);
        x ^= y; /* four zero bits where values are equal */
        x |= x >> 2;
        x |= x >> 1;
        differ += x & 0x1111111111111111u;
    }
    differ = (differ & 0x0F0F0F0F0F0F0F0Fu) + (differ >> 4 & 0x0F0F0F0F0F0F0F0Fu);
    return 128u - (unsigned)(differ * 0x0101010101010101u >> 56);
}

double near_similarity(const uint8_t a[NEAR_BYTES], const uint8_t b[NEAR_BYTES])
{
    double chance = 1.0 / 16, s = (equal_values(a, b) / 128.0 - chance) / (1 - chance);
    return s > 0 ? s : 0;
}

static uint32_t root(uint32_t *group, uint32_t i)
{
    while (group[i] != i) {
        group[i] = group[group[i]];
        i = group[i];
    }
    return i;
}

/* The lower index leads. */
static void join(uint32_t *group, uint32_t a, uint32_t b)
{
    a = root(group, a);
    b = root(group, b);
    if (a < b)
        group[b] = a;
    else
        group[a] = b;
}

/* The members of one bucket: each is compared with one of every group met in it so far. */
static void join_bucket(const uint8_t *sketches, const uint32_t *members, size_t n, double least,
                        uint32_t *group)
{
    uint32_t heads[HEADS_MAX];
    size_t n_heads = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t me = members[i];
        bool found = false;
        for (size_t h = 0; h < n_heads && !found; h++) {
            found = root(group, heads[h]) == root(group, me);
            if (found || near_similarity(sketches + (size_t)heads[h] * NEAR_BYTES,
                                         sketches + (size_t)me * NEAR_BYTES) < least)
                continue;
            join(group, heads[h], me);
            found = true;
        }
        if (!found && n_heads < HEADS_MAX)
            heads[n_heads++] = me;
    }
}

static uint32_t band_key(const uint8_t *sketch, size_t band)
{
    return sketch[2 * band] | (uint32_t)sketch[2 * band + 1] << 8;
}

bool near_groups(const uint8_t *sketches, size_t n, double least, uint32_t *group, Err *err)
{
    uint32_t *first = mem_array(KEYS + 1, sizeof *first), *order = mem_array(n + 1, sizeof *order);
    bool ok = (first && order) || err_set(err, ERR_NO_MEMORY, "comparing documents: out of memory");
    for (uint32_t i = 0; ok && i < n; i++)
        group[i] = i;
    for (size_t band = 0; ok && band < BANDS; band++) {
        memset(first, 0, (KEYS + 1) * sizeof *first);
        for (size_t i = 0; i < n; i++)
            first[band_key(sketches + i * NEAR_BYTES, band) + 1]++;
        for (size_t k = 0; k < KEYS; k++)
            first[k + 1] += first[k];
        /* Backwards, so that members stay in their order and first[k] ends as its start. */
        for (size_t i = n; i-- > 0;)
            order[--first[band_key(sketches + i * NEAR_BYTES, band) + 1]] = (uint32_t)i;
        for (size_t k = 1; k <= KEYS; k++) {
            size_t to = k < KEYS ? first[k + 1] : n;
            if (to - first[k] > 1)
                join_bucket(sketches, order + first[k], to - first[k], least, group);
        }
    }
    for (uint32_t i = 0; ok && i < n; i++)
        group[i] = root(group, i);
    mem_free(first);
    mem_free(order);
    return ok;
}
