/* spoken.c - see spoken.h. */
#include "api/spoken.h"

#include <stdio.h>

#include "api/openai.h"
#include "audio/encode.h"
#include "audio/pcm.h"
#include "audio/resample.h"
#include "base/clock.h"
#include "base/mem.h"

#define BLOCK 2048
#define WHOLE_MAX ((size_t)256 << 20)
#define WAIT_BYTES ((size_t)1 << 20) /* that may wait for a slow client */
#define WAIT_MS 20000                /* who takes nothing for so long has gone */

typedef struct {
    ApiCall *call;
    const SpokenAsk *ask;
    EncodeFormat format;
    Encoder *encoder;
    Resampler *resampler; /* NULL: the voice's rate goes out */
    const char *media_type;
    uint64_t began_ns, samples;
    bool gone;
    Buf bytes; /* not streamed: all of them, as samples of 16 bit */
    Err err;   /* why it stopped, when it was not the client */
} Out;

/* ---- bytes out ------------------------------------------------------------------------------- */

static bool event(Out *s, const char *name, Str audio)
{
    Buf b, text;
    JsonW w;
    buf_init(&b, WHOLE_MAX);
    buf_init(&text, WHOLE_MAX);
    openai_base64(&text, (const uint8_t *)audio.ptr, audio.len);
    jw_init(&w, &b);
    jw_obj(&w);
    jw_kv_cstr(&w, "type", name);
    if (audio.ptr) {
        jw_kv_str(&w, "audio", buf_str(&text));
    } else { /* we count no tokens; of text, a word each is as near as any */
        int64_t words = 1;
        for (size_t i = 0; i < s->ask->text.len; i++)
            words += s->ask->text.ptr[i] == ' ';
        jw_key(&w, "usage");
        jw_obj(&w);
        jw_kv_int(&w, "input_tokens", words);
        jw_kv_int(&w, "output_tokens", 0);
        jw_kv_int(&w, "total_tokens", words);
        jw_obj_end(&w);
    }
    jw_obj_end(&w);
    bool ok = buf_check(&text, "the sound", &s->err) && buf_check(&b, "the sound", &s->err) &&
              http_stream_event(s->call->x, NULL, buf_str(&b));
    buf_release(&text);
    buf_release(&b);
    return ok;
}

static void start(Out *s)
{
    ApiCall *c = s->call;
    if (s->ask->way == SPOKEN_EVENTS) {
        call_events(c);
        return;
    }
    c->streaming = true;
    c->x->resp.status = 200;
    c->x->resp.content_type = str_of(s->media_type);
    http_stream_start(c->x, -1);
}

static bool send_ready(Out *s)
{
    ApiCall *c = s->call;
    if (!buf_check(&c->out, "the sound", &s->err))
        return false;
    if (!c->out.len)
        return true;
    if (!c->streaming)
        start(s);
    bool sent = s->ask->way == SPOKEN_EVENTS
                    ? event(s, "speech.audio.delta", buf_str(&c->out))
                    : http_stream_send(c->x, buf_str(&c->out));
    s->gone = s->err.code == ERR_NONE &&
              (!sent || !http_stream_wait(c->x, WAIT_BYTES, WAIT_MS));
    buf_clear(&c->out);
    return sent && !s->gone;
}

static bool encode(void *arg, const float *pcm, size_t n, Err *err)
{
    Out *s = arg;
    return encode_push(s->encoder, pcm, n, &s->call->out, err);
}

/* ---- samples in ------------------------------------------------------------------------------ */

/* Of a reason, what a header may hold. */
static void header(ApiCall *c, const char *name, const char *value)
{
    char clean[200];
    size_t n = 0;
    for (; value[n] && n < sizeof clean - 1; n++)
        clean[n] = value[n] >= ' ' && value[n] < 127 ? value[n] : '?';
    (void)http_resp_header(c->x, name, str_mem(clean, n));
}

static void name_voice(ApiCall *c, const SpeechWho *who)
{
    header(c, "Sotto-Voice", who->voice);
    header(c, "Sotto-Voice-Backend", who->backend);
    header(c, "Sotto-Voice-Cached", who->cached ? "yes" : "no");
    if (who->fallback)
        header(c, "Sotto-Voice-Fallback", who->why);
}

static bool on_begin(void *arg, const SpeechWho *who, Err *err)
{
    Out *s = arg;
    uint32_t wanted = s->ask->pcm_rate;
    bool other = s->format == ENCODE_PCM && wanted && wanted != who->rate_hz;
    EncodeOptions o = {.format = s->format, .rate_hz = other ? wanted : who->rate_hz};
    name_voice(s->call, who);
    if (s->ask->began)
        s->ask->began(s->ask->arg, clock_seconds_since(s->began_ns) * 1000);
    if (s->ask->way == SPOKEN_WHOLE)
        return true;
    if (other && !(s->resampler = resample_new(who->rate_hz, wanted, err)))
        return false;
    s->encoder = encode_new(&o, err);
    return s->encoder != NULL;
}

static bool on_sound(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    Out *s = arg;
    float block[BLOCK];
    (void)place;
    s->samples += n;
    if (http_exchange_cancelled(s->call->x)) {
        s->gone = true;
        return false;
    }
    if (s->ask->way == SPOKEN_WHOLE)
        return buf_add_mem(&s->bytes, pcm, n * sizeof *pcm) ||
               buf_check(&s->bytes, "the sound", &s->err);
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

static bool finish_stream(Out *s, Err *err)
{
    bool ok = (!s->resampler || resample_finish(s->resampler, encode, s, err)) &&
              encode_finish(s->encoder, &s->call->out, err) && (send_ready(s) || s->gone);
    if (ok && !s->gone && s->ask->way == SPOKEN_EVENTS)
        s->gone = !event(s, "speech.audio.done", (Str){NULL, 0});
    return ok;
}

static bool encode_whole(Out *s, uint32_t rate, Err *err)
{
    size_t n = s->bytes.len / sizeof(int16_t);
    float *pcm = mem_array(n ? n : 1, sizeof *pcm);
    if (!pcm)
        return err_set(err, ERR_NO_MEMORY, "no memory for the sound");
    pcm_from_s16((const int16_t *)(const void *)s->bytes.ptr, n, pcm);
    EncodeOptions o = {.format = s->format, .rate_hz = rate, .samples = n};
    bool ok = encode_all(&o, pcm, n, &s->call->out, err);
    mem_free(pcm);
    return ok;
}

bool spoken_make(ApiCall *c, const SpokenAsk *q, Spoken *out, Err *err)
{
    Out s = {.call = c, .ask = q, .began_ns = clock_mono_ns()};
    if (!c->parts->speech)
        return err_set(err, ERR_UNAVAILABLE, "there are no voices here");
    if (!encode_find(q->format, &s.format))
        return err_set(err, ERR_VALIDATION, "there is no such format");
    s.media_type = encode_info(s.format)->media_type;
    buf_init(&s.bytes, WHOLE_MAX);
    *out = (Spoken){.media_type = s.media_type};
    SpeechSay say = {.owner = c->parts->store ? c->owner : NULL,
                     .voice = q->voice,
                     .text = q->text,
                     .instructions = q->instructions,
                     .speed = (float)q->speed,
                     .seed = 1,
                     .begin = on_begin,
                     .sink = on_sound,
                     .arg = &s};
    bool ok = speech_say(c->parts->speech, &say, &out->report, err);
    uint32_t rate = out->report.rate_hz;
    out->seconds = rate ? (double)s.samples / rate : 0;
    ok = ok && (q->way == SPOKEN_WHOLE ? encode_whole(&s, rate, err) : finish_stream(&s, err));
    if (!ok && s.err.code != ERR_NONE)
        *err = s.err;
    encode_free(s.encoder);
    resample_free(s.resampler);
    buf_release(&s.bytes);
    return ok || s.gone; /* who has gone needs no answer */
}

/* ---- shapes ---------------------------------------------------------------------------------- */

bool spoken_members(JsonW *w, Buf *bytes, const char *media_type, Err *err)
{
    Buf text;
    buf_init(&text, (size_t)512 << 20);
    openai_base64(&text, (const uint8_t *)bytes->ptr, bytes->len);
    bool ok = buf_check(&text, "the sound", err);
    if (ok) {
        jw_kv_str(w, "audio_base64", buf_str(&text));
        jw_kv_cstr(w, "content_type", media_type);
    }
    buf_release(&text);
    buf_release(bytes);
    return ok;
}

bool spoken_accepted(const ApiCall *c, Str *format)
{
    static const char *const types[][2] = {
        {"audio/*", ""},        {"audio/wav", "wav"},   {"audio/x-wav", "wav"},
        {"audio/wave", "wav"},  {"audio/mpeg", "mp3"},  {"audio/mp3", "mp3"},
        {"audio/ogg", "opus"},  {"audio/opus", "opus"}, {"audio/flac", "flac"},
        {"audio/aac", "aac"},   {"audio/pcm", "pcm"}};
    Str rest = http_header(&c->x->req, "Accept"), one;
    while (str_next(&rest, ',', &one))
        for (size_t i = 0; i < sizeof types / sizeof *types; i++)
            if (str_eq_nocase(str_trim(http_media_type(one)), str_of(types[i][0]))) {
                *format = str_of(types[i][1]);
                return true;
            }
    return false;
}
