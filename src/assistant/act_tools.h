/* act_tools.h - what a language model may change for a person, and what keeps it to what they said.
 *
 *   a tool's name, arguments (not to be trusted) -> what the person's own words bear out
 *     -> the action's function, as if a rule had understood it -> what the store says of it
 *
 * Nothing of a document is in the prompt of these tools. A title must be in the person's words, a
 * time as they said it, and a task is touched only when they named it, pointed at it or said "all";
 * what is to be deleted by an "all" is asked about first. docs/LLM.md has the rules.
 * Threads: a Tools belongs to its turn. */
#ifndef SOTTO_ASSISTANT_ACT_TOOLS_H
#define SOTTO_ASSISTANT_ACT_TOOLS_H

#include "assistant/act.h"
#include "llm/llm.h"

#define TOOLS_TASKS 40u   /* that are shown to the model */
#define TOOLS_CHANGES 8u  /* of one turn */
#define TOOLS_REFUSED 16u /* calls in vain of one turn */

typedef struct {
    Turn *t;
    Str said;                 /* the person's words of this turn, and no others */
    Task shown[TOOLS_TASKS];  /* "t1" is the first */
    size_t n_shown;
    size_t n_undo;            /* of the conversation when the turn began */
    size_t changes, refused;
    Uuid doomed[DIALOGUE_LISTED]; /* deletions that are asked about first */
    size_t n_doomed;
    Str ran[TOOLS_CHANGES];   /* name and arguments: nothing is done twice */
    Intent first;             /* what was done first, for the reply */
    Str question;             /* asked back, said last; empty: nothing */
    IntentAwait awaiting;     /* what for */
    Pending pending;
} Tools;

extern const LlmTool tools_list[];
extern const size_t tools_count;

/* Finds the tasks that may be meant: those spoken of, those with words of the turn, those due. */
bool tools_init(Tools *x, Turn *t, Str said);
/* The tasks as the model sees them, a line each. */
void tools_say_tasks(const Tools *x, Buf *out);
/* Carries out one call; what came of it, or why nothing did, is for the model (out). False: the
 * program itself failed (*t->err). */
bool tools_run(Tools *x, const LlmToolCall *call, Buf *out);
/* What is asked about, behind all that was done; and the turn's changes are one for "undo". */
bool tools_end(Tools *x);

#endif
