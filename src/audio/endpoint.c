#include "audio/endpoint.h"

#include <string.h>

#include "base/mem.h"

#define HISTORY 64 /* frames: 2 s, in which a cut is looked for */
#define WINDOW_MAX 62 /* frames in which the minimum of speech must lie */

struct Endpointer {
    EndpointOptions o; /* nothing 0 but patience_ms */
    EndpointVad vad;
    void *vad_arg;
    uint32_t min_frames, window, silence_frames, pause_frames, patience_frames;
    float frame[ENDPOINT_FRAME];
    size_t have;          /* samples in `frame` */
    uint64_t frames;      /* judged so far */
    uint64_t first, end;  /* samples: start of the utterance; end of the one before */
    uint32_t quiet;       /* frames in a row without speech */
    uint64_t waiting;     /* frames since the last utterance */
    uint64_t limit;       /* samples there are, once the stream is over */
    bool speech, paused, told_nothing;
    float history[HISTORY]; /* probability of frame i at i % HISTORY */
};

static uint32_t or_else(uint32_t value, uint32_t standard) { return value ? value : standard; }

static uint32_t frames_of(uint32_t ms)
{
    return (uint32_t)(((uint64_t)ms * (ENDPOINT_RATE_HZ / 1000) + ENDPOINT_FRAME - 1) /
                      ENDPOINT_FRAME);
}

static uint64_t samples_of(uint32_t ms) { return (uint64_t)ms * (ENDPOINT_RATE_HZ / 1000); }

static bool check(const EndpointOptions *o, Err *err)
{
    /* Written so that NaN is refused too. */
    if (!(o->start > 0 && o->start < 1 && o->stop > 0 && o->stop <= o->start))
        return err_set(err, ERR_VALIDATION,
                       "the thresholds of speech must be 0 < stop <= start < 1");
    if (o->silence_ms < 96 || o->silence_ms > ENDPOINT_SILENCE_MAX_MS)
        return err_set(err, ERR_VALIDATION, "silence_ms must be 96 to %d",
                       ENDPOINT_SILENCE_MAX_MS);
    if (o->preroll_ms > ENDPOINT_PREROLL_MAX_MS)
        return err_set(err, ERR_VALIDATION, "preroll_ms must be at most %d",
                       ENDPOINT_PREROLL_MAX_MS);
    if (o->min_speech_ms > 900)
        return err_set(err, ERR_VALIDATION, "min_speech_ms must be at most 900");
    if (o->max_ms < 3000)
        return err_set(err, ERR_VALIDATION, "max_ms must be at least 3000");
    if (o->keep_silence_ms > o->silence_ms)
        return err_set(err, ERR_VALIDATION, "keep_silence_ms must be at most silence_ms");
    return true;
}

Endpointer *endpoint_new(const EndpointOptions *options, EndpointVad vad, void *vad_arg, Err *err)
{
    EndpointOptions o = options ? *options : (EndpointOptions){0};
    o.start = o.start == 0 ? 0.5f : o.start;
    if (o.stop == 0)
        o.stop = o.start < 0.2f ? o.start / 2 : o.start - 0.15f;
    o.min_speech_ms = or_else(o.min_speech_ms, 96);
    o.silence_ms = or_else(o.silence_ms, 600);
    o.preroll_ms = or_else(o.preroll_ms, 320);
    o.pause_ms = or_else(o.pause_ms, 192);
    o.keep_silence_ms = or_else(o.keep_silence_ms, o.silence_ms < 160 ? o.silence_ms : 160);
    o.max_ms = or_else(o.max_ms, 30000);
    if (!check(&o, err))
        return NULL;
    Endpointer *e = mem_zalloc(sizeof *e);
    if (!e) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot listen for speech: out of memory");
        return NULL;
    }
    e->o = o;
    e->vad = vad;
    e->vad_arg = vad_arg;
    e->min_frames = frames_of(o.min_speech_ms);
    e->window = e->min_frames * 2 < WINDOW_MAX ? e->min_frames * 2 : WINDOW_MAX;
    e->silence_frames = frames_of(o.silence_ms);
    e->pause_frames = frames_of(o.pause_ms);
    e->patience_frames = frames_of(o.patience_ms);
    endpoint_reset(e);
    return e;
}

void endpoint_free(Endpointer *e)
{
    mem_free(e);
}

void endpoint_reset(Endpointer *e)
{
    e->have = 0;
    e->frames = e->first = e->end = e->waiting = 0;
    e->limit = UINT64_MAX;
    e->quiet = 0;
    e->speech = e->paused = e->told_nothing = false;
}

bool endpoint_is_speech(const Endpointer *e) { return e->speech; }

float endpoint_probability(const Endpointer *e)
{
    return e->frames ? e->history[(e->frames - 1) % HISTORY] : 0;
}

static void say(const Endpointer *e, EndpointKind kind, uint64_t at, EndpointHear hear, void *arg)
{
    uint64_t now = e->frames * ENDPOINT_FRAME;
    EndpointEvent event = {kind, at < e->limit ? at : e->limit, now < e->limit ? now : e->limit};
    hear(arg, &event);
}

static void begin(Endpointer *e, uint64_t at, EndpointHear hear, void *arg)
{
    e->speech = true;
    e->paused = e->told_nothing = false;
    e->quiet = 0;
    e->first = at;
    say(e, ENDPOINT_START, at, hear, arg);
}

static void finish_at(Endpointer *e, EndpointKind kind, uint64_t at, EndpointHear hear, void *arg)
{
    e->speech = e->paused = false;
    e->end = at;
    e->waiting = 0;
    say(e, kind, at, hear, arg);
}

/* Enough frames above the threshold lately? Then speech began with the first of them. */
static void look_for_start(Endpointer *e, EndpointHear hear, void *arg)
{
    uint64_t since = e->end / ENDPOINT_FRAME; /* what belonged to the last utterance is used up */
    uint64_t oldest = e->frames > e->window ? e->frames - e->window : 0, first = e->frames;
    uint32_t count = 0;
    for (uint64_t i = oldest > since ? oldest : since; i < e->frames; i++)
        if (e->history[i % HISTORY] >= e->o.start) {
            first = count++ ? first : i;
        }
    if (count >= e->min_frames) {
        uint64_t at = first * ENDPOINT_FRAME, roll = samples_of(e->o.preroll_ms);
        at = at > roll ? at - roll : 0;
        begin(e, at > e->end ? at : e->end, hear, arg);
    } else if (++e->waiting >= e->patience_frames && e->patience_frames && !e->told_nothing) {
        e->told_nothing = true;
        say(e, ENDPOINT_NOTHING, e->frames * ENDPOINT_FRAME, hear, arg);
    }
}

/* Too long: cut before the frame of the last 2 s in which speech was least likely. */
static void cut(Endpointer *e, EndpointHear hear, void *arg)
{
    uint64_t best = e->frames - 1;
    for (uint64_t i = e->frames - HISTORY; i < e->frames; i++)
        if (e->history[i % HISTORY] < e->history[best % HISTORY])
            best = i;
    finish_at(e, ENDPOINT_CUT, best * ENDPOINT_FRAME, hear, arg);
    begin(e, e->end, hear, arg);
}

static void follow(Endpointer *e, float p, EndpointHear hear, void *arg)
{
    e->quiet = p < e->o.stop ? e->quiet + 1 : 0;
    uint64_t now = e->frames * ENDPOINT_FRAME;
    if (e->quiet == 0 && e->paused) {
        e->paused = false;
        say(e, ENDPOINT_RESUME, now - ENDPOINT_FRAME, hear, arg);
    }
    if (e->quiet >= e->silence_frames) {
        uint64_t silence = (uint64_t)e->quiet * ENDPOINT_FRAME;
        uint64_t keep = samples_of(e->o.keep_silence_ms);
        finish_at(e, ENDPOINT_END, now - silence + (keep < silence ? keep : silence), hear, arg);
    } else if (e->quiet == e->pause_frames) {
        e->paused = true;
        say(e, ENDPOINT_PAUSE, now - (uint64_t)e->quiet * ENDPOINT_FRAME, hear, arg);
    } else if (now - e->first >= samples_of(e->o.max_ms)) {
        cut(e, hear, arg);
    }
}

static void judge(Endpointer *e, EndpointHear hear, void *arg)
{
    float p = e->vad(e->vad_arg, e->frame);
    p = p >= 0 && p <= 1 ? p : 0; /* also NaN */
    e->history[e->frames++ % HISTORY] = p;
    e->have = 0;
    if (e->speech)
        follow(e, p, hear, arg);
    else
        look_for_start(e, hear, arg);
}

void endpoint_feed(Endpointer *e, const float *pcm, size_t n, EndpointHear hear, void *arg)
{
    while (n > 0) {
        size_t room = ENDPOINT_FRAME - e->have, now = n < room ? n : room;
        memcpy(e->frame + e->have, pcm, now * sizeof *pcm);
        e->have += now;
        pcm += now;
        n -= now;
        if (e->have == ENDPOINT_FRAME)
            judge(e, hear, arg);
    }
}

void endpoint_finish(Endpointer *e, EndpointHear hear, void *arg)
{
    e->limit = e->frames * ENDPOINT_FRAME + e->have;
    if (e->have) { /* the last frame, filled up with silence */
        memset(e->frame + e->have, 0, (ENDPOINT_FRAME - e->have) * sizeof *e->frame);
        judge(e, hear, arg);
    }
    if (!e->speech)
        return;
    uint64_t quiet = (uint64_t)e->quiet * ENDPOINT_FRAME, keep = samples_of(e->o.keep_silence_ms);
    finish_at(e, ENDPOINT_END,
              e->frames * ENDPOINT_FRAME - quiet + (keep < quiet ? keep : quiet), hear, arg);
}
