/* rrule_text.c - rules as RFC 5545 writes them; see rrule.h. */
#include "base/clock.h"
#include "text/rrule.h"

static const char *const freqs[] = {"SECONDLY", "MINUTELY", "HOURLY", "DAILY",
                                    "WEEKLY",   "MONTHLY",  "YEARLY"};
static const char *const weekdays[] = {"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

/* A number with an optional sign, as these lists have it; in -last..last, without 0 unless the
 * list begins with it. */
static bool number(Str s, int first, int last, bool negative, int *out)
{
    bool minus = s.len && s.ptr[0] == '-';
    uint64_t v;
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = str_sub(s, 1, s.len);
    if (s.len == 0 || s.len > 3 || !str_to_u64(s, &v) || v < (uint64_t)first ||
        v > (uint64_t)last || (minus && !negative))
        return false;
    *out = minus ? -(int)v : (int)v;
    return true;
}

static bool wrong(Err *err, const char *name, Str value)
{
    return err_set(err, ERR_VALIDATION, "the recurrence rule's %s cannot be \"" STR_FMT "\"", name,
                   STR_ARG(str_sub(value, 0, 60)));
}

/* One list into bit sets of `words` words; last NULL where no negative numbers are allowed. */
static bool read_list(Str name, Str list, int first, int most, uint64_t *set, uint64_t *last,
                      Err *err)
{
    Str rest = list, one;
    char label[16] = "";
    memcpy(label, name.ptr, name.len < sizeof label ? name.len : sizeof label - 1);
    int n;
    if (list.len == 0)
        return wrong(err, label, list);
    while (str_next(&rest, ',', &one)) {
        if (!number(one, first, most, last != NULL, &n))
            return wrong(err, label, one);
        uint64_t *to = n < 0 && last ? last : set;
        n = n < 0 ? -n : n;
        to[n / 64] |= (uint64_t)1 << (n % 64);
    }
    return list.ptr[list.len - 1] == ',' ? wrong(err, label, list) : true;
}

static int weekday_of(Str s)
{
    for (int i = 0; i < 7; i++)
        if (str_eq_nocase(s, str_of(weekdays[i])))
            return i;
    return -1;
}

static bool read_days(Str list, Rrule *r, Err *err)
{
    Str rest = list, one;
    while (str_next(&rest, ',', &one)) {
        int n = 0, day = one.len < 2 ? -1 : weekday_of(str_sub(one, one.len - 2, one.len));
        if (day < 0 || (one.len > 2 && !number(str_sub(one, 0, one.len - 2), 1, 53, true, &n)))
            return wrong(err, "BYDAY", one);
        if (n == 0)
            r->day |= (uint8_t)(1u << day);
        else if (n > 0)
            r->nth[day] |= (uint64_t)1 << n;
        else
            r->nth_last[day] |= (uint64_t)1 << -n;
    }
    return list.len == 0 || list.ptr[list.len - 1] == ',' ? wrong(err, "BYDAY", list) : true;
}

static bool digits(Str s, size_t at, size_t n, int *out)
{
    uint64_t v;
    if (at + n > s.len || !str_to_u64(str_sub(s, at, at + n), &v))
        return false;
    *out = (int)v;
    return true;
}

static bool read_until(Str s, Rrule *r, Err *err)
{
    Civil c = {0};
    bool good = digits(s, 0, 4, &c.year) && digits(s, 4, 2, &c.month) && digits(s, 6, 2, &c.day) &&
                c.year >= 1 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
                c.day <= civil_days_in_month(c.year, c.month);
    bool utc = s.len == 16 && (s.ptr[15] == 'Z' || s.ptr[15] == 'z');
    if (good && s.len > 8)
        good = (s.len == 15 || utc) && (s.ptr[8] == 'T' || s.ptr[8] == 't') &&
               digits(s, 9, 2, &c.hour) && digits(s, 11, 2, &c.minute) &&
               digits(s, 13, 2, &c.second) && c.hour < 24 && c.minute < 60 && c.second <= 60;
    if (!good)
        return wrong(err, "UNTIL", s);
    c.second -= c.second == 60;
    r->until = c;
    r->until_kind = s.len == 8 ? RRULE_UNTIL_DATE : utc ? RRULE_UNTIL_UTC : RRULE_UNTIL_LOCAL;
    return true;
}

static bool read_number(const char *name, Str value, uint32_t *out, Err *err)
{
    uint64_t v;
    if (!str_to_u64(value, &v) || v < 1 || v > INT32_MAX)
        return wrong(err, name, value);
    *out = (uint32_t)v;
    return true;
}

static bool read_freq(Str value, Rrule *r, Err *err)
{
    for (size_t i = 0; i < sizeof freqs / sizeof *freqs; i++)
        if (str_eq_nocase(value, str_of(freqs[i]))) {
            r->freq = (RruleFreq)i;
            return true;
        }
    return wrong(err, "FREQ", value);
}

enum { FREQ, UNTIL, COUNT, INTERVAL, WKST, BYMONTH, BYWEEKNO, BYYEARDAY, BYMONTHDAY, BYDAY, BYHOUR,
    BYMINUTE, BYSECOND, BYSETPOS, RSCALE, SKIP, PARTS };
static const char *const names[PARTS] = {"FREQ",     "UNTIL",     "COUNT",      "INTERVAL",
                                         "WKST",     "BYMONTH",   "BYWEEKNO",   "BYYEARDAY",
                                         "BYMONTHDAY", "BYDAY",   "BYHOUR",     "BYMINUTE",
                                         "BYSECOND", "BYSETPOS",  "RSCALE",     "SKIP"};

static bool read_part(int part, Str v, Rrule *r, Err *err)
{
    uint64_t set[6] = {0}, last[6] = {0};
    Str name = str_of(names[part]);
    bool ok = true;
    int day;
    switch (part) {
    case FREQ: return read_freq(v, r, err);
    case UNTIL: return read_until(v, r, err);
    case COUNT: return read_number("COUNT", v, &r->count, err);
    case INTERVAL: return read_number("INTERVAL", v, &r->interval, err);
    case BYDAY: return read_days(v, r, err);
    case WKST:
        day = weekday_of(v);
        r->week_start = (uint8_t)(day < 0 ? 1 : day);
        return day >= 0 || wrong(err, "WKST", v);
    case BYMONTH:
        ok = read_list(name, v, 1, 12, set, NULL, err);
        r->month = (uint16_t)set[0];
        return ok;
    case BYWEEKNO:
        ok = read_list(name, v, 1, 53, set, last, err);
        r->week = set[0];
        r->week_last = last[0];
        return ok;
    case BYYEARDAY: return read_list(name, v, 1, 366, r->year_day, r->year_day_last, err);
    case BYMONTHDAY:
        ok = read_list(name, v, 1, 31, set, last, err);
        r->month_day = (uint32_t)set[0];
        r->month_day_last = (uint32_t)last[0];
        return ok;
    case BYHOUR:
        ok = read_list(name, v, 0, 23, set, NULL, err);
        r->hour = (uint32_t)set[0];
        return ok;
    case BYMINUTE: return read_list(name, v, 0, 59, &r->minute, NULL, err);
    case BYSECOND:
        ok = read_list(name, v, 0, 60, set, NULL, err);
        r->second = (set[0] & (((uint64_t)1 << 60) - 1)) | (set[0] >> 60 & 1) << 59;
        return ok;
    case BYSETPOS: return read_list(name, v, 1, 366, r->pos, r->pos_last, err);
    case RSCALE: return str_eq_nocase(v, STR("GREGORIAN")) || wrong(err, "RSCALE", v);
    default: return str_eq_nocase(v, STR("OMIT")) || wrong(err, "SKIP", v);
    }
}

static bool any_numbered(const Rrule *r)
{
    uint64_t all = 0;
    for (int i = 0; i < 7; i++)
        all |= r->nth[i] | r->nth_last[i];
    return all != 0;
}

/* What RFC 5545 rules out (3.3.10). */
static bool check(const Rrule *r, uint32_t given, Err *err)
{
    const char *freq = freqs[r->freq], *bad = NULL;
    uint32_t lists = ((1u << (BYSETPOS)) - 1) & ~((1u << BYMONTH) - 1);
    if (!(given >> FREQ & 1))
        return err_set(err, ERR_VALIDATION, "the recurrence rule has no FREQ");
    if ((given >> UNTIL & 1) && (given >> COUNT & 1))
        return err_set(err, ERR_VALIDATION,
                       "the recurrence rule has both UNTIL and COUNT: leave one out");
    if ((given >> BYWEEKNO & 1) && r->freq != RRULE_YEARLY)
        bad = "BYWEEKNO";
    if ((given >> BYYEARDAY & 1) && r->freq >= RRULE_DAILY && r->freq <= RRULE_MONTHLY)
        bad = "BYYEARDAY";
    if ((given >> BYMONTHDAY & 1) && r->freq == RRULE_WEEKLY)
        bad = "BYMONTHDAY";
    if (any_numbered(r) && r->freq < RRULE_MONTHLY)
        bad = "BYDAY with numbers";
    if (bad)
        return err_set(err, ERR_VALIDATION, "the recurrence rule cannot have %s with FREQ=%s", bad,
                       freq);
    if (any_numbered(r) && (given >> BYWEEKNO & 1))
        return err_set(err, ERR_VALIDATION,
                       "the recurrence rule cannot have BYDAY with numbers beside BYWEEKNO");
    if ((given >> BYSETPOS & 1) && !(given & lists))
        return err_set(err, ERR_VALIDATION,
                       "the recurrence rule has BYSETPOS without a list to choose from");
    return true;
}

bool rrule_parse(Str text, Rrule *out, Err *err)
{
    Rrule r = {.interval = 1, .week_start = 1};
    uint32_t given = 0;
    Str rest = str_trim(text), part;
    if (rest.len > RRULE_TEXT_MAX)
        return err_set(err, ERR_VALIDATION, "the recurrence rule has more than %d bytes",
                       RRULE_TEXT_MAX);
    if (rest.len >= 6 && str_eq_nocase(str_sub(rest, 0, 6), STR("RRULE:")))
        rest = str_sub(rest, 6, rest.len);
    while (str_next(&rest, ';', &part)) {
        if (part.len == 0 && rest.ptr == NULL)
            break; /* a semicolon at the end */
        size_t equals = str_find(part, STR("="), 0);
        Str name = str_sub(part, 0, equals), value = equals == SIZE_MAX ? (Str){"", 0}
                                                       : str_sub(part, equals + 1, part.len);
        int i = 0;
        while (i < PARTS && !str_eq_nocase(name, str_of(names[i])))
            i++;
        if (i == PARTS)
            return err_set(err, ERR_VALIDATION,
                           "the recurrence rule has an unknown part \"" STR_FMT "\"",
                           STR_ARG(str_sub(part, 0, 60)));
        if (given >> i & 1)
            return err_set(err, ERR_VALIDATION, "the recurrence rule has %s twice", names[i]);
        given |= 1u << i;
        if (!read_part(i, value, &r, err))
            return false;
    }
    if (!check(&r, given, err))
        return false;
    *out = r;
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* ";NAME=" before the first value of a list, "," before the others. */
static void before(Buf *out, int part, bool *begun)
{
    if (*begun)
        (void)buf_add_char(out, ',');
    else
        buf_printf(out, ";%s=", names[part]);
    *begun = true;
}

static void write_list(Buf *out, int part, const uint64_t *set, const uint64_t *last, size_t words)
{
    bool begun = false;
    for (int i = (int)words * 64 - 1; last && i > 0; i--)
        if (last[i / 64] >> (i % 64) & 1) {
            before(out, part, &begun);
            buf_printf(out, "-%d", i);
        }
    for (int i = 0; i < (int)words * 64; i++)
        if (set[i / 64] >> (i % 64) & 1) {
            before(out, part, &begun);
            buf_printf(out, "%d", i);
        }
}

/* By number, then by weekday from Monday; those without a number first. */
static void write_days(Buf *out, const Rrule *r)
{
    bool begun = false;
    for (int i = 1; i <= 7; i++)
        if (r->day >> (i % 7) & 1) {
            before(out, BYDAY, &begun);
            (void)buf_add_c(out, weekdays[i % 7]);
        }
    for (int n = -53; n <= 53; n++)
        for (int i = 1; n != 0 && i <= 7; i++)
            if ((n < 0 ? r->nth_last : r->nth)[i % 7] >> (n < 0 ? -n : n) & 1) {
                before(out, BYDAY, &begun);
                buf_printf(out, "%d%s", n, weekdays[i % 7]);
            }
}

void rrule_write(const Rrule *r, Buf *out)
{
    const uint64_t month = r->month, hour = r->hour;
    const uint64_t day = r->month_day, day_last = r->month_day_last;
    const Civil *u = &r->until;
    buf_printf(out, "FREQ=%s", freqs[r->freq]);
    if (r->until_kind != RRULE_NO_UNTIL)
        buf_printf(out, ";UNTIL=%04d%02d%02d", u->year, u->month, u->day);
    if (r->until_kind > RRULE_UNTIL_DATE)
        buf_printf(out, "T%02d%02d%02d%s", u->hour, u->minute, u->second,
                   r->until_kind == RRULE_UNTIL_UTC ? "Z" : "");
    if (r->count)
        buf_printf(out, ";COUNT=%u", r->count);
    if (r->interval > 1)
        buf_printf(out, ";INTERVAL=%u", r->interval);
    if (r->week_start != 1)
        buf_printf(out, ";WKST=%s", weekdays[r->week_start % 7]);
    write_list(out, BYMONTH, &month, NULL, 1);
    write_list(out, BYWEEKNO, &r->week, &r->week_last, 1);
    write_list(out, BYYEARDAY, r->year_day, r->year_day_last, 6);
    write_list(out, BYMONTHDAY, &day, &day_last, 1);
    write_days(out, r);
    write_list(out, BYHOUR, &hour, NULL, 1);
    write_list(out, BYMINUTE, &r->minute, NULL, 1);
    write_list(out, BYSECOND, &r->second, NULL, 1);
    write_list(out, BYSETPOS, r->pos, r->pos_last, 6);
}
