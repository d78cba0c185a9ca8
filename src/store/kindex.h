/* kindex.h - BM25 ranking over the words of up to a million chunks, in memory with a mapped file.
 *
 * Expected workload: queries of 1 to 30 terms, stop words among them, one at a time; writes a few a
 * second and bulk loads; deletions, reused slots. FTS5 in SQLite stays the durable keyword index
 * (phrases, prefixes, integrity check); this one only ranks, because FTS5 scores every row that
 * holds any of the words. Postings are sorted by slot in blocks of at most 128, each with its
 * largest tf and its shortest length, so that a search can pass over blocks that cannot reach the
 * k-th best score (MaxScore; Turtle & Flood 1995, and block-max: Ding & Suel, SIGIR 2011). The
 * result is exact: the same scores and order as BM25 computed from scratch.
 *
 *   idf(t)     = ln(1 + (N - df + 0.5) / (df + 0.5))          N: live slots, df: of them with t
 *   score(d,q) = sum over t of
 *                weight(t) * idf(t) * tf * (k1 + 1) / (tf + k1 * (1 - b + b * L / avgL))
 *
 * Slots are those of the Vindex beside it: slot i here is slot i there, and `allow` bitmaps serve
 * both. Terms come tokenised, folded and stemmed (the store uses FTS5's own tokenizer).
 *
 * The file is a cache like the Vindex's: a snapshot that is mapped at open, and a journal of what
 * was synced since (docs/STORAGE.md, "Keyword cache"). It holds `seq`, the last change in it. The
 * store compares kindex_id with vindex_id slot by slot after a crash, or rebuilds.
 *
 * Threads: any number of readers (search, scores, df, expand, mark, id) beside any writer (add,
 * delete, sync); a reader-writer lock inside, held by a writer for some microseconds a chunk. A
 * search sees every add and delete that returned before it began. */
#ifndef SOTTO_STORE_KINDEX_H
#define SOTTO_STORE_KINDEX_H

#include "base/spill.h"
#include "base/str.h"

#define KINDEX_TERM_MAX 255  /* bytes of a term; longer ones are cut to it everywhere */
#define KINDEX_QUERY_MAX 256 /* terms of a query; more is ERR_VALIDATION */

typedef struct Kindex Kindex;

typedef struct {
    Str text;    /* not empty; one that comes twice in an add is added up */
    uint32_t tf; /* at least 1 */
} KindexTerm;

typedef struct {
    Str text;     /* a repeated term counts once a repetition */
    float weight; /* > 0; 1 for an ordinary word */
} KindexQueryTerm;

typedef struct {
    const KindexQueryTerm *terms;
    size_t n;
    float k1, b; /* 1.2 and 0.75 are usual; k1 > 0, 0 <= b <= 1 */
} KindexQuery;

typedef struct {
    uint32_t slot;
    float score;
} KindexHit;

/* About the hits of one search: moments of their scores (the best `topk`, all if fewer match), and
 * the score no document can pass: sum of weight * idf * (k1 + 1) over the terms that exist. */
typedef struct {
    float bound;
    float mean, stddev;
    uint32_t terms_found; /* of the query's terms, those that occur anywhere */
} KindexStats;

/* path NULL: in memory only. An existing file is replaced. */
Kindex *kindex_create(const char *path, Err *err);
/* ERR_NOT_FOUND, ERR_CORRUPT (the store then rebuilds). */
Kindex *kindex_open(const char *path, Err *err);
/* The same, with what grows in blocks of `spill` (NULL: none), which outlives it: slower by some
 * page faults, and the process' memory does not grow with the passages. */
Kindex *kindex_create_on(const char *path, Spill *spill, Err *err);
Kindex *kindex_open_on(const char *path, Spill *spill, Err *err);
void kindex_close(Kindex *k); /* NULL is allowed; does not sync */
/* Makes everything so far, and `seq`, what the file holds after a crash. Cheap when little changed
 * (the journal); writes a new snapshot when much did. In memory only: just notes seq. */
bool kindex_sync(Kindex *k, uint64_t seq, Err *err);
uint64_t kindex_seq(const Kindex *k); /* of the last sync */

/* Puts a chunk into an empty slot: its terms, its caller's id and its length (all tokens counted,
 * which need not be the sum of tf). ERR_CONFLICT when the slot is taken, ERR_VALIDATION for a tf of
 * 0 or an empty term, ERR_STORAGE_FULL past 67 million slots, ERR_NO_MEMORY; on failure nothing has
 * changed. */
bool kindex_add(Kindex *k, uint32_t slot, uint64_t id, const KindexTerm *terms, size_t n,
    uint32_t length, Err *err);
/* Empties a slot; df and the average length follow at once. An empty slot is fine. The kindex keeps
 * each chunk's term numbers itself. Needs no memory, so it cannot fail. */
void kindex_delete(Kindex *k, uint32_t slot);

uint32_t kindex_slots(const Kindex *k);            /* highest slot ever used, plus one */
uint32_t kindex_live(const Kindex *k);             /* N */
uint64_t kindex_id(const Kindex *k, uint32_t slot); /* UINT64_MAX for an empty slot */
uint32_t kindex_df(Kindex *k, Str term);
double kindex_average_length(Kindex *k);

/* The topk best slots that hold at least one term, best first, ties by slot; `allow` (may be NULL)
 * is a bitmap over slots (bit i of word i/64) with room for kindex_slots() bits or `allow_slots`,
 * whichever is less: slots at or past allow_slots are not allowed. Returns how many (at most topk),
 * or -1 with ERR_NO_MEMORY or ERR_VALIDATION. stats may be NULL. */
int kindex_search(Kindex *k, const KindexQuery *query, size_t topk, const uint64_t *allow,
    size_t allow_slots, KindexHit *hits, KindexStats *stats, Err *err);
/* BM25 of given slots, in any order; 0 for a slot that is empty or holds none of the terms. */
bool kindex_scores(Kindex *k, const KindexQuery *query, const uint32_t *slots, size_t n, float *out,
    Err *err);
/* Sets the bits of the slots that hold `term` (bits at or past nbits are left alone): exact sets
 * for filters such as -word. Returns how many it set. */
uint32_t kindex_mark(Kindex *k, Str term, uint64_t *bitmap, size_t nbits);

/* Calls `each` for up to `max` terms that begin with `prefix` and occur in a live slot, most
 * frequent first, ties bytewise; each(.., term, df) returns false to stop. The terms are borrowed
 * for the call, which must not call this kindex. Returns how many were given, or -1 with
 * ERR_NO_MEMORY. */
int kindex_expand_prefix(Kindex *k, Str prefix, size_t max,
    bool (*each)(void *ctx, Str term, uint32_t df), void *ctx, Err *err);

/* Bytes of memory held, mapped file included (for /metrics). */
size_t kindex_bytes(const Kindex *k);

#endif
