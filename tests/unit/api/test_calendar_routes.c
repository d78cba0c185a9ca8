/* test_calendar_routes.c - calendars and events through their routes, without a socket: what is
 * refused with which words, windows in zones, weeks that pass. */
#include "support/unit.h"

#include <stdlib.h>

#include "api/call.h"
#include "base/clock.h"
#include "support/tempdir.h"

#define EVENTS "/api/v1/calendar/events"
#define CALENDARS "/api/v1/calendar/calendars"

typedef struct {
    TempDir dir;
    Store *store;
    Calendars *calendars;
    Api *api;
} World;

/* Takes what it is given as what the confined reader would give. */
static bool as_it_is(void *arg, Str data, Str filename, Arena *a, Str *lines, Err *err)
{
    (void)arg;
    (void)filename;
    (void)a;
    *lines = data;
    return data.ptr[0] == '{' || err_set(err, ERR_VALIDATION, "there is no calendar in the file");
}

static void now_is(const char *text)
{
    int64_t now;
    assert_true(clock_parse(str_of(text), &now));
    clock_set_ms(now);
}

static int world_up(void **state)
{
    World *w = calloc(1, sizeof *w);
    Err err = ERR_INIT;
    tempdir_make(&w->dir);
    now_is("2026-11-23T10:00:00+01:00");
    w->store = store_open_sqlite(&(StoreOptions){.dir = w->dir.path, .model = "test"}, &err);
    assert_non_null(w->store);
    w->calendars = calendars_new(&(CalendarsOptions){.store = w->store, .owner = {{1}},
        .zone = STR("Europe/Berlin"), .read = as_it_is}, &err);
    assert_non_null(w->calendars);
    w->api = api_new(&(ApiParts){.store = w->store, .calendars = w->calendars, .owner = {{1}}},
                     &err);
    assert_non_null(w->api);
    *state = w;
    return 0;
}

static int world_down(void **state)
{
    World *w = *state;
    api_free(w->api);
    calendars_free(w->calendars);
    store_close(w->store);
    tempdir_remove(&w->dir);
    free(w);
    return 0;
}

/* The answer's text in text[size]. */
static void ask(World *w, const char *method, const char *target, const char *body, int status,
                char *text, size_t size)
{
    Err err = ERR_INIT;
    HttpHeader header = {STR("Content-Type"), STR("application/json")};
    HttpExchange *x = http_exchange_new(str_of(method), str_of(target), &header, body ? 1 : 0,
                                        str_of(body), &err);
    assert_non_null(x);
    api_dispatch(w->api, x, 0);
    assert_true(http_exchange_wait(x, 30000));
    Str s = http_resp_body(x);
    (void)snprintf(text, size, STR_FMT, STR_ARG(s));
    if (x->resp.status != status)
        fail_msg("%s %s %s: %d, not %d: %s", method, target, body ? body : "", x->resp.status,
                 status, text);
    http_exchange_free(x);
}

static void refused(World *w, const char *method, const char *target, const char *body, int status,
                    const char *part)
{
    char text[4096];
    ask(w, method, target, body, status, text, sizeof text);
    if (!strstr(text, part))
        fail_msg("%s %s %s: %s does not contain \"%s\"", method, target, body ? body : "", text,
                 part);
}

static Json *asked(World *w, const char *method, const char *target, const char *body, int status)
{
    static char text[1 << 18];
    ask(w, method, target, body, status, text, sizeof text);
    Json *j = json_parse(str_of(text), JSON_DEFAULT_DEPTH, NULL);
    assert_non_null(j);
    return j;
}

/* "start" of every event in the window, with spaces. */
static void starts_are(World *w, const char *query, const char *want)
{
    char target[400];
    Buf b;
    buf_init(&b, 1 << 16);
    (void)snprintf(target, sizeof target, EVENTS "%s", query);
    Json *j = asked(w, "GET", target, NULL, 200);
    const Json *list = json_get(j, "events");
    for (size_t i = 0; i < json_count(list); i++)
        buf_printf(&b, "%s" STR_FMT, i ? " " : "",
                   STR_ARG(json_str(json_get(json_at(list, i), "start"))));
    assert_str(buf_str(&b), want);
    buf_release(&b);
    json_free(j);
}

static void made(World *w, const char *body)
{
    json_free(asked(w, "POST", EVENTS, body, 201));
}

static void windows(void **state)
{
    World *w = *state;
    made(w, "{\"title\":\"late\",\"start\":\"2026-11-23T23:30\",\"end\":\"2026-11-24T00:30\"}");
    made(w, "{\"title\":\"day\",\"start\":\"2026-11-24\"}");
    made(w, "{\"title\":\"pill\",\"start\":\"2026-11-24T07:00\",\"floating\":true}");
    starts_are(w, "", "2026-11-23T23:30:00+01:00 2026-11-24 2026-11-24T07:00:00+01:00");
    starts_are(w, "?days=1", "2026-11-23T23:30:00+01:00");
    starts_are(w, "?from=2026-11-24&days=1",
               "2026-11-23T23:30:00+01:00 2026-11-24 2026-11-24T07:00:00+01:00");
    starts_are(w, "?from=2026-11-24&days=1&tz=America/New_York",
               "2026-11-24 2026-11-24T07:00:00-05:00");
    starts_are(w, "?from=2026-11-23T23:30:00Z&until=2026-11-23T23:31:00Z", "2026-11-24");
    starts_are(w, "?from=2026-11-25", "");
    refused(w, "GET", EVENTS "?from=2026-11-25&until=2026-11-24", NULL, 400, "ends before");
    refused(w, "GET", EVENTS "?tz=Mars/Base", NULL, 400, "Mars/Base");
    refused(w, "GET", EVENTS "?days=0", NULL, 400, "days");
}

static void weeks_that_pass(void **state)
{
    World *w = *state;
    made(w, "{\"title\":\"gym\",\"start\":\"2026-10-19T18:00\",\"rrule\":\"FREQ=WEEKLY\"}");
    for (int week = 0; week < 60; week++) {
        char want[64];
        Civil c = {2026, 11, 23 + 7 * week, 18, 0, 0};
        const Zone *z = calendars_zone(w->calendars);
        (void)zone_format(z, zone_instant(z, &c, NULL), want);
        c.hour = 6;
        clock_set_ms(zone_instant(z, &c, NULL));
        starts_are(w, "?days=7", want); /* six in the evening, summer and winter */
    }
}

static void what_is_refused(void **state)
{
    World *w = *state;
    static const char *const bad[][2] = {
        {"{\"start\":\"2026-11-24\"}", "title is missing"},
        {"{\"title\":\"x\"}", "start is missing"},
        {"{\"title\":\"x\",\"start\":\"tomorrow\"}", "start must be"},
        {"{\"title\":\"x\",\"start\":\"2026-02-30\"}", "start must be"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T25:00\"}", "start must be"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24\",\"end\":\"2026-11-24T10:00\"}", "both"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24\",\"end\":\"2026-11-24\"}", "ends before"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00\",\"end\":\"2026-11-24T08:00\"}",
         "ends before"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00Z\",\"floating\":true}", "must be"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00:00Z\",\"floating\":true}", "offset"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00\",\"zone\":\"../x\"}", "no time zone"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00\",\"rrule\":\"FREQ=DAILY;COUNT=0\"}",
         "COUNT"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00\",\"remind_before\":[\"soon\"]}",
         "no length of time"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00\",\"status\":\"maybe\"}", "status"},
        {"{\"title\":\"x\",\"start\":\"2026-11-24T09:00\",\"colour\":\"red\"}", "colour"},
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        refused(w, "POST", EVENTS, bad[i][0], 400, bad[i][1]);
    refused(w, "GET", EVENTS "/00000000-0000-4000-8000-000000000000", NULL, 404, "no such event");
    refused(w, "PATCH", EVENTS "/nothing", "{\"title\":\"x\"}", 404, "event");
    refused(w, "DELETE", CALENDARS "/00000000-0000-4000-8000-000000000000", NULL, 404,
            "no such calendar");
    refused(w, "POST", CALENDARS, "{}", 400, "a name, or an address");
    refused(w, "POST", CALENDARS, "{\"address\":\"gopher://x/\"}", 400, "https://");
    refused(w, "POST", CALENDARS, "{\"address\":\"webcal://127.0.0.1:1/x\"}", 403, "");
    refused(w, "POST", "/api/v1/calendar/import", "{\"content\":\"x\"}", 400, "no calendar");
    refused(w, "POST", "/api/v1/calendar/import", "{}", 400, "give a file");
    refused(w, "GET", "/api/v1/calendar.ics?calendar=00000000-0000-4000-8000-000000000000", NULL,
            404, "no such calendar");
}

static void changes(void **state)
{
    World *w = *state;
    char target[200], text[8192];
    Json *j = asked(w, "POST", EVENTS,
                    "{\"title\":\"a\",\"start\":\"2026-11-24T09:00\",\"location\":\"here\","
                    "\"rrule\":\"FREQ=DAILY;COUNT=3\",\"remind_before\":[\"PT15M\",\"P1D\"]}", 201);
    (void)snprintf(target, sizeof target, EVENTS "/" STR_FMT,
                   STR_ARG(json_str(json_get(j, "id"))));
    assert_int_equal(json_count(json_get(j, "remind_before")), 2);
    json_free(j);
    /* Moved by its begin alone, it stays as long as it was; the rest stays too. */
    j = asked(w, "PATCH", target, "{\"start\":\"2026-11-24T10:30\"}", 200);
    assert_str(json_str(json_get(j, "end")), "2026-11-24T11:30:00+01:00");
    assert_str(json_str(json_get(j, "location")), "here");
    assert_str(json_str(json_get(j, "rrule")), "FREQ=DAILY;COUNT=3");
    json_free(j);
    j = asked(w, "PATCH", target, "{\"rrule\":null,\"status\":\"tentative\",\"free\":true}", 200);
    assert_int_equal(json_type(json_get(j, "rrule")), JSON_T_NULL);
    json_free(j);
    ask(w, "GET", "/api/v1/calendar.ics", NULL, 200, text, sizeof text);
    assert_non_null(strstr(text, "TRANSP:TRANSPARENT\r\n"));
    assert_non_null(strstr(text, "STATUS:TENTATIVE\r\n"));
    assert_non_null(strstr(text, "TRIGGER:-PT15M\r\n"));
    assert_null(strstr(text, "RRULE:FREQ=DAILY"));
    ask(w, "DELETE", target, NULL, 204, text, sizeof text);
    starts_are(w, "", "");
}

#define WORLD(t) cmocka_unit_test_setup_teardown(t, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {WORLD(windows), WORLD(weeks_that_pass),
        WORLD(what_is_refused), WORLD(changes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
