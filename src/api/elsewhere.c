/* elsewhere.c - what other processes did to the people whom this one has open, told to their
 * clients here as if it had been done here.
 *
 *   store_on_news -> a list -> one job at a time, in order -> tasks, briefings -> their listeners
 *
 * One job, so that what came later is told later. What finds no place in the queue waits in the
 * list for the next tick. */
#include "api/elsewhere.h"

#include <pthread.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"

#define WAIT_MAX 65536 /* news that wait; more is dropped: who asks has them all the same */

typedef struct {
    Uuid owner;
    StoreNews news;
} One;

struct Elsewhere {
    Api *api;
    pthread_mutex_t lock;
    One *list;
    size_t n, cap;
    bool running;
};

Elsewhere *elsewhere_new(Api *api, Err *err)
{
    Elsewhere *e = mem_zalloc(sizeof *e);
    if (!e) {
        err_set(err, ERR_NO_MEMORY, "no memory for news of other processes");
        return NULL;
    }
    e->api = api;
    pthread_mutex_init(&e->lock, NULL);
    return e;
}

void elsewhere_free(Elsewhere *e)
{
    if (!e)
        return;
    if (api_parts(e->api)->store)
        store_on_news(api_parts(e->api)->store, NULL, NULL);
    pthread_mutex_destroy(&e->lock);
    mem_free(e->list);
    mem_free(e);
}

static void tell(Elsewhere *e, const One *one)
{
    const ApiParts *parts = api_hold_open(e->api, &one->owner);
    Err err = ERR_INIT;
    bool ok = true;
    if (!parts)
        return;
    if (one->news.kind >= NEWS_BRIEFING)
        ok = !parts->briefings || briefings_heard(parts->briefings, &one->news, &err);
    else
        ok = !parts->tasks || tasks_heard(parts->tasks, &one->news, &err);
    if (!ok)
        log_write(LOG_WARN, "ws", "clients do not hear of what another process did: %s", err.msg);
    api_give(e->api, parts);
}

/* The caller holds the lock; it is given back empty. */
static One *take(Elsewhere *e, size_t *n)
{
    One *list = e->list;
    *n = e->n;
    e->list = NULL;
    e->n = e->cap = 0;
    return list;
}

static void run(void *arg, unsigned worker)
{
    Elsewhere *e = arg;
    (void)worker;
    pthread_mutex_lock(&e->lock);
    while (e->n) {
        size_t n;
        One *list = take(e, &n);
        pthread_mutex_unlock(&e->lock);
        for (size_t i = 0; i < n; i++)
            tell(e, &list[i]);
        mem_free(list);
        pthread_mutex_lock(&e->lock);
    }
    e->running = false;
    pthread_mutex_unlock(&e->lock);
}

static void drop(void *arg, unsigned worker)
{
    Elsewhere *e = arg;
    (void)worker;
    pthread_mutex_lock(&e->lock);
    e->running = false;
    pthread_mutex_unlock(&e->lock);
}

void elsewhere_tick(Elsewhere *e)
{
    Work *work = api_parts(e->api)->work;
    Err err = ERR_INIT;
    pthread_mutex_lock(&e->lock);
    bool begin = e->n && !e->running && work;
    if (begin)
        e->running = true;
    pthread_mutex_unlock(&e->lock);
    if (begin && !work_submit(work, WORK_INTERACTIVE, run, drop, e, &err)) {
        log_write(LOG_WARN, "ws", "news of other processes wait: %s", err.msg);
        drop(e, 0);
    }
}

static void on_news(void *arg, const Uuid *owner, const StoreNews *list, size_t n)
{
    Elsewhere *e = arg;
    size_t lost = 0;
    pthread_mutex_lock(&e->lock);
    for (size_t i = 0; i < n; i++)
        if (e->n < WAIT_MAX && MEM_GROW(e->list, e->n, e->cap))
            e->list[e->n++] = (One){*owner, list[i]};
        else
            lost++;
    pthread_mutex_unlock(&e->lock);
    if (lost)
        log_write(LOG_WARN, "ws", "clients do not hear of %zu things that others did", lost);
    elsewhere_tick(e);
}

void elsewhere_listen(Elsewhere *e)
{
    store_on_news(api_parts(e->api)->store, on_news, e);
}
