/* routes_briefing.c - the rows of the table that concern the briefing. */
#include "api/routes_parts.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)

static const Field daily_query[] = {
    {.name = "date", .type = F_STRING, .max = 40,
     .help = "YYYY-MM-DD or an RFC 3339 time; now when absent. Of a past day: as of its end, from "
             "what is known now"},
    {.name = "tz", .type = F_STRING, .max = 64,
     .help = "IANA time zone; the person's when absent"},
    {.name = "format", .type = F_ENUM, .choices = "json|text|html|speech",
     .help = "instead of the Accept header"},
};

static const Field history_query[] = {
    {.name = "limit", .type = F_INT, .min = 1, .max = 100, .fallback = "30"},
    {.name = "offset", .type = F_INT, .min = 0, .max = 100000, .fallback = "0"},
    {.name = "date", .type = F_STRING, .min = 10, .max = 10, .help = "only this day, YYYY-MM-DD"},
};

static const Field schedule_body[] = {
    {.name = "enabled", .type = F_BOOL},
    {.name = "time", .type = F_STRING, .min = 5, .max = 5, .help = "HH:MM"},
    {.name = "days", .type = F_STRINGS, .max = 7, .help = "of mon, tue, wed, thu, fri, sat, sun"},
    {.name = "zone", .type = F_STRING, .max = 64, .help = "IANA time zone; empty: the person's"},
};

static const ApiRoute rows[] = {
    {"GET", "/api/v1/briefing/daily", briefing_daily, WORK_INTERACTIVE, READABLE,
     "briefing", "The briefing of a day",
     "JSON; text/plain and text/html by Accept. docs/BRIEFING.md says how each line is chosen.",
     FIELDS(daily_query), NULL, 0, BODY_NONE, 0, "DailyBriefing", "200", "400,503"},
    {"GET", "/api/v1/briefing/history", briefing_history, WORK_INTERACTIVE, 0, "briefing",
     "Briefings that were sent or asked for, the last day first",
     "A day has one a zone: the last that was made.", FIELDS(history_query), NULL, 0, BODY_NONE, 0,
     "BriefingHistory", "200", "400"},
    {"GET", "/api/v1/briefing/feed.atom", briefing_feed, WORK_INTERACTIVE, 0, "briefing",
     "The history as an Atom feed", NULL, NULL, 0, NULL, 0, BODY_NONE, 0,
     "application/atom+xml; charset=utf-8", "200", ""},
    {"GET", "/api/v1/briefing/schedule", briefing_schedule_show, WORK_INTERACTIVE, 0, "briefing",
     "When it is sent", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, "BriefingSchedule", "200", ""},
    {"PUT", "/api/v1/briefing/schedule", briefing_schedule_change, WORK_INTERACTIVE, 0, "briefing",
     "Change when it is sent", "Members that are absent stay.", NULL, 0, FIELDS(schedule_body),
     BODY_JSON, 1 << 16, "BriefingSchedule", "200", "400,413,415,503"},
};

const ApiRoute *routes_briefing(size_t *n)
{
    *n = LEN(rows);
    return rows;
}
