/* speech.c - texts spoken aloud: POST /v1/audio/speech, POST /api/v1/voice/synthesize, and the list
 * of voices.
 *
 * Source of the former: the OpenAI API reference. Its raw PCM is 24 kHz, 16 bit, one channel. */
#include "api/openai.h"
#include "api/spoken.h"

#define PCM_OUT_HZ 24000

/* ---- as OpenAI ------------------------------------------------------------------------------- */

static bool one_of(Str name, const char *names)
{
    Str rest = str_of(names), one;
    while (str_next(&rest, '|', &one))
        if (str_eq(one, name))
            return true;
    return false;
}

bool openai_is_speech_model(Str name)
{
    return one_of(name, OPENAI_SPEECH_MODEL
                  "|tts-1|tts-1-hd|gpt-4o-mini-tts|gpt-4o-mini-tts-2025-12-15");
}

bool openai_speech(ApiCall *c, Err *err)
{
    Str voice = call_body(c, "voice")->str, model = call_body(c, "model")->str;
    const FieldValue *speed = call_body(c, "speed");
    bool events = str_eq(call_body(c, "stream_format")->str, STR("sse"));
    Spoken spoken;
    if (!openai_is_speech_model(model))
        return openai_unknown_model(model, err);
    if (events && one_of(model, "tts-1|tts-1-hd"))
        return err_set(err, ERR_VALIDATION,
                       "stream_format: sse is not supported for tts-1 or tts-1-hd");
    /* The names of OpenAI's own voices stand for the one that is set: most clients offer no other.
     */
    if (one_of(voice, "alloy|ash|ballad|cedar|coral|echo|fable|marin|nova|onyx|sage|shimmer|verse"))
        voice = STR("");
    SpokenAsk q = {.text = call_body(c, "input")->str,
                   .voice = voice,
                   .format = call_body(c, "response_format")->str,
                   .instructions = call_body(c, "instructions")->str,
                   .speed = speed->is_null ? 1 : speed->num,
                   .way = events ? SPOKEN_EVENTS : SPOKEN_STREAMS,
                   .pcm_rate = PCM_OUT_HZ};
    return spoken_make(c, &q, &spoken, err);
}

/* ---- our own --------------------------------------------------------------------------------- */

static bool wants_json(const ApiCall *c)
{
    Str rest = http_header(&c->x->req, "Accept"), one;
    while (str_next(&rest, ',', &one))
        if (str_eq_nocase(str_trim(http_media_type(one)), STR("application/json")))
            return true;
    return false;
}

static bool as_json(ApiCall *c, const Spoken *s, Err *err)
{
    Buf bytes = c->out;
    JsonW w;
    buf_init(&c->out, (size_t)512 << 20);
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "voice", s->report.voice);
    jw_kv_cstr(&w, "backend", s->report.backend);
    jw_kv_bool(&w, "cached", s->report.cached);
    if (s->report.fallback)
        jw_kv_cstr(&w, "fallback", s->report.why);
    jw_kv_num(&w, "seconds", s->seconds);
    if (!spoken_members(&w, &bytes, s->media_type, err))
        return false;
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool voice_synthesize(ApiCall *c, Err *err)
{
    bool json = wants_json(c);
    Spoken spoken;
    c->out.max = (size_t)256 << 20;
    SpokenAsk q = {.text = call_body(c, "text")->str,
                   .voice = call_body(c, "voice")->str,
                   .format = call_body(c, "format")->str,
                   .speed = call_body(c, "speed")->num,
                   .way = !json && call_body(c, "stream")->b ? SPOKEN_STREAMS : SPOKEN_WHOLE};
    if (!spoken_make(c, &q, &spoken, err))
        return false;
    if (q.way == SPOKEN_STREAMS)
        return true;
    if (json)
        return as_json(c, &spoken, err);
    if (!call_json(c, 200, err))
        return false;
    c->x->resp.content_type = str_of(spoken.media_type);
    return true;
}

bool voice_voices(ApiCall *c, Err *err)
{
    SpeechVoice *list;
    size_t n;
    Str note;
    JsonW w;
    if (!c->parts->speech)
        return err_set(err, ERR_UNAVAILABLE, "there are no voices here");
    if (!speech_voices(c->parts->speech, call_query(c, "remote")->b, c->arena, &list, &n, &note,
                       err))
        return false;
    jw_init(&w, &c->out);
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        jw_kv_cstr(&w, "id", list[i].id);
        jw_kv_cstr(&w, "name", list[i].name);
        jw_kv_cstr(&w, "language", list[i].language);
        jw_kv_cstr(&w, "backend", list[i].backend);
        if (list[i].rate_hz)
            jw_kv_int(&w, "rate_hz", list[i].rate_hz);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    if (note.len)
        http_resp_header(c->x, "Sotto-Voices-Note", note);
    return call_json(c, 200, err);
}
