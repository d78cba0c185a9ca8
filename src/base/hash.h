/* hash.h - SHA-256 (content identity, by libcrypto, which only hash.c knows), CRC-32C for caches
 * and a fast 64-bit checksum for large mapped files. Threads: safe; a Sha256 has one owner. */
#ifndef SOTTO_BASE_HASH_H
#define SOTTO_BASE_HASH_H

#include "base/str.h"

typedef struct {
    uint8_t b[32];
} Sha256;

#define SHA256_HEX 65

typedef struct Sha256Stream Sha256Stream;

bool sha256(Str data, Sha256 *out, Err *err);
bool sha256_file(const char *path, Sha256 *out, Err *err);
Sha256Stream *sha256_begin(Err *err);
bool sha256_more(Sha256Stream *s, Str data, Err *err);
bool sha256_end(Sha256Stream *s, Sha256 *out, Err *err); /* frees s, also on failure */
char *sha256_hex(const Sha256 *h, char out[SHA256_HEX]);
bool sha256_parse(Str hex, Sha256 *out);
/* SHA-1 of parts one after the other: for UUID v5 and old protocols only, not for content. */
bool sha1_parts(const Str *parts, size_t count, uint8_t out[20], Err *err);
uint32_t crc32c(uint32_t seed, const void *data, size_t n); /* Castagnoli; seed 0 to start */
uint32_t crc32c_portable(uint32_t seed, const void *data, size_t n); /* the same by tables */
uint64_t checksum64(uint64_t seed, const void *data, size_t n); /* checksum.c; no chain */

#endif
