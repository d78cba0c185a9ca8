#include "llm/endpoint.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/utf8.h"

static bool is_https(Str base)
{
    return str_starts(base, STR("https://"));
}

static Str behind_scheme(Str base)
{
    return str_sub(base, is_https(base) ? 8 : 7, base.len);
}

bool endpoint_check(Str base, Err *err)
{
    if (!is_https(base) && !str_starts(base, STR("http://")))
        return err_set(err, ERR_VALIDATION, "the base URL must begin with http:// or https://");
    for (size_t i = 0; i < base.len; i++) {
        unsigned char ch = (unsigned char)base.ptr[i];
        if (ch <= ' ' || ch == 0x7f || ch == '?' || ch == '#' || ch == '\\')
            return err_set(err, ERR_VALIDATION,
                           "the base URL must have a host, a port and a path and no more");
        if (ch == '@')
            return err_set(err, ERR_VALIDATION, "the base URL must not hold a name or password; "
                           "what is secret belongs into openai_api_key");
    }
    return endpoint_host(base).len > 0 ||
           err_set(err, ERR_VALIDATION, "the base URL has no host");
}

Str endpoint_host(Str base)
{
    Str rest = behind_scheme(base);
    return str_sub(rest, 0, str_find(rest, STR("/"), 0));
}

const char *endpoint_url(Str base, const char *path, Arena *a, Err *err)
{
    Str host = endpoint_host(base);
    size_t end = base.len;
    while (end && base.ptr[end - 1] == '/')
        end--;
    base = str_sub(base, 0, end);
    bool bare = base.ptr + base.len == host.ptr + host.len;
    Str url = arena_printf(a, STR_FMT "%s/%s", STR_ARG(base), bare ? "/v1" : "", path);
    if (!url.ptr)
        err_set(err, ERR_NO_MEMORY, "no memory for an address");
    return url.ptr;
}

bool endpoint_auth(const char *key, Arena *a, HttpHeader *out)
{
    if (!key || !key[0])
        return false;
    *out = (HttpHeader){STR("Authorization"), arena_printf(a, "Bearer %s", key)};
    return out->value.ptr != NULL;
}

/* One line of what the server says about it, without the key that it may repeat. */
static void reason(Str body, const char *key, char out[200])
{
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, NULL);
    const Json *error = json_get(j, "error");
    Str text = json_str(json_get(error, "message"));
    text = text.ptr ? text : json_str(error);
    text = text.ptr ? text : json_str(json_get(j, "message"));
    text = text.ptr ? text : json_str(json_get(j, "detail"));
    size_t n = utf8_floor(text, text.len < 180 ? text.len : 180);
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)text.ptr[i] < ' ' ? ' ' : text.ptr[i];
    out[n] = '\0';
    if (key && key[0] && str_find(text, str_of(key), 0) != SIZE_MAX)
        out[0] = '\0';
    json_free(j);
}

bool endpoint_failed(Str base, int status, Str body, const char *key, Err *err)
{
    char why[200];
    Str host = endpoint_host(base);
    reason(body, key, why);
    const char *colon = why[0] ? ": " : "";
    if (status >= 300 && status < 400)
        return err_set(err, ERR_UNAVAILABLE, STR_FMT " sends elsewhere (status %d), which is not "
                       "followed; check openai_base_url", STR_ARG(host), status);
    if (status == 401 || status == 403)
        return err_set(err, ERR_UNAVAILABLE, STR_FMT " refuses the key (status %d)%s%s; check "
                       "openai_api_key", STR_ARG(host), status, colon, why);
    if (status == 404)
        return err_set(err, ERR_UNAVAILABLE, STR_FMT " does not know the model or the path (status "
                       "404)%s%s; check openai_base_url and the model's name", STR_ARG(host), colon,
                       why);
    if (status == 429)
        return err_set(err, ERR_RATE_LIMITED, STR_FMT " takes no more requests for now%s%s",
                       STR_ARG(host), colon, why);
    return err_set(err, ERR_UNAVAILABLE, STR_FMT " answered with status %d%s%s", STR_ARG(host),
                   status, colon, why);
}

#define KEY_BEGINS 12 /* bytes of a key that nobody else's begins with; a message may cut it */

void endpoint_hide(const char *key, Err *err)
{
    Str begins = str_sub(str_of(key), 0, KEY_BEGINS);
    if (begins.len && str_find(str_of(err->msg), begins, 0) != SIZE_MAX)
        err_set(err, err->code, "the language model failed, and what it says repeats the key");
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7), the one form that is still sent. */
static bool http_date(Str s, int64_t *ms)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    uint64_t day, year, hour, minute, second;
    size_t month = 0;
    if (s.len != 29 || !str_ends(s, STR(" GMT")) || s.ptr[3] != ',')
        return false;
    while (month < 12 && memcmp(months + month * 3, s.ptr + 8, 3) != 0)
        month++;
    if (month == 12 || !str_to_u64(str_sub(s, 5, 7), &day) ||
        !str_to_u64(str_sub(s, 12, 16), &year) || !str_to_u64(str_sub(s, 17, 19), &hour) ||
        !str_to_u64(str_sub(s, 20, 22), &minute) || !str_to_u64(str_sub(s, 23, 25), &second))
        return false;
    char text[CLOCK_RFC3339_MAX];
    (void)snprintf(text, sizeof text, "%04u-%02u-%02uT%02u:%02u:%02uZ", (unsigned)year % 10000,
                   (unsigned)month + 1, (unsigned)day % 100, (unsigned)hour % 100,
                   (unsigned)minute % 100, (unsigned)second % 100);
    return clock_parse(str_of(text), ms);
}

double endpoint_retry_after(Str value, int64_t now_ms)
{
    double seconds;
    int64_t at;
    value = str_trim(value);
    if (str_to_double(value, &seconds))
        return seconds < 0 ? 0 : seconds;
    if (http_date(value, &at))
        return at <= now_ms ? 0 : (double)(at - now_ms) / 1000;
    return -1;
}
