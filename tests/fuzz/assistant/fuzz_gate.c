/* fuzz_gate.c - what a language model writes, cut anywhere, against sources: only what a source
 * proves gets through, and what was shown stays. The first byte says where it is cut. */
#include "../require.h"

#include "assistant/gate.h"

static const Source sources[] = {
    {.kind = SOURCE_FACT, .title = {"Facts", 5}, .text = {"Dana Okafor has the spare key.", 30}},
    {.kind = SOURCE_TASKS, .title = {"Tasks", 5}, .text = {"The rent is 1,250 EUR a month.", 30}},
};

static bool listen(void *arg, Str piece)
{
    REQUIRE(utf8_ok(piece));
    return buf_add(arg, piece);
}

/* What is said begins with what was shown meanwhile. */
static void run(Str text, size_t step, bool cut, Arena *a)
{
    Buf shown;
    Err err = ERR_INIT;
    AssistantReply reply = {0};
    buf_init(&shown, 1 << 20);
    AssistantRequest request = {.on_delta = listen, .arg = &shown};
    Turn t = {.a = a, .err = &err, .reply = &reply, .request = &request};
    Gate *g = ARENA_NEW(a, Gate);
    buf_init(&t.said, 1 << 20);
    REQUIRE(g && gate_init(g, &t, STR("How much is the rent, and who has the key?")));
    for (size_t i = 0; i < 2; i++)
        g->sources[g->n_sources++] = sources[i];
    bool ok = true;
    for (size_t at = 0; ok && at < text.len; at += step)
        ok = gate_feed(g, str_sub(text, at, at < SIZE_MAX - step ? at + step : SIZE_MAX));
    if (cut)
        gate_cut(g);
    ok = ok && gate_flush(g);
    REQUIRE(ok && g->n_citations <= GATE_CITATIONS);
    Str said = arena_str(a, buf_str(&t.said));
    REQUIRE(said.ptr && utf8_ok(said) && str_starts(said, buf_str(&shown)));
    REQUIRE(str_find(said, STR("9,999"), 0) == SIZE_MAX); /* no source has it */
    gate_release(g);
    buf_release(&t.said);
    buf_release(&shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096)
        return 0;
    Str text = str_mem((const char *)data + 1, size - 1);
    if (!utf8_ok(text))
        return 0;
    Arena *a = arena_new((size_t)64 << 20);
    REQUIRE(a);
    bool cut = data[0] & 0x80;
    run(text, SIZE_MAX / 2, cut, a);
    run(text, 1 + data[0] % 37u, cut, a);
    arena_free(a);
    return 0;
}
