/* num.c - shortest decimal text.
 *
 * A decimal of at most 15 digits survives a double (6 for a float) and comes back when that double
 * is rounded to 15 (6) digits. So the shortest text is the value at 15 digits without the zeros at
 * its end when that reads back the same, else 16 digits, else 17.
 *
 * For usual magnitudes the digits are r = round(v * 10^k), and reading them back is r / 10^k: with
 * r < 2^53 and k <= 22 both operands are exact and the one division is correctly rounded, so it is
 * what strtod would give (Clinger 1990). That costs two floating-point operations; the rest goes
 * through snprintf and strtod. /v1/embeddings prints 384 floats a text: this is why. */
#include "base/num.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    bool minus;
    int exp10;      /* of the first digit: 1.5 has 0 */
    int count;      /* of digits, no zero at the end */
    char digits[24];
} Decimal;

static const double pow10_exact[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

size_t num_format_int(int64_t v, char out[NUM_TEXT])
{
    char reversed[24];
    size_t n = 0, at = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do
        reversed[n++] = (char)('0' + u % 10);
    while ((u /= 10) != 0);
    if (v < 0)
        out[at++] = '-';
    while (n > 0)
        out[at++] = reversed[--n];
    out[at] = '\0';
    return at;
}

static size_t put_zeros(char *out, size_t at, int count)
{
    for (; count > 0; count--)
        out[at++] = '0';
    return at;
}

static size_t put_decimal(const Decimal *d, char out[NUM_TEXT])
{
    size_t at = 0;
    if (d->minus)
        out[at++] = '-';
    if (d->exp10 < -6 || d->exp10 >= 17) { /* 1.5e-7 */
        out[at++] = d->digits[0];
        if (d->count > 1)
            out[at++] = '.';
        memcpy(out + at, d->digits + 1, (size_t)d->count - 1);
        at += (size_t)d->count - 1;
        out[at++] = 'e';
        return at + num_format_int(d->exp10, out + at);
    }
    if (d->exp10 < 0) { /* 0.0015 */
        out[at++] = '0';
        out[at++] = '.';
        at = put_zeros(out, at, -d->exp10 - 1);
        memcpy(out + at, d->digits, (size_t)d->count);
        at += (size_t)d->count;
    } else { /* 15.5, 1500 */
        int whole = d->count < d->exp10 + 1 ? d->count : d->exp10 + 1;
        memcpy(out + at, d->digits, (size_t)whole);
        at = put_zeros(out, at + (size_t)whole, d->exp10 + 1 - whole);
        if (d->count > whole) {
            out[at++] = '.';
            memcpy(out + at, d->digits + whole, (size_t)(d->count - whole));
            at += (size_t)(d->count - whole);
        }
    }
    out[at] = '\0';
    return at;
}

static void drop_zeros(Decimal *d)
{
    while (d->count > 1 && d->digits[d->count - 1] == '0')
        d->count--;
}

/* The digits of r, whose last one stands for 10^-k. r > 0. */
static void decimal_of(uint64_t r, int k, bool minus, Decimal *d)
{
    char text[NUM_TEXT];
    d->count = (int)num_format_int((int64_t)r, text);
    memcpy(d->digits, text, (size_t)d->count);
    d->exp10 = d->count - 1 - k;
    d->minus = minus;
    drop_zeros(d);
}

/* About floor(log10(v)), v > 0; one off does no harm. */
static int magnitude(double v)
{
    double log2_floor = ilogb(v), log10_floor = floor(log2_floor * 0.30102999566398120);
    int e = (int)log10_floor;
    if (e >= -1 && e < 22)
        return e + (v >= pow10_exact[e + 1]);
    if (e < -1 && e >= -23)
        return e + (v * pow10_exact[-e - 1] >= 1.0);
    return e;
}

/* The first `digits` digits of v > 0 as r / 10^k, when both are exact doubles. */
static bool scale(double v, int digits, uint64_t *r, int *k)
{
    *k = digits - 1 - magnitude(v);
    if (*k < 0 || *k > 22)
        return false;
    double scaled = v * pow10_exact[*k] + 0.5;
    if (scaled < 1.0 || scaled >= 9007199254740992.0)
        return false;
    *r = (uint64_t)scaled;
    return true;
}

/* snprintf's digits, whatever the locale has for a decimal point. v > 0. */
static void print_digits(double v, int digits, bool minus, Decimal *d)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*e", digits - 1, v);
    const char *p = text;
    *d = (Decimal){.minus = minus};
    for (; *p && *p != 'e'; p++)
        if (*p >= '0' && *p <= '9' && d->count < (int)sizeof d->digits)
            d->digits[d->count++] = *p;
    d->exp10 = *p ? (int)strtol(p + 1, NULL, 10) : 0;
    drop_zeros(d);
}

/* Whether `text` reads back as v, which is a float when `single`. */
static bool reads_as(const char *text, double v, bool single)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0); /* a constant object in glibc */
    if (c == (locale_t)0)
        return false;
    double back = single ? (double)strtof_l(text, NULL, c) : strtod_l(text, NULL, c);
    freelocale(c);
    return back == v;
}

__extension__ typedef unsigned __int128 Wide;

/* Sixteen or seventeen digits for v = m 2^e in [2^-17, 2^52), in whole numbers of 128 bits:
 *
 *   r = m 10^k / 2^-e, rounded to even      m 10^k < 2^53 10^21 < 2^123
 *
 * which is what snprintf prints; and r / 10^k reads back as v when it is not farther from v than
 * half a unit of m (of the exact middle the even m gets it). A power of two has a nearer neighbour
 * below: left to the C library. */
static bool format_wide(double v, bool minus, char out[NUM_TEXT], size_t *n)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t m = (bits & 0xFFFFFFFFFFFFFu) | (uint64_t)1 << 52;
    int shift = 1075 - (int)(bits >> 52);
    if (shift < 1 || shift > 69 || m == (uint64_t)1 << 52)
        return false;
    for (int digits = 16; digits <= 17; digits++) {
        int k = digits - 1 - magnitude(v);
        if (k < 0 || k > 21)
            return false;
        Wide ten = (uint64_t)pow10_exact[k > 19 ? 19 : k];
        ten *= k == 21 ? 100 : k == 20 ? 10 : 1;
        Wide x = m * ten, one = (Wide)1 << shift;
        Wide rest = x & (one - 1), r = x >> shift;
        r += rest > one / 2 || (rest == one / 2 && (r & 1));
        Wide back = r << shift, off = back > x ? back - x : x - back;
        if (off * 2 > ten || (off * 2 == ten && (m & 1)))
            continue;
        if (r < (uint64_t)pow10_exact[digits - 1] || r >= (uint64_t)pow10_exact[digits])
            return false; /* the magnitude was one off */
        Decimal d;
        decimal_of((uint64_t)r, k, minus, &d);
        *n = put_decimal(&d, out);
        return true;
    }
    return false;
}

/* By the C library: always right, some ten times slower. v > 0 and finite. Subnormal numbers have
 * fewer digits than 15 (6) to keep, so those are tried from one digit on. */
static size_t format_slowly(double v, bool minus, bool single, char out[NUM_TEXT])
{
    int last = single ? 9 : 17, first = single ? FLT_DIG : DBL_DIG;
    if (v < (single ? (double)FLT_MIN : DBL_MIN))
        first = 1;
    for (int digits = first;; digits++) {
        Decimal d;
        print_digits(v, digits, minus, &d);
        size_t n = put_decimal(&d, out);
        if (digits == last || reads_as(out + minus, v, single))
            return n;
    }
}

/* NaN, infinities and zeros; 0 when v is none of them. Minus zero has a point, since JSON readers
 * take "-0" for an integer, which has no sign to keep. */
static size_t format_special(double v, char out[NUM_TEXT])
{
    const char *text = NULL;
    if (isnan(v))
        text = "NaN";
    else if (isinf(v))
        text = v > 0 ? "+Inf" : "-Inf";
    else if (v == 0)
        text = signbit(v) ? "-0.0" : "0";
    if (!text)
        return 0;
    size_t n = strlen(text);
    memcpy(out, text, n + 1);
    return n;
}

size_t num_format(double v, char out[NUM_TEXT])
{
    size_t n = format_special(v, out);
    if (n > 0)
        return n;
    if (fabs(v) < 1e15 && v == (double)(int64_t)v)
        return num_format_int((int64_t)v, out);
    uint64_t r;
    int k;
    bool minus = v < 0;
    v = fabs(v);
    if (scale(v, 15, &r, &k) && (double)r / pow10_exact[k] == v) {
        Decimal d;
        decimal_of(r, k, minus, &d);
        return put_decimal(&d, out);
    }
    if (format_wide(v, minus, out, &n))
        return n;
    return format_slowly(v, minus, false, out);
}

/* Whether the double q, off by at most half a unit in its last place, surely rounds to the float v:
 * not when it is within one unit of the middle between two floats. */
static bool rounds_to(double q, float v)
{
    uint64_t bits;
    memcpy(&bits, &q, sizeof bits);
    uint64_t below = bits & 0x1FFFFFFF; /* the 29 bits that a float does not have */
    return (float)q == v && (below < 0x0FFFFFFF || below > 0x10000001);
}

size_t num_format_float(float v, char out[NUM_TEXT])
{
    size_t n = format_special((double)v, out);
    if (n > 0)
        return n;
    bool minus = v < 0;
    v = fabsf(v);
    for (int digits = 6; digits <= 9; digits++) {
        uint64_t r;
        int k;
        if (!scale((double)v, digits, &r, &k))
            break;
        if (rounds_to((double)r / pow10_exact[k], v)) {
            Decimal d;
            decimal_of(r, k, minus, &d);
            return put_decimal(&d, out);
        }
    }
    return format_slowly((double)v, minus, true, out);
}
