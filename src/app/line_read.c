/* line_read.c - lines from the terminal or a pipe; see line.h. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "app/cli.h"
#include "app/line.h"
#include "base/os.h"

#define PROMPT "> "

bool line_open(LineInput *in, const Term *term, Err *err)
{
    const char *kind = getenv("TERM");
    bool person = isatty(STDIN_FILENO) && term->out_tty;
    *in = (LineInput){.term = term, .prompts = person};
    in->edited = person && kind && *kind && strcmp(kind, "dumb") != 0;
    return line_edit_init(&in->edit, err);
}

void line_close(LineInput *in)
{
    line_edit_release(&in->edit);
}

static void put(Str s)
{
    while (s.len) {
        ssize_t n = write(STDOUT_FILENO, s.ptr, s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* the reads will say that the terminal has gone */
        s = str_sub(s, (size_t)n, s.len);
    }
}

/* The next byte, or false. Waits in steps: a signal that comes between the look at it and a plain
 * read would not end that read. */
static bool next_byte(LineInput *in, char *out)
{
    while (in->at == in->len && !in->ended && !cli_interrupted()) {
        struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
        if (poll(&p, 1, 200) <= 0)
            continue;
        ssize_t n = read(STDIN_FILENO, in->bytes, sizeof in->bytes);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        in->at = 0;
        in->len = n > 0 ? (size_t)n : 0;
        in->ended = n <= 0;
    }
    if (in->at == in->len || cli_interrupted())
        return false;
    *out = in->bytes[in->at++];
    return true;
}

static LineGot read_plain(LineInput *in, Buf *out)
{
    char c;
    if (in->prompts)
        put(STR(PROMPT));
    while (next_byte(in, &c)) {
        if (c == '\n')
            break;
        (void)buf_add_char(out, c);
    }
    if (cli_interrupted())
        return LINE_INTERRUPTED;
    if (in->ended && out->len == 0 && buf_ok(out))
        return LINE_END;
    if (out->len && out->ptr[out->len - 1] == '\r')
        buf_cut(out, out->len - 1);
    return buf_ok(out) ? LINE_READ : LINE_TOO_LONG;
}

static void draw(const LineInput *in)
{
    Buf b;
    buf_init(&b, (size_t)4 * LINE_MAX_BYTES);
    line_edit_draw(&in->edit, STR(PROMPT), in->term->width, &b);
    put(buf_str(&b));
    buf_release(&b);
}

static LineGot read_edited(LineInput *in, Buf *out)
{
    LineEvent event = LINE_MORE;
    char c;
    draw(in);
    while (event == LINE_MORE && next_byte(in, &c)) {
        event = line_edit_feed(&in->edit, c);
        if (event == LINE_CLEAR) {
            put(STR("\x1B[H\x1B[2J"));
            event = LINE_MORE;
        }
        if (event == LINE_MORE && in->at == in->len)
            draw(in); /* once for what came together */
    }
    in->edit.at = in->edit.text.len;
    draw(in);
    put(STR("\r\n"));
    if (event == LINE_INTERRUPT || cli_interrupted())
        return LINE_INTERRUPTED;
    if (event != LINE_DONE)
        return LINE_END;
    bool full = in->edit.full;
    (void)buf_add(out, buf_str(&in->edit.text));
    line_edit_accept(&in->edit);
    return full || !buf_ok(out) ? LINE_TOO_LONG : LINE_READ;
}

LineGot line_read(LineInput *in, Buf *out)
{
    struct termios was, raw;
    buf_clear(out);
    if (!in->edited || tcgetattr(STDIN_FILENO, &was) != 0)
        return read_plain(in, out);
    raw = was;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG); /* output stays as it is */
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) != 0)
        return read_plain(in, out);
    LineGot got = read_edited(in, out);
    (void)tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
    return got;
}
