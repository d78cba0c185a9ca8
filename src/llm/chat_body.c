/* chat_body.c - a request as JSON. */
#include "llm/chat.h"

static void write_call(const LlmToolCall *call, JsonW *w)
{
    jw_obj(w);
    jw_kv_str(w, "id", call->id);
    jw_kv_cstr(w, "type", "function");
    jw_key(w, "function");
    jw_obj(w);
    jw_kv_str(w, "name", call->name);
    jw_kv_str(w, "arguments", call->arguments);
    jw_obj_end(w);
    jw_obj_end(w);
}

static void write_message(const LlmMessage *m, JsonW *w)
{
    static const char *const roles[] = {"system", "user", "assistant", "tool"};
    jw_obj(w);
    jw_kv_cstr(w, "role", roles[m->role]);
    if (m->n_calls && !m->text.len)
        jw_kv_null(w, "content");
    else
        jw_kv_str(w, "content", m->text);
    if (m->n_calls) {
        jw_key(w, "tool_calls");
        jw_arr(w);
        for (size_t i = 0; i < m->n_calls; i++)
            write_call(&m->calls[i], w);
        jw_arr_end(w);
    }
    if (m->role == LLM_TOOL)
        jw_kv_str(w, "tool_call_id", m->call_id);
    jw_obj_end(w);
}

static void write_tools(const LlmRequest *r, JsonW *w)
{
    jw_key(w, "tools");
    jw_arr(w);
    for (size_t i = 0; i < r->n_tools; i++) {
        jw_obj(w);
        jw_kv_cstr(w, "type", "function");
        jw_key(w, "function");
        jw_obj(w);
        jw_kv_cstr(w, "name", r->tools[i].name);
        jw_kv_cstr(w, "description", r->tools[i].description);
        jw_key(w, "parameters");
        jw_raw(w, str_of(r->tools[i].parameters));
        jw_obj_end(w);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

bool chat_body(const LlmRequest *r, const ChatAsk *ask, Buf *out, Err *err)
{
    JsonW w;
    jw_init(&w, out);
    jw_obj(&w);
    jw_kv_str(&w, "model", ask->model);
    jw_key(&w, "messages");
    jw_arr(&w);
    for (size_t i = 0; i < r->n_messages; i++)
        write_message(&r->messages[i], &w);
    jw_arr_end(&w);
    if (r->n_tools && ask->tools)
        write_tools(r, &w);
    jw_kv_int(&w, ask->completion_tokens ? "max_completion_tokens" : "max_tokens",
              ask->max_tokens);
    if (ask->temperature)
        jw_kv_int(&w, "temperature", 0); /* what the sources say, and no other wording each time */
    jw_kv_bool(&w, "stream", ask->stream);
    if (ask->stream && ask->stream_options) {
        jw_key(&w, "stream_options");
        jw_obj(&w);
        jw_kv_bool(&w, "include_usage", true);
        jw_obj_end(&w);
    }
    jw_obj_end(&w);
    return buf_check(out, "the question to the language model", err);
}
