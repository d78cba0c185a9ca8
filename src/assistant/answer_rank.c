#include "assistant/answer_rank.h"

#define PAIR ((size_t)2 * MINILM_DIM)
#define AT_ONCE 2      /* a call of the encoder costs as much as fifteen tokens */
#define ALONE 0.5F     /* what a sentence says by itself counts */
#define THERE 0.3F     /* and where it stands */
#define MARGIN 0.23F  /* what the foreseen may be too low by */

typedef struct {
    Turn *t;
    const AnswerAsked *asked;
    AnswerCandidate *list;
    size_t n, best;
    bool follows;
    float might[ANSWER_RANKED]; /* the most each could score */
    float question[PAIR]; /* vectors of question and looked_for */
    bool have_question;
} Rank;

static float foreseen(const AnswerCandidate *c)
{
    float s = c->similarity >= -1 ? c->similarity : 0.5F; /* a passage found by its words alone */
    size_t bytes = c->alone.len < 300 ? c->alone.len : 300;
    float mean = 0.03F + 0.617F * s + 0.241F * c->share + 0.019F * c->around +
                 0.107F * s * c->share + 0.01F * (float)bytes / 100;
    return (ALONE + THERE) * mean;
}

static float cosine(const float *a, const float *b)
{
    float dot = 0;
    for (size_t k = 0; k < MINILM_DIM; k++)
        dot += a[k] * b[k];
    return dot;
}

static float near_of(const Rank *r, const float *alone, const float *there)
{
    const float *q = r->question, *both = q + MINILM_DIM;
    float near = ALONE * cosine(q, alone) + THERE * cosine(q, there);
    if (r->follows)
        near = 0.5F * (near + ALONE * cosine(both, alone) + THERE * cosine(both, there));
    return near;
}

/* Embeds these (m <= AT_ONCE) in one call, at the first time the question with them. */
static bool compare(Rank *r, const size_t *which, size_t m)
{
    Str texts[2 + 2 * AT_ONCE];
    uint32_t tokens[2 + 2 * AT_ONCE];
    float v[(2 + 2 * AT_ONCE) * MINILM_DIM], *at = v;
    size_t n = 0;
    if (!r->have_question) {
        texts[n++] = r->asked->question;
        texts[n++] = r->asked->looked_for;
    }
    for (size_t i = 0; i < m; i++) {
        texts[n++] = r->list[which[i]].alone;
        texts[n++] = r->list[which[i]].there;
    }
    if (!search_embed_kept(r->t->parts->search, texts, n, r->t->worker, v, tokens, r->t->err))
        return false;
    if (!r->have_question) {
        memcpy(r->question, v, sizeof r->question);
        at += PAIR;
        r->have_question = true;
    }
    for (size_t i = 0; i < m; i++, at += PAIR) {
        AnswerCandidate *c = &r->list[which[i]];
        c->compared = true;
        c->score = c->words + near_of(r, at, at + MINILM_DIM);
        if (r->best == SIZE_MAX || c->score > r->list[r->best].score ||
            (c->score == r->list[r->best].score && which[i] < r->best))
            r->best = which[i];
    }
    return true;
}

/* Those that might score highest, of which each might be more than `than`. */
static size_t pick(const Rank *r, float than, size_t *which)
{
    size_t m = 0;
    bool taken[ANSWER_RANKED] = {false};
    while (m < AT_ONCE) {
        size_t top = SIZE_MAX;
        for (size_t i = 0; i < r->n; i++)
            if (!r->list[i].compared && !taken[i] && r->might[i] > than &&
                (top == SIZE_MAX || r->might[i] > r->might[top]))
                top = i;
        if (top == SIZE_MAX)
            break;
        taken[top] = true;
        which[m++] = top;
    }
    return m;
}

bool answer_rank(Turn *t, const AnswerAsked *asked, AnswerCandidate *list, size_t n, size_t *best)
{
    Rank *r = ARENA_NEW(t->a, Rank);
    size_t which[AT_ONCE], m;
    *best = SIZE_MAX;
    if (!r)
        return turn_no_memory(t);
    *r = (Rank){.t = t, .asked = asked, .list = list, .n = n, .best = SIZE_MAX,
        .follows = !str_eq(asked->looked_for, asked->question)};
    for (size_t i = 0; i < n; i++) {
        list[i].compared = false;
        r->might[i] = list[i].words + foreseen(&list[i]) + MARGIN;
    }
    for (;;) {
        float least = asked->good;
        if (r->best != SIZE_MAX && list[r->best].score > least)
            least = list[r->best].score;
        if ((m = pick(r, least, which)) == 0)
            break;
        if (!compare(r, which, m))
            return false;
    }
    if (r->best == SIZE_MAX)
        return true;
    *best = r->best;
    size_t next = list[*best].next;
    return next == SIZE_MAX || list[next].compared ||
           r->might[next] + MARGIN / 2 < list[*best].score - ANSWER_NEXT_WITHIN ||
           compare(r, &next, 1);
}
