/* work_int.h - what work.c (threads, queues) and work_pick.c (whose job is next) share. */
#ifndef SOTTO_BASE_WORK_INT_H
#define SOTTO_BASE_WORK_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/fair.h"
#include "base/metrics.h"
#include "base/work.h"

#define WORK_FLOODS 1 /* the key of Work.floods */

typedef struct Job Job;
struct Job {
    Job *next;
    WorkFn run, drop;
    void *arg;
    WorkLimit limit;
    FairPlace *address, *connection; /* on whose account it is; NULL: the program itself */
    bool known;
};

typedef struct {
    Job *first, **end; /* end: where the next one is linked */
    size_t count;
} Queue;

typedef struct {
    Work *pool;
    unsigned index;
    bool bulk, running; /* running: the thread is to be joined */
    bool hung;          /* its job has passed its limit: another thread does its part */
    bool ended;         /* was hung, and its thread has ended after all */
    uint64_t since_ns;  /* of the job; 0: none */
    int cls;
    WorkLimit limit;    /* of the job */
    FairPlace *address, *connection; /* of the job, on whose account it still is */
    bool floods;        /* the job was taken as one of a flood's */
    pthread_t thread;
} Worker;

struct Work {
    pthread_mutex_t lock; /* guards everything but `pressed` and what never changes */
    pthread_cond_t wake, wake_bulk;
    atomic_uint signalling; /* calls that have queued a job and are about to wake a worker */
    Queue queues[WORK_CLASSES];
    size_t queue_max;
    uint64_t pay_ns;              /* of the last look for a job: who is held back owes so much */
    unsigned threads, bulk, busy; /* busy: of those that are not bulk */
    unsigned normal;              /* of the busy: those with a NORMAL job */
    unsigned hung, unreplaced;
    bool stopping;
    Metric *hung_total, *refused_total;
    Fair floods; /* of one key: what all together have used that flood the queue */
    unsigned flooding;  /* of the busy: those with a flood's job */
    uint64_t calm_ms;   /* when somebody who does not press wanted something */
    Fair addresses, connections; /* who has used how much of the workers */
    /* INTERACTIVE jobs that wait, and with bulk threads those that run too; to be read without the
     * lock. */
    atomic_size_t pressed;
    Worker workers[];
};

/* All with the lock held. Where the job of the least served is linked, NULL when none may run now;
 * *floods: it is one of a flood's. */
Job **work_least_served(Work *w, Queue *q, bool bulk, bool *floods);
/* Whether one more of the address's would leave too little of the queue to the others. */
bool work_has_too_many(Work *w, const Queue *q, FairPlace *p, uint64_t now_ms);

#endif
