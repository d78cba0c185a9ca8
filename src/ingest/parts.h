/* parts.h - files inside files: each becomes a document of its own, through the same confined path.
 *
 *   mail.eml -> document, then "mail.eml#report.pdf" -> document with `parent` in its metadata
 *
 * Order: the document, its parts one by one with a ledger entry each, and the document's own ledger
 * entry last. So an entry that says "indexed" means that all parts have been offered; when the
 * program ends in between, the same file offered again brings what is missing. A part that is
 * refused or fails stops nothing but itself.
 *
 * Threads: as ingest.h. For ingest.c and parts.c only. */
#ifndef SOTTO_INGEST_PARTS_H
#define SOTTO_INGEST_PARTS_H

#include <pthread.h>

#include "ingest/frame.h"
#include "ingest/ingest.h"

#define PARTS_MAX_DEPTH 4                     /* a file in a file in a file in a file */
#define PARTS_MAX EXTRACT_MAX_PARTS           /* below one file that was offered */
#define PARTS_MAX_BYTES ((uint64_t)512 << 20) /* likewise */

typedef struct {
    pthread_mutex_t lock;
    size_t parts;
    uint64_t bytes;
} PartsLeft;

/* Where a part comes from; NULL for a file that was offered by itself. */
typedef struct {
    const Uuid *parent;
    Str key;        /* of its ledger entry */
    unsigned depth; /* 1 in a file that was offered */
    PartsLeft *left;
} Origin;

/* The file whose parts are to be read. */
typedef struct {
    Store *store;
    const Uuid *owner;
    const IngestInput *in;
    const Document *doc;
    Str key;
    unsigned depth, worker;
    PartsLeft *left;
} PartsOf;

/* A mailbox has thousands: where encoders are shared (embedder.h) several parts are read at once.
 * False only for what would befall every further part too: no memory, a full disk. */
bool parts_ingest(Ingest *g, const PartsOf *of, const Extracted *e, Arena *a, Err *err);
/* The parts of a document that is stored already have not all been offered, or some failed. */
bool parts_missing(const PartsOf *of, Arena *a, bool *missing, Err *err);

/* ingest.c: one file, offered or found inside another; and a pause while a person waits. */
bool ingest_file(Ingest *g, const Uuid *owner, const IngestInput *in, const Origin *origin,
                 unsigned worker, Arena *a, Document *doc, PutOutcome *outcome, Err *err);
void ingest_make_way(const IngestInput *in);
/* A worker number that any number of threads may use at once, because its encoders are shared;
 * false when there is none. */
bool ingest_shared_worker(const Ingest *g, unsigned *worker);

#endif
