/* sq_index.h - one owner's vector and keyword indexes, kept in step with the database.
 *
 * Both are caches over chunks and vectors, with the same slot for the same passage. The vector
 * index is the master: it says which passage has which slot. At open it replays the change log from
 * the sequence number in its file (or is filled from the tables); the keyword index is then
 * compared with it slot by slot, and whatever differs is read again from the stored text. Passage
 * numbers are never reused while a file lives, so an equal number means an equal passage.
 *
 * Threads: only the writer thread changes an index (in a read-only store: whoever holds
 * refresh_lock); searches hold `swap` for reading, which keeps v and k alive. */
#ifndef SOTTO_STORE_SQLITE_SQ_INDEX_H
#define SOTTO_STORE_SQLITE_SQ_INDEX_H

#include "store/kindex.h"
#include "store/sqlite/sq.h"

#define SQ_TF_UNIT 4u /* a word of the text counts this much, one of the context context_weight */

/* ---- the words of passages (terms.c) -------------------------------------------------------- */

typedef struct SqTerms {
    KindexTerm *terms;
    size_t n;
    uint32_t length; /* in SQ_TF_UNITs */
} SqTerms;
/* Terms of one passage; all memory from `a`. */
bool sq_terms(SqConn *c, Str body, Str context, unsigned context_weight, Arena *a, SqTerms *out,
    Err *err);

/* A set of strings with counts, in an arena. */
typedef struct {
    KindexTerm *items;
    size_t n, cap;
    uint32_t *table; /* index + 1; 0: empty */
    size_t table_size;
    Arena *a;
    bool failed;     /* memory was short */
} SqWordSet;
bool sq_words_add(SqWordSet *w, Str word, uint32_t count);

/* ---- words as written (words.c) ------------------------------------------------------------- */

/* Every stem of a known word that starts with `prefix` (folded). */
bool sq_words_stems(SqConn *c, int64_t owner_no, Str prefix, Arena *a, SqWordSet *out, Err *err);
/* Takes a step in forgetting words that no passage has any more; false when there is nothing to do
 * or it failed (err says). Writer thread. */
bool sq_words_sweep(Sqlite *s, Err *err);

/* ---- slots of documents and passages (slotmap.c) -------------------------------------------- */

/* doc_no -> a list of its slots, and chunk_no -> slot. A slot is in one list at most. */
typedef struct {
    struct {
        uint64_t doc;   /* 0: empty */
        uint32_t first; /* slot, or SQ_NO_SLOT */
    } *docs;
    size_t n_docs, docs_size; /* size: a power of two */
    uint32_t *next;           /* [slots_cap]; the slot after this in its list */
    uint32_t slots_cap;
    struct SqSlotPage **pages; /* of 1024 chunk numbers each; NULL: none of them is here */
    size_t n_pages;
    Spill *spill;             /* NULL: the heap; else everything lies there, */
    uint32_t *flat;           /* and in the place of pages one array: slot + 1 by chunk number */
    size_t n_flat;
} SqSlots;
#define SQ_NO_SLOT UINT32_MAX
bool sq_slots_add(SqSlots *m, uint64_t doc, uint64_t chunk, uint32_t slot);
/* After it an add of `chunk` at a slot below `slots` cannot fail. */
bool sq_slots_reserve(SqSlots *m, uint32_t slots, uint64_t chunk);
uint32_t sq_slots_of_doc(const SqSlots *m, uint64_t doc);     /* first, or SQ_NO_SLOT */
uint32_t sq_slots_of_chunk(const SqSlots *m, uint64_t chunk); /* or SQ_NO_SLOT */
void sq_slots_remove(SqSlots *m, uint64_t doc, uint64_t chunk);
void sq_slots_release(SqSlots *m);

/* ---- the index (index.c, index_open.c) ------------------------------------------------------ */

struct SqIndex {
    SqOwner *owner;         /* in_use of whom is held with it */
    pthread_rwlock_t swap;  /* v and k may not be replaced while it is held */
    pthread_rwlock_t slots_lock;
    Spill *spill;           /* of a lean store: where k and slots lie, and who cools v. Or NULL */
    Vindex *v;
    Kindex *k;
    SqSlots slots;
    uint64_t seq;           /* everything up to here is applied */
    uint64_t synced;        /* what both files hold */
    uint64_t since_prune;   /* changes applied since the log was pruned */
    bool sweep;             /* passages went: words may have lost their last one */
    char sweep_from[256];   /* the last word that was looked at */
    bool in_memory;         /* its files cannot be written; or the store is read-only */
    uint64_t retry_ns;      /* when its files may be tried again; 0: they are in order */
    atomic_bool behind;     /* an update failed; must catch up before it answers */
};

SqIndex *sq_index_open(Sqlite *s, SqConn *c, const SqOwner *o, bool in_memory, Err *err);
/* The owner's, opened when it is not (writer thread, or nobody else there). */
SqIndex *sq_index_of(Sqlite *s, SqOwner *o, Err *err);
void sq_index_close(SqIndex *x);
/* Lets go of mapped pages when there are too many, in a lean store. */
void sq_index_trim(const SqIndex *x);
/* Brings the owner's index to the state after `d`. Cannot fail: at worst the index is `behind`. */
void sq_index_apply(Sqlite *s, SqOwner *o, const SqDelta *d);
void sq_index_sync_all(Sqlite *s);
/* Replays the change log from x->seq; when the files cannot grow (disk full), goes on without. */
bool sq_index_catch_up(Sqlite *s, SqConn *c, const SqOwner *o, SqIndex *x, Err *err);
/* For a search: an index that is up to date, with `swap` held for reading; give it back. *empty is
 * set (and NULL returned) when the owner has none. */
SqIndex *sq_index_hold(Sqlite *s, const Uuid *owner, SqOwner **o, bool *empty, Err *err);
void sq_index_give(SqIndex *x);
/* Closes the index of one who is not expected, unless a search has it; the next one opens it. */
void sq_index_rest(Store *store, const Uuid *owner);
/* Throws the caches away and builds them again (writer thread). */
bool sq_index_rebuild(Sqlite *s, SqConn *c, SqOwner *o, Err *err);

/* Gives the disk back what the owner's cache files take, and keeps the caches in memory for now.
 * False when there were no files, or it failed (writer thread). */
bool sq_index_make_room(Sqlite *s, SqConn *c, SqOwner *o, Err *err);

/* Inner parts shared by the two files. */
bool sq_index_add_chunk(SqIndex *x, uint64_t chunk_no, uint64_t doc_no, const VindexCode *code,
    const SqTerms *terms, Err *err);
void sq_index_drop_chunks(SqIndex *x, uint64_t doc_no, uint64_t first, uint64_t last);
char *sq_index_path(Sqlite *s, const Uuid *owner, const char *name, Arena *a);
void sq_code_load(VindexCode *code, Str blob, bool foreign);

#endif
