/* speakable_german_numbers.c - German numbers in words: cardinals, ordinals, years, decimals. */
#include "text/speakable_german_impl.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

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

void german_cardinal(Buf *out, uint64_t n, bool last)
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
            german_cardinal(out, k, false);
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

/* erst, zweit, dritt, ..., zwanzigst; with its ending. */
void speakable_german_ordinal(Buf *out, uint64_t n, const char *ending)
{
    uint64_t low = n % 100;
    if (low == 1 || low == 3 || low == 7 || low == 8) {
        if (n > 100) {
            german_cardinal(out, n - low, false);
        } else {
            say(out, STR(""));
        }
        if (n <= 100 && out->len && out->ptr[out->len - 1] != ' ') {
            buf_add_char(out, ' ');
        }
        buf_add_c(out, low == 1 ? "erst" : low == 3 ? "dritt" : low == 7 ? "siebt" : "acht");
    } else {
        german_cardinal(out, n, false);
        buf_add_c(out, low > 0 && low < 20 ? "t" : "st");
    }
    buf_add_c(out, ending);
}

void german_year(Buf *out, uint64_t y)
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
        german_cardinal(out, y, true);
    }
}

void german_digits(Buf *out, Str digits)
{
    for (size_t i = 0; i < digits.len; i++) {
        if (is_digit(digits.ptr[i])) {
            say(out, str_of(small[digits.ptr[i] - '0']));
        }
    }
}

uint64_t german_value(Str s, size_t at, size_t n)
{
    uint64_t v = 0;
    for (size_t i = at; i < at + n && v < UINT64_MAX / 20; i++) {
        v = is_digit(s.ptr[i]) ? v * 10 + (uint64_t)(s.ptr[i] - '0') : v;
    }
    return v;
}

bool german_number_at(Str s, size_t at, GermanNumber *n)
{
    size_t d = digits_at(s, at), i = at + d;
    *n = (GermanNumber){.digits = d};
    if (d == 0) {
        return false;
    }
    while (d <= 3 && char_at(s, i) == '.' && digits_at(s, i + 1) == 3) {
        i += 4;
        n->digits += 3;
    }
    n->whole = german_value(s, at, i - at);
    size_t f = char_at(s, i) == ',' ? digits_at(s, i + 1) : 0;
    if (f) {
        n->fraction = str_sub(s, i + 1, i + 1 + f);
        i += 1 + f;
    }
    if (has_at(s, i, STR(",-")) && !is_digit(char_at(s, i + 2))) {
        i += 2; /* 12,- */
    }
    n->len = i - at;
    return true;
}

void german_number(Buf *out, Str s, size_t at, const GermanNumber *n, bool last)
{
    bool zeros = n->digits > 1 && s.ptr[at] == '0';
    if (zeros || n->digits > 12) {
        german_digits(out, str_sub(s, at, at + n->digits));
    } else {
        german_cardinal(out, n->whole, last || n->fraction.len > 0);
    }
    if (n->fraction.len) {
        say(out, STR("Komma"));
        german_digits(out, n->fraction);
    }
}
