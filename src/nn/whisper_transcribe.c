/* whisper_transcribe.c - a sound of any length, window after window, into segments. The walk is
 * that of openai/whisper's transcribe.py. */
#include <math.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "nn/whisper.h"
#include "nn/whisper_words.h"

#define CONTENT_TIME 0.02f /* seconds a timestamp's step */
#define FRAME_TIME 0.01f
#define QUIET 1e-4f        /* -80 dB: nothing was recorded */
#define SURE 0.7f          /* a language less likely than this is asked for again, see below */
#define LITTLE 100         /* frames; a rest so short would only echo the words before it */

typedef struct {
    WhisperWindow w;
    Arena *arena;
    WhisperSegment *segments;
    size_t n_segments, cap;
    Buf text;
    uint32_t *carried; /* tokens of the windows before; [carried_cap] */
    size_t n_carried;
    size_t content; /* frames of the sound */
    float starts[WHISPER_SAID_MAX + 1]; /* of this window's tokens, when words are timed */
} Transcription;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for a transcript");
}

/* ---- segments ----------------------------------------------------------------------------------
 */

static WhisperSegment *new_segment(Transcription *t)
{
    if (t->n_segments == t->cap) {
        size_t cap = t->cap ? 2 * t->cap : 8;
        WhisperSegment *grown = ARENA_NEW_ARRAY(t->arena, WhisperSegment, cap);
        if (!grown)
            return NULL;
        if (t->n_segments)
            memcpy(grown, t->segments, t->n_segments * sizeof *grown);
        t->segments = grown;
        t->cap = cap;
    }
    return &t->segments[t->n_segments];
}

/* Tokens [from, to) of what was said in the window at `seek`. One without words is left out. */
static bool add_segment(Transcription *t, const WhisperSaid *said, size_t seek, uint32_t from,
                        uint32_t to, float start, float end, Err *err)
{
    Buf raw;
    WhisperSegment *g = new_segment(t);
    buf_init(&raw, 1 << 20);
    size_t before = t->text.len;
    bool ok = g && whisper_decode_text(t->w.m, said->tokens + from, to - from, &raw);
    Str text = str_trim(buf_str(&raw));
    if (ok && bpe_has_word(text) && start < end) {
        size_t count = to - from;
        uint32_t *tokens = ARENA_NEW_ARRAY(t->arena, uint32_t, count);
        float *logprobs = ARENA_NEW_ARRAY(t->arena, float, count);
        if (before)
            buf_add_char(&t->text, ' ');
        size_t at = t->text.len;
        ok = tokens && logprobs && utf8_append_lossy(&t->text, text);
        if (ok) {
            memcpy(tokens, said->tokens + from, count * sizeof *tokens);
            memcpy(logprobs, said->logprobs + from, count * sizeof *logprobs);
            *g = (WhisperSegment){
                .start_s = start, .end_s = end, .tokens = tokens, .logprobs = logprobs,
                .n_tokens = count, .seek = (uint32_t)seek, .temperature = said->temperature,
                .text = arena_str(t->arena, str_sub(buf_str(&t->text), at, t->text.len)),
                .avg_logprob = said->avg_logprob, .compression_ratio = said->compression_ratio,
                .no_speech_prob = said->no_speech_prob, .full_window = said->full_window};
            ok = g->text.ptr != NULL &&
                 (!t->w.o->word_times ||
                  whisper_words_cut(&t->w, said, t->starts, from, to, (float)seek * FRAME_TIME,
                                    end, t->arena, &g->words, &g->n_words, NULL));
            if (ok && g->n_words && g->words[0].start_s > start)
                g->start_s = g->words[0].start_s; /* a silence before it is no part of it */
            t->n_segments += ok;
        }
    }
    buf_release(&raw);
    return ok || no_memory(err);
}

/* Cuts what was said at its pairs of timestamps; *advance gets the frames the window used. */
static bool cut_segments(Transcription *t, const WhisperSaid *said, size_t seek, size_t frames,
                         size_t *advance, Err *err)
{
    uint32_t time0 = t->w.m->ids.time0, n = said->n, from = 0, last = 0;
    const uint32_t *k = said->tokens;
    float offset = (float)seek * FRAME_TIME, duration = (float)frames * FRAME_TIME;
    bool single = n >= 2 ? k[n - 2] < time0 && k[n - 1] >= time0 : false;
    *advance = frames;
    for (uint32_t i = 1; i <= n; i++) {
        bool pair = i < n && k[i - 1] >= time0 && k[i] >= time0;
        if (!pair && !(i == n && single && from))
            continue;
        float start = k[from] >= time0 ? (float)(k[from] - time0) * CONTENT_TIME : 0;
        float end = k[i - 1] >= time0 ? (float)(k[i - 1] - time0) * CONTENT_TIME : duration;
        if (!add_segment(t, said, seek, from, i, offset + start, offset + end, err))
            return false;
        from = i;
        last = i;
    }
    if (last && !single) {
        size_t used = 2 * (size_t)(k[last - 1] - time0);
        *advance = used > 0 && used < frames ? used : frames;
        return true;
    }
    if (last)
        return true;
    float start = n && k[0] >= time0 ? (float)(k[0] - time0) * CONTENT_TIME : 0;
    for (uint32_t i = 1; i < n; i++)
        if (k[i] > time0)
            duration = (float)(k[i] - time0) * CONTENT_TIME;
    if (start >= duration)
        start = 0;
    return add_segment(t, said, seek, 0, n, offset + start, offset + duration, err);
}

/* ---- windows -----------------------------------------------------------------------------------
 */

static void set_prompt(Transcription *t, const uint32_t *given, size_t n_given)
{
    WhisperWindow *w = &t->w;
    size_t room = WHISPER_SAID_MAX - 1, from = t->n_carried > room ? t->n_carried - room : 0;
    w->n_prompt = 0;
    for (size_t i = 0; i < n_given && t->n_carried + i < room; i++)
        w->prompt[w->n_prompt++] = given[i];
    for (size_t i = from; i < t->n_carried; i++)
        w->prompt[w->n_prompt++] = t->carried[i];
}

/* Keeps what may be the next window's prompt: the last tokens said. */
static void carry(Transcription *t, const WhisperSaid *said)
{
    if (!t->w.o->carry_text || said->temperature > 0.5f) {
        t->n_carried = 0;
        return;
    }
    size_t keep = WHISPER_SAID_MAX;
    for (uint32_t i = 0; i < said->n; i++) {
        if (t->n_carried == keep)
            memmove(t->carried, t->carried + 1, --t->n_carried * sizeof *t->carried);
        t->carried[t->n_carried++] = said->tokens[i];
    }
}

static bool one_window(Transcription *t, size_t seek, size_t *advance, Err *err)
{
    WhisperWindow *w = &t->w;
    size_t frames = t->content - seek < WHISPER_FRAMES ? t->content - seek : WHISPER_FRAMES;
    WhisperSaid *said = mem_alloc(sizeof *said);
    if (!said)
        return no_memory(err);
    *advance = frames;
    bool ok = whisper_window_decode(w, seek, frames, said, err);
    if (ok && !whisper_window_is_nothing(w, said, frames)) {
        ok = (!w->o->word_times || whisper_words_align(w, said, frames, t->starts, err)) &&
             cut_segments(t, said, seek, frames, advance, err);
        if (ok)
            carry(t, said);
    }
    mem_free(said);
    return ok;
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

/* The language that was asked for, or the only one; false when it has to be found. */
static bool given_language(Transcription *t, WhisperResult *out)
{
    Str wanted = t->w.o->language;
    uint32_t n = t->w.m->w.info.languages;
    out->language = "en";
    out->language_probability = 1;
    for (uint32_t i = 0; i < n && wanted.len; i++) {
        if (str_eq(wanted, str_of(whisper_language(i)))) {
            t->w.language = i;
            out->language = whisper_language(i);
        }
    }
    return n == 0 || wanted.len > 0;
}

/* The window is encoded. Behind a short one the model is less sure of the language than on the full
 * one, and likelier wrong; where it is not sure it gets the full one, which stays encoded. */
static void find_language(Transcription *t, size_t seek, size_t frames, WhisperResult *out)
{
    float probabilities[128];
    WhisperWindow *w = &t->w;
    w->language = whisper_window_language(w, probabilities);
    if (probabilities[w->language] < SURE && w->s->n < WHISPER_POSITIONS) {
        whisper_window_encode(w, seek, frames, true);
        w->language = whisper_window_language(w, probabilities);
    }
    out->language = whisper_language(w->language);
    out->language_probability = probabilities[w->language];
}

/* The largest log-mel of the sound, which is what every window is scaled by. */
static float loudest(Transcription *t)
{
    WhisperWindow *w = &t->w;
    float most = -10;
    uint64_t start = clock_mono_ns();
    for (size_t at = 0; at <= t->content; at += WHISPER_FRAMES) {
        size_t n = t->content + 1 - at < WHISPER_FRAMES ? t->content + 1 - at : WHISPER_FRAMES;
        float here = mel_frames(w->m->mel, w->pcm, w->n, at, n, w->s->mel + w->m->w.info.mels,
                                w->s->lane[0].scores);
        most = here > most ? here : most;
    }
    w->mel_ns += clock_mono_ns() - start;
    return most;
}

static bool is_quiet(const float *pcm, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fabsf(pcm[i]) > QUIET)
            return false;
    return true;
}

static bool run(Transcription *t, WhisperResult *out, Err *err)
{
    WhisperWindow *w = &t->w;
    const WhisperOptions *o = w->o;
    uint32_t given[WHISPER_SAID_MAX];
    size_t n_given = o->prompt.len ? bpe_encode(&w->m->w.bpe, o->prompt, given, WHISPER_SAID_MAX)
                                   : 0;
    n_given = n_given < WHISPER_SAID_MAX ? n_given : WHISPER_SAID_MAX;
    bool known = given_language(t, out);
    if (t->content == 0 || is_quiet(w->pcm, w->n))
        return true;
    w->most = loudest(t);
    for (size_t seek = 0, advance = 0; seek < t->content; seek += advance) {
        size_t frames = t->content - seek < WHISPER_FRAMES ? t->content - seek : WHISPER_FRAMES;
        advance = frames;
        if (!is_quiet(w->pcm + seek * WHISPER_HOP, frames * WHISPER_HOP)) {
            whisper_window_encode(w, seek, frames, o->full_window);
            if (!known)
                find_language(t, seek, frames, out);
            known = true;
            if (frames < LITTLE)
                t->n_carried = 0;
            set_prompt(t, given, n_given);
            size_t before = t->n_segments;
            if (!one_window(t, seek, &advance, err))
                return false;
            if (o->heard && t->n_segments > before)
                o->heard(o->arg, t->segments + before, t->n_segments - before);
        }
        if (o->progress && !o->progress(o->arg, (seek + advance) * WHISPER_HOP, w->n))
            return err_set(err, ERR_CANCELLED, "the transcription was stopped");
    }
    return true;
}

/* NaN and infinity are no sound; *copy is set when there was one. */
static bool finite_pcm(const float *pcm, size_t n, float **copy, Err *err)
{
    size_t i = 0;
    while (i < n && pcm[i] - pcm[i] == 0)
        i++;
    if (i == n)
        return true;
    *copy = mem_array(n, sizeof **copy);
    if (!*copy)
        return no_memory(err);
    for (i = 0; i < n; i++)
        (*copy)[i] = pcm[i] - pcm[i] == 0 ? pcm[i] : 0;
    return true;
}

bool whisper_transcribe(const Whisper *m, WhisperState *s, const float *pcm, size_t n,
    const WhisperOptions *options, Arena *a, WhisperResult *out, Err *err)
{
    float *copy = NULL;
    uint32_t carried[WHISPER_SAID_MAX];
    WhisperResult result = {.language = "en", .duration_s = (float)n / WHISPER_RATE_HZ};
    if (!utf8_ok(options->prompt))
        return err_set(err, ERR_VALIDATION, "the prompt is not valid UTF-8");
    if (options->language.len && !whisper_knows_language(m, options->language))
        return err_set(err, ERR_VALIDATION, "the speech model does not know the language \"%.*s\"",
                       (int)(options->language.len < 20 ? options->language.len : 20),
                       options->language.ptr);
    if (!finite_pcm(pcm, n, &copy, err))
        return false;
    Transcription t = {.arena = a, .carried = carried, .content = n / WHISPER_HOP,
                       .w = {.m = m, .s = s, .o = options, .pcm = copy ? copy : pcm, .n = n}};
    buf_init(&t.text, 64 << 20);
    bool ok = run(&t, &result, err);
    if (ok) {
        result.text = arena_buf(a, &t.text);
        ok = result.text.ptr != NULL || no_memory(err);
    }
    if (ok) {
        result.segments = t.segments;
        result.n_segments = t.n_segments;
        result.mel_ns = t.w.mel_ns;
        result.encode_ns = t.w.encode_ns;
        result.decode_ns = t.w.decode_ns;
        result.fallbacks = t.w.fallbacks;
        *out = result;
    }
    buf_release(&t.text);
    mem_free(copy);
    return ok;
}

bool whisper_detect(const Whisper *m, WhisperState *s, const float *pcm, size_t n,
    const char **language, float *probability, Err *err)
{
    WhisperOptions o = {0};
    WhisperResult result = {0};
    float *copy = NULL;
    if (!m->w.info.languages)
        return err_set(err, ERR_VALIDATION, "the speech model is English only");
    if (n > (size_t)WHISPER_WINDOW_S * WHISPER_RATE_HZ)
        n = (size_t)WHISPER_WINDOW_S * WHISPER_RATE_HZ;
    if (!finite_pcm(pcm, n, &copy, err))
        return false;
    Transcription t = {.content = n / WHISPER_HOP,
                       .w = {.m = m, .s = s, .o = &o, .pcm = copy ? copy : pcm, .n = n}};
    t.w.most = loudest(&t);
    whisper_window_encode(&t.w, 0, t.content, false);
    find_language(&t, 0, t.content, &result);
    mem_free(copy);
    *language = result.language;
    *probability = result.language_probability;
    return true;
}
