/* test_hear_limits.c - how long a sound may be: at the limit, and one sample more. */
#include "support/unit.h"

#include "api/hear.h"
#include "base/mem.h"

static bool as_json(size_t n, uint32_t seconds, Err *err)
{
    Buf b;
    HeardSound s = {0};
    buf_init(&b, 1 << 24);
    buf_add_char(&b, '[');
    for (size_t i = 0; i < n; i++)
        buf_add_c(&b, i ? ",0" : "0");
    buf_add_char(&b, ']');
    Json *j = json_parse(buf_str(&b), 4, err);
    assert_non_null(j);
    bool ok = hear_samples(j, seconds, &s, err);
    if (ok)
        mem_free(s.pcm);
    json_free(j);
    buf_release(&b);
    return ok;
}

static bool as_bytes(size_t n, uint32_t rate, uint32_t seconds, Err *err)
{
    static const char zeros[64000];
    HeardSound s = {0};
    bool ok = hear_raw(str_mem(zeros, n * 2), false, rate, seconds, &s, err);
    if (ok)
        mem_free(s.pcm);
    return ok;
}

static void samples(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_true(as_json((size_t)HEAR_SAID_SECONDS * EARS_RATE_HZ, HEAR_SAID_SECONDS, &err));
    assert_err(as_json((size_t)HEAR_SAID_SECONDS * EARS_RATE_HZ + 1, HEAR_SAID_SECONDS, &err), err,
               ERR_TOO_LARGE, "longer than 120 seconds");
}

static void bytes(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_true(as_bytes(16000, 8000, 2, &err));
    assert_err(as_bytes(16001, 8000, 2, &err), err, ERR_TOO_LARGE, "longer than 2 seconds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(samples), cmocka_unit_test(bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
