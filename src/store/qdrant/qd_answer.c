/* qd_answer.c - see qd_answer.h. */
#include "store/qdrant/qd_answer.h"

#include "base/json_scan.h"

#define DEPTH_MAX 32

typedef struct {
    JsonScan json;
    QdHitFn fn;
    void *arg;
    size_t lists;
    bool stopped, foreign, listed;
    /* Of the hit being read. */
    bool has_score, has_number;
    double score;
    int64_t number;
} Scan;

/* What a member or an element is read by; each takes one value, which begins with that token. */
typedef bool (*ValueFn)(Scan *s, JsonToken first);
/* The reader of the member whose key was scanned last. */
typedef ValueFn (*MemberFn)(const JsonScan *key);

static bool skip(Scan *s, JsonToken first)
{
    return json_skip(&s->json, first);
}

/* Something else than an object or a list is passed by. */
static bool object(Scan *s, JsonToken token, MemberFn of)
{
    if (token != JSON_OBJECT_TOKEN)
        return skip(s, token);
    while ((token = json_next(&s->json)) == JSON_KEY_TOKEN) {
        ValueFn read = of(&s->json);
        if (!read(s, json_next(&s->json)))
            return false;
    }
    return token == JSON_OBJECT_END_TOKEN;
}

static bool list(Scan *s, JsonToken token, ValueFn of)
{
    if (token != JSON_ARRAY_TOKEN)
        return skip(s, token);
    while ((token = json_next(&s->json)) != JSON_ARRAY_END_TOKEN)
        if (!of(s, token))
            return false;
    return true;
}

/* ---- the shape ------------------------------------------------------------------------------- */

static bool chunk_no(Scan *s, JsonToken token)
{
    if (token != JSON_NUMBER_TOKEN)
        return skip(s, token);
    s->has_number = str_to_i64(s->json.text, &s->number) && s->number >= 0;
    return true;
}

static bool score(Scan *s, JsonToken token)
{
    if (token != JSON_NUMBER_TOKEN)
        return skip(s, token);
    s->has_score = str_to_double(s->json.text, &s->score);
    return true;
}

static ValueFn of_payload(const JsonScan *key)
{
    return json_text_is(key, STR("chunk_no")) ? chunk_no : skip;
}

static bool payload(Scan *s, JsonToken token)
{
    return object(s, token, of_payload);
}

static ValueFn of_hit(const JsonScan *key)
{
    return json_text_is(key, STR("score")) ? score
        : json_text_is(key, STR("payload")) ? payload : skip;
}

static bool hit(Scan *s, JsonToken token)
{
    s->has_score = s->has_number = false;
    if (!object(s, token, of_hit))
        return false;
    s->foreign = s->foreign || !s->has_score || !s->has_number;
    if (!s->stopped && !s->foreign)
        s->stopped = !s->fn(s->arg, s->lists, (uint64_t)s->number, (float)s->score);
    return true;
}

static bool points(Scan *s, JsonToken token)
{
    s->listed = token == JSON_ARRAY_TOKEN;
    return list(s, token, hit);
}

static ValueFn of_list(const JsonScan *key)
{
    return json_text_is(key, STR("points")) ? points : skip;
}

static bool one_list(Scan *s, JsonToken token)
{
    s->listed = false;
    bool ok = object(s, token, of_list);
    s->lists += s->listed; /* else it is no list of hits, and too few are counted */
    return ok;
}

static bool result(Scan *s, JsonToken token)
{
    return list(s, token, one_list);
}

static ValueFn of_answer(const JsonScan *key)
{
    return json_text_is(key, STR("result")) ? result : skip;
}

bool qd_answer_read(Str text, QdHitFn fn, void *arg, size_t *lists, Err *err)
{
    Scan s = {.fn = fn, .arg = arg};
    json_scan(&s.json, text, DEPTH_MAX);
    bool whole = object(&s, json_next(&s.json), of_answer);
    if (!whole || json_next(&s.json) != JSON_END_TOKEN)
        return err_set(err, ERR_UNAVAILABLE, "invalid JSON at byte %zu",
            text.len - (size_t)(s.json.end - s.json.p));
    if (s.foreign)
        return err_set(err, ERR_CORRUPT, "a point found in Qdrant is not one of Sotto's");
    *lists = s.lists;
    return true;
}
