/* fuzz_llm.c - what a server says that was asked for a chat completion or for its models: whatever
 * it is, the answer is text with tool calls, or an error that can be shown and does not hold the
 * key. (fuzz_chat has the events alone, cut in every way.) */
#include "../far.h"
#include "../require.h"

#include <string.h>

#include "llm/llm.h"

#define KEY "sk-very-secret-0123456789"

typedef struct {
    Buf shown;
} Heard;

static bool on_text(void *arg, Str piece)
{
    Heard *h = arg;
    REQUIRE(utf8_ok(piece));
    return buf_add(&h->shown, piece);
}

static bool cancelled(void *arg)
{
    (void)arg;
    return !atomic_load(&far.asking); /* nobody waits for a next try */
}

static void failed(const Err *err)
{
    require_said(err);
    REQUIRE(!strstr(err->msg, KEY));
}

static void chat(Llm *l, bool flowing, Arena *a)
{
    static const LlmMessage said = {.role = LLM_USER, .text = {"Hello", 5}};
    static const LlmTool tool = {"search", "looks", "{\"type\":\"object\"}"};
    Heard h;
    LlmReply r;
    Err err = ERR_INIT;
    buf_init(&h.shown, SIZE_MAX);
    LlmRequest q = {.purpose = "test", .messages = &said, .n_messages = 1, .tools = &tool,
        .n_tools = 1, .on_text = flowing ? on_text : NULL, .cancelled = cancelled, .arg = &h};
    if (llm_chat(l, &q, a, &r, &err)) {
        REQUIRE(utf8_ok(r.text) && (!flowing || str_eq(r.text, buf_str(&h.shown))));
        for (size_t i = 0; i < r.n_calls; i++)
            REQUIRE(r.calls[i].name.ptr && r.calls[i].arguments.ptr && r.calls[i].id.ptr);
        REQUIRE(r.n_calls || r.finish != LLM_TOOLS);
    } else {
        failed(&err);
    }
    buf_release(&h.shown);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)256 << 20);
    if (size < 1 || !a) {
        arena_free(a);
        return 0;
    }
    LlmOptions o = {.base_url = "http://far/v1", .api_key = KEY, .total_ms = 60000,
        .model = data[0] & 1 ? "auto" : "m", .silent_ms = 60000, .context_tokens = 4096,
        .answer_tokens = 500, .at_once = 1};
    Llm *l = llm_new(&o, &err);
    REQUIRE(l);
    far_begin(data + 1, size - 1);
    if (data[0] & 2) {
        Str model;
        if (!llm_check(l, a, &model, &err))
            failed(&err);
        else
            REQUIRE(utf8_ok(model));
    }
    chat(l, data[0] & 4, a);
    chat(l, data[0] & 8, a);
    llm_free(l);
    arena_free(a);
    return 0;
}
