/* loop.h - one thread's event loop: descriptors, time-outs, and work posted from other threads.
 *
 * epoll, edge-triggered: a descriptor is registered once and never modified, so that a request
 * costs one read, one write and its share of an epoll_wait. Time-outs come in few lengths; each
 * length is a list in order of expiry, so that starting and stopping one is O(1) whatever the
 * number of connections (10,000 idle WebSockets are the expected load).
 *
 * Threads: loop_post, loop_wake and loop_stop are safe from any thread; the rest is the loop's. */
#ifndef SOTTO_NET_LOOP_H
#define SOTTO_NET_LOOP_H

#include "base/str.h"

typedef struct Loop Loop;

typedef struct LoopIo LoopIo;
struct LoopIo {
    int fd;
    void (*fn)(LoopIo *io, uint32_t events); /* epoll's event bits */
};

typedef struct LoopTimer LoopTimer;
struct LoopTimer {
    LoopTimer *prev, *next; /* NULL when not running */
    uint64_t due_ms;
    void (*fn)(LoopTimer *t);
};

/* One length of time; the list is in order of expiry. */
typedef struct LoopTimers LoopTimers;
struct LoopTimers {
    LoopTimer head;
    uint32_t after_ms;
    LoopTimers *next;
};

/* A piece of work for the loop thread; the memory is the poster's until fn runs. */
typedef struct LoopPost LoopPost;
struct LoopPost {
    LoopPost *next;
    void (*fn)(LoopPost *post);
};

Loop *loop_new(Err *err);
void loop_free(Loop *l);
/* Runs until loop_stop. turn(arg) is called once an iteration, after all events. */
bool loop_run(Loop *l, void (*turn)(void *arg), void *arg, Err *err);
void loop_stop(Loop *l);
bool loop_is_current(const Loop *l); /* is this the thread that runs it? */
uint64_t loop_now_ms(const Loop *l); /* monotonic, as of this iteration */
void loop_again(Loop *l); /* the next epoll_wait does not wait: somebody has more to do */

/* Edge-triggered for reading, writing and hang-up; level-triggered for reading only (listener). */
bool loop_watch(Loop *l, LoopIo *io, Err *err);
bool loop_watch_level(Loop *l, LoopIo *io, Err *err);
void loop_unwatch(Loop *l, LoopIo *io);

void loop_timers_init(Loop *l, LoopTimers *list, uint32_t after_ms);
void loop_timer_start(Loop *l, LoopTimers *list, LoopTimer *t); /* restarts a running one */
/* Any length: O(running timers of that list); for rare ones. */
void loop_timer_at(Loop *l, LoopTimers *list, LoopTimer *t, uint32_t after_ms);
void loop_timer_stop(LoopTimer *t);
static inline bool loop_timer_running(const LoopTimer *t) { return t->next != NULL; }

/* False once the loop has ended for good (loop_close_posts): fn will not run. */
bool loop_post(Loop *l, LoopPost *post);
/* The same with several at once, linked by `next` from first to last, in that order. */
bool loop_post_all(Loop *l, LoopPost *first, LoopPost *last);
/* Runs what is posted, in order: for a millisecond or so, the rest in the next iteration; or, when
 * the loop itself runs no more, all of it. Then no more is taken when `close`. */
void loop_run_posts(Loop *l, bool all, bool close);
/* From within post's fn: it is run again, before any later post, after the sockets had their
 * turn. */
void loop_repeat(Loop *l, LoopPost *post);

#endif
