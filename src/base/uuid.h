/* uuid.h - RFC 9562 identifiers: v4 (random), v5 (SHA-1 of a name), v7 (time-ordered, for rows).
 * Threads: safe. */
#ifndef SOTTO_BASE_UUID_H
#define SOTTO_BASE_UUID_H

#include "base/str.h"

typedef struct {
    uint8_t b[16];
} Uuid;

#define UUID_TEXT 37

bool uuid_v4(Uuid *out, Err *err);
bool uuid_v7(Uuid *out, Err *err);
bool uuid_v5(const Uuid *space, Str name, Uuid *out, Err *err);
char *uuid_format(const Uuid *u, char out[UUID_TEXT]); /* lower-case, NUL-terminated; returns out */
bool uuid_parse(Str text, Uuid *out);                  /* the 36-character form, either case */
static inline bool uuid_eq(const Uuid *a, const Uuid *b) { return memcmp(a, b, 16) == 0; }
static inline bool uuid_is_nil(const Uuid *a) { return memcmp(a, &(Uuid){{0}}, 16) == 0; }

#endif
