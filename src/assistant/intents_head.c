/* intents_head.c - see intents_head.h. */
#include "assistant/intents_head.h"

#include <math.h>
#include <stdio.h>

#include "assistant/intents_weights.h"

static void add_row(float *score, size_t row, float x)
{
    const int8_t *q = head_weights[row];
    for (size_t c = 0; c < HEAD_CLASSES; c++)
        score[c] += x * (float)q[c];
}

static void add_feature(float *score, const char *kind, Str a, Str b)
{
    char room[160];
    int n = snprintf(room, sizeof room, "%s " STR_FMT "%s" STR_FMT, kind, STR_ARG(a),
                     b.len ? " " : "", STR_ARG(b));
    if (n <= 0 || (size_t)n >= sizeof room)
        return;
    Str key = str_mem(room, (size_t)n);
    size_t lo = 0, hi = HEAD_FEATURES;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = str_cmp(key, str_of(head_features[mid]));
        if (c == 0) {
            add_row(score, MINILM_DIM + mid, HEAD_FEATURE_SCALE);
            return;
        }
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
}

static bool seen_before(const SentenceWords *w, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (str_eq(w->word[k].text, w->word[i].text))
            return true;
    return false;
}

static void add_words(float *score, const SentenceWords *w)
{
    const Str none = {"", 0};
    for (size_t i = 0; i < w->n; i++)
        if (!seen_before(w, i))
            add_feature(score, "u", w->word[i].text, none);
    if (w->n > 0)
        add_feature(score, "f", w->word[0].text, none);
    if (w->n > 1)
        add_feature(score, "g", w->word[0].text, w->word[1].text);
}

void head_score(const SentenceWords *w, const float *embedding, float *out)
{
    float score[HEAD_CLASSES] = {0}, best = -INFINITY, sum = 0;
    for (size_t d = 0; d < MINILM_DIM; d++)
        add_row(score, d, embedding[d]);
    add_words(score, w);
    for (size_t c = 0; c < HEAD_CLASSES; c++) {
        score[c] = score[c] * head_scale[c] + head_bias[c];
        best = score[c] > best ? score[c] : best;
    }
    for (size_t c = 0; c < HEAD_CLASSES; c++)
        sum += score[c] = expf(score[c] - best);
    memset(out, 0, sizeof *out * ACTION_COUNT);
    for (size_t c = 0; c < HEAD_CLASSES; c++)
        out[head_action[c]] += score[c] / sum;
}

/* Linear between points at 0, 0.1 ... 1. */
static double interpolate(const float *points, double p)
{
    double at = (p < 0 ? 0 : p > 1 ? 1 : p) * 10;
    int i = at >= 10 ? 9 : (int)at;
    return points[i] + (points[i + 1] - points[i]) * (at - i);
}

double head_calibrate_kind(double p)
{
    return interpolate(head_kind_points, p);
}

double head_calibrate_action(double p)
{
    return interpolate(head_action_points, p);
}
