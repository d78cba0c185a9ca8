/* assets.h - the page's files, part of the program (tools/build_page makes assets_data.c).
 *
 *   GET /               index.html, or lite.html when the page was built without npm
 *   GET /assets/NAME    the file, compressed when the client takes it
 *
 * A file whose name holds a hash of its content never changes and is kept for ever; the others are
 * asked for again with their ETag. Threads: constant tables. */
#ifndef SOTTO_API_ASSETS_H
#define SOTTO_API_ASSETS_H

#include "base/str.h"

typedef struct {
    const char *name, *media_type, *hash; /* hash: of the content, hex */
    const unsigned char *data;
    size_t size;
    const unsigned char *brotli; /* NULL: not worth it */
    size_t brotli_size;
    const unsigned char *gzip; /* likewise */
    size_t gzip_size;
    bool immutable; /* its name says its content */
} Asset;

/* Made by the build. */
extern const Asset assets_table[];
extern const size_t assets_count;

const Asset *asset_find(Str name); /* NULL when there is none */

typedef enum { ASSET_PLAIN, ASSET_GZIP, ASSET_BROTLI } AssetCoding;
/* The best coding of the asset that an Accept-Encoding allows; ptr NULL: plain. RFC 9110, 12.5.3:
 * q=0 forbids, `*` is any that is not named. */
AssetCoding asset_coding(const Asset *asset, Str accept_encoding);

#endif
