#include <stdio.h>

#include "base/utf8.h"
#include "ingest/odf.h"

bool odf_no_memory(OdfReading *t)
{
    t->failed = true;
    if (t->doc->err->code == ERR_NONE)
        (void)err_set(t->doc->err, ERR_NO_MEMORY, "reading the document: out of memory");
    return false;
}

/* ---- lists and paragraphs ------------------------------------------------------------------- */

static void count(OdfCounter *c, unsigned level, Str start)
{
    uint64_t value;
    for (unsigned i = 0; i <= level; i++) {
        uint32_t first = c->style ? c->style->levels[i].start : 1;
        if (!c->begun[i])
            c->counts[i] = first ? first : 1;
        else if (i == level)
            c->counts[i]++;
        c->begun[i] = true;
    }
    if (str_to_u64(start, &value) && value < 1000000)
        c->counts[level] = (uint32_t)value;
    for (unsigned i = level + 1; i < ODF_LEVELS; i++)
        c->begun[i] = false;
}

void odf_begin_list(OdfReading *t, const XmlAttributes *at)
{
    Str name = xml_attribute(at, XN_TEXT, "style-name");
    Str goes_on = xml_attribute(at, XN_TEXT, "continue-numbering");
    bool on = (goes_on.ptr && xml_is_on(goes_on)) ||
              xml_attribute(at, XN_TEXT, "continue-list").len > 0;
    if (t->list_depth++ == 0) {
        const OdfList *style = odf_list(&t->doc->styles, name);
        if (!on || style != t->list.style)
            t->list = (OdfCounter){.style = style};
    } else if (name.len > 0) {
        t->list.style = odf_list(&t->doc->styles, name);
    }
}

static unsigned list_level(const OdfReading *t)
{
    unsigned d = t->list_depth ? t->list_depth - 1 : 0;
    return d < ODF_LEVELS ? d : ODF_LEVELS - 1;
}

static void begin_heading(OdfReading *t, const XmlAttributes *at)
{
    uint64_t level;
    if (!str_to_u64(xml_attribute(at, XN_TEXT, "outline-level"), &level) || level < 1)
        level = 1;
    level = level < ODF_LEVELS ? level : ODF_LEVELS;
    Str header = xml_attribute(at, XN_TEXT, "is-list-header");
    buf_cut(&t->label, 0);
    t->outline.style = &t->doc->styles.outline;
    if (!header.ptr && t->outline.style->levels[level - 1].numbered) {
        count(&t->outline, (unsigned)level - 1, xml_attribute(at, XN_TEXT, "start-value"));
        odf_label(t->outline.style, t->outline.counts, (unsigned)level - 1, &t->label);
    }
    story_begin(t->now, STORY_HEADING, level < 6 ? (unsigned)level : 6, buf_str(&t->label));
}

/* The label stands before the comment's first words, once its author is known. */
static void label_comment(OdfReading *t)
{
    char place[32] = "", lead[300];
    if (t->in_cell)
        (void)grid_name(t->row, t->column, place);
    Str by = buf_str(&t->creator);
    (void)snprintf(lead, sizeof lead, "[Comment%s%s%s" STR_FMT "]", place[0] ? " on " : "", place,
                   by.len ? " by " : "", STR_ARG(str_sub(by, 0, utf8_floor(by, 100))));
    story_begin(t->now, STORY_BODY, 0, str_of(lead));
    t->comment_fresh = false;
}

static void label_note(OdfReading *t)
{
    char lead[224];
    (void)snprintf(lead, sizeof lead, "[" STR_FMT "]", STR_ARG(buf_str(&t->citation)));
    story_begin(t->now, STORY_BODY, 0, str_of(lead));
    t->note_fresh = false;
}

/* A paragraph of the text, a sheet's cell or a slide: what its style and its place make of it. */
static void begin_kind(OdfReading *t, int element, const OdfStyle *style, const XmlAttributes *at)
{
    bool plain = t->in_sheet || t->comment_depth > 0 || t->running;
    Str label = STR("");
    StoryKind kind = STORY_BODY;
    unsigned level = 1;
    if (!plain && element == F_H) {
        begin_heading(t, at);
        return;
    }
    if (!plain && (t->in_title || (style && (style->heading || style->is_title)))) {
        kind = STORY_HEADING;
        level = !t->in_title && style->heading ? (unsigned)style->heading : 1;
    } else if (!plain && t->list_depth > 0 && t->fresh_item) {
        kind = STORY_ITEM;
        level = list_level(t) + 1;
        label = buf_str(&t->label);
    } else if (!plain && style && style->is_code) {
        kind = STORY_CODE;
    } else if (!plain && t->in_notes && !t->notes_said) {
        label = STR("Notes:");
    }
    story_begin(t->now, kind, level, label);
}

bool odf_begin_paragraph(OdfReading *t, int element, const XmlAttributes *at)
{
    const OdfStyle *style = odf_style(&t->doc->styles, xml_attribute(at, XN_TEXT, "style-name"));
    Str hidden = xml_attribute(at, XN_TEXT, "is-hidden");
    if ((style && style->is_hidden) || (hidden.ptr && xml_is_on(hidden)))
        return false;
    t->p_depth++;
    if (t->comment_fresh)
        label_comment(t);
    else if (t->note_fresh)
        label_note(t);
    else
        begin_kind(t, element, style, at);
    t->notes_said = t->notes_said || t->in_notes;
    if (style && style->is_title && t->doc->out->title.len == 0)
        t->in_title = true;
    t->fresh_item = false;
    return true;
}

void odf_end_paragraph(OdfReading *t)
{
    t->p_depth -= t->p_depth > 0;
    if (t->in_title && t->doc->out->title.len == 0)
        extract_meta(&t->doc->out->title, story_so_far(t->now));
    if (t->page == 0)
        t->in_title = false; /* on a slide the frame says so */
    story_end(t->now);
}

/* ---- notes, comments, boxes ----------------------------------------------------------------- */

void odf_begin_comment(OdfReading *t)
{
    t->comment_depth++;
    t->comment_fresh = true;
    buf_cut(&t->creator, 0);
    if (t->in_cell)
        t->now = &t->side;
    story_aside_begin(t->now);
}

void odf_end_comment(OdfReading *t)
{
    t->comment_depth -= t->comment_depth > 0;
    story_aside_end(t->now);
    if (t->in_cell && t->comment_depth == 0) {
        story_end(t->now);
        t->now = &t->cell;
    }
}

void odf_begin_shape(OdfReading *t)
{
    if (t->in_cell && t->comment_depth == 0)
        t->now = &t->side;
    story_aside_begin(t->now);
}

void odf_end_shape(OdfReading *t)
{
    story_aside_end(t->now);
    if (t->in_cell && t->comment_depth == 0) {
        story_end(t->now);
        t->now = &t->cell;
    }
}

void odf_end_description(OdfReading *t)
{
    t->in_description = false;
    if (!extract_describes(buf_str(&t->description)) ||
        t->doc->objects > 0) /* a chart describes its ranges */
        return;
    Story *to = t->in_cell ? &t->side : t->now;
    story_text(to, STR(" "));
    story_text(to, buf_str(&t->description));
    story_text(to, STR(" "));
    if (t->in_cell)
        story_end(to);
}

/* The note's first paragraph carries its number, as its reference does. */
void odf_begin_note_body(OdfReading *t)
{
    Buf mark;
    buf_init(&mark, 256);
    (void)buf_printf(&mark, "[" STR_FMT "]", STR_ARG(buf_str(&t->citation)));
    story_text(t->now, buf_str(&mark));
    if (mark.no_memory)
        (void)odf_no_memory(t);
    buf_release(&mark);
    story_aside_begin(t->now);
    t->note_fresh = true;
}

void odf_begin_item(OdfReading *t, const XmlAttributes *at)
{
    count(&t->list, list_level(t), xml_attribute(at, XN_TEXT, "start-value"));
    buf_cut(&t->label, 0);
    odf_label(t->list.style, t->list.counts, list_level(t), &t->label);
    t->fresh_item = true;
}
