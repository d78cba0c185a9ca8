/* briefing.c - checks what every back end would have to check, then calls through the table. */
#include "store/briefing.h"

#include "store/store_ops.h"

bool store_brief_documents(Store *s, const Uuid *owner, int64_t from, int64_t until, Arena *a,
    BriefDoc **out, size_t *n, uint64_t *total, Err *err)
{
    return s->ops->brief_documents(s, owner, from, until, a, out, n, total, err);
}

bool store_phrase_counts(Store *s, const Uuid *owner, int64_t since, int64_t until, uint32_t least,
    size_t limit, Arena *a, PhraseCounts *out, Err *err)
{
    if (limit == 0 || limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "a page has 1 to %u entries", STORE_MAX_PAGE);
    return s->ops->phrase_counts(s, owner, since, until, least, limit, a, out, err);
}

bool store_phrase_documents(Store *s, const Uuid *owner, Str phrase, int64_t since, int64_t until,
    size_t limit, Arena *a, BriefDoc **out, size_t *n, Err *err)
{
    if (limit == 0 || limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "a page has 1 to %u entries", STORE_MAX_PAGE);
    return s->ops->phrase_documents(s, owner, phrase, since, until, limit, a, out, n, err);
}

bool store_document_vector(Store *s, const Uuid *owner, const Uuid *id, float v[VINDEX_DIM],
    bool *found, Err *err)
{
    return s->ops->document_vector(s, owner, id, v, found, err);
}

uint64_t store_plans_version(Store *s, const Uuid *owner)
{
    return s->ops->plans_version(s, owner);
}

bool store_briefing_put(Store *s, const Uuid *owner, const StoredBriefing *b,
    const int64_t *done_at, Err *err)
{
    if (uuid_is_nil(&b->id) || b->date.len != 10 || b->zone.len > STORE_MAX_WORD
        || b->json.len > STORE_MAX_JSON)
        return err_set(err, ERR_VALIDATION, "a briefing has an id, a date, a zone and at most %u "
            "bytes", STORE_MAX_JSON);
    return s->ops->briefing_put(s, owner, b, done_at, err);
}

bool store_briefing_list(Store *s, const Uuid *owner, Str date, size_t offset, size_t limit,
    Arena *a, StoredBriefing **out, size_t *n, Err *err)
{
    if (limit == 0 || limit > STORE_MAX_PAGE)
        return err_set(err, ERR_VALIDATION, "a page has 1 to %u entries", STORE_MAX_PAGE);
    return s->ops->briefing_list(s, owner, date, offset, limit, a, out, n, err);
}

bool store_briefing_schedule(Store *s, const Uuid *owner, Arena *a, BriefingSchedule *out,
    bool *found, Err *err)
{
    return s->ops->briefing_schedule(s, owner, a, out, found, err);
}

bool store_briefing_schedule_put(Store *s, const Uuid *owner, const BriefingSchedule *b, Err *err)
{
    if (b->minute >= 24 * 60 || b->days > 127 || b->zone.len > STORE_MAX_WORD)
        return err_set(err, ERR_VALIDATION, "a schedule has a minute of the day and days 0 to 127");
    return s->ops->briefing_schedule_put(s, owner, b, err);
}
