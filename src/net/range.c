/* range.c - see range.h. */
#include "net/range.h"

static bool digits(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return s.len > 0;
}

RangeResult range_parse(Str header, uint64_t size, Range *out)
{
    if (!header.ptr || header.len < 6 || !str_eq_nocase(str_sub(header, 0, 6), STR("bytes=")))
        return RANGE_NONE;
    Str spec = str_trim(str_sub(header, 6, header.len));
    size_t dash = str_find(spec, STR("-"), 0);
    if (dash == SIZE_MAX)
        return RANGE_NONE;
    Str first = str_sub(spec, 0, dash), last = str_sub(spec, dash + 1, spec.len);
    uint64_t from = 0, to = UINT64_MAX;
    /* More digits than fit 64 bits are still digits: a number behind every end. */
    if (first.len && !digits(first))
        return RANGE_NONE;
    if (last.len && !digits(last))
        return RANGE_NONE;
    if (first.len == 0 && last.len == 0)
        return RANGE_NONE;
    if (first.len && !str_to_u64(first, &from))
        from = UINT64_MAX;
    if (last.len && !str_to_u64(last, &to))
        to = UINT64_MAX;
    if (first.len == 0) {
        if (to == 0 || size == 0)
            return RANGE_BAD;
        uint64_t n = to < size ? to : size;
        *out = (Range){size - n, n};
        return RANGE_OK;
    }
    if (to < from)
        return RANGE_NONE;
    if (from >= size)
        return RANGE_BAD;
    if (to >= size)
        to = size - 1;
    *out = (Range){from, to - from + 1};
    return RANGE_OK;
}

bool range_prepare(HttpExchange *x, uint64_t size, Str etag, Range *out)
{
    Str header = http_header(&x->req, "Range");
    Str condition = http_header(&x->req, "If-Range");
    if (condition.ptr && !(etag.len && str_eq(condition, etag)))
        header = (Str){NULL, 0};
    http_resp_header(x, "Accept-Ranges", STR("bytes"));
    Range r = {0, size};
    switch (range_parse(header, size, &r)) {
    case RANGE_BAD: {
        Err err = ERR_INIT;
        err_set(&err, ERR_RANGE, "the range lies outside the %llu bytes there are",
                (unsigned long long)size);
        http_resp_header(x, "Content-Range",
                         arena_printf(x->req.arena, "bytes */%llu", (unsigned long long)size));
        http_reply_error(x, &err);
        return false;
    }
    case RANGE_OK:
        x->resp.status = 206;
        http_resp_header(x, "Content-Range",
                         arena_printf(x->req.arena, "bytes %llu-%llu/%llu",
                                      (unsigned long long)r.start,
                                      (unsigned long long)(r.start + r.length - 1),
                                      (unsigned long long)size));
        break;
    case RANGE_NONE:
        r = (Range){0, size};
        x->resp.status = 200;
        break;
    }
    *out = r;
    return true;
}
