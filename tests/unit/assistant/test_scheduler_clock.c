/* The scheduler on the machine's own clock, with the kernel's timer: at most a second late. A
 * program of its own, because a clock that was set once stays set. */
#include "support/unit.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "assistant/scheduler.h"
#include "base/clock.h"
#include "support/tempdir.h"

#define TIMERS 9

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t late_ms[TIMERS];
static size_t n_late;

static void on_event(void *arg, const TasksEvent *e)
{
    (void)arg;
    if (e->kind != TASKS_FIRED)
        return;
    pthread_mutex_lock(&lock);
    if (n_late < TIMERS)
        late_ms[n_late++] = clock_now_ms() - e->delivery->at;
    pthread_mutex_unlock(&lock);
}

static size_t fired(void)
{
    pthread_mutex_lock(&lock);
    size_t n = n_late;
    pthread_mutex_unlock(&lock);
    return n;
}

static int ascending(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

/* Nothing is said early; and, whatever else the machine does, most of it within a second. */
static void in_time(void **state)
{
    (void)state;
    TempDir dir;
    Err err = ERR_INIT;
    tempdir_make(&dir);
    Store *store = store_open_sqlite(&(StoreOptions){.dir = dir.path, .model = "test"}, &err);
    assert_non_null(store);
    Tasks *t = tasks_new(&(TasksOptions){.store = store, .owner = {{1}}}, &err);
    assert_non_null(t);
    assert_false(clock_is_set());
    assert_true(tasks_listen(t, on_event, NULL));
    Scheduler *s = scheduler_start(&(SchedulerOptions){.tasks = t}, &err);
    assert_non_null(s);
    Arena *a = arena_new(1 << 20);
    TaskResult r;
    for (int i = 0; i < TIMERS; i++)
        assert_true(tasks_timer_start(t, 400 + 200 * ((i * 5) % TIMERS), STR("x"), a, &r, &err));
    for (int i = 0; i < 6000 && fired() < TIMERS; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    scheduler_stop(s);
    assert_int_equal(fired(), TIMERS);
    qsort(late_ms, TIMERS, sizeof *late_ms, ascending);
    assert_true(late_ms[0] >= 0);
    assert_true(late_ms[TIMERS / 2] < 1000);
    arena_free(a);
    tasks_free(t);
    store_close(store);
    tempdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
