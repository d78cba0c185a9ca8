/* voice.c - see voice.h: from a text to samples. */
#include "voice/voice.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/team.h"
#include "base/utf8.h"
#include "nn/piper.h"
#include "text/speakable.h"
#include "voice/espeak.h"

#define ARENA_MAX ((size_t)16 << 20)
#define THREADS_MOST 4
#define GAIN 1.4f        /* Piper's voices peak at half of full scale */
#define KNEE 0.8f        /* louder than this is bent, not cut */
#define PAUSE_MS 120     /* between sentences */
#define CALM 0.6f        /* of the voice's noise: its words are clearer (docs/bench/voice.md) */
#define PIECE_MS 50      /* of espeak's voice, and of pauses */
#define IDS_COMFORT 900  /* phoneme ids after which a sentence is cut at the next clause */

struct Voice {
    VoiceInfo info;
    Arena *arena;
    Piper *piper; /* NULL: espeak */
};

struct VoiceSpeaker {
    const Voice *voice;
    PiperState *state;
    uint32_t *ids;
    int16_t *pcm;
    size_t pcm_cap;
};

/* One call of voice_say. */
typedef struct {
    VoiceSpeaker *speaker;
    const VoiceSay *say;
    VoiceReport report;
    VoicePlace place;
    uint64_t started_ns;
    bool refused; /* the sink said no */
} Run;

Voice *voice_open(const char *models_dir, const char *id, Err *err)
{
    Voice *v = mem_zalloc(sizeof *v);
    Arena *arena = v ? arena_new(ARENA_MAX) : NULL;
    VoiceInfo *list = NULL;
    size_t n = 0;
    if (!arena) {
        mem_free(v);
        err_set(err, ERR_NO_MEMORY, "no memory to open a voice");
        return NULL;
    }
    v->arena = arena;
    const VoiceInfo *found = NULL;
    bool ok = voice_list(models_dir, arena, &list, &n, err);
    for (size_t i = 0; ok && list && i < n && !found; i++) {
        found = !id || strcmp(list[i].id, id) == 0 ? &list[i] : NULL;
    }
    if (ok && !found && list && n > 0) {
        ok = err_set(err, ERR_NOT_FOUND, "there is no voice \"%.80s\"; the first here is \"%s\"",
            id ? id : "", list[0].id);
    } else if (ok && !found) {
        ok = err_set(err, ERR_UNAVAILABLE,
            "there is no voice on this machine; run sotto models fetch en_US-joe-medium or install "
            "the package libespeak-ng1");
    }
    ok = ok && found;
    if (ok) {
        v->info = *found;
        ok = espeak_available(err) && (found->backend == VOICE_ESPEAK ||
            (v->piper = piper_open(found->path, PIPER_FAST, err)) != NULL);
    }
    if (!ok) {
        voice_close(v);
        return NULL;
    }
    return v;
}

void voice_close(Voice *v)
{
    if (v) {
        piper_close(v->piper);
        arena_free(v->arena);
        mem_free(v);
    }
}

const VoiceInfo *voice_info(const Voice *v) { return &v->info; }

VoiceSpeaker *voice_speaker_new(const Voice *v, unsigned threads, Err *err)
{
    VoiceSpeaker *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "no memory to speak");
        return NULL;
    }
    s->voice = v;
    if (threads == 0) {
        threads = os_cpu_count();
        threads = threads < THREADS_MOST ? threads : THREADS_MOST;
    }
    threads = threads < TEAM_MAX ? threads : TEAM_MAX;
    if (v->piper) {
        s->state = piper_state_new(v->piper, threads, err);
        s->ids = mem_array(PIPER_IDS_MAX, sizeof *s->ids);
        if (!s->state || !s->ids) {
            if (s->state) {
                err_set(err, ERR_NO_MEMORY, "no memory to speak");
            }
            voice_speaker_free(s);
            return NULL;
        }
    }
    return s;
}

void voice_speaker_free(VoiceSpeaker *s)
{
    if (s) {
        piper_state_free(s->state);
        mem_free(s->ids);
        mem_free(s->pcm);
        mem_free(s);
    }
}

/* Giving sound to the sink. */

static bool cancelled(Err *err)
{
    return err_set(err, ERR_CANCELLED, "speaking was stopped");
}

static bool wants_stop(const Run *r)
{
    return r->say->cancel && atomic_load_explicit(r->say->cancel, memory_order_relaxed);
}

static bool give(Run *r, const int16_t *pcm, size_t n, bool last)
{
    if (wants_stop(r) || r->refused) {
        return false;
    }
    if (r->report.samples == 0) {
        r->report.first_ms = clock_seconds_since(r->started_ns) * 1000;
    }
    r->place.last = last;
    if (!r->say->sink(r->say->arg, pcm, n, &r->place)) {
        r->refused = true;
        return false;
    }
    r->report.samples += n;
    return true;
}

static bool room(VoiceSpeaker *s, size_t n, Err *err)
{
    if (s->pcm_cap < n) {
        int16_t *p = mem_resize(s->pcm, n, sizeof *p);
        if (!p) {
            return err_set(err, ERR_NO_MEMORY, "no memory to speak");
        }
        s->pcm = p;
        s->pcm_cap = n;
    }
    return true;
}

/* Louder, without ever cutting: past the knee it bends towards full scale. */
static int16_t to_pcm(float x)
{
    x *= GAIN;
    float size = fabsf(x);
    if (size > KNEE) {
        size = KNEE + (1 - KNEE) * tanhf((size - KNEE) / (1 - KNEE));
        x = x < 0 ? -size : size;
    }
    return (int16_t)lrintf(x * 32767.0f);
}

static bool pause_between(Run *r, Err *err)
{
    float pause_s = PAUSE_MS / 1000.0f / r->say->speed;
    size_t left = (size_t)lrintf((float)r->speaker->voice->info.rate_hz * pause_s);
    size_t piece = (size_t)r->speaker->voice->info.rate_hz * PIECE_MS / 1000;
    if (!room(r->speaker, piece, err)) {
        return false;
    }
    memset(r->speaker->pcm, 0, piece * sizeof(int16_t));
    while (left) {
        size_t n = left < piece ? left : piece;
        if (!give(r, r->speaker->pcm, n, false)) {
            return cancelled(err);
        }
        left -= n;
    }
    return true;
}

/* Piper. */

/* One run of the model over some clauses of sentence `number`. */
static bool speak_phonemes(Run *r, Str phonemes, uint64_t number, bool last, Err *err)
{
    VoiceSpeaker *s = r->speaker;
    const PiperInfo *info = piper_info(s->voice->piper);
    size_t n = piper_ids(s->voice->piper, phonemes, s->ids, PIPER_IDS_MAX, NULL);
    PiperParams params = {.noise = info->noise * CALM, .noise_w = info->noise_w,
        .length = info->length,
        .speed = r->say->speed, .cancel = r->say->cancel,
        .seed = r->say->seed * 0x9e3779b97f4a7c15u + number};
    if (n == 0) {
        return err_set(err, ERR_TOO_LARGE, "a sentence is too long to be spoken in one breath");
    }
    size_t frames, done = 0;
    if (!piper_begin(s->state, s->ids, n, &params, &frames, err)) {
        return false;
    }
    for (;;) {
        const float *samples;
        if (!piper_next(s->state, &samples, &n, err)) {
            return false;
        }
        if (n == 0) {
            return true;
        }
        if (!room(s, n, err)) {
            return false;
        }
        for (size_t i = 0; i < n; i++) {
            s->pcm[i] = to_pcm(samples[i]);
        }
        done += n;
        if (!give(r, s->pcm, n, last && done == frames * info->hop)) {
            return cancelled(err);
        }
    }
}

/* End of the last character at or before `most` bytes behind `from`, at a space when there is
 * one. */
static size_t cut_at(Str s, size_t from, size_t most)
{
    if (s.len - from <= most) {
        return s.len;
    }
    for (size_t i = from + most; i > from + most / 2; i--) {
        if (s.ptr[i] == ' ') {
            return i;
        }
    }
    return utf8_floor(s, from + most);
}

/* A sentence in one run, or, when it is very long, in several that end at clauses. */
static bool speak_piper(Run *r, Str sentence, uint64_t number, Err *err)
{
    Buf phonemes;
    Arena *a = arena_new(ARENA_MAX);
    size_t *ends, n_ends, from = 0, i = 0;
    buf_init(&phonemes, (size_t)1 << 20);
    bool ok = a != NULL || err_set(err, ERR_NO_MEMORY, "no memory to speak");
    ok = ok && espeak_sentence(r->speaker->voice->info.espeak, sentence, a, &phonemes, &ends,
        &n_ends,
        err);
    Str all = buf_str(&phonemes);
    /* two ids a character at most, and a byte is at most a character */
    while (ok && from < all.len) {
        size_t to = from;
        while (i < n_ends && (to == from || ends[i] - from <= IDS_COMFORT / 2)) {
            to = ends[i++];
        }
        to = to > from ? to : all.len;
        while (ok && from < to) {
            size_t end = cut_at(str_sub(all, 0, to), from, IDS_COMFORT);
            ok = speak_phonemes(r, str_sub(all, from, end), number, end == all.len, err);
            from = end;
        }
    }
    buf_release(&phonemes);
    arena_free(a);
    return ok;
}

/* espeak. */

static bool espeak_sink(void *arg, const int16_t *pcm, size_t n)
{
    return give(arg, pcm, n, false);
}

static bool speak_espeak(Run *r, Str sentence, Err *err)
{
    float rate = ESPEAK_RATE * r->say->speed;
    rate = rate < ESPEAK_RATE_MIN ? ESPEAK_RATE_MIN : rate > ESPEAK_RATE_MAX ? ESPEAK_RATE_MAX :
        rate;
    return espeak_say(r->speaker->voice->info.espeak, sentence, (unsigned)rate, espeak_sink, r,
        err);
}

/* The whole. */

bool voice_check(Str text, float speed, Err *err)
{
    if (text.len > VOICE_TEXT_MAX) {
        return err_set(err, ERR_TOO_LARGE, "a text to speak has at most %zu bytes, not %zu",
            VOICE_TEXT_MAX, text.len);
    }
    if (!utf8_ok(text)) {
        return err_set(err, ERR_VALIDATION, "the text to speak is not UTF-8");
    }
    bool ok = speed >= VOICE_SPEED_MIN && speed <= VOICE_SPEED_MAX;
    return ok || err_set(err, ERR_VALIDATION, "speed is %g to %g, not %g", (double)VOICE_SPEED_MIN,
        (double)VOICE_SPEED_MAX, (double)speed);
}

static bool speak_all(Run *r, const SpeakableSentence *list, size_t n, Err *err)
{
    bool piper = r->speaker->voice->piper != NULL;
    for (size_t i = 0; i < n; i++) {
        r->place = (VoicePlace){.sentence = i, .from = list[i].from, .to = list[i].to};
        if (wants_stop(r)) {
            return cancelled(err);
        }
        if (i > 0 && !pause_between(r, err)) {
            return false;
        }
        if (piper ? !speak_piper(r, list[i].text, i, err) : !speak_espeak(r, list[i].text, err)) {
            return false;
        }
        r->report.sentences++;
    }
    return true;
}

bool voice_say(VoiceSpeaker *s, Str text, const VoiceSay *say, VoiceReport *report, Err *err)
{
    VoiceSay with = *say;
    with.speed = say->speed == 0 ? 1 : say->speed;
    Run r = {.speaker = s, .say = &with, .started_ns = clock_mono_ns()};
    if (!voice_check(text, with.speed, err)) {
        return false;
    }
    Arena *a = arena_new(ARENA_MAX);
    SpeakableSentence *list = NULL;
    size_t n = 0;
    bool ok = a != NULL || err_set(err, ERR_NO_MEMORY, "no memory to speak");
    ok = ok && (say->plain ? speakable_cut(text, a, &list, &n, err) :
        speakable_sentences_in(speakable_language(str_of(s->voice->info.language)), text,
            SPEAKABLE_MDY, a, &list, &n, err));
    if (ok && n == 0) {
        ok = err_set(err, ERR_VALIDATION, "there is nothing in the text that can be said");
    }
    ok = ok && speak_all(&r, list, n, err);
    arena_free(a);
    r.report.total_ms = clock_seconds_since(r.started_ns) * 1000;
    if (report) {
        *report = r.report;
    }
    return ok;
}
