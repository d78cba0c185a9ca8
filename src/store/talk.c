/* talk.c - checks conversations and facts for every back end, then calls through the table. */
#include "store/talk.h"

#include "base/json.h"
#include "base/utf8.h"
#include "store/store_ops.h"

const char *talk_role_name(TalkRole r)
{
    return r == TALK_PERSON ? "user" : r == TALK_ASSISTANT ? "assistant" : "unknown";
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* Empty counts as "{}". */
static bool object_ok(Str s, size_t max, const char *what, Err *err)
{
    if (!s.len)
        return true;
    if (!store_text_ok(s, max, what, err))
        return false;
    Json *j = json_parse(s, JSON_DEFAULT_DEPTH, err);
    if (!j)
        return err_wrap(err, "%s", what);
    bool ok = json_type(j) == JSON_T_OBJECT;
    json_free(j);
    return ok || err_set(err, ERR_VALIDATION, "%s is no JSON object", what);
}

static bool message_ok(const TalkMessage *m, Err *err)
{
    if (uuid_is_nil(&m->id))
        return err_set(err, ERR_VALIDATION, "a message needs an id");
    if (m->role != TALK_PERSON && m->role != TALK_ASSISTANT)
        return err_set(err, ERR_VALIDATION, "a message is the person's or the assistant's");
    return store_text_ok(m->text, TALK_MAX_TEXT, "a message", err)
        && object_ok(m->extra_json, TALK_MAX_STATE, "what is kept beside a message", err);
}

static bool title_ok(Str title, Err *err)
{
    if (!str_trim(title).len)
        return err_set(err, ERR_VALIDATION, "a conversation needs a title");
    return store_text_ok(title, TALK_MAX_TITLE, "the title", err);
}

static bool limit_ok(size_t limit, Err *err)
{
    return (limit >= 1 && limit <= STORE_MAX_PAGE)
        || err_set(err, ERR_VALIDATION, "limit must be from 1 to %u", STORE_MAX_PAGE);
}

static bool fact_ok(const Fact *f, Err *err)
{
    if (uuid_is_nil(&f->id))
        return err_set(err, ERR_VALIDATION, "a fact needs an id");
    if (!str_trim(f->text).len)
        return err_set(err, ERR_VALIDATION, "a fact needs a text");
    if (!f->ended_at && !uuid_is_nil(&f->replaced_by))
        return err_set(err, ERR_VALIDATION, "a fact that was replaced does not hold");
    return store_text_ok(f->text, FACT_MAX_TEXT, "the fact", err)
        && store_text_ok(f->subject, FACT_MAX_TEXT, "the subject", err)
        && store_text_ok(f->value, FACT_MAX_TEXT, "the value", err)
        && store_text_ok(f->source, STORE_MAX_NAME, "the source", err);
}

/* ---- operations ------------------------------------------------------------------------------ */

bool store_talk_turn(Store *s, const Uuid *owner, const TalkTurn *t, Err *err)
{
    if (uuid_is_nil(&t->session))
        return err_set(err, ERR_VALIDATION, "a conversation needs an id");
    if (t->expected == 0 && !title_ok(t->title, err))
        return false;
    if (!store_text_ok(t->title, TALK_MAX_TITLE, "the title", err)
        || !object_ok(t->state_json, TALK_MAX_STATE, "the state of a conversation", err))
        return false;
    for (size_t i = 0; i < t->n_messages; i++)
        if (!message_ok(&t->messages[i], err))
            return false;
    return s->ops->talk_turn(s, owner, t, err);
}

bool store_talk_session(Store *s, const Uuid *owner, const Uuid *id, Arena *a, TalkSession *out,
    Err *err)
{
    return s->ops->talk_session(s, owner, id, a, out, err);
}

bool store_talk_sessions(Store *s, const Uuid *owner, Str q, size_t limit, Str cursor, Arena *a,
    TalkSessionPage *out, Err *err)
{
    return limit_ok(limit, err) && store_text_ok(q, STORE_MAX_NAME, "the text to look for", err)
        && s->ops->talk_sessions(s, owner, q, limit, cursor, a, out, err);
}

bool store_talk_messages(Store *s, const Uuid *owner, const Uuid *session, size_t limit,
    Str cursor, Arena *a, TalkMessagePage *out, Err *err)
{
    return limit_ok(limit, err)
        && s->ops->talk_messages(s, owner, session, limit, cursor, a, out, err);
}

bool store_talk_find(Store *s, const Uuid *owner, const TalkMessage *m, size_t n, Uuid *id,
    bool *found, Err *err)
{
    *found = false;
    for (size_t i = 0; i < n; i++)
        if (!utf8_ok(m[i].text) || memchr(m[i].text.ptr, 0, m[i].text.len))
            return true; /* no such text is kept */
    return n == 0 || s->ops->talk_find(s, owner, m, n, id, found, err);
}

bool store_talk_retitle(Store *s, const Uuid *owner, const Uuid *session, Str title, int64_t at,
    Err *err)
{
    return title_ok(title, err) && s->ops->talk_retitle(s, owner, session, title, at, err);
}

bool store_talk_delete(Store *s, const Uuid *owner, const Uuid *session, Err *err)
{
    return s->ops->talk_delete(s, owner, session, err);
}

bool store_talk_bin(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err)
{
    return s->ops->talk_bin(s, owner, session, at, err);
}

bool store_talk_restore(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err)
{
    return s->ops->talk_restore(s, owner, session, at, err);
}

bool store_fact_put(Store *s, const Uuid *owner, const Fact *f, Uuid *replaced, Err *err)
{
    return fact_ok(f, err) && s->ops->fact_put(s, owner, f, replaced, err);
}

bool store_fact_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Fact *out, Err *err)
{
    return s->ops->fact_get(s, owner, id, a, out, err);
}

bool store_fact_list(Store *s, const Uuid *owner, const FactQuery *q, Arena *a, FactPage *out,
    Err *err)
{
    return limit_ok(q->limit, err)
        && store_text_ok(q->q, STORE_MAX_NAME, "the text to look for", err)
        && store_text_ok(q->subject, FACT_MAX_TEXT, "the subject", err)
        && s->ops->fact_list(s, owner, q, a, out, err);
}

bool store_fact_delete(Store *s, const Uuid *owner, const Uuid *id, bool revive, Err *err)
{
    return s->ops->fact_delete(s, owner, id, revive, err);
}
