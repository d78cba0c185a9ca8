#include "app/task_ref.h"

#include "base/uuid.h"

#define SHORT_MIN 4
#define LOOK_MAX 20000 /* tasks that are looked at for the end of an id */

bool task_ref_is_id(Str typed)
{
    Uuid uuid;
    if (uuid_parse(typed, &uuid))
        return true;
    if (typed.len < SHORT_MIN || typed.len > 12)
        return false;
    for (size_t i = 0; i < typed.len; i++)
        if (str_hex_digit(typed.ptr[i]) < 0)
            return false;
    return true;
}

static bool ends_nocase(Str id, Str end)
{
    return id.len >= end.len && str_eq_nocase(str_sub(id, id.len - end.len, id.len), end);
}

typedef struct {
    Str typed;
    bool by_end, exact; /* exact: the title is what was typed */
    size_t n;
    Str id, title;
    Arena *a;
} Search;

static void look(Search *s, const Json *tasks)
{
    for (size_t i = 0; i < json_count(tasks); i++) {
        const Json *t = json_at(tasks, i);
        Str id = json_str(json_get(t, "id")), title = json_str(json_get(t, "title"));
        bool exact = !s->by_end && str_eq_nocase(title, s->typed);
        if (s->by_end && !ends_nocase(id, s->typed))
            continue;
        if (s->exact && !exact)
            continue;
        if (exact && !s->exact) {
            s->exact = true;
            s->n = 0;
        }
        if (s->n++ == 0) {
            s->id = arena_str(s->a, id);
            s->title = arena_str(s->a, title);
        }
    }
}

static bool look_at_all(Call *call, Search *s, const char *status, Err *err)
{
    Buf target, cursor;
    bool ok = true, more = true;
    buf_init(&target, 64 << 10);
    buf_init(&cursor, 16 << 10);
    for (size_t seen = 0; ok && more && seen < LOOK_MAX; seen += 200) {
        buf_clear(&target);
        buf_add_c(&target, "/api/v1/tasks?limit=200&sort=-created_at");
        call_param(&target, "status", str_of(status));
        if (!s->by_end)
            call_param(&target, "q", s->typed);
        if (cursor.len)
            call_param(&target, "cursor", buf_str(&cursor));
        Json *j = call_get(call, buf_str(&target), NULL, err);
        ok = j != NULL;
        look(s, json_get(j, "tasks"));
        Str next = json_str(json_get(j, "next_cursor"));
        buf_clear(&cursor);
        buf_add(&cursor, next);
        more = next.len > 0;
        json_free(j);
    }
    buf_release(&target);
    buf_release(&cursor);
    return ok;
}

bool task_ref_find(Call *call, Str typed, const char *status, Arena *a, Str *id, Err *err)
{
    Uuid uuid;
    if (uuid_parse(typed, &uuid)) {
        *id = typed;
        return true;
    }
    Search s = {.typed = typed, .by_end = task_ref_is_id(typed), .a = a};
    if (typed.len > 400)
        return err_set(err, ERR_VALIDATION, "a task is named by its id or by some words");
    if (!look_at_all(call, &s, status, err))
        return false;
    if (s.n == 0 && s.by_end) { /* "cafe" may be a word */
        s.by_end = false;
        if (!look_at_all(call, &s, status, err))
            return false;
    }
    bool open = strcmp(status, "open") == 0;
    if (s.n == 0)
        return err_set(err, ERR_NOT_FOUND, "no %stask is \"" STR_FMT "\"; see sotto task list",
                       open ? "open " : "", STR_ARG(typed));
    if (s.n > 1)
        return err_set(err, ERR_CONFLICT, "\"" STR_FMT "\" could be %zu tasks; say more of the "
                       "title, or the id", STR_ARG(typed), s.n);
    *id = s.id;
    return s.id.ptr || err_set(err, ERR_NO_MEMORY, "no memory for an id");
}
