/* Tasks in the store: what is kept, changes and their undoing, lists, firing, older files. */
#include <sqlite3.h>

#include "store/sqlite/sq.h"
#include "store_unit.h"

#define T0 1795424400000LL /* 2026-11-23T09:00:00Z */
#define HOUR 3600000LL

static Task a_task(uint64_t n, const char *title)
{
    return (Task){.id = fx_uuid(n), .priority = TASK_NORMAL, .title = str_of(title),
        .due_at = TASK_NO_TIME, .due_end = TASK_NO_TIME, .zone = STR("Europe/Berlin"),
        .series_start = TASK_NO_TIME, .series_at = TASK_NO_TIME, .created_at = T0,
        .updated_at = T0, .completed_at = TASK_NO_TIME, .snoozed_until = TASK_NO_TIME};
}

static Task full_task(Fx *f, uint64_t n)
{
    Task t = a_task(n, "review the quarterly report");
    t.alarms = ARENA_NEW_ARRAY(f->a, TaskAlarm, 2);
    t.alarms[0] = (TaskAlarm){false, -HOUR};
    t.alarms[1] = (TaskAlarm){true, T0 + HOUR};
    t.n_alarms = 2;
    t.fires = ARENA_NEW_ARRAY(f->a, TaskFire, 2);
    t.fires[0] = (TaskFire){T0 + HOUR, TASK_NO_TIME};
    t.fires[1] = (TaskFire){T0 + 7 * HOUR, T0 + 8 * HOUR};
    t.n_fires = 2;
    t.tags = ARENA_NEW_ARRAY(f->a, Str, 2);
    t.tags[0] = STR("work");
    t.tags[1] = STR("Q\"4");
    t.n_tags = 2;
    t.kind = TASK_REMINDER;
    t.priority = TASK_URGENT;
    t.notes = STR("line one\nline two");
    t.due_at = t.due_end = t.series_at = t.series_start = T0 + 8 * HOUR;
    t.due_timed = true;
    t.rrule = STR("FREQ=WEEKLY;BYDAY=MO");
    t.series = fx_uuid(n + 5000);
    t.missed = 3;
    t.source = STR("text");
    t.extra_json = STR("{\"x\":1}");
    t.completed_at = T0 - 1;
    t.snoozed_until = T0 + HOUR;
    return t;
}

/* Everything but the store's own numbers. */
static void say(const Task *t, char out[4000])
{
    char id[UUID_TEXT], series[UUID_TEXT];
    int n = snprintf(out, 4000, "%s %d %d %d [" STR_FMT "] [" STR_FMT "] %lld %lld %d " STR_FMT
        " [" STR_FMT "] %lld %lld %s %u [" STR_FMT "] " STR_FMT " %lld %lld %lld %lld",
        uuid_format(&t->id, id), t->kind, t->status, t->priority, STR_ARG(t->title),
        STR_ARG(t->notes), (long long)t->due_at, (long long)t->due_end, t->due_timed,
        STR_ARG(t->zone), STR_ARG(t->rrule), (long long)t->series_start, (long long)t->series_at,
        uuid_format(&t->series, series), t->missed, STR_ARG(t->source),
        STR_ARG(t->extra_json.len ? t->extra_json : STR("{}")), (long long)t->created_at,
        (long long)t->updated_at, (long long)t->completed_at, (long long)t->snoozed_until);
    for (size_t i = 0; i < t->n_alarms; i++)
        n += snprintf(out + n, 4000 - (size_t)n, " a%d,%lld", t->alarms[i].absolute,
            (long long)t->alarms[i].ms);
    for (size_t i = 0; i < t->n_fires; i++)
        n += snprintf(out + n, 4000 - (size_t)n, " f%lld,%lld", (long long)t->fires[i].at,
            (long long)t->fires[i].due);
    for (size_t i = 0; i < t->n_tags; i++)
        n += snprintf(out + n, 4000 - (size_t)n, " #" STR_FMT, STR_ARG(t->tags[i]));
}

static void same(const Task *x, const Task *y)
{
    char a[4000], b[4000];
    say(x, a);
    say(y, b);
    assert_string_equal(a, b);
}

static Uuid put(Fx *f, const Task *t)
{
    Uuid change;
    TaskChange c = {.what = "created", .at = T0, .put = t, .n_put = 1};
    OK(store_task_change(f->s, &f->owner, &c, &change, &oops));
    return change;
}

static Task get(Fx *f, uint64_t n)
{
    Task t;
    Uuid id = fx_uuid(n);
    OK(store_task_get(f->s, &f->owner, &id, f->a, &t, &oops));
    return t;
}

static bool there(Fx *f, uint64_t n)
{
    Task t;
    Uuid id = fx_uuid(n);
    return store_task_get(f->s, &f->owner, &id, f->a, &t, NULL);
}

static void undo(Fx *f, const Uuid *change, const char *what)
{
    TaskChangeInfo info;
    OK(store_task_undo(f->s, &f->owner, change, f->a, &info, &oops));
    assert_string_equal(info.what, what);
}

static void kept_whole(void **state)
{
    Fx *f = *state;
    Task t = full_task(f, 1), plain = a_task(2, "plain");
    put(f, &t);
    put(f, &plain);
    store_close(f->s);
    f->s = fx_open(f->dir.path);
    Task got = get(f, 1);
    same(&t, &got);
    assert_int_equal(got.rev, 1);
    got = get(f, 2);
    same(&plain, &got);
    Uuid other = fx_uuid(77);
    Err err = ERR_INIT;
    assert_err(store_task_get(f->s, &other, &t.id, f->a, &got, &err), err, ERR_NOT_FOUND,
        "no such task");
}

static void refused(void **state)
{
    Fx *f = *state;
    Task t = a_task(1, "x"), late;
    Err err = ERR_INIT;
    TaskChange c = {.what = "created", .at = T0, .put = &t, .n_put = 1};
    put(f, &t);
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_CONFLICT, "same time");
    Task first = get(f, 1);
    late = first;
    late.title = STR("second");
    put(f, &late);
    c.put = &first; /* read before the second write */
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_CONFLICT, "same time");
    Task title = a_task(3, "  "), many = a_task(4, "x"), bad = a_task(5, "\xFF");
    many.n_alarms = 17;
    c.put = &title;
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_VALIDATION, "title");
    c.put = &many;
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_VALIDATION, "at most");
    c.put = &bad;
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_VALIDATION, "UTF-8");
    c.n_put = 0;
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_VALIDATION, "none");
    Task rows[2] = {a_task(8, "new"), first}; /* one row of a change refuses all of it */
    c = (TaskChange){.what = "x", .at = T0, .put = rows, .n_put = 2};
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_CONFLICT, "");
    assert_false(there(f, 8));
}

/* Whatever a change did, undoing it gives back what was there, down to the last member. */
static void undo_is_exact(void **state)
{
    Fx *f = *state;
    Task before = full_task(f, 1), other = a_task(2, "other");
    Uuid made = put(f, &before);
    put(f, &other);
    Task one = get(f, 1), two = get(f, 2), changed = one, done = a_task(3, "done row");
    changed.title = STR("something else");
    changed.tags = NULL;
    changed.n_tags = changed.n_alarms = changed.n_fires = 0;
    changed.due_at = TASK_NO_TIME;
    changed.status = TASK_CANCELLED;
    changed.rrule = STR("");
    Task rows[2] = {changed, done};
    TaskChange c = {.what = "mixed", .at = T0, .put = rows, .n_put = 2, .remove = &two,
        .n_remove = 1, .quiet = true};
    Uuid mixed;
    OK(store_task_change(f->s, &f->owner, &c, &mixed, &oops));
    assert_false(there(f, 2));
    assert_true(there(f, 3));
    Err err = ERR_INIT;
    TaskChangeInfo info;
    assert_err(store_task_undo(f->s, &f->owner, &made, f->a, &info, &err), err, ERR_CONFLICT,
        "changed again");
    store_close(f->s);
    f->s = fx_open(f->dir.path); /* the journal is on disk */
    undo(f, NULL, "mixed");
    Task got = get(f, 1);
    same(&before, &got);
    got = get(f, 2);
    same(&other, &got);
    assert_false(there(f, 3));
    assert_err(store_task_undo(f->s, &f->owner, &mixed, f->a, &info, &err), err, ERR_CONFLICT,
        "already");
    undo(f, &made, "created"); /* and now the one before is the last of its row */
    assert_false(there(f, 1));
    undo(f, NULL, "created");
    assert_false(there(f, 2));
    assert_err(store_task_undo(f->s, &f->owner, NULL, f->a, &info, &err), err, ERR_NOT_FOUND,
        "nothing to undo");
    Uuid none = fx_uuid(9999);
    assert_err(store_task_undo(f->s, &f->owner, &none, f->a, &info, &err), err, ERR_NOT_FOUND,
        "no such change");
    TaskChangeInfo *list;
    size_t n;
    OK(store_task_changes(f->s, &f->owner, 10, f->a, &list, &n, &oops));
    assert_int_equal(n, 3);
    assert_string_equal(list[0].what, "mixed");
    assert_int_equal(list[0].n_tasks, 3);
    assert_true(list[0].undone && list[2].undone);
}

static void deletions_come_back(void **state)
{
    Fx *f = *state;
    Task t = full_task(f, 1);
    put(f, &t);
    Task now = get(f, 1);
    Uuid change;
    TaskChange c = {.what = "deleted", .at = T0, .remove = &now, .n_remove = 1};
    OK(store_task_change(f->s, &f->owner, &c, &change, &oops));
    Err err = ERR_INIT;
    assert_err(store_task_change(f->s, &f->owner, &c, NULL, &err), err, ERR_NOT_FOUND, "no such");
    undo(f, &change, "deleted");
    Task got = get(f, 1);
    same(&t, &got);
    got.title = STR("goes on");
    put(f, &got); /* with the number that the restored row has */
}

/* ---- lists ---------------------------------------------------------------------------------- */

static size_t count(Fx *f, TaskFilter filter)
{
    TaskPage page;
    OK(store_task_list(f->s, &f->owner, &filter, TASK_SORT_DUE, 100, STR(""), f->a, &page, &oops));
    assert_int_equal(page.n, page.total);
    return page.n;
}

static void lists(void **state)
{
    Fx *f = *state;
    Str home[] = {STR("home"), STR("Garden")};
    for (uint64_t i = 0; i < 30; i++) {
        char title[40];
        (void)snprintf(title, sizeof title, "%s number %02u", i % 3 ? "Water plants" : "Zahnärzte",
            (unsigned)i);
        Task t = a_task(i + 1, title);
        t.kind = (TaskKind)(i % 4);
        t.priority = (TaskPriority)(i % 4);
        t.status = i < 20 ? TASK_OPEN : i < 27 ? TASK_DONE : TASK_CANCELLED;
        if (i % 2)
            t.due_at = t.due_end = T0 + (int64_t)i * HOUR;
        t.tags = home;
        t.n_tags = i % 3;
        t.created_at = T0 + (int64_t)(i * 7 % 30);
        if (i >= 20)
            t.completed_at = T0 + (int64_t)i;
        put(f, &t);
    }
    TaskStatus open = TASK_OPEN;
    TaskPriority high = TASK_HIGH;
    TaskKind kinds[] = {TASK_TIMER, TASK_ALARM};
    TaskFilter all = TASK_FILTER_ALL, x = all;
    assert_int_equal(count(f, all), 30);
    x.status = &open;
    assert_int_equal(count(f, x), 20);
    x.kinds = kinds;
    x.n_kinds = 2;
    assert_int_equal(count(f, x), 10);
    x = all;
    x.priority = &high;
    assert_int_equal(count(f, x), 7);
    x = all;
    x.tags = (Str[]){STR("garden"), STR("HOME")};
    x.n_tags = 2;
    assert_int_equal(count(f, x), 10);
    x = all;
    x.q = STR("zahnarzte 03"); /* folded, as documents are */
    assert_int_equal(count(f, x), 1);
    x.q = STR("GARDEN plants"); /* a tag counts, too */
    assert_int_equal(count(f, x), 10);
    x.q = STR("?!");
    assert_int_equal(count(f, x), 0);
    x = all;
    x.due_from = T0 + 3 * HOUR;
    x.due_before = T0 + 7 * HOUR;
    assert_int_equal(count(f, x), 2);
    x = all;
    x.overdue_at = T0 + 5 * HOUR;
    assert_int_equal(count(f, x), 3);
    x = all;
    x.done_from = T0 + 21;
    x.done_before = T0 + 24;
    assert_int_equal(count(f, x), 3);
    uint64_t counts[TASK_CANCELLED + 1];
    OK(store_task_counts(f->s, &f->owner, counts, &oops));
    assert_int_equal(counts[TASK_OPEN], 20);
    assert_int_equal(counts[TASK_DONE], 7);
    assert_int_equal(counts[TASK_CANCELLED], 3);
}

/* Every sort, in pages of seven: every task once, in order, and rows that come do not shift it. */
static void pages(void **state)
{
    Fx *f = *state;
    for (uint64_t i = 0; i < 30; i++) {
        char title[40];
        (void)snprintf(title, sizeof title, "%c task", (int)('a' + i * 11 % 26));
        Task t = a_task(i + 1, title);
        t.priority = (TaskPriority)(i % 4);
        if (i % 3)
            t.due_at = t.due_end = T0 + (int64_t)(i / 2) * HOUR;
        t.created_at = T0 + (int64_t)(i * 7 % 30);
        put(f, &t);
    }
    uint64_t more = 1000;
    for (int sort = TASK_SORT_DUE; sort <= TASK_SORT_TITLE; sort++) {
        bool seen[31] = {false};
        Str cursor = STR("");
        size_t n = 0, before = 0;
        TaskFilter all = TASK_FILTER_ALL;
        int64_t last = INT64_MIN;
        do {
            TaskPage page;
            OK(store_task_list(f->s, &f->owner, &all, (TaskSort)sort, 7, cursor, f->a, &page,
                &oops));
            for (size_t i = 0; i < page.n; i++) {
                for (uint64_t k = 1; k <= 30; k++) {
                    Uuid id = fx_uuid(k);
                    if (!uuid_eq(&id, &page.items[i].id))
                        continue;
                    assert_false(seen[k]);
                    seen[k] = true;
                    n++;
                }
                if (sort == TASK_SORT_DUE) {
                    int64_t due = page.items[i].due_at == TASK_NO_TIME ? INT64_MAX
                        : page.items[i].due_at;
                    assert_true(due >= last);
                    last = due;
                }
            }
            Task t = a_task(more++, "a task"); /* while somebody turns pages */
            put(f, &t);
            assert_true(++before < 40);
            cursor = page.next_cursor;
        } while (cursor.ptr);
        assert_int_equal(n, 30);
    }
    Err err = ERR_INIT;
    TaskPage page;
    TaskFilter all = TASK_FILTER_ALL;
    static const char *const bad[] = {"x", "1.2", "0.1.zz", "7.1.abc", "9.9.9", "0..", "7.1.0x"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        err = ERR_INIT;
        assert_err(store_task_list(f->s, &f->owner, &all, i == 3 || i == 6 ? TASK_SORT_TITLE
            : TASK_SORT_DUE, 7, str_of(bad[i]), f->a, &page, &err), err, ERR_VALIDATION, "cursor");
    }
}

/* ---- firing --------------------------------------------------------------------------------- */

static size_t fire(Fx *f, Task *t, int64_t now, Delivery **out)
{
    size_t n = 0, n_fired = 0;
    TaskFire fired[4];
    while (t->n_fires && t->fires[0].at <= now) {
        fired[n_fired++] = t->fires[0];
        t->fires++;
        t->n_fires--;
    }
    TaskFiring x = {.task = t, .fired = fired, .n_fired = n_fired};
    OK(store_task_fire(f->s, &f->owner, &x, 1, now, f->a, out, &n, &oops));
    return n;
}

static void fires_once(void **state)
{
    Fx *f = *state;
    Task t = full_task(f, 1), *due, stale;
    Delivery *list, *waiting;
    size_t n;
    int64_t at;
    put(f, &t);
    OK(store_task_next(f->s, &f->owner, &at, &oops));
    assert_int_equal(at, T0 + HOUR);
    OK(store_task_due(f->s, &f->owner, T0 + HOUR - 1, 10, f->a, &due, &n, &oops));
    assert_int_equal(n, 0);
    OK(store_task_due(f->s, &f->owner, T0 + HOUR, 10, f->a, &due, &n, &oops));
    assert_int_equal(n, 1);
    stale = due[0];
    assert_int_equal(fire(f, &due[0], T0 + HOUR, &list), 1);
    assert_int_equal(fire(f, &stale, T0 + HOUR, &list), 0); /* read before: nothing happens */
    OK(store_task_next(f->s, &f->owner, &at, &oops));
    assert_int_equal(at, T0 + 7 * HOUR);
    store_close(f->s);
    f->s = fx_open(f->dir.path);
    OK(store_delivery_unsent(f->s, &f->owner, 10, f->a, &list, &n, &oops));
    assert_int_equal(n, 1);
    assert_int_equal(list[0].at, T0 + HOUR);
    assert_int_equal(list[0].fired_at, T0 + HOUR);
    OK(store_delivery_sent(f->s, &f->owner, &list[0].id, 1, T0 + HOUR, &oops));
    OK(store_delivery_unsent(f->s, &f->owner, 10, f->a, &waiting, &n, &oops));
    assert_int_equal(n, 0);
    OK(store_delivery_waiting(f->s, &f->owner, 10, f->a, &waiting, &n, &oops));
    assert_int_equal(n, 1);
    assert_true(uuid_eq(&waiting[0].id, &list[0].id));
    bool first = false, firsts[2];
    Err err = ERR_INIT;
    Uuid none = fx_uuid(4), both[2] = {list[0].id, none};
    assert_err(store_delivery_ack(f->s, &f->owner, both, 2, T0, firsts, &err), err, ERR_NOT_FOUND,
        "no such reminder"); /* all or none */
    OK(store_delivery_waiting(f->s, &f->owner, 10, f->a, &waiting, &n, &oops));
    assert_int_equal(n, 1);
    OK(store_delivery_ack(f->s, &f->owner, &list[0].id, 1, T0, &first, &oops));
    assert_true(first);
    OK(store_delivery_ack(f->s, &f->owner, &list[0].id, 1, T0, &first, &oops));
    assert_false(first);
    OK(store_delivery_waiting(f->s, &f->owner, 10, f->a, &waiting, &n, &oops));
    assert_int_equal(n, 0);
    err = ERR_INIT;
    assert_err(store_delivery_ack(f->s, &f->owner, &none, 1, T0, &first, &err), err, ERR_NOT_FOUND,
        "no such reminder");
}

/* What was said between a change and its undoing is not said again; what was not said is. */
static void undo_does_not_repeat(void **state)
{
    Fx *f = *state;
    Task t = full_task(f, 1), now, *due;
    Delivery *list;
    size_t n;
    int64_t at;
    put(f, &t);
    now = get(f, 1);
    now.title = STR("renamed");
    put(f, &now);
    OK(store_task_due(f->s, &f->owner, T0 + HOUR, 10, f->a, &due, &n, &oops));
    assert_int_equal(fire(f, &due[0], T0 + HOUR, &list), 1);
    undo(f, NULL, "created");
    OK(store_task_next(f->s, &f->owner, &at, &oops));
    assert_int_equal(at, T0 + 7 * HOUR);
    now = get(f, 1);
    assert_str(now.title, "review the quarterly report");
    now.status = TASK_DONE; /* a done task says nothing, and open again it still has to */
    TaskChange c = {.what = "completed", .at = T0, .put = &now, .n_put = 1, .quiet = true};
    OK(store_task_change(f->s, &f->owner, &c, NULL, &oops));
    OK(store_task_next(f->s, &f->owner, &at, &oops));
    assert_int_equal(at, TASK_NO_TIME);
    OK(store_delivery_waiting(f->s, &f->owner, 10, f->a, &list, &n, &oops));
    assert_int_equal(n, 0);
    undo(f, NULL, "completed");
    OK(store_task_next(f->s, &f->owner, &at, &oops));
    assert_int_equal(at, T0 + 7 * HOUR);
    OK(store_delivery_waiting(f->s, &f->owner, 10, f->a, &list, &n, &oops));
    assert_int_equal(n, 1);
}

/* A file of every earlier version becomes one that keeps tasks, and what was in it stays. */
static void older_files(void **state)
{
    ONLY_SQLITE;
    Fx *f = *state;
    for (int version = 1; version <= 4; version++) {
        char name[32], sql[300];
        (void)snprintf(name, sizeof name, "v%d", version);
        const char *dir = tempdir_file(&f->dir, name);
        OK(os_mkdirs(dir, 0700, &oops));
        (void)snprintf(name, sizeof name, "v%d/sotto.db", version);
        Err err = ERR_INIT;
        SqConn *c = sq_conn_open(tempdir_file(&f->dir, name), SQ_WRITER, &err);
        assert_non_null(c);
        OK(sq_migrate(c, SQ_MIGRATIONS, version, &oops));
        (void)snprintf(sql, sizeof sql, "INSERT INTO ledger (owner_no, source, state, reason, "
            "file_type, hash, bytes, mtime_ms, n_chunks, first_at, last_at) VALUES "
            "(1, '/old', 3, 'r', '', zeroblob(32), 1, 0, 0, 1, 1)");
        OK(sq_exec(c, "INSERT INTO owners VALUES (1, x'11111111111111111111111111111111', 1)",
            "owner", &oops));
        OK(sq_exec(c, sql, "ledger", &oops));
        sq_conn_close(c);
        Store *s = fx_open(dir);
        Uuid owner;
        memset(owner.b, 0x11, sizeof owner.b);
        Task t = a_task(1, "kept"), got;
        TaskChange change = {.what = "created", .at = T0, .put = &t, .n_put = 1};
        OK(store_task_change(s, &owner, &change, NULL, &oops));
        OK(store_task_get(s, &owner, &t.id, f->a, &got, &oops));
        LedgerEntry e;
        OK(store_ledger_get(s, &owner, STR("/old"), f->a, &e, &oops));
        assert_str(e.reason, "r");
        fx_check(s);
        store_close(s);
    }
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {T(kept_whole), T(refused), T(undo_is_exact),
        T(deletions_come_back), T(lists), T(pages), T(fires_once), T(undo_does_not_repeat),
        T(older_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
