/* What a language model may write and a document may hold: sentence, title, text and question, with
 * a line of "----" between them. A proof lies within the text, and a number that stands nowhere is
 * never proven. */
#include <stdlib.h>

#include "assistant/ground.h"

static Str next(Str *rest)
{
    size_t at = str_find(*rest, STR("\n----\n"), 0);
    Str one = str_sub(*rest, 0, at);
    *rest = at == SIZE_MAX ? STR("") : str_sub(*rest, at + 6, rest->len);
    return one;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char other[400];
    Grounding g = {0};
    size_t own, there;
    if (size > 1 << 14)
        return 0;
    Str rest = str_mem((const char *)data, size);
    Str sentence = next(&rest), title = next(&rest), text = next(&rest), question = next(&rest);
    if (ground_holds(sentence, title, text, question, &g) &&
        (g.start >= g.end || g.end > text.len || !(g.share >= 0.5F && g.share <= 1)))
        abort();
    (void)ground_names(sentence, text);
    (void)ground_says_nothing(sentence);
    ground_words(sentence, text, &own, &there);
    if (there > own)
        abort();
    if (sentence.len < 300 && str_find(text, STR("7391"), 0) == SIZE_MAX &&
        str_find(title, STR("7391"), 0) == SIZE_MAX) {
        size_t n = 0;
        for (; n < sentence.len; n++)
            other[n] = sentence.ptr[n];
        for (const char *more = " 7391 horses"; *more; more++)
            other[n++] = *more;
        /* Commas and points between digits make another number of it. */
        Str with = str_mem(other, n);
        bool digit = sentence.len && sentence.ptr[sentence.len - 1] >= '0' &&
                     sentence.ptr[sentence.len - 1] <= '9';
        if (!digit && str_find(text, STR("7"), 0) == SIZE_MAX &&
            str_find(title, STR("7"), 0) == SIZE_MAX &&
            ground_holds(with, title, text, question, &g))
            abort();
    }
    return 0;
}
