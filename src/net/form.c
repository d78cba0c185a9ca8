/* form.c - see form.h. */
#include "net/form.h"

#include "base/utf8.h"

bool form_decode(Str raw, bool plus, Arena *arena, Str *out, Err *err)
{
    char *to = arena_alloc(arena, raw.len + 1);
    if (!to)
        return err_set(err, ERR_NO_MEMORY, "no memory for the parameters");
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.ptr[i];
        if (c == '%') {
            int hi = i + 1 < raw.len ? str_hex_digit(raw.ptr[i + 1]) : -1;
            int lo = i + 2 < raw.len ? str_hex_digit(raw.ptr[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return err_set(err, ERR_VALIDATION, "a parameter holds a broken %% escape");
            c = (char)(hi * 16 + lo);
            i += 2;
        } else if (c == '+' && plus) {
            c = ' ';
        }
        if (c == '\0')
            return err_set(err, ERR_VALIDATION, "a parameter holds a NUL character");
        to[n++] = c;
    }
    Str text = str_mem(to, n);
    if (!utf8_ok(text))
        return err_set(err, ERR_VALIDATION, "a parameter is not valid UTF-8");
    *out = text;
    return true;
}

static bool parse_pair(Str part, Arena *arena, FormPair *out, Err *err)
{
    const char *eq = memchr(part.ptr, '=', part.len);
    Str name = eq ? str_mem(part.ptr, (size_t)(eq - part.ptr)) : part;
    Str value = eq ? str_sub(part, name.len + 1, part.len) : STR("");
    return form_decode(name, true, arena, &out->name, err) &&
           form_decode(value, true, arena, &out->value, err);
}

bool form_parse(Str text, Arena *arena, Form *out, Err *err)
{
    size_t count = 0;
    Str rest = text, part;
    while (str_next(&rest, '&', &part))
        count += part.len > 0;
    if (count > FORM_PAIRS_MAX)
        return err_set(err, ERR_VALIDATION, "there are more than %d parameters", FORM_PAIRS_MAX);
    FormPair *pairs = ARENA_NEW_ARRAY(arena, FormPair, count + 1);
    if (!pairs)
        return err_set(err, ERR_NO_MEMORY, "no memory for the parameters");
    size_t n = 0;
    rest = text;
    while (str_next(&rest, '&', &part)) {
        if (part.len == 0)
            continue;
        if (!parse_pair(part, arena, &pairs[n], err))
            return false;
        n++;
    }
    *out = (Form){pairs, n};
    return true;
}

bool form_next(const Form *q, const char *name, size_t *at, Str *value)
{
    Str want = str_of(name);
    for (; *at < q->count; (*at)++) {
        if (str_eq(q->pairs[*at].name, want)) {
            *value = q->pairs[(*at)++].value;
            return true;
        }
    }
    return false;
}

Str form_get(const Form *q, const char *name)
{
    size_t at = 0;
    Str value;
    return form_next(q, name, &at, &value) ? value : (Str){NULL, 0};
}

size_t form_count(const Form *q, const char *name)
{
    size_t at = 0, n = 0;
    Str value;
    while (form_next(q, name, &at, &value))
        n++;
    return n;
}

bool form_encode(Buf *out, Str s)
{
    static const char hex[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                     c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            buf_add_char(out, (char)c);
        } else {
            char code[3] = {'%', hex[c >> 4], hex[c & 15]};
            buf_add_mem(out, code, 3);
        }
    }
    return buf_ok(out);
}
