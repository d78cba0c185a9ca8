/* tasks.c - the object: zones, listeners, questions. What changes tasks is task_change.c. */
#include "assistant/tasks_int.h"

#include "base/clock.h"
#include "base/mem.h"

#define ZONES_MAX 64 /* different zones that are kept open; more tasks' zones than people have */

bool tasks_no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "tasks: out of memory");
}

Tasks *tasks_new(const TasksOptions *o, Err *err)
{
    Tasks *t = mem_zalloc(sizeof *t);
    if (!t) {
        tasks_no_memory(err);
        return NULL;
    }
    t->store = o->store;
    t->owner = o->owner;
    t->day_first = o->day_first;
    t->zone = zone_open(o->zone.ptr ? o->zone : STR(""), err);
    if (!t->zone) {
        mem_free(t);
        return NULL;
    }
    pthread_mutexattr_t again;
    pthread_mutexattr_init(&again);
    pthread_mutexattr_settype(&again, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&t->zones_lock, NULL);
    pthread_mutex_init(&t->listen_lock, &again);
    pthread_mutexattr_destroy(&again);
    return t;
}

void tasks_free(Tasks *t)
{
    if (!t)
        return;
    for (TasksZone *z = t->zones, *next; z; z = next) {
        next = z->next;
        zone_free(z->zone);
        mem_free(z);
    }
    zone_free(t->zone);
    pthread_mutex_destroy(&t->zones_lock);
    pthread_mutex_destroy(&t->listen_lock);
    mem_free(t);
}

const Zone *tasks_zone(const Tasks *t)
{
    return t->zone;
}

bool tasks_day_first(const Tasks *t)
{
    return t->day_first;
}

Store *tasks_store(const Tasks *t)
{
    return t->store;
}

const Uuid *tasks_owner(const Tasks *t)
{
    return &t->owner;
}

/* ---- zones ----------------------------------------------------------------------------------- */

/* Callers hold the lock. */
static const Zone *zone_add(Tasks *t, Str name, Err *err)
{
    TasksZone *entry = t->n_zones < ZONES_MAX ? mem_zalloc(sizeof *entry) : NULL;
    if (!entry) {
        if (t->n_zones < ZONES_MAX)
            tasks_no_memory(err);
        else
            err_set(err, ERR_VALIDATION, "tasks name more than %d time zones", ZONES_MAX);
        return NULL;
    }
    entry->zone = zone_open(name, err);
    if (!entry->zone) {
        mem_free(entry);
        return NULL;
    }
    entry->next = t->zones;
    t->zones = entry;
    t->n_zones++;
    return entry->zone;
}

const Zone *tasks_zone_named(Tasks *t, Str name, Err *err)
{
    if (!name.len || str_eq(name, str_of(zone_name(t->zone))))
        return t->zone;
    pthread_mutex_lock(&t->zones_lock);
    const Zone *found = NULL;
    for (TasksZone *z = t->zones; z && !found; z = z->next)
        if (str_eq(name, str_of(zone_name(z->zone))))
            found = z->zone;
    Err why = ERR_INIT;
    if (!found)
        found = zone_add(t, name, &why);
    pthread_mutex_unlock(&t->zones_lock);
    if (!found)
        err_set(err, why.code == ERR_NOT_FOUND ? ERR_VALIDATION : why.code, "%s", why.msg);
    return found;
}

const Zone *tasks_zone_of(Tasks *t, const Task *task)
{
    const Zone *z = tasks_zone_named(t, task->zone, NULL);
    return z ? z : t->zone;
}

/* ---- listeners ------------------------------------------------------------------------------- */

const char *tasks_event_name(TasksEventKind k)
{
    static const char *const names[] = {"created", "updated", "completed", "reopened", "snoozed",
        "cancelled", "deleted", "undone", "fired", "acknowledged"};
    return (unsigned)k <= TASKS_ACKNOWLEDGED ? names[k] : "changed";
}

bool tasks_listen(Tasks *t, TasksListener fn, void *arg)
{
    pthread_mutex_lock(&t->listen_lock);
    bool ok = t->n_listeners < TASKS_LISTENERS;
    if (ok) {
        t->listeners[t->n_listeners].fn = fn;
        t->listeners[t->n_listeners++].arg = arg;
    }
    pthread_mutex_unlock(&t->listen_lock);
    return ok;
}

void tasks_unlisten(Tasks *t, void *arg)
{
    pthread_mutex_lock(&t->listen_lock);
    size_t kept = 0;
    for (size_t i = 0; i < t->n_listeners; i++)
        if (t->listeners[i].arg != arg)
            t->listeners[kept++] = t->listeners[i];
    t->n_listeners = kept;
    pthread_mutex_unlock(&t->listen_lock);
}

void tasks_tell(Tasks *t, TasksEventKind kind, const Task *task, bool gone, const Delivery *d)
{
    TasksEvent e = {.kind = kind, .task = task, .gone = gone, .delivery = d};
    pthread_mutex_lock(&t->listen_lock);
    for (size_t i = 0; i < t->n_listeners; i++)
        t->listeners[i].fn(t->listeners[i].arg, &e);
    pthread_mutex_unlock(&t->listen_lock);
}

/* ---- questions ------------------------------------------------------------------------------- */

bool tasks_get(Tasks *t, const Uuid *id, Arena *a, Task *out, Err *err)
{
    return store_task_get(t->store, &t->owner, id, a, out, err);
}

bool tasks_list(Tasks *t, const TaskFilter *f, TaskSort sort, size_t limit, Str cursor, Arena *a,
    TaskPage *out, Err *err)
{
    return store_task_list(t->store, &t->owner, f, sort, limit, cursor, a, out, err);
}

bool tasks_timers(Tasks *t, Arena *a, Task **out, size_t *n, Err *err)
{
    static const TaskKind timer = TASK_TIMER;
    static const TaskStatus open = TASK_OPEN;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.kinds = &timer;
    f.n_kinds = 1;
    f.status = &open;
    if (!tasks_list(t, &f, TASK_SORT_DUE, 100, STR(""), a, &page, err))
        return false;
    *out = page.items;
    *n = page.n;
    return true;
}

/* ---- finding by words ------------------------------------------------------------------------ */

#define FIND_WORDS 32
#define FIND_TASKS 1000 /* open ones that are looked at: the earliest due */

typedef struct {
    Str words[FIND_WORDS];
    size_t n;
    Arena *a;
    bool failed;
} Stems;

static bool on_stem(void *arg, Str stem, size_t start, size_t end)
{
    Stems *s = arg;
    (void)start;
    (void)end;
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->words[i], stem))
            return true;
    if (s->n == FIND_WORDS)
        return false;
    s->words[s->n] = arena_str(s->a, stem);
    s->failed = s->failed || !s->words[s->n].ptr;
    s->n++;
    return !s->failed;
}

static bool has_stem(const Stems *s, Str word)
{
    for (size_t i = 0; i < s->n; i++)
        if (str_eq(s->words[i], word))
            return true;
    return false;
}

/* A word that few titles have says more: each counts 1 / (titles that have it). Of equal matches
 * the title with fewer other words comes first, then the one due first (the order they came in). */
static void rank(const Stems *query, const Stems *titles, size_t n, double *scores)
{
    double weight[FIND_WORDS] = {0}, all = 0;
    for (size_t w = 0; w < query->n; w++) {
        size_t have = 0;
        for (size_t i = 0; i < n; i++)
            have += has_stem(&titles[i], query->words[w]);
        weight[w] = have ? 1.0 / (double)have : 0;
        all += weight[w];
    }
    for (size_t i = 0; i < n; i++) {
        double got = 0;
        size_t hits = 0;
        for (size_t w = 0; w < query->n; w++) {
            if (!has_stem(&titles[i], query->words[w]))
                continue;
            got += weight[w];
            hits++;
        }
        scores[i] = all > 0 && titles[i].n
            ? got / all + 0.1 * (double)hits / (double)titles[i].n : 0;
    }
}

static bool find_among(Tasks *t, Str words, const TaskPage *page, size_t max, Arena *a, Task *out,
    size_t *n, Err *err)
{
    Stems query = {.a = a}, *titles = ARENA_NEW_ARRAY(a, Stems, page->n + 1);
    double *scores = ARENA_NEW_ARRAY(a, double, page->n + 1);
    if (!titles || !scores)
        return tasks_no_memory(err);
    if (!store_tokenize(t->store, words, on_stem, &query, err))
        return false;
    for (size_t i = 0; i < page->n; i++) {
        titles[i].a = a;
        if (!store_tokenize(t->store, page->items[i].title, on_stem, &titles[i], err))
            return false;
    }
    rank(&query, titles, page->n, scores);
    double best = 0;
    for (*n = 0; *n < max; ++*n) {
        size_t top = 0;
        for (size_t i = 1; i < page->n; i++)
            if (scores[i] > scores[top])
                top = i;
        if (!page->n || scores[top] <= 0 || scores[top] < best / 2)
            break;
        best = scores[top] > best ? scores[top] : best;
        scores[top] = 0;
        out[*n] = page->items[top];
    }
    return true;
}

bool tasks_find(Tasks *t, Str words, size_t max, Arena *a, Task **out, size_t *n, Err *err)
{
    static const TaskStatus open = TASK_OPEN;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.status = &open;
    Task *found = ARENA_NEW_ARRAY(a, Task, max + 1);
    if (!found)
        return tasks_no_memory(err);
    *n = 0;
    if (!tasks_list(t, &f, TASK_SORT_DUE, FIND_TASKS, STR(""), a, &page, err)
        || !find_among(t, words, &page, max, a, found, n, err))
        return false;
    *out = found;
    return true;
}

/* ---- reminders ------------------------------------------------------------------------------- */

bool tasks_waiting(Tasks *t, size_t limit, Arena *a, TaskReminder **out, size_t *n, Err *err)
{
    Delivery *list;
    size_t got = 0, count;
    if (!store_delivery_waiting(t->store, &t->owner, limit, a, &list, &count, err))
        return false;
    TaskReminder *items = ARENA_NEW_ARRAY(a, TaskReminder, count + 1);
    if (!items)
        return tasks_no_memory(err);
    for (size_t i = 0; i < count; i++) {
        Err why = ERR_INIT;
        items[got].delivery = list[i];
        if (tasks_get(t, &list[i].task, a, &items[got].task, &why))
            got++;
        else if (why.code != ERR_NOT_FOUND) /* else: deleted a moment ago */
            return err_set(err, why.code, "%s", why.msg);
    }
    *out = items;
    *n = got;
    return true;
}

/* After it was acknowledged: what it is of, told to who listens when it is news. */
static bool acknowledged(Tasks *t, const Uuid *delivery, Arena *a, bool first, TaskReminder *out,
    Err *err)
{
    Err why = ERR_INIT;
    *out = (TaskReminder){0};
    if (!store_delivery_get(t->store, &t->owner, delivery, &out->delivery, err))
        return false;
    if (!tasks_get(t, &out->delivery.task, a, &out->task, &why)) {
        if (why.code != ERR_NOT_FOUND)
            return err_set(err, why.code, "%s", why.msg);
        out->task = (Task){.id = out->delivery.task, .due_at = TASK_NO_TIME}; /* deleted since */
    }
    if (first)
        tasks_tell(t, TASKS_ACKNOWLEDGED, &out->task, why.code == ERR_NOT_FOUND, &out->delivery);
    return true;
}

bool tasks_acknowledge(Tasks *t, const Uuid *delivery, Arena *a, TaskReminder *out, bool *first,
    Err *err)
{
    TaskReminder r;
    if (!store_delivery_ack(t->store, &t->owner, delivery, 1, clock_now_ms(), first, err)
        || !acknowledged(t, delivery, a, *first, &r, err))
        return false;
    *out = r;
    return true;
}

bool tasks_acknowledge_all(Tasks *t, const Uuid *deliveries, size_t n, Arena *a, size_t *first,
    Err *err)
{
    bool *news = ARENA_NEW_ARRAY(a, bool, n + 1);
    if (!news)
        return err_set(err, ERR_NO_MEMORY, "acknowledging reminders: out of memory");
    if (!store_delivery_ack(t->store, &t->owner, deliveries, n, clock_now_ms(), news, err))
        return false;
    *first = 0;
    for (size_t i = 0; i < n; i++) {
        TaskReminder r;
        if (!acknowledged(t, &deliveries[i], a, news[i], &r, err))
            return false;
        *first += news[i];
    }
    return true;
}
