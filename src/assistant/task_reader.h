/* task_reader.h - a sentence that is being read as a task: what is understood is blanked in a copy,
 * so that offsets stay and what is left is the title. Internal to assistant/task_*.c.
 * Threads: a Reader has one owner. */
#ifndef SOTTO_ASSISTANT_TASK_READER_H
#define SOTTO_ASSISTANT_TASK_READER_H

#include "assistant/tasks_int.h"

#define SENTENCE_BLANK '\x01' /* what was understood: no character of a sentence */

typedef struct {
    Tasks *t;
    Arena *a;
    int64_t now;
    char *s; /* the copy that is blanked */
    const char *words; /* the sentence as it came */
    size_t len;
    TaskDraft *d;
    TaskAlarm alarms[TASK_MAX_ALARMS];
    size_t n_alarms;
    Str tags[TASK_MAX_TAGS];
    size_t n_tags;
    bool reminds; /* "remind me" began it */
    bool wakes;   /* "wake me" did */
} Reader;

/* Part of a word: a letter, a digit, an apostrophe, anything that is not ASCII. */
bool sentence_word_char(char c);
bool sentence_gap(char c); /* white space, or blanked */
size_t sentence_skip_gap(const Reader *r, size_t at);
/* The end of `phrase` (lower case) at `at`, where one space stands for any gap, whole words only;
 * SIZE_MAX: it is not there. */
size_t sentence_match(const Reader *r, size_t at, const char *phrase);
/* The first place of a phrase at or after `from`. */
bool sentence_find(const Reader *r, const char *phrase, size_t from, size_t *start, size_t *end);
void sentence_blank(Reader *r, size_t from, size_t to);

/* Each takes out what it understands. *day_before: the first alarm is "the day before" and its
 * like, a row of a table until sentence_day_before says what it is. */
void sentence_distances(Reader *r, bool *day_before);
int64_t sentence_day_before(const Reader *r, int64_t row);
void sentence_instants(Reader *r);
void sentence_tags(Reader *r);
void sentence_priority(Reader *r);

#endif
