/* store.h - everything that is kept, behind one interface.
 *
 * The default back end is SQLite (store/sqlite); a Qdrant back end implements the same table of
 * operations. Callers see documents, chunks, candidates and the ledger, never rows or SQL.
 *
 * Owners. Every call names a person; a back end can reach no row without one.
 * Durability. A call that changes something returns true only when the change is synced to disk and
 * visible: a document is found the moment its put returned and gone the moment its delete did.
 * Ids. Documents and chunks have UUIDs outside; `doc_no` and `chunk_no` are a back end's own
 * numbers, valid within one process run and only between candidates and chunks_get.
 *
 * Threads: every call is safe from any thread, and blocks (disk): never call it on the loop thread.
 * What a call returns lives in the Arena that it was given. */
#ifndef SOTTO_STORE_STORE_H
#define SOTTO_STORE_STORE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/uuid.h"
#include "store/vindex.h"

typedef struct Store Store;

/* ---- documents ---------------------------------------------------------------------------- */

typedef struct {
    Uuid id;
    Str title;
    Str content;          /* extracted text; {NULL,0} unless asked for */
    Str source;           /* where it came from: a path, a URL, "upload", ... */
    Str file_type;        /* "text", "markdown", "html", "pdf", ... */
    Str media_type;       /* of the original bytes */
    Str filename;         /* of the original, without folders; may be empty */
    Str *tags;
    size_t n_tags;
    Str summary;          /* ptr NULL when there is none */
    double importance;    /* 0..1 */
    Str extra_json;       /* the client's own metadata: a JSON object, "{}" when none */
    Str author, language; /* empty when unknown; language is ISO 639 ("de") */
    Str about_json;       /* computed members of the metadata (dates, reasons): a JSON object */
    Sha256 hash;          /* of the original bytes: the document's identity for its owner */
    uint64_t bytes;       /* of the original */
    uint32_t pages;       /* 0 when the type has none */
    uint32_t n_chunks;
    int64_t created_at, updated_at; /* ms */
} Document;

/* A passage: document.content[start, end). `context` (title, headings) is indexed and embedded with
 * it and is not part of the text. */
typedef struct {
    uint32_t start, end;  /* byte offsets into content */
    uint32_t page;        /* from 1; 0 when there are no pages */
    Str context;
    VindexCode code;      /* the embedding of context + text */
} ChunkNew;

/* A sentence of the text that binds to a date (text/commitment.h; store/commitments.h). */
typedef struct {
    Uuid id;              /* the same for the same document and key */
    uint8_t key[16];      /* of its words and its date */
    int kind;
    uint32_t start, end;  /* byte offsets into content */
    int64_t due_at;
    bool timed;
    double strength;
} CommitmentNew;

/* A piece of a transcript's text and when it is said (store/cues.h). */
typedef struct {
    uint32_t start, end;  /* byte offsets into content */
    uint32_t start_ms, end_ms;
} Cue;

typedef struct {
    Document doc;         /* id, hash, created_at set by the caller; content holds the text */
    Str original;         /* the bytes as they came */
    const ChunkNew *chunks;
    size_t n_chunks;
    const char *model;    /* name of the encoder, kept with the document */
    const uint8_t *sketch; /* [STORE_SKETCH_BYTES], or NULL: never a near-duplicate (near.h) */
    const CommitmentNew *commitments;
    size_t n_commitments; /* at most 1000 */
    const Cue *cues;      /* of a recording: in order, none touching another */
    size_t n_cues;
    const Str *phrases;   /* what it is about, most telling first (store/briefing.h) */
    size_t n_phrases;     /* at most STORE_MAX_PHRASES */
    int64_t written_at;   /* the document's own date; 0: not known */
    const Uuid *parent;   /* the document it came in (an attachment's mail); NULL: by itself */
    /* Written in the same transaction, NULL: none. State, document and number of passages are
     * filled in: INDEXED, or DUPLICATE when another source has the same bytes already. */
    const struct LedgerEntry *ledger;
    /* Its parts are put after it: the entry is PENDING, with the document, until the caller enters
     * it again; a program that is killed in between knows what is missing. */
    bool unfinished;
} DocumentPut;

#define STORE_SKETCH_BYTES 64

typedef enum { PUT_CREATED, PUT_REPLACED, PUT_DUPLICATE } PutOutcome;

typedef struct {
    Str q;                /* words in title, source or filename; empty: all */
    const Str *tags;      /* all of them */
    size_t n_tags;
    const Str *sources;   /* any of them; a value ending in '*' is a prefix */
    size_t n_sources;
    const Str *types;     /* any of them */
    size_t n_types;
    const Str *languages; /* any of them */
    size_t n_languages;
    int64_t since, until; /* updated_at in [since, until); 0: open */
    const Uuid *ids;      /* any of them */
    size_t n_ids;
} DocFilter;

typedef enum { SORT_UPDATED_DESC, SORT_UPDATED_ASC, SORT_CREATED_DESC, SORT_CREATED_ASC,
    SORT_TITLE_ASC,
    SORT_IMPORTANCE_DESC } DocSort;

typedef struct {
    Document *items;
    size_t n;
    uint64_t total;       /* that match the filter, on all pages */
    Str next_cursor;      /* opaque; ptr NULL on the last page */
} DocPage;

/* Members that are NULL stay as they are. A title changes what is shown and listed; passages keep
 * the context they were indexed with (ingest puts the document again to change that too). */
typedef struct {
    const Str *title, *source, *summary, *extra_json; /* summary->ptr NULL: none */
    const Str *tags;
    size_t n_tags;
    bool set_tags;
    const double *importance;
    int64_t updated_at;
} DocPatch;

/* ---- search ------------------------------------------------------------------------------- */

typedef enum { KW_WORD, KW_PREFIX, KW_PHRASE } KwKind;
typedef struct {
    KwKind kind;
    Str text;             /* as typed; the store tokenises, folds and stems it as it did the text */
    bool required;        /* a candidate must have it (in chunk or context) */
    bool excluded;        /* a candidate must not have it */
    float weight;         /* multiplies its BM25 share; 1 normally */
} KwTerm;

typedef struct {
    const float *vector;  /* [384], unit length; NULL: keywords only */
    const KwTerm *terms;
    size_t n_terms;       /* 0: vectors only */
    const DocFilter *filter; /* NULL: all; exact */
    size_t k;             /* length of each of the two lists, at most 1000 */
    VindexMode mode;
    float k1, b;          /* of BM25; 0: 1.2 and 0.75 (a b of 0 is asked for with a negative one) */
} CandidateQuery;

typedef struct {
    uint64_t chunk_no, doc_no;
    float similarity;     /* cosine; set for every candidate when a vector was given, else -2 */
    float keyword;        /* BM25; 0 when no term is in it */
    float coverage;       /* the share of the query's idf mass (kw_idf) that it holds */
    uint32_t vector_rank, keyword_rank; /* from 1; 0: not in that list */
} Candidate;

/* The union of the two lists. The moments describe the whole distribution, so that a fusion can
 * judge how far the best stand out. */
typedef struct {
    Candidate *items;     /* no order */
    size_t n;
    size_t n_vector, n_keyword;
    float vec_mean, vec_std;   /* of all (or a sample of) allowed vectors' similarities */
    float kw_mean, kw_std;     /* of the BM25 scores of the keyword list */
    float kw_bound;            /* no chunk could have more for this query */
    /* Of the words and phrases asked for (prefixes aside): sum of weight * idf, and the largest
     * idf, over those that occur; sum of the weights of those that occur nowhere; passages there
     * are. */
    float kw_idf, kw_idf_max, kw_unknown;
    uint32_t n_passages;
} Candidates;

/* A stored passage, text included, as it is in the database now. */
typedef struct {
    Uuid id;
    uint64_t doc_no;
    uint32_t ordinal, start, end, page;
    Str text;             /* exactly content[start, end) */
    Str context;
} Chunk;

/* ---- near-duplicates ----------------------------------------------------------------------- */

/* Documents whose texts have much in common (store/near.h). */
typedef struct {
    Uuid id;
    Str title, source;
    int64_t created_at;
    double similarity;    /* 0..1: with the document asked for, or with its group's first */
} NearDocument;
typedef struct {
    NearDocument *documents; /* the oldest first */
    size_t n;
} NearGroup;
typedef struct {
    NearGroup *groups;    /* the largest first */
    size_t n, total;      /* total: of all pages */
} NearPage;
#define STORE_NEAR_LEAST 0.5 /* docs/INGEST.md has the measurement */

/* ---- ledger and folders ------------------------------------------------------------------- */

/* One entry for every file ever offered. PENDING waits to be read (it takes no place of INDEXED or
 * DUPLICATE), or, with a document, for the reading of that one's parts. DELETED: the document is
 * gone (the file's facts stay while the file is there, so that it is not read again by itself). */
typedef enum { LEDGER_PENDING, LEDGER_INDEXED, LEDGER_DUPLICATE, LEDGER_REFUSED, LEDGER_FAILED,
    LEDGER_DELETED } LedgerState;
typedef struct LedgerEntry {
    Str source;           /* key, with the owner: absolute path or upload name */
    LedgerState state;
    Str reason;           /* for REFUSED and FAILED: one sentence */
    Uuid document;        /* INDEXED, DUPLICATE; else nil, or the version before, which is kept */
    Str file_type;
    Sha256 hash;
    uint64_t bytes;
    int64_t mtime_ms;     /* of the file, 0 when unknown */
    uint32_t n_chunks;
    int64_t first_at, last_at;
    /* The watched folder that offered it. Nil: a person did, and no sync may take it away. An entry
     * that a person made stays a person's when a folder offers the file too. */
    Uuid folder;
    int64_t mtime_ns;     /* the same facts exactly; 0 when unknown */
    uint64_t device, inode;
} LedgerEntry;

typedef struct {
    const LedgerState *state; /* NULL: all */
    Str under;            /* source prefix */
    Str q;                /* somewhere in source or reason, ASCII case aside; empty: all */
    const Uuid *folder;   /* offered by this watched folder; NULL: all */
    size_t limit;
    Str cursor;
} LedgerQuery;
typedef struct {
    LedgerEntry *items;
    size_t n;
    Str next_cursor;
    uint64_t counts[LEDGER_DELETED + 1]; /* of all entries that match, whatever their state */
} LedgerPage;
const char *ledger_state_name(LedgerState s);

typedef enum { FOLDER_AUTO, FOLDER_NOTIFY, FOLDER_POLL } FolderWatch;
typedef struct {
    Uuid id;
    Str path;
    Str *include, *exclude; /* glob patterns */
    size_t n_include, n_exclude;
    int64_t created_at;
    bool keep;              /* documents stay when their files go */
    bool paused;
    FolderWatch watch;
    int64_t synced_at;      /* end of the last whole reading, 0: none yet */
    uint64_t device, inode; /* of the folder itself then */
} Folder;

/* What became of a file that is not there any more. */
typedef enum {
    GONE_UNKNOWN,  /* the ledger has no living entry for it */
    GONE_DELETED,  /* its document with it */
    GONE_PASSED_ON,/* the document goes on as that of another file with the same bytes */
    GONE_KEPT,     /* a person added it, or it was to be kept */
    GONE_EMPTY     /* it had no document */
} FileGone;

typedef struct {
    uint64_t documents, chunks, original_bytes, text_bytes, database_bytes, cache_bytes;
    uint64_t tags, ledger_entries;
    Str model;
    int schema_version;
    Str backend;          /* "sqlite" */
} StoreStats;

/* ---- change notices ------------------------------------------------------------------------ */

typedef enum { CHANGE_CREATED, CHANGE_UPDATED, CHANGE_DELETED } ChangeKind;
/* Called after the change is durable and visible, on a thread of the store's; must be short and
 * must not call the store. */
typedef void (*StoreChangeFn)(void *arg, const Uuid *owner, ChangeKind kind, const Uuid *document);

/* What another process did to tasks, reminders and briefings of a store that is shared; never what
 * this one did itself. Nothing comes of a store that is one process' own. */
typedef enum { NEWS_TASK, NEWS_TASK_GONE, NEWS_FIRED, NEWS_ACKNOWLEDGED, NEWS_BRIEFING,
    NEWS_SCHEDULE } StoreNewsKind;
typedef struct {
    StoreNewsKind kind;
    Uuid id;              /* the task, delivery or briefing; nil: of the briefing's schedule */
    char what[24];        /* NEWS_TASK: the change, as in the journal ("completed"); may be empty */
} StoreNews;
/* As StoreChangeFn, with all that came at one time, in the order in which it is to be told. */
typedef void (*StoreNewsFn)(void *arg, const Uuid *owner, const StoreNews *list, size_t n);

/* ---- operations ---------------------------------------------------------------------------- */

typedef struct {
    const char *dir;      /* data folder, made when missing (0700) */
    bool read_only;       /* no lock taken, no writes; for looking beside a running server */
    const char *lock_note; /* kept in the lock file: where the running server listens */
    const char *model;    /* encoder's name: vectors of another one are reported, not mixed */
    /* How much a word in a passage's context counts beside one in its text, in quarters: 0 means
     * the default (STORE_CONTEXT_WEIGHT), 4 as much, at most 64. Another value than before rebuilds
     * the keyword cache at open. */
    unsigned context_weight;
    bool lean; /* a working copy: its search caches stay on the disk, for some page faults more */
} StoreOptions;
#define STORE_CONTEXT_WEIGHT 2

/* The SQLite back end. ERR_CONFLICT names the process that has the data open. */
Store *store_open_sqlite(const StoreOptions *options, Err *err);
void store_close(Store *s);

/* Limits (ERR_TOO_LARGE, ERR_VALIDATION): see store_ops.h. Texts are UTF-8; a passage is not empty,
 * at most 32768 bytes, and begins and ends between characters.
 *
 * PUT_DUPLICATE when the owner has a document with this hash already and its id is another:
 * nothing is written and *id is that document's. A put with an id that is there replaces it
 * whole, keeping created_at. */
bool store_document_put(Store *s, const Uuid *owner, const DocumentPut *put, PutOutcome *outcome,
    Uuid *id, Err *err);
bool store_document_get(Store *s, const Uuid *owner, const Uuid *id, bool with_content, Arena *a,
    Document *out, Err *err);
bool store_document_by_hash(Store *s, const Uuid *owner, const Sha256 *hash, Uuid *id, Err *err);
bool store_document_list(Store *s, const Uuid *owner, const DocFilter *filter, DocSort sort,
    size_t limit, Str cursor, Arena *a, DocPage *out, Err *err);
bool store_document_patch(Store *s, const Uuid *owner, const Uuid *id, const DocPatch *patch,
    Err *err);
/* Takes the document's parts with it, but for those that came by themselves or in another document
 * too: all in one transaction. So does a put that replaces a document by other bytes. */
bool store_document_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err);
/* A part has come once more, in `parent` or (NULL) by itself: it stays when its other holders go.
 * Nothing happens to what is no part. ERR_NOT_FOUND for either of the two. */
bool store_part_hold(Store *s, const Uuid *owner, const Uuid *id, const Uuid *parent, Err *err);
/* Bytes [offset, offset+length) of the original, cut at its end; *total is its whole size. */
bool store_original(Store *s, const Uuid *owner, const Uuid *id, uint64_t offset, size_t length,
    Arena *a, Str *out, uint64_t *total, Err *err);

bool store_candidates(Store *s, const Uuid *owner, const CandidateQuery *q, Arena *a,
    Candidates *out,
    Err *err);
/* out[n], in the order asked; an entry whose chunk is gone has text.ptr NULL. */
bool store_chunks_get(Store *s, const Uuid *owner, const uint64_t *chunk_nos, size_t n, Arena *a,
    Chunk *out, Err *err);
bool store_documents_get(Store *s, const Uuid *owner, const uint64_t *doc_nos, size_t n,
    bool with_content, Arena *a, Document *out, Err *err); /* gone: title.ptr NULL */
/* One passage by its public id; ERR_NOT_FOUND. */
bool store_chunk_by_id(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Chunk *out,
    Uuid *document, Err *err);
/* The tokens that matter for marking: calls fn for every token of `text` with its stem and its byte
 * range, exactly as the keyword index sees it. */
bool store_tokenize(Store *s, Str text, bool (*fn)(void *arg, Str stem, size_t start, size_t end),
    void *arg, Err *err);
/* Words of the owner's vocabulary that start with `prefix` (folded), most frequent first. */
bool store_suggest(Store *s, const Uuid *owner, Str prefix, size_t limit, Arena *a, Str *out,
    size_t *n,
    Err *err);

/* Grows with every write of this owner that could change an answer: the key of caches. Of the nil
 * owner: with what concerns people and credentials, where a store is shared; else 0. */
uint64_t store_version(Store *s, const Uuid *owner);

/* Until store_read_release what this thread reads is of one moment, that of the first read, and
 * costs one read transaction: for several small reads in a row that asked before. store_version
 * still tells of now: ask it first. For a few milliseconds, and not nested; a write of this thread
 * would not be seen, and store_tokenize would take a connection beside the one that is held, of
 * which there are few: neither belongs in between. A back end may do nothing. */
void store_read_hold(Store *s);
void store_read_release(Store *s);

/* At most `max` documents whose similarity with this one is `least` or more, most similar first;
 * none for a document that is not there. */
bool store_near_documents(Store *s, const Uuid *owner, const Uuid *id, double least, size_t max,
    Arena *a, NearDocument **out, size_t *n, Err *err);
/* Groups of such documents; at most `limit` of them after the first `offset`. */
bool store_near_groups(Store *s, const Uuid *owner, double least, size_t offset, size_t limit,
    Arena *a, NearPage *out, Err *err);

bool store_ledger_put(Store *s, const Uuid *owner, const LedgerEntry *e, Err *err);
bool store_ledger_get(Store *s, const Uuid *owner, Str source, Arena *a, LedgerEntry *out,
    Err *err);
bool store_ledger_list(Store *s, const Uuid *owner, const LedgerQuery *q, Arena *a, LedgerPage *out,
    Err *err);

/* All of them in one transaction. */
bool store_ledger_put_many(Store *s, const Uuid *owner, const LedgerEntry *e, size_t n, Err *err);
/* Calls fn for every entry that begins with `under`, in order of sources, in one snapshot; the
 * entry lives for the call. fn returns false to stop. fn must not call the store. */
bool store_ledger_each(Store *s, const Uuid *owner, Str under,
    bool (*fn)(void *arg, const LedgerEntry *e), void *arg, Err *err);
/* One transaction each. The file behind `source` is gone (or not wanted any more): the document
 * goes on with another file of the same bytes, is kept (`keep`, or a person added it), or goes. */
bool store_file_gone(Store *s, const Uuid *owner, Str source, bool keep, Str reason, FileGone *what,
    Err *err);
/* The file `from` is now `to->source`, with the facts in *to; its document follows. ERR_NOT_FOUND
 * when there is no living entry `from`, ERR_CONFLICT when there is one for `to`. */
bool store_file_moved(Store *s, const Uuid *owner, Str from, const LedgerEntry *to, Str filename,
    Err *err);
/* The living entry of a file with these facts, wherever it was; ERR_NOT_FOUND. */
bool store_ledger_by_file(Store *s, const Uuid *owner, uint64_t inode, int64_t mtime_ns,
    uint64_t bytes, Arena *a, LedgerEntry *out, Err *err);
/* How many living entries (INDEXED, DUPLICATE or of a version before) name the document. */
bool store_document_sources(Store *s, const Uuid *owner, const Uuid *document, uint64_t *n,
    Err *err);

/* Adopts the entries below its path that a folder which is watched no more had offered. */
bool store_folder_put(Store *s, const Uuid *owner, const Folder *f, Err *err);
bool store_folder_list(Store *s, const Uuid *owner, Arena *a, Folder **out, size_t *n, Err *err);
bool store_folder_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err);

bool store_stats(Store *s, const Uuid *owner, Arena *a, StoreStats *out, Err *err);
/* integrity_check, foreign keys, FTS integrity, hashes of originals, offsets of every chunk, caches
 * against the database. Appends one line a finding to *report; true when nothing is wrong (a
 * remark, such as documents of another encoder, is a line and no fault). With `repair` rebuilds
 * what is a cache (FTS, vector and keyword indexes). */
bool store_check(Store *s, bool repair, Buf *report, Err *err);
/* A copy of the whole database as one file, made beside running writes, synced and checked.
 * ERR_CONFLICT when the file is there already. */
bool store_backup(Store *s, const char *path, Err *err);
/* Whether a file from elsewhere, that nobody writes, is one of a store's: the schema of its version
 * and nothing else, and its pages sound. Nothing in it is run, nothing is written. ERR_CONFLICT: a
 * newer version's; else ERR_CORRUPT, with what is wrong with "it". */
bool store_file_check(const char *path, Err *err);
bool store_ready(Store *s, Err *err); /* can read and write now; for /health/ready */
void store_on_change(Store *s, StoreChangeFn fn, void *arg);
void store_on_news(Store *s, StoreNewsFn fn, void *arg);

/* The table a back end fills; the functions above call it. */
typedef struct StoreOps StoreOps;

#endif
