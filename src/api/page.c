/* page.c - the page and its files. */
#include "api/assets.h"
#include "api/call.h"

/* Everything from here, nothing inline: what a document's text says can never run. frame-src is the
 * reader's, which shows an original PDF in a frame. */
static const char policy[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; media-src 'self' blob:; frame-src 'self'; worker-src 'self'; "
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

static const char *coding_text(AssetCoding coding)
{
    return coding == ASSET_BROTLI ? "br" : coding == ASSET_GZIP ? "gzip" : "";
}

static bool send_asset(ApiCall *c, const Asset *asset)
{
    AssetCoding coding = asset_coding(asset, http_header(&c->x->req, "Accept-Encoding"));
    Str etag = arena_printf(c->arena, "\"%s%s%s\"", asset->hash, coding ? "-" : "",
                            coding_text(coding));
    http_resp_header(c->x, "Content-Security-Policy", str_of(policy));
    http_resp_header(c->x, "Cross-Origin-Opener-Policy", STR("same-origin"));
    http_resp_header(c->x, "Permissions-Policy",
                     STR("camera=(), geolocation=(), microphone=(self)"));
    http_resp_header(c->x, "Cache-Control",
                     asset->immutable ? STR("public, max-age=31536000, immutable")
                                      : STR("no-cache"));
    http_resp_header(c->x, "ETag", etag);
    if (asset->brotli || asset->gzip)
        http_resp_header(c->x, "Vary", STR("Accept-Encoding"));
    if (strcmp(asset->name, "sw.js") == 0) /* it lies below /assets/ and serves the whole page */
        http_resp_header(c->x, "Service-Worker-Allowed", STR("/"));
    Str known = http_header(&c->x->req, "If-None-Match");
    if (known.ptr && str_eq(known, etag)) {
        c->x->resp.status = 304;
        return true;
    }
    if (coding != ASSET_PLAIN)
        http_resp_header(c->x, "Content-Encoding", str_of(coding_text(coding)));
    const unsigned char *data = coding == ASSET_BROTLI ? asset->brotli
                                : coding == ASSET_GZIP ? asset->gzip
                                                       : asset->data;
    size_t size = coding == ASSET_BROTLI ? asset->brotli_size
                  : coding == ASSET_GZIP ? asset->gzip_size
                                         : asset->size;
    return call_text(c, 200, asset->media_type, str_mem((const char *)data, size));
}

bool page_index(ApiCall *c, Err *err)
{
    const Asset *asset = asset_find(STR("index.html"));
    if (!asset)
        asset = asset_find(STR("lite.html"));
    return asset ? send_asset(c, asset) : err_set(err, ERR_NOT_FOUND, "this build has no page");
}

bool page_asset(ApiCall *c, Err *err)
{
    const Asset *asset = asset_find(route_param(&c->match, "name"));
    return asset ? send_asset(c, asset) : err_set(err, ERR_NOT_FOUND, "there is no such asset");
}
