#include "search/vectors.h"

#include <pthread.h>

#include "base/mem.h"
#include "nn/minilm.h"

#define SLOTS 8192 /* a power of two; some 250 questions' sentences, 12.6 MiB */

typedef struct {
    uint64_t hash, half; /* of the text, of its second half */
    size_t len;          /* 0: free; an empty text is not kept */
    uint32_t tokens;
    float vector[MINILM_DIM];
} Slot;

struct Vectors {
    pthread_mutex_t lock;
    Slot *slots;
};

Vectors *vectors_new(Err *err)
{
    Vectors *v = mem_zalloc(sizeof *v);
    if (v)
        v->slots = mem_array(SLOTS, sizeof *v->slots);
    if (!v || !v->slots) {
        mem_free(v);
        err_set(err, ERR_NO_MEMORY, "no memory to keep vectors");
        return NULL;
    }
    pthread_mutex_init(&v->lock, NULL);
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

static uint64_t half_of(Str text)
{
    return str_hash(str_sub(text, text.len / 2, text.len));
}

bool vectors_get(Vectors *v, Str text, float *out, uint32_t *tokens)
{
    uint64_t hash = str_hash(text), half = half_of(text);
    const Slot *s = &v->slots[hash % SLOTS];
    pthread_mutex_lock(&v->lock);
    bool there = text.len && s->len == text.len && s->hash == hash && s->half == half;
    if (there) {
        memcpy(out, s->vector, sizeof s->vector);
        *tokens = s->tokens;
    }
    pthread_mutex_unlock(&v->lock);
    return there;
}

void vectors_put(Vectors *v, Str text, const float *vector, uint32_t tokens)
{
    uint64_t hash = str_hash(text), half = half_of(text);
    Slot *s = &v->slots[hash % SLOTS];
    pthread_mutex_lock(&v->lock);
    s->hash = hash;
    s->half = half;
    s->len = text.len;
    s->tokens = tokens;
    memcpy(s->vector, vector, sizeof s->vector);
    pthread_mutex_unlock(&v->lock);
}
