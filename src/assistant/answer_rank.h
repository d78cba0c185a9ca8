/* answer_rank.h - which of the likeliest sentences answers; as few are embedded as will do.
 *
 * Nine tenths of what a question costs is the encoder. A sentence's score is what its words give
 * plus 0.5 and 0.3 of its two cosines with the question (alone; with title and sentence before).
 * Their mean is foreseen from what is known before, by least squares over 10,387 sentences of 679
 * questions to six collections:
 *
 *   mean ~ 0.03 + 0.62 s + 0.24 w + 0.02 v + 0.107 s w + 0.01 min(bytes, 300) / 100
 *     s: the passage's similarity, w, v: share of the question's words in it, with its neighbours
 *   residuals: 0.08; 99 in 100 below 0.18
 *
 * Sentences are embedded a few at a time, those that could score highest first, and it ends when
 * none that is left could be better than the best, or good enough, by more than that. Asked both
 * ways, 698 questions to seven collections were answered alike, word for word; with 212 tokens a
 * question where all of them have 980 (these with weights of 0.5 and 0.5).
 *
 * Threads: any; `worker` as for search_embed. */
#ifndef SOTTO_ASSISTANT_ANSWER_RANK_H
#define SOTTO_ASSISTANT_ANSWER_RANK_H

#include "assistant/act.h"

#define ANSWER_RANKED 16         /* sentences at most */
#define ANSWER_NEXT_WITHIN 0.12F /* the next sentence comes along when it is so near to the best */

typedef struct {
    Str alone, there;     /* the sentence; with title and what stands before it */
    float words;          /* its score without the encoder */
    float similarity;     /* of its passage; below -1 or NaN: not known */
    float share, around;  /* of the question's words: in it, and in it and its neighbours */
    size_t next;          /* which of the list stands behind it; SIZE_MAX: none */
    bool compared;        /* out: it was embedded, and then: */
    float score;          /* out */
} AnswerCandidate;

typedef struct {
    Str question, looked_for; /* looked_for: with the words of the question before */
    float good;               /* what scores less is no answer */
} AnswerAsked;

/* `best` becomes the index of the best, SIZE_MAX when none can be as good as `good`. The one behind
 * the best is compared whenever it might come along. n <= ANSWER_RANKED. */
bool answer_rank(Turn *t, const AnswerAsked *asked, AnswerCandidate *list, size_t n, size_t *best);

#endif
