/* scheduler.h - says what is due, when it is due.
 *
 *   store_task_next -> timer -> due tasks -> one transaction: deliveries + the tasks' next fires
 *        -> listeners (WebSocket), desktop, log -> marked as sent
 *
 * One thread sleeps in the kernel until the next instant, on the wall clock itself
 * (TFD_TIMER_CANCEL_ON_SET): setting the clock or waking from suspend wakes it at once. A delivery
 * is durable before anybody is told, and told again after a crash under the same id until it is
 * marked as sent: at least once, and who shows it drops an id it has shown (docs/TASKS.md). What
 * was due while nothing ran fires at the start: late rather than never; of a recurring task once,
 * however many occurrences passed. With a clock that was set (SOTTO_NOW, clock_set_ms) it looks at
 * it five times a second.
 *
 * Threads: start and stop by one thread; the rest is its own. */
#ifndef SOTTO_ASSISTANT_SCHEDULER_H
#define SOTTO_ASSISTANT_SCHEDULER_H

#include "assistant/tasks.h"

typedef struct Scheduler Scheduler;

typedef struct {
    Tasks *tasks;
    bool desktop; /* desktop notifications, where there is a program for them */
    bool metrics; /* counts of this person's tasks are among the metrics */
} SchedulerOptions;

Scheduler *scheduler_start(const SchedulerOptions *o, Err *err);
/* What has fired is sent or will be at the next start. NULL is allowed. */
void scheduler_stop(Scheduler *s);
/* Looks again now (a task changed; tests: the clock was set). */
void scheduler_wake(Scheduler *s);
/* Tests and commands without a thread: fires what is due now and returns how many; -1 with *err. */
int scheduler_run_once(Tasks *t, Err *err);

#endif
