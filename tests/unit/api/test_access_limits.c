/* test_access_limits.c - how many people there may be: at the limit, and one more. */
#include "support/unit.h"

#include "api/access_int.h"
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(people)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
