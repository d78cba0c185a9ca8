/* read_html.c - web pages and HTML e-mail to readable text; knows libxml2's HTML half.
 *
 * Why libxml2: it repairs what people wrote like a browser of its time, its events need no tree
 * (ten thousand nested elements cost nothing), Debian keeps it safe, and other formats need its XML
 * half. Gumbo follows HTML 5 more closely, but its upstream has been silent since 2015.
 *
 *   bytes -> UTF-8 (BOM, then meta) -> pass 1: which tables hold data -> pass 2: text and marks
 *
 * Kept: words, headings, lists, tables (cells divided by " | "), preformatted text, picture
 * descriptions, mail addresses and telephone numbers behind links. Lost: scripts, styles, forms'
 * choices, navigation (nav, role=navigation, hidden elements), addresses of other links. A page
 * that is nothing but navigation is read again with it. */
#include <libxml/HTMLparser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/os.h"
#include "ingest/extract.h"
#include "text/letters.h"

#define MAX_LISTS 16
#define MAX_TABLES 256 /* nested; deeper ones share the last entry */

static struct {
    __typeof__(&htmlCreateMemoryParserCtxt) create;
    __typeof__(&htmlCtxtUseOptions) options;
    __typeof__(&htmlParseDocument) parse;
    __typeof__(&htmlFreeParserCtxt) drop;
    __typeof__(&xmlSwitchEncoding) encoding;
    __typeof__(&xmlSetGenericErrorFunc) errors;
} xml;

static void no_report(void *arg, const char *format, ...)
{
    (void)arg;
    (void)format;
}

static bool preload(Err *err)
{
    void *lib = os_dlopen((const char *const[]){"libxml2.so.2", NULL}, "libxml2", err);
    if (!lib || !os_sym(lib, "htmlCreateMemoryParserCtxt", &xml.create, err) ||
        !os_sym(lib, "htmlCtxtUseOptions", &xml.options, err) ||
        !os_sym(lib, "htmlParseDocument", &xml.parse, err) ||
        !os_sym(lib, "htmlFreeParserCtxt", &xml.drop, err) ||
        !os_sym(lib, "xmlSwitchEncoding", &xml.encoding, err) ||
        !os_sym(lib, "xmlSetGenericErrorFunc", &xml.errors, err))
        return false;
    xml.errors(NULL, no_report);
    return true;
}

/* ---- elements ------------------------------------------------------------------------------- */

typedef enum {
    E_INLINE,
    E_LINE,
    E_BLOCK,
    E_SILENT,
    E_NAV,
    E_TITLE,
    E_META,
    E_BR,
    E_HEADING,
    E_LIST,
    E_ITEM,
    E_TABLE,
    E_ROW,
    E_CELL,
    E_PRE,
    E_IMAGE,
    E_LINK,
    E_HTML
} Element;

static const struct {
    const char *name;
    Element element;
} elements[] = {
    {"p", E_BLOCK},         {"div", E_LINE},      {"section", E_BLOCK},    {"article", E_BLOCK},
    {"main", E_BLOCK},      {"header", E_BLOCK},  {"footer", E_BLOCK},     {"aside", E_BLOCK},
    {"figure", E_BLOCK},    {"hr", E_BLOCK},      {"blockquote", E_BLOCK}, {"address", E_BLOCK},
    {"center", E_BLOCK},    {"form", E_BLOCK},    {"dl", E_BLOCK},         {"fieldset", E_BLOCK},
    {"details", E_BLOCK},   {"dt", E_LINE},       {"dd", E_LINE},          {"summary", E_LINE},
    {"figcaption", E_LINE}, {"caption", E_LINE},  {"legend", E_LINE},      {"body", E_BLOCK},
    {"script", E_SILENT},   {"style", E_SILENT},  {"template", E_SILENT},  {"noscript", E_SILENT},
    {"svg", E_SILENT},      {"canvas", E_SILENT}, {"iframe", E_SILENT},    {"object", E_SILENT},
    {"audio", E_SILENT},    {"video", E_SILENT},  {"select", E_SILENT},    {"button", E_SILENT},
    {"nav", E_NAV},         {"menu", E_NAV},      {"title", E_TITLE},      {"meta", E_META},
    {"br", E_BR},           {"h1", E_HEADING},    {"h2", E_HEADING},       {"h3", E_HEADING},
    {"h4", E_HEADING},      {"h5", E_HEADING},    {"h6", E_HEADING},       {"ul", E_LIST},
    {"ol", E_LIST},         {"dir", E_LIST},      {"li", E_ITEM},          {"table", E_TABLE},
    {"tr", E_ROW},          {"td", E_CELL},       {"th", E_CELL},          {"pre", E_PRE},
    {"textarea", E_PRE},    {"img", E_IMAGE},     {"a", E_LINK},           {"html", E_HTML}};

static Element element_of(const xmlChar *name)
{
    Str n = str_of((const char *)name);
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (str_eq_nocase(n, str_of(elements[i].name)))
            return elements[i].element;
    return E_INLINE;
}

static Str attribute(const xmlChar **attributes, const char *name)
{
    for (size_t i = 0; attributes && attributes[i]; i += 2)
        if (str_eq_nocase(str_of((const char *)attributes[i]), str_of(name)))
            return attributes[i + 1] ? str_of((const char *)attributes[i + 1]) : STR("");
    return (Str){NULL, 0};
}

/* ---- state ---------------------------------------------------------------------------------- */

typedef struct {
    uint32_t index;      /* in order of the start tags */
    uint32_t cell_text, cell_blocks;
    bool first_cell;
    size_t start;
} Table;

typedef struct {
    bool ordered;
    unsigned next;
} List;

typedef struct {
    ExtractOut *out;
    bool survey;         /* pass 1: only looks at tables */
    bool keep_nav;
    uint8_t *layout;     /* [cap_layout], by table index: 1 when it arranges the page */
    size_t n_tables, cap_layout;
    Table tables[MAX_TABLES];
    unsigned table_depth, list_depth, pre_depth, silent_depth, title_depth, heading_depth;
    List lists[MAX_LISTS];
    size_t heading_start, pre_start, link_start, dropped; /* dropped: words of navigation */
    Buf link, title;
} Render;

static Table *table(Render *r)
{
    unsigned d = r->table_depth < MAX_TABLES ? r->table_depth : MAX_TABLES;
    return d ? &r->tables[d - 1] : NULL;
}

static bool is_layout(const Render *r, const Table *t)
{
    return t && t->index < r->cap_layout && r->layout[t->index];
}

/* In a cell of a data table everything stays on the row's line. */
static bool in_data_cell(Render *r)
{
    const Table *t = table(r);
    return !r->survey && t && !is_layout(r, t);
}

static void line_break(Render *r, unsigned newlines)
{
    if (in_data_cell(r))
        extract_flow(r->out, STR(" "));
    else
        extract_break(r->out, newlines);
}

/* ---- tables --------------------------------------------------------------------------------- */

static void mark_layout(Render *r, const Table *t)
{
    if (t->index >= r->cap_layout) {
        size_t cap = t->index + 64;
        uint8_t *layout = mem_resize(r->layout, cap, 1);
        if (!layout) {
            extract_no_memory(r->out);
            return;
        }
        memset(layout + r->cap_layout, 0, cap - r->cap_layout);
        r->layout = layout;
        r->cap_layout = cap;
    }
    r->layout[t->index] = 1;
}

static void begin_table(Render *r, const xmlChar **attributes)
{
    if (r->survey && table(r))
        mark_layout(r, table(r)); /* one that holds another arranges the page */
    r->table_depth++;
    Table *t = table(r);
    *t = (Table){.index = (uint32_t)r->n_tables++};
    if (r->survey) {
        Str role = attribute(attributes, "role");
        if (str_eq_nocase(role, STR("presentation")) || str_eq_nocase(role, STR("none")))
            mark_layout(r, t);
        return;
    }
    extract_break(r->out, is_layout(r, t) ? 1 : 2);
    t->start = r->out->text.len;
}

static void end_table(Render *r)
{
    Table *t = table(r);
    if (!t)
        return;
    if (!r->survey && !is_layout(r, t)) {
        extract_break(r->out, 1);
        extract_mark(r->out, MARK_TABLE, t->start, r->out->text.len, 0);
    }
    r->table_depth--;
    if (!r->survey)
        extract_break(r->out, 2);
}

static void begin_cell(Render *r)
{
    Table *t = table(r);
    if (!t)
        return;
    t->cell_text = t->cell_blocks = 0;
    if (r->survey)
        return;
    if (is_layout(r, t))
        extract_break(r->out, 1);
    else if (!t->first_cell)
        extract_flow(r->out, STR(" | "));
    t->first_cell = false;
}

/* What a table's cell holds tells what the table is for. */
static void survey_cell(Render *r, Element e)
{
    Table *t = table(r);
    if (!t)
        return;
    t->cell_blocks += e == E_BLOCK || e == E_LINE;
    if (e == E_HEADING || e == E_LIST || e == E_PRE || t->cell_blocks > 3 || t->cell_text > 400)
        mark_layout(r, t);
}

/* ---- start and end of elements -------------------------------------------------------------- */

static bool is_hidden(const xmlChar **attributes)
{
    Str style = attribute(attributes, "style"), role = attribute(attributes, "role");
    if (attribute(attributes, "hidden").ptr ||
        str_eq_nocase(attribute(attributes, "aria-hidden"), STR("true")))
        return true;
    if (str_eq_nocase(role, STR("navigation")) || str_eq_nocase(role, STR("search")))
        return true;
    return str_find(style, STR("display:none"), 0) != SIZE_MAX ||
           str_find(style, STR("display: none"), 0) != SIZE_MAX;
}

static bool is_one_of(Str name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(name, str_of(list[i])))
            return true;
    return false;
}

static void read_meta(Render *r, const xmlChar **attributes)
{
    static const char *const created[] = {"article:published_time", "dcterms.created",
                                          "dcterms.date", "dc.date", "date", "datepublished"};
    static const char *const modified[] = {"article:modified_time", "dcterms.modified",
                                           "last-modified", "datemodified"};
    Str name = attribute(attributes, "name"), content = attribute(attributes, "content");
    const char *const others[] = {"property", "itemprop", "http-equiv"};
    for (size_t i = 0; i < 3 && !name.ptr; i++)
        name = attribute(attributes, others[i]);
    if (!name.ptr || !content.ptr)
        return;
    if (str_eq_nocase(name, STR("author")) || str_eq_nocase(name, STR("dc.creator")))
        extract_meta(&r->out->author, content);
    if (str_eq_nocase(name, STR("content-language")))
        extract_meta(&r->out->language, content);
    if (is_one_of(name, created, sizeof created / sizeof *created))
        extract_meta(&r->out->created, content);
    if (is_one_of(name, modified, sizeof modified / sizeof *modified))
        extract_meta(&r->out->modified, content);
}

static void begin_item(Render *r)
{
    char number[24];
    List *l = r->list_depth ? &r->lists[(r->list_depth < MAX_LISTS ? r->list_depth : MAX_LISTS) - 1]
                            : NULL;
    line_break(r, 1);
    for (unsigned i = 1; i < r->list_depth && i < MAX_LISTS && !in_data_cell(r); i++)
        extract_add(r->out, STR("  "));
    if (l && l->ordered) {
        int n = snprintf(number, sizeof number, "%u. ", l->next++);
        extract_add(r->out, str_mem(number, (size_t)n));
    } else {
        extract_add(r->out, STR("- "));
    }
}

static void begin_list(Render *r, bool ordered)
{
    line_break(r, r->list_depth ? 1 : 2);
    r->list_depth++;
    r->lists[(r->list_depth < MAX_LISTS ? r->list_depth : MAX_LISTS) - 1] = (List){ordered, 1};
}

static void begin_link(Render *r, const xmlChar **attributes)
{
    Str href = attribute(attributes, "href");
    buf_clear(&r->link);
    bool mail = href.ptr && str_starts(href, STR("mailto:"));
    if (mail || (href.ptr && str_starts(href, STR("tel:"))))
        (void)buf_add(&r->link, str_sub(href, mail ? 7 : 4, str_find(href, STR("?"), 0)));
    r->link_start = r->out->text.len;
}

static void begin_visible(Render *r, Element e, const xmlChar *name, const xmlChar **attributes)
{
    switch (e) {
    case E_BLOCK: line_break(r, 2); break;
    case E_LINE: line_break(r, 1); break;
    case E_BR:
        if (in_data_cell(r))
            extract_flow(r->out, STR(" "));
        else if (r->out->text.len > 0 && !str_ends(buf_str(&r->out->text), STR("\n\n")))
            extract_add(r->out, STR("\n"));
        break;
    case E_HEADING:
        line_break(r, 2);
        if (r->heading_depth++ == 0)
            r->heading_start = r->out->text.len;
        break;
    case E_LIST: begin_list(r, name[0] == 'o' || name[0] == 'O'); break;
    case E_ITEM: begin_item(r); break;
    case E_ROW:
        extract_break(r->out, 1);
        if (table(r))
            table(r)->first_cell = true;
        break;
    case E_PRE:
        line_break(r, 2);
        if (r->pre_depth++ == 0)
            r->pre_start = r->out->text.len;
        break;
    case E_IMAGE: {
        Str alt = attribute(attributes, "alt");
        if (extract_describes(alt)) {
            extract_flow(r->out, STR(" "));
            extract_flow(r->out, alt);
            extract_flow(r->out, STR(" "));
        }
        break;
    }
    case E_LINK: begin_link(r, attributes); break;
    default: break;
    }
}

static void on_start(void *arg, const xmlChar *name, const xmlChar **attributes)
{
    Render *r = arg;
    Element e = element_of(name);
    if (r->silent_depth > 0 || e == E_SILENT ||
        (!r->keep_nav && e != E_HTML && (e == E_NAV || is_hidden(attributes)))) {
        r->silent_depth++;
        return;
    }
    if (e == E_TABLE) {
        begin_table(r, attributes);
        return;
    }
    if (e == E_CELL)
        begin_cell(r);
    if (r->survey) {
        survey_cell(r, e);
        return;
    }
    if (e == E_TITLE)
        r->title_depth++;
    else if (e == E_META)
        read_meta(r, attributes);
    else if (e == E_HTML && attribute(attributes, "lang").ptr)
        extract_meta(&r->out->language, attribute(attributes, "lang"));
    else
        begin_visible(r, e, name, attributes);
}

static void end_heading(Render *r, const xmlChar *name)
{
    if (r->heading_depth == 0 || --r->heading_depth > 0)
        return;
    if (in_data_cell(r))
        return;
    extract_break(r->out, 1);
    size_t end = r->out->text.len;
    end -= end > r->heading_start;
    extract_mark(r->out, MARK_HEADING, r->heading_start, end, (uint32_t)(name[1] - '0'));
    extract_break(r->out, 2);
}

static void end_link(Render *r)
{
    if (r->link.no_memory)
        extract_no_memory(r->out);
    Str shown = str_sub(buf_str(&r->out->text), r->link_start, SIZE_MAX), to = buf_str(&r->link);
    size_t digits = 0; /* a number that is shown is often written with other gaps than behind it */
    for (size_t i = 0; i < shown.len; i++)
        digits += letter_is_digit((unsigned char)shown.ptr[i]);
    if (to.len > 0 && digits < 5 && str_find(shown, to, 0) == SIZE_MAX) {
        extract_add(r->out, STR(" ("));
        extract_flow(r->out, to);
        extract_add(r->out, STR(")"));
    }
    buf_clear(&r->link);
}

static void on_end(void *arg, const xmlChar *name)
{
    Render *r = arg;
    Element e = element_of(name);
    if (r->silent_depth > 0) {
        r->silent_depth--;
        return;
    }
    if (e == E_TABLE) {
        end_table(r);
        return;
    }
    if (r->survey)
        return;
    switch (e) {
    case E_TITLE:
        r->title_depth -= r->title_depth > 0;
        if (r->title.no_memory)
            extract_no_memory(r->out);
        if (r->title_depth == 0)
            extract_meta(&r->out->title, buf_str(&r->title));
        break;
    case E_BLOCK: line_break(r, 2); break;
    case E_LINE:
    case E_ITEM: line_break(r, 1); break;
    case E_ROW: extract_break(r->out, 1); break;
    case E_HEADING: end_heading(r, name); break;
    case E_LIST:
        r->list_depth -= r->list_depth > 0;
        line_break(r, r->list_depth ? 1 : 2);
        break;
    case E_PRE:
        if (r->pre_depth > 0 && --r->pre_depth == 0) {
            extract_break(r->out, 1);
            extract_mark(r->out, MARK_CODE, r->pre_start, r->out->text.len, 0);
            extract_break(r->out, 2);
        }
        break;
    case E_LINK: end_link(r); break;
    default: break;
    }
}

static void on_text(void *arg, const xmlChar *text, int length)
{
    Render *r = arg;
    Str s = {(const char *)text, (size_t)length};
    if (r->silent_depth > 0) {
        r->dropped += s.len;
    } else if (r->survey) {
        if (table(r)) {
            table(r)->cell_text += (uint32_t)letters_trim(s).len;
            survey_cell(r, E_INLINE);
        }
    } else if (r->title_depth > 0) {
        (void)buf_add(&r->title, s);
    } else if (r->pre_depth > 0 && !in_data_cell(r)) {
        extract_add(r->out, s);
    } else {
        extract_flow(r->out, s);
    }
}

/* ---- passes --------------------------------------------------------------------------------- */

static bool run_pass(Str html, Render *r, Err *err)
{
    htmlParserCtxtPtr p = xml.create(html.ptr, (int)html.len);
    if (!p)
        return err_set(err, ERR_NO_MEMORY, "reading the page: out of memory");
    (void)xml.options(p, HTML_PARSE_RECOVER | HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING |
                             HTML_PARSE_NONET | HTML_PARSE_IGNORE_ENC | XML_PARSE_HUGE);
    (void)xml.encoding(p, XML_CHAR_ENCODING_UTF8);
    memset(p->sax, 0, sizeof *p->sax);
    p->sax->startElement = on_start;
    p->sax->endElement = on_end;
    p->sax->characters = on_text;
    p->sax->ignorableWhitespace = on_text;
    p->sax->cdataBlock = on_text;
    p->userData = r;
    (void)xml.parse(p);
    xml.drop(p);
    return true;
}

static void begin_pass(Render *r, bool survey)
{
    r->survey = survey;
    r->n_tables = 0;
    r->table_depth = r->list_depth = r->pre_depth = 0;
    r->silent_depth = r->title_depth = r->heading_depth = 0;
    r->dropped = 0;
    buf_clear(&r->title);
}

/* The name in <meta charset=...>, <meta ... content="text/html; charset=..."> or an XML line. */
static Str declared_charset(Str data)
{
    Str head = str_sub(data, 0, EXTRACT_HEAD);
    const char *const keys[] = {"charset=", "CHARSET=", "Charset=", "encoding="};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t at = str_find(head, str_of(keys[i]), 0);
        if (at == SIZE_MAX)
            continue;
        at += strlen(keys[i]);
        while (at < head.len &&
               (head.ptr[at] == '"' || head.ptr[at] == '\'' || head.ptr[at] == ' '))
            at++;
        size_t end = at;
        while (end < head.len && end - at < 40 && !strchr("\"' />;?", head.ptr[end]))
            end++;
        return str_sub(head, at, end);
    }
    return (Str){"", 0};
}

static bool has_words(const Buf *b)
{
    return letters_trim(buf_str(b)).len > 0;
}

static bool read_html(Str data, Str filename, ExtractOut *out, Err *err)
{
    Buf utf8;
    Render r = {.out = out};
    (void)filename;
    buf_init(&utf8, (size_t)INT32_MAX - 16);
    buf_init(&r.link, 4096);
    buf_init(&r.title, 1 << 16);
    bool ok = charset_to_utf8(data, declared_charset(data), &utf8, err);
    if (ok && utf8.len > 0) {
        begin_pass(&r, true);
        ok = run_pass(buf_str(&utf8), &r, err);
        begin_pass(&r, false);
        ok = ok && run_pass(buf_str(&utf8), &r, err);
        if (ok && buf_ok(&out->text) && !has_words(&out->text) && r.dropped > 0) {
            buf_clear(&out->text);
            out->n_marks = 0;
            begin_pass(&r, false);
            r.keep_nav = true;
            ok = run_pass(buf_str(&utf8), &r, err);
        }
        extract_end(out);
    }
    mem_free(r.layout);
    buf_release(&r.link);
    buf_release(&r.title);
    buf_release(&utf8);
    return ok;
}

const Reader reader_html = {.type = "html", .preload = preload, .read = read_html};
