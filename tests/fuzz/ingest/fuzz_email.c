/* fuzz_email.c - messages: header words, MIME trees, attachments. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_email, data, size);
    return 0;
}
