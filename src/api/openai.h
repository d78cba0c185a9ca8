/* openai.h - what the handlers of /v1 share. Threads: pure functions. */
#ifndef SOTTO_API_OPENAI_H
#define SOTTO_API_OPENAI_H

#include "api/call.h"

#define OPENAI_CHAT_MODEL "sotto" /* the assistant, as a model to chat with */
#define OPENAI_SPEECH_MODEL "tts" /* whatever voice there is */

/* {"error": {...}} */
void openai_error(int status, const Err *err, JsonW *w);
bool openai_unknown_model(Str name, Err *err);
/* That one, or a name that OpenAI gives to its own. */
bool openai_is_speech_model(Str name);
void openai_base64(Buf *out, const uint8_t *p, size_t n);

#endif
