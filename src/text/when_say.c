/* Times written back as a person would say them, in English. */
#include "text/when.h"
#include "text/when_resolve.h"

static const char *const weekday_names[] = {"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday",
                                            "Friday", "Saturday"};
static const char *const month_names[] = {"January", "February", "March", "April", "May", "June",
                                          "July", "August", "September", "October", "November",
                                          "December"};

void when_say(const Zone *z, int64_t now_ms, int64_t ms, bool timed, Buf *out)
{
    Civil now = zone_civil(z, now_ms), t = zone_civil(z, ms);
    int32_t ahead = when_day(t.year, t.month, t.day) - when_day(now.year, now.month, now.day);
    if (ahead == 0)
        buf_add_c(out, "today");
    else if (ahead == 1)
        buf_add_c(out, "tomorrow");
    else if (ahead == -1)
        buf_add_c(out, "yesterday");
    else if (t.year == now.year || (ahead > 0 && ahead < 300))
        buf_printf(out, "on %s %d %s", weekday_names[civil_weekday(&t)], t.day,
                   month_names[t.month - 1]);
    else
        buf_printf(out, "on %d %s %d", t.day, month_names[t.month - 1], t.year);
    if (timed)
        buf_printf(out, " at %02d:%02d", t.hour, t.minute);
}

void when_say_span(int64_t ms, Buf *out)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "day"}, {3600, "hour"}, {60, "minute"}, {1, "second"}};
    uint64_t s = (ms < 0 ? 0 - (uint64_t)ms : (uint64_t)ms) / 1000;
    int said = 0;
    if (s == 0) {
        buf_add_c(out, "less than a second");
        return;
    }
    /* The greatest unit and the one below it: nobody wants the seconds of two days. */
    for (size_t i = 0; i < sizeof units / sizeof units[0] && said < 2; i++) {
        uint64_t n = s / units[i].seconds;
        s %= units[i].seconds;
        if (n > 0)
            buf_printf(out, "%s%llu %s%s", said ? " and " : "", (unsigned long long)n,
                       units[i].name, n == 1 ? "" : "s");
        if (n > 0 || said)
            said++;
    }
}

/* The parts of a rule that can be said. */
typedef struct {
    int freq; /* 0 minute .. 5 year; -1 none */
    uint64_t interval, count, month_day, month, minute;
    int nth;
    unsigned weekdays, hours; /* bits */
    bool last_day, has_minute;
    Str until;
} Said;

static bool take_weekdays(Str list, Said *r)
{
    static const char *const codes[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
    Str item;
    while (str_next(&list, ',', &item)) {
        int day = -1;
        int64_t nth = 0;
        for (int i = 0; i < 7; i++)
            if (str_ends(item, str_of(codes[i])))
                day = i;
        if (day < 0 || (item.len > 2 && !str_to_i64(str_sub(item, 0, item.len - 2), &nth)) ||
            nth < -1 || nth > 5 || (r->weekdays && nth != r->nth))
            return false;
        r->nth = (int)nth;
        r->weekdays |= 1u << day;
    }
    return r->weekdays != 0;
}

static bool take_hours(Str list, Said *r)
{
    Str item;
    uint64_t h;
    while (str_next(&list, ',', &item)) {
        if (!str_to_u64(item, &h) || h > 23)
            return false;
        r->hours |= 1u << h;
    }
    return r->hours != 0;
}

static bool take_part(Str name, Str value, Said *r)
{
    static const char *const freqs[] = {"MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY",
                                        "YEARLY"};
    int64_t day;
    if (str_eq(name, STR("FREQ"))) {
        for (int i = 0; i < 6; i++)
            if (str_eq(value, str_of(freqs[i])))
                r->freq = i;
        return r->freq >= 0;
    }
    if (str_eq(name, STR("INTERVAL")))
        return str_to_u64(value, &r->interval) && r->interval >= 1 && r->interval <= 100000;
    if (str_eq(name, STR("COUNT")))
        return str_to_u64(value, &r->count) && r->count >= 1;
    if (str_eq(name, STR("BYDAY")))
        return take_weekdays(value, r);
    if (str_eq(name, STR("BYHOUR")))
        return take_hours(value, r);
    if (str_eq(name, STR("BYMINUTE"))) {
        r->has_minute = true;
        return str_to_u64(value, &r->minute) && r->minute < 60;
    }
    if (str_eq(name, STR("BYMONTH")))
        return str_to_u64(value, &r->month) && r->month >= 1 && r->month <= 12;
    if (str_eq(name, STR("BYMONTHDAY"))) {
        if (!str_to_i64(value, &day) || day < -1 || day == 0 || day > 31)
            return false;
        r->last_day = day == -1;
        r->month_day = day > 0 ? (uint64_t)day : 0;
        return true;
    }
    if (str_eq(name, STR("UNTIL"))) {
        r->until = value;
        for (size_t i = 0; i < 8; i++)
            if (i >= value.len || value.ptr[i] < '0' || value.ptr[i] > '9')
                return false;
        return true;
    }
    return str_eq(name, STR("WKST"));
}

static const char *ending(uint64_t n)
{
    if (n / 10 % 10 == 1)
        return "th";
    return n % 10 == 1 ? "st" : n % 10 == 2 ? "nd" : n % 10 == 3 ? "rd" : "th";
}

static void say_weekdays(unsigned set, Buf *out)
{
    int left = __builtin_popcount(set), said = 0;
    for (int i = 1; i <= 7; i++)
        if (set >> i % 7 & 1) {
            left--;
            buf_printf(out, "%s%s", !said ? "" : left ? ", " : " and ", weekday_names[i % 7]);
            said++;
        }
}

static void say_frequency(const Said *r, Buf *out)
{
    static const char *const units[] = {"minute", "hour", "day", "week", "month", "year"};
    bool once = r->interval <= 1;
    if (once && r->freq == 3 && r->weekdays == 0x3E)
        buf_add_c(out, "every weekday");
    else if (once && r->freq == 3 && r->weekdays == 0x41)
        buf_add_c(out, "every weekend");
    else if (once && r->freq == 3 && r->weekdays) {
        buf_add_c(out, "every ");
        say_weekdays(r->weekdays, out);
    } else {
        if (once)
            buf_printf(out, "every %s", units[r->freq]);
        else
            buf_printf(out, "every %llu %ss", (unsigned long long)r->interval, units[r->freq]);
        if (r->weekdays) {
            static const char *const nths[] = {"the last ", "", "the first ", "the second ",
                                               "the third ", "the fourth ", "the fifth "};
            buf_printf(out, " on %s", nths[r->nth + 1]);
            say_weekdays(r->weekdays, out);
        }
    }
    if (r->last_day)
        buf_add_c(out, " on the last day");
    if (r->month_day && r->month)
        buf_printf(out, " on %llu %s", (unsigned long long)r->month_day, month_names[r->month - 1]);
    else if (r->month_day)
        buf_printf(out, " on the %llu%s", (unsigned long long)r->month_day, ending(r->month_day));
    else if (r->month)
        buf_printf(out, " in %s", month_names[r->month - 1]);
}

bool when_say_rule(Str rrule, Buf *out)
{
    Said r = {.freq = -1};
    Str part;
    while (str_next(&rrule, ';', &part)) {
        size_t eq = str_find(part, STR("="), 0);
        if (eq == SIZE_MAX || !take_part(str_sub(part, 0, eq), str_sub(part, eq + 1, part.len), &r))
            return false;
    }
    if (r.freq < 0 || (r.has_minute && !r.hours) || (r.nth && r.freq < 4) ||
        ((r.month_day || r.last_day) && r.freq < 4))
        return false;
    say_frequency(&r, out);
    int left = __builtin_popcount(r.hours), said = 0;
    for (int h = 0; h < 24; h++)
        if (r.hours >> h & 1) {
            left--;
            buf_printf(out, "%s%02d:%02llu", !said ? " at " : left ? ", " : " and ", h,
                       (unsigned long long)r.minute);
            said++;
        }
    if (r.count)
        buf_printf(out, ", %llu time%s", (unsigned long long)r.count, r.count == 1 ? "" : "s");
    if (r.until.len) {
        uint64_t date = 0;
        if (!str_to_u64(str_sub(r.until, 0, 8), &date) || date / 100 % 100 < 1 ||
            date / 100 % 100 > 12)
            return false;
        buf_printf(out, " until %d %s %d", (int)(date % 100), month_names[date / 100 % 100 - 1],
                   (int)(date / 10000));
    }
    return true;
}
