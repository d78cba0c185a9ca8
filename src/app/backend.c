/* backend.c - see backend.h. */
#include "app/backend.h"

bool backend_is_qdrant(const Config *c)
{
    const char *url = config_text(c, SET_QDRANT_URL); /* NULL: not set */
    return url && *url;
}

QdrantOptions backend_qdrant(const Config *c)
{
    return (QdrantOptions){.url = config_text(c, SET_QDRANT_URL),
                           .key = config_text(c, SET_QDRANT_API_KEY),
                           .shards = (unsigned)config_number(c, SET_QDRANT_SHARDS),
                           .replicas = (unsigned)config_number(c, SET_QDRANT_REPLICAS),
                           .timeout_ms = (unsigned)config_number(c, SET_QDRANT_TIMEOUT) * 1000u};
}

Store *backend_open(const Config *c, const StoreOptions *o, Err *err)
{
    QdrantOptions q = backend_qdrant(c);
    return backend_is_qdrant(c) ? store_open_qdrant(o, &q, err) : store_open_sqlite(o, err);
}
