/* piper_impl.h - what the files piper*.c share: the voice, the state of a sentence, its steps.
 * Threads: as piper.h; the steps run in all members of the state's team. */
#ifndef SOTTO_NN_PIPER_IMPL_H
#define SOTTO_NN_PIPER_IMPL_H

#include "base/team.h"
#include "nn/piper.h"
#include "nn/piper_weights.h"

#define PIPER_MARGIN 8 /* rows of zeros before and behind a sequence; taps reach no further */
#define PIPER_EPS 1e-5f
#define PIPER_SYMBOL_IDS 4

/* What one character of phonemes becomes. */
typedef struct {
    uint32_t code, n, ids[PIPER_SYMBOL_IDS];
} PiperSymbol;

struct Piper {
    PiperPrecision precision;
    WeightsFile *file;
    PiperWeights w;
    PiperInfo info;
    char *names[4];       /* that info borrows */
    PiperSymbol *symbols; /* by code */
    size_t n_symbols;
    uint32_t pad, begin, end;
};

/* Memory that grows and is used again; contents are not kept. */
typedef struct {
    float *p;
    size_t cap;
} PiperRoom;

/* Rows of a sequence in memory: row t is at p + (t - from) * ch; rows outside of the sequence that
 * are inside of from..to are zeros. */
typedef struct {
    float *p;
    int64_t from, to;
    uint32_t ch;
} PiperRows;

typedef struct PiperScratch PiperScratch; /* of one member in the decoder */

struct PiperState {
    const Piper *p;
    Team *team;
    PiperParams params;
    size_t n;               /* ids */
    uint32_t *ids;
    uint32_t *durations;    /* [n] */
    uint32_t *phoneme;      /* [frames] the id a frame belongs to */
    size_t frames, frames_cap;
    /* the front, [n] rows */
    PiperRoom x, qkv, keys, att, ffn, stats, cond, dds[3], proj, scores;
    float *z_dur[2];        /* [n] each, in dds' last room */
    /* the back, [frames] rows */
    PiperRoom zp, z;        /* z with PIPER_FLOW_MARGIN rows of zeros around */
    PiperRoom wy, wh, wg, wa, wo;
    size_t flow_done, next;
    PiperScratch *scratch[TEAM_MAX];
    PiperRoom samples;
    bool begun;
    unsigned stalls, alone; /* of the team so far; steps that are still to be done without it */
};

bool piper_room(PiperRoom *r, size_t floats, Err *err);
static inline bool piper_cancelled(const PiperState *s)
{
    return s->params.cancel && atomic_load_explicit(s->params.cancel, memory_order_relaxed);
}

/* n numbers of a standard normal distribution that depend on seed, stream and index alone. */
void piper_noise(uint64_t seed, uint64_t stream, uint64_t index, float *out, size_t n);

/* Runs a step in all members of the team; in the caller alone for a while when the others were kept
 * waiting, because somebody else has the processors. The result is the same. */
void piper_run(PiperState *s, TeamFn fn, void *arg);

/* ids -> s->x and s->stats. */
bool piper_encode(PiperState *s, Err *err);
/* s->x -> s->durations and s->frames. */
bool piper_durations_run(PiperState *s, Err *err);
/* s->z for frames up to `until`. */
bool piper_flow_until(PiperState *s, size_t until, Err *err);
/* Rows of z that frame windows look at on either side. */
size_t piper_decoder_reach(const PiperWeights *w);
PiperScratch *piper_scratch_new(const PiperWeights *w, size_t window, Err *err);
void piper_scratch_free(PiperScratch *c);
size_t piper_scratch_bytes(const PiperScratch *c);
/* Samples of frames from..to (at most `window`) into out; false when it was cancelled. */
bool piper_decode(const PiperState *s, PiperScratch *c, size_t from, size_t to, float *out);

#endif
