/* static.c - see static.h. */
#include "net/static.h"

#include <stdio.h>

#include "base/hash.h"
#include "net/range.h"

static Str without_weak(Str tag)
{
    tag = str_trim(tag);
    return str_starts(tag, STR("W/")) ? str_sub(tag, 2, tag.len) : tag;
}

bool http_etag_matches(Str if_none_match, Str etag)
{
    Str want = without_weak(etag), part;
    while (str_next(&if_none_match, ',', &part)) {
        part = without_weak(part);
        if (str_eq(part, STR("*")) || (part.len && str_eq(part, want)))
            return true;
    }
    return false;
}

void http_reply_static(HttpExchange *x, const StaticAsset *asset)
{
    char etag[24];
    snprintf(etag, sizeof etag, "\"%016llx\"",
             (unsigned long long)checksum64(0, asset->data.ptr, asset->data.len));
    http_resp_header(x, "ETag", str_of(etag));
    http_resp_header(x, "Cache-Control", asset->immutable
                                             ? STR("public, max-age=31536000, immutable")
                                             : STR("no-cache"));
    if (asset->csp)
        http_resp_header(x, "Content-Security-Policy", str_of(asset->csp));
    if (http_etag_matches(http_header(&x->req, "If-None-Match"), str_of(etag))) {
        http_reply_empty(x, 304);
        return;
    }
    Range r;
    if (!range_prepare(x, asset->data.len, str_of(etag), &r))
        return;
    x->resp.content_type = str_of(asset->content_type);
    x->resp.body_ref = str_sub(asset->data, (size_t)r.start, (size_t)(r.start + r.length));
    http_exchange_reply(x);
}
