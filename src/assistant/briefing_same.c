/* briefing_same.c - whether two lines are about one duty.
 *
 *   line -> without what it says about time -> embedding        ("Please pay the invoice.")
 *   same: due on the same day (at the same time, when both have one), and
 *         the same words, or a cosine of 0.66 and neither numbers nor names that contradict
 *
 * The date is taken out because it would make everything alike that is due on one day;
 * docs/BRIEFING.md has what was measured. */
#include "assistant/briefing_int.h"

#include <ctype.h>

#include "base/clock.h"
#include "text/when.h"
#include "text/words.h"

#define SAME 0.66f
#define TIMES 12 /* of one line */

int64_t brief_days_between(BriefingBuild *b, int64_t ms)
{
    Civil c = zone_civil(b->zone, ms), now = zone_civil(b->zone, b->as_of);
    return clock_days_from_civil(c.year, c.month, c.day)
        - clock_days_from_civil(now.year, now.month, now.day);
}

/* "Return the form by Friday, 27 November" -> "Return the form"; what says nothing else stays. */
Str brief_duty(BriefingBuild *b, Str text)
{
    static const char *const languages[] = {"en", "de"};
    Str rest = text;
    for (size_t k = 0; k < sizeof languages / sizeof *languages; k++) {
        When w[TIMES];
        WhenContext c = {.now_ms = b->as_of, .zone = b->zone,
            .day_first = tasks_day_first(b->tasks), .language = str_of(languages[k])};
        size_t n = when_find(rest, &c, w, TIMES), at = 0;
        Buf out;
        buf_init(&out, 64 << 10);
        for (size_t i = 0; i < n; i++) {
            (void)buf_add(&out, str_sub(rest, at, w[i].start));
            at = w[i].end;
        }
        (void)buf_add(&out, str_sub(rest, at, rest.len));
        rest = arena_buf(b->a, &out);
        buf_release(&out);
        if (!rest.ptr)
            return rest;
    }
    while (rest.len && strchr(" .,:;!-\n", rest.ptr[rest.len - 1]))
        rest.len--;
    return str_trim(rest).len >= 3 ? str_trim(rest) : text;
}

/* ---- what contradicts ------------------------------------------------------------------------ */

typedef bool WordIs(Str text, size_t start, size_t end);

static bool is_number(Str text, size_t start, size_t end)
{
    uint64_t v;
    return str_to_u64(str_sub(text, start, end), &v);
}

/* A word with a capital that does not begin the line or a sentence. */
static bool is_name(Str text, size_t start, size_t end)
{
    size_t before = start;
    if (end - start < 2 || !isupper((unsigned char)text.ptr[start]) ||
        !islower((unsigned char)text.ptr[start + 1]))
        return false;
    while (before > 0 && strchr(" \n\"(*-", text.ptr[before - 1]))
        before--;
    return before > 0 && !strchr(".!?:", text.ptr[before - 1]);
}

/* "Lily's" has "Lily". */
static bool has_word(Str text, Str word)
{
    size_t at = 0, start, end;
    while (word_next(text, &at, &start, &end)) {
        Str one = str_sub(text, start, end);
        if (str_eq_nocase(one, word) ||
            (one.len == word.len + 2 && str_eq_nocase(str_sub(one, 0, word.len), word) &&
             str_ends(one, STR("'s"))))
            return true;
    }
    return false;
}

/* *any: x has such a word. True when y has one of them. */
static bool shares(Str x, Str y, WordIs *is, bool *any)
{
    size_t at = 0, start, end;
    *any = false;
    while (word_next(x, &at, &start, &end)) {
        if (!is(x, start, end))
            continue;
        *any = true;
        Str word = str_sub(x, start, end);
        if (str_ends(word, STR("'s")))
            word.len -= 2;
        if (has_word(y, word))
            return true;
    }
    return false;
}

/* Both name some, and none of the one is in the other: two invoices, two children. */
static bool contradict(Str x, Str y, WordIs *is)
{
    bool in_x, in_y;
    return !shares(x, y, is, &in_x) && in_x && !shares(y, x, is, &in_y) && in_y;
}

bool brief_same_duty(BriefingBuild *b, const BriefDuty *x, const BriefDuty *y)
{
    if ((x->at == TASK_NO_TIME) != (y->at == TASK_NO_TIME))
        return false;
    if (x->at != TASK_NO_TIME && (brief_days_between(b, x->at) != brief_days_between(b, y->at)
            || (x->timed && y->timed && x->at != y->at)))
        return false;
    if (str_eq_nocase(x->said, y->said) || (x->text.len && str_eq_nocase(x->text, y->text)))
        return true;
    return x->vector && y->vector && brief_likeness(x->vector, y->vector) >= SAME
        && !contradict(x->text, y->text, is_number) && !contradict(x->text, y->text, is_name);
}
