/* room.c - when all places are taken: whose connection makes way for somebody new. */
#include "net/conn.h"

/* Who has so many more than the one who comes is the reason that there is no place. */
#define MANY_MORE 8
#define LOOKED_AT 64 /* of each list, the oldest first */

static bool give_way(Server *s, LoopTimers *list, unsigned own)
{
    LoopTimer *t = list->head.next;
    for (int i = 0; i < LOOKED_AT && t != &list->head; i++, t = t->next) {
        Conn *c = (Conn *)((char *)t - offsetof(Conn, timer));
        if (*server_address_place(s, c->address) > own + MANY_MORE) {
            server_limit_met(s, "room");
            conn_close(c);
            return true;
        }
    }
    return false;
}

bool server_make_room(Server *s, uint64_t address)
{
    unsigned own = *server_address_place(s, address);
    return give_way(s, &s->t_head, own) || give_way(s, &s->t_idle, own);
}
