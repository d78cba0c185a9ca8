/* os_cpu.c - how many processors this process may keep busy. */
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "base/os.h"

static unsigned cpus_allowed(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        return (unsigned)CPU_COUNT(&set);
    long n = sysconf(_SC_NPROCESSORS_ONLN); /* more than 1024 processors do not fit the set */
    return n > 0 ? (unsigned)n : 1;
}

unsigned os_cpu_quota(Str text)
{
    Str quota, period;
    uint64_t q, p;
    if (!str_next(&text, ' ', &quota) || !str_next(&text, '\n', &period) ||
        !str_to_u64(quota, &q) || !str_to_u64(period, &p) || p == 0)
        return 0; /* "max 100000": none */
    uint64_t n = (q + p - 1) / p;
    return n < 1 ? 1 : n < UINT_MAX ? (unsigned)n : UINT_MAX;
}

/* What a container or a systemd unit (CPUQuota) leaves of the processors: the tightest cpu.max from
 * our control group (version 2) up to the root. */
static unsigned cpus_paid(unsigned n)
{
    char groups[4096], path[4096 + 64], text[128];
    long len = os_read_head("/proc/self/cgroup", groups, sizeof groups);
    Str rest = {groups, len > 0 ? (size_t)len : 0}, line, group = STR("");
    while (str_next(&rest, '\n', &line))
        if (str_starts(line, STR("0::/")))
            group = str_sub(line, 3, line.len);
    while (group.len) {
        (void)snprintf(path, sizeof path, "/sys/fs/cgroup%.*s/cpu.max", (int)group.len, group.ptr);
        long got = os_read_head(path, text, sizeof text);
        unsigned quota = got > 0 ? os_cpu_quota((Str){text, (size_t)got}) : 0;
        n = quota && quota < n ? quota : n;
        while (group.len && group.ptr[--group.len] != '/')
            continue;
    }
    return n;
}

unsigned os_cpu_count(void)
{
    static atomic_uint known;
    unsigned n = atomic_load(&known);
    if (!n) {
        n = cpus_paid(cpus_allowed());
        atomic_store(&known, n);
    }
    return n;
}
