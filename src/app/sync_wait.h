/* sync_wait.h - waits until the background reading is done, with a bar.
 * Threads: the main thread. */
#ifndef SOTTO_APP_SYNC_WAIT_H
#define SOTTO_APP_SYNC_WAIT_H

#include "app/call.h"
#include "app/cli.h"

/* Until nothing waits in the folder (NULL: in any, and in the queue) or the person interrupts; a
 * running server goes on by itself then. */
bool sync_wait(Cli *cli, Call *call, const char *folder, Err *err);

#endif
