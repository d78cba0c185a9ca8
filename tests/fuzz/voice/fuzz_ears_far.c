/* fuzz_ears_far.c - what another server says it heard: whatever it is, the transcript made of it is
 * clean text with times in order and inside the sound, or there is none. */
#include <math.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "voice/ears.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

#define SECONDS 10

static void check_segment(const WhisperSegment *s)
{
    float at = s->start_s;
    REQUIRE(s->text.len && utf8_ok(s->text));
    REQUIRE(s->start_s >= 0 && s->end_s >= s->start_s && s->end_s <= SECONDS);
    REQUIRE(isfinite(s->avg_logprob) && isfinite(s->no_speech_prob));
    for (size_t k = 0; k < s->n_words; k++) {
        const WhisperWord *w = &s->words[k];
        REQUIRE(w->text.len > 1 && w->text.ptr[0] == ' ' && utf8_ok(w->text));
        REQUIRE(w->start_s >= at && w->end_s >= w->start_s && w->end_s <= s->end_s);
        at = w->start_s;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    WhisperResult r;
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)64 << 20);
    WhisperOptions o = {.word_times = size % 2 == 0};
    if (a && ears_far_read(str_mem((const char *)data, size), &o,
                           (size_t)SECONDS * WHISPER_RATE_HZ, a, &r, &err)) {
        float at = 0;
        double sure = ears_confidence(&r);
        REQUIRE(sure >= 0 && sure <= 1 && utf8_ok(r.text) && r.language);
        for (size_t i = 0; i < r.n_segments; i++) {
            check_segment(&r.segments[i]);
            REQUIRE(r.segments[i].start_s >= at);
            at = r.segments[i].start_s;
        }
    } else {
        REQUIRE(!a || err.code == ERR_CORRUPT || err.code == ERR_NO_MEMORY);
    }
    arena_free(a);
    return 0;
}
