/* dialogue.h - what a conversation is about just now: the state that is kept with its session.
 *
 *   what "it" is · what was listed · what was asked back · what "undo" takes back · what was
 *   answered and from where
 *
 * It is written as JSON with every turn and read with the next, so that a conversation goes on
 * after a restart. A member that cannot be read (an older version's) is as if it were not there.
 * Threads: a plain value. */
#ifndef SOTTO_ASSISTANT_DIALOGUE_H
#define SOTTO_ASSISTANT_DIALOGUE_H

#include "assistant/assistant.h"

#define DIALOGUE_LISTED 20u
#define DIALOGUE_UNDO 20u
#define DIALOGUE_SOURCES 5u

typedef enum { THING_NONE, THING_TASK, THING_FACT, THING_DOCUMENT, THING_EVENT,
    THING_KINDS } ThingKind;

typedef struct {
    ThingKind kind;
    Uuid id;
} Thing;

/* What can be taken back. TASKS: `id` is a change of tasks.h. REMEMBERED: a fact that was kept;
 * FORGOTTEN: `text` is one that was. NOTED: a document that was made. EVENT: a calendar entry that
 * was made; EVENT_GONE: one that was taken out, `text` is calendars_event_keep's. */
typedef enum { UNDO_TASKS, UNDO_REMEMBERED, UNDO_FORGOTTEN, UNDO_NOTED, UNDO_EVENT, UNDO_EVENT_GONE,
    UNDO_KINDS } UndoKind;
typedef struct {
    UndoKind kind;
    Uuid id;
    Str text;      /* what it was, for the answer; of FORGOTTEN the fact's words */
    bool joined;   /* one with the change before it: both are taken back at once */
} Undo;

/* A command that waits for an answer of the person's. */
typedef struct {
    IntentAction action; /* ACTION_NONE: nothing waits */
    Str slot[SLOT_COUNT];
    bool remove;
    bool sure;           /* the question was whether it is meant at all */
} Pending;

typedef struct {
    IntentTurn turn;
    IntentAwait awaiting;
    Pending pending;
    Thing last;                        /* "it" */
    Thing listed[DIALOGUE_LISTED];     /* "the second one" */
    size_t n_listed;
    Undo undo[DIALOGUE_UNDO];          /* the newest last */
    size_t n_undo;
    Str question, response;            /* of the last question, of the last answer */
    Citation sources[DIALOGUE_SOURCES]; /* without their text */
    size_t n_sources;
    double speed;                      /* of speech; 1 as is */
} Dialogue;

void dialogue_init(Dialogue *d);
/* Strings live in `a`. ERR_NO_MEMORY. */
bool dialogue_read(Str json, Arena *a, Dialogue *d, Err *err);
void dialogue_write(const Dialogue *d, JsonW *w);

void dialogue_list(Dialogue *d, ThingKind kind, const Uuid *id);
/* The oldest is forgotten when there are too many. */
void dialogue_undoable(Dialogue *d, UndoKind kind, const Uuid *id, Str text);
/* The newest n changes are one for "undo". */
void dialogue_join(Dialogue *d, size_t n);

#endif
