/* trim.c - see trim.h. */
#include "voice/trim.h"

#include "audio/endpoint.h"
#include "base/mem.h"

#define ROLL ((size_t)TRIM_ROLL_MS * (ENDPOINT_RATE_HZ / 1000))
#define SILENCE_MS 608u /* whole frames, more than the end-pointer waits for */
#define DOUBT 0.2f      /* a frame as likely as that may be a soft word */

typedef struct {
    const Vad *vad;
    VadState state;
    float *p;       /* [frames] */
    size_t frames;
    bool found;
    uint64_t from, to;
} Trim;

static float judge(void *arg, const float frame[ENDPOINT_FRAME])
{
    Trim *t = arg;
    float p = vad_frame(t->vad, &t->state, frame);
    t->p[t->frames++] = p;
    return p;
}

static void on_event(void *arg, const EndpointEvent *e)
{
    Trim *t = arg;
    if (e->kind == ENDPOINT_START && !t->found) {
        t->found = true;
        t->from = e->at;
    } else if (e->kind == ENDPOINT_END) {
        t->to = e->at;
    }
}

/* Whether all outside of the speech is surely none. */
static bool is_sure(const Trim *t)
{
    for (size_t i = 0; i < t->frames; i++) {
        uint64_t at = (uint64_t)i * ENDPOINT_FRAME;
        if ((at + ENDPOINT_FRAME <= t->from || at >= t->to) && t->p[i] >= DOUBT)
            return false;
    }
    return true;
}

bool trim_find(const Vad *v, const float *pcm, size_t n, int64_t *from, int64_t *to)
{
    static const float zeros[ENDPOINT_FRAME];
    EndpointOptions o = {.preroll_ms = TRIM_ROLL_MS, .keep_silence_ms = TRIM_KEEP_MS,
                         .pause_ms = TRIM_KEEP_MS};
    Err err = ERR_INIT;
    Trim t = {.vad = v};
    size_t behind = (size_t)SILENCE_MS * (ENDPOINT_RATE_HZ / 1000);
    t.p = mem_array((ROLL + n + behind) / ENDPOINT_FRAME + 2, sizeof *t.p);
    Endpointer *e = t.p ? endpoint_new(&o, judge, &t, &err) : NULL;
    if (e) {
        for (size_t i = 0; i < ROLL; i += ENDPOINT_FRAME)
            endpoint_feed(e, zeros, ENDPOINT_FRAME, on_event, &t);
        endpoint_feed(e, pcm, n, on_event, &t);
        for (size_t i = 0; i < behind; i += ENDPOINT_FRAME)
            endpoint_feed(e, zeros, ENDPOINT_FRAME, on_event, &t);
        endpoint_finish(e, on_event, &t);
    }
    bool ok = e && t.found && is_sure(&t);
    endpoint_free(e);
    mem_free(t.p);
    if (ok) {
        *from = (int64_t)t.from - (int64_t)ROLL;
        *to = (int64_t)t.to - (int64_t)ROLL;
    }
    return ok;
}

void trim_copy(const float *pcm, size_t n, int64_t from, int64_t to, float *out)
{
    for (int64_t i = from; i < to; i++)
        *out++ = i >= 0 && (uint64_t)i < n ? pcm[i] : 0;
}
