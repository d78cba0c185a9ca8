/* A stranger's ONNX file: whatever is accepted has every tensor inside of the file. */
#include <stdlib.h>

#include "nn/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Err err = ERR_INIT;
    Onnx *o = onnx_parse(str_mem((const char *)data, size), &err);
    if (!o) {
        if (err.code == ERR_NONE || err.msg[0] == 0)
            abort();
        return 0;
    }
    uint64_t sum = 0;
    for (size_t i = 0; i < onnx_tensors(o); i++) {
        const OnnxTensor *t = onnx_tensor_at(o, i);
        uint64_t bytes = t->count * (t->type == ONNX_F32 ? 4 : 8);
        if (t->type != ONNX_OTHER && (t->data < data || t->data + bytes > data + size))
            abort();
        for (uint64_t k = 0; t->type != ONNX_OTHER && k < bytes; k++)
            sum += t->data[k];
        if (!onnx_tensor(o, t->name))
            abort();
    }
    for (size_t i = 0; i < onnx_nodes(o); i++) {
        const OnnxNode *n = onnx_node_at(o, i);
        int64_t ints[ONNX_INTS];
        if (n->inputs > ONNX_INPUTS || onnx_ints(n, STR("dilations"), ints) > ONNX_INTS)
            abort();
        if (n->inputs && !onnx_node_with_input(o, n->op, 0, n->input[0]))
            abort();
    }
    onnx_free(o);
    return sum == UINT64_MAX; /* used */
}
