/* read_pptx.c - PPTX (PresentationML, ECMA-376 part 1 section 19) to text: a slide is a page.
 *
 *   presentation -> slides in their order: title, shapes, tables, charts, notes, comments
 *
 * Kept: titles as headings, paragraphs, bullets with their depth, tables, charts, diagrams,
 * descriptions of pictures, speaker notes ("Notes:"), comments, footers once; hidden slides too.
 * Lost: text of masters and layouts, slide numbers and dates, animations, looks. */
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ingest/ooxml.h"

enum {
    P_SHAPE = 1, P_PLACEHOLDER, P_PROPERTIES, P_P, P_PPR, P_NO_BULLET, P_BULLET, P_NUMBER, P_T,
    P_BREAK, P_TABLE, P_ROW, P_CELL, P_FRAME, P_CHART, P_DIAGRAM, P_COMMENT, P_TEXT, P_AUTHOR,
    P_SLIDE_ID, P_LINK, P_SKIP
};
static const XmlWord words[] = {
    {XN_A, "t", P_T}, {XN_A, "p", P_P}, {XN_A, "pPr", P_PPR}, {XN_A, "br", P_BREAK},
    {XN_A, "buNone", P_NO_BULLET}, {XN_A, "buChar", P_BULLET}, {XN_A, "buBlip", P_BULLET},
    {XN_A, "buAutoNum", P_NUMBER}, {XN_P, "sp", P_SHAPE}, {XN_P, "ph", P_PLACEHOLDER},
    {XN_P, "cNvPr", P_PROPERTIES}, {XN_P, "graphicFrame", P_FRAME}, {XN_A, "tbl", P_TABLE},
    {XN_A, "tr", P_ROW}, {XN_A, "tc", P_CELL}, {XN_C, "chart", P_CHART},
    {XN_DGM, "relIds", P_DIAGRAM}, {XN_P, "cm", P_COMMENT}, {XN_P, "text", P_TEXT},
    {XN_P, "cmAuthor", P_AUTHOR}, {XN_P, "author", P_AUTHOR}, {XN_P, "sldId", P_SLIDE_ID},
    {XN_A, "hlinkClick", P_LINK}, {XN_A, "tableStyleId", P_SKIP}, {XN_P, "extLst", P_SKIP},
    {XN_A, "extLst", P_SKIP}};

#define NUMBERED_LEVELS 9

typedef struct {
    Str id, name;
} Author;

typedef struct {
    Package *package;
    Arena *arena;
    ExtractOut *out;
    OoxmlRels rels;    /* of the presentation */
    Author *authors;
    size_t n_authors, cap_authors;
    Str *slides;       /* parts, in order */
    size_t n_slides, cap_slides;
    Buf footers;       /* those that were shown, a line each */
    Err *err;
} Deck;

typedef enum { FOR_SLIDE, FOR_NOTES, FOR_COMMENTS } Purpose;
typedef enum { SHAPE_PLAIN, SHAPE_TITLE, SHAPE_BODY, SHAPE_FOOTER, SHAPE_NONE } ShapeKind;

/* One part: a slide, its notes, its comments. */
typedef struct {
    Deck *deck;
    Story story, title_story;
    ExtractOut title;
    OoxmlRels rels;
    Purpose purpose;
    ShapeKind kind;
    bool in_t, in_shape, bullet, no_bullet, numbered, pending, said, in_properties, failed;
    unsigned level, tables;
    uint32_t counts[NUMBERED_LEVELS];
    uint64_t number_from;
    Str author, link;
} Part;

static bool no_memory(Part *t)
{
    t->failed = true;
    if (t->deck->err->code == ERR_NONE)
        (void)err_set(t->deck->err, ERR_NO_MEMORY, "reading the presentation: out of memory");
    return false;
}

static Story *story_of(Part *t)
{
    return t->kind == SHAPE_TITLE && t->tables == 0 ? &t->title_story : &t->story;
}

/* ---- shapes and paragraphs ------------------------------------------------------------------ */

static ShapeKind kind_of(const Part *t, Str type)
{
    if (str_eq(type, STR("title")) || str_eq(type, STR("ctrTitle")))
        return t->purpose == FOR_SLIDE ? SHAPE_TITLE : SHAPE_PLAIN;
    if (str_eq(type, STR("sldNum")) || str_eq(type, STR("dt")) || str_eq(type, STR("hdr")))
        return SHAPE_NONE;
    if (str_eq(type, STR("ftr")))
        return t->purpose == FOR_SLIDE ? SHAPE_FOOTER : SHAPE_NONE;
    return type.len == 0 || str_eq(type, STR("body")) || str_eq(type, STR("obj")) ? SHAPE_BODY :
                                                                                   SHAPE_PLAIN;
}

static void begin_paragraph(Part *t)
{
    t->pending = true;
    t->bullet = t->no_bullet = t->numbered = false;
    t->level = 0;
    t->number_from = 1;
}

static void paragraph_level(Part *t, const XmlAttributes *at)
{
    uint64_t level;
    if (str_to_u64(xml_attribute(at, XN_OTHER, "lvl"), &level) && level < NUMBERED_LEVELS)
        t->level = (unsigned)level;
}

/* Body text has bullets unless it says no; other text has them when it says so. */
static void ready(Part *t)
{
    char label[24] = "-";
    if (!t->pending)
        return;
    t->pending = false;
    for (unsigned i = t->level + 1; i < NUMBERED_LEVELS; i++)
        t->counts[i] = 0;
    bool item = t->purpose == FOR_SLIDE && t->tables == 0 && !t->no_bullet &&
                (t->bullet || t->numbered || t->level > 0 || t->kind == SHAPE_BODY);
    if (t->numbered) {
        uint32_t *n = &t->counts[t->level];
        *n = *n ? *n + 1 : (uint32_t)t->number_from;
        (void)snprintf(label, sizeof label, "%u.", *n);
    } else {
        t->counts[t->level] = 0;
    }
    if (t->kind == SHAPE_TITLE && t->tables == 0)
        story_begin(&t->title_story, STORY_HEADING, 1, STR(""));
    else if (item)
        story_begin(&t->story, STORY_ITEM, t->level + 1, str_of(label));
    else if (t->purpose == FOR_NOTES && !t->said)
        story_begin(&t->story, STORY_BODY, 0, STR("Notes:"));
    else
        story_begin(&t->story, STORY_BODY, 0, STR(""));
}

static void add_text(Part *t, Str s)
{
    if (t->kind == SHAPE_NONE)
        return;
    ready(t);
    story_text(story_of(t), s);
    t->said = t->said || str_trim(s).len > 0;
}

/* The same footer stands on every slide: the first one keeps it. */
static void end_paragraph(Part *t)
{
    Story *s = story_of(t);
    Str shown = story_so_far(s);
    Buf *seen = &t->deck->footers;
    if (t->kind == SHAPE_FOOTER && shown.len > 0) {
        if (str_find(buf_str(seen), shown, 0) != SIZE_MAX) {
            story_forget(s);
            return;
        }
        (void)buf_add(seen, shown);
        (void)buf_add_char(seen, '\n');
    }
    story_end(s);
}

static void add_description(Part *t, Str said)
{
    if (!extract_describes(said) || t->purpose != FOR_SLIDE)
        return;
    story_end(&t->story);
    story_text(&t->story, said);
    story_end(&t->story);
}

static void add_chart(Part *t, const XmlAttributes *at, bool diagram)
{
    Deck *d = t->deck;
    const OoxmlRel *rel = ooxml_rel(&t->rels, xml_attribute(at, XN_R, diagram ? "dm" : "id"));
    if (!rel || rel->external)
        return;
    bool ok = diagram ? ooxml_diagram(d->package, rel->target, &t->story, d->err) :
                        ooxml_chart(d->package, rel->target, &t->story, d->err);
    story_end(&t->story);
    t->failed = t->failed || !ok;
}

/* ---- comments ------------------------------------------------------------------------------- */

static void add_author(Part *t, const XmlAttributes *at)
{
    Deck *d = t->deck;
    if (!ARENA_GROW(d->arena, d->authors, d->n_authors, d->cap_authors)) {
        (void)no_memory(t);
        return;
    }
    Author *a = &d->authors[d->n_authors];
    a->id = arena_str(d->arena, xml_attribute(at, XN_OTHER, "id"));
    a->name = arena_str(d->arena, str_sub(xml_attribute(at, XN_OTHER, "name"), 0, 100));
    if (a->id.ptr && a->name.ptr)
        d->n_authors++;
    else
        (void)no_memory(t);
}

static void begin_comment(Part *t, const XmlAttributes *at)
{
    char lead[200];
    Str id = xml_attribute(at, XN_OTHER, "authorId"), by = STR("");
    for (size_t i = 0; i < t->deck->n_authors; i++)
        if (str_eq(t->deck->authors[i].id, id))
            by = t->deck->authors[i].name;
    by = str_sub(by, 0, utf8_floor(by, by.len));
    (void)snprintf(lead, sizeof lead, "[Comment%s" STR_FMT "]", by.len ? " by " : "", STR_ARG(by));
    story_begin(&t->story, STORY_BODY, 0, str_of(lead));
    t->pending = false;
}

/* ---- events --------------------------------------------------------------------------------- */

static bool begin_shape(Part *t, int element, const XmlAttributes *at)
{
    switch (element) {
    case P_SHAPE:
    case P_FRAME:
        t->kind = SHAPE_PLAIN;
        memset(t->counts, 0, sizeof t->counts);
        break;
    case P_PLACEHOLDER: t->kind = kind_of(t, xml_attribute(at, XN_OTHER, "type")); break;
    case P_PROPERTIES: add_description(t, xml_attribute(at, XN_OTHER, "descr")); break;
    case P_TABLE:
        story_table_begin(&t->story);
        t->tables++;
        break;
    case P_ROW: story_row(&t->story); break;
    case P_CELL: story_cell(&t->story); break;
    case P_CHART: add_chart(t, at, false); break;
    case P_DIAGRAM: add_chart(t, at, true); break;
    case P_COMMENT: begin_comment(t, at); break;
    default: break;
    }
    return true;
}

static bool on_start(void *arg, int element, const XmlAttributes *at)
{
    Part *t = arg;
    uint64_t from;
    if (t->failed || element == P_SKIP)
        return false;
    switch (element) {
    case P_P:
        if (t->purpose != FOR_COMMENTS)
            begin_paragraph(t);
        break;
    case P_PPR:
        t->in_properties = true;
        paragraph_level(t, at);
        break;
    case P_BULLET: t->bullet = t->in_properties || t->bullet; break;
    case P_NO_BULLET: t->no_bullet = t->in_properties || t->no_bullet; break;
    case P_NUMBER:
        t->numbered = t->in_properties || t->numbered;
        if (str_to_u64(xml_attribute(at, XN_OTHER, "startAt"), &from) && from < 100000)
            t->number_from = from;
        break;
    case P_T:
    case P_TEXT: t->in_t = true; break;
    case P_BREAK:
        if (!t->pending)
            story_line(story_of(t));
        break;
    case P_LINK: {
        const OoxmlRel *rel = ooxml_rel(&t->rels, xml_attribute(at, XN_R, "id"));
        t->link = rel && rel->external ? rel->target : STR("");
        break;
    }
    default: return begin_shape(t, element, at);
    }
    return true;
}

static void on_end(void *arg, int element)
{
    Part *t = arg;
    switch (element) {
    case P_P:
        if (t->purpose != FOR_COMMENTS)
            end_paragraph(t);
        else
            story_line(&t->story);
        break;
    case P_PPR: t->in_properties = false; break;
    case P_T:
    case P_TEXT:
        t->in_t = false;
        if (t->link.len > 0)
            story_mail(story_of(t), t->link);
        t->link = STR("");
        break;
    case P_SHAPE:
    case P_FRAME: t->kind = SHAPE_PLAIN; break;
    case P_TABLE:
        t->tables -= t->tables > 0;
        story_table_end(&t->story);
        break;
    case P_COMMENT: story_end(&t->story); break;
    default: break;
    }
}

static void on_text(void *arg, Str s)
{
    Part *t = arg;
    if (t->in_t)
        add_text(t, s);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static Part *part_new(Deck *d, ExtractOut *out, Purpose purpose)
{
    Part *t = mem_zalloc(sizeof *t);
    if (!t) {
        (void)err_set(d->err, ERR_NO_MEMORY, "reading the presentation: out of memory");
        return NULL;
    }
    t->deck = d;
    t->purpose = purpose;
    t->kind = SHAPE_PLAIN;
    t->link = STR("");
    extract_init(&t->title, out->text.max);
    story_init(&t->story, out);
    story_init(&t->title_story, &t->title);
    return t;
}

static void part_free(Part *t)
{
    story_release(&t->story);
    story_release(&t->title_story);
    extract_release(&t->title);
    mem_free(t);
}

/* Reads a part into `out`, its title first. */
static bool read_part(Deck *d, Str name, Purpose purpose, ExtractOut *out, OoxmlRels *rels)
{
    ExtractOut body;
    extract_init(&body, out->text.max);
    Part *t = part_new(d, &body, purpose);
    if (!t)
        return false;
    XmlHandler h = {.arg = t, XML_WORDS(words), .start = on_start, .end = on_end, .text = on_text};
    bool ok = ooxml_rels(d->package, name, d->arena, &t->rels, d->err) &&
              package_parse_optional(d->package, name, &h, d->err) && !t->failed;
    *rels = t->rels;
    story_release(&t->story);
    story_init(&t->story, &body);
    story_release(&t->title_story);
    story_init(&t->title_story, &t->title);
    extract_break(out, 2);
    story_append(out, &t->title, 0, t->title.text.len);
    extract_break(out, 2);
    story_append(out, &body, 0, body.text.len);
    extract_break(out, 2);
    part_free(t);
    extract_release(&body);
    return ok;
}

static bool read_slide(Deck *d, Str name, uint32_t page)
{
    OoxmlRels rels, none;
    extract_break(d->out, 2);
    size_t start = d->out->text.len;
    bool ok = read_part(d, name, FOR_SLIDE, d->out, &rels);
    for (size_t i = 0; ok && i < rels.n; i++) {
        const OoxmlRel *r = &rels.list[i];
        if (!r->external && str_eq(r->type, STR("notesSlide")))
            ok = read_part(d, r->target, FOR_NOTES, d->out, &none);
        else if (!r->external && str_eq(r->type, STR("comments")))
            ok = read_part(d, r->target, FOR_COMMENTS, d->out, &none);
    }
    extract_mark(d->out, MARK_PAGE, start, d->out->text.len, page);
    return ok;
}

/* ---- the presentation ----------------------------------------------------------------------- */

static bool deck_start(void *arg, int element, const XmlAttributes *at)
{
    Part *t = arg;
    Deck *d = t->deck;
    if (element == P_AUTHOR)
        add_author(t, at);
    const OoxmlRel *rel =
        element == P_SLIDE_ID ? ooxml_rel(&d->rels, xml_attribute(at, XN_R, "id")) : NULL;
    if (!rel || rel->external)
        return !t->failed;
    if (!ARENA_GROW(d->arena, d->slides, d->n_slides, d->cap_slides))
        return no_memory(t);
    d->slides[d->n_slides++] = rel->target;
    return true;
}

static bool read_lists(Deck *d, Str part)
{
    Part *t = part_new(d, d->out, FOR_COMMENTS);
    if (!t)
        return false;
    XmlHandler h = {.arg = t, XML_WORDS(words), .start = deck_start};
    bool ok = package_parse(d->package, part, &h, d->err);
    for (size_t i = 0; ok && i < d->rels.n; i++) {
        const OoxmlRel *r = &d->rels.list[i];
        if (!r->external && (str_eq(r->type, STR("commentAuthors")) ||
                             str_eq(r->type, STR("authors"))))
            ok = package_parse_optional(d->package, r->target, &h, d->err);
    }
    ok = ok && !t->failed;
    part_free(t);
    return ok;
}

bool pptx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err)
{
    OoxmlRels top;
    Deck d = {.package = p, .arena = a, .out = out, .err = err};
    buf_init(&d.footers, 1 << 20);
    bool ok = ooxml_rels(p, STR(""), a, &top, err);
    const OoxmlRel *core = ok ? ooxml_rel_of_type(&top, "core-properties") : NULL;
    ok = ok && ooxml_properties(p, core ? core->target : STR("docProps/core.xml"), out, err) &&
         ooxml_rels(p, part, a, &d.rels, err) && read_lists(&d, part);
    for (size_t i = 0; ok && i < d.n_slides && buf_ok(&out->text); i++)
        ok = read_slide(&d, d.slides[i], (uint32_t)i + 1);
    out->pages = (uint32_t)d.n_slides;
    if (d.footers.no_memory)
        extract_no_memory(out);
    buf_release(&d.footers);
    return ok;
}
