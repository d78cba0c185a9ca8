/* sync_plan.c - a dry run: what a sync would do, from the same look and the same ledger. */
#include <errno.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "base/os.h"
#include "ingest/extract.h"
#include "ingest/sync_int.h"

typedef struct {
    Store *store;
    const Uuid *owner;
    uint64_t max_bytes;
    size_t limit;
    KnownSet known;
    Arena *a;
    SyncPlan *p;
    Err *err;
} Plan;

static bool add_step(Plan *l, uint64_t *count, const char *action, Str source, Str reason)
{
    ++*count;
    if (l->p->n == l->limit)
        return true;
    SyncStep *s = &l->p->steps[l->p->n++];
    *s = (SyncStep){arena_str(l->a, source), action, arena_str(l->a, reason)};
    return (s->source.ptr && s->reason.ptr) ||
           err_set(l->err, ERR_NO_MEMORY, "no memory for the plan");
}

/* Why it would be refused, from its size and first bytes; empty when it seems fine. A damaged file
 * is found out only by reading it. */
static Str refusal(const Plan *l, const ScanItem *item)
{
    char head[EXTRACT_HEAD];
    if (item->bytes == 0)
        return STR("the file is empty");
    if (l->max_bytes && item->bytes > l->max_bytes)
        return STR("it is larger than the limit");
    long n = os_read_head(item->path, head, sizeof head);
    if (n < 0)
        return STR("it cannot be opened");
    return ingest_guess_type(str_mem(head, (size_t)n), str_file_name(str_of(item->path)),
                             STR("")).len
               ? STR("")
               : STR("there is no reader for this kind of file");
}

static bool on_item(void *arg, const ScanItem *item)
{
    Plan *l = arg;
    SyncPlan *p = l->p;
    Known *k = known_find(&l->known, item->source);
    if (k)
        k->seen = true;
    if (item->problem) {
        bool refuse = item->problem->code == ERR_UNSUPPORTED_MEDIA;
        return add_step(l, refuse ? &p->refuse : &p->fail, refuse ? "refuse" : "fail", item->source,
                        str_of(item->problem->msg));
    }
    if (k && known_same(k, item) && k->state != LEDGER_PENDING && k->state != LEDGER_FAILED) {
        p->unchanged++;
        return true;
    }
    Str reason = refusal(l, item);
    if (reason.len)
        return add_step(l, &p->refuse, "refuse", item->source, reason);
    LedgerEntry e;
    struct stat st;
    bool fresh = !k || k->state == LEDGER_DELETED;
    if (fresh && store_ledger_by_file(l->store, l->owner, item->inode, item->mtime_ns, item->bytes,
                                      l->a, &e, NULL) &&
        e.state != LEDGER_PENDING && str_starts(e.source, STR("/")) &&
        lstat(e.source.ptr, &st) != 0 && errno == ENOENT) {
        Known *old = known_find(&l->known, e.source);
        if (old)
            old->seen = true; /* it does not go, it moves */
        return add_step(l, &p->move, "move", item->source, e.source);
    }
    bool update = !fresh && k->document;
    return add_step(l, update ? &p->update : &p->add, update ? "update" : "add", item->source,
                    STR(""));
}

static bool plan_gone(Plan *l, const Folder *f)
{
    for (size_t i = 0; i < l->known.n; i++) {
        const Known *k = &l->known.items[i];
        struct stat st;
        if (k->seen || k->state == LEDGER_DELETED || known_parent(&l->known, k->source) ||
            (k->state == LEDGER_INDEXED && k->mtime_ns == 0))
            continue;
        bool there = lstat(k->source.ptr, &st) == 0 || (errno != ENOENT && errno != ENOTDIR);
        if (there && k->by_hand)
            continue;
        bool keep = k->by_hand || f->keep;
        if (!add_step(l, keep ? &l->p->keep : &l->p->remove, keep ? "keep" : "delete", k->source,
                      there ? STR("it is left out by a pattern now")
                            : STR("the file is not there any more")))
            return false;
    }
    return true;
}

bool sync_plan(Store *store, const Uuid *owner, const Folder *f, uint64_t max_file_bytes,
               size_t limit, Arena *a, SyncPlan *out, Err *err)
{
    Err failed = ERR_INIT;
    *out = (SyncPlan){.steps = ARENA_NEW_ARRAY(a, SyncStep, limit + 1)};
    Plan l = {.store = store, .owner = owner, .max_bytes = max_file_bytes, .limit = limit, .a = a,
        .p = out, .err = &failed};
    ScanOptions o = {.root = f->path.ptr,
                     .include = f->include,
                     .n_include = f->n_include,
                     .exclude = f->exclude,
                     .n_exclude = f->n_exclude,
                     .on_item = on_item,
                     .arg = &l};
    Err why = ERR_INIT;
    bool ok = out->steps || err_set(&failed, ERR_NO_MEMORY, "no memory for the plan");
    ok = ok && known_load(&l.known, store, owner, f->path, true, &failed);
    if (ok && !scan_run(&o, &out->scan, &why)) {
        ok = false;
        if (failed.code == ERR_NONE)
            failed = why;
    }
    ok = ok && plan_gone(&l, f);
    known_release(&l.known);
    if (!ok && err)
        *err = failed;
    return ok;
}
