/* documents.c - documents, originals and passages out of the tables. */
#include "store/sqlite/sq.h"

#include <stdlib.h>

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading a document: out of memory");
}

/* ---- texts in parts ------------------------------------------------------------------------- */

static bool read_parts(SqConn *c, const char *sql, size_t part, int64_t doc_no, uint64_t from,
    uint64_t to, Arena *a, Str *out, Err *err)
{
    if (from >= to) {
        *out = STR("");
        return true;
    }
    char *text = arena_alloc(a, to - from + 1);
    if (!text)
        return no_memory(err);
    Sq q;
    int rc = -1;
    uint64_t have = from;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, SQ_PART_KEY(doc_no, from / part));
        sq_i64(&q, SQ_PART_KEY(doc_no, (to - 1) / part));
        while ((rc = sq_step(&q, err)) > 0) {
            Str data = sq_col_str(&q, 1);
            uint64_t start = (uint64_t)(sq_col_i64(&q, 0) - SQ_PART_KEY(doc_no, 0)) * part;
            if (have < start || have >= start + data.len)
                break; /* a part is missing or short: told below */
            Str piece = str_sub(data, have - start, to - start);
            memcpy(text + (have - from), piece.ptr, piece.len);
            have += piece.len;
        }
    }
    sq_end(&q);
    if (rc < 0)
        return false;
    if (have != to)
        return err_set(err, ERR_CORRUPT, "a document's bytes end at %llu instead of %llu",
            (unsigned long long)have, (unsigned long long)to);
    *out = (Str){text, to - from};
    return true;
}

bool sq_text_read(SqConn *c, int64_t doc_no, uint64_t from, uint64_t to, Arena *a, Str *out,
    Err *err)
{
    static const char sql[] =
        "SELECT key, data FROM text_parts WHERE key BETWEEN ?1 AND ?2 ORDER BY key";
    return read_parts(c, sql, SQ_TEXT_PART, doc_no, from, to, a, out, err);
}

/* ---- one row -------------------------------------------------------------------------------- */

typedef struct {
    Str tag;
    int64_t ordinal;
} Tag;

static bool read_tag(Sq *q, Arena *a, void *row, Err *err)
{
    Tag *t = row;
    t->ordinal = sq_col_i64(q, 1);
    return sq_col_copy(q, 0, a, &t->tag, err);
}

static int by_ordinal(const void *a, const void *b)
{
    const Tag *x = a, *y = b;
    return x->ordinal < y->ordinal ? -1 : x->ordinal > y->ordinal;
}

/* Put in order here: ORDER BY would make SQLite set up a sorter, which costs more than the rest. */
static bool read_tags(SqConn *c, int64_t doc_no, Arena *a, Document *d, Err *err)
{
    static const char sql[] = "SELECT tag, ordinal FROM tags WHERE doc_no = ?1";
    Sq q;
    Tag *tags;
    size_t n;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, doc_no);
    if (!sq_list(&q, a, read_tag, sizeof *tags, &tags, &n, err))
        return false;
    Str *list = n ? ARENA_NEW_ARRAY(a, Str, n) : NULL;
    if (n && !list)
        return no_memory(err);
    if (n > 1)
        qsort(tags, n, sizeof *tags, by_ordinal);
    for (size_t i = 0; i < n; i++)
        list[i] = tags[i].tag;
    d->tags = list;
    d->n_tags = n;
    return true;
}

bool sq_document_read(Sq *q, bool with_content, Arena *a, Document *out, Err *err)
{
    Document d = {0};
    int64_t doc_no = sq_col_i64(q, 0);
    if (!sq_col_bytes(q, 1, d.id.b, sizeof d.id.b, "a document's id", err)
        || !sq_col_bytes(q, 2, d.hash.b, sizeof d.hash.b, "a document's hash", err)
        || !sq_col_copy(q, 3, a, &d.title, err) || !sq_col_copy(q, 4, a, &d.source, err)
        || !sq_col_copy(q, 5, a, &d.file_type, err) || !sq_col_copy(q, 6, a, &d.media_type, err)
        || !sq_col_copy(q, 7, a, &d.filename, err) || !sq_col_copy(q, 8, a, &d.summary, err)
        || !sq_col_copy(q, 10, a, &d.extra_json, err) || !sq_col_copy(q, 17, a, &d.author, err)
        || !sq_col_copy(q, 18, a, &d.language, err) || !sq_col_copy(q, 19, a, &d.about_json, err))
        return false;
    d.importance = sq_col_real(q, 9);
    d.bytes = (uint64_t)sq_col_i64(q, 11);
    d.pages = (uint32_t)sq_col_i64(q, 12);
    d.n_chunks = (uint32_t)sq_col_i64(q, 13);
    d.created_at = sq_col_i64(q, 14);
    d.updated_at = sq_col_i64(q, 15);
    uint64_t text_bytes = (uint64_t)sq_col_i64(q, 16);
    if (!read_tags(q->c, doc_no, a, &d, err))
        return false;
    if (with_content && !sq_text_read(q->c, doc_no, 0, text_bytes, a, &d.content, err))
        return false;
    *out = d;
    return true;
}

/* 1 read, 0 not there, -1 failed; the statement's parameters are bound. Ends it. */
static int read_one(Sq *q, bool with_content, Arena *a, Document *out, Err *err)
{
    int rc = sq_step(q, err);
    if (rc > 0 && !sq_document_read(q, with_content, a, out, err))
        rc = -1;
    sq_end(q);
    return rc;
}

static bool not_found(Err *err)
{
    return err_set(err, ERR_NOT_FOUND, "there is no such document");
}

/* The text, most often whole in the row already; and what near.c asks for next. */
static bool read_whole(Sq *q, int64_t owner_no, Arena *a, Document *d, Err *err)
{
    SqConn *c = q->c;
    uint64_t bytes = (uint64_t)sq_col_i64(q, 16);
    Str first = sq_col_str(q, SQ_DOC_NCOLUMNS);
    c->last.uuid = d->id;
    c->last.owner_no = owner_no;
    c->last.doc_no = sq_col_i64(q, 0);
    c->last.sketch_no = sq_col_i64(q, SQ_DOC_NCOLUMNS + 1);
    if (c->last.sketch_no && !sq_col_bytes(q, SQ_DOC_NCOLUMNS + 2, c->last.sketch,
            sizeof c->last.sketch, "a document's sketch", err))
        return false;
    if (!first.ptr || first.len != bytes || !bytes)
        return sq_text_read(c, c->last.doc_no, 0, bytes, a, &d->content, err);
    d->content = arena_str(a, first);
    return d->content.ptr || no_memory(err);
}

bool sq_document_get(Store *store, const Uuid *owner, const Uuid *id, bool with_content, Arena *a,
    Document *out, Err *err)
{
    static const char sql[] =
        "SELECT " SQ_DOC_COLUMNS " FROM documents d WHERE d.owner_no = ?1 AND d.uuid = ?2";
    static const char whole[] =
        "SELECT " SQ_DOC_COLUMNS ", t.data, s.sketch_no, s.sketch FROM documents d "
        "LEFT JOIN text_parts t ON t.key = d.doc_no * 65536 "
        "LEFT JOIN sketches s ON s.doc_no = d.doc_no WHERE d.owner_no = ?1 AND d.uuid = ?2";
    _Static_assert(SQ_PART_KEY(1, 0) == 65536, "the first part of a text");
    SqOwned r;
    Document d;
    if (!sq_owned_begin(&r, store, owner, with_content ? whole : sql, err))
        return r.nobody && not_found(err);
    sq_blob(&r.q, id->b, sizeof id->b);
    int rc = sq_step(&r.q, err);
    if (rc > 0 && !(sq_document_read(&r.q, false, a, &d, err)
            && (!with_content || read_whole(&r.q, r.owner_no, a, &d, err))))
        rc = -1;
    sq_end(&r.q);
    sq_read_end(r.s, r.c);
    if (rc > 0)
        *out = d;
    return rc > 0 || (rc == 0 && not_found(err));
}

static bool read_id(Sq *q, Arena *a, void *row, Err *err)
{
    Uuid *id = row;
    (void)a;
    return sq_col_bytes(q, 0, id->b, sizeof id->b, "a document's id", err);
}

bool sq_document_by_hash(Store *store, const Uuid *owner, const Sha256 *hash, Uuid *id, Err *err)
{
    static const char sql[] = "SELECT uuid FROM documents WHERE owner_no = ?1 AND hash = ?2";
    int rc = sq_owned_by(store, owner, sql, hash->b, sizeof hash->b, read_id, NULL, id, err);
    return rc > 0 || (rc == 0 && not_found(err));
}

bool sq_documents_get(Store *store, const Uuid *owner, const uint64_t *doc_nos, size_t n,
    bool with_content, Arena *a, Document *out, Err *err)
{
    static const char sql[] =
        "SELECT " SQ_DOC_COLUMNS " FROM documents d WHERE d.owner_no = ?1 AND d.doc_no = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    Document *got = ARENA_NEW_ARRAY(a, Document, n + 1);
    if (!got)
        return no_memory(err);
    SqConn *c = o && n ? sq_read_begin(s, err) : NULL;
    if (o && n && !c)
        return false;
    int rc = 0;
    for (size_t i = 0; i < n && o && rc >= 0; i++) {
        Sq q;
        rc = -1;
        if (sq_begin(&q, c, sql, err)) {
            sq_i64(&q, o->no);
            sq_i64(&q, (int64_t)doc_nos[i]);
            rc = read_one(&q, with_content, a, &got[i], err); /* not there: stays zero */
        }
    }
    if (c)
        sq_read_end(s, c);
    if (rc >= 0 && n)
        memcpy(out, got, n * sizeof *out);
    return rc >= 0;
}

/* ---- originals ------------------------------------------------------------------------------ */

bool sq_original(Store *store, const Uuid *owner, const Uuid *id, uint64_t offset, size_t length,
    Arena *a, Str *out, uint64_t *total, Err *err)
{
    static const char find[] =
        "SELECT doc_no, bytes, same_text FROM documents WHERE owner_no = ?1 AND uuid = ?2";
    static const char parts[] =
        "SELECT key, data FROM original_parts WHERE key BETWEEN ?1 AND ?2 ORDER BY key";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    if (!o)
        return not_found(err);
    SqConn *c = sq_read_begin(s, err);
    if (!c)
        return false;
    Sq q;
    int rc = -1;
    int64_t doc_no = 0;
    uint64_t bytes = 0;
    bool same = false;
    if (sq_begin(&q, c, find, err)) {
        sq_i64(&q, o->no);
        sq_blob(&q, id->b, sizeof id->b);
        rc = sq_step(&q, err);
        if (rc > 0) {
            doc_no = sq_col_i64(&q, 0);
            bytes = (uint64_t)sq_col_i64(&q, 1);
            same = sq_col_i64(&q, 2);
        }
    }
    sq_end(&q);
    bool ok = rc > 0 || (rc == 0 && not_found(err));
    if (ok) {
        uint64_t from = offset < bytes ? offset : bytes;
        uint64_t to = length < bytes - from ? from + length : bytes;
        ok = same ? sq_text_read(c, doc_no, from, to, a, out, err)
                  : read_parts(c, parts, SQ_ORIGINAL_PART, doc_no, from, to, a, out, err);
    }
    sq_read_end(s, c);
    if (ok)
        *total = bytes;
    return ok;
}

/* ---- passages ------------------------------------------------------------------------------- */

#define CHUNK_COLUMNS \
    "c.uuid, c.doc_no, c.ordinal, c.start, c.\"end\", c.page, t.body, c.context, d.uuid "
#define CHUNK_FROM \
    "FROM chunks c JOIN documents d ON d.doc_no = c.doc_no " \
    "JOIN chunk_texts t ON t.chunk_no = c.chunk_no "

static bool read_chunk(Sq *q, Arena *a, Chunk *out, Err *err)
{
    Chunk k = {0};
    if (!sq_col_bytes(q, 0, k.id.b, sizeof k.id.b, "a passage's id", err)
        || !sq_col_copy(q, 6, a, &k.text, err) || !sq_col_copy(q, 7, a, &k.context, err))
        return false;
    k.doc_no = (uint64_t)sq_col_i64(q, 1);
    k.ordinal = (uint32_t)sq_col_i64(q, 2);
    k.start = (uint32_t)sq_col_i64(q, 3);
    k.end = (uint32_t)sq_col_i64(q, 4);
    k.page = (uint32_t)sq_col_i64(q, 5);
    if (k.text.len != k.end - k.start)
        return err_set(err, ERR_CORRUPT, "a passage has %zu bytes instead of %u", k.text.len,
            k.end - k.start);
    *out = k;
    return true;
}

bool sq_chunks_get(Store *store, const Uuid *owner, const uint64_t *chunk_nos, size_t n, Arena *a,
    Chunk *out, Err *err)
{
    static const char sql[] =
        "SELECT " CHUNK_COLUMNS CHUNK_FROM "WHERE c.chunk_no = ?1 AND d.owner_no = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    Chunk *got = ARENA_NEW_ARRAY(a, Chunk, n + 1);
    if (!got)
        return no_memory(err);
    SqConn *c = o && n ? sq_read_begin(s, err) : NULL;
    if (o && n && !c)
        return false;
    int rc = 0;
    for (size_t i = 0; i < n && o && rc >= 0; i++) {
        Sq q;
        rc = -1;
        if (sq_begin(&q, c, sql, err)) {
            sq_i64(&q, (int64_t)chunk_nos[i]);
            sq_i64(&q, o->no);
            rc = sq_step(&q, err);
            if (rc > 0 && !read_chunk(&q, a, &got[i], err))
                rc = -1;
        }
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    if (rc >= 0 && n)
        memcpy(out, got, n * sizeof *out);
    return rc >= 0;
}

bool sq_chunk_by_id(Store *store, const Uuid *owner, const Uuid *id, Arena *a, Chunk *out,
    Uuid *document, Err *err)
{
    static const char sql[] =
        "SELECT " CHUNK_COLUMNS CHUNK_FROM "WHERE c.uuid = ?1 AND d.owner_no = ?2";
    Sqlite *s = sq_of(store);
    SqOwner *o = sq_owner(s, owner);
    SqConn *c = o ? sq_read_begin(s, err) : NULL;
    if (o && !c)
        return false;
    Sq q;
    int rc = o ? -1 : 0;
    if (o && sq_begin(&q, c, sql, err)) {
        Uuid doc;
        Chunk k;
        sq_blob(&q, id->b, sizeof id->b);
        sq_i64(&q, o->no);
        rc = sq_step(&q, err);
        if (rc > 0
            && (!sq_col_bytes(&q, 8, doc.b, sizeof doc.b, "a document's id", err)
                || !read_chunk(&q, a, &k, err)))
            rc = -1;
        if (rc > 0) {
            *out = k;
            *document = doc;
        }
        sq_end(&q);
    }
    if (c)
        sq_read_end(s, c);
    return rc > 0 || (rc == 0 && err_set(err, ERR_NOT_FOUND, "there is no such passage"));
}
