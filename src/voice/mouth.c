/* mouth.c - see mouth.h. */
#include "voice/mouth.h"

#include <pthread.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"

#define VOICES_MAX 8
#define AT_ONCE 2
#define IDLE_MS (600u * 1000u)
#define QUEUE_MAX 8
#define ID_MAX 96

typedef struct {
    char id[ID_MAX];
    Voice *voice; /* NULL: the place is free */
    VoiceSpeaker *speaker[AT_ONCE];
    bool busy[AT_ONCE];
    uint64_t used_ns;
} Open;

struct Mouth {
    char *dir;
    uint64_t idle_ns;
    unsigned queue_max, threads;
    pthread_mutex_t lock; /* of all below */
    char voice[ID_MAX];   /* the setting's; "": any */
    pthread_cond_t changed;
    unsigned waiting;
    Open open[VOICES_MAX];
    Metric *is_loaded, *first;
};

struct MouthTurn {
    Mouth *mouth;
    Open *open;
    unsigned slot;
};

Mouth *mouth_new(const MouthOptions *o, Err *err)
{
    Mouth *m = mem_zalloc(sizeof *m);
    if (!m || !(m->dir = mem_strdup(o->models_dir))) {
        mem_free(m);
        err_set(err, ERR_NO_MEMORY, "no memory for the voices");
        return NULL;
    }
    m->idle_ns = (uint64_t)(o->idle_ms ? o->idle_ms : IDLE_MS) * 1000000u;
    m->queue_max = o->queue_max ? o->queue_max : QUEUE_MAX;
    m->threads = o->threads;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->changed, NULL);
    mouth_set_voice(m, str_of(o->voice ? o->voice : ""));
    m->is_loaded = metric_gauge("tts_voice_loaded", "1 while a voice is in memory.", "voice");
    m->first = metric_histogram("tts_first_audio_seconds",
        "From a text to the first sound of it.", NULL);
    return m;
}

static void let_go(Mouth *m, Open *o)
{
    for (unsigned i = 0; i < AT_ONCE; i++)
        voice_speaker_free(o->speaker[i]);
    voice_close(o->voice);
    metric_set(m->is_loaded, (const char *const[]){o->id}, 0);
    *o = (Open){0};
}

void mouth_free(Mouth *m)
{
    if (!m)
        return;
    for (size_t i = 0; i < VOICES_MAX; i++)
        if (m->open[i].voice)
            let_go(m, &m->open[i]);
    pthread_cond_destroy(&m->changed);
    pthread_mutex_destroy(&m->lock);
    mem_free(m->dir);
    mem_free(m);
}

bool mouth_voices(const Mouth *m, Arena *a, VoiceInfo **out, size_t *n, Err *err)
{
    return voice_list(m->dir, a, out, n, err);
}

/* ---- which voice ----------------------------------------------------------------------------- */

void mouth_set_voice(Mouth *m, Str id)
{
    bool any = str_eq(id, STR("auto"));
    pthread_mutex_lock(&m->lock);
    (void)snprintf(m->voice, sizeof m->voice, STR_FMT, STR_ARG(any ? STR("") : id));
    pthread_mutex_unlock(&m->lock);
}

/* Of the list, so that no name reaches the file system. */
bool mouth_find(Mouth *m, Str asked, Arena *a, VoiceInfo *out, Err *err)
{
    VoiceInfo *list = NULL;
    size_t n = 0, found = SIZE_MAX;
    char set[ID_MAX];
    pthread_mutex_lock(&m->lock);
    memcpy(set, m->voice, sizeof set);
    pthread_mutex_unlock(&m->lock);
    Str id = asked.len ? asked : str_of(set);
    if (!voice_list(m->dir, a, &list, &n, err))
        return false;
    for (size_t i = 0; i < n && found == SIZE_MAX; i++)
        if (!id.len || str_eq(str_of(list[i].id), id))
            found = i;
    if (n == 0)
        return err_set(err, ERR_UNAVAILABLE,
            "there is no voice; run sotto models fetch en_US-joe-medium");
    if (found == SIZE_MAX)
        return err_set(err, asked.len ? ERR_NOT_FOUND : ERR_UNAVAILABLE,
            "there is no voice \"" STR_FMT "\"; GET /api/v1/voice/voices (sotto say --list) lists "
            "what there is", (int)(id.len < 60 ? id.len : 60), id.ptr);
    *out = list[found];
    return true;
}

static bool choose(Mouth *m, Str asked, char out[ID_MAX], Err *err)
{
    Arena *a = arena_new((size_t)1 << 20);
    VoiceInfo found;
    bool ok = a ? mouth_find(m, asked, a, &found, err)
                : err_set(err, ERR_NO_MEMORY, "no memory for the list of voices");
    if (ok)
        (void)snprintf(out, ID_MAX, "%s", found.id);
    arena_free(a);
    return ok;
}

/* Callers hold the lock. NULL with no error when all places are busy. */
static Open *open_voice(Mouth *m, const char *id, Err *err)
{
    Open *room = NULL;
    for (size_t i = 0; i < VOICES_MAX; i++) {
        Open *o = &m->open[i];
        bool busy = o->voice && (o->busy[0] || o->busy[1]);
        if (o->voice && strcmp(o->id, id) == 0)
            return o;
        if (!o->voice || (!busy && (!room || (room->voice && o->used_ns < room->used_ns))))
            room = o;
    }
    if (!room)
        return NULL;
    if (room->voice)
        let_go(m, room);
    room->voice = voice_open(m->dir, id, err);
    if (!room->voice)
        return NULL;
    (void)snprintf(room->id, sizeof room->id, "%s", id);
    metric_set(m->is_loaded, (const char *const[]){room->id}, 1);
    return room;
}

/* A slot of the voice that is free, with a speaker; AT_ONCE when there is none, or with an error.
 * Callers hold the lock. */
static unsigned slot_of(Mouth *m, Open *o, Err *err)
{
    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (o->busy[i])
            continue;
        if (!o->speaker[i])
            o->speaker[i] = voice_speaker_new(o->voice, m->threads, err);
        return o->speaker[i] ? i : AT_ONCE;
    }
    return AT_ONCE;
}

MouthTurn *mouth_turn(Mouth *m, Str id, Err *err)
{
    char name[ID_MAX];
    Err why = ERR_INIT;
    if (!choose(m, id, name, err))
        return NULL;
    MouthTurn *t = mem_zalloc(sizeof *t);
    if (!t) {
        err_set(err, ERR_NO_MEMORY, "no memory to speak");
        return NULL;
    }
    pthread_mutex_lock(&m->lock);
    t->mouth = m;
    bool waits = false;
    for (;;) {
        t->open = open_voice(m, name, &why);
        t->slot = t->open ? slot_of(m, t->open, &why) : AT_ONCE;
        if (t->slot < AT_ONCE || why.code != ERR_NONE)
            break;
        if (!waits && m->waiting >= m->queue_max) {
            err_set(&why, ERR_UNAVAILABLE, "%u texts wait to be spoken already", m->waiting);
            break;
        }
        m->waiting += !waits;
        waits = true;
        pthread_cond_wait(&m->changed, &m->lock);
    }
    m->waiting -= waits;
    bool ok = t->slot < AT_ONCE;
    if (ok)
        t->open->busy[t->slot] = true;
    pthread_mutex_unlock(&m->lock);
    if (ok)
        return t;
    mem_free(t);
    (void)err_set(err, why.code, "%s", why.msg);
    return NULL;
}

const VoiceInfo *mouth_info(const MouthTurn *t)
{
    return voice_info(t->open->voice);
}

bool mouth_say(MouthTurn *t, Str text, const VoiceSay *say, VoiceReport *report, Err *err)
{
    VoiceReport r = {0};
    bool ok = voice_say(t->open->speaker[t->slot], text, say, &r, err);
    if (r.samples)
        metric_observe(t->mouth->first, NULL, r.first_ms / 1000);
    if (report)
        *report = r;
    return ok;
}

void mouth_done(MouthTurn *t)
{
    if (!t)
        return;
    Mouth *m = t->mouth;
    pthread_mutex_lock(&m->lock);
    t->open->busy[t->slot] = false;
    t->open->used_ns = clock_mono_ns();
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->lock);
    mem_free(t);
}

void mouth_rest(Mouth *m)
{
    pthread_mutex_lock(&m->lock);
    uint64_t now = clock_mono_ns();
    for (size_t i = 0; i < VOICES_MAX; i++) {
        Open *o = &m->open[i];
        if (o->voice && !o->busy[0] && !o->busy[1] && now - o->used_ns >= m->idle_ns) {
            log_write(LOG_INFO, "voice", "%s was not used and is let go", o->id);
            let_go(m, o);
        }
    }
    pthread_mutex_unlock(&m->lock);
}
