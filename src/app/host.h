/* host.h - what the API shows of the program: settings that are kept in the data, models, checks.
 *
 *   flag > environment > credential > saved here > sotto.conf > default
 *
 * Settings of the page (its look, the voice's speed) are each person's; those of the program belong
 * to the first person. Most of the program's are read when it starts: what is saved holds from the
 * next start on, and the answer says so. Threads: safe once made. */
#ifndef SOTTO_APP_HOST_H
#define SOTTO_APP_HOST_H

#include "api/host.h"
#include "app/config.h"
#include "store/store.h"
#include "voice/ears.h"
#include "voice/speech.h"

typedef struct Host Host;

/* What is saved goes into the settings; a value that is none any more is left out and logged. */
bool host_apply_saved(Store *store, const Uuid *owner, Config *c, Err *err);
/* ears may be NULL. All are borrowed. */
Host *host_new(Store *store, const Uuid *owner, const Config *c, Ears *ears, Err *err);
/* Whose voice the setting changes while it runs; borrowed. Without one it holds after a restart. */
void host_speaks_by(Host *h, Speech *speech);
void host_free(Host *h); /* NULL is allowed */
const ApiHost *host_api(const Host *h);

#endif
