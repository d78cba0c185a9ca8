#include "base/mem.h"
#include "base/zone_data.h"

#define HEADER_BYTES 44

/* A header's counts and where its block begins. */
typedef struct {
    size_t isut, isstd, leap, time, type, chars; /* as in RFC 8536 3.1 */
    int version;
    size_t at;
} Block;

static uint32_t be32(const char *p)
{
    const unsigned char *u = (const unsigned char *)p;
    return (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3];
}

static int64_t time_at(const char *p, size_t width)
{
    if (width == 4)
        return (int32_t)be32(p);
    return (int64_t)((uint64_t)be32(p) << 32 | be32(p + 4));
}

static bool read_header(Str tzif, size_t at, Block *out)
{
    if (tzif.len < at + HEADER_BYTES || memcmp(tzif.ptr + at, "TZif", 4) != 0)
        return false;
    const char *p = tzif.ptr + at;
    int version = p[4] == '\0' ? 1 : p[4] - '0';
    if (version < 1 || version > 9)
        return false;
    *out = (Block){.isut = be32(p + 20), .isstd = be32(p + 24), .leap = be32(p + 28),
                   .time = be32(p + 32), .type = be32(p + 36), .chars = be32(p + 40),
                   .version = version, .at = at + HEADER_BYTES};
    /* Before anything is multiplied. */
    return out->time <= ZONE_MAX_TRANSITIONS && out->type <= 256 && out->chars <= 4096 &&
           out->leap <= 4096 && out->isut <= 256 && out->isstd <= 256;
}

static size_t block_bytes(const Block *b, size_t width)
{
    return b->time * (width + 1) + b->type * 6 + b->chars + b->leap * (width + 4) + b->isstd +
           b->isut;
}

static bool read_types(Zone *z, const Block *b, const char *types, const char *chars)
{
    for (size_t i = 0; i < b->type; i++) {
        const char *p = types + i * 6;
        int32_t offset = (int32_t)be32(p);
        size_t from = (unsigned char)p[5], n = 0;
        if (offset < ZONE_MIN_OFFSET || offset > ZONE_MAX_OFFSET || (unsigned char)p[4] > 1)
            return false;
        while (from + n < b->chars && chars[from + n])
            n++;
        if (from + n >= b->chars || n >= ZONE_ABBREV_MAX)
            return false;
        z->types[i].offset = offset;
        z->types[i].daylight = p[4] == 1;
        memcpy(z->types[i].abbrev, chars + from, n);
        z->types[i].abbrev[n] = '\0';
    }
    z->n_types = b->type;
    return true;
}

static bool read_block(Zone *z, const Block *b, const char *p, size_t width)
{
    const char *to = p + b->time * width, *types = to + b->time;
    for (size_t i = 0; i < b->time; i++) {
        z->at[i] = time_at(p + i * width, width);
        z->to[i] = (uint8_t)to[i];
        if (z->to[i] >= b->type || (i > 0 && z->at[i] <= z->at[i - 1]))
            return false;
    }
    z->n = b->time;
    return read_types(z, b, types, types + b->type * 6);
}

/* "\n" TZ string "\n" behind the second block; an empty string says that no rule is known. */
static bool read_footer(Zone *z, Str tzif, size_t at)
{
    if (at >= tzif.len || tzif.ptr[at] != '\n')
        return false;
    Str rest = str_sub(tzif, at + 1, tzif.len), line;
    if (str_find(rest, STR("\n"), 0) == SIZE_MAX || !str_next(&rest, '\n', &line))
        return false;
    if (line.len == 0)
        return true;
    z->has_rule = zone_rule_parse(line, &z->rule);
    return z->has_rule;
}

Zone *zone_parse(Str name, Str tzif, Err *err)
{
    Block b;
    size_t width = 4;
    bool ok = name.len < ZONE_NAME_MAX && read_header(tzif, 0, &b);
    if (ok && b.version >= 2) { /* the first block is for readers of 1 only */
        width = 8;
        ok = read_header(tzif, b.at + block_bytes(&b, 4), &b);
    }
    if (!ok || b.type == 0 || tzif.len - b.at < block_bytes(&b, width)) {
        err_set(err, ERR_CORRUPT, "the time zone file of " STR_FMT " is no whole TZif file; "
                "install the package tzdata again", STR_ARG(str_sub(name, 0, ZONE_NAME_MAX)));
        return NULL;
    }
    if (b.leap > 0) {
        err_set(err, ERR_VALIDATION, "the time zone " STR_FMT " counts leap seconds; use the one "
                "of that name that does not", STR_ARG(name));
        return NULL;
    }
    Zone *z = mem_zalloc(sizeof *z);
    if (z) {
        z->at = mem_array(b.time + 1, sizeof *z->at);
        z->to = mem_array(b.time + 1, 1);
    }
    if (!z || !z->at || !z->to) {
        zone_free(z);
        err_set(err, ERR_NO_MEMORY, "no memory for a time zone");
        return NULL;
    }
    memcpy(z->name, name.ptr, name.len);
    if (!read_block(z, &b, tzif.ptr + b.at, width) ||
        (width == 8 && !read_footer(z, tzif, b.at + block_bytes(&b, 8)))) {
        zone_free(z);
        err_set(err, ERR_CORRUPT, "the time zone file of " STR_FMT " contradicts itself; "
                "install the package tzdata again", STR_ARG(name));
        return NULL;
    }
    return z;
}

void zone_free(Zone *z)
{
    if (!z)
        return;
    mem_free(z->at);
    mem_free(z->to);
    mem_free(z);
}
