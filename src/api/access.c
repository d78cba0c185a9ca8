/* access.c - what is known about people and credentials, and who sent a request. See access.h. */
#include "api/access_int.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/os.h"
#include "base/utf8.h"
#include "net/address.h"

#define SECRET_BYTES 32 /* 256 bits */
#define WRONG_COST 10.0 /* what a wrong token costs beside a right one */

/* ---- the table ------------------------------------------------------------------------------ */

static size_t place_of_id(const Access *x, const Uuid *id)
{
    uint64_t h;
    memcpy(&h, id->b + 8, sizeof h);
    return (size_t)(h * 0x9e3779b97f4a7c15u >> 32) & (x->by_id_size - 1);
}

static void index_people(Access *x)
{
    size_t size = x->by_id_size ? x->by_id_size : 16;
    while (size < x->n_people * 2)
        size *= 2;
    uint32_t *table = size == x->by_id_size ? x->by_id : mem_array(size, sizeof *table);
    if (table != x->by_id) {
        mem_free(x->by_id);
        x->by_id = table;
        x->by_id_size = table ? size : 0; /* without memory all are looked at */
    }
    if (x->by_id)
        memset(x->by_id, 0, x->by_id_size * sizeof *x->by_id);
    for (size_t i = 0; x->by_id && i < x->n_people; i++) {
        size_t at = place_of_id(x, &x->people[i].id);
        while (x->by_id[at])
            at = (at + 1) & (x->by_id_size - 1);
        x->by_id[at] = (uint32_t)i + 1;
    }
}

AccessPerson *access_person_at(Access *x, const Uuid *id)
{
    for (size_t i = 0; !x->by_id && i < x->n_people; i++)
        if (uuid_eq(&x->people[i].id, id))
            return &x->people[i];
    for (size_t at = x->by_id ? place_of_id(x, id) : 0; x->by_id && x->by_id[at];
         at = (at + 1) & (x->by_id_size - 1))
        if (uuid_eq(&x->people[x->by_id[at] - 1].id, id))
            return &x->people[x->by_id[at] - 1];
    return NULL;
}

AccessPerson *access_person_named(Access *x, Str name)
{
    for (size_t i = 0; i < x->n_people; i++)
        if (str_eq_nocase(str_of(x->people[i].name), name))
            return &x->people[i];
    return NULL;
}

static size_t place_of(const Access *x, const Sha256 *hash)
{
    size_t at;
    memcpy(&at, hash->b, sizeof at); /* as random as the secret */
    return at & (x->table_size - 1);
}

static void fill_table(Access *x)
{
    if (x->table_size) /* nobody has a secret yet: there is no table */
        memset(x->table, 0, x->table_size * sizeof *x->table);
    for (size_t i = 0; i < x->n_entries; i++) {
        size_t at = place_of(x, &x->entries[i].c.hash);
        while (x->table[at])
            at = (at + 1) & (x->table_size - 1);
        x->table[at] = (uint32_t)i + 1;
    }
}

void access_settle(Access *x)
{
    bool any_password = false;
    for (size_t i = 0; i < x->n_people; i++)
        any_password |= x->people[i].password[0] != '\0';
    atomic_store(&x->must_sign_in, x->o.login == LOGIN_ALWAYS || x->o.reachable ||
                                       x->n_people > 1 || any_password);
    fill_table(x);
    index_people(x);
}

static bool grow(void **items, size_t n, size_t *cap, size_t size, Err *err)
{
    if (n < *cap)
        return true;
    size_t more = *cap ? *cap * 2 : 8;
    void *bigger = mem_resize(*items, more, size);
    if (!bigger)
        return err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
    *items = bigger;
    *cap = more;
    return true;
}

AccessPerson *access_person_new(Access *x, Err *err)
{
    if (!grow((void **)&x->people, x->n_people, &x->cap_people, sizeof *x->people, err))
        return NULL;
    x->people[x->n_people] = (AccessPerson){0};
    return &x->people[x->n_people++];
}

bool access_entry_add(Access *x, const Credential *c, bool more, Err *err)
{
    if (!grow((void **)&x->entries, x->n_entries, &x->cap_entries, sizeof *x->entries, err))
        return false;
    size_t size = x->table_size ? x->table_size : 16;
    while (size < (x->n_entries + 1) * 2)
        size *= 2;
    if (size != x->table_size) {
        uint32_t *table = mem_array(size, sizeof *table);
        if (!table)
            return err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
        mem_free(x->table);
        x->table = table;
        x->table_size = size;
    }
    AccessEntry *e = &x->entries[x->n_entries++];
    *e = (AccessEntry){.c = *c};
    size_t n = c->name.len < CREDENTIAL_NAME_MAX ? c->name.len : CREDENTIAL_NAME_MAX;
    memcpy(e->name, c->name.ptr ? c->name.ptr : "", n);
    e->c.name = (Str){NULL, 0};
    if (!more)
        fill_table(x);
    return true;
}

size_t access_entries_drop(Access *x, bool (*which)(const AccessEntry *e, const void *arg),
    const void *arg, Uuid *ended, size_t room)
{
    size_t kept = 0, n = 0;
    for (size_t i = 0; i < x->n_entries; i++) {
        if (n < room && which(&x->entries[i], arg))
            ended[n++] = x->entries[i].c.id;
        else
            x->entries[kept++] = x->entries[i];
    }
    x->n_entries = kept;
    access_settle(x);
    return n;
}

/* No way out before the right one was compared in full, and no early end inside of it. */
static AccessEntry *entry_of(Access *x, const Sha256 *hash)
{
    for (size_t at = x->table_size ? place_of(x, hash) : 0; x->table_size && x->table[at];
         at = (at + 1) & (x->table_size - 1)) {
        AccessEntry *e = &x->entries[x->table[at] - 1];
        if (bytes_same(e->c.hash.b, hash->b, sizeof hash->b))
            return e;
    }
    return NULL;
}

unsigned access_scopes_of(const AccessPerson *p, unsigned scopes)
{
    return p->admin ? scopes : scopes & ~(unsigned)(SCOPE_ADMIN | SCOPE_METRICS);
}

/* ---- life ----------------------------------------------------------------------------------- */

static bool load(Access *x, Err *err)
{
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    Person *people;
    Credential *list;
    size_t n_people, n;
    bool ok = a ? store_person_list(x->o.store, a, &people, &n_people, err) &&
                      store_credential_list(x->o.store, a, &list, &n, err)
                : err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
    for (size_t i = 0; ok && i < n_people; i++) {
        AccessPerson *p = access_person_new(x, err);
        if (!p) {
            ok = false;
            break;
        }
        *p = (AccessPerson){
            .id = people[i].id, .admin = people[i].admin, .created_at = people[i].created_at};
        (void)snprintf(p->name, sizeof p->name, STR_FMT, STR_ARG(people[i].name));
        (void)snprintf(p->password, sizeof p->password, STR_FMT, STR_ARG(people[i].password));
    }
    for (size_t i = 0; ok && i < n; i++)
        ok = access_entry_add(x, &list[i], true, err);
    arena_free(a);
    if (ok)
        access_settle(x);
    return ok;
}

/* The person who was here before there were several. In data that are only read it may be missing:
 * then nothing is changed. */
static bool add_local(Access *x, Err *err)
{
    Person p = {.id = x->o.local, .name = STR("me"), .admin = true, .created_at = clock_now_ms()};
    Err why = ERR_INIT;
    if (access_person_at(x, &x->o.local))
        return true;
    if (access_person_named(x, p.name))
        p.name = STR("owner"); /* somebody else took it in data of another machine */
    if (!store_person_put(x->o.store, &p, &why) && why.code != ERR_FORBIDDEN)
        return err_set(err, why.code, "%s", why.msg);
    AccessPerson *made = access_person_new(x, err);
    if (!made)
        return false;
    *made = (AccessPerson){.id = p.id, .admin = true, .created_at = p.created_at};
    (void)snprintf(made->name, sizeof made->name, STR_FMT, STR_ARG(p.name));
    return true;
}

Access *access_new(const AccessOptions *o, Err *err)
{
    Access *x = mem_zalloc(sizeof *x);
    if (!x) {
        err_set(err, ERR_NO_MEMORY, "no memory for people and tokens");
        return NULL;
    }
    x->o = *o;
    if (!x->o.session_days)
        x->o.session_days = 30;
    if (!x->o.audit_days)
        x->o.audit_days = 365;
    pthread_mutex_init(&x->lock, NULL);
    pthread_mutex_init(&x->changes, NULL);
    x->limits = limiter_new(8192, err);
    if (x->limits && load(x, err) && add_local(x, err)) {
        access_settle(x);
        return x;
    }
    access_free(x);
    return NULL;
}

void access_free(Access *x)
{
    if (!x)
        return;
    access_tick(x);
    limiter_free(x->limits);
    pthread_mutex_destroy(&x->lock);
    pthread_mutex_destroy(&x->changes);
    for (size_t i = 0; i < x->n_people; i++)
        memset(x->people[i].password, 0, sizeof x->people[i].password);
    mem_free(x->people);
    mem_free(x->by_id);
    mem_free(x->entries);
    mem_free(x->table);
    mem_free(x->notes);
    mem_free(x);
}

void access_on_end(Access *x, void (*fn)(void *arg, const Uuid *credentials, size_t n), void *arg)
{
    pthread_mutex_lock(&x->lock);
    x->on_end = fn;
    x->on_end_arg = arg;
    pthread_mutex_unlock(&x->lock);
}

void access_tell_ended(Access *x, const Uuid *ids, size_t n)
{
    pthread_mutex_lock(&x->lock);
    void (*fn)(void *arg, const Uuid *credentials, size_t n) = x->on_end;
    void *arg = x->on_end_arg;
    pthread_mutex_unlock(&x->lock);
    if (fn && n)
        fn(arg, ids, n);
}

bool access_must_sign_in(const Access *x)
{
    return atomic_load(&x->must_sign_in);
}

bool access_can_sign_in(const Access *x)
{
    Access *y = (Access *)(uintptr_t)x; /* only the lock changes */
    int64_t now = clock_now_ms();
    bool can = false;
    pthread_mutex_lock(&y->lock);
    for (size_t i = 0; i < x->n_people; i++)
        can |= x->people[i].password[0] != '\0';
    for (size_t i = 0; i < x->n_entries; i++) {
        const AccessEntry *e = &x->entries[i];
        can |= e->c.kind == CREDENTIAL_TOKEN && !e->is_local &&
               (!e->c.expires_at || e->c.expires_at > now);
    }
    pthread_mutex_unlock(&y->lock);
    return can;
}

bool access_new_secret(char out[ACCESS_SECRET_MAX], const char *prefix, Sha256 *hash, Err *err)
{
    uint8_t random[SECRET_BYTES];
    size_t at = strlen(prefix);
    if (!os_random(random, sizeof random, err))
        return false;
    memcpy(out, prefix, at);
    for (size_t i = 0; i < sizeof random; i++, at += 2)
        (void)snprintf(out + at, 3, "%02x", random[i]);
    return sha256(str_mem(out, at), hash, err);
}

/* ---- who sent a request --------------------------------------------------------------------- */

typedef enum { SENT_NOTHING, SENT_TOKEN, SENT_SESSION, SENT_OTHER, SENT_NONSENSE } Sent;

static Str cookie_of(const HttpRequest *req)
{
    for (size_t i = 0; i < req->header_count; i++) {
        Str rest = req->headers[i].value, one;
        if (!str_eq_nocase(req->headers[i].name, STR("cookie")))
            continue;
        while (str_next(&rest, ';', &one)) {
            one = str_trim(one);
            if (str_starts(one, STR(ACCESS_COOKIE "=")))
                return str_sub(one, sizeof ACCESS_COOKIE, one.len);
        }
    }
    return (Str){NULL, 0};
}

static Sent secret_of(const HttpRequest *req, Str *secret)
{
    size_t n = http_header_count(req, "Authorization");
    Str header = str_trim(http_header(req, "Authorization"));
    if (n > 1)
        return SENT_NONSENSE;
    if (n == 1) {
        if (header.len < 7 || !str_eq_nocase(str_sub(header, 0, 7), STR("Bearer ")))
            return SENT_OTHER;
        *secret = str_trim(str_sub(header, 7, header.len));
        return str_starts(*secret, STR(ACCESS_TOKEN_PREFIX)) ? SENT_TOKEN : SENT_OTHER;
    }
    *secret = cookie_of(req);
    return secret->ptr ? SENT_SESSION : SENT_NOTHING;
}

static bool known_secret(Access *x, Str secret, bool is_token, Caller *out)
{
    Sha256 hash;
    int64_t now = clock_now_ms();
    bool ok = false;
    if (secret.len >= ACCESS_SECRET_MAX || !sha256(secret, &hash, NULL))
        return false;
    pthread_mutex_lock(&x->lock);
    AccessEntry *e = entry_of(x, &hash);
    const AccessPerson *p = e ? access_person_at(x, &e->c.owner) : NULL;
    if (p && (e->c.kind == CREDENTIAL_TOKEN) == is_token &&
        (!e->c.expires_at || e->c.expires_at > now)) {
        ok = true;
        e->c.used_at = now;
        e->used = !e->is_local;
        *out = (Caller){.kind = e->is_local  ? CALLER_LOCAL
                                : is_token   ? CALLER_TOKEN
                                             : CALLER_SESSION,
                        .owner = p->id,
                        .credential = e->c.id,
                        .scopes = access_scopes_of(p, e->c.scopes),
                        .expires_at = e->c.expires_at};
        memcpy(out->who, p->name, sizeof out->who);
        if (e->is_local)
            (void)snprintf(out->via, sizeof out->via, "command line");
        else if (!is_token)
            (void)snprintf(out->via, sizeof out->via, "session");
        else {
            size_t room = sizeof out->via - sizeof "token ", n = strlen(e->name);
            (void)snprintf(out->via, sizeof out->via, "token %.*s",
                           (int)utf8_floor(str_of(e->name), n < room ? n : room), e->name);
        }
    }
    pthread_mutex_unlock(&x->lock);
    return ok;
}

void access_local(Access *x, Caller *out)
{
    *out = (Caller){.kind = CALLER_LOCAL, .owner = x->o.local, .scopes = SCOPE_ALL};
    (void)snprintf(out->via, sizeof out->via, "this machine");
    pthread_mutex_lock(&x->lock);
    const AccessPerson *p = access_person_at(x, &x->o.local);
    if (p)
        memcpy(out->who, p->name, sizeof out->who);
    pthread_mutex_unlock(&x->lock);
}

void access_limit_met(const char *limit)
{
    Metric *m = metric_counter("limits_met_total", "how often somebody met a limit", "limit");
    METRIC_INC(m, limit);
}

static bool take(Access *x, unsigned kind, Str key, unsigned per_second, double cost,
    unsigned *retry_s, Err *err)
{
    LimiterRate rate = {per_second, 10.0 * per_second};
    if (!per_second || limiter_take(x->limits, kind, key, rate, cost, retry_s))
        return true;
    access_limit_met(kind == LIMIT_ADDRESS ? "rate_address" : "rate_token");
    return err_set(err, ERR_RATE_LIMITED, "too many requests; try again in %u seconds", *retry_s);
}

/* From this machine, to this machine, and not passed on by a proxy: only then is somebody at the
 * keyboard. A name of allowed_hosts is one that others reach. */
static bool is_at_home(const HttpRequest *req)
{
    Str host = req->host;
    size_t colon = host.len;
    while (colon && host.ptr[colon - 1] != ':' && host.ptr[colon - 1] != ']')
        colon--;
    if (colon && host.ptr[colon - 1] == ':')
        host = str_sub(host, 0, colon - 1);
    bool named = !host.len || str_eq_nocase(host, STR("localhost")) ||
                 address_text_is_loopback(host);
    bool near = !req->peer.len || str_eq(req->peer, STR("unix")) ||
                address_text_is_loopback(req->peer);
    return named && near && !http_header_count(req, "Forwarded") &&
           !http_header_count(req, "X-Forwarded-For") && !http_header_count(req, "X-Real-IP");
}

bool access_check(Access *x, const HttpRequest *req, Caller *out, unsigned *retry_s, Err *err)
{
    char room[48];
    Str secret, address = limiter_address(req->peer, room);
    Sent sent = secret_of(req, &secret);
    bool asked = access_must_sign_in(x) || !is_at_home(req);
    *out = (Caller){.kind = CALLER_NOBODY};
    *retry_s = 0;
    if (asked && !take(x, LIMIT_ADDRESS, address, x->o.rate_address, 1, retry_s, err))
        return false;
    bool known = (sent == SENT_TOKEN || sent == SENT_SESSION) &&
                 known_secret(x, secret, sent == SENT_TOKEN, out);
    if (known)
        return !asked || out->kind == CALLER_LOCAL ||
               take(x, LIMIT_CREDENTIAL, str_mem((const char *)out->credential.b, 16),
                    x->o.rate_token, 1, retry_s, err);
    if (!asked && sent != SENT_TOKEN && sent != SENT_NONSENSE) {
        access_local(x, out);
        return true;
    }
    if (sent == SENT_NOTHING)
        return true;
    if (!take(x, LIMIT_ADDRESS, address, x->o.rate_address, asked ? WRONG_COST - 1 : 0, retry_s,
              err))
        return false;
    return err_set(err, ERR_UNAUTHORIZED,
                   sent == SENT_SESSION ? "the session has ended; sign in again"
                                        : "the token is wrong, has expired or was revoked");
}

bool access_message(Access *x, const Caller *c, Err *err)
{
    unsigned retry_s;
    if (!access_must_sign_in(x))
        return true;
    if (uuid_is_nil(&c->credential)) /* came in while the door was open */
        return err_set(err, ERR_UNAUTHORIZED, "sign in, or send a token");
    return c->kind == CALLER_LOCAL ||
           take(x, LIMIT_CREDENTIAL, str_mem((const char *)c->credential.b, 16), x->o.rate_token, 1,
                &retry_s, err);
}

bool access_is_alive(Access *x, const Caller *c)
{
    bool alive = uuid_is_nil(&c->credential) && !access_must_sign_in(x);
    pthread_mutex_lock(&x->lock);
    for (size_t i = 0; i < x->n_entries; i++)
        alive |= uuid_eq(&x->entries[i].c.id, &c->credential);
    pthread_mutex_unlock(&x->lock);
    return alive;
}

/* ---- scopes --------------------------------------------------------------------------------- */

static const struct {
    unsigned bit;
    const char *name;
} scopes[] = {{SCOPE_READ, "read"},   {SCOPE_WRITE, "write"},     {SCOPE_VOICE, "voice"},
              {SCOPE_ADMIN, "admin"}, {SCOPE_METRICS, "metrics"}, {SCOPE_ACCOUNT, "account"}};

void access_scope_names(unsigned bits, Buf *out)
{
    bool first = true;
    for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
        if (bits & scopes[i].bit) {
            buf_add_c(out, first ? "" : ", ");
            buf_add_c(out, scopes[i].name);
            first = false;
        }
}

bool access_scope_parse(Str names, unsigned *out, Err *err)
{
    Str one;
    unsigned bits = 0;
    while (str_next(&names, ',', &one)) {
        size_t i = 0;
        one = str_trim(one);
        while (i < sizeof scopes / sizeof *scopes && !str_eq(one, str_of(scopes[i].name)))
            i++;
        if (i == sizeof scopes / sizeof *scopes || !(scopes[i].bit & SCOPE_TOKENS))
            return err_set(err, ERR_VALIDATION,
                           "\"" STR_FMT "\" is no scope; there are read, write, voice, admin and "
                           "metrics",
                           (int)(one.len < 40 ? one.len : 40), one.ptr);
        bits |= scopes[i].bit;
    }
    *out = bits;
    return true;
}

bool access_allows(const Caller *c, unsigned needed, Err *err)
{
    if ((c->scopes & needed) == needed)
        return true;
    if (c->kind == CALLER_NOBODY)
        return err_set(err, ERR_UNAUTHORIZED, "sign in, or send a token");
    Buf b;
    buf_init(&b, 200);
    access_scope_names(needed & ~c->scopes, &b);
    (void)err_set(err, ERR_FORBIDDEN,
                  needed & ~c->scopes & SCOPE_ACCOUNT
                      ? "a token may not do this; sign in with a password"
                      : "this needs the scope %s",
                  buf_str(&b).ptr);
    buf_release(&b);
    return false;
}
