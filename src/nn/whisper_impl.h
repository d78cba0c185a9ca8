/* whisper_impl.h - what the parts of Whisper share; private to src/nn/whisper*.c and tests.
 *
 *   whisper_source.c   the published files      whisper_weights.c  names, shapes, binding
 *   whisper_convert.c  the mapped file          whisper.c          opening, states, languages
 *   whisper_encoder.c  mel -> states            whisper_decoder.c  tokens -> logits
 *   whisper_rules.c    logits -> the next token whisper_window.c   one window, with its fall-backs
 *   whisper_transcribe.c  windows -> segments   whisper_words.c    times of words
 *
 * Threads: as whisper.h. */
#ifndef SOTTO_NN_WHISPER_IMPL_H
#define SOTTO_NN_WHISPER_IMPL_H

#include "base/team.h"
#include "nn/whisper.h"
#include "nn/whisper_weights.h"

#define WHISPER_BLOCK 96       /* rows of the encoder that go through a layer together */
#define WHISPER_QUERIES 32     /* rows of an attention at a time */
#define WHISPER_PROMPT_ROWS 64 /* tokens of a prompt that go through the decoder together */
#define WHISPER_CROSS_ROWS 1536 /* 1500 positions up to whole blocks of 64 */
#define WHISPER_SUPPRESS_MAX 128
#define WHISPER_KEYS (WHISPER_ROWS + WHISPER_SILENT_ROWS) /* the most a query sees */

typedef struct {
    uint32_t eot, sot, language0, languages, translate, transcribe, sot_lm, sot_prev, no_speech,
        no_timestamps, time0;
} WhisperIds;

struct Whisper {
    WhisperPrecision precision;
    WeightsFile *file; /* int8 */
    float *memory;     /* fp32 */
    Buf blob;          /* fp32: the vocabulary */
    WhisperWeights w;
    WhisperIds ids;
    Mel *mel;
    uint32_t suppress[WHISPER_SUPPRESS_MAX]; /* what no transcript says: brackets, notes, ... */
    uint32_t n_suppress;
    uint32_t space; /* the token " " */
    uint16_t *silent_keys, *silent_values; /* the encoder's, as whisper_attention_amx.c has them */
};

/* One member's scratch. */
typedef struct {
    float *stem;    /* [67][d] */
    float *y;       /* [96][d] */
    float *norm;    /* [96][d] */
    float *hidden;  /* [96][4 d] */
    float *scores;  /* [32][WHISPER_KEYS], also the attention's by AMX */
    uint8_t *q;     /* [96][4 d] */
    GemmRow rows[WHISPER_BLOCK];
} WhisperLane;

struct WhisperState {
    const Whisper *m;
    Team *team;
    WhisperLane lane[WHISPER_THREADS_MAX];
    /* Encoder. */
    float *mel;      /* [3004][mels]: a row of zeros, which stays so; the window; zeros */
    float *x;        /* [1504][d] the residual stream */
    float *qkv;      /* [1504][3 d] */
    float *keys;     /* [d][1504]: 64 rows a head; or the blocks of whisper_attention_amx.c */
    uint16_t *values; /* those, of the values */
    float *encoded;  /* [1504][d] what the decoder attends to */
    uint32_t n;      /* positions that are computed, 1500 or a multiple of 16 */
    uint32_t silent; /* and those that stand for the silence behind */
    /* Decoder, of a layer: values [heads][1504][64] and keys [d][1504] in fp32, or both in bf16,
     * keys in blocks of 64, [heads][24][64][64]. Layers are d * 1536 apart. */
    void *cross_k, *cross_v;
    float *self_k, *self_v; /* [layers][d][448], [layers][heads][448][64] */
    uint32_t cached;        /* positions of text in them */
    uint32_t alone;         /* tokens that the caller decodes without its team */
    uint32_t patience;      /* and how many it will be the next time */
    float *dx; /* [members][64][d] every member's copy of the residual stream */
    float *dy; /* [64][4 d] what they make together: queries, keys, values, attention */
    float *dh; /* [64][4 d] inside of the feed-forward */
    float *dz; /* [64][d] what comes out of it */
    float *logits;          /* [vocabulary up to 16] of the last position */
    float *probe;           /* of another */
    float *sorted;          /* scratch of the rules, as long */
    /* When not NULL: attention to the clip's n positions of the heads that follow words,
     * [align][watch_rows][n], a row a position of text. Borrowed. */
    float *watch;
    uint32_t watch_rows;
};

/* ---- encoder: the window in s->mel [3000][mels] from row 1 on, scaled. */

/* n positions are computed (a multiple of 16, or 1500); the rest is the kept silence. */
void whisper_encode(WhisperState *s, uint32_t n);
/* Fills the model's silence: fp32 models, which own their memory. */
void whisper_silence(const Whisper *m, WhisperState *s);

/* act(x W + bias) for `rows` rows, by the model's precision; q and scales: x quantised. */
void whisper_linear(const Whisper *m, const WhisperLinear *l, const float *x, size_t ldx,
    const uint8_t *q, const GemmRow *scales, size_t rows, float *c, size_t ldc, GemmAct act);

/* ---- decoder. */

/* Appends n tokens (n <= text positions left) to the cache and puts the logits of the last into
 * s->logits; those of token `probe` too into s->probe when probe < n. */
void whisper_decode(WhisperState *s, const uint32_t *tokens, uint32_t n, uint32_t probe);
static inline void whisper_rewind(WhisperState *s, uint32_t cached)
{
    s->cached = cached;
}

/* ---- rules. */

void whisper_ids_init(WhisperIds *ids, const WhisperInfo *info);
void whisper_suppress_init(Whisper *m);

#endif
