/* weights_file.h - our own file of model weights, mapped and used where it lies.
 *
 *   header 128 bytes | table of contents, 96 bytes a tensor | padding to 4096 | tensors, 64-aligned
 *
 * docs/MODELS.md has it byte by byte. Opening checks the header, the table and that every tensor
 * lies inside of the file; weights_verify reads the data too. Little-endian machines only.
 *
 * Threads: a WeightsFile is immutable once open; a WeightsWriter has one owner. */
#ifndef SOTTO_NN_WEIGHTS_FILE_H
#define SOTTO_NN_WEIGHTS_FILE_H

#include "base/hash.h"
#include "base/os.h"

#define WEIGHTS_VERSION 2
#define WEIGHTS_NAME_MAX 55
#define WEIGHTS_RANK 4
#define WEIGHTS_ALIGN 64
#define WEIGHTS_TENSORS_MAX 4096

typedef enum {
    WEIGHTS_F32 = 1,
    WEIGHTS_S8 = 2,        /* row-major int8 */
    WEIGHTS_S8_PANELS = 3, /* int8 [k][n] packed as nn/gemm.h says */
    WEIGHTS_BYTES = 4      /* a structure of its own */
} WeightsType;

typedef struct WeightsWriter WeightsWriter;

/* Starts a file for the model called `model` (at most 47 bytes), made from a source with this
 * hash. */
WeightsWriter *weights_begin(const char *model, const Sha256 *source, Err *err);
/* Adds a tensor of `rank` dims and returns its zeroed bytes to be filled before the next call, or
 * NULL; errors are kept and come out of weights_finish. `bytes` is for WEIGHTS_BYTES only. */
void *weights_add(WeightsWriter *w, const char *name, WeightsType type, uint32_t rank,
    const uint32_t *dims, uint64_t bytes);
/* Writes the file (whole, then renamed) and frees the writer, also on failure. */
bool weights_finish(WeightsWriter *w, const char *path, Err *err);
void weights_abandon(WeightsWriter *w); /* NULL is allowed */

typedef struct {
    char name[WEIGHTS_NAME_MAX + 1];
    WeightsType type;
    uint32_t rank, dims[WEIGHTS_RANK];
    uint64_t bytes;
    const void *data; /* borrowed from the mapping, aligned to 64 */
} WeightsTensor;

typedef struct WeightsFile WeightsFile;

/* ERR_NOT_FOUND, ERR_CORRUPT (also another version or another model), ERR_NO_MEMORY, ERR_IO. */
WeightsFile *weights_open(const char *path, const char *model, Err *err);
void weights_close(WeightsFile *f);
bool weights_verify(const WeightsFile *f, Err *err); /* every byte; ERR_CORRUPT */
const Sha256 *weights_source(const WeightsFile *f);
size_t weights_count(const WeightsFile *f);
/* Fills *t with the i-th tensor. */
void weights_at(const WeightsFile *f, size_t i, WeightsTensor *t);
/* The data of tensor `name`, which must have this type and shape; NULL with ERR_CORRUPT. For
 * WEIGHTS_BYTES rank is 0 and *bytes gets the size. */
const void *weights_need(const WeightsFile *f, const char *name, WeightsType type, uint32_t rank,
    const uint32_t *dims, uint64_t *bytes, Err *err);

#endif
