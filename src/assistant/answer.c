/* answer.c - the sentence of the person's own documents that answers a question.
 *
 *   question -> passages (search) -> their sentences -> embedded beside the question
 *            -> the nearest, words in common counted in -> quoted byte for byte
 *
 * A sentence that goes on in the next one ("It costs ...") takes it along when that is nearly as
 * near. Nothing is written that does not stand in a document. */
#include "assistant/act.h"

#include "text/sentences.h"

#define PASSAGES 4
#define SENTENCES 32
#define WORD_WEIGHT 0.04F /* for each of at most 5 marked words, in cosine */
#define NEXT_WITHIN 0.12F /* the next sentence comes along when it is so near to the best */
#define QUOTE_MAX 600     /* bytes */

typedef struct {
    const SearchHit *hit;
    const Match *match;
    uint32_t start, end; /* of the sentence in the passage */
    float score;
} Quote;

/* A question is words, not the language of searches. */
static Str plain_words(Arena *a, Str question)
{
    char *s = arena_cstr(a, question);
    if (!s)
        return (Str){0};
    for (size_t i = 0; i < question.len; i++)
        if (strchr("\":*()", s[i]) || (s[i] == '-' && (i == 0 || s[i - 1] == ' ')))
            s[i] = ' ';
    return str_mem(s, question.len);
}

static unsigned marks_in(const Match *m, uint32_t start, uint32_t end)
{
    unsigned n = 0;
    for (size_t i = 0; i < m->n_marks; i++)
        n += m->marks[i].start >= start && m->marks[i].end <= end;
    return n < 5 ? n : 5;
}

static size_t gather(const SearchResult *r, Quote *out)
{
    size_t n = 0, passages = 0;
    for (size_t i = 0; i < r->n; i++)
        for (size_t k = 0; k < r->hits[i].n_matches && passages < PASSAGES; k++, passages++) {
            const Match *m = &r->hits[i].matches[k];
            size_t at = 0, start, end;
            while (n < SENTENCES && sentence_next(m->text, &at, &start, &end))
                if (end > start)
                    out[n++] = (Quote){&r->hits[i], m, (uint32_t)start, (uint32_t)end, 0};
        }
    return n;
}

static bool score(Turn *t, Str question, Quote *c, size_t n)
{
    Str *texts = ARENA_NEW_ARRAY(t->a, Str, n + 1);
    float *v = ARENA_NEW_ARRAY(t->a, float, (n + 1) * MINILM_DIM);
    uint32_t *tokens = ARENA_NEW_ARRAY(t->a, uint32_t, n + 1);
    if (!texts || !v || !tokens)
        return turn_no_memory(t);
    texts[0] = question;
    for (size_t i = 0; i < n; i++)
        texts[i + 1] = str_sub(c[i].match->text, c[i].start, c[i].end);
    if (!search_embed(t->parts->search, texts, n + 1, t->worker, v, tokens, t->err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const float *s = v + (i + 1) * MINILM_DIM;
        float dot = 0;
        for (size_t k = 0; k < MINILM_DIM; k++)
            dot += v[k] * s[k];
        c[i].score = dot + WORD_WEIGHT * (float)marks_in(c[i].match, c[i].start, c[i].end);
    }
    return true;
}

static void cite(Turn *t, const SearchHit *hit, const Match *m, uint32_t start, uint32_t end)
{
    AssistantReply *r = t->reply;
    r->citations[r->n_citations++] = (Citation){.document = hit->doc.id, .chunk = m->chunk_id,
        .title = hit->doc.title, .source = hit->doc.source, .text = str_sub(m->text, start, end),
        .start = m->start + start, .end = m->start + end, .page = m->page,
        .similarity = m->similarity};
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

static bool quote(Turn *t, const SearchResult *r, Str question)
{
    Quote c[SENTENCES];
    size_t n = gather(r, c), best = 0;
    if (n == 0 || !score(t, question, c, n))
        return n == 0 ? err_set(t->err, ERR_INTERNAL, "a passage without a sentence") : false;
    for (size_t i = 1; i < n; i++)
        if (c[i].score > c[best].score)
            best = i;
    uint32_t end = c[best].end;
    if (best + 1 < n && c[best + 1].match == c[best].match &&
        c[best + 1].score > c[best].score - NEXT_WITHIN &&
        c[best + 1].end - c[best].start <= QUOTE_MAX)
        end = c[best + 1].end;
    Str text = str_trim(str_sub(c[best].match->text, c[best].start, end));
    c[best].start = (uint32_t)(text.ptr - c[best].match->text.ptr);
    end = c[best].start + (uint32_t)text.len;
    turn_say(t, STR_FMT, STR_ARG(text));
    double sure = (double)c[best].score;
    sure = sure < 0 ? 0 : sure > 1 ? 1 : sure;
    t->reply->confidence = sure < t->reply->confidence ? sure : t->reply->confidence;
    return cite_all(t, r, &c[best], end);
}

bool answer_find(Turn *t, Str question, const Uuid *within, size_t n_within, bool *answered)
{
    SearchRequest r = {.text = plain_words(t->a, question), .limit = DIALOGUE_SOURCES,
        .threshold = 0.3, .passages = 2, .filter = {.ids = within, .n_ids = n_within}};
    SearchResult found;
    Err err = ERR_INIT;
    *answered = false;
    if (!r.text.ptr)
        return turn_no_memory(t);
    if (!search_run(t->parts->search, t->owner, &r, t->worker, t->a, &found, &err)) {
        if (err.code == ERR_VALIDATION) /* no word is left of it */
            return true;
        *t->err = err;
        return false;
    }
    if (found.n == 0 || found.hits[0].n_matches == 0)
        return true;
    *answered = true;
    return quote(t, &found, question);
}
