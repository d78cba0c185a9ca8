/* intents.h - what a sentence wants: a question, a command with its parts, a word about the
 * assistant itself, or nothing that is understood; and how sure that is.
 *
 *   text -> words -> rules (a table of patterns with slots)  -- decided: in some microseconds
 *                 -> sentence embedding -> softmax over classes of examples, one millisecond
 *        -> action, slots, calibrated confidence
 *
 * The rules are intents_rules*.c, the examples share/intents, the weights made from them
 * intents_weights.h (tools/fit_intents.py makes it). docs/INTENTS.md lists every intent with
 * examples, says how confidence is made and measured, and how to add one. Nothing is acted on here.
 *
 * Threads: an Intents is immutable once open and shared freely; a parse needs one thread's
 * MinilmState. */
#ifndef SOTTO_ASSISTANT_INTENTS_H
#define SOTTO_ASSISTANT_INTENTS_H

#include "base/arena.h"
#include "base/json.h"
#include "nn/minilm.h"

/* The shapes of the contract. */
typedef enum {
    INTENT_UNKNOWN,
    INTENT_QUERY,      /* wants to be told something; changes nothing */
    INTENT_COMMAND,    /* wants something done */
    INTENT_INFORMATION /* about the assistant itself, or talk: help, greeting, thanks, a remark */
} IntentKind;

/* What to do or to ask. Every action has one kind; intent_info is the table. */
typedef enum {
    ACTION_NONE, /* INTENT_UNKNOWN */

    /* commands that are carried out */
    ACTION_TASK_ADD,      /* title [time] */
    ACTION_REMINDER_ADD,  /* title [time]: as a task, and say so at the time */
    ACTION_TASK_COMPLETE, /* ref */
    ACTION_TASK_REOPEN,   /* ref */
    ACTION_TASK_MOVE,     /* ref time: another day or hour */
    ACTION_TASK_SNOOZE,   /* [ref] [duration or time] */
    ACTION_TASK_DELETE,   /* ref ("all" when everything is meant) */
    ACTION_TASK_RENAME,   /* ref title: "change the milk task to oat milk" */
    ACTION_TASK_PRIORITY, /* ref topic: "high", "low", "normal" */
    ACTION_NOTE_ADD,      /* fact */
    ACTION_ALARM_SET,     /* time: "wake me at seven" */
    ACTION_ALARM_REMOVE,  /* [time or ref] */
    ACTION_CALENDAR_ADD,  /* title time */
    ACTION_CALENDAR_REMOVE, /* ref [time] */
    ACTION_LIST_UPDATE,   /* title (the item) [topic (the list's name)] [remove] */
    ACTION_BRIEFING,      /* [time] */
    ACTION_TIMER_START,   /* duration [title] */
    ACTION_TIMER_CANCEL,  /* [ref] */
    ACTION_REMEMBER,      /* fact */
    ACTION_FORGET,        /* ref or topic: "that", "my manager" */
    ACTION_STOP,          /* be silent; a ringing timer too */
    ACTION_REPEAT,        /* say it again: `manner` */
    ACTION_CANCEL,        /* "never mind": what was begun is dropped */
    ACTION_UNDO,
    ACTION_YES,           /* answers to what the assistant asked */
    ACTION_NO,
    ACTION_SELECT,        /* ref: "the second one" */
    ACTION_SUPPLY,        /* fills IntentContext.awaiting: time, title or ref */

    /* questions */
    ACTION_QUESTION,      /* of the documents and of memory: "who is my manager?" */
    ACTION_SEARCH,        /* topic: "find the lease" */
    ACTION_SHOW_SOURCE,   /* "show me where it says that" */
    ACTION_TRENDS,        /* [topic] [time]: themes, what is written about */
    ACTION_CHANGES,       /* [time]: "what changed since yesterday?" */
    ACTION_TASK_LIST,     /* [time] [topic]: what is due; `listing` says of what */
    ACTION_TASK_SHOW,     /* ref: "when is it due?" */
    ACTION_AGENDA,        /* [time] */
    ACTION_LIST_SHOW,     /* [topic] */
    ACTION_TIMER_LEFT,    /* [ref] */
    ACTION_TIME,          /* [topic: a place] */
    ACTION_DATE,          /* [time]: "what day is Christmas?" */
    ACTION_MEMORY_LIST,   /* [topic]: "what do you know about me?" */

    /* questions nothing here can know (the weather, the news, prices, places, what plays now): say
     * so, unless the documents answer */
    ACTION_ASK_WEATHER,
    ACTION_ASK_NEWS,
    ACTION_ASK_LIVE,      /* traffic, shares, exchange rates, what is open near by, orders */
    ACTION_ASK_MATHS,

    /* commands that are refused: what it is, for a refusal that fits */
    ACTION_DEVICE_CONTROL,
    ACTION_MEDIA_PLAY,
    ACTION_ORDER_OR_BOOK,
    ACTION_MESSAGE_SEND,
    ACTION_CALL,
    ACTION_VOLUME,
    ACTION_SETTINGS,
    ACTION_OTHER_COMMAND, /* take a photo, open a web page, translate, navigate, pay ... */

    /* talk */
    ACTION_HELP,          /* "what can you do?" */
    ACTION_GREETING,
    ACTION_THANKS,
    ACTION_GOODBYE,
    ACTION_ABOUT_SELF,    /* "who are you?", "are you listening?" */
    ACTION_REMARK,        /* praise, blame, a joke wanted, small talk */
    ACTION_COUNT
} IntentAction;

typedef struct {
    const char *name;    /* "task_add": the wire's Command.action, Information.topic */
    IntentKind kind;
    bool refused;        /* recognised so that it can be declined; never carried out */
    const char *refusal; /* what is declined, to follow "I cannot": "play music"; or NULL */
} IntentInfo;
/* Constant facts of an action; never NULL. */
const IntentInfo *intent_info(IntentAction any);
/* By its name; ACTION_NONE when there is no such action. */
IntentAction intent_action_of(Str name);

typedef enum {
    SLOT_TITLE,    /* what is to be done or added, without the words that ask for it and of time */
    SLOT_TIME,     /* the words of time, for when_find: "by Friday" has its "by". A bare "three" or
                    * "the weekend" it knows only behind an "at", "on" */
    SLOT_DURATION, /* "eight minutes", "an hour"; when_find wants "for " before it */
    SLOT_REF,      /* what is meant: "it", "the second one", "the electricity bill" */
    SLOT_TOPIC,    /* what is searched or asked for, a list's name, a place, a priority */
    SLOT_FACT,     /* what is to be kept: "my manager is Dana" */
    SLOT_COUNT
} IntentSlot;

/* How a reference points. */
typedef enum {
    REF_NONE,
    REF_LAST,    /* it, that, this one, them: what the conversation was about last */
    REF_ORDINAL, /* the second one, number three, the last one: `ordinal` */
    REF_ALL,     /* all of them, everything */
    REF_WORDS    /* words of its title: the text of SLOT_REF, articles and "task" stripped */
} IntentRef;

typedef enum { MANNER_AS_IS, MANNER_SLOWER, MANNER_FASTER, MANNER_LOUDER, MANNER_QUIETER,
    MANNER_SHORTER, MANNER_LONGER } IntentManner;

typedef enum { LISTING_OPEN, LISTING_DUE, LISTING_OVERDUE, LISTING_DONE, LISTING_REMINDERS,
    LISTING_ALARMS, LISTING_TIMERS } IntentListing;

typedef struct {
    Str text;          /* in the arena, or a part of the sentence; ptr NULL when there is none */
    size_t start, end; /* the bytes of the sentence it came from; a title may leave some out */
} IntentValue;

typedef struct {
    IntentKind kind;
    IntentAction action;
    double confidence;  /* probability that `kind` is right, 0..1 (docs/INTENTS.md: measured) */
    double action_confidence; /* that `action` is right; never above `confidence` */
    IntentAction second;      /* what else it may be, for "did you mean"; ACTION_NONE */
    double second_confidence;
    bool by_rule;       /* a rule decided; the encoder was not asked */
    bool follow_up;     /* only makes sense with what was said before: "and how much was it?" */
    bool remove;        /* ACTION_LIST_UPDATE takes away */
    IntentValue slot[SLOT_COUNT];
    IntentRef ref;
    int32_t ordinal;    /* 1 first, 2 second ... -1 last, -2 last but one; 0 none */
    IntentManner manner;
    IntentListing listing;
    Str query;          /* the sentence from its first word that matters ("hey sotto" does not) */
} Intent;

/* What the last turn was about. */
typedef enum { TURN_NONE, TURN_TASKS, TURN_TIMER, TURN_ANSWER, TURN_BRIEFING, TURN_AGENDA,
    TURN_MEMORY, TURN_RINGING /* a timer or alarm rings now */ } IntentTurn;

/* What the assistant has asked for and waits to hear. */
typedef enum { AWAIT_NOTHING, AWAIT_YES_NO, AWAIT_TIME, AWAIT_TITLE, AWAIT_CHOICE } IntentAwait;

typedef struct {
    IntentTurn turn;
    IntentAwait awaiting;
    size_t listed;    /* how many things the last answer named: "the second one" needs two */
    /* The encoder's vector [384] of a text from elsewhere, so that one that is kept is not computed
     * again. May be NULL: computed with the state. */
    bool (*embed)(void *arg, Str text, float *out, Err *err);
    void *arg;
} IntentContext;

typedef struct Intents Intents;

/* Compiles the rules. `model` (borrowed; may be NULL: then only rules decide, and what they do not
 * is a question with little confidence). ERR_NO_MEMORY. */
Intents *intents_open(const Minilm *model, Err *err);
void intents_close(Intents *x);

#define INTENTS_TEXT_MAX 4096 /* bytes of a sentence that are looked at */

/* Fills *out with what `text` (UTF-8; broken bytes are read as spaces) wants. What out points to
 * lives in `a` or in `text`. `s` may be NULL: as without a model. `c` may be NULL: no conversation.
 * An empty or unintelligible text is INTENT_UNKNOWN, no error.
 * ERR_NO_MEMORY. */
bool intents_parse(const Intents *x, MinilmState *s, Str text, const IntentContext *c, Arena *a,
    Intent *out, Err *err);

/* The contract's Intent: {"Query":{"query"}}, {"Command":{"action","parameters":[string]}},
 * {"Information":{"topic"}}, "Unknown". Parameters are the texts of the slots in their order. */
void intent_write_json(const Intent *i, JsonW *w);

/* "I cannot play music or radio. I can keep tasks, ...": appends a refusal that names what can be
 * done instead. Of an action that is not refused: nothing. */
void intent_say_refusal(const Intent *i, Buf *out);
/* What can be done, with example sentences: the answer to ACTION_HELP. */
void intent_say_help(Buf *out);

#endif
