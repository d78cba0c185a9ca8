#include "llm/chat.h"

#include "base/utf8.h"

#define THINK "<think>"
#define THOUGHT "</think>"

void chat_init(ChatAnswer *c, bool (*on_text)(void *arg, Str piece), void *arg)
{
    *c = (ChatAnswer){.on_text = on_text, .arg = arg};
    buf_init(&c->text, CHAT_TEXT_MAX);
    buf_init(&c->held, CHAT_TEXT_MAX);
    for (size_t i = 0; i < CHAT_CALLS_MAX; i++) {
        buf_init(&c->calls[i].id, 512);
        buf_init(&c->calls[i].name, 128);
        buf_init(&c->calls[i].arguments, CHAT_ARGUMENTS_MAX);
    }
}

void chat_release(ChatAnswer *c)
{
    buf_release(&c->text);
    buf_release(&c->held);
    for (size_t i = 0; i < CHAT_CALLS_MAX; i++) {
        buf_release(&c->calls[i].id);
        buf_release(&c->calls[i].name);
        buf_release(&c->calls[i].arguments);
    }
}

static bool broken(Err *err, const char *what)
{
    return err_set(err, ERR_CORRUPT, "the language model's answer is not the protocol: %s", what);
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool give(ChatAnswer *c, Str piece, Err *err)
{
    if (!piece.len)
        return true;
    (void)buf_add(&c->text, piece);
    if (!buf_check(&c->text, "the language model's answer", err))
        return false;
    return !c->on_text || c->on_text(c->arg, piece) ||
           err_set(err, ERR_CANCELLED, "nobody waits for the answer any more");
}

/* How many bytes at the end of s may be the beginning of `mark`. */
static size_t may_begin(Str s, Str mark)
{
    size_t n = s.len < mark.len - 1 ? s.len : mark.len - 1;
    while (n && !str_eq(str_sub(s, s.len - n, s.len), str_sub(mark, 0, n)))
        n--;
    return n;
}

/* A model that thinks aloud does so first; what it thinks is no answer. */
static bool add_text(ChatAnswer *c, Str piece, Err *err)
{
    c->moved |= piece.len > 0;
    if (c->where == CHAT_SAYS)
        return give(c, piece, err);
    (void)buf_add(&c->held, piece);
    if (!buf_check(&c->held, "the language model's answer", err))
        return false;
    if (c->where == CHAT_BEGIN) {
        Str all = str_trim(buf_str(&c->held));
        if (all.len < strlen(THINK) && str_starts(STR(THINK), all))
            return true;
        c->where = str_starts(all, STR(THINK)) ? CHAT_THINKS : CHAT_SAYS;
    }
    if (c->where == CHAT_THINKS) {
        Str all = buf_str(&c->held);
        size_t end = str_find(all, STR(THOUGHT), 0);
        if (end == SIZE_MAX) { /* thoughts are forgotten, but for what may be their end */
            size_t keep = may_begin(all, STR(THOUGHT));
            char tail[sizeof THOUGHT];
            memcpy(tail, all.ptr + all.len - keep, keep);
            buf_clear(&c->held);
            (void)buf_add_mem(&c->held, tail, keep);
            return buf_check(&c->held, "the language model's answer", err);
        }
        memmove(c->held.ptr, c->held.ptr + end + strlen(THOUGHT),
                all.len - end - strlen(THOUGHT));
        buf_cut(&c->held, all.len - end - strlen(THOUGHT));
        c->where = CHAT_SAYS;
    }
    Str rest = buf_str(&c->held);
    size_t white = 0;
    while (white < rest.len && strchr(" \t\r\n", rest.ptr[white]))
        white++;
    bool ok = give(c, str_sub(rest, white, rest.len), err);
    buf_clear(&c->held);
    return ok;
}

/* A string, null, or a list of {"type": "text", "text"}. */
static bool add_content(ChatAnswer *c, const Json *j, Err *err)
{
    switch (json_type(j)) {
    case JSON_T_NONE:
    case JSON_T_NULL:
        return true;
    case JSON_T_STRING:
        return add_text(c, json_str(j), err);
    case JSON_T_ARRAY:
        for (size_t i = 0; i < json_count(j); i++) {
            Str text = json_str(json_get(json_at(j, i), "text"));
            if (text.ptr && !add_text(c, text, err))
                return false;
        }
        return true;
    default:
        return broken(err, "its content is no text");
    }
}

/* ---- tool calls ------------------------------------------------------------------------------ */

/* By index; without one a new id is a new call, and no id goes on with the last. */
static size_t place_of(ChatAnswer *c, const Json *call)
{
    int64_t index;
    Str id = json_str(json_get(call, "id"));
    if (json_int(json_get(call, "index"), &index)) {
        for (size_t i = c->n_calls; i-- > 0;) {
            bool other = id.len && c->calls[i].id.len && !str_eq(id, buf_str(&c->calls[i].id));
            if (c->calls[i].index == index && !other)
                return i;
        }
    } else {
        index = -1;
        if (!id.len && c->n_calls)
            return c->n_calls - 1;
        for (size_t i = 0; i < c->n_calls; i++)
            if (str_eq(id, buf_str(&c->calls[i].id)))
                return i;
    }
    if (c->n_calls == CHAT_CALLS_MAX)
        return SIZE_MAX;
    c->calls[c->n_calls].index = index;
    return c->n_calls++;
}

static bool add_call(ChatAnswer *c, const Json *call, Err *err)
{
    const Json *fn = json_get(call, "function"), *arguments = json_get(fn, "arguments");
    size_t i = place_of(c, call);
    if (json_type(call) != JSON_T_OBJECT)
        return broken(err, "a tool call is no object");
    if (i == SIZE_MAX)
        return err_set(err, ERR_TOO_LARGE, "the language model asks for more than %u tools at once",
                       CHAT_CALLS_MAX);
    Str id = json_str(json_get(call, "id"));
    if (!c->calls[i].id.len)
        (void)buf_add(&c->calls[i].id, id);
    if (!c->calls[i].name.len)
        (void)buf_add(&c->calls[i].name, json_str(json_get(fn, "name")));
    if (json_type(arguments) == JSON_T_OBJECT)
        (void)json_dump(arguments, &c->calls[i].arguments);
    else
        (void)buf_add(&c->calls[i].arguments, json_str(arguments));
    c->moved = true;
    return buf_check(&c->calls[i].id, "a tool call's id", err) &&
           buf_check(&c->calls[i].name, "a tool's name", err) &&
           buf_check(&c->calls[i].arguments, "a tool call's arguments", err);
}

/* ---- objects --------------------------------------------------------------------------------- */

static bool said_error(const Json *j, Err *err)
{
    Str text = json_str(json_get(j, "message"));
    text = text.ptr ? text : json_str(j);
    size_t n = utf8_floor(text, text.len < 200 ? text.len : 200);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)text.ptr[i] < ' ')
            n = i;
    return err_set(err, ERR_UNAVAILABLE, "the language model failed: %.*s",
                   n ? (int)n : 9, n ? text.ptr : "no reason");
}

static void read_usage(ChatAnswer *c, const Json *j)
{
    int64_t prompt, completion;
    if (!json_int(json_get(j, "prompt_tokens"), &prompt) || prompt < 0 ||
        !json_int(json_get(j, "completion_tokens"), &completion) || completion < 0)
        return;
    c->counted = true;
    c->prompt_tokens = (uint64_t)prompt;
    c->completion_tokens = (uint64_t)completion;
}

static void read_finish(ChatAnswer *c, Str reason)
{
    if (!reason.ptr)
        return;
    c->finished = true;
    c->finish = str_eq(reason, STR("length"))           ? LLM_LENGTH
                : str_eq(reason, STR("tool_calls"))     ? LLM_TOOLS
                : str_eq(reason, STR("content_filter")) ? LLM_FILTERED
                                                        : LLM_STOP;
}

/* `what`: "delta" or "message". */
static bool add_object(ChatAnswer *c, const Json *j, const char *what, Err *err)
{
    const Json *fault = json_get(j, "error"), *choice = json_at(json_get(j, "choices"), 0);
    const Json *said = json_get(choice, what), *calls = json_get(said, "tool_calls");
    int64_t index = 0;
    if (json_type(j) != JSON_T_OBJECT)
        return broken(err, "no object");
    if (fault && json_type(fault) != JSON_T_NULL)
        return said_error(fault, err);
    read_usage(c, json_get(j, "usage"));
    (void)json_int(json_get(choice, "index"), &index);
    if (!choice || index != 0)
        return true;
    c->moved |= json_str(json_get(said, "reasoning_content")).len > 0 ||
                json_str(json_get(said, "reasoning")).len > 0;
    if (!add_content(c, json_get(said, "content"), err))
        return false;
    for (size_t i = 0; i < json_count(calls) && json_type(calls) == JSON_T_ARRAY; i++)
        if (!add_call(c, json_at(calls, i), err))
            return false;
    read_finish(c, json_str(json_get(choice, "finish_reason")));
    return true;
}

static bool add_json(ChatAnswer *c, Str text, const char *what, Err *err)
{
    Err why = ERR_INIT;
    Json *j = json_parse(text, JSON_DEFAULT_DEPTH, &why);
    if (!j)
        return why.code == ERR_NO_MEMORY ? err_set(err, why.code, "%s", why.msg)
                                         : broken(err, "broken JSON");
    bool ok = add_object(c, j, what, err);
    json_free(j);
    return ok;
}

bool chat_event(ChatAnswer *c, Str data, Err *err)
{
    if (c->done)
        return true;
    if (str_eq(str_trim(data), STR("[DONE]"))) {
        c->done = true;
        return true;
    }
    return add_json(c, data, "delta", err);
}

bool chat_whole(ChatAnswer *c, Str body, Err *err)
{
    if (!add_json(c, body, "message", err))
        return false;
    if (!c->finished && !c->text.len && !c->held.len && !c->n_calls)
        return broken(err, "it has no choices");
    c->done = true;
    return true;
}

bool chat_end(ChatAnswer *c, Err *err)
{
    /* What was held as the beginning of a thought was none. A thought without an end is no answer.
     */
    Str rest = str_trim(buf_str(&c->held));
    if (c->where == CHAT_BEGIN && rest.len && !give(c, rest, err))
        return false;
    buf_clear(&c->held);
    return c->finished || c->done ||
           err_set(err, ERR_CORRUPT, "the language model's answer broke off");
}

bool chat_take(const ChatAnswer *c, Arena *a, LlmReply *out, Err *err)
{
    out->text = arena_buf(a, &c->text);
    out->n_calls = c->n_calls;
    out->calls = ARENA_NEW_ARRAY(a, LlmToolCall, c->n_calls + 1);
    if (!out->text.ptr || !out->calls)
        return err_set(err, ERR_NO_MEMORY, "no memory for the language model's answer");
    for (size_t i = 0; i < c->n_calls; i++) {
        out->calls[i] = (LlmToolCall){arena_buf(a, &c->calls[i].id),
                                      arena_buf(a, &c->calls[i].name),
                                      arena_buf(a, &c->calls[i].arguments)};
        if (!out->calls[i].id.ptr || !out->calls[i].name.ptr || !out->calls[i].arguments.ptr)
            return err_set(err, ERR_NO_MEMORY, "no memory for the language model's answer");
        if (!out->calls[i].id.len) /* what has no name cannot be answered to */
            out->calls[i].id = arena_printf(a, "call_%zu", i);
        if (!out->calls[i].id.ptr)
            return err_set(err, ERR_NO_MEMORY, "no memory for the language model's answer");
    }
    /* Some say that they want tools, and name none. */
    out->finish = c->n_calls ? LLM_TOOLS : c->finish == LLM_TOOLS ? LLM_STOP : c->finish;
    out->counted = c->counted;
    out->prompt_tokens = c->prompt_tokens;
    out->completion_tokens = c->completion_tokens;
    return true;
}
