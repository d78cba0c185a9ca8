/* whisper_words.h - when each word was said, from where the decoder looked while it said it.
 * Private to src/nn/whisper*.c and tests. Threads: one owner. */
#ifndef SOTTO_NN_WHISPER_WORDS_H
#define SOTTO_NN_WHISPER_WORDS_H

#include "nn/whisper_window.h"

/* Seconds from the window's start at which each of said's tokens begins; start_s [n + 1], the last
 * is where the text ends. Timestamps get the time of the token behind them. Uses the window that is
 * encoded, `frames` long. ERR_NO_MEMORY. */
bool whisper_words_align(WhisperWindow *w, const WhisperSaid *said, size_t frames, float *start_s,
    Err *err);
/* Words of tokens [from, to): *out [*n] in `a`, times moved by offset_s; none ends behind end_s.
 * ERR_NO_MEMORY. */
bool whisper_words_cut(const WhisperWindow *w, const WhisperSaid *said, const float *start_s,
    uint32_t from, uint32_t to, float offset_s, float end_s, Arena *a, const WhisperWord **out,
    size_t *n, Err *err);
/* The cheapest path through cost [rows][columns] from the first corner to the last, by steps right,
 * down or both: first [rows] gets the first column of each row. `trace` has rows * columns bytes,
 * `line` 2 * (columns + 1) floats. */
void whisper_words_path(const float *cost, size_t rows, size_t columns, uint8_t *trace, float *line,
    uint32_t *first);

#endif
