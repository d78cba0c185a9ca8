/* Our file of weights: written, read, and damaged in every byte that matters. */
#include "support/unit.h"

#include "nn/weights_file.h"
#include "support/tempdir.h"
#include "support/torture.h"

static TempDir dir;

static int setup(void **state)
{
    (void)state;
    tempdir_make(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tempdir_remove(&dir);
    return 0;
}

static bool write_file(const char *path, Err *err)
{
    Sha256 source = {{1, 2, 3}};
    WeightsWriter *w = weights_begin("test-model", &source, err);
    if (!w)
        return false;
    float *x = weights_add(w, "x", WEIGHTS_F32, 2, (uint32_t[]){3, 5}, 0);
    for (int i = 0; x && i < 15; i++)
        x[i] = (float)i;
    int8_t *p = weights_add(w, "panels", WEIGHTS_S8_PANELS, 2, (uint32_t[]){65, 17}, 0);
    if (p)
        memset(p, 7, 128 * 32);
    char *b = weights_add(w, "blob", WEIGHTS_BYTES, 0, (uint32_t[]){0}, 5);
    if (b)
        memcpy(b, "hello", 5);
    return weights_finish(w, path, err);
}

static void reads_back_what_was_written(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *path = tempdir_file(&dir, "good");
    assert_true(write_file(path, &err));
    WeightsFile *f = weights_open(path, "test-model", &err);
    assert_non_null(f);
    assert_true(weights_verify(f, &err));
    assert_int_equal(weights_source(f)->b[1], 2);
    assert_int_equal(weights_count(f), 3);
    WeightsTensor t;
    weights_at(f, 1, &t);
    assert_string_equal(t.name, "panels");
    assert_int_equal(t.bytes, 128 * 32);
    for (size_t i = 0; i < weights_count(f); i++) {
        weights_at(f, i, &t);
        assert_int_equal((uintptr_t)t.data % WEIGHTS_ALIGN, 0);
    }
    const float *x = weights_need(f, "x", WEIGHTS_F32, 2, (uint32_t[]){3, 5}, NULL, &err);
    assert_non_null(x);
    assert_true(x[14] == 14);
    uint64_t bytes;
    const char *b = weights_need(f, "blob", WEIGHTS_BYTES, 0, (uint32_t[]){0}, &bytes, &err);
    assert_non_null(b);
    assert_int_equal(bytes, 5);
    assert_memory_equal(b, "hello", 5);
    assert_null(weights_need(f, "x", WEIGHTS_F32, 2, (uint32_t[]){5, 3}, NULL, &err));
    assert_err(false, err, ERR_CORRUPT, "another type or shape");
    assert_null(weights_need(f, "y", WEIGHTS_F32, 1, (uint32_t[]){5}, NULL, &err));
    assert_err(false, err, ERR_CORRUPT, "no tensor \"y\"");
    weights_close(f);
    weights_close(NULL);
    assert_null(weights_open(path, "other-model", &err));
    assert_err(false, err, ERR_CORRUPT, "not \"other-model\"");
    assert_null(weights_open(tempdir_file(&dir, "none"), "test-model", &err));
    assert_int_equal(err.code, ERR_NOT_FOUND);
}

static void writer_refuses_nonsense(void **state)
{
    (void)state;
    static const char long_name[] = "a-name-of-more-than-fifty-five-bytes-does-not-fit-the-table-"
                                    "here";
    for (int kind = 0; kind < 5; kind++) {
        Err err = ERR_INIT;
        Sha256 source = {{0}};
        WeightsWriter *w = weights_begin(kind == 4 ? long_name : "m", &source, &err);
        assert_non_null(w);
        uint32_t dims[4] = {1u << 31, 1u << 31, 4, 4};
        void *p = kind == 0 ? weights_add(w, long_name, WEIGHTS_F32, 1, (uint32_t[]){1}, 0) :
            kind == 1 ? weights_add(w, "t", WEIGHTS_F32, 4, dims, 0) :
            kind == 2 ? weights_add(w, "t", WEIGHTS_S8_PANELS, 1, dims, 0) :
            kind == 3 ? weights_add(w, "t", WEIGHTS_F32, 1, (uint32_t[]){0}, 0) :
            weights_add(w, "t", WEIGHTS_F32, 1, (uint32_t[]){1}, 0);
        assert_null(p);
        assert_null(weights_add(w, "after", WEIGHTS_F32, 1, (uint32_t[]){1}, 0));
        assert_false(weights_finish(w, tempdir_file(&dir, "nonsense"), &err));
        assert_true(err.code == ERR_TOO_LARGE || err.code == ERR_INTERNAL);
        assert_false(os_exists(tempdir_file(&dir, "nonsense")));
    }
    Err err = ERR_INIT;
    assert_false(write_file(tempdir_file(&dir, "no/such/folder"), &err));
    assert_int_not_equal(err.code, ERR_NONE);
}

/* Every byte flipped, in turn: what is opened must say so at open or at verify. */
static void every_flipped_byte_is_found(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf b;
    const char *path = tempdir_file(&dir, "flip");
    assert_true(write_file(path, &err));
    buf_init(&b, 1 << 20);
    assert_true(os_read_file(path, &b, &err));
    for (size_t at = 0; at < b.len; at += at < 1024 || at + 64 > b.len ? 1 : 61) {
        if (at >= 128 + 3 * 96 && at < 4096)
            continue; /* padding between the table and the data belongs to nothing */
        b.ptr[at] = (char)(b.ptr[at] ^ 0x41);
        FILE *f = fopen(path, "wb");
        assert_int_equal(fwrite(b.ptr, 1, b.len, f), b.len);
        assert_int_equal(fclose(f), 0);
        err = ERR_INIT;
        WeightsFile *w = weights_open(path, "test-model", &err);
        bool ok = w && weights_verify(w, &err);
        if (ok || err.code != ERR_CORRUPT)
            fail_msg("byte %zu: %s", at, ok ? "not noticed" : err.msg);
        weights_close(w);
        b.ptr[at] = (char)(b.ptr[at] ^ 0x41);
    }
    for (size_t cut = 0; cut < b.len; cut += cut < 600 ? 7 : 501) { /* and cut short */
        FILE *f = fopen(path, "wb");
        assert_int_equal(fwrite(b.ptr, 1, cut, f), cut);
        assert_int_equal(fclose(f), 0);
        assert_null(weights_open(path, "test-model", &err));
        assert_int_equal(err.code, ERR_CORRUPT);
    }
    buf_release(&b);
}

static bool write_and_read(void *arg)
{
    Err err = ERR_INIT;
    const char *path = arg;
    bool ok = write_file(path, &err);
    WeightsFile *f = ok ? weights_open(path, "test-model", &err) : NULL;
    ok = f != NULL;
    if (!ok)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    weights_close(f);
    return ok;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    char path[512];
    (void)snprintf(path, sizeof path, "%s", tempdir_file(&dir, "torture"));
    assert_true(torture_alloc(write_and_read, path, 0) > 4);
    assert_true(torture_alloc(write_and_read, path, 1) > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back_what_was_written),
        cmocka_unit_test(writer_refuses_nonsense),
        cmocka_unit_test(every_flipped_byte_is_found),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
