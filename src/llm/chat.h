/* chat.h - what a chat endpoint answers, put together: chat.completion.chunk objects as they come,
 * or one chat.completion.
 *
 *   chunk JSON -> choices[0].delta: text -> without a leading <think>...</think> -> on_text
 *                                   tool_calls: joined by index (or id, where there is none)
 *              -> finish_reason, usage, error
 *
 * What may be of several shapes is read in all: content as a string or a list of parts, arguments
 * as a string or an object, calls with or without an index. Only the first choice counts.
 *
 * Source: the OpenAI API reference. Threads: a ChatAnswer has one owner at a time. */
#ifndef SOTTO_LLM_CHAT_H
#define SOTTO_LLM_CHAT_H

#include "base/json.h"
#include "llm/llm.h"

#define CHAT_TEXT_MAX ((size_t)256 << 10)
#define CHAT_CALLS_MAX 16u
#define CHAT_ARGUMENTS_MAX ((size_t)64 << 10)

typedef struct {
    bool (*on_text)(void *arg, Str piece); /* may be NULL; false: ERR_CANCELLED */
    void *arg;
    Buf text, held;            /* held: what may become a <think> or its end */
    enum { CHAT_BEGIN, CHAT_THINKS, CHAT_SAYS } where;
    struct {
        Buf id, name, arguments;
        int64_t index;
    } calls[CHAT_CALLS_MAX];
    size_t n_calls;
    LlmFinish finish;
    bool finished;             /* a finish_reason came */
    bool done;                 /* [DONE] came */
    bool moved;                /* text, thought or a call came since this was last set to false */
    bool counted;
    uint64_t prompt_tokens, completion_tokens;
} ChatAnswer;

void chat_init(ChatAnswer *c, bool (*on_text)(void *arg, Str piece), void *arg);
void chat_release(ChatAnswer *c);
/* The data of one event. ERR_CORRUPT: not the protocol; ERR_UNAVAILABLE: the server says that it
 * failed; ERR_TOO_LARGE; ERR_CANCELLED. */
bool chat_event(ChatAnswer *c, Str data, Err *err);
/* An answer in one piece. */
bool chat_whole(ChatAnswer *c, Str body, Err *err);
/* Everything has come: gives out what is still held, and checks that it ended as it should.
 * ERR_CORRUPT when it broke off. */
bool chat_end(ChatAnswer *c, Err *err);
/* Text and calls into the arena. */
bool chat_take(const ChatAnswer *c, Arena *a, LlmReply *out, Err *err);

/* The body of a request. */
typedef struct {
    Str model;
    unsigned max_tokens;
    bool stream, stream_options, tools, temperature;
    bool completion_tokens;    /* the limit's newer name, which some servers insist on */
} ChatAsk;
bool chat_body(const LlmRequest *r, const ChatAsk *ask, Buf *out, Err *err);

#endif
