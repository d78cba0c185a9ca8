/* fuzz_rtf.c - RTF: groups, control words, character sets. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_rtf, data, size);
    return 0;
}
