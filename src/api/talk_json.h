/* talk_json.h - conversations, replies and facts as the JSON of the contract.
 * Threads: pure functions, but message_json, which asks the store. */
#ifndef SOTTO_API_TALK_JSON_H
#define SOTTO_API_TALK_JSON_H

#include "api/call.h"
#include "assistant/assistant.h"

/* Session, response and the members of the reply, into an object that is open already. */
void reply_members(JsonW *w, const AssistantReply *r);
void session_members(JsonW *w, const TalkSession *s);
/* What was kept beside a message become members of it; citations say whether their document is
 * gone. ERR_CORRUPT when that is no JSON. */
bool message_json(ApiCall *c, JsonW *w, const TalkMessage *m, Err *err);
void fact_members(JsonW *w, const Fact *f);

#endif
