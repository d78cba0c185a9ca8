/* access_people.c - signing in and out; tokens and people made and taken away. Each change is in
 * the store before it is in memory, but for what ends: that ends in memory first. */
#include "api/access_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"

#define DAY_MS ((int64_t)86400000)
#define ENDED_MAX 512
static const LimiterRate login_address = {1.0 / 6, 10}, login_name = {1.0 / 10, 10};

static bool no_person(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no such person");
}

/* ---- what ends ------------------------------------------------------------------------------ */

typedef struct {
    const Uuid *owner;   /* of this person, or anybody's */
    const Uuid *id;      /* this one, or all */
    const Uuid *keep;    /* not this one */
    bool only_sessions, only_tokens;
} Which;

static bool is_one(const AccessEntry *e, const void *arg)
{
    const Which *w = arg;
    return !e->is_local && (!w->owner || uuid_eq(&e->c.owner, w->owner)) &&
           (!w->id || uuid_eq(&e->c.id, w->id)) && (!w->keep || !uuid_eq(&e->c.id, w->keep)) &&
           (!w->only_sessions || e->c.kind == CREDENTIAL_SESSION) &&
           (!w->only_tokens || e->c.kind == CREDENTIAL_TOKEN);
}

/* The caller holds `changes`. In memory they have ended even when the store fails. */
static bool end(Access *x, const Which *w, size_t *n, Err *err)
{
    Uuid ids[ENDED_MAX];
    pthread_mutex_lock(&x->lock);
    *n = access_entries_drop(x, is_one, w, ids, ENDED_MAX);
    pthread_mutex_unlock(&x->lock);
    access_tell_ended(x, ids, *n);
    return store_credential_delete(x->o.store, ids, *n, err);
}

static bool end_some(Access *x, const Which *w, Err *err)
{
    size_t n;
    pthread_mutex_lock(&x->changes);
    bool ok = end(x, w, &n, err);
    pthread_mutex_unlock(&x->changes);
    return ok && (n > 0 || err_set(err, ERR_NOT_FOUND, "there is no such token"));
}

bool access_sign_out(Access *x, const Caller *c, Err *err)
{
    Which w = {.owner = &c->owner, .id = &c->credential, .only_sessions = true};
    return c->kind != CALLER_SESSION || end_some(x, &w, err);
}

bool access_token_revoke(Access *x, const Uuid *owner, const Uuid *id, Err *err)
{
    Which w = {.owner = owner, .id = id};
    return end_some(x, &w, err);
}

/* ---- what begins ---------------------------------------------------------------------------- */

static size_t count_of(const Access *x, const Uuid *owner, CredentialKind kind,
    const AccessEntry **oldest)
{
    size_t n = 0;
    *oldest = NULL;
    for (size_t i = 0; i < x->n_entries; i++) {
        const AccessEntry *e = &x->entries[i];
        if (e->is_local || e->c.kind != kind || !uuid_eq(&e->c.owner, owner))
            continue;
        if (!*oldest || e->c.created_at < (*oldest)->c.created_at)
            *oldest = e;
        n++;
    }
    return n;
}

/* The caller holds `changes`. */
static bool keep_within(Access *x, const Uuid *owner, CredentialKind kind, Err *err)
{
    const AccessEntry *oldest;
    Uuid id = {{0}};
    size_t ended;
    pthread_mutex_lock(&x->lock);
    size_t n = count_of(x, owner, kind, &oldest);
    if (oldest)
        id = oldest->c.id;
    pthread_mutex_unlock(&x->lock);
    if (n < (kind == CREDENTIAL_TOKEN ? TOKENS_MAX : SESSIONS_MAX))
        return true;
    if (kind == CREDENTIAL_TOKEN)
        return err_set(err, ERR_CONFLICT, "there are %u tokens already; revoke some", TOKENS_MAX);
    return end(x, &(Which){.owner = owner, .id = &id}, &ended, err);
}

static bool begin(Access *x, Credential *c, Err *err)
{
    pthread_mutex_lock(&x->changes);
    bool ok = keep_within(x, &c->owner, c->kind, err) && store_credential_put(x->o.store, c, err);
    if (ok) {
        pthread_mutex_lock(&x->lock);
        ok = access_entry_add(x, c, false, err);
        pthread_mutex_unlock(&x->lock);
        if (!ok)
            (void)store_credential_delete(x->o.store, &c->id, 1, NULL);
    }
    pthread_mutex_unlock(&x->changes);
    return ok;
}

bool access_token_add(Access *x, const Uuid *owner, Str name, unsigned scopes, int64_t expires_at,
    Credential *out, char secret[ACCESS_SECRET_MAX], Err *err)
{
    Credential c = {.owner = *owner, .kind = CREDENTIAL_TOKEN, .name = name, .scopes = scopes,
                    .created_at = clock_now_ms(), .expires_at = expires_at};
    if (!scopes || (scopes & ~(unsigned)SCOPE_TOKENS))
        return err_set(err, ERR_VALIDATION, "a token needs one of read, write, voice, admin and "
                                            "metrics at least");
    if (expires_at && expires_at <= c.created_at)
        return err_set(err, ERR_VALIDATION, "the token would have expired already");
    pthread_mutex_lock(&x->lock);
    const AccessPerson *p = access_person_at(x, owner);
    bool may = p && access_scopes_of(p, scopes) == scopes;
    pthread_mutex_unlock(&x->lock);
    if (!p)
        return no_person(err);
    if (!may)
        return err_set(err, ERR_FORBIDDEN, "only who looks after the others may have tokens with "
                                           "the scopes admin and metrics");
    if (!uuid_v7(&c.id, err) ||
        !access_new_secret(secret, ACCESS_TOKEN_PREFIX, &c.hash, err) || !begin(x, &c, err))
        return false;
    *out = c;
    return true;
}

/* ---- signing in ----------------------------------------------------------------------------- */

static bool may_try(Access *x, Str name, Str peer, unsigned *retry_s, Err *err)
{
    char room[48], folded[PERSON_NAME_MAX + 1];
    size_t n = name.len < PERSON_NAME_MAX ? name.len : PERSON_NAME_MAX;
    for (size_t i = 0; i < n; i++) {
        char c = name.ptr[i];
        folded[i] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
    if (limiter_take(x->limits, LIMIT_LOGIN_ADDRESS, limiter_address(peer, room), login_address, 1,
                     retry_s) &&
        limiter_take(x->limits, LIMIT_LOGIN_NAME, str_mem(folded, n), login_name, 1, retry_s))
        return true;
    access_limit_met("sign_in");
    return err_set(err, ERR_RATE_LIMITED, "too many tries to sign in; try again in %u seconds",
                   *retry_s);
}

bool access_sign_in(Access *x, Str name, Str password, const HttpRequest *from, Caller *out,
    char secret[ACCESS_SECRET_MAX], unsigned *retry_s, Err *err)
{
    AccessPerson p = {.password = ""};
    bool right;
    if (!may_try(x, name, from->peer, retry_s, err))
        return false;
    pthread_mutex_lock(&x->lock);
    const AccessPerson *known = access_person_named(x, name);
    if (known)
        p = *known;
    pthread_mutex_unlock(&x->lock);
    if (!password_is(password, str_of(p.password), &right, err))
        return false;
    memset(p.password, 0, sizeof p.password);
    if (!right)
        return err_set(err, ERR_UNAUTHORIZED, "the name or the password is wrong");
    Str agent = http_header(from, "User-Agent");
    Credential c = {.owner = p.id, .kind = CREDENTIAL_SESSION,
                    .name = str_sub(agent, 0, agent.len < 120 ? agent.len : 120),
                    .scopes = SCOPE_ALL, .created_at = clock_now_ms()};
    c.expires_at = c.created_at + (int64_t)x->o.session_days * DAY_MS;
    for (size_t i = 0; i < c.name.len; i++)
        if ((unsigned char)c.name.ptr[i] < ' ' || (unsigned char)c.name.ptr[i] > '~')
            c.name = STR(""); /* no header of a browser */
    if (!uuid_v7(&c.id, err) || !access_new_secret(secret, "", &c.hash, err) || !begin(x, &c, err))
        return false;
    *out = (Caller){.kind = CALLER_SESSION, .owner = p.id, .credential = c.id,
                    .scopes = access_scopes_of(&p, SCOPE_ALL), .expires_at = c.expires_at};
    memcpy(out->who, p.name, sizeof out->who);
    (void)snprintf(out->via, sizeof out->via, "session");
    return true;
}

/* ---- lists ---------------------------------------------------------------------------------- */

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "no memory for the list");
}

bool access_list(Access *x, const Uuid *owner, Arena *a, Credential **out, size_t *n, Err *err)
{
    bool ok = true;
    size_t count = 0;
    int64_t now = clock_now_ms();
    pthread_mutex_lock(&x->lock);
    Credential *list = ARENA_NEW_ARRAY(a, Credential, x->n_entries + 1);
    for (size_t i = 0; list && ok && i < x->n_entries; i++) {
        const AccessEntry *e = &x->entries[i];
        if (e->is_local || (owner && !uuid_eq(owner, &e->c.owner)) ||
            (e->c.expires_at && e->c.expires_at <= now))
            continue;
        list[count] = e->c;
        list[count].name = arena_str(a, str_of(e->name));
        ok = list[count++].name.ptr != NULL;
    }
    pthread_mutex_unlock(&x->lock);
    if (!list || !ok)
        return no_memory(err);
    *out = list;
    *n = count;
    return true;
}

bool access_person(Access *x, const Uuid *id, Arena *a, Person *out, Err *err)
{
    pthread_mutex_lock(&x->lock);
    const AccessPerson *p = access_person_at(x, id);
    if (p)
        *out = (Person){.id = p->id, .admin = p->admin, .created_at = p->created_at,
                        .name = arena_str(a, str_of(p->name)),
                        .password = p->password[0] ? STR("set") : STR("")};
    pthread_mutex_unlock(&x->lock);
    return p ? out->name.ptr || no_memory(err) : no_person(err);
}

bool access_knows(Access *x, const Uuid *id)
{
    pthread_mutex_lock(&x->lock);
    bool there = access_person_at(x, id) != NULL;
    pthread_mutex_unlock(&x->lock);
    return there;
}

bool access_people(Access *x, Arena *a, Person **out, size_t *n, Err *err)
{
    bool ok = true;
    pthread_mutex_lock(&x->lock);
    size_t count = x->n_people;
    Person *list = ARENA_NEW_ARRAY(a, Person, count + 1);
    for (size_t i = 0; list && ok && i < count; i++) {
        const AccessPerson *p = &x->people[i];
        list[i] = (Person){.id = p->id, .admin = p->admin, .created_at = p->created_at,
                           .name = arena_str(a, str_of(p->name)),
                           .password = p->password[0] ? STR("set") : STR("")};
        ok = list[i].name.ptr != NULL;
    }
    pthread_mutex_unlock(&x->lock);
    if (!list || !ok)
        return no_memory(err);
    *out = list;
    *n = count;
    return true;
}

/* ---- people --------------------------------------------------------------------------------- */

static Person person_of(const AccessPerson *p)
{
    return (Person){.id = p->id, .name = str_of(p->name), .admin = p->admin,
                    .password = str_of(p->password), .created_at = p->created_at};
}

/* Into the store, then into memory; the caller holds `changes`. */
static bool person_keep(Access *x, const AccessPerson *p, Err *err)
{
    Person row = person_of(p);
    if (!store_person_put(x->o.store, &row, err))
        return false;
    static const Uuid open_door;
    bool was_open = !access_must_sign_in(x);
    pthread_mutex_lock(&x->lock);
    AccessPerson *there = access_person_at(x, &p->id);
    if (there)
        *there = *p;
    else
        x->people[x->n_people++] = *p;
    access_settle(x);
    pthread_mutex_unlock(&x->lock);
    if (was_open && access_must_sign_in(x))
        access_tell_ended(x, &open_door, 1);
    return true;
}

static bool room_for_person(Access *x, Err *err)
{
    pthread_mutex_lock(&x->lock);
    unsigned most = x->o.people_max ? x->o.people_max : PEOPLE_MAX;
    bool ok = x->n_people < most ||
              err_set(err, ERR_CONFLICT, "there are %u people already", most);
    if (ok && x->n_people == x->cap_people) {
        size_t cap = x->cap_people ? x->cap_people * 2 : 8;
        AccessPerson *bigger = mem_resize(x->people, cap, sizeof *bigger);
        ok = bigger || no_memory(err);
        if (bigger) {
            x->people = bigger;
            x->cap_people = cap;
        }
    }
    pthread_mutex_unlock(&x->lock);
    return ok;
}

bool access_person_add(Access *x, Str name, Str password, bool admin, Uuid *id, Err *err)
{
    AccessPerson p = {.admin = admin, .created_at = clock_now_ms()};
    if (name.len > PERSON_NAME_MAX)
        return err_set(err, ERR_VALIDATION, "a person's name has at most %u characters",
                       PERSON_NAME_MAX);
    if ((password.ptr && !password_hash(password, p.password, err)) || !uuid_v4(&p.id, err))
        return false;
    memcpy(p.name, name.ptr ? name.ptr : "", name.len);
    pthread_mutex_lock(&x->changes);
    bool ok = room_for_person(x, err) && person_keep(x, &p, err);
    pthread_mutex_unlock(&x->changes);
    if (ok)
        *id = p.id;
    return ok;
}

static bool get(Access *x, const Uuid *id, AccessPerson *out, Err *err)
{
    pthread_mutex_lock(&x->lock);
    const AccessPerson *p = access_person_at(x, id);
    if (p)
        *out = *p;
    pthread_mutex_unlock(&x->lock);
    return p || no_person(err);
}

bool access_person_password(Access *x, const Uuid *id, Str password, const Uuid *keep, Err *err)
{
    char hash[PASSWORD_TEXT] = "";
    AccessPerson p;
    size_t n;
    if (password.ptr && !password_hash(password, hash, err))
        return false;
    pthread_mutex_lock(&x->changes);
    bool ok = get(x, id, &p, err);
    if (ok) {
        memcpy(p.password, hash, sizeof p.password);
        ok = person_keep(x, &p, err) &&
             end(x, &(Which){.owner = id, .keep = keep, .only_sessions = true}, &n, err);
    }
    pthread_mutex_unlock(&x->changes);
    return ok;
}

bool access_person_has_password(Access *x, const Uuid *id, Str password, Err *err)
{
    AccessPerson p;
    bool right;
    if (!get(x, id, &p, err) || !password_is(password, str_of(p.password), &right, err))
        return false;
    return right || err_set(err, ERR_FORBIDDEN, "the old password is wrong");
}

bool access_person_remove(Access *x, const Uuid *id, Err *err)
{
    AccessPerson p;
    size_t n;
    if (uuid_eq(id, &x->o.local))
        return err_set(err, ERR_CONFLICT, "the first person cannot be removed, only "
                                          "what they own");
    pthread_mutex_lock(&x->changes);
    bool ok = get(x, id, &p, err) && end(x, &(Which){.owner = id}, &n, err) &&
              store_person_remove(x->o.store, id, err);
    if (ok) {
        pthread_mutex_lock(&x->lock);
        AccessPerson *there = access_person_at(x, id);
        if (there)
            *there = x->people[--x->n_people];
        access_settle(x);
        pthread_mutex_unlock(&x->lock);
    }
    pthread_mutex_unlock(&x->changes);
    return ok;
}

/* ---- the command line beside a running server ------------------------------------------------ */

bool access_local_key(Access *x, char secret[ACCESS_SECRET_MAX], Err *err)
{
    Credential c = {.owner = x->o.local, .kind = CREDENTIAL_TOKEN, .scopes = SCOPE_ALL,
                    .name = STR("command line"), .created_at = clock_now_ms()};
    if (!uuid_v4(&c.id, err) || !access_new_secret(secret, ACCESS_TOKEN_PREFIX, &c.hash, err))
        return false;
    pthread_mutex_lock(&x->lock);
    bool ok = access_entry_add(x, &c, false, err);
    if (ok)
        x->entries[x->n_entries - 1].is_local = true;
    pthread_mutex_unlock(&x->lock);
    return ok;
}
