/* bench_resample [IN OUT] - our change of sample rate beside libsoxr and libsamplerate, in one run,
 * when those are there (libsoxr0, libsamplerate0; opened here only): processor time of 20 s of
 * sound, times real time, the best of some rounds by turns, and what each does to a tone.
 *
 *   flat     the largest change of a tone's level up to 0.9 of half the lower rate
 *   other    the loudest of what an output has beside the tone that went in (images, noise)
 *   folded   the loudest output of a tone above half the lower rate (when the rate goes down)
 *   making   of what one sentence of speech needs, with its coefficients */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "audio/resample.h"
#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"

#define SECONDS 20
#define ROUNDS 5
#define TONE_S 2

/* ---- the peers, as their headers declare them ------------------------------------------------ */

typedef struct {
    double precision, phase_response, passband_end, stopband_begin;
    void *e;
    unsigned long flags;
} SoxrQuality;
typedef struct {
    const float *in;
    float *out;
    long in_frames, out_frames, used, made;
    int end;
    double ratio;
} SrcData;

static const char *(*soxr_oneshot)(double in, double out, unsigned channels, const float *x,
                                   size_t n, size_t *used, float *y, size_t m, size_t *made,
                                   const void *io, const SoxrQuality *q, const void *runtime);
static SoxrQuality (*soxr_quality_spec)(unsigned long recipe, unsigned long flags);
static int (*src_simple)(SrcData *data, int converter, int channels);

static bool by_ours(const float *x, size_t n, uint32_t in, uint32_t out, float *y, size_t m)
{
    Err err = ERR_INIT;
    (void)m;
    return resample_all(x, n, in, out, y, &err);
}

static bool by_soxr(const float *x, size_t n, uint32_t in, uint32_t out, float *y, size_t m)
{
    SoxrQuality q = soxr_quality_spec(4, 0); /* SOXR_HQ */
    size_t made = 0;
    return !soxr_oneshot(in, out, 1, x, n, NULL, y, m, &made, NULL, &q, NULL);
}

static bool by_src(int converter, const float *x, size_t n, uint32_t in, uint32_t out, float *y,
                   size_t m)
{
    SrcData d = {x, y, (long)n, (long)m, 0, 0, 1, (double)out / in};
    return src_simple(&d, converter, 1) == 0;
}

static bool by_src_best(const float *x, size_t n, uint32_t in, uint32_t out, float *y, size_t m)
{
    return by_src(0, x, n, in, out, y, m);
}

static bool by_src_medium(const float *x, size_t n, uint32_t in, uint32_t out, float *y, size_t m)
{
    return by_src(1, x, n, in, out, y, m);
}

typedef bool (*By)(const float *x, size_t n, uint32_t in, uint32_t out, float *y, size_t m);
typedef struct {
    const char *name;
    By by;
} Way;

static void *symbol(const char *library, const char *name)
{
    void *so = dlopen(library, RTLD_NOW);
    return so ? dlsym(so, name) : NULL;
}

static size_t open_ways(Way ways[4])
{
    size_t n = 0;
    ways[n++] = (Way){"ours", by_ours};
    *(void **)&soxr_oneshot = symbol("libsoxr.so.0", "soxr_oneshot");
    *(void **)&soxr_quality_spec = symbol("libsoxr.so.0", "soxr_quality_spec");
    *(void **)&src_simple = symbol("libsamplerate.so.0", "src_simple");
    if (soxr_oneshot && soxr_quality_spec)
        ways[n++] = (Way){"libsoxr HQ", by_soxr};
    else
        printf("libsoxr is not here: apt-get install libsoxr0\n");
    if (src_simple) {
        ways[n++] = (Way){"libsamplerate best", by_src_best};
        ways[n++] = (Way){"libsamplerate medium", by_src_medium};
    } else {
        printf("libsamplerate is not here: apt-get install libsamplerate0\n");
    }
    return n;
}

/* ---- quality --------------------------------------------------------------------------------- */

static void tone(float *x, size_t n, uint32_t rate, double hz)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(0.5 * sin(2 * M_PI * hz * (double)i / rate));
}

static double db(double power) { return 10 * log10(power / 0.125 + 1e-20); }

/* The tone's part of the middle half of y, by least squares, and the rest. */
static void parts(const float *y, size_t m, uint32_t rate, double hz, double *level, double *other)
{
    double ss = 0, cc = 0, sc = 0, ys = 0, yc = 0, power = 0, rest = 0;
    for (size_t i = m / 4; i < m * 3 / 4; i++) {
        double a = 2 * M_PI * hz * (double)i / rate, s = sin(a), c = cos(a);
        ss += s * s, cc += c * c, sc += s * c, ys += y[i] * s, yc += y[i] * c;
    }
    double det = ss * cc - sc * sc, p = (ys * cc - yc * sc) / det, q = (yc * ss - ys * sc) / det;
    for (size_t i = m / 4; i < m * 3 / 4; i++) {
        double a = 2 * M_PI * hz * (double)i / rate, t = p * sin(a) + q * cos(a);
        power += t * t;
        rest += ((double)y[i] - t) * ((double)y[i] - t);
    }
    *level = db(power / ((double)m / 2));
    *other = db(rest / ((double)m / 2));
}

static void quality(By by, uint32_t in, uint32_t out, double *flat, double *other, double *folded)
{
    size_t n = (size_t)in * TONE_S, m = resample_length(n, in, out);
    double half = (in < out ? in : out) / 2.0, level, rest;
    float *x = mem_array(n, sizeof *x), *y = mem_array(m, sizeof *y);
    *flat = 0, *other = *folded = -200;
    for (double part = 0.05; x && y && part <= 0.901; part += 0.05) {
        tone(x, n, in, part * half + 3);
        (void)by(x, n, in, out, y, m);
        parts(y, m, out, part * half + 3, &level, &rest);
        *flat = fabs(level) > fabs(*flat) ? level : *flat;
        *other = rest > *other ? rest : *other;
    }
    for (double hz = half * 1.001; x && y && in > out && hz < in / 2.0; hz += half * 0.07) {
        double power = 0;
        tone(x, n, in, hz);
        (void)by(x, n, in, out, y, m);
        for (size_t i = m / 4; i < m * 3 / 4; i++)
            power += (double)y[i] * y[i];
        *folded = db(power / ((double)m / 2)) > *folded ? db(power / ((double)m / 2)) : *folded;
    }
    mem_free(x);
    mem_free(y);
}

/* ---- time ------------------------------------------------------------------------------------ */

static float *noise(size_t n)
{
    float *x = mem_array(n, sizeof *x);
    uint64_t seed = 1;
    for (size_t i = 0; x && i < n; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        x[i] = (float)(int32_t)seed * 0.1f / 2147483648.0f;
    }
    return x;
}

static double seconds_of(By by, const float *x, size_t n, uint32_t in, uint32_t out, float *y)
{
    uint64_t start = clock_thread_ns();
    if (!by(x, n, in, out, y, resample_length(n, in, out)))
        printf("failed\n");
    return (double)(clock_thread_ns() - start) * 1e-9;
}

static void pair(const Way *ways, size_t count, uint32_t in, uint32_t out)
{
    size_t n = (size_t)in * SECONDS;
    float *x = noise(n), *y = mem_array(resample_length(n, in, out), sizeof *y);
    double best[4] = {1e9, 1e9, 1e9, 1e9}, making[4] = {1e9, 1e9, 1e9, 1e9};
    for (int round = 0; x && y && round < ROUNDS; round++)
        for (size_t w = 0; w < count; w++) {
            double s = seconds_of(ways[w].by, x, n, in, out, y);
            best[w] = s < best[w] ? s : best[w];
            s = seconds_of(ways[w].by, x, 1, in, out, y);
            making[w] = s < making[w] ? s : making[w];
        }
    for (size_t w = 0; w < count; w++) {
        double flat, other, folded;
        char above[16] = "-";
        quality(ways[w].by, in, out, &flat, &other, &folded);
        if (in > out)
            (void)snprintf(above, sizeof above, "%.0f dB", folded);
        printf("%6u %6u  %-20s %8.0f  %+7.3f dB  %5.0f dB  %8s  %7.0f us\n", in, out, ways[w].name,
               SECONDS / best[w], flat, other, above, making[w] * 1e6);
    }
    mem_free(x);
    mem_free(y);
}

int main(int argc, char **argv)
{
    static const uint32_t rates[][2] = {
        {48000, 16000}, {44100, 16000}, {44101, 16000}, {22050, 16000}, {22050, 24000},
        {22050, 48000}, {24000, 16000}, {16000, 22050}, {8000, 16000}};
    Way ways[4];
    Err err = ERR_INIT;
    if (!cpu_init(&err)) {
        printf("%s\n", err.msg);
        return 1;
    }
    size_t count = open_ways(ways);
    printf("%s; %s\n    in    out  %-20s %8s  %10s  %8s  %8s  %10s\n", "one thread, processor time",
           cpu_level_name(cpu_level()), "", "x real", "flat", "other", "folded", "making");
    if (argc > 2)
        pair(ways, count, (uint32_t)strtoul(argv[1], NULL, 10),
             (uint32_t)strtoul(argv[2], NULL, 10));
    for (size_t i = 0; argc <= 2 && i < sizeof rates / sizeof *rates; i++)
        pair(ways, count, rates[i][0], rates[i][1]);
    return 0;
}
