/* fuzz_json.c - what the parser takes, the writer writes so that it reads back as the same; and any
 * bytes at all make a valid JSON string. */
#include <stdlib.h>

#include "base/json.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void round_trip(Str text)
{
    Buf first, second;
    Err err = ERR_INIT;
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, &err);
    REQUIRE((j == NULL) == (err.code != ERR_NONE));
    if (!j)
        return;
    buf_init(&first, BUF_DEFAULT_MAX);
    buf_init(&second, BUF_DEFAULT_MAX);
    REQUIRE(json_dump(j, &first));
    REQUIRE(utf8_ok(buf_str(&first)));
    json_free(j);
    j = json_parse(buf_str(&first), JSON_DEFAULT_DEPTH, &err);
    REQUIRE(j != NULL);
    REQUIRE(json_dump(j, &second));
    REQUIRE(str_eq(buf_str(&first), buf_str(&second)));
    json_free(j);
    buf_release(&first);
    buf_release(&second);
}

static void as_string(Str bytes)
{
    Buf out, mended;
    JsonW w;
    buf_init(&out, BUF_DEFAULT_MAX);
    buf_init(&mended, BUF_DEFAULT_MAX);
    jw_init(&w, &out);
    jw_str(&w, bytes);
    REQUIRE(utf8_append_lossy(&mended, bytes));
    Json *j = json_parse(buf_str(&out), 1, NULL);
    if (!j) /* the one thing that can be written and not read: a NUL */
        REQUIRE(bytes.len > 0 && memchr(bytes.ptr, '\0', bytes.len) != NULL);
    else
        REQUIRE(str_eq(json_str(j), buf_str(&mended)));
    json_free(j);
    buf_release(&out);
    buf_release(&mended);
}

/* What is taken without a tree is what the tree has, but for how numbers are spelled. */
static void members(Str text)
{
    JsonMember m[16];
    size_t n = 0;
    if (!json_members(text, m, 16, &n))
        return;
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, NULL);
    if (!j) /* a key twice further down: nothing else may be wrong */
        return;
    void *iter = NULL;
    Str key;
    const Json *value;
    REQUIRE(json_count(j) == n);
    for (size_t i = 0; i < n; i++) {
        Buf a, b;
        buf_init(&a, BUF_DEFAULT_MAX);
        buf_init(&b, BUF_DEFAULT_MAX);
        REQUIRE(json_each(j, &iter, &key, &value) && str_eq(key, m[i].key));
        Json *one = json_parse(m[i].value, JSON_DEFAULT_DEPTH, NULL);
        REQUIRE(one && json_dump(one, &a) && json_dump(value, &b));
        REQUIRE(str_eq(buf_str(&a), buf_str(&b)));
        json_free(one);
        buf_release(&a);
        buf_release(&b);
    }
    json_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str s = {(const char *)data, size};
    round_trip(s);
    as_string(s);
    members(s);
    return 0;
}
