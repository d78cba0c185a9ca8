/* fuzz_password.c - the stored form of a password, which a restored backup may bring: what is read
 * is one form of each hash alone and costs no more than is allowed; anything else is unknown. */
#include "../require.h"

#include <string.h>

#include "net/password.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    PasswordKept k, again;
    char text[PASSWORD_TEXT];
    Err err = ERR_INIT;
    Str s = str_mem((const char *)data, size);
    if (!password_check(s, &err))
        require_said(&err);
    if (!password_read(s, &k))
        return 0;
    REQUIRE(k.ln >= 1 && k.ln <= 17 && k.r >= 1 && k.r <= 8 && k.p >= 1 && k.p <= 16);
    REQUIRE((uint64_t)128 * k.r << k.ln <= PASSWORD_MEMORY_MAX);
    password_write(&k, text);
    REQUIRE(strlen(text) < sizeof text && password_read(str_of(text), &again));
    REQUIRE(bytes_same(&k, &again, sizeof k));
    return 0;
}
