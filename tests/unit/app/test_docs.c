/* docs/CLI.md and docs/CONFIG.md say what the tables say. SOTTO_WRITE_DOCS=1 writes them instead.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "app/commands.h"
#include "base/os.h"

static void compare(const char *path, void (*make)(Buf *))
{
    Buf want, have;
    Err err = ERR_INIT;
    buf_init(&want, 1 << 20);
    buf_init(&have, 1 << 20);
    make(&want);
    assert_true(buf_ok(&want));
    if (getenv("SOTTO_WRITE_DOCS") && !os_write_file(path, buf_str(&want), 0644, &err))
        fail_msg("%s", err.msg);
    if (!os_read_file(path, &have, &err))
        fail_msg("%s", err.msg);
    if (!str_eq(buf_str(&want), buf_str(&have)))
        fail_msg("%s is not what the tables say; run make docs", path);
    buf_release(&want);
    buf_release(&have);
}

static void test_cli(void **state)
{
    (void)state;
    compare(SOTTO_SOURCE_DIR "/docs/CLI.md", docs_cli);
}

static void test_config(void **state)
{
    (void)state;
    compare(SOTTO_SOURCE_DIR "/docs/CONFIG.md", docs_config);
}

static void test_every_command_is_whole(void **state)
{
    (void)state;
    size_t n;
    const CliCommand *c = cli_commands(&n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(c[i].run);
        assert_non_null(c[i].usage);
        assert_true(strlen(c[i].summary) > 8);
        assert_true(c[i].min_args <= c[i].max_args);
        for (size_t k = 0; k < c[i].n_flags; k++) {
            assert_true(strncmp(c[i].flags[k].name, "--", 2) == 0);
            assert_true(strlen(c[i].flags[k].help) > 8);
            /* A command's flag must not hide a setting or a common flag. */
            for (int s = 0; s < SET_ID_COUNT; s++)
                if (config_settings()[s].flag)
                    assert_string_not_equal(config_settings()[s].flag, c[i].flags[k].name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cli), cmocka_unit_test(test_config),
                                       cmocka_unit_test(test_every_command_is_whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
