#include "ingest/ingest.h"

#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "base/utf8.h"
#include "ingest/about.h"
#include "ingest/embedder.h"
#include "ingest/extract.h"
#include "ingest/memo.h"
#include "ingest/parts.h"
#include "ingest/sandbox.h"
#include "ingest/sentence_vectors.h"
#include "ingest/understand.h"
#include "text/chunk.h"
#include "text/dates.h"
#include "text/letters.h"
#include "text/sketch.h"

#define BATCH EMBEDDER_BATCH /* passages embedded between looks at whether a person waits */
#define MAX_FILE ((uint64_t)256 << 20)
#define YIELD_MS 50      /* a waiting person gets at most this between two batches */

struct Ingest {
    IngestOptions o;
    Sandbox *sandbox;
    MinilmState **states; /* [workers], made when first used; none for those that share */
    Embedder *embedder;   /* NULL: nobody shares */
    Metric *embed_seconds;
    Zone *zone;
    IngestEars ears;
};

/* Everything about one file on its way. */
typedef struct {
    Ingest *g;
    const Uuid *owner;
    const IngestInput *in;
    const Origin *origin; /* NULL: offered by itself */
    PartsLeft *left;
    unsigned worker;
    Arena *a;
    Err *err;
    Snapshot bytes;
    Str source, key, type; /* key: the ledger's */
    Sha256 hash;
    bool hashed, entered; /* entered: the ledger has its entry already */
    bool unfinished;      /* and says that its parts follow */
    Uuid stored;          /* the document, once it is */
    bool same_bytes;      /* as those of the document that is to be replaced */
    Extracted text;
    Cue *cues; /* of a recording */
    size_t n_cues;
    Str title;
    Str *phrases;
    size_t n_phrases;
    SentenceVectors sentences;
} Work;

Ingest *ingest_new(const IngestOptions *o, Err *err)
{
    Ingest *g = mem_zalloc(sizeof *g);
    MinilmState **states = mem_array(o->workers ? o->workers : 1, sizeof *states);
    SandboxOptions so = {.self = o->self, .timeout_ms = o->extract_timeout_ms,
        .memory = o->extract_memory};
    Sandbox *sandbox = g && states ? sandbox_new(&so, err) : NULL;
    if (!sandbox) {
        if (!g || !states)
            (void)err_set(err, ERR_NO_MEMORY, "cannot prepare reading files: out of memory");
        mem_free(g);
        mem_free(states);
        return NULL;
    }
    *g = (Ingest){.o = *o, .sandbox = sandbox, .states = states};
    if (o->ears)
        g->ears = *o->ears;
    if (!(g->zone = zone_open(o->zone, err))) {
        ingest_free(g);
        return NULL;
    }
    if (o->shared && !(g->embedder = embedder_new(o->model, o->slots ? o->slots : 1, err))) {
        ingest_free(g);
        return NULL;
    }
    if (g->o.max_file_bytes == 0)
        g->o.max_file_bytes = MAX_FILE;
    g->embed_seconds =
        metric_histogram("embed_duration_seconds", "Time of one call of the encoder.", NULL);
    return g;
}

void ingest_free(Ingest *g)
{
    if (!g)
        return;
    for (unsigned i = 0; i < g->o.workers; i++)
        minilm_state_free(g->states[i]);
    mem_free(g->states);
    embedder_free(g->embedder);
    sandbox_free(g->sandbox);
    zone_free(g->zone);
    mem_free(g);
}

static bool no_memory(Work *w)
{
    return err_set(w->err, ERR_NO_MEMORY, "storing the document: out of memory");
}

/* ---- passages and their embeddings ---------------------------------------------------------- */

static size_t count_tokens(void *arg, Str text)
{
    return minilm_count_tokens(arg, text);
}

/* While a person's query waits for a processor, this bulk work stands still for a moment. */
void ingest_make_way(const IngestInput *in)
{
    for (int i = 0; in->pressed && i < YIELD_MS && in->pressed(in->pressed_arg); i++)
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* What the encoder sees of a passage; the search side embeds questions alone. */
static Str embedded_text(Arena *a, Str context, Str text)
{
    if (context.len == 0)
        return text;
    return arena_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(context), STR_ARG(text));
}

static bool embed_batch(Work *w, const ChunkSpan *spans, size_t n, Arena *scratch, ChunkNew *out)
{
    Str texts[BATCH];
    MinilmState *state = w->g->states[w->worker];
    float *vectors = ARENA_NEW_ARRAY(scratch, float, (size_t)BATCH * MINILM_DIM);
    SentenceVectors *v = &w->sentences;
    if (!vectors)
        return no_memory(w);
    sentence_vectors_begin(v);
    for (size_t i = 0; i < n; i++) {
        Str text = str_sub(w->text.text, spans[i].start, spans[i].end);
        texts[i] = embedded_text(scratch, spans[i].context, text);
        if (!texts[i].ptr)
            return no_memory(w);
        sentence_vectors_passage(v, &spans[i], i, texts[i].len - text.len);
    }
    uint64_t start = clock_mono_ns();
    EmbedderJob job = {texts, n, vectors, v->parts, v->n_parts, v->means};
    if (!(state ? minilm_embed_parts(w->g->o.model, state, texts, n, vectors, v->parts, v->n_parts,
                                     v->means, w->err)
                : embedder_run(w->g->embedder, &job, w->err)))
        return false;
    if (state) /* the others' calls are the embedder's */
        metric_observe(w->g->embed_seconds, NULL, clock_seconds_since(start));
    sentence_vectors_end(v);
    for (size_t i = 0; i < n; i++) {
        out[i] = (ChunkNew){.start = spans[i].start, .end = spans[i].end, .page = spans[i].page,
            .context = spans[i].context};
        vindex_encode(vectors + i * MINILM_DIM, &out[i].code);
    }
    return true;
}

static bool embed_all(Work *w, const ChunkSpan *spans, size_t n, ChunkNew *out)
{
    MinilmState **state = &w->g->states[w->worker];
    bool shares = w->worker + w->g->o.shared >= w->g->o.workers && w->g->embedder;
    if (!shares && !*state && !(*state = minilm_state_new(w->g->o.model, w->err)))
        return false;
    Arena *scratch = arena_new(ARENA_DEFAULT_MAX);
    bool ok = scratch != NULL || no_memory(w);
    for (size_t at = 0; ok && at < n; at += BATCH) {
        ingest_make_way(w->in);
        ok = embed_batch(w, spans + at, n - at < BATCH ? n - at : BATCH, scratch, out + at);
        arena_reset(scratch);
    }
    arena_free(scratch);
    return ok;
}

static bool make_chunks(Work *w, ChunkNew **out, size_t *n)
{
    ChunkOptions o = {CHUNK_TOKENS, CHUNK_OVERLAP_TOKENS, count_tokens,
                      (void *)(uintptr_t)w->g->o.model};
    ChunkSpan *spans;
    const Extracted *e = &w->text;
    if (!chunk_text(e->text, w->title, e->marks, e->n_marks, &o, w->a, &spans, n, w->err))
        return false;
    if (*n == 0)
        return err_set(w->err, ERR_VALIDATION, e->pages ?
            "its pages hold no text that can be read (pictures of text need Debian's package "
            "tesseract-ocr)" :
            "there is no text in it");
    ChunkNew *chunks = ARENA_NEW_ARRAY(w->a, ChunkNew, *n);
    if (!chunks)
        return no_memory(w);
    *out = chunks;
    return sentence_vectors_init(&w->sentences, e->text, e->marks, e->n_marks, w->a, w->err) &&
           embed_all(w, spans, *n, chunks);
}

/* ---- one file ------------------------------------------------------------------------------- */

/* Where it came from, and its key in the ledger: a path or an address is one by itself; other names
 * ("upload") are shared by many files, so their bytes' hash is added. */
static bool name_source(Work *w)
{
    const IngestInput *in = w->in;
    char hex[SHA256_HEX];
    w->source = in->source.len ? in->source : in->path ? str_of(in->path) : STR("upload");
    if (w->origin) {
        w->key = w->origin->key;
        return true;
    }
    bool unique = str_starts(w->source, STR("/")) || str_find(w->source, STR("://"), 0) != SIZE_MAX;
    w->key = unique ? w->source
                    : arena_printf(w->a, STR_FMT "%s" STR_FMT "#%.12s", STR_ARG(w->source),
                                   in->filename.len ? ":" : "", STR_ARG(in->filename),
                                   sha256_hex(&w->hash, hex));
    return w->key.ptr ? true : no_memory(w);
}

static bool take_bytes(Work *w)
{
    const IngestInput *in = w->in;
    uint64_t max = w->g->o.max_file_bytes;
    bool ok = in->path ? snapshot_file(in->path, max, &w->bytes, w->err)
              : in->data.len > max
                  ? err_set(w->err, ERR_TOO_LARGE, "the file has %zu bytes; the limit is %llu",
                            in->data.len, (unsigned long long)max)
                  : snapshot_bytes(in->data, &w->bytes, w->err);
    ok = ok && sha256(snapshot_str(&w->bytes), &w->hash, w->err);
    w->hashed = ok;
    if (!name_source(w) || !ok)
        return false;
    return w->bytes.size > 0 || err_set(w->err, ERR_VALIDATION, "the file is empty");
}

/* The reader for the bytes: the one that was asked for, when it is one of ours, else by looking. */
static bool choose_type(Work *w)
{
    const IngestInput *in = w->in;
    Str head = str_sub(snapshot_str(&w->bytes), 0, EXTRACT_HEAD);
    if (in->file_type.len &&
        (reader_find(in->file_type) || str_eq(in->file_type, STR(MEMO_TYPE))))
        w->type = in->file_type;
    else
        w->type = ingest_guess_type(head, in->filename, in->media_type);
    return w->type.len > 0 || err_set(w->err, ERR_UNSUPPORTED_MEDIA,
        "there is no reader for this kind of file%s" STR_FMT, in->filename.len ? ": " : "",
        STR_ARG(in->filename));
}

static void ledger_entry(const Work *w, LedgerEntry *e)
{
    const IngestInput *in = w->in;
    *e = (LedgerEntry){.source = w->key, .bytes = w->bytes.size, .file_type = w->type,
        .mtime_ms = w->bytes.mtime_ms, .first_at = clock_now_ms()};
    e->last_at = e->first_at;
    if (w->hashed)
        e->hash = w->hash;
    else if (!in->path)
        e->bytes = in->data.len;
    if (in->folder)
        e->folder = *in->folder;
    if (in->facts) {
        e->bytes = in->facts->bytes;
        e->mtime_ns = in->facts->mtime_ns;
        e->mtime_ms = e->mtime_ns / 1000000;
        e->device = in->facts->device;
        e->inode = in->facts->inode;
    }
}

/* The very file offered once more is no duplicate: it is what is indexed. */
static bool is_same_file(Work *w, const Document *doc)
{
    LedgerEntry e;
    return str_eq(doc->source, w->key) ||
           (store_ledger_get(w->g->o.store, w->owner, w->key, w->a, &e, NULL) &&
            uuid_eq(&e.document, &doc->id) && e.state != LEDGER_DUPLICATE);
}

/* The ledger's entry, whatever happened; a stored document has brought its own in its transaction,
 * and another follows its parts.
 * A failure to write it is reported only when nothing failed before: the first error is the one
 * that matters. */
static bool enter_ledger(Work *w, bool ok, PutOutcome outcome, const Document *doc)
{
    Err failed = ERR_INIT;
    LedgerEntry e;
    if (ok && w->entered && !w->unfinished)
        return true;
    ledger_entry(w, &e);
    if (ok) {
        bool same_file = outcome == PUT_DUPLICATE && is_same_file(w, doc);
        e.state = outcome == PUT_DUPLICATE && !same_file ? LEDGER_DUPLICATE : LEDGER_INDEXED;
        e.document = doc->id;
        e.n_chunks = doc->n_chunks;
    } else {
        e.state = ingest_refuses(w->err->code) ? LEDGER_REFUSED : LEDGER_FAILED;
        e.reason = str_of(w->err->msg);
        if (w->entered)
            e.document = w->stored; /* some of its parts are missing */
        else if (w->in->replace)
            e.document = *w->in->replace; /* the version before stays */
    }
    Err absent = ERR_INIT;
    LedgerEntry old;
    if (ok && w->same_bytes) { /* no file was offered: its entry, if any, stays but for the count */
        if (store_ledger_get(w->g->o.store, w->owner, w->key, w->a, &old, &absent)) {
            old.n_chunks = doc->n_chunks;
            e = old;
        } else if (absent.code == ERR_NOT_FOUND) {
            return true;
        }
    }
    bool entered = w->key.ptr && store_ledger_put(w->g->o.store, w->owner, &e, &failed);
    if (ok && !entered)
        *w->err = failed;
    return ok && entered;
}

static bool is_duplicate(Work *w, Document *doc, bool *found)
{
    Uuid id;
    Err absent = ERR_INIT;
    *found = false;
    if (!store_document_by_hash(w->g->o.store, w->owner, &w->hash, &id, &absent)) {
        if (absent.code == ERR_NOT_FOUND)
            return true;
        *w->err = absent;
        return false;
    }
    if (w->in->replace && uuid_eq(&id, w->in->replace) && !w->in->facts) {
        w->same_bytes = true; /* a person wants it made anew */
        return true;
    }
    if (!store_document_get(w->g->o.store, w->owner, &id, true, w->a, doc, &absent)) {
        if (absent.code == ERR_NOT_FOUND) /* deleted a moment ago */
            return true;
        *w->err = absent;
        return false;
    }
    *found = true;
    return true;
}

/* The members of the document that come from the input, and those that are computed. */
static bool describe(Work *w, Document *d)
{
    const IngestInput *in = w->in;
    int64_t now = clock_now_ms();
    *d = (Document){.title = w->title,
                    .content = w->text.text,
                    .source = w->source,
                    .file_type = w->type,
                    .filename = in->filename,
                    .extra_json = in->extra_json.len ? in->extra_json : STR("{}"),
                    .hash = w->hash,
                    .bytes = w->bytes.size,
                    .pages = w->text.pages,
                    .created_at = now,
                    .updated_at = now};
    d->media_type = str_of(ingest_media_type(w->type));
    Importance why = understand_importance(&w->text);
    d->importance = in->importance ? *in->importance : why.score;
    d->language = w->text.language;
    if (!about_author(&w->text, w->a, &d->author, w->err) ||
        !about_json(&w->text, in->filename, &why, in->importance, w->a, &d->about_json, w->err))
        return false;
    if (in->has_tags) {
        d->tags = (Str *)(uintptr_t)in->tags;
        d->n_tags = in->n_tags;
    } else {
        d->tags = w->phrases;
        d->n_tags = w->n_phrases < UNDERSTAND_TAGS ? w->n_phrases : UNDERSTAND_TAGS;
    }
    if (in->summary.ptr)
        d->summary = in->summary;
    else if (!understand_summary(w->sentences.summary, w->sentences.vectors, w->a, &d->summary,
                                 w->err))
        return false;
    if (in->replace) {
        d->id = *in->replace;
        return true;
    }
    return uuid_v7(&d->id, w->err);
}

/* The date that the file gives itself; one to come is a mistake. */
static int64_t written_at(const Extracted *e, int64_t now)
{
    DocDate d;
    bool known = date_parse(e->modified, &d) || date_parse(e->created, &d);
    return known && d.ms > 0 && d.ms <= now ? d.ms : 0;
}

static bool put(Work *w, Document *doc, PutOutcome *outcome)
{
    DocumentPut p = {.original = snapshot_str(&w->bytes),
                     .model = minilm_name(w->g->o.model),
                     .parent = w->origin ? w->origin->parent : NULL};
    ChunkNew *chunks = NULL;
    uint8_t sketch[SKETCH_BYTES];
    LedgerEntry entry;
    Uuid id;
    _Static_assert(SKETCH_BYTES == STORE_SKETCH_BYTES, "what is made is what is stored");
    p.sketch = sketch_make(w->text.text, sketch) ? sketch : NULL;
    if (!make_chunks(w, &chunks, &p.n_chunks) ||
        !understand_phrases(&w->text, w->title, w->g->o.model, w->a, &w->phrases, &w->n_phrases,
                            w->err) ||
        !describe(w, &p.doc))
        return false;
    p.cues = w->cues;
    p.n_cues = w->n_cues;
    p.phrases = w->phrases;
    p.n_phrases = w->n_phrases;
    p.written_at = written_at(&w->text, p.doc.updated_at);
    CommitmentNew *commitments = NULL;
    if (!understand_commitments(&w->text, w->title, &p.doc.id, w->g->zone, w->a, &commitments,
                                &p.n_commitments, w->err))
        return false;
    p.commitments = commitments;
    p.chunks = chunks;
    ledger_entry(w, &entry);
    p.ledger = w->same_bytes ? NULL : &entry;
    p.unfinished = p.ledger && w->text.n_parts > 0;
    if (!store_document_put(w->g->o.store, w->owner, &p, outcome, &id, w->err))
        return false;
    w->entered = !w->same_bytes;
    w->unfinished = p.unfinished && *outcome != PUT_DUPLICATE;
    w->stored = id;
    return store_document_get(w->g->o.store, w->owner, &id, true, w->a, doc, w->err);
}

bool ingest_shared_worker(const Ingest *g, unsigned *worker)
{
    if (!g->embedder)
        return false;
    *worker = g->o.workers - 1;
    return true;
}

static PartsOf parts_of(Work *w, const Document *doc)
{
    return (PartsOf){.store = w->g->o.store, .owner = w->owner, .in = w->in, .doc = doc,
        .key = w->key, .depth = w->origin ? w->origin->depth : 0, .worker = w->worker,
        .left = w->left};
}

/* The document is there: one more holder when it is a part; its parts where some are missing. */
static bool meet_again(Work *w, Document *doc)
{
    const Reader *reader = reader_find(doc->file_type);
    w->type = doc->file_type;
    if (!store_part_hold(w->g->o.store, w->owner, &doc->id, w->origin ? w->origin->parent : NULL,
                         w->err))
        return false;
    PartsOf of = parts_of(w, doc);
    bool missing = false;
    if (!reader || !reader->has_parts)
        return true;
    return parts_missing(&of, w->a, &missing, w->err) &&
           (!missing || (sandbox_run(w->g->sandbox, w->type, doc->filename, &w->bytes, w->a,
                                     &w->text, w->err) &&
                         parts_ingest(w->g, &of, &w->text, w->a, w->err)));
}

/* What the file says: read in the confined child, or heard. */
static bool read_text(Work *w)
{
    Memo memo;
    if (!str_eq(w->type, STR(MEMO_TYPE)))
        return sandbox_run(w->g->sandbox, w->type, w->in->filename, &w->bytes, w->a, &w->text,
                           w->err);
    if (w->same_bytes ? !memo_again(w->g->o.store, w->owner, w->in->replace, w->a, &memo, w->err)
                      : !memo_read(&w->g->ears, &w->bytes, w->in, w->a, &memo, w->err))
        return false;
    w->text = memo.text;
    w->cues = memo.cues;
    w->n_cues = memo.n_cues;
    return true;
}

static bool read_and_put(Work *w, Document *doc, PutOutcome *outcome)
{
    bool found = false;
    if (!take_bytes(w) || !is_duplicate(w, doc, &found))
        return false;
    if (found) {
        *outcome = PUT_DUPLICATE;
        return meet_again(w, doc);
    }
    Str bare = w->in->filename;
    if (!choose_type(w) || !read_text(w))
        return false;
    w->title = letters_trim(w->in->title);
    if (w->title.len == 0 && !understand_title(&w->text, bare, w->a, &w->title, w->err))
        return false;
    if (!put(w, doc, outcome))
        return false;
    PartsOf of = parts_of(w, doc);
    if (*outcome == PUT_DUPLICATE) /* somebody else was faster with the same bytes */
        return store_part_hold(w->g->o.store, w->owner, &doc->id,
                               w->origin ? w->origin->parent : NULL, w->err);
    return w->same_bytes || parts_ingest(w->g, &of, &w->text, w->a, w->err);
}

static void count_outcome(const Work *w, bool ok, PutOutcome outcome)
{
    static const char *const names[] = {"created", "replaced", "duplicate"};
    Metric *m = metric_counter("ingest_documents_total", "files offered, by type and outcome",
                               "type,outcome");
    char type[32] = "unknown";
    if (w->type.len > 0 && w->type.len < sizeof type) {
        memcpy(type, w->type.ptr, w->type.len);
        type[w->type.len] = '\0';
    }
    METRIC_INC(m, type, ok ? names[outcome] : ingest_refuses(w->err->code) ? "refused" : "failed");
}

bool ingest_one(Ingest *g, const Uuid *owner, const IngestInput *in, unsigned worker, Arena *a,
    Document *doc, PutOutcome *outcome, Err *err)
{
    return ingest_file(g, owner, in, NULL, worker, a, doc, outcome, err);
}

bool ingest_file(Ingest *g, const Uuid *owner, const IngestInput *in, const Origin *origin,
    unsigned worker, Arena *a, Document *doc, PutOutcome *outcome, Err *err)
{
    Err local = ERR_INIT;
    IngestInput named = *in;
    PartsLeft left = {PTHREAD_MUTEX_INITIALIZER, PARTS_MAX, PARTS_MAX_BYTES};
    Work w = {.g = g, .owner = owner, .in = &named, .origin = origin,
        .left = origin ? origin->left : &left, .worker = worker, .a = a, .err = &local,
        .bytes = {.fd = -1}};
    if (worker >= (g->o.workers ? g->o.workers : 1))
        return err_set(err, ERR_INTERNAL, "there is no worker %u", worker);
    if (in->path && in->filename.len == 0)
        named.filename = str_file_name(str_of(in->path));
    Document made;
    PutOutcome how = PUT_CREATED;
    bool ok = read_and_put(&w, &made, &how);
    ok = enter_ledger(&w, ok, how, &made);
    count_outcome(&w, ok, how);
    snapshot_release(&w.bytes);
    sandbox_drop_parts(&w.text);
    if (!ok) {
        if (err)
            *err = local;
        return false;
    }
    *doc = made;
    *outcome = how;
    return true;
}

/* ---- another title -------------------------------------------------------------------------- */

bool document_importance_given(const Document *d)
{
    return str_find(d->about_json, STR("\"signal\":\"given\""), 0) != SIZE_MAX;
}

/* The title stands before every passage that is embedded, so all of them are made again, from the
 * original: the marks are not stored. The text comes out the same. */
bool ingest_retitle(Ingest *g, const Uuid *owner, const Uuid *id, Str title, unsigned worker,
                    Arena *a, Document *doc, Err *err)
{
    Document old;
    Str original;
    uint64_t total;
    if (letters_trim(title).len == 0)
        return err_set(err, ERR_VALIDATION, "a title needs at least one character");
    if (!store_document_get(g->o.store, owner, id, false, a, &old, err) ||
        !store_original(g->o.store, owner, id, 0, old.bytes, a, &original, &total, err))
        return false;
    IngestInput in = {.data = original,
                      .filename = old.filename,
                      .file_type = old.file_type,
                      .title = title,
                      .source = old.source,
                      .tags = old.tags,
                      .n_tags = old.n_tags,
                      .has_tags = true,
                      .summary = old.summary,
                      .importance = document_importance_given(&old) ? &old.importance : NULL,
                      .extra_json = old.extra_json,
                      .replace = id};
    PutOutcome outcome;
    return ingest_one(g, owner, &in, worker, a, doc, &outcome, err);
}
