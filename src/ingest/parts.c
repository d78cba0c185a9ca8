#include "ingest/parts.h"

#include "base/clock.h"

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

bool parts_ingest(Ingest *g, const PartsOf *of, const Extracted *e, Arena *a, Err *err)
{
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    bool ok = scratch || no_memory(err);
    for (size_t i = 0; ok && i < e->n_parts; i++) {
        const ExtractedPart *p = &e->parts[i];
        if (of->left->parts == 0 || p->bytes.len > of->left->bytes) {
            uint64_t bytes = 0;
            for (size_t k = i; k < e->n_parts; k++)
                bytes += e->parts[k].bytes.len;
            ok = refuse_rest(of, e->n_parts - i, bytes, a, err);
            break;
        }
        of->left->parts--;
        of->left->bytes -= p->bytes.len;
        if (i > 0)
            ingest_make_way(of->in);
        ok = one_part(g, of, p, scratch, err);
        arena_reset(scratch);
    }
    arena_free(scratch);
    return ok;
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
