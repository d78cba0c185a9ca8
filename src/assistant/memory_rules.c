/* memory_rules.c - the rules, and the pattern language they are written in. */
#include "assistant/memory_rules.h"

#define LEN(list) (sizeof(list) / sizeof *(list))
#define G MEMORY_GERMAN
#define L MEMORY_LIST
#define E MEMORY_ENDED

const MemoryRule memory_rules[] = {
    {"call me *", "call me", VALUE_NAME, 0},
    {"everyone|everybody|people|friends|they calls|call me *", "call me", VALUE_NAME, 0},
    {"my name is *", "my name", VALUE_NAME, 0},
    {"i am called|named *", "my name", VALUE_NAME, 0},
    {"i|we live in|near|at * now?", "i live", VALUE_NAME, 0},
    {"i|we now live in|near|at *", "i live", VALUE_NAME, 0},
    {"i|we have? just?|recently? moved to * now?|recently?", "i live", VALUE_NAME, 0},
    {"i|we moved to * last|this|in|a month|year|week|spring|summer|autumn|winter|ago?", "i live",
        VALUE_NAME, 0},
    {"i am also? allergic to *", "i am allergic to *", VALUE_THING, L},
    {"i have a|an * allergy", "i am allergic to *", VALUE_THING, 0},
    {"i am * intolerant", "i am * intolerant", VALUE_THING, 0},
    {"i am no longer|not allergic to * any?|anymore? more?", "i am allergic to *", VALUE_THING,
        E | L},
    {"i am a? strict? *", "my diet", VALUE_DIET, 0},
    {"i became|become a? *", "my diet", VALUE_DIET, 0},
    {"i have become|gone|turned a? *", "my diet", VALUE_DIET, 0},
    {"i am no longer a? *", "my diet", VALUE_DIET, E},
    {"i am not a? * any?|anymore? more?", "my diet", VALUE_DIET, E},
    {"i do not|never eat|drink *", "i eat or drink *", VALUE_THING, L},
    {"i really?|much?|always? prefer *", "i prefer *", VALUE_THING, 0},
    {"i really?|also? like|love|enjoy *", "i like *", VALUE_THING, L},
    {"i really? hate|dislike|detest *", "i like *", VALUE_THING, L | E},
    {"i do not like *", "i like *", VALUE_THING, L | E},
    {"i no longer like *", "i like *", VALUE_THING, L | E},
    {"i work at|for *", "i work at", VALUE_NAME, 0},
    {"i work as a|an *", "my job", VALUE_THING, 0},
    {"i am a|an *", "my job", VALUE_JOB, 0},
    {"i am * years old", "my age", VALUE_NUMBER, 0},
    {"i turned * today|yesterday|recently?", "my age", VALUE_NUMBER, 0},
    {"i was born on *", "my birthday", VALUE_DATE, 0},
    {"i was born in *", "i was born in", VALUE_NAME, 0},
    {"i|we have a|an|one @ called|named *", "my @", VALUE_REL, 0},
    {"i|we have * children|kids", "my children", VALUE_NUMBER, 0},
    {"i speak *", "i speak *", VALUE_THING, L},
    {"i do not speak *", "i speak *", VALUE_THING, L | E},
    {"i drive a|an *", "my car", VALUE_NAME, 0},
    {"i am *", "i am *", VALUE_STATE, 0},
    {"i have *", "i have *", VALUE_STATE, 0},
    {"my|our @ is|are now? called|named *", "my @", VALUE_REL, 0},
    {"my|our @ is|are no longer *", "my @", VALUE_REL, E},
    {"my|our @ is|are now? on? * now?", "my @", VALUE_REL, 0},
    {"my|our name|names of|for? my @ is *", "my @", VALUE_REL, 0},
    {"the name of my|our @ is *", "my @", VALUE_REL, 0},
    {"* is no longer my|our @", "my @", VALUE_NAME, E},
    {"* is not my|our @ any|anymore more?", "my @", VALUE_NAME, E},
    {"* is now? my|our @ now?", "my @", VALUE_NAME, 0},

    {"nenn|nenne|nennt mich bitte? *", "call me", VALUE_NAME, G},
    {"ich hei\303\237e|heisse *", "my name", VALUE_NAME, G},
    {"mein name ist *", "my name", VALUE_NAME, G},
    {"ich|wir wohne|wohnen|lebe|leben jetzt? in|bei * jetzt?", "i live", VALUE_NAME, G},
    {"ich|wir bin|sind vor? kurzem? nach * gezogen|umgezogen", "i live", VALUE_NAME, G},
    {"ich bin auch? allergisch gegen|auf *", "i am allergic to *", VALUE_THING, G | L},
    {"ich bin auch? gegen * allergisch", "i am allergic to *", VALUE_THING, G | L},
    {"ich habe eine allergie gegen *", "i am allergic to *", VALUE_THING, G | L},
    {"ich bin nicht mehr allergisch gegen|auf *", "i am allergic to *", VALUE_THING, G | E},
    {"ich bin nicht mehr gegen * allergisch", "i am allergic to *", VALUE_THING, G | E},
    {"ich bin jetzt? *", "my diet", VALUE_DIET, G},
    {"ich bin kein|keine * mehr", "my diet", VALUE_DIET, G | E},
    {"ich lebe|esse *", "my diet", VALUE_DIET, G},
    {"ich esse|trinke kein|keine|keinen *", "i eat or drink *", VALUE_THING, G | L},
    {"ich trinke|esse|mag lieber *", "i prefer *", VALUE_THING, G},
    {"ich mag|liebe *", "i like *", VALUE_NAME, G | L},
    {"ich mag|hasse kein|keine|keinen *", "i like *", VALUE_NAME, G | L | E},
    {"ich mag * nicht", "i like *", VALUE_NAME, G | L | E},
    {"ich arbeite bei|f\303\274r *", "i work at", VALUE_NAME, G},
    {"ich arbeite als *", "my job", VALUE_NAME, G},
    {"ich bin * von beruf", "my job", VALUE_NAME, G},
    {"ich bin * jahre alt", "my age", VALUE_NUMBER, G},
    {"ich habe am * geburtstag", "my birthday", VALUE_DATE, G},
    {"ich bin|wurde am * geboren", "my birthday", VALUE_DATE, G},
    {"ich bin|wurde in * geboren", "i was born in", VALUE_NAME, G},
    {"mein|meine|unser|unsere @ hat am * geburtstag", "my @'s birthday", VALUE_DATE, G},
    {"der geburtstag meiner|meines|unserer|unseres @ ist am *", "my @'s birthday", VALUE_DATE, G},
    {"ich|wir habe|haben einen|eine|ein @ namens *", "my @", VALUE_REL, G},
    {"ich spreche *", "i speak *", VALUE_NAME, G | L},
    {"ich fahre einen|eine|ein *", "my car", VALUE_NAME, G},
    {"mein|meine|unser|unsere @ hei\303\237t|heisst jetzt? *", "my @", VALUE_REL, G},
    {"mein|meine|unser|unsere @ ist jetzt? am? *", "my @", VALUE_REL, G},
    {"* ist nicht mehr mein|meine|unser|unsere @", "my @", VALUE_NAME, G | E},
    {"* ist jetzt? mein|meine|unser|unsere @", "my @", VALUE_NAME, G},
};
const size_t memory_rules_n = LEN(memory_rules);

/* ---- relations ------------------------------------------------------------------------------- */

/* What people and things are to a person; the second name is the one they are kept under. */
static const struct {
    const char *word, *kept;
    RelationKind kind;
} relations[] = {
    {"address", NULL, RELATION_OTHER},
    {"adresse", "address", RELATION_OTHER},
    {"anniversary", NULL, RELATION_DATE},
    {"arzt", "doctor", RELATION_PERSON},
    {"aunt", NULL, RELATION_PERSON},
    {"baby", NULL, RELATION_PERSON},
    {"birthday", NULL, RELATION_DATE},
    {"blood group", "blood type", RELATION_OTHER},
    {"blood type", NULL, RELATION_OTHER},
    {"blutgruppe", "blood type", RELATION_OTHER},
    {"boat", NULL, RELATION_PERSON},
    {"boss", NULL, RELATION_PERSON},
    {"boyfriend", NULL, RELATION_PERSON},
    {"brother", NULL, RELATION_PERSON},
    {"bruder", "brother", RELATION_PERSON},
    {"car", NULL, RELATION_PERSON},
    {"cat", NULL, RELATION_PERSON},
    {"chef", "manager", RELATION_PERSON},
    {"chefin", "manager", RELATION_PERSON},
    {"cousin", NULL, RELATION_PERSON},
    {"dad", "father", RELATION_PERSON},
    {"dentist", NULL, RELATION_PERSON},
    {"doctor", NULL, RELATION_PERSON},
    {"dog", NULL, RELATION_PERSON},
    {"daughter", NULL, RELATION_PERSON},
    {"ehefrau", "wife", RELATION_PERSON},
    {"ehemann", "husband", RELATION_PERSON},
    {"email", NULL, RELATION_OTHER},
    {"email address", "email", RELATION_OTHER},
    {"father", NULL, RELATION_PERSON},
    {"fianc\303\251", NULL, RELATION_PERSON},
    {"fianc\303\251e", NULL, RELATION_PERSON},
    {"frau", "wife", RELATION_PERSON},
    {"freund", "boyfriend", RELATION_PERSON},
    {"freundin", "girlfriend", RELATION_PERSON},
    {"friend", NULL, RELATION_PERSON},
    {"geburtstag", "birthday", RELATION_DATE},
    {"girlfriend", NULL, RELATION_PERSON},
    {"godmother", NULL, RELATION_PERSON},
    {"grandfather", NULL, RELATION_PERSON},
    {"grandmother", NULL, RELATION_PERSON},
    {"granddaughter", NULL, RELATION_PERSON},
    {"grandson", NULL, RELATION_PERSON},
    {"hausarzt", "doctor", RELATION_PERSON},
    {"hochzeitstag", "wedding anniversary", RELATION_DATE},
    {"hund", "dog", RELATION_PERSON},
    {"husband", NULL, RELATION_PERSON},
    {"kater", "cat", RELATION_PERSON},
    {"katze", "cat", RELATION_PERSON},
    {"kid", "child", RELATION_PERSON},
    {"landlady", NULL, RELATION_PERSON},
    {"landlord", NULL, RELATION_PERSON},
    {"lawyer", NULL, RELATION_PERSON},
    {"mama", "mother", RELATION_PERSON},
    {"manager", NULL, RELATION_PERSON},
    {"mann", "husband", RELATION_PERSON},
    {"mom", "mother", RELATION_PERSON},
    {"mother", NULL, RELATION_PERSON},
    {"mum", "mother", RELATION_PERSON},
    {"mutter", "mother", RELATION_PERSON},
    {"nachbar", "neighbour", RELATION_PERSON},
    {"nachbarin", "neighbour", RELATION_PERSON},
    {"neighbor", "neighbour", RELATION_PERSON},
    {"neighbour", NULL, RELATION_PERSON},
    {"nephew", NULL, RELATION_PERSON},
    {"nickname", NULL, RELATION_PERSON},
    {"niece", NULL, RELATION_PERSON},
    {"papa", "father", RELATION_PERSON},
    {"partner", NULL, RELATION_PERSON},
    {"phone number", NULL, RELATION_OTHER},
    {"schuhgr\303\266\303\237e", "shoe size", RELATION_OTHER},
    {"schwester", "sister", RELATION_PERSON},
    {"shoe size", NULL, RELATION_OTHER},
    {"sister", NULL, RELATION_PERSON},
    {"sohn", "son", RELATION_PERSON},
    {"son", NULL, RELATION_PERSON},
    {"supervisor", NULL, RELATION_PERSON},
    {"tante", "aunt", RELATION_PERSON},
    {"teacher", NULL, RELATION_PERSON},
    {"team lead", NULL, RELATION_PERSON},
    {"therapist", NULL, RELATION_PERSON},
    {"tochter", "daughter", RELATION_PERSON},
    {"uncle", NULL, RELATION_PERSON},
    {"vater", "father", RELATION_PERSON},
    {"vermieter", "landlord", RELATION_PERSON},
    {"vermieterin", "landlord", RELATION_PERSON},
    {"vet", NULL, RELATION_PERSON},
    {"vorgesetzte", "manager", RELATION_PERSON},
    {"vorgesetzter", "manager", RELATION_PERSON},
    {"wedding anniversary", NULL, RELATION_DATE},
    {"wedding day", "wedding anniversary", RELATION_DATE},
    {"wife", NULL, RELATION_PERSON},
    {"zahnarzt", "dentist", RELATION_PERSON},
    {"zahn\303\244rztin", "dentist", RELATION_PERSON},
    {"\303\244rztin", "doctor", RELATION_PERSON},
};

static bool is_favourite(Str w)
{
    return str_eq(w, STR("favourite")) || str_eq(w, STR("favorite")) ||
           str_starts(w, STR("lieblings"));
}

/* Index of the relation that words [at, to) name, two words or one; LEN(relations): none. */
static size_t relation_at(const SentenceWords *w, size_t at, size_t to)
{
    for (size_t i = 0; i < LEN(relations); i++) {
        Str word = str_of(relations[i].word);
        size_t space = str_find(word, STR(" "), 0);
        bool two = space != SIZE_MAX;
        if (to - at != (two ? 2u : 1u))
            continue;
        if (two ? str_eq(w->word[at].text, str_sub(word, 0, space)) &&
                      str_eq(w->word[at + 1].text, str_sub(word, space + 1, word.len))
                : str_eq(w->word[at].text, word))
            return i;
    }
    return LEN(relations);
}

/* What stands before the noun: "older", "daughter's", "new"; no verb, no second thing. */
static bool is_before_noun(Str w)
{
    static const char *const words[] = {"alte", "alter", "aktuelle", "aktueller", "beste",
        "bester", "best", "big", "current", "e", "eldest", "elder", "former", "gro\303\237e",
        "home", "j\303\274ngere", "j\303\274ngerer", "jetzige", "jetziger", "kleine", "kleiner",
        "late", "line", "little", "middle", "mobile", "neue", "neuer", "new", "old", "older",
        "oldest", "second", "step", "twin", "work", "younger", "youngest", "\303\244ltere",
        "\303\244lterer"};
    for (size_t i = 0; i < LEN(words); i++)
        if (str_eq(w, str_of(words[i])))
            return true;
    return str_ends(w, STR("'s")) || str_ends(w, STR("s'"));
}

RelationKind memory_relation_kind(const SentenceWords *w, size_t from, size_t to)
{
    if (to <= from || to - from > 4)
        return RELATION_NONE;
    if (is_favourite(w->word[from].text)) /* "Lieblingsfarbe" is one word */
        return to - from <= 3 &&
                       (to - from > 1 || str_starts(w->word[from].text, STR("lieblings")))
                   ? RELATION_FAVOURITE : RELATION_NONE;
    for (size_t noun = to - 1; noun + 2 >= to && noun >= from; noun--) {
        size_t i = relation_at(w, noun, to);
        bool ok = i < LEN(relations);
        for (size_t k = from; k < noun && ok; k++)
            ok = is_before_noun(w->word[k].text);
        if (ok)
            return relations[i].kind;
        if (noun == 0)
            break;
    }
    return RELATION_NONE;
}

Str memory_same_word(Str word)
{
    for (size_t i = 0; i < LEN(relations); i++)
        if (str_eq(word, str_of(relations[i].word)))
            return relations[i].kept ? str_of(relations[i].kept) : word;
    return word;
}

static bool says_new(Str w)
{
    return str_eq(w, STR("new")) || str_eq(w, STR("current")) || str_starts(w, STR("neue")) ||
           str_starts(w, STR("jetzige")) || str_starts(w, STR("aktuelle"));
}

Str memory_words(const SentenceWords *w, size_t from, size_t to, size_t max, Arena *a)
{
    Buf out;
    buf_init(&out, max);
    for (size_t i = from; i < to; i++)
        (void)buf_printf(&out, "%s" STR_FMT, i > from ? " " : "", STR_ARG(w->word[i].text));
    Str made = arena_buf(a, &out);
    buf_release(&out);
    return made;
}

Str memory_relation(const SentenceWords *w, size_t from, size_t to, Arena *a)
{
    Buf out;
    buf_init(&out, 1000);
    for (size_t i = from; i < to; i++) {
        size_t two = i + 2 == to ? relation_at(w, i, to) : LEN(relations);
        Str word = w->word[i].text, end = STR("");
        if (says_new(word))
            continue;
        if (two < LEN(relations)) {
            word = str_of(relations[two].kept ? relations[two].kept : relations[two].word);
            i++;
        } else if (str_ends(word, STR("'s"))) {
            end = STR("'s");
            word = memory_same_word(str_sub(word, 0, word.len - 2));
        } else {
            word = memory_same_word(str_eq(word, STR("favorite")) ? STR("favourite") : word);
        }
        (void)buf_printf(&out, "%s" STR_FMT STR_FMT, out.len ? " " : "", STR_ARG(word),
                         STR_ARG(end));
    }
    Str made = arena_buf(a, &out);
    buf_release(&out);
    return made;
}

/* ---- patterns -------------------------------------------------------------------------------- */

static bool fits(Str words, Str word)
{
    Str one;
    while (str_next(&words, '|', &one)) {
        if (str_ends(one, STR("?")))
            one.len--;
        if (str_eq(one, word))
            return true;
    }
    return false;
}

static bool match(Str pattern, const SentenceWords *w, size_t at, size_t to, MemoryTook *took)
{
    Str part;
    if (!str_next(&pattern, ' ', &part) || part.len == 0)
        return at == to;
    if (str_eq(part, STR("*"))) {
        for (size_t end = at + 1; end <= to; end++) {
            MemoryTook t = *took;
            t.from = at;
            t.to = end;
            if (match(pattern, w, end, to, &t)) {
                *took = t;
                return true;
            }
        }
        return false;
    }
    if (str_eq(part, STR("@"))) {
        for (size_t end = at + 4 < to ? at + 4 : to; end > at; end--) {
            MemoryTook t = *took;
            t.rel_from = at;
            t.rel_to = end;
            if (memory_relation_kind(w, at, end) != RELATION_NONE &&
                match(pattern, w, end, to, &t)) {
                *took = t;
                return true;
            }
        }
        return false;
    }
    bool optional = str_ends(part, STR("?"));
    if (at < to && fits(part, w->word[at].text) && match(pattern, w, at + 1, to, took))
        return true;
    return optional && match(pattern, w, at, to, took);
}

bool memory_match(const char *pattern, const SentenceWords *w, size_t from, size_t to,
                  MemoryTook *took)
{
    *took = (MemoryTook){0};
    return match(str_of(pattern), w, from, to, took);
}
