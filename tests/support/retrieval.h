/* retrieval.h - a judged collection through the product's own chunker, encoder and store.
 *
 * A collection is a folder with corpus.jsonl {id, title, text}, queries.jsonl {id, text} and
 * qrels.tsv (query, document, grade). The document with number i has the UUID retrieval_uuid(i).
 * Problems end the program with a message: this is for tests and benchmarks. */
#ifndef SOTTO_TESTS_RETRIEVAL_H
#define SOTTO_TESTS_RETRIEVAL_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/os.h"
#include "search/search.h"
#include "text/chunk.h"

typedef struct {
    Str id, title, text;
} RetrievalDoc;

typedef struct {
    Str id, text;
    double *grades; /* [n_docs] */
    double ideal;   /* the best DCG@10 that there could be */
} RetrievalQuery;

typedef struct {
    Arena *a;
    RetrievalDoc *docs;
    size_t n_docs;
    RetrievalQuery *queries; /* only those that a document answers */
    size_t n_queries;
    size_t n_passages; /* after retrieval_put */
} Retrieval;

static inline void retrieval_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static inline Uuid retrieval_uuid(size_t i)
{
    Uuid u = {{0}};
    uint32_t n = (uint32_t)i;
    memcpy(u.b, &n, 4);
    u.b[6] = 0x40;
    u.b[8] = 0x80;
    u.b[15] = 1;
    return u;
}

static inline size_t retrieval_index(const Uuid *u)
{
    uint32_t n;
    memcpy(&n, u->b, 4);
    return n;
}

static inline Str retrieval_file(Arena *a, const char *dir, const char *name)
{
    Err err = ERR_INIT;
    Buf b;
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", dir, name);
    buf_init(&b, (size_t)256 << 20);
    if (!os_read_file(path, &b, &err))
        retrieval_die(path, err.msg);
    Str s = arena_buf(a, &b);
    buf_release(&b);
    return s;
}

static inline Str retrieval_member(Arena *a, const Json *j, const char *key)
{
    Str s = json_str(json_get(j, key));
    return s.ptr ? arena_str(a, s) : STR("");
}

static inline size_t retrieval_lines(Str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == '\n';
    return n;
}

static inline double retrieval_discount(size_t rank) /* from 0 */
{
    return 1 / log2((double)rank + 2);
}

static inline void retrieval_ideal(RetrievalQuery *q, size_t n_docs)
{
    double best[10] = {0};
    for (size_t i = 0; i < n_docs; i++) {
        double g = q->grades[i];
        for (size_t k = 0; k < 10 && g > 0; k++)
            if (g > best[k]) {
                double swap = best[k];
                best[k] = g;
                g = swap;
            }
    }
    for (size_t k = 0; k < 10; k++)
        q->ideal += best[k] * retrieval_discount(k);
}

static inline void retrieval_read_docs(Retrieval *r, const char *dir)
{
    Str text = retrieval_file(r->a, dir, "corpus.jsonl"), line;
    r->docs = ARENA_NEW_ARRAY(r->a, RetrievalDoc, retrieval_lines(text));
    while (str_next(&text, '\n', &line)) {
        Err err = ERR_INIT;
        Json *j = line.len ? json_parse(line, JSON_DEFAULT_DEPTH, &err) : NULL;
        if (line.len && !j)
            retrieval_die("corpus.jsonl", err.msg);
        if (j)
            r->docs[r->n_docs++] =
                (RetrievalDoc){retrieval_member(r->a, j, "id"), retrieval_member(r->a, j, "title"),
                               retrieval_member(r->a, j, "text")};
        json_free(j);
    }
}

static inline void retrieval_read_queries(Retrieval *r, const char *dir)
{
    Str text = retrieval_file(r->a, dir, "queries.jsonl"), line;
    r->queries = ARENA_NEW_ARRAY(r->a, RetrievalQuery, retrieval_lines(text));
    while (str_next(&text, '\n', &line)) {
        Err err = ERR_INIT;
        Json *j = line.len ? json_parse(line, JSON_DEFAULT_DEPTH, &err) : NULL;
        if (line.len && !j)
            retrieval_die("queries.jsonl", err.msg);
        if (j)
            r->queries[r->n_queries++] =
                (RetrievalQuery){retrieval_member(r->a, j, "id"), retrieval_member(r->a, j, "text"),
                                 ARENA_NEW_ARRAY(r->a, double, r->n_docs), 0};
        json_free(j);
    }
}

static inline void retrieval_read_grades(Retrieval *r, const char *dir)
{
    Str text = retrieval_file(r->a, dir, "qrels.tsv"), line, query, doc, grade;
    while (str_next(&text, '\n', &line)) {
        double g;
        if (!str_next(&line, '\t', &query) || !str_next(&line, '\t', &doc) ||
            !str_next(&line, '\t', &grade) || !str_to_double(str_trim(grade), &g))
            continue; /* a heading */
        for (size_t i = 0; i < r->n_queries; i++)
            for (size_t k = 0; str_eq(r->queries[i].id, query) && k < r->n_docs; k++)
                if (str_eq(r->docs[k].id, doc))
                    r->queries[i].grades[k] = g > 0 ? g : 0;
    }
}

static inline void retrieval_load(Retrieval *r, const char *dir)
{
    *r = (Retrieval){.a = arena_new((size_t)4 << 30)};
    retrieval_read_docs(r, dir);
    retrieval_read_queries(r, dir);
    retrieval_read_grades(r, dir);
    size_t n = 0;
    for (size_t i = 0; i < r->n_queries; i++) {
        retrieval_ideal(&r->queries[i], r->n_docs);
        if (r->queries[i].ideal > 0)
            r->queries[n++] = r->queries[i];
    }
    r->n_queries = n;
}

static inline size_t retrieval_count(void *arg, Str text)
{
    return minilm_count_tokens(arg, text);
}

/* Chunks, embeds and stores document i, as ingest does with a text file. */
static inline void retrieval_put_one(Retrieval *r, size_t i, Store *store, const Uuid *owner,
                                     const Minilm *m, MinilmState *state)
{
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    const RetrievalDoc *d = &r->docs[i];
    ChunkOptions o = {CHUNK_TOKENS, CHUNK_OVERLAP_TOKENS, retrieval_count,
                      (void *)(uintptr_t)m};
    ChunkSpan *spans;
    size_t n;
    if (!a || !chunk_text(d->text, d->title, NULL, 0, &o, a, &spans, &n, &err))
        retrieval_die("chunks", err.msg);
    ChunkNew *chunks = ARENA_NEW_ARRAY(a, ChunkNew, n + 1);
    Str *texts = ARENA_NEW_ARRAY(a, Str, n + 1);
    float *vectors = ARENA_NEW_ARRAY(a, float, (n + 1) * MINILM_DIM);
    for (size_t k = 0; k < n; k++) {
        Str text = str_sub(d->text, spans[k].start, spans[k].end);
        texts[k] = spans[k].context.len ? arena_printf(a, STR_FMT "\n" STR_FMT,
                                                       STR_ARG(spans[k].context), STR_ARG(text))
                                        : text;
    }
    if (n && !minilm_embed(m, state, texts, n, vectors, NULL, &err))
        retrieval_die("embedding", err.msg);
    for (size_t k = 0; k < n; k++) {
        chunks[k] = (ChunkNew){.start = spans[k].start,
                               .end = spans[k].end,
                               .page = spans[k].page,
                               .context = spans[k].context};
        vindex_encode(vectors + k * MINILM_DIM, &chunks[k].code);
    }
    DocumentPut put = {.doc = {.id = retrieval_uuid(i),
                               .title = d->title,
                               .content = d->text,
                               .source = d->id,
                               .file_type = STR("text"),
                               .media_type = STR("text/plain"),
                               .filename = STR("t.txt"),
                               .extra_json = STR("{}"),
                               .created_at = 1,
                               .updated_at = 1},
                       .original = d->text,
                       .chunks = chunks,
                       .n_chunks = n,
                       .model = minilm_name(m)};
    PutOutcome outcome;
    Uuid id;
    memcpy(put.doc.hash.b, put.doc.id.b, 16); /* two documents with one text stay two */
    if (n && !store_document_put(store, owner, &put, &outcome, &id, &err))
        retrieval_die("put", err.msg);
    r->n_passages += n;
    arena_free(a);
}

static inline void retrieval_put(Retrieval *r, Store *store, const Uuid *owner, const Minilm *m)
{
    Err err = ERR_INIT;
    MinilmState *state = minilm_state_new(m, &err);
    if (!state)
        retrieval_die("encoder", err.msg);
    for (size_t i = 0; i < r->n_docs; i++)
        retrieval_put_one(r, i, store, owner, m, state);
    minilm_state_free(state);
}

static inline double retrieval_ndcg(const RetrievalQuery *q, const SearchResult *result)
{
    double gain = 0;
    for (size_t i = 0; i < result->n && i < 10; i++)
        gain += q->grades[retrieval_index(&result->hits[i].doc.id)] * retrieval_discount(i);
    return gain / q->ideal;
}

/* A question as plain text: what the query language would read as an operator becomes a space. */
static inline char *retrieval_plain(Arena *a, Str question)
{
    char *text = arena_cstr(a, question);
    for (char *c = text; text && *c; c++) {
        if (strchr("\"*:", *c) || (*c == '-' && (c == text || c[-1] == ' ')))
            *c = ' ';
        else if (strncmp(c, "\xE2\x80", 2) == 0 && c[2] && strchr("\x9C\x9D\x9E", c[2]))
            memset(c, ' ', 3);
    }
    return text;
}

/* Mean nDCG@10 of a mode. */
static inline double retrieval_measure(const Retrieval *r, Search *s, const Uuid *owner,
                                       SearchMode mode, double threshold)
{
    double sum = 0;
    for (size_t i = 0; i < r->n_queries; i++) {
        Err err = ERR_INIT;
        Arena *a = arena_new(ARENA_DEFAULT_MAX);
        const char *text = retrieval_plain(a, r->queries[i].text);
        SearchRequest q = {.text = str_of(text),
                           .mode = mode,
                           .limit = 10,
                           .threshold = threshold,
                           .no_cache = true};
        SearchResult result;
        if (!search_run(s, owner, &q, 0, a, &result, &err))
            retrieval_die(text, err.msg);
        sum += retrieval_ndcg(&r->queries[i], &result);
        arena_free(a);
    }
    return sum / (double)r->n_queries;
}

#endif
