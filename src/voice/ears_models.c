/* ears_models.c - see ears_models.h. */
#include "voice/ears_models.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define ROOM 64 /* of a name with its end: what is longer is no model's */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool ears_models_list(const char *dir, Arena *a, const char ***names, size_t *n)
{
    const char **list = ARENA_NEW_ARRAY(a, const char *, EARS_MODELS_MAX);
    DIR *d = opendir(dir);
    struct dirent *entry;
    bool ok = list != NULL;
    *n = 0;
    while (ok && d && *n < EARS_MODELS_MAX && (entry = readdir(d))) {
        Str file = str_of(entry->d_name);
        if (!str_starts(file, STR(EARS_MODEL_PREFIX)) || !str_ends(file, STR(EARS_MODEL_SUFFIX)) ||
            file.len - STR(EARS_MODEL_SUFFIX).len >= ROOM)
            continue;
        list[*n] = arena_cstr(a, str_sub(file, 0, file.len - STR(EARS_MODEL_SUFFIX).len));
        ok = list[*n] != NULL;
        *n += ok;
    }
    if (d)
        closedir(d);
    if (ok)
        qsort(list, *n, sizeof *list, by_name);
    *names = list;
    return ok;
}

static bool there(const char *const *names, size_t n, Str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(str_of(names[i]), name))
            return true;
    return false;
}

bool ears_models_any(Str asked)
{
    return !asked.len || str_eq(asked, STR("whisper")) || str_eq(asked, STR("whisper-1"));
}

static bool choose(const char *dir, const char *preferred, const char *const *names, size_t n,
                   Str asked, Str *out, Err *err)
{
    bool any = ears_models_any(asked);
    if (any && preferred[0]) {
        *out = str_of(preferred);
        return there(names, n, *out) ||
               err_set(err, ERR_UNAVAILABLE,
                   "the speech model %s is not in %s; run sotto models fetch %s", preferred, dir,
                   preferred);
    }
    if (!any) {
        *out = asked;
        return there(names, n, asked) ||
               err_set(err, ERR_NOT_FOUND,
                   "there is no speech model \"" STR_FMT "\"; GET /v1/models lists what there is",
                   (int)(asked.len < 60 ? asked.len : 60), asked.ptr);
    }
    static const char *const order[] = {EARS_MODEL_PREFIX "base", EARS_MODEL_PREFIX "tiny.en"};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        *out = str_of(order[i]);
        if (there(names, n, *out))
            return true;
    }
    if (n == 0)
        return err_set(err, ERR_UNAVAILABLE,
            "there is no speech model in %s; run sotto models fetch whisper-base", dir);
    *out = str_of(names[0]);
    return true;
}

bool ears_models_choose(const char *dir, const char *preferred, Str asked, char *out, size_t room,
                        Err *err)
{
    Arena *a = arena_new((size_t)1 << 16);
    const char **names;
    size_t n;
    Str name;
    bool ok = a && ears_models_list(dir, a, &names, &n);
    if (!ok)
        err_set(err, ERR_NO_MEMORY, "no memory for the speech models");
    ok = ok && choose(dir, preferred, names, n, asked, &name, err);
    if (ok)
        (void)snprintf(out, room, STR_FMT, STR_ARG(name));
    arena_free(a);
    return ok;
}
