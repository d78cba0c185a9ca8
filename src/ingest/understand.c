/* understand.c - tags and summary; the title, the importance and the rest have files of their
 * own. */
#include "ingest/understand.h"

#include "nn/minilm.h"
#include "text/keyphrase.h"

#define TAGS 8
#define SUMMARY_WORDS 60

bool understand_tags(const Extracted *e, Str title, Arena *a, Str **out, size_t *n, Err *err)
{
    return keyphrase_find(e->text, title, TAGS, a, out, n, err);
}

bool understand_summary(Summary *s, const float *vectors, Arena *a, Str *out, Err *err)
{
    SummaryOptions o = SUMMARY_DEFAULTS(SUMMARY_WORDS);
    return summary_write(s, vectors, MINILM_DIM, &o, a, out, err);
}
