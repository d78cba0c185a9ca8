#include "text/ical.h"

#include <ctype.h>

bool ical_next(Str *rest, Buf *scratch)
{
    buf_clear(scratch);
    while (rest->len > 0) {
        size_t n = 0;
        while (n < rest->len && rest->ptr[n] != '\n' && rest->ptr[n] != '\r')
            n++;
        (void)buf_add(scratch, str_sub(*rest, 0, n));
        size_t next = n;
        if (next < rest->len && rest->ptr[next] == '\r')
            next++;
        if (next < rest->len && rest->ptr[next] == '\n')
            next++;
        *rest = str_sub(*rest, next, rest->len);
        bool folded = rest->len > 0 && (rest->ptr[0] == ' ' || rest->ptr[0] == '\t');
        if (folded)
            *rest = str_sub(*rest, 1, rest->len);
        else if (scratch->len > 0 || !buf_ok(scratch))
            return true;
    }
    return scratch->len > 0 || !buf_ok(scratch);
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.' || c == '/';
}

bool ical_split(Str line, IcalLine *out)
{
    size_t n = 0, end;
    bool quoted = false;
    while (n < line.len && is_name(line.ptr[n]))
        n++;
    if (n == 0 || n == line.len || (line.ptr[n] != ':' && line.ptr[n] != ';'))
        return false;
    for (end = n; end < line.len && (quoted || line.ptr[end] != ':'); end++)
        quoted = line.ptr[end] == '"' ? !quoted : quoted;
    if (end == line.len) { /* a quote that is never closed: the first colon then */
        for (end = n; end < line.len && line.ptr[end] != ':';)
            end++;
        if (end == line.len)
            return false;
    }
    out->name = str_sub(line, 0, n);
    out->params = str_sub(line, n + (n < end), end);
    out->value = str_sub(line, end + 1, line.len);
    return true;
}

bool ical_param(Str params, const char *name, Str *value)
{
    Str want = str_of(name);
    for (size_t at = 0; at < params.len;) {
        size_t end = at;
        for (bool quoted = false; end < params.len && (quoted || params.ptr[end] != ';'); end++)
            quoted = params.ptr[end] == '"' ? !quoted : quoted;
        Str one = str_sub(params, at, end);
        at = end + 1;
        if (one.len <= want.len || one.ptr[want.len] != '=' ||
            !str_eq_nocase(str_sub(one, 0, want.len), want))
            continue;
        one = str_sub(one, want.len + 1, one.len);
        bool quoted = one.len && one.ptr[0] == '"';
        one = str_sub(one, quoted, one.len);
        size_t stop = str_find(one, quoted ? STR("\"") : STR(","), 0);
        *value = str_sub(one, 0, stop);
        return true;
    }
    return false;
}

void ical_unescape(Str value, Buf *out)
{
    for (size_t i = 0; i < value.len; i++) {
        bool escape = value.ptr[i] == '\\' && i + 1 < value.len;
        char c = escape ? value.ptr[++i] : value.ptr[i];
        (void)buf_add_char(out, escape && (c == 'n' || c == 'N') ? '\n' : c);
    }
}

void ical_escape(Str text, Buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\r')
            continue;
        if (c == '\n') {
            (void)buf_add_c(out, "\\n");
            continue;
        }
        if (c == '\\' || c == ';' || c == ',')
            (void)buf_add_char(out, '\\');
        (void)buf_add_char(out, c);
    }
}

void ical_fold(Str line, Buf *out)
{
    size_t room = 75;
    while (line.len > room) {
        size_t cut = room;
        while (cut > 1 && ((unsigned char)line.ptr[cut] & 0xC0) == 0x80)
            cut--;
        (void)buf_add(out, str_sub(line, 0, cut));
        (void)buf_add_c(out, "\r\n ");
        line = str_sub(line, cut, line.len);
        room = 74;
    }
    (void)buf_add(out, line);
    (void)buf_add_c(out, "\r\n");
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool digits(Str s, size_t at, size_t n, int *out)
{
    uint64_t v;
    if (at + n > s.len || !str_to_u64(str_sub(s, at, at + n), &v))
        return false;
    *out = (int)v;
    return true;
}

bool ical_time(Str value, IcalTime *out)
{
    const Str s = value;
    IcalTime t = {0};
    Civil *c = &t.c;
    t.date = s.len == 8;
    t.utc = s.len == 16 && (s.ptr[15] == 'Z' || s.ptr[15] == 'z');
    if ((!t.date && !t.utc && s.len != 15) || !digits(s, 0, 4, &c->year) ||
        !digits(s, 4, 2, &c->month) || !digits(s, 6, 2, &c->day) || c->year < 1 || c->month < 1 ||
        c->month > 12 || c->day < 1 || c->day > civil_days_in_month(c->year, c->month))
        return false;
    if (!t.date && ((s.ptr[8] != 'T' && s.ptr[8] != 't') || !digits(s, 9, 2, &c->hour) ||
                    !digits(s, 11, 2, &c->minute) || !digits(s, 13, 2, &c->second) ||
                    c->hour > 23 || c->minute > 59 || c->second > 60))
        return false;
    c->second -= c->second == 60;
    *out = t;
    return true;
}

void ical_add_time(const IcalTime *t, Buf *out)
{
    buf_printf(out, "%04d%02d%02d", t->c.year, t->c.month, t->c.day);
    if (!t->date)
        buf_printf(out, "T%02d%02d%02d%s", t->c.hour, t->c.minute, t->c.second,
                   t->utc ? "Z" : "");
}

bool ical_duration(Str value, int64_t *days, int64_t *ms)
{
    Str s = value;
    static const struct {
        char unit;
        bool time;
        int64_t days, ms;
    } units[] = {{'W', false, 7, 0}, {'D', false, 1, 0}, {'H', true, 0, 3600000},
                 {'M', true, 0, 60000}, {'S', true, 0, 1000}};
    bool minus = s.len && s.ptr[0] == '-', time = false;
    int64_t d = 0, m = 0;
    if (s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'))
        s = str_sub(s, 1, s.len);
    if (s.len < 2 || (s.ptr[0] != 'P' && s.ptr[0] != 'p'))
        return false;
    for (size_t at = 1; at < s.len;) {
        if (!time && (s.ptr[at] == 'T' || s.ptr[at] == 't')) {
            time = true;
            at++;
            continue;
        }
        size_t n = 0, u = 0;
        int v;
        while (at + n < s.len && isdigit((unsigned char)s.ptr[at + n]))
            n++;
        if (n == 0 || n > 9 || at + n >= s.len || !digits(s, at, n, &v))
            return false;
        char unit = (char)toupper((unsigned char)s.ptr[at + n]);
        while (u < 5 && (units[u].unit != unit || units[u].time != time))
            u++;
        if (u == 5)
            return false;
        d += units[u].days * v;
        m += units[u].ms * v;
        at += n + 1;
    }
    if (d > 36600 || m > (int64_t)36600 * 86400000)
        return false;
    *days = minus ? -d : d;
    *ms = minus ? -m : m;
    return true;
}

void ical_add_duration(int64_t days, int64_t ms, Buf *out)
{
    if (days < 0 || (days == 0 && ms < 0)) {
        (void)buf_add_char(out, '-');
        days = -days;
        ms = -ms;
    }
    (void)buf_add_char(out, 'P');
    if (days)
        buf_printf(out, "%lldD", (long long)days);
    int64_t s = ms / 1000;
    if (s > 0 || days == 0)
        (void)buf_add_char(out, 'T');
    if (s >= 3600)
        buf_printf(out, "%lldH", (long long)(s / 3600));
    if (s / 60 % 60)
        buf_printf(out, "%lldM", (long long)(s / 60 % 60));
    if (s % 60 || (s == 0 && days == 0))
        buf_printf(out, "%lldS", (long long)(s % 60));
}

/* ---- zones ----------------------------------------------------------------------------------- */

/* Windows' names with the zone of the country they are named after (CLDR's windowsZones). */
static const char *const windows[][2] = {
    {"AUS Central Standard Time", "Australia/Darwin"},
    {"AUS Eastern Standard Time", "Australia/Sydney"},
    {"Afghanistan Standard Time", "Asia/Kabul"},
    {"Alaskan Standard Time", "America/Anchorage"},
    {"Arab Standard Time", "Asia/Riyadh"},
    {"Arabian Standard Time", "Asia/Dubai"},
    {"Arabic Standard Time", "Asia/Baghdad"},
    {"Argentina Standard Time", "America/Argentina/Buenos_Aires"},
    {"Atlantic Standard Time", "America/Halifax"},
    {"Azerbaijan Standard Time", "Asia/Baku"},
    {"Azores Standard Time", "Atlantic/Azores"},
    {"Bahia Standard Time", "America/Bahia"},
    {"Bangladesh Standard Time", "Asia/Dhaka"},
    {"Belarus Standard Time", "Europe/Minsk"},
    {"Canada Central Standard Time", "America/Regina"},
    {"Cape Verde Standard Time", "Atlantic/Cape_Verde"},
    {"Caucasus Standard Time", "Asia/Yerevan"},
    {"Cen. Australia Standard Time", "Australia/Adelaide"},
    {"Central America Standard Time", "America/Guatemala"},
    {"Central Asia Standard Time", "Asia/Almaty"},
    {"Central Brazilian Standard Time", "America/Cuiaba"},
    {"Central Europe Standard Time", "Europe/Budapest"},
    {"Central European Standard Time", "Europe/Warsaw"},
    {"Central Pacific Standard Time", "Pacific/Guadalcanal"},
    {"Central Standard Time", "America/Chicago"},
    {"Central Standard Time (Mexico)", "America/Mexico_City"},
    {"China Standard Time", "Asia/Shanghai"},
    {"E. Africa Standard Time", "Africa/Nairobi"},
    {"E. Australia Standard Time", "Australia/Brisbane"},
    {"E. Europe Standard Time", "Europe/Chisinau"},
    {"E. South America Standard Time", "America/Sao_Paulo"},
    {"Eastern Standard Time", "America/New_York"},
    {"Eastern Standard Time (Mexico)", "America/Cancun"},
    {"Egypt Standard Time", "Africa/Cairo"},
    {"Ekaterinburg Standard Time", "Asia/Yekaterinburg"},
    {"FLE Standard Time", "Europe/Kiev"},
    {"Fiji Standard Time", "Pacific/Fiji"},
    {"GMT Standard Time", "Europe/London"},
    {"GTB Standard Time", "Europe/Bucharest"},
    {"Georgian Standard Time", "Asia/Tbilisi"},
    {"Greenland Standard Time", "America/Godthab"},
    {"Greenwich Standard Time", "Atlantic/Reykjavik"},
    {"Hawaiian Standard Time", "Pacific/Honolulu"},
    {"India Standard Time", "Asia/Kolkata"},
    {"Iran Standard Time", "Asia/Tehran"},
    {"Israel Standard Time", "Asia/Jerusalem"},
    {"Jordan Standard Time", "Asia/Amman"},
    {"Kaliningrad Standard Time", "Europe/Kaliningrad"},
    {"Korea Standard Time", "Asia/Seoul"},
    {"Libya Standard Time", "Africa/Tripoli"},
    {"Line Islands Standard Time", "Pacific/Kiritimati"},
    {"Mauritius Standard Time", "Indian/Mauritius"},
    {"Middle East Standard Time", "Asia/Beirut"},
    {"Montevideo Standard Time", "America/Montevideo"},
    {"Morocco Standard Time", "Africa/Casablanca"},
    {"Mountain Standard Time", "America/Denver"},
    {"Mountain Standard Time (Mexico)", "America/Chihuahua"},
    {"Myanmar Standard Time", "Asia/Yangon"},
    {"N. Central Asia Standard Time", "Asia/Novosibirsk"},
    {"Namibia Standard Time", "Africa/Windhoek"},
    {"Nepal Standard Time", "Asia/Kathmandu"},
    {"New Zealand Standard Time", "Pacific/Auckland"},
    {"Newfoundland Standard Time", "America/St_Johns"},
    {"North Asia East Standard Time", "Asia/Irkutsk"},
    {"North Asia Standard Time", "Asia/Krasnoyarsk"},
    {"Pacific SA Standard Time", "America/Santiago"},
    {"Pacific Standard Time", "America/Los_Angeles"},
    {"Pacific Standard Time (Mexico)", "America/Tijuana"},
    {"Pakistan Standard Time", "Asia/Karachi"},
    {"Paraguay Standard Time", "America/Asuncion"},
    {"Romance Standard Time", "Europe/Paris"},
    {"Russia Time Zone 10", "Asia/Srednekolymsk"},
    {"Russia Time Zone 11", "Asia/Kamchatka"},
    {"Russia Time Zone 3", "Europe/Samara"},
    {"Russian Standard Time", "Europe/Moscow"},
    {"SA Eastern Standard Time", "America/Cayenne"},
    {"SA Pacific Standard Time", "America/Bogota"},
    {"SA Western Standard Time", "America/La_Paz"},
    {"SE Asia Standard Time", "Asia/Bangkok"},
    {"Samoa Standard Time", "Pacific/Apia"},
    {"Singapore Standard Time", "Asia/Singapore"},
    {"South Africa Standard Time", "Africa/Johannesburg"},
    {"Sri Lanka Standard Time", "Asia/Colombo"},
    {"Syria Standard Time", "Asia/Damascus"},
    {"Taipei Standard Time", "Asia/Taipei"},
    {"Tasmania Standard Time", "Australia/Hobart"},
    {"Tokyo Standard Time", "Asia/Tokyo"},
    {"Tonga Standard Time", "Pacific/Tongatapu"},
    {"Turkey Standard Time", "Europe/Istanbul"},
    {"US Eastern Standard Time", "America/Indiana/Indianapolis"},
    {"US Mountain Standard Time", "America/Phoenix"},
    {"UTC", "UTC"},
    {"Ulaanbaatar Standard Time", "Asia/Ulaanbaatar"},
    {"Venezuela Standard Time", "America/Caracas"},
    {"Vladivostok Standard Time", "Asia/Vladivostok"},
    {"W. Australia Standard Time", "Australia/Perth"},
    {"W. Central Africa Standard Time", "Africa/Lagos"},
    {"W. Europe Standard Time", "Europe/Berlin"},
    {"West Asia Standard Time", "Asia/Tashkent"},
    {"West Pacific Standard Time", "Pacific/Port_Moresby"},
    {"Yakutsk Standard Time", "Asia/Yakutsk"},
};

static const char *const areas[] = {"Africa/",     "America/", "Antarctica/", "Arctic/",
                                    "Asia/",       "Atlantic/", "Australia/", "Europe/",
                                    "Indian/",     "Pacific/", "Etc/"};

Str ical_zone_name(Str tzid)
{
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i++)
        if (str_eq_nocase(tzid, str_of(windows[i][0])))
            return str_of(windows[i][1]);
    for (size_t i = 0; i < sizeof areas / sizeof *areas; i++) {
        size_t at = str_find(tzid, str_of(areas[i]), 0);
        if (at == 0 || (at != SIZE_MAX && tzid.ptr[at - 1] == '/')) {
            Str name = str_sub(tzid, at, tzid.len);
            return name.len < ZONE_NAME_MAX ? name : (Str){NULL, 0};
        }
    }
    bool plain = tzid.len > 1 && tzid.len < 32; /* "UTC", "GMT", "EST5EDT", "Japan" */
    for (size_t i = 0; i < tzid.len; i++)
        plain = plain && (is_name(tzid.ptr[i]) || tzid.ptr[i] == '+');
    return plain ? tzid : (Str){NULL, 0};
}
