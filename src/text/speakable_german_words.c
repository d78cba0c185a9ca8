/* speakable_german_words.c - German abbreviations, signs, streets, kings, addresses of the web. */
#include "text/speakable_german_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct {
    const char *word, *said;
    bool number; /* only before a digit */
} words[] = {{"u. v. m.", "und vieles mehr", 0}, {"i. d. R.", "in der Regel", 0},
    {"v. Chr.", "vor Christus", 0}, {"n. Chr.", "nach Christus", 0}, {"o. \xc3\x84.",
    "oder \xc3\x84hnliches", 0}, {"etc.", "et cetera", 0}, {"Jh.", "Jahrhundert", 0},
    {"geb.", "geboren", 0}, {"ff.", "fortfolgende", 0}, {"sog.", "sogenannte", 0},
    {"bzgl.", "bez\xc3\xbcglich", 0}, {"Hbf", "Hauptbahnhof", 0}, {"MwSt.", "Mehrwertsteuer", 0},
    {"MwSt", "Mehrwertsteuer", 0}, {"Art.", "Artikel", 1}, {"Ziff.", "Ziffer", 1},
    {"T\xe2\x82\xac", "tausend Euro", 0}, {"Fr.,", "Freitag,", 0}, {"Fr.", "Freitag", 1},
    {"z. B.", "zum Beispiel", 0}, {"z.B.", "zum Beispiel", 0},
    {"d. h.", "das hei\xc3\x9ft", 0}, {"d.h.", "das hei\xc3\x9ft", 0},
    {"u. a.", "unter anderem", 0}, {"u.a.", "unter anderem", 0},
    {"usw.", "und so weiter", 0}, {"bzw.", "beziehungsweise", 0}, {"ca.", "circa", 0},
    {"Nr.", "Nummer", 0}, {"Str.", "Stra\xc3\x9f""e", 0}, {"Dr.", "Doktor", 0},
    {"Prof.", "Professor", 0}, {"Hr.", "Herr", 0}, {"Fr.", "Frau", 0}, {"inkl.", "inklusive", 0},
    {"exkl.", "exklusive", 0}, {"ggf.", "gegebenenfalls", 0}, {"evtl.", "eventuell", 0},
    {"Tel.", "Telefon", 0}, {"St.", "Sankt", 0}, {"Abs.", "Absatz", 1}, {"S.", "Seite", 1},
    {"Bd.", "Band", 1}, {"Kap.", "Kapitel", 1}, {"Abb.", "Abbildung", 1}, {"vgl.", "vergleiche", 0},
    {"zzgl.", "zuz\xc3\xbc""glich", 0}, {"min.", "mindestens", 0},
    {"max.", "h\xc3\xb6""chstens", 0},
    {"mind.", "mindestens", 0}, {"Mio.", "Millionen", 0}, {"Mrd.", "Milliarden", 0},
    {"GmbH", "G M B H", 0}, {"Mo-Fr", "Montag bis Freitag", 0}, {"Mo\xe2\x80\x93""Fr",
    "Montag bis Freitag", 0}, {"Mo.", "Montag", 0}, {"Di.", "Dienstag", 0}, {"Mi.", "Mittwoch", 0},
    {"Do.", "Donnerstag", 0}, {"Sa.", "Samstag", 0}, {"So.", "Sonntag", 0}, {"&", "und", 0},
    {"+", "plus", 0}, {"\xc3\x97", "mal", 0}, {"=", "gleich", 0}, {"%", "Prozent", 0},
    {"\xc2\xa7", "Paragraf", 0},
    {"\xe2\x82\xac", "Euro", 0}, {"\xc2\xbd", "ein halb", 0}, {"~", "etwa", 0}, {"@", "at", 0}};

size_t german_word(Buf *out, Str s, size_t at)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        Str w = str_of(words[i].word);
        size_t end = at + w.len;
        bool letters = is_letter(w.ptr[w.len - 1]);
        bool first = w.ptr[0] >= 'a' && w.ptr[0] <= 'z' && char_at(s, at) == w.ptr[0] - 32 &&
            has_at(s, at + 1, str_sub(w, 1, w.len)); /* "Ca." begins a sentence */
        if (!(has_at(s, at, w) || first) || (letters && is_wordy(char_at(s, end))) ||
            (words[i].number && !is_digit(char_at(s, end + spaces_at(s, end))))) {
            continue;
        }
        say(out, str_of(words[i].said));
        if (first) {
            out->ptr[out->len - strlen(words[i].said)] = (char)(words[i].said[0] - 32);
        }
        bool stop = w.ptr[w.len - 1] == '.' && end >= s.len;
        return w.len - stop;
    }
    return 0;
}

/* Hauptstr. 5: the end of a word. */
size_t german_street(Buf *out, Str s, size_t at)
{
    Str w = word_at(s, at); /* its point goes with it */
    bool str = w.len > 4 && str_ends(w, STR("str")) && char_at(s, at + w.len) == '.';
    if (!str) {
        return 0;
    }
    say(out, str_sub(w, 0, w.len - 3));
    buf_add_c(out, "stra\xc3\x9f""e");
    return w.len + 1;
}

/* IBAN DE89 3704 ...: letters and digits one by one, a pause between groups. */
size_t german_account(Buf *out, Str s, size_t at)
{
    size_t i = at;
    if (!str_eq(word_before(s, at), STR("IBAN")) || !is_upper(char_at(s, at)) ||
        !is_upper(char_at(s, at + 1)) || digits_at(s, at + 2) < 2) {
        return 0;
    }
    for (; i < at + 2; i++) {
        say(out, str_sub(s, i, i + 1));
    }
    for (size_t n; (n = digits_at(s, i)) != 0;) {
        german_digits(out, str_sub(s, i, i + n));
        i += n;
        if (char_at(s, i) != ' ' || !is_digit(char_at(s, i + 1))) {
            break;
        }
        buf_add_char(out, ',');
        i++;
    }
    return i - at;
}

/* Heinrich VIII.: der Achte. */
size_t german_roman(Buf *out, Str s, size_t at)
{
    static const char *const numerals[] = {"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX",
        "X", "XI", "XII", "XIII", "XIV", "XV", "XVI", "XVII", "XVIII", "XIX", "XX"};
    Str w = word_at(s, at), prior = word_before(s, at);
    bool name = prior.len > 2 && is_upper(prior.ptr[0]) && is_lower(prior.ptr[1]);
    if (!name || char_at(s, at + w.len) != '.') {
        return 0;
    }
    for (size_t i = 0; i < COUNT(numerals); i++) {
        if (str_eq(w, str_of(numerals[i]))) {
            Buf nth;
            buf_init(&nth, 256);
            speakable_german_ordinal(&nth, i + 1, "e");
            Str text = str_trim(buf_str(&nth));
            say(out, STR("der"));
            say(out, text);
            if (text.len && is_lower(text.ptr[0])) { /* a name is written with a capital */
                out->ptr[out->len - text.len] = (char)(text.ptr[0] - 32);
            }
            buf_release(&nth);
            return w.len + (at + w.len + 1 < s.len);
        }
    }
    return 0;
}

/* user@example.de, www.example.de/x */
size_t german_address(Buf *out, Str s, size_t at)
{
    size_t end = at, dots = 0;
    bool mail = false, web = has_at(s, at, STR("www.")) || has_at(s, at, STR("http"));
    while (end < s.len && s.ptr[end] != ' ' && s.ptr[end] != ',' && s.ptr[end] != ')') {
        mail = mail || (s.ptr[end] == '@' && end > at);
        dots += s.ptr[end] == '.';
        end++;
    }
    while (end > at && strchr(".,;:!?", s.ptr[end - 1])) {
        end--;
    }
    if (!(mail && dots) && !web) {
        return 0;
    }
    size_t i = at;
    i += has_at(s, i, STR("https://")) ? 8 : has_at(s, i, STR("http://")) ? 7 : 0;
    i += has_at(s, i, STR("www.")) ? 4 : 0;
    while (i < end) {
        char c = s.ptr[i];
        if (is_wordy(c)) {
            size_t n = i;
            while (n < end && is_wordy(s.ptr[n]) && is_digit(s.ptr[n]) == is_digit(c)) {
                n++;
            }
            if (is_digit(c)) {
                german_digits(out, str_sub(s, i, n));
            } else {
                say(out, str_sub(s, i, n));
            }
            i = n;
            continue;
        }
        say(out, c == '.'   ? STR("Punkt")
                 : c == '@' ? STR("at")
                 : c == '/' ? STR("Schr\xc3\xa4gstrich")
                 : c == '-' ? STR("Bindestrich")
                 : c == '_' ? STR("Unterstrich")
                            : STR(""));
        i++;
    }
    return end - at;
}
