/* speech.c - texts spoken aloud: POST /v1/audio/speech, POST /api/v1/voice/synthesize, and the list
 * of voices.
 *
 * Source of the former: the OpenAI API reference. Its raw PCM is 24 kHz, 16 bit, one channel. Bytes
 * go out as they are made; an error before the first of them is an ordinary error, one behind it
 * cuts the connection, so that a part is never taken for the whole. */
#include "api/openai.h"
#include "audio/encode.h"
#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/mem.h"

#define PCM_OUT_HZ 24000
#define BLOCK 2048
#define WAIT_BYTES ((size_t)1 << 20) /* that may wait for a slow client */
#define WAIT_MS 20000                /* who takes nothing for so long has gone */

typedef struct {
    ApiCall *call;
    Encoder *encoder;
    Resampler *resampler; /* NULL: the voice's rate goes out */
    const char *media_type;
    bool streams;
    bool gone;
    Buf bytes; /* not streamed: all of them, as samples of 16 bit */
    Err err;   /* why it stopped, when it was not the client */
} Speech;

static bool send_ready(Speech *s)
{
    ApiCall *c = s->call;
    if (!buf_check(&c->out, "the sound", &s->err))
        return false;
    if (!c->out.len)
        return true;
    if (!c->streaming) {
        c->streaming = true;
        c->x->resp.status = 200;
        c->x->resp.content_type = str_of(s->media_type);
        http_stream_start(c->x, -1);
    }
    s->gone = !http_stream_send(c->x, buf_str(&c->out)) ||
              !http_stream_wait(c->x, WAIT_BYTES, WAIT_MS);
    buf_clear(&c->out);
    return !s->gone;
}

static bool encode(void *arg, const float *pcm, size_t n, Err *err)
{
    Speech *s = arg;
    return encode_push(s->encoder, pcm, n, &s->call->out, err);
}

static bool on_sound(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    Speech *s = arg;
    float block[BLOCK];
    (void)place;
    if (http_exchange_cancelled(s->call->x)) {
        s->gone = true;
        return false;
    }
    if (!s->streams)
        return buf_add_mem(&s->bytes, pcm, n * sizeof *pcm);
    while (n) {
        size_t here = n < BLOCK ? n : BLOCK;
        pcm_from_s16(pcm, here, block);
        if (s->resampler ? !resample_push(s->resampler, block, here, encode, s, &s->err)
                         : !encode(s, block, here, &s->err))
            return false;
        pcm += here;
        n -= here;
    }
    return send_ready(s);
}

static bool finish_stream(Speech *s, Err *err)
{
    return (!s->resampler || resample_finish(s->resampler, encode, s, err)) &&
           encode_finish(s->encoder, &s->call->out, err) && (send_ready(s) || s->gone);
}

/* All that was collected, in the format, with exact lengths in its header. */
static bool encode_whole(Speech *s, EncodeFormat format, uint32_t rate, Err *err)
{
    size_t n = s->bytes.len / sizeof(int16_t);
    if (!buf_check(&s->bytes, "the sound", err))
        return false;
    float *pcm = mem_array(n ? n : 1, sizeof *pcm);
    if (!pcm)
        return err_set(err, ERR_NO_MEMORY, "no memory for the sound");
    pcm_from_s16((const int16_t *)(const void *)s->bytes.ptr, n, pcm);
    EncodeOptions o = {.format = format, .rate_hz = rate, .samples = n};
    bool ok = encode_all(&o, pcm, n, &s->call->out, err);
    mem_free(pcm);
    return ok;
}

typedef struct {
    Str text, voice, format;
    double speed;
    bool streams;
    uint32_t pcm_rate; /* of raw PCM; 0: the voice's */
} SpeechAsk;

static bool open_stream(Speech *s, EncodeFormat format, uint32_t rate, uint32_t pcm_rate, Err *err)
{
    bool other = format == ENCODE_PCM && pcm_rate && pcm_rate != rate;
    EncodeOptions o = {.format = format, .rate_hz = other ? pcm_rate : rate};
    if (other && !(s->resampler = resample_new(rate, pcm_rate, err)))
        return false;
    s->encoder = encode_new(&o, err);
    return s->encoder != NULL;
}

/* Speaks into the answer; what was not streamed is in c->out afterwards. */
static bool speak(ApiCall *c, const SpeechAsk *q, const char **media_type, Err *err)
{
    EncodeFormat format;
    if (!c->parts->mouth)
        return err_set(err, ERR_UNAVAILABLE, "there are no voices here");
    if (!encode_find(q->format, &format))
        return err_set(err, ERR_VALIDATION, "there is no such format");
    MouthTurn *turn = mouth_turn(c->parts->mouth, q->voice, err);
    if (!turn)
        return false;
    uint32_t rate = mouth_info(turn)->rate_hz;
    Speech s = {.call = c, .streams = q->streams, .media_type = encode_info(format)->media_type};
    buf_init(&s.bytes, (size_t)256 << 20);
    *media_type = s.media_type;
    VoiceSay say = {.speed = (float)q->speed, .seed = 1, .sink = on_sound, .arg = &s};
    bool ok = !q->streams || open_stream(&s, format, rate, q->pcm_rate, err);
    ok = ok && mouth_say(turn, q->text, &say, NULL, err);
    mouth_done(turn);
    ok = ok && (q->streams ? finish_stream(&s, err) : encode_whole(&s, format, rate, err));
    if (!ok && s.err.code != ERR_NONE)
        *err = s.err;
    encode_free(s.encoder);
    resample_free(s.resampler);
    buf_release(&s.bytes);
    return ok || s.gone; /* who has gone needs no answer */
}

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
    return one_of(name, OPENAI_SPEECH_MODEL "|tts-1|tts-1-hd|gpt-4o-mini-tts");
}

bool openai_speech(ApiCall *c, Err *err)
{
    Str voice = call_body(c, "voice")->str;
    const FieldValue *speed = call_body(c, "speed");
    const char *media_type;
    if (!openai_is_speech_model(call_body(c, "model")->str))
        return openai_unknown_model(call_body(c, "model")->str, err);
    /* The names of OpenAI's own voices stand for the one that is set: most clients offer no other.
     */
    if (one_of(voice, "alloy|ash|ballad|cedar|coral|echo|fable|marin|nova|onyx|sage|shimmer|verse"))
        voice = STR("");
    SpeechAsk q = {.text = call_body(c, "input")->str,
                   .voice = voice,
                   .format = call_body(c, "response_format")->str,
                   .speed = speed->is_null ? 1 : speed->num,
                   .streams = true,
                   .pcm_rate = PCM_OUT_HZ};
    return speak(c, &q, &media_type, err);
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

static bool as_base64(ApiCall *c, const char *media_type, Err *err)
{
    Buf bytes = c->out;
    JsonW w;
    buf_init(&c->out, (size_t)512 << 20);
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "audio_base64");
    Buf text;
    buf_init(&text, (size_t)512 << 20);
    openai_base64(&text, (const uint8_t *)bytes.ptr, bytes.len);
    jw_str(&w, buf_str(&text));
    jw_kv_cstr(&w, "content_type", media_type);
    jw_obj_end(&w);
    bool ok = buf_check(&text, "the sound", err);
    buf_release(&text);
    buf_release(&bytes);
    return ok && call_json(c, 200, err);
}

bool voice_synthesize(ApiCall *c, Err *err)
{
    bool json = wants_json(c);
    const char *media_type;
    c->out.max = (size_t)256 << 20;
    SpeechAsk q = {.text = call_body(c, "text")->str,
                   .voice = call_body(c, "voice")->str,
                   .format = call_body(c, "format")->str,
                   .speed = call_body(c, "speed")->num,
                   .streams = !json && call_body(c, "stream")->b};
    if (!speak(c, &q, &media_type, err))
        return false;
    if (q.streams)
        return true;
    if (json)
        return as_base64(c, media_type, err);
    if (!call_json(c, 200, err))
        return false;
    c->x->resp.content_type = str_of(media_type);
    return true;
}

bool voice_voices(ApiCall *c, Err *err)
{
    VoiceInfo *list;
    size_t n;
    JsonW w;
    if (!c->parts->mouth)
        return err_set(err, ERR_UNAVAILABLE, "there are no voices here");
    if (!mouth_voices(c->parts->mouth, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        jw_kv_cstr(&w, "id", list[i].id);
        jw_kv_cstr(&w, "name", list[i].name);
        jw_kv_cstr(&w, "language", list[i].language);
        jw_kv_cstr(&w, "backend", voice_backend_name(list[i].backend));
        jw_kv_int(&w, "rate_hz", list[i].rate_hz);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    return call_json(c, 200, err);
}
