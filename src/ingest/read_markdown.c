/* read_markdown.c - Markdown to readable plain text; the one file that knows md4c.
 *
 * CommonMark with tables, task lists, strikethrough, wiki links and bare addresses. Markup goes,
 * words stay: headings are lines (marked), list items keep "- " or their number, table rows are
 * "cell | cell", code is kept as it stands, an address behind a link follows its words in
 * parentheses, raw HTML loses its tags. The lines of a YAML front matter stay, but for its fence
 * and its title. */
#include <md4c.h>
#include <stdio.h>

#include "base/os.h"
#include "ingest/extract.h"
#include "text/letters.h"

#define MAX_DEPTH 64

static __typeof__(&md_parse) parse;

static bool preload(Err *err)
{
    void *lib = os_dlopen((const char *const[]){"libmd4c.so.0", NULL}, "libmd4c0", err);
    return lib && os_sym(lib, "md_parse", &parse, err);
}

typedef struct {
    bool ordered;
    unsigned next;
    char delimiter;
    size_t item_start;
} List;

typedef struct {
    ExtractOut *out;
    List lists[MAX_DEPTH];
    unsigned depth;       /* of lists; deeper ones share the last entry */
    size_t start;         /* of the heading, code block or table that is open */
    bool in_code, in_html, in_heading, in_script;  /* in_script: of inline HTML */
    bool fresh_item, first_cell, has_heading;
    unsigned pictures;    /* open ones in a heading: badges, whose words are no title */
    size_t link_start;
    Buf html;
} Render;

/* ---- raw HTML ------------------------------------------------------------------------------ */

static bool tag_is(Str tag, const char *name)
{
    size_t n = strlen(name);
    return tag.len >= n && str_eq_nocase(str_sub(tag, 0, n), str_of(name)) &&
           (tag.len == n || !letter_is_word((unsigned char)tag.ptr[n]));
}

/* Appends what is outside of tags, comments, scripts and styles, entities decoded. */
static void strip_tags(Buf *to, Str s)
{
    size_t at = 0;
    while (at < s.len) {
        size_t open = str_find(s, STR("<"), at);
        entity_decode(to, str_sub(s, at, open));
        if (open == SIZE_MAX)
            return;
        if (str_starts(str_sub(s, open, s.len), STR("<!--"))) {
            size_t end = str_find(s, STR("-->"), open);
            at = end == SIZE_MAX ? s.len : end + 3;
            continue;
        }
        size_t close = str_find(s, STR(">"), open);
        if (close == SIZE_MAX)
            return;
        Str tag = str_sub(s, open + 1, close);
        at = close + 1;
        const char *const silent[] = {"script", "style"};
        for (size_t i = 0; i < 2; i++)
            if (tag_is(tag, silent[i])) {
                size_t end = str_find(s, STR("</"), at);
                while (end != SIZE_MAX && !tag_is(str_sub(s, end + 2, s.len), silent[i]))
                    end = str_find(s, STR("</"), end + 2);
                at = end == SIZE_MAX ? s.len : end;
            }
        if (tag_is(tag, "br") || tag_is(tag, "p") || tag_is(tag, "div") || tag_is(tag, "tr") ||
            tag_is(tag, "li"))
            (void)buf_add_char(to, '\n');
        else if (tag_is(tag, "td") || tag_is(tag, "th"))
            (void)buf_add_char(to, ' ');
    }
}

static void add_html(ExtractOut *out, Str html)
{
    Buf plain;
    buf_init(&plain, html.len * 2 + 16);
    strip_tags(&plain, html);
    if (!buf_ok(&plain))
        extract_no_memory(out);
    Str rest = buf_str(&plain), line;
    bool first = true;
    while (str_next(&rest, '\n', &line)) {
        if (!first)
            extract_break(out, 1);
        extract_flow(out, line);
        first = false;
    }
    buf_release(&plain);
}

/* ---- blocks -------------------------------------------------------------------------------- */

static List *top(Render *r)
{
    return &r->lists[r->depth < MAX_DEPTH ? r->depth : MAX_DEPTH - 1];
}

static void begin_item(Render *r, const MD_BLOCK_LI_DETAIL *d)
{
    char number[24];
    List *l = top(r);
    extract_break(r->out, 1);
    for (unsigned i = 1; i < r->depth && i < 16; i++)
        extract_add(r->out, STR("  "));
    l->item_start = r->out->text.len;
    if (l->ordered) {
        int n = snprintf(number, sizeof number, "%u%c ", l->next++, l->delimiter);
        extract_add(r->out, str_mem(number, (size_t)n));
    } else {
        extract_add(r->out, STR("- "));
    }
    if (d->is_task)
        extract_add(r->out, d->task_mark == ' ' ? STR("[ ] ") : STR("[x] "));
    r->fresh_item = true;
}

static int enter_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    Render *r = arg;
    ExtractOut *out = r->out;
    switch (type) {
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        extract_break(out, r->depth ? 1 : 2);
        r->depth++;
        *top(r) = (List){.ordered = type == MD_BLOCK_OL, .next = 1, .delimiter = '.'};
        if (type == MD_BLOCK_OL) {
            top(r)->next = ((MD_BLOCK_OL_DETAIL *)detail)->start;
            top(r)->delimiter = ((MD_BLOCK_OL_DETAIL *)detail)->mark_delimiter;
        }
        break;
    case MD_BLOCK_LI: begin_item(r, detail); break;
    case MD_BLOCK_P:
        if (!r->fresh_item)
            extract_break(out, 2);
        r->fresh_item = false;
        break;
    case MD_BLOCK_H:
    case MD_BLOCK_CODE:
    case MD_BLOCK_TABLE:
    case MD_BLOCK_HTML:
        if (!r->fresh_item)
            extract_break(out, 2);
        r->fresh_item = false;
        r->start = out->text.len;
        r->in_code = type == MD_BLOCK_CODE;
        r->in_html = type == MD_BLOCK_HTML;
        r->in_heading = type == MD_BLOCK_H;
        break;
    case MD_BLOCK_TR:
        extract_break(out, 1);
        r->first_cell = true;
        break;
    case MD_BLOCK_TH:
    case MD_BLOCK_TD:
        if (!r->first_cell)
            extract_add(out, STR(" | "));
        r->first_cell = false;
        break;
    case MD_BLOCK_HR: extract_break(out, 2); break;
    default: break;
    }
    return 0;
}

static void end_heading(Render *r, unsigned level)
{
    r->in_heading = false;
    extract_break(r->out, 1);
    size_t end = r->out->text.len;
    end -= end > r->start;
    extract_mark(r->out, MARK_HEADING, r->start, end, level);
    if (!r->has_heading && end > r->start && r->out->title.len == 0)
        extract_meta(&r->out->title, str_sub(buf_str(&r->out->text), r->start, end));
    r->has_heading = true;
    extract_break(r->out, 2);
}

static int leave_block(MD_BLOCKTYPE type, void *detail, void *arg)
{
    Render *r = arg;
    ExtractOut *out = r->out;
    switch (type) {
    case MD_BLOCK_UL:
    case MD_BLOCK_OL:
        r->depth--;
        extract_break(out, r->depth ? 1 : 2);
        break;
    case MD_BLOCK_LI:
        extract_break(out, 1);
        extract_mark(out, MARK_LIST_ITEM, top(r)->item_start, out->text.len, r->depth);
        r->fresh_item = false;
        break;
    case MD_BLOCK_H: end_heading(r, ((MD_BLOCK_H_DETAIL *)detail)->level); break;
    case MD_BLOCK_CODE:
    case MD_BLOCK_TABLE:
        extract_break(out, 1);
        extract_mark(out, type == MD_BLOCK_CODE ? MARK_CODE : MARK_TABLE, r->start, out->text.len,
                     0);
        extract_break(out, 2);
        r->in_code = false;
        break;
    case MD_BLOCK_HTML:
        add_html(out, buf_str(&r->html));
        buf_clear(&r->html);
        r->in_html = false;
        extract_break(out, 2);
        break;
    case MD_BLOCK_P:
        r->in_script = false;
        extract_break(out, r->depth ? 1 : 2);
        break;
    default: break;
    }
    return 0;
}

/* ---- spans and text ------------------------------------------------------------------------- */

static int enter_span(MD_SPANTYPE type, void *detail, void *arg)
{
    Render *r = arg;
    (void)detail;
    if (type == MD_SPAN_A)
        r->link_start = r->out->text.len;
    r->pictures += type == MD_SPAN_IMG && r->in_heading;
    return 0;
}

static int leave_span(MD_SPANTYPE type, void *detail, void *arg)
{
    Render *r = arg;
    if (type == MD_SPAN_IMG)
        r->pictures -= r->pictures > 0;
    if (type != MD_SPAN_A || r->in_heading)
        return 0;
    const MD_SPAN_A_DETAIL *d = detail;
    Str href = {d->href.text, d->href.size};
    Str words = str_sub(buf_str(&r->out->text), r->link_start, SIZE_MAX);
    bool worth = str_starts(href, STR("http://")) || str_starts(href, STR("https://")) ||
                 str_starts(href, STR("mailto:")) || str_starts(href, STR("tel:"));
    if (str_starts(href, STR("mailto:")) || str_starts(href, STR("tel:")))
        href = str_sub(href, str_find(href, STR(":"), 0) + 1, href.len);
    if (worth && words.len > 0 && !str_ends(href, letters_trim(words))) {
        extract_add(r->out, STR(" ("));
        extract_flow(r->out, href);
        extract_add(r->out, STR(")"));
    }
    return 0;
}

static int on_text(MD_TEXTTYPE type, const MD_CHAR *text, MD_SIZE size, void *arg)
{
    Render *r = arg;
    Str s = {text, size};
    if (r->out->text.failed)
        return 1; /* over the ceiling: nothing more to gain */
    if (type == MD_TEXT_HTML && !r->in_html && str_starts(s, STR("<")))
        r->in_script = tag_is(str_sub(s, 1, s.len), "script") || tag_is(str_sub(s, 1, s.len), "styl"
                                                                                              "e");
    if (r->pictures > 0 || r->in_script)
        return 0;
    switch (type) {
    case MD_TEXT_NULLCHAR: break;
    case MD_TEXT_BR: extract_break(r->out, 1); break;
    case MD_TEXT_SOFTBR: extract_flow(r->out, STR(" ")); break;
    case MD_TEXT_ENTITY: {
        Buf b;
        buf_init(&b, 64);
        entity_decode(&b, s);
        if (!buf_ok(&b))
            extract_no_memory(r->out);
        extract_flow(r->out, buf_str(&b));
        buf_release(&b);
        break;
    }
    case MD_TEXT_HTML:
        if (r->in_html && !buf_add(&r->html, s))
            extract_no_memory(r->out); /* its ceiling is that of the text */
        else if (!r->in_html)
            add_html(r->out, s);
        break;
    default:
        if (r->in_code)
            extract_add(r->out, s);
        else
            extract_flow(r->out, s);
    }
    r->fresh_item = r->fresh_item && size == 0;
    return 0;
}

/* ---- front matter --------------------------------------------------------------------------- */

static Str unquote(Str s)
{
    s = str_trim(s);
    if (s.len >= 2 && (s.ptr[0] == '"' || s.ptr[0] == '\'') && s.ptr[s.len - 1] == s.ptr[0])
        s = str_sub(s, 1, s.len - 1);
    return s;
}

/* Reads a YAML block between "---" lines; returns what stands behind it. */
static Str read_front_matter(Str text, ExtractOut *out)
{
    if (!str_starts(text, STR("---\n")) && !str_starts(text, STR("---\r\n")))
        return text;
    Str rest = text, line;
    size_t lines = 0;
    (void)str_next(&rest, '\n', &line);
    Str body = rest;
    bool closed = false;
    while (!closed && lines++ < 200 && str_next(&rest, '\n', &line)) {
        Str t = str_trim(line);
        closed = str_eq(t, STR("---")) || str_eq(t, STR("..."));
    }
    if (!closed)
        return text;
    body.len = (size_t)(line.ptr - body.ptr);
    while (str_next(&body, '\n', &line)) {
        Str t = str_trim(line);
        if (str_starts(t, STR("title:"))) {
            extract_meta(&out->title, unquote(str_sub(t, 6, t.len)));
            continue;
        }
        if (str_starts(t, STR("author:")))
            extract_meta(&out->author, unquote(str_sub(t, 7, t.len)));
        if (str_starts(t, STR("date:")) || str_starts(t, STR("created:")))
            extract_meta(&out->created, unquote(str_sub(t, str_find(t, STR(":"), 0) + 1, t.len)));
        if (str_starts(t, STR("updated:")) || str_starts(t, STR("modified:")))
            extract_meta(&out->modified, unquote(str_sub(t, str_find(t, STR(":"), 0) + 1, t.len)));
        if (str_starts(t, STR("lang:")))
            extract_meta(&out->language, unquote(str_sub(t, 5, t.len)));
        extract_add(out, t);
        extract_break(out, 1);
    }
    extract_break(out, 2);
    return rest.ptr ? rest : (Str){"", 0};
}

static bool read_markdown(Str data, Str filename, ExtractOut *out, Err *err)
{
    Buf utf8;
    (void)filename;
    buf_init(&utf8, out->text.max);
    if (!charset_to_utf8(data, (Str){"", 0}, &utf8, err)) {
        buf_release(&utf8);
        return false;
    }
    Render r = {.out = out};
    buf_init(&r.html, out->text.max);
    Str body = read_front_matter(buf_str(&utf8), out);
    const MD_PARSER parser = {0, MD_DIALECT_GITHUB | MD_FLAG_WIKILINKS | MD_FLAG_COLLAPSEWHITESPACE,
        enter_block, leave_block, enter_span, leave_span, on_text, NULL, NULL};
    int failed = parse(body.ptr, (MD_SIZE)body.len, &parser, &r);
    extract_end(out);
    buf_release(&r.html);
    buf_release(&utf8);
    if (failed != 0 && buf_ok(&out->text))
        return err_set(err, ERR_NO_MEMORY, "reading the Markdown: out of memory");
    return true;
}

const Reader reader_markdown = {.type = "markdown", .preload = preload, .read = read_markdown};
