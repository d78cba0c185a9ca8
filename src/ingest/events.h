/* events.h - a stranger's calendar as structured entries: read in the confined child (read_events.c
 * has the form), one line of JSON an entry.
 *
 * Threads: safe from any thread; blocks. */
#ifndef SOTTO_INGEST_EVENTS_H
#define SOTTO_INGEST_EVENTS_H

#include "base/arena.h"

#define EVENTS_MAX 50000u                   /* entries of one file */
#define EVENTS_MAX_LINE ((size_t)256 << 10)
#define EVENTS_MAX_RAW ((size_t)256 << 10)
#define EVENTS_MAX_BYTES ((size_t)96 << 20) /* of JSON */
#define EVENTS_MAX_DEPTH 4u                 /* components inside an entry */
#define EVENTS_MAX_DATES 10000u
#define EVENTS_MAX_ALARMS 32u
#define EVENTS_MAX_RULES 400u                /* of a zone */

typedef struct EventsReader EventsReader;

typedef struct {
    const char *self;    /* path of this program, for the confined child */
    unsigned timeout_ms; /* of one file, 0: 30 s */
} EventsOptions;

/* A process is started when the first calendar is read, and ends when it has nothing to do. */
EventsReader *events_reader_new(const EventsOptions *o, Err *err);
void events_reader_free(EventsReader *r); /* NULL is allowed */

/* `reader` is an EventsReader. ERR_VALIDATION when there is no calendar in the bytes;
 * ERR_TOO_LARGE, ERR_TIMEOUT, ERR_UNAVAILABLE as sandbox_run. The lines live in the arena. */
bool events_read(void *reader, Str data, Str filename, Arena *a, Str *lines, Err *err);

#endif
