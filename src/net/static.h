/* static.h - answers with bytes that live as long as the program: embedded pages, scripts, styles.
 *
 * The ETag is a hash of the content, so that a browser asks again for free and never shows an old
 * one. An asset whose name holds such a hash may be kept for ever. Threads: any; the bytes are
 * constant. */
#ifndef SOTTO_NET_STATIC_H
#define SOTTO_NET_STATIC_H

#include "net/http.h"

typedef struct {
    const char *path;         /* "/", "/app.js" */
    const char *content_type; /* "text/html; charset=utf-8" */
    const char *csp;          /* Content-Security-Policy, or NULL */
    Str data;
    bool immutable;           /* the path changes with the content: Cache-Control one year */
} StaticAsset;

/* 200, or 304 when If-None-Match has it; single ranges are honoured. Replies. */
void http_reply_static(HttpExchange *x, const StaticAsset *asset);
/* Whether an If-None-Match header holds that ETag (weak comparison, lists, "*"). */
bool http_etag_matches(Str if_none_match, Str etag);

#endif
