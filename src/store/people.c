/* people.c - checks what every back end would have to check, then calls through the table. */
#include "store/people.h"

#include "store/store_ops.h"

static bool name_ok(Str name)
{
    if (!name.len || name.len > PERSON_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '.' || c == '_' || c == '-';
        if (!fine)
            return false;
    }
    return true;
}

bool store_person_put(Store *s, const Person *p, Err *err)
{
    if (uuid_is_nil(&p->id) || !name_ok(p->name))
        return err_set(err, ERR_VALIDATION,
                       "a person's name is 1 to %u letters, digits, '.', '_' and '-'",
                       PERSON_NAME_MAX);
    if (p->password.len > STORE_MAX_WORD)
        return err_set(err, ERR_VALIDATION, "the hash of a password is too long");
    return s->ops->person_put(s, p, err);
}

bool store_person_list(Store *s, Arena *a, Person **out, size_t *n, Err *err)
{
    return s->ops->person_list(s, a, out, n, err);
}

bool store_person_remove(Store *s, const Uuid *person, Err *err)
{
    return s->ops->person_remove(s, person, err);
}

bool store_person_clear(Store *s, const Uuid *person, Err *err)
{
    return s->ops->person_clear(s, person, err);
}

bool store_credential_put(Store *s, const Credential *c, Err *err)
{
    if (uuid_is_nil(&c->id) || uuid_is_nil(&c->owner) || c->name.len > CREDENTIAL_NAME_MAX)
        return err_set(err, ERR_VALIDATION, "a token's name has at most %u bytes",
                       CREDENTIAL_NAME_MAX);
    return s->ops->credential_put(s, c, err);
}

bool store_credential_list(Store *s, Arena *a, Credential **out, size_t *n, Err *err)
{
    return s->ops->credential_list(s, a, out, n, err);
}

bool store_credential_delete(Store *s, const Uuid *ids, size_t n, Err *err)
{
    return n == 0 || s->ops->credential_delete(s, ids, n, err);
}

bool store_credential_used(Store *s, const Uuid *ids, const int64_t *at, size_t n, Err *err)
{
    return n == 0 || s->ops->credential_used(s, ids, at, n, err);
}

bool store_audit_add(Store *s, const AuditEntry *e, size_t n, int64_t keep_since, Err *err)
{
    return s->ops->audit_add(s, e, n, keep_since, err);
}

bool store_audit_list(Store *s, const AuditQuery *q, Arena *a, AuditEntry **out, size_t *n,
    Err *err)
{
    if (q->limit == 0 || q->limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "a page has 1 to %u entries", STORE_MAX_PAGE);
    return s->ops->audit_list(s, q, a, out, n, err);
}
