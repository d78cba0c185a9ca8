/* password.h - passwords as they are kept: scrypt (RFC 7914), which needs memory as well as time.
 *
 *   $scrypt$ln=15,r=8,p=3$<salt, 16 bytes hex>$<hash, 32 bytes hex>
 *
 * ln=15, r=8 is 32 MiB a guess; with p=3 it costs what ln=17 with p=1 does (OWASP's list of equals)
 * in a quarter of the memory. One is computed at a time, so that many sign-ins together do not take
 * the machine's memory. The one file that knows the library's scrypt (libcrypto).
 *
 * Threads: safe; a call blocks for about a tenth of a second. */
#ifndef SOTTO_NET_PASSWORD_H
#define SOTTO_NET_PASSWORD_H

#include "base/str.h"

#define PASSWORD_MIN 8u    /* characters */
#define PASSWORD_MAX 1024u /* bytes */
#define PASSWORD_TEXT 160  /* of the form that is kept, with its NUL */
#define PASSWORD_SALT 16
#define PASSWORD_HASH 32
#define PASSWORD_MEMORY_MAX ((uint64_t)256 << 20) /* bytes; the dearest hash that is read */

/* ERR_VALIDATION: too short, too long, or no UTF-8 text. */
bool password_check(Str password, Err *err);
bool password_hash(Str password, char out[PASSWORD_TEXT], Err *err);
/* Whether it is the password of that hash. For an empty or unreadable hash the same work is done,
 * and the answer is no. ERR_NO_MEMORY. */
bool password_is(Str password, Str hash, bool *out, Err *err);

/* The form that is kept, taken apart: N = 2^ln. */
typedef struct {
    unsigned ln, r, p;
    uint8_t salt[PASSWORD_SALT], hash[PASSWORD_HASH];
} PasswordKept;
/* False: it is not one, or costs more than ln=17, r=8, p=16. */
bool password_read(Str text, PasswordKept *out);
void password_write(const PasswordKept *k, char out[PASSWORD_TEXT]);

/* Compares without telling by its time where they differ. */
bool bytes_same(const void *a, const void *b, size_t n);

#endif
