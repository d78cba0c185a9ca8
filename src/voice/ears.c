/* ears.c - see ears.h. */
#include "voice/ears.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/os.h"
#include "voice/ears_models.h"
#include "voice/trim.h"

#define FAR_PREFIX "openai:"
#define LANES 2
#define IDLE_MS (600u * 1000u)
#define QUEUE_MAX 8
#define THREADS_MAX 4
#define LOOK_MS 20 /* between two looks whether a waiting request was cancelled */
/* So many frames of 32 ms, one after another, above the threshold are somebody speaking. Less than
 * the end-pointer asks for: here a word lost costs more than a cough heard. */
#define SPEECH_FRAMES 2
#define SPEECH_LEAST 0.4f

typedef struct Waiter {
    struct Waiter *next;
} Waiter;

typedef struct {
    Waiter *first; /* who works; the others wait */
    unsigned n;
} Lane;

typedef struct {
    char name[EARS_NAME_MAX];
    Whisper *model;
    WhisperState *state[LANES];
    unsigned users;
    uint64_t used_ns;
} Loaded;

struct Ears {
    char *dir, *model, *language;
    EarsFar *far; /* NULL: none */
    char far_name[EARS_NAME_MAX];
    uint64_t idle_ns;
    unsigned queue_max, threads;
    Vad *vad; /* NULL: none is installed */
    bool vad_looked_for;
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    Lane lane[LANES];
    Loaded loaded[EARS_MODELS_MAX];
    atomic_uint urgent; /* in the first lane */
    Metric *is_loaded, *ratio, *fallbacks;
    void (*progress)(void *arg, size_t done, size_t all);
    void *progress_arg;
};

static bool is_auto(const char *s) { return !s || !*s || strcmp(s, "auto") == 0; }

Ears *ears_new(const EarsOptions *o, Err *err)
{
    Ears *e = mem_zalloc(sizeof *e);
    if (!e || !(e->dir = mem_strdup(o->models_dir)) ||
        !(e->model = mem_strdup(is_auto(o->model) ? "" : o->model)) ||
        !(e->language = mem_strdup(is_auto(o->language) ? "" : o->language))) {
        mem_free(e ? e->dir : NULL);
        mem_free(e ? e->model : NULL);
        mem_free(e);
        err_set(err, ERR_NO_MEMORY, "no memory for the speech recogniser");
        return NULL;
    }
    unsigned cpus = os_cpu_count();
    e->idle_ns = (uint64_t)(o->idle_ms ? o->idle_ms : IDLE_MS) * 1000000u;
    e->queue_max = o->queue_max ? o->queue_max : QUEUE_MAX;
    e->threads = o->threads ? o->threads : cpus < THREADS_MAX ? cpus : THREADS_MAX;
    pthread_mutex_init(&e->lock, NULL);
    pthread_cond_init(&e->changed, NULL);
    e->is_loaded = metric_gauge("stt_model_loaded", "1 while a speech model is in memory.",
        "model");
    e->ratio = metric_gauge("stt_realtime_ratio",
        "Time the last transcription took, by the length of its sound.", NULL);
    metric_set(e->ratio, NULL, 0);
    e->fallbacks = metric_counter("stt_fallbacks_total",
        "Sounds heard here because another server could not.", NULL);
    if (o->far) {
        (void)snprintf(e->far_name, sizeof e->far_name, FAR_PREFIX "%.50s", o->far->model);
        e->far = ears_far_new(o->far, err);
        if (!e->far) {
            ears_free(e);
            return NULL;
        }
    }
    return e;
}

static void let_go(Ears *e, Loaded *l)
{
    for (unsigned i = 0; i < LANES; i++)
        whisper_state_free(l->state[i]);
    whisper_close(l->model);
    metric_set(e->is_loaded, (const char *const[]){l->name}, 0);
    *l = (Loaded){0};
}

void ears_free(Ears *e)
{
    if (!e)
        return;
    for (size_t i = 0; i < EARS_MODELS_MAX; i++)
        if (e->loaded[i].model)
            let_go(e, &e->loaded[i]);
    vad_close(e->vad);
    ears_far_free(e->far);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->lock);
    mem_free(e->dir);
    mem_free(e->model);
    mem_free(e->language);
    mem_free(e);
}

bool ears_list(const Ears *e, Arena *a, const char ***names, size_t *n)
{
    return ears_models_list(e->dir, a, names, n);
}

/* A model of this machine. */
static bool model_here(const Ears *e, Str asked, char out[EARS_NAME_MAX], Err *err)
{
    return ears_models_choose(e->dir, e->model, asked, out, EARS_NAME_MAX, err);
}

bool ears_model(const Ears *e, Str asked, char out[EARS_NAME_MAX], Err *err)
{
    bool far = e->far && (ears_models_any(asked) || str_eq(asked, str_of(e->far_name)));
    if (far)
        memcpy(out, e->far_name, EARS_NAME_MAX);
    return far || model_here(e, asked, out, err);
}

bool ears_ready(const Ears *e, Err *err)
{
    char name[EARS_NAME_MAX];
    return ears_model(e, STR(""), name, err);
}

/* ---- loading --------------------------------------------------------------------------------- */

static char *path_of(const Ears *e, const char *name)
{
    Buf b;
    size_t n;
    buf_init(&b, 8192);
    buf_printf(&b, "%s/%s" EARS_MODEL_SUFFIX, e->dir, name);
    char *path = buf_take(&b, &n);
    buf_release(&b);
    return path;
}

/* The model of that name and the scratch of the lane; callers hold the lock. */
static Loaded *take(Ears *e, const char *name, unsigned lane, Err *err)
{
    Loaded *l = NULL, *room = NULL;
    for (size_t i = 0; i < EARS_MODELS_MAX; i++) {
        if (e->loaded[i].model && strcmp(e->loaded[i].name, name) == 0)
            l = &e->loaded[i];
        else if (!e->loaded[i].model)
            room = &e->loaded[i];
    }
    if (!l && !room) {
        err_set(err, ERR_UNAVAILABLE, "too many speech models are in use at once");
        return NULL;
    }
    if (!l) {
        char *path = path_of(e, name);
        l = room;
        l->model = path ? whisper_open(path, WHISPER_INT8, err) : NULL;
        if (!path)
            err_set(err, ERR_NO_MEMORY, "no memory for a path");
        mem_free(path);
        if (!l->model)
            return NULL;
        (void)snprintf(l->name, sizeof l->name, "%s", name);
        metric_set(e->is_loaded, (const char *const[]){l->name}, 1);
    }
    if (!l->state[lane])
        l->state[lane] = whisper_state_new(l->model, e->threads, err);
    if (!l->state[lane]) {
        if (!l->users)
            let_go(e, l);
        return NULL;
    }
    l->users++;
    return l;
}

static void give_back(Ears *e, Loaded *l)
{
    pthread_mutex_lock(&e->lock);
    l->users--;
    l->used_ns = clock_mono_ns();
    pthread_mutex_unlock(&e->lock);
}

void ears_on_progress(Ears *e, void (*fn)(void *arg, size_t done, size_t all), void *arg)
{
    e->progress = fn;
    e->progress_arg = arg;
}

void ears_rest(Ears *e)
{
    pthread_mutex_lock(&e->lock);
    uint64_t now = clock_mono_ns();
    for (size_t i = 0; i < EARS_MODELS_MAX; i++) {
        Loaded *l = &e->loaded[i];
        if (l->model && !l->users && now - l->used_ns >= e->idle_ns) {
            log_write(LOG_INFO, "voice", "%s was not used and is let go", l->name);
            let_go(e, l);
        }
    }
    pthread_mutex_unlock(&e->lock);
}

size_t ears_loaded(Ears *e)
{
    size_t n = 0;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < EARS_MODELS_MAX; i++)
        n += e->loaded[i].model != NULL;
    pthread_mutex_unlock(&e->lock);
    return n;
}

/* ---- lanes ----------------------------------------------------------------------------------- */

static void wait_a_little(Ears *e)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += LOOK_MS * 1000000L;
    if (until.tv_nsec >= 1000000000L) {
        until.tv_nsec -= 1000000000L;
        until.tv_sec++;
    }
    pthread_cond_timedwait(&e->changed, &e->lock, &until);
}

static bool is_cancelled(const WhisperOptions *o)
{
    return o->cancelled && o->cancelled(o->arg);
}

static void leave(Ears *e, Lane *lane, const Waiter *me)
{
    Waiter **at = &lane->first;
    while (*at != me)
        at = &(*at)->next;
    *at = me->next;
    lane->n--;
    pthread_cond_broadcast(&e->changed);
}

/* Waits for its turn; callers hold the lock, and leave afterwards when it returns true. */
static bool enter(Ears *e, Lane *lane, Waiter *me, bool patient, const WhisperOptions *o, Err *err)
{
    if (!patient && lane->n > e->queue_max)
        return err_set(err, ERR_UNAVAILABLE,
            "%u waiting for the speech recogniser already; try again in a moment", lane->n - 1);
    Waiter **last = &lane->first;
    while (*last)
        last = &(*last)->next;
    *last = me;
    lane->n++;
    while (lane->first != me) {
        if (is_cancelled(o)) {
            leave(e, lane, me);
            return err_set(err, ERR_CANCELLED, "the transcription was stopped");
        }
        wait_a_little(e);
    }
    return true;
}

/* What whisper's callbacks get: the caller's own, and the way for the other lane. */
typedef struct {
    Ears *ears;
    const WhisperOptions *own;
    size_t before, whole;
    bool gives_way;
} Course;

static bool on_progress(void *arg, size_t done, size_t all)
{
    Course *c = arg;
    Ears *e = c->ears;
    if (c->gives_way) {
        pthread_mutex_lock(&e->lock);
        while (e->lane[0].n && !is_cancelled(c->own))
            wait_a_little(e);
        pthread_mutex_unlock(&e->lock);
    }
    done += c->before;
    all = c->whole ? c->whole : all;
    if (e->progress)
        e->progress(e->progress_arg, done, all);
    if (is_cancelled(c->own)) /* a window of silence has no token about which it was asked */
        return false;
    return !c->own->progress || c->own->progress(c->own->arg, done, all);
}

static bool on_cancelled(void *arg)
{
    return is_cancelled(((Course *)arg)->own);
}

static void on_heard(void *arg, const WhisperSegment *segments, size_t n)
{
    const WhisperOptions *own = ((Course *)arg)->own;
    if (own->heard)
        own->heard(own->arg, segments, n);
}

/* ---- hearing --------------------------------------------------------------------------------- */

const Vad *ears_vad(Ears *e)
{
    pthread_mutex_lock(&e->lock);
    if (!e->vad_looked_for) {
        Err why = ERR_INIT;
        char *path = path_of(e, "silero-vad");
        e->vad_looked_for = true;
        e->vad = path ? vad_open(path, &why) : NULL;
        if (!e->vad)
            log_write(LOG_WARN, "voice",
                "no speech detector (sotto models fetch silero-vad); silence is left to the "
                "recogniser: %s", why.msg);
        mem_free(path);
    }
    const Vad *v = e->vad;
    pthread_mutex_unlock(&e->lock);
    return v;
}

/* Whether somebody speaks anywhere in it; looked for until the first words. */
static bool has_speech(const Vad *v, const float *pcm, size_t n)
{
    VadState s = {0};
    float frame[VAD_FRAME];
    unsigned run = 0;
    for (size_t at = 0; at < n; at += VAD_FRAME) {
        size_t here = n - at < VAD_FRAME ? n - at : VAD_FRAME;
        memset(frame, 0, sizeof frame);
        memcpy(frame, pcm + at, here * sizeof *frame);
        run = vad_frame(v, &s, frame) >= SPEECH_LEAST ? run + 1 : 0;
        if (run == SPEECH_FRAMES)
            return true;
    }
    return false;
}

static bool transcribe(Ears *e, const char *name, const EarsRequest *r, const float *pcm, size_t n,
    Arena *a, WhisperResult *out, Err *err)
{
    unsigned lane = r->urgent ? 0 : 1;
    Course course = {.ears = e, .own = &r->options, .before = r->before, .whole = r->whole,
        .gives_way = !r->urgent};
    WhisperOptions o = r->options;
    Waiter me = {0};
    o.progress = on_progress;
    o.cancelled = on_cancelled;
    o.heard = on_heard;
    o.arg = &course;
    if (!o.language.len)
        o.language = str_of(e->language);
    pthread_mutex_lock(&e->lock);
    atomic_fetch_add(&e->urgent, lane == 0);
    if (!enter(e, &e->lane[lane], &me, r->patient, &r->options, err)) {
        pthread_mutex_unlock(&e->lock);
        atomic_fetch_sub(&e->urgent, lane == 0);
        return false;
    }
    Loaded *l = take(e, name, lane, err);
    pthread_mutex_unlock(&e->lock);
    bool ok = l != NULL;
    if (ok) {
        /* An English model has one language; the setting is for those that have several. */
        if (!r->options.language.len && !whisper_knows_language(l->model, o.language))
            o.language = STR("");
        uint64_t start = clock_mono_ns();
        ok = whisper_transcribe(l->model, l->state[lane], pcm, n, &o, a, out, err);
        if (ok && n)
            metric_set(e->ratio, NULL, clock_seconds_since(start) * EARS_RATE_HZ / (double)n);
        give_back(e, l);
    }
    pthread_mutex_lock(&e->lock);
    leave(e, &e->lane[lane], &me);
    pthread_mutex_unlock(&e->lock);
    atomic_fetch_sub(&e->urgent, lane == 0);
    return ok;
}

/* Times of the speech become times of the whole sound. The result is this file's own. */
static void shift(WhisperResult *r, float by_s, float duration_s)
{
    r->duration_s = duration_s;
    for (size_t i = 0; i < r->n_segments; i++) {
        WhisperSegment *s = (WhisperSegment *)(uintptr_t)&r->segments[i];
        s->start_s = fminf(fmaxf(s->start_s + by_s, 0), duration_s);
        s->end_s = fminf(fmaxf(s->end_s + by_s, 0), duration_s);
        for (size_t k = 0; k < s->n_words; k++) {
            WhisperWord *w = (WhisperWord *)(uintptr_t)&s->words[k];
            w->start_s = fminf(fmaxf(w->start_s + by_s, 0), duration_s);
            w->end_s = fminf(fmaxf(w->end_s + by_s, 0), duration_s);
        }
    }
}

/* What fits a window is heard without the silence around it. */
static bool trimmed(Ears *e, const char *name, const EarsRequest *r, const Vad *v,
    const float *pcm, size_t n, Arena *a, WhisperResult *out, Err *err)
{
    int64_t from, to;
    if (r->exact || !v || n > (size_t)WHISPER_WINDOW_S * EARS_RATE_HZ ||
        !trim_find(v, pcm, n, &from, &to) ||
        to - from > (int64_t)WHISPER_WINDOW_S * EARS_RATE_HZ)
        return transcribe(e, name, r, pcm, n, a, out, err);
    size_t padded = (size_t)(to - from) + (size_t)TRIM_PAD;
    float *speech = mem_array(padded, sizeof *speech);
    if (!speech)
        return err_set(err, ERR_NO_MEMORY, "no memory for the speech");
    trim_copy(pcm, n, from, to, speech);
    bool ok = transcribe(e, name, r, speech, padded, a, out, err);
    mem_free(speech);
    if (ok)
        shift(out, (float)from / EARS_RATE_HZ, (float)n / EARS_RATE_HZ);
    return ok;
}

/* "en" for no language; NULL when there is none of that code. */
static const char *language_of(Str code)
{
    const char *one = "en";
    for (uint32_t i = 0; code.len && (one = whisper_language(i)); i++)
        if (str_eq(code, str_of(one)))
            break;
    return one;
}

/* What other servers cannot do, but the model here can. */
static bool is_theirs(const Err *why)
{
    return why->code != ERR_CANCELLED && why->code != ERR_NO_MEMORY;
}

/* By the server, else here: `name` then becomes that of the model. */
static bool hear_far(Ears *e, char name[EARS_NAME_MAX], const EarsRequest *r, const float *pcm,
    size_t n, Arena *a, WhisperResult *out, Err *err)
{
    Err why = ERR_INIT, none = ERR_INIT;
    WhisperOptions o = r->options;
    Course course = {.ears = e, .own = &r->options, .before = r->before, .whole = r->whole};
    uint64_t start = clock_mono_ns();
    o.progress = on_progress;
    o.cancelled = on_cancelled;
    o.heard = on_heard;
    o.arg = &course;
    if (!o.language.len)
        o.language = str_of(e->language);
    if (ears_far_hear(e->far, &o, r->urgent, pcm, n, a, out, &why)) {
        if (n)
            metric_set(e->ratio, NULL, clock_seconds_since(start) * EARS_RATE_HZ / (double)n);
        return true;
    }
    if (!is_theirs(&why) || !model_here(e, STR(""), name, &none)) {
        *err = why;
        return is_theirs(&why) ? err_wrap(err, "hearing by another server, and no model is here")
                               : false;
    }
    log_write(LOG_WARN, "voice", "%s hears instead of %s: %s", name, ears_far_name(e->far),
        why.msg);
    metric_add(e->fallbacks, NULL, 1);
    return trimmed(e, name, r, ears_vad(e), pcm, n, a, out, err);
}

bool ears_hear(Ears *e, const EarsRequest *r, const float *pcm, size_t n, Arena *a,
    WhisperResult *out, Err *err)
{
    char name[EARS_NAME_MAX];
    Str asked = r->options.language;
    const char *language = language_of(asked);
    if (!(r->here ? model_here : ears_model)(e, r->model, name, err))
        return false;
    if (!language)
        return err_set(err, ERR_VALIDATION,
            "there is no language \"" STR_FMT "\"; a language is a code such as en or de",
            (int)(asked.len < 20 ? asked.len : 20), asked.ptr);
    const Vad *v = ears_vad(e);
    if (!v || has_speech(v, pcm, n)) {
        bool far = e->far && strcmp(name, e->far_name) == 0;
        bool ok = far ? hear_far(e, name, r, pcm, n, a, out, err)
                      : trimmed(e, name, r, v, pcm, n, a, out, err);
        if (r->by)
            memcpy(r->by, name, EARS_NAME_MAX);
        return ok;
    }
    if (r->by)
        memcpy(r->by, name, EARS_NAME_MAX);
    *out = (WhisperResult){.text = STR(""), .language = language,
        .duration_s = (float)n / EARS_RATE_HZ};
    return true;
}

bool ears_pressed(const Ears *e)
{
    return atomic_load(&e->urgent) > 0;
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

/* Given up at its first token: by then every weight has been read. */
bool ears_wake(Ears *e, Err *err)
{
    enum { SAMPLES = EARS_RATE_HZ / 2 };
    char name[EARS_NAME_MAX];
    float *noise = mem_array(SAMPLES, sizeof *noise);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    EarsRequest q = {.urgent = true, .options = {.cancelled = at_once}};
    Err stopped = ERR_INIT;
    WhisperResult r;
    uint32_t random = 1;
    bool ok = noise && a ? ears_model(e, STR(""), name, err)
                         : err_set(err, ERR_NO_MEMORY, "no memory to wake the recogniser");
    for (size_t i = 0; ok && i < SAMPLES; i++) {
        random = random * 1664525u + 1013904223u;
        noise[i] = ((float)(random >> 8) / (float)(1 << 24) - 0.5f) * 0.02f;
    }
    if (ok && !transcribe(e, name, &q, noise, SAMPLES, a, &r, &stopped) &&
        stopped.code != ERR_CANCELLED)
        ok = err_set(err, stopped.code, "%s", stopped.msg);
    arena_free(a);
    mem_free(noise);
    return ok;
}

double ears_confidence(const WhisperResult *r)
{
    double sum = 0, tokens = 0;
    for (size_t i = 0; i < r->n_segments; i++) {
        const WhisperSegment *s = &r->segments[i];
        double n = s->n_tokens ? (double)s->n_tokens : 1; /* other servers may not say */
        sum += exp((double)s->avg_logprob) * (1 - (double)s->no_speech_prob) * n;
        tokens += n;
    }
    double c = tokens > 0 ? sum / tokens : 0;
    return c < 0 ? 0 : c > 1 ? 1 : c;
}
