/* config_value.c - whether a setting's value is what its type asks for. */
#include <arpa/inet.h>
#include <string.h>

#include "app/config.h"
#include "base/utf8.h"
#include "base/zone.h"

#define TEXT_MAX 200

bool config_address(Str text, char host[256], uint16_t *port, Err *err)
{
    size_t colon = text.len;
    while (colon > 0 && text.ptr[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return err_set(err, ERR_VALIDATION,
                       "\"" STR_FMT "\" has no port; write HOST:PORT, such as "
                       "127.0.0.1:8080",
                       STR_ARG(text));
    Str name = str_sub(text, 0, colon - 1);
    uint64_t number = 0;
    if (!str_to_u64(str_sub(text, colon, text.len), &number) || number > 65535)
        return err_set(err, ERR_VALIDATION,
                       "\"" STR_FMT "\" has no port between 0 and 65535 after "
                       "its colon",
                       STR_ARG(text));
    bool bracket = name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']';
    if (bracket)
        name = str_sub(name, 1, name.len - 1);
    else if (str_find(name, STR(":"), 0) != SIZE_MAX)
        return err_set(err, ERR_VALIDATION,
                       "\"" STR_FMT "\": write an IPv6 address in brackets, such "
                       "as [::1]:8080",
                       STR_ARG(text));
    if (name.len == 0 || name.len > 255)
        return err_set(err, ERR_VALIDATION,
                       "\"" STR_FMT "\" has no host; write HOST:PORT, such as "
                       "127.0.0.1:8080",
                       STR_ARG(text));
    memcpy(host, name.ptr, name.len);
    host[name.len] = '\0';
    *port = (uint16_t)number;
    return true;
}

bool config_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcmp(host, "localhost") == 0;
}

static bool parse_bytes(Str text, int64_t *out)
{
    unsigned shift = 0;
    if (text.len > 1) {
        char unit = text.ptr[text.len - 1] & ~0x20; /* upper case */
        shift = unit == 'K' ? 10 : unit == 'M' ? 20 : unit == 'G' ? 30 : 0;
    }
    uint64_t n = 0;
    if (!str_to_u64(str_sub(text, 0, text.len - (shift ? 1 : 0)), &n) ||
        n > (UINT64_MAX >> 31) >> shift)
        return false;
    *out = (int64_t)(n << shift);
    return true;
}

static bool is_choice(const char *choices, const char *text)
{
    Str rest = str_of(choices), part;
    while (str_next(&rest, '|', &part))
        if (str_eq(part, str_of(text)))
            return true;
    return false;
}

static bool read_number(const Setting *s, const char *text, int64_t *out, Err *err)
{
    uint64_t n = 0;
    bool ok = s->type == SETTING_BYTES ? parse_bytes(str_of(text), out)
                                       : str_to_u64(str_of(text), &n) && n <= INT64_MAX;
    if (!ok)
        return err_set(err, ERR_VALIDATION, "\"%s\" is no %s", text,
                       s->type == SETTING_BYTES ? "size; write a number with K, M or G, such as 64M"
                                                : "whole number");
    if (s->type == SETTING_COUNT)
        *out = (int64_t)n;
    if (*out < s->min || *out > s->max)
        return err_set(err, ERR_VALIDATION, "%s is not between %lld and %lld", text,
                       (long long)s->min, (long long)s->max);
    return true;
}

static bool zone_ok(const char *text, Err *err)
{
    Zone *z = zone_open(str_of(text), err);
    if (!z && err->code == ERR_NOT_FOUND)
        err->code = ERR_VALIDATION;
    zone_free(z);
    return z != NULL;
}

static bool name_ok(const char *text)
{
    static const char fine[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:";
    return text[0] && strlen(text) < 64 && strspn(text, fine) == strlen(text);
}

static bool text_ok(const char *text)
{
    size_t n = strlen(text);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            return false;
    return n >= 1 && n <= TEXT_MAX && utf8_ok(str_mem(text, n));
}

bool config_value_check(const Setting *s, const char *text, int64_t *number, Err *err)
{
    bool flag = true, ok = true;
    char host[256];
    uint16_t port;
    switch (s->type) {
    case SETTING_ADDRESS:
        ok = config_address(str_of(text), host, &port, err);
        break;
    case SETTING_BOOL:
        ok = str_to_bool(str_of(text), &flag) ||
             err_set(err, ERR_VALIDATION, "\"%s\" is neither yes nor no", text);
        *number = flag;
        break;
    case SETTING_COUNT:
    case SETTING_BYTES:
        ok = read_number(s, text, number, err);
        break;
    case SETTING_CHOICE:
        ok = is_choice(s->choices, text) ||
             err_set(err, ERR_VALIDATION, "\"%s\" is none of %s", text, s->choices);
        break;
    case SETTING_URL:
        ok = strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0 ||
             err_set(err, ERR_VALIDATION, "\"%s\" is no http:// or https:// address", text);
        break;
    case SETTING_ZONE:
        ok = zone_ok(text, err);
        break;
    case SETTING_NAME:
        ok = name_ok(text) ||
             err_set(err, ERR_VALIDATION, "\"%s\" is no name of letters, digits and . _ - :",
                     text);
        break;
    case SETTING_TEXT:
        ok = text_ok(text) ||
             err_set(err, ERR_VALIDATION, "it must be one line of 1 to %d characters", TEXT_MAX);
        break;
    case SETTING_PATH: /* needs to know where it is relative to */
    case SETTING_LIST:
    case SETTING_SECRET:
        break;
    }
    return ok;
}
