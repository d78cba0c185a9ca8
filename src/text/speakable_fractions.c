/* speakable_fractions.c - fractions: 1/2, 3/4, 2 1/2, and the characters for them. */
#include "text/speakable_quantity.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const struct {
    Str sign;
    unsigned over, under;
} signs[] = {{{"\xc2\xbd", 2}, 1, 2}, {{"\xc2\xbc", 2}, 1, 4}, {{"\xc2\xbe", 2}, 3, 4},
    {{"\xe2\x85\x93", 3}, 1, 3}, {{"\xe2\x85\x94", 3}, 2, 3}, {{"\xe2\x85\x95", 3}, 1, 5},
    {{"\xe2\x85\x9b", 3}, 1, 8}, {{"\xe2\x85\x9c", 3}, 3, 8}, {{"\xe2\x85\x9d", 3}, 5, 8},
    {{"\xe2\x85\x9e", 3}, 7, 8}};

static bool fraction_at(Str s, size_t at, unsigned *over, unsigned *under, size_t *len)
{
    for (size_t i = 0; i < COUNT(signs); i++) {
        if (has_at(s, at, signs[i].sign)) {
            *over = signs[i].over;
            *under = signs[i].under;
            *len = signs[i].sign.len;
            return true;
        }
    }
    size_t a = digits_at(s, at), slash = at + a;
    if (a == 0 || a > 2) {
        return false;
    }
    size_t slash_len = char_at(s, slash) == '/' ? 1 : has_at(s, slash, STR("\xe2\x81\x84")) ? 3 : 0;
    size_t b = slash_len ? digits_at(s, slash + slash_len) : 0, end = slash + slash_len + b;
    if (b == 0 || b > 3 || !word_ends(s, end) || char_at(s, end) == '/' ||
        (char_at(s, end) == '.' && is_digit(char_at(s, end + 1)))) {
        return false;
    }
    *over = *under = 0;
    for (size_t i = 0; i < a; i++) {
        *over = *over * 10 + (unsigned)(s.ptr[at + i] - '0');
    }
    for (size_t i = 0; i < b; i++) {
        *under = *under * 10 + (unsigned)(s.ptr[slash + slash_len + i] - '0');
    }
    *len = end - at;
    return true;
}

static void say_fraction(Buf *out, unsigned over, unsigned under, bool alone)
{
    if (over == 1 && under == 2) {
        say(out, alone ? STR("one half") : STR("a half"));
        return;
    }
    if (over == 1 && !alone) {
        say(out, STR("a"));
    } else {
        speakable_cardinal(out, over);
    }
    if (under == 2) {
        say(out, STR("halves"));
    } else if (under == 4) {
        say(out, over == 1 ? STR("quarter") : STR("quarters"));
    } else {
        speakable_ordinal(out, under);
        if (over != 1) {
            buf_add_char(out, 's');
        }
    }
}

/* 3/4 tsp: three quarters of a teaspoon; 2 1/2 tbsp: tablespoons. */
static size_t fraction_unit(const Speak *k, size_t at, bool mixed)
{
    size_t len = 0;
    const SpeakUnit *u = speak_unit_at(k->s, at, &len);
    if (!u || !is_letter(u->sign[0])) {
        return 0;
    }
    if (!mixed) {
        bool vowel = strchr("aeiou", u->one[0]) || str_starts(str_of(u->one), STR("hour"));
        say(k->out, vowel ? STR("of an") : STR("of a"));
    }
    say(k->out, str_of(mixed ? u->many : u->one));
    /* its full stop ends the sentence, too */
    return len - (k->s.ptr[at + len - 1] == '.' && at + len >= k->s.len);
}

size_t rule_fraction(const Speak *k, size_t at)
{
    unsigned over, under;
    size_t len, whole = digits_at(k->s, at);
    if (has_at(k->s, at, STR("24/7")) && word_ends(k->s, at + 4)) {
        say(k->out, STR("twenty-four seven"));
        return 4;
    }
    if (whole && whole <= 4) { /* 2 1/2, 2½ */
        size_t i = at + whole, space = spaces_at(k->s, i);
        bool sign = (unsigned char)char_at(k->s, i + (space == 1)) >= 0x80;
        if ((space == 1 || sign) && fraction_at(k->s, i + (space == 1), &over, &under, &len) &&
            over < under && under <= 16) {
            SpeakNumber n;
            number_at(str_sub(k->s, 0, i), at, &n);
            say_number(k->out, &n);
            say(k->out, STR("and"));
            say_fraction(k->out, over, under, false);
            i += (space == 1) + len;
            return i + fraction_unit(k, i, true) - at;
        }
    }
    if (!fraction_at(k->s, at, &over, &under, &len) || under == 0) {
        return 0;
    }
    if (over == under && over % 10 == 0) { /* 50/50 */
        speakable_cardinal(k->out, over);
        speakable_cardinal(k->out, under);
    } else if (over < under && under <= 16) {
        say_fraction(k->out, over, under, true);
        len += fraction_unit(k, at + len, false);
    } else {
        speakable_cardinal(k->out, over);
        say(k->out, over <= under ? STR("out of") : STR("over"));
        speakable_cardinal(k->out, under);
    }
    return len;
}
