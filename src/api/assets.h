/* assets.h - the page's files, part of the program (cmake/assets.cmake makes assets_data.c). */
#ifndef SOTTO_API_ASSETS_H
#define SOTTO_API_ASSETS_H

#include "base/str.h"

typedef struct {
    const char *name, *media_type, *etag; /* etag: quoted, of the content */
    const unsigned char *data;
    size_t size;
} Asset;

/* Made by the build. */
extern const Asset assets_table[];
extern const size_t assets_count;

const Asset *asset_find(Str name); /* NULL when there is none */

#endif
