/* intents_rules_talk.c - what steers the conversation: stop, again, never mind, yes, thanks. These
 * are whole sentences, so the order matters little. */
#include "assistant/intents_rules_int.h"

const IntentRule intent_rules_talk[] = {
    SURE(STOP, "(stop|halt|quit|silence|hush|shush|enough|pause) [it|that|now|talking|reading|"
        "speaking]"),
    SURE(STOP, "(be|keep) (quiet|silent)"),
    SURE(STOP, "(shut up|that is enough|stop stop [stop]|that will do|quiet|stop it now)"),
    SURE(STOP, "(turn|switch|shut) (it|that) off"),
    SURE(STOP, "you can stop [now|talking|reading]"),
    SURE(STOP, "stop (the noise|the ringing|ringing|beeping|the beeping|what you are doing)"),

    SURE(REPEAT, "(say|read|tell me|repeat) (that|it|this) [again|once more|one more time] [but] "
        "[a bit|a little] [more] [slower|slowly|louder|loudly|faster|quietly|quieter]"),
    SURE(REPEAT, "(again|once more|one more time|repeat|come again|pardon [me]|say again|tell me "
        "again)"),
    SURE(REPEAT, "say that again [any] (slower|slowly|louder|faster|quieter)"),
    SURE(REPEAT, "[a bit|a little] (slower|louder|faster|quieter|more slowly|more loudly)"),
    SURE(REPEAT, "(speak|talk) [a bit|a little] (slower|more slowly|slowly|faster|quieter)"),
    SURE(REPEAT, "(slow down|not so fast|you are [talking|speaking] too fast)"),
    SURE(REPEAT, "(repeat|say) (what you [just] said|your last answer|the last answer|yourself)"),
    SURE(REPEAT, "what (did you [just] say|was that)"),
    SURE(REPEAT, "[sorry] i (did not|could not) (catch|hear|get|understand) (that|you|it)"),
    SURE(REPEAT, "[sorry] (what|huh|pardon|excuse me|i beg your pardon)"),
    SURE(REPEAT, "i missed that"),
    SURE(REPEAT, "(repeat|say|rephrase) (that|it) (shorter|more briefly|in a shorter way|"
        "differently)"),

    SURE(CANCEL, "[no|actually|oh|wait] (never mind|nevermind|never mined) [that]"),
    SURE(CANCEL, "[no|actually|oh|wait] (forget it|leave it|skip it|drop it|scrap that|ignore "
        "that|disregard that|do not bother|it does not matter|does not matter|cancel that|cancel)"),
    SURE(CANCEL, "i [have] changed my mind"),
    SURE(CANCEL, "(forget i (asked|said anything)|do not do (that|it)|ignore what i said)"),
    SURE(CANCEL, "(cancel (it|my request|the request|the last command)|abort)"),

    SURE(UNDO, "(undo|un do|revert|reverse|roll back|take back|undelete|un delete) [it|that|this|"
        "the last (one|thing|change|action|step|command)|what you [just] did]"),
    SURE(UNDO, "(put|take|change|bring|roll|set|get) (it|that) back [how it was|to what it was]"),
    SURE(UNDO, "(restore (it|that|what i [just] deleted)|that was (wrong|a mistake|an accident) "
        "undo [it|that])"),
    SURE(UNDO, "i (did not want|did not mean) (that|to do that) undo [it|that]"),
    SURE(UNDO, "(oops|whoops) [undo] [that|it]"),
    SURE(UNDO, "i deleted (that|it) by (accident|mistake)"),

    SURE(YES, "(yes|yeah|yep|yup|sure|ok|okay|correct|right|exactly|absolutely|definitely|"
        "confirm|confirmed|affirmative|indeed|certainly|alright|of course|go ahead|sure thing|do "
        "it|do that|uh huh|why not|sounds good|go for it|make it so|perfect do it) [do|it|that|"
        "go ahead|that is right|do it|do that|i am sure|that one|of course|thanks|thank you]"),
    SURE(YES, "(that is (right|correct|it|the one)|i am sure|you bet|i confirm|yes i do|yes it "
        "is)"),
    SURE(NO, "(no|nope|nah|negative|incorrect|wrong|certainly not|absolutely not|of course not|"
        "no way|no no|do not|rather not|not really|i do not think so|better not) [thanks|thank "
        "you|do not|not that|not that one|it is not|that is wrong|not now]"),
    SURE(NO, "(that is (wrong|not right|not it|incorrect)|not (that|that one|today))"),

    SLOTS(SELECT, "[no|yes] [not (that|this) [one]] [i meant|i mean|i will take|take|pick|choose|"
        "let us take|i would go with|go with|i would like|i want|i choose|maybe] <ref>"),
    SURE(SELECT, "[the] (first|second|third|fourth|fifth|sixth|last|next|previous) (one|task|"
        "item|option|reminder|result)"),
    SURE(SELECT, "[no] not (that|this) [one] [but] the (first|second|third|fourth|last|other|"
        "next) [one]"),
    SURE(SELECT, "no the (first|second|third|fourth|last|other|next) [one]"),
    SURE(SELECT, "[i meant|i mean|i will take|take|pick|choose|i want|i choose|the answer is] "
        "(number|option|item) <number>"),
    SURE(SELECT, "(i meant|i mean|i will take|take|pick|choose|i choose) the (first|second|third|"
        "fourth|fifth|last|other) [one]"),
    SURE(SELECT, "(the first|the second|the third|the fourth|the last|the other one|the latter|"
        "the former|both of them|all of them|both)"),

    SURE(THANKS, "(thanks|thank you|cheers|ta|many thanks|much appreciated) [very much|so much|a "
        "lot|for (that|your help|everything)|again|a million|a bunch|sotto]"),
    SURE(THANKS, "(great|perfect|ok|okay|lovely|brilliant|wonderful|good|nice) (thanks|thank you|"
        "cheers)"),
    SURE(THANKS, "i appreciate (it|that|your help)"),
    SURE(GREETING, "(hello|hi|hey|hiya|howdy|greetings|good day|hello hello) [there|again|you|"
        "sotto]"),
    SURE(GREETING, "good (morning|afternoon|evening) [sotto|to you]"),
    SURE(GREETING, "how (are you [doing|today|doing today]|is it going|do you do)"),
    SURE(GOODBYE, "(bye|goodbye|bye bye|farewell|good night|goodnight|night night|see you|see ya|"
        "cheerio|so long) [later|tomorrow|soon|then|sotto|now]"),
    SURE(GOODBYE, "((talk|speak) to you (later|soon)|have a (nice|good|great) (day|evening|"
        "night))"),
    SURE(GOODBYE, "that is all [for (now|today)]"),
    SURE(HELP, "(help|help me|i need help|i need some help|what can you do [for me]|what else "
        "can you do)"),
    SURE(HELP, "what (can|could|should|may) i (say|ask|ask you|say to you|do here)"),
    SURE(HELP, "what (are your|are the|are all your) (features|functions|skills|abilities|"
        "commands)"),
    SURE(HELP, "how (does this work|do i use (this|you)|do you work)"),
    SURE(HELP, "what (things|kind of things|sort of things) can you (do|help with|help me with)"),
    SURE(HELP, "what do you do"),
    SURE(ABOUT_SELF, "(who|what) are you"),
    SURE(ABOUT_SELF, "(what is your name|are you (there|listening|a robot|human|real|alive|"
        "offline|online))"),
    SURE(ABOUT_SELF, "(can you hear me|is (anybody|anyone) there|who (made|built|created) you)"),
    SURE(REMARK, "tell me (a|another) joke"),
    SURE(REMARK, "(well done|good job|nice work|great job|good work|wow|haha|lol)"),
};
const size_t intent_rules_talk_n = sizeof intent_rules_talk / sizeof *intent_rules_talk;
