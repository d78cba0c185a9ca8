/* router.c - see router.h. A trie of path segments; a node's literal children come before its
 * {name} child, and that before its {name...} child. */
#include "net/router.h"

#include "base/mem.h"

#define DEPTH_MAX 16
#define METHODS_MAX 10

typedef struct Node Node;
struct Node {
    Str literal;
    Node *next;        /* sibling */
    Node *literals;    /* children */
    Node *param, *rest;
    uint32_t routes;   /* 1 + index of the first route that ends here; 0: none */
};

typedef struct {
    Str names[ROUTER_PARAMS_MAX];
    size_t name_count;
    uint32_t next;     /* 1 + index of the next route at the same node */
} Compiled;

struct Router {
    const Route *routes;
    Compiled *compiled;
    size_t count;
    Node *root;
};

static void node_free(Node *n)
{
    if (!n)
        return;
    for (Node *c = n->literals, *next; c; c = next) {
        next = c->next;
        node_free(c);
    }
    node_free(n->param);
    node_free(n->rest);
    mem_free(n);
}

void router_free(Router *r)
{
    if (!r)
        return;
    node_free(r->root);
    mem_free(r->compiled);
    mem_free(r);
}

static Node *literal_child(Node *n, Str segment)
{
    for (Node *c = n->literals; c; c = c->next)
        if (str_eq(c->literal, segment))
            return c;
    Node *c = mem_zalloc(sizeof *c);
    if (!c)
        return NULL;
    c->literal = segment;
    c->next = n->literals;
    n->literals = c;
    return c;
}

static Node *special_child(Node **slot)
{
    if (!*slot)
        *slot = mem_zalloc(sizeof **slot);
    return *slot;
}

/* Name of "{name}" or "{name...}"; false for a literal. */
static bool is_param(Str segment, Str *name, bool *rest)
{
    if (segment.len < 2 || segment.ptr[0] != '{' || segment.ptr[segment.len - 1] != '}')
        return false;
    *name = str_sub(segment, 1, segment.len - 1);
    *rest = str_ends(*name, STR("..."));
    if (*rest)
        name->len -= 3;
    return true;
}

static bool bad(const Route *route, const char *why, Err *err)
{
    return err_set(err, ERR_VALIDATION, "route %s %s: %s", route->method, route->pattern, why);
}

static bool attach(Router *r, size_t index, Node *n, Err *err)
{
    const Route *route = &r->routes[index];
    for (uint32_t i = n->routes; i; i = r->compiled[i - 1].next)
        if (str_eq(str_of(r->routes[i - 1].method), str_of(route->method)))
            return bad(route, "it is there twice", err);
    r->compiled[index].next = n->routes;
    n->routes = (uint32_t)index + 1;
    return true;
}

static bool add_route(Router *r, size_t index, Err *err)
{
    const Route *route = &r->routes[index];
    Compiled *c = &r->compiled[index];
    Str rest = str_of(route->pattern), segment, name;
    if (rest.len == 0 || rest.ptr[0] != '/')
        return bad(route, "the pattern does not begin with a slash", err);
    rest = str_sub(rest, 1, rest.len);
    Node *n = r->root;
    bool all = false;
    size_t depth = 0;
    while (rest.len && str_next(&rest, '/', &segment)) {
        if (segment.len == 0 || all || ++depth > DEPTH_MAX)
            return bad(route, "a segment is empty, too deep, or behind {name...}", err);
        if (is_param(segment, &name, &all)) {
            if (name.len == 0 || c->name_count == ROUTER_PARAMS_MAX)
                return bad(route, "a parameter has no name or there are too many", err);
            c->names[c->name_count++] = name;
            n = special_child(all ? &n->rest : &n->param);
        } else {
            n = literal_child(n, segment);
        }
        if (!n)
            return err_set(err, ERR_NO_MEMORY, "no memory for the routes");
    }
    return attach(r, index, n, err);
}

Router *router_new(const Route *routes, size_t count, Err *err)
{
    Router *r = mem_zalloc(sizeof *r);
    if (r) {
        r->routes = routes;
        r->count = count;
        r->compiled = mem_array(count + 1, sizeof *r->compiled);
        r->root = mem_zalloc(sizeof *r->root);
    }
    if (!r || !r->compiled || !r->root) {
        router_free(r);
        err_set(err, ERR_NO_MEMORY, "no memory for the routes");
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (!add_route(r, i, err)) {
            router_free(r);
            return NULL;
        }
    }
    return r;
}

/* ---- matching ---- */

typedef struct {
    const Router *r;
    Str method;
    Str values[ROUTER_PARAMS_MAX];
    const char *methods[METHODS_MAX]; /* of every route of this path */
    size_t method_count;
    uint32_t any;   /* 1 + index of some route of this path */
    uint32_t found; /* 1 + index of the route */
} Search;

static void note_method(Search *s, const char *method)
{
    for (size_t i = 0; i < s->method_count; i++)
        if (strcmp(s->methods[i], method) == 0)
            return;
    if (s->method_count < METHODS_MAX)
        s->methods[s->method_count++] = method;
}

static bool try_node(Search *s, const Node *n)
{
    uint32_t get = 0;
    for (uint32_t i = n->routes; i; i = s->r->compiled[i - 1].next) {
        const char *method = s->r->routes[i - 1].method;
        if (str_eq(s->method, str_of(method))) {
            s->found = i;
            return true;
        }
        if (strcmp(method, "GET") == 0)
            get = i;
        note_method(s, method);
        s->any = i;
    }
    if (get && str_eq(s->method, STR("HEAD")))
        s->found = get;
    return s->found != 0;
}

/* Tries everything below n that fits `rest`; params so far in values[0, params). */
static bool walk(Search *s, const Node *n, Str rest, size_t params)
{
    if (rest.ptr == NULL)
        return try_node(s, n);
    Str after = rest, segment;
    if (!str_next(&after, '/', &segment) || segment.len == 0)
        return false;
    uint32_t any = s->any;
    for (const Node *c = n->literals; c; c = c->next)
        if (str_eq(c->literal, segment) && walk(s, c, after, params))
            return true;
    if (s->any != any)
        return false; /* there is such a path, but not with this method: 405, and no {name} */
    if (n->param) {
        s->values[params] = segment;
        if (walk(s, n->param, after, params + 1))
            return true;
    }
    if (!n->rest)
        return false;
    s->values[params] = rest;
    return try_node(s, n->rest);
}

static void add_allowed(char out[ROUTER_ALLOW_MAX], const char *method)
{
    size_t used = strlen(out), n = strlen(method);
    if (used + n + 3 > ROUTER_ALLOW_MAX)
        return;
    if (used) {
        memcpy(out + used, ", ", 2);
        used += 2;
    }
    memcpy(out + used, method, n + 1);
}

static void list_allowed(const Search *s, char out[ROUTER_ALLOW_MAX])
{
    static const char *const order[] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    bool done[METHODS_MAX] = {false};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++)
        for (size_t i = 0; i < s->method_count; i++)
            if (strcmp(s->methods[i], order[k]) == 0) {
                add_allowed(out, order[k]);
                if (k == 0)
                    add_allowed(out, "HEAD");
                done[i] = true;
            }
    for (size_t i = 0; i < s->method_count; i++)
        if (!done[i])
            add_allowed(out, s->methods[i]);
    add_allowed(out, "OPTIONS");
}

RouteResult router_match(const Router *r, Str method, Str path, RouteMatch *out)
{
    Search s = {.r = r, .method = method};
    out->route = NULL;
    out->param_count = 0;
    out->allow[0] = '\0';
    if (path.len == 0 || path.ptr[0] != '/')
        return ROUTE_NOT_FOUND;
    Str rest = path.len == 1 ? (Str){NULL, 0} : str_sub(path, 1, path.len);
    walk(&s, r->root, rest, 0);
    uint32_t hit = s.found ? s.found : s.any;
    if (!hit)
        return ROUTE_NOT_FOUND;
    out->index = hit - 1;
    out->route = &r->routes[hit - 1];
    if (!s.found) {
        list_allowed(&s, out->allow);
        return str_eq(method, STR("OPTIONS")) ? ROUTE_OPTIONS : ROUTE_METHOD;
    }
    const Compiled *c = &r->compiled[hit - 1];
    out->param_count = c->name_count;
    for (size_t i = 0; i < c->name_count; i++)
        out->params[i] = (RouteParam){c->names[i], s.values[i]};
    return ROUTE_FOUND;
}

Str route_param(const RouteMatch *m, const char *name)
{
    Str want = str_of(name);
    for (size_t i = 0; i < m->param_count; i++)
        if (str_eq(m->params[i].name, want))
            return m->params[i].value;
    return (Str){NULL, 0};
}
