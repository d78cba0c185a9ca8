/* briefing_page.c - a briefing as a page of HTML, and the history as an Atom feed (RFC 4287).
 *
 * Everything that came from a document is escaped, and the page refers to nothing: no script, no
 * style sheet, no picture. */
#include "assistant/briefing_int.h"

#include "base/clock.h"
#include "base/utf8.h"

/* Also drops what XML 1.0 has no place for. */
static void escape(Buf *out, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '&')
            (void)buf_add_c(out, "&amp;");
        else if (c == '<')
            (void)buf_add_c(out, "&lt;");
        else if (c == '>')
            (void)buf_add_c(out, "&gt;");
        else if (c == '"')
            (void)buf_add_c(out, "&quot;");
        else if (c >= 0x20 || c == '\n' || c == '\t')
            (void)buf_add_char(out, (char)c);
    }
}

static void tagged(Buf *out, const char *tag, Str text)
{
    (void)buf_printf(out, "<%s>", tag);
    escape(out, text);
    (void)buf_printf(out, "</%s>\n", tag);
}

static void list(Buf *out, const BriefingItem *items, size_t n)
{
    char id[UUID_TEXT];
    if (n == 0)
        return;
    (void)buf_add_c(out, "<ul>\n");
    for (size_t i = 0; i < n; i++) {
        const BriefingSource *s = &items[i].sources[0];
        (void)buf_add_c(out, "<li>");
        if (s->of == BRIEFING_OF_DOCUMENT)
            (void)buf_printf(out, "<a href=\"/api/v1/knowledge/documents/%s\">",
                uuid_format(&s->id, id));
        escape(out, items[i].text);
        (void)buf_add_c(out, s->of == BRIEFING_OF_DOCUMENT ? "</a> <small>" : " <small>");
        escape(out, items[i].reason);
        (void)buf_add_c(out, "</small></li>\n");
    }
    (void)buf_add_c(out, "</ul>\n");
}

static void section(const Briefing *b, BriefingKind k, Buf *out)
{
    const BriefingSection *s = &b->sections[k];
    tagged(out, "h2", str_of(briefing_section_title(k)));
    tagged(out, "p", s->lead);
    for (size_t i = 0; i < s->n_groups; i++) {
        const BriefingGroup *g = &s->groups[i];
        (void)buf_add_c(out, "<h3>");
        escape(out, g->name);
        (void)buf_printf(out, "</h3>\n<p>%u new, %u changed</p>\n", g->created, g->changed);
        if (g->summary.len)
            tagged(out, "blockquote", g->summary);
        list(out, s->items + g->first, g->n);
    }
    if (s->n_groups == 0)
        list(out, s->items, s->n);
    if (s->more)
        (void)buf_printf(out, "<p>and %llu more</p>\n", (unsigned long long)s->more);
}

void briefing_html(const Briefing *b, Buf *out)
{
    (void)buf_printf(out, "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>Briefing %s</title></head>\n"
        "<body>\n", b->date);
    tagged(out, "h1", b->headline);
    for (int k = 0; k < BRIEFING_SECTIONS; k++)
        section(b, (BriefingKind)k, out);
    (void)buf_add_c(out, "</body>\n</html>\n");
}

/* ---- the feed -------------------------------------------------------------------------------- */

static bool entry(const StoredBriefing *b, Str base, Buf *out, Err *err)
{
    char id[UUID_TEXT], at[CLOCK_RFC3339_MAX];
    Json *j = json_parse(b->json, JSON_DEFAULT_DEPTH, err);
    if (!j)
        return err_wrap(err, "a briefing of the history");
    (void)buf_printf(out, "<entry>\n<id>urn:uuid:%s</id>\n<title>Briefing " STR_FMT "</title>\n"
        "<updated>%s</updated>\n", uuid_format(&b->id, id), STR_ARG(b->date),
        clock_format(b->generated_at, at));
    (void)buf_add_c(out, "<link rel=\"alternate\" type=\"text/html\" href=\"");
    escape(out, base);
    (void)buf_printf(out, "/api/v1/briefing/daily?date=" STR_FMT "&amp;tz=", STR_ARG(b->date));
    for (size_t i = 0; i < b->zone.len; i++) {
        char c = b->zone.ptr[i];
        (void)buf_printf(out, c == '+' || c == ':' ? "%%%02X" : "%c", c);
    }
    (void)buf_add_c(out, "\"/>\n");
    tagged(out, "summary", json_str(json_get(j, "headline")));
    (void)buf_add_c(out, "<content type=\"text\">");
    const Json *sections = json_get(j, "sections");
    for (size_t i = 0; i < json_count(sections); i++) {
        const Json *s = json_at(sections, i);
        escape(out, json_str(json_get(s, "title")));
        (void)buf_add_c(out, "\n");
        escape(out, json_str(json_get(s, "content")));
        (void)buf_add_c(out, "\n\n");
    }
    (void)buf_add_c(out, "</content>\n</entry>\n");
    json_free(j);
    return true;
}

bool briefing_atom(const StoredBriefing *items, size_t n, Str base, const Uuid *owner, Buf *out,
    Err *err)
{
    char id[UUID_TEXT], at[CLOCK_RFC3339_MAX];
    int64_t updated = 0;
    for (size_t i = 0; i < n; i++)
        updated = items[i].generated_at > updated ? items[i].generated_at : updated;
    (void)buf_printf(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
        "<feed xmlns=\"http://www.w3.org/2005/Atom\">\n<id>urn:uuid:%s</id>\n"
        "<title>Sotto: daily briefing</title>\n<author><name>Sotto</name></author>\n"
        "<updated>%s</updated>\n<link rel=\"self\" href=\"", uuid_format(owner, id),
        clock_format(updated, at));
    escape(out, base);
    (void)buf_add_c(out, "/api/v1/briefing/feed.atom\"/>\n");
    for (size_t i = 0; i < n; i++)
        if (!entry(&items[i], base, out, err))
            return false;
    (void)buf_add_c(out, "</feed>\n");
    return buf_check(out, "the feed", err);
}
