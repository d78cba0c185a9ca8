/* endpoint.h - addresses and headers of an OpenAI-compatible server, for chat, speech and hearing.
 *
 *   "https://api.openai.com/v1" + "chat/completions" -> ".../v1/chat/completions"
 *
 * As for the official clients the base holds the version ("/v1"); a base without any path is given
 * it. A user name in it, a query or a fragment is refused: what is secret belongs into the key.
 *
 * Threads: pure functions. */
#ifndef SOTTO_LLM_ENDPOINT_H
#define SOTTO_LLM_ENDPOINT_H

#include "net/http.h"

/* ERR_VALIDATION when it is no http(s) address, or has more than host, port and path. */
bool endpoint_check(Str base, Err *err);
/* A NUL-terminated URL in the arena. `base` has been checked. */
const char *endpoint_url(Str base, const char *path, Arena *a, Err *err);
/* "Authorization: Bearer KEY" in the arena; false (and no error) when there is no key. */
bool endpoint_auth(const char *key, Arena *a, HttpHeader *out);
/* Host and port alone, for messages: "api.openai.com". Borrowed from base. */
Str endpoint_host(Str base);
/* What an answer that is not 2xx means: 401, 403 ERR_UNAVAILABLE with what to do about the key,
 * 404 the model or the path, 429 ERR_RATE_LIMITED, 5xx ERR_UNAVAILABLE. The message of an
 * OpenAI-shaped body is told, one line of it and without the key. Returns false. */
bool endpoint_failed(Str base, int status, Str body, const char *key, Err *err);
/* A message that repeats the key, or its beginning, loses what it says; its code stays. */
void endpoint_hide(const char *key, Err *err);
/* Seconds of a Retry-After header (a number, or an HTTP date as of now_ms); -1: none. */
double endpoint_retry_after(Str value, int64_t now_ms);

#endif
