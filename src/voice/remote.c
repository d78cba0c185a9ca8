/* remote.c - see remote.h. */
#include "voice/remote.h"

#include <time.h>

#include "audio/pcm.h"
#include "audio/wav.h"
#include "base/clock.h"
#include "base/mem.h"
#include "llm/endpoint.h"

#define TRIES 3
#define WAIT_FIRST_MS 250
#define WAIT_MOST_S 3.0 /* who asks for more patience than that is away, for a spoken answer */
#define WHOLE_HZ 24000  /* of what is decoded */
#define SOUND_MAX ((size_t)64 << 20)
#define HEAD_MAX 4096   /* a WAVE's samples begin before this */

typedef enum { SHAPE_UNKNOWN, SHAPE_RAW, SHAPE_WAV, SHAPE_WHOLE } Shape;

typedef struct {
    const RemoteAsk *q;
    Shape shape;
    int status;
    double retry_after;
    bool no_sound;       /* it says that it is something else */
    char type[64];       /* what it says that it is */
    bool is_file;        /* by its type a sound file, no raw samples */
    Buf head;            /* before the shape is known, and whole files */
    uint32_t rate_hz;
    uint64_t left;       /* bytes of a WAVE's samples that are to come; UINT64_MAX: unknown */
    uint64_t given;
    uint8_t odd;         /* half a sample */
    bool has_odd, stopped, late;
    uint64_t moved_ns;   /* when the last byte came */
} Flow;

static bool cancelled(const RemoteAsk *q)
{
    return q->cancel && atomic_load_explicit(q->cancel, memory_order_relaxed);
}

/* ---- what comes ------------------------------------------------------------------------------ */

static bool pass(Flow *f, const int16_t *pcm, size_t n)
{
    if (!n)
        return true;
    f->stopped = cancelled(f->q) || !f->q->sink(f->q->sink_arg, pcm, n, f->rate_hz);
    f->given += n;
    return !f->stopped;
}

/* Little-endian bytes, of which a piece may end within a sample. */
static bool pass_bytes(Flow *f, Str s)
{
    int16_t block[2048];
    size_t n = 0;
    s = str_sub(s, 0, s.len < f->left ? s.len : (size_t)f->left);
    f->left -= f->left == UINT64_MAX ? 0 : s.len;
    for (size_t i = 0; i < s.len; i++) {
        uint8_t b = (uint8_t)s.ptr[i];
        if (f->has_odd) {
            block[n++] = (int16_t)(uint16_t)(f->odd | b << 8);
            if (n == sizeof block / sizeof *block) {
                if (!pass(f, block, n))
                    return false;
                n = 0;
            }
        } else {
            f->odd = b;
        }
        f->has_odd = !f->has_odd;
    }
    return pass(f, block, n);
}

static uint32_t u32(const char *p)
{
    const uint8_t *b = (const uint8_t *)p;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Where the samples of a WAVE of 16-bit mono begin; 0: not seen yet; SIZE_MAX: another kind, or its
 * chunks are too long to be waited for. */
static size_t wav_begins(Flow *f, Str s)
{
    size_t at = 12;
    bool plain = false;
    while (at + 8 <= s.len) {
        uint32_t size = u32(s.ptr + at + 4);
        if (memcmp(s.ptr + at, "data", 4) == 0) {
            f->left = size == 0 || size >= UINT32_MAX - 1024 ? UINT64_MAX : size;
            return plain ? at + 8 : SIZE_MAX;
        }
        if (size > HEAD_MAX)
            return SIZE_MAX;
        if (memcmp(s.ptr + at, "fmt ", 4) == 0 && at + 24 <= s.len) {
            uint32_t kind = u32(s.ptr + at + 8), bits = u32(s.ptr + at + 20) >> 16;
            f->rate_hz = u32(s.ptr + at + 12);
            plain = size >= 16 && (kind & 0xffff) == 1 && kind >> 16 == 1 && bits == 16 &&
                    f->rate_hz >= PCM_RATE_MIN_HZ && f->rate_hz <= PCM_RATE_MAX_HZ;
        }
        at += 8 + (size_t)size + (size & 1);
    }
    return s.len > HEAD_MAX ? SIZE_MAX : 0;
}

/* Called when 12 bytes are there, or all. */
static bool decide(Flow *f)
{
    Str s = buf_str(&f->head);
    if (str_starts(s, STR("RIFF")) && s.len >= 12 && memcmp(s.ptr + 8, "WAVE", 4) == 0) {
        size_t at = wav_begins(f, s);
        if (at == 0)
            return true;
        f->shape = at == SIZE_MAX ? SHAPE_WHOLE : SHAPE_WAV;
        if (f->shape == SHAPE_WAV && !pass_bytes(f, str_sub(s, at, s.len)))
            return false;
    } else if (f->q->raw_hz && !f->is_file && !str_starts(s, STR("ID3")) &&
               !str_starts(s, STR("OggS")) && !str_starts(s, STR("fLaC"))) {
        f->shape = SHAPE_RAW;
        f->rate_hz = f->q->raw_hz;
        f->left = UINT64_MAX;
        if (!pass_bytes(f, s))
            return false;
    } else {
        f->shape = SHAPE_WHOLE;
    }
    if (f->shape != SHAPE_WHOLE)
        buf_clear(&f->head);
    return true;
}

/* A stranger's word for what it sends, to be shown: a media type, and nothing of what was sent (a
 * key) given back. */
static void keep_type(Flow *f, Str type)
{
    bool fine = type.len > 0 && type.len < sizeof f->type;
    for (size_t i = 0; fine && i < type.len; i++)
        fine = type.ptr[i] > ' ' && type.ptr[i] < 0x7f;
    for (size_t i = 0; fine && i < f->q->n_headers; i++) {
        Str sent = f->q->headers[i].value, word;
        while (str_next(&sent, ' ', &word))
            fine = fine && (!word.len || str_eq(word, STR("application/json")) ||
                               str_find(type, word, 0) == SIZE_MAX);
    }
    type = fine ? type : STR("something unknown");
    memcpy(f->type, type.ptr, type.len);
    f->type[type.len] = '\0';
}

static bool on_head(void *arg, int status, Str headers)
{
    Flow *f = arg;
    Str type = http_media_type(client_header_in(headers, "Content-Type"));
    f->status = status;
    f->retry_after = endpoint_retry_after(client_header_in(headers, "Retry-After"),
        clock_now_ms());
    keep_type(f, type);
    f->no_sound = str_starts(type, STR("text/")) || str_ends(type, STR("json")) ||
                  str_starts(type, STR("image/")) || str_starts(type, STR("video/"));
    static const char *const files[] = {"audio/mpeg", "audio/mp3", "audio/ogg", "audio/opus",
        "audio/flac", "audio/aac", "audio/mp4", "audio/webm"};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        f->is_file |= str_eq_nocase(type, str_of(files[i]));
    return status == 200 && !f->no_sound;
}

static bool on_data(void *arg, Str piece)
{
    Flow *f = arg;
    f->moved_ns = clock_mono_ns();
    if (f->shape == SHAPE_RAW || f->shape == SHAPE_WAV)
        return pass_bytes(f, piece);
    return buf_add(&f->head, piece) && (f->shape == SHAPE_WHOLE || f->head.len < 12 || decide(f));
}

static bool on_tick(void *arg)
{
    Flow *f = arg;
    f->stopped = f->stopped || cancelled(f->q);
    /* The transport's own measure is a mean over some seconds. */
    f->late = clock_seconds_since(f->moved_ns) * 1000 > f->q->stall_ms;
    return !f->stopped && !f->late;
}

/* ---- one try --------------------------------------------------------------------------------- */

static bool decode_whole(Flow *f, Err *err)
{
    Buf pcm;
    Err why = ERR_INIT;
    if (!f->q->decode)
        return err_set(err, ERR_UNAVAILABLE, "%s sent a sound (%s) that cannot be read here",
            f->q->who, f->type);
    buf_init(&pcm, SOUND_MAX);
    f->rate_hz = WHOLE_HZ;
    bool ok = f->q->decode(f->q->decode_arg, buf_str(&f->head), WHOLE_HZ, &pcm, &why) ||
              err_set(err, ERR_UNAVAILABLE, "%s sent no sound that can be read: %s", f->q->who,
                  why.msg);
    ok = ok && (pass(f, (const int16_t *)(const void *)pcm.ptr, pcm.len / 2) ||
                   err_set(err, ERR_CANCELLED, "speaking was stopped"));
    buf_release(&pcm);
    return ok;
}

/* What came is complete. */
static bool finish(Flow *f, Err *err)
{
    const char *who = f->q->who;
    if (f->shape == SHAPE_UNKNOWN && f->head.len && !decide(f))
        return err_set(err, ERR_CANCELLED, "speaking was stopped");
    if (f->shape == SHAPE_UNKNOWN && f->head.len)
        f->shape = SHAPE_WHOLE;
    if (f->shape == SHAPE_WHOLE && !decode_whole(f, err))
        return false;
    if (f->has_odd || (f->shape == SHAPE_WAV && f->left != UINT64_MAX && f->left > 0))
        return err_set(err, ERR_UNAVAILABLE, "the sound of %s broke off in the middle", who);
    return f->given > 0 || err_set(err, ERR_UNAVAILABLE, "%s answered without any sound", who);
}

static bool try_once(Flow *f, Err *err)
{
    const RemoteAsk *q = f->q;
    ClientRequest r = {.method = "POST", .url = q->url, .headers = q->headers,
        .header_count = q->n_headers, .body = q->body, .connect_ms = q->connect_ms,
        .stall_ms = q->stall_ms, .total_ms = q->total_ms, .max_bytes = SOUND_MAX,
        .tick = on_tick, .on_head = on_head, .on_data = on_data, .arg = f};
    ClientResponse a;
    Err why = ERR_INIT;
    f->moved_ns = clock_mono_ns();
    if (!client_request(&r, &a, &why)) {
        if (f->stopped || cancelled(q))
            return err_set(err, ERR_CANCELLED, "speaking was stopped");
        if (f->late)
            return err_set(err, ERR_TIMEOUT, "%s did not answer in time (%u ms)", q->who,
                q->stall_ms);
        if (f->given || f->head.len)
            return err_set(err, ERR_UNAVAILABLE, "the sound of %s broke off in the middle: %s",
                q->who, why.msg);
        return err_set(err, why.code, "%s: %s", q->who, why.msg);
    }
    f->status = a.status;
    bool ok = false;
    if (a.status >= 300 && a.status < 400)
        (void)err_set(err, ERR_UNAVAILABLE,
            "%s sends elsewhere (status %d), which is not followed; check its address", q->who,
            a.status);
    else if (a.status != 200)
        (void)q->failed(q->failed_arg, a.status, buf_str(&a.body), err);
    else if (f->no_sound)
        (void)err_set(err, ERR_UNAVAILABLE, "%s answered with %s and not with sound", q->who,
            f->type);
    else
        ok = finish(f, err);
    client_response_release(&a);
    return ok;
}

/* False when there is no point in waiting, or it was cancelled. */
static bool wait_before(const Flow *f, unsigned tries)
{
    double s = f->retry_after >= 0 ? f->retry_after : WAIT_FIRST_MS * 0.001 * (1u << (tries - 1));
    if (s > WAIT_MOST_S)
        return false;
    uint64_t began = clock_mono_ns();
    while (clock_seconds_since(began) < s && !cancelled(f->q)) {
        struct timespec t = {.tv_nsec = 20000000};
        (void)nanosleep(&t, NULL);
    }
    return !cancelled(f->q);
}

bool remote_speak(const RemoteAsk *q, uint64_t *given, Err *err)
{
    Err why = ERR_INIT;
    *given = 0;
    for (unsigned tries = 1;; tries++) {
        Flow f = {.q = q, .retry_after = -1};
        buf_init(&f.head, SOUND_MAX);
        why = ERR_INIT;
        bool ok = try_once(&f, &why);
        buf_release(&f.head);
        *given += f.given;
        bool again = f.status == 429 || f.status >= 500 ||
                     (f.status == 0 && why.code == ERR_UNAVAILABLE);
        if (ok)
            return true;
        if (f.given || !again || tries == TRIES || !wait_before(&f, tries))
            break;
    }
    return err_set(err, why.code, "%s", why.msg);
}
