#include "text/when_chart.h"

#define VARIANTS 3 /* readings kept of the same words as the same symbol */

static uint64_t token_starts(const WhenChart *c, size_t k)
{
    const WhenToken *t = &c->token[k];
    uint64_t set = t->numeric ? c->g->starts[t->symbol] : 0;
    for (uint16_t r = t->reading; r; r = c->g->reading[r - 1].next)
        set |= c->g->starts[c->g->reading[r - 1].symbol];
    return set;
}

/* Whether token k can begin what the element asks for. */
static bool can_begin(const WhenChart *c, size_t k, uint64_t starts, uint16_t element)
{
    if (element < WHEN_SYMBOL_COUNT)
        return starts >> element & 1;
    for (uint16_t r = c->token[k].reading; r; r = c->g->reading[r - 1].next)
        if (c->g->reading[r - 1].symbol == element)
            return true;
    return false;
}

static void add_edge(WhenChart *c, size_t first, unsigned symbol, size_t at, size_t end,
                     const WhenValue *v, int score)
{
    size_t same = 0;
    for (size_t i = first; i < c->n_edges; i++) {
        WhenEdge *e = &c->edge[i];
        if (e->symbol != symbol || e->at != at)
            continue;
        // Equal values that differ in padding only cost a variant. NOLINTNEXTLINE
        if (memcmp(&e->value, v, sizeof *v) == 0) {
            if (e->score < score)
                e->score = (int16_t)score;
            return;
        }
        same++;
    }
    if (same >= VARIANTS || c->n_edges == WHEN_MAX_PASSIVE)
        return;
    WhenEdge *e = &c->edge[c->n_edges++];
    e->value = *v;
    e->symbol = (uint16_t)symbol;
    e->at = (uint16_t)at;
    e->end = (uint16_t)end;
    e->score = (int16_t)score;
}

/* All of a form is there: what do its symbols mean together? */
static void complete(WhenChart *c, size_t first, const WhenForm *f, uint16_t previous, size_t kid,
                     size_t end)
{
    size_t edges[WHEN_FORM_MAX], n = 0;
    edges[n++] = kid;
    for (uint16_t a = previous; a; a = c->active[a - 1].previous)
        edges[n++] = c->active[a - 1].kid;
    WhenKid kids[WHEN_FORM_MAX];
    size_t n_kids = 0;
    int score = f->rule->weight;
    for (size_t i = n; i-- > 0;) {
        const WhenEdge *e = &c->edge[edges[i]];
        if (e->symbol >= WHEN_SYMBOL_COUNT)
            continue;
        kids[n_kids++] = (WhenKid){&e->value, e->at, e->end};
        score += e->score;
    }
    WhenValue v;
    memset(&v, 0, sizeof v);
    v.weekday = -1;
    v.zone = WHEN_NO_ZONE;
    if (f->rule->mean(&c->sense, f->rule->arg, kids, n_kids, &v))
        add_edge(c, first, f->rule->symbol, c->edge[edges[n - 1]].at, end, &v, score);
}

static void advance(WhenChart *c, size_t first, size_t form, uint16_t previous, size_t kid,
                    size_t end, uint64_t starts)
{
    const WhenForm *f = &c->g->form[form];
    size_t dot = previous ? c->active[previous - 1].dot + 1u : 1;
    if (dot == f->n) {
        complete(c, first, f, previous, kid, end);
        return;
    }
    if (end == c->n || c->n_actives == WHEN_MAX_ACTIVE || !can_begin(c, end, starts, f->elem[dot]))
        return;
    WhenActive *a = &c->active[c->n_actives];
    *a = (WhenActive){.form = (uint16_t)form, .previous = previous, .kid = (uint16_t)kid,
                      .next = c->ends[end], .dot = (uint8_t)dot};
    c->ends[end] = (uint16_t)++c->n_actives;
}

/* The words and number of token k, as edges. */
static void shift(WhenChart *c, size_t first, size_t k)
{
    const WhenToken *t = &c->token[k];
    if (t->numeric)
        add_edge(c, first, t->symbol, k, k + 1, &t->value, 0);
    for (uint16_t r = t->reading; r; r = c->g->reading[r - 1].next) {
        WhenValue v;
        memset(&v, 0, sizeof v);
        v.weekday = -1;
        v.zone = WHEN_NO_ZONE;
        v.num = c->g->reading[r - 1].number;
        add_edge(c, first, c->g->reading[r - 1].symbol, k, k + 1, &v, 0);
    }
}

void when_chart_parse(WhenChart *c)
{
    c->n_edges = c->n_actives = 0;
    memset(c->ends, 0, sizeof c->ends);
    for (size_t k = 0; k < c->n; k++) {
        c->comma[k] = c->token[k].comma;
        c->glued[k] = c->token[k].glued;
        c->closing[k] = c->token[k].closing;
    }
    c->sense.comma = c->comma;
    c->sense.glued = c->glued;
    c->sense.closing = c->closing;
    for (size_t k = 0; k < c->n; k++) {
        size_t first = c->n_edges, end = k + 1;
        uint64_t starts = end < c->n ? token_starts(c, end) : 0;
        shift(c, first, k);
        /* Every edge that ends here: the rules that it begins, and those that waited for it. */
        for (size_t i = first; i < c->n_edges; i++) {
            unsigned symbol = c->edge[i].symbol;
            size_t at = c->edge[i].at;
            for (size_t f = c->g->first[symbol]; f < c->g->first[symbol + 1]; f++)
                advance(c, first, c->g->order[f], 0, i, end, starts);
            for (uint16_t a = c->ends[at]; a; a = c->active[a - 1].next)
                if (c->g->form[c->active[a - 1].form].elem[c->active[a - 1].dot] == symbol)
                    advance(c, first, c->active[a - 1].form, a, i, end, starts);
        }
    }
}
