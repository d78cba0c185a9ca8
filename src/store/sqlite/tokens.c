/* tokens.c - text to words by FTS5's own tokenizers, so that every index agrees on what a word is.
 *
 * "porter unicode61 remove_diacritics 2" gives what chunk_fts stores: folded, without accents,
 * stemmed (English). "unicode61 remove_diacritics 2" alone gives the word as written, folded.
 * Threads: a tokenizer has a buffer of its own and belongs to its connection. */
#include "store/sqlite/sq.h"

#include "base/mem.h"

struct SqTok {
    fts5_tokenizer api[2]; /* [0] folded, [1] folded and stemmed */
    Fts5Tokenizer *made[2];
};

static fts5_api *find_api(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &st, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(st, 1, (void *)&api, "fts5_api_ptr", NULL);
        sqlite3_step(st);
    }
    sqlite3_finalize(st);
    return api;
}

static bool make(fts5_api *api, const char *name, const char **args, int n, fts5_tokenizer *t,
    Fts5Tokenizer **out, Err *err)
{
    void *user = NULL;
    int rc = api->xFindTokenizer(api, name, &user, t);
    if (rc == SQLITE_OK)
        rc = t->xCreate(user, args, n, out);
    return rc == SQLITE_OK || sq_fail(NULL, rc, "making the tokenizer", err);
}

static SqTok *tok_new(SqConn *c, Err *err)
{
    static const char *plain[] = {"remove_diacritics", "2"};
    static const char *stemmed[] = {"unicode61", "remove_diacritics", "2"};
    SqTok *t = mem_zalloc(sizeof *t);
    fts5_api *api = t ? find_api(c->db) : NULL;
    if (!t) {
        err_set(err, ERR_NO_MEMORY, "making the tokenizer: out of memory");
        return NULL;
    }
    if (!api) {
        err_set(err, ERR_UNAVAILABLE, "this SQLite was built without FTS5");
    } else if (make(api, "unicode61", plain, 2, &t->api[0], &t->made[0], err)
        && make(api, "porter", stemmed, 3, &t->api[1], &t->made[1], err)) {
        return t;
    }
    sq_tok_free(t);
    return NULL;
}

void sq_tok_free(SqTok *t)
{
    if (!t)
        return;
    for (int i = 0; i < 2; i++)
        if (t->made[i])
            t->api[i].xDelete(t->made[i]);
    mem_free(t);
}

typedef struct {
    SqTokenFn fn;
    void *arg;
    bool stopped;
} Call;

static int on_token(void *arg, int flags, const char *token, int n, int start, int end)
{
    Call *call = arg;
    (void)flags;
    if (call->fn(call->arg, (Str){token, (size_t)n}, (size_t)start, (size_t)end))
        return SQLITE_OK;
    call->stopped = true;
    return SQLITE_DONE;
}

bool sq_tokens(SqConn *c, Str text, bool stem, SqTokenFn fn, void *arg, Err *err)
{
    if (!c->tok && !(c->tok = tok_new(c, err)))
        return false;
    if (text.len > INT32_MAX)
        return err_set(err, ERR_TOO_LARGE, "a text of %zu bytes cannot be split into words",
            text.len);
    SqTok *t = c->tok;
    Call call = {fn, arg, false};
    int rc = t->api[stem].xTokenize(t->made[stem], &call, FTS5_TOKENIZE_DOCUMENT,
        text.ptr ? text.ptr : "", (int)text.len, on_token);
    if (rc != SQLITE_OK && !call.stopped)
        return sq_fail(NULL, rc, "splitting a text into words", err);
    return true;
}

bool sq_tokenize(Store *store, Str text, SqTokenFn fn, void *arg, Err *err)
{
    Sqlite *s = sq_of(store);
    SqConn *c = sq_conn_take(s, err);
    if (!c)
        return false;
    bool ok = sq_tokens(c, text, true, fn, arg, err);
    sq_conn_give(s, c);
    return ok;
}
