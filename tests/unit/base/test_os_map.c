#include "support/unit.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os.h"
#include "support/tempdir.h"

static TempDir dir;

static int setup(void **state)
{
    (void)state;
    tempdir_make(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tempdir_remove(&dir);
    return 0;
}

static void maps_a_file(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Mapped m = {(const uint8_t *)"untouched", 9};
    assert_err(os_map(tempdir_file(&dir, "absent"), &m, &err), err, ERR_NOT_FOUND, "absent");
    assert_err(os_map(dir.path, &m, &err), err, ERR_IO, "no regular file");
    assert_int_equal(m.size, 9);
    const char *path = tempdir_file(&dir, "f");
    assert_true(os_write_file(path, STR("mapped"), 0, &err));
    assert_true(os_map(path, &m, &err));
    assert_int_equal(m.size, 6);
    assert_memory_equal(m.data, "mapped", 6);
    /* replacing the file does not change what is mapped */
    assert_true(os_write_file(path, STR("newer!"), 0, &err));
    assert_memory_equal(m.data, "mapped", 6);
    os_unmap(&m);
    assert_null(m.data);
    os_unmap(&m);
    assert_true(os_write_file(path, STR(""), 0, &err));
    assert_true(os_map(path, &m, &err));
    assert_null(m.data);
    assert_int_equal(m.size, 0);
}

static void a_lock_excludes(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf note;
    buf_init(&note, 2000);
    const char *path = tempdir_file(&dir, "lock");
    assert_false(os_lock_held(path, &note));
    OsLock *lock = os_lock(path, STR("http://127.0.0.1:8080"), NULL, &err);
    assert_non_null(lock);
    assert_true(os_lock_held(path, &note));
    assert_str(buf_str(&note), "http://127.0.0.1:8080");
    buf_clear(&note);
    assert_true(os_lock_note(lock, STR("short"), &err));
    assert_err(os_lock(path, STR("second"), &note, &err) != NULL, err, ERR_CONFLICT, "is locked");
    assert_str(buf_str(&note), "short"); /* the failed attempt changed nothing */
    assert_true(os_lock_held(path, NULL));
    os_unlock(lock);
    buf_clear(&note);
    assert_false(os_lock_held(path, &note));
    assert_int_equal(note.len, 0);
    lock = os_lock(path, STR(""), NULL, &err);
    assert_non_null(lock);
    os_unlock(lock);
    os_unlock(NULL);
    buf_release(&note);
}

static void asking_takes_nothing(void **state)
{
    (void)state;
    const char *path = tempdir_file(&dir, "asked");
    OsLock *lock = os_lock(path, STR("x"), NULL, NULL);
    for (int i = 0; i < 100; i++)
        assert_true(os_lock_held(path, NULL));
    os_unlock(lock);
    assert_false(os_lock_held(path, NULL));
    lock = os_lock(path, STR("y"), NULL, NULL);
    assert_non_null(lock);
    os_unlock(lock);
}

static void a_dead_process_holds_nothing(void **state)
{
    (void)state;
    const char *path = tempdir_file(&dir, "dead");
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(os_lock(path, STR("child"), NULL, NULL) ? 0 : 1); /* dies with the lock held */
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_false(os_lock_held(path, NULL));
    OsLock *lock = os_lock(path, STR("parent"), NULL, NULL);
    assert_non_null(lock);
    os_unlock(lock);
}

static void lock_failures(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    static char big[2000];
    assert_err(os_lock(tempdir_file(&dir, "no/lock"), STR(""), NULL, &err) != NULL, err, ERR_IO,
               "cannot open the lock file");
    const char *path = tempdir_file(&dir, "big");
    assert_err(os_lock(path, str_mem(big, sizeof big), NULL, &err) != NULL, err, ERR_TOO_LARGE,
               "a lock's note");
    assert_false(os_lock_held(path, NULL));
    mem_test_fail(1, 0);
    OsLock *lock = os_lock(path, STR(""), NULL, &err);
    mem_test_fail(0, 0);
    assert_null(lock);
    assert_int_equal(err.code, ERR_NO_MEMORY);
}

static void optional_libraries(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *const absent[] = {"libsotto-none.so.1", "libsotto-none.so", NULL};
    const char *const libm[] = {"libsotto-none.so.1", "libm.so.6", NULL};
    assert_null(os_dlopen(absent, "libsotto-none1", &err));
    assert_int_equal(err.code, ERR_UNAVAILABLE);
    assert_non_null(strstr(err.msg, "install the package libsotto-none1"));
    void *lib = os_dlopen(libm, "libc6", &err);
    assert_non_null(lib);
    double (*root)(double) = NULL;
    assert_err(os_sym(lib, "no_such_function", &root, &err), err, ERR_UNAVAILABLE,
               "no_such_function");
    assert_null(root);
    assert_true(os_sym(lib, "cbrt", &root, &err));
    assert_true(root(27.0) > 2.999 && root(27.0) < 3.001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_a_file),
        cmocka_unit_test(a_lock_excludes),
        cmocka_unit_test(asking_takes_nothing),
        cmocka_unit_test(a_dead_process_holds_nothing),
        cmocka_unit_test(lock_failures),
        cmocka_unit_test(optional_libraries),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
