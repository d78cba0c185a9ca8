/* remote.h - the running server, asked over its socket.
 * Threads: safe; a Remote does not change. */
#ifndef SOTTO_APP_REMOTE_H
#define SOTTO_APP_REMOTE_H

#include "base/str.h"

typedef struct Remote Remote;

/* `key`: the token to send, empty: none. */
Remote *remote_new(Str url, Str key, Err *err);
void remote_free(Remote *r); /* NULL is allowed */
const char *remote_url(const Remote *r);
/* *status and *answer are set when an answer came, whatever its status. ERR_UNAVAILABLE: none did.
 */
bool remote_send(const Remote *r, const char *method, Str target, const char *content_type,
                 Str body, int *status, Buf *answer, Err *err);
/* POSTs a body (content_type NULL: JSON); the body of a 200 goes to on_data in pieces, of any other
 * status into *answer. Either function says false: ERR_CANCELLED. `wanted` is asked ten times a
 * second. */
bool remote_stream(const Remote *r, Str target, const char *content_type, Str body,
                   bool (*on_data)(void *arg, Str piece), bool (*wanted)(void *arg), void *arg,
                   int *status, Buf *answer, Err *err);

#endif
