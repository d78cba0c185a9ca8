/* fuzz_frame.c - the answer of a child that a hostile file has taken over. */
#include <stdlib.h>

#include "base/utf8.h"
#include "ingest/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Extracted e;
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    if (!a)
        return 0;
    if (frame_parse(str_mem((const char *)data, size), 1 << 20, a, &e, &err)) {
        REQUIRE(utf8_ok(e.text) && utf8_ok(e.title) && utf8_ok(e.author) && utf8_ok(e.language));
        REQUIRE(e.text.len <= 1 << 20);
        for (size_t i = 0; i < e.n_marks; i++) {
            REQUIRE(e.marks[i].kind <= MARK_PARAGRAPH && e.marks[i].start <= e.marks[i].end);
            REQUIRE(e.marks[i].end <= e.text.len);
        }
    } else {
        REQUIRE(err.code != ERR_NONE && utf8_ok(str_of(err.msg)));
    }
    arena_free(a);
    return 0;
}
