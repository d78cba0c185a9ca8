/* access_int.h - what the files of access share. Internal to api/.
 * Threads: `lock` guards people, entries and the queue; `changes` is held by who changes the store,
 * so that memory and store change in the same order. Never `changes` inside `lock`. */
#ifndef SOTTO_API_ACCESS_INT_H
#define SOTTO_API_ACCESS_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "api/access.h"
#include "net/limiter.h"
#include "net/password.h"

#define PEOPLE_MAX 100000u
#define TOKENS_MAX 200u   /* of one person */
#define SESSIONS_MAX 100u /* of one person; the oldest gives way */
#define NOTES_MAX 8192u   /* that wait to be written */

typedef struct {
    Uuid id;
    char name[PERSON_NAME_MAX + 1];
    bool admin;
    char password[PASSWORD_TEXT]; /* as it is kept; "": none */
    int64_t created_at;
} AccessPerson;

typedef struct {
    Credential c; /* name points to `name` when it is given out */
    char name[CREDENTIAL_NAME_MAX + 1];
    bool used; /* used_at is newer than the store's */
    bool is_local; /* of the command line beside a running server: in memory only */
} AccessEntry;

typedef struct {
    int64_t at;
    Uuid person;
    int status;
    char who[PERSON_NAME_MAX + 1], via[48], address[48], action[112], object[200];
} AccessNote;

struct Access {
    AccessOptions o;
    pthread_mutex_t changes;
    pthread_mutex_t lock;
    AccessPerson *people;
    size_t n_people, cap_people;
    uint32_t *by_id; /* person + 1 by id; [by_id_size], a power of two; access_settle makes it */
    size_t by_id_size;
    AccessEntry *entries;
    size_t n_entries, cap_entries;
    uint32_t *table; /* entry + 1 by the first bytes of its hash; [table_size], a power of two */
    size_t table_size;
    atomic_bool must_sign_in;
    Limiter *limits;
    AccessNote *notes;
    size_t n_notes, cap_notes, dropped;
    uint64_t version; /* of a shared store's people, when access_refresh read them */
    int64_t looked_at; /* when expired ones were last looked for */
    void (*on_end)(void *arg, const Uuid *credentials, size_t n);
    void *on_end_arg;
};

enum { LIMIT_ADDRESS, LIMIT_CREDENTIAL, LIMIT_LOGIN_ADDRESS, LIMIT_LOGIN_NAME,
       LIMIT_NOTES };

/* Callers hold `lock`. */
AccessPerson *access_person_at(Access *x, const Uuid *id);
AccessPerson *access_person_named(Access *x, Str name);
/* One more, zeroed, that access_person_at finds after access_settle. */
AccessPerson *access_person_new(Access *x, Err *err);
/* c->name is copied. Several: `more` are still to come, and access_settle after the last. */
bool access_entry_add(Access *x, const Credential *c, bool more, Err *err);
/* Takes away those for which `which` says so; their ids into *ended (an array of `room`). */
size_t access_entries_drop(Access *x, bool (*which)(const AccessEntry *e, const void *arg),
    const void *arg, Uuid *ended, size_t room);
void access_settle(Access *x); /* the table and must_sign_in follow what changed */

void access_tell_ended(Access *x, const Uuid *ids, size_t n); /* without any lock */
bool access_new_secret(char out[ACCESS_SECRET_MAX], const char *prefix, Sha256 *hash, Err *err);
unsigned access_scopes_of(const AccessPerson *p, unsigned scopes); /* what that person can have */

/* access.c: counts that somebody met a limit of how often they may ask. */
void access_limit_met(const char *limit);

#endif
