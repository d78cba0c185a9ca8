/* api_people.c - what belongs to the people who are open: held while somebody uses it.
 *
 * The first person is open from the start to the end. The others are opened by who needs them
 * (api_hold), and let go by the program when nobody has held them for a while
 * (api_person_let_go). One who is removed is marked: nobody opens them again, and what is held
 * stays sound until it is given back. */
#include "api/api_int.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/mem.h"

struct OtherPerson {
    ApiParts parts; /* first; of a mark alone: only its owner */
    atomic_uint holds;
    _Atomic uint64_t used_ns;
    bool gone, only_mark;
    struct OtherPerson *next;
};

void api_people_init(Api *api)
{
    pthread_rwlock_init(&api->people_lock, NULL);
    pthread_mutex_init(&api->opening, NULL);
}

void api_people_free(Api *api)
{
    while (api->others) {
        struct OtherPerson *p = api->others;
        api->others = p->next;
        mem_free(p);
    }
    pthread_rwlock_destroy(&api->people_lock);
    pthread_mutex_destroy(&api->opening);
}

/* With people_lock held. */
static struct OtherPerson *find(Api *api, const Uuid *owner)
{
    struct OtherPerson *p = api->others;
    while (p && !uuid_eq(&p->parts.owner, owner))
        p = p->next;
    return p;
}

/* With people_lock held for writing. */
static void unlink_person(Api *api, struct OtherPerson *p)
{
    struct OtherPerson **at = &api->others;
    while (*at != p)
        at = &(*at)->next;
    *at = p->next;
}

const ApiParts *api_parts_next(Api *api, size_t *at)
{
    size_t i = (*at)++;
    if (i == 0)
        return &api->parts;
    pthread_rwlock_rdlock(&api->people_lock);
    struct OtherPerson *p = api->others;
    for (size_t k = 1; p && (k < i || p->gone); p = p->next)
        k += !p->gone;
    pthread_rwlock_unlock(&api->people_lock);
    return p ? &p->parts : NULL;
}

static const ApiParts *hold(Api *api, const Uuid *owner, bool *gone)
{
    if (uuid_eq(owner, &api->parts.owner))
        return &api->parts;
    pthread_rwlock_rdlock(&api->people_lock);
    struct OtherPerson *p = find(api, owner);
    *gone = p && p->gone;
    if (p && !p->gone) {
        atomic_fetch_add(&p->holds, 1);
        atomic_store(&p->used_ns, clock_mono_ns());
    }
    pthread_rwlock_unlock(&api->people_lock);
    return p && !p->gone ? &p->parts : NULL;
}

const ApiParts *api_hold_open(Api *api, const Uuid *owner)
{
    bool gone = false;
    return hold(api, owner, &gone);
}

const ApiParts *api_hold(Api *api, const Uuid *owner, Err *err)
{
    bool gone = false, ok = true;
    const ApiParts *parts = hold(api, owner, &gone);
    if (parts)
        return parts;
    pthread_mutex_lock(&api->opening); /* one at a time, and nobody twice */
    parts = hold(api, owner, &gone);
    if (!parts && (gone || !api->parts.access || !access_knows(api->parts.access, owner)
                   || !api->parts.person_open))
        ok = err_set(err, ERR_UNAUTHORIZED, "sign in, or send a token");
    if (!parts && ok && (ok = api->parts.person_open(api->parts.person_arg, owner, err)))
        parts = hold(api, owner, &gone);
    pthread_mutex_unlock(&api->opening);
    if (!parts && ok) /* removed, or let go, at this very moment */
        err_set(err, ERR_UNAVAILABLE, "try again in a moment");
    return parts;
}

void api_give(Api *api, const ApiParts *parts)
{
    if (!parts || parts == &api->parts)
        return;
    struct OtherPerson *p = (struct OtherPerson *)(uintptr_t)parts;
    atomic_store(&p->used_ns, clock_mono_ns());
    atomic_fetch_sub(&p->holds, 1);
}

bool api_person_add(Api *api, const ApiParts *parts, Err *err)
{
    struct OtherPerson *p = mem_zalloc(sizeof *p);
    if (!p)
        return err_set(err, ERR_NO_MEMORY, "no memory for another person");
    p->parts = *parts;
    p->parts.max_upload = api->parts.max_upload;
    p->parts.request_timeout_ms = api->parts.request_timeout_ms;
    atomic_init(&p->holds, 1); /* until clients are told of what happens */
    atomic_init(&p->used_ns, clock_mono_ns());
    pthread_rwlock_wrlock(&api->people_lock);
    p->next = api->others;
    api->others = p;
    pthread_rwlock_unlock(&api->people_lock);
    if (api->server)
        api_ws_watch_person(api->ws, &p->parts);
    atomic_fetch_sub(&p->holds, 1);
    return true;
}

void api_person_remove(Api *api, const Uuid *owner)
{
    struct OtherPerson *mark = mem_zalloc(sizeof *mark);
    pthread_rwlock_wrlock(&api->people_lock);
    struct OtherPerson *p = find(api, owner);
    if (p) {
        p->gone = true;
        atomic_fetch_add(&p->holds, 1); /* until nobody is told: two may remove them at once */
    } else if (mark) {
        *mark = (struct OtherPerson){.gone = true, .only_mark = true, .next = api->others};
        mark->parts.owner = *owner;
        api->others = mark;
        mark = NULL;
    }
    pthread_rwlock_unlock(&api->people_lock);
    mem_free(mark);
    if (!p)
        return;
    api_ws_unwatch_person(api->ws, &p->parts);
    atomic_fetch_sub(&p->holds, 1);
}

bool api_person_let_go(Api *api, const Uuid *owner, uint64_t idle_ns)
{
    pthread_rwlock_wrlock(&api->people_lock);
    struct OtherPerson *p = find(api, owner);
    bool go = p && !p->only_mark && !atomic_load(&p->holds) &&
              (p->gone ? !access_knows(api->parts.access, owner)
                       : clock_mono_ns() - atomic_load(&p->used_ns) >= idle_ns);
    bool watched = go && !p->gone;
    if (go)
        unlink_person(api, p);
    pthread_rwlock_unlock(&api->people_lock);
    if (watched)
        api_ws_unwatch_person(api->ws, &p->parts);
    if (go)
        mem_free(p);
    return go;
}

uint64_t api_person_used_ns(Api *api, const Uuid *owner)
{
    pthread_rwlock_rdlock(&api->people_lock);
    struct OtherPerson *p = find(api, owner);
    uint64_t at = !p ? 0 : atomic_load(&p->holds) ? UINT64_MAX : atomic_load(&p->used_ns);
    pthread_rwlock_unlock(&api->people_lock);
    return at;
}

/* Marks of people who were not open when they were removed. */
void api_people_sweep(Api *api)
{
    pthread_rwlock_wrlock(&api->people_lock);
    for (struct OtherPerson **at = &api->others; *at;) {
        struct OtherPerson *p = *at;
        if (p->only_mark && !atomic_load(&p->holds) &&
            !access_knows(api->parts.access, &p->parts.owner)) {
            *at = p->next;
            mem_free(p);
        } else {
            at = &p->next;
        }
    }
    pthread_rwlock_unlock(&api->people_lock);
}
