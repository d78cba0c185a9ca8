/* fuzz_json_file.c - JSON, JSON lines and what is nearly that. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_json, data, size);
    return 0;
}
