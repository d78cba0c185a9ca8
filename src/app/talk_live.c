/* talk_live.c - an answer on a terminal, while it is still being written.
 *
 *   delta events -> the response so far -> wrapped as a whole -> what of it is new is printed
 *
 * Lines are filled from left to right, so that what stands there already stays as it is. */
#include <unistd.h>

#include "app/talk_out.h"
#include "base/clock.h"

#define PATIENCE_S 0.4 /* before a note says that it takes a while */

typedef struct {
    Cli *cli;
    Buf said, shown;   /* the response so far; what of it is printed, wrapped */
    Json *reply;
    Err err;           /* of the event that says so, or of the output */
    uint64_t start_ns;
    bool waits;        /* the note stands there */
    unsigned frame;
} Live;

static void write_note(Str s)
{
    while (s.len) {
        ssize_t n = write(STDERR_FILENO, s.ptr, s.len);
        if (n <= 0)
            return;
        s = str_sub(s, (size_t)n, s.len);
    }
}

static void wipe(Live *l)
{
    if (l->waits)
        write_note(STR("\r\033[K"));
    l->waits = false;
}

static bool wanted(void *arg)
{
    static const char *const dots[] = {"\xE2\xA0\x8B", "\xE2\xA0\x99", "\xE2\xA0\xB8",
        "\xE2\xA0\xB4", "\xE2\xA0\xA6", "\xE2\xA0\x87"};
    static const char *const bars[] = {"|", "/", "-", "\\", "|", "/"};
    Live *l = arg;
    const Term *t = &l->cli->term;
    double seconds = clock_seconds_since(l->start_ns);
    if (cli_interrupted())
        return false;
    if (!t->err_styled || l->cli->quiet || l->shown.len || seconds < PATIENCE_S)
        return true;
    Buf b;
    buf_init(&b, 400);
    buf_printf(&b, "\r\033[K%s%s thinking", term_paint_err(t, PAINT_DIM),
               t->utf8 ? dots[l->frame++ % 6] : bars[l->frame++ % 6]);
    if (seconds >= 3)
        buf_printf(&b, ", %.0f s; Ctrl-C stops it", seconds);
    buf_add_c(&b, term_paint_err(t, PAINT_OFF));
    l->waits = true;
    write_note(buf_str(&b));
    buf_release(&b);
    return true;
}

/* Prints what is new. `whole`: nothing comes behind it, and the last line ends. */
static bool print(Live *l, bool whole)
{
    Buf all;
    buf_init(&all, 4 << 20);
    talk_render(&all, &l->cli->term, buf_str(&l->said), 0);
    Str now = buf_str(&all);
    if (!whole)
        while (now.len && (now.ptr[now.len - 1] == '\n' || now.ptr[now.len - 1] == ' '))
            now = str_sub(now, 0, now.len - 1);
    bool goes_on = str_starts(now, buf_str(&l->shown));
    wipe(l);
    if (goes_on) {
        buf_add(&l->cli->out, str_sub(now, l->shown.len, now.len));
    } else if (whole) { /* it came to be another one: that is said behind it */
        buf_add_c(&l->cli->out, "\n");
        buf_add(&l->cli->out, now);
    }
    if (goes_on || whole) {
        buf_clear(&l->shown);
        buf_add(&l->shown, now);
    }
    bool ok = buf_check(&all, "the answer", &l->err) && cli_flush(l->cli, &l->err);
    buf_release(&all);
    return ok;
}

static bool on_event(void *arg, Str event, Str data)
{
    Live *l = arg;
    Json *j = json_parse(data, JSON_DEFAULT_DEPTH, &l->err);
    bool ok = j != NULL;
    if (ok && str_eq(event, STR("delta"))) {
        buf_add(&l->said, json_str(json_get(j, "text")));
        ok = print(l, false);
    } else if (ok && str_eq(event, STR("done"))) {
        json_free(l->reply);
        l->reply = j;
        return true;
    } else if (ok && str_eq(event, STR("error"))) {
        Str detail = json_str(json_get(j, "detail"));
        ok = err_set(&l->err, ERR_INTERNAL, STR_FMT, STR_ARG(detail));
    }
    json_free(j);
    return ok;
}

Json *talk_say_live(Cli *cli, Call *call, Str message, const char *session, Err *err)
{
    Live l = {.cli = cli, .start_ns = clock_mono_ns()};
    CallStream s = {.on_event = on_event, .wanted = wanted, .arg = &l};
    Buf body;
    Err why = ERR_INIT;
    buf_init(&body, 1 << 20);
    buf_init(&l.said, 1 << 20);
    buf_init(&l.shown, 4 << 20);
    bool ok = talk_body(message, session, true, &body, &why) &&
              call_stream(call, STR("/api/v1/conversations/messages"), buf_str(&body), &s, &why);
    wipe(&l);
    if (ok && !l.reply)
        ok = err_set(&why, ERR_UNAVAILABLE, "the answer broke off");
    if (ok) {
        buf_clear(&l.said);
        buf_add(&l.said, json_str(json_get(l.reply, "response")));
        ok = print(&l, true);
    } else if (l.shown.len) { /* what stands there is a line of its own */
        buf_add_char(&cli->out, '\n');
        (void)cli_flush(cli, &(Err){0});
    }
    if (!ok) {
        *err = l.err.code != ERR_NONE ? l.err : why;
        json_free(l.reply);
        l.reply = NULL;
    }
    buf_release(&body);
    buf_release(&l.said);
    buf_release(&l.shown);
    return l.reply;
}
