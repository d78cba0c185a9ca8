/* speech_say.c - see speech.h: one text spoken, out of the cache, by this machine or by another. */
#include "voice/speech_int.h"

#include <math.h>
#include <stdio.h>

#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "text/speakable.h"

#define ARENA_MAX ((size_t)16 << 20)
#define KEPT_MAX ((size_t)32 << 20) /* samples of one text that could be kept */
#define PAUSE_MS 120                /* between sentences of another machine's voice */
#define PIECE_MS 50

/* One call of speech_say. */
typedef struct {
    Speech *s;
    const SpeechSay *say;
    SpeechBackend backend;
    SpeechReport report;
    uint64_t began_ns;
    float speed;
    bool begun, refused;
    Resampler *resampler; /* from resampler_hz to report.rate_hz: after a fallback in the middle */
    uint32_t resampler_hz;
    VoicePlace place;     /* of what is being given */
    size_t from, sentence; /* of a text whose beginning was spoken by another */
    bool keeps;
    Buf pcm, places;      /* for the cache */
    Err err;              /* why the sink said no, when it was not the caller */
} Run;

/* ---- giving ---------------------------------------------------------------------------------- */

static bool cancelled(const Run *r)
{
    return r->say->cancel && atomic_load_explicit(r->say->cancel, memory_order_relaxed);
}

static bool begin(Run *r, uint32_t rate_hz)
{
    rate_hz = r->say->rate_hz ? r->say->rate_hz : rate_hz;
    SpeechWho who = {.voice = r->report.voice, .backend = r->report.backend, .rate_hz = rate_hz,
        .cached = r->report.cached, .fallback = r->report.fallback, .why = r->report.why};
    r->begun = true;
    r->report.rate_hz = rate_hz;
    return !r->say->begin || r->say->begin(r->say->arg, &who, &r->err);
}

static void keep(Run *r, const int16_t *pcm, size_t n)
{
    CachedPlace p = {.samples = (uint32_t)n, .sentence = (uint32_t)r->place.sentence,
        .from = (uint32_t)r->place.from, .to = (uint32_t)r->place.to, .last = r->place.last};
    r->keeps = r->keeps && buf_add_mem(&r->pcm, pcm, n * sizeof *pcm)
        && buf_add_mem(&r->places, &p, sizeof p);
}

/* At the rate that was begun with. */
static bool give(Run *r, const int16_t *pcm, size_t n)
{
    if (cancelled(r) || r->refused)
        return false;
    if (!r->report.sound.samples)
        r->report.sound.first_ms = clock_seconds_since(r->began_ns) * 1000;
    r->refused = !r->say->sink(r->say->arg, pcm, n, &r->place);
    r->report.sound.samples += n;
    if (r->keeps)
        keep(r, pcm, n);
    return !r->refused;
}

static bool give_floats(void *arg, const float *pcm, size_t n, Err *err)
{
    int16_t block[RESAMPLE_BLOCK];
    pcm_to_s16(pcm, n, block);
    return give(arg, block, n) || err_set(err, ERR_CANCELLED, "speaking was stopped");
}

static bool to_rate(Run *r, const int16_t *pcm, size_t n, uint32_t rate_hz)
{
    float block[2048];
    if (!r->begun && !begin(r, rate_hz))
        return false;
    if (rate_hz == r->report.rate_hz)
        return give(r, pcm, n);
    if (rate_hz != r->resampler_hz) {
        resample_free(r->resampler);
        r->resampler_hz = rate_hz;
        r->resampler = resample_new(rate_hz, r->report.rate_hz, &r->err);
    }
    while (r->resampler && n) {
        size_t here = n < 2048 ? n : 2048;
        pcm_from_s16(pcm, here, block);
        if (!resample_push(r->resampler, block, here, give_floats, r, &r->err))
            return false;
        pcm += here;
        n -= here;
    }
    return r->resampler != NULL;
}

/* Of a sentence that was resampled, what the filter holds back. */
static bool flush(Run *r)
{
    return !r->resampler || r->resampler_hz == r->report.rate_hz
        || resample_finish(r->resampler, give_floats, r, &r->err);
}

static bool stopped(Run *r, Err *err)
{
    return r->err.code != ERR_NONE ? err_set(err, r->err.code, "%s", r->err.msg)
                                   : err_set(err, ERR_CANCELLED, "speaking was stopped");
}

/* ---- voices of this machine ------------------------------------------------------------------ */

typedef struct {
    Run *run;
    uint32_t rate_hz;
} LocalSink;

static bool on_local(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    LocalSink *l = arg;
    l->run->place = *place;
    l->run->place.from += l->run->from;
    l->run->place.to += l->run->from;
    l->run->place.sentence += l->run->sentence;
    return to_rate(l->run, pcm, n, l->rate_hz);
}

static bool say_local(Run *r, Str voice, Str text, Err *err)
{
    VoiceReport report = {0};
    MouthTurn *t = mouth_turn(r->s->mouth, voice, err);
    if (!t)
        return false;
    const VoiceInfo *info = mouth_info(t);
    if (!r->begun) {
        (void)snprintf(r->report.voice, sizeof r->report.voice, "%s", info->id);
        (void)snprintf(r->report.backend, sizeof r->report.backend, "%s",
            voice_backend_name(info->backend));
    }
    LocalSink sink = {.run = r, .rate_hz = info->rate_hz};
    VoiceSay say = {.speed = r->speed, .seed = r->say->seed, .cancel = r->say->cancel,
        .sink = on_local, .arg = &sink};
    bool ok = mouth_say(t, text, &say, &report, err) && (flush(r) || stopped(r, err));
    mouth_done(t);
    r->report.sound.sentences += report.sentences;
    if (!ok && r->err.code != ERR_NONE)
        *err = r->err;
    return ok;
}

/* ---- voices of others ------------------------------------------------------------------------ */

static bool on_remote(void *arg, const int16_t *pcm, size_t n, uint32_t rate_hz)
{
    return to_rate(arg, pcm, n, rate_hz);
}

static bool pause(Run *r)
{
    int16_t none[2400] = {0};
    size_t left = (size_t)lrintf((float)r->report.rate_hz * PAUSE_MS / 1000 / r->speed);
    while (left) {
        size_t n = left < 2400 ? left : 2400;
        if (!give(r, none, n))
            return false;
        left -= n;
    }
    return true;
}

static bool enter(Run *r, SpeechService *v, Err *err)
{
    double wait_s = 0;
    pthread_mutex_lock(&r->s->lock);
    bool ok = breaker_enter(&v->breaker, clock_mono_ns(), &wait_s);
    pthread_mutex_unlock(&r->s->lock);
    return ok || err_set(err, ERR_UNAVAILABLE,
        "%s did not answer several times; it is asked again in %.0f s", SPEECH_NAMES[r->backend],
        ceil(wait_s));
}

static void leave(Run *r, SpeechService *v, bool ok, const Err *why)
{
    BreakerOutcome o = ok ? BREAKER_OK
        : why->code == ERR_TIMEOUT ? BREAKER_SLOW
        : why->code == ERR_UNAVAILABLE && r->err.code == ERR_NONE ? BREAKER_FAILED
                                                                  : BREAKER_NEITHER;
    pthread_mutex_lock(&r->s->lock);
    breaker_leave(&v->breaker, clock_mono_ns(), o);
    pthread_mutex_unlock(&r->s->lock);
}

static bool say_sentence(Run *r, const SpeakableSentence *list, size_t n, size_t i,
    const char *theirs, Err *err)
{
    SpeechService *v = speech_service(r->s, r->backend);
    uint64_t given;
    Err why = ERR_INIT;
    SpeechPart p = {.voice = theirs, .text = list[i].text, .speed = r->speed,
        .before = i ? list[i - 1].text : STR(""), .after = i + 1 < n ? list[i + 1].text : STR(""),
        .instructions = r->say->instructions, .seed = r->say->seed, .cancel = r->say->cancel,
        .sink = on_remote, .arg = r};
    r->place = (VoicePlace){.sentence = i, .from = list[i].from, .to = list[i].to};
    if (!enter(r, v, err))
        return false;
    bool ok = r->backend == SPEECH_ELEVENLABS ? elevenlabs_say(r->s, &p, &given, &why)
                                              : openai_voice_say(r->s, &p, &given, &why);
    leave(r, v, ok, &why);
    if (r->refused || r->err.code != ERR_NONE || cancelled(r))
        return stopped(r, err);
    if (!ok)
        return err_set(err, why.code, "%s", why.msg);
    return flush(r) || stopped(r, err);
}

/* *done: sentences that were spoken whole. */
static bool say_remote(Run *r, const SpeakableSentence *list, size_t n, const char *theirs,
    size_t *done, Err *err)
{
    for (*done = 0; *done < n; ++*done) {
        if (*done && !pause(r))
            return stopped(r, err);
        if (!say_sentence(r, list, n, *done, theirs, err))
            return false;
        r->report.sound.sentences++;
    }
    return true;
}

/* The sentences that are left, by a voice of this machine. */
static bool fall_back(Run *r, const SpeakableSentence *list, size_t done, const Err *why, Err *err)
{
    r->keeps = false;
    r->report.fallback = true;
    (void)snprintf(r->report.why, sizeof r->report.why, "%s", why->msg);
    log_write(LOG_WARN, "voice", "a voice of this machine speaks instead: %s", why->msg);
    r->from = list[done].from;
    r->sentence = done;
    if (r->begun) { /* who began is told already; the report names who ended */
        (void)snprintf(r->report.backend, sizeof r->report.backend, "%s", "local");
    }
    return say_local(r, STR(""), str_sub(r->say->text, r->from, r->say->text.len), err);
}

static bool from_others(Run *r, const char *id, Arena *a, Err *err)
{
    SpeakableSentence *list;
    size_t n = 0, done = 0;
    Err why = ERR_INIT;
    if (!speakable_sentences(r->say->text, SPEAKABLE_MDY, a, &list, &n, err))
        return false;
    if (!n)
        return err_set(err, ERR_VALIDATION, "there is nothing in the text that can be said");
    const char *theirs = strchr(id, '/') + 1;
    if (say_remote(r, list, n, theirs, &done, &why)) {
        metric_observe(r->s->first, NULL, r->report.sound.first_ms / 1000);
        return true;
    }
    bool mine = why.code == ERR_CANCELLED || why.code == ERR_NO_MEMORY || r->refused ||
                r->err.code != ERR_NONE;
    if (mine || r->say->voice.len)
        return err_set(err, why.code, "%s", why.msg);
    return fall_back(r, list, done, &why, err);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static bool key_of(const Run *r, const char *id, const VoiceInfo *info, const uint64_t stamp[2],
    Sha256 *key, Err *err)
{
    const SpeechService *v = speech_service(r->s, r->backend);
    bool remote = r->backend != SPEECH_LOCAL;
    Buf b;
    JsonW w;
    (void)info;
    buf_init(&b, VOICE_TEXT_MAX * 8);
    jw_init(&w, &b);
    jw_arr(&w);
    jw_cstr(&w, SOTTO_VERSION);
    jw_cstr(&w, id);
    jw_int(&w, (int64_t)stamp[0]);
    jw_int(&w, (int64_t)stamp[1]);
    jw_cstr(&w, remote ? v->url : "");
    jw_cstr(&w, remote ? v->model : "");
    jw_cstr(&w, remote ? v->format : "");
    jw_float(&w, r->speed);
    jw_int(&w, (int64_t)r->say->seed);
    jw_str(&w, remote ? r->say->instructions : STR(""));
    jw_str(&w, r->say->text);
    jw_arr_end(&w);
    bool ok = buf_check(&b, "the text", err) && sha256(buf_str(&b), key, err);
    buf_release(&b);
    return ok;
}

static bool replay(Run *r, const CachedSound *c)
{
    size_t at = 0;
    uint32_t piece = c->rate_hz * PIECE_MS / 1000;
    r->report.cached = true;
    (void)snprintf(r->report.voice, sizeof r->report.voice, "%s", c->voice);
    (void)snprintf(r->report.backend, sizeof r->report.backend, "%s", c->backend);
    if (!begin(r, c->rate_hz))
        return false;
    for (size_t i = 0; i < c->n_places; i++) {
        const CachedPlace *p = &c->places[i];
        for (uint32_t done = 0, n; done < p->samples; done += n) {
            n = p->samples - done < piece ? p->samples - done : piece;
            if (n > c->n - at)
                return false;
            r->place = (VoicePlace){.sentence = p->sentence, .from = p->from, .to = p->to,
                .last = p->last && done + n == p->samples};
            if (!to_rate(r, c->pcm + at, n, c->rate_hz))
                return false;
            at += n;
        }
        r->report.sound.sentences = p->sentence + 1;
    }
    return flush(r);
}

static void store(Run *r, const Sha256 *key)
{
    CachedSound c = {.rate_hz = r->report.rate_hz, .n = r->pcm.len / sizeof(int16_t),
        .pcm = (const int16_t *)(const void *)r->pcm.ptr,
        .places = (const CachedPlace *)(const void *)r->places.ptr,
        .n_places = r->places.len / sizeof(CachedPlace)};
    if (!r->keeps || !buf_ok(&r->pcm) || !buf_ok(&r->places) || !c.n)
        return;
    (void)snprintf(c.voice, sizeof c.voice, "%s", r->report.voice);
    (void)snprintf(c.backend, sizeof c.backend, "%s", r->report.backend);
    sound_cache_put(r->s->cache, r->say->owner, key, &c);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Who is meant is known; *hit: it was in the cache. */
static bool speak(Run *r, const char *id, const VoiceInfo *info, const uint64_t stamp[2], Arena *a,
    Err *err)
{
    /* espeak's own voice is never the same bytes twice, and costs nothing. */
    bool local = r->backend == SPEECH_LOCAL;
    bool may = r->s->cache && r->say->owner && !(local && info->backend == VOICE_ESPEAK);
    Sha256 key;
    CachedSound kept;
    Buf file;
    (void)snprintf(r->report.voice, sizeof r->report.voice, "%s", id);
    (void)snprintf(r->report.backend, sizeof r->report.backend, "%s",
        local ? voice_backend_name(info->backend) : SPEECH_NAMES[r->backend]);
    if (may && !key_of(r, id, info, stamp, &key, err))
        return false;
    buf_init(&file, KEPT_MAX * 2);
    bool ok = false, hit = may && sound_cache_get(r->s->cache, r->say->owner, &key, &file, &kept);
    r->keeps = may && !hit;
    if (hit)
        ok = replay(r, &kept) || stopped(r, err);
    else
        ok = local ? say_local(r, str_of(id), r->say->text, err) : from_others(r, id, a, err);
    buf_release(&file);
    if (ok && may && !hit)
        store(r, &key);
    METRIC_INC(r->s->asked, local ? voice_backend_name(info->backend) : SPEECH_NAMES[r->backend],
        ok ? (hit ? "cached" : r->report.fallback ? "fallback" : "spoken") : "failed");
    return ok;
}

bool speech_say(Speech *s, const SpeechSay *say, SpeechReport *report, Err *err)
{
    char id[SPEECH_VOICE_MAX], set[SPEECH_VOICE_MAX];
    VoiceInfo info = {0};
    uint64_t stamp[2] = {0};
    Err why = ERR_INIT;
    Run r = {.s = s, .say = say, .speed = say->speed == 0 ? 1 : say->speed,
        .began_ns = clock_mono_ns()};
    if (!voice_check(say->text, r.speed, err))
        return false;
    Arena *a = arena_new(ARENA_MAX);
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "no memory to speak");
    buf_init(&r.pcm, KEPT_MAX);
    buf_init(&r.places, KEPT_MAX);
    bool asked = say->voice.len > 0;
    bool ok = speech_who(s, asked ? say->voice : speech_voice(s, set), &r.backend, id, &info,
        stamp, a, &why);
    if (!ok && !asked && r.backend != SPEECH_LOCAL) {
        /* What is set cannot speak at all: no key, no address. */
        r.report.fallback = true;
        (void)snprintf(r.report.why, sizeof r.report.why, "%s", why.msg);
        r.backend = SPEECH_LOCAL;
        why = ERR_INIT;
        ok = speech_who(s, STR(""), &r.backend, id, &info, stamp, a, &why);
    }
    ok = ok ? speak(&r, id, &info, stamp, a, err) : err_set(err, why.code, "%s", why.msg);
    resample_free(r.resampler);
    buf_release(&r.pcm);
    buf_release(&r.places);
    arena_free(a);
    r.report.sound.total_ms = clock_seconds_since(r.began_ns) * 1000;
    if (report)
        *report = r.report;
    return ok;
}
