/* openai_chat.c - POST /v1/chat/completions: the assistant as a model to chat with.
 *
 *   messages -> the last one of the user is said; those before it name the conversation
 *            -> assistant_say -> chat.completion, or chat.completion.chunk a sentence
 *
 * A client of this interface sends the whole conversation every time. When the messages before the
 * last one of the user are word for word a conversation that is kept here, it goes on, so that
 * "move it to Monday" knows what "it" is; else a new one begins. What a system message says has no
 * meaning for an assistant of rules.
 *
 * Source: the OpenAI API reference (chat completions, streaming events, url_citation). */
#include <stdio.h>

#include "api/openai.h"
#include "api/talk_json.h"
#include "base/clock.h"
#include "base/utf8.h"

typedef struct {
    TalkMessage *said; /* of the user and the assistant, before the last of the user */
    size_t n;
    Str last;          /* what is said now; ptr NULL: nothing */
    size_t n_before;   /* of `said` when `last` came */
    int64_t tokens;    /* of all messages */
} Talk;

typedef struct {
    AssistantReply reply;
    Str text;         /* what is sent of the response */
    const char *finish;
    int64_t tokens;
    int64_t created;
    char id[UUID_TEXT];
    Str base;         /* "http://localhost:8080", or empty */
    bool begun;       /* the stream */
    size_t sent;      /* bytes of the response */
    bool whole;       /* it was answered to the end */
} Answer;

/* ---- reading --------------------------------------------------------------------------------- */

/* A string, or a list of parts; those of text, one a line. */
static bool content_of(ApiCall *c, const Json *j, size_t i, Str *out, Err *err)
{
    *out = json_str(j);
    if (out->ptr)
        return true;
    *out = STR("");
    if (json_type(j) == JSON_T_NULL || json_type(j) == JSON_T_NONE)
        return true;
    if (json_type(j) != JSON_T_ARRAY)
        return err_set(err, ERR_VALIDATION, "messages[%zu].content must be a string or a list", i);
    Buf b;
    buf_init(&b, 1 << 20);
    for (size_t k = 0; k < json_count(j); k++) {
        Str type = json_str(json_get(json_at(j, k), "type"));
        Str text = json_str(json_get(json_at(j, k), "text"));
        if (!str_eq(type, STR("text")) || !text.ptr) {
            buf_release(&b);
            return err_set(err, ERR_VALIDATION,
                           "messages[%zu].content[%zu] is not text, which is all that is read", i,
                           k);
        }
        if (k)
            buf_add_char(&b, '\n');
        buf_add(&b, text);
    }
    *out = arena_buf(c->arena, &b);
    buf_release(&b);
    return out->ptr || err_set(err, ERR_NO_MEMORY, "no memory for the messages");
}

static bool one_message(ApiCall *c, const Json *m, size_t i, Talk *t, Err *err)
{
    static const char *const others[] = {"system", "developer", "tool", "function"};
    Str role = json_str(json_get(m, "role")), text;
    bool person = str_eq(role, STR("user")), assistant = str_eq(role, STR("assistant"));
    bool known = person || assistant;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        known = known || str_eq(role, str_of(others[k]));
    if (json_type(m) != JSON_T_OBJECT || !known)
        return err_set(err, ERR_VALIDATION,
                       "messages[%zu].role must be one of system, developer, user, assistant, "
                       "tool, function", i);
    if (!content_of(c, json_get(m, "content"), i, &text, err))
        return false;
    t->tokens += (int64_t)minilm_count_tokens(c->parts->model, text);
    if (person) {
        t->last = text;
        t->n_before = t->n;
    }
    if (person || assistant)
        t->said[t->n++] = (TalkMessage){.role = person ? TALK_PERSON : TALK_ASSISTANT,
                                        .text = str_trim(text)};
    return true;
}

static bool read_messages(ApiCall *c, Talk *t, Err *err)
{
    const Json *list = call_body(c, "messages")->json;
    size_t n = json_count(list);
    if (json_type(list) != JSON_T_ARRAY || !n)
        return err_set(err, ERR_VALIDATION, "messages must be a list with one message at least");
    if (n > 2000)
        return err_set(err, ERR_VALIDATION, "messages has %zu items; at most 2000 are read", n);
    *t = (Talk){.said = ARENA_NEW_ARRAY(c->arena, TalkMessage, n)};
    if (!t->said)
        return err_set(err, ERR_NO_MEMORY, "no memory for the messages");
    for (size_t i = 0; i < n; i++)
        if (!one_message(c, json_at(list, i), i, t, err))
            return false;
    if (!t->last.ptr)
        return err_set(err, ERR_VALIDATION, "messages has none of the user");
    return true;
}

/* Tools that may be called are not; one that must be, and sound, cannot be had. */
static bool read_tools(ApiCall *c, Err *err)
{
    const FieldValue *choice = call_body(c, "tool_choice"), *kinds = call_body(c, "modalities");
    Str how = json_str(choice->json);
    if (choice->given && !choice->is_null && !str_eq(how, STR("auto")) &&
        !str_eq(how, STR("none")))
        return err_set(err, ERR_VALIDATION, "tool_choice must be auto or none: the assistant has "
                       "tools of its own and calls no others");
    for (size_t i = 0; kinds->given && i < json_count(kinds->json); i++)
        if (!str_eq(json_str(json_at(kinds->json, i)), STR("text")))
            return err_set(err, ERR_VALIDATION, "modalities must be [\"text\"]; POST "
                           "/v1/audio/speech speaks");
    return true;
}

/* What would be answered otherwise than it was asked for is refused. */
static bool read_options(ApiCall *c, Err *err)
{
    const FieldValue *format = call_body(c, "response_format"), *log = call_body(c, "logprobs");
    Str model = call_body(c, "model")->str;
    bool yes = false;
    if (!str_eq(model, STR(OPENAI_CHAT_MODEL)))
        return openai_unknown_model(model, err);
    if (format->given && !format->is_null &&
        !str_eq(json_str(json_get(format->json, "type")), STR("text")))
        return err_set(err, ERR_VALIDATION, "response_format must be {\"type\": \"text\"}");
    if (log->given && !log->is_null && (!json_bool(log->json, &yes) || yes))
        return err_set(err, ERR_VALIDATION, "logprobs must be false: there are none to give");
    return read_tools(c, err);
}

static bool stop_words(ApiCall *c, Str *out, size_t max, size_t *n, Err *err)
{
    const FieldValue *v = call_body(c, "stop");
    *n = 0;
    if (!v->given || v->is_null)
        return true;
    if (json_str(v->json).ptr) {
        out[(*n)++] = json_str(v->json);
        return true;
    }
    if (json_type(v->json) != JSON_T_ARRAY || json_count(v->json) > max)
        return err_set(err, ERR_VALIDATION, "stop must be a string or a list of at most %zu", max);
    for (size_t i = 0; i < json_count(v->json); i++) {
        out[*n] = json_str(json_at(v->json, i));
        if (!out[(*n)++].ptr)
            return err_set(err, ERR_VALIDATION, "stop must hold strings only");
    }
    return true;
}

/* ---- what is sent of the response ------------------------------------------------------------ */

static int64_t most_tokens(ApiCall *c)
{
    const FieldValue *a = call_body(c, "max_completion_tokens"), *b = call_body(c, "max_tokens");
    return a->given && !a->is_null ? a->i : b->given && !b->is_null ? b->i : INT64_MAX;
}

/* Up to the first stop word, and no more tokens than wanted. */
static bool cut_response(ApiCall *c, const Str *stop, size_t n_stop, Answer *a, Err *err)
{
    const Minilm *m = c->parts->model;
    int64_t most = most_tokens(c);
    a->text = a->reply.response;
    a->finish = "stop";
    for (size_t i = 0; i < n_stop; i++) {
        size_t at = stop[i].len ? str_find(a->text, stop[i], 0) : SIZE_MAX;
        if (at != SIZE_MAX)
            a->text = str_sub(a->text, 0, at);
    }
    a->tokens = (int64_t)minilm_count_tokens(m, a->text);
    if (a->tokens <= most)
        return true;
    size_t room = (size_t)most + 2;
    uint32_t *ids = ARENA_NEW_ARRAY(c->arena, uint32_t, room);
    uint32_t *ends = ARENA_NEW_ARRAY(c->arena, uint32_t, room);
    if (!ids || !ends)
        return err_set(err, ERR_NO_MEMORY, "no memory for the tokens");
    (void)minilm_tokenize(m, a->text, ids, ends, room);
    a->text = str_sub(a->text, 0, ends[most]); /* ids[0] is [CLS] */
    a->finish = "length";
    a->tokens = most;
    return true;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void annotation(JsonW *w, const Citation *cite, const Answer *a)
{
    char id[UUID_TEXT], url[400];
    size_t at = cite->text.len ? str_find(a->text, cite->text, 0) : SIZE_MAX;
    Str before = at == SIZE_MAX ? STR("") : str_sub(a->text, 0, at);
    Str quoted = at == SIZE_MAX ? a->text : cite->text;
    (void)snprintf(url, sizeof url, STR_FMT "/api/v1/knowledge/documents/%s", STR_ARG(a->base),
                   uuid_format(&cite->document, id));
    jw_obj(w);
    jw_kv_cstr(w, "type", "url_citation");
    jw_key(w, "url_citation");
    jw_obj(w); /* in characters, as OpenAI counts */
    jw_kv_int(w, "start_index", (int64_t)utf8_count(before));
    jw_kv_int(w, "end_index", (int64_t)(utf8_count(before) + utf8_count(quoted)));
    jw_kv_str(w, "title", cite->title);
    jw_kv_cstr(w, "url", url);
    jw_obj_end(w);
    jw_key(w, "citation");
    citation_json(cite, w);
    jw_obj_end(w);
}

static void annotations(JsonW *w, const Answer *a)
{
    jw_key(w, "annotations");
    jw_arr(w);
    for (size_t i = 0; i < a->reply.n_citations; i++)
        annotation(w, &a->reply.citations[i], a);
    jw_arr_end(w);
}

static void usage(JsonW *w, const Talk *t, const Answer *a)
{
    jw_key(w, "usage");
    jw_obj(w);
    jw_kv_int(w, "prompt_tokens", t->tokens);
    jw_kv_int(w, "completion_tokens", a->tokens);
    jw_kv_int(w, "total_tokens", t->tokens + a->tokens);
    jw_obj_end(w);
}

static void head(JsonW *w, const Answer *a, const char *object)
{
    char id[UUID_TEXT + 16];
    (void)snprintf(id, sizeof id, "chatcmpl-%s", a->id);
    jw_kv_cstr(w, "id", id);
    jw_kv_cstr(w, "object", object);
    jw_kv_int(w, "created", a->created / 1000);
    jw_kv_cstr(w, "model", OPENAI_CHAT_MODEL);
}

static bool completion(ApiCall *c, const Talk *t, const Answer *a, Err *err)
{
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    head(&w, a, "chat.completion");
    jw_key(&w, "choices");
    jw_arr(&w);
    jw_obj(&w);
    jw_kv_int(&w, "index", 0);
    jw_key(&w, "message");
    jw_obj(&w);
    jw_kv_cstr(&w, "role", "assistant");
    jw_kv_str(&w, "content", a->text);
    jw_kv_null(&w, "refusal");
    annotations(&w, a);
    jw_obj_end(&w);
    jw_kv_null(&w, "logprobs");
    jw_kv_cstr(&w, "finish_reason", a->finish);
    jw_obj_end(&w);
    jw_arr_end(&w);
    usage(&w, t, a);
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

typedef enum { CHUNK_ROLE, CHUNK_TEXT, CHUNK_END, CHUNK_USAGE } ChunkKind;

/* False when the client has gone, or with an error. `counted`: every chunk has usage, null but in
 * the last. */
static bool chunk(ApiCall *c, const Talk *t, const Answer *a, ChunkKind kind, Str text,
                  bool counted, Err *err)
{
    JsonW w;
    jw_init(&w, &c->out);
    jw_obj(&w);
    head(&w, a, "chat.completion.chunk");
    jw_key(&w, "choices");
    jw_arr(&w);
    if (kind != CHUNK_USAGE) {
        jw_obj(&w);
        jw_kv_int(&w, "index", 0);
        jw_key(&w, "delta");
        jw_obj(&w);
        if (kind == CHUNK_ROLE)
            jw_kv_cstr(&w, "role", "assistant");
        if (kind != CHUNK_END)
            jw_kv_str(&w, "content", text);
        else if (a->reply.n_citations)
            annotations(&w, a);
        jw_obj_end(&w);
        jw_kv_null(&w, "logprobs");
        jw_kv_cstr(&w, "finish_reason", kind == CHUNK_END ? a->finish : NULL);
        jw_obj_end(&w);
    }
    jw_arr_end(&w);
    if (kind == CHUNK_USAGE)
        usage(&w, t, a);
    else if (counted)
        jw_kv_null(&w, "usage");
    jw_obj_end(&w);
    bool ok = buf_check(&c->out, "the answer", err) &&
              http_stream_event(c->x, NULL, buf_str(&c->out));
    buf_clear(&c->out);
    return ok;
}

static bool wants_usage(const ApiCall *c)
{
    bool counted = false;
    (void)json_bool(json_get(call_body(c, "stream_options")->json, "include_usage"), &counted);
    return counted;
}

static bool begin_chunks(ApiCall *c, const Talk *t, Answer *a, Err *err)
{
    if (a->begun)
        return true;
    a->begun = true;
    call_events(c);
    return chunk(c, t, a, CHUNK_ROLE, STR(""), wants_usage(c), err);
}

typedef struct {
    ApiCall *c;
    const Talk *t;
    Answer *a;
    Err err;
} Flow;

static bool send_piece(void *arg, Str piece)
{
    Flow *f = arg;
    f->a->sent += piece.len;
    return begin_chunks(f->c, f->t, f->a, &f->err) &&
           chunk(f->c, f->t, f->a, CHUNK_TEXT, piece, wants_usage(f->c), &f->err);
}

static bool has_gone(void *arg)
{
    return http_exchange_cancelled(((Flow *)arg)->c->x);
}

static void error_chunk(ApiCall *c, const Err *failed)
{
    JsonW w;
    buf_clear(&c->out);
    jw_init(&w, &c->out);
    openai_error(err_info(failed->code)->http_status, failed, &w);
    if (buf_ok(&c->out))
        (void)http_stream_event(c->x, NULL, buf_str(&c->out));
    buf_clear(&c->out);
}

/* What was not sent while it came, and the end. */
static bool chunks(ApiCall *c, const Talk *t, Answer *a, Err *err)
{
    bool counted = wants_usage(c);
    size_t at = a->sent;
    Str piece;
    bool there = begin_chunks(c, t, a, err);
    while (there && assistant_piece(a->text, &at, &piece))
        there = chunk(c, t, a, CHUNK_TEXT, piece, counted, err);
    there = there && chunk(c, t, a, CHUNK_END, STR(""), counted, err);
    there = there && (!counted || chunk(c, t, a, CHUNK_USAGE, STR(""), counted, err));
    if (there)
        (void)http_stream_event(c->x, NULL, STR("[DONE]"));
    return err->code == ERR_NONE; /* a client that has gone is no error */
}

/* ---- the call -------------------------------------------------------------------------------- */

/* `flowing`: what comes may go out as it comes, since nothing is to be cut off its end. */
static bool say(ApiCall *c, const Talk *t, Answer *a, bool flowing, Err *err)
{
    Flow f = {.c = c, .t = t, .a = a};
    Uuid session, id;
    bool found = false, keep = call_body(c, "store")->is_null || call_body(c, "store")->b;
    if (t->n_before && !store_talk_find(c->parts->store, c->owner, t->said, t->n_before, &session,
                                        &found, err))
        return false;
    AssistantRequest q = {.text = t->last, .session = found ? &session : NULL, .keep = keep,
                          .on_delta = flowing ? send_piece : NULL, .cancelled = has_gone,
                          .arg = &f};
    if (!uuid_v4(&id, err))
        return false;
    uuid_format(&id, a->id);
    a->created = clock_now_ms();
    if (!assistant_say(c->parts->assistant, &q, c->worker, c->arena, &a->reply, err)) {
        if (a->begun) /* the status is gone: what failed is an event, and no [DONE] follows */
            error_chunk(c, err);
        return a->begun;
    }
    a->whole = true;
    a->base = STR("");
    if (c->x->req.host.len && c->x->req.host.len < 256)
        a->base = arena_printf(c->arena, "%s://" STR_FMT, c->x->req.is_tls ? "https" : "http",
                               STR_ARG(c->x->req.host));
    return a->base.ptr || err_set(err, ERR_NO_MEMORY, "no memory for the answer");
}

bool openai_chat(ApiCall *c, Err *err)
{
    Talk t;
    Answer a = {0};
    Str stop[16];
    size_t n_stop;
    if (!read_options(c, err) || !stop_words(c, stop, 16, &n_stop, err))
        return false;
    if (!c->parts->assistant || !c->parts->model)
        return err_set(err, ERR_UNAVAILABLE,
                       "the assistant needs the encoder, which is not open here");
    bool flowing = call_body(c, "stream")->b && !n_stop && most_tokens(c) == INT64_MAX;
    if (!read_messages(c, &t, err) || !say(c, &t, &a, flowing, err))
        return false;
    if (!a.whole)
        return true;
    if (!cut_response(c, stop, n_stop, &a, err))
        return false;
    return call_body(c, "stream")->b ? chunks(c, &t, &a, err) : completion(c, &t, &a, err);
}
