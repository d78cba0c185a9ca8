#include "support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/work.h"

/* A door that jobs wait behind, so that a test decides what runs when. */
typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool open;
    int inside; /* jobs that have arrived */
} Door;

static Door door = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, 0};

static void door_close(void)
{
    (void)pthread_mutex_lock(&door.lock);
    door.open = false;
    door.inside = 0;
    (void)pthread_mutex_unlock(&door.lock);
}

static void door_open(void)
{
    (void)pthread_mutex_lock(&door.lock);
    door.open = true;
    (void)pthread_cond_broadcast(&door.changed);
    (void)pthread_mutex_unlock(&door.lock);
}

static void wait_at_door(void *arg, unsigned worker)
{
    (void)arg;
    (void)worker;
    (void)pthread_mutex_lock(&door.lock);
    door.inside++;
    (void)pthread_cond_broadcast(&door.changed);
    while (!door.open)
        (void)pthread_cond_wait(&door.changed, &door.lock);
    (void)pthread_mutex_unlock(&door.lock);
}

/* Until `count` jobs wait at the door; the test's own time limit is the only one. */
static void door_await(int count)
{
    (void)pthread_mutex_lock(&door.lock);
    while (door.inside < count)
        (void)pthread_cond_wait(&door.changed, &door.lock);
    (void)pthread_mutex_unlock(&door.lock);
}

/* What ran, in order. */
static pthread_mutex_t trace_lock = PTHREAD_MUTEX_INITIALIZER;
static char trace[256];
static size_t trace_len;

static void record(void *arg, unsigned worker)
{
    (void)worker;
    (void)pthread_mutex_lock(&trace_lock);
    trace[trace_len++] = *(const char *)arg;
    trace[trace_len] = '\0';
    (void)pthread_mutex_unlock(&trace_lock);
}

static void record_drop(void *arg, unsigned worker)
{
    char upper = (char)(*(const char *)arg - 'a' + 'A');
    assert_int_equal(worker, 0);
    record(&upper, worker);
}

static int clear_trace(void **state)
{
    (void)state;
    trace_len = 0;
    trace[0] = '\0';
    door_close();
    return 0;
}

static Work *pool(unsigned threads, size_t queue_max)
{
    Err err = ERR_INIT;
    Work *w = work_new(threads, queue_max, &err);
    if (!w)
        fail_msg("%s", err.msg);
    return w;
}

/* The argument of record, which only reads it. */
static void *letter(const char *text)
{
    return (void *)(uintptr_t)text;
}

static void submit(Work *w, WorkClass cls, WorkFn run, const char *arg)
{
    Err err = ERR_INIT;
    if (!work_submit(w, cls, run, record_drop, letter(arg), &err))
        fail_msg("%s", err.msg);
}

static void classes_and_order(void **state)
{
    (void)state;
    Work *w = pool(1, 10);
    submit(w, WORK_NORMAL, wait_at_door, "-");
    door_await(1);
    submit(w, WORK_BULK, record, "x");
    submit(w, WORK_NORMAL, record, "m");
    submit(w, WORK_INTERACTIVE, record, "a");
    submit(w, WORK_BULK, record, "y");
    submit(w, WORK_NORMAL, record, "n");
    assert_true(work_pressed(w));
    submit(w, WORK_INTERACTIVE, record, "b");
    assert_int_equal(work_queued(w, WORK_INTERACTIVE), 2);
    assert_int_equal(work_queued(w, WORK_NORMAL), 2);
    assert_int_equal(work_queued(w, WORK_BULK), 2);
    assert_int_equal(work_threads(w), 1);
    door_open();
    while (work_queued(w, WORK_BULK) > 0)
        continue;
    assert_false(work_pressed(w));
    work_free(w); /* lets a running one end */
    assert_string_equal(trace, "abmnxy");
}

static void bulk_leaves_a_worker_free(void **state)
{
    (void)state;
    for (unsigned threads = 2; threads <= 4; threads++) {
        door_close();
        trace_len = 0;
        Work *w = pool(threads, 100);
        for (unsigned i = 0; i < threads + 3; i++)
            submit(w, WORK_BULK, wait_at_door, "z");
        door_await((int)threads - 1);
        /* a query gets the free worker at once, while every bulk job stands at the door */
        submit(w, WORK_INTERACTIVE, record, "q");
        while (work_queued(w, WORK_INTERACTIVE) > 0)
            continue;
        submit(w, WORK_NORMAL, record, "n");
        while (work_queued(w, WORK_NORMAL) > 0)
            continue;
        assert_int_equal(work_queued(w, WORK_BULK), 4);
        (void)pthread_mutex_lock(&door.lock);
        assert_int_equal(door.inside, threads - 1);
        (void)pthread_mutex_unlock(&door.lock);
        door_open();
        while (work_queued(w, WORK_BULK) > 0)
            continue;
        work_free(w);
        assert_string_equal(trace, "qn");
    }
}

static void bulk_does_not_take_the_last_free_one(void **state)
{
    (void)state;
    Work *w = pool(3, 10);
    submit(w, WORK_NORMAL, wait_at_door, "-");
    submit(w, WORK_NORMAL, wait_at_door, "-");
    door_await(2); /* one worker is free, and it is the last */
    submit(w, WORK_BULK, record, "x");
    submit(w, WORK_INTERACTIVE, record, "q");
    while (work_queued(w, WORK_INTERACTIVE) > 0)
        continue;
    for (int i = 0; i < 20; i++) {
        assert_int_equal(work_queued(w, WORK_BULK), 1);
        struct timespec pause = {0, 1000000};
        (void)nanosleep(&pause, NULL);
    }
    door_open(); /* the two end, and the bulk job runs without another submit */
    while (work_queued(w, WORK_BULK) > 0)
        continue;
    work_free(w);
    assert_string_equal(trace, "qx");
}

/* Uploads that hang their readers: a query is answered all the same. */
static void normal_leaves_a_worker_too(void **state)
{
    (void)state;
    Work *w = pool(3, 10);
    for (int i = 0; i < 4; i++)
        submit(w, WORK_NORMAL, wait_at_door, "-");
    door_await(2);
    submit(w, WORK_INTERACTIVE, record, "q");
    while (work_queued(w, WORK_INTERACTIVE) > 0)
        continue;
    assert_int_equal(work_queued(w, WORK_NORMAL), 2);
    door_open();
    while (work_queued(w, WORK_NORMAL) > 0)
        continue;
    work_free(w);
    assert_string_equal(trace, "q");
}

static void one_thread_runs_bulk_too(void **state)
{
    (void)state;
    Work *w = pool(1, 10);
    submit(w, WORK_BULK, record, "x");
    while (work_queued(w, WORK_BULK) > 0)
        continue;
    work_free(w);
    assert_string_equal(trace, "x");
}

static void a_full_queue_refuses(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = pool(1, 2);
    submit(w, WORK_NORMAL, wait_at_door, "-");
    door_await(1);
    submit(w, WORK_NORMAL, record, "a");
    submit(w, WORK_NORMAL, record, "b");
    assert_err(work_submit(w, WORK_NORMAL, record, record_drop, letter("c"), &err), err,
               ERR_UNAVAILABLE, "2 normal jobs are waiting");
    submit(w, WORK_INTERACTIVE, record, "i"); /* the classes' queues are apart */
    submit(w, WORK_BULK, record, "x");
    door_open();
    while (work_queued(w, WORK_BULK) > 0)
        continue;
    work_free(w);
    assert_string_equal(trace, "iabx"); /* the refused one neither ran nor was dropped */
}

static atomic_int counted;

static void count(void *arg, unsigned worker)
{
    (void)arg;
    (void)worker;
    atomic_fetch_add(&counted, 1);
}

/* The number of the server's own pool: of each class at it, and one past it. */
static void as_many_as_the_server_queues(void **state)
{
    (void)state;
    static const char *const names[] = {"interactive", "normal", "bulk"};
    Err err = ERR_INIT;
    Work *w = pool(1, WORK_QUEUE_MAX);
    assert_int_equal(WORK_QUEUE_MAX, 1024);
    atomic_store(&counted, 0);
    submit(w, WORK_INTERACTIVE, wait_at_door, "-");
    door_await(1);
    for (WorkClass c = 0; c < WORK_CLASSES; c++) {
        char says[64];
        for (int i = 0; i < WORK_QUEUE_MAX; i++)
            assert_true(work_submit(w, c, count, NULL, NULL, &err));
        (void)snprintf(says, sizeof says, "1024 %s jobs are waiting", names[c]);
        assert_err(work_submit(w, c, count, NULL, NULL, &err), err, ERR_UNAVAILABLE, says);
    }
    door_open();
    while (work_queued(w, WORK_BULK) > 0)
        (void)sched_yield();
    work_free(w);
    assert_int_equal(atomic_load(&counted), WORK_CLASSES * WORK_QUEUE_MAX);
}

static Work *stopping;
static ErrCode late_code;

static void open_and_submit(void *arg, unsigned worker)
{
    wait_at_door(arg, worker);
    Err err = ERR_INIT;
    /* until work_free, which the test is in, has begun to stop */
    while (work_submit(stopping, WORK_BULK, record, record_drop, letter("w"), &err))
        continue;
    late_code = err.code;
}

static void *open_soon(void *arg)
{
    (void)arg;
    struct timespec pause = {0, 30000000};
    (void)nanosleep(&pause, NULL);
    door_open();
    return NULL;
}

static void stopping_drops_what_waits(void **state)
{
    (void)state;
    pthread_t opener;
    stopping = pool(1, 100000);
    submit(stopping, WORK_NORMAL, open_and_submit, "-");
    door_await(1);
    submit(stopping, WORK_BULK, record, "x");
    submit(stopping, WORK_INTERACTIVE, record, "a");
    Err err = ERR_INIT;
    /* a job without a drop is just forgotten */
    assert_true(work_submit(stopping, WORK_NORMAL, record, NULL, letter("n"), &err));
    assert_int_equal(pthread_create(&opener, NULL, open_soon, NULL), 0);
    late_code = ERR_NONE;
    work_free(stopping);
    (void)pthread_join(opener, NULL);
    assert_true(late_code == ERR_UNAVAILABLE);
    assert_int_equal(trace[0], 'A');
    assert_int_equal(trace[1], 'X');
    for (size_t i = 2; i < trace_len; i++)
        assert_int_equal(trace[i], 'W');
}

static void bad_arguments(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_err(work_new(0, 10, &err) != NULL, err, ERR_VALIDATION, "1 to 1024 threads");
    assert_err(work_new(2000, 10, &err) != NULL, err, ERR_VALIDATION, "1 to 1024 threads");
    assert_err(work_new(1, 0, &err) != NULL, err, ERR_VALIDATION, "room to queue");
    work_free(NULL);
    Work *w = pool(1, 10);
    assert_err(work_submit(w, WORK_CLASSES, record, NULL, NULL, &err), err, ERR_INTERNAL, "class");
    assert_err(work_submit(w, WORK_BULK, NULL, NULL, NULL, &err), err, ERR_INTERNAL, "function");
    assert_int_equal(work_queued(w, (WorkClass)9), 0);
    mem_test_fail(1, 0);
    bool ok = work_submit(w, WORK_BULK, record, NULL, NULL, &err);
    mem_test_fail(0, 0);
    assert_err(ok, err, ERR_NO_MEMORY, "cannot queue a job");
    work_free(w);
    mem_test_fail(1, 0);
    w = work_new(1, 1, &err);
    mem_test_fail(0, 0);
    assert_null(w);
    assert_int_equal(err.code, ERR_NO_MEMORY);
    assert_string_equal(work_class_name(WORK_INTERACTIVE), "interactive");
    assert_string_equal(work_class_name(WORK_NORMAL), "normal");
    assert_string_equal(work_class_name(WORK_BULK), "bulk");
    assert_string_equal(work_class_name((WorkClass)7), "unknown");
}

static atomic_bool blocked;

static void look_at_signals(void *arg, unsigned worker)
{
    sigset_t now;
    (void)arg;
    (void)worker;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &now);
    atomic_store(&blocked, sigismember(&now, SIGTERM) == 1 && sigismember(&now, SIGINT) == 1);
}

static void workers_take_no_signals(void **state)
{
    (void)state;
    Work *w = pool(1, 10);
    atomic_store(&blocked, false);
    submit(w, WORK_NORMAL, look_at_signals, "-");
    while (work_queued(w, WORK_NORMAL) > 0)
        continue;
    work_free(w);
    assert_true(atomic_load(&blocked));
    sigset_t now;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &now);
    assert_int_equal(sigismember(&now, SIGTERM), 0); /* ours are as they were */
}

/* Many submitters, and a stop with jobs still waiting: every accepted job runs or is dropped,
 * exactly once. */
#define SUBMITTERS 3
#define JOBS_EACH 4000

typedef struct {
    atomic_int ran, dropped;
} Job;

static Job jobs[SUBMITTERS][JOBS_EACH];
static bool accepted[SUBMITTERS][JOBS_EACH];
static atomic_int in_worker[3], ran_so_far;
static Work *shared;

static void count_run(void *arg, unsigned worker)
{
    Job *job = arg;
    /* a worker's number is one thread's at a time */
    if (atomic_fetch_add(&in_worker[worker], 1) == 0)
        atomic_fetch_add(&job->ran, 1);
    atomic_fetch_add(&ran_so_far, 1);
    atomic_fetch_sub(&in_worker[worker], 1);
}

static void count_drop(void *arg, unsigned worker)
{
    Job *job = arg;
    (void)worker;
    atomic_fetch_add(&job->dropped, 1);
}

static void *submit_many(void *arg)
{
    size_t me = (size_t)(uintptr_t)arg;
    for (size_t i = 0; i < JOBS_EACH; i++)
        accepted[me][i] = work_submit(shared, (WorkClass)(i % WORK_CLASSES), count_run, count_drop,
                                      &jobs[me][i], NULL);
    return NULL;
}

static void every_job_runs_or_drops_once(void **state)
{
    (void)state;
    pthread_t t[SUBMITTERS];
    size_t ran = 0, dropped = 0, refused = 0;
    shared = pool(3, 500);
    for (size_t i = 0; i < SUBMITTERS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, submit_many, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < SUBMITTERS; i++)
        (void)pthread_join(t[i], NULL);
    while (atomic_load(&ran_so_far) == 0) /* the queue is full: a worker gets its turn */
        (void)usleep(100);
    work_free(shared);
    for (size_t i = 0; i < SUBMITTERS; i++)
        for (size_t k = 0; k < JOBS_EACH; k++) {
            int r = atomic_load(&jobs[i][k].ran), d = atomic_load(&jobs[i][k].dropped);
            assert_int_equal(r + d, accepted[i][k] ? 1 : 0);
            ran += (size_t)r;
            dropped += (size_t)d;
            refused += !accepted[i][k];
        }
    assert_int_equal(ran + dropped + refused, SUBMITTERS * JOBS_EACH);
    assert_true(ran > 0);
}

/* ---- jobs that hang ---- */

static atomic_int late_calls, after_hang;
static atomic_uint other_worker;
static atomic_bool release_hung;

static void hang(void *arg, unsigned worker)
{
    (void)arg;
    (void)worker;
    while (!atomic_load(&release_hung))
        usleep(1000);
}

static void note_late(void *arg, uint64_t id)
{
    assert_ptr_equal(arg, &late_calls);
    assert_int_equal(id, 42);
    atomic_fetch_add(&late_calls, 1);
}

static void run_after(void *arg, unsigned worker)
{
    (void)arg;
    atomic_store(&other_worker, worker);
    atomic_fetch_add(&after_hang, 1);
}

#define LONG_MS 1500
static atomic_bool said_so;

/* Works for longer than its limit, says that it does, and then hangs. */
static void work_long(void *arg, unsigned worker)
{
    usleep((LONG_MS + 100) * 1000);
    work_alive();
    atomic_store(&said_so, true);
    hang(arg, worker);
}

static void a_job_that_works_on_does_not_hang(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 8, &err);
    assert_non_null(w);
    atomic_store(&release_hung, false);
    WorkLimit limit = {LONG_MS, "long", NULL, NULL, 0};
    assert_true(work_submit_limited(w, WORK_NORMAL, work_long, NULL, NULL, &limit, &err));
    while (!atomic_load(&said_so))
        usleep(1000);
    assert_int_equal(work_watch(w), 0);
    unsigned found = 0;
    for (int i = 0; i < 20000 && !found; i++) { /* then it says no more */
        found = work_watch(w);
        usleep(1000);
    }
    assert_int_equal(found, 1);
    work_alive(); /* not from a job: nothing */
    atomic_store(&release_hung, true);
    work_free(w);
}

static void a_hung_worker_is_replaced(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    atomic_store(&release_hung, false);
    Work *w = work_new(1, 8, &err);
    assert_non_null(w);
    WorkLimit limit = {20, "hang", note_late, &late_calls, 42};
    assert_true(work_submit_limited(w, WORK_INTERACTIVE, hang, NULL, NULL, &limit, &err));
    assert_true(work_submit(w, WORK_INTERACTIVE, run_after, NULL, NULL, &err));
    unsigned found = 0;
    for (int i = 0; i < 5000 && !found; i++) {
        found = work_watch(w);
        usleep(1000);
    }
    assert_int_equal(found, 1);
    assert_int_equal(atomic_load(&late_calls), 1);
    for (int i = 0; i < 5000 && !atomic_load(&after_hang); i++)
        usleep(1000);
    assert_int_equal(atomic_load(&after_hang), 1); /* by another thread, with a number of its own */
    assert_int_not_equal(atomic_load(&other_worker), 0);
    assert_true(atomic_load(&other_worker) < work_numbers(w));
    unsigned unreplaced;
    assert_int_equal(work_hung(w, &unreplaced), 1);
    assert_int_equal(unreplaced, 0);
    assert_int_equal(work_watch(w), 0); /* it is told once */
    atomic_store(&release_hung, true);
    for (int i = 0; i < 5000 && work_hung(w, NULL); i++)
        usleep(1000);
    assert_int_equal(work_hung(w, NULL), 0);
    work_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(classes_and_order, clear_trace),
        cmocka_unit_test_setup(bulk_leaves_a_worker_free, clear_trace),
        cmocka_unit_test_setup(bulk_does_not_take_the_last_free_one, clear_trace),
        cmocka_unit_test_setup(normal_leaves_a_worker_too, clear_trace),
        cmocka_unit_test_setup(one_thread_runs_bulk_too, clear_trace),
        cmocka_unit_test_setup(a_full_queue_refuses, clear_trace),
        cmocka_unit_test_setup(as_many_as_the_server_queues, clear_trace),
        cmocka_unit_test_setup(stopping_drops_what_waits, clear_trace),
        cmocka_unit_test_setup(bad_arguments, clear_trace),
        cmocka_unit_test_setup(workers_take_no_signals, clear_trace),
        cmocka_unit_test(a_job_that_works_on_does_not_hang),
        cmocka_unit_test(a_hung_worker_is_replaced),
        cmocka_unit_test_setup(every_job_runs_or_drops_once, clear_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
