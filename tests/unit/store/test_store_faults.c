/* When memory or the disk runs out at any one moment: an error that says so, nothing half-written,
 * and a store that goes on. */
#include <unistd.h>

#include "base/log.h"
#include "fault_vfs.h"
#include "store_unit.h"
#include "support/torture.h"

/* What stood before a faulty call and must stand after it. */
static void untouched(Fx *f)
{
    KwTerm term = {.kind = KW_WORD, .text = STR("walnut"), .weight = 1};
    Candidates c = fx_terms(f, &f->owner, &term, 1);
    assert_int_equal(c.n, 1);
    Document d;
    Uuid id = fx_uuid(1);
    OK(store_document_get(f->s, &f->owner, &id, true, f->a, &d, &oops));
    assert_str(d.content, "a walnut stands here");
}

static void begin(Fx *f)
{
    fx_put(f, &f->owner, fx_doc(f->a, 1, STR("t"), STR("a walnut stands here")), NULL);
}

typedef struct {
    Fx *f;
    DocumentPut *put;
    Arena *a;
    Err err;
    bool there; /* after a failed put: whether it happened nevertheless */
} Try;

static bool exists(Fx *f, uint64_t n)
{
    Document d;
    Err err = ERR_INIT;
    Uuid id = fx_uuid(n);
    bool there = store_document_get(f->s, &f->owner, &id, false, f->a, &d, &err);
    assert_true(there || err.code == ERR_NOT_FOUND);
    return there;
}

/* ---- memory --------------------------------------------------------------------------------- */

static bool try_put(void *arg)
{
    Try *t = arg;
    PutOutcome outcome;
    Uuid id;
    t->err = ERR_INIT;
    bool ok = store_document_put(t->f->s, &t->f->owner, t->put, &outcome, &id, &t->err);
    mem_test_fail(0, 0);
    if (!ok) {
        assert_int_equal(t->err.code, ERR_NO_MEMORY);
        assert_false(exists(t->f, 2)); /* what failed did not happen */
    }
    return ok;
}

static void put_without_memory(void **state)
{
    Fx *f = *state;
    begin(f);
    for (int forever = 0; forever < 2; forever++) {
        Try t = {.f = f, .put = fx_doc(f->a, 2, STR("t"), fx_text(f->a, 2, 300, 30, 1000))};
        long failures = torture_alloc(try_put, &t, forever);
        assert_true(failures > 5);
        untouched(f);
        /* Found, even if the index had no memory to learn of it at once. */
        float v[VINDEX_DIM];
        vindex_decode(&t.put->chunks[9].code, v);
        CandidateQuery q = {.vector = v, .k = 1};
        Candidates c;
        OK(store_candidates(f->s, &f->owner, &q, f->a, &c, &oops));
        assert_true(c.n == 1 && c.items[0].similarity > 0.999f);
        fx_check(f->s);
        Uuid id = fx_uuid(2);
        OK(store_document_delete(f->s, &f->owner, &id, &oops));
    }
}

static bool try_search(void *arg)
{
    Try *t = arg;
    float v[VINDEX_DIM];
    fx_vector(3, v);
    KwTerm terms[] = {{KW_WORD, STR("walnut"), false, false, 1},
        {KW_PREFIX, STR("sta"), true, false, 1},
        {KW_PHRASE, STR("walnut stands"), true, false, 1}};
    Str type = STR("text");
    DocFilter filter = {.types = &type, .n_types = 1};
    CandidateQuery q = {.vector = v, .terms = terms, .n_terms = 3, .k = 10, .filter = &filter};
    Candidates c;
    Chunk k;
    Str words[4];
    size_t n;
    t->err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = a && store_candidates(t->f->s, &t->f->owner, &q, a, &c, &t->err)
        && store_chunks_get(t->f->s, &t->f->owner, &c.items[0].chunk_no, 1, a, &k, &t->err)
        && store_suggest(t->f->s, &t->f->owner, STR("wal"), 4, a, words, &n, &t->err);
    mem_test_fail(0, 0);
    if (ok) {
        assert_int_equal(c.n, 1);
        assert_str(k.text, "a walnut stands here");
        assert_int_equal(n, 1);
    } else if (a) {
        assert_int_equal(t->err.code, ERR_NO_MEMORY);
    }
    arena_free(a);
    return ok;
}

static void search_without_memory(void **state)
{
    Fx *f = *state;
    begin(f);
    Try t = {.f = f};
    assert_true(torture_alloc(try_search, &t, 0) > 3);
    assert_true(torture_alloc(try_search, &t, 1) > 3);
    untouched(f);
}

/* Everything else that reads or writes a little. */
static bool try_rest(void *arg)
{
    Try *t = arg;
    Store *s = t->f->s;
    const Uuid *me = &t->f->owner;
    Err *err = &t->err;
    Str patterns[] = {STR("*.txt"), STR("b*")}, tag = STR("new"), title = STR("t"), out;
    Folder folder = {.id = fx_uuid(9), .path = STR("/f"), .include = patterns, .n_include = 2},
        *got;
    LedgerEntry entry = {.source = STR("/x"), .reason = STR("why")}, read;
    LedgerQuery query = {.limit = 5, .under = STR("/")};
    DocFilter filter = {.q = STR("t"), .tags = &tag, .n_tags = 1};
    DocPatch patch = {.title = &title, .tags = &tag, .n_tags = 1, .set_tags = true};
    LedgerPage entries;
    DocPage page;
    StoreStats stats;
    Uuid id = fx_uuid(1);
    uint64_t total;
    size_t n;
    t->err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = a && store_folder_put(s, me, &folder, err)
        && store_folder_list(s, me, a, &got, &n, err)
        && store_ledger_put(s, me, &entry, err)
        && store_ledger_get(s, me, entry.source, a, &read, err)
        && store_ledger_list(s, me, &query, a, &entries, err)
        && store_document_patch(s, me, &id, &patch, err)
        && store_document_list(s, me, &filter, SORT_TITLE_ASC, 1, STR(""), a, &page, err)
        && store_original(s, me, &id, 0, 4, a, &out, &total, err)
        && store_stats(s, me, a, &stats, err);
    mem_test_fail(0, 0);
    if (ok) {
        assert_int_equal(n, 1);
        assert_str(got[0].include[1], "b*");
        assert_str(read.reason, "why");
        assert_int_equal(entries.n, 1);
        assert_int_equal(page.total, 1);
        assert_str(out, "a wa");
    } else if (a) {
        assert_int_equal(t->err.code, ERR_NO_MEMORY);
    }
    arena_free(a);
    return ok;
}

static void the_rest_without_memory(void **state)
{
    Fx *f = *state;
    begin(f);
    Try t = {.f = f};
    assert_true(torture_alloc(try_rest, &t, 0) > 5);
    assert_true(torture_alloc(try_rest, &t, 1) > 5);
    untouched(f);
}

static bool try_delete(void *arg)
{
    Try *t = arg;
    Uuid id = fx_uuid(2);
    t->err = ERR_INIT;
    bool ok = store_document_delete(t->f->s, &t->f->owner, &id, &t->err);
    mem_test_fail(0, 0);
    assert_true(ok || t->err.code == ERR_NO_MEMORY);
    assert_int_equal(exists(t->f, 2), !ok);
    return ok;
}

static void delete_without_memory(void **state)
{
    Fx *f = *state;
    begin(f);
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("t"), fx_text(f->a, 2, 300, 30, 1000)), NULL);
    Try t = {.f = f};
    assert_true(torture_alloc(try_delete, &t, 0) >= 0);
    untouched(f);
}

static bool try_open(void *arg)
{
    Try *t = arg;
    t->err = ERR_INIT;
    t->f->s = store_open_sqlite(&(StoreOptions){.dir = t->f->dir.path, .model = FX_MODEL}, &t->err);
    mem_test_fail(0, 0);
    assert_true(t->f->s || t->err.code == ERR_NO_MEMORY);
    return t->f->s != NULL;
}

static void open_without_memory(void **state)
{
    Fx *f = *state;
    begin(f);
    for (int forever = 0; forever < 2; forever++) {
        store_close(f->s);
        f->s = NULL;
        Try t = {.f = f};
        assert_true(torture_alloc(try_open, &t, forever) > 5);
        untouched(f);
    }
}

/* ---- the disk ------------------------------------------------------------------------------- */

/* A put whose nth write fails, for every n: it says so and leaves nothing, or it happened whole. */
static void disk_rows(Fx *f, int code, bool forever)
{
    for (long nth = 1; nth < 400; nth++) {
        Try t = {.f = f, .put = fx_doc(f->a, 2, STR("t"), fx_text(f->a, 2, 3000, 30, 1000))};
        PutOutcome outcome;
        Uuid id;
        fault_set(nth, forever, code);
        bool ok = store_document_put(f->s, &f->owner, t.put, &outcome, &id, &t.err);
        long hits = atomic_load(&fault_hits);
        fault_set(0, false, 0);
        if (!ok) {
            assert_true(hits > 0);
            assert_true(t.err.code == ERR_STORAGE_FULL || t.err.code == ERR_IO);
            assert_true(code != SQLITE_FULL || t.err.code == ERR_STORAGE_FULL
                || strstr(t.err.msg, "I/O"));
        }
        assert_int_equal(exists(f, 2), ok);
        untouched(f);
        if (ok)
            OK(store_document_delete(f->s, &f->owner, &t.put->doc.id, &oops));
        if (ok && !hits) {
            assert_true(nth > 5);
            return;
        }
    }
    fail_msg("a put of a few pages writes more than 400 times");
}

static void disk_full_once(void **state)
{
    begin(*state);
    disk_rows(*state, SQLITE_FULL, false);
}

static void disk_full(void **state)
{
    begin(*state);
    disk_rows(*state, SQLITE_FULL, true);
}

static void disk_failing(void **state)
{
    begin(*state);
    disk_rows(*state, SQLITE_IOERR, true);
}

/* The store says that it is not ready while the disk is full, and is again as soon as it could
 * write: nobody sends a write to a server that is not ready, so it tries one itself. */
static void readiness_follows_the_disk(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    begin(f);
    LedgerEntry e = {.source = STR("/x")};
    fault_set(1, true, SQLITE_FULL);
    assert_err(store_ledger_put(f->s, &f->owner, &e, &err), err, ERR_STORAGE_FULL, "disk is full");
    err = ERR_INIT;
    assert_err(store_ready(f->s, &err), err, ERR_STORAGE_FULL, "the last write failed");
    fault_set(0, false, 0);
    OK(store_ready(f->s, &oops));
    OK(store_ledger_put(f->s, &f->owner, &e, &oops));
}

/* A failed sync or checkpoint at the close loses nothing that was acknowledged. */
static void closing_on_a_full_disk(void **state)
{
    Fx *f = *state;
    begin(f);
    for (long nth = 1; nth < 12; nth++) {
        fault_set(nth, true, SQLITE_FULL);
        store_close(f->s);
        fault_set(0, false, 0);
        f->s = fx_open(f->dir.path);
        untouched(f);
        fx_check(f->s);
    }
}

/* Who is out of disk can still delete: the caches give way, and come back when there is room. */
static void deleting_on_a_full_disk(void **state)
{
    Fx *f = *state;
    Err err = ERR_INIT;
    char owner[UUID_TEXT], path[128], vectors[512];
    (void)snprintf(path, sizeof path, "cache/%s/vectors", uuid_format(&f->owner, owner));
    (void)snprintf(vectors, sizeof vectors, "%s", tempdir_file(&f->dir, path));
    begin(f);
    Uuid two = fx_uuid(2), three = fx_uuid(3);
    fx_put(f, &f->owner, fx_doc(f->a, 2, STR("t"), STR("some hazelnuts")), NULL);
    fx_put(f, &f->owner, fx_doc(f->a, 3, STR("t"), STR("some almonds")), NULL);
    assert_true(os_exists(vectors));
    fault_set(1, false, SQLITE_FULL); /* full once: what was given up is room enough */
    OK(store_document_delete(f->s, &f->owner, &two, &oops));
    assert_int_equal(atomic_load(&fault_hits), 1);
    assert_false(os_exists(vectors));
    fault_set(1, true, SQLITE_FULL); /* and now there is nothing more to give up */
    assert_err(store_document_delete(f->s, &f->owner, &three, &err), err, ERR_STORAGE_FULL, "full");
    fault_set(0, false, 0);
    untouched(f);
    assert_int_equal(fx_words(f, &f->owner, "hazelnuts").n, 0);
    assert_int_equal(fx_words(f, &f->owner, "almonds").n, 1);
    for (int i = 0; i < 100 && !os_exists(vectors); i++)
        usleep(100000);
    assert_true(os_exists(vectors));
    untouched(f);
    fx_put(f, &f->owner, fx_doc(f->a, 4, STR("t"), STR("some pecans")), NULL);
    store_close(f->s);
    f->s = fx_open(f->dir.path);
    assert_int_equal(fx_words(f, &f->owner, "pecans").n, 1);
}

static int install(void **state)
{
    (void)state;
    log_init(LOG_ERROR, "text"); /* warnings are what these tests are about */
    return fault_install() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(put_without_memory),
        T(search_without_memory),
        T(the_rest_without_memory),
        T(delete_without_memory),
        T(open_without_memory),
        T(disk_full_once),
        T(disk_full),
        T(disk_failing),
        T(readiness_follows_the_disk),
        T(closing_on_a_full_disk),
        T(deleting_on_a_full_disk),
    };
    return cmocka_run_group_tests(tests, install, NULL);
}
