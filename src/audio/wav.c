#include "audio/wav.h"

#define TAG_PCM 1
#define TAG_FLOAT 3
#define TAG_ALAW 6
#define TAG_MULAW 7
#define TAG_EXTENSIBLE 0xFFFE
#define CHUNKS_MAX 100000
#define STREAM 0x7FFF0000u /* a length from here on is a writer's "I do not know" */

typedef struct {
    Str file;
    size_t at;            /* of the next chunk */
    bool is_stream;       /* RIFF's own length is none */
    uint64_t data_length; /* RF64's; UINT64_MAX: none */
    Str format, data;     /* chunks; ptr NULL: not seen */
    bool cut_short;
} Scan;

static uint32_t u16(const char *p)
{
    return (uint32_t)(uint8_t)p[0] | (uint32_t)(uint8_t)p[1] << 8;
}
static uint32_t u32(const char *p) { return u16(p) | u16(p + 2) << 16; }
static uint64_t u64(const char *p) { return u32(p) | (uint64_t)u32(p + 4) << 32; }

bool wav_is(Str file)
{
    return file.len >= 12 && memcmp(file.ptr + 8, "WAVE", 4) == 0 &&
           (memcmp(file.ptr, "RIFF", 4) == 0 || memcmp(file.ptr, "RF64", 4) == 0 ||
            memcmp(file.ptr, "BW64", 4) == 0);
}

static bool is_id(Str file, size_t at)
{
    if (at + 8 > file.len)
        return false;
    for (size_t i = 0; i < 4; i++)
        if (file.ptr[at + i] < 0x20 || file.ptr[at + i] > 0x7E)
            return false;
    return true;
}

/* A chunk of odd length has a padding byte behind it; some writers forget it. */
static size_t behind(Str file, size_t end, uint64_t size)
{
    if (size % 2 == 0)
        return end;
    return !is_id(file, end + 1) && is_id(file, end) ? end : end + 1;
}

static void take_chunk(Scan *s)
{
    const char *head = s->file.ptr + s->at;
    uint64_t size = u32(head + 4), left = s->file.len - s->at - 8;
    bool is_data = memcmp(head, "data", 4) == 0;
    if (is_data && size == UINT32_MAX && s->data_length != UINT64_MAX)
        size = s->data_length;
    else if (is_data && (size >= STREAM || (size == 0 && s->is_stream)))
        size = left;
    if (size > left) {
        s->cut_short = s->cut_short || is_data || memcmp(head, "fmt ", 4) == 0;
        size = left;
    }
    Str body = {head + 8, (size_t)size};
    if (memcmp(head, "ds64", 4) == 0 && body.len >= 16)
        s->data_length = u64(body.ptr + 8);
    else if (memcmp(head, "fmt ", 4) == 0 && !s->format.ptr)
        s->format = body;
    else if (is_data && !s->data.ptr)
        s->data = body;
    s->at = behind(s->file, s->at + 8 + body.len, size);
}

static bool damaged(Err *err, const char *how)
{
    return err_set(err, ERR_VALIDATION, "the WAVE file is damaged: %s", how);
}

static bool choose(uint32_t tag, uint32_t bytes, PcmFormat *out)
{
    static const struct {
        uint32_t tag, bytes;
        PcmFormat format;
    } rows[] = {{TAG_PCM, 1, PCM_U8},    {TAG_PCM, 2, PCM_S16},    {TAG_PCM, 3, PCM_S24},
                {TAG_PCM, 4, PCM_S32},   {TAG_FLOAT, 4, PCM_F32},  {TAG_FLOAT, 8, PCM_F64},
                {TAG_ALAW, 1, PCM_ALAW}, {TAG_MULAW, 1, PCM_MULAW}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].tag == tag && rows[i].bytes == bytes) {
            *out = rows[i].format;
            return true;
        }
    return false;
}

static bool read_format(Str f, Wav *w, Err *err)
{
    static const char rest_of_guid[] = "\0\0\0\0\x10\0\x80\0\0\xAA\0\x38\x9B\x71";
    if (f.len < 16)
        return damaged(err, "its format chunk is cut short");
    uint32_t tag = u16(f.ptr), block = u16(f.ptr + 12), bits = u16(f.ptr + 14);
    w->channels = u16(f.ptr + 2);
    w->rate_hz = u32(f.ptr + 4);
    if (tag == TAG_EXTENSIBLE && f.len >= 40 && memcmp(f.ptr + 26, rest_of_guid, 14) == 0)
        tag = u16(f.ptr + 24);
    if (tag != TAG_PCM && tag != TAG_FLOAT && tag != TAG_ALAW && tag != TAG_MULAW)
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "a WAVE with codec 0x%04X is not read here",
                       tag);
    if (w->channels == 0 || w->channels > PCM_CHANNELS_MAX)
        return damaged(err, "an impossible number of channels");
    if (w->rate_hz < PCM_RATE_MIN_HZ || w->rate_hz > PCM_RATE_MAX_HZ)
        return damaged(err, "an impossible sample rate");
    /* The block says in how many bytes the bits lie; writers that leave it out mean the fewest. */
    uint32_t bytes = block ? block / w->channels : (bits + 7) / 8;
    if (block % w->channels != 0 || !choose(tag, bytes, &w->format))
        return damaged(err, "an impossible sample size");
    return true;
}

bool wav_parse(Str file, Wav *out, Err *err)
{
    Wav w = {0};
    if (!wav_is(file))
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "this is no WAVE file");
    uint32_t length = u32(file.ptr + 4);
    Scan s = {.file = file, .at = 12, .data_length = UINT64_MAX,
        .is_stream = length == 0 || length >= STREAM};
    for (int n = 0; n < CHUNKS_MAX && is_id(file, s.at) && !(s.format.ptr && s.data.ptr); n++)
        take_chunk(&s);
    if (!s.format.ptr)
        return damaged(err, "it does not say its format");
    if (!read_format(s.format, &w, err))
        return false;
    size_t frame = pcm_sample_bytes(w.format) * w.channels;
    w.frames = s.data.len / frame;
    w.data = str_sub(s.data, 0, (size_t)w.frames * frame);
    w.cut_short = s.cut_short || w.data.len != s.data.len;
    if (!s.data.ptr)
        return damaged(err, "there is no sound behind its header");
    if (w.frames == 0)
        return err_set(err, ERR_VALIDATION, "the WAVE file is empty: it has no samples");
    *out = w;
    return true;
}

size_t wav_read(const Wav *w, uint64_t from, size_t n, float *out)
{
    if (from >= w->frames)
        return 0;
    if (n > w->frames - from)
        n = (size_t)(w->frames - from);
    size_t frame = pcm_sample_bytes(w->format) * w->channels;
    pcm_to_mono(w->format, w->data.ptr + (size_t)from * frame, w->channels, n, out);
    return n;
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v);
    put16(p + 2, v >> 16);
}

void wav_header(uint32_t rate_hz, uint64_t samples, uint8_t out[WAV_HEADER])
{
    bool known = samples < UINT32_MAX / 2 - WAV_HEADER;
    uint32_t bytes = known ? (uint32_t)samples * 2 : UINT32_MAX;
    memcpy(out, "RIFF----WAVEfmt ", 16);
    put32(out + 4, known ? bytes + WAV_HEADER - 8 : UINT32_MAX);
    put32(out + 16, 16);
    put16(out + 20, TAG_PCM);
    put16(out + 22, 1);
    put32(out + 24, rate_hz);
    put32(out + 28, rate_hz * 2);
    put16(out + 32, 2);
    put16(out + 34, 16);
    memcpy(out + 36, "data", 4);
    put32(out + 40, bytes);
}

bool wav_write(const float *pcm, size_t n, uint32_t rate_hz, Buf *out)
{
    uint8_t head[WAV_HEADER];
    wav_header(rate_hz, n, head);
    (void)buf_add_mem(out, head, sizeof head);
    while (n > 0) {
        int16_t block[1024];
        size_t now = n < 1024 ? n : 1024;
        pcm_to_s16(pcm, now, block);
        (void)buf_add_mem(out, block, now * sizeof *block);
        pcm += now;
        n -= now;
    }
    return buf_ok(out);
}
