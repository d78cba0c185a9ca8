/* task_words.c - a time, a length of time: out of words, and into words. */
#include "assistant/tasks_int.h"
#include "base/clock.h"

#define WORDS_MAX 400

static bool words_ok(Str words, Err *err)
{
    if (!str_trim(words).len)
        return err_set(err, ERR_VALIDATION, "no time is said");
    return words.len <= WORDS_MAX
        || err_set(err, ERR_VALIDATION, "a time has at most %d characters", WORDS_MAX);
}

static bool not_read(Str words, const char *example, Err *err)
{
    return err_set(err, ERR_VALIDATION, "\"" STR_FMT "\" cannot be read; say it as in \"%s\"",
        STR_ARG(words), example);
}

/* ---- lengths -------------------------------------------------------------------------------- */

/* ISO 8601: "PT1H30M", "P1DT2H", "P2W". */
static bool read_iso(Str s, When *out)
{
    size_t at = 1;
    bool time = false, any = false;
    if (s.len < 3 || s.ptr[0] != 'P')
        return false;
    *out = (When){.kind = WHEN_DURATION};
    while (at < s.len) {
        if (s.ptr[at] == 'T' && !time) {
            time = true;
            at++;
            continue;
        }
        size_t from = at;
        uint64_t n;
        while (at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9')
            at++;
        if (at == s.len || at - from > 6 || !str_to_u64(str_sub(s, from, at), &n))
            return false;
        char unit = s.ptr[at++];
        if (!time && unit == 'W')
            out->days += (int32_t)n * 7;
        else if (!time && unit == 'D')
            out->days += (int32_t)n;
        else if (time && (unit == 'H' || unit == 'M' || unit == 'S'))
            out->ms += (int64_t)n * (unit == 'H' ? 3600000 : unit == 'M' ? 60000 : 1000);
        else
            return false;
        any = true;
    }
    return any;
}

bool tasks_whole_span(const WhenContext *c, Str words, When *out)
{
    char text[WORDS_MAX + 8] = "for ";
    When w[2];
    if (!words.len || words.len > WORDS_MAX)
        return false;
    memcpy(text + 4, words.ptr, words.len);
    size_t n = when_find(str_mem(text, words.len + 4), c, w, 2);
    if (n != 1 || w[0].kind != WHEN_DURATION || w[0].start != 0 || w[0].end < words.len + 4)
        return false;
    *out = w[0];
    return true;
}

bool tasks_read_span(Tasks *t, Str words, int64_t from_ms, int64_t *until, Err *err)
{
    WhenContext c = {.now_ms = from_ms, .zone = t->zone, .prefer = WHEN_FUTURE,
        .day_first = t->day_first};
    When w[4];
    Str s = str_trim(words);
    if (!words_ok(words, err))
        return false;
    if (read_iso(s, &w[0]) || tasks_whole_span(&c, s, &w[0])) {
        *until = when_add(t->zone, from_ms, &w[0]);
    } else {
        size_t n = when_find(s, &c, w, 4), i = 0;
        while (i < n && w[i].kind != WHEN_DURATION)
            i++;
        if (i < n)
            *until = when_add(t->zone, from_ms, &w[i]);
        else if (n == 1 && w[0].kind == WHEN_POINT && w[0].timed) /* "in an hour" */
            *until = w[0].from;
        else
            return not_read(s, "an hour", err);
    }
    return *until > from_ms || err_set(err, ERR_VALIDATION, "\"" STR_FMT "\" is no time at all",
        STR_ARG(s));
}

/* ---- instants ------------------------------------------------------------------------------- */

/* The day of one instant with the time of day of another. */
static int64_t day_with_time(const Zone *z, int64_t day, int64_t time)
{
    Civil c = zone_civil(z, day), t = zone_civil(z, time);
    c.hour = t.hour;
    c.minute = t.minute;
    c.second = t.second;
    return zone_instant(z, &c, NULL);
}

/* A day alone keeps the task's time of day, a time of day alone its day. */
static void settle(Tasks *t, const When *w, const Task *base, int64_t now, int64_t *at, bool *timed)
{
    if (!base || base->due_at == TASK_NO_TIME)
        return;
    if (!*timed && base->due_timed) {
        *at = day_with_time(t->zone, *at, base->due_at);
        *timed = true;
    } else if (*timed && !w->dated && w->grain < GRAIN_DAY && w->kind == WHEN_POINT) {
        int64_t same_day = day_with_time(t->zone, base->due_at, *at);
        if (same_day > now)
            *at = same_day;
    }
}

static bool moment_of(Tasks *t, const When *w, int64_t now, int64_t *at, bool *timed)
{
    WhenContext c = {.now_ms = now, .zone = t->zone, .prefer = WHEN_FUTURE,
        .day_first = t->day_first};
    *timed = w->timed || w->grain < GRAIN_DAY;
    if (w->kind == WHEN_OPEN_BEFORE && w->timed) {
        *at = w->until;
        return true;
    }
    if (*timed)
        return when_moment(&c, w, at);
    bool end = w->kind == WHEN_OPEN_BEFORE || w->deadline;
    *at = tasks_day_begin(t->zone, end ? w->until - 1 : w->from);
    return true;
}

bool tasks_read_time(Tasks *t, Str words, int64_t now_ms, const Task *base, int64_t *at,
    bool *timed, Err *err)
{
    WhenContext c = {.now_ms = now_ms, .zone = t->zone, .prefer = WHEN_FUTURE,
        .day_first = t->day_first};
    When w[4];
    Str s = str_trim(words);
    int64_t when, exact;
    bool has_time;
    if (!words_ok(words, err))
        return false;
    if (clock_parse(s, &exact)) {
        *timed = s.len > 10;
        *at = exact;
        if (!*timed) { /* the local day of that date */
            Civil day = {.month = 1, .day = 1};
            clock_civil_from_days(exact / TASKS_DAY_MS - (exact % TASKS_DAY_MS < 0), &day.year,
                &day.month, &day.day);
            *at = zone_instant(t->zone, &day, NULL);
        }
        return true;
    }
    size_t n = when_find(s, &c, w, 4);
    if (n == 0 || w[0].kind == WHEN_RECURRENCE)
        return not_read(s, "Monday at five", err);
    if (w[0].kind == WHEN_DURATION) { /* "by two days", "an hour later": from where it is */
        int64_t from = base && base->due_at != TASK_NO_TIME ? base->due_at : now_ms;
        *at = when_add(t->zone, from, &w[0]);
        *timed = w[0].ms || (base && base->due_at != TASK_NO_TIME && base->due_timed);
        return true;
    }
    if (!moment_of(t, &w[0], now_ms, &when, &has_time))
        return not_read(s, "Monday at five", err);
    settle(t, &w[0], base, now_ms, &when, &has_time);
    if (has_time ? when <= now_ms : when < tasks_day_begin(t->zone, now_ms))
        return err_set(err, ERR_VALIDATION, "\"" STR_FMT "\" is past", STR_ARG(s));
    *at = when;
    *timed = has_time;
    return true;
}

/* ---- into words ----------------------------------------------------------------------------- */

void task_say_when(Tasks *t, const Task *task, int64_t now_ms, Buf *out)
{
    if (task->due_at == TASK_NO_TIME)
        return;
    if (task->kind == TASK_TIMER && task->status == TASK_OPEN && task->due_at > now_ms) {
        when_say_span(task->due_at - now_ms, out);
        buf_add_c(out, " left");
        return;
    }
    if (task_overdue(t, task, now_ms))
        buf_add_c(out, "overdue since ");
    /* A whole day is the same day wherever the person is now. */
    when_say(task->due_timed ? t->zone : tasks_zone_of(t, task), now_ms, task->due_at,
        task->due_timed, out);
    if (!task->rrule.len)
        return;
    size_t before = out->len;
    buf_add_c(out, ", ");
    if (!when_say_rule(task->rrule, out))
        buf_cut(out, before);
}
