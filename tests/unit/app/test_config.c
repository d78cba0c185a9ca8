/* Settings: which place wins, and what each kind of mistake is answered with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "app/config.h"
#include "app/suggest.h"
#include "base/os.h"
#include "support/torture.h"

typedef struct {
    const char *const *pairs; /* name, value, name, value, ..., NULL */
} FakeEnv;

static const char *fake_env(void *arg, const char *name)
{
    const FakeEnv *e = arg;
    for (size_t i = 0; e->pairs && e->pairs[i]; i += 2)
        if (strcmp(e->pairs[i], name) == 0)
            return e->pairs[i + 1];
    return NULL;
}

static char dir[256];

static int make_dir(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/sotto_config_XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int drop_dir(void **state)
{
    (void)state;
    return os_remove_tree(dir, NULL) ? 0 : -1;
}

static const char *path_in_dir(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

static const char *conf(const char *text, unsigned mode)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/sotto.conf", dir);
    assert_true(os_write_file(path, str_of(text), mode, NULL));
    return path;
}

#define ENV(...) (&(FakeEnv){(const char *const[]){__VA_ARGS__, NULL, NULL}})

static Config *load(FakeEnv *env)
{
    Err err = ERR_INIT;
    Config *c = config_new(&err);
    assert_non_null(c);
    if (!config_load(c, fake_env, env, &err))
        fail_msg("%s", err.msg);
    return c;
}

static void fails(FakeEnv *env, ErrCode code, const char *message)
{
    Err err = ERR_INIT;
    Config *c = config_new(&err);
    assert_false(config_load(c, fake_env, env, &err));
    assert_int_equal(err.code, code);
    if (!strstr(err.msg, message))
        fail_msg("\"%s\" is not in \"%s\"", message, err.msg);
    config_free(c);
}

static void test_table_is_whole(void **state)
{
    (void)state;
    const Setting *s = config_settings();
    for (int i = 0; i < SET_ID_COUNT; i++) {
        assert_int_equal(s[i].id, i);
        assert_non_null(s[i].name);
        assert_non_null(s[i].env);
        assert_true(strlen(s[i].help) > 10);
        char flag[64];
        snprintf(flag, sizeof flag, "--%s", s[i].name);
        for (char *p = flag; *p; p++)
            *p = *p == '_' ? '-' : *p;
        if (s[i].flag)
            assert_string_equal(s[i].flag, flag);
        else
            assert_int_equal(s[i].type,
                             SETTING_SECRET); /* a secret on a command line can be seen */
    }
}

static void test_defaults_follow_xdg(void **state)
{
    (void)state;
    Config *c = load(ENV("HOME", "/home/ada"));
    assert_string_equal(config_text(c, SET_DATA), "/home/ada/.local/share/sotto");
    assert_string_equal(config_text(c, SET_MODELS), "/home/ada/.local/share/sotto/models");
    assert_string_equal(config_file(c), "/home/ada/.config/sotto/sotto.conf");
    assert_string_equal(config_text(c, SET_LISTEN), "127.0.0.1:8080");
    assert_string_equal(config_origin(c, SET_DATA), "default");
    assert_null(config_text(c, SET_MODELS_URL));
    assert_false(config_file_read(c));
    config_free(c);
    c = load(
        ENV("HOME", "/home/ada", "XDG_DATA_HOME", "/srv/data", "XDG_CONFIG_HOME", "/srv/conf"));
    assert_string_equal(config_text(c, SET_DATA), "/srv/data/sotto");
    assert_string_equal(config_file(c), "/srv/conf/sotto/sotto.conf");
    config_free(c);
    /* The specification: a relative value is ignored. */
    c = load(ENV("HOME", "/home/ada", "XDG_DATA_HOME", "data", "XDG_CONFIG_HOME", "./conf"));
    assert_string_equal(config_text(c, SET_DATA), "/home/ada/.local/share/sotto");
    assert_string_equal(config_file(c), "/home/ada/.config/sotto/sotto.conf");
    config_free(c);
    c = load(ENV("HOME", "/home/ada", "STATE_DIRECTORY", "/var/lib/sotto:/var/lib/more"));
    assert_string_equal(config_text(c, SET_DATA), "/var/lib/sotto");
    config_free(c);
}

static void test_flag_beats_environment_beats_file(void **state)
{
    (void)state;
    const char *file = conf("# mine\n\n listen = 127.0.0.1:1\ndata=/from/file\nworkers = 3\n"
                            "max_upload = 8M\ndesktop_notifications = on\n",
                            0644);
    Err err = ERR_INIT;
    Config *c = config_new(&err);
    assert_true(config_flag(c, SET_LISTEN, STR("127.0.0.1:3"), &err));
    FakeEnv *env = ENV("HOME", "/h", "SOTTO_CONFIG", file, "SOTTO_LISTEN", "127.0.0.1:2",
                       "SOTTO_DATA", "/from/env");
    if (!config_load(c, fake_env, env, &err))
        fail_msg("%s", err.msg);
    assert_string_equal(config_text(c, SET_LISTEN), "127.0.0.1:3");
    assert_string_equal(config_origin(c, SET_LISTEN), "flag --listen");
    assert_string_equal(config_text(c, SET_DATA), "/from/env");
    assert_string_equal(config_origin(c, SET_DATA), "environment SOTTO_DATA");
    assert_int_equal(config_number(c, SET_WORKERS), 3);
    char where[600];
    snprintf(where, sizeof where, "%s:5", file);
    assert_string_equal(config_origin(c, SET_WORKERS), where);
    assert_int_equal(config_number(c, SET_MAX_UPLOAD), 8 << 20);
    assert_true(config_bool(c, SET_DESKTOP));
    assert_true(config_file_read(c));
    assert_false(config_flag(c, SET_LISTEN, STR("127.0.0.1:4"), &err));
    assert_int_equal(err.code, ERR_VALIDATION);
    config_free(c);
}

static void test_empty_variable_counts_as_unset(void **state)
{
    (void)state;
    Config *c = load(ENV("HOME", "/h", "SOTTO_LISTEN", ""));
    assert_string_equal(config_origin(c, SET_LISTEN), "default");
    config_free(c);
}

static void test_paths(void **state)
{
    (void)state;
    Config *c =
        load(ENV("HOME", "/home/ada", "SOTTO_DATA", "~/notes", "SOTTO_MODELS", "sub/models"));
    assert_string_equal(config_text(c, SET_DATA), "/home/ada/notes");
    char cwd[1024], want[1100];
    assert_non_null(getcwd(cwd, sizeof cwd));
    snprintf(want, sizeof want, "%s/sub/models", cwd);
    assert_string_equal(config_text(c, SET_MODELS), want);
    config_free(c);
    fails(ENV("HOME", "/h", "SOTTO_CONFIG", conf("data = here\n", 0644)), ERR_VALIDATION,
          ":1: \"here\" is no absolute path");
}

static void test_mistakes_in_the_file(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"\nlistn = 127.0.0.1:1\n", ":2: unknown setting \"listn\"; did you mean \"listen\"?"},
        {"qqqqqqqq = 1\n", ":1: unknown setting \"qqqqqqqq\""},
        {"listen 127.0.0.1:1\n", ":1: no \"=\" in this line"},
        {"workers = 1\nworkers = 2\n", ":2: \"workers\" is set already at "},
        {"workers = many\n", ":1: \"many\" is no whole number"},
        {"workers = 65\n", ":1: 65 is not between 0 and 64"},
        {"workers = -1\n", ":1: \"-1\" is no whole number"},
        {"max_upload = 3X\n", ":1: \"3X\" is no size"},
        {"max_upload = 99999999999G\n", ":1: \"99999999999G\" is no size"},
        {"desktop_notifications = perhaps\n", ":1: \"perhaps\" is neither yes nor no"},
        {"login = never\n", ":1: \"never\" is none of auto|always"},
        {"log = loud\n", ":1: \"loud\" is none of error|warn|info|debug"},
        {"models_url = ftp://x\n", ":1: \"ftp://x\" is no http:// or https:// address"},
        {"listen = 8080\n", ":1: \"8080\" has no port; write HOST:PORT"},
        {"config = /x\n", ":1: unknown setting \"config\""},
        {"data =\n", ":1: a path is missing"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        fails(ENV("HOME", "/h", "SOTTO_CONFIG", conf(rows[i].text, 0644)), ERR_VALIDATION,
              rows[i].message);
}

static void test_missing_file(void **state)
{
    (void)state;
    fails(ENV("HOME", "/h", "SOTTO_CONFIG", path_in_dir("nowhere.conf")), ERR_NOT_FOUND,
          "nowhere.conf");
}

static void test_mistake_in_a_variable_names_it(void **state)
{
    (void)state;
    fails(ENV("HOME", "/h", "SOTTO_LISTEN", "[::1"), ERR_VALIDATION, "environment SOTTO_LISTEN: ");
    fails(ENV("HOME", "/h", "SOTTO_WORKERS", "two"), ERR_VALIDATION, "environment SOTTO_WORKERS: ");
}

static void test_secrets(void **state)
{
    (void)state;
    char token[512], creds[512];
    snprintf(token, sizeof token, "%s/token", dir);
    assert_true(os_write_file(token, STR("  s3cret\n"), 0600, NULL));
    Config *c = load(ENV("HOME", "/h", "SOTTO_MODELS_TOKEN_FILE", token));
    assert_string_equal(config_text(c, SET_MODELS_TOKEN), "s3cret");
    assert_string_equal(config_origin(c, SET_MODELS_TOKEN), "environment SOTTO_MODELS_TOKEN_FILE");
    config_free(c);
    fails(ENV("HOME", "/h", "SOTTO_MODELS_TOKEN", "a", "SOTTO_MODELS_TOKEN_FILE", token),
          ERR_VALIDATION, "SOTTO_MODELS_TOKEN and SOTTO_MODELS_TOKEN_FILE are both set");
    fails(ENV("HOME", "/h", "SOTTO_MODELS_TOKEN_FILE", path_in_dir("none")), ERR_NOT_FOUND,
          "environment SOTTO_MODELS_TOKEN_FILE: ");

    char text[600];
    snprintf(text, sizeof text, "models_token_file = %s\n", token);
    c = load(ENV("HOME", "/h", "SOTTO_CONFIG", conf(text, 0644)));
    assert_string_equal(config_text(c, SET_MODELS_TOKEN), "s3cret");
    config_free(c);
    fails(ENV("HOME", "/h", "SOTTO_CONFIG", conf("models_token = abc\n", 0644)), ERR_VALIDATION,
          "a secret stands in a file that others can read");
    c = load(ENV("HOME", "/h", "SOTTO_CONFIG", conf("models_token = abc\n", 0600)));
    assert_string_equal(config_text(c, SET_MODELS_TOKEN), "abc");
    config_free(c);

    snprintf(creds, sizeof creds, "%s/creds", dir);
    assert_true(os_mkdirs(creds, 0700, NULL));
    c = load(ENV("HOME", "/h", "CREDENTIALS_DIRECTORY", creds));
    assert_null(config_text(c, SET_MODELS_TOKEN));
    config_free(c);
    char named[600];
    snprintf(named, sizeof named, "%s/SOTTO_MODELS_TOKEN", creds);
    assert_true(os_write_file(named, STR("from systemd"), 0600, NULL));
    c = load(ENV("HOME", "/h", "CREDENTIALS_DIRECTORY", creds));
    assert_string_equal(config_text(c, SET_MODELS_TOKEN), "from systemd");
    config_free(c);
}

static void test_address(void **state)
{
    (void)state;
    static const struct {
        const char *text, *host;
        int port; /* -1: refused */
    } rows[] = {
        {"127.0.0.1:8080", "127.0.0.1", 8080},
        {"localhost:0", "localhost", 0},
        {"[::1]:65535", "::1", 65535},
        {"0.0.0.0:80", "0.0.0.0", 80},
        {"::1:80", NULL, -1},
        {"127.0.0.1:65536", NULL, -1},
        {"127.0.0.1", NULL, -1},
        {":80", NULL, -1},
        {"127.0.0.1:", NULL, -1},
        {"a:-1", NULL, -1},
        {"[]:80", NULL, -1},
        {"", NULL, -1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char host[256];
        uint16_t port = 7;
        Err err = ERR_INIT;
        bool ok = config_address(str_of(rows[i].text), host, &port, &err);
        if (ok != (rows[i].port >= 0))
            fail_msg("%s: %s", rows[i].text, ok ? "taken" : err.msg);
        if (ok) {
            assert_string_equal(host, rows[i].host);
            assert_int_equal(port, rows[i].port);
        } else {
            assert_int_equal(err.code, ERR_VALIDATION);
        }
    }
    assert_true(config_loopback("127.0.0.1"));
    assert_true(config_loopback("127.9.9.9"));
    assert_true(config_loopback("::1"));
    assert_true(config_loopback("localhost"));
    assert_false(config_loopback("0.0.0.0"));
    assert_false(config_loopback("::"));
    assert_false(config_loopback("192.168.1.2"));
    assert_false(config_loopback("127.0.0.1.example.com"));
}

typedef struct {
    FakeEnv *env;
    Err err;
} Short;

static bool load_short(void *arg)
{
    Short *s = arg;
    s->err = ERR_INIT;
    Config *c = config_new(&s->err);
    bool ok = c && config_flag(c, SET_LISTEN, STR("127.0.0.1:1"), &s->err) &&
              config_load(c, fake_env, s->env, &s->err);
    if (ok)
        assert_int_equal(config_number(c, SET_WORKERS), 3);
    else
        assert_int_equal(s->err.code, ERR_NO_MEMORY);
    config_free(c);
    return ok;
}

static void test_short_memory(void **state)
{
    (void)state;
    const char *file = conf("workers = 3\nmodels_token = abc\n", 0600);
    Short s = {.env = ENV("HOME", "/h", "SOTTO_CONFIG", file, "SOTTO_DATA", "~/d")};
    assert_true(torture_alloc(load_short, &s, 0) > 3);
    assert_true(torture_alloc(load_short, &s, 1) > 3);
}

static void test_suggest(void **state)
{
    (void)state;
    static const char *const names[] = {"serve", "search", "add", "doctor", "models", "restore"};
    assert_int_equal(suggest_distance(STR("search"), STR("serach")), 1);
    assert_int_equal(suggest_distance(STR(""), STR("add")), 3);
    assert_int_equal(suggest_distance(STR("kitten"), STR("sitting")), 3);
    assert_string_equal(suggest_nearest(STR("serach"), names, 6), "search");
    assert_string_equal(suggest_nearest(STR("doc"), names, 6), "doctor");
    assert_string_equal(suggest_nearest(STR("model"), names, 6), "models");
    assert_null(suggest_nearest(STR("xyzzy"), names, 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_is_whole),
        cmocka_unit_test(test_defaults_follow_xdg),
        cmocka_unit_test_setup_teardown(test_flag_beats_environment_beats_file, make_dir, drop_dir),
        cmocka_unit_test(test_empty_variable_counts_as_unset),
        cmocka_unit_test_setup_teardown(test_paths, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_mistakes_in_the_file, make_dir, drop_dir),
        cmocka_unit_test_setup_teardown(test_missing_file, make_dir, drop_dir),
        cmocka_unit_test(test_mistake_in_a_variable_names_it),
        cmocka_unit_test_setup_teardown(test_secrets, make_dir, drop_dir),
        cmocka_unit_test(test_address),
        cmocka_unit_test_setup_teardown(test_short_memory, make_dir, drop_dir),
        cmocka_unit_test(test_suggest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
