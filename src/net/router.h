/* router.h - from method and path to a route.
 *
 *   {"GET", "/api/v1/tasks/{id}", &data}   matches "/api/v1/tasks/42" with id = "42"
 *
 * A literal segment wins over a {name}, also when its path has no route for the method (OpenAPI
 * matches concrete paths before templated ones: that is a 405). A last segment {name...} takes the
 * whole rest of the path, slashes too, and must not be empty. HEAD is answered by a GET route. The
 * table is compiled once; a look-up allocates nothing. Threads: a Router is immutable and shared
 * freely. */
#ifndef SOTTO_NET_ROUTER_H
#define SOTTO_NET_ROUTER_H

#include "base/str.h"

#define ROUTER_PARAMS_MAX 8
#define ROUTER_ALLOW_MAX 96

typedef struct {
    const char *method;  /* upper case; must stay valid as long as the Router, like pattern */
    const char *pattern;
    const void *data;
} Route;

typedef struct {
    Str name, value; /* value: borrowed from the path, already decoded, never empty */
} RouteParam;

typedef enum {
    ROUTE_FOUND,
    ROUTE_NOT_FOUND,  /* 404 */
    ROUTE_METHOD,     /* 405: `allow` says which */
    ROUTE_OPTIONS     /* an OPTIONS request to a known path: 204 with `allow` */
} RouteResult;

typedef struct {
    const Route *route; /* the route; for ROUTE_METHOD and ROUTE_OPTIONS any route of that path */
    size_t index;       /* of the route in the table given to router_new */
    RouteParam params[ROUTER_PARAMS_MAX];
    size_t param_count;
    char allow[ROUTER_ALLOW_MAX]; /* "GET, HEAD, OPTIONS"; empty for FOUND and NOT_FOUND */
} RouteMatch;

typedef struct Router Router;

/* ERR_VALIDATION for a bad pattern or two routes that can never be told apart. `routes` is kept. */
Router *router_new(const Route *routes, size_t count, Err *err);
void router_free(Router *r);
RouteResult router_match(const Router *r, Str method, Str path, RouteMatch *out);
Str route_param(const RouteMatch *m, const char *name); /* {NULL,0} when there is none */

#endif
