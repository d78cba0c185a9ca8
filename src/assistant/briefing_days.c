/* briefing_days.c - birthdays and anniversaries out of memory, and what the person is called.
 *
 *   facts whose subject ends in "birthday" or "anniversary" -> day and month of their value
 *     -> the next time, when it is within a week */
#include "assistant/briefing_int.h"

#include <stdio.h>

#include "assistant/memory.h"
#include "base/clock.h"
#include "text/dates.h"

#define LOOKED_AT 200 /* facts of one kind */

/* "the 14th of August" -> "14 August"; "3. Mai" as it is. */
static void plain_date(Str value, Buf *out)
{
    Str rest = value, word;
    while (str_next(&rest, ' ', &word)) {
        bool ordinal = word.len > 2 && word.ptr[0] >= '0' && word.ptr[0] <= '9' &&
                       (str_ends(word, STR("th")) || str_ends(word, STR("st")) ||
                        str_ends(word, STR("nd")) || str_ends(word, STR("rd")));
        if (str_eq_nocase(word, STR("the")) || str_eq_nocase(word, STR("of")) ||
            str_eq_nocase(word, STR("on")) || str_eq_nocase(word, STR("am")))
            continue;
        if (ordinal)
            word.len -= 2;
        (void)buf_printf(out, "%s" STR_FMT, out->len ? " " : "", STR_ARG(word));
    }
}

/* Day and month of "3 May", "May 3rd", "3. Mai", "3.5.", "1980-05-03". A leap year stands in for
 * the one that is not said. */
static bool day_of(Str value, int *month, int *day)
{
    static const char *const forms[] = {"%s", "%s 2024", "%s, 2024", "%s2024"};
    Buf plain, text;
    bool found = false;
    buf_init(&plain, 4096);
    plain_date(value, &plain);
    for (size_t i = 0; i < sizeof forms / sizeof *forms && !found && buf_ok(&plain); i++) {
        size_t at = 0, start, end;
        DocDate d;
        buf_init(&text, 4096);
        const char *tail = forms[i] + 2;
        (void)buf_add(&text, buf_str(&plain));
        (void)buf_add_c(&text, tail);
        found = buf_ok(&text) && date_next(buf_str(&text), DATE_DAY_FIRST, &at, &start, &end, &d);
        if (found) {
            *month = d.month;
            *day = d.day;
        }
        buf_release(&text);
    }
    buf_release(&plain);
    return found;
}

static bool is_leap(int y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

/* Midnight of the next such day, today's as well; 29 February is 28 where there is none. */
static int64_t next_time(const BriefingBuild *b, int month, int day, int64_t *days)
{
    Civil now = zone_civil(b->zone, b->as_of);
    int64_t today = clock_days_from_civil(now.year, now.month, now.day);
    for (int y = now.year;; y++) {
        int d = month == 2 && day == 29 && !is_leap(y) ? 28 : day;
        *days = clock_days_from_civil(y, month, d) - today;
        if (*days >= 0) {
            Civil c = {y, month, d, 0, 0, 0};
            return zone_instant(b->zone, &c, NULL);
        }
    }
}

/* "my daughter's birthday" -> "Your daughter's birthday (Mia)" */
static bool title_of(BriefingBuild *b, Str subject, Str *out)
{
    Str rest = str_sub(subject, 3, subject.len), whose = STR(""), name = STR("");
    size_t at = str_find(rest, STR("'s "), 0);
    if (at != SIZE_MAX) {
        FactPage page;
        FactQuery q = {.limit = 1};
        whose = arena_printf(b->a, "my " STR_FMT, STR_ARG(str_sub(rest, 0, at)));
        q.subject = whose;
        if (!whose.ptr)
            return brief_no_memory(b);
        if (!store_fact_list(b->store, b->owner, &q, b->a, &page, b->err))
            return false;
        if (page.n && !str_starts(page.items[0].value, STR("no")))
            name = page.items[0].value;
    }
    *out = name.len ? arena_printf(b->a, "Your " STR_FMT " (" STR_FMT ")", STR_ARG(rest),
                                   STR_ARG(name))
                    : arena_printf(b->a, "Your " STR_FMT, STR_ARG(rest));
    return out->ptr || brief_no_memory(b);
}

static bool add(BriefingBuild *b, const Fact *f, BriefingItem *out, size_t *n)
{
    int month, day;
    int64_t days;
    if (!str_starts(f->subject, STR("my ")) || !day_of(f->value, &month, &day))
        return true;
    int64_t at = next_time(b, month, day, &days);
    if (days > BRIEF_AHEAD_DAYS)
        return true;
    BriefingItem *i = &out[*n];
    *i = (BriefingItem){.at = at, .sources = ARENA_NEW(b->a, BriefingSource), .n_sources = 1};
    Str when = brief_when(b, at, false), told = brief_when(b, f->updated_at, false);
    if (!when.ptr || !told.ptr || !i->sources)
        return brief_no_memory(b);
    i->sources[0] = (BriefingSource){BRIEFING_OF_FACT, f->id, f->text, STR("memory")};
    i->reason = arena_printf(b->a, STR_FMT "; you told me " STR_FMT, STR_ARG(when), STR_ARG(told));
    ++*n;
    return title_of(b, f->subject, &i->text) && (i->reason.ptr || brief_no_memory(b));
}

bool brief_days(BriefingBuild *b, BriefingItem *out, size_t max, size_t *n)
{
    static const char *const kinds[] = {"birthday", "anniversary"};
    *n = 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        FactPage page;
        FactQuery q = {.subject_suffix = str_of(kinds[k]), .limit = LOOKED_AT};
        if (!store_fact_list(b->store, b->owner, &q, b->a, &page, b->err))
            return false;
        for (size_t i = 0; i < page.n && *n < max; i++)
            if (!add(b, &page.items[i], out, n))
                return false;
    }
    return true;
}

bool brief_greeting(BriefingBuild *b, Buf *out)
{
    Str name;
    Civil c = zone_civil(b->zone, b->as_of);
    if (!memory_name(b->store, b->owner, b->a, &name, b->err))
        return false;
    if (name.len == 0)
        return true;
    int next = c.hour < 12 ? 12 : c.hour < 18 ? 18 : 24;
    Civil then = {c.year, c.month, c.day, next, 0, 0};
    brief_changes_at(b, zone_instant(b->zone, &then, NULL));
    (void)buf_printf(out, "Good %s, " STR_FMT ". ",
                     c.hour < 12 ? "morning" : c.hour < 18 ? "afternoon" : "evening",
                     STR_ARG(name));
    return true;
}
