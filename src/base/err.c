#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* The one table. A wire name outside the contract's list would surprise clients, so causes that a
 * client can do nothing about share INTERNAL_ERROR and those worth a retry share UNAVAILABLE. */
static const ErrInfo table[ERR_CODE_COUNT] = {
    [ERR_NONE] = {"INTERNAL_ERROR", "No error", 500, 1},
    [ERR_VALIDATION] = {"VALIDATION_ERROR", "Invalid request", 400, 2},
    [ERR_UNAUTHORIZED] = {"UNAUTHORIZED", "Authentication required", 401, 1},
    [ERR_FORBIDDEN] = {"FORBIDDEN", "Not allowed", 403, 1},
    [ERR_NOT_FOUND] = {"NOT_FOUND", "Not found", 404, 3},
    [ERR_METHOD_NOT_ALLOWED] = {"METHOD_NOT_ALLOWED", "Method not allowed", 405, 1},
    [ERR_CONFLICT] = {"CONFLICT", "Conflict", 409, 1},
    [ERR_TOO_LARGE] = {"TOO_LARGE", "Too large", 413, 1},
    [ERR_UNSUPPORTED_MEDIA] = {"UNSUPPORTED_MEDIA", "Unsupported media type", 415, 1},
    [ERR_RANGE] = {"RANGE_NOT_SATISFIABLE", "Range not satisfiable", 416, 1},
    [ERR_RATE_LIMITED] = {"RATE_LIMITED", "Too many requests", 429, 4},
    [ERR_INTERNAL] = {"INTERNAL_ERROR", "Internal error", 500, 1},
    [ERR_UNAVAILABLE] = {"UNAVAILABLE", "Temporarily unavailable", 503, 4},
    [ERR_STORAGE_FULL] = {"STORAGE_FULL", "Storage full", 507, 1},
    [ERR_NO_MEMORY] = {"UNAVAILABLE", "Out of memory", 503, 1},
    [ERR_IO] = {"INTERNAL_ERROR", "Input or output failed", 500, 1},
    [ERR_CORRUPT] = {"INTERNAL_ERROR", "Stored data is damaged", 500, 1},
    [ERR_TIMEOUT] = {"UNAVAILABLE", "Timed out", 503, 4},
    [ERR_CANCELLED] = {"UNAVAILABLE", "Cancelled", 503, 1},
};

const ErrInfo *err_info(ErrCode code)
{
    if ((unsigned)code >= ERR_CODE_COUNT)
        code = ERR_INTERNAL;
    return &table[code];
}

/* A message is one line of text: what it quotes must not speak to a terminal or break a log. */
static void make_line(char *msg)
{
    for (char *p = msg; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = *p == '\n' || *p == '\t' ? ' ' : '?';
}

/* Messages quote file names and client input, which may be no UTF-8, and a cut may fall inside a
 * character: what is broken at the end goes, what is broken before becomes '?'. */
static void make_utf8(char *msg, bool was_cut)
{
    size_t len = strlen(msg), at = 0;
    for (;;) {
        at += utf8_valid_len((Str){msg + at, len - at});
        if (at >= len)
            return;
        if (was_cut && len - at < 4) {
            msg[at] = '\0';
            return;
        }
        msg[at++] = '?';
    }
}

static __attribute__((format(printf, 3, 0))) void set(Err *err, ErrCode code, const char *fmt,
                                                      va_list ap)
{
    char msg[sizeof err->msg]; /* apart from err->msg, which an argument may point to */
    int n = vsnprintf(msg, sizeof msg, fmt, ap);
    if (n < 0)
        msg[0] = '\0';
    make_utf8(msg, n >= (int)sizeof msg);
    make_line(msg);
    err->code = code == ERR_NONE ? ERR_INTERNAL : code;
    memcpy(err->msg, msg, sizeof msg);
}

bool (err_set)(Err *err, ErrCode code, const char *fmt, ...)
{
    if (!err)
        return false;
    va_list ap;
    va_start(ap, fmt);
    set(err, code, fmt, ap);
    va_end(ap);
    return false;
}

/* "No such file or directory" reads on as "no such ...", but "RPC ..." keeps its capitals. */
static void errno_text(int errnum, char *out, size_t size)
{
    const char *text = strerrordesc_np(errnum);
    if (!text) {
        (void)snprintf(out, size, "system error %d", errnum);
        return;
    }
    (void)snprintf(out, size, "%s", text);
    bool capital = out[0] >= 'A' && out[0] <= 'Z';
    bool acronym = out[0] && out[1] >= 'A' && out[1] <= 'Z';
    if (capital && !acronym)
        out[0] = (char)(out[0] - 'A' + 'a');
}

bool (err_set_errno)(Err *err, ErrCode code, int errnum, const char *fmt, ...)
{
    if (!err)
        return false;
    if (errnum == ENOSPC || errnum == EDQUOT)
        code = ERR_STORAGE_FULL;
    else if (errnum == ENOMEM)
        code = ERR_NO_MEMORY;
    va_list ap;
    va_start(ap, fmt);
    set(err, code, fmt, ap);
    va_end(ap);
    char why[100];
    errno_text(errnum, why, sizeof why);
    return err_set(err, err->code, "%s: %s", err->msg, why);
}

bool (err_wrap)(Err *err, const char *fmt, ...)
{
    if (!err)
        return false;
    Err context = ERR_INIT;
    va_list ap;
    va_start(ap, fmt);
    set(&context, ERR_INTERNAL, fmt, ap);
    va_end(ap);
    return err_set(err, err->code, "%s: %s", context.msg, err->msg);
}
