/* work.h - a pool of threads that runs jobs from a priority queue.
 *
 * What a person waits for runs before what can wait: classes in order are INTERACTIVE (a query, a
 * voice command), NORMAL (one upload, a change), BULK (a folder being read). Within a class, first
 * come first served. BULK jobs never occupy the last free worker when there are two or more, and
 * NORMAL jobs never all of them, so a query waits neither for a folder nor for uploads that hang. A
 * class's queue is bounded: submitting past it is ERR_UNAVAILABLE, which clients see as 503 with
 * Retry-After.
 *
 * A job is a function and an argument. It runs exactly once, or its `drop` runs exactly once
 * (when the pool stops before its turn). Threads: every call is safe from any thread. */
#ifndef SOTTO_BASE_WORK_H
#define SOTTO_BASE_WORK_H

#include "base/str.h"

typedef enum { WORK_INTERACTIVE, WORK_NORMAL, WORK_BULK, WORK_CLASSES } WorkClass;

typedef struct Work Work;
typedef void (*WorkFn)(void *arg, unsigned worker); /* worker: 0 .. work_threads()-1 */

#define WORK_THREADS_MAX 1024

/* 1 to WORK_THREADS_MAX threads, with every signal blocked; each class queues up to queue_max. */
Work *work_new(unsigned threads, size_t queue_max, Err *err);
/* Stops taking jobs, lets the running ones end, joins, and then drops the waiting ones in the
 * calling thread, with worker 0. NULL is allowed. Not from inside a job. */
void work_free(Work *w);
/* On failure the job is still the caller's: neither run nor drop is called. drop may be NULL. */
bool work_submit(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg, Err *err);
unsigned work_threads(const Work *w);
size_t work_queued(Work *w, WorkClass cls);
/* True when an INTERACTIVE job is waiting: long jobs ask between steps and may yield. */
bool work_pressed(Work *w);
const char *work_class_name(WorkClass cls);

#endif
