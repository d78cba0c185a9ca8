/* speakable_quantity.c - amounts: money, units, percentages, ranges, ratios, years that stand
 * alone. */
#include "text/speakable_quantity.h"

#include "text/speakable_tables.h"

#define COUNT(list) (sizeof(list) / sizeof *(list))

/* Amounts. */

typedef struct {
    bool minus, about, plus, less, more;
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

const SpeakUnit *speak_unit_at(Str s, size_t at, size_t *len)
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
        if (weak && space && letters && more && speak_units[i].sign[0] == 'i' &&
            (is_letter(char_at(s, end + more)) || is_digit(char_at(s, end + more)))) {
            continue; /* "5 in the morning", "1 in 20" */
        }
        *len = space + sign.len;
        return &speak_units[i];
    }
    return NULL;
}

/* One of them is no quote: 13.3" */
static bool odd_quotes(Str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        n += s.ptr[i] == '"';
    }
    return n % 2 == 1;
}

/* NW behind a degree or a speed: where the wind comes from. */
static size_t compass(const Speak *k, const Amount *m)
{
    static const char *const names[][2] = {{"NNE", "north-northeast"}, {"NNW", "north-northwest"},
        {"SSE", "south-southeast"}, {"SSW", "south-southwest"}, {"NE", "northeast"},
        {"NW", "northwest"}, {"SE", "southeast"}, {"SW", "southwest"}, {"N", "north"},
        {"S", "south"}, {"E", "east"}, {"W", "west"}};
    size_t space = spaces_at(k->s, m->end);
    bool where = m->unit && (strncmp(m->unit->sign, "\xc2\xb0", 3) == 0 ||
        strcmp(m->unit->sign, "mph") == 0 || strcmp(m->unit->sign, "km/h") == 0 ||
        strcmp(m->unit->sign, "m/s") == 0 || strcmp(m->unit->sign, "mi") == 0 ||
        strcmp(m->unit->sign, "km") == 0);
    for (size_t i = 0; where && space <= 1 && i < COUNT(names); i++) {
        Str sign = str_of(names[i][0]);
        if (has_at(k->s, m->end + space, sign) && word_ends(k->s, m->end + space + sign.len)) {
            say(k->out, str_of(names[i][1]));
            return space + sign.len;
        }
    }
    return 0;
}

/* $20/mo, 8/day: what it is counted by. */
static size_t per(const Speak *k, size_t at)
{
    static const char *const names[][2] = {{"month", "month"}, {"mo", "month"}, {"year", "year"},
        {"yr", "year"}, {"hour", "hour"}, {"hr", "hour"}, {"h", "hour"}, {"day", "day"},
        {"week", "week"}, {"wk", "week"}, {"night", "night"}, {"person", "person"},
        {"minute", "minute"}, {"min", "minute"}, {"second", "second"}, {"sec", "second"},
        {"user", "user"}, {"kg", "kilogram"}, {"lb", "pound"}, {"gal", "gallon"}, {"kWh",
        "kilowatt hour"}, {"GB", "gigabyte"}, {"item", "item"}, {"piece", "piece"}};
    for (size_t i = 0; char_at(k->s, at) == '/' && i < COUNT(names); i++) {
        Str name = str_of(names[i][0]);
        if (has_at(k->s, at + 1, name) && word_ends(k->s, at + 1 + name.len)) {
            say(k->out, STR("per"));
            say(k->out, str_of(names[i][1]));
            return 1 + name.len;
        }
    }
    return 0;
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
    } else if (!m->scale && (m->unit = speak_unit_at(s, m->end, &len))) {
        m->end += len;
        size_t more = spaces_at(s, m->end + 1);
        char next = char_at(s, m->end + 1 + more);
        bool inside = (more && is_lower(next)) || (!more && next && strchr(",;)", next));
        m->end += char_at(s, m->end) == '.' && inside; /* 45 min., hrs. and */
    } else if (char_at(s, m->end) == '"' && odd_quotes(s)) {
        /* a 13.3" laptop; 13.3" wide */
        static const SpeakUnit inches = {"\"", "inch", "inches"}, inch = {"\"", "inch", "inch"};
        static const char *const sides[] = {"wide", "tall", "long", "high", "thick", "deep", "and",
            "or", "by", "x", "in", "of", "across", "from", "to"};
        Str next = word_at(s, m->end + 1 + spaces_at(s, m->end + 1));
        m->unit = next.len && !one_of(next, sides, COUNT(sides)) ? &inch : &inches;
        m->end++;
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
        } else if (start && char_at(s, *i) == '<' && !m->less && *i + 1 < s.len &&
            s.ptr[*i + 1] != '=') {
            m->less = true;
            *i += 1;
        } else if (start && char_at(s, *i) == '>' && !m->more && *i + 1 < s.len &&
            s.ptr[*i + 1] != '=') {
            m->more = true;
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
    if (fraction == 0 || fraction > 2 ||
        (char_at(s, end) == ',' && is_digit(char_at(s, end + 1)))) {
        return false;
    }
    size_t space = spaces_at(s, end);
    bool scale = has_at(s, end + space, STR("million")) || has_at(s, end + space, STR("billion"));
    bool told = money || scale || char_at(s, end + space) == '%' ||
        (space <= 1 && currency_at(s, end + space, &len)) || speak_unit_at(s, end, &len);
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
    if (m->less || m->more) {
        say(out, m->less ? STR("less than") : STR("more than"));
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
    size_t a = digits_at(k->s, at), sign = at + a;
    bool ratio = char_at(k->s, sign) == ':', feet = char_at(k->s, sign) == '\'';
    size_t gap = feet ? spaces_at(k->s, sign + 1) : 0, b = digits_at(k->s, sign + 1 + gap),
        end = sign + 1 + gap + b;
    SpeakNumber left, right;
    if (a == 0 || a > 3 || b == 0 || b > 3 || (!ratio && !feet) || !word_ends(k->s, end) ||
        (ratio && char_at(k->s, end) == ':') || (feet && (a > 1 || b > 2)) ||
        (gap && char_at(k->s, end) != '"')) {
        return 0;
    }
    number_at(str_sub(k->s, 0, sign), at, &left);
    number_at(str_sub(k->s, 0, end), sign + 1 + gap, &right);
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
        /* three times four equals twelve; thirty by twenty centimeters */
        say(k->out, str_find(k->s, STR("="), i) != SIZE_MAX ? STR("times") : STR("by"));
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
    m.end += compass(k, &m);
    m.end += per(k, m.end);
    bool round = m.money && has_at(k->s, m.end, STR(".-")) && !is_digit(char_at(k->s, m.end + 2));
    return m.end + (round ? 2u : 0u) - at; /* CHF 20.- */
}
