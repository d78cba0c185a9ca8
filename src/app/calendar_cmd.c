/* `sotto calendar`: the schedule as a table; import, export, addresses; add and delete. */
#include <stdio.h>

#include "app/call.h"
#include "app/commands.h"
#include "app/filters.h"
#include "base/clock.h"
#include "base/os.h"
#include "base/uuid.h"
#include "base/zone.h"

#define MAX_FILE ((size_t)256 << 20)

static const char calendars_path[] = "/api/v1/calendar/calendars";

/* ---- asking ---------------------------------------------------------------------------------- */

/* Sends it; *out is the answer's tree, NULL when it has none. */
static bool send(Call *call, const char *method, Str target, const char *type, Str body,
                 Json **out, Err *err)
{
    CallAnswer answer;
    *out = NULL;
    if (!call_send(call, 0, method, target, type, body, &answer, err))
        return false;
    if (answer.body.len)
        *out = json_parse(buf_str(&answer.body), JSON_DEFAULT_DEPTH, err);
    bool ok = *out || answer.body.len == 0;
    buf_release(&answer.body);
    return ok;
}

static void show_json(Cli *cli, const Json *j)
{
    json_dump(j, &cli->out);
    buf_add_char(&cli->out, '\n');
}

/* A calendar by id, name or address. */
static bool find(Cli *cli, Call *call, const char *typed, Str *id, Err *err)
{
    Json *j = call_get(call, str_of(calendars_path), NULL, err);
    const Json *list = json_get(j, "calendars");
    size_t hits = 0;
    for (size_t i = 0; i < json_count(list); i++) {
        const Json *k = json_at(list, i);
        if (!str_eq(json_str(json_get(k, "id")), str_of(typed)) &&
            !str_eq_nocase(json_str(json_get(k, "name")), str_of(typed)) &&
            !str_eq(json_str(json_get(k, "address")), str_of(typed)))
            continue;
        *id = arena_str(cli->arena, json_str(json_get(k, "id")));
        hits++;
    }
    bool ok = j != NULL;
    json_free(j);
    if (ok && hits > 1)
        return err_set(err, ERR_VALIDATION, "%zu calendars are called %s: say its id", hits, typed);
    return ok && (hits || err_set(err, ERR_NOT_FOUND, "there is no calendar %s", typed));
}

/* ---- the schedule ---------------------------------------------------------------------------- */

static void day_line(Cli *cli, Str date)
{
    static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                       "Thursday", "Friday", "Saturday"};
    int64_t ms;
    Civil c = {0};
    if (!clock_parse(date, &ms))
        return;
    clock_civil_from_days(ms / 86400000, &c.year, &c.month, &c.day);
    buf_printf(&cli->out, "%s%s " STR_FMT "%s\n", term_paint(&cli->term, PAINT_BOLD),
               days[civil_weekday(&c)], STR_ARG(date), term_paint(&cli->term, PAINT_OFF));
}

static void event_line(Cli *cli, const Json *e)
{
    Buf *out = &cli->out;
    bool all_day = false, floating = false;
    Str start = json_str(json_get(e, "start")), end = json_str(json_get(e, "end"));
    Str place = json_str(json_get(e, "location")), status = json_str(json_get(e, "status"));
    (void)json_bool(json_get(e, "all_day"), &all_day);
    (void)json_bool(json_get(e, "floating"), &floating);
    if (!cli->term.out_tty) {
        buf_printf(out, STR_FMT "\t" STR_FMT "\t", STR_ARG(start), STR_ARG(end));
        term_text(out, json_str(json_get(e, "title")));
        buf_add_char(out, '\t');
        term_text(out, place);
        buf_printf(out, "\t" STR_FMT "\n", STR_ARG(json_str(json_get(e, "id"))));
        return;
    }
    if (all_day)
        buf_add_c(out, "  all day      ");
    else if (str_eq(str_sub(start, 0, 10), str_sub(end, 0, 10)))
        buf_printf(out, "  " STR_FMT "-" STR_FMT "  ", STR_ARG(str_sub(start, 11, 16)),
                   STR_ARG(str_sub(end, 11, 16)));
    else
        buf_printf(out, "  " STR_FMT "-      ", STR_ARG(str_sub(start, 11, 16)));
    buf_add_c(out, term_paint(&cli->term, PAINT_TITLE));
    term_text(out, json_str(json_get(e, "title")));
    buf_add_c(out, term_paint(&cli->term, PAINT_OFF));
    if (place.len) {
        buf_add_c(out, term_paint(&cli->term, PAINT_DIM));
        buf_add_c(out, "  ");
        term_text(out, place);
        buf_add_c(out, term_paint(&cli->term, PAINT_OFF));
    }
    if (str_eq(status, STR("tentative")))
        buf_add_c(out, "  (tentative)");
    buf_add_char(out, '\n');
}

static void show_agenda(Cli *cli, const Json *j)
{
    const Json *events = json_get(j, "events");
    Str day = {NULL, 0}, from = str_sub(json_str(json_get(j, "from")), 0, 10);
    bool cut = false;
    for (size_t i = 0; i < json_count(events); i++) {
        const Json *e = json_at(events, i);
        Str date = str_sub(json_str(json_get(e, "start")), 0, 10);
        if (str_cmp(date, from) < 0) /* it goes on from before */
            date = from;
        if (cli->term.out_tty && (!day.ptr || !str_eq(day, date)))
            day_line(cli, date);
        day = date;
        event_line(cli, e);
    }
    if (!json_count(events))
        cli_note(cli, "nothing is on the schedule");
    if (json_bool(json_get(j, "truncated"), &cut) && cut)
        cli_note(cli, "a limit cut the list short: ask for fewer days");
}

/* "today", "tomorrow", "week", a date; false when it is none of them. */
static bool window(Cli *cli, const char *word, Buf *target, Err *err)
{
    const char *days = cli_flag(cli, "--days");
    Zone *z = zone_open(str_of(config_text(cli->config, SET_ZONE)), err);
    if (!z)
        return false;
    Civil c = zone_civil(z, clock_now_ms());
    int64_t ms;
    char date[40];
    bool week = strcmp(word, "week") == 0;
    if (strcmp(word, "tomorrow") == 0)
        c.day++;
    else if (!week && strcmp(word, "today") != 0) {
        if (strlen(word) != 10 || !clock_parse(str_of(word), &ms)) {
            zone_free(z);
            return err_set(err, ERR_VALIDATION,
                           "\"%s\" is not today, tomorrow, week, a date such as 2026-12-01, or "
                           "something to do (see sotto help calendar)", word);
        }
        clock_civil_from_days(ms / 86400000 - (ms % 86400000 < 0), &c.year, &c.month, &c.day);
    }
    c.hour = 12;
    c = zone_civil(z, zone_instant(z, &c, NULL)); /* the 32nd carried over */
    (void)snprintf(date, sizeof date, "%04d-%02d-%02d", c.year, c.month, c.day);
    buf_add_c(target, "/api/v1/calendar/events");
    call_param(target, "from", str_of(date));
    call_param(target, "days", str_of(days ? days : week ? "7" : "1"));
    call_param(target, "tz", str_of(zone_name(z)));
    zone_free(z);
    return true;
}

static int agenda(Cli *cli, const char *word)
{
    Err err = ERR_INIT;
    Buf target, body;
    buf_init(&target, 4096);
    buf_init(&body, 64 << 20);
    if (!window(cli, word, &target, &err)) {
        buf_release(&target);
        return err.code == ERR_VALIDATION ? cli_usage_error(cli, "%s", err.msg)
                                          : cli_fail(cli, &err);
    }
    Call *call = call_open(cli->config, CALL_READ, "sotto calendar", &err);
    Json *j = call ? call_get(call, buf_str(&target), &body, &err) : NULL;
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    else if (j)
        show_agenda(cli, j);
    bool ok = j != NULL;
    json_free(j);
    call_close(call);
    buf_release(&target);
    buf_release(&body);
    return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
}

/* ---- in and out ------------------------------------------------------------------------------ */

static void show_import(Cli *cli, const Json *j)
{
    static const char *const names[][2] = {{"created", "new"}, {"updated", "changed"},
        {"unchanged", "unchanged"}, {"older", "older than what is there"},
        {"removed", "gone"}, {"tasks_created", "tasks made"}, {"tasks_known", "tasks known"}};
    const Json *import = json_get(j, "import"), *notes = json_get(import, "notes");
    Str problem = json_str(json_get(j, "problem"));
    bool any = false;
    term_text(&cli->out, json_str(json_get(j, "name")));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        int64_t n = 0;
        if (!json_int(json_get(import, names[i][0]), &n) || n == 0)
            continue;
        buf_printf(&cli->out, "%s%lld %s", any ? ", " : ": ", (long long)n, names[i][1]);
        any = true;
    }
    buf_add_c(&cli->out, any ? "\n" : ": nothing new\n");
    for (size_t i = 0; i < json_count(notes); i++) {
        buf_add_c(&cli->out, "  ");
        term_text(&cli->out, json_str(json_at(notes, i)));
        buf_add_char(&cli->out, '\n');
    }
    if (str_eq(json_str(json_get(j, "state")), STR("failed"))) {
        buf_add_c(&cli->out, "  failed: ");
        term_text(&cli->out, problem);
        buf_add_char(&cli->out, '\n');
    }
}

static bool import_file(Cli *cli, Call *call, const char *path, Str into, Err *err)
{
    Buf data, form;
    Uuid id;
    char boundary[UUID_TEXT], type[80];
    Json *j = NULL;
    Str name = str_file_name(str_of(path));
    buf_init(&data, MAX_FILE);
    buf_init(&form, MAX_FILE + 8192);
    bool ok = uuid_v4(&id, err) && os_read_file(path, &data, err);
    if (ok) {
        (void)snprintf(type, sizeof type, "multipart/form-data; boundary=%s",
                       uuid_format(&id, boundary));
        if (into.len)
            buf_printf(&form, "--%s\r\nContent-Disposition: form-data; name=\"calendar\"\r\n\r\n"
                              STR_FMT "\r\n", boundary, STR_ARG(into));
        buf_printf(&form, "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"",
                   boundary);
        for (size_t i = 0; i < name.len; i++)
            (void)buf_add_char(&form, name.ptr[i] == '"' ? '_' : name.ptr[i]);
        buf_add_c(&form, "\"\r\nContent-Type: text/calendar\r\n\r\n");
        buf_add(&form, buf_str(&data));
        buf_printf(&form, "\r\n--%s--\r\n", boundary);
        ok = buf_check(&form, path, err) &&
             send(call, "POST", STR("/api/v1/calendar/import"), type, buf_str(&form), &j, err);
    }
    if (ok && cli->json)
        show_json(cli, j);
    else if (ok)
        show_import(cli, j);
    json_free(j);
    buf_release(&data);
    buf_release(&form);
    return ok;
}

static bool import_all(Cli *cli, Call *call, Err *err)
{
    Str into = {NULL, 0};
    const char *named = cli_flag(cli, "--into");
    bool ok = !named || find(cli, call, named, &into, err);
    for (size_t i = 1; ok && i < cli->n_args; i++) {
        ok = import_file(cli, call, cli->args[i], into, err);
        if (!ok && cli->n_args > 2)
            (void)err_wrap(err, "%s", cli->args[i]);
    }
    return ok;
}

static bool export_all(Cli *cli, Call *call, Err *err)
{
    Buf target;
    CallAnswer answer;
    const char *to = cli_flag(cli, "--output");
    buf_init(&target, 4096);
    buf_add_c(&target, "/api/v1/calendar.ics");
    if (cli_flag(cli, "--subscribed"))
        call_param(&target, "subscribed", STR("true"));
    if (cli_flag(cli, "--no-tasks"))
        call_param(&target, "tasks", STR("false"));
    bool ok = call_send(call, 0, "GET", buf_str(&target), NULL, STR(""), &answer, err);
    if (ok && to && strcmp(to, "-") != 0)
        ok = os_write_file(to, buf_str(&answer.body), 0600, err);
    else if (ok)
        buf_add(&cli->out, buf_str(&answer.body));
    if (ok)
        buf_release(&answer.body);
    buf_release(&target);
    return ok;
}

/* ---- calendars ------------------------------------------------------------------------------- */

static bool list(Cli *cli, Call *call, Err *err)
{
    Buf body;
    buf_init(&body, 16 << 20);
    Json *j = call_get(call, str_of(calendars_path), &body, err);
    const Json *all = json_get(j, "calendars");
    if (j && cli->json)
        buf_printf(&cli->out, "%s\n", body.ptr);
    for (size_t i = 0; !cli->json && i < json_count(all); i++) {
        const Json *k = json_at(all, i);
        Str problem = json_str(json_get(k, "problem")), address = json_str(json_get(k, "address"));
        int64_t n = 0;
        (void)json_int(json_get(k, "events"), &n);
        buf_add_c(&cli->out, term_paint(&cli->term, PAINT_TITLE));
        term_text(&cli->out, json_str(json_get(k, "name")));
        buf_printf(&cli->out, "%s  " STR_FMT ", ", term_paint(&cli->term, PAINT_OFF),
                   STR_ARG(json_str(json_get(k, "state"))));
        term_count(&cli->out, (uint64_t)n, "event", "events");
        buf_add_char(&cli->out, '\n');
        if (address.len) {
            buf_add_c(&cli->out, "  ");
            term_text(&cli->out, address);
            buf_add_char(&cli->out, '\n');
        }
        if (problem.len) {
            buf_add_c(&cli->out, "  ");
            term_text(&cli->out, problem);
            buf_add_char(&cli->out, '\n');
        }
    }
    bool ok = j != NULL;
    json_free(j);
    buf_release(&body);
    return ok;
}

static bool post(Cli *cli, Call *call, Str target, Str body, Err *err)
{
    Json *j;
    if (!send(call, "POST", target, body.len ? "application/json" : NULL, body, &j, err))
        return false;
    if (cli->json && j)
        show_json(cli, j);
    else if (json_get(j, "import"))
        show_import(cli, j);
    else
        event_line(cli, j);
    json_free(j);
    return true;
}

static bool subscribe(Cli *cli, Call *call, Err *err)
{
    Buf body;
    JsonW w;
    uint64_t seconds;
    const char *name = cli_flag(cli, "--name"), *refresh = cli_flag(cli, "--refresh");
    if (refresh && !str_to_u64(str_of(refresh), &seconds))
        return err_set(err, ERR_VALIDATION, "--refresh takes a number of seconds");
    buf_init(&body, 64 << 10);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_cstr(&w, "address", cli->args[1]);
    if (name)
        jw_kv_cstr(&w, "name", name);
    if (refresh)
        jw_kv_int(&w, "refresh_seconds", (int64_t)seconds);
    if (cli_flag(cli, "--private"))
        jw_kv_bool(&w, "private_network", true);
    jw_obj_end(&w);
    bool ok = post(cli, call, str_of(calendars_path), buf_str(&body), err);
    buf_release(&body);
    return ok;
}

static bool refresh_one(Cli *cli, Call *call, Str id, Err *err)
{
    Str target = arena_printf(cli->arena, "%s/" STR_FMT "/refresh", calendars_path, STR_ARG(id));
    return target.ptr ? post(cli, call, target, STR(""), err)
                      : err_set(err, ERR_NO_MEMORY, "no memory");
}

static bool refresh(Cli *cli, Call *call, Err *err)
{
    Str id;
    if (cli->n_args > 1)
        return find(cli, call, cli->args[1], &id, err) && refresh_one(cli, call, id, err);
    Json *j = call_get(call, str_of(calendars_path), NULL, err);
    const Json *all = json_get(j, "calendars");
    bool ok = j != NULL;
    for (size_t i = 0; ok && i < json_count(all); i++)
        if (json_str(json_get(json_at(all, i), "address")).len)
            ok = refresh_one(cli, call, json_str(json_get(json_at(all, i), "id")), err);
    json_free(j);
    return ok;
}

static bool delete_at(Cli *cli, Call *call, Str target, Err *err)
{
    Json *j;
    if (!send(call, "DELETE", target, NULL, STR(""), &j, err))
        return false;
    json_free(j);
    if (cli->json)
        buf_add_c(&cli->out, "{\"deleted\":true}\n");
    else
        buf_add_c(&cli->out, "deleted\n");
    return true;
}

static bool remove_calendar(Cli *cli, Call *call, Err *err)
{
    Str id;
    if (!find(cli, call, cli->args[1], &id, err) ||
        !filters_confirm(cli, "delete the calendar with its events?", err))
        return false;
    Str target = arena_printf(cli->arena, "%s/" STR_FMT, calendars_path, STR_ARG(id));
    return target.ptr ? delete_at(cli, call, target, err)
                      : err_set(err, ERR_NO_MEMORY, "no memory");
}

static bool delete_event(Cli *cli, Call *call, Err *err)
{
    Buf target;
    const char *at = cli_flag(cli, "--occurrence");
    buf_init(&target, 8192);
    buf_printf(&target, "/api/v1/calendar/events/%s", cli->args[1]);
    if (at)
        call_param(&target, "occurrence", str_of(at));
    bool ok = delete_at(cli, call, buf_str(&target), err);
    buf_release(&target);
    return ok;
}

static bool add(Cli *cli, Call *call, Err *err)
{
    Buf body;
    JsonW w;
    Str into = {NULL, 0};
    const char *place = cli_flag(cli, "--at"), *rule = cli_flag(cli, "--repeat"), *before;
    const char *named = cli_flag(cli, "--into");
    if (named && !find(cli, call, named, &into, err))
        return false;
    buf_init(&body, 64 << 10);
    jw_init(&w, &body);
    jw_obj(&w);
    jw_kv_cstr(&w, "title", cli->args[1]);
    jw_kv_cstr(&w, "start", cli->args[2]);
    if (cli->n_args > 3)
        jw_kv_cstr(&w, "end", cli->args[3]);
    if (into.len)
        jw_kv_str(&w, "calendar", into);
    if (place)
        jw_kv_cstr(&w, "location", place);
    if (rule)
        jw_kv_cstr(&w, "rrule", rule);
    if (cli_flag(cli, "--remind")) {
        jw_key(&w, "remind_before");
        jw_arr(&w);
        for (size_t i = 0; (before = cli_flag_at(cli, "--remind", i)); i++)
            jw_cstr(&w, before);
        jw_arr_end(&w);
    }
    jw_obj_end(&w);
    bool ok = post(cli, call, STR("/api/v1/calendar/events"), buf_str(&body), err);
    buf_release(&body);
    return ok;
}

static const struct {
    const char *name;
    size_t least, most; /* words, with the name */
    unsigned needs;
    bool (*run)(Cli *cli, Call *call, Err *err);
    const char *usage;
} verbs[] = {
    {"list", 1, 1, CALL_READ, list, "sotto calendar list"},
    {"import", 2, SIZE_MAX, CALL_WRITE, import_all, "sotto calendar import FILE..."},
    {"export", 1, 1, CALL_READ, export_all, "sotto calendar export"},
    {"subscribe", 2, 2, CALL_WRITE, subscribe, "sotto calendar subscribe URL"},
    {"refresh", 1, 2, CALL_WRITE, refresh, "sotto calendar refresh [CALENDAR]"},
    {"remove", 2, 2, CALL_WRITE, remove_calendar, "sotto calendar remove CALENDAR"},
    {"add", 3, 4, CALL_WRITE, add, "sotto calendar add TITLE START [END]"},
    {"delete", 2, 2, CALL_WRITE, delete_event, "sotto calendar delete ID"},
};

int calendar_command(Cli *cli)
{
    Err err = ERR_INIT;
    const char *word = cli->n_args ? cli->args[0] : "today";
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(word, verbs[i].name) != 0)
            continue;
        if (cli->n_args < verbs[i].least || cli->n_args > verbs[i].most)
            return cli_usage_error(cli, "it is: %s", verbs[i].usage);
        Call *call = call_open(cli->config, verbs[i].needs, "sotto calendar", &err);
        bool ok = call && verbs[i].run(cli, call, &err);
        call_close(call);
        return ok ? cli_done(cli, 0) : cli_fail(cli, &err);
    }
    if (cli->n_args > 1)
        return cli_usage_error(cli, "\"%s\" is nothing that sotto calendar does", word);
    return agenda(cli, word);
}
