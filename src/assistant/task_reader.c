/* task_reader.c - words of a sentence; reminder clauses, tags and priorities out of it. */
#include "assistant/task_reader.h"

/* ---- words ---------------------------------------------------------------------------------- */

bool sentence_word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\''
        || (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The end of `phrase` at `at`, where one space stands for any white space; SIZE_MAX: not there. */
size_t sentence_match(const Reader *r, size_t at, const char *phrase)
{
    size_t i = at;
    if (at > 0 && sentence_word_char(r->s[at - 1]) && sentence_word_char(phrase[0]))
        return SIZE_MAX;
    for (const char *p = phrase; *p; p++) {
        if (*p == ' ') {
            size_t from = i;
            while (i < r->len && (r->s[i] == ' ' || r->s[i] == '\t' || r->s[i] == SENTENCE_BLANK))
                i++;
            if (i == from)
                return SIZE_MAX;
        } else if (i < r->len && lower(r->s[i]) == *p) {
            i++;
        } else {
            return SIZE_MAX;
        }
    }
    bool cut = i < r->len && sentence_word_char(r->s[i])
        && sentence_word_char(phrase[strlen(phrase) - 1]);
    return cut ? SIZE_MAX : i;
}

bool sentence_find(const Reader *r, const char *phrase, size_t from, size_t *start, size_t *end)
{
    for (size_t i = from; i < r->len; i++) {
        *end = sentence_match(r, i, phrase);
        if (*end != SIZE_MAX) {
            *start = i;
            return true;
        }
    }
    return false;
}

void sentence_blank(Reader *r, size_t from, size_t to)
{
    memset(r->s + from, SENTENCE_BLANK, to - from);
}

bool sentence_gap(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == SENTENCE_BLANK;
}

size_t sentence_skip_gap(const Reader *r, size_t at)
{
    while (at < r->len && sentence_gap(r->s[at]))
        at++;
    return at;
}

/* Takes one of these phrases away when it stands right before `at`; returns where it begins. */
static size_t take_before(Reader *r, size_t at, const char *const *phrases)
{
    size_t end = at;
    while (end > 0 && (sentence_gap(r->s[end - 1]) || r->s[end - 1] == ','))
        end--;
    for (; *phrases; phrases++) {
        size_t n = strlen(*phrases);
        if (n <= end && sentence_match(r, end - n, *phrases) == end) {
            sentence_blank(r, end - n, at);
            return end - n;
        }
    }
    return at;
}

/* ---- reminder clauses ----------------------------------------------------------------------- */

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
        if (sentence_find(r, *p, 0, &start, &end) && end <= at)
            return true;
    return r->reminds || r->n_alarms > 0;
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
        while (at > 0 && sentence_gap(r->s[at - 1]))
            at--;
        if (at == 0 || !sentence_word_char(r->s[at - 1]))
            break;
        while (at > 0
            && (sentence_word_char(r->s[at - 1]) || r->s[at - 1] == '.' || r->s[at - 1] == '-'))
            at--;
        When w;
        if (tasks_whole_span(&c, str_mem(r->s + at, end - at), &w)) {
            *ms = when_add(r->t->zone, r->now, &w) - r->now;
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
    sentence_blank(r, start, end);
    size_t at = start, before;
    do {
        before = at;
        at = take_before(r, at, asks);
        at = take_before(r, at, joins);
    } while (at != before);
}

void sentence_distances(Reader *r, bool *day_before)
{
    size_t start, end;
    for (size_t i = 0; i < sizeof days_before / sizeof *days_before; i++) {
        if (!sentence_find(r, days_before[i].phrase, 0, &start, &end) || !asked_before(r, start))
            continue;
        add_alarm(r, false, (int64_t)i); /* settled when it is known what the day is */
        *day_before = true;
        blank_clause(r, start, end);
        return;
    }
    for (const char *const *p = ahead; *p; p++) {
        size_t from = 0;
        while (sentence_find(r, *p, from, &start, &end)) {
            int64_t ms = 0;
            size_t stop = start;
            while (stop > 0 && sentence_gap(r->s[stop - 1]))
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
void sentence_instants(Reader *r)
{
    WhenContext c = {.now_ms = r->now, .zone = r->t->zone, .prefer = WHEN_FUTURE,
        .day_first = r->t->day_first};
    for (const char *const *p = asks; *p; p++) {
        size_t start, end;
        if (!sentence_find(r, *p, 1, &start, &end))
            continue;
        size_t from = sentence_skip_gap(r, end);
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

/* ---- tags and priority ---------------------------------------------------------------------- */

static bool tag_char(char c)
{
    return sentence_word_char(c) ? c != '\'' : c == '-' || c == '_' || c == '/';
}

void sentence_tags(Reader *r)
{
    for (size_t i = 0; i < r->len; i++) {
        if (r->s[i] != '#' || (i > 0 && !sentence_gap(r->s[i - 1]) && r->s[i - 1] != '('))
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
        sentence_blank(r, i, end);
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
    while (before > 0 && sentence_gap(r->s[before - 1]))
        before--;
    while (after < r->len && sentence_gap(r->s[after]))
        after++;
    bool left = before == 0 || mark(r->s[before - 1]);
    bool right = after == r->len || mark(r->s[after]);
    return left && right && !(before == 0 && after == r->len);
}

void sentence_priority(Reader *r)
{
    static const char *const with[] = {"with", "it is", "it's", "this is", "very", "mark it as",
        "marked", "as", "and", "at", NULL};
    size_t start, end;
    for (size_t i = 0; i < sizeof priority_words / sizeof *priority_words; i++) {
        if (!sentence_find(r, priority_words[i].phrase, 0, &start, &end))
            continue;
        bool apart = priority_words[i].where == ANYWHERE || stands_apart(r, start, end);
        if (!apart && priority_words[i].where == APART)
            continue;
        r->d->priority = priority_words[i].priority;
        r->d->set_priority = true;
        if (!apart)
            return;
        size_t after = sentence_skip_gap(r, end);
        if (after < r->len && (r->s[after] == ':' || r->s[after] == ')' || r->s[after] == ']'))
            end = after + 1;
        sentence_blank(r, start, end);
        take_before(r, start, with);
        return;
    }
}

int64_t sentence_day_before(const Reader *r, int64_t row)
{
    return r->d->due_timed ? days_before[row].timed_ms : days_before[row].whole_ms;
}
