/* fuzz_markdown.c - Markdown, front matter and raw HTML in it. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_markdown, data, size);
    return 0;
}
