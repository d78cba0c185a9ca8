/* vindex.h - exact nearest neighbours among 384-dimensional unit vectors, in a mapped file.
 *
 * Expected workload: up to a million chunks of one person, one query at a time, writes a few a
 * second and bulk loads; deletions and filters are frequent. So: no graph. int8 codes with one
 * scale a vector, contiguous, scanned exactly; above a measured size a 1-bit sketch chooses
 * candidates and int8 rescans them; the first hits are rescored with a second residual byte, which
 * makes the result that of fp32 in practice. (../docs/STORAGE.md has the bytes, docs/BENCHMARKS.md
 * the measurements.)
 *
 * The file is a cache: SQLite holds the truth. It records the sequence number of the last change
 * that it holds; the store replays what is newer. A file with another version, or one that was not
 * closed whole, is reported as ERR_CORRUPT and rebuilt by the store.
 *
 * Slots: a vector is added at a slot (dense, from 0); its owner maps slots to chunks. A deleted
 * slot stays dead until a later add reuses it, which happens only after a sync, and only when every
 * search and every vindex_enter that was running at the delete is over.
 *
 * Threads: any number of searches beside writers (a mutex inside orders writers); one vindex_sync
 * at a time, which may run beside adds and deletes: what those do is in the next sync. A search
 * sees every add and honours every delete that returned before it began. Growing never moves what a
 * running search reads. */
#ifndef SOTTO_STORE_VINDEX_H
#define SOTTO_STORE_VINDEX_H

#include "base/spill.h"
#include "base/str.h"

#define VINDEX_DIM 384

typedef struct Vindex Vindex;

/* A vector as it is stored: v[i] ~ (hi[i] + lo[i] / 256) * scale. In SQLite a row holds exactly
 * these bytes (VINDEX_CODE_BYTES): float scale (little-endian), hi[384], lo[384]. */
#define VINDEX_CODE_BYTES (4 + 384 + 384)
typedef struct {
    float scale;
    int8_t hi[VINDEX_DIM];
    int8_t lo[VINDEX_DIM];
} VindexCode;

void vindex_encode(const float v[VINDEX_DIM], VindexCode *out);
void vindex_decode(const VindexCode *code, float v[VINDEX_DIM]);

typedef struct {
    uint32_t slot;
    float similarity; /* cosine, rescored */
} VindexHit;

typedef enum { VINDEX_AUTO, VINDEX_EXACT, VINDEX_TWO_STAGE } VindexMode;

/* path NULL: in memory only. An existing file is replaced. */
Vindex *vindex_create(const char *path, Err *err);
/* ERR_NOT_FOUND, ERR_CORRUPT (another version, a bad checksum, a file cut short). Reads only the
 * headers and live bitmaps: vindex_verify reads everything. */
Vindex *vindex_open(const char *path, Err *err);
/* The same, and `spill` (NULL: none), which outlives it, may let go of its pages. */
Vindex *vindex_create_on(const char *path, Spill *spill, Err *err);
Vindex *vindex_open_on(const char *path, Spill *spill, Err *err);
void vindex_close(Vindex *v); /* NULL is allowed; does not sync: the file holds the last sync */
/* Makes everything done so far, and `seq`, what the file holds after a crash (of the program or of
 * the machine). In memory only: notes seq and lets deleted slots be reused. */
bool vindex_sync(Vindex *v, uint64_t seq, Err *err);
uint64_t vindex_seq(const Vindex *v);

/* Adds a vector for the caller's `id` (its chunk row) with document number `doc`. */
bool vindex_add(Vindex *v, uint64_t id, uint64_t doc, const VindexCode *code, uint32_t *slot,
    Err *err);
void vindex_delete(Vindex *v, uint32_t slot); /* a dead slot is fine */
bool vindex_is_live(const Vindex *v, uint32_t slot);
/* Checks the stored checksum of every live slot; ERR_CORRUPT names the first bad one. */
bool vindex_verify(Vindex *v, Err *err);

/* Between enter and leave a slot that was live once keeps its meaning: it may die, but is not given
 * to another chunk. Hold it from a search until its slots have been looked up. Cheap, may nest. */
unsigned vindex_enter(Vindex *v);
void vindex_leave(Vindex *v, unsigned ticket);

uint32_t vindex_slots(const Vindex *v);  /* slots in use or dead */
uint32_t vindex_live(const Vindex *v);
uint64_t vindex_id(const Vindex *v, uint32_t slot);
uint64_t vindex_doc(const Vindex *v, uint32_t slot);

/* The k best live slots by cosine, best first, ties by slot; `allow` (may be NULL) is a bitmap over
 * slots (bit i of word i/64) of allow_slots bits: slots past them are not allowed. Returns how many
 * were found (at most k) or -1 with ERR_NO_MEMORY. mean/stddev (may be NULL) get the moments of the
 * similarities of (a sample of at least 4096, or all) allowed live slots. */
int vindex_search(Vindex *v, const float query[VINDEX_DIM], size_t k, const uint64_t *allow,
    size_t allow_slots, VindexMode mode, VindexHit *hits, float *mean, float *stddev, Err *err);
/* Similarities of given slots (dead ones give -2). */
void vindex_similarities(Vindex *v, const float query[VINDEX_DIM], const uint32_t *slots, size_t n,
    float *out);
/* The same from the int8 codes alone, off by a few thousandths: for moments of many. */
void vindex_similarities_rough(Vindex *v, const float query[VINDEX_DIM], const uint32_t *slots,
    size_t n, float *out);
/* The stored bytes of a slot (to restore SQLite's row or to compare); false when it is dead. */
bool vindex_code(const Vindex *v, uint32_t slot, VindexCode *out);

#endif
