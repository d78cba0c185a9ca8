/* fuzz_layout.c - a page's geometry: 12 bytes are the box and font of a line, its text follows to
 * the next newline. Every word must come out again. */
#include "ingest/pdf_layout.h"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static PdfLine lines[256];
    size_t n = 0, at = 0, letters = 0;
    while (n < 256 && at + 12 < size) {
        const uint8_t *b = data + at;
        at += 12;
        size_t end = at;
        while (end < size && data[end] != '\n')
            end++;
        lines[n++] = (PdfLine){.text = {(const char *)data + at, end - at},
                               .x0 = b[0] * 4.0f,
                               .y0 = b[1] * 4.0f,
                               .x1 = (b[0] + b[2]) * 4.0f,
                               .y1 = b[1] * 4.0f + b[3] / 8.0f,
                               .first_word = b[4],
                               .size = b[5] / 4.0f,
                               .bold = b[6] & 1};
        for (size_t i = at; i < end; i++)
            letters += (data[i] | 32u) - 'a' < 26u;
        at = end + 1;
    }
    ExtractOut out;
    Err err = ERR_INIT;
    extract_init(&out, 1 << 22);
    REQUIRE(pdf_layout_page(lines, n, 600, 10, &out, &err));
    extract_end(&out);
    size_t found = 0;
    for (size_t i = 0; i < out.text.len; i++)
        found += ((unsigned char)out.text.ptr[i] | 32u) - 'a' < 26u;
    REQUIRE(found >= letters); /* ligatures add some */
    for (size_t i = 0; i < out.n_marks; i++)
        REQUIRE(out.marks[i].start <= out.marks[i].end && out.marks[i].end <= out.text.len);
    extract_release(&out);
    return 0;
}
