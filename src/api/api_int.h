/* api_int.h - the Api object; what dispatch.c and api_people.c share. Internal to api/. */
#ifndef SOTTO_API_API_INT_H
#define SOTTO_API_API_INT_H

#include <pthread.h>

#include "api/batch.h"
#include "api/elsewhere.h"
#include "api/kept.h"

struct Api {
    ApiParts parts;
    pthread_rwlock_t people_lock;
    struct OtherPerson *others; /* those who are open: api_people.c */
    pthread_mutex_t opening;
    Router *router;
    Route *table;
    Server *server;
    ApiWs *ws;
    Kept *kept;
    Batches *batches;
    Elsewhere *elsewhere;
};

/* api_people.c */
void api_people_init(Api *api);
void api_people_free(Api *api);
void api_people_sweep(Api *api);

#endif
