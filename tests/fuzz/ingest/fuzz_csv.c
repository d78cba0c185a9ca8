/* fuzz_csv.c - tables: separators, quotation marks, names. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_csv, data, size);
    return 0;
}
