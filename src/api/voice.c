/* voice.c - POST /api/v1/voice/process: what was said, what it asked for, the answer, and that
 * spoken when it is wanted. */
#include "api/interactions.h"
#include "api/spoken.h"
#include "base/mem.h"
#include "base/metrics.h"

static bool client_gone(void *arg)
{
    return http_exchange_cancelled(((ApiCall *)arg)->x);
}

/* From samples as JSON, from a form, or from the body itself. */
static bool sound_of(ApiCall *c, HeardSound *out, Err *err)
{
    const FieldValue *file = call_body(c, "audio"), *list = call_body(c, "audio_data");
    if (file->given)
        return hear_decode(c->parts, file->str, file->filename, HEAR_SAID_SECONDS, out, err);
    if (list->given)
        return hear_samples(list->json, HEAR_SAID_SECONDS, out, err);
    return err_set(err, ERR_VALIDATION, "there is no sound: send audio_data, or a form with audio");
}

static const FieldValue *wanted(const ApiCall *c, const char *name)
{
    const FieldValue *body = call_body(c, name);
    return body->given ? body : call_query(c, name);
}

typedef struct {
    Interaction *i;
    uint64_t began_ns;
} Clock;

static void on_first_sound(void *arg, double ms)
{
    Clock *k = arg;
    k->i->speak_ms = ms;
    k->i->first_sound_ms = clock_seconds_since(k->began_ns) * 1000;
    metric_observe(metric_histogram("voice_stage_seconds", "Stages of what is said.", "stage"),
                   (const char *const[]){"speak"}, ms / 1000);
    hear_first_sound(k->i->first_sound_ms);
}

/* Speaks the answer; what was not streamed is in c->out. */
static bool speak(ApiCall *c, Interaction *i, uint64_t began_ns, bool streams, Str format,
                  Spoken *spoken, Err *err)
{
    char id[UUID_TEXT];
    Clock clock = {i, began_ns};
    Str given = wanted(c, "format")->str;
    SpokenAsk q = {.text = i->reply.response,
                   .voice = wanted(c, "voice")->str,
                   .format = format.len ? format : given.len ? given : STR("wav"),
                   .speed = i->reply.speed > 0 ? i->reply.speed : 1,
                   .way = streams ? SPOKEN_STREAMS : SPOKEN_WHOLE,
                   .began = on_first_sound,
                   .arg = &clock};
    (void)http_resp_header(c->x, "Sotto-Interaction", str_of(i->id));
    if (!uuid_is_nil(&i->reply.session))
        (void)http_resp_header(c->x, "Sotto-Session",
                               str_of(uuid_format(&i->reply.session, id)));
    if (!spoken_make(c, &q, spoken, err))
        return false;
    i->spoken = true;
    i->speech = spoken->report;
    i->speech_seconds = spoken->seconds;
    i->speech_speed = q.speed;
    return true;
}

static bool reply(ApiCall *c, const Interaction *i, const Spoken *spoken, Err *err)
{
    JsonW w;
    Buf sound = c->out;
    buf_init(&c->out, (size_t)512 << 20);
    jw_init(&w, &c->out);
    jw_obj(&w);
    interaction_members(&w, i);
    if (!i->spoken)
        buf_release(&sound);
    else if (!spoken_members(&w, &sound, spoken->media_type, err))
        return false;
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool voice_process(ApiCall *c, Err *err)
{
    const FieldValue *session = wanted(c, "session_id");
    HeardSound sound;
    Interaction i;
    Spoken spoken = {0};
    Str format = STR("");
    bool aloud = spoken_accepted(c, &format);
    InteractionAsk q = {.session = session->given && !session->is_null ? &session->uuid : NULL,
                        .language = call_query(c, "language")->str,
                        .began_ns = clock_mono_ns(),
                        .cancelled = client_gone,
                        .arg = c};
    c->out.max = (size_t)256 << 20;
    if (!hear_needs(c->parts, err) || !sound_of(c, &sound, err))
        return false;
    bool ok = hear_interact(c->parts, &q, &sound, c->worker, c->arena, &i, err);
    mem_free(sound.pcm);
    if (!ok)
        return false;
    bool says = (aloud || wanted(c, "speak")->b) && i.reply.speech != SPEAK_STOP;
    ok = !says || speak(c, &i, q.began_ns, aloud, format, &spoken, err);
    /* What was heard and done is kept, also when nobody could speak the answer. */
    interaction_keep(c->parts, c->owner, &i);
    if (!ok || c->streaming)
        return ok;
    if (aloud) { /* "stop": there is nothing to be said */
        c->x->resp.status = 204;
        return true;
    }
    return reply(c, &i, &spoken, err);
}
