/* speakable_dates.c - dates and times of day, as an American would read them aloud. */
#include "text/speakable_impl.h"

static const char *const months[12] = {"January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December"};

unsigned month_at(Str s, size_t at, size_t *len)
{
    Str w = word_at(s, at);
    for (unsigned m = 0; m < 12; m++) {
        Str name = str_of(months[m]);
        bool sept = m == 8 && str_eq_nocase(w, STR("Sept"));
        if (str_eq(w, name) || (w.len == 3 && str_starts(name, w)) || sept ||
            (w.len > 3 && str_eq_nocase(w, name) && is_upper(w.ptr[0]))) {
            *len = w.len + (w.len < name.len && char_at(s, at + w.len) == '.');
            return m + 1;
        }
    }
    return 0;
}

static bool number_of(Str s, size_t at, size_t least, size_t most, unsigned *out, size_t *len)
{
    size_t n = 0;
    unsigned v = 0;
    while (is_digit(char_at(s, at + n)) && n <= most) {
        v = v * 10 + (unsigned)(s.ptr[at + n] - '0');
        n++;
    }
    *out = v;
    *len = n;
    return n >= least && n <= most;
}

static void say_day(const Speak *k, unsigned month, unsigned day, unsigned year)
{
    say(k->out, str_of(months[month - 1]));
    if (day) {
        speakable_ordinal(k->out, day);
    }
    if (year) {
        if (day) {
            buf_add_char(k->out, ',');
        }
        speakable_year(k->out, year);
    }
}

static bool valid(unsigned month, unsigned day)
{
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* 2026-03-04, 2026/03/04, 2026-03; with T or a space a time may follow, which is its own rule. */
static size_t iso(const Speak *k, size_t at)
{
    unsigned y, m, d = 0;
    size_t a, b, c = 0;
    if (!number_of(k->s, at, 4, 4, &y, &a) || y < 1000 || y > 2999) {
        return 0;
    }
    char sep = char_at(k->s, at + a);
    if ((sep != '-' && sep != '/') || !number_of(k->s, at + a + 1, 2, 2, &m, &b)) {
        return 0;
    }
    size_t end = at + a + 1 + b;
    if (char_at(k->s, end) == sep && number_of(k->s, end + 1, 2, 2, &d, &c)) {
        end += 1 + c;
    }
    bool time = d && char_at(k->s, end) == 'T' && is_digit(char_at(k->s, end + 1));
    if (!valid(m, d ? d : 1) || (!time && !word_ends(k->s, end))) {
        return 0;
    }
    say_day(k, m, d, y);
    if (time) {
        say(k->out, STR("at"));
        end++;
    }
    return end - at;
}

/* 3/4/2026, 3/4/26, 04.03.2026: day and month by the dots or by what people here do. */
static size_t numeric(const Speak *k, size_t at)
{
    unsigned a, b, y;
    size_t la, lb, ly;
    if (!number_of(k->s, at, 1, 2, &a, &la)) {
        return 0;
    }
    char sep = char_at(k->s, at + la);
    if ((sep != '/' && sep != '.') || !number_of(k->s, at + la + 1, 1, 2, &b, &lb) ||
        char_at(k->s, at + la + 1 + lb) != sep ||
        !number_of(k->s, at + la + lb + 2, 2, 4, &y, &ly) || ly == 3) {
        return 0;
    }
    size_t end = at + la + lb + 2 + ly;
    if (!word_ends(k->s, end) || (char_at(k->s, end) == '.' && is_digit(char_at(k->s, end + 1))) ||
        (sep == '.' && ly != 4)) {
        return 0;
    }
    bool day_first = sep == '.' || k->order == SPEAKABLE_DMY;
    if (day_first ? b > 12 : a > 12) {
        day_first = !day_first;
    }
    unsigned day = day_first ? a : b, month = day_first ? b : a;
    if (!valid(month, day)) {
        return 0;
    }
    say_day(k, month, day, ly == 2 ? (y < 70 ? 2000 + y : 1900 + y) : y);
    return end - at;
}

/* 11/25 behind a day's name, before a time of day, or behind "since" when no fraction looks so. */
static size_t without_year(const Speak *k, size_t at)
{
    static const char *const days[] = {"Mon", "Monday", "Tue", "Tues", "Tuesday", "Wed",
        "Wednesday", "Thu", "Thur", "Thurs", "Thursday", "Fri", "Friday", "Sat", "Saturday", "Sun",
        "Sunday"};
    unsigned a, b;
    size_t la, lb, len = 0;
    if (!number_of(k->s, at, 1, 2, &a, &la) || char_at(k->s, at + la) != '/' ||
        !number_of(k->s, at + la + 1, 1, 2, &b, &lb)) {
        return 0;
    }
    static const char *const before[] = {"on", "since", "due", "until", "till", "by", "from",
        "before", "after", "through"};
    size_t end = at + la + 1 + lb, space = spaces_at(k->s, end), i = end + space;
    Str prior = word_before(k->s, at);
    bool told = one_of(prior, days, sizeof days / sizeof *days) ||
        (one_of(prior, before, sizeof before / sizeof *before) && b > 16);
    i += has_at(k->s, i, STR("at ")) ? 3 : 0;
    len = digits_at(k->s, i);
    bool time = space && len && len <= 2 && char_at(k->s, i + len) == ':' &&
        digits_at(k->s, i + len + 1) == 2;
    if (!word_ends(k->s, end) || char_at(k->s, end) == '/' ||
        (!time && !told)) {
        return 0;
    }
    bool day_first = k->order == SPEAKABLE_DMY;
    if (day_first ? b > 12 : a > 12) {
        day_first = !day_first;
    }
    unsigned day = day_first ? a : b, month = day_first ? b : a;
    if (!valid(month, day)) {
        return 0;
    }
    if (k->out->len > 1 && one_of(prior, days, sizeof days / sizeof *days)) {
        while (k->out->ptr[k->out->len - 1] == ' ') {
            buf_cut(k->out, k->out->len - 1);
        }
        if (k->out->ptr[k->out->len - 1] != ',') {
            buf_add_char(k->out, ',');
        }
    }
    say_day(k, month, day, 0);
    if (time && !has_at(k->s, end + space, STR("at ")) && !range_mark(k->s, i + len + 3)) {
        say(k->out, STR("at"));
    }
    return end - at;
}

/* ", 2026" or " 2026" behind a day and month. */
static size_t year_behind(Str s, size_t at, unsigned *year)
{
    size_t i = at, len;
    i += char_at(s, i) == ',';
    size_t space = spaces_at(s, i);
    if (space == 0 || !number_of(s, i + space, 4, 4, year, &len) || *year < 1000 || *year > 2199 ||
        !word_ends(s, i + space + len)) {
        return 0;
    }
    return i + space + len - at;
}

static size_t nth(Str s, size_t at)
{
    static const Str suffixes[] = {{"st", 2}, {"nd", 2}, {"rd", 2}, {"th", 2}};
    for (size_t i = 0; i < 4; i++) {
        if (has_at(s, at, suffixes[i]) && word_ends(s, at + 2)) {
            return 2;
        }
    }
    return 0;
}

/* March 4, 2026; Mar. 4th; March 2026; May 4-6. */
static size_t month_first(const Speak *k, size_t at)
{
    size_t len, ld, le;
    unsigned m = month_at(k->s, at, &len), d, e, y = 0;
    size_t i = at + len;
    size_t space = m ? spaces_at(k->s, i) : 0;
    if (space == 0) {
        bool cut = m && len > 3 && k->s.ptr[at + len - 1] == '.' && len < 5;
        if (cut) {
            say(k->out, str_of(months[m - 1])); /* Mar. */
        }
        return cut ? len : 0;
    }
    if (number_of(k->s, i + space, 4, 4, &y, &ld) && y >= 1000 && y <= 2199 &&
        word_ends(k->s, i + space + ld)) {
        say_day(k, m, 0, y);
        return i + space + ld - at;
    }
    if (!number_of(k->s, i + space, 1, 2, &d, &ld) || !valid(m, d)) {
        bool cut = len < 6 && k->s.ptr[at + len - 1] == '.';
        if (cut) {
            say(k->out, str_of(months[m - 1]));
        }
        return cut ? len : 0;
    }
    size_t end = i + space + ld;
    end += nth(k->s, end);
    size_t dash = range_mark(k->s, end);
    if (dash && number_of(k->s, end + dash, 1, 2, &e, &le) && valid(m, e) && e > d &&
        word_ends(k->s, end + dash + le + nth(k->s, end + dash + le))) {
        say_day(k, m, d, 0);
        say(k->out, STR("to"));
        speakable_ordinal(k->out, e);
        end += dash + le;
        end += nth(k->s, end);
    } else if (!word_ends(k->s, end) ||
        (char_at(k->s, end) == ':' && is_digit(char_at(k->s, end + 1)))) {
        return 0; /* "May 10:30" */
    } else {
        say_day(k, m, d, 0);
    }
    size_t more = year_behind(k->s, end, &y);
    if (more) {
        buf_add_char(k->out, ',');
        speakable_year(k->out, y);
    }
    return end + more - at;
}

/* 4 March 2026; 4th of March; 4. March; 4-6 March. */
static size_t day_first(const Speak *k, size_t at)
{
    unsigned d, e = 0, y = 0;
    size_t ld, le, lm;
    if (!number_of(k->s, at, 1, 2, &d, &ld) || d < 1 || d > 31) {
        return 0;
    }
    size_t i = at + ld, dash = range_mark(k->s, i);
    if (dash && number_of(k->s, i + dash, 1, 2, &e, &le) && e > d && e <= 31) {
        i += dash + le;
    } else {
        e = 0;
    }
    size_t suffix = nth(k->s, i);
    i += suffix ? suffix : (size_t)(char_at(k->s, i) == '.');
    size_t space = spaces_at(k->s, i);
    if (space && has_at(k->s, i + space, STR("of "))) {
        space += 3;
    }
    unsigned m = space ? month_at(k->s, i + space, &lm) : 0;
    if (m == 0 || (m == 5 && is_lower(k->s.ptr[i + space]))) {
        return 0;
    }
    size_t end = i + space + lm;
    say(k->out, STR("the"));
    if (str_eq_nocase(word_before(k->s, at), STR("the"))) {
        buf_cut(k->out, k->out->len - 4);
    }
    speakable_ordinal(k->out, d);
    if (e) {
        say(k->out, STR("to the"));
        speakable_ordinal(k->out, e);
    }
    say(k->out, STR("of"));
    say(k->out, str_of(months[m - 1]));
    size_t more = year_behind(k->s, end, &y);
    if (more) {
        buf_add_char(k->out, ',');
        speakable_year(k->out, y);
    }
    return end + more - at;
}

size_t rule_date(const Speak *k, size_t at)
{
    size_t n = iso(k, at);
    n = n ? n : numeric(k, at);
    n = n ? n : without_year(k, at);
    n = n ? n : month_first(k, at);
    return n ? n : day_first(k, at);
}

/* Times. */

typedef struct {
    unsigned hour, minute, second;
    bool has_minute, has_second;
    char half; /* 'a', 'p', or 0 */
    size_t len;
} Time;

/* "am", "p.m.", " PM": bytes; *half which. */
static size_t half_at(Str s, size_t at, char *half)
{
    size_t i = at + (spaces_at(s, at) == 1);
    char c = (char)(char_at(s, i) | 0x20);
    if (c != 'a' && c != 'p') {
        return 0;
    }
    size_t dot = char_at(s, i + 1) == '.';
    if ((char_at(s, i + 1 + dot) | 0x20) != 'm' || !word_ends(s, i + 2 + dot)) {
        return 0;
    }
    *half = c;
    i += 2 + dot;
    /* the last dot of "p.m." also ends a sentence */
    if (dot && char_at(s, i) == '.' && i + 1 < s.len) {
        i++;
    }
    return i - at;
}

static bool clock_at(Str s, size_t at, Time *t)
{
    size_t a, b;
    *t = (Time){0};
    if (!number_of(s, at, 1, 2, &t->hour, &a) || t->hour > 24) {
        return false;
    }
    size_t i = at + a;
    if ((char_at(s, i) == ':' || (char_at(s, i) == '.' && a <= 2)) &&
        number_of(s, i + 1, 2, 2, &t->minute, &b) && t->minute < 60) {
        bool dot = char_at(s, i) == '.';
        size_t end = i + 1 + b;
        if (dot && half_at(s, end, &t->half) == 0) {
            t->minute = 0; /* 10.30 is a number, 10.30 pm is a time */
        } else {
            t->has_minute = true;
            i = end;
            if (!dot && char_at(s, i) == ':' && number_of(s, i + 1, 2, 2, &t->second, &b) &&
                t->second < 60) {
                t->has_second = true;
                i += 1 + b;
            }
        }
    }
    i += half_at(s, i, &t->half);
    t->len = i - at;
    return (t->has_minute || t->half) && t->hour <= 24 &&
        (!t->half || (t->hour >= 1 && t->hour <= 12)) &&
        (word_ends(s, i) || (s.ptr[i] == 'Z' && word_ends(s, i + 1))) &&
        !(char_at(s, i) == ':' && is_digit(char_at(s, i + 1)));
}

static void say_clock(Buf *out, const Time *t, bool with_half)
{
    unsigned hour = t->hour % 24, shown = hour % 12 == 0 ? 12 : hour % 12;
    char half = t->half ? t->half : hour >= 13 ? 'p' : hour == 0 ? 'a' : 0;
    if (!t->half && hour == 0 && t->minute == 0 && !t->has_second) {
        say(out, STR("midnight"));
        return;
    }
    if (!t->half && hour == 12 && t->minute == 0 && !t->has_second) {
        say(out, STR("noon"));
        return;
    }
    speakable_cardinal(out, shown);
    if (t->minute) {
        if (t->minute < 10) {
            say(out, STR("oh"));
        }
        speakable_cardinal(out, t->minute);
    } else if (!half && !t->second) {
        say(out, STR("o'clock"));
    }
    if (t->has_second && t->second) {
        say(out, STR("and"));
        speakable_cardinal(out, t->second);
        say(out, t->second == 1 ? STR("second") : STR("seconds"));
    }
    if (half && with_half) {
        say(out, half == 'a' ? STR("A.M") : STR("P.M"));
    }
}

/* "in 2:03:59", "took 0:45:10": how long something was, by the word before it. */
static size_t duration(const Speak *k, size_t at, const Time *t)
{
    static const char *const before[] = {"in", "took", "takes", "lasted", "lasts", "of", "for",
        "duration", "length", "time", "was", "within", "under", "over"};
    const struct {
        unsigned n;
        const char *one, *many;
    } parts[] = {{t->hour, "hour", "hours"}, {t->minute, "minute", "minutes"},
        {t->second, "second", "seconds"}};
    if (t->half || !one_of(word_before(k->s, at), before, sizeof before / sizeof *before)) {
        return 0;
    }
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].n) {
            speakable_cardinal(k->out, parts[i].n);
            say(k->out, str_of(parts[i].n == 1 ? parts[i].one : parts[i].many));
        }
    }
    return t->len;
}

size_t rule_time(const Speak *k, size_t at)
{
    Time a, b;
    size_t len, n;
    unsigned hour;
    /* 9-10:30, 9am-5pm, 14:00 to 15:00 */
    bool first = clock_at(k->s, at, &a);
    if (!first && number_of(k->s, at, 1, 2, &hour, &n) && hour <= 24) {
        a = (Time){.hour = hour, .len = n};
        len = range_mark(k->s, at + n);
        if (len && clock_at(k->s, at + n + len, &b)) {
            a.half = b.half && hour <= 12 && hour > 0 ? b.half : 0;
            speakable_cardinal(k->out, hour % 12 == 0 ? 12 : hour % 12);
            say(k->out, STR("to"));
            say_clock(k->out, &b, true);
            return n + len + b.len;
        }
        return 0;
    }
    if (!first || (a.has_second && (n = duration(k, at, &a)) != 0)) {
        return first ? n : 0;
    }
    len = range_mark(k->s, at + a.len);
    if (len && clock_at(k->s, at + a.len + len, &b)) {
        say_clock(k->out, &a, a.half != 0 || (a.hour < 12) != (b.hour < 12));
        say(k->out, STR("to"));
        say_clock(k->out, &b, true);
        return a.len + len + b.len;
    }
    /* 1:30:05 with more than a day's hours is a duration elsewhere; a zone may follow */
    say_clock(k->out, &a, true);
    size_t i = at + a.len;
    if (char_at(k->s, i) == 'Z' && word_ends(k->s, i + 1)) {
        say(k->out, STR("U.T.C"));
        i++;
    } else if (has_at(k->s, i, STR(" h")) && word_ends(k->s, i + 2)) {
        i += 2; /* 15:30 h */
    }
    return i - at;
}
