/* fuzz_image.c - pictures: the header, the limits, the decoders behind them. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_image, data, size);
    return 0;
}
