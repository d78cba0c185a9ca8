/* speakable_numbers.c - numbers as words. */
#include "text/speakable_impl.h"

static const char *const small[20] = {"zero", "one", "two", "three", "four", "five", "six", "seven",
    "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen",
    "seventeen", "eighteen", "nineteen"};
static const char *const tens[10] = {"", "", "twenty", "thirty", "forty", "fifty", "sixty",
    "seventy", "eighty", "ninety"};
static const char *const ordinals[20] = {"zeroth", "first", "second", "third", "fourth", "fifth",
    "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
    "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth"};

void say(Buf *out, Str words)
{
    char last = out->len ? out->ptr[out->len - 1] : ' ';
    if (words.len && last != ' ' && last != '\'') {
        buf_add_char(out, ' ');
    }
    buf_add(out, words);
}

/* With dots between: synthesisers then say the letters' names, also of an A. */
void say_letters(Buf *out, Str letters)
{
    bool after_letter = false;
    for (size_t i = 0; i < letters.len; i++) {
        char c = letters.ptr[i];
        if (is_digit(c)) {
            say(out, str_of(small[c - '0']));
        } else if (after_letter) {
            buf_add_char(out, '.');
            buf_add_char(out, is_lower(c) ? (char)(c - 'a' + 'A') : c);
        } else {
            c = is_lower(c) ? (char)(c - 'a' + 'A') : c;
            say(out, str_mem(&c, 1));
        }
        after_letter = !is_digit(c);
    }
}

static void say_c(Buf *out, const char *word) { say(out, str_of(word)); }

/* 1..99; the last word as an ordinal when asked. */
static void below_hundred(Buf *out, unsigned n, bool ordinal)
{
    if (n < 20) {
        say_c(out, ordinal ? ordinals[n] : small[n]);
        return;
    }
    const char *ten = tens[n / 10];
    if (n % 10 == 0 && ordinal) { /* twenty -> twentieth */
        char word[16];
        size_t len = strlen(ten) - 1;
        memcpy(word, ten, len);
        memcpy(word + len, "ieth", 5);
        say_c(out, word);
        return;
    }
    say_c(out, ten);
    if (n % 10) {
        buf_add_char(out, '-');
        buf_add_c(out, ordinal ? ordinals[n % 10] : small[n % 10]);
    }
}

static void below_thousand(Buf *out, unsigned n, bool ordinal)
{
    if (n >= 100) {
        say_c(out, small[n / 100]);
        say_c(out, ordinal && n % 100 == 0 ? "hundredth" : "hundred");
    }
    if (n % 100) {
        below_hundred(out, n % 100, ordinal);
    }
}

static void spell(Buf *out, uint64_t n, bool ordinal)
{
    static const struct {
        uint64_t unit;
        const char *name, *nth;
    } scales[] = {{1000000000000000000u, "quintillion", "quintillionth"},
        {1000000000000000u, "quadrillion", "quadrillionth"},
        {1000000000000u, "trillion", "trillionth"}, {1000000000u, "billion", "billionth"},
        {1000000u, "million", "millionth"}, {1000u, "thousand", "thousandth"}};
    if (n == 0) {
        say_c(out, ordinal ? ordinals[0] : small[0]);
    }
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++) {
        if (n >= scales[i].unit) {
            below_thousand(out, (unsigned)(n / scales[i].unit), false);
            n %= scales[i].unit;
            say_c(out, ordinal && n == 0 ? scales[i].nth : scales[i].name);
        }
    }
    if (n) {
        below_thousand(out, (unsigned)n, ordinal);
    }
}

void speakable_cardinal(Buf *out, uint64_t n) { spell(out, n, false); }
void speakable_ordinal(Buf *out, uint64_t n) { spell(out, n, true); }

void speakable_year(Buf *out, unsigned year)
{
    unsigned high = year / 100, low = year % 100;
    if (year < 1000 || year > 9999 || year % 1000 < 10) { /* two thousand five */
        spell(out, year, false);
        return;
    }
    below_hundred(out, high, false);
    if (low == 0) {
        say_c(out, "hundred");
    } else {
        if (low < 10) {
            say_c(out, "oh");
        }
        below_hundred(out, low, false);
    }
}

void speakable_digits(Buf *out, Str digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (is_digit(digits.ptr[i])) {
            say_c(out, small[digits.ptr[i] - '0']);
        }
    }
}

/* Reading. */

size_t digits_at(Str s, size_t at)
{
    size_t n = 0;
    while (is_digit(char_at(s, at + n))) {
        n++;
    }
    return n;
}

bool number_at(Str s, size_t at, SpeakNumber *n)
{
    size_t len = digits_at(s, at), i = at + len;
    *n = (SpeakNumber){.plain = true};
    if (len == 0 && !(char_at(s, at) == '.' && is_digit(char_at(s, at + 1)))) {
        return false;
    }
    while (len > 0 && len <= 3 && char_at(s, i) == ',' && digits_at(s, i + 1) == 3) {
        i += 4;
        n->plain = false;
    }
    n->digits = str_sub(s, at, i);
    for (size_t k = at; k < i; k++) {
        if (is_digit(s.ptr[k])) {
            if (n->whole > (UINT64_MAX - 9) / 10) {
                n->whole = UINT64_MAX; /* said digit by digit */
                break;
            }
            n->whole = n->whole * 10 + (uint64_t)(s.ptr[k] - '0');
        }
    }
    size_t fraction = char_at(s, i) == '.' ? digits_at(s, i + 1) : 0;
    if (fraction) {
        n->fraction = str_sub(s, i + 1, i + 1 + fraction);
        i += 1 + fraction;
    }
    n->len = i - at;
    return true;
}

void say_number(Buf *out, const SpeakNumber *n)
{
    bool zeros = n->plain && n->digits.len > 1 && n->digits.ptr[0] == '0';
    if (zeros || n->whole == UINT64_MAX || (n->plain && n->digits.len >= 13)) {
        speakable_digits(out, n->digits);
    } else if (n->digits.len) {
        speakable_cardinal(out, n->whole);
    }
    if (n->fraction.ptr) {
        say_c(out, "point");
        speakable_digits(out, n->fraction);
    }
}

size_t spaces_at(Str s, size_t at)
{
    size_t n = 0;
    while (char_at(s, at + n) == ' ') {
        n++;
    }
    return n;
}

size_t range_mark(Str s, size_t at)
{
    static const Str dashes[] = {{"\xe2\x80\x93", 3}, {"\xe2\x80\x94", 3}, {"\xe2\x88\x92", 3},
        {"\xe2\x80\x91", 3}, {"\xe2\x80\x92", 3}};
    size_t space = spaces_at(s, at) ? 1 : 0;
    if (!space && char_at(s, at) == '-') {
        return 1;
    }
    for (size_t i = 0; i < sizeof dashes / sizeof *dashes; i++) {
        if (has_at(s, at + space, dashes[i])) {
            return space + 3 + (spaces_at(s, at + space + 3) ? 1 : 0);
        }
    }
    return 0;
}

Str word_before(Str s, size_t at)
{
    while (at > 0 && s.ptr[at - 1] == ' ') {
        at--;
    }
    size_t from = at;
    while (from > 0 && (is_wordy(s.ptr[from - 1]) || s.ptr[from - 1] == '.')) {
        from--;
    }
    return str_sub(s, from, at);
}

Str word_at(Str s, size_t at)
{
    size_t to = at;
    while (!word_ends(s, to)) {
        to++;
    }
    return str_sub(s, at, to);
}

bool one_of(Str word, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq_nocase(word, str_of(list[i]))) {
            return true;
        }
    }
    return false;
}
