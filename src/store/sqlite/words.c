/* words.c - the words of an owner's documents as people write them: folded, not stemmed.
 *
 * A put adds the words it brings (put.c); which passages hold them is the keyword index's
 * knowledge. So a word whose stem is in no passage any more is not told, and is swept away when the
 * writer has nothing else to do. */
#include "base/utf8.h"
#include "store/sqlite/sq_index.h"

#define SWEEP_STEP 4096 /* words looked at in one transaction: some milliseconds */

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "looking up words: out of memory");
}

/* Rows (word, stem) of words that start with `prefix`; 0xFF comes after every UTF-8 text. */
static bool words_begin(Sq *q, SqConn *c, int64_t owner_no, Str prefix, Arena *a, Err *err)
{
    static const char sql[] =
        "SELECT word, stem FROM words WHERE owner_no = ?1 AND word >= ?2 AND word < ?3";
    Str after = arena_printf(a, STR_FMT "\xff", STR_ARG(prefix));
    *q = (Sq){0};
    if (!after.ptr)
        return no_memory(err);
    if (!sq_begin(q, c, sql, err))
        return false;
    sq_i64(q, owner_no);
    sq_text(q, prefix);
    sq_text(q, after);
    return true;
}

bool sq_words_stems(SqConn *c, int64_t owner_no, Str prefix, Arena *a, SqWordSet *out, Err *err)
{
    Sq q;
    int rc = -1;
    *out = (SqWordSet){.a = a};
    if (words_begin(&q, c, owner_no, prefix, a, err)) {
        while ((rc = sq_step(&q, err)) > 0)
            if (!sq_words_add(out, sq_col_str(&q, 1), 1)) {
                rc = -1;
                no_memory(err);
                break;
            }
    }
    sq_end(&q);
    return rc == 0;
}

/* ---- completion ----------------------------------------------------------------------------- */

typedef struct {
    Str word;
    uint32_t df;
} Suggestion;

/* Keeps the `limit` best, most frequent first. */
static void keep(Suggestion *best, size_t *n, size_t limit, Suggestion s)
{
    size_t at = *n;
    if (!s.df || (at == limit && best[at - 1].df >= s.df))
        return;
    if (at < limit)
        ++*n;
    else
        at--;
    for (; at > 0 && best[at - 1].df < s.df; at--)
        best[at] = best[at - 1];
    best[at] = s;
}

typedef struct {
    Str last;
    Arena *a;
    bool failed;
} LastToken;

static bool on_token(void *arg, Str token, size_t start, size_t end)
{
    LastToken *t = arg;
    (void)start;
    (void)end;
    t->last = arena_str(t->a, token);
    t->failed = !t->last.ptr;
    return !t->failed;
}

static bool suggest(SqConn *c, SqIndex *x, const SqOwner *o, Str prefix, size_t limit, Arena *a,
    Suggestion *best, size_t *n, Err *err)
{
    LastToken t = {{NULL, 0}, a, false};
    if (!sq_tokens(c, prefix, false, on_token, &t, err))
        return false;
    if (t.failed)
        return no_memory(err);
    if (!t.last.len)
        return true;
    Sq q;
    int rc = -1;
    if (words_begin(&q, c, o->no, t.last, a, err)) {
        while ((rc = sq_step(&q, err)) > 0) {
            Suggestion s = {{NULL, 0}, kindex_df(x->k, sq_col_str(&q, 1))};
            if (!s.df || (*n == limit && best[limit - 1].df >= s.df))
                continue; /* before its word is copied */
            if (!sq_col_copy(&q, 0, a, &s.word, err)) {
                rc = -1;
                break;
            }
            keep(best, n, limit, s);
        }
    }
    sq_end(&q);
    return rc == 0;
}

bool sq_suggest(Store *store, const Uuid *owner, Str prefix, size_t limit, Arena *a, Str *out,
    size_t *n, Err *err)
{
    Sqlite *s = sq_of(store);
    SqOwner *o;
    size_t found = 0;
    bool empty;
    Suggestion *best = ARENA_NEW_ARRAY(a, Suggestion, limit + 1);
    if (!best)
        return no_memory(err);
    SqIndex *x = sq_index_hold(s, owner, &o, &empty, err);
    if (empty)
        *n = 0;
    if (!x)
        return empty;
    SqConn *c = sq_read_begin(s, err);
    bool ok = c && (!limit || suggest(c, x, o, prefix, limit, a, best, &found, err));
    if (c)
        sq_read_end(s, c);
    sq_index_give(x);
    for (size_t i = 0; ok && i < found; i++)
        out[i] = best[i].word;
    if (ok)
        *n = found;
    return ok;
}

/* ---- sweeping ------------------------------------------------------------------------------- */

static bool forget(SqConn *c, int64_t owner_no, const SqWordSet *gone, Err *err)
{
    static const char sql[] = "DELETE FROM words WHERE owner_no = ?1 AND word = ?2";
    if (!sq_exec(c, "BEGIN IMMEDIATE", "forgetting words", err))
        return false;
    bool ok = true;
    for (size_t i = 0; i < gone->n && ok; i++) {
        Sq q;
        ok = sq_begin(&q, c, sql, err);
        if (ok) {
            sq_i64(&q, owner_no);
            sq_text(&q, gone->items[i].text);
            ok = sq_run(&q, err);
        }
    }
    if (ok && sq_exec(c, "COMMIT", "forgetting words", err))
        return true;
    if (!sqlite3_get_autocommit(c->db))
        sq_exec(c, "ROLLBACK", "undoing", NULL);
    return false;
}

/* Looks at SWEEP_STEP words from x->sweep_from on. */
static bool step(SqConn *c, const SqOwner *o, Arena *a, Err *err)
{
    static const char sql[] =
        "SELECT word, stem FROM words WHERE owner_no = ?1 AND word > ?2 ORDER BY word LIMIT ?3";
    SqIndex *x = o->index;
    SqWordSet gone = {.a = a};
    Str last = {NULL, 0};
    Sq q;
    int rc = -1;
    if (!x) /* it rests: there is nothing to go through */
        return true;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, o->no);
        sq_text(&q, str_of(x->sweep_from));
        sq_i64(&q, SWEEP_STEP);
        while ((rc = sq_step(&q, err)) > 0) {
            last = sq_col_str(&q, 0);
            if (last.len >= sizeof x->sweep_from)
                last = str_sub(last, 0, utf8_floor(last, sizeof x->sweep_from - 1));
            memcpy(x->sweep_from, last.ptr, last.len);
            x->sweep_from[last.len] = 0;
            if (!kindex_df(x->k, sq_col_str(&q, 1)) && !sq_words_add(&gone, sq_col_str(&q, 0), 1)) {
                rc = -1;
                no_memory(err);
                break;
            }
        }
    }
    sq_end(&q);
    if (rc == 0 && !last.ptr)
        x->sweep = false; /* came to the end */
    return rc == 0 && (!gone.n || forget(c, o->no, &gone, err));
}

bool sq_words_sweep(Sqlite *s, Err *err)
{
    pthread_mutex_lock(&s->owners_lock);
    SqOwner *o = s->owners;
    pthread_mutex_unlock(&s->owners_lock);
    while (o && (!o->index || !o->index->sweep || atomic_load(&o->index->behind)))
        o = o->next;
    if (!o)
        return false;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    bool ok = a ? step(s->writer.conn, o, a, err) : no_memory(err);
    arena_free(a);
    if (!ok)
        o->index->sweep = false; /* the next deletion tries again */
    return ok;
}
