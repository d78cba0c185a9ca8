/* named.c - see named.h. */
#include "assistant/named.h"

#include "assistant/intents_verbs.h"
#include "text/letters.h"

#define WORD_BYTES 40
#define PHRASE_WORDS 48
#define TIMES 8

/* EMPTY says nothing. COMMAND says what is to be done with a task. TIME is of a time, KIND what
 * kind of thing a task may be about, VERB what it may ask for; THING is all else. */
typedef enum { EMPTY, COMMAND, TIME, KIND, VERB, THING } Class;

typedef struct {
    char text[WORD_BYTES]; /* lower case, the base form */
    size_t len;
    Class is;
    bool met; /* the other phrase has it too */
} Word;

typedef struct {
    Word word[PHRASE_WORDS];
    size_t n;
    bool cut; /* there are more words than are looked at */
} Phrase;

/* ---- words ----------------------------------------------------------------------------------- */

static const char *const empties[] = {"a", "about", "ach", "ai", "als", "also", "am", "an", "and",
    "ans", "any", "are", "as", "at", "au", "auch", "auf", "aus", "aux", "avec", "be", "been",
    "bei", "bin", "bitte", "but", "by", "c", "can", "ce", "ces", "cet", "cette", "chez", "could",
    "d", "da", "das", "dass", "de", "dein", "dem", "den", "der", "des", "did", "die", "diese",
    "diesem", "diesen", "dieser", "dieses", "do", "doch", "does", "don", "du", "ein", "eine",
    "einem", "einen", "einer", "eines", "elle", "en", "er", "es", "est", "et", "eure", "for",
    "from", "für", "habe", "had", "has", "hat", "have", "her", "hey", "hi", "his", "i", "ich",
    "ihm", "ihn", "ihr", "il", "im", "in", "ins", "is", "ist", "it", "its", "j", "je", "l", "la",
    "le", "les", "leur", "ll", "lui", "m", "ma", "mal", "me", "mein", "meine", "meinem", "meinen",
    "meiner", "mes", "mich", "mir", "mit", "moi", "mon", "my", "n", "ne", "no", "not", "nous",
    "of", "oh", "ok", "okay", "on", "one", "ones", "or", "ou", "our", "par", "pas", "plait",
    "plaît", "please", "pour", "qu", "que", "re", "s", "sa", "se", "sein", "seine", "ses", "she",
    "sich", "sie", "sind", "so", "son", "sotto", "sur", "t", "ta", "te", "tes", "that", "the",
    "their", "them", "these", "they", "this", "those", "to", "ton", "too", "tu", "um", "un",
    "und", "une", "uns", "unser", "unsere", "ve", "vom", "von", "vous", "war", "was", "we",
    "were", "will", "wir", "with", "would", "you", "your", "zu", "zum", "zur", "à"};

static const char *const commands[] = {"abgehakt", "abhaken", "actually", "again", "all", "alle",
    "allem", "allen", "aller", "alles", "already", "always", "annule", "annuler", "anymore",
    "anything", "aufgabe", "aufgaben", "away", "back", "besoin", "bis", "both", "brauche",
    "brauchen", "bring", "ca", "cancel", "celle", "celui", "clear", "complete", "couldn", "cross",
    "dann", "dazu", "defer", "delay", "delete", "discard", "dismiss", "ditch", "doesn", "doing",
    "done", "dritte", "dritten", "drop", "déjà", "each", "efface", "effacer", "enlever",
    "enlève", "entferne", "entfernen", "entfällt", "entry", "erase", "erinnerung", "erledigen",
    "erledigt", "erste", "ersten", "every", "everything", "fait", "faite", "fertig", "final",
    "finally", "fini", "finie", "finis", "finish", "first", "forget", "forgot", "forgotten",
    "get", "give", "go", "gone", "got", "haben", "hake", "handle", "happen", "hold", "isn",
    "item", "jusqu", "jusque", "just", "kann", "kannst", "keep", "kein", "keine", "kill", "last",
    "later", "leave", "let", "letzte", "letzten", "longer", "lose", "lösche", "löschen",
    "maintenant", "make", "manage", "mark", "may", "mean", "mehr", "mind", "more", "move", "muss",
    "must", "möchte", "need", "never", "nevermind", "next", "nicht", "nichts", "noch", "now",
    "off", "oublie", "out", "over", "peut", "peux", "plus", "plutôt", "postpone", "push", "put",
    "quite", "really", "remind", "reminder", "remove", "reporte", "repousse", "repousser", "rest",
    "retire", "retirer", "rid", "right", "schieb", "schiebe", "schieben", "schon", "scrap",
    "second", "set", "shift", "should", "skip", "snooze", "something", "sort", "stop", "streich",
    "streiche", "streichen", "strike", "supprime", "supprimer", "sure", "tache", "take", "task",
    "terminé", "terminée", "than", "then", "there", "thing", "third", "throw", "tick", "till",
    "todo", "tous", "tout", "toute", "toutes", "trash", "tâche", "undo", "until", "up",
    "vergiss", "verschieb", "verschiebe", "verschieben", "wait", "want", "warten", "wasn", "weg",
    "well", "whole", "wish", "yes", "zweite", "zweiten"};

static const char *const of_time[] = {"abend", "after", "afternoon", "août", "april", "august",
    "aujourd", "aujourdhui", "avril", "day", "days", "december", "demain", "dezember", "dienstag",
    "dimanche", "donnerstag", "décembre", "early", "evening", "februar", "february",
    "feierabend", "freitag", "friday", "février", "gestern", "heute", "hier", "hour", "hours",
    "hui", "januar", "january", "janvier", "jeudi", "juillet", "juin", "juli", "july", "june",
    "juni", "lundi", "mai", "march", "mardi", "mars", "matin", "mercredi", "midi", "midnight",
    "minuit", "minute", "minutes", "mittag", "mittwoch", "mois", "monat", "monday", "montag",
    "month", "months", "morgen", "morning", "märz", "nachmittag", "night", "noon", "november",
    "novembre", "oclock", "october", "octobre", "oktober", "pm", "samedi", "samstag", "saturday",
    "semaine", "sept", "september", "septembre", "soir", "sonntag", "stunde", "stunden", "sunday",
    "tag", "tage", "thursday", "today", "tomorrow", "tonight", "tuesday", "uhr", "vendredi",
    "vormittag", "wednesday", "week", "weekend", "weeks", "woche", "wochen", "year", "years",
    "yesterday"};

static const char *const kinds[] = {"appointment", "besprechung", "event", "meeting", "rendez",
    "réunion", "termin", "treffen", "verabredung", "visit"};

static const char *const verbs[] = {"abgeholt", "abholen", "acheter", "acheté", "achète",
    "angerufen", "anruf", "anrufen", "answer", "appel", "appeler", "appelle", "appelé",
    "arrange", "ask", "bake", "bestelle", "bestellen", "bestellt", "bezahle", "bezahlen",
    "bezahlt", "book", "bringen", "buche", "buchen", "buy", "call", "change", "charge", "check",
    "clean", "close", "collect", "commander", "contact", "cook", "deliver", "draw", "dust", "eat",
    "envoyer", "envoyé", "exchange", "feed", "fetch", "fill", "find", "fix", "fold", "gebucht",
    "geholt", "gekauft", "geputzt", "geschickt", "geschrieben", "gewaschen", "gezahlt", "gießen",
    "holen", "hoover", "install", "invite", "iron", "kauf", "kaufe", "kaufen", "laver", "look",
    "mail", "meet", "mend", "mow", "open", "order", "organise", "organize", "pack", "paint",
    "pay", "paye", "payer", "payé", "pick", "plan", "polish", "post", "practice", "practise",
    "prepare", "print", "putzen", "read", "register", "reinigen", "renew", "repair", "replace",
    "reply", "reserve", "return", "review", "ring", "ruf", "rufe", "réserver", "réservé",
    "schicke", "schicken", "schreibe", "schreiben", "see", "sell", "send", "senden", "sew",
    "sharpen", "ship", "show", "sign", "submit", "sweep", "tell", "text", "tidy", "transfer",
    "travel", "try", "update", "upload", "vacuum", "verkaufen", "wake", "walk", "waschen", "wash",
    "water", "wrap", "write", "zahle", "zahlen", "écrire"};


/* What asks for the same: the first of a pair becomes the second. */
static const char *const same[][2] = {{"angerufen", "anrufen"}, {"anruf", "anrufen"},
    {"appelé", "appeler"}, {"bezahlt", "bezahlen"}, {"gekauft", "kaufen"}, {"geputzt", "putzen"},
    {"gezahlt", "zahlen"}, {"payé", "payer"}, {"phone", "call"}, {"purchase", "buy"},
    {"ring", "call"}, {"telephone", "call"}};

#define IN(list, w) str_in_sorted(w, list, sizeof(list) / sizeof *(list))

static Class class_of(Str w)
{
    return IN(empties, w) ? EMPTY : IN(commands, w) ? COMMAND : IN(of_time, w) ? TIME
        : IN(kinds, w) ? KIND : IN(verbs, w) ? VERB : THING;
}

/* "plants" and "plant", "boxes" and "box", "parties" and "party". */
static size_t without_plural(char *s, size_t n)
{
    Str t = str_mem(s, n);
    if (n > 4 && str_ends(t, STR("ies"))) {
        s[n - 3] = 'y';
        return n - 2;
    }
    if (n > 4 && (str_ends(t, STR("xes")) || str_ends(t, STR("ches")) || str_ends(t, STR("shes"))))
        return n - 2;
    bool one = str_ends(t, STR("ss")) || str_ends(t, STR("us")) || str_ends(t, STR("is"));
    return n > 3 && !one && str_ends(t, STR("s")) ? n - 1 : n;
}

/* "paid" is "pay", "plants" is "plant": on both sides alike, so that nonsense meets its like. */
static void to_base(Word *w)
{
    char base[WORD_BYTES];
    Str text = str_mem(w->text, w->len);
    bool known = class_of(text) != THING;
    if (!known && verb_base(text, true, base, sizeof base))
        memcpy(w->text, base, w->len = strlen(base));
    else if (!known)
        w->len = without_plural(w->text, w->len);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        if (str_eq(str_mem(w->text, w->len), str_of(same[i][0])))
            memcpy(w->text, same[i][1], w->len = strlen(same[i][1]));
    w->is = class_of(str_mem(w->text, w->len));
}

/* The next run of letters and digits at *at; *end: where it ends. False: there is none. */
static bool next_word(Str s, size_t *at, size_t *start, Word *w)
{
    uint32_t c = 0;
    *w = (Word){.len = 0};
    for (*start = *at; *at < s.len && !letter_is_word(c = utf8_next(s, at)); *start = *at)
        ;
    if (*start == s.len || !letter_is_word(c))
        return false;
    size_t next = *at;
    do {
        char bytes[4];
        size_t n = utf8_put(letter_lower(c), bytes);
        if (w->len + n <= sizeof w->text) {
            memcpy(w->text + w->len, bytes, n);
            w->len += n;
        }
        *at = next;
        c = next < s.len ? utf8_next(s, &next) : ' ';
    } while (c != UTF8_INVALID && letter_is_word(c));
    to_base(w);
    return true;
}

/* Whether the word at `at` is a part of a time. "Lunch" alone is a thing, "after lunch" a time. */
static bool in_time(Str s, const When *times, size_t n, size_t at)
{
    for (size_t i = 0; i < n; i++)
        if (at >= times[i].start && at < times[i].end)
            return letter_is_digit((unsigned char)s.ptr[at]) ||
                   memchr(s.ptr + times[i].start, ' ', times[i].end - times[i].start);
    return false;
}

static void read_phrase(Str s, const WhenContext *c, Phrase *out)
{
    When times[TIMES];
    size_t n = when_find(s, c, times, TIMES), at = 0, start;
    Word w;
    *out = (Phrase){.n = 0};
    while (next_word(s, &at, &start, &w)) {
        if (w.is == EMPTY)
            continue;
        if (in_time(s, times, n, start))
            w.is = TIME;
        out->cut = out->n == PHRASE_WORDS;
        if (out->cut)
            break;
        out->word[out->n++] = w;
    }
}

/* ---- what is named --------------------------------------------------------------------------- */

/* Endings of German and French: "Rechnung" and "Rechnungen". */
static bool only_ending(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!memchr("enrs", s[i], 4))
            return false;
    return n <= 2;
}

static bool same_word(const Word *a, const Word *b)
{
    size_t n = 0, least = a->len < b->len ? a->len : b->len;
    while (n < least && a->text[n] == b->text[n])
        n++;
    if (n == a->len && n == b->len)
        return true;
    return n >= 5 && only_ending(a->text + n, a->len - n) && only_ending(b->text + n, b->len - n);
}

static void meet(Phrase *a, Phrase *b)
{
    for (size_t i = 0; i < a->n; i++)
        for (size_t k = 0; k < b->n; k++)
            if (same_word(&a->word[i], &b->word[k]))
                a->word[i].met = b->word[k].met = true;
}

/* How many words of these kinds the other has, or has not. */
static size_t count(const Phrase *p, Class from, Class to, bool met)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        n += p->word[i].met == met && p->word[i].is >= from && p->word[i].is <= to;
    return n;
}

Naming named(Str phrase, Str title, const WhenContext *c)
{
    Phrase said, task;
    read_phrase(phrase, c, &said);
    read_phrase(title, c, &task);
    meet(&said, &task);
    bool whole_title = task.n && !count(&task, COMMAND, THING, false);
    bool all_said = said.n && !count(&said, COMMAND, THING, false);
    if (!count(&said, KIND, THING, true) && !whole_title
        && !(all_said && count(&said, TIME, TIME, true)))
        return NAMED_NOT;
    bool other_thing = count(&said, THING, THING, false);
    bool other_deed = count(&said, KIND, VERB, false) && count(&task, KIND, THING, false);
    bool other_time = count(&said, TIME, TIME, false) && count(&task, TIME, TIME, false);
    return other_thing || other_deed || other_time || said.cut ? NAMED_NEAR : NAMED_SURE;
}

/* ---- clauses --------------------------------------------------------------------------------- */

/* The next part of what was said, up to a stop or a word that joins; *at behind it. */
static bool next_clause(Str s, size_t *at, Str *out)
{
    static const char *const joins[] = {"aber", "and", "but", "dann", "et", "mais", "puis", "sowie",
        "then", "und"};
    size_t start = *at, end = start;
    if (start >= s.len)
        return false;
    while (end < s.len) {
        size_t next = end, from;
        Word w;
        if (strchr(",;.!?\n", s.ptr[end]) && s.ptr[end]) {
            *out = str_sub(s, start, end);
            *at = end + 1;
            return true;
        }
        if (!letter_is_word(utf8_next(s, &next))) {
            end = next;
            continue;
        }
        next = end;
        (void)next_word(s, &next, &from, &w);
        if (IN(joins, str_mem(w.text, w.len))) {
            *out = str_sub(s, start, end);
            *at = next;
            return true;
        }
        end = next;
    }
    *out = str_sub(s, start, s.len);
    *at = s.len;
    return true;
}

Naming named_in(Str said, Str title, const WhenContext *c)
{
    Naming best = named(said, title, c);
    size_t at = 0;
    Str clause;
    while (best != NAMED_SURE && next_clause(said, &at, &clause)) {
        Naming one = named(clause, title, c);
        best = one > best ? one : best;
    }
    return best;
}

bool named_together(Str said, Str title, Str other, Naming how, const WhenContext *c)
{
    size_t at = 0;
    Str clause;
    bool found = false;
    while (next_clause(said, &at, &clause)) {
        if (named(clause, title, c) < how)
            continue;
        if (named(clause, other, c) >= how)
            return true;
        found = true;
    }
    return !found && named(said, title, c) >= how && named(said, other, c) >= how;
}

bool named_instead(Str said, Str title, Str other, const WhenContext *c)
{
    size_t at = 0, like = 0;
    Str clause;
    while (next_clause(said, &at, &clause)) {
        if (named(clause, title, c) == NAMED_NOT)
            continue;
        if (named(clause, other, c) != NAMED_SURE)
            return false;
        like++;
    }
    return like > 0;
}

bool named_by_pointing(Str said, const char *const *words, size_t n, const WhenContext *c)
{
    size_t at = 0;
    Str clause;
    while (next_clause(said, &at, &clause)) {
        size_t from = 0, start;
        Word w;
        Phrase p;
        bool points = false;
        while (next_word(clause, &from, &start, &w))
            points |= str_in_sorted(str_mem(w.text, w.len), words, n);
        read_phrase(clause, c, &p);
        if (points && !p.cut && !count(&p, KIND, THING, false))
            return true;
    }
    return false;
}
