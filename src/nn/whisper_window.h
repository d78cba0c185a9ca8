/* whisper_window.h - one window of up to 30 s: encoding it as short as it is, decoding it, and
 * decoding it again when the text looks wrong. Private to src/nn/whisper*.c.
 * Threads: one owner. */
#ifndef SOTTO_NN_WHISPER_WINDOW_H
#define SOTTO_NN_WHISPER_WINDOW_H

#include "nn/whisper_rules.h"

#define WHISPER_SAID_MAX (WHISPER_TEXT_MAX / 2)

typedef struct {
    uint32_t tokens[WHISPER_SAID_MAX]; /* without the end */
    float logprobs[WHISPER_SAID_MAX];
    uint32_t n;
    float avg_logprob, no_speech_prob, compression_ratio, temperature;
    bool full_window;
    bool cut_off; /* the limit of tokens came before the end */
    bool looped;  /* was stopped, because it repeated itself */
} WhisperSaid;

typedef struct {
    const Whisper *m;
    WhisperState *s;
    const WhisperOptions *o;
    const float *pcm;
    size_t n;
    float most;            /* largest log-mel of the whole sound */
    uint32_t language;     /* number of it; multilingual models */
    uint32_t prompt[WHISPER_SAID_MAX];
    uint32_t n_prompt;
    uint64_t random;
    uint64_t mel_ns, encode_ns, decode_ns;
    uint32_t fallbacks;
} WhisperWindow;

/* Limits with the reference's values for 0. */
float whisper_compression_limit(const WhisperOptions *o);
float whisper_logprob_limit(const WhisperOptions *o);
float whisper_no_speech_limit(const WhisperOptions *o);

/* Encodes frames [seek, seek + frames): all 1500 positions, or as many as the frames need. */
void whisper_window_encode(WhisperWindow *w, size_t seek, size_t frames, bool full);
/* Positions whisper_window_encode computes for so many frames. */
uint32_t whisper_window_positions(size_t frames);
/* Probabilities of the languages [ids.languages] of the window that is encoded; the likeliest. */
uint32_t whisper_window_language(WhisperWindow *w, float *probabilities);
/* Encodes and decodes with all fall-backs. ERR_CANCELLED, ERR_NO_MEMORY. */
bool whisper_window_decode(WhisperWindow *w, size_t seek, size_t frames, WhisperSaid *out,
    Err *err);
/* Whether nobody spoke. The reference's rule (improbable, and no speech is likely), and more: a few
 * words, or the same ones again and again, that are not quite probable where no speech is likely;
 * what loops there; and what no temperature made probable. Noise and music give such texts. */
bool whisper_window_is_nothing(const WhisperWindow *w, const WhisperSaid *said, size_t frames);

#endif
