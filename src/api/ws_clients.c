#include "api/ws_clients.h"

#include <string.h>

#include "base/mem.h"

void ws_clients_release(WsClients *t)
{
    mem_free(t->all);
    mem_free(t->where);
    *t = (WsClients){0};
}

WsClient *ws_client_find(const WsClients *t, WsId id)
{
    size_t slot = ws_slot(id), at = slot < t->slots ? t->where[slot] : 0;
    return at && t->all[at - 1].id == id ? &t->all[at - 1] : NULL;
}

static bool make_room(WsClients *t, size_t slot)
{
    if (t->n == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 16;
        WsClient *bigger = mem_resize(t->all, cap, sizeof *bigger);
        if (!bigger)
            return false;
        t->all = bigger;
        t->cap = cap;
    }
    if (slot >= t->slots) {
        size_t slots = t->slots ? t->slots : 64;
        while (slots <= slot)
            slots *= 2;
        uint32_t *wider = mem_resize(t->where, slots, sizeof *wider);
        if (!wider)
            return false;
        memset(wider + t->slots, 0, (slots - t->slots) * sizeof *wider);
        t->where = wider;
        t->slots = slots;
    }
    return true;
}

bool ws_client_add(WsClients *t, const WsClient *client)
{
    size_t slot = ws_slot(client->id);
    if (!make_room(t, slot))
        return false;
    t->all[t->n++] = *client;
    t->where[slot] = (uint32_t)t->n;
    return true;
}

void ws_client_subscribe(WsClients *t, WsClient *client, unsigned topics)
{
    for (unsigned k = 0; k < WS_TOPICS; k++) {
        t->wanted[k] += (topics >> k) & 1;
        t->wanted[k] -= (client->topics >> k) & 1;
    }
    client->topics = topics;
}

void ws_client_remove(WsClients *t, WsId id)
{
    WsClient *c = ws_client_find(t, id);
    if (!c)
        return;
    ws_client_subscribe(t, c, 0);
    t->where[ws_slot(id)] = 0;
    WsClient *last = &t->all[--t->n];
    if (last == c)
        return;
    *c = *last;
    t->where[ws_slot(c->id)] = (uint32_t)(c - t->all + 1);
}

bool ws_clients_want(const WsClients *t, unsigned topics)
{
    for (unsigned k = 0; k < WS_TOPICS; k++)
        if (((topics >> k) & 1) && t->wanted[k])
            return true;
    return false;
}
