/* intents_rules_ask.c - questions, and the commonest of what is refused. Most questions are left to
 * the encoder: these are the ones whose words are certain, or whose topic is wanted. */
#include "assistant/intents_rules_int.h"

const IntentRule intent_rules_ask[] = {
    SURE(SHOW_SOURCE, "(show me|show|tell me|point me to) where (it|that|this|he|she|the "
        "document) [says] [so|that|this|it] [is] [from|written]"),
    SURE(SHOW_SOURCE, "where (does|did) (it|that) say (that|so|this)"),
    SURE(SHOW_SOURCE, "(show|give|open|read) [me] (the|your|that) (source|sources|passage|"
        "original|evidence|exact words|quote|citation|citations) [for|of] [that]"),
    SURE(SHOW_SOURCE, "where did you (get|find|read|see) (that|this|it) [from]"),
    SURE(SHOW_SOURCE, "(what is|what are) (the|your) (source|sources) [for|of] [that]"),
    SURE(SHOW_SOURCE, "how do you know [that|this]"),
    SURE(SHOW_SOURCE, "(which|what) (document|file|page|letter|email|paragraph) (is that from|"
        "says that|says so|was that in|is that in|did you get that from|is that on)"),
    SURE(SHOW_SOURCE, "(says who|who says so|who says that|prove it|cite your sources|quote that|"
        "source|sources|show me where|where exactly|on which page)"),
    SURE(SHOW_SOURCE, "open (it|that)"),
    SURE(SHOW_SOURCE, "(open|show [me]) (that|the) (document|page|file)"),

    SURE(QUESTION, "(why|why not|how come|tell me more|tell me more about (it|that|this)|more|go "
        "on|explain|explain (it|that)|since when|how so|when was that|who was that)"),
    SURE(CALL, "(call|phone|ring|dial) (my|mum|mom|dad|grandma|grandpa) [<any>]"),
    SURE(BRIEFING, "(read|give|show|tell|play|start|begin|open|hear|get) [me] [the|my|a|today's|"
        "this morning's] [daily|morning|today's|evening] briefing [for] [<time>]"),
    SURE(BRIEFING, "[the|my|today's|daily|morning] [daily|morning] briefing [for] [<time>]"),
    SURE(BRIEFING, "what is in (the|my|today's) [daily|morning] briefing [<time>]"),
    SURE(BRIEFING, "(brief me|catch me up|get me up to speed|bring me up to date|start my day) "
        "[on <topic>|for <time>]"),
    SURE(BRIEFING, "give me (the|my|a) (morning|daily) (summary|update|report|overview)"),

    SURE(CHANGES, "what (changed|has changed|is new|happened|came in|arrived|was added|has "
        "happened|is different|was changed) (since <time>|since i was last here|while i was away|"
        "<time>)"),
    SURE(CHANGES, "(what is new|what changed|what has changed|anything new|is anything new|has "
        "anything changed|did anything change|what have i missed|what did i miss) [since <time>|"
        "<time>|here|in my $docs]"),
    SURE(CHANGES, "(any|are there any|show [me]) [the|my] (changes|updates|new documents|new "
        "files) [since] [<time>]"),

    SURE(TRENDS, "what (is|are|has) (everybody|everyone|people|we|the team|they|folks) (writing|"
        "talking|been writing|been talking|concerned) about [<time>|these days|lately|recently]"),
    SURE(TRENDS, "(what are|show me|tell me|list|what were|give me|summarise|summarize) [the|my] "
        "[main|big|top|biggest|common|recurring|most important] (themes|topics|subjects|trends) "
        "[in|of|from] [my|the|these|our|all] [$docs] [<time>]"),
    SURE(TRENDS, "what is trending [in my $docs] [<time>]"),
    SURE(TRENDS, "(what|which) (topics|themes|subjects) (come|came) up (most|a lot|most often) "
        "<any?>"),

    SURE(AGENDA, "(what is|what do i have|what have i got|is there anything|anything|do i have "
        "anything) [on|in] (my|the) $cal [for] [<time>]"),
    SURE(AGENDA, "(show|read|tell|give|check|open|view|list|what is|what does) [me] (my|the) "
        "$cal [look like] [for] [<time>]"),
    SURE(AGENDA, "[my] $cal (for|on) <time>"),
    SURE(AGENDA, "(what|which) (meetings|appointments|events) (do i have|are there|have i got) "
        "[<time>]"),
    SURE(AGENDA, "(do i have|have i got|are there) (any|a) (meetings|meeting|appointments|"
        "appointment|events|plans) [<time>]"),
    SURE(AGENDA, "am i (free|busy|available) <time>"),
    SURE(AGENDA, "(when|what time|where|who) is my (next|first|last) (meeting|appointment|event) "
        "[<time>]"),
    SURE(AGENDA, "what is on <time>"),
    SURE(AGENDA, "what is next on my $cal"),
    SURE(AGENDA, "what (am i doing|do i have on|have i got on|do i have planned|do i have "
        "scheduled) <time>"),

    SURE(SEARCH, "(search|look|hunt|go) [through|in] (my|the) [$docs] for <topic>"),
    SLOTS(SEARCH, "(search|look|hunt) for <topic>"),
    SURE(SEARCH, "(find|show|get|bring up|pull up|list|open) [me] [all|all the|all my|the|my|any|"
        "a] $docs (about|on|from|of|for|tagged|mentioning|that mention|with) <topic>"),
    SURE(SEARCH, "(locate|dig out|retrieve) (the|my|that|our) <topic>"),
    SLOTS(SEARCH, "(look up|search|search for) <topic>"),
    SURE(SEARCH, "(which|what) $docs (mention|mentions|are about|talk about|contain|cover) "
        "<topic>"),
    SLOTS(SEARCH, "(find|show|open|get|give|locate|serch) [me] [for] <topic>"),
    SLOTS(SEARCH, "(do i have|have i got|is there|are there) (any|a|anything) [$docs] [about|on|"
        "from] <topic>"),
    SLOTS(SEARCH, "(i am looking for|i am trying to find|where is|where are|everything about|"
        "anything about) <topic>"),
    SLOTS(SEARCH, "<topic>"),

    SURE(ORDER_OR_BOOK, "(book|reserve|buy|get) [me|us] (a|an|two|three) [train|plane|bus|return|"
        "cheap] (flight|flights|ticket|tickets|train|table|hotel|room|taxi|cab|uber) <any?>"),
    SURE(ORDER_OR_BOOK, "order [me|us] (a|some|two|an) <any>"),
    SURE(MESSAGE_SEND, "(send|write|compose) (a|an) (email|message|text|mail|tweet|text message) "
        "(to|saying|that) <any>"),
    SURE(MEDIA_PLAY, "play [me] (some|my|a|the) (music|song|songs|playlist|radio|podcast|"
        "audiobook|album|movie|news) <any?>"),
    SURE(DEVICE_CONTROL, "(turn|switch) (on|off) [all] [the|my] <any?> (light|lights|lamp|lamps|"
        "heating|fan|tv|oven|plug|heater)"),
    SURE(DEVICE_CONTROL, "(turn|switch) [the|my|all the] <any?> (light|lights|lamp|lamps|heating|"
        "fan|tv|oven|plug|heater) (on|off)"),
    SURE(ASK_WEATHER, "(what is|how is|what will) the weather [be] [like|going to be like] [in "
        "<topic>] [<time>]"),
    SURE(ASK_WEATHER, "(is it going to|will it) (rain|snow|be sunny|be cold|be hot|freeze) [in "
        "<topic>] [<time>]"),

    SLOTS(QUESTION, "[tell me|explain|summarise|summarize|describe] about <topic>"),
};
const size_t intent_rules_ask_n = sizeof intent_rules_ask / sizeof *intent_rules_ask;
