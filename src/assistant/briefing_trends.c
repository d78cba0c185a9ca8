/* briefing_trends.c - "Trending Topics": what the last seven days are about more than the person's
 * own longer history.
 *
 *   burst = (r / R) / ((b + 1) / (B + 1))        score = burst * 8 / (8 + rank)
 *
 * r of R documents of the last seven days have the phrase, b of B before; rank is its mean place
 * among their key phrases, from 0. It is shown from a burst of 2 on and in two documents or more
 * (three, when R is ten or more). A topic is said once: what means the same, shares its words, or
 * stands in the same documents (four of five) goes with the better one. */
#include "assistant/briefing_int.h"

#include <stdlib.h>

#include "base/clock.h"
#include "text/words.h"

#define SHOWN 6
#define COUNTED 400   /* the most frequent phrases of the week */
#define LOOKED_AT 40  /* of them, compared by meaning */
#define LEAST_BURST 2.0
#define SAME 0.8f
#define WEEK_DAYS 7
#define SOURCES 3
#define COMPARED 32   /* documents of a phrase */
#define SHARED 0.8
#define WITH 3        /* other phrases of a topic that are named */

typedef struct {
    const PhraseCount *count;
    double burst, score;
    BriefDoc *docs;
    size_t n_docs;
} Trend;

static int by_score(const void *x, const void *y)
{
    const Trend *a = x, *b = y;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    if (a->count->recent != b->count->recent)
        return a->count->recent < b->count->recent ? 1 : -1;
    return str_cmp(a->count->phrase, b->count->phrase);
}

/* Whether all words of the shorter stand in the longer. */
static bool within(Str x, Str y)
{
    Str small = x.len < y.len ? x : y, large = x.len < y.len ? y : x;
    size_t at = 0, start, end;
    while (word_next(small, &at, &start, &end)) {
        Str word = str_sub(small, start, end);
        size_t i = 0, s, e;
        bool found = false;
        while (!found && word_next(large, &i, &s, &e))
            found = str_eq(str_sub(large, s, e), word);
        if (!found)
            return false;
    }
    return true;
}

/* The share of the smaller one's documents that have both. */
static bool together(const Trend *x, const Trend *y)
{
    size_t both = 0, least = x->n_docs < y->n_docs ? x->n_docs : y->n_docs;
    for (size_t i = 0; i < x->n_docs; i++)
        for (size_t k = 0; k < y->n_docs; k++)
            both += uuid_eq(&x->docs[i].id, &y->docs[k].id);
    return least && (double)both >= SHARED * (double)least;
}

static bool item_of(BriefingBuild *b, const Trend *t, const PhraseCounts *c, BriefingItem *out)
{
    const PhraseCount *p = t->count;
    *out = (BriefingItem){.at = TASK_NO_TIME, .score = t->score, .recent = p->recent,
        .before = p->before,
        .recent_of = c->recent, .before_of = c->before, .text = brief_line(b->a, p->phrase, 120)};
    out->sources = ARENA_NEW_ARRAY(b->a, BriefingSource, SOURCES);
    if (!out->sources || !out->text.ptr)
        return brief_no_memory(b);
    for (size_t i = 0; i < t->n_docs && i < SOURCES; i++)
        out->sources[out->n_sources++] = brief_source(b, &t->docs[i]);
    out->reason = arena_printf(b->a, "in %u of %u documents of the last 7 days, in %u of %u "
        "before: %.1f times its usual share", p->recent, c->recent, p->before, c->before, t->burst);
    return out->reason.ptr || brief_no_memory(b);
}

/* Names another phrase of the topic. */
static bool name_too(BriefingBuild *b, BriefingItem *item, size_t *named, Str phrase)
{
    if (*named == WITH)
        return true;
    item->text = arena_printf(b->a, STR_FMT "%s" STR_FMT, STR_ARG(item->text),
        *named ? ", " : ", with ", STR_ARG(phrase));
    ++*named;
    return item->text.ptr || brief_no_memory(b);
}

static bool pick(BriefingBuild *b, Trend *trends, size_t n, const PhraseCounts *c, int64_t since)
{
    BriefingSection *s = &b->out->sections[BRIEFING_TRENDS];
    size_t kept[SHOWN] = {0}, named[SHOWN] = {0};
    Str *texts = ARENA_NEW_ARRAY(b->a, Str, n + 1);
    float *v = NULL;
    bool have;
    s->items = ARENA_NEW_ARRAY(b->a, BriefingItem, SHOWN);
    if (!texts || !s->items)
        return brief_no_memory(b);
    for (size_t i = 0; i < n; i++) {
        texts[i] = trends[i].count->phrase;
        if (!store_phrase_documents(b->store, b->owner, texts[i], since, b->as_of + 60000, COMPARED,
                b->a, &trends[i].docs, &trends[i].n_docs, b->err))
            return false;
    }
    if (!brief_embed(b, texts, n, &v, &have))
        return false;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        bool same = false;
        for (; k < s->n; k++) {
            same = within(texts[i], texts[kept[k]])
                || (have && brief_likeness(v + i * MINILM_DIM, v + kept[k] * MINILM_DIM) >= SAME);
            if (same || together(&trends[i], &trends[kept[k]]))
                break;
        }
        if (k < s->n && !same && !name_too(b, &s->items[k], &named[k], texts[i]))
            return false;
        if (k < s->n || s->n == SHOWN)
            continue;
        kept[s->n] = i;
        if (trends[i].n_docs && !item_of(b, &trends[i], c, &s->items[s->n]))
            return false;
        s->n += trends[i].n_docs > 0; /* else they went meanwhile */
    }
    return true;
}

bool brief_trends(BriefingBuild *b)
{
    BriefingSection *s = &b->out->sections[BRIEFING_TRENDS];
    PhraseCounts c;
    Civil day = zone_civil(b->zone, b->as_of);
    Civil from = {day.year, day.month, day.day - WEEK_DAYS + 1, 0, 0, 0};
    int64_t since = zone_instant(b->zone, &from, NULL); /* today and the six days before */
    size_t n = 0;
    if (!store_phrase_counts(b->store, b->owner, since, b->as_of + 60000, 2, COUNTED, b->a, &c,
            b->err))
        return false;
    Trend *trends = ARENA_NEW_ARRAY(b->a, Trend, c.n + 1);
    if (!trends)
        return brief_no_memory(b);
    uint32_t least = c.recent < 10 ? 2 : 3;
    for (size_t i = 0; i < c.n && c.before > 0; i++) {
        const PhraseCount *p = &c.items[i];
        double burst = (double)p->recent / c.recent / ((p->before + 1.0) / (c.before + 1.0));
        if (p->recent >= least && burst >= LEAST_BURST)
            trends[n++] = (Trend){.count = p, .burst = burst, .score = burst * 8 / (8 + p->rank)};
    }
    qsort(trends, n, sizeof *trends, by_score);
    if (!pick(b, trends, n < LOOKED_AT ? n : LOOKED_AT, &c, since))
        return false;
    s->lead = c.before == 0 ? STR("There is no longer history yet to compare this week with.")
              : s->n == 0   ? STR("Nothing is written about more than usual.")
                            : arena_printf(b->a, "Compared with %u document%s from before the last "
                                  "7 days.", c.before, c.before == 1 ? "" : "s");
    return s->lead.ptr || brief_no_memory(b);
}
