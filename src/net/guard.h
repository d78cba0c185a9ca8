/* guard.h - who may speak to us through a browser: the Host allow-list against DNS rebinding, and
 * the Origin check against cross-site requests and WebSocket handshakes.
 *
 * Host: 127.0.0.1, localhost, [::1] and the listening address, each with the server's port (the
 * port may be absent only when it is the scheme's default); and configured names: "name" with any
 * port, "name:port" with that one. Anything else is a name somebody else controls.
 *
 * Origin: asked of every method but GET, HEAD and OPTIONS, and of the WebSocket handshake. Absent
 * is allowed (programs that are no browser); "null" is not; else it must be the same origin as Host
 * or be configured. Sec-Fetch-Site: cross-site is refused unless the Origin is configured.
 *
 * Threads: immutable once made. */
#ifndef SOTTO_NET_GUARD_H
#define SOTTO_NET_GUARD_H

#include "net/http.h"

typedef struct Guard Guard;

/* ERR_VALIDATION for an entry that is no host or origin. `listen_host` may be a literal or NULL. */
Guard *guard_new(const char *listen_host, uint16_t port, bool is_tls,
                 const char *const *hosts, size_t host_count,
                 const char *const *origins, size_t origin_count, Err *err);
void guard_free(Guard *g);

bool guard_host_ok(const Guard *g, Str host);
/* ERR_FORBIDDEN with the reason. */
bool guard_check(const Guard *g, const HttpRequest *req, bool is_websocket, Err *err);

#endif
