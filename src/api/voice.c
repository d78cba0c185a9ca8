/* voice.c - POST /api/v1/voice/process: what was said, what it asked for, and the answer. */
#include "api/hear.h"
#include "base/mem.h"

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

bool voice_process(ApiCall *c, Err *err)
{
    const FieldValue *body = call_body(c, "session_id"), *query = call_query(c, "session_id");
    const FieldValue *session = body->given ? body : query;
    HeardSound sound;
    Interaction i;
    InteractionAsk q = {.session = session->given && !session->is_null ? &session->uuid : NULL,
                        .language = call_query(c, "language")->str,
                        .began_ns = clock_mono_ns(),
                        .cancelled = client_gone,
                        .arg = c};
    if (!hear_needs(c->parts, err) || !sound_of(c, &sound, err))
        return false;
    bool ok = hear_interact(c->parts, &q, &sound, c->worker, c->arena, &i, err);
    mem_free(sound.pcm);
    if (!ok)
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    interaction_members(&w, &i);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
