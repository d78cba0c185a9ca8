#include <unistd.h>

#include "app/term.h"
#include "base/clock.h"

#define DRAW_EVERY_NS 100000000u

void progress_begin(Progress *p, const Term *t, ProgressUnit unit, uint64_t base)
{
    *p = (Progress){.term = t, .unit = unit, .base = base, .start_ns = clock_mono_ns()};
}

static void amount(Buf *out, ProgressUnit unit, uint64_t n)
{
    if (unit == PROGRESS_BYTES)
        term_bytes(out, n);
    else
        buf_printf(out, "%llu", (unsigned long long)n);
}

static void time_left(Buf *out, double seconds)
{
    if (seconds < 60)
        buf_printf(out, ", %.0f s left", seconds);
    else if (seconds < 5400)
        buf_printf(out, ", %.0f min left", seconds / 60);
    else
        buf_printf(out, ", %.1f h left", seconds / 3600);
}

static void bar(Buf *out, const Term *t, double share, unsigned cells)
{
    unsigned full = (unsigned)(share * cells + 0.5);
    buf_add_c(out, term_paint_err(t, PAINT_TITLE));
    for (unsigned i = 0; i < full; i++)
        buf_add_c(out, t->utf8 ? "\xE2\x94\x81" : "#");
    buf_add_c(out, term_paint_err(t, PAINT_OFF));
    buf_add_c(out, term_paint_err(t, PAINT_DIM));
    for (unsigned i = full; i < cells; i++)
        buf_add_c(out, t->utf8 ? "\xE2\x94\x80" : "-");
    buf_add_c(out, term_paint_err(t, PAINT_OFF));
}

static void write_all(int fd, Str s)
{
    while (s.len) {
        ssize_t n = write(fd, s.ptr, s.len);
        if (n <= 0)
            return; /* a bar that cannot be drawn is no reason to stop */
        s = str_sub(s, (size_t)n, s.len);
    }
}

static void figures(Buf *out, const Progress *p)
{
    double seconds = clock_seconds_since(p->start_ns);
    uint64_t here = p->done > p->base ? p->done - p->base : 0;
    double rate = seconds > 0.2 ? (double)here / seconds : 0;
    amount(out, p->unit, p->done);
    if (p->total) {
        buf_add_c(out, " of ");
        amount(out, p->unit, p->total);
    }
    if (rate <= 0)
        return;
    buf_add_c(out, ", ");
    if (p->unit == PROGRESS_BYTES) {
        term_bytes(out, (uint64_t)rate);
        buf_add_c(out, "/s");
    } else {
        buf_printf(out, rate < 10 ? "%.1f/s" : "%.0f/s", rate);
    }
    if (p->total > p->done)
        time_left(out, (double)(p->total - p->done) / rate);
}

void progress_step(Progress *p, uint64_t done, uint64_t total, Str what)
{
    const Term *t = p->term;
    p->done = done;
    p->total = total;
    uint64_t now = clock_mono_ns();
    if (!t->err_styled || now - p->drawn_ns < DRAW_EVERY_NS)
        return;
    p->drawn_ns = now;
    p->drawn = true;
    Buf line, text;
    buf_init(&line, 4096);
    buf_init(&text, 1024);
    buf_add_c(&line, "\r\033[K");
    if (total)
        bar(&line, t, (double)(done < total ? done : total) / (double)total,
            t->width >= 70 ? 20 : 10);
    buf_add_char(&text, ' ');
    figures(&text, p);
    buf_add_c(&text, "  ");
    term_text(&text, what);
    size_t room = t->width - (total ? (t->width >= 70 ? 20 : 10) : 0) - 1;
    term_cell(&line, t, buf_str(&text), room);
    write_all(2, buf_str(&line));
    buf_release(&line);
    buf_release(&text);
}

void progress_end(Progress *p)
{
    if (p->drawn)
        write_all(2, STR("\r\033[K"));
    p->drawn = false;
}
