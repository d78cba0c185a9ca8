#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/os.h"
#include "base/zone_data.h"

#define ZONE_FOLDER "/usr/share/zoneinfo/"
#define ZONE_FILE_MAX (1 << 18)

/* Letters, digits, "_", "-", "+" and single slashes between parts that begin with a letter or
 * digit: nothing that could leave the folder. */
static bool name_ok(Str name)
{
    bool begins = true;
    if (name.len == 0 || name.len >= ZONE_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (begins || (c != '_' && c != '-' && c != '+' && c != '/')))
            return false;
        begins = c == '/';
    }
    return !begins;
}

/* A zone of one offset or one rule, without transitions. */
static Zone *zone_of_rule(Str name, const ZoneRule *rule, Err *err)
{
    Zone *z = mem_zalloc(sizeof *z);
    if (!z) {
        err_set(err, ERR_NO_MEMORY, "no memory for a time zone");
        return NULL;
    }
    memcpy(z->name, name.ptr, name.len);
    z->types[0] = rule->standard;
    z->n_types = 1;
    z->rule = *rule;
    z->has_rule = true;
    return z;
}

/* "UTC", "Z", "+05:30", "-0800", "+5". */
static bool fixed_offset(Str name, ZoneRule *out)
{
    *out = (ZoneRule){0};
    memcpy(out->standard.abbrev, "UTC", 4);
    if (str_eq(name, STR("UTC")) || str_eq(name, STR("Z")))
        return true;
    if (name.len < 2 || name.len > 6 || (name.ptr[0] != '+' && name.ptr[0] != '-'))
        return false;
    int digits[4], n = 0;
    for (size_t i = 1; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == ':' && n == 2 && name.len == 6)
            continue;
        if (c < '0' || c > '9' || n == 4)
            return false;
        digits[n++] = c - '0';
    }
    if (n == 3)
        return false;
    int hours = n == 1 ? digits[0] : digits[0] * 10 + digits[1];
    int minutes = n == 4 ? digits[2] * 10 + digits[3] : 0;
    if (hours > 23 || minutes > 59)
        return false;
    out->standard.offset = (name.ptr[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    memcpy(out->standard.abbrev, name.ptr, name.len);
    out->standard.abbrev[name.len] = '\0';
    return true;
}

static Zone *read_zone(const char *path, Str name, Err *err)
{
    struct stat st;
    Buf bytes;
    Zone *z = NULL;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
        err_set(err, ERR_NOT_FOUND, "there is no time zone " STR_FMT "; use a name such as "
                "Europe/Berlin (the package tzdata has them)", STR_ARG(name));
        return NULL;
    }
    buf_init(&bytes, ZONE_FILE_MAX);
    if (os_read_file(path, &bytes, err))
        z = zone_parse(name, buf_str(&bytes), err);
    buf_release(&bytes);
    return z;
}

static Zone *named_zone(Str name, Err *err)
{
    char path[sizeof ZONE_FOLDER + ZONE_NAME_MAX];
    memcpy(path, ZONE_FOLDER, sizeof ZONE_FOLDER - 1);
    memcpy(path + sizeof ZONE_FOLDER - 1, name.ptr, name.len);
    path[sizeof ZONE_FOLDER - 1 + name.len] = '\0';
    return read_zone(path, name, err);
}

/* What $TZ may be: a name, a path into the zone folder, either behind ":", or a POSIX rule. */
static Zone *zone_of_variable(Str tz)
{
    ZoneRule rule;
    if (tz.len > 0 && tz.ptr[0] == ':')
        tz = str_sub(tz, 1, tz.len);
    if (str_starts(tz, STR(ZONE_FOLDER)))
        tz = str_sub(tz, sizeof ZONE_FOLDER - 1, tz.len);
    Zone *z = name_ok(tz) ? zone_open(tz, NULL) : NULL;
    if (!z && tz.len < ZONE_NAME_MAX && zone_rule_parse(tz, &rule))
        z = zone_of_rule(tz, &rule, NULL);
    return z;
}

/* /etc/localtime is a link into the zone folder (its name is the zone's), or a copy, which
 * Debian's /etc/timezone names. */
static Zone *zone_of_machine(void)
{
    char target[256];
    ssize_t n = readlink("/etc/localtime", target, sizeof target);
    Str name = {0};
    if (n > 0 && (size_t)n < sizeof target) {
        size_t at = str_find(str_mem(target, (size_t)n), STR("zoneinfo/"), 0);
        if (at != SIZE_MAX)
            name = str_sub(str_mem(target, (size_t)n), at + 9, (size_t)n);
    } else {
        long got = os_read_head("/etc/timezone", target, sizeof target);
        name = got > 0 ? str_trim(str_mem(target, (size_t)got)) : name;
    }
    if (str_eq(name, STR("Etc/UTC")))
        name = STR("UTC");
    Zone *z = name_ok(name) ? zone_open(name, NULL) : NULL;
    return z ? z : read_zone("/etc/localtime", STR("local"), NULL);
}

Zone *zone_open(Str name, Err *err)
{
    ZoneRule fixed;
    if (name.len == 0) {
        const char *tz = getenv("TZ");
        Zone *z = tz && *tz ? zone_of_variable(str_of(tz)) : NULL;
        z = z ? z : zone_of_machine();
        return z ? z : zone_open(STR("UTC"), err);
    }
    if (fixed_offset(name, &fixed))
        return zone_of_rule(name, &fixed, err);
    if (!name_ok(name)) {
        err_set(err, ERR_VALIDATION, "\"" STR_FMT "\" is no name of a time zone; use one such as "
                "Europe/Berlin, UTC or +05:30", STR_ARG(str_sub(name, 0, ZONE_NAME_MAX)));
        return NULL;
    }
    return named_zone(name, err);
}
