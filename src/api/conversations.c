/* conversations.c - what is said to the assistant, and the conversations that are kept. */
#include "api/talk_json.h"
#include "base/clock.h"

static bool needs_assistant(const ApiCall *c, Err *err)
{
    return c->parts->assistant ||
           err_set(err, ERR_UNAVAILABLE, "the assistant needs the encoder, which is not open here");
}

static bool json_event(ApiCall *c, const char *event, Err *err)
{
    if (!buf_check(&c->out, "the answer", err))
        return false;
    bool there = http_stream_event(c->x, event, buf_str(&c->out));
    buf_clear(&c->out);
    if (!there)
        *err = ERR_INIT;
    return there;
}

typedef struct {
    ApiCall *c;
    bool begun;
    Err err;
} Stream;

/* A client that goes away in the middle is no error: the stream just ends. What fails before the
 * first piece is answered as anywhere, with its status. */
static bool send_delta(void *arg, Str piece)
{
    Stream *s = arg;
    JsonW w;
    if (!s->begun)
        call_events(s->c);
    s->begun = true;
    jw_init(&w, &s->c->out);
    jw_obj(&w);
    jw_kv_str(&w, "text", piece);
    jw_obj_end(&w);
    return json_event(s->c, "delta", &s->err);
}

static bool has_gone(void *arg)
{
    return http_exchange_cancelled(((ApiCall *)arg)->x);
}

static bool stream_gone(void *arg)
{
    return has_gone(((Stream *)arg)->c);
}

/* After the first piece the status is gone: what fails then is an event. */
static bool error_event(ApiCall *c, const Err *failed)
{
    JsonW w;
    Err err = ERR_INIT;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "code", err_info(failed->code)->wire);
    jw_kv_cstr(&w, "detail", failed->msg);
    jw_obj_end(&w);
    return json_event(c, "error", &err);
}

static bool say_streaming(ApiCall *c, AssistantRequest *q, Err *err)
{
    Stream s = {.c = c};
    AssistantReply r;
    JsonW w;
    Err failed = ERR_INIT;
    q->on_delta = send_delta;
    q->cancelled = stream_gone;
    q->arg = &s;
    if (!assistant_say(c->parts->assistant, q, c->worker, c->arena, &r, &failed)) {
        if (!s.begun)
            return err_set(err, failed.code, "%s", failed.msg);
        (void)error_event(c, &failed);
        return true;
    }
    if (!s.begun)
        call_events(c);
    jw_init(&w, &c->out);
    jw_obj(&w);
    reply_members(&w, &r);
    jw_obj_end(&w);
    return json_event(c, "done", err) || err->code == ERR_NONE;
}

bool conversation_say(ApiCall *c, Err *err)
{
    const FieldValue *session = call_body(c, "session_id"), *stream = call_body(c, "stream");
    AssistantRequest q = {.text = call_body(c, "message")->str,
                          .session = session->given && !session->is_null ? &session->uuid : NULL,
                          .keep = true,
                          .cancelled = has_gone,
                          .arg = c};
    AssistantReply r;
    if (!needs_assistant(c, err))
        return false;
    if (stream->given ? stream->b : call_accepts_events(c))
        return say_streaming(c, &q, err);
    if (!assistant_say(c->parts->assistant, &q, c->worker, c->arena, &r, err))
        return false;
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    reply_members(&w, &r);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static void next_cursor(JsonW *w, Str cursor)
{
    jw_kv_opt(w, "next_cursor", cursor);
}

bool conversation_list(ApiCall *c, Err *err)
{
    TalkSessionPage page;
    JsonW w;
    if (!store_talk_sessions(c->parts->store, c->owner, call_query(c, "q")->str,
                             (size_t)call_query(c, "limit")->i, call_query(c, "cursor")->str,
                             c->arena, &page, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_key(&w, "conversations");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++) {
        jw_obj(&w);
        session_members(&w, &page.items[i]);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    jw_kv_int(&w, "total", (int64_t)page.total);
    next_cursor(&w, page.next_cursor);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool conversation_get(ApiCall *c, Err *err)
{
    Uuid id;
    TalkSession s;
    TalkMessagePage page;
    JsonW w;
    if (!call_path_uuid(c, "id", "conversation", &id, err) ||
        !store_talk_session(c->parts->store, c->owner, &id, c->arena, &s, err) ||
        !store_talk_messages(c->parts->store, c->owner, &id, (size_t)call_query(c, "limit")->i,
                             call_query(c, "cursor")->str, c->arena, &page, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    session_members(&w, &s);
    jw_key(&w, "messages");
    jw_arr(&w);
    for (size_t i = 0; i < page.n; i++)
        if (!message_json(c, &w, &page.items[i], err))
            return false;
    jw_arr_end(&w);
    next_cursor(&w, page.next_cursor);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool conversation_retitle(ApiCall *c, Err *err)
{
    Uuid id;
    TalkSession s;
    JsonW w;
    Store *store = c->parts->store;
    if (!call_path_uuid(c, "id", "conversation", &id, err) ||
        !store_talk_retitle(store, c->owner, &id, call_body(c, "title")->str, clock_now_ms(),
                            err) ||
        !store_talk_session(store, c->owner, &id, c->arena, &s, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    session_members(&w, &s);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool conversation_remove(ApiCall *c, Err *err)
{
    Uuid id;
    if (!call_path_uuid(c, "id", "conversation", &id, err) ||
        !(call_query(c, "undoable")->b
              ? store_talk_bin(c->parts->store, c->owner, &id, clock_now_ms(), err)
              : store_talk_delete(c->parts->store, c->owner, &id, err)))
        return false;
    c->x->resp.status = 204;
    return true;
}

bool conversation_restore(ApiCall *c, Err *err)
{
    Uuid id;
    TalkSession s;
    JsonW w;
    Store *store = c->parts->store;
    if (!call_path_uuid(c, "id", "conversation", &id, err) ||
        !store_talk_restore(store, c->owner, &id, clock_now_ms(), err) ||
        !store_talk_session(store, c->owner, &id, c->arena, &s, err))
        return false;
    jw_init(&w, &c->out);
    jw_obj(&w);
    session_members(&w, &s);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}
