/* store_unit.h - what the store's test programs share: a store in a folder of its own. */
#ifndef SOTTO_TESTS_UNIT_STORE_UNIT_H
#define SOTTO_TESTS_UNIT_STORE_UNIT_H

#include "support/unit.h"

#include "store/qdrant.h"
#include "store/store_ops.h"
#include "support/store_fixture.h"
#include "support/tempdir.h"

typedef struct {
    TempDir dir;
    Store *s;
    Arena *a;
    Uuid owner;
} Fx;

/* OK(call(..., &oops)): fails the test with the message. */
static Err oops;
#define OK(call)                                                                                   \
    do {                                                                                           \
        oops = ERR_INIT;                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s:%d: %s", __FILE__, __LINE__, oops.msg);                                   \
    } while (0)

/* The same tests run over Qdrant when QDRANT_URL is set (tests/e2e/test_qdrant_parity.py does it).
 * A folder has collections of its own there, whatever was in it before. */
static inline const char *fx_qdrant(void)
{
    const char *url = getenv("QDRANT_URL");
    return url && *url ? url : NULL;
}

/* For tests of SQLite's own file: what they look into is not there. */
#define ONLY_SQLITE                                                                                \
    if (fx_qdrant())                                                                               \
    skip()

static inline Store *fx_open(const char *dir)
{
    Err err = ERR_INIT;
    StoreOptions so = {.dir = dir, .model = FX_MODEL};
    char prefix[64];
    snprintf(prefix, sizeof prefix, "test_%016llx_", (unsigned long long)str_hash(str_of(dir)));
    QdrantOptions qo = {.url = fx_qdrant(), .key = getenv("QDRANT_API_KEY"), .prefix = prefix};
    Store *s = qo.url ? store_open_qdrant(&so, &qo, &err) : store_open_sqlite(&so, &err);
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static inline int fx_setup(void **state)
{
    Fx *f = calloc(1, sizeof *f);
    tempdir_make(&f->dir);
    f->s = fx_open(f->dir.path);
    f->a = arena_new((size_t)1 << 30);
    f->owner = fx_uuid(1000000);
    *state = f;
    return 0;
}

static inline void fx_check(Store *s)
{
    Err err = ERR_INIT;
    Buf report;
    buf_init(&report, 1 << 20);
    if (!store_check(s, false, &report, &err))
        fail_msg("%s: " STR_FMT, err.msg, STR_ARG(buf_str(&report)));
    buf_release(&report);
}

static inline int fx_teardown(void **state)
{
    Fx *f = *state;
    if (f->s)
        fx_check(f->s); /* every test leaves a store without a fault */
    store_close(f->s);
    arena_free(f->a);
    tempdir_remove(&f->dir);
    free(f);
    return 0;
}

static inline PutOutcome fx_put(Fx *f, const Uuid *owner, const DocumentPut *p, Uuid *id)
{
    PutOutcome outcome = PUT_DUPLICATE;
    Uuid unused;
    OK(store_document_put(f->s, owner, p, &outcome, id ? id : &unused, &oops));
    return outcome;
}

static inline Candidates fx_terms(Fx *f, const Uuid *owner, const KwTerm *terms, size_t n)
{
    Candidates c;
    CandidateQuery q = {.terms = terms, .n_terms = n, .k = 1000};
    OK(store_candidates(f->s, owner, &q, f->a, &c, &oops));
    return c;
}

static inline Candidates fx_words(Fx *f, const Uuid *owner, const char *text)
{
    KwTerm term = {.kind = KW_WORD, .text = str_of(text), .weight = 1};
    return fx_terms(f, owner, &term, 1);
}

#define T(test) cmocka_unit_test_setup_teardown(test, fx_setup, fx_teardown)

#endif
