/* The shared recogniser and the shared voices: what our own voice says is what our own ears hear;
 * silence and noise have no words; models are loaded when needed and let go; queues are bounded;
 * what is missing says how to get it. */
#include "support/unit.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/mem.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"
#include "voice/ears.h"
#include "voice/mouth.h"

#define MODEL "whisper-tiny.en"
#define SENTENCE "The quick brown fox jumps over the lazy dog."

static char models[1024];

static int setup(void **state)
{
    (void)state;
    const char *file = model_path(MODEL ".sotto");
    (void)snprintf(models, sizeof models, "%.*s", (int)(strlen(file) - strlen(MODEL ".sotto") - 1),
        file);
    (void)model_path("silero-vad.sotto");
    (void)model_path("en_US-joe-medium.sotto");
    return 0;
}

static Ears *ears(unsigned idle_ms, unsigned queue_max)
{
    Err err = ERR_INIT;
    Ears *e = ears_new(&(EarsOptions){.models_dir = models, .model = MODEL, .idle_ms = idle_ms,
        .queue_max = queue_max, .threads = 2}, &err);
    if (!e)
        fail_msg("%s", err.msg);
    return e;
}

/* ---- our own voice --------------------------------------------------------------------------- */

typedef struct {
    float *pcm;
    size_t n;
} Sounding;

static bool collect(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    (void)place;
    return buf_add_mem(arg, pcm, n * sizeof *pcm);
}

static Sounding speak(const char *text)
{
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, (size_t)64 << 20);
    Mouth *m = mouth_new(&(MouthOptions){.models_dir = models}, &err);
    MouthTurn *t = m ? mouth_turn(m, STR("en_US-joe-medium"), &err) : NULL;
    VoiceSay say = {.sink = collect, .arg = &b, .seed = 1};
    if (!t || !mouth_say(t, str_of(text), &say, NULL, &err))
        fail_msg("%s", err.msg);
    uint32_t rate = mouth_info(t)->rate_hz;
    size_t n = b.len / 2;
    float *raw = mem_array(n, sizeof *raw);
    Sounding out = {.n = resample_length(n, rate, EARS_RATE_HZ)};
    out.pcm = mem_array(out.n, sizeof *out.pcm);
    assert_true(raw && out.pcm);
    pcm_from_s16((const int16_t *)(const void *)b.ptr, n, raw);
    assert_true(resample_all(raw, n, rate, EARS_RATE_HZ, out.pcm, &err));
    mem_free(raw);
    buf_release(&b);
    mouth_done(t);
    mouth_free(m);
    return out;
}

static bool said(const WhisperResult *r, const char *words)
{
    return str_find(r->text, str_of(words), 0) != SIZE_MAX;
}

static void test_own_voice_and_rest(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Sounding s = speak(SENTENCE);
    Ears *e = ears(1, 0);
    WhisperResult r;
    assert_int_equal(ears_loaded(e), 0);
    for (unsigned urgent = 0; urgent < 2; urgent++) {
        EarsRequest q = {.urgent = urgent != 0};
        if (!ears_hear(e, &q, s.pcm, s.n, a, &r, &err))
            fail_msg("%s", err.msg);
        if (!said(&r, "brown fox jumps over the lazy dog"))
            fail_msg("heard \"" STR_FMT "\"", STR_ARG(r.text));
        double c = ears_confidence(&r);
        assert_true(c > 0.5 && c <= 1);
    }
    assert_int_equal(ears_loaded(e), 1);
    (void)usleep(5000);
    ears_rest(e);
    assert_int_equal(ears_loaded(e), 0);
    assert_true(ears_hear(e, &(EarsRequest){0}, s.pcm, s.n, a, &r, &err)); /* and again */
    ears_free(e);
    mem_free(s.pcm);
    arena_free(a);
}

static void test_silence_and_noise(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Ears *e = ears(0, 0);
    size_t n = 5 * EARS_RATE_HZ;
    float *pcm = mem_array(n, sizeof *pcm);
    assert_non_null(pcm);
    uint32_t x = 1;
    for (unsigned kind = 0; kind < 4; kind++) {
        for (size_t i = 0; i < n; i++) {
            x = x * 1664525u + 1013904223u;
            float noise = (float)(int32_t)x / 2147483648.0f;
            pcm[i] = kind == 0   ? 0
                     : kind == 1 ? 0.05f * noise
                     : kind == 2 ? 0.3f * sinf(0.2f * (float)i)
                                 : (i % 4000 < 20 ? noise : 0); /* clicks */
        }
        WhisperResult r = {.text = STR("x")};
        assert_true(ears_hear(e, &(EarsRequest){0}, pcm, kind == 0 ? 0 : n, a, &r, &err));
        if (r.text.len)
            fail_msg("kind %u: \"" STR_FMT "\"", kind, STR_ARG(r.text));
        assert_true(ears_confidence(&r) == 0);
    }
    assert_int_equal(ears_loaded(e), 0); /* nobody spoke: nothing was loaded */
    mem_free(pcm);
    ears_free(e);
    arena_free(a);
}

static void test_what_is_missing(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    TempDir dir;
    char name[EARS_NAME_MAX];
    Arena *a = arena_new(1 << 20);
    WhisperResult r;
    float pcm[160] = {0};
    tempdir_make(&dir);
    Ears *e = ears_new(&(EarsOptions){.models_dir = dir.path}, &err);
    assert_false(ears_hear(e, &(EarsRequest){0}, pcm, 160, a, &r, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "sotto models fetch whisper-base"));
    Mouth *m = mouth_new(&(MouthOptions){.models_dir = dir.path, .voice = "nobody"}, &err);
    assert_null(mouth_turn(m, STR(""), &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_null(mouth_turn(m, STR("../../etc/passwd"), &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    mouth_free(m);
    ears_free(e);
    e = ears(0, 0);
    assert_true(ears_model(e, STR("whisper-1"), name, &err));
    assert_string_equal(name, MODEL);
    assert_false(ears_model(e, STR("whisper-../x"), name, &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    EarsRequest q = {.options = {.language = STR("klingon")}};
    assert_false(ears_hear(e, &q, pcm, 160, a, &r, &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    const char **names;
    size_t n;
    bool found = false;
    assert_true(ears_list(e, a, &names, &n));
    for (size_t i = 0; i < n; i++)
        found |= strcmp(names[i], MODEL) == 0;
    assert_true(found);
    ears_free(e);
    arena_free(a);
    tempdir_remove(&dir);
}

/* ---- lanes ----------------------------------------------------------------------------------- */

/* Holds its lane from the first question whether to stop until it is let go. */
typedef struct {
    Ears *ears;
    Sounding sound;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool there, go, stop;
    ErrCode code;
} Holder;

static bool holding(void *arg)
{
    Holder *h = arg;
    pthread_mutex_lock(&h->lock);
    h->there = true;
    pthread_cond_broadcast(&h->changed);
    while (!h->go)
        pthread_cond_wait(&h->changed, &h->lock);
    bool stop = h->stop;
    pthread_mutex_unlock(&h->lock);
    return stop;
}

static void *hold(void *arg)
{
    Holder *h = arg;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperResult r;
    EarsRequest q = {.options = {.cancelled = holding, .arg = h}};
    (void)ears_hear(h->ears, &q, h->sound.pcm, h->sound.n, a, &r, &err);
    h->code = err.code;
    arena_free(a);
    return NULL;
}

/* Waits behind it until it is told to give up. */
typedef struct {
    Ears *ears;
    Sounding sound;
    atomic_bool there, stop;
    ErrCode code;
} Patient;

static bool waiting(void *arg)
{
    Patient *p = arg;
    atomic_store(&p->there, true);
    return atomic_load(&p->stop);
}

static void *wait_behind(void *arg)
{
    Patient *p = arg;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperResult r;
    EarsRequest q = {.options = {.cancelled = waiting, .arg = p}};
    (void)ears_hear(p->ears, &q, p->sound.pcm, p->sound.n, a, &r, &err);
    p->code = err.code;
    arena_free(a);
    return NULL;
}

/* One waits already: the next is refused. */
static void check_full_lane(const Holder *h)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Patient p = {.ears = h->ears, .sound = h->sound};
    pthread_t thread;
    WhisperResult r;
    assert_int_equal(pthread_create(&thread, NULL, wait_behind, &p), 0);
    while (!atomic_load(&p.there))
        (void)usleep(1000);
    assert_false(ears_hear(h->ears, &(EarsRequest){0}, h->sound.pcm, h->sound.n, a, &r, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "1 waiting"));
    atomic_store(&p.stop, true);
    pthread_join(thread, NULL);
    assert_int_equal(p.code, ERR_CANCELLED);
    arena_free(a);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void test_lanes(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Holder h = {.ears = ears(1, 1), .sound = speak("Good morning to you all."), .stop = true};
    pthread_t thread;
    WhisperResult r;
    pthread_mutex_init(&h.lock, NULL);
    pthread_cond_init(&h.changed, NULL);
    assert_int_equal(pthread_create(&thread, NULL, hold, &h), 0);
    pthread_mutex_lock(&h.lock);
    while (!h.there)
        pthread_cond_wait(&h.changed, &h.lock);
    pthread_mutex_unlock(&h.lock);
    check_full_lane(&h);
    /* The lane is taken: one that waits can be cancelled; the other lane works. */
    EarsRequest cancelled = {.options = {.cancelled = at_once}};
    assert_false(ears_hear(h.ears, &cancelled, h.sound.pcm, h.sound.n, a, &r, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    if (!ears_hear(h.ears, &(EarsRequest){.urgent = true}, h.sound.pcm, h.sound.n, a, &r, &err))
        fail_msg("%s", err.msg);
    assert_true(said(&r, "morning"));
    (void)usleep(5000);
    ears_rest(h.ears);
    assert_int_equal(ears_loaded(h.ears), 1); /* in use */
    pthread_mutex_lock(&h.lock);
    h.go = true;
    pthread_cond_broadcast(&h.changed);
    pthread_mutex_unlock(&h.lock);
    pthread_join(thread, NULL);
    assert_int_equal(h.code, ERR_CANCELLED);
    ears_free(h.ears);
    pthread_cond_destroy(&h.changed);
    pthread_mutex_destroy(&h.lock);
    mem_free(h.sound.pcm);
    arena_free(a);
}

/* ---- long sounds ----------------------------------------------------------------------------- */

/* Eleven minutes that nobody holds in memory: a sentence early, one across the place where ten
 * minutes end, and silence. */
typedef struct {
    Sounding voice;
    size_t at[2], asked_most, last_done, all;
    float last_heard_s;
    unsigned heard, stop_after;
    bool backwards;
} LongSound;

static size_t read_long(void *arg, size_t from, size_t n, float *out)
{
    LongSound *l = arg;
    l->asked_most = n > l->asked_most ? n : l->asked_most;
    n = from >= l->all ? 0 : n < l->all - from ? n : l->all - from;
    memset(out, 0, n * sizeof *out);
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < l->voice.n; i++)
            if (l->at[k] + i >= from && l->at[k] + i < from + n)
                out[l->at[k] + i - from] = l->voice.pcm[i];
    return n;
}

static bool long_progress(void *arg, size_t done, size_t all)
{
    LongSound *l = arg;
    l->backwards |= done < l->last_done || all != l->all;
    l->last_done = done;
    return true;
}

static void long_heard(void *arg, const WhisperSegment *s, size_t n)
{
    LongSound *l = arg;
    l->heard += (unsigned)n;
    l->last_heard_s = n ? s[n - 1].end_s : l->last_heard_s;
}

static bool long_cancelled(void *arg)
{
    const LongSound *l = arg;
    return l->stop_after && l->heard >= l->stop_after;
}

static void test_long_sound(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    LongSound l = {.voice = speak(SENTENCE), .all = 660 * (size_t)EARS_RATE_HZ,
                   .at = {20 * (size_t)EARS_RATE_HZ, 599 * (size_t)EARS_RATE_HZ}};
    Ears *e = ears(0, 0);
    WhisperResult r;
    EarsSource source = {l.all, read_long, &l};
    EarsRequest q = {.options = {.word_times = true, .progress = long_progress,
                                 .heard = long_heard, .cancelled = long_cancelled, .arg = &l}};
    if (!ears_hear_source(e, &q, &source, a, &r, &err))
        fail_msg("%s", err.msg);
    size_t first = str_find(r.text, STR("brown fox jumps over the lazy dog"), 0);
    size_t second = first == SIZE_MAX ? first
                                      : str_find(r.text, STR("brown fox jumps over the lazy dog"),
                                                 first + 1);
    if (second == SIZE_MAX)
        fail_msg("heard \"" STR_FMT "\"", STR_ARG(r.text));
    assert_true(r.duration_s == 660);
    assert_true(l.asked_most <= 600 * (size_t)EARS_RATE_HZ);
    assert_false(l.backwards);
    assert_int_equal(l.last_done, l.all);
    assert_int_equal(l.heard, r.n_segments);
    const WhisperSegment *early = &r.segments[0];
    assert_true(early->n_words > 8 && early->words[1].start_s > 20 && early->end_s < 24);
    const WhisperSegment *last = &r.segments[r.n_segments - 1];
    assert_true(last->end_s == l.last_heard_s && last->end_s > 600 && last->end_s < 606);
    assert_true(last->n_words > 0 && last->words[0].start_s > 598 &&
                last->words[last->n_words - 1].end_s <= 606);
    /* Who goes away after the first words gets no more. */
    l.heard = 0;
    l.stop_after = 1;
    l.last_done = 0;
    assert_false(ears_hear_source(e, &q, &source, a, &r, &err));
    assert_int_equal(err.code, ERR_CANCELLED);
    assert_true(l.last_done < l.all / 2);
    /* Nothing at all. */
    EarsSource none = {0, read_long, &l};
    assert_true(ears_hear_source(e, &(EarsRequest){0}, &none, a, &r, &err));
    assert_int_equal(r.text.len, 0);
    ears_free(e);
    mem_free(l.voice.pcm);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_voice_and_rest),
        cmocka_unit_test(test_silence_and_noise),
        cmocka_unit_test(test_what_is_missing),
        cmocka_unit_test(test_lanes),
        cmocka_unit_test(test_long_sound),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
