/* tasks.c - tasks, reminders, timers: list, make, change, complete, snooze, undo, acknowledge. */
#include "api/call.h"
#include "api/task_json.h"
#include "base/clock.h"

bool call_tasks(const ApiCall *c, Tasks **t, Err *err)
{
    *t = c->parts->tasks;
    return *t || err_set(err, ERR_UNAVAILABLE, "tasks are not kept here");
}

/* ---- answers -------------------------------------------------------------------------------- */

static void add_change(ApiCall *c, JsonW *w, const Uuid *change)
{
    char id[UUID_TEXT];
    jw_kv_cstr(w, "change_id", uuid_format(change, id));
    http_resp_header(c->x, "Sotto-Change-Id", arena_str(c->arena, str_of(id)));
}

static bool reply_result(ApiCall *c, Tasks *t, const TaskResult *r, int status, Err *err)
{
    JsonW w;
    char id[UUID_TEXT];
    jw_init(&w, &c->out);
    jw_obj(&w);
    task_members(&w, t, &r->task);
    add_change(c, &w, &r->change);
    if (r->moved_on)
        jw_kv_cstr(&w, "completed_occurrence", uuid_format(&r->occurrence, id));
    jw_obj_end(&w);
    return call_json(c, status, err);
}

static void change_members(JsonW *w, const TaskChangeInfo *i)
{
    char id[UUID_TEXT], at[CLOCK_RFC3339_MAX];
    jw_kv_cstr(w, "id", uuid_format(&i->id, id));
    jw_kv_cstr(w, "what", i->what);
    jw_kv_cstr(w, "at", clock_format(i->at, at));
    jw_kv_bool(w, "undone", i->undone);
}

/* ---- lists ---------------------------------------------------------------------------------- */

static void list_end(JsonW *w, const TaskPage *page)
{
    jw_kv_int(w, "total", (int64_t)page->total);
    jw_kv_opt(w, "next_cursor", page->next_cursor);
}

static TaskSort sort_of(Str name)
{
    static const char *const names[] = {"due_at", "-due_at", "created_at", "-created_at",
        "updated_at", "-updated_at", "-priority", "title"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq(name, str_of(names[i])))
            return (TaskSort)i;
    return TASK_SORT_DUE;
}

typedef struct {
    TaskFilter f;
    TaskStatus status;
    TaskPriority priority;
    TaskKind kinds[TASK_KINDS];
    Str source;
} ListFilter;

static int64_t time_or_none(const FieldValue *v)
{
    return v->given ? v->i : TASK_NO_TIME;
}

static bool read_filter(ApiCall *c, ListFilter *l, Err *err)
{
    const FieldValue *kinds = call_query(c, "kind");
    l->f = TASK_FILTER_ALL;
    if (task_status_parse(call_query(c, "status")->str, &l->status))
        l->f.status = &l->status;
    if (task_priority_parse(call_query(c, "priority")->str, &l->priority))
        l->f.priority = &l->priority;
    for (size_t i = 0; i < kinds->n_list; i++) {
        TaskKind k;
        if (!task_kind_parse(kinds->list[i], &k))
            return err_set(err, ERR_VALIDATION,
                "kind must be one of task|reminder|timer|alarm");
        if (l->f.n_kinds < TASK_KINDS)
            l->kinds[l->f.n_kinds++] = k;
    }
    l->f.kinds = l->kinds;
    l->f.tags = call_query(c, "tag")->list;
    l->f.n_tags = call_query(c, "tag")->n_list;
    l->f.q = call_query(c, "q")->str;
    l->f.due_from = time_or_none(call_query(c, "due_after"));
    l->f.due_before = time_or_none(call_query(c, "due_before"));
    l->f.done_from = time_or_none(call_query(c, "completed_after"));
    l->f.done_before = time_or_none(call_query(c, "completed_before"));
    if (call_query(c, "overdue")->b)
        l->f.overdue_at = clock_now_ms();
    if (call_query(c, "series")->given)
        l->f.series = &call_query(c, "series")->uuid;
    l->source = call_query(c, "source")->str;
    if (call_query(c, "source")->given)
        l->f.source = &l->source;
    return true;
}

bool task_list(ApiCall *c, Err *err)
{
    Tasks *t;
    ListFilter l = {0};
    TaskPage page;
    JsonW w;
    if (!call_tasks(c, &t, err) || !read_filter(c, &l, err)
        || !tasks_list(t, &l.f, sort_of(call_query(c, "sort")->str),
            (size_t)call_query(c, "limit")->i, call_query(c, "cursor")->str, c->arena, &page, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "tasks");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++)
        task_json(&w, t, &page.items[i]);
    jw_arr_end(&w);
    list_end(&w, &page);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- members of a request ------------------------------------------------------------------- */

/* A date alone is a whole day in the zone; anything longer a moment. */
static bool due_value(Tasks *t, const FieldValue *v, Str zone, int64_t *at, bool *timed, Err *err)
{
    const Zone *z = tasks_zone(t);
    Task probe = {.zone = zone};
    *timed = v->str.len > 10;
    *at = v->i;
    if (*timed)
        return true;
    if (zone.len)
        z = tasks_zone_of(t, &probe);
    Civil day = {.month = 1, .day = 1};
    clock_civil_from_days(v->i / 86400000 - (v->i % 86400000 < 0), &day.year, &day.month, &day.day);
    *at = zone_instant(z, &day, NULL);
    return *at != TASK_NO_TIME || err_set(err, ERR_VALIDATION, "due_at is out of range");
}

/* remind_at and remind_before into alarms. */
static bool read_alarms(ApiCall *c, Tasks *t, bool untimed, TaskAlarm **out, size_t *n, bool *set,
    Err *err)
{
    const FieldValue *at = call_body(c, "remind_at"), *before = call_body(c, "remind_before");
    *set = at->given || before->given;
    *n = 0;
    *out = ARENA_NEW_ARRAY(c->arena, TaskAlarm, before->n_list + 2);
    if (!*out)
        return err_set(err, ERR_NO_MEMORY, "no memory for the reminders");
    if (at->given && !at->is_null)
        (*out)[(*n)++] = (TaskAlarm){true, at->i};
    for (size_t i = 0; i < before->n_list; i++) {
        int64_t until;
        /* From a day that no change of a clock is near: a length, not an instant. */
        if (str_eq(before->list[i], STR("0")))
            until = 0;
        else if (!tasks_read_span(t, before->list[i], 0, &until, err))
            return err_wrap(err, "remind_before");
        (*out)[(*n)++] = (TaskAlarm){false, (untimed ? 9 * 3600000LL : 0) - until};
    }
    return true;
}

/* The words of `due`, or due_at; *given: either. */
static bool read_due(ApiCall *c, Tasks *t, const Task *base, bool *given, int64_t *at, bool *timed,
    Err *err)
{
    const FieldValue *words = call_body(c, "due"), *due = call_body(c, "due_at");
    *given = words->given || due->given;
    if (words->given && due->given)
        return err_set(err, ERR_VALIDATION, "due and due_at say the same; give one of them");
    if (words->given)
        return tasks_read_time(t, words->str, clock_now_ms(), base, at, timed, err)
            || err_wrap(err, "due");
    *at = TASK_NO_TIME;
    *timed = false;
    if (!due->given || due->is_null)
        return true;
    Str zone = call_body(c, "zone")->given ? call_body(c, "zone")->str
        : base ? base->zone : STR("");
    return due_value(t, due, zone, at, timed, err);
}

/* ---- make ----------------------------------------------------------------------------------- */

static bool draft_members(ApiCall *c, Tasks *t, TaskDraft *d, Err *err)
{
    const FieldValue *kind = call_body(c, "kind"), *priority = call_body(c, "priority");
    const FieldValue *rrule = call_body(c, "rrule"), *tags = call_body(c, "tags");
    TaskAlarm *alarms;
    bool given;
    int64_t at;
    bool timed;
    if (call_body(c, "title")->given)
        d->title = call_body(c, "title")->str;
    if (call_body(c, "notes")->given)
        d->notes = call_body(c, "notes")->str;
    if (kind->given)
        (void)task_kind_parse(kind->str, &d->kind);
    if (priority->given)
        d->set_priority = task_priority_parse(priority->str, &d->priority);
    if (call_body(c, "zone")->given)
        d->zone = call_body(c, "zone")->str;
    if (rrule->given && !rrule->is_null)
        d->rrule = rrule->str;
    if (tags->given) {
        d->tags = tags->list;
        d->n_tags = tags->n_list;
    }
    if (call_body(c, "source")->given)
        d->source = call_body(c, "source")->str;
    if (!read_due(c, t, NULL, &given, &at, &timed, err))
        return false;
    if (given) {
        d->due_at = at;
        d->due_timed = timed;
    }
    if (call_body(c, "duration")->given) {
        if (given)
            return err_set(err, ERR_VALIDATION, "a duration and a due time contradict each other");
        if (!tasks_read_span(t, call_body(c, "duration")->str, clock_now_ms(), &d->due_at, err))
            return err_wrap(err, "duration");
        d->due_timed = true;
    }
    size_t n;
    bool set;
    if (!read_alarms(c, t, d->due_at != TASK_NO_TIME && !d->due_timed, &alarms, &n, &set, err))
        return false;
    if (set) {
        d->alarms = alarms;
        d->n_alarms = n;
        d->set_alarms = true;
    }
    return true;
}

bool task_add(ApiCall *c, Err *err)
{
    Tasks *t;
    TaskDraft d = TASK_DRAFT_NONE;
    TaskResult r;
    const FieldValue *text = call_body(c, "text");
    if (!call_tasks(c, &t, err))
        return false;
    if (text->given && !tasks_read(t, text->str, clock_now_ms(), c->arena, &d, err))
        return false;
    if (!draft_members(c, t, &d, err))
        return false;
    if (!str_trim(d.title).len && d.kind < TASK_TIMER)
        return err_set(err, ERR_VALIDATION, "text or title is missing");
    if (!tasks_create(t, &d, c->arena, &r, err))
        return false;
    char id[UUID_TEXT];
    http_resp_header(c->x, "Location",
        arena_printf(c->arena, "/api/v1/tasks/%s", uuid_format(&r.task.id, id)));
    return reply_result(c, t, &r, 201, err);
}

/* ---- one ------------------------------------------------------------------------------------ */

static bool named(ApiCall *c, Tasks **t, Uuid *id, Err *err)
{
    return call_tasks(c, t, err) && call_path_uuid(c, "id", "task", id, err);
}

bool task_get(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    Task task;
    TaskFilter f = TASK_FILTER_ALL;
    TaskPage page;
    JsonW w;
    if (!named(c, &t, &id, err) || !tasks_get(t, &id, c->arena, &task, err))
        return false;
    f.series = &id;
    if (!tasks_list(t, &f, TASK_SORT_CREATED_DESC, 100, STR(""), c->arena, &page, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    task_members(&w, t, &task);
    jw_key(&w, "history");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++)
        task_json(&w, t, &page.items[i]);
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

typedef struct {
    TaskPatch p;
    Str title, notes, rrule, zone;
    TaskPriority priority;
    int64_t due_at;
    bool any;
} Patch;

static bool read_patch(ApiCall *c, Tasks *t, const Task *task, Patch *x, Err *err)
{
    const FieldValue *rrule = call_body(c, "rrule"), *tags = call_body(c, "tags");
    TaskAlarm *alarms;
    bool due, timed;
    x->title = call_body(c, "title")->str;
    x->notes = call_body(c, "notes")->str;
    x->zone = call_body(c, "zone")->str;
    x->rrule = rrule->given && !rrule->is_null ? rrule->str : STR("");
    if (call_body(c, "title")->given)
        x->p.title = &x->title;
    if (call_body(c, "notes")->given)
        x->p.notes = &x->notes;
    if (call_body(c, "zone")->given)
        x->p.zone = &x->zone;
    if (rrule->given)
        x->p.rrule = &x->rrule;
    if (call_body(c, "priority")->given && task_priority_parse(call_body(c, "priority")->str,
            &x->priority))
        x->p.priority = &x->priority;
    x->p.tags = tags->list;
    x->p.n_tags = tags->n_list;
    x->p.set_tags = tags->given;
    x->p.whole_series = call_body(c, "whole_series")->b;
    if (!read_due(c, t, task, &due, &x->due_at, &timed, err))
        return false;
    if (due) {
        x->p.due_at = &x->due_at;
        x->p.due_timed = timed;
    }
    bool untimed = due ? x->due_at != TASK_NO_TIME && !timed
        : task->due_at != TASK_NO_TIME && !task->due_timed;
    if (!read_alarms(c, t, untimed, &alarms, &x->p.n_alarms, &x->p.set_alarms, err))
        return false;
    x->p.alarms = alarms;
    x->any = x->p.title || x->p.notes || x->p.zone || x->p.rrule || x->p.priority
        || x->p.set_tags || x->p.due_at || x->p.set_alarms;
    return true;
}

static bool to_status(Tasks *t, const Uuid *id, Str name, Arena *a, TaskResult *r, Err *err)
{
    if (str_eq(name, STR("done")))
        return tasks_complete(t, id, a, r, err);
    if (str_eq(name, STR("cancelled")))
        return tasks_cancel(t, id, a, r, err);
    return tasks_reopen(t, id, a, r, err);
}

bool task_change(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    Task task;
    Patch x = {0};
    TaskResult r = {0};
    const FieldValue *status = call_body(c, "status");
    if (!named(c, &t, &id, err) || !tasks_get(t, &id, c->arena, &task, err)
        || !read_patch(c, t, &task, &x, err))
        return false;
    bool moves = status->given
        && !str_eq(status->str, str_of(task_status_name(task.status)));
    if (!x.any && !moves) {
        if (!status->given)
            return err_set(err, ERR_VALIDATION, "nothing is to be changed");
        JsonW w; /* it is so already */
        jw_init(&w, &c->out);
        task_json(&w, t, &task);
        return call_json(c, 200, err);
    }
    if (x.any && moves)
        return err_set(err, ERR_VALIDATION,
            "status is changed by itself, so that it can be undone by itself");
    return (moves ? to_status(t, &id, status->str, c->arena, &r, err)
                  : tasks_change(t, &id, &x.p, c->arena, &r, err))
        && reply_result(c, t, &r, 200, err);
}

bool task_remove(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskResult r;
    char change[UUID_TEXT];
    if (!named(c, &t, &id, err) || !tasks_delete(t, &id, c->arena, &r, err))
        return false;
    http_resp_header(c->x, "Sotto-Change-Id",
        arena_str(c->arena, str_of(uuid_format(&r.change, change))));
    c->x->resp.status = 204;
    return true;
}

bool task_complete(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskResult r;
    return named(c, &t, &id, err) && tasks_complete(t, &id, c->arena, &r, err)
        && reply_result(c, t, &r, 200, err);
}

bool task_reopen(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskResult r;
    return named(c, &t, &id, err) && tasks_reopen(t, &id, c->arena, &r, err)
        && reply_result(c, t, &r, 200, err);
}

bool task_cancel(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskResult r;
    return named(c, &t, &id, err) && tasks_cancel(t, &id, c->arena, &r, err)
        && reply_result(c, t, &r, 200, err);
}

bool task_snooze(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskResult r;
    int64_t until, now = clock_now_ms();
    bool timed;
    const FieldValue *at = call_body(c, "until"), *span = call_body(c, "for");
    if (!named(c, &t, &id, err))
        return false;
    if (at->given == span->given)
        return err_set(err, ERR_VALIDATION, "give either until or for");
    if (span->given) {
        if (!tasks_read_span(t, span->str, now, &until, err))
            return err_wrap(err, "for");
    } else {
        if (!tasks_read_time(t, at->str, now, NULL, &until, &timed, err))
            return err_wrap(err, "until");
        if (!timed)
            until += 9 * 3600000LL; /* a day: from nine on */
    }
    return tasks_snooze(t, &id, until, c->arena, &r, err) && reply_result(c, t, &r, 200, err);
}

/* ---- undo ----------------------------------------------------------------------------------- */

bool task_undo(ApiCall *c, Err *err)
{
    Tasks *t;
    TaskChangeInfo info;
    const FieldValue *change = call_body(c, "change_id");
    JsonW w;
    char id[UUID_TEXT];
    if (!call_tasks(c, &t, err)
        || !tasks_undo(t, change->given ? &change->uuid : NULL, c->arena, &info, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "undone");
    jw_obj(&w);
    change_members(&w, &info);
    jw_obj_end(&w);
    jw_key(&w, "tasks");
    jw_arr(&w);
    for (size_t i = 0; i < info.n_tasks; i++) {
        Task task;
        if (tasks_get(t, &info.tasks[i], c->arena, &task, NULL))
            task_json(&w, t, &task);
    }
    jw_arr_end(&w);
    jw_key(&w, "gone");
    jw_arr(&w);
    for (size_t i = 0; i < info.n_tasks; i++) {
        Task task;
        if (!tasks_get(t, &info.tasks[i], c->arena, &task, NULL))
            jw_cstr(&w, uuid_format(&info.tasks[i], id));
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool task_changes(ApiCall *c, Err *err)
{
    Tasks *t;
    TaskChangeInfo *list;
    size_t n;
    JsonW w;
    char id[UUID_TEXT];
    if (!call_tasks(c, &t, err)
        || !store_task_changes(tasks_store(t), c->owner, (size_t)call_query(c, "limit")->i,
            c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "changes");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++) {
        jw_obj(&w);
        change_members(&w, &list[i]);
        jw_key(&w, "tasks");
        jw_arr(&w);
        for (size_t k = 0; k < list[i].n_tasks; k++)
            jw_cstr(&w, uuid_format(&list[i].tasks[k], id));
        jw_arr_end(&w);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- reminders ------------------------------------------------------------------------------ */

static void reminder_json(JsonW *w, Tasks *t, const TaskReminder *r)
{
    jw_obj(w);
    delivery_members(w, &r->delivery);
    jw_key(w, "task");
    if (r->task.title.len)
        task_json(w, t, &r->task);
    else
        jw_null(w); /* deleted since */
    jw_obj_end(w);
}

bool reminder_list(ApiCall *c, Err *err)
{
    Tasks *t;
    TaskReminder *list;
    size_t n;
    JsonW w;
    if (!call_tasks(c, &t, err)
        || !tasks_waiting(t, (size_t)call_query(c, "limit")->i, c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "reminders");
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        reminder_json(&w, t, &list[i]);
    jw_arr_end(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool reminder_acknowledge(ApiCall *c, Err *err)
{
    Tasks *t;
    Uuid id;
    TaskReminder r;
    bool first;
    JsonW w;
    if (!call_tasks(c, &t, err) || !call_path_uuid(c, "id", "reminder", &id, err)
        || !tasks_acknowledge(t, &id, c->arena, &r, &first, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    delivery_members(&w, &r.delivery);
    jw_kv_bool(&w, "first", first);
    jw_key(&w, "task");
    if (r.task.title.len)
        task_json(&w, t, &r.task);
    else
        jw_null(&w);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
