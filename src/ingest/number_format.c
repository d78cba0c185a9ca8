#include "ingest/number_format.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

#define MAX_CODE 400
#define MAX_DIGITS 64

static const struct {
    unsigned id;
    const char *code;
} builtin[] = {
    {1, "0"}, {2, "0.00"}, {3, "#,##0"}, {4, "#,##0.00"}, {5, "$#,##0;-$#,##0"},
    {6, "$#,##0;-$#,##0"}, {7, "$#,##0.00;-$#,##0.00"}, {8, "$#,##0.00;-$#,##0.00"}, {9, "0%"},
    {10, "0.00%"}, {11, "0.00E+00"}, {12, "# ?/?"}, {13, "# ?\?/?\?"}, {14, "yyyy-mm-dd"},
    {15, "d-mmm-yy"}, {16, "d-mmm"}, {17, "mmm-yy"}, {18, "h:mm AM/PM"}, {19, "h:mm:ss AM/PM"},
    {20, "h:mm"}, {21, "h:mm:ss"}, {22, "yyyy-mm-dd h:mm"}, {27, "yyyy-mm-dd"},
    {28, "yyyy-mm-dd"}, {29, "yyyy-mm-dd"}, {30, "yyyy-mm-dd"}, {31, "yyyy-mm-dd"}, {32, "h:mm"},
    {33, "h:mm:ss"}, {34, "h:mm"}, {35, "h:mm:ss"}, {36, "yyyy-mm-dd"}, {37, "#,##0;(#,##0)"},
    {38, "#,##0;(#,##0)"}, {39, "#,##0.00;(#,##0.00)"}, {40, "#,##0.00;(#,##0.00)"},
    {41, "#,##0;(#,##0);\"-\""}, {42, "$#,##0;($#,##0);\"-\""},
    {43, "#,##0.00;(#,##0.00);\"-\""}, {44, "$#,##0.00;($#,##0.00);\"-\""}, {45, "mm:ss"},
    {46, "[h]:mm:ss"}, {47, "mm:ss.0"}, {48, "##0.0E+0"}, {49, "@"}, {50, "yyyy-mm-dd"},
    {51, "yyyy-mm-dd"}, {52, "yyyy-mm-dd"}, {53, "yyyy-mm-dd"}, {54, "yyyy-mm-dd"},
    {55, "yyyy-mm-dd"}, {56, "yyyy-mm-dd"}, {57, "yyyy-mm-dd"}, {58, "yyyy-mm-dd"}};

Str number_format_builtin(unsigned id)
{
    for (size_t i = 0; i < sizeof builtin / sizeof *builtin; i++)
        if (builtin[i].id == id)
            return str_of(builtin[i].code);
    return STR("General");
}

/* ---- sections ------------------------------------------------------------------------------- */

/* The length of what begins at s[at] and is one: a quoted text, \x, _x, *x, [..], else 1. */
static size_t piece(Str s, size_t at)
{
    size_t end = at + 1;
    switch (s.ptr[at]) {
    case '"':
        while (end < s.len && s.ptr[end] != '"')
            end++;
        return (end < s.len ? end + 1 : end) - at;
    case '[':
        while (end < s.len && s.ptr[end] != ']')
            end++;
        return (end < s.len ? end + 1 : end) - at;
    case '\\':
    case '_':
    case '*':
        if (end < s.len) /* a character of any length */
            for (end++; end < s.len && ((unsigned char)s.ptr[end] & 0xC0) == 0x80;)
                end++;
        return end - at;
    default: return 1;
    }
}

static size_t split(Str code, Str sections[4])
{
    size_t n = 0, start = 0;
    for (size_t at = 0; at < code.len && n < 3; at += piece(code, at))
        if (code.ptr[at] == ';') {
            sections[n++] = str_sub(code, start, at);
            start = at + 1;
        }
    sections[n++] = str_sub(code, start, code.len);
    return n;
}

/* "[>=100]": whether v meets it; false in *has when the section has no condition. */
static bool meets(Str section, double v, bool *has)
{
    *has = false;
    for (size_t at = 0; at < section.len; at += piece(section, at)) {
        Str p = str_sub(section, at, at + piece(section, at));
        if (p.len < 4 || p.ptr[0] != '[' || !strchr("<>=", p.ptr[1]))
            continue;
        size_t n = strchr("<>=", p.ptr[2]) ? 2 : 1;
        double to;
        if (!str_to_double(str_sub(p, 1 + n, p.len - 1), &to))
            continue;
        *has = true;
        bool less = p.ptr[1] == '<' && v < to, more = p.ptr[1] == '>' && v > to;
        bool equal = (p.ptr[1] == '=' || (n == 2 && p.ptr[2] == '=')) && v == to;
        bool unequal = n == 2 && p.ptr[1] == '<' && p.ptr[2] == '>';
        return unequal ? v != to : less || more || equal;
    }
    return false;
}

/* The section for v; *absolute when its sign is the section's own matter. */
static Str choose(Str code, double v, bool *absolute)
{
    Str sections[4];
    bool has;
    size_t n = split(code, sections);
    *absolute = false;
    bool first = meets(sections[0], v, &has);
    if (has && n > 1) {
        if (first)
            return sections[0];
        bool second = meets(sections[1], v, &has);
        *absolute = v < 0 && n > 2;
        return has && !second && n > 2 ? sections[2] : sections[1];
    }
    if (n == 1 || v > 0 || (v == 0 && n == 2))
        return sections[0];
    *absolute = true;
    return v < 0 ? sections[1] : sections[2];
}

/* Writes a piece that stands for itself: quoted, escaped, a currency in brackets. */
static void literal(Buf *out, Str p)
{
    switch (p.ptr[0]) {
    case '"':
        (void)buf_add(out, str_sub(p, 1, p.len - (p.len > 1 && p.ptr[p.len - 1] == '"')));
        break;
    case '\\': (void)buf_add(out, str_sub(p, 1, p.len)); break;
    case '_': (void)buf_add_char(out, ' '); break;
    case '*': break;
    case '[':
        if (p.len > 2 && p.ptr[1] == '$') { /* "[$EUR-407]" */
            size_t dash = str_find(p, STR("-"), 2);
            (void)buf_add(out, str_sub(p, 2, dash < p.len ? dash : p.len - 1));
        }
        break;
    default: (void)buf_add(out, p); break;
    }
}

/* ---- dates ---------------------------------------------------------------------------------- */

static bool is_elapsed(Str p)
{
    if (p.len < 3 || p.ptr[0] != '[')
        return false;
    for (size_t i = 1; i + 1 < p.len; i++)
        if (!strchr("hHmMsS", p.ptr[i]) || (p.ptr[i] | 32) != (p.ptr[1] | 32))
            return false;
    return true;
}

static bool is_date(Str section)
{
    for (size_t at = 0; at < section.len; at += piece(section, at)) {
        Str p = str_sub(section, at, at + piece(section, at));
        if (p.len > 1) {
            if (is_elapsed(p))
                return true;
        } else if (strchr("yYmMdDhHsS", p.ptr[0])) {
            return true;
        }
    }
    return false;
}

typedef struct {
    int64_t days;     /* whole ones of the serial number */
    int64_t seconds;  /* of the day */
    int64_t total;    /* seconds since the beginning */
    int hundredths;
    int year, month, day, weekday;
} Moment;

/* Civil date of a day number from 1970-01-01 (H. Hinnant's algorithm). */
static void civil(int64_t z, Moment *m)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    m->day = (int)(doy - (153 * mp + 2) / 5 + 1);
    m->month = (int)(mp < 10 ? mp + 3 : mp - 9);
    m->year = (int)(yoe + era * 400 + (m->month <= 2));
}

static bool moment_of(double v, bool days_1904, unsigned decimals, Moment *m)
{
    if (!(v >= 0) || v >= 2958466.0 * 2) /* past the year 9999 */
        return false;
    double unit = decimals ? 100.0 : 1.0, ticks = floor(v * 86400.0 * unit + 0.5);
    m->hundredths = decimals ? (int)fmod(ticks, 100.0) : 0;
    m->total = (int64_t)(ticks / unit);
    m->days = m->total / 86400;
    m->seconds = m->total % 86400;
    /* Day 60 is the 29th of February 1900, which never was. */
    int64_t base = days_1904 ? 24107 : m->days < 60 ? 25568 : 25569;
    civil(m->days - base, m);
    m->weekday = (int)(((m->days - base + 4) % 7 + 7) % 7);
    return true;
}

static const char *const months[] = {"January", "February", "March", "April", "May", "June", "July",
                                     "August", "September", "October", "November", "December"};
static const char *const weekdays[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
                                       "Friday", "Saturday"};

static void name(Buf *out, const char *word, size_t length)
{
    (void)buf_add(out, str_sub(str_of(word), 0, length == 3 ? 3 : length == 5 ? 1 : SIZE_MAX));
}

/* m means minutes behind an hour and before seconds. */
static bool is_minutes(Str section, size_t at, size_t end, char last)
{
    if (last == 'h')
        return true;
    for (size_t i = end; i < section.len; i += piece(section, i)) {
        Str p = str_sub(section, i, i + piece(section, i));
        char c = (char)((is_elapsed(p) ? p.ptr[1] : p.len == 1 ? p.ptr[0] : ' ') | 32);
        if (strchr("ymdhs", c))
            return c == 's';
    }
    (void)at;
    return false;
}

static void date_part(Buf *out, const Moment *m, char c, size_t n, bool minutes, bool half)
{
    int hour = (int)(m->seconds / 3600);
    const char *two = n >= 2 ? "%02d" : "%d";
    switch (c) {
    case 'y':
        (void)buf_printf(out, n <= 2 ? "%02d" : "%04d", n <= 2 ? m->year % 100 : m->year);
        break;
    case 'd':
        if (n >= 3)
            name(out, weekdays[m->weekday], n);
        else
            (void)buf_printf(out, n == 2 ? "%02d" : "%d", m->day);
        break;
    case 'm':
        if (minutes)
            (void)buf_printf(out, n >= 2 ? "%02d" : "%d", (int)(m->seconds / 60 % 60));
        else if (n >= 3)
            name(out, months[m->month - 1], n);
        else
            (void)buf_printf(out, n == 2 ? "%02d" : "%d", m->month);
        break;
    case 'h':
        hour = half ? (hour + 11) % 12 + 1 : hour;
        (void)buf_printf(out, two[2] == '2' ? "%02d" : "%d", hour);
        break;
    default: (void)buf_printf(out, n >= 2 ? "%02d" : "%d", (int)(m->seconds % 60)); break;
    }
}

static size_t run_of(Str s, size_t at)
{
    size_t end = at;
    while (end < s.len && (s.ptr[end] | 32) == (s.ptr[at] | 32))
        end++;
    return end - at;
}

static bool show_date(Buf *out, double v, Str s, bool days_1904)
{
    Moment m;
    bool half = str_find(s, STR("AM/PM"), 0) != SIZE_MAX ||
                str_find(s, STR("A/P"), 0) != SIZE_MAX || str_find(s, STR("am/pm"), 0) != SIZE_MAX;
    bool fraction = str_find(s, STR("s.0"), 0) != SIZE_MAX;
    char last = ' ';
    if (!moment_of(v, days_1904, fraction, &m))
        return false;
    for (size_t at = 0; at < s.len;) {
        Str p = str_sub(s, at, at + piece(s, at)), rest = str_sub(s, at, s.len);
        char c = (char)(p.ptr[0] | 32);
        if (is_elapsed(p)) {
            int64_t unit = (p.ptr[1] | 32) == 'h' ? 3600 : (p.ptr[1] | 32) == 'm' ? 60 : 1;
            (void)buf_printf(out, p.len > 3 ? "%02lld" : "%lld", (long long)(m.total / unit));
            last = (char)(p.ptr[1] | 32);
        } else if (p.len == 1 && strchr("ymdhs", c)) {
            size_t n = run_of(s, at);
            date_part(out, &m, c, n, c == 'm' && is_minutes(s, at, at + n, last), half);
            last = c;
            at += n;
            continue;
        } else if (p.len == 1 && c == 'a' && rest.len >= 3 &&
                   (rest.ptr[1] == '/' || rest.len >= 5)) {
            bool whole = (rest.ptr[1] | 32) == 'm';
            (void)buf_add_c(out, m.seconds >= 43200 ? (whole ? "PM" : "P") : whole ? "AM" : "A");
            at += whole ? 5 : 3;
            continue;
        } else if (p.len == 1 && c == '.' && last == 's' && rest.len > 1 && rest.ptr[1] == '0') {
            size_t n = run_of(s, at + 1);
            (void)buf_printf(out, n == 1 ? ".%d" : ".%02d",
                             n == 1 ? m.hundredths / 10 : m.hundredths);
            at += 1 + n;
            continue;
        } else {
            literal(out, p);
        }
        at += p.len;
    }
    return true;
}

/* ---- numbers -------------------------------------------------------------------------------- */

typedef struct {
    unsigned whole, zeros; /* places before the point, and how many of them are "0" */
    unsigned decimals, fixed; /* behind it */
    unsigned percent, thousands_off; /* factors of 100 and of 1/1000 */
    bool grouped, point, exponent, fraction;
} Shape;

static Shape shape_of(Str s)
{
    Shape h = {0};
    bool comma = false;
    for (size_t at = 0; at < s.len; at += piece(s, at)) {
        char c = piece(s, at) == 1 ? s.ptr[at] : ' ';
        if (c == '0' || c == '#' || c == '?') {
            h.grouped = h.grouped || (comma && !h.point && h.whole > 0);
            comma = false;
            if (h.exponent)
                continue;
            if (h.point) {
                h.decimals++;
                h.fixed = c == '0' ? h.decimals : h.fixed;
            } else {
                h.whole++;
                h.zeros += c == '0';
            }
        } else if (c == ',') {
            h.thousands_off++;
            comma = true;
        } else if (c == '.') {
            h.point = true;
        } else if (c == '%') {
            h.percent++;
        } else if (c == 'E' || c == 'e') {
            h.exponent = at + 1 < s.len && (s.ptr[at + 1] == '+' || s.ptr[at + 1] == '-');
        } else if (c == '/') {
            h.fraction = h.whole > 0;
        }
        if (c != ',' && (c == '0' || c == '#' || c == '?'))
            h.thousands_off = 0; /* only those behind the last place divide */
    }
    return h;
}

/* As spreadsheets show what has no format: eleven digits at most. */
static void show_general(Buf *out, double v)
{
    char text[64];
    if (v == floor(v) && fabs(v) < 1e15)
        (void)snprintf(text, sizeof text, "%.0f", v == 0 ? 0.0 : v);
    else
        (void)snprintf(text, sizeof text, "%.10G", v);
    (void)buf_add_c(out, text);
}

static void show_fraction(Buf *out, double v, Str s)
{
    size_t slash = str_find(s, STR("/"), 0), n = 0;
    while (slash + 1 + n < s.len && strchr("?#0", s.ptr[slash + 1 + n]))
        n++;
    uint64_t fixed = 0;
    bool given = n == 0 && str_to_u64(str_trim(str_sub(s, slash + 1, s.len)), &fixed) && fixed > 0;
    long most = given ? (long)fixed : n <= 1 ? 9 : n == 2 ? 99 : 999;
    double whole = floor(v), rest = v - whole, best = 2;
    long top = 0, bottom = 1;
    for (long d = given ? most : 1; d <= most && d < 100000; d++) {
        double t = floor(rest * (double)d + 0.5), off = fabs(rest - t / (double)d);
        if (off < best - 1e-12) {
            best = off;
            top = (long)t;
            bottom = d;
        }
    }
    if (top == bottom) {
        whole += 1;
        top = 0;
    }
    if (whole > 0 || top == 0)
        (void)buf_printf(out, "%.0f", whole);
    if (top > 0)
        (void)buf_printf(out, whole > 0 ? " %ld/%ld" : "%ld/%ld", top, bottom);
}

typedef struct {
    char digits[400]; /* of the whole part, without zeros in front */
    size_t n;
    char decimals[MAX_DIGITS];
    size_t n_decimals;
} Digits;

static void digits_of(Digits *d, double v, const Shape *h)
{
    char text[480];
    unsigned places = h->decimals < 30 ? h->decimals : 30;
    /* Spreadsheets round what is written in 15 digits, halves up: 1.005 is no 1.00499999. */
    if (v * pow(10, places) < 1e12)
        v += v * 4 * DBL_EPSILON;
    (void)snprintf(text, sizeof text, "%.*f", (int)places, v);
    const char *point = strchr(text, '.');
    size_t n = point ? (size_t)(point - text) : strlen(text);
    size_t skip = n == 1 && text[0] == '0' ? 1 : 0;
    d->n = n - skip < sizeof d->digits ? n - skip : sizeof d->digits;
    memcpy(d->digits, text + skip, d->n);
    d->n_decimals = point ? strlen(point + 1) : 0;
    if (point)
        memcpy(d->decimals, point + 1, d->n_decimals);
    while (d->n_decimals > h->fixed && d->decimals[d->n_decimals - 1] == '0')
        d->n_decimals--;
}

/* The digits that belong to one place before the point: places count from the left. */
static void whole_place(Buf *out, const Digits *d, const Shape *h, size_t place, char mark)
{
    size_t left = h->whole - place; /* places from here to the point, this one too */
    size_t from = place == 0 ? 0 : d->n > left ? d->n - left : 0;
    size_t to = d->n >= left ? d->n - left + 1 : 0;
    if (to == 0 && mark == '0') {
        (void)buf_add_char(out, '0');
        if (h->grouped && left > 1 && (left - 1) % 3 == 0)
            (void)buf_add_char(out, ',');
    }
    for (size_t i = from; i < to; i++) {
        size_t behind = d->n - i - 1;
        (void)buf_add_char(out, d->digits[i]);
        if (h->grouped && behind > 0 && behind % 3 == 0)
            (void)buf_add_char(out, ',');
    }
}

static void show_places(Buf *out, double v, Str s, const Shape *h)
{
    Digits d;
    size_t place = 0, decimal = 0;
    bool behind = false;
    digits_of(&d, v, h);
    for (size_t at = 0; at < s.len; at += piece(s, at)) {
        Str p = str_sub(s, at, at + piece(s, at));
        char c = p.len == 1 ? p.ptr[0] : ' ';
        if (p.len == 1 && (c == '0' || c == '#' || c == '?')) {
            if (!behind)
                whole_place(out, &d, h, place++, c);
            else if (decimal < d.n_decimals)
                (void)buf_add_char(out, d.decimals[decimal++]);
        } else if (p.len == 1 && c == '.' && h->point && !behind) {
            behind = true;
            if (h->whole == 0 && d.n > 0) /* ".00": the whole part has no place of its own */
                (void)buf_add_mem(out, d.digits, d.n);
            if (d.n_decimals > 0)
                (void)buf_add_char(out, '.');
        } else if (!(p.len == 1 && c == ',')) {
            literal(out, p);
        }
    }
}

static void show_exponent(Buf *out, double v, const Shape *h)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%.*E", (int)(h->decimals < 15 ? h->decimals : 15), v);
    (void)buf_add_c(out, text);
}

/* "General" as a part of a code. */
static void show_with_general(Buf *out, double v, Str s)
{
    for (size_t at = 0; at < s.len;) {
        if (str_starts(str_sub(s, at, s.len), STR("General"))) {
            show_general(out, v);
            at += 7;
            continue;
        }
        Str p = str_sub(s, at, at + piece(s, at));
        literal(out, p);
        at += p.len;
    }
}

static void show_number(Buf *out, double v, Str s, bool absolute)
{
    Shape h = shape_of(s);
    if (v < 0 && !absolute)
        (void)buf_add_char(out, '-');
    v = fabs(v);
    if (str_find(s, STR("General"), 0) != SIZE_MAX) {
        show_with_general(out, v, s);
        return;
    }
    for (unsigned i = 0; i < h.percent && i < 4; i++)
        v *= 100;
    for (unsigned i = 0; i < h.thousands_off && i < 6; i++)
        v /= 1000;
    if (h.exponent)
        show_exponent(out, v, &h);
    else if (h.fraction)
        show_fraction(out, v, s);
    else if (v < 1e300)
        show_places(out, v, s, &h);
    else
        show_general(out, v);
}

void number_format_show_text(Buf *out, Str text, Str code)
{
    Str sections[4];
    size_t n = split(str_sub(code, 0, MAX_CODE), sections);
    Str s = n == 4 ? sections[3] : n == 1 ? sections[0] : STR("@");
    bool has = false;
    for (size_t at = 0; at < s.len && !has; at += piece(s, at))
        has = s.ptr[at] == '@';
    if (!has) {
        (void)buf_add(out, text);
        return;
    }
    for (size_t at = 0; at < s.len; at += piece(s, at))
        if (s.ptr[at] == '@')
            (void)buf_add(out, text);
        else
            literal(out, str_sub(s, at, at + piece(s, at)));
}

void number_format_show(Buf *out, Str value, Str code, bool days_1904)
{
    double v;
    bool absolute;
    code = str_sub(code, 0, MAX_CODE);
    if (!str_to_double(str_trim(value), &v)) {
        (void)buf_add(out, value);
        return;
    }
    Str s = choose(code, v, &absolute);
    if (code.len == 0 || str_eq_nocase(code, STR("General")) || str_eq(s, STR("@"))) {
        show_general(out, v);
        return;
    }
    bool general = str_find(s, STR("General"), 0) != SIZE_MAX;
    if (!general && is_date(s)) {
        if (!show_date(out, absolute ? fabs(v) : v, s, days_1904))
            show_general(out, v);
        return;
    }
    show_number(out, v, s, absolute);
}
