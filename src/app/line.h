/* line.h - a line of text from a person: typed on a terminal with editing and history, or read from
 * a pipe.
 *
 *   bytes -> keys (escape sequences, UTF-8) -> LineEdit -> drawn again on its one row
 *
 * Keys: arrows, Home, End, Delete, Backspace; Ctrl-A and -E to the ends, -B and -F by a character,
 * Alt-B and -F by a word, -K to the end and -U to the start cut, -W a word cut, -T swaps two, -L
 * clears the screen, -P and -N history, -D deletes or, on an empty line, ends; -C interrupts. A
 * line that is too long for its row scrolls.
 *
 * Threads: the main thread. */
#ifndef SOTTO_APP_LINE_H
#define SOTTO_APP_LINE_H

#include "app/term.h"
#include "base/arena.h"

#define LINE_MAX_BYTES 16384u
#define LINE_HISTORY 200u

/* ---- editing; no terminal needed ------------------------------------------------------------- */

typedef enum { LINE_MORE, LINE_DONE, LINE_INTERRUPT, LINE_EOF, LINE_CLEAR } LineEvent;

typedef struct {
    Buf text;              /* valid UTF-8, no control characters */
    size_t at;             /* the cursor: byte offset at a character */
    bool full;             /* something did not fit */
    Str history[LINE_HISTORY];
    size_t n_history, back; /* back: how far up in the history; 0 is the line being typed */
    Buf typed;             /* that line, while the history is looked at */
    Arena *arena;          /* of the history */
    char pending[8];       /* of an escape sequence or a character */
    size_t n_pending;
} LineEdit;

bool line_edit_init(LineEdit *e, Err *err);
void line_edit_release(LineEdit *e);
LineEvent line_edit_feed(LineEdit *e, char c);
/* Ends the line: it goes into the history and the edit is empty again. */
void line_edit_accept(LineEdit *e);
/* Appends what draws prompt and line on the row of the cursor, `width` columns wide. */
void line_edit_draw(const LineEdit *e, Str prompt, size_t width, Buf *out);

/* ---- reading --------------------------------------------------------------------------------- */

typedef enum { LINE_READ, LINE_END, LINE_INTERRUPTED, LINE_TOO_LONG } LineGot;

typedef struct {
    LineEdit edit;
    const Term *term;
    bool edited;           /* on a terminal that can; else lines as they come */
    bool prompts;          /* a person sits there */
    char bytes[4096];
    size_t at, len;
    bool ended;
} LineInput;

bool line_open(LineInput *in, const Term *term, Err *err);
void line_close(LineInput *in);
/* One line without its end into *out. */
LineGot line_read(LineInput *in, Buf *out);

#endif
