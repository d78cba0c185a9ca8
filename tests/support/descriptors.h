/* descriptors.h - how many files this process has open. Include cmocka.h first. */
#ifndef SOTTO_TESTS_DESCRIPTORS_H
#define SOTTO_TESTS_DESCRIPTORS_H

#include <dirent.h>

static inline unsigned open_descriptors(void)
{
    unsigned n = 0;
    DIR *d = opendir("/proc/self/fd");
    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

#endif
