/* The keyword index's file: what a sync promised is there after opening, damage is noticed. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/hash.h"
#include "base/os.h"
#include "store/kindex_file.h"
#include "unit/store/kindex_model.h"

static char folder[] = "/tmp/sotto-kindex-XXXXXX";
static char path[64], other[64];

static int make_folder(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/words", folder);
    snprintf(other, sizeof other, "%s/other", folder);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    return os_remove_tree(folder, NULL) ? 0 : -1;
}

static Kindex *reopen(Kindex *k)
{
    Err err = ERR_INIT;
    kindex_close(k);
    if (model_spill)
        spill_cool(model_spill);
    k = kindex_open_on(path, model_spill, &err);
    if (!k)
        fail_msg("%s", err.msg);
    return k;
}

static void file_read(Buf *b)
{
    buf_init(b, BUF_DEFAULT_MAX);
    assert_true(os_read_file(path, b, NULL));
}

static void file_write(const char *to, const char *data, size_t n)
{
    unlink(to); /* a file cut to nothing and written again is flushed by some file systems */
    FILE *f = fopen(to, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void test_synced_is_there(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Model *m = model_new(3000);
    Kindex *k = model_kindex(m, path);
    uint64_t random = 9, snapshots = 0, appended = 0;
    assert_int_equal(kindex_seq(k), 0);
    for (uint64_t seq = 1; seq <= 40; seq++) {
        model_add_some(m, k, seq % 10 == 1 ? 900 : 30, &random);
        model_delete_some(m, k, seq % 10 == 5 ? 500 : 10, &random);
        if (seq % 15 == 0)
            k->whole = true; /* as after a journal too long to keep */
        int64_t before = os_file_size(path);
        uint64_t old = k->snapshot_bytes;
        assert_true(kindex_sync(k, seq, &err));
        snapshots += k->snapshot_bytes != old;
        appended += k->snapshot_bytes == old && os_file_size(path) > before;
        k = reopen(k);
        assert_int_equal(kindex_seq(k), seq);
        model_check_counts(m, k);
        for (int q = 0; q < 4; q++)
            model_check_query(m, k, &random);
    }
    assert_true(snapshots >= 2 && appended >= 20);
    /* nothing to write is fine too, and what was not synced is not there */
    assert_true(kindex_sync(k, 41, &err));
    Model *now = model_new(3000);
    memcpy(now->chunks, m->chunks, 3000 * sizeof *m->chunks);
    now->live = m->live;
    model_add_some(m, k, 100, &random);
    k = reopen(k);
    assert_int_equal(kindex_seq(k), 41);
    model_check_counts(now, k);
    kindex_close(k);
    model_free(now);
    model_free(m);
}

static void test_absent(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_null(kindex_open("/tmp/sotto-no-such-folder/words", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
    assert_null(kindex_create("/tmp/sotto-no-such-folder/words", &err));
    assert_int_equal(err.code, ERR_IO);
    file_write(path, "", 0);
    assert_null(kindex_open(path, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
}

/* Whatever byte of header or body is changed, and wherever the file is cut: an error, never another
 * answer. In the journal: the state before the batch that is hurt. */
static void test_every_damage_is_noticed(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Model *m = model_new(200);
    Kindex *k = model_kindex(m, path);
    uint64_t random = 4;
    model_add_some(m, k, 100, &random);
    assert_true(kx_snapshot(k, 5, &err));
    uint64_t body = k->snapshot_bytes;
    model_add_some(m, k, 50, &random);
    assert_true(kindex_sync(k, 6, &err));
    uint64_t first = k->file_end;
    model_delete_some(m, k, 20, &random);
    assert_true(kindex_sync(k, 7, &err));
    kindex_close(k);
    Buf whole;
    file_read(&whole);
    assert_int_equal(whole.len > first && first > body, true);
    for (size_t at = 0; at < whole.len; at += at < 8192 || at > body ? 1 : 37) {
        whole.ptr[at] ^= (char)(1 << at % 8);
        file_write(other, whole.ptr, whole.len);
        err = ERR_INIT;
        k = kindex_open_on(other, model_spill, &err);
        if (at < body) {
            assert_null(k);
            assert_int_equal(err.code, ERR_CORRUPT);
        } else {
            assert_non_null(k);
            assert_int_equal(kindex_seq(k), at < first ? 5 : 6);
            assert_int_equal(kindex_live(k), at < first ? 100 : 150);
            assert_int_equal(os_file_size(other), at < first ? body : first);
            kindex_close(k);
        }
        whole.ptr[at] ^= (char)(1 << at % 8);
    }
    for (size_t cut = 0; cut <= whole.len; cut += cut < 4200 || cut > body - 100 ? 1 : 97) {
        file_write(other, whole.ptr, cut);
        k = kindex_open_on(other, model_spill, &err);
        assert_int_equal(k != NULL, cut >= body);
        if (k) {
            assert_int_equal(kindex_seq(k), cut < first ? 5 : cut < whole.len ? 6 : 7);
            if (cut % 401 == 0) { /* and writing goes on behind the cut */
                assert_true(kindex_sync(k, 8, &err));
                kindex_close(k);
                k = kindex_open_on(other, model_spill, &err);
                assert_true(k && kindex_seq(k) == 8);
            }
            kindex_close(k);
        }
    }
    buf_release(&whole);
    model_free(m);
}

static void test_another_version(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    kindex_close(kindex_create(path, &err));
    Buf file;
    file_read(&file);
    KxHeader h;
    memcpy(&h, file.ptr, sizeof h);
    h.version = KX_VERSION + 1;
    h.crc = crc32c(0, &h, sizeof h - 4);
    memcpy(file.ptr, &h, sizeof h);
    file_write(other, file.ptr, file.len);
    assert_null(kindex_open(other, &err));
    assert_int_equal(err.code, ERR_CORRUPT);
    assert_non_null(strstr(err.msg, "version 2"));
    buf_release(&file);
}

/* A batch with a right checksum and wrong contents (another program's, say) is damage, not a
 * crash. */
static void test_wrong_journal(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const Str wrong[] = {
        STR("\x03"), STR("\x01"), STR("\x02\x01"),
        STR("\x01\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0"),
        STR("\x01\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\x09x"),
        STR("\x01\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\1\0\0\0\0\0\0\0\x01x"), /* tf 0 */
        STR("\x01\xff\xff\xff\x7f\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),       /* slot far away */
        STR("\x01\0\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\xff\xff\xff\xff\0\0\0\0"), /* words without end */
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        Kindex *k = kindex_create(NULL, &err);
        err = ERR_INIT;
        k->path = mem_strdup("words");
        assert_false(kx_replay(k, wrong[i], &err));
        assert_int_equal(err.code, ERR_CORRUPT);
        kindex_close(k);
    }
}

static void test_cannot_write(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Model *m = model_new(300);
    Kindex *k = model_kindex(m, path);
    uint64_t random = 8;
    model_add_some(m, k, 50, &random);
    assert_true(kindex_sync(k, 1, &err));
    model_add_some(m, k, 50, &random);
    int fd = k->fd;
    k->fd = -1; /* every write fails, as on a broken disk */
    assert_false(kindex_sync(k, 2, &err));
    assert_int_equal(kindex_seq(k), 1);
    k->fd = fd;
    model_add_some(m, k, 50, &random);
    assert_true(kindex_sync(k, 3, &err)); /* nothing is lost: a whole snapshot follows */
    k = reopen(k);
    assert_int_equal(kindex_seq(k), 3);
    model_check_counts(m, k);
    kindex_close(k);
    model_free(m);
}

static void test_open_without_memory(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Model *m = model_new(300);
    Kindex *k = model_kindex(m, path);
    uint64_t random = 8;
    model_add_some(m, k, 150, &random);
    assert_true(kx_snapshot(k, 1, &err));
    model_add_some(m, k, 100, &random);
    assert_true(kindex_sync(k, 2, &err));
    kindex_close(k);
    size_t failures = 0;
    for (uint64_t nth = 1; nth < 200; nth++) {
        err = ERR_INIT;
        mem_test_fail(nth, 0);
        if (model_spill)
        spill_cool(model_spill);
    k = kindex_open_on(path, model_spill, &err);
        bool synced = k && kindex_sync(k, 3, &err);
        mem_test_fail(0, 0);
        if (!synced)
            assert_int_equal(err.code, ERR_NO_MEMORY);
        failures += !synced;
        if (k)
            model_check_counts(m, k);
        kindex_close(k);
    }
    assert_true(failures > 20);
    model_free(m);
}

/* A file with one slot once made the next addition loop for ever. */
static void test_grows_from_few_slots(void **state)
{
    (void)state;
    for (uint32_t n = 1; n <= 5; n++) {
        Err err = ERR_INIT;
        Model *m = model_new(400);
        Kindex *k = model_kindex(m, path);
        uint64_t random = n;
        for (uint32_t slot = 0; slot < n; slot++)
            assert_true(model_try_add(m, k, slot, slot + 1000000, &random, &err));
        k->whole = true; /* a snapshot, so that opening maps exactly n slots */
        assert_true(kindex_sync(k, 1, &err));
        k = reopen(k);
        for (uint32_t slot = n; slot < 300; slot++)
            assert_true(model_try_add(m, k, slot, slot + 1000000, &random, &err));
        model_check_counts(m, k);
        model_check_query(m, k, &random);
        kindex_close(k);
        model_free(m);
    }
}

typedef struct {
    Model *m;
    Kindex *k;
    atomic_bool stop;
    atomic_uint wrong, done;
} Race;

static void *search_on(void *arg)
{
    Race *r = arg;
    uint64_t random = 77;
    while (!atomic_load(&r->stop)) {
        KindexQueryTerm terms[6];
        KindexQuery q = model_query(r->m, terms, 6, &random);
        KindexHit hits[20];
        KindexStats stats;
        int n = kindex_search(r->k, &q, 20, NULL, 0, hits, &stats, NULL);
        bool wrong = n < 0;
        for (int i = 0; i < n; i++)
            wrong |= hits[i].score > stats.bound || (i && hits[i - 1].score < hits[i].score);
        atomic_fetch_add(&r->wrong, wrong);
    }
    return NULL;
}

/* Moves into new snapshots, as syncs do after much has changed, while others search and write. */
static void *move_on(void *arg)
{
    Race *r = arg;
    for (uint64_t seq = 1; !atomic_load(&r->stop) || seq < 5; seq++) {
        bool snapshot = seq % 3 != 0;
        Err err = ERR_INIT;
        if (snapshot)
            pthread_mutex_lock(&r->k->sync_lock);
        bool ok = snapshot ? kx_snapshot(r->k, seq, &err) : kindex_sync(r->k, seq, &err);
        if (snapshot)
            pthread_mutex_unlock(&r->k->sync_lock);
        atomic_fetch_add(&r->wrong, !ok);
        atomic_fetch_add(&r->done, 1);
    }
    return NULL;
}

static void test_moving_beside_searches_and_writes(void **state)
{
    (void)state;
    Race r = {.m = model_new(4000)};
    r.k = model_kindex(r.m, path);
    pthread_t threads[3];
    pthread_create(&threads[0], NULL, search_on, &r);
    pthread_create(&threads[1], NULL, search_on, &r);
    pthread_create(&threads[2], NULL, move_on, &r);
    uint64_t random = 6;
    for (int step = 0; step < 30 || atomic_load(&r.done) < 5; step++) {
        model_add_some(r.m, r.k, 120, &random);
        model_delete_some(r.m, r.k, 60, &random);
    }
    atomic_store(&r.stop, true);
    for (int t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(atomic_load(&r.wrong), 0);
    model_check_counts(r.m, r.k);
    for (int q = 0; q < 10; q++)
        model_check_query(r.m, r.k, &random);
    Err err = ERR_INIT;
    assert_true(kindex_sync(r.k, 1000, &err));
    r.k = reopen(r.k);
    model_check_counts(r.m, r.k);
    for (int q = 0; q < 10; q++)
        model_check_query(r.m, r.k, &random);
    kindex_close(r.k);
    model_free(r.m);
}

/* The same in a spill. */
static int with_spill(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    model_spill = spill_open(folder, &err);
    return model_spill ? 0 : -1;
}

static int without_spill(void **state)
{
    (void)state;
    spill_close(model_spill);
    model_spill = NULL;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_synced_is_there),
        cmocka_unit_test(test_absent),
        cmocka_unit_test(test_every_damage_is_noticed),
        cmocka_unit_test(test_another_version),
        cmocka_unit_test(test_wrong_journal),
        cmocka_unit_test(test_cannot_write),
        cmocka_unit_test(test_open_without_memory),
        cmocka_unit_test(test_grows_from_few_slots),
        cmocka_unit_test(test_moving_beside_searches_and_writes),
        cmocka_unit_test_setup_teardown(test_synced_is_there, with_spill, without_spill),
        cmocka_unit_test_setup_teardown(test_wrong_journal, with_spill, without_spill),
        cmocka_unit_test_setup_teardown(test_grows_from_few_slots, with_spill, without_spill),
        cmocka_unit_test_setup_teardown(test_moving_beside_searches_and_writes, with_spill,
            without_spill),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
