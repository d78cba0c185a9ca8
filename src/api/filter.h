/* filter.h - the filters that listing and searching share. Internal to api/. */
#ifndef SOTTO_API_FILTER_H
#define SOTTO_API_FILTER_H

#include "api/call.h"
#include "api/serialize.h"

/* Reads tag, source, file_type, since and until from values that have been checked. */
void filter_read(const ApiCall *c, const FieldValue *values, const Field *fields, size_t n,
                 DocFilter *out);
ContentMode content_mode(Str name);

#endif
