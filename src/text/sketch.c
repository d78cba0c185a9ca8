#include "text/sketch.h"

#include "text/letters.h"
#include "text/words.h"

#define HASHES 128
#define SHINGLE 3

typedef struct {
    uint32_t mul[HASHES], add[HASHES], least[HASHES];
    uint64_t last[SHINGLE]; /* hashes of the last words, a ring */
    size_t words;
} Sketch;

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9u;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBu;
    return x ^ x >> 31;
}

static void begin(Sketch *s)
{
    uint64_t seed = 0x536F74746F; /* part of the stored format: never change it */
    *s = (Sketch){.words = 0};
    for (size_t i = 0; i < HASHES; i++) {
        seed += 0x9E3779B97F4A7C15u;
        uint64_t r = mix(seed);
        s->mul[i] = (uint32_t)r | 1u;
        s->add[i] = (uint32_t)(r >> 32);
        s->least[i] = UINT32_MAX;
    }
}

static void take_word(Sketch *s, uint64_t hash)
{
    s->last[s->words++ % SHINGLE] = hash;
    if (s->words < SHINGLE)
        return;
    uint64_t all = 0;
    for (size_t i = 0; i < SHINGLE; i++) /* the oldest first */
        all = mix(all ^ s->last[(s->words + i) % SHINGLE]);
    uint32_t x = (uint32_t)(all >> 32);
    for (size_t i = 0; i < HASHES; i++) {
        uint32_t v = x * s->mul[i] + s->add[i];
        s->least[i] = v < s->least[i] ? v : s->least[i];
    }
}

bool sketch_make(Str text, uint8_t out[SKETCH_BYTES])
{
    Sketch s;
    size_t at = 0, start, end;
    begin(&s);
    while (word_next(text, &at, &start, &end)) {
        char room[WORD_MAX + 8];
        size_t next = start;
        if (!letter_is_unspaced(utf8_next(text, &next))) {
            Str folded = word_fold(str_sub(text, start, end), room);
            take_word(&s, str_hash(folded.len ? folded : str_sub(text, start, end)));
            continue;
        }
        for (size_t c = start; c < end; c = next) {
            next = c;
            take_word(&s, mix(utf8_next(text, &next) + 1));
        }
    }
    if (s.words < SKETCH_MIN_WORDS)
        return false;
    /* The least values are small: their bits are stirred before four are kept. */
    for (size_t i = 0; i < SKETCH_BYTES; i++)
        out[i] = (uint8_t)((s.least[2 * i] * 0x9E3779B1u) >> 28 |
                           (s.least[2 * i + 1] * 0x9E3779B1u) >> 28 << 4);
    return true;
}
