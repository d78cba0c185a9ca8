/* assistant.h - one thing said, one thing done, one answer: the conversation.
 *
 *   session -> what is meant (intents.h) -> acted on: tasks, timers, calendar, memory, notes,
 *   documents -> answer with citations, what can be undone -> session
 *
 * Text and voice say the same thing here, over HTTP, the WebSocket and the command line. An answer
 * never claims what did not happen: it is made after the change is durable. What "it", "that" and
 * "the second one" mean, what was asked back and what "undo" takes back is kept with the session.
 * docs/ASSISTANT.md has the rules.
 *
 * Threads: an Assistant is shared; a call blocks (disk, encoder). `worker` chooses the encoder
 * scratch: one caller a worker number at a time. */
#ifndef SOTTO_ASSISTANT_ASSISTANT_H
#define SOTTO_ASSISTANT_ASSISTANT_H

#include "assistant/briefing.h"
#include "assistant/calendar.h"
#include "assistant/intents.h"
#include "assistant/memory.h"
#include "assistant/tasks.h"
#include "search/search.h"
#include "store/talk.h"

typedef struct Assistant Assistant;

/* Stores a note as a document of its own and gives its id and title: what ingest does, which is
 * beside this module. */
typedef bool (*AssistantNoteFn)(void *arg, Str text, unsigned worker, Arena *a, Document *doc,
    Err *err);

typedef struct {
    Store *store;
    Search *search;
    Tasks *tasks;
    Calendars *calendars; /* may be NULL: there are no events */
    Briefings *briefings; /* may be NULL: there is no briefing to be read */
    const Minilm *model; /* for intents; may be NULL: rules alone */
    unsigned workers;    /* worker numbers 0..workers-1 */
    Uuid owner;
    struct Llm *llm;     /* may be NULL: answers are quotations */
    AssistantNoteFn note; /* may be NULL: notes are declined */
    void *note_arg;
} AssistantParts;

Assistant *assistant_new(const AssistantParts *parts, Err *err);
void assistant_free(Assistant *x);

typedef struct {
    Uuid document, chunk;
    Str title, source;
    Str text;            /* exactly content[start, end) of the document as stored */
    uint32_t start, end, page; /* page 0: none */
    float similarity;
    bool timed;          /* of a recording: from when to when it is said */
    uint32_t from_ms, to_ms;
    bool gone;           /* not used by answers; a stored citation whose document is gone */
} Citation;

typedef enum { SPEAK_AS_IS, SPEAK_STOP, SPEAK_AGAIN } AssistantSpeech;

typedef struct {
    Uuid session;        /* new when the request had none */
    Str response;        /* plain text, sentences; lists have a line an item */
    Citation *citations; /* the first is what the answer rests on */
    size_t n_citations;
    Intent intent;
    double confidence;   /* of the intent, and of the answer where one was searched for */
    Uuid *tasks;         /* that it is about, in the order named */
    size_t n_tasks;
    bool not_found;      /* it was asked for something, and there is nothing about it */
    bool can_undo;
    AssistantSpeech speech; /* what a voice does with it: say it, fall silent, say it again */
    double speed;        /* of speech that was asked for: 1 as is */
    double time_ms;
    Str model;           /* that wrote the answer; empty: none did */
    Str note;            /* what a person should know about how it came to be; may be empty */
    size_t shown;        /* bytes of the response that on_delta was given */
} AssistantReply;

typedef struct {
    Str text;            /* UTF-8, 1..INTENTS_TEXT_MAX bytes after trimming: else ERR_VALIDATION */
    const Uuid *session; /* NULL: a new one. One that is not there: ERR_NOT_FOUND */
    bool keep;           /* false: nothing of it is stored as a conversation (what it does is) */
    /* The response as it becomes certain, in order, all of it by the end; pieces of a model's come
     * while it still writes. False: nobody listens any more (ERR_CANCELLED while there is work
     * left). May be NULL. */
    bool (*on_delta)(void *arg, Str piece);
    bool only_live;      /* on_delta gets nothing of what was ready before it was shown */
    /* Asked ten times a second while a model is waited for; true: ERR_CANCELLED, and nothing of the
     * turn is kept. May be NULL. */
    bool (*cancelled)(void *arg);
    void *arg;
} AssistantRequest;

bool assistant_say(Assistant *x, const AssistantRequest *r, unsigned worker, Arena *a,
    AssistantReply *out, Err *err);

/* The next sentence of a response with the white space behind it; all pieces together are the
 * response. False at the end. *at begins with 0. */
bool assistant_piece(Str response, size_t *at, Str *piece);
/* Whether words heard so far are a whole question that may be answered at once: by a rule, and
 * nothing is changed by it. Never true for a command. Takes microseconds. */
bool assistant_may_answer(Assistant *x, Str text);
/* Whether they are a whole command: by a rule, and with all that it needs. Some more silence and it
 * may be carried out. Takes microseconds. */
bool assistant_may_act(Assistant *x, Str text);

/* The citations and the rest of a reply as members of an object that is open. */
void assistant_reply_json(const AssistantReply *r, JsonW *w);
void citation_json(const Citation *c, JsonW *w);

#endif
