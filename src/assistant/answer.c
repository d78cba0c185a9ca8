/* answer.c - the sentence of the person's own documents that answers a question.
 *
 *   question -> passages (search) -> their sentences -> embedded beside the question
 *            -> the nearest, words in common counted in -> quoted byte for byte
 *
 * A sentence that goes on in the next one ("It costs ...") takes it along when that is nearly as
 * near. Nothing is written that does not stand in a document. */
#include "assistant/act.h"

#include "text/letters.h"
#include "text/sentences.h"

#define PASSAGES 4
#define SENTENCES 32
#define WORD_WEIGHT 0.04F /* for each of at most 5 marked words, in cosine */
#define KIND_WEIGHT 0.1F  /* for holding the kind of thing that is asked for: an amount, a date */
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

/* ---- the kind of thing that is asked for ---------------------------------------------------- */

typedef enum { ASKS_ANYTHING, ASKS_AMOUNT, ASKS_NUMBER, ASKS_TIME, ASKS_PERSON } Asks;

static bool has_word(Str s, const char *phrase)
{
    Str p = str_of(phrase);
    for (size_t i = 0; i + p.len <= s.len; i++) {
        bool begins = i == 0 || !letter_is_word((unsigned char)s.ptr[i - 1]);
        bool ends = i + p.len == s.len || !letter_is_word((unsigned char)s.ptr[i + p.len]);
        if (begins && ends && str_eq_nocase(str_sub(s, i, i + p.len), p))
            return true;
    }
    return false;
}

static Asks asks_for(Str question)
{
    static const struct {
        const char *phrase;
        Asks kind;
    } signs[] = {{"how much", ASKS_AMOUNT}, {"price", ASKS_AMOUNT}, {"cost", ASKS_AMOUNT},
                 {"how many", ASKS_NUMBER}, {"number", ASKS_NUMBER}, {"how long", ASKS_NUMBER},
                 {"when", ASKS_TIME}, {"what time", ASKS_TIME}, {"which day", ASKS_TIME},
                 {"what day", ASKS_TIME}, {"date", ASKS_TIME}, {"until", ASKS_TIME},
                 {"deadline", ASKS_TIME}, {"who", ASKS_PERSON}, {"whose", ASKS_PERSON},
                 {"whom", ASKS_PERSON}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (has_word(question, signs[i].phrase))
            return signs[i].kind;
    return ASKS_ANYTHING;
}

static bool has_digit(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
            return true;
    return false;
}

static bool has_money(Str s)
{
    static const char *const signs[] = {"EUR", "USD", "GBP", "CHF", "euro", "euros", "dollars",
                                        "pounds", "cents"};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        if (has_word(s, signs[i]))
            return has_digit(s);
    return has_digit(s) && (str_find(s, STR("$"), 0) != SIZE_MAX ||
                            str_find(s, STR("\xE2\x82\xAC"), 0) != SIZE_MAX ||
                            str_find(s, STR("\xC2\xA3"), 0) != SIZE_MAX);
}

static bool is_upper(Str s, size_t at)
{
    return at < s.len && s.ptr[at] >= 'A' && s.ptr[at] <= 'Z';
}

/* Two words in capitals one after another, not the first of the sentence: most likely a name. */
static bool has_name(Str s)
{
    for (size_t i = 1; i < s.len; i++) {
        if (s.ptr[i - 1] != ' ' || !is_upper(s, i))
            continue;
        size_t end = i;
        while (end < s.len && s.ptr[end] != ' ')
            end++;
        if (end > i + 1 && is_upper(s, end + 1))
            return true;
    }
    return false;
}

static bool holds(Turn *t, Asks kind, Str s)
{
    When w;
    switch (kind) {
    case ASKS_AMOUNT:
        return has_money(s);
    case ASKS_NUMBER:
        return has_digit(s);
    case ASKS_TIME:
        return turn_when(t, s, WHEN_FUTURE, &w) && w.kind != WHEN_DURATION;
    case ASKS_PERSON:
        return has_name(s);
    default:
        return false;
    }
}

/* ---- sentences ------------------------------------------------------------------------------- */

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
    Asks kind = asks_for(question);
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
        if (holds(t, kind, texts[i + 1]))
            dot += KIND_WEIGHT;
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

bool answer_find(Turn *t, Str looked_for, Str question, const Uuid *within, size_t n_within,
                 bool *answered)
{
    SearchRequest r = {.text = plain_words(t->a, looked_for), .limit = DIALOGUE_SOURCES,
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
