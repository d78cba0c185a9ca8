/* commitment.h - sentences that bind somebody to a date: what is to be paid, handed in, attended or
 * renewed, and until when.
 *
 *   text -> sentences -> a sign of duty and a date that is understood -> kind, date, strength
 *
 * A sentence counts when a sign (a word of the table) and a printed date or the name of a day stand
 * in it and nothing says that it is over ("was paid"). A line that is a day with its hour belongs
 * to the sentence before it that ends in a colon, or, among the first lines, to the title. Its
 * strength is 0.4 for the sign, 0.2 when it obliges ("must", "no later than", "please"), 0.2 for a
 * date with its day and month, 0.1 for a sum of money, 0.1 when it speaks to the reader;
 * docs/TASKS.md has the table and what it misses. Times are understood as of the text's own day
 * (WhenContext.now_ms).
 *
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_COMMITMENT_H
#define SOTTO_TEXT_COMMITMENT_H

#include "text/when.h"

typedef enum { COMMIT_DEADLINE, COMMIT_PAYMENT, COMMIT_APPOINTMENT, COMMIT_MEETING, COMMIT_EXPIRY,
    COMMIT_KINDS } CommitmentKind;
const char *commitment_kind_name(CommitmentKind k); /* "deadline", "payment", ... */

#define COMMITMENT_SENTENCE_MAX 500u /* bytes; longer ones are lists and tables */
#define COMMITMENT_STRONG 0.6        /* what is proposed */

typedef struct {
    CommitmentKind kind;
    uint32_t start, end; /* the sentence: text[start, end) */
    int64_t due_ms;      /* as when_moment */
    bool timed;
    double strength;     /* 0..1 */
} Commitment;

/* Those with at least `least` strength, in their order; at most `max` are written. Looks at the
 * first 200,000 bytes. Linear time but for when_find of the sentences that have a sign. */
size_t commitment_find(Str text, Str title, const WhenContext *c, double least, Commitment *out,
    size_t max);

/* What to call it as a task: the sentence without what leads to it ("Please", "Reminder:") and
 * without a full stop, cut at a word to at most 100 bytes; of a line that is only a day with its
 * hour, the document's title. Borrowed from one of the two. */
Str commitment_title(Str sentence, Str document_title);

#endif
