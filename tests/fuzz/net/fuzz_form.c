/* fuzz_form.c - form bodies: decoded pairs are valid text, and encoding them gives them back. */
#include <stdlib.h>

#include "base/utf8.h"
#include "net/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Arena *arena = arena_new(1 << 24);
    Form form, again;
    Err err = ERR_INIT;
    REQUIRE(arena != NULL);
    if (form_parse(str_mem((const char *)data, size), arena, &form, &err)) {
        Buf b;
        buf_init(&b, 1 << 24);
        for (size_t i = 0; i < form.count; i++) {
            REQUIRE(utf8_ok(form.pairs[i].name) && utf8_ok(form.pairs[i].value));
            form_encode(&b, form.pairs[i].name);
            buf_add_char(&b, '=');
            form_encode(&b, form.pairs[i].value);
            buf_add_char(&b, '&');
        }
        REQUIRE(buf_ok(&b) && form_parse(buf_str(&b), arena, &again, &err));
        REQUIRE(again.count == form.count);
        for (size_t i = 0; i < form.count; i++)
            REQUIRE(str_eq(form.pairs[i].name, again.pairs[i].name) &&
                    str_eq(form.pairs[i].value, again.pairs[i].value));
        buf_release(&b);
    } else {
        REQUIRE(err.code != ERR_NONE);
    }
    arena_free(arena);
    return 0;
}
