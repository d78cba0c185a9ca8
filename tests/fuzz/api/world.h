/* world.h - an API over real parts, for fuzz targets: a store of its own, tasks, calendars, an
 * assistant of rules, ears whose sound another machine hears (../far.h). There are no documents, so
 * that no model is needed: search finds nothing, and nothing is embedded. Included by exactly one
 * file of a program. */
#ifndef SOTTO_TESTS_FUZZ_WORLD_H
#define SOTTO_TESTS_FUZZ_WORLD_H

#include "../far.h"
#include "../require.h"

#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"

#define NOW 1795424400000LL /* 2026-11-23T09:00:00Z */

/* ---- search ---------------------------------------------------------------------------------- */

bool search_run(Search *s, const Uuid *owner, const SearchRequest *r, unsigned worker, Arena *a,
                SearchResult *out, Err *err)
{
    (void)s;
    (void)owner;
    (void)worker;
    (void)a;
    if (!str_trim(r->text).len)
        return err_set(err, ERR_VALIDATION, "the query is empty");
    *out = (SearchResult){.total = 0};
    return true;
}

static bool no_encoder(Err *err)
{
    return err_set(err, ERR_UNAVAILABLE, "there is no encoder here");
}

MinilmState *search_encoder(Search *s, unsigned worker, Err *err)
{
    (void)s;
    (void)worker;
    (void)no_encoder(err);
    return NULL;
}

bool search_embed(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
                  uint32_t *tokens, Err *err)
{
    (void)s;
    (void)texts;
    (void)n;
    (void)worker;
    (void)out;
    (void)tokens;
    return no_encoder(err);
}

bool search_embed_kept(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
                       uint32_t *tokens, Err *err)
{
    return search_embed(s, texts, n, worker, out, tokens, err);
}

bool search_embed_ids(Search *s, const uint32_t *const *ids, const uint32_t *n_ids, size_t n,
                      unsigned worker, float *out, Err *err)
{
    (void)ids;
    (void)n_ids;
    return search_embed(s, NULL, n, worker, out, NULL, err);
}

/* ---- the world ------------------------------------------------------------------------------- */

typedef struct {
    char folder[64];
    Store *store;
    Tasks *tasks;
    Assistant *assistant;
    Ears *ears;
    Calendars *calendars;
    Work *work;
    Api *api;
} World;

static bool heard(const ClientRequest *q, Str *answer)
{
    (void)q;
    *answer = STR("200\n\n{\"text\":\"remind me to water the plants tomorrow at nine\"}");
    return true;
}

static inline void world_parts(World *w)
{
    static const Uuid owner = {{1}};
    Err err = ERR_INIT;
    StoreOptions so = {.dir = w->folder, .model = "test"};
    EarsFarOptions far_ears = {.base_url = "http://far/v1", .model = "whisper-1"};
    EarsOptions eo = {.models_dir = w->folder, .far = &far_ears};
    w->store = store_open_sqlite(&so, &err);
    REQUIRE(w->store);
    TasksOptions to = {.store = w->store, .owner = owner, .zone = STR("UTC")};
    w->tasks = tasks_new(&to, &err);
    w->ears = ears_new(&eo, &err);
    w->work = work_new(1, 64, &err);
    CalendarsOptions co = {.store = w->store, .owner = owner, .zone = STR("UTC"),
                           .tasks = w->tasks};
    w->calendars = calendars_new(&co, &err);
    REQUIRE(w->tasks && w->ears && w->work && w->calendars);
    AssistantParts ap = {.store = w->store, .tasks = w->tasks, .calendars = w->calendars,
                         .workers = work_numbers(w->work), .owner = owner};
    w->assistant = assistant_new(&ap, &err);
    REQUIRE(w->assistant);
    ApiParts parts = {.store = w->store, .tasks = w->tasks, .calendars = w->calendars,
                      .assistant = w->assistant, .ears = w->ears, .work = w->work,
                      .owner = owner};
    w->api = api_new(&parts, &err);
    REQUIRE(w->api);
}

static inline void world_up(World *w)
{
    *w = (World){.store = NULL};
    (void)snprintf(w->folder, sizeof w->folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(w->folder));
    log_init(LOG_ERROR, "text");
    clock_set_ms(NOW);
    far_begin(NULL, 0);
    far.instead = heard;
    world_parts(w);
}

/* Behind the end of a server that it had. */
static inline void world_down(World *w)
{
    Err err = ERR_INIT;
    work_free(w->work);
    api_free(w->api);
    assistant_free(w->assistant);
    calendars_free(w->calendars);
    tasks_free(w->tasks);
    ears_free(w->ears);
    store_close(w->store);
    REQUIRE(os_remove_tree(w->folder, &err));
}

#endif
