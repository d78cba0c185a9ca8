/* server_post.c - calls that others want made on the loop thread, at once or later. */
#include "base/mem.h"
#include "net/conn.h"

/* What this thread has answered and not told the loop yet: see server_cork. */
static _Thread_local struct {
    Server *server;
    LoopPost *first, *last;
} corked;

void server_post_node(Server *s, LoopPost *post)
{
    if (corked.server != s) {
        loop_post(s->loop, post); /* the loop outlives every exchange: server_free waits for them */
        return;
    }
    if (corked.last)
        corked.last->next = post;
    else
        corked.first = post;
    corked.last = post;
}

void server_cork(Server *s)
{
    corked.server = s;
}

void server_uncork(Server *s)
{
    if (corked.first)
        loop_post_all(s->loop, corked.first, corked.last);
    corked.server = NULL;
    corked.first = corked.last = NULL;
}

typedef struct {
    LoopPost post;
    LoopTimer timer;
    void (*fn)(void *arg);
    void *arg;
} Call;

static void on_call(LoopPost *post)
{
    Call *call = (Call *)post;
    call->fn(call->arg);
    mem_free(call);
}

bool server_post(Server *s, void (*fn)(void *arg), void *arg)
{
    if (atomic_load(&s->ended))
        return false;
    Call *call = mem_zalloc(sizeof *call);
    if (!call)
        return false;
    call->post.fn = on_call;
    call->fn = fn;
    call->arg = arg;
    if (loop_post(s->loop, &call->post))
        return true;
    mem_free(call);
    return false;
}

static void on_after(LoopTimer *t)
{
    Call *call = (Call *)((char *)t - offsetof(Call, timer));
    call->fn(call->arg);
    mem_free(call);
}

void server_drop_calls(Server *s)
{
    LoopTimer *t = s->t_misc.head.next, *next;
    for (; t && t != &s->t_misc.head; t = next) {
        next = t->next;
        if (t->fn == on_after)
            mem_free((char *)t - offsetof(Call, timer));
    }
}

bool server_after(Server *s, uint32_t delay_ms, void (*fn)(void *arg), void *arg)
{
    Call *call = mem_zalloc(sizeof *call);
    if (!call)
        return false;
    call->timer.fn = on_after;
    call->fn = fn;
    call->arg = arg;
    loop_timer_at(s->loop, &s->t_misc, &call->timer, delay_ms);
    return true;
}
