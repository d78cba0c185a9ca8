/* zone.h - time zones: local calendar time to instants and back.
 *
 *   name -> the system's TZif file (RFC 8536), its POSIX footer for the years after the last entry
 *
 * Two questions have no plain answer, and these are the rules (RFC 5545 and Temporal's
 * "compatible"): a local time that the clock skips is moved on by what was skipped (02:30 becomes
 * 03:30); one that the clock shows twice is the first.
 *
 * Threads: a Zone is immutable once open and shared freely. */
#ifndef SOTTO_BASE_ZONE_H
#define SOTTO_BASE_ZONE_H

#include "base/str.h"

typedef struct Zone Zone;

/* A date and time as a wall calendar and clock show it; proleptic Gregorian. */
typedef struct {
    int year, month, day;     /* month 1..12, day 1..31 */
    int hour, minute, second; /* 0..23, 0..59, 0..59 */
} Civil;

typedef enum { ZONE_ONCE, ZONE_SKIPPED, ZONE_TWICE } ZoneFit;

#define ZONE_NAME_MAX 64

/* An IANA name ("Europe/Berlin"), "UTC", a fixed offset ("+05:30"), or empty: the machine's own
 * ($TZ, then /etc/localtime, then UTC). ERR_VALIDATION for a name that is none (no path leaves the
 * zone folder), ERR_NOT_FOUND, ERR_CORRUPT. */
Zone *zone_open(Str name, Err *err);
/* From the bytes of a TZif file. */
Zone *zone_parse(Str name, Str tzif, Err *err);
void zone_free(Zone *z);
/* As asked for; the machine's own by its IANA name if that is known. */
const char *zone_name(const Zone *z);

/* Seconds east of UTC at an instant; *abbrev (may be NULL) lives as long as the zone. */
int32_t zone_offset(const Zone *z, int64_t ms, bool *daylight, const char **abbrev);
Civil zone_civil(const Zone *z, int64_t ms);
/* The fields may be out of range (day 32, hour 25, month 13): they carry over. *fit may be NULL. */
int64_t zone_instant(const Zone *z, const Civil *c, ZoneFit *fit);
/* The first change of offset after `ms`; false when there is none. */
bool zone_next_change(const Zone *z, int64_t ms, int64_t *at);

/* 0 Sunday .. 6 Saturday. */
int civil_weekday(const Civil *c);
int civil_days_in_month(int year, int month);

#define ZONE_RFC3339_MAX 40
/* "2026-11-24T09:00:00+01:00". Returns out. */
char *zone_format(const Zone *z, int64_t ms, char out[ZONE_RFC3339_MAX]);

#endif
