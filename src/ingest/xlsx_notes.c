#include "ingest/xlsx_notes.h"

#include <stdio.h>

#include "base/utf8.h"

#define MAX_AUTHORS 1000

enum { C_AUTHOR = 1, C_COMMENT, C_T, C_PHONETIC };
static const XmlWord comment_words[] = {{XN_S, "author", C_AUTHOR}, {XN_S, "comment", C_COMMENT},
                                        {XN_S, "t", C_T}, {XN_S, "rPh", C_PHONETIC}};

typedef struct {
    Story *story;
    Arena *arena;
    Str authors[MAX_AUTHORS];
    size_t n_authors;
    Str place, by;
    bool taking, failed;
    Buf text;
} Comments;

static bool comment_start(void *arg, int element, const XmlAttributes *at)
{
    Comments *c = arg;
    uint64_t author;
    if (element == C_COMMENT) {
        c->place = arena_str(c->arena, str_sub(xml_attribute(at, XN_OTHER, "ref"), 0, 20));
        c->by = str_to_u64(xml_attribute(at, XN_OTHER, "authorId"), &author) &&
                author < c->n_authors ? c->authors[author] : STR("");
        c->failed = c->failed || !c->place.ptr;
    }
    if (element == C_COMMENT || element == C_AUTHOR)
        buf_cut(&c->text, 0);
    c->taking = element == C_T || element == C_AUTHOR;
    return element != C_PHONETIC;
}

/* Newer comments come with a notice for older programs before their words; their author is an
 * id. */
static Str said(Str text, Str *by)
{
    if (!str_starts(text, STR("[Threaded comment]")))
        return text;
    size_t at = str_find(text, STR("Comment:\n"), 0);
    *by = STR("");
    return at == SIZE_MAX ? text : str_sub(text, at + 9, text.len);
}

static void end_comment(Comments *c)
{
    char lead[200];
    Str by = c->by, text = said(str_trim(buf_str(&c->text)), &by);
    if (text.len == 0 || c->failed)
        return;
    by = str_sub(by, 0, utf8_floor(by, by.len < 100 ? by.len : 100));
    (void)snprintf(lead, sizeof lead, "[Comment on " STR_FMT "%s" STR_FMT "]", STR_ARG(c->place),
                   by.len ? " by " : "", STR_ARG(by));
    story_begin(c->story, STORY_BODY, 0, str_of(lead));
    story_text(c->story, text);
    story_end(c->story);
}

static void comment_end(void *arg, int element)
{
    Comments *c = arg;
    c->taking = false;
    if (element == C_COMMENT)
        end_comment(c);
    else if (element == C_AUTHOR && c->n_authors < MAX_AUTHORS) {
        Str name = arena_str(c->arena, str_trim(buf_str(&c->text)));
        c->authors[c->n_authors++] = name.ptr ? name : STR("");
        c->failed = c->failed || !name.ptr;
    }
}

static void comment_text(void *arg, Str s)
{
    Comments *c = arg;
    if (c->taking)
        (void)buf_add(&c->text, s);
}

bool xlsx_comments(Package *p, Str part, Arena *a, Story *s, Err *err)
{
    Comments *c = ARENA_NEW(a, Comments);
    if (!c)
        return err_set(err, ERR_NO_MEMORY, "reading comments: out of memory");
    c->story = s;
    c->arena = a;
    c->place = c->by = STR("");
    buf_init(&c->text, 1 << 20);
    XmlHandler h = {.arg = c, XML_WORDS(comment_words), .start = comment_start,
        .end = comment_end, .text = comment_text};
    bool ok = package_parse_optional(p, part, &h, err);
    if (ok && (c->failed || c->text.no_memory))
        ok = err_set(err, ERR_NO_MEMORY, "reading comments: out of memory");
    buf_release(&c->text);
    return ok;
}

/* ---- drawings ------------------------------------------------------------------------------- */

enum { G_P = 1, G_T, G_CHART, G_DIAGRAM, G_PROPERTIES, G_BREAK };
static const XmlWord drawing_words[] = {{XN_A, "p", G_P}, {XN_A, "t", G_T}, {XN_A, "br", G_BREAK},
                                        {XN_C, "chart", G_CHART}, {XN_DGM, "relIds", G_DIAGRAM},
                                        {XN_XDR, "cNvPr", G_PROPERTIES}};

typedef struct {
    Package *package;
    OoxmlRels rels;
    Story *story;
    bool in_t, failed;
    Err *err;
} Drawing;

static bool drawing_start(void *arg, int element, const XmlAttributes *at)
{
    Drawing *d = arg;
    if (d->failed)
        return false;
    bool diagram = element == G_DIAGRAM;
    if (element == G_CHART || diagram) {
        const OoxmlRel *rel = ooxml_rel(&d->rels, xml_attribute(at, XN_R, diagram ? "dm" : "id"));
        if (rel && !rel->external)
            d->failed = !(diagram ? ooxml_diagram(d->package, rel->target, d->story, d->err) :
                                    ooxml_chart(d->package, rel->target, d->story, d->err));
        story_end(d->story);
    } else if (element == G_PROPERTIES) {
        Str words = xml_attribute(at, XN_OTHER, "descr");
        if (extract_describes(words)) {
            story_text(d->story, words);
            story_end(d->story);
        }
    } else if (element == G_P) {
        story_begin(d->story, STORY_BODY, 0, STR(""));
    } else if (element == G_BREAK) {
        story_line(d->story);
    }
    d->in_t = element == G_T;
    return true;
}

static void drawing_end(void *arg, int element)
{
    Drawing *d = arg;
    d->in_t = false;
    if (element == G_P)
        story_end(d->story);
}

static void drawing_text(void *arg, Str s)
{
    Drawing *d = arg;
    if (d->in_t)
        story_text(d->story, s);
}

bool xlsx_drawing(Package *p, Str part, Arena *a, Story *s, Err *err)
{
    Drawing d = {.package = p, .story = s, .err = err};
    XmlHandler h = {.arg = &d, XML_WORDS(drawing_words), .start = drawing_start,
        .end = drawing_end, .text = drawing_text};
    return ooxml_rels(p, part, a, &d.rels, err) && package_parse_optional(p, part, &h, err) &&
           !d.failed;
}
