#include "audio/encode.h"

#include "audio/encode_int.h"
#include "audio/pcm.h"
#include "audio/resample.h"
#include "audio/wav.h"
#include "base/mem.h"

#define BLOCK 1024

static const EncodeInfo infos[ENCODE_FORMATS] = {
    [ENCODE_WAV] = {"wav", "audio/wav", "wav"},   [ENCODE_PCM] = {"pcm", "audio/pcm", "pcm"},
    [ENCODE_FLAC] = {"flac", "audio/flac", "flac"}, [ENCODE_OPUS] = {"opus", "audio/ogg", "ogg"},
    [ENCODE_MP3] = {"mp3", "audio/mpeg", "mp3"},  [ENCODE_AAC] = {"aac", "audio/aac", "aac"}};

struct Encoder {
    EncodeOptions o;
    const EncodeBackend *backend; /* NULL: WAV and PCM */
    void *state;
    Resampler *resampler;         /* NULL: the format has the rate */
    Buf *out;                     /* of the call that runs */
};

const EncodeInfo *encode_info(EncodeFormat format) { return &infos[format]; }

bool encode_find(Str name, EncodeFormat *out)
{
    for (size_t i = 0; i < ENCODE_FORMATS; i++)
        if (str_eq(name, str_of(infos[i].name))) {
            *out = (EncodeFormat)i;
            return true;
        }
    return false;
}

bool encode_fail(const char *format, const char *what, Err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "cannot make %s: %s", format, what);
}

static const EncodeBackend *backend_of(EncodeFormat format)
{
    switch (format) {
    case ENCODE_FLAC:
        return &encode_flac;
    case ENCODE_OPUS:
        return &encode_opus;
    case ENCODE_MP3:
        return &encode_mp3;
    case ENCODE_AAC:
        return &encode_aac;
    default:
        return NULL;
    }
}

static bool start(Encoder *e, Err *err)
{
    EncodeOptions inner = e->o;
    e->backend = backend_of(e->o.format);
    if (!e->backend)
        return true;
    inner.rate_hz = e->backend->rate ? e->backend->rate(e->o.rate_hz) : e->o.rate_hz;
    if (inner.rate_hz != e->o.rate_hz) {
        e->resampler = resample_new(e->o.rate_hz, inner.rate_hz, err);
        if (!e->resampler)
            return false;
        inner.samples = resample_length((size_t)e->o.samples, e->o.rate_hz, inner.rate_hz);
    }
    e->state = e->backend->open(&inner, err);
    return e->state != NULL;
}

static bool check(const EncodeOptions *o, Err *err)
{
    if (o->rate_hz < 8000 || o->rate_hz > 192000)
        return err_set(err, ERR_VALIDATION,
                       "sound of %u Hz cannot be encoded: 8000 to 192000 can", o->rate_hz);
    if (o->bit_rate && (o->bit_rate < 8000 || o->bit_rate > 320000))
        return err_set(err, ERR_VALIDATION, "a bit rate must be 8000 to 320000, not %u",
                       o->bit_rate);
    return true;
}

Encoder *encode_new(const EncodeOptions *o, Err *err)
{
    if (!check(o, err))
        return NULL;
    Encoder *e = mem_zalloc(sizeof *e);
    if (!e) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot encode sound: out of memory");
        return NULL;
    }
    e->o = *o;
    if (!e->o.bit_rate)
        e->o.bit_rate = o->format == ENCODE_OPUS ? 32000 : 64000;
    if (start(e, err))
        return e;
    encode_free(e);
    return NULL;
}

void encode_free(Encoder *e)
{
    if (!e)
        return;
    if (e->backend)
        e->backend->close(e->state);
    resample_free(e->resampler);
    mem_free(e);
}

static bool give(void *arg, const float *pcm, size_t n, Err *err)
{
    Encoder *e = arg;
    if (!e->backend) {
        int16_t block[RESAMPLE_BLOCK];
        pcm_to_s16(pcm, n, block);
        return buf_add_mem(e->out, block, n * sizeof *block) ||
               buf_check(e->out, "the encoded sound", err);
    }
    return e->backend->push(e->state, pcm, n, e->out, err) &&
           buf_check(e->out, "the encoded sound", err);
}

/* WAV's header goes out with the first samples. */
static bool head(Encoder *e, Err *err)
{
    uint8_t bytes[WAV_HEADER];
    if (e->o.format != ENCODE_WAV || e->state)
        return true;
    wav_header(e->o.rate_hz, e->o.samples ? e->o.samples : UINT64_MAX, bytes);
    e->state = e; /* written */
    return buf_add_mem(e->out, bytes, sizeof bytes) || buf_check(e->out, "the encoded sound", err);
}

bool encode_push(Encoder *e, const float *pcm, size_t n, Buf *out, Err *err)
{
    float block[BLOCK];
    e->out = out;
    if (!head(e, err))
        return false;
    for (size_t now; n > 0; pcm += now, n -= now) {
        now = n < BLOCK ? n : BLOCK;
        for (size_t i = 0; i < now; i++)
            block[i] = pcm[i] > 1 ? 1 : pcm[i] > -1 ? pcm[i] : pcm[i] <= -1 ? -1 : 0; /* NaN: 0 */
        if (e->resampler ? !resample_push(e->resampler, block, now, give, e, err) :
                           !give(e, block, now, err))
            return false;
    }
    return true;
}

bool encode_finish(Encoder *e, Buf *out, Err *err)
{
    e->out = out;
    return head(e, err) && (!e->resampler || resample_finish(e->resampler, give, e, err)) &&
           (!e->backend || e->backend->finish(e->state, out, err)) &&
           buf_check(out, "the encoded sound", err);
}

bool encode_all(const EncodeOptions *o, const float *pcm, size_t n, Buf *out, Err *err)
{
    EncodeOptions known = *o;
    known.samples = n;
    Encoder *e = encode_new(&known, err);
    bool ok = e && encode_push(e, pcm, n, out, err) && encode_finish(e, out, err);
    encode_free(e);
    return ok;
}
