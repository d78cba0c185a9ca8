/* fuzz_json_scan.c - what the parser takes the scanner takes, with the same values in the same
 * order; what the scanner takes and writes again without blanks it takes again. */
#include <stdlib.h>

#include "base/json.h"
#include "base/json_scan.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void same_text(const JsonScan *s, Str wanted)
{
    char *out = mem_alloc(s->text.len + 1);
    size_t n = 0;
    require(out && json_unescape(s->text, out, s->text.len, &n));
    require(str_eq(str_mem(out, n), wanted));
    require(wanted.len > 64 || json_text_is(s, wanted));
    mem_free(out);
}

static void same_value(JsonScan *s, JsonToken token, const Json *j)
{
    void *iter = NULL;
    Str name;
    const Json *value;
    int64_t whole, read;
    bool yes;
    switch (json_type(j)) {
    case JSON_T_OBJECT:
        require(token == JSON_OBJECT_TOKEN);
        while (json_each(j, &iter, &name, &value)) {
            require(json_next(s) == JSON_KEY_TOKEN);
            same_text(s, name);
            same_value(s, json_next(s), value);
        }
        require(json_next(s) == JSON_OBJECT_END_TOKEN);
        break;
    case JSON_T_ARRAY:
        require(token == JSON_ARRAY_TOKEN);
        for (size_t i = 0; i < json_count(j); i++)
            same_value(s, json_next(s), json_at(j, i));
        require(json_next(s) == JSON_ARRAY_END_TOKEN);
        break;
    case JSON_T_STRING:
        require(token == JSON_STRING_TOKEN);
        same_text(s, json_str(j));
        break;
    case JSON_T_INT:
        require(token == JSON_NUMBER_TOKEN && json_int(j, &whole));
        require(str_to_i64(s->text, &read) && read == whole);
        break;
    case JSON_T_REAL: require(token == JSON_NUMBER_TOKEN); break;
    case JSON_T_BOOL:
        require(json_bool(j, &yes) && token == (yes ? JSON_TRUE_TOKEN : JSON_FALSE_TOKEN));
        break;
    case JSON_T_NULL: require(token == JSON_NULL_TOKEN); break;
    case JSON_T_NONE: abort();
    }
}

static void put(Buf *out, const JsonScan *s, JsonToken token)
{
    switch (token) {
    case JSON_OBJECT_TOKEN: (void)buf_add_char(out, '{'); break;
    case JSON_OBJECT_END_TOKEN: (void)buf_add_char(out, '}'); break;
    case JSON_ARRAY_TOKEN: (void)buf_add_char(out, '['); break;
    case JSON_ARRAY_END_TOKEN: (void)buf_add_char(out, ']'); break;
    case JSON_KEY_TOKEN: (void)buf_printf(out, "\"" STR_FMT "\":", STR_ARG(s->text)); break;
    case JSON_STRING_TOKEN: (void)buf_printf(out, "\"" STR_FMT "\"", STR_ARG(s->text)); break;
    case JSON_NUMBER_TOKEN: (void)buf_add(out, s->text); break;
    case JSON_TRUE_TOKEN: (void)buf_add_c(out, "true"); break;
    case JSON_FALSE_TOKEN: (void)buf_add_c(out, "false"); break;
    case JSON_NULL_TOKEN: (void)buf_add_c(out, "null"); break;
    case JSON_END_TOKEN:
    case JSON_BAD_TOKEN: abort();
    }
}

/* False: refused. */
static bool compact(Str text, Buf *out)
{
    JsonScan s;
    JsonToken token, last = JSON_BAD_TOKEN;
    json_scan(&s, text, JSON_DEFAULT_DEPTH);
    while ((token = json_next(&s)) > JSON_END_TOKEN) {
        require(s.text.len == 0 || (s.text.ptr >= text.ptr && s.text.ptr < text.ptr + text.len));
        bool first = last <= JSON_END_TOKEN || last == JSON_OBJECT_TOKEN || last == JSON_ARRAY_TOKEN
            || last == JSON_KEY_TOKEN;
        if (!first && token != JSON_OBJECT_END_TOKEN && token != JSON_ARRAY_END_TOKEN)
            (void)buf_add_char(out, ',');
        put(out, &s, token);
        last = token;
    }
    require(json_next(&s) == JSON_BAD_TOKEN && s.p >= text.ptr && s.p <= text.ptr + text.len);
    return token == JSON_END_TOKEN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str text = str_mem((const char *)data, size);
    Buf once, twice;
    buf_init(&once, BUF_DEFAULT_MAX);
    buf_init(&twice, BUF_DEFAULT_MAX);
    bool ok = compact(text, &once);
    if (ok) {
        require(compact(buf_str(&once), &twice));
        require(str_eq(buf_str(&once), buf_str(&twice)));
    }
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, NULL);
    if (j) {
        JsonScan s;
        require(ok);
        json_scan(&s, text, JSON_DEFAULT_DEPTH);
        same_value(&s, json_next(&s), j);
        require(json_next(&s) == JSON_END_TOKEN);
    }
    json_free(j);
    buf_release(&once);
    buf_release(&twice);
    return 0;
}
