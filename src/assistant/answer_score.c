#include "assistant/answer_score.h"

#include "text/dates.h"
#include "text/letters.h"
#include "text/words.h"

/* ---- what is asked for ----------------------------------------------------------------------- */

#define LEN(list) (sizeof(list) / sizeof *(list))

/* "How much flour", but not "how much is", "how much do I pay for the flour". */
static bool asks_quantity(Str question)
{
    static const char *const verbs[] = {"are", "can", "did", "do", "does", "has", "have", "is",
        "may", "money", "more", "must", "should", "was", "were", "will", "would"};
    char room[WORD_MAX + 8];
    size_t at = 0, start, end;
    bool how = false, much = false;
    while (word_next(question, &at, &start, &end)) {
        Str word = word_fold(str_sub(question, start, end), room);
        if (much)
            return !str_in_sorted(word, verbs, LEN(verbs));
        much = how && str_eq(word, STR("much"));
        how = str_eq(word, STR("how"));
    }
    return false;
}

Asks answer_asks(Str question)
{
    static const struct {
        const char *phrase;
        Asks kind;
    } signs[] = {{"how hot", ASKS_HEAT}, {"temperature", ASKS_HEAT}, {"wie hei\303\237", ASKS_HEAT},
                 {"how heavy", ASKS_WEIGHT}, {"wie schwer", ASKS_WEIGHT}, {"how tall", ASKS_HEIGHT},
                 {"wie gro\303\237 ist", ASKS_HEIGHT}, {"how old", ASKS_AGE}, {"wie alt", ASKS_AGE},
                 {"how fast", ASKS_SPEED}, {"wie schnell", ASKS_SPEED},
                 {"telephone number", ASKS_PHONE}, {"phone number", ASKS_PHONE},
                 {"mobile number", ASKS_PHONE}, {"telefonnummer", ASKS_PHONE},
                 {"handynummer", ASKS_PHONE}, {"e-mail address", ASKS_MAIL},
                 {"email address", ASKS_MAIL}, {"mailadresse", ASKS_MAIL},
                 {"e-mail-adresse", ASKS_MAIL},
                 {"how much", ASKS_AMOUNT}, {"price", ASKS_AMOUNT}, {"cost", ASKS_AMOUNT},
                 {"fee", ASKS_AMOUNT}, {"how long", ASKS_SPAN}, {"how many", ASKS_NUMBER},
                 {"where", ASKS_PLACE}, {"wo", ASKS_PLACE}, {"wohin", ASKS_PLACE},
                 {"when", ASKS_TIME}, {"what time", ASKS_TIME}, {"which day", ASKS_TIME},
                 {"what day", ASKS_TIME}, {"what date", ASKS_TIME}, {"deadline", ASKS_TIME},
                 {"wie viel kostet", ASKS_AMOUNT}, {"wie viel kosten", ASKS_AMOUNT},
                 {"wie viel kostete", ASKS_AMOUNT}, {"wie hoch", ASKS_AMOUNT},
                 {"wie teuer", ASKS_AMOUNT}, {"um wie viel", ASKS_NUMBER},
                 {"wie viele", ASKS_NUMBER}, {"wie viel", ASKS_NUMBER},
                 {"wie lange", ASKS_SPAN}, {"wann", ASKS_DATE}, {"welchem tag", ASKS_DATE},
                 {"wer", ASKS_PERSON}, {"wem", ASKS_PERSON}, {"wen", ASKS_PERSON},
                 {"wessen", ASKS_PERSON}, {"how far", ASKS_NUMBER},
                 {"how big", ASKS_NUMBER}, {"how high", ASKS_NUMBER},
                 {"how often", ASKS_NUMBER}, {"bis wann", ASKS_DATE},
                 {"who", ASKS_PERSON}, {"whose", ASKS_PERSON}, {"whom", ASKS_PERSON}};
    for (size_t i = 0; i < LEN(signs); i++)
        if (words_has(question, signs[i].phrase))
            return signs[i].kind == ASKS_AMOUNT && asks_quantity(question) ? ASKS_NUMBER
                                                                            : signs[i].kind;
    return ASKS_ANYTHING;
}

bool answer_asks_unit(Asks kind)
{
    return kind >= ASKS_HEAT;
}

static bool has_number(Str s)
{
    static const char *const words[] = {"one", "two", "three", "four", "five", "six", "seven",
        "eight", "nine", "ten", "eleven", "twelve", "twenty", "a hundred"};
    for (size_t i = 0; i < s.len; i++)
        if (letter_is_digit((unsigned char)s.ptr[i]))
            return true;
    return words_has_any(s, words, LEN(words));
}

static bool has_time(Turn *t, Str s, bool span)
{
    When w[8];
    WhenContext c = {.now_ms = t->now, .zone = t->zone};
    size_t n = when_find(s, &c, w, 8);
    for (size_t i = 0; i < n; i++)
        if ((w[i].kind == WHEN_DURATION) == span)
            return true;
    return false;
}

/* A preposition that says where. */
static bool has_place(Str s)
{
    static const char *const words[] = {"in the", "in a", "on the", "at the", "under the",
        "behind the", "beside the", "near", "next to", "in our", "in my", "in your", "between",
        "above the", "inside", "against the", "at", "im", "in der", "in dem", "auf dem", "auf der",
        "unter", "hinter", "neben"};
    static const char *const labels[] = {"where:", "place:", "venue:", "address:", "location:",
        "wo:", "ort:", "adresse:", "treffpunkt:"};
    for (size_t i = 0; i < LEN(labels); i++)
        for (size_t at = 0; at + strlen(labels[i]) <= s.len; at++)
            if ((at == 0 || s.ptr[at - 1] == ' ' || s.ptr[at - 1] == '\n') &&
                str_eq_nocase(str_sub(s, at, at + strlen(labels[i])), str_of(labels[i])))
                return true;
    return words_has_any(s, words, LEN(words));
}

static bool has_date(Str s)
{
    size_t at = 0, start, end;
    DocDate d;
    return date_next(s, DATE_DAY_FIRST, &at, &start, &end, &d);
}

static bool is_month_or_day(Str folded)
{
    static const char *const names[] = {"april", "august", "december", "dezember", "dienstag",
        "donnerstag", "februar", "february", "freitag", "friday", "januar", "january", "juli",
        "july", "june", "juni", "mai", "march", "may", "mittwoch", "monday", "montag",
        "m\303\244rz",
        "november", "october", "oktober", "samstag", "saturday", "september", "sonntag", "sunday",
        "thursday", "tuesday", "wednesday"};
    return str_in_sorted(folded, names, LEN(names));
}

static bool is_capital(Str s, size_t at)
{
    return at + 1 < s.len && s.ptr[at] >= 'A' && s.ptr[at] <= 'Z' && s.ptr[at + 1] >= 'a' &&
           s.ptr[at + 1] <= 'z';
}

/* Whether the word in the sentence's first place is a name: another one or what somebody does
 * follows. "Aoife will show it." */
static bool name_goes_on(Str s, size_t end)
{
    static const char *const next[] = {"and", "has", "is", "lives", "owns", "said", "will", "works",
        "wrote"};
    char room[WORD_MAX + 8];
    size_t at = end, start, stop;
    return word_next(s, &at, &start, &stop) &&
           (is_capital(s, start) ||
            str_in_sorted(word_fold(str_sub(s, start, stop), room), next, LEN(next)));
}

/* A word with a capital that the question does not have, and that names no day. */
static bool has_name(Str question, Str s)
{
    char room[WORD_MAX + 8], text[WORD_MAX + 8];
    size_t at = 0, start, end;
    while (word_next(s, &at, &start, &end)) {
        if (!is_capital(s, start))
            continue;
        Str word = str_sub(s, start, end);
        if (str_ends(word, STR("'s")))
            word.len -= 2;
        Str folded = word_fold(word, room);
        if (folded.len == 0 || is_month_or_day(folded))
            continue;
        memcpy(text, folded.ptr, folded.len);
        text[folded.len] = '\0';
        bool first = start == 0 || (start > 1 && strchr(".!?", s.ptr[start - 2]));
        if (!words_has(question, text) && (!first || name_goes_on(s, end)))
            return true;
    }
    return false;
}

/* Six digits and more with nothing but blanks, slashes and the like between them; "KH88-2041" is
 * none. */
static bool has_phone(Str s)
{
    size_t digits = 0;
    bool word = false; /* a letter stands before */
    for (size_t i = 0; i < s.len && digits < 6; i++) {
        if (letter_is_digit((unsigned char)s.ptr[i])) {
            digits += !word;
        } else if (!strchr(" -/()+", s.ptr[i])) {
            digits = 0;
            word = true;
        } else if (s.ptr[i] == ' ' || s.ptr[i] == '(') {
            word = false;
        }
    }
    return digits >= 6;
}

static bool has_unit(Asks kind, Str s)
{
    static const char *const heat[] = {"degrees", "degree", "grad", "celsius", "fahrenheit"};
    static const char *const weight[] = {"kg", "g", "kilo", "kilos", "kilograms", "grams", "tonnes",
        "lb", "lbs", "gramm", "kilogramm"};
    static const char *const height[] = {"m", "cm", "metres", "meters", "feet", "centimetres",
        "zentimeter", "meter"};
    static const char *const age[] = {"years old", "year old", "born", "aged", "age", "birthday",
        "jahre", "geboren", "geburtstag", "turns"};
    static const char *const speed[] = {"km/h", "mph", "mbit", "mbit/s", "gbit", "knots", "kmh",
        "megabit", "megabits"};
    static const struct {
        const char *const *words;
        size_t n;
    } units[] = {[ASKS_HEAT] = {heat, LEN(heat)}, [ASKS_WEIGHT] = {weight, LEN(weight)},
        [ASKS_HEIGHT] = {height, LEN(height)}, [ASKS_AGE] = {age, LEN(age)},
        [ASKS_SPEED] = {speed, LEN(speed)}};
    if (kind == ASKS_PHONE)
        return has_phone(s);
    if (kind == ASKS_MAIL)
        return str_find(s, STR("@"), 0) != SIZE_MAX;
    if (kind == ASKS_HEAT && str_find(s, STR("\302\260"), 0) != SIZE_MAX)
        return true; /* a degree sign */
    return words_has_any(s, units[kind].words, units[kind].n);
}

int answer_holds(Turn *t, Asks kind, Str question, Str s)
{
    switch (kind) {
    case ASKS_AMOUNT:
        return words_has_money(s) && has_number(s) ? 1 : -1;
    case ASKS_NUMBER:
        return has_number(s) ? 1 : -1;
    case ASKS_SPAN:
        return has_time(t, s, true) ? 1 : -1;
    case ASKS_TIME:
        return has_time(t, s, false) ? 1 : -1;
    case ASKS_PLACE:
        return has_place(s) ? 1 : 0;
    case ASKS_DATE: /* in a language whose dates only print, here */
        return has_time(t, s, false) || has_date(s) ? 1 : -1;
    case ASKS_PERSON:
        return has_name(question, s) ? 1 : -1;
    case ASKS_HEAT:
    case ASKS_WEIGHT:
    case ASKS_HEIGHT:
    case ASKS_AGE:
    case ASKS_SPEED:
    case ASKS_PHONE:
    case ASKS_MAIL:
        return has_unit(kind, s) ? 1 : -1;
    default:
        return 0;
    }
}

/* A few words without an end, no item of a list and no figure in it. */
static bool is_heading(Str s, size_t words)
{
    if (words > 7 || s.len == 0 || strchr(".!?:;", s.ptr[s.len - 1]) || strchr("-*", s.ptr[0]))
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (letter_is_digit((unsigned char)s.ptr[i]))
            return false;
    return true;
}

float answer_fragment(Asks kind, Str s, Str title)
{
    /* The last four name people. */
    static const char *const heads[] = {"subject:", "date:", "tags:", "tag:", "cc:", "to:", "#",
                                        "from:", "present:", "author:", "apologies:"};
    size_t n_heads = kind == ASKS_PERSON ? LEN(heads) - 4 : LEN(heads);
    float off = 0;
    size_t words = 0;
    for (size_t i = 0; i < s.len; i++)
        words += s.ptr[i] != ' ' && (i == 0 || s.ptr[i - 1] == ' ');
    off += words < 4 ? 0.15F : 0;
    off += is_heading(s, words) ? 0.25F : 0;
    for (size_t i = 0; i < n_heads; i++)
        if (str_eq_nocase(str_sub(s, 0, strlen(heads[i])), str_of(heads[i]))) {
            off += 0.3F;
            break;
        }
    return str_eq_nocase(s, title) ? off + 0.2F : off;
}

/* ---- words in common ------------------------------------------------------------------------- */

/* Words of questions that say nothing of what is asked about. */
static bool is_empty_word(Str w)
{
    static const char *const words[] = {"a", "aber", "about", "all", "als", "am", "an", "and",
        "any", "are", "as", "at", "auch", "auf", "aus", "be", "been", "bei", "beim", "bis", "but",
        "by", "can", "could", "da", "das", "dem", "den", "der", "des", "did", "die", "do", "does",
        "down", "du", "ein", "eine", "einem", "einen", "einer", "er", "es", "findet", "for", "from",
        "f\303\274r", "gab", "gibt", "habe", "haben", "had", "has", "hast", "hat", "have", "he",
        "hei\303\237t", "her", "his", "hoch", "how", "i", "ich", "if", "ihm", "ihn", "ihr", "im",
        "in", "ins", "into", "is", "ist", "it", "its", "kann", "long", "man", "many", "may", "me",
        "mein", "meine", "meinem", "meinen", "meiner", "mich", "mir", "mit", "much", "muss", "must",
        "my", "nach", "nicht", "no", "noch", "not", "oder", "of", "on", "or", "our", "out", "over",
        "s", "said", "say", "says", "schwer", "sein", "seine", "shall", "she", "should", "sich",
        "sie", "sind", "so", "soll", "statt", "tell", "tells", "than", "that", "the", "their",
        "them", "then", "there", "these", "they", "this", "those", "to", "told", "um", "und",
        "under", "uns", "unser", "unsere", "until", "up", "us", "viel", "viele", "vom", "von",
        "vor", "wann", "war", "waren", "warum", "was", "we", "welche", "welchem", "welchen",
        "welcher", "welches", "wem", "wen", "wenn", "wer", "werden", "were", "what", "when",
        "where", "which", "who", "whom", "whose", "why", "wie", "wieder", "wieviel", "will", "wir",
        "wird", "with", "wo", "wogegen", "womit", "worden", "would", "wozu", "wurde", "wurden",
        "you", "your", "zu", "zum", "zur", "\303\274ber"};
    return str_in_sorted(w, words, LEN(words));
}

/* Words that only say which kind of thing is asked for, which is looked at by itself. */
static bool is_kind_word(Asks kind, Str w)
{
    static const char *const money[] = {"amount", "betrag", "charge", "charges", "cost", "costs",
        "fee", "kosten", "kostet", "kostete", "money", "paid", "pay", "preis", "price", "zahle",
        "zahlen"};
    static const char *const units[] = {"address", "alt", "born", "e-mail", "email", "fast",
        "geboren", "gro\303\237", "heavy",
        "hei\303\237", "hot", "mail", "mobile", "number", "nummer", "old", "phone", "schnell",
        "schwer", "tall", "telefonnummer", "telephone", "temperatur", "temperature", "weigh",
        "wiegt"};
    return kind == ASKS_AMOUNT ? str_in_sorted(w, money, LEN(money))
           : answer_asks_unit(kind) && str_in_sorted(w, units, LEN(units));
}

typedef struct {
    Turn *t;
    Str text;
    Asks kind;
    AnswerWords *out;
    bool failed;
    uint32_t of; /* the word whose kin are collected */
} Collect;

static bool collect(void *arg, Str stem, size_t start, size_t end)
{
    Collect *c = arg;
    char lower[24];
    Str word = str_sub(c->text, start, end);
    for (size_t i = 0; i < word.len && i < sizeof lower; i++)
        lower[i] = word.ptr[i] >= 'A' && word.ptr[i] <= 'Z' ? (char)(word.ptr[i] + 32)
                                                            : word.ptr[i];
    if (word.len <= sizeof lower && (is_empty_word(str_mem(lower, word.len)) ||
                                     is_kind_word(c->kind, str_mem(lower, word.len))))
        return true;
    for (size_t i = 0; i < c->out->n; i++)
        if (str_eq(c->out->stems[i], stem))
            return true;
    Str kept = arena_str(c->t->a, stem);
    c->failed = !kept.ptr;
    if (kept.ptr)
        c->out->stems[c->out->n++] = kept;
    return kept.ptr && c->out->n < ANSWER_WORDS;
}

static bool collect_kin(void *arg, Str stem, size_t start, size_t end)
{
    Collect *c = arg;
    AnswerWords *w = c->out;
    (void)start, (void)end;
    for (size_t i = 0; i < w->n; i++)
        if (str_eq(w->stems[i], stem))
            return true; /* it stands in the question */
    for (size_t i = 0; i < w->n_kin; i++)
        if (str_eq(w->kin[i], stem)) {
            w->kin_of[i] |= c->of;
            return true;
        }
    Str kept = arena_str(c->t->a, stem);
    c->failed = !kept.ptr;
    if (kept.ptr) {
        w->kin[w->n_kin] = kept;
        w->kin_of[w->n_kin++] = c->of;
    }
    return kept.ptr && w->n_kin < ANSWER_KIN;
}

/* The question's words one by one, so that each finds its groups as it was written. */
static bool add_kin(Collect *c)
{
    Str question = c->text, group;
    size_t at = 0, start, end;
    char room[WORD_MAX + 8];
    while (word_next(question, &at, &start, &end) && c->out->n_kin < ANSWER_KIN) {
        AnswerHit mine[1];
        size_t n, k = 0;
        c->text = str_sub(question, start, end);
        if (!answer_hits(c->t, c->out, c->text, mine, 1, &n))
            return false;
        c->of = n ? mine[0].bit : 0;
        while (c->of && c->out->n_kin < ANSWER_KIN &&
               answer_kin(word_fold(c->text, room), &k, &group))
            if (!store_tokenize(c->t->parts->store, group, collect_kin, c, c->t->err))
                return false;
    }
    return true;
}

bool answer_words(Turn *t, Str looked_for, Str question, AnswerWords *out)
{
    Collect c = {.t = t, .text = looked_for, .kind = answer_asks(question), .out = out};
    AnswerHit own[ANSWER_WORDS];
    size_t n = 0;
    out->n = out->n_kin = 0;
    out->twice = 0;
    if (!store_tokenize(t->parts->store, looked_for, collect, &c, t->err) || !add_kin(&c))
        return false;
    if (c.failed)
        return turn_no_memory(t);
    if (question.len < looked_for.len &&
        !answer_hits(t, out, question, own, ANSWER_WORDS, &n))
        return false;
    for (size_t i = 0; i < n; i++)
        out->twice |= own[i].bit;
    return true;
}

typedef struct {
    const AnswerWords *words;
    AnswerHit *out;
    size_t n, max;
} Hits;

/* "plumber" and "plumbing" have other stems by the rules of the index, and one root. */
static bool same_root(Str a, Str b)
{
    size_t least = a.len < b.len ? a.len : b.len, most = a.len < b.len ? b.len : a.len;
    return least >= 4 && most - least <= 3 && memcmp(a.ptr, b.ptr, least) == 0;
}

static bool hit(void *arg, Str stem, size_t start, size_t end)
{
    Hits *h = arg;
    (void)end;
    for (size_t i = 0; i < h->words->n; i++)
        if (str_eq(h->words->stems[i], stem) || same_root(h->words->stems[i], stem)) {
            h->out[h->n++] = (AnswerHit){start, 1u << i, 0};
            return h->n < h->max;
        }
    for (size_t i = 0; i < h->words->n_kin; i++)
        if (str_eq(h->words->kin[i], stem)) {
            h->out[h->n++] = (AnswerHit){start, 0, h->words->kin_of[i]};
            break;
        }
    return h->n < h->max;
}

bool answer_hits(Turn *t, const AnswerWords *w, Str text, AnswerHit *out, size_t max, size_t *n)
{
    Hits h = {w, out, 0, max};
    bool ok = max == 0 || store_tokenize(t->parts->store, text, hit, &h, t->err);
    *n = h.n;
    return ok;
}

float answer_share(const AnswerWords *w, uint32_t bits)
{
    int all = (int)w->n + __builtin_popcount(w->twice);
    int have = __builtin_popcount(bits) + __builtin_popcount(bits & w->twice);
    return all ? (float)have / (float)all : 0;
}
