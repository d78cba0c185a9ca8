/* multipart.c - see multipart.h. */
#include "net/multipart.h"

#include "base/utf8.h"
#include "net/http.h"
#include "net/http1.h"
#include "net/form.h"

#define BOUNDARY_MAX 70

typedef struct {
    Arena *arena;
    MultipartLimits limits;
    Str delimiter; /* "\r\n--boundary" */
    size_t number; /* of the part, from 1, for messages */
    bool has_disposition;
} Parser;

static bool bad(const Parser *p, Err *err, const char *why)
{
    return err_set(err, ERR_VALIDATION, "part %zu of the form: %s", p->number, why);
}

static bool too_large(const Parser *p, Err *err, const char *what, size_t max)
{
    return err_set(err, ERR_TOO_LARGE, "part %zu of the form: %s is longer than %zu bytes",
                   p->number, what, max);
}

static bool boundary_ok(Str b)
{
    if (b.len == 0 || b.len > BOUNDARY_MAX || b.ptr[b.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < b.len; i++) {
        char c = b.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!alnum && (c == '\0' || !strchr("'()+_,-./:=? ", c)))
            return false;
    }
    return true;
}

/* ---- names ---- */

/* What browsers write for a quote in a quoted name. */
static Str percent_quotes(Str s, Arena *arena)
{
    if (str_find(s, STR("%22"), 0) == SIZE_MAX)
        return s;
    char *to = arena_alloc(arena, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; to && i < s.len; i++) {
        bool quote = i + 2 < s.len && s.ptr[i] == '%' && s.ptr[i + 1] == '2' && s.ptr[i + 2] == '2';
        to[n++] = quote ? '"' : s.ptr[i];
        if (quote)
            i += 2;
    }
    return to ? str_mem(to, n) : s;
}

/* A quoted-string at s[*at], behind the opening quote. Only \" and \\ are escapes: some clients
 * send Windows paths with single backslashes. */
static bool quoted(Str s, size_t *at, Arena *arena, Str *out)
{
    char *to = arena_alloc(arena, s.len - *at + 1);
    if (!to)
        return false;
    size_t n = 0, i = *at;
    for (; i < s.len && s.ptr[i] != '"'; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len && (s.ptr[i + 1] == '"' || s.ptr[i + 1] == '\\'))
            i++;
        to[n++] = s.ptr[i];
    }
    if (i >= s.len)
        return false;
    *at = i + 1;
    *out = percent_quotes(str_mem(to, n), arena);
    return true;
}

static bool name_ok(const Parser *p, Str s, const char *what, Err *err)
{
    if (s.len > p->limits.name_bytes)
        return too_large(p, err, what, p->limits.name_bytes);
    if (!utf8_ok(s))
        return bad(p, err, "a name is not valid UTF-8");
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7F)
            return bad(p, err, "a name holds a control character");
    return true;
}

/* The last component: some clients send a path, and what it says must never choose a folder
 * here. */
static Str base_name(Str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/' && path.ptr[at - 1] != '\\')
        at--;
    Str name = str_sub(path, at, path.len);
    return str_eq(name, STR(".")) || str_eq(name, STR("..")) ? STR("") : name;
}

/* RFC 8187: UTF-8'language'percent-encoded. */
static bool extended(const Parser *p, Str value, Str *out, Err *err)
{
    size_t first = str_find(value, STR("'"), 0);
    size_t second = first == SIZE_MAX ? SIZE_MAX : str_find(value, STR("'"), first + 1);
    if (second == SIZE_MAX || !str_eq_nocase(str_sub(value, 0, first), STR("UTF-8")))
        return bad(p, err, "filename* is not UTF-8''...");
    return form_decode(str_sub(value, second + 1, value.len), false, p->arena, out, err);
}

typedef struct {
    Str name, filename, extended;
} Disposition;

/* One "key=value" at s[*at]. */
static bool disposition_param(const Parser *p, Str s, size_t *at, Disposition *d, Err *err)
{
    size_t start = *at;
    while (*at < s.len && s.ptr[*at] != '=' && s.ptr[*at] != ';')
        (*at)++;
    Str key = str_trim(str_sub(s, start, *at)), value;
    if (*at == s.len || s.ptr[*at] != '=' || !http1_is_token(key))
        return bad(p, err, "Content-Disposition is malformed");
    (*at)++;
    if (*at < s.len && s.ptr[*at] == '"') {
        (*at)++;
        if (!quoted(s, at, p->arena, &value))
            return bad(p, err, "a quoted name does not end");
    } else {
        start = *at;
        while (*at < s.len && s.ptr[*at] != ';')
            (*at)++;
        value = str_trim(str_sub(s, start, *at));
    }
    Str *slot = str_eq_nocase(key, STR("name"))        ? &d->name
                : str_eq_nocase(key, STR("filename"))  ? &d->filename
                : str_eq_nocase(key, STR("filename*")) ? &d->extended
                                                       : NULL;
    if (slot && slot->ptr)
        return bad(p, err, "Content-Disposition says the same thing twice");
    if (slot)
        *slot = value;
    return true;
}

static bool read_disposition(Parser *p, Str value, MultipartPart *part, Err *err)
{
    Disposition d = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
    size_t at = 0;
    while (at < value.len && value.ptr[at] != ';')
        at++;
    if (p->has_disposition || !str_eq_nocase(str_trim(str_sub(value, 0, at)), STR("form-data")))
        return bad(p, err, "there must be one Content-Disposition: form-data");
    p->has_disposition = true;
    while (at < value.len) {
        if (value.ptr[at] != ';')
            return bad(p, err, "Content-Disposition is malformed");
        at++;
        while (at < value.len && (value.ptr[at] == ' ' || value.ptr[at] == '\t'))
            at++;
        if (at == value.len)
            break; /* a semicolon at the end */
        if (!disposition_param(p, value, &at, &d, err))
            return false;
        while (at < value.len && (value.ptr[at] == ' ' || value.ptr[at] == '\t'))
            at++;
    }
    if (!d.name.ptr)
        return bad(p, err, "it has no name");
    if (d.extended.ptr && !extended(p, d.extended, &d.filename, err))
        return false;
    part->name = d.name;
    if (!name_ok(p, part->name, "its name", err))
        return false;
    if (!d.filename.ptr)
        return true;
    if (!name_ok(p, d.filename, "its file name", err))
        return false;
    part->filename = base_name(d.filename);
    return true;
}

/* ---- parts ---- */

static bool read_header(Parser *p, Str line, MultipartPart *part, Err *err)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon)
        return bad(p, err, "a header line has no colon");
    Str name = str_mem(line.ptr, (size_t)(colon - line.ptr));
    Str value = str_trim(str_sub(line, name.len + 1, line.len));
    if (!http1_is_token(name) || !http1_is_value(value))
        return bad(p, err, "a header holds a character that is not allowed");
    if (str_eq_nocase(name, STR("content-disposition")))
        return read_disposition(p, value, part, err);
    if (str_eq_nocase(name, STR("content-type"))) {
        part->content_type = value;
    } else if (str_eq_nocase(name, STR("content-transfer-encoding"))) {
        if (!str_eq_nocase(value, STR("binary")) && !str_eq_nocase(value, STR("8bit")) &&
            !str_eq_nocase(value, STR("7bit")))
            return bad(p, err, "its Content-Transfer-Encoding is not understood");
    }
    return true;
}

/* Header lines of a part from body[*at]; leaves *at at the data. */
static bool read_headers(Parser *p, Str body, size_t *at, MultipartPart *part, Err *err)
{
    size_t start = *at;
    p->has_disposition = false;
    for (;;) {
        size_t end = str_find(str_sub(body, 0, start + p->limits.header_bytes + 2), STR("\r\n"),
                              *at);
        if (end == SIZE_MAX) {
            if (body.len - start <= p->limits.header_bytes)
                return bad(p, err, "its headers do not end");
            return too_large(p, err, "its head", p->limits.header_bytes);
        }
        Str line = str_sub(body, *at, end);
        *at = end + 2;
        if (line.len == 0)
            break;
        if (!read_header(p, line, part, err))
            return false;
    }
    if (!p->has_disposition)
        return bad(p, err, "there must be one Content-Disposition: form-data");
    return true;
}

typedef enum { DELIM_NONE, DELIM_NEXT, DELIM_LAST } Delim;

/* What stands behind a delimiter's boundary at body[*at]: moves *at behind the line. A boundary
 * that is only the beginning of a longer word is data. */
static Delim delimiter_kind(Str body, size_t *at)
{
    if (str_starts(str_sub(body, *at, body.len), STR("--"))) {
        *at += 2;
        return DELIM_LAST;
    }
    size_t i = *at;
    while (i < body.len && (body.ptr[i] == ' ' || body.ptr[i] == '\t'))
        i++;
    if (!str_starts(str_sub(body, i, body.len), STR("\r\n")))
        return DELIM_NONE;
    *at = i + 2;
    return DELIM_NEXT;
}

/* The next delimiter at or behind *at: its place in *found, *at behind its line. */
static Delim find_delimiter(const Parser *p, Str body, size_t *at, size_t *found)
{
    size_t from = *at;
    for (;;) {
        size_t hit = str_find(body, p->delimiter, from);
        if (hit == SIZE_MAX)
            return DELIM_NONE;
        size_t behind = hit + p->delimiter.len;
        Delim kind = delimiter_kind(body, &behind);
        if (kind != DELIM_NONE) {
            *found = hit;
            *at = behind;
            return kind;
        }
        from = hit + 2;
    }
}

/* The first delimiter may stand at the very beginning, without a CR LF before it. */
static Delim find_first(const Parser *p, Str body, size_t *at)
{
    Str bare = str_sub(p->delimiter, 2, p->delimiter.len);
    size_t found;
    if (str_starts(body, bare)) {
        *at = bare.len;
        Delim kind = delimiter_kind(body, at);
        if (kind != DELIM_NONE)
            return kind;
    }
    *at = 0;
    return find_delimiter(p, body, at, &found);
}

static bool read_parts(Parser *p, Str body, Multipart *m, Err *err)
{
    size_t at, cap = 0;
    Delim kind = find_first(p, body, &at);
    if (kind == DELIM_NONE)
        return err_set(err, ERR_VALIDATION, "the form's boundary does not occur in its body");
    while (kind == DELIM_NEXT) {
        p->number++;
        if (m->count == p->limits.parts)
            return err_set(err, ERR_TOO_LARGE, "the form has more than %zu parts",
                           p->limits.parts);
        MultipartPart part = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
        if (!read_headers(p, body, &at, &part, err))
            return false;
        if (!ARENA_GROW(p->arena, m->parts, m->count, cap))
            return err_set(err, ERR_NO_MEMORY, "no memory for the form");
        /* An empty part's data end where its head does: the head's last CR LF begins the
         * delimiter. */
        size_t start = at, end;
        at -= 2;
        kind = find_delimiter(p, body, &at, &end);
        if (kind == DELIM_NONE)
            return bad(p, err, "it is cut off: the closing boundary is missing");
        part.data = end < start ? str_sub(body, start, start) : str_sub(body, start, end);
        m->parts[m->count++] = part;
    }
    return true;
}

bool multipart_parse(Str body, Str content_type, const MultipartLimits *limits, Arena *arena,
                     Multipart *out, Err *err)
{
    if (!str_eq_nocase(http_media_type(content_type), STR("multipart/form-data")))
        return err_set(err, ERR_UNSUPPORTED_MEDIA, "the body is not multipart/form-data");
    Str boundary = http_param(content_type, "boundary", arena);
    if (!boundary.ptr || !boundary_ok(boundary))
        return err_set(err, ERR_VALIDATION, "Content-Type has no valid boundary");
    Parser p = {.arena = arena, .limits = {256, 8192, 1024}};
    if (limits && limits->parts)
        p.limits.parts = limits->parts;
    if (limits && limits->header_bytes)
        p.limits.header_bytes = limits->header_bytes;
    if (limits && limits->name_bytes)
        p.limits.name_bytes = limits->name_bytes;
    p.delimiter = arena_printf(arena, "\r\n--%.*s", STR_ARG(boundary));
    if (!p.delimiter.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for the form");
    Multipart m = {NULL, 0};
    if (!read_parts(&p, body, &m, err))
        return false;
    *out = m;
    return true;
}

const MultipartPart *multipart_find(const Multipart *m, const char *name)
{
    Str want = str_of(name);
    for (size_t i = 0; i < m->count; i++)
        if (str_eq(m->parts[i].name, want))
            return &m->parts[i];
    return NULL;
}
