/* speakable_german_dates.c - German dates and times of day. */
#include "text/speakable_german_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *const months[12] = {"Januar", "Februar", "M\xc3\xa4rz", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember"};

static unsigned month_here(Str s, size_t at, size_t *len)
{
    static const char *const brief[] = {"Jan.", "Feb.", "M\xc3\xa4r.", "Apr.", "Mai", "Jun.",
        "Jul.", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."};
    for (unsigned i = 0; i < 12; i++) {
        Str name = str_of(months[i]), shorter = str_of(brief[i]);
        if (has_at(s, at, name) && !is_wordy(char_at(s, at + name.len))) {
            *len = name.len;
            return i + 1;
        }
        if (has_at(s, at, shorter)) {
            *len = shorter.len;
            return i + 1;
        }
    }
    return 0;
}

/* "Montag, " or "Mo., " stands before `at`: the word before that; else ptr NULL. */
static Str before_day(Str s, size_t at)
{
    static const char *const days[] = {"Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag",
        "Samstag", "Sonntag", "Mo", "Di", "Mi", "Do", "Fr", "Sa", "So", "Mo.", "Di.", "Mi.", "Do.",
        "Fr.", "Sa.", "So."};
    size_t i = at;
    while (i > 0 && (s.ptr[i - 1] == ' ' || s.ptr[i - 1] == ',')) {
        i--;
    }
    size_t end = i;
    while (i > 0 && s.ptr[i - 1] != ' ') {
        i--;
    }
    return one_of(str_sub(s, i, end), days, COUNT(days)) ? word_before(s, i) : (Str){NULL, 0};
}

/* The ending of an ordinal by the word before it: am dritten, der dritte, dritter. */
const char *german_ending(Str s, size_t at)
{
    static const char *const en[] = {"am", "im", "vom", "zum", "beim", "den", "dem", "des", "zur",
        "ab", "seit", "bis", "vor", "nach", "diesem", "diesen", "jeden", "einem", "einen", "und"};
    static const char *const e[] = {"der", "die", "das", "diese", "jede", "seine", "ihre"};
    Str prior = word_before(s, at), article = before_day(s, at);
    if (prior.len == 0 && at == 0 && german_feminine(s, at + digits_at(s, at) + 2)) {
        return "e"; /* 2. Erinnerung */
    }
    if (article.ptr) { /* am Montag, dem dritten */
        return one_of(article, en, COUNT(en)) ? "en" : "er";
    }
    return one_of(prior, en, COUNT(en)) ? "en" : one_of(prior, e, COUNT(e)) ? "e" : "er";
}

bool german_feminine(Str s, size_t at)
{
    static const char *const ends[] = {"ung", "heit", "keit", "schaft", "tion", "t\xc3\xa4t",
        "ik", "ei", "unde", "ute", "che", "gabe", "chricht", "nacht", "ette", "asche", "asse",
        "ose", "arte", "age", "eile", "inie", "iste", "otiz", "ache", "elle", "eite", "uppe",
        "ufe", "inute", "ekunde", "ail", "ist"};
    static const char *const words[] = {"E-Mail", "Mail", "Person", "Frau", "Woche", "Hand", "App",
        "Frist", "Stadt", "Fahrt", "Antwort", "Frage", "Datei", "Idee", "Reise", "Pause", "Meile",
        "Katze", "Schwester", "Tochter", "Mutter", "Million", "Milliarde", "Tonne", "Kopie"};
    size_t end = at;
    while (is_wordy(char_at(s, end)) || (char_at(s, end) == '-' && is_wordy(char_at(s, end + 1)))) {
        end++;
    }
    Str w = str_sub(s, at, end);
    bool found = one_of(w, words, COUNT(words));
    for (size_t i = 0; i < COUNT(ends) && !found; i++) {
        found = w.len > strlen(ends[i]) && str_ends(w, str_of(ends[i]));
    }
    return found;
}

/* 3. M\xc3\xa4rz 2026, 03.03.2026, 3.3., 2026-03-03 */
size_t german_date(Buf *out, Str s, size_t at)
{
    size_t d = digits_at(s, at), len = 0, i;
    uint64_t day = german_value(s, at, d), month = 0, year = 0;
    if (d == 4 && char_at(s, at + 4) == '-' && digits_at(s, at + 5) == 2 &&
        char_at(s, at + 7) == '-' && digits_at(s, at + 8) == 2) {
        year = day;
        month = german_value(s, at + 5, 2);
        day = german_value(s, at + 8, 2);
        i = at + 10;
    } else {
        if (d < 1 || d > 2 || char_at(s, at + d) != '.') {
            return 0;
        }
        i = at + d + 1;
        size_t space = spaces_at(s, i), m = digits_at(s, i + space);
        static const char *const not_dates[] = {"Raum", "Version", "Kapitel", "Abschnitt", "Punkt",
            "Nr", "Nummer", "Tabelle", "Abbildung", "Zimmer", "Gleis", "Absatz"};
        if (m && one_of(word_before(s, at), not_dates, COUNT(not_dates))) {
            return 0;
        }
        if (m >= 1 && m <= 2 && char_at(s, i + space + m) == '.') {
            month = german_value(s, i + space, m);
            i += space + m + 1;
        } else if (space == 1 && (month = month_here(s, i + 1, &len)) != 0) {
            i += 1 + len;
        } else {
            return 0;
        }
        size_t gap = spaces_at(s, i), y = digits_at(s, i + gap);
        if ((y == 4 || (y == 2 && gap == 0)) && !is_wordy(char_at(s, i + gap + y))) {
            year = german_value(s, i + gap, y) + (y == 2 ? 2000 : 0);
            i += gap + y;
        } else if (len == 0 && is_digit(char_at(s, i))) {
            return 0; /* 1.2.3 */
        }
    }
    if (day < 1 || day > 31 || month < 1 || month > 12) {
        return 0;
    }
    const char *ending = german_ending(s, at);
    Str article = before_day(s, at);
    if (article.ptr && str_eq(str_of(ending), STR("en"))) {
        say(out, str_eq_nocase(article, STR("bis")) ? STR("den") : STR("dem"));
    }
    speakable_german_ordinal(out, day, ending);
    say(out, str_of(months[month - 1]));
    if (year) {
        german_year(out, year);
    }
    return i - at;
}

/* 15:30, 15.30 Uhr, 9 Uhr; 9-17 Uhr is a range. */
size_t german_time(Buf *out, Str s, size_t at)
{
    size_t d = digits_at(s, at), i = at + d;
    uint64_t hour = german_value(s, at, d), minute = 0;
    char sep = char_at(s, i);
    size_t m = sep == ':' || sep == '.' ? digits_at(s, i + 1) : 0;
    bool uhr;
    if (d < 1 || d > 2 || hour > 24) {
        return 0;
    }
    if (m == 2) {
        minute = german_value(s, i + 1, 2);
        i += 3;
    }
    uhr = has_at(s, i, STR(" Uhr"));
    if (minute > 59 || (!uhr && (m != 2 || sep != ':')) || is_digit(char_at(s, i)) ||
        char_at(s, i) == ':') {
        return 0;
    }
    german_cardinal(out, hour, false);
    say(out, STR("Uhr"));
    if (minute) {
        german_cardinal(out, minute, true);
    }
    return i + (uhr ? 4u : 0u) - at;
}
