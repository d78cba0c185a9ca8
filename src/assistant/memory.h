/* memory.h - facts about the person: heard in what they say, kept, replaced, found again.
 *
 *   what is said -> sentences -> a rule of the table (memory_rules.h) -> subject, value
 *     -> no secret (secrets.h) -> store: a newer fact ends the one of its subject
 *
 * A subject is what can hold once: "my manager", "i live", "i am allergic to nuts". It is in
 * English whatever language was spoken, so that "Ich wohne in Graz" replaces "I live in Linz".
 * Facts whose subjects differ stand beside each other. docs/ASSISTANT.md has the table and how
 * often it is right.
 *
 * Threads: functions of their arguments; those that take a store block. */
#ifndef SOTTO_ASSISTANT_MEMORY_H
#define SOTTO_ASSISTANT_MEMORY_H

#include "base/arena.h"
#include "store/talk.h"

#define MEMORY_HEARD 8 /* facts of one message */

typedef struct {
    Str text;    /* the person's words: "I live in Graz" */
    Str subject; /* "i live" */
    Str value;   /* "Graz"; of what ended: "no longer vegetarian" */
    bool german; /* what it was said in */
} MemoryHeard;

/* Facts about the person that `said` states in passing: at most MEMORY_HEARD. Nothing for
 * questions, commands, suppositions, quotations and what other people are said to be. *secret: the
 * person tells a password, PIN or the like. False without memory. */
bool memory_hear(Str said, Arena *a, MemoryHeard *out, size_t *n, bool *secret);

/* Subject and value of a fact that is to be kept because somebody asked for it: by the rules, else
 * "my bike is in the cellar" -> "my bike", "in the cellar". False, with both empty, when the words
 * have no such shape. */
bool memory_split(Str text, Arena *a, Str *subject, Str *value);

/* Sets text, subject and value of a fact from a person's words. ERR_VALIDATION for what looks like
 * a password, key or card number: secrets are not stored. */
bool memory_fact(Str text, Arena *a, Fact *io, Err *err);
/* Keeps a fact; refuses what memory_fact does. *replaced (may be NULL): the fact it took the place
 * of, nil when none. */
bool memory_remember(Store *s, const Uuid *owner, Str text, Str source, Arena *a, Fact *out,
    Uuid *replaced, Err *err);

/* The facts that a question is about, the most fitting first: those of the subjects that it names
 * and those that its form asks for ("where do I live?"). Some look-ups by subject, however many
 * facts there are. For a language model's prompt as well. */
bool memory_find(Store *s, const Uuid *owner, Str question, size_t limit, Arena *a, FactPage *out,
    Err *err);
/* The question with what the person calls people in place of their relation: "When does my manager
 * want the report?" -> "When does Dana want the report?". *out is `question` itself when there is
 * none. */
bool memory_resolve(Store *s, const Uuid *owner, Str question, Arena *a, Str *out, Err *err);
/* What the person wants to be called; empty when they never said. */
bool memory_name(Store *s, const Uuid *owner, Arena *a, Str *out, Err *err);

#endif
