/* speakable_quantity.c - amounts: money, units, percentages, ranges, fractions, ratios, years that
 * stand alone. */
#include "text/speakable_impl.h"
#include "text/speakable_tables.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Fractions: 1/2, 3/4, 2 1/2, and the characters for them. */

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
            return i + (space == 1) + len - at;
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
    } else {
        speakable_cardinal(k->out, over);
        say(k->out, over <= under ? STR("out of") : STR("over"));
        speakable_cardinal(k->out, under);
    }
    return len;
}

/* Amounts. */

typedef struct {
    bool minus, about, plus;
    const SpeakCurrency *money;
    SpeakNumber a, b;
    bool range;
    const char *scale; /* "million" */
    const SpeakUnit *unit;
    bool percent, times, per_mille;
    size_t end;
} Amount;

static const SpeakCurrency *currency_at(Str s, size_t at, size_t *len)
{
    for (size_t i = 0; i < COUNT(speak_currencies); i++) {
        Str sign = str_of(speak_currencies[i].sign);
        bool code = is_upper(sign.ptr[0]) && is_upper(sign.ptr[sign.len - 1]);
        if (has_at(s, at, sign) &&
            (!code || (!is_letter(char_at(s, at + sign.len)) &&
                (at == 0 || !is_letter(s.ptr[at - 1]))))) {
            *len = sign.len;
            return &speak_currencies[i];
        }
    }
    return NULL;
}

/* k, M, bn right behind the number; " million" only with money, where it comes before the unit. */
static size_t scale_at(Str s, size_t at, bool money, const char **said)
{
    static const struct {
        const char *sign, *said;
        bool money_only;
    } scales[] = {{"bn", "billion", false}, {"mn", "million", true}, {"tn", "trillion", true},
        {"k", "thousand", false}, {"K", "thousand", false}, {"M", "million", false},
        {"B", "billion", false}, {"m", "million", true}, {"b", "billion", true},
        {"T", "trillion", true}};
    static const char *const words[] = {"million", "billion", "trillion", "thousand", "hundred"};
    for (size_t i = 0; i < COUNT(scales); i++) {
        Str sign = str_of(scales[i].sign);
        if (has_at(s, at, sign) && word_ends(s, at + sign.len) &&
            (money || !scales[i].money_only)) {
            *said = scales[i].said;
            return sign.len;
        }
    }
    size_t space = spaces_at(s, at);
    for (size_t i = 0; space == 1 && money && i < COUNT(words); i++) {
        if (has_at(s, at + 1, str_of(words[i])) && word_ends(s, at + 1 + strlen(words[i]))) {
            *said = words[i];
            return 1 + strlen(words[i]);
        }
    }
    return 0;
}

static const SpeakUnit *unit_at(Str s, size_t at, size_t *len)
{
    size_t space = spaces_at(s, at);
    if (space > 1) {
        return NULL;
    }
    for (size_t i = 0; i < COUNT(speak_units); i++) {
        Str sign = str_of(speak_units[i].sign);
        size_t end = at + space + sign.len;
        bool letters = is_letter(sign.ptr[sign.len - 1]);
        bool joined = letters && space == 0 && is_digit(char_at(s, end)); /* 1h30 */
        if (!has_at(s, at + space, sign) || (letters && !word_ends(s, end) && !joined)) {
            continue;
        }
        bool weak = sign.len == 1 || strcmp(speak_units[i].sign, "in") == 0 ||
            strcmp(speak_units[i].sign, "ha") == 0;
        size_t more = spaces_at(s, end);
        if (weak && space && letters && more && is_letter(char_at(s, end + more)) &&
            speak_units[i].sign[0] == 'i') {
            continue; /* "5 in the morning" */
        }
        *len = space + sign.len;
        return &speak_units[i];
    }
    return NULL;
}

/* What may stand behind the number, or behind the second one of a range. */
static void tail_at(Str s, Amount *m)
{
    size_t len = 0, space = spaces_at(s, m->end);
    m->end += scale_at(s, m->end, m->money != NULL, &m->scale);
    if (m->scale && !m->money) {
        space = spaces_at(s, m->end);
    }
    if (m->money) {
        return;
    }
    if (char_at(s, m->end + (space == 1)) == '%') {
        m->percent = true;
        m->end += (space == 1) + 1u;
    } else if (has_at(s, m->end + (space == 1), STR("\xe2\x80\xb0"))) {
        m->per_mille = true;
        m->end += (space == 1) + 3u;
    } else if (space <= 1 && (m->money = currency_at(s, m->end + space, &len))) {
        m->end += space + len;
    } else if (!m->scale && (m->unit = unit_at(s, m->end, &len))) {
        m->end += len;
    } else if (char_at(s, m->end) == 'x' && word_ends(s, m->end + 1)) {
        m->times = true;
        m->end++;
    }
}

static bool sign_at(Str s, size_t *i, Amount *m)
{
    bool start = *i == 0 || !is_wordy(s.ptr[*i - 1]) || (unsigned char)s.ptr[*i - 1] >= 0x80;
    for (;;) {
        if (start && char_at(s, *i) == '-' && !m->minus) {
            m->minus = true;
            *i += 1;
        } else if (start && has_at(s, *i, STR("\xe2\x88\x92")) && !m->minus) {
            m->minus = true;
            *i += 3;
        } else if (start && char_at(s, *i) == '~' && !m->about) {
            m->about = true;
            *i += 1;
        } else if (start && char_at(s, *i) == '+' && !m->plus) {
            m->plus = true;
            *i += 1;
        } else {
            return start;
        }
    }
}

/* As the continent writes it: 12,50 or 1.900,50; only before or behind what says that it is an
 * amount, since "3,5" may be a list. */
static bool comma_number_at(Str s, size_t at, bool money, SpeakNumber *n)
{
    size_t i = at + digits_at(s, at), len;
    uint64_t whole = 0;
    if (i == at || i - at > 3) {
        return false;
    }
    while (char_at(s, i) == '.' && digits_at(s, i + 1) == 3) {
        i += 4;
    }
    size_t fraction = char_at(s, i) == ',' ? digits_at(s, i + 1) : 0, end = i + 1 + fraction;
    if (fraction == 0 || fraction > 2 || char_at(s, end) == ',') {
        return false;
    }
    size_t space = spaces_at(s, end);
    bool scale = has_at(s, end + space, STR("million")) || has_at(s, end + space, STR("billion"));
    bool told = money || scale || char_at(s, end + space) == '%' ||
        (space <= 1 && currency_at(s, end + space, &len)) || unit_at(s, end, &len);
    for (size_t d = at; d < i; d++) {
        whole = is_digit(s.ptr[d]) ? whole * 10 + (uint64_t)(s.ptr[d] - '0') : whole;
    }
    *n = (SpeakNumber){.whole = whole, .digits = str_sub(s, at, i), .len = end - at,
        .fraction = str_sub(s, i + 1, end)};
    return told;
}

static bool amount_at(Str s, size_t at, Amount *m)
{
    size_t i = at, len = 0;
    *m = (Amount){0};
    sign_at(s, &i, m);
    if ((m->money = currency_at(s, i, &len))) {
        i += len;
        i += spaces_at(s, i) == 1 && is_digit(char_at(s, i + 1));
        if (char_at(s, i) == '-' && !m->minus) {
            m->minus = true;
            i++;
        }
    }
    if (comma_number_at(s, i, m->money != NULL, &m->a)) {
        m->end = i + m->a.len;
        tail_at(s, m);
        return true;
    }
    if (!number_at(s, i, &m->a) || (char_at(s, i) == '.' && i > 0 && is_wordy(s.ptr[i - 1]))) {
        return false;
    }
    m->end = i + m->a.len;
    size_t mark = range_mark(s, m->end), second = m->end + mark;
    if (mark && m->money && currency_at(s, second, &len)) {
        second += len;
    }
    if (mark && number_at(s, second, &m->b)) {
        bool longer = char_at(s, second + m->b.len) == '-' &&
            is_digit(char_at(s, second + m->b.len + 1));
        bool number = m->b.digits.len > 1 && m->b.digits.ptr[0] == '0'; /* 2024-0117 is one */
        if (!longer && !number) {
            m->range = true;
            m->end = second + m->b.len;
        }
    }
    tail_at(s, m);
    return true;
}

static void say_money(Buf *out, const Amount *m, const SpeakNumber *n)
{
    const SpeakCurrency *c = m->money;
    bool cents = n->fraction.len == 2 && !m->scale && !m->range && c->cent;
    if (!cents) {
        say_number(out, n);
        if (m->scale) {
            say(out, str_of(m->scale));
        }
        bool one = n->whole == 1 && !n->fraction.ptr && !m->scale && !m->range;
        say(out, str_of(one ? c->one : c->many));
        return;
    }
    unsigned high = (unsigned)(n->fraction.ptr[0] - '0');
    unsigned minor = high * 10 + (unsigned)(n->fraction.ptr[1] - '0');
    if (n->whole || !minor) {
        SpeakNumber whole = *n;
        whole.fraction = (Str){NULL, 0};
        say_number(out, &whole);
        say(out, str_of(n->whole == 1 ? c->one : c->many));
    }
    if (minor) {
        if (n->whole) {
            say(out, STR("and"));
        }
        speakable_cardinal(out, minor);
        say(out, str_of(minor == 1 ? c->cent : c->cents));
    }
}

/* A number of four digits that is a year, by itself or by the word before it. */
static bool is_year(Str s, size_t at, const Amount *m)
{
    static const char *const before[] = {"in", "since", "by", "until", "till", "from", "of", "year",
        "during", "before", "after", "for", "spring", "summer", "autumn", "fall", "winter", "early",
        "mid", "late", "around", "circa", "c.", "and", "to", "version", "Windows", "Office", "Q1",
        "Q2", "Q3", "Q4"};
    const SpeakNumber *n = &m->a;
    if (!n->plain || n->digits.len != 4 || n->fraction.ptr || m->money || m->unit || m->percent ||
        m->scale || m->times || m->minus || n->whole < 1000 || n->whole > 2099) {
        return false;
    }
    size_t next = m->end + spaces_at(s, m->end);
    Str word = word_at(s, next), prior = word_before(s, at);
    bool plural = next > m->end && word.len > 3 && word.ptr[word.len - 1] == 's' &&
        is_lower(word.ptr[0]) && !str_eq(word, STR("was"));
    bool quarter = prior.len == 2 && prior.ptr[0] == 'Q';
    if (plural && !quarter) {
        return false;
    }
    bool told = one_of(prior, before, COUNT(before));
    return told || n->whole >= 1900 || (m->range && n->whole >= 1500 && m->b.digits.len == 4);
}

static size_t ordinal_suffix(Str s, size_t at)
{
    static const Str suffixes[] = {{"st", 2}, {"nd", 2}, {"rd", 2}, {"th", 2}};
    for (size_t i = 0; i < 4; i++) {
        if (has_at(s, at, suffixes[i]) && word_ends(s, at + 2)) {
            return 2;
        }
    }
    return 0;
}

/* 1990s, '90s, 80s */
static size_t decade(const Speak *k, size_t at)
{
    size_t n = digits_at(k->s, at);
    if ((n != 4 && n != 2) || k->s.ptr[at + n - 1] != '0') {
        return 0;
    }
    size_t quote = char_at(k->s, at + n) == '\'';
    if (char_at(k->s, at + n + quote) != 's' || !word_ends(k->s, at + n + quote + 1)) {
        return 0;
    }
    unsigned y = 0;
    for (size_t i = 0; i < n; i++) {
        y = y * 10 + (unsigned)(k->s.ptr[at + i] - '0');
    }
    if (n == 4 && (y < 1100 || y > 2099)) {
        return 0;
    }
    if (n == 2 && (y < 20 || (at > 0 && k->s.ptr[at - 1] != '\'' && y < 50))) {
        return 0;
    }
    if (n == 4) {
        speakable_year(k->out, y);
    } else {
        speakable_cardinal(k->out, y);
    }
    char last = k->out->ptr[k->out->len - 1];
    if (last == 'y') {
        buf_cut(k->out, k->out->len - 1);
        buf_add_c(k->out, "ies");
    } else {
        buf_add_c(k->out, "s");
    }
    return n + quote + 1;
}

/* Two numbers of a score or a range: "3-2" and "10-20" are both said "to". */
static void say_amount(const Speak *k, size_t at, const Amount *m)
{
    Buf *out = k->out;
    if (m->about) {
        say(out, STR("about"));
    }
    if (m->minus) {
        say(out, STR("minus"));
    }
    if (m->plus) {
        say(out, STR("plus"));
    }
    bool year = is_year(k->s, at, m);
    if (m->range) {
        if (year) {
            speakable_year(out, (unsigned)m->a.whole);
        } else {
            say_number(out, &m->a);
        }
        say(out, STR("to"));
    }
    const SpeakNumber *n = m->range ? &m->b : &m->a;
    if (year && n->digits.len == 4) {
        speakable_year(out, (unsigned)n->whole);
    } else if (m->money) {
        say_money(out, m, n);
    } else {
        say_number(out, n);
        if (m->scale) {
            say(out, str_of(m->scale));
        }
    }
    bool one = n->whole == 1 && !n->fraction.ptr && !m->scale && !m->range;
    if (m->percent) {
        say(out, STR("percent"));
    } else if (m->per_mille) {
        say(out, STR("per mille"));
    } else if (m->times) {
        say(out, STR("times"));
    } else if (m->unit) {
        say(out, str_of(one ? m->unit->one : m->unit->many));
    }
}

/* "m" is minutes between hours and seconds: 1h 30m, 5m 30s. */
static bool is_minutes(Str s, size_t at, size_t end)
{
    size_t next = end + spaces_at(s, end), digits = digits_at(s, next);
    Str before = word_before(s, at);
    bool hours = before.len > 1 && is_digit(before.ptr[0]) && before.ptr[before.len - 1] == 'h';
    bool seconds = digits && char_at(s, next + digits) == 's' && word_ends(s, next + digits + 1);
    return hours || seconds;
}

/* One side of 1920x1080: nineteen twenty. */
static void say_side(const Speak *k, size_t at, const Amount *m)
{
    bool pair = m->a.plain && m->a.digits.len == 4 && !m->a.fraction.ptr && !m->unit && !m->range;
    if (pair && m->a.whole >= 1000) {
        speakable_year(k->out, (unsigned)m->a.whole);
    } else {
        say_amount(k, at, m);
    }
}

/* 3:2 as a score or a ratio, 5'11" as a height; times were looked for before. */
static size_t pair(const Speak *k, size_t at)
{
    size_t a = digits_at(k->s, at), sign = at + a, b = digits_at(k->s, sign + 1),
        end = sign + 1 + b;
    bool ratio = char_at(k->s, sign) == ':', feet = char_at(k->s, sign) == '\'';
    SpeakNumber left, right;
    if (a == 0 || a > 3 || b == 0 || b > 3 || (!ratio && !feet) || !word_ends(k->s, end) ||
        (ratio && char_at(k->s, end) == ':') || (feet && (a > 1 || b > 2))) {
        return 0;
    }
    number_at(str_sub(k->s, 0, sign), at, &left);
    number_at(str_sub(k->s, 0, end), sign + 1, &right);
    say_number(k->out, &left);
    say(k->out, ratio ? STR("to") : STR("foot"));
    say_number(k->out, &right);
    return end + (feet && char_at(k->s, end) == '"') - at;
}

size_t rule_quantity(const Speak *k, size_t at)
{
    Amount m;
    size_t n = decade(k, at);
    n = n ? n : pair(k, at);
    if (n) {
        return n;
    }
    if (!amount_at(k->s, at, &m)) {
        return 0;
    }
    size_t suffix = ordinal_suffix(k->s, m.end);
    if (suffix && !m.range && !m.money && !m.unit && m.a.plain && !m.a.fraction.ptr) {
        speakable_ordinal(k->out, m.a.whole);
        return m.end + suffix - at;
    }
    /* 3 x 4, 1920x1080 */
    size_t i = m.end - m.times, space = spaces_at(k->s, i);
    bool cross = (m.times || char_at(k->s, i + space) == 'x' ||
        has_at(k->s, i + space, STR("\xc3\x97")));
    size_t mark = has_at(k->s, i + space, STR("\xc3\x97")) ? 2 : 1;
    if (cross && is_digit(char_at(k->s, i + space + mark + spaces_at(k->s, i + space + mark)))) {
        m.times = false;
        say_side(k, at, &m);
        say(k->out, STR("by"));
        return i + space + mark - at;
    }
    if (m.unit && strcmp(m.unit->sign, "m") == 0 && is_minutes(k->s, at, m.end)) {
        static const SpeakUnit minutes = {"m", "minute", "minutes"};
        m.unit = &minutes;
    }
    bool second = at > 0 && (k->s.ptr[at - 1] == 'x' || has_at(k->s, at - 1, STR("\x97")));
    if (second) {
        say_side(k, at, &m);
    } else {
        say_amount(k, at, &m);
    }
    return m.end - at;
}
