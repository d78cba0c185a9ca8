/* fuzz_calendar.c - iCalendar; the library parses, ours are dates, rules, people. */
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_reader(&reader_calendar, data, size);
    return 0;
}
