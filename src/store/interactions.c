/* interactions.c - checks interactions for every back end, then calls through the table. */
#include "store/interactions.h"

#include "base/json.h"
#include "store/store_ops.h"

static bool body_ok(Str body, Err *err)
{
    if (body.len > INTERACTION_MAX_JSON)
        return err_set(err, ERR_TOO_LARGE, "an interaction has %zu bytes; at most %u are kept",
            body.len, INTERACTION_MAX_JSON);
    Json *j = json_parse(body, JSON_DEFAULT_DEPTH, err);
    if (!j)
        return err_wrap(err, "an interaction");
    bool ok = json_type(j) == JSON_T_OBJECT;
    json_free(j);
    return ok || err_set(err, ERR_VALIDATION, "an interaction is a JSON object");
}

bool store_interaction_put(Store *s, const Uuid *owner, const StoredInteraction *i, Err *err)
{
    if (uuid_is_nil(&i->id))
        return err_set(err, ERR_VALIDATION, "an interaction needs an id");
    return body_ok(i->body_json, err) && s->ops->interaction_put(s, owner, i, err);
}

bool store_interaction_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
    StoredInteraction *out, Err *err)
{
    return s->ops->interaction_get(s, owner, id, a, out, err);
}

bool store_interaction_list(Store *s, const Uuid *owner, size_t limit, Str cursor, Arena *a,
    InteractionPage *out, Err *err)
{
    if (limit < 1 || limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "limit must be from 1 to %u", STORE_MAX_PAGE);
    return s->ops->interaction_list(s, owner, limit, cursor, a, out, err);
}

bool store_interaction_delete(Store *s, const Uuid *owner, const Uuid *id, uint64_t *n, Err *err)
{
    return s->ops->interaction_delete(s, owner, id, n, err);
}
