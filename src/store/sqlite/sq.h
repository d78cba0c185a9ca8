/* sq.h - inside the SQLite back end: connections, statements, the writer, owners.
 *
 *   store.c -> sq_ops -> reads: a pooled read connection, one snapshot a call
 *                     -> writes: a request to the writer thread (writer.c), which groups them into
 *                        one transaction and one sync, updates the indexes, then wakes the callers
 *
 * One connection writes and checkpoints. SQLite before 3.51.3 has a rare race in which a WAL that
 * is reset while another connection writes or checkpoints loses transactions; with one such
 * connection it cannot happen, and the lock file keeps a second process out. Readers are opened
 * read-only and never checkpoint, not even when they close.
 *
 * Threads: a SqConn belongs to whoever took it from the pool; the rest says so itself. */
#ifndef SOTTO_STORE_SQLITE_SQ_H
#define SOTTO_STORE_SQLITE_SQ_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "base/os.h"
#include "store/store_ops.h"

#define SQ_APPLICATION_ID 0x536F7474 /* "Sott" */
#define SQ_TEXT_PART 32768           /* also in schema.sql */
#define SQ_ORIGINAL_PART 262144
#define SQ_PARTS 65536               /* of a document at most, by its limits; also in schema.sql */
#define SQ_PART_KEY(doc_no, n) ((int64_t)(doc_no) * SQ_PARTS + (int64_t)(n))
#define SQ_STMTS 256                 /* slots for prepared statements of a connection */
#define SQ_READERS 8
#define SQ_GROUP_MAX 64              /* writes in one transaction */

typedef struct SqTok SqTok;
typedef struct SqIndex SqIndex;
typedef struct SqNear SqNear;
typedef struct Sqlite Sqlite;
struct SqReplica;

/* ---- connections and statements (conn.c) ---------------------------------------------------- */

typedef struct SqConn {
    sqlite3 *db;
    struct {
        const char *sql; /* address of the text is the key */
        sqlite3_stmt *st;
    } stmts[SQ_STMTS];
    SqTok *tok;          /* made when first needed */
    struct {
        Uuid uuid;
        int64_t owner_no, doc_no, sketch_no; /* 0: none */
        uint8_t sketch[STORE_SKETCH_BYTES];
    } last;              /* the document that sq_document_get read last in this snapshot */
    uint64_t near_loads; /* near.c: its list has all of this snapshot; 0: it may not */
    struct SqConn *next;
} SqConn;

typedef enum { SQ_WRITER, SQ_READER, SQ_IMMUTABLE, SQ_MEMORY } SqRole; /* the last: of no file */
SqConn *sq_conn_open(const char *path, SqRole role, Err *err);
void sq_conn_close(SqConn *c);
/* Says in a person's words what SQLite's `rc` means; false. */
bool sq_fail(SqConn *c, int rc, const char *what, Err *err);
bool sq_exec(SqConn *c, const char *sql, const char *what, Err *err);

/* A statement being bound and stepped. `sql` is a constant: its address finds the prepared
 * statement again. Binders fill parameters from left to right; a binder that fails is reported by
 * sq_step. */
typedef struct {
    SqConn *c;
    sqlite3_stmt *st;
    int at, rc;
    bool own; /* not cached: finalised by sq_end */
} Sq;
bool sq_begin(Sq *q, SqConn *c, const char *sql, Err *err);
bool sq_begin_once(Sq *q, SqConn *c, Str sql, Err *err); /* text made for one use */
void sq_i64(Sq *q, int64_t v);
void sq_real(Sq *q, double v);
void sq_text(Sq *q, Str s);         /* borrowed until sq_end; ptr NULL binds NULL */
void sq_blob(Sq *q, const void *p, size_t n); /* likewise */
int sq_step(Sq *q, Err *err);       /* 1 a row, 0 no more, -1 failed */
void sq_end(Sq *q);                 /* also after a failed sq_begin */
bool sq_run(Sq *q, Err *err);       /* steps to the end, then sq_end */
int64_t sq_col_i64(Sq *q, int i);
double sq_col_real(Sq *q, int i);
Str sq_col_str(Sq *q, int i);       /* borrowed until the next step; ptr NULL for NULL */
bool sq_col_copy(Sq *q, int i, Arena *a, Str *out, Err *err);
bool sq_col_bytes(Sq *q, int i, void *out, size_t n, const char *what, Err *err); /* exactly n */
/* All rows of a bound statement, then sq_end: each by `read` into a zeroed element of `size` bytes.
 * *list (a T *) becomes an array in `a`, NULL for no rows, *n its elements; both are left alone on
 * failure. ERR_NO_MEMORY, and what `read` fails with. */
typedef bool (*SqReadFn)(Sq *q, Arena *a, void *row, Err *err);
bool sq_list(Sq *q, Arena *a, SqReadFn read, size_t size, void *list, size_t *n, Err *err);

/* ---- tokens (tokens.c) ---------------------------------------------------------------------- */

typedef bool (*SqTokenFn)(void *arg, Str token, size_t start, size_t end);
/* As chunk_fts does it: folded and stemmed; or, with `stem` false, folded only. */
bool sq_tokens(SqConn *c, Str text, bool stem, SqTokenFn fn, void *arg, Err *err);
void sq_tok_free(SqTok *t);

/* ---- owners (owners.c) ---------------------------------------------------------------------- */

typedef struct SqOwner {
    Uuid uuid;
    int64_t no;
    _Atomic uint64_t version;
    _Atomic uint64_t plans; /* the same for what concerns tasks and calendars */
    pthread_rwlock_t in_use; /* searches hold it; who closes the index takes it (writer thread) */
    _Atomic(SqIndex *) index; /* NULL: not needed yet (sq_index_of) */
    bool gone;              /* removed while open; the struct stays. Under owners_lock */
    struct SqOwner *next, *same; /* all; those of one bucket, under owners_lock */
} SqOwner;
SqOwner *sq_owner(Sqlite *s, const Uuid *uuid); /* NULL: not there, or gone */
/* No call can name that owner any more. */
void sq_owner_gone(Sqlite *s, SqOwner *o);
/* As sq_owner, but makes it, with its index, in the writer thread. ERR_NOT_FOUND for one that is
 * gone. */
SqOwner *sq_owner_make(Sqlite *s, const Uuid *uuid, Err *err);
bool sq_owners_load(Sqlite *s, Err *err);       /* all; with their indexes when they are few */
void sq_owners_free(Sqlite *s);

/* ---- the writer (writer.c) ------------------------------------------------------------------ */

/* What a committed write changed in the index: passages gone, then passages come. */
typedef struct {
    uint64_t doc_no;
    uint64_t gone_first, gone_last; /* chunk numbers; first 0: none */
    uint64_t come_first;            /* of n_come passages */
    size_t n_come;
    const ChunkNew *chunks;
    const struct SqTerms *terms;    /* [n_come] */
    uint64_t seq;                   /* 0: the index is not touched */
    bool no_vectors;                /* made by another encoder than the store's */
} SqDelta;

/* A part that went with the document it came in. */
typedef struct {
    SqDelta delta;
    Uuid document;
} SqGone;

typedef struct SqWrite SqWrite;
struct SqWrite {
    /* Runs in a savepoint on s->writer.conn; may run again in another transaction, so it begins by
     * setting its results anew. */
    bool (*apply)(Sqlite *s, SqWrite *w, Err *err);
    /* Runs after the commit and the index update, before the caller wakes; may be NULL. */
    void (*after)(Sqlite *s, SqWrite *w);
    /* Instead of both: runs outside a transaction, alone (checks, repairs). */
    bool (*alone)(Sqlite *s, SqWrite *w, Err *err);
    SqOwner *owner;      /* whose version grows; NULL: nobody's */
    SqDelta delta;
    bool answers;        /* could change an answer: the version grows */
    bool plans;          /* tasks, calendars, decisions about commitments: so does plans */
    bool frees;          /* a deletion: worth giving up cache files for when the disk is full */
    bool notify;
    ChangeKind change;
    Uuid document;
    SqGone *gone;        /* [n_gone], before delta in the log; freed by sq_write */
    size_t n_gone, cap_gone;
    /* the writer's own */
    Err err;
    bool ok, done;
    SqWrite *next;
};
bool sq_write(Sqlite *s, SqWrite *w, Err *err); /* blocks until durable */
bool sq_writer_start(Sqlite *s, Err *err);
void sq_writer_stop(Sqlite *s);

typedef struct {
    SqConn *conn;
    pthread_t thread;
    bool running, stop;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    SqWrite *head, **tail;
    uint64_t next_chunk, next_doc, seq; /* writer thread only, after open */
    int wal_frames;
    bool shaken;                        /* the connection is to be replaced */
    atomic_int failed;                  /* ErrCode of the last transaction; 0: it went well */
    uint64_t dirty_since_ns;            /* caches differ from their files; 0: they do not */
    Metric *groups, *writes, *commit_seconds;
} SqWriter;

/* ---- the store ------------------------------------------------------------------------------ */

struct Sqlite {
    Store base;
    char *dir, *path, *model; /* model: "" when none was named */
    bool read_only;
    unsigned context_weight;
    bool lean;
    OsLock *lock;
    SqWriter writer;
    pthread_mutex_t pool_lock;
    pthread_cond_t pool_free;
    SqConn *pool;
    unsigned pool_made;
    SqRole reader_role;
    pthread_mutex_t owners_lock;
    SqOwner *owners;
    SqOwner **buckets;                  /* [n_buckets] by uuid; a power of two */
    size_t n_owners, n_buckets;
    pthread_mutex_t refresh_lock;       /* read_only: one at a time catches up */
    int64_t seen_version;               /* read_only: PRAGMA data_version of watch */
    SqConn *watch;
    pthread_mutex_t change_lock;
    StoreNewsFn news_fn; /* with change_lock */
    void *news_arg;
    StoreChangeFn change_fn;
    void *change_arg;
    SqNear *near;
    struct SqReplica *replica;          /* NULL: this file is the truth (sq_replica.h) */
};

static inline Sqlite *sq_of(Store *s) { return (Sqlite *)s; }

/* Waits for a read connection; begins a snapshot, so that several statements see one state. */
SqConn *sq_read_begin(Sqlite *s, Err *err);
void sq_read_end(Sqlite *s, SqConn *c);
/* A connection without a snapshot, for the tokenizer. */
SqConn *sq_conn_take(Sqlite *s, Err *err);
void sq_conn_give(Sqlite *s, SqConn *c);

/* ---- schema (migrate.c) --------------------------------------------------------------------- */

typedef struct {
    const char *sql; /* brings version i to version i + 1 */
} SqMigration;
extern const SqMigration SQ_MIGRATIONS[];
extern const int SQ_SCHEMA_VERSION;
/* Brings the file to version `n`; each step is one transaction. ERR_CONFLICT for a newer file,
 * ERR_CORRUPT for one that is not ours. */
bool sq_migrate(SqConn *c, const SqMigration *steps, int n, Err *err);
bool sq_schema_version(SqConn *c, int *version, Err *err);
bool sq_schema_known(SqConn *c, int *version, Err *err); /* and it is one that has been */
bool sq_meta_get(SqConn *c, Str key, Arena *a, Str *out, Err *err); /* absent: ptr NULL */
bool sq_meta_put(SqConn *c, Str key, Str value, Err *err);

uint64_t sq_free_bytes(const char *dir); /* of its file system, for us; backup.c */

/* ---- documents (documents.c, filter.c) ------------------------------------------------------ */

/* Columns of documents in the order sq_document_read expects, without a table name. */
#define SQ_DOC_COLUMNS \
    "d.doc_no, d.uuid, d.hash, d.title, d.source, d.file_type, d.media_type, d.filename, " \
    "d.summary, d.importance, d.extra_json, d.bytes, d.pages, d.n_chunks, d.created_at, " \
    "d.updated_at, d.text_bytes, d.author, d.language, d.about"
#define SQ_DOC_NCOLUMNS 20
bool sq_document_read(Sq *q, bool with_content, Arena *a, Document *out, Err *err);
/* Bytes [from, to) of a document's text. */
bool sq_text_read(SqConn *c, int64_t doc_no, uint64_t from, uint64_t to, Arena *a, Str *out,
    Err *err);
/* Title, source and filename, folded, between spaces. */
bool sq_names_fold(SqConn *c, Str title, Str source, Str filename, Buf *out, Err *err);

/* A WHERE clause and its parameters: what DocFilter means in SQL, over documents AS d. */
typedef struct {
    Buf sql;
    struct {
        char kind; /* 'i', 't' or 'b' */
        int64_t i;
        Str s;
    } *args;
    size_t n, cap;
    Arena *a;
} SqWhere;
bool sq_where(SqConn *c, int64_t owner_no, const DocFilter *f, Arena *a, SqWhere *out, Err *err);
void sq_where_bind(const SqWhere *w, Sq *q);
void sq_where_release(SqWhere *w);
/* One parameter more, in the order of the question marks. */
void sq_where_i64(SqWhere *w, int64_t v);
void sq_where_text(SqWhere *w, Str s); /* borrowed until it is bound */
void sq_where_blob(SqWhere *w, Str bytes);

/* ---- one owner's rows (owners.c) ------------------------------------------------------------ */

/* A read whose statement has the owner as its first parameter, bound already; what else it has is
 * bound to q, then sq_owned_list ends it. */
typedef struct {
    Sqlite *s;
    SqConn *c;
    Sq q;
    int64_t owner_no;
    bool nobody; /* there is no such owner, who so has no rows; nothing was begun */
} SqOwned;
bool sq_owned_begin(SqOwned *r, Store *store, const Uuid *owner, const char *sql, Err *err);
/* As sq_list. */
bool sq_owned_list(SqOwned *r, Arena *a, SqReadFn read, size_t size, void *list, size_t *n,
    Err *err);
/* The one row that the statement finds: 1 read, 0 not there (nor is such an owner's anything), -1
 * failed. The n bytes of `key` are its second parameter. */
int sq_owned_by(Store *store, const Uuid *owner, const char *sql, const void *key, size_t n,
    SqReadFn read, Arena *a, void *row, Err *err);
static inline int sq_owned_one(Store *store, const Uuid *owner, const char *sql, const Uuid *id,
    SqReadFn read, Arena *a, void *row, Err *err)
{
    return sq_owned_by(store, owner, sql, id->b, sizeof id->b, read, a, row, err);
}

/* ---- lists page by page (page.c) ------------------------------------------------------------ */

typedef enum { SQ_SORT_INT, SQ_SORT_REAL, SQ_SORT_TEXT } SqSortKind;
typedef struct {
    const char *key; /* SQL, never NULL */
    SqSortKind kind;
    bool down;
} SqSort;

/* What there are pages of; a constant. */
typedef struct {
    const char *table, *columns; /* "tasks t"; the first column is `no` */
    int n_columns;
    const char *no; /* "t.task_no": breaks ties */
    size_t text_max; /* bytes of a text key */
    const SqSort *sorts;
    int n_sorts;
    SqReadFn read;
    size_t size; /* of a row */
} SqPaged;

typedef struct {
    bool given;
    int64_t no, i;
    double r;
    Str t;
} SqCursor;

typedef struct {
    void *items; /* in the arena; never NULL */
    size_t n;
    uint64_t total;
    Str next_cursor; /* ptr NULL on the last page */
} SqPage;

/* ERR_VALIDATION: no such sort, or a cursor of another list or sort. */
bool sq_cursor_parse(const SqPaged *p, Str text, int sort, Arena *a, SqCursor *out, Err *err);
bool sq_page(SqConn *c, const SqPaged *p, const SqWhere *w, int sort, size_t limit,
    const SqCursor *from, Arena *a, SqPage *out, Err *err);

SqNear *sq_near_new(void); /* near.c */
void sq_near_free(SqNear *near);
/* ---- parts (parts.c), on the writer's connection inside a request --------------------------- */

/* Takes away what the document holds, and the parts that nobody else holds (into w->gone). To be
 * called before the document's own entry in the change log. */
bool sq_parts_release(Sqlite *s, SqWrite *w, int64_t doc_no, Err *err);
/* One more holder; with `only_parts` only of what is a part already. parent NULL: by itself. */
bool sq_parts_link(SqConn *c, int64_t owner_no, int64_t part_no, const Uuid *parent,
    bool only_parts, Err *err);
/* ---- the ledger's rows (ledger.c); in the writer's transaction ------------------------------ */

bool sq_ledger_write(SqConn *c, int64_t owner_no, const LedgerEntry *e, Err *err);
/* sq_ledger_write, and what its file's document before was: when a folder had offered it and no
 * other file has it, it goes (with `may_remove`: the request changes no other document); else it
 * goes on under another file's name. */
bool sq_ledger_supersede(Sqlite *s, SqWrite *w, const LedgerEntry *e, bool may_remove, Err *err);
/* Every entry that names the document becomes DELETED. */
bool sq_ledger_forget(SqConn *c, int64_t owner_no, const Uuid *document, Str reason, Err *err);
/* A document out, with its rows; what the index needs to know is left in *w. */
bool sq_document_remove(Sqlite *s, SqWrite *w, const Uuid *id, Err *err);

/* ---- the operations ------------------------------------------------------------------------- */

bool sq_document_put(Store *, const Uuid *, const DocumentPut *, PutOutcome *, Uuid *, Err *);
bool sq_document_get(Store *, const Uuid *, const Uuid *, bool, Arena *, Document *, Err *);
bool sq_document_by_hash(Store *, const Uuid *, const Sha256 *, Uuid *, Err *);
bool sq_document_list(Store *, const Uuid *, const DocFilter *, DocSort, size_t, Str, Arena *,
    DocPage *, Err *);
bool sq_document_patch(Store *, const Uuid *, const Uuid *, const DocPatch *, Err *);
bool sq_document_delete(Store *, const Uuid *, const Uuid *, Err *);
bool sq_part_hold(Store *, const Uuid *, const Uuid *, const Uuid *, Err *);
bool sq_original(Store *, const Uuid *, const Uuid *, uint64_t, size_t, Arena *, Str *, uint64_t *,
    Err *);
bool sq_candidates(Store *, const Uuid *, const CandidateQuery *, Arena *, Candidates *, Err *);
bool sq_chunks_get(Store *, const Uuid *, const uint64_t *, size_t, Arena *, Chunk *, Err *);
bool sq_documents_get(Store *, const Uuid *, const uint64_t *, size_t, bool, Arena *, Document *,
    Err *);
bool sq_chunk_by_id(Store *, const Uuid *, const Uuid *, Arena *, Chunk *, Uuid *, Err *);
bool sq_tokenize(Store *, Str, SqTokenFn, void *, Err *);
bool sq_suggest(Store *, const Uuid *, Str, size_t, Arena *, Str *, size_t *, Err *);
uint64_t sq_version(Store *, const Uuid *);
void sq_read_hold(Store *);
void sq_read_release(Store *);
bool sq_near_documents(Store *, const Uuid *, const Uuid *, double, size_t, Arena *,
    NearDocument **, size_t *, Err *);
bool sq_near_groups(Store *, const Uuid *, double, size_t, size_t, Arena *, NearPage *, Err *);
bool sq_ledger_put(Store *, const Uuid *, const LedgerEntry *, Err *);
bool sq_ledger_get(Store *, const Uuid *, Str, Arena *, LedgerEntry *, Err *);
bool sq_ledger_list(Store *, const Uuid *, const LedgerQuery *, Arena *, LedgerPage *, Err *);
bool sq_ledger_put_many(Store *, const Uuid *, const LedgerEntry *, size_t, Err *);
bool sq_ledger_each(Store *, const Uuid *, Str, bool (*)(void *, const LedgerEntry *), void *,
    Err *);
bool sq_file_gone(Store *, const Uuid *, Str, bool, Str, FileGone *, Err *);
bool sq_file_moved(Store *, const Uuid *, Str, const LedgerEntry *, Str, Err *);
bool sq_ledger_by_file(Store *, const Uuid *, uint64_t, int64_t, uint64_t, Arena *, LedgerEntry *,
    Err *);
bool sq_document_sources(Store *, const Uuid *, const Uuid *, uint64_t *, Err *);
bool sq_folder_put(Store *, const Uuid *, const Folder *, Err *);
bool sq_folder_list(Store *, const Uuid *, Arena *, Folder **, size_t *, Err *);
bool sq_folder_delete(Store *, const Uuid *, const Uuid *, Err *);
bool sq_stats(Store *, const Uuid *, Arena *, StoreStats *, Err *);
bool sq_check(Store *, bool, Buf *, Err *);
bool sq_backup(Store *, const char *, Err *);
bool sq_ready(Store *, Err *);
/* tasks.c, task_undo.c, task_list.c, deliveries.c */
bool sq_task_change(Store *, const Uuid *, const TaskChange *, Uuid *, Err *);
bool sq_task_undo(Store *, const Uuid *, const Uuid *, Arena *, TaskChangeInfo *, Err *);
bool sq_task_changes(Store *, const Uuid *, size_t, Arena *, TaskChangeInfo **, size_t *, Err *);
bool sq_task_get(Store *, const Uuid *, const Uuid *, Arena *, Task *, Err *);
bool sq_task_list(Store *, const Uuid *, const TaskFilter *, TaskSort, size_t, Str, Arena *,
    TaskPage *, Err *);
bool sq_task_counts(Store *, const Uuid *, uint64_t[TASK_CANCELLED + 1], Err *);
bool sq_task_next(Store *, const Uuid *, int64_t *, Err *);
bool sq_task_due(Store *, const Uuid *, int64_t, size_t, Arena *, Task **, size_t *, Err *);
bool sq_task_fire(Store *, const Uuid *, const TaskFiring *, size_t, int64_t, Arena *, Delivery **,
    size_t *, Err *);
bool sq_delivery_unsent(Store *, const Uuid *, size_t, Arena *, Delivery **, size_t *, Err *);
bool sq_delivery_sent(Store *, const Uuid *, const Uuid *, size_t, int64_t, Err *);
bool sq_delivery_waiting(Store *, const Uuid *, size_t, Arena *, Delivery **, size_t *, Err *);
bool sq_delivery_get(Store *, const Uuid *, const Uuid *, Delivery *, Err *);
bool sq_delivery_ack(Store *, const Uuid *, const Uuid *, size_t, int64_t, bool *, Err *);
/* commitments.c */
bool sq_commitment_list(Store *, const Uuid *, const CommitmentQuery *, Arena *,
    StoredCommitment **, size_t *, uint64_t *, Err *);
bool sq_commitment_get(Store *, const Uuid *, const Uuid *, Arena *, StoredCommitment *, Err *);
bool sq_commitment_decide(Store *, const Uuid *, const Uuid *, CommitmentState, const Uuid *,
    Err *);
/* talk.c, facts.c */
bool sq_talk_turn(Store *, const Uuid *, const TalkTurn *, Err *);
bool sq_talk_session(Store *, const Uuid *, const Uuid *, Arena *, TalkSession *, Err *);
bool sq_talk_sessions(Store *, const Uuid *, Str, size_t, Str, Arena *, TalkSessionPage *, Err *);
bool sq_talk_messages(Store *, const Uuid *, const Uuid *, size_t, Str, Arena *, TalkMessagePage *,
    Err *);
bool sq_talk_find(Store *, const Uuid *, const TalkMessage *, size_t, Uuid *, bool *, Err *);
bool sq_talk_retitle(Store *, const Uuid *, const Uuid *, Str, int64_t, Err *);
bool sq_talk_delete(Store *, const Uuid *, const Uuid *, Err *);
bool sq_talk_bin(Store *, const Uuid *, const Uuid *, int64_t, Err *);
bool sq_talk_restore(Store *, const Uuid *, const Uuid *, int64_t, Err *);
/* Within a write: what was deleted more than TALK_BIN_MS before `at` is gone. */
bool sq_talk_empty_bin(SqConn *c, int64_t owner_no, int64_t at, Err *err);
bool sq_fact_put(Store *, const Uuid *, const Fact *, Uuid *, Err *);
bool sq_fact_get(Store *, const Uuid *, const Uuid *, Arena *, Fact *, Err *);
bool sq_fact_list(Store *, const Uuid *, const FactQuery *, Arena *, FactPage *, Err *);
bool sq_fact_delete(Store *, const Uuid *, const Uuid *, bool, Err *);
/* phrases.c, briefings.c */
bool sq_brief_documents(Store *, const Uuid *, int64_t, int64_t, Arena *, BriefDoc **, size_t *,
    uint64_t *, Err *);
bool sq_phrase_counts(Store *, const Uuid *, int64_t, int64_t, uint32_t, size_t, Arena *,
    PhraseCounts *, Err *);
bool sq_phrase_documents(Store *, const Uuid *, Str, int64_t, int64_t, size_t, Arena *, BriefDoc **,
    size_t *, Err *);
bool sq_document_vector(Store *, const Uuid *, const Uuid *, float[VINDEX_DIM], bool *, Err *);
uint64_t sq_plans_version(Store *, const Uuid *);
bool sq_briefing_put(Store *, const Uuid *, const StoredBriefing *, const int64_t *, Err *);
bool sq_briefing_list(Store *, const Uuid *, Str, size_t, size_t, Arena *, StoredBriefing **,
    size_t *, Err *);
bool sq_briefing_schedule(Store *, const Uuid *, Arena *, BriefingSchedule *, bool *, Err *);
bool sq_briefing_schedule_put(Store *, const Uuid *, const BriefingSchedule *, Err *);
/* interactions.c */
bool sq_interaction_put(Store *, const Uuid *, const StoredInteraction *, Err *);
bool sq_interaction_get(Store *, const Uuid *, const Uuid *, Arena *, StoredInteraction *, Err *);
bool sq_interaction_list(Store *, const Uuid *, size_t, Str, Arena *, InteractionPage *, Err *);
bool sq_interaction_delete(Store *, const Uuid *, const Uuid *, uint64_t *, Err *);
bool sq_tokens_add(Store *, const Uuid *, int64_t, int64_t, uint64_t *, Err *);
bool sq_tokens_used(Store *, const Uuid *, int64_t, uint64_t *, Err *);
bool sq_made_put(Store *, const Uuid *, const MadeText *, Err *);
bool sq_made_get(Store *, const Uuid *, const Sha256 *, Arena *, Str *, bool *, Err *);
/* cues.c */
bool sq_cues(Store *, const Uuid *, const Uuid *, uint32_t, uint32_t, Arena *, Cue **, size_t *,
    Err *);
bool sq_setting_list(Store *, const Uuid *, Arena *, StoredSetting **, size_t *, Err *);
bool sq_setting_put(Store *, const Uuid *, const StoredSetting *, size_t, Err *);
/* people.c, people_remove.c, audit.c */
bool sq_person_put(Store *, const Person *, Err *);
bool sq_person_list(Store *, Arena *, Person **, size_t *, Err *);
bool sq_person_remove(Store *, const Uuid *, Err *);
bool sq_person_clear(Store *, const Uuid *, Err *);
bool sq_credential_put(Store *, const Credential *, Err *);
bool sq_credential_list(Store *, Arena *, Credential **, size_t *, Err *);
bool sq_credential_delete(Store *, const Uuid *, size_t, Err *);
bool sq_credential_used(Store *, const Uuid *, const int64_t *, size_t, Err *);
bool sq_audit_add(Store *, const AuditEntry *, size_t, int64_t, Err *);
bool sq_wakes(Store *, int64_t, Arena *, StoreWake **, size_t *, Err *);
bool sq_audit_list(Store *, const AuditQuery *, Arena *, AuditEntry **, size_t *, Err *);

#endif
