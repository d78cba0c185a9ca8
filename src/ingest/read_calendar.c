/* read_calendar.c - iCalendar (RFC 5545) to readable text; the one file that knows libical.
 *
 *   bytes -> UTF-8 -> components -> a section an event, to-do or journal entry
 *
 * Kept: summary, when with its zone, recurrence in words (or as the rule stands), where, who with
 * their answers, status, categories, description, comments, links, reminders; a calendar's name and
 * description. Lost: identifiers, time stamps of the file's own making, zone definitions, binary
 * attachments, extensions of single programs (X-...), and what the library cannot parse.
 *
 * The library builds a tree and frees it by recursion: a file nested more than 100 levels deep is
 * refused before. */
#include <libical/ical.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/os.h"
#include "ingest/calendar_words.h"
#include "ingest/extract.h"
#include "text/letters.h"

#define MAX_NESTED 100

static struct {
    bool loaded;
    __typeof__(&icalparser_parse_string) parse;
    __typeof__(&icalcomponent_free) drop;
    __typeof__(&icalcomponent_isa) kind;
    __typeof__(&icalcomponent_get_first_component) first_child;
    __typeof__(&icalcomponent_get_next_component) next_child;
    __typeof__(&icalcomponent_get_first_property) first;
    __typeof__(&icalcomponent_get_next_property) next;
    __typeof__(&icalproperty_get_value_as_string_r) value;
    __typeof__(&icalproperty_get_parameter_as_string_r) parameter;
    __typeof__(&icalproperty_get_x_name) x_name;
    __typeof__(&icalmemory_free_buffer) free;
    __typeof__(&icalmemory_free_ring) free_ring;
    __typeof__(&icalerror_set_errors_are_fatal) fatal;
} ical;

static bool preload(Err *err)
{
    if (ical.loaded)
        return true;
    void *lib = os_dlopen((const char *const[]){"libical.so.3", NULL}, "libical3", err);
    const struct {
        const char *name;
        void *to;
    } symbols[] = {{"icalparser_parse_string", &ical.parse},
                   {"icalcomponent_free", &ical.drop},
                   {"icalcomponent_isa", &ical.kind},
                   {"icalcomponent_get_first_component", &ical.first_child},
                   {"icalcomponent_get_next_component", &ical.next_child},
                   {"icalcomponent_get_first_property", &ical.first},
                   {"icalcomponent_get_next_property", &ical.next},
                   {"icalproperty_get_value_as_string_r", &ical.value},
                   {"icalproperty_get_parameter_as_string_r", &ical.parameter},
                   {"icalproperty_get_x_name", &ical.x_name},
                   {"icalmemory_free_buffer", &ical.free},
                   {"icalmemory_free_ring", &ical.free_ring},
                   {"icalerror_set_errors_are_fatal", &ical.fatal}};
    for (size_t i = 0; lib && i < sizeof symbols / sizeof *symbols; i++)
        if (!os_sym(lib, symbols[i].name, symbols[i].to, err))
            return false;
    if (!lib || !reader_html.preload(err))
        return false;
    ical.fatal(0); /* a faulty line is no reason to abort */
    ical.loaded = true;
    return true;
}

/* ---- values --------------------------------------------------------------------------------- */

/* Appends a value without iCalendar's backslashes. */
static void add_unescaped(Buf *to, Str s)
{
    for (size_t i = 0; i < s.len; i++) {
        bool escape = s.ptr[i] == '\\' && i + 1 < s.len;
        char c = escape ? s.ptr[++i] : s.ptr[i];
        (void)buf_add_char(to, escape && (c == 'n' || c == 'N') ? '\n' : c);
    }
}

typedef struct {
    ExtractOut *out;
    Buf value, other; /* scratch */
    Buf name;         /* the calendar's */
    size_t events;
    unsigned depth;
} Calendar;

/* The property's value; "" when it has none. */
static void value_of(Calendar *c, icalproperty *p, Buf *to)
{
    char *text = p ? ical.value(p) : NULL;
    extract_reuse(c->out, to);
    if (text)
        add_unescaped(to, str_of(text));
    ical.free(text);
}

static void parameter_of(Calendar *c, icalproperty *p, const char *name, Buf *to)
{
    char *text = ical.parameter(p, name);
    Str s = str_of(text ? text : "");
    extract_reuse(c->out, to);
    if (s.len > 1 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
        s = str_sub(s, 1, s.len - 1);
    (void)buf_add(to, s);
    ical.free(text);
}

static void line(Calendar *c, const char *label, Str value)
{
    value = letters_trim(value);
    if (value.len == 0)
        return;
    extract_add(c->out, str_of(label));
    extract_flow(c->out, value);
    extract_break(c->out, 1);
}

/* One line for every property of the kind. */
static void lines(Calendar *c, icalcomponent *comp, icalproperty_kind kind, const char *label)
{
    for (icalproperty *p = ical.first(comp, kind); p; p = ical.next(comp, kind)) {
        value_of(c, p, &c->value);
        line(c, label, buf_str(&c->value));
    }
}

static void paragraphs(Calendar *c, icalcomponent *comp, icalproperty_kind kind)
{
    for (icalproperty *p = ical.first(comp, kind); p; p = ical.next(comp, kind)) {
        value_of(c, p, &c->value);
        if (letters_trim(buf_str(&c->value)).len == 0)
            continue;
        extract_break(c->out, 2);
        extract_add(c->out, buf_str(&c->value));
        extract_break(c->out, 1);
    }
}

/* ---- when ----------------------------------------------------------------------------------- */

static bool time_of(Calendar *c, icalcomponent *comp, icalproperty_kind kind, CalendarTime *t,
                    Buf *zone)
{
    icalproperty *p = ical.first(comp, kind);
    if (!p)
        return false;
    value_of(c, p, &c->value);
    parameter_of(c, p, "TZID", zone);
    return calendar_time(letters_trim(buf_str(&c->value)), t);
}

static void add_zone(Buf *to, const CalendarTime *t, Str zone)
{
    while (zone.len && zone.ptr[0] == '/') /* "/freeassociation.sourceforge.net/Europe/Berlin" */
        zone = str_sub(zone, 1, zone.len);
    if (t->utc)
        (void)buf_add_c(to, " (UTC)");
    else if (t->has_time && zone.len)
        buf_printf(to, " (" STR_FMT ")", STR_ARG(str_sub(zone, 0, 100)));
}

/* "Thursday 5 March 2026, 14:00 to 15:30 (Europe/Berlin)". */
static void when(Calendar *c, icalcomponent *comp)
{
    Buf text, zone, end_zone;
    CalendarTime from, to;
    buf_init(&text, 4096);
    buf_init(&zone, 4096);
    buf_init(&end_zone, 4096);
    bool begins = time_of(c, comp, ICAL_DTSTART_PROPERTY, &from, &zone);
    bool ends = time_of(c, comp, ICAL_DTEND_PROPERTY, &to, &end_zone);
    if (ends && !to.has_time && begins && to.day > from.day)
        to.day--; /* the day after the last */
    if (begins)
        calendar_add_time(&text, &from, true);
    if (ends && begins && (to.day != from.day || to.has_time)) {
        (void)buf_add_c(&text, " to ");
        calendar_add_time(&text, &to, to.day != from.day);
    }
    icalproperty *duration = ical.first(comp, ICAL_DURATION_PROPERTY);
    if (begins && !ends && duration) {
        size_t before = text.len + 6;
        value_of(c, duration, &c->value);
        (void)buf_add_c(&text, ", for ");
        calendar_add_duration(&text, buf_str(&c->value));
        if (text.len == before)
            buf_cut(&text, before - 6);
    }
    if (begins && !from.has_time)
        (void)buf_add_c(&text, " (all day)");
    if (begins)
        add_zone(&text, &from, buf_str(&zone));
    line(c, "When: ", buf_str(&text));
    extract_drop(c->out, &text);
    extract_drop(c->out, &zone);
    extract_drop(c->out, &end_zone);
}

static void time_line(Calendar *c, icalcomponent *comp, icalproperty_kind kind, const char *label)
{
    Buf text, zone;
    CalendarTime t;
    buf_init(&text, 1 << 20);
    buf_init(&zone, 4096);
    for (icalproperty *p = ical.first(comp, kind); p; p = ical.next(comp, kind)) {
        value_of(c, p, &c->value);
        parameter_of(c, p, "TZID", &zone);
        Str item, rest = letters_trim(buf_str(&c->value));
        extract_reuse(c->out, &text);
        while (str_next(&rest, ',', &item)) {
            if (text.len)
                (void)buf_add_c(&text, "; ");
            if (calendar_time(item, &t)) {
                calendar_add_time(&text, &t, true);
                add_zone(&text, &t, buf_str(&zone));
            } else {
                (void)buf_add(&text, item);
            }
        }
        line(c, label, buf_str(&text));
    }
    extract_drop(c->out, &text);
    extract_drop(c->out, &zone);
}

static void rules(Calendar *c, icalcomponent *comp)
{
    Buf text;
    buf_init(&text, 1 << 16);
    for (icalproperty *p = ical.first(comp, ICAL_RRULE_PROPERTY); p;
         p = ical.next(comp, ICAL_RRULE_PROPERTY)) {
        value_of(c, p, &c->value);
        extract_reuse(c->out, &text);
        calendar_add_rule(&text, buf_str(&c->value));
        line(c, "Repeats: ", buf_str(&text));
    }
    extract_drop(c->out, &text);
}

/* "-PT15M" -> "15 minutes before". */
static void reminder(Calendar *c, icalcomponent *alarm)
{
    Buf text;
    icalproperty *p = ical.first(alarm, ICAL_TRIGGER_PROPERTY);
    CalendarTime t;
    buf_init(&text, 4096);
    value_of(c, p, &c->value);
    Str v = buf_str(&c->value);
    if (calendar_time(v, &t)) {
        calendar_add_time(&text, &t, true);
        add_zone(&text, &t, STR(""));
    } else if (v.len) {
        calendar_add_duration(&text, v);
        if (text.len == 0)
            (void)buf_add_c(&text, "when it begins");
        else
            (void)buf_add_c(&text, v.ptr[0] == '-' ? " before" : " after");
    }
    line(c, "Reminder: ", buf_str(&text));
    extract_drop(c->out, &text);
}

/* What a reminder says, unless its event has said it or it is the programs' own "Reminder". */
static void reminder_words(Calendar *c, icalcomponent *alarm, icalproperty_kind kind, size_t event)
{
    for (icalproperty *p = ical.first(alarm, kind); p; p = ical.next(alarm, kind)) {
        value_of(c, p, &c->value);
        Str words = letters_trim(buf_str(&c->value));
        Str said = str_sub(buf_str(&c->out->text), event, SIZE_MAX);
        if (words.len == 0 || str_eq_nocase(words, STR("Reminder")) || said.len > 1 << 16 ||
            str_find(said, words, 0) != SIZE_MAX)
            continue;
        extract_break(c->out, 2);
        extract_add(c->out, STR("Reminder: "));
        extract_add(c->out, words);
        extract_break(c->out, 1);
    }
}

/* ---- who ------------------------------------------------------------------------------------ */

static void people(Calendar *c, icalcomponent *comp, icalproperty_kind kind, const char *label)
{
    Buf text;
    buf_init(&text, 1 << 16);
    for (icalproperty *p = ical.first(comp, kind); p; p = ical.next(comp, kind)) {
        extract_reuse(c->out, &text);
        parameter_of(c, p, "CN", &c->other);
        value_of(c, p, &c->value);
        Str name = letters_trim(buf_str(&c->other)), address = letters_trim(buf_str(&c->value));
        if (address.len > 7 && str_eq_nocase(str_sub(address, 0, 7), STR("mailto:")))
            address = str_sub(address, 7, address.len);
        (void)buf_add(&text, name);
        if (name.len && address.len && !str_eq(name, address))
            buf_printf(&text, " <" STR_FMT ">", STR_ARG(address));
        else if (name.len == 0)
            (void)buf_add(&text, address);
        parameter_of(c, p, "PARTSTAT", &c->other);
        if (c->other.len && text.len && !str_eq_nocase(buf_str(&c->other), STR("NEEDS-ACTION"))) {
            (void)buf_add_c(&text, " (");
            (void)letters_lower(&text, buf_str(&c->other));
            (void)buf_add_char(&text, ')');
        }
        line(c, label, buf_str(&text));
    }
    extract_drop(c->out, &text);
}

/* ---- components ----------------------------------------------------------------------------- */

static void headings(Calendar *c, icalcomponent *comp, const char *label)
{
    bool any = false;
    extract_break(c->out, 2);
    for (icalproperty *p = ical.first(comp, ICAL_SUMMARY_PROPERTY); p;
         p = ical.next(comp, ICAL_SUMMARY_PROPERTY)) {
        value_of(c, p, &c->value);
        Str summary = letters_trim(buf_str(&c->value));
        if (summary.len == 0)
            continue;
        size_t start = c->out->text.len;
        extract_add(c->out, str_of(label));
        extract_flow(c->out, summary);
        extract_mark(c->out, MARK_HEADING, start, c->out->text.len, 2);
        extract_break(c->out, 2);
        any = true;
        if (c->events++ == 0)
            extract_meta(&c->out->title, summary);
    }
    if (!any && *label) {
        extract_add(c->out, str_of(label));
        extract_break(c->out, 1);
    }
}

/* Outlook's description in HTML, when there is no other. */
static void html_description(Calendar *c, icalcomponent *comp)
{
    for (icalproperty *p = ical.first(comp, ICAL_X_PROPERTY); p;
         p = ical.next(comp, ICAL_X_PROPERTY)) {
        const char *name = ical.x_name(p);
        if (!name || !str_eq_nocase(str_of(name), STR("X-ALT-DESC")))
            continue;
        ExtractOut page;
        Err why = ERR_INIT;
        value_of(c, p, &c->value);
        extract_init(&page, c->out->text.max);
        if (reader_html.read(buf_str(&c->value), STR(""), &page, &why)) {
            extract_break(c->out, 2);
            extract_append(c->out, &page);
        } else if (why.code == ERR_NO_MEMORY) {
            extract_no_memory(c->out);
        }
        extract_release(&page);
    }
}

static void attachments(Calendar *c, icalcomponent *comp)
{
    for (icalproperty *p = ical.first(comp, ICAL_ATTACH_PROPERTY); p;
         p = ical.next(comp, ICAL_ATTACH_PROPERTY)) {
        value_of(c, p, &c->value);
        Str v = buf_str(&c->value);
        if (v.len < 2000 && str_find(v, STR(":"), 0) != SIZE_MAX)
            line(c, "Attached: ", v);
    }
}

static void walk(Calendar *c, icalcomponent *comp);

static void children(Calendar *c, icalcomponent *comp)
{
    if (++c->depth <= MAX_NESTED)
        for (icalcomponent *k = ical.first_child(comp, ICAL_ANY_COMPONENT); k;
             k = ical.next_child(comp, ICAL_ANY_COMPONENT))
            walk(c, k);
    c->depth--;
}

static void entry(Calendar *c, icalcomponent *comp, const char *label)
{
    size_t event = c->out->text.len;
    headings(c, comp, label);
    size_t start = c->out->text.len;
    when(c, comp);
    time_line(c, comp, ICAL_DUE_PROPERTY, "Due: ");
    time_line(c, comp, ICAL_COMPLETED_PROPERTY, "Done: ");
    rules(c, comp);
    time_line(c, comp, ICAL_RDATE_PROPERTY, "Also on: ");
    time_line(c, comp, ICAL_EXDATE_PROPERTY, "Not on: ");
    time_line(c, comp, ICAL_RECURRENCEID_PROPERTY, "Instead of: ");
    lines(c, comp, ICAL_LOCATION_PROPERTY, "Where: ");
    people(c, comp, ICAL_ORGANIZER_PROPERTY, "Organizer: ");
    people(c, comp, ICAL_ATTENDEE_PROPERTY, "With: ");
    lines(c, comp, ICAL_CONTACT_PROPERTY, "Contact: ");
    lines(c, comp, ICAL_STATUS_PROPERTY, "Status: ");
    lines(c, comp, ICAL_PRIORITY_PROPERTY, "Priority: ");
    lines(c, comp, ICAL_PERCENTCOMPLETE_PROPERTY, "Percent done: ");
    lines(c, comp, ICAL_CATEGORIES_PROPERTY, "Categories: ");
    lines(c, comp, ICAL_RESOURCES_PROPERTY, "Resources: ");
    lines(c, comp, ICAL_FREEBUSY_PROPERTY, "Busy: ");
    lines(c, comp, ICAL_URL_PROPERTY, "Link: ");
    attachments(c, comp);
    for (icalcomponent *a = ical.first_child(comp, ICAL_VALARM_COMPONENT); a;
         a = ical.next_child(comp, ICAL_VALARM_COMPONENT))
        reminder(c, a);
    extract_mark(c->out, MARK_TABLE, start, c->out->text.len, 0);
    paragraphs(c, comp, ICAL_DESCRIPTION_PROPERTY);
    if (!ical.first(comp, ICAL_DESCRIPTION_PROPERTY))
        html_description(c, comp);
    paragraphs(c, comp, ICAL_COMMENT_PROPERTY);
    for (icalcomponent *a = ical.first_child(comp, ICAL_VALARM_COMPONENT); a;
         a = ical.next_child(comp, ICAL_VALARM_COMPONENT)) {
        reminder_words(c, a, ICAL_SUMMARY_PROPERTY, event);
        reminder_words(c, a, ICAL_DESCRIPTION_PROPERTY, event);
    }
    children(c, comp);
}

/* The calendar's own name and description, as Apple and Google write them, and RFC 7986. */
static void calendar(Calendar *c, icalcomponent *comp)
{
    extract_break(c->out, 2);
    for (icalproperty *p = ical.first(comp, ICAL_X_PROPERTY); p;
         p = ical.next(comp, ICAL_X_PROPERTY)) {
        const char *name = ical.x_name(p);
        bool named = name && str_eq_nocase(str_of(name), STR("X-WR-CALNAME"));
        if (!named && !(name && str_eq_nocase(str_of(name), STR("X-WR-CALDESC"))))
            continue;
        value_of(c, p, &c->value);
        line(c, named ? "Calendar: " : "", buf_str(&c->value));
        if (named)
            extract_meta(&c->name, buf_str(&c->value));
    }
    entry(c, comp, "");
}

static void walk(Calendar *c, icalcomponent *comp)
{
    switch (ical.kind(comp)) {
    case ICAL_VCALENDAR_COMPONENT:
        calendar(c, comp);
        break;
    case ICAL_VTODO_COMPONENT:
        entry(c, comp, "To do: ");
        break;
    case ICAL_VJOURNAL_COMPONENT:
        entry(c, comp, "Journal: ");
        break;
    case ICAL_VFREEBUSY_COMPONENT:
        entry(c, comp, "Busy times");
        break;
    case ICAL_VALARM_COMPONENT: /* one of an event has been told there */
        if (c->depth <= 1)
            entry(c, comp, "Reminder: ");
        break;
    case ICAL_VTIMEZONE_COMPONENT:
        break;
    case ICAL_XROOT_COMPONENT:
        children(c, comp);
        break;
    default:
        entry(c, comp, "");
        break;
    }
}

/* ---- the file ------------------------------------------------------------------------------- */

/* How deep components nest at most. Those that the file's end leaves open are closed: the library
 * gives nothing for a file that was cut off. */
static size_t close_open(Buf *text)
{
    Str names[MAX_NESTED + 1], line_text, rest = buf_str(text);
    size_t depth = 0, most = 0;
    while (str_next(&rest, '\n', &line_text)) {
        line_text = str_trim(line_text);
        if (line_text.len > 6 && str_eq_nocase(str_sub(line_text, 0, 6), STR("BEGIN:"))) {
            if (depth <= MAX_NESTED)
                names[depth] = str_sub(line_text, 6, line_text.len);
            most = ++depth > most ? depth : most;
        } else if (line_text.len > 4 && str_eq_nocase(str_sub(line_text, 0, 4), STR("END:"))) {
            depth -= depth > 0;
        }
    }
    if (most > MAX_NESTED || depth == 0)
        return most;
    Buf ends;
    buf_init(&ends, (size_t)INT32_MAX);
    for (; depth > 0; depth--)
        buf_printf(&ends, "\r\nEND:" STR_FMT, STR_ARG(names[depth - 1]));
    (void)buf_add_c(&ends, "\r\n");
    (void)buf_add(text, buf_str(&ends));
    buf_release(&ends);
    return most;
}

/* A vCard, or what else has iCalendar's lines and none of its parts: those lines as they stand,
 * without encoded pictures. */
static bool is_foreign(Str text)
{
    static const char *const ours[] = {"VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"};
    char begin[32];
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
        (void)snprintf(begin, sizeof begin, "BEGIN:%s", ours[i]);
        if (str_find(text, str_of(begin), 0) != SIZE_MAX)
            return false;
    }
    return str_starts(text, STR("BEGIN:"));
}

static void add_foreign(Str text, ExtractOut *out)
{
    Str l;
    while (str_next(&text, '\n', &l)) {
        bool goes_on = l.len > 60 && l.ptr[0] == ' ' && !memchr(l.ptr + 1, ' ', l.len - 1);
        if (goes_on || str_starts(l, STR("BEGIN:")) || str_starts(l, STR("END:")))
            continue;
        extract_flow(out, l);
        extract_break(out, 1);
    }
    extract_mark(out, MARK_TABLE, 0, out->text.len, 0);
    extract_end(out);
}

static bool read_calendar(Str data, Str filename, ExtractOut *out, Err *err)
{
    Buf utf8;
    Calendar c = {.out = out};
    buf_init(&utf8, (size_t)INT32_MAX);
    buf_init(&c.value, (size_t)INT32_MAX);
    buf_init(&c.other, 1 << 20);
    buf_init(&c.name, EXTRACT_MAX_META * 2);
    bool ok = charset_to_utf8(data, (Str){"", 0}, &utf8, err);
    if (ok && close_open(&utf8) > MAX_NESTED)
        ok = err_set(err, ERR_VALIDATION, "the calendar is nested more than %d levels deep",
                     MAX_NESTED);
    bool foreign = ok && is_foreign(buf_str(&utf8));
    icalcomponent *root = ok && !foreign && utf8.ptr ? ical.parse(utf8.ptr) : NULL;
    if (foreign)
        add_foreign(buf_str(&utf8), out);
    else if (ok && !root)
        ok = err_set(err, ERR_VALIDATION, "there is no calendar in the file");
    if (root) {
        walk(&c, root);
        extract_end(out);
        if (c.events > 1 || c.name.len) { /* the first of many says little about all */
            buf_clear(&out->title);
            extract_title_of_name(out, filename);
            extract_meta(&out->title, buf_str(&c.name));
        }
        ical.drop(root);
        ical.free_ring();
    }
    if (!buf_ok(&c.value) || !buf_ok(&c.other) || !buf_ok(&c.name))
        extract_no_memory(out);
    extract_drop(out, &c.value);
    extract_drop(out, &c.other);
    extract_drop(out, &c.name);
    buf_release(&utf8);
    return ok;
}

const Reader reader_calendar = {.type = "calendar", .preload = preload, .read = read_calendar};
