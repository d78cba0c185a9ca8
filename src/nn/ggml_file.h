/* ggml_file.h - reads a ggml Whisper file (ggml-base.en.bin and its family).
 *
 *   u32 "ggml" | 11 i32: vocabulary, audio positions, state, heads, layers, text positions, state,
 *   heads, layers, mels, type | i32 mels, bins, f32 filters | i32 n, n x (i32 length, bytes) |
 *   tensors to the end: i32 rank, name length, type; dims (fastest first); name; data
 *
 * Every length is checked against what is left of the file before it is used. Source: the format as
 * whisper.cpp documents it. Threads: pure over the caller's memory. */
#ifndef SOTTO_NN_GGML_FILE_H
#define SOTTO_NN_GGML_FILE_H

#include "nn/tensor_table.h"

#define GGML_TOKENS_MAX 65536
#define GGML_TOKEN_BYTES_MAX 1024

typedef struct {
    uint32_t vocabulary, audio_positions, audio_state, audio_heads, audio_layers;
    uint32_t text_positions, text_state, text_heads, text_layers, mels, type;
    uint32_t filter_mels, filter_bins;
    const uint8_t *filters; /* f32 [mels][bins], borrowed, aligned to nothing */
    Str *tokens;            /* [n_tokens] borrowed from the file; mem_free */
    uint32_t n_tokens;
} GgmlHead;

/* On success the caller frees head->tokens and the table. ERR_CORRUPT, ERR_NO_MEMORY. */
bool ggml_parse(Str file, GgmlHead *head, TensorTable *table, Err *err);
bool ggml_is(Str file); /* begins as such a file does */

#endif
