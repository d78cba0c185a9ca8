/* arena.h - memory that is freed all at once.
 *
 * Three lifetimes exist: the process, a request or job, a call. The middle one is an Arena:
 * whatever returns memory for a request takes `Arena *` and nobody frees the pieces. Blocks double
 * from 4 KiB to 1 MiB; an arena has a ceiling. Threads: one owner at a time. */
#ifndef SOTTO_BASE_ARENA_H
#define SOTTO_BASE_ARENA_H

#include "base/str.h"

typedef struct Arena Arena;

#define ARENA_DEFAULT_MAX ((size_t)256 << 20)

Arena *arena_new(size_t max);  /* NULL when memory is short */
void arena_free(Arena *a);     /* NULL is allowed */
void arena_reset(Arena *a);    /* frees everything but one block */
size_t arena_used(const Arena *a);
/* Zeroed, aligned to 16; NULL past the ceiling or without memory. */
void *arena_alloc(Arena *a, size_t size);
void *arena_array(Arena *a, size_t count, size_t size); /* NULL also on overflow */
/* A NUL-terminated copy; ptr is NULL when memory is short (never for an empty string). */
Str arena_str(Arena *a, Str s);
char *arena_cstr(Arena *a, Str s);
Str arena_printf(Arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
Str arena_buf(Arena *a, const Buf *b); /* copy of a Buf; ptr NULL when the Buf had failed */

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
/* As mem_grow, in an arena: the old block stays where it is until the arena goes. */
bool arena_grow(Arena *a, void *list, size_t n, size_t *cap, size_t size);
#define ARENA_GROW(a, list, n, cap) arena_grow((a), &(list), (n), &(cap), sizeof *(list))
#define ARENA_NEW_ARRAY(a, type, n) ((type *)arena_array((a), (n), sizeof(type)))

#endif
