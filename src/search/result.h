/* result.h - deep copies of results, for the caches. Threads: pure functions. */
#ifndef SOTTO_SEARCH_RESULT_H
#define SOTTO_SEARCH_RESULT_H

#include "search/search.h"

/* *out is whole within the Arena. False when memory is short. */
bool document_copy(const Document *d, Arena *a, Document *out);
bool result_copy(const SearchResult *r, Arena *a, SearchResult *out);

#endif
