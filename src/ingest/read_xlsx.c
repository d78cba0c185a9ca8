#include "ingest/ooxml.h"
bool xlsx_read(Package *p, Str part, Arena *a, ExtractOut *out, Err *err)
{ (void)p;(void)part;(void)a;(void)out; return err_set(err, ERR_UNSUPPORTED_MEDIA, "no"); }
