/* people.c - everybody but the first: each has tasks, calendars, briefings, an assistant and
 * watched folders of their own, over the shared store, search, encoder and workers. See app.h.
 *
 * Few are open from the start. Many are opened when they come (api_hold), or when something of
 * theirs is due (people_wakes.c), and let go when others were used since; their threads run from
 * when there is something for them to do. */
#include "app/people_int.h"

#include <time.h>

#include "app/backend.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/wakes.h"

#define ROOM_WAIT_NS 2000000000u
#define FEW 16 /* open from the start: the first question does not wait */

/* With people_lock held. */
AppPerson *app_person_of(App *app, const Uuid *owner)
{
    AppPerson *p = app->people;
    while (p && (p->gone || !uuid_eq(&p->own.owner, owner)))
        p = p->next;
    return p;
}

size_t app_people_limit(const App *app)
{
    return (size_t)config_number(app->options.config, SET_PEOPLE_OPEN);
}

/* A burst of people is let in; then the tick has to let others go first, and is waited for. */
static bool room_for(App *app, const Uuid *owner, bool *there, Err *err)
{
    uint64_t began = clock_mono_ns();
    for (;;) {
        pthread_mutex_lock(&app->people_lock);
        *there = app_person_of(app, owner) != NULL;
        bool ok = *there || app->n_people < 4 * app_people_limit(app) + FEW;
        pthread_mutex_unlock(&app->people_lock);
        if (ok)
            return true;
        if (clock_mono_ns() - began > ROOM_WAIT_NS)
            return err_set(err, ERR_UNAVAILABLE,
                           "very many people came at once; try again in a moment");
        (void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

bool app_person_add(void *arg, const Uuid *owner, Err *err)
{
    App *app = arg;
    bool there;
    if (!room_for(app, owner, &there, err) || there)
        return there;
    AppPerson *p = mem_zalloc(sizeof *p);
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
    pthread_mutex_lock(&app->people_lock);
    bool running = app->running; /* else with everybody */
    bool start = running && (app->n_people < FEW || backend_is_qdrant(app->options.config));
    pthread_mutex_unlock(&app->people_lock);
    ok = ok && (!running || (start ? app_start(&p->own, err) : sync_start(p->own.sync, err)));
    p->plans = ok ? store_plans_version(app->store, owner) : 0;
    if (ok) {
        parts = app_api_parts(&p->own);
        ok = api_person_add(app->api, &parts, err);
    }
    if (!ok) { /* the store may be away: they are opened the next time */
        app_stop(&p->own);
        app_close_person(&p->own);
        mem_free(p);
        return false;
    }
    Err why = ERR_INIT;
    pthread_mutex_lock(&app->people_lock);
    p->next = app->people;
    app->people = p;
    app->n_people++;
    if (app->running && !running && !app_start(&p->own, &why))
        log_write(LOG_ERROR, "people", "what goes on by itself for somebody: %s", why.msg);
    pthread_mutex_unlock(&app->people_lock);
    return true;
}

void app_person_remove(void *arg, const Uuid *owner)
{
    App *app = arg;
    api_person_remove(app->api, owner);
    AppPerson *found = NULL;
    bool wait = true;
    while (wait) { /* the tick may be about to close them */
        pthread_mutex_lock(&app->people_lock);
        found = app_person_of(app, owner);
        wait = found && found->stopping;
        if (found && !wait)
            found->gone = found->stopping = true;
        pthread_mutex_unlock(&app->people_lock);
        if (wait)
            (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    if (!found)
        return;
    app_stop(&found->own);
    pthread_mutex_lock(&app->people_lock);
    found->stopping = false; /* requests on their way still look at it: the tick closes it */
    pthread_mutex_unlock(&app->people_lock);
}

/* One whom nobody holds any more is taken out of the list. */
static bool take_out(App *app, AppPerson *p, uint64_t idle_ns)
{
    if (!sync_rests(p->own.sync) || !api_person_let_go(app->api, &p->own.owner, idle_ns))
        return false;
    pthread_mutex_lock(&app->people_lock);
    AppPerson **at = &app->people;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
    app->n_people--;
    pthread_mutex_unlock(&app->people_lock);
    return true;
}

bool app_person_close(App *app, AppPerson *p, uint64_t idle_ns)
{
    if (!take_out(app, p, idle_ns)) {
        pthread_mutex_lock(&app->people_lock);
        p->stopping = false;
        pthread_mutex_unlock(&app->people_lock);
        return false;
    }
    app_stop(&p->own);
    app_close_person(&p->own);
    store_rest(app->store, &p->own.owner);
    mem_free(p);
    return true;
}

void app_people_refresh(App *app)
{
    AccessNews news;
    Err err = ERR_INIT;
    if (!access_refresh(app->access, &news, &err)) {
        log_write(LOG_DEBUG, "people", "what others changed: %s", err.msg);
        return; /* away: it is asked again */
    }
    for (size_t i = 0; i < news.n_went; i++)
        app_person_remove(app, &news.went[i]);
}

bool app_people_open(App *app, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Person *list;
    size_t n = 0;
    bool ok = a ? access_people(app->access, a, &list, &n, err)
                : err_set(err, ERR_NO_MEMORY, "no memory for the list of people");
    for (size_t i = 0; ok && n <= FEW && i < n; i++)
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
    for (AppPerson *p = app->people; p && ok; p = p->next)
        ok = p->gone || app_start(&p->own, err);
    pthread_mutex_unlock(&app->people_lock);
    return ok;
}

void app_people_stop(App *app)
{
    pthread_mutex_lock(&app->people_lock);
    app->running = false;
    pthread_mutex_unlock(&app->people_lock);
    for (AppPerson *p = app->people; p; p = p->next)
        app_stop(&p->own);
}

void app_people_close(App *app)
{
    while (app->people) {
        AppPerson *p = app->people;
        app->people = p->next;
        app_close_person(&p->own);
        mem_free(p);
    }
}
