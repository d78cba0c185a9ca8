/* routes_calendar.c - the rows of the table that concern calendars and events. */
#include "api/routes_parts.h"

#define LEN(a) (sizeof(a) / sizeof *(a))
#define FIELDS(a) (a), LEN(a)

static const Field events_query[] = {
    {.name = "from", .type = F_TIME, .help = "begin of the window; a day is its begin in tz. "
                                             "Today when absent"},
    {.name = "until", .type = F_TIME, .help = "its end (exclusive)"},
    {.name = "days", .type = F_INT, .min = 1, .max = 3660, .fallback = "7",
     .help = "without until: so many days from from on"},
    {.name = "tz", .type = F_STRING, .min = 1, .max = 64,
     .help = "IANA zone of the answer; the person's when absent"},
    {.name = "calendar", .type = F_UUID, .help = "only of this calendar"},
    {.name = "cancelled", .type = F_BOOL, .fallback = "false", .help = "cancelled ones too"},
    {.name = "limit", .type = F_INT, .min = 1, .max = 20000, .fallback = "5000"},
};

#define EVENT_FIELDS                                                                               \
    {.name = "end", .type = F_STRING, .min = 1, .max = 40,                                         \
     .help = "exclusive: of whole days the day after; an hour (a day) after start when absent"},   \
    {.name = "zone", .type = F_STRING, .max = 64,                                                  \
     .help = "IANA zone in which it recurs; the person's when absent"},                            \
    {.name = "floating", .type = F_BOOL,                                                           \
     .help = "the same clock time wherever one is; start and end without an offset"},              \
    {.name = "location", .type = F_STRING, .max = 1000},                                           \
    {.name = "description", .type = F_TEXT, .max = 16000},                                         \
    {.name = "status", .type = F_ENUM, .choices = "confirmed|tentative|cancelled"},                \
    {.name = "rrule", .type = F_STRING, .max = 1000, .nullable = true,                             \
     .help = "RFC 5545 recurrence rule, without RRULE:"},                                          \
    {.name = "remind_before", .type = F_STRINGS, .max = 32,                                        \
     .help = "lengths of time: PT15M, P1D, 1 hour; PT0S is at its begin"},                         \
    {.name = "free", .type = F_BOOL, .help = "does not take up one's time"}

static const Field create_body[] = {
    {.name = "title", .type = F_STRING, .required = true, .min = 1, .max = 1000},
    {.name = "start", .type = F_STRING, .required = true, .min = 1, .max = 40,
     .help = "RFC 3339; YYYY-MM-DD for whole days; 2026-12-01T09:00 is meant in zone"},
    {.name = "calendar", .type = F_UUID, .help = "one of one's own; the first when absent"},
    EVENT_FIELDS,
};

static const Field patch_body[] = {
    {.name = "title", .type = F_STRING, .min = 1, .max = 1000},
    {.name = "start", .type = F_STRING, .min = 1, .max = 40},
    EVENT_FIELDS,
};

static const Field occurrence_query[] = {
    {.name = "occurrence", .type = F_STRING, .min = 1, .max = 40,
     .help = "of a series only this one: the member occurrence of an answer"},
};

static const Field get_query[] = {
    {.name = "tz", .type = F_STRING, .min = 1, .max = 64, .help = "IANA zone of the answer"},
};

static const Field import_body[] = {
    {.name = "file", .type = F_FILE, .help = "the calendar; or give content"},
    {.name = "content", .type = F_TEXT, .min = 1, .max = 16000000},
    {.name = "calendar", .type = F_UUID, .help = "into this one; one's own first when absent"},
};

static const Field export_query[] = {
    {.name = "calendar", .type = F_UUID, .help = "only this calendar"},
    {.name = "subscribed", .type = F_BOOL, .fallback = "false",
     .help = "events of addresses too"},
    {.name = "tasks", .type = F_BOOL, .fallback = "true", .help = "open tasks as VTODO"},
};

static const Field calendar_body[] = {
    {.name = "name", .type = F_STRING, .min = 1, .max = 200},
    {.name = "address", .type = F_STRING, .min = 1, .max = 2000,
     .help = "https, http or webcal: kept up to date from there. Without it, one of one's own"},
    {.name = "refresh_seconds", .type = F_INT, .min = 300, .max = 2592000},
    {.name = "private_network", .type = F_BOOL, .fallback = "false",
     .help = "the address may be in one's own network, or this machine"},
};

static const Field calendar_patch[] = {
    {.name = "name", .type = F_STRING, .min = 1, .max = 200},
    {.name = "refresh_seconds", .type = F_INT, .min = 300, .max = 2592000},
};

#define MAY_LACK (BODY_JSON | BODY_MAY_LACK)

static const ApiRoute rows[] = {
    {"GET", "/api/v1/calendar/events", event_list, WORK_INTERACTIVE, 0, "calendar",
     "What is on the schedule",
     "Series are expanded into their occurrences, changed ones stand where they were moved to. By "
     "begin. truncated says that a limit cut it short.",
     FIELDS(events_query), NULL, 0, BODY_NONE, 0, "Agenda", "200", "400"},
    {"POST", "/api/v1/calendar/events", event_add, WORK_INTERACTIVE, 0, "calendar",
     "A new event", NULL, NULL, 0, FIELDS(create_body), BODY_JSON, 1 << 17, "Event", "201",
     "400,403,404,413,415,503"},
    {"GET", "/api/v1/calendar/events/{id}", event_get, WORK_INTERACTIVE, 0, "calendar",
     "An event; of a series the whole of it", NULL, FIELDS(get_query), NULL, 0, BODY_NONE, 0,
     "Event", "200", "400,404"},
    {"PATCH", "/api/v1/calendar/events/{id}", event_change, WORK_INTERACTIVE, 0, "calendar",
     "Change an event, a series, or one occurrence of it",
     "What is not named stays, also what only other programs understand.",
     FIELDS(occurrence_query), FIELDS(patch_body), BODY_JSON, 1 << 17, "Event", "200",
     "400,403,404,413,415,503"},
    {"DELETE", "/api/v1/calendar/events/{id}", event_remove, WORK_INTERACTIVE, 0, "calendar",
     "Delete an event, a series, or one occurrence of it", NULL, FIELDS(occurrence_query), NULL, 0,
     BODY_NONE, 0, NULL, "204", "400,403,404,503"},
    {"GET", "/api/v1/calendar/calendars", calendar_list, WORK_INTERACTIVE, 0, "calendar",
     "Calendars, with the state of their addresses", NULL, NULL, 0, NULL, 0, BODY_NONE, 0,
     "CalendarList", "200", ""},
    {"POST", "/api/v1/calendar/calendars", calendar_add, WORK_NORMAL, 0, "calendar",
     "A calendar of one's own, or one from an address",
     "An address is fetched before the answer; when that fails nothing is kept.", NULL, 0,
     FIELDS(calendar_body), BODY_JSON, 1 << 16, "ImportedCalendar", "201",
     "400,403,404,409,413,415,503"},
    {"PATCH", "/api/v1/calendar/calendars/{id}", calendar_change, WORK_INTERACTIVE, 0, "calendar",
     "Rename a calendar, or look at its address more or less often", NULL, NULL, 0,
     FIELDS(calendar_patch), BODY_JSON, 1 << 16, "Calendar", "200", "400,404,409,413,415,503"},
    {"DELETE", "/api/v1/calendar/calendars/{id}", calendar_remove, WORK_INTERACTIVE, 0,
     "calendar", "Delete a calendar with its events", NULL, NULL, 0, NULL, 0, BODY_NONE, 0, NULL,
     "204", "404,503"},
    {"POST", "/api/v1/calendar/calendars/{id}/refresh", calendar_refresh, WORK_NORMAL, 0,
     "calendar", "Look at its address now",
     "What goes wrong with the address is the calendar's state and problem, and 200.", NULL, 0,
     NULL, 0, MAY_LACK, 1 << 16, "ImportedCalendar", "200", "400,404,409,413,415,503"},
    {"POST", "/api/v1/calendar/import", calendar_import, WORK_NORMAL, 0, "calendar",
     "Read an iCalendar file",
     "The same file twice changes nothing: an event is known by UID and occurrence, and replaced "
     "by one that is not older (SEQUENCE, LAST-MODIFIED, DTSTAMP). To-dos become tasks, once.",
     NULL, 0, FIELDS(import_body), BODY_JSON | BODY_MULTIPART, 0, "ImportedCalendar", "200",
     "400,403,404,413,415,503"},
    {"GET", "/api/v1/calendar.ics", calendar_ics, WORK_NORMAL, 0, "calendar",
     "Events and open tasks as iCalendar, for other programs to subscribe to",
     "Has an ETag; 304 when If-None-Match has it.", FIELDS(export_query), NULL, 0, BODY_NONE, 0,
     "text/calendar; charset=utf-8", "200", "400,404"},
};

const ApiRoute *routes_calendar(size_t *n)
{
    *n = LEN(rows);
    return rows;
}
