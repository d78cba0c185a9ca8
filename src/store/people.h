/* people.h - who has data here, what lets them in, and what they did.
 *
 *   Person      a name, whether they look after the others, the hash of a password
 *   Credential  a token or a session of one person: the SHA-256 of 256 random bits
 *   AuditEntry  who, when, from where, what, outcome
 *
 * A person's id is the owner that every other call of the store names. These calls alone are about
 * people as such: they are for whoever lets people in, never for a handler of somebody's data.
 * No secret is kept: of a token only its hash, of a password what net/password.h makes of it.
 *
 * Threads: as store.h. */
#ifndef SOTTO_STORE_PEOPLE_H
#define SOTTO_STORE_PEOPLE_H

#include "store/store.h"

#define PERSON_NAME_MAX 64u
#define CREDENTIAL_NAME_MAX 200u

typedef struct {
    Uuid id;
    Str name;           /* unique, ASCII case aside; letters, digits, '.', '_' and '-' */
    bool admin;
    Str password;       /* as password_hash made it; empty: cannot sign in with one */
    int64_t created_at;
} Person;

typedef enum { CREDENTIAL_TOKEN, CREDENTIAL_SESSION } CredentialKind;

typedef struct {
    Uuid id, owner;
    CredentialKind kind;
    Str name;           /* what it is for; of a session: where it began */
    Sha256 hash;
    unsigned scopes;
    int64_t created_at;
    int64_t expires_at; /* 0: never */
    int64_t used_at;    /* 0: never */
} Credential;

typedef struct {
    uint64_t no;        /* grows; set by the store */
    int64_t at;
    Uuid person;        /* nil: nobody who was known */
    Str who;            /* name then */
    Str via;            /* "session", "token backup", "this machine", ... */
    Str address;
    Str action;         /* "DELETE /api/v1/tasks/{id}", "sign in", ... */
    Str object;         /* the path, or what it was about */
    int status;         /* HTTP status of the outcome */
} AuditEntry;

typedef struct {
    const Uuid *person; /* NULL: everybody */
    Str action;         /* somewhere in action or object; empty: all */
    int64_t since;      /* 0: from the beginning */
    uint64_t before;    /* only numbers below it; 0: all */
    size_t limit;
} AuditQuery;

/* Makes or replaces the person with that id, and the owner. ERR_CONFLICT: another has the name. */
bool store_person_put(Store *s, const Person *p, Err *err);
bool store_person_list(Store *s, Arena *a, Person **out, size_t *n, Err *err);
/* The person, their credentials, and all that they own: documents, tasks, conversations, ...,
 * overwritten with zeros in the file; the index files too. Credentials go first; interrupted, it is
 * done again. From then on no call of the store can name that owner. The audit log stays.
 * ERR_NOT_FOUND. */
bool store_person_remove(Store *s, const Uuid *person, Err *err);

/* All that they own in the same way; the person, their credentials and password stay. What is held
 * in memory elsewhere (tasks, folders, conversations) is not told: the program begins anew then. */
bool store_person_clear(Store *s, const Uuid *person, Err *err);

/* Replaces the one with that id. ERR_NOT_FOUND: there is no such person. */
bool store_credential_put(Store *s, const Credential *c, Err *err);
bool store_credential_list(Store *s, Arena *a, Credential **out, size_t *n, Err *err);
bool store_credential_delete(Store *s, const Uuid *ids, size_t n, Err *err); /* absent is fine */
bool store_credential_used(Store *s, const Uuid *ids, const int64_t *at, size_t n, Err *err);

/* Appends, and forgets what happened before `keep_since`; one transaction. */
bool store_audit_add(Store *s, const AuditEntry *e, size_t n, int64_t keep_since, Err *err);
/* The latest first. */
bool store_audit_list(Store *s, const AuditQuery *q, Arena *a, AuditEntry **out, size_t *n,
    Err *err);

#endif
