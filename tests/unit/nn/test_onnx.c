/* The reader of ONNX weights: what it finds, and every way a file can be wrong. */
#include "support/unit.h"

#include "nn/onnx.h"

/* Writes protobuf by hand. */
static void varint(Buf *b, uint64_t v)
{
    while (v >= 0x80) {
        buf_add_char(b, (char)(v | 0x80));
        v >>= 7;
    }
    buf_add_char(b, (char)v);
}

static void number(Buf *b, unsigned field, uint64_t v)
{
    varint(b, field << 3);
    varint(b, v);
}

static void bytes(Buf *b, unsigned field, Str s)
{
    varint(b, field << 3 | 2);
    varint(b, s.len);
    buf_add(b, s);
}

static void message(Buf *b, unsigned field, Buf *inner)
{
    bytes(b, field, buf_str(inner));
    buf_release(inner);
    buf_init(inner, 1 << 20);
}

static void add_tensor(Buf *graph, const char *name, uint64_t type, uint64_t d0, uint64_t d1,
    Str raw)
{
    Buf t;
    buf_init(&t, 1 << 20);
    number(&t, 1, d0);
    number(&t, 1, d1);
    number(&t, 2, type);
    bytes(&t, 8, str_of(name));
    bytes(&t, 9, raw);
    message(graph, 5, &t);
    buf_release(&t);
}

/* Two tensors, a convolution that reads one, and a constant. */
static void make(Buf *file)
{
    static const float w[6] = {1, 2, 3, 4, 5, 6};
    Buf graph, node, attribute;
    buf_init(&graph, 1 << 20);
    buf_init(&node, 1 << 20);
    buf_init(&attribute, 1 << 20);
    add_tensor(&graph, "w", 1, 2, 3, str_mem((const char *)w, sizeof w));
    add_tensor(&graph, "a", 7, 1, 1, str_mem("\5\0\0\0\0\0\0\0", 8));
    bytes(&node, 1, STR("x"));
    bytes(&node, 1, STR("w"));
    bytes(&node, 1, STR("bias"));
    bytes(&node, 2, STR("y"));
    bytes(&node, 4, STR("Conv"));
    bytes(&attribute, 1, STR("dilations"));
    bytes(&attribute, 8, STR("\3\202\1")); /* packed: 3, 130 */
    message(&node, 5, &attribute);
    bytes(&attribute, 1, STR("group"));
    number(&attribute, 3, 7);
    message(&node, 5, &attribute);
    message(&graph, 1, &node);
    Buf value;
    buf_init(&value, 1 << 20);
    number(&value, 1, 2);
    number(&value, 2, 1);
    bytes(&value, 9, STR("\0\0\200?\0\0\0@"));
    bytes(&attribute, 1, STR("value"));
    message(&attribute, 5, &value);
    bytes(&node, 2, STR("constant"));
    bytes(&node, 4, STR("Constant"));
    message(&node, 5, &attribute);
    message(&graph, 1, &node);
    number(file, 1, 8);
    message(file, 7, &graph);
    buf_release(&graph);
    buf_release(&node);
    buf_release(&attribute);
    buf_release(&value);
}

static void test_reads(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf file;
    buf_init(&file, 1 << 20);
    make(&file);
    Onnx *o = onnx_parse(buf_str(&file), &err);
    assert_non_null(o);
    assert_int_equal(onnx_tensors(o), 3);
    assert_int_equal(onnx_nodes(o), 2);
    const OnnxTensor *t = onnx_tensor(o, STR("w"));
    float v;
    assert_non_null(t);
    assert_int_equal(t->type, ONNX_F32);
    assert_int_equal(t->rank, 2);
    assert_int_equal(t->shape[1], 3);
    memcpy(&v, t->data + 20, sizeof v);
    assert_true(v == 6);
    assert_int_equal(onnx_tensor(o, STR("a"))->type, ONNX_I64);
    assert_int_equal(onnx_tensor(o, STR("constant"))->count, 2);
    assert_null(onnx_tensor(o, STR("v")));
    const OnnxNode *n = onnx_node_with_input(o, STR("Conv"), 2, STR("bias"));
    int64_t ints[ONNX_INTS];
    assert_non_null(n);
    assert_str(n->input[1], "w");
    assert_int_equal(onnx_ints(n, STR("dilations"), ints), 2);
    assert_int_equal(ints[1], 130);
    assert_int_equal(onnx_ints(n, STR("group"), ints), 1);
    assert_int_equal(ints[0], 7);
    assert_int_equal(onnx_ints(n, STR("pads"), ints), 0);
    assert_null(onnx_node_with_input(o, STR("Conv"), 3, STR("bias")));
    onnx_free(o);
    buf_release(&file);
}

/* Cut anywhere, the file is refused or what is left of it lies inside. */
static void test_cut(void **state)
{
    (void)state;
    Buf file;
    buf_init(&file, 1 << 20);
    make(&file);
    for (size_t n = 0; n < file.len; n++) {
        Err err = ERR_INIT;
        Onnx *o = onnx_parse(str_mem(file.ptr, n), &err);
        assert_null(o); /* the graph's length is past the end, or there is none */
        assert_int_equal(err.code, ERR_CORRUPT);
    }
    buf_release(&file);
}

static void test_refuses(void **state)
{
    (void)state;
    static const struct {
        Str file;
        const char *why;
    } cases[] = {
        {{"", 0}, "no graph"},
        {{"\x08\x08", 2}, "no graph"},
        {{"\x3a\x05", 2}, "ends in the middle"},
        {{"\x3a\x00\x3a\x00", 4}, "two graphs"},
        {{"\x03\x00", 2}, "ends in the middle"},                 /* a group */
        {{"\x00\x00", 2}, "ends in the middle"},                 /* field 0 */
        {{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 11}, "ends in the middle"},
        {{"\x3a\x04\x2a\x02\x0a\x05", 6}, "a tensor ends"},
        {{"\x3a\x0c\x2a\x0a\x08\x01\x08\x01\x08\x01\x08\x01\x08\x01", 14},
            "more than 4 dimensions"},
        {{"\x3a\x03\x0a\x01\x0a", 5}, "a node ends"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        Err err = ERR_INIT;
        assert_err(onnx_parse(cases[i].file, &err) != NULL, err, ERR_CORRUPT, cases[i].why);
    }
}

/* A shape whose data is not there is no weight. */
static void test_wrong_size(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf graph, file;
    buf_init(&graph, 1 << 20);
    buf_init(&file, 1 << 20);
    add_tensor(&graph, "w", 1, 2, 3, STR("abcd"));
    message(&file, 7, &graph);
    Onnx *o = onnx_parse(buf_str(&file), &err);
    assert_non_null(o);
    assert_int_equal(onnx_tensor(o, STR("w"))->type, ONNX_OTHER);
    assert_null(onnx_tensor(o, STR("w"))->data);
    onnx_free(o);
    buf_release(&graph);
    buf_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_reads), cmocka_unit_test(test_cut),
        cmocka_unit_test(test_refuses), cmocka_unit_test(test_wrong_size)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
