/* remote.h - the running server, asked over its socket. One connection a lane, kept open.
 * Threads: each lane belongs to one thread at a time. */
#ifndef SOTTO_APP_REMOTE_H
#define SOTTO_APP_REMOTE_H

#include "base/str.h"

typedef struct Remote Remote;

Remote *remote_new(Str url, unsigned lanes, Err *err);
void remote_free(Remote *r); /* NULL is allowed */
const char *remote_url(const Remote *r);
/* *status and *body are set when an answer came. ERR_UNAVAILABLE: none did. */
bool remote_send(Remote *r, unsigned lane, const char *method, Str target, const char *content_type,
                 Str body, int *status, Buf *answer, Err *err);

#endif
