/* task_proposals.h - the part of `sotto task` about tasks that documents ask for. Threads: the main
 * thread. */
#ifndef SOTTO_APP_TASK_PROPOSALS_H
#define SOTTO_APP_TASK_PROPOSALS_H

#include "app/cli.h"

int task_proposals(Cli *cli); /* args[0] is proposals, take or dismiss */

#endif
