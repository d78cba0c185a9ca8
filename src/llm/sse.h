/* sse.h - server-sent events out of bytes as they come.
 *
 *   bytes -> lines (LF, CR or CRLF) -> "event:" and "data:" fields -> an event at every empty line
 *
 * Lines may be cut anywhere between two feeds. A leading byte order mark, comments (": ping"), ids,
 * retry times and unknown fields are skipped. At the end an event whose lines are complete counts
 * though its empty line is missing; half a line does not.
 *
 * Source: HTML Standard, section 9.2.6 (interpreting an event stream).
 * Threads: an Sse has one owner at a time. */
#ifndef SOTTO_LLM_SSE_H
#define SOTTO_LLM_SSE_H

#include "base/str.h"

/* False stops the reading: sse_feed returns false with what was put into *err. */
typedef bool SseFn(void *arg, Str event, Str data, Err *err);

typedef struct {
    SseFn *fn;
    void *arg;
    Buf line, event, data;
    bool has_data, after_cr, begun;
} Sse;

/* `max`: bytes of a line, and of one event's data. */
void sse_init(Sse *s, size_t max, SseFn *fn, void *arg);
/* ERR_TOO_LARGE for a line or an event past the limit, ERR_NO_MEMORY, or what fn said. */
bool sse_feed(Sse *s, Str piece, Err *err);
bool sse_end(Sse *s, Err *err);
void sse_release(Sse *s);

#endif
