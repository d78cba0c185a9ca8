/* speakable_names.c - numbers that name something: houses, rooms, flights, postal codes, numbers of
 * emergency, of books and of accounts; days and zones that stand together. */
#include "text/speakable_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* As a person reads a number on a door: 221 two twenty-one, 105 one oh five, 1600 sixteen hundred,
 * 1024 ten twenty-four; 100 and 2000 as they are. */
static void say_door(Buf *out, uint64_t n)
{
    uint64_t high = n / 100, low = n % 100;
    if (n < 100 || n > 9999 || n % 1000 == 0 || (n < 1000 && low == 0)) {
        speakable_cardinal(out, n);
        return;
    }
    speakable_cardinal(out, high);
    if (low == 0) {
        say(out, STR("hundred"));
        return;
    }
    if (low < 10) {
        say(out, STR("oh"));
    }
    speakable_cardinal(out, low);
}

static uint64_t value_of(Str s, size_t at, size_t n)
{
    uint64_t v = 0;
    (void)str_to_u64(str_sub(s, at, at + n), &v);
    return v;
}

/* A street's name begins at `at`: at most three words in capitals, the last of them a kind of
 * street. */
static bool street_at(Str s, size_t at)
{
    static const char *const kinds[] = {"St", "Street", "Ave", "Avenue", "Rd", "Road", "Blvd",
        "Boulevard", "Ln", "Lane", "Dr", "Drive", "Way", "Court", "Ct", "Place", "Pl", "Square",
        "Sq", "Highway", "Hwy", "Terrace", "Parkway", "Pkwy", "Crescent", "Close", "Row"};
    for (int words = 0; words < 4; words++) {
        size_t space = spaces_at(s, at);
        Str w = word_at(s, at + space);
        if (space != 1 || w.len == 0 || (!is_upper(w.ptr[0]) && !is_digit(w.ptr[0]))) {
            return false;
        }
        if (words > 0 && one_of(w, kinds, COUNT(kinds))) {
            return true;
        }
        at += space + w.len;
        at += words > 0 && char_at(s, at) == '.';
    }
    return false;
}

/* 3B, 221B Baker Street, 12a; a 4K screen, a 5K race. */
static size_t with_letter(const Speak *k, size_t at, size_t n)
{
    static const char *const runs[] = {"run", "race", "video", "videos", "TV", "resolution",
        "display", "monitor", "screen", "movie"};
    char c = char_at(k->s, at + n);
    bool ends = word_ends(k->s, at + n + 1);
    Str prior = word_before(k->s, at);
    Str next = word_at(k->s, at + n + 1 + spaces_at(k->s, at + n + 1));
    bool money = at > 0 && (k->s.ptr[at - 1] == '$' || (unsigned char)k->s.ptr[at - 1] >= 0x80);
    bool door = (c >= 'A' && c <= 'F' && c != 'B') || (c >= 'a' && c <= 'c' && n < 4);
    static const char *const doors[] = {"apartment", "apt", "apt.", "flat", "unit", "room", "suite",
        "gate", "seat", "class", "building", "apartments", "no", "no."};
    bool named = one_of(prior, doors, COUNT(doors)) || street_at(k->s, at + n + 1);
    if (!ends || n > 4 || money || (at > 0 && k->s.ptr[at - 1] == '.')) {
        return 0;
    }
    bool b = c == 'B' && (named || n < 3);
    bool kilo = c == 'K' && one_of(next, runs, COUNT(runs));
    if (!(door && (is_upper(c) || named)) && !b && !kilo) {
        return 0;
    }
    if (kilo) {
        speakable_cardinal(k->out, value_of(k->s, at, n));
    } else {
        say_door(k->out, value_of(k->s, at, n));
    }
    say_letters(k->out, str_mem(&c, 1));
    return n + 1;
}

/* 1 000 000, with spaces as SI writes it: two groups of three at least, or it is no one number. */
static size_t spaced(const Speak *k, size_t at, size_t n)
{
    size_t i = at + n, groups = 0;
    uint64_t v = value_of(k->s, at, n);
    if (n == 0 || n > 3 || k->s.ptr[at] == '0') {
        return 0;
    }
    while (char_at(k->s, i) == ' ' && digits_at(k->s, i + 1) == 3 && groups < 4) {
        v = v * 1000 + value_of(k->s, i + 1, 3);
        i += 4;
        groups++;
    }
    if (groups < 2 || !word_ends(k->s, i)) {
        return 0;
    }
    speakable_cardinal(k->out, v);
    return i - at;
}

/* Digit by digit, a pause between groups: 978-3-16-148410-0, 0044 0532. */
static size_t all_digits(const Speak *k, size_t at, const char *between)
{
    size_t end = at;
    bool first = true;
    while (digits_at(k->s, end) || (end > at && char_at(k->s, end) == 'X')) {
        size_t n = digits_at(k->s, end);
        if (!first) {
            buf_add_char(k->out, ',');
        }
        if (n == 0) {
            say(k->out, STR("X"));
        }
        speakable_digits(k->out, str_sub(k->s, end, end + n));
        end += n ? n : 1;
        first = false;
        if (!char_at(k->s, end) || !strchr(between, k->s.ptr[end]) ||
            !(is_digit(char_at(k->s, end + 1)) || char_at(k->s, end + 1) == 'X')) {
            break;
        }
        end++;
    }
    return end - at;
}

size_t rule_named(const Speak *k, size_t at)
{
    static const char *const digits[] = {"ISBN", "ISSN", "PIN", "ZIP", "postcode", "zip", "EAN"};
    static const char *const doors[] = {"Room", "room", "Suite", "suite", "Flight", "flight",
        "Apartment", "apartment", "Route", "Highway", "Interstate", "Bus", "bus", "Box"};
    static const char *const calls[] = {"call", "dial", "phone", "ring", "to"};
    size_t n = digits_at(k->s, at), len;
    Str prior = word_before(k->s, at);
    if (n == 0 || (at > 0 && strchr(".,-/:'", k->s.ptr[at - 1]) &&
                      is_wordy(at > 1 ? k->s.ptr[at - 2] : ' '))) {
        return 0;
    }
    Str before = prior.len ? word_before(k->s, (size_t)(prior.ptr - k->s.ptr)) : STR("");
    bool ends_in = (str_eq(prior, STR("in")) || str_eq(prior, STR("with"))) &&
        (str_eq(before, STR("ending")) || str_eq(before, STR("ends")));
    if (ends_in && n >= 2 && n <= 6 && word_ends(k->s, at + n)) {
        speakable_digits(k->out, str_sub(k->s, at, at + n)); /* a card ending in 4321 */
        return n;
    }
    if ((len = with_letter(k, at, n)) != 0 || (len = spaced(k, at, n)) != 0) {
        return len;
    }
    static const char *const secret[] = {"PIN", "code", "password", "zip", "ZIP", "postcode"};
    bool told = str_eq(prior, STR("is")) &&
        one_of(word_before(k->s, at - 3), secret, COUNT(secret)) && n >= 3;
    if (told || one_of(prior, digits, COUNT(digits))) {
        return all_digits(k, at, "- ");
    }
    bool ends = word_ends(k->s, at + n) && !(strchr(".,:/-", char_at(k->s, at + n)) &&
                                               is_digit(char_at(k->s, at + n + 1)));
    if (!ends || range_mark(k->s, at + n)) {
        return 0;
    }
    bool state = prior.len == 2 && is_upper(prior.ptr[0]) && is_upper(prior.ptr[1]);
    bool comma = at > 4 && k->s.ptr[at - 4] == ' ' && k->s.ptr[at - 5] == ',';
    if (n == 5 && state && comma) { /* Washington, DC 20500 */
        while (k->out->len && k->out->ptr[k->out->len - 1] == ' ') {
            buf_cut(k->out, k->out->len - 1);
        }
        buf_add_char(k->out, ',');
        speakable_digits(k->out, str_sub(k->s, at, at + n));
        return n;
    }
    uint64_t v = value_of(k->s, at, n);
    bool help = v == 911 || v == 999 || v == 112 || v == 110 || v == 311 || v == 411;
    if (n == 3 && help && one_of(prior, calls, COUNT(calls))) {
        speakable_digits(k->out, str_sub(k->s, at, at + n));
        return n;
    }
    if ((n == 3 || n == 4) && k->s.ptr[at] != '0' &&
        (street_at(k->s, at + n) || one_of(prior, doors, COUNT(doors)))) {
        say_door(k->out, v);
        return n;
    }
    return 0;
}

/* Days of the week that stand together: Mon-Fri, Tue & Thu, Sat/Sun. */
static const char *day_at(Str s, size_t at, size_t *len)
{
    static const char *const names[][2] = {{"Mon", "Monday"}, {"Tues", "Tuesday"},
        {"Tue", "Tuesday"}, {"Wed", "Wednesday"}, {"Thurs", "Thursday"}, {"Thur", "Thursday"},
        {"Thu", "Thursday"}, {"Fri", "Friday"}, {"Sat", "Saturday"}, {"Sun", "Sunday"}};
    for (size_t i = 0; i < COUNT(names); i++) {
        Str w = str_of(names[i][0]);
        if (has_at(s, at, w) && word_ends(s, at + w.len)) {
            *len = w.len + (char_at(s, at + w.len) == '.');
            return names[i][1];
        }
    }
    return NULL;
}

static size_t days(const Speak *k, size_t at)
{
    size_t len, next, more;
    const char *first = day_at(k->s, at, &len), *second;
    if (!first) {
        return 0;
    }
    next = at + len;
    size_t mark = range_mark(k->s, next), space = spaces_at(k->s, next);
    bool both = !mark && (char_at(k->s, next + space) == '&' || char_at(k->s, next) == '/');
    if (both) {
        mark = space + 1 + spaces_at(k->s, next + space + 1);
    }
    second = mark ? day_at(k->s, next + mark, &more) : NULL;
    if (!second) {
        return 0;
    }
    say(k->out, str_of(first));
    say(k->out, both ? STR("and") : STR("to"));
    say(k->out, str_of(second));
    next += mark + more;
    return next - at - (k->s.ptr[next - 1] == '.' && next >= k->s.len);
}

/* UTC+2, GMT-5 */
static size_t zone(const Speak *k, size_t at)
{
    Str s = k->s;
    if (!has_at(s, at, STR("UTC")) && !has_at(s, at, STR("GMT"))) {
        return 0;
    }
    size_t i = at + 3, sign = has_at(s, i, STR("\xe2\x88\x92")) ? 3 : 1;
    bool minus = sign == 3 || char_at(s, i) == '-';
    size_t n = digits_at(s, i + sign);
    if ((!minus && char_at(s, i) != '+') || n == 0 || n > 2) {
        return 0;
    }
    say_letters(k->out, str_sub(s, at, at + 3));
    say(k->out, minus ? STR("minus") : STR("plus"));
    speakable_cardinal(k->out, value_of(s, i + sign, n));
    return 3 + sign + n;
}

/* Q3 2026, FY2025, FY 25. */
static size_t quarter(const Speak *k, size_t at)
{
    Str s = k->s;
    char c = char_at(s, at);
    bool fiscal = has_at(s, at, STR("FY")), half = c == 'H';
    char which = char_at(s, at + 1);
    if (!fiscal && !((c == 'Q' && which >= '1' && which <= '4') ||
                       (half && (which == '1' || which == '2')))) {
        return 0;
    }
    size_t i = at + 2, space = spaces_at(s, i), n = digits_at(s, i + space);
    if (space > 1 || !word_ends(s, i + space + n) || (n != 4 && !(fiscal && n == 2)) ||
        (!fiscal && space == 0)) {
        return 0;
    }
    uint64_t year = value_of(s, i + space, n);
    if (n == 4 && (year < 1900 || year > 2099)) {
        return 0;
    }
    if (fiscal) {
        say(k->out, STR("fiscal year"));
    } else {
        say_letters(k->out, str_mem(&c, 1));
        speakable_cardinal(k->out, (uint64_t)(which - '0'));
        buf_add_char(k->out, ',');
    }
    speakable_year(k->out, (unsigned)(n == 2 ? 2000 + year : year));
    return i + space + n - at;
}

/* IBAN DE89 3704 ...: letters and digits one by one, a pause between groups. */
static size_t account(const Speak *k, size_t at)
{
    Str s = k->s;
    if (!str_eq(word_before(s, at), STR("IBAN")) || !is_upper(char_at(s, at)) ||
        !is_upper(char_at(s, at + 1)) || digits_at(s, at + 2) < 2) {
        return 0;
    }
    size_t i = at;
    while (is_upper(char_at(s, i)) || is_digit(char_at(s, i))) {
        size_t n = i;
        while (is_upper(char_at(s, n)) || is_digit(char_at(s, n))) {
            n++;
        }
        if (i > at) {
            buf_add_char(k->out, ',');
        }
        say_letters(k->out, str_sub(s, i, n));
        i = n;
        if (char_at(s, i) != ' ' || !is_digit(char_at(s, i + 1))) {
            break;
        }
        i++;
    }
    return i - at;
}

/* CVE-2024-12345, RFC-2119: the number of something, which is no range. */
static size_t code(const Speak *k, size_t at)
{
    Str s = k->s;
    size_t i = at, groups = 0;
    while (is_upper(char_at(s, i))) {
        i++;
    }
    if (i - at < 2 || i - at > 5 || char_at(s, i) != '-' || digits_at(s, i + 1) < 2) {
        return 0;
    }
    Str letters = str_sub(s, at, i);
    size_t end = i;
    while (char_at(s, end) == '-' && digits_at(s, end + 1)) {
        end += 1 + digits_at(s, end + 1);
        groups++;
    }
    if (groups < 2 || !word_ends(s, end)) {
        return 0;
    }
    say_letters(k->out, letters);
    for (; i < end; i += 1 + digits_at(s, i + 1)) {
        Str digits = str_sub(s, i + 1, i + 1 + digits_at(s, i + 1));
        uint64_t year = value_of(digits, 0, digits.len);
        buf_add_char(k->out, ',');
        if (digits.len == 4 && year >= 1900 && year < 2100) {
            speakable_year(k->out, (unsigned)year);
        } else {
            speakable_digits(k->out, digits);
        }
    }
    return end - at;
}

size_t rule_together(const Speak *k, size_t at)
{
    size_t n = days(k, at);
    n = n ? n : zone(k, at);
    n = n ? n : quarter(k, at);
    n = n ? n : code(k, at);
    return n ? n : account(k, at);
}
