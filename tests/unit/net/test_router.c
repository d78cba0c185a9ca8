/* test_router.c - which route a method and a path lead to, with which parameters. */
#include "base/mem.h"
#include "net/router.h"
#include "support/unit.h"

static const Route routes[] = {
    {"GET", "/", "root"},
    {"GET", "/tasks", "list"},
    {"POST", "/tasks", "create"},
    {"GET", "/tasks/{id}", "get"},
    {"PATCH", "/tasks/{id}", "patch"},
    {"DELETE", "/tasks/{id}", "delete"},
    {"POST", "/tasks/{id}/complete", "complete"},
    {"POST", "/tasks/import", "import"},
    {"GET", "/tasks/{task}/notes/{note}", "note"},
    {"GET", "/files/{path...}", "file"},
    {"GET", "/files/index", "index"},
    {"HEAD", "/only-head", "head"},
    {"GET", "/a/{x}/c", "axc"},
    {"GET", "/{any}/b/c", "anybc"},
    {"PURGE", "/odd", "odd"},
    {"PUT", "/odd", "put"},
};

static Router *make(void)
{
    Err err = ERR_INIT;
    Router *r = router_new(routes, ARRAY_LEN(routes), &err);
    if (!r)
        fail_msg("%s", err.msg);
    return r;
}

static void matches(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        RouteResult result;
        const char *what; /* the route's data, or the Allow list */
        const char *name, *value;
    } cases[] = {
        {"GET", "/", ROUTE_FOUND, "root", NULL, NULL},
        {"GET", "/tasks", ROUTE_FOUND, "list", NULL, NULL},
        {"HEAD", "/tasks", ROUTE_FOUND, "list", NULL, NULL},
        {"POST", "/tasks", ROUTE_FOUND, "create", NULL, NULL},
        {"GET", "/tasks/42", ROUTE_FOUND, "get", "id", "42"},
        {"GET", "/tasks/a b", ROUTE_FOUND, "get", "id", "a b"},
        {"HEAD", "/tasks/42", ROUTE_FOUND, "get", "id", "42"},
        {"PATCH", "/tasks/42", ROUTE_FOUND, "patch", "id", "42"},
        {"POST", "/tasks/42/complete", ROUTE_FOUND, "complete", "id", "42"},
        {"POST", "/tasks/import", ROUTE_FOUND, "import", NULL, NULL},
        /* a path that is there by its own name is that path, whatever the method */
        {"GET", "/tasks/import", ROUTE_METHOD, "POST, OPTIONS", NULL, NULL},
        {"GET", "/tasks/1/notes/2", ROUTE_FOUND, "note", "note", "2"},
        {"GET", "/tasks/1/notes/2", ROUTE_FOUND, "note", "task", "1"},
        {"GET", "/files/a/b/c.txt", ROUTE_FOUND, "file", "path", "a/b/c.txt"},
        {"GET", "/files/index", ROUTE_FOUND, "index", NULL, NULL},
        {"GET", "/files/index/x", ROUTE_FOUND, "file", "path", "index/x"},
        {"HEAD", "/only-head", ROUTE_FOUND, "head", NULL, NULL},
        {"GET", "/a/1/c", ROUTE_FOUND, "axc", "x", "1"},
        {"GET", "/a/b/c", ROUTE_FOUND, "axc", "x", "b"},
        {"GET", "/z/b/c", ROUTE_FOUND, "anybc", "any", "z"},
        {"PURGE", "/odd", ROUTE_FOUND, "odd", NULL, NULL},
        {"GET", "/nothing", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "/tasks/", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "//tasks", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "/tasks//notes/2", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "/Tasks", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "/tasks/1/notes", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "/files", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "/files/", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "*", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"GET", "", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"OPTIONS", "/nothing", ROUTE_NOT_FOUND, "", NULL, NULL},
        {"DELETE", "/tasks", ROUTE_METHOD, "GET, HEAD, POST, OPTIONS", NULL, NULL},
        {"get", "/tasks", ROUTE_METHOD, "GET, HEAD, POST, OPTIONS", NULL, NULL},
        {"PUT", "/tasks/42", ROUTE_METHOD, "GET, HEAD, PATCH, DELETE, OPTIONS", NULL, NULL},
        {"PUT", "/tasks/import", ROUTE_METHOD, "POST, OPTIONS", NULL, NULL},
        {"GET", "/only-head", ROUTE_METHOD, "HEAD, OPTIONS", NULL, NULL},
        {"GET", "/odd", ROUTE_METHOD, "PUT, PURGE, OPTIONS", NULL, NULL},
        {"OPTIONS", "/tasks", ROUTE_OPTIONS, "GET, HEAD, POST, OPTIONS", NULL, NULL},
    };
    Router *r = make();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        RouteMatch m;
        RouteResult got = router_match(r, str_of(cases[i].method), str_of(cases[i].path), &m);
        if (got != cases[i].result)
            fail_msg("%s %s: result %d", cases[i].method, cases[i].path, got);
        const char *what = got == ROUTE_FOUND ? m.route->data : m.allow;
        if (strcmp(what, cases[i].what) != 0)
            fail_msg("%s %s: %s", cases[i].method, cases[i].path, what);
        if (got == ROUTE_FOUND)
            assert_ptr_equal(m.route, &routes[m.index]);
        if (cases[i].name)
            assert_str(route_param(&m, cases[i].name), cases[i].value);
        assert_null(route_param(&m, "no such").ptr);
    }
    router_free(r);
}

static void a_lookup_allocates_nothing(void **state)
{
    (void)state;
    Router *r = make();
    RouteMatch m;
    mem_test_count();
    for (int i = 0; i < 100; i++)
        router_match(r, STR("GET"), STR("/tasks/1/notes/2"), &m);
    assert_int_equal(mem_test_count(), 0);
    router_free(r);
}

static void bad_tables(void **state)
{
    (void)state;
    static const struct {
        Route routes[2];
        const char *why;
    } cases[] = {
        {{{"GET", "tasks", NULL}, {"GET", "/x", NULL}}, "slash"},
        {{{"GET", "/a//b", NULL}, {"GET", "/x", NULL}}, "empty"},
        {{{"GET", "/{}", NULL}, {"GET", "/x", NULL}}, "no name"},
        {{{"GET", "/{all...}/x", NULL}, {"GET", "/x", NULL}}, "behind"},
        {{{"GET", "/x", NULL}, {"GET", "/x", NULL}}, "twice"},
        {{{"GET", "/t/{a}", NULL}, {"GET", "/t/{b}", NULL}}, "twice"},
        {{{"GET", "/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}", NULL}, {"GET", "/x", NULL}}, "many"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        assert_err(router_new(cases[i].routes, 2, &err) != NULL, err, ERR_VALIDATION,
                   cases[i].why);
    }
}

static void short_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 200; n++) {
        Err err = ERR_INIT;
        mem_test_fail(n, 0);
        Router *r = router_new(routes, ARRAY_LEN(routes), &err);
        mem_test_fail(0, 0);
        if (r) {
            assert_true(n > 10);
            router_free(r);
            return;
        }
        assert_int_equal(err.code, ERR_NO_MEMORY);
    }
    fail_msg("a router needs more than 200 allocations");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matches),
        cmocka_unit_test(a_lookup_allocates_nothing),
        cmocka_unit_test(bad_tables),
        cmocka_unit_test(short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
