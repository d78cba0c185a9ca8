/* speakable_german_amounts.c - German money, units, ordinals, telephone numbers, versions. */
#include "text/speakable_german_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

typedef struct {
    const char *sign, *one, *many;
} Unit;

static const Unit units[] = {{"km/h", "ein Kilometer pro Stunde", "Kilometer pro Stunde"},
    {"kWh", "eine Kilowattstunde", "Kilowattstunden"}, {"km", "ein Kilometer", "Kilometer"},
    {"m\xc2\xb2", "ein Quadratmeter", "Quadratmeter"},
    {"m\xc2\xb3", "ein Kubikmeter", "Kubikmeter"},
    {"cm", "ein Zentimeter", "Zentimeter"}, {"mm", "ein Millimeter", "Millimeter"},
    {"kg", "ein Kilogramm", "Kilogramm"}, {"mg", "ein Milligramm", "Milligramm"},
    {"ml", "ein Milliliter", "Milliliter"}, {"\xc2\xb0""C", "ein Grad Celsius", "Grad Celsius"},
    {"\xc2\xb0", "ein Grad", "Grad"}, {"GB", "ein Gigabyte", "Gigabyte"},
    {"MB", "ein Megabyte", "Megabyte"}, {"TB", "ein Terabyte", "Terabyte"},
    {"kW", "ein Kilowatt", "Kilowatt"}, {"GHz", "ein Gigahertz", "Gigahertz"},
    {"Std.", "eine Stunde", "Stunden"}, {"Min.", "eine Minute", "Minuten"},
    {"min", "eine Minute", "Minuten"}, {"Sek.", "eine Sekunde", "Sekunden"},
    {"Mio.", "eine Million", "Millionen"}, {"Mrd.", "eine Milliarde", "Milliarden"},
    {"TL", "ein Teel\xc3\xb6""ffel", "Teel\xc3\xb6""ffel"},
    {"EL", "ein Essl\xc3\xb6""ffel", "Essl\xc3\xb6""ffel"},
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

static void say_money(Buf *out, const Unit *money, Str s, size_t at, const GermanNumber *n)
{
    bool cents = n->fraction.len == 2;
    uint64_t minor = cents ? german_value(n->fraction, 0, 2) : 0;
    GermanNumber whole = *n;
    if (cents && n->whole == 0 && minor) {
        german_cardinal(out, minor, false);
        say(out, str_of(money->many));
        return;
    }
    if (cents) {
        whole.fraction = (Str){NULL, 0};
    }
    german_number(out, s, at, &whole, false);
    say(out, str_of(money->one));
    if (minor) {
        german_cardinal(out, minor, true);
    }
}

static bool is_year(Str s, size_t at, const GermanNumber *n)
{
    static const char *const before[] = {"Jahr", "Jahre", "seit", "ab", "bis", "von", "um", "in",
        "im", "Sommer", "Winter", "Herbst", "Fr\xc3\xbchling", "Anfang", "Ende", "Mitte", "Jahres"};
    return n->digits == 4 && n->len == 4 && n->whole >= 1100 && n->whole < 2100 &&
        (n->whole >= 1900 || one_of(word_before(s, at), before, COUNT(before)));
}

/* 1990er Jahre: a decade. */
static size_t decade(Buf *out, Str s, size_t at)
{
    size_t d = digits_at(s, at);
    if ((d != 4 && d != 2) || !has_at(s, at + d, STR("er")) || s.ptr[at + d - 1] != '0' ||
        is_wordy(char_at(s, at + d + 2))) {
        return 0;
    }
    if (d == 4) {
        german_year(out, german_value(s, at, 4));
    } else {
        german_cardinal(out, german_value(s, at, 2), true);
    }
    buf_add_c(out, "er");
    return d + 2;
}

/* A number and its unit, which ends at `end`; where what was said ends: "3,5 Mio. \xe2\x82\xac". */
static size_t say_unit(Buf *out, const Unit *unit, Str s, size_t from, const GermanNumber *n,
    size_t end)
{
    size_t len = 0, more = spaces_at(s, end);
    if (n->whole == 1 && !n->fraction.len) {
        say(out, str_of(unit->one));
    } else {
        german_number(out, s, from, n, false);
        say(out, str_of(unit->many));
    }
    bool many = unit->sign[0] == 'M' && unit->sign[1] != 'B' && unit->sign[3] == '.';
    const Unit *money = many ? find(moneys, COUNT(moneys), s, end + more, &len) : NULL;
    if (!money) {
        return end;
    }
    say(out, str_of(money->one)); /* the point is the abbreviation's */
    return end + more + len;
}

/* Without a unit. "1 Termin": ein; counted without a noun: eins. */
static void say_plain(Buf *out, Str s, size_t from, const GermanNumber *n, size_t end)
{
    char next = char_at(s, end + 1);
    bool noun = char_at(s, end) == ' ' && (is_upper(next) || (unsigned char)next == 0xc3);
    bool postcode = n->digits == 5 && n->len == 5 && noun && from > 1 && s.ptr[from - 1] == ' ' &&
        s.ptr[from - 2] == ',';
    if (is_year(s, from, n)) {
        german_year(out, n->whole);
    } else if (postcode) { /* 10115 Berlin */
        german_digits(out, str_sub(s, from, end));
    } else if (noun && n->whole == 1 && !n->fraction.len && german_feminine(s, end + 1)) {
        say(out, STR("eine"));
    } else {
        german_number(out, s, from, n, !noun || n->whole > 100);
    }
}

size_t german_amount(Buf *out, Str s, size_t at)
{
    GermanNumber n, b;
    size_t len = 0, i = at, space;
    bool minus = char_at(s, i) == '-' || has_at(s, i, STR("\xe2\x88\x92"));
    const Unit *money = NULL, *unit = NULL;
    i += minus ? (s.ptr[i] == '-' ? 1 : 3) : 0;
    if ((money = find(moneys, COUNT(moneys), s, i, &len)) != NULL) {
        i += len + spaces_at(s, i + len);
    }
    if (!money && !minus && (space = decade(out, s, i)) != 0) {
        return space;
    }
    if (!german_number_at(s, i, &n)) {
        return 0;
    }
    size_t from = i, end = i + n.len, mark = range_mark(s, end);
    if (minus) {
        say(out, STR("minus"));
    }
    if (!money && mark && german_number_at(s, end + mark, &b) &&
        !is_digit(char_at(s, end + mark + b.len))) {
        if (is_year(s, i, &n) && b.digits == 4) {
            german_year(out, n.whole);
        } else {
            german_number(out, s, i, &n, true);
        }
        say(out, STR("bis"));
        from = end + mark;
        size_t time = german_time(out, s, from);
        if (time) {
            return from + time - at;
        }
        n = b;
        end = from + b.len;
    }
    space = spaces_at(s, end);
    const Unit *behind = money || space > 1 ? NULL
                                            : find(moneys, COUNT(moneys), s, end + space, &len);
    if (behind) {
        money = behind;
        end += space + len;
    } else if (!money && space <= 1) {
        unit = find(units, COUNT(units), s, end + space, &len);
        bool weak = unit && strcmp(unit->sign, "x") == 0 && space &&
            is_letter(char_at(s, end + space + len + 1));
        unit = weak ? NULL : unit;
    }
    if (money) {
        say_money(out, money, s, from, &n);
    } else if (unit) {
        end = say_unit(out, unit, s, from, &n, end + space + len);
    } else {
        say_plain(out, s, from, &n, end);
    }
    return end - at;
}

/* 3/4, 1/2: three quarters, a half. */
size_t german_fraction(Buf *out, Str s, size_t at)
{
    static const char *const parts[] = {"", "", "halb", "Drittel", "Viertel", "F\xc3\xbcnftel",
        "Sechstel", "Siebtel", "Achtel", "Neuntel", "Zehntel"};
    size_t a = digits_at(s, at), b = digits_at(s, at + a + 1), end = at + a + 1 + b;
    if (a != 1 || char_at(s, at + 1) != '/' || b == 0 || b > 2 || !word_ends(s, end) ||
        char_at(s, end) == '/') {
        return 0;
    }
    uint64_t over = german_value(s, at, 1), under = german_value(s, at + 2, b);
    if (under < 2 || under > 10 || over == 0 || over >= under) {
        return 0;
    }
    if (under == 2 && has_at(s, end, STR(" l")) && word_ends(s, end + 2)) {
        say(out, STR("einen halben Liter"));
        return end + 2 - at;
    }
    german_cardinal(out, over, false);
    say(out, str_of(parts[under]));
    return end - at;
}

/* 3:1 is no time of day. */
size_t german_score(Buf *out, Str s, size_t at)
{
    size_t a = digits_at(s, at), b = digits_at(s, at + a + 1), end = at + a + 1 + b;
    if (a == 0 || a > 3 || char_at(s, at + a) != ':' || b == 0 || b > 3 || !word_ends(s, end) ||
        char_at(s, end) == ':') {
        return 0;
    }
    german_cardinal(out, german_value(s, at, a), true);
    say(out, STR("zu"));
    german_cardinal(out, german_value(s, at + a + 1, b), true);
    return end - at;
}

/* 2. Stock, 1. Teil: a number with a point that does not end the sentence. */
size_t german_ordinal(Buf *out, Str s, size_t at)
{
    static const char *const dates[] = {"am", "vom", "zum", "dem"};
    size_t d = digits_at(s, at), i = at + d;
    if (d && d <= 2 && char_at(s, i) == '.' && i + 1 == s.len &&
        one_of(word_before(s, at), dates, COUNT(dates))) { /* bis zum 3. */
        speakable_german_ordinal(out, german_value(s, at, d), "en");
        return d;
    }
    if (d < 1 || d > 3 || char_at(s, i) != '.' || char_at(s, i + 1) != ' ' ||
        !is_wordy(char_at(s, i + 2)) || is_digit(char_at(s, i + 2)) || s.ptr[at] == '0') {
        return 0;
    }
    speakable_german_ordinal(out, german_value(s, at, d), german_ending(s, at));
    return d + 1;
}

/* 030 901820, +49 30 901820, 0170/1234567: digit by digit. */
size_t german_phone(Buf *out, Str s, size_t at)
{
    size_t i = at, digits = 0, groups = 0, last = at;
    bool plus = char_at(s, i) == '+';
    i += plus;
    static const char *const calls[] = {"Ruf", "ruf", "rufe", "Rufe", "w\xc3\xa4hle", "Notruf"};
    bool help = has_at(s, at, STR("110")) || has_at(s, at, STR("112")) || has_at(s, at, STR("115"));
    bool told = one_of(word_before(s, at), calls, COUNT(calls)) ||
        (str_eq(word_before(s, at), STR("oder")) && has_at(s, at, STR("112")));
    if (help && told && word_ends(s, at + 3)) {
        german_digits(out, str_sub(s, at, at + 3));
        return 3;
    }
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
            german_digits(out, str_sub(s, k, k + n));
            k += n - 1;
        }
    }
    return last - at;
}

/* 2.3.1, 192.168.0.1 */
size_t german_dotted(Buf *out, Str s, size_t at)
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
    static const char *const named[] = {"Raum", "Version", "Kapitel", "Abschnitt", "Zimmer",
        "Tabelle", "Abbildung"};
    bool name = parts == 2 && one_of(word_before(s, at), named, COUNT(named));
    if ((parts < 3 || thousands) && !name) {
        return 0;
    }
    for (size_t k = at; k < i; k++) {
        size_t n = digits_at(s, k);
        if (n) {
            german_cardinal(out, german_value(s, k, n), true);
            k += n - 1;
        } else {
            say(out, STR("Punkt"));
        }
    }
    return i - at;
}
