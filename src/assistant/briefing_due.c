/* briefing_due.c - "Important Reminders": what is due, of tasks and of what documents commit to.
 *
 *   open tasks due by tonight, reminders that wait, commitments of the next seven days
 *     -> score -> the better first -> what means the same once -> ten
 *
 *   score = 0.5 urgency + 0.3 weight + 0.2 kind        (docs/BRIEFING.md has the values)
 *
 * What means the same is briefing_same.c's business. A task that says what a document says as well
 * is not told twice: due today, the better line stays; due later, the document's line names the
 * task; done, the document's line goes. */
#include "assistant/briefing_int.h"

#include <stdlib.h>

#include "assistant/proposals.h"
#include "text/commitment.h"

#define SHOWN 10
#define LOOKED_AT 60            /* candidates that are compared by meaning */
#define TASKS_MAX 200
#define BACK_DAYS 3             /* a date in a document that passed is told so long */
#define DAYS_MAX 20             /* birthdays and the like */
#define TEXT_MAX 160
#define ALSO_MAX 8              /* sources of one line */
#define OWN_MAX 50

typedef struct {
    BriefingItem item;
    BriefDuty duty;
} DueLine;

typedef struct {
    BriefingBuild *b;
    DueLine *items;
    size_t n, cap;
    Task *own; /* tasks of the days around that are no lines: done, or due later */
    size_t n_own;
} Due;

/* ---- the formula ----------------------------------------------------------------------------- */

static double urgency(BriefingBuild *b, int64_t due, bool overdue)
{
    int64_t days = due == TASK_NO_TIME ? 0 : brief_days_between(b, due);
    if (!overdue)
        return days <= 0 ? 0.9 : 0.9 * (1 - (double)days / (BRIEF_AHEAD_DAYS + 1));
    int64_t whole = days < 0 ? -days / 7 : 0;
    double weeks = (double)whole;
    return weeks > 6 ? 0.7 : 1 - 0.05 * weeks;
}

static double kind_value(CommitmentKind k)
{
    static const double values[COMMIT_KINDS] = {[COMMIT_DEADLINE] = 0.9, [COMMIT_PAYMENT] = 1,
        [COMMIT_APPOINTMENT] = 0.8, [COMMIT_MEETING] = 0.6, [COMMIT_EXPIRY] = 0.5};
    return values[k];
}

static double score(double urgent, double weight, double kind)
{
    return 0.5 * urgent + 0.3 * weight + 0.2 * kind;
}

static int by_score(const void *x, const void *y)
{
    const BriefingItem *a = &((const DueLine *)x)->item, *b = &((const DueLine *)y)->item;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    if (a->at != b->at)
        return a->at < b->at ? -1 : 1;
    int by_text = str_cmp(a->text, b->text);
    return by_text ? by_text : memcmp(a->sources->id.b, b->sources->id.b, sizeof(Uuid));
}

/* ---- candidates ------------------------------------------------------------------------------ */

static bool add(Due *d, BriefingItem item, Str meaning, const BriefingSource *source)
{
    Arena *a = d->b->a;
    BriefingSource *sources = ARENA_NEW_ARRAY(a, BriefingSource, ALSO_MAX);
    if (!sources || !item.text.ptr || !item.reason.ptr)
        return brief_no_memory(d->b);
    sources[0] = *source;
    item.sources = sources;
    item.n_sources = 1;
    if (d->n < d->cap)
        d->items[d->n++] = (DueLine){.item = item,
            .duty = {.said = meaning, .at = item.at, .timed = item.timed}};
    return true;
}

static bool add_task(Due *d, const Task *t, bool fired)
{
    static const double weights[] = {[TASK_LOW] = 0.25, [TASK_NORMAL] = 0.5, [TASK_HIGH] = 0.75,
        [TASK_URGENT] = 1};
    BriefingBuild *b = d->b;
    Buf why, when;
    bool over = task_overdue(b->tasks, t, b->as_of);
    BriefingItem item = {.text = brief_line(b->a, t->title.len ? t->title : STR("(no title)"),
            TEXT_MAX), .at = t->due_at, .timed = t->due_timed, .overdue = over};
    item.score = score(urgency(b, t->due_at, over), weights[t->priority], 1);
    buf_init(&why, 4096);
    buf_init(&when, 4096);
    (void)buf_printf(&why, "your %s", t->kind == TASK_REMINDER ? "reminder" : "task");
    if (t->due_at != TASK_NO_TIME) {
        when_say(b->zone, b->as_of, t->due_at, t->due_timed, &when);
        (void)buf_printf(&why, ", %s " STR_FMT, over ? "overdue: it was due" : "due",
            STR_ARG(buf_str(&when)));
    } else if (fired)
        (void)buf_add_c(&why, ", said and not yet dealt with");
    if (t->priority != TASK_NORMAL)
        (void)buf_printf(&why, ", %s priority", task_priority_name(t->priority));
    item.reason = arena_buf(b->a, &why);
    buf_release(&why);
    buf_release(&when);
    BriefingSource source = {BRIEFING_OF_TASK, t->id, t->title, t->source};
    if (!over)
        brief_changes_at(b, t->due_end);
    return add(d, item, t->title, &source);
}

static bool tasks_due(Due *d)
{
    static const TaskStatus open = TASK_OPEN;
    static const TaskKind kinds[] = {TASK_TODO, TASK_REMINDER};
    BriefingBuild *b = d->b;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.status = &open;
    f.kinds = kinds;
    f.n_kinds = 2;
    f.due_before = b->day_until;
    f.has_due = true;
    if (!tasks_list(b->tasks, &f, TASK_SORT_DUE, TASKS_MAX, STR(""), b->a, &page, b->err))
        return false;
    b->out->sections[BRIEFING_DUE].more += page.total - page.n;
    for (size_t i = 0; i < page.n; i++)
        if (!add_task(d, &page.items[i], false))
            return false;
    return true;
}

/* Reminders without a due time that were said: nobody has dealt with them. */
static bool reminders_waiting(Due *d)
{
    TaskReminder *list;
    size_t n;
    if (!tasks_waiting(d->b->tasks, TASKS_MAX, d->b->a, &list, &n, d->b->err))
        return false;
    for (size_t i = 0; i < n; i++) {
        const Task *t = &list[i].task;
        bool known = t->due_at != TASK_NO_TIME || t->status != TASK_OPEN
            || (t->kind != TASK_TODO && t->kind != TASK_REMINDER);
        for (size_t k = 0; k < d->n && !known; k++)
            known = uuid_eq(&d->items[k].item.sources->id, &t->id);
        if (!known && !add_task(d, t, true))
            return false;
    }
    return true;
}

static bool add_commitment(Due *d, const StoredCommitment *c, double importance)
{
    BriefingBuild *b = d->b;
    Str said = commitment_title(c->text, c->title);
    int64_t end = c->timed ? c->due_at : c->due_at + BRIEF_DAY_MS;
    bool over = c->timed ? c->due_at < b->as_of : brief_days_between(b, c->due_at) < 0;
    Str when = brief_when(b, c->due_at, c->timed);
    Str title = brief_line(b->a, c->title, 80);
    BriefingItem item = {.text = brief_line(b->a, said.len ? said : c->text, TEXT_MAX),
        .at = c->due_at, .timed = c->timed, .overdue = over};
    item.score = score(urgency(b, c->due_at, over), c->strength * (0.5 + 0.5 * importance),
        kind_value((CommitmentKind)c->kind));
    if (when.ptr && title.ptr)
        item.reason = arena_printf(b->a, "%s in \"" STR_FMT "\", %s " STR_FMT,
            commitment_kind_name((CommitmentKind)c->kind), STR_ARG(title),
            over ? "its date passed: it was due" : "due", STR_ARG(when));
    BriefingSource source = {BRIEFING_OF_DOCUMENT, c->document, c->title, c->source};
    brief_changes_at(b, end);
    return add(d, item, said.len ? said : c->text, &source);
}

static bool commitments_due(Due *d)
{
    static const CommitmentState open = COMMITMENT_OPEN;
    BriefingBuild *b = d->b;
    StoredCommitment *list;
    size_t n;
    uint64_t total;
    CommitmentQuery q = {.from = brief_midnight(b, -BACK_DAYS),
        .until = brief_midnight(b, 1 + BRIEF_AHEAD_DAYS), .least = COMMITMENT_STRONG,
        .state = &open, .limit = 500};
    if (!store_commitment_list(b->store, b->owner, &q, b->a, &list, &n, &total, b->err))
        return false;
    b->out->sections[BRIEFING_DUE].more += total - n;
    for (size_t i = 0; i < n; i++) {
        Document doc = {.importance = 0.5};
        Err gone = ERR_INIT;
        if (!store_document_get(b->store, b->owner, &list[i].document, false, b->a, &doc, &gone)
            && gone.code != ERR_NOT_FOUND)
            return err_set(b->err, gone.code, "%s", gone.msg);
        if (gone.code == ERR_NONE && !add_commitment(d, &list[i], doc.importance))
            return false;
    }
    return true;
}

/* Weight of a normal task; a kind of its own, 0.8, as an appointment. */
static bool days_due(Due *d)
{
    BriefingItem items[DAYS_MAX];
    size_t n;
    if (!brief_days(d->b, items, DAYS_MAX, &n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const BriefingSource source = items[i].sources[0];
        items[i].score = score(urgency(d->b, items[i].at, false), 0.5, 0.8);
        if (!add(d, items[i], items[i].text, &source))
            return false;
    }
    return true;
}

/* ---- the same thing twice -------------------------------------------------------------------- */

/* Takes a source to x, and says so. */
static bool join(BriefingBuild *b, BriefingItem *x, const BriefingSource *y, const char *how)
{
    bool known = false;
    for (size_t i = 0; i < x->n_sources; i++)
        known |= uuid_eq(&x->sources[i].id, &y->id);
    if (known || x->n_sources == ALSO_MAX)
        return true;
    x->sources[x->n_sources++] = *y;
    Str title = brief_line(b->a, y->title, 60);
    x->reason = arena_printf(b->a, STR_FMT "; %s \"" STR_FMT "\"", STR_ARG(x->reason), how,
        STR_ARG(title));
    return (title.ptr && x->reason.ptr) || brief_no_memory(b);
}

static bool tasks_around(Due *d, TaskStatus status, int64_t from, Task **out, size_t *n)
{
    BriefingBuild *b = d->b;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    f.status = &status;
    f.due_from = from;
    f.due_before = brief_midnight(b, 1 + BRIEF_AHEAD_DAYS);
    f.has_due = true;
    if (!tasks_list(b->tasks, &f, TASK_SORT_DUE, OWN_MAX, STR(""), b->a, &page, b->err))
        return false;
    *out = page.items;
    *n = page.n;
    return true;
}

/* Tasks that only matter to documents that say the same. */
static bool own_tasks(Due *d)
{
    Task *done, *open;
    size_t n_done, n_open;
    if (!tasks_around(d, TASK_DONE, brief_midnight(d->b, -BACK_DAYS), &done, &n_done) ||
        !tasks_around(d, TASK_OPEN, d->b->day_until, &open, &n_open))
        return false;
    d->own = ARENA_NEW_ARRAY(d->b->a, Task, n_done + n_open + 1);
    if (!d->own)
        return brief_no_memory(d->b);
    if (n_done)
        memcpy(d->own, done, n_done * sizeof *done);
    if (n_open)
        memcpy(d->own + n_done, open, n_open * sizeof *open);
    d->n_own = n_done + n_open;
    return true;
}

/* Vectors of the first `n` lines and of the person's own tasks. */
static bool embed(Due *d, size_t n, BriefDuty **own)
{
    BriefingBuild *b = d->b;
    float *v;
    bool have;
    Str *texts = ARENA_NEW_ARRAY(b->a, Str, n + d->n_own + 1);
    *own = ARENA_NEW_ARRAY(b->a, BriefDuty, d->n_own + 1);
    if (!texts || !*own)
        return brief_no_memory(b);
    for (size_t i = 0; i < n + d->n_own; i++) {
        BriefDuty *duty = i < n ? &d->items[i].duty : &(*own)[i - n];
        if (i >= n) {
            const Task *t = &d->own[i - n];
            *duty = (BriefDuty){.said = t->title, .at = t->due_at, .timed = t->due_timed};
        }
        texts[i] = duty->text = brief_duty(b, duty->said);
        if (!texts[i].ptr)
            return brief_no_memory(b);
    }
    if (!brief_embed(b, texts, n + d->n_own, &v, &have))
        return false;
    for (size_t i = 0; have && i < n; i++)
        d->items[i].duty.vector = v + i * MINILM_DIM;
    for (size_t i = 0; have && i < d->n_own; i++)
        (*own)[i].vector = v + (n + i) * MINILM_DIM;
    return true;
}

/* Of a document's line: *gone when a task that is done says the same. */
static bool beside_own(Due *d, const BriefDuty *own, DueLine *line, bool *gone)
{
    *gone = false;
    for (size_t i = 0; i < d->n_own && !*gone; i++) {
        if (line->item.sources->of != BRIEFING_OF_DOCUMENT ||
            !brief_same_duty(d->b, &line->duty, &own[i]))
            continue;
        const Task *t = &d->own[i];
        BriefingSource source = {BRIEFING_OF_TASK, t->id, t->title, t->source};
        *gone = t->status == TASK_DONE;
        if (!*gone && !join(d->b, &line->item, &source, "also your task"))
            return false;
    }
    return true;
}

static bool pick(Due *d)
{
    BriefingBuild *b = d->b;
    BriefingSection *s = &b->out->sections[BRIEFING_DUE];
    size_t n = d->n < LOOKED_AT ? d->n : LOOKED_AT, kept = 0;
    BriefDuty *own;
    if (!own_tasks(d) || !embed(d, n, &own))
        return false;
    for (size_t i = 0; i < d->n; i++) {
        DueLine c = d->items[i];
        bool gone;
        size_t k = 0;
        if (!beside_own(d, own, &c, &gone))
            return false;
        while (!gone && k < kept && !brief_same_duty(b, &d->items[k].duty, &c.duty))
            k++;
        if (!gone && k == kept)
            d->items[kept++] = c;
        else if (!gone && !join(b, &d->items[k].item, &c.item.sources[0],
                     c.item.sources->of == BRIEFING_OF_TASK ? "also your task" : "also in"))
            return false;
    }
    s->n = kept < SHOWN ? kept : SHOWN;
    s->more += kept - s->n;
    s->items = ARENA_NEW_ARRAY(b->a, BriefingItem, s->n + 1);
    for (size_t i = 0; s->items && i < s->n; i++)
        s->items[i] = d->items[i].item;
    return s->items || brief_no_memory(b);
}

bool brief_due(BriefingBuild *b)
{
    BriefingSection *s = &b->out->sections[BRIEFING_DUE];
    Due d = {.b = b, .cap = 2 * TASKS_MAX + 500 + DAYS_MAX};
    Buf lead;
    d.items = ARENA_NEW_ARRAY(b->a, DueLine, d.cap);
    if (!d.items)
        return brief_no_memory(b);
    if (!tasks_due(&d) || !reminders_waiting(&d) || !commitments_due(&d) ||
        !days_due(&d))
        return false;
    qsort(d.items, d.n, sizeof *d.items, by_score);
    if (!pick(&d))
        return false;
    size_t over = 0;
    for (size_t i = 0; i < s->n; i++)
        over += s->items[i].overdue;
    buf_init(&lead, 4096);
    if (s->n == 0)
        (void)buf_add_c(&lead, "Nothing is due.");
    else {
        brief_count(&lead, s->n + s->more, "thing", "things");
        (void)buf_printf(&lead, ", %zu of them past %s time.", over, over == 1 ? "its" : "their");
        if (s->more)
            (void)buf_printf(&lead, " The %zu most important:", s->n);
    }
    s->lead = arena_buf(b->a, &lead);
    buf_release(&lead);
    return s->lead.ptr || brief_no_memory(b);
}
