#include "ingest/pdf_layout.h"

#include <math.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "text/letters.h"
#include "text/sentences.h"

#define MAX_PARTNERS 40   /* lines looked at beside one line, by height: pages are finite */
#define PROSE_CHARS 30    /* an average line of prose has more characters */

typedef struct {
    const PdfLine *lines;
    size_t n;
    float page_width, body;
    size_t *by_height;    /* line numbers from top to bottom */
    size_t *row;          /* row of each line; rows count from the top */
    bool *in_table, *done;
    ExtractOut *out;
} Page;

static float height(const PdfLine *l)
{
    float h = l->y1 - l->y0;
    return h > 1 ? h : 1;
}

static bool is_level(const PdfLine *a, const PdfLine *b)
{
    float h = fminf(height(a), height(b));
    return fabsf((a->y0 + a->y1) - (b->y0 + b->y1)) < h; /* middles within half a line */
}

/* ---- tables --------------------------------------------------------------------------------- */

static const Page *sorting; /* qsort has no argument; the reader has one thread */

static int from_top(const void *a, const void *b)
{
    const PdfLine *x = &sorting->lines[*(const size_t *)a],
                  *y = &sorting->lines[*(const size_t *)b];
    float dx = x->y0 + x->y1, dy = y->y0 + y->y1;
    if (dx != dy)
        return dx < dy ? -1 : 1;
    return x->x0 < y->x0 ? -1 : x->x0 > y->x0;
}

static int from_left(const void *a, const void *b)
{
    const PdfLine *x = &sorting->lines[*(const size_t *)a],
                  *y = &sorting->lines[*(const size_t *)b];
    return x->x0 < y->x0 ? -1 : x->x0 > y->x0;
}

static bool is_short(Str s)
{
    size_t words = 1;
    for (size_t i = 0; i < s.len; i++)
        words += s.ptr[i] == ' ';
    return words <= 3 || s.len <= 15;
}

/* Numbers the rows: lines whose middles are level form one. Returns how many there are. */
static size_t number_rows(Page *p)
{
    size_t row = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (i > 0 && !is_level(&p->lines[p->by_height[i - 1]], &p->lines[p->by_height[i]]))
            row++;
        p->row[p->by_height[i]] = row;
    }
    return p->n ? row + 1 : 0;
}

/* The run of rows with two parts or more that begins at by_height[from]; *to is behind it. */
static bool find_run(const Page *p, size_t from, size_t *to, size_t *rows, size_t *with_short)
{
    *rows = *with_short = 0;
    size_t at = from;
    while (at < p->n) {
        size_t row = p->row[p->by_height[at]], end = at;
        bool has_short = false;
        while (end < p->n && p->row[p->by_height[end]] == row)
            has_short |= is_short(p->lines[p->by_height[end++]].text);
        const PdfLine *first = &p->lines[p->by_height[at]];
        const PdfLine *above = at > from ? &p->lines[p->by_height[at - 1]] : first;
        if (end - at < 2 || first->y0 - above->y1 > 2.5f * height(first))
            break;
        (*rows)++;
        *with_short += has_short;
        at = end;
    }
    *to = at > from ? at : from + 1;
    return at > from;
}

/* Side by side stand a table's cells, or columns of prose. In a table, half of the rows or more
 * have a cell of a few words; in prose only paragraphs' last lines are that short. */
static void find_tables(Page *p)
{
    for (size_t at = 0, to, rows, with_short; at < p->n; at = to)
        if (find_run(p, at, &to, &rows, &with_short) && with_short * 2 >= rows)
            for (size_t i = at; i < to; i++)
                p->in_table[p->by_height[i]] = true;
}

/* ---- text ----------------------------------------------------------------------------------- */

/* Ligatures are taken apart, bullets of symbol fonts and directional marks replaced. */
static void add_clean(ExtractOut *out, Str s)
{
    static const char *const ligatures[] = {"ff", "fi", "fl", "ffi", "ffl", "st", "st"};
    size_t run = 0;
    for (size_t at = 0; at < s.len;) {
        size_t from = at;
        uint32_t c = utf8_next(s, &at);
        const char *instead = NULL;
        if (c >= 0xFB00 && c <= 0xFB06)
            instead = ligatures[c - 0xFB00];
        else if (c == 0xF0B7 || c == 0xF0A7 || c == 0xF0D8 || c == 0xF076)
            instead = "\xE2\x80\xA2";
        else if ((c >= 0x202A && c <= 0x202E) || c == 0x200E || c == 0x200F ||
                 (c >= 0x2066 && c <= 0x2069))
            instead = "";
        if (!instead)
            continue;
        extract_flow(out, str_sub(s, run, from));
        extract_flow(out, str_of(instead));
        run = at;
    }
    extract_flow(out, str_sub(s, run, s.len));
}

/* Between two parts of a row: a bar, or a space when they touch or the first is the second's
 * label. */
static Str cell_gap(const PdfLine *left, const PdfLine *right)
{
    bool near = right->x0 - left->x1 < 1.2f * fmaxf(height(left), height(right));
    return near || str_ends(str_trim(left->text), STR(":")) ? STR(" ") : STR(" | ");
}

/* Writes the table that line `first` belongs to: neighbouring rows, cells from left to right. */
static void add_table(Page *p, size_t first)
{
    size_t at = 0;
    while (p->by_height[at] != first)
        at++;
    while (at > 0 && p->in_table[p->by_height[at - 1]] && !p->done[p->by_height[at - 1]])
        at--;
    extract_break(p->out, 2);
    size_t start = p->out->text.len, rows = 0;
    while (at < p->n && p->in_table[p->by_height[at]] && !p->done[p->by_height[at]]) {
        size_t end = at;
        while (end < p->n && p->row[p->by_height[end]] == p->row[p->by_height[at]])
            end++;
        qsort(p->by_height + at, end - at, sizeof *p->by_height, from_left);
        extract_break(p->out, 1);
        for (size_t i = at; i < end; i++) {
            if (i > at)
                extract_flow(p->out,
                             cell_gap(&p->lines[p->by_height[i - 1]], &p->lines[p->by_height[i]]));
            add_clean(p->out, p->lines[p->by_height[i]].text);
            p->done[p->by_height[i]] = true;
        }
        rows++;
        at = end;
    }
    extract_break(p->out, 1);
    if (rows > 1)
        extract_mark(p->out, MARK_TABLE, start, p->out->text.len, 0);
    extract_break(p->out, 2);
}

/* ---- blocks --------------------------------------------------------------------------------- */

/* Whether b continues the block that a is in: right below, of the same size, overlapping
 * sideways. */
static bool same_block(const PdfLine *a, const PdfLine *b)
{
    float step = b->y0 - a->y0, h = fmaxf(height(a), height(b));
    bool below = step > 0.4f * h && step < 1.9f * h;
    bool beside = a->x0 < b->x1 && b->x0 < a->x1;
    bool alike = fabsf(a->size - b->size) <= 0.1f * fmaxf(a->size, b->size) && a->bold == b->bold;
    return below && beside && alike;
}

static bool ends_hyphenated(Str s, Str next)
{
    if (s.len < 2 || next.len == 0)
        return false;
    size_t cut = str_ends(s, STR("-")) ? 1 : str_ends(s, STR("\xC2\xAD")) ? 2 :
                 str_ends(s, STR("\xE2\x80\x90")) ? 3 : 0;
    if (cut == 0 || s.len <= cut)
        return false;
    size_t at = utf8_floor(s, s.len - cut - 1), first = 0;
    uint32_t before = utf8_next(s, &at), after = utf8_next(next, &first);
    return letter_is_word(before) && !letter_is_digit(before) && letter_is_lower(after);
}

/* The compound with its hyphen stands elsewhere on the page: then the hyphen is the word's own. */
static bool is_own_hyphen(const Page *p, Str line, Str next)
{
    size_t from = line.len, to = 0;
    while (from > 0 && line.ptr[from - 1] != ' ')
        from--;
    while (to < next.len && next.ptr[to] != ' ' && next.ptr[to] != '.' && next.ptr[to] != ',')
        to++;
    Str head = str_sub(line, from, line.len), tail = str_sub(next, 0, to);
    for (size_t i = 0; i < p->n; i++) {
        size_t at = str_find(p->lines[i].text, head, 0);
        if (at != SIZE_MAX && str_starts(str_sub(p->lines[i].text, at + head.len, SIZE_MAX), tail))
            return true;
    }
    return false;
}

/* Takes the hyphen that was just written off the end. */
static void drop_hyphen(ExtractOut *out)
{
    Buf *b = &out->text;
    while (b->len > 0 && b->ptr[b->len - 1] == ' ')
        buf_cut(b, b->len - 1);
    Str s = buf_str(b);
    if (str_ends(s, STR("-")))
        buf_cut(b, b->len - 1);
    else if (str_ends(s, STR("\xE2\x80\x90")))
        buf_cut(b, b->len - 3);
}

static bool is_bullet(Str s)
{
    size_t at = 0;
    uint32_t c = s.len ? utf8_next(s, &at) : 0;
    return c == 0xF0B7 || c == 0xF0A7 || c == 0x2022 || c == '-' || c == 0x2013;
}

static bool is_list_item(Str s)
{
    return is_bullet(s) || sentence_list_marker(s);
}

/* Heading level of a block, 0 for none: larger than the running text, or one bold line by
 * itself. */
static uint32_t heading_level(const Page *p, size_t first, size_t end)
{
    const PdfLine *l = &p->lines[first];
    size_t chars = 0, letters = 0;
    for (size_t i = first; i < end; i++) {
        chars += p->lines[i].text.len;
        for (size_t at = 0; at < p->lines[i].text.len;)
            letters += letter_is_word(utf8_next(p->lines[i].text, &at));
    }
    if (end - first > 3 || chars > 160 || letters < 3 || p->body <= 0 || is_bullet(l->text))
        return 0;
    float times = l->size / p->body;
    if (times >= 1.15f)
        return times >= 1.6f ? 1 : times >= 1.3f ? 2 : 3;
    bool sentence = str_ends(p->lines[end - 1].text, STR(".")) || str_ends(l->text, STR(","));
    return l->bold && end - first == 1 && chars <= 90 && times > 0.95f && !sentence ? 3 : 0;
}

/* Whether line i was broken for want of room, so that i + 1 goes on with it. */
static bool is_wrapped(const Page *p, size_t i, float right, bool prose)
{
    const PdfLine *a = &p->lines[i], *b = &p->lines[i + 1];
    return prose && !is_list_item(b->text) && a->x1 + b->first_word + 0.2f * height(a) > right;
}

static void add_block(Page *p, size_t first, size_t end)
{
    ExtractOut *out = p->out;
    float right = 0, chars = 0;
    for (size_t i = first; i < end; i++) {
        right = fmaxf(right, p->lines[i].x1);
        if (i + 1 < end || i == first) /* a paragraph's last line may be short */
            chars += (float)utf8_count(p->lines[i].text);
    }
    size_t counted = end - first > 1 ? end - first - 1 : 1;
    uint32_t level = heading_level(p, first, end);
    bool prose = level > 0 || chars / (float)counted >= PROSE_CHARS ||
                 right - p->lines[first].x0 > 0.5f * p->page_width;
    extract_break(out, 2);
    size_t start = out->text.len;
    for (size_t i = first; i < end; i++) {
        Str text = p->lines[i].text;
        add_clean(out, text);
        p->done[i] = true;
        if (i + 1 == end)
            break;
        Str next = p->lines[i + 1].text;
        if (!is_wrapped(p, i, right, prose)) {
            extract_break(out, 1);
        } else if (ends_hyphenated(text, next)) {
            if (!is_own_hyphen(p, text, next))
                drop_hyphen(out);
        } else {
            extract_flow(out, STR(" "));
        }
    }
    extract_break(out, 1);
    if (level > 0)
        extract_mark(out, MARK_HEADING, start, out->text.len > start ? out->text.len - 1 : start,
                     level);
    extract_break(out, 2);
}

static void add_all(Page *p)
{
    for (size_t i = 0; i < p->n;) {
        if (p->done[i]) {
            i++;
        } else if (p->in_table[i]) {
            add_table(p, i);
        } else {
            size_t end = i + 1;
            while (end < p->n && !p->in_table[end] &&
                   same_block(&p->lines[end - 1], &p->lines[end]))
                end++;
            add_block(p, i, end);
            i = end;
        }
    }
}

bool pdf_layout_page(const PdfLine *lines, size_t n, float page_width, float body, ExtractOut *out,
                     Err *err)
{
    Page p = {.lines = lines, .n = n, .page_width = page_width, .body = body, .out = out,
        .by_height = mem_array(n + 1, sizeof(size_t)), .row = mem_array(n + 1, sizeof(size_t)),
        .in_table = mem_zalloc(n + 1), .done = mem_zalloc(n + 1)};
    bool ok = p.by_height && p.row && p.in_table && p.done;
    if (ok) {
        for (size_t i = 0; i < n; i++)
            p.by_height[i] = i;
        sorting = &p;
        qsort(p.by_height, n, sizeof *p.by_height, from_top);
        (void)number_rows(&p);
        find_tables(&p);
        add_all(&p);
        sorting = NULL;
    }
    mem_free(p.by_height);
    mem_free(p.row);
    mem_free(p.in_table);
    mem_free(p.done);
    return ok || err_set(err, ERR_NO_MEMORY, "reading the page: out of memory");
}
