#include "api/kept.h"

#include "base/mem.h"
#include "search/cache.h"

#define ENTRIES 1024
#define BYTES_MAX ((size_t)4 << 20)
#define ANSWER_MAX ((size_t)64 << 10) /* a larger one is copied on the loop for too long */
#define LIVES_MS 60000

struct Kept {
    Cache *cache;
};

Kept *kept_new(Err *err)
{
    Kept *k = mem_zalloc(sizeof *k);
    if (!k) {
        err_set(err, ERR_NO_MEMORY, "no memory for the answers that are kept");
        return NULL;
    }
    k->cache = cache_new("answer", ENTRIES, BYTES_MAX, LIVES_MS, err);
    if (k->cache)
        return k;
    mem_free(k);
    return NULL;
}

void kept_free(Kept *k)
{
    if (!k)
        return;
    cache_free(k->cache);
    mem_free(k);
}

/* In `room`; an empty one when the path is too long. */
static Str key_of(const ApiParts *parts, const HttpExchange *x, uint64_t version, char room[160])
{
    Str path = x->req.path;
    if (path.len > 160 - sizeof(Uuid) - sizeof version)
        return STR("");
    memcpy(room, &parts->owner, sizeof(Uuid));
    memcpy(room + sizeof(Uuid), &version, sizeof version);
    memcpy(room + sizeof(Uuid) + sizeof version, path.ptr, path.len);
    return str_mem(room, sizeof(Uuid) + sizeof version + path.len);
}

static bool may_be_kept(const HttpExchange *x)
{
    return str_eq(x->req.method, STR("GET")) && x->req.query.len == 0;
}

bool kept_answer(Kept *k, const ApiParts *parts, HttpExchange *x)
{
    char room[160];
    CacheEntry *held;
    if (!parts->store || !may_be_kept(x))
        return false;
    Str key = key_of(parts, x, store_version(parts->store, &parts->owner), room);
    const Str *body = key.len ? cache_enter(k->cache, key, &held) : NULL;
    if (!body)
        return false;
    buf_clear(&x->resp.body);
    bool ok = buf_add(&x->resp.body, *body);
    cache_leave(k->cache, held);
    x->resp.status = 200;
    x->resp.content_type = STR("application/json");
    return ok;
}

uint64_t kept_version(const ApiParts *parts, const ApiRoute *route, const HttpExchange *x)
{
    bool kept = (route->flags & IS_KEPT) && parts->store && may_be_kept(x);
    return kept ? store_version(parts->store, &parts->owner) : 0;
}

void kept_put(Kept *k, const ApiParts *parts, const HttpExchange *x, uint64_t version)
{
    char room[160];
    Str key = version ? key_of(parts, x, version, room) : STR(""), body = buf_str(&x->resp.body);
    if (!key.len || x->resp.status != 200 || !buf_ok(&x->resp.body) || body.len == 0 ||
        body.len > ANSWER_MAX || x->resp.header_count)
        return;
    cache_put_text(k->cache, key, body);
}
