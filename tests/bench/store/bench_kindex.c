/* bench_kindex.c - the keyword index beside FTS5's own bm25() on the same passages, in one process,
 * in turns. tests/bench/vindex/run_keywords.py makes the input and the report.
 *
 *   bench_kindex PASSAGES QUERIES K FILE      PASSAGES, QUERIES: one text a line
 *
 * Prints, a query a line: kindex ms, FTS5 ms, hits, how many of FTS5's first ten kindex has in its
 * first ten, words. Times are of the processor, so that a busy machine does not count. FILE is
 * where the keyword index is kept, to measure syncing and opening. Both get their words from FTS5's
 * tokenizer ("porter unicode61 remove_diacritics 2"). */
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "store/kindex.h"

static sqlite3 *db;

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void die(const char *what)
{
    fprintf(stderr, "bench_kindex: %s: %s\n", what, sqlite3_errmsg(db));
    exit(1);
}

static void run(const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        die(sql);
}

static sqlite3_stmt *prepare(const char *sql)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        die(sql);
    return s;
}

static size_t load(const char *table, const char *path)
{
    char sql[200], *line = NULL;
    size_t cap = 0, n = 0;
    ssize_t len;
    FILE *f = fopen(path, "r");
    if (!f)
        die(path);
    snprintf(sql, sizeof sql, "CREATE VIRTUAL TABLE %s USING fts5(x, content='', detail=full, "
        "tokenize='porter unicode61 remove_diacritics 2')", table);
    run(sql);
    snprintf(sql, sizeof sql,
        "CREATE VIRTUAL TABLE temp.%s_words USING fts5vocab(main, %s, instance)", table, table);
    run(sql);
    run("BEGIN");
    snprintf(sql, sizeof sql, "INSERT INTO %s(rowid, x) VALUES(?, ?)", table);
    sqlite3_stmt *s = prepare(sql);
    while ((len = getline(&line, &cap, f)) > 0) {
        sqlite3_bind_int64(s, 1, (sqlite3_int64)++n);
        sqlite3_bind_text(s, 2, line, (int)len - (line[len - 1] == '\n'), SQLITE_TRANSIENT);
        if (sqlite3_step(s) != SQLITE_DONE)
            die(path);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    run("COMMIT");
    free(line);
    fclose(f);
    return n;
}

typedef struct {
    uint32_t doc, term; /* term: index into words */
} Instance;

typedef struct {
    Instance *items;
    size_t n;
    char **words;
    size_t n_words;
} Instances;

static int by_doc(const void *a, const void *b)
{
    const Instance *x = a, *y = b;
    if (x->doc != y->doc)
        return x->doc < y->doc ? -1 : 1;
    return x->term < y->term ? -1 : x->term > y->term;
}

/* All words of a table, by document. */
static Instances words_of(const char *table)
{
    Instances w = {0};
    char sql[200];
    size_t cap = 0, cap_words = 0;
    snprintf(sql, sizeof sql, "SELECT term, doc FROM temp.%s_words", table);
    sqlite3_stmt *s = prepare(sql);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const char *term = (const char *)sqlite3_column_text(s, 0);
        if (w.n_words == 0 || strcmp(w.words[w.n_words - 1], term) != 0) {
            if (w.n_words == cap_words)
                w.words = mem_resize(w.words, cap_words = cap_words * 2 + 1024, sizeof *w.words);
            w.words[w.n_words++] = mem_strdup(term);
        }
        if (w.n == cap)
            w.items = mem_resize(w.items, cap = cap * 2 + 1024, sizeof *w.items);
        w.items[w.n++] = (Instance){(uint32_t)sqlite3_column_int64(s, 1), (uint32_t)w.n_words - 1};
    }
    sqlite3_finalize(s);
    qsort(w.items, w.n, sizeof *w.items, by_doc);
    return w;
}

static double fill(Kindex *k, const Instances *w)
{
    KindexTerm terms[4096];
    Err err = ERR_INIT;
    uint64_t start = clock_mono_ns();
    for (size_t i = 0; i < w->n;) {
        size_t n = 0, from = i;
        uint32_t doc = w->items[i].doc;
        for (; i < w->n && w->items[i].doc == doc; i++) {
            if (i > from && w->items[i].term == w->items[i - 1].term)
                terms[n - 1].tf++;
            else if (n < 4096)
                terms[n++] = (KindexTerm){str_of(w->words[w->items[i].term]), 1};
        }
        if (!kindex_add(k, doc, doc, terms, n, (uint32_t)(i - from), &err)) {
            fprintf(stderr, "bench_kindex: %s\n", err.msg);
            exit(1);
        }
    }
    return clock_seconds_since(start);
}

static size_t fts5_search(sqlite3_stmt *s, const KindexQueryTerm *t, size_t n, size_t k,
    uint32_t *rows)
{
    char match[16384];
    size_t at = 0, found = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(match + at, sizeof match - at, "%s\"" STR_FMT "\"", i ? " OR " : "",
            STR_ARG(t[i].text));
    sqlite3_bind_text(s, 1, match, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)k);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        rows[found++] = (uint32_t)sqlite3_column_int64(s, 0);
    if (rc != SQLITE_DONE)
        die("searching");
    sqlite3_reset(s);
    return found;
}

static void compare(Kindex *k, const Instances *q, size_t topk)
{
    /* The words are stemmed already, and a stem may have another stem: no stemming this time. The
     * vocabulary of `p` is read by a table of plain words with the same postings. */
    sqlite3_stmt *s = prepare("SELECT rowid FROM p WHERE p MATCH ? ORDER BY rank LIMIT ?");
    KindexHit *hits = mem_array(topk, sizeof *hits);
    uint32_t *rows = mem_array(topk, sizeof *rows);
    for (size_t i = 0; i < q->n;) {
        KindexQueryTerm terms[KINDEX_QUERY_MAX];
        size_t n = 0;
        uint32_t doc = q->items[i].doc, last = UINT32_MAX;
        for (; i < q->n && q->items[i].doc == doc; i++)
            if (q->items[i].term != last && n < 64)
                terms[n++] = (KindexQueryTerm){str_of(q->words[last = q->items[i].term]), 1.0f};
        KindexQuery query = {terms, n, 1.2f, 0.75f};
        KindexStats stats;
        Err err = ERR_INIT;
        double start = cpu_ms();
        int found = kindex_search(k, &query, topk, NULL, 0, hits, &stats, &err);
        double ours = cpu_ms() - start;
        start = cpu_ms();
        size_t theirs = fts5_search(s, terms, n, topk, rows), same = 0;
        double fts5 = cpu_ms() - start;
        malloc_trim(0); /* what FTS5 freed is sorted by the next large allocation: not ours */
        for (int a = 0; a < 10 && a < found; a++)
            for (size_t b = 0; b < 10 && b < theirs; b++)
                same += hits[a].slot == rows[b];
        printf("%.4f %.4f %d %zu %zu\n", ours, fts5, found, same, n);
    }
    sqlite3_finalize(s);
    mem_free(hits);
    mem_free(rows);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fprintf(stderr, "usage: bench_kindex PASSAGES QUERIES K FILE\n");
        return 2;
    }
    if (sqlite3_open(":memory:", &db) != SQLITE_OK)
        die("open");
    run("PRAGMA temp_store = memory");
    size_t n = load("p", argv[1]);
    load("q", argv[2]);
    run("INSERT INTO p(p) VALUES('optimize')");
    Instances passages = words_of("p"), queries = words_of("q");
    Err err = ERR_INIT;
    Kindex *k = kindex_create(argv[4], &err);
    if (!k)
        die(err.msg);
    double add_s = fill(k, &passages);
    uint64_t start = clock_mono_ns();
    bool ok = kindex_sync(k, 1, &err);
    double sync_ms = clock_seconds_since(start) * 1e3;
    size_t bytes = kindex_bytes(k);
    kindex_close(k);
    start = clock_mono_ns();
    k = ok ? kindex_open(argv[4], &err) : NULL;
    double open_ms = clock_seconds_since(start) * 1e3;
    if (!k)
        die(err.msg);
    printf("ready %zu %zu %.3f %.1f %.1f %zu\n", n, passages.n_words, add_s, sync_ms, open_ms,
        bytes);
    compare(k, &queries, strtoul(argv[3], NULL, 10));
    kindex_close(k);
    return 0;
}
