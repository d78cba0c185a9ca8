/* sq_talk.h - what conversations and facts share: the words that their lists look in.
 * Threads: as sq.h. */
#ifndef SOTTO_STORE_SQLITE_SQ_TALK_H
#define SOTTO_STORE_SQLITE_SQ_TALK_H

#include "store/sqlite/sq.h"
#include "store/talk.h"

/* Words of a text as sessions.words, messages.words and facts.words keep them. */
bool sq_talk_words(Sqlite *s, Str text, Arena *a, Str *out, Err *err);
/* Adds " AND <condition>" for every word of q; each question mark in the condition is the word. Of
 * nothing but punctuation: what finds nothing. */
bool sq_talk_where_words(SqConn *c, SqWhere *w, Str q, const char *condition, Err *err);
/* "A.B", two numbers; ERR_VALIDATION for a cursor of another list. */
bool sq_talk_cursor(Str text, int64_t *key, int64_t *no, Err *err);
bool sq_talk_no_memory(Err *err);
/* For sq_check: one call a finding. False when it could not be looked. */
typedef void (*SqFindingFn)(void *arg, const char *line);
bool sq_talk_check(SqConn *c, SqFindingFn fn, void *arg, Err *err);

#endif
