#include "search/vectors.h"

#include <pthread.h>

#include "base/mem.h"
#include "base/metrics.h"
#include "nn/minilm.h"

#define SETS 4096 /* a power of two */
#define WAYS 4    /* 16,384 texts, 12.6 MiB */
#define SCALE 32767.0F /* vectors have length 1 */

typedef struct {
    uint64_t hash, half; /* of the text, of its second half */
    uint32_t len;        /* 0: free; an empty text is not kept */
    uint32_t tokens;
    uint32_t used; /* when it was last asked for */
    int16_t vector[MINILM_DIM];
} Slot;

struct Vectors {
    pthread_mutex_t lock;
    Slot *slots;
    uint32_t clock;
    Metric *hits, *misses;
};

Vectors *vectors_new(Err *err)
{
    Vectors *v = mem_zalloc(sizeof *v);
    if (v)
        v->slots = mem_array((size_t)SETS * WAYS, sizeof *v->slots);
    if (!v || !v->slots) {
        mem_free(v);
        err_set(err, ERR_NO_MEMORY, "no memory to keep vectors");
        return NULL;
    }
    pthread_mutex_init(&v->lock, NULL);
    v->hits = metric_counter("sentence_vectors_hits_total",
                             "Texts whose vector was kept from before.", NULL);
    v->misses = metric_counter("sentence_vectors_misses_total",
                               "Texts that had to be embedded.", NULL);
    return v;
}

void vectors_free(Vectors *v)
{
    if (!v)
        return;
    pthread_mutex_destroy(&v->lock);
    mem_free(v->slots);
    mem_free(v);
}

static Slot key_of(Str text)
{
    return (Slot){.hash = str_hash(text), .half = str_hash(str_sub(text, text.len / 2, text.len)),
        .len = text.len < UINT32_MAX ? (uint32_t)text.len : 0};
}

/* The text's slot; NULL when it is not there. */
static Slot *find(Vectors *v, const Slot *key)
{
    Slot *set = &v->slots[key->hash % SETS * WAYS];
    for (size_t i = 0; i < WAYS; i++)
        if (key->len && set[i].len == key->len && set[i].hash == key->hash &&
            set[i].half == key->half)
            return &set[i];
    return NULL;
}

bool vectors_get(Vectors *v, Str text, float *out, uint32_t *tokens)
{
    Slot key = key_of(text);
    int16_t kept[MINILM_DIM];
    pthread_mutex_lock(&v->lock);
    Slot *s = find(v, &key);
    if (s) {
        memcpy(kept, s->vector, sizeof kept);
        *tokens = s->tokens;
        s->used = ++v->clock;
    }
    pthread_mutex_unlock(&v->lock);
    metric_add(s ? v->hits : v->misses, NULL, 1);
    for (size_t i = 0; s && i < MINILM_DIM; i++)
        out[i] = (float)kept[i] / SCALE;
    return s != NULL;
}

void vectors_put(Vectors *v, Str text, const float *vector, uint32_t tokens)
{
    Slot key = key_of(text);
    key.tokens = tokens;
    for (size_t i = 0; i < MINILM_DIM; i++) {
        float x = vector[i] < -1 ? -1 : vector[i] > 1 ? 1 : vector[i];
        key.vector[i] = (int16_t)(x * SCALE + (x < 0 ? -0.5F : 0.5F));
    }
    if (!key.len)
        return;
    pthread_mutex_lock(&v->lock);
    Slot *s = find(v, &key), *set = &v->slots[key.hash % SETS * WAYS];
    if (!s) { /* a free one, else the one not used for longest */
        s = set;
        for (size_t i = 1; i < WAYS && s->len; i++)
            if (!set[i].len || v->clock - set[i].used > v->clock - s->used)
                s = &set[i];
    }
    key.used = ++v->clock;
    *s = key;
    pthread_mutex_unlock(&v->lock);
}
