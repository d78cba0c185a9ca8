/* test_access_limits.c - how many people there may be: at the limit, and one more. And what is
 * written from time to time, by several threads at once (for the thread sanitizer). */
#include "support/unit.h"

#include <pthread.h>

#include "api/access_int.h"
#include "base/clock.h"
#include "support/tempdir.h"

static void people(void **state)
{
    (void)state;
    TempDir dir;
    Err err = ERR_INIT;
    Uuid id;
    char name[32];
    tempdir_make(&dir);
    Store *store = store_open_sqlite(&(StoreOptions){.dir = dir.path, .model = "test"}, &err);
    assert_non_null(store);
    Access *x = access_new(&(AccessOptions){.store = store, .local = {{1}}, .people_max = 200},
                           &err);
    assert_non_null(x);
    for (unsigned i = 1; i < 200; i++) { /* beside the first */
        (void)snprintf(name, sizeof name, "person-%u", i);
        if (!access_person_add(x, str_of(name), (Str){NULL, 0}, false, &id, &err))
            fail_msg("%u: %s", i, err.msg);
    }
    assert_err(access_person_add(x, STR("one-more"), (Str){NULL, 0}, false, &id, &err), err,
               ERR_CONFLICT, "200 people");
    assert_int_equal(PEOPLE_MAX, 100000); /* of which nobody waits for that many */
    access_free(x);
    store_close(store);
    tempdir_remove(&dir);
}

#define TICKS 200u

static void *tick_and_note(void *arg)
{
    const Caller caller = {.kind = CALLER_LOCAL, .owner = {{1}}, .who = "me", .via = "a test"};
    for (unsigned i = 0; i < TICKS; i++) {
        access_note(arg, &caller, &(HttpRequest){0}, STR("POST /x"), STR("y"), 200);
        clock_set_ms(clock_now_ms() + 2000); /* so that it is time to look */
        access_tick(arg);
    }
    return NULL;
}

/* As the main thread does and a worker that reads the log. */
static void ticks_of_two_threads(void **state)
{
    (void)state;
    TempDir dir;
    Err err = ERR_INIT;
    pthread_t other;
    AuditEntry *found;
    size_t n = 0;
    tempdir_make(&dir);
    Store *store = store_open_sqlite(&(StoreOptions){.dir = dir.path, .model = "test"}, &err);
    assert_non_null(store);
    Access *x = access_new(&(AccessOptions){.store = store, .local = {{1}}}, &err);
    assert_non_null(x);
    assert_int_equal(pthread_create(&other, NULL, tick_and_note, x), 0);
    (void)tick_and_note(x);
    assert_int_equal(pthread_join(other, NULL), 0);
    clock_set_ms(0);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!store_audit_list(store, &(AuditQuery){.limit = 4 * TICKS}, a, &found, &n, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(n, 2 * TICKS); /* nothing twice, nothing lost */
    arena_free(a);
    access_free(x);
    store_close(store);
    tempdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(people),
                                       cmocka_unit_test(ticks_of_two_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
