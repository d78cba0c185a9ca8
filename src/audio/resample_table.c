/* resample_table.c - see resample_int.h. The prototype is sampled 128 times a unit, once; what a
 * pair of rates needs of it is interpolated (Lagrange's cubic, -160 dB), which takes some
 * nanoseconds a coefficient instead of a hundred: every spoken sentence makes a table. */
#include "audio/resample_int.h"

#include <math.h>
#include <pthread.h>

#include "base/mem.h"

#define CUTOFF 0.95 /* in the middle between 0.9 and 1 */
#define BETA 12.57  /* 0.1102 (A - 8.7) for A = 7.95 + 14.36 * 160 * 0.05 = 122.8 dB */
#define DENSE 128   /* of the prototype, a unit */
#define FINE 64     /* of a table between whose rows is interpolated, a unit: -137 dB */
#define PHASES_FLOATS_MAX 131072 /* of a table with a row a phase; more are interpolated */

static double dense[RESAMPLE_HALF * DENSE + 3]; /* dense[1 + i] = g(i / DENSE), and g(-1 / DENSE) */
static double inverse_squares[40];
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* I0(2 sqrt(z)) = sum of z^k / k!^2; z <= (BETA / 2)^2, where 40 terms leave nothing. */
static double bessel(double z)
{
    double sum = 1, term = 1;
    for (int k = 1; k < 40; k++) {
        term *= z * inverse_squares[k];
        sum += term;
    }
    return sum;
}

static double prototype(double t)
{
    double u = t / RESAMPLE_HALF, a = M_PI * CUTOFF * t;
    if (u * u > 1)
        return 0;
    double sinc = fabs(a) < 1e-9 ? 1 : sin(a) / a;
    return CUTOFF * sinc * bessel(BETA * BETA / 4 * (1 - u * u)) / bessel(BETA * BETA / 4);
}

static void sample(void)
{
    for (int k = 1; k < 40; k++)
        inverse_squares[k] = 1 / ((double)k * k);
    for (int i = -1; i <= RESAMPLE_HALF * DENSE + 1; i++)
        dense[1 + i] = prototype((double)i / DENSE);
}

void resample_prototype(void) { (void)pthread_once(&once, sample); }

static void lagrange(double x, double w[4])
{
    w[0] = -x * (x - 1) * (x - 2) / 6;
    w[1] = (x + 1) * (x - 1) * (x - 2) / 2;
    w[2] = -(x + 1) * x * (x - 2) / 2;
    w[3] = (x + 1) * x * (x - 1) / 6;
}

static double at(double t)
{
    double place = fabs(t) * DENSE, w[4];
    if (place >= RESAMPLE_HALF * DENSE)
        return 0;
    size_t i = (size_t)place;
    lagrange(place - (double)i, w);
    return w[0] * dense[i] + w[1] * dense[i + 1] + w[2] * dense[i + 2] + w[3] * dense[i + 3];
}

/* The taps of an output that lies `phase` of a sample behind sample taps / 2 - 1 of the row. */
static void fill(const ResampleTable *t, double c, double phase, float *row)
{
    double first = phase + (double)(t->taps / 2 - 1);
    for (size_t j = 0; j < t->taps; j++)
        row[j] = (float)(c * at(c * (first - (double)j)));
}

static uint32_t common(uint32_t a, uint32_t b)
{
    while (b) {
        uint32_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

bool resample_table_init(ResampleTable *t, uint32_t in_hz, uint32_t out_hz, Err *err)
{
    double c = out_hz < in_hz ? (double)out_hz / in_hz : 1;
    uint32_t divisor = common(in_hz, out_hz);
    *t = (ResampleTable){.in = in_hz / divisor, .out = out_hz / divisor};
    size_t least = (size_t)ceil(2 * RESAMPLE_HALF / c);
    t->taps = (least + RESAMPLE_ALIGN - 1) / RESAMPLE_ALIGN * RESAMPLE_ALIGN;
    if (t->out > 1 && t->out * t->taps > PHASES_FLOATS_MAX)
        t->fine = (uint32_t)ceil(FINE * c);
    size_t rows = t->fine ? t->fine + 3 : t->out;
    t->rows = mem_aligned(64, rows * t->taps * sizeof *t->rows);
    if (!t->rows)
        return err_set(err, ERR_NO_MEMORY, "cannot change the sample rate: out of memory");
    resample_prototype();
    for (size_t r = 0; r < rows; r++)
        fill(t, c, t->fine ? ((double)r - 1) / t->fine : (double)r / t->out, t->rows + r * t->taps);
    return true;
}

void resample_table_release(ResampleTable *t)
{
    mem_free(t->rows);
    t->rows = NULL;
}

size_t resample_table_between(const ResampleTable *t, uint32_t phase, float weights[4])
{
    uint64_t place = (uint64_t)phase * t->fine;
    double w[4];
    lagrange((double)(place % t->out) / t->out, w);
    for (int i = 0; i < 4; i++)
        weights[i] = (float)w[i];
    return (size_t)(place / t->out);
}
