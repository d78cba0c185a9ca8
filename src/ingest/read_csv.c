#include "ingest/extract.h"
static bool read_it(Str data, Str filename, ExtractOut *out, Err *err)
{
    (void)data; (void)filename; (void)out;
    return err_set(err, ERR_UNSUPPORTED_MEDIA, "not yet");
}
const Reader reader_csv = {.type = "csv", .read = read_it};
