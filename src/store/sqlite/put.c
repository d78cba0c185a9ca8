/* put.c - a document in: one transaction for its row, original, text, tags, passages, vectors and
 * words; the indexes follow after the commit. What does not need the writer (splitting into words)
 * is done by the caller's thread before it asks for its turn. */
#include "store/sqlite/sq_index.h"

#include "store/sqlite/sq_rows.h"

#define WORD_MAX 64 /* bytes; longer "words" are codes nobody completes */

typedef struct {
    SqWrite w; /* first */
    const DocumentPut *put;
    SqTerms *terms;     /* [n_chunks] */
    Uuid *chunk_ids;    /* [n_chunks] */
    KindexTerm *words;  /* distinct words of the document, unstemmed */
    Str *stems;         /* [n_words] */
    size_t n_words;
    Str names;
    bool same_text;     /* the original is the text */
    PutOutcome outcome;
    Uuid id;
    LedgerEntry entry;  /* as it will be written */
} Put;

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "storing a document: out of memory");
}

/* ---- in the caller's thread ----------------------------------------------------------------- */

static bool on_word(void *arg, Str token, size_t start, size_t end)
{
    (void)start;
    (void)end;
    return token.len < 2 || token.len > WORD_MAX || sq_words_add(arg, token, 1);
}

static bool on_stem(void *arg, Str token, size_t start, size_t end)
{
    Str *copy = arg; /* ptr has room for WORD_MAX */
    (void)start;
    (void)end;
    if (token.len && token.len <= WORD_MAX) {
        memcpy((char *)copy->ptr, token.ptr, token.len);
        copy->len = token.len;
    }
    return false; /* a word has one stem */
}

/* The words as written with their stems, for completion and prefixes. */
static bool collect_words(Put *p, SqConn *c, Arena *a, Err *err)
{
    SqWordSet set = {.a = a};
    if (!sq_tokens(c, p->put->doc.content, false, on_word, &set, err)
        || !sq_tokens(c, p->put->doc.title, false, on_word, &set, err))
        return false;
    p->words = set.items;
    p->n_words = set.n;
    p->stems = ARENA_NEW_ARRAY(a, Str, set.n + 1);
    if (set.failed || !p->stems)
        return no_memory(err);
    for (size_t i = 0; i < set.n; i++) {
        char room[WORD_MAX];
        Str stem = {room, 0};
        if (!sq_tokens(c, set.items[i].text, true, on_stem, &stem, err))
            return false;
        p->stems[i] = arena_str(a, stem.len ? stem : set.items[i].text);
        if (!p->stems[i].ptr)
            return no_memory(err);
    }
    return true;
}

static bool collect_terms(Put *p, SqConn *c, unsigned context_weight, Arena *a, Err *err)
{
    const DocumentPut *put = p->put;
    p->terms = ARENA_NEW_ARRAY(a, SqTerms, put->n_chunks + 1);
    p->chunk_ids = ARENA_NEW_ARRAY(a, Uuid, put->n_chunks + 1);
    if (!p->terms || !p->chunk_ids)
        return no_memory(err);
    for (size_t i = 0; i < put->n_chunks; i++) {
        const ChunkNew *n = &put->chunks[i];
        Str body = str_sub(put->doc.content, n->start, n->end);
        if (!sq_terms(c, body, n->context, context_weight, a, &p->terms[i], err)
            || !uuid_v7(&p->chunk_ids[i], err))
            return false;
    }
    return true;
}

static bool prepare(Put *p, SqConn *c, unsigned context_weight, Arena *a, Err *err)
{
    const DocumentPut *put = p->put;
    Buf names;
    buf_init(&names, 1 << 20);
    bool ok = sq_names_fold(c, put->doc.title, put->doc.source, put->doc.filename, &names, err);
    if (ok) {
        p->names = arena_buf(a, &names);
        ok = p->names.ptr || no_memory(err);
    }
    buf_release(&names);
    p->same_text = str_eq(put->original, put->doc.content);
    return ok && collect_terms(p, c, context_weight, a, err) && collect_words(p, c, a, err);
}

/* ---- in the writer's transaction ------------------------------------------------------------ */

/* Finds another document with the same original. */
static bool find_twin(Put *p, SqConn *c, int64_t owner_no, bool *twin, Err *err)
{
    const Document *d = &p->put->doc;
    const LedgerEntry *e = p->put->ledger;
    static const char sql[] =
        "SELECT uuid, source, n_chunks FROM documents "
        "WHERE owner_no = ?1 AND hash = ?2 AND uuid <> ?3";
    Sq q;
    int rc = -1;
    if (sq_begin(&q, c, sql, err)) {
        sq_i64(&q, owner_no);
        sq_blob(&q, d->hash.b, sizeof d->hash.b);
        sq_blob(&q, d->id.b, sizeof d->id.b);
        rc = sq_step(&q, err);
        if (rc > 0 && !sq_col_bytes(&q, 0, p->id.b, sizeof p->id.b, "a document's id", err))
            rc = -1;
        if (rc > 0 && e) {
            p->entry = *e;
            p->entry.document = p->id;
            p->entry.n_chunks = (uint32_t)sq_col_i64(&q, 2);
            p->entry.state = str_eq(sq_col_str(&q, 1), e->source) ? LEDGER_INDEXED
                                                                  : LEDGER_DUPLICATE;
        }
    }
    sq_end(&q);
    *twin = rc > 0;
    return rc >= 0;
}

static bool write_document(Put *p, SqConn *c, int64_t doc_no, int64_t created_at, Err *err)
{
    static const char sql[] =
        "INSERT INTO documents (doc_no, owner_no, uuid, hash, title, source, file_type, media_type,"
        " filename, names, summary, importance, extra_json, bytes, text_bytes, same_text, pages,"
        " n_chunks, model, created_at, updated_at, author, language, about) "
        "VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,"
        "?23,?24) "
        "ON CONFLICT (doc_no) DO UPDATE SET hash = excluded.hash, title = excluded.title,"
        " source = excluded.source, file_type = excluded.file_type,"
        " media_type = excluded.media_type, filename = excluded.filename, names = excluded.names,"
        " summary = excluded.summary, importance = excluded.importance,"
        " extra_json = excluded.extra_json, bytes = excluded.bytes,"
        " text_bytes = excluded.text_bytes, same_text = excluded.same_text,"
        " pages = excluded.pages, n_chunks = excluded.n_chunks, model = excluded.model,"
        " updated_at = excluded.updated_at, author = excluded.author,"
        " language = excluded.language, about = excluded.about";
    const Document *d = &p->put->doc;
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, doc_no);
    sq_i64(&q, p->w.owner->no);
    sq_blob(&q, d->id.b, sizeof d->id.b);
    sq_blob(&q, d->hash.b, sizeof d->hash.b);
    const Str names[] = {d->title, d->source, d->file_type, d->media_type, d->filename, p->names};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        sq_text(&q, names[i].ptr ? names[i] : STR(""));
    sq_text(&q, d->summary);
    sq_real(&q, d->importance);
    sq_text(&q, d->extra_json.len ? d->extra_json : STR("{}"));
    sq_i64(&q, (int64_t)p->put->original.len);
    sq_i64(&q, (int64_t)d->content.len);
    sq_i64(&q, p->same_text);
    sq_i64(&q, d->pages);
    sq_i64(&q, (int64_t)p->put->n_chunks);
    sq_text(&q, str_of(p->put->model ? p->put->model : ""));
    sq_i64(&q, created_at);
    sq_i64(&q, d->updated_at);
    sq_text(&q, d->author.ptr ? d->author : STR(""));
    sq_text(&q, d->language.ptr ? d->language : STR(""));
    sq_text(&q, d->about_json.len ? d->about_json : STR("{}"));
    return sq_run(&q, err);
}

/* A new number each time: lists in memory learn from it that the text is another one. */
static bool write_sketch(const Put *p, SqConn *c, int64_t doc_no, Err *err)
{
    static const char clear[] = "DELETE FROM sketches WHERE doc_no = ?1";
    static const char sql[] = "INSERT INTO sketches (doc_no, owner_no, sketch) VALUES (?1, ?2, ?3)";
    Sq q;
    if (!sq_begin(&q, c, clear, err))
        return false;
    sq_i64(&q, doc_no);
    if (!sq_run(&q, err))
        return false;
    if (!p->put->sketch)
        return true;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, doc_no);
    sq_i64(&q, p->w.owner->no);
    sq_blob(&q, p->put->sketch, STORE_SKETCH_BYTES);
    return sq_run(&q, err);
}

static bool write_vector(SqConn *c, int64_t chunk_no, const VindexCode *code, Err *err)
{
    static const char sql[] = "INSERT INTO vectors (chunk_no, code) VALUES (?1, ?2)";
    uint8_t bytes[VINDEX_CODE_BYTES];
    memcpy(bytes, &code->scale, 4);
    memcpy(bytes + 4, code->hi, VINDEX_DIM);
    memcpy(bytes + 4 + VINDEX_DIM, code->lo, VINDEX_DIM);
    Sq q;
    if (!sq_begin(&q, c, sql, err))
        return false;
    sq_i64(&q, chunk_no);
    sq_blob(&q, bytes, sizeof bytes);
    return sq_run(&q, err);
}

static bool write_chunk(Put *p, SqConn *c, int64_t doc_no, int64_t chunk_no, size_t i, Err *err)
{
    static const char row[] =
        "INSERT INTO chunks (chunk_no, doc_no, uuid, ordinal, start, \"end\", page, context) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    static const char fts[] = "INSERT INTO chunk_fts (rowid, body, context) VALUES (?1, ?2, ?3)";
    const ChunkNew *n = &p->put->chunks[i];
    Str context = n->context.ptr ? n->context : STR("");
    Sq q;
    if (!sq_begin(&q, c, row, err))
        return false;
    sq_i64(&q, chunk_no);
    sq_i64(&q, doc_no);
    sq_blob(&q, p->chunk_ids[i].b, sizeof p->chunk_ids[i].b);
    sq_i64(&q, (int64_t)i);
    sq_i64(&q, n->start);
    sq_i64(&q, n->end);
    sq_i64(&q, n->page);
    sq_text(&q, context);
    if (!sq_run(&q, err) || !write_vector(c, chunk_no, &n->code, err) || !sq_begin(&q, c, fts, err))
        return false;
    sq_i64(&q, chunk_no);
    sq_text(&q, str_sub(p->put->doc.content, n->start, n->end));
    sq_text(&q, context);
    return sq_run(&q, err);
}

static bool write_words(Put *p, SqConn *c, Err *err)
{
    static const char sql[] =
        "INSERT OR IGNORE INTO words (owner_no, word, stem) VALUES (?1, ?2, ?3)";
    for (size_t i = 0; i < p->n_words; i++) {
        Sq q;
        if (!sq_begin(&q, c, sql, err))
            return false;
        sq_i64(&q, p->w.owner->no);
        sq_text(&q, p->words[i].text);
        sq_text(&q, p->stems[i]);
        if (!sq_run(&q, err))
            return false;
    }
    return true;
}

static bool write_contents(Put *p, SqConn *c, int64_t doc_no, uint64_t first_chunk,
    bool keep_original, Err *err)
{
    static const char text[] = "INSERT INTO text_parts (key, data) VALUES (?1, ?2)";
    static const char orig[] = "INSERT INTO original_parts (key, data) VALUES (?1, ?2)";
    const DocumentPut *put = p->put;
    if (!sq_row_parts(c, text, doc_no, put->doc.content, SQ_TEXT_PART, err))
        return false;
    if (!p->same_text && !keep_original
        && !sq_row_parts(c, orig, doc_no, put->original, SQ_ORIGINAL_PART, err))
        return false;
    if (!sq_row_tags(c, doc_no, put->doc.tags, put->doc.n_tags, err))
        return false;
    for (size_t i = 0; i < put->n_chunks; i++)
        if (!write_chunk(p, c, doc_no, (int64_t)(first_chunk + i), i, err))
            return false;
    return write_words(p, c, err);
}

static bool apply(Sqlite *s, SqWrite *w, Err *err)
{
    Put *p = (Put *)w;
    const DocumentPut *put = p->put;
    SqConn *c = s->writer.conn;
    bool twin;
    SqRow old;
    if (!find_twin(p, c, w->owner->no, &twin, err))
        return false;
    if (twin) {
        p->outcome = PUT_DUPLICATE;
        return !put->ledger || sq_ledger_supersede(s, w, &p->entry, true, err);
    }
    if (!sq_row_find(c, w->owner->no, &put->doc.id, &old, err))
        return false;
    p->id = put->doc.id;
    p->outcome = old.doc_no ? PUT_REPLACED : PUT_CREATED;
    int64_t doc_no = old.doc_no ? old.doc_no : (int64_t)s->writer.next_doc++;
    /* The same bytes again (read anew, embedded anew) need not be written again. */
    bool keep = old.doc_no && !old.same_text && !p->same_text
        && !memcmp(old.hash.b, put->doc.hash.b, sizeof old.hash.b);
    if (old.doc_no && !sq_row_clear(c, &old, keep, err))
        return false;
    bool other_bytes =
        old.doc_no && memcmp(old.hash.b, put->doc.hash.b, sizeof old.hash.b) != 0;
    if (other_bytes && !sq_parts_release(s, w, doc_no, err))
        return false;
    uint64_t first = s->writer.next_chunk, seq = 0;
    s->writer.next_chunk += put->n_chunks;
    if (!write_document(p, c, doc_no, old.doc_no ? old.created_at : put->doc.created_at, err)
        || !write_sketch(p, c, doc_no, err) || !write_contents(p, c, doc_no, first, keep, err)
        || !sq_row_commitments(c, w->owner->no, doc_no, put, err)
        || !sq_row_phrases(c, w->owner->no, doc_no, put, err)
        || !sq_row_cues(c, doc_no, put, err))
        return false;
    if (put->parent && !old.doc_no
        && !sq_parts_link(c, w->owner->no, doc_no, put->parent, false, err))
        return false;
    if (old.first_chunk
        && !sq_row_change(s, w->owner->no, doc_no, true, old.first_chunk, old.last_chunk, &seq,
            err))
        return false;
    if (put->n_chunks
        && !sq_row_change(s, w->owner->no, doc_no, false, first, first + put->n_chunks - 1, &seq,
            err))
        return false;
    if (put->ledger) {
        p->entry = *put->ledger;
        p->entry.document = p->id;
        p->entry.n_chunks = (uint32_t)put->n_chunks;
        p->entry.state = put->unfinished ? LEDGER_PENDING : LEDGER_INDEXED;
        if (put->unfinished)
            p->entry.reason = STR("its parts are being read");
        if (!sq_ledger_supersede(s, w, &p->entry, false, err))
            return false;
    }
    bool foreign = s->model[0] && strcmp(s->model, put->model ? put->model : "") != 0;
    w->delta = (SqDelta){.doc_no = (uint64_t)doc_no, .gone_first = old.first_chunk,
        .gone_last = old.last_chunk, .come_first = first, .n_come = put->n_chunks,
        .chunks = put->chunks, .terms = p->terms, .seq = seq, .no_vectors = foreign};
    w->answers = w->notify = true;
    w->change = old.doc_no ? CHANGE_UPDATED : CHANGE_CREATED;
    w->document = put->doc.id;
    return true;
}

bool sq_document_put(Store *store, const Uuid *owner, const DocumentPut *put, PutOutcome *outcome,
    Uuid *id, Err *err)
{
    Sqlite *s = sq_of(store);
    Put p = {.w = {.apply = apply}, .put = put};
    if (s->read_only)
        return err_set(err, ERR_FORBIDDEN, "the store was opened for reading only");
    if (!(p.w.owner = sq_owner_make(s, owner, err)))
        return false;
    Arena *a = arena_new((size_t)4 << 30); /* bounded by the limits of a document */
    SqConn *c = a ? sq_conn_take(s, err) : NULL;
    if (!a)
        no_memory(err);
    bool ok = c && prepare(&p, c, s->context_weight, a, err);
    if (c)
        sq_conn_give(s, c);
    ok = ok && sq_write(s, &p.w, err);
    if (ok) {
        *outcome = p.outcome;
        *id = p.id;
    }
    arena_free(a);
    return ok;
}
