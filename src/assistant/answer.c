/* answer.c - the sentence of the person's own documents that answers a question.
 *
 *   question -> passages (search) -> their sentences -> the likeliest by words and kind
 *            -> compared with the question by the encoder (answer_rank.h) -> the best, if good
 *            -> quoted byte for byte
 *
 * Nothing is written that does not stand in a document; docs/ASSISTANT.md has the formula, what
 * each part is for, and how often it is right. */
#include "assistant/answer_rank.h"
#include "assistant/answer_score.h"

#include "text/sentences.h"
#include "store/cues.h"

#define DOCUMENTS 8
#define PASSAGES 20
#define SENTENCES 160   /* looked at */
#define EMBEDDED ANSWER_RANKED /* of these, the likeliest */
#define HITS 400        /* words of the question in one passage */
#define STANDING 600    /* bytes of a sentence with what stands before it */
#define GOOD_ENOUGH 0.75F
#define GOOD_FOLLOW 0.52F /* of a question that only makes sense with the one before */
#define ELSEWHERE 0.1F   /* so much better is an answer of another document than the one before */
#define TABLE_MAX 400
#define QUOTE_MAX 600   /* bytes */

typedef struct {
    const SearchHit *hit;
    const Match *match;
    uint32_t start, end; /* of the sentence in the passage */
    uint32_t before;     /* where the sentence before begins; start: there is none */
    uint32_t bits, near; /* words of the question in it; in it and its neighbours */
    uint32_t kin;        /* words of the question that it says in other words */
    bool row;            /* of a table: cells with bars between them */
    float score;         /* without the encoder, then with it */
} Quote;

typedef struct {
    Turn *t;
    Str looked_for, question;
    bool follows;
    AnswerWords words;
    Asks kind;
    Quote list[SENTENCES];
    size_t n;
} Finding;

/* A question is words, not the language of searches. */
Str answer_plain_words(Arena *a, Str question)
{
    char *s = arena_cstr(a, question);
    if (!s)
        return (Str){0};
    for (size_t i = 0; i < question.len; i++)
        if (strchr("\":*()", s[i]) || (s[i] == '-' && (i == 0 || s[i - 1] == ' ')))
            s[i] = ' ';
    return str_mem(s, question.len);
}

static Str text_of(const Quote *q)
{
    return str_sub(q->match->text, q->start, q->end);
}

/* ---- sentences by their words ---------------------------------------------------------------- */

static uint32_t bits_in(const AnswerHit *hits, size_t n, size_t start, size_t end)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++)
        if (hits[i].at >= start && hits[i].at < end)
            bits |= hits[i].bit;
    return bits;
}

static uint32_t kin_in(const AnswerHit *hits, size_t n, size_t start, size_t end)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < n; i++)
        if (hits[i].at >= start && hits[i].at < end)
            bits |= hits[i].kin;
    return bits;
}

static bool same_table(const Quote *x, const Quote *y)
{
    return x->row && y->row && x->match == y->match;
}

/* The first row of a table that goes on. */
static bool is_head(const Finding *f, size_t i)
{
    return f->list[i].row && (i == 0 || !same_table(&f->list[i - 1], &f->list[i])) &&
           i + 1 < f->n && same_table(&f->list[i], &f->list[i + 1]);
}

static uint32_t head_bits(const Finding *f, size_t first, size_t i)
{
    size_t head = i;
    while (head > first && f->list[head - 1].row)
        head--;
    return f->list[head].bits;
}

/* What is asked for counts more where it must stand there in units, and after another question. */
static float kind_score(const Finding *f, Str text)
{
    int holds = answer_holds(f->t, f->kind, f->question, text);
    bool said = f->follows && holds < 1 && str_find(f->t->d.response, text, 0) != SIZE_MAX;
    float least = f->kind == ASKS_AMOUNT ? 3.5F : 1.0F; /* "how much" is never told without money */
    float weight = answer_asks_unit(f->kind) ? 0.25F : f->follows ? 0.2F : 0.1F;
    return weight * (holds < 0 ? -least : (float)holds) - (said ? 0.25F : 0);
}

static void score_by_words(Finding *f, size_t first, uint32_t passage_bits)
{
    for (size_t i = first; i < f->n; i++) {
        Quote *q = &f->list[i];
        /* A row says something with its table's head, a sentence with its neighbours. */
        q->near = q->bits | (q->row           ? head_bits(f, first, i)
                             : i > first      ? f->list[i - 1].bits : 0) |
                  (!q->row && i + 1 < f->n ? f->list[i + 1].bits : 0);
        float similarity = q->match->similarity >= -1 ? q->match->similarity : 0; /* NaN: none */
        q->score = 0.3F * similarity + 0.2F * answer_share(&f->words, q->bits) +
                   0.35F * answer_share(&f->words, q->kin & ~q->bits) +
                   0.1F * answer_share(&f->words, q->near) +
                   0.2F * answer_share(&f->words, passage_bits) +
                   kind_score(f, text_of(q)) -
                   answer_fragment(f->kind, text_of(q), q->hit->doc.title) -
                   (is_head(f, i) ? 0.3F : 0);
    }
}

static bool add_passage(Finding *f, const SearchHit *hit, const Match *m)
{
    AnswerHit hits[HITS], title[ANSWER_WORDS];
    size_t n, n_title, at = 0, start, end, first = f->n;
    if (!answer_hits(f->t, &f->words, m->text, hits, HITS, &n) ||
        !answer_hits(f->t, &f->words, hit->doc.title, title, ANSWER_WORDS, &n_title))
        return false;
    while (f->n < SENTENCES && sentence_next(m->text, &at, &start, &end)) {
        bool row = str_find(str_sub(m->text, start, end), STR(" | "), 0) != SIZE_MAX;
        while (start < end && f->n < SENTENCES) {
            size_t line = row ? str_find(str_sub(m->text, 0, end), STR("\n"), start) : end;
            line = line > end ? end : line;
            uint32_t before = (uint32_t)(f->n > first ? f->list[f->n - 1].start : start);
            if (line > start) {
                f->list[f->n] = (Quote){.hit = hit, .match = m, .start = (uint32_t)start,
                    .end = (uint32_t)line, .before = before, .row = row,
                    .bits = bits_in(hits, n, start, line), .kin = kin_in(hits, n, start, line)};
                f->n++;
            }
            start = line + 1;
        }
    }
    score_by_words(f, first,
                   bits_in(hits, n, 0, SIZE_MAX) | bits_in(title, n_title, 0, SIZE_MAX));
    return true;
}

static bool gather(Finding *f, const SearchResult *r)
{
    size_t passages = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->hits[i].n_matches && passages < PASSAGES; k++, passages++)
            if (!add_passage(f, &r->hits[i], &r->hits[i].matches[k]))
                return false;
    return true;
}

/* ---- and by what they mean ------------------------------------------------------------------- */

/* The best of those that were not chosen yet, which is a matter of EMBEDDED rounds. */
static size_t choose(const Finding *f, size_t *chosen)
{
    size_t n = 0;
    bool taken[SENTENCES] = {false};
    while (n < EMBEDDED && n < f->n) {
        size_t best = SIZE_MAX;
        for (size_t i = 0; i < f->n; i++)
            if (!taken[i] && (best == SIZE_MAX || f->list[i].score > f->list[best].score))
                best = i;
        taken[best] = true;
        chosen[n++] = best;
    }
    return n;
}

/* Title, the sentence before and the sentence: what "it" in it may stand for. */
static Str standing(Turn *t, const Quote *q)
{
    Str before = str_sub(q->match->text, q->before, q->start);
    Str text = arena_printf(t->a, STR_FMT ". " STR_FMT " " STR_FMT, STR_ARG(q->hit->doc.title),
                            STR_ARG(before), STR_ARG(text_of(q)));
    return text.ptr && text.len > STANDING ? str_sub(text, 0, STANDING) : text;
}

/* Index of the best; SIZE_MAX when no sentence is good enough. */
static bool score_by_meaning(Finding *f, float good, size_t *best)
{
    size_t chosen[EMBEDDED], n = choose(f, chosen), top;
    AnswerCandidate list[EMBEDDED];
    AnswerAsked asked = {f->question, f->looked_for, good};
    *best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        const Quote *q = &f->list[chosen[i]];
        list[i] = (AnswerCandidate){.alone = text_of(q), .there = standing(f->t, q),
            .words = q->score, .similarity = q->match->similarity, .next = SIZE_MAX,
            .share = answer_share(&f->words, q->bits), .around = answer_share(&f->words, q->near)};
        if (!list[i].there.ptr)
            return turn_no_memory(f->t);
        for (size_t k = 0; k < n; k++)
            if (chosen[k] == chosen[i] + 1 && f->list[chosen[k]].match == q->match)
                list[i].next = k;
    }
    if (!answer_rank(f->t, &asked, list, n, &top))
        return false;
    for (size_t i = 0; i < f->n; i++)
        f->list[i].score = -1; /* the others were never compared */
    for (size_t i = 0; i < n; i++)
        if (list[i].compared)
            f->list[chosen[i]].score = list[i].score;
    *best = top == SIZE_MAX ? SIZE_MAX : chosen[top];
    return true;
}

/* ---- quoting --------------------------------------------------------------------------------- */

static void cite(Turn *t, const SearchHit *hit, const Match *m, uint32_t start, uint32_t end)
{
    AssistantReply *r = t->reply;
    r->citations[r->n_citations++] = (Citation){.document = hit->doc.id, .chunk = m->chunk_id,
        .title = hit->doc.title, .source = hit->doc.source, .text = str_sub(m->text, start, end),
        .start = m->start + start, .end = m->start + end, .page = m->page,
        .similarity = m->similarity};
    Citation *c = &r->citations[r->n_citations - 1];
    if (m->timed)
        c->timed = store_said_at(t->parts->store, t->owner, &c->document, c->start, c->end,
                                 &c->from_ms, &c->to_ms);
}

/* The quoted sentence first, then the other documents that were found. */
static bool cite_all(Turn *t, const SearchResult *r, const Quote *best, uint32_t end)
{
    AssistantReply *reply = t->reply;
    reply->citations = ARENA_NEW_ARRAY(t->a, Citation, DIALOGUE_SOURCES);
    if (!reply->citations)
        return turn_no_memory(t);
    reply->n_citations = 0;
    cite(t, best->hit, best->match, best->start, end);
    for (size_t i = 0; i < r->n && reply->n_citations < DIALOGUE_SOURCES; i++) {
        const SearchHit *hit = &r->hits[i];
        if (hit == best->hit || hit->n_matches == 0)
            continue;
        cite(t, hit, &hit->matches[0], hit->matches[0].snippet_start, hit->matches[0].snippet_end);
    }
    t->d.n_sources = reply->n_citations;
    memcpy(t->d.sources, reply->citations, sizeof(Citation) * reply->n_citations);
    return true;
}

/* A small table is quoted whole: a row says little without its head. */
static void whole_table(const Finding *f, size_t row, uint32_t *start, uint32_t *end)
{
    size_t first = row, last = row;
    while (first > 0 && same_table(&f->list[first - 1], &f->list[row]))
        first--;
    while (last + 1 < f->n && same_table(&f->list[last + 1], &f->list[row]))
        last++;
    if (f->list[last].end - f->list[first].start <= TABLE_MAX) {
        *start = f->list[first].start;
        *end = f->list[last].end;
    }
}

static bool quote(Finding *f, const SearchResult *r, size_t best)
{
    Turn *t = f->t;
    Quote *q = &f->list[best];
    const Quote *next = best + 1 < f->n && q[1].match == q->match ? q + 1 : NULL;
    uint32_t end = q->end;
    bool opens = end > q->start && q->match->text.ptr[end - 1] == ':';
    /* "Could you use the old slides? They are in the brown suitcase." */
    bool completes = next && f->kind != ASKS_ANYTHING && f->kind != ASKS_PERSON &&
                     answer_holds(t, f->kind, f->question, text_of(q)) < 1 &&
                     answer_holds(t, f->kind, f->question, text_of(next)) == 1;
    if (next && next->end - q->start <= QUOTE_MAX &&
        (opens || completes || next->score > q->score - ANSWER_NEXT_WITHIN))
        end = next->end;
    if (q->row)
        whole_table(f, best, &q->start, &end);
    Str text = str_trim(str_sub(q->match->text, q->start, end));
    q->start = (uint32_t)(text.ptr - q->match->text.ptr);
    turn_say(t, STR_FMT, STR_ARG(text));
    double sure = (double)q->score - 0.25;
    sure = sure < 0 ? 0 : sure > 1 ? 1 : sure;
    t->reply->confidence = sure < t->reply->confidence ? sure : t->reply->confidence;
    return cite_all(t, r, q, q->start + (uint32_t)text.len);
}

/* What was found, and the best of it. */
typedef struct {
    Finding *f; /* NULL: no word was left to look for */
    SearchResult found;
    size_t best;
    float score; /* of the best; below any threshold when there is none */
} Look;

/* What scores less than `good` need not be told apart. */
static bool look(Turn *t, Str looked_for, Str question, const Uuid *within, size_t n_within,
                 float good, Look *out)
{
    SearchRequest r = {.text = answer_plain_words(t->a, looked_for), .limit = DOCUMENTS,
        .threshold = 0.2, .passages = 3, .filter = {.ids = within, .n_ids = n_within}};
    Err err = ERR_INIT;
    *out = (Look){.score = -1};
    Finding *f = ARENA_NEW(t->a, Finding);
    if (!r.text.ptr || !f)
        return turn_no_memory(t);
    if (!search_run(t->parts->search, t->owner, &r, t->worker, t->a, &out->found, &err)) {
        if (err.code == ERR_VALIDATION) /* no word is left of it */
            return true;
        *t->err = err;
        return false;
    }
    *f = (Finding){.t = t, .looked_for = looked_for, .question = question,
        .follows = !str_eq(looked_for, question), .kind = answer_asks(question)};
    if (!answer_words(t, looked_for, question, &f->words) || !gather(f, &out->found) ||
        !score_by_meaning(f, good, &out->best))
        return false;
    out->f = f;
    out->score = out->best == SIZE_MAX ? -1 : f->list[out->best].score;
    return true;
}

bool answer_find(Turn *t, Str looked_for, Str question, const Uuid *within, size_t n_within,
                 bool *answered)
{
    float good = str_eq(looked_for, question) ? GOOD_ENOUGH : GOOD_FOLLOW;
    Look l;
    *answered = false;
    if (!look(t, looked_for, question, within, n_within, good, &l))
        return false;
    if (!l.f || l.score < good)
        return true;
    *answered = true;
    return quote(l.f, &l.found, l.best);
}

bool answer_follow(Turn *t, Str looked_for, Str question, const Uuid *before, bool *answered)
{
    Look there = {.score = -1}, all = {.score = -1};
    *answered = false;
    if (before && !look(t, looked_for, question, before, 1, GOOD_FOLLOW, &there))
        return false;
    if (there.score < GOOD_ENOUGH && !look(t, looked_for, question, NULL, 0, GOOD_FOLLOW, &all))
        return false;
    const Look *l = all.score > there.score + ELSEWHERE ? &all : &there;
    if (!l->f || l->score < GOOD_FOLLOW)
        return true;
    *answered = true;
    return quote(l->f, &l->found, l->best);
}
