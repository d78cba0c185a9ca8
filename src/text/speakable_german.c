/* speakable_german.c - German text as a person would read it aloud: numbers, dates, times, money,
 * units, ordinals, abbreviations, telephone numbers, addresses. Simpler than English: one pass, one
 * rule after the other at every beginning of a word. */
#include "text/speakable_german.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* ---- numbers --------------------------------------------------------------------------------- */

static const char *const small[20] = {"null", "eins", "zwei", "drei", "vier", "f\xc3\xbcnf",
    "sechs", "sieben", "acht", "neun", "zehn", "elf", "zw\xc3\xb6lf", "dreizehn", "vierzehn",
    "f\xc3\xbcnfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"};
static const char *const tens[10] = {"", "", "zwanzig", "drei\xc3\x9fig", "vierzig",
    "f\xc3\xbcnfzig", "sechzig", "siebzig", "achtzig", "neunzig"};

/* "ein" inside of a word and before a noun, "eins" at the end. */
static void below_hundred(Buf *out, unsigned n, bool last)
{
    if (n == 1) {
        buf_add_c(out, last ? "eins" : "ein");
    } else if (n < 20) {
        buf_add_c(out, small[n]);
    } else {
        if (n % 10) {
            buf_add_c(out, n % 10 == 1 ? "ein" : small[n % 10]);
            buf_add_c(out, "und");
        }
        buf_add_c(out, tens[n / 10]);
    }
}

static void below_million(Buf *out, unsigned n, bool last)
{
    if (n >= 1000) {
        below_million(out, n / 1000, false);
        buf_add_c(out, "tausend");
        n %= 1000;
        if (n == 0) {
            return;
        }
    }
    if (n >= 100) {
        buf_add_c(out, n / 100 == 1 ? "ein" : small[n / 100]);
        buf_add_c(out, "hundert");
        n %= 100;
        if (n == 0) {
            return;
        }
    }
    below_hundred(out, n, last);
}

static void cardinal(Buf *out, uint64_t n, bool last)
{
    static const struct {
        uint64_t unit;
        const char *one, *many;
    } scales[] = {{1000000000000u, "eine Billion", "Billionen"},
        {1000000000u, "eine Milliarde", "Milliarden"}, {1000000u, "eine Million", "Millionen"}};
    say(out, STR(""));
    if (n == 0) {
        say(out, STR("null"));
        return;
    }
    for (size_t i = 0; i < COUNT(scales); i++) {
        uint64_t k = n / scales[i].unit;
        n %= scales[i].unit;
        if (k == 1) {
            say(out, str_of(scales[i].one));
        } else if (k) {
            cardinal(out, k, false);
            say(out, str_of(scales[i].many));
        }
    }
    if (n) {
        if (out->len && out->ptr[out->len - 1] != ' ') {
            buf_add_char(out, ' ');
        }
        below_million(out, (unsigned)n, last);
    }
}

void speakable_german_cardinal(Buf *out, uint64_t n) { cardinal(out, n, true); }

/* erst, zweit, dritt, ..., zwanzigst; with its ending. */
void speakable_german_ordinal(Buf *out, uint64_t n, const char *ending)
{
    uint64_t low = n % 100;
    if (low == 1 || low == 3 || low == 7 || low == 8) {
        if (n > 100) {
            cardinal(out, n - low, false);
        } else {
            say(out, STR(""));
        }
        if (n <= 100 && out->len && out->ptr[out->len - 1] != ' ') {
            buf_add_char(out, ' ');
        }
        buf_add_c(out, low == 1 ? "erst" : low == 3 ? "dritt" : low == 7 ? "siebt" : "acht");
    } else {
        cardinal(out, n, false);
        buf_add_c(out, low > 0 && low < 20 ? "t" : "st");
    }
    buf_add_c(out, ending);
}

static void year_words(Buf *out, uint64_t y)
{
    if (y >= 1100 && y < 2000) {
        if (out->len && out->ptr[out->len - 1] != ' ') {
            buf_add_char(out, ' ');
        }
        below_hundred(out, (unsigned)(y / 100), false);
        buf_add_c(out, "hundert");
        if (y % 100) {
            below_hundred(out, (unsigned)(y % 100), true);
        }
    } else {
        cardinal(out, y, true);
    }
}

static void say_digits(Buf *out, Str digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (is_digit(digits.ptr[i])) {
            say(out, str_of(small[digits.ptr[i] - '0']));
        }
    }
}

static uint64_t value_of(Str s, size_t at, size_t n)
{
    uint64_t v = 0;
    for (size_t i = at; i < at + n && v < UINT64_MAX / 20; i++) {
        v = is_digit(s.ptr[i]) ? v * 10 + (uint64_t)(s.ptr[i] - '0') : v;
    }
    return v;
}

/* 1.234.567 or 1234, then ",5": bytes of it. */
typedef struct {
    uint64_t whole;
    size_t digits; /* of the whole part, without points */
    Str fraction;
    size_t len;
} Number;

static bool number_here(Str s, size_t at, Number *n)
{
    size_t d = digits_at(s, at), i = at + d;
    *n = (Number){.digits = d};
    if (d == 0) {
        return false;
    }
    while (d <= 3 && char_at(s, i) == '.' && digits_at(s, i + 1) == 3) {
        i += 4;
        n->digits += 3;
    }
    n->whole = value_of(s, at, i - at);
    size_t f = char_at(s, i) == ',' ? digits_at(s, i + 1) : 0;
    if (f) {
        n->fraction = str_sub(s, i + 1, i + 1 + f);
        i += 1 + f;
    }
    n->len = i - at;
    return true;
}

static void say_value(Buf *out, Str s, size_t at, const Number *n, bool last)
{
    bool zeros = n->digits > 1 && s.ptr[at] == '0';
    if (zeros || n->digits > 12) {
        say_digits(out, str_sub(s, at, at + n->digits));
    } else {
        cardinal(out, n->whole, last || n->fraction.len > 0);
    }
    if (n->fraction.len) {
        say(out, STR("Komma"));
        say_digits(out, n->fraction);
    }
}

/* ---- dates and times ------------------------------------------------------------------------- */

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

/* The ending of an ordinal by the word before it: am dritten, der dritte, dritter. */
static const char *ending(Str s, size_t at)
{
    static const char *const en[] = {"am", "im", "vom", "zum", "beim", "den", "dem", "des", "zur",
        "ab", "seit", "bis", "vor", "nach", "diesem", "diesen", "jeden", "einem", "einen", "und"};
    static const char *const e[] = {"der", "die", "das", "diese", "jede", "seine", "ihre"};
    Str prior = word_before(s, at);
    return one_of(prior, en, COUNT(en)) ? "en" : one_of(prior, e, COUNT(e)) ? "e" : "er";
}

/* 3. M\xc3\xa4rz 2026, 03.03.2026, 3.3., 2026-03-03 */
static size_t date(Buf *out, Str s, size_t at)
{
    size_t d = digits_at(s, at), len = 0, i;
    uint64_t day = value_of(s, at, d), month = 0, year = 0;
    if (d == 4 && char_at(s, at + 4) == '-' && digits_at(s, at + 5) == 2 &&
        char_at(s, at + 7) == '-' && digits_at(s, at + 8) == 2) {
        year = day;
        month = value_of(s, at + 5, 2);
        day = value_of(s, at + 8, 2);
        i = at + 10;
    } else {
        if (d < 1 || d > 2 || char_at(s, at + d) != '.') {
            return 0;
        }
        i = at + d + 1;
        size_t space = spaces_at(s, i), m = digits_at(s, i + space);
        if (m >= 1 && m <= 2 && char_at(s, i + space + m) == '.') {
            month = value_of(s, i + space, m);
            i += space + m + 1;
        } else if (space == 1 && (month = month_here(s, i + 1, &len)) != 0) {
            i += 1 + len;
        } else {
            return 0;
        }
        size_t gap = spaces_at(s, i), y = digits_at(s, i + gap);
        if ((y == 4 || (y == 2 && gap == 0)) && !is_wordy(char_at(s, i + gap + y))) {
            year = value_of(s, i + gap, y) + (y == 2 ? 2000 : 0);
            i += gap + y;
        } else if (len == 0 && is_digit(char_at(s, i))) {
            return 0; /* 1.2.3 */
        }
    }
    if (day < 1 || day > 31 || month < 1 || month > 12) {
        return 0;
    }
    speakable_german_ordinal(out, day, ending(s, at));
    say(out, str_of(months[month - 1]));
    if (year) {
        year_words(out, year);
    }
    return i - at;
}

/* 15:30, 15.30 Uhr, 9 Uhr; 9-17 Uhr is a range. */
static size_t clock_time(Buf *out, Str s, size_t at)
{
    size_t d = digits_at(s, at), i = at + d;
    uint64_t hour = value_of(s, at, d), minute = 0;
    char sep = char_at(s, i);
    size_t m = sep == ':' || sep == '.' ? digits_at(s, i + 1) : 0;
    bool uhr;
    if (d < 1 || d > 2 || hour > 24) {
        return 0;
    }
    if (m == 2) {
        minute = value_of(s, i + 1, 2);
        i += 3;
    }
    uhr = has_at(s, i, STR(" Uhr"));
    if (minute > 59 || (!uhr && (m != 2 || sep != ':')) || is_digit(char_at(s, i)) ||
        char_at(s, i) == ':') {
        return 0;
    }
    cardinal(out, hour, false);
    say(out, STR("Uhr"));
    if (minute) {
        cardinal(out, minute, true);
    }
    return i + (uhr ? 4u : 0u) - at;
}

/* ---- amounts --------------------------------------------------------------------------------- */

typedef struct {
    const char *sign, *one, *many;
} Unit;

static const Unit units[] = {{"km/h", "ein Kilometer pro Stunde", "Kilometer pro Stunde"},
    {"kWh", "eine Kilowattstunde", "Kilowattstunden"}, {"km", "ein Kilometer", "Kilometer"},
    {"m\xc2\xb2", "ein Quadratmeter", "Quadratmeter"}, {"m\xc2\xb3", "ein Kubikmeter", "Kubikmeter"},
    {"cm", "ein Zentimeter", "Zentimeter"}, {"mm", "ein Millimeter", "Millimeter"},
    {"kg", "ein Kilogramm", "Kilogramm"}, {"mg", "ein Milligramm", "Milligramm"},
    {"ml", "ein Milliliter", "Milliliter"}, {"\xc2\xb0""C", "ein Grad Celsius", "Grad Celsius"},
    {"\xc2\xb0", "ein Grad", "Grad"}, {"GB", "ein Gigabyte", "Gigabyte"},
    {"MB", "ein Megabyte", "Megabyte"}, {"TB", "ein Terabyte", "Terabyte"},
    {"kW", "ein Kilowatt", "Kilowatt"}, {"GHz", "ein Gigahertz", "Gigahertz"},
    {"Std.", "eine Stunde", "Stunden"}, {"Min.", "eine Minute", "Minuten"},
    {"min", "eine Minute", "Minuten"}, {"Sek.", "eine Sekunde", "Sekunden"},
    {"Mio.", "eine Million", "Millionen"}, {"Mrd.", "eine Milliarde", "Milliarden"},
    {"%", "ein Prozent", "Prozent"}, {"h", "eine Stunde", "Stunden"}, {"g", "ein Gramm", "Gramm"},
    {"l", "ein Liter", "Liter"}, {"m", "ein Meter", "Meter"}, {"W", "ein Watt", "Watt"},
    {"V", "ein Volt", "Volt"}, {"x", "einmal", "mal"}};

static const Unit moneys[] = {{"\xe2\x82\xac", "Euro", "Cent"}, {"EUR", "Euro", "Cent"},
    {"$", "Dollar", "Cent"}, {"USD", "Dollar", "Cent"}, {"CHF", "Franken", "Rappen"},
    {"\xc2\xa3", "Pfund", "Pence"}, {"GBP", "Pfund", "Pence"}};

static const Unit *find(const Unit *list, size_t n, Str s, size_t at, size_t *len)
{
    for (size_t i = 0; i < n; i++) {
        Str sign = str_of(list[i].sign);
        bool letters = is_letter(sign.ptr[sign.len - 1]);
        if (has_at(s, at, sign) && (!letters || !is_wordy(char_at(s, at + sign.len)))) {
            *len = sign.len;
            return &list[i];
        }
    }
    return NULL;
}

static void say_money(Buf *out, const Unit *money, Str s, size_t at, const Number *n)
{
    bool cents = n->fraction.len == 2;
    uint64_t minor = cents ? value_of(n->fraction, 0, 2) : 0;
    Number whole = *n;
    if (cents && n->whole == 0 && minor) {
        cardinal(out, minor, false);
        say(out, str_of(money->many));
        return;
    }
    if (cents) {
        whole.fraction = (Str){NULL, 0};
    }
    say_value(out, s, at, &whole, false);
    say(out, str_of(money->one));
    if (minor) {
        cardinal(out, minor, true);
    }
}

static bool is_year(Str s, size_t at, const Number *n)
{
    static const char *const before[] = {"Jahr", "Jahre", "seit", "ab", "bis", "von", "um", "in",
        "im", "Sommer", "Winter", "Herbst", "Fr\xc3\xbchling", "Anfang", "Ende", "Mitte", "Jahres"};
    return n->digits == 4 && n->len == 4 && n->whole >= 1100 && n->whole < 2100 &&
        (n->whole >= 1900 || one_of(word_before(s, at), before, COUNT(before)));
}

static size_t amount(Buf *out, Str s, size_t at)
{
    Number n, b;
    size_t len = 0, i = at, space;
    bool minus = char_at(s, i) == '-' || has_at(s, i, STR("\xe2\x88\x92"));
    const Unit *money = NULL, *unit = NULL;
    i += minus ? (s.ptr[i] == '-' ? 1 : 3) : 0;
    if ((money = find(moneys, COUNT(moneys), s, i, &len)) != NULL) {
        i += len + spaces_at(s, i + len);
    }
    if (!number_here(s, i, &n)) {
        return 0;
    }
    size_t from = i, end = i + n.len, mark = range_mark(s, end);
    if (minus) {
        say(out, STR("minus"));
    }
    if (!money && mark && number_here(s, end + mark, &b) && !is_digit(char_at(s, end + mark + b.len))) {
        if (is_year(s, i, &n) && b.digits == 4) {
            year_words(out, n.whole);
        } else {
            say_value(out, s, i, &n, true);
        }
        say(out, STR("bis"));
        from = end + mark;
        size_t time = clock_time(out, s, from);
        if (time) {
            return from + time - at;
        }
        n = b;
        end = from + b.len;
    }
    space = spaces_at(s, end);
    if (!money && space <= 1 && (money = find(moneys, COUNT(moneys), s, end + space, &len)) != NULL) {
        end += space + len;
    } else if (!money && space <= 1) {
        unit = find(units, COUNT(units), s, end + space, &len);
        bool weak = unit && (strlen(unit->sign) == 1 && space && unit->sign[0] != '%' &&
                                is_letter(char_at(s, end + space + len + 1)) && unit->sign[0] == 'x');
        unit = weak ? NULL : unit;
    }
    if (money) {
        say_money(out, money, s, from, &n);
    } else if (unit) {
        end += space + len;
        if (n.whole == 1 && !n.fraction.len) {
            say(out, str_of(unit->one));
        } else {
            say_value(out, s, from, &n, false);
            say(out, str_of(unit->many));
        }
        /* 3,5 Mio. € */
        size_t more = spaces_at(s, end);
        money = unit->sign[0] == 'M' && unit->sign[1] != 'B' && unit->sign[3] == '.' ?
            find(moneys, COUNT(moneys), s, end + more, &len) : NULL;
        if (money) { /* the point is the abbreviation's */
            say(out, str_of(money->one));
            end += more + len;
        }
    } else if (is_year(s, from, &n)) {
        year_words(out, n.whole);
    } else {
        /* "1 Termin": ein; counted without a noun: eins */
        char next = char_at(s, end + 1);
        bool noun = char_at(s, end) == ' ' && (is_upper(next) || (unsigned char)next == 0xc3);
        say_value(out, s, from, &n, !noun);
    }
    return end - at;
}

/* 2. Stock, 1. Teil: a number with a point that does not end the sentence. */
static size_t ordinal(Buf *out, Str s, size_t at)
{
    size_t d = digits_at(s, at), i = at + d;
    if (d < 1 || d > 3 || char_at(s, i) != '.' || char_at(s, i + 1) != ' ' ||
        !is_wordy(char_at(s, i + 2)) || is_digit(char_at(s, i + 2)) || s.ptr[at] == '0') {
        return 0;
    }
    speakable_german_ordinal(out, value_of(s, at, d), ending(s, at));
    return d + 1;
}

/* 030 901820, +49 30 901820, 0170/1234567: digit by digit. */
static size_t phone(Buf *out, Str s, size_t at)
{
    size_t i = at, digits = 0, groups = 0, last = at;
    bool plus = char_at(s, i) == '+';
    i += plus;
    if (!plus && char_at(s, i) != '0') {
        return 0;
    }
    for (size_t n; (n = digits_at(s, i)) != 0;) {
        digits += n;
        groups++;
        last = i + n;
        char c = char_at(s, last);
        if (c != ' ' && c != '/' && c != '-') {
            break;
        }
        i = last + 1;
    }
    if (digits < 7 || digits > 15 || (groups < 2 && digits < 9)) {
        return 0;
    }
    if (plus) {
        say(out, STR("plus"));
    }
    for (size_t k = at; k < last; k++) {
        size_t n = digits_at(s, k);
        if (n && k > at + 1 && !is_digit(s.ptr[k - 1]) && s.ptr[k - 1] != '+') {
            buf_add_char(out, ',');
        }
        if (n) {
            say_digits(out, str_sub(s, k, k + n));
            k += n - 1;
        }
    }
    return last - at;
}

/* 2.3.1, 192.168.0.1 */
static size_t dotted(Buf *out, Str s, size_t at)
{
    size_t i = at, parts = 0;
    while (digits_at(s, i) && digits_at(s, i) <= 5) {
        i += digits_at(s, i);
        parts++;
        if (char_at(s, i) != '.' || !is_digit(char_at(s, i + 1))) {
            break;
        }
        i++;
    }
    bool thousands = true; /* 1.234.567 */
    for (size_t k = at; k < i; k++) {
        thousands = thousands && (s.ptr[k] != '.' || digits_at(s, k + 1) == 3);
    }
    if (parts < 3 || thousands) {
        return 0;
    }
    for (size_t k = at; k < i; k++) {
        size_t n = digits_at(s, k);
        if (n) {
            cardinal(out, value_of(s, k, n), true);
            k += n - 1;
        } else {
            say(out, STR("Punkt"));
        }
    }
    return i - at;
}

/* ---- words ----------------------------------------------------------------------------------- */

static const struct {
    const char *word, *said;
    bool number; /* only before a digit */
} words[] = {{"z. B.", "zum Beispiel", 0}, {"z.B.", "zum Beispiel", 0}, {"d. h.", "das hei\xc3\x9ft", 0},
    {"d.h.", "das hei\xc3\x9ft", 0}, {"u. a.", "unter anderem", 0}, {"u.a.", "unter anderem", 0},
    {"usw.", "und so weiter", 0}, {"bzw.", "beziehungsweise", 0}, {"ca.", "circa", 0},
    {"Nr.", "Nummer", 0}, {"Str.", "Stra\xc3\x9f""e", 0}, {"Dr.", "Doktor", 0},
    {"Prof.", "Professor", 0}, {"Hr.", "Herr", 0}, {"Fr.", "Frau", 0}, {"inkl.", "inklusive", 0},
    {"exkl.", "exklusive", 0}, {"ggf.", "gegebenenfalls", 0}, {"evtl.", "eventuell", 0},
    {"Tel.", "Telefon", 0}, {"St.", "Sankt", 0}, {"Abs.", "Absatz", 1}, {"S.", "Seite", 1},
    {"Bd.", "Band", 1}, {"Kap.", "Kapitel", 1}, {"Abb.", "Abbildung", 1}, {"vgl.", "vergleiche", 0},
    {"zzgl.", "zuz\xc3\xbc""glich", 0}, {"min.", "mindestens", 0}, {"max.", "h\xc3\xb6""chstens", 0},
    {"mind.", "mindestens", 0}, {"Mio.", "Millionen", 0}, {"Mrd.", "Milliarden", 0},
    {"GmbH", "G M B H", 0}, {"Mo-Fr", "Montag bis Freitag", 0}, {"Mo\xe2\x80\x93""Fr",
    "Montag bis Freitag", 0}, {"Mo.", "Montag", 0}, {"Di.", "Dienstag", 0}, {"Mi.", "Mittwoch", 0},
    {"Do.", "Donnerstag", 0}, {"Sa.", "Samstag", 0}, {"So.", "Sonntag", 0}, {"&", "und", 0},
    {"+", "plus", 0}, {"=", "gleich", 0}, {"%", "Prozent", 0}, {"\xc2\xa7", "Paragraf", 0},
    {"\xe2\x82\xac", "Euro", 0}, {"\xc2\xbd", "ein halb", 0}, {"~", "etwa", 0}, {"@", "at", 0}};

static size_t word(Buf *out, Str s, size_t at)
{
    for (size_t i = 0; i < COUNT(words); i++) {
        Str w = str_of(words[i].word);
        size_t end = at + w.len;
        bool letters = is_letter(w.ptr[w.len - 1]);
        if (!has_at(s, at, w) || (letters && is_wordy(char_at(s, end))) ||
            (words[i].number && !is_digit(char_at(s, end + spaces_at(s, end))))) {
            continue;
        }
        say(out, str_of(words[i].said));
        bool stop = w.ptr[w.len - 1] == '.' && end >= s.len;
        return w.len - stop;
    }
    return 0;
}

/* Hauptstr. 5: the end of a word. */
static size_t street(Buf *out, Str s, size_t at)
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

/* Heinrich VIII.: der Achte. */
static size_t roman(Buf *out, Str s, size_t at)
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
static size_t address(Buf *out, Str s, size_t at)
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
                say_digits(out, str_sub(s, i, n));
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

/* ---- the pass -------------------------------------------------------------------------------- */

typedef size_t (*Rule)(Buf *out, Str s, size_t at);

void speakable_german(Buf *out, Str s)
{
    static const Rule rules[] = {address, phone, date, clock_time, dotted, ordinal, amount, word,
        street, roman};
    bool spaced = true; /* a word may begin here */
    for (size_t at = 0; at < s.len;) {
        char c = s.ptr[at];
        size_t n = 0;
        bool number = is_digit(c) || c == '-' || c == '+' || (unsigned char)c == 0xe2 ||
            (unsigned char)c == 0xc2 || c == '$';
        for (size_t i = 0; spaced && c != ' ' && !n && i < COUNT(rules); i++) {
            bool amounts = rules[i] != address && rules[i] != word && rules[i] != street &&
                rules[i] != roman;
            if (!amounts || number || (rules[i] == amount && is_upper(c))) {
                n = rules[i](out, s, at);
            }
        }
        if (n) {
            at += n;
            spaced = true;
            if (at < s.len && is_wordy(s.ptr[at])) {
                buf_add_char(out, ' ');
            }
            continue;
        }
        if (strchr("()[]{}\"|*_#<>^\\~`", c) ||
            (c == '-' && char_at(s, at + 1) == ' ' && at && s.ptr[at - 1] == ' ')) {
            bool pause = strchr("()[]{}-", c) && out->len > 1;
            while (pause && out->len && out->ptr[out->len - 1] == ' ') {
                buf_cut(out, out->len - 1);
            }
            if (pause && out->len && !strchr(",.;:!?", out->ptr[out->len - 1])) {
                buf_add_c(out, ", ");
            }
        } else if (c == ' ') {
            if (out->len && out->ptr[out->len - 1] != ' ') {
                buf_add_char(out, ' ');
            }
        } else {
            bool mark = strchr(",.;:!?", c) != NULL;
            while (mark && out->len && strchr(" ,", out->ptr[out->len - 1])) {
                buf_cut(out, out->len - 1);
            }
            buf_add_char(out, c);
        }
        spaced = !is_wordy(c);
        at++;
    }
    while (out->len && strchr(" ,;", out->ptr[out->len - 1])) {
        buf_cut(out, out->len - 1);
    }
    if (out->len && !strchr(".!?:", out->ptr[out->len - 1])) {
        buf_add_char(out, '.');
    }
}
