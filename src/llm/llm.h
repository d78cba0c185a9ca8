/* llm.h - a client of any OpenAI-compatible chat endpoint: llama-server, Ollama, a cloud.
 *
 *   messages, tools -> budget, breaker, a free place -> POST {base}/chat/completions
 *     -> server-sent events (or one JSON answer) -> text as it comes, tool calls, usage
 *
 * Optional: without a base URL there is no Llm and nothing is ever called. What cannot be had in
 * time fails with a reason, and the caller answers without a model. Tries again (with jitter, as
 * long as Retry-After asks within the time left) only while nothing has been shown. Redirects are
 * refused: the key and the person's words go to the one host that was named.
 *
 * The day's tokens are counted as the server says, else estimated (four bytes a token, rounded up),
 * written before the request and corrected after it, so that a crash counts too much and never too
 * little. After three failures in a row the server is left alone for 30 seconds, then one request
 * tries it; every further failure doubles the time, up to five minutes.
 *
 * Source: the OpenAI API reference (chat completions, streaming events, function calling); the
 * HTML Standard, section 9.2 (server-sent events). docs/LLM.md.
 * Threads: an Llm is shared; llm_chat blocks. */
#ifndef SOTTO_LLM_LLM_H
#define SOTTO_LLM_LLM_H

#include "store/store.h"

typedef struct Llm Llm;

typedef struct {
    const char *base_url;     /* of openai_base_url */
    const char *api_key;      /* NULL: none */
    const char *model;        /* "auto": asked for with GET {base}/models when first needed */
    unsigned total_ms;        /* of one llm_chat, with its tries */
    unsigned silent_ms;       /* before the first byte, and between two */
    unsigned context_tokens;  /* prompt and answer together */
    unsigned answer_tokens;
    uint64_t day_tokens;      /* 0: no limit */
    unsigned at_once;         /* requests side by side; one more is ERR_UNAVAILABLE. 0: 1 */
    Store *store;             /* keeps the day's count; NULL: counted in memory alone */
    Uuid owner;
} LlmOptions;

/* Copies what it needs; calls nobody. ERR_VALIDATION for a base URL that is none. */
Llm *llm_new(const LlmOptions *o, Err *err);
void llm_free(Llm *l); /* NULL is allowed; no call is running any more */
/* Breaks off every request, and every later one at once: the program ends. */
void llm_stop(Llm *l);

typedef enum { LLM_SYSTEM, LLM_USER, LLM_ASSISTANT, LLM_TOOL } LlmRole;

typedef struct {
    Str id, name;
    Str arguments;            /* JSON text as the model wrote it: not to be trusted */
} LlmToolCall;

typedef struct {
    LlmRole role;
    Str text;
    const LlmToolCall *calls; /* of LLM_ASSISTANT */
    size_t n_calls;
    Str call_id;              /* of LLM_TOOL: which call this is the result of */
} LlmMessage;

typedef struct {
    const char *name, *description;
    const char *parameters;   /* a JSON Schema */
} LlmTool;

typedef struct {
    const char *purpose;      /* for metrics: "answer", "summary" */
    const LlmMessage *messages;
    size_t n_messages;
    const LlmTool *tools;
    size_t n_tools;
    unsigned max_tokens;      /* 0: LlmOptions.answer_tokens */
    unsigned total_ms;        /* 0: LlmOptions.total_ms */
    bool aside;               /* takes none of the at_once places: nobody waits for it */
    /* Text as it comes, valid UTF-8; false cancels. NULL: the answer is asked for in one piece. */
    bool (*on_text)(void *arg, Str piece);
    /* Asked ten times a second while it waits; true cancels. May be NULL. */
    bool (*cancelled)(void *arg);
    void *arg;
} LlmRequest;

typedef enum { LLM_STOP, LLM_LENGTH, LLM_TOOLS, LLM_FILTERED } LlmFinish;

typedef struct {
    Str text;                 /* all of it */
    LlmToolCall *calls;
    size_t n_calls;
    LlmFinish finish;
    uint64_t prompt_tokens, completion_tokens;
    bool counted;             /* by the server; else estimated */
    unsigned tries;
    double first_ms, total_ms;
} LlmReply;

/* ERR_CANCELLED; ERR_TIMEOUT; ERR_RATE_LIMITED: the day's budget is used up, or the server says so;
 * ERR_UNAVAILABLE: cannot be reached, left alone for a while, all places taken, key or model not
 * known; ERR_CORRUPT: what came is not the protocol; ERR_TOO_LARGE. */
bool llm_chat(Llm *l, const LlmRequest *r, Arena *a, LlmReply *out, Err *err);

/* Estimated, from above for most languages: for trimming a prompt. */
uint64_t llm_tokens(Str text);
unsigned llm_context(const Llm *l);
unsigned llm_answer_tokens(const Llm *l);
/* Whether a request would be sent now (budget, breaker): asks nobody. */
bool llm_ready(Llm *l);
/* Host of the base URL, and the model's name as far as it is known. For people. */
Str llm_host(const Llm *l);
Str llm_asked(const Llm *l); /* the model as it was set: may be "auto" */
/* Asks the server for its models, and whether the one that was set is among them: for people.
 * *model: which would be used. ERR_NOT_FOUND: not that one; else as llm_chat. */
bool llm_check(Llm *l, Arena *a, Str *model, Err *err);
Str llm_name(Llm *l, Arena *a); /* for people; empty while it is "auto" and nobody was asked */

#endif
