/* read_csv.c - tables as comma-separated values (RFC 4180) and their kin.
 *
 *   bytes -> UTF-8 -> which separator -> rows -> "a | b | c", a line each
 *
 * The separator (comma, semicolon, tab, bar) is the one that gives most rows of the beginning the
 * same number of cells, two at least; "sep=;" in the first line decides it. A first row of names is
 * marked as a heading inside the table, so that every passage of the table carries it as its
 * context. Where the names are too long for that, every cell stands on a line of its own behind its
 * name. Lost: the separators and quotation marks themselves, line breaks inside cells, empty cells
 * at a row's end.
 *
 * A quotation mark opens a quoted cell only at the cell's start and only when another one closes it
 * within 64 KiB; any other is a character like all. */
#include "base/mem.h"
#include "ingest/extract.h"
#include "text/letters.h"

#define MAX_CELLS 16384  /* of a row; what is beyond joins the last */
#define MAX_QUOTED 65536 /* bytes of a quoted cell */
#define SAMPLE 65536     /* bytes that decide on the separator */
#define SAMPLE_ROWS 200
#define NAMES_IN_CONTEXT 100 /* bytes of a row of names that fits a passage's context */

typedef struct {
    size_t start, len; /* in text */
} Cell;

typedef struct {
    Str rest;
    char separator;
    Buf text;
    ExtractOut *out;
    Cell *cells; /* [MAX_CELLS] */
    size_t n;
} Rows;

/* The length of a quoted cell with both its marks; 0 when it is not closed. */
static size_t quoted_len(Str s)
{
    size_t end = s.len < MAX_QUOTED ? s.len : MAX_QUOTED;
    for (size_t i = 1; i < end; i++) {
        if (s.ptr[i] != '"')
            continue;
        if (i + 1 < s.len && s.ptr[i + 1] == '"')
            i++;
        else
            return i + 1;
    }
    return 0;
}

static void add_unquoted(Buf *to, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        (void)buf_add_char(to, s.ptr[i]);
        i += s.ptr[i] == '"' && i + 1 < s.len && s.ptr[i + 1] == '"';
    }
}

/* The next row; false at the end. */
static bool next_row(Rows *r)
{
    if (r->rest.len == 0)
        return false;
    extract_reuse(r->out, &r->text);
    r->n = 0;
    for (bool more = true; more;) {
        size_t at = 0, start = r->text.len;
        size_t quoted = r->rest.len && r->rest.ptr[0] == '"' ? quoted_len(r->rest) : 0;
        if (quoted) {
            add_unquoted(&r->text, str_sub(r->rest, 1, quoted - 1));
            at = quoted;
        }
        size_t from = at;
        while (at < r->rest.len && r->rest.ptr[at] != r->separator && r->rest.ptr[at] != '\n' &&
               r->rest.ptr[at] != '\r')
            at++;
        (void)buf_add(&r->text, str_sub(r->rest, from, at));
        more = at < r->rest.len && r->rest.ptr[at] == r->separator;
        bool crlf = at + 1 < r->rest.len && r->rest.ptr[at] == '\r' && r->rest.ptr[at + 1] == '\n';
        r->rest = str_sub(r->rest, at + 1 + (!more && crlf), r->rest.len);
        if (r->n < MAX_CELLS) {
            r->cells[r->n++] = (Cell){start, r->text.len - start};
        } else {
            Cell *last = &r->cells[MAX_CELLS - 1];
            last->len = r->text.len - last->start;
        }
    }
    return true;
}

static Str cell(const Rows *r, size_t i)
{
    return letters_trim(
        str_sub(buf_str(&r->text), r->cells[i].start, r->cells[i].start + r->cells[i].len));
}

/* The row has words in it; its empty cells at the end do not count. */
static bool has_words(Rows *r)
{
    while (r->n > 0 && cell(r, r->n - 1).len == 0)
        r->n--;
    return r->n > 0;
}

/* ---- the separator -------------------------------------------------------------------------- */

/* How many of the first rows have the most frequent number of cells, if that is two or more. */
static size_t judge(Rows *r, Str sample, char separator, bool cut, size_t *cells)
{
    size_t counts[64] = {0}, rows = 0, best = 0;
    r->rest = sample;
    r->separator = separator;
    while (rows < SAMPLE_ROWS && next_row(r)) {
        if (cut && r->rest.len == 0 && rows > 0)
            break; /* the sample's end may lie in the middle of a row */
        if (r->n == 1 && cell(r, 0).len == 0)
            continue;
        counts[r->n < 63 ? r->n : 63]++;
        rows++;
    }
    for (size_t i = 2; i < 64; i++)
        if (counts[i] > (best ? counts[best] : 0))
            best = i;
    *cells = best;
    return best ? counts[best] : 0;
}

static char find_separator(Rows *r, Str text, Str filename)
{
    const char *order =
        str_ends_nocase(filename, STR(".tsv")) || str_ends_nocase(filename, STR(".tab")) ? "\t;,|"
                                                                                         : ",;\t|";
    Str sample = str_sub(text, 0, SAMPLE);
    char found = order[0];
    size_t most = 0, most_cells = 0;
    for (const char *s = order; *s; s++) {
        size_t cells, rows = judge(r, sample, *s, text.len > sample.len, &cells);
        /* Commas in numbers divide some rows too: a little fewer rows of more cells do not win. */
        if (rows > most || (rows == most && cells > most_cells)) {
            most = rows;
            most_cells = cells;
            found = *s;
        }
    }
    return found;
}

/* ---- names ---------------------------------------------------------------------------------- */

static bool is_number(Str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (letter_is_digit((unsigned char)s.ptr[i]))
            digits++;
        else if (!strchr("+-.,:/ %eE", s.ptr[i]))
            return false;
    }
    return digits > 0;
}

/* A row of names: all cells filled and different, none a number. */
static bool is_names(const Rows *r)
{
    for (size_t i = 0; i < r->n; i++) {
        Str c = cell(r, i);
        if (c.len == 0 || c.len > 200 || is_number(c))
            return false;
        for (size_t k = 0; k < i && r->n < 1000; k++)
            if (str_eq(cell(r, k), c))
                return false;
    }
    return r->n > 1;
}

typedef struct {
    Str *items;
    size_t n;
} Names;

static bool keep_names(const Rows *r, Buf *text, Names *out)
{
    out->items = mem_array(r->n, sizeof *out->items);
    if (!out->items || !buf_add(text, buf_str(&r->text)))
        return false;
    out->n = r->n;
    for (size_t i = 0; i < r->n; i++)
        out->items[i] = letters_trim(
            str_sub(buf_str(text), r->cells[i].start, r->cells[i].start + r->cells[i].len));
    return true;
}

/* ---- rows as text --------------------------------------------------------------------------- */

static void add_line(const Rows *r, ExtractOut *out)
{
    for (size_t i = 0; i < r->n; i++) {
        if (i > 0)
            extract_flow(out, STR(" | "));
        extract_flow(out, cell(r, i));
    }
    extract_break(out, 1);
}

/* "Name: value" for every cell that is filled, then an empty line. */
static void add_record(const Rows *r, const Names *names, ExtractOut *out)
{
    for (size_t i = 0; i < r->n; i++) {
        Str value = cell(r, i);
        if (value.len == 0)
            continue;
        if (i < names->n) {
            extract_flow(out, names->items[i]);
            extract_add(out, STR(": "));
        }
        extract_flow(out, value);
        extract_break(out, 1);
    }
    extract_break(out, 2);
}

static void add_rows(Rows *r, ExtractOut *out)
{
    Buf text;
    Names names = {0};
    bool records = false;
    buf_init(&text, (size_t)MAX_CELLS * 256);
    size_t start = out->text.len;
    for (size_t row = 0; next_row(r) && buf_ok(&out->text);) {
        if (!has_words(r))
            continue;
        if (row++ > 0) {
            if (records)
                add_record(r, &names, out);
            else
                add_line(r, out);
            continue;
        }
        size_t length = 0;
        for (size_t i = 0; i < r->n; i++)
            length += cell(r, i).len + 3;
        bool named = is_names(r);
        records = named && length > NAMES_IN_CONTEXT && r->rest.len > 0;
        if (records && !keep_names(r, &text, &names)) {
            extract_no_memory(out);
            break;
        }
        if (records)
            continue;
        add_line(r, out);
        if (named)
            extract_mark(out, MARK_HEADING, start, out->text.len - 1, 6);
    }
    extract_mark(out, MARK_TABLE, start, out->text.len, 0);
    mem_free(names.items);
    buf_release(&text);
}

static bool read_csv(Str data, Str filename, ExtractOut *out, Err *err)
{
    Buf utf8;
    Rows r = {.out = out, .cells = mem_array(MAX_CELLS, sizeof *r.cells)};
    if (!r.cells)
        return err_set(err, ERR_NO_MEMORY, "reading the table: out of memory");
    buf_init(&utf8, out->text.max);
    buf_init(&r.text, out->text.max);
    bool ok = charset_to_utf8(data, (Str){"", 0}, &utf8, err);
    if (ok) {
        Str text = buf_str(&utf8);
        if (str_starts(text, STR("sep=")) && text.len > 5 && strchr("\r\n", text.ptr[5])) {
            r.separator = text.ptr[4];
            size_t line = str_find(text, STR("\n"), 0);
            text = str_sub(text, line == SIZE_MAX ? text.len : line + 1, text.len);
        } else {
            r.separator = find_separator(&r, text, filename);
        }
        r.rest = text;
        add_rows(&r, out);
        extract_end(out);
        if (!buf_ok(&r.text))
            extract_no_memory(out);
    }
    mem_free(r.cells);
    buf_release(&r.text);
    buf_release(&utf8);
    return ok;
}

const Reader reader_csv = {.type = "csv", .read = read_csv};
