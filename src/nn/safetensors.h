/* safetensors.h - reads a .safetensors file somebody else made.
 *
 *   u64 n (little-endian) | n bytes of JSON | data
 *   JSON: {"name": {"dtype", "shape", "data_offsets"}, ...}
 *
 * Strict: every tensor's bytes are exactly dtype x shape, inside the data, without overlap and
 * without gaps, as the format demands; anything else is ERR_CORRUPT and says which tensor.
 *
 * Source: the format description of huggingface/safetensors. Threads: immutable once open. */
#ifndef SOTTO_NN_SAFETENSORS_H
#define SOTTO_NN_SAFETENSORS_H

#include "base/str.h"

#define SAFETENSORS_RANK 8
#define SAFETENSORS_HEADER_MAX ((uint64_t)16 << 20)
#define SAFETENSORS_COUNT_MAX 65536

typedef enum {
    ST_BOOL,
    ST_U8,
    ST_I8,
    ST_I16,
    ST_U16,
    ST_F16,
    ST_BF16,
    ST_I32,
    ST_U32,
    ST_F32,
    ST_F64,
    ST_I64,
    ST_U64,
    ST_TYPES
} StType;

typedef struct {
    char *name;    /* NUL-terminated, owned by the Safetensors */
    StType type;
    uint32_t rank;
    uint64_t shape[SAFETENSORS_RANK];
    const uint8_t *data; /* borrowed from the file's bytes, aligned to nothing */
    uint64_t bytes;
} StTensor;

typedef struct Safetensors Safetensors;

/* Parses `file` (borrowed: must outlive what is returned). ERR_CORRUPT, ERR_NO_MEMORY. */
Safetensors *safetensors_parse(Str file, Err *err);
void safetensors_free(Safetensors *s);
size_t safetensors_count(const Safetensors *s);
const StTensor *safetensors_at(const Safetensors *s, size_t i); /* in the order of their data */
/* NULL when there is none of that name. */
const StTensor *safetensors_find(const Safetensors *s, const char *name);
/* The fp32 tensor `name` of exactly this shape (rank 1: cols 0). ERR_CORRUPT when it is missing,
 * of another type or shape, or holds a number that is not finite. Aligned or not: copy it. */
const StTensor *safetensors_need_f32(const Safetensors *s, const char *name, uint64_t rows,
    uint64_t cols, Err *err);

#endif
