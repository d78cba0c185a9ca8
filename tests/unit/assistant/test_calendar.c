/* The calendar without network and confined process: entries as the reader gives them, the
 * schedule, single events, what goes out; memory that runs out; a reader that was taken over. */
#include "support/unit.h"

#include <stdio.h>

#include "assistant/calendar_int.h"
#include "base/clock.h"
#include "support/tempdir.h"
#include "support/torture.h"

typedef struct {
    TempDir dir;
    Store *store;
    Calendars *c;
    Arena *a;
} World;

static bool as_it_is(void *arg, Str data, Str filename, Arena *a, Str *lines, Err *err)
{
    (void)arg;
    (void)filename;
    (void)a;
    (void)err;
    *lines = data;
    return true;
}

static int set_up(void **state)
{
    static World w;
    Err err = ERR_INIT;
    w = (World){0};
    tempdir_make(&w.dir);
    clock_set_ms(1795420800000); /* 2026-11-23T08:00:00Z */
    w.store = store_open_sqlite(&(StoreOptions){.dir = w.dir.path, .model = "none"}, &err);
    if (!w.store)
        fail_msg("%s", err.msg);
    CalendarsOptions o = {.store = w.store, .owner = {{7}}, .zone = STR("Europe/Berlin"),
        .read = as_it_is};
    w.c = calendars_new(&o, &err);
    w.a = arena_new(ARENA_DEFAULT_MAX);
    assert_true(w.c && w.a);
    *state = &w;
    return 0;
}

static int tear_down(void **state)
{
    World *w = *state;
    calendars_free(w->c);
    store_close(w->store);
    arena_free(w->a);
    tempdir_remove(&w->dir);
    return 0;
}

static ImportReport take(World *w, const char *lines)
{
    Err err = ERR_INIT;
    ImportReport r;
    if (!calendars_import(w->c, NULL, str_of(lines), STR(""), w->a, &r, &err))
        fail_msg("%s", err.msg);
    return r;
}

static int64_t at(const char *text)
{
    int64_t ms;
    assert_true(clock_parse(str_of(text), &ms));
    return ms;
}

/* "begin title" of each, separated by "; ". */
static void schedule_is(World *w, const char *from, const char *until, const char *want)
{
    Err err = ERR_INIT;
    Agenda g;
    AgendaQuery q = {.from = at(from), .until = at(until)};
    Buf b;
    char one[ZONE_RFC3339_MAX];
    buf_init(&b, 1 << 16);
    if (!agenda_between(w->c, &q, w->a, &g, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < g.n; i++)
        buf_printf(&b, "%s%s " STR_FMT, i ? "; " : "",
                   zone_format(calendars_zone(w->c), g.items[i].start_ms, one),
                   STR_ARG(g.items[i].event->summary));
    assert_str(buf_str(&b), want);
    buf_release(&b);
}

#define RAW(uid) ",\"raw\":\"UID:" uid "\\nX-KEPT:1\\n\"}\n"
#define DAILY                                                                                      \
    "{\"k\":\"event\",\"uid\":\"d\",\"summary\":\"daily\",\"start\":{\"v\":\"20261023T090000\","   \
    "\"tzid\":\"Europe/Berlin\"},\"duration\":\"PT1H\",\"rrules\":[\"FREQ=DAILY\"],"               \
    "\"exdates\":[{\"v\":\"20261025\"}]" RAW("d")
#define MOVED                                                                                      \
    "{\"k\":\"event\",\"uid\":\"d\",\"summary\":\"moved\",\"recurrence\":{\"v\":"                  \
    "\"20261026T080000Z\"},\"start\":{\"v\":\"20261026T150000\",\"tzid\":\"Europe/Berlin\"}"       \
    ",\"raw\":\"UID:d\\nRECURRENCE-ID:20261026T080000Z\\n\"}\n"

static void test_series(void **state)
{
    World *w = *state;
    ImportReport r = take(w, DAILY MOVED);
    assert_int_equal(r.events.created, 2);
    assert_int_equal(r.n_notes, 0);
    /* Nine o'clock on both sides of the change; 25 October is taken away, 26 October moved. */
    schedule_is(w, "2026-10-24", "2026-10-28",
                "2026-10-24T09:00:00+02:00 daily; 2026-10-26T15:00:00+01:00 moved; "
                "2026-10-27T09:00:00+01:00 daily");
    assert_int_equal(take(w, DAILY MOVED).events.unchanged, 2);
}

static void test_this_and_later(void **state)
{
    World *w = *state;
    (void)take(w, DAILY "{\"k\":\"event\",\"uid\":\"d\",\"summary\":\"later\",\"recurrence\":{"
                        "\"v\":\"20261027T080000Z\"},\"and_later\":true,\"start\":{\"v\":"
                        "\"20261027T100000Z\"}" RAW("d"));
    schedule_is(w, "2026-10-26", "2026-10-29",
                "2026-10-26T09:00:00+01:00 daily; 2026-10-27T11:00:00+01:00 later; "
                "2026-10-28T11:00:00+01:00 later");
}

static void test_whole_days_and_floating(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    Agenda g;
    (void)take(w, "{\"k\":\"event\",\"uid\":\"x\",\"summary\":\"feast\",\"start\":{\"v\":"
                  "\"20261224\"},"
                  "\"end\":{\"v\":\"20261227\"}" RAW("x")
                  "{\"k\":\"event\",\"uid\":\"f\",\"summary\":\"pill\",\"start\":{\"v\":"
                  "\"20261224T070000\"}" RAW("f"));
    schedule_is(w, "2026-12-24T06:00:00+01:00", "2026-12-24T08:00:00+01:00",
                "2026-12-24T00:00:00+01:00 feast; 2026-12-24T07:00:00+01:00 pill");
    schedule_is(w, "2026-12-26T22:30:00Z", "2026-12-26T22:59:00Z",
                "2026-12-24T00:00:00+01:00 feast");
    schedule_is(w, "2026-12-26T23:00:00Z", "2026-12-27T23:00:00Z", "");
    const Zone *tokyo = calendars_zone_named(w->c, STR("Asia/Tokyo"));
    AgendaQuery q = {.from = at("2026-12-23T15:00:00Z"), .until = at("2026-12-24T15:00:00Z"),
        .zone = tokyo};
    assert_true(agenda_between(w->c, &q, w->a, &g, &err));
    assert_int_equal(g.n, 2);
    assert_int_equal(g.items[0].start_ms, at("2026-12-23T15:00:00Z"));
    assert_int_equal(g.items[1].start_ms, at("2026-12-23T22:00:00Z"));
}

/* The reader is not trusted: what breaks a rule is left out or ends the import, and is told. */
static void test_untrusted_reader(void **state)
{
    World *w = *state;
    static const char *const left_out[] = {
        "{\"k\":\"event\",\"uid\":\"x\",\"start\":{\"v\":\"20261224\"},\"raw\":\"no line\\n\"}\n",
        "{\"k\":\"event\",\"uid\":\"x\",\"start\":{\"v\":\"20261224\"},\"raw\":\"A:1\\r\\n\"}\n",
        "{\"k\":\"event\",\"uid\":\"x\",\"start\":{\"v\":\"20261224\"},\"raw\":\"A:1\"}\n",
        "{\"k\":\"event\",\"uid\":\"x\",\"start\":{\"v\":\"20261324\"}" RAW("x"),
        "{\"k\":\"event\",\"uid\":\"x\",\"start\":17" RAW("x"),
        "{\"k\":\"event\",\"uid\":\"x\"" RAW("x"),
    };
    for (size_t i = 0; i < ARRAY_LEN(left_out); i++) {
        ImportReport r = take(w, left_out[i]);
        assert_int_equal(r.events.created, 0);
        assert_int_equal(r.n_notes, 1);
    }
    static const char *const broken[] = {"{\"k\":", "[]]\n", "{\"k\":\"event\"}}\n"};
    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        Err err = ERR_INIT;
        ImportReport r;
        assert_err(calendars_import(w->c, NULL, str_of(broken[i]), STR(""), w->a, &r, &err), err,
                   ERR_VALIDATION, "not usable");
    }
    /* An empty UID is the store's to refuse. */
    Err err = ERR_INIT;
    ImportReport r;
    assert_err(calendars_import(w->c, NULL,
                   STR("{\"k\":\"event\",\"uid\":\"\",\"start\":{\"v\":\"20261224\"}" RAW("x")),
                   STR(""), w->a, &r, &err), err, ERR_VALIDATION, "UID");
    schedule_is(w, "2026-01-01", "2027-01-01", "");
}

static void test_zones_of_the_file(void **state)
{
    World *w = *state;
    ImportReport r = take(w,
        "{\"k\":\"zone\",\"tzid\":\"Odd One\",\"raw\":\"TZID:Odd One\\n\",\"rules\":[{\"from\":"
        "\"+0130\",\"to\":\"+0030\",\"start\":\"19701101T020000\",\"rrule\":\"FREQ=YEARLY;BYMONTH="
        "11;BYDAY=1SU\"},{\"from\":\"+0030\",\"to\":\"+0130\",\"start\":\"19700301T020000\","
        "\"rrule\":\"FREQ=YEARLY;BYMONTH=3;BYDAY=1SU\"}]}\n"
        "{\"k\":\"zone\",\"tzid\":\"Broken One\",\"raw\":\"TZID:Broken One\\n\",\"rules\":[{}]}\n"
        "{\"k\":\"event\",\"uid\":\"s\",\"summary\":\"summer\",\"start\":{\"v\":"
        "\"20260701T120000\",\"tzid\":\"Odd One\"}" RAW("s")
        "{\"k\":\"event\",\"uid\":\"w\",\"summary\":\"winter\",\"start\":{\"v\":"
        "\"20261201T120000\",\"tzid\":\"Odd One\"}" RAW("w")
        "{\"k\":\"event\",\"uid\":\"b\",\"summary\":\"lost\",\"start\":{\"v\":"
        "\"20261202T120000\",\"tzid\":\"Broken One\"}" RAW("b"));
    assert_int_equal(r.events.created, 3);
    assert_int_equal(r.n_notes, 1);
    schedule_is(w, "2026-06-01", "2026-12-31",
                "2026-07-01T12:30:00+02:00 summer; 2026-12-01T12:30:00+01:00 winter; "
                "2026-12-02T12:00:00+01:00 lost");
}

static void exported(World *w, Buf *out)
{
    Err err = ERR_INIT;
    ExportQuery q = {0};
    buf_init(out, 1 << 22);
    if (!calendars_export(w->c, &q, w->a, out, &err))
        fail_msg("%s", err.msg);
}

static bool has(const Buf *b, const char *text)
{
    return str_find(buf_str(b), str_of(text), 0) != SIZE_MAX;
}

static void test_single_events(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    CalEvent e, one;
    Buf out;
    Str title = STR("a, title"), rule = STR("FREQ=WEEKLY;COUNT=3"), other = STR("other");
    EventAlarm alarm = {false, -600000};
    EventWhen when = {EVENT_TIMED, STR("America/New_York"), at("2026-12-01T15:00:00Z"),
        at("2026-12-01T16:00:00Z")};
    EventEdit edit = {.summary = &title, .when = &when, .rrule = &rule, .alarms = &alarm,
        .n_alarms = 1, .set_alarms = true};
    assert_true(calendars_event_create(w->c, NULL, &edit, w->a, &e, &err));
    assert_int_equal(e.last_ms, at("2026-12-15T16:00:00Z"));
    EventEdit rename = {.summary = &other};
    int64_t second = at("2026-12-08T15:00:00Z"), none = at("2026-12-09T15:00:00Z");
    assert_true(calendars_event_change(w->c, &e.id, &second, &rename, w->a, &one, &err));
    assert_true(one.replaces && one.recurrence_ms == second);
    assert_err(calendars_event_change(w->c, &e.id, &none, &rename, w->a, &one, &err), err,
               ERR_NOT_FOUND, "no occurrence");
    schedule_is(w, "2026-12-01", "2027-01-01",
                "2026-12-01T16:00:00+01:00 a, title; 2026-12-08T16:00:00+01:00 other; "
                "2026-12-15T16:00:00+01:00 a, title");
    exported(w, &out);
    assert_true(has(&out, "SUMMARY:a\\, title\r\n") && has(&out, "TRIGGER:-PT10M\r\n"));
    assert_true(has(&out, "DTSTART;TZID=America/New_York:20261201T100000\r\n"));
    assert_true(has(&out, "RECURRENCE-ID;TZID=America/New_York:20261208T100000\r\n"));
    assert_true(has(&out, "TZID:America/New_York\r\n"));
    assert_true(has(&out, "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\n"));
    buf_release(&out);
    /* A series that moves begins anew. */
    EventWhen later = {EVENT_TIMED, STR("America/New_York"), at("2026-12-02T15:00:00Z"),
        at("2026-12-02T16:00:00Z")};
    EventEdit move = {.when = &later};
    assert_true(calendars_event_change(w->c, &e.id, NULL, &move, w->a, &one, &err));
    schedule_is(w, "2026-12-01", "2027-01-01",
                "2026-12-02T16:00:00+01:00 a, title; 2026-12-09T16:00:00+01:00 a, title; "
                "2026-12-16T16:00:00+01:00 a, title");
    assert_true(calendars_event_delete(w->c, &e.id, NULL, w->a, &err));
    schedule_is(w, "2026-12-01", "2027-01-01", "");
    Err gone = ERR_INIT;
    assert_err(calendars_event_delete(w->c, &e.id, NULL, w->a, &gone), gone, ERR_NOT_FOUND,
               "no such event");
}

/* VTIMEZONE of a zone whose rules changed, read back by our own reading of definitions, has the
 * same offsets. */
static void test_vtimezone(void **state)
{
    static const char *const names[] = {"Europe/Berlin", "America/New_York", "Asia/Kolkata",
        "America/Sao_Paulo", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"};
    (void)state;
    World *w = *state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const Zone *z = calendars_zone_named(w->c, str_of(names[i]));
        Buf text, json, line, tzif;
        JsonW j;
        IcalLine l;
        bool open = false;
        assert_non_null(z);
        buf_init(&text, 1 << 20);
        buf_init(&json, 1 << 20);
        buf_init(&line, 4096);
        buf_init(&tzif, 1 << 20);
        zone_write_vtimezone(z, str_of(names[i]), at("1999-05-01"), &text);
        jw_init(&j, &json);
        jw_arr(&j);
        for (Str rest = buf_str(&text); ical_next(&rest, &line);) {
            assert_true(ical_split(buf_str(&line), &l));
            bool part = str_eq(l.value, STR("STANDARD")) || str_eq(l.value, STR("DAYLIGHT"));
            if (part && str_eq(l.name, STR("BEGIN")))
                jw_obj(&j);
            else if (part)
                jw_obj_end(&j);
            open = part ? str_eq(l.name, STR("BEGIN")) : open;
            static const char *const keys[][2] = {{"TZOFFSETFROM", "from"}, {"TZOFFSETTO", "to"},
                {"DTSTART", "start"}, {"RRULE", "rrule"}, {"TZNAME", "name"}};
            for (size_t k = 0; open && k < ARRAY_LEN(keys); k++)
                if (str_eq(l.name, str_of(keys[k][0])))
                    jw_kv_str(&j, keys[k][1], l.value);
        }
        jw_arr_end(&j);
        Json *rules = json_parse(buf_str(&json), 8, NULL);
        assert_true(rules && zone_from_rules(rules, &tzif));
        Zone *again = zone_parse(STR("again"), buf_str(&tzif), NULL);
        assert_non_null(again);
        for (int64_t ms = at("1999-05-01"); ms < at("2036-01-01"); ms += 7 * 3600000LL + 60000)
            if (zone_offset(z, ms, NULL, NULL) != zone_offset(again, ms, NULL, NULL)) {
                char when[CLOCK_RFC3339_MAX];
                fail_msg("%s at %s: %d is not %d", names[i], clock_format(ms, when),
                         zone_offset(again, ms, NULL, NULL), zone_offset(z, ms, NULL, NULL));
            }
        zone_free(again);
        json_free(rules);
        buf_release(&text);
        buf_release(&json);
        buf_release(&line);
        buf_release(&tzif);
    }
}

static void test_lines(void **state)
{
    Buf raw;
    (void)state;
    buf_init(&raw, 1 << 16);
    (void)buf_add_c(&raw, "UID:1\nSUMMARY;X=\"a:b\":old\nBEGIN:VALARM\nSUMMARY:in it\nEND:VALARM\n"
                          "SUMMARY:twice\n");
    event_raw_set(&raw, "SUMMARY", STR("SUMMARY:new"));
    assert_str(buf_str(&raw),
               "UID:1\nSUMMARY:new\nBEGIN:VALARM\nSUMMARY:in it\nEND:VALARM\n");
    event_raw_set(&raw, "LOCATION", STR("LOCATION:here"));
    assert_str(buf_str(&raw), "UID:1\nSUMMARY:new\nLOCATION:here\nBEGIN:VALARM\nSUMMARY:in it\n"
                              "END:VALARM\n");
    event_raw_drop_alarms(&raw);
    event_raw_set(&raw, "SUMMARY", STR(""));
    assert_str(buf_str(&raw), "UID:1\nLOCATION:here\n");
    EventAlarm alarms[] = {{false, -90 * 60000}, {false, -86400000}, {true, 1795420800000}};
    for (size_t i = 0; i < ARRAY_LEN(alarms); i++)
        event_raw_add_alarm(&raw, &alarms[i], STR("a;b"));
    assert_true(has(&raw, "TRIGGER:-PT1H30M\n") && has(&raw, "TRIGGER:-P1D\n") &&
                has(&raw, "TRIGGER;VALUE=DATE-TIME:20261123T080000Z\n") &&
                has(&raw, "DESCRIPTION:a\\;b\n"));
    buf_release(&raw);
}

static void test_calendars(void **state)
{
    World *w = *state;
    Err err = ERR_INIT;
    Calendar k, *list;
    size_t n;
    Str name = STR("Renamed");
    uint32_t refresh = 600;
    assert_true(calendars_make(w->c, STR("Home"), w->a, &k, &err));
    assert_err(calendars_change(w->c, &k.id, NULL, &refresh, w->a, &k, &err), err, ERR_CONFLICT,
               "no address");
    assert_true(calendars_change(w->c, &k.id, &name, NULL, w->a, &k, &err));
    assert_true(calendars_list(w->c, w->a, &list, &n, &err) && n == 1);
    assert_str(list[0].name, "Renamed");
    (void)take(w, DAILY);
    assert_true(calendars_list(w->c, w->a, &list, &n, &err) && n == 1 && list[0].n_events == 1);
    assert_true(calendars_delete(w->c, &k.id, &err));
    schedule_is(w, "2026-10-24", "2026-10-28", "");
    Err gone = ERR_INIT;
    assert_err(calendars_delete(w->c, &k.id, &gone), gone, ERR_NOT_FOUND, "no such calendar");
    static const char *const bad[] = {"ftp://x/y", "example.com/cal.ics", "file:///etc/passwd", ""};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        Err why = ERR_INIT;
        ImportReport r;
        FeedDraft d = {.address = str_of(bad[i])};
        assert_err(calendars_subscribe(w->c, &d, w->a, &r, &why), why, ERR_VALIDATION, "https");
    }
}

static bool take_and_look(void *arg)
{
    World *w = arg;
    Err err = ERR_INIT;
    ImportReport r;
    Agenda g;
    Buf out;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    AgendaQuery q = {.from = at("2026-10-24"), .until = at("2026-10-28")};
    ExportQuery x = {0};
    buf_init(&out, 1 << 20);
    bool ok = a && calendars_import(w->c, NULL, STR(DAILY MOVED), STR(""), a, &r, &err) &&
              agenda_between(w->c, &q, a, &g, &err) && g.n == 3 &&
              calendars_export(w->c, &x, a, &out, &err) && has(&out, "UID:d");
    arena_free(a);
    buf_release(&out);
    return ok;
}

static void test_memory(void **state)
{
    World *w = *state;
    assert_true(take_and_look(w)); /* zones and statements are open now */
    assert_true(torture_alloc(take_and_look, w, 0) > 10);
    schedule_is(w, "2026-10-26", "2026-10-27", "2026-10-26T15:00:00+01:00 moved");
}

#define WORLD(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD(test_series), WORLD(test_this_and_later), WORLD(test_whole_days_and_floating),
        WORLD(test_untrusted_reader), WORLD(test_zones_of_the_file), WORLD(test_single_events),
        WORLD(test_vtimezone), cmocka_unit_test(test_lines), WORLD(test_calendars),
        WORLD(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
