/* os_sched.c - how soon a thread is to run. */
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/os.h"

/* The kernel's struct sched_attr, version 1, which the C library does not have. */
typedef struct {
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
    uint32_t util_min, util_max;
} SchedAttr;

bool os_prompt_thread(uint64_t slice_ns)
{
    SchedAttr a = {.size = sizeof a};
    if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0 || a.policy != 0)
        return false;
    a.size = sizeof a;
    a.runtime = slice_ns;
    return syscall(SYS_sched_setattr, 0, &a, 0) == 0;
}
