/* access.h - who is asking, and what they may do.
 *
 *   Authorization: Bearer sotto_<64 hex>   or   Cookie: sotto_session=<64 hex>
 *        -> SHA-256 -> credentials in memory -> Caller {owner, scopes}
 *
 * Scopes. Every route needs some (access_route_scopes, from its method and flags): GET read, what
 * changes something read and write; hearing and speaking voice; people, the audit log and backups
 * admin; one's own tokens and password "account", which sessions have and tokens do not, so that a
 * stolen token cannot make another.
 *
 * The open door. While the server listens on loopback only, there is one person, and that person
 * has no password (setting `login` is auto), whoever asks without credentials is that person: one
 * needs no login on one's own machine. A token of ours that is wrong is refused there too; other
 * bearer strings (OpenAI's clients always send one) are not looked at.
 *
 * A wrong, expired or revoked token gets 401, one without the scope 403, and what belongs to
 * somebody else does not exist: 404, because the store knows each owner's rows only.
 *
 * All credentials are in memory: checking one needs no disk, so it is done on the loop thread. The
 * process that holds the data's lock is the only one that changes them.
 *
 * Threads: safe; access_check never blocks on disk, the calls marked "worker" do. */
#ifndef SOTTO_API_ACCESS_H
#define SOTTO_API_ACCESS_H

#include "net/http.h"
#include "store/people.h"

enum {
    SCOPE_READ = 1,
    SCOPE_WRITE = 2,
    SCOPE_VOICE = 4,
    SCOPE_ADMIN = 8,
    SCOPE_METRICS = 16,
    SCOPE_ACCOUNT = 32, /* sessions and the open door only */
    SCOPE_TOKENS = 31,  /* those that a token may have */
    SCOPE_PERSON = SCOPE_READ | SCOPE_WRITE | SCOPE_VOICE | SCOPE_ACCOUNT,
    SCOPE_ALL = 63
};

typedef enum { CALLER_NOBODY, CALLER_LOCAL, CALLER_TOKEN, CALLER_SESSION } CallerKind;

typedef struct {
    CallerKind kind;
    Uuid owner;      /* nil for CALLER_NOBODY */
    Uuid credential; /* of a token or session */
    unsigned scopes;
    int64_t expires_at;
    char who[PERSON_NAME_MAX + 1];
    char via[48];    /* for the audit log */
} Caller;

#define ACCESS_COOKIE "sotto_session"
#define ACCESS_TOKEN_PREFIX "sotto_"
#define ACCESS_SECRET_MAX 80 /* a token as text, with its NUL */

typedef enum { LOGIN_AUTO, LOGIN_ALWAYS } LoginRule;

typedef struct {
    Store *store;
    Uuid local;            /* the first person, who exists from the start */
    LoginRule login;
    bool reachable;        /* from other machines: then everybody must sign in */
    unsigned rate_address; /* requests a second from one address where all must sign in; 0: any */
    unsigned rate_token;   /* of one credential */
    unsigned session_days; /* 0: 30 */
    unsigned audit_days;   /* 0: 365 */
    unsigned people_max;   /* 0: PEOPLE_MAX */
} AccessOptions;

typedef struct Access Access;

/* Reads people and credentials. The local person is made when missing (not in a store that is
 * opened for reading). */
Access *access_new(const AccessOptions *o, Err *err);
void access_free(Access *x); /* writes what is still to be written; NULL is allowed */
/* Called when credentials end, with those credentials; on the thread that ended them. */
void access_on_end(Access *x, void (*fn)(void *arg, const Uuid *credentials, size_t n), void *arg);
/* From time to time, on a thread that may block: writes last uses and the audit log, ends what has
 * expired. */
void access_tick(Access *x);

/* What other processes changed, when the store is shared: people and credentials are as they are
 * there from now on. Not on the loop thread. */
#define ACCESS_NEWS_MAX 32
typedef struct {
    Uuid went[ACCESS_NEWS_MAX]; /* people; more of them the next time */
    size_t n_went;
} AccessNews;
bool access_refresh(Access *x, AccessNews *news, Err *err);

/* Whether everybody must sign in now. */
bool access_must_sign_in(const Access *x);
/* Whether anybody could: a password or a living token exists. */
bool access_can_sign_in(const Access *x);

/* Who sent the request. Nobody is a Caller too, without scopes. ERR_UNAUTHORIZED for a credential
 * that is none; ERR_RATE_LIMITED, *retry_s is then set. */
bool access_check(Access *x, const HttpRequest *req, Caller *out, unsigned *retry_s, Err *err);
/* The first person on their own machine, who may do everything. */
void access_local(Access *x, Caller *out);
/* One message of a WebSocket, as a request. ERR_RATE_LIMITED. */
bool access_message(Access *x, const Caller *c, Err *err);
/* There is a person of that id. Any thread. */
bool access_knows(Access *x, const Uuid *id);
/* Its credential has not ended. */
bool access_is_alive(Access *x, const Caller *c);
/* The scopes are there, or ERR_UNAUTHORIZED (nobody) or ERR_FORBIDDEN (not this caller). */
bool access_allows(const Caller *c, unsigned scopes, Err *err);
/* "read, write" into out. */
void access_scope_names(unsigned bits, Buf *out);
bool access_scope_parse(Str names, unsigned *out, Err *err); /* "read,write" */

/* ---- worker ---- */

/* A session for who has that name and password. The same work and the same answer for a name that
 * is not known. `secret` is the cookie's value. ERR_UNAUTHORIZED, ERR_RATE_LIMITED. */
bool access_sign_in(Access *x, Str name, Str password, const HttpRequest *from, Caller *out,
    char secret[ACCESS_SECRET_MAX], unsigned *retry_s, Err *err);
bool access_sign_out(Access *x, const Caller *c, Err *err);
/* A token for `owner`; it is said once. `scopes` of SCOPE_TOKENS; expires_at 0: never. */
bool access_token_add(Access *x, const Uuid *owner, Str name, unsigned scopes, int64_t expires_at,
    Credential *out, char secret[ACCESS_SECRET_MAX], Err *err);
/* ERR_NOT_FOUND also for another person's. */
bool access_token_revoke(Access *x, const Uuid *owner, const Uuid *id, Err *err);
/* Tokens and sessions of one person, or (NULL) of all; texts are copied into the arena. */
bool access_list(Access *x, const Uuid *owner, Arena *a, Credential **out, size_t *n, Err *err);
bool access_person(Access *x, const Uuid *id, Arena *a, Person *out, Err *err); /* as a list's */
bool access_people(Access *x, Arena *a, Person **out, size_t *n, Err *err);
bool access_person_add(Access *x, Str name, Str password, bool admin, Uuid *id, Err *err);
/* With password.ptr NULL it is taken away. Ends the person's sessions but for `keep` (NULL: all).
 */
bool access_person_password(Access *x, const Uuid *id, Str password, const Uuid *keep, Err *err);
bool access_person_has_password(Access *x, const Uuid *id, Str password, Err *err);
/* With all data. ERR_CONFLICT for the first person. */
bool access_person_remove(Access *x, const Uuid *id, Err *err);

/* A token in memory only, with which the command line asks a running server: whoever can read the
 * data folder may do everything with the first person's data anyway. */
bool access_local_key(Access *x, char secret[ACCESS_SECRET_MAX], Err *err);

/* Notes what somebody did; written soon, by access_tick. Any thread, no disk. `path` is cut and
 * never holds a query string. */
void access_note(Access *x, const Caller *c, const HttpRequest *req, Str action, Str object,
    int status);

#endif
