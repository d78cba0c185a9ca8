/* read_events.c - iCalendar (RFC 5545) to structured events, for the calendar (not for search: that
 * is read_calendar.c's).
 *
 *   bytes -> UTF-8 -> unfolded lines -> components -> one line of JSON each, in the part "events"
 *
 * {"k":"calendar","name"} · {"k":"zone","tzid","lic","raw","rules":[{"from","to","start","rrule",
 * "rdates"}]} · {"k":"event"|"todo","raw",...} · {"k":"note","text"}: what was left out and why.
 *
 * `raw` are the component's own lines, unfolded, so that what nobody understands comes out again;
 * the other members are what we understand. No library: they normalise, and drop what they do not
 * know. Bounds: a line EVENTS_MAX_LINE, a component EVENTS_MAX_RAW, nesting EVENTS_MAX_DEPTH,
 * entries EVENTS_MAX, all of it EVENTS_MAX_BYTES; what is over is left out and told. */
#include "ingest/events.h"

#include <stdio.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "ingest/extract.h"
#include "text/ical.h"

typedef enum { C_NONE, C_EVENT, C_TODO, C_ZONE } Component;

typedef struct {
    Buf out;        /* the lines of JSON */
    Buf raw;        /* of the component that is open */
    Buf text;       /* scratch */
    Buf name;       /* the calendar's */
    Component kind; /* of the component that is open */
    unsigned depth, base; /* open components in all; those around the one that is kept */
    bool spoilt;    /* the open component is too large, or nested too deep */
    bool calendar;  /* a VCALENDAR was there */
    size_t kept, over, spoilt_n, lines_n;
} Events;

/* ---- lines of a component -------------------------------------------------------------------- */

/* The next line of raw that is not inside a component of its own, or only those that are. */
static bool next_line(Str *rest, unsigned *depth, unsigned want, IcalLine *l)
{
    Str line;
    while (rest->len && str_next(rest, '\n', &line)) {
        if (!ical_split(line, l))
            continue;
        if (str_eq_nocase(l->name, STR("BEGIN")))
            ++*depth;
        else if (str_eq_nocase(l->name, STR("END")))
            *depth -= *depth > 0;
        else if (*depth == want)
            return true;
    }
    return false;
}

static bool is(const IcalLine *l, const char *name)
{
    return str_eq_nocase(l->name, str_of(name));
}

/* The first property of the name; false when there is none. */
static bool find(Str raw, const char *name, IcalLine *out)
{
    unsigned depth = 0;
    while (next_line(&raw, &depth, 0, out))
        if (is(out, name))
            return true;
    return false;
}

/* Text into a member: unescaped, without control characters, cut at `most` bytes. */
static void kv_text(Events *x, JsonW *w, const char *key, Str value, size_t most)
{
    buf_clear(&x->text);
    ical_unescape(value, &x->text);
    Str s = buf_str(&x->text);
    if (s.len > most)
        s = str_sub(s, 0, utf8_floor(s, most));
    jw_kv_str(w, key, s);
}

static void text_member(Events *x, JsonW *w, const char *name, const char *key, size_t most)
{
    IcalLine l;
    if (find(buf_str(&x->raw), name, &l))
        kv_text(x, w, key, l.value, most);
}

static void time_value(JsonW *w, Str value, Str tzid)
{
    jw_obj(w);
    jw_kv_str(w, "v", str_sub(value, 0, 32));
    if (tzid.ptr)
        jw_kv_str(w, "tzid", str_sub(tzid, 0, 200));
    jw_obj_end(w);
}

static void time_member(Events *x, JsonW *w, const char *name, const char *key)
{
    IcalLine l;
    Str tzid = {NULL, 0}, range;
    if (!find(buf_str(&x->raw), name, &l))
        return;
    (void)ical_param(l.params, "TZID", &tzid);
    jw_key(w, key);
    time_value(w, str_trim(l.value), tzid);
    if (strcmp(key, "recurrence") == 0 && ical_param(l.params, "RANGE", &range))
        jw_kv_bool(w, "and_later", str_eq_nocase(range, STR("THISANDFUTURE")));
}

/* RDATE and EXDATE: lists in several lines; of a period its begin. */
static void times_member(Events *x, JsonW *w, const char *name, const char *key)
{
    Str rest = buf_str(&x->raw), one;
    unsigned depth = 0;
    size_t n = 0;
    IcalLine l;
    jw_key(w, key);
    jw_arr(w);
    while (next_line(&rest, &depth, 0, &l)) {
        Str tzid = {NULL, 0}, values = l.value;
        if (!is(&l, name))
            continue;
        (void)ical_param(l.params, "TZID", &tzid);
        while (n < EVENTS_MAX_DATES && values.ptr && str_next(&values, ',', &one)) {
            time_value(w, str_trim(str_sub(one, 0, str_find(one, STR("/"), 0))), tzid);
            n++;
        }
    }
    jw_arr_end(w);
}

static void strings_member(Events *x, JsonW *w, const char *name, const char *key, size_t most)
{
    Str rest = buf_str(&x->raw);
    unsigned depth = 0;
    size_t n = 0;
    IcalLine l;
    jw_key(w, key);
    jw_arr(w);
    while (n < most && next_line(&rest, &depth, 0, &l))
        if (is(&l, name) && l.value.len <= 4096) {
            jw_str(w, str_trim(l.value));
            n++;
        }
    jw_arr_end(w);
}

/* The triggers of the reminders inside. */
static void alarms_member(Events *x, JsonW *w)
{
    Str rest = buf_str(&x->raw), related;
    unsigned depth = 0;
    size_t n = 0;
    IcalLine l;
    jw_key(w, "alarms");
    jw_arr(w);
    while (n < EVENTS_MAX_ALARMS && next_line(&rest, &depth, 1, &l)) {
        if (!is(&l, "TRIGGER"))
            continue;
        jw_obj(w);
        jw_kv_str(w, "v", str_sub(str_trim(l.value), 0, 40));
        jw_kv_bool(w, "end", ical_param(l.params, "RELATED", &related) &&
                                 str_eq_nocase(related, STR("END")));
        jw_obj_end(w);
        n++;
    }
    jw_arr_end(w);
}

static void number_member(Events *x, JsonW *w, const char *name, const char *key)
{
    IcalLine l;
    int64_t v;
    if (find(buf_str(&x->raw), name, &l) && str_to_i64(str_trim(l.value), &v))
        jw_kv_int(w, key, v);
}

/* ---- components ------------------------------------------------------------------------------ */

static void kv_line(JsonW *w, const char *key, Str block, const char *name, size_t most)
{
    IcalLine l;
    if (find(block, name, &l))
        jw_kv_str(w, key, str_sub(str_trim(l.value), 0, most));
}

/* One STANDARD or DAYLIGHT: from when on which offset holds. */
static void write_rule(JsonW *w, Str block)
{
    IcalLine l;
    unsigned depth = 0;
    size_t n = 0;
    Str one, rest = block;
    jw_obj(w);
    kv_line(w, "from", block, "TZOFFSETFROM", 16);
    kv_line(w, "to", block, "TZOFFSETTO", 16);
    kv_line(w, "name", block, "TZNAME", 32);
    kv_line(w, "start", block, "DTSTART", 32);
    kv_line(w, "rrule", block, "RRULE", 1000);
    jw_key(w, "rdates");
    jw_arr(w);
    while (next_line(&rest, &depth, 0, &l))
        while (is(&l, "RDATE") && n < 200 && l.value.ptr && str_next(&l.value, ',', &one)) {
            jw_str(w, str_sub(str_trim(one), 0, 32));
            n++;
        }
    jw_arr_end(w);
    jw_obj_end(w);
}

static void write_zone(Events *x, JsonW *w)
{
    Str raw = buf_str(&x->raw), rest = raw, line;
    size_t begin = 0, n = 0;
    bool open = false;
    IcalLine l;
    text_member(x, w, "TZID", "tzid", 200);
    text_member(x, w, "X-LIC-LOCATION", "lic", 200);
    jw_key(w, "rules");
    jw_arr(w);
    while (rest.len && n < EVENTS_MAX_RULES && str_next(&rest, '\n', &line)) {
        if (!ical_split(line, &l))
            continue;
        if (is(&l, "BEGIN")) {
            begin = (size_t)(line.ptr - raw.ptr) + line.len + 1;
            open = true;
        } else if (open && is(&l, "END")) {
            write_rule(w, str_sub(raw, begin, (size_t)(line.ptr - raw.ptr)));
            open = false;
            n++;
        }
    }
    jw_arr_end(w);
}

static void write_event(Events *x, JsonW *w)
{
    IcalLine l;
    if (find(buf_str(&x->raw), "UID", &l) && str_trim(l.value).len) {
        kv_text(x, w, "uid", str_trim(l.value), 1000);
    } else { /* by begin and title, so that the same event has the same one again */
        char made[64];
        IcalLine title = {0};
        uint64_t hash = find(buf_str(&x->raw), "DTSTART", &l)
                            ? checksum64(1, l.value.ptr, l.value.len)
                            : 1;
        if (find(buf_str(&x->raw), "SUMMARY", &title))
            hash = checksum64(hash, title.value.ptr, title.value.len);
        (void)snprintf(made, sizeof made, "%016llx@without-uid.sotto", (unsigned long long)hash);
        jw_kv_cstr(w, "uid", made);
        buf_clear(&x->text);
        buf_printf(&x->text, "UID:%s\n", made); /* it goes out with it too */
        (void)buf_add(&x->text, buf_str(&x->raw));
        buf_clear(&x->raw);
        (void)buf_add(&x->raw, buf_str(&x->text));
        jw_kv_bool(w, "no_uid", true);
    }
    time_member(x, w, "RECURRENCE-ID", "recurrence");
    number_member(x, w, "SEQUENCE", "sequence");
    text_member(x, w, "LAST-MODIFIED", "modified", 32);
    text_member(x, w, "DTSTAMP", "stamp", 32);
    text_member(x, w, "SUMMARY", "summary", 4000);
    text_member(x, w, "LOCATION", "location", 4000);
    text_member(x, w, "DESCRIPTION", "description", 60000);
    text_member(x, w, "STATUS", "status", 32);
    text_member(x, w, "TRANSP", "transp", 32);
    time_member(x, w, "DTSTART", "start");
    time_member(x, w, "DTEND", "end");
    text_member(x, w, "DURATION", "duration", 64);
    strings_member(x, w, "RRULE", "rrules", 8);
    strings_member(x, w, "EXRULE", "exrules", 8);
    times_member(x, w, "RDATE", "rdates");
    times_member(x, w, "EXDATE", "exdates");
    alarms_member(x, w);
    if (x->kind == C_TODO) {
        time_member(x, w, "DUE", "due");
        text_member(x, w, "COMPLETED", "completed", 32);
        number_member(x, w, "PRIORITY", "priority");
        strings_member(x, w, "CATEGORIES", "categories", 32);
    }
}

static void finish(Events *x)
{
    static const char *const kinds[] = {"", "event", "todo", "zone"};
    JsonW w;
    size_t before = x->out.len;
    if (x->spoilt) {
        x->spoilt_n++;
        return;
    }
    if (x->kept >= EVENTS_MAX) {
        x->over++;
        return;
    }
    jw_init(&w, &x->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "k", kinds[x->kind]);
    if (x->kind == C_ZONE)
        write_zone(x, &w);
    else
        write_event(x, &w);
    jw_kv_str(&w, "raw", buf_str(&x->raw));
    jw_obj_end(&w);
    (void)buf_add_char(&x->out, '\n');
    if (x->out.len > EVENTS_MAX_BYTES) {
        buf_cut(&x->out, before);
        x->over++;
    } else {
        x->kept += x->kind != C_ZONE;
    }
}

static Component component(Str name)
{
    return str_eq_nocase(name, STR("VEVENT"))      ? C_EVENT
           : str_eq_nocase(name, STR("VTODO"))     ? C_TODO
           : str_eq_nocase(name, STR("VTIMEZONE")) ? C_ZONE
                                                   : C_NONE;
}

/* A line of the open component, without control characters (a tab stays). */
static void keep(Events *x, Str line)
{
    if (x->raw.len + line.len + 100 > EVENTS_MAX_RAW) {
        x->spoilt = true;
        return;
    }
    for (size_t i = 0; i < line.len; i++)
        if ((unsigned char)line.ptr[i] >= 0x20 || line.ptr[i] == '\t')
            (void)buf_add_char(&x->raw, line.ptr[i]);
    (void)buf_add_char(&x->raw, '\n');
}

static void one_line(Events *x, Str line)
{
    IcalLine l;
    if (line.len > EVENTS_MAX_LINE || !ical_split(line, &l)) {
        x->lines_n++;
        return;
    }
    bool begin = is(&l, "BEGIN"), end = is(&l, "END");
    Str name = str_trim(l.value);
    if (begin) {
        x->depth++;
        x->calendar = x->calendar || str_eq_nocase(name, STR("VCALENDAR"));
        if (x->kind == C_NONE && component(name) != C_NONE) {
            x->kind = component(name);
            x->base = x->depth;
            x->spoilt = false;
            buf_clear(&x->raw);
            return;
        }
        if (x->kind != C_NONE && x->depth - x->base > EVENTS_MAX_DEPTH)
            x->spoilt = true;
    }
    if (end && x->kind != C_NONE && x->depth == x->base) {
        finish(x);
        x->kind = C_NONE;
        x->depth--;
        return;
    }
    if (x->kind != C_NONE)
        keep(x, line);
    else if (x->name.len == 0 && (is(&l, "X-WR-CALNAME") || (x->depth == 1 && is(&l, "NAME"))))
        ical_unescape(l.value, &x->name);
    if (end)
        x->depth -= x->depth > 0;
}

static void note(Events *x, size_t n, const char *what)
{
    char text[200];
    JsonW w;
    if (n == 0)
        return;
    (void)snprintf(text, sizeof text, "%zu %s", n, what);
    jw_init(&w, &x->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "k", "note");
    jw_kv_cstr(&w, "text", text);
    jw_obj_end(&w);
    (void)buf_add_char(&x->out, '\n');
}

static void summary(Events *x)
{
    JsonW w;
    jw_init(&w, &x->out);
    jw_obj(&w);
    jw_kv_cstr(&w, "k", "calendar");
    jw_kv_str(&w, "name", str_sub(str_trim(buf_str(&x->name)), 0,
                                  utf8_floor(str_trim(buf_str(&x->name)), 200)));
    jw_obj_end(&w);
    (void)buf_add_char(&x->out, '\n');
    note(x, x->over, "entries more than are taken from one file were left out");
    note(x, x->spoilt_n, "entries were left out: too large, or nested too deep");
    note(x, x->lines_n, "lines were left out: too long, or no lines of a calendar");
    note(x, x->kind != C_NONE, "entry was cut off at the end of the file");
}

static bool read_events(Str data, Str filename, ExtractOut *out, Err *err)
{
    Events x = {0};
    Buf utf8, line;
    (void)filename;
    buf_init(&utf8, (size_t)INT32_MAX);
    buf_init(&line, EVENTS_MAX_LINE + 1);
    buf_init(&x.out, EVENTS_MAX_BYTES + ((size_t)4 << 20));
    buf_init(&x.raw, EVENTS_MAX_RAW + 100);
    buf_init(&x.text, EVENTS_MAX_RAW + 100);
    buf_init(&x.name, EVENTS_MAX_RAW);
    bool ok = charset_to_utf8(data, (Str){"", 0}, &utf8, err);
    Str rest = buf_str(&utf8);
    while (ok && ical_next(&rest, &line)) {
        if (buf_ok(&line))
            one_line(&x, buf_str(&line));
        else
            x.lines_n++;
    }
    if (ok && !x.calendar && x.kept == 0)
        ok = err_set(err, ERR_VALIDATION, "there is no calendar in the file");
    if (ok) {
        size_t n = 0;
        summary(&x);
        ok = buf_check(&x.out, "the calendar", err) && buf_check(&x.raw, "an entry", err) &&
             buf_check(&x.text, "a text", err) && buf_check(&x.name, "the name", err);
        char *bytes = ok ? buf_take(&x.out, &n) : NULL;
        if (bytes)
            extract_part(out, STR("events"), STR(""), str_mem(bytes, n), bytes);
    }
    buf_release(&utf8);
    buf_release(&line);
    buf_release(&x.out);
    buf_release(&x.raw);
    buf_release(&x.text);
    buf_release(&x.name);
    return ok;
}

const Reader reader_events = {.type = "events", .read = read_events, .has_parts = true};
