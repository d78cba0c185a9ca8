/* zone_data.h - inside of a Zone; only zone*.c include this.
 *
 *   transitions (seconds UTC, sorted) -> types {offset, daylight, abbreviation}
 *   behind the last one: the rule of the POSIX footer, if there is one
 *
 * Source: RFC 8536 (TZif), POSIX.1-2017 section 8.3 (TZ), with the wider hours of RFC 8536 3.3.1.
 * Threads: plain data, constant once parsed. */
#ifndef SOTTO_BASE_ZONE_DATA_H
#define SOTTO_BASE_ZONE_DATA_H

#include "base/zone.h"

#define ZONE_MAX_TRANSITIONS 4096
#define ZONE_ABBREV_MAX 16
/* Seconds. RFC 8536 3.2 has some more, of which RFC 3339 cannot say what is past 23:59. */
#define ZONE_MIN_OFFSET (-86340)
#define ZONE_MAX_OFFSET 86340

typedef struct {
    int32_t offset; /* seconds east of UTC */
    bool daylight;
    char abbrev[ZONE_ABBREV_MAX];
} ZoneType;

/* A day of the year and the wall clock's second of it (may be negative or beyond a day). */
typedef struct {
    enum { ZONE_DAY_NTH_WEEKDAY, ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR } form;
    int month, week, weekday; /* "M3.5.0"; week 5 is the last */
    int day;                  /* "J60" (1..365, 29 February is never counted) or "59" (0..365) */
    int32_t second;
} ZoneDay;

typedef struct {
    ZoneType standard, daylight;
    ZoneDay begin, end; /* of daylight time */
    bool changes;       /* daylight, begin and end hold */
} ZoneRule;

struct Zone {
    char name[ZONE_NAME_MAX];
    size_t n;
    int64_t *at; /* [n] sorted, strictly rising */
    uint8_t *to; /* [n] the type from there on */
    ZoneType types[256];
    size_t n_types; /* at least 1; types[0] is before the first transition */
    ZoneRule rule;
    bool has_rule;
};

/* The TZ string of the footer; false when it is none. *out is untouched then. */
bool zone_rule_parse(Str text, ZoneRule *out);
/* A change under a rule. */
typedef struct {
    int64_t at; /* seconds UTC */
    const ZoneType *to;
} ZoneChange;
/* The two changes of each of the years year-2 .. year+1, sorted; those at the same instant in the
 * order of their years, so that the last one of an instant holds. Two years back, because a rule
 * may put a year's change days into the next one. */
#define ZONE_RULE_CHANGES 8
void zone_rule_changes(const ZoneRule *r, int year, ZoneChange out[ZONE_RULE_CHANGES]);

#endif
