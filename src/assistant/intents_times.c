/* intents_times.c - which words of a sentence say when: runs of words of time that hold something
 * which makes a time by itself. Generous about the words between, strict about what a run needs, so
 * that "buy two eggs", "the second floor" and "I may call" have none. */
#include "assistant/intents_slots.h"

static bool is(const Reading *r, size_t i, const char *list)
{
    if (i >= r->words.n)
        return false;
    Str rest = str_of(list), word;
    while (str_next(&rest, ' ', &word) && word.ptr)
        if (str_eq(r->words.word[i].text, word))
            return true;
    return false;
}

static unsigned class_of(const Reading *r, size_t i)
{
    return i < r->words.n ? matcher_class(r->matcher, &r->words.word[i]) : 0;
}

/* "a", "half", "of" are numbers only inside durations. */
static bool counts(const Reading *r, size_t i)
{
    return class_of(r, i) & WORD_NUMBER && !is(r, i, "and of point more extra another");
}

static bool cardinal(const Reading *r, size_t i)
{
    return counts(r, i) && !is(r, i, "a an couple few first second third");
}

/* "5/12", "2026-12-05": numbers joined by what joins dates. */
static bool joined(const Reading *r, size_t i)
{
    if (i + 1 >= r->words.n || !(class_of(r, i) & WORD_NUMBER) ||
        !(class_of(r, i + 1) & WORD_NUMBER))
        return false;
    const SentenceWord *w = &r->words.word[i];
    char between = w->end < r->sentence.len ? r->sentence.ptr[w->end] : ' ';
    return w[1].start == w->end + 1 && (between == '/' || (between == '-' && w->text.len == 4));
}

/* Word i makes a time where it stands. */
static bool makes_time(const Reading *r, size_t i)
{
    const char *before_day = "this next last every each coming same other following past";
    bool at_end =
        i + 1 >= r->words.n || is(r, i + 1, "to about that for remind and instead i of at");
    if (class_of(r, i) & WORD_TIME_CORE || joined(r, i))
        return true;
    if (class_of(r, i) & WORD_UNIT && i > 0) {
        if (is(r, i - 1, before_day) || is(r, i - 1, "the"))
            return is(r, i - 1, before_day) || (i > 2 && is(r, i - 2, "of"));
        size_t k = i;
        while (k > 0 && class_of(r, k - 1) & WORD_NUMBER)
            k--;
        return k < i && (is(r, i + 1, "from ago later before earlier early") ||
                         (k > 0 && is(r, k - 1, "in within after every by")));
    }
    if (is(r, i, "may march mon sat sun spring summer autumn winter"))
        return (i > 0 && (is(r, i - 1, "in of by next last this until till since on") ||
                          (cardinal(r, i - 1)))) ||
               (cardinal(r, i + 1));
    if (is(r, i, "lunch dinner breakfast work school"))
        return i > 0 && is(r, i - 1, "after before");
    if (!cardinal(r, i) || i == 0)
        return false;
    if (is(r, i - 1, "past") && i > 1 && cardinal(r, i - 2))
        return true;
    if (is(r, i - 1, "at by before until till around"))
        return !(class_of(r, i + 1) & WORD_UNIT);
    return is(r, i - 1, "the") && i > 1 && is(r, i - 2, "on by until till before for") && at_end;
}

/* May word i stand in a run of a time? */
static bool belongs(const Reading *r, size_t i)
{
    return class_of(r, i) & (WORD_TIME | WORD_UNIT) || (class_of(r, i) & WORD_NUMBER);
}

/* Words that a time does not begin with, and that it does not end with. */
static bool loose_start(const Reading *r, size_t i)
{
    if (is(r, i, "early late earlier") && is(r, i + 1, "on at by in next this today tomorrow"))
        return true;
    return is(r, i,
              "of and to a an the m p now other one more extra work school lunch from past start "
              "coming") &&
           !(is(r, i, "the a an") && class_of(r, i + 1) & (WORD_UNIT | WORD_NUMBER));
}

static bool loose_end(const Reading *r, size_t i)
{
    return is(r, i,
              "at on by before after in within until till from to the this next every other "
              "each around of and a an due last early another more extra");
}

void reading_mark_times(Reading *r)
{
    size_t n = r->words.n;
    memset(r->timed, 0, sizeof r->timed);
    for (size_t i = 0; i < n; i++) {
        if (r->timed[i] || !makes_time(r, i))
            continue;
        size_t from = i, to = i + 1;
        while (from > 0 && !r->timed[from - 1] && belongs(r, from - 1))
            from--;
        while (to < n && belongs(r, to))
            to++;
        while (from < i &&
               (loose_start(r, from) || (cardinal(r, from) && !makes_time(r, from) &&
                                         is(r, from + 1, "due on at by before after until"))))
            from++;
        while (to > i + 1 &&
               (loose_end(r, to - 1) ||
                (cardinal(r, to - 1) && !makes_time(r, to - 1) && !cardinal(r, to - 2) &&
                 !is(r, to - 2,
                     "the of "
                     "january february march april may june july august september october "
                     "november december monday tuesday wednesday thursday friday saturday "
                     "sunday tomorrow today past to noon"))))
            to--;
        /* "the 6 o'clock news", "my 7 am call": which news, not when */
        bool which = is(r, from, "the my our") || (from > 0 && is(r, from - 1, "the my our a an"));
        bool noun =
            to < n && !is(r, to, "to about that for remind and i or when if because from with");
        for (size_t k = from; k < to && !(which && noun); k++)
            r->timed[k] = true;
    }
}
