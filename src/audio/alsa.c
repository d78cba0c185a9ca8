/* alsa.c - see alsa.h. */
#include "audio/alsa.h"

#include <alsa/asoundlib.h>
#include <pthread.h>

#include "base/mem.h"
#include "base/os.h"

#define LATENCY_US 200000u
#define WAIT_MS 500
#define DEVICES_MAX 128

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    bool ready;
    __typeof__(&snd_pcm_open) open;
    __typeof__(&snd_pcm_close) close;
    __typeof__(&snd_pcm_set_params) set_params;
    __typeof__(&snd_pcm_start) start;
    __typeof__(&snd_pcm_wait) wait;
    __typeof__(&snd_pcm_readi) readi;
    __typeof__(&snd_pcm_writei) writei;
    __typeof__(&snd_pcm_recover) recover;
    __typeof__(&snd_pcm_drop) drop;
    __typeof__(&snd_pcm_prepare) prepare;
    __typeof__(&snd_strerror) strerror;
    __typeof__(&snd_device_name_hint) hint;
    __typeof__(&snd_device_name_get_hint) get_hint;
    __typeof__(&snd_device_name_free_hint) free_hint;
    __typeof__(&snd_lib_error_set_handler) set_handler;
    void (*free)(void *);
} lib;

struct Mic {
    snd_pcm_t *pcm;
};

struct Speaker {
    snd_pcm_t *pcm;
};

/* The library says on standard error what it tells by its results as well. */
static void hush(const char *file, int line, const char *function, int err, const char *fmt, ...)
{
    (void)file;
    (void)line;
    (void)function;
    (void)err;
    (void)fmt;
}

static bool load(Err *err)
{
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"snd_pcm_open", &lib.open},
                   {"snd_pcm_close", &lib.close},
                   {"snd_pcm_set_params", &lib.set_params},
                   {"snd_pcm_start", &lib.start},
                   {"snd_pcm_wait", &lib.wait},
                   {"snd_pcm_readi", &lib.readi},
                   {"snd_pcm_writei", &lib.writei},
                   {"snd_pcm_recover", &lib.recover},
                   {"snd_pcm_drop", &lib.drop},
                   {"snd_pcm_prepare", &lib.prepare},
                   {"snd_strerror", &lib.strerror},
                   {"snd_device_name_hint", &lib.hint},
                   {"snd_device_name_get_hint", &lib.get_hint},
                   {"snd_device_name_free_hint", &lib.free_hint},
                   {"snd_lib_error_set_handler", &lib.set_handler},
                   {"free", &lib.free}};
    pthread_mutex_lock(&lock);
    bool ok = lib.ready;
    if (!ok) {
        void *so = os_dlopen((const char *const[]){"libasound.so.2", NULL}, "libasound2", err);
        ok = so != NULL;
        for (size_t i = 0; i < sizeof symbols / sizeof *symbols && ok; i++)
            ok = os_sym(so, symbols[i].name, symbols[i].to, err);
        if (ok)
            (void)lib.set_handler(hush);
        lib.ready = ok;
    }
    pthread_mutex_unlock(&lock);
    return ok;
}

/* ---- devices --------------------------------------------------------------------------------- */

static const char *keep(Arena *a, char *hint)
{
    const char *out = hint ? arena_cstr(a, str_of(hint)) : "";
    for (char *c = (char *)(uintptr_t)out; out && *c; c++)
        if (*c == '\n')
            *c = ' ';
    if (hint)
        lib.free(hint); /* of the C library, by whom it was made */
    return out;
}

bool mic_list(Arena *a, AlsaDevice **out, size_t *n, Err *err)
{
    void **hints = NULL;
    if (!load(err))
        return false;
    AlsaDevice *list = ARENA_NEW_ARRAY(a, AlsaDevice, DEVICES_MAX);
    bool ok = list != NULL;
    *n = 0;
    if (ok && lib.hint(-1, "pcm", &hints) == 0) {
        for (size_t i = 0; ok && hints[i] && *n < DEVICES_MAX; i++) {
            char *way = lib.get_hint(hints[i], "IOID");
            bool in = !way || strcmp(way, "Input") == 0;
            if (way)
                lib.free(way);
            if (!in)
                continue;
            list[*n].name = keep(a, lib.get_hint(hints[i], "NAME"));
            if (list[*n].name && strcmp(list[*n].name, "null") == 0)
                continue; /* hears nothing */
            list[*n].about = keep(a, lib.get_hint(hints[i], "DESC"));
            ok = list[*n].name && list[*n].about;
            *n += ok;
        }
        (void)lib.free_hint(hints);
    }
    *out = list;
    return ok || err_set(err, ERR_NO_MEMORY, "no memory for the list of microphones");
}

/* ---- the microphone -------------------------------------------------------------------------- */

static bool refused(const char *what, const char *device, int rc, Err *err)
{
    if (rc == -EBUSY)
        return err_set(err, ERR_UNAVAILABLE, "the %s \"%s\" is in use by another program", what,
                       device);
    return err_set(err, ERR_UNAVAILABLE,
                   "there is no %s \"%s\" here (%s); sotto listen --list shows what there is", what,
                   device, lib.strerror(rc));
}

Mic *mic_open(const char *device, uint32_t *rate_hz, Err *err)
{
    static const uint32_t rates[] = {16000, 48000, 44100, 32000, 8000};
    const char *name = device ? device : "default";
    if (!load(err))
        return NULL;
    Mic *m = mem_zalloc(sizeof *m);
    if (!m) {
        err_set(err, ERR_NO_MEMORY, "no memory for the microphone");
        return NULL;
    }
    int rc = lib.open(&m->pcm, name, SND_PCM_STREAM_CAPTURE, SND_PCM_NONBLOCK);
    bool open = rc == 0;
    for (size_t i = 0; open && i < sizeof rates / sizeof *rates; i++) {
        rc = lib.set_params(m->pcm, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                            rates[i], 1, LATENCY_US);
        *rate_hz = rates[i];
        if (rc == 0)
            break;
    }
    if (rc == 0)
        rc = lib.start(m->pcm);
    if (rc == 0)
        return m;
    refused("microphone", name, rc, err);
    if (open)
        (void)lib.close(m->pcm);
    mem_free(m);
    return NULL;
}

void mic_close(Mic *m)
{
    if (!m)
        return;
    (void)lib.close(m->pcm);
    mem_free(m);
}

bool mic_read(Mic *m, int16_t *pcm, size_t n, size_t *got, bool *end, Err *err)
{
    *got = 0;
    *end = false;
    int ready = lib.wait(m->pcm, WAIT_MS);
    snd_pcm_sframes_t frames = ready < 0 ? ready : lib.readi(m->pcm, pcm, n);
    if (frames == -EAGAIN)
        return true;
    if (frames < 0 && frames != -ENODEV) { /* an overrun, or a machine that slept */
        int rc = lib.recover(m->pcm, (int)frames, 1);
        if (rc == 0 && lib.start(m->pcm) == 0)
            return true;
    }
    if (frames < 0)
        return err_set(err, ERR_UNAVAILABLE, "the microphone went away (%s)",
                       lib.strerror((int)frames));
    *got = (size_t)frames;
    *end = frames == 0 && ready > 0; /* a file that is over */
    return true;
}

/* ---- the loudspeaker ------------------------------------------------------------------------- */

Speaker *speaker_open(const char *device, uint32_t rate_hz, Err *err)
{
    const char *name = device ? device : "default";
    if (!load(err))
        return NULL;
    Speaker *s = mem_zalloc(sizeof *s);
    if (!s) {
        err_set(err, ERR_NO_MEMORY, "no memory for the loudspeaker");
        return NULL;
    }
    int rc = lib.open(&s->pcm, name, SND_PCM_STREAM_PLAYBACK, SND_PCM_NONBLOCK);
    bool open = rc == 0;
    if (open)
        rc = lib.set_params(s->pcm, SND_PCM_FORMAT_S16_LE, SND_PCM_ACCESS_RW_INTERLEAVED, 1,
                            rate_hz, 1, LATENCY_US * 5 / 2);
    if (rc == 0)
        return s;
    refused("loudspeaker", name, rc, err);
    if (open)
        (void)lib.close(s->pcm);
    mem_free(s);
    return NULL;
}

void speaker_close(Speaker *s)
{
    if (!s)
        return;
    (void)lib.drop(s->pcm);
    (void)lib.close(s->pcm);
    mem_free(s);
}

size_t speaker_write(Speaker *s, const int16_t *pcm, size_t n)
{
    snd_pcm_sframes_t frames = lib.writei(s->pcm, pcm, n);
    if (frames < 0 && frames != -EAGAIN && lib.recover(s->pcm, (int)frames, 1) == 0)
        frames = lib.writei(s->pcm, pcm, n);
    return frames > 0 ? (size_t)frames : 0;
}

void speaker_drop(Speaker *s)
{
    (void)lib.drop(s->pcm);
    (void)lib.prepare(s->pcm);
}
