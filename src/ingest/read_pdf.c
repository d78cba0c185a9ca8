/* read_pdf.c - PDF to text, page by page; the one file that knows poppler (its GLib interface).
 *
 * Kept: words in reading order with their pages, paragraphs, headings by size, tables as rows,
 * title, author and dates. Pages that are pictures alone are recognised where Tesseract is
 * installed (pdf_scan.h). Lost: other pictures, annotations, attached
 * files, the shape of forms.
 * A file that needs a password is refused; one with an empty password is read.
 *
 * Poppler builds its global tables with the first document, from files. So preload opens a document
 * of our own, a few lines long, and keeps it open: the children inherit the tables. What it reads
 * later, on demand, is the character tables of East Asian fonts that are not embedded: those files
 * (package poppler-data) are the one folder that this reader's child may read, where Landlock
 * holds. */
#include <poppler.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "base/utf8.h"
#include "ingest/extract.h"
#include "ingest/pdf_layout.h"
#include "ingest/pdf_scan.h"

#define MAX_PAGES 50000
#define SIZES 200 /* font sizes counted, in half points */

static struct {
    __typeof__(&poppler_document_new_from_bytes) open;
    __typeof__(&poppler_document_get_n_pages) pages;
    __typeof__(&poppler_document_get_page) page;
    __typeof__(&poppler_document_get_title) title;
    __typeof__(&poppler_document_get_author) author;
    __typeof__(&poppler_document_get_creation_date) created;
    __typeof__(&poppler_document_get_modification_date) modified;
    __typeof__(&poppler_page_get_text) text;
    __typeof__(&poppler_page_get_text_layout) layout;
    __typeof__(&poppler_page_get_text_attributes) attributes;
    __typeof__(&poppler_page_free_text_attributes) free_attributes;
    __typeof__(&poppler_page_get_size) size;
    __typeof__(&poppler_page_get_form_field_mapping) fields;
    __typeof__(&poppler_page_free_form_field_mapping) free_fields;
    __typeof__(&poppler_form_field_get_field_type) field_type;
    __typeof__(&poppler_form_field_text_get_text) field_text;
    __typeof__(&poppler_form_field_get_alternate_ui_name) field_name;
    __typeof__(&poppler_form_field_text_is_password) field_secret;
    __typeof__(&poppler_form_field_choice_get_n_items) choices;
    __typeof__(&poppler_form_field_choice_is_item_selected) is_chosen;
    __typeof__(&poppler_form_field_choice_get_item) choice;
    __typeof__(&poppler_error_quark) quark;
    __typeof__(&g_bytes_new_static) bytes;
    __typeof__(&g_bytes_unref) drop_bytes;
    __typeof__(&g_object_unref) drop;
    __typeof__(&g_free) free;
    __typeof__(&g_error_free) free_error;
    PopplerDocument *warm;
} pdf;

static const char own_document[] =
    "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 5 0 R/Resources<</Font<</F 4 0 "
    "R>>>>>>endobj\n"
    "4 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>endobj\n"
    "5 0 obj<</Length 34>>stream\nBT /F 1 Tf 1 1 Td (sotto) Tj ET    \nendstream endobj\n"
    "trailer<</Root 1 0 R/Size 6>>\n%%EOF\n";

static bool load(Err *err)
{
    void *lib =
        os_dlopen((const char *const[]){"libpoppler-glib.so.8", NULL}, "libpoppler-glib8", err);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"poppler_document_new_from_bytes", &pdf.open},
                   {"poppler_document_get_n_pages", &pdf.pages},
                   {"poppler_document_get_page", &pdf.page},
                   {"poppler_document_get_title", &pdf.title},
                   {"poppler_document_get_author", &pdf.author},
                   {"poppler_document_get_creation_date", &pdf.created},
                   {"poppler_document_get_modification_date", &pdf.modified},
                   {"poppler_page_get_text", &pdf.text},
                   {"poppler_page_get_text_layout", &pdf.layout},
                   {"poppler_page_get_text_attributes", &pdf.attributes},
                   {"poppler_page_free_text_attributes", &pdf.free_attributes},
                   {"poppler_page_get_size", &pdf.size},
                   {"poppler_page_get_form_field_mapping", &pdf.fields},
                   {"poppler_page_free_form_field_mapping", &pdf.free_fields},
                   {"poppler_form_field_get_field_type", &pdf.field_type},
                   {"poppler_form_field_text_get_text", &pdf.field_text},
                   {"poppler_form_field_get_alternate_ui_name", &pdf.field_name},
                   {"poppler_form_field_text_is_password", &pdf.field_secret},
                   {"poppler_form_field_choice_get_n_items", &pdf.choices},
                   {"poppler_form_field_choice_is_item_selected", &pdf.is_chosen},
                   {"poppler_form_field_choice_get_item", &pdf.choice},
                   {"poppler_error_quark", &pdf.quark},
                   {"g_bytes_new_static", &pdf.bytes},
                   {"g_bytes_unref", &pdf.drop_bytes},
                   {"g_object_unref", &pdf.drop},
                   {"g_free", &pdf.free},
                   {"g_error_free", &pdf.free_error}};
    for (size_t i = 0; lib && i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(lib, symbols[i].name, symbols[i].to, err))
            return false;
    return lib != NULL && pdf_scan_load(lib, err);
}

static PopplerDocument *open_bytes(Str data, GError **why)
{
    GBytes *bytes = pdf.bytes(data.ptr, data.len);
    PopplerDocument *d = pdf.open(bytes, NULL, why);
    pdf.drop_bytes(bytes); /* the document holds its own reference */
    return d;
}

static bool preload(Err *err)
{
    if (pdf.warm)
        return true;
    if (!load(err))
        return false;
    charset_hold("UTF-16BE"); /* titles and form fields */
    charset_hold("UTF-16LE");
    charset_hold("ISO-8859-1");
    pdf.warm = open_bytes(str_of(own_document), NULL);
    PopplerPage *page = pdf.warm ? pdf.page(pdf.warm, 0) : NULL;
    if (!page)
        return err_set(err, ERR_UNAVAILABLE,
                       "the PDF library does not read our own page: reinstall "
                       "libpoppler-glib8");
    pdf.free(pdf.text(page));
    pdf.drop(page);
    return true;
}

/* ---- one page ------------------------------------------------------------------------------- */

typedef struct {
    PdfLine *lines;
    size_t n, cap;
    uint32_t *sizes; /* [SIZES] characters by font size in half points, of all pages */
} Lines;

/* Directional marks stand in the text but not among the rectangles. */
static bool has_place(uint32_t c)
{
    return !((c >= 0x202A && c <= 0x202E) || c == 0x200E || c == 0x200F);
}

static bool add_line(Lines *l, PdfLine line)
{
    if (!MEM_GROW(l->lines, l->n, l->cap))
        return false;
    l->lines[l->n++] = line;
    return true;
}

/* Moves along the runs of equal font: the one that character `at` is in. */
static const PopplerTextAttributes *font_at(GList **runs, size_t at)
{
    while (*runs && (*runs)->next &&
           (size_t)((PopplerTextAttributes *)(*runs)->data)->end_index < at)
        *runs = (*runs)->next;
    return *runs ? (*runs)->data : NULL;
}

static void use_font(PdfLine *line, const PopplerTextAttributes *font)
{
    if (!font || font->font_size <= line->size)
        return;
    line->size = (float)font->font_size;
    Str name = str_of(font->font_name);
    line->bold =
        str_find(name, STR("Bold"), 0) != SIZE_MAX || str_find(name, STR("bold"), 0) != SIZE_MAX ||
        str_find(name, STR("Black"), 0) != SIZE_MAX || str_find(name, STR("Heavy"), 0) != SIZE_MAX;
}

static void widen(PdfLine *line, const PopplerRectangle *r, bool *first)
{
    if (r->x2 - r->x1 <= 0 && r->y2 - r->y1 <= 0)
        return;
    if (*first) {
        *line = (PdfLine){line->text, (float)r->x1, (float)r->y1, (float)r->x2, (float)r->y2,
            line->first_word, line->size, line->bold};
        *first = false;
        return;
    }
    line->x0 = r->x1 < line->x0 ? (float)r->x1 : line->x0;
    line->y0 = r->y1 < line->y0 ? (float)r->y1 : line->y0;
    line->x1 = r->x2 > line->x1 ? (float)r->x2 : line->x1;
    line->y1 = r->y2 > line->y1 ? (float)r->y2 : line->y1;
}

/* Cuts the page's text into lines with their places. Without rectangles (they do not match) the
 * lines stand one under the other, which keeps every word and loses paragraphs. */
static bool collect_lines(Lines *l, Str text, const PopplerRectangle *rects, size_t n_rects,
                          GList *runs)
{
    size_t at = 0, character = 0;
    l->n = 0;
    while (at < text.len) {
        PdfLine line = {.text = {text.ptr + at, 0}};
        bool first = true, in_first_word = true;
        size_t start = at, stop = at;
        for (uint32_t c = 0; at < text.len; stop = at) {
            c = utf8_next(text, &at);
            size_t place = character;
            character += c == UTF8_INVALID || has_place(c);
            if (c == '\n')
                break;
            if (!has_place(c))
                continue;
            if (place < n_rects)
                widen(&line, &rects[place], &first);
            in_first_word = in_first_word && c != ' ';
            if (in_first_word)
                line.first_word = line.x1 - line.x0;
            const PopplerTextAttributes *font = font_at(&runs, place);
            use_font(&line, font);
            if (font && font->font_size > 0 && font->font_size * 2 < SIZES)
                l->sizes[(size_t)(font->font_size * 2)]++;
        }
        line.text.len = stop - start;
        if (first && n_rects == 0) {
            line.y0 = (float)l->n * 40.0f;
            line.y1 = line.y0 + 10.0f;
        }
        if (line.text.len > 0 && !add_line(l, line))
            return false;
    }
    return true;
}

/* What was filled into a form's field; NULL when nothing was (or it is a password). */
static char *field_value(PopplerFormField *field)
{
    PopplerFormFieldType type = pdf.field_type(field);
    if (type == POPPLER_FORM_FIELD_TEXT)
        return pdf.field_secret(field) ? NULL : pdf.field_text(field);
    if (type != POPPLER_FORM_FIELD_CHOICE)
        return NULL;
    for (int i = 0, n = pdf.choices(field); i < n && i < 10000; i++)
        if (pdf.is_chosen(field, i))
            return pdf.choice(field, i);
    return NULL;
}

/* "Label: value" when the form gives a label that is not printed on the page, else the value. */
static bool write_field(const Lines *l, PopplerFormField *field, Buf *to)
{
    char *value = field_value(field);
    char *label = value && value[0] ? pdf.field_name(field) : NULL;
    bool printed = !label || !label[0];
    size_t start = to->len;
    for (size_t i = 0; i < l->n && !printed; i++)
        printed = str_find(l->lines[i].text, str_of(label), 0) != SIZE_MAX;
    if (!printed)
        (void)buf_printf(to, "%s: ", label);
    (void)buf_add(to, str_of(value));
    for (size_t i = start; i < to->len; i++)
        if (to->ptr[i] == '\n' || to->ptr[i] == '\r')
            to->ptr[i] = ' ';
    pdf.free(label);
    pdf.free(value);
    return buf_ok(to);
}

/* Filled fields are lines of their own, which find their label by its height. All are written
 * first, because the lines point into `values`. */
static bool add_fields(Lines *l, GList *fields, double tall, Buf *values)
{
    bool ok = true;
    for (GList *f = fields; f && ok; f = f->next)
        ok = write_field(l, ((PopplerFormFieldMapping *)f->data)->field, values) &&
             buf_add_char(values, '\n');
    Str rest = buf_str(values), text;
    for (GList *f = fields; f && ok && str_next(&rest, '\n', &text); f = f->next) {
        const PopplerRectangle *area = &((PopplerFormFieldMapping *)f->data)->area;
        PdfLine line = {.text = text, .x0 = (float)area->x1, .x1 = (float)area->x2,
            .y0 = (float)(tall - area->y2), .y1 = (float)(tall - area->y1)};
        line.first_word = line.x1 - line.x0;
        line.size = line.y1 - line.y0 < 14 ? line.y1 - line.y0 : 11;
        ok = text.len == 0 || add_line(l, line);
    }
    return ok;
}

static float body_size(const uint32_t *sizes)
{
    size_t best = 0;
    for (size_t i = 1; i < SIZES; i++)
        best = sizes[i] > sizes[best] ? i : best;
    return sizes[best] ? ((float)best + 0.25f) / 2.0f : 0;
}

/* Copies a page's text and lines into the arena; *page is empty when the page has no text. */
static bool keep_lines(Lines *l, Str text, const PopplerRectangle *rects, size_t n_rects,
                       GList *runs, GList *fields, double tall, Arena *a, PdfPage *page)
{
    Buf values;
    Str own = arena_str(a, text);
    buf_init(&values, SIZE_MAX);
    bool ok = own.ptr && collect_lines(l, own, rects, n_rects, runs);
    size_t from_text = ok ? l->n : 0;
    ok = ok && add_fields(l, fields, tall, &values);
    const char *old = values.ptr;
    Str kept = ok ? arena_buf(a, &values) : (Str){NULL, 0};
    page->lines = kept.ptr ? ARENA_NEW_ARRAY(a, PdfLine, l->n + 1) : NULL;
    ok = page->lines != NULL;
    for (size_t i = 0; ok && i < l->n; i++) {
        page->lines[i] = l->lines[i];
        if (i >= from_text)
            page->lines[i].text.ptr = kept.ptr + (l->lines[i].text.ptr - old);
    }
    page->n = ok ? l->n : 0;
    buf_release(&values);
    return ok;
}

static bool read_page(PopplerPage *from, Lines *l, Arena *a, PdfPage *page)
{
    PopplerRectangle *rects = NULL;
    guint n_rects = 0;
    double width = 0, tall = 0;
    char *text = pdf.text(from);
    GList *fields = pdf.fields(from);
    bool ok = true;
    if (text && (text[0] || fields)) {
        size_t places = 0;
        Str s = str_of(text);
        for (size_t at = 0; at < s.len;) {
            uint32_t c = utf8_next(s, &at);
            places += c == UTF8_INVALID || has_place(c);
        }
        if (!pdf.layout(from, &rects, &n_rects) || n_rects + 1 < places || n_rects > places + 1)
            n_rects = 0;
        GList *runs = pdf.attributes(from);
        pdf.size(from, &width, &tall);
        page->width = (float)width;
        ok = keep_lines(l, s, rects, n_rects, runs, fields, tall, a, page);
        if (runs)
            pdf.free_attributes(runs);
    }
    if (fields)
        pdf.free_fields(fields);
    pdf.free(rects);
    pdf.free(text);
    return ok;
}

/* ---- the document --------------------------------------------------------------------------- */

static bool refuse(GError *why, Err *err)
{
    bool locked = why && why->domain == pdf.quark() && why->code == POPPLER_ERROR_ENCRYPTED;
    if (why)
        pdf.free_error(why);
    return locked ? err_set(err, ERR_VALIDATION,
                        "the PDF is encrypted: remove its password and add it again") :
                    err_set(err, ERR_VALIDATION, "the PDF is damaged: it cannot be opened");
}

static void take_meta(Buf *to, char *value)
{
    if (value)
        extract_meta(to, str_of(value));
    pdf.free(value);
}

static void take_time(Buf *to, time_t seconds)
{
    char text[CLOCK_RFC3339_MAX];
    if (seconds > 0)
        extract_meta(to, str_of(clock_format((int64_t)seconds * 1000, text)));
}

static bool no_memory(Err *err)
{
    return err_set(err, ERR_NO_MEMORY, "reading the PDF: out of memory");
}

/* Recognition of pages that are pictures, within the file's time. */
typedef struct {
    uint64_t slowest_ms;
    unsigned left_out; /* pages for which no time was left */
} Scanning;

static bool scan_page(PopplerPage *page, Scanning *s, Arena *a, PdfPage *to, Err *err)
{
    ExtractOut found;
    if (!pdf_scan_pictured(page) || picture_reading() == PICTURES_NOT_READ)
        return true;
    if (picture_reading() == PICTURES_UNTRIED) {
        picture_want();
        return err_set(err, ERR_UNAVAILABLE, "pages of the PDF are pictures");
    }
    uint64_t before = extract_time_left_ms();
    if (before < 2 * s->slowest_ms + 1000) {
        s->left_out++;
        return true;
    }
    extract_init(&found, (size_t)1 << 20);
    bool ok = pdf_scan_page(page, &found, err);
    if (ok) {
        extract_end(&found);
        to->scanned = arena_str(a, buf_str(&found.text));
        ok = to->scanned.ptr || no_memory(err);
    }
    extract_release(&found);
    uint64_t took = before - extract_time_left_ms();
    s->slowest_ms = took > s->slowest_ms ? took : s->slowest_ms;
    return ok;
}

/* All pages are collected before any is written: what runs through them shows only then. */
static bool collect_pages(PopplerDocument *d, Lines *l, Arena *a, PdfPage *pages, int n,
                          Scanning *s, Err *err)
{
    for (int i = 0; i < n; i++) {
        PopplerPage *page = pdf.page(d, i);
        if (!page)
            continue; /* a damaged page: the others are read */
        bool ok = read_page(page, l, a, &pages[i]) || no_memory(err);
        if (ok && pages[i].n == 0)
            ok = scan_page(page, s, a, &pages[i], err);
        pdf.drop(page);
        if (!ok)
            return false;
    }
    return true;
}

static bool write_pages(PdfPage *pages, size_t n, float body, ExtractOut *out, Err *err)
{
    (void)pdf_drop_running(pages, n);
    for (size_t i = 0; i < n && buf_ok(&out->text); i++) {
        extract_break(out, 2);
        size_t start = out->text.len;
        extract_add(out, pages[i].scanned);
        if (!pdf_layout_page(pages[i].lines, pages[i].n, pages[i].width, body, out, err))
            return false;
        extract_mark(out, MARK_PAGE, start, out->text.len, (uint32_t)i + 1);
    }
    return true;
}

static bool read_pages(PopplerDocument *d, ExtractOut *out, Err *err)
{
    int n = pdf.pages(d);
    if (n > MAX_PAGES)
        return err_set(err, ERR_TOO_LARGE, "the PDF has %d pages; the limit is %d", n, MAX_PAGES);
    size_t count = n > 0 ? (size_t)n : 0;
    Lines l = {.sizes = mem_array(SIZES, sizeof(uint32_t))};
    Arena *a = arena_new(SIZE_MAX / 2); /* the process has its own ceiling */
    PdfPage *pages = a ? ARENA_NEW_ARRAY(a, PdfPage, count + 1) : NULL;
    bool ok = (l.sizes && pages) || no_memory(err);
    Scanning s = {0};
    ok = ok && collect_pages(d, &l, a, pages, n, &s, err) &&
         write_pages(pages, count, body_size(l.sizes), out, err);
    if (ok && s.left_out) {
        Buf note;
        buf_init(&note, 200);
        buf_printf(&note, "[%u of the %d pages are pictures for whose recognition the time was too "
                   "short]", s.left_out, n);
        extract_break(out, 2);
        extract_add(out, buf_str(&note));
        buf_release(&note);
    }
    out->pages = (uint32_t)count;
    arena_free(a);
    mem_free(l.lines);
    mem_free(l.sizes);
    return ok;
}

static bool read_pdf(Str data, Str filename, ExtractOut *out, Err *err)
{
    GError *why = NULL;
    (void)filename;
    PopplerDocument *d = open_bytes(data, &why);
    if (!d)
        return refuse(why, err);
    take_meta(&out->title, pdf.title(d));
    take_meta(&out->author, pdf.author(d));
    take_time(&out->created, pdf.created(d));
    take_time(&out->modified, pdf.modified(d));
    bool ok = read_pages(d, out, err);
    pdf.drop(d);
    extract_end(out);
    return ok;
}

const Reader reader_pdf = {.type = "pdf", .preload = preload, .read = read_pdf,
    .readable = "/usr/share/poppler"};
