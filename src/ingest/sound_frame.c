#include "ingest/sound_frame.h"

#include <errno.h>
#include <unistd.h>

#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"

static const char magic[4] = {'S', 'X', 'S', '2'};
_Static_assert(sizeof(SoundHead) == SOUND_HEADER, "the header has no padding");

/* ---- the child's side ---------------------------------------------------------------------- */

static bool keep(void *arg, const float *pcm, size_t n, Err *err)
{
    SoundSink *s = arg;
    int16_t block[RESAMPLE_BLOCK];
    if (n > s->max_samples - s->head.samples)
        return err_set(err, ERR_TOO_LARGE, "the sound is longer than the limit of %llu seconds",
                       (unsigned long long)(s->max_samples / s->head.rate_hz));
    pcm_to_s16(pcm, n, block);
    if (!os_write_all(s->fd, block, n * sizeof *block))
        return err_set_errno(err, ERR_IO, errno, "cannot keep the decoded sound");
    s->head.samples += n;
    return true;
}

static bool drain(SoundSink *s, Err *err)
{
    bool ok = !s->resampler || resample_finish(s->resampler, keep, s, err);
    resample_free(s->resampler);
    s->resampler = NULL;
    return ok;
}

bool sound_source(SoundSink *s, uint32_t rate_hz, uint32_t channels, const char *container,
                  const char *codec, Err *err)
{
    if (s->resampler) { /* another rate from here on */
        s->seconds = sound_pushed(s);
        s->given = 0;
        if (!drain(s, err))
            return false;
    } else {
        s->head.source_channels = channels;
        for (size_t i = 0; container[i] && i + 1 < SOUND_NAME; i++)
            s->head.container[i] = container[i];
        for (size_t i = 0; codec[i] && i + 1 < SOUND_NAME; i++)
            s->head.codec[i] = codec[i];
    }
    s->head.source_rate_hz = rate_hz;
    s->resampler = resample_new(rate_hz, s->head.rate_hz, err);
    return s->resampler != NULL;
}

void sound_tag(char *to, size_t room, const char *value)
{
    Buf clean;
    if (!value || !*value)
        return;
    buf_init(&clean, EXTRACT_MAX_META);
    extract_meta(&clean, str_of(value));
    Str s = buf_str(&clean);
    if (buf_ok(&clean) && s.len) {
        s.len = s.len < room ? s.len : utf8_floor(s, room - 1);
        memset(to, 0, room);
        memcpy(to, s.ptr, s.len);
    }
    buf_release(&clean);
}

bool sound_push(SoundSink *s, const float *mono, size_t n, Err *err)
{
    s->given += n;
    return resample_push(s->resampler, mono, n, keep, s, err);
}

double sound_pushed(const SoundSink *s)
{
    return s->seconds +
           (s->head.source_rate_hz ? (double)s->given / s->head.source_rate_hz : 0.0);
}

uint64_t sound_answer_max(uint32_t rate_hz, uint32_t max_seconds)
{
    return SOUND_HEADER + sizeof((Err *)NULL)->msg + (uint64_t)rate_hz * max_seconds * 2;
}

bool sound_answer(const Reader *reader, Str data, Str filename, uint32_t rate_hz,
                  uint32_t max_seconds, int fd)
{
    Err err = ERR_INIT;
    SoundSink s = {.fd = fd, .max_samples = (uint64_t)rate_hz * max_seconds,
        .head = {.rate_hz = rate_hz}};
    memcpy(s.head.magic, magic, sizeof magic);
    const char room[SOUND_HEADER] = {0};
    if (!os_write_all(fd, room, sizeof room))
        return false;
    bool ok = reader->sound(data, filename, &s, &err) && drain(&s, &err);
    if (ok && s.head.samples == 0)
        ok = err_set(&err, ERR_VALIDATION, "the sound file is empty: it has no samples");
    if (!ok) {
        if (err.code == ERR_NO_MEMORY) /* the child's ceiling, not the machine's */
            (void)err_set(&err, ERR_TOO_LARGE, "decoding the sound takes more memory than allowed");
        s.head.code = (uint32_t)err.code;
        s.head.samples = strlen(err.msg);
        if (lseek(fd, SOUND_HEADER, SEEK_SET) < 0 || !os_write_all(fd, err.msg, s.head.samples))
            return false;
    }
    return lseek(fd, 0, SEEK_SET) == 0 && os_write_all(fd, &s.head, sizeof s.head);
}

/* ---- the server's side --------------------------------------------------------------------- */

static bool corrupt(Err *err, const char *what)
{
    return err_set(err, ERR_CORRUPT, "the confined reader's answer is not usable (%s)", what);
}

/* Printable ASCII, then NULs to the end. */
static bool is_name(const char *name)
{
    size_t i = 0;
    while (i < SOUND_NAME && name[i] > 0x20 && name[i] < 0x7F)
        i++;
    if (i == SOUND_NAME)
        return false;
    while (i < SOUND_NAME && name[i] == 0)
        i++;
    return i == SOUND_NAME;
}

static bool is_message(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7F)
            return false;
    return s.len > 0 && s.len < sizeof((Err *)NULL)->msg && utf8_ok(s);
}

/* Clean text, then NULs to the end. */
static bool is_tag(const char *tag, size_t room)
{
    size_t n = strnlen(tag, room), i = n;
    Str s = str_mem(tag, n);
    while (i < room && tag[i] == 0)
        i++;
    bool clean = n < room && i == room && utf8_ok(s);
    for (size_t k = 0; clean && k < n; k++)
        clean = (unsigned char)tag[k] >= 0x20 && tag[k] != 0x7F;
    return clean;
}

/* What a reader of sounds may report; anything else it made up. */
static bool report(const SoundHead *h, Str message, Err *err)
{
    if (h->samples > message.len)
        return corrupt(err, "lengths that do not add up");
    message.len = (size_t)h->samples; /* behind it may be samples */
    bool known = h->code == ERR_VALIDATION || h->code == ERR_UNSUPPORTED_MEDIA ||
                 h->code == ERR_TOO_LARGE || h->code == ERR_UNAVAILABLE || h->code == ERR_IO;
    if (!known || !is_message(message))
        return corrupt(err, "an error that readers do not have");
    return err_set(err, (ErrCode)h->code, STR_FMT, STR_ARG(message));
}

bool sound_frame_parse(Str frame, uint32_t rate_hz, uint32_t max_seconds, Sound *out, Err *err)
{
    SoundHead h;
    if (frame.len < sizeof h)
        return corrupt(err, "cut short");
    memcpy(&h, frame.ptr, sizeof h);
    if (memcmp(h.magic, magic, sizeof magic) != 0)
        return corrupt(err, "no such header");
    if (h.code != ERR_NONE)
        return report(&h, str_sub(frame, sizeof h, frame.len), err);
    if (h.rate_hz != rate_hz || h.samples == 0 || h.samples > (uint64_t)rate_hz * max_seconds ||
        frame.len != sizeof h + h.samples * sizeof(int16_t) || h.partial > 1)
        return corrupt(err, "lengths that do not add up");
    if (h.source_rate_hz < PCM_RATE_MIN_HZ || h.source_rate_hz > PCM_RATE_MAX_HZ ||
        h.source_channels == 0 || h.source_channels > PCM_CHANNELS_MAX || !is_name(h.container) ||
        !is_name(h.codec))
        return corrupt(err, "a sound that cannot be");
    if (!is_tag(h.tags.title, SOUND_TAG) || !is_tag(h.tags.author, SOUND_TAG) ||
        !is_tag(h.tags.created, SOUND_DATE))
        return corrupt(err, "a tag that is no clean text");
    Sound s = {.samples = h.samples, .rate_hz = rate_hz, .source_rate_hz = h.source_rate_hz,
        .source_channels = h.source_channels, .partial = h.partial == 1,
        .pcm = (const int16_t *)(const void *)(frame.ptr + sizeof h)};
    s.tags = h.tags;
    memcpy(s.container, h.container, sizeof s.container);
    memcpy(s.codec, h.codec, sizeof s.codec);
    *out = s;
    return true;
}
