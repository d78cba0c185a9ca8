/* search.h - a question in, documents with proven passages out.
 *
 *   text -> query language -> embedding + keyword terms -> candidates (store) -> fusion
 *        -> documents -> passages, snippets and citations re-read from the stored text
 *
 * Threads: a Search is shared; calls are safe from any thread and block. `worker` chooses the
 * encoder scratch: one caller a worker number at a time. */
#ifndef SOTTO_SEARCH_SEARCH_H
#define SOTTO_SEARCH_SEARCH_H

#include "nn/minilm.h"
#include "store/store.h"

typedef struct Search Search;

typedef enum { SEARCH_HYBRID, SEARCH_SEMANTIC, SEARCH_KEYWORD } SearchMode;

typedef struct {
    Store *store;
    const Minilm *model;
    unsigned workers;
    size_t cache_entries;   /* 0: 256 */
    unsigned cache_ttl_ms;  /* 0: 300000 */
} SearchOptions;

Search *search_new(const SearchOptions *o, Err *err);
void search_free(Search *s);

typedef struct {
    Str text;               /* the query language: words, "exact", -word, word*, tag: source: type:
                               after: before:; see docs/SEARCH.md */
    SearchMode mode;
    size_t limit;           /* documents; 1..100 */
    size_t offset;
    double threshold;       /* cosine; in hybrid a strong keyword match passes too */
    size_t passages;        /* a document at most; 0: 3 */
    DocFilter filter;       /* added to what the text says */
    bool with_content;      /* the documents carry their extracted text */
    bool no_cache;
} SearchRequest;

typedef struct {
    uint32_t start, end;    /* bytes of the passage's text (not of the document) to mark */
} MarkSpan;

typedef struct {
    Uuid chunk_id;
    Str text;               /* exactly content[start, end) of the document as stored */
    uint32_t start, end, page;
    Str context;
    float similarity;       /* cosine; NaN in keyword mode */
    float keyword_score;    /* BM25 */
    uint32_t keyword_rank, vector_rank; /* from 1; 0: not found that way */
    float fused_score;
    bool timed;             /* of a recording: from when to when it is said, and its snippet */
    uint32_t from_ms, to_ms, snippet_ms;
    uint32_t snippet_start, snippet_end; /* bytes of text: the part worth showing */
    MarkSpan *marks;        /* matched words, in order */
    size_t n_marks;
} Match;

typedef struct {
    Document doc;           /* content without text unless it was asked for */
    float score;            /* 0..1, the fused score of its best passages */
    Match *matches;
    size_t n_matches;
} SearchHit;

typedef struct {
    SearchHit *hits;
    size_t n;
    uint64_t total;         /* documents that passed, limit aside: of the 200 to 1000 best passages
                               of each list, so a lower bound when there are more */
    double query_time_ms;
    bool from_cache;
    double weight_vector;   /* the fusion's weight of the embedding side for this query */
} SearchResult;

/* ERR_VALIDATION says where the query language is broken. An empty query is ERR_VALIDATION. */
bool search_run(Search *s, const Uuid *owner, const SearchRequest *r, unsigned worker, Arena *a,
    SearchResult *out, Err *err);

/* The worker's encoder scratch, made when first needed: NULL with ERR_NO_MEMORY. It is search_run's
 * too, between whose calls the same worker may use it. */
MinilmState *search_encoder(Search *s, unsigned worker, Err *err);

/* Embeds texts for /v1/embeddings: out [n, 384]. */
bool search_embed(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
    uint32_t *tokens, Err *err);
/* As search_embed, of texts that are likely to come again: those of a moment ago are not embedded
 * once more, and one that stands in the list twice is embedded once. */
bool search_embed_kept(Search *s, const Str *texts, size_t n, unsigned worker, float *out,
    uint32_t *tokens, Err *err);
/* As search_embed, from token ids with [CLS] and [SEP] (minilm_embed_ids). */
bool search_embed_ids(Search *s, const uint32_t *const *ids, const uint32_t *n_ids, size_t n,
    unsigned worker, float *out, Err *err);

#endif
