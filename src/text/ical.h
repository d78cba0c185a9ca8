/* ical.h - iCalendar's lines and values (RFC 5545, 3.1 and 3.3): read and written, not understood.
 *
 *   text -> unfolded lines -> name, parameters, value;   line -> folded at 75 octets
 *
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_ICAL_H
#define SOTTO_TEXT_ICAL_H

#include "base/zone.h"

typedef struct {
    Str name, params, value; /* params as they stand, without the first semicolon */
} IcalLine;

/* The next unfolded line of a text whose lines end in CR LF, LF or CR, into scratch (which is
 * cleared); empty lines are passed. *rest moves on; false at the end. */
bool ical_next(Str *rest, Buf *scratch);
/* Splits an unfolded line; false for what is none (no colon, no name of letters, digits, "-"). */
bool ical_split(Str line, IcalLine *out);
/* A parameter's first value without its quotes; false when it is not there. */
bool ical_param(Str params, const char *name, Str *value);

/* A TEXT value without its backslashes, and with them. Escaping takes "\r" away. */
void ical_unescape(Str value, Buf *out);
void ical_escape(Str text, Buf *out);
/* Appends a line with CR LF, folded at 75 octets, never inside a character. */
void ical_fold(Str line, Buf *out);

typedef struct {
    Civil c;
    bool date, utc; /* date: without a time of day */
} IcalTime;
/* "20260305", "20260305T140000", "20260305T140000Z"; a second 60 is 59. */
bool ical_time(Str value, IcalTime *out);
/* Appends the same form. */
void ical_add_time(const IcalTime *t, Buf *out);

/* "-P1DT2H", "PT15M", "P2W": whole days (a week is seven) and the rest. At most some 100 years. */
bool ical_duration(Str value, int64_t *days, int64_t *ms);
void ical_add_duration(int64_t days, int64_t ms, Buf *out);

/* The IANA name that a TZID means without its definition: the name itself, with another program's
 * prefix ("/mozilla.org/20070129_1/Europe/Berlin"), or Windows' ("W. Europe Standard Time").
 * {NULL, 0} when it is none of them; whether the zone exists is zone_open's to say. */
Str ical_zone_name(Str tzid);

#endif
