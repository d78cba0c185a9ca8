/* The scheduler: simulated weeks, downtime, jumps of the clock, a crash between firing and saying,
 * desktop notifications, and the real clock. */
#include "tasks_unit.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/metrics.h"

#define CEILING_S 60 /* of waiting for what must happen; never how fast */

static void pause_ms(long ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static bool comes(World *w, TasksEventKind kind, size_t n)
{
    for (int i = 0; i < CEILING_S * 50 && heard(w, kind) < n; i++)
        pause_ms(20);
    return heard(w, kind) == n;
}

static Scheduler *start(World *w, bool desktop)
{
    Err err = ERR_INIT;
    Scheduler *s = scheduler_start(
        &(SchedulerOptions){.tasks = w->t, .desktop = desktop, .metrics = true}, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

/* Six weeks in steps of seven minutes: every reminder once, none before its time and none more than
 * a step late. */
static void weeks(void **state)
{
    World *w = *state;
    const int64_t step = 7 * 60000, begin = clock_now_ms();
    TaskAlarm before[] = {{false, -HOUR}, {false, 0}};
    size_t wanted = 0;
    for (int i = 0; i < 40; i++) {
        TaskDraft d = draft("once", NULL, false);
        d.due_at = begin + (int64_t)(i + 1) * 25 * HOUR + (int64_t)i * 61000;
        d.due_timed = i % 4 != 3;
        d.alarms = before;
        d.n_alarms = 2;
        d.set_alarms = d.due_timed;
        make(w, &d);
        wanted += d.due_timed ? 2 : 1;
    }
    TaskDraft daily = draft("daily", "2026-11-24T02:30:00+01:00", true);
    daily.rrule = STR("FREQ=DAILY");
    Task series = make(w, &daily);
    wanted += 42; /* 24 November to 4 January */
    int64_t last = 0;
    for (int64_t now = begin; now <= begin + 42 * DAY; now += step) {
        clock_set_ms(now);
        OK(scheduler_run_once(w->t, &oops) >= 0);
    }
    assert_int_equal(heard(w, TASKS_FIRED), wanted);
    for (size_t i = 0; i < w->n_heard; i++) {
        if (w->heard[i].kind != TASKS_FIRED)
            continue;
        for (size_t k = 0; k < i; k++)
            assert_false(w->heard[k].kind == TASKS_FIRED
                && uuid_eq(&w->heard[k].delivery, &w->heard[i].delivery));
        assert_true(w->heard[i].at >= last);
        last = w->heard[i].at;
    }
    Task t = get(w, &series.id);
    assert_int_equal(t.missed, 41); /* nobody ever did it */
    TaskReminder *list;
    size_t n, of_series = 0;
    OK(tasks_waiting(w->t, 1000, w->a, &list, &n, &oops));
    for (size_t i = 0; i < n; i++) {
        assert_true(list[i].delivery.fired_at - list[i].delivery.at < step + 1000);
        of_series += uuid_eq(&list[i].task.id, &series.id);
    }
    assert_int_equal(of_series, 1); /* the last one stands for those before it */
}

/* What was due while nothing ran is said late, once; of a recurring task the latest. */
static void after_downtime(void **state)
{
    World *w = *state;
    TaskAlarm before[] = {{false, -HOUR}, {false, 0}};
    TaskDraft d = draft("meeting", "2026-11-24T09:00:00+01:00", true);
    d.alarms = before;
    d.n_alarms = 2;
    d.set_alarms = true;
    make(w, &d);
    d = draft("pills", "2026-11-24T08:00:00+01:00", true);
    d.rrule = STR("FREQ=DAILY");
    Task pills = make(w, &d);
    world_close(w);
    clock_set_ms(at("2026-12-15T12:00:00+01:00"));
    world_open(w, "Europe/Berlin");
    assert_int_equal(scheduler_run_once(w->t, &oops), 3);
    assert_int_equal(scheduler_run_once(w->t, &oops), 0);
    Task t = get(w, &pills.id);
    assert_int_equal(t.due_at, at("2026-12-15T08:00:00+01:00"));
    assert_int_equal(t.missed, 21);
    assert_int_equal(task_next_fire(&t), at("2026-12-16T08:00:00+01:00"));
    TaskResult r;
    OK(tasks_complete(w->t, &pills.id, w->a, &r, &oops));
    assert_int_equal(r.task.missed, 0);
    assert_int_equal(r.task.due_at, at("2026-12-16T08:00:00+01:00"));
}

/* A clock that is set forward fires what became due, set back repeats nothing. */
static void jumps_of_the_clock(void **state)
{
    World *w = *state;
    Scheduler *s = start(w, false);
    TaskDraft d = draft("at noon", "2026-11-23T12:00:00+01:00", true);
    make(w, &d);
    d = draft("in the evening", "2026-11-23T20:00:00+01:00", true);
    make(w, &d);
    clock_set_ms(at("2026-11-23T12:00:01+01:00"));
    assert_true(comes(w, TASKS_FIRED, 1));
    clock_set_ms(at("2026-11-23T08:00:00+01:00"));
    scheduler_wake(s);
    pause_ms(600);
    clock_set_ms(at("2026-11-23T12:30:00+01:00"));
    scheduler_wake(s);
    pause_ms(600);
    assert_int_equal(heard(w, TASKS_FIRED), 1);
    clock_set_ms(at("2027-01-01T00:00:00+01:00"));
    assert_true(comes(w, TASKS_FIRED, 2));
    scheduler_stop(s);
}

static void new_tasks_wake_it(void **state)
{
    World *w = *state;
    Scheduler *s = start(w, false);
    TaskResult r;
    OK(tasks_timer_start(w->t, 300, STR("eggs"), w->a, &r, &oops));
    assert_true(comes(w, TASKS_FIRED, 1));
    scheduler_stop(s);
}

/* Durable, and the program died before anybody heard: said at the next start, under the same id. */
static void after_a_crash(void **state)
{
    World *w = *state;
    TaskDraft d = draft("call", "2026-11-23T10:30:00+01:00", true), e = draft("done since",
        "2026-11-23T10:30:00+01:00", true);
    Task *due, done = make(w, &e);
    make(w, &d);
    Delivery *list;
    TaskFiring f[2];
    size_t n;
    int64_t now = at("2026-11-23T10:30:00+01:00");
    clock_set_ms(now);
    OK(store_task_due(w->store, tasks_owner(w->t), now, 10, w->a, &due, &n, &oops));
    assert_int_equal(n, 2);
    for (size_t i = 0; i < 2; i++) {
        TaskFire *fired = ARENA_NEW(w->a, TaskFire);
        *fired = due[i].fires[0];
        due[i].n_fires = 0;
        f[i] = (TaskFiring){.task = &due[i], .fired = fired, .n_fired = 1};
    }
    OK(store_task_fire(w->store, tasks_owner(w->t), f, 2, now, w->a, &list, &n, &oops));
    assert_int_equal(n, 2);
    TaskResult r;
    OK(tasks_complete(w->t, &done.id, w->a, &r, &oops));
    world_close(w);
    world_open(w, "Europe/Berlin");
    Scheduler *s = start(w, false);
    assert_true(comes(w, TASKS_FIRED, 1));
    scheduler_stop(s);
    for (size_t i = 0; i < w->n_heard; i++)
        if (w->heard[i].kind == TASKS_FIRED)
            assert_true(uuid_eq(&w->heard[i].delivery, &list[0].id)
                || uuid_eq(&w->heard[i].delivery, &list[1].id));
    s = start(w, false); /* it was sent: not again */
    pause_ms(500);
    scheduler_stop(s);
    assert_int_equal(heard(w, TASKS_FIRED), 1);
    TaskReminder *waiting; /* but nobody has dealt with it */
    OK(tasks_waiting(w->t, 10, w->a, &waiting, &n, &oops));
    assert_int_equal(n, 1);
}

static void many_at_once(void **state)
{
    World *w = *state;
    Scheduler *s = start(w, false);
    int64_t due = clock_now_ms() + 100 * HOUR;
    for (int i = 0; i < 600; i++) {
        TaskDraft d = draft("all at nine", NULL, false);
        d.due_at = due;
        d.due_timed = true;
        make(w, &d);
    }
    clock_set_ms(due);
    assert_true(comes(w, TASKS_FIRED, 600));
    scheduler_stop(s);
}

/* ---- the desktop ---------------------------------------------------------------------------- */

static void fake_program(World *w, const char *script)
{
    const char *path = tempdir_file(&w->dir, "notify-send");
    Err err = ERR_INIT;
    if (!os_write_file(path, str_of(script), 0700, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(chmod(path, 0700), 0);
    assert_int_equal(setenv("PATH", w->dir.path, 1), 0);
    assert_int_equal(setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nowhere", 1), 0);
    assert_int_equal(setenv("OUT", tempdir_file(&w->dir, "shown"), 1), 0);
}

static size_t unsent(World *w)
{
    Delivery *list;
    size_t n;
    OK(store_delivery_unsent(w->store, tasks_owner(w->t), 100, w->a, &list, &n, &oops));
    return n;
}

static void on_the_desktop(void **state)
{
    World *w = *state;
    char *path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    Buf shown;
    fake_program(w, "#!/bin/sh\nfor a in \"$@\"; do echo \"$a\" >> \"$OUT\"; done\n");
    Scheduler *s = start(w, true);
    TaskDraft d = draft("-rf <b>tea & milk</b>", "2026-11-23T10:30:00+01:00", true);
    d.priority = TASK_URGENT;
    d.set_priority = true;
    make(w, &d);
    clock_set_ms(at("2026-11-23T10:30:00+01:00"));
    assert_true(comes(w, TASKS_FIRED, 1));
    for (int i = 0; i < CEILING_S * 50 && unsent(w); i++)
        pause_ms(20);
    assert_int_equal(unsent(w), 0);
    scheduler_stop(s);
    buf_init(&shown, 1 << 16);
    OK(os_read_file(tempdir_file(&w->dir, "shown"), &shown, &oops));
    char id[UUID_TEXT];
    for (size_t i = 0; i < w->n_heard; i++)
        if (w->heard[i].kind == TASKS_FIRED)
            uuid_format(&w->heard[i].delivery, id);
    assert_non_null(strstr(shown.ptr, id)); /* the tag by which a second one takes its place */
    assert_non_null(strstr(shown.ptr, "--\n-rf <b>tea & milk</b>\n"));
    assert_non_null(strstr(shown.ptr, "critical"));
    buf_release(&shown);
    assert_int_equal(setenv("PATH", path ? path : "/usr/bin:/bin", 1), 0);
    free(path);
}

/* One that hangs is ended, keeps nobody waiting, and is marked: it was tried. */
static void a_desktop_that_hangs(void **state)
{
    World *w = *state;
    char *path = getenv("PATH") ? strdup(getenv("PATH")) : NULL;
    fake_program(w, "#!/bin/sh\nwhile :; do /bin/sleep 1; done\n");
    Scheduler *s = start(w, true);
    for (int i = 0; i < 20; i++) {
        TaskDraft d = draft("many", "2026-11-23T10:30:00+01:00", true);
        make(w, &d);
    }
    clock_set_ms(at("2026-11-23T10:30:00+01:00"));
    assert_true(comes(w, TASKS_FIRED, 20));
    for (int i = 0; i < CEILING_S * 10 && unsent(w) > 4; i++)
        pause_ms(100);
    assert_true(unsent(w) <= 4);
    scheduler_stop(s); /* does not wait for the rest */
    assert_int_equal(setenv("PATH", path ? path : "/usr/bin:/bin", 1), 0);
    free(path);
}

static void no_desktop(void **state)
{
    World *w = *state;
    assert_int_equal(unsetenv("DBUS_SESSION_BUS_ADDRESS"), 0);
    assert_int_equal(unsetenv("XDG_RUNTIME_DIR"), 0);
    Scheduler *s = start(w, true); /* not an error: there is none */
    TaskResult r;
    OK(tasks_timer_start(w->t, 100, STR("eggs"), w->a, &r, &oops));
    assert_true(comes(w, TASKS_FIRED, 1));
    for (int i = 0; i < CEILING_S * 50 && unsent(w); i++)
        pause_ms(20);
    assert_int_equal(unsent(w), 0);
    scheduler_stop(s);
}

static void counted(void **state)
{
    World *w = *state;
    Scheduler *s = start(w, false);
    Buf b;
    TaskDraft d = draft("open", NULL, false);
    make(w, &d);
    buf_init(&b, 1 << 20);
    assert_true(metrics_render(&b));
    assert_non_null(strstr(b.ptr, "tasks{status=\"open\"} 1\n"));
    assert_non_null(strstr(b.ptr, "reminders_fired_total "));
    assert_non_null(strstr(b.ptr, "reminder_lateness_seconds_count"));
    buf_release(&b);
    scheduler_stop(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(weeks), T(after_downtime), T(jumps_of_the_clock),
        T(new_tasks_wake_it), T(after_a_crash), T(many_at_once), T(on_the_desktop),
        T(a_desktop_that_hangs), T(no_desktop), T(counted)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
