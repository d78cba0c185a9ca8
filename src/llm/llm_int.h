/* llm_int.h - what the files of the client share. Nobody outside of it includes it. */
#ifndef SOTTO_LLM_LLM_INT_H
#define SOTTO_LLM_LLM_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/metrics.h"
#include "llm/breaker.h"
#include "llm/chat.h"
#include "llm/endpoint.h"
#include "llm/llm.h"
#include "net/client.h"

/* What this server turned out not to understand; found out by its refusals, until the next start.
 */
enum { QUIRK_NO_STREAM = 1, QUIRK_NO_OPTIONS = 2, QUIRK_NO_TOOLS = 4, QUIRK_NEW_LIMIT = 8,
       QUIRK_NO_TEMPERATURE = 16 };

#define LLM_NAME_MAX 200

struct Llm {
    LlmOptions o; /* its strings are our own */
    Str base;
    pthread_mutex_t lock; /* of the members up to model */
    Breaker breaker;
    unsigned running;
    int64_t day;          /* of `used`; -1: not read yet */
    uint64_t used;
    char model[LLM_NAME_MAX + 1]; /* "" while it is not known */
    atomic_uint quirks;
    atomic_bool stopped;
    Metric *requests, *first_seconds, *seconds, *tokens, *retries;
};

/* The model's name into out; asks the server when it is "auto" and nobody has asked before. */
bool llm_model(Llm *l, const LlmRequest *r, char out[LLM_NAME_MAX + 1], Err *err);

/* llm_budget.c. Takes `tokens` off what is left of the day; ERR_RATE_LIMITED when they are more. */
bool budget_take(Llm *l, uint64_t tokens, Err *err);
/* What was really used in their place. */
void budget_settle(Llm *l, uint64_t taken, uint64_t used);
bool budget_left(Llm *l);

/* One request, answered or not; llm_try.c. */
typedef struct {
    Llm *l;
    const LlmRequest *r;
    ChatAnswer answer;
    uint64_t start_ns, deadline_ns; /* of the whole llm_chat */
    uint64_t moved_ns, first_ns;
    int status;
    double retry_after;   /* seconds; -1: not said */
    bool refused;         /* nobody there: the connection never was */
    bool shown;           /* text went out: no other try can take it back */
    bool slow;            /* it did not fail, it kept us waiting */
    bool wrong;           /* what answers there is no chat endpoint */
} LlmTry;

/* Sends the body; false with the reason. The answer is complete when it returns true. */
bool llm_try(LlmTry *t, const char *url, Str body, Arena *a, Err *err);

#endif
