/* fuzz_retry.c - what a server says about its refusal: Retry-After, the text of an error, header
 * lines. The input's first line is the header's value, the rest the body. */
#include "../require.h"

#include <string.h>

#include "llm/endpoint.h"
#include "net/client.h"

#define KEY "sk-very-secret-0123456789"
#define NOW 1795424400000LL /* 2026-11-23T09:00:00Z */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str all = str_mem((const char *)data, size), body = all, value;
    static const int statuses[] = {301, 400, 401, 404, 429, 500};
    (void)str_next(&body, '\n', &value);
    double s = endpoint_retry_after(value, NOW);
    REQUIRE(s == -1 || s >= 0); /* and no NaN */
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        Err err = ERR_INIT;
        REQUIRE(!endpoint_failed(STR("http://far/v1"), statuses[i], body, KEY, &err));
        require_said(&err);
        REQUIRE(!strstr(err.msg, KEY));
    }
    Str found = client_header_in(all, "Retry-After");
    REQUIRE(!found.ptr || (found.ptr >= all.ptr && found.ptr + found.len <= all.ptr + all.len));
    Err err = ERR_INIT;
    if (!endpoint_check(all, &err))
        require_said(&err);
    else
        REQUIRE(endpoint_host(all).len > 0 && endpoint_host(all).len < all.len);
    return 0;
}
