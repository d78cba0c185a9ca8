/* confine.h - how a process gives up every right it does not need.
 *
 * In two steps. confine_zygote, once, for the process that loads the libraries: an unprivileged
 * user, no capabilities, no new privileges, own namespaces (no network devices). confine_child, in
 * every child just before it sees a stranger's bytes: limits (processor time, memory, output,
 * files, no new processes), Landlock (no file at all, but for one folder of public tables where
 * asked), an alarm, and a seccomp list of at most 25 system calls.
 *
 * What a kernel lacks is left out; seccomp and the limits are never left out: without them the
 * child does not run. docs/INGEST.md has the list with the reason for each call. Threads: for
 * single-threaded processes. */
#ifndef SOTTO_INGEST_CONFINE_H
#define SOTTO_INGEST_CONFINE_H

#include "base/err.h"

#include <stdint.h>

void confine_zygote(void);

typedef struct {
    uint64_t memory;       /* bytes of address space beyond what is mapped now */
    uint64_t max_output;   /* bytes a file may grow to */
    uint64_t deadline_ns;  /* clock_mono_ns() at which the process is killed */
    const char *readable;  /* folder that may be read where Landlock holds; NULL */
} ConfineLimits;

/* Only read, write and compute after it; ERR_UNAVAILABLE when the kernel refuses seccomp or
 * limits. */
bool confine_child(const ConfineLimits *limits, Err *err);

/* Number of system calls on the list, for the test that holds it to 25. */
unsigned confine_allowed_calls(void);

#endif
