/* multipart.h - multipart/form-data bodies: file uploads and forms.
 *
 *   --B CRLF headers CRLF CRLF data CRLF --B CRLF ... CRLF --B--
 *
 * The body is whole in memory (the server's body limit has held); parts point into it, nothing is
 * copied but decoded names. Strict: CR LF only, every part has a name, the closing delimiter must
 * be there (a cut upload is never taken for a whole one). File names: the last path component,
 * valid UTF-8, no control characters; filename* (RFC 8187, UTF-8 only) wins over filename.
 *
 * Fuzz target: fuzz_multipart. Source: RFC 7578, RFC 2046 section 5.1, WHATWG HTML
 * "multipart/form-data encoding" (%22 for a quote). Threads: pure. */
#ifndef SOTTO_NET_MULTIPART_H
#define SOTTO_NET_MULTIPART_H

#include "base/arena.h"

typedef struct {
    Str name;
    Str filename;     /* {NULL,0} when the part is no file; may be empty */
    Str content_type; /* as sent; {NULL,0} when absent */
    Str data;         /* inside the body */
} MultipartPart;

typedef struct {
    MultipartPart *parts; /* in the arena */
    size_t count;
} Multipart;

typedef struct {
    size_t parts;        /* default 256 */
    size_t header_bytes; /* of one part; default 8192 */
    size_t name_bytes;   /* of a name or file name; default 1024 */
} MultipartLimits;

/* ERR_UNSUPPORTED_MEDIA when content_type is not multipart/form-data, ERR_VALIDATION for a fault
 * (which part and what), ERR_TOO_LARGE past a limit, ERR_NO_MEMORY. `limits` may be NULL. */
bool multipart_parse(Str body, Str content_type, const MultipartLimits *limits, Arena *arena,
                     Multipart *out, Err *err);
/* The first part of that name, NULL when absent. */
const MultipartPart *multipart_find(const Multipart *m, const char *name);

#endif
