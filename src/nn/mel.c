/* mel.c - see mel.h. */
#include "nn/mel.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "nn/gemm.h"

#define N MEL_WINDOW
#define P MEL_BINS_PADDED
#define HALF (N / 2)

/* A real window x splits in u[j] = x[j] + x[N - j] and v[j] = x[j] - x[N - j], 0 < j < N/2:
 *   Re X[k] =  x[0] + (-1)^k x[N/2] + sum u[j] cos(2 pi j k / N),  Im X[k] = -sum v[j] sin(...) */
struct Mel {
    uint32_t mels;
    float window[N];
    float *cosines; /* [201][P]: row j, column k */
    float *sines;   /* [201][P] */
    float *filters; /* [201][mels] */
};

void mel_free(Mel *m)
{
    if (m) {
        mem_free(m->cosines);
        mem_free(m->sines);
        mem_free(m->filters);
        mem_free(m);
    }
}

Mel *mel_new(const float *filters, uint32_t mels, Err *err)
{
    const double turn = 2 * 3.14159265358979323846 / N;
    Mel *m = mem_zalloc(sizeof *m);
    size_t size = (size_t)MEL_BINS * P;
    if (m) {
        m->mels = mels;
        m->cosines = mem_array(size, sizeof(float));
        m->sines = mem_array(size, sizeof(float));
        m->filters = mem_array((size_t)MEL_BINS * mels, sizeof(float));
    }
    if (!m || !m->cosines || !m->sines || !m->filters) {
        mel_free(m);
        err_set(err, ERR_NO_MEMORY, "no memory for the log-mel tables");
        return NULL;
    }
    for (int j = 0; j < N; j++)
        m->window[j] = (float)(0.5 - 0.5 * cos(turn * j));
    for (int j = 0; j <= HALF; j++) {
        for (int k = 0; k <= HALF; k++) {
            m->cosines[j * P + k] = (float)cos(turn * (j * k % N));
            m->sines[j * P + k] = (float)sin(turn * (j * k % N));
        }
    }
    for (uint32_t b = 0; b < MEL_BINS; b++)
        for (uint32_t i = 0; i < mels; i++)
            m->filters[b * mels + i] = filters[i * MEL_BINS + b];
    return m;
}

/* Sample i of the sound with its beginning reflected and zeros behind it. */
static float sample(const float *pcm, size_t n, int64_t i)
{
    if (i < 0)
        i = -i;
    return (size_t)i < n ? pcm[i] : 0.0f;
}

/* The even and the odd part of frame `frame`'s window, [201] each. */
static void fold(const Mel *m, const float *pcm, size_t n, size_t frame, float *even, float *odd)
{
    float x[N];
    int64_t at = (int64_t)(frame * MEL_HOP) - HALF;
    for (int j = 0; j < N; j++)
        x[j] = sample(pcm, n, at + j) * m->window[j];
    even[0] = x[0];
    even[HALF] = x[HALF];
    odd[0] = odd[HALF] = 0;
    for (int j = 1; j < HALF; j++) {
        even[j] = x[j] + x[N - j];
        odd[j] = x[j] - x[N - j];
    }
}

float mel_frames(const Mel *m, const float *pcm, size_t n, size_t from, size_t count, float *out,
    float *scratch)
{
    float *even = scratch, *odd = even + MEL_ROWS * P, *re = odd + MEL_ROWS * P;
    float *im = re + MEL_ROWS * P, *power = im + MEL_ROWS * P, most = -10.0f;
    for (size_t i = 0; i < count; i += MEL_ROWS) {
        size_t rows = count - i < MEL_ROWS ? count - i : MEL_ROWS;
        float *to = out + i * m->mels;
        if ((from + i) * MEL_HOP >= n + HALF) { /* nothing but zeros from here on */
            for (size_t k = 0; k < rows * m->mels; k++)
                to[k] = -10.0f;
            continue;
        }
        for (size_t r = 0; r < rows; r++)
            fold(m, pcm, n, from + i + r, even + r * P, odd + r * P);
        gemm_f32(even, P, m->cosines, P, re, P, rows, P, MEL_BINS);
        gemm_f32(odd, P, m->sines, P, im, P, rows, P, MEL_BINS);
        for (size_t k = 0; k < rows * P; k++)
            power[k] = re[k] * re[k] + im[k] * im[k];
        gemm_f32(power, P, m->filters, m->mels, to, m->mels, rows, m->mels, MEL_BINS);
        for (size_t k = 0; k < rows * m->mels; k++) {
            to[k] = log10f(to[k] > 1e-10f ? to[k] : 1e-10f);
            most = to[k] > most ? to[k] : most;
        }
    }
    return most;
}

void mel_scale(float *x, size_t n, float most)
{
    for (size_t i = 0; i < n; i++)
        x[i] = ((x[i] > most - 8 ? x[i] : most - 8) + 4) / 4;
}

static double to_hz(double mel)
{
    return mel < 15 ? mel * 200 / 3 : 1000 * exp(log(6.4) / 27 * (mel - 15));
}

void mel_filters(uint32_t mels, float *out)
{
    double top = 15 + log(8.0) * 27 / log(6.4), edge[MEL_MAX + 2] = {0};
    for (uint32_t i = 0; i < mels + 2; i++)
        edge[i] = to_hz(top * i / (mels + 1));
    for (uint32_t i = 0; i < mels; i++) {
        for (uint32_t b = 0; b < MEL_BINS; b++) {
            double hz = 40.0 * b;
            double up = (hz - edge[i]) / (edge[i + 1] - edge[i]);
            double down = (edge[i + 2] - hz) / (edge[i + 2] - edge[i + 1]);
            double least = up < down ? up : down;
            out[i * MEL_BINS + b] =
                least > 0 ? (float)(least * 2 / (edge[i + 2] - edge[i])) : 0.0f;
        }
    }
}
