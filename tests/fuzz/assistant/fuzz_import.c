/* fuzz_import.c - what a confined reader of calendars may say after it was taken over: lines that
 * become events, to-dos and zones of a calendar. They are taken or refused with a reason, and the
 * days that follow can be listed and written out again. */
#include "../require.h"

#include <unistd.h>

#include "assistant/calendar_int.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/os.h"

#define NOW 1795424400000LL /* 2026-11-23T09:00:00Z */
#define DAY 86400000LL

static struct {
    char folder[64];
    Store *store;
    Tasks *tasks;
    Calendars *c;
} world;

static void end(void)
{
    calendars_free(world.c);
    tasks_free(world.tasks);
    store_close(world.store);
    (void)os_remove_tree(world.folder, NULL);
}

static void begin(void)
{
    Err err = ERR_INIT;
    (void)snprintf(world.folder, sizeof world.folder, "%s/sotto-fuzz-XXXXXX",
                   access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    REQUIRE(mkdtemp(world.folder));
    log_init(LOG_ERROR, "text");
    clock_set_ms(NOW);
    world.store = store_open_sqlite(&(StoreOptions){.dir = world.folder, .model = "test"}, &err);
    TasksOptions t = {.store = world.store, .owner = {{7}}, .zone = STR("Europe/Berlin")};
    world.tasks = world.store ? tasks_new(&t, &err) : NULL;
    CalendarsOptions o = {.store = world.store, .owner = {{7}}, .zone = STR("Europe/Berlin"),
                          .tasks = world.tasks};
    world.c = world.tasks ? calendars_new(&o, &err) : NULL;
    REQUIRE(world.c && atexit(end) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    Calendar k;
    ImportReport report;
    Agenda days;
    Buf out;
    if (size > 16384)
        return 0;
    if (!world.c)
        begin();
    Arena *a = arena_new((size_t)256 << 20);
    REQUIRE(a && calendars_own(world.c, a, &k, &err));
    ImportTarget t = {.calendar = &k, .whole = true};
    if (calendars_take(world.c, &t, str_mem((const char *)data, size), a, &report, &err)) {
        for (size_t i = 0; i < report.n_notes; i++)
            REQUIRE(utf8_ok(report.notes[i]));
        AgendaQuery q = {.from = NOW - 30 * DAY, .until = NOW + 30 * DAY};
        if (!agenda_between(world.c, &q, a, &days, &err))
            require_said(&err);
        for (size_t i = 0; err.code == ERR_NONE && i < days.n; i++)
            REQUIRE(utf8_ok(days.items[i].event->summary));
        buf_init(&out, (size_t)16 << 20);
        err = ERR_INIT;
        if (!calendars_export(world.c, &(ExportQuery){.calendar = &k.id}, a, &out, &err))
            require_said(&err);
        buf_release(&out);
    } else {
        require_said(&err);
    }
    arena_free(a);
    return 0;
}
