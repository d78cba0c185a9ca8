/* fuzz_memory.c - facts that are heard in whatever is said: pieces of text, never more than are
 * promised, and a secret is never among those that are kept. */
#include "../require.h"

#include "assistant/memory.h"
#include "assistant/secrets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str said = str_mem((const char *)data, size), subject, value;
    MemoryHeard heard[MEMORY_HEARD];
    size_t n = 0;
    bool secret = false;
    Fact f = {0};
    Err err = ERR_INIT;
    Arena *a = arena_new((size_t)64 << 20);
    if (size > 4096 || !utf8_ok(said) || !a) {
        arena_free(a);
        return 0;
    }
    REQUIRE(memory_hear(said, a, heard, &n, &secret) && n <= MEMORY_HEARD);
    for (size_t i = 0; i < n; i++) {
        REQUIRE(heard[i].text.len && heard[i].subject.len && heard[i].value.len);
        REQUIRE(utf8_ok(heard[i].text) && utf8_ok(heard[i].subject) && utf8_ok(heard[i].value));
    }
    if (memory_split(said, a, &subject, &value))
        REQUIRE(subject.len && value.len && utf8_ok(subject) && utf8_ok(value));
    SecretKind kind = secret_find(said);
    REQUIRE(kind < SECRET_KINDS && (kind == SECRET_NONE) == !secret_name(kind)[0]);
    if (memory_fact(said, a, &f, &err))
        REQUIRE(secret_find(f.text) == SECRET_NONE && f.text.len && utf8_ok(f.text));
    else
        require_said(&err);
    arena_free(a);
    return 0;
}
