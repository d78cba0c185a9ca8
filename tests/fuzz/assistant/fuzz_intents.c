/* fuzz_intents.c - any bytes as a sentence, in any conversation. */
#include <stdlib.h>

#include "assistant/intents.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check(Str text, const Intent *i)
{
    REQUIRE(i->kind == intent_info(i->action)->kind);
    REQUIRE(i->confidence >= 0 && i->confidence <= 1);
    REQUIRE(i->action_confidence >= 0 && i->action_confidence <= i->confidence);
    for (size_t k = 0; k < SLOT_COUNT; k++) {
        REQUIRE(i->slot[k].start <= i->slot[k].end && i->slot[k].end <= text.len);
        REQUIRE(i->slot[k].text.ptr || i->slot[k].text.len == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Intents *x;
    static Arena *a;
    Err err = ERR_INIT;
    if (!x) {
        x = intents_open(NULL, &err);
        a = arena_new(16 << 20);
        REQUIRE(x && a);
    }
    Str text = {(const char *)data, size};
    uint8_t how = size > 0 ? data[size - 1] : 0;
    IntentContext c = {.turn = (IntentTurn)(how % (TURN_RINGING + 1)),
                       .awaiting = (IntentAwait)(how / 16 % (AWAIT_CHOICE + 1)),
                       .listed = how % 5};
    Intent i;
    Buf out;
    JsonW w;
    arena_reset(a);
    REQUIRE(intents_parse(x, NULL, text, &c, a, &i, &err));
    check(text, &i);
    buf_init(&out, 1 << 20);
    jw_init(&w, &out);
    intent_write_json(&i, &w);
    intent_say_refusal(&i, &out);
    REQUIRE(buf_ok(&out));
    buf_release(&out);
    return 0;
}
