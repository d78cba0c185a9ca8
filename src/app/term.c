#include "app/term.h"

#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include "base/utf8.h"

static bool locale_is_utf8(void)
{
    const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < 3; i++) {
        const char *v = getenv(names[i]);
        if (v && v[0])
            return strcasestr(v, "utf-8") || strcasestr(v, "utf8");
    }
    return false;
}

static unsigned terminal_width(int fd)
{
    struct winsize ws;
    unsigned width = 80;
    uint64_t columns = 0;
    const char *env = getenv("COLUMNS");
    if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
        width = ws.ws_col;
    else if (env && str_to_u64(str_of(env), &columns) && columns > 0 && columns < 10000)
        width = (unsigned)columns;
    return width < 40 ? 40 : width > 120 ? 120 : width;
}

void term_init(Term *t)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    bool dumb = !term || !term[0] || strcmp(term, "dumb") == 0;
    bool plain = no_color && no_color[0];
    *t = (Term){.out_tty = isatty(1) == 1, .err_tty = isatty(2) == 1};
    t->out_styled = t->out_tty && !dumb;
    t->err_styled = t->err_tty && !dumb;
    t->out_colour = t->out_styled && !plain;
    t->err_colour = t->err_styled && !plain;
    t->utf8 = locale_is_utf8();
    t->width = t->out_tty ? terminal_width(1) : t->err_tty ? terminal_width(2) : 80;
    setlocale(LC_CTYPE, "C.UTF-8"); /* wcwidth; every text in the program is UTF-8 */
}

static const char *paint(bool styled, bool colour, Paint p)
{
    static const char *const colours[PAINT_COUNT] = {
        "\033[0m", "\033[1m", "\033[2m", "\033[1;34m", "\033[1;33m", "\033[32m", "\033[31m"};
    static const char *const bolds[PAINT_COUNT] = {"\033[0m", "\033[1m", "",       "\033[1m",
                                                   "\033[1m", "",        "\033[1m"};
    return !styled ? "" : colour ? colours[p] : bolds[p];
}

const char *term_paint(const Term *t, Paint p)
{
    return paint(t->out_styled, t->out_colour, p);
}

const char *term_paint_err(const Term *t, Paint p)
{
    return paint(t->err_styled, t->err_colour, p);
}

/* ---- text ------------------------------------------------------------------------------------ */

static bool is_space(uint32_t cp)
{
    return cp == ' ' || (cp >= '\t' && cp <= '\r') || cp == 0xA0 || cp == 0x2028 || cp == 0x2029;
}

/* What could drive the terminal or show text in another order than it is stored. */
static bool is_unsafe(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp >= 0x202A && cp <= 0x202E) ||
           (cp >= 0x2066 && cp <= 0x2069) || cp == UTF8_INVALID;
}

static size_t columns_of(uint32_t cp)
{
    if (is_unsafe(cp))
        return 1; /* shown as U+FFFD */
    int w = wcwidth((wchar_t)cp);
    return w < 0 ? 1 : (size_t)w;
}

static void add_char(Buf *out, uint32_t cp)
{
    utf8_append(out, is_unsafe(cp) ? 0xFFFD : cp);
}

size_t term_columns(Str text)
{
    size_t at = 0, n = 0;
    while (at < text.len) {
        uint32_t cp = utf8_next(text, &at);
        n += cp < 0x20 || cp == 0x7F ? 0 : columns_of(cp);
    }
    return n;
}

void term_text(Buf *out, Str text)
{
    bool gap = false, any = false;
    for (size_t at = 0; at < text.len;) {
        uint32_t cp = utf8_next(text, &at);
        if (is_space(cp)) {
            gap = any;
            continue;
        }
        if (gap)
            buf_add_char(out, ' ');
        gap = false;
        any = true;
        add_char(out, cp);
    }
}

void term_cell(Buf *out, const Term *t, Str text, size_t columns)
{
    Str ellipsis = t->utf8 ? STR("\xE2\x80\xA6") : STR("...");
    size_t room = columns, dots = t->utf8 ? 1 : 3;
    bool fits = term_columns(text) <= columns;
    if (!fits)
        room = columns > dots ? columns - dots : 0;
    size_t used = 0;
    for (size_t at = 0; at < text.len;) {
        uint32_t cp = utf8_next(text, &at);
        cp = is_space(cp) ? ' ' : cp;
        if (used + columns_of(cp) > room)
            break;
        add_char(out, cp);
        used += columns_of(cp);
    }
    if (!fits) {
        buf_add(out, ellipsis);
        used += dots;
    }
    for (; used < columns; used++)
        buf_add_char(out, ' ');
}

typedef struct {
    Buf *out;
    const Term *term;
    Str text;
    const TermSpan *marks;
    size_t n_marks, mark; /* the next mark that has not ended */
    bool painted;
} Wrap;

static void wrap_word(Wrap *w, size_t from, size_t to)
{
    for (size_t at = from; at < to;) {
        while (w->mark < w->n_marks && w->marks[w->mark].end <= at)
            w->mark++;
        bool in = w->mark < w->n_marks && w->marks[w->mark].start <= at;
        if (in != w->painted)
            buf_add_c(w->out, term_paint(w->term, in ? PAINT_MARK : PAINT_OFF));
        w->painted = in;
        add_char(w->out, utf8_next(w->text, &at));
    }
    if (w->painted)
        buf_add_c(w->out, term_paint(w->term, PAINT_OFF));
    w->painted = false;
}

void term_wrap(Buf *out, const Term *t, Str text, const TermSpan *marks, size_t n_marks,
               unsigned indent)
{
    Wrap w = {.out = out, .term = t, .text = text, .marks = marks, .n_marks = n_marks};
    size_t room = t->width > indent + 20 ? t->width - indent : 20, used = 0;
    for (size_t at = 0; at < text.len;) {
        size_t next = at;
        if (is_space(utf8_next(text, &next))) {
            at = next;
            continue;
        }
        size_t end = next, columns = 0;
        for (size_t p = at; p < text.len;) {
            size_t q = p;
            uint32_t cp = utf8_next(text, &q);
            /* A word longer than a line is cut at the line's end. */
            if (is_space(cp) || columns + columns_of(cp) > room)
                break;
            columns += columns_of(cp);
            end = p = q;
        }
        if (used && used + 1 + columns > room) {
            buf_add_char(out, '\n');
            used = 0;
        }
        if (used == 0)
            for (unsigned i = 0; i < indent; i++)
                buf_add_char(out, ' ');
        else
            buf_add_char(out, ' ');
        used += columns + (used ? 1 : 0);
        wrap_word(&w, at, end);
        at = end;
    }
    if (used)
        buf_add_char(out, '\n');
}

void term_bytes(Buf *out, uint64_t bytes)
{
    static const char *const units[] = {"KB", "MB", "GB", "TB"};
    if (bytes < 1000) {
        buf_printf(out, "%u byte%s", (unsigned)bytes, bytes == 1 ? "" : "s");
        return;
    }
    double v = (double)bytes / 1000;
    size_t u = 0;
    while (v >= 999.5 && u < 3) {
        v /= 1000;
        u++;
    }
    buf_printf(out, v < 9.95 ? "%.1f %s" : "%.0f %s", v, units[u]);
}

void term_time(Buf *out, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;
    char text[32];
    if (localtime_r(&seconds, &tm) && strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
        buf_add_c(out, text);
}

void term_count(Buf *out, uint64_t n, const char *one, const char *many)
{
    buf_printf(out, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}
