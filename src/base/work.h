/* work.h - a pool of threads that runs jobs from a priority queue.
 *
 * What a person waits for runs before what can wait: classes in order are INTERACTIVE (a query, a
 * voice command), NORMAL (one upload, a change), BULK (a folder being read). Within a class comes
 * first, in this order (work_pick.c, base/fair.h):
 *
 *   who has signed in before strangers, and who asks now and then before who presses, which is to
 *     have had something waiting for most of the time lately: one step back for either
 *   the least of what its address has used of the processors (as often as the address has jobs
 *     waiting, nine times at most) times what its connection has
 *   who came first
 *
 * A connection is known by what it did; for one that is new its address answers. While more than
 * one address asks, none holds all workers (more than half, when it has lately kept one busy), nor
 * more jobs in a queue than three times what is free there (a quarter of it, when it presses): past
 * it ERR_RATE_LIMITED. Those that flood the queue get a part of the processors and of the workers
 * together and no more, so that the others find one free: addresses with more than WORK_FLOOD_JOBS
 * waiting, and all who press, when they have as many waiting together and somebody asks who does
 * not.
 *
 * NORMAL jobs never hold all workers, so a query does not wait for uploads that hang. BULK jobs
 * never occupy the last free worker when there are two or more, so a query never waits for a
 * folder; in a pool with bulk threads they run on those alone, at the operating system's lowest
 * priority, so that they fill every processor and give way at once. A class's queue is bounded:
 * submitting past it is ERR_UNAVAILABLE, which clients see as 503 with Retry-After.
 *
 * A job is a function and an argument. It runs exactly once, or its `drop` runs exactly once
 * (when the pool stops before its turn).
 *
 * A job may have a limit. Whoever calls work_watch now and then sees those that passed it: such a
 * job hangs, its worker counts no more, and a new thread with a number of its own takes its place;
 * should the job end after all, its thread ends with it. WORK_SPARES may hang at once.
 *
 * Threads: every call is safe from any thread. */
#ifndef SOTTO_BASE_WORK_H
#define SOTTO_BASE_WORK_H

#include "base/str.h"

typedef enum { WORK_INTERACTIVE, WORK_NORMAL, WORK_BULK, WORK_CLASSES } WorkClass;

typedef struct Work Work;
typedef void (*WorkFn)(void *arg, unsigned worker); /* worker: 0 .. work_numbers()-1 */

/* Of a job that may not take for ever. */
typedef struct {
    uint32_t limit_ms; /* from when it began to run; 0: none */
    const char *name;  /* for the log and the metric jobs_hung_total; a constant */
    /* Called once, by work_watch, when the limit has passed; the job may end at the same moment, so
     * it gets a number and not the job. May be NULL. */
    void (*late)(void *arg, uint64_t id);
    void *arg;
    uint64_t id;
} WorkLimit;

/* Who a job is for: numbers of base/fair.h; 0: the program itself. */
typedef struct {
    uint64_t address; /* and person */
    uint64_t connection;
    uint64_t since_ms; /* when the connection was opened, by the monotonic clock; 0: just now */
    bool known; /* has signed in, or has a token: goes before strangers */
} WorkFrom;

#define WORK_THREADS_MAX 1024
#define WORK_QUEUE_MAX 1024 /* jobs of a class that wait in the server's pool */
#define WORK_FLOOD_JOBS 8 /* no person has so many waiting */
#define WORK_SPARES 4 /* numbers for threads that replace hung ones */

/* 1 to WORK_THREADS_MAX threads, with every signal blocked; each class queues up to queue_max. */
Work *work_new(unsigned threads, size_t queue_max, Err *err);
/* As work_new, with `bulk` more threads that take BULK jobs and nothing else; the others take none
 * then. Their numbers are the last ones, behind the spares'. */
Work *work_new_bulk(unsigned threads, unsigned bulk, size_t queue_max, Err *err);
/* How many thousandths of a processor those addresses together may use that have more than
 * WORK_FLOOD_JOBS waiting, while others want something: first 150 of each processor. Before the
 * first job. */
void work_flood_part(Work *w, unsigned thousandths);
/* Stops taking jobs, lets the running ones end, joins, and then drops the waiting ones in the
 * calling thread, with worker 0. NULL is allowed. Not from inside a job. */
void work_free(Work *w);
/* On failure the job is still the caller's: neither run nor drop is called. drop may be NULL. */
bool work_submit(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg, Err *err);
bool work_submit_limited(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg,
                         const WorkLimit *limit, Err *err);
/* As work_submit_limited, on somebody's account. ERR_RATE_LIMITED when too many of the address's
 * jobs wait while others want something, too. */
bool work_submit_from(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg,
                      const WorkLimit *limit, const WorkFrom *from, Err *err);
/* Somebody's request was refused before it became a job: it counts as a little work all the same,
 * so that a flood which is mostly refused is known for one. */
void work_refused(Work *w, const WorkFrom *from);
/* Deals with the jobs that have passed their limit; returns how many were found just now. */
unsigned work_watch(Work *w);
/* Said by a job that works on and is not stuck, however long it takes (an hour's recording): its
 * limit counts from now. On a thread that is no worker it does nothing. */
void work_alive(void);
/* Jobs that hang now, and those of them that could not be replaced because too many do. While any
 * hangs, work_free would wait for it: end the process instead. */
unsigned work_hung(Work *w, unsigned *unreplaced);
unsigned work_threads(const Work *w);      /* bulk ones not counted */
unsigned work_numbers(const Work *w);      /* threads, spares and bulk ones */
unsigned work_bulk_threads(const Work *w);
size_t work_queued(Work *w, WorkClass cls);
/* True when an INTERACTIVE job is waiting, or, in a pool with bulk threads, running: long jobs ask
 * between steps and may yield. */
bool work_pressed(Work *w);
const char *work_class_name(WorkClass cls);

#endif
