/* elsewhere.h - what other processes did to a store that is shared, told to the clients here.
 * Threads: any; the telling is done by a worker. */
#ifndef SOTTO_API_ELSEWHERE_H
#define SOTTO_API_ELSEWHERE_H

#include "api/call.h"

typedef struct Elsewhere Elsewhere;

Elsewhere *elsewhere_new(Api *api, Err *err);
void elsewhere_free(Elsewhere *e); /* no worker runs any more; NULL is allowed */
void elsewhere_listen(Elsewhere *e);
/* Now and then: what found no worker before is told. */
void elsewhere_tick(Elsewhere *e);

#endif
