/* ingest.h - from a stranger's file to searchable passages.
 *
 *   bytes -> type -> extract (confined child) -> text + marks -> chunks -> embeddings
 *         -> store -> ledger
 *
 * One call takes one file all the way and returns when it is durable and findable. The parsers run
 * in a child process with no network, no file system and limits (extract.h); whatever happens to
 * the child is a ledger entry, never a dead server.
 *
 * Threads: an Ingest is shared; calls are safe from any thread and block. An `unsigned worker`
 * chooses the encoder scratch: one caller a worker number at a time. */
#ifndef SOTTO_INGEST_INGEST_H
#define SOTTO_INGEST_INGEST_H

#include "nn/minilm.h"
#include "nn/whisper.h"
#include "store/store.h"

typedef struct Ingest Ingest;
struct Sandbox;

/* Who hears recordings (memo.h). */
#define INGEST_HEARER 64

/* A recording that is to be heard. */
typedef struct {
    size_t n; /* samples at 16 kHz */
    size_t (*read)(void *arg, size_t from, size_t n, float *out);
    void *arg;
    bool (*cancelled)(void *arg); /* may be NULL */
    void *cancelled_arg;
} IngestSound;

typedef struct {
    struct Sandbox *sounds; /* borrowed: decodes them */
    /* Whether anything could hear now; ERR_UNAVAILABLE says what to fetch. */
    bool (*ready)(void *arg, Err *err);
    bool (*hear)(void *arg, const IngestSound *sound, Arena *a, WhisperResult *out,
                 char by[INGEST_HEARER], Err *err);
    void *arg;
} IngestEars;

typedef struct {
    Store *store;
    const Minilm *model;
    unsigned workers;           /* worker numbers 0..workers-1 */
    unsigned shared, slots;     /* the last `shared` of them share so many encoders (embedder.h) */
    uint64_t max_file_bytes;    /* 0: 256 MiB */
    unsigned extract_timeout_ms; /* 0: 30 s */
    uint64_t extract_memory;    /* 0: 512 MiB of address space beyond the libraries */
    const char *self;           /* path of this program, for the confined child */
    Str zone;                   /* the person's, for times in texts; empty: the machine's */
    const IngestEars *ears;     /* copied; NULL: recordings are refused */
} IngestOptions;

Ingest *ingest_new(const IngestOptions *o, Err *err);
void ingest_free(Ingest *g);

/* What tells an unchanged file without reading it. */
typedef struct {
    uint64_t bytes, device, inode;
    int64_t mtime_ns;
} IngestFacts;

typedef struct {
    Str data;               /* the bytes; or, when path is not NULL: */
    const char *path;       /* a file to read */
    Str filename;           /* name as offered; empty for pasted text */
    Str media_type;         /* as claimed; a hint only */
    Str file_type; /* as claimed ("markdown", ...); overrides the guess when it is one of ours */
    Str title, source;      /* empty: computed */
    const Str *tags;
    size_t n_tags;
    bool has_tags;
    Str summary;            /* ptr NULL: computed */
    const double *importance; /* NULL: computed */
    Str extra_json;         /* empty: {} */
    const Uuid *replace;    /* a document to replace, keeping id and created_at */
    const IngestFacts *facts; /* of the file that is offered, NULL: not known */
    const Uuid *folder;     /* the watched folder that offers it, NULL: a person does */
    bool (*pressed)(void *arg); /* may be NULL: asked between batches whether a person waits */
    void *pressed_arg;
    /* May be NULL: asked now and then while a recording is heard, which takes long. */
    bool (*cancelled)(void *arg);
    void *cancelled_arg;
} IngestInput;

/* What the file holds inside (attachments, messages) becomes documents of their own before it
 * returns: parts.h.
 *
 * *outcome says created, replaced or duplicate; *doc (with content) is the stored document.
 * Failures: ERR_UNSUPPORTED_MEDIA (no reader for it), ERR_VALIDATION (damaged, encrypted, empty),
 * ERR_TOO_LARGE, ERR_TIMEOUT. The ledger has the entry either way. */
bool ingest_one(Ingest *g, const Uuid *owner, const IngestInput *in, unsigned worker, Arena *a,
    Document *doc, PutOutcome *outcome, Err *err);

/* The file is at fault, not the moment: nothing is gained by trying again. */
static inline bool ingest_refuses(ErrCode code)
{
    return code == ERR_UNSUPPORTED_MEDIA || code == ERR_VALIDATION || code == ERR_TOO_LARGE ||
           code == ERR_FORBIDDEN;
}

/* Whether a person set the importance (then it stays); else it was computed from the text. */
bool document_importance_given(const Document *d);

/* Gives a stored document another title, summary or text: embeds again what changes. */
bool ingest_retitle(Ingest *g, const Uuid *owner, const Uuid *id, Str title, unsigned worker,
                    Arena *a, Document *doc, Err *err);

/* "text", "markdown", ... by content first, then name; empty when no reader fits. */
Str ingest_guess_type(Str head, Str filename, Str media_type);
/* The table of readers: names, file endings, media types; for --help, docs and the API. */
typedef struct {
    const char *type, *description, *const *endings, *const *media_types;
} IngestType;
const IngestType *ingest_types(size_t *n);
const char *ingest_media_type(Str type); /* a type's first; unknown: application/octet-stream */

#endif
