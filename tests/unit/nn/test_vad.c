/* The speech detector against its authors' own model (tests/golden/vad/make.py), on voices, noise,
 * silence, tones and clicks; streams apart from each other; broken samples and damaged files. */
#include "support/unit.h"

#include <math.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "nn/vad.h"
#include "support/tempdir.h"
#include "unit/nn/models.h"

#define SOURCE model_path("silero-vad/silero_vad_16k_op15.onnx")
#define GOLDEN SOTTO_SOURCE_DIR "/tests/golden/vad/"

typedef struct {
    TempDir dir;
    char file[300];
    Vad *vad;
    Buf pcm, wanted;
    size_t frames;
} Fixture;

static Fixture fix;

static void frame_at(size_t i, float out[VAD_FRAME])
{
    for (size_t k = 0; k < VAD_FRAME; k++) {
        int16_t s;
        memcpy(&s, fix.pcm.ptr + (i * VAD_FRAME + k) * sizeof s, sizeof s);
        out[k] = (float)s / 32768;
    }
}

static float wanted_at(size_t i)
{
    float p;
    memcpy(&p, fix.wanted.ptr + i * sizeof p, sizeof p);
    return p;
}

static int set_up(void **state)
{
    (void)state;
    Err err = ERR_INIT;
    buf_init(&fix.pcm, BUF_DEFAULT_MAX);
    buf_init(&fix.wanted, BUF_DEFAULT_MAX);
    tempdir_make(&fix.dir);
    (void)snprintf(fix.file, sizeof fix.file, "%s/vad.sotto", fix.dir.path);
    if (!os_read_file(GOLDEN "input.s16", &fix.pcm, &err) ||
        !os_read_file(GOLDEN "probabilities.f32", &fix.wanted, &err) ||
        !vad_convert(SOURCE, fix.file, &err) || !(fix.vad = vad_open(fix.file, &err)))
        fail_msg("%s", err.msg);
    fix.frames = fix.wanted.len / sizeof(float);
    assert_int_equal(fix.pcm.len, fix.frames * VAD_FRAME * sizeof(int16_t));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vad_close(fix.vad);
    buf_release(&fix.pcm);
    buf_release(&fix.wanted);
    tempdir_remove(&fix.dir);
    return 0;
}

static void probabilities_are_the_references(void **state)
{
    (void)state;
    VadState s = {0};
    float frame[VAD_FRAME], worst = 0;
    size_t speech = 0, silence = 0;
    for (size_t i = 0; i < fix.frames; i++) {
        frame_at(i, frame);
        float p = vad_frame(fix.vad, &s, frame), d = fabsf(p - wanted_at(i));
        worst = d > worst ? d : worst;
        speech += p > 0.5f;
        silence += p < 0.1f;
    }
    print_message("largest difference of %zu frames: %.2g\n", fix.frames, (double)worst);
    assert_true(worst < 1e-3f);
    assert_true(speech > 60 && silence > 60); /* the material has both */
}

/* Two streams in turn do not hear each other. */
static void a_state_is_one_stream(void **state)
{
    (void)state;
    VadState a = {0}, b = {0};
    float frame[VAD_FRAME], noise[VAD_FRAME];
    for (size_t i = 0; i < VAD_FRAME; i++)
        noise[i] = (float)((i * 7919) % 613) / 613 - 0.5f;
    for (size_t i = 0; i < 60; i++) {
        frame_at(i, frame);
        assert_true(fabsf(vad_frame(fix.vad, &a, frame) - wanted_at(i)) < 1e-3f);
        (void)vad_frame(fix.vad, &b, noise);
    }
}

static void broken_samples_do_not_spoil_the_stream(void **state)
{
    (void)state;
    VadState s = {0};
    float frame[VAD_FRAME];
    for (size_t i = 0; i < VAD_FRAME; i++)
        frame[i] = i % 3 == 0 ? NAN : i % 3 == 1 ? INFINITY : -3e38f;
    for (size_t i = 0; i < 10; i++) {
        float p = vad_frame(fix.vad, &s, frame);
        assert_true(p >= 0 && p < 0.5f);
    }
    size_t speech = 0;
    for (size_t i = 0; i < 60; i++) {
        frame_at(i, frame);
        float p = vad_frame(fix.vad, &s, frame);
        assert_true(p >= 0 && p <= 1);
        speech += p > 0.5f;
    }
    assert_true(speech > 20);
}

static void a_damaged_file_is_refused(void **state)
{
    (void)state;
    char path[320];
    Err err = ERR_INIT;
    Buf file;
    (void)snprintf(path, sizeof path, "%s/damaged", fix.dir.path);
    buf_init(&file, BUF_DEFAULT_MAX);
    assert_true(os_read_file(SOURCE, &file, &err));
    assert_err(vad_convert("/nonexistent", path, &err), err, ERR_NOT_FOUND, "nonexistent");
    assert_true(os_write_file(path, str_sub(buf_str(&file), 0, file.len / 2), 0600, &err));
    assert_err(vad_convert(path, path, &err), err, ERR_CORRUPT, "");
    Str name = STR("encoder.2.reparam_conv.bias");
    size_t n = 0;
    for (size_t at = 0; (at = str_find(buf_str(&file), name, at)) != SIZE_MAX; n++)
        file.ptr[at] = 'k';
    assert_true(n > 0);
    assert_true(os_write_file(path, buf_str(&file), 0600, &err));
    assert_err(vad_convert(path, path, &err), err, ERR_CORRUPT, "encoder.2.reparam_conv.bias");
    buf_clear(&file);
    assert_true(os_read_file(fix.file, &file, &err));
    assert_true(os_write_file(path, str_sub(buf_str(&file), 0, file.len - 4096), 0600, &err));
    assert_err(vad_open(path, &err) != NULL, err, ERR_CORRUPT, "");
    file.ptr[file.len - 8192] ^= 1;
    assert_true(os_write_file(path, buf_str(&file), 0600, &err));
    Vad *v = vad_open(path, &err);
    assert_non_null(v);
    assert_err(vad_verify(v, &err), err, ERR_CORRUPT, "");
    vad_close(v);
    err = ERR_INIT;
    assert_true(vad_verify(fix.vad, &err));
    buf_release(&file);
}

/* Every allocation of converting and opening may fail. */
static void memory_may_be_short(void **state)
{
    (void)state;
    char path[320];
    (void)snprintf(path, sizeof path, "%s/again", fix.dir.path);
    bool done = false;
    int n = 1;
    for (; !done && n < 500; n++) {
        Err err = ERR_INIT;
        mem_test_fail((uint64_t)n, 0);
        Vad *v = NULL;
        done = vad_convert(SOURCE, path, &err) && (v = vad_open(path, &err)) != NULL;
        mem_test_fail(0, 0);
        vad_close(v);
        if (!done)
            assert_int_equal(err.code, ERR_NO_MEMORY);
    }
    assert_true(done && n > 5);
}

int main(void)
{
    Err err = ERR_INIT;
    if (!cpu_init(&err))
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_are_the_references),
        cmocka_unit_test(a_state_is_one_stream),
        cmocka_unit_test(broken_samples_do_not_spoil_the_stream),
        cmocka_unit_test(a_damaged_file_is_refused),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
