/* fuzz_mailbox.c - mbox files: where messages begin, and each of them. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_mailbox, data, size);
    return 0;
}
