/* http.c - reading requests, filling responses; the life of an exchange is in exchange.c. */
#include "net/http.h"

#include "base/json.h"
#include "base/utf8.h"
#include "net/exchange.h"
#include "net/http1.h"

/* ---- request ---- */

Str http_header(const HttpRequest *req, const char *name)
{
    Str want = str_of(name);
    for (size_t i = 0; i < req->header_count; i++)
        if (str_eq_nocase(req->headers[i].name, want))
            return req->headers[i].value;
    return (Str){NULL, 0};
}

size_t http_header_count(const HttpRequest *req, const char *name)
{
    Str want = str_of(name);
    size_t n = 0;
    for (size_t i = 0; i < req->header_count; i++)
        n += str_eq_nocase(req->headers[i].name, want);
    return n;
}

bool http_header_has_token(const HttpRequest *req, const char *name, const char *token)
{
    Str want = str_of(name), need = str_of(token);
    for (size_t i = 0; i < req->header_count; i++) {
        if (!str_eq_nocase(req->headers[i].name, want))
            continue;
        Str rest = req->headers[i].value, part;
        while (str_next(&rest, ',', &part))
            if (str_eq_nocase(str_trim(part), need))
                return true;
    }
    return false;
}

Str http_media_type(Str content_type)
{
    const char *semi = content_type.len ? memchr(content_type.ptr, ';', content_type.len) : NULL;
    if (semi)
        content_type.len = (size_t)(semi - content_type.ptr);
    return str_trim(content_type);
}

/* A quoted-string at s[*at] == '"' into the arena; moves *at behind it. */
static Str unquote(Str s, size_t *at, Arena *arena)
{
    char *out = arena_alloc(arena, s.len - *at + 1);
    if (!out)
        return (Str){NULL, 0};
    size_t n = 0, i = *at + 1;
    for (; i < s.len && s.ptr[i] != '"'; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len)
            i++;
        out[n++] = s.ptr[i];
    }
    if (i >= s.len)
        return (Str){NULL, 0};
    *at = i + 1;
    return str_mem(out, n);
}

static size_t skip_blank(Str s, size_t at)
{
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
        at++;
    return at;
}

Str http_param(Str value, const char *name, Arena *arena)
{
    const Str none = {NULL, 0};
    Str want = str_of(name);
    size_t at = 0;
    while (at < value.len && value.ptr[at] != ';')
        at++;
    while (at < value.len) {
        at = skip_blank(value, at + 1); /* behind the ';' */
        size_t start = at;
        while (at < value.len && value.ptr[at] != '=' && value.ptr[at] != ';')
            at++;
        Str key = str_trim(str_sub(value, start, at));
        Str got = none;
        if (at < value.len && value.ptr[at] == '=') {
            at = skip_blank(value, at + 1);
            if (at < value.len && value.ptr[at] == '"') {
                got = unquote(value, &at, arena);
                if (!got.ptr)
                    return none;
                at = skip_blank(value, at);
                if (at < value.len && value.ptr[at] != ';')
                    return none;
            } else {
                start = at;
                while (at < value.len && value.ptr[at] != ';')
                    at++;
                got = str_trim(str_sub(value, start, at));
                if (!http1_is_token(got))
                    got = none;
            }
        }
        if (str_eq_nocase(key, want))
            return got;
    }
    return none;
}

/* Percent-decodes a path. An encoded slash, backslash or control character is refused: a check made
 * on the decoded path and one made on its segments must never disagree. */
static bool decode_path(Str raw, char *out, size_t *out_len, Err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < raw.len; i++) {
        unsigned char c = (unsigned char)raw.ptr[i];
        bool encoded = c == '%';
        if (encoded) {
            int hi = i + 1 < raw.len ? str_hex_digit(raw.ptr[i + 1]) : -1;
            int lo = i + 2 < raw.len ? str_hex_digit(raw.ptr[i + 2]) : -1;
            if (hi < 0 || lo < 0)
                return err_set(err, ERR_VALIDATION, "the path holds a broken %% escape");
            c = (unsigned char)(hi * 16 + lo);
            i += 2;
        }
        if (c < 0x20 || c == 0x7F)
            return err_set(err, ERR_VALIDATION, "the path holds a control character");
        if (c == '\\' || (encoded && c == '/'))
            return err_set(err, ERR_VALIDATION,
                           "the path holds a backslash or an encoded slash");
        out[n++] = (char)c;
    }
    *out_len = n;
    return true;
}

static bool has_dot_segment(Str path)
{
    Str rest = path, part;
    while (str_next(&rest, '/', &part))
        if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
            return true;
    return false;
}

bool http_parse_target(Str target, Arena *arena, Str *path, Str *query, Err *err)
{
    const char *mark = target.len ? memchr(target.ptr, '?', target.len) : NULL;
    Str raw = mark ? str_mem(target.ptr, (size_t)(mark - target.ptr)) : target;
    Str rest = mark ? str_sub(target, raw.len + 1, target.len) : str_mem("", 0);
    if (str_eq(target, STR("*"))) {
        *path = target;
        *query = rest;
        return true;
    }
    if (raw.len == 0 || raw.ptr[0] != '/')
        return err_set(err, ERR_VALIDATION, "the request target does not begin with a slash");
    char *decoded = arena_alloc(arena, raw.len + 1);
    if (!decoded)
        return err_set(err, ERR_NO_MEMORY, "no memory for the request");
    size_t len = 0;
    if (!decode_path(raw, decoded, &len, err))
        return false;
    Str out = str_mem(decoded, len);
    if (!utf8_ok(out))
        return err_set(err, ERR_VALIDATION, "the path is not valid UTF-8");
    if (has_dot_segment(out))
        return err_set(err, ERR_VALIDATION, "the path holds a \".\" or \"..\" segment");
    *path = out;
    *query = rest;
    return true;
}

/* ---- response ---- */

const char *http_status_text(int status)
{
    static const struct {
        int code;
        const char *text;
    } table[] = {
        {100, "Continue"}, {101, "Switching Protocols"}, {200, "OK"}, {201, "Created"},
        {202, "Accepted"}, {204, "No Content"}, {206, "Partial Content"},
        {301, "Moved Permanently"}, {302, "Found"}, {303, "See Other"}, {304, "Not Modified"},
        {307, "Temporary Redirect"}, {308, "Permanent Redirect"}, {400, "Bad Request"},
        {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
        {405, "Method Not Allowed"}, {406, "Not Acceptable"}, {408, "Request Timeout"},
        {409, "Conflict"}, {410, "Gone"}, {411, "Length Required"},
        {412, "Precondition Failed"}, {413, "Content Too Large"}, {414, "URI Too Long"},
        {415, "Unsupported Media Type"}, {416, "Range Not Satisfiable"},
        {417, "Expectation Failed"}, {421, "Misdirected Request"},
        {422, "Unprocessable Content"}, {426, "Upgrade Required"}, {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
        {501, "Not Implemented"}, {502, "Bad Gateway"}, {503, "Service Unavailable"},
        {504, "Gateway Timeout"}, {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == status)
            return table[i].text;
    return "Unknown";
}

Str http_resp_find(const HttpExchange *x, const char *name)
{
    Str want = str_of(name);
    for (size_t i = 0; i < x->resp.header_count; i++)
        if (str_eq_nocase(x->resp.headers[i].name, want))
            return x->resp.headers[i].value;
    return (Str){NULL, 0};
}

bool http_resp_header(HttpExchange *x, const char *name, Str value)
{
    HttpResponse *resp = &x->resp;
    Str key = str_of(name);
    size_t at = resp->header_count;
    if (!str_eq_nocase(key, STR("set-cookie")))
        for (size_t i = 0; i < resp->header_count; i++)
            if (str_eq_nocase(resp->headers[i].name, key))
                at = i;
    if (at < HTTP_RESP_HEADERS_MAX && http1_is_token(key) && http1_is_value(value)) {
        HttpHeader h = {arena_str(x->req.arena, key), arena_str(x->req.arena, value)};
        if (h.name.ptr && h.value.ptr) {
            resp->headers[at] = h;
            if (at == resp->header_count)
                resp->header_count++;
            return true;
        }
    }
    exchange_mark_broken(x);
    return false;
}

Str http_resp_body(const HttpExchange *x)
{
    return x->resp.body_ref.ptr ? x->resp.body_ref : buf_str(&x->resp.body);
}

/* ---- answers ---- */

void http_reply(HttpExchange *x, int status, const char *content_type, Str body)
{
    x->resp.status = status;
    x->resp.content_type = str_of(content_type);
    buf_clear(&x->resp.body);
    buf_add(&x->resp.body, body);
    http_exchange_reply(x);
}

void http_reply_buf(HttpExchange *x, int status, const char *content_type, Buf *body)
{
    x->resp.status = status;
    x->resp.content_type = str_of(content_type);
    buf_release(&x->resp.body);
    x->resp.body = *body;
    buf_init(body, body->max);
    http_exchange_reply(x);
}

void http_reply_empty(HttpExchange *x, int status)
{
    x->resp.status = status;
    x->resp.content_type = (Str){NULL, 0};
    buf_clear(&x->resp.body);
    http_exchange_reply(x);
}

void http_reply_error(HttpExchange *x, const Err *err)
{
    http_reply_status(x, err_info(err->code)->http_status, err);
}

void http_reply_status(HttpExchange *x, int status, const Err *err)
{
    exchange_format_error(x, status, err);
    http_exchange_reply(x);
}

void http_problem(void *arg, Str path, int status, const Err *err, Str request_id,
                  HttpResponse *resp)
{
    (void)arg;
    const ErrInfo *info = err_info(err->code);
    /* A status that is not its code's own (408, 414, 431, 501 ...) is titled by the status. */
    const char *title = info->http_status == status ? info->title : http_status_text(status);
    JsonW w;
    jw_init(&w, &resp->body);
    jw_obj(&w);
    jw_kv_cstr(&w, "type", "about:blank");
    jw_kv_cstr(&w, "title", title);
    jw_kv_int(&w, "status", status);
    jw_kv_cstr(&w, "detail", err->msg);
    jw_kv_str(&w, "instance", path);
    jw_kv_cstr(&w, "code", info->wire);
    jw_kv_str(&w, "request_id", request_id);
    jw_obj_end(&w);
    resp->content_type = STR("application/problem+json");
}
