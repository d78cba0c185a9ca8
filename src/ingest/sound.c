#include "ingest/sound.h"

#include <sys/mman.h>
#include <unistd.h>

#include "audio/wav.h"
#include "ingest/sandbox_int.h"
#include "ingest/sound_frame.h"

#define MAX_SECONDS (24 * 3600)
#define LET_GO ((size_t)1 << 19) /* samples read at once: a long sound, read in stretches */

typedef struct {
    const Job *job;
    Sound *out;
} TakeSound;

static bool take_sound(void *arg, void *map, size_t size, Err *err)
{
    const TakeSound *t = arg;
    Sound s;
    if (!sound_frame_parse(str_mem(map, size), t->job->rate_hz, t->job->max_seconds, &s, err)) {
        (void)munmap(map, size);
        return false;
    }
    s.map = map;
    s.map_size = size;
    *t->out = s;
    return true;
}

static bool decode(Sandbox *s, Str reader, const Snapshot *input, Str name,
                   const SoundLimits *limits, Sound *out, Err *err)
{
    Job job;
    TakeSound take = {&job, out};
    if (!sandbox_job(reader, name, input, limits->timeout_ms, limits->memory, &job, err))
        return false;
    job.rate_hz = limits->rate_hz;
    job.max_seconds = limits->max_seconds;
    return sandbox_do(s, &job, input->fd, take_sound, &take, err);
}

static bool complete(const SoundLimits *given, SoundLimits *out, Err *err)
{
    SoundLimits l = given ? *given : (SoundLimits){0};
    l.rate_hz = l.rate_hz ? l.rate_hz : PCM_RATE_HZ;
    l.max_seconds = l.max_seconds ? l.max_seconds : 4 * 3600;
    l.timeout_ms = l.timeout_ms ? l.timeout_ms : 120000;
    l.memory = l.memory ? l.memory : (uint64_t)256 << 20;
    *out = l;
    if (l.rate_hz < PCM_RATE_MIN_HZ || l.rate_hz > PCM_RATE_MAX_HZ || l.max_seconds > MAX_SECONDS)
        return err_set(err, ERR_VALIDATION, "a sound is decoded to %d to %d Hz, at most 24 hours",
                       PCM_RATE_MIN_HZ, PCM_RATE_MAX_HZ);
    return true;
}

bool sound_decode_snapshot(Sandbox *s, const Snapshot *input, Str name, const SoundLimits *limits,
                           Sound *out, Err *err)
{
    SoundLimits l;
    if (!complete(limits, &l, err))
        return false;
    if (input->size == 0)
        return err_set(err, ERR_VALIDATION, "the sound file is empty");
    /* A WAVE is tried with our own small reader; one with a codec it does not know goes on. */
    Err first = ERR_INIT;
    if (wav_is(snapshot_str(input))) {
        if (decode(s, STR("wav"), input, name, &l, out, &first))
            return true;
        if (first.code != ERR_UNSUPPORTED_MEDIA) {
            if (err)
                *err = first;
            return false;
        }
    }
    return decode(s, STR("sound"), input, name, &l, out, err);
}

bool sound_decode(Sandbox *s, Str bytes, Str name, const SoundLimits *limits, Sound *out, Err *err)
{
    Snapshot input;
    if (!snapshot_bytes(bytes, &input, err))
        return false;
    bool ok = sound_decode_snapshot(s, &input, name, limits, out, err);
    snapshot_release(&input);
    return ok;
}

void sound_release(Sound *s)
{
    if (s->map)
        (void)munmap(s->map, s->map_size);
    *s = (Sound){0};
}

/* Pages that were read are no part of this process any more; they come again when they are read
 * again. So hours of sound that are read once, in order, never are in memory all together. */
static void let_go(const Sound *s, const void *from, size_t bytes)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (uintptr_t)from / page * page, map = (uintptr_t)s->map;
    if (s->map && first >= map)
        (void)madvise((void *)first, (uintptr_t)from + bytes - first, MADV_DONTNEED);
}

size_t sound_read(const Sound *s, uint64_t from, size_t n, float *out)
{
    if (from >= s->samples)
        return 0;
    n = n < s->samples - from ? n : (size_t)(s->samples - from);
    pcm_from_s16(s->pcm + from, n, out);
    if (n > LET_GO)
        let_go(s, s->pcm + from, n * sizeof *s->pcm);
    return n;
}
