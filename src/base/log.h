/* log.h - one line an event, on standard error.
 *
 * On a terminal: "12:04:31 info  store: opened 3 documents". Elsewhere one JSON object a line:
 * {"ts","level","module","msg"[, "request_id"]}. Never log text of documents, queries, tokens or
 * keys above the debug level. Threads: safe; one write(2) a line. */
#ifndef SOTTO_BASE_LOG_H
#define SOTTO_BASE_LOG_H

#include "base/str.h"

typedef enum { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG } LogLevel;

/* format: "auto", "text" or "json". The default is warn and auto. */
void log_init(LogLevel level, const char *format);
bool log_level_parse(const char *name, LogLevel *out);
bool log_on(LogLevel level);
void log_write(LogLevel level, const char *module, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The request this thread works on from now, put into every JSON line (at most 63 bytes of the id);
 * an empty Str when it is done. */
void log_request(Str id);

#endif
