/* intents_slots.c - see intents_slots.h. */
#include "assistant/intents_slots.h"

#include "assistant/intents_verbs.h"

/* Words [from, to) of the sentence. */
typedef struct {
    size_t from, to;
} Range;

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

static bool has(const Reading *r, const char *list)
{
    for (size_t i = 0; i < r->words.n; i++)
        if (is(r, i, list))
            return true;
    return false;
}

/* Nothing that was said lies between words i and i + 1 (a filler may have been left out). */
static bool adjoins(const Reading *r, size_t i)
{
    for (size_t at = r->words.word[i].end; at < r->words.word[i + 1].start; at++) {
        unsigned char c = (unsigned char)r->sentence.ptr[at];
        if (c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z'))
            return false;
    }
    return true;
}

static bool taken(const Reading *r, size_t i, int timed)
{
    return timed < 0 || (int)r->timed[i] == timed;
}

/* The sentence's own text of a range: words of times only (timed 1), all others (0) or all (-1). */
static bool value_of(const Reading *r, Range g, int timed, IntentValue *out, Err *err)
{
    Buf b;
    size_t last = SIZE_MAX;
    IntentValue v = {{NULL, 0}, 0, 0};
    buf_init(&b, (size_t)INTENTS_TEXT_MAX * 2);
    for (size_t i = g.from; i < g.to; i++) {
        if (!taken(r, i, timed))
            continue;
        const SentenceWord *w = &r->words.word[i];
        if (last == SIZE_MAX)
            v.start = w->start;
        else if (last + 1 == i && adjoins(r, last))
            buf_add(&b, str_sub(r->sentence, r->words.word[last].end, w->start));
        else
            buf_add_char(&b, ' ');
        buf_add(&b, str_sub(r->sentence, w->start, w->end));
        v.end = w->end;
        last = i;
    }
    /* a bracket that was opened in it */
    if (last != SIZE_MAX && v.end < r->sentence.len && r->sentence.ptr[v.end] == ')' &&
        str_find(buf_str(&b), STR("("), 0) != SIZE_MAX) {
        buf_add_char(&b, ')');
        v.end++;
    }
    bool ok = buf_ok(&b);
    if (ok && last != SIZE_MAX) {
        v.text = arena_buf(r->arena, &b);
        ok = v.text.ptr != NULL;
        *out = ok ? v : *out;
    }
    buf_release(&b);
    return ok || err_set(err, ERR_NO_MEMORY, "no memory for the parts of a sentence");
}

static Range range_of(const Captures *took, int slot)
{
    return (Range){took->from[slot], took->to[slot]};
}

/* ---- titles ---- */

/* Words that lead in and are no part of a title or of what is meant. */
static const char *const lead_ins[] = {"that i have to",
                                       "that i need to",
                                       "that i should",
                                       "that i must",
                                       "i have to",
                                       "i need to",
                                       "i have got to",
                                       "we need to",
                                       "we have to",
                                       "for me to",
                                       "to",
                                       "that",
                                       "about",
                                       "called",
                                       "named",
                                       "saying",
                                       "for",
                                       "of",
                                       "on"};
static const char *const lead_outs[] = {"as a task",
                                        "as a reminder",
                                        "to my list",
                                        "on my list",
                                        "to my tasks",
                                        "to my calendar",
                                        "on my calendar",
                                        "in my calendar",
                                        "on the calendar",
                                        "in my diary",
                                        "for me",
                                        "remind me",
                                        "so remind me",
                                        "and remind me",
                                        "remind me about it",
                                        "instead",
                                        "again",
                                        "too",
                                        "also"};
/* Left over where a time stood behind them. */
static const char *const dangling[] = {"and", "at", "by", "due", "for", "in", "on"};

static size_t stands_at(const Reading *r, Range g, size_t at, const char *phrase)
{
    Str rest = str_of(phrase), part;
    size_t n = 0;
    for (; str_next(&rest, ' ', &part) && part.ptr; n++)
        if (at + n >= g.to || r->timed[at + n] || !str_eq(r->words.word[at + n].text, part))
            return 0;
    return n;
}

static size_t words_in(const char *phrase)
{
    size_t n = 1;
    for (; *phrase; phrase++)
        n += *phrase == ' ';
    return n;
}

static Range trim_lead(const Reading *r, Range g)
{
    for (bool again = true; again;) {
        again = false;
        while (g.from < g.to && r->timed[g.from])
            g.from++;
        while (g.to > g.from && r->timed[g.to - 1])
            g.to--;
        if (g.to - g.from > 1 && g.to < r->words.n && r->timed[g.to] &&
            str_in_sorted(r->words.word[g.to - 1].text, dangling,
                          sizeof dangling / sizeof *dangling)) {
            g.to--;
            again = true;
        }
        for (size_t i = 0; i < sizeof lead_ins / sizeof *lead_ins && !again; i++) {
            size_t n = stands_at(r, g, g.from, lead_ins[i]);
            again = n > 0 && g.from + n < g.to;
            g.from += again ? n : 0;
        }
        for (size_t i = 0; i < sizeof lead_outs / sizeof *lead_outs && !again; i++) {
            size_t n = words_in(lead_outs[i]);
            again = g.to - g.from > n && stands_at(r, g, g.to - n, lead_outs[i]) == n;
            g.to -= again ? n : 0;
        }
    }
    return g;
}

/* ---- references ---- */

static int number_of(const Reading *r, size_t i)
{
    static const char *const numbers[] = {"one", "two",   "three", "four", "five",
                                          "six", "seven", "eight", "nine", "ten"};
    uint64_t n;
    for (int k = 0; k < 10; k++)
        if (is(r, i, numbers[k]))
            return k + 1;
    return str_to_u64(r->words.word[i].text, &n) && n > 0 && n < 1000 ? (int)n : 0;
}

static int ordinal_of(const Reading *r, size_t i)
{
    static const char *const words[] = {"first", "second",  "third",  "fourth", "fifth",
                                        "sixth", "seventh", "eighth", "ninth",  "tenth"};
    for (int k = 0; k < 10; k++)
        if (is(r, i, words[k]))
            return k + 1;
    if (i > 0 && is(r, i - 1, "number option item task reminder choose take pick") &&
        number_of(r, i))
        return number_of(r, i);
    if (is(r, i, "last latter bottom latest newest"))
        return i > 0 && is(r, i - 1, "second") ? -2 : -1;
    return is(r, i, "former top") ? 1 : is(r, i, "other") ? 2 : 0;
}

static bool all_in(const Reading *r, Range g, const char *list)
{
    for (size_t i = g.from; i < g.to; i++)
        if (!is(r, i, list))
            return false;
    return g.from < g.to;
}

#define THINGS                                                                                     \
    "option task tasks reminder reminders item items to do dos one ones thing event alarm timer "  \
    "timers alarms note result entry"

/* What a range refers to; for words of a title, the range without what only leads to them. */
static IntentRef refer(const Reading *r, Range *g, int32_t *ordinal)
{
    while (g->from < g->to && is(r, g->from, "with off") && g->to - g->from > 1)
        g->from++;
    if (g->from == g->to)
        return REF_NONE;
    int number = g->to - g->from == 1 ? number_of(r, g->from) : 0;
    if (number > 0) {
        *ordinal = number;
        return REF_ORDINAL;
    }
    if (all_in(r, *g, "all both everything of them my the it every completed " THINGS) &&
        (is(r, g->from, "all both everything every") || is(r, g->to - 1, "all both everything")))
        return REF_ALL;
    if (all_in(r, *g, "it that this them those these the one " THINGS) && !is(r, g->from, "one"))
        return REF_LAST;
    for (size_t i = g->from; i < g->to; i++) {
        Range rest = {g->from, i};
        bool before = g->from == i || all_in(r, rest, "the my number second " THINGS);
        rest = (Range){i + 1, g->to};
        if (before && (i + 1 == g->to || all_in(r, rest, "one of them " THINGS)) &&
            ordinal_of(r, i)) {
            *ordinal = is(r, i, "second") && is(r, i + 1, "last") ? -2 : ordinal_of(r, i);
            return REF_ORDINAL;
        }
    }
    while (g->to - g->from > 1 && is(r, g->from, "the my a an our that this"))
        g->from++;
    if (g->to - g->from > 2 && is(r, g->from, "task reminder item event timer alarm one note") &&
        is(r, g->from + 1, "to about for called with of on that"))
        g->from += 2;
    while (g->to - g->from > 1 && is(r, g->from, "the my a an"))
        g->from++;
    while (g->to - g->from > 1 && is(r, g->to - 1, "task reminder item thing event one to-do"))
        g->to--;
    return REF_WORDS;
}

static bool fill_ref(const Reading *r, Range g, bool did, Intent *out, Err *err)
{
    out->ref = refer(r, &g, &out->ordinal);
    if (out->ref == REF_NONE)
        return true;
    if (!value_of(r, g, -1, &out->slot[SLOT_REF], err) || out->ref != REF_WORDS)
        return out->slot[SLOT_REF].text.ptr != NULL;
    Str text = out->slot[SLOT_REF].text, first = r->words.word[g.from].text;
    char base[64];
    size_t cut = r->words.word[g.from].end - r->words.word[g.from].start;
    if (cut > text.len || g.to - g.from < 2 || !verb_base(first, did, base, sizeof base))
        return true;
    Str whole = arena_printf(r->arena, "%s" STR_FMT, base, STR_ARG(str_sub(text, cut, text.len)));
    if (!whole.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for the parts of a sentence");
    out->slot[SLOT_REF].text = whole;
    return true;
}

/* ---- the rest ---- */

/* The longest run of numbers and units with a unit in it. */
static Range find_duration(const Reading *r)
{
    Range best = {0, 0};
    for (size_t i = 0; i < r->words.n;) {
        size_t to = i;
        bool unit = false;
        for (; to < r->words.n; to++) {
            unsigned c = matcher_class(r->matcher, &r->words.word[to]);
            if (!(c & (WORD_NUMBER | WORD_UNIT)))
                break;
            unit |= (c & WORD_UNIT) != 0 && (to > i || !(is(r, to, "second")));
        }
        size_t from = i, end = to;
        while (from < end && is(r, from, "and of more another extra"))
            from++;
        while (end > from && is(r, end - 1, "and of more a an extra another"))
            end--;
        if (unit && end - from > best.to - best.from)
            best = (Range){from, end};
        i = to > i ? to : i + 1;
    }
    return best;
}

static IntentManner manner_of(const Reading *r)
{
    return has(r, "slower slowly slow")               ? MANNER_SLOWER
           : has(r, "fast") && has(r, "not too")      ? MANNER_SLOWER
           : has(r, "faster quicker quickly")         ? MANNER_FASTER
           : has(r, "louder loud loudly loudlier up") ? MANNER_LOUDER
           : has(r, "quieter quietly softer softly")  ? MANNER_QUIETER
           : has(r, "shorter briefly short briefer")  ? MANNER_SHORTER
           : has(r, "longer detail details")          ? MANNER_LONGER
                                                      : MANNER_AS_IS;
}

static IntentListing listing_of(const Reading *r)
{
    return has(r, "alarm alarms wake")                                      ? LISTING_ALARMS
           : has(r, "overdue late behind")                                  ? LISTING_OVERDUE
           : has(r, "did done finished completed ticked") && !has(r, "get") ? LISTING_DONE
           : has(r, "reminder reminders")                                   ? LISTING_REMINDERS
           : has(r, "due deadline deadlines")                               ? LISTING_DUE
                                                                            : LISTING_OPEN;
}

static const char *priority_of(const Reading *r)
{
    if (has(r, "low lower down reduce deprioritise deprioritize wait") ||
        (has(r, "not") && has(r, "urgent important")))
        return "low";
    return has(r, "normal medium usual") ? "normal" : "high";
}

/* Which actions have a time of the sentence's own, and which a title without it. */
static bool wants_time(IntentAction a)
{
    static const IntentAction with[] = {
        ACTION_TASK_ADD,  ACTION_REMINDER_ADD, ACTION_TASK_MOVE,    ACTION_TASK_SNOOZE,
        ACTION_ALARM_SET, ACTION_ALARM_REMOVE, ACTION_CALENDAR_ADD, ACTION_CALENDAR_REMOVE,
        ACTION_BRIEFING,  ACTION_TRENDS,       ACTION_CHANGES,      ACTION_TASK_LIST,
        ACTION_AGENDA,    ACTION_DATE,         ACTION_SUPPLY,       ACTION_TASK_DELETE};
    for (size_t i = 0; i < sizeof with / sizeof *with; i++)
        if (with[i] == a)
            return true;
    return false;
}

static bool adds(IntentAction a)
{
    return a == ACTION_TASK_ADD || a == ACTION_REMINDER_ADD || a == ACTION_CALENDAR_ADD;
}

static bool wants_ref(IntentAction a)
{
    return a == ACTION_TASK_COMPLETE || a == ACTION_TASK_REOPEN || a == ACTION_TASK_MOVE ||
           a == ACTION_TASK_SNOOZE || a == ACTION_TASK_DELETE || a == ACTION_TASK_RENAME ||
           a == ACTION_TASK_PRIORITY || a == ACTION_TASK_SHOW || a == ACTION_SELECT ||
           a == ACTION_FORGET || a == ACTION_CALENDAR_REMOVE || a == ACTION_TIMER_CANCEL;
}

/* Every word of time in the sentence, or what the pattern took for it. */
static bool fill_time(const Reading *r, const Captures *took, Intent *out, Err *err)
{
    Range g = {0, r->words.n};
    int timed = 1;
    if (took && took->set[SLOT_TIME] && !adds(out->action)) {
        g = range_of(took, SLOT_TIME);
        timed = -1;
        while (g.from > 0 && is(r, g.from - 1, "at on by before after in"))
            g.from--;
    } else if (!wants_time(out->action)) {
        return true;
    }
    while (!adds(out->action) && g.from < g.to &&
           (!taken(r, g.from, timed) || is(r, g.from, "due until till to")))
        g.from++;
    return value_of(r, g, timed, &out->slot[SLOT_TIME], err);
}

static bool fill_duration(const Reading *r, const Captures *took, Intent *out, Err *err)
{
    if (took && took->set[PATTERN_NUMBER] &&
        (out->action == ACTION_TASK_SNOOZE || out->action == ACTION_TIMER_START)) {
        IntentValue *v = &out->slot[SLOT_DURATION];
        if (!value_of(r, range_of(took, PATTERN_NUMBER), -1, v, err))
            return false;
        v->text = arena_printf(r->arena, STR_FMT " minutes", STR_ARG(v->text));
        return v->text.ptr || err_set(err, ERR_NO_MEMORY, "no memory for the parts of a sentence");
    }
    bool wanted = out->action == ACTION_TIMER_START || out->action == ACTION_TASK_SNOOZE;
    Range g = took && took->set[SLOT_DURATION] ? range_of(took, SLOT_DURATION)
              : wanted                         ? find_duration(r)
                                               : (Range){0, 0};
    while (g.from < g.to && is(r, g.from, "another extra and of"))
        g.from++;
    return value_of(r, g, -1, &out->slot[SLOT_DURATION], err);
}

static bool fill_title(const Reading *r, const Captures *took, Intent *out, Err *err)
{
    bool add = adds(out->action);
    if (took && took->set[SLOT_TITLE]) {
        Range g = range_of(took, SLOT_TITLE);
        bool list = out->action == ACTION_LIST_UPDATE || out->action == ACTION_TIMER_START;
        g = list ? g : trim_lead(r, g);
        if (!value_of(r, g, add ? 0 : -1, &out->slot[SLOT_TITLE], err))
            return false;
        /* "the standup at noon": all of it was time, so it is the title after all */
        return out->slot[SLOT_TITLE].text.ptr != NULL || took->set[SLOT_TIME] || !add ||
               value_of(r, g, 0, &out->slot[SLOT_TITLE], err);
    }
    if (!add || took)
        return true;
    return value_of(r, trim_lead(r, (Range){0, r->words.n}), 0, &out->slot[SLOT_TITLE], err);
}

static bool copy_slot(const Reading *r, const Captures *took, IntentSlot slot, Intent *out,
                      Err *err)
{
    return !took || !took->set[slot] ||
           value_of(r, range_of(took, slot), -1, &out->slot[slot], err);
}

/* "remember my manager is Dana", "forget that pronoun": all behind the verb. */
static bool fill_kept(const Reading *r, Intent *out, Err *err)
{
    Range g = {0, r->words.n};
    while (g.from + 1 < g.to &&
           !is(r, g.from, "remember forget memorise memorize store save delete remove erase"))
        g.from++;
    g.from = g.from + 1 < g.to ? g.from + 1 : 0;
    if (out->action == ACTION_REMEMBER)
        return value_of(r, g, -1, &out->slot[SLOT_FACT], err);
    out->ref = refer(r, &g, &out->ordinal);
    if (out->ref != REF_WORDS)
        return value_of(r, g, -1, &out->slot[SLOT_REF], err);
    out->ref = REF_NONE;
    while (g.to - g.from > 1 && is(r, g.from, "about my that the who where"))
        g.from++;
    return value_of(r, g, -1, &out->slot[SLOT_TOPIC], err);
}

/* What the action has beside its slots. */
static bool fill_extras(const Reading *r, const IntentRule *rule, Intent *out, Err *err)
{
    int arg = rule ? rule->arg : 0;
    if ((out->action == ACTION_REMEMBER || out->action == ACTION_FORGET) && r->words.n > 1 &&
        !out->slot[SLOT_FACT].text.ptr && !out->slot[SLOT_TOPIC].text.ptr && out->ref == REF_NONE &&
        !fill_kept(r, out, err))
        return false;
    Str topic = out->slot[SLOT_TOPIC].text;
    if (out->action == ACTION_FORGET && topic.ptr &&
        (str_eq_nocase(topic, STR("it")) || str_eq_nocase(topic, STR("that")))) {
        out->ref = REF_LAST;
        out->slot[SLOT_REF] = out->slot[SLOT_TOPIC];
        out->slot[SLOT_TOPIC] = (IntentValue){{NULL, 0}, 0, 0};
    }
    Str title = out->slot[SLOT_TITLE].text;
    if (adds(out->action) && title.ptr &&
        (str_eq_nocase(title, STR("it")) || str_eq_nocase(title, STR("that")) ||
         str_eq_nocase(title, STR("this"))))
        out->ref = REF_LAST;
    if (out->action == ACTION_TASK_DELETE && out->ref == REF_ALL &&
        has(r, "completed finished done"))
        out->listing = LISTING_DONE;
    if (out->action == ACTION_REPEAT)
        out->manner = manner_of(r);
    if (out->action == ACTION_TASK_LIST)
        out->listing = arg ? (IntentListing)arg : listing_of(r);
    if (out->action == ACTION_LIST_UPDATE)
        out->remove = arg || has(r, "remove delete clear erase off empty cross throw drop strike");
    if (out->action == ACTION_TASK_PRIORITY) {
        out->slot[SLOT_TOPIC].text = arena_str(r->arena, str_of(priority_of(r)));
        if (!out->slot[SLOT_TOPIC].text.ptr)
            return err_set(err, ERR_NO_MEMORY, "no memory for the parts of a sentence");
    }
    if (out->ref == REF_NONE && wants_ref(out->action) && !out->slot[SLOT_TOPIC].text.ptr)
        out->ref =
            out->action == ACTION_SELECT || has(r, "it that this them") ? REF_LAST : REF_NONE;
    return true;
}

bool reading_fill(const Reading *r, const IntentRule *rule, const Captures *took, Intent *out,
                  Err *err)
{
    if (!rule)
        took = NULL;
    bool ok = fill_time(r, took, out, err) && fill_duration(r, took, out, err) &&
              fill_title(r, took, out, err) && copy_slot(r, took, SLOT_TOPIC, out, err) &&
              copy_slot(r, took, SLOT_FACT, out, err);
    if (ok && took && took->set[SLOT_REF])
        ok = fill_ref(r, range_of(took, SLOT_REF),
                      out->action == ACTION_TASK_COMPLETE || out->action == ACTION_TASK_REOPEN, out,
                      err);
    else if (ok && took && took->set[PATTERN_PRONOUN])
        ok = fill_ref(r, range_of(took, PATTERN_PRONOUN), false, out, err);
    if (ok && out->action == ACTION_TASK_SNOOZE && out->slot[SLOT_DURATION].text.ptr)
        out->slot[SLOT_TIME] = (IntentValue){{NULL, 0}, 0, 0};
    return ok && fill_extras(r, rule, out, err);
}
