/* briefing_again.c - "Worth another look": older documents close to what is current now.
 *
 *   the most important documents of the last day (else of the last week), and what is due or on
 *   today -> their stored vectors, or embeddings of those lines -> nearest passages of documents
 *   that nobody touched for 14 days -> the closest first, from a cosine of 0.45 on
 *
 * A passage of 0.97 or more is a copy and no news. Each is close to another current one. */
#include "assistant/briefing_int.h"

#include <stdlib.h>

#define SHOWN 3
#define CURRENT_DOCS 10
#define CURRENT_LINES 6
#define CANDIDATES 20
#define OLD_DAYS 14
#define LEAST 0.45f
#define COPY 0.97f

typedef struct {
    uint64_t doc_no;
    float similarity;
    size_t current; /* which one it is close to */
} Near;

typedef struct {
    Str what;      /* of a document its title, else the line */
    BriefingSource source;
    float v[MINILM_DIM];
} Current;

static bool add_documents(BriefingBuild *b, const BriefDoc *from, size_t n, Current *list,
    size_t *n_list)
{
    BriefDoc *docs = ARENA_NEW_ARRAY(b->a, BriefDoc, n + 1);
    if (!docs)
        return brief_no_memory(b);
    if (n)
        memcpy(docs, from, n * sizeof *docs);
    qsort(docs, n, sizeof *docs, brief_doc_order);
    for (size_t i = 0; i < n && i < CURRENT_DOCS; i++) {
        Current *c = &list[*n_list];
        bool found;
        if (!store_document_vector(b->store, b->owner, &docs[i].id, c->v, &found, b->err))
            return false;
        if (!found)
            continue;
        c->what = docs[i].title;
        c->source = brief_source(b, &docs[i]);
        ++*n_list;
    }
    return true;
}

static bool add_lines(BriefingBuild *b, BriefingKind k, Current *list, size_t *n_list)
{
    const BriefingSection *s = &b->out->sections[k];
    Str texts[CURRENT_LINES] = {{NULL, 0}};
    size_t n = s->n < CURRENT_LINES ? s->n : CURRENT_LINES;
    float *v;
    bool have;
    for (size_t i = 0; i < n; i++)
        texts[i] = s->items[i].sources->of == BRIEFING_OF_DOCUMENT ? s->items[i].text
                                                                   : s->items[i].sources->title;
    if (!brief_embed(b, texts, n, &v, &have))
        return false;
    for (size_t i = 0; have && i < n; i++) {
        Current *c = &list[(*n_list)++];
        c->what = texts[i];
        c->source = s->items[i].sources[0];
        memcpy(c->v, v + i * MINILM_DIM, sizeof c->v);
    }
    return true;
}

static int closest(const void *x, const void *y)
{
    const Near *a = x, *b = y;
    if (a->similarity != b->similarity)
        return a->similarity < b->similarity ? 1 : -1;
    if (a->doc_no != b->doc_no)
        return a->doc_no < b->doc_no ? -1 : 1;
    return a->current < b->current ? -1 : a->current > b->current;
}

static bool near_of(BriefingBuild *b, const Current *list, size_t n_list, Near **out, size_t *n)
{
    DocFilter old = {.until = b->as_of - OLD_DAYS * BRIEF_DAY_MS};
    *out = ARENA_NEW_ARRAY(b->a, Near, n_list * CANDIDATES + 1);
    *n = 0;
    if (!*out)
        return brief_no_memory(b);
    for (size_t i = 0; i < n_list; i++) {
        Candidates found;
        CandidateQuery q = {.vector = list[i].v, .filter = &old, .k = CANDIDATES};
        if (!store_candidates(b->store, b->owner, &q, b->a, &found, b->err))
            return false;
        for (size_t k = 0; k < found.n && k < CANDIDATES; k++)
            if (found.items[k].similarity >= LEAST && found.items[k].similarity < COPY)
                (*out)[(*n)++] = (Near){found.items[k].doc_no, found.items[k].similarity, i};
    }
    qsort(*out, *n, sizeof **out, closest);
    return true;
}

static bool item_of(BriefingBuild *b, const Near *near, const Current *c, BriefingItem *out)
{
    Document d;
    if (!store_documents_get(b->store, b->owner, &near->doc_no, 1, false, b->a, &d, b->err))
        return false;
    *out = (BriefingItem){.at = TASK_NO_TIME, .score = near->similarity};
    if (!d.title.ptr)
        return true; /* it went meanwhile */
    Str when = brief_when(b, d.updated_at, false), what = brief_line(b->a, c->what, 80);
    out->sources = ARENA_NEW_ARRAY(b->a, BriefingSource, 2);
    out->text = brief_line(b->a, d.title, 120);
    if (!when.ptr || !what.ptr || !out->sources || !out->text.ptr)
        return brief_no_memory(b);
    out->sources[0] = (BriefingSource){BRIEFING_OF_DOCUMENT, d.id, d.title, d.source};
    out->sources[1] = c->source;
    out->n_sources = 2;
    static const char *const kinds[] = {[BRIEFING_OF_DOCUMENT] = "the document",
        [BRIEFING_OF_TASK] = "the task", [BRIEFING_OF_EVENT] = "the event",
        [BRIEFING_OF_FACT] = "what you told me:"};
    out->reason = arena_printf(b->a, "last touched " STR_FMT "; close (%.2f) to %s \"" STR_FMT "\"",
        STR_ARG(when), near->similarity, kinds[c->source.of], STR_ARG(what));
    return out->reason.ptr || brief_no_memory(b);
}

bool brief_again(BriefingBuild *b)
{
    BriefingSection *s = &b->out->sections[BRIEFING_AGAIN];
    Current *list = ARENA_NEW_ARRAY(b->a, Current, CURRENT_DOCS + 2 * CURRENT_LINES);
    BriefDoc *docs = b->recent;
    Near *near;
    size_t n = 0, n_docs = b->n_recent, n_near;
    uint64_t total;
    s->items = ARENA_NEW_ARRAY(b->a, BriefingItem, SHOWN);
    if (!list || !s->items)
        return brief_no_memory(b);
    if (n_docs == 0 && !store_brief_documents(b->store, b->owner, b->as_of - 7 * BRIEF_DAY_MS,
            b->as_of, b->a, &docs, &n_docs, &total, b->err))
        return false;
    if (!add_documents(b, docs, n_docs, list, &n) || !add_lines(b, BRIEFING_DUE, list, &n)
        || !add_lines(b, BRIEFING_TODAY, list, &n) || !near_of(b, list, n, &near, &n_near))
        return false;
    for (size_t i = 0; i < n_near && s->n < SHOWN; i++) {
        bool known = false; /* the document itself, or one that has what it is close to */
        BriefingItem item;
        for (size_t k = 0; k < i && !known; k++)
            known = near[k].doc_no == near[i].doc_no;
        if (known)
            continue;
        if (!item_of(b, &near[i], &list[near[i].current], &item))
            return false;
        for (size_t k = 0; item.text.ptr && k < n && !known; k++)
            known = uuid_eq(&list[k].source.id, &item.sources->id);
        for (size_t k = 0; item.text.ptr && k < s->n && !known; k++)
            known = uuid_eq(&s->items[k].sources[1].id, &item.sources[1].id);
        if (item.text.ptr && !known)
            s->items[s->n++] = item;
    }
    s->lead = n == 0   ? STR("Nothing is current that an older document could be close to.")
              : s->n   ? STR("Older documents close to what is current now:")
                       : STR("No older document is close to what is current now.");
    return true;
}
