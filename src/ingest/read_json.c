/* read_json.c - JSON and JSON lines as readable lines "path: value".
 *
 *   {"name": "Ann", "jobs": [{"place": "Ulm", "years": [2019, 2021]}]}
 *   name: Ann
 *
 *   jobs[1].place: Ulm
 *   jobs[1].years: 2019, 2021
 *
 * Every line tells by itself where it stands, so a passage from the middle of a file can be
 * understood. Objects in lists are divided by empty lines; of the outermost list the number is left
 * out. Texts of several lines or more than 200 bytes stand as paragraphs below their path. Data in
 * base64 (pictures in notebooks) is replaced by its length. Numbers stay as they were written.
 *
 * Why not jansson, which the program has: files of a person are longer than its tree fits in
 * memory, have comments, commas before brackets, keys twice, or end too early. This reader goes
 * through the bytes once, keeps a path and nothing else, and gives what it cannot parse as it
 * stands. */
#include <stdio.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "ingest/extract.h"

#define MAX_DEPTH 512
#define LONG_TEXT ((size_t)200) /* bytes: longer ones are paragraphs */
#define LONG_LINE ((size_t)200) /* bytes: lists of short values go on in a new line */
#define ENCODED ((size_t)400)   /* bytes of base64 that are data, not a word */

typedef struct {
    size_t path;    /* length of the path before this level's own step */
    size_t began;   /* length of the text when it was opened */
    uint64_t index; /* of the element at hand, from 1 */
    bool list, top; /* top: a list whose numbers are not shown */
    bool on_line;   /* the last line is one of short values of this list */
    bool text;      /* the last value was a text of lines */
} Level;

typedef struct {
    Str s;
    size_t at;
    ExtractOut *out;
    Buf path, value;
    Level levels[MAX_DEPTH];
    size_t depth;
    size_t line_start; /* of the line of short values */
    size_t table;      /* where the lines began that are not marked yet; SIZE_MAX: none */
} Json1;

/* ---- bytes ---------------------------------------------------------------------------------- */

/* White space, comments, commas: what may stand between values is not looked at closely. */
static void skip_blank(Json1 *j)
{
    while (j->at < j->s.len) {
        Str rest = str_sub(j->s, j->at, j->at + 2);
        if (strchr(" \t\r\n,\f\v", rest.ptr[0]) && rest.ptr[0]) {
            j->at++;
        } else if (str_eq(rest, STR("//"))) {
            size_t end = str_find(j->s, STR("\n"), j->at);
            j->at = end == SIZE_MAX ? j->s.len : end;
        } else if (str_eq(rest, STR("/*"))) {
            size_t end = str_find(j->s, STR("*/"), j->at);
            j->at = end == SIZE_MAX ? j->s.len : end + 2;
        } else {
            break;
        }
    }
}

static bool hex4(Str s, size_t at, uint32_t *out)
{
    uint32_t v = 0;
    if (at + 4 > s.len)
        return false;
    for (size_t i = at; i < at + 4; i++) {
        int d = str_hex_digit(s.ptr[i]);
        if (d < 0)
            return false;
        v = v << 4 | (uint32_t)d;
    }
    *out = v;
    return true;
}

static void add_escape(Json1 *j, Buf *to)
{
    static const char from[] = "bfnrt", into[] = "\b\f\n\r\t";
    char c = j->s.ptr[j->at++];
    const char *known = strchr(from, c);
    uint32_t v, low;
    if (c == 'u' && hex4(j->s, j->at, &v)) {
        j->at += 4;
        if (v >= 0xD800 && v < 0xDC00 && str_starts(str_sub(j->s, j->at, j->at + 2), STR("\\u")) &&
            hex4(j->s, j->at + 2, &low) && low >= 0xDC00 && low < 0xE000) {
            v = 0x10000 + ((v - 0xD800) << 10) + (low - 0xDC00);
            j->at += 6;
        }
        if (!(v >= 0xD800 && v < 0xE000) && v)
            (void)utf8_append(to, v);
        else
            (void)buf_add_c(to, "\xEF\xBF\xBD");
    } else {
        (void)buf_add_char(to, known && c ? into[known - from] : c);
    }
}

/* The string that begins at the quotation mark; false when the file ends in it. */
static bool take_string(Json1 *j, Buf *to)
{
    extract_reuse(j->out, to);
    for (j->at++; j->at < j->s.len;) {
        size_t from = j->at;
        while (j->at < j->s.len && j->s.ptr[j->at] != '"' && j->s.ptr[j->at] != '\\')
            j->at++;
        (void)buf_add(to, str_sub(j->s, from, j->at));
        if (j->at == j->s.len)
            break;
        if (j->s.ptr[j->at++] == '"')
            return true;
        if (j->at < j->s.len)
            add_escape(j, to);
    }
    return false;
}

/* A number, true, false, null; false when it is none of them. */
static bool take_word(Json1 *j, Buf *to)
{
    size_t from = j->at;
    while (j->at < j->s.len && (unsigned char)j->s.ptr[j->at] > ' ' &&
           !strchr(",:[]{}\"/", j->s.ptr[j->at]))
        j->at++;
    Str w = str_sub(j->s, from, j->at);
    bool digits = w.len > 0 && w.len < 2000 && (strchr("-+.0123456789", w.ptr[0]) != NULL);
    extract_reuse(j->out, to);
    (void)buf_add(to, w);
    return digits || str_eq(w, STR("true")) || str_eq(w, STR("false")) || str_eq(w, STR("null")) ||
           str_eq(w, STR("NaN")) || str_eq(w, STR("Infinity"));
}

/* ---- lines ---------------------------------------------------------------------------------- */

static void end_table(Json1 *j)
{
    if (j->table != SIZE_MAX)
        extract_mark(j->out, MARK_TABLE, j->table, j->out->text.len, 0);
    j->table = SIZE_MAX;
}

static void begin_line(Json1 *j)
{
    extract_break(j->out, 1);
    if (j->table == SIZE_MAX)
        j->table = j->out->text.len;
    j->line_start = j->out->text.len;
    if (j->path.len) {
        extract_flow(j->out, buf_str(&j->path));
        extract_add(j->out, STR(": "));
    }
}

static bool is_base64(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("+/=-_\r\n", c) != NULL;
}

static bool is_encoded(Str v)
{
    size_t n = v.len < ENCODED * 2 ? v.len : ENCODED * 2;
    if (str_starts(v, STR("data:")) && str_find(str_sub(v, 0, 100), STR(";base64,"), 0) != SIZE_MAX)
        return v.len > ENCODED;
    for (size_t i = 0; i < n; i++)
        if (!is_base64(v.ptr[i]))
            return false;
    return v.len > ENCODED;
}

static void add_value(Json1 *j, bool string)
{
    Level *l = j->depth ? &j->levels[j->depth - 1] : NULL;
    Str v = buf_str(&j->value);
    char encoded[64];
    if (string && is_encoded(v)) {
        (void)snprintf(encoded, sizeof encoded, "(%zu bytes of encoded data)", v.len);
        v = str_of(encoded);
    }
    bool lines = string && (memchr(v.ptr, '\n', v.len) || v.len > LONG_TEXT);
    if (lines) {
        if (!l || !l->text) {
            begin_line(j);
            extract_break(j->out, 1);
            end_table(j);
        }
        extract_add(j->out, v);
    } else if (l && l->list && l->on_line && j->out->text.len - j->line_start < LONG_LINE) {
        extract_add(j->out, STR(", "));
        extract_flow(j->out, v);
    } else if (l && l->text && string) {
        extract_add(j->out, v); /* the last line of a text has no line break */
    } else {
        begin_line(j);
        extract_flow(j->out, v);
    }
    if (l) {
        l->on_line = l->list && !lines && !l->text;
        l->text = l->list && (lines || (l->text && string));
    }
}

/* ---- structure ------------------------------------------------------------------------------ */

/* The path's next step: a key, or the number of a list's element. */
static void step(Json1 *j, Str key)
{
    Level *l = &j->levels[j->depth - 1];
    buf_cut(&j->path, l->path);
    if (!l->list) {
        if (j->path.len)
            (void)buf_add_char(&j->path, '.');
        (void)buf_add(&j->path, key);
    }
}

static void number(Json1 *j)
{
    Level *l = &j->levels[j->depth - 1];
    l->index++;
    l->on_line = l->text = false;
    if (l->top)
        return;
    buf_cut(&j->path, l->path);
    buf_printf(&j->path, "[%llu]", (unsigned long long)l->index);
}

static bool open_level(Json1 *j, bool list, Err *err)
{
    Level *up = j->depth ? &j->levels[j->depth - 1] : NULL;
    if (j->depth == MAX_DEPTH)
        return err_set(err, ERR_VALIDATION, "the JSON is nested more than %d levels deep",
                       MAX_DEPTH);
    if (up && up->list) {
        number(j);
        if (!list)
            extract_break(j->out, 2);
    } else if (!up) {
        extract_break(j->out, 2); /* another line of JSON lines */
    }
    j->levels[j->depth++] =
        (Level){.path = j->path.len, .began = j->out->text.len, .list = list, .top = list && !up};
    return true;
}

static void close_level(Json1 *j)
{
    const Level *l = &j->levels[--j->depth];
    Level *up = j->depth ? &j->levels[j->depth - 1] : NULL;
    buf_cut(&j->path, l->path);
    if (j->out->text.len == l->began && j->path.len) {
        begin_line(j);
        extract_add(j->out, STR("(empty)"));
    }
    if (up && up->list) {
        up->on_line = up->text = false;
        if (!l->list)
            extract_break(j->out, 2);
    }
}

/* One token after another. 1: went on, 0: the end, -1: not JSON from here, or an error in err. */
static int token(Json1 *j, Err *err)
{
    skip_blank(j);
    if (j->at >= j->s.len)
        return 0;
    char c = j->s.ptr[j->at];
    Level *l = j->depth ? &j->levels[j->depth - 1] : NULL;
    if (c == '{' || c == '[') {
        j->at++;
        return open_level(j, c == '[', err) ? 1 : -1;
    }
    if (c == '}' || c == ']') {
        if (!l || l->list != (c == ']'))
            return -1;
        j->at++;
        close_level(j);
        return 1;
    }
    const size_t from = j->at;
    bool string = c == '"', whole = string ? take_string(j, &j->value) : take_word(j, &j->value);
    if (l && !l->list) { /* a key */
        skip_blank(j);
        if (!string || !whole || j->at >= j->s.len || j->s.ptr[j->at] != ':') {
            j->at = from;
            return -1;
        }
        j->at++;
        step(j, buf_str(&j->value));
        skip_blank(j);
        c = j->at < j->s.len ? j->s.ptr[j->at] : '}';
        if (strchr("{[}", c) && c)
            return 1;
        string = c == '"';
        whole = string ? take_string(j, &j->value) : take_word(j, &j->value);
        if (whole && string && j->depth == 1 && str_eq_nocase(buf_str(&j->path), STR("title")))
            extract_meta(&j->out->title, buf_str(&j->value));
    }
    if (!whole && !string) {
        j->at = from;
        return -1;
    }
    add_value(j, string);
    return 1;
}

static bool read_json(Str data, Str filename, ExtractOut *out, Err *err)
{
    Buf utf8;
    Json1 *j = mem_zalloc(sizeof *j);
    (void)filename;
    if (!j)
        return err_set(err, ERR_NO_MEMORY, "reading the JSON: out of memory");
    buf_init(&utf8, (size_t)1 << 30);
    buf_init(&j->path, 1 << 20);
    buf_init(&j->value, (size_t)1 << 30);
    bool ok = charset_to_utf8(data, (Str){"", 0}, &utf8, err);
    if (ok) {
        Err why = ERR_INIT;
        int more = 1;
        j->s = buf_str(&utf8);
        j->out = out;
        j->table = SIZE_MAX;
        while (more > 0 && buf_ok(&out->text) && buf_ok(&j->path) && buf_ok(&j->value))
            more = token(j, &why);
        end_table(j);
        if (why.code != ERR_NONE) {
            ok = err_set(err, why.code, "%s", why.msg);
        } else if (more < 0) { /* the rest as it stands: nothing goes missing */
            extract_break(out, 2);
            extract_add(out, str_sub(j->s, j->at, j->s.len));
        }
        if (!buf_ok(&j->path) || !buf_ok(&j->value))
            out->text.failed = true;
        extract_end(out);
    }
    buf_release(&j->path);
    buf_release(&j->value);
    buf_release(&utf8);
    mem_free(j);
    return ok;
}

const Reader reader_json = {.type = "json", .read = read_json};
