/* The two published formats, converting, opening, and every way they refuse; with a small Whisper
 * of random weights (whisper_small.h). */
#include "support/unit.h"

#include <sys/stat.h>

#include "nn/ct2_file.h"
#include "nn/ggml_file.h"
#include "nn/tensor_table.h"
#include "nn/weights_file.h"
#include "nn/whisper.h"
#include "nn/whisper_weights.h"
#include "support/tempdir.h"
#include "support/torture.h"
#include "unit/nn/whisper_small.h"

static TempDir dir;
static Buf good;                             /* the ggml file's bytes */
static char from_ggml[512], from_ct2[512], folder[512], ggml[512];

static void put(const char *path, Str data)
{
    Err err = ERR_INIT;
    if (!os_write_file(path, data, 0644, &err))
        fail_msg("%s", err.msg);
}

static void put_in(const char *name, Str data)
{
    char path[600];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    put(path, data);
}

static int setup(void **state)
{
    (void)state;
    SmallWriter w = {0}, c = {0};
    Buf tokenizer;
    tempdir_make(&dir);
    buf_init(&w.out, 64 << 20);
    buf_init(&c.out, 64 << 20);
    buf_init(&tokenizer, 8 << 20);
    small_write_ggml(&w);
    small_write_ct2(&c);
    small_write_tokenizer(&tokenizer);
    good = w.out;
    (void)snprintf(ggml, sizeof ggml, "%s", tempdir_file(&dir, "small.bin"));
    (void)snprintf(folder, sizeof folder, "%s", tempdir_file(&dir, "ct2"));
    (void)snprintf(from_ggml, sizeof from_ggml, "%s", tempdir_file(&dir, "ggml.sotto"));
    (void)snprintf(from_ct2, sizeof from_ct2, "%s", tempdir_file(&dir, "ct2.sotto"));
    assert_int_equal(mkdir(folder, 0755), 0);
    put(ggml, buf_str(&w.out));
    put_in("model.bin", buf_str(&c.out));
    put_in("tokenizer.json", buf_str(&tokenizer));
    put_in("config.json", STR("{\"alignment_heads\": [[0, 1], [9, 9]]}"));
    buf_release(&c.out);
    buf_release(&tokenizer);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    buf_release(&good);
    tempdir_remove(&dir);
    return 0;
}

/* ---- the good ----------------------------------------------------------------------------------
 */

static void both_formats_give_the_same_weights(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    if (!whisper_convert(ggml, from_ggml, &err) || !whisper_convert(folder, from_ct2, &err))
        fail_msg("%s", err.msg);
    WeightsFile *a = weights_open(from_ggml, WHISPER_MODEL, &err);
    WeightsFile *b = weights_open(from_ct2, WHISPER_MODEL, &err);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(weights_count(a), weights_count(b));
    assert_true(weights_count(a) > 60);
    for (size_t i = 0; i < weights_count(a); i++) {
        WeightsTensor x, y;
        weights_at(a, i, &x);
        weights_at(b, i, &y);
        assert_string_equal(x.name, y.name);
        assert_int_equal(x.bytes, y.bytes);
        bool heads = strcmp(x.name, "model") == 0; /* only CTranslate2 names them */
        if (!heads && memcmp(x.data, y.data, x.bytes) != 0)
            fail_msg("%s differs", x.name);
    }
    weights_close(a);
    weights_close(b);
    Whisper *m = whisper_open(from_ct2, WHISPER_INT8, &err);
    assert_non_null(m);
    assert_true(whisper_verify(m, &err));
    assert_int_equal(whisper_info(m)->state, SMALL_STATE);
    assert_int_equal(whisper_info(m)->languages, 0);
    assert_true(whisper_knows_language(m, STR("en")));
    assert_false(whisper_knows_language(m, STR("de")));
    whisper_close(m);
}

/* ggml's blocks of 32 against their formulas. */
static void blocks_are_read(void **state)
{
    (void)state;
    static const struct {
        TensorType type;
        uint8_t bytes[34];
        size_t n;
        float first, last;
    } rows[] = {
        {TENSOR_Q4_0, {0x00, 0x38, 0x1f, [17] = 0x90}, 18, 0.5f * 7, 0.5f},
        {TENSOR_Q4_1, {0x00, 0x38, 0x00, 0x3c, 0x1f, [19] = 0x90}, 20, 8.5f, 5.5f},
        {TENSOR_Q5_0, {0x00, 0x38, 1, 0, 0, 0x80, 0x1f, [21] = 0x90}, 22, 7.5f, 4.5f},
        {TENSOR_Q5_1, {0x00, 0x38, 0x00, 0x3c, 1, 0, 0, 0x80, 0x1f, [23] = 0x90}, 24, 16.5f, 13.5f},
        {TENSOR_Q8_0, {0x00, 0x38, 0x80, [33] = 0x7f}, 34, -64, 63.5f},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        Str file = str_mem((const char *)rows[i].bytes, rows[i].n);
        Tensor t = {.name = "x", .type = rows[i].type, .rank = 1, .dims = {32},
                    .data = rows[i].bytes, .bytes = rows[i].n};
        TensorTable table = {0};
        Err err = ERR_INIT;
        float out[32];
        assert_true(tensor_add(&table, file, &t, &err) && tensor_table_finish(&table, &err));
        assert_true(tensor_read(&table, "x", (uint64_t[]){32, 0}, out, &err));
        assert_true(out[0] == rows[i].first && out[31] == rows[i].last);
        tensor_table_release(&table);
    }
    Tensor twice = {.name = "x", .rank = 1, .dims = {1}, .data = rows[0].bytes, .bytes = 4};
    TensorTable table = {0};
    Err err = ERR_INIT;
    Str file = str_mem((const char *)rows[0].bytes, 18);
    assert_true(tensor_add(&table, file, &twice, &err) && tensor_add(&table, file, &twice, &err));
    assert_err(tensor_table_finish(&table, &err), err, ERR_CORRUPT, "two tensors \"x\"");
    twice.bytes = 5;
    assert_err(tensor_add(&table, file, &twice, &err), err, ERR_CORRUPT, "its shape needs 4");
    twice = (Tensor){.name = "y", .rank = 1, .dims = {5}, .data = rows[0].bytes, .bytes = 20};
    assert_err(tensor_add(&table, file, &twice, &err), err, ERR_CORRUPT, "behind the file's end");
    tensor_table_release(&table);
    assert_true(tensor_half(0x3c00) == 1 && tensor_half(0xc000) == -2);
    assert_true(tensor_half(1) == 0x1p-24f && tensor_half(0x8000) == 0);
}

/* int8 matrices of CTranslate2, each row by its scale; also where three matrices lie in one. */
static void int8_weights_are_read(void **state)
{
    (void)state;
    static float out[SMALL_STATE * SMALL_STATE];
    SmallWriter w = {.integers = 1};
    TensorTable table;
    Err err = ERR_INIT;
    char path[600];
    buf_init(&w.out, 64 << 20);
    small_write_ct2(&w);
    if (!ct2_parse(buf_str(&w.out), &table, &err))
        fail_msg("%s", err.msg);
    const char *name = "encoder.blocks.0.attn.key.weight";
    assert_true(tensor_read(&table, name, (uint64_t[]){SMALL_STATE, SMALL_STATE, 0}, out, &err));
    for (uint32_t i = 0; i < SMALL_STATE * SMALL_STATE; i++) {
        float want = (float)small_int8("encoder.blocks.0.attn.key.weight", i) /
                     small_scale(SMALL_STATE + i / SMALL_STATE);
        if (out[i] != want)
            fail_msg("value %u is %g, not %g", i, (double)out[i], (double)want);
    }
    tensor_table_release(&table);
    (void)snprintf(path, sizeof path, "%s", tempdir_file(&dir, "int8.sotto"));
    put_in("model.bin", buf_str(&w.out));
    if (!whisper_convert(folder, path, &err))
        fail_msg("%s", err.msg);
    Whisper *m = whisper_open(path, WHISPER_INT8, &err);
    assert_non_null(m);
    whisper_close(m);
    buf_release(&w.out);
}

/* The shape of large-v3: 128 mels, 100 languages. */
static void models_of_128_mels_are_read(void **state)
{
    (void)state;
    static float pcm[WHISPER_RATE_HZ];
    SmallWriter w = {.mels = 128, .vocabulary = SMALL_VOCABULARY + 2};
    Err err = ERR_INIT;
    WhisperOptions o = {.one_temperature = true, .no_speech_limit = 2, .logprob_limit = -100};
    WhisperResult r;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    char from[600], to[600];
    buf_init(&w.out, 64 << 20);
    small_write_ggml(&w);
    (void)snprintf(from, sizeof from, "%s", tempdir_file(&dir, "mels.bin"));
    (void)snprintf(to, sizeof to, "%s", tempdir_file(&dir, "mels.sotto"));
    put(from, buf_str(&w.out));
    if (!whisper_convert(from, to, &err))
        fail_msg("%s", err.msg);
    for (size_t i = 0; i < ARRAY_LEN(pcm); i++)
        pcm[i] = (float)(i % 97) / 97 - 0.5f;
    for (int precise = 0; precise < 2; precise++) {
        Whisper *m = whisper_open(precise ? from : to, precise ? WHISPER_FP32 : WHISPER_INT8, &err);
        WhisperState *s = m ? whisper_state_new(m, 2, &err) : NULL;
        if (!s)
            fail_msg("%s", err.msg);
        assert_int_equal(whisper_info(m)->mels, 128);
        assert_int_equal(whisper_info(m)->languages, 100);
        assert_true(whisper_knows_language(m, STR("yue")));
        assert_true(whisper_transcribe(m, s, pcm, ARRAY_LEN(pcm), &o, a, &r, &err));
        whisper_state_free(s);
        whisper_close(m);
    }
    arena_free(a);
    buf_release(&w.out);
}

/* ---- the bad -----------------------------------------------------------------------------------
 */

static void refuses(Str bytes, const char *why)
{
    Err err = ERR_INIT;
    char bad[600], out[600];
    (void)snprintf(bad, sizeof bad, "%s", tempdir_file(&dir, "bad.bin"));
    (void)snprintf(out, sizeof out, "%s", tempdir_file(&dir, "bad.sotto"));
    put(bad, bytes);
    assert_err(whisper_convert(bad, out, &err), err, ERR_CORRUPT, why);
    assert_false(os_exists(out));
}

static void refuses_bad_ggml_files(void **state)
{
    (void)state;
    Str all = buf_str(&good);
    refuses(STR("lmgg"), "cut short in its header");
    refuses(STR("RIFF and so on"), "no ggml file");
    refuses(str_sub(all, 0, 70000), "cut short in its vocabulary");
    refuses(str_sub(all, 0, all.len - 1), "cut short in tensor");
    SmallWriter w = {.leave_out = "decoder.blocks.0.mlp.2.bias"};
    buf_init(&w.out, 64 << 20);
    small_write_ggml(&w);
    refuses(buf_str(&w.out), "no tensor \"decoder.blocks.0.mlp.2.bias\"");
    buf_clear(&w.out);
    w = (SmallWriter){.out = w.out, .infinite = "encoder.conv2.weight"};
    small_write_ggml(&w);
    refuses(buf_str(&w.out), "\"encoder.conv2.weight\" holds a number that is not finite");
    buf_release(&w.out);
}

/* One u32 of the header or of the first tensor is changed. */
static void refuses_bad_numbers(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t value;
        const char *why;
    } rows[] = {
        {4, 1000, "no Whisper has"},        {8, 1501, "not one of Whisper"},
        {12, 64, "not one of Whisper"},     {16, 3, "not one of Whisper"},
        {20, 0, "no Whisper has"},          {20, 2, "no tensor \"encoder.blocks.1."},
        {24, 100000, "no Whisper has"},     {40, 79, "not one of Whisper"},
        {48, 0, "0 x 201 mel filters"},     {52, 0xffffffff, "mel filters"},
        {56 + 80 * 201 * 4, 0xffffffff, "tokens; 1 to"},
        {60 + 80 * 201 * 4, 0xffffff00, "token 0 of the ggml file"},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        uint32_t before;
        memcpy(&before, good.ptr + rows[i].at, 4);
        memcpy(good.ptr + rows[i].at, &rows[i].value, 4);
        refuses(buf_str(&good), rows[i].why);
        memcpy(good.ptr + rows[i].at, &before, 4);
    }
}

static void refuses_bad_folders(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    const char *out = tempdir_file(&dir, "none.sotto");
    assert_err(whisper_convert(tempdir_file(&dir, "nothing"), out, &err), err, ERR_NOT_FOUND, "");
    Buf tokenizer;
    char path[600];
    buf_init(&tokenizer, 16 << 20);
    (void)snprintf(path, sizeof path, "%s/tokenizer.json", folder);
    assert_true(os_read_file(path, &tokenizer, &err));
    put_in("tokenizer.json", STR("{\"model\": "));
    assert_err(whisper_convert(folder, out, &err), err, ERR_CORRUPT, "tokenizer.json");
    put_in("tokenizer.json", STR("{}"));
    assert_err(whisper_convert(folder, out, &err), err, ERR_CORRUPT, "no token for the byte 0");
    put_in("tokenizer.json", buf_str(&tokenizer));
    put_in("config.json", STR("[]")); /* without heads: the model's own */
    assert_true(whisper_convert(folder, from_ct2, &err));
    buf_release(&tokenizer);
    assert_err(whisper_open(ggml, WHISPER_INT8, &err) != NULL, err, ERR_CORRUPT, "");
}

static void refuses_other_integers(void **state)
{
    (void)state;
    static const struct {
        uint8_t integers;
        bool no_scales;
        const char *why;
    } rows[] = {{1, true, "8-bit integers without a scale a row"}, {2, false, "16-bit integers"},
                {2, true, "float32, float16, bfloat16 or int8"}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SmallWriter w = {.integers = rows[i].integers, .no_scales = rows[i].no_scales};
        TensorTable table;
        Err err = ERR_INIT;
        buf_init(&w.out, 64 << 20);
        small_write_ct2(&w);
        assert_err(ct2_parse(buf_str(&w.out), &table, &err), err, ERR_CORRUPT, rows[i].why);
        buf_release(&w.out);
    }
}

static void damage_is_found(void **state)
{
    (void)state;
    Buf b;
    Err err = ERR_INIT;
    char bad[600];
    (void)snprintf(bad, sizeof bad, "%s", tempdir_file(&dir, "damaged.sotto"));
    buf_init(&b, 64 << 20);
    assert_true(os_read_file(from_ggml, &b, &err));
    b.ptr[b.len - 4000000] = (char)(b.ptr[b.len - 4000000] ^ 4);
    put(bad, buf_str(&b));
    Whisper *m = whisper_open(bad, WHISPER_INT8, &err);
    assert_non_null(m);
    assert_err(whisper_verify(m, &err), err, ERR_CORRUPT, "checksum is wrong");
    whisper_close(m);
    put(bad, str_sub(buf_str(&b), 0, b.len / 2));
    assert_err(whisper_open(bad, WHISPER_INT8, &err) != NULL, err, ERR_CORRUPT, "");
    buf_release(&b);
}

/* ---- short of memory ---------------------------------------------------------------------------
 */

static bool open_and_listen(void *arg)
{
    (void)arg;
    static float pcm[16000];
    Err err = ERR_INIT;
    Arena *a = arena_new(ARENA_DEFAULT_MAX);
    WhisperOptions o = {.one_temperature = true, .no_speech_limit = 2, .logprob_limit = -100};
    WhisperResult r;
    for (size_t i = 0; i < 16000; i++)
        pcm[i] = (float)(i % 97) / 97 - 0.5f;
    Whisper *m = a ? whisper_open(from_ggml, WHISPER_INT8, &err) : NULL;
    WhisperState *s = m ? whisper_state_new(m, 2, &err) : NULL;
    bool ok = s && whisper_transcribe(m, s, pcm, 16000, &o, a, &r, &err);
    if (!ok && a)
        assert_int_equal(err.code, ERR_NO_MEMORY);
    whisper_state_free(s);
    whisper_close(m);
    arena_free(a);
    return ok;
}

static bool convert_once(uint64_t nth)
{
    Err err = ERR_INIT;
    const char *out = tempdir_file(&dir, "torture.sotto");
    mem_test_fail(nth, 0);
    bool ok = whisper_convert(ggml, out, &err);
    mem_test_fail(0, 0);
    if (!ok) {
        assert_int_equal(err.code, ERR_NO_MEMORY);
        assert_false(os_exists(out));
    }
    return ok;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_true(torture_alloc(open_and_listen, NULL, 0) >= 20);
    /* One allocation in many: each run reads and writes 20 MB. */
    for (uint64_t nth = 1; nth < 400 && !convert_once(nth); nth += nth < 6 ? 1 : 23) {
    }
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 2;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_formats_give_the_same_weights),
        cmocka_unit_test(blocks_are_read),
        cmocka_unit_test(int8_weights_are_read),
        cmocka_unit_test(models_of_128_mels_are_read),
        cmocka_unit_test(refuses_other_integers),
        cmocka_unit_test(refuses_bad_ggml_files),
        cmocka_unit_test(refuses_bad_numbers),
        cmocka_unit_test(refuses_bad_folders),
        cmocka_unit_test(damage_is_found),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
