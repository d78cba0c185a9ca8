#include <math.h>

#include "text/when_mean.h"
#include "text/when_resolve.h"

#define UNUSED(x) (void)(x)
#define HALF (12 * 3600)

static const struct {
    int from, until, usual; /* hours */
} parts[PART_COUNT] = {
    [PART_EARLY] = {5, 9, 7},          [PART_MORNING] = {6, 12, 9},
    [PART_FORENOON] = {9, 12, 10},     [PART_LUNCH] = {12, 14, 12},
    [PART_AFTERNOON] = {12, 18, 15},   [PART_LATE_AFTERNOON] = {15, 18, 16},
    [PART_EVENING] = {17, 22, 19},     [PART_LATE_EVENING] = {20, 23, 21},
    [PART_NIGHT] = {20, 24, 21},       [PART_TONIGHT] = {18, 24, 19},
    [PART_DAYTIME] = {8, 18, 10},      [PART_AFTER_WORK] = {17, 21, 18},
    [PART_AFTER_SCHOOL] = {15, 21, 16}, [PART_AFTER_LUNCH] = {13, 17, 14},
    [PART_BREAKFAST] = {7, 10, 8},     [PART_SMALL_HOURS] = {0, 5, 2},
};

int when_part_usual(int from, int until)
{
    for (int i = 0; i < PART_COUNT; i++)
        if (parts[i].from * 3600 == from && parts[i].until * 3600 == until)
            return parts[i].usual * 3600;
    return -1;
}

static bool set_clock(WhenValue *out, int hour, int minute, int grain)
{
    if (hour < 0 || hour > 24 || minute < 0 || minute > 59 || (hour == 24 && minute > 0))
        return false;
    out->sec = hour * 3600 + minute * 60;
    out->time = hour >= 1 && hour <= 12 ? TIME_12 : TIME_FIXED;
    out->grain = (uint8_t)grain;
    return true;
}

bool when_hour(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    const WhenValue *v = k[0].v;
    if (v->digits > 2 || v->num != floor(v->num) || !set_clock(out, (int)v->num, 0, GRAIN_HOUR))
        return false;
    if ((v->digits == 2 && v->num < 10) || arg == 1)
        out->time = TIME_FIXED;
    out->num = v->num;
    out->digits = v->digits;
    return v->num >= 0;
}

bool when_digits_hour(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(arg);
    return k[0].v->digits > 0 && when_hour(s, 0, k, n, out);
}

bool when_clock(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    return when_same(s, arg, k, n, out);
}

bool when_dot_clock(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    const WhenValue *v = k[0].v;
    if (v->digits > 2 || v->days != 2 || v->until > 59 ||
        !set_clock(out, (int)v->from, (int)v->until, GRAIN_MINUTE))
        return false;
    if (v->digits == 2 && v->from < 10)
        out->time = TIME_FIXED;
    return true;
}

bool when_run_clock(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    int v = (int)k[0].v->num;
    if (k[0].v->digits < (arg > 0 ? 4 : 3) || k[0].v->digits > 4 ||
        (arg == 2 && !s->glued[k[0].end]) || !set_clock(out, v / 100, v % 100, GRAIN_MINUTE))
        return false;
    if (k[0].v->digits == 3 && v % 5 != 0) /* "at 101 points" */
        return false;
    if (k[0].v->digits == 4 && (v < 1000 || arg > 0))
        out->time = TIME_FIXED;
    return true;
}

bool when_hour_minute(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(n);
    const WhenValue *h = k[0].v, *m = k[1].v;
    /* "seven five" is no time, "seven oh five" is. */
    bool two_digits = m->digits == 2 || (m->digits == 0 && m->num >= 10);
    if (s->comma[k[1].at] || m->num != floor(m->num) || m->num > 59 ||
        (arg == 0 ? !two_digits : m->num > 9))
        return false;
    out->digits = h->digits ? h->digits : m->digits;
    return set_clock(out, h->sec / 3600, (int)m->num, GRAIN_MINUTE);
}

bool when_spoken_alone(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    return k[0].v->time == TIME_12 && k[0].v->digits == 0 && when_closing(s, arg, k, n, out);
}

bool when_half_day(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    *out = *k[0].v;
    if (out->sec == 0 || out->sec >= 13 * 3600) {
        /* "15:30 pm" says it twice; "15 am" contradicts itself */
        return k[1].v->num == 12 && out->sec >= 13 * 3600 && out->sec < 86400;
    }
    out->sec = out->sec % HALF + (int)k[1].v->num * 3600;
    out->time = TIME_FIXED;
    out->weak = false;
    return true;
}

bool when_half_letter(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    const WhenValue half = {.num = arg};
    const WhenKid both[2] = {k[0], {&half, 0, 0}};
    UNUSED(n);
    return s->glued[k[0].end] && when_half_day(s, 0, both, 2, out);
}

bool when_past(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    double minutes = k[0].v->num;
    if (minutes < 1 || minutes > 59 || minutes != floor(minutes))
        return false;
    /* "five to six", but not "two to three": minutes are not named there */
    if (arg == -2 && ((int)minutes % 5 != 0 || minutes > 25))
        return false;
    return when_past_fixed(s, arg < 0 ? -(int)minutes : (int)minutes, k + 1, n - 1, out);
}

bool when_past_fixed(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    *out = *k[0].v;
    if (out->time == TIME_NONE || out->sec % 3600 != 0 || out->time_range)
        return false;
    if (n > 1 && !when_half_day(s, 0, k, n, out))
        return false;
    if (out->time == TIME_12) {
        out->sec = (out->sec % HALF + arg * 60 + HALF) % HALF;
        out->sec += out->sec < 3600 ? HALF : 0; /* twelve, not zero */
    } else {
        out->sec = (out->sec + arg * 60 + WHEN_DAY_SECONDS) % WHEN_DAY_SECONDS;
    }
    out->grain = GRAIN_MINUTE;
    out->weak = false;
    return true;
}

bool when_fixed_time(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(k);
    UNUSED(n);
    out->sec = arg * 60;
    out->time = TIME_FIXED;
    out->grain = GRAIN_HOUR;
    return true;
}

bool when_zone(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    UNUSED(n);
    *out = *k[0].v;
    if (out->time == TIME_NONE || out->zone != WHEN_NO_ZONE)
        return false;
    out->zone = (int16_t)k[1].v->num;
    out->weak = false;
    return true;
}

bool when_part(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    int part = n > 0 ? (int)k[0].v->num : arg;
    out->time = TIME_PART;
    out->grain = GRAIN_PART_OF_DAY;
    out->sec = parts[part].from * 3600;
    out->sec_end = parts[part].until * 3600;
    return true;
}

/* The half of the day that lies in the part, or nearest behind its begin ("7 in the afternoon",
 * "2 at night"). */
static bool into_part(WhenValue *t, const WhenValue *part)
{
    if (t->time == TIME_FIXED)
        return true;
    int am = t->sec % HALF, pm = am + HALF;
    bool late = part->sec >= HALF;
    if (!late) {
        t->sec = am;
    } else if (pm >= part->sec - 3 * 3600) {
        t->sec = pm;
    } else { /* behind midnight */
        t->sec = am + (part->sec >= 18 * 3600 ? WHEN_DAY_SECONDS : HALF);
    }
    if (t->sec == HALF && part->sec >= 18 * 3600)
        t->sec = WHEN_DAY_SECONDS;
    t->time = TIME_FIXED;
    return true;
}

bool when_time_in_part(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(arg);
    if (n != 2)
        return false;
    const WhenValue *a = k[0].v, *b = k[1].v;
    const WhenValue *part = a->time == TIME_PART ? a : b, *time = part == a ? b : a;
    if (part->time != TIME_PART || time->time == TIME_PART || time->time == TIME_NONE)
        return false;
    if (part->date != DATE_NONE && time->date != DATE_NONE)
        return false;
    WhenValue date = part->date != DATE_NONE ? *part : *time;
    *out = *time;
    out->weak = false;
    out->date = date.date;
    out->weekday = date.weekday;
    out->day = date.day;
    out->day_end = date.day_end;
    out->year = date.year;
    out->month = date.month;
    out->mday = date.mday;
    out->holiday = date.holiday;
    if (!out->time_range)
        return into_part(out, part);
    if (out->time == TIME_12) {
        WhenValue from = *out;
        (void)into_part(&from, part);
        out->sec = from.sec;
        out->time = TIME_FIXED;
    } else if (out->end_time == TIME_12) { /* "from 7:30 in the morning to 8 in the evening" */
        WhenValue end = *out;
        end.time = TIME_12;
        end.sec = out->sec_end;
        (void)into_part(&end, part);
        out->sec_end = end.sec;
        out->end_time = TIME_FIXED;
    }
    return true;
}

bool when_part_of_day(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    if (n > 0)
        *out = *k[n - 1].v;
    else if (!when_part(s, PART_TONIGHT, k, 0, out))
        return false;
    when_set_span(out, s->today + arg, s->today + arg + 1, GRAIN_PART_OF_DAY);
    out->weak = false;
    return true;
}

bool when_time_range(WhenSense *s, int arg, const WhenKid *k, size_t n, WhenValue *out)
{
    UNUSED(s);
    UNUSED(n);
    const WhenValue *a = k[0].v, *b = k[1].v;
    if (a->time == TIME_PART || b->time == TIME_PART || a->time_range || b->time_range ||
        a->sec == b->sec)
        return false;
    *out = *a;
    if (out->zone == WHEN_NO_ZONE)
        out->zone = b->zone;
    out->time_range = true;
    out->sec_end = b->sec;
    out->end_time = b->time;
    out->kind = WHEN_RANGE;
    out->weak = arg == 1;
    out->grain = a->grain < b->grain ? a->grain : b->grain;
    return true;
}
