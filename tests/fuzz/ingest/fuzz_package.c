/* fuzz_package.c - whole archives: lists of parts, sizes, checksums. What is inside is mutated by
 * fuzz_office, which no checksum stops. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_docx, data, size);
    return 0;
}
