/* act.h - one turn of a conversation on its way, and what the act_*.c files share; nobody outside
 * of the assistant includes it.
 *
 * An action's function (ActFn) does what the intent asks for, writes what it did into t->said and
 * what the conversation is about now into t->d. It returns false with *t->err when nothing was
 * done; of what a person can be told (not found, not valid, in conflict) the assistant makes an
 * answer. Threads: a turn is one thread's. */
#ifndef SOTTO_ASSISTANT_ACT_H
#define SOTTO_ASSISTANT_ACT_H

#include "assistant/dialogue.h"

typedef struct {
    Assistant *x;
    const AssistantParts *parts;
    const Uuid *owner;
    unsigned worker;
    Arena *a;
    Err *err;
    int64_t now;
    const Zone *zone;
    Str text;            /* what was said */
    Uuid said_id;        /* its message's; nil: it is not kept */
    Intent intent;
    Dialogue d;
    AssistantReply *reply;
    Buf said;
    bool asked;          /* a question was asked back: what waits for it stays */
    bool withheld;       /* a secret was said: what was said is answered and not kept */
    bool recalled;       /* the answer was given before: it is not the new "last answer" */
    const AssistantRequest *request;
    bool goes_on;        /* the conversation was there before */
} Turn;

typedef bool ActFn(Turn *t);

#define SLOT(t, which) ((t)->intent.slot[which].text)

/* Appends to the answer. */
void turn_say(Turn *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool turn_no_memory(Turn *t);
/* Gives on what was just appended to the answer and will not change; false: nobody listens. */
bool turn_show(Turn *t, Str piece);
/* The first thing the words say about time; false: nothing. */
bool turn_when(Turn *t, Str words, WhenPrefer prefer, When *out);
/* [from, until) of the day, week, ... that the TIME slot names; of none, of the day of today.
 * *name is how to say it: "today", "this week", "on Friday 27 November". */
typedef struct {
    int64_t from, until; /* TASK_NO_TIME: open */
    Str name;
    bool said;           /* a time was said */
} Span;
bool turn_span(Turn *t, WhenPrefer prefer, Span *out);
/* Asks back: what is said stands in t->said already. The intent waits for the answer. */
void turn_ask(Turn *t, IntentAwait what);
/* The intent that waited, with its slots, as the turn's own. */
bool turn_resume(Turn *t);
/* Remembers a task as "it", and in the reply. */
void turn_about(Turn *t, const Uuid *task);
/* Nothing is asked any more. */
void turn_settle(Turn *t);
ActFn *act_of(IntentAction action);

/* The one task that is meant. FOUND: it is in *out. ASKED: the person was asked or told, and the
 * turn is over. FAILED: *t->err. */
typedef enum { PICK_FAILED, PICK_ASKED, PICK_FOUND } Pick;
Pick pick_task(Turn *t, TaskStatus wanted, unsigned kinds, Task *out);
/* "Which one do you mean?", or of one task "Do you mean ...?": what waits is the turn's intent. */
Pick ask_which(Turn *t, const Task *tasks, size_t n, uint64_t total);
/* What was heard names one of the tasks that were asked about: it is the choice. False: *t->err. */
bool pick_chosen(Turn *t);
#define KIND_BIT(kind) (1u << (kind))
#define KINDS_TASKS (KIND_BIT(TASK_TODO) | KIND_BIT(TASK_REMINDER))
#define KINDS_ANY (KINDS_TASKS | KIND_BIT(TASK_TIMER) | KIND_BIT(TASK_ALARM))
/* "call the bank, tomorrow at 09:00" */
void say_task(Turn *t, const Task *task);
/* A line each, numbered when there are several; what is listed can be meant by its number. */
void say_tasks(Turn *t, const Task *tasks, size_t n, uint64_t total);
/* What is due, and what is in the calendars, in [from, until); and both said, a line each. */
bool schedule_tasks(Turn *t, int64_t from, int64_t until, TaskPage *page);
bool schedule_events(Turn *t, int64_t from, int64_t until, Agenda *out);
void say_schedule(Turn *t, const Agenda *events, const TaskPage *tasks, bool with_days);
/* Deletes the tasks that were listed, after the person said yes. */
bool delete_listed(Turn *t);

/* Facts of the person's that answer the question, when it asks for nothing else; answered false:
 * none does (then nothing was said). */
bool memory_answer(Turn *t, Str question, bool *answered);
/* Before the intent is acted on: facts that are told in passing are kept, secrets are declined, and
 * what asks for a fact is answered. */
bool memory_overhear(Turn *t, bool *done);
/* What the person wants changed, understood by the language model, when there is one and no rule
 * is sure of all that was said. done false: nothing was changed, and nothing was said. */
bool act_model(Turn *t, bool *done);
/* The sentence of the documents that answers; answered false: nothing does. `looked_for` finds the
 * passages (a question that follows another needs the words of both), `question` the sentence. */
bool answer_find(Turn *t, Str looked_for, Str question, const Uuid *within, size_t n_within,
                 bool *answered);
/* Of a question that only makes sense with the one before: the document that answered that one
 * (NULL: none did), or another that answers clearly better. */
bool answer_follow(Turn *t, Str looked_for, Str question, const Uuid *before, bool *answered);

/* The same by the language model, when there is one: out of all documents and facts. What goes
 * wrong with it is a note of the reply, and answered false. */
bool answer_model(Turn *t, Str looked_for, Str question, bool *answered);
/* A question as words, without the language of searches; ptr NULL: no memory. */
Str answer_plain_words(Arena *a, Str question);
/* Something else was asked for than the action thought: when the documents answer, in place of what
 * was said so far. */
bool ask_documents(Turn *t);

ActFn act_task_add, act_task_complete, act_task_reopen, act_task_move, act_task_snooze,
    act_task_delete, act_task_rename, act_task_priority, act_task_list, act_task_show,
    act_list_update, act_list_show;
ActFn act_timer_start, act_timer_left, act_timer_cancel, act_alarm_set, act_alarm_remove, act_time,
    act_date, act_agenda, act_calendar_add, act_calendar_remove;
ActFn act_remember, act_forget, act_memory_list, act_note_add;
ActFn act_question, act_search, act_show_source, act_changes, act_trends, act_briefing;
ActFn act_stop, act_repeat, act_cancel, act_undo, act_yes, act_no, act_select, act_supply, act_help,
    act_talk, act_refuse, act_unknowable;

/* assistant.c: for ready.c. */
const Intents *assistant_intents(const Assistant *x);

#endif
