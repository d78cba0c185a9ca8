/* speakable_clean.c - what is for the eye becomes spaces: Markdown, HTML tags, code blocks,
 * citations, emoji. The result has the length of the text, so places in it are places in the
 * text. */
#include "base/utf8.h"
#include "text/speakable_impl.h"

#define GONE '\x01' /* left out without a space */

typedef struct {
    char *p;
    size_t n;
} Text;

static char at(const Text *t, size_t i) { return i < t->n ? t->p[i] : '\0'; }

/* Off; inside of a word nothing is left, elsewhere a space. */
static void off(Text *t, size_t from, size_t to)
{
    bool inside = from > 0 && is_wordy(t->p[from - 1]) && is_wordy(at(t, to));
    for (size_t i = from; i < to && i < t->n; i++) {
        if (t->p[i] != '\n') {
            t->p[i] = inside ? GONE : ' ';
        }
    }
}

static size_t line_end(const Text *t, size_t i)
{
    while (i < t->n && t->p[i] != '\n') {
        i++;
    }
    return i;
}

static bool starts(const Text *t, size_t i, const char *what)
{
    size_t n = strlen(what);
    return i + n <= t->n && memcmp(t->p + i, what, n) == 0;
}

/* A fenced block from `i` on (at a line's start): its end, or i. */
static size_t fence(Text *t, size_t i)
{
    const char *mark = starts(t, i, "```") ? "```" : starts(t, i, "~~~") ? "~~~" : NULL;
    if (!mark) {
        return i;
    }
    size_t line = line_end(t, i) + 1;
    while (line < t->n && !starts(t, line, mark)) {
        line = line_end(t, line) + 1;
    }
    size_t end = line < t->n ? line_end(t, line) : t->n;
    for (size_t k = i; k < end; k++) {
        t->p[k] = t->p[k] == '\n' ? '\n' : ' ';
    }
    return end;
}

/* "|---|:--:|", "-----", "=====": drawn, not said. */
static bool drawn(const Text *t, size_t from, size_t to)
{
    size_t marks = 0;
    for (size_t i = from; i < to; i++) {
        if (!strchr("|-:=_* \t", t->p[i])) {
            return false;
        }
        marks += strchr("-=_*", t->p[i]) != NULL;
    }
    return marks >= 3;
}

/* Headings, quotes, bullets, check boxes and table rows. Numbers of a list stay. */
static void line_start(Text *t, size_t from)
{
    size_t to = line_end(t, from), i = from;
    if (drawn(t, from, to)) {
        off(t, from, to);
        return;
    }
    while (i < to && (t->p[i] == ' ' || t->p[i] == '\t' || t->p[i] == '>')) {
        t->p[i++] = ' ';
    }
    size_t hashes = i;
    while (hashes < to && t->p[hashes] == '#' && hashes - i < 6) {
        hashes++;
    }
    if (hashes > i && at(t, hashes) == ' ') {
        off(t, i, hashes);
        /* closing ones */
        size_t end = to;
        while (end > hashes && (t->p[end - 1] == '#' || t->p[end - 1] == ' ')) {
            end--;
        }
        off(t, end, to);
        return;
    }
    for (const char *box = "[ ] \0[x] \0[X] \0"; (at(t, i) == '-' || at(t, i) == '*') &&
        *box; box += 5) {
        if (starts(t, i + 2, box)) {
            off(t, i + 2, i + 5);
        }
    }
    if (at(t, i) == '|' && to > i + 1) {
        size_t end = to;
        while (end > i && strchr("| \t\r", t->p[end - 1])) {
            t->p[--end] = ' ';
        }
        for (size_t k = i; k < end; k++) {
            t->p[k] = t->p[k] != '|' ? t->p[k] : k == i ? ' ' : ',';
        }
    }
}

/* [text](address), ![text](address), [1], [2, 3], [^4]; the end of what was dealt with. */
static size_t bracket(Text *t, size_t i)
{
    size_t close = i + 1;
    bool digits = false, citation = true;
    while (close < t->n && t->p[close] != ']' && t->p[close] != '\n' && close - i < 400) {
        char c = t->p[close++];
        digits = digits || is_digit(c);
        citation = citation && (is_digit(c) || strchr(", ^-", c));
    }
    if (at(t, close) != ']') {
        return i + 1;
    }
    if (citation && digits) {
        off(t, i, close + 1);
        return close + 1;
    }
    char next = at(t, close + 1), open = next, shut = next == '(' ? ')' : ']';
    if (next != '(' && next != '[') {
        return i + 1;
    }
    size_t end = close + 2, depth = 1;
    while (end < t->n && t->p[end] != '\n' && depth) {
        depth += t->p[end] == open;
        depth -= t->p[end] == shut;
        end++;
    }
    if (depth) {
        return i + 1;
    }
    bool image = i > 0 && t->p[i - 1] == '!';
    off(t, i - image, i + 1);
    off(t, close, end);
    return i + 1;
}

/* <b>, </p>, <br/>, <https://...> keeps the address; the end of it, or i + 1. */
static size_t angle(Text *t, size_t i)
{
    size_t from = i + 1 + (at(t, i + 1) == '/'), end = from;
    while (end < t->n && end - i < 200 && t->p[end] != '>' && t->p[end] != '\n') {
        end++;
    }
    if (at(t, end) != '>' || !is_letter(at(t, from))) {
        return i + 1;
    }
    bool address = starts(t, from, "http") || memchr(t->p + from, '@', end - from);
    if (address) {
        off(t, i, i + 1);
        off(t, end, end + 1);
        return i + 1;
    }
    off(t, i, end + 1);
    return end + 1;
}

/* ** __ * _ ` ~~ as emphasis: next to a word on one side and not a sign between numbers. */
static size_t emphasis(Text *t, size_t i)
{
    char c = t->p[i];
    size_t n = 1;
    while (at(t, i + n) == c) {
        n++;
    }
    char before = i > 0 ? t->p[i - 1] : ' ', behind = at(t, i + n);
    bool left = before != ' ' && before != '\n', right = behind != ' ' && behind && behind != '\n';
    bool name = (c == '_') && is_wordy(before) && is_wordy(behind); /* snake_case */
    if (c == '`' || (c == '~' && n == 2) || (c == '*' && left != right) ||
        (c == '*' && n >= 2) || (c == '_' && !name && left != right) ||
            (c == '*' && left && right &&
            !(is_digit(before) && is_digit(behind)))) {
        off(t, i, i + n);
    } else if (c == '_' && (left || right)) {
        if (!name || n > 1) {
            off(t, i, i + n);
        }
    }
    return i + n;
}

static bool pictures(uint32_t c)
{
    return (c >= 0x1f000 && c <= 0x1faff) || (c >= 0x2600 && c <= 0x27bf) || c == 0xfe0f ||
        c == 0x200d || c == 0x20e3 || (c >= 0x2b00 && c <= 0x2bff) ||
            (c >= 0xe0020 && c <= 0xe007f) ||
        (c >= 0x2300 && c <= 0x23ff) || (c >= 0x25a0 && c <= 0x25ff) || c == 0x200b ||
            c == 0xfeff ||
        c == 0xa9 || c == 0xae || c == 0x2122 || (c >= 0xe000 && c <= 0xf8ff) || c == 0xfffd;
}

/* Emoji and the like, and bytes that are no characters. Typographic quotes become plain ones of the
 * same length; no-break spaces become spaces. */
static size_t character(Text *t, size_t i)
{
    Str s = str_mem(t->p, t->n);
    size_t next = i;
    uint32_t c = utf8_next(s, &next);
    bool quotes = c == 0x201c || c == 0x201d || c == 0x201e || c == 0xab || c == 0xbb;
    if (c == UTF8_INVALID || quotes || c == 0x2022 || pictures(c)) {
        memset(t->p + i, ' ', next - i);
    } else if (c == 0x2019 || c == 0x2018) {
        t->p[i] = '\'';
        memset(t->p + i + 1, GONE, next - i - 1);
    } else if (c == 0xa0 || c == 0x202f || c == 0x2009 || c == 0x3000) {
        memset(t->p + i, GONE, next - i);
        t->p[i] = ' ';
    } else if (c == 0xad) {
        memset(t->p + i, GONE, next - i);
    }
    return next;
}

static bool behind_month(const Text *t, size_t i)
{
    Str s = str_mem(t->p, i), word = word_before(s, i);
    size_t len;
    return word.len >= 3 && word.len <= 4 && month_at(word, 0, &len) && len == word.len;
}

char *speakable_clean(Str text, Arena *a)
{
    char *p = arena_cstr(a, text);
    if (!p) {
        return NULL;
    }
    Text t = {p, text.len};
    for (size_t i = 0; i < t.n;) {
        if (i == 0 || t.p[i - 1] == '\n') {
            size_t end = fence(&t, i);
            if (end > i) {
                i = end;
                continue;
            }
            line_start(&t, i);
        }
        char c = t.p[i];
        if (c == '.' && at(&t, i + 1) == ' ' && is_digit(at(&t, i + 2)) && behind_month(&t, i)) {
            t.p[i++] = GONE; /* "Mar. 4" is one sentence */
        } else if ((unsigned char)c >= 0x80) {
            i = character(&t, i);
        } else if (c == '[') {
            i = bracket(&t, i);
        } else if (c == '<') {
            i = angle(&t, i);
        } else if (c == '\\' && i + 1 < t.n && strchr("*_`#[]()", t.p[i + 1])) {
            t.p[i] = GONE;
            i += 2;
        } else if (strchr("*_`~", c) && c) {
            i = emphasis(&t, i);
        } else {
            if (c == '\t' || c == '\r' || c == '\0' || (unsigned char)c < 0x20) {
                t.p[i] = c == '\n' || c == GONE ? c : ' ';
            }
            i++;
        }
    }
    return p;
}
