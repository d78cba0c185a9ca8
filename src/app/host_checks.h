/* host_checks.h - the machine as the page shows it: models, and what a person might have to mend.
 * The quick half of `sotto doctor`: nothing is read whole. Threads: pure looks at files. */
#ifndef SOTTO_APP_HOST_CHECKS_H
#define SOTTO_APP_HOST_CHECKS_H

#include "api/host.h"
#include "app/config.h"
#include "voice/ears.h"

bool host_machine(const Config *c, Ears *ears, Arena *a, ApiMachine *out, Err *err);

#endif
