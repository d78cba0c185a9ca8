#include "text/sentences.h"

#include "text/letters.h"

#define SHORT_LINE 40 /* characters; wrapped prose is wider than this almost everywhere */

/* Abbreviations after which a sentence goes on (English, German, French, Spanish), lower case,
 * without the last full stop. Those in the second list may also end a sentence: the next letter's
 * case says. */
static const char *const goes_on[] = {
    "mr",   "mrs",  "ms",    "dr",   "prof", "st",    "mt",   "rev",    "gen",  "col", "sgt",
    "capt", "lt",   "hon",   "vs",   "cf",   "e.g",   "i.e",  "eg",     "ie",   "no",  "nos",
    "nr",   "fig",  "figs",  "vol",  "pp",   "p",     "ca",   "approx", "dept", "est", "sec",
    "ch",   "eq",   "ref",   "art",  "tel",  "mobil", "ext",  "attn",   "max",  "min", "incl",
    "excl", "feb",  "apr",   "aug",  "sept", "sep",   "oct",  "nov",    "okt",  "dez", "z.b",
    "d.h",  "u.a",  "i.d.r", "bzw",  "abs",  "ggf",   "evtl", "inkl",   "zzgl", "geb", "hr",
    "fr",   "hrn",  "str",   "bspw", "vgl",  "gem",   "sog",  "mme",    "mlle", "sra", "dra",
    "apt",  "apts", "ste",   "hwy",  "ln",   "messrs",
    "av",   "avda", "etw",   "zw",   "mind", "jan",   "dec",  "rd",     "ave",  "blvd"};
static const char *const may_end[] = {"etc", "inc", "ltd", "co",  "corp", "jr",  "sr",   "a.m",
                                      "p.m", "u.s", "u.k", "usw", "gmbh", "al",  "bros", "ph.d",
                                      "m.d", "b.a", "m.a", "d.c", "e.v",  "usf", "uvm"};
static const char *const months[] = {
    "januar",   "jänner", "februar",   "märz",    "april",    "mai",      "juni",
    "juli",     "august", "september", "oktober", "november", "dezember", "january",
    "february", "march",  "may",       "june",    "july",     "october",  "december",
    "jan",      "feb",    "mär",       "apr",     "jun",      "jul",      "aug",
    "sep",      "okt",    "nov",       "dez",     "oct",      "dec"};

static bool in_list(const char *const *list, size_t n, Str word)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(list[i]), word))
            return true;
    return false;
}
#define IN(list, word) in_list((list), sizeof(list) / sizeof *(list), (word))

static bool is_wide_stop(uint32_t c)
{
    return c == 0x3002 || c == 0xFF01 || c == 0xFF1F || c == 0xFF61 || c == 0xFF0E;
}

static bool is_stop(uint32_t c)
{
    return c == '.' || c == '!' || c == '?' || c == 0x2026 || (c >= 0x203C && c <= 0x203D) ||
           (c >= 0x2047 && c <= 0x2049) || c == 0x061F || c == 0x06D4 || c == 0x0964;
}

static bool is_closer(uint32_t c)
{
    return c == '"' || c == '\'' || c == ')' || c == ']' || c == '}' || c == 0xBB || c == 0x201D ||
           c == 0x2019 || c == 0x201C || c == 0x203A || c == 0x300D || c == 0x300F || c == 0xFF09 ||
           c == 0x3011;
}

static uint32_t peek(Str s, size_t at)
{
    return at < s.len ? utf8_next(s, &at) : ' ';
}

static size_t skip_space(Str s, size_t at)
{
    while (at < s.len) {
        size_t next = at;
        if (!letter_is_space(utf8_next(s, &next)))
            break;
        at = next;
    }
    return at;
}

static bool is_bullet(uint32_t c)
{
    return c == '-' || c == '*' || c == '+' || c == 0x2022 || c == 0x2023 || c == 0x25E6 ||
           c == 0x2013 || c == 0x25AA || c == 0x2043 || c == 0x25CF;
}

bool sentence_list_marker(Str line)
{
    size_t at = 0;
    while (at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t'))
        at++;
    size_t from = at;
    while (at < line.len && at - from < 3 && letter_is_digit((unsigned char)line.ptr[at]))
        at++;
    if (at > from) {
        if (at >= line.len || (line.ptr[at] != '.' && line.ptr[at] != ')'))
            return false;
        at++;
    } else if (at < line.len) {
        uint32_t c = utf8_next(line, &at);
        if (letter_is_lower(c) || letter_is_upper(c)) {
            if (at >= line.len || line.ptr[at] != ')')
                return false;
            at++;
        } else if (!is_bullet(c)) {
            return false;
        }
    } else {
        return false;
    }
    return at < line.len && (line.ptr[at] == ' ' || line.ptr[at] == '\t');
}

/* The word that ends at `end`, in lower case in `room`; empty when it is longer than that. */
static Str word_before(Str text, size_t from, size_t end, char *room, size_t size)
{
    size_t start = end;
    while (start > from && end - start < 24) {
        size_t prev = utf8_floor(text, start - 1), at = prev;
        uint32_t c = utf8_next(text, &at);
        if (!letter_is_word(c) && c != '.')
            break;
        start = prev;
    }
    size_t n = 0;
    for (size_t at = start; at < end;) {
        char bytes[4];
        size_t len = utf8_put(letter_lower(utf8_next(text, &at)), bytes);
        if (n + len > size)
            return (Str){room, 0};
        memcpy(room + n, bytes, len);
        n += len;
    }
    return (Str){room, n};
}

static Str word_after(Str text, size_t at, char *room, size_t size)
{
    size_t n = 0;
    while (at < text.len) {
        char bytes[4];
        uint32_t c = utf8_next(text, &at);
        size_t len = letter_is_word(c) ? utf8_put(letter_lower(c), bytes) : 0;
        if (len == 0 || n + len > size)
            break;
        memcpy(room + n, bytes, len);
        n += len;
    }
    return (Str){room, n};
}

/* Whether the single full stop at `dot` ends no sentence although white space follows. `next` is
 * where the next word begins; the sentence so far is text[start, dot). */
static bool dot_goes_on(Str text, size_t start, size_t dot, size_t next)
{
    char before_room[32], after_room[32];
    Str before = word_before(text, start, dot, before_room, sizeof before_room);
    uint32_t after = peek(text, next);
    if (before.len == 0)
        return false;
    bool number = true;
    for (size_t i = 0; i < before.len; i++)
        number = number && letter_is_digit((unsigned char)before.ptr[i]);
    if (number)
        return before.len <= 3 &&
               (dot - before.len == start || /* "1. First", "am 3. März" */
                IN(months, word_after(text, next, after_room, sizeof after_room)));
    if (before.len == 1 && before.ptr[0] != 'i' && letter_is_upper(peek(text, dot - 1)))
        return true; /* an initial: "J. Smith" */
    if (IN(goes_on, before))
        return true;
    return IN(may_end, before) && !letter_is_upper(after);
}

/* Whether the line break at `at` ends a sentence; `line` is where its line began. */
static bool break_ends(Str text, size_t line, size_t at)
{
    size_t next = at + 1;
    while (next < text.len &&
           (text.ptr[next] == ' ' || text.ptr[next] == '\t' || text.ptr[next] == '\r'))
        next++;
    if (next >= text.len || text.ptr[next] == '\n' || text.ptr[next] == '\f')
        return true;
    Str rest = str_sub(text, next, next + 16);
    if (sentence_list_marker(rest))
        return true;
    size_t last = at;
    while (last > line && (text.ptr[last - 1] == ' ' || text.ptr[last - 1] == '\r'))
        last--;
    if (last == line || text.ptr[last - 1] == ',' || at - line > (size_t)SHORT_LINE * 4 ||
        utf8_count(str_sub(text, line, last)) > SHORT_LINE)
        return false;
    uint32_t c = peek(text, next);
    return letter_is_upper(c) || letter_is_digit(c);
}

/* After the terminators that began at `at`: behind the last of them and their closing quotes. */
static size_t behind_stops(Str text, size_t at, bool *single_dot)
{
    size_t n = 0, next = at;
    *single_dot = peek(text, at) == '.';
    while (at < text.len && is_stop(utf8_next(text, &next))) {
        at = next;
        n++;
    }
    *single_dot = *single_dot && n == 1;
    next = at;
    while (at < text.len && is_closer(utf8_next(text, &next)))
        at = next;
    return at;
}

/* Where the line of `at` begins, as far as that matters to break_ends: a sentence that begins at
 * the end of a wide line is no short one. */
static size_t line_begin(Str text, size_t at)
{
    size_t least = at > (size_t)SHORT_LINE * 4 ? at - (size_t)SHORT_LINE * 4 : 0;
    while (at > least && text.ptr[at - 1] != '\n' && text.ptr[at - 1] != '\f')
        at--;
    return utf8_floor(text, at);
}

/* Where the sentence that starts at `start` ends (white space at its end included). */
static size_t sentence_end(Str text, size_t start)
{
    size_t line = line_begin(text, start);
    for (size_t at = start; at < text.len;) {
        size_t here = at;
        uint32_t c = utf8_next(text, &at);
        if (c == '\f')
            return here;
        if (c == '\n') {
            if (break_ends(text, line, here))
                return here;
            line = at;
        } else if (is_wide_stop(c)) {
            while (at < text.len && (is_wide_stop(peek(text, at)) || is_closer(peek(text, at))))
                (void)utf8_next(text, &at);
            return at;
        } else if (is_stop(c)) {
            bool single_dot;
            at = behind_stops(text, here, &single_dot);
            if (at >= text.len)
                return at;
            uint32_t gap = peek(text, at);
            if (letter_is_unspaced(gap))
                return at;
            if (!letter_is_space(gap))
                continue;
            size_t next = skip_space(text, at);
            if (next >= text.len)
                return at;
            if (!letter_is_lower(peek(text, next)) &&
                !(single_dot && dot_goes_on(text, start, here, next)))
                return at;
        }
    }
    return text.len;
}

bool sentence_next(Str text, size_t *at, size_t *start, size_t *end)
{
    size_t from = skip_space(text, *at);
    if (from >= text.len)
        return false;
    size_t to = sentence_end(text, from);
    *start = from;
    *end = from + letters_trim(str_sub(text, from, to)).len;
    *at = to;
    return true;
}
