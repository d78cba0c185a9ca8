#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cpu.h"

/* The level is asked once a process, so every case runs in a child. */
static int level_with(const char *cap)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (cap)
            (void)setenv("SOTTO_CPU", cap, 1);
        else
            (void)unsetenv("SOTTO_CPU");
        Err err = ERR_INIT;
        bool ok = cpu_init(&err);
        int level = ok ? (int)cpu_level() : err.code == ERR_VALIDATION ? -1 : -2;
        if (ok && cpu_has_avx512_vpopcnt() && level < CPU_AVX512)
            level = -3;
        _exit(write(ends[1], &level, sizeof level) == sizeof level ? 0 : 1);
    }
    int level = -4, status = 0;
    assert_int_equal(read(ends[0], &level, sizeof level), sizeof level);
    (void)close(ends[0]);
    (void)close(ends[1]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    return level;
}

static void the_cap_holds(void **state)
{
    (void)state;
    static const CpuLevel caps[] = {CPU_PLAIN,  CPU_NEON_DOT, CPU_AVX2,
                                    CPU_AVX512, CPU_VNNI,     CPU_AMX};
    int best = level_with(NULL), before = CPU_PLAIN;
    assert_true(best >= CPU_PLAIN && best <= CPU_AMX);
    for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
        int level = level_with(cpu_level_name(caps[i]));
        assert_true(level <= (int)caps[i]);
        assert_true(level >= before && level <= best);
        before = level;
    }
    assert_int_equal(level_with("amx"), best);
    assert_int_equal(level_with("plain"), CPU_PLAIN);
    assert_int_equal(level_with(""), best);
    assert_int_equal(level_with("sse9"), -1);
}

/* The kernel's own list of features is another source than CPUID. */
static void agrees_with_the_kernel(void **state)
{
    (void)state;
    FILE *f = fopen("/proc/cpuinfo", "r");
    assert_non_null(f);
    static char text[1 << 16];
    size_t n = fread(text, 1, sizeof text - 1, f);
    (void)fclose(f);
    text[n] = '\0';
    int level = level_with(NULL);
#if defined(__x86_64__)
    bool avx2 = strstr(text, " avx2") && strstr(text, " fma") && strstr(text, " f16c");
    bool avx512 = avx2 && strstr(text, " avx512f") && strstr(text, " avx512bw") &&
                  strstr(text, " avx512dq") && strstr(text, " avx512vl");
    assert_int_equal(level >= CPU_AVX2, avx2);
    assert_int_equal(level >= CPU_AVX512, avx512);
    if (level >= CPU_AVX512)
        assert_int_equal(level >= CPU_VNNI, strstr(text, " avx512_vnni") != NULL);
    if (level == CPU_AMX)
        assert_non_null(strstr(text, " amx_int8"));
#else
    assert_int_equal(level == CPU_NEON_DOT, strstr(text, " asimddp") != NULL);
#endif
}

#if defined(__x86_64__)
__attribute__((target("amx-tile"))) static void touch_a_tile(void)
{
    static unsigned char config[64] __attribute__((aligned(64))) = {1}; /* palette 1 */
    config[16] = 64; /* tile 0: bytes a row */
    config[48] = 16; /* and rows */
    __asm__ volatile("ldtilecfg %0\n\ttilezero %%tmm0\n\ttilerelease" : : "m"(config));
}

/* "amx" promises that a tile instruction does not kill the process, in later threads as well. */
static void amx_means_that_tiles_work(void **state)
{
    (void)state;
    if (level_with(NULL) != CPU_AMX) {
        print_message("no AMX here: level %s\n", cpu_level_name((CpuLevel)level_with(NULL)));
        return;
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)unsetenv("SOTTO_CPU");
        if (cpu_level() == CPU_AMX)
            touch_a_tile();
        _exit(cpu_level() == CPU_AMX ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cap_holds),
        cmocka_unit_test(agrees_with_the_kernel),
#if defined(__x86_64__)
        cmocka_unit_test(amx_means_that_tiles_work),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
