#include "app/suggest.h"

#define LONGEST 64

size_t suggest_distance(Str a, Str b)
{
    a = str_sub(a, 0, LONGEST);
    b = str_sub(b, 0, LONGEST);
    size_t rows[3][LONGEST + 1];
    size_t *two = rows[0], *one = rows[1], *now = rows[2]; /* rows i-2, i-1 and i of the matrix */
    for (size_t j = 0; j <= b.len; j++)
        one[j] = two[j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = one[j - 1] + (a.ptr[i - 1] != b.ptr[j - 1]);
            if (one[j] + 1 < best)
                best = one[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a.ptr[i - 1] == b.ptr[j - 2] && a.ptr[i - 2] == b.ptr[j - 1] &&
                two[j - 2] + 1 < best)
                best = two[j - 2] + 1;
            now[j] = best;
        }
        size_t *old = two;
        two = one;
        one = now;
        now = old;
    }
    return one[b.len];
}

const char *suggest_nearest(Str typed, const char *const *names, size_t n)
{
    const char *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        Str name = str_of(names[i]);
        size_t d = suggest_distance(typed, name);
        /* A beginning ("doc" for "doctor") is near whatever its length. */
        if (typed.len >= 3 && str_starts(name, typed))
            d = 1;
        if (d < least && d <= (name.len + 2) / 3) {
            least = d;
            nearest = names[i];
        }
    }
    return nearest;
}
