/* intents_rules_timers.c - timers, alarms and the clock. */
#include "assistant/intents_rules_int.h"

const IntentRule intent_rules_timers[] = {
    SURE(TIMER_START, "$set [a|an|the] timer for <number>"),
    SURE(TIMER_START, "$set [a|an|the|another|me a|my] timer (for|of|to) <dur>"),
    SURE(TIMER_START, "$set [a|an|the|another] <title> timer (for|of) <dur>"),
    SURE(TIMER_START, "$set (a|an|the|another) timer (for|of) <dur> (for|called|named|to) [the|"
        "my] <title>"),
    SURE(TIMER_START, "$set (a|an|the|another) timer for [the|my] <title> for <dur>"),
    SURE(TIMER_START, "$set (a|an|another) timer called <title> for <dur>"),
    SURE(TIMER_START, "[$set|i need|i would like] [a|an|another|me a] <dur> timer [for [the|my] "
        "<title>]"),
    SURE(TIMER_START, "[i need|i would like|i want|another|new] [a|the] timer [for|of] <dur>"),
    SURE(TIMER_START, "$set [a|an|another|the|my|me a] [new] timer"),
    SURE(TIMER_START, "(count down|countdown|start a countdown of|start a countdown for|time|"
        "time me for) [from] <dur>"),
    SURE(TIMER_START, "[i need|i would like|i want|another|new] [a] timer"),
    SURE(TIMER_START, "(beep|buzz|ring) [me] in <dur>"),
    SURE(TIMER_START, "[put] <dur> on the clock"),
    SLOTS(TIMER_START, "time [the|my] <title> for <dur>"),
    SLOTS(TIMER_START, "[$set] [a|an] <title> timer <dur>"),
    SLOTS(TIMER_START, "<any> timer <any?> (called|for the|named) <title>"),

    SURE(TIMER_LEFT, "how (long|much time|much longer|many minutes|many seconds) (is|are|do i "
        "have|have i got|is there|remains) [left|to go|remaining] [on|for|until|with|in] [the|"
        "my] [timer]"),
    SURE(TIMER_LEFT, "how (long|much time|much longer|many minutes|many seconds) (is|are|do i "
        "have|have i got|is there) (left|to go|remaining) on [the|my] (<ref> timer|timer)"),
    SURE(TIMER_LEFT, "how (long|much time|much|much longer|many minutes) [left|to go|remaining] "
        "[on (the|my) timer]"),
    SURE(TIMER_LEFT, "(time (left|remaining)|how long (left|to go)|remaining time)"),
    SURE(TIMER_LEFT, "(what is|what time is) left [on] [the|my] [timer]"),
    SURE(TIMER_LEFT, "(check|show [me]|how is|how are|what about) (the|my) (timer|timers) [doing]"),
    SURE(TIMER_LEFT, "(when|what time) (does|will|do) (the|my) (timer|timers) (go off|end|finish|"
        "ring|stop)"),
    SURE(TIMER_LEFT, "is (the|my|any|a) timer [still] (running|done|finished|on|over)"),
    SURE(TIMER_LEFT, "how (long|many minutes|many seconds) (till|until|before) (the|my) [<ref>] "
        "timer (goes off|is done|rings|ends|is up)"),
    SURE(TIMER_LEFT, "(what|which|how many) timers (are (running|on|set)|do i have)"),
    SLOTS(TIMER_LEFT, "<any?> (the|my) <ref> timer <any?>"),

    SURE(TIMER_CANCEL, "(stop|cancel|end|delete|kill|clear|turn off|remove|abort|dismiss|switch "
        "off|shut off) [(the|my|that|this|all|all my|all the|all of the)] (timer|timers|"
        "countdown)"),
    SURE(TIMER_CANCEL, "(stop|cancel|end|delete|turn off|remove) (the|my) <ref> timer"),
    SURE(TIMER_CANCEL, "(timer (off|stop|cancel)|(never mind|forget) (the|my) timer)"),
    SURE(TIMER_CANCEL, "turn (the|my|that) timer off"),
    SURE(TIMER_CANCEL, "$no_more (the|that|a|my) timer [any more|anymore|now]"),
    SLOTS(TIMER_CANCEL, "<any?> (the|my) <ref> timer <any?>"),

    SURE(ALARM_REMOVE, "(cancel|delete|remove|turn off|stop|disable|switch off|clear|kill|"
        "deactivate|skip) [(the|my|that|all|all my|all the|all of my)] [<time>] (alarm|alarms) "
        "[for <time>|at <time>|<time>]"),
    SURE(ALARM_REMOVE, "(turn|switch) (the|my|that) [<time>] alarm off"),
    SURE(ALARM_REMOVE, "(do not wake me [up]|no alarm) [<time>]"),
    SURE(ALARM_REMOVE, "$no_more (the|that|a|an|my) [<time>] alarm [<time>|any more]"),

    SURE(ALARM_SET, "(set|create|make|add|schedule|put on) [an|my|the|another|me an|a] [wake up] "
        "alarm [for|at|to] <time>"),
    SURE(ALARM_SET, "(wake|get) me [up] [at|by|in|before] <time>"),
    SURE(ALARM_SET, "(set|create|make|add) (an|my|the|another|me an|a new) alarm"),
    SURE(ALARM_SET, "[new] alarm [for|at] <time>"),
    SURE(ALARM_SET, "i (need|want|have) to (wake up|get up|be up) [at|by] <time>"),
    SURE(ALARM_SET, "set [a|my] (wake up|wake up call) (for|at) <time>"),
    SURE_ARG(TASK_LIST, "(what|which|how many) alarms (are (set|on|there)|do i "
        "have [set]|have i [got|set])", LISTING_ALARMS),
    SURE_ARG(TASK_LIST, "[show|list|check|read|view|review|tell] [me] [all] [my] "
        "alarms [for <time>]", LISTING_ALARMS),
    SURE_ARG(TASK_LIST, "(when|what time) (is|does|will|are|do) my [next|morning|"
        "first] (alarm|alarms) [set] [go off|set for|ring|for]", LISTING_ALARMS),
    SURE_ARG(TASK_LIST, "(is|are|do i have) (my|an|any|there any|there an) "
        "(alarm|alarms) (set|on) [for <time>]", LISTING_ALARMS),

    SURE(TIME, "(what is the time|what time is it|what is the current time|what hour is it|how "
        "late is it|(do you|you) know (the time|what time it is)|(have you|have you got|got) the "
        "time|time|the time|current time|what is the time now) [now|right now|at the moment]"),
    SURE(TIME, "(tell|give) me (the|the current|the exact) time [now]"),
    SURE(TIME, "tell me what time it is [now]"),
    SURE(TIME, "(what time is it|what is the [local|current] time|[current|local] time) [right "
        "now|now] (in|over in|at) <topic> [right now|now]"),
    SURE(DATE, "(what is (the date|today's date|the date today|the current date)|what date is it "
        "[today]|what day is (it|today) [today]|what day of the week is it [today]|today's date|"
        "what is today|the date|what day is today)"),
    SURE(DATE, "(tell|give) me (the date|today's date|what day it is [today]|what date it is)"),
    SURE(DATE, "what (day|date) (is|was|will it be|is it) [on] <time>"),
    SURE(DATE, "(what (year|month|week) is (it|this)|what week number is (it|this)|is it a leap "
        "year)"),
    SURE(DATE, "how many (days|weeks|months) (until|till|to|before) <time>"),
};
const size_t intent_rules_timers_n = sizeof intent_rules_timers / sizeof *intent_rules_timers;
