/* Writers, readers and searchers at once: what was acknowledged is found at once, what was deleted
 * is gone at once, and nobody sees half of anything. Meant for the thread sanitizer too. */
#include <pthread.h>
#include <stdatomic.h>

#include "store_unit.h"

enum { WRITERS = 4, READERS = 3, ROUNDS = 40 };

typedef struct {
    Fx *f;
    uint64_t number;
    atomic_bool *stop;
    char failure[600];
} Job;

#define CHECK(cond, ...)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            (void)snprintf(j->failure, sizeof j->failure, __VA_ARGS__);                            \
            return NULL;                                                                           \
        }                                                                                          \
    } while (0)

/* The best candidate for a document's first passage and one of its own words. */
static bool find(Store *s, const Uuid *owner, const DocumentPut *p, Arena *a, bool *found, Err *err)
{
    float v[VINDEX_DIM];
    vindex_decode(&p->chunks[0].code, v);
    CandidateQuery q = {.vector = v, .k = 3};
    Candidates c;
    if (!store_candidates(s, owner, &q, a, &c, err))
        return false;
    *found = false;
    for (size_t i = 0; i < c.n; i++) {
        Chunk k;
        Document d;
        if (c.items[i].similarity < 0.999f)
            continue;
        if (!store_chunks_get(s, owner, &c.items[i].chunk_no, 1, a, &k, err)
            || !store_documents_get(s, owner, &c.items[i].doc_no, 1, false, a, &d, err))
            return false;
        *found = *found
            || (k.text.ptr && str_eq(k.text, str_sub(p->doc.content, 0, p->chunks[0].end))
                && d.title.ptr && uuid_eq(&d.id, &p->doc.id));
    }
    return true;
}

static void *writer(void *arg)
{
    Job *j = arg;
    Store *s = j->f->s;
    Uuid owner = fx_uuid(1000000 + j->number % 2); /* two people, two writers each */
    for (uint64_t i = 0; i < ROUNDS; i++) {
        Err err = ERR_INIT;
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        uint64_t n = j->number * 1000 + i;
        DocumentPut *p = fx_doc(a, n, STR("t"), fx_text(a, n, 60, 20, 500));
        PutOutcome outcome;
        Uuid id;
        bool found;
        CHECK(store_document_put(s, &owner, p, &outcome, &id, &err), "put: %s", err.msg);
        CHECK(find(s, &owner, p, a, &found, &err), "find: %s", err.msg);
        CHECK(found, "document %llu is not found after its put", (unsigned long long)n);
        if (i % 3 == 1) {
            DocPatch patch = {.updated_at = 12345};
            CHECK(store_document_patch(s, &owner, &id, &patch, &err), "patch: %s", err.msg);
        }
        if (i % 2) {
            CHECK(store_document_delete(s, &owner, &id, &err), "delete: %s", err.msg);
            CHECK(find(s, &owner, p, a, &found, &err), "find: %s", err.msg);
            CHECK(!found, "document %llu is found after its deletion", (unsigned long long)n);
        }
        arena_free(a);
    }
    return NULL;
}

static void *reader(void *arg)
{
    Job *j = arg;
    Store *s = j->f->s;
    uint64_t version = 0;
    for (uint64_t i = 0; !atomic_load(j->stop); i++) {
        Err err = ERR_INIT;
        Uuid owner = fx_uuid(1000000 + i % 2);
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        Buf word;
        buf_init(&word, 100);
        fx_word(i % 20, &word);
        KwTerm terms[] = {{KW_WORD, buf_str(&word), i % 3 == 0, false, 1},
            {KW_PREFIX, STR("ka"), false, i % 5 == 0, 1}};
        Str types[] = {STR("text")};
        DocFilter filter = {.types = types, .n_types = 1};
        float v[VINDEX_DIM];
        fx_vector(i, v);
        CandidateQuery q = {.vector = i % 2 ? v : NULL, .terms = terms, .n_terms = 2, .k = 50,
            .filter = i % 4 ? &filter : NULL};
        Candidates c;
        CHECK(store_candidates(s, &owner, &q, a, &c, &err), "candidates: %s", err.msg);
        for (size_t n = 0; n < c.n; n++) {
            Chunk k;
            CHECK(store_chunks_get(s, &owner, &c.items[n].chunk_no, 1, a, &k, &err), "%s", err.msg);
            CHECK(!k.text.ptr || k.doc_no == c.items[n].doc_no, "a passage changed its document");
        }
        DocPage page;
        CHECK(store_document_list(s, &owner, NULL, SORT_UPDATED_DESC, 20, STR(""), a, &page,
            &err), "%s",
            err.msg);
        if (i % 2 == 0) {
            uint64_t now = store_version(s, &owner);
            CHECK(now >= version, "the version went back");
            version = now;
        }
        buf_release(&word);
        arena_free(a);
    }
    return NULL;
}

static void all_at_once(void **state)
{
    Fx *f = *state;
    atomic_bool stop = false;
    Job jobs[WRITERS + READERS];
    pthread_t threads[WRITERS + READERS];
    for (size_t i = 0; i < WRITERS + READERS; i++) {
        jobs[i] = (Job){f, i, &stop, ""};
        assert_int_equal(pthread_create(&threads[i], NULL, i < WRITERS ? writer : reader,
            &jobs[i]), 0);
    }
    for (size_t i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, true);
    for (size_t i = WRITERS; i < WRITERS + READERS; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < WRITERS + READERS; i++)
        if (jobs[i].failure[0])
            fail_msg("thread %zu: %s", i, jobs[i].failure);
    uint64_t documents = 0;
    for (uint64_t o = 0; o < 2; o++) {
        StoreStats st;
        Uuid owner = fx_uuid(1000000 + o);
        OK(store_stats(f->s, &owner, f->a, &st, &oops));
        documents += st.documents;
    }
    assert_int_equal(documents, WRITERS * ROUNDS / 2);
}

/* Writers who come together share a transaction; one that fails undoes only itself. */
typedef struct {
    Job job;
    bool should_fail;
} Mixed;

static void *mixed_writer(void *arg)
{
    Mixed *m = arg;
    Job *j = &m->job;
    for (uint64_t i = 0; i < 30; i++) {
        Err err = ERR_INIT;
        Uuid missing = fx_uuid(999999);
        if (m->should_fail) {
            CHECK(!store_document_delete(j->f->s, &j->f->owner, &missing,
                &err), "deleted what is not there");
            CHECK(err.code == ERR_NOT_FOUND, "%s", err.msg);
        } else {
            LedgerEntry e = {.source = arena_str(j->f->a, STR("/same")), .n_chunks = (uint32_t)i};
            CHECK(store_ledger_put(j->f->s, &j->f->owner, &e, &err), "%s", err.msg);
        }
    }
    return NULL;
}

static void failures_stay_alone(void **state)
{
    Fx *f = *state;
    fx_put(f, &f->owner, fx_doc(f->a, 1, STR("t"), STR("x")), NULL);
    Mixed mixed[6];
    pthread_t threads[6];
    for (size_t i = 0; i < 6; i++) {
        mixed[i] = (Mixed){{f, i, NULL, ""}, i % 2 == 1};
        if (i % 2 == 0 && i > 0)
            mixed[i].should_fail = true; /* one arena, one writer that uses it */
        assert_int_equal(pthread_create(&threads[i], NULL, mixed_writer, &mixed[i]), 0);
    }
    for (size_t i = 0; i < 6; i++)
        pthread_join(threads[i], NULL);
    for (size_t i = 0; i < 6; i++)
        if (mixed[i].job.failure[0])
            fail_msg("%s", mixed[i].job.failure);
    LedgerEntry got;
    OK(store_ledger_get(f->s, &f->owner, STR("/same"), f->a, &got, &oops));
    assert_int_equal(got.n_chunks, 29);
}

int main(void)
{
    const struct CMUnitTest tests[] = {T(all_at_once), T(failures_stay_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
