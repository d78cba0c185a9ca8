/* batch.h - small look-ups that a worker gets together.
 *
 *   loop: a request -> batches_add -> waits with others of the same address and person
 *   loop, at the end of the iteration: batches_flush -> one job for up to BATCH_MAX of them
 *   worker: one read of the store, one after the other, one wake-up of the loop
 *
 * A look-up costs some microseconds; handing it to another thread and back costs more than that, in
 * the kernel. What came in one iteration of the loop is therefore handed over as one job, on the
 * account of those who asked: a batch holds one address's requests for one person's rows, and among
 * that address's connections its look-ups together count as one connection.
 *
 * While a batch of somebody's is on its way, their next look-ups wait for it, two milliseconds at
 * most: the busier the server, the more go together.
 *
 * A batch that has run for BATCH_NS puts what is left back as jobs of their own, so that a long
 * answer holds up nobody; so does work_watch with a batch that hangs.
 *
 * Threads: batches_add and batches_flush belong to the loop; the rest is the workers'. */
#ifndef SOTTO_API_BATCH_H
#define SOTTO_API_BATCH_H

#include "base/uuid.h"
#include "base/work.h"
#include "net/server.h"
#include "store/store.h"

#define BATCH_MAX 32
#define BATCH_NS 1000000u

typedef struct Batches Batches;

/* One request: run or drop is called once, as by work_submit; `id` is what `late` gets of it. */
typedef struct {
    WorkFn run, drop;
    void *arg;
    uint64_t id;
} BatchItem;

typedef struct {
    Work *work;
    Store *store;      /* NULL: nothing is read */
    uint32_t limit_ms; /* as WorkLimit has it; 0: none */
    void (*refuse)(void *item_arg, const Err *err); /* no worker takes it; in place of run */
    void (*late)(void *arg, uint64_t id);           /* it hangs, or has waited for one that does */
    void *arg;                                      /* of late */
} BatchOptions;

Batches *batches_new(const BatchOptions *o, Err *err);
void batches_set_server(Batches *b, Server *server); /* before the first batches_add */
void batches_free(Batches *b); /* after work_free; NULL is allowed */
/* False without memory: the item is still the caller's. */
bool batches_add(Batches *b, const WorkFrom *from, const Uuid *owner, const BatchItem *item,
                 Err *err);
void batches_flush(Batches *b);

#endif
