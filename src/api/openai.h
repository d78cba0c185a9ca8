/* openai.h - what the handlers of /v1 share. Threads: pure functions. */
#ifndef SOTTO_API_OPENAI_H
#define SOTTO_API_OPENAI_H

#include "api/call.h"

#define OPENAI_CHAT_MODEL "sotto" /* the assistant, as a model to chat with */

bool openai_unknown_model(Str name, Err *err);

#endif
