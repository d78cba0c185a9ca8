/* ears_long.c - sounds of any length, heard in stretches: only one of them is in memory. */
#include "base/mem.h"
#include "voice/ears.h"

#define STRETCH ((size_t)600 * EARS_RATE_HZ)
#define LOOK ((size_t)30 * EARS_RATE_HZ) /* the end of a stretch in which to look for a silence */
#define QUIET (EARS_RATE_HZ * 3 / 10)

typedef struct {
    const WhisperOptions *own;
    float offset_s;
} Piece;

/* One behind the other and no words: who listens wants text and times. */
static void on_heard(void *arg, const WhisperSegment *segments, size_t n)
{
    const Piece *p = arg;
    for (size_t i = 0; i < n; i++) {
        WhisperSegment s = segments[i];
        s.start_s += p->offset_s;
        s.end_s += p->offset_s;
        s.words = NULL;
        s.n_words = 0;
        p->own->heard(p->own->arg, &s, 1);
    }
}

static bool on_progress(void *arg, size_t done, size_t all)
{
    const Piece *p = arg;
    return p->own->progress(p->own->arg, done, all);
}

static bool on_cancelled(void *arg)
{
    const Piece *p = arg;
    return p->own->cancelled(p->own->arg);
}

/* Where the stretch ends: in the middle of the quietest 0.3 s of its last half minute, the last of
 * them, so that what is said next begins a window and is not what one ends with. */
static size_t cut(const float *pcm, size_t n)
{
    size_t best = n;
    double least = 1e30;
    for (size_t at = n - LOOK; at + QUIET <= n; at += QUIET / 3) {
        double power = 0;
        for (size_t i = at; i < at + QUIET; i++)
            power += (double)pcm[i] * (double)pcm[i];
        if (power <= least) {
            least = power;
            best = at + QUIET / 2;
        }
    }
    return best;
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for a transcript");
}

/* Segments and text of `r`, which begins at offset_s, behind those of *sum. */
static bool append(WhisperResult *sum, const WhisperResult *r, float offset_s, Arena *a, Err *err)
{
    size_t n = sum->n_segments + r->n_segments;
    WhisperSegment *all = ARENA_NEW_ARRAY(a, WhisperSegment, n + 1);
    if (!all)
        return no_memory(err);
    if (sum->n_segments)
        memcpy(all, sum->segments, sum->n_segments * sizeof *all);
    for (size_t i = 0; i < r->n_segments; i++) {
        WhisperSegment *s = &all[sum->n_segments + i];
        *s = r->segments[i];
        s->start_s += offset_s;
        s->end_s += offset_s;
        s->seek += (uint32_t)(offset_s * 100);
        WhisperWord *words = ARENA_NEW_ARRAY(a, WhisperWord, s->n_words + 1);
        if (!words)
            return no_memory(err);
        for (size_t k = 0; k < s->n_words; k++) {
            words[k] = s->words[k];
            words[k].start_s += offset_s;
            words[k].end_s += offset_s;
        }
        s->words = words;
    }
    bool first = sum->text.len == 0;
    if (first) { /* until there are words, whatever the silence before them is said to be */
        sum->language = r->language;
        sum->language_probability = r->language_probability;
    }
    if (r->text.len)
        sum->text = first ? r->text : arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(sum->text),
                                                   STR_ARG(r->text));
    sum->segments = all;
    sum->n_segments = n;
    sum->mel_ns += r->mel_ns;
    sum->encode_ns += r->encode_ns;
    sum->decode_ns += r->decode_ns;
    sum->fallbacks += r->fallbacks;
    return sum->text.ptr || no_memory(err);
}

bool ears_hear_source(Ears *e, const EarsRequest *r, const EarsSource *sound, Arena *a,
    WhisperResult *out, Err *err)
{
    size_t most = sound->n < STRETCH ? sound->n : STRETCH, used = 0;
    float *pcm = mem_array(most + 1, sizeof *pcm);
    WhisperResult sum = {.text = STR(""), .language = "en",
                         .duration_s = (float)sound->n / EARS_RATE_HZ};
    bool ok = pcm != NULL || no_memory(err);
    for (size_t at = 0; ok && (at < sound->n || at == 0); at += used) {
        WhisperResult one;
        size_t n = sound->read(sound->arg, at, most, pcm);
        used = at + n < sound->n && n > LOOK ? cut(pcm, n) : n;
        Piece piece = {&r->options, (float)at / EARS_RATE_HZ};
        EarsRequest q = *r;
        q.before = at;
        q.whole = sound->n;
        q.options.progress = r->options.progress ? on_progress : NULL;
        q.options.cancelled = r->options.cancelled ? on_cancelled : NULL;
        q.options.heard = r->options.heard ? on_heard : NULL;
        q.options.arg = &piece;
        ok = ears_hear(e, &q, pcm, used, a, &one, err) &&
             append(&sum, &one, piece.offset_s, a, err);
        if (!used)
            break;
    }
    mem_free(pcm);
    if (ok)
        *out = sum;
    return ok;
}
