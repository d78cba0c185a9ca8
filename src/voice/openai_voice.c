/* openai_voice.c - voices of any server that speaks OpenAI's protocol.
 *
 *   POST {base}/audio/speech   Authorization: Bearer KEY
 *     {model, input, voice, response_format, speed, instructions} -> sound
 *
 * Source: OpenAI API reference, "Create speech", 2026. PCM is 24 kHz, 16 bit, one channel; WAV says
 * itself what it is, so it is what is asked for unless set otherwise. */
#include "base/json.h"
#include "llm/endpoint.h"
#include "voice/speech_int.h"

#define PCM_HZ 24000

bool openai_voice_ready(const Speech *s, Err *err)
{
    return s->openai.url[0]
        || err_set(err, ERR_UNAVAILABLE,
            "OpenAI's voices need a server: set openai_base_url (or speech_url)");
}

static bool failed(void *arg, int status, Str body, Err *err)
{
    const Speech *s = arg;
    return endpoint_failed(str_of(s->openai.url), status, body, s->openai.key, err);
}

static void body_of(const Speech *s, const SpeechPart *p, Buf *out)
{
    JsonW w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kv_cstr(&w, "model", s->openai.model);
    jw_kv_str(&w, "input", p->text);
    jw_kv_cstr(&w, "voice", p->voice[0] ? p->voice : s->openai.voice);
    jw_kv_cstr(&w, "response_format", s->openai.format);
    if (p->speed < 0.999f || p->speed > 1.001f) {
        jw_key(&w, "speed");
        jw_float(&w, p->speed);
    }
    if (p->instructions.len)
        jw_kv_str(&w, "instructions", p->instructions);
    jw_obj_end(&w);
}

bool openai_voice_say(const Speech *s, const SpeechPart *p, uint64_t *given, Err *err)
{
    Buf body;
    HttpHeader headers[2] = {{STR("Content-Type"), STR("application/json")}};
    *given = 0;
    if (!openai_voice_ready(s, err))
        return false;
    Arena *a = arena_new((size_t)1 << 20);
    const char *url = a ? endpoint_url(str_of(s->openai.url), "audio/speech", a, err) : NULL;
    if (!url) {
        arena_free(a);
        return a ? false : err_set(err, ERR_NO_MEMORY, "no memory to speak");
    }
    Str host = endpoint_host(str_of(s->openai.url));
    RemoteAsk q = speech_ask(s, p, arena_str(a, host).ptr);
    buf_init(&body, (size_t)1 << 20);
    body_of(s, p, &body);
    q.url = url;
    q.headers = headers;
    q.n_headers = 1 + (size_t)endpoint_auth(s->openai.key, a, &headers[1]);
    q.body = buf_str(&body);
    q.raw_hz = strcmp(s->openai.format, "pcm") == 0 ? PCM_HZ : 0;
    q.failed = failed;
    q.failed_arg = (void *)(uintptr_t)s;
    bool ok = (q.who || err_set(err, ERR_NO_MEMORY, "no memory to speak"))
        && buf_check(&body, "the text", err) && remote_speak(&q, given, err);
    buf_release(&body);
    arena_free(a);
    return ok;
}
