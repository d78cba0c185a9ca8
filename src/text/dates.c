#include "text/dates.h"

#include <stdio.h>

#include "base/clock.h"
#include "text/letters.h"
#include "text/words.h"

typedef struct {
    const char *name;
    int month;
} Month;

/* English, German, French, Spanish, Italian, Portuguese, Dutch, Swedish, Danish, Norwegian, Polish
 * and Czech (the last two in the genitive, as in dates); abbreviations of the first two. */
static const Month months[] = {
    {"abril", 4},         {"agosto", 8},     {"août", 8},       {"apr", 4},       {"april", 4},
    {"aprile", 4},        {"aug", 8},        {"august", 8},     {"augusti", 8},   {"augustus", 8},
    {"avril", 4},         {"březen", 3},     {"března", 3},     {"czerwca", 6},   {"dec", 12},
    {"december", 12},     {"decembre", 12},  {"desember", 12},  {"dez", 12},      {"dezember", 12},
    {"dezembro", 12},     {"dicembre", 12},  {"diciembre", 12}, {"dubna", 4},     {"décembre", 12},
    {"enero", 1},         {"feb", 2},        {"februar", 2},    {"februari", 2},  {"february", 2},
    {"febbraio", 2},      {"febrero", 2},    {"fevereiro", 2},  {"fevrier", 2},   {"février", 2},
    {"gennaio", 1},       {"giugno", 6},     {"grudnia", 12},   {"jan", 1},       {"janeiro", 1},
    {"januar", 1},        {"januari", 1},    {"january", 1},    {"janvier", 1},   {"juillet", 7},
    {"juin", 6},          {"jul", 7},        {"julho", 7},      {"juli", 7},      {"julio", 7},
    {"july", 7},          {"jun", 6},        {"june", 6},       {"junho", 6},     {"juni", 6},
    {"junio", 6},         {"jänner", 1},     {"kwietnia", 4},   {"května", 5},    {"ledna", 1},
    {"lipca", 7},         {"listopada", 11}, {"luglio", 7},     {"lutego", 2},    {"maart", 3},
    {"maggio", 5},        {"mai", 5},        {"maio", 5},       {"maj", 5},       {"maja", 5},
    {"mar", 3},           {"march", 3},      {"março", 3},      {"marca", 3},     {"mars", 3},
    {"marts", 3},         {"marzo", 3},      {"may", 5},        {"mayo", 5},      {"mei", 5},
    {"mär", 3},           {"märz", 3},       {"nov", 11},       {"november", 11}, {"novembre", 11},
    {"novembro", 11},     {"noviembre", 11}, {"oct", 10},       {"october", 10},  {"octobre", 10},
    {"octubre", 10},      {"okt", 10},       {"oktober", 10},   {"ottobre", 10},  {"outubro", 10},
    {"października", 10}, {"prosince", 12},  {"sep", 9},        {"sept", 9},      {"september", 9},
    {"septembre", 9},     {"septiembre", 9}, {"setembro", 9},   {"settembre", 9}, {"sierpnia", 8},
    {"srpna", 8},         {"stycznia", 1},   {"září", 9},       {"února", 2},     {"června", 6},
    {"července", 7},      {"října", 10}};
/* "listopadu" is November in Czech, "listopada" in Polish (and October in Croatian, which is left
 * out for that). */

static int month_named(Str word)
{
    char room[WORD_MAX + 8];
    Str folded = word_fold(word, room);
    for (size_t i = 0; folded.len > 2 && i < sizeof months / sizeof *months; i++)
        if (str_eq(folded, str_of(months[i].name)))
            return months[i].month;
    return str_eq(folded, STR("listopadu")) ? 11 : 0;
}

static bool make(int year, int month, int day, size_t year_digits, DocDate *out)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year_digits == 2)
        year += year < 70 ? 2000 : 1900;
    else if (year_digits != 4)
        return false;
    if (year < 1500 || year > 2199 || month < 1 || month > 12)
        return false;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (day < 1 || day > days[month - 1] + (month == 2 && leap))
        return false;
    *out = (DocDate){year, month, day, false, clock_days_from_civil(year, month, day) * 86400000};
    return true;
}

/* ---- scanning ------------------------------------------------------------------------------- */

typedef struct {
    Str text;
    size_t at;
} Scan;

static char peek(const Scan *s)
{
    return s->at < s->text.len ? s->text.ptr[s->at] : '\0';
}

static bool take(Scan *s, char c)
{
    bool there = s->at < s->text.len && s->text.ptr[s->at] == c;
    s->at += there;
    return there;
}

static bool take_str(Scan *s, Str what)
{
    bool there = str_starts(str_sub(s->text, s->at, s->text.len), what);
    s->at += there ? what.len : 0;
    return there;
}

/* A number of at most `max` digits that ends there; how many digits, 0 when there is none. */
static size_t take_number(Scan *s, size_t max, int *out)
{
    size_t n = 0;
    int v = 0;
    while (n <= max && s->at + n < s->text.len &&
           letter_is_digit((unsigned char)s->text.ptr[s->at + n])) {
        v = v * 10 + (s->text.ptr[s->at + n] - '0');
        n++;
    }
    if (n == 0 || n > max)
        return 0;
    s->at += n;
    *out = v;
    return n;
}

/* Blanks of a line, and a line break between two of them (wrapped text). */
static void skip_space(Scan *s)
{
    bool line = false;
    while (peek(s) == ' ' || (peek(s) == '\n' && !line) || take_str(s, STR("\xC2\xA0"))) {
        line = line || peek(s) == '\n';
        s->at += peek(s) == ' ' || peek(s) == '\n';
    }
}

static Str take_word(Scan *s)
{
    size_t from = s->at;
    while (s->at < s->text.len && s->at - from < 32) {
        size_t next = s->at;
        uint32_t c = utf8_next(s->text, &next);
        if (!letter_is_word(c) || letter_is_digit(c))
            break;
        s->at = next;
    }
    return str_sub(s->text, from, s->at);
}

/* No digit goes on behind it: 4.12.2026.1 is a version, 4.12.20261 a number. */
static bool ends_well(const Scan *s)
{
    char c = peek(s), d = s->at + 1 < s->text.len ? s->text.ptr[s->at + 1] : '\0';
    if (letter_is_digit((unsigned char)c))
        return false;
    return !((c == '.' || c == '-' || c == '/') && letter_is_digit((unsigned char)d));
}

/* ---- forms ---------------------------------------------------------------------------------- */

static bool numeric(Scan *s, DateOrder order, DocDate *out)
{
    int a = 0, b = 0, c = 0;
    size_t na = take_number(s, 4, &a), nb, nc;
    char kind = peek(s);
    if (take_str(s, STR("\xE5\xB9\xB4"))) { /* year, month, day in Chinese and Japanese */
        return na == 4 && take_number(s, 2, &b) && take_str(s, STR("\xE6\x9C\x88")) &&
               take_number(s, 2, &c) && take_str(s, STR("\xE6\x97\xA5")) && make(a, b, c, 4, out);
    }
    if (!na || (kind != '-' && kind != '.' && kind != '/') || !take(s, kind))
        return false;
    nb = take_number(s, 2, &b);
    if (!nb || !take(s, kind))
        return false;
    nc = take_number(s, 4, &c);
    if (!nc || !ends_well(s))
        return false;
    if (na == 4)
        return nc <= 2 && make(a, b, c, 4, out);
    if (na > 2 || (nc != 4 && (nc != 2 || kind == '-')))
        return false;
    bool month_first = kind == '/' && (b > 12 || (order == DATE_MONTH_FIRST && a <= 12));
    return make(c, month_first ? a : b, month_first ? b : a, nc, out);
}

/* "4 December 2026", "4. Dez. 2026", "4th of December, 2026", "4 de diciembre de 2026" */
static bool day_month_year(Scan *s, DocDate *out)
{
    int day, year;
    if (!take_number(s, 2, &day))
        return false;
    (void)(take_str(s, STR("st")) || take_str(s, STR("nd")) || take_str(s, STR("rd")) ||
           take_str(s, STR("th")) || take_str(s, STR("er")) || take_str(s, STR("\xC2\xBA")));
    (void)take(s, '.');
    if (peek(s) == '-') /* 4-Dec-2026 */
        s->at++;
    skip_space(s);
    Str word = take_word(s);
    if (str_eq(word, STR("of")) || str_eq(word, STR("de"))) {
        skip_space(s);
        word = take_word(s);
    }
    int month = month_named(word);
    if (!month)
        return false;
    (void)take(s, '.');
    (void)take(s, ',');
    if (peek(s) == '-')
        s->at++;
    skip_space(s);
    if (take_str(s, STR("de ")) || take_str(s, STR("del ")))
        skip_space(s);
    size_t n = take_number(s, 4, &year);
    return n == 4 && ends_well(s) && make(year, month, day, n, out);
}

/* "December 4, 2026", "Dec. 4th 2026" */
static bool month_day_year(Scan *s, DocDate *out)
{
    int day, year, month;
    Str word = take_word(s);
    (void)take(s, '.');
    skip_space(s);
    /* Nearly no word has a number behind it: that is looked at before the names. */
    if (!take_number(s, 2, &day) || !(month = month_named(word)))
        return false;
    (void)(take_str(s, STR("st")) || take_str(s, STR("nd")) || take_str(s, STR("rd")) ||
           take_str(s, STR("th")));
    (void)take(s, ',');
    skip_space(s);
    size_t n = take_number(s, 4, &year);
    return n == 4 && ends_well(s) && make(year, month, day, n, out);
}

/* A date that begins exactly here. */
static bool here(Str text, size_t at, DateOrder order, size_t *end, DocDate *out)
{
    Scan s = {text, at};
    bool digit = letter_is_digit((unsigned char)text.ptr[at]);
    bool found = digit ? numeric(&s, order, out) : month_day_year(&s, out);
    if (!found && digit) {
        s.at = at;
        found = day_month_year(&s, out);
    }
    *end = s.at;
    return found;
}

bool date_next(Str text, DateOrder order, size_t *at, size_t *start, size_t *end, DocDate *out)
{
    size_t i = *at;
    while (i < text.len) {
        size_t next = i;
        uint32_t c = utf8_next(text, &next);
        if (!letter_is_word(c)) {
            i = next;
            continue;
        }
        if (here(text, i, order, end, out)) {
            *start = i;
            *at = *end;
            return true;
        }
        /* On to behind this run of letters and digits and what hangs on it. */
        bool digits = letter_is_digit(c);
        i = next;
        while (i < text.len) {
            next = i;
            c = utf8_next(text, &next);
            bool joined = digits && (c == '.' || c == '-' || c == '/') && next < text.len &&
                          letter_is_digit((unsigned char)text.ptr[next]);
            if (!letter_is_word(c) && !joined)
                break;
            i = next;
        }
    }
    *at = i;
    return false;
}

DateOrder date_order(Str text, Str language)
{
    size_t at = 0, start, end, seen = 0;
    DocDate d;
    while (seen < 50 && date_next(text, DATE_DAY_FIRST, &at, &start, &end, &d)) {
        Scan s = {text, start};
        int a, b;
        if (take_number(&s, 2, &a) && take(&s, '/') && take_number(&s, 2, &b)) {
            if (a > 12 || b > 12)
                return a > 12 ? DATE_DAY_FIRST : DATE_MONTH_FIRST;
            seen++;
        }
    }
    return str_eq(language, STR("en")) ? DATE_MONTH_FIRST : DATE_DAY_FIRST;
}

/* ---- metadata ------------------------------------------------------------------------------- */

/* "HH:MM[:SS[.fff]] [zone]" behind a date; PDF and compact ISO 8601 leave the colons out. A time
 * without a zone is taken as UTC. */
static void add_time(Scan *s, DocDate *d)
{
    int h, m, sec = 0, zh = 0, zm = 0;
    size_t from = s->at;
    while (peek(s) == ' ' || peek(s) == 'T' || peek(s) == 't')
        s->at++;
    Str two = str_sub(s->text, s->at, s->at + 2);
    Scan digits = {two, 0};
    if (two.len < 2 || take_number(&digits, 2, &h) != 2 || h > 23) {
        s->at = from;
        return;
    }
    s->at += 2;
    (void)take(s, ':');
    digits = (Scan){str_sub(s->text, s->at, s->at + 2), 0};
    if (take_number(&digits, 2, &m) != 2 || m > 59) {
        s->at = from;
        return;
    }
    s->at += 2;
    (void)take(s, ':');
    digits = (Scan){str_sub(s->text, s->at, s->at + 2), 0};
    if (take_number(&digits, 2, &sec) == 2)
        s->at += 2;
    if (take(s, '.'))
        while (letter_is_digit((unsigned char)peek(s)))
            s->at++;
    while (peek(s) == ' ')
        s->at++;
    int sign = peek(s) == '+' ? 1 : peek(s) == '-' ? -1 : 0;
    if (sign) {
        s->at++;
        digits = (Scan){str_sub(s->text, s->at, s->at + 2), 0};
        if (take_number(&digits, 2, &zh) == 2)
            s->at += 2;
        (void)(take(s, ':') || take(s, '\''));
        digits = (Scan){str_sub(s->text, s->at, s->at + 2), 0};
        if (take_number(&digits, 2, &zm) == 2)
            s->at += 2;
    }
    if (sec > 60 || zh > 15 || zm > 59)
        return;
    d->timed = true;
    d->ms += ((int64_t)h * 3600 + (int64_t)m * 60 + sec -
              (int64_t)sign * ((int64_t)zh * 3600 + (int64_t)zm * 60)) *
             1000;
}

/* "20261204", with a time behind it or not. */
static bool compact(Scan *s, DocDate *out)
{
    Str d = str_sub(s->text, s->at, s->at + 8);
    int v[3] = {0, 0, 0};
    if (d.len < 8)
        return false;
    for (size_t i = 0; i < 8; i++) {
        if (!letter_is_digit((unsigned char)d.ptr[i]))
            return false;
        int *to = &v[i < 4 ? 0 : i < 6 ? 1 : 2];
        *to = *to * 10 + (d.ptr[i] - '0');
    }
    s->at += 8;
    return make(v[0], v[1], v[2], 4, out);
}

bool date_parse(Str text, DocDate *out)
{
    Scan s = {letters_trim(text), 0};
    (void)take_str(&s, STR("D:"));
    if (compact(&s, out)) {
        add_time(&s, out);
        return true;
    }
    size_t at = 0, start;
    s.at = 0;
    /* A weekday may stand before it: "Fri, 4 Dec 2026". */
    if (!date_next(s.text, DATE_DAY_FIRST, &at, &start, &s.at, out) || start > 16)
        return false;
    add_time(&s, out);
    return true;
}

char *date_format(const DocDate *d, char out[DATE_TEXT_MAX])
{
    if (d->timed)
        return clock_format(d->ms, out);
    (void)snprintf(out, DATE_TEXT_MAX, "%04u-%02u-%02u", (unsigned)d->year % 10000u,
                   (unsigned)d->month % 100u, (unsigned)d->day % 100u);
    return out;
}
