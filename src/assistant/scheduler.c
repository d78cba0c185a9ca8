#include "assistant/scheduler.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "assistant/desktop.h"
#include "assistant/tasks_int.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/metrics.h"

#define BATCH 256            /* tasks that fire in one transaction */
#define SET_CLOCK_LOOK_MS 200 /* how often a clock that was set is looked at */
#define CHILD_LOOK_MS 100    /* how often, while a notification is on its way */
#define WAKE_LOOK_MS 2000    /* so late at most is a wake noticed that could not be written */
#define RETRY_MS 1000        /* after a failure of the store */
#define OVERDUE_MAX 200      /* occurrences passed over one by one */
#define QUEUE_MAX 512        /* desktop notifications that wait for their turn */
#define RESEND_MAX 1000

typedef struct {
    const Tasks *tasks;
    TaskStatus status;
} Gauge;

typedef struct {
    Uuid id;
    char title[400], body[200];
    bool urgent;
} Note;

struct Scheduler {
    Tasks *tasks;
    Desktop *desktop;
    int timer, wake;
    pthread_t thread;
    atomic_bool stop, woken;
    Note *notes; /* for the desktop, in order */
    size_t n_notes, cap_notes;
    bool complained; /* said that the desktop does not work */
    Gauge gauges[TASK_CANCELLED + 1];
};

static Metric *fired_total(void)
{
    return metric_counter("reminders_fired_total", "Reminders that came due.", NULL);
}

static Metric *lateness(void)
{
    return metric_histogram("reminder_lateness_seconds",
        "From when a reminder was due to when it was durable.", NULL);
}

/* ---- what a task becomes when it fires ------------------------------------------------------ */

/* The latest occurrence of which something was due by now; those before it passed unsaid. */
static int64_t latest_due(Tasks *t, const Task *task, int64_t occurrence, int64_t now,
    uint32_t *passed)
{
    Rrule rule;
    *passed = 0;
    if (!task->rrule.len || occurrence == TASK_NO_TIME || !rrule_parse(task->rrule, &rule, NULL))
        return occurrence;
    const Zone *z = tasks_zone_of(t, task);
    for (int i = 0; i < OVERDUE_MAX; i++) {
        int64_t next, first = INT64_MAX;
        int64_t after = occurrence == task->due_at ? task->series_at : occurrence;
        if (rrule_next(&rule, z, task->series_start, after, &next) != RRULE_FOUND)
            break;
        for (size_t k = 0; k < task->n_alarms; k++) {
            int64_t at = task_alarm_at(t, task, &task->alarms[k], next);
            first = at != TASK_NO_TIME && at < first ? at : first;
        }
        if (first > now)
            break;
        occurrence = next;
        ++*passed;
    }
    return occurrence;
}

/* The fires of that occurrence that are due: those planned, or of one that was passed over, its
 * last alarm. */
static void fires_of(Tasks *t, const Task *task, int64_t occurrence, int64_t now, TaskFire *out,
    size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < task->n_fires && task->fires[i].at <= now; i++)
        if (task->fires[i].due == occurrence)
            out[(*n)++] = task->fires[i];
    if (*n)
        return;
    out[0] = (TaskFire){occurrence, occurrence};
    for (size_t k = 0; k < task->n_alarms; k++) {
        int64_t at = task_alarm_at(t, task, &task->alarms[k], occurrence);
        if (at != TASK_NO_TIME && at <= now && (!*n || at > out[0].at)) {
            out[0].at = at;
            *n = 1;
        }
    }
    *n = 1;
}

/* Timers and alarms are over when they have rung; one that recurs waits for its next time. */
static void end_or_go_on(Tasks *t, Task *task, int64_t now)
{
    int64_t next;
    bool on = task->rrule.len
        && tasks_next_occurrence(t, task, task->series_at, now, &next);
    if (on) {
        task->due_at = task->series_at = next;
        return;
    }
    for (size_t i = 0; i < task->n_fires; i++)
        if (task->fires[i].at > now)
            return; /* something is still to be said of it */
    task->status = TASK_DONE;
    task->completed_at = now;
}

static bool firing_of(Tasks *t, Task *task, int64_t now, Arena *a, TaskFiring *f, Err *err)
{
    TaskFire *fired = ARENA_NEW_ARRAY(a, TaskFire, TASK_MAX_FIRES + 1);
    size_t last = 0;
    uint32_t passed;
    if (!fired)
        return tasks_no_memory(err);
    *f = (TaskFiring){.task = task, .fired = fired};
    while (last + 1 < task->n_fires && task->fires[last + 1].at <= now)
        last++;
    int64_t planned = task->fires[last].due;
    int64_t occurrence = latest_due(t, task, planned, now, &passed);
    fires_of(t, task, occurrence, now, fired, &f->n_fired);
    if (occurrence != task->due_at && task->rrule.len) {
        task->missed += passed + (planned != task->due_at);
        task->due_at = task->series_at = occurrence;
        task->updated_at = now;
        f->quiet = true;
    }
    if (task->snoozed_until != TASK_NO_TIME && task->snoozed_until <= now)
        task->snoozed_until = TASK_NO_TIME;
    if (task->kind >= TASK_TIMER)
        end_or_go_on(t, task, now);
    return tasks_plan(t, task, now, a, err);
}

/* ---- saying it ------------------------------------------------------------------------------ */

static void copy_text(char *out, size_t size, Str s)
{
    size_t n = s.len < size - 1 ? s.len : size - 1;
    while (n > 0 && n < s.len && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
        n--;
    memcpy(out, s.ptr, n);
    out[n] = '\0';
}

static bool queue_note(Scheduler *s, const Task *task, const Delivery *d)
{
    if (s->n_notes == QUEUE_MAX)
        return false;
    if (!MEM_GROW(s->notes, s->n_notes, s->cap_notes))
        return false;
    Note *n = &s->notes[s->n_notes++];
    Buf body;
    *n = (Note){.id = d->id, .urgent = task->priority == TASK_URGENT || task->kind >= TASK_TIMER};
    copy_text(n->title, sizeof n->title, task->title);
    buf_init(&body, 4096);
    if (task->kind < TASK_TIMER)
        task_say_when(s->tasks, task, clock_now_ms(), &body);
    copy_text(n->body, sizeof n->body, buf_str(&body));
    buf_release(&body);
    return true;
}

/* Tells everybody; true when nothing is left to do, so that it can be marked as sent. */
static bool emit(Tasks *t, Scheduler *s, const Task *task, const Delivery *d)
{
    char id[UUID_TEXT], task_id[UUID_TEXT];
    log_write(LOG_INFO, "tasks", "reminder %s of %s %s, %.3f s late", uuid_format(&d->id, id),
        task_kind_name(task->kind), uuid_format(&task->id, task_id),
        (double)(d->fired_at - d->at) / 1000.0);
    tasks_tell(t, TASKS_FIRED, task, false, d);
    return !(s && s->desktop && queue_note(s, task, d));
}

static void mark_sent(Tasks *t, const Uuid *ids, size_t n)
{
    Err err = ERR_INIT;
    if (!store_delivery_sent(t->store, &t->owner, ids, n, clock_now_ms(), &err))
        log_write(LOG_WARN, "tasks", "%zu reminders are sent again at the next start: %s", n,
            err.msg);
}

static const Task *task_of(const Task *tasks, size_t n, const Uuid *id)
{
    for (size_t i = 0; i < n; i++)
        if (uuid_eq(&tasks[i].id, id))
            return &tasks[i];
    return NULL;
}

static bool emit_all(Tasks *t, Scheduler *s, const Task *tasks, size_t n_tasks,
    const Delivery *list, size_t n, Arena *a, Err *err)
{
    Uuid *done = ARENA_NEW_ARRAY(a, Uuid, n + 1);
    size_t n_done = 0;
    int64_t now = clock_now_ms();
    if (!done)
        return tasks_no_memory(err);
    for (size_t i = 0; i < n; i++) {
        const Task *task = task_of(tasks, n_tasks, &list[i].task);
        metric_add(fired_total(), NULL, 1);
        metric_observe(lateness(), NULL,
            now > list[i].at ? (double)(now - list[i].at) / 1000.0 : 0);
        if (!task || emit(t, s, task, &list[i]))
            done[n_done++] = list[i].id;
    }
    mark_sent(t, done, n_done);
    return true;
}

/* One transaction of what is due now. *fired: how many; *more: there was something to fire. */
static bool fire_batch(Tasks *t, Scheduler *s, int *fired, bool *more, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Task *due;
    TaskFiring *f;
    Delivery *list;
    size_t n, n_list;
    int64_t now = clock_now_ms();
    *more = false;
    *fired = 0;
    if (!a)
        return tasks_no_memory(err);
    bool ok = store_task_due(t->store, &t->owner, now, BATCH, a, &due, &n, err);
    if (ok && n) {
        *more = true;
        f = ARENA_NEW_ARRAY(a, TaskFiring, n);
        ok = f != NULL || tasks_no_memory(err);
        for (size_t i = 0; ok && i < n; i++)
            ok = firing_of(t, &due[i], now, a, &f[i], err);
        ok = ok && store_task_fire(t->store, &t->owner, f, n, now, a, &list, &n_list, err)
            && emit_all(t, s, due, n, list, n_list, a, err);
        if (ok)
            *fired = (int)n_list;
    }
    arena_free(a);
    return ok;
}

int scheduler_run_once(Tasks *t, Err *err)
{
    int total = 0, fired;
    bool more = true;
    for (int i = 0; i < 10000 && more; i++) {
        if (!fire_batch(t, NULL, &fired, &more, err))
            return -1;
        total += fired;
    }
    return total;
}

/* ---- after a crash -------------------------------------------------------------------------- */

/* Nobody has done anything about it. */
static bool still_waits(const Task *task, const Delivery *d)
{
    return d->acked_at == TASK_NO_TIME && d->no > task->quiet_no
        && (task->status == TASK_OPEN || (task->status == TASK_DONE && task->kind >= TASK_TIMER));
}

/* What was durable and may not have been sent: under the same ids. */
static bool resend(Scheduler *s, Err *err)
{
    Tasks *t = s->tasks;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Delivery *list = NULL;
    size_t n = 0, n_done = 0;
    if (!a)
        return tasks_no_memory(err);
    if (!store_delivery_unsent(t->store, &t->owner, RESEND_MAX, a, &list, &n, err)) {
        arena_free(a);
        return false;
    }
    Uuid *done = ARENA_NEW_ARRAY(a, Uuid, n + 1);
    bool ok = done || tasks_no_memory(err);
    for (size_t i = 0; done && i < n; i++) {
        Task task;
        Err why = ERR_INIT;
        bool there = tasks_get(t, &list[i].task, a, &task, &why);
        if (!there && why.code != ERR_NOT_FOUND) {
            ok = err_set(err, why.code, "%s", why.msg);
            break; /* sent when the store can be read again */
        }
        if (!there || !still_waits(&task, &list[i]) || emit(t, s, &task, &list[i]))
            done[n_done++] = list[i].id;
    }
    if (n_done)
        mark_sent(t, done, n_done);
    arena_free(a);
    return ok;
}

/* ---- the desktop ---------------------------------------------------------------------------- */

static void drop_note(Scheduler *s)
{
    s->n_notes--;
    memmove(s->notes, s->notes + 1, s->n_notes * sizeof *s->notes);
}

static void look_after_desktop(Scheduler *s)
{
    Uuid ids[16];
    bool failed[16];
    if (!s->desktop)
        return;
    size_t n = desktop_reap(s->desktop, ids, failed, 16);
    for (size_t i = 0; i < n; i++) {
        if (failed[i] && !s->complained)
            log_write(LOG_WARN, "tasks", "a desktop notification was not shown; "
                "is a notification service running in this session?");
        s->complained = s->complained || failed[i];
    }
    if (n)
        mark_sent(s->tasks, ids, n);
    while (s->n_notes) {
        const Note *note = &s->notes[0];
        Err err = ERR_INIT;
        if (desktop_show(s->desktop, &note->id, str_of(note->title), str_of(note->body),
                note->urgent, &err)) {
            drop_note(s);
            continue;
        }
        if (desktop_running(s->desktop))
            break; /* its turn comes */
        log_write(LOG_WARN, "tasks", "%s", err.msg);
        mark_sent(s->tasks, &note->id, 1);
        drop_note(s);
    }
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* How long to sleep at most, in ms; -1: until the timer or somebody wakes it. */
static int arm(Scheduler *s, int64_t next)
{
    int64_t now = clock_now_ms(), wait = -1;
    struct itimerspec at = {0};
    if (clock_is_set()) {
        wait = next == TASK_NO_TIME || next - now > SET_CLOCK_LOOK_MS ? SET_CLOCK_LOOK_MS
            : next > now ? next - now : 0;
    } else if (next != TASK_NO_TIME) {
        at.it_value.tv_sec = next / 1000;
        at.it_value.tv_nsec = (next % 1000) * 1000000;
        if (next <= 0) /* zero would disarm it */
            at.it_value = (struct timespec){.tv_nsec = 1};
    }
    /* A step of the clock ends the sleep with ECANCELED, whatever the timer says; or it came just
     * now, and there is nothing to sleep for. */
    if (timerfd_settime(s->timer, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &at, NULL) != 0
        && wait < 0)
        wait = errno == ECANCELED ? 0 : RETRY_MS;
    if (s->desktop && (desktop_running(s->desktop) || s->n_notes)
        && (wait < 0 || wait > CHILD_LOOK_MS))
        wait = CHILD_LOOK_MS;
    return (int)wait;
}

static void drain(int fd)
{
    uint64_t n;
    while (read(fd, &n, sizeof n) > 0)
        ;
}

static void sleep_until(Scheduler *s, int64_t next, bool failed)
{
    struct pollfd fds[2] = {{.fd = s->timer, .events = POLLIN}, {.fd = s->wake, .events = POLLIN}};
    int wait = arm(s, next);
    if (failed)
        wait = RETRY_MS;
    for (;;) {
        int piece = wait < 0 || wait > WAKE_LOOK_MS ? WAKE_LOOK_MS : wait;
        if (poll(fds, failed ? 0 : 2, piece) != 0 || atomic_load(&s->woken) || wait == piece)
            break;
        wait -= wait < 0 ? 0 : piece;
    }
    atomic_store(&s->woken, false);
    drain(s->timer);
    drain(s->wake);
}

static void *scheduler_main(void *arg)
{
    Scheduler *s = arg;
    Tasks *t = s->tasks;
    Err err = ERR_INIT;
    bool resent = false;
    while (!atomic_load(&s->stop)) {
        int fired;
        bool more = true, ok = resent || (resent = resend(s, &err));
        int64_t next = TASK_NO_TIME;
        while (ok && more && !atomic_load(&s->stop))
            ok = resent = fire_batch(t, s, &fired, &more, &err); /* else: perhaps not sent */
        look_after_desktop(s);
        ok = ok && store_task_next(t->store, &t->owner, &next, &err);
        if (!ok) {
            log_write(LOG_ERROR, "tasks", "reminders are late: %s", err.msg);
            err = ERR_INIT;
        }
        if (!atomic_load(&s->stop))
            sleep_until(s, next, !ok);
    }
    return NULL;
}

void scheduler_wake(Scheduler *s)
{
    uint64_t one = 1;
    if (s)
        atomic_store(&s->woken, true);
    if (s && write(s->wake, &one, sizeof one) < 0)
        return; /* full: it is awake */
}

/* A change may have brought the next reminder nearer. */
static void on_event(void *arg, const TasksEvent *e)
{
    if (e->kind != TASKS_FIRED && e->kind != TASKS_ACKNOWLEDGED)
        scheduler_wake(arg);
}

static double count(void *arg)
{
    const Gauge *g = arg;
    uint64_t counts[TASK_CANCELLED + 1] = {0};
    store_task_counts(g->tasks->store, &g->tasks->owner, counts, NULL);
    return (double)counts[g->status];
}

static void add_metrics(Scheduler *s)
{
    static const char *const names[] = {"tasks{status=\"open\"}", "tasks{status=\"done\"}",
        "tasks{status=\"cancelled\"}"};
    for (int i = 0; i <= TASK_CANCELLED; i++) {
        s->gauges[i] = (Gauge){s->tasks, (TaskStatus)i};
        metric_gauge_fn(names[i], "Tasks, reminders and timers by their state.", count,
            &s->gauges[i]);
    }
    metric_add(fired_total(), NULL, 0); /* there from the start */
    (void)lateness();
}

static void release(Scheduler *s)
{
    if (s->timer >= 0)
        close(s->timer);
    if (s->wake >= 0)
        close(s->wake);
    desktop_close(s->desktop);
    mem_free(s->notes);
    mem_free(s);
}

Scheduler *scheduler_start(const SchedulerOptions *o, Err *err)
{
    Scheduler *s = mem_zalloc(sizeof *s);
    Err why = ERR_INIT;
    if (!s) {
        tasks_no_memory(err);
        return NULL;
    }
    s->tasks = o->tasks;
    s->timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    s->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    bool ok = (s->timer >= 0 && s->wake >= 0)
        || err_set_errno(err, ERR_UNAVAILABLE, errno, "making the reminders' timer");
    if (ok && o->desktop && !(s->desktop = desktop_open(&why)))
        log_write(LOG_INFO, "tasks", "no desktop notifications: %s", why.msg);
    ok = ok && (tasks_listen(s->tasks, on_event, s)
        || err_set(err, ERR_INTERNAL, "too many listen to tasks"));
    int rc = ok ? pthread_create(&s->thread, NULL, scheduler_main, s) : 0;
    if (ok && rc == 0) {
        if (o->metrics)
            add_metrics(s);
        return s;
    }
    if (ok)
        err_set_errno(err, ERR_UNAVAILABLE, rc, "starting the reminders' thread");
    tasks_unlisten(s->tasks, s);
    release(s);
    return NULL;
}

void scheduler_stop(Scheduler *s)
{
    if (!s)
        return;
    for (int i = 0; i <= TASK_CANCELLED; i++)
        metric_gauge_fn_drop(&s->gauges[i]);
    atomic_store(&s->stop, true);
    scheduler_wake(s);
    pthread_join(s->thread, NULL);
    tasks_unlisten(s->tasks, s);
    release(s);
}
