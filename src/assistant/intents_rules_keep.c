/* intents_rules_keep.c - memory, notes, lists, the calendar. */
#include "assistant/intents_rules_int.h"

const IntentRule intent_rules_keep[] = {
    SURE(NOTE_ADD, "(make|take|write|add|create|jot down|leave|save|record|dictate) (a|a quick|"
        "another|new|a new) note (that|saying|of|about|called|on) <fact>"),
    SURE(NOTE_ADD, "(make|take|write|add|create|jot down|save|record|dictate) (a|a quick|another|"
        "new|a new) note [<fact>]"),
    SURE(NOTE_ADD, "(note to self|take this down|memo|new note) [that] <fact>"),
    SURE(NOTE_ADD, "(write|jot|note|get|put|take) (this|that|it) down [<fact>]"),
    SURE(NOTE_ADD, "(add [this]|put|append) (to|in) my notes [that] <fact>"),
    SLOTS(NOTE_ADD, "(note|write down|jot down|note down|capture this thought|i want to make a "
        "note) [that] <fact>"),
    SLOTS(NOTE_ADD, "(keep|put) a note (of|that|in <any> that) <fact>"),

    SURE(REMEMBER, "[always] remember (that|this) <fact>"),
    SURE(REMEMBER, "(remember|memorise|memorize|store|save) (my|i|the|our|we|where i|where we|me "
        "as) <any>"),
    SURE(REMEMBER, "(keep in mind|bear in mind|make a mental note|never forget|do not forget) "
        "that <fact>"),
    SURE(REMEMBER, "(keep in mind|bear in mind|for future reference|for the record|for your "
        "information|fyi|just so you know|you should know) [that] <fact>"),
    SURE(REMEMBER, "i want you to (remember|know) [that] <fact>"),
    SLOTS(REMEMBER, "[from now on|let me tell you something to|i would like you to|never forget] "
        "(remember|learn|note|save|store|memorise|memorize|commit <any> memory) [that|this|for "
        "me that|the fact that] <fact>"),
    SLOTS(REMEMBER, "(do not forget|never forget|add to your memory|keep this in your memory|"
        "keep it in your memory|update your memory|correction|actually) [that] <fact>"),
    SLOTS(REMEMBER, "<fact> remember that"),
    SLOTS(REMEMBER, "<fact>"),

    SURE(FORGET, "forget (that|this|it again|what i [just] (said|told you))"),
    SURE(FORGET, "[you can] forget [about] (my|who|where|that i|that my|the fact that) <any>"),
    SURE(FORGET, "forget (everything|all) [you know|i told you|about] [about] <topic>"),
    SURE(FORGET, "(delete|remove|erase|wipe|drop|clear|take) <ref> (from|out of) [your|the] "
        "memory"),
    SURE(FORGET, "(clear|wipe|erase) your memory"),
    SURE(FORGET, "(remove|delete|forget) (that|this) (memory|fact)"),
    SLOTS(FORGET, "[you can] forget (what|everything) (i|you) <any> about <topic>"),
    SLOTS(FORGET, "(delete|erase|wipe|clear) (everything|all|what) you (know|remember) about "
        "<topic>"),
    SLOTS(FORGET, "(stop|do not) (remembering|remember) <topic>"),
    SLOTS(FORGET, "[you can] forget [that|about] <topic>"),
    SURE(MEMORY_LIST, "what (do you|have you|else do you) (know|remember|learned|stored) [about] "
        "[me|<topic>]"),
    SURE(MEMORY_LIST, "what (have i|did i) (told you|tell you|asked you to remember|ask you to "
        "remember) [about <topic>]"),
    SURE(MEMORY_LIST, "(list|show [me]|tell me) (everything|what|all) you (remember|know) "
        "[about] [me|<topic>]"),
    SURE(MEMORY_LIST, "(show|list|open) [me] (your|the|my|all) (memory|memories)"),
    SURE(MEMORY_LIST, "(what is in your memory|do you remember me)"),
    SLOTS(MEMORY_LIST, "do you (remember|know) [anything about] <topic>"),

    SURE(LIST_UPDATE, "(add|put|include|stick) <title> (to|on|onto|in) (my|the|our|a) <topic> "
        "list"),
    SURE_ARG(LIST_UPDATE, "(remove|delete|take|cross|drop|strike) <title> (from|off|off of|"
        "out of) (my|the|our) <topic> list", 1),
    SURE(LIST_UPDATE, "(create|make|start|begin) [me] (a|a new|another|new) [<topic>] list "
        "[called <topic>|for <topic>|of <topic>|named <topic>]"),
    SURE_ARG(LIST_UPDATE, "(delete|clear|empty|erase|remove|get rid of) (my|the|our) "
        "[<topic>] list", 1),
    SLOTS(LIST_UPDATE, "(add|put|include|stick|write) <title> (to|on|onto|in) [my|the|our|a] list"),
    SLOTS(LIST_UPDATE, "(remove|delete|take|cross|drop|strike) <title> (from|off) [my|the|our] "
        "list"),
    SLOTS(LIST_UPDATE, "(add|put|include) <title> to (my|the) <topic>"),
    SLOTS(LIST_UPDATE, "(we need|we are out of|i need|out of) <title> (add|put) <any>"),
    SLOTS(LIST_UPDATE, "(we need|we are out of|i need|out of|add|append) <title>"),
    SURE(LIST_SHOW, "[what is|read|show|tell|give|open|display|view|what do i have|what have i "
        "got|is there anything|is anything] [me] [out] [on|in] (my|the|our) (shopping|grocery|"
        "groceries|packing|christmas|wish|reading|to buy|birthday) list"),
    SURE(LIST_SHOW, "(what|which|show [me]|show all|how many) [my|all] lists [do i have|are "
        "there|have i]"),
    SURE(LIST_SHOW, "(is|are) <topic> (on|already on) (my|the) [<any>] list"),
    SLOTS(LIST_SHOW, "<any> (my|the) <topic> list <any?>"),

    SURE(CALENDAR_REMOVE, "($delete|cancel|clear|take|drop) <ref> (from|off|on|in) (my|the|our) "
        "$cal [for|on] [<time>]"),
    SURE(CALENDAR_REMOVE, "(cancel|delete|remove) [my|the|all my|all|that|this] [<time>] "
        "(meeting|meetings|appointment|appointments|event|events) [with <ref>|on <time>|at "
        "<time>|for <time>|<time>]"),
    SURE(CALENDAR_REMOVE, "(clear|empty|wipe) (my|the) $cal [for] [<time>]"),
    SURE(CALENDAR_REMOVE, "cancel everything [on|for] <time>"),
    SLOTS(CALENDAR_REMOVE, "($delete|cancel|drop|take off|clear) [my|the] <ref> [<time>|on "
        "<time>|at <time>]"),
    SLOTS(CALENDAR_REMOVE, "[the] <ref> is (cancelled|canceled|off) <any?>"),
    SURE(CALENDAR_ADD, "(add|put|schedule|enter|create|pencil in|insert|write|book) <title> (to|"
        "on|in|into|onto) (my|the|our) (calendar|diary|schedule) [<any>]"),
    SURE(CALENDAR_ADD, "(add|create|make|set|schedule|new) (a|an|new|a new|another) [calendar] "
        "(event|appointment|calendar entry) [for|called|named|with] <title>"),
    SURE(CALENDAR_ADD, "(add|create|make|schedule) (a|an|a new|new) [calendar] (event|calendar "
        "entry)"),
    SURE(CALENDAR_ADD, "(schedule|set up|arrange|pencil in|book) (a|an|my|the) [team|quick|"
        "short] (meeting|call|appointment|lunch|dinner|haircut|interview) <any?>"),
    SLOTS(CALENDAR_ADD, "(schedule|set up|arrange|pencil in|book|plan|add|put|set|make) [a|an|my|"
        "the] <title> [(to|on|in) (my|the) $cal]"),
    SLOTS(CALENDAR_ADD, "(block|block off|block out|mark|reserve) <time> [for|as] [<title>]"),
    SLOTS(CALENDAR_ADD, "i (have|am having|am) (a|an|my|the) <title> (put|add) <any>"),
    SLOTS(CALENDAR_ADD, "(put me down|save the date) for <title>"),
};
const size_t intent_rules_keep_n = sizeof intent_rules_keep / sizeof *intent_rules_keep;
