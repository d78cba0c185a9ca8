/* ready.h - assistant_may_answer and assistant_may_act by the rules alone; see assistant.h.
 * Threads: pure functions over Intents, which are shared. */
#ifndef SOTTO_ASSISTANT_READY_H
#define SOTTO_ASSISTANT_READY_H

#include "assistant/intents.h"

bool ready_question(const Intents *x, Str text);
bool ready_command(const Intents *x, Str text);

#endif
