/* fuzz_multipart.c - forms with files. The first line of the input is the Content-Type, the rest
 * the body; an input without such a line is a body with the boundary B. */
#include <stdlib.h>

#include "base/utf8.h"
#include "net/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Str input = str_mem((const char *)data, size), type = STR("multipart/form-data; boundary=B");
    Str body = input;
    if (str_starts(input, STR("multipart/"))) {
        str_next(&input, '\n', &type);
        body = input.ptr ? input : STR("");
    }
    const MultipartLimits limits = {8, 512, 64};
    Arena *arena = arena_new(1 << 24);
    Multipart m;
    Err err = ERR_INIT;
    REQUIRE(arena != NULL);
    if (multipart_parse(body, type, &limits, arena, &m, &err)) {
        REQUIRE(m.count <= 8);
        for (size_t i = 0; i < m.count; i++) {
            const MultipartPart *p = &m.parts[i];
            REQUIRE(p->data.ptr >= body.ptr &&
                    p->data.ptr + p->data.len <= body.ptr + body.len);
            REQUIRE(utf8_ok(p->name) && p->name.len <= 64 && utf8_ok(p->filename));
            REQUIRE(!p->filename.len || (!memchr(p->filename.ptr, '/', p->filename.len) &&
                                         !memchr(p->filename.ptr, '\\', p->filename.len) &&
                                         !memchr(p->filename.ptr, '\0', p->filename.len)));
            REQUIRE(!str_eq(p->filename, STR("..")));
        }
    } else {
        REQUIRE(err.code != ERR_NONE);
    }
    arena_free(arena);
    return 0;
}
