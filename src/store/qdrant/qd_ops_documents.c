/* qd_ops_documents.c - documents, the ledger and folders
 *
 * Each is the working copy's operation of the same name, on a copy that is up to date. A write
 * whose commit lost a race is done again on the newer copy: what it decided by, it must decide by
 * anew. LOOSE ones name what a call before them found in the copy, and do not ask again whether it
 * is the newest. */
#include "store/qdrant/qd_ops.h"

static bool qd_document_put(Store *s, const Uuid *owner, const DocumentPut *put,
    PutOutcome *outcome, Uuid *id, Err *err)
{
    WRITE(owner, who->local->ops->document_put(who->local, owner, put, outcome, id, &why));
}

static bool qd_document_get(Store *s, const Uuid *owner, const Uuid *id, bool with_content,
    Arena *a, Document *out, Err *err)
{
    READ(owner, who->local->ops->document_get(who->local, owner, id, with_content, a, out, &why));
}

static bool qd_document_by_hash(Store *s, const Uuid *owner, const Sha256 *hash, Uuid *id, Err *err)
{
    READ(owner, who->local->ops->document_by_hash(who->local, owner, hash, id, &why));
}

static bool qd_document_list(Store *s, const Uuid *owner, const DocFilter *filter, DocSort sort,
    size_t limit, Str cursor, Arena *a, DocPage *out, Err *err)
{
    READ(owner, who->local->ops->document_list(who->local, owner, filter, sort, limit, cursor, a,
        out, &why));
}

static bool qd_document_patch(Store *s, const Uuid *owner, const Uuid *id, const DocPatch *patch,
    Err *err)
{
    WRITE(owner, who->local->ops->document_patch(who->local, owner, id, patch, &why));
}

static bool qd_document_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    WRITE(owner, who->local->ops->document_delete(who->local, owner, id, &why));
}

static bool qd_part_hold(Store *s, const Uuid *owner, const Uuid *id, const Uuid *parent, Err *err)
{
    WRITE(owner, who->local->ops->part_hold(who->local, owner, id, parent, &why));
}

static bool qd_original(Store *s, const Uuid *owner, const Uuid *id, uint64_t offset, size_t length,
    Arena *a, Str *out, uint64_t *total, Err *err)
{
    READ(owner, who->local->ops->original(who->local, owner, id, offset, length, a, out, total,
        &why));
}

static bool qd_chunks_get(Store *s, const Uuid *owner, const uint64_t *chunk_nos, size_t n,
    Arena *a, Chunk *out, Err *err)
{
    LOOSE(owner, who->local->ops->chunks_get(who->local, owner, chunk_nos, n, a, out, &why));
}

static bool qd_documents_get(Store *s, const Uuid *owner, const uint64_t *doc_nos, size_t n,
    bool with_content, Arena *a, Document *out, Err *err)
{
    LOOSE(owner, who->local->ops->documents_get(who->local, owner, doc_nos, n, with_content, a, out,
        &why));
}

static bool qd_chunk_by_id(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Chunk *out,
    Uuid *document, Err *err)
{
    LOOSE(owner, who->local->ops->chunk_by_id(who->local, owner, id, a, out, document, &why));
}

static bool qd_suggest(Store *s, const Uuid *owner, Str prefix, size_t limit, Arena *a, Str *out,
    size_t *n, Err *err)
{
    LOOSE(owner, who->local->ops->suggest(who->local, owner, prefix, limit, a, out, n, &why));
}

static bool qd_near_documents(Store *s, const Uuid *owner, const Uuid *id, double least, size_t max,
    Arena *a, NearDocument **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->near_documents(who->local, owner, id, least, max, a, out, n,
        &why));
}

static bool qd_near_groups(Store *s, const Uuid *owner, double least, size_t offset, size_t limit,
    Arena *a, NearPage *out, Err *err)
{
    READ(owner, who->local->ops->near_groups(who->local, owner, least, offset, limit, a, out,
        &why));
}

static bool qd_ledger_put(Store *s, const Uuid *owner, const LedgerEntry *e, Err *err)
{
    WRITE(owner, who->local->ops->ledger_put(who->local, owner, e, &why));
}

static bool qd_ledger_get(Store *s, const Uuid *owner, Str source, Arena *a, LedgerEntry *out,
    Err *err)
{
    READ(owner, who->local->ops->ledger_get(who->local, owner, source, a, out, &why));
}

static bool qd_ledger_list(Store *s, const Uuid *owner, const LedgerQuery *q, Arena *a,
    LedgerPage *out, Err *err)
{
    READ(owner, who->local->ops->ledger_list(who->local, owner, q, a, out, &why));
}

static bool qd_ledger_put_many(Store *s, const Uuid *owner, const LedgerEntry *e, size_t n,
    Err *err)
{
    WRITE(owner, who->local->ops->ledger_put_many(who->local, owner, e, n, &why));
}

static bool qd_ledger_each(Store *s, const Uuid *owner, Str under,
    bool (*fn)(void *arg, const LedgerEntry *e), void *arg, Err *err)
{
    READ(owner, who->local->ops->ledger_each(who->local, owner, under, fn, arg, &why));
}

static bool qd_file_gone(Store *s, const Uuid *owner, Str source, bool keep, Str reason,
    FileGone *what, Err *err)
{
    WRITE(owner, who->local->ops->file_gone(who->local, owner, source, keep, reason, what, &why));
}

static bool qd_file_moved(Store *s, const Uuid *owner, Str from, const LedgerEntry *to,
    Str filename, Err *err)
{
    WRITE(owner, who->local->ops->file_moved(who->local, owner, from, to, filename, &why));
}

static bool qd_ledger_by_file(Store *s, const Uuid *owner, uint64_t inode, int64_t mtime_ns,
    uint64_t bytes, Arena *a, LedgerEntry *out, Err *err)
{
    READ(owner, who->local->ops->ledger_by_file(who->local, owner, inode, mtime_ns, bytes, a, out,
        &why));
}

static bool qd_document_sources(Store *s, const Uuid *owner, const Uuid *document, uint64_t *n,
    Err *err)
{
    READ(owner, who->local->ops->document_sources(who->local, owner, document, n, &why));
}

static bool qd_folder_put(Store *s, const Uuid *owner, const Folder *f, Err *err)
{
    WRITE(owner, who->local->ops->folder_put(who->local, owner, f, &why));
}

static bool qd_folder_list(Store *s, const Uuid *owner, Arena *a, Folder **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->folder_list(who->local, owner, a, out, n, &why));
}

static bool qd_folder_delete(Store *s, const Uuid *owner, const Uuid *id, Err *err)
{
    WRITE(owner, who->local->ops->folder_delete(who->local, owner, id, &why));
}

void qd_ops_documents(StoreOps *o)
{
    o->document_put = qd_document_put;
    o->document_get = qd_document_get;
    o->document_by_hash = qd_document_by_hash;
    o->document_list = qd_document_list;
    o->document_patch = qd_document_patch;
    o->document_delete = qd_document_delete;
    o->part_hold = qd_part_hold;
    o->original = qd_original;
    o->chunks_get = qd_chunks_get;
    o->documents_get = qd_documents_get;
    o->chunk_by_id = qd_chunk_by_id;
    o->suggest = qd_suggest;
    o->near_documents = qd_near_documents;
    o->near_groups = qd_near_groups;
    o->ledger_put = qd_ledger_put;
    o->ledger_get = qd_ledger_get;
    o->ledger_list = qd_ledger_list;
    o->ledger_put_many = qd_ledger_put_many;
    o->ledger_each = qd_ledger_each;
    o->file_gone = qd_file_gone;
    o->file_moved = qd_file_moved;
    o->ledger_by_file = qd_ledger_by_file;
    o->document_sources = qd_document_sources;
    o->folder_put = qd_folder_put;
    o->folder_list = qd_folder_list;
    o->folder_delete = qd_folder_delete;
}
