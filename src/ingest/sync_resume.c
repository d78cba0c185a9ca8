/* sync_resume.c - files whose parts were being read when the program ended: goes on with them. One
 * in a watched folder is met by the first look; here is what a person had offered, of which nothing
 * may be left but the original in the store. */
#include "ingest/sync_int.h"

/* "mail.eml#inner.eml": it is read with the file that it is in. */
static bool is_part(Sync *s, Str source, Arena *a)
{
    LedgerEntry e;
    for (size_t i = 1; i < source.len; i++)
        if (source.ptr[i] == '#' &&
            store_ledger_get(s->o.store, &s->o.owner, str_sub(source, 0, i), a, &e, NULL))
            return true;
    return false;
}

bool sync_resume(Sync *s, Arena *a, Err *err)
{
    static const LedgerState pending = LEDGER_PENDING;
    LedgerPage page = {0};
    do {
        LedgerQuery q = {.state = &pending, .cursor = page.next_cursor, .limit = 100};
        if (!store_ledger_list(s->o.store, &s->o.owner, &q, a, &page, err))
            return false;
        for (size_t i = 0; i < page.n; i++) {
            const LedgerEntry *e = &page.items[i];
            if (!uuid_is_nil(&e->folder) || uuid_is_nil(&e->document) || is_part(s, e->source, a))
                continue;
            Task *t = sync_task(TASK_RESUME, NULL, "", e->source, STR(""), NULL);
            if (!t)
                return err_set(err, ERR_NO_MEMORY, "going on with a file: out of memory");
            if (!sync_push(s, t, false))
                return true; /* the server is stopping */
        }
    } while (page.next_cursor.ptr);
    return true;
}

/* The very bytes offered once more bring the parts that are missing. */
bool sync_run_resume(Sync *s, const Task *t, unsigned worker, Arena *a, Err *err)
{
    LedgerEntry e;
    Document doc;
    Str original;
    uint64_t total;
    PutOutcome outcome;
    if (!store_ledger_get(s->o.store, &s->o.owner, t->source, a, &e, err) ||
        e.state != LEDGER_PENDING ||
        !store_document_get(s->o.store, &s->o.owner, &e.document, false, a, &doc, err) ||
        !store_original(s->o.store, &s->o.owner, &doc.id, 0, doc.bytes, a, &original, &total, err))
        return err->code == ERR_NONE || err->code == ERR_NOT_FOUND; /* it is read, or deleted */
    IngestInput in = {.data = original, .filename = doc.filename, .source = doc.source,
        .file_type = doc.file_type, .pressed = sync_pressed, .pressed_arg = s->o.work};
    return ingest_one(s->o.ingest, &s->o.owner, &in, worker, a, &doc, &outcome, err);
}
