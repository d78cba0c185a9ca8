/* live_job.c - what runs on workers: transcriptions, the answer and its voice. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "text/speakable.h"
#include "voice/live_int.h"

#define LIVE_SEED 1 /* of api/spoken.c */
#define PART_LOGPROB (-2.5f)
#define PART_NO_SPEECH 0.95f
#define DROP_BYTES ((size_t)1 << 20) /* of sound that went out, at a time */

LiveJob *job_new(LiveTalk *t, JobKind kind)
{
    LiveJob *j = mem_zalloc(sizeof *j);
    if (!j)
        return NULL;
    j->talk = t;
    j->kind = kind;
    j->id = ++t->live->last_id;
    j->next = t->jobs;
    t->jobs = j;
    buf_init(&j->sound, (size_t)1 << 30);
    return j;
}

void job_free(LiveJob *j)
{
    if (!j)
        return;
    LiveTalk *t = j->talk;
    LiveJob **at = &t->jobs;
    while (*at && *at != j)
        at = &(*at)->next;
    if (*at)
        *at = j->next;
    t->part = t->part == j ? NULL : t->part;
    t->maybe = t->maybe == j ? NULL : t->maybe;
    t->answer = t->answer == j ? NULL : t->answer;
    arena_free(j->arena);
    buf_release(&j->sound);
    mem_free(j->pcm);
    mem_free(j);
}

static void come_back(LiveJob *j)
{
    j->back = (LiveMsg){.kind = MSG_JOB, .job = j};
    live_post(j->talk, &j->back);
}

/* ---- hearing --------------------------------------------------------------------------------- */

static bool is_over(void *arg)
{
    return atomic_load(&((LiveJob *)arg)->over);
}

/* Partial text gives way as soon as anything is heard that somebody waits for. */
static bool gives_way(void *arg)
{
    const LiveJob *j = arg;
    return atomic_load(&j->over) || ears_pressed(j->talk->live->parts.ears);
}

static bool hear(LiveJob *j, Err *err)
{
    Ears *ears = j->talk->live->parts.ears;
    bool part = j->kind == JOB_PART;
    uint64_t start = clock_mono_ns();
    EarsRequest q = {.urgent = !part,
                     .here = part, /* not sent away every second */
                     .exact = j->utterance > 0, /* the session has found its ends */
                     .options = {.language = str_of(j->language),
                                 .one_temperature = part,
                                 .cancelled = part ? gives_way : is_over,
                                 .arg = j}};
    WhisperResult r;
    if (part) { /* half a word is improbable and still better than nothing, for a moment */
        q.options.logprob_limit = PART_LOGPROB;
        q.options.no_speech_limit = PART_NO_SPEECH;
    }
    j->arena = arena_new(ARENA_DEFAULT_MAX);
    if (!j->arena)
        return err_set(err, ERR_NO_MEMORY, "no memory for what was said");
    if (is_over(j))
        return err_set(err, ERR_CANCELLED, "it was cancelled");
    if (!ears_hear(ears, &q, j->pcm, j->n, j->arena, &r, err))
        return false;
    j->cost_ms = clock_seconds_since(start) * 1000;
    j->heard.text = r.text;
    j->heard.language = r.language;
    j->heard.confidence = ears_confidence(&r);
    j->heard.hear_ms = j->cost_ms;
    j->heard.seconds = (double)j->n / SESSION_RATE_HZ;
    return true;
}

static void hear_run(LiveJob *j, unsigned worker)
{
    const LiveHooks *h = &j->talk->hooks;
    j->ok = hear(j, &j->err);
    if (j->ok && j->kind == JOB_MAYBE && h->complete && j->heard.text.len && !is_over(j))
        j->whole = h->complete(j->talk->arg, j->heard.text, worker);
}

/* ---- answering ------------------------------------------------------------------------------- */

static bool is_unwanted(const void *over_arg)
{
    return atomic_load(&((const LiveJob *)over_arg)->over);
}

static bool on_sound(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    LiveJob *j = arg;
    Live *l = j->talk->live;
    (void)place;
    pthread_mutex_lock(&l->lock);
    if (j->sent > DROP_BYTES) { /* nobody asks for what went out */
        memmove(j->sound.ptr, j->sound.ptr + j->sent, j->sound.len - j->sent);
        buf_cut(&j->sound, j->sound.len - j->sent);
        j->dropped += j->sent;
        j->sent = 0;
    }
    bool ok = !is_over(j) && buf_add_mem(&j->sound, pcm, n * sizeof *pcm);
    j->talk->posted = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    if (!j->first_ns)
        j->first_ns = clock_mono_ns();
    work_alive();
    return ok;
}

static bool on_begin(void *arg, const SpeechWho *who, Err *err)
{
    LiveJob *j = arg;
    SpeechReport *r = &j->who;
    (void)err;
    if (atomic_load(&j->rate_hz)) /* another part of it: who speaks has been told */
        return true;
    (void)snprintf(r->voice, sizeof r->voice, "%s", who->voice);
    (void)snprintf(r->backend, sizeof r->backend, "%s", who->backend);
    (void)snprintf(r->why, sizeof r->why, "%s", who->why);
    r->cached = who->cached;
    r->fallback = who->fallback;
    atomic_store(&j->rate_hz, who->rate_hz);
    return true;
}

/* The end of the next part: as many whole sentences as LIVE_PART_BYTES have, but one. */
static bool part_end(const LiveJob *j, size_t *end, Err *err)
{
    Str left = str_sub(j->answer.say, j->at, j->answer.say.len);
    SpeakableSentence *list;
    size_t n = 0, k = 1;
    *end = j->answer.say.len;
    if (left.len <= LIVE_PART_BYTES)
        return true;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = a && speakable_sentences(left, SPEAKABLE_MDY, a, &list, &n, err);
    if (ok && n) {
        while (k < n && list[k].to <= LIVE_PART_BYTES)
            k++;
        *end = k < n ? j->at + list[k].from : *end;
    }
    arena_free(a);
    return ok || err_set(err, ERR_NO_MEMORY, "no memory to speak");
}

static void add_report(LiveSpoken *all, const SpeechReport *part)
{
    SpeechReport *r = &all->report;
    if (!r->rate_hz) {
        *r = *part;
        return;
    }
    r->sound.samples += part->sound.samples;
    r->sound.sentences += part->sound.sentences;
    r->sound.total_ms += part->sound.total_ms;
    r->cached = r->cached && part->cached;
    if (part->fallback && !r->fallback) {
        r->fallback = true;
        (void)snprintf(r->why, sizeof r->why, "%s", part->why);
    }
}

/* The seed is that of every other answer, so that what is kept is found again. */
static bool speak_part(LiveJob *j, size_t end, Err *err)
{
    LiveSpoken *s = &j->spoken;
    SpeechReport part = {.rate_hz = 0};
    SpeechSay say = {.owner = j->answer.owner, .voice = str_of(j->voice),
                     .text = str_sub(j->answer.say, j->at, end), .speed = j->answer.speed,
                     .seed = LIVE_SEED, .rate_hz = atomic_load(&j->rate_hz), .cancel = &j->over,
                     .begin = on_begin, .sink = on_sound, .arg = j};
    work_alive();
    bool ok = speech_say(j->talk->live->parts.speech, &say, &part, err);
    uint32_t rate = atomic_load(&j->rate_hz);
    j->at = end;
    add_report(s, &part);
    s->any = j->first_ns != 0;
    s->speed = j->answer.speed > 0 ? j->answer.speed : 1;
    if (!s->any)
        return ok;
    s->seconds = (double)s->report.sound.samples / rate;
    s->speak_ms = (double)(j->first_ns - j->answered_ns) * 1e-6;
    s->sound_ms = (double)(j->first_ns - j->heard.began_ns) * 1e-6;
    return ok;
}

/* Part after part; *parked when so much waits to be played that the rest can wait, too. */
static bool speak(LiveJob *j, bool *parked, Err *err)
{
    size_t end;
    while (j->at < j->answer.say.len && !is_over(j)) {
        *parked = j->first_ns && out_waiting(j) > LIVE_SPEECH_SECONDS;
        if (*parked)
            return true;
        if (!part_end(j, &end, err) || !speak_part(j, end, err))
            return false;
    }
    return true;
}

void job_keep(LiveJob *j)
{
    LiveTalk *t = j->talk;
    void *about = j->answer.about;
    j->answer.about = NULL;
    if (about && t->hooks.spoken)
        t->hooks.spoken(t->arg, about, &j->spoken);
}

static void answer_run(LiveJob *j, unsigned worker)
{
    LiveTalk *t = j->talk;
    bool parked = false;
    if (is_over(j) && !j->answered)
        return;
    if (!j->answered) {
        j->answer = (LiveAnswer){.say = STR("")};
        j->ok = t->hooks.answer(t->arg, &j->heard, is_unwanted, j, worker, j->arena, &j->answer,
                                &j->err);
        j->answered_ns = clock_mono_ns();
        j->answered = j->ok;
        if (!j->ok)
            return;
    }
    if (j->speak && (j->at || !atomic_load(&j->mute)))
        j->ok = speak(j, &parked, &j->err);
    j->parked = parked;
    if (!parked)
        job_keep(j);
}

bool job_resume(LiveJob *j, Err *err)
{
    j->parked = j->finished = false;
    if (job_submit(j, err))
        return true;
    j->parked = j->finished = true;
    return false;
}

/* ---- waking ---------------------------------------------------------------------------------- */

static bool swallow(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    (void)arg;
    (void)pcm;
    (void)n;
    (void)place;
    return true;
}

/* Models that sleep are opened while the person draws breath. What goes wrong is said when they
 * are needed. */
static void wake_run(LiveJob *j)
{
    Live *l = j->talk->live;
    Err err = ERR_INIT;
    ears_wake(l->parts.ears, &err);
    if (!j->speak || is_over(j))
        return;
    SpeechBackend backend;
    char id[SPEECH_VOICE_MAX];
    SpeechSay say = {.voice = str_of(j->voice), .text = STR("Yes."), .cancel = &j->over,
                     .sink = swallow};
    /* Another machine's voice is neither slow to wake nor free. */
    if (speech_find(l->parts.speech, say.voice, &backend, id, &err) && backend == SPEECH_LOCAL)
        (void)speech_say(l->parts.speech, &say, NULL, &err);
}

/* ---- both ------------------------------------------------------------------------------------ */

static void run(void *arg, unsigned worker)
{
    LiveJob *j = arg;
    if (j->kind == JOB_ANSWER)
        answer_run(j, worker);
    else if (j->kind == JOB_WAKE)
        wake_run(j);
    else
        hear_run(j, worker);
    come_back(j);
}

static void drop(void *arg, unsigned worker)
{
    LiveJob *j = arg;
    (void)worker;
    job_keep(j);
    j->ok = err_set(&j->err, ERR_CANCELLED, "the program ends");
    come_back(j);
}

bool job_submit(LiveJob *j, Err *err)
{
    static const char *const names[] = {"partial words", "words", "words", "spoken answer",
                                        "waking the voices"};
    bool waits = j->kind == JOB_PART || j->kind == JOB_WAKE;
    const LiveParts *p = &j->talk->live->parts;
    WorkLimit limit = {p->job_limit_ms, names[j->kind], live_late, j->talk->live, j->id};
    return work_submit_from(p->work, waits ? WORK_NORMAL : WORK_INTERACTIVE, run, drop, j, &limit,
                            &j->talk->from, err);
}
