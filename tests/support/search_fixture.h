/* search_fixture.h - a search over a store of a test's own, with the real encoder. */
#ifndef SOTTO_TESTS_SEARCH_FIXTURE_H
#define SOTTO_TESTS_SEARCH_FIXTURE_H

#include "support/unit.h"

#include "support/retrieval.h"
#include "support/tempdir.h"

typedef struct {
    TempDir dir;
    Minilm *model;
    MinilmState *state;
    Store *store;
    Search *search;
    Arena *a;
    Uuid owner;
    Retrieval set; /* the documents put with fixture_put, numbered in order */
} SearchFixture;

#define FIXTURE_WORKERS 4

static inline Minilm *fixture_model(void)
{
    Err err = ERR_INIT;
    char path[4096];
    const char *models = getenv("SOTTO_MODELS");
    (void)snprintf(path, sizeof path, "%s/all-MiniLM-L6-v2.sotto",
                   models ? models : SOTTO_SOURCE_DIR "/models");
    Minilm *m = minilm_open(path, MINILM_INT8, &err);
    if (!m)
        fail_msg("%s (make models puts it there)", err.msg);
    return m;
}

static inline void fixture_open(SearchFixture *f)
{
    Err err = ERR_INIT;
    *f = (SearchFixture){.owner = {{1}}};
    tempdir_make(&f->dir);
    f->model = fixture_model();
    f->state = minilm_state_new(f->model, &err);
    f->a = arena_new(ARENA_DEFAULT_MAX);
    StoreOptions so = {.dir = f->dir.path, .model = minilm_name(f->model)};
    f->store = store_open_sqlite(&so, &err);
    if (!f->store)
        fail_msg("%s", err.msg);
    SearchOptions po = {.store = f->store, .model = f->model, .workers = FIXTURE_WORKERS};
    f->search = search_new(&po, &err);
    assert_true(f->state && f->a && f->search);
    f->set = (Retrieval){.a = f->a, .docs = ARENA_NEW_ARRAY(f->a, RetrievalDoc, 256)};
}

static inline void fixture_close(SearchFixture *f)
{
    search_free(f->search);
    store_close(f->store);
    minilm_state_free(f->state);
    minilm_close(f->model);
    arena_free(f->a);
    tempdir_remove(&f->dir);
}

/* Stores a document as ingest does; its number, from 0, is what fixture_hit compares. */
static inline size_t fixture_put(SearchFixture *f, const char *title, const char *text)
{
    size_t i = f->set.n_docs++;
    f->set.docs[i] = (RetrievalDoc){STR("upload"), str_of(title), str_of(text)};
    retrieval_put_one(&f->set, i, f->store, &f->owner, f->model, f->state);
    return i;
}

static inline SearchResult fixture_search(SearchFixture *f, const char *text, SearchMode mode)
{
    Err err = ERR_INIT;
    SearchResult out;
    SearchRequest r = {.text = str_of(text), .mode = mode, .limit = 10, .threshold = 0.3};
    if (!search_run(f->search, &f->owner, &r, 0, f->a, &out, &err))
        fail_msg("%s: %s", text, err.msg);
    return out;
}

#endif
