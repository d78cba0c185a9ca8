/* fuzz_task_text.c - any sentence is read as a task or refused with a reason; its title is UTF-8
 * when the sentence was, and nothing of the reader's own marks is left in it. */
#include <stdlib.h>

#include "assistant/tasks.h"
#include "base/utf8.h"

#define NOW 1795424400000LL /* 2026-11-23T09:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Tasks *t;
    Err err = ERR_INIT;
    Str text = str_mem((const char *)data, size);
    TaskDraft d;
    int64_t at;
    bool timed;
    if (!t && !(t = tasks_new(&(TasksOptions){.zone = STR("UTC")}, &err)))
        abort();
    Arena *a = arena_new((size_t)16 << 20);
    if (!a)
        return 0;
    if (tasks_read(t, text, NOW, a, &d, &err)) {
        if (d.title.len > size + 8 || (d.title.len && memchr(d.title.ptr, 1, d.title.len)))
            abort();
        if (utf8_valid_len(text) == size && utf8_valid_len(d.title) != d.title.len)
            abort();
        if (d.n_alarms > TASK_MAX_ALARMS || d.n_tags > TASK_MAX_TAGS)
            abort();
    } else if (err.code == ERR_NONE || !err.msg[0]) {
        abort();
    }
    err = ERR_INIT;
    if (!tasks_read_time(t, text, NOW, NULL, &at, &timed, &err) && err.code == ERR_NONE)
        abort();
    err = ERR_INIT;
    if (tasks_read_span(t, text, NOW, &at, &err) && at <= NOW)
        abort();
    arena_free(a);
    return 0;
}
