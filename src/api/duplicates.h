/* duplicates.h - documents with nearly the same text, in answers. Internal to api/. */
#ifndef SOTTO_API_DUPLICATES_H
#define SOTTO_API_DUPLICATES_H

#include "api/call.h"

/* A document with its whole text and its member "near_duplicates". */
bool document_json_near(ApiCall *c, JsonW *w, const Document *d, Err *err);

#endif
