/* read_docx.c - DOCX (WordprocessingML, ECMA-376 part 1 section 17) to text.
 *
 *   styles, numbering -> notes, comments -> headers -> body -> footers
 *
 * Kept: paragraphs, headings by style or outline level, list labels as Word counts them, tables,
 * code by style, notes and comments after the paragraph that refers to them, text boxes, charts,
 * diagrams, picture descriptions, formulas' characters, inserted HTML and text, headers and footers
 * once. Lost: deleted and hidden text, field codes, addresses of links but of mail, looks. */
#include <stdio.h>

#include "base/mem.h"
#include "ingest/docx_styles.h"
#include "ingest/ingest.h"

enum {
    D_P = 1, D_PPR, D_PSTYLE, D_OUTLINE, D_NUM_ID, D_LEVEL, D_R, D_RPR, D_VANISH, D_T, D_TAB, D_BR,
    D_HYPHEN, D_SYM, D_TABLE, D_ROW, D_CELL, D_MERGE, D_FOOTNOTE_REF, D_ENDNOTE_REF, D_COMMENT_REF,
    D_BOX, D_ALT, D_SHAPE, D_WORDART, D_CHART, D_DIAGRAM, D_LINK, D_CHUNK, D_CHECKBOX, D_CHECKED,
    D_RUBY, D_RT, D_FRAME, D_NOTE, D_COMMENT, D_SKIP
};
static const XmlWord words[] = {{XN_W, "r", D_R},
                                {XN_W, "t", D_T},
                                {XN_W, "rPr", D_RPR},
                                {XN_W, "p", D_P},
                                {XN_W, "pPr", D_PPR},
                                {XN_W, "pStyle", D_PSTYLE},
                                {XN_W, "outlineLvl", D_OUTLINE},
                                {XN_W, "numId", D_NUM_ID},
                                {XN_W, "ilvl", D_LEVEL},
                                {XN_W, "vanish", D_VANISH},
                                {XN_W, "tab", D_TAB},
                                {XN_W, "ptab", D_TAB},
                                {XN_W, "br", D_BR},
                                {XN_W, "cr", D_BR},
                                {XN_W, "noBreakHyphen", D_HYPHEN},
                                {XN_W, "sym", D_SYM},
                                {XN_W, "tbl", D_TABLE},
                                {XN_W, "tr", D_ROW},
                                {XN_W, "tc", D_CELL},
                                {XN_W, "vMerge", D_MERGE},
                                {XN_W, "footnoteReference", D_FOOTNOTE_REF},
                                {XN_W, "endnoteReference", D_ENDNOTE_REF},
                                {XN_W, "commentReference", D_COMMENT_REF},
                                {XN_W, "txbxContent", D_BOX},
                                {XN_WP, "docPr", D_ALT},
                                {XN_V, "shape", D_SHAPE},
                                {XN_V, "rect", D_SHAPE},
                                {XN_V, "textpath", D_WORDART},
                                {XN_C, "chart", D_CHART},
                                {XN_DGM, "relIds", D_DIAGRAM},
                                {XN_W, "hyperlink", D_LINK},
                                {XN_W, "altChunk", D_CHUNK},
                                {XN_W, "checkBox", D_CHECKBOX},
                                {XN_W, "checked", D_CHECKED},
                                {XN_W, "default", D_CHECKED},
                                {XN_W, "ruby", D_RUBY},
                                {XN_W, "rt", D_RT},
                                {XN_W, "framePr", D_FRAME},
                                {XN_W, "footnote", D_NOTE},
                                {XN_W, "endnote", D_NOTE},
                                {XN_W, "comment", D_COMMENT},
                                {XN_M, "t", D_T},
                                {XN_A, "t", D_T},
                                {XN_W, "del", D_SKIP},
                                {XN_W, "moveFrom", D_SKIP},
                                {XN_W, "pPrChange", D_SKIP},
                                {XN_W, "rPrChange", D_SKIP},
                                {XN_W, "tblPrChange", D_SKIP},
                                {XN_W, "sectPr", D_SKIP},
                                {XN_W, "tabs", D_SKIP},
                                {XN_W, "instrText", D_SKIP},
                                {XN_W, "delText", D_SKIP},
                                {XN_W, "sdtPr", D_SKIP}};

typedef struct {
    Str id, author;
    uint32_t start, end;
} Note;

typedef struct {
    ExtractOut text;
    Note *list;
    size_t n, cap;
} Notes;

typedef struct {
    Package *package;
    Arena *arena;
    DocxStyles styles;
    Notes footnotes, endnotes, comments;
    unsigned note_number; /* of the references so far */
    ExtractOut *out;
    Err *err;
} Docx;

/* One part that has paragraphs: the body, a header, the notes. */
typedef struct {
    Docx *doc;
    Story story;
    OoxmlRels rels;
    Notes *notes;       /* that the part is made of; NULL */
    bool is_header, failed;
    bool in_ppr, in_t, hidden, pending, checkbox, checked;
    Str style;          /* of the paragraph that begins */
    int64_t num, outline;
    unsigned level;
    bool has_level, in_rt;
    bool drop_cap, joins; /* a large first letter, and the paragraph that goes on behind it */
    Buf ruby;
    const OoxmlRel *link;
} Part;

static bool part_no_memory(Part *t)
{
    t->failed = true;
    if (t->doc->err->code == ERR_NONE)
        (void)err_set(t->doc->err, ERR_NO_MEMORY, "reading the document: out of memory");
    return false;
}

/* ---- paragraphs ----------------------------------------------------------------------------- */

static void begin_paragraph(Part *t)
{
    t->pending = true;
    t->style = STR("");
    t->num = t->outline = -1;
    t->has_level = false;
    t->level = 0;
}

/* The label is counted for empty paragraphs too, as Word does. */
static bool take_label(Part *t, const DocxStyle *style, Buf *label)
{
    int64_t num = t->num >= 0 ? t->num : style ? style->num : -1;
    if (!t->has_level && style &&
        !docx_label_level(&t->doc->styles, num, style->id, &t->level))
        t->level = style->level;
    return num > 0 && docx_label(&t->doc->styles, num, t->level, label);
}

/* What the paragraph is shows at the end of its properties, or when its first run comes. */
static void ready(Part *t)
{
    Buf label;
    if (!t->pending)
        return;
    t->pending = false;
    if (t->joins) {
        t->joins = false;
        return;
    }
    buf_init(&label, 256);
    const DocxStyle *style = docx_style(&t->doc->styles, t->style);
    bool is_item = take_label(t, style, &label);
    int64_t outline = t->outline >= 0 ? t->outline : style ? style->outline : -1;
    bool in_notes = t->notes != NULL;
    if (outline >= 0 && outline < DOCX_LEVELS && !in_notes && !t->is_header)
        story_begin(&t->story, STORY_HEADING, outline < 6 ? (unsigned)outline + 1 : 6,
                    buf_str(&label));
    else if (style && style->is_title && !in_notes && !t->is_header)
        story_begin(&t->story, STORY_HEADING, 1, buf_str(&label));
    else if (is_item)
        story_begin(&t->story, STORY_ITEM, t->level + 1, buf_str(&label));
    else if (style && style->is_code)
        story_begin(&t->story, STORY_CODE, 0, STR(""));
    else
        story_begin(&t->story, STORY_BODY, 0, STR(""));
    if (label.no_memory)
        (void)part_no_memory(t);
    buf_release(&label);
}

static void end_paragraph(Part *t)
{
    ready(t);
    const DocxStyle *style = docx_style(&t->doc->styles, t->style);
    if (style && style->is_title && t->doc->out->title.len == 0 && !t->is_header)
        extract_meta(&t->doc->out->title, story_so_far(&t->story));
    t->joins = t->drop_cap;
    t->drop_cap = false;
    if (!t->joins)
        story_end(&t->story);
    t->style = STR("");
}

static void paragraph_property(Part *t, int element, const XmlAttributes *at)
{
    Str value = xml_attribute(at, XN_W, "val");
    int64_t n;
    bool number = str_to_i64(value, &n) && n >= 0;
    if (element == D_PSTYLE) {
        t->style = arena_str(t->doc->arena, value);
        if (!t->style.ptr)
            (void)part_no_memory(t);
    } else if (element == D_FRAME) {
        Str cap = xml_attribute(at, XN_W, "dropCap");
        t->drop_cap = cap.len > 0 && !str_eq(cap, STR("none"));
    } else if (element == D_OUTLINE && number) {
        t->outline = n;
    } else if (element == D_NUM_ID && number) {
        t->num = n;
    } else if (element == D_LEVEL && number && n < DOCX_LEVELS) {
        t->level = (unsigned)n;
        t->has_level = true;
    }
}

/* ---- runs ----------------------------------------------------------------------------------- */

/* Characters of symbol fonts that stand for something: the others are decoration. */
static void add_symbol(Part *t, const XmlAttributes *at)
{
    static const char *const greek[] = {
        "α", "β", "χ", "δ", "ε", "φ", "γ", "η", "ι", "ϕ", "κ", "λ", "μ",
        "ν", "ο", "π", "θ", "ρ", "σ", "τ", "υ", "ϖ", "ω", "ξ", "ψ", "ζ"};
    static const struct {
        unsigned code;
        const char *shown;
    } wingdings[] = {{0x52, "☑"}, {0x6F, "☐"}, {0x71, "☐"}, {0x72, "☐"}, {0x78, "☒"}, {0xA8, "☐"},
                     {0xFB, "✗"}, {0xFC, "✓"}, {0xFD, "☒"}, {0xFE, "☑"}, {0xDF, "←"}, {0xE0, "→"},
                     {0xF0, "⇒"}};
    Str font = xml_attribute(at, XN_W, "font"), hex = xml_attribute(at, XN_W, "char");
    unsigned code = 0;
    for (size_t i = 0; i < hex.len && i < 6; i++)
        code = code * 16 + (unsigned)(str_hex_digit(hex.ptr[i]) & 15);
    code &= 0xFF; /* F0xx and 00xx are the same */
    ready(t);
    if (str_starts(font, STR("Wingdings"))) {
        for (size_t i = 0; i < sizeof wingdings / sizeof *wingdings; i++)
            if (wingdings[i].code == code)
                story_text(&t->story, str_of(wingdings[i].shown));
    } else if (str_starts(font, STR("Symbol")) && code >= 'a' && code <= 'z') {
        story_text(&t->story, str_of(greek[code - 'a']));
    }
}

/* A description of two letters, or a file's name, says nothing. */
static void add_description(Part *t, Str said)
{
    if (!extract_describes(said) || t->is_header)
        return;
    ready(t);
    story_text(&t->story, STR(" "));
    story_text(&t->story, said);
    story_text(&t->story, STR(" "));
}

static void end_link(Part *t)
{
    const OoxmlRel *to = t->link;
    t->link = NULL;
    if (to && to->external)
        story_mail(&t->story, to->target);
}

/* ---- notes and comments --------------------------------------------------------------------- */

static const Note *find_note(const Notes *all, Str id)
{
    for (size_t i = 0; id.len > 0 && i < all->n; i++)
        if (str_eq(all->list[i].id, id))
            return &all->list[i];
    return NULL;
}

static void refer(Part *t, const Notes *all, const XmlAttributes *at)
{
    char lead[300];
    const Note *n = find_note(all, xml_attribute(at, XN_W, "id"));
    if (!n || t->notes)
        return;
    ready(t);
    if (all == &t->doc->comments) {
        (void)snprintf(lead, sizeof lead, n->author.len ? "[Comment by " STR_FMT "]" : "[Comment]",
                       STR_ARG(n->author));
    } else {
        (void)snprintf(lead, sizeof lead, "[%u]", ++t->doc->note_number);
        story_text(&t->story, str_of(lead));
    }
    story_note(&t->story, str_of(lead), &all->text, n->start, n->end);
}

static bool begin_note(Part *t, const XmlAttributes *at)
{
    Notes *all = t->notes;
    Str type = xml_attribute(at, XN_W, "type");
    if (!all)
        return true;
    if (str_starts(type, STR("separator")) || str_starts(type, STR("continuation")))
        return false;
    if (!ARENA_GROW(t->doc->arena, all->list, all->n, all->cap))
        return part_no_memory(t);
    extract_break(&all->text, 2);
    Note *n = &all->list[all->n++];
    *n = (Note){.id = arena_str(t->doc->arena, xml_attribute(at, XN_W, "id")),
        .author = arena_str(t->doc->arena, str_sub(xml_attribute(at, XN_W, "author"), 0, 100)),
        .start = (uint32_t)all->text.text.len};
    return (n->id.ptr && n->author.ptr) || part_no_memory(t);
}

static void end_note(Part *t)
{
    if (!t->notes || t->notes->n == 0)
        return;
    story_end(&t->story);
    extract_break(&t->notes->text, 1);
    t->notes->list[t->notes->n - 1].end = (uint32_t)t->notes->text.text.len;
}

/* ---- what is in other parts ----------------------------------------------------------------- */

static const OoxmlRel *relation(Part *t, const XmlAttributes *at, const char *attribute)
{
    const OoxmlRel *rel = ooxml_rel(&t->rels, xml_attribute(at, XN_R, attribute));
    return rel && !rel->external ? rel : NULL;
}

static void take_result(Part *t, bool ok)
{
    t->failed = t->failed || !ok;
}

/* A file that Word shows as part of this one: HTML and plain text are read. */
static void add_chunk(Part *t, const OoxmlRel *rel)
{
    Buf bytes;
    ExtractOut part;
    Err *err = t->doc->err;
    if (!rel || !package_has(t->doc->package, rel->target))
        return;
    buf_init(&bytes, (size_t)64 << 20);
    extract_init(&part, t->doc->out->text.max);
    bool ok = package_load(t->doc->package, rel->target, &bytes, err);
    Str type = ingest_guess_type(buf_str(&bytes), rel->target, STR(""));
    const Reader *reader = str_eq(type, STR("html")) ? &reader_html :
                           str_eq(type, STR("text")) ? &reader_text : NULL;
    if (ok && reader) {
        ok = reader->read(buf_str(&bytes), rel->target, &part, err);
        if (ok)
            story_insert(&t->story, &part);
    }
    take_result(t, ok);
    extract_release(&part);
    buf_release(&bytes);
}

static void add_chart(Part *t, const OoxmlRel *rel, bool diagram)
{
    if (!rel || t->failed)
        return;
    ready(t);
    Docx *d = t->doc;
    take_result(t, diagram ? ooxml_diagram(d->package, rel->target, &t->story, d->err) :
                             ooxml_chart(d->package, rel->target, &t->story, d->err));
}

/* ---- events --------------------------------------------------------------------------------- */

static bool begin_block(Part *t, int element, const XmlAttributes *at)
{
    Story *s = &t->story;
    switch (element) {
    case D_P: begin_paragraph(t); break;
    case D_PPR: t->in_ppr = true; break;
    case D_TABLE: story_table_begin(s); break;
    case D_ROW: story_row(s); break;
    case D_CELL: story_cell(s); break;
    case D_BOX:
        ready(t);
        story_aside_begin(s);
        break;
    case D_FOOTNOTE_REF: refer(t, &t->doc->footnotes, at); break;
    case D_ENDNOTE_REF: refer(t, &t->doc->endnotes, at); break;
    case D_COMMENT_REF: refer(t, &t->doc->comments, at); break;
    case D_NOTE:
    case D_COMMENT: return begin_note(t, at);
    case D_CHUNK: add_chunk(t, relation(t, at, "id")); break;
    case D_CHART: add_chart(t, relation(t, at, "id"), false); break;
    case D_DIAGRAM: add_chart(t, relation(t, at, "dm"), true); break;
    default: break;
    }
    return true;
}

static bool begin_inline(Part *t, int element, const XmlAttributes *at)
{
    switch (element) {
    case D_R: t->hidden = false; break;
    case D_RPR: return !t->in_ppr; /* of the paragraph's mark */
    case D_VANISH: t->hidden = xml_is_on(xml_attribute(at, XN_W, "val")); break;
    case D_T:
        ready(t);
        t->in_t = true;
        break;
    case D_RUBY: buf_cut(&t->ruby, 0); break;
    case D_RT: t->in_rt = true; break;
    case D_TAB:
        ready(t);
        story_tab(&t->story);
        break;
    case D_BR:
        ready(t);
        story_line(&t->story);
        break;
    case D_HYPHEN: story_text(&t->story, STR("-")); break;
    case D_SYM: add_symbol(t, at); break;
    case D_ALT: {
        Str said = xml_attribute(at, XN_OTHER, "descr");
        add_description(t, said.len > 0 ? said : xml_attribute(at, XN_OTHER, "title"));
        break;
    }
    case D_SHAPE: add_description(t, xml_attribute(at, XN_OTHER, "alt")); break;
    case D_WORDART: add_description(t, xml_attribute(at, XN_OTHER, "string")); break;
    case D_LINK: t->link = ooxml_rel(&t->rels, xml_attribute(at, XN_R, "id")); break;
    case D_CHECKBOX: t->checkbox = true; t->checked = false; break;
    case D_CHECKED:
        if (t->checkbox)
            t->checked = xml_is_on(xml_attribute(at, XN_W, "val"));
        break;
    default: break;
    }
    return true;
}

static bool on_start(void *arg, int element, const XmlAttributes *at)
{
    Part *t = arg;
    if (element == D_SKIP || t->failed)
        return false;
    if (t->in_ppr)
        paragraph_property(t, element, at);
    return begin_block(t, element, at) && begin_inline(t, element, at);
}

/* The reading aid stands before its base in the file. */
static void end_ruby(Part *t)
{
    if (t->ruby.len == 0)
        return;
    story_text(&t->story, STR(" ("));
    story_text(&t->story, buf_str(&t->ruby));
    story_text(&t->story, STR(")"));
}

static void on_end(void *arg, int element)
{
    Part *t = arg;
    Story *s = &t->story;
    switch (element) {
    case D_P: end_paragraph(t); break;
    case D_PPR:
        t->in_ppr = false;
        ready(t);
        break;
    case D_R: t->hidden = false; break;
    case D_T: t->in_t = false; break;
    case D_TABLE: story_table_end(s); break;
    case D_BOX: story_aside_end(s); break;
    case D_NOTE:
    case D_COMMENT: end_note(t); break;
    case D_LINK: end_link(t); break;
    case D_RT: t->in_rt = false; break;
    case D_RUBY: end_ruby(t); break;
    case D_CHECKBOX:
        t->checkbox = false;
        ready(t);
        story_text(s, t->checked ? STR("[x] ") : STR("[ ] "));
        break;
    default: break;
    }
}

static void on_text(void *arg, Str text)
{
    Part *t = arg;
    if (t->in_rt)
        (void)buf_add(&t->ruby, str_sub(text, 0, t->ruby.max - t->ruby.len));
    else if (t->in_t && !t->hidden)
        story_text(&t->story, text);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static bool read_part(Docx *d, Str name, ExtractOut *out, Notes *notes, bool is_header)
{
    Part *t = mem_zalloc(sizeof *t);
    if (!t)
        return err_set(d->err, ERR_NO_MEMORY, "reading the document: out of memory");
    t->doc = d;
    t->notes = notes;
    t->is_header = is_header;
    XmlHandler h = {.arg = t, XML_WORDS(words), .start = on_start, .end = on_end, .text = on_text};
    story_init(&t->story, out);
    buf_init(&t->ruby, 4096);
    bool ok = ooxml_rels(d->package, name, d->arena, &t->rels, d->err) &&
              package_parse(d->package, name, &h, d->err) && !t->failed;
    story_release(&t->story);
    if (t->ruby.no_memory)
        extract_no_memory(out);
    buf_release(&t->ruby);
    mem_free(t);
    return ok;
}

static bool read_notes(Docx *d, const OoxmlRels *rels, const char *type, Notes *to)
{
    const OoxmlRel *rel = ooxml_rel_of_type(rels, type);
    return !rel || !package_has(d->package, rel->target) ||
           read_part(d, rel->target, &to->text, to, false);
}

/* Page numbers alone are nothing to keep. */
static bool has_letters(Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i] | 32;
        if ((c >= 'a' && c <= 'z') || c >= 0x80)
            return true;
    }
    return false;
}

/* Every header (or footer) once: sections often have copies of the same one. */
static bool read_running(Docx *d, const OoxmlRels *rels, const char *type)
{
    ExtractOut one;
    bool ok = true;
    size_t from = d->out->text.len;
    for (size_t i = 0; ok && i < rels->n; i++) {
        const OoxmlRel *rel = &rels->list[i];
        if (!str_eq(rel->type, str_of(type)) || !package_has(d->package, rel->target))
            continue;
        extract_init(&one, d->out->text.max);
        ok = read_part(d, rel->target, &one, NULL, true);
        Str shown = str_trim(buf_str(&one.text));
        if (ok && has_letters(shown) &&
            str_find(str_sub(buf_str(&d->out->text), from, SIZE_MAX), shown, 0) == SIZE_MAX) {
            extract_break(d->out, 2);
            story_append(d->out, &one, 0, one.text.len);
        }
        story_append(d->out, &one, 0, 0); /* a failure at least */
        extract_release(&one);
    }
    return ok;
}

static bool read_document(Docx *d, Str part)
{
    OoxmlRels rels;
    if (!ooxml_rels(d->package, part, d->arena, &rels, d->err))
        return false;
    const OoxmlRel *styles = ooxml_rel_of_type(&rels, "styles");
    const OoxmlRel *numbering = ooxml_rel_of_type(&rels, "numbering");
    if (!docx_styles_read(d->package, styles ? styles->target : STR(""),
                          numbering ? numbering->target : STR(""), d->arena, &d->styles, d->err))
        return false;
    if (d->out->language.len == 0)
        extract_meta(&d->out->language, d->styles.language);
    return read_notes(d, &rels, "footnotes", &d->footnotes) &&
           read_notes(d, &rels, "endnotes", &d->endnotes) &&
           read_notes(d, &rels, "comments", &d->comments) && read_running(d, &rels, "header") &&
           read_part(d, part, d->out, NULL, false) && read_running(d, &rels, "footer");
}

bool docx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err)
{
    OoxmlRels top;
    Docx d = {.package = p, .arena = a, .out = out, .err = err};
    Notes *all[] = {&d.footnotes, &d.endnotes, &d.comments};
    for (size_t i = 0; i < 3; i++)
        extract_init(&all[i]->text, out->text.max);
    if (!ooxml_rels(p, STR(""), a, &top, err))
        return false;
    const OoxmlRel *core = ooxml_rel_of_type(&top, "core-properties");
    bool ok = ooxml_properties(p, core ? core->target : STR("docProps/core.xml"), out, err) &&
              read_document(&d, part);
    for (size_t i = 0; i < 3; i++) {
        story_append(out, &all[i]->text, 0, 0); /* a failure at least */
        extract_release(&all[i]->text);
    }
    return ok;
}
