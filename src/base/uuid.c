#include "base/uuid.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/os.h"

static void stamp(Uuid *u, unsigned version)
{
    u->b[6] = (uint8_t)((u->b[6] & 0x0F) | version << 4);
    u->b[8] = (uint8_t)((u->b[8] & 0x3F) | 0x80); /* the variant of RFC 9562 */
}

bool uuid_v4(Uuid *out, Err *err)
{
    Uuid u;
    if (!os_random(u.b, sizeof u.b, err))
        return false;
    stamp(&u, 4);
    *out = u;
    return true;
}

/* 48 bits of milliseconds and 12 of a counter (RFC 9562, section 6.2, method 1) in one word, so
 * that ids made by one process sort in the order they were made, whatever thread makes them and
 * also when the clock stands still or is set back. */
static uint64_t next_tick(uint64_t random)
{
    static _Atomic uint64_t last;
    int64_t now_ms = clock_now_ms();
    /* a random start with room above it for more within the millisecond */
    uint64_t fresh = (now_ms > 0 ? (uint64_t)now_ms : 0) << 12 | (random & 0x7FF);
    uint64_t old = atomic_load(&last), tick;
    do
        tick = fresh > old ? fresh : old + 1;
    while (!atomic_compare_exchange_weak(&last, &old, tick));
    return tick;
}

bool uuid_v7(Uuid *out, Err *err)
{
    Uuid u;
    uint8_t random[2];
    if (!os_random(u.b + 8, 8, err) || !os_random(random, sizeof random, err))
        return false;
    uint64_t tick = next_tick((uint64_t)random[0] << 8 | random[1]);
    uint64_t ms = tick >> 12;
    for (int i = 0; i < 6; i++)
        u.b[i] = (uint8_t)(ms >> (40 - 8 * i));
    u.b[6] = (uint8_t)(tick >> 8 & 0x0F);
    u.b[7] = (uint8_t)tick;
    stamp(&u, 7);
    *out = u;
    return true;
}

bool uuid_v5(const Uuid *space, Str name, Uuid *out, Err *err)
{
    uint8_t digest[20];
    Str parts[] = {{(const char *)space->b, sizeof space->b}, name};
    if (!sha1_parts(parts, 2, digest, err))
        return false;
    Uuid u;
    memcpy(u.b, digest, sizeof u.b);
    stamp(&u, 5);
    *out = u;
    return true;
}

static bool dash_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

char *uuid_format(const Uuid *u, char out[UUID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    char *p = out;
    for (size_t i = 0; i < sizeof u->b; i++) {
        if (dash_before(i))
            *p++ = '-';
        *p++ = digits[u->b[i] >> 4];
        *p++ = digits[u->b[i] & 15];
    }
    *p = '\0';
    return out;
}

bool uuid_parse(Str text, Uuid *out)
{
    Uuid u = {{0}};
    if (text.len != UUID_TEXT - 1)
        return false;
    const char *p = text.ptr;
    for (size_t i = 0; i < sizeof u.b; i++) {
        if (dash_before(i) && *p++ != '-')
            return false;
        int high = str_hex_digit(p[0]), low = str_hex_digit(p[1]);
        if (high < 0 || low < 0)
            return false;
        u.b[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    *out = u;
    return true;
}
