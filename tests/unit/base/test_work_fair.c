/* Whose job comes next, and how many of one's may run or wait: base/fair.h in base/work.h. */
#include "support/unit.h"

#include <pthread.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fair.h"
#include "base/mem.h"
#include "base/work.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool open_door;
static int inside;
static char trace[64];
static size_t traced;

static void at_door(void *arg, unsigned worker)
{
    (void)arg;
    (void)worker;
    pthread_mutex_lock(&lock);
    inside++;
    pthread_cond_broadcast(&changed);
    while (!open_door)
        pthread_cond_wait(&changed, &lock);
    inside--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void record(void *arg, unsigned worker)
{
    (void)worker;
    pthread_mutex_lock(&lock);
    trace[traced++] = *(const char *)arg;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static void burn(void *arg, unsigned worker)
{
    uint64_t end = clock_thread_ns() + 20000000;
    while (clock_thread_ns() < end)
        continue;
    record(arg, worker);
}

static void nothing(void *arg, unsigned worker)
{
    (void)arg;
    (void)worker;
}

static void await_inside(int n)
{
    pthread_mutex_lock(&lock);
    while (inside != n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void await_traced(size_t n)
{
    pthread_mutex_lock(&lock);
    while (traced < n)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
}

static void set_door(bool open)
{
    pthread_mutex_lock(&lock);
    open_door = open;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static int begin(void **state)
{
    (void)state;
    traced = 0;
    inside = 0;
    open_door = false;
    memset(trace, 0, sizeof trace);
    return 0;
}

static bool submit(Work *w, WorkFn run, char *arg, uint64_t address, uint64_t connection, Err *err)
{
    WorkFrom from = {.address = address, .connection = connection};
    return work_submit_from(w, WORK_INTERACTIVE, run, nothing, arg, NULL, &from, err);
}

static char names[] = "abcdefgh";

static void the_least_served_address_is_first(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 20, &err);
    assert_non_null(w);
    assert_true(submit(w, burn, &names[0], 1, 10, &err)); /* address 1 has used 20 ms */
    await_traced(1);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    for (int i = 1; i < 4; i++)
        assert_true(submit(w, record, &names[i], 1, 10 + (uint64_t)i, &err));
    assert_true(submit(w, record, &names[4], 2, 20, &err));
    set_door(true);
    await_traced(5);
    work_free(w);
    assert_string_equal(trace, "aebcd");
}

static void what_is_used_counts_as_often_as_jobs_wait(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 20, &err);
    assert_non_null(w);
    assert_true(submit(w, burn, &names[0], 1, 10, &err)); /* 20 ms */
    assert_true(submit(w, burn, &names[0], 2, 20, &err)); /* 40 ms */
    assert_true(submit(w, burn, &names[0], 2, 20, &err));
    await_traced(3);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    for (int i = 0; i < 4; i++)
        assert_true(submit(w, record, &names[1], 1, 10, &err));
    assert_true(submit(w, record, &names[2], 2, 20, &err));
    set_door(true);
    await_traced(8);
    work_free(w);
    /* four times 21 ms against 41 */
    assert_string_equal(trace + 3, "cbbbb");
}

static void and_among_its_connections_the_least_served(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 20, &err);
    assert_non_null(w);
    assert_true(submit(w, burn, &names[0], 1, 10, &err));
    await_traced(1);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    assert_true(submit(w, record, &names[1], 1, 10, &err));
    assert_true(submit(w, record, &names[2], 1, 10, &err));
    assert_true(submit(w, record, &names[3], 1, 11, &err));
    set_door(true);
    await_traced(4);
    work_free(w);
    assert_int_equal(trace[1], 'd'); /* the connection that has used nothing */
}

static void an_address_leaves_a_worker_to_the_others(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(2, 20, &err);
    assert_non_null(w);
    assert_true(submit(w, record, &names[0], 2, 20, &err)); /* there is somebody else */
    await_traced(1);
    for (int i = 0; i < 3; i++)
        assert_true(submit(w, at_door, NULL, 1, 10 + (uint64_t)i, &err));
    await_inside(1);
    assert_true(submit(w, record, &names[1], 2, 20, &err));
    await_traced(2); /* it ran though three of the other's were before it */
    set_door(true);
    work_free(w);
}

static void alone_it_has_all_of_them(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(2, 20, &err);
    assert_non_null(w);
    assert_true(submit(w, at_door, NULL, 1, 10, &err));
    assert_true(submit(w, at_door, NULL, 1, 11, &err));
    await_inside(2);
    set_door(true);
    work_free(w);
}

static void three_quarters_of_the_queue_at_most(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 8, &err);
    assert_non_null(w);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    for (int i = 0; i < 6; i++)
        assert_true(submit(w, nothing, NULL, 1, 10, &err));
    assert_true(submit(w, nothing, NULL, 2, 20, &err)); /* from now on others want something */
    assert_false(submit(w, nothing, NULL, 1, 10, &err));
    assert_int_equal(err.code, ERR_RATE_LIMITED);
    assert_string_equal(err.msg, "6 of your requests are waiting already: try again in a moment");
    err = (Err)ERR_INIT;
    assert_true(submit(w, nothing, NULL, 2, 20, &err));
    assert_false(submit(w, nothing, NULL, 2, 20, &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    set_door(true);
    work_free(w);
}

/* Fourteen jobs of 20 ms at once are a flood: until eight wait, a fifth of a processor is
 * theirs. */
static void a_flood_gets_its_part(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(2, 40, &err);
    assert_non_null(w);
    work_flood_part(w, 200);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(2);
    for (int i = 0; i < 14; i++)
        assert_true(submit(w, burn, &names[0], 1, 10, &err));
    assert_true(submit(w, record, &names[1], 2, 20, &err)); /* somebody else */
    uint64_t start = clock_mono_ns();
    set_door(true);
    await_traced(15);
    /* Six began while more than eight waited, and all but the first two had to wait for what those
     * before them owed: some 100 ms each. */
    assert_true(clock_seconds_since(start) > 0.3);
    assert_non_null(memchr(trace, 'b', 3));
    work_free(w);
}

/* Of somebody whose connection was there a minute ago. */
static bool submit_known(Work *w, WorkFn run, char *arg, WorkFrom from, Err *err)
{
    uint64_t now = clock_mono_ns() / 1000000;
    from.since_ms = now > 60000 ? now - 60000 : 1;
    return work_submit_from(w, WORK_INTERACTIVE, run, nothing, arg, NULL, &from, err);
}

/* A person at address 99, who has used more than any of them, comes when 160 jobs have waited long
 * enough to be seen for a flood: of `addresses` addresses, each job on a connection of its own. */
static void person_among(uint64_t addresses, bool of_same)
{
    Err err = ERR_INIT;
    Work *w = work_new(1, 1000, &err);
    assert_non_null(w);
    assert_true(submit_known(w, burn, &names[0], (WorkFrom){.address = 99, .connection = 1}, &err));
    await_traced(1);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    for (uint64_t i = 0; i < 160; i++)
        assert_true(submit(w, nothing, NULL, of_same ? 99 : 100 + i % addresses, 1000 + i, &err));
    assert_true(submit(w, record, &names[2], of_same ? 99 : 100, 999, &err));
    usleep(2 * FAIR_PRESSING_MS * 1000);
    WorkFrom person = {.address = 99, .connection = 2};
    assert_true(submit_known(w, record, &names[1], person, &err));
    set_door(true);
    await_traced(3);
    work_free(w);
    assert_string_equal(trace, "abc");
}

static void a_person_does_not_wait_for_many_addresses(void **state)
{
    (void)state;
    person_among(58, false);
}

static void nor_for_many_connections_of_the_same(void **state)
{
    (void)state;
    person_among(1, true);
}

static void who_has_signed_in_goes_before_strangers(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 20, &err);
    assert_non_null(w);
    WorkFrom known = {.address = 2, .connection = 20, .known = true};
    assert_true(submit_known(w, burn, &names[0], known, &err));
    await_traced(1);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    assert_true(submit(w, record, &names[1], 1, 10, &err));
    assert_true(submit_known(w, record, &names[2], known, &err));
    set_door(true);
    await_traced(3);
    work_free(w);
    assert_string_equal(trace, "acb");
}

static void many_that_fill_the_queue_leave_room_for_who_is_not_in_it(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 100, &err);
    assert_non_null(w);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    unsigned taken = 0;
    for (uint64_t i = 0; i < 400; i++) {
        Err refused = ERR_INIT;
        bool ok = submit(w, nothing, NULL, 1 + i % 20, 100 + i, &refused);
        taken += ok;
        assert_true(ok || refused.code == ERR_RATE_LIMITED);
    }
    assert_in_range(taken, 80, 99);
    assert_true(submit(w, nothing, NULL, 77, 700, &err));
    set_door(true);
    work_free(w);
}

static void what_is_refused_counts(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Work *w = work_new(1, 20, &err);
    assert_non_null(w);
    assert_true(work_submit(w, WORK_INTERACTIVE, at_door, nothing, NULL, &err));
    await_inside(1);
    for (int i = 0; i < 50; i++)
        work_refused(w, &(WorkFrom){.address = 1, .connection = 10});
    assert_true(submit(w, record, &names[0], 1, 10, &err));
    assert_true(submit(w, record, &names[1], 2, 20, &err));
    set_door(true);
    await_traced(2);
    work_free(w);
    assert_string_equal(trace, "ba");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_least_served_address_is_first, begin),
        cmocka_unit_test_setup(what_is_used_counts_as_often_as_jobs_wait, begin),
        cmocka_unit_test_setup(and_among_its_connections_the_least_served, begin),
        cmocka_unit_test_setup(an_address_leaves_a_worker_to_the_others, begin),
        cmocka_unit_test_setup(alone_it_has_all_of_them, begin),
        cmocka_unit_test_setup(a_person_does_not_wait_for_many_addresses, begin),
        cmocka_unit_test_setup(nor_for_many_connections_of_the_same, begin),
        cmocka_unit_test_setup(who_has_signed_in_goes_before_strangers, begin),
        cmocka_unit_test_setup(many_that_fill_the_queue_leave_room_for_who_is_not_in_it, begin),
        cmocka_unit_test_setup(what_is_refused_counts, begin),
        cmocka_unit_test_setup(a_flood_gets_its_part, begin),
        cmocka_unit_test_setup(three_quarters_of_the_queue_at_most, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
