/* briefing_text.c - a briefing as plain text, as sentences to be read aloud, and as JSON. */
#include "assistant/briefing_int.h"

#include "base/clock.h"

#define SPOKEN 5 /* lines of a section; a listener cannot skip */

/* ---- text ------------------------------------------------------------------------------------ */

static void line(Buf *out, const BriefingItem *i)
{
    (void)buf_printf(out, "- " STR_FMT " (" STR_FMT ")\n", STR_ARG(i->text), STR_ARG(i->reason));
}

static void group(Buf *out, const BriefingSection *s, const BriefingGroup *g)
{
    (void)buf_printf(out, STR_FMT ": %u new, %u changed\n", STR_ARG(g->name), g->created,
        g->changed);
    if (g->summary.len)
        (void)buf_printf(out, STR_FMT "\n", STR_ARG(g->summary));
    for (size_t i = 0; i < g->n; i++)
        line(out, &s->items[g->first + i]);
}

void briefing_section_text(const Briefing *b, BriefingKind k, Buf *out)
{
    const BriefingSection *s = &b->sections[k];
    (void)buf_printf(out, STR_FMT "\n", STR_ARG(s->lead));
    for (size_t i = 0; i < s->n_groups; i++)
        group(out, s, &s->groups[i]);
    for (size_t i = 0; i < s->n && s->n_groups == 0; i++)
        line(out, &s->items[i]);
    if (s->more)
        (void)buf_printf(out, "and %llu more\n", (unsigned long long)s->more);
}

void briefing_text(const Briefing *b, Buf *out)
{
    (void)buf_printf(out, STR_FMT "\n", STR_ARG(b->headline));
    for (int k = 0; k < BRIEFING_SECTIONS; k++) {
        (void)buf_printf(out, "\n%s\n", briefing_section_title((BriefingKind)k));
        briefing_section_text(b, (BriefingKind)k, out);
    }
}

/* ---- speech ---------------------------------------------------------------------------------- */

/* Without what is no word when it is read out: brackets, bars, arrows, marks of Markdown. */
static void say(Buf *out, Str text)
{
    for (size_t i = 0; i < text.len; i++)
        (void)buf_add_char(out, strchr("*_#`|<>[]{}\\~", text.ptr[i]) ? ' ' : text.ptr[i]);
    char last = text.len ? text.ptr[text.len - 1] : '.';
    (void)buf_add_c(out, strchr(".!?:;", last) ? " " : ". ");
}

static bool spoken(const BriefingSection *s)
{
    return s->n > 0;
}

static void say_item(Buf *out, BriefingKind k, const BriefingItem *i)
{
    if (k == BRIEFING_TRENDS || k == BRIEFING_DUE || k == BRIEFING_AGAIN) {
        (void)buf_add(out, i->text);
        (void)buf_add_c(out, ": ");
        say(out, i->reason);
    } else
        say(out, i->text);
}

void briefing_speech(const Briefing *b, Buf *out)
{
    say(out, b->headline);
    for (int k = 0; k < BRIEFING_SECTIONS; k++) {
        const BriefingSection *s = &b->sections[k];
        if (!spoken(s))
            continue;
        (void)buf_printf(out, "\n%s. ", briefing_section_title((BriefingKind)k));
        if (k == BRIEFING_RECENT)
            say(out, s->lead);
        size_t shown = s->n < SPOKEN ? s->n : SPOKEN;
        for (size_t i = 0; i < shown; i++)
            say_item(out, (BriefingKind)k, &s->items[i]);
        uint64_t left = s->n - shown + s->more;
        if (left)
            (void)buf_printf(out, "And %llu more. ", (unsigned long long)left);
    }
    while (out->len && out->ptr[out->len - 1] == ' ')
        buf_cut(out, out->len - 1);
    (void)buf_add_char(out, '\n');
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static const char *of_name(BriefingOf of)
{
    return of == BRIEFING_OF_TASK    ? "task"
           : of == BRIEFING_OF_EVENT ? "event"
           : of == BRIEFING_OF_FACT  ? "fact"
                                     : "document";
}

static void sources_json(const BriefingItem *i, JsonW *w)
{
    char id[UUID_TEXT];
    jw_key(w, "sources");
    jw_arr(w);
    for (size_t k = 0; k < i->n_sources; k++) {
        const BriefingSource *s = &i->sources[k];
        jw_obj(w);
        jw_kv_cstr(w, "type", of_name(s->of));
        jw_kv_cstr(w, "id", uuid_format(&s->id, id));
        jw_kv_str(w, "title", s->title);
        jw_kv_str(w, "source", s->source);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void item_json(const Briefing *b, BriefingKind k, const BriefingItem *i, JsonW *w)
{
    char id[UUID_TEXT], at[ZONE_RFC3339_MAX];
    jw_obj(w);
    jw_kv_str(w, "text", i->text);
    jw_kv_str(w, "reason", i->reason);
    jw_kv_cstr(w, "source_id", uuid_format(&i->sources[0].id, id));
    jw_kv_cstr(w, "source_type", of_name(i->sources[0].of));
    sources_json(i, w);
    if (i->at != TASK_NO_TIME) {
        jw_kv_cstr(w, "at", zone_format(b->zone, i->at, at));
        jw_kv_bool(w, "timed", i->timed);
    }
    if (k == BRIEFING_DUE || k == BRIEFING_TODAY)
        jw_kv_bool(w, "overdue", i->overdue);
    if (k != BRIEFING_TODAY)
        jw_kv_num(w, "score", i->score);
    if (k == BRIEFING_TRENDS) {
        jw_kv_int(w, "recent", i->recent);
        jw_kv_int(w, "before", i->before);
        jw_kv_int(w, "recent_of", i->recent_of);
        jw_kv_int(w, "before_of", i->before_of);
    }
    jw_obj_end(w);
}

/* Every document that a line of the section names, once, in their order. */
static void documents_json(const BriefingSection *s, JsonW *w)
{
    char id[UUID_TEXT];
    jw_key(w, "source_documents");
    jw_arr(w);
    for (size_t i = 0; i < s->n; i++)
        for (size_t k = 0; k < s->items[i].n_sources; k++) {
            const BriefingSource *x = &s->items[i].sources[k];
            bool said = x->of != BRIEFING_OF_DOCUMENT;
            for (size_t p = 0; p <= i && !said; p++)
                for (size_t q = 0; q < (p < i ? s->items[p].n_sources : k) && !said; q++)
                    said = uuid_eq(&s->items[p].sources[q].id, &x->id);
            if (!said)
                jw_cstr(w, uuid_format(&x->id, id));
        }
    jw_arr_end(w);
}

static void groups_json(const BriefingSection *s, JsonW *w)
{
    jw_key(w, "groups");
    jw_arr(w);
    for (size_t i = 0; i < s->n_groups; i++) {
        const BriefingGroup *g = &s->groups[i];
        jw_obj(w);
        jw_kv_str(w, "name", g->name);
        jw_kv_int(w, "new", g->created);
        jw_kv_int(w, "changed", g->changed);
        jw_kv_str(w, "summary", g->summary);
        jw_kv_int(w, "first_item", (int64_t)g->first);
        jw_kv_int(w, "items", (int64_t)g->n);
        jw_obj_end(w);
    }
    jw_arr_end(w);
}

static void section_json(const Briefing *b, BriefingKind k, JsonW *w)
{
    const BriefingSection *s = &b->sections[k];
    Buf text;
    buf_init(&text, BUF_DEFAULT_MAX);
    briefing_section_text(b, k, &text);
    jw_obj(w);
    jw_kv_cstr(w, "title", briefing_section_title(k));
    jw_kv_str(w, "content", str_trim(buf_str(&text)));
    jw_kv_cstr(w, "priority", briefing_section_priority(k));
    documents_json(s, w);
    jw_kv_str(w, "lead", s->lead);
    jw_key(w, "items");
    jw_arr(w);
    for (size_t i = 0; i < s->n; i++)
        item_json(b, k, &s->items[i], w);
    jw_arr_end(w);
    jw_kv_int(w, "more", (int64_t)s->more);
    if (k == BRIEFING_RECENT)
        groups_json(s, w);
    jw_obj_end(w);
    if (!buf_ok(&text))
        w->out->failed = w->out->no_memory = true;
    buf_release(&text);
}

void briefing_json(const Briefing *b, JsonW *w)
{
    char id[UUID_TEXT], at[ZONE_RFC3339_MAX];
    jw_obj(w);
    jw_kv_cstr(w, "id", uuid_format(&b->id, id));
    jw_kv_cstr(w, "date", b->date);
    jw_kv_cstr(w, "zone", b->zone_name);
    jw_kv_str(w, "headline", b->headline);
    jw_key(w, "sections");
    jw_arr(w);
    for (int k = 0; k < BRIEFING_SECTIONS; k++)
        section_json(b, (BriefingKind)k, w);
    jw_arr_end(w);
    jw_kv_cstr(w, "generated_at", zone_format(b->zone, b->as_of, at));
    jw_obj_end(w);
}
