/* read_sound.c - any sound but plain WAVE to samples; the one file that knows FFmpeg's libraries
 * (beside audio/encode_aac.c, which makes sound and never meets a stranger's).
 *
 *   bytes -> probe -> demuxer -> first audio stream's decoder -> mean of the channels -> sink
 *
 * What runs is a short list: the demuxers and decoders named below, no other, no protocol at all
 * (the bytes come from memory by two callbacks), one thread. The bytes alone decide what a file is:
 * a file name can lie.
 *
 * Lost: all but the samples of one stream and its title, author and date (pictures, video, other
 * tags, chapters, other languages), and gaps in time stamps, which close up. What is damaged in the
 * middle is left out and the rest read on; the sound is partial then. One of which more is damaged
 * than not is refused: its noise would be taken for speech. */
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avstring.h>

#include "base/mem.h"
#include "base/os.h"
#include "ingest/sound_frame.h"

#define PROBE_BYTES ((size_t)512 << 10)
#define PROBE_SCORE (AVPROBE_SCORE_MAX / 4) /* below it is what any noise reaches */
#define IO_BYTES (64 << 10)
#define MIX_FRAMES 4096

static const char demuxers[] =
    "wav,w64,aiff,au,caf,flac,ogg,mp3,aac,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,amr,amrnb,"
    "amrwb,asf";
static const char decoders[] =
    "flac,vorbis,opus,speex,mp3float,mp3,mp2float,mp2,aac,aac_latm,alac,amrnb,amrwb,gsm,gsm_ms,"
    "wmav1,wmav2,wmapro,wmavoice,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,g722,g726,qcelp,"
    "pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_u16le,"
    "pcm_f32le,pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw";

static struct {
    __typeof__(&av_probe_input_format3) probe;
    __typeof__(&avformat_alloc_context) context;
    __typeof__(&avio_alloc_context) io;
    __typeof__(&avformat_open_input) open;
    __typeof__(&avformat_find_stream_info) look;
    __typeof__(&av_find_best_stream) best;
    __typeof__(&av_read_frame) read;
    __typeof__(&avformat_close_input) close;
    __typeof__(&av_stream_get_side_data) stream_data;
    __typeof__(&avcodec_find_decoder) decoder;
    __typeof__(&avcodec_find_decoder_by_name) named;
    __typeof__(&avcodec_alloc_context3) codec;
    __typeof__(&avcodec_parameters_to_context) parameters;
    __typeof__(&avcodec_open2) start;
    __typeof__(&avcodec_free_context) drop_codec;
    __typeof__(&avcodec_send_packet) send;
    __typeof__(&avcodec_receive_frame) receive;
    __typeof__(&avcodec_get_name) codec_name;
    __typeof__(&av_packet_alloc) packet;
    __typeof__(&av_packet_unref) empty_packet;
    __typeof__(&av_packet_free) drop_packet;
    __typeof__(&av_packet_get_side_data) packet_data;
    __typeof__(&av_frame_alloc) frame;
    __typeof__(&av_frame_free) drop_frame;
    __typeof__(&av_malloc) alloc;
    __typeof__(&av_freep) freep;
    __typeof__(&av_strdup) copy;
    __typeof__(&av_match_list) match;
    __typeof__(&av_dict_get) entry;
    __typeof__(&av_log_set_level) log_level;
    __typeof__(&av_channel_layout_default) layout;
} av;

static bool load(Err *err)
{
    void *format =
        os_dlopen((const char *const[]){"libavformat.so.59", NULL}, "libavformat59", err);
    void *codec = os_dlopen((const char *const[]){"libavcodec.so.59", NULL}, "libavcodec59", err);
    void *util = os_dlopen((const char *const[]){"libavutil.so.57", NULL}, "libavutil57", err);
    const struct {
        void *lib;
        const char *name;
        void *to;
    } symbols[] = {
        {format, "av_probe_input_format3", &av.probe},
        {format, "avformat_alloc_context", &av.context},
        {format, "avio_alloc_context", &av.io},
        {format, "avformat_open_input", &av.open},
        {format, "avformat_find_stream_info", &av.look},
        {format, "av_find_best_stream", &av.best},
        {format, "av_read_frame", &av.read},
        {format, "avformat_close_input", &av.close},
        {format, "av_stream_get_side_data", &av.stream_data},
        {codec, "avcodec_find_decoder", &av.decoder},
        {codec, "avcodec_find_decoder_by_name", &av.named},
        {codec, "avcodec_alloc_context3", &av.codec},
        {codec, "avcodec_parameters_to_context", &av.parameters},
        {codec, "avcodec_open2", &av.start},
        {codec, "avcodec_free_context", &av.drop_codec},
        {codec, "avcodec_send_packet", &av.send},
        {codec, "avcodec_receive_frame", &av.receive},
        {codec, "avcodec_get_name", &av.codec_name},
        {codec, "av_packet_alloc", &av.packet},
        {codec, "av_packet_unref", &av.empty_packet},
        {codec, "av_packet_free", &av.drop_packet},
        {codec, "av_packet_get_side_data", &av.packet_data},
        {util, "av_frame_alloc", &av.frame},
        {util, "av_frame_free", &av.drop_frame},
        {util, "av_malloc", &av.alloc},
        {util, "av_freep", &av.freep},
        {util, "av_strdup", &av.copy},
        {util, "av_match_list", &av.match},
        {util, "av_dict_get", &av.entry},
        {util, "av_log_set_level", &av.log_level},
        {util, "av_channel_layout_default", &av.layout},
    };
    if (!format || !codec || !util)
        return false;
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(symbols[i].lib, symbols[i].name, symbols[i].to, err))
            return false;
    return true;
}

/* Decoders compute their tables when the first of a kind is opened: the children inherit them. */
static void warm(void)
{
    static const char *const names[] = {"mp3float", "aac", "opus", "vorbis", "flac"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const AVCodec *codec = av.named(names[i]);
        AVCodecContext *c = codec ? av.codec(codec) : NULL;
        if (!c)
            continue;
        c->thread_count = 1;
        c->sample_rate = 48000;
        av.layout(&c->ch_layout, 1);
        (void)av.start(c, codec, NULL);
        av.drop_codec(&c);
    }
}

static bool preload(Err *err)
{
    if (!resample_preload(err) || !load(err))
        return false;
    av.log_level(AV_LOG_QUIET);
    warm();
    return true;
}

/* ---- the file ------------------------------------------------------------------------------ */

typedef struct {
    Str data;
    size_t at;
    AVIOContext *io;
    AVFormatContext *format;
    AVCodecContext *codec;
    AVStream *stream;
    AVPacket *packet;
    AVFrame *frame;
    SoundSink *to;
    uint64_t good, bad; /* frames; packets that gave none for an error */
    int rate, channels; /* of the last frame */
} Sounding;

static int read_bytes(void *arg, uint8_t *out, int n)
{
    Sounding *s = arg;
    Str part = str_sub(s->data, s->at, s->at + (size_t)n);
    if (part.len == 0)
        return AVERROR_EOF;
    memcpy(out, part.ptr, part.len);
    s->at += part.len;
    return (int)part.len;
}

static int64_t seek(void *arg, int64_t offset, int whence)
{
    Sounding *s = arg;
    int64_t size = (int64_t)s->data.len;
    if (whence == AVSEEK_SIZE)
        return size;
    whence &= ~AVSEEK_FORCE;
    int64_t base = whence == SEEK_CUR ? (int64_t)s->at : whence == SEEK_END ? size : 0;
    if (offset < -base || offset > size - base)
        return AVERROR(EINVAL);
    s->at = (size_t)(base + offset);
    return base + offset;
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "decoding the sound: out of memory");
}

static bool no_sound_file(Err *err)
{
    return err_set(err, ERR_UNSUPPORTED_MEDIA, "this is no sound file of a kind that can be read");
}

static bool encrypted(Err *err)
{
    return err_set(err, ERR_UNSUPPORTED_MEDIA, "the sound is encrypted and cannot be read");
}

static bool damaged(int reason, Err *err)
{
    if (reason == AVERROR(ENOMEM))
        return no_memory(err);
    return err_set(err, ERR_VALIDATION, "the sound file is damaged: nothing in it can be decoded");
}

/* ID3 tags hold covers of megabytes: what a file is shows behind them. */
static size_t behind_tags(Str data)
{
    size_t at = 0;
    for (int n = 0; n < 8 && at + 10 <= data.len && memcmp(data.ptr + at, "ID3", 3) == 0; n++) {
        const uint8_t *p = (const uint8_t *)data.ptr + at;
        at += 10 + ((size_t)(p[6] & 127) << 21 | (size_t)(p[7] & 127) << 14 |
                    (size_t)(p[8] & 127) << 7 | (size_t)(p[9] & 127)) + (p[5] & 16 ? 10 : 0);
    }
    return at < data.len ? at : 0;
}

static const AVInputFormat *probe(Str data, Err *err)
{
    Str head = str_sub(data, behind_tags(data), data.len);
    head = str_sub(head, 0, PROBE_BYTES);
    uint8_t *copy = mem_zalloc(head.len + AVPROBE_PADDING_SIZE);
    if (!copy) {
        (void)no_memory(err);
        return NULL;
    }
    memcpy(copy, head.ptr, head.len);
    AVProbeData p = {.filename = "", .buf = copy, .buf_size = (int)head.len};
    int score = 0;
    const AVInputFormat *format = av.probe(&p, 1, &score);
    mem_free(copy);
    if (format && score >= PROBE_SCORE && av.match(format->name, demuxers, ',') > 0)
        return format;
    (void)no_sound_file(err);
    return NULL;
}

static bool open_file(Sounding *s, Err *err)
{
    const AVInputFormat *kind = probe(s->data, err);
    if (!kind)
        return false;
    uint8_t *buffer = av.alloc(IO_BYTES);
    s->io = buffer ? av.io(buffer, IO_BYTES, 0, s, read_bytes, NULL, seek) : NULL;
    if (!s->io)
        av.freep(&buffer);
    s->format = s->io ? av.context() : NULL;
    if (!s->format)
        return no_memory(err);
    s->format->pb = s->io;
    s->format->format_whitelist = av.copy(demuxers);
    s->format->codec_whitelist = av.copy(decoders);
    s->format->protocol_whitelist = av.copy("none");
    if (!s->format->format_whitelist || !s->format->codec_whitelist ||
        !s->format->protocol_whitelist)
        return no_memory(err);
    int r = av.open(&s->format, NULL, kind, NULL); /* frees the context when it fails */
    return r >= 0 ? true : damaged(r, err);
}

/* Copy protection as the containers have it: Apple's, common encryption, Matroska's. */
static bool is_encrypted(const AVStream *stream)
{
    uint32_t tag = stream->codecpar->codec_tag;
    return tag == MKTAG('d', 'r', 'm', 's') || tag == MKTAG('e', 'n', 'c', 'a') ||
           tag == MKTAG('a', 'a', 'v', 'd') ||
           av.stream_data(stream, AV_PKT_DATA_ENCRYPTION_INIT_INFO, NULL) != NULL;
}

static bool choose_stream(Sounding *s, Err *err)
{
    AVFormatContext *f = s->format;
    unsigned sounds = 0, others = 0;
    for (unsigned i = 0; i < f->nb_streams; i++) {
        bool sound = f->streams[i]->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        sounds += sound;
        others += !sound;
        if (!sound)
            f->streams[i]->discard = AVDISCARD_ALL;
    }
    int r = sounds || f->nb_streams == 0 ? av.look(f, NULL) : 0;
    if (r < 0)
        return damaged(r, err);
    int best = av.best(f, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0);
    if (best < 0 && (others || f->nb_streams))
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the file has no sound in it, only %s",
                       others ? "pictures or other data" : "an unknown stream");
    if (best < 0)
        return damaged(best, err);
    s->stream = f->streams[best];
    for (unsigned i = 0; i < f->nb_streams; i++)
        if ((int)i != best)
            f->streams[i]->discard = AVDISCARD_ALL;
    return is_encrypted(s->stream) ? encrypted(err) : true;
}

static bool open_codec(Sounding *s, Err *err)
{
    const AVCodecParameters *p = s->stream->codecpar;
    const AVCodec *codec = av.decoder(p->codec_id);
    if (!codec || av.match(codec->name, decoders, ',') <= 0)
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the sound's codec (%s) is not read here",
                       p->codec_id == AV_CODEC_ID_NONE ? "unknown" : av.codec_name(p->codec_id));
    s->codec = av.codec(codec);
    s->packet = av.packet();
    s->frame = av.frame();
    if (!s->codec || !s->packet || !s->frame)
        return no_memory(err);
    int r = av.parameters(s->codec, p);
    s->codec->thread_count = 1;
    s->codec->pkt_timebase = s->stream->time_base;
    r = r < 0 ? r : av.start(s->codec, codec, NULL);
    return r >= 0 ? true : damaged(r, err);
}

/* ---- samples ------------------------------------------------------------------------------- */

static bool format_of(int format, PcmFormat *out, bool *planar)
{
    static const struct {
        int packed, planar;
        PcmFormat format;
    } rows[] = {{AV_SAMPLE_FMT_U8, AV_SAMPLE_FMT_U8P, PCM_U8},
                {AV_SAMPLE_FMT_S16, AV_SAMPLE_FMT_S16P, PCM_S16},
                {AV_SAMPLE_FMT_S32, AV_SAMPLE_FMT_S32P, PCM_S32},
                {AV_SAMPLE_FMT_FLT, AV_SAMPLE_FMT_FLTP, PCM_F32},
                {AV_SAMPLE_FMT_DBL, AV_SAMPLE_FMT_DBLP, PCM_F64}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (format == rows[i].packed || format == rows[i].planar) {
            *out = rows[i].format;
            *planar = format == rows[i].planar;
            return true;
        }
    return false;
}

/* n frames from `from` on as mono. */
static void mix(const AVFrame *f, PcmFormat format, bool planar, size_t from, size_t n, float *out)
{
    unsigned channels = (unsigned)f->ch_layout.nb_channels;
    size_t bytes = pcm_sample_bytes(format);
    if (!planar || channels == 1) {
        pcm_to_mono(format, f->extended_data[0] + from * bytes * channels, channels, n, out);
        return;
    }
    float one[MIX_FRAMES];
    memset(out, 0, n * sizeof *out);
    for (unsigned c = 0; c < channels; c++) {
        pcm_to_mono(format, f->extended_data[c] + from * bytes, 1, n, one);
        for (size_t i = 0; i < n; i++)
            out[i] += one[i] / (float)channels;
    }
}

static bool push_frame(Sounding *s, Err *err)
{
    const AVFrame *f = s->frame;
    float mono[MIX_FRAMES];
    PcmFormat format;
    bool planar;
    int channels = f->ch_layout.nb_channels;
    if (!format_of(f->format, &format, &planar) || channels < 1 || channels > PCM_CHANNELS_MAX ||
        f->sample_rate < PCM_RATE_MIN_HZ || f->sample_rate > PCM_RATE_MAX_HZ) {
        s->bad++;
        return true;
    }
    if (f->sample_rate != s->rate) {
        const char *container = s->format->iformat->name;
        char first[SOUND_NAME] = "";
        for (size_t i = 0; i + 1 < sizeof first && container[i] && container[i] != ','; i++)
            first[i] = container[i];
        if (!sound_source(s->to, (uint32_t)f->sample_rate, (uint32_t)channels, first,
                          av.codec_name(s->codec->codec_id), err))
            return false;
        s->rate = f->sample_rate;
    }
    s->good++;
    for (size_t at = 0, n; at < (size_t)f->nb_samples; at += n) {
        n = (size_t)f->nb_samples - at < MIX_FRAMES ? (size_t)f->nb_samples - at : MIX_FRAMES;
        mix(f, format, planar, at, n, mono);
        if (!sound_push(s->to, mono, n, err))
            return false;
    }
    return true;
}

/* packet NULL: the end. A packet that cannot be decoded is left out. */
static bool decode(Sounding *s, const AVPacket *packet, Err *err)
{
    int r = av.send(s->codec, packet);
    if (r < 0 && r != AVERROR_EOF) {
        s->bad++;
        return r == AVERROR(ENOMEM) ? no_memory(err) : true;
    }
    while ((r = av.receive(s->codec, s->frame)) >= 0)
        if (!push_frame(s, err))
            return false;
    if (r != AVERROR(EAGAIN) && r != AVERROR_EOF)
        s->bad++;
    return r == AVERROR(ENOMEM) ? no_memory(err) : true;
}

/* Whether the file says that it is longer than what came out of it. */
static bool is_short(const Sounding *s)
{
    const AVFormatContext *f = s->format;
    double said = 0;
    if (f->duration_estimation_method == AVFMT_DURATION_FROM_BITRATE)
        return false; /* a guess */
    if (s->stream->duration != AV_NOPTS_VALUE && s->stream->duration > 0)
        said = (double)s->stream->duration * s->stream->time_base.num / s->stream->time_base.den;
    else if (f->nb_streams == 1 && f->duration > 0)
        said = (double)f->duration / AV_TIME_BASE;
    double slack = said * 0.01 > 0.25 ? said * 0.01 : 0.25;
    return sound_pushed(s->to) + slack < said;
}

static bool decode_all(Sounding *s, Err *err)
{
    int r;
    bool corrupt = false;
    while ((r = av.read(s->format, s->packet)) >= 0) {
        bool ok = true;
        if (s->packet->stream_index == s->stream->index) {
            if (av.packet_data(s->packet, AV_PKT_DATA_ENCRYPTION_INFO, NULL))
                return encrypted(err);
            corrupt = corrupt || (s->packet->flags & AV_PKT_FLAG_CORRUPT);
            ok = decode(s, s->packet, err);
        }
        av.empty_packet(s->packet);
        if (!ok)
            return false;
    }
    if (r == AVERROR(ENOMEM))
        return no_memory(err);
    if (!decode(s, NULL, err))
        return false;
    if (s->good == 0 || s->bad > s->good)
        return damaged(0, err);
    s->to->head.partial = corrupt || s->bad > 0 || r != AVERROR_EOF || is_short(s);
    return true;
}

/* Tags stand with the file or, in Ogg, with the stream; of several names the first there is. */
static void read_tag(const Sounding *s, const char *const *names, char *to, size_t room)
{
    const AVDictionary *places[] = {s->format->metadata, s->stream->metadata};
    for (size_t i = 0; names[i]; i++) {
        for (size_t k = 0; k < 2 && !*to; k++) {
            const AVDictionaryEntry *e = av.entry(places[k], names[i], NULL, 0);
            sound_tag(to, room, e ? e->value : NULL);
        }
    }
}

static void read_tags(Sounding *s)
{
    SoundTags *t = &s->to->head.tags;
    read_tag(s, (const char *const[]){"title", NULL}, t->title, sizeof t->title);
    read_tag(s, (const char *const[]){"artist", "author", "album_artist", NULL}, t->author,
             sizeof t->author);
    read_tag(s, (const char *const[]){"creation_time", "date", NULL}, t->created,
             sizeof t->created);
}

static void release(Sounding *s)
{
    av.drop_frame(&s->frame);
    av.drop_packet(&s->packet);
    av.drop_codec(&s->codec);
    if (s->format)
        av.close(&s->format);
    if (s->io) {
        av.freep(&s->io->buffer);
        av.freep(&s->io);
    }
}

static bool read_sound(Str data, Str filename, SoundSink *to, Err *err)
{
    Sounding s = {.data = data, .to = to};
    (void)filename;
    bool ok = open_file(&s, err) && choose_stream(&s, err) && open_codec(&s, err) &&
              decode_all(&s, err);
    if (ok)
        read_tags(&s);
    release(&s);
    return ok;
}

const Reader reader_sound = {.type = "sound", .preload = preload, .sound = read_sound};
