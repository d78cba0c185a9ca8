#include "ingest/memo.h"

#include <math.h>

#include "ingest/sound.h"
#include "store/cues.h"

#define PAUSE_S 1.5F     /* nobody speaks for so long: a new paragraph */
#define PARAGRAPH_S 60.0F /* or after so long, where a sentence ends */
/* Decoding may take two minutes, and a second more for every 128 KiB, which are half a minute of
 * sound or less as recorders write it. */
#define DECODE_MS 120000u
#define DECODE_BYTES_A_MS 128u
#define DECODE_MOST_MS 900000u

static size_t read_sound(void *arg, size_t from, size_t n, float *out)
{
    return sound_read(arg, from, n, out);
}

static bool ends_sentence(Str s)
{
    char c = s.len ? s.ptr[s.len - 1] : '\0';
    return c == '.' || c == '!' || c == '?';
}

static uint32_t to_ms(float s)
{
    return s > 0 ? (uint32_t)llround((double)s * 1000) : 0;
}

/* The cues of a segment whose text stands at `at`: one a sentence, when its words have times. */
static size_t add_cues(const WhisperSegment *s, size_t at, Cue *to)
{
    size_t n = 0, from = 0, pos = 0, first = 0;
    for (size_t i = 0; i < s->n_words; i++) {
        Str word = str_trim(s->words[i].text);
        size_t found = str_find(s->text, word, pos);
        if (found == SIZE_MAX) { /* they do not say the same: then the segment as a whole */
            n = 0;
            break;
        }
        pos = found + word.len;
        if (i == first)
            from = found;
        bool last = i + 1 == s->n_words;
        if (!last && !ends_sentence(word))
            continue;
        uint32_t start = to_ms(s->words[first].start_s), end = to_ms(s->words[i].end_s);
        to[n++] = (Cue){(uint32_t)(at + from), (uint32_t)(at + (last ? s->text.len : pos)), start,
                        end > start ? end : start};
        first = i + 1;
    }
    if (n)
        return n;
    uint32_t start = to_ms(s->start_s), end = to_ms(s->end_s);
    to[0] = (Cue){(uint32_t)at, (uint32_t)(at + s->text.len), start, end > start ? end : start};
    return 1;
}

bool memo_text(const WhisperResult *heard, Arena *a, Memo *out, Err *err)
{
    Buf text;
    size_t n = 0, most = heard->n_segments + 1;
    for (size_t i = 0; i < heard->n_segments; i++)
        most += heard->segments[i].n_words;
    Cue *cues = ARENA_NEW_ARRAY(a, Cue, most);
    float paragraph = 0, last = 0;
    buf_init(&text, (size_t)64 << 20);
    for (size_t i = 0; cues && i < heard->n_segments; i++) {
        const WhisperSegment *s = &heard->segments[i];
        if (!s->text.len)
            continue;
        bool breaks = n && (s->start_s - last > PAUSE_S ||
                            (s->start_s - paragraph > PARAGRAPH_S &&
                             ends_sentence(buf_str(&text))));
        if (n)
            buf_add_c(&text, breaks ? "\n\n" : " ");
        if (!n || breaks)
            paragraph = s->start_s;
        size_t at = text.len;
        buf_add(&text, s->text);
        n += add_cues(s, at, cues + n);
        last = s->end_s;
    }
    if (n)
        buf_add_char(&text, '\n');
    bool ok = cues && buf_ok(&text);
    Str whole = ok ? arena_buf(a, &text) : (Str){0};
    buf_release(&text);
    if (!ok || !whole.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for a transcript");
    if (!n)
        return err_set(err, ERR_VALIDATION, "there is no speech in it");
    out->text = (Extracted){.text = whole, .title = STR(""), .author = STR(""),
                            .language = str_of(heard->language), .created = STR(""),
                            .modified = STR("")};
    out->cues = cues;
    out->n_cues = n;
    return true;
}

bool memo_read(const IngestEars *ears, const Snapshot *bytes, const IngestInput *in, Arena *a,
               Memo *out, Err *err)
{
    Sound sound;
    WhisperResult heard;
    Memo memo = {0};
    uint64_t more = bytes->size / DECODE_BYTES_A_MS;
    SoundLimits limits = {.max_seconds = MEMO_MAX_SECONDS,
                          .timeout_ms = more < DECODE_MOST_MS - DECODE_MS
                                            ? DECODE_MS + (uint32_t)more : DECODE_MOST_MS};
    if (!ears->hear)
        return err_set(err, ERR_UNAVAILABLE, "there is no speech recogniser here");
    if (!ears->ready(ears->arg, err) ||
        !sound_decode_snapshot(ears->sounds, bytes, in->filename, &limits, &sound, err))
        return false;
    IngestSound s = {(size_t)sound.samples, read_sound, &sound, in->cancelled, in->cancelled_arg};
    bool ok = ears->hear(ears->arg, &s, a, &heard, memo.heard_by, err);
    SoundTags tags = sound.tags;
    memo.seconds = sound_seconds(&sound);
    memo.partial = sound.partial;
    sound_release(&sound);
    if (!ok || !memo_text(&heard, a, &memo, err))
        return false;
    memo.text.title = arena_str(a, str_of(tags.title));
    memo.text.author = arena_str(a, str_of(tags.author));
    memo.text.created = arena_str(a, str_of(tags.created));
    if (!memo.text.title.ptr || !memo.text.author.ptr || !memo.text.created.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for a recording's tags");
    *out = memo;
    return true;
}

bool memo_again(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Memo *out, Err *err)
{
    Document old;
    Memo memo = {0};
    if (!store_document_get(s, owner, id, true, a, &old, err) ||
        !store_cues(s, owner, id, 0, UINT32_MAX, a, &memo.cues, &memo.n_cues, err))
        return false;
    memo.text = (Extracted){.text = old.content, .title = STR(""), .author = old.author,
                            .language = old.language, .created = STR(""), .modified = STR("")};
    *out = memo;
    return true;
}
