#include "ingest/calendar_words.h"

#include "base/clock.h"

static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", "Sunday"};
static const char *const day_codes[] = {"MO", "TU", "WE", "TH", "FR", "SA", "SU"};
static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};

/* `n` digits at `at`; -1 when they are none. */
static int digits(Str s, size_t at, size_t n)
{
    int v = 0;
    if (at + n > s.len)
        return -1;
    for (size_t i = at; i < at + n; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return -1;
        v = v * 10 + (s.ptr[i] - '0');
    }
    return v;
}

bool calendar_time(Str value, CalendarTime *out)
{
    static const int lengths[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int year = digits(value, 0, 4), month = digits(value, 4, 2), day = digits(value, 6, 2);
    CalendarTime t = {0};
    if (year < 1 || month < 1 || month > 12 || day < 1 || day > lengths[month - 1])
        return false;
    t.day = clock_days_from_civil(year, month, day);
    if (value.len > 8) {
        t.hour = digits(value, 9, 2);
        t.minute = digits(value, 11, 2);
        t.has_time = true;
        t.utc = value.len == 16 && value.ptr[15] == 'Z';
        if (value.ptr[8] != 'T' || t.hour < 0 || t.hour > 24 || t.minute < 0 || t.minute > 59 ||
            digits(value, 13, 2) < 0 || (value.len != 15 && !t.utc))
            return false;
    }
    *out = t;
    return true;
}

void calendar_add_time(Buf *to, const CalendarTime *t, bool date)
{
    int year, month, day;
    clock_civil_from_days(t->day, &year, &month, &day);
    if (date)
        buf_printf(to, "%s %d %s %d%s", days[((t->day + 3) % 7 + 7) % 7], day, months[month - 1],
                   year, t->has_time ? ", " : "");
    if (t->has_time)
        buf_printf(to, "%02d:%02d", t->hour, t->minute);
}

void calendar_add_duration(Buf *to, Str value)
{
    static const struct {
        char unit;
        const char *name;
    } units[] = {{'W', "week"}, {'D', "day"}, {'H', "hour"}, {'M', "minute"}, {'S', "second"}};
    Str rest = value;
    size_t before = to->len;
    if (rest.len && strchr("+-", rest.ptr[0]))
        rest = str_sub(rest, 1, rest.len);
    bool good = rest.len > 1 && rest.ptr[0] == 'P';
    for (size_t at = 1, n; good && at < rest.len; at += n) {
        for (n = 0; at + n < rest.len && rest.ptr[at + n] >= '0' && rest.ptr[at + n] <= '9';)
            n++;
        if (n == 0 && rest.ptr[at] == 'T') {
            n = 1;
            continue;
        }
        int v = n > 0 && n < 7 ? digits(rest, at, n) : -1;
        size_t u = 0;
        while (u < 5 && (at + n >= rest.len || rest.ptr[at + n] != units[u].unit))
            u++;
        good = v >= 0 && u < 5;
        n++;
        if (good && v > 0)
            buf_printf(to, "%s%d %s%s", to->len > before ? " " : "", v, units[u].name,
                       v == 1 ? "" : "s");
    }
    if (!good) {
        buf_cut(to, before);
        (void)buf_add(to, value);
    }
}

/* ---- rules ---------------------------------------------------------------------------------- */

static bool part_of(Str rule, const char *name, Str *value)
{
    Str part;
    while (str_next(&rule, ';', &part)) {
        size_t equals = str_find(part, STR("="), 0);
        if (equals != SIZE_MAX && str_eq_nocase(str_sub(part, 0, equals), str_of(name))) {
            *value = str_sub(part, equals + 1, part.len);
            return true;
        }
    }
    return false;
}

static void add_ordinal(Buf *to, int64_t n)
{
    int64_t v = n < 0 ? -n : n;
    if (n == -1) {
        (void)buf_add_c(to, "last");
        return;
    }
    const char *end = v % 100 / 10 == 1 ? "th"
                      : v % 10 == 1     ? "st"
                      : v % 10 == 2     ? "nd"
                      : v % 10 == 3     ? "rd"
                                        : "th";
    buf_printf(to, "%lld%s%s", (long long)v, end, n < 0 ? " last" : "");
}

/* "MO", "2TU", "-1FR"; false for anything else. */
static bool add_day(Buf *to, Str item)
{
    int64_t n = 0;
    if (item.len < 2)
        return false;
    Str code = str_sub(item, item.len - 2, item.len), count = str_sub(item, 0, item.len - 2);
    if (count.len && count.ptr[0] == '+')
        count = str_sub(count, 1, count.len);
    if (count.len && (!str_to_i64(count, &n) || n == 0 || n < -366 || n > 366))
        return false;
    for (size_t d = 0; d < 7; d++) {
        if (!str_eq_nocase(code, str_of(day_codes[d])))
            continue;
        if (n) {
            (void)buf_add_c(to, "the ");
            add_ordinal(to, n);
            (void)buf_add_char(to, ' ');
        }
        (void)buf_add_c(to, days[d]);
        return true;
    }
    return false;
}

static bool add_month_day(Buf *to, Str item)
{
    int64_t n;
    if (!str_to_i64(item, &n) || n == 0 || n < -31 || n > 31)
        return false;
    (void)buf_add_c(to, "the ");
    add_ordinal(to, n);
    if (n < 0)
        (void)buf_add_c(to, " day");
    return true;
}

static bool add_month(Buf *to, Str item)
{
    uint64_t n;
    if (!str_to_u64(item, &n) || n < 1 || n > 12)
        return false;
    (void)buf_add_c(to, months[n - 1]);
    return true;
}

static bool add_list(Buf *to, const char *before, Str list, bool (*add)(Buf *to, Str item))
{
    Str item, rest = list;
    size_t n = 0, total = 1;
    for (size_t i = 0; i < list.len; i++)
        total += list.ptr[i] == ',';
    (void)buf_add_c(to, before);
    while (str_next(&rest, ',', &item)) {
        if (n > 0)
            (void)buf_add_c(to, n + 1 == total ? " and " : ", ");
        if (!add(to, item))
            return false;
        n++;
    }
    return true;
}

static bool rule_in_words(Buf *to, Str rule)
{
    static const char *const known[] = {"FREQ",  "INTERVAL",   "COUNT",   "UNTIL",
                                        "BYDAY", "BYMONTHDAY", "BYMONTH", "WKST"};
    static const struct {
        const char *freq, *unit;
    } units[] = {{"SECONDLY", "second"}, {"MINUTELY", "minute"}, {"HOURLY", "hour"},
                 {"DAILY", "day"},       {"WEEKLY", "week"},     {"MONTHLY", "month"},
                 {"YEARLY", "year"}};
    Str value, part, rest = rule;
    uint64_t n = 1;
    size_t unit = 0;
    while (str_next(&rest, ';', &part)) {
        size_t k = 0, equals = str_find(part, STR("="), 0);
        while (k < 8 && !str_eq_nocase(str_sub(part, 0, equals), str_of(known[k])))
            k++;
        if (k == 8)
            return false;
    }
    if (!part_of(rule, "FREQ", &value))
        return false;
    while (unit < 7 && !str_eq_nocase(value, str_of(units[unit].freq)))
        unit++;
    if (unit == 7 || (part_of(rule, "INTERVAL", &value) && (!str_to_u64(value, &n) || n == 0)))
        return false;
    if (n == 1)
        buf_printf(to, "every %s", units[unit].unit);
    else
        buf_printf(to, "every %llu %ss", (unsigned long long)n, units[unit].unit);
    CalendarTime until;
    if ((part_of(rule, "BYDAY", &value) && !add_list(to, " on ", value, add_day)) ||
        (part_of(rule, "BYMONTHDAY", &value) && !add_list(to, " on ", value, add_month_day)) ||
        (part_of(rule, "BYMONTH", &value) && !add_list(to, " in ", value, add_month)))
        return false;
    if (part_of(rule, "COUNT", &value)) {
        if (!str_to_u64(value, &n))
            return false;
        buf_printf(to, ", %llu times", (unsigned long long)n);
    }
    if (part_of(rule, "UNTIL", &value)) {
        if (!calendar_time(value, &until))
            return false;
        until.has_time = false;
        (void)buf_add_c(to, ", until ");
        calendar_add_time(to, &until, true);
    }
    return true;
}

void calendar_add_rule(Buf *to, Str rule)
{
    size_t before = to->len;
    if (!rule_in_words(to, rule)) {
        buf_cut(to, before);
        (void)buf_add(to, rule);
    }
}
