/* mem.h - the one way to the heap, so that tests can make the Nth allocation fail.
 *
 * Every allocation of the program (not of libraries) goes through here. All return NULL when memory
 * is short; callers turn that into ERR_NO_MEMORY. Threads: safe from any thread. */
#ifndef SOTTO_BASE_MEM_H
#define SOTTO_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *mem_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
void *mem_zalloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* count * size bytes, zeroed, NULL on overflow of the product. */
void *mem_array(size_t count, size_t size) __attribute__((malloc, alloc_size(1, 2)));
/* Grows or shrinks to count * size bytes; on failure the old block stays valid. */
void *mem_resize(void *block, size_t count, size_t size);
/* Room for one more item behind the `n` that *list (a T **) has: true at once while n < *cap, else
 * a block of twice as many. On failure list and cap are as they were. */
bool mem_grow(void *list, size_t n, size_t *cap, size_t size);
#define MEM_GROW_FIRST 16 /* items of the first block */
#define MEM_GROW(list, n, cap) mem_grow(&(list), (n), &(cap), sizeof *(list))
/* `size` bytes aligned to `align` (a power of two, at least 16); free with mem_free. */
void *mem_aligned(size_t align, size_t size);
char *mem_strdup(const char *text);
void mem_free(void *block);

/* Tests only: the `nth` allocation from now on (1 = the next) returns NULL; `forever` keeps
 * failing from there. 0 switches it off. mem_test_count is the number of allocations since the
 * last call. */
void mem_test_fail(uint64_t nth, int forever);
uint64_t mem_test_count(void);

#endif
