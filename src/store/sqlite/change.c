/* change.c - patches and deletions of documents. */
#include "store/sqlite/sq_index.h"

#include "store/sqlite/sq_rows.h"

/* ---- patch ---------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Uuid *id;
    const DocPatch *patch;
} Patch;

/* ?n of a value that stays is NULL; summary, which may become NULL, has a flag of its own. */
static bool patch_row(SqConn *c, int64_t doc_no, const DocPatch *p, Err *err)
{
    static const char sql[] =
        "UPDATE documents SET title = coalesce(?2, title), source = coalesce(?3, source),"
        " extra_json = coalesce(?4, extra_json), importance = coalesce(?5, importance),"
        " about = CASE WHEN ?5 IS NULL THEN about ELSE json_set(about, '$.importance_reasons',"
        " json_array(json_object('signal', 'given', 'contribution', ?5))) END,"
        " summary = CASE WHEN ?6 THEN ?7 ELSE summary END,"
        " updated_at = CASE WHEN ?8 THEN ?8 ELSE updated_at END WHERE doc_no = ?1";
    const Str none = {NULL, 0};
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, doc_no);
    sq_text(&q, p->title ? *p->title : none);
    sq_text(&q, p->source ? *p->source : none);
    sq_text(&q, p->extra_json ? *p->extra_json : none);
    if (p->importance)
        sq_real(&q, *p->importance);
    else
        sq_text(&q, none);
    sq_i64(&q, p->summary != NULL);
    sq_text(&q, p->summary ? *p->summary : none);
    sq_i64(&q, p->updated_at);
    return sq_run(&q, err);
}

/* names follows title and source. */
static bool patch_names(SqConn *c, int64_t doc_no, Err *err)
{
    static const char get[] = "SELECT title, source, filename FROM documents WHERE doc_no = ?1";
    static const char set[] = "UPDATE documents SET names = ?2 WHERE doc_no = ?1";
    Sq q;
    Buf names;
    buf_init(&names, 1 << 20);
    bool ok = sq_begin(&q, c, get, err);
    if (ok) {
        sq_i64(&q, doc_no);
        ok = sq_step(&q, err) > 0
            && sq_names_fold(c, sq_col_str(&q, 0), sq_col_str(&q, 1), sq_col_str(&q, 2), &names,
                err);
    }
    sq_end(&q);
    if (ok && (ok = sq_begin(&q, c, set, err))) {
        sq_i64(&q, doc_no);
        sq_text(&q, buf_str(&names));
        ok = sq_run(&q, err);
    }
    buf_release(&names);
    return ok;
}

static bool apply_patch(Sqlite *s, SqWrite *w, Err *err)
{
    static const char untag[] = "DELETE FROM tags WHERE doc_no = ?1";
    Patch *p = (Patch *)w;
    SqConn *c = s->writer.conn;
    SqRow row;
    if (!sq_row_find(c, w->owner->no, p->id, &row, err))
        return false;
    if (!row.doc_no)
        return err_set(err, ERR_NOT_FOUND, "there is no such document");
    if (!patch_row(c, row.doc_no, p->patch, err))
        return false;
    if ((p->patch->title || p->patch->source) && !patch_names(c, row.doc_no, err))
        return false;
    if (p->patch->set_tags) {
        Sq q;
        if (!sq_begin(&q, c, untag, err))
            return false;
        sq_i64(&q, row.doc_no);
        if (!sq_run(&q, err)
            || !sq_row_tags(c, row.doc_no, p->patch->tags, p->patch->n_tags, err))
            return false;
    }
    w->answers = w->notify = true;
    w->change = CHANGE_UPDATED;
    w->document = *p->id;
    return true;
}

bool sq_document_patch(Store *store, const Uuid *owner, const Uuid *id, const DocPatch *patch,
    Err *err)
{
    Sqlite *s = sq_of(store);
    Patch p = {.w = {.apply = apply_patch, .owner = sq_owner(s, owner)}, .id = id, .patch = patch};
    if (!p.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such document");
    return sq_write(s, &p.w, err);
}

/* ---- delete --------------------------------------------------------------------------------- */

typedef struct {
    SqWrite w; /* first */
    const Uuid *id;
} Delete;

bool sq_document_remove(Sqlite *s, SqWrite *w, const Uuid *id, Err *err)
{
    static const char sql[] = "DELETE FROM documents WHERE doc_no = ?1";
    SqConn *c = s->writer.conn;
    SqRow row;
    Sq q;
    if (!sq_row_find(c, w->owner->no, id, &row, err))
        return false;
    if (!row.doc_no)
        return err_set(err, ERR_NOT_FOUND, "there is no such document");
    if (!sq_parts_release(s, w, row.doc_no, err) || !sq_row_clear(c, &row, false, err)
        || !sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, row.doc_no);
    if (!sq_run(&q, err))
        return false;
    uint64_t seq = 0;
    if (row.first_chunk
        && !sq_row_change(s, w->owner->no, row.doc_no, true, row.first_chunk, row.last_chunk, &seq,
            err))
        return false;
    w->delta = (SqDelta){.doc_no = (uint64_t)row.doc_no, .gone_first = row.first_chunk,
        .gone_last = row.last_chunk, .seq = seq};
    w->answers = w->notify = true;
    w->change = CHANGE_DELETED;
    w->document = *id;
    return true;
}

static bool apply_delete(Sqlite *s, SqWrite *w, Err *err)
{
    Delete *d = (Delete *)w;
    return sq_document_remove(s, w, d->id, err)
        && sq_ledger_forget(s->writer.conn, w->owner->no, d->id, STR("the document was deleted"),
            err);
}

bool sq_document_delete(Store *store, const Uuid *owner, const Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    Delete d = {.w = {.apply = apply_delete, .frees = true, .owner = sq_owner(s, owner)}, .id = id};
    if (!d.w.owner)
        return err_set(err, ERR_NOT_FOUND, "there is no such document");
    return sq_write(s, &d.w, err);
}
