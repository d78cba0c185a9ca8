/* read_epub.c - EPUB 2 and 3 to text: the chapters in the order of the spine.
 *
 *   container -> package document: metadata, files, spine -> table of contents -> each chapter by
 *   the HTML reader
 *
 * Kept: what the HTML reader keeps of every chapter; a chapter without a heading of its own gets
 * its name in the table of contents. Lost: the navigation page, pictures but their descriptions,
 * media overlays, fonts. Books whose text is encrypted (copy protection) are refused; encrypted
 * fonts do not matter. */
#include "base/mem.h"
#include "ingest/ooxml.h"
#include "text/letters.h"

#define MAX_ITEMS 200000
#define MAX_CHAPTER ((size_t)64 << 20)
#define NEAR_TOP 400 /* bytes in which a chapter's own heading is looked for */

typedef struct {
    Str id, name, type, properties; /* name: of the part */
} Item;

typedef struct {
    Str name, label;
} Entry;

typedef struct {
    void *items;
    size_t n, cap;
} List;

typedef struct {
    Package *package;
    Arena *arena;
    ExtractOut *out;
    Str opf, ncx;
    List items, spine, toc, encrypted; /* Item, Str (ids), Entry, Str (names) */
    bool failed, harmless, in_label;
    Str base, link; /* base: the part that relative names start from */
    Buf label;
    Err *err;
} Book;

static bool no_memory(Book *b)
{
    b->failed = true;
    if (b->err->code == ERR_NONE)
        (void)err_set(b->err, ERR_NO_MEMORY, "reading the book: out of memory");
    return false;
}

static void *add(Book *b, List *l, size_t size)
{
    if (l->n == MAX_ITEMS || !arena_grow(b->arena, &l->items, l->n, &l->cap, size)) {
        (void)no_memory(b);
        return NULL;
    }
    return (char *)l->items + size * l->n++;
}

static Str keep(Book *b, Str s)
{
    Str out = arena_str(b->arena, s);
    if (!out.ptr)
        (void)no_memory(b);
    return out.ptr ? out : STR("");
}

/* "Text/chapter%201.xhtml#top" seen from a part, to a part's name. */
static Str part_name(Book *b, Str from, Str href)
{
    Buf plain;
    buf_init(&plain, 4096);
    for (size_t i = 0; i < href.len; i++) {
        int high = i + 2 < href.len && href.ptr[i] == '%' ? str_hex_digit(href.ptr[i + 1]) : -1;
        int low = high >= 0 ? str_hex_digit(href.ptr[i + 2]) : -1;
        (void)buf_add_char(&plain, low >= 0 ? (char)(high * 16 + low) : href.ptr[i]);
        i += low >= 0 ? 2 : 0;
    }
    Str out = ooxml_resolve(from, buf_str(&plain), b->arena);
    if (plain.no_memory || !out.ptr)
        (void)no_memory(b);
    buf_release(&plain);
    return out.ptr ? out : STR("");
}

/* ---- container and encryption --------------------------------------------------------------- */

enum { K_ROOT = 1, K_METHOD, K_DATA, K_CIPHER };
static const XmlWord container_words[] = {{XN_ANY, "rootfile", K_ROOT},
                                          {XN_ANY, "EncryptedData", K_DATA},
                                          {XN_ANY, "EncryptionMethod", K_METHOD},
                                          {XN_ANY, "CipherReference", K_CIPHER}};

static bool is_font_scrambling(Str algorithm)
{
    return str_starts(algorithm, STR("http://www.idpf.org/2008/embedding")) ||
           str_starts(algorithm, STR("http://ns.adobe.com/pdf/enc#RC"));
}

static bool container_start(void *arg, int element, const XmlAttributes *at)
{
    Book *b = arg;
    if (element == K_ROOT && b->opf.len == 0)
        b->opf = part_name(b, STR(""), xml_attribute(at, XN_OTHER, "full-path"));
    else if (element == K_DATA)
        b->harmless = false;
    else if (element == K_METHOD)
        b->harmless = b->harmless || is_font_scrambling(xml_attribute(at, XN_OTHER, "Algorithm"));
    else if (element == K_CIPHER && !b->harmless) {
        Str *name = add(b, &b->encrypted, sizeof *name);
        if (name)
            *name = part_name(b, STR(""), xml_attribute(at, XN_OTHER, "URI"));
    }
    return !b->failed;
}

static bool is_encrypted(const Book *b, Str name)
{
    const Str *all = b->encrypted.items;
    for (size_t i = 0; i < b->encrypted.n; i++)
        if (str_eq(all[i], name))
            return true;
    return false;
}

/* Books without a container file: the package document is found by its ending. */
static Str find_opf(Book *b)
{
    for (size_t i = 0; i < package_count(b->package); i++)
        if (str_ends_nocase(package_name(b->package, i), STR(".opf")))
            return keep(b, package_name(b->package, i));
    return STR("");
}

static bool read_container(Book *b)
{
    XmlHandler h = {.arg = b, XML_WORDS(container_words), .start = container_start};
    b->opf = STR("");
    if (!package_parse_optional(b->package, STR("META-INF/container.xml"), &h, b->err) ||
        !package_parse_optional(b->package, STR("META-INF/encryption.xml"), &h, b->err) ||
        b->failed)
        return false;
    if (!package_has(b->package, b->opf))
        b->opf = find_opf(b);
    if (b->opf.len == 0)
        return !b->failed && err_set(b->err, ERR_VALIDATION,
            "the book is damaged: it has no package document (.opf)");
    if (is_encrypted(b, b->opf))
        return err_set(b->err, ERR_VALIDATION, "the book is encrypted (copy protection): it cannot "
                       "be read");
    return true;
}

/* ---- package document ----------------------------------------------------------------------- */

enum { O_ITEM = 1, O_SPINE, O_REF };
static const XmlWord opf_words[] = {{XN_ANY, "item", O_ITEM}, {XN_ANY, "spine", O_SPINE},
                                    {XN_ANY, "itemref", O_REF}};

static bool opf_start(void *arg, int element, const XmlAttributes *at)
{
    Book *b = arg;
    if (element == O_ITEM) {
        Item *i = add(b, &b->items, sizeof *i);
        if (i)
            *i = (Item){.id = keep(b, xml_attribute(at, XN_OTHER, "id")),
                .name = part_name(b, b->opf, xml_attribute(at, XN_OTHER, "href")),
                .type = keep(b, xml_attribute(at, XN_OTHER, "media-type")),
                .properties = keep(b, xml_attribute(at, XN_OTHER, "properties"))};
    } else if (element == O_SPINE) {
        b->ncx = keep(b, xml_attribute(at, XN_OTHER, "toc"));
    } else if (element == O_REF) {
        Str *id = add(b, &b->spine, sizeof *id);
        if (id)
            *id = keep(b, xml_attribute(at, XN_OTHER, "idref"));
    }
    return !b->failed;
}

static const Item *find_item(const Book *b, Str id)
{
    const Item *all = b->items.items;
    for (size_t i = 0; id.len > 0 && i < b->items.n; i++)
        if (str_eq(all[i].id, id))
            return &all[i];
    return NULL;
}

static bool has_word(Str list, Str word)
{
    Str part;
    while (str_next(&list, ' ', &part))
        if (str_eq(part, word))
            return true;
    return false;
}

/* ---- table of contents ---------------------------------------------------------------------- */

enum { T_LABEL = 1, T_CONTENT, T_LINK };
static const XmlWord toc_words[] = {{XN_ANY, "navLabel", T_LABEL}, {XN_ANY, "content", T_CONTENT},
                                    {XN_ANY, "a", T_LINK}};

/* The first name of a part counts: the others are of places inside it. */
static void add_entry(Book *b, Str href)
{
    Str name = part_name(b, b->base, href), label = letters_trim(buf_str(&b->label));
    const Entry *all = b->toc.items;
    for (size_t i = 0; i < b->toc.n; i++)
        if (str_eq(all[i].name, name))
            return;
    if (label.len == 0 || label.len > 300)
        return;
    Entry *e = add(b, &b->toc, sizeof *e);
    if (e)
        *e = (Entry){name, keep(b, label)};
}

static bool toc_start(void *arg, int element, const XmlAttributes *at)
{
    Book *b = arg;
    if (element == T_LABEL || element == T_LINK) {
        buf_cut(&b->label, 0);
        b->in_label = true;
    }
    if (element == T_LINK)
        b->link = keep(b, xml_attribute(at, XN_OTHER, "href"));
    else if (element == T_CONTENT)
        add_entry(b, xml_attribute(at, XN_OTHER, "src"));
    return !b->failed;
}

static void toc_end(void *arg, int element)
{
    Book *b = arg;
    if (element == T_LABEL || element == T_LINK)
        b->in_label = false;
    if (element == T_LINK)
        add_entry(b, b->link);
}

static void toc_text(void *arg, Str s)
{
    Book *b = arg;
    if (b->in_label)
        (void)buf_add(&b->label, str_sub(s, 0, b->label.max - b->label.len));
}

static bool read_toc(Book *b)
{
    XmlHandler h = {.arg = b, XML_WORDS(toc_words), .start = toc_start, .end = toc_end,
        .text = toc_text};
    const Item *all = b->items.items, *toc = find_item(b, b->ncx);
    for (size_t i = 0; !toc && i < b->items.n; i++)
        if (has_word(all[i].properties, STR("nav")) ||
            str_eq(all[i].type, STR("application/x-dtbncx+xml")))
            toc = &all[i];
    if (!toc || !package_has(b->package, toc->name) || is_encrypted(b, toc->name))
        return true;
    b->base = toc->name;
    return package_parse_lenient(b->package, toc->name, &h, b->err) && !b->failed;
}

/* ---- chapters ------------------------------------------------------------------------------- */

static Str label_of(const Book *b, Str name)
{
    const Entry *all = b->toc.items;
    for (size_t i = 0; i < b->toc.n; i++)
        if (str_eq(all[i].name, name))
            return all[i].label;
    return STR("");
}

static bool has_heading(const ExtractOut *chapter)
{
    for (size_t i = 0; i < chapter->n_marks; i++)
        if (chapter->marks[i].kind == MARK_HEADING && chapter->marks[i].start < NEAR_TOP)
            return true;
    return false;
}

/* A chapter without a heading begins with its name in the table of contents; if its first line is
 * that name, the line is the heading. */
static void add_chapter(Book *b, const ExtractOut *chapter, Str label)
{
    Buf name;
    ExtractOut *out = b->out;
    buf_init(&name, 4096);
    (void)letters_squeeze(&name, label);
    Str text = buf_str(&chapter->text), first = str_sub(text, 0, str_find(text, STR("\n"), 0));
    extract_break(out, 2);
    size_t start = out->text.len;
    if (name.len > 0 && !has_heading(chapter)) {
        if (str_eq_nocase(first, buf_str(&name))) {
            extract_mark(out, MARK_HEADING, start, start + first.len, 1);
        } else {
            extract_flow(out, buf_str(&name));
            extract_mark(out, MARK_HEADING, start, out->text.len, 1);
            extract_break(out, 2);
        }
    }
    story_append(out, chapter, 0, text.len);
    if (name.no_memory)
        extract_no_memory(out);
    buf_release(&name);
}

static bool is_page(const Item *i)
{
    return str_find(i->type, STR("html"), 0) != SIZE_MAX ||
           str_eq(i->type, STR("text/x-oeb1-document")) ||
           str_eq(i->type, STR("application/x-dtbook+xml")) ||
           ((i->type.len == 0 || str_find(i->type, STR("xml"), 0) != SIZE_MAX) &&
            (str_ends_nocase(i->name, STR("html")) || str_ends_nocase(i->name, STR(".htm")) ||
             str_ends_nocase(i->name, STR(".xml"))));
}

static bool read_chapter(Book *b, const Item *item)
{
    Buf bytes;
    ExtractOut chapter;
    if (is_encrypted(b, item->name))
        return err_set(b->err, ERR_VALIDATION,
                       "the book is encrypted (copy protection): it cannot be read");
    if (!package_has(b->package, item->name)) {
        package_note_damage(b->package, item->name);
        return true;
    }
    buf_init(&bytes, MAX_CHAPTER);
    extract_init(&chapter, b->out->text.max);
    bool ok = package_load(b->package, item->name, &bytes, b->err) &&
              reader_html.read(buf_str(&bytes), item->name, &chapter, b->err);
    if (ok && (chapter.text.len > 0 || chapter.text.failed))
        add_chapter(b, &chapter, label_of(b, item->name));
    if (ok && b->out->language.len == 0 && chapter.language.len > 0)
        extract_meta(&b->out->language, str_sub(buf_str(&chapter.language), 0, 40));
    extract_release(&chapter);
    buf_release(&bytes);
    return ok;
}

static bool read_spine(Book *b)
{
    const Str *spine = b->spine.items;
    for (size_t i = 0; i < b->spine.n && buf_ok(&b->out->text); i++) {
        const Item *item = find_item(b, spine[i]);
        if (!item || !is_page(item) || has_word(item->properties, STR("nav")))
            continue;
        if (!read_chapter(b, item))
            return false;
    }
    return true;
}

static bool read_book(Book *b)
{
    XmlHandler h = {.arg = b, XML_WORDS(opf_words), .start = opf_start};
    return read_container(b) && ooxml_properties(b->package, b->opf, b->out, b->err) &&
           package_parse(b->package, b->opf, &h, b->err) && !b->failed && read_toc(b) &&
           read_spine(b);
}

bool epub_read(Package *p, Arena *a, ExtractOut *out, Err *err)
{
    Book b = {.package = p, .arena = a, .out = out, .err = err, .link = STR(""), .ncx = STR("")};
    buf_init(&b.label, 4096);
    bool ok = read_book(&b);
    if (ok && b.label.no_memory)
        ok = no_memory(&b);
    buf_release(&b.label);
    return ok;
}
