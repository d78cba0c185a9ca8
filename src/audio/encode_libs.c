/* encode_libs.c - FLAC, Ogg Opus and MP3 by the reference encoders; the one file that knows
 * libFLAC, libopusenc and libmp3lame.
 *
 * Three small libraries rather than one large: each is loaded with dlopen when the first sound in
 * its format is made and costs 0.2 MiB, while FFmpeg's, which the confined child uses, would cost
 * the server 17; libsndfile wraps the same three and wants to seek back in what was sent. */
#include <FLAC/stream_encoder.h>
#include <lame/lame.h>
#include <opus/opusenc.h>
#include <pthread.h>

#include "audio/encode_int.h"
#include "audio/pcm.h"
#include "base/mem.h"
#include "base/os.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

typedef struct {
    const char *name;
    void *to;
} Symbol;

/* Once a library: `ready` is set behind the last symbol. */
static bool load(bool *ready, const char *so, const char *package, const Symbol *symbols, size_t n,
                 Err *err)
{
    (void)pthread_mutex_lock(&lock);
    bool ok = *ready;
    if (!ok) {
        void *lib = os_dlopen((const char *const[]){so, NULL}, package, err);
        ok = lib != NULL;
        for (size_t i = 0; i < n && ok; i++)
            ok = os_sym(lib, symbols[i].name, symbols[i].to, err);
        *ready = ok;
    }
    (void)pthread_mutex_unlock(&lock);
    return ok;
}

static void *no_memory(const char *format, Err *err)
{
    (void)err_set(err, ERR_NO_MEMORY, "cannot make %s: out of memory", format);
    return NULL;
}

/* ---- FLAC ---------------------------------------------------------------------------------- */

static struct {
    __typeof__(&FLAC__stream_encoder_new) new;
    __typeof__(&FLAC__stream_encoder_delete) delete;
    __typeof__(&FLAC__stream_encoder_set_channels) channels;
    __typeof__(&FLAC__stream_encoder_set_bits_per_sample) bits;
    __typeof__(&FLAC__stream_encoder_set_sample_rate) rate;
    __typeof__(&FLAC__stream_encoder_set_compression_level) level;
    __typeof__(&FLAC__stream_encoder_set_blocksize) block;
    __typeof__(&FLAC__stream_encoder_set_streamable_subset) subset;
    __typeof__(&FLAC__stream_encoder_set_total_samples_estimate) total;
    __typeof__(&FLAC__stream_encoder_init_stream) init;
    __typeof__(&FLAC__stream_encoder_process) process;
    __typeof__(&FLAC__stream_encoder_finish) finish;
    bool ready;
} flac;

typedef struct {
    FLAC__StreamEncoder *encoder;
    Buf head; /* what it writes while it is opened */
    Buf *out;
} Flac;

static FLAC__StreamEncoderWriteStatus flac_write(const FLAC__StreamEncoder *encoder,
    const FLAC__byte bytes[], size_t n, uint32_t samples, uint32_t frame, void *arg)
{
    const Flac *f = arg;
    (void)encoder, (void)samples, (void)frame;
    return buf_add_mem(f->out, bytes, n) ? FLAC__STREAM_ENCODER_WRITE_STATUS_OK :
                                           FLAC__STREAM_ENCODER_WRITE_STATUS_FATAL_ERROR;
}

static bool flac_load(Err *err)
{
    const Symbol symbols[] = {
        {"FLAC__stream_encoder_new", &flac.new},
        {"FLAC__stream_encoder_delete", &flac.delete},
        {"FLAC__stream_encoder_set_channels", &flac.channels},
        {"FLAC__stream_encoder_set_bits_per_sample", &flac.bits},
        {"FLAC__stream_encoder_set_sample_rate", &flac.rate},
        {"FLAC__stream_encoder_set_compression_level", &flac.level},
        {"FLAC__stream_encoder_set_blocksize", &flac.block},
        {"FLAC__stream_encoder_set_streamable_subset", &flac.subset},
        {"FLAC__stream_encoder_set_total_samples_estimate", &flac.total},
        {"FLAC__stream_encoder_init_stream", &flac.init},
        {"FLAC__stream_encoder_process", &flac.process},
        {"FLAC__stream_encoder_finish", &flac.finish}};
    return load(&flac.ready, "libFLAC.so.12", "libflac12", symbols,
                sizeof symbols / sizeof *symbols, err);
}

static void flac_close(void *state)
{
    Flac *f = state;
    if (!f)
        return;
    if (f->encoder)
        flac.delete(f->encoder);
    buf_release(&f->head);
    mem_free(f);
}

static void *flac_open(const EncodeOptions *o, Err *err)
{
    if (!flac_load(err))
        return NULL;
    Flac *f = mem_zalloc(sizeof *f);
    if (!f)
        return no_memory("FLAC", err);
    buf_init(&f->head, BUF_DEFAULT_MAX);
    f->out = &f->head;
    f->encoder = flac.new();
    bool ok = f->encoder && flac.channels(f->encoder, 1) && flac.bits(f->encoder, 16) &&
              flac.rate(f->encoder, o->rate_hz) && flac.level(f->encoder, 5) &&
              flac.block(f->encoder, 1152) && flac.subset(f->encoder, false) &&
              flac.total(f->encoder, o->samples);
    if (ok && flac.init(f->encoder, flac_write, NULL, NULL, NULL, f) ==
                  FLAC__STREAM_ENCODER_INIT_STATUS_OK)
        return f;
    flac_close(f);
    return no_memory("FLAC", err);
}

/* What was written while nobody waited for it. */
static void flac_flush(Flac *f, Buf *out)
{
    (void)buf_add(out, buf_str(&f->head));
    buf_clear(&f->head);
    f->out = out;
}

static bool flac_push(void *state, const float *pcm, size_t n, Buf *out, Err *err)
{
    Flac *f = state;
    int16_t narrow[1024];
    FLAC__int32 wide[1024];
    flac_flush(f, out);
    for (size_t now; n > 0; pcm += now, n -= now) {
        now = n < 1024 ? n : 1024;
        pcm_to_s16(pcm, now, narrow);
        for (size_t i = 0; i < now; i++)
            wide[i] = narrow[i];
        if (!flac.process(f->encoder, (const FLAC__int32 *const[]){wide}, (uint32_t)now))
            return buf_check(out, "the encoded sound", err) &&
                   encode_fail("FLAC", "its encoder failed", err);
    }
    f->out = &f->head;
    return true;
}

static bool flac_finish(void *state, Buf *out, Err *err)
{
    Flac *f = state;
    flac_flush(f, out);
    bool ok = flac.finish(f->encoder);
    f->out = &f->head;
    return ok || !buf_ok(out) || encode_fail("FLAC", "its encoder failed", err);
}

const EncodeBackend encode_flac = {
    .open = flac_open, .push = flac_push, .finish = flac_finish, .close = flac_close};

/* ---- Ogg Opus ------------------------------------------------------------------------------ */

#define OPUS_EFFORT 5 /* of 10, which takes twice as long and is not heard in speech */

static struct {
    __typeof__(&ope_comments_create) comments;
    __typeof__(&ope_comments_destroy) drop_comments;
    __typeof__(&ope_encoder_create_callbacks) create;
    __typeof__(&ope_encoder_ctl) control;
    __typeof__(&ope_encoder_write_float) write;
    __typeof__(&ope_encoder_drain) drain;
    __typeof__(&ope_encoder_destroy) destroy;
    bool ready;
} opus;

typedef struct {
    OggOpusEnc *encoder;
    OggOpusComments *comments;
    bool any; /* samples were pushed */
    Buf *out; /* NULL: nobody listens (it is closed before its end) */
} Opus;

/* Never a failure: the library's next call would end the process (an assert). A full Buf says so by
 * itself. */
static int opus_write(void *arg, const unsigned char *bytes, opus_int32 n)
{
    const Opus *o = arg;
    if (o->out)
        (void)buf_add_mem(o->out, bytes, (size_t)n);
    return 0;
}

static int opus_end(void *arg)
{
    (void)arg;
    return 0;
}

static bool opus_load(Err *err)
{
    const Symbol symbols[] = {{"ope_comments_create", &opus.comments},
                              {"ope_comments_destroy", &opus.drop_comments},
                              {"ope_encoder_create_callbacks", &opus.create},
                              {"ope_encoder_ctl", &opus.control},
                              {"ope_encoder_write_float", &opus.write},
                              {"ope_encoder_drain", &opus.drain},
                              {"ope_encoder_destroy", &opus.destroy}};
    return load(&opus.ready, "libopusenc.so.0", "libopusenc0", symbols,
                sizeof symbols / sizeof *symbols, err);
}

static void opus_close(void *state)
{
    Opus *o = state;
    if (!o)
        return;
    o->out = NULL;
    if (o->encoder)
        opus.destroy(o->encoder);
    if (o->comments)
        opus.drop_comments(o->comments);
    mem_free(o);
}

static void *opus_open(const EncodeOptions *options, Err *err)
{
    static const OpusEncCallbacks callbacks = {opus_write, opus_end};
    if (!opus_load(err))
        return NULL;
    Opus *o = mem_zalloc(sizeof *o);
    if (!o)
        return no_memory("Opus", err);
    int why = 0;
    o->comments = opus.comments();
    if (o->comments)
        o->encoder = opus.create(&callbacks, o, o->comments, (opus_int32)options->rate_hz, 1, 0,
                                 &why);
    /* A serial number of its own making would differ every time; a page at least every 200 ms. */
    bool ok = o->encoder && opus.control(o->encoder, OPE_SET_SERIALNO(1)) == OPE_OK &&
              opus.control(o->encoder, OPE_SET_MUXING_DELAY(9600)) == OPE_OK &&
              opus.control(o->encoder, OPE_SET_DECISION_DELAY(0)) == OPE_OK &&
              opus.control(o->encoder, OPUS_SET_BITRATE((opus_int32)options->bit_rate)) ==
                  OPE_OK &&
              opus.control(o->encoder, OPUS_SET_COMPLEXITY(OPUS_EFFORT)) == OPE_OK &&
              opus.control(o->encoder, OPUS_SET_SIGNAL(OPUS_SIGNAL_VOICE)) == OPE_OK;
    if (ok)
        return o;
    opus_close(o);
    return no_memory("Opus", err);
}

static bool opus_push(void *state, const float *pcm, size_t n, Buf *out, Err *err)
{
    Opus *o = state;
    o->out = out;
    o->any = o->any || n > 0;
    int r = opus.write(o->encoder, pcm, (int)n);
    o->out = NULL;
    return r == OPE_OK || encode_fail("Opus", "its encoder failed", err);
}

static bool opus_finish(void *state, Buf *out, Err *err)
{
    Opus *o = state;
    const float nothing = 0;
    o->out = out;
    /* The library cannot end a stream without a sample (an assert again). */
    int r = o->any ? OPE_OK : opus.write(o->encoder, &nothing, 1);
    r = r == OPE_OK ? opus.drain(o->encoder) : r;
    o->out = NULL;
    return r == OPE_OK || encode_fail("Opus", "its encoder failed", err);
}

const EncodeBackend encode_opus = {
    .open = opus_open, .push = opus_push, .finish = opus_finish, .close = opus_close};

/* ---- MP3 ----------------------------------------------------------------------------------- */

static struct {
    __typeof__(&lame_init) init;
    __typeof__(&lame_close) close;
    __typeof__(&lame_set_num_channels) channels;
    __typeof__(&lame_set_in_samplerate) in_rate;
    __typeof__(&lame_set_out_samplerate) out_rate;
    __typeof__(&lame_set_brate) bit_rate;
    __typeof__(&lame_set_mode) mode;
    __typeof__(&lame_set_quality) quality;
    __typeof__(&lame_set_bWriteVbrTag) tag;
    __typeof__(&lame_init_params) start;
    __typeof__(&lame_encode_buffer_ieee_float) encode;
    __typeof__(&lame_encode_flush) flush;
    bool ready;
} mp3;

static bool mp3_load(Err *err)
{
    const Symbol symbols[] = {{"lame_init", &mp3.init},
                              {"lame_close", &mp3.close},
                              {"lame_set_num_channels", &mp3.channels},
                              {"lame_set_in_samplerate", &mp3.in_rate},
                              {"lame_set_out_samplerate", &mp3.out_rate},
                              {"lame_set_brate", &mp3.bit_rate},
                              {"lame_set_mode", &mp3.mode},
                              {"lame_set_quality", &mp3.quality},
                              {"lame_set_bWriteVbrTag", &mp3.tag},
                              {"lame_init_params", &mp3.start},
                              {"lame_encode_buffer_ieee_float", &mp3.encode},
                              {"lame_encode_flush", &mp3.flush}};
    return load(&mp3.ready, "libmp3lame.so.0", "libmp3lame0", symbols,
                sizeof symbols / sizeof *symbols, err);
}

static uint32_t mp3_rate(uint32_t asked)
{
    static const uint32_t rates[] = {8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        if (rates[i] >= asked)
            return rates[i];
    return 48000;
}

static void mp3_close(void *state)
{
    if (state)
        (void)mp3.close(state);
}

static void *mp3_open(const EncodeOptions *o, Err *err)
{
    lame_t l = mp3_load(err) ? mp3.init() : NULL;
    if (!l)
        return mp3.ready ? no_memory("MP3", err) : NULL;
    /* The tag of variable rates is a frame at the beginning that is written at the end. */
    bool ok = mp3.channels(l, 1) >= 0 && mp3.in_rate(l, (int)o->rate_hz) >= 0 &&
              mp3.out_rate(l, (int)o->rate_hz) >= 0 &&
              mp3.bit_rate(l, (int)(o->bit_rate / 1000)) >= 0 && mp3.mode(l, MONO) >= 0 &&
              mp3.quality(l, 5) >= 0 && mp3.tag(l, 0) >= 0 && mp3.start(l) >= 0;
    if (ok)
        return l;
    mp3_close(l);
    (void)err_set(err, ERR_VALIDATION, "MP3 of %u Hz and %u bit/s cannot be made", o->rate_hz,
                  o->bit_rate);
    return NULL;
}

static bool mp3_push(void *state, const float *pcm, size_t n, Buf *out, Err *err)
{
    for (size_t now; n > 0; pcm += now, n -= now) {
        now = n < 1024 ? n : 1024;
        const size_t room = 1024 * 5 / 4 + 7200; /* as the library says */
        char *to = buf_reserve(out, room);
        if (!to)
            return true; /* encode.c sees it */
        int made = mp3.encode(state, pcm, pcm, (int)now, (unsigned char *)to, (int)room);
        if (made < 0)
            return encode_fail("MP3", "its encoder failed", err);
        buf_grew(out, (size_t)made);
    }
    return true;
}

static bool mp3_finish(void *state, Buf *out, Err *err)
{
    char *to = buf_reserve(out, 7200);
    int made = to ? mp3.flush(state, (unsigned char *)to, 7200) : 0;
    if (made < 0)
        return encode_fail("MP3", "its encoder failed", err);
    buf_grew(out, (size_t)made);
    return true;
}

const EncodeBackend encode_mp3 = {.rate = mp3_rate, .open = mp3_open, .push = mp3_push,
    .finish = mp3_finish, .close = mp3_close};
