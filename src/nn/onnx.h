/* onnx.h - reads the weights out of an ONNX file: the part of protobuf and of ONNX that needs.
 *
 *   ModelProto { 7: GraphProto { 1: NodeProto*, 5: TensorProto* } }
 *
 * Tensors are fp32 or int64 (initializers and the values of Constant nodes); of nodes are kept
 * operator, inputs, first output and integer attributes, because exporters rename weights and a
 * node's neighbours tell which they are. Everything else is skipped, whatever it says. A model file
 * is a stranger's file: every length, count and shape is checked against what is there.
 *
 * Source: onnx.proto3 of the ONNX project (field numbers), the protobuf encoding.
 * Threads: an Onnx is immutable once parsed and borrows the file's bytes. */
#ifndef SOTTO_NN_ONNX_H
#define SOTTO_NN_ONNX_H

#include "base/str.h"

#define ONNX_RANK 4
#define ONNX_TENSORS_MAX 20000
#define ONNX_NODES_MAX 100000
#define ONNX_INPUTS 4 /* of a node, the first ones */
#define ONNX_INTS 8   /* of an attribute */

typedef enum { ONNX_OTHER, ONNX_F32, ONNX_I64 } OnnxType;

typedef struct {
    Str name;
    OnnxType type;
    uint32_t rank;
    uint32_t shape[ONNX_RANK];
    const uint8_t *data; /* unaligned, little-endian; NULL for ONNX_OTHER */
    uint64_t count;      /* elements */
} OnnxTensor;

typedef struct {
    Str op, name, output;
    Str input[ONNX_INPUTS];
    uint32_t inputs; /* how many of them are there, at most ONNX_INPUTS */
    Str attributes;  /* the node's bytes, for onnx_ints */
} OnnxNode;

typedef struct Onnx Onnx;

/* ERR_CORRUPT, ERR_NO_MEMORY. */
Onnx *onnx_parse(Str file, Err *err);
void onnx_free(Onnx *o); /* NULL is allowed */
size_t onnx_tensors(const Onnx *o);
const OnnxTensor *onnx_tensor_at(const Onnx *o, size_t i);
size_t onnx_nodes(const Onnx *o);
const OnnxNode *onnx_node_at(const Onnx *o, size_t i);
const OnnxTensor *onnx_tensor(const Onnx *o, Str name); /* NULL when it is not there */
/* The node of operator `op` whose input `i` is called `input`; NULL when there is none. */
const OnnxNode *onnx_node_with_input(const Onnx *o, Str op, uint32_t i, Str input);
/* Integers of attribute `name` of a node: how many there are (at most ONNX_INTS are given; a single
 * one counts as a list of one), 0 when it is not there or broken. */
size_t onnx_ints(const OnnxNode *n, Str name, int64_t out[ONNX_INTS]);

#endif
