/* dates.h - dates as documents write them: in their metadata and in their running text.
 *
 * Forms: 2026-12-04 2026/12/04 2026.12.04 (year first) · 4.12.2026 4-12-2026 04/12/26 (see
 * DateOrder) · 4 December 2026, 4. Dezember 2026, 4 de diciembre de 2026, 1er mars 2024 ·
 * December 4, 2026 · 2026年12月4日; month names of twelve languages. In metadata also RFC 3339,
 * ISO 8601 without separators, PDF ("D:20261204093000+01'00'") and RFC 5322 ("Fri, 4 Dec 2026
 * 09:30:00 +0100"). Only real calendar dates of the years 1500 to 2199; a year of two digits means
 * 1970 to 2069. What has no day ("December 2026") is no date here.
 *
 * Dates that are understood relative to today ("next Friday") are another module's.
 * Threads: pure functions. */
#ifndef SOTTO_TEXT_DATES_H
#define SOTTO_TEXT_DATES_H

#include "base/str.h"

typedef struct {
    int year, month, day;
    bool timed; /* with a time: then ms is the instant, else midnight UTC of the day */
    int64_t ms;
} DocDate;

/* What 3/4/2026 means. When one of the first two numbers is above 12 there is no question. */
typedef enum { DATE_DAY_FIRST, DATE_MONTH_FIRST } DateOrder;

/* Finds the next date at or after *at, as text[*start, *end); *at moves behind it. False at the
 * end. Linear time. */
bool date_next(Str text, DateOrder order, size_t *at, size_t *start, size_t *end, DocDate *out);

/* A date of metadata: the whole text is one, or begins with one. */
bool date_parse(Str text, DocDate *out);

/* The order that the text itself shows: the first 25/12/2026 or 12/25/2026 in it, else the
 * month first when `language` is English ("en"), else the day first. */
DateOrder date_order(Str text, Str language);

#define DATE_TEXT_MAX 32
/* "2026-12-04", or with a time RFC 3339 in UTC. Returns out. */
char *date_format(const DocDate *d, char out[DATE_TEXT_MAX]);

#endif
