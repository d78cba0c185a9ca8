/* rrule.c - occurrences; see rrule.h. Reading and writing rules is in rrule_text.c. */
#include "text/rrule.h"

#include "base/clock.h"

#define DAY 86400LL
#define HOUR 3600LL
#define MINUTE 60LL
#define LAST_YEAR 9999
#define MAX_WALK (10ULL * RRULE_MAX_STEPS) /* periods counted before the first one is told */
#define SLACK (25 * HOUR)                /* no zone ever skipped more of its clock */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool bit(const uint64_t *set, int n)
{
    return set[n / 64] >> (n % 64) & 1;
}

static bool any(const uint64_t *set)
{
    return (set[0] | set[1] | set[2] | set[3] | set[4] | set[5]) != 0;
}

static int weekday(int64_t day) /* 1970-01-01 was a Thursday */
{
    return (int)(((day + 4) % 7 + 7) % 7);
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* The day on which week 1 of a year begins: the first week with four days of it. */
static int64_t first_week(int year, int week_start)
{
    int64_t fourth = clock_days_from_civil(year, 1, 4);
    return fourth - (weekday(fourth) - week_start + 7) % 7;
}

static int64_t local_of(const Civil *c)
{
    return clock_days_from_civil(c->year, c->month, c->day) * DAY + c->hour * HOUR +
           c->minute * MINUTE + c->second;
}

static int64_t instant_of(const RruleIter *it, int64_t local)
{
    int64_t day = floor_div(local, DAY);
    int s = (int)(local - day * DAY);
    Civil c = {.hour = s / 3600, .minute = s / 60 % 60, .second = s % 60};
    clock_civil_from_days(day, &c.year, &c.month, &c.day);
    return zone_instant(it->zone, &c, NULL);
}

/* ---- which days match ------------------------------------------------------------------------ */

typedef struct {
    int year, month, day, year_day, month_days, year_days;
    int64_t number;
} Day;

static Day day_of(int64_t number)
{
    Day d = {.number = number};
    clock_civil_from_days(number, &d.year, &d.month, &d.day);
    d.year_day = (int)(number - clock_days_from_civil(d.year, 1, 1)) + 1;
    d.month_days = civil_days_in_month(d.year, d.month);
    d.year_days = 365 + is_leap(d.year);
    return d;
}

static void next_day(Day *d)
{
    if (d->day == d->month_days) {
        *d = day_of(d->number + 1);
        return;
    }
    d->number++;
    d->day++;
    d->year_day++;
}

/* Numbered weekdays count within the year for a yearly rule without months, else in the month. */
static bool weekday_fits(const Rrule *r, const Day *d)
{
    int w = weekday(d->number);
    if (r->day >> w & 1)
        return true;
    bool in_year = r->freq == RRULE_YEARLY && !r->month;
    int day = in_year ? d->year_day : d->day, days = in_year ? d->year_days : d->month_days;
    return (r->nth[w] >> ((day - 1) / 7 + 1) & 1) || (r->nth_last[w] >> ((days - day) / 7 + 1) & 1);
}

static bool has_weekdays(const Rrule *r)
{
    bool has = r->day != 0;
    for (int i = 0; i < 7; i++)
        has = has || r->nth[i] || r->nth_last[i];
    return has;
}

static bool week_fits(const Rrule *r, const Day *d)
{
    int year = d->year;
    int64_t begin = first_week(year, r->week_start), end = first_week(year + 1, r->week_start);
    if (d->number < begin) {
        end = begin;
        begin = first_week(year - 1, r->week_start);
    } else if (d->number >= end) {
        begin = end;
        end = first_week(year + 2, r->week_start);
    }
    int week = (int)((d->number - begin) / 7) + 1, weeks = (int)((end - begin) / 7);
    return (r->week >> week & 1) || (r->week_last >> (weeks - week + 1) & 1);
}

static bool day_fits(const Rrule *r, const Day *d, bool weekdays, bool year_days)
{
    if (r->month && !(r->month >> d->month & 1))
        return false;
    if ((r->month_day || r->month_day_last) && !(r->month_day >> d->day & 1) &&
        !(r->month_day_last >> (d->month_days - d->day + 1) & 1))
        return false;
    if (weekdays && !weekday_fits(r, d))
        return false;
    if (year_days && !bit(r->year_day, d->year_day) &&
        !bit(r->year_day_last, d->year_days - d->year_day + 1))
        return false;
    return !(r->week || r->week_last) || week_fits(r, d);
}

static void fill_days(RruleIter *it, int64_t first, int n)
{
    const Rrule *r = &it->full;
    bool weekdays = has_weekdays(r), year_days = any(r->year_day) || any(r->year_day_last);
    it->first_day = first;
    it->n_days = 0;
    memset(it->days, 0, sizeof it->days);
    Day d = day_of(first);
    for (int i = 0; i < n; i++, next_day(&d)) {
        if (!day_fits(r, &d, weekdays, year_days))
            continue;
        it->days[i / 64] |= (uint64_t)1 << (i % 64);
        it->n_days++;
    }
}

/* ---- periods --------------------------------------------------------------------------------- */

static int64_t period_seconds(RruleFreq f)
{
    return f == RRULE_SECONDLY ? 1 : f == RRULE_MINUTELY ? 60 : 3600;
}

/* The first second of period `number`, local; INT64_MAX past the last year. */
static int64_t period_begin(const RruleIter *it, int64_t number)
{
    const Rrule *r = &it->full;
    int64_t n = number * (int64_t)r->interval, start_day = floor_div(it->start, DAY), day;
    int year, month, d;
    clock_civil_from_days(start_day, &year, &month, &d);
    if (r->freq == RRULE_YEARLY)
        return year + n > LAST_YEAR ? INT64_MAX
                                    : clock_days_from_civil(year + (int)n, 1, 1) * DAY;
    if (r->freq == RRULE_MONTHLY) {
        n += month - 1;
        return year + n / 12 > LAST_YEAR
                   ? INT64_MAX
                   : clock_days_from_civil(year + (int)(n / 12), (int)(n % 12) + 1, 1) * DAY;
    }
    if (r->freq == RRULE_WEEKLY)
        day = start_day - (weekday(start_day) - r->week_start + 7) % 7 + n * 7;
    else if (r->freq == RRULE_DAILY)
        day = start_day + n;
    else {
        int64_t unit = period_seconds(r->freq), at = (floor_div(it->start, unit) + n) * unit;
        return at >= clock_days_from_civil(LAST_YEAR + 1, 1, 1) * DAY ? INT64_MAX : at;
    }
    return day >= clock_days_from_civil(LAST_YEAR + 1, 1, 1) ? INT64_MAX : day * DAY;
}

/* The last period that begins at or before a local second; 0 for what is before the first. */
static int64_t period_at(const RruleIter *it, int64_t local)
{
    const Rrule *r = &it->full;
    int64_t first = period_begin(it, 0), n;
    if (local <= first)
        return 0;
    if (r->freq == RRULE_YEARLY || r->freq == RRULE_MONTHLY) {
        int y0, m0, d0, y, m, d;
        clock_civil_from_days(floor_div(first, DAY), &y0, &m0, &d0);
        clock_civil_from_days(floor_div(local, DAY), &y, &m, &d);
        n = r->freq == RRULE_YEARLY ? y - y0 : (int64_t)(y - y0) * 12 + m - m0;
    } else {
        int64_t unit = r->freq == RRULE_WEEKLY ? 7 * DAY
                       : r->freq == RRULE_DAILY ? DAY
                                                : period_seconds(r->freq);
        n = (local - first) / unit;
    }
    return n / r->interval;
}

/* Parts of a day below the frequency: one value each, and where to go on when it does not fit. */
static bool clock_fits(RruleIter *it, int64_t begin)
{
    const Rrule *r = &it->full;
    int64_t day = floor_div(begin, DAY), resume = 0;
    int s = (int)(begin - day * DAY), hour = s / 3600, minute = s / 60 % 60;
    if (it->n_days == 0 || it->first_day != day)
        fill_days(it, day, 1);
    if (it->n_days == 0)
        resume = (day + 1) * DAY;
    else if (r->hour && !(r->hour >> hour & 1))
        resume = begin - s % 3600 + 3600;
    else if (r->freq != RRULE_HOURLY && r->minute && !(r->minute >> minute & 1))
        resume = begin - s % 60 + 60;
    else if (r->freq == RRULE_SECONDLY && r->second && !(r->second >> (s % 60) & 1))
        resume = begin + 1;
    if (resume) {
        int64_t step = period_seconds(r->freq) * r->interval;
        it->next = it->number + (resume - begin + step - 1) / step;
        return false;
    }
    it->hours = (uint32_t)1 << hour;
    if (r->freq != RRULE_HOURLY)
        it->minutes = (uint64_t)1 << minute;
    if (r->freq == RRULE_SECONDLY)
        it->seconds = (uint64_t)1 << (s % 60);
    return true;
}

/* Fills the iterator with period it->number; false past the last year or the rule's end. */
static bool open_period(RruleIter *it)
{
    const Rrule *r = &it->full;
    int64_t begin = period_begin(it, it->number);
    if (begin == INT64_MAX) {
        it->ended = RRULE_LIMIT;
        return false;
    }
    if (it->until != INT64_MAX && begin > it->until) {
        it->ended = RRULE_END;
        return false;
    }
    it->next = it->number + 1;
    it->at = it->total = 0;
    it->hours = r->hour;
    it->minutes = r->minute;
    it->seconds = r->second;
    int64_t day = floor_div(begin, DAY);
    int year, month, d;
    clock_civil_from_days(day, &year, &month, &d);
    if (r->freq == RRULE_YEARLY)
        fill_days(it, day, 365 + is_leap(year));
    else if (r->freq == RRULE_MONTHLY)
        fill_days(it, day, civil_days_in_month(year, month));
    else if (r->freq == RRULE_WEEKLY)
        fill_days(it, day, 7);
    else if (r->freq == RRULE_DAILY)
        fill_days(it, day, 1);
    else if (!clock_fits(it, begin))
        return true;
    it->n_times = (uint64_t)__builtin_popcount(it->hours) *
                  (uint64_t)__builtin_popcountll(it->minutes) *
                  (uint64_t)__builtin_popcountll(it->seconds);
    it->total = it->n_days * it->n_times;
    return true;
}

/* ---- elements of a period -------------------------------------------------------------------- */

static unsigned select_bit(uint64_t set, unsigned rank)
{
    for (; rank; rank--)
        set &= set - 1;
    return (unsigned)__builtin_ctzll(set);
}

/* The local second of an element. */
static int64_t element(const RruleIter *it, uint64_t index)
{
    unsigned rank = (unsigned)(index / it->n_times), word = 0, n;
    uint64_t time = index % it->n_times;
    unsigned seconds = (unsigned)__builtin_popcountll(it->seconds);
    unsigned minutes = (unsigned)__builtin_popcountll(it->minutes);
    while ((n = (unsigned)__builtin_popcountll(it->days[word])) <= rank) {
        rank -= n;
        word++;
    }
    int64_t day = it->first_day + (int64_t)word * 64 + select_bit(it->days[word], rank);
    return day * DAY + select_bit(it->hours, (unsigned)(time / seconds / minutes)) * HOUR +
           select_bit(it->minutes, (unsigned)(time / seconds % minutes)) * MINUTE +
           select_bit(it->seconds, (unsigned)(time % seconds));
}

/* The first element at or after it->at that BYSETPOS lets through; total when there is none. */
static uint64_t allowed(const RruleIter *it)
{
    const Rrule *r = &it->full;
    if (!any(r->pos) && !any(r->pos_last))
        return it->at;
    for (uint64_t i = it->at; i < it->total; i++) {
        if (i >= 366 && it->total - i > 366)
            i = it->total - 366;
        if ((i < 366 && bit(r->pos, (int)i + 1)) ||
            (it->total - i <= 366 && bit(r->pos_last, (int)(it->total - i))))
            return i;
    }
    return it->total;
}

/* Passes the elements before a local second, counting them. */
static void pass(RruleIter *it, int64_t local, bool count)
{
    const Rrule *r = &it->full;
    if (any(r->pos) || any(r->pos_last)) {
        for (uint64_t i; (i = allowed(it)) < it->total && element(it, i) < local; it->at = i + 1)
            it->counted += count;
        return;
    }
    uint64_t low = it->at, high = it->total;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (element(it, middle) < local)
            low = middle + 1;
        else
            high = middle;
    }
    if (count)
        it->counted += low - it->at;
    it->at = low;
}

/* ---- the iterator ---------------------------------------------------------------------------- */

/* What a rule does not say it takes from its start (RFC 5545, 3.3.10). */
static void complete(Rrule *r, const Civil *start)
{
    bool weeks = r->week || r->week_last;
    bool days = r->month_day || r->month_day_last || any(r->year_day) || any(r->year_day_last) ||
                has_weekdays(r);
    if (!days && r->freq == RRULE_YEARLY && !weeks) {
        r->month_day = (uint32_t)1 << start->day;
        if (!r->month)
            r->month = (uint16_t)(1u << start->month);
    } else if (!days && r->freq == RRULE_MONTHLY) {
        r->month_day = (uint32_t)1 << start->day;
    } else if (!days && (r->freq == RRULE_WEEKLY || (r->freq == RRULE_YEARLY && weeks))) {
        r->day = (uint8_t)(1u << civil_weekday(start));
    }
    if (!r->hour && r->freq >= RRULE_DAILY)
        r->hour = (uint32_t)1 << start->hour;
    if (!r->minute && r->freq >= RRULE_HOURLY)
        r->minute = (uint64_t)1 << start->minute;
    if (!r->second && r->freq >= RRULE_MINUTELY)
        r->second = (uint64_t)1 << start->second;
}

/* Every period has the same number of elements: then even COUNT needs no walk. */
static bool is_regular(const Rrule *r)
{
    bool days = r->month || r->month_day || r->month_day_last || any(r->year_day) ||
                any(r->year_day_last);
    if (days || any(r->pos) || any(r->pos_last) || r->freq > RRULE_WEEKLY)
        return false;
    if (r->freq == RRULE_WEEKLY)
        return true;
    return !r->day && (r->freq == RRULE_DAILY ||
                       (!r->hour && (r->freq == RRULE_HOURLY ||
                                     (!r->minute && (r->freq == RRULE_MINUTELY || !r->second)))));
}

static void set_end(RruleIter *it, const Rrule *r)
{
    it->until = it->until_ms = INT64_MAX;
    if (r->until_kind == RRULE_UNTIL_UTC) {
        it->until_ms = (clock_days_from_civil(r->until.year, r->until.month, r->until.day) * DAY +
                        r->until.hour * HOUR + r->until.minute * MINUTE + r->until.second) *
                       1000;
        Civil c = zone_civil(it->zone, it->until_ms);
        it->until = local_of(&c) + SLACK;
    } else if (r->until_kind != RRULE_NO_UNTIL) {
        it->until = local_of(&r->until);
        if (r->until_kind == RRULE_UNTIL_DATE)
            it->until += DAY - 1;
    }
}

/* Goes to the period where elements at or after `local` begin, counting what is before. */
static void seek(RruleIter *it, int64_t local)
{
    if (local <= it->start)
        return;
    bool count = it->full.count > 0, jump = !count || is_regular(&it->full);
    if (jump) {
        int64_t to = period_at(it, local);
        if (count && to > 1) { /* the first period is looked at: it begins before the start */
            if (!open_period(it))
                return;
            pass(it, it->start, false);
            it->counted += it->total - it->at;
            it->number = 1;
            if (!open_period(it))
                return;
            it->counted += (uint64_t)(to - 1) * it->total;
        }
        if (!count || to > 1)
            it->number = to;
    }
    while (it->ended == RRULE_FOUND && !(count && it->counted >= it->full.count)) {
        if (!open_period(it))
            return;
        int64_t end = period_begin(it, it->next);
        pass(it, it->start, false);
        if (end > local)
            break;
        pass(it, INT64_MAX, count);
        it->number = it->next;
        if (++it->walked > MAX_WALK)
            it->ended = RRULE_LIMIT;
    }
    pass(it, local, count);
    it->open = it->ended == RRULE_FOUND;
}

void rrule_begin(RruleIter *it, const Rrule *r, const Zone *z, int64_t start_ms, int64_t from_ms)
{
    Civil start = zone_civil(z, start_ms), from = zone_civil(z, from_ms);
    /* A start in the second of two doubled hours has local times before it, but no occurrences. */
    *it = (RruleIter){.rule = r, .zone = z, .start_ms = start_ms, .last_ms = INT64_MIN,
        .from_ms = from_ms > start_ms ? from_ms : start_ms, .ended = RRULE_FOUND, .full = *r};
    it->start = local_of(&start);
    if (it->full.interval == 0)
        it->full.interval = 1;
    complete(&it->full, &start);
    set_end(it, r);
    if (start.year < 1 || start.year > LAST_YEAR || from_ms <= start_ms || from.year > LAST_YEAR) {
        it->ended = start.year < 1 || start.year > LAST_YEAR || from.year > LAST_YEAR
                        ? RRULE_LIMIT
                        : RRULE_FOUND;
        return;
    }
    /* A time that the clock skipped is told later than it is written. */
    int64_t change, local = local_of(&from);
    if (zone_next_change(z, from_ms - SLACK * 1000, &change) && change <= from_ms)
        local -= SLACK;
    seek(it, local);
}

/* The next element as an instant, or false when the rule has ended. */
static bool take(RruleIter *it, int64_t *out)
{
    const Rrule *r = &it->full;
    uint64_t i = allowed(it);
    if (i >= it->total) {
        it->at = it->total;
        return false;
    }
    int64_t local = element(it, i), ms;
    it->at = i + 1;
    if (local < it->start)
        return false;
    it->counted++;
    ms = local == it->start ? it->start_ms : instant_of(it, local);
    if (local > it->until || ms > it->until_ms || (r->count && it->counted > r->count)) {
        it->ended = RRULE_END;
        return false;
    }
    if (ms < it->from_ms || ms <= it->last_ms)
        return false;
    it->last_ms = *out = ms;
    return true;
}

RruleStep rrule_step(RruleIter *it, int64_t *out)
{
    for (unsigned steps = 0; it->ended == RRULE_FOUND;) {
        if (it->full.count && it->counted >= it->full.count) {
            it->ended = RRULE_END;
            break;
        }
        if (!it->open) {
            it->walked++;
            if (++steps > RRULE_MAX_STEPS) {
                it->ended = RRULE_LIMIT;
                break;
            }
            if (!open_period(it))
                break;
            it->open = true;
            if (it->number == 0)
                pass(it, it->start, false);
        }
        while (it->at < it->total && it->ended == RRULE_FOUND)
            if (take(it, out))
                return RRULE_FOUND;
            else if (it->full.count && it->counted >= it->full.count)
                break;
        if (it->at >= it->total && it->ended == RRULE_FOUND) {
            it->open = false;
            it->number = it->next;
        }
    }
    return it->ended;
}

RruleStep rrule_next(const Rrule *r, const Zone *z, int64_t start_ms, int64_t after_ms,
    int64_t *out)
{
    RruleIter it;
    if (after_ms == INT64_MAX)
        return RRULE_END;
    rrule_begin(&it, r, z, start_ms, after_ms + 1);
    return rrule_step(&it, out);
}

/* ---- sets ------------------------------------------------------------------------------------ */

static bool is_taken(const RruleSet *s, int64_t ms)
{
    size_t low = 0, high = s->n_taken;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->taken[middle] < ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n_taken && s->taken[low] == ms;
}

typedef struct {
    RruleIter it;
    int64_t ms;
    RruleStep state;
} Source;

static bool advance(const RruleSet *s, Source *source)
{
    uint64_t before = source->it.walked;
    source->state = rrule_step(&source->it, &source->ms);
    if (!s->budget)
        return true;
    uint64_t used = source->it.walked - before + 1;
    *s->budget -= used < *s->budget ? used : *s->budget;
    return *s->budget > 0;
}

bool rrule_set_each(const RruleSet *s, int64_t from_ms, int64_t until_ms, size_t max,
    bool (*fn)(void *arg, int64_t ms), void *arg)
{
    Source sources[RRULE_SET_RULES];
    size_t n = s->n_rules < RRULE_SET_RULES ? s->n_rules : RRULE_SET_RULES, added = 0, told = 0;
    bool start_due = s->start_ms >= from_ms, whole = s->n_rules <= RRULE_SET_RULES;
    for (size_t i = 0; i < n; i++) {
        rrule_begin(&sources[i].it, &s->rules[i], s->zone, s->start_ms, from_ms);
        if (!advance(s, &sources[i]))
            return false;
        if (s->budget)
            *s->budget -= sources[i].it.walked < *s->budget ? sources[i].it.walked : *s->budget;
    }
    while (added < s->n_added && s->added[added] < from_ms)
        added++;
    for (;;) {
        int64_t least = start_due ? s->start_ms : INT64_MAX;
        if (added < s->n_added && s->added[added] < least)
            least = s->added[added];
        for (size_t i = 0; i < n; i++) {
            if (sources[i].state == RRULE_FOUND && sources[i].ms < least)
                least = sources[i].ms;
            if (sources[i].state == RRULE_LIMIT)
                whole = false;
        }
        if (least >= until_ms)
            return whole;
        if (!is_taken(s, least)) {
            if (told++ >= max)
                return false;
            if (!fn(arg, least))
                return whole;
        }
        start_due = start_due && s->start_ms > least;
        while (added < s->n_added && s->added[added] <= least)
            added++;
        for (size_t i = 0; i < n; i++)
            while (sources[i].state == RRULE_FOUND && sources[i].ms <= least)
                if (!advance(s, &sources[i]))
                    return false;
    }
}
