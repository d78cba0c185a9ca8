/* A stranger's safetensors file: whatever is accepted has every tensor inside of the file. */
#include <stdlib.h>

#include "nn/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    Safetensors *s = safetensors_parse(str_mem((const char *)data, size), &err);
    if (!s) {
        if (err.code == ERR_NONE || err.msg[0] == 0)
            abort();
        return 0;
    }
    const uint8_t *end = NULL;
    for (size_t i = 0; i < safetensors_count(s); i++) {
        const StTensor *t = safetensors_at(s, i);
        if (t->data < data || t->bytes > size || t->data + t->bytes > data + size ||
            (end && t->data != end) || !safetensors_find(s, t->name))
            abort();
        end = t->data + t->bytes;
        (void)safetensors_need_f32(s, t->name, t->shape[0], t->rank == 2 ? t->shape[1] : 0, &err);
    }
    safetensors_free(s);
    return 0;
}
