/* The vector index against a plain fp32 search: hits, order, moments, filters, deletes, reuse,
 * kernels, growth beside searches. (The file: test_vindex_file.c.) */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "store/vindex_int.h"
#include "unit/store/vindex_data.h"

/* The first vectors of the sequence, made once: the plain searches read them again and again. */
static const float *vector_at(uint32_t i)
{
    enum { KEPT = 20000 };
    static float (*kept)[VINDEX_DIM];
    if (!kept) {
        kept = mem_alloc(sizeof(float[KEPT][VINDEX_DIM]));
        assert_non_null(kept);
        for (uint32_t n = 0; n < KEPT; n++)
            data_vector(n, kept[n]);
    }
    assert_true(i < KEPT);
    return kept[i];
}

static Vindex *filled(uint32_t n)
{
    Err err = ERR_INIT;
    Vindex *v = vindex_create(NULL, &err);
    assert_non_null(v);
    for (uint32_t i = 0; i < n; i++) {
        VindexCode code;
        uint32_t slot;
        vindex_encode(vector_at(i), &code);
        assert_true(vindex_add(v, 1000 + i, i / 3, &code, &slot, &err));
        assert_int_equal(slot, i);
    }
    return v;
}

/* How many of the k found are among the true k best allowed by `keep`, by fp32. Also checks that
 * similarities are true and in order. */
static size_t agreement(const float *q, uint32_t n, size_t k, bool (*keep)(uint32_t),
    const VindexHit *hits, int found)
{
    float *all = mem_array(n, sizeof *all);
    size_t possible = 0;
    for (uint32_t i = 0; i < n; i++) {
        all[i] = keep && !keep(i) ? -3.0f : data_dot(q, vector_at(i));
        possible += all[i] > -3.0f;
    }
    assert_int_equal(found, possible < k ? possible : k);
    size_t good = 0;
    for (int h = 0; h < found; h++) {
        assert_true(!keep || keep(hits[h].slot));
        assert_true(fabsf(hits[h].similarity - all[hits[h].slot]) < 2e-5f);
        if (h > 0)
            assert_true(hits[h - 1].similarity > hits[h].similarity ||
                        (hits[h - 1].similarity == hits[h].similarity &&
                            hits[h - 1].slot < hits[h].slot));
        size_t better = 0;
        for (uint32_t i = 0; i < n; i++)
            better += all[i] > all[hits[h].slot];
        good += better < k;
    }
    mem_free(all);
    return good;
}

static bool every_third(uint32_t i) { return i % 3 == 1; }
static bool few(uint32_t i) { return i % 997 == 5; }
static bool none(uint32_t i) { return i == UINT32_MAX; }

static void search_agrees(VindexMode mode)
{
    enum { N = 12345, QUERIES = 25 };
    Vindex *v = filled(N);
    bool (*const filters[])(uint32_t) = {NULL, every_third, few, none};
    static uint64_t allow[N / 64 + 1];
    for (size_t f = 0; f < 4; f++) {
        memset(allow, 0, sizeof allow);
        for (uint32_t i = 0; filters[f] && i < N; i++)
            if (filters[f](i))
                allow[i / 64] |= (uint64_t)1 << (i % 64);
        size_t good = 0, total = 0;
        for (uint32_t n = 0; n < QUERIES; n++) {
            float q[VINDEX_DIM];
            data_vector(1000000 + n, q);
            size_t k = n % 5 == 0 ? 100 : 10;
            VindexHit hits[100];
            float mean = 9, stddev = 9;
            Err err = ERR_INIT;
            int found = vindex_search(v, q, k, filters[f] ? allow : NULL, N, mode, hits, &mean,
                &stddev, &err);
            assert_true(found >= 0);
            good += agreement(q, N, k, filters[f], hits, found);
            total += (size_t)found;
            assert_true(fabsf(mean) < 0.1f && stddev >= 0.0f && stddev < 0.3f);
        }
        /* Exact search is exact. Made-up vectors are the hardest case for sketches: real embeddings
         * give 0.999 and more (docs/bench/vectors.md), these, with their equally far neighbours,
         * 0.967. */
        assert_true(mode == VINDEX_TWO_STAGE ? good * 100 >= total * 95 : good == total);
        assert_int_equal(total == 0, f == 3);
    }
    vindex_close(v);
}

static void test_exact_agrees_with_fp32(void **state)
{
    (void)state;
    search_agrees(VINDEX_EXACT);
}

static void test_two_stage_agrees_with_fp32(void **state)
{
    (void)state;
    search_agrees(VINDEX_TWO_STAGE);
}

static void test_moments_are_those_of_all(void **state)
{
    (void)state;
    enum { N = 20000 };
    Vindex *v = filled(N);
    float q[VINDEX_DIM], mean[2], stddev[2];
    data_vector(77, q);
    double sum = 0, sum2 = 0;
    for (uint32_t i = 0; i < N; i++) {
        double d = (double)data_dot(q, vector_at(i));
        sum += d;
        sum2 += d * d;
    }
    VindexHit hits[10];
    for (int two = 0; two < 2; two++)
        assert_int_equal(vindex_search(v, q, 10, NULL, 0, two ? VINDEX_TWO_STAGE : VINDEX_EXACT,
            hits, &mean[two], &stddev[two], NULL), 10);
    double m = sum / N, s = sqrt(sum2 / N - m * m);
    assert_true(fabs((double)mean[0] - m) < 1e-4 && fabs((double)stddev[0] - s) < 1e-4);
    assert_true(fabs((double)mean[1] - m) < 0.01 && fabs((double)stddev[1] - s) < 0.01);
    vindex_close(v);
}

static void test_code_keeps_precision(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 200; n++) {
        float x[VINDEX_DIM], y[VINDEX_DIM];
        VindexCode code;
        data_vector(n, x);
        vindex_encode(x, &code);
        vindex_decode(&code, y);
        for (int i = 0; i < VINDEX_DIM; i++)
            assert_true(fabsf(x[i] - y[i]) <= code.scale / 255.0f);
    }
    float zero[VINDEX_DIM] = {0}, odd[VINDEX_DIM] = {0.5f, NAN, -0.5f, INFINITY};
    VindexCode code;
    vindex_encode(zero, &code);
    assert_true(code.scale == 0.0f && code.hi[0] == 0);
    vindex_encode(odd, &code); /* no number: no direction, never undefined behaviour */
    assert_true(code.scale == 0.0f && code.hi[0] == 0 && code.hi[1] == 0);
    assert_int_equal(sizeof code, VINDEX_CODE_BYTES);
}

static int found_by(Vindex *v, int mode, const float *q, size_t k, const uint64_t *allow, size_t n,
    VindexHit *hits)
{
    return vindex_search(v, q, k, allow, n, (VindexMode)mode, hits, NULL, NULL, NULL);
}

static void test_edges(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Vindex *v = vindex_create(NULL, &err);
    float q[VINDEX_DIM] = {0};
    VindexHit hits[4];
    float mean = 1, stddev = 1;
    assert_int_equal(vindex_search(v, q, 4, NULL, 0, VINDEX_AUTO, hits, &mean, &stddev, &err), 0);
    assert_true(mean == 0.0f && stddev == 0.0f);
    vindex_close(v);
    v = filled(3000);
    uint64_t allow = 0x16; /* slots 1, 2, 4 */
    for (int mode = VINDEX_AUTO; mode <= VINDEX_TWO_STAGE; mode++) {
        memset(q, 0, sizeof q); /* a query without direction still answers: all are at 0 */
        assert_int_equal(found_by(v, mode, q, 4, NULL, 0, hits), 4);
        assert_true(hits[0].similarity == 0.0f);
        data_vector(5, q);
        assert_int_equal(found_by(v, mode, q, 0, NULL, 0, hits), 0);
        assert_int_equal(found_by(v, mode, q, 4, &allow, 4, hits), 2);
        assert_int_equal(found_by(v, mode, q, 4, &allow, 0, hits), 0);
        assert_int_equal(found_by(v, mode, q, 4, NULL, 0, hits), 4);
        assert_int_equal(hits[0].slot, 5);
        assert_true(fabsf(hits[0].similarity - 1.0f) < 1e-4f);
    }
    vindex_close(v);
    vindex_close(NULL);
}

static void test_equal_vectors_come_by_slot(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Vindex *v = vindex_create(NULL, &err);
    float x[VINDEX_DIM];
    VindexCode code;
    data_vector(3, x);
    vindex_encode(x, &code);
    for (uint32_t i = 0; i < 3000; i++) {
        uint32_t slot;
        assert_true(vindex_add(v, i, i, &code, &slot, &err));
    }
    VindexHit hits[50];
    assert_int_equal(vindex_search(v, x, 50, NULL, 0, VINDEX_EXACT, hits, NULL, NULL, &err), 50);
    for (uint32_t i = 0; i < 50; i++)
        assert_int_equal(hits[i].slot, i);
    for (int i = 0; i < VINDEX_DIM; i++) /* all at -1: nothing is too bad to be found */
        x[i] = -x[i];
    for (int mode = VINDEX_AUTO; mode <= VINDEX_TWO_STAGE; mode++)
        assert_int_equal(found_by(v, mode, x, 50, NULL, 0, hits), 50);
    vindex_close(v);
}

static void test_deleted_is_gone_and_reused_after_sync(void **state)
{
    (void)state;
    Vindex *v = filled(500);
    Err err = ERR_INIT;
    float q[VINDEX_DIM];
    VindexCode code;
    VindexHit hits[500];
    uint32_t slot, two[2] = {7, 8};
    float sims[2];
    data_vector(7, q);
    vindex_encode(q, &code);
    vindex_delete(v, 7);
    vindex_delete(v, 7);
    vindex_delete(v, 100000);
    assert_int_equal(vindex_live(v), 499);
    assert_int_equal(vindex_search(v, q, 500, NULL, 0, VINDEX_AUTO, hits, NULL, NULL, &err), 499);
    for (int i = 0; i < 499; i++)
        assert_int_not_equal(hits[i].slot, 7);
    vindex_similarities(v, q, two, 2, sims);
    assert_true(sims[0] == -2.0f && sims[1] > -1.0f);
    assert_true(vindex_id(v, 7) == UINT64_MAX && vindex_id(v, 8) == 1008 && vindex_doc(v, 8) == 2);
    assert_false(vindex_code(v, 7, &code));
    /* not before a sync */
    assert_true(vindex_add(v, 1, 1, &code, &slot, &err));
    assert_int_equal(slot, 500);
    /* not while somebody who was there at the delete is still looking */
    unsigned ticket = vindex_enter(v);
    assert_true(vindex_sync(v, 1, &err));
    assert_true(vindex_add(v, 2, 2, &code, &slot, &err));
    assert_int_equal(slot, 501);
    vindex_leave(v, ticket);
    assert_true(vindex_add(v, 3, 3, &code, &slot, &err));
    assert_int_equal(slot, 7);
    assert_true(vindex_id(v, 7) == 3 && vindex_live(v) == 502 && vindex_slots(v) == 502);
    assert_int_equal(vindex_search(v, q, 1, NULL, 0, VINDEX_AUTO, hits, NULL, NULL, &err), 1);
    assert_int_equal(hits[0].slot, 7);
    assert_true(vindex_verify(v, &err));
    vindex_close(v);
}

/* Every kernel this processor has, against the plain one. */
static void test_kernels_agree(void **state)
{
    (void)state;
    static _Alignas(64) uint8_t hi[VX_BLOCK * VINDEX_DIM], block[VX_BLOCK * VX_SKETCH];
    static int8_t lo[VINDEX_DIM];
    static VxQuery q;
    float scale[VX_BLOCK], sims[2][VX_BLOCK];
    int32_t dots[2][VX_BLOCK];
    uint16_t out[2][VX_BLOCK];
    const char *const names[] = {"avx2", "avx512", "vnni", "neon-dot"};
    size_t compared = 0;
    for (uint64_t round = 0; round < 200; round++) {
        uint64_t r = round;
        int32_t sum = 0;
        for (size_t i = 0; i < sizeof hi; i++)
            hi[i] = (uint8_t)(round < 2 ? (round ? 255 : 1) : 1 + data_random(&r) % 255);
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (uint8_t)data_random(&r);
        for (int i = 0; i < VINDEX_DIM; i++) {
            lo[i] = (int8_t)((int)(data_random(&r) % 255) - 127);
            q.q[i] = (int8_t)(round < 2 ? 127 : (int)(data_random(&r) % 255) - 127);
            q.f[i] = data_normal(&r);
            sum += q.q[i];
        }
        for (unsigned t = 0; t < 2 * VX_SKETCH; t++)
            for (unsigned b = 0; b < 16; b++)
                q.lut[t][b] = (uint8_t)(round == 2 ? 127 : data_random(&r) % 128);
        q.bias = 128 * sum;
        for (unsigned i = 0; i < VX_BLOCK; i++)
            scale[i] = 0.001f + (float)i * 1e-5f;
        vx_plain.dots(hi, &q, dots[0]);
        uint16_t limit = (uint16_t)(data_random(&r) % 12192);
        uint64_t mask = vx_plain.sketch(block, &q, limit, out[0]);
        uint64_t over = vx_plain.pick(dots[0], scale, 0.01f, 0.1f, sims[0]);
        for (size_t n = 0; n < 4; n++) {
            const VxKernels *k = vx_kernels_named(names[n]);
            if (!k)
                continue;
            compared++;
            k->dots(hi, &q, dots[1]);
            assert_memory_equal(dots[0], dots[1], sizeof dots[0]);
            assert_int_equal(k->dot(hi + 5 * VINDEX_DIM, &q), dots[0][5]);
            assert_true(k->sketch(block, &q, limit, out[1]) == mask);
            assert_memory_equal(out[0], out[1], sizeof out[0]);
            assert_true(k->pick(dots[0], scale, 0.01f, 0.1f, sims[1]) == over);
            for (unsigned i = 0; i < VX_BLOCK; i++)
                assert_true(fabsf(sims[0][i] - sims[1][i]) <= 1e-6f * fabsf(sims[0][i]));
            float a = vx_plain.exact(hi, lo, &q), b = k->exact(hi, lo, &q);
            assert_true(fabsf(a - b) < 0.02f + 1e-5f * fabsf(a));
        }
    }
    print_message("kernels compared %zu times; this run searches with %s\n", compared,
        vx_kernels()->name);
}

typedef struct {
    Vindex *v;
    atomic_bool stop;
    atomic_uint searches;
    atomic_uint wrong; /* cmocka's asserts belong to the main thread */
} Race;

/* Every hit's slot must mean the chunk whose vector it is, or be dead by now. */
static void *search_on(void *arg)
{
    Race *race = arg;
    for (uint32_t n = 0; !atomic_load(&race->stop) || n < 20; n++) {
        float q[VINDEX_DIM];
        VindexHit hits[20];
        data_vector(n, q);
        unsigned ticket = vindex_enter(race->v);
        int found = vindex_search(race->v, q, 20, NULL, 0, n % 2 ? VINDEX_EXACT : VINDEX_TWO_STAGE,
            hits, NULL, NULL, NULL);
        atomic_fetch_add(&race->wrong, found < 0);
        for (int h = 0; h < found; h++) {
            uint64_t id = vindex_id(race->v, hits[h].slot), doc = vindex_doc(race->v, hits[h].slot);
            float x[VINDEX_DIM];
            if (id == UINT64_MAX || doc == UINT64_MAX)
                continue; /* deleted meanwhile */
            data_vector(id, x);
            atomic_fetch_add(&race->wrong,
                doc != id * 7 || fabsf(data_dot(q, x) - hits[h].similarity) > 1e-4f);
        }
        vindex_leave(race->v, ticket);
        atomic_fetch_add(&race->searches, 1);
    }
    return NULL;
}

static void test_growth_and_reuse_beside_searches(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Race race = {.v = vindex_create(NULL, &err)};
    pthread_t threads[3];
    for (int t = 0; t < 3; t++)
        pthread_create(&threads[t], NULL, search_on, &race);
    uint64_t random = 1;
    uint32_t reused = 0, high = 0;
    for (uint64_t id = 0; id < 12000; id++) {
        float x[VINDEX_DIM];
        VindexCode code;
        uint32_t slot;
        data_vector(id, x);
        vindex_encode(x, &code);
        assert_true(vindex_add(race.v, id, id * 7, &code, &slot, &err));
        reused += slot < high;
        high = slot >= high ? slot + 1 : high;
        if (id % 2)
            vindex_delete(race.v, data_random(&random) % vindex_slots(race.v));
        if (id % 100 == 0)
            assert_true(vindex_sync(race.v, id, &err));
    }
    atomic_store(&race.stop, true);
    for (int t = 0; t < 3; t++)
        pthread_join(threads[t], NULL);
    assert_int_equal(atomic_load(&race.wrong), 0);
    assert_true(reused > 0 && high > VX_SEG_SLOTS && atomic_load(&race.searches) >= 60);
    assert_true(vindex_verify(race.v, &err));
    vindex_close(race.v);
}

/* Every allocation in turn fails: an error or a full answer, nothing lost. */
static void test_without_memory(void **state)
{
    (void)state;
    size_t failed = 0;
    for (uint64_t nth = 1; nth < 40; nth++) {
        Err err = ERR_INIT;
        mem_test_fail(nth, 0);
        Vindex *v = vindex_create(NULL, &err);
        if (!v) {
            assert_int_equal(err.code, ERR_NO_MEMORY);
            failed++;
            continue;
        }
        uint32_t added = 0, slot;
        for (uint32_t i = 0; i < 3000; i++) {
            float x[VINDEX_DIM];
            VindexCode code;
            data_vector(i % 10, x);
            vindex_encode(x, &code);
            added += vindex_add(v, i, i, &code, &slot, &err);
        }
        assert_true(added == 3000 || (added == 2999 && err.code == ERR_NO_MEMORY));
        failed += added != 3000;
        assert_int_equal(vindex_live(v), added);
        float q[VINDEX_DIM];
        VindexHit hits[5];
        data_vector(1, q);
        err = ERR_INIT;
        int found = vindex_search(v, q, 5, NULL, 0, VINDEX_TWO_STAGE, hits, NULL, NULL, &err);
        assert_true(found == 5 || (found == -1 && err.code == ERR_NO_MEMORY));
        failed += found != 5;
        mem_test_fail(0, 0);
        vindex_close(v);
    }
    mem_test_fail(0, 0);
    assert_true(failed >= 5); /* index, segment table, segment, two buffers of a search */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_agrees_with_fp32),
        cmocka_unit_test(test_two_stage_agrees_with_fp32),
        cmocka_unit_test(test_moments_are_those_of_all),
        cmocka_unit_test(test_code_keeps_precision),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_equal_vectors_come_by_slot),
        cmocka_unit_test(test_deleted_is_gone_and_reused_after_sync),
        cmocka_unit_test(test_kernels_agree),
        cmocka_unit_test(test_growth_and_reuse_beside_searches),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
