#include "ingest/ooxml.h"
bool odf_read(Package *p, Arena *a, ExtractOut *out, Err *err)
{ (void)p;(void)a;(void)out; return err_set(err, ERR_UNSUPPORTED_MEDIA, "no"); }
