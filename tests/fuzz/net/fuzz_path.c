/* fuzz_path.c - the path of a request, as the parser decoded it, against a table of routes: what
 * matches is one of them, and its parameters are pieces of the path. The input's first line is the
 * method. (fuzz_http1 has what comes before.) */
#include "../require.h"

#include "net/router.h"

static const Route routes[] = {
    {"GET", "/", NULL},
    {"GET", "/api/v1/tasks/{id}", NULL},
    {"DELETE", "/api/v1/tasks/{id}", NULL},
    {"GET", "/api/v1/tasks/next", NULL},
    {"POST", "/api/v1/tasks/{id}/alarms/{n}", NULL},
    {"GET", "/assets/{path...}", NULL},
};

static bool within(Str piece, Str whole)
{
    return piece.ptr >= whole.ptr && piece.ptr + piece.len <= whole.ptr + whole.len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Router *r;
    Err err = ERR_INIT;
    RouteMatch m;
    Str path = str_mem((const char *)data, size), method;
    if (!r)
        r = router_new(routes, sizeof routes / sizeof *routes, &err);
    REQUIRE(r);
    (void)str_next(&path, '\n', &method);
    path = path.ptr ? path : STR("");
    RouteResult got = router_match(r, method, path, &m);
    REQUIRE(m.param_count <= ROUTER_PARAMS_MAX);
    REQUIRE((got == ROUTE_FOUND || got == ROUTE_NOT_FOUND) == !m.allow[0]);
    if (got == ROUTE_FOUND) {
        REQUIRE(str_eq(method, str_of(m.route->method)) ||
                (str_eq(method, STR("HEAD")) && str_eq(str_of(m.route->method), STR("GET"))));
        REQUIRE(m.index < sizeof routes / sizeof *routes && m.route == &routes[m.index]);
        for (size_t i = 0; i < m.param_count; i++) {
            Str v = m.params[i].value;
            REQUIRE(v.len && within(v, path));
            if (!str_eq(m.params[i].name, STR("path")))
                REQUIRE(str_find(v, STR("/"), 0) == SIZE_MAX);
        }
    }
    return 0;
}
