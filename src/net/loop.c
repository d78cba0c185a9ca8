/* loop.c - see loop.h. */
#include "net/loop.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"

#define EVENTS_MAX 256
#define WAIT_MAX_MS 2000 /* a wake that could not be written costs so much and not for ever */
#define POSTS_NS 250000 /* a broadcast to ten thousand clients must not hold up the sockets */

struct Loop {
    int epoll_fd;
    LoopIo wake; /* an eventfd: something was posted, or the loop is to stop */
    uint64_t now_ms;
    LoopTimers *timers;
    bool again;
    atomic_bool stopping;
    atomic_bool running;
    pthread_t thread; /* valid while running */
    Metric *busy;

    pthread_mutex_t lock; /* guards the queue of posts */
    LoopPost *first, **last;
    bool closed;
    /* It waits for events, or is about to: only then it is woken. Set under the lock; that it has
     * woken is told without, which at worst wakes it once more. */
    atomic_bool asleep;

    LoopPost *todo, **todo_last; /* the loop's own: taken from the queue, not yet run */
    bool repeat;                 /* loop_repeat was called */
};

static void update_now(Loop *l)
{
    l->now_ms = clock_mono_ns() / 1000000;
}

static void on_wake(LoopIo *io, uint32_t events)
{
    (void)events;
    uint64_t count;
    while (read(io->fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
}

static void wake(Loop *l)
{
    uint64_t one = 1;
    while (write(l->wake.fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
}

Loop *loop_new(Err *err)
{
    Loop *l = mem_zalloc(sizeof *l);
    if (!l) {
        err_set(err, ERR_NO_MEMORY, "no memory for the event loop");
        return NULL;
    }
    l->last = &l->first;
    l->todo_last = &l->todo;
    l->wake = (LoopIo){-1, on_wake};
    pthread_mutex_init(&l->lock, NULL);
    l->busy = metric_histogram("loop_stall_seconds",
                               "how long one iteration of the network loop kept the others waiting",
                               NULL);
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd >= 0)
        l->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (l->wake.fd < 0) {
        err_set_errno(err, ERR_IO, errno, "the event loop cannot start");
        loop_free(l);
        return NULL;
    }
    if (!loop_watch_level(l, &l->wake, err)) {
        loop_free(l);
        return NULL;
    }
    update_now(l);
    return l;
}

void loop_free(Loop *l)
{
    if (!l)
        return;
    if (l->wake.fd >= 0)
        close(l->wake.fd);
    if (l->epoll_fd >= 0)
        close(l->epoll_fd);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

static bool watch(Loop *l, LoopIo *io, uint32_t events, Err *err)
{
    struct epoll_event ev = {.events = events, .data.ptr = io};
    if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, io->fd, &ev) == 0)
        return true;
    return err_set_errno(err, ERR_IO, errno, "a connection cannot be watched");
}

bool loop_watch(Loop *l, LoopIo *io, Err *err)
{
    return watch(l, io, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, err);
}

bool loop_watch_level(Loop *l, LoopIo *io, Err *err)
{
    return watch(l, io, EPOLLIN, err);
}

void loop_unwatch(Loop *l, LoopIo *io)
{
    epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
}

/* ---- time ---- */

uint64_t loop_now_ms(const Loop *l)
{
    return l->now_ms;
}

void loop_again(Loop *l)
{
    l->again = true;
}

void loop_timers_init(Loop *l, LoopTimers *list, uint32_t after_ms)
{
    list->head.prev = list->head.next = &list->head;
    list->after_ms = after_ms;
    list->next = l->timers;
    l->timers = list;
}

static void insert_before(LoopTimer *at, LoopTimer *t)
{
    t->next = at;
    t->prev = at->prev;
    at->prev->next = t;
    at->prev = t;
}

void loop_timer_stop(LoopTimer *t)
{
    if (!t->next)
        return;
    t->prev->next = t->next;
    t->next->prev = t->prev;
    t->prev = t->next = NULL;
}

void loop_timer_start(Loop *l, LoopTimers *list, LoopTimer *t)
{
    loop_timer_stop(t);
    t->due_ms = l->now_ms + list->after_ms;
    insert_before(&list->head, t);
}

void loop_timer_at(Loop *l, LoopTimers *list, LoopTimer *t, uint32_t after_ms)
{
    loop_timer_stop(t);
    t->due_ms = l->now_ms + after_ms;
    LoopTimer *at = list->head.next;
    while (at != &list->head && at->due_ms <= t->due_ms)
        at = at->next;
    insert_before(at, t);
}

/* Milliseconds until the next time-out, at most WAIT_MAX_MS. */
static int next_wait(const Loop *l)
{
    uint64_t due = UINT64_MAX;
    for (const LoopTimers *list = l->timers; list; list = list->next)
        if (list->head.next != &list->head && list->head.next->due_ms < due)
            due = list->head.next->due_ms;
    if (due <= l->now_ms)
        return 0;
    uint64_t wait = due - l->now_ms;
    return wait > WAIT_MAX_MS ? WAIT_MAX_MS : (int)wait;
}

static void run_timers(Loop *l)
{
    for (LoopTimers *list = l->timers; list; list = list->next) {
        for (;;) {
            LoopTimer *t = list->head.next;
            if (t == &list->head || t->due_ms > l->now_ms)
                break;
            loop_timer_stop(t);
            t->fn(t);
        }
    }
}

/* ---- posts ---- */

bool loop_post(Loop *l, LoopPost *post)
{
    return loop_post_all(l, post, post);
}

bool loop_post_all(Loop *l, LoopPost *first, LoopPost *last)
{
    last->next = NULL;
    pthread_mutex_lock(&l->lock);
    bool ok = !l->closed;
    if (ok) {
        *l->last = first;
        l->last = &last->next;
    }
    /* The write stays under the lock: once loop_free may run, nobody holds the descriptor. */
    if (ok && atomic_exchange(&l->asleep, false))
        wake(l);
    pthread_mutex_unlock(&l->lock);
    return ok;
}

/* How long to wait for events: not at all when something was posted. From here on whoever
 * posts wakes the loop. */
static int fall_asleep(Loop *l, int wait)
{
    pthread_mutex_lock(&l->lock);
    if (l->first)
        wait = 0;
    atomic_store(&l->asleep, wait != 0);
    pthread_mutex_unlock(&l->lock);
    return wait;
}

/* Puts what was posted behind what is still to be done. False when there is nothing at all. */
static bool take_posts(Loop *l, bool close)
{
    pthread_mutex_lock(&l->lock);
    if (l->first) {
        *l->todo_last = l->first;
        l->todo_last = l->last;
        l->first = NULL;
        l->last = &l->first;
    }
    if (!l->todo && close)
        l->closed = true;
    pthread_mutex_unlock(&l->lock);
    return l->todo != NULL;
}

void loop_repeat(Loop *l, LoopPost *post)
{
    post->next = l->todo;
    if (!l->todo)
        l->todo_last = &post->next;
    l->todo = post;
    l->repeat = true;
}

void loop_run_posts(Loop *l, bool all, bool close)
{
    uint64_t start = clock_mono_ns();
    while (l->todo || take_posts(l, close)) {
        LoopPost *post = l->todo;
        l->todo = post->next;
        if (!l->todo)
            l->todo_last = &l->todo;
        l->repeat = false;
        post->fn(post);
        if (!all && (l->repeat || clock_mono_ns() - start > POSTS_NS)) {
            l->again = true;
            return;
        }
    }
}

/* ---- the loop ---- */

bool loop_is_current(const Loop *l)
{
    return atomic_load_explicit(&((Loop *)l)->running, memory_order_acquire) &&
           pthread_equal(l->thread, pthread_self());
}

void loop_stop(Loop *l)
{
    atomic_store(&l->stopping, true);
    wake(l);
}

bool loop_run(Loop *l, void (*turn)(void *arg), void *arg, Err *err)
{
    struct epoll_event events[EVENTS_MAX];
    l->thread = pthread_self();
    atomic_store(&l->running, true);
    bool ok = true;
    while (!atomic_load(&l->stopping)) {
        int wait = fall_asleep(l, l->again ? 0 : next_wait(l));
        l->again = false;
        int n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, wait);
        if (n < 0 && errno != EINTR) {
            ok = err_set_errno(err, ERR_IO, errno, "waiting for connections failed");
            break;
        }
        atomic_store(&l->asleep, false);
        uint64_t start_ns = clock_mono_ns();
        l->now_ms = start_ns / 1000000;
        for (int i = 0; i < n; i++) {
            LoopIo *io = events[i].data.ptr;
            if (io->fn)
                io->fn(io, events[i].events);
        }
        loop_run_posts(l, false, false);
        run_timers(l);
        turn(arg);
        metric_observe(l->busy, NULL, clock_seconds_since(start_ns));
    }
    atomic_store(&l->running, false);
    return ok;
}
