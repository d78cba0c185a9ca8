/* intents_rules_tasks.c - tasks and reminders. */
#include "assistant/intents_rules_int.h"

const IntentRule intent_rules_tasks[] = {
    SURE(TASK_SNOOZE, "(snooze|snews) [$it] for <number>"),
    SURE(TASK_SNOOZE, "(snooze|snews) [$it] (until|till) after <any>"),
    SURE(REMINDER_ADD, "remind me"),
    SURE(TASK_MOVE, "(move|change|shift|switch|reschedule) <ref> from <any> to <time>"),
    SURE(TASK_REOPEN, "[actually|sorry|wait|no] i (have not|did not) [actually] <ref> after all"),
    SURE(TASK_DELETE, "(i|we) (do not|no longer) need to <ref> [any more|anymore]"),
    SURE(TASK_REOPEN, "(put|bring) <ref> back (on|to|onto) (my|the) [to do|task] list"),
    SURE(TASK_SNOOZE, "(snooze|snews) [$it] [the|that|this|my] [reminder|alarm|task|timer] [for|"
        "by] [another] <dur>"),
    SURE(TASK_SNOOZE, "(snooze|snews) [$it] [the|that|this|my] [reminder|alarm|task|timer] "
        "[until|till|to] <time>"),
    SURE(TASK_SNOOZE, "[hit|press] (snooze|snews) [$it] [the|that|this|my] [reminder|alarm|task|"
        "timer|button] [for (a bit|a while)]"),
    SURE(TASK_SNOOZE, "(remind|ask|tell|bug|nudge|ping|poke) me [about (it|that|this)] again [in "
        "<dur>|<time>|later]"),
    SURE(TASK_SNOOZE, "(not now|later) (remind|ask|tell) me [again] [in <dur>|<time>|later]"),
    SURE(TASK_SNOOZE, "(snooze|snews) <ref> (for <dur>|until <time>|till <time>)"),
    SURE(TASK_SNOOZE, "(give me|i need) [another|an extra] <dur> [more]"),
    SURE(TASK_SNOOZE, "(snooze|snews) <ref>"),
    SLOTS(TASK_SNOOZE, "(delay|put off|hold|postpone) (it|that|this|the reminder|that reminder|"
        "the alarm) [for|by|off for|until] (<dur>|<time>)"),
    SLOTS(TASK_SNOOZE, "remind me about <ref> [again] [later|in <dur>|<time>]"),

    SURE(REMINDER_ADD, "$remind $me [<time>] (to|about|that) <title>"),
    SURE(REMINDER_ADD, "$remind $me [<time>] of <title>"),
    SURE(REMINDER_ADD, "[<time>] [$set|i need|i would like|i want|give me|send me] [a|an|me a|"
        "another|new] [<time>] (reminder|alert|notification) [<time>] [for me] [to|about|for|"
        "that] <title>"),
    SURE(REMINDER_ADD, "<time> [and] (remind|notify|alert) $me (to|about|that|of) <title>"),
    SURE(REMINDER_ADD, "(do not|never) let $me forget [<time>] [to|about|that] <title>"),
    SURE(REMINDER_ADD, "(make sure|see to it that|see that) i (remember|do not forget) to <title>"),
    SURE(REMINDER_ADD, "(make sure|see to it that|see that) i do not (miss|forget) <title>"),
    SURE(REMINDER_ADD, "i need (to be reminded|reminding) [<time>] (to|about|of|that) <title>"),
    SURE(REMINDER_ADD, "(give|send) me a (nudge|shout|poke|heads up|buzz|ping|reminder) [<time>] "
        "(to|about|for|that|when) <title>"),
    SURE(REMINDER_ADD, "help me remember to <title>"),
    SURE(REMINDER_ADD, "i (must not|should not|can not) forget [to|about] <title> remind me "
        "[about (it|that)|of (it|that)] [<time>]"),
    SURE(REMINDER_ADD, "$set (a|an|another|me a|new) reminder"),
    SLOTS(REMINDER_ADD, "(would you mind|how about) (reminding|nudging) me [<time>] (to|about|"
        "that) <title>"),
    SLOTS(REMINDER_ADD, "(remind|remine|notify|alert|ping|nudge) $me <title>"),
    SLOTS(REMINDER_ADD, "i would (appreciate|like|love) a reminder (to|about|for) <title>"),
    SLOTS(REMINDER_ADD, "i will need (reminding|a reminder) (to|about|of|that) <title>"),
    SLOTS(REMINDER_ADD, "i (must not|should not|can not) forget to <title> remind me [about it]"),
    SLOTS(REMINDER_ADD, "i (must not|should not|can not) forget [to|about] <title>"),
    SLOTS(REMINDER_ADD, "tell me [<time>] (to|that i (have|need) to) <title>"),
    SLOTS(REMINDER_ADD, "let me know [<time>] (that|when|about) <title>"),
    SLOTS(REMINDER_ADD, "put (a|in a) reminder [in] (for|to|about) <title>"),
    SLOTS(REMINDER_ADD, "i want to be (told|reminded) [<time>] (that|to|about) <title>"),
    SLOTS(REMINDER_ADD, "get me to <title>"),
    SLOTS(REMINDER_ADD, "keep reminding me to <title>"),
    SLOTS(REMINDER_ADD, "<any?> remind me (to|about|that) <title>"),

    SURE(TASK_ADD, "[$add|i need|i want|put down|jot down|write down] (a|an|another|new|me a|a "
        "new) [high priority|urgent|low priority|recurring|daily|weekly] $task [to|called|named|"
        "that says|for] <title>"),
    SURE(TASK_ADD, "$add $task [to|called|named] <title>"),
    SURE(TASK_ADD, "(task|to do|new task) <title>"),
    SURE(TASK_ADD, "(add|put|stick|write|place|get) <title> (to|on|onto|in|into) (my|the) $tasks"),
    SURE(TASK_ADD, "(add|put) (to|on) (my|the) $tasks [to] <title>"),
    SURE(TASK_ADD, "(add|put) it (to|on) (my|the) $tasks to <title>"),
    SURE(TASK_ADD, "(i need|i have|i have got|i still need|i still have|i got|got|we need|we "
        "have) to <title> (by|before|tomorrow|today|tonight|this week) <any?>"),
    SURE(TASK_ADD, "(note|write|put) [it] down that i (have|need) to <title>"),
    SLOTS(TASK_ADD, "[i|we] [really|also|still|just] (need|have|have got|got|want|are going|am "
        "going) to [remember to] <title>"),
    SLOTS(TASK_ADD, "(i|we) [really] (must|should|ought to|still must) [really|also] [remember "
        "to|not forget to] <title>"),
    SURE(TASK_ADD, "(i|we) [really|also|still|just] (need to|have to|have got to|must|ought to) "
        "[really|also] [remember to] $chore <any>"),
    SURE(TASK_ADD, "$add (a|another|new|a new) $task"),
    SLOTS(TASK_ADD, "(must|should) [remember to] <title>"),
    SLOTS(TASK_ADD, "add <title> (to|on) (my|the) (list of tasks|list|to do list|tasks|to dos)"),
    SLOTS(TASK_ADD, "(track|note|write down|log|record|put down) [down] that i (need|have) to "
        "<title>"),
    SLOTS(TASK_ADD, "(schedule|plan|put down) <title> [as a task]"),
    SLOTS(TASK_ADD, "(another thing|one more thing|something) (i need|i have) to do [is] <title>"),
    SLOTS(TASK_ADD, "(crate|ad|one more|high priority|urgent) [a] task [to] <title>"),
    SLOTS(TASK_ADD, "let us add <title> to (my|the) tasks"),
    SLOTS(TASK_ADD, "task for <time> <title>"),
    SLOTS(TASK_ADD, "add this to my (tasks|list|to do list) <title>"),
    SLOTS(TASK_ADD, "<title>"),
    SURE(TASK_ADD, "(call|ring|phone|buy|pay|return|renew|fix|wash|feed|submit|collect|sign|"
        "visit|repair|hand in|pick up|drop off|pack|replace) <any> <time>"),

    SURE_ARG(TASK_LIST, "(what is|what are|is anything|is there anything|anything|"
        "which tasks are|what tasks are|which are|what is there) [still|now] due "
        "[<time>]", LISTING_DUE),
    SURE_ARG(TASK_LIST, "what (will be|comes|is coming) due [<time>]", LISTING_DUE),
    SURE_ARG(TASK_LIST, "(what is|is anything|which tasks are|what tasks are|"
        "[show [me]|list] [my] [all] overdue tasks|am i behind) [on anything] "
        "[overdue|late]", LISTING_OVERDUE),
    SURE_ARG(TASK_LIST, "(show|list|read|tell|give|check|view|bring up|pull "
        "up|open|see|display) [me] [out] [all|all of] [my|the] [open] "
        "reminders [for <time>|<time>]", LISTING_REMINDERS),
    SURE_ARG(TASK_LIST, "what reminders (are [there|set]|do i have|have i "
        "[got|set]) [set] [for] [<time>]", LISTING_REMINDERS),
    SURE_ARG(TASK_LIST, "(what|which tasks) (did i|have i) (finish|finished|"
        "complete|completed|do|done|get done|tick off) [<time>]", LISTING_DONE),
    SURE_ARG(TASK_LIST, "(show|list) [me] [my|the|all] (completed|finished|done) "
        "tasks [for|from] [<time>]", LISTING_DONE),
    SURE_ARG(TASK_LIST, "[show|list|read|tell|give|check|view|bring up|pull up|"
        "open|see|display|what is on|what are|is there anything on|anything on] "
        "[me] [out] [all] my $tasks [for <time>|<time>]", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "(list|show [me]) [all] [my|the] (tasks|to dos) [for "
        "<time>|<time>]", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "what (do i|must i|should i|have i|do i still|do i still "
        "have|have i still) [have|need|got|still have] to (do|get done|finish|work "
        "on) [<time>]", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "what [else] (is|do i have) left to do [<time>]", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "(what|which|how many) (tasks|to dos|things to do|jobs) "
        "(do i have|are there|are left|are open|have i got|are still open) [left|"
        "open|to do] [for] [<time>]", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "(do i have|are there|have i got) any [more|open] (tasks|"
        "to dos|things to do) [left|open] [for] [<time>]", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "(do i have|are there|have i got|any) [any] reminders "
        "[set] [for] [<time>]", LISTING_REMINDERS),
    SURE_ARG(TASK_LIST, "(do i have|are there|have i got|what|which|any) [any] "
        "deadlines [are] [coming up] [for] [<time>]", LISTING_DUE),
    SURE_ARG(TASK_LIST, "$tasks (for|due) <time>", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "due <time>", LISTING_DUE),
    SURE_ARG(TASK_LIST, "my (tasks|to do list|to dos)", LISTING_OPEN),
    SURE_ARG(TASK_LIST, "my reminders", LISTING_REMINDERS),

    SURE(TASK_SHOW, "when (is|was) (it|that|this|that one|this one|<pron>) due"),
    SURE(TASK_SHOW, "(when|what time|by when) (do i have|do i need|must i|should i|am i supposed|"
        "did i say i would|did i want) [to] <ref>"),
    SURE(TASK_SHOW, "when is <ref> due"),
    SURE(TASK_SHOW, "what is the (deadline|due date) (of|for) <ref>"),
    SURE(TASK_SHOW, "(is|was) (it|that|this|that one) (overdue|done [yet]|finished [yet]|"
        "complete|due)"),
    SLOTS(TASK_SHOW, "(what is the status of|is|has|have i|did i|show me the details of|tell me "
        "more about|what notes are on) <ref> [done|finished|been done|overdue|due] [yet|already]"),

    SURE(TASK_REOPEN, "(reopen|re open|uncheck|untick|uncross|un complete|un check|un tick) <ref>"),
    SURE(TASK_REOPEN, "(mark|set|make|change) <ref> (as|to|back to|back as) $open [again]"),
    SURE(TASK_REOPEN, "(mark|set|make) <ref> $open [again]"),
    SURE(TASK_REOPEN, "(it|that|this|that one|<pron>) is not (done|finished|complete) [yet|after "
        "all]"),
    SURE(TASK_REOPEN, "i have not (done|finished|completed) (it|that|<pron>) [yet|after all]"),
    SLOTS(TASK_REOPEN, "[actually|sorry|wait] [i] (have not|did not|had not) [actually] <ref> "
        "[yet|after all]"),
    SLOTS(TASK_REOPEN, "[actually|sorry|turns out|it turns out] <ref> (is not|was not) <any?> "
        "[yet|after all]"),
    SLOTS(TASK_REOPEN, "[actually] <ref> still (needs|need) <any>"),
    SLOTS(TASK_REOPEN, "(restore|bring back|return|put back|start|open) <ref> (back <any>|again|"
        "to my list)"),
    SLOTS(TASK_REOPEN, "i marked <ref> [as] (done|complete|finished) <any?>"),
    SLOTS(TASK_REOPEN, "mark <ref> as still <any>"),

    SURE(TASK_COMPLETE, "(mark|set|check|tick) <ref> [off] (as|to) $done"),
    SURE(TASK_COMPLETE, "(mark|set) <ref> $done"),
    SURE(TASK_COMPLETE, "(tick|check|cross|strike) off <ref>"),
    SURE(TASK_COMPLETE, "(tick|check|cross|strike) (it|that|this|them|<pron>) off [(my|the) list]"),
    SURE(TASK_COMPLETE, "(tick|check|cross|strike) <ref> off [(my|the) [to do|task] list]"),
    SURE(TASK_COMPLETE, "(it|that|this|that one|this one|<pron>) (is|has been|got) [all] (done|"
        "finished|sorted|complete|completed|taken care of) [now|already]"),
    SURE(TASK_COMPLETE, "[yes|yeah|ok] i (have|have just|have already|have finally|just|already|"
        "finally) (done|did|finished|completed) (it|that|this|that one|<pron>) [<time>]"),
    SURE(TASK_COMPLETE, "i (did|finished|completed) (it|that|this|that one) [already|now|<time>]"),
    SURE(TASK_COMPLETE, "(complete|close|finish) (it|that|this|the task|that task|<pron>)"),
    SURE(TASK_COMPLETE, "(done|finished|i am (done|finished)|i am all done) with <ref>"),
    SURE(TASK_COMPLETE, "(all done|done|task (complete|completed|done))"),
    SLOTS(TASK_COMPLETE, "(i|we) (have|have just|have already|have finally|just|already|finally|"
        "managed to|have now) <ref>"),
    SLOTS(TASK_COMPLETE, "i (have been to|went to) <ref>"),
    SLOTS(TASK_COMPLETE, "[you can] (consider|call|take) <ref> (done|finished|off [the list])"),
    SLOTS(TASK_COMPLETE, "<ref> (is|are|has been|have been|was|were|got) [all|now|already] <any>"),
    SLOTS(TASK_COMPLETE, "(complete|close|finish) <ref>"),
    SLOTS(TASK_COMPLETE, "<ref> (done|complete|completed|finished|paid)"),
    SLOTS(TASK_COMPLETE, "(i|we|just|already|finally|eye have) <ref> [already]"),
    SLOTS(TASK_COMPLETE, "(completed|finished|done) <ref>"),
    SLOTS(TASK_COMPLETE, "<ref>"),

    SURE(TASK_MOVE, "change the (due date|deadline|date|time|day) (of|for|on) <ref> (to|until|"
        "for|as) <time>"),
    SURE(TASK_MOVE, "(postpone|delay|defer|push|put|move|bring) <ref> [back] (by|back|back by|"
        "forward by) <dur>"),
    SURE(TASK_MOVE, "$move (it|that|this|them|that one|this one|<pron>) [back|forward|out|over] "
        "(to|until|till|for|by|on) <time>"),
    SURE(TASK_MOVE, "$move [the|my|that|this] (task|reminder|deadline|due date|time|appointment) "
        "(to|until|till|for|by) <time>"),
    SURE(TASK_MOVE, "(postpone|reschedule|put off|delay|push back|defer|push|shift|bump) <ref> "
        "(to|until|till|for|by) <time>"),
    SURE(TASK_MOVE, "make (it|that|this) [due] [for|at|on] <time> [instead]"),
    SURE(TASK_MOVE, "$move <ref> [back|forward|out|over] (to|until|till) <time>"),
    SURE(TASK_MOVE, "(move|postpone|reschedule|put off|delay|defer) (it|that|this|that one)"),
    SURE(TASK_MOVE, "set (it|that|<ref>) (for|to) <time> instead"),
    SLOTS(TASK_MOVE, "$move <ref> from <any> (to|until|till) <time>"),
    SLOTS(TASK_MOVE, "(put|set|make|do|let us do|i will do|i would rather do|can we do|have) "
        "<ref> [due] [back|off|for|on|until|at|out] <time> [instead]"),
    SLOTS(TASK_MOVE, "(put|push|move) <ref> (back|off|out|on|forward) [by|until|for] (<dur>|"
        "<time>)"),
    SLOTS(TASK_MOVE, "(bring|move|push|let us push) <ref> (forward|back|out) (to|by|until) "
        "(<dur>|<time>)"),
    SLOTS(TASK_MOVE, "<ref> (is now|should be|should be due|is due|has been moved to|is moved to|"
        "has been pushed back to|has been brought forward to|been moved to|is) [on|due|for] "
        "<time>"),
    SLOTS(TASK_MOVE, "(extend|set|change|update) the (deadline|due date|time|date) (for|of) "
        "<ref> (to|until|by) (<time>|<dur>)"),
    SLOTS(TASK_MOVE, "(extend|set|change|update) the (deadline|due date|time|date) (to|until|by) "
        "<time>"),
    SLOTS(TASK_MOVE, "new deadline for <ref> is <time>"),
    SLOTS(TASK_MOVE, "[no] <time> instead"),
    SLOTS(TASK_MOVE, "$move <ref> (for|on) <time>"),
    SLOTS(TASK_MOVE, "give (me until|that|it) <time> (for <ref>|more)"),

    SURE(TASK_DELETE, "$delete (it|that|this|them|that one|this one|that task|this task|the task|"
        "<pron>) [from (my|the) (list|tasks|to do list)]"),
    SURE(TASK_DELETE, "($delete|cancel|drop|take|clear|empty) <ref> (from|off|out of) (my|the) "
        "$tasks"),
    SURE(TASK_DELETE, "(delete|remove|cancel|drop|get rid of|scrap|erase|call off) (the|that|my) "
        "(task|reminder|to do) [for|to|about|called|of] [<ref>]"),
    SURE(TASK_DELETE, "(delete|remove|cancel|drop|get rid of|scrap|erase) (the|that|my|this) "
        "<ref> (task|reminder|to do)"),
    SURE(TASK_DELETE, "stop reminding me (about|to|of) <ref>"),
    SURE(TASK_DELETE, "never remind me (about|to|of) <ref> again"),
    SURE(TASK_DELETE, "(clear|delete|empty|wipe|remove|erase) [all|all of] (my|the) (tasks|to do "
        "list|reminders|to dos|task list) [for <time>]"),
    SLOTS(TASK_DELETE, "($delete|cancel|drop|deleet|throw away|turn off|disable|forget about) "
        "<ref> [(from|off) (my|the) (list|tasks)] [for <time>]"),
    SLOTS(TASK_DELETE, "(take|throw|strike) <ref> (off|away) [my|the] [list|tasks|to do list]"),
    SLOTS(TASK_DELETE, "(i do not|i no longer|we do not|no) need (to|that reminder to|the "
        "reminder to|to remind me about|a reminder about) <ref> [any more|anymore|delete it]"),
    SLOTS(TASK_DELETE, "<ref> (is no longer needed|is not needed [any more]|can go|can be "
        "deleted)"),
    SLOTS(TASK_DELETE, "you can (delete|remove) <ref>"),
    SLOTS(TASK_DELETE, "(clear|delete|wipe) <ref>"),

    SURE(TASK_RENAME, "rename <ref> (to|as|into) <title>"),
    SURE(TASK_RENAME, "change the (title|name|text|wording) of <ref> to <title>"),
    SURE(TASK_RENAME, "(change|edit) <ref> to (say|read) <title>"),
    SURE(TASK_RENAME, "rename [<ref>]"),
    SLOTS(TASK_RENAME, "call <ref> <title> instead"),
    SLOTS(TASK_RENAME, "(correct|reword|change|update) <ref> (to|as) <title>"),
    SLOTS(TASK_RENAME, "(<ref> should|it should) (say|read) <title>"),
    SLOTS(TASK_RENAME, "(replace|change|edit) the title with <title>"),

    SURE(TASK_PRIORITY, "(make|mark|set|flag) <ref> (as|to|as being) [high|low|top|normal|"
        "medium] (priority|urgent|important|not urgent|not important)"),
    SURE(TASK_PRIORITY, "(make|mark|set|give) <ref> [a] (high|low|top|normal|medium) priority"),
    SURE(TASK_PRIORITY, "(make|mark) (it|that|this) (urgent|important)"),
    SURE(TASK_PRIORITY, "(raise|lower|increase|reduce|bump up) the priority (of|on) <ref>"),
    SURE(TASK_PRIORITY, "(set|change) [the] priority of <ref> to (high|low|normal|medium|urgent)"),
    SLOTS(TASK_PRIORITY, "(make|mark|prioritise|prioritize|deprioritize|star|flag) <ref> (urgent|"
        "important|not urgent|not important|as important)"),
    SLOTS(TASK_PRIORITY, "(prioritise|prioritize|deprioritize|star|flag) <ref>"),
    SLOTS(TASK_PRIORITY, "<ref> is [not] [that] (urgent|important|low priority|top priority|high "
        "priority)"),
};
const size_t intent_rules_tasks_n = sizeof intent_rules_tasks / sizeof *intent_rules_tasks;
