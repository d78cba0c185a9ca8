/* live_job.c - what runs on workers: transcriptions, the answer and its voice. */
#include "base/clock.h"
#include "base/mem.h"
#include "voice/live_int.h"

#define PART_LOGPROB (-2.5f)
#define PART_NO_SPEECH 0.95f

LiveJob *job_new(LiveTalk *t, JobKind kind)
{
    LiveJob *j = mem_zalloc(sizeof *j);
    if (!j)
        return NULL;
    j->talk = t;
    j->kind = kind;
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
        j->complete = h->complete(j->talk->arg, j->heard.text, worker);
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
    size_t most = (size_t)j->rate_hz * LIVE_SPEECH_SECONDS * sizeof *pcm;
    pthread_mutex_lock(&l->lock);
    while (j->sound.len - j->sent > most && !is_over(j))
        pthread_cond_wait(&l->room, &l->lock);
    bool ok = !is_over(j) && buf_add_mem(&j->sound, pcm, n * sizeof *pcm);
    j->talk->posted = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->lock);
    return ok;
}

static bool speak(LiveJob *j, const LiveAnswer *a, Err *err)
{
    Live *l = j->talk->live;
    MouthTurn *turn = mouth_turn(l->parts.mouth, str_of(j->voice), err);
    VoiceSay say = {.speed = a->speed, .cancel = &j->over, .sink = on_sound, .arg = j};
    if (!turn)
        return false;
    atomic_store(&j->rate_hz, mouth_info(turn)->rate_hz);
    bool ok = mouth_say(turn, a->say, &say, NULL, err);
    mouth_done(turn);
    return ok;
}

static void answer_run(LiveJob *j, unsigned worker)
{
    LiveTalk *t = j->talk;
    LiveAnswer a = {.say = STR("")};
    if (is_over(j))
        return;
    j->ok = t->hooks.answer(t->arg, &j->heard, is_unwanted, j, worker, j->arena, &a, &j->err);
    j->answered_ns = clock_mono_ns();
    if (j->ok && j->speak && a.say.len && !is_over(j) && !atomic_load(&j->mute))
        j->ok = speak(j, &a, &j->err);
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
    MouthTurn *turn = mouth_turn(l->parts.mouth, str_of(j->voice), &err);
    VoiceSay say = {.cancel = &j->over, .sink = swallow};
    if (turn)
        (void)mouth_say(turn, STR("Yes."), &say, NULL, &err);
    mouth_done(turn);
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
    j->ok = err_set(&j->err, ERR_CANCELLED, "the program ends");
    come_back(j);
}

bool job_submit(LiveJob *j, Err *err)
{
    bool waits = j->kind == JOB_PART || j->kind == JOB_WAKE;
    return work_submit(j->talk->live->parts.work, waits ? WORK_NORMAL : WORK_INTERACTIVE, run,
                       drop, j, err);
}
