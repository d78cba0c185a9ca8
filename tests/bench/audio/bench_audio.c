/* bench_audio - how fast sound is resampled and encoded, times real time, one thread; the best of
 * some rounds over a minute of tones in noise. */
#include <math.h>
#include <stdio.h>

#include "audio/encode.h"
#include "audio/resample.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"

#define SECONDS 60
#define ROUNDS 5

static float *make(uint32_t rate)
{
    size_t n = (size_t)rate * SECONDS;
    float *pcm = mem_array(n, sizeof *pcm);
    uint64_t seed = 1;
    for (size_t i = 0; pcm && i < n; i++) {
        double t = (double)i / rate;
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        pcm[i] = (float)(0.3 * sin(2 * M_PI * 200 * t) * fabs(sin(3 * t)) +
                         0.02 * (double)(int32_t)seed / 2147483648.0);
    }
    return pcm;
}

static void resample(uint32_t in, uint32_t out)
{
    Err err = ERR_INIT;
    float *x = make(in), *y = mem_array(resample_length((size_t)in * SECONDS, in, out), sizeof *y);
    double best = 1e9;
    for (int i = 0; i < ROUNDS && x && y; i++) {
        uint64_t start = clock_mono_ns();
        if (!resample_all(x, (size_t)in * SECONDS, in, out, y, &err))
            printf("%s\n", err.msg);
        double s = clock_seconds_since(start);
        best = s < best ? s : best;
    }
    printf("resample %5u to %5u Hz  %6.0f x real time\n", in, out, SECONDS / best);
    mem_free(x);
    mem_free(y);
}

static void encode(EncodeFormat format, uint32_t rate)
{
    Err err = ERR_INIT;
    EncodeOptions o = {.format = format, .rate_hz = rate};
    float *x = make(rate);
    Buf out;
    double best = 1e9, first = 0;
    uint64_t before = os_rss_bytes();
    buf_init(&out, BUF_DEFAULT_MAX);
    for (int i = 0; i < ROUNDS && x; i++) {
        uint64_t start = clock_mono_ns();
        buf_clear(&out);
        Encoder *e = encode_new(&o, &err);
        double opened = clock_seconds_since(start);
        first = i == 0 ? opened : first;
        bool ok = e && encode_push(e, x, (size_t)rate * SECONDS, &out, &err) &&
                  encode_finish(e, &out, &err);
        if (!ok)
            printf("%s\n", err.msg);
        encode_free(e);
        double s = clock_seconds_since(start);
        best = s < best ? s : best;
    }
    uint64_t now = os_rss_bytes();
    printf("encode %-5s %5u Hz  %6.0f x real time, %6.1f kbit/s, first opening %5.1f ms, "
           "%5.1f MiB more\n",
           encode_info(format)->name, rate, SECONDS / best, (double)out.len * 8e-3 / SECONDS,
           first * 1e3, (double)(now > before ? now - before : 0) / 1048576.0);
    buf_release(&out);
    mem_free(x);
}

int main(void)
{
    static const uint32_t rates[][2] = {{48000, 16000}, {44100, 16000}, {8000, 16000},
                                        {22050, 16000}, {22050, 24000}};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++)
        resample(rates[i][0], rates[i][1]);
    for (int f = 0; f < ENCODE_FORMATS; f++)
        encode((EncodeFormat)f, 22050);
    return 0;
}
