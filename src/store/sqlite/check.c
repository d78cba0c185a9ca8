/* check.c - is everything as it should be? Runs in the writer thread, alone, so that nothing moves.
 *
 * What SQLite can say of itself (pages, foreign keys, FTS5), then what only Sotto knows: the bytes
 * of every original against its SHA-256, every text and passage against their lengths, the caches
 * against the tables. One line a finding. What is wrong in a cache (FTS5 and the search caches are
 * caches over the tables) is mended when asked; what is wrong in the truth is only told. */
#include "base/utf8.h"
#include "store/sqlite/sq_index.h"
#include "store/sqlite/sq_talk.h"

typedef struct {
    SqWrite w; /* first */
    bool repair, read_only;
    Buf *report;
    size_t wrong;    /* findings that are still true */
    size_t mended;
    bool fts_wrong;
    SqConn *c;
} Check;

__attribute__((format(printf, 2, 3))) static void finding(Check *k, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    buf_vprintf(k->report, fmt, ap);
    va_end(ap);
    buf_add_char(k->report, '\n');
    k->wrong++;
}

/* ---- what SQLite checks --------------------------------------------------------------------- */

static bool sqlite_says(Check *k, const char *pragma, const char *what, Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, k->c, str_of(pragma), err))
        while ((rc = sq_step(&q, err)) > 0) {
            Str line = sq_col_str(&q, 0);
            if (!str_eq(line, STR("ok")))
                finding(k, "%s: " STR_FMT, what, STR_ARG(line));
        }
    sq_end(&q);
    return rc == 0;
}

static bool check_fts(Check *k, Err *err)
{
    Err why = ERR_INIT;
    if (k->read_only) {
        buf_add_c(k->report, "full-text index: not checked, the store is open for reading only\n");
        return true;
    }
    if (sq_exec(k->c, "INSERT INTO chunk_fts (chunk_fts, rank) VALUES ('integrity-check', 1)",
            "full-text index", &why))
        return true;
    if (why.code != ERR_CORRUPT) {
        if (err)
            *err = why;
        return false;
    }
    k->fts_wrong = true;
    finding(k, "full-text index: does not match the passages");
    return true;
}

/* ---- documents ------------------------------------------------------------------------------ */

typedef struct {
    int64_t doc_no, bytes, text_bytes, n_chunks;
    bool same_text;
    Sha256 hash;
    char id[UUID_TEXT];
} DocRow;

/* Length and, when `sum` is given, SHA-256 of a document's parts. */
static bool measure(Check *k, const char *sql, int64_t doc_no, Sha256 *sum, int64_t *bytes,
    Err *err)
{
    Sha256Stream *st = sum ? sha256_begin(err) : NULL;
    if (sum && !st)
        return false;
    Sq q;
    int rc = -1;
    int64_t n = 0, part = 0;
    if (sq_begin(&q, k->c, sql, err)) {
        sq_i64(&q, doc_no);
        while ((rc = sq_step(&q, err)) > 0) {
            Str data = sq_col_str(&q, 1);
            if (sq_col_i64(&q, 0) != SQ_PART_KEY(doc_no, part++))
                n = INT64_MIN / 2; /* a gap: no length can be right */
            n += (int64_t)data.len;
            if (st && !sha256_more(st, data, err)) {
                st = NULL;
                rc = -1;
                break;
            }
        }
    }
    sq_end(&q);
    *bytes = n;
    Sha256 unused;
    if (st && !sha256_end(st, rc == 0 ? sum : &unused, err))
        return false;
    return rc == 0;
}

static bool check_bytes(Check *k, const DocRow *d, Err *err)
{
    static const char text[] =
        "SELECT key, data FROM text_parts "
        "WHERE key BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 ORDER BY key";
    static const char orig[] =
        "SELECT key, data FROM original_parts "
        "WHERE key BETWEEN ?1 * 65536 AND ?1 * 65536 + 65535 ORDER BY key";
    int64_t n;
    Sha256 sum;
    if (!measure(k, text, d->doc_no, NULL, &n, err))
        return false;
    if (n != d->text_bytes)
        finding(k, "document %s: the text is not whole", d->id);
    if (!measure(k, d->same_text ? text : orig, d->doc_no, &sum, &n, err))
        return false;
    if (n != d->bytes || memcmp(sum.b, d->hash.b, sizeof sum.b) != 0)
        finding(k, "document %s: the original does not have the bytes it came with", d->id);
    return true;
}

static bool check_chunks(Check *k, const DocRow *d, Err *err)
{
    /* chunk_texts is a view: joined, SQLite would make all of it for every document. */
    static const char sql[] =
        "SELECT c.ordinal, c.start, c.\"end\", "
        "(SELECT t.body FROM chunk_texts t WHERE t.chunk_no = c.chunk_no), length(v.code) "
        "FROM chunks c LEFT JOIN vectors v ON v.chunk_no = c.chunk_no "
        "WHERE c.doc_no = ?1 ORDER BY c.ordinal";
    Sq q;
    int rc = -1;
    int64_t n = 0;
    if (sq_begin(&q, k->c, sql, err)) {
        sq_i64(&q, d->doc_no);
        while ((rc = sq_step(&q, err)) > 0) {
            int64_t start = sq_col_i64(&q, 1), end = sq_col_i64(&q, 2);
            Str body = sq_col_str(&q, 3);
            if (sq_col_i64(&q, 0) != n++)
                finding(k, "document %s: passage %lld is missing", d->id, (long long)(n - 1));
            if (start < 0 || start >= end || end > d->text_bytes
                || (int64_t)body.len != end - start || !utf8_ok(body))
                finding(k, "document %s: passage %lld does not lie in the text", d->id,
                    (long long)(n - 1));
            if (sq_col_i64(&q, 4) != VINDEX_CODE_BYTES)
                finding(k, "document %s: passage %lld has no vector", d->id, (long long)(n - 1));
        }
    }
    sq_end(&q);
    if (rc == 0 && n != d->n_chunks)
        finding(k, "document %s: %lld passages instead of %lld", d->id, (long long)n,
            (long long)d->n_chunks);
    return rc == 0;
}

static bool check_documents(Check *k, Err *err)
{
    Sq q;
    int rc = -1;
    if (sq_begin_once(&q, k->c,
            STR("SELECT doc_no, bytes, text_bytes, n_chunks, same_text, hash, uuid FROM documents"),
            err)) {
        while ((rc = sq_step(&q, err)) > 0) {
            DocRow d = {sq_col_i64(&q, 0), sq_col_i64(&q, 1), sq_col_i64(&q, 2), sq_col_i64(&q, 3),
                sq_col_i64(&q, 4) != 0, {{0}}, ""};
            Uuid id;
            if (!sq_col_bytes(&q, 5, d.hash.b, sizeof d.hash.b, "a document's hash", err)
                || !sq_col_bytes(&q, 6, id.b, sizeof id.b, "a document's id", err)) {
                rc = -1;
                break;
            }
            uuid_format(&id, d.id);
            if (!check_bytes(k, &d, err) || !check_chunks(k, &d, err)) {
                rc = -1;
                break;
            }
        }
    }
    sq_end(&q);
    return rc == 0;
}

/* Rows that no foreign key watches over. */
static bool check_orphans(Check *k, Err *err)
{
    Sq q;
    bool ok = sq_begin_once(&q, k->c,
        STR("SELECT (SELECT count(*) FROM text_parts"
            "         WHERE key / 65536 NOT IN (SELECT doc_no FROM documents)) +"
            "       (SELECT count(*) FROM original_parts"
            "         WHERE key / 65536 NOT IN (SELECT doc_no FROM documents))"), err)
        && sq_step(&q, err) > 0;
    if (ok && sq_col_i64(&q, 0))
        finding(k, "%lld parts of texts or originals belong to no document",
            (long long)sq_col_i64(&q, 0));
    sq_end(&q);
    return ok;
}

/* No fault: words still find them, and nothing is lost. */
static bool check_models(Check *k, const char *model, Err *err)
{
    static const char sql[] =
        "SELECT model, count(*) FROM documents WHERE n_chunks > 0 AND model <> ?1 GROUP BY model";
    Sq q;
    int rc = -1;
    if (!model[0])
        return true;
    if (sq_begin(&q, k->c, sql, err)) {
        sq_text(&q, str_of(model));
        while ((rc = sq_step(&q, err)) > 0)
            buf_printf(k->report, "%lld documents have vectors of another encoder (" STR_FMT
                "): add them again to find them by meaning\n", (long long)sq_col_i64(&q, 1),
                STR_ARG(sq_col_str(&q, 0)));
    }
    sq_end(&q);
    return rc == 0;
}

/* ---- caches --------------------------------------------------------------------------------- */

/* Every passage of the tables in both indexes at one slot, and nothing else. */
static bool compare_index(Sqlite *s, Check *k, SqOwner *o, bool *good, Err *err)
{
    static const char sql[] =
        "SELECT c.chunk_no FROM chunks c JOIN documents d ON d.doc_no = c.doc_no "
        "WHERE d.owner_no = ?1";
    SqIndex *x = sq_index_of(s, o, err);
    Sq q;
    int rc = -1;
    uint32_t n = 0;
    Err why = ERR_INIT;
    if (!x)
        return false;
    *good = !atomic_load(&x->behind) && vindex_verify(x->v, &why);
    if (sq_begin(&q, k->c, sql, err)) {
        sq_i64(&q, o->no);
        while ((rc = sq_step(&q, err)) > 0) {
            uint64_t id = (uint64_t)sq_col_i64(&q, 0);
            uint32_t slot = sq_slots_of_chunk(&x->slots, id);
            n++;
            if (slot == SQ_NO_SLOT || !vindex_is_live(x->v, slot) || vindex_id(x->v, slot) != id
                || kindex_id(x->k, slot) != id)
                *good = false;
        }
    }
    sq_end(&q);
    *good = *good && vindex_live(x->v) == n && kindex_live(x->k) == n;
    return rc == 0;
}

static bool check_indexes(Sqlite *s, Check *k, Err *err)
{
    char id[UUID_TEXT];
    if (s->read_only)
        return true;
    for (SqOwner *o = s->owners; o; o = o->next) {
        bool good = true;
        if (o->gone && !o->index)
            continue;
        if (!compare_index(s, k, o, &good, err))
            return false;
        if (good && !k->repair)
            continue;
        if (!good)
            finding(k, "search caches of %s: do not match the passages", uuid_format(&o->uuid, id));
        if (k->repair) {
            if (!sq_index_rebuild(s, k->c, o, err))
                return false;
            if (!good) {
                k->wrong--;
                k->mended++;
            }
        }
    }
    return true;
}

static bool mend_fts(Check *k, Err *err)
{
    if (!k->repair)
        return true;
    if (!sq_exec(k->c, "INSERT INTO chunk_fts (chunk_fts) VALUES ('rebuild')",
            "rebuilding the full-text index", err))
        return false;
    if (k->fts_wrong) {
        k->wrong--;
        k->mended++;
    }
    return true;
}

static void talk_finding(void *arg, const char *line)
{
    finding(arg, "%s", line);
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool check_all(Sqlite *s, SqWrite *w, Err *err)
{
    Check *k = (Check *)w;
    return sqlite_says(k, "PRAGMA integrity_check", "database file", err)
        && sqlite_says(k, "PRAGMA foreign_key_check", "row without its document", err)
        && check_fts(k, err) && check_documents(k, err) && check_orphans(k, err)
        && check_models(k, s->model, err) && sq_talk_check(k->c, talk_finding, k, err)
        && mend_fts(k, err) && check_indexes(s, k, err);
}

bool sq_check(Store *store, bool repair, Buf *report, Err *err)
{
    Sqlite *s = sq_of(store);
    Check k = {.w = {.alone = check_all}, .repair = repair && !s->read_only,
        .read_only = s->read_only, .report = report};
    bool ran;
    if (s->read_only) {
        k.c = sq_conn_take(s, err);
        ran = k.c && check_all(s, &k.w, err);
        if (k.c)
            sq_conn_give(s, k.c);
    } else {
        k.c = s->writer.conn;
        ran = sq_write(s, &k.w, err);
    }
    if (!ran)
        return false;
    if (k.mended)
        buf_printf(report, "%zu caches were built again\n", k.mended);
    if (!buf_check(report, "the report", err))
        return false;
    if (k.wrong)
        return err_set(err, ERR_CORRUPT, "the check found %zu faults", k.wrong);
    return true;
}
