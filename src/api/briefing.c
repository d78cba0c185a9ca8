/* briefing.c - the daily briefing, its history, its feed and its schedule. */
#include "assistant/briefing.h"

#include <ctype.h>

#include "api/call.h"
#include "base/clock.h"
#include "text/speakable.h"

#define FEED_ENTRIES 30

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static bool briefings_of(const ApiCall *c, Briefings **b, Err *err)
{
    *b = c->parts->briefings;
    return *b || err_set(err, ERR_UNAVAILABLE, "there is no briefing here");
}

/* ---- a day ----------------------------------------------------------------------------------- */

typedef enum { AS_JSON, AS_TEXT, AS_HTML, AS_SPEECH } BriefingForm;

/* The first of Accept that we have; JSON when it names none of ours. */
static BriefingForm form_of(const ApiCall *c)
{
    const FieldValue *format = call_query(c, "format");
    if (format->given)
        return str_eq(format->str, STR("text")) ? AS_TEXT : str_eq(format->str, STR("html"))
            ? AS_HTML : str_eq(format->str, STR("speech")) ? AS_SPEECH : AS_JSON;
    Str rest = http_header(&c->x->req, "Accept"), one;
    while (str_next(&rest, ',', &one)) {
        Str type = str_trim(http_media_type(one));
        if (str_eq_nocase(type, STR("text/html")))
            return AS_HTML;
        if (str_eq_nocase(type, STR("text/plain")))
            return AS_TEXT;
        if (str_eq_nocase(type, STR("application/json")) || str_eq(type, STR("*/*")))
            return AS_JSON;
    }
    return AS_JSON;
}

/* Numbers, dates and money as words, so that any voice can read it; a section a line. */
static bool read_aloud(ApiCall *c, Str *text, Err *err)
{
    SpeakableOrder order = tasks_day_first(c->parts->tasks) ? SPEAKABLE_DMY : SPEAKABLE_MDY;
    Str rest = *text, line;
    Buf out;
    bool ok = text->ptr != NULL;
    buf_init(&out, BUF_DEFAULT_MAX);
    while (ok && str_next(&rest, '\n', &line)) {
        SpeakableSentence *list;
        size_t n = 0;
        ok = speakable_sentences(line, order, c->arena, &list, &n, err);
        for (size_t i = 0; ok && i < n; i++) {
            (void)buf_add_char(&out, (char)toupper((unsigned char)list[i].text.ptr[0]));
            (void)buf_add(&out, str_sub(list[i].text, 1, list[i].text.len));
            (void)buf_add_char(&out, i + 1 < n ? ' ' : '\n');
        }
    }
    *text = arena_buf(c->arena, &out);
    ok = ok && buf_check(&out, "the briefing", err);
    buf_release(&out);
    return ok;
}

bool briefing_daily(ApiCall *c, Err *err)
{
    Briefings *b;
    if (!briefings_of(c, &b, err))
        return false;
    BriefingAsk ask = {.date = call_query(c, "date")->str, .zone = call_query(c, "tz")->str};
    BriefingShot *shot = briefing_get(b, &ask, c->worker, err);
    if (!shot)
        return false;
    BriefingForm form = form_of(c);
    Buf out;
    JsonW w;
    buf_init(&out, BUF_DEFAULT_MAX);
    if (form == AS_JSON) {
        jw_init(&w, &c->out);
        briefing_json(briefing_of(shot), &w);
    } else if (form == AS_HTML) {
        briefing_html(briefing_of(shot), &out);
    } else if (form == AS_SPEECH) {
        briefing_speech(briefing_of(shot), &out);
    } else {
        briefing_text(briefing_of(shot), &out);
    }
    briefing_release(shot);
    Str text = arena_buf(c->arena, &out);
    bool ok = form == AS_JSON || buf_check(&out, "the briefing", err);
    ok = ok && (form != AS_SPEECH || read_aloud(c, &text, err));
    buf_release(&out);
    if (!ok)
        return false;
    if (form == AS_JSON)
        return call_json(c, 200, err);
    if (!text.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for the briefing");
    return call_text(c, 200, form == AS_HTML ? "text/html; charset=utf-8"
                                             : "text/plain; charset=utf-8", text);
}

/* ---- history --------------------------------------------------------------------------------- */

bool briefing_history(ApiCall *c, Err *err)
{
    StoredBriefing *list;
    size_t n;
    JsonW w;
    if (!store_briefing_list(c->parts->store, c->owner, call_query(c, "date")->str,
                             (size_t)call_query(c, "offset")->i, (size_t)call_query(c, "limit")->i,
                             c->arena, &list, &n, err))
        return false;
    jw_init(&w, &c->out);
    jw_arr(&w);
    for (size_t i = 0; i < n; i++)
        jw_raw(&w, list[i].json);
    jw_arr_end(&w);
    return call_json(c, 200, err);
}

bool briefing_feed(ApiCall *c, Err *err)
{
    StoredBriefing *list;
    size_t n;
    Buf out;
    Str host = http_header(&c->x->req, "Host");
    Str base = arena_printf(c->arena, "http://" STR_FMT, STR_ARG(host.len ? host
                                                                         : STR("localhost")));
    buf_init(&out, BUF_DEFAULT_MAX);
    bool ok = base.ptr || err_set(err, ERR_NO_MEMORY, "no memory for the feed");
    ok = ok && store_briefing_list(c->parts->store, c->owner, STR(""), 0, FEED_ENTRIES, c->arena,
                                   &list, &n, err) &&
         briefing_atom(list, n, base, c->owner, &out, err);
    Str text = ok ? arena_buf(c->arena, &out) : (Str){NULL, 0};
    buf_release(&out);
    if (ok && !text.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for the feed");
    return ok && call_text(c, 200, "application/atom+xml; charset=utf-8", text);
}

/* ---- schedule -------------------------------------------------------------------------------- */

static bool schedule_json(ApiCall *c, Briefings *b, const BriefingSchedule *s, Err *err)
{
    char at[ZONE_RFC3339_MAX];
    const Zone *z = briefings_zone(b, s->zone);
    z = z ? z : briefings_zone(b, STR(""));
    int64_t next = briefing_next(s, z, clock_now_ms());
    Str time = arena_printf(c->arena, "%02u:%02u", s->minute / 60, s->minute % 60);
    JsonW w;
    if (!time.ptr)
        return err_set(err, ERR_NO_MEMORY, "no memory for the schedule");
    jw_init(&w, &c->out);
    jw_obj(&w);
    jw_kv_bool(&w, "enabled", s->enabled);
    jw_kv_str(&w, "time", time);
    jw_key(&w, "days");
    jw_arr(&w);
    for (unsigned i = 0; i < 7; i++)
        if (s->days >> i & 1)
            jw_cstr(&w, day_names[i]);
    jw_arr_end(&w);
    jw_kv_str(&w, "zone", s->zone);
    if (next == TASK_NO_TIME)
        jw_kv_null(&w, "next_at");
    else
        jw_kv_cstr(&w, "next_at", zone_format(z, next, at));
    jw_obj_end(&w);
    return call_json(c, 200, err);
}

bool briefing_schedule_show(ApiCall *c, Err *err)
{
    Briefings *b;
    BriefingSchedule s;
    return briefings_of(c, &b, err) && briefings_schedule(b, c->arena, &s, err) &&
           schedule_json(c, b, &s, err);
}

static bool read_time(Str text, uint32_t *minute, Err *err)
{
    uint64_t h = 24, m = 60;
    bool ok = text.len == 5 && text.ptr[2] == ':' && str_to_u64(str_sub(text, 0, 2), &h) &&
              str_to_u64(str_sub(text, 3, 5), &m) && h < 24 && m < 60;
    if (ok)
        *minute = (uint32_t)(h * 60 + m);
    return ok || err_set(err, ERR_VALIDATION, "time must be HH:MM, from 00:00 to 23:59");
}

static bool read_days(const FieldValue *v, uint32_t *days, Err *err)
{
    uint32_t found = 0;
    for (size_t i = 0; i < v->n_list; i++) {
        unsigned d = 0;
        while (d < 7 && !str_eq_nocase(v->list[i], str_of(day_names[d])))
            d++;
        if (d == 7)
            return err_set(err, ERR_VALIDATION,
                           "a day is one of mon, tue, wed, thu, fri, sat, sun");
        found |= 1u << d;
    }
    *days = found;
    return true;
}

bool briefing_schedule_change(ApiCall *c, Err *err)
{
    Briefings *b;
    BriefingSchedule s;
    const FieldValue *enabled = call_body(c, "enabled"), *time = call_body(c, "time"),
                     *days = call_body(c, "days"), *zone = call_body(c, "zone");
    if (!briefings_of(c, &b, err) || !briefings_schedule(b, c->arena, &s, err) ||
        (time->given && !read_time(time->str, &s.minute, err)) ||
        (days->given && !read_days(days, &s.days, err)))
        return false;
    if (enabled->given)
        s.enabled = enabled->b;
    if (zone->given)
        s.zone = zone->str;
    return briefings_set_schedule(b, &s, err) && schedule_json(c, b, &s, err);
}
