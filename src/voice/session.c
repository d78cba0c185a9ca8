/* session.c - see session.h.
 *
 *   state     sound kept                 leaves by
 *   QUIET     the last seconds           START -> SAID, or DOUBTFUL while the assistant speaks
 *   DOUBTFUL  from the pre-roll on       enough loud speech -> SAID; END -> QUIET
 *   SAID      from the pre-roll on       END -> QUIET, or HELD when the clock has not gone on
 *   HELD      the same                   the clock -> QUIET; START -> SAID
 *   TAKEN     the last seconds           said to be over in a pause; RESUME -> SAID, END -> QUIET
 */
#include "voice/session.h"

#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/mem.h"
#include "voice/trim.h"

#define QUIET_SECONDS 30u     /* of sound without speech, for session_finish */
#define QUIET_CONTINUOUS 4u   /* more than any pre-roll */
/* MAYBE is said, and that much silence belongs to an utterance. */
#define PAUSE_MS ((uint32_t)TRIM_KEEP_MS)
#define STOP 0.35f            /* as the endpointer's */
#define LOUD_PROBABILITY 0.6f /* of speech into the assistant's own sound */
#define LOUD_DB (-50.0f)
#define FRAME_MS (ENDPOINT_FRAME * 1000u / ENDPOINT_RATE_HZ)

typedef enum { QUIET, DOUBTFUL, SAID, HELD, TAKEN } State;

struct Session {
    SessionOptions o;
    Resampler *resampler;
    Endpointer *endpoint;
    VadState vad;
    uint8_t odd[4]; /* a sample that was cut in two */
    size_t n_odd;
    float *pcm;     /* [n] samples from `base` on */
    size_t n, cap;
    uint64_t base;
    uint64_t origin;   /* sample at which the endpointer began to count */
    State state;
    SessionEvent now;  /* the utterance */
    bool maybe;        /* MAYBE was said of it */
    bool cutting;      /* the endpointer cut what goes on: its next START is none */
    bool rolled;       /* the silence before the first sample was taken */
    uint64_t start;    /* the first sample that came */
    bool any;          /* an utterance was said since the session was new */
    bool speaking;
    uint32_t loud;     /* frames in a row of speech that may interrupt */
    uint64_t now_ns, speech_ns; /* of this call; when the last frame of speech came */
    SessionHear hear;
    void *arg;
};

static float judge(void *arg, const float frame[ENDPOINT_FRAME]);

static uint32_t or_else(uint32_t value, uint32_t standard) { return value ? value : standard; }

static bool check(const SessionOptions *o, Err *err)
{
    if (o->rate_hz < SESSION_RATE_MIN_HZ || o->rate_hz > SESSION_RATE_MAX_HZ)
        return err_set(err, ERR_VALIDATION, "rate must be a whole number, %d to %d",
                       SESSION_RATE_MIN_HZ, SESSION_RATE_MAX_HZ);
    if (o->silence_ms < SESSION_SILENCE_MIN_MS || o->silence_ms > ENDPOINT_SILENCE_MAX_MS)
        return err_set(err, ERR_VALIDATION, "silence_ms must be a whole number, %u to %d",
                       SESSION_SILENCE_MIN_MS, ENDPOINT_SILENCE_MAX_MS);
    if (o->preroll_ms > ENDPOINT_PREROLL_MAX_MS)
        return err_set(err, ERR_VALIDATION, "preroll_ms must be a whole number, 0 to %d",
                       ENDPOINT_PREROLL_MAX_MS);
    return true;
}

Session *session_new(const SessionOptions *options, Err *err)
{
    SessionOptions o = *options;
    o.rate_hz = or_else(o.rate_hz, SESSION_RATE_HZ);
    o.silence_ms = or_else(o.silence_ms, SESSION_SILENCE_MS);
    o.preroll_ms = or_else(o.preroll_ms, SESSION_PREROLL_MS);
    o.interrupt_ms = or_else(o.interrupt_ms, SESSION_INTERRUPT_MS);
    o.manual = o.manual || (!o.vad && !o.judge);
    if (!check(&o, err))
        return NULL;
    Session *s = mem_zalloc(sizeof *s);
    if (!s) {
        (void)err_set(err, ERR_NO_MEMORY, "no memory to listen");
        return NULL;
    }
    EndpointOptions e = {.silence_ms = o.silence_ms, .preroll_ms = o.preroll_ms,
                         .pause_ms = PAUSE_MS, .keep_silence_ms = PAUSE_MS, .stop = STOP};
    s->o = o;
    s->resampler = resample_new(o.rate_hz, SESSION_RATE_HZ, err);
    s->endpoint = s->resampler ? endpoint_new(&e, judge, s, err) : NULL;
    if (!s->endpoint) {
        session_free(s);
        return NULL;
    }
    return s;
}

void session_free(Session *s)
{
    if (!s)
        return;
    resample_free(s->resampler);
    endpoint_free(s->endpoint);
    mem_free(s->pcm);
    mem_free(s);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static uint64_t heard(const Session *s) { return s->base + s->n; }

static void say(Session *s, SessionKind kind)
{
    SessionEvent e = s->now;
    e.kind = kind;
    e.heard = heard(s);
    s->hear(s->arg, &e);
}

static void begin(Session *s, uint64_t from)
{
    s->now = (SessionEvent){.utterance = s->now.utterance + 1, .from = from, .to = heard(s),
                            .spoke = heard(s)};
    s->maybe = false;
    if (s->speaking) {
        s->state = DOUBTFUL;
        return;
    }
    s->state = SAID;
    say(s, SESSION_BEGAN);
}

/* Speech that is meant although the assistant speaks, or speaks no longer. */
static void believe(Session *s)
{
    if (s->state != DOUBTFUL)
        return;
    bool enough = s->o.interrupt_ms != UINT32_MAX && s->loud * FRAME_MS >= s->o.interrupt_ms;
    if (s->speaking && !enough)
        return;
    s->state = SAID;
    say(s, s->speaking ? SESSION_INTERRUPTED : SESSION_BEGAN);
}

static void finish(Session *s, uint64_t to, bool by_silence)
{
    s->state = QUIET;
    s->now.to = to;
    s->now.by_silence = by_silence;
    s->any = true;
    say(s, SESSION_ENDED);
}

static void pause(Session *s, uint64_t spoke)
{
    uint64_t to = spoke + (uint64_t)PAUSE_MS * (SESSION_RATE_HZ / 1000);
    if (s->state != SAID)
        return;
    s->now.spoke = spoke;
    s->now.to = to < heard(s) ? to : heard(s);
    s->maybe = true;
    say(s, SESSION_MAYBE);
}

static void resume(Session *s, uint64_t at)
{
    if (s->state == TAKEN) { /* more words after all: another utterance */
        uint64_t roll = (uint64_t)s->o.preroll_ms * (SESSION_RATE_HZ / 1000);
        uint64_t from = at > roll ? at - roll : 0;
        begin(s, from > s->now.to ? from : s->now.to);
        return;
    }
    if (s->maybe && (s->state == SAID || s->state == HELD)) {
        s->maybe = false;
        say(s, SESSION_RESUMED);
    }
}

static uint64_t silence_ns(const Session *s) { return (uint64_t)s->o.silence_ms * 1000000u; }

static void over(Session *s, uint64_t to, uint64_t quiet)
{
    if (s->state == TAKEN || s->state == QUIET) {
        s->state = QUIET;
        return;
    }
    s->now.spoke = to - quiet;
    if (s->state == DOUBTFUL) {
        s->state = QUIET;
        say(s, SESSION_DROPPED);
        return;
    }
    s->now.to = to;
    /* Blocks of half a second come when they are full, so the clock is allowed a third less. */
    bool waits = !s->o.continuous && s->now_ns - s->speech_ns < silence_ns(s) / 3 * 2;
    if (waits || s->o.manual)
        s->state = HELD;
    else
        finish(s, to, true);
}

static void on_endpoint(void *arg, const EndpointEvent *e)
{
    Session *s = arg;
    uint64_t at = s->origin + e->at, now = s->origin + e->decided;
    believe(s);
    switch (e->kind) {
    case ENDPOINT_START:
        if (s->cutting || s->state == HELD) {
            s->cutting = false;
            resume(s, at);
            s->state = s->state == HELD ? SAID : s->state;
        } else {
            begin(s, at);
        }
        believe(s);
        break;
    case ENDPOINT_PAUSE:
        pause(s, at);
        break;
    case ENDPOINT_RESUME:
        resume(s, at);
        break;
    case ENDPOINT_CUT:
        s->cutting = !s->o.continuous || s->state != SAID;
        if (!s->cutting)
            finish(s, at, true);
        break;
    case ENDPOINT_END: {
        uint64_t keep = (uint64_t)PAUSE_MS * (SESSION_RATE_HZ / 1000);
        uint64_t quiet = at < now ? keep : 0; /* it was there to be kept */
        over(s, at, quiet < at - s->now.from ? quiet : 0);
        break;
    }
    case ENDPOINT_NOTHING:
        break;
    }
}

static float judge(void *arg, const float frame[ENDPOINT_FRAME])
{
    Session *s = arg;
    float p = s->o.judge ? s->o.judge(s->o.judge_arg, frame)
              : s->o.vad ? vad_frame(s->o.vad, &s->vad, frame)
                         : 0;
    float level = pcm_level_db(frame, ENDPOINT_FRAME);
    if (p >= STOP)
        s->speech_ns = s->now_ns;
    if (p >= LOUD_PROBABILITY && level >= LOUD_DB)
        s->loud++;
    else if (p < STOP)
        s->loud = 0;
    return p;
}

/* ---- sound ----------------------------------------------------------------------------------- */

/* Sound that nobody will ask for goes, once as much of it as of the rest has gathered. */
static void trim(Session *s)
{
    bool kept = s->state != QUIET && s->state != TAKEN;
    size_t most = (size_t)SESSION_RATE_HZ *
                  (s->o.continuous ? QUIET_CONTINUOUS : QUIET_SECONDS);
    uint64_t from = s->n > most ? heard(s) - most : s->base;
    if (kept && s->now.from < from)
        from = s->now.from;
    size_t drop = from > s->base ? (size_t)(from - s->base) : 0;
    if (drop <= s->n / 2)
        return;
    memmove(s->pcm, s->pcm + drop, (s->n - drop) * sizeof *s->pcm);
    s->n -= drop;
    s->base += drop;
}

static bool keep(Session *s, const float *pcm, size_t n, Err *err)
{
    if (s->n + n > s->cap) {
        size_t cap = s->cap ? s->cap * 2 : (size_t)4 * SESSION_RATE_HZ;
        while (cap < s->n + n)
            cap *= 2;
        float *bigger = mem_resize(s->pcm, cap, sizeof *bigger);
        if (!bigger)
            return err_set(err, ERR_NO_MEMORY, "no memory for the sound");
        s->pcm = bigger;
        s->cap = cap;
    }
    memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return true;
}

static bool take(void *arg, const float *pcm, size_t n, Err *err)
{
    Session *s = arg;
    while (n > 0) { /* frame by frame, so that an event finds all of its sound and no more */
        size_t now = n < ENDPOINT_FRAME ? n : ENDPOINT_FRAME;
        if (!keep(s, pcm, now, err))
            return false;
        endpoint_feed(s->endpoint, pcm, now, on_endpoint, s);
        believe(s);
        pcm += now;
        n -= now;
    }
    trim(s);
    if (!s->o.continuous && s->state != QUIET && s->state != TAKEN &&
        heard(s) - s->now.from > (uint64_t)SESSION_SECONDS_MAX * SESSION_RATE_HZ)
        return err_set(err, ERR_TOO_LARGE, "more than %u seconds of sound; send VoiceEnd sooner",
                       SESSION_SECONDS_MAX);
    return true;
}

static bool push(Session *s, const void *bytes, size_t samples, Err *err)
{
    PcmFormat format = s->o.is_float ? PCM_F32 : PCM_S16;
    float block[1024];
    const char *at = bytes;
    while (samples > 0) {
        size_t now = samples < 1024 ? samples : 1024;
        pcm_to_mono(format, at, 1, now, block);
        for (size_t i = 0; i < now; i++)
            block[i] = block[i] > 1 ? 1 : block[i] < -1 ? -1 : block[i];
        if (!resample_push(s->resampler, block, now, take, s, err))
            return false;
        at += now * pcm_sample_bytes(format);
        samples -= now;
    }
    return true;
}

/* A file has the same silence before and behind it (voice/trim.h), so both give the same text. */
static bool push_silence(Session *s, uint32_t ms, Err *err)
{
    static const float zeros[ENDPOINT_FRAME];
    for (uint32_t done = 0; done < ms; done += FRAME_MS)
        if (!take(s, zeros, ENDPOINT_FRAME, err))
            return false;
    return true;
}

static bool can_find(const Session *s) { return s->o.vad || s->o.judge; }

bool session_feed(Session *s, Str bytes, uint64_t now_ns, SessionHear hear, void *arg, Err *err)
{
    size_t size = s->o.is_float ? 4 : 2;
    s->hear = hear;
    s->arg = arg;
    s->now_ns = now_ns;
    if (!s->rolled && can_find(s) && !push_silence(s, TRIM_ROLL_MS, err))
        return false;
    s->start = s->rolled ? s->start : heard(s);
    s->rolled = true;
    if (!can_find(s) && s->state == QUIET && bytes.len)
        begin(s, heard(s)); /* nothing can be found: all of it is what is said */
    while (s->n_odd && bytes.len) {
        s->odd[s->n_odd++] = (uint8_t)bytes.ptr[0];
        bytes = str_sub(bytes, 1, bytes.len);
        if (s->n_odd == size) {
            s->n_odd = 0;
            if (!push(s, s->odd, 1, err))
                return false;
        }
    }
    size_t whole = bytes.len / size;
    if (whole && !push(s, bytes.ptr, whole, err))
        return false;
    for (size_t i = whole * size; i < bytes.len; i++)
        s->odd[s->n_odd++] = (uint8_t)bytes.ptr[i];
    session_tick(s, now_ns, hear, arg);
    return true;
}

uint64_t session_due_ns(const Session *s)
{
    return s->state == HELD && !s->o.manual ? s->speech_ns + silence_ns(s) : 0;
}

void session_tick(Session *s, uint64_t now_ns, SessionHear hear, void *arg)
{
    uint64_t due = session_due_ns(s);
    s->hear = hear;
    s->arg = arg;
    if (due && now_ns >= due)
        finish(s, s->now.to, true);
}

static void restart(Session *s)
{
    endpoint_reset(s->endpoint);
    s->origin = heard(s);
    s->state = QUIET;
    s->maybe = s->cutting = false;
    s->loud = 0;
}

bool session_finish(Session *s, SessionHear hear, void *arg, Err *err)
{
    s->hear = hear;
    s->arg = arg;
    s->n_odd = 0;
    s->now_ns = UINT64_MAX; /* no clock is waited for */
    if (!resample_finish(s->resampler, take, s, err))
        return false;
    uint64_t end = heard(s);
    if (can_find(s) && !push_silence(s, s->o.silence_ms + 2 * FRAME_MS, err))
        return false;
    endpoint_finish(s->endpoint, on_endpoint, s);
    if (s->state == HELD || s->state == SAID)
        finish(s, s->state == HELD ? s->now.to : heard(s), false);
    if (!s->any && !s->o.continuous && end > s->start) {
        uint64_t most = (uint64_t)QUIET_SECONDS * SESSION_RATE_HZ;
        uint64_t from = s->base > s->start ? s->base : s->start;
        s->now = (SessionEvent){.utterance = s->now.utterance + 1,
                                .from = end - from > most ? end - most : from, .spoke = end};
        finish(s, end, false);
    }
    restart(s);
    s->any = false;
    s->vad = (VadState){0};
    s->n = 0;
    s->base = s->start = s->origin;
    s->rolled = false;
    s->speech_ns = s->now_ns = 0;
    return true;
}

bool session_take(Session *s, SessionHear hear, void *arg)
{
    if (s->o.manual || !s->maybe || (s->state != SAID && s->state != HELD))
        return false;
    bool goes_on = s->state == SAID; /* the endpointer waits for more silence */
    s->hear = hear;
    s->arg = arg;
    finish(s, s->now.to, true);
    s->state = goes_on ? TAKEN : QUIET;
    return true;
}

void session_forget(Session *s)
{
    restart(s);
    s->any = true;
}

void session_speaking(Session *s, bool speaking) { s->speaking = speaking; }

bool session_hearing(const Session *s) { return s->state == SAID || s->state == HELD; }

bool session_now(const Session *s, SessionEvent *out)
{
    if (!session_hearing(s))
        return false;
    *out = s->now;
    out->to = out->heard = heard(s);
    return true;
}

size_t session_sound(const Session *s, uint64_t from, uint64_t to, float *out)
{
    if (from < s->base)
        from = s->base;
    if (to > heard(s))
        to = heard(s);
    if (from >= to)
        return 0;
    memcpy(out, s->pcm + (from - s->base), (size_t)(to - from) * sizeof *out);
    return (size_t)(to - from);
}
