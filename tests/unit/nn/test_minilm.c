/* The encoder against vectors of sentence-transformers (tests/golden/minilm), and every way it can
 * refuse. Converts the published model once for itself. */
#include "support/unit.h"

#include <math.h>

#include "nn/minilm.h"
#include "nn/minilm_file.h"
#include "support/tempdir.h"
#include "support/torture.h"
#include "unit/nn/models.h"

#define GOLDEN SOTTO_SOURCE_DIR "/tests/golden/minilm/"

static TempDir dir;
static Buf golden_texts;
static Str texts[128];
static size_t n_texts;
static float want[128][MINILM_DIM], got[128][MINILM_DIM];
static Minilm *int8;
static MinilmState *int8_state;
static char converted[512];

static float half(uint16_t h)
{
    int exponent = h >> 10 & 31, mantissa = h & 1023;
    float v = exponent ? ldexpf((float)(1024 + mantissa), exponent - 25) :
        ldexpf((float)mantissa, -24);
    return h >> 15 ? -v : v;
}

static int setup(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Buf halves;
    tempdir_make(&dir);
    buf_init(&golden_texts, 1 << 20);
    buf_init(&halves, 1 << 20);
    assert_true(os_read_file(GOLDEN "texts.txt", &golden_texts, &err));
    assert_true(os_read_file(GOLDEN "vectors.f16", &halves, &err));
    Str rest = buf_str(&golden_texts), line;
    while (str_next(&rest, '\n', &line) && rest.ptr)
        texts[n_texts++] = line;
    assert_int_equal(halves.len, n_texts * MINILM_DIM * 2);
    assert_true(n_texts >= 60);
    for (size_t i = 0; i < n_texts * MINILM_DIM; i++) {
        uint16_t h;
        memcpy(&h, halves.ptr + 2 * i, 2);
        want[i / MINILM_DIM][i % MINILM_DIM] = half(h);
    }
    buf_release(&halves);
    (void)snprintf(converted, sizeof converted, "%s", tempdir_file(&dir, "minilm.sotto"));
    if (!minilm_convert(MODEL_SAFETENSORS, MODEL_VOCAB, converted, &err))
        fail_msg("%s", err.msg);
    int8 = minilm_open(converted, MINILM_INT8, &err);
    if (!int8)
        fail_msg("%s", err.msg);
    int8_state = minilm_state_new(int8, &err);
    assert_non_null(int8_state);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    minilm_state_free(int8_state);
    minilm_state_free(NULL);
    minilm_close(int8);
    minilm_close(NULL);
    buf_release(&golden_texts);
    tempdir_remove(&dir);
    return 0;
}

static double cosine(const float *a, const float *b)
{
    double ab = 0, aa = 0, bb = 0;
    for (int i = 0; i < MINILM_DIM; i++) {
        ab += (double)a[i] * (double)b[i];
        aa += (double)a[i] * (double)a[i];
        bb += (double)b[i] * (double)b[i];
    }
    return ab / sqrt(aa * bb);
}

static void compare(double least_wanted, double mean_wanted)
{
    double least = 1, mean = 0;
    for (size_t i = 0; i < n_texts; i++) {
        double c = cosine(got[i], want[i]), length = 0;
        for (int k = 0; k < MINILM_DIM; k++)
            length += (double)got[i][k] * (double)got[i][k];
        assert_true(fabs(length - 1) < 1e-5);
        if (!(c >= least_wanted))
            fail_msg("text %zu, \"%.60s\": cosine %.6f", i, texts[i].ptr, c);
        least = c < least ? c : least;
        mean += c / (double)n_texts;
    }
    print_message("cosine to the reference: mean %.6f, least %.6f\n", mean, least);
    assert_true(mean >= mean_wanted);
}

static void fp32_is_the_reference(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    Minilm *m = minilm_open(MODEL_SAFETENSORS, MINILM_FP32, &err);
    if (!m)
        fail_msg("%s", err.msg);
    MinilmState *s = minilm_state_new(m, &err);
    assert_true(minilm_embed(m, s, texts, n_texts, got[0], NULL, &err));
    assert_true(minilm_verify(m, &err));
    compare(0.99999, 0.99999);
    minilm_state_free(s);
    minilm_close(m);
}

static void int8_is_close_to_the_reference(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    assert_true(minilm_embed(int8, int8_state, texts, n_texts, got[0], NULL, &err));
    compare(0.99, 0.998);
    assert_string_equal(minilm_name(int8), "all-MiniLM-L6-v2");
    assert_true(minilm_verify(int8, &err));
}

/* A text's vector does not depend on what else is in the call. */
static void a_batch_changes_nothing(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    float alone[MINILM_DIM];
    assert_true(minilm_embed(int8, int8_state, texts, n_texts, got[0], NULL, &err));
    for (size_t i = 0; i < n_texts; i++) {
        assert_true(minilm_embed(int8, int8_state, &texts[i], 1, alone, NULL, &err));
        if (memcmp(alone, got[i], sizeof alone) != 0)
            fail_msg("text %zu has another vector alone: cosine %.9f", i, cosine(alone, got[i]));
    }
    assert_true(minilm_embed(int8, int8_state, NULL, 0, NULL, NULL, &err)); /* none is fine */
}

static void tokens_are_counted_before_the_cut(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    char longer[4096];
    for (size_t i = 0; i < 300; i++)
        memcpy(longer + 5 * i, "word ", 5);
    Str two[] = {str_mem(longer, 1500), str_mem(longer, 5 * 254)};
    uint32_t tokens[2];
    assert_true(minilm_embed(int8, int8_state, two, 2, got[0], tokens, &err));
    assert_int_equal(tokens[0], 302);
    assert_int_equal(tokens[1], 256);
    assert_memory_equal(got[0], got[1], sizeof got[0]);
    assert_int_equal(minilm_count_tokens(int8, two[0]), 300);
    uint32_t ids[300], ends[300];
    assert_int_equal(minilm_tokenize(int8, two[0], ids, ends, 300), 302);
    assert_int_equal(ids[0], 101);
    assert_int_equal(ends[2], 9);
}

static void ids_are_checked(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    uint32_t ids[MINILM_MAX_TOKENS + 1] = {101, 7592, 102};
    const uint32_t *list[] = {ids};
    float from_text[MINILM_DIM], from_ids[MINILM_DIM];
    Str hello = STR("hello");
    assert_true(minilm_embed_ids(int8, int8_state, list, (uint32_t[]){3}, 1, from_ids, &err));
    assert_true(minilm_embed(int8, int8_state, &hello, 1, from_text, NULL, &err));
    assert_memory_equal(from_text, from_ids, sizeof from_text);
    assert_err(minilm_embed_ids(int8, int8_state, list, (uint32_t[]){1}, 1, from_ids, &err), err,
        ERR_VALIDATION, "text 0 has 1 tokens");
    assert_err(minilm_embed_ids(int8, int8_state, list, (uint32_t[]){257}, 1, from_ids, &err), err,
        ERR_VALIDATION, "2 to 256");
    ids[1] = 30522;
    assert_err(minilm_embed_ids(int8, int8_state, list, (uint32_t[]){3}, 1, from_ids, &err), err,
        ERR_VALIDATION, "token 1 of text 0 is past the vocabulary");
}

static void put(const char *path, Str data)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data.ptr, 1, data.len, f), data.len);
    assert_int_equal(fclose(f), 0);
}

static void convert_refuses(const char *weights, const char *vocab, ErrCode code, const char *part)
{
    Err err = ERR_INIT;
    const char *out = tempdir_file(&dir, "refused.sotto");
    assert_err(minilm_convert(weights, vocab, out, &err), err, code, part);
    assert_false(os_exists(out));
}

/* Replaces `from` by `to`, of the same length, where it first is. */
static void patch(Buf *b, const char *from, const char *to)
{
    size_t at = str_find(buf_str(b), str_of(from), 0);
    assert_true(at != SIZE_MAX && strlen(from) == strlen(to));
    memcpy(b->ptr + at, to, strlen(to));
}

static void convert_refuses_what_is_no_model(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    char bad[512], none[512]; /* the helper's own buffers go round */
    (void)snprintf(bad, sizeof bad, "%s", tempdir_file(&dir, "bad"));
    (void)snprintf(none, sizeof none, "%s", tempdir_file(&dir, "none"));
    Buf b, vocab;
    buf_init(&b, 128 << 20);
    buf_init(&vocab, 1 << 20);
    convert_refuses(none, MODEL_VOCAB, ERR_NOT_FOUND, "none");
    convert_refuses(MODEL_SAFETENSORS, none, ERR_NOT_FOUND, "none");
    convert_refuses(MODEL_VOCAB, MODEL_VOCAB, ERR_CORRUPT, "no safetensors");
    assert_true(os_read_file(MODEL_VOCAB, &vocab, &err));
    put(bad, str_sub(buf_str(&vocab), 0, vocab.len / 2));
    convert_refuses(MODEL_SAFETENSORS, bad, ERR_CORRUPT, "vocabulary");
    buf_add_c(&vocab, "onemoretoken\n");
    put(bad, buf_str(&vocab));
    convert_refuses(MODEL_SAFETENSORS, bad, ERR_CORRUPT, "30523 tokens");
    assert_true(os_read_file(MODEL_SAFETENSORS, &b, &err));
    put(bad, str_sub(buf_str(&b), 0, b.len - 1));
    convert_refuses(bad, MODEL_VOCAB, ERR_CORRUPT, "outside of the file");
    static const char *const patches[][3] = {
        {"encoder.layer.5.output.dense.weight", "encoder.layer.5.output.dense.weighs", "no tensor"},
        {"\"embeddings.word_embeddings.weight\":{\"dtype\":\"F32\"",
         "\"embeddings.word_embeddings.weight\":{\"dtype\":\"I32\"", "is not F32"},
    };
    for (size_t i = 0; i < ARRAY_LEN(patches); i++) {
        patch(&b, patches[i][0], patches[i][1]);
        put(bad, buf_str(&b));
        convert_refuses(bad, MODEL_VOCAB, ERR_CORRUPT, patches[i][2]);
        Minilm *m = minilm_open(bad, MINILM_FP32, &err);
        assert_null(m);
        patch(&b, patches[i][1], patches[i][0]);
    }
    memset(b.ptr + b.len - 600 * 1024, 0xff, 4); /* the last layer's down matrix: not a number */
    memset(b.ptr + b.len - 800 * 1024, 0xff, 4);
    put(bad, buf_str(&b));
    convert_refuses(bad, MODEL_VOCAB, ERR_CORRUPT, "not finite");
    err = ERR_INIT;
    assert_false(minilm_convert(MODEL_SAFETENSORS, MODEL_VOCAB, tempdir_file(&dir, "a/b"), &err));
    assert_int_not_equal(err.code, ERR_NONE);
    buf_release(&b);
    buf_release(&vocab);
}

static void open_refuses(const char *path, MinilmPrecision precision, ErrCode code,
                         const char *part)
{
    Err err = ERR_INIT;
    Minilm *m = minilm_open(path, precision, &err);
    assert_err(m != NULL, err, code, part);
}

static void open_refuses_what_is_no_model(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *bad = tempdir_file(&dir, "bad.sotto");
    open_refuses(tempdir_file(&dir, "none"), MINILM_INT8, ERR_NOT_FOUND, "none");
    open_refuses(tempdir_file(&dir, "none"), MINILM_FP32, ERR_NOT_FOUND, "none");
    open_refuses(MODEL_SAFETENSORS, MINILM_INT8, ERR_CORRUPT, "no file of converted weights");
    open_refuses(converted, MINILM_FP32, ERR_NOT_FOUND, "vocab.txt");
    Buf b;
    buf_init(&b, 64 << 20);
    assert_true(os_read_file(converted, &b, &err));
    put(bad, str_sub(buf_str(&b), 0, b.len / 2));
    open_refuses(bad, MINILM_INT8, ERR_CORRUPT, "cut short");
    b.ptr[8] = 99; /* the version */
    put(bad, buf_str(&b));
    open_refuses(bad, MINILM_INT8, ERR_CORRUPT, "convert the model again");
    b.ptr[8] = WEIGHTS_VERSION;
    b.ptr[b.len - 1000000] = (char)(b.ptr[b.len - 1000000] ^ 1);
    put(bad, buf_str(&b));
    Minilm *m = minilm_open(bad, MINILM_INT8, &err); /* one bit in the data: only verify sees it */
    assert_non_null(m);
    assert_err(minilm_verify(m, &err), err, ERR_CORRUPT, "checksum is wrong");
    minilm_close(m);
    buf_release(&b);
}

static bool open_and_embed(void *arg)
{
    (void)arg;
    Err err = ERR_INIT;
    Minilm *m = minilm_open(converted, MINILM_INT8, &err);
    MinilmState *s = m ? minilm_state_new(m, &err) : NULL;
    bool ok = s && minilm_embed(m, s, texts, 3, got[0], NULL, &err);
    if (!ok)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    minilm_state_free(s);
    minilm_close(m);
    return ok;
}

static bool open_fp32(void *arg)
{
    (void)arg;
    Err err = ERR_INIT;
    Minilm *m = minilm_open(MODEL_SAFETENSORS, MINILM_FP32, &err);
    if (!m)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    minilm_close(m);
    return m != NULL;
}

static bool convert_at(uint64_t nth)
{
    Err err = ERR_INIT;
    mem_test_fail(nth, 0);
    bool ok = minilm_convert(MODEL_SAFETENSORS, MODEL_VOCAB, tempdir_file(&dir, "t.sotto"), &err);
    mem_test_fail(0, 0);
    if (!ok) {
        assert_int_equal(err.code, ERR_NO_MEMORY);
        assert_false(os_exists(tempdir_file(&dir, "t.sotto")));
    }
    return ok;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_true(torture_alloc(open_and_embed, NULL, 0) >= 8);
    assert_true(torture_alloc(open_and_embed, NULL, 1) >= 8);
    mem_test_fail(0, 0);
    (void)mem_test_count();
    assert_true(open_fp32(NULL));
    /* One allocation in many: each run reads 90 MB. */
    for (uint64_t nth = 1; nth < 400; nth += nth < 8 ? 1 : 89) {
        mem_test_fail(nth, 0);
        (void)open_fp32(NULL);
        mem_test_fail(0, 0);
    }
    for (uint64_t nth = 1; nth < 1200 && !convert_at(nth); nth += nth < 8 ? 1 : 97) {
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_is_close_to_the_reference),
        cmocka_unit_test(a_batch_changes_nothing),
        cmocka_unit_test(tokens_are_counted_before_the_cut),
        cmocka_unit_test(ids_are_checked),
        cmocka_unit_test(fp32_is_the_reference),
        cmocka_unit_test(convert_refuses_what_is_no_model),
        cmocka_unit_test(open_refuses_what_is_no_model),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
