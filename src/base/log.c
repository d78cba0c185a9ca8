#include "base/log.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

typedef enum { FORMAT_AUTO, FORMAT_TEXT, FORMAT_JSON } Format;

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static atomic_int current_level = LOG_WARN;
static atomic_int current_format = FORMAT_AUTO;
static _Thread_local char request_id[64];

/* A line is built on the stack, so that "out of memory" can still be logged, and is shorter than
 * PIPE_BUF, so that lines of two processes writing to one pipe never mix. */
#define LINE_MAX_BYTES 4000
typedef struct {
    char text[LINE_MAX_BYTES];
    size_t len;
} Line;

#define CLOSING 2 /* what must still fit at the very end: a brace and the newline */
#define MEMBERS 64 /* what text from outside leaves free for the names of later members */

void log_init(LogLevel level, const char *format)
{
    Format f = FORMAT_AUTO;
    if (format && strcmp(format, "text") == 0)
        f = FORMAT_TEXT;
    else if (format && strcmp(format, "json") == 0)
        f = FORMAT_JSON;
    atomic_store(&current_level, (int)level);
    atomic_store(&current_format, (int)f);
}

bool log_level_parse(const char *name, LogLevel *out)
{
    for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *out = (LogLevel)i;
            return true;
        }
    }
    return false;
}

bool log_on(LogLevel level)
{
    return (int)level <= atomic_load_explicit(&current_level, memory_order_relaxed);
}

void log_request(Str id)
{
    size_t n = id.len < sizeof request_id ? id.len : sizeof request_id - 1;
    if (n)
        memcpy(request_id, id.ptr, n);
    request_id[n] = '\0';
}

static bool put(Line *l, const char *bytes, size_t n)
{
    if (n > sizeof l->text - CLOSING - l->len)
        return false;
    memcpy(l->text + l->len, bytes, n);
    l->len += n;
    return true;
}

static void put_c(Line *l, const char *text)
{
    (void)put(l, text, strlen(text));
}

/* Text from outside: never a raw control character (a newline would forge a line), always UTF-8.
 * `quoted` escapes as JSON asks. Stops at a whole character when the line is full. */
static void put_escaped(Line *l, const char *text, bool quoted)
{
    Str s = {text, strlen(text)};
    for (size_t at = 0; at < s.len;) {
        size_t from = at;
        char piece[8];
        size_t n;
        uint32_t cp = utf8_next(s, &at);
        if (cp == UTF8_INVALID) {
            n = utf8_put(0xFFFD, piece);
        } else if (cp == '\n' || cp == '\t' || (quoted && (cp == '"' || cp == '\\'))) {
            piece[0] = '\\';
            piece[1] = cp == '\n' ? 'n' : cp == '\t' ? 't' : (char)cp;
            n = 2;
        } else if (cp < 0x20 || (cp >= 0x7F && cp < 0xA0)) {
            n = (size_t)snprintf(piece, sizeof piece, "\\u%04x", (unsigned)cp);
        } else {
            n = at - from;
            memcpy(piece, text + from, n);
        }
        if (l->len + n > sizeof l->text - MEMBERS || !put(l, piece, n))
            return;
    }
}

static void build_text(Line *l, LogLevel level, const char *module, const char *msg)
{
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm local;
    char clock[16] = "";
    if (localtime_r(&now, &local))
        (void)strftime(clock, sizeof clock, "%H:%M:%S ", &local);
    put_c(l, clock);
    put_c(l, level_names[level]);
    put_c(l, level == LOG_WARN || level == LOG_INFO ? "  " : " ");
    put_escaped(l, module, false);
    put_c(l, ": ");
    put_escaped(l, msg, false);
}

static void build_json(Line *l, LogLevel level, const char *module, const char *msg)
{
    char ts[CLOCK_RFC3339_MAX];
    put_c(l, "{\"ts\":\"");
    put_c(l, clock_format(clock_now_ms(), ts));
    put_c(l, "\",\"level\":\"");
    put_c(l, level_names[level]);
    put_c(l, "\",\"module\":\"");
    put_escaped(l, module, true);
    if (request_id[0]) {
        put_c(l, "\",\"request_id\":\"");
        put_escaped(l, request_id, true);
    }
    put_c(l, "\",\"msg\":\"");
    put_escaped(l, msg, true);
    put_c(l, "\"}");
}

static bool as_json(void)
{
    int format = atomic_load_explicit(&current_format, memory_order_relaxed);
    return format == FORMAT_JSON || (format == FORMAT_AUTO && !isatty(STDERR_FILENO));
}

void log_write(LogLevel level, const char *module, const char *fmt, ...)
{
    if (!log_on(level) || (unsigned)level > LOG_DEBUG)
        return;
    int saved = errno;
    char msg[LINE_MAX_BYTES];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (n < 0)
        msg[0] = '\0';
    else if ((size_t)n >= sizeof msg) { /* do not end in half a character */
        Str cut = {msg, sizeof msg - 1};
        msg[utf8_floor(cut, cut.len - 1)] = '\0';
    }
    Line line;
    line.len = 0;
    if (as_json())
        build_json(&line, level, module, msg);
    else
        build_text(&line, level, module, msg);
    line.text[line.len++] = '\n';
    while (write(STDERR_FILENO, line.text, line.len) < 0 && errno == EINTR)
        continue; /* nothing was written: one write(2) a line still */
    errno = saved;
}
