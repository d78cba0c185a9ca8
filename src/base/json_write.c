/* json_write.c - writing JSON: the second half of json.h. */
#include <math.h>

#include "base/json.h"
#include "base/num.h"
#include "base/utf8.h"

#define LEVELS 64 /* the bits of has_item */

void jw_init(JsonW *w, Buf *out)
{
    *w = (JsonW){.out = out};
}

/* The comma before an item of an array or before a key. */
static void separate(JsonW *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->depth == 0)
        return;
    uint64_t bit = (uint64_t)1 << (w->depth - 1);
    if (w->has_item & bit)
        (void)buf_add_char(w->out, ',');
    w->has_item |= bit;
}

static void open_level(JsonW *w, char c)
{
    separate(w);
    (void)buf_add_char(w->out, c);
    if (w->depth >= LEVELS) {
        w->out->failed = true; /* a fault of the program: no caller nests this deep */
        return;
    }
    w->has_item &= ~((uint64_t)1 << w->depth);
    w->depth++;
}

static void close_level(JsonW *w, char c)
{
    if (w->depth == 0) {
        w->out->failed = true;
        return;
    }
    w->depth--;
    w->after_key = false;
    (void)buf_add_char(w->out, c);
}

void jw_obj(JsonW *w)
{
    open_level(w, '{');
}

void jw_obj_end(JsonW *w)
{
    close_level(w, '}');
}

void jw_arr(JsonW *w)
{
    open_level(w, '[');
}

void jw_arr_end(JsonW *w)
{
    close_level(w, ']');
}

static void put_escape(Buf *b, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
    size_t n = 2;
    switch (c) {
    case '"':
    case '\\': text[1] = (char)c; break;
    case '\b': text[1] = 'b'; break;
    case '\f': text[1] = 'f'; break;
    case '\n': text[1] = 'n'; break;
    case '\r': text[1] = 'r'; break;
    case '\t': text[1] = 't'; break;
    default: n = 6; break;
    }
    (void)buf_add_mem(b, text, n);
}

/* Valid UTF-8 in quotes: runs that need no escape are copied whole. */
static void put_valid(Buf *b, Str s)
{
    size_t run = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        (void)buf_add(b, str_sub(s, run, i));
        put_escape(b, c);
        run = i + 1;
    }
    (void)buf_add(b, str_sub(s, run, s.len));
}

/* Whether a byte of the eight is not ASCII, a control character, a quote or a backslash. */
static bool is_special(uint64_t eight)
{
    const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
    uint64_t quote = eight ^ (ones * '"'), slash = eight ^ (ones * '\\');
    return ((eight | (eight - ones * 0x20) | (quote - ones) | (slash - ones)) & high) != 0;
}

/* A text that needs no escape, as most: copied at once. */
static bool put_plain(Buf *b, Str s)
{
    size_t i = 0;
    uint64_t eight;
    for (; i + sizeof eight <= s.len; i += sizeof eight) {
        memcpy(&eight, s.ptr + i, sizeof eight);
        if (is_special(eight))
            return false;
    }
    for (; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c > 0x7F || c == '"' || c == '\\')
            return false;
    }
    char *to = s.len < b->max ? buf_reserve(b, s.len + 2) : NULL;
    if (!to)
        return false;
    to[0] = '"';
    if (s.len)
        memcpy(to + 1, s.ptr, s.len);
    to[s.len + 1] = '"';
    buf_grew(b, s.len + 2);
    return true;
}

static void put_string(Buf *b, Str s)
{
    if (put_plain(b, s))
        return;
    (void)buf_add_char(b, '"');
    while (s.len > 0) {
        size_t n = utf8_valid_len(s);
        put_valid(b, str_sub(s, 0, n));
        s = str_sub(s, n, s.len);
        if (s.len > 0) {
            (void)buf_add_c(b, "\xEF\xBF\xBD");
            s = str_sub(s, utf8_broken_len(s), s.len);
        }
    }
    (void)buf_add_char(b, '"');
}

void jw_key_str(JsonW *w, Str key)
{
    separate(w);
    put_string(w->out, key);
    (void)buf_add_char(w->out, ':');
    w->after_key = true;
}

void jw_key(JsonW *w, const char *key)
{
    jw_key_str(w, str_of(key));
}

void jw_str(JsonW *w, Str s)
{
    separate(w);
    put_string(w->out, s);
}

void jw_cstr(JsonW *w, const char *s)
{
    if (s)
        jw_str(w, str_of(s));
    else
        jw_null(w);
}

void jw_raw(JsonW *w, Str json)
{
    separate(w);
    (void)buf_add(w->out, json);
}

void jw_int(JsonW *w, int64_t v)
{
    char text[NUM_TEXT];
    jw_raw(w, (Str){text, num_format_int(v, text)});
}

void jw_num(JsonW *w, double v)
{
    char text[NUM_TEXT];
    if (isfinite(v))
        jw_raw(w, (Str){text, num_format(v, text)});
    else
        jw_null(w);
}

void jw_float(JsonW *w, float v)
{
    char text[NUM_TEXT];
    if (isfinite(v))
        jw_raw(w, (Str){text, num_format_float(v, text)});
    else
        jw_null(w);
}

void jw_bool(JsonW *w, bool v)
{
    jw_raw(w, v ? STR("true") : STR("false"));
}

void jw_null(JsonW *w)
{
    jw_raw(w, STR("null"));
}

static void put_object(JsonW *w, const Json *j)
{
    void *iter = NULL;
    Str key;
    const Json *value;
    jw_obj(w);
    while (buf_ok(w->out) && json_each(j, &iter, &key, &value)) {
        jw_key_str(w, key);
        jw_tree(w, value);
    }
    jw_obj_end(w);
}

static void put_array(JsonW *w, const Json *j)
{
    size_t n = json_count(j);
    jw_arr(w);
    for (size_t i = 0; i < n && buf_ok(w->out); i++)
        jw_tree(w, json_at(j, i));
    jw_arr_end(w);
}

/* Recursion is bounded: json_parse gives at most 64 levels, and past them the Buf has failed. */
void jw_tree(JsonW *w, const Json *j)
{
    int64_t i = 0;
    double d = 0;
    bool b = false;
    switch (json_type(j)) {
    case JSON_T_OBJECT: put_object(w, j); break;
    case JSON_T_ARRAY: put_array(w, j); break;
    case JSON_T_STRING: jw_str(w, json_str(j)); break;
    case JSON_T_INT:
        (void)json_int(j, &i);
        jw_int(w, i);
        break;
    case JSON_T_REAL:
        (void)json_num(j, &d);
        jw_num(w, d);
        break;
    case JSON_T_BOOL:
        (void)json_bool(j, &b);
        jw_bool(w, b);
        break;
    case JSON_T_NULL:
    case JSON_T_NONE: jw_null(w); break;
    }
}

bool json_dump(const Json *j, Buf *out)
{
    JsonW w;
    jw_init(&w, out);
    jw_tree(&w, j);
    return buf_ok(out);
}

void jw_kv_str(JsonW *w, const char *key, Str s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_kv_cstr(JsonW *w, const char *key, const char *s)
{
    jw_key(w, key);
    jw_cstr(w, s);
}

void jw_kv_int(JsonW *w, const char *key, int64_t v)
{
    jw_key(w, key);
    jw_int(w, v);
}

void jw_kv_num(JsonW *w, const char *key, double v)
{
    jw_key(w, key);
    jw_num(w, v);
}

void jw_kv_bool(JsonW *w, const char *key, bool v)
{
    jw_key(w, key);
    jw_bool(w, v);
}

void jw_kv_opt(JsonW *w, const char *key, Str s)
{
    if (s.ptr)
        jw_kv_str(w, key, s);
    else
        jw_kv_null(w, key);
}

void jw_members(JsonW *w, const Json *object)
{
    void *iter = NULL;
    Str key;
    const Json *value;
    while (json_each(object, &iter, &key, &value)) {
        jw_key_str(w, key);
        jw_tree(w, value);
    }
}

void jw_kv_null(JsonW *w, const char *key)
{
    jw_key(w, key);
    jw_null(w);
}
