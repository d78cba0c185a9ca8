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
    uint64_t last_id;
    bool will_look;         /* the loop's: batches_flush comes again in LATER_MS */
    pthread_mutex_t lock;   /* guards the rest */
    Batch *waiting;         /* the newest first */
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

/* With the lock held, as the next three. */
static Batch *batch_new(Batches *all)
{
    Batch *b = all->spare ? all->spare : mem_alloc(sizeof *b);
    all->spare = NULL;
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
    b->handed_ns = clock_mono_ns();
    b->prev = NULL;
    b->next = all->running;
    if (b->next)
        b->next->prev = b;
    all->running = b;
}

static void unlink_running(Batch *b)
{
    Batches *all = b->all;
    *(b->prev ? &b->prev->next : &all->running) = b->next;
    if (b->next)
        b->next->prev = b->prev;
}

static bool is_of(const Batch *b, const WorkFrom *from, const Uuid *owner)
{
    return b->from.address == from->address && uuid_eq(&b->owner, owner);
}

/* The batch has been dealt with. */
static void batch_end(Batch *b)
{
    Batches *all = b->all;
    pthread_mutex_lock(&all->lock);
    unlink_running(b);
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

/* In place of `b`, of which all is done, one of the same asker's that waits for it: NULL when there
 * is none. It takes over what the pool of workers knows of the job. */
static Batch *batch_after(Batch *b)
{
    Batches *all = b->all;
    pthread_mutex_lock(&all->lock);
    Batch **at = &all->waiting;
    while (*at && !is_of(*at, &b->from, &b->owner))
        at = &(*at)->next;
    Batch *after = *at;
    if (after) {
        *at = after->next;
        after->id = b->id;
        link_running(after);
    }
    pthread_mutex_unlock(&all->lock);
    batch_end(b);
    return after;
}

/* Answers what is in the batch until time is up. The snapshot is as old as the batch's begin, which
 * none of the requests is older than. */
static void run_items(Batch *b, unsigned worker, uint64_t start)
{
    Batches *all = b->all;
    unsigned i;
    if (all->o.store)
        store_read_hold(all->o.store);
    while ((i = atomic_fetch_add(&b->taken, 1)) < b->n) {
        b->items[i].run(b->items[i].arg, worker);
        if (i + 1 < b->n && clock_mono_ns() - start > BATCH_NS)
            break;
    }
    if (all->o.store)
        store_read_release(all->o.store);
    for (i = atomic_exchange(&b->taken, BATCH_MAX); i < b->n; i++)
        submit_one(all, &b->from, &b->items[i]);
}

static void batch_run(void *arg, unsigned worker)
{
    uint64_t start = clock_mono_ns();
    for (Batch *b = arg; b;) {
        Server *server = b->all->server;
        server_cork(server);
        run_items(b, worker, start);
        if (clock_mono_ns() - start < BATCH_NS) {
            b = batch_after(b);
        } else {
            batch_end(b); /* before the loop wakes, which then hands over the next */
            b = NULL;
        }
        server_uncork(server);
    }
}

static void batch_drop(void *arg, unsigned worker)
{
    Batch *b = arg;
    for (unsigned i = 0; i < b->n; i++)
        b->items[i].drop(b->items[i].arg, worker);
    batch_end(b);
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
    pthread_mutex_lock(&all->lock);
    b->id = ++all->last_id;
    link_running(b);
    pthread_mutex_unlock(&all->lock);
    WorkLimit limit = {all->o.limit_ms, "look-ups", batch_late, all, b->id};
    if (work_submit_from(all->o.work, WORK_INTERACTIVE, batch_run, batch_drop, b, &limit, &b->from,
                         &err))
        return;
    for (unsigned i = 0; i < b->n; i++)
        all->o.refuse(b->items[i].arg, &err);
    batch_end(b);
}

bool batches_add(Batches *all, const WorkFrom *from, const Uuid *owner, const BatchItem *item,
                 Err *err)
{
    pthread_mutex_lock(&all->lock);
    Batch *b = all->waiting;
    for (unsigned i = 0; b && !(b->n < BATCH_MAX && is_of(b, from, owner)); i++)
        b = i < SEARCHED ? b->next : NULL;
    if (!b && (b = batch_new(all))) {
        b->from = *from;
        b->from.connection = from->address ^ LOOKUPS;
        b->owner = *owner;
        b->next = all->waiting;
        all->waiting = b;
    }
    if (b)
        b->items[b->n++] = *item;
    pthread_mutex_unlock(&all->lock);
    return b || err_set(err, ERR_NO_MEMORY, "no memory for the request");
}

static void look_again(void *arg)
{
    ((Batches *)arg)->will_look = false; /* the iteration that this begins flushes */
}

/* Whether one like it was handed over a moment ago and is not done: then the worker that has it
 * takes this one next, or wakes the loop. Not when the loop has ended. With the lock held. */
static bool may_wait(const Batches *all, const Batch *b, uint64_t now)
{
    const Batch *r = b->n < BATCH_MAX && server_on_loop(all->server) ? all->running : NULL;
    for (unsigned i = 0; r && i < SEARCHED; i++, r = r->next)
        if (is_of(r, &b->from, &b->owner))
            return now - r->handed_ns < (uint64_t)LATER_MS * 1000000;
    return false;
}

/* What is to be handed over, linked by `next`; the rest stays. */
static Batch *take_ready(Batches *all)
{
    Batch *go = NULL, *stay = NULL, *next;
    pthread_mutex_lock(&all->lock);
    uint64_t now = all->waiting ? clock_mono_ns() : 0;
    for (Batch *b = all->waiting; b; b = next) {
        next = b->next;
        Batch **to = may_wait(all, b, now) ? &stay : &go;
        b->next = *to;
        *to = b;
    }
    all->waiting = stay;
    pthread_mutex_unlock(&all->lock);
    return go;
}

void batches_flush(Batches *all)
{
    for (Batch *go = take_ready(all), *next; go; go = next) {
        next = go->next;
        hand_over(go);
    }
    pthread_mutex_lock(&all->lock);
    bool rest = all->waiting != NULL;
    pthread_mutex_unlock(&all->lock);
    /* The batch that is waited for may take long; and whoever was refused just now may have sent
     * the next request already. */
    if (rest && !all->will_look)
        all->will_look = server_after(all->server, LATER_MS, look_again, all) ||
                         server_post(all->server, look_again, all);
}
