/* What a person does to tasks: make, move, complete, reopen, snooze, cancel, delete, undo; when
 * they are due and said, in zones and across changes of the clock. */
#include "tasks_unit.h"

#include "support/torture.h"

static void fires(const Task *t, size_t n, ...)
{
    va_list list;
    if (t->n_fires != n)
        fail_msg("%zu fires, not %zu", t->n_fires, n);
    va_start(list, n);
    for (size_t i = 0; i < n; i++) {
        const char *want = va_arg(list, const char *);
        char got[CLOCK_RFC3339_MAX];
        if (t->fires[i].at != at(want))
            fail_msg("fire %zu is %s, not %s", i, clock_format(t->fires[i].at, got), want);
    }
    va_end(list);
}

static void usual_reminders(void **state)
{
    World *w = *state;
    TaskDraft d = draft("report", "2026-11-27T17:00:00+01:00", true);
    Task t = make(w, &d);
    fires(&t, 1, "2026-11-27T17:00:00+01:00");
    assert_str(t.zone, "Europe/Berlin");
    d = draft("a whole day", "2026-11-27T00:00:00+01:00", false);
    t = make(w, &d);
    fires(&t, 1, "2026-11-27T09:00:00+01:00");
    assert_int_equal(t.due_end, at("2026-11-28T00:00:00+01:00"));
    assert_false(task_overdue(w->t, &t, at("2026-11-27T23:59:59+01:00")));
    assert_true(task_overdue(w->t, &t, at("2026-11-28T00:00:00+01:00")));
    d = draft("sometime", NULL, false);
    t = make(w, &d);
    fires(&t, 0);
    assert_false(task_overdue(w->t, &t, at("2036-01-01T00:00:00Z")));
    d = draft("none wanted", "2026-11-27T17:00:00+01:00", true);
    d.set_alarms = true;
    t = make(w, &d);
    fires(&t, 0);
    d = draft("past already", "2026-11-20T17:00:00+01:00", true);
    t = make(w, &d);
    fires(&t, 0);
    assert_true(task_overdue(w->t, &t, clock_now_ms()));
}

/* The last Sunday of March: 2:00 becomes 3:00. */
static void across_changes_of_the_clock(void **state)
{
    World *w = *state;
    TaskAlarm alarms[] = {{false, -DAY}, {false, -HOUR}, {false, -7 * DAY}};
    TaskDraft d = draft("breakfast", "2027-03-28T08:00:00+02:00", true);
    d.alarms = alarms;
    d.n_alarms = 3;
    d.set_alarms = true;
    Task t = make(w, &d);
    fires(&t, 3, "2027-03-21T08:00:00+01:00", "2027-03-27T08:00:00+01:00",
        "2027-03-28T07:00:00+02:00");
    d = draft("the day itself", "2027-03-28T00:00:00+01:00", false);
    t = make(w, &d);
    fires(&t, 1, "2027-03-28T09:00:00+02:00");
    assert_int_equal(t.due_end, at("2027-03-29T00:00:00+02:00"));
    d = draft("at half past two every day", "2027-03-27T02:30:00+01:00", true);
    d.rrule = STR("FREQ=DAILY");
    t = make(w, &d);
    fires(&t, 2, "2027-03-27T02:30:00+01:00", "2027-03-28T03:30:00+02:00");
    d = draft("elsewhere", "2026-12-01T09:00:00-05:00", true);
    d.zone = STR("America/New_York");
    t = make(w, &d);
    assert_str(t.zone, "America/New_York");
    fires(&t, 1, "2026-12-01T15:00:00+01:00");
    Err err = ERR_INIT;
    TaskResult r;
    d.zone = STR("Europe/Atlantis");
    assert_err(tasks_create(w->t, &d, w->a, &r, &err), err, ERR_VALIDATION, "Atlantis");
}

static void reminders_move_along(void **state)
{
    World *w = *state;
    TaskAlarm absolute = {true, at("2026-11-24T16:00:00+01:00")};
    TaskDraft d = draft("call", "2026-11-24T17:00:00+01:00", true);
    d.alarms = &absolute;
    d.n_alarms = 1;
    d.set_alarms = true;
    Task t = make(w, &d);
    fires(&t, 1, "2026-11-24T16:00:00+01:00");
    int64_t due = at("2026-11-30T12:00:00+01:00");
    TaskPatch p = {.due_at = &due, .due_timed = true};
    TaskResult r;
    OK(tasks_change(w->t, &t.id, &p, w->a, &r, &oops));
    fires(&r.task, 1, "2026-11-30T11:00:00+01:00");
    p.due_timed = false; /* to a whole day: an hour before its begin */
    OK(tasks_change(w->t, &t.id, &p, w->a, &r, &oops));
    fires(&r.task, 1, "2026-11-29T23:00:00+01:00");
    int64_t none = TASK_NO_TIME;
    p = (TaskPatch){.due_at = &none};
    OK(tasks_change(w->t, &t.id, &p, w->a, &r, &oops));
    assert_int_equal(r.task.due_at, TASK_NO_TIME);
    fires(&r.task, 1, "2026-11-29T23:00:00+01:00");
    d = draft("usual", "2026-11-24T17:00:00+01:00", true);
    t = make(w, &d);
    p = (TaskPatch){.due_at = &due};
    OK(tasks_change(w->t, &t.id, &p, w->a, &r, &oops)); /* the usual ones of its new time */
    fires(&r.task, 1, "2026-11-30T09:00:00+01:00");
}

static void patching_one_member_leaves_the_rest(void **state)
{
    World *w = *state;
    Str tags[] = {STR("home"), STR("Home"), STR("bank")};
    TaskDraft d = draft("call the bank", "2026-11-24T09:00:00+01:00", true);
    d.tags = tags;
    d.n_tags = 3;
    Task t = make(w, &d);
    assert_int_equal(t.n_tags, 2); /* once whatever the case */
    Str title = STR("call the other bank");
    TaskPriority urgent = TASK_URGENT;
    TaskPatch p = {.title = &title, .priority = &urgent};
    TaskResult r;
    clock_set_ms(clock_now_ms() + HOUR);
    OK(tasks_change(w->t, &t.id, &p, w->a, &r, &oops));
    assert_str(r.task.title, "call the other bank");
    assert_int_equal(r.task.priority, TASK_URGENT);
    assert_int_equal(r.task.due_at, t.due_at);
    assert_int_equal(r.task.n_tags, 2);
    assert_int_equal(r.task.created_at, t.created_at);
    assert_true(r.task.updated_at >= t.updated_at + HOUR);
    fires(&r.task, 1, "2026-11-24T09:00:00+01:00");
    TaskChangeInfo info;
    OK(tasks_undo(w->t, NULL, w->a, &info, &oops));
    Task back = get(w, &t.id);
    assert_str(back.title, "call the bank");
    assert_int_equal(back.updated_at, t.updated_at);
    assert_int_equal(back.priority, TASK_NORMAL);
}

static void recurring_goes_on(void **state)
{
    World *w = *state;
    TaskDraft d = draft("bins", "2026-11-23T18:00:00+01:00", true);
    d.rrule = STR("FREQ=WEEKLY;BYDAY=MO;COUNT=3");
    Task t = make(w, &d);
    TaskResult r;
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops));
    assert_true(r.moved_on);
    assert_int_equal(r.task.status, TASK_OPEN);
    assert_int_equal(r.task.due_at, at("2026-11-30T18:00:00+01:00"));
    Task row = get(w, &r.occurrence);
    assert_int_equal(row.status, TASK_DONE);
    assert_true(uuid_eq(&row.series, &t.id));
    assert_int_equal(row.due_at, t.due_at);
    assert_int_equal(row.n_fires, 0);
    /* Moved for once, it still goes on with the rule's own days. */
    int64_t tuesday = at("2026-12-01T12:00:00+01:00");
    TaskPatch p = {.due_at = &tuesday, .due_timed = true};
    OK(tasks_change(w->t, &t.id, &p, w->a, &r, &oops));
    assert_int_equal(r.task.due_at, tuesday);
    clock_set_ms(tuesday);
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops));
    assert_int_equal(r.task.due_at, at("2026-12-07T18:00:00+01:00"));
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops)); /* the third was the last */
    assert_false(r.moved_on);
    assert_int_equal(r.task.status, TASK_DONE);
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.series = &t.id;
    OK(tasks_list(w->t, &f, TASK_SORT_DUE, 10, STR(""), w->a, &page, &oops));
    assert_int_equal(page.n, 2);
    Err err = ERR_INIT;
    assert_err(tasks_complete(w->t, &t.id, w->a, &r, &err), err, ERR_CONFLICT, "done already");
    OK(tasks_reopen(w->t, &t.id, w->a, &r, &oops));
    assert_int_equal(r.task.due_at, at("2026-12-07T18:00:00+01:00"));
    OK(tasks_reopen(w->t, &t.id, w->a, &r, &oops)); /* takes the last done one back */
    assert_int_equal(r.task.due_at, tuesday);
    OK(tasks_list(w->t, &f, TASK_SORT_DUE, 10, STR(""), w->a, &page, &oops));
    assert_int_equal(page.n, 1);
    TaskChangeInfo info;
    for (int i = 0; i < 7; i++)
        OK(tasks_undo(w->t, NULL, w->a, &info, &oops));
    assert_err(tasks_get(w->t, &t.id, w->a, &row, &err), err, ERR_NOT_FOUND, "");
}

static void late_and_early(void **state)
{
    World *w = *state;
    TaskDraft d = draft("daily, a whole day", "2026-11-23T00:00:00+01:00", false);
    TaskResult r;
    d.rrule = STR("FREQ=DAILY");
    Task t = make(w, &d);
    clock_set_ms(at("2026-11-26T12:00:00+01:00")); /* three days passed: today is not past */
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops));
    assert_int_equal(r.task.due_at, at("2026-11-26T00:00:00+01:00"));
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops)); /* early: the one after this one */
    assert_int_equal(r.task.due_at, at("2026-11-27T00:00:00+01:00"));
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops));
    assert_int_equal(r.task.due_at, at("2026-11-28T00:00:00+01:00"));
    d = draft("from a Tuesday", "2026-12-01T09:00:00+01:00", true);
    d.rrule = STR("FREQ=WEEKLY;BYDAY=FR");
    t = make(w, &d);
    assert_int_equal(t.due_at, at("2026-12-04T09:00:00+01:00"));
    d = draft("no begin", NULL, false);
    d.rrule = STR("FREQ=MONTHLY;BYMONTHDAY=1");
    t = make(w, &d);
    assert_int_equal(t.due_at, at("2026-12-01T00:00:00+01:00"));
    assert_false(t.due_timed);
    Err err = ERR_INIT;
    d.rrule = STR("FREQ=SOMETIMES");
    assert_err(tasks_create(w->t, &d, w->a, &r, &err), err, ERR_VALIDATION, "rrule");
    d.rrule = STR("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30");
    err = ERR_INIT;
    assert_err(tasks_create(w->t, &d, w->a, &r, &err), err, ERR_VALIDATION, "names no day");
}

static void snoozing(void **state)
{
    World *w = *state;
    TaskAlarm alarms[] = {{false, -2 * HOUR}, {false, 0}};
    TaskDraft d = draft("call", "2026-11-23T13:00:00+01:00", true);
    TaskResult r;
    Err err = ERR_INIT;
    d.alarms = alarms;
    d.n_alarms = 2;
    d.set_alarms = true;
    Task t = make(w, &d);
    fires(&t, 2, "2026-11-23T11:00:00+01:00", "2026-11-23T13:00:00+01:00");
    OK(tasks_snooze(w->t, &t.id, at("2026-11-23T12:00:00+01:00"), w->a, &r, &oops));
    fires(&r.task, 2, "2026-11-23T12:00:00+01:00", "2026-11-23T13:00:00+01:00");
    assert_int_equal(r.task.due_at, t.due_at);
    OK(tasks_snooze(w->t, &t.id, at("2026-11-23T20:00:00+01:00"), w->a, &r, &oops));
    fires(&r.task, 1, "2026-11-23T20:00:00+01:00");
    assert_err(tasks_snooze(w->t, &t.id, at("2026-11-23T09:00:00+01:00"), w->a, &r, &err), err,
        ERR_VALIDATION, "later than now");
    OK(tasks_complete(w->t, &t.id, w->a, &r, &oops));
    assert_int_equal(r.task.snoozed_until, TASK_NO_TIME);
    err = ERR_INIT;
    assert_err(tasks_snooze(w->t, &t.id, at("2026-11-23T21:00:00+01:00"), w->a, &r, &err), err,
        ERR_CONFLICT, "reopen it first");
}

static void timers(void **state)
{
    World *w = *state;
    TaskResult eggs, tea;
    Task *list;
    size_t n;
    OK(tasks_timer_start(w->t, 8 * 60000, STR("eggs"), w->a, &eggs, &oops));
    OK(tasks_timer_start(w->t, 3 * 60000, STR(""), w->a, &tea, &oops));
    assert_str(tea.task.title, "timer");
    OK(tasks_timers(w->t, w->a, &list, &n, &oops));
    assert_int_equal(n, 2);
    assert_true(uuid_eq(&list[0].id, &tea.task.id));
    world_close(w); /* they survive */
    world_open(w, "Europe/Berlin");
    clock_set_ms(tea.task.due_at);
    assert_int_equal(scheduler_run_once(w->t, &oops), 1);
    OK(tasks_timers(w->t, w->a, &list, &n, &oops));
    assert_int_equal(n, 1);
    assert_int_equal(get(w, &tea.task.id).status, TASK_DONE);
    TaskReminder *ringing;
    OK(tasks_waiting(w->t, 10, w->a, &ringing, &n, &oops));
    assert_int_equal(n, 1); /* it rings until somebody says so */
    TaskReminder got;
    bool first;
    OK(tasks_acknowledge(w->t, &ringing[0].delivery.id, w->a, &got, &first, &oops));
    assert_true(first);
    OK(tasks_waiting(w->t, 10, w->a, &ringing, &n, &oops));
    assert_int_equal(n, 0);
    OK(tasks_cancel(w->t, &eggs.task.id, w->a, &eggs, &oops));
    clock_set_ms(clock_now_ms() + HOUR);
    assert_int_equal(scheduler_run_once(w->t, &oops), 0);
    Err err = ERR_INIT;
    assert_err(tasks_timer_start(w->t, 0, STR("x"), w->a, &tea, &err), err, ERR_VALIDATION, "");
    err = ERR_INIT;
    assert_err(tasks_cancel(w->t, &eggs.task.id, w->a, &eggs, &err), err, ERR_CONFLICT,
        "cancelled already");
}

static void undo_tells(void **state)
{
    World *w = *state;
    TaskDraft d = draft("x", NULL, false);
    Task t = make(w, &d);
    TaskResult r;
    TaskChangeInfo info;
    OK(tasks_delete(w->t, &t.id, w->a, &r, &oops));
    assert_str(r.task.title, "x");
    OK(tasks_undo(w->t, &r.change, w->a, &info, &oops));
    assert_string_equal(info.what, "deleted");
    (void)get(w, &t.id);
    assert_int_equal(heard(w, TASKS_CREATED), 1);
    assert_int_equal(heard(w, TASKS_DELETED), 1);
    assert_int_equal(heard(w, TASKS_UNDONE), 1);
    tasks_unlisten(w->t, w);
    OK(tasks_delete(w->t, &t.id, w->a, &r, &oops));
    assert_int_equal(heard(w, TASKS_DELETED), 1);
    assert_true(tasks_listen(w->t, on_event, w));
}

static void found_by_words(void **state)
{
    static const char *const titles[] = {"pay the electricity bill", "pay the water bill",
        "call Dana", "electrician: appointment", "buy a bill of sale form", "read the novel"};
    static const struct {
        const char *words, *best;
    } asked[] = {
        {"the electricity bill", "pay the electricity bill"},
        {"paying for electricity", "pay the electricity bill"},
        {"water", "pay the water bill"},
        {"calling dana", "call Dana"},
        {"novel", "read the novel"},
        {"spaceship", NULL},
    };
    World *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
        TaskDraft d = draft(titles[i], NULL, false);
        make(w, &d);
    }
    for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
        Task *list;
        size_t n;
        OK(tasks_find(w->t, str_of(asked[i].words), 3, w->a, &list, &n, &oops));
        if (!asked[i].best) {
            assert_int_equal(n, 0);
            continue;
        }
        assert_true(n >= 1);
        assert_str(list[0].title, asked[i].best);
    }
}

static bool create_once(void *arg)
{
    World *w = arg;
    TaskDraft d = draft("short of memory", "2026-11-24T09:00:00+01:00", true);
    TaskResult r;
    Err err = ERR_INIT;
    Str tags[] = {STR("a"), STR("b")};
    d.tags = tags;
    d.n_tags = 2;
    d.rrule = STR("FREQ=DAILY");
    Arena *a = arena_new(1 << 20);
    bool ok = a && tasks_create(w->t, &d, a, &r, &err)
        && tasks_complete(w->t, &r.task.id, a, &r, &err);
    arena_free(a);
    return ok;
}

/* Whichever allocation fails: a failure is said, and what failed left nothing behind. */
static void short_of_memory(void **state)
{
    World *w = *state;
    long failures = torture_alloc(create_once, w, 0);
    assert_true(failures > 5);
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    OK(tasks_list(w->t, &f, TASK_SORT_DUE, 1000, STR(""), w->a, &page, &oops));
    for (size_t i = 0; i < page.n; i++) { /* a task with a done row, or with none: never half */
        const Task *t = &page.items[i];
        assert_int_equal(t->n_tags, 2);
        assert_true(t->status == TASK_DONE || t->n_fires > 0);
    }
    Buf report;
    buf_init(&report, 1 << 20);
    OK(store_check(w->store, false, &report, &oops));
    buf_release(&report);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(usual_reminders), T(across_changes_of_the_clock),
        T(reminders_move_along), T(patching_one_member_leaves_the_rest), T(recurring_goes_on),
        T(late_and_early), T(snoozing), T(timers), T(undo_tells), T(found_by_words),
        T(short_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
