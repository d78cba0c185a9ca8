/* give_up.c - the answer to a request whose handler hangs. It needs no memory: what is to be given
 * up stands in a list of the server, and a connection that cannot be answered is closed. */
#include "net/conn.h"

/* Puts an exchange of our own in the place of the one that is never answered. */
static void take_place(Conn *c, HttpExchange **place, const char *why)
{
    HttpExchange *old = *place;
    struct ExchangePriv *p = old->priv;
    HttpExchange *x = p->is_stream ? NULL : server_exchange_new(c->server, c);
    if (!x) {
        conn_close(c);
        return;
    }
    x->req.id = arena_str(x->req.arena, old->req.id);
    x->req.path = arena_str(x->req.arena, old->req.path);
    x->req.method = arena_str(x->req.arena, old->req.method);
    x->route = old->route;
    x->started_ns = old->started_ns;
    x->format_error = old->format_error;
    x->format_error_arg = old->format_error_arg;
    x->priv->stream = p->stream;
    p->conn = NULL;
    p->stream = NULL;
    *place = x;
    exchange_cancel(old);
    server_refuse(x, 503, why);
}

static void give_up(Server *s, const struct GivenUpOne *one)
{
    HttpExchange **place = NULL;
    for (Conn *c = s->conns; c && !place; c = c->next) {
        place = c->proto->held ? c->proto->held(c, one->serial) : NULL;
        if (place)
            take_place(c, place, one->why);
    }
}

static void on_give_up(LoopPost *post)
{
    struct GivenUp *g = (struct GivenUp *)post;
    Server *s = (Server *)((char *)g - offsetof(Server, given_up));
    pthread_mutex_lock(&g->lock);
    g->posted = false;
    while (g->n) {
        struct GivenUpOne one = g->list[--g->n];
        pthread_mutex_unlock(&g->lock);
        give_up(s, &one);
        pthread_mutex_lock(&g->lock);
    }
    pthread_mutex_unlock(&g->lock);
}

void server_give_up(Server *s, uint64_t serial, const char *why)
{
    struct GivenUp *g = &s->given_up;
    pthread_mutex_lock(&g->lock);
    if (g->n < GIVEN_UP_MAX) /* as many come only to a loop that hangs itself, and ends so */
        g->list[g->n++] = (struct GivenUpOne){serial, why};
    if (!g->posted && !atomic_load(&s->ended)) {
        g->post.fn = on_give_up;
        g->posted = loop_post(s->loop, &g->post);
    }
    pthread_mutex_unlock(&g->lock);
}
