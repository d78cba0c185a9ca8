/* term.h - what a person sees: colours, wrapped text, a progress bar.
 *
 * On a terminal there are colours (not with NO_COLOR or TERM=dumb) and a progress bar on standard
 * error; in a pipe there is plain text and no bar. Text that came from a stranger's file goes
 * through term_text or term_wrap, which let no control character through: an escape sequence in a
 * document must not drive the terminal.
 *
 * Threads: a Term is filled once, then read; a Progress belongs to one thread. */
#ifndef SOTTO_APP_TERM_H
#define SOTTO_APP_TERM_H

#include "base/str.h"

typedef enum {
    PAINT_OFF,
    PAINT_BOLD,
    PAINT_DIM,
    PAINT_TITLE,
    PAINT_MARK,
    PAINT_GOOD,
    PAINT_BAD,
    PAINT_COUNT
} Paint;

typedef struct {
    bool out_tty, err_tty;
    bool out_colour, err_colour; /* colours; without them a terminal still gets bold */
    bool out_styled, err_styled; /* escape sequences at all */
    bool utf8;                   /* the locale shows more than ASCII */
    unsigned width;              /* columns: 80 in a pipe, 40 to 120 on a terminal */
} Term;

void term_init(Term *t);
/* The escape sequence for standard output, or "". PAINT_OFF ends what was begun. */
const char *term_paint(const Term *t, Paint p);
const char *term_paint_err(const Term *t, Paint p);

/* Columns that text takes; control characters count as none. */
size_t term_columns(Str text);
/* Appends text on one line: runs of white space become a space, control characters and the
 * invisible ones that turn the writing direction become U+FFFD. */
void term_text(Buf *out, Str text);
/* As term_text, cut with an ellipsis at `columns` and filled with spaces up to it. */
void term_cell(Buf *out, const Term *t, Str text, size_t columns);

typedef struct {
    size_t start, end; /* bytes of the text */
} TermSpan;
/* Appends text as lines of at most t->width columns, each after `indent` spaces; spans (in order,
 * not overlapping) are painted as marks. Ends with a line break. */
void term_wrap(Buf *out, const Term *t, Str text, const TermSpan *marks, size_t n_marks,
               unsigned indent);

/* "1.2 MB", "340 KB", "12 bytes" (powers of 1000). */
void term_bytes(Buf *out, uint64_t bytes);
/* "2026-11-23 09:15" in the machine's time zone. */
void term_time(Buf *out, int64_t ms);
/* "1 file", "3 files". */
void term_count(Buf *out, uint64_t n, const char *one, const char *many);

typedef enum { PROGRESS_BYTES, PROGRESS_FILES } ProgressUnit;
typedef struct {
    const Term *term;
    ProgressUnit unit;
    uint64_t start_ns, drawn_ns, done, total,
        base; /* base: done before this run began (a resume) */
    bool drawn;
} Progress;
void progress_begin(Progress *p, const Term *t, ProgressUnit unit, uint64_t base);
/* Draws at most ten times a second; `what` is named beside the bar. total 0: not known. */
void progress_step(Progress *p, uint64_t done, uint64_t total, Str what);
void progress_end(Progress *p); /* wipes the bar */

#endif
