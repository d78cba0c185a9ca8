/* speakable_cut.c - ends of sentences that are none.
 *
 * text/sentences.h cuts for citations, where a cut too many costs little. A voice lowers its pitch
 * at every cut: "The P. O. | Box". So what it found is looked at again here, with what it cannot
 * know: the language, and what may begin a sentence. */
#include "text/speakable_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))
#define LONG_BYTES 200 /* some twelve seconds */
#define PART_BYTES 40  /* at least, on either side of a cut */

/* The last word of s[from, to), with the points inside of it and at its end. */
static Str last_word(Str s, size_t from, size_t to)
{
    size_t at = to;
    while (at > from && s.ptr[at - 1] != ' ' && s.ptr[at - 1] != '\n' && s.ptr[at - 1] != '(') {
        at--;
    }
    return str_sub(s, at, to);
}

static bool is_number(Str word)
{
    size_t n = digits_at(word, 0);
    return n > 0 && n + 1 == word.len;
}

/* ---- English --------------------------------------------------------------------------------- */

/* U.S. P.O. a.m. */
static bool is_initials(Str w)
{
    for (size_t i = 0; i < w.len; i++) {
        if (i % 2 ? w.ptr[i] != '.' : !is_letter(w.ptr[i])) {
            return false;
        }
    }
    return w.len >= 4 && w.len % 2 == 0;
}

static bool english_goes_on(Str word, Str next, bool negative)
{
    static const char *const starters[] = {"The", "A", "An", "It", "He", "She", "They", "We", "I",
        "You", "This", "That", "These", "Those", "There", "In", "On", "At", "But", "And", "Or",
        "So", "If", "When", "Then", "Do", "Does", "Is", "Are", "Was", "Please", "Your", "My", "His",
        "Her", "Its", "Our", "Their", "What", "Who", "Why", "How", "No", "Yes", "Not", "For",
        "After", "Before", "Bring", "Call", "Would", "Shall", "Should", "Can", "All", "Next"};
    static const char *const days[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
        "Saturday", "Sunday", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    static const char *const counted[] = {"Rm.", "Bldg.", "Fl.", "Ste.", "Apt.", "Ext.", "ext.",
        "Ch.", "Pt.", "Sect.", "Para.", "Bk.", "Tab.", "c.", "Temp.", "temp."};
    size_t len;
    if (is_digit(char_at(next, 0)) || (next.len == 0 && negative)) {
        return one_of(word, counted, COUNT(counted));
    }
    if (!is_initials(word) || one_of(next, starters, COUNT(starters))) {
        return false;
    }
    bool clock = str_eq_nocase(word, STR("a.m.")) || str_eq_nocase(word, STR("p.m."));
    bool zone = next.len > 1 && next.len < 5;
    for (size_t i = 0; i < next.len; i++) {
        zone = zone && is_upper(next.ptr[i]);
    }
    return !clock || zone || one_of(next, days, COUNT(days)) || month_at(next, 0, &len);
}

/* ---- German ---------------------------------------------------------------------------------- */

static bool german_goes_on(Str s, size_t from, size_t to, Str word, Str next)
{
    static const char *const never[] = {"ca.", "bzw.", "Nr.", "Str.", "Dr.", "Prof.", "Hr.", "Fr.",
        "inkl.", "exkl.", "zzgl.", "ggf.", "evtl.", "Tel.", "St.", "Abs.", "S.", "Bd.", "Kap.",
        "Abb.", "vgl.", "max.", "mind.", "geb.", "Mio.", "Mrd.", "h.", "B.", "a.", "Std.", "Min.",
        "Sek.", "sog.", "bzgl.", "Frl.", "Mo.", "Di.", "Mi.", "Do.", "Sa.", "So.", "Ing.", "Dipl.",
        "d.", "z.", "u.", "i.", "v.", "Art.", "Ziff.", "Chr.", "Jan.", "Feb.", "Apr.", "Aug.",
        "Sept.", "Okt.", "Nov.", "Dez."};
    static const char *const counts[] = {"am", "im", "vom", "zum", "beim", "den", "dem", "des",
        "zur", "ab", "bis", "der", "die", "das", "diese", "diesem", "diesen", "jeden", "jede",
        "seinen", "ihren", "einen", "ein", "mein", "meinen", "dein", "deinen", "und", "jedes",
        "mit", "auf", "nach", "vor", "seit", "ihr", "sein", "unser", "zweiten"};
    static const char *const nouns[] = {"Mal", "Jh.", "Jahrhundert", "Stock", "Etage", "Platz",
        "Tag", "Woche", "Monat", "Teil", "Kapitel", "Quartal", "Halbjahr", "Klasse", "Runde",
        "Geburtstag", "Jahrestag", "Erinnerung", "Versuch"};
    if (one_of(word, never, COUNT(never)) ||
        (word.len > 4 && str_ends(word, STR("str.")) && is_digit(char_at(next, 0)))) {
        return true;
    }
    if (!is_number(word)) {
        return false;
    }
    size_t at = (size_t)(word.ptr - s.ptr);
    return at == from || one_of(word_before(s, at), counts, COUNT(counts)) ||
        one_of(next, nouns, COUNT(nouns)) || to - at > 4;
}

bool speakable_goes_on(SpeakableLanguage language, Str s, size_t from, size_t to)
{
    size_t at = to;
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\x01')) {
        at++;
    }
    if (to == from || s.ptr[to - 1] != '.' || at >= s.len || at == to || s.ptr[at] == '\n') {
        return false; /* a line's end is an end */
    }
    Str word = last_word(s, from, to), next = word_at(s, at);
    return language == SPEAKABLE_ENGLISH ? english_goes_on(word, next,
                                              s.ptr[at] == '-' && is_digit(char_at(s, at + 1)))
        : language == SPEAKABLE_GERMAN   ? german_goes_on(s, from, to, word, next)
                                         : false;
}

/* A sentence is made as a whole: of a very long one the first sound would be late. */
size_t speakable_break(Str s, size_t from, size_t to)
{
    for (size_t i = from + PART_BYTES; to - from > LONG_BYTES && i + PART_BYTES < to; i++) {
        if (s.ptr[i] == ';' && s.ptr[i + 1] == ' ') {
            return i + 1;
        }
    }
    return to;
}
