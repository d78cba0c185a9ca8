/* json_members.c - the members of an object as JsonW wrote it, without a tree: see json.h. The
 * grammar is json_scan's; here is only how the writer spells what the grammar leaves open. */
#include "base/json.h"
#include "base/json_scan.h"

/* What the writer escapes: quotes, backslashes and control characters other than NUL, these in
 * lower case. `s` is of the grammar. */
static bool escapes_as_written(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] != '\\')
            continue;
        char c = s.ptr[++i];
        if (c == '/')
            return false;
        if (c != 'u')
            continue;
        char high = s.ptr[i + 3], low = s.ptr[i + 4];
        bool control = (high == '0' && low != '0') || high == '1';
        if (s.ptr[i + 1] != '0' || s.ptr[i + 2] != '0' || !control || (low >= 'A' && low <= 'F'))
            return false;
        i += 4;
    }
    return true;
}

static size_t digits(Str s, size_t *at)
{
    size_t start = *at;
    while (*at < s.len && s.ptr[*at] >= '0' && s.ptr[*at] <= '9')
        ++*at;
    return *at - start;
}

/* Numbers that surely are within range: at most 18 digits a part, exponents of two. */
static bool number_as_written(Str s)
{
    size_t at = s.ptr[0] == '-', start = at;
    if (digits(s, &at) > 18)
        return false;
    if (at == s.len)
        return !(start && s.ptr[start] == '0');
    if (s.ptr[at] == '.' && (at++, digits(s, &at) > 30))
        return false;
    if (at == s.len)
        return true;
    if (s.ptr[at++] != 'e')
        return false;
    at += s.ptr[at] == '-';
    size_t n = digits(s, &at);
    return n > 0 && n < 3;
}

static bool as_written(const JsonScan *s, JsonToken token)
{
    if (token == JSON_NUMBER_TOKEN)
        return number_as_written(s->text);
    if (token == JSON_STRING_TOKEN || token == JSON_KEY_TOKEN)
        return !s->escaped || escapes_as_written(s->text);
    return token != JSON_BAD_TOKEN;
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
    JsonScan s;
    JsonToken token;
    size_t got = 0;
    json_scan(&s, object, JSON_DEFAULT_DEPTH);
    if (json_next(&s) != JSON_OBJECT_TOKEN)
        return false;
    while ((token = json_next(&s)) == JSON_KEY_TOKEN) {
        const Str key = s.text;
        const char *from = s.p;
        if (got == max || s.escaped || !is_new(out, got, key))
            return false;
        do
            if (!as_written(&s, json_next(&s)))
                return false;
        while (s.depth > 1);
        out[got++] = (JsonMember){key, str_mem(from, (size_t)(s.p - from))};
    }
    if (token != JSON_OBJECT_END_TOKEN || json_next(&s) != JSON_END_TOKEN || s.spaced)
        return false;
    *n = got;
    return true;
}
