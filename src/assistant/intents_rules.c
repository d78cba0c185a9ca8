/* intents_rules.c - the parts that patterns share, and the order of the tables. */
#include "assistant/intents_rules_int.h"

const IntentPart intent_parts[] = {
    {"add", "add|create|make|put in|start|set up|new|log|open|enter"},
    {"task", "task|to do|to do item|item|to do list item|thing to do|job"},
    {"tasks", "tasks|to dos|to do list|task list|open tasks|list of tasks|list of things to do"},
    {"remind", "remind|notify|alert|nudge|ping|poke|prompt"},
    {"done", "done|complete|completed|finished|closed|as done|as complete|as completed|"
        "as finished"},
    {"open", "open|undone|not done|incomplete|unfinished|not finished|not complete|active|pending"},
    {"delete", "delete|remove|scrap|erase|discard|get rid of|bin|scratch|kill"},
    {"chore", "call|ring|phone|buy|pay|return|renew|clean|fix|wash|feed|water|finish|submit|"
        "collect|sign|visit|prepare|review|repair|mow|iron|email|write|hand in|pick up|"
        "drop off|send|post|sort|tidy|update|apply|pack|bring|replace|choose|organise|"
        "organize|register|do|clear|charge|arrange|measure|back up|talk|speak|mend|paint|"
        "walk|take out|descale|defrost"},
    {"move", "move|push|postpone|reschedule|shift|bump|put off|delay|defer|put back|push back|"
        "bring forward|push out|change|switch"},
    {"cal", "calendar|diary|schedule|agenda"},
    {"docs", "documents|document|files|notes|emails|letters|papers|folder|archive"},
    {"set", "set|start|begin|run|put on|make|create|give me|add|do"},
    {"me", "me|us"},
    {"it", "that one|this one|it|that|this|them"},
    {"say", "say|read|tell me|repeat"},
    {"no_more", "i do not need|i no longer need|no need for|we do not need"},
    {"past", "paid|called|sent|bought|booked|finished|completed|done|did|cleaned|watered|emailed|"
        "renewed|returned|submitted|signed|picked up|fixed|ordered|replied|posted|handed in|rung|"
        "rang|taken|took|mowed|fed|phoned|texted|written|wrote|cancelled|canceled|collected|"
        "filed|washed|packed|spoken|spoke|visited|met|sorted|cooked|made|sold|repaired|delivered|"
        "dropped off|closed|read|reviewed|tidied|vacuumed|hoovered|prepared|updated|backed up|"
        "arranged|mailed|settled|transferred|wrapped|uploaded|printed|changed|walked|charged|"
        "registered|applied"},
};
const size_t intent_parts_n = sizeof intent_parts / sizeof *intent_parts;

/* What steers the conversation is the shortest and comes first; questions come last. */
IntentRules intent_rule_table(size_t i)
{
    const IntentRules tables[] = {
        {intent_rules_talk, intent_rules_talk_n},   {intent_rules_timers, intent_rules_timers_n},
        {intent_rules_tasks, intent_rules_tasks_n}, {intent_rules_keep, intent_rules_keep_n},
        {intent_rules_ask, intent_rules_ask_n},
    };
    return i < sizeof tables / sizeof *tables ? tables[i] : (IntentRules){NULL, 0};
}
