/* ws_clients.h - the open WebSocket clients, found by their id: one array, and where in it each
 * slot of the server's stands.
 *
 * Threads: the caller's lock. */
#ifndef SOTTO_API_WS_CLIENTS_H
#define SOTTO_API_WS_CLIENTS_H

#include "api/access.h"
#include "base/work.h"
#include "net/websocket.h"

#define WS_TOPICS 5

typedef struct {
    WsId id;
    unsigned topics;
    unsigned queries;
    bool closing;  /* the server stops: it is closed when its queries are answered */
    unsigned turn; /* raised by Cancel: queries of before are over */
    WorkFrom from; /* on whose account its queries run */
    Caller caller; /* whose it is; it hears of that person's things only */
} WsClient;

typedef struct {
    WsClient *all;
    size_t n, cap;
    uint32_t *where; /* [slots]: by ws_slot, the place in `all` and 1; 0: none */
    size_t slots;
    size_t wanted[WS_TOPICS]; /* by how many */
} WsClients;

void ws_clients_release(WsClients *t);
WsClient *ws_client_find(const WsClients *t, WsId id); /* NULL: it has closed */
bool ws_client_add(WsClients *t, const WsClient *client); /* false: no memory */
void ws_client_remove(WsClients *t, WsId id);
void ws_client_subscribe(WsClients *t, WsClient *client, unsigned topics);
bool ws_clients_want(const WsClients *t, unsigned topics); /* any of them, anybody */

#endif
