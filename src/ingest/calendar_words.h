/* calendar_words.h - iCalendar's dates, durations and recurrence rules in words (RFC 5545).
 *
 *   20260305T140000 -> Thursday 5 March 2026, 14:00
 *   FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE -> every 2 weeks on Monday and Wednesday
 *
 * Nothing is computed from rules (an endless one stays a sentence), and no time zone is converted.
 * What is not understood is given as it stands. Threads: pure functions. */
#ifndef SOTTO_INGEST_CALENDAR_WORDS_H
#define SOTTO_INGEST_CALENDAR_WORDS_H

#include "base/str.h"

typedef struct {
    int64_t day; /* since 1970-01-01 */
    int hour, minute;
    bool has_time, utc;
} CalendarTime;

bool calendar_time(Str value, CalendarTime *out);
/* "Thursday 5 March 2026, 14:00"; with `date` false the time alone. */
void calendar_add_time(Buf *to, const CalendarTime *t, bool date);
/* "P1DT2H30M" -> "1 day 2 hours 30 minutes". */
void calendar_add_duration(Buf *to, Str value);
void calendar_add_rule(Buf *to, Str rule);

#endif
