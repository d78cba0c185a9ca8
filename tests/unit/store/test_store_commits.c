/* Commits of the Qdrant back end that are put together: who reads late reads right, what writes
 * left over does not come back, killed processes and sleepers change nothing. Runs over a server
 * only (tests/e2e/test_qdrant_parity.py). */
#include "store_unit.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/qdrant/qd.h"

#define SIZE 4u
#define KEEP 4u
#define ONLY_QDRANT                                                                                \
    if (!fx_qdrant())                                                                              \
    skip()

static TempDir base; /* names the collections; copies lie in folders in it */

static Store *open_at(const char *name)
{
    Err err = ERR_INIT;
    char prefix[64];
    StoreOptions so = {.dir = tempdir_file(&base, name), .model = FX_MODEL};
    snprintf(prefix, sizeof prefix, "test_%016llx_",
        (unsigned long long)str_hash(str_of(base.path)));
    QdrantOptions qo = {.url = fx_qdrant(), .key = getenv("QDRANT_API_KEY"), .prefix = prefix};
    Store *s = os_mkdirs(so.dir, 0700, &err) ? store_open_qdrant(&so, &qo, &err) : NULL;
    if (!s)
        fail_msg("%s", err.msg);
    return s;
}

static void put(Store *s, const Uuid *owner, uint64_t n)
{
    Arena *a = arena_new((size_t)1 << 26);
    PutOutcome outcome;
    Uuid id;
    Str text = arena_printf(a, "Document number %llu of some words", (unsigned long long)n);
    OK(store_document_put(s, owner, fx_doc(a, n, STR("A title"), text), &outcome, &id, &oops));
    arena_free(a);
}

static void drop(Store *s, const Uuid *owner, uint64_t n)
{
    Uuid id = fx_uuid(n);
    OK(store_document_delete(s, owner, &id, &oops));
}

/* Of documents 1 to 63, those that are there, as bits; each whole, with its passage. */
static uint64_t there(Store *s, const Uuid *owner)
{
    uint64_t bits = 0;
    DocPage page;
    Arena *a = arena_new((size_t)1 << 28);
    OK(store_document_list(s, owner, NULL, SORT_CREATED_DESC, 100, (Str){NULL, 0}, a, &page,
        &oops));
    for (size_t i = 0; i < page.n; i++)
        for (uint64_t n = 1; n < 64; n++) {
            Uuid id = fx_uuid(n);
            if (uuid_eq(&id, &page.items[i].id))
                bits |= (uint64_t)1 << n;
        }
    assert_int_equal(__builtin_popcountll(bits), page.n);
    StoreStats stats;
    OK(store_stats(s, owner, a, &stats, &oops));
    assert_int_equal(stats.documents, page.n);
    assert_int_equal(stats.chunks, page.n);
    arena_free(a);
    return bits;
}

/* ---- what is in the collection --------------------------------------------------------------- */

static uint64_t count(Store *s, const Uuid *owner, const char *kind)
{
    Buf b;
    Json *got = NULL;
    int64_t n = 0;
    char id[UUID_TEXT];
    buf_init(&b, 4096);
    buf_printf(&b, "{\"exact\":true,\"filter\":{\"must\":[{\"key\":\"owner\",\"match\":{\"value\":"
        "\"%s\"}},{\"key\":\"kind\",\"match\":{\"value\":\"%s\"}}]}}", uuid_format(owner, id),
        kind);
    OK(qd_ask(qd_of(s), "POST", false, "/points/count", buf_str(&b), &got, &oops));
    assert_true(json_int(json_get(json_get(got, "result"), "count"), &n));
    json_free(got);
    buf_release(&b);
    return (uint64_t)n;
}

/* A point as a write that was left in the middle leaves one. */
static void plant(Store *s, const Uuid *owner, const char *kind, const char *key, uint64_t seq,
    const char *row)
{
    Buf b;
    Uuid id, txn;
    char one[UUID_TEXT], two[UUID_TEXT], three[UUID_TEXT];
    QdPerson p = {.q = qd_of(s), .id = *owner};
    OK(uuid_v4(&id, &oops));
    OK(uuid_v4(&txn, &oops));
    if (!strcmp(kind, "commit"))
        OK(qd_commit_id(&p, seq, &id, &oops));
    buf_init(&b, 1 << 16);
    buf_printf(&b, "{\"points\":[{\"id\":\"%s\",\"vector\":{},\"payload\":{\"owner\":\"%s\","
        "\"kind\":\"%s\",\"key\":\"%s\",\"seq\":%llu,\"txn\":\"%s\",\"gone\":[],\"row\":%s}}]}",
        uuid_format(&id, one), uuid_format(owner, two), kind, key, (unsigned long long)seq,
        uuid_format(&txn, three), row);
    OK(qd_ask(qd_of(s), "PUT", false, "/points?wait=true", buf_str(&b), NULL, &oops));
    buf_release(&b);
}

static const char tag[] = "{\"doc_no\":1,\"tag\":\"left over\"}";

static bool tagged(Store *s, const Uuid *owner)
{
    Arena *a = arena_new((size_t)1 << 26);
    Document d;
    Uuid id = fx_uuid(1);
    OK(store_document_get(s, owner, &id, false, a, &d, &oops));
    bool yes = d.n_tags != 0;
    arena_free(a);
    return yes;
}

/* ---- tests ----------------------------------------------------------------------------------- */

static int setup(void **state)
{
    (void)state;
    tempdir_make(&base);
    qd_test_pack(SIZE, KEEP);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tempdir_remove(&base);
    return 0;
}

/* A copy that knows the first commits, one that is made later, and the writer's own. */
static void test_who_reads_late(void **state)
{
    (void)state;
    ONLY_QDRANT;
    Uuid owner = fx_uuid(1000);
    Store *a = open_at("a"), *b = open_at("b");
    put(a, &owner, 1);
    put(a, &owner, 2);
    assert_int_equal(there(b, &owner), 6);
    store_close(b); /* it sleeps */
    for (uint64_t n = 3; n < 20; n++) {
        put(a, &owner, n);
        if (n % 4 == 2)
            drop(a, &owner, n - 4);
    }
    uint64_t all = there(a, &owner);
    assert_false(all & 4); /* what the sleeper has, and is gone */
    assert_true(count(a, &owner, "pack") >= 3);
    assert_true(count(a, &owner, "commit") <= KEEP + 2 * SIZE);
    b = open_at("b");
    assert_int_equal(there(b, &owner), all);
    Store *c = open_at("c");
    assert_int_equal(there(c, &owner), all);
    put(b, &owner, 30); /* and they go on */
    put(c, &owner, 31);
    all |= (uint64_t)1 << 30 | (uint64_t)1 << 31;
    assert_int_equal(there(a, &owner), all);
    assert_int_equal(there(b, &owner), all);
    fx_check(b);
    fx_check(c);
    store_close(a);
    store_close(b);
    store_close(c);
}

static void test_what_is_left_over(void **state)
{
    (void)state;
    ONLY_QDRANT;
    Uuid owner = fx_uuid(1001);
    Store *a = open_at("a");
    put(a, &owner, 1);
    put(a, &owner, 2);
    /* A row of a race that was lost, and one that a later commit said was gone. */
    plant(a, &owner, "tags", "1\\u001fleft over", 1, tag);
    plant(a, &owner, "tags", "1\\u001fleft over", 2, tag);
    for (uint64_t n = 3; n < 20; n++)
        put(a, &owner, n);
    assert_true(count(a, &owner, "pack") >= 2);
    assert_int_equal(count(a, &owner, "tags"), 0);
    /* After the packing: a sleeper's rows, and its commit. */
    plant(a, &owner, "tags", "1\\u001fleft over", 3, tag);
    plant(a, &owner, "commit", "", 3, "{}");
    Store *c = open_at("c"), *d = open_at("d");
    uint64_t all = there(a, &owner);
    assert_int_equal(there(c, &owner), all);
    assert_false(tagged(c, &owner));
    assert_int_equal(count(a, &owner, "tags"), 0); /* whoever meets it deletes it */
    for (uint64_t n = 20; n < 30; n++)
        put(c, &owner, n);
    assert_true(count(a, &owner, "commit") <= KEEP + 2 * SIZE); /* the sleeper's too */
    assert_int_equal(there(d, &owner), there(a, &owner));
    store_close(a);
    store_close(c);
    store_close(d);
}

/* Who slept in the middle of a write, and finds its number taken by a pack. */
static void test_pack_overrules(void **state)
{
    (void)state;
    ONLY_QDRANT;
    Uuid owner = fx_uuid(1002), before, after;
    bool found = false;
    Store *a = open_at("a");
    put(a, &owner, 1);
    QdPerson *p = qd_person_take(qd_of(a), &owner, true, &oops);
    assert_non_null(p);
    OK(qd_commit_get(p, 1, &found, &before, &oops));
    assert_true(found);
    for (uint64_t n = 2; n < 20; n++)
        put(a, &owner, n);
    OK(qd_commit_get(p, 1, &found, &after, &oops));
    assert_true(found && uuid_eq(&before, &after));
    plant(a, &owner, "commit", "", 1, "{}");
    OK(qd_commit_get(p, 1, &found, &after, &oops));
    assert_true(found && uuid_eq(&before, &after));
    qd_person_give(p);
    store_close(a);
}

/* ---- killed ---------------------------------------------------------------------------------- */

/* Writes and says what was acknowledged, until it is killed. */
static void write_on(const Uuid *owner, const char *name, uint64_t from, int to)
{
    Store *s = open_at(name);
    for (uint64_t n = from; n < from + 15; n++) {
        uint8_t said = (uint8_t)n;
        put(s, owner, n);
        if (write(to, &said, 1) != 1)
            break;
    }
    (void)raise(SIGKILL);
}

static uint64_t round_of_two(const Uuid *owner, int round)
{
    int ends[2];
    pid_t child[2];
    uint64_t acked = 0;
    uint8_t n;
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 2; i++) {
        child[i] = fork();
        assert_true(child[i] >= 0);
        if (!child[i])
            write_on(owner, i ? "x" : "y", (uint64_t)(1 + round * 30 + i * 15), ends[1]);
    }
    close(ends[1]);
    for (int got = 0; read(ends[0], &n, 1) == 1; got++) {
        acked |= (uint64_t)1 << n;
        if (got == 5 + round * 7)
            (void)kill(child[got % 2], SIGKILL); /* wherever it is now */
    }
    close(ends[0]);
    for (int i = 0; i < 2; i++)
        assert_int_equal(waitpid(child[i], NULL, 0), child[i]);
    return acked;
}

static void test_killed(void **state)
{
    (void)state;
    ONLY_QDRANT;
    Uuid owner = fx_uuid(1003);
    uint64_t acked = 0;
    for (int round = 0; round < 2; round++)
        acked |= round_of_two(&owner, round);
    Store *a = open_at("a"), *b = open_at("b"), *x = open_at("x");
    uint64_t all = there(a, &owner);
    assert_int_equal(acked & ~all, 0);
    assert_true(count(a, &owner, "pack") >= 4);
    for (uint64_t n = 61; n < 64; n++) { /* it goes on, and what was half done is ended */
        put(a, &owner, n);
        all |= (uint64_t)1 << n;
    }
    assert_int_equal(there(b, &owner), all);
    assert_int_equal(there(x, &owner), all);
    fx_check(x);
    store_close(a);
    store_close(b);
    store_close(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_reads_late, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_left_over, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pack_overrules, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
