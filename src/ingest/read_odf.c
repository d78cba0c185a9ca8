/* read_odf.c - OpenDocument (ODF 1.3, ISO/IEC 26300) to text: texts, spreadsheets, presentations.
 *
 *   manifest -> meta -> styles -> headers -> content -> footers
 *
 * Kept: paragraphs, headings, list labels as they count, tables, code by style, notes and comments
 * after their paragraph, text boxes, descriptions of pictures, charts' data, formulas' characters,
 * headers and footers once; sheets with their names and cells as they are shown; slides as pages,
 * with their titles and notes. Lost: deleted and hidden text, addresses of links but of mail, text
 * of master slides, looks. */
#include "base/mem.h"
#include "ingest/odf.h"

#define MAX_OBJECTS 2    /* documents in documents */

static const XmlWord words[] = {{XN_TEXT, "p", F_P},
                                {XN_TEXT, "span", F_SPAN},
                                {XN_TEXT, "s", F_S},
                                {XN_TABLE, "table-cell", F_CELL},
                                {XN_TABLE, "table-row", F_ROW},
                                {XN_TABLE, "covered-table-cell", F_COVERED},
                                {XN_TEXT, "h", F_H},
                                {XN_TEXT, "tab", F_TAB},
                                {XN_TEXT, "line-break", F_BREAK},
                                {XN_TEXT, "list", F_LIST},
                                {XN_TEXT, "list-item", F_ITEM},
                                {XN_TEXT, "note", F_NOTE},
                                {XN_TEXT, "note-citation", F_CITATION},
                                {XN_TEXT, "note-body", F_NOTE_BODY},
                                {XN_OFFICE, "annotation", F_COMMENT},
                                {XN_DC, "creator", F_CREATOR},
                                {XN_TEXT, "a", F_LINK},
                                {XN_TEXT, "section", F_SECTION},
                                {XN_TEXT, "ruby-text", F_RUBY},
                                {XN_DRAW, "text-box", F_SHAPE},
                                {XN_DRAW, "custom-shape", F_SHAPE},
                                {XN_DRAW, "rect", F_SHAPE},
                                {XN_DRAW, "image", F_SHAPE},
                                {XN_DRAW, "ellipse", F_SHAPE},
                                {XN_DRAW, "circle", F_SHAPE},
                                {XN_DRAW, "line", F_SHAPE},
                                {XN_DRAW, "connector", F_SHAPE},
                                {XN_DRAW, "polygon", F_SHAPE},
                                {XN_DRAW, "polyline", F_SHAPE},
                                {XN_DRAW, "path", F_SHAPE},
                                {XN_DRAW, "caption", F_SHAPE},
                                {XN_SVG, "title", F_DESCRIPTION},
                                {XN_SVG, "desc", F_DESCRIPTION},
                                {XN_DRAW, "object", F_OBJECT},
                                {XN_DRAW, "frame", F_FRAME},
                                {XN_DRAW, "page", F_PAGE},
                                {XN_SLIDE, "notes", F_NOTES},
                                {XN_TABLE, "table", F_TABLE},
                                {XN_OFFICE, "spreadsheet", F_SHEETS},
                                {XN_STYLE, "header", F_HEADER},
                                {XN_STYLE, "header-left", F_HEADER},
                                {XN_STYLE, "header-first", F_HEADER},
                                {XN_STYLE, "footer", F_FOOTER},
                                {XN_STYLE, "footer-left", F_FOOTER},
                                {XN_STYLE, "footer-first", F_FOOTER},
                                {XN_OFFICE, "automatic-styles", F_SKIP},
                                {XN_OFFICE, "styles", F_SKIP},
                                {XN_OFFICE, "font-face-decls", F_SKIP},
                                {XN_OFFICE, "scripts", F_SKIP},
                                {XN_OFFICE, "forms", F_SKIP},
                                {XN_OFFICE, "meta", F_SKIP},
                                {XN_OFFICE, "settings", F_SKIP},
                                {XN_TEXT, "tracked-changes", F_SKIP},
                                {XN_TABLE, "tracked-changes", F_SKIP},
                                {XN_TABLE, "content-validations", F_SKIP},
                                {XN_DC, "date", F_SKIP},
                                {XN_META, "date-string", F_SKIP},
                                {XN_META, "creator-initials", F_SKIP},
                                {XN_ANY, "sender-initials", F_SKIP},
                                {XN_ANY, "math", F_MATH},
                                {XN_ANY, "annotation", F_SKIP}};

/* ---- objects -------------------------------------------------------------------------------- */

static bool read_part(Odf *d, Str part, ExtractOut *out, bool running);

static void add_object(OdfReading *t, Str href)
{
    Odf *d = t->doc;
    ExtractOut one;
    if (d->objects >= MAX_OBJECTS || href.len == 0 || t->failed)
        return;
    Str folder = ooxml_resolve(t->part, href, d->arena);
    Str name = arena_printf(d->arena, STR_FMT "/content.xml", STR_ARG(folder));
    if (!name.ptr || !folder.ptr) {
        (void)odf_no_memory(t);
        return;
    }
    if (!package_has(d->package, name))
        return;
    extract_init(&one, d->out->text.max);
    ExtractOut *outer = d->out;
    d->out = &one;
    d->objects++;
    bool ok = read_part(d, name, &one, false);
    d->objects--;
    d->out = outer;
    if (ok)
        story_insert(t->in_cell ? &t->side : t->now, &one);
    t->failed = t->failed || !ok;
    extract_release(&one);
}

/* ---- pages ---------------------------------------------------------------------------------- */

static void begin_page(OdfReading *t)
{
    story_end(&t->main);
    extract_break(t->doc->out, 2);
    t->page++;
    t->page_start = t->doc->out->text.len;
}

static void end_page(OdfReading *t)
{
    story_end(&t->main);
    extract_break(t->doc->out, 2);
    if (t->doc->objects == 0) {
        extract_mark(t->doc->out, MARK_PAGE, t->page_start, t->doc->out->text.len, t->page);
        t->doc->out->pages = t->page;
    }
}

static bool begin_frame(OdfReading *t, const XmlAttributes *at)
{
    Str kind = xml_attribute(at, XN_SLIDE, "class");
    t->in_title = t->page > 0 && str_eq(kind, STR("title")) && !t->in_notes;
    if (kind.ptr == NULL || t->page == 0)
        return true;
    return !str_eq(kind, STR("page-number")) && !str_eq(kind, STR("date-time")) &&
           !str_eq(kind, STR("header")) && !str_eq(kind, STR("footer")) &&
           !(t->in_notes && str_eq(kind, STR("page")));
}

/* ---- events --------------------------------------------------------------------------------- */

static bool begin_inline(OdfReading *t, int element, const XmlAttributes *at)
{
    uint64_t n;
    switch (element) {
    case F_SPAN: {
        const OdfStyle *s = odf_style(&t->doc->styles, xml_attribute(at, XN_TEXT, "style-name"));
        return !s || !s->is_hidden;
    }
    case F_S:
        if (!str_to_u64(xml_attribute(at, XN_TEXT, "c"), &n) || n > 400)
            n = 1;
        for (uint64_t i = 0; i < n && t->p_depth > 0; i++)
            story_text(t->now, STR(" "));
        break;
    case F_TAB: story_tab(t->now); break;
    case F_BREAK: story_line(t->now); break;
    case F_LINK:
        t->link = arena_str(t->doc->arena, xml_attribute(at, XN_XLINK, "href"));
        break;
    case F_RUBY: story_text(t->now, STR(" (")); break;
    case F_CITATION:
        t->in_citation = true;
        buf_cut(&t->citation, 0);
        break;
    case F_CREATOR: t->in_creator = true; break;
    case F_DESCRIPTION:
        t->in_description = true;
        buf_cut(&t->description, 0);
        break;
    default: break;
    }
    return true;
}

static bool begin_block(OdfReading *t, int element, const XmlAttributes *at)
{
    Str display;
    switch (element) {
    case F_P:
    case F_H: return odf_begin_paragraph(t, element, at);
    case F_LIST: odf_begin_list(t, at); break;
    case F_ITEM: odf_begin_item(t, at); break;
    case F_NOTE_BODY: odf_begin_note_body(t); break;
    case F_COMMENT: odf_begin_comment(t); break;
    case F_SECTION:
        display = xml_attribute(at, XN_TEXT, "display");
        return !str_eq(display, STR("none"));
    case F_SHAPE: odf_begin_shape(t); break;
    case F_FRAME: return begin_frame(t, at);
    case F_OBJECT: add_object(t, xml_attribute(at, XN_XLINK, "href")); break;
    case F_PAGE: begin_page(t); break;
    case F_NOTES: t->in_notes = true; t->notes_said = false; break;
    case F_SHEETS: t->sheets = true; break;
    case F_TABLE: odf_begin_table(t, at); break;
    case F_ROW: odf_begin_row(t, at); break;
    case F_CELL:
    case F_COVERED: odf_begin_cell(t, at, element == F_COVERED); break;
    case F_MATH: t->p_depth++; break;
    default: return begin_inline(t, element, at);
    }
    return true;
}

static void end_running(OdfReading *t, ExtractOut *to)
{
    story_release(&t->cell);
    t->now = &t->main;
    t->in_running = false;
    Str shown = str_trim(buf_str(&t->cell_out.text));
    if (shown.len == 0 || str_find(buf_str(&to->text), shown, 0) != SIZE_MAX)
        return; /* left and right pages often have the same */
    extract_break(to, 2);
    story_append(to, &t->cell_out, 0, t->cell_out.text.len);
}

static void begin_running(OdfReading *t)
{
    t->in_running = true;
    buf_cut(&t->cell_out.text, 0);
    t->cell_out.n_marks = 0;
    story_init(&t->cell, &t->cell_out);
    t->now = &t->cell;
}

static bool on_start(void *arg, int element, const XmlAttributes *at)
{
    OdfReading *t = arg;
    if (element == F_SKIP || t->failed)
        return false;
    if (!t->running)
        return element != F_HEADER && element != F_FOOTER && begin_block(t, element, at);
    if (element == F_HEADER || element == F_FOOTER) {
        if (t->in_running)
            return false; /* one in another */
        begin_running(t);
    }
    return !t->in_running || begin_block(t, element, at);
}

static void on_end(void *arg, int element)
{
    OdfReading *t = arg;
    if (t->running && !t->in_running)
        return;
    switch (element) {
    case F_P:
    case F_H: odf_end_paragraph(t); break;
    case F_LIST:
        t->list_depth -= t->list_depth > 0;
        t->fresh_item = false;
        break;
    case F_ITEM: t->fresh_item = false; break;
    case F_CITATION: t->in_citation = false; break;
    case F_NOTE_BODY: story_aside_end(t->now); break;
    case F_COMMENT: odf_end_comment(t); break;
    case F_CREATOR: t->in_creator = false; break;
    case F_LINK: story_mail(t->now, t->link); break;
    case F_RUBY: story_text(t->now, STR(")")); break;
    case F_SHAPE: odf_end_shape(t); break;
    case F_FRAME: t->in_title = false; break;
    case F_DESCRIPTION: odf_end_description(t); break;
    case F_PAGE: end_page(t); break;
    case F_NOTES: t->in_notes = false; break;
    case F_TABLE: odf_end_table(t); break;
    case F_ROW: odf_end_row(t); break;
    case F_CELL:
    case F_COVERED: odf_end_cell(t); break;
    case F_MATH:
        t->p_depth -= t->p_depth > 0;
        story_end(t->now);
        break;
    case F_HEADER: end_running(t, &t->doc->header); break;
    case F_FOOTER: end_running(t, &t->doc->footer); break;
    default: break;
    }
}

static void on_text(void *arg, Str text)
{
    OdfReading *t = arg;
    if (t->running && !t->in_running)
        return;
    if (t->in_description)
        (void)buf_add(&t->description, str_sub(text, 0, t->description.max - t->description.len));
    else if (t->in_citation)
        (void)buf_add(&t->citation, str_sub(text, 0, t->citation.max - t->citation.len));
    else if (t->in_creator)
        (void)buf_add(&t->creator, str_sub(text, 0, t->creator.max - t->creator.len));
    else if (t->p_depth > 0)
        story_text(t->now, text);
}

/* ---- parts ---------------------------------------------------------------------------------- */

static void reading_init(OdfReading *t, Odf *d, ExtractOut *out)
{
    t->doc = d;
    extract_init(&t->cell_out, out->text.max);
    extract_init(&t->side_out, out->text.max);
    story_init(&t->main, out);
    story_init(&t->side, &t->side_out);
    grid_init(&t->grid, out);
    t->now = &t->main;
    t->link = STR("");
    buf_init(&t->label, 4096);
    buf_init(&t->value, out->text.max);
    buf_init(&t->description, 1 << 16);
    buf_init(&t->citation, 200);
    buf_init(&t->creator, 200);
}

static bool reading_release(OdfReading *t)
{
    Buf *all[] = {&t->label, &t->value, &t->description, &t->citation, &t->creator};
    bool memory = false;
    if (t->in_cell || t->in_running)
        story_release(&t->cell);
    grid_sheet_end(&t->grid);
    grid_release(&t->grid);
    story_release(&t->side);
    story_release(&t->main);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        memory = memory || all[i]->failed;
        buf_release(all[i]);
    }
    memory = memory || t->cell_out.text.no_memory || t->side_out.text.no_memory || !t->link.ptr;
    extract_release(&t->cell_out);
    extract_release(&t->side_out);
    return !memory;
}

static bool read_part(Odf *d, Str part, ExtractOut *out, bool running)
{
    OdfReading *t = mem_zalloc(sizeof *t);
    if (!t)
        return err_set(d->err, ERR_NO_MEMORY, "reading the document: out of memory");
    reading_init(t, d, out);
    t->part = part;
    t->running = running;
    XmlHandler h = {.arg = t, XML_WORDS(words), .start = on_start, .end = on_end, .text = on_text};
    bool ok = running ? package_parse_optional(d->package, part, &h, d->err) :
                        package_parse(d->package, part, &h, d->err);
    ok = ok && !t->failed;
    if (!reading_release(t) && ok)
        ok = err_set(d->err, ERR_NO_MEMORY, "reading the document: out of memory");
    mem_free(t);
    return ok;
}

/* ---- the document --------------------------------------------------------------------------- */

enum { M_ENCRYPTED = 1 };
static const XmlWord manifest_words[] = {{XN_MANIFEST, "encryption-data", M_ENCRYPTED}};

static bool manifest_start(void *arg, int element, const XmlAttributes *at)
{
    (void)at;
    if (element == M_ENCRYPTED)
        *(bool *)arg = true;
    return true;
}

static bool check_encryption(Odf *d)
{
    bool encrypted = package_has(d->package, STR("encrypted-package"));
    XmlHandler h = {.arg = &encrypted, XML_WORDS(manifest_words), .start = manifest_start};
    if (!package_parse_optional(d->package, STR("META-INF/manifest.xml"), &h, d->err))
        return false;
    return !encrypted || err_set(d->err, ERR_VALIDATION,
        "the document is encrypted: remove its password and add it again");
}

static bool read_content(Odf *d, bool is_text)
{
    const Str styles = STR("styles.xml"), content = STR("content.xml");
    if (!package_has(d->package, content))
        return err_set(d->err, ERR_VALIDATION, "the file is damaged: its part content.xml is not "
                       "there");
    if (!odf_styles_read(d->package, styles, d->arena, &d->styles, d->err) ||
        !odf_styles_read(d->package, content, d->arena, &d->styles, d->err))
        return false;
    odf_styles_finish(&d->styles);
    if (d->out->language.len == 0)
        extract_meta(&d->out->language, d->styles.language);
    if (is_text && !read_part(d, styles, d->out, true))
        return false;
    story_append(d->out, &d->header, 0, d->header.text.len);
    extract_break(d->out, 2);
    if (!read_part(d, content, d->out, false))
        return false;
    extract_break(d->out, 2);
    story_append(d->out, &d->footer, 0, d->footer.text.len);
    return true;
}

static bool take_mimetype(void *arg, Str bytes, Err *err)
{
    bool *is_text = arg;
    (void)err;
    *is_text = str_find(bytes, STR("opendocument.text"), 0) != SIZE_MAX;
    return true;
}

bool odf_read(Package *p, Arena *a, ExtractOut *out, Err *err)
{
    Odf d = {.package = p, .arena = a, .out = out, .err = err};
    bool is_text = true;
    extract_init(&d.header, out->text.max);
    extract_init(&d.footer, out->text.max);
    bool ok = check_encryption(&d) && ooxml_properties(p, STR("meta.xml"), out, err);
    if (ok && package_has(p, STR("mimetype")))
        ok = package_read(p, STR("mimetype"), take_mimetype, &is_text, err);
    ok = ok && read_content(&d, is_text);
    extract_release(&d.header);
    extract_release(&d.footer);
    return ok;
}
