/* bench_voice - speaks a text and says how long it took: seconds of sound, real-time factor, time
 * to the first sound, memory. tests/bench/voice/bench.py runs it in turns with piper-tts.
 *
 *   bench_voice MODELS VOICE THREADS TEXT [OUT.pcm] [SEED] */
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

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    if (argc < 5) {
        fprintf(stderr, "usage: bench_voice MODELS VOICE THREADS TEXT [OUT.pcm] [SEED]\n");
        return 2;
    }
    if (!cpu_init(&err)) {
        return fail(&err);
    }
    Voice *v = voice_open(argv[1], argv[2], &err);
    VoiceSpeaker *s = v ? voice_speaker_new(v, (unsigned)strtoul(argv[3], NULL, 10), &err) : NULL;
    if (!s) {
        return fail(&err);
    }
    FILE *out = argc > 5 ? fopen(argv[5], "wb") : NULL;
    VoiceSay say = {.sink = sink, .arg = out, .seed = argc > 6 ? strtoull(argv[6], NULL, 10) : 1};
    VoiceReport r;
    if (!voice_say(s, str_of(argv[4]), &say, &r, &err)) {
        return fail(&err);
    }
    double seconds = (double)r.samples / voice_info(v)->rate_hz;
    printf("{\"seconds\": %.3f, \"took_ms\": %.2f, \"rtf\": %.5f, \"first_ms\": %.2f, "
        "\"rss_mb\": %.1f, \"sentences\": %zu}\n", seconds, r.total_ms, r.total_ms / 1000 / seconds,
        r.first_ms, (double)os_rss_bytes() / 1e6, r.sentences);
    if (out) {
        (void)fclose(out);
    }
    voice_speaker_free(s);
    voice_close(v);
    return 0;
}
