/* json_scan.c - see json_scan.h. */
#include "base/json_scan.h"

#include "base/utf8.h"

/* What may come: a value (at first, and behind a key), the first thing in a bracket, something
 * behind a value; or nothing any more. */
enum { VALUE, FIRST, MORE, NOTHING };

void json_scan(JsonScan *s, Str text, unsigned max_depth)
{
    const char *p = text.ptr ? text.ptr : "";
    *s = (JsonScan){.p = p, .end = p + text.len, .expect = VALUE};
    s->max_depth = max_depth < JSON_SCAN_DEPTH ? max_depth : JSON_SCAN_DEPTH;
}

static JsonToken bad(JsonScan *s)
{
    s->expect = NOTHING;
    return JSON_BAD_TOKEN;
}

/* The next character that is no white space; NUL, which may stand nowhere, at the end. */
static char peek(JsonScan *s)
{
    for (; s->p < s->end; s->p++) {
        if (*s->p != ' ' && *s->p != '\n' && *s->p != '\r' && *s->p != '\t')
            return *s->p;
        s->spaced = true;
    }
    return '\0';
}

/* ---- strings --------------------------------------------------------------------------------- */

#define EACH(byte) (0x0101010101010101u * (byte))

/* The highest bit of every byte that is a quote, a backslash or a control character: of its
 * difference from what it must not be. Exact for the first of them, which borrows from others. */
static uint64_t special(uint64_t w)
{
    uint64_t quote = w ^ EACH('"'), back = w ^ EACH('\\');
    return ((w - EACH(0x20)) | (quote - EACH(1)) | (back - EACH(1))) & ~w & EACH(0x80);
}

/* Moves to the first such byte, eight at a time (little-endian, as all we run on); *high: the
 * highest bits of the bytes looked at. False: it is not within the last whole eight. */
static bool to_special(JsonScan *s, uint64_t *high)
{
    uint64_t w, found = 0;
    while (!found && s->end - s->p >= (ptrdiff_t)sizeof w) {
        memcpy(&w, s->p, sizeof w);
        *high |= w & EACH(0x80);
        found = special(w);
        s->p += found ? __builtin_ctzll(found) / 8 : (int)sizeof w;
    }
    return found != 0;
}

static bool escape(JsonScan *s)
{
    if (s->p == s->end)
        return false;
    char c = *s->p++;
    if (c != 'u')
        return memchr("\"\\/bfnrt", c, 8) != NULL;
    for (int i = 0; i < 4; i++, s->p++)
        if (s->p == s->end || str_hex_digit(*s->p) < 0)
            return false;
    return true;
}

/* From the opening quote to behind the closing one. */
static bool string(JsonScan *s)
{
    const char *start = ++s->p;
    uint64_t high = 0;
    s->escaped = false;
    for (;;) {
        if (!to_special(s, &high) && s->p == s->end)
            return false;
        unsigned char c = (unsigned char)*s->p;
        if (c < 0x20)
            return false;
        if (c == '"')
            break;
        high |= c & 0x80;
        s->p++;
        if (c != '\\')
            continue;
        s->escaped = true;
        if (!escape(s))
            return false;
    }
    s->text = str_mem(start, (size_t)(s->p - start));
    size_t valid = high ? utf8_valid_len(s->text) : s->text.len;
    if (valid < s->text.len) {
        s->p = start + valid;
        return false;
    }
    s->p++;
    return true;
}

/* ---- numbers and words ----------------------------------------------------------------------- */

static bool is_digit(const JsonScan *s)
{
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static bool digits(JsonScan *s)
{
    if (!is_digit(s))
        return false;
    do
        s->p++;
    while (is_digit(s));
    return true;
}

static bool one_of(JsonScan *s, char a, char b)
{
    return s->p < s->end && (*s->p == a || *s->p == b) && s->p++;
}

static bool number(JsonScan *s)
{
    const char *start = s->p;
    (void)one_of(s, '-', '-');
    if (!one_of(s, '0', '0') && !digits(s)) /* a digit behind a leading 0 is then out of place */
        return false;
    if (one_of(s, '.', '.') && !digits(s))
        return false;
    if (one_of(s, 'e', 'E')) {
        (void)one_of(s, '+', '-');
        if (!digits(s))
            return false;
    }
    s->text = str_mem(start, (size_t)(s->p - start));
    return true;
}

static JsonToken word(JsonScan *s, Str w, JsonToken token)
{
    if ((size_t)(s->end - s->p) < w.len || memcmp(s->p, w.ptr, w.len) != 0)
        return bad(s);
    s->p += w.len;
    return token;
}

/* ---- what follows what ----------------------------------------------------------------------- */

static JsonToken open_bracket(JsonScan *s, bool object)
{
    if (s->depth == s->max_depth)
        return bad(s);
    s->p++;
    s->depth++;
    s->objects = s->objects << 1 | object;
    s->expect = FIRST;
    return object ? JSON_OBJECT_TOKEN : JSON_ARRAY_TOKEN;
}

static JsonToken close_bracket(JsonScan *s, char c)
{
    bool object = s->objects & 1;
    if (c != (object ? '}' : ']'))
        return bad(s);
    s->p++;
    s->depth--;
    s->objects >>= 1;
    s->expect = MORE;
    return object ? JSON_OBJECT_END_TOKEN : JSON_ARRAY_END_TOKEN;
}

static JsonToken key(JsonScan *s, char c)
{
    if (c != '"' || !string(s) || peek(s) != ':')
        return bad(s);
    s->p++;
    s->expect = VALUE;
    return JSON_KEY_TOKEN;
}

static JsonToken value(JsonScan *s, char c)
{
    s->expect = MORE;
    switch (c) {
    case '{':
    case '[': return open_bracket(s, c == '{');
    case '"': return string(s) ? JSON_STRING_TOKEN : bad(s);
    case 't': return word(s, STR("true"), JSON_TRUE_TOKEN);
    case 'f': return word(s, STR("false"), JSON_FALSE_TOKEN);
    case 'n': return word(s, STR("null"), JSON_NULL_TOKEN);
    default: return number(s) ? JSON_NUMBER_TOKEN : bad(s);
    }
}

JsonToken json_next(JsonScan *s)
{
    if (s->expect == NOTHING)
        return JSON_BAD_TOKEN;
    char c = peek(s);
    if (s->expect == MORE) {
        if (s->depth == 0) {
            s->expect = NOTHING;
            return s->p == s->end ? JSON_END_TOKEN : JSON_BAD_TOKEN;
        }
        if (c != ',')
            return close_bracket(s, c);
        s->p++;
        c = peek(s);
    } else if (s->expect == FIRST && (c == '}' || c == ']')) {
        return close_bracket(s, c);
    }
    return (s->objects & 1) && s->expect != VALUE ? key(s, c) : value(s, c);
}

bool json_skip(JsonScan *s, JsonToken first)
{
    bool opened = first == JSON_OBJECT_TOKEN || first == JSON_ARRAY_TOKEN;
    if (!opened)
        return first >= JSON_STRING_TOKEN;
    for (unsigned outside = s->depth - 1; s->depth > outside;)
        if (json_next(s) == JSON_BAD_TOKEN)
            return false;
    return true;
}

/* ---- what is meant --------------------------------------------------------------------------- */

/* The four digits of a \u escape; in what the scanner has not seen they may lack. */
static bool hex4(Str raw, size_t at, uint32_t *out)
{
    *out = 0;
    for (size_t i = at; i < at + 4; i++) {
        int digit = i < raw.len ? str_hex_digit(raw.ptr[i]) : -1;
        if (digit < 0)
            return false;
        *out = *out << 4 | (uint32_t)digit;
    }
    return true;
}

/* *at is behind a backslash and is moved past the escape. */
static bool meant(Str raw, size_t *at, uint32_t *cp)
{
    static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    uint32_t low;
    if (*at == raw.len)
        return false;
    char c = raw.ptr[(*at)++];
    const char *named = c ? strchr(names, c) : NULL;
    if (named)
        *cp = (unsigned char)values[named - names];
    if (named || c != 'u')
        return named != NULL;
    if (!hex4(raw, *at, cp) || *cp == 0)
        return false;
    *at += 4;
    if (*cp < 0xD800 || *cp > 0xDFFF)
        return true;
    if (*cp > 0xDBFF || raw.len - *at < 6 || memcmp(raw.ptr + *at, "\\u", 2) != 0
        || !hex4(raw, *at + 2, &low) || low < 0xDC00 || low > 0xDFFF)
        return false;
    *at += 6;
    *cp = 0x10000 + ((*cp - 0xD800) << 10 | (low - 0xDC00));
    return true;
}

bool json_unescape(Str raw, char *out, size_t room, size_t *n)
{
    size_t got = 0;
    for (size_t at = 0; at < raw.len;) {
        char piece[4] = {raw.ptr[at++]};
        size_t bytes = 1;
        uint32_t cp;
        if (piece[0] == '\\') {
            if (!meant(raw, &at, &cp))
                return false;
            bytes = utf8_put(cp, piece);
        }
        if (room - got < bytes)
            return false;
        memcpy(out + got, piece, bytes);
        got += bytes;
    }
    *n = got;
    return true;
}

bool json_text_is(const JsonScan *s, Str text)
{
    char plain[64];
    size_t n;
    if (!s->escaped)
        return str_eq(s->text, text);
    return json_unescape(s->text, plain, sizeof plain, &n) && str_eq(str_mem(plain, n), text);
}
