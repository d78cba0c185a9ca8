#include "text/letters.h"
#include "text/when_grammar.h"

#define MAX_GROUPS 6

/* A run of digits with separators inside: 9:30, 2026-04-03, 9.30-4.30. */
typedef struct {
    int value[MAX_GROUPS], digits[MAX_GROUPS];
    char sep[MAX_GROUPS]; /* sep[i] stands behind group i */
    size_t end_of[MAX_GROUPS];
    size_t n;
    bool junk;
} Digits;

static bool digit_at(Str s, size_t i)
{
    return i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9';
}

static bool ascii_letter(Str s, size_t i)
{
    return i < s.len && ((s.ptr[i] | 32) >= 'a' && (s.ptr[i] | 32) <= 'z');
}

/* A dash or "~" at i: its bytes, else 0. */
static size_t dash_at(Str s, size_t i)
{
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '~'))
        return 1;
    if (i + 3 <= s.len && (memcmp(s.ptr + i, "\xE2\x80\x93", 3) == 0 ||
                           memcmp(s.ptr + i, "\xE2\x80\x94", 3) == 0))
        return 3;
    return 0;
}

static Digits scan_digits(Str s, size_t *at, bool clock)
{
    Digits d = {0};
    for (;;) {
        int v = 0, n = 0;
        for (; digit_at(s, *at); (*at)++, n++)
            v = n < 8 ? v * 10 + (s.ptr[*at] - '0') : v;
        if (d.n == MAX_GROUPS)
            d.junk = true;
        else {
            d.value[d.n] = v;
            d.digits[d.n] = n;
            d.end_of[d.n++] = *at;
        }
        size_t dash = dash_at(s, *at), sep = dash ? dash : 1;
        bool joins = dash || (*at < s.len && strchr(":./,", s.ptr[*at]));
        bool fraction = d.n == 3 && joins && s.ptr[*at] == '.' && d.sep[0] == ':' &&
                        d.sep[1] == ':'; /* 14:30:00.000 */
        if (!joins || fraction || (clock && dash) || !digit_at(s, *at + sep))
            break;
        if (s.ptr[*at] == ',') {
            size_t k = *at + 1;
            while (digit_at(s, k))
                k++;
            if (k - *at != 4)
                break; /* "10,2012" are two; "12,500" is an amount */
            d.junk = true;
        }
        if (d.n <= MAX_GROUPS)
            d.sep[d.n - 1] = dash ? '-' : s.ptr[*at];
        *at += sep;
    }
    return d;
}

static bool all_seps(const Digits *d, size_t from, size_t to, char sep)
{
    for (size_t i = from; i + 1 < to; i++)
        if (d->sep[i] != sep)
            return false;
    return true;
}

/* The groups [from, to) as one number, into *t. The meaning of its parts is found later: here they
 * stand in year, month, mday as written, in order. */
static bool classify(const Digits *d, size_t from, size_t to, WhenToken *t)
{
    size_t n = to - from;
    const int *v = d->value + from, *digits = d->digits + from;
    WhenValue *out = &t->value;
    *out = (WhenValue){.weekday = -1, .zone = WHEN_NO_ZONE, .digits = (uint8_t)digits[0]};
    t->numeric = t->known = true;
    for (size_t i = 0; i < n; i++)
        if (digits[i] > 4)
            return false;
    if (n == 1) {
        t->symbol = NUM;
        out->num = v[0];
        return true;
    }
    if (all_seps(d, from, to, ':') && n <= 3) {
        t->symbol = CLOCK;
        if (digits[0] > 2 || digits[1] != 2 || v[0] > 24 || v[1] > 59 ||
            (n == 3 && (v[2] > 59 || digits[2] != 2)))
            return false;
        out->sec = v[0] * 3600 + v[1] * 60 + (n == 3 ? v[2] : 0);
        out->grain = n == 3 ? GRAIN_SECOND : GRAIN_MINUTE;
        out->time = v[0] == 0 || v[0] > 12 || digits[0] > 1 + (v[0] >= 10) ? TIME_FIXED : TIME_12;
        return out->sec <= 86400;
    }
    bool year_first = digits[0] == 4, year_last = n == 3 && (digits[2] == 4 || digits[2] == 2);
    out->from = v[0];
    out->until = v[1];
    out->ms = n == 3 ? v[2] : 0;
    out->days = digits[1];
    out->months = n == 3 ? digits[2] : 0;
    for (size_t i = 0; i < n; i++)
        if (digits[i] == 3 && d->sep[from] != '.')
            return false;
    if (n == 2) {
        t->symbol = d->sep[from] == '.' ? DOT2 : d->sep[from] == '/' ? SLASH2 : DASH2;
        if (v[0] == 24 && v[1] == 7 && t->symbol == SLASH2)
            return false; /* always, not the 24th of July */
        return t->symbol != DASH2 || (year_first && digits[1] == 2 && v[1] >= 1 && v[1] <= 12) ||
               (digits[0] == 2 && digits[1] == 4 && v[0] >= 1 && v[0] <= 12 && v[1] >= 1900 &&
                v[1] < 2100); /* 05-2019 */
    }
    if (n != 3 || !(year_first || year_last) || digits[1] > 2 || digits[0] == 3)
        return false;
    if (year_first && digits[2] > 2)
        return false;
    t->symbol = DOT3;
    if (!all_seps(d, from, to, '.'))
        t->symbol = all_seps(d, from, to, '/') ? SLASH3 : DASH3;
    return all_seps(d, from, to, '.') || all_seps(d, from, to, '/') || all_seps(d, from, to, '-');
}

static WhenToken dash_token(const WhenGrammar *g, size_t start, size_t end)
{
    int slot = when_grammar_word(g, STR("-"));
    WhenToken t = {.start = start, .end = end, .glued = true};
    if (slot >= 0)
        t.reading = g->slot[slot].reading;
    t.known = t.reading != 0;
    return t;
}

/* "9-11" and "9.30-4.30": two numbers and a dash, when the whole is no date. */
static bool split_at_dash(WhenScan *s, const Digits *d, WhenToken *out)
{
    size_t dash = 0, dashes = 0;
    for (size_t i = 0; i + 1 < d->n; i++)
        if (d->sep[i] == '-') {
            dashes++;
            dash = i;
        }
    if (dashes != 1)
        return false;
    WhenToken right = {.start = d->end_of[dash] + 1, .end = out->end, .glued = true};
    while (!digit_at(s->text, right.start))
        right.start++;
    if (!classify(d, 0, dash + 1, out) || !classify(d, dash + 1, d->n, &right))
        return false;
    out->end = d->end_of[dash];
    s->more[1] = dash_token(s->g, out->end, right.start);
    s->more[0] = right;
    s->n_more = 2;
    return true;
}

static bool reads_as(const WhenGrammar *g, uint16_t reading, unsigned symbol)
{
    for (; reading; reading = g->reading[reading - 1].next)
        if (g->reading[reading - 1].symbol == symbol)
            return true;
    return false;
}

/* "+01:00" and "-0500" behind a time; "+2" and "-05:30" behind "UTC". */
static bool scan_offset(WhenScan *s, WhenToken *t)
{
    size_t i = s->at, n = 0;
    int digit[4] = {0};
    Str x = s->text;
    bool clock = s->last.numeric && s->last.symbol == CLOCK;
    bool named = s->last.known && reads_as(s->g, s->last.reading, TZ);
    size_t gap = i - s->last.end; /* "10:12:13 +0200" */
    bool near = gap == 0 || (gap == 1 && clock && s->last.value.grain == GRAIN_SECOND);
    if ((!clock && !named) || !near || i >= x.len || (x.ptr[i] != '+' && x.ptr[i] != '-'))
        return false;
    bool west = x.ptr[i++] == '-', colon = false;
    for (; n < 4; i++) {
        bool mark = i < x.len && x.ptr[i] == ':' && n == 2 && !colon && digit_at(x, i + 1);
        if (!mark && !digit_at(x, i))
            break;
        if (mark)
            colon = true;
        else
            digit[n++] = x.ptr[i] - '0';
    }
    if (digit_at(x, i) || ascii_letter(x, i) || n == 0 || n == 3 || (clock && n != 4))
        return false;
    int hours = n == 1 ? digit[0] : digit[0] * 10 + digit[1];
    int minutes = n == 4 ? digit[2] * 10 + digit[3] : 0;
    if (hours > 14 || minutes > 59)
        return false;
    t->numeric = t->known = true;
    t->symbol = OFFSET;
    t->value = (WhenValue){.weekday = -1, .zone = WHEN_NO_ZONE,
                           .num = (west ? -1 : 1) * (hours * 60 + minutes)};
    s->at = t->end = i;
    return true;
}

/* "'27" and "'90s": a year without its century. */
static bool scan_short_year(WhenScan *s, WhenToken *t)
{
    Str x = s->text;
    size_t i = s->at;
    size_t quote = i < x.len && x.ptr[i] == '\'' ? 1
                   : i + 3 <= x.len && memcmp(x.ptr + i, "\xE2\x80\x99", 3) == 0 ? 3 : 0;
    if (!quote || s->last.end == i || !digit_at(x, i + quote) || !digit_at(x, i + quote + 1) ||
        digit_at(x, i + quote + 2) ||
        (ascii_letter(x, i + quote + 2) && x.ptr[i + quote + 2] != 's'))
        return false;
    t->numeric = t->known = true;
    t->symbol = YEAR2;
    t->value = (WhenValue){.weekday = -1, .zone = WHEN_NO_ZONE, .digits = 2,
                           .num = (x.ptr[i + quote] - '0') * 10 + x.ptr[i + quote + 1] - '0'};
    s->at = t->end = i + quote + 2;
    return true;
}

/* What makes a number something else: money, a share, a fraction of a second, a unit unknown. */
static bool stained(const WhenScan *s, size_t start, size_t end)
{
    Str x = s->text;
    if (start > 0 && strchr("$#_=", x.ptr[start - 1]) &&
        !(start > 1 && x.ptr[start - 1] == '=' && strchr("<>", x.ptr[start - 2])))
        return true; /* but ">=2019" */
    if (start >= 3 && (memcmp(x.ptr + start - 3, "\xE2\x82\xAC", 3) == 0))
        return true; /* euro */
    if (start >= 2 && memcmp(x.ptr + start - 2, "\xC2\xA3", 2) == 0)
        return true; /* pound */
    if (start > 0 && (x.ptr[start - 1] == '.' || x.ptr[start - 1] == ':') && start > 1 &&
        !letter_is_space((unsigned char)x.ptr[start - 2]))
        return true;
    while (end < x.len && x.ptr[end] == ' ')
        end++;
    return end < x.len && (strchr("%$", x.ptr[end]) || (unsigned char)x.ptr[end] == 0xC2 ||
                           (end + 3 <= x.len && memcmp(x.ptr + end, "\xE2\x82\xAC", 3) == 0));
}

/* Letters glued to a number: a word of the language (3pm, 15h, 1st), or all of it is junk. */
static bool glued_word_known(const WhenScan *s)
{
    size_t i = s->at;
    char word[WHEN_WORD_MAX];
    size_t n = 0;
    while (ascii_letter(s->text, i) && n < sizeof word)
        word[n++] = (char)(s->text.ptr[i++] | 32);
    int slot = when_grammar_word(s->g, str_mem(word, n));
    return slot >= 0 && s->g->slot[slot].reading != 0;
}

static void skip_run(WhenScan *s)
{
    while (s->at < s->text.len) {
        size_t before = s->at;
        if (letter_is_space(utf8_next(s->text, &s->at))) {
            s->at = before;
            break;
        }
    }
}

static void scan_number(WhenScan *s, WhenToken *t)
{
    /* Behind 2026-04-03T a dash is of the zone: 09:30-05:00. */
    bool clock = s->last.numeric && s->last.symbol == DASH3 && s->at > 0 &&
                 (s->text.ptr[s->at - 1] | 32) == 't';
    Digits d = scan_digits(s->text, &s->at, clock);
    t->end = s->at;
    bool date = !d.junk && classify(&d, 0, d.n, t);
    /* 2026-04-03T09:30 */
    if (date && t->symbol == DASH3 && s->at < s->text.len && (s->text.ptr[s->at] | 32) == 't' &&
        digit_at(s->text, s->at + 1))
        s->at++;
    else if (date && t->symbol == CLOCK && s->at < s->text.len && s->text.ptr[s->at] == '.' &&
             digit_at(s->text, s->at + 1)) {
        t->known = d.n == 3; /* a fraction of a second; "10:30.5" is none */
        for (s->at++; t->known && digit_at(s->text, s->at); s->at++)
            t->end = s->at + 1;
    }
    if (!date && (d.junk || !split_at_dash(s, &d, t)))
        t->known = false;
    if (stained(s, t->start, s->at) || s->last.blocks)
        t->known = false;
    if (ascii_letter(s->text, s->at) && !glued_word_known(s) && s->text.ptr[s->at - 1] != 't' &&
        s->text.ptr[s->at - 1] != 'T') {
        skip_run(s);
        t->known = false;
    }
    if (!t->known) {
        t->numeric = false;
        s->n_more = 0;
        t->end = s->at;
    }
}

static bool abbreviation(const WhenGrammar *g, Str word, uint16_t reading, size_t letters)
{
    if (str_eq(word, STR("st"))) /* St. Patrick */
        return reading != 0;
    for (; reading; reading = g->reading[reading - 1].next) {
        unsigned symbol = g->reading[reading - 1].symbol;
        if (letters == 1 || symbol == AMPM)
            return true;
        if (letters <= 5 && (symbol == MON || symbol == WDAY || symbol == UNIT))
            return true;
    }
    return false;
}

/* The letters of a word, lower and without apostrophes, and what the language knows of it. */
static Str read_word(WhenScan *s, WhenToken *t, char word[WHEN_WORD_MAX + 4], size_t *letters)
{
    size_t n = 0;
    bool too_long = false, quoted = false;
    while (s->at < s->text.len) {
        size_t before = s->at;
        uint32_t c = utf8_next(s->text, &s->at);
        bool quote = c == '\'' || c == 0x2019;
        if (!quote && (c == UTF8_INVALID || !letter_is_word(c) || letter_is_digit(c))) {
            s->at = before;
            break;
        }
        quoted |= quote;
        if (quote)
            continue;
        (*letters)++;
        if (n + 4 > WHEN_WORD_MAX + 4)
            too_long = true;
        else
            n += utf8_put(letter_lower(c), word + n);
    }
    int slot = too_long ? -1 : when_grammar_word(s->g, str_mem(word, n));
    /* "today's", "Monday's" (not every Monday); without its apostrophe too when it is unknown. */
    bool owner = n > 2 && word[n - 1] == 's' && !too_long;
    if (owner && (slot < 0 || (quoted && reads_as(s->g, s->g->slot[slot].reading, WDAYS)))) {
        int stem = when_grammar_word(s->g, str_mem(word, n - 1));
        if (stem >= 0 && (quoted || n > 5))
            slot = stem;
    }
    if (slot >= 0) {
        t->reading = s->g->slot[slot].reading;
        t->blocks = s->g->slot[slot].blocks;
    }
    return str_mem(word, too_long ? 0 : n);
}

static void scan_word(WhenScan *s, WhenToken *t)
{
    char word[WHEN_WORD_MAX + 4];
    size_t letters = 0;
    Str lower = read_word(s, t, word, &letters);
    t->end = s->at;
    t->known = t->reading != 0;
    /* "9h30" and "2019q1", but not "2a3b" */
    if (t->glued && s->last.numeric && s->last.value.digits < 4 && letters == 1 &&
        digit_at(s->text, s->at) && !reads_as(s->g, t->reading, SHORT) &&
        !reads_as(s->g, t->reading, TINY))
        t->known = false;
    char next = s->at < s->text.len ? s->text.ptr[s->at] : '\0';
    bool dot = next == '.';
    bool abbreviated = dot && abbreviation(s->g, lower, t->reading, letters);
    /* "mar4", "q1", but not "A1B2C3"; "example.com", "name@host". */
    if ((digit_at(s->text, s->at) && (!t->known || letters > 4)) || next == '_' || next == '=' ||
        (next == '@' && s->at + 1 < s->text.len && s->text.ptr[s->at + 1] != ' ') ||
        (dot && !abbreviated && ascii_letter(s->text, s->at + 1))) {
        skip_run(s);
        t->known = false;
    } else if (abbreviated) {
        s->at++;
    }
    if (!t->known)
        t->end = s->at;
}

/* Punctuation that rules may name: - @ + / and "&" as "and"; any other ends what was said. */
static void scan_mark(WhenScan *s, WhenToken *t)
{
    size_t dash = dash_at(s->text, s->at);
    char c = dash ? '-' : s->text.ptr[s->at];
    if (c == '%' && ascii_letter(s->text, s->at + 1)) {
        skip_run(s);
        t->end = s->at;
        return;
    }
    (void)utf8_next(s->text, &s->at);
    t->end = s->at;
    int slot = when_grammar_word(s->g, str_mem(&c, 1));
    /* 15' is minutes; another quotation mark is none. */
    bool stray = c == '\'' && (!s->last.numeric || s->last.end != t->start ||
                               ascii_letter(s->text, s->at));
    /* ">" before what is quoted in a mail is not "after". */
    size_t line = t->start;
    while (line > 0 && s->text.ptr[line - 1] == ' ')
        line--;
    stray |= c == '>' && line > 0 && strchr("\n\r>", s->text.ptr[line - 1]);
    t->reading = slot >= 0 && !stray ? s->g->slot[slot].reading : 0;
    t->known = t->reading != 0;
}

/* "mon-fri", "may-june": a dash there is no hyphen. */
static bool names_day(const WhenGrammar *g, uint16_t reading)
{
    for (; reading; reading = g->reading[reading - 1].next) {
        unsigned symbol = g->reading[reading - 1].symbol;
        if (symbol == WDAY || symbol == SWDAY || symbol == MON || symbol == SMON)
            return true;
    }
    return false;
}

/* White space, commas, quotation marks, and a hyphen inside of a word are no tokens. */
static bool skip_gaps(WhenScan *s, WhenToken *t)
{
    for (t->glued = true; s->at < s->text.len; ) {
        size_t before = s->at;
        uint32_t c = utf8_next(s->text, &s->at);
        bool space = c != '\n' && letter_is_space(c);
        bool hyphen = c == '-' && before > 0 && ascii_letter(s->text, before - 1) &&
                      ascii_letter(s->text, s->at) && !names_day(s->g, s->last.reading);
        bool about = c == '~' && digit_at(s->text, s->at) &&
                     (before == 0 || s->text.ptr[before - 1] == ' ');
        bool plural = c == '\'' && s->last.numeric && s->last.end == before && /* 1980's */
                      s->at < s->text.len && s->text.ptr[s->at] == 's' &&
                      !ascii_letter(s->text, s->at + 1);
        if (c == ',')
            t->comma = true;
        else if (!space && !hyphen && !about && !plural && c != '"' && c != '(' && c != ')' &&
                 c != 0x201C && c != 0x201D && c != '*') {
            s->at = before;
            return true;
        }
        t->glued = false;
    }
    return false;
}

/* Whether what was said ends at `i`: the end of a sentence or clause, "please", or what is to be
 * done ("in 15 to call Peter"). */
static bool closes(Str s, size_t i)
{
    while (i < s.len && (s.ptr[i] == ' ' || s.ptr[i] == '"'))
        i++;
    Str rest = str_sub(s, i, s.len);
    if (rest.len == 0 || strchr("!?;,)\n", rest.ptr[0]))
        return true;
    if (rest.ptr[0] == '.')
        return !digit_at(s, i + 1) && !ascii_letter(s, i + 1);
    return str_starts(rest, STR("please")) ||
           (str_starts(rest, STR("to ")) && ascii_letter(s, i + 3));
}

bool when_scan(WhenScan *s, WhenToken *out)
{
    if (s->n_more > 0) {
        *out = s->more[--s->n_more];
        out->closing = closes(s->text, out->end);
        s->last = *out;
        return true;
    }
    WhenToken t = {0};
    if (!skip_gaps(s, &t))
        return false;
    t.start = s->at;
    size_t look = s->at;
    uint32_t c = utf8_next(s->text, &look);
    if (letter_is_digit(c))
        scan_number(s, &t);
    else if (c != UTF8_INVALID && letter_is_word(c))
        scan_word(s, &t);
    else if (!scan_offset(s, &t) && !scan_short_year(s, &t))
        scan_mark(s, &t);
    t.closing = closes(s->text, t.end);
    s->last = *out = t;
    return true;
}
