/* torture.h - runs an operation with its 1st, 2nd, 3rd ... allocation failing, until none is left
 * to fail. Each failing run must report failure and leave nothing behind (the address sanitizer
 * looks); the last one must succeed. */
#ifndef SOTTO_TESTS_TORTURE_H
#define SOTTO_TESTS_TORTURE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/mem.h"

#define TORTURE_MAX 100000u

/* `run` returns whether it succeeded. Gives the number of runs that failed, so that a test can tell
 * that there was something to fail; -1 when it never came to succeed. */
static inline long torture_alloc(bool (*run)(void *arg), void *arg, int forever)
{
    for (unsigned nth = 1; nth < TORTURE_MAX; nth++) {
        mem_test_fail(nth, forever);
        bool ok = run(arg);
        mem_test_fail(0, 0);
        if (ok)
            return (long)nth - 1;
    }
    fprintf(stderr, "torture: still failing after %u allocations\n", TORTURE_MAX);
    return -1;
}

#endif
