#include "llm/sse.h"

void sse_init(Sse *s, size_t max, SseFn *fn, void *arg)
{
    *s = (Sse){.fn = fn, .arg = arg};
    buf_init(&s->line, max);
    buf_init(&s->event, max);
    buf_init(&s->data, max);
}

void sse_release(Sse *s)
{
    buf_release(&s->line);
    buf_release(&s->event);
    buf_release(&s->data);
}

static bool dispatch(Sse *s, Err *err)
{
    bool ok = true;
    if (s->has_data)
        ok = s->fn(s->arg, buf_str(&s->event), buf_str(&s->data), err);
    buf_clear(&s->event);
    buf_clear(&s->data);
    s->has_data = false;
    return ok;
}

static bool field(Sse *s, Str name, Str value, Err *err)
{
    if (str_eq(name, STR("data"))) {
        if (s->has_data)
            (void)buf_add_char(&s->data, '\n'); /* of several lines, one text */
        s->has_data = true;
        (void)buf_add(&s->data, value);
        return buf_check(&s->data, "an event of the stream", err);
    }
    if (str_eq(name, STR("event"))) {
        buf_clear(&s->event);
        (void)buf_add(&s->event, value);
        return buf_check(&s->event, "an event of the stream", err);
    }
    return true;
}

static bool line_end(Sse *s, Err *err)
{
    Str line = buf_str(&s->line);
    if (!s->begun && str_starts(line, STR("\xEF\xBB\xBF")))
        line = str_sub(line, 3, line.len);
    s->begun = true;
    size_t colon = str_find(line, STR(":"), 0);
    bool ok = true;
    if (line.len == 0) {
        ok = dispatch(s, err);
    } else if (colon != 0) { /* a line that begins with one is a comment */
        Str name = str_sub(line, 0, colon);
        Str value = colon < line.len ? str_sub(line, colon + 1, line.len) : STR("");
        ok = field(s, name, str_starts(value, STR(" ")) ? str_sub(value, 1, value.len) : value,
                   err);
    }
    buf_clear(&s->line);
    return ok;
}

bool sse_feed(Sse *s, Str piece, Err *err)
{
    size_t at = 0;
    while (at < piece.len) {
        if (s->after_cr && piece.ptr[at] == '\n') { /* the second half of a CRLF */
            s->after_cr = false;
            at++;
            continue;
        }
        s->after_cr = false;
        size_t end = at;
        while (end < piece.len && piece.ptr[end] != '\n' && piece.ptr[end] != '\r')
            end++;
        (void)buf_add(&s->line, str_sub(piece, at, end));
        if (!buf_check(&s->line, "a line of the stream", err))
            return false;
        if (end == piece.len)
            return true;
        s->after_cr = piece.ptr[end] == '\r';
        if (!line_end(s, err))
            return false;
        at = end + 1;
    }
    return true;
}

bool sse_end(Sse *s, Err *err)
{
    buf_clear(&s->line);
    return dispatch(s, err);
}
