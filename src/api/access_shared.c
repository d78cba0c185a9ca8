/* access_shared.c - people and credentials that other processes changed, when the store is shared.
 *
 * The lists are read again and take the place of what was known: one who was added can sign in
 * here, a token that was revoked elsewhere ends here, and so do its connections. */
#include "api/access_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

static void set_person(AccessPerson *to, const Person *p)
{
    to->admin = p->admin;
    to->created_at = p->created_at;
    (void)snprintf(to->name, sizeof to->name, STR_FMT, STR_ARG(p->name));
    (void)snprintf(to->password, sizeof to->password, STR_FMT, STR_ARG(p->password));
}

typedef struct {
    Person *people;
    Credential *list;
    size_t n_people, n;
    /* Sorted: ids of people and credentials that are there now, and of credentials known here. */
    Uuid *person_ids, *ids, *here;
    size_t n_here;
} Now;

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Uuid));
}

static bool has(const Uuid *sorted, size_t n, const Uuid *id)
{
    return n && bsearch(id, sorted, n, sizeof *sorted, by_bytes);
}

/* The caller holds lock. */
static bool sort_ids(const Access *x, Arena *a, Now *now, Err *err)
{
    now->person_ids = ARENA_NEW_ARRAY(a, Uuid, now->n_people + 1);
    now->ids = ARENA_NEW_ARRAY(a, Uuid, now->n + 1);
    now->here = ARENA_NEW_ARRAY(a, Uuid, x->n_entries + 1);
    if (!now->person_ids || !now->ids || !now->here)
        return err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
    for (size_t i = 0; i < now->n_people; i++)
        now->person_ids[i] = now->people[i].id;
    for (size_t i = 0; i < now->n; i++)
        now->ids[i] = now->list[i].id;
    for (size_t i = 0; i < x->n_entries; i++)
        now->here[i] = x->entries[i].c.id;
    now->n_here = x->n_entries;
    qsort(now->person_ids, now->n_people, sizeof *now->person_ids, by_bytes);
    qsort(now->ids, now->n, sizeof *now->ids, by_bytes);
    qsort(now->here, now->n_here, sizeof *now->here, by_bytes);
    return true;
}

static bool is_gone(const AccessEntry *e, const void *arg)
{
    const Now *now = arg;
    return !e->is_local /* only this process knows it */ && !has(now->ids, now->n, &e->c.id);
}

static void drop_people(Access *x, const Now *now, AccessNews *news)
{
    size_t kept = 0;
    for (size_t i = 0; i < x->n_people; i++)
        if (uuid_eq(&x->people[i].id, &x->o.local) || news->n_went == ACCESS_NEWS_MAX ||
            has(now->person_ids, now->n_people, &x->people[i].id))
            x->people[kept++] = x->people[i];
        else
            news->went[news->n_went++] = x->people[i].id;
    x->n_people = kept;
    access_settle(x);
}

/* The caller holds lock. */
static bool take_over(Access *x, const Now *now, AccessNews *news, Err *err)
{
    bool ok = true;
    drop_people(x, now, news);
    for (size_t i = 0; ok && i < now->n_people; i++) {
        AccessPerson *p = access_person_at(x, &now->people[i].id);
        if (!p && (p = access_person_new(x, err)))
            p->id = now->people[i].id;
        ok = p != NULL;
        if (ok)
            set_person(p, &now->people[i]);
    }
    for (size_t i = 0; ok && i < now->n; i++)
        if (!has(now->here, now->n_here, &now->list[i].id))
            ok = access_entry_add(x, &now->list[i], true, err);
    access_settle(x);
    return ok;
}

bool access_refresh(Access *x, AccessNews *news, Err *err)
{
    Now now = {0};
    Uuid ended[64];
    size_t n = 0;
    *news = (AccessNews){0};
    static const Uuid nobody;
    uint64_t version = store_version(x->o.store, &nobody);
    if (version && version == x->version)
        return true; /* as it was */
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
    pthread_mutex_lock(&x->changes);
    bool ok = store_person_list(x->o.store, a, &now.people, &now.n_people, err) &&
              store_credential_list(x->o.store, a, &now.list, &now.n, err);
    if (ok) {
        pthread_mutex_lock(&x->lock);
        ok = sort_ids(x, a, &now, err);
        n = ok ? access_entries_drop(x, is_gone, &now, ended, sizeof ended / sizeof *ended) : 0;
        ok = ok && take_over(x, &now, news, err);
        /* More went than were told of: the rest the next time. */
        if (ok && n < sizeof ended / sizeof *ended && news->n_went < ACCESS_NEWS_MAX)
            x->version = version;
        pthread_mutex_unlock(&x->lock);
    }
    pthread_mutex_unlock(&x->changes);
    arena_free(a);
    access_tell_ended(x, ended, n);
    return ok;
}
