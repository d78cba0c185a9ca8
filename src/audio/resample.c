/* resample.c - see resample.h; resample_int.h has the filter.
 *
 * Output k lies at k * in / out samples of the input, in whole numbers, so neither time nor the
 * size of the blocks changes what it is made of. Before the sound and behind it is silence. All
 * memory is taken by resample_new. What it replaced, and why: docs/AUDIO.md. */
#include "audio/resample.h"

#include "audio/pcm.h"
#include "audio/resample_int.h"
#include "base/mem.h"

#define ROOM 4096 /* samples of input at once, beside those that the filter reaches over */

struct Resampler {
    uint32_t in_hz, out_hz;
    uint64_t pushed, given;
    ResampleTable table; /* without rows: the rates are equal */
    const ResampleKernels *kernels;
    size_t at;      /* of the next output's first tap, in `window` */
    uint32_t phase; /* of the next output, of table.out */
    size_t n, room; /* of `window` */
    float *window;  /* [room] what is still needed of the input */
    float block[RESAMPLE_BLOCK];
};

bool resample_preload(Err *err)
{
    (void)err;
    resample_prototype();
    (void)cpu_level(); /* a confined child may not ask the system for it */
    return true;
}

/* As if half - 1 samples of silence had come. */
static void rewind_to_start(Resampler *r)
{
    r->pushed = r->given = 0;
    r->at = r->phase = 0;
    r->n = r->table.taps / 2 - 1;
    memset(r->window, 0, r->room * sizeof *r->window);
}

static bool prepare(Resampler *r, Err *err)
{
    if (!resample_table_init(&r->table, r->in_hz, r->out_hz, err))
        return false;
    r->kernels = resample_kernels(cpu_level());
    r->room = r->table.taps + ROOM;
    r->window = mem_aligned(64, r->room * sizeof *r->window);
    if (!r->window)
        return err_set(err, ERR_NO_MEMORY, "cannot change the sample rate: out of memory");
    rewind_to_start(r);
    return true;
}

Resampler *resample_new(uint32_t in_hz, uint32_t out_hz, Err *err)
{
    if (in_hz < PCM_RATE_MIN_HZ || in_hz > PCM_RATE_MAX_HZ || out_hz < PCM_RATE_MIN_HZ ||
        out_hz > PCM_RATE_MAX_HZ) {
        (void)err_set(err, ERR_VALIDATION, "a sample rate of %u Hz is not possible: %d to %d are",
                      in_hz < PCM_RATE_MIN_HZ || in_hz > PCM_RATE_MAX_HZ ? in_hz : out_hz,
                      PCM_RATE_MIN_HZ, PCM_RATE_MAX_HZ);
        return NULL;
    }
    Resampler *r = mem_zalloc(sizeof *r);
    if (!r) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot change the sample rate: out of memory");
        return NULL;
    }
    r->in_hz = in_hz;
    r->out_hz = out_hz;
    if (in_hz != out_hz && !prepare(r, err)) {
        resample_free(r);
        return NULL;
    }
    return r;
}

void resample_free(Resampler *r)
{
    if (!r)
        return;
    resample_table_release(&r->table);
    mem_free(r->window);
    mem_free(r);
}

static uint64_t length_of(uint64_t n, uint32_t in_hz, uint32_t out_hz)
{
    return n / in_hz * out_hz + (n % in_hz * out_hz + in_hz / 2) / in_hz;
}

size_t resample_length(size_t n, uint32_t in_hz, uint32_t out_hz)
{
    return (size_t)length_of(n, in_hz, out_hz);
}

static bool pass(const float *pcm, size_t n, ResampleSink sink, void *arg, Err *err)
{
    for (size_t now; n > 0; pcm += now, n -= now) {
        now = n < RESAMPLE_BLOCK ? n : RESAMPLE_BLOCK;
        if (!sink(arg, pcm, now, err))
            return false;
    }
    return true;
}

/* The next output's place: in / out samples on. */
static void advance(const Resampler *r, size_t *at, uint32_t *phase)
{
    const ResampleTable *t = &r->table;
    *at += t->in / t->out;
    *phase += t->in % t->out;
    if (*phase >= t->out) {
        *phase -= t->out;
        ++*at;
    }
}

/* How many outputs the window has all samples of; at most RESAMPLE_BLOCK. */
static size_t ready(const Resampler *r)
{
    size_t reach = r->at + r->table.taps;
    if (reach > r->n)
        return 0;
    uint64_t last = ((uint64_t)(r->n - reach) + 1) * r->table.out - 1;
    uint64_t count = (last - r->phase) / r->table.in + 1;
    return count < RESAMPLE_BLOCK ? (size_t)count : RESAMPLE_BLOCK;
}

/* `count` outputs to r->block. Those of one phase lie table.out apart, and are made together. */
static void make(const Resampler *r, size_t count, float *out)
{
    const ResampleTable *t = &r->table;
    size_t at = r->at;
    uint32_t phase = r->phase;
    for (size_t k = 0; k < count && k < t->out; k++, advance(r, &at, &phase))
        r->kernels->same(r->window + at, t->in, t->rows + phase * t->taps, t->taps,
                         (count - k + t->out - 1) / t->out, out + k, t->out);
}

static void make_between(const Resampler *r, size_t count, float *out)
{
    const ResampleTable *t = &r->table;
    size_t at = r->at;
    uint32_t phase = r->phase;
    float weights[4];
    for (size_t k = 0; k < count; k++, advance(r, &at, &phase)) {
        size_t row = resample_table_between(t, phase, weights);
        out[k] = r->kernels->between(r->window + at, t->rows + row * t->taps, t->taps, weights);
    }
}

/* All outputs that are ready, but at most `most`. */
static bool give(Resampler *r, uint64_t most, ResampleSink sink, void *arg, Err *err)
{
    size_t count;
    while (most > 0 && (count = ready(r)) > 0) {
        count = count < most ? count : (size_t)most;
        if (r->table.fine)
            make_between(r, count, r->block);
        else
            make(r, count, r->block);
        uint64_t moved = r->phase + (uint64_t)count * r->table.in;
        r->at += (size_t)(moved / r->table.out);
        r->phase = (uint32_t)(moved % r->table.out);
        r->given += count;
        most -= count;
        if (!sink(arg, r->block, count, err))
            return false;
    }
    return true;
}

/* Up to n samples into the window, of silence when pcm is NULL; how many. */
static size_t take_in(Resampler *r, const float *pcm, size_t n)
{
    if (r->n == r->room) { /* what lies before the next output has been used */
        r->n -= r->at;
        memmove(r->window, r->window + r->at, r->n * sizeof *r->window);
        r->at = 0;
    }
    size_t now = n < r->room - r->n ? n : r->room - r->n;
    if (pcm)
        memcpy(r->window + r->n, pcm, now * sizeof *pcm);
    else
        memset(r->window + r->n, 0, now * sizeof *pcm);
    r->n += now;
    return now;
}

bool resample_push(Resampler *r, const float *pcm, size_t n, ResampleSink sink, void *arg, Err *err)
{
    if (!r->window)
        return pass(pcm, n, sink, arg, err);
    r->pushed += n;
    for (size_t now; n > 0; pcm += now, n -= now) {
        now = take_in(r, pcm, n);
        if (!give(r, UINT64_MAX, sink, arg, err))
            return false;
    }
    return true;
}

bool resample_finish(Resampler *r, ResampleSink sink, void *arg, Err *err)
{
    if (!r->window)
        return true;
    uint64_t all = length_of(r->pushed, r->in_hz, r->out_hz);
    while (r->given < all) {
        (void)take_in(r, NULL, r->room);
        if (!give(r, all - r->given, sink, arg, err))
            return false;
    }
    rewind_to_start(r);
    return true;
}

typedef struct {
    float *at;
} Fill;

static bool fill(void *arg, const float *pcm, size_t n, Err *err)
{
    Fill *f = arg;
    (void)err;
    memcpy(f->at, pcm, n * sizeof *pcm);
    f->at += n;
    return true;
}

bool resample_all(const float *pcm, size_t n, uint32_t in_hz, uint32_t out_hz, float *out, Err *err)
{
    Resampler *r = resample_new(in_hz, out_hz, err);
    Fill f = {out};
    bool ok = r && resample_push(r, pcm, n, fill, &f, err) && resample_finish(r, fill, &f, err);
    resample_free(r);
    return ok;
}
