/* fuzz_uuid.c - an id that is taken comes back as the same text, but for the case. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/uuid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str s = {(const char *)data, size};
    Uuid u;
    char text[UUID_TEXT];
    if (uuid_parse(s, &u) && !str_eq_nocase(s, str_of(uuid_format(&u, text))))
        abort();
    Sha256 h;
    char hex[SHA256_HEX];
    if (sha256_parse(s, &h) && !str_eq_nocase(s, str_of(sha256_hex(&h, hex))))
        abort();
    return 0;
}
