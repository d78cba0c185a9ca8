#include "support/unit.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"
#include "support/tempdir.h"
#include "support/torture.h"

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
    return os_exists(dir.path);
}

static void write_then_read(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *path = tempdir_file(&dir, "a.txt");
    static const size_t sizes[] = {0, 1, 63, 64, 4096, 200000};
    static char data[200000];
    memset(data, 'd', sizeof data);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        Buf b;
        buf_init(&b, sizeof data);
        assert_true(os_write_file(path, str_mem(data, sizes[i]), 0, &err));
        assert_int_equal(os_file_size(path), sizes[i]);
        assert_true(os_read_file(path, &b, &err));
        assert_int_equal(b.len, sizes[i]);
        assert_true(b.len == 0 || memcmp(b.ptr, data, b.len) == 0);
        buf_release(&b);
    }
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(os_write_file(path, STR("x"), 0644, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(err.code, ERR_NONE);
}

static void read_failures(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 5);
    assert_err(os_read_file(tempdir_file(&dir, "absent"), &b, &err), err, ERR_NOT_FOUND, "absent");
    assert_err(os_read_file(dir.path, &b, &err), err, ERR_IO, "cannot read");
    const char *path = tempdir_file(&dir, "six");
    assert_true(os_write_file(path, STR("123456"), 0, &err));
    assert_err(os_read_file(path, &b, &err), err, ERR_TOO_LARGE, "limit of 5 bytes");
    assert_int_equal(b.len, 0);
    buf_release(&b);
    /* exactly as large as the ceiling is allowed */
    buf_init(&b, 6);
    assert_true(os_read_file(path, &b, &err));
    assert_str(buf_str(&b), "123456");
    buf_release(&b);
    /* a file whose size the kernel does not tell */
    buf_init(&b, 1 << 20);
    assert_true(os_read_file("/proc/self/status", &b, &err));
    assert_true(str_find(buf_str(&b), STR("VmRSS"), 0) != SIZE_MAX);
    buf_release(&b);
    buf_init(&b, 10);
    assert_err(os_read_file("/proc/self/status", &b, &err), err, ERR_TOO_LARGE, "limit of 10");
    buf_release(&b);
}

static void a_failed_write_leaves_the_old(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_err(os_write_file(tempdir_file(&dir, "no/such/f"), STR("x"), 0, &err), err,
               ERR_NOT_FOUND, "no such file");
    /* a folder cannot be replaced by a file; the temporary one must be gone */
    const char *sub = tempdir_file(&dir, "sub");
    assert_true(os_mkdirs(sub, 0700, &err));
    assert_err(os_write_file(sub, STR("x"), 0, &err), err, ERR_IO, "cannot replace");
    assert_true(os_is_dir(sub));
    assert_true(os_remove_tree(sub, &err));
    assert_false(os_exists(sub));
}

static void folders(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *deep = tempdir_file(&dir, "a/b//c/");
    assert_true(os_mkdirs(deep, 0700, &err));
    assert_true(os_mkdirs(deep, 0700, &err)); /* again is fine */
    assert_true(os_is_dir(tempdir_file(&dir, "a/b/c")));
    assert_true(os_sync_dir(deep, &err));
    assert_true(os_write_file(tempdir_file(&dir, "a/file"), STR("x"), 0, &err));
    assert_err(os_mkdirs(tempdir_file(&dir, "a/file/x"), 0700, &err), err, ERR_IO, "cannot make");
    assert_err(os_mkdirs("", 0700, &err), err, ERR_VALIDATION, "empty name");
    assert_err(os_sync_dir(tempdir_file(&dir, "none"), &err), err, ERR_NOT_FOUND, "none");
    assert_int_equal(os_file_size(tempdir_file(&dir, "a")), -1);
    assert_int_equal(os_file_size(tempdir_file(&dir, "none")), -1);
    assert_false(os_is_dir(tempdir_file(&dir, "a/file")));
    assert_true(os_remove(tempdir_file(&dir, "a/file"), &err));
    assert_true(os_remove(tempdir_file(&dir, "a/file"), &err)); /* absent is fine */
    assert_err(os_remove(tempdir_file(&dir, "a"), &err), err, ERR_IO, "cannot remove");
}

static void a_relative_path_has_a_folder_too(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(dir.path), 0);
    bool ok = os_write_file("plain.txt", STR("x"), 0, &err) && os_mkdirs("one/two", 0700, &err);
    assert_int_equal(chdir(before), 0);
    assert_true(ok);
    assert_int_equal(os_file_size(tempdir_file(&dir, "plain.txt")), 1);
    assert_true(os_is_dir(tempdir_file(&dir, "one/two")));
}

static void remove_tree_never_follows_links(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_true(os_mkdirs(tempdir_file(&dir, "tree/inner"), 0700, &err));
    assert_true(os_mkdirs(tempdir_file(&dir, "outside"), 0700, &err));
    assert_true(os_write_file(tempdir_file(&dir, "outside/keep"), STR("x"), 0, &err));
    assert_true(os_write_file(tempdir_file(&dir, "tree/inner/f"), STR("x"), 0, &err));
    assert_int_equal(symlink("../outside", tempdir_file(&dir, "tree/link")), 0);
    assert_int_equal(symlink("/nowhere", tempdir_file(&dir, "tree/dangling")), 0);
    assert_int_equal(symlink("outside", tempdir_file(&dir, "link")), 0);
    assert_true(os_remove_tree(tempdir_file(&dir, "tree"), &err));
    assert_true(os_remove_tree(tempdir_file(&dir, "link"), &err));
    assert_true(os_remove_tree(tempdir_file(&dir, "tree"), &err)); /* absent is fine */
    assert_false(os_exists(tempdir_file(&dir, "tree")));
    assert_int_equal(os_file_size(tempdir_file(&dir, "outside/keep")), 1);
}

static void remove_tree_has_a_depth(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    char path[4096];
    size_t n = (size_t)snprintf(path, sizeof path, "%s/deep", dir.path);
    for (int i = 0; i < 140; i++)
        n += (size_t)snprintf(path + n, sizeof path - n, "/d");
    assert_true(os_mkdirs(path, 0700, &err));
    const char *top = tempdir_file(&dir, "deep");
    assert_err(os_remove_tree(top, &err), err, ERR_IO, "more than 128 deep");
    path[strlen(path) - 2 * 30] = '\0';
    assert_true(os_remove_tree(path, &err)); /* from further down it is within the limit */
    assert_true(os_remove_tree(top, &err));
}

static void join(void **state)
{
    (void)state;
    static const struct {
        const char *dir, *name, *out;
    } rows[] = {{"a", "b", "a/b"},   {"a/", "b", "a/b"}, {"a//", "/b", "a/b"}, {"/", "b", "/b"},
                {"", "b", "b"},      {"", "/b", "/b"},   {"/x/y", "z/w", "/x/y/z/w"},
                {"a", "", "a/"}};
    Arena *a = arena_new(1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_string_equal(os_join(a, rows[i].dir, rows[i].name), rows[i].out);
    arena_free(a);
    a = arena_new(16);
    assert_null(os_join(a, "a long folder name", "and a file"));
    arena_free(a);
}

static void random_bytes(void **state)
{
    (void)state;
    unsigned char a[4096] = {0}, b[4096] = {0};
    size_t seen[256] = {0};
    assert_true(os_random(a, sizeof a, NULL));
    assert_true(os_random(b, sizeof b, NULL));
    assert_memory_not_equal(a, b, sizeof a);
    assert_true(os_random(a, 0, NULL));
    for (size_t i = 0; i < sizeof a; i++)
        seen[a[i]]++;
    for (size_t i = 0; i < 256; i++)
        assert_true(seen[i] < 64); /* 16 on average */
}

static void this_process(void **state)
{
    (void)state;
    assert_true(os_cpu_count() >= 1 && os_cpu_count() <= 4096);
    uint64_t before = os_rss_bytes();
    assert_true(before > 100000);
    size_t n = (size_t)32 << 20;
    char *block = mem_alloc(n);
    assert_non_null(block);
    for (size_t i = 0; i < n; i += 4096)
        block[i] = 1;
    assert_true(os_rss_bytes() > before + n / 2);
    mem_free(block);
    const char *old = getenv("HOME");
    char *saved = old ? mem_strdup(old) : NULL;
    (void)setenv("HOME", "/somewhere", 1);
    assert_string_equal(os_home(), "/somewhere");
    (void)setenv("HOME", "", 1);
    const char *home = os_home(); /* from the password file, where there is an entry */
    assert_true(home == NULL || home[0] == '/');
    if (saved)
        (void)setenv("HOME", saved, 1);
    mem_free(saved);
}

static bool use_files(void *arg)
{
    (void)arg;
    Err err = ERR_INIT;
    Buf b;
    buf_init(&b, 1000);
    bool ok = os_mkdirs(tempdir_file(&dir, "t/u"), 0700, &err) &&
              os_write_file(tempdir_file(&dir, "t/u/v"), STR("torture"), 0, &err) &&
              os_read_file(tempdir_file(&dir, "t/u/v"), &b, &err);
    if (ok)
        assert_str(buf_str(&b), "torture");
    else
        assert_int_equal(err.code, ERR_NO_MEMORY);
    buf_release(&b);
    assert_true(os_remove_tree(tempdir_file(&dir, "t"), NULL));
    return ok;
}

static void torture(void **state)
{
    (void)state;
    assert_true(torture_alloc(use_files, NULL, 0) >= 5);
    assert_true(torture_alloc(use_files, NULL, 1) >= 5);
}

static void cpu_quota(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned cpus;
    } cases[] = {{"max 100000\n", 0}, {"100000 100000\n", 1}, {"150000 100000\n", 2},
                 {"50000 100000\n", 1}, {"400000 100000\n", 4}, {"400000 0\n", 0},
                 {"", 0}, {"12\n", 0}, {"9999999999999999 1\n", UINT_MAX}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(os_cpu_quota(str_of(cases[i].text)), cases[i].cpus);
    assert_in_range(os_cpu_count(), 1, 65536);
    assert_int_equal(os_cpu_count(), os_cpu_count());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_then_read),
        cmocka_unit_test(read_failures),
        cmocka_unit_test(a_failed_write_leaves_the_old),
        cmocka_unit_test(folders),
        cmocka_unit_test(a_relative_path_has_a_folder_too),
        cmocka_unit_test(remove_tree_never_follows_links),
        cmocka_unit_test(remove_tree_has_a_depth),
        cmocka_unit_test(join),
        cmocka_unit_test(random_bytes),
        cmocka_unit_test(this_process),
        cmocka_unit_test(cpu_quota),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
