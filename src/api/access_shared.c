/* access_shared.c - people and credentials that other processes changed, when the store is shared.
 *
 * The lists are read again and take the place of what was known: one who was added can sign in
 * here, a token that was revoked elsewhere ends here, and so do its connections. */
#include "api/access_int.h"

#include <stdio.h>

#include "base/mem.h"

static bool add_person(Access *x, const Person *p, Err *err)
{
    if (x->n_people == x->cap_people) {
        size_t more = x->cap_people ? x->cap_people * 2 : 8;
        AccessPerson *bigger = mem_resize(x->people, more, sizeof *bigger);
        if (!bigger)
            return err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
        x->people = bigger;
        x->cap_people = more;
    }
    AccessPerson *made = &x->people[x->n_people++];
    *made = (AccessPerson){.id = p->id};
    return true;
}

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
} Now;

static bool is_gone(const AccessEntry *e, const void *arg)
{
    const Now *now = arg;
    if (e->is_local)
        return false; /* only this process knows it */
    for (size_t i = 0; i < now->n; i++)
        if (uuid_eq(&now->list[i].id, &e->c.id))
            return false;
    return true;
}

static bool has_entry(const Access *x, const Uuid *id)
{
    for (size_t i = 0; i < x->n_entries; i++)
        if (uuid_eq(&x->entries[i].c.id, id))
            return true;
    return false;
}

static void drop_people(Access *x, const Now *now, AccessNews *news)
{
    size_t kept = 0;
    for (size_t i = 0; i < x->n_people; i++) {
        bool there = uuid_eq(&x->people[i].id, &x->o.local);
        for (size_t k = 0; k < now->n_people && !there; k++)
            there = uuid_eq(&now->people[k].id, &x->people[i].id);
        if (there || news->n_went == ACCESS_NEWS_MAX)
            x->people[kept++] = x->people[i];
        else
            news->went[news->n_went++] = x->people[i].id;
    }
    x->n_people = kept;
}

/* The caller holds lock. */
static bool take_over(Access *x, const Now *now, AccessNews *news, Err *err)
{
    bool ok = true;
    drop_people(x, now, news);
    for (size_t i = 0; ok && i < now->n_people; i++) {
        AccessPerson *p = access_person_at(x, &now->people[i].id);
        if (!p && news->n_came < ACCESS_NEWS_MAX && (ok = add_person(x, &now->people[i], err))) {
            news->came[news->n_came++] = now->people[i].id;
            p = &x->people[x->n_people - 1];
        }
        if (p)
            set_person(p, &now->people[i]);
    }
    for (size_t i = 0; ok && i < now->n; i++)
        if (!has_entry(x, &now->list[i].id))
            ok = access_entry_add(x, &now->list[i], err);
    access_settle(x);
    return ok;
}

bool access_refresh(Access *x, AccessNews *news, Err *err)
{
    Now now = {0};
    Uuid ended[64];
    size_t n = 0;
    *news = (AccessNews){0};
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
    pthread_mutex_lock(&x->changes);
    bool ok = store_person_list(x->o.store, a, &now.people, &now.n_people, err) &&
              store_credential_list(x->o.store, a, &now.list, &now.n, err);
    if (ok) {
        pthread_mutex_lock(&x->lock);
        n = access_entries_drop(x, is_gone, &now, ended, sizeof ended / sizeof *ended);
        ok = take_over(x, &now, news, err);
        pthread_mutex_unlock(&x->lock);
    }
    pthread_mutex_unlock(&x->changes);
    arena_free(a);
    access_tell_ended(x, ended, n);
    return ok;
}
