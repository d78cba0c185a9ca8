/* understand.c - tags and summary; the title, the importance and the rest have files of their
 * own. */
#include "ingest/understand.h"

#include <math.h>

#include "text/keyphrase.h"

#define FIRST_WORD 1996 /* "the" in the vocabulary of BERT, uncased */
#define SUMMARY_WORDS 60

/* The encoder's vocabulary is sorted by frequency from its first word on ("the"): a word's number
 * says how rare it is. A word of several pieces is rare. */
static float rarity(void *model, Str word)
{
    uint32_t ids[3];
    if (minilm_tokenize(model, word, ids, NULL, 3) != 3 || ids[1] < FIRST_WORD)
        return 1;
    float r = (logf((float)(ids[1] - FIRST_WORD) + 50) - logf(50)) / (logf(20000) - logf(50));
    return r < 1 ? r : 1;
}

bool understand_phrases(const Extracted *e, Str title, const Minilm *model, Arena *a, Str **out,
                        size_t *n, Err *err)
{
    KeyphraseRarity r = {rarity, (void *)(uintptr_t)model};
    return keyphrase_find(e->text, title, e->marks, e->n_marks, model ? &r : NULL,
                          UNDERSTAND_PHRASES, a, out, n, err);
}

bool understand_tags(const Extracted *e, Str title, const Minilm *model, Arena *a, Str **out,
                     size_t *n, Err *err)
{
    if (!understand_phrases(e, title, model, a, out, n, err))
        return false;
    *n = *n < UNDERSTAND_TAGS ? *n : UNDERSTAND_TAGS;
    return true;
}

bool understand_summary(Summary *s, const float *vectors, Arena *a, Str *out, Err *err)
{
    SummaryOptions o = SUMMARY_DEFAULTS(SUMMARY_WORDS);
    return summary_write(s, vectors, MINILM_DIM, &o, a, out, err);
}
