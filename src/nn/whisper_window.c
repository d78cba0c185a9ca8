/* whisper_window.c - see whisper_window.h. */
#include "nn/whisper_window.h"

#include <math.h>

#include "base/clock.h"
#include "base/mem.h"

#define MARGIN 16       /* positions of silence that are computed behind the speech */
#define FEW 8            /* tokens: "Thank you." is what the model hears in noise */
#define NEARLY_FULL 1424 /* from here on the short way saves nothing worth its risk */

float whisper_compression_limit(const WhisperOptions *o)
{
    return o->compression_limit != 0 ? o->compression_limit : 2.4f;
}

float whisper_logprob_limit(const WhisperOptions *o)
{
    return o->logprob_limit != 0 ? o->logprob_limit : -1.0f;
}

float whisper_no_speech_limit(const WhisperOptions *o)
{
    return o->no_speech_limit != 0 ? o->no_speech_limit : 0.6f;
}

/* ---- encoding ----------------------------------------------------------------------------------
 */

uint32_t whisper_window_positions(size_t frames)
{
    size_t n = GEMM_UP((frames + 1) / 2 + MARGIN, (size_t)16);
    return n >= NEARLY_FULL ? WHISPER_POSITIONS : (uint32_t)n;
}

typedef struct {
    WhisperWindow *w;
    size_t seek, frames;
} MelJob;

static void mel_part(void *arg, unsigned member, unsigned members)
{
    const MelJob *job = arg;
    const WhisperWindow *w = job->w;
    WhisperState *s = w->s;
    uint32_t mels = w->m->w.info.mels;
    unsigned from, to;
    team_part((unsigned)job->frames, member, members, &from, &to);
    (void)mel_frames(w->m->mel, w->pcm, w->n, job->seek + from, to - from,
                     s->mel + (size_t)(from + 1) * mels, s->lane[member].scores);
}

/* The short way needs the floor that the kept silence has: the clip is made louder or softer until
 * it has it, which in a log-mel is one addition. */
void whisper_window_encode(WhisperWindow *w, size_t seek, size_t frames, bool full)
{
    WhisperState *s = w->s;
    size_t mels = w->m->w.info.mels;
    uint32_t n = full ? WHISPER_POSITIONS : whisper_window_positions(frames);
    size_t need = 2 * (size_t)n + 2 < WHISPER_FRAMES ? 2 * (size_t)n + 2 : WHISPER_FRAMES;
    uint64_t start = clock_mono_ns();
    MelJob job = {w, seek, need};
    team_run(s->team, mel_part, &job);
    mel_scale(s->mel + mels, need * mels, w->most);
    if (n < WHISPER_POSITIONS) {
        float shift = WHISPER_FLOOR - (w->most - 4) / 4;
        for (size_t i = mels; i < (need + 1) * mels; i++)
            s->mel[i] += shift;
    }
    memset(s->mel + (need + 1) * mels, 0, (WHISPER_FRAMES - need + 3) * mels * sizeof *s->mel);
    uint64_t between = clock_mono_ns();
    whisper_encode(s, n);
    w->mel_ns += between - start;
    w->encode_ns += clock_mono_ns() - between;
}

uint32_t whisper_window_language(WhisperWindow *w, float *probabilities)
{
    const WhisperIds *ids = &w->m->ids;
    WhisperState *s = w->s;
    float most = -INFINITY, sum = 0;
    uint32_t best = 0;
    whisper_rewind(s, 0);
    whisper_decode(s, &ids->sot, 1, UINT32_MAX);
    const float *logits = s->logits + ids->language0;
    for (uint32_t i = 0; i < ids->languages; i++) {
        if (logits[i] > most) {
            most = logits[i];
            best = i;
        }
    }
    for (uint32_t i = 0; i < ids->languages; i++)
        sum += probabilities[i] = expf(logits[i] - most);
    for (uint32_t i = 0; i < ids->languages; i++)
        probabilities[i] /= sum;
    return best;
}

/* ---- decoding ----------------------------------------------------------------------------------
 */

/* [before what was said] start, language, task; *sot says where the start is. */
static uint32_t begin_tokens(const WhisperWindow *w, uint32_t *out, uint32_t *sot)
{
    const WhisperIds *ids = &w->m->ids;
    uint32_t n = 0, keep = w->n_prompt;
    if (keep) {
        uint32_t room = WHISPER_SAID_MAX - 1;
        uint32_t skip = keep > room ? keep - room : 0;
        out[n++] = ids->sot_prev;
        for (uint32_t i = skip; i < keep; i++)
            out[n++] = w->prompt[i];
    }
    *sot = n;
    out[n++] = ids->sot;
    if (w->m->w.info.languages) {
        out[n++] = ids->language0 + w->language;
        out[n++] = w->o->task == WHISPER_TRANSLATE ? ids->translate : ids->transcribe;
    }
    if (w->o->no_timestamps)
        out[n++] = ids->no_timestamps;
    return n;
}

/* Nobody says more than this many tokens in so many frames; what goes on is a loop. */
static uint32_t token_limit(const WhisperWindow *w, size_t frames)
{
    uint32_t room = w->m->w.info.text_positions / 2;
    size_t fast = 16 + frames / 6;
    uint32_t most = room < WHISPER_SAID_MAX ? room : WHISPER_SAID_MAX;
    return fast < most ? (uint32_t)fast : most;
}

static bool measure(WhisperWindow *w, WhisperSaid *out, float sum, Err *err)
{
    Buf text;
    buf_init(&text, 1 << 20);
    bool ok = whisper_decode_text(w->m, out->tokens, out->n, &text);
    out->avg_logprob = sum / (float)(out->n + 1);
    out->compression_ratio = whisper_compression(str_trim(buf_str(&text)));
    buf_release(&text);
    return ok || err_set(err, ERR_NO_MEMORY, "no memory for the text of a window");
}

static bool decode_once(WhisperWindow *w, size_t frames, float temperature, WhisperSaid *out,
                        Err *err)
{
    WhisperState *s = w->s;
    const Whisper *m = w->m;
    uint32_t begin[WHISPER_TEXT_MAX], sot, period, limit = token_limit(w, frames);
    uint32_t n = begin_tokens(w, begin, &sot);
    uint64_t start = clock_mono_ns();
    float sum = 0;
    *out = (WhisperSaid){.temperature = temperature, .full_window = s->silent == 0};
    whisper_rewind(s, 0);
    whisper_decode(s, begin, n, sot);
    out->no_speech_prob = whisper_probability(m, s->probe, m->ids.no_speech);
    for (;;) {
        whisper_rules(m, s->logits, out->tokens, out->n, !w->o->no_timestamps);
        WhisperChoice c = whisper_choose(m, s->logits, temperature, &w->random, s->sorted);
        sum += c.logprob;
        if (c.id == m->ids.eot)
            break;
        out->tokens[out->n] = c.id;
        out->logprobs[out->n++] = c.logprob;
        out->looped = whisper_repeats(out->tokens, out->n, &period) >= 4 && period * 4 >= 12;
        out->cut_off = out->n == limit;
        if (out->looped || out->cut_off)
            break;
        if (w->o->cancelled && w->o->cancelled(w->o->arg))
            return err_set(err, ERR_CANCELLED, "the transcription was stopped");
        whisper_decode(s, &c.id, 1, UINT32_MAX);
    }
    w->decode_ns += clock_mono_ns() - start;
    return measure(w, out, sum, err);
}

/* Silence has no text to be unsure of. */
static bool is_silence(const WhisperWindow *w, const WhisperSaid *said)
{
    return said->no_speech_prob > whisper_no_speech_limit(w->o) &&
           said->avg_logprob < whisper_logprob_limit(w->o);
}

static bool looks_wrong(const WhisperWindow *w, const WhisperSaid *said)
{
    bool loops = said->looped || said->compression_ratio > whisper_compression_limit(w->o);
    return loops || (said->avg_logprob < whisper_logprob_limit(w->o) && !is_silence(w, said)) ||
           said->cut_off;
}

/* What repeats itself at the end in spite of all is said once. */
static void cut_repeats(WhisperSaid *said)
{
    uint32_t period, times = whisper_repeats(said->tokens, said->n, &period);
    if (times >= 3)
        said->n -= period * (times - 1);
}

/* The better of two that look wrong: the one that does not repeat itself, then the likelier. */
static bool better(const WhisperWindow *w, const WhisperSaid *a, const WhisperSaid *b)
{
    float limit = whisper_compression_limit(w->o);
    bool loops_a = a->looped || a->cut_off || a->compression_ratio > limit;
    bool loops_b = b->looped || b->cut_off || b->compression_ratio > limit;
    return loops_a != loops_b ? loops_b : a->avg_logprob > b->avg_logprob;
}

/* Higher temperatures only make worse what is as unlikely as this, and in less than a second there
 * is nothing to guess from. */
static bool is_hopeless(const WhisperWindow *w, const WhisperSaid *said, size_t frames)
{
    return said->avg_logprob < whisper_logprob_limit(w->o) - 0.5f || frames < 100;
}

static bool climb(WhisperWindow *w, size_t frames, WhisperSaid *out, Err *err)
{
    float t = w->o->temperature;
    WhisperSaid *next = mem_alloc(sizeof *next);
    bool ok = next || err_set(err, ERR_NO_MEMORY, "no memory to decode a window again");
    while (ok && looks_wrong(w, out) && !w->o->one_temperature && t < 0.99f && frames >= 100) {
        t += 0.2f;
        w->fallbacks++;
        ok = decode_once(w, frames, t, next, err);
        if (ok && (!looks_wrong(w, next) || better(w, next, out)))
            *out = *next;
        if (ok && is_hopeless(w, next, frames))
            break;
    }
    mem_free(next);
    return ok;
}

bool whisper_window_decode(WhisperWindow *w, size_t seek, size_t frames, WhisperSaid *out,
    Err *err)
{
    bool is_full = w->s->n == WHISPER_POSITIONS; /* as it is encoded now */
    if (!decode_once(w, frames, w->o->temperature, out, err))
        return false;
    if (looks_wrong(w, out) && !is_full) {
        w->fallbacks++;
        whisper_window_encode(w, seek, frames, true);
        if (!decode_once(w, frames, w->o->temperature, out, err))
            return false;
    }
    if (!climb(w, frames, out, err))
        return false;
    if (looks_wrong(w, out))
        cut_repeats(out);
    return true;
}

bool whisper_window_is_nothing(const WhisperWindow *w, const WhisperSaid *said, size_t frames)
{
    float unlikely = whisper_logprob_limit(w->o);
    uint32_t words[WHISPER_SAID_MAX], n = 0, period;
    for (uint32_t i = 0; i < said->n; i++)
        if (said->tokens[i] < w->m->ids.eot)
            words[n++] = said->tokens[i];
    bool poor = n <= FEW || whisper_repeats(words, n, &period) >= 3;
    bool loops = said->looped || said->compression_ratio > whisper_compression_limit(w->o);
    if (said->no_speech_prob > whisper_no_speech_limit(w->o) &&
        (loops || said->avg_logprob < unlikely || (poor && said->avg_logprob < unlikely + 0.4f)))
        return true;
    return looks_wrong(w, said) && is_hopeless(w, said, frames);
}
