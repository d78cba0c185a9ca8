/* test_sync_progress.c - who is told how far watched folders are can go away at any moment: a
 * person is let go, or removed, while their folders are being read. */
#include "support/unit.h"

#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#include "base/clock.h"
#include "ingest/sync.h"
#include "support/tempdir.h"

#define PATIENCE_S 60.0

static atomic_bool entered, inside;

static void nap(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void slow_listener(void *arg)
{
    (void)arg;
    atomic_store(&inside, true);
    atomic_store(&entered, true);
    nap(200);
    atomic_store(&inside, false);
}

static void is_not_called_any_more(void **state)
{
    (void)state;
    TempDir dir;
    Err err = ERR_INIT;
    Uuid id;
    tempdir_make(&dir);
    Store *store = store_open_sqlite(&(StoreOptions){.dir = dir.path, .model = "test"}, &err);
    Work *work = work_new(1, 16, &err);
    assert_non_null(store);
    assert_non_null(work);
    Sync *s = sync_new(&(SyncOptions){.store = store, .work = work, .owner = {{1}}}, &err);
    assert_non_null(s);
    sync_on_progress(s, slow_listener, NULL);
    char docs[sizeof dir.path + 8];
    (void)snprintf(docs, sizeof docs, "%s/docs", dir.path);
    assert_int_equal(mkdir(docs, 0700), 0);
    assert_true(sync_start(s, &err));
    sync_stop(s); /* something else could not start: once more, as at the next tick */
    if (!sync_start(s, &err) || !sync_add(s, &(Folder){.path = str_of(docs)}, &id, &err))
        fail_msg("%s", err.msg);
    uint64_t began = clock_mono_ns();
    while (!atomic_load(&entered) && clock_seconds_since(began) < PATIENCE_S)
        nap(1);
    assert_true(atomic_load(&entered));
    sync_on_progress(s, NULL, NULL);
    assert_false(atomic_load(&inside));
    sync_stop(s);
    work_free(work);
    sync_free(s);
    store_close(store);
    tempdir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(is_not_called_any_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
