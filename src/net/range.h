/* range.h - the Range header, one range of bytes.
 *
 *   "bytes=0-99" first hundred, "bytes=100-" from there, "bytes=-50" the last fifty
 *
 * Several ranges, another unit or a malformed value mean that the header is ignored and the whole
 * body is sent (RFC 9110 section 14.2 allows it); a range behind the end is 416. Threads: pure. */
#ifndef SOTTO_NET_RANGE_H
#define SOTTO_NET_RANGE_H

#include "net/http.h"

typedef enum { RANGE_NONE, RANGE_OK, RANGE_BAD } RangeResult;

typedef struct {
    uint64_t start, length; /* length is at least 1 */
} Range;

RangeResult range_parse(Str header, uint64_t size, Range *out);
/* Reads Range (and If-Range, which must equal `etag` when both are there) of x's request and sets
 * status and headers of the answer: 200 with all, 206 with Content-Range, or false after a 416 has
 * been replied. Adds Accept-Ranges. */
bool range_prepare(HttpExchange *x, uint64_t size, Str etag, Range *out);

#endif
