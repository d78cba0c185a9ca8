#include "ingest/parts.h"

#include "base/clock.h"

#define LANES_MAX ((size_t)6) /* parts that are read at once */

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading a file's parts: out of memory");
}

static bool is_fatal(ErrCode code)
{
    return code == ERR_NO_MEMORY || code == ERR_STORAGE_FULL || code == ERR_CANCELLED;
}

/* "mail.eml" + "report.pdf"; an upload is called by its file's name. */
static Str source_of(const PartsOf *of, Str name, Arena *a)
{
    const Document *d = of->doc;
    bool upload = of->depth == 0 && !str_eq(of->key, d->source) && d->filename.len > 0;
    return arena_printf(a, STR_FMT "#" STR_FMT, STR_ARG(upload ? d->filename : d->source),
                        STR_ARG(name));
}

/* What is not even tried has its entry too. */
static bool refuse(const PartsOf *of, Str key, uint64_t bytes, Str reason, Err *err)
{
    LedgerEntry e = {.source = key,
                     .state = LEDGER_REFUSED,
                     .reason = reason,
                     .bytes = bytes,
                     .first_at = clock_now_ms()};
    e.last_at = e.first_at;
    return store_ledger_put(of->store, of->owner, &e, err);
}

static bool one_part(Ingest *g, const PartsOf *of, const ExtractedPart *p, Arena *a, Err *err)
{
    char parent[UUID_TEXT];
    uuid_format(&of->doc->id, parent);
    Str key = arena_printf(a, STR_FMT "#" STR_FMT, STR_ARG(of->key), STR_ARG(p->name));
    Str source = source_of(of, p->name, a);
    Str extra = arena_printf(a, "{\"parent\":\"%s\"}", parent);
    if (!key.ptr || !source.ptr || !extra.ptr)
        return no_memory(err);
    if (of->depth >= PARTS_MAX_DEPTH)
        return refuse(of, key, p->bytes.len,
                      STR("it lies more than 4 levels deep inside other files"), err);
    IngestInput in = {.data = p->bytes,
                      .filename = p->name,
                      .media_type = p->media_type,
                      .source = source,
                      .tags = of->in->tags,
                      .n_tags = of->in->n_tags,
                      .has_tags = of->in->has_tags,
                      .extra_json = extra,
                      .folder = of->in->folder,
                      .pressed = of->in->pressed,
                      .pressed_arg = of->in->pressed_arg};
    Origin origin = {.parent = &of->doc->id, .key = key, .depth = of->depth + 1, .left = of->left};
    Document doc;
    PutOutcome outcome;
    Err why = ERR_INIT;
    if (ingest_file(g, of->owner, &in, &origin, of->worker, a, &doc, &outcome, &why) ||
        !is_fatal(why.code))
        return true;
    if (err)
        *err = why;
    return false;
}

/* The rest, when a file turns out to hold more than anybody reads: one entry for all of it. */
static bool refuse_rest(const PartsOf *of, size_t n, uint64_t bytes, Arena *a, Err *err)
{
    Str key = arena_printf(a, STR_FMT "#(the rest)", STR_ARG(of->key));
    Str reason = arena_printf(a,
                              "%zu more parts: a file with more than %d parts or %llu MiB of them, "
                              "those inside parts included, is not read to its end",
                              n, PARTS_MAX, (unsigned long long)(PARTS_MAX_BYTES >> 20));
    if (!key.ptr || !reason.ptr)
        return no_memory(err);
    return refuse(of, key, bytes, reason, err);
}

/* Several threads take one part after another. */
typedef struct {
    Ingest *g;
    const PartsOf *of;
    const Extracted *e;
    unsigned worker;
    pthread_mutex_t lock; /* guards what follows */
    size_t next, rest;    /* rest: the first part for which nothing was left; n_parts: none */
    bool ok;
    Err err;
} Lanes;

static bool take_from(PartsLeft *left, uint64_t bytes)
{
    (void)pthread_mutex_lock(&left->lock);
    bool enough = left->parts > 0 && bytes <= left->bytes;
    if (enough) {
        left->parts--;
        left->bytes -= bytes;
    }
    (void)pthread_mutex_unlock(&left->lock);
    return enough;
}

static bool next_part(Lanes *l, size_t *i)
{
    (void)pthread_mutex_lock(&l->lock);
    *i = l->next;
    bool more = l->ok && l->rest == l->e->n_parts && l->next < l->e->n_parts;
    if (more && !take_from(l->of->left, l->e->parts[*i].bytes.len)) {
        l->rest = *i;
        more = false;
    }
    l->next += more;
    (void)pthread_mutex_unlock(&l->lock);
    return more;
}

static void *run_lane(void *arg)
{
    Lanes *l = arg;
    Err err = ERR_INIT;
    PartsOf of = *l->of;
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    bool ok = scratch || no_memory(&err);
    of.worker = l->worker;
    for (size_t i; ok && next_part(l, &i);) {
        if (i > 0)
            ingest_make_way(of.in);
        ok = one_part(l->g, &of, &l->e->parts[i], scratch, &err);
        arena_reset(scratch);
    }
    arena_free(scratch);
    if (!ok) {
        (void)pthread_mutex_lock(&l->lock);
        if (l->ok)
            l->err = err;
        l->ok = false;
        (void)pthread_mutex_unlock(&l->lock);
    }
    return NULL;
}

bool parts_ingest(Ingest *g, const PartsOf *of, const Extracted *e, Arena *a, Err *err)
{
    Lanes l = {.g = g, .of = of, .e = e, .worker = of->worker, .rest = e->n_parts, .ok = true};
    pthread_t threads[LANES_MAX];
    size_t n = 0, wanted = 0;
    unsigned shared;
    (void)pthread_mutex_init(&l.lock, NULL);
    if (of->depth == 0 && e->n_parts >= 2 * LANES_MAX && ingest_shared_worker(g, &shared)) {
        l.worker = shared;
        wanted = LANES_MAX;
    }
    /* The threads have this one's priority: a mailbox in a folder is read in the background. */
    while (n < wanted && pthread_create(&threads[n], NULL, run_lane, &l) == 0)
        n++;
    if (n == 0)
        (void)run_lane(&l);
    for (size_t i = 0; i < n; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_mutex_destroy(&l.lock);
    if (!l.ok) {
        if (err)
            *err = l.err;
        return false;
    }
    if (l.rest == e->n_parts)
        return true;
    uint64_t bytes = 0;
    for (size_t k = l.rest; k < e->n_parts; k++)
        bytes += e->parts[k].bytes.len;
    return refuse_rest(of, e->n_parts - l.rest, bytes, a, err);
}

bool parts_missing(const PartsOf *of, Arena *a, bool *missing, Err *err)
{
    static const LedgerState failed = LEDGER_FAILED;
    LedgerEntry e;
    LedgerPage page;
    Err absent = ERR_INIT;
    *missing = true;
    if (!store_ledger_get(of->store, of->owner, of->key, a, &e, &absent)) {
        if (absent.code == ERR_NOT_FOUND)
            return true;
        *err = absent;
        return false;
    }
    if ((e.state != LEDGER_INDEXED && e.state != LEDGER_DUPLICATE) ||
        !uuid_eq(&e.document, &of->doc->id))
        return true;
    Str under = arena_printf(a, STR_FMT "#", STR_ARG(of->key));
    if (!under.ptr)
        return no_memory(err);
    LedgerQuery q = {.state = &failed, .under = under, .limit = 1};
    if (!store_ledger_list(of->store, of->owner, &q, a, &page, err))
        return false;
    *missing = page.n > 0;
    return true;
}
