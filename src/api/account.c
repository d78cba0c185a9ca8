/* account.c - a person deletes all that they own, and with it themselves. */
#include "api/call.h"

static bool find_me(const ApiCall *c, Person *out, Err *err)
{
    Person *list;
    size_t n;
    if (!access_people(c->parts->access, c->arena, &list, &n, err))
        return false;
    for (size_t i = 0; i < n; i++)
        if (uuid_eq(&list[i].id, c->owner)) {
            *out = list[i];
            return true;
        }
    return err_set(err, ERR_NOT_FOUND, "there is no such person");
}

/* Else their files would come back as new documents. */
static bool watch_nothing(const ApiCall *c, Err *err)
{
    SyncStatus *list;
    size_t n = 0;
    if (!c->parts->sync)
        return true;
    bool ok = sync_list(c->parts->sync, c->arena, &list, &n, err);
    for (size_t i = 0; ok && i < n; i++)
        ok = sync_remove(c->parts->sync, &list[i].folder.id, false, err);
    return ok;
}

/* The first person stays, because the data folder is theirs: what runs for them forgets what it
 * knew by beginning anew. */
static bool clear_first(ApiCall *c, Err *err)
{
    const ApiParts *shared = api_parts(c->api);
    if (!watch_nothing(c, err) || !store_person_clear(shared->store, c->owner, err))
        return false;
    if (shared->begin_anew)
        shared->begin_anew();
    return true;
}

static bool remove_me(ApiCall *c, Err *err)
{
    const ApiParts *shared = api_parts(c->api);
    const Uuid me = *c->owner; /* of parts that are about to be closed */
    if (shared->person_close)
        shared->person_close(shared->person_arg, &me);
    return access_person_remove(shared->access, &me, err);
}

bool account_delete(ApiCall *c, Err *err)
{
    Person me;
    if (!c->parts->access)
        return err_set(err, ERR_UNAVAILABLE, "nobody is asked who they are here");
    if (!find_me(c, &me, err))
        return false;
    if (!str_eq_nocase(call_body(c, "confirm")->str, me.name))
        return err_set(err, ERR_VALIDATION, "confirm must be your name, " STR_FMT
                       ": all that you own will be deleted", STR_ARG(me.name));
    /* A browser left open for a minute is not to lose everything. */
    if (c->caller->kind == CALLER_SESSION && me.password.len &&
        !access_person_has_password(c->parts->access, c->owner, call_body(c, "password")->str, err))
        return false;
    bool first = uuid_eq(c->owner, &api_parts(c->api)->owner);
    if (!(first ? clear_first(c, err) : remove_me(c, err)))
        return false;
    c->x->resp.status = 204;
    return true;
}
