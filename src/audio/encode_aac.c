/* encode_aac.c - AAC-LC in ADTS frames by FFmpeg's encoder: Debian has no other free one.
 *
 * The library is large (17 MiB resident once loaded), so it comes in only when somebody asks for
 * AAC, and only the codec does: the frames' headers are made here (ISO/IEC 13818-7, 6.2). */
#include <libavcodec/avcodec.h>
#include <pthread.h>

#include "audio/encode_int.h"
#include "base/mem.h"
#include "base/os.h"

#define FRAME 1024
#define ADTS 7

static struct {
    __typeof__(&avcodec_find_encoder_by_name) find;
    __typeof__(&avcodec_alloc_context3) codec;
    __typeof__(&avcodec_open2) start;
    __typeof__(&avcodec_free_context) drop_codec;
    __typeof__(&avcodec_send_frame) send;
    __typeof__(&avcodec_receive_packet) receive;
    __typeof__(&av_packet_alloc) packet;
    __typeof__(&av_packet_unref) empty_packet;
    __typeof__(&av_packet_free) drop_packet;
    __typeof__(&av_frame_alloc) frame;
    __typeof__(&av_frame_get_buffer) buffer;
    __typeof__(&av_frame_make_writable) writable;
    __typeof__(&av_frame_free) drop_frame;
    __typeof__(&av_channel_layout_default) layout;
    __typeof__(&av_log_set_level) log_level;
    bool ready;
} av;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const uint32_t rates[] = {96000, 88200, 64000, 48000, 44100, 32000, 24000,
                                 22050, 16000, 12000, 11025, 8000};
#define RATES (sizeof rates / sizeof *rates)

typedef struct {
    AVCodecContext *codec;
    AVFrame *frame;
    AVPacket *packet;
    unsigned rate; /* index */
    size_t have;   /* samples in the frame */
    int64_t at;
} Aac;

static bool load_symbols(Err *err)
{
    void *codec = os_dlopen((const char *const[]){"libavcodec.so.59", NULL}, "libavcodec59", err);
    void *util = os_dlopen((const char *const[]){"libavutil.so.57", NULL}, "libavutil57", err);
    return codec && util && os_sym(codec, "avcodec_find_encoder_by_name", &av.find, err) &&
           os_sym(codec, "avcodec_alloc_context3", &av.codec, err) &&
           os_sym(codec, "avcodec_open2", &av.start, err) &&
           os_sym(codec, "avcodec_free_context", &av.drop_codec, err) &&
           os_sym(codec, "avcodec_send_frame", &av.send, err) &&
           os_sym(codec, "avcodec_receive_packet", &av.receive, err) &&
           os_sym(codec, "av_packet_alloc", &av.packet, err) &&
           os_sym(codec, "av_packet_unref", &av.empty_packet, err) &&
           os_sym(codec, "av_packet_free", &av.drop_packet, err) &&
           os_sym(util, "av_frame_alloc", &av.frame, err) &&
           os_sym(util, "av_frame_get_buffer", &av.buffer, err) &&
           os_sym(util, "av_frame_make_writable", &av.writable, err) &&
           os_sym(util, "av_frame_free", &av.drop_frame, err) &&
           os_sym(util, "av_channel_layout_default", &av.layout, err) &&
           os_sym(util, "av_log_set_level", &av.log_level, err);
}

static bool load(Err *err)
{
    (void)pthread_mutex_lock(&lock);
    if (!av.ready && load_symbols(err)) {
        av.log_level(AV_LOG_QUIET);
        av.ready = true;
    }
    bool ok = av.ready;
    (void)pthread_mutex_unlock(&lock);
    return ok;
}

static uint32_t aac_rate(uint32_t asked)
{
    uint32_t best = rates[0];
    for (size_t i = 0; i < RATES && rates[i] >= asked; i++)
        best = rates[i];
    return best;
}

static void aac_close(void *state)
{
    Aac *a = state;
    if (!a)
        return;
    av.drop_frame(&a->frame);
    av.drop_packet(&a->packet);
    av.drop_codec(&a->codec);
    mem_free(a);
}

static bool prepare(Aac *a, const EncodeOptions *o)
{
    const AVCodec *codec = av.find("aac");
    a->codec = codec ? av.codec(codec) : NULL;
    a->frame = av.frame();
    a->packet = av.packet();
    if (!a->codec || !a->frame || !a->packet)
        return false;
    while (a->rate < RATES - 1 && rates[a->rate] != o->rate_hz)
        a->rate++;
    a->codec->sample_fmt = a->frame->format = AV_SAMPLE_FMT_FLTP;
    a->codec->sample_rate = a->frame->sample_rate = (int)o->rate_hz;
    a->codec->bit_rate = o->bit_rate;
    a->codec->thread_count = 1;
    av.layout(&a->codec->ch_layout, 1);
    av.layout(&a->frame->ch_layout, 1);
    a->frame->nb_samples = FRAME;
    return av.start(a->codec, codec, NULL) >= 0 && a->codec->frame_size == FRAME &&
           av.buffer(a->frame, 0) >= 0;
}

static void *aac_open(const EncodeOptions *o, Err *err)
{
    if (!load(err))
        return NULL;
    Aac *a = mem_zalloc(sizeof *a);
    if (!a) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot make AAC: out of memory");
        return NULL;
    }
    if (prepare(a, o))
        return a;
    aac_close(a);
    (void)encode_fail("AAC", "its encoder cannot be opened", err);
    return NULL;
}

/* Profile LC, one channel; no checksum, one block a frame. */
static void header(const Aac *a, size_t size, uint8_t out[ADTS])
{
    size_t all = size + ADTS;
    out[0] = 0xFF;
    out[1] = 0xF1;
    out[2] = (uint8_t)(1 << 6 | a->rate << 2);
    out[3] = (uint8_t)(1 << 6 | all >> 11);
    out[4] = (uint8_t)(all >> 3);
    out[5] = (uint8_t)((all & 7) << 5 | 0x1F);
    out[6] = 0xFC;
}

/* frame NULL: the end. */
static bool encode(Aac *a, const AVFrame *frame, Buf *out, Err *err)
{
    int r = av.send(a->codec, frame);
    while (r >= 0 && (r = av.receive(a->codec, a->packet)) >= 0) {
        uint8_t head[ADTS];
        header(a, (size_t)a->packet->size, head);
        (void)buf_add_mem(out, head, sizeof head);
        (void)buf_add_mem(out, a->packet->data, (size_t)a->packet->size);
        av.empty_packet(a->packet);
    }
    return r == AVERROR(EAGAIN) || r == AVERROR_EOF ||
           encode_fail("AAC", "its encoder failed", err);
}

static bool full(Aac *a, Buf *out, Err *err)
{
    a->frame->pts = a->at;
    a->at += FRAME;
    a->have = 0;
    return encode(a, a->frame, out, err) &&
           (av.writable(a->frame) >= 0 || encode_fail("AAC", "out of memory", err));
}

static bool aac_push(void *state, const float *pcm, size_t n, Buf *out, Err *err)
{
    Aac *a = state;
    while (n > 0) {
        size_t now = n < FRAME - a->have ? n : FRAME - a->have;
        memcpy((float *)(void *)a->frame->data[0] + a->have, pcm, now * sizeof *pcm);
        a->have += now;
        pcm += now;
        n -= now;
        if (a->have == FRAME && !full(a, out, err))
            return false;
    }
    return true;
}

static bool aac_finish(void *state, Buf *out, Err *err)
{
    Aac *a = state;
    if (a->have) { /* filled up with silence */
        memset((float *)(void *)a->frame->data[0] + a->have, 0, (FRAME - a->have) * sizeof(float));
        if (!full(a, out, err))
            return false;
    }
    return encode(a, NULL, out, err);
}

const EncodeBackend encode_aac = {.rate = aac_rate, .open = aac_open, .push = aac_push,
    .finish = aac_finish, .close = aac_close};
