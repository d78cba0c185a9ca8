/* people.c - signing in and out, tokens, people, the audit log. The work is in access_people.c. */
#include <stdio.h>

#include "api/call.h"
#include "base/clock.h"

#define DAY_MS 86400000.0

static bool needs_access(const ApiCall *c, Err *err)
{
    return c->parts->access || err_set(err, ERR_UNAVAILABLE, "nobody is asked who they are here");
}

static bool is_admin(const ApiCall *c)
{
    return (c->caller->scopes & SCOPE_ADMIN) != 0;
}

static void kv_id(JsonW *w, const char *key, const Uuid *id)
{
    char text[UUID_TEXT];
    jw_kv_cstr(w, key, uuid_format(id, text));
}

static void kv_time(JsonW *w, const char *key, int64_t at)
{
    char text[CLOCK_RFC3339_MAX];
    if (at)
        jw_kv_cstr(w, key, clock_format(at, text));
    else
        jw_kv_null(w, key);
}

static void kv_scopes(JsonW *w, unsigned scopes)
{
    Buf b;
    Str rest, one;
    buf_init(&b, 200);
    access_scope_names(scopes, &b);
    rest = buf_str(&b);
    jw_key(w, "scopes");
    jw_arr(w);
    while (rest.len && str_next(&rest, ',', &one))
        jw_str(w, str_trim(one));
    jw_arr_end(w);
    buf_release(&b);
}

/* ---- session -------------------------------------------------------------------------------- */

static bool session_answer(ApiCall *c, const Caller *who, Err *err)
{
    static const char *const kinds[] = {"nobody", "local", "token", "session"};
    bool known = who->kind != CALLER_NOBODY;
    Uuid id = uuid_is_nil(&who->owner) ? c->parts->owner : who->owner;
    Person p;
    JsonW w;
    if (known && !access_person(c->parts->access, &id, c->arena, &p, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_bool(&w, "signed_in", known);
    jw_kv_bool(&w, "must_sign_in", access_must_sign_in(c->parts->access));
    jw_kv_cstr(&w, "kind", kinds[who->kind]);
    jw_key(&w, "person");
    if (known) {
        jw_obj(&w);
        kv_id(&w, "id", &p.id);
        jw_kv_str(&w, "name", p.name);
        jw_kv_bool(&w, "admin", p.admin);
        jw_kv_bool(&w, "has_password", p.password.len > 0);
        jw_obj_end(&w);
    } else {
        jw_null(&w);
    }
    kv_scopes(&w, who->scopes);
    kv_time(&w, "expires_at", who->expires_at);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool session_show(ApiCall *c, Err *err)
{
    return needs_access(c, err) && session_answer(c, c->caller, err);
}

static bool set_cookie(ApiCall *c, const char *value, long seconds, Err *err)
{
    Str text = arena_printf(c->arena, "%s=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%ld%s",
                            ACCESS_COOKIE, value, seconds, c->x->req.is_tls ? "; Secure" : "");
    return (text.ptr && http_resp_header(c->x, "Set-Cookie", text)) ||
           err_set(err, ERR_NO_MEMORY, "no memory for a cookie");
}

bool session_begin(ApiCall *c, Err *err)
{
    Caller who;
    char secret[ACCESS_SECRET_MAX], seconds[16];
    unsigned retry_s = 0;
    if (!needs_access(c, err))
        return false;
    if (!access_sign_in(c->parts->access, call_body(c, "name")->str, call_body(c, "password")->str,
                        &c->x->req, &who, secret, &retry_s, err)) {
        (void)snprintf(seconds, sizeof seconds, "%u", retry_s);
        if (retry_s)
            http_resp_header(c->x, "Retry-After", str_of(seconds));
        return false;
    }
    if (c->x->user)
        *(Caller *)c->x->user = who; /* it is noted as theirs */
    return set_cookie(c, secret, (long)((who.expires_at - clock_now_ms()) / 1000), err) &&
           session_answer(c, &who, err);
}

bool session_end(ApiCall *c, Err *err)
{
    if (!needs_access(c, err) || !access_sign_out(c->parts->access, c->caller, err) ||
        !set_cookie(c, "", 0, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

/* ---- tokens --------------------------------------------------------------------------------- */

static void token_members(JsonW *w, const Credential *t, const Uuid *mine)
{
    kv_id(w, "id", &t->id);
    kv_id(w, "person", &t->owner);
    jw_kv_cstr(w, "kind", t->kind == CREDENTIAL_TOKEN ? "token" : "session");
    jw_kv_str(w, "name", t->name);
    if (t->kind == CREDENTIAL_TOKEN)
        kv_scopes(w, t->scopes);
    else
        jw_kv_bool(w, "current", uuid_eq(&t->id, mine));
    kv_time(w, "created_at", t->created_at);
    kv_time(w, "expires_at", t->expires_at);
    kv_time(w, "last_used_at", t->used_at);
}

static bool only_admin(const ApiCall *c, Err *err)
{
    return is_admin(c) || err_set(err, ERR_FORBIDDEN, "this needs the scope admin");
}

bool token_list(ApiCall *c, Err *err)
{
    const FieldValue *person = call_query(c, "person");
    const Uuid *owner = person->given                  ? &person->uuid
                        : call_query(c, "everybody")->b ? NULL
                                                        : c->owner;
    Credential *list;
    size_t n;
    JsonW w;
    if (!needs_access(c, err) || (owner != c->owner && !only_admin(c, err)) ||
        !access_list(c->parts->access, owner, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "tokens");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        token_members(&w, &list[i], &c->caller->credential);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool token_add(ApiCall *c, Err *err)
{
    const FieldValue *list = call_body(c, "scopes"), *days = call_body(c, "expires_in_days"),
                     *person = call_body(c, "person");
    unsigned scopes = 0, one;
    char secret[ACCESS_SECRET_MAX];
    Credential t;
    JsonW w;
    if (!needs_access(c, err) || (person->given && !only_admin(c, err)))
        return false;
    for (size_t i = 0; i < list->n_list; i++) {
        if (!access_scope_parse(list->list[i], &one, err))
            return false;
        scopes |= one;
    }
    int64_t ends = days->given && !days->is_null
                       ? clock_now_ms() + (int64_t)(days->num * DAY_MS)
                       : 0;
    if (!access_token_add(c->parts->access, person->given ? &person->uuid : c->owner,
                          call_body(c, "name")->str, scopes, ends, &t, secret, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "token", secret);
    token_members(&w, &t, &c->caller->credential);
    jw_obj_end(&w);
    return call_json(c, 201, err);
}

bool token_revoke(ApiCall *c, Err *err)
{
    Uuid id;
    if (!needs_access(c, err) || !call_path_uuid(c, "id", "token", &id, err) ||
        !access_token_revoke(c->parts->access, is_admin(c) ? NULL : c->owner, &id, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

/* ---- people --------------------------------------------------------------------------------- */

static void person_members(JsonW *w, const Person *p)
{
    kv_id(w, "id", &p->id);
    jw_kv_str(w, "name", p->name);
    jw_kv_bool(w, "admin", p->admin);
    jw_kv_bool(w, "has_password", p->password.len > 0);
    kv_time(w, "created_at", p->created_at);
}

bool people_list(ApiCall *c, Err *err)
{
    Person *list;
    size_t n;
    JsonW w;
    if (!needs_access(c, err) || !access_people(c->parts->access, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "people");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        person_members(&w, &list[i]);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* With a second person everybody must sign in: nobody is to lock themselves out. */
static bool first_can_sign_in(const ApiCall *c, Err *err)
{
    Person first;
    if (!access_person(c->parts->access, &api_parts(c->api)->owner, c->arena, &first, err))
        return false;
    return first.password.len > 0 ||
           err_set(err, ERR_CONFLICT,
                   "with another person everybody must sign in: give yourself a password first "
                   "(sotto people password " STR_FMT ")", STR_ARG(first.name));
}

bool people_add(ApiCall *c, Err *err)
{
    const FieldValue *password = call_body(c, "password");
    const ApiParts *shared = api_parts(c->api);
    Uuid id;
    Person p;
    JsonW w;
    if (!needs_access(c, err) || !first_can_sign_in(c, err) ||
        !access_person_add(c->parts->access, call_body(c, "name")->str,
                           password->given ? password->str : (Str){NULL, 0},
                           call_body(c, "admin")->b, &id, err))
        return false;
    if (shared->person_open && !shared->person_open(shared->person_arg, &id, err)) {
        (void)access_person_remove(c->parts->access, &id, NULL);
        return false;
    }
    if (!access_person(c->parts->access, &id, c->arena, &p, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    person_members(&w, &p);
    jw_obj_end(&w);
    return call_json(c, 201, err);
}

bool people_remove(ApiCall *c, Err *err)
{
    const ApiParts *shared = api_parts(c->api);
    Uuid id;
    Person p;
    if (!needs_access(c, err) || !call_path_uuid(c, "id", "person", &id, err) ||
        !access_person(c->parts->access, &id, c->arena, &p, err))
        return false;
    if (!str_eq_nocase(call_query(c, "confirm")->str, p.name))
        return err_set(err, ERR_VALIDATION, "confirm must be the person's name, " STR_FMT
                       ": all that they own will be deleted", STR_ARG(p.name));
    if (uuid_eq(&id, &shared->owner))
        return err_set(err, ERR_CONFLICT, "the first person cannot be removed by others; they "
                                          "can delete what they own (DELETE /api/v1/account)");
    /* Nothing of theirs runs any more, then nothing of theirs is left. */
    if (shared->person_close)
        shared->person_close(shared->person_arg, &id);
    if (!access_person_remove(c->parts->access, &id, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

bool people_password(ApiCall *c, Err *err)
{
    const FieldValue *password = call_body(c, "password"), *old = call_body(c, "old_password");
    Uuid id;
    Person p;
    if (!needs_access(c, err) || !call_path_uuid(c, "id", "person", &id, err))
        return false;
    bool mine = uuid_eq(&id, c->owner);
    if (!mine && !is_admin(c))
        return err_set(err, ERR_NOT_FOUND, "there is no such person");
    if (!access_person(c->parts->access, &id, c->arena, &p, err))
        return false;
    /* A browser left open for a minute is not to be taken over for good. */
    if (mine && c->caller->kind == CALLER_SESSION && p.password.len &&
        !access_person_has_password(c->parts->access, &id, old->str, err))
        return false;
    if (password->is_null && uuid_eq(&id, &api_parts(c->api)->owner)) {
        Person *list;
        size_t n;
        if (!access_people(c->parts->access, c->arena, &list, &n, err))
            return false;
        if (n > 1)
            return err_set(err, ERR_CONFLICT, "while there are others, the first person needs a "
                                              "password");
    }
    if (!access_person_password(c->parts->access, &id,
                                password->is_null ? (Str){NULL, 0} : password->str,
                                mine ? &c->caller->credential : NULL, err))
        return false;
    c->x->resp.status = 204;
    return true;
}

/* ---- audit ---------------------------------------------------------------------------------- */

static void audit_members(JsonW *w, const AuditEntry *e)
{
    jw_kv_int(w, "no", (int64_t)e->no);
    kv_time(w, "at", e->at);
    if (uuid_is_nil(&e->person))
        jw_kv_null(w, "person");
    else
        kv_id(w, "person", &e->person);
    jw_kv_str(w, "who", e->who);
    jw_kv_str(w, "via", e->via);
    jw_kv_str(w, "address", e->address);
    jw_kv_str(w, "action", e->action);
    jw_kv_str(w, "object", e->object);
    jw_kv_int(w, "status", e->status);
}

bool audit_list(ApiCall *c, Err *err)
{
    const FieldValue *person = call_query(c, "person"), *before = call_query(c, "before"),
                     *since = call_query(c, "since");
    AuditQuery q = {.person = person->given ? &person->uuid : NULL,
                    .action = call_query(c, "q")->str,
                    .since = since->given ? since->i : 0,
                    .before = before->given ? (uint64_t)before->i : 0,
                    .limit = (size_t)call_query(c, "limit")->i};
    AuditEntry *list;
    size_t n;
    JsonW w;
    if (!needs_access(c, err))
        return false;
    access_tick(c->parts->access); /* what was noted a moment ago too */
    if (!store_audit_list(c->parts->store, &q, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "entries");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        audit_members(&w, &list[i]);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_key(&w, "next");
    if (n == q.limit)
        jw_int(&w, (int64_t)list[n - 1].no);
    else
        jw_null(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
