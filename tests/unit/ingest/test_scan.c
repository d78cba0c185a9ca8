/* What a scan meets, and what the kernel tells of a folder. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "ingest/scan.h"
#include "ingest/watch.h"
#include "support/unit.h"
#include "support/tempdir.h"

typedef struct {
    size_t prefix;
    Buf log;
} Met;

static bool met(void *arg, const ScanItem *item)
{
    Met *m = arg;
    buf_printf(&m->log, "%s%s\n", item->path + m->prefix, item->problem ? " !" : "");
    return true;
}

static void put(const TempDir *t, const char *name, const char *text)
{
    Err err = ERR_INIT;
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", t->path, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_true(os_mkdirs(path, 0755, &err));
    *slash = '/';
    assert_true(os_write_file(path, str_of(text), 0644, &err));
}

static void scan(const TempDir *t, ScanOptions o, ScanCounts *counts, Met *m)
{
    Err err = ERR_INIT;
    o.root = t->path;
    o.on_item = met;
    o.arg = m;
    m->prefix = strlen(t->path) + 1;
    buf_clear(&m->log);
    if (!scan_run(&o, counts, &err))
        fail_msg("%s", err.msg);
}

static void everything_is_told(void **state)
{
    (void)state;
    TempDir t;
    ScanCounts counts;
    Met m = {0};
    tempdir_make(&t);
    buf_init(&m.log, 1 << 20);
    put(&t, "b.txt", "b");
    put(&t, "a/c.txt", "c");
    put(&t, "a/skip/d.txt", "d");
    put(&t, ".hidden", "x");
    put(&t, "a/.sottoignore", "skip/\n");
    put(&t, "e/f.log", "f");
    assert_int_equal(mkfifo(tempdir_file(&t, "pipe"), 0600), 0);
    assert_int_equal(symlink("nowhere", tempdir_file(&t, "broken")), 0);
    assert_int_equal(symlink(".", tempdir_file(&t, "circle")), 0);
    assert_int_equal(symlink("b.txt", tempdir_file(&t, "link")), 0);
    scan(&t, (ScanOptions){0}, &counts, &m);
    assert_string_equal(m.log.ptr, "a/c.txt\nb.txt\nbroken !\ne/f.log\nlink\npipe !\n");
    assert_int_equal(counts.files, 4);
    assert_int_equal(counts.problems, 2);
    assert_int_equal(counts.folders, 3);
    assert_int_equal(counts.hidden, 1);
    assert_int_equal(counts.excluded, 1);
    assert_int_equal(counts.links, 1);
    /* Include, exclude (which also comes with the root before it), and a part of it. */
    Str txt = STR("*.txt");
    scan(&t, (ScanOptions){.include = &txt, .n_include = 1}, &counts, &m);
    assert_string_equal(m.log.ptr, "a/c.txt\nb.txt\n");
    char with_root[600];
    (void)snprintf(with_root, sizeof with_root, "%s/a/", t.path);
    Str a = str_of(with_root);
    scan(&t, (ScanOptions){.exclude = &a, .n_exclude = 1}, &counts, &m);
    assert_string_equal(m.log.ptr, "b.txt\nbroken !\ne/f.log\nlink\npipe !\n");
    scan(&t, (ScanOptions){.at = tempdir_file(&t, "a")}, &counts, &m);
    assert_string_equal(m.log.ptr, "a/c.txt\n");
    scan(&t, (ScanOptions){.at = tempdir_file(&t, "a/skip")}, &counts, &m);
    assert_int_equal(m.log.len, 0);
    scan(&t, (ScanOptions){.shallow = true}, &counts, &m);
    assert_string_equal(m.log.ptr, "b.txt\nbroken !\nlink\npipe !\n");
    Err err = ERR_INIT;
    ScanOptions none = {.root = "/nonexistent/folder", .on_item = met, .arg = &m};
    assert_err(scan_run(&none, &counts, &err), err, ERR_NOT_FOUND, "cannot look at");
    buf_release(&m.log);
    tempdir_remove(&t);
}

static void sources(void **state)
{
    (void)state;
    Arena *a = arena_new(1 << 20);
    assert_str(scan_source(a, "/a/\xC3\xA4.txt"), "/a/\xC3\xA4.txt");
    Str one = scan_source(a, "/a/b\xE4.txt"), two = scan_source(a, "/a/b\xE5.txt");
    assert_true(str_starts(one, STR("/a/b\xEF\xBF\xBD.txt#")));
    assert_false(str_eq(one, two));
    assert_str(scan_name(one, "/a/b\xE4.txt"), "b\xEF\xBF\xBD.txt");
    assert_str(scan_name(STR("/a/b#c.txt"), "/a/b#c.txt"), "b#c.txt");
    assert_true(str_starts(scan_source(a, "/a/b\nc"), STR("/a/b?c#")));
    arena_free(a);
}

/* ---- the kernel's events --------------------------------------------------------------------- */

typedef struct {
    size_t files, came, went, lost;
    char name[300];
} Events;

static void on_event(void *arg, const WatchEvent *e)
{
    Events *n = arg;
    n->files += e->kind == WATCH_FILE;
    n->came += e->kind == WATCH_FOLDER_CAME;
    n->went += e->kind == WATCH_FOLDER_WENT;
    n->lost += e->kind == WATCH_LOST;
    (void)snprintf(n->name, sizeof n->name, "%s", e->name);
}

static void events(void **state)
{
    (void)state;
    TempDir t;
    Err err = ERR_INIT;
    bool overflow;
    Events n = {0};
    tempdir_make(&t);
    assert_true(watch_hears(t.path));
    Watch *w = watch_new(&err);
    assert_non_null(w);
    assert_true(watch_add(w, t.path, &err));
    put(&t, "a.txt", "a");
    watch_read(w, on_event, &n, &overflow);
    assert_true(n.files > 0 && !n.came && !n.went && !n.lost && !overflow);
    assert_int_equal(mkdir(tempdir_file(&t, "sub"), 0755), 0);
    watch_read(w, on_event, &n, &overflow);
    assert_int_equal(n.came, 1);
    assert_string_equal(n.name, "sub");
    assert_true(watch_add(w, tempdir_file(&t, "sub"), &err));
    assert_int_equal(watch_count(w), 2);
    assert_int_equal(rename(tempdir_file(&t, "sub"), tempdir_file(&t, "bus")), 0);
    watch_read(w, on_event, &n, &overflow);
    assert_true(n.went == 1 && n.came == 2);
    watch_drop(w, tempdir_file(&t, "sub"));
    assert_int_equal(watch_count(w), 1);
    put(&t, "bus/x.txt", "x"); /* nobody listens there any more */
    n = (Events){0};
    watch_read(w, on_event, &n, &overflow);
    assert_int_equal(n.files, 0);
    assert_err(watch_add(w, tempdir_file(&t, "none"), &err), err, ERR_NOT_FOUND, "cannot watch");
    watch_free(w);
    tempdir_remove(&t);
}

static void an_overflow_is_told(void **state)
{
    (void)state;
    TempDir t;
    Err err = ERR_INIT;
    bool overflow;
    Events n = {0};
    char number[32] = "";
    tempdir_make(&t);
    Watch *w = watch_new(&err);
    assert_non_null(w);
    assert_true(watch_add(w, t.path, &err));
    assert_true(os_read_head("/proc/sys/fs/inotify/max_queued_events", number,
                             sizeof number - 1) > 0);
    /* Two names in turn, so that equal events are not joined. */
    int a = open(tempdir_file(&t, "a"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    int b = open(tempdir_file(&t, "b"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(a >= 0 && b >= 0);
    for (long i = strtol(number, NULL, 10) / 2 + 10; i > 0; i--)
        assert_true(write(a, "x", 1) == 1 && write(b, "x", 1) == 1);
    watch_read(w, on_event, &n, &overflow);
    assert_true(overflow && n.files > 0);
    assert_int_equal(write(a, "x", 1), 1);
    watch_read(w, on_event, &n, &overflow);
    assert_false(overflow);
    (void)close(a);
    (void)close(b);
    watch_free(w);
    tempdir_remove(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_told), cmocka_unit_test(sources), cmocka_unit_test(events),
        cmocka_unit_test(an_overflow_is_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
