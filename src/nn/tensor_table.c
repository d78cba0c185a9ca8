/* tensor_table.c - see tensor_table.h. */
#include "nn/tensor_table.h"

#include <stdlib.h>

#include "base/mem.h"

static const struct {
    uint32_t bytes, values; /* of a block */
} types[TENSOR_TYPES] = {
    [TENSOR_F32] = {4, 1},   [TENSOR_F16] = {2, 1},   [TENSOR_BF16] = {2, 1},
    [TENSOR_Q4_0] = {18, 32}, [TENSOR_Q4_1] = {20, 32}, [TENSOR_Q5_0] = {22, 32},
    [TENSOR_Q5_1] = {24, 32}, [TENSOR_Q8_0] = {34, 32}, [TENSOR_I8] = {1, 1},
    [TENSOR_OTHER] = {0, 0},
};

void tensor_table_release(TensorTable *t)
{
    mem_free(t->tensors);
    *t = (TensorTable){0};
}

bool tensor_bytes(TensorType type, uint32_t rank, const uint64_t *dims, uint64_t *bytes)
{
    uint64_t n = 1;
    if (type >= TENSOR_OTHER || rank > TENSOR_RANK)
        return false;
    for (uint32_t i = 0; i < rank; i++)
        if (dims[i] == 0 || __builtin_mul_overflow(n, dims[i], &n))
            return false;
    if (types[type].values > 1 && (rank == 0 || dims[rank - 1] % types[type].values))
        return false;
    return !__builtin_mul_overflow(n / types[type].values, types[type].bytes, bytes);
}

static bool lies_in(Str file, const uint8_t *p, uint64_t n)
{
    const uint8_t *start = (const uint8_t *)file.ptr;
    return p >= start && p <= start + file.len && n <= (uint64_t)(start + file.len - p);
}

bool tensor_add(TensorTable *t, Str file, const Tensor *add, Err *err)
{
    uint64_t need = add->bytes;
    if (add->type != TENSOR_OTHER && !tensor_bytes(add->type, add->rank, add->dims, &need))
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has an impossible shape", add->name);
    if (need != add->bytes)
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has %llu bytes where its shape needs %llu",
                       add->name, (unsigned long long)add->bytes, (unsigned long long)need);
    if (!lies_in(file, add->data, need))
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" ends behind the file's end", add->name);
    if (add->type == TENSOR_I8 && (add->rank == 0 || !lies_in(file, add->scales, 4 * add->dims[0])))
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" is of 8-bit integers without a scale a row",
                       add->name);
    if (t->count == TENSOR_COUNT_MAX)
        return err_set(err, ERR_CORRUPT, "the file has more than %d tensors", TENSOR_COUNT_MAX);
    if (t->count == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 64;
        Tensor *grown = mem_resize(t->tensors, cap, sizeof *grown);
        if (!grown)
            return err_set(err, ERR_NO_MEMORY, "no memory for the table of tensors");
        t->tensors = grown;
        t->cap = cap;
    }
    Tensor *to = &t->tensors[t->count++];
    *to = *add;
    for (uint32_t i = to->rank; i < TENSOR_RANK; i++)
        to->dims[i] = 1;
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Tensor *)a)->name, ((const Tensor *)b)->name);
}

static int key_of(const void *key, const void *b)
{
    return strcmp(key, ((const Tensor *)b)->name);
}

bool tensor_table_finish(TensorTable *t, Err *err)
{
    if (t->count)
        qsort(t->tensors, t->count, sizeof *t->tensors, by_name);
    for (size_t i = 1; i < t->count; i++)
        if (strcmp(t->tensors[i - 1].name, t->tensors[i].name) == 0)
            return err_set(err, ERR_CORRUPT, "the file has two tensors \"%s\"",
                           t->tensors[i].name);
    return true;
}

const Tensor *tensor_find(const TensorTable *t, const char *name)
{
    if (t->count == 0)
        return NULL;
    return bsearch(name, t->tensors, t->count, sizeof *t->tensors, key_of);
}

bool tensor_rows(const Tensor *t, uint64_t from, uint64_t n, Tensor *out)
{
    if (t->rank == 0 || n == 0 || from > t->dims[0] || n > t->dims[0] - from ||
        t->bytes % t->dims[0])
        return false;
    uint64_t row = t->bytes / t->dims[0];
    *out = *t;
    out->dims[0] = n;
    out->data = t->data + from * row;
    out->bytes = n * row;
    out->scales = t->scales ? t->scales + 4 * from : NULL;
    return true;
}

float tensor_half(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, exponent = h >> 10 & 31, m = h & 1023u, bits;
    if (exponent == 31) {
        bits = sign | 0x7f800000u | m << 13;
    } else if (exponent) {
        bits = sign | (exponent + 112) << 23 | m << 13;
    } else {
        float small = (float)m * 0x1p-24f;
        memcpy(&bits, &small, 4);
        bits |= sign;
    }
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static float half_at(const uint8_t *p)
{
    return tensor_half((uint16_t)(p[0] | p[1] << 8));
}

/* One block of 32. Q4: d (q - 8) or d q + m; Q5 has a fifth bit a value behind; Q8: d q. Value i
 * and i + 16 share a byte. */
static void read_block(TensorType type, const uint8_t *p, float *out)
{
    float d = half_at(p), m = 0;
    if (type == TENSOR_Q8_0) {
        for (int i = 0; i < TENSOR_BLOCK; i++)
            out[i] = d * (float)(int8_t)p[2 + i];
        return;
    }
    bool minimum = type == TENSOR_Q4_1 || type == TENSOR_Q5_1;
    bool five = type == TENSOR_Q5_0 || type == TENSOR_Q5_1;
    const uint8_t *at = p + 2;
    if (minimum) {
        m = half_at(at);
        at += 2;
    }
    uint32_t high = 0;
    if (five) {
        memcpy(&high, at, 4);
        at += 4;
    }
    int middle = minimum ? 0 : five ? 16 : 8;
    for (int i = 0; i < 16; i++) {
        int low = at[i] & 15, top = at[i] >> 4;
        if (five) {
            low |= (int)(high >> i & 1) << 4;
            top |= (int)(high >> (i + 16) & 1) << 4;
        }
        out[i] = d * (float)(low - middle) + m;
        out[i + 16] = d * (float)(top - middle) + m;
    }
}

static bool read_rows(const Tensor *t, uint64_t n, float *out)
{
    bool finite = true;
    uint64_t row = n / t->dims[0];
    for (uint64_t i = 0; i < n; i++) {
        float scale;
        memcpy(&scale, t->scales + 4 * (i / row), 4);
        out[i] = (float)(int8_t)t->data[i] / scale;
        finite = finite && out[i] - out[i] == 0;
    }
    return finite;
}

static bool read_values(const Tensor *t, uint64_t n, float *out)
{
    bool finite = true;
    if (t->type == TENSOR_I8)
        return read_rows(t, n, out);
    uint32_t step = types[t->type].values, size = types[t->type].bytes;
    for (uint64_t i = 0; i < n; i += step) {
        const uint8_t *p = t->data + i / step * size;
        if (t->type == TENSOR_F32) {
            memcpy(out + i, p, 4);
        } else if (t->type == TENSOR_F16) {
            out[i] = half_at(p);
        } else if (t->type == TENSOR_BF16) {
            uint32_t bits = (uint32_t)(p[0] | p[1] << 8) << 16;
            memcpy(out + i, &bits, 4);
        } else {
            read_block(t->type, p, out + i);
        }
        for (uint32_t k = 0; k < step; k++)
            finite = finite && out[i + k] - out[i + k] == 0;
    }
    return finite;
}

bool tensor_read(const TensorTable *t, const char *name, const uint64_t *dims, float *out, Err *err)
{
    const Tensor *tensor = tensor_find(t, name);
    if (!tensor)
        return err_set(err, ERR_CORRUPT, "the file has no tensor \"%s\"", name);
    if (tensor->type == TENSOR_OTHER)
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has a type that is not read", name);
    uint64_t n = 1;
    uint32_t at = 0;
    bool same = true;
    for (uint32_t i = 0; dims[i]; i++) {
        n *= dims[i];
        while (at < tensor->rank && tensor->dims[at] == 1 && dims[i] != 1)
            at++;
        same = same && at < tensor->rank && tensor->dims[at] == dims[i];
        at++;
    }
    while (at < tensor->rank)
        same = same && tensor->dims[at++] == 1;
    if (!same)
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" has another shape than this model", name);
    if (out && !read_values(tensor, n, out))
        return err_set(err, ERR_CORRUPT, "tensor \"%s\" holds a number that is not finite", name);
    return true;
}
