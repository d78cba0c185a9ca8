/* ears_far_read.c - OpenAI's verbose_json, or json, as a transcript. Nothing in it is believed:
 * times are put in order and inside the sound, words are looked for in the text. */
#include <math.h>

#include "base/json.h"
#include "voice/ears_far.h"

#define UNSAID_LOGPROB (-0.22F) /* four in five: of a server that does not say how sure it is */

/* Names as OpenAI's servers say them; others say the code. */
static const char names[] =
    "english:en german:de french:fr spanish:es italian:it portuguese:pt dutch:nl polish:pl "
    "russian:ru ukrainian:uk czech:cs slovak:sk hungarian:hu romanian:ro bulgarian:bg greek:el "
    "turkish:tr arabic:ar hebrew:he persian:fa hindi:hi urdu:ur bengali:bn tamil:ta telugu:te "
    "chinese:zh japanese:ja korean:ko vietnamese:vi thai:th indonesian:id malay:ms tagalog:tl "
    "swedish:sv danish:da norwegian:no finnish:fi icelandic:is estonian:et latvian:lv "
    "lithuanian:lt croatian:hr serbian:sr slovenian:sl bosnian:bs macedonian:mk albanian:sq "
    "catalan:ca galician:gl basque:eu welsh:cy afrikaans:af swahili:sw armenian:hy azerbaijani:az "
    "belarusian:be kazakh:kk marathi:mr nepali:ne kannada:kn maori:mi";

static const char *language_of(Str said)
{
    const char *code;
    Str all = str_of(names), pair;
    while (str_next(&all, ' ', &pair)) {
        size_t colon = str_find(pair, STR(":"), 0);
        if (str_eq_nocase(str_sub(pair, 0, colon), said)) {
            said = str_sub(pair, colon + 1, pair.len);
            break;
        }
    }
    for (uint32_t i = 0; (code = whisper_language(i)); i++)
        if (str_eq(str_of(code), said))
            return code;
    return "en";
}

static float number(const Json *j, const char *key, double least, double most, double absent)
{
    double v;
    if (!json_num(json_get(j, key), &v) || !isfinite(v))
        v = absent;
    return (float)(v < least ? least : v > most ? most : v);
}

static bool copy(Arena *a, Str s, Str *out)
{
    *out = s.len ? arena_str(a, s) : STR("");
    return out->ptr != NULL;
}

static bool read_segment(const Json *j, float from, float duration, Arena *a, WhisperSegment *g)
{
    const Json *tokens = json_get(j, "tokens");
    size_t n = json_count(tokens);
    uint32_t *ids = ARENA_NEW_ARRAY(a, uint32_t, n + 1);
    float *logprobs = ARENA_NEW_ARRAY(a, float, n + 1);
    float start = number(j, "start", from, duration, from);
    *g = (WhisperSegment){.start_s = start, .end_s = number(j, "end", start, duration, duration),
        .temperature = number(j, "temperature", 0, 1, 0), .tokens = ids, .logprobs = logprobs,
        .n_tokens = n, .avg_logprob = number(j, "avg_logprob", -100, 0, UNSAID_LOGPROB),
        .compression_ratio = number(j, "compression_ratio", 0, 1e6, 1),
        .no_speech_prob = number(j, "no_speech_prob", 0, 1, 0),
        .seek = (uint32_t)number(j, "seek", 0, 1e7, 0), .full_window = true};
    for (size_t i = 0; ids && logprobs && i < n; i++) {
        int64_t id = 0;
        (void)json_int(json_at(tokens, i), &id);
        ids[i] = id >= 0 && id < UINT32_MAX ? (uint32_t)id : 0;
        logprobs[i] = g->avg_logprob;
    }
    return ids && logprobs && copy(a, str_trim(json_str(json_get(j, "text"))), &g->text);
}

static bool read_segments(const Json *list, Arena *a, WhisperResult *out)
{
    size_t n = json_count(list);
    WhisperSegment *all = ARENA_NEW_ARRAY(a, WhisperSegment, n + 1);
    float at = 0;
    bool ok = all != NULL;
    for (size_t i = 0; ok && i < n; i++) {
        ok = read_segment(json_at(list, i), at, out->duration_s, a, &all[out->n_segments]);
        if (!ok || !all[out->n_segments].text.len)
            continue;
        at = all[out->n_segments++].start_s;
    }
    if (ok && !out->n_segments && out->text.len)
        all[out->n_segments++] = (WhisperSegment){.end_s = out->duration_s, .text = out->text,
            .avg_logprob = UNSAID_LOGPROB, .compression_ratio = 1, .full_window = true};
    out->segments = all;
    return ok;
}

/* The words of a segment from the list's number *at on: those that stand in its text, each to the
 * next space, so that punctuation is the text's whatever the server sends. */
static bool take_words(const Json *list, size_t *at, Arena *a, WhisperSegment *g)
{
    size_t n = json_count(list), pos = 0;
    WhisperWord *words = ARENA_NEW_ARRAY(a, WhisperWord, n - *at + 1);
    float from = g->start_s;
    for (; words && *at < n; (*at)++) {
        const Json *j = json_at(list, *at);
        Str word = str_trim(json_str(json_get(j, "word")));
        size_t found = word.len ? str_find(g->text, word, pos) : pos;
        if (found == SIZE_MAX)
            break;
        if (!word.len)
            continue;
        pos = found + word.len;
        while (pos < g->text.len && g->text.ptr[pos] != ' ' && pos - found < word.len + 4)
            pos++;
        while (pos < g->text.len && ((unsigned char)g->text.ptr[pos] & 0xC0) == 0x80)
            pos++; /* no character is cut */
        WhisperWord *w = &words[g->n_words];
        w->start_s = number(j, "start", from, g->end_s, from);
        w->end_s = number(j, "end", w->start_s, g->end_s, w->start_s);
        w->probability = expf(g->avg_logprob);
        w->text = arena_printf(a, " " STR_FMT, STR_ARG(str_sub(g->text, found, pos)));
        if (!w->text.ptr)
            return false;
        from = w->start_s;
        g->n_words++;
    }
    g->words = words;
    return words != NULL;
}

static bool fill(const Json *j, const WhisperOptions *o, Arena *a, WhisperResult *out)
{
    size_t at = 0;
    const Json *words = json_get(j, "words");
    Str said = json_str(json_get(j, "language"));
    out->language = language_of(o->language.len ? o->language : said);
    out->language_probability = o->language.len ? 1 : 0.8F;
    bool ok = copy(a, str_trim(json_str(json_get(j, "text"))), &out->text) &&
              read_segments(json_get(j, "segments"), a, out);
    for (size_t i = 0; ok && o->word_times && i < out->n_segments; i++)
        ok = take_words(words, &at, a, (WhisperSegment *)(uintptr_t)&out->segments[i]);
    return ok;
}

bool ears_far_read(Str body, const WhisperOptions *o, size_t n, Arena *a, WhisperResult *out,
    Err *err)
{
    Err why = ERR_INIT;
    WhisperResult r = {.text = STR(""), .duration_s = (float)n / WHISPER_RATE_HZ};
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, &why);
    if (!json_str(json_get(j, "text")).ptr) {
        json_free(j);
        return err_set(err, why.code == ERR_NO_MEMORY ? ERR_NO_MEMORY : ERR_CORRUPT,
            "the answer is no transcript");
    }
    bool ok = fill(j, o, a, &r) || err_set(err, ERR_NO_MEMORY, "no memory for a transcript");
    json_free(j);
    if (ok)
        *out = r;
    return ok;
}
