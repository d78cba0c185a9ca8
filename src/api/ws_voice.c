/* ws_voice.c - what is said over the WebSocket, and what is said back.
 *
 *   VoiceInput{audio_data}                            -> Transcript -> VoiceResponse{interaction}
 *   VoiceStart{rate, ...}, binary frames, VoiceEnd    -> Transcripts -> VoiceResponse
 *                                                     -> VoiceAudio, binary frames, VoiceAudioEnd
 *
 * voice/live.h does it; here are the messages. What was said and answered is kept when it has been
 * spoken, as that of voice/process is. A client's Talker is made with its first message of
 * voice and freed by Live's last hook.
 *
 * Threads: messages come on the loop thread; hooks run on Live's thread and post to the loop;
 * the answer is made on a worker. */
#include <math.h>
#include <pthread.h>

#include "api/interactions.h"
#include "api/ws_int.h"
#include "base/mem.h"
#include "voice/live.h"

typedef struct Talker {
    struct Talker *next;
    ApiWs *ws;
    WsId id;
    const ApiParts *parts; /* of its person, held; NULL: it has closed already */
    LiveTalk *live;
    bool started;   /* VoiceStart came, and neither VoiceEnd nor an error since (loop thread) */
    bool cancelled; /* by Cancel: what is still on its way is no error */
    atomic_size_t unsent; /* bytes that its client has not read yet */
    pthread_mutex_t lock; /* of the rest */
    Uuid session;
    bool goes_on;
    double speed; /* as fast as the person likes; 1 */
    char interaction[UUID_TEXT]; /* that is being spoken */
} Talker;

struct WsVoices {
    ApiWs *ws;
    Live *live;     /* made with the first Talker */
    Talker *first;  /* loop thread */
};

WsVoices *ws_voices_new(ApiWs *ws)
{
    WsVoices *v = mem_zalloc(sizeof *v);
    if (v)
        v->ws = ws;
    return v;
}

void ws_voices_free(WsVoices *v)
{
    if (!v)
        return;
    for (Talker *t = v->first, *next; t; t = next) {
        next = t->next;
        live_close(t->live); /* frees t, now or in live_free */
    }
    live_free(v->live);
    mem_free(v);
}

/* ---- messages out ---------------------------------------------------------------------------- */

static void post(const Talker *t, JsonW *w, Buf *b)
{
    ws_frame_end(w);
    ws_post_frame(t->ws, t->id, b);
}

static void on_state(void *arg, LiveState s)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "VoiceState");
    jw_kv_cstr(&w, "state", live_state_name(s));
    post(arg, &w, &b);
}

static void on_words(void *arg, const LiveText *text)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "Transcript");
    jw_kv_str(&w, "text", text->text);
    jw_kv_bool(&w, "final", text->final);
    jw_kv_str(&w, "settled", text->settled);
    jw_kv_int(&w, "utterance", text->utterance);
    post(arg, &w, &b);
}

static void on_fail(void *arg, const Err *err)
{
    const Talker *t = arg;
    ws_send_error(t->ws, t->id, err);
}

static size_t on_behind(void *arg)
{
    return atomic_load(&((Talker *)arg)->unsent);
}

static void on_gone(void *arg)
{
    Talker *t = arg;
    api_give(ws_api(t->ws), t->parts);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static void on_sound_begin(void *arg, const SpeechWho *who)
{
    Talker *t = arg;
    Buf b;
    JsonW w;
    char id[UUID_TEXT];
    pthread_mutex_lock(&t->lock);
    memcpy(id, t->interaction, sizeof id);
    pthread_mutex_unlock(&t->lock);
    ws_frame_begin(&w, &b, "VoiceAudio");
    jw_kv_cstr(&w, "format", "s16le");
    jw_kv_int(&w, "rate", who->rate_hz);
    jw_kv_int(&w, "channels", 1);
    jw_kv_cstr(&w, "interaction", id);
    jw_kv_cstr(&w, "voice", who->voice);
    jw_kv_cstr(&w, "backend", who->backend);
    jw_kv_bool(&w, "cached", who->cached);
    if (who->fallback)
        jw_kv_cstr(&w, "fallback", who->why);
    post(t, &w, &b);
}

static void on_sound(void *arg, const int16_t *pcm, size_t n)
{
    const Talker *t = arg;
    Str bytes = {(const char *)pcm, n * sizeof *pcm};
    (void)ws_post_binary(api_server(ws_api(t->ws)), t->id, bytes);
}

static void on_sound_end(void *arg, LiveEnd why, double played_ms)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "VoiceAudioEnd");
    jw_kv_cstr(&w, "reason", live_end_name(why));
    jw_kv_num(&w, "played_ms", played_ms);
    post(arg, &w, &b);
}

static LiveWhole on_complete(void *arg, Str text, unsigned worker)
{
    const Talker *t = arg;
    const ApiParts *parts = t->parts;
    (void)worker;
    if (!parts || !parts->assistant)
        return LIVE_OPEN;
    return assistant_may_answer(parts->assistant, text) ? LIVE_QUESTION
           : assistant_may_act(parts->assistant, text)  ? LIVE_COMMAND
                                                        : LIVE_OPEN;
}

typedef struct {
    LiveOver over;
    const void *arg;
} Wanted;

static bool is_over(void *arg)
{
    const Wanted *w = arg;
    return w->over(w->arg);
}

static void send_interaction(Talker *t, const Interaction *i)
{
    Buf b;
    JsonW w;
    ws_frame_begin(&w, &b, "VoiceResponse");
    jw_key(&w, "interaction");
    jw_obj(&w);
    interaction_members(&w, i);
    jw_obj_end(&w);
    post(t, &w, &b);
}

/* An answer between its words and its sound; of the job's arena. */
typedef struct {
    const ApiParts *parts; /* of the person who asked */
    Interaction i;
} Asked;

static void on_spoken(void *arg, void *about, const LiveSpoken *s)
{
    Asked *asked = about;
    Interaction *i = &asked->i;
    (void)arg;
    if (s->any) {
        i->spoken = true;
        i->speech = s->report;
        i->speech_speed = (double)s->speed;
        i->speech_seconds = s->seconds;
        i->speak_ms = s->speak_ms;
        i->first_sound_ms = s->sound_ms;
        hear_first_sound(s->sound_ms);
    }
    interaction_keep(asked->parts, &asked->parts->owner, i);
}

/* As the answer wants it ("slower"), on top of what the person likes. */
static float speed_of(const AssistantReply *r, double liked)
{
    double speed = (r->speed > 0 ? r->speed : 1) * (liked > 0 ? liked : 1);
    return (float)fmax(VOICE_SPEED_MIN, fmin(VOICE_SPEED_MAX, speed));
}

static bool on_answer(void *arg, const LiveHeard *heard, LiveOver over, const void *over_arg,
                      unsigned worker, Arena *a, LiveAnswer *out, Err *err)
{
    Talker *t = arg;
    const ApiParts *parts = t->parts;
    Wanted wanted = {over, over_arg};
    Asked *asked = ARENA_NEW(a, Asked);
    pthread_mutex_lock(&t->lock);
    Uuid session = t->session;
    bool goes_on = t->goes_on;
    double speed = t->speed;
    pthread_mutex_unlock(&t->lock);
    InteractionAsk q = {.session = goes_on ? &session : NULL, .began_ns = heard->began_ns,
                        .cancelled = is_over, .arg = &wanted};
    if (!parts)
        return err_set(err, ERR_CANCELLED, "the client has gone");
    if (!asked)
        return err_set(err, ERR_NO_MEMORY, "no memory for the answer");
    Interaction *i = &asked->i;
    *asked = (Asked){.parts = parts,
                     .i = {.at_ms = clock_now_ms(), .transcript = heard->text,
                           .language = heard->language, .heard = heard->confidence,
                           .hear_ms = heard->hear_ms}};
    if (!hear_answer(parts, &q, worker, a, i, err))
        return false;
    *out = (LiveAnswer){.say = STR(""), .owner = parts->store ? &parts->owner : NULL,
                        .about = asked};
    if (over(over_arg)) /* what was done is done, and kept */
        return true;
    pthread_mutex_lock(&t->lock);
    if (i->transcript.len && t->goes_on == goes_on && uuid_eq(&t->session, &session)) {
        t->session = i->reply.session; /* what is said next belongs to it */
        t->goes_on = true;
    }
    memcpy(t->interaction, i->id, sizeof t->interaction);
    pthread_mutex_unlock(&t->lock);
    send_interaction(t, i);
    if (i->transcript.len && i->reply.speech != SPEAK_STOP) {
        out->say = i->reply.response;
        out->speed = speed_of(&i->reply, speed);
    }
    return true;
}

/* ---- talkers --------------------------------------------------------------------------------- */

static Talker *find(const WsVoices *v, WsId id)
{
    Talker *t = v->first;
    while (t && t->id != id)
        t = t->next;
    return t;
}

static Talker *talker_of(WsVoices *v, WsId id, Err *err)
{
    static const LiveHooks hooks = {on_state, on_words, on_complete, on_answer, on_spoken,
                                    on_sound_begin, on_sound, on_sound_end, on_fail, on_gone,
                                    on_behind};
    const ApiParts *p = api_parts(ws_api(v->ws)); /* these are everybody's */
    LiveParts parts = {p->ears, p->speech, p->work, p->job_limit_ms};
    Talker *t = find(v, id);
    if (t)
        return t;
    if (!v->live && !(v->live = live_new(&parts, err)))
        return NULL;
    t = mem_zalloc(sizeof *t);
    if (t) {
        t->ws = v->ws;
        t->id = id;
        t->parts = ws_parts(v->ws, id);
        pthread_mutex_init(&t->lock, NULL);
        WorkFrom from = ws_from(v->ws, id);
        t->live = live_open(v->live, &hooks, t, &from);
    }
    if (!t || !t->live) {
        if (t)
            on_gone(t);
        err_set(err, ERR_NO_MEMORY, "no memory for what was said");
        return NULL;
    }
    (void)ws_watch_unsent(api_server(ws_api(v->ws)), id, &t->unsent);
    t->next = v->first;
    v->first = t;
    return t;
}

void ws_voice_closed(WsVoices *v, WsId id)
{
    Talker **at = &v->first;
    while (*at && (*at)->id != id)
        at = &(*at)->next;
    Talker *t = *at;
    if (!t)
        return;
    *at = t->next;
    /* It may be there for a while: a token has ended, and its client does not read. */
    (void)ws_watch_unsent(api_server(ws_api(v->ws)), id, NULL);
    live_close(t->live);
}

/* ---- messages in ----------------------------------------------------------------------------- */

static bool is_given(const Json *j)
{
    return j && json_type(j) != JSON_T_NULL;
}

static bool read_session(Talker *t, const Json *data, Err *err)
{
    const Json *named = json_get(data, "session_id");
    Uuid id = {{0}};
    if (is_given(named) && !uuid_parse(json_str(named), &id))
        return err_set(err, ERR_VALIDATION, "data.session_id must be a UUID");
    pthread_mutex_lock(&t->lock);
    t->session = id;
    t->goes_on = is_given(named);
    pthread_mutex_unlock(&t->lock);
    return true;
}

static bool read_speed(Talker *t, const Json *data, Err *err)
{
    const Json *j = json_get(data, "speed");
    double speed = 1;
    if (is_given(j) && (!json_num(j, &speed) || !(speed >= VOICE_SPEED_MIN) ||
                        !(speed <= VOICE_SPEED_MAX)))
        return err_set(err, ERR_VALIDATION, "data.speed must be a number from %g to %g",
                       (double)VOICE_SPEED_MIN, (double)VOICE_SPEED_MAX);
    pthread_mutex_lock(&t->lock);
    t->speed = speed;
    pthread_mutex_unlock(&t->lock);
    return true;
}

static bool read_flag(const Json *data, const char *name, bool *out, Err *err)
{
    const Json *j = json_get(data, name);
    return !is_given(j) || json_bool(j, out) ||
           err_set(err, ERR_VALIDATION, "data.%s must be true or false", name);
}

static bool read_count(const Json *data, const char *name, int64_t min, int64_t max, uint32_t *out,
                       Err *err)
{
    const Json *j = json_get(data, name);
    int64_t n;
    if (!is_given(j))
        return true;
    if (!json_int(j, &n) || n < min || n > max)
        return err_set(err, ERR_VALIDATION, "data.%s must be a whole number, %lld to %lld", name,
                       (long long)min, (long long)max);
    *out = (uint32_t)n;
    return true;
}

static bool read_text(const Json *data, const char *name, Str *out, Err *err)
{
    const Json *j = json_get(data, name);
    if (is_given(j) && json_type(j) != JSON_T_STRING)
        return err_set(err, ERR_VALIDATION, "data.%s must be a string", name);
    *out = is_given(j) ? json_str(j) : STR("");
    return true;
}

static bool read_spoken(const Json *data, LiveOptions *o, Err *err)
{
    return read_flag(data, "speak", &o->speak, err) && read_text(data, "voice", &o->voice, err) &&
           read_text(data, "language", &o->language, err);
}

static bool read_start(const ApiParts *p, const Json *data, LiveOptions *o, Err *err)
{
    SessionOptions *s = &o->session;
    const Json *format = json_get(data, "format");
    Str name = is_given(format) ? json_str(format) : STR("s16le");
    bool partials = true;
    uint32_t interrupt = UINT32_MAX;
    s->rate_hz = SESSION_RATE_HZ;
    s->silence_ms = p->voice_silence_ms;
    s->preroll_ms = p->voice_preroll_ms;
    s->is_float = str_eq(name, STR("f32le"));
    if (!s->is_float && !str_eq(name, STR("s16le")))
        return err_set(err, ERR_VALIDATION, "data.format must be s16le or f32le");
    if (!read_count(data, "rate", SESSION_RATE_MIN_HZ, SESSION_RATE_MAX_HZ, &s->rate_hz, err) ||
        !read_count(data, "silence_ms", SESSION_SILENCE_MIN_MS, ENDPOINT_SILENCE_MAX_MS,
                    &s->silence_ms, err) ||
        !read_count(data, "preroll_ms", 1, ENDPOINT_PREROLL_MAX_MS, &s->preroll_ms, err) ||
        !read_count(data, "interrupt_ms", 0, 2000, &interrupt, err) ||
        !read_flag(data, "continuous", &s->continuous, err) ||
        !read_flag(data, "manual", &s->manual, err) ||
        !read_flag(data, "partials", &partials, err) || !read_spoken(data, o, err))
        return false;
    if (interrupt == UINT32_MAX)
        s->interrupt_ms = p->voice_interrupt_ms;
    else
        s->interrupt_ms = interrupt ? interrupt : UINT32_MAX;
    o->no_partials = !partials;
    return true;
}

static bool on_start(WsVoices *v, Talker *t, const Json *data, Err *err)
{
    LiveOptions o = {.speak = false};
    t->started = t->cancelled = false;
    if (!read_start(api_parts(ws_api(v->ws)), data, &o, err) || !read_session(t, data, err) ||
        !read_speed(t, data, err) ||
        !live_start(t->live, &o, err))
        return false;
    t->started = true;
    return true;
}

static bool on_end(Talker *t, Err *err)
{
    if (!t->started && !t->cancelled)
        return err_set(err, ERR_VALIDATION, "no VoiceStart came before this VoiceEnd");
    t->started = t->cancelled = false;
    return live_end(t->live, err);
}

static bool on_input(Talker *t, const Json *data, Err *err)
{
    HeardSound sound;
    LiveOptions o = {.speak = false};
    if (!read_spoken(data, &o, err) || !read_session(t, data, err) || !read_speed(t, data, err) ||
        !hear_samples(json_get(data, "audio_data"), HEAR_SAID_SECONDS, &sound, err))
        return false;
    t->started = false;
    return live_say(t->live, sound.pcm, sound.n, &o, err);
}

static bool on_cancel(Talker *t, Err *err)
{
    t->cancelled = t->started;
    return live_cancel(t->live, err);
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
    if (!hear_needs(api_parts(ws_api(v->ws)), err))
        return false;
    Talker *t = talker_of(v, id, err);
    return t && (i == 0   ? on_input(t, data, err)
                 : i == 1 ? on_start(v, t, data, err)
                 : i == 2 ? on_end(t, err)
                          : on_cancel(t, err));
}

bool ws_voice_sound(WsVoices *v, WsId id, Str bytes, Err *err)
{
    Talker *t = find(v, id);
    if (!t || !(t->started || t->cancelled))
        return err_set(err, ERR_VALIDATION,
                       "binary messages are sound, and no VoiceStart came before");
    return live_sound(t->live, bytes, err);
}
