/* task_text.c - a sentence as a task: "review the quarterly report by Friday 5pm #work, urgent,
 * remind me an hour before".
 *
 *   reminder clauses ("an hour before") -> tags, priority -> lead-in ("remind me to") -> times
 *       -> what is left is the title
 *
 * Every step blanks what it understood in a copy of the sentence, so that offsets stay; the tables
 * below say what it looks for. Matching is by whole words, ASCII case aside. */
#include "assistant/tasks_int.h"

#include "base/clock.h"

#define SENTENCE_MAX 4096
#define TIMES_MAX 16
#define BLANK '\x01' /* what was understood: no character of a sentence */

typedef struct {
    Tasks *t;
    Arena *a;
    int64_t now;
    char *s; /* the copy that is blanked */
    size_t len;
    TaskDraft *d;
    TaskAlarm alarms[TASK_MAX_ALARMS];
    size_t n_alarms;
    Str tags[TASK_MAX_TAGS];
    size_t n_tags;
    bool reminds; /* "remind me" began it */
} Reader;

/* ---- words ------------------------------------------------------------------------------------ */

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\''
        || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The end of `phrase` at `at`, where one space stands for any white space; SIZE_MAX: not there. */
static size_t match_at(const Reader *r, size_t at, const char *phrase)
{
    size_t i = at;
    if (at > 0 && word_char(r->s[at - 1]) && word_char(phrase[0]))
        return SIZE_MAX;
    for (const char *p = phrase; *p; p++) {
        if (*p == ' ') {
            size_t from = i;
            while (i < r->len && (r->s[i] == ' ' || r->s[i] == '\t' || r->s[i] == BLANK))
                i++;
            if (i == from)
                return SIZE_MAX;
        } else if (i < r->len && lower(r->s[i]) == *p) {
            i++;
        } else {
            return SIZE_MAX;
        }
    }
    return i < r->len && word_char(r->s[i]) && word_char(phrase[strlen(phrase) - 1]) ? SIZE_MAX : i;
}

static bool find(const Reader *r, const char *phrase, size_t from, size_t *start, size_t *end)
{
    for (size_t i = from; i < r->len; i++) {
        *end = match_at(r, i, phrase);
        if (*end != SIZE_MAX) {
            *start = i;
            return true;
        }
    }
    return false;
}

static void blank(Reader *r, size_t from, size_t to)
{
    memset(r->s + from, BLANK, to - from);
}

static bool gap(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == BLANK;
}

static size_t skip_gap(const Reader *r, size_t at)
{
    while (at < r->len && gap(r->s[at]))
        at++;
    return at;
}

/* Takes one of these phrases away when it stands right before `at`; returns where it begins. */
static size_t take_before(Reader *r, size_t at, const char *const *phrases)
{
    size_t end = at;
    while (end > 0 && (gap(r->s[end - 1]) || r->s[end - 1] == ','))
        end--;
    for (; *phrases; phrases++) {
        size_t n = strlen(*phrases);
        if (n <= end && match_at(r, end - n, *phrases) == end) {
            blank(r, end - n, at);
            return end - n;
        }
    }
    return at;
}

/* ---- reminder clauses ------------------------------------------------------------------------- */

static const char *const asks[] = {"remind me", "alert me", "notify me", "warn me", "tell me",
    "ping me", "with a reminder", "with reminder", "with an alert", "set a reminder", "reminder",
    "heads up", NULL};
static const char *const joins[] = {"and also", "and", "also", "with", "please", "then", "but",
    NULL};
/* What follows a distance: "an hour before". */
static const char *const ahead[] = {"beforehand", "before it is due", "before that", "before it",
    "before", "in advance", "ahead of time", "ahead of", "ahead", "earlier", "prior to", "prior",
    NULL};

static bool asked_before(const Reader *r, size_t at)
{
    size_t start, end;
    for (const char *const *p = asks; *p; p++)
        if (find(r, *p, 0, &start, &end) && end <= at)
            return true;
    return false;
}

static void add_alarm(Reader *r, bool absolute, int64_t ms)
{
    if (r->n_alarms < TASK_MAX_ALARMS)
        r->alarms[r->n_alarms++] = (TaskAlarm){absolute, ms};
}

/* The distance that ends at `end`: at most six words that are a length of time from their first to
 * their last letter. Returns where it begins, or SIZE_MAX. */
static size_t span_before(const Reader *r, size_t end, int64_t *ms)
{
    WhenContext c = {.now_ms = r->now, .zone = r->t->zone, .prefer = WHEN_FUTURE};
    size_t best = SIZE_MAX, at = end;
    for (int words = 0; words < 6 && at > 0; words++) {
        while (at > 0 && gap(r->s[at - 1]))
            at--;
        if (at == 0 || !word_char(r->s[at - 1]))
            break;
        while (at > 0 && (word_char(r->s[at - 1]) || r->s[at - 1] == '.' || r->s[at - 1] == '-'))
            at--;
        When w[2];
        Str part = {r->s + at, end - at};
        size_t n = when_find(part, &c, w, 2);
        if (n == 1 && w[0].kind == WHEN_DURATION && w[0].start == 0 && w[0].end >= part.len) {
            *ms = when_add(r->t->zone, r->now, &w[0]) - r->now;
            best = at;
        }
    }
    return best;
}

/* "the day before", "the evening before", "a week before": words for which the usual length of
 * time would not do. Distances from the begin of the day for a whole day. */
static const struct {
    const char *phrase;
    int64_t timed_ms, whole_ms;
} days_before[] = {
    {"the day before", -TASKS_DAY_MS, -TASKS_DAY_MS + TASKS_WHOLE_DAY_ALARM_MS},
    {"the evening before", -TASKS_DAY_MS, -5 * 3600000LL},
    {"the night before", -TASKS_DAY_MS, -3 * 3600000LL},
    {"the week before", -7 * TASKS_DAY_MS, -7 * TASKS_DAY_MS + TASKS_WHOLE_DAY_ALARM_MS},
};

/* The clause with what leads to it. */
static void blank_clause(Reader *r, size_t start, size_t end)
{
    blank(r, start, end);
    size_t at = start, before;
    do {
        before = at;
        at = take_before(r, at, asks);
        at = take_before(r, at, joins);
    } while (at != before);
}

static void read_distances(Reader *r, bool *evening)
{
    size_t start, end;
    for (size_t i = 0; i < sizeof days_before / sizeof *days_before; i++) {
        if (!find(r, days_before[i].phrase, 0, &start, &end) || !asked_before(r, start))
            continue;
        add_alarm(r, false, (int64_t)i); /* settled when it is known what the day is */
        *evening = true;
        blank_clause(r, start, end);
        return;
    }
    for (const char *const *p = ahead; *p; p++) {
        size_t from = 0;
        while (find(r, *p, from, &start, &end)) {
            int64_t ms = 0;
            size_t stop = start;
            while (stop > 0 && gap(r->s[stop - 1]))
                stop--;
            size_t begin = span_before(r, stop, &ms);
            from = end;
            if (begin == SIZE_MAX || ms <= 0 || !asked_before(r, begin))
                continue;
            add_alarm(r, false, -ms);
            blank_clause(r, begin, end);
        }
    }
}

/* ", remind me on Thursday at nine": an instant of its own, after the task itself. */
static void read_instants(Reader *r)
{
    WhenContext c = {.now_ms = r->now, .zone = r->t->zone, .prefer = WHEN_FUTURE,
        .day_first = r->t->day_first};
    for (const char *const *p = asks; *p; p++) {
        size_t start, end;
        if (!find(r, *p, 1, &start, &end) || skip_gap(r, 0) == start)
            continue;
        size_t from = skip_gap(r, end);
        When w;
        int64_t at;
        Str rest = {r->s + from, r->len - from};
        if (when_find(rest, &c, &w, 1) != 1 || w.start > 4 || w.kind == WHEN_DURATION
            || w.kind == WHEN_RECURRENCE || !when_moment(&c, &w, &at) || at <= r->now)
            continue;
        add_alarm(r, true, at);
        blank_clause(r, start, from + w.end);
        return;
    }
}

/* ---- tags and priority ------------------------------------------------------------------------ */

static bool tag_char(char c)
{
    return word_char(c) ? c != '\'' : c == '-' || c == '_' || c == '/';
}

static void read_tags(Reader *r)
{
    for (size_t i = 0; i < r->len; i++) {
        if (r->s[i] != '#' || (i > 0 && !gap(r->s[i - 1]) && r->s[i - 1] != '('))
            continue;
        size_t end = i + 1;
        bool letter = false;
        while (end < r->len && tag_char(r->s[end])) {
            letter = letter || !(r->s[end] >= '0' && r->s[end] <= '9');
            end++;
        }
        if (!letter || end - i > 64 || r->n_tags == TASK_MAX_TAGS)
            continue; /* "#3" is a number */
        r->tags[r->n_tags] = arena_str(r->a, str_mem(r->s + i + 1, end - i - 1));
        if (r->tags[r->n_tags].ptr)
            r->n_tags++;
        blank(r, i, end);
    }
}

/* Words of priority. ANYWHERE: they are said of nothing else; APART: only when they stand apart
 * from the title (first with a colon, last, or between marks), and then they go; INSIDE: as a part
 * of the title they count and stay. */
enum { ANYWHERE, APART, INSIDE };
static const struct {
    const char *phrase;
    TaskPriority priority;
    int where;
} priority_words[] = {
    {"not urgent", TASK_LOW, ANYWHERE}, {"not important", TASK_LOW, ANYWHERE},
    {"no rush", TASK_LOW, ANYWHERE}, {"no hurry", TASK_LOW, ANYWHERE},
    {"when you get a chance", TASK_LOW, ANYWHERE},
    {"urgent priority", TASK_URGENT, ANYWHERE}, {"top priority", TASK_URGENT, ANYWHERE},
    {"highest priority", TASK_URGENT, ANYWHERE}, {"critical priority", TASK_URGENT, ANYWHERE},
    {"priority urgent", TASK_URGENT, ANYWHERE}, {"priority: urgent", TASK_URGENT, ANYWHERE},
    {"high priority", TASK_HIGH, ANYWHERE}, {"high-priority", TASK_HIGH, ANYWHERE},
    {"priority high", TASK_HIGH, ANYWHERE}, {"priority: high", TASK_HIGH, ANYWHERE},
    {"normal priority", TASK_NORMAL, ANYWHERE}, {"medium priority", TASK_NORMAL, ANYWHERE},
    {"priority: normal", TASK_NORMAL, ANYWHERE}, {"priority normal", TASK_NORMAL, ANYWHERE},
    {"low priority", TASK_LOW, ANYWHERE}, {"low-priority", TASK_LOW, ANYWHERE},
    {"priority low", TASK_LOW, ANYWHERE}, {"priority: low", TASK_LOW, ANYWHERE},
    {"as soon as possible", TASK_URGENT, ANYWHERE}, {"asap", TASK_URGENT, ANYWHERE},
    {"!!!", TASK_URGENT, ANYWHERE}, {"!!", TASK_HIGH, ANYWHERE}, {"!p1", TASK_URGENT, ANYWHERE},
    {"!p2", TASK_HIGH, ANYWHERE}, {"!p3", TASK_NORMAL, ANYWHERE}, {"!p4", TASK_LOW, ANYWHERE},
    {"urgently", TASK_URGENT, INSIDE}, {"urgent", TASK_URGENT, INSIDE},
    {"critical", TASK_URGENT, APART}, {"important", TASK_HIGH, APART},
    {"high", TASK_HIGH, APART}, {"low", TASK_LOW, APART},
    {"p1", TASK_URGENT, APART}, {"p2", TASK_HIGH, APART}, {"p3", TASK_NORMAL, APART},
    {"p4", TASK_LOW, APART},
};

static bool mark(char c)
{
    return c == ',' || c == ';' || c == ':' || c == '(' || c == ')' || c == '[' || c == ']'
        || c == '-' || c == '!' || c == '.';
}

/* Whether the words stand apart: "urgent: pay it", "pay it (urgent)", "pay it, urgent". */
static bool stands_apart(const Reader *r, size_t start, size_t end)
{
    size_t before = start, after = end;
    while (before > 0 && gap(r->s[before - 1]))
        before--;
    while (after < r->len && gap(r->s[after]))
        after++;
    bool left = before == 0 || mark(r->s[before - 1]);
    bool right = after == r->len || mark(r->s[after]);
    return left && right && !(before == 0 && after == r->len);
}

static void read_priority(Reader *r)
{
    static const char *const with[] = {"with", "it is", "it's", "this is", "very", "mark it as",
        "marked", "as", "and", "at", NULL};
    size_t start, end;
    for (size_t i = 0; i < sizeof priority_words / sizeof *priority_words; i++) {
        if (!find(r, priority_words[i].phrase, 0, &start, &end))
            continue;
        bool apart = priority_words[i].where == ANYWHERE || stands_apart(r, start, end);
        if (!apart && priority_words[i].where == APART)
            continue;
        r->d->priority = priority_words[i].priority;
        r->d->set_priority = true;
        if (!apart)
            return;
        size_t after = skip_gap(r, end);
        if (after < r->len && (r->s[after] == ':' || r->s[after] == ')' || r->s[after] == ']'))
            end = after + 1;
        blank(r, start, end);
        take_before(r, start, with);
        return;
    }
}

/* ---- what asks for it ------------------------------------------------------------------------- */

typedef struct {
    const char *phrase;
    TaskKind kind;
    bool reminds;
} LeadIn;

static const char *const fillers[] = {"hey sotto", "ok sotto", "sotto", "please", "could you please",
    "can you please", "could you", "can you", "would you", "will you", "hey", "ok", "okay",
    "i want you to", "i'd like you to", "i want to", "i would like to", "i'd like to", NULL};

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

/* "add milk to my shopping tasks", "put the bins on my list": the verb goes when the end is there. */
static const char *const list_ends[] = {"to my to-do list", "to my todo list", "to my to do list",
    "to my task list", "to my tasks", "to my list", "to the to-do list", "to the todo list",
    "to the list", "to the task list", "on my to-do list", "on my todo list", "on my to do list",
    "on my task list", "on my list", "on the list", "as a task", "as a reminder", NULL};
static const char *const list_verbs[] = {"add", "put", "write", NULL};

static void read_lead_in(Reader *r)
{
    size_t at = 0, end, start;
    for (bool again = true; again;) {
        again = false;
        at = skip_gap(r, at);
        while (at < r->len && (r->s[at] == ',' || r->s[at] == '!'))
            at = skip_gap(r, at + 1);
        for (const char *const *p = fillers; *p && !again; p++) {
            if ((end = match_at(r, at, *p)) == SIZE_MAX)
                continue;
            blank(r, 0, end);
            at = end;
            again = true;
        }
    }
    for (const char *const *p = list_ends; *p; p++) {
        if (!find(r, *p, 0, &start, &end))
            continue;
        for (const char *const *v = list_verbs; *v; v++) {
            size_t verb = match_at(r, at, *v);
            if (verb == SIZE_MAX)
                continue;
            blank(r, start, end);
            blank(r, at, verb);
            return;
        }
    }
    for (size_t i = 0; i < sizeof lead_ins / sizeof *lead_ins; i++) {
        end = match_at(r, at, lead_ins[i].phrase);
        if (end == SIZE_MAX)
            continue;
        r->d->kind = lead_ins[i].kind;
        r->reminds = lead_ins[i].reminds;
        end = skip_gap(r, end);
        blank(r, 0, end < r->len && r->s[end] == ':' ? end + 1 : end);
        return;
    }
}

/* ---- times ------------------------------------------------------------------------------------ */

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
        return;
    }
    /* A span of days: a task is due on its last one, a reminder is said on its first. */
    bool end = w->kind == WHEN_OPEN_BEFORE || w->deadline
        || (w->kind != WHEN_OPEN_AFTER && w->grain > GRAIN_DAY && !r->reminds);
    int64_t day = end ? w->until - 1 : w->from;
    d->due_at = tasks_day_begin(z, day < r->now && !end ? r->now : day);
}

/* Which of the times said is meant: a deadline, else one with a time of day, else the first. */
static const When *choose(const Reader *r, const When *w, size_t n)
{
    const When *best = NULL;
    int best_rank = -1;
    for (size_t i = 0; i < n; i++) {
        if (w[i].kind == WHEN_DURATION || past(r, &w[i]))
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
        blank(r, w[i].start, w[i].end);
        return true;
    }
    return err_set(err, ERR_VALIDATION,
        "for how long? Say it as in \"a timer for eight minutes\"");
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
    blank(r, best->start, best->end);
    if (best->kind != WHEN_RECURRENCE) {
        due_of(r, best);
        return true;
    }
    r->d->rrule = arena_str(r->a, str_of(best->rrule));
    r->d->due_at = best->from;
    r->d->due_timed = best->timed;
    return r->d->rrule.ptr || tasks_no_memory(err);
}

/* ---- the title -------------------------------------------------------------------------------- */

/* What is left over at an end when the words of time are gone. */
static const char *const tails[] = {"by", "on", "at", "in", "for", "due", "before", "until", "till",
    "from", "and", "with", "every", "please", "starting", "then", "that is", "to", NULL};
static const char *const heads[] = {"to", "that i should", "that i need to", "that i have to", "that",
    "about", "of", "for", "called", "named", "and", "on", "at", "by", NULL};

/* The words with single spaces, blanks out. */
static Str squeeze(Reader *r)
{
    char *out = arena_alloc(r->a, r->len + 1);
    size_t n = 0;
    for (size_t i = 0; out && i < r->len; i++) {
        if (!gap(r->s[i]))
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
            && !word_char(s->ptr[s->len - n - 1])) {
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
        if (s->len > n && str_eq_nocase(str_sub(*s, 0, n), str_of(*p)) && !word_char(s->ptr[n])) {
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

/* ---- all of it -------------------------------------------------------------------------------- */

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
    size_t row = (size_t)r->alarms[i].ms;
    r->alarms[i].ms = r->d->due_timed ? days_before[row].timed_ms : days_before[row].whole_ms;
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
    read_distances(&r, &day_before);
    read_instants(&r);
    read_tags(&r);
    read_priority(&r);
    read_lead_in(&r);
    bool asked = whole && r.s[0] == BLANK;
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
    read_distances(&r, &day_before);
    read_instants(&r);
    read_tags(&r);
    read_priority(&r);
    if (!keep_lists(&r, day_before, err))
        return false;
    d.title = title_of(&r, false, d.n_alarms || d.set_priority);
    if (!d.title.ptr)
        return tasks_no_memory(err);
    *io = d;
    return true;
}
