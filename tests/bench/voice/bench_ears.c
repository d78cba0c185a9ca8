/* bench_ears MODELS MODEL [LANGUAGE]: hears WAV files (16 kHz, mono, 16 bit) named on standard
 * input as the program does, the speech detector in front, and answers each with one line of JSON.
 * tests/bench/voice/nothing.py and languages.py ask it. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/os.h"
#include "audio/wav.h"
#include "voice/ears.h"

static bool read_wav(const char *path, Buf *raw, float **pcm, size_t *n, Err *err)
{
    Wav wav;
    buf_init(raw, (size_t)1 << 30);
    if (!os_read_file(path, raw, err) || !wav_parse(buf_str(raw), &wav, err))
        return false;
    *n = (size_t)wav.frames;
    *pcm = mem_array(*n + 1, sizeof **pcm);
    if (wav.rate_hz != EARS_RATE_HZ || wav.channels != 1)
        return err_set(err, ERR_VALIDATION, "%s is not 16 kHz and mono", path);
    if (!*pcm)
        return err_set(err, ERR_NO_MEMORY, "no memory for %s", path);
    *n = wav_read(&wav, 0, *n, *pcm);
    return true;
}

static void answer(const WhisperResult *r, double ms)
{
    Buf out;
    JsonW w;
    buf_init(&out, 1 << 20);
    jw_init(&w, &out);
    jw_obj(&w);
    jw_kv_num(&w, "ms", ms);
    jw_kv_cstr(&w, "language", r->language);
    jw_kv_num(&w, "language_probability", (double)r->language_probability);
    jw_kv_int(&w, "fallbacks", r->fallbacks);
    jw_kv_str(&w, "text", r->text);
    jw_obj_end(&w);
    printf("%.*s\n", (int)out.len, out.ptr);
    (void)fflush(stdout);
    buf_release(&out);
}

static bool one(Ears *e, const char *path, Str language, Err *err)
{
    Buf raw;
    float *pcm = NULL;
    size_t n = 0;
    WhisperResult r;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    EarsRequest q = {.options = {.language = language}};
    bool ok = a && read_wav(path, &raw, &pcm, &n, err);
    uint64_t start = clock_mono_ns();
    ok = ok && ears_hear(e, &q, pcm, n, a, &r, err);
    if (ok)
        answer(&r, (double)(clock_mono_ns() - start) * 1e-6);
    mem_free(pcm);
    buf_release(&raw);
    arena_free(a);
    return ok;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    char line[4096];
    if (argc < 3) {
        fprintf(stderr, "usage: bench_ears MODELS MODEL [LANGUAGE]\n");
        return 2;
    }
    EarsOptions o = {.models_dir = argv[1], .model = argv[2], .threads = 2};
    Str language = str_of(argc > 3 ? argv[3] : "");
    Ears *e = cpu_init(&err) ? ears_new(&o, &err) : NULL;
    bool ok = e != NULL;
    while (ok && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        ok = one(e, line, language, &err);
    }
    if (!ok)
        fprintf(stderr, "bench_ears: %s\n", err.msg);
    ears_free(e);
    return ok ? 0 : 1;
}
