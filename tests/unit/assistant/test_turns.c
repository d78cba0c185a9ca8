/* Turns of one conversation exclude each other; any number of others run beside. */
#include "support/unit.h"

#include <stdatomic.h>

#include "assistant/turns.h"

#define SESSIONS 300
#define THREADS 4
#define ROUNDS 2000

static bool at_once(void *arg)
{
    ++*(int *)arg;
    return true;
}

static void test_others_do_not_wait(void **state)
{
    Turns t;
    static TurnHeld held[SESSIONS];
    Uuid id[SESSIONS];
    TurnHeld again;
    Err err = ERR_INIT;
    int asked = 0;
    (void)state;
    turns_init(&t);
    for (int i = 0; i < SESSIONS; i++) {
        assert_true(uuid_v4(&id[i], &err));
        assert_true(turns_enter(&t, &held[i], &id[i], at_once, &asked, &err));
    }
    assert_int_equal(asked, 0); /* nobody had to wait */
    for (int i = 0; i < SESSIONS; i += 37) {
        Err why = ERR_INIT;
        assert_false(turns_enter(&t, &again, &id[i], at_once, &asked, &why));
        assert_int_equal(why.code, ERR_CANCELLED);
    }
    for (int i = 0; i < SESSIONS; i++)
        turns_leave(&t, &held[i]);
    assert_null(t.held);
    assert_true(turns_enter(&t, &again, &id[0], NULL, NULL, &err));
    turns_leave(&t, &again);
    turns_release(&t);
}

typedef struct {
    Turns turns;
    Uuid session;
    atomic_int inside, worst;
    int done; /* without a lock of its own: the turn is it */
} Shared;

static void *talk(void *arg)
{
    Shared *s = arg;
    Err err = ERR_INIT;
    for (int i = 0; i < ROUNDS; i++) {
        TurnHeld h;
        if (!turns_enter(&s->turns, &h, &s->session, NULL, NULL, &err))
            return NULL;
        if (atomic_fetch_add(&s->inside, 1))
            atomic_store(&s->worst, 1);
        s->done++;
        (void)atomic_fetch_sub(&s->inside, 1);
        turns_leave(&s->turns, &h);
    }
    return NULL;
}

static void test_one_after_another(void **state)
{
    static Shared s;
    pthread_t threads[THREADS];
    Err err = ERR_INIT;
    (void)state;
    turns_init(&s.turns);
    assert_true(uuid_v4(&s.session, &err));
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, talk, &s), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&s.worst), 0);
    assert_int_equal(s.done, THREADS * ROUNDS);
    turns_release(&s.turns);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_others_do_not_wait),
        cmocka_unit_test(test_one_after_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
