/* clock.h - instants, and RFC 3339 text for them.
 *
 * An instant is int64_t milliseconds since 1970-01-01T00:00:00Z. clock_now_ms is the wall clock,
 * or, when SOTTO_NOW (RFC 3339) is set at start, a clock that starts there and runs on. Durations
 * are measured with clock_mono_ns, which never jumps. Threads: safe. */
#ifndef SOTTO_BASE_CLOCK_H
#define SOTTO_BASE_CLOCK_H

#include "base/str.h"

int64_t clock_now_ms(void);
uint64_t clock_mono_ns(void);
uint64_t clock_thread_ns(void); /* of processor that the calling thread has used */
static inline double clock_seconds_since(uint64_t start_ns)
{
    return (double)(clock_mono_ns() - start_ns) * 1e-9;
}
/* Reads SOTTO_NOW; ERR_VALIDATION when it is no RFC 3339 time. Call once at start. */
bool clock_init(Err *err);
void clock_set_ms(int64_t now_ms); /* tests: the clock starts there and runs on */
/* Whether clock_now_ms is such a clock, and not the machine's. */
bool clock_is_set(void);

#define CLOCK_RFC3339_MAX 32
/* "2026-11-23T09:15:00.123Z" (milliseconds only when not zero). Returns out. */
char *clock_format(int64_t ms, char out[CLOCK_RFC3339_MAX]);
/* RFC 3339 date-time with zone, or a bare YYYY-MM-DD (midnight UTC). Real calendar dates only. */
bool clock_parse(Str text, int64_t *ms);
/* Days since 1970-01-01 of a proleptic Gregorian date, and back (Hinnant's algorithm). */
int64_t clock_days_from_civil(int year, int month, int day);
void clock_civil_from_days(int64_t days, int *year, int *month, int *day);

#endif
