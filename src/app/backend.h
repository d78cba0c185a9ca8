/* backend.h - which store the settings ask for: one file, or Qdrant.
 * Threads: the main thread. */
#ifndef SOTTO_APP_BACKEND_H
#define SOTTO_APP_BACKEND_H

#include "app/config.h"
#include "store/qdrant.h"

bool backend_is_qdrant(const Config *c);
QdrantOptions backend_qdrant(const Config *c); /* borrows from c */
/* As store_open_sqlite and store_open_qdrant. */
Store *backend_open(const Config *c, const StoreOptions *o, Err *err);

#endif
