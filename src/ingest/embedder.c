/* embedder.c - see embedder.h. */
#include "ingest/embedder.h"

#include <pthread.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/metrics.h"

typedef struct Request {
    struct Request *next;
    const EmbedderJob *job;
    Err err;
    bool ok, done;
} Request;

typedef struct {
    MinilmState *state; /* made when first used */
    float *vectors;     /* [EMBEDDER_BATCH][MINILM_DIM] */
    bool busy;
} Slot;

struct Embedder {
    const Minilm *model;
    Metric *seconds;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a request is done, or a slot is free */
    Request *head, **tail;
    unsigned n_slots;
    Slot slots[];
};

Embedder *embedder_new(const Minilm *model, unsigned slots, Err *err)
{
    Embedder *e = mem_zalloc(sizeof *e + slots * sizeof e->slots[0]);
    if (!e) {
        (void)err_set(err, ERR_NO_MEMORY, "cannot prepare the encoder: out of memory");
        return NULL;
    }
    e->model = model;
    e->seconds =
        metric_histogram("embed_duration_seconds", "Time of one call of the encoder.", NULL);
    e->n_slots = slots;
    e->tail = &e->head;
    (void)pthread_mutex_init(&e->lock, NULL);
    (void)pthread_cond_init(&e->changed, NULL);
    return e;
}

void embedder_free(Embedder *e)
{
    if (!e)
        return;
    for (unsigned i = 0; i < e->n_slots; i++) {
        minilm_state_free(e->slots[i].state);
        mem_free(e->slots[i].vectors);
    }
    (void)pthread_cond_destroy(&e->changed);
    (void)pthread_mutex_destroy(&e->lock);
    mem_free(e);
}

static Slot *free_slot(Embedder *e)
{
    for (unsigned i = 0; i < e->n_slots; i++)
        if (!e->slots[i].busy)
            return &e->slots[i];
    return NULL;
}

static bool prepare(Embedder *e, Slot *s, Err *err)
{
    if (!s->vectors)
        s->vectors = mem_array((size_t)EMBEDDER_BATCH * MINILM_DIM, sizeof *s->vectors);
    if (!s->vectors)
        return err_set(err, ERR_NO_MEMORY, "cannot prepare the encoder: out of memory");
    if (!s->state)
        s->state = minilm_state_new(e->model, err);
    return s->state != NULL;
}

/* Whole requests, as many as fit one batch. */
static Request *take(Embedder *e)
{
    Request *first = e->head, **end = &e->head;
    for (size_t n = 0; *end && n + (*end)->job->n <= EMBEDDER_BATCH; end = &(*end)->next)
        n += (*end)->job->n;
    Request *rest = *end;
    *end = NULL;
    e->head = rest;
    if (!rest)
        e->tail = &e->head;
    return first;
}

/* The parts of all requests as those of one batch. */
static void gather(const Request *first, Str *texts, MinilmPart *parts, size_t *n_texts)
{
    size_t n = 0, at = 0;
    for (const Request *r = first; r; r = r->next) {
        for (size_t i = 0; i < r->job->n_parts; i++, at++) {
            parts[at] = r->job->parts[i];
            parts[at].text += n;
        }
        for (size_t i = 0; i < r->job->n; i++)
            texts[n++] = r->job->texts[i];
    }
    *n_texts = n;
}

static bool encode(Embedder *e, Slot *s, const Request *first, Err *err)
{
    Str texts[EMBEDDER_BATCH];
    size_t n = 0, n_parts = 0;
    if (!prepare(e, s, err))
        return false;
    for (const Request *r = first; r; r = r->next)
        n_parts += r->job->n_parts;
    MinilmPart *parts = mem_array(n_parts + 1, sizeof *parts);
    float *means = mem_array((n_parts + 1) * MINILM_DIM, sizeof *means);
    bool ok = parts && means;
    if (!ok)
        (void)err_set(err, ERR_NO_MEMORY, "cannot prepare the encoder: out of memory");
    if (ok) {
        gather(first, texts, parts, &n);
        uint64_t start = clock_mono_ns();
        ok = minilm_embed_parts(e->model, s->state, texts, n, s->vectors, parts, n_parts, means,
                                err);
        metric_observe(e->seconds, NULL, clock_seconds_since(start));
    }
    const float *vector = s->vectors, *mean = means;
    for (const Request *r = first; ok && r; r = r->next) {
        memcpy(r->job->out, vector, r->job->n * MINILM_DIM * sizeof *vector);
        vector += r->job->n * MINILM_DIM;
        if (r->job->n_parts)
            memcpy(r->job->means, mean, r->job->n_parts * MINILM_DIM * sizeof *mean);
        mean += r->job->n_parts * MINILM_DIM;
    }
    mem_free(parts);
    mem_free(means);
    return ok;
}

/* Caller holds the lock, which is given back while the batch is encoded. */
static void run_batch(Embedder *e, Slot *s)
{
    Err err = ERR_INIT;
    Request *first = take(e);
    s->busy = true;
    (void)pthread_mutex_unlock(&e->lock);
    bool ok = encode(e, s, first, &err);
    (void)pthread_mutex_lock(&e->lock);
    s->busy = false;
    for (Request *r = first, *next; r; r = next) {
        next = r->next; /* r is its caller's again once the lock is free */
        r->ok = ok;
        r->err = err;
        r->done = true;
    }
    (void)pthread_cond_broadcast(&e->changed);
}

bool embedder_run(Embedder *e, const EmbedderJob *job, Err *err)
{
    Request r = {.job = job};
    if (job->n == 0)
        return true;
    if (job->n > EMBEDDER_BATCH)
        return err_set(err, ERR_INTERNAL, "a batch has at most %d texts", EMBEDDER_BATCH);
    (void)pthread_mutex_lock(&e->lock);
    *e->tail = &r;
    e->tail = &r.next;
    while (!r.done) {
        Slot *s = e->head ? free_slot(e) : NULL;
        if (s)
            run_batch(e, s);
        else
            (void)pthread_cond_wait(&e->changed, &e->lock);
    }
    (void)pthread_mutex_unlock(&e->lock);
    if (!r.ok && err)
        *err = r.err;
    return r.ok;
}
