/* candidates_far.c - a query's two lists from somewhere else (store/qdrant), and the numbers that
 * the index here would have given with them. */
#include <math.h>

#include "store/sqlite/sq_candidates.h"

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "searching: out of memory");
}

#define SAMPLE 4096u /* up to here all; the mean of so many is off by a 64th of their deviation */

/* Numbers of the allowed passages. */
static bool allowed_numbers(SqQuery *p, SqPlan *out, Err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < ((size_t)p->slots + 63) / 64; i++)
        n += (size_t)__builtin_popcountll(p->allow[i]);
    out->numbers = ARENA_NEW_ARRAY(p->a, uint64_t, n + 1);
    if (!out->numbers)
        return no_memory(err);
    for (uint32_t slot = 0; slot < p->slots; slot++)
        if (p->allow[slot / 64] >> slot % 64 & 1 && vindex_is_live(p->x->v, slot))
            out->numbers[out->n_numbers++] = vindex_id(p->x->v, slot);
    return true;
}

/* As vindex_search gives them: of a sample of what is allowed. */
static bool moments(SqQuery *p, Candidates *out, Err *err)
{
    uint32_t *slots = ARENA_NEW_ARRAY(p->a, uint32_t, SAMPLE), n = 0;
    float *sim = ARENA_NEW_ARRAY(p->a, float, SAMPLE);
    double sum = 0, square = 0, count = 0;
    if (!slots || !sim)
        return no_memory(err);
    uint32_t step = p->slots / SAMPLE + 1;
    for (uint32_t i = 0; i < p->slots && n < SAMPLE; i += step)
        if ((!p->allow || p->allow[i / 64] >> i % 64 & 1) && vindex_is_live(p->x->v, i))
            slots[n++] = i;
    vindex_similarities_rough(p->x->v, p->q->vector, slots, n, sim);
    for (uint32_t i = 0; i < n; i++)
        if (sim[i] != 0 && sim[i] > -2) {
            sum += sim[i];
            square += (double)sim[i] * sim[i];
            count++;
        }
    if (count > 0) {
        out->vec_mean = (float)(sum / count);
        double var = square / count - (sum / count) * (sum / count);
        out->vec_std = var > 0 ? sqrtf((float)var) : 0;
    }
    return true;
}

/* What the lists name and we have, and the query allows. */
static Candidate *found_here(SqQuery *p, SqUnion *u, uint64_t chunk_no)
{
    pthread_rwlock_rdlock(&p->x->slots_lock);
    uint32_t slot = sq_slots_of_chunk(&p->x->slots, chunk_no);
    pthread_rwlock_unlock(&p->x->slots_lock);
    if (slot == SQ_NO_SLOT || slot >= p->slots) {
        p->unknown++;
        return NULL;
    }
    if (p->allow && !(p->allow[slot / 64] >> slot % 64 & 1))
        return NULL;
    return sq_union_at(u, slot);
}

bool sq_far_lists(SqQuery *p, SqUnion *u, Candidates *out, Err *err)
{
    size_t k = p->q->k, n_vectors = 0, n_words = 0;
    SqFound *vectors = ARENA_NEW_ARRAY(p->a, SqFound, k);
    SqFound *words = ARENA_NEW_ARRAY(p->a, SqFound, k);
    float scale;
    KindexQuery kq = sq_keyword_query(p, &scale);
    KindexStats stats = {0};
    KindexHit none;
    const DocFilter *f = p->q->filter;
    SqPlan plan = {.terms = p->terms, .n_terms = p->n_terms, .narrowed = p->allow != NULL,
        .by_id = p->by_id || (f && f->q.len)};
    for (size_t i = 0; f && i < f->n_sources; i++)
        plan.by_id = plan.by_id || str_ends(f->sources[i], STR("*"));
    if (!vectors || !words)
        return no_memory(err);
    if (plan.by_id && p->allow && !allowed_numbers(p, &plan, err))
        return false;
    if (!p->lists(p->lists_arg, &plan, vectors, &n_vectors, words, &n_words, err)
        || (p->q->vector && !moments(p, out, err)))
        return false;
    /* No slot allowed: only the bound is worked out. */
    if (p->n_terms && kindex_search(p->x->k, &kq, 1, (uint64_t[]){0}, 0, &none, &stats, err) < 0)
        return false;
    out->kw_bound = stats.bound * scale;
    for (size_t i = 0; i < n_vectors; i++) {
        Candidate *c = found_here(p, u, vectors[i].chunk_no);
        if (!c || c->vector_rank)
            continue;
        c->similarity = vectors[i].score;
        c->vector_rank = (uint32_t)++out->n_vector;
    }
    for (size_t i = 0; i < n_words; i++) {
        Candidate *c = found_here(p, u, words[i].chunk_no);
        if (c && !c->keyword_rank)
            c->keyword_rank = (uint32_t)++out->n_keyword;
    }
    return true;
}

/* Our own numbers for both sides: a collection's idf is everybody's, and so is its rounding. */
bool sq_far_scores(SqQuery *p, SqUnion *u, Candidates *out, Err *err)
{
    float *score = ARENA_NEW_ARRAY(p->a, float, u->n + 1), scale;
    KindexQuery kq = sq_keyword_query(p, &scale);
    if (!score)
        return no_memory(err);
    if (p->q->vector) {
        uint32_t *slots = ARENA_NEW_ARRAY(p->a, uint32_t, u->n + 1), n = 0;
        if (!slots)
            return no_memory(err);
        for (size_t i = 0; i < u->n; i++)
            if (!u->items[i].vector_rank)
                slots[n++] = u->slot_of[i];
        vindex_similarities(p->x->v, p->q->vector, slots, n, score);
        for (size_t i = 0, at = 0; i < u->n; i++) {
            if (u->items[i].vector_rank)
                continue;
            if (score[at] != 0)
                u->items[i].similarity = score[at];
            at++;
        }
    }
    if (!p->n_terms || !u->n)
        return true;
    if (!kindex_scores(p->x->k, &kq, u->slot_of, u->n, score, err))
        return false;
    double sum = 0, square = 0, n = 0;
    for (size_t i = 0; i < u->n; i++) {
        double s = u->items[i].keyword = score[i] * scale;
        if (u->items[i].keyword_rank) {
            sum += s;
            square += s * s;
            n++;
        }
    }
    if (n > 0) {
        double var = square / n - sum / n * (sum / n);
        out->kw_mean = (float)(sum / n);
        out->kw_std = var > 0 ? sqrtf((float)var) : 0;
    }
    return true;
}
