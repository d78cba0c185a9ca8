#include "api/batch.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"

#define SEARCHED 16 /* of those that wait, for one of the same address */
#define LATER_MS 2
#define LOOKUPS 0x6c6f6f6b75707300u /* an address's look-ups, as a connection among its others */

typedef struct Batch Batch;
struct Batch {
    Batches *all;
    Batch *prev, *next;     /* of those that wait; then of those handed over */
    WorkFrom from;
    Uuid owner;
    uint64_t id, handed_ns;
    unsigned n;
    atomic_uint taken;      /* items that somebody has begun; n or more: none is left */
    BatchItem items[BATCH_MAX];
};

struct Batches {
    BatchOptions o;
    Server *server;
    Batch *waiting;         /* the loop's own; the newest first */
    uint64_t last_id;
    bool will_look;         /* batches_flush comes again in LATER_MS */
    pthread_mutex_t lock;   /* guards the rest */
    Batch *running;         /* handed over and not done */
    Batch *spare;           /* one to use again */
};

Batches *batches_new(const BatchOptions *o, Err *err)
{
    Batches *b = mem_zalloc(sizeof *b);
    if (!b) {
        err_set(err, ERR_NO_MEMORY, "no memory for requests");
        return NULL;
    }
    b->o = *o;
    pthread_mutex_init(&b->lock, NULL);
    return b;
}

void batches_set_server(Batches *b, Server *server)
{
    b->server = server;
}

void batches_free(Batches *b)
{
    if (!b)
        return;
    mem_free(b->spare);
    pthread_mutex_destroy(&b->lock);
    mem_free(b);
}

static Batch *batch_new(Batches *all)
{
    pthread_mutex_lock(&all->lock);
    Batch *b = all->spare;
    all->spare = NULL;
    pthread_mutex_unlock(&all->lock);
    if (!b)
        b = mem_alloc(sizeof *b);
    if (!b)
        return NULL;
    b->all = all;
    b->n = 0;
    atomic_init(&b->taken, 0);
    return b;
}

static void link_running(Batch *b)
{
    Batches *all = b->all;
    pthread_mutex_lock(&all->lock);
    b->prev = NULL;
    b->next = all->running;
    if (b->next)
        b->next->prev = b;
    all->running = b;
    pthread_mutex_unlock(&all->lock);
}

static void unlink_running(Batch *b)
{
    Batches *all = b->all;
    pthread_mutex_lock(&all->lock);
    *(b->prev ? &b->prev->next : &all->running) = b->next;
    if (b->next)
        b->next->prev = b->prev;
    pthread_mutex_unlock(&all->lock);
}

static void batch_free(Batch *b)
{
    Batches *all = b->all;
    pthread_mutex_lock(&all->lock);
    Batch *extra = all->spare ? b : NULL;
    if (!extra)
        all->spare = b;
    pthread_mutex_unlock(&all->lock);
    mem_free(extra);
}

/* An item as a job of its own. */
static void submit_one(Batches *all, const WorkFrom *from, const BatchItem *item)
{
    Err err = ERR_INIT;
    WorkLimit limit = {all->o.limit_ms, "look-up", all->o.late, all->o.arg, item->id};
    if (!work_submit_from(all->o.work, WORK_INTERACTIVE, item->run, item->drop, item->arg, &limit,
                          from, &err))
        all->o.refuse(item->arg, &err);
}

static void batch_run(void *arg, unsigned worker)
{
    Batch *b = arg;
    Batches *all = b->all;
    uint64_t start = clock_mono_ns();
    unsigned i;
    server_cork(all->server);
    if (all->o.store)
        store_read_hold(all->o.store);
    while ((i = atomic_fetch_add(&b->taken, 1)) < b->n) {
        b->items[i].run(b->items[i].arg, worker);
        if (i + 1 < b->n && clock_mono_ns() - start > BATCH_NS)
            break;
    }
    if (all->o.store)
        store_read_release(all->o.store);
    unlink_running(b); /* before the loop wakes, which then hands over the next */
    for (i = atomic_exchange(&b->taken, BATCH_MAX); i < b->n; i++)
        submit_one(all, &b->from, &b->items[i]);
    server_uncork(all->server);
    batch_free(b);
}

static void batch_drop(void *arg, unsigned worker)
{
    Batch *b = arg;
    for (unsigned i = 0; i < b->n; i++)
        b->items[i].drop(b->items[i].arg, worker);
    unlink_running(b);
    batch_free(b);
}

/* The batch hangs, in the item that was begun last: those behind it go to other workers. Those
 * before it have been answered, which the loop may not know yet. */
static void batch_late(void *arg, uint64_t id)
{
    Batches *all = arg;
    BatchItem items[BATCH_MAX];
    WorkFrom from;
    unsigned n = 0, begun = 0;
    pthread_mutex_lock(&all->lock);
    Batch *b = all->running;
    while (b && b->id != id)
        b = b->next;
    if (b) {
        n = b->n;
        from = b->from;
        memcpy(items, b->items, n * sizeof *items);
        begun = atomic_exchange(&b->taken, BATCH_MAX);
    }
    pthread_mutex_unlock(&all->lock);
    for (unsigned i = 0; i < n; i++) {
        if (i < begun)
            all->o.late(all->o.arg, items[i].id);
        else
            submit_one(all, &from, &items[i]);
    }
}

static void hand_over(Batch *b)
{
    Err err = ERR_INIT;
    Batches *all = b->all;
    b->id = ++all->last_id;
    b->handed_ns = clock_mono_ns();
    link_running(b);
    WorkLimit limit = {all->o.limit_ms, "look-ups", batch_late, all, b->id};
    if (work_submit_from(all->o.work, WORK_INTERACTIVE, batch_run, batch_drop, b, &limit, &b->from,
                         &err))
        return;
    for (unsigned i = 0; i < b->n; i++)
        all->o.refuse(b->items[i].arg, &err);
    unlink_running(b);
    batch_free(b);
}

static bool takes(const Batch *b, const WorkFrom *from, const Uuid *owner)
{
    return b->n < BATCH_MAX && b->from.address == from->address && uuid_eq(&b->owner, owner);
}

bool batches_add(Batches *all, const WorkFrom *from, const Uuid *owner, const BatchItem *item,
                 Err *err)
{
    Batch *b = all->waiting;
    for (unsigned i = 0; b && !takes(b, from, owner); i++)
        b = i < SEARCHED ? b->next : NULL;
    if (!b) {
        b = batch_new(all);
        if (!b)
            return err_set(err, ERR_NO_MEMORY, "no memory for the request");
        b->from = (WorkFrom){from->address, from->address ^ LOOKUPS};
        b->owner = *owner;
        b->next = all->waiting;
        all->waiting = b;
    }
    b->items[b->n++] = *item;
    return true;
}

static void look_again(void *arg)
{
    ((Batches *)arg)->will_look = false; /* the iteration that this begins flushes */
}

/* Whether one like it was handed over a moment ago and is not done: then the loop will be woken at
 * once, and who asks meanwhile goes with the next. Not when the loop has ended. With the lock
 * held. */
static bool may_wait(const Batches *all, const Batch *b, uint64_t now)
{
    const Batch *r = b->n < BATCH_MAX && server_on_loop(all->server) ? all->running : NULL;
    for (unsigned i = 0; r && i < SEARCHED; i++, r = r->next)
        if (r->from.address == b->from.address && uuid_eq(&r->owner, &b->owner))
            return now - r->handed_ns < (uint64_t)LATER_MS * 1000000;
    return false;
}

void batches_flush(Batches *all)
{
    if (!all->waiting)
        return;
    Batch *go = NULL, *stay = NULL, *next;
    uint64_t now = clock_mono_ns();
    pthread_mutex_lock(&all->lock);
    for (Batch *b = all->waiting; b; b = next) {
        next = b->next;
        Batch **to = may_wait(all, b, now) ? &stay : &go;
        b->next = *to;
        *to = b;
    }
    pthread_mutex_unlock(&all->lock);
    all->waiting = stay;
    for (; go; go = next) {
        next = go->next;
        hand_over(go);
    }
    /* Whoever was refused may have sent the next request already; and the batch that is waited for
     * may take long. */
    if (all->waiting && !all->will_look)
        all->will_look = server_after(all->server, LATER_MS, look_again, all) ||
                         server_post(all->server, look_again, all);
}
