/* serialize.h - store and search values as the JSON of the contract. Threads: pure functions. */
#ifndef SOTTO_API_SERIALIZE_H
#define SOTTO_API_SERIALIZE_H

#include "base/json.h"
#include "ingest/sync.h"
#include "search/search.h"

/* How much of the extracted text goes with a document. */
typedef enum { CONTENT_FULL, CONTENT_EXCERPT, CONTENT_NONE } ContentMode;

/* CONTENT_EXCERPT cuts longer texts here, at a character, and says content_truncated. */
#define CONTENT_EXCERPT_BYTES ((size_t)32 << 10)

/* The members of a Document, into an object that is open already. */
void document_members(JsonW *w, const Document *d, ContentMode mode);
void document_json(JsonW *w, const Document *d, ContentMode mode);
void search_json(JsonW *w, const SearchResult *r, ContentMode mode);
void ledger_entry_json(JsonW *w, const LedgerEntry *e);
/* Into an object that is open already. */
void folder_members(JsonW *w, const Folder *f);
void sync_progress_json(JsonW *w, const SyncStatus *s); /* folders.c */

#endif
