/* store.c - checks what every back end would have to check, then calls through the table. */
#include "store/store_ops.h"

#include "base/utf8.h"

bool store_text_ok(Str s, size_t max, const char *what, Err *err)
{
    if (s.len > max)
        return err_set(err, ERR_TOO_LARGE, "%s has %zu bytes; at most %zu are kept", what, s.len,
            max);
    size_t good = utf8_valid_len(s);
    if (good != s.len)
        return err_set(err, ERR_VALIDATION, "%s is not UTF-8 at byte %zu", what, good);
    if (s.len && memchr(s.ptr, 0, s.len))
        return err_set(err, ERR_VALIDATION, "%s contains a zero byte", what);
    return true;
}

static bool tags_ok(const Str *tags, size_t n, Err *err)
{
    if (n > STORE_MAX_TAGS)
        return err_set(err, ERR_VALIDATION, "%zu tags are too many; at most %u are kept", n,
            STORE_MAX_TAGS);
    for (size_t i = 0; i < n; i++) {
        if (!tags[i].len)
            return err_set(err, ERR_VALIDATION, "a tag is empty");
        if (!store_text_ok(tags[i], STORE_MAX_WORD, "a tag", err))
            return false;
    }
    return true;
}

static bool importance_ok(double v, Err *err)
{
    if (v >= 0 && v <= 1)
        return true;
    return err_set(err, ERR_VALIDATION, "importance must be a number from 0 to 1");
}

static bool texts_ok(const Str *items, size_t n, const char *what, Err *err)
{
    if (n > STORE_MAX_ANY)
        return err_set(err, ERR_VALIDATION, "a filter has %zu times %s; at most %u are taken", n,
            what, STORE_MAX_ANY);
    for (size_t i = 0; i < n; i++)
        if (!store_text_ok(items[i], STORE_MAX_NAME, what, err))
            return false;
    return true;
}

static bool filter_ok(const DocFilter *f, Err *err)
{
    if (!f)
        return true;
    if (f->n_ids > STORE_MAX_ANY)
        return err_set(err, ERR_VALIDATION, "a filter has %zu ids; at most %u are taken", f->n_ids,
            STORE_MAX_ANY);
    return store_text_ok(f->q, STORE_MAX_NAME, "the text to look for", err)
        && texts_ok(f->tags, f->n_tags, "a tag", err)
        && texts_ok(f->sources, f->n_sources, "a source", err)
        && texts_ok(f->types, f->n_types, "a file type", err)
        && texts_ok(f->languages, f->n_languages, "a language", err);
}

static bool boundary(Str s, size_t at)
{
    return at == s.len || ((unsigned char)s.ptr[at] & 0xC0) != 0x80;
}

static bool chunks_ok(const DocumentPut *p, Err *err)
{
    if (p->n_chunks > STORE_MAX_CHUNKS)
        return err_set(err, ERR_TOO_LARGE, "%zu passages are too many; at most %u are kept",
            p->n_chunks, STORE_MAX_CHUNKS);
    Str text = p->doc.content;
    for (size_t i = 0; i < p->n_chunks; i++) {
        const ChunkNew *c = &p->chunks[i];
        if (c->start >= c->end || c->end > text.len)
            return err_set(err, ERR_VALIDATION,
                "passage %zu is [%u,%u) in a text of %zu bytes", i, c->start, c->end, text.len);
        if (!boundary(text, c->start) || !boundary(text, c->end))
            return err_set(err, ERR_VALIDATION, "passage %zu cuts a character in two", i);
        if (c->end - c->start > STORE_MAX_CHUNK)
            return err_set(err, ERR_TOO_LARGE, "passage %zu has %u bytes; at most %u are kept", i,
                c->end - c->start, STORE_MAX_CHUNK);
        if (!store_text_ok(c->context, STORE_MAX_CHUNK, "a passage's context", err))
            return false;
    }
    return true;
}

static bool commitments_ok(const DocumentPut *p, Err *err)
{
    Str text = p->doc.content;
    if (p->n_commitments > STORE_MAX_PAGE)
        return err_set(err, ERR_TOO_LARGE, "%zu commitments are too many; at most %u are kept",
            p->n_commitments, STORE_MAX_PAGE);
    for (size_t i = 0; i < p->n_commitments; i++) {
        const CommitmentNew *c = &p->commitments[i];
        if (uuid_is_nil(&c->id) || c->start >= c->end || c->end > text.len
            || c->end - c->start > STORE_MAX_CHUNK || !boundary(text, c->start)
            || !boundary(text, c->end))
            return err_set(err, ERR_VALIDATION, "commitment %zu is [%u,%u) in a text of %zu bytes",
                i, c->start, c->end, text.len);
    }
    return true;
}

static bool phrases_ok(const DocumentPut *p, Err *err)
{
    if (p->n_phrases > STORE_MAX_PHRASES)
        return err_set(err, ERR_TOO_LARGE, "%zu phrases are too many; at most %u are kept",
            p->n_phrases, STORE_MAX_PHRASES);
    return texts_ok(p->phrases, p->n_phrases, "a phrase", err);
}

static bool cues_ok(const DocumentPut *p, Err *err)
{
    Str text = p->doc.content;
    uint32_t at = 0;
    if (p->n_cues > STORE_MAX_CUES)
        return err_set(err, ERR_TOO_LARGE, "%zu cues are too many; at most %u are kept", p->n_cues,
            STORE_MAX_CUES);
    for (size_t i = 0; i < p->n_cues; i++) {
        const Cue *c = &p->cues[i];
        if (c->start < at || c->start >= c->end || c->end > text.len || c->start_ms > c->end_ms
            || !boundary(text, c->start) || !boundary(text, c->end))
            return err_set(err, ERR_VALIDATION, "cue %zu is [%u,%u) in a text of %zu bytes", i,
                c->start, c->end, text.len);
        at = c->end;
    }
    return true;
}

static bool put_ok(const DocumentPut *p, Err *err)
{
    const Document *d = &p->doc;
    if (uuid_is_nil(&d->id))
        return err_set(err, ERR_VALIDATION, "a document needs an id");
    if (d->content.len > STORE_MAX_TEXT)
        return err_set(err, ERR_TOO_LARGE, "the text has %zu bytes; at most %zu are kept",
            d->content.len, STORE_MAX_TEXT);
    if (p->original.len > STORE_MAX_ORIGINAL)
        return err_set(err, ERR_TOO_LARGE, "the file has %zu bytes; at most %zu are kept",
            p->original.len, STORE_MAX_ORIGINAL);
    size_t good = utf8_valid_len(d->content);
    if (good != d->content.len)
        return err_set(err, ERR_VALIDATION, "the text is not UTF-8 at byte %zu", good);
    return store_text_ok(d->title, STORE_MAX_TITLE, "the title", err)
        && store_text_ok(d->source, STORE_MAX_NAME, "the source", err)
        && store_text_ok(d->filename, STORE_MAX_NAME, "the file name", err)
        && store_text_ok(d->file_type, STORE_MAX_WORD, "the file type", err)
        && store_text_ok(d->media_type, STORE_MAX_WORD, "the media type", err)
        && store_text_ok(d->summary, STORE_MAX_JSON, "the summary", err)
        && store_text_ok(d->extra_json, STORE_MAX_JSON, "the metadata", err)
        && store_text_ok(d->author, STORE_MAX_TITLE, "the author", err)
        && store_text_ok(d->language, STORE_MAX_WORD, "the language", err)
        && store_text_ok(d->about_json, STORE_MAX_JSON, "what was found out", err)
        && tags_ok(d->tags, d->n_tags, err) && importance_ok(d->importance, err)
        && chunks_ok(p, err) && commitments_ok(p, err) && phrases_ok(p, err)
        && cues_ok(p, err);
}

const char *ledger_state_name(LedgerState s)
{
    static const char *const names[] = {[LEDGER_PENDING] = "pending", [LEDGER_INDEXED] = "indexed",
        [LEDGER_DUPLICATE] = "duplicate", [LEDGER_REFUSED] = "refused", [LEDGER_FAILED] = "failed",
        [LEDGER_DELETED] = "deleted"};
    return (unsigned)s <= LEDGER_DELETED ? names[s] : "unknown";
}

void store_close(Store *s)
{
    if (s)
        s->ops->close(s);
}

bool store_document_put(Store *s, const Uuid *owner, const DocumentPut *put, PutOutcome *outcome,
    Uuid *id, Err *err)
{
    return put_ok(put, err) && s->ops->document_put(s, owner, put, outcome, id, err);
}

bool store_document_get(Store *s, const Uuid *owner, const Uuid *id, bool with_content, Arena *a,
    Document *out, Err *err)
{
    return s->ops->document_get(s, owner, id, with_content, a, out, err);
}

bool store_document_by_hash(Store *s, const Uuid *owner, const Sha256 *hash, Uuid *id, Err *err)
{
    return s->ops->document_by_hash(s, owner, hash, id, err);
}

bool store_document_list(Store *s, const Uuid *owner, const DocFilter *filter, DocSort sort,
    size_t limit, Str cursor, Arena *a, DocPage *out, Err *err)
{
    if (limit < 1 || limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "limit must be from 1 to %u", STORE_MAX_PAGE);
    return filter_ok(filter, err)
        && s->ops->document_list(s, owner, filter, sort, limit, cursor, a, out, err);
}

bool store_document_patch(Store *s, const Uuid *owner, const Uuid *id, const DocPatch *patch,
    Err *err)
{
    if (patch->title && !store_text_ok(*patch->title, STORE_MAX_TITLE, "the title", err))
        return false;
    if (patch->source && !store_text_ok(*patch->source, STORE_MAX_NAME, "the source", err))
        return false;
    if (patch->summary && !store_text_ok(*patch->summary, STORE_MAX_JSON, "the summary", err))
        return false;
    if (patch->extra_json
        && !store_text_ok(*patch->extra_json, STORE_MAX_JSON, "the metadata", err))
        return false;
    if (patch->set_tags && !tags_ok(patch->tags, patch->n_tags, err))
        return false;
    if (patch->importance && !importance_ok(*patch->importance, err))
        return false;
    return s->ops->document_patch(s, owner, id, patch, err);
}

bool store_part_hold(Store *s, const Uuid *owner, const Uuid *id, const Uuid *parent, Err *err)
{
    return s->ops->part_hold(s, owner, id, parent, err);
}

bool store_document_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    return s->ops->document_delete(s, owner, id, err);
}

bool store_original(Store *s, const Uuid *owner, const Uuid *id, uint64_t offset, size_t length,
    Arena *a, Str *out, uint64_t *total, Err *err)
{
    return s->ops->original(s, owner, id, offset, length, a, out, total, err);
}

bool store_candidates(Store *s, const Uuid *owner, const CandidateQuery *q, Arena *a,
    Candidates *out, Err *err)
{
    if (q->k < 1 || q->k > STORE_MAX_K)
        return err_set(err, ERR_VALIDATION, "k must be from 1 to %u", STORE_MAX_K);
    if (!q->vector && !q->n_terms)
        return err_set(err, ERR_VALIDATION, "a query needs a vector or words");
    for (size_t i = 0; i < q->n_terms; i++)
        if (!store_text_ok(q->terms[i].text, STORE_MAX_CHUNK, "a search word", err))
            return false;
    return filter_ok(q->filter, err) && s->ops->candidates(s, owner, q, a, out, err);
}

bool store_chunks_get(Store *s, const Uuid *owner, const uint64_t *chunk_nos, size_t n, Arena *a,
    Chunk *out, Err *err)
{
    return s->ops->chunks_get(s, owner, chunk_nos, n, a, out, err);
}

bool store_documents_get(Store *s, const Uuid *owner, const uint64_t *doc_nos, size_t n,
    bool with_content, Arena *a, Document *out, Err *err)
{
    return s->ops->documents_get(s, owner, doc_nos, n, with_content, a, out, err);
}

bool store_chunk_by_id(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Chunk *out,
    Uuid *document, Err *err)
{
    return s->ops->chunk_by_id(s, owner, id, a, out, document, err);
}

bool store_tokenize(Store *s, Str text, bool (*fn)(void *arg, Str stem, size_t start, size_t end),
    void *arg, Err *err)
{
    return s->ops->tokenize(s, text, fn, arg, err);
}

bool store_suggest(Store *s, const Uuid *owner, Str prefix, size_t limit, Arena *a, Str *out,
    size_t *n, Err *err)
{
    return store_text_ok(prefix, STORE_MAX_WORD, "the prefix", err)
        && s->ops->suggest(s, owner, prefix, limit, a, out, n, err);
}

uint64_t store_version(Store *s, const Uuid *owner)
{
    return s->ops->version(s, owner);
}

void store_read_hold(Store *s)
{
    if (s->ops->read_hold)
        s->ops->read_hold(s);
}

void store_read_release(Store *s)
{
    if (s->ops->read_release)
        s->ops->read_release(s);
}

bool store_near_documents(Store *s, const Uuid *owner, const Uuid *id, double least, size_t max,
    Arena *a, NearDocument **out, size_t *n, Err *err)
{
    if (max > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "at most %u similar documents are listed",
            STORE_MAX_PAGE);
    return s->ops->near_documents(s, owner, id, least, max, a, out, n, err);
}

bool store_near_groups(Store *s, const Uuid *owner, double least, size_t offset, size_t limit,
    Arena *a, NearPage *out, Err *err)
{
    if (limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "at most %u groups are listed", STORE_MAX_PAGE);
    return s->ops->near_groups(s, owner, least, offset, limit, a, out, err);
}

static bool entry_ok(const LedgerEntry *e, Err *err)
{
    if (!e->source.len)
        return err_set(err, ERR_VALIDATION, "a ledger entry needs a source");
    if ((unsigned)e->state > LEDGER_DELETED)
        return err_set(err, ERR_VALIDATION, "%d is no ledger state", (int)e->state);
    return store_text_ok(e->source, STORE_MAX_NAME, "the source", err)
        && store_text_ok(e->reason, STORE_MAX_NAME, "the reason", err)
        && store_text_ok(e->file_type, STORE_MAX_WORD, "the file type", err);
}

bool store_ledger_put(Store *s, const Uuid *owner, const LedgerEntry *e, Err *err)
{
    return entry_ok(e, err) && s->ops->ledger_put(s, owner, e, err);
}

bool store_ledger_put_many(Store *s, const Uuid *owner, const LedgerEntry *e, size_t n, Err *err)
{
    for (size_t i = 0; i < n; i++)
        if (!entry_ok(&e[i], err))
            return false;
    return n == 0 || s->ops->ledger_put_many(s, owner, e, n, err);
}

bool store_ledger_each(Store *s, const Uuid *owner, Str under,
    bool (*fn)(void *arg, const LedgerEntry *e), void *arg, Err *err)
{
    return s->ops->ledger_each(s, owner, under, fn, arg, err);
}

bool store_file_gone(Store *s, const Uuid *owner, Str source, bool keep, Str reason, FileGone *what,
    Err *err)
{
    return store_text_ok(reason, STORE_MAX_NAME, "the reason", err)
        && s->ops->file_gone(s, owner, source, keep, reason, what, err);
}

bool store_file_moved(Store *s, const Uuid *owner, Str from, const LedgerEntry *to, Str filename,
    Err *err)
{
    return entry_ok(to, err) && store_text_ok(filename, STORE_MAX_NAME, "the file name", err)
        && s->ops->file_moved(s, owner, from, to, filename, err);
}

bool store_ledger_by_file(Store *s, const Uuid *owner, uint64_t inode, int64_t mtime_ns,
    uint64_t bytes, Arena *a, LedgerEntry *out, Err *err)
{
    return s->ops->ledger_by_file(s, owner, inode, mtime_ns, bytes, a, out, err);
}

bool store_document_sources(Store *s, const Uuid *owner, const Uuid *document, uint64_t *n,
    Err *err)
{
    return s->ops->document_sources(s, owner, document, n, err);
}

bool store_ledger_get(Store *s, const Uuid *owner, Str source, Arena *a, LedgerEntry *out, Err *err)
{
    return s->ops->ledger_get(s, owner, source, a, out, err);
}

bool store_ledger_list(Store *s, const Uuid *owner, const LedgerQuery *q, Arena *a, LedgerPage *out,
    Err *err)
{
    if (q->limit < 1 || q->limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "limit must be from 1 to %u", STORE_MAX_PAGE);
    return s->ops->ledger_list(s, owner, q, a, out, err);
}

static bool patterns_ok(const Str *p, size_t n, Err *err)
{
    if (n > STORE_MAX_TAGS)
        return err_set(err, ERR_VALIDATION, "%zu patterns are too many; at most %u are kept", n,
            STORE_MAX_TAGS);
    for (size_t i = 0; i < n; i++)
        if (!store_text_ok(p[i], STORE_MAX_NAME, "a pattern", err))
            return false;
    return true;
}

bool store_folder_put(Store *s, const Uuid *owner, const Folder *f, Err *err)
{
    if (uuid_is_nil(&f->id) || !f->path.len)
        return err_set(err, ERR_VALIDATION, "a folder needs an id and a path");
    return store_text_ok(f->path, STORE_MAX_NAME, "the path", err)
        && patterns_ok(f->include, f->n_include, err)
        && patterns_ok(f->exclude, f->n_exclude, err) && s->ops->folder_put(s, owner, f, err);
}

bool store_folder_list(Store *s, const Uuid *owner, Arena *a, Folder **out, size_t *n, Err *err)
{
    return s->ops->folder_list(s, owner, a, out, n, err);
}

bool store_folder_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    return s->ops->folder_delete(s, owner, id, err);
}

bool store_stats(Store *s, const Uuid *owner, Arena *a, StoreStats *out, Err *err)
{
    return s->ops->stats(s, owner, a, out, err);
}

bool store_check(Store *s, bool repair, Buf *report, Err *err)
{
    return s->ops->check(s, repair, report, err);
}

bool store_backup(Store *s, const char *path, Err *err)
{
    return s->ops->backup(s, path, err);
}

bool store_ready(Store *s, Err *err)
{
    return s->ops->ready(s, err);
}

void store_on_change(Store *s, StoreChangeFn fn, void *arg)
{
    s->ops->on_change(s, fn, arg);
}

void store_on_news(Store *s, StoreNewsFn fn, void *arg)
{
    s->ops->on_news(s, fn, arg);
}

bool store_wakes(Store *s, int64_t until, Arena *a, StoreWake **out, size_t *n, Err *err)
{
    return s->ops->wakes(s, until, a, out, n, err);
}

void store_rest(Store *s, const Uuid *owner)
{
    if (s->ops->rest)
        s->ops->rest(s, owner);
}
