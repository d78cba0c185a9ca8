/* http1.c - see http1.h. */
#include "net/http1.h"

/* One bit of a class a byte: 1 = tchar, 2 = allowed in a header value, 4 = allowed in a target. */
enum { C_TOKEN = 1, C_VALUE = 2, C_TARGET = 4 };

static unsigned char_class(unsigned char c)
{
    unsigned cls = 0;
    bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alnum || (c != 0 && strchr("!#$%&'*+-.^_`|~", c)))
        cls |= C_TOKEN;
    if (c == '\t' || (c >= 0x20 && c != 0x7F))
        cls |= C_VALUE;
    /* Bytes above 0x7F are not legal in a target, but curl and others send raw UTF-8; the decoded
     * path must be valid UTF-8 anyway. */
    if (c > 0x20 && c != 0x7F && c != '#')
        cls |= C_TARGET;
    return cls;
}

static uint8_t classes[256];

/* Before main, so that the table is constant to every thread. */
__attribute__((constructor)) static void classes_init(void)
{
    for (unsigned i = 0; i < 256; i++)
        classes[i] = (uint8_t)char_class((unsigned char)i);
}

static bool all_of(Str s, unsigned cls)
{
    for (size_t i = 0; i < s.len; i++)
        if (!(classes[(unsigned char)s.ptr[i]] & cls))
            return false;
    return true;
}

bool http1_is_token(Str s) { return s.len > 0 && all_of(s, C_TOKEN); }
bool http1_is_value(Str s) { return all_of(s, C_VALUE); }

static bool refuse(Http1Fault *fault, int status, const char *why)
{
    *fault = (Http1Fault){status, why};
    return false;
}

/* ---- the end of the head ---- */

#define EMPTY_LINES_MAX 2 /* before a request line; RFC 9112 2.2 asks for at least one */
#define LINE_EXTRA 48     /* method, two spaces and the version beside the target */

long http1_find_head(const char *data, size_t len, size_t *scan, const Http1Limits *limits,
                     Http1Fault *fault)
{
    size_t start = 0;
    while (start + 1 < len && start < (size_t)2 * EMPTY_LINES_MAX && data[start] == '\r' &&
           data[start + 1] == '\n')
        start += 2;
    if (start < len && !(classes[(unsigned char)data[start]] & C_TOKEN) &&
        !(data[start] == '\r' && len - start == 1)) {
        refuse(fault, 400, "the request does not begin with a method");
        return -1;
    }
    size_t at = *scan > start ? *scan : start, end = 0;
    while (at < len && !end) {
        const char *lf = memchr(data + at, '\n', len - at);
        if (!lf)
            break;
        size_t pos = (size_t)(lf - data);
        if (pos == 0 || data[pos - 1] != '\r') {
            refuse(fault, 400, "a line of the head ends without CR LF");
            return -1;
        }
        at = pos + 1;
        /* An empty line ends the head: CR LF right behind the LF of the line before. */
        if (pos >= start + 3 && data[pos - 2] == '\n')
            end = at;
    }
    /* Rescan the last three bytes next time: they may be a part of CR LF CR LF. */
    *scan = len > 3 ? len - 3 : 0;
    if (*scan < start)
        *scan = start;
    const char *first = len > start ? memchr(data + start, '\n', len - start) : NULL;
    size_t line = first ? (size_t)(first - data) - start : len - start;
    if (line > limits->target_bytes + LINE_EXTRA) {
        refuse(fault, 414, "the request target is too long");
        return -1;
    }
    if ((end ? end : len) - start > limits->head_bytes) {
        refuse(fault, 431, "the request head is too large");
        return -1;
    }
    return (long)end;
}

/* ---- the head ---- */

static bool parse_request_line(Str line, Http1Head *out, Http1Fault *fault)
{
    const char *sp = memchr(line.ptr, ' ', line.len);
    if (!sp)
        return refuse(fault, 400, "the request line has no target");
    out->method = str_mem(line.ptr, (size_t)(sp - line.ptr));
    if (!http1_is_token(out->method) || out->method.len > 24)
        return refuse(fault, 400, "the method is no valid token");
    Str rest = str_sub(line, out->method.len + 1, line.len);
    sp = memchr(rest.ptr, ' ', rest.len);
    if (!sp)
        return refuse(fault, 400, "the request line has no HTTP version");
    out->target = str_mem(rest.ptr, (size_t)(sp - rest.ptr));
    if (out->target.len == 0 || !all_of(out->target, C_TARGET))
        return refuse(fault, 400, "the request target holds a character that is not allowed");
    Str version = str_sub(rest, out->target.len + 1, rest.len);
    if (version.len != 8 || memcmp(version.ptr, "HTTP/", 5) != 0 || version.ptr[6] != '.' ||
        version.ptr[5] < '0' || version.ptr[5] > '9' || version.ptr[7] < '0' ||
        version.ptr[7] > '9')
        return refuse(fault, 400, "the request line does not end with an HTTP version");
    if (version.ptr[5] != '1')
        return refuse(fault, 505, "only HTTP/1.0 and HTTP/1.1 are spoken in this form");
    out->minor = (uint8_t)(version.ptr[7] - '0');
    return true;
}

static bool has_token(Str list, Str token)
{
    Str part;
    while (str_next(&list, ',', &part))
        if (str_eq_nocase(str_trim(part), token))
            return true;
    return false;
}

/* What the framing headers of a request say, gathered over all header lines. */
typedef struct {
    unsigned hosts, lengths, codings;
    Str length, coding;
    bool close, keep;
    Str expect;
} Framing;

static void note_header(const HttpHeader *h, Framing *f, Http1Head *out)
{
    switch (h->name.len) {
    case 4:
        if (str_eq_nocase(h->name, STR("host"))) {
            f->hosts++;
            out->host = h->value;
        }
        break;
    case 6:
        if (str_eq_nocase(h->name, STR("expect")))
            f->expect = h->value;
        break;
    case 10:
        if (str_eq_nocase(h->name, STR("connection"))) {
            f->close |= has_token(h->value, STR("close"));
            f->keep |= has_token(h->value, STR("keep-alive"));
        }
        break;
    case 14:
        if (str_eq_nocase(h->name, STR("content-length"))) {
            f->lengths++;
            f->length = h->value;
        }
        break;
    case 17:
        if (str_eq_nocase(h->name, STR("transfer-encoding"))) {
            f->codings++;
            f->coding = h->value;
        }
        break;
    }
}

static bool judge_framing(const Framing *f, Http1Head *out, Http1Fault *fault)
{
    if (f->hosts != 1)
        return refuse(fault, 400, f->hosts ? "there is more than one Host header"
                                           : "the Host header is missing");
    if (f->lengths > 1)
        return refuse(fault, 400, "there is more than one Content-Length header");
    if (f->codings && f->lengths)
        return refuse(fault, 400, "Content-Length and Transfer-Encoding exclude each other");
    if (f->lengths) {
        /* Digits only: str_to_u64 takes no sign and no white space. */
        if (!str_to_u64(f->length, &out->length) || out->length > INT64_MAX)
            return refuse(fault, 400, "Content-Length is no number");
        out->has_length = true;
    }
    if (f->codings) {
        if (f->codings > 1 || out->minor == 0)
            return refuse(fault, 400, "Transfer-Encoding is not allowed like this");
        if (!str_eq_nocase(f->coding, STR("chunked")))
            return refuse(fault, 501, "the only transfer coding understood is chunked");
        out->chunked = true;
    }
    if (f->expect.len && out->minor >= 1) {
        if (!str_eq_nocase(f->expect, STR("100-continue")))
            return refuse(fault, 417, "the only expectation understood is 100-continue");
        out->expect_continue = true;
    }
    out->keep_alive = !f->close && (out->minor >= 1 || f->keep);
    return true;
}

static bool parse_header(Str line, HttpHeader *h, Http1Fault *fault)
{
    if (line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return refuse(fault, 400, "folded header lines are not allowed");
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon)
        return refuse(fault, 400, "a header line has no colon");
    h->name = str_mem(line.ptr, (size_t)(colon - line.ptr));
    if (!http1_is_token(h->name))
        return refuse(fault, 400, "a header name holds a character that is not allowed");
    Str value = str_sub(line, h->name.len + 1, line.len);
    while (value.len && (value.ptr[0] == ' ' || value.ptr[0] == '\t'))
        value = str_mem(value.ptr + 1, value.len - 1);
    while (value.len && (value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t'))
        value.len--;
    if (!http1_is_value(value))
        return refuse(fault, 400, "a header value holds a control character");
    h->value = value;
    return true;
}

bool http1_parse_head(Str head, HttpHeader *headers, size_t cap, Http1Head *out, Http1Fault *fault)
{
    *out = (Http1Head){0};
    Framing framing = {0};
    bool first = true;
    const char *p = head.ptr, *end = head.ptr + head.len;
    while (p < end) {
        const char *lf = memchr(p, '\n', (size_t)(end - p));
        if (!lf || lf == p || lf[-1] != '\r')
            return refuse(fault, 400, "a line of the head ends without CR LF");
        Str line = str_mem(p, (size_t)(lf - p) - 1);
        p = lf + 1;
        if (line.len == 0) {
            if (first)
                continue; /* empty lines before the request line */
            break;
        }
        if (first) {
            if (!parse_request_line(line, out, fault))
                return false;
            first = false;
            continue;
        }
        if (out->header_count == cap)
            return refuse(fault, 431, "there are too many headers");
        HttpHeader *h = &headers[out->header_count];
        if (!parse_header(line, h, fault))
            return false;
        out->header_count++;
        note_header(h, &framing, out);
    }
    if (first)
        return refuse(fault, 400, "the request line is missing");
    return judge_framing(&framing, out, fault);
}

/* ---- chunked ---- */

enum { S_SIZE, S_EXT, S_SIZE_LF, S_DATA, S_DATA_CR, S_DATA_LF, S_TRAILER, S_TRAILER_LINE,
    S_TRAILER_LF, S_END_LF, S_DONE };

#define CHUNK_DIGITS_MAX 15 /* below 2^60: the sum with any body length cannot overflow */

void http1_chunked_init(Http1Chunked *d)
{
    *d = (Http1Chunked){0};
}

/* One byte of everything that is not chunk data; NULL when it is all right, else what is wrong. */
static const char *chunked_step(Http1Chunked *d, char c)
{
    int digit;
    switch (d->state) {
    case S_SIZE:
        digit = str_hex_digit(c);
        if (digit >= 0) {
            if (++d->digits > CHUNK_DIGITS_MAX)
                return "a chunk size is too large";
            d->left = d->left * 16 + (unsigned)digit;
            return NULL;
        }
        if (d->digits == 0)
            return "a chunk size is missing";
        if (c != '\r' && c != ';')
            return "a chunk size is no hexadecimal number";
        d->state = c == ';' ? S_EXT : S_SIZE_LF;
        return NULL;
    case S_EXT:
        if (c == '\r')
            d->state = S_SIZE_LF;
        else if (!(classes[(unsigned char)c] & C_VALUE))
            return "a chunk extension holds a control character";
        d->extra++;
        return NULL;
    case S_SIZE_LF:
        if (c != '\n')
            return "a chunk size line ends without CR LF";
        d->state = d->left ? S_DATA : S_TRAILER;
        return NULL;
    case S_DATA_CR:
        if (c != '\r')
            return "a chunk is longer than its size";
        d->state = S_DATA_LF;
        return NULL;
    case S_DATA_LF:
        if (c != '\n')
            return "a chunk ends without CR LF";
        d->state = S_SIZE;
        d->digits = 0;
        return NULL;
    case S_TRAILER: /* the first byte of a trailer line */
        if (c == '\r') {
            d->state = S_END_LF;
            return NULL;
        }
        if (!(classes[(unsigned char)c] & C_TOKEN))
            return "a trailer line is malformed";
        d->state = S_TRAILER_LINE;
        d->extra++;
        return NULL;
    case S_TRAILER_LINE: /* trailers are read and forgotten */
        if (c == '\r')
            d->state = S_TRAILER_LF;
        else if (!(classes[(unsigned char)c] & C_VALUE))
            return "a trailer holds a control character";
        d->extra++;
        return NULL;
    case S_TRAILER_LF:
        if (c != '\n')
            return "a trailer line ends without CR LF";
        d->state = S_TRAILER;
        return NULL;
    case S_END_LF:
        if (c != '\n')
            return "the chunked body ends without CR LF";
        d->state = S_DONE;
        return NULL;
    default:
        return "the chunked body has ended";
    }
}

uint64_t http1_chunked_announced(const Http1Chunked *d)
{
    return d->state == S_DATA ? d->left : 0;
}

Http1ChunkResult http1_chunked_next(Http1Chunked *d, const char *data, size_t len, size_t *at,
                                    Str *piece, Http1Fault *fault)
{
    while (*at < len) {
        if (d->state == S_DATA) {
            size_t n = len - *at;
            if (n > d->left)
                n = (size_t)d->left;
            *piece = str_mem(data + *at, n);
            *at += n;
            d->left -= n;
            if (d->left == 0)
                d->state = S_DATA_CR;
            return CHUNK_DATA;
        }
        const char *wrong = chunked_step(d, data[*at]);
        if (!wrong && d->extra > HTTP1_CHUNK_EXTRA_MAX)
            wrong = "chunk extensions and trailers are too long";
        if (wrong) {
            refuse(fault, 400, wrong);
            return CHUNK_BAD;
        }
        (*at)++;
        if (d->state == S_DONE)
            return CHUNK_END;
    }
    return CHUNK_MORE;
}
