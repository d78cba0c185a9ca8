/* ears_models.h - which speech models a folder has, and which of them is meant.
 *
 * A model is a file whisper-NAME.sotto; its name is the file's without the ending.
 * Threads: safe. */
#ifndef SOTTO_VOICE_EARS_MODELS_H
#define SOTTO_VOICE_EARS_MODELS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define EARS_MODELS_MAX 8
#define EARS_MODEL_PREFIX "whisper-"
#define EARS_MODEL_SUFFIX ".sotto"

/* Names in order of the alphabet, in a; false: no memory. */
bool ears_models_list(const char *dir, Arena *a, const char ***names, size_t *n);

/* "", "whisper" and "whisper-1" are any: `preferred`, else whisper-base, whisper-tiny.en, the
 * first there is. ERR_NOT_FOUND: there is none of that name; ERR_UNAVAILABLE: there is none, or
 * not the preferred one ("" is none preferred). */
bool ears_models_any(Str asked);
bool ears_models_choose(const char *dir, const char *preferred, Str asked, char *out, size_t room,
                        Err *err);

#endif
