/* Small look-ups in batches: each is run once, by whoever they may wait for and no longer. */
#include "support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "api/batch.h"

#define LOOKUPS_MAX 200

typedef struct {
    Work *work;
    Server *server;
    Batches *batches;
    atomic_int ran, dropped, refused, late;
    atomic_bool door;           /* open: those who wait at it go on */
    atomic_int inside;
    atomic_int by[LOOKUPS_MAX]; /* how often each was run */
    atomic_ullong late_id;
} Fx;

typedef struct {
    Fx *f;
    int n;
    bool waits; /* at the door */
    bool slow;  /* longer than a batch may take */
} Lookup;

static void wait_for(atomic_int *what, int n)
{
    while (atomic_load(what) < n)
        usleep(200); /* the test's own time limit is the only one */
}

static void run(void *arg, unsigned worker)
{
    Lookup *l = arg;
    (void)worker;
    if (l->slow)
        usleep(3 * BATCH_NS / 1000);
    atomic_fetch_add(&l->f->inside, l->waits);
    while (l->waits && !atomic_load(&l->f->door))
        usleep(200);
    atomic_fetch_add(&l->f->by[l->n], 1);
    atomic_fetch_add(&l->f->ran, 1);
}

static void drop(void *arg, unsigned worker)
{
    (void)worker;
    atomic_fetch_add(&((Lookup *)arg)->f->dropped, 1);
}

static void refuse(void *arg, const Err *err)
{
    assert_true(err->code == ERR_UNAVAILABLE || err->code == ERR_RATE_LIMITED);
    atomic_fetch_add(&((Lookup *)arg)->f->refused, 1);
}

static void late(void *arg, uint64_t id)
{
    Fx *f = arg;
    atomic_store(&f->late_id, id);
    atomic_fetch_add(&f->late, 1);
}

static void never(void *arg, HttpExchange *x)
{
    (void)arg;
    (void)x;
}

/* A server whose loop does not run: then nothing waits for what is on its way. */
static void begin(Fx *f, unsigned threads, size_t queue, uint32_t limit_ms)
{
    Err err = ERR_INIT;
    ServerOptions so = {.host = "127.0.0.1", .on_request = never};
    memset(f, 0, sizeof *f);
    f->work = work_new(threads, queue, &err);
    f->server = server_new(&so, &err);
    BatchOptions o = {.work = f->work, .limit_ms = limit_ms, .refuse = refuse, .late = late,
                      .arg = f};
    f->batches = batches_new(&o, &err);
    assert_non_null(f->work);
    assert_non_null(f->server);
    assert_non_null(f->batches);
    batches_set_server(f->batches, f->server);
}

static void end(Fx *f)
{
    work_free(f->work);
    batches_free(f->batches);
    server_free(f->server);
}

static void add(Fx *f, Lookup *l, uint64_t address, uint8_t person)
{
    Err err = ERR_INIT;
    Uuid owner = {{person}};
    WorkFrom from = {.address = address, .connection = 100 + (uint64_t)l->n};
    BatchItem item = {run, drop, l, 1000 + (uint64_t)l->n};
    l->f = f;
    assert_true(batches_add(f->batches, &from, &owner, &item, &err));
}

static void all_once(Fx *f, int n)
{
    wait_for(&f->ran, n);
    for (int i = 0; i < n; i++)
        assert_int_equal(atomic_load(&f->by[i]), 1);
}

static void each_runs_once(void **state)
{
    (void)state;
    Fx f;
    Lookup l[LOOKUPS_MAX] = {0};
    begin(&f, 2, 64, 0);
    for (int round = 0; round < 5; round++) {
        for (int i = round * 40; i < round * 40 + 40; i++) {
            l[i].n = i;
            add(&f, &l[i], 1 + (uint64_t)(i % 3), (uint8_t)(1 + i % 2));
        }
        batches_flush(f.batches);
    }
    all_once(&f, LOOKUPS_MAX);
    end(&f);
    assert_int_equal(f.ran, LOOKUPS_MAX);
    assert_int_equal(f.dropped + f.refused + f.late, 0);
}

/* More than a batch holds are more than one job; another address or person is another job. */
static void whose_they_are(void **state)
{
    (void)state;
    Fx f;
    Lookup l[BATCH_MAX + 4] = {0}, first = {.n = BATCH_MAX + 4, .waits = true};
    begin(&f, 1, 64, 0);
    add(&f, &first, 9, 9);
    batches_flush(f.batches);
    wait_for(&f.inside, 1);
    for (int i = 0; i < BATCH_MAX + 2; i++) {
        l[i].n = i;
        add(&f, &l[i], 1, 1);
    }
    for (int i = BATCH_MAX + 2; i < BATCH_MAX + 4; i++) {
        l[i].n = i;
        add(&f, &l[i], i % 2 ? 1 : 2, i % 2 ? 2 : 1);
    }
    assert_int_equal(work_queued(f.work, WORK_INTERACTIVE), 0);
    batches_flush(f.batches);
    assert_int_equal(work_queued(f.work, WORK_INTERACTIVE), 4);
    atomic_store(&f.door, true);
    all_once(&f, BATCH_MAX + 5);
    end(&f);
}

/* The second is slow, the third waits until the fourth has been run: by another worker, to whom it
 * was given back. */
static void slow_ones_hold_up_nobody(void **state)
{
    (void)state;
    Fx f;
    Lookup l[] = {{.n = 0}, {.n = 1, .slow = true}, {.n = 2, .waits = true}, {.n = 3}, {.n = 4}};
    begin(&f, 2, 64, 0);
    for (int i = 0; i < 5; i++)
        add(&f, &l[i], 1, 1);
    batches_flush(f.batches);
    wait_for(&f.ran, 4);
    assert_int_equal(atomic_load(&f.by[2]), 0);
    atomic_store(&f.door, true);
    all_once(&f, 5);
    end(&f);
}

/* The first hangs: it is told of, and the others are looked up by the thread in its worker's
 * place. */
static void one_that_hangs(void **state)
{
    (void)state;
    Fx f;
    Lookup l[] = {{.n = 0, .waits = true}, {.n = 1}, {.n = 2}};
    begin(&f, 1, 64, 20);
    for (int i = 0; i < 3; i++)
        add(&f, &l[i], 1, 1);
    batches_flush(f.batches);
    wait_for(&f.inside, 1);
    while (work_watch(f.work) == 0)
        usleep(5000);
    assert_int_equal(atomic_load(&f.late), 1);
    assert_int_equal(atomic_load(&f.late_id), 1000);
    wait_for(&f.ran, 2);
    assert_int_equal(atomic_load(&f.by[0]), 0);
    atomic_store(&f.door, true);
    all_once(&f, 3);
    end(&f);
}

static void no_room_and_the_end(void **state)
{
    (void)state;
    Fx f;
    Lookup l[] = {{.n = 0, .waits = true}, {.n = 1}, {.n = 2}, {.n = 3}};
    begin(&f, 1, 1, 0);
    add(&f, &l[0], 1, 1);
    batches_flush(f.batches);
    wait_for(&f.inside, 1);
    add(&f, &l[1], 1, 1);
    batches_flush(f.batches); /* takes the one place that there is */
    add(&f, &l[2], 1, 1);
    add(&f, &l[3], 1, 1);
    batches_flush(f.batches);
    assert_int_equal(atomic_load(&f.refused), 2);
    atomic_store(&f.door, true);
    end(&f); /* the second is run, or dropped: never neither, never both */
    assert_int_equal(f.ran + f.dropped, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_runs_once),  cmocka_unit_test(whose_they_are),
        cmocka_unit_test(slow_ones_hold_up_nobody), cmocka_unit_test(one_that_hangs),
        cmocka_unit_test(no_room_and_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
