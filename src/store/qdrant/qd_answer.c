/* qd_answer.c - see qd_answer.h. */
#include "store/qdrant/qd_answer.h"

#include "base/utf8.h"

#define DEPTH_MAX 32

typedef struct {
    const char *p, *end;
    int depth;
    QdHitFn fn;
    void *arg;
    size_t lists;
    bool stopped, foreign, listed;
    /* Of the hit being read. */
    bool has_score, has_number;
    double score;
    int64_t number;
} Scan;

/* What a member or an element is read by; each takes one value. */
typedef bool (*ValueFn)(Scan *s);
/* The reader of a member of that name. */
typedef ValueFn (*MemberFn)(Str name);

static bool skip(Scan *s);

static void space(Scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
}

static bool literally(Scan *s, char c)
{
    space(s);
    return s->p < s->end && *s->p == c && s->p++;
}

static bool hex4(const char *p)
{
    return str_hex_digit(p[0]) >= 0 && str_hex_digit(p[1]) >= 0 && str_hex_digit(p[2]) >= 0
        && str_hex_digit(p[3]) >= 0;
}

/* Behind the first quote; *out is what stands between the two, escapes as they are. */
static bool string(Scan *s, Str *out)
{
    const char *start = s->p;
    for (; s->p < s->end && *s->p != '"'; s->p++) {
        if ((unsigned char)*s->p < 0x20)
            return false;
        if (*s->p != '\\')
            continue;
        if (++s->p == s->end || !strchr("\"\\/bfnrtu", *s->p) || !*s->p)
            return false;
        if (*s->p == 'u' && (s->end - s->p < 5 || !hex4(s->p + 1)))
            return false;
    }
    if (s->p == s->end)
        return false;
    *out = (Str){start, (size_t)(s->p++ - start)};
    return utf8_valid_len(*out) == out->len;
}

static bool digits(Scan *s)
{
    const char *start = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return s->p > start;
}

static bool number(Scan *s, Str *out)
{
    space(s);
    const char *start = s->p;
    if (s->p < s->end && *s->p == '-')
        s->p++;
    const char *first = s->p;
    if (!digits(s) || (*first == '0' && s->p > first + 1))
        return false;
    if (s->p < s->end && *s->p == '.' && (s->p++, !digits(s)))
        return false;
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-'))
            s->p++;
        if (!digits(s))
            return false;
    }
    *out = (Str){start, (size_t)(s->p - start)};
    return true;
}

static bool word(Scan *s, Str w)
{
    if ((size_t)(s->end - s->p) < w.len || memcmp(s->p, w.ptr, w.len) != 0)
        return false;
    s->p += w.len;
    return true;
}

/* From the bracket on. Something else than an object or a list is passed by. */
static bool object(Scan *s, MemberFn of)
{
    Str name;
    space(s);
    if (s->p == s->end || *s->p != '{')
        return skip(s);
    s->p++;
    if (++s->depth > DEPTH_MAX)
        return false;
    if (!literally(s, '}')) {
        do {
            if (!literally(s, '"') || !string(s, &name) || !literally(s, ':')
                || !(of ? of(name) : skip)(s))
                return false;
        } while (literally(s, ','));
        if (!literally(s, '}'))
            return false;
    }
    s->depth--;
    return true;
}

static bool list(Scan *s, ValueFn of)
{
    space(s);
    if (s->p == s->end || *s->p != '[')
        return skip(s);
    s->p++;
    if (++s->depth > DEPTH_MAX)
        return false;
    if (!literally(s, ']')) {
        do {
            if (!of(s))
                return false;
        } while (literally(s, ','));
        if (!literally(s, ']'))
            return false;
    }
    s->depth--;
    return true;
}

static bool skip(Scan *s)
{
    Str any;
    space(s);
    if (s->p == s->end)
        return false;
    switch (*s->p) {
    case '{': return object(s, NULL);
    case '[': return list(s, skip);
    case '"': s->p++; return string(s, &any);
    case 't': return word(s, STR("true"));
    case 'f': return word(s, STR("false"));
    case 'n': return word(s, STR("null"));
    default: return number(s, &any);
    }
}

/* ---- the shape ------------------------------------------------------------------------------- */

static bool is_number(Scan *s)
{
    space(s);
    return s->p < s->end && (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'));
}

static bool chunk_no(Scan *s)
{
    Str text;
    if (!is_number(s))
        return skip(s);
    if (!number(s, &text))
        return false;
    s->has_number = str_to_i64(text, &s->number) && s->number >= 0;
    return true;
}

static bool score(Scan *s)
{
    Str text;
    if (!is_number(s))
        return skip(s);
    if (!number(s, &text))
        return false;
    s->has_score = str_to_double(text, &s->score);
    return true;
}

static ValueFn of_payload(Str name)
{
    return str_eq(name, STR("chunk_no")) ? chunk_no : skip;
}

static bool payload(Scan *s)
{
    return object(s, of_payload);
}

static ValueFn of_hit(Str name)
{
    return str_eq(name, STR("score")) ? score : str_eq(name, STR("payload")) ? payload : skip;
}

static bool hit(Scan *s)
{
    s->has_score = s->has_number = false;
    if (!object(s, of_hit))
        return false;
    s->foreign = s->foreign || !s->has_score || !s->has_number;
    if (!s->stopped && !s->foreign)
        s->stopped = !s->fn(s->arg, s->lists, (uint64_t)s->number, (float)s->score);
    return true;
}

static bool points(Scan *s)
{
    space(s);
    s->listed = s->p < s->end && *s->p == '[';
    return list(s, hit);
}

static ValueFn of_list(Str name)
{
    return str_eq(name, STR("points")) ? points : skip;
}

static bool one_list(Scan *s)
{
    s->listed = false;
    bool ok = object(s, of_list);
    s->lists += s->listed; /* else it is no list of hits, and too few are counted */
    return ok;
}

static bool result(Scan *s)
{
    return list(s, one_list);
}

static ValueFn of_answer(Str name)
{
    return str_eq(name, STR("result")) ? result : skip;
}

bool qd_answer_read(Str text, QdHitFn fn, void *arg, size_t *lists, Err *err)
{
    if (!text.ptr)
        text = STR("");
    Scan s = {.p = text.ptr, .end = text.ptr + text.len, .fn = fn, .arg = arg};
    bool whole = object(&s, of_answer);
    space(&s);
    if (!whole || s.p != s.end)
        return err_set(err, ERR_UNAVAILABLE, "invalid JSON at byte %zu",
            (size_t)(s.p - text.ptr));
    if (s.foreign)
        return err_set(err, ERR_CORRUPT, "a point found in Qdrant is not one of Sotto's");
    *lists = s.lists;
    return true;
}
