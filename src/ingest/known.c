/* known.c - the ledger's entries of a folder in memory, for one scan. */
#include "base/mem.h"
#include "ingest/sync_int.h"

typedef struct {
    KnownSet *set;
    size_t prefix;
    bool deep, failed;
} Load;

static bool keep(void *arg, const LedgerEntry *e)
{
    Load *l = arg;
    KnownSet *k = l->set;
    Str rest = str_sub(e->source, l->prefix, e->source.len);
    if (!l->deep && memchr(rest.ptr, '/', rest.len))
        return true;
    Known one = {.source = arena_str(k->a, e->source),
                 .reason = arena_str(k->a, e->reason),
                 .state = e->state,
                 .bytes = e->bytes,
                 .inode = e->inode,
                 .mtime_ns = e->mtime_ns,
                 .by_hand = uuid_is_nil(&e->folder),
                 .document = !uuid_is_nil(&e->document)};
    if (!one.source.ptr || !one.reason.ptr || !MEM_GROW(k->items, k->n, k->cap)) {
        l->failed = true;
        return false;
    }
    k->items[k->n++] = one;
    return true;
}

static bool index_all(KnownSet *k)
{
    k->n_slots = 64;
    while (k->n_slots < k->n * 2)
        k->n_slots *= 2;
    k->slots = mem_array(k->n_slots, sizeof *k->slots);
    if (!k->slots)
        return false;
    for (size_t i = 0; i < k->n; i++) {
        size_t at = str_hash(k->items[i].source) & (k->n_slots - 1);
        while (k->slots[at])
            at = (at + 1) & (k->n_slots - 1);
        k->slots[at] = (uint32_t)(i + 1);
    }
    return true;
}

bool known_load(KnownSet *k, Store *store, const Uuid *owner, Str folder, bool deep, Err *err)
{
    *k = (KnownSet){.a = arena_new((size_t)4 << 30)};
    bool root = str_eq(folder, STR("/"));
    Str under = k->a ? arena_printf(k->a, STR_FMT "%s", STR_ARG(folder), root ? "" : "/")
                     : (Str){0};
    Load l = {.set = k, .prefix = under.len, .deep = deep};
    bool ok = under.ptr || err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
    ok = ok && store_ledger_each(store, owner, under, keep, &l, err);
    if (ok && (l.failed || !index_all(k)))
        ok = err_set(err, ERR_NO_MEMORY, "reading the ledger: out of memory");
    if (!ok)
        known_release(k);
    return ok;
}

void known_release(KnownSet *k)
{
    arena_free(k->a);
    mem_free(k->items);
    mem_free(k->slots);
    *k = (KnownSet){0};
}

Known *known_find(const KnownSet *k, Str source)
{
    for (size_t at = str_hash(source) & (k->n_slots - 1); k->slots[at];
         at = (at + 1) & (k->n_slots - 1)) {
        Known *one = &k->items[k->slots[at] - 1];
        if (str_eq(one->source, source))
            return one;
    }
    return NULL;
}

Known *known_parent(const KnownSet *k, Str source)
{
    for (size_t i = source.len; i-- > 0 && source.ptr[i] != '/';) {
        Known *parent = source.ptr[i] == '#' ? known_find(k, str_sub(source, 0, i)) : NULL;
        if (parent)
            return parent;
    }
    return NULL;
}

bool known_same(const Known *k, const ScanItem *item)
{
    return k->mtime_ns != 0 && k->mtime_ns == item->mtime_ns && k->bytes == item->bytes &&
           k->inode == item->inode;
}
