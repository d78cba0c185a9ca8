/* confine_hostile.h - files made to hurt whoever reads them, one after the other. */
#ifndef SOTTO_TESTS_CONFINE_HOSTILE_H
#define SOTTO_TESTS_CONFINE_HOSTILE_H

#include "base/str.h"

typedef struct {
    const char *what, *name; /* name: as a client would send it */
    Buf data;                /* the caller releases it */
    bool must_fail;          /* nothing in it can be read: it is to be refused */
} HostileFile;

/* The i-th file; false past the last. */
bool hostile_file(size_t i, HostileFile *out);

#endif
