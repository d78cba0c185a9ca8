/* people.c - everybody but the first: each has tasks, calendars, briefings, an assistant and
 * watched folders of their own, over the shared store, search, encoder and workers. See app.h. */
#include "app/app.h"

#include "base/log.h"
#include "base/mem.h"

/* Closed with the app, not when the person is removed: requests on their way still look at it. */
struct AppPerson {
    App own; /* the shared parts are borrowed from the app */
    bool gone;
    struct AppPerson *next;
};

/* The caller holds people_lock: nobody is started twice. */
static bool start_own(struct AppPerson *p, Err *err)
{
    return p->gone || p->own.running || app_start(&p->own, err);
}

bool app_person_add(void *arg, const Uuid *owner, Err *err)
{
    App *app = arg;
    struct AppPerson *p = mem_zalloc(sizeof *p);
    if (!p)
        return err_set(err, ERR_NO_MEMORY, "no memory for another person");
    p->own = (App){.options = app->options, .owner = *owner, .access = app->access,
                   .model = app->model, .store = app->store, .search = app->search,
                   .ingest = app->ingest, .work = app->work, .ears = app->ears,
                   .mouth = app->mouth, .speech = app->speech, .sounds = app->sounds,
                   .threads = app->threads, .bulk = app->bulk, .llm = app->llm,
                   .host = app->host};
    ApiParts parts;
    bool ok = app_open_person(&p->own, err);
    if (ok) {
        parts = app_api_parts(&p->own);
        ok = api_person_add(app->api, &parts, err);
    }
    if (!ok) {
        app_close_person(&p->own);
        mem_free(p);
        return false;
    }
    pthread_mutex_lock(&app->people_lock);
    p->next = app->people;
    app->people = p;
    ok = !app->running || start_own(p, err);
    pthread_mutex_unlock(&app->people_lock);
    if (ok)
        return true;
    app_person_remove(app, owner);
    return false;
}

void app_person_remove(void *arg, const Uuid *owner)
{
    App *app = arg;
    struct AppPerson *found = NULL;
    api_person_remove(app->api, owner);
    pthread_mutex_lock(&app->people_lock);
    for (struct AppPerson *p = app->people; p; p = p->next)
        if (!p->gone && uuid_eq(&p->own.owner, owner)) {
            p->gone = true;
            found = p;
        }
    pthread_mutex_unlock(&app->people_lock);
    if (found)
        app_stop(&found->own);
}

void app_people_refresh(App *app)
{
    AccessNews news;
    Err err = ERR_INIT;
    if (!access_refresh(app->access, &news, &err)) {
        log_write(LOG_DEBUG, "people", "what others changed: %s", err.msg);
        return; /* away: it is asked again */
    }
    for (size_t i = 0; i < news.n_came; i++)
        if (!app_person_add(app, &news.came[i], &err))
            log_write(LOG_WARN, "people", "somebody who was added elsewhere: %s", err.msg);
    for (size_t i = 0; i < news.n_went; i++)
        app_person_remove(app, &news.went[i]);
}

bool app_people_open(App *app, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Person *list;
    size_t n;
    bool ok = a ? access_people(app->access, a, &list, &n, err)
                : err_set(err, ERR_NO_MEMORY, "no memory for the list of people");
    for (size_t i = 0; ok && i < n; i++)
        if (!uuid_eq(&list[i].id, &app_owner))
            ok = app_person_add(app, &list[i].id, err) ||
                 err_wrap(err, "opening what belongs to " STR_FMT, STR_ARG(list[i].name));
    arena_free(a);
    return ok;
}

bool app_people_start(App *app, Err *err)
{
    bool ok = true;
    pthread_mutex_lock(&app->people_lock);
    app->running = true;
    for (struct AppPerson *p = app->people; p && ok; p = p->next)
        ok = start_own(p, err);
    pthread_mutex_unlock(&app->people_lock);
    return ok;
}

void app_people_stop(App *app)
{
    pthread_mutex_lock(&app->people_lock);
    app->running = false;
    pthread_mutex_unlock(&app->people_lock);
    for (struct AppPerson *p = app->people; p; p = p->next)
        app_stop(&p->own);
}

void app_people_close(App *app)
{
    while (app->people) {
        struct AppPerson *p = app->people;
        app->people = p->next;
        app_close_person(&p->own);
        mem_free(p);
    }
}
