/* ws_voice.c - what is said over the WebSocket.
 *
 *   VoiceInput{audio_data}                              -> Transcript -> VoiceResponse{interaction}
 *   VoiceStart{rate, format}, binary frames, VoiceEnd   -> the same
 *
 * While a person speaks, what has been heard so far comes as Transcript with final false, at most
 * once a second of sound; what is final may differ.
 *
 * VoiceState says what goes on: listening, thinking, idle. VoiceStart and Cancel end what is being
 * heard or answered for that client: its words are not answered any more. What the assistant had
 * done already stays done.
 *
 * A client's Talker is made with its first message of voice. Its sound belongs to the loop thread;
 * jobs have a copy of it and a reference to the Talker, whose `turn` tells them that they are over.
 * Threads: handlers on the loop thread, jobs on workers. */
#include <pthread.h>
#include <stdatomic.h>

#include "api/hear.h"
#include "api/ws_int.h"
#include "base/mem.h"

#define JOBS_PER_CLIENT 2
#define RATE_USUAL 16000
#define PARTIAL_SECONDS 30 /* of the end of what was said; one window */

typedef struct Talker {
    struct Talker *next;
    WsId id;
    bool listening, is_float;
    uint32_t rate;
    Buf sound;
    Uuid session;
    bool goes_on;
    size_t partial_at; /* bytes of sound when the last partial text was begun */
    atomic_bool partial_runs;
    atomic_uint turn, jobs, refs;
    atomic_uint spoken; /* raised when what is said is complete: partial text is over */
} Talker;

struct WsVoices {
    ApiWs *ws;
    pthread_mutex_t lock; /* of the list */
    Talker *first;
};

typedef struct {
    ApiWs *ws;
    Talker *talker;
    unsigned turn, spoken;
    HeardSound sound;   /* .pcm NULL: raw is still to be decoded */
    Buf raw;
    bool is_float, goes_on;
    uint32_t rate;
    Uuid session;
    uint64_t began_ns;
} VoiceJob;

WsVoices *ws_voices_new(ApiWs *ws)
{
    WsVoices *v = mem_zalloc(sizeof *v);
    if (v) {
        v->ws = ws;
        pthread_mutex_init(&v->lock, NULL);
    }
    return v;
}

static void let_go(Talker *t)
{
    if (atomic_fetch_sub(&t->refs, 1) != 1)
        return;
    buf_release(&t->sound);
    mem_free(t);
}

void ws_voices_free(WsVoices *v)
{
    if (!v)
        return;
    while (v->first) {
        Talker *t = v->first;
        v->first = t->next;
        let_go(t);
    }
    pthread_mutex_destroy(&v->lock);
    mem_free(v);
}

static Talker *talker_of(WsVoices *v, WsId id, bool make)
{
    pthread_mutex_lock(&v->lock);
    Talker *t = v->first;
    while (t && t->id != id)
        t = t->next;
    if (!t && make && (t = mem_zalloc(sizeof *t))) {
        t->id = id;
        atomic_init(&t->refs, 1);
        t->next = v->first;
        v->first = t;
    }
    pthread_mutex_unlock(&v->lock);
    return t;
}

void ws_voice_closed(WsVoices *v, WsId id)
{
    pthread_mutex_lock(&v->lock);
    Talker **at = &v->first;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    Talker *t = *at;
    if (t)
        *at = t->next;
    pthread_mutex_unlock(&v->lock);
    if (!t)
        return;
    atomic_fetch_add(&t->turn, 1);
    let_go(t);
}

/* ---- messages out ---------------------------------------------------------------------------- */

static void post(ApiWs *ws, WsId id, JsonW *w, Buf *b)
{
    ws_frame_end(w);
    if (buf_ok(b))
        (void)ws_post_text(api_server(ws_api(ws)), id, buf_str(b));
    buf_release(b);
}

static void send_state(ApiWs *ws, WsId id, const char *state)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "VoiceState");
    jw_kv_cstr(&w, "state", state);
    post(ws, id, &w, &b);
}

static bool is_over(void *arg)
{
    const VoiceJob *job = arg;
    return atomic_load(&job->talker->turn) != job->turn;
}

static void send_transcript(VoiceJob *job, Str text, bool final)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "Transcript");
    jw_kv_str(&w, "text", text);
    jw_kv_bool(&w, "final", final);
    post(job->ws, job->talker->id, &w, &b);
}

static void on_transcript(void *arg, Str text)
{
    if (!is_over(arg))
        send_transcript(arg, text, true);
}

static void send_interaction(VoiceJob *job, const Interaction *i)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "VoiceResponse");
    jw_key(&w, "interaction");
    jw_obj(&w);
    interaction_members(&w, i);
    jw_obj_end(&w);
    post(job->ws, job->talker->id, &w, &b);
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static void job_end(VoiceJob *job)
{
    atomic_fetch_sub(&job->talker->jobs, 1);
    let_go(job->talker);
    buf_release(&job->raw);
    mem_free(job->sound.pcm);
    mem_free(job);
}

static void job_drop(void *arg, unsigned worker)
{
    (void)worker;
    job_end(arg);
}

static bool answer(VoiceJob *job, unsigned worker, Arena *a, Err *err)
{
    Interaction i;
    InteractionAsk q = {.session = job->goes_on ? &job->session : NULL,
                        .began_ns = job->began_ns,
                        .cancelled = is_over,
                        .transcript = on_transcript,
                        .arg = job};
    if (!job->sound.pcm && !hear_raw(buf_str(&job->raw), job->is_float, job->rate,
                                     HEAR_SAID_SECONDS, &job->sound, err))
        return false;
    const ApiParts *parts = ws_parts(job->ws, job->talker->id);
    if (!parts)
        return err_set(err, ERR_CANCELLED, "the client has gone");
    if (!hear_interact(parts, &q, &job->sound, worker, a, &i, err))
        return false;
    if (!is_over(job))
        send_interaction(job, &i);
    return true;
}

static void job_run(void *arg, unsigned worker)
{
    VoiceJob *job = arg;
    Err err = ERR_INIT;
    Arena *a = is_over(job) ? NULL : arena_new(ARENA_DEFAULT_MAX);
    bool ok = a ? answer(job, worker, a, &err)
                : err_set(&err, ERR_NO_MEMORY, "no memory for what was said");
    if (!is_over(job)) {
        if (!ok)
            ws_send_error(job->ws, job->talker->id, &err);
        send_state(job->ws, job->talker->id, "idle");
    }
    arena_free(a);
    job_end(job);
}

/* Takes over sound and raw, whatever comes of it. */
static bool submit(WsVoices *v, Talker *t, const VoiceJob *what, Err *err)
{
    VoiceJob *job = mem_zalloc(sizeof *job);
    VoiceJob whole = *what;
    if (!job) {
        buf_release(&whole.raw);
        mem_free(whole.sound.pcm);
        return err_set(err, ERR_NO_MEMORY, "no memory for what was said");
    }
    *job = whole;
    job->ws = v->ws;
    job->talker = t;
    job->turn = atomic_load(&t->turn);
    job->began_ns = clock_mono_ns();
    bool ok = atomic_fetch_add(&t->jobs, 1) < JOBS_PER_CLIENT ||
              err_set(err, ERR_RATE_LIMITED, "%d sounds are being heard already", JOBS_PER_CLIENT);
    atomic_fetch_add(&t->refs, 1);
    send_state(v->ws, t->id, "thinking");
    ok = ok && work_submit(api_parts(ws_api(v->ws))->work, WORK_INTERACTIVE, job_run, job_drop,
                           job, err);
    if (!ok) {
        job_end(job);
        send_state(v->ws, t->id, "idle");
    }
    return ok;
}

/* ---- partial text ---------------------------------------------------------------------------- */

static bool is_spoken(void *arg)
{
    const VoiceJob *job = arg;
    return is_over(arg) || atomic_load(&job->talker->spoken) != job->spoken;
}

static void partial_end(VoiceJob *job)
{
    atomic_store(&job->talker->partial_runs, false);
    let_go(job->talker);
    buf_release(&job->raw);
    mem_free(job->sound.pcm);
    mem_free(job);
}

static void partial_drop(void *arg, unsigned worker)
{
    (void)worker;
    partial_end(arg);
}

/* In the second lane, so that the final text never waits for it. What goes wrong here, the final
 * text will say. */
static void partial_run(void *arg, unsigned worker)
{
    VoiceJob *job = arg;
    const ApiParts *parts = api_parts(ws_api(job->ws));
    Arena *a = is_spoken(job) ? NULL : arena_new(ARENA_DEFAULT_MAX);
    EarsRequest q = {.here = true, .options = {.cancelled = is_spoken, .arg = job}};
    WhisperResult r;
    Err err = ERR_INIT;
    (void)worker;
    if (a && hear_raw(buf_str(&job->raw), job->is_float, job->rate, PARTIAL_SECONDS, &job->sound,
                      &err) &&
        ears_hear(parts->ears, &q, job->sound.pcm, job->sound.n, a, &r, &err) && r.text.len &&
        !is_spoken(job))
        send_transcript(job, r.text, false);
    arena_free(a);
    partial_end(job);
}

/* Begins one when there is a second of sound more than at the last. */
static void partial(WsVoices *v, Talker *t)
{
    size_t sample = t->is_float ? 4 : 2, second = t->rate * sample, n = t->sound.len;
    size_t most = second * PARTIAL_SECONDS, from = n > most ? n - most : 0;
    Err err = ERR_INIT;
    if (n - t->partial_at < second || atomic_exchange(&t->partial_runs, true))
        return;
    t->partial_at = n;
    from -= from % sample;
    n -= n % sample;
    VoiceJob *job = mem_zalloc(sizeof *job);
    if (!job) {
        atomic_store(&t->partial_runs, false);
        return;
    }
    *job = (VoiceJob){.ws = v->ws, .talker = t, .turn = atomic_load(&t->turn),
                      .spoken = atomic_load(&t->spoken), .is_float = t->is_float,
                      .rate = t->rate};
    atomic_fetch_add(&t->refs, 1);
    buf_init(&job->raw, most);
    if (n - from > most)
        from += sample;
    if (!buf_add(&job->raw, str_sub(buf_str(&t->sound), from, n)) ||
        !work_submit(api_parts(ws_api(v->ws))->work, WORK_NORMAL, partial_run, partial_drop, job,
                     &err))
        partial_end(job);
}

/* ---- messages in ----------------------------------------------------------------------------- */

static bool read_session(const Json *data, Uuid *id, bool *goes_on, Err *err)
{
    const Json *named = json_get(data, "session_id");
    *goes_on = named && json_type(named) != JSON_T_NULL;
    return !*goes_on || uuid_parse(json_str(named), id) ||
           err_set(err, ERR_VALIDATION, "data.session_id must be a UUID");
}

static bool on_input(WsVoices *v, Talker *t, const Json *data, Err *err)
{
    VoiceJob job = {0};
    return read_session(data, &job.session, &job.goes_on, err) &&
           hear_samples(json_get(data, "audio_data"), HEAR_SAID_SECONDS, &job.sound, err) &&
           submit(v, t, &job, err);
}

static void stop(Talker *t)
{
    atomic_fetch_add(&t->turn, 1);
    t->listening = false;
    buf_release(&t->sound);
}

static bool on_start(WsVoices *v, Talker *t, const Json *data, Err *err)
{
    const Json *rate = json_get(data, "rate"), *format = json_get(data, "format");
    int64_t hz = RATE_USUAL;
    Str name = format ? json_str(format) : STR("s16le");
    bool is_float = str_eq(name, STR("f32le"));
    if (rate && (!json_int(rate, &hz) || hz < 8000 || hz > 192000))
        return err_set(err, ERR_VALIDATION, "data.rate must be a whole number, 8000 to 192000");
    if (!is_float && !str_eq(name, STR("s16le")))
        return err_set(err, ERR_VALIDATION, "data.format must be s16le or f32le");
    stop(t);
    if (!read_session(data, &t->session, &t->goes_on, err))
        return false;
    t->listening = true;
    t->is_float = is_float;
    t->rate = (uint32_t)hz;
    t->partial_at = 0;
    buf_init(&t->sound, (size_t)hz * HEAR_SAID_SECONDS * (is_float ? 4 : 2));
    send_state(v->ws, t->id, "listening");
    return true;
}

static bool on_end(WsVoices *v, Talker *t, Err *err)
{
    if (!t->listening)
        return err_set(err, ERR_VALIDATION, "no VoiceStart came before this VoiceEnd");
    VoiceJob job = {.raw = t->sound, .is_float = t->is_float, .rate = t->rate,
                    .session = t->session, .goes_on = t->goes_on};
    t->listening = false;
    atomic_fetch_add(&t->spoken, 1);
    buf_init(&t->sound, 1);
    return submit(v, t, &job, err);
}

bool ws_voice_message(WsVoices *v, WsId id, Str type, const Json *data, bool *known, Err *err)
{
    static const char *const types[] = {"VoiceInput", "VoiceStart", "VoiceEnd", "Cancel"};
    size_t i = 0;
    while (i < sizeof types / sizeof *types && !str_eq(type, str_of(types[i])))
        i++;
    *known = i < sizeof types / sizeof *types;
    if (!*known)
        return true;
    Talker *t = talker_of(v, id, true);
    if (!t)
        return err_set(err, ERR_NO_MEMORY, "no memory for what was said");
    if (i == 3) {
        stop(t);
        send_state(v->ws, id, "idle");
        return true;
    }
    if (!hear_needs(api_parts(ws_api(v->ws)), err))
        return false;
    return i == 0   ? on_input(v, t, data, err)
           : i == 1 ? on_start(v, t, data, err)
                    : on_end(v, t, err);
}

bool ws_voice_sound(WsVoices *v, WsId id, Str bytes, Err *err)
{
    Talker *t = talker_of(v, id, false);
    if (!t || !t->listening)
        return err_set(err, ERR_VALIDATION,
                       "binary messages are sound, and no VoiceStart came before");
    if (buf_add(&t->sound, bytes)) {
        partial(v, t);
        return true;
    }
    stop(t);
    send_state(v->ws, id, "idle");
    return err_set(err, ERR_TOO_LARGE, "more than %u seconds of sound; send VoiceEnd sooner",
                   HEAR_SAID_SECONDS);
}
