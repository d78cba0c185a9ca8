#include "base/work.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/os.h"
#include "base/work_int.h"

#define BULK_NICE 19
#define SLICE_NS 1000000u
#define FLOOD_PART 150 /* thousandths of every processor; see work_flood_part */
#define REFUSED_NS 1000000u /* what a request that is refused counts as */

static _Thread_local Worker *self_here; /* the worker that this thread is; NULL: none */

const char *work_class_name(WorkClass cls)
{
    static const char *const names[WORK_CLASSES] = {"interactive", "normal", "bulk"};
    return (unsigned)cls < WORK_CLASSES ? names[cls] : "unknown";
}

/* Whether worker `index`, free now, may take a job of the class: bulk threads take BULK jobs and
 * leave the rest; where there are none, a BULK job must leave another worker free. NORMAL jobs
 * never hold all workers: each may wait half a minute for a file that hangs its reader. Whoever
 * ends such a job looks for the next, so no waking is lost. */
static bool may_take(const Work *w, bool bulk, int cls)
{
    if (bulk)
        return cls == WORK_BULK;
    if (cls == WORK_NORMAL)
        return w->threads == 1 || w->normal + 1 < w->threads;
    return cls != WORK_BULK || (w->bulk == 0 && (w->threads == 1 || w->threads - w->busy >= 2));
}

/* The next job for the worker, or NULL. */
static Job *take(Work *w, bool bulk, int *class, bool *floods)
{
    w->pay_ns = 0;
    for (int cls = 0; cls < WORK_CLASSES; cls++) {
        Queue *q = &w->queues[cls];
        bool may = q->first && may_take(w, bulk, cls);
        Job **at = may ? work_least_served(w, q, bulk, floods) : NULL;
        if (!at)
            continue;
        Job *job = *at;
        *at = job->next;
        if (!job->next)
            q->end = at;
        q->count--;
        if (job->address) {
            uint64_t now = clock_mono_ns() / 1000000;
            fair_run(job->address, now);
            fair_run(job->connection, now);
        }
        if (cls == WORK_INTERACTIVE && w->bulk == 0)
            atomic_fetch_sub_explicit(&w->pressed, 1, memory_order_relaxed);
        *class = cls;
        return job;
    }
    return NULL;
}

/* The worker's job took that much of a processor; with the lock held. */
static void settle(Work *w, Worker *worker, uint64_t ns)
{
    uint64_t now = clock_mono_ns() / 1000000;
    if (!worker->address)
        return;
    if (worker->floods) {
        w->flooding--;
        fair_charge(&w->floods, WORK_FLOODS, ns, now);
    }
    fair_done(worker->address, ns, now);
    fair_done(worker->connection, ns, now);
    worker->address = worker->connection = NULL;
}

/* Until there is something new, or somebody who was held back has paid. */
static void await_job(Work *w, bool bulk)
{
    pthread_cond_t *wake = bulk ? &w->wake_bulk : &w->wake;
    if (bulk || !w->pay_ns) {
        (void)pthread_cond_wait(wake, &w->lock);
        return;
    }
    uint64_t at = clock_mono_ns() + w->pay_ns;
    struct timespec until = {.tv_sec = (time_t)(at / 1000000000u),
                             .tv_nsec = (long)(at % 1000000000u)};
    (void)pthread_cond_clockwait(wake, &w->lock, CLOCK_MONOTONIC, &until);
}

static void *work_loop(void *arg)
{
    Worker *self = arg;
    Work *w = self->pool;
    bool bulk = self->bulk;
    int cls = 0;
    self_here = self;
    if (bulk) /* of this thread alone; what cannot be lowered runs as it is */
        (void)setpriority(PRIO_PROCESS, (id_t)gettid(), BULK_NICE);
    else /* a person waits: before the bulk threads at once, and behind the network's thread */
        (void)os_prompt_thread(SLICE_NS);
    (void)pthread_mutex_lock(&w->lock);
    while (!w->stopping) {
        bool floods = false;
        Job *job = take(w, bulk, &cls, &floods);
        if (!job) {
            await_job(w, bulk);
            continue;
        }
        w->busy += !bulk;
        w->normal += cls == WORK_NORMAL;
        self->limit = job->limit;
        self->cls = cls;
        uint64_t before = clock_thread_ns();
        self->since_ns = job->limit.limit_ms ? clock_mono_ns() : 0;
        self->address = job->address;
        self->connection = job->connection;
        self->floods = floods;
        w->flooding += floods;
        (void)pthread_mutex_unlock(&w->lock);
        job->run(job->arg, self->index);
        mem_free(job);
        (void)pthread_mutex_lock(&w->lock);
        self->since_ns = 0;
        settle(w, self, clock_thread_ns() - before);
        if (self->hung) {
            self->hung = false;
            w->hung--;
            log_write(LOG_WARN, "work", "%s has ended after all", self->limit.name);
            if (w->unreplaced) { /* its place is still free */
                w->unreplaced--;
                continue;
            }
            self->ended = true;
            break;
        }
        if (cls == WORK_INTERACTIVE && w->bulk)
            atomic_fetch_sub_explicit(&w->pressed, 1, memory_order_relaxed);
        /* A BULK job that had to wait for a free worker is seen by this very one, in take. */
        w->busy -= !bulk;
        w->normal -= cls == WORK_NORMAL;
    }
    (void)pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void stop_and_join(Work *w, unsigned started)
{
    (void)pthread_mutex_lock(&w->lock);
    w->stopping = true;
    (void)pthread_cond_broadcast(&w->wake);
    (void)pthread_cond_broadcast(&w->wake_bulk);
    (void)pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < started; i++)
        if (w->workers[i].running)
            (void)pthread_join(w->workers[i].thread, NULL);
}

static void destroy(Work *w)
{
    while (atomic_load(&w->signalling))
        (void)sched_yield();
    (void)pthread_cond_destroy(&w->wake);
    (void)pthread_cond_destroy(&w->wake_bulk);
    (void)pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

/* Signals are for the main thread: a worker must not be the one that takes SIGTERM. */
static int start_worker(Worker *worker)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = pthread_create(&worker->thread, NULL, work_loop, worker);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed) {
        char name[16];
        (void)snprintf(name, sizeof name, "worker-%u", worker->index % 1000);
        (void)pthread_setname_np(worker->thread, name);
    }
    worker->running = !failed;
    return failed;
}

Work *work_new(unsigned threads, size_t queue_max, Err *err)
{
    return work_new_bulk(threads, 0, queue_max, err);
}

Work *work_new_bulk(unsigned threads, unsigned bulk, size_t queue_max, Err *err)
{
    if (threads == 0 || threads > WORK_THREADS_MAX || bulk > WORK_THREADS_MAX || queue_max == 0) {
        (void)err_set(err, ERR_VALIDATION,
                      "a worker pool needs 1 to %d threads and room to queue a job",
                      WORK_THREADS_MAX);
        return NULL;
    }
    unsigned all = threads + WORK_SPARES + bulk;
    Work *w = mem_zalloc(sizeof *w + all * sizeof w->workers[0]);
    if (!w) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot start workers: out of memory");
        return NULL;
    }
    (void)pthread_mutex_init(&w->lock, NULL);
    (void)pthread_cond_init(&w->wake, NULL);
    (void)pthread_cond_init(&w->wake_bulk, NULL);
    w->hung_total = metric_counter("jobs_hung_total", "jobs that passed their limit", "job");
    w->refused_total = metric_counter("jobs_refused_total", "jobs that found no room", "why");
    w->queue_max = queue_max;
    w->floods.part = os_cpu_count() * FLOOD_PART;
    w->threads = threads;
    w->bulk = bulk;
    for (int cls = 0; cls < WORK_CLASSES; cls++)
        w->queues[cls].end = &w->queues[cls].first;
    for (unsigned i = 0; i < all; i++) {
        w->workers[i] = (Worker){.pool = w, .index = i, .bulk = i >= threads + WORK_SPARES};
        bool spare = i >= threads && !w->workers[i].bulk;
        int failed = spare ? 0 : start_worker(&w->workers[i]);
        if (failed) {
            stop_and_join(w, i);
            destroy(w);
            (void)err_set_errno(err, ERR_UNAVAILABLE, failed, "cannot start worker %u of %u", i + 1,
                                threads + bulk);
            return NULL;
        }
    }
    return w;
}

void work_flood_part(Work *w, unsigned thousandths)
{
    w->floods.part = thousandths;
}

void work_free(Work *w)
{
    if (!w)
        return;
    stop_and_join(w, work_numbers(w));
    /* No worker is left, so the drops may use worker 0's scratch. */
    for (int cls = 0; cls < WORK_CLASSES; cls++) {
        for (Job *job = w->queues[cls].first, *next; job; job = next) {
            next = job->next;
            if (job->drop)
                job->drop(job->arg, 0);
            mem_free(job);
        }
    }
    destroy(w);
}

bool work_submit(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg, Err *err)
{
    return work_submit_limited(w, cls, run, drop, arg, NULL, err);
}

bool work_submit_limited(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg,
                         const WorkLimit *limit, Err *err)
{
    return work_submit_from(w, cls, run, drop, arg, limit, NULL, err);
}

typedef enum { TAKEN, STOPPING, FULL, TOO_MANY } Taken;

static void add_refused(Job *job, uint64_t now_ms)
{
    fair_add(job->address, REFUSED_NS, now_ms);
    fair_add(job->connection, REFUSED_NS, now_ms);
}

void work_refused(Work *w, const WorkFrom *from)
{
    uint64_t now = clock_mono_ns() / 1000000;
    if (!from->address)
        return;
    (void)pthread_mutex_lock(&w->lock);
    fair_add(fair_place(&w->addresses, from->address), REFUSED_NS, now);
    fair_add(fair_place(&w->connections, from->connection), REFUSED_NS, now);
    (void)pthread_mutex_unlock(&w->lock);
}

/* With the lock held; *waiting: how many the address had. */
static Taken enqueue(Work *w, WorkClass cls, Job *job, const WorkFrom *from, unsigned *waiting)
{
    Queue *q = &w->queues[cls];
    uint64_t now = from && from->address ? clock_mono_ns() / 1000000 : 0;
    if (w->stopping)
        return STOPPING;
    if (now) {
        fair_seen(&w->addresses, from->address, now);
        job->address = fair_place(&w->addresses, from->address);
        job->connection = fair_place(&w->connections, from->connection);
        job->known = from->known;
        if (!job->connection->since_ms)
            job->connection->since_ms = from->since_ms;
        *waiting = job->address->waiting;
    }
    if (q->count >= w->queue_max)
        return FULL;
    if (now && work_has_too_many(w, q, job->address, now)) {
        add_refused(job, now);
        return TOO_MANY;
    }
    if (now) {
        fair_wait(job->address, now);
        fair_wait(job->connection, now);
    }
    *q->end = job;
    q->end = &job->next;
    q->count++;
    if (cls == WORK_INTERACTIVE)
        atomic_fetch_add_explicit(&w->pressed, 1, memory_order_relaxed);
    atomic_fetch_add(&w->signalling, 1);
    return TAKEN;
}

/* Without the lock: the worker that wakes wants it at once. work_free waits until this is done. */
static void wake_one(Work *w, WorkClass cls)
{
    (void)pthread_cond_signal(cls == WORK_BULK && w->bulk ? &w->wake_bulk : &w->wake);
    atomic_fetch_sub(&w->signalling, 1);
}

bool work_submit_from(Work *w, WorkClass cls, WorkFn run, WorkFn drop, void *arg,
                      const WorkLimit *limit, const WorkFrom *from, Err *err)
{
    if ((unsigned)cls >= WORK_CLASSES || !run)
        return err_set(err, ERR_INTERNAL, "a job needs a class and a function");
    Job *job = mem_alloc(sizeof *job);
    if (!job)
        return err_set(err, ERR_NO_MEMORY, "cannot queue a job: out of memory");
    *job = (Job){.run = run, .drop = drop, .arg = arg};
    if (limit)
        job->limit = *limit;
    unsigned waiting = 0;
    (void)pthread_mutex_lock(&w->lock);
    Taken taken = enqueue(w, cls, job, from, &waiting);
    (void)pthread_mutex_unlock(&w->lock);
    if (taken == TAKEN) {
        wake_one(w, cls);
        return true;
    }
    mem_free(job);
    if (taken == STOPPING)
        return err_set(err, ERR_UNAVAILABLE,
                       "the workers are stopping: try again after a restart");
    METRIC_INC(w->refused_total, taken == FULL ? "full" : "share");
    if (taken == TOO_MANY)
        return err_set(err, ERR_RATE_LIMITED, "%u of your requests are waiting already: try again "
                       "in a moment", waiting);
    return err_set(err, ERR_UNAVAILABLE, "%zu %s jobs are waiting already: try again in a moment",
                   w->queue_max, work_class_name(cls));
}

/* ---- jobs that hang -------------------------------------------------------------------------- */

/* A thread in place of the hung one; with the lock held. False when there is no number left. */
static bool replace(Work *w, const Worker *lost)
{
    for (unsigned i = 0; i < w->threads + WORK_SPARES; i++) {
        Worker *spare = &w->workers[i];
        if (spare->running && !spare->ended)
            continue;
        if (spare->running)
            (void)pthread_join(spare->thread, NULL);
        *spare = (Worker){.pool = w, .index = spare->index, .bulk = lost->bulk};
        return start_worker(spare) == 0;
    }
    return false;
}

/* The worker's job has passed its limit; with the lock held. */
static void give_up(Work *w, Worker *worker)
{
    worker->hung = true;
    worker->since_ns = 0;
    settle(w, worker, (uint64_t)worker->limit.limit_ms * 1000000);
    w->hung++;
    if (worker->cls == WORK_INTERACTIVE && w->bulk)
        atomic_fetch_sub_explicit(&w->pressed, 1, memory_order_relaxed);
    w->busy -= !worker->bulk;
    w->normal -= worker->cls == WORK_NORMAL;
    bool replaced = replace(w, worker);
    w->unreplaced += !replaced;
    METRIC_INC(w->hung_total, worker->limit.name);
    log_write(LOG_ERROR, "work", "%s hangs for more than %u s in worker %u; %s",
              worker->limit.name, worker->limit.limit_ms / 1000, worker->index,
              replaced ? "another thread takes its place" : "nobody takes its place");
}

unsigned work_watch(Work *w)
{
    unsigned found = 0;
    for (unsigned i = 0; i < work_numbers(w); i++) {
        Worker *worker = &w->workers[i];
        (void)pthread_mutex_lock(&w->lock);
        bool late = !w->stopping && worker->since_ns &&
                    clock_seconds_since(worker->since_ns) * 1000 > worker->limit.limit_ms;
        WorkLimit limit = worker->limit;
        if (late)
            give_up(w, worker);
        (void)pthread_mutex_unlock(&w->lock);
        if (late && limit.late)
            limit.late(limit.arg, limit.id);
        found += late;
    }
    return found;
}

void work_alive(void)
{
    Worker *worker = self_here;
    if (!worker)
        return;
    (void)pthread_mutex_lock(&worker->pool->lock);
    if (worker->since_ns)
        worker->since_ns = clock_mono_ns();
    (void)pthread_mutex_unlock(&worker->pool->lock);
}

unsigned work_hung(Work *w, unsigned *unreplaced)
{
    (void)pthread_mutex_lock(&w->lock);
    unsigned n = w->hung;
    if (unreplaced)
        *unreplaced = w->unreplaced;
    (void)pthread_mutex_unlock(&w->lock);
    return n;
}

unsigned work_numbers(const Work *w)
{
    return w->threads + WORK_SPARES + w->bulk;
}

unsigned work_threads(const Work *w)
{
    return w->threads;
}

unsigned work_bulk_threads(const Work *w)
{
    return w->bulk;
}

size_t work_queued(Work *w, WorkClass cls)
{
    if ((unsigned)cls >= WORK_CLASSES)
        return 0;
    (void)pthread_mutex_lock(&w->lock);
    size_t n = w->queues[cls].count;
    (void)pthread_mutex_unlock(&w->lock);
    return n;
}

bool work_pressed(Work *w)
{
    return atomic_load_explicit(&w->pressed, memory_order_relaxed) > 0;
}
