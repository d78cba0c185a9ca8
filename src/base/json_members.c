/* json_members.c - the members of an object as JsonW wrote it, without a tree: see json.h. */
#include "base/json.h"
#include "base/utf8.h"

typedef struct {
    const char *p, *end;
} At;

static bool take_char(At *a, char c)
{
    if (a->p == a->end || *a->p != c)
        return false;
    a->p++;
    return true;
}

static bool is_digit(const At *a)
{
    return a->p < a->end && *a->p >= '0' && *a->p <= '9';
}

/* What the writer escapes: quotes, backslashes and control characters other than NUL. */
static bool escape(At *a)
{
    if (a->p == a->end)
        return false;
    char c = *a->p++;
    if (c != 'u')
        return memchr("\"\\bfnrt", c, 7) != NULL;
    if (a->end - a->p < 4 || a->p[0] != '0' || a->p[1] != '0')
        return false;
    char high = a->p[2], low = a->p[3];
    bool hex = (low >= '0' && low <= '9') || (low >= 'a' && low <= 'f');
    bool ok = hex && ((high == '0' && low != '0') || high == '1');
    a->p += 4;
    return ok;
}

/* From the opening quote to behind the closing one; *plain: nothing in it is escaped. */
static bool string(At *a, bool *plain)
{
    *plain = true;
    if (!take_char(a, '"'))
        return false;
    while (a->p < a->end) {
        unsigned char c = (unsigned char)*a->p++;
        if (c == '"')
            return true;
        if (c < 0x20)
            return false;
        if (c != '\\')
            continue;
        *plain = false;
        if (!escape(a))
            return false;
    }
    return false;
}

static size_t digits(At *a)
{
    const char *start = a->p;
    while (is_digit(a))
        a->p++;
    return (size_t)(a->p - start);
}

/* Numbers that surely are within range: at most 18 digits a part, exponents of two. */
static bool number(At *a)
{
    bool minus = take_char(a, '-'), zero = a->p < a->end && *a->p == '0', point = false;
    size_t n = digits(a);
    if (n == 0 || n > 18 || (zero && n > 1))
        return false;
    if (take_char(a, '.')) {
        point = true;
        n = digits(a);
        if (n == 0 || n > 30)
            return false;
    }
    if (take_char(a, 'e')) {
        (void)take_char(a, '-');
        n = digits(a);
        return n > 0 && n < 3;
    }
    return point || !(minus && zero);
}

static bool word(At *a, Str text)
{
    if ((size_t)(a->end - a->p) < text.len || memcmp(a->p, text.ptr, text.len) != 0)
        return false;
    a->p += text.len;
    return true;
}

/* One value and all that is in it. No recursion: an object or array that is open is a bit. */
static bool value(At *a)
{
    uint64_t objects = 0; /* bit d: level d is an object */
    unsigned depth = 0;
    bool plain;
    for (;;) {
        if (a->p == a->end)
            return false;
        char c = *a->p, close = c == '{' ? '}' : ']';
        bool opened = c == '{' || c == '[';
        if (opened) {
            a->p++;
            if (depth + 1 >= JSON_DEFAULT_DEPTH)
                return false;
            opened = !take_char(a, close);
            objects = opened ? (objects << 1 | (c == '{')) : objects;
            depth += opened;
        } else if (!(c == '"' ? string(a, &plain) : c == 't' ? word(a, STR("true"))
                     : c == 'f' ? word(a, STR("false")) : c == 'n' ? word(a, STR("null"))
                     : number(a))) {
            return false;
        }
        while (!opened && depth && !take_char(a, ',')) {
            if (!take_char(a, objects & 1 ? '}' : ']'))
                return false;
            objects >>= 1;
            depth--;
        }
        if (!depth)
            return true;
        if ((objects & 1) && !(string(a, &plain) && take_char(a, ':')))
            return false;
    }
}

static bool is_new(const JsonMember *seen, size_t n, Str key)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(seen[i].key, key))
            return false;
    return true;
}

bool json_members(Str object, JsonMember *out, size_t max, size_t *n)
{
    At a = {object.ptr, object.ptr + object.len};
    size_t got = 0;
    bool plain;
    if (!utf8_ok(object) || !take_char(&a, '{'))
        return false;
    bool more = !take_char(&a, '}');
    while (more) {
        const char *start = a.p;
        if (got == max || !string(&a, &plain) || !plain)
            return false;
        Str key = str_mem(start + 1, (size_t)(a.p - start) - 2);
        const char *from = a.p + 1;
        if (!take_char(&a, ':') || !value(&a) || !is_new(out, got, key))
            return false;
        out[got++] = (JsonMember){key, str_mem(from, (size_t)(a.p - from))};
        more = take_char(&a, ',');
        if (!more && !take_char(&a, '}'))
            return false;
    }
    if (a.p != a.end)
        return false;
    *n = got;
    return true;
}
