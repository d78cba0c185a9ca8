/* task_text.c - a sentence as a task: "review the quarterly report by Friday 5pm #work, urgent,
 * remind me an hour before".
 *
 *   reminder clauses ("an hour before") -> tags, priority -> lead-in ("remind me to") -> times
 *       -> what is left is the title
 *
 * Every step blanks what it understood in a copy of the sentence, so that offsets stay; the tables
 * below say what it looks for. Matching is by whole words, ASCII case aside. */
#include "assistant/task_reader.h"

#define SENTENCE_MAX 4096
#define TIMES_MAX 16

/* ---- what asks for it ----------------------------------------------------------------------- */

typedef struct {
    const char *phrase;
    TaskKind kind;
    bool reminds;
} LeadIn;

static const char *const fillers[] = {"hey sotto", "ok sotto", "sotto", "please",
    "could you please", "can you please", "could you", "can you", "would you", "will you", "hey",
    "ok", "okay", "i want you to", "i'd like you to", "i want to", "i would like to",
    "i'd like to", NULL};

/* Longer ones before their beginnings. */
static const LeadIn lead_ins[] = {
    {"remind me", TASK_REMINDER, true}, {"don't let me forget", TASK_REMINDER, true},
    {"do not let me forget", TASK_REMINDER, true},
    {"set a reminder", TASK_REMINDER, true}, {"set up a reminder", TASK_REMINDER, true},
    {"set reminder", TASK_REMINDER, true}, {"create a reminder", TASK_REMINDER, true},
    {"make a reminder", TASK_REMINDER, true}, {"add a reminder", TASK_REMINDER, true},
    {"add reminder", TASK_REMINDER, true}, {"new reminder", TASK_REMINDER, true},
    {"give me a reminder", TASK_REMINDER, true}, {"i need a reminder", TASK_REMINDER, true},
    {"reminder:", TASK_REMINDER, true}, {"reminder to", TASK_REMINDER, true},
    {"set a timer", TASK_TIMER, false}, {"set timer", TASK_TIMER, false},
    {"start a timer", TASK_TIMER, false}, {"start timer", TASK_TIMER, false},
    {"timer", TASK_TIMER, false}, {"count down", TASK_TIMER, false},
    {"set an alarm", TASK_ALARM, false}, {"set alarm", TASK_ALARM, false},
    {"set the alarm", TASK_ALARM, false}, {"alarm", TASK_ALARM, false},
    {"wake me up", TASK_ALARM, false}, {"wake me", TASK_ALARM, false},
    {"create a new task", TASK_TODO, false}, {"create a task", TASK_TODO, false},
    {"create task", TASK_TODO, false}, {"add a new task", TASK_TODO, false},
    {"add a task", TASK_TODO, false}, {"add task", TASK_TODO, false},
    {"make a task", TASK_TODO, false}, {"new task", TASK_TODO, false},
    {"add a todo", TASK_TODO, false}, {"add a to-do", TASK_TODO, false},
    {"add todo", TASK_TODO, false}, {"create a todo", TASK_TODO, false},
    {"create a to-do", TASK_TODO, false}, {"new todo", TASK_TODO, false},
    {"task:", TASK_TODO, false}, {"todo:", TASK_TODO, false}, {"to-do:", TASK_TODO, false},
    {"to do:", TASK_TODO, false}, {"note to self:", TASK_TODO, false},
    {"i need to", TASK_TODO, false}, {"i have to", TASK_TODO, false},
    {"i've got to", TASK_TODO, false}, {"i must", TASK_TODO, false},
    {"i should", TASK_TODO, false}, {"we need to", TASK_TODO, false},
    {"we have to", TASK_TODO, false},
};

/* "add milk to my shopping tasks", "put the bins on my list": the verb goes with the end. */
static const char *const list_ends[] = {"to my to-do list", "to my todo list", "to my to do list",
    "to my task list", "to my tasks", "to my list", "to the to-do list", "to the todo list",
    "to the list", "to the task list", "on my to-do list", "on my todo list", "on my to do list",
    "on my task list", "on my list", "on the list", "as a task", "as a reminder", NULL};
static const char *const list_verbs[] = {"add", "put", "write", NULL};

/* "start a pizza timer", "set another egg timer": up to three words name it. */
static bool named_timer(Reader *r, size_t at)
{
    static const char *const begins[] = {"set a", "start a", "set an", "start an", "set another",
        "start another", "set my", "start my", "set", "start", NULL};
    size_t from = SIZE_MAX, start, end;
    for (const char *const *p = begins; *p && from == SIZE_MAX; p++)
        from = sentence_match(r, at, *p);
    if (from == SIZE_MAX || !sentence_find(r, "timer", from, &start, &end) || start - from > 40)
        return false;
    int words = 0;
    for (size_t i = from; i < start; i++)
        words += sentence_gap(r->s[i]) && !sentence_gap(r->s[i + 1]);
    if (words > 4)
        return false;
    r->d->kind = TASK_TIMER;
    sentence_blank(r, 0, from);
    sentence_blank(r, start, end);
    return true;
}

static void read_lead_in(Reader *r)
{
    size_t at = 0, end, start;
    for (bool again = true; again;) {
        again = false;
        at = sentence_skip_gap(r, at);
        while (at < r->len && (r->s[at] == ',' || r->s[at] == '!'))
            at = sentence_skip_gap(r, at + 1);
        for (const char *const *p = fillers; *p && !again; p++) {
            if ((end = sentence_match(r, at, *p)) == SIZE_MAX)
                continue;
            sentence_blank(r, 0, end);
            at = end;
            again = true;
        }
    }
    for (const char *const *p = list_ends; *p; p++) {
        if (!sentence_find(r, *p, 0, &start, &end))
            continue;
        for (const char *const *v = list_verbs; *v; v++) {
            size_t verb = sentence_match(r, at, *v);
            if (verb == SIZE_MAX)
                continue;
            sentence_blank(r, start, end);
            sentence_blank(r, at, verb);
            return;
        }
    }
    for (size_t i = 0; i < sizeof lead_ins / sizeof *lead_ins; i++) {
        end = sentence_match(r, at, lead_ins[i].phrase);
        if (end == SIZE_MAX)
            continue;
        r->d->kind = lead_ins[i].kind;
        r->reminds = lead_ins[i].reminds;
        r->wakes = str_starts(str_of(lead_ins[i].phrase), STR("wake"));
        end = sentence_skip_gap(r, end);
        sentence_blank(r, 0, end < r->len && r->s[end] == ':' ? end + 1 : end);
        return;
    }
    (void)named_timer(r, at);
}

/* ---- times ---------------------------------------------------------------------------------- */

static bool past(const Reader *r, const When *w)
{
    switch (w->kind) {
    case WHEN_POINT:
        return (w->timed ? w->from : w->until) <= r->now;
    case WHEN_RANGE:
    case WHEN_OPEN_BEFORE:
        return w->until <= r->now;
    case WHEN_OPEN_AFTER:
    case WHEN_DURATION:
    case WHEN_RECURRENCE:
        break;
    }
    return false;
}

static void due_of(Reader *r, const When *w)
{
    TaskDraft *d = r->d;
    const Zone *z = r->t->zone;
    d->due_timed = w->timed || w->grain < GRAIN_DAY;
    WhenContext c = {.now_ms = r->now, .zone = z, .prefer = WHEN_FUTURE};
    if (d->due_timed) {
        if (w->kind == WHEN_OPEN_BEFORE && w->timed)
            d->due_at = w->until;
        else if (!when_moment(&c, w, &d->due_at))
            d->due_at = w->from;
        if (d->due_at - r->now >= 60000)
            d->due_at -= d->due_at % 1000; /* "in an hour" is no matter of milliseconds */
        return;
    }
    /* A span of days: a task is due on its last one, a reminder is said on its first. */
    bool end = w->kind == WHEN_OPEN_BEFORE || w->deadline
        || (w->kind != WHEN_OPEN_AFTER && w->grain > GRAIN_DAY && !r->reminds);
    int64_t day = end ? w->until - 1 : w->from;
    d->due_at = tasks_day_begin(z, day < r->now && !end ? r->now : day);
}

/* "Monday's meeting" says which meeting, and nothing of when. */
static bool possessive(const Reader *r, const When *w)
{
    Str s = {r->s + w->start, w->end - w->start};
    Str behind = {r->s + w->end, r->len - w->end};
    return str_ends(s, STR("'s")) || str_ends(s, STR("\xE2\x80\x99s")) || str_ends(s, STR("s'"))
        || str_starts(behind, STR("'s")) || str_starts(behind, STR("\xE2\x80\x99s"));
}

/* "the quarterly report", "my daily walk": what kind of thing it is, not how often to do it. */
static bool attribute(const Reader *r, const When *w)
{
    static const char *const adverbs[] = {"daily", "weekly", "monthly", "quarterly", "yearly",
        "annual", "hourly", "biweekly", "fortnightly", "nightly", "weekday", NULL};
    static const char *const goes_on[] = {"at", "on", "by", "from", "starting", "beginning",
        "until", "till", "for", "and", "in", "before", "after", "to", "with", "except", "please",
        NULL};
    Str s = {r->s + w->start, w->end - w->start};
    size_t next = sentence_skip_gap(r, w->end);
    bool one = false;
    for (const char *const *p = adverbs; *p; p++)
        one = one || str_eq_nocase(s, str_of(*p));
    if (w->kind != WHEN_RECURRENCE || !one || next >= r->len || !sentence_word_char(r->s[next]))
        return false;
    for (const char *const *p = goes_on; *p; p++)
        if (sentence_match(r, next, *p) != SIZE_MAX)
            return false;
    return true;
}

/* Which of the times said is meant: a deadline, else one with a time of day, else the first. */
static const When *choose(const Reader *r, const When *w, size_t n)
{
    const When *best = NULL;
    int best_rank = -1;
    for (size_t i = 0; i < n; i++) {
        if (w[i].kind == WHEN_DURATION || past(r, &w[i]) || possessive(r, &w[i])
            || attribute(r, &w[i]))
            continue;
        int rank = w[i].kind == WHEN_RECURRENCE ? 8
            : (w[i].deadline || w[i].kind == WHEN_OPEN_BEFORE ? 4 : 0) + (w[i].timed ? 2 : 0)
                + (w[i].grain <= GRAIN_MONTH);
        if (rank > best_rank) {
            best = &w[i];
            best_rank = rank;
        }
    }
    return best;
}

static bool read_timer(Reader *r, const When *w, size_t n, Err *err)
{
    for (size_t i = 0; i < n; i++) {
        bool span = w[i].kind == WHEN_DURATION;
        if (!span && (w[i].kind != WHEN_POINT || !w[i].timed))
            continue;
        r->d->due_at = span ? when_add(r->t->zone, r->now, &w[i]) : w[i].from;
        r->d->due_timed = true;
        if (r->d->due_at <= r->now)
            return err_set(err, ERR_VALIDATION, "a timer has to run for some time");
        sentence_blank(r, w[i].start, w[i].end);
        return true;
    }
    return err_set(err, ERR_VALIDATION,
        "for how long? Say it as in \"a timer for eight minutes\"");
}

/* "Wake me at seven", said at ten: the next morning, not tonight. */
static void to_morning(Reader *r, const When *w)
{
    static const char *const said[] = {"pm", "p.m", "PM", "noon", "evening", "night", "tonight",
        "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23"};
    Civil c = zone_civil(r->t->zone, r->d->due_at);
    Str s = {r->words + w->start, w->end - w->start};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (str_find(s, str_of(said[i]), 0) != SIZE_MAX)
            return;
    if (w->kind != WHEN_POINT || !w->timed || w->dated || c.hour < 12)
        return;
    c.hour += 12; /* carries over into the next day */
    r->d->due_at = zone_instant(r->t->zone, &c, NULL);
}

static bool read_times(Reader *r, Err *err)
{
    When w[TIMES_MAX];
    WhenContext c = {.now_ms = r->now, .zone = r->t->zone, .prefer = WHEN_FUTURE,
        .day_first = r->t->day_first};
    size_t n = when_find(str_mem(r->s, r->len), &c, w, TIMES_MAX);
    if (r->d->kind == TASK_TIMER)
        return read_timer(r, w, n, err);
    const When *best = choose(r, w, n);
    if (!best) {
        for (size_t i = 0; i < n; i++)
            if (r->d->kind != TASK_TODO && past(r, &w[i]))
                return err_set(err, ERR_VALIDATION, "\"" STR_FMT "\" is past",
                    (int)(w[i].end - w[i].start), r->s + w[i].start);
        return r->d->kind != TASK_ALARM
            || err_set(err, ERR_VALIDATION, "when? Say it as in \"wake me at seven\"");
    }
    sentence_blank(r, best->start, best->end);
    if (best->kind != WHEN_RECURRENCE) {
        due_of(r, best);
        if (r->wakes)
            to_morning(r, best);
        return true;
    }
    r->d->rrule = arena_str(r->a, str_of(best->rrule));
    r->d->due_at = best->from;
    r->d->due_timed = best->timed;
    return r->d->rrule.ptr || tasks_no_memory(err);
}

/* ---- the title ------------------------------------------------------------------------------ */

/* What is left over at an end when the words of time are gone. */
static const char *const tails[] = {"by", "on", "at", "in", "for", "due", "before", "until", "till",
    "from", "and", "with", "every", "please", "starting", "then", "that is", "to", NULL};
static const char *const heads[] = {"to", "that i should", "that i need to", "that i have to",
    "that", "about", "of", "for", "called", "named", "and", "on", "at", "by", NULL};

/* The words with single spaces, blanks out. */
static Str squeeze(Reader *r)
{
    char *out = arena_alloc(r->a, r->len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < r->len; i++) {
        if (!sentence_gap(r->s[i]))
            out[n++] = r->s[i];
        else if (n && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    return (Str){out, n};
}

static bool loose(char c)
{
    return c == ' ' || c == ',' || c == ';' || c == ':' || c == '-' || c == '(' || c == '[';
}

static bool cut_tail(Str *s)
{
    size_t before = s->len;
    while (s->len && (loose(s->ptr[s->len - 1]) || s->ptr[s->len - 1] == '.'
        || s->ptr[s->len - 1] == '!'))
        s->len--;
    for (const char *const *p = tails; *p; p++) {
        size_t n = strlen(*p);
        if (s->len > n && str_eq_nocase(str_sub(*s, s->len - n, s->len), str_of(*p))
            && !sentence_word_char(s->ptr[s->len - n - 1])) {
            s->len -= n;
            break;
        }
    }
    return s->len != before;
}

static bool cut_head(Str *s, bool asked)
{
    size_t at = 0;
    while (at < s->len && (loose(s->ptr[at]) || s->ptr[at] == ')' || s->ptr[at] == ']'))
        at++;
    *s = str_sub(*s, at, s->len);
    for (const char *const *p = heads; asked && *p; p++) {
        size_t n = strlen(*p);
        if (s->len > n && str_eq_nocase(str_sub(*s, 0, n), str_of(*p))
            && !sentence_word_char(s->ptr[n])) {
            *s = str_sub(*s, n, s->len);
            return true;
        }
    }
    return at > 0;
}

/* A space before a mark is left where something was taken out. */
static Str close_gaps(Str s)
{
    char *p = (char *)s.ptr; /* our own copy */
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (p[i] == ' ' && i + 1 < s.len
            && (p[i + 1] == ',' || p[i + 1] == '.' || p[i + 1] == ';' || p[i + 1] == ' '))
            continue;
        if (p[i] == ',' && n && p[n - 1] == ',')
            continue;
        p[n++] = p[i];
    }
    return (Str){p, n};
}

static Str title_of(Reader *r, bool asked, bool timed)
{
    Str s = squeeze(r);
    if (!s.ptr)
        return s;
    while (cut_head(&s, asked))
        ;
    /* A preposition at the end belonged to a time only when one was taken out. */
    if (timed)
        while (cut_tail(&s))
            ;
    while (s.len && (loose(s.ptr[s.len - 1]) || s.ptr[s.len - 1] == '.'))
        s.len--;
    return close_gaps(str_trim(s));
}

/* ---- all of it ------------------------------------------------------------------------------ */

static bool begin(Tasks *t, Str text, int64_t now, Arena *a, TaskDraft *d, Reader *r, Err *err)
{
    if (text.len > SENTENCE_MAX)
        return err_set(err, ERR_TOO_LARGE, "the sentence has %zu bytes; at most %d are read",
            text.len, SENTENCE_MAX);
    *r = (Reader){.t = t, .a = a, .now = now, .d = d, .len = text.len};
    r->s = arena_alloc(a, text.len + 1);
    if (!r->s)
        return tasks_no_memory(err);
    memcpy(r->s, text.ptr, text.len);
    r->words = text.ptr;
    for (size_t i = 0; i < r->len; i++)
        if ((unsigned char)r->s[i] < ' ')
            r->s[i] = ' ';
    return true;
}

static void settle_evening(Reader *r)
{
    size_t i = 0;
    while (i < r->n_alarms && (r->alarms[i].absolute || r->alarms[i].ms < 0))
        i++;
    if (i == r->n_alarms)
        return;
    r->alarms[i].ms = sentence_day_before(r, r->alarms[i].ms);
}

static bool keep_lists(Reader *r, bool day_before, Err *err)
{
    TaskDraft *d = r->d;
    if (day_before)
        settle_evening(r);
    if (r->n_alarms) {
        TaskAlarm *alarms = ARENA_NEW_ARRAY(r->a, TaskAlarm, r->n_alarms + 1);
        if (!alarms)
            return tasks_no_memory(err);
        memcpy(alarms, r->alarms, r->n_alarms * sizeof *alarms);
        /* Days and hours before a whole day are counted from nine. */
        for (size_t i = 0; i < r->n_alarms; i++)
            if (!alarms[i].absolute && !d->due_timed && !(day_before && i == 0))
                alarms[i].ms += TASKS_WHOLE_DAY_ALARM_MS;
        d->n_alarms = r->n_alarms;
        /* A reminder is said at its time too. */
        if (d->kind == TASK_REMINDER && r->n_alarms < TASK_MAX_ALARMS && d->due_at != TASK_NO_TIME
            && !r->reminds)
            alarms[d->n_alarms++] =
                (TaskAlarm){false, d->due_timed ? 0 : TASKS_WHOLE_DAY_ALARM_MS};
        d->alarms = alarms;
        d->set_alarms = true;
    }
    if (r->n_tags) {
        Str *tags = ARENA_NEW_ARRAY(r->a, Str, r->n_tags);
        if (!tags)
            return tasks_no_memory(err);
        memcpy(tags, r->tags, r->n_tags * sizeof *tags);
        d->tags = tags;
        d->n_tags = r->n_tags;
    }
    return true;
}

bool tasks_read(Tasks *t, Str sentence, int64_t now_ms, Arena *a, TaskDraft *out, Err *err)
{
    TaskDraft d = TASK_DRAFT_NONE;
    Reader r;
    bool day_before = false;
    if (!begin(t, str_trim(sentence), now_ms, a, &d, &r, err))
        return false;
    size_t whole = r.len;
    sentence_tags(&r);
    sentence_priority(&r);
    read_lead_in(&r);
    sentence_distances(&r, &day_before);
    sentence_instants(&r);
    bool asked = whole && r.s[0] == SENTENCE_BLANK;
    if (!read_times(&r, err) || !keep_lists(&r, day_before, err))
        return false;
    d.title = title_of(&r, asked, d.due_at != TASK_NO_TIME || d.n_alarms || d.set_priority);
    d.source = STR("text");
    if (!d.title.ptr)
        return tasks_no_memory(err);
    if (!d.title.len && d.kind < TASK_TIMER)
        return err_set(err, ERR_VALIDATION, "what is to be done? The sentence names only a time");
    *out = d;
    return true;
}

bool tasks_read_extras(Tasks *t, Str text, int64_t now_ms, Arena *a, TaskDraft *io, Err *err)
{
    TaskDraft d = *io;
    Reader r;
    bool day_before = false;
    if (!begin(t, str_trim(text), now_ms, a, &d, &r, err))
        return false;
    sentence_distances(&r, &day_before);
    sentence_instants(&r);
    sentence_tags(&r);
    sentence_priority(&r);
    if (!keep_lists(&r, day_before, err))
        return false;
    d.title = title_of(&r, false, d.n_alarms || d.set_priority);
    if (!d.title.ptr)
        return tasks_no_memory(err);
    *io = d;
    return true;
}
