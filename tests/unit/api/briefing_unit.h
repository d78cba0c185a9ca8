/* briefing_unit.h - a person's base in a folder, its routes called without a socket, and what a
 * test asks of a briefing. Needs the encoder's file (SOTTO_MODELS). */
#ifndef SOTTO_TESTS_BRIEFING_UNIT_H
#define SOTTO_TESTS_BRIEFING_UNIT_H

#include "support/unit.h"

#include <stdlib.h>

#include "api/call.h"
#include "assistant/briefing.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ingest/sandbox.h"
#include "support/tempdir.h"

#define DAILY "/api/v1/briefing/daily"

typedef struct {
    TempDir dir;
    Store *store;
    Minilm *model;
    Search *search;
    Ingest *ingest;
    Tasks *tasks;
    Calendars *calendars;
    Briefings *briefings;
    Api *api;
    Arena *a;
} World;

static inline Minilm *model_open(void)
{
    Err err = ERR_INIT;
    char path[600];
    const char *dir = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   dir && *dir ? dir : SOTTO_SOURCE_DIR "/models");
    Minilm *m = minilm_open(path, MINILM_INT8, &err);
    if (!m)
        fail_msg("%s (make test sets up the model)", err.msg);
    return m;
}

static inline void open_parts(World *w)
{
    Err err = ERR_INIT;
    const Uuid owner = {{1}};
    Str zone = STR("Europe/Berlin");
    w->store = store_open_sqlite(
        &(StoreOptions){.dir = w->dir.path, .model = "all-MiniLM-L6-v2"}, &err);
    if (!w->store)
        fail_msg("%s", err.msg);
    w->search =
        search_new(&(SearchOptions){.store = w->store, .model = w->model, .workers = 1}, &err);
    w->ingest = ingest_new(&(IngestOptions){.store = w->store, .model = w->model, .workers = 1,
                                            .zone = zone}, &err);
    w->tasks =
        tasks_new(&(TasksOptions){.store = w->store, .owner = owner, .zone = zone}, &err);
    w->calendars =
        calendars_new(&(CalendarsOptions){.store = w->store, .owner = owner, .zone = zone}, &err);
    assert_true(w->search && w->ingest && w->tasks && w->calendars);
    w->briefings = briefings_new(&(BriefingsOptions){.store = w->store, .owner = owner,
                                                     .tasks = w->tasks, .search = w->search,
                                                     .calendars = w->calendars}, &err);
    w->api = api_new(&(ApiParts){.store = w->store, .search = w->search, .ingest = w->ingest,
                                 .tasks = w->tasks, .calendars = w->calendars,
                                 .briefings = w->briefings, .model = w->model, .owner = owner},
                     &err);
    assert_true(w->briefings && w->api);
}

static inline void close_parts(World *w)
{
    api_free(w->api);
    briefings_free(w->briefings);
    calendars_free(w->calendars);
    tasks_free(w->tasks);
    ingest_free(w->ingest);
    search_free(w->search);
    store_close(w->store);
}

static inline void set_clock(const char *rfc3339)
{
    int64_t ms;
    assert_true(clock_parse(str_of(rfc3339), &ms));
    clock_set_ms(ms);
}

static inline int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    assert_non_null(w);
    tempdir_make(&w->dir);
    w->model = model_open();
    w->a = arena_new((size_t)1 << 30);
    set_clock("2026-11-23T10:00:00+01:00"); /* a Monday */
    open_parts(w);
    *state = w;
    return 0;
}

static inline int world_down(void **state)
{
    World *w = *state;
    close_parts(w);
    minilm_close(w->model);
    arena_free(w->a);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

#define T(test) cmocka_unit_test_setup_teardown(test, world_up, world_down)

/* ---- asking ---------------------------------------------------------------------------------- */

/* The answer's body, in the world's arena. */
static inline Str ask(World *w, const char *method, const char *target, const char *body,
               const char *accept, int status)
{
    Err err = ERR_INIT;
    HttpHeader headers[3] = {{STR("Host"), STR("sotto.example:8080")}};
    size_t n = 1;
    if (body)
        headers[n++] = (HttpHeader){STR("Content-Type"), STR("application/json")};
    if (accept)
        headers[n++] = (HttpHeader){STR("Accept"), str_of(accept)};
    HttpExchange *x =
        http_exchange_new(str_of(method), str_of(target), headers, n, str_of(body), &err);
    assert_non_null(x);
    api_dispatch(w->api, x, 0);
    assert_true(http_exchange_wait(x, 60000));
    Str text = arena_str(w->a, http_resp_body(x));
    if (x->resp.status != status)
        fail_msg("%s %s: %d, not %d: " STR_FMT, method, target, x->resp.status, status,
                 STR_ARG(text));
    http_exchange_free(x);
    return text;
}

static inline Json *parse(Str text)
{
    Err err = ERR_INIT;
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, &err);
    if (!j)
        fail_msg("%s: " STR_FMT, err.msg, STR_ARG(text));
    return j;
}

static inline Json *daily(World *w, const char *query)
{
    Str target = arena_printf(w->a, DAILY "%s", query);
    return parse(ask(w, "GET", target.ptr, NULL, NULL, 200));
}

static inline const Json *section(const Json *j, const char *title)
{
    const Json *list = json_get(j, "sections");
    for (size_t i = 0; i < json_count(list); i++)
        if (str_eq(json_str(json_get(json_at(list, i), "title")), str_of(title)))
            return json_at(list, i);
    fail_msg("there is no section %s", title);
    return NULL;
}

static inline const Json *items(const Json *j, const char *title)
{
    return json_get(section(j, title), "items");
}

static inline bool has(Str text, const char *part)
{
    return str_find(text, str_of(part), 0) != SIZE_MAX;
}

/* The first line of the section with `part` in its text; NULL when there is none. */
static inline const Json *line(const Json *j, const char *title, const char *part)
{
    const Json *list = items(j, title);
    for (size_t i = 0; i < json_count(list); i++)
        if (has(json_str(json_get(json_at(list, i), "text")), part))
            return json_at(list, i);
    return NULL;
}

static inline void reads(const Json *j, const char *title, const char *part, const char *reason)
{
    const Json *l = line(j, title, part);
    if (!l)
        fail_msg("%s has no line with %s", title, part);
    if (!has(json_str(json_get(l, "reason")), reason))
        fail_msg("the reason of %s is " STR_FMT, part, STR_ARG(json_str(json_get(l, "reason"))));
}

static inline Uuid add(World *w, const char *source, const char *text)
{
    Err err = ERR_INIT;
    Document doc;
    PutOutcome outcome;
    IngestInput in = {.data = str_of(text), .source = str_of(source), .file_type = STR("text")};
    if (!ingest_one(w->ingest, &(Uuid){{1}}, &in, 0, w->a, &doc, &outcome, &err))
        fail_msg("%s", err.msg);
    return doc.id;
}

static inline void task(World *w, const char *sentence)
{
    Str body = arena_printf(w->a, "{\"text\":\"%s\"}", sentence);
    (void)ask(w, "POST", "/api/v1/tasks", body.ptr, NULL, 201);
}

#endif
