/* test_host.c - settings that are kept in the data, where each value comes from, and what else the
 * page asks of the program, through the routes. */
#include "support/unit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/assets.h"
#include "api/call.h"
#include "app/app.h"
#include "base/clock.h"
#include "base/os.h"
#include "store/settings.h"
#include "support/tempdir.h"

#define SETTINGS "/api/v1/settings"

typedef struct {
    TempDir dir;
    char conf[4200];
    const char *zone_env;
    Config *config;
    Store *store;
    Tasks *tasks;
    Host *host;
    Api *api;
} World;

static const char *env(void *arg, const char *name)
{
    const World *w = arg;
    if (strcmp(name, "SOTTO_CONFIG") == 0)
        return w->conf;
    if (strcmp(name, "SOTTO_DATA") == 0)
        return w->dir.path;
    if (strcmp(name, "SOTTO_MODELS") == 0)
        return w->dir.path;
    return strcmp(name, "SOTTO_ZONE") == 0 ? w->zone_env : NULL;
}

static void opened(World *w, Uuid owner)
{
    Err err = ERR_INIT;
    w->config = config_new(&err);
    assert_non_null(w->config);
    if (!config_load(w->config, env, w, &err))
        fail_msg("%s", err.msg);
    w->store = store_open_sqlite(&(StoreOptions){.dir = w->dir.path, .model = "test"}, &err);
    assert_non_null(w->store);
    if (!host_apply_saved(w->store, &app_owner, w->config, &err))
        fail_msg("%s", err.msg);
    w->tasks = tasks_new(&(TasksOptions){.store = w->store, .owner = owner,
                                         .zone = str_of(config_text(w->config, SET_ZONE))},
                         &err);
    w->host = host_new(w->store, &app_owner, w->config, NULL, &err);
    assert_non_null(w->host);
    w->api = api_new(&(ApiParts){.store = w->store, .tasks = w->tasks, .owner = owner,
                                 .host = host_api(w->host)},
                     &err);
    assert_non_null(w->api);
}

static void closed(World *w)
{
    api_free(w->api);
    host_free(w->host);
    tasks_free(w->tasks);
    store_close(w->store);
    config_free(w->config);
}

static int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    int64_t now;
    tempdir_make(&w->dir);
    snprintf(w->conf, sizeof w->conf, "%s/sotto.conf", w->dir.path);
    assert_true(os_write_file(w->conf, STR("date_order = dmy\n"), 0600, &err));
    assert_true(clock_parse(STR("2026-11-23T10:00:00+01:00"), &now));
    clock_set_ms(now);
    opened(w, app_owner);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    closed(w);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

static HttpExchange *dispatch(World *w, const char *method, const char *target, const char *body,
                              int status)
{
    Err err = ERR_INIT;
    HttpHeader header = {STR("Content-Type"), STR("application/json")};
    HttpExchange *x = http_exchange_new(str_of(method), str_of(target), &header, body ? 1 : 0,
                                        str_of(body ? body : ""), &err);
    if (!x)
        fail_msg("%s %s: %s", method, target, err.msg);
    api_dispatch(w->api, x, 0);
    assert_true(http_exchange_wait(x, 30000));
    Str got = http_resp_body(x);
    if (x->resp.status != status)
        fail_msg("%s %s: %d, not %d: " STR_FMT, method, target, x->resp.status, status,
                 STR_ARG(got));
    return x;
}

static Json *ask(World *w, const char *method, const char *target, const char *body, int status)
{
    Err err = ERR_INIT;
    HttpExchange *x = dispatch(w, method, target, body, status);
    Json *j = json_parse(http_resp_body(x), 32, &err);
    http_exchange_free(x);
    if (!j)
        fail_msg("%s %s: %s", method, target, err.msg);
    return j;
}

/* "value|origin|fixed" of a setting. */
static void expect_setting(World *w, const char *name, const char *value, const char *origin)
{
    Json *j = ask(w, "GET", SETTINGS, NULL, 200);
    const Json *list = json_get(j, "settings");
    bool found = false;
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *s = json_at(list, i);
        if (!str_eq(json_str(json_get(s, "name")), str_of(name)))
            continue;
        assert_str(json_str(json_get(s, "value")), value);
        Str got = json_str(json_get(s, "origin"));
        if (str_find(got, str_of(origin), 0) == SIZE_MAX)
            fail_msg("%s comes from \"" STR_FMT "\"", name, STR_ARG(got));
        found = true;
    }
    assert_true(found);
    json_free(j);
}

static void a_setting_stays_over_a_restart(void **state)
{
    World *w = *state;
    expect_setting(w, "theme", "system", "default");
    expect_setting(w, "zone", "", "default");
    json_free(ask(w, "PATCH", SETTINGS, "{\"values\":{\"theme\":\"dark\",\"zone\":\"Asia/Tokyo\"}}",
                  200));
    expect_setting(w, "zone", "Asia/Tokyo", "here");
    closed(w);
    opened(w, app_owner);
    expect_setting(w, "theme", "dark", "here");
    expect_setting(w, "zone", "Asia/Tokyo", "here");
    assert_string_equal(config_text(w->config, SET_ZONE), "Asia/Tokyo"); /* and it holds */
    json_free(ask(w, "PATCH", SETTINGS, "{\"values\":{\"theme\":null,\"zone\":null}}", 200));
    expect_setting(w, "theme", "system", "default");
    expect_setting(w, "zone", "", "default");
}

static void what_is_saved_comes_before_the_file_and_after_the_environment(void **state)
{
    World *w = *state;
    expect_setting(w, "date_order", "dmy", "sotto.conf");
    json_free(ask(w, "PATCH", SETTINGS,
                  "{\"values\":{\"date_order\":\"mdy\",\"zone\":\"Asia/Tokyo\"}}", 200));
    closed(w);
    w->zone_env = "Europe/Berlin";
    opened(w, app_owner);
    expect_setting(w, "date_order", "mdy", "here");
    expect_setting(w, "zone", "Europe/Berlin", "environment SOTTO_ZONE");
    assert_string_equal(config_text(w->config, SET_ZONE), "Europe/Berlin");
    Json *j = ask(w, "PATCH", SETTINGS, "{\"values\":{\"zone\":\"Asia/Tokyo\"}}", 409);
    assert_str(json_str(json_get(j, "detail")),
               "zone is fixed by environment SOTTO_ZONE; change it there");
    json_free(j);
}

static void a_bad_value_changes_nothing(void **state)
{
    static const struct {
        const char *body, *part;
    } bad[] = {
        {"{\"values\":{\"theme\":\"dark\",\"zone\":\"Mars/Base\"}}", "zone: there is no time zone"},
        {"{\"values\":{\"theme\":\"dark\",\"speech_speed\":\"9\"}}", "speech_speed must be a"},
        {"{\"values\":{\"theme\":\"dark\",\"speech_speed\":\"1x\"}}", "speech_speed must be a"},
        {"{\"values\":{\"theme\":\"dark\",\"speech_speed\":\"\"}}", "speech_speed must be a"},
        {"{\"values\":{\"theme\":\"pink\"}}", "theme must be one of system|light|dark"},
        {"{\"values\":{\"theme\":\"dark\",\"data\":\"/tmp\"}}", "there is no setting \"data\""},
        {"{\"values\":{\"theme\":7}}", "values.theme must be a text"},
        {"{\"values\":{}}", "values names no setting"},
        {"{}", "values"},
    };
    World *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Json *j = ask(w, "PATCH", SETTINGS, bad[i].body, 400);
        Str detail = json_str(json_get(j, "detail"));
        if (str_find(detail, str_of(bad[i].part), 0) == SIZE_MAX)
            fail_msg("%s: " STR_FMT, bad[i].body, STR_ARG(detail));
        json_free(j);
    }
    expect_setting(w, "theme", "system", "default");
}

static void each_person_has_a_page_of_their_own(void **state)
{
    World *w = *state;
    json_free(ask(w, "PATCH", SETTINGS,
                  "{\"values\":{\"theme\":\"dark\",\"date_order\":\"mdy\"}}", 200));
    closed(w);
    opened(w, (Uuid){{7}});
    expect_setting(w, "theme", "system", "default");
    expect_setting(w, "date_order", "mdy", "here"); /* the program has one */
}

static void a_value_that_is_none_any_more_is_left_out(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    StoredSetting old = {STR("zone"), STR("Atlantis/Capital")};
    assert_true(store_setting_put(w->store, &app_owner, &old, 1, &err));
    closed(w);
    opened(w, app_owner);
    assert_string_equal(config_text(w->config, SET_ZONE), "");
}

static void the_machine_says_what_is_missing(void **state)
{
    World *w = *state;
    chmod(w->dir.path, 0755);
    Json *j = ask(w, "GET", "/api/v1/system", NULL, 200);
    const Json *checks = json_get(j, "checks");
    size_t bad = 0;
    for (size_t i = 0; i < json_count(checks); i++) {
        bool ok = true;
        const Json *c = json_at(checks, i);
        assert_true(json_bool(json_get(c, "ok"), &ok));
        bad += !ok;
        assert_int_equal(!ok, json_str(json_get(c, "mend")).len > 0);
    }
    assert_true(bad >= 5); /* no models there, and the folder is open */
    assert_str(json_str(json_at(json_get(j, "features"), 0)), "tokens");
    json_free(j);
}

static void a_sentence_is_understood_and_not_kept(void **state)
{
    World *w = *state;
    Json *j = ask(w, "GET", "/api/v1/tasks/preview?text=pay%20the%20rent%20on%20Friday%20%23home",
                  NULL, 200);
    const Json *task = json_get(j, "task");
    assert_str(json_str(json_get(task, "title")), "pay the rent");
    assert_str(str_sub(json_str(json_get(task, "due_at")), 0, 10), "2026-11-27");
    json_free(j);
    j = ask(w, "GET", "/api/v1/tasks/preview?text=tomorrow", NULL, 200);
    assert_int_equal(json_type(json_get(j, "task")), JSON_T_NULL);
    assert_true(json_str(json_get(j, "problem")).len > 0);
    json_free(j);
    j = ask(w, "GET", "/api/v1/tasks", NULL, 200);
    int64_t total = -1;
    assert_true(json_int(json_get(j, "total"), &total));
    assert_int_equal(total, 0);
    json_free(j);
    json_free(ask(w, "GET", "/api/v1/tasks/preview", NULL, 400));
}

static void a_backup_is_a_database_and_leaves_nothing(void **state)
{
    World *w = *state;
    HttpExchange *x = dispatch(w, "GET", "/api/v1/system/backup", NULL, 200);
    assert_str(str_sub(http_resp_body(x), 0, 15), "SQLite format 3");
    http_exchange_free(x);
    DIR *dir = opendir(w->dir.path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));)
        assert_null(strstr(e->d_name, ".part"));
    closedir(dir);
}

static void the_coding_is_what_the_client_takes(void **state)
{
    (void)state;
    static const unsigned char data[] = "x";
    Asset both = {.brotli = data, .gzip = data}, zipped = {.gzip = data}, plain = {0};
    static const struct {
        const char *accept;
        AssetCoding both, zipped;
    } cases[] = {
        {NULL, ASSET_PLAIN, ASSET_PLAIN},
        {"", ASSET_PLAIN, ASSET_PLAIN},
        {"gzip, deflate, br, zstd", ASSET_BROTLI, ASSET_GZIP},
        {"GZIP", ASSET_GZIP, ASSET_GZIP},
        {"br;q=0, gzip;q=0.5", ASSET_GZIP, ASSET_GZIP},
        {"br;q=0.000,*;q=0", ASSET_PLAIN, ASSET_PLAIN},
        {"*", ASSET_BROTLI, ASSET_GZIP},
        {"*;q=0.1, br;q=0", ASSET_GZIP, ASSET_GZIP},
        {"gzip;q=0", ASSET_PLAIN, ASSET_PLAIN},
        {"identity", ASSET_PLAIN, ASSET_PLAIN},
        {" br ; q=1.0 ", ASSET_BROTLI, ASSET_PLAIN},
        {"brotli, xgzip", ASSET_PLAIN, ASSET_PLAIN},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Str accept = cases[i].accept ? str_of(cases[i].accept) : (Str){NULL, 0};
        assert_int_equal(asset_coding(&both, accept), cases[i].both);
        assert_int_equal(asset_coding(&zipped, accept), cases[i].zipped);
        assert_int_equal(asset_coding(&plain, accept), ASSET_PLAIN);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)
    const struct CMUnitTest tests[] = {
        T(a_setting_stays_over_a_restart),
        T(what_is_saved_comes_before_the_file_and_after_the_environment),
        T(a_bad_value_changes_nothing),
        T(each_person_has_a_page_of_their_own),
        T(a_value_that_is_none_any_more_is_left_out),
        T(the_machine_says_what_is_missing),
        T(a_sentence_is_understood_and_not_kept),
        T(a_backup_is_a_database_and_leaves_nothing),
        cmocka_unit_test(the_coding_is_what_the_client_takes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
