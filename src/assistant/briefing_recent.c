/* briefing_recent.c - "Recent Updates": documents that came or changed in the last 24 hours by the
 * clock, by the place they came from.
 *
 *   documents -> folders (at most six: deeper ones count with the one they are in) -> of each its
 *   most important documents, and sentences out of their summaries (LexRank, MMR)
 *
 * However many came, a page: 12 lines and 240 words of summaries, at most 200 of one folder. */
#include "assistant/briefing_int.h"

#include <stdlib.h>

#include "text/summary.h"

#define GROUPS 6
#define LINES 12
#define WORDS 240
#define WORDS_MOST 200
#define WORDS_LEAST 30
#define SUMMARISED 8 /* documents of one folder */

typedef struct {
    Str name;
    size_t first, n; /* of the documents in order of folders */
} Place;

typedef struct {
    Str folder;
    const BriefDoc *doc;
} Placed;

/* "/home/x/mail/a.eml" -> "/home/x/mail"; "https://host/a/b" -> "https://host/a"; "upload" ->
 * itself */
static Str folder_of(Str source)
{
    size_t cut = source.len;
    while (cut > 0 && source.ptr[cut - 1] != '/')
        cut--;
    if (cut == 0)
        return source.len ? source : STR("elsewhere");
    return cut == 1 ? str_sub(source, 0, 1) : str_sub(source, 0, cut - 1);
}

static size_t depth_of(Str folder)
{
    size_t n = 1;
    for (size_t i = 0; i < folder.len; i++)
        n += folder.ptr[i] == '/';
    return n;
}

static Str shorter(Str folder, size_t depth)
{
    size_t n = 0;
    for (size_t i = 0; i < folder.len; i++)
        if (folder.ptr[i] == '/' && ++n == depth)
            return i ? str_sub(folder, 0, i) : str_sub(folder, 0, 1);
    return folder;
}

static int by_folder(const void *x, const void *y)
{
    const Placed *a = x, *b = y;
    int c = str_cmp(a->folder, b->folder);
    return c ? c : brief_doc_order(a->doc, b->doc);
}

static int by_name(const void *x, const void *y)
{
    return str_cmp(((const Place *)x)->name, ((const Place *)y)->name);
}

static size_t distinct(Place *f, size_t n)
{
    size_t kept = 0;
    qsort(f, n, sizeof *f, by_name);
    for (size_t i = 0; i < n; i++) {
        if (kept && str_eq(f[kept - 1].name, f[i].name))
            f[kept - 1].n += f[i].n;
        else
            f[kept++] = f[i];
    }
    return kept;
}

/* How deep folders may be so that there are at most GROUPS of them; 3 keeps an address' host. */
static bool depth_for(BriefingBuild *b, size_t *depth)
{
    size_t n = 0, deepest = 1;
    Place *f = ARENA_NEW_ARRAY(b->a, Place, b->n_recent + 1);
    if (!f)
        return brief_no_memory(b);
    for (size_t i = 0; i < b->n_recent; i++)
        f[n++] = (Place){.name = folder_of(b->recent[i].source), .n = 1};
    n = distinct(f, n);
    for (size_t i = 0; i < n; i++) {
        size_t d = depth_of(f[i].name);
        deepest = d > deepest ? d : deepest;
    }
    while (n > GROUPS && deepest > 3) {
        deepest--;
        for (size_t i = 0; i < n; i++)
            f[i].name = shorter(f[i].name, deepest);
        n = distinct(f, n);
    }
    *depth = deepest;
    return true;
}

static int by_size(const void *x, const void *y)
{
    const Place *a = x, *b = y;
    return a->n != b->n ? (a->n < b->n ? 1 : -1) : str_cmp(a->name, b->name);
}

/* ---- a folder's summary ---------------------------------------------------------------------- */

/* The documents' own summaries under each other, each a paragraph. */
static bool gather(BriefingBuild *b, const Placed *docs, size_t n, Str *out, Uuid *of,
    size_t *found)
{
    Buf all;
    buf_init(&all, 1 << 20);
    *found = 0;
    for (size_t i = 0; i < n && i < SUMMARISED; i++) {
        Document d;
        Err gone = ERR_INIT;
        if (!store_document_get(b->store, b->owner, &docs[i].doc->id, false, b->a, &d, &gone)) {
            if (gone.code == ERR_NOT_FOUND)
                continue;
            buf_release(&all);
            return err_set(b->err, gone.code, "%s", gone.msg);
        }
        if (!d.summary.len)
            continue;
        (void)buf_printf(&all, "%s", *found ? "\n\n" : "");
        (void)buf_add(&all, str_sub(d.summary, 0, 8192));
        of[(*found)++] = d.id;
    }
    *out = arena_buf(b->a, &all);
    buf_release(&all);
    return out->ptr || brief_no_memory(b);
}

static bool summarise(BriefingBuild *b, const Placed *docs, size_t n, size_t words,
    BriefingGroup *g)
{
    Str text;
    size_t found, n_spans;
    Summary *s;
    float *v = NULL;
    bool have;
    Uuid of[SUMMARISED];
    Str *out = &g->summary;
    *out = STR("");
    if (!gather(b, docs, n, &text, of, &found))
        return false;
    if (found == 0)
        return true;
    if (!brief_written(b, text, of, found, words, out))
        return false;
    g->by_model = out->len > 0;
    if (g->by_model)
        return true;
    if (!summary_collect(text, NULL, 0, b->a, &s, b->err))
        return false;
    const SummarySpan *spans = summary_spans(s, &n_spans);
    Str *sentences = ARENA_NEW_ARRAY(b->a, Str, n_spans + 1);
    if (!sentences)
        return brief_no_memory(b);
    for (size_t i = 0; i < n_spans; i++)
        sentences[i] = str_sub(text, spans[i].start, spans[i].end);
    if (found > 1 && !brief_embed(b, sentences, n_spans, &v, &have))
        return false;
    SummaryOptions o = SUMMARY_DEFAULTS(words);
    Str made;
    if (!summary_write(s, v, MINILM_DIM, &o, b->a, &made, b->err))
        return false;
    if (made.ptr)
        *out = brief_line(b->a, made, 4096);
    return out->ptr || brief_no_memory(b);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool line(BriefingBuild *b, const BriefDoc *d, size_t of, BriefingItem *out)
{
    bool is_new = d->created_at >= b->as_of - BRIEF_DAY_MS;
    Str when = brief_when(b, d->updated_at, true);
    *out = (BriefingItem){.at = d->updated_at, .timed = true, .score = d->importance,
        .text = brief_line(b->a, d->title.len ? d->title : STR("(no title)"), 120),
        .sources = ARENA_NEW(b->a, BriefingSource), .n_sources = 1};
    if (!when.ptr || !out->text.ptr || !out->sources)
        return brief_no_memory(b);
    out->sources[0] = brief_source(b, d);
    out->reason = of > 1 ? arena_printf(b->a, "%s " STR_FMT "; among the most important of %zu "
                               "here (%.2f)", is_new ? "came" : "changed", STR_ARG(when), of,
                               d->importance)
                         : arena_printf(b->a, "%s " STR_FMT, is_new ? "came" : "changed",
                               STR_ARG(when));
    return out->reason.ptr || brief_no_memory(b);
}

static bool group(BriefingBuild *b, const Place *f, const Placed *placed, size_t lines,
    size_t words)
{
    BriefingSection *s = &b->out->sections[BRIEFING_RECENT];
    const Placed *docs = placed + f->first;
    BriefingGroup *g = &s->groups[s->n_groups++];
    *g = (BriefingGroup){.name = brief_line(b->a, f->name, 200), .first = s->n};
    for (size_t i = 0; i < f->n; i++) {
        bool is_new = docs[i].doc->created_at >= b->as_of - BRIEF_DAY_MS;
        g->created += is_new;
        g->changed += !is_new;
    }
    for (size_t i = 0; i < f->n && i < lines; i++, g->n++)
        if (!line(b, docs[i].doc, f->n, &s->items[s->n++]))
            return false;
    s->more += f->n - g->n;
    return g->name.ptr ? summarise(b, docs, f->n, words, g) : brief_no_memory(b);
}

static bool groups(BriefingBuild *b, Placed *placed, Place *folders)
{
    BriefingSection *s = &b->out->sections[BRIEFING_RECENT];
    size_t depth = 0, n = 0, words;
    if (!depth_for(b, &depth))
        return false;
    for (size_t i = 0; i < b->n_recent; i++)
        placed[i] = (Placed){shorter(folder_of(b->recent[i].source), depth), &b->recent[i]};
    qsort(placed, b->n_recent, sizeof *placed, by_folder);
    for (size_t i = 0; i < b->n_recent; i++) {
        if (n == 0 || !str_eq(folders[n - 1].name, placed[i].folder))
            folders[n++] = (Place){placed[i].folder, i, 0};
        folders[n - 1].n++;
    }
    qsort(folders, n, sizeof *folders, by_size);
    size_t shown = n < GROUPS ? n : GROUPS;
    words = shown ? WORDS / shown : 0;
    words = words > WORDS_MOST ? WORDS_MOST : words < WORDS_LEAST ? WORDS_LEAST : words;
    for (size_t i = 0; i < n; i++) {
        if (i >= GROUPS)
            s->more += folders[i].n;
        else if (!group(b, &folders[i], placed, LINES / shown, words))
            return false;
    }
    return true;
}

bool brief_recent(BriefingBuild *b)
{
    BriefingSection *s = &b->out->sections[BRIEFING_RECENT];
    Placed *placed = ARENA_NEW_ARRAY(b->a, Placed, b->n_recent + 1);
    Place *folders = ARENA_NEW_ARRAY(b->a, Place, b->n_recent + 1);
    uint64_t created = 0;
    Buf lead;
    s->items = ARENA_NEW_ARRAY(b->a, BriefingItem, LINES + 1);
    s->groups = ARENA_NEW_ARRAY(b->a, BriefingGroup, GROUPS);
    if (!placed || !folders || !s->items || !s->groups)
        return brief_no_memory(b);
    if (!groups(b, placed, folders))
        return false;
    s->more += b->total_recent - b->n_recent;
    for (size_t i = 0; i < b->n_recent; i++)
        created += b->recent[i].created_at >= b->as_of - BRIEF_DAY_MS;
    buf_init(&lead, 4096);
    if (b->total_recent == 0)
        (void)buf_add_c(&lead, "No document came or changed in the last 24 hours.");
    else {
        brief_count(&lead, b->total_recent, "document", "documents");
        (void)buf_printf(&lead, " in the last 24 hours: %llu new, %llu changed.",
            (unsigned long long)created, (unsigned long long)(b->n_recent - created));
    }
    s->lead = arena_buf(b->a, &lead);
    buf_release(&lead);
    return s->lead.ptr || brief_no_memory(b);
}
