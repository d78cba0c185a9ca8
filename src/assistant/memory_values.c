/* memory_values.c - what a value of a fact may look like. */
#include "assistant/memory_rules.h"
#include "text/letters.h"

#define LEN(list) (sizeof(list) / sizeof *(list))

static bool is_one_of(Str w, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(w, str_of(list[i])))
            return true;
    return false;
}
#define IN(w, list) is_one_of((w), (list), LEN(list))

/* What points at the talk and not at the world, or opens a clause. */
static bool opens_nothing(Str w)
{
    static const char *const words[] = {"a", "about", "all", "an", "any", "at", "back", "being",
        "da", "daran", "das", "dass", "dem", "den", "der", "des", "dich", "die", "diese", "diesen",
        "dieses", "doing", "du", "every", "everything", "for", "from", "going", "he", "her", "him",
        "his", "how", "if", "ihn", "ihr", "in", "it", "me", "mir", "my", "nothing", "not", "on",
        "our", "she", "sie", "so", "some", "something", "sehr", "that", "the", "their", "them",
        "there", "these", "they", "this", "those", "to", "too", "us", "very", "was", "what",
        "when", "where", "which", "who", "why", "with", "you", "your", "es", "ihm", "euch", "uns"};
    return IN(w, words);
}

static bool is_time_word(Str w)
{
    static const char *const words[] = {"again", "ago", "april", "asap", "august", "december",
        "dezember", "dienstag", "donnerstag", "february", "februar", "freitag", "friday", "heute",
        "immediately", "january", "januar", "juli", "july", "june", "juni", "later", "mai",
        "maybe", "mittwoch", "monday", "montag", "morgen", "november", "october", "oktober",
        "right", "samstag", "saturday", "september", "sonntag", "soon", "sunday", "thursday",
        "today", "tomorrow", "tonight", "tuesday", "wednesday", "yesterday", "gestern", "sofort",
        "sp\xC3\xA4ter", "week", "weekend", "until", "currently", "temporarily"};
    return IN(w, words);
}

static bool is_month(Str w)
{
    static const char *const words[] = {"january", "february", "march", "april", "may", "june",
        "july", "august", "september", "october", "november", "december", "januar", "februar",
        "m\xC3\xA4rz", "mai", "juni", "juli", "oktober", "dezember", "jan", "feb", "mar", "apr",
        "aug", "sep", "oct", "nov", "dec"};
    return IN(w, words);
}

/* "my wife is Austrian" says where she is from. */
static bool is_nationality(Str w)
{
    static const char *const words[] = {"american", "czech", "dutch", "french", "german", "greek",
        "jewish", "muslim", "christian", "catholic", "swiss", "thai", "welsh", "african",
        "mexican"};
    static const char *const ends[] = {"ish", "ese", "ian"};
    static const char *const names[] = {"brian", "ian", "julian", "adrian", "vivian", "damian",
        "lilian", "fabian", "florian", "sebastian", "kilian", "dorian", "tobian", "killian"};
    bool ends_so = false;
    for (size_t i = 0; i < LEN(ends); i++)
        ends_so |= str_ends(w, str_of(ends[i]));
    return IN(w, words) || (ends_so && !IN(w, names));
}

static bool has_digit(Str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= '0' && s.ptr[i] <= '9')
            return true;
    return false;
}

static bool is_capital(Str sentence, const SentenceWord *w)
{
    size_t at = w->start;
    uint32_t c = at < sentence.len ? utf8_next(sentence, &at) : ' ';
    return c != UTF8_INVALID && letter_is_upper(c);
}

/* Dana; Mr Grant; Ana de Souza; Graz, Austria; the Blue House: what is a name begins like one, and
 * what is behind it neither is a time nor goes on with a small verb. */
static bool is_name(Str sentence, const SentenceWords *w, size_t from, size_t to)
{
    static const char *const particles[] = {"de", "da", "di", "van", "von", "der", "den", "del",
        "la", "le", "und", "and", "the", "am", "an", "bei", "on", "in", "of", "st", "street",
        "road", "ii", "mg"};
    if (to - from > 5 || !(is_capital(sentence, &w->word[from]) || has_digit(w->word[from].text)))
        return false;
    for (size_t i = from; i < to; i++) {
        Str text = w->word[i].text;
        if (is_time_word(text) || (i == from && (opens_nothing(text) || str_eq(text, STR("i")))) ||
            (to - from == 1 && is_nationality(text)))
            return false;
        if (!is_capital(sentence, &w->word[i]) && !has_digit(text) && !IN(text, particles))
            return false;
    }
    return true;
}

static bool is_thing(const SentenceWords *w, size_t from, size_t to)
{
    if (to - from > 4 || opens_nothing(w->word[from].text))
        return false;
    for (size_t i = from; i < to; i++)
        if (is_time_word(w->word[i].text) || str_eq(w->word[i].text, STR("i")) ||
            str_eq(w->word[i].text, STR("you")) || str_eq(w->word[i].text, STR("if")))
            return false;
    return true;
}

static bool is_date(const SentenceWords *w, size_t from, size_t to)
{
    bool digit = false, month = false;
    for (size_t i = from; i < to; i++) {
        digit |= has_digit(w->word[i].text);
        month |= is_month(w->word[i].text);
    }
    /* "3 May", "the 3rd of May", "3.5.1980", "3. 5."; "ruined" and "soon" are none. */
    return to - from <= 7 && (digit || (month && to - from >= 2));
}

static bool is_number(const SentenceWords *w, size_t from, size_t to)
{
    static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven",
        "eight", "no", "zwei", "drei", "vier", "f\xC3\xBCnf"};
    return to - from == 1 && (has_digit(w->word[from].text) || IN(w->word[from].text, words));
}

static bool is_diet(const SentenceWords *w, size_t from, size_t to)
{
    static const char *const words[] = {"vegetarian", "vegan", "pescatarian", "pescetarian",
        "flexitarian", "teetotal", "teetotaller", "vegetarier", "vegetarierin", "veganer",
        "veganerin", "vegetarisch", "halal", "kosher", "koscher"};
    return to - from == 1 && IN(w->word[from].text, words);
}

static bool is_job(const SentenceWords *w, size_t from, size_t to)
{
    static const char *const words[] = {"accountant", "actor", "architect", "artist", "baker",
        "carpenter", "chef", "cook", "consultant", "dentist", "designer", "developer", "doctor",
        "driver", "electrician", "engineer", "farmer", "firefighter", "gardener", "journalist",
        "lawyer", "lecturer", "librarian", "mechanic", "midwife", "musician", "nurse",
        "paramedic", "pharmacist", "photographer", "physicist", "physiotherapist", "pilot",
        "plumber", "policeman", "programmer", "psychologist", "researcher", "scientist",
        "student", "surgeon", "teacher", "translator", "vet", "waiter", "waitress", "writer"};
    return to - from <= 3 && IN(w->word[to - 1].text, words) && !opens_nothing(w->word[from].text);
}

static bool is_state(const SentenceWords *w, size_t from, size_t to)
{
    static const char *const one[] = {"diabetic", "asthmatic", "epileptic", "coeliac", "celiac",
        "divorced", "married", "widowed", "retired", "pregnant", "dyslexic", "diabetes", "asthma",
        "epilepsy", "vertigo"};
    static const char *const first[] = {"left", "right", "colour", "color", "short", "hard"};
    static const char *const second[] = {"handed", "blind", "sighted"};
    return (to - from == 1 && IN(w->word[from].text, one)) ||
           (to - from == 2 && IN(w->word[from].text, first) && IN(w->word[from + 1].text, second));
}

/* An address, a number, a size: "my address is wrong" is none. */
static bool is_detail(Str sentence, const SentenceWords *w, size_t from, size_t to)
{
    Str all = str_sub(sentence, w->word[from].start, w->word[to - 1].end);
    return to - from <= 10 && (is_capital(sentence, &w->word[from]) || has_digit(all) ||
                               str_find(all, STR("@"), 0) != SIZE_MAX);
}

bool memory_value_ok(MemoryValue kind, RelationKind rel, Str sentence, const SentenceWords *w,
                     size_t from, size_t to)
{
    if (to <= from)
        return false;
    if (kind == VALUE_REL && rel == RELATION_OTHER)
        return is_detail(sentence, w, from, to);
    if (kind == VALUE_REL)
        kind = rel == RELATION_DATE ? VALUE_DATE : rel == RELATION_PERSON ? VALUE_NAME : VALUE_ANY;
    switch (kind) {
    case VALUE_NAME:
        return is_name(sentence, w, from, to);
    case VALUE_DATE:
        return is_date(w, from, to);
    case VALUE_THING:
        return is_thing(w, from, to);
    case VALUE_NUMBER:
        return is_number(w, from, to);
    case VALUE_DIET:
        return is_diet(w, from, to);
    case VALUE_JOB:
        return is_job(w, from, to);
    case VALUE_STATE:
        return is_state(w, from, to);
    default:
        return to - from <= 10 && !opens_nothing(w->word[from].text);
    }
}
