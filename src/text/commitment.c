#include "text/commitment.h"

#include "base/utf8.h"
#include "text/dates.h"
#include "text/letters.h"
#include "text/words.h"
#include "text/sentences.h"

#define LOOK_AT 200000u
#define TITLE_MAX 100u
#define TITLE_HOLDS 300u /* bytes: days with their hour among them are what the title speaks of */

/* A sign may be several words. The kinds stand in the order in which they are tried: "pay by the
 * deadline" is a payment. */
static const struct {
    const char *words;
    CommitmentKind kind;
} signs[] = {
    {"pay", COMMIT_PAYMENT},          {"payable", COMMIT_PAYMENT},
    {"payment", COMMIT_PAYMENT},      {"amount due", COMMIT_PAYMENT},
    {"transfer", COMMIT_PAYMENT},     {"instalment", COMMIT_PAYMENT},
    {"installment", COMMIT_PAYMENT},  {"direct debit", COMMIT_PAYMENT},
    {"will be debited", COMMIT_PAYMENT}, {"charged", COMMIT_PAYMENT},
    {"rent is due", COMMIT_PAYMENT},  {"fee", COMMIT_PAYMENT},
    {"expires", COMMIT_EXPIRY},       {"expire", COMMIT_EXPIRY},
    {"expiry", COMMIT_EXPIRY},        {"valid until", COMMIT_EXPIRY},
    {"valid through", COMMIT_EXPIRY}, {"renew", COMMIT_EXPIRY},
    {"renewal", COMMIT_EXPIRY},       {"renews", COMMIT_EXPIRY},
    {"ends on", COMMIT_EXPIRY},       {"ends", COMMIT_EXPIRY},
    {"runs until", COMMIT_EXPIRY},    {"runs out", COMMIT_EXPIRY},
    {"warranty ends", COMMIT_EXPIRY}, {"cancel", COMMIT_EXPIRY},
    {"terminate", COMMIT_EXPIRY},     {"notice period", COMMIT_EXPIRY},
    {"appointment", COMMIT_APPOINTMENT}, {"check-up", COMMIT_APPOINTMENT},
    {"checkup", COMMIT_APPOINTMENT},  {"inspection", COMMIT_APPOINTMENT},
    {"our technician", COMMIT_APPOINTMENT}, {"we will come", COMMIT_APPOINTMENT},
    {"will visit", COMMIT_APPOINTMENT}, {"arrival", COMMIT_APPOINTMENT},
    {"departure", COMMIT_APPOINTMENT}, {"check-in", COMMIT_APPOINTMENT},
    {"flight", COMMIT_APPOINTMENT},   {"see you", COMMIT_APPOINTMENT},
    {"we expect you", COMMIT_APPOINTMENT}, {"be there", COMMIT_APPOINTMENT},
    {"invited", COMMIT_APPOINTMENT},  {"invitation", COMMIT_APPOINTMENT},
    {"party", COMMIT_APPOINTMENT},    {"birthday", COMMIT_APPOINTMENT},
    {"wedding", COMMIT_APPOINTMENT},  {"concert", COMMIT_APPOINTMENT},
    {"meeting", COMMIT_MEETING},      {"we meet", COMMIT_MEETING},
    {"conference", COMMIT_MEETING},   {"parents' evening", COMMIT_MEETING},
    {"workshop", COMMIT_MEETING},     {"interview", COMMIT_MEETING},
    {"call with", COMMIT_MEETING},    {"deadline", COMMIT_DEADLINE},
    {"due", COMMIT_DEADLINE},         {"submit", COMMIT_DEADLINE},
    {"hand in", COMMIT_DEADLINE},     {"return", COMMIT_DEADLINE},
    {"respond", COMMIT_DEADLINE},     {"reply", COMMIT_DEADLINE},
    {"answer", COMMIT_DEADLINE},      {"register", COMMIT_DEADLINE},
    {"sign", COMMIT_DEADLINE},        {"send", COMMIT_DEADLINE},
    {"bring", COMMIT_DEADLINE},       {"deliver", COMMIT_DEADLINE},
    {"finish", COMMIT_DEADLINE},      {"complete", COMMIT_DEADLINE},
    {"confirm", COMMIT_DEADLINE},     {"decide", COMMIT_DEADLINE},
    {"book", COMMIT_DEADLINE},        {"order", COMMIT_DEADLINE},
    {"apply", COMMIT_DEADLINE},       {"no later than", COMMIT_DEADLINE},
    {"at the latest", COMMIT_DEADLINE}, {"must", COMMIT_DEADLINE},
    {"have to", COMMIT_DEADLINE},     {"has to", COMMIT_DEADLINE},
};
static const char *const obliging[] = {"must", "have to", "has to", "please", "no later than",
    "at the latest", "required", "due", "deadline", "need to", "needs to", "shall", "until", "by",
    "before", "expires", "reminder", "will be debited", "don't forget", "do not forget"};
static const char *const over[] = {"was paid", "were paid", "has been paid", "have been paid",
    "paid by card", "already paid", "has been", "have been", "was sent", "was made", "was held",
    "took place", "cancelled", "canceled", "no longer", "was due", "were due", "thank you for"};
static const char *const to_reader[] = {"you", "your", "please", "we", "our", "us", "i"};
#define LEN(list) (sizeof(list) / sizeof *(list))

static const char *const kind_names[] = {"deadline", "payment", "appointment", "meeting",
                                         "expiry"};
_Static_assert(LEN(kind_names) == COMMIT_KINDS, "one name a kind");

const char *commitment_kind_name(CommitmentKind k)
{
    return kind_names[k];
}

static bool has_sign(Str s, CommitmentKind *kind)
{
    for (size_t i = 0; i < LEN(signs); i++)
        if (words_has(s, signs[i].words)) {
            *kind = signs[i].kind;
            return true;
        }
    return false;
}

/* Printed, or a day's or month's name: "today" and "within a week" say nothing in a paper that is
 * read later. */
static bool is_calendar_day(Str s)
{
    static const char *const names[] = {"monday", "tuesday", "wednesday", "thursday", "friday",
        "saturday", "sunday", "january", "february", "march", "april", "may", "june", "july",
        "august", "september", "october", "november", "december", "jan", "feb", "mar", "apr",
        "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec"};
    size_t at = 0, start, end;
    DocDate date;
    return words_has_any(s, names, LEN(names)) ||
           date_next(s, DATE_DAY_FIRST, &at, &start, &end, &date);
}

/* The first time that is a day: hours alone, months and years bind nobody. */
static bool find_day(Str s, const WhenContext *c, When *out)
{
    When w[8];
    size_t n = when_find(s, c, w, 8);
    for (size_t i = 0; i < n; i++)
        if (w[i].dated && w[i].grain <= GRAIN_DAY && w[i].kind != WHEN_DURATION &&
            w[i].kind != WHEN_RECURRENCE && w[i].kind != WHEN_OPEN_AFTER &&
            is_calendar_day(str_sub(s, w[i].start, w[i].end))) {
            *out = w[i];
            return true;
        }
    return false;
}

static bool has_digit(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (letter_is_digit((unsigned char)s.ptr[i]))
            return true;
    return false;
}

/* `signed_by`: what a day with its hour belongs to; empty: nothing. */
static bool judge(Str s, Str signed_by, const WhenContext *c, Commitment *out)
{
    When w;
    if (s.len > COMMITMENT_SENTENCE_MAX || words_has_any(s, over, LEN(over)))
        return false;
    bool own = has_sign(s, &out->kind);
    if ((!own && (signed_by.len == 0 || !has_sign(signed_by, &out->kind))) ||
        !find_day(s, c, &w) || (!own && !w.timed) || !when_moment(c, &w, &out->due_ms))
        return false;
    bool exact = has_digit(str_sub(s, w.start, w.end));
    out->timed = w.timed;
    bool obliges = !own || words_has_any(s, obliging, LEN(obliging));
    out->strength = 0.4 + (obliges ? 0.2 : 0) + (exact ? 0.2 : 0) +
                    (words_has_money(s) ? 0.1 : 0) +
                    (words_has_any(s, to_reader, LEN(to_reader)) ? 0.1 : 0);
    return true;
}

size_t commitment_find(Str text, Str title, const WhenContext *c, double least, Commitment *out,
                       size_t max)
{
    size_t n = 0, at = 0, start, end, before = SIZE_MAX;
    text = str_sub(text, 0, utf8_floor(text, LOOK_AT));
    while (n < max && sentence_next(text, &at, &start, &end)) {
        Commitment found = {.start = (uint32_t)start, .end = (uint32_t)end};
        Str s = str_sub(text, start, end), by = start < TITLE_HOLDS ? title : STR("");
        bool led = before != SIZE_MAX && end - before <= COMMITMENT_SENTENCE_MAX;
        if (judge(s, led ? str_sub(text, before, start) : by, c, &found) &&
            found.strength >= least - 1e-9) {
            if (led)
                found.start = (uint32_t)before;
            out[n++] = found;
        }
        before = s.len && s.ptr[s.len - 1] == ':' ? start : SIZE_MAX;
    }
    return n;
}

Str commitment_title(Str s, Str document_title)
{
    static const char *const leads[] = {"this is a reminder of", "this is a reminder that",
        "we remind you of", "please", "reminder:", "reminder", "note:", "important:", "attention:",
        "action:", "todo:", "to do:", "-", "*", "[ ]", "\xE2\x80\xA2", "and", "so"};
    CommitmentKind kind;
    s = str_trim(s);
    if (document_title.len && !has_sign(s, &kind))
        s = str_trim(document_title);
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < LEN(leads); i++) {
            Str lead = str_of(leads[i]);
            if (s.len > lead.len + 1 && str_eq_nocase(str_sub(s, 0, lead.len), lead) &&
                (s.ptr[lead.len] == ' ' || s.ptr[lead.len] == ',')) {
                s = str_trim(str_sub(s, lead.len + 1, s.len));
                more = true;
            }
        }
    }
    size_t line = str_find(s, STR("\n\n"), 0);
    if (line != SIZE_MAX)
        s.len = line;
    if (s.len > TITLE_MAX) {
        size_t cut = utf8_floor(s, TITLE_MAX);
        while (cut > TITLE_MAX / 2 && s.ptr[cut] != ' ' && s.ptr[cut] != '\n')
            cut--;
        s.len = cut;
    }
    while (s.len && strchr(".:!;, ", s.ptr[s.len - 1]))
        s.len--;
    return s;
}
