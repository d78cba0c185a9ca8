/* fuzz_pdf.c - PDF; most of the work is the library's, ours are fields, lines and geometry. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_pdf, data, size);
    return 0;
}
