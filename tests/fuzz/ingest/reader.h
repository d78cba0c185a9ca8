/* reader.h - what holds for every reader, whatever it is given: shared by the fuzz targets. */
#include <stdlib.h>

#include "base/utf8.h"
#include "ingest/extract.h"
#include "ingest/frame.h"
#include "ingest/understand.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

/* Reads the bytes in this process and sends the result through a frame, which checks it. */
static inline void fuzz_reader(const Reader *r, const uint8_t *data, size_t size)
{
    ExtractOut out;
    Extracted e;
    Buf frame;
    Err err = ERR_INIT;
    REQUIRE((!r->preload || r->preload(&err)) && charset_preload(&err));
    extract_init(&out, 1 << 20);
    buf_init(&frame, 1 << 26);
    bool ok = r->read(str_mem((const char *)data, size), STR("name"), &out, &err) &&
              extract_check(&out, &err);
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    REQUIRE(a && frame_write(&frame, ok ? &out : NULL, ok ? NULL : &err));
    for (size_t i = 0; ok && i < out.n_parts; i++)
        (void)buf_add(&frame, out.parts[i].bytes);
    REQUIRE(buf_ok(&frame));
    Err second = ERR_INIT;
    bool same = frame_parse(buf_str(&frame), 1 << 20, a, &e, &second);
    REQUIRE(same == ok && second.code != ERR_CORRUPT);
    for (size_t i = 0; ok && i < e.n_parts; i++)
        REQUIRE(e.n_parts == out.n_parts && str_eq(e.parts[i].bytes, out.parts[i].bytes));
    Str title, *tags, summary;
    size_t n;
    if (ok && e.text.len < 20000) {
        REQUIRE(understand_title(&e, STR("name.txt"), a, &title, &err) && utf8_ok(title));
        REQUIRE(understand_tags(&e, title, NULL, a, &tags, &n, &err));
        REQUIRE(summary_make(e.text, e.marks, e.n_marks, 60, a, &summary, &err));
        double score = understand_importance(&e).score;
        REQUIRE(score >= 0 && score <= 1);
    }
    arena_free(a);
    buf_release(&frame);
    extract_release(&out);
}
