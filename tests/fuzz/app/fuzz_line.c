/* fuzz_line.c - a line edited by any bytes: the text stays valid UTF-8 without control characters,
 * the cursor stands at a character and on the row. The first byte is the width. */
#include <stdlib.h>

#include "app/line.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define REQUIRE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)

static void check(const LineEdit *e, size_t width)
{
    Str text = buf_str(&e->text);
    Buf out;
    REQUIRE(utf8_ok(text) && e->at <= text.len && utf8_floor(text, e->at) == e->at);
    for (size_t at = 0; at < text.len;) {
        uint32_t cp = utf8_next(text, &at);
        REQUIRE(cp >= 0x20 && !(cp >= 0x7F && cp < 0xA0));
    }
    buf_init(&out, 8 * LINE_MAX_BYTES);
    line_edit_draw(e, STR("> "), width, &out);
    Str row = buf_str(&out);
    row = str_sub(row, 1, str_find(row, STR("\x1B[K"), 0));
    REQUIRE(buf_ok(&out) && term_columns(row) <= width);
    buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LineEdit e;
    Err err = ERR_INIT;
    if (size < 1 || size > 2000 || !line_edit_init(&e, &err))
        return 0;
    size_t width = 8 + data[0];
    for (size_t i = 1; i < size; i++) {
        LineEvent event = line_edit_feed(&e, (char)data[i]);
        check(&e, width);
        if (event == LINE_DONE || event == LINE_INTERRUPT)
            line_edit_accept(&e);
    }
    line_edit_release(&e);
    return 0;
}
