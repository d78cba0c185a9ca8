/* whisper_words.c - see whisper_words.h.
 *
 * The text goes through the decoder once more, and the attention of the heads that follow words
 * (WhisperHead) is kept: [heads][tokens][positions], restricted to the speech. Each position's
 * weights are made comparable over the tokens (mean 0, deviation 1), smoothed by a median of 7
 * along the time, averaged over the heads; the dearest way through from the first token at the
 * first position to the last at the last says when each token was said (dynamic time warping).
 *
 * Source: openai/whisper, timing.py. Without its later heuristics on long pauses. */
#include "nn/whisper_words.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"

#define MEDIAN 7
#define POSITION_S 0.02f
#define USUAL_MOST_S 0.7F /* of a word, whatever the others of its segment say */

enum { DIAGONAL, DOWN, RIGHT };

void whisper_words_path(const float *cost, size_t rows, size_t columns, uint8_t *trace, float *line,
    uint32_t *first)
{
    float *before = line, *now = line + columns + 1;
    for (size_t j = 0; j <= columns; j++)
        before[j] = j ? INFINITY : 0;
    for (size_t i = 0; i < rows; i++) {
        now[0] = INFINITY;
        for (size_t j = 0; j < columns; j++) {
            float both = before[j], down = before[j + 1], right = now[j];
            uint8_t step = both < down && both < right ? DIAGONAL : down < right ? DOWN : RIGHT;
            trace[i * columns + j] = step;
            now[j + 1] = cost[i * columns + j] +
                         (step == DIAGONAL ? both : step == DOWN ? down : right);
        }
        float *swap = before;
        before = now;
        now = swap;
    }
    for (size_t i = rows - 1, j = columns - 1;;) {
        first[i] = (uint32_t)j;
        uint8_t step = trace[i * columns + j];
        if (i == 0 && j == 0)
            break;
        if (i == 0)
            step = RIGHT;
        else if (j == 0)
            step = DOWN;
        i -= step != RIGHT;
        j -= step != DOWN;
    }
}

/* ---- weights -----------------------------------------------------------------------------------
 */

/* watch [rows][n] of one head: the first `columns` of each row sum to 1, then each column to mean 0
 * and deviation 1. */
static void normalise(float *watch, size_t rows, size_t n, size_t columns)
{
    for (size_t i = 0; i < rows; i++) {
        float sum = 1e-30f;
        for (size_t j = 0; j < columns; j++)
            sum += watch[i * n + j];
        for (size_t j = 0; j < columns; j++)
            watch[i * n + j] /= sum;
    }
    for (size_t j = 0; j < columns; j++) {
        float mean = 0, square = 0;
        for (size_t i = 0; i < rows; i++)
            mean += watch[i * n + j] / (float)rows;
        for (size_t i = 0; i < rows; i++)
            square += (watch[i * n + j] - mean) * (watch[i * n + j] - mean) / (float)rows;
        float by = 1 / sqrtf(square + 1e-20f);
        for (size_t i = 0; i < rows; i++)
            watch[i * n + j] = (watch[i * n + j] - mean) * by;
    }
}

static float median_at(const float *row, size_t columns, size_t j)
{
    float v[MEDIAN];
    for (int k = 0; k < MEDIAN; k++) {
        long at = (long)j + k - MEDIAN / 2, last = (long)columns - 1;
        at = at < 0 ? -at : at > last ? 2 * last - at : at; /* reflected */
        at = at < 0 ? 0 : at > last ? last : at;
        int i = k;
        for (; i > 0 && v[i - 1] > row[at]; i--)
            v[i] = v[i - 1];
        v[i] = row[at];
    }
    return v[MEDIAN / 2];
}

/* Text through the decoder; returns the row that predicts the first text token. */
static uint32_t listen_again(WhisperWindow *w, const uint32_t *text, uint32_t n, float *watch,
                             uint32_t rows)
{
    const WhisperIds *ids = &w->m->ids;
    uint32_t tokens[WHISPER_SAID_MAX + 8], count = 0;
    tokens[count++] = ids->sot;
    if (w->m->w.info.languages) {
        tokens[count++] = ids->language0 + w->language;
        tokens[count++] = w->o->task == WHISPER_TRANSLATE ? ids->translate : ids->transcribe;
    }
    uint32_t first = count;
    tokens[count++] = ids->no_timestamps;
    memcpy(tokens + count, text, n * sizeof *text);
    tokens[count + n] = ids->eot;
    w->s->watch = watch;
    w->s->watch_rows = rows;
    whisper_rewind(w->s, 0);
    whisper_decode(w->s, tokens, rows < count + n + 1 ? rows : count + n + 1, UINT32_MAX);
    w->s->watch = NULL;
    return first;
}

bool whisper_words_align(WhisperWindow *w, const WhisperSaid *said, size_t frames, float *start_s,
    Err *err)
{
    uint32_t text[WHISPER_SAID_MAX], at[WHISPER_SAID_MAX + 2], n = 0, heads = w->m->w.n_align;
    for (uint32_t i = 0; i < said->n; i++)
        if (said->tokens[i] < w->m->ids.eot)
            text[n++] = said->tokens[i];
    size_t width = w->s->n, columns = (frames + 1) / 2 < width ? (frames + 1) / 2 : width;
    uint32_t rows = n + (w->m->w.info.languages ? 5 : 3), used = n + 1;
    if (n == 0 || columns == 0) {
        memset(start_s, 0, (said->n + 1) * sizeof *start_s);
        return true;
    }
    float *watch = mem_array((size_t)heads * rows * width, sizeof *watch);
    float *cost = mem_array((size_t)used * columns, sizeof *cost);
    float *line = mem_array(2 * (columns + 1), sizeof *line);
    uint8_t *trace = mem_array(used, columns);
    bool ok = (watch && cost && line && trace) ||
              err_set(err, ERR_NO_MEMORY, "no memory for the times of words");
    if (ok) {
        uint32_t first = listen_again(w, text, n, watch, rows);
        for (uint32_t h = 0; h < heads; h++) {
            float *head = watch + (size_t)h * rows * width;
            normalise(head, rows, width, columns);
            for (size_t i = 0; i < used; i++)
                for (size_t j = 0; j < columns; j++)
                    cost[i * columns + j] -= median_at(head + (first + i) * width, columns, j);
        }
        whisper_words_path(cost, used, columns, trace, line, at);
    }
    for (uint32_t i = 0, k = 0; ok && i <= said->n; i++) {
        start_s[i] = (float)at[k] * POSITION_S;
        k += i < said->n && said->tokens[i] < w->m->ids.eot;
    }
    mem_free(watch);
    mem_free(cost);
    mem_free(line);
    mem_free(trace);
    return ok;
}

/* ---- words -------------------------------------------------------------------------------------
 */

/* Languages that are written without spaces: every character is a word. */
static bool has_spaces(const WhisperWindow *w)
{
    static const char *const without[] = {"zh", "ja", "th", "lo", "my", "yue"};
    const char *code = whisper_language(w->language);
    for (size_t i = 0; w->m->w.info.languages && i < sizeof without / sizeof *without; i++)
        if (strcmp(code, without[i]) == 0)
            return false;
    return true;
}

/* Whether token i begins a word: `so_far` is the text of the word before it. */
static bool begins_word(Str so_far, Str token, bool spaces)
{
    if (so_far.len == 0 || utf8_valid_len(so_far) < so_far.len)
        return so_far.len == 0; /* a character may be several tokens */
    if (spaces)
        return token.len && token.ptr[0] == ' ';
    return bpe_has_word(token) || utf8_valid_len(token) < token.len;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* A silence before the first word is aligned with that word, which then lasts as long as the
 * silence. As the reference does: a word that long begins as late as twice the usual length allows
 * (whisper/timing.py, add_word_timestamps; here the usual length is that of the segment). */
static bool shorten_first(WhisperWord *words, size_t n, Arena *a)
{
    float *lengths = ARENA_NEW_ARRAY(a, float, n + 1), usual = USUAL_MOST_S;
    size_t count = 0;
    if (!lengths)
        return false;
    for (size_t i = 0; i < n; i++)
        if (words[i].end_s > words[i].start_s)
            lengths[count++] = words[i].end_s - words[i].start_s;
    if (!count)
        return true;
    qsort(lengths, count, sizeof *lengths, by_size);
    if (lengths[count / 2] < usual)
        usual = lengths[count / 2];
    float most = 2 * usual;
    if (words[0].end_s - words[0].start_s > 2 * most) {
        words[0].start_s = words[0].end_s - most;
    } else if (n > 1 && words[1].end_s - words[0].start_s > 3 * most &&
               words[1].end_s - words[1].start_s > 2 * most) { /* or the second has it all */
        words[1].start_s = words[1].end_s - most;
        words[0].end_s = words[1].start_s;
        if (words[0].start_s < words[0].end_s - most)
            words[0].start_s = words[0].end_s - most;
    }
    return true;
}

bool whisper_words_cut(const WhisperWindow *w, const WhisperSaid *said, const float *start_s,
    uint32_t from, uint32_t to, float offset_s, float end_s, Arena *a, const WhisperWord **out,
    size_t *n, Err *err)
{
    WhisperWord *words = ARENA_NEW_ARRAY(a, WhisperWord, to - from + 1);
    Buf text;
    bool ok = words != NULL, spaces = has_spaces(w);
    size_t count = 0, parts = 0;
    buf_init(&text, 1 << 16);
    for (uint32_t i = from; ok && i <= to; i++) {
        bool word = i < to && said->tokens[i] < w->m->ids.eot;
        Str token = word ? bpe_token(&w->m->w.bpe, said->tokens[i]) : STR("");
        if (!word && i < to)
            continue;
        if (i == to || begins_word(buf_str(&text), token, spaces)) {
            if (parts) {
                Buf clean;
                buf_init(&clean, 1 << 16);
                ok = utf8_append_lossy(&clean, buf_str(&text));
                words[count].text = arena_buf(a, &clean);
                words[count].probability = expf(words[count].probability / (float)parts);
                ok = ok && words[count++].text.ptr;
                buf_release(&clean);
            }
            buf_clear(&text);
            parts = 0;
            if (i == to)
                break;
            words[count] = (WhisperWord){.start_s = offset_s + start_s[i]};
        }
        ok = ok && buf_add(&text, token);
        float end = offset_s + start_s[i + 1], start = words[count].start_s;
        words[count].end_s = end < end_s ? end : end_s > start ? end_s : start;
        words[count].probability += said->logprobs[i];
        parts++;
    }
    buf_release(&text);
    if (!ok || !shorten_first(words, count, a))
        return err_set(err, ERR_NO_MEMORY, "no memory for the words of a transcript");
    *out = words;
    *n = count;
    return true;
}
