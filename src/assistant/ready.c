/* ready.c - whether words that were spoken are a whole question, or a whole command, already.
 *
 * Who waits for silence to be sure loses half a second of every answer. A question that changes
 * nothing may be answered at the first pause: if the person goes on, the answer stops and the rest
 * is heard. A command is taken a little later, and only when it has all that it needs: what it is
 * about and, where one may still come, its time of day. */
#include "assistant/ready.h"

#include "assistant/act.h"

#define SURE 0.9
#define WORDS_LEAST 3

/* Words behind which something is missing. */
static bool dangles(Str word)
{
    static const char *const open[] = {"a",    "an",   "the",  "of",   "to",   "in",   "on",
                                       "at",   "for",  "and",  "or",   "but",  "with", "my",
                                       "your", "his",  "her",  "our",  "their", "from", "by",
                                       "is",   "are",  "was",  "were", "about", "that", "this",
                                       "not",  "like", "do",   "does", "did"};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (str_eq_nocase(word, str_of(open[i])))
            return true;
    return false;
}

/* So many words at least, a mark that ends a sentence, and nothing that dangles before it. */
static bool is_whole(Str text, size_t least)
{
    Str rest = str_trim(text), word = STR(""), last = STR("");
    size_t words = 0;
    if (!rest.len || (rest.ptr[rest.len - 1] != '?' && rest.ptr[rest.len - 1] != '.'))
        return false;
    if (str_ends(rest, STR("..")))
        return false;
    rest = str_sub(rest, 0, rest.len - 1);
    while (str_next(&rest, ' ', &word))
        if (word.len) {
            last = word;
            words++;
        }
    return words >= least && !dangles(last);
}

/* "Who is my manager?": four words, the first of which asks. */
static bool asks(Str text)
{
    static const char *const first[] = {"who",  "what",  "when", "where", "which",
                                        "whose", "how", "why"};
    Str rest = str_trim(text), word;
    bool ok = false;
    size_t words = 1;
    if (!str_ends(rest, STR("?")) || !str_next(&rest, ' ', &word))
        return false;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        ok |= str_eq_nocase(word, str_of(first[i]));
    while (str_next(&rest, ' ', &word))
        words += word.len > 0;
    return ok && words >= 4;
}

bool ready_question(const Intents *x, Str text)
{
    Err err = ERR_INIT;
    Intent i = {.kind = INTENT_UNKNOWN};
    Arena *a = is_whole(text, WORDS_LEAST) ? arena_new((size_t)1 << 20) : NULL;
    bool ok = a && intents_parse(x, NULL, text, NULL, a, &i, &err) &&
              i.kind == INTENT_QUERY && !i.follow_up &&
              ((i.by_rule && i.confidence >= SURE) || asks(text));
    arena_free(a);
    return ok;
}

/* "tomorrow at 9", "at noon", "in ten minutes"; not "tomorrow", behind which "at nine" may come. */
static bool has_hour(Str time)
{
    static const char *const words[] = {"noon", "midnight", "morning", "evening", "afternoon",
                                        "tonight", "minute", "minutes", "hour", "hours", "o'clock"};
    Str rest = time, word;
    for (size_t i = 0; i < time.len; i++)
        if (time.ptr[i] >= '0' && time.ptr[i] <= '9')
            return true;
    while (str_next(&rest, ' ', &word))
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (str_eq_nocase(word, str_of(words[i])))
                return true;
    return false;
}

/* "eight minutes"; not "eight", behind which they may come. */
static bool has_unit(Str duration)
{
    return str_find(duration, STR("minute"), 0) != SIZE_MAX ||
           str_find(duration, STR("hour"), 0) != SIZE_MAX ||
           str_find(duration, STR("second"), 0) != SIZE_MAX;
}

static bool has_all(const Intent *i)
{
    switch (i->action) {
    case ACTION_TASK_ADD:
    case ACTION_REMINDER_ADD:
    case ACTION_CALENDAR_ADD:
        return i->slot[SLOT_TITLE].text.len && has_hour(i->slot[SLOT_TIME].text);
    case ACTION_ALARM_SET:
        return has_hour(i->slot[SLOT_TIME].text);
    case ACTION_TIMER_START:
        return has_unit(i->query); /* the slot has one that was not said */
    case ACTION_LIST_UPDATE:
        return i->slot[SLOT_TITLE].text.len && i->slot[SLOT_TOPIC].text.len;
    case ACTION_STOP:
    case ACTION_CANCEL:
    case ACTION_REPEAT:
    case ACTION_BRIEFING:
        return true;
    default:
        return false;
    }
}

bool ready_command(const Intents *x, Str text)
{
    Err err = ERR_INIT;
    Intent i = {.kind = INTENT_UNKNOWN};
    Arena *a = is_whole(text, 1) ? arena_new((size_t)1 << 20) : NULL;
    bool ok = a && intents_parse(x, NULL, text, NULL, a, &i, &err) &&
              i.kind == INTENT_COMMAND && !i.follow_up && i.by_rule && i.confidence >= SURE &&
              i.action_confidence >= SURE && has_all(&i);
    arena_free(a);
    return ok;
}

bool assistant_may_answer(Assistant *x, Str text)
{
    return ready_question(assistant_intents(x), text);
}

bool assistant_may_act(Assistant *x, Str text) { return ready_command(assistant_intents(x), text); }
