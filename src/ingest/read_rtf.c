/* read_rtf.c - Rich Text Format 1.9 and the older ones that Word, WordPad, LibreOffice and mail
 * programs write.
 *
 *   bytes -> groups, control words, characters -> paragraphs, rows, headings, list items
 *
 * Kept: words with their character sets, paragraphs, headings (by style or outline level), tables
 * as rows, list marks, footnotes and comments in brackets where they stand, text boxes, page
 * headers and footers once, title, author. Lost: looks, pictures, objects, addresses of links,
 * hidden and deleted text, index entries.
 *
 * Own code, because Debian has no library for it (its converters are programs). The bytes are gone
 * through once; a group costs a few bytes on the heap, so nesting cannot exhaust the stack. */
#include "ingest/read_rtf.h"

#include "base/mem.h"
#include "text/letters.h"

#define MAX_GROUPS 100000

/* ---- where characters go -------------------------------------------------------------------- */

static bool has_word(Str s)
{
    for (size_t at = 0; at < s.len;)
        if (letter_is_word(utf8_next(s, &at)))
            return true;
    return false;
}

/* A table has ended when text stands outside of its rows. */
static void end_table(Rtf *r)
{
    if (r->table_start == SIZE_MAX)
        return;
    extract_break(r->out, 1);
    extract_mark(r->out, MARK_TABLE, r->table_start, r->out->text.len, 0);
    extract_break(r->out, 2);
    r->table_start = SIZE_MAX;
    r->para_start = r->out->text.len;
}

static void put(Rtf *r, Str utf8)
{
    RtfGroup *g = &r->groups[r->n_groups - 1];
    switch (g->dest) {
    case RTF_TEXT:
        if (g->hidden)
            return;
        if (r->table_start != SIZE_MAX && r->cells == 0 && !r->in_table &&
            letters_trim(utf8).len > 0)
            end_table(r);
        extract_flow(r->out, utf8);
        break;
    case RTF_LIST_MARK:
    case RTF_STYLE:
    case RTF_TITLE:
    case RTF_AUTHOR:
        if (r->aside.len < 4096)
            (void)buf_add(&r->aside, utf8);
        break;
    default:
        break;
    }
}

static void flush(Rtf *r)
{
    if (r->pending.len == 0 && buf_ok(&r->pending))
        return;
    Buf utf8;
    buf_init(&utf8, r->pending.len * 4 + 16);
    if (!charset_convert(str_of(r->pending_set), buf_str(&r->pending), &utf8))
        (void)charset_convert(STR("WINDOWS-1252"), buf_str(&r->pending), &utf8);
    put(r, buf_str(&utf8));
    if (!buf_ok(&utf8) || !buf_ok(&r->pending))
        extract_no_memory(r->out);
    buf_release(&utf8);
    extract_reuse(r->out, &r->pending);
}

static void put_code(Rtf *r, uint32_t c)
{
    char bytes[4];
    size_t n = utf8_put(c, bytes);
    flush(r);
    put(r, n ? str_mem(bytes, n) : STR("\xEF\xBF\xBD"));
}

/* A byte of the text in the set of its font. */
static void put_byte(Rtf *r, char c)
{
    const RtfGroup *g = &r->groups[r->n_groups - 1];
    if (r->skip > 0) {
        r->skip--;
        return;
    }
    if (g->dest == RTF_SKIP || g->dest == RTF_FONTS)
        return;
    r->high = 0; /* half a character: the other half does not follow */
    const char *set = r->fonts[g->font] ? r->fonts[g->font] : r->set;
    if (set != r->pending_set || r->pending.len > 4096)
        flush(r);
    r->pending_set = set;
    (void)buf_add_char(&r->pending, c);
}

/* UTF-16, a unit at a time. */
static void put_unit(Rtf *r, int32_t value)
{
    uint32_t c = (uint32_t)value & 0xFFFF;
    if (c >= 0xDC00 && c < 0xE000 && r->high) {
        c = 0x10000 + ((r->high - 0xD800) << 10) + (c - 0xDC00);
    } else if (c >= 0xD800 && c < 0xDC00) {
        r->high = c;
        return;
    }
    r->high = 0;
    if (c >= 0xF000 && c < 0xF100) /* a symbol font's own characters: most are list marks */
        c = c == 0xF0B7 || c == 0xF0A7 || c == 0xF02D ? 0x2022 : c - 0xF000;
    if (c > 0 && c != 0xFFFE && c != 0xFFFF)
        put_code(r, c);
}

/* ---- paragraphs and rows -------------------------------------------------------------------- */

static bool in_text(const Rtf *r)
{
    return r->groups[r->n_groups - 1].dest == RTF_TEXT && !r->groups[r->n_groups - 1].hidden;
}

/* That what has been written turns out to be a heading shows at its end. */
static void empty_line_before(Rtf *r)
{
    Buf *b = &r->out->text;
    size_t at = r->para_start;
    bool close = at > 0 && !(at > 1 && b->ptr[at - 1] == '\n' && b->ptr[at - 2] == '\n');
    if (!close || !buf_add_char(b, '\n'))
        return;
    memmove(b->ptr + at + 1, b->ptr + at, b->len - 1 - at);
    b->ptr[at] = '\n';
    r->para_start++;
}

static void end_paragraph(Rtf *r)
{
    flush(r);
    if (!in_text(r))
        return;
    if (r->in_table || r->cells > 0) {
        extract_flow(r->out, STR(" "));
        return;
    }
    ExtractOut *o = r->out;
    size_t length = o->text.len - (r->para_start < o->text.len ? r->para_start : o->text.len);
    bool heading = r->level > 0 && length > 0 && length < 400;
    if (heading) {
        empty_line_before(r);
        extract_break(o, 1);
        extract_mark(o, MARK_HEADING, r->para_start, o->text.len - 1, r->level);
    } else if (r->item && length > 0) {
        extract_mark(o, MARK_LIST_ITEM, r->para_start, o->text.len, 1);
    }
    /* Long paragraphs and those set apart stand alone; short ones (addresses) stay together. */
    extract_break(o, length == 0 || heading || ((r->spaced || length > 100) && !r->item) ? 2 : 1);
    r->item = false;
    r->para_start = o->text.len;
}

static void end_cell(Rtf *r)
{
    flush(r);
    if (!in_text(r))
        return;
    if (r->table_start == SIZE_MAX)
        r->table_start = r->para_start;
    r->cells++;
    extract_flow(r->out, STR(" | "));
}

static void end_row(Rtf *r)
{
    flush(r);
    Buf *b = &r->out->text;
    if (!in_text(r))
        return;
    while (b->len > r->para_start && strchr(" |", b->ptr[b->len - 1]))
        buf_cut(b, b->len - 1);
    if (b->len > r->para_start)
        extract_break(r->out, 1);
    r->cells = 0;
    r->para_start = b->len;
}

/* ---- control words -------------------------------------------------------------------------- */

static void set_font(Rtf *r, RtfGroup *g, int32_t n)
{
    uint16_t font = n >= 0 && n < RTF_FONTS_MAX ? (uint16_t)n : 0;
    if (g->dest != RTF_FONTS)
        flush(r);
    g->font = font;
}

static void begin_bracket(Rtf *r, RtfGroup *g, const char *open, char close)
{
    flush(r);
    if (g->dest != RTF_TEXT)
        return;
    extract_flow(r->out, str_of(open));
    g->close = close;
}

static void paragraph_defaults(Rtf *r)
{
    r->in_table = r->spaced = false;
    r->level = 0;
}

/* Fonts and character sets. */
static void do_font(Rtf *r, RtfWord w, int32_t n)
{
    RtfGroup *g = &r->groups[r->n_groups - 1];
    switch (w) {
    case RTF_FONT:
        set_font(r, g, n);
        break;
    case RTF_DEFAULT_FONT:
        r->default_font = n;
        set_font(r, g, n);
        break;
    case RTF_FONT_CHARSET:
        if (g->dest == RTF_FONTS)
            r->fonts[g->font] = rtf_set_of_font(n);
        break;
    case RTF_FONT_PAGE:
        if (g->dest == RTF_FONTS && rtf_set_of_page(n))
            r->fonts[g->font] = rtf_set_of_page(n);
        break;
    case RTF_PAGE_SET:
        r->set = rtf_set_of_page(n) ? rtf_set_of_page(n) : r->set;
        break;
    case RTF_MAC:
        r->set = "MACINTOSH";
        break;
    case RTF_PC:
        r->set = "IBM437";
        break;
    case RTF_PCA:
        r->set = "IBM850";
        break;
    default:
        break;
    }
}

static void do_word(Rtf *r, RtfWord w, int32_t n, bool has_number)
{
    RtfGroup *g = &r->groups[r->n_groups - 1];
    switch (w) {
    case RTF_PAR:
        end_paragraph(r);
        break;
    case RTF_LINE:
        flush(r);
        if (in_text(r) && !r->in_table && r->cells == 0)
            extract_add(r->out, STR("\n"));
        else
            put(r, STR(" "));
        break;
    case RTF_SPACE:
        put_byte(r, ' ');
        break;
    case RTF_CELL:
        end_cell(r);
        break;
    case RTF_ROW:
        end_row(r);
        break;
    case RTF_PARD:
        flush(r);
        paragraph_defaults(r);
        break;
    case RTF_INTBL:
        flush(r);
        r->in_table = !has_number || n != 0;
        break;
    case RTF_SPACED:
        r->spaced = r->spaced || n >= 40;
        break;
    case RTF_OUTLINE:
        r->level = n >= 0 && n < 6 ? (unsigned)n + 1 : r->level;
        break;
    case RTF_STYLE_NUMBER:
        if (g->dest == RTF_STYLE)
            r->style = n >= 0 && n < RTF_STYLES_MAX ? n : -1;
        else if (n >= 0 && n < RTF_STYLES_MAX && r->styles[n])
            r->level = r->styles[n];
        break;
    case RTF_PLAIN:
        flush(r);
        g->hidden = false;
        set_font(r, g, r->default_font);
        break;
    case RTF_HIDDEN:
        flush(r);
        g->hidden = !has_number || n != 0;
        break;
    case RTF_UNICODE:
        flush(r);
        put_unit(r, n);
        r->skip = g->uc;
        break;
    case RTF_UNICODE_SKIP:
        g->uc = n >= 0 && n < 100 ? (uint8_t)n : 1;
        break;
    case RTF_BIN:
        r->at += n > 0 && (size_t)n < r->s.len - r->at ? (size_t)n : 0;
        break;
    case RTF_FOOTNOTE:
        begin_bracket(r, g, " (", ')');
        break;
    case RTF_COMMENT:
        begin_bracket(r, g, " [", ']');
        break;
    case RTF_PAGE_HEADER: /* one of a document's sections is like the other */
        flush(r);
        if (g->dest == RTF_TEXT && (r->headers & 1u << (unsigned)n % 32))
            g->dest = RTF_SKIP;
        r->headers |= 1u << (unsigned)n % 32;
        g->close = '\n';
        break;
    default:
        do_font(r, w, n);
        break;
    }
}

static void set_dest(Rtf *r, RtfDest dest)
{
    RtfGroup *g = &r->groups[r->n_groups - 1];
    flush(r);
    if (dest == RTF_TEXT) { /* text inside something skipped: a text box, the Unicode variant */
        if (g->dest == RTF_SKIP)
            g->dest = RTF_TEXT;
        return;
    }
    g->dest = g->dest == RTF_SKIP ? RTF_SKIP : dest;
    if (dest != RTF_SKIP && dest != RTF_FONTS) {
        extract_reuse(r->out, &r->aside);
        r->style = 0;
    }
    g->owns_aside = dest != RTF_SKIP && dest != RTF_FONTS;
}

/* ---- groups --------------------------------------------------------------------------------- */

static bool open_group(Rtf *r, Err *err)
{
    flush(r);
    r->skip = 0;
    if (r->n_groups == MAX_GROUPS)
        return err_set(err, ERR_VALIDATION, "the RTF is nested more than %d levels deep",
                       MAX_GROUPS);
    if (!MEM_GROW(r->groups, r->n_groups, r->cap_groups))
        return err_set(err, ERR_NO_MEMORY, "reading the RTF: out of memory");
    RtfGroup g = r->n_groups ? r->groups[r->n_groups - 1] : (RtfGroup){.dest = RTF_TEXT, .uc = 1};
    g.owns_aside = g.dest == RTF_STYLE; /* each style is a group in the sheet's */
    g.close = '\0';
    if (g.owns_aside) {
        extract_reuse(r->out, &r->aside);
        r->style = 0;
    }
    r->groups[r->n_groups++] = g;
    return true;
}

/* "heading 2" in the languages that name it so in the file; Word writes the English name always. */
static void keep_style(Rtf *r)
{
    Str name = letters_trim(buf_str(&r->aside));
    while (name.len && name.ptr[name.len - 1] == ';')
        name = letters_trim(str_sub(name, 0, name.len - 1));
    unsigned level = 0;
    if (name.len >= 9 && str_eq_nocase(str_sub(name, 0, 8), STR("heading ")) &&
        letter_is_digit((unsigned char)name.ptr[8]))
        level = (unsigned)(name.ptr[8] - '0');
    else if (str_eq_nocase(name, STR("Title")))
        level = 1;
    if (r->style >= 0 && r->style < RTF_STYLES_MAX && level >= 1 && level <= 9)
        r->styles[r->style] = (uint8_t)(level < 6 ? level : 6);
}

static void close_group(Rtf *r)
{
    flush(r);
    r->skip = 0;
    if (r->n_groups <= 1)
        return;
    RtfGroup g = r->groups[--r->n_groups];
    if (g.close == '\n' && g.dest == RTF_TEXT) {
        end_paragraph(r);
    } else if (g.close && g.dest == RTF_TEXT) {
        char text[2] = {g.close, '\0'};
        Buf *b = &r->out->text;
        while (b->len > 0 && strchr(" \n", b->ptr[b->len - 1]))
            buf_cut(b, b->len - 1);
        extract_add(r->out, str_of(text));
    }
    if (!g.owns_aside)
        return;
    if (g.dest == RTF_TITLE)
        extract_meta(&r->out->title, buf_str(&r->aside));
    else if (g.dest == RTF_AUTHOR)
        extract_meta(&r->out->author, buf_str(&r->aside));
    else if (g.dest == RTF_STYLE)
        keep_style(r);
    else if (g.dest == RTF_LIST_MARK && in_text(r)) {
        Str mark = letters_trim(buf_str(&r->aside));
        put(r, has_word(mark) ? mark : STR("-"));
        put(r, STR(" "));
        r->item = true;
    }
    extract_reuse(r->out, &r->aside);
}

/* ---- the file ------------------------------------------------------------------------------- */

static int32_t number_at(Rtf *r, bool *has)
{
    bool minus = r->at < r->s.len && r->s.ptr[r->at] == '-';
    size_t at = r->at + minus;
    int64_t v = 0;
    *has = at < r->s.len && letter_is_digit((unsigned char)r->s.ptr[at]);
    if (!*has)
        return 0;
    for (; at < r->s.len && letter_is_digit((unsigned char)r->s.ptr[at]); at++)
        v = v < INT32_MAX ? v * 10 + (r->s.ptr[at] - '0') : v;
    v = v < INT32_MAX ? v : INT32_MAX;
    r->at = at;
    return (int32_t)(minus ? -v : v);
}

/* After a backslash. */
static void control(Rtf *r)
{
    char c = r->s.ptr[r->at];
    size_t from = r->at;
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
        r->at++;
        int high = c == '\'' && r->at + 2 <= r->s.len ? str_hex_digit(r->s.ptr[r->at]) : -1;
        int low = high >= 0 ? str_hex_digit(r->s.ptr[r->at + 1]) : -1;
        if (low >= 0) {
            r->at += 2;
            put_byte(r, (char)(high << 4 | low));
        } else if (c == '*') {
            r->starred = true;
            return;
        } else if (strchr("\\{}", c)) {
            put_byte(r, c);
        } else if (c == '~') {
            put_byte(r, ' ');
        } else if (c == '_') {
            put_byte(r, '-');
        } else if (c == '\n' || c == '\r') {
            end_paragraph(r);
        }
        return;
    }
    while (r->at < r->s.len && r->at - from < 40 &&
           ((r->s.ptr[r->at] >= 'a' && r->s.ptr[r->at] <= 'z') ||
            (r->s.ptr[r->at] >= 'A' && r->s.ptr[r->at] <= 'Z')))
        r->at++;
    Str name = str_sub(r->s, from, r->at);
    bool has;
    int32_t n = number_at(r, &has);
    if (r->at < r->s.len && r->s.ptr[r->at] == ' ')
        r->at++;
    bool starred = r->starred;
    r->starred = false;
    const RtfControl *known = rtf_control(name);
    if (r->skip > 0 && known && known->word != RTF_BIN) { /* stands for the character before it */
        r->skip--;
        if (known->kind == RTF_K_CHARACTER)
            return;
    }
    if (!known) {
        if (starred)
            set_dest(r, RTF_SKIP);
        return;
    }
    switch (known->kind) {
    case RTF_K_CHARACTER:
        put_code(r, known->value);
        break;
    case RTF_K_DEST:
        set_dest(r, (RtfDest)known->value);
        break;
    case RTF_K_WORD:
        do_word(r, known->word, known->word == RTF_PAGE_HEADER ? (int32_t)known->value : n, has);
        break;
    }
}

static bool run(Rtf *r, Err *err)
{
    while (r->at < r->s.len && buf_ok(&r->out->text)) {
        char c = r->s.ptr[r->at++];
        if (c == '{') {
            if (!open_group(r, err))
                return false;
            r->starred = false;
        } else if (c == '}') {
            close_group(r);
        } else if (c == '\\') {
            if (r->at < r->s.len)
                control(r);
        } else if (c != '\r' && c != '\n' && c != '\0') {
            put_byte(r, c);
        }
    }
    return true;
}

static bool read_rtf(Str data, Str filename, ExtractOut *out, Err *err)
{
    (void)filename;
    if (!str_starts(data, STR("{\\rtf")))
        return err_set(err, ERR_VALIDATION, "the file is no RTF: it does not begin with {\\rtf");
    Rtf *r = mem_zalloc(sizeof *r);
    if (!r)
        return err_set(err, ERR_NO_MEMORY, "reading the RTF: out of memory");
    r->s = data;
    r->out = out;
    r->set = r->pending_set = "WINDOWS-1252";
    r->table_start = SIZE_MAX;
    buf_init(&r->pending, 1 << 16);
    buf_init(&r->aside, 1 << 16);
    bool ok = open_group(r, err) && run(r, err);
    if (ok) {
        flush(r);
        r->n_groups = 1;
        end_table(r);
        end_paragraph(r);
        extract_end(out);
        if (!buf_ok(&r->aside))
            extract_no_memory(out);
    }
    buf_release(&r->pending);
    buf_release(&r->aside);
    mem_free(r->groups);
    mem_free(r);
    return ok;
}

const Reader reader_rtf = {.type = "rtf", .preload = charset_preload, .read = read_rtf};
