/* read_xlsx.c - XLSX (SpreadsheetML, ECMA-376 part 1 section 18) to text.
 *
 *   workbook -> shared strings, number formats -> sheet by sheet: cells, then what lies on it
 *
 * Kept: sheets with their names, hidden ones too; cells as they are shown (cached values, numbers
 * and dates in their formats), formulas only where no value is cached; comments, text boxes, charts
 * and descriptions behind their sheet. Lost: formulas, links, looks, names, pivot caches. */
#include "base/mem.h"
#include "ingest/grid.h"
#include "ingest/number_format.h"
#include "ingest/xlsx_notes.h"
#include "text/letters.h"

#define MAX_STRINGS 8000000
#define MAX_FORMATS 65536
#define MAX_COLUMNS 16384

typedef struct {
    Package *package;
    Arena *arena;
    ExtractOut *out;
    Err *err;
    OoxmlRels rels;
    Buf strings;      /* all shared ones */
    uint32_t *ends;   /* [n_strings] where each ends */
    size_t n_strings, cap_strings;
    struct {
        unsigned id;
        Str code;
    } *codes;         /* the workbook's own */
    size_t n_codes, cap_codes;
    Str *formats;     /* [n_formats] by style of a cell */
    size_t n_formats, cap_formats;
    bool days_1904, failed;
} Book;

static bool no_memory(Book *b)
{
    b->failed = true;
    if (b->err->code == ERR_NONE)
        (void)err_set(b->err, ERR_NO_MEMORY, "reading the spreadsheet: out of memory");
    return false;
}

/* ---- shared strings ------------------------------------------------------------------------- */

enum { X_SI = 1, X_T, X_PHONETIC };
static const XmlWord string_words[] = {{XN_S, "si", X_SI}, {XN_S, "t", X_T},
                                       {XN_S, "rPh", X_PHONETIC}};

typedef struct {
    Book *book;
    bool in_t;
} Strings;

static bool string_start(void *arg, int element, const XmlAttributes *at)
{
    Strings *s = arg;
    (void)at;
    if (element == X_T)
        s->in_t = true;
    return element != X_PHONETIC;
}

static void string_end(void *arg, int element)
{
    Strings *s = arg;
    Book *b = s->book;
    if (element == X_T)
        s->in_t = false;
    if (element != X_SI || b->n_strings == MAX_STRINGS || b->failed)
        return;
    if (!MEM_GROW(b->ends, b->n_strings, b->cap_strings)) {
        (void)no_memory(b);
        return;
    }
    b->ends[b->n_strings++] = (uint32_t)b->strings.len;
}

static void string_text(void *arg, Str text)
{
    Strings *s = arg;
    if (s->in_t)
        (void)buf_add(&s->book->strings, text);
}

static Str shared_string(const Book *b, Str index)
{
    uint64_t i;
    if (!str_to_u64(str_trim(index), &i) || i >= b->n_strings)
        return STR("");
    return str_sub(buf_str(&b->strings), i ? b->ends[i - 1] : 0, b->ends[i]);
}

/* ---- number formats ------------------------------------------------------------------------- */

enum { Y_CODE = 1, Y_CELLS, Y_XF };
static const XmlWord style_words[] = {{XN_S, "numFmt", Y_CODE}, {XN_S, "cellXfs", Y_CELLS},
                                      {XN_S, "xf", Y_XF}};

typedef struct {
    Book *book;
    bool in_cells;
} Styles;

static Str code_of(const Book *b, unsigned id)
{
    for (size_t i = 0; i < b->n_codes; i++)
        if (b->codes[i].id == id)
            return b->codes[i].code;
    return number_format_builtin(id);
}

static void add_code(Book *b, unsigned id, Str code)
{
    if (b->n_codes == MAX_FORMATS)
        return;
    if (!MEM_GROW(b->codes, b->n_codes, b->cap_codes)) {
        (void)no_memory(b);
        return;
    }
    Str kept = arena_str(b->arena, code);
    if (!kept.ptr) {
        (void)no_memory(b);
        return;
    }
    b->codes[b->n_codes].id = id;
    b->codes[b->n_codes++].code = kept;
}

static void add_format(Book *b, Str code)
{
    if (b->n_formats == MAX_FORMATS)
        return;
    if (!MEM_GROW(b->formats, b->n_formats, b->cap_formats)) {
        (void)no_memory(b);
        return;
    }
    b->formats[b->n_formats++] = code;
}

static bool style_start(void *arg, int element, const XmlAttributes *at)
{
    Styles *s = arg;
    uint64_t id;
    bool has_id = str_to_u64(xml_attribute(at, XN_OTHER, "numFmtId"), &id) && id < 1000000;
    if (element == Y_CODE && has_id)
        add_code(s->book, (unsigned)id, xml_attribute(at, XN_OTHER, "formatCode"));
    else if (element == Y_CELLS)
        s->in_cells = true;
    else if (element == Y_XF && s->in_cells)
        add_format(s->book, code_of(s->book, has_id ? (unsigned)id : 0));
    return !s->book->failed;
}

static void style_end(void *arg, int element)
{
    Styles *s = arg;
    if (element == Y_CELLS)
        s->in_cells = false;
}

/* ---- cells ---------------------------------------------------------------------------------- */

enum { Z_ROW = 1, Z_CELL, Z_VALUE, Z_INLINE, Z_T, Z_FORMULA, Z_PHONETIC, Z_DRAWING, Z_HEADER };
static const XmlWord sheet_words[] = {
    {XN_S, "c", Z_CELL}, {XN_S, "v", Z_VALUE}, {XN_S, "row", Z_ROW}, {XN_S, "f", Z_FORMULA},
    {XN_S, "is", Z_INLINE}, {XN_S, "t", Z_T}, {XN_S, "rPh", Z_PHONETIC},
    {XN_S, "drawing", Z_DRAWING}, {XN_S, "oddHeader", Z_HEADER}, {XN_S, "oddFooter", Z_HEADER}};

typedef struct {
    Book *book;
    Grid grid;
    uint64_t row;
    uint32_t column;
    bool any_row, in_value, in_formula, in_header, is_inline;
    char type;        /* b, d, e, n, s (shared), i (inline), t (a formula's text) */
    size_t style;
    Buf value, formula, shown, header;
    Str drawing;      /* relation */
} Sheet;

/* "AB12" to column and row from 0; false when it is no such thing. */
static bool place_of(Str ref, uint32_t *column, uint64_t *row)
{
    uint32_t c = 0;
    size_t i = 0;
    for (; i < ref.len && i < 4 && (ref.ptr[i] | 32) >= 'a' && (ref.ptr[i] | 32) <= 'z'; i++)
        c = c * 26 + (uint32_t)((ref.ptr[i] | 32) - 'a') + 1;
    uint64_t r;
    if (c == 0 || c > MAX_COLUMNS || !str_to_u64(str_sub(ref, i, ref.len), &r) || r == 0 ||
        r > 10000000)
        return false;
    *column = c - 1;
    *row = r - 1;
    return true;
}

static char type_of(Str t)
{
    if (str_eq(t, STR("inlineStr")))
        return 'i';
    if (str_eq(t, STR("str")))
        return 't';
    return t.len == 1 ? t.ptr[0] : 'n';
}

static void begin_cell(Sheet *s, const XmlAttributes *at)
{
    uint64_t style, row;
    uint32_t column;
    if (place_of(xml_attribute(at, XN_OTHER, "r"), &column, &row)) {
        s->column = column;
        s->row = row;
    }
    s->type = type_of(xml_attribute(at, XN_OTHER, "t"));
    s->style = str_to_u64(xml_attribute(at, XN_OTHER, "s"), &style) ? (size_t)style : 0;
    buf_cut(&s->value, 0);
    buf_cut(&s->formula, 0);
}

static void begin_row(Sheet *s, const XmlAttributes *at)
{
    uint64_t row;
    if (str_to_u64(xml_attribute(at, XN_OTHER, "r"), &row) && row > 0 && row <= 10000000)
        s->row = row - 1;
    else
        s->row += s->any_row;
    s->any_row = true;
    s->column = 0;
}

static Str shown_value(Sheet *s)
{
    const Book *b = s->book;
    Str value = buf_str(&s->value);
    Str code = s->style < b->n_formats ? b->formats[s->style] : STR("General");
    buf_cut(&s->shown, 0);
    if (value.len == 0 && s->formula.len > 0) { /* never calculated */
        (void)buf_add_char(&s->shown, '=');
        (void)buf_add(&s->shown, buf_str(&s->formula));
        return buf_str(&s->shown);
    }
    switch (s->type) {
    case 's':
        number_format_show_text(&s->shown, shared_string(b, value), code);
        break;
    case 'i':
    case 't':
    case 'e': number_format_show_text(&s->shown, value, s->type == 'e' ? STR("@") : code); break;
    case 'b':
        (void)buf_add_c(&s->shown, str_eq(str_trim(value), STR("1")) ? "TRUE" : "FALSE");
        if (value.len == 0)
            buf_cut(&s->shown, 0);
        break;
    case 'd': { /* 2026-12-04T10:30:00 */
        size_t t = str_find(value, STR("T"), 0);
        (void)buf_add(&s->shown, str_sub(value, 0, t));
        if (t != SIZE_MAX && !str_starts(str_sub(value, t, value.len), STR("T00:00:00"))) {
            (void)buf_add_char(&s->shown, ' ');
            (void)buf_add(&s->shown, str_sub(value, t + 1, t + 9));
        }
        break;
    }
    default:
        if (value.len > 0)
            number_format_show(&s->shown, value, code, b->days_1904);
    }
    return buf_str(&s->shown);
}

static void end_cell(Sheet *s)
{
    grid_cell(&s->grid, s->row, s->column, shown_value(s));
    s->column++;
}

static size_t count_words(Str s)
{
    Str part;
    size_t n = 0;
    while (str_next(&s, ' ', &part))
        n += part.len > 0;
    return n;
}

/* One of a header's three parts: "&"Arial,Bold"Report", "Page &P of &N". Codes go, words stay; what
 * is little more than a page number, the date or the sheet's name goes too. */
static void add_header_part(Sheet *s, Str h)
{
    size_t start = s->header.len;
    bool has_field = false;
    for (size_t at = 0; at < h.len; at++) {
        if (h.ptr[at] != '&' || at + 1 == h.len) {
            (void)buf_add_char(&s->header, h.ptr[at]);
            continue;
        }
        char c = h.ptr[++at];
        if (c == '"') {
            size_t end = str_find(h, STR("\""), at + 1);
            at = end == SIZE_MAX ? h.len : end;
        } else if (c == 'K') {
            at += 6;
        } else if (c == '&') {
            (void)buf_add_char(&s->header, '&');
        } else if (letter_is_digit((unsigned char)c)) {
            while (at + 1 < h.len && letter_is_digit((unsigned char)h.ptr[at + 1]))
                at++;
        } else {
            has_field = has_field || strchr("PNDTAFZ", c);
        }
    }
    if (has_field && count_words(str_sub(buf_str(&s->header), start, SIZE_MAX)) <= 2)
        buf_cut(&s->header, start);
    (void)buf_add_char(&s->header, ' ');
}

static void add_header(Sheet *s)
{
    Str h = buf_str(&s->shown);
    size_t start = 0;
    for (size_t at = 0; at + 1 < h.len; at++)
        if (h.ptr[at] == '&' && strchr("LCR", h.ptr[at + 1])) {
            add_header_part(s, str_sub(h, start, at));
            start = at += 2;
            at--;
        }
    add_header_part(s, str_sub(h, start, h.len));
}

static bool sheet_start(void *arg, int element, const XmlAttributes *at)
{
    Sheet *s = arg;
    if (s->book->failed)
        return false;
    switch (element) {
    case Z_ROW: begin_row(s, at); break;
    case Z_CELL: begin_cell(s, at); break;
    case Z_VALUE:
    case Z_T: s->in_value = true; break;
    case Z_FORMULA: s->in_formula = true; break;
    case Z_PHONETIC: return false;
    case Z_DRAWING:
        s->drawing = arena_str(s->book->arena, xml_attribute(at, XN_R, "id"));
        break;
    case Z_HEADER:
        s->in_header = true;
        buf_cut(&s->shown, 0);
        break;
    default: break;
    }
    return true;
}

static void sheet_end(void *arg, int element)
{
    Sheet *s = arg;
    switch (element) {
    case Z_CELL: end_cell(s); break;
    case Z_VALUE:
    case Z_T: s->in_value = false; break;
    case Z_FORMULA: s->in_formula = false; break;
    case Z_HEADER:
        s->in_header = false;
        add_header(s);
        break;
    default: break;
    }
}

static void sheet_text(void *arg, Str text)
{
    Sheet *s = arg;
    if (s->in_value)
        (void)buf_add(&s->value, text);
    else if (s->in_formula)
        (void)buf_add(&s->formula, text);
    else if (s->in_header)
        (void)buf_add(&s->shown, text);
}

/* ---- sheets --------------------------------------------------------------------------------- */

/* What lies on the sheet comes behind its cells. */
static bool read_beside(Sheet *s, Str part)
{
    Book *b = s->book;
    OoxmlRels rels;
    Story *story = mem_zalloc(sizeof *story);
    if (!story)
        return no_memory(b);
    story_init(story, b->out);
    bool ok = ooxml_rels(b->package, part, b->arena, &rels, b->err);
    if (ok && s->header.len > 0) {
        story_text(story, buf_str(&s->header));
        story_end(story);
    }
    for (size_t i = 0; ok && i < rels.n; i++)
        if (str_eq(rels.list[i].type, STR("comments")) && !rels.list[i].external)
            ok = xlsx_comments(b->package, rels.list[i].target, b->arena, story, b->err);
    const OoxmlRel *drawing = ok ? ooxml_rel(&rels, s->drawing) : NULL;
    if (drawing && !drawing->external)
        ok = xlsx_drawing(b->package, drawing->target, b->arena, story, b->err);
    story_release(story);
    mem_free(story);
    return ok;
}

static bool read_sheet(Book *b, Str name, Str part)
{
    Sheet s = {.book = b, .drawing = STR("")};
    Buf *all[] = {&s.value, &s.formula, &s.shown, &s.header};
    XmlHandler h = {.arg = &s, XML_WORDS(sheet_words), .start = sheet_start, .end = sheet_end,
        .text = sheet_text};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        buf_init(all[i], b->out->text.max);
    grid_init(&s.grid, b->out);
    grid_sheet(&s.grid, name);
    bool ok = package_parse_optional(b->package, part, &h, b->err) && !b->failed;
    grid_sheet_end(&s.grid);
    ok = ok && (s.drawing.ptr || no_memory(b)) && read_beside(&s, part);
    extract_break(b->out, 2);
    grid_sheet_close(&s.grid);
    grid_release(&s.grid);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (ok && !buf_check(all[i], "a cell of this file", b->err))
            ok = false;
        buf_release(all[i]);
    }
    return ok;
}

/* ---- the workbook --------------------------------------------------------------------------- */

enum { W_PROPERTIES = 1, W_SHEET };
static const XmlWord book_words[] = {{XN_S, "workbookPr", W_PROPERTIES}, {XN_S, "sheet", W_SHEET}};

typedef struct {
    Book *book;
    struct {
        Str name, part;
    } *sheets;
    size_t n, cap;
} Sheets;

static bool book_start(void *arg, int element, const XmlAttributes *at)
{
    Sheets *s = arg;
    Book *b = s->book;
    if (element == W_PROPERTIES) {
        Str v = xml_attribute(at, XN_OTHER, "date1904");
        b->days_1904 = v.ptr && xml_is_on(v);
    }
    const OoxmlRel *rel = element == W_SHEET ? ooxml_rel(&b->rels, xml_attribute(at, XN_R, "id")) :
                                               NULL;
    if (!rel || rel->external)
        return true;
    if (!ARENA_GROW(b->arena, s->sheets, s->n, s->cap))
        return no_memory(b);
    Str name = arena_str(b->arena, xml_attribute(at, XN_OTHER, "name"));
    if (!name.ptr)
        return no_memory(b);
    s->sheets[s->n].name = name;
    s->sheets[s->n++].part = rel->target;
    return true;
}

static bool read_tables(Book *b)
{
    Strings strings = {.book = b};
    Styles styles = {.book = b};
    XmlHandler hs = {.arg = &strings, XML_WORDS(string_words), .start = string_start,
        .end = string_end, .text = string_text};
    XmlHandler hy = {.arg = &styles, XML_WORDS(style_words), .start = style_start,
        .end = style_end};
    const OoxmlRel *s = ooxml_rel_of_type(&b->rels, "sharedStrings");
    const OoxmlRel *y = ooxml_rel_of_type(&b->rels, "styles");
    return (!s || package_parse_optional(b->package, s->target, &hs, b->err)) &&
           (!y || package_parse_optional(b->package, y->target, &hy, b->err)) && !b->failed &&
           buf_check(&b->strings, "the text in this file", b->err);
}

static bool read_book(Book *b, Str part)
{
    Sheets s = {.book = b};
    XmlHandler h = {.arg = &s, XML_WORDS(book_words), .start = book_start};
    bool ok = ooxml_rels(b->package, part, b->arena, &b->rels, b->err) &&
              package_parse(b->package, part, &h, b->err) && !b->failed && read_tables(b);
    for (size_t i = 0; ok && i < s.n && buf_ok(&b->out->text); i++)
        ok = read_sheet(b, s.sheets[i].name, s.sheets[i].part);
    return ok;
}

bool xlsx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err)
{
    OoxmlRels top;
    Book b = {.package = p, .arena = a, .out = out, .err = err};
    buf_init(&b.strings, (size_t)192 << 20);
    bool ok = ooxml_rels(p, STR(""), a, &top, err);
    const OoxmlRel *core = ok ? ooxml_rel_of_type(&top, "core-properties") : NULL;
    ok = ok && ooxml_properties(p, core ? core->target : STR("docProps/core.xml"), out, err) &&
         read_book(&b, part);
    buf_release(&b.strings);
    mem_free(b.ends);
    mem_free(b.codes);
    mem_free(b.formats);
    return ok;
}
