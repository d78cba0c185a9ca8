/* files.c - what becomes of a document when its file moves or goes. One transaction each, so that
 * the ledger and the documents never tell different stories. */
#include "store/sqlite/sq.h"

#include "base/clock.h"

typedef struct {
    SqWrite w; /* first */
    Str source, reason, filename;
    bool keep;
    const LedgerEntry *to;
    FileGone what;
} FileWrite;

typedef struct {
    bool there;    /* a living entry */
    bool by_hand;  /* a person offered it */
    Uuid document;
} Holder;

static bool find_entry(SqConn *c, int64_t owner_no, Str source, Holder *out, Err *err)
{
    static const char sql[] =
        "SELECT document, folder FROM ledger WHERE owner_no = ?1 AND source = ?2 AND state <> 5";
    Sq q;
    int rc = -1;
    *out = (Holder){0};
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_text(&q, source);
        rc = sq_step(&q, err);
        if (rc > 0) {
            out->there = true;
            out->by_hand = sq_col_str(&q, 1).ptr == NULL;
            if (sq_col_str(&q, 0).ptr
                && !sq_col_bytes(&q, 0, out->document.b, sizeof out->document.b,
                    "a ledger entry's document", err))
                rc = -1;
        }
    }
    sq_end(&q);
    return rc >= 0;
}

/* The last file name of a source, for a document that goes on under it. */
static Str base_name(Str source)
{
    size_t at = source.len;
    while (at > 0 && source.ptr[at - 1] != '/')
        at--;
    return str_sub(source, at, source.len);
}

static bool name_document(SqConn *c, int64_t owner_no, const Uuid *id, Str source, Str filename,
    Err *err)
{
    static const char get[] = "SELECT title FROM documents WHERE owner_no = ?1 AND uuid = ?2";
    static const char set[] =
        "UPDATE documents SET source = ?3, filename = ?4, names = ?5 "
        "WHERE owner_no = ?1 AND uuid = ?2";
    Sq q;
    Buf names;
    buf_init(&names, 1 << 20);
    bool ok = sq_begin(&q, c, get, err);
    if (ok) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        int rc = sq_step(&q, err);
        ok = rc == 0 || (rc > 0 && sq_names_fold(c, sq_col_str(&q, 0), source, filename, &names,
            err));
    }
    sq_end(&q);
    if (ok && (ok = sq_begin(&q, c, set, err))) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        sq_text(&q, source);
        sq_text(&q, filename);
        sq_text(&q, buf_str(&names));
        ok = sq_run(&q, err);
    }
    buf_release(&names);
    return ok;
}

/* Another living entry with the same document: a file first, then what a person uploaded. */
static bool find_heir(SqConn *c, int64_t owner_no, const Uuid *id, Str not, Buf *heir, bool *found,
    Err *err)
{
    static const char sql[] =
        "SELECT source FROM ledger WHERE owner_no = ?1 AND document = ?2 AND source <> ?3 "
        "AND state <> 5 ORDER BY state, source LIKE '/%' DESC, source LIMIT 1";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, id->b, sizeof id->b);
        sq_text(&q, not);
        rc = sq_step(&q, err);
        *found = rc > 0;
        if (rc > 0)
            buf_add(heir, sq_col_str(&q, 0));
    }
    sq_end(&q);
    return rc >= 0 && buf_check(heir, "a source", err);
}

static bool set_state(SqConn *c, int64_t owner_no, Str source, LedgerState state, Str reason,
    Err *err)
{
    /* Without the file's facts, so that a file which comes back is read again. */
    static const char gone[] =
        "UPDATE ledger SET state = ?3, reason = ?4, document = NULL, n_chunks = 0, mtime_ns = 0,"
        " device = 0, inode = 0, last_at = ?5 WHERE owner_no = ?1 AND source = ?2";
    static const char other[] =
        "UPDATE ledger SET state = ?3, reason = ?4, last_at = ?5 "
        "WHERE owner_no = ?1 AND source = ?2";
    static const char kept[] =
        "UPDATE ledger SET state = ?3, reason = ?4, mtime_ns = 0, device = 0, inode = 0,"
        " last_at = ?5 WHERE owner_no = ?1 AND source = ?2";
    Sq q;
    if (!sq_begin(&q, c, state == LEDGER_DELETED ? gone : reason.len ? kept : other, err))
        return false;
    sq_i64(&q, owner_no);
    sq_text(&q, source);
    sq_i64(&q, (int64_t)state);
    sq_text(&q, reason);
    sq_i64(&q, clock_now_ms());
    return sq_run(&q, err);
}

static bool pass_on(SqConn *c, SqWrite *w, const Holder *h, Str heir, Err *err)
{
    w->answers = w->notify = true;
    w->change = CHANGE_UPDATED;
    w->document = h->document;
    return set_state(c, w->owner->no, heir, LEDGER_INDEXED, STR(""), err)
        && name_document(c, w->owner->no, &h->document, heir, base_name(heir), err);
}

static bool apply_gone(Sqlite *s, SqWrite *w, Err *err)
{
    FileWrite *f = (FileWrite *)w;
    SqConn *c = s->writer.conn;
    int64_t no = w->owner->no;
    Holder h;
    Buf heir;
    bool found = false;
    f->what = GONE_UNKNOWN;
    if (!find_entry(c, no, f->source, &h, err))
        return false;
    if (!h.there)
        return true;
    if (uuid_is_nil(&h.document)) {
        f->what = GONE_EMPTY;
        return set_state(c, no, f->source, LEDGER_DELETED, f->reason, err);
    }
    buf_init(&heir, 1 << 20);
    bool ok = find_heir(c, no, &h.document, f->source, &heir, &found, err);
    if (ok && found) {
        f->what = GONE_PASSED_ON;
        ok = pass_on(c, w, &h, buf_str(&heir), err)
            && set_state(c, no, f->source, LEDGER_DELETED, f->reason, err);
    } else if (ok && (f->keep || h.by_hand)) {
        Buf reason;
        buf_init(&reason, 1 << 16);
        buf_printf(&reason, STR_FMT "; the document is kept", STR_ARG(f->reason));
        f->what = GONE_KEPT;
        ok = buf_check(&reason, "the reason", err)
            && set_state(c, no, f->source, LEDGER_INDEXED, buf_str(&reason), err);
        buf_release(&reason);
    } else if (ok) {
        f->what = GONE_DELETED;
        ok = set_state(c, no, f->source, LEDGER_DELETED, f->reason, err)
            && sq_document_remove(s, w, &h.document, err);
    }
    buf_release(&heir);
    return ok;
}

bool sq_ledger_supersede(Sqlite *s, SqWrite *w, const LedgerEntry *e, bool may_remove, Err *err)
{
    SqConn *c = s->writer.conn;
    int64_t no = w->owner->no;
    Holder old;
    Buf heir;
    bool found = false;
    if (!find_entry(c, no, e->source, &old, err) || !sq_ledger_write(c, no, e, err))
        return false;
    if (!old.there || old.by_hand || uuid_is_nil(&old.document) || uuid_is_nil(&e->folder)
        || uuid_is_nil(&e->document) || uuid_eq(&old.document, &e->document))
        return true;
    buf_init(&heir, 1 << 20);
    bool ok = find_heir(c, no, &old.document, e->source, &heir, &found, err);
    if (ok && found)
        ok = set_state(c, no, buf_str(&heir), LEDGER_INDEXED, STR(""), err)
            && name_document(c, no, &old.document, buf_str(&heir), base_name(buf_str(&heir)), err);
    else if (ok && may_remove)
        ok = sq_document_remove(s, w, &old.document, err);
    buf_release(&heir);
    return ok;
}

bool sq_file_gone(Store *store, const Uuid *owner, Str source, bool keep, Str reason,
    FileGone *what, Err *err)
{
    Sqlite *s = sq_of(store);
    FileWrite f = {.w = {.apply = apply_gone, .frees = true, .owner = sq_owner(s, owner)},
        .source = source, .keep = keep, .reason = reason};
    *what = GONE_UNKNOWN;
    if (!f.w.owner)
        return true;
    if (!sq_write(s, &f.w, err))
        return false;
    *what = f.what;
    return true;
}

/* The row of `from` becomes that of the new name; what stands under the old one says where it went.
 * The document is named after the new file when it was named after the old one. */
static bool apply_moved(Sqlite *s, SqWrite *w, Err *err)
{
    static const char clear[] =
        "DELETE FROM ledger WHERE owner_no = ?1 AND source = ?2 AND state = 5";
    static const char move[] =
        "UPDATE ledger SET source = ?3, bytes = ?4, mtime_ms = ?5, mtime_ns = ?6, device = ?7,"
        " inode = ?8, last_at = ?9 WHERE owner_no = ?1 AND source = ?2";
    static const char mine[] =
        "SELECT 1 FROM documents WHERE owner_no = ?1 AND uuid = ?2 AND source = ?3";
    FileWrite *f = (FileWrite *)w;
    const LedgerEntry *to = f->to;
    SqConn *c = s->writer.conn;
    int64_t no = w->owner->no;
    Holder old, new;
    Sq q;
    if (!find_entry(c, no, f->source, &old, err) || !find_entry(c, no, to->source, &new, err))
        return false;
    if (!old.there)
        return err_set(err, ERR_NOT_FOUND, "the ledger has no such entry");
    if (new.there)
        return err_set(err, ERR_CONFLICT, "the ledger has an entry of the new name already");
    int rc = 0;
    if (!uuid_is_nil(&old.document) && sq_begin(&q, c, mine, err)) {
        sq_i64(&q, no);
        sq_blob(&q, old.document.b, sizeof old.document.b);
        sq_text(&q, f->source);
        rc = sq_step(&q, err);
        sq_end(&q);
    }
    if (rc < 0 || !sq_begin(&q, c, clear, err))
        return false;
    sq_i64(&q, no);
    sq_text(&q, to->source);
    if (!sq_run(&q, err) || !sq_begin(&q, c, move, err))
        return false;
    sq_i64(&q, no);
    sq_text(&q, f->source);
    sq_text(&q, to->source);
    sq_i64(&q, (int64_t)to->bytes);
    sq_i64(&q, to->mtime_ms);
    sq_i64(&q, to->mtime_ns);
    sq_i64(&q, (int64_t)to->device);
    sq_i64(&q, (int64_t)to->inode);
    sq_i64(&q, to->last_at);
    if (!sq_run(&q, err))
        return false;
    LedgerEntry left = {.source = f->source, .state = LEDGER_DELETED, .reason = f->reason,
        .folder = to->folder, .first_at = to->last_at, .last_at = to->last_at};
    if (!sq_ledger_write(c, no, &left, err))
        return false;
    if (rc == 0)
        return true;
    w->answers = w->notify = true;
    w->change = CHANGE_UPDATED;
    w->document = old.document;
    return name_document(c, no, &old.document, to->source, f->filename, err);
}

bool sq_file_moved(Store *store, const Uuid *owner, Str from, const LedgerEntry *to, Str filename,
    Err *err)
{
    Sqlite *s = sq_of(store);
    Buf reason;
    buf_init(&reason, 1 << 16);
    buf_printf(&reason, "it is now " STR_FMT, STR_ARG(to->source));
    FileWrite f = {.w = {.apply = apply_moved, .owner = sq_owner(s, owner)}, .source = from,
        .to = to, .filename = filename, .reason = buf_str(&reason)};
    bool ok = f.w.owner || err_set(err, ERR_NOT_FOUND, "the ledger has no such entry");
    ok = ok && buf_check(&reason, "the reason", err) && sq_write(s, &f.w, err);
    buf_release(&reason);
    return ok;
}
