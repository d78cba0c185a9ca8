/* whisper_rules.c - see whisper_rules.h. The rules are those of openai/whisper's decoding.py. */
#include "nn/whisper_rules.h"

#include <math.h>
#include <zlib.h>

#include "base/mem.h"
#include "nn/ops.h"

#define NEVER (-3.0e38f)
#define FIRST_TIME_MAX 50 /* steps of 0.02 s: speech begins within a second of its window */
#define PERIOD_MAX 24

/* ---- what is never said ------------------------------------------------------------------------
 */

static void suppress(Whisper *m, uint32_t id)
{
    for (uint32_t i = 0; i < m->n_suppress; i++)
        if (m->suppress[i] == id)
            return;
    if (m->n_suppress < WHISPER_SUPPRESS_MAX)
        m->suppress[m->n_suppress++] = id;
}

/* Signs and notes that captions use for what is not speech; of musical notes also the first token,
 * because none is a token of its own. */
void whisper_suppress_init(Whisper *m)
{
    static const char *const signs[] = {
        "\"", "#", "(", ")", "*", "+", "/", ":", ";", "<", "=", ">", "@", "[", "\\", "]", "^", "_",
        "`", "{", "|", "}", "~", "「", "」", "『", "』", "<<", ">>", "<<<", ">>>", "--", "---",
        "-(", "-[", "('", "(\"", "((", "))", "(((", ")))", "[[", "]]", "{{", "}}", "♪♪", "♪♪♪",
        "♩", "♪", "♫", "♬", "♭", "♮", "♯"};
    size_t n = sizeof signs / sizeof *signs;
    uint32_t ids[4];
    if (bpe_encode(&m->w.bpe, STR(" -"), ids, 4))
        suppress(m, ids[0]);
    if (bpe_encode(&m->w.bpe, STR(" '"), ids, 4))
        suppress(m, ids[0]);
    for (size_t i = 0; i < n; i++) {
        for (int space = 0; space < 2; space++) {
            char text[16] = " ";
            size_t len = strlen(signs[i]);
            memcpy(text + space, signs[i], len);
            size_t count = bpe_encode(&m->w.bpe, str_mem(text, len + (size_t)space), ids, 4);
            if (count == 1 || i >= n - 7)
                suppress(m, ids[0]);
        }
    }
    m->space = bpe_encode(&m->w.bpe, STR(" "), ids, 4) ? ids[0] : m->ids.eot;
}

/* ---- timestamps --------------------------------------------------------------------------------
 */

static void never(float *logits, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++)
        logits[i] = NEVER;
}

/* Sum of e^x of [from, to) as a logarithm. */
static float log_sum(const float *x, uint32_t from, uint32_t to)
{
    float most = NEVER, sum = 0;
    for (uint32_t i = from; i < to; i++)
        most = x[i] > most ? x[i] : most;
    if (most <= NEVER)
        return NEVER;
    for (uint32_t i = from; i < to; i++)
        sum += expf(x[i] - most);
    return most + logf(sum);
}

/* Timestamps come in pairs, save before the end; they do not go back; the first token is one; and
 * when together they are likelier than any word, it is one. */
static void time_rules(const Whisper *m, float *logits, const uint32_t *tokens, size_t n)
{
    uint32_t time0 = m->ids.time0, end = m->w.info.vocabulary, last = 0;
    bool was = n >= 1 && tokens[n - 1] >= time0, before = n < 2 || tokens[n - 2] >= time0;
    if (was && before)
        never(logits, time0, end);
    else if (was)
        never(logits, 0, m->ids.eot);
    for (size_t i = 0; i < n; i++)
        last = tokens[i] >= time0 ? tokens[i] : last;
    if (last)
        never(logits, time0, was && !before ? last : last + 1 < end ? last + 1 : end);
    if (n == 0) {
        never(logits, 0, time0);
        never(logits, time0 + FIRST_TIME_MAX + 1, end);
    }
    float word = NEVER;
    for (uint32_t i = 0; i < time0; i++)
        word = logits[i] > word ? logits[i] : word;
    if (log_sum(logits, time0, end) > word)
        never(logits, 0, time0);
}

void whisper_rules(const Whisper *m, float *logits, const uint32_t *tokens, size_t n,
    bool timestamps)
{
    const WhisperIds *ids = &m->ids;
    for (uint32_t i = 0; i < m->n_suppress; i++)
        logits[m->suppress[i]] = NEVER;
    never(logits, ids->sot, ids->time0);
    never(logits, m->w.info.vocabulary, m->w.words.n); /* the padding */
    if (n == 0) {
        logits[m->space] = NEVER;
        logits[ids->eot] = NEVER;
    }
    if (timestamps)
        time_rules(m, logits, tokens, n);
    else
        never(logits, ids->time0, m->w.info.vocabulary);
}

/* ---- choosing ----------------------------------------------------------------------------------
 */

/* splitmix64, as a number in [0, 1). */
static float random_unit(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (float)((z ^ z >> 31) >> 40) * 0x1p-24f;
}

WhisperChoice whisper_choose(const Whisper *m, const float *logits, float temperature,
    uint64_t *random, float *scratch)
{
    uint32_t n = m->w.info.vocabulary, best = 0;
    float most, sum;
    nn_ops()->log_sum(logits, m->w.words.n, &most, &sum);
    if (temperature <= 0) {
        for (uint32_t i = 0; i < n; i++)
            if (logits[i] == most) {
                best = i;
                break;
            }
        return (WhisperChoice){best, -logf(sum)};
    }
    float total = 0;
    for (uint32_t i = 0; i < n; i++) {
        scratch[i] = logits[i] <= NEVER ? 0 : expf((logits[i] - most) / temperature);
        total += scratch[i];
    }
    float left = random_unit(random) * total;
    for (uint32_t i = 0; i < n; i++) {
        if (scratch[i] <= 0)
            continue;
        best = i;
        left -= scratch[i];
        if (left < 0)
            break;
    }
    return (WhisperChoice){best, logits[best] - most - logf(sum)};
}

float whisper_probability(const Whisper *m, const float *logits, uint32_t id)
{
    float most = NEVER, sum = 0;
    for (uint32_t i = 0; i < m->w.info.vocabulary; i++)
        most = logits[i] > most ? logits[i] : most;
    for (uint32_t i = 0; i < m->w.info.vocabulary; i++)
        sum += expf(logits[i] - most);
    return expf(logits[id] - most) / sum;
}

/* ---- telling a bad text ------------------------------------------------------------------------
 */

float whisper_compression(Str text)
{
    if (text.len == 0)
        return 0;
    uLongf len = compressBound((uLong)text.len);
    uint8_t *out = mem_alloc(len);
    if (!out)
        return 0;
    bool ok = compress(out, &len, (const Bytef *)text.ptr, (uLong)text.len) == Z_OK;
    mem_free(out);
    return ok && len ? (float)text.len / (float)len : 0;
}

uint32_t whisper_repeats(const uint32_t *tokens, size_t n, uint32_t *period)
{
    uint32_t most = 0;
    *period = 0;
    for (uint32_t p = 1; p <= PERIOD_MAX && 2 * p <= n; p++) {
        size_t same = 0;
        while (same + p < n && tokens[n - 1 - same] == tokens[n - 1 - same - p])
            same++;
        uint32_t times = (uint32_t)(same / p) + 1;
        if (times > most && times >= 3 && same + p >= 10) {
            most = times;
            *period = p;
        }
    }
    return most;
}
