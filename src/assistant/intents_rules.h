/* intents_rules.h - the tables of rules: patterns of sentences and what they want.
 *
 * The order matters: the first that matches decides. intents_match.h has the pattern language.
 * Threads: constant data. */
#ifndef SOTTO_ASSISTANT_INTENTS_RULES_H
#define SOTTO_ASSISTANT_INTENTS_RULES_H

#include "assistant/intents.h"

/* The intents' slots, and those that only check. */
enum { PATTERN_NUMBER = SLOT_COUNT, PATTERN_PRONOUN, PATTERN_ANY, PATTERN_SLOTS };

typedef enum {
    TIER_SURE, /* decides without the encoder */
    TIER_SLOTS /* says where the slots are, when the encoder has chosen the action */
} IntentTier;

typedef struct {
    IntentAction action;
    IntentTier tier;
    const char *pattern;
    int arg; /* IntentManner, IntentListing, or 1 for "takes away" */
} IntentRule;

typedef struct {
    const char *name, *pattern;
} IntentPart;

typedef struct {
    const IntentRule *rules;
    size_t n;
} IntentRules;

/* The tables, in the order they are tried; `n` 0 past the last. */
IntentRules intent_rule_table(size_t i);
extern const IntentPart intent_parts[];
extern const size_t intent_parts_n;

#endif
