/* tensor_table.h - the named tensors of a model file somebody else made, whatever its format.
 *
 * A reader (ggml_file.c, ct2_file.c) puts an entry a tensor; tensor_read turns one into fp32. An
 * entry's bytes are exactly what its type and shape need and lie inside of the borrowed file:
 * tensor_add refuses all else, so that no reader has to be trusted with it.
 * Threads: one owner while it is filled, immutable after. */
#ifndef SOTTO_NN_TENSOR_TABLE_H
#define SOTTO_NN_TENSOR_TABLE_H

#include "base/str.h"

#define TENSOR_RANK 4
#define TENSOR_NAME_MAX 95
#define TENSOR_COUNT_MAX 8192
#define TENSOR_BLOCK 32 /* values of a block of the Q types, which lie along the last dimension */

typedef enum {
    TENSOR_F32, TENSOR_F16, TENSOR_BF16,
    TENSOR_Q4_0, TENSOR_Q4_1, TENSOR_Q5_0, TENSOR_Q5_1, TENSOR_Q8_0, /* ggml's blocks */
    TENSOR_I8,    /* CTranslate2's: a value is q / scale of its row of the first dimension */
    TENSOR_OTHER, /* bytes that are not read: integers that describe the model */
    TENSOR_TYPES
} TensorType;

typedef struct {
    char name[TENSOR_NAME_MAX + 1];
    TensorType type;
    uint32_t rank;
    uint64_t dims[TENSOR_RANK]; /* slowest first, as PyTorch says them; unused ones 1 */
    const uint8_t *data;        /* borrowed, aligned to nothing */
    uint64_t bytes;
    const uint8_t *scales;      /* I8: [dims[0]] fp32, borrowed; NULL for all others */
} Tensor;

typedef struct {
    Tensor *tensors;
    size_t count, cap;
} TensorTable;

void tensor_table_release(TensorTable *t);
/* Bytes a tensor of this type and shape has; false when that is impossible. Not for OTHER. */
bool tensor_bytes(TensorType type, uint32_t rank, const uint64_t *dims, uint64_t *bytes);
/* Copies *add into the table. `file` is what add->data must lie in. ERR_CORRUPT, ERR_NO_MEMORY. */
bool tensor_add(TensorTable *t, Str file, const Tensor *add, Err *err);
/* After the last tensor_add. ERR_CORRUPT when two tensors have one name. */
bool tensor_table_finish(TensorTable *t, Err *err);
const Tensor *tensor_find(const TensorTable *t, const char *name); /* NULL when not there */
/* Rows [from, from + n) of the first dimension as a tensor of its own; the type must be no block
 * type or its rows whole blocks. */
bool tensor_rows(const Tensor *t, uint64_t from, uint64_t n, Tensor *out);
/* The whole tensor as fp32 into out [count of values]. Dimensions of 1 do not count; `dims` is
 * closed by 0. ERR_CORRUPT when it is missing, has another shape or a type that is not read, or
 * holds a number that is not finite. out NULL: checks the shape only. */
bool tensor_read(const TensorTable *t, const char *name, const uint64_t *dims, float *out,
    Err *err);

/* IEEE half precision to single. */
float tensor_half(uint16_t h);

#endif
