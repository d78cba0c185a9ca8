#include "support/unit.h"

#include <math.h>
#include <stdio.h>

#include "nn/minilm.h"
#include "search/vectors.h"

static void vector_of(unsigned seed, float *v)
{
    double sum = 0;
    for (size_t i = 0; i < MINILM_DIM; i++) {
        seed = seed * 1103515245u + 12345u;
        v[i] = (float)((int)(seed >> 16) % 1000 - 500);
        sum += (double)v[i] * (double)v[i];
    }
    for (size_t i = 0; i < MINILM_DIM; i++)
        v[i] = (float)((double)v[i] / sqrt(sum));
}

static Str name(unsigned i, char room[32])
{
    return str_mem(room, (size_t)snprintf(room, 32, "sentence number %u", i));
}

static void what_was_put_comes_back(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Vectors *v = vectors_new(&err);
    assert_non_null(v);
    float in[MINILM_DIM], out[MINILM_DIM];
    uint32_t tokens = 0;
    vector_of(1, in);
    in[0] = -1.5F; /* never seen of an encoder; cut, not wrapped round */
    assert_false(vectors_get(v, STR("the boiler"), out, &tokens));
    vectors_put(v, STR("the boiler"), in, 7);
    assert_true(vectors_get(v, STR("the boiler"), out, &tokens));
    assert_int_equal(tokens, 7);
    assert_true(out[0] == -1);
    for (size_t i = 1; i < MINILM_DIM; i++)
        assert_true(fabsf(out[i] - in[i]) < 0.00002F);
    assert_false(vectors_get(v, STR("the boiler."), out, &tokens));
    vectors_put(v, STR(""), in, 2);
    assert_false(vectors_get(v, STR(""), out, &tokens));
    vectors_free(v);
}

static void full_it_keeps_what_is_asked_for(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Vectors *v = vectors_new(&err);
    assert_non_null(v);
    float in[MINILM_DIM], out[MINILM_DIM];
    uint32_t tokens;
    char room[32];
    size_t kept = 0;
    vector_of(2, in);
    vectors_put(v, STR("asked for again and again"), in, 5);
    for (unsigned i = 0; i < 60000; i++) { /* 16,384 places */
        vectors_put(v, name(i, room), in, 3);
        assert_true(vectors_get(v, STR("asked for again and again"), out, &tokens));
    }
    for (unsigned i = 0; i < 60000; i++)
        kept += vectors_get(v, name(i, room), out, &tokens);
    assert_in_range(kept, 16000, 16383);
    for (unsigned i = 59000; i < 60000; i++) /* the newest of them */
        assert_true(vectors_get(v, name(i, room), out, &tokens));
    vectors_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_put_comes_back),
        cmocka_unit_test(full_it_keeps_what_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
