/* models.h - where the tests find the model's files: SOTTO_MODELS or models/ of the source. A
 * missing model fails the test: `make test` fetches it. */
#ifndef SOTTO_TESTS_MODELS_H
#define SOTTO_TESTS_MODELS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/os.h"

static inline const char *model_path(const char *name)
{
    static char ring[4][1024];
    static unsigned at;
    const char *dir = getenv("SOTTO_MODELS");
    char *out = ring[at++ % 4];
    (void)snprintf(out, sizeof ring[0], "%s/%s",
        dir && *dir ? dir : SOTTO_SOURCE_DIR "/models", name);
    if (!os_exists(out))
        fail_msg("%s is not there: run ./setup, which fetches it, or set SOTTO_MODELS", out);
    return out;
}

#define MODEL_SAFETENSORS model_path("all-MiniLM-L6-v2/model.safetensors")
#define MODEL_VOCAB model_path("all-MiniLM-L6-v2/vocab.txt")

#endif
