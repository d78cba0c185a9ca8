/* fuzz_endpoint.c - any options, any probabilities, any blocks: events come in order, utterances do
 * not overlap, every START has its end, nothing lies behind what was heard.
 *
 *   8 bytes: options; then a byte each: 1 in 4 a block size, else a frame's probability */
#include <math.h>
#include <stdlib.h>

#include "audio/endpoint.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

typedef struct {
    const uint8_t *data;
    size_t size, at;
    uint64_t fed;
} Input;

typedef struct {
    Input *in;
    bool open, finishing;
    uint64_t from, to, decided;
} Check;

static float probability(void *arg, const float frame[ENDPOINT_FRAME])
{
    Input *in = arg;
    (void)frame;
    if (in->at >= in->size)
        return 0;
    uint8_t b = in->data[in->at++];
    return b == 255 ? NAN : b == 254 ? -1.0f : (float)b / 250;
}

static void hear(void *arg, const EndpointEvent *event)
{
    Check *c = arg;
    REQUIRE(event->at <= c->in->fed && event->decided <= c->in->fed);
    REQUIRE(event->decided >= c->decided);
    c->decided = event->decided;
    switch (event->kind) {
    case ENDPOINT_START:
        REQUIRE(!c->open && event->at >= c->to);
        c->open = true;
        c->from = event->at;
        break;
    case ENDPOINT_END:
    case ENDPOINT_CUT:
        REQUIRE(c->open && event->at >= c->from);
        c->open = false;
        c->to = event->at;
        break;
    case ENDPOINT_PAUSE:
    case ENDPOINT_RESUME:
        REQUIRE(c->open);
        break;
    default:
        REQUIRE(event->kind == ENDPOINT_NOTHING && !c->open);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const float quiet[4096];
    if (size < 8)
        return 0;
    EndpointOptions o = {.start = (float)data[0] / 250, .stop = (float)data[1] / 250,
        .min_speech_ms = data[2] * 4u, .silence_ms = data[3] * 40u, .preroll_ms = data[4] * 8u,
        .pause_ms = data[5] * 4u, .max_ms = data[6] * 200u, .patience_ms = data[7] * 20u};
    Err err = ERR_INIT;
    Input in = {data + 8, size - 8 < 20000 ? size - 8 : 20000, 0, 0};
    Check check = {.in = &in};
    Endpointer *e = endpoint_new(&o, probability, &in, &err);
    if (!e) {
        REQUIRE(err.code == ERR_VALIDATION);
        return 0;
    }
    while (in.at < in.size) {
        size_t block = 1 + (size_t)in.data[in.at] * 16;
        in.fed += block;
        endpoint_feed(e, quiet, block, hear, &check);
        if (in.fed > (uint64_t)in.size * ENDPOINT_FRAME + 8192)
            break;
    }
    endpoint_finish(e, hear, &check);
    REQUIRE(!check.open);
    endpoint_free(e);
    return 0;
}
