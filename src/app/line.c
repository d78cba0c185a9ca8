#include "app/line.h"

#include "base/utf8.h"

bool line_edit_init(LineEdit *e, Err *err)
{
    *e = (LineEdit){.arena = arena_new((size_t)8 << 20)};
    buf_init(&e->text, LINE_MAX_BYTES);
    buf_init(&e->typed, LINE_MAX_BYTES);
    return e->arena || err_set(err, ERR_NO_MEMORY, "no memory to edit a line");
}

void line_edit_release(LineEdit *e)
{
    buf_release(&e->text);
    buf_release(&e->typed);
    arena_free(e->arena);
    e->arena = NULL;
}

/* ---- the text -------------------------------------------------------------------------------- */

static size_t before(const LineEdit *e, size_t at)
{
    return at ? utf8_floor(buf_str(&e->text), at - 1) : 0;
}

static size_t after(const LineEdit *e, size_t at)
{
    if (at < e->text.len)
        (void)utf8_next(buf_str(&e->text), &at);
    return at;
}

static size_t word_before(const LineEdit *e, size_t at)
{
    while (at && e->text.ptr[at - 1] == ' ')
        at--;
    while (at && e->text.ptr[at - 1] != ' ')
        at--;
    return at;
}

static size_t word_after(const LineEdit *e, size_t at)
{
    while (at < e->text.len && e->text.ptr[at] == ' ')
        at++;
    while (at < e->text.len && e->text.ptr[at] != ' ')
        at++;
    return at;
}

/* Bytes [from, to) go; the cursor is where they were. */
static void cut(LineEdit *e, size_t from, size_t to)
{
    if (from == to)
        return;
    memmove(e->text.ptr + from, e->text.ptr + to, e->text.len - to);
    buf_cut(&e->text, e->text.len - (to - from));
    e->at = from;
}

static void insert(LineEdit *e, Str s)
{
    size_t tail = e->text.len - e->at;
    if (e->text.len + s.len > LINE_MAX_BYTES || !buf_reserve(&e->text, s.len)) {
        e->full = true;
        return;
    }
    memmove(e->text.ptr + e->at + s.len, e->text.ptr + e->at, tail);
    memcpy(e->text.ptr + e->at, s.ptr, s.len);
    buf_grew(&e->text, s.len);
    e->at += s.len;
}

static void swap(LineEdit *e)
{
    size_t right = e->at == e->text.len ? before(e, e->at) : e->at;
    size_t left = before(e, right), end = after(e, right);
    char kept[4];
    if (right == 0 || end - right > sizeof kept || right - left > sizeof kept)
        return;
    size_t n = right - left, m = end - right;
    memcpy(kept, e->text.ptr + left, n);
    memmove(e->text.ptr + left, e->text.ptr + right, m);
    memcpy(e->text.ptr + left + m, kept, n);
    e->at = end;
}

static void replace(LineEdit *e, Str text)
{
    buf_clear(&e->text);
    (void)buf_add(&e->text, text);
    e->at = e->text.len;
}

/* step 1: further back, -1: forward. */
static void look_back(LineEdit *e, int step)
{
    size_t to = step > 0 ? e->back + 1 : e->back - 1;
    if ((step < 0 && e->back == 0) || to > e->n_history)
        return;
    if (e->back == 0) {
        buf_clear(&e->typed);
        (void)buf_add(&e->typed, buf_str(&e->text));
    }
    e->back = to;
    replace(e, to ? e->history[e->n_history - to] : buf_str(&e->typed));
}

void line_edit_accept(LineEdit *e)
{
    Str text = buf_str(&e->text);
    bool again = e->n_history && str_eq(e->history[e->n_history - 1], text);
    Str copy = text.len && !again ? arena_str(e->arena, text) : (Str){NULL, 0};
    if (copy.ptr && e->n_history == LINE_HISTORY) {
        memmove(e->history, e->history + 1, (LINE_HISTORY - 1) * sizeof *e->history);
        e->n_history--;
    }
    if (copy.ptr)
        e->history[e->n_history++] = copy;
    buf_clear(&e->text);
    e->at = e->back = e->n_pending = 0;
    e->full = false;
}

/* ---- keys ------------------------------------------------------------------------------------ */

#define CTRL(letter) ((letter) & 0x1F)

static LineEvent control(LineEdit *e, char c)
{
    switch (c) {
    case '\r':
    case '\n':
        return LINE_DONE;
    case CTRL('C'):
        return LINE_INTERRUPT;
    case CTRL('D'):
        if (!e->text.len)
            return LINE_EOF;
        cut(e, e->at, after(e, e->at));
        break;
    case CTRL('L'):
        return LINE_CLEAR;
    case CTRL('A'):
        e->at = 0;
        break;
    case CTRL('E'):
        e->at = e->text.len;
        break;
    case CTRL('B'):
        e->at = before(e, e->at);
        break;
    case CTRL('F'):
        e->at = after(e, e->at);
        break;
    case CTRL('K'):
        cut(e, e->at, e->text.len);
        break;
    case CTRL('U'):
        cut(e, 0, e->at);
        break;
    case CTRL('W'):
        cut(e, word_before(e, e->at), e->at);
        break;
    case CTRL('T'):
        swap(e);
        break;
    case CTRL('P'):
        look_back(e, 1);
        break;
    case CTRL('N'):
        look_back(e, -1);
        break;
    case CTRL('H'):
    case 0x7F:
        cut(e, before(e, e->at), e->at);
        break;
    case '\t':
        insert(e, STR(" "));
        break;
    default:
        break;
    }
    return LINE_MORE;
}

/* "ESC [ A", "ESC [ 3 ~", "ESC O H", "ESC b": the last byte, and the number before it. */
static void escape(LineEdit *e, char final, char number)
{
    if (final == '~')
        final = number == '1' || number == '7' ? 'H' : number == '4' || number == '8' ? 'F'
            : number == '3' ? 'x' : 0;
    switch (final) {
    case 'A':
        look_back(e, 1);
        break;
    case 'B':
        look_back(e, -1);
        break;
    case 'C':
        e->at = after(e, e->at);
        break;
    case 'D':
        e->at = before(e, e->at);
        break;
    case 'H':
        e->at = 0;
        break;
    case 'F':
        e->at = e->text.len;
        break;
    case 'x':
        cut(e, e->at, after(e, e->at));
        break;
    case 'b':
        e->at = word_before(e, e->at);
        break;
    case 'f':
        e->at = word_after(e, e->at);
        break;
    default:
        break;
    }
}

/* One byte more of what began with ESC. */
static void escape_byte(LineEdit *e, char c)
{
    char *p = e->pending;
    bool csi = e->n_pending > 1 && p[1] == '[', single = e->n_pending > 1 && p[1] == 'O';
    if (e->n_pending < sizeof e->pending)
        p[e->n_pending++] = c;
    if (e->n_pending == 2 && (c == '[' || c == 'O'))
        return;
    if (csi && (unsigned char)c < 0x40)
        return; /* parameters */
    e->n_pending = 0;
    if (csi || single)
        escape(e, c, p[2]);
    else if (c == 'b' || c == 'f')
        escape(e, c, 0);
}

/* One byte more of a character; broken ones are dropped, and those that drive a terminal. */
static void character_byte(LineEdit *e, char c)
{
    e->pending[e->n_pending++] = c;
    unsigned char first = (unsigned char)e->pending[0];
    size_t want = first < 0x80 ? 1 : first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (e->n_pending < want)
        return;
    Str s = {e->pending, e->n_pending};
    size_t at = 0;
    uint32_t cp = utf8_next(s, &at);
    e->n_pending = 0;
    if (utf8_ok(s) && cp >= 0x20 && !(cp >= 0x7F && cp < 0xA0))
        insert(e, s);
}

LineEvent line_edit_feed(LineEdit *e, char c)
{
    bool inside = e->n_pending && e->pending[0] != 0x1B;
    if (e->n_pending && !inside) {
        escape_byte(e, c);
    } else if (inside && ((unsigned char)c & 0xC0) == 0x80) {
        character_byte(e, c);
    } else {
        e->n_pending = 0; /* a character that broke off */
        if (c == 0x1B)
            e->pending[e->n_pending++] = c;
        else if ((unsigned char)c >= 0x20 && c != 0x7F)
            character_byte(e, c);
        else
            return control(e, c);
    }
    return LINE_MORE;
}

/* ---- drawing --------------------------------------------------------------------------------- */

void line_edit_draw(const LineEdit *e, Str prompt, size_t width, Buf *out)
{
    Str text = buf_str(&e->text);
    size_t room = width > term_columns(prompt) + 2 ? width - term_columns(prompt) - 1 : 1;
    size_t from = 0, to = text.len;
    while (from < e->at && term_columns(str_sub(text, from, e->at)) >= room)
        (void)utf8_next(text, &from);
    while (to > e->at && term_columns(str_sub(text, from, to)) > room)
        to = utf8_floor(text, to - 1);
    size_t column = term_columns(prompt) + term_columns(str_sub(text, from, e->at));
    buf_add_c(out, "\r");
    buf_add(out, prompt);
    buf_add(out, str_sub(text, from, to));
    buf_add_c(out, "\x1B[K\r");
    if (column)
        buf_printf(out, "\x1B[%zuC", column);
}
