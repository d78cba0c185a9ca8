/* tasks_unit.h - tasks over a store of a test's own, with a clock that is set. */
#ifndef SOTTO_TESTS_UNIT_TASKS_UNIT_H
#define SOTTO_TESTS_UNIT_TASKS_UNIT_H

#include "support/unit.h"

#include <pthread.h>
#include <stdlib.h>

#include "assistant/scheduler.h"
#include "base/clock.h"
#include "support/tempdir.h"

#define HOUR 3600000LL
#define DAY (24 * HOUR)
#define MAX_EVENTS 4096

typedef struct {
    TasksEventKind kind;
    Uuid task, delivery;
    int64_t at;
    char title[64];
} Heard;

typedef struct {
    TempDir dir;
    Store *store;
    Tasks *t;
    Arena *a;
    pthread_mutex_t lock;
    Heard heard[MAX_EVENTS];
    size_t n_heard;
} World;

static Err oops;
#define OK(call)                                                                                   \
    do {                                                                                           \
        oops = ERR_INIT;                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s:%d: %s", __FILE__, __LINE__, oops.msg);                                   \
    } while (0)

/* "2026-11-23T09:00:00+01:00" */
static inline int64_t at(const char *text)
{
    int64_t ms;
    if (!clock_parse(str_of(text), &ms))
        fail_msg("%s is no time", text);
    return ms;
}

static inline void on_event(void *arg, const TasksEvent *e)
{
    World *w = arg;
    pthread_mutex_lock(&w->lock);
    if (w->n_heard < MAX_EVENTS) {
        Heard *h = &w->heard[w->n_heard++];
        *h = (Heard){.kind = e->kind, .task = e->task->id};
        if (e->delivery) {
            h->delivery = e->delivery->id;
            h->at = e->delivery->at;
        }
        if (e->task->title.ptr)
            (void)snprintf(h->title, sizeof h->title, STR_FMT,
                (int)(e->task->title.len < 60 ? e->task->title.len : 60), e->task->title.ptr);
    }
    pthread_mutex_unlock(&w->lock);
}

static inline size_t heard(World *w, TasksEventKind kind)
{
    size_t n = 0;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->n_heard; i++)
        n += w->heard[i].kind == kind;
    pthread_mutex_unlock(&w->lock);
    return n;
}

static inline void world_open(World *w, const char *zone)
{
    Err err = ERR_INIT;
    w->store = store_open_sqlite(&(StoreOptions){.dir = w->dir.path, .model = "test"}, &err);
    if (!w->store)
        fail_msg("%s", err.msg);
    TasksOptions o = {.store = w->store, .owner = {{1}}, .zone = str_of(zone)};
    w->t = tasks_new(&o, &err);
    if (!w->t)
        fail_msg("%s", err.msg);
    assert_true(tasks_listen(w->t, on_event, w));
}

static inline void world_close(World *w)
{
    tasks_free(w->t);
    store_close(w->store);
    w->t = NULL;
    w->store = NULL;
}

static inline int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    tempdir_make(&w->dir);
    pthread_mutex_init(&w->lock, NULL);
    w->a = arena_new((size_t)1 << 30);
    clock_set_ms(at("2026-11-23T10:00:00+01:00")); /* a Monday */
    world_open(w, "Europe/Berlin");
    *state = w;
    return 0;
}

static inline int world_down(void **state)
{
    World *w = *state;
    world_close(w);
    arena_free(w->a);
    pthread_mutex_destroy(&w->lock);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

static inline TaskDraft draft(const char *title, const char *due, bool timed)
{
    TaskDraft d = TASK_DRAFT_NONE;
    d.title = str_of(title);
    if (due) {
        d.due_at = at(due);
        d.due_timed = timed;
    }
    return d;
}

static inline Task make(World *w, const TaskDraft *d)
{
    TaskResult r;
    OK(tasks_create(w->t, d, w->a, &r, &oops));
    return r.task;
}

static inline Task get(World *w, const Uuid *id)
{
    Task t;
    OK(tasks_get(w->t, id, w->a, &t, &oops));
    return t;
}

#define T(test) cmocka_unit_test_setup_teardown(test, world_up, world_down)

#endif
