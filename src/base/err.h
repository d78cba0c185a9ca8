/* err.h - how a function says what went wrong.
 *
 * A function that can fail returns bool (or a pointer) and takes `Err *err` last. On success the
 * Err is untouched; on failure it holds a code and one sentence for a person: lower-case, what
 * failed first, what to do next. Never log and return: whoever handles the error logs it once. One
 * table (err.c) gives every code its HTTP status, its wire name and the process exit status.
 *
 * Threads: an Err belongs to its caller; the table is constant. */
#ifndef SOTTO_BASE_ERR_H
#define SOTTO_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

typedef enum {
    ERR_NONE = 0,
    ERR_VALIDATION,        /* the request cannot be understood or breaks a rule */
    ERR_UNAUTHORIZED,      /* no or wrong credentials */
    ERR_FORBIDDEN,         /* known caller, not allowed (also: Host or Origin refused) */
    ERR_NOT_FOUND,
    ERR_METHOD_NOT_ALLOWED,
    ERR_CONFLICT,
    ERR_TOO_LARGE,
    ERR_UNSUPPORTED_MEDIA, /* a file type that cannot be read */
    ERR_RANGE,             /* a byte range outside the body */
    ERR_RATE_LIMITED,
    ERR_INTERNAL,
    ERR_UNAVAILABLE,       /* not now: overloaded, starting, stopping, a back end is away */
    ERR_STORAGE_FULL,
    ERR_NO_MEMORY,
    ERR_IO,                /* a file or socket failed */
    ERR_CORRUPT,           /* stored data does not match its checksum or format */
    ERR_TIMEOUT,
    ERR_CANCELLED,
    ERR_CODE_COUNT
} ErrCode;

typedef struct {
    ErrCode code;
    char msg[400]; /* NUL-terminated UTF-8, one line, cut at a character boundary if too long */
} Err;

typedef struct {
    const char *wire;  /* "VALIDATION_ERROR": the `code` member of problem+json */
    const char *title; /* short, the same for every occurrence (RFC 9457) */
    int http_status;
    int exit_status;   /* of the command line: 1 failure, 2 usage, 3 not found, 4 unavailable */
} ErrInfo;

/* Fills *err (which may be NULL) and returns false, so that `return err_set(...)` reads well. */
bool err_set(Err *err, ErrCode code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with the text of errno `errnum` appended; ENOSPC and EDQUOT become
 * ERR_STORAGE_FULL, ENOMEM becomes ERR_NO_MEMORY, whatever `code` says. */
bool err_set_errno(Err *err, ErrCode code, int errnum, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Puts "context: " before the message that is there. Returns false. */
bool err_wrap(Err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Constant facts of a code; never NULL. */
const ErrInfo *err_info(ErrCode code);

static inline bool err_false(void) { return false; }
/* The compiler sees that they return false, and so which outputs are set behind a failure. */
#define err_set(err, code, ...) ((void)(err_set)((err), (code), __VA_ARGS__), err_false())
#define err_set_errno(err, code, errnum, ...) \
    ((void)(err_set_errno)((err), (code), (errnum), __VA_ARGS__), err_false())
#define err_wrap(err, ...) ((void)(err_wrap)((err), __VA_ARGS__), err_false())

#define ERR_INIT ((Err){0})

#endif
