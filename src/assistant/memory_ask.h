/* memory_ask.h - what memory.c and memory_ask.c share; nobody outside of the assistant includes it.
 * Threads: as memory.h. */
#ifndef SOTTO_ASSISTANT_MEMORY_ASK_H
#define SOTTO_ASSISTANT_MEMORY_ASK_H

#include "assistant/memory.h"

typedef struct {
    FactPage page;
    bool whole; /* the question asks for the facts themselves: "who is my manager?", and not "when
                 * does my manager want the report?" */
    bool form;  /* it has the form of such a question, whether or not anything is known */
    bool past;  /* it asks for what held before; what is replaced is in the page as well */
} MemoryAsk;
bool memory_ask(Store *s, const Uuid *owner, Str question, Arena *a, MemoryAsk *out, Err *err);

/* Words as subjects have them: folded, joined by single spaces. ptr NULL without memory. */
Str memory_subject_words(Str text, Arena *a);

#endif
