/* fuzz_fields.c - header values with a grammar of their own: Range, Accept, parameters, ETag lists,
 * Host and Origin. */
#include <stdlib.h>

#include "net/accept.h"
#include "net/guard.h"
#include "net/range.h"
#include "net/static.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Whatever passes as Host or Origin must be one of these, spelled somehow. */
static void check_guard(const Guard *g, Str text)
{
    if (guard_host_ok(g, text)) {
        static const char *const names[] = {"127.0.0.1:8080", "localhost:8080", "[::1]:8080"};
        bool known = text.len > 5 && str_eq_nocase(str_sub(text, 0, 5), STR("a.lan"));
        known |= str_eq_nocase(text, STR("a.lan"));
        for (size_t i = 0; i < 3; i++) {
            /* a port may have leading zeros */
            size_t colon = strlen(names[i]) - 5;
            known |= str_eq_nocase(str_sub(text, 0, colon), str_mem(names[i], colon));
        }
        REQUIRE(known);
    }
    HttpHeader h = {STR("Origin"), text};
    HttpRequest req = {.method = STR("POST"), .host = STR("localhost:8080"), .headers = &h,
                       .header_count = 1};
    if (guard_check(g, &req, false, NULL))
        REQUIRE(str_eq_nocase(str_sub(text, 0, 17), STR("http://localhost:")) ||
                str_eq_nocase(text, STR("https://b.example")));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const offers[] = {"audio/wav", "application/json"};
    static const char *const hosts[] = {"a.lan"}, *const origins[] = {"https://b.example"};
    static Guard *guard;
    if (!guard)
        guard = guard_new("127.0.0.1", 8080, false, hosts, 1, origins, 1, NULL);
    REQUIRE(guard != NULL);
    Str text = str_mem((const char *)data, size);
    Arena *arena = arena_new(1 << 20);
    Range r;
    for (uint64_t n = 0; n < 300; n += 100)
        if (range_parse(text, n, &r) == RANGE_OK)
            REQUIRE(r.length >= 1 && r.start < n && r.length <= n - r.start);
    int chosen = accept_choose(text, offers, 2);
    REQUIRE(chosen >= -1 && chosen < 2);
    (void)http_etag_matches(text, STR("\"abc\""));
    Str value = http_param(text, "boundary", arena);
    REQUIRE(value.len <= size);
    REQUIRE(http_media_type(text).len <= size);
    check_guard(guard, text);
    arena_free(arena);
    return 0;
}
