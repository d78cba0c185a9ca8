/* store_fixture.h - documents for tests of the store, made from a number: the same number gives the
 * same text, passages and vectors. Passages are the paragraphs of the text. No encoder: a passage's
 * vector is a random unit vector that depends on its text. */
#ifndef SOTTO_TESTS_STORE_FIXTURE_H
#define SOTTO_TESTS_STORE_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/store.h"

#define FX_MODEL "test-encoder"

static inline uint64_t fx_next(uint64_t *state) /* splitmix64 */
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline Uuid fx_uuid(uint64_t n)
{
    Uuid u;
    uint64_t state = n * 2 + 1, a = fx_next(&state), b = fx_next(&state);
    memcpy(u.b, &a, 8);
    memcpy(u.b + 8, &b, 8);
    u.b[6] = (uint8_t)((u.b[6] & 0x0F) | 0x40);
    u.b[8] = (uint8_t)((u.b[8] & 0x3F) | 0x80);
    return u;
}

static inline void fx_vector(uint64_t seed, float v[VINDEX_DIM])
{
    double sum = 0;
    for (int i = 0; i < VINDEX_DIM; i++) {
        double x = 0;
        for (int j = 0; j < 4; j++)
            x += (double)(fx_next(&seed) >> 11) / 9007199254740992.0 - 0.5;
        v[i] = (float)x;
        sum += x * x;
    }
    for (int i = 0; i < VINDEX_DIM; i++)
        v[i] = (float)(v[i] / sqrt(sum));
}

/* The vector that fx_doc gives a passage with this text. */
static inline void fx_vector_of(Str passage, float v[VINDEX_DIM])
{
    fx_vector(str_hash(passage), v);
}

/* A document with id fx_uuid(n). Everything is in the arena, or borrowed from title and text. */
static inline DocumentPut *fx_doc(Arena *a, uint64_t n, Str title, Str text)
{
    DocumentPut *p = ARENA_NEW(a, DocumentPut);
    ChunkNew *chunks = ARENA_NEW_ARRAY(a, ChunkNew, text.len + 1 < 4096 ? text.len + 1 : 4096);
    if (!p || !chunks || !sha256(text, &p->doc.hash, NULL))
        abort();
    for (size_t at = 0; at < text.len && p->n_chunks < 4096;) {
        size_t end = str_find(text, STR("\n\n"), at);
        end = end == SIZE_MAX ? text.len : end;
        if (end > at) {
            float v[VINDEX_DIM];
            ChunkNew *c = &chunks[p->n_chunks++];
            *c = (ChunkNew){.start = (uint32_t)at, .end = (uint32_t)end, .context = title};
            fx_vector_of(str_sub(text, at, end), v);
            vindex_encode(v, &c->code);
        }
        at = end + 2;
    }
    p->chunks = chunks;
    p->model = FX_MODEL;
    p->original = text;
    p->doc.id = fx_uuid(n);
    p->doc.title = title;
    p->doc.content = text;
    p->doc.source = STR("upload");
    p->doc.file_type = STR("text");
    p->doc.media_type = STR("text/plain");
    p->doc.filename = STR("note.txt");
    p->doc.extra_json = STR("{}");
    p->doc.importance = 0.5;
    p->doc.created_at = p->doc.updated_at = 1700000000000 + (int64_t)n;
    return p;
}

/* Words that look like words, Zipf-like: low ranks are drawn far more often. */
static inline void fx_word(uint64_t rank, Buf *out)
{
    static const char *const syllables[] = {"ka", "ro", "mi", "tel", "san", "do", "vi", "len",
        "pra", "sto", "gu", "ne", "bar", "fi", "lo", "zem"};
    uint64_t h = rank * 0x9E3779B97F4A7C15u >> 16;
    for (uint64_t r = rank; ; r /= 16, h /= 7) {
        buf_add_c(out, syllables[(r ^ (r > 15 ? h : 0)) % 16]);
        if (r < 16)
            break;
    }
}

static inline uint64_t fx_zipf(uint64_t *state, uint64_t vocabulary)
{
    double u = (double)(fx_next(state) >> 11) / 9007199254740992.0;
    return (uint64_t)pow((double)vocabulary, u) - 1; /* density ~ 1/rank */
}

/* `words` words in sentences of about twelve and paragraphs of about `paragraph` words. */
static inline Str fx_text(Arena *a, uint64_t seed, size_t words, size_t paragraph,
    uint64_t vocabulary)
{
    Buf b;
    buf_init(&b, (size_t)64 << 20);
    for (size_t i = 0; i < words; i++) {
        fx_word(fx_zipf(&seed, vocabulary), &b);
        buf_add_c(&b, i + 1 == words ? "." : (i + 1) % paragraph == 0 ? ".\n\n" : i % 12 == 11
            ? ". " : " ");
    }
    Str text = arena_buf(a, &b);
    buf_release(&b);
    return text;
}

#endif
