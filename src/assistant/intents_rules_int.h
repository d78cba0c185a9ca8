/* intents_rules_int.h - how the tables of rules are written. Threads: constant data. */
#ifndef SOTTO_ASSISTANT_INTENTS_RULES_INT_H
#define SOTTO_ASSISTANT_INTENTS_RULES_INT_H

#include "assistant/intents_rules.h"

#define SURE(action, pattern) {ACTION_##action, TIER_SURE, pattern, 0}
#define SURE_ARG(action, pattern, arg) {ACTION_##action, TIER_SURE, pattern, arg}
#define SLOTS(action, pattern) {ACTION_##action, TIER_SLOTS, pattern, 0}

extern const IntentRule intent_rules_talk[], intent_rules_timers[], intent_rules_tasks[],
    intent_rules_keep[], intent_rules_ask[];
extern const size_t intent_rules_talk_n, intent_rules_timers_n, intent_rules_tasks_n,
    intent_rules_keep_n, intent_rules_ask_n;

#endif
