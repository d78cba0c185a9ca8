/* qd.h - inside the Qdrant back end.
 *
 *   qd_http.c     requests: kept connections, time-outs, tries, the breaker, metrics
 *   qd_schema.c   the two collections: made when missing, checked when there
 *   qd_person.c   a person's working copy: opened, brought up to date, closed when unused
 *   qd_commit.c   what a write changed, as points, and the commit that makes them count
 *   qd_pack.c     old commits, put together
 *   qd_sync.c     other processes' commits into the working copy
 *   qd_scroll.c   points page by page
 *   qd_points.c   passages as points: vectors, payload
 *   qd_search.c   the two lists of a query
 *   qd_ops.c      the store's operations
 *   qdrant.c      opening and closing
 *
 * The truth. personal_state has a point a row and a point a commit. A row's point is written once
 * and never changed: its id is the UUIDv5 of person, table, key and transaction, and it counts when
 * the commit of its number names its transaction. A commit's id is the UUIDv5 of person and number,
 * it is inserted and never updated (update_mode "insert_only"): of two processes that want the same
 * number one wins, and the other reads what it missed and does its write again. Rows that a commit
 * replaced or removed are deleted after it; what a crash leaves of them is told from the truth by
 * the numbers, and is deleted by whoever reads it next. personal_knowledge has a point a passage.
 *
 * Threads: as store.h; the rest says so itself. */
#ifndef SOTTO_STORE_QDRANT_QD_H
#define SOTTO_STORE_QDRANT_QD_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/json.h"
#include "store/qdrant.h"
#include "store/sqlite/sq_replica.h"

#define QD_BATCH 256u          /* points of one request, at most */
#define QD_BATCH_BYTES ((size_t)4 << 20) /* or so many bytes */
#define QD_PAGE 512u           /* points of one page of a scroll, at most, */
#define QD_PAGE_BYTES ((size_t)4 << 20) /* fewer when they are large */
#define QD_DEFAULT_TIMEOUT_MS 10000u

/* ---- requests (qd_http.c) ------------------------------------------------------------------- */

typedef struct QdHttp QdHttp;
QdHttp *qd_http_new(const QdrantOptions *o, Err *err);
void qd_http_free(QdHttp *h);
/* One request, tried again while that is harmless (everything asked here is) and worth it. *out is
 * the whole answer (json_free), NULL allowed when it is not wanted. `status` NULL: anything but 2xx
 * is an error; else 404 and 409 are given back in it. ERR_UNAVAILABLE: not now (away, slow, busy,
 * broken answers); ERR_FORBIDDEN: the key; ERR_INTERNAL: the server finds the request wrong. */
bool qd_http_call(QdHttp *h, const char *method, Str path, Str body, Json **out, int *status,
    Err *err);
/* The same for an answer that is read without a tree: `read` is given its text, again for another
 * try when it found it broken (ERR_UNAVAILABLE). */
typedef bool (*QdReadFn)(void *arg, Str answer, Err *err);
bool qd_http_read(QdHttp *h, const char *method, Str path, Str body, QdReadFn read, void *arg,
    Err *err);
bool qd_http_ready(QdHttp *h, Err *err); /* GET /readyz, once */
const char *qd_http_host(const QdHttp *h);
size_t qd_http_size(void); /* of the calling thread's last answer */

/* ---- the store ------------------------------------------------------------------------------ */

typedef struct QdPerson QdPerson;
typedef struct {
    Store base;
    QdHttp *http;
    char *dir, *model, *prefix;
    unsigned shards, replicas, context_weight;
    OsLock *lock;
    bool private_copies;         /* the folder goes when the store is closed */
    pthread_mutex_t schema_lock;
    atomic_bool schema_ok;
    pthread_mutex_t lock_people;
    pthread_cond_t closed;       /* a working copy was closed or given back */
    QdPerson *people;
    size_t n_open;
    pthread_mutex_t change_lock;
    StoreNewsFn news_fn;         /* with change_lock */
    void *news_arg;
    StoreChangeFn change_fn;
    void *change_arg;
    pthread_t watcher;           /* asks for others' commits */
    bool watching, stop;
    pthread_mutex_t watch_lock;
    pthread_cond_t watch_wake;
    Metric *commits, *conflicts, *synced;
    pthread_mutex_t wakes_lock;  /* of the rest: qd_wakes.c */
    Arena *wakes_arena;
    StoreWake *wakes;
    size_t n_wakes;
    uint64_t wakes_ns;
} Qd;

static inline Qd *qd_of(Store *s) { return (Qd *)s; }

/* "/collections/PREFIX{knowledge,state}" and what follows. */
void qd_path(const Qd *q, Buf *out, bool knowledge, const char *rest);
/* The same in one: a body in, an answer out. */
bool qd_ask(Qd *q, const char *method, bool knowledge, const char *rest, Str body, Json **out,
    Err *err);
/* Both collections are there and of the right kind; made when missing. */
bool qd_schema(Qd *q, Err *err);

/* ---- people (qd_person.c) ------------------------------------------------------------------- */

/* Those whose rows belong to nobody in particular (people, credentials, the audit log). */
extern const Uuid QD_SYSTEM;

struct QdPerson {
    Qd *q;
    Uuid id;
    char text[UUID_TEXT];
    Store *local;                /* NULL: closed */
    unsigned users;              /* calls that have it */
    uint64_t used_ns;
    atomic_bool stale;           /* a commit of another process was in the way */
    pthread_mutex_t sync_lock;
    atomic_bool gone;            /* the person was removed: nothing is written any more, */
    atomic_bool had_data;        /* and what the copy has is not shown */
    QdPerson *next;
};

/* Opens the working copy when it is not; with `fresh` brings it up to date. Give it back. */
QdPerson *qd_person_take(Qd *q, const Uuid *owner, bool fresh, Err *err);
void qd_person_give(QdPerson *p);
bool qd_person_refresh(QdPerson *p, Err *err); /* what `fresh` does */
/* Closes all that nobody uses, and waits for the others when `wait`. */
void qd_people_close(Qd *q);
/* Forgets the working copy of one who was removed. */
void qd_person_drop(Qd *q, const Uuid *owner);

bool qd_point_id(const QdPerson *p, Str name, Uuid *out, Err *err); /* UUIDv5 under the person */
bool qd_commit_id(const QdPerson *p, uint64_t seq, Uuid *out, Err *err);
bool qd_row_id(const QdPerson *p, Str table, Str key, const Uuid *txn, Uuid *out, Err *err);
bool qd_passage_id(const QdPerson *p, const Uuid *chunk, Uuid *out, Err *err);

/* ---- commits (qd_commit.c, qd_points.c) ----------------------------------------------------- */

bool qd_send(void *person, const SqChange *c, Err *err);
/* The last commit there will be: the person is removed. */
bool qd_commit_removal(QdPerson *p, Err *err);
/* A point of personal_state that is inserted if it is not there, and never changed: what is written
 * between the two goes into its payload. */
void qd_insert_begin(JsonW *w, Buf *b, const QdPerson *p, const Uuid *id, const char *kind);
bool qd_insert(JsonW *w, Buf *b, const QdPerson *p, Err *err);
/* Whether a commit of that number exists; *txn its transaction. */
bool qd_commit_get(QdPerson *p, uint64_t seq, bool *found, Uuid *txn, Err *err);
/* Passages that came, as points: before the commit. */
bool qd_points_put(QdPerson *p, const SqChange *c, Err *err);
/* Facts that changed, passages that went: after it. */
bool qd_points_follow(QdPerson *p, const SqChange *c, Err *err);
/* Deletes points by id. */
bool qd_delete_ids(Qd *q, bool knowledge, const Uuid *ids, size_t n, Err *err);
bool qd_delete_where(Qd *q, bool knowledge, Str filter, Err *err);

/* ---- old commits (qd_pack.c) ---------------------------------------------------------------- */

uint64_t qd_pack_of(uint64_t seq); /* the number of the pack that a commit's number is for */
bool qd_pack_id(const QdPerson *p, uint64_t pack, Uuid *out, Err *err);
/* Of a pack's payload: the transaction of a commit in it; the numbers it is for. */
bool qd_pack_txn(const Json *payload, uint64_t seq, Uuid *txn);
bool qd_pack_range(const Json *payload, uint64_t *first, uint64_t *last);
/* After a commit: packs what is old, now and then. */
bool qd_pack(QdPerson *p, const SqChange *c, Err *err);
/* Tests only, all processes alike: commits of a pack, and how many stay outside of packs. */
void qd_test_pack(unsigned size, unsigned keep);

/* ---- catching up (qd_sync.c) ---------------------------------------------------------------- */

bool qd_sync(QdPerson *p, Err *err);
/* Whether there is a commit (or a pack with it) after what the working copy has. */
bool qd_behind(QdPerson *p, bool *behind, Err *err);

/* ---- pages of points (qd_scroll.c) ----------------------------------------------------------- */

typedef bool (*QdPointFn)(void *arg, const Json *point, Err *err);
typedef struct {
    Str filter;          /* of personal_state; a JSON object */
    const char *payload; /* what of it, in JSON: true, or a list of keys */
    size_t *page;        /* points of the first page, then of the next; NULL: QD_PAGE */
} QdScroll;
/* All points there are, as a majority of the replicas has them, until fn fails. */
bool qd_scroll(Qd *q, const QdScroll *s, QdPointFn fn, void *arg, Err *err);

/* ---- JSON ----------------------------------------------------------------------------------- */

void qd_json_uuid(JsonW *w, const char *key, const Uuid *id);
/* {"key": K, "match": {"value": V}} */
void qd_json_match(JsonW *w, const char *key, Str value);

void qd_rest(Store *s, const Uuid *owner);
bool qd_backup(Store *s, const char *path, Err *err);
bool qd_wakes(Store *s, int64_t until, Arena *a, StoreWake **out, size_t *n, Err *err);
bool qd_candidates(Store *s, const Uuid *owner, const CandidateQuery *q, Arena *a, Candidates *out,
    Err *err);


#endif
