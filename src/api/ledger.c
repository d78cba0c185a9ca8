/* ledger.c - every file ever offered: list, coverage, what a client could not offer, try again. */
#include "api/call.h"
#include "api/serialize.h"
#include "base/clock.h"
#include "base/mem.h"

static bool state_of(Str name, LedgerState *out)
{
    for (int s = LEDGER_PENDING; s <= LEDGER_DELETED; s++) {
        if (!str_eq(name, str_of(ledger_state_name((LedgerState)s))))
            continue;
        *out = (LedgerState)s;
        return true;
    }
    return false;
}

/* ---- list ------------------------------------------------------------------------------------ */

static void counts_json(JsonW *w, const uint64_t *counts)
{
    uint64_t total = 0, covered = counts[LEDGER_INDEXED] + counts[LEDGER_DUPLICATE];
    jw_key(w, "counts");
    jw_obj(w);
    for (int s = LEDGER_PENDING; s <= LEDGER_DELETED; s++) {
        jw_kv_int(w, ledger_state_name((LedgerState)s), (int64_t)counts[s]);
        total += s == LEDGER_DELETED ? 0 : counts[s];
    }
    jw_obj_end(w);
    jw_kv_int(w, "total", (int64_t)total);
    jw_kv_num(w, "covered", total ? (double)covered / (double)total : 1.0);
}

static void query_of(ApiCall *c, LedgerQuery *q, LedgerState *state)
{
    const FieldValue *folder = call_query(c, "folder");
    *q = (LedgerQuery){.under = call_query(c, "under")->str,
                       .q = call_query(c, "q")->str,
                       .folder = folder->given ? &folder->uuid : NULL,
                       .limit = 1000};
    if (state_of(call_query(c, "state")->str, state))
        q->state = state;
}

bool ledger_list(ApiCall *c, Err *err)
{
    LedgerState state;
    LedgerPage page;
    LedgerQuery q;
    query_of(c, &q, &state);
    q.limit = (size_t)call_query(c, "limit")->i;
    q.cursor = call_query(c, "cursor")->str;
    if (!store_ledger_list(c->parts->store, c->owner, &q, c->arena, &page, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "entries");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++)
        ledger_entry_json(&w, &page.items[i]);
    jw_arr_end(&w);
    counts_json(&w, page.counts);
    jw_kv_opt(&w, "next_cursor", page.next_cursor);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- coverage -------------------------------------------------------------------------------- */

#define GROUPS_MAX 200 /* of a kind; the rest are counted together */

typedef struct {
    Str name;
    uint64_t counts[LEDGER_DELETED + 1], bytes;
} Group;

typedef struct {
    Arena *a;
    Group *items;
    size_t n;
    bool failed;
} Groups;

typedef struct {
    Groups folders, types;
    uint64_t counts[LEDGER_DELETED + 1];
    const Folder *watched;
    size_t n_watched;
    Arena *a;
} Coverage;

static void count(Groups *g, Str name, const LedgerEntry *e)
{
    size_t i = 0;
    while (i < g->n && !str_eq(g->items[i].name, name))
        i++;
    if (i == g->n && g->n == GROUPS_MAX) {
        i = GROUPS_MAX; /* one behind the last: the others */
    } else if (i == g->n) {
        g->items[i].name = arena_str(g->a, name);
        g->failed |= !g->items[i].name.ptr;
        g->n++;
    }
    g->items[i].counts[e->state]++;
    g->items[i].bytes += e->bytes;
}

/* The watched folder that it lies in, else the folder of the file, else what stands before ':' (an
 * upload). */
static Str place_of(const Coverage *v, Str source)
{
    for (size_t i = 0; i < v->n_watched; i++) {
        Str path = v->watched[i].path;
        if (str_starts(source, path) && source.len > path.len &&
            (source.ptr[path.len] == '/' || path.len == 1))
            return path;
    }
    if (!str_starts(source, STR("/"))) {
        size_t end = str_find(source, STR("://"), 0);
        if (end == SIZE_MAX)
            end = str_find(source, STR(":"), 0);
        return end == SIZE_MAX ? STR("upload") : str_sub(source, 0, end);
    }
    size_t at = source.len;
    while (at > 1 && source.ptr[at - 1] != '/')
        at--;
    return str_sub(source, 0, at > 1 ? at - 1 : 1);
}

/* A type that a reader has, else the ending of the name. */
static Str type_of(const LedgerEntry *e)
{
    if (e->file_type.len)
        return e->file_type;
    for (size_t i = e->source.len; i-- > 0 && e->source.ptr[i] != '/';)
        if (e->source.ptr[i] == '.' && e->source.len - i <= 10 && i > 0 &&
            e->source.ptr[i - 1] != '/')
            return str_sub(e->source, i, e->source.len);
    return STR("(no ending)");
}

static bool cover(void *arg, const LedgerEntry *e)
{
    Coverage *v = arg;
    v->counts[e->state]++;
    if (e->state == LEDGER_DELETED)
        return true;
    count(&v->folders, place_of(v, e->source), e);
    count(&v->types, type_of(e), e);
    return !v->folders.failed && !v->types.failed;
}

static void groups_json(JsonW *w, const char *key, const char *name, Groups *g)
{
    jw_key(w, key);
    jw_arr(w);
    for (size_t i = 0; i <= g->n && i <= GROUPS_MAX; i++) {
        const Group *one = &g->items[i];
        uint64_t total = 0;
        for (int s = 0; s < LEDGER_DELETED; s++)
            total += one->counts[s];
        if (!total)
            continue;
        jw_obj(w);
        jw_kv_str(w, name, i < g->n ? one->name : STR("(others)"));
        jw_kv_int(w, "bytes", (int64_t)one->bytes);
        counts_json(w, one->counts);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

bool ledger_coverage(ApiCall *c, Err *err)
{
    Coverage v = {.a = c->arena};
    Folder *watched;
    if (!store_folder_list(c->parts->store, c->owner, c->arena, &watched, &v.n_watched, err))
        return false;
    v.watched = watched;
    v.folders = (Groups){c->arena, ARENA_NEW_ARRAY(c->arena, Group, GROUPS_MAX + 1), 0, false};
    v.types = (Groups){c->arena, ARENA_NEW_ARRAY(c->arena, Group, GROUPS_MAX + 1), 0, false};
    if (!v.folders.items || !v.types.items)
        return err_set(err, ERR_NO_MEMORY, "no memory for the coverage");
    Str under = call_query(c, "under")->str;
    if (!store_ledger_each(c->parts->store, c->owner, under, cover, &v, err))
        return false;
    if (v.folders.failed || v.types.failed)
        return err_set(err, ERR_NO_MEMORY, "no memory for the coverage");
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    counts_json(&w, v.counts);
    groups_json(&w, "folders", "folder", &v.folders);
    groups_json(&w, "types", "type", &v.types);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- what a client could not offer ----------------------------------------------------------- */

bool ledger_note(ApiCall *c, Err *err)
{
    LedgerEntry e = {.source = call_body(c, "source")->str,
                     .reason = call_body(c, "reason")->str,
                     .bytes = (uint64_t)call_body(c, "bytes")->i,
                     .mtime_ms = call_body(c, "modified_at")->i,
                     .first_at = clock_now_ms()};
    LedgerEntry old;
    Err absent = ERR_INIT;
    e.last_at = e.first_at;
    e.state = str_eq(call_body(c, "state")->str, STR("refused")) ? LEDGER_REFUSED : LEDGER_FAILED;
    if (store_ledger_get(c->parts->store, c->owner, e.source, c->arena, &old, &absent)) {
        e.document = old.document; /* the version before is there still */
        e.first_at = old.first_at;
        e.folder = old.folder;
    } else if (absent.code != ERR_NOT_FOUND) {
        *err = absent;
        return false;
    }
    if (!store_ledger_put(c->parts->store, c->owner, &e, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    ledger_entry_json(&w, &e);
    return call_json(c, 201, err);
}

/* ---- try again ------------------------------------------------------------------------------- */

typedef struct {
    ApiCall *c;
    uint64_t retried, not_possible;
} Retry;

/* A watched folder reads its pending files by itself; a person's own file is read by its path, but
 * only for who may name files of this machine, because a client can note any path as its own; of an
 * upload nothing is left to be read. */
static bool retry_one(Retry *r, const LedgerEntry *e, Err *err)
{
    ApiCall *c = r->c;
    Err why = ERR_INIT;
    if (uuid_is_nil(&e->folder)) {
        bool ok = (c->caller->scopes & SCOPE_ADMIN) &&
                  str_starts(e->source, STR("/")) && sync_offer(c->parts->sync, e->source, &why);
        r->retried += ok;
        r->not_possible += !ok;
        return true;
    }
    LedgerEntry again = *e;
    again.state = LEDGER_PENDING;
    again.reason = STR("");
    again.last_at = clock_now_ms();
    r->retried++;
    return store_ledger_put(c->parts->store, c->owner, &again, err);
}

static bool retry_state(Retry *r, LedgerQuery *q, Err *err)
{
    LedgerPage page = {0};
    do {
        q->cursor = page.next_cursor;
        if (!store_ledger_list(r->c->parts->store, r->c->owner, q, r->c->arena, &page, err))
            return false;
        for (size_t i = 0; i < page.n; i++)
            if (!retry_one(r, &page.items[i], err))
                return false;
    } while (page.next_cursor.ptr);
    return true;
}

bool ledger_retry(ApiCall *c, Err *err)
{
    static const LedgerState states[] = {LEDGER_FAILED, LEDGER_REFUSED};
    const FieldValue *folder = call_body(c, "folder");
    Str wanted = call_body(c, "state")->str;
    Retry r = {.c = c};
    if (!c->parts->sync)
        return err_set(err, ERR_UNAVAILABLE, "nothing reads files here; start sotto serve");
    for (size_t i = 0; i < 2; i++) {
        LedgerQuery q = {.state = &states[i],
                         .under = call_body(c, "under")->str,
                         .folder = folder->given ? &folder->uuid : NULL,
                         .limit = 1000};
        if (wanted.len && !str_eq(wanted, str_of(ledger_state_name(states[i]))))
            continue;
        if (!retry_state(&r, &q, err))
            return false;
    }
    SyncStatus *folders;
    size_t n;
    if (!sync_list(c->parts->sync, c->arena, &folders, &n, err))
        return false;
    for (size_t i = 0; i < n; i++) {
        Err paused = ERR_INIT;
        (void)sync_now(c->parts->sync, &folders[i].folder.id, false, &paused);
    }
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_int(&w, "retried", (int64_t)r.retried);
    jw_kv_int(&w, "not_possible", (int64_t)r.not_possible);
    jw_obj_end(&w);
    return call_json(c, 202, err);
}
