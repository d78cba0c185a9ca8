/* first_use.h - libcrypto's own first steps, which do not look whether they got their memory.
 *
 * libcrypto 3.0 makes its default context and the locks of its stores at the first use, reads
 * through NULL when malloc gave none, and stays broken when it fails half-way. So whatever uses a
 * kind of algorithm for the first time does so in crypto_first_use: there libcrypto gets what the
 * heap has not from a reserve, which costs nothing until then.
 * Threads: one first use at a time; the others wait. */
#ifndef SOTTO_BASE_FIRST_USE_H
#define SOTTO_BASE_FIRST_USE_H

#include <stdbool.h>
#include <stdint.h>

/* Calls touch(arg) once; not from within a touch. Of what libcrypto allocates in the calling thread
 * meanwhile nothing fails while the reserve lasts (FIRST_USE_BYTES in all). */
#define FIRST_USE_BYTES 524288
void crypto_first_use(void (*touch)(void *arg), void *arg);
/* Whether libcrypto has been refused memory in this thread since the last call of this: what it
 * says of a failure itself does not tell. */
bool crypto_was_short(void);
/* Tests only: libcrypto's `nth` allocation from now on (1 = the next) and all after it find no
 * memory in the heap; 0 switches it off. */
void crypto_test_fail(uint64_t nth);

#endif
