/* fuzz_text.c - plain text: every character set, and no text at all. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_text, data, size);
    return 0;
}
