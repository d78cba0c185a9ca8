/* fuzz_type.c - which reader a file is for: the first bytes are a length of name, the name, then
 * the file. */
#include "ingest/ingest.h"
#include "ingest/memo.h"
#include "reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t name = size ? data[0] % 32 : 0;
    Str all = {(const char *)data, size};
    Str type = ingest_guess_type(str_sub(all, 1 + name, size), str_sub(all, 1, 1 + name),
                                 str_sub(all, 1, 20));
    REQUIRE(type.len == 0 || str_eq(type, STR(MEMO_TYPE)) || reader_find(type) != NULL);
    return 0;
}
