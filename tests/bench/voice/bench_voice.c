/* bench_voice - speaks a text and says how long it took: seconds of sound, real-time factor, time
 * to the first sound, memory. With - it takes a text a line. tests/bench/speech/run.py runs it in
 * turns with piper-tts.
 *
 *   bench_voice MODELS VOICE THREADS TEXT|- [OUT.pcm] [SEED] */
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/os.h"
#include "voice/voice.h"

static bool sink(void *arg, const int16_t *pcm, size_t n, const VoicePlace *place)
{
    (void)place;
    return !arg || fwrite(pcm, sizeof *pcm, n, arg) == n;
}

static int fail(const Err *err)
{
    fprintf(stderr, "bench_voice: %s\n", err->msg);
    return 1;
}

/* Speaks one text and prints a line of JSON about it. */
static bool speak(const Voice *v, VoiceSpeaker *s, Str text, FILE *out, uint64_t seed, Err *err)
{
    VoiceSay say = {.sink = sink, .arg = out, .seed = seed};
    VoiceReport r;
    if (!voice_say(s, text, &say, &r, err)) {
        return false;
    }
    double seconds = (double)r.samples / voice_info(v)->rate_hz;
    printf("{\"seconds\": %.3f, \"took_ms\": %.2f, \"rtf\": %.5f, \"first_ms\": %.2f, "
        "\"rss_mb\": %.1f, \"sentences\": %zu}\n", seconds, r.total_ms,
        r.total_ms / 1000 / seconds, r.first_ms, (double)os_rss_bytes() / 1e6, r.sentences);
    (void)fflush(stdout);
    return true;
}

/* A text a line, each with its own seed. */
static bool speak_lines(const Voice *v, VoiceSpeaker *s, FILE *out, uint64_t seed, Err *err)
{
    char *line = NULL;
    size_t cap = 0;
    bool ok = true;
    for (ssize_t n; ok && (n = getline(&line, &cap, stdin)) > 0; seed++) {
        ok = speak(v, s, str_trim(str_mem(line, (size_t)n)), out, seed, err);
    }
    free(line); /* getline's own */
    return ok;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    if (argc < 5) {
        fprintf(stderr, "usage: bench_voice MODELS VOICE THREADS TEXT|- [OUT.pcm] [SEED]\n");
        return 2;
    }
    if (!cpu_init(&err)) {
        return fail(&err);
    }
    Voice *v = voice_open(argv[1], argv[2], &err);
    unsigned threads = (unsigned)strtoul(argv[3], NULL, 10);
    VoiceSpeaker *s = v ? voice_speaker_new(v, threads, &err) : NULL;
    if (!s) {
        return fail(&err);
    }
    FILE *out = argc > 5 ? fopen(argv[5], "wb") : NULL;
    uint64_t seed = argc > 6 ? strtoull(argv[6], NULL, 10) : 1;
    bool lines = strcmp(argv[4], "-") == 0;
    bool ok = lines ? speak_lines(v, s, out, seed, &err) :
        speak(v, s, str_of(argv[4]), out, seed, &err);
    if (out) {
        (void)fclose(out);
    }
    voice_speaker_free(s);
    voice_close(v);
    return ok ? 0 : fail(&err);
}
