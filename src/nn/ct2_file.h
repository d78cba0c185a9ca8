/* ct2_file.h - reads model.bin of a CTranslate2 folder that holds Whisper.
 *
 *   u32 version | string "WhisperSpec", u32 revision | u32 n, n x (string name, u8 rank, u32 dims,
 *   u8 type, u32 bytes, data) | u32 n, n x (string alias, string name)
 *
 * A string is a u16 length and its bytes with a NUL. Names are turned into those of the published
 * model ("encoder.blocks.0.attn.query.weight"), which ggml files have too; matrices that lie in one
 * another (query, key and value) become entries of their own. int8 weights have "NAME_scale" beside
 * "NAME", a number a row, by which they are divided.
 *
 * Source: CTranslate2's own reader as documented by its converters. Threads: pure. */
#ifndef SOTTO_NN_CT2_FILE_H
#define SOTTO_NN_CT2_FILE_H

#include "nn/tensor_table.h"

/* The caller releases the table. ERR_CORRUPT, ERR_NO_MEMORY. */
bool ct2_parse(Str file, TensorTable *table, Err *err);

#endif
