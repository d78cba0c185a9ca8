/* bench_listen MODEL FILE... - the speech detector on sound files: its speed, the utterances it
 * finds, and what it takes for speech in noise of four kinds that this program makes.
 * MODEL is silero-vad.sotto, or the published .onnx. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/endpoint.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "ingest/sound.h"
#include "nn/vad.h"

typedef struct {
    const Vad *vad;
    VadState state;
    uint64_t ns, frames;
} Ear;

static float probability(void *arg, const float frame[ENDPOINT_FRAME])
{
    Ear *e = arg;
    uint64_t start = clock_mono_ns();
    float p = vad_frame(e->vad, &e->state, frame);
    e->ns += clock_mono_ns() - start;
    e->frames++;
    return p;
}

typedef struct {
    bool print;
    unsigned utterances;
    double speech_s, start_s;
} Heard;

static void hear(void *arg, const EndpointEvent *event)
{
    Heard *h = arg;
    double at = (double)event->at / ENDPOINT_RATE_HZ;
    if (event->kind == ENDPOINT_START) {
        h->start_s = at;
        h->utterances++;
    } else if (event->kind == ENDPOINT_END || event->kind == ENDPOINT_CUT) {
        h->speech_s += at - h->start_s;
        if (h->print)
            printf("  %7.2f to %7.2f s%s\n", h->start_s, at,
                   event->kind == ENDPOINT_CUT ? ", cut" : "");
    }
}

static void listen(const Vad *vad, const char *name, const float *pcm, size_t n, bool print)
{
    Err err = ERR_INIT;
    Ear ear = {.vad = vad};
    Heard h = {.print = print};
    Endpointer *e = endpoint_new(NULL, probability, &ear, &err);
    if (!e)
        return;
    for (size_t at = 0, now; at < n; at += now) {
        now = n - at < 320 ? n - at : 320;
        endpoint_feed(e, pcm + at, now, hear, &h);
    }
    endpoint_finish(e, hear, &h);
    endpoint_free(e);
    printf("%-28s %8.2f s, %3u utterances, %7.2f s of speech; %5.1f us a frame, %5.0f x real "
           "time\n",
           name, (double)n / ENDPOINT_RATE_HZ, h.utterances, h.speech_s,
           (double)ear.ns / 1e3 / (double)ear.frames,
           (double)ear.frames * ENDPOINT_FRAME / ENDPOINT_RATE_HZ / ((double)ear.ns * 1e-9));
}

/* White, brown, hum with clicks, chords: ten minutes each, at three levels. */
static void make_noise(int kind, float level, float *pcm, size_t n)
{
    uint64_t seed = 12345;
    double brown = 0;
    for (size_t i = 0; i < n; i++) {
        double t = (double)i / ENDPOINT_RATE_HZ, x;
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        double white = (double)(int32_t)seed / 2147483648.0;
        brown = brown * 0.98 + white * 0.2;
        double chord = 220 * pow(2, (double)((int)(t * 2) % 12) / 12);
        switch (kind) {
        case 0:
            x = white;
            break;
        case 1:
            x = brown;
            break;
        case 2:
            x = 0.6 * sin(2 * M_PI * 50 * t) + 0.2 * sin(2 * M_PI * 150 * t) +
                (i % 9000 < 30 ? white : 0);
            break;
        default:
            x = (sin(2 * M_PI * chord * t) + sin(2.5 * M_PI * chord * t) +
                 sin(3 * M_PI * chord * t)) / 3 * exp(-3 * fmod(t, 0.5));
        }
        pcm[i] = (float)x * level;
    }
}

static void noises(const Vad *vad)
{
    static const char *const names[] = {"white noise", "brown noise", "hum and clicks", "chords"};
    size_t n = (size_t)600 * ENDPOINT_RATE_HZ;
    float *pcm = mem_array(n, sizeof *pcm);
    for (int kind = 0; kind < 4 && pcm; kind++)
        for (int level = 0; level < 3; level++) {
            char name[64];
            float amplitude = level == 0 ? 0.003f : level == 1 ? 0.03f : 0.3f;
            (void)snprintf(name, sizeof name, "%s, %.0f dB", names[kind],
                           20 * log10((double)amplitude));
            make_noise(kind, amplitude, pcm, n);
            listen(vad, name, pcm, n, false);
        }
    mem_free(pcm);
}

static void file(const Vad *vad, Sandbox *s, const char *path)
{
    Err err = ERR_INIT;
    Snapshot input;
    Sound sound;
    if (!snapshot_file(path, (uint64_t)4 << 30, &input, &err)) {
        printf("%s: %s\n", path, err.msg);
        return;
    }
    if (sound_decode_snapshot(s, &input, STR(""), NULL, &sound, &err)) {
        float *pcm = mem_array((size_t)sound.samples, sizeof *pcm);
        const char *name = strrchr(path, '/');
        if (pcm) {
            (void)sound_read(&sound, 0, (size_t)sound.samples, pcm);
            listen(vad, name ? name + 1 : path, pcm, (size_t)sound.samples, true);
        }
        mem_free(pcm);
        sound_release(&sound);
    } else {
        printf("%s: %s\n", path, err.msg);
    }
    snapshot_release(&input);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], ZYGOTE_FLAG) == 0)
        return extract_child_main(argc, argv);
    Err err = ERR_INIT;
    char path[] = "/tmp/bench-listen-XXXXXX";
    int fd = mkstemp(path);
    bool own = fd >= 0 && cpu_init(&err) && argc > 1 && strstr(argv[1], ".onnx") != NULL;
    if (own && !vad_convert(argv[1], path, &err))
        own = false;
    Vad *vad = argc > 1 && err.code == ERR_NONE ? vad_open(own ? path : argv[1], &err) : NULL;
    Sandbox *s = vad ? sandbox_new(&(SandboxOptions){0}, &err) : NULL;
    (void)remove(path);
    if (!s) {
        (void)fprintf(stderr, "usage: bench_listen MODEL FILE...; %s\n", err.msg);
        return 2;
    }
    for (int i = 2; i < argc; i++)
        file(vad, s, argv[i]);
    noises(vad);
    sandbox_free(s);
    vad_close(vad);
    return 0;
}
