/* qd_ops_people.c - conversations, facts, briefings, settings and people
 *
 * Each is the working copy's operation of the same name, on a copy that is up to date. A write
 * whose commit lost a race is done again on the newer copy: what it decided by, it must decide by
 * anew. LOOSE ones name what a call before them found in the copy, and do not ask again whether it
 * is the newest. */
#include "store/qdrant/qd_ops.h"

static bool qd_talk_turn(Store *s, const Uuid *owner, const TalkTurn *t, Err *err)
{
    WRITE(owner, who->local->ops->talk_turn(who->local, owner, t, &why));
}

static bool qd_talk_session(Store *s, const Uuid *owner, const Uuid *id, Arena *a, TalkSession *out,
    Err *err)
{
    READ(owner, who->local->ops->talk_session(who->local, owner, id, a, out, &why));
}

static bool qd_talk_sessions(Store *s, const Uuid *owner, Str q, size_t limit, Str cursor, Arena *a,
    TalkSessionPage *out, Err *err)
{
    READ(owner, who->local->ops->talk_sessions(who->local, owner, q, limit, cursor, a, out, &why));
}

static bool qd_talk_messages(Store *s, const Uuid *owner, const Uuid *session, size_t limit,
    Str cursor, Arena *a, TalkMessagePage *out, Err *err)
{
    READ(owner, who->local->ops->talk_messages(who->local, owner, session, limit, cursor, a, out,
        &why));
}

static bool qd_talk_find(Store *s, const Uuid *owner, const TalkMessage *m, size_t n, Uuid *id,
    bool *found, Err *err)
{
    READ(owner, who->local->ops->talk_find(who->local, owner, m, n, id, found, &why));
}

static bool qd_talk_retitle(Store *s, const Uuid *owner, const Uuid *session, Str title, int64_t at,
    Err *err)
{
    WRITE(owner, who->local->ops->talk_retitle(who->local, owner, session, title, at, &why));
}

static bool qd_talk_delete(Store *s, const Uuid *owner, const Uuid *session, Err *err)
{
    WRITE(owner, who->local->ops->talk_delete(who->local, owner, session, &why));
}

static bool qd_talk_bin(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err)
{
    WRITE(owner, who->local->ops->talk_bin(who->local, owner, session, at, &why));
}

static bool qd_talk_restore(Store *s, const Uuid *owner, const Uuid *session, int64_t at, Err *err)
{
    WRITE(owner, who->local->ops->talk_restore(who->local, owner, session, at, &why));
}

static bool qd_interaction_put(Store *s, const Uuid *owner, const StoredInteraction *i, Err *err)
{
    WRITE(owner, who->local->ops->interaction_put(who->local, owner, i, &why));
}

static bool qd_interaction_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a,
    StoredInteraction *out, Err *err)
{
    READ(owner, who->local->ops->interaction_get(who->local, owner, id, a, out, &why));
}

static bool qd_interaction_list(Store *s, const Uuid *owner, size_t limit, Str cursor, Arena *a,
    InteractionPage *out, Err *err)
{
    READ(owner, who->local->ops->interaction_list(who->local, owner, limit, cursor, a, out, &why));
}

static bool qd_interaction_delete(Store *s, const Uuid *owner, const Uuid *id, uint64_t *n,
    Err *err)
{
    WRITE(owner, who->local->ops->interaction_delete(who->local, owner, id, n, &why));
}

static bool qd_fact_put(Store *s, const Uuid *owner, const Fact *f, Uuid *replaced, Err *err)
{
    WRITE(owner, who->local->ops->fact_put(who->local, owner, f, replaced, &why));
}

static bool qd_fact_get(Store *s, const Uuid *owner, const Uuid *id, Arena *a, Fact *out, Err *err)
{
    READ(owner, who->local->ops->fact_get(who->local, owner, id, a, out, &why));
}

static bool qd_fact_list(Store *s, const Uuid *owner, const FactQuery *q, Arena *a, FactPage *out,
    Err *err)
{
    READ(owner, who->local->ops->fact_list(who->local, owner, q, a, out, &why));
}

static bool qd_fact_delete(Store *s, const Uuid *owner, const Uuid *id, bool revive, Err *err)
{
    WRITE(owner, who->local->ops->fact_delete(who->local, owner, id, revive, &why));
}

static bool qd_brief_documents(Store *s, const Uuid *owner, int64_t from, int64_t until, Arena *a,
    BriefDoc **out, size_t *n, uint64_t *total, Err *err)
{
    READ(owner, who->local->ops->brief_documents(who->local, owner, from, until, a, out, n, total,
        &why));
}

static bool qd_phrase_counts(Store *s, const Uuid *owner, int64_t since, int64_t until,
    uint32_t least, size_t limit, Arena *a, PhraseCounts *out, Err *err)
{
    READ(owner, who->local->ops->phrase_counts(who->local, owner, since, until, least, limit, a,
        out, &why));
}

static bool qd_phrase_documents(Store *s, const Uuid *owner, Str phrase, int64_t since,
    int64_t until, size_t limit, Arena *a, BriefDoc **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->phrase_documents(who->local, owner, phrase, since, until, limit, a,
        out, n, &why));
}

static bool qd_document_vector(Store *s, const Uuid *owner, const Uuid *id, float v[VINDEX_DIM],
    bool *found, Err *err)
{
    READ(owner, who->local->ops->document_vector(who->local, owner, id, v, found, &why));
}

static bool qd_briefing_put(Store *s, const Uuid *owner, const StoredBriefing *b,
    const int64_t *done_at, Err *err)
{
    WRITE(owner, who->local->ops->briefing_put(who->local, owner, b, done_at, &why));
}

static bool qd_briefing_list(Store *s, const Uuid *owner, Str date, size_t offset, size_t limit,
    Arena *a, StoredBriefing **out, size_t *n, Err *err)
{
    READ(owner, who->local->ops->briefing_list(who->local, owner, date, offset, limit, a, out, n,
        &why));
}

static bool qd_briefing_schedule(Store *s, const Uuid *owner, Arena *a, BriefingSchedule *out,
    bool *found, Err *err)
{
    READ(owner, who->local->ops->briefing_schedule(who->local, owner, a, out, found, &why));
}

static bool qd_briefing_schedule_put(Store *s, const Uuid *owner, const BriefingSchedule *b,
    Err *err)
{
    WRITE(owner, who->local->ops->briefing_schedule_put(who->local, owner, b, &why));
}

static bool qd_tokens_add(Store *s, const Uuid *owner, int64_t day, int64_t delta, uint64_t *total,
    Err *err)
{
    WRITE(owner, who->local->ops->tokens_add(who->local, owner, day, delta, total, &why));
}

static bool qd_tokens_used(Store *s, const Uuid *owner, int64_t day, uint64_t *total, Err *err)
{
    READ(owner, who->local->ops->tokens_used(who->local, owner, day, total, &why));
}

static bool qd_made_put(Store *s, const Uuid *owner, const MadeText *t, Err *err)
{
    WRITE(owner, who->local->ops->made_put(who->local, owner, t, &why));
}

static bool qd_made_get(Store *s, const Uuid *owner, const Sha256 *key, Arena *a, Str *text,
    bool *found, Err *err)
{
    READ(owner, who->local->ops->made_get(who->local, owner, key, a, text, found, &why));
}

static bool qd_cues(Store *s, const Uuid *owner, const Uuid *document, uint32_t start, uint32_t end,
    Arena *a, Cue **out, size_t *n, Err *err)
{
    LOOSE(owner, who->local->ops->cues(who->local, owner, document, start, end, a, out, n, &why));
}

static bool qd_setting_list(Store *s, const Uuid *owner, Arena *a, StoredSetting **out, size_t *n,
    Err *err)
{
    READ(owner, who->local->ops->setting_list(who->local, owner, a, out, n, &why));
}

static bool qd_setting_put(Store *s, const Uuid *owner, const StoredSetting *list, size_t n,
    Err *err)
{
    WRITE(owner, who->local->ops->setting_put(who->local, owner, list, n, &why));
}

static bool qd_person_put(Store *s, const Person *p, Err *err)
{
    WRITE(&QD_SYSTEM, who->local->ops->person_put(who->local, p, &why));
}

static bool qd_person_list(Store *s, Arena *a, Person **out, size_t *n, Err *err)
{
    READ(&QD_SYSTEM, who->local->ops->person_list(who->local, a, out, n, &why));
}

static bool qd_credential_put(Store *s, const Credential *c, Err *err)
{
    WRITE(&QD_SYSTEM, who->local->ops->credential_put(who->local, c, &why));
}

static bool qd_credential_list(Store *s, Arena *a, Credential **out, size_t *n, Err *err)
{
    READ(&QD_SYSTEM, who->local->ops->credential_list(who->local, a, out, n, &why));
}

static bool qd_credential_delete(Store *s, const Uuid *ids, size_t n, Err *err)
{
    WRITE(&QD_SYSTEM, who->local->ops->credential_delete(who->local, ids, n, &why));
}

static bool qd_credential_used(Store *s, const Uuid *ids, const int64_t *at, size_t n, Err *err)
{
    WRITE(&QD_SYSTEM, who->local->ops->credential_used(who->local, ids, at, n, &why));
}

static bool qd_audit_add(Store *s, const AuditEntry *e, size_t n, int64_t keep_since, Err *err)
{
    WRITE(&QD_SYSTEM, who->local->ops->audit_add(who->local, e, n, keep_since, &why));
}

static bool qd_audit_list(Store *s, const AuditQuery *q, Arena *a, AuditEntry **out, size_t *n,
    Err *err)
{
    READ(&QD_SYSTEM, who->local->ops->audit_list(who->local, q, a, out, n, &why));
}

void qd_ops_people(StoreOps *o)
{
    o->talk_turn = qd_talk_turn;
    o->talk_session = qd_talk_session;
    o->talk_sessions = qd_talk_sessions;
    o->talk_messages = qd_talk_messages;
    o->talk_find = qd_talk_find;
    o->talk_retitle = qd_talk_retitle;
    o->talk_delete = qd_talk_delete;
    o->talk_bin = qd_talk_bin;
    o->talk_restore = qd_talk_restore;
    o->interaction_put = qd_interaction_put;
    o->interaction_get = qd_interaction_get;
    o->interaction_list = qd_interaction_list;
    o->interaction_delete = qd_interaction_delete;
    o->fact_put = qd_fact_put;
    o->fact_get = qd_fact_get;
    o->fact_list = qd_fact_list;
    o->fact_delete = qd_fact_delete;
    o->brief_documents = qd_brief_documents;
    o->phrase_counts = qd_phrase_counts;
    o->phrase_documents = qd_phrase_documents;
    o->document_vector = qd_document_vector;
    o->briefing_put = qd_briefing_put;
    o->briefing_list = qd_briefing_list;
    o->briefing_schedule = qd_briefing_schedule;
    o->briefing_schedule_put = qd_briefing_schedule_put;
    o->tokens_add = qd_tokens_add;
    o->tokens_used = qd_tokens_used;
    o->made_put = qd_made_put;
    o->made_get = qd_made_get;
    o->cues = qd_cues;
    o->setting_list = qd_setting_list;
    o->setting_put = qd_setting_put;
    o->person_put = qd_person_put;
    o->person_list = qd_person_list;
    o->credential_put = qd_credential_put;
    o->credential_list = qd_credential_list;
    o->credential_delete = qd_credential_delete;
    o->credential_used = qd_credential_used;
    o->audit_add = qd_audit_add;
    o->audit_list = qd_audit_list;
}
