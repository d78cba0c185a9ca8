/* bench_limits [THREADS]: what this machine can do at most, one line of JSON: bytes read a second
 * from the same 48 MB again and again (decoding a token is a walk over as many weights), and int8
 * operations of the product kernel with everything in the nearest caches (encoding is products).
 * tests/bench/voice/run.py asks. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "base/team.h"
#include "nn/gemm.h"

#define MEGABYTES 48
#define WALKS 20
#define M 96
#define N 512
#define K 512
#define REPEATS 2000

typedef struct {
    const uint64_t *data;
    size_t words;
    uint64_t sum[TEAM_MAX];
    GemmWeights w;
    uint8_t *a[TEAM_MAX];
    float *c[TEAM_MAX];
    GemmRow rows[M];
} Job;

typedef uint64_t Line __attribute__((vector_size(64), aligned(64)));

static void read_all(void *arg, unsigned member, unsigned members)
{
    Job *j = arg;
    size_t n = j->words / 8 / members;
    const Line *from = (const Line *)(const void *)j->data + n * member;
    Line s[4] = {{0}};
    for (int walk = 0; walk < WALKS; walk++) {
        for (size_t i = 0; i + 4 <= n; i += 4) {
            __builtin_prefetch(from + i + 32);
            __builtin_prefetch(from + i + 34);
            for (size_t k = 0; k < 4; k++)
                s[k] |= from[i + k];
        }
        __asm__ volatile("" ::: "memory");
    }
    for (size_t k = 0; k < 4; k++)
        j->sum[member] += s[k][0] + s[k][3];
}

static void multiply(void *arg, unsigned member, unsigned members)
{
    Job *j = arg;
    (void)members;
    for (int i = 0; i < REPEATS; i++)
        gemm_u8s8(&j->w, j->a[member], K, j->rows, M, j->c[member], N, GEMM_LINEAR);
}

static double best_of(Team *t, TeamFn fn, Job *j)
{
    double best = 1e9;
    for (int i = 0; i < 5; i++) {
        uint64_t start = clock_mono_ns();
        team_run(t, fn, j);
        double s = clock_seconds_since(start);
        best = s < best ? s : best;
    }
    return best;
}

int main(int argc, char **argv)
{
    Err err = ERR_INIT;
    unsigned threads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 2;
    static float line[3][N];
    Job j = {.words = (size_t)MEGABYTES << 17};
    Team *t = cpu_init(&err) ? team_new(threads, &err) : NULL;
    uint64_t *data = mem_aligned(64, j.words * 8);
    int8_t *panels = mem_aligned(64, gemm_packed_bytes(K, N));
    bool ok = t && data && panels;
    for (unsigned i = 0; ok && i < threads; i++)
        ok = (j.a[i] = mem_aligned(64, (M + 16) * K)) && (j.c[i] = mem_aligned(64, M * N * 4));
    if (!ok) {
        fprintf(stderr, "bench_limits: %s\n", err.code ? err.msg : "no memory");
        return 1;
    }
    memset(data, 1, j.words * 8);
    memset(panels, 1, gemm_packed_bytes(K, N));
    for (unsigned i = 0; i < threads; i++)
        memset(j.a[i], 1, (M + 16) * K);
    for (int i = 0; i < M; i++)
        j.rows[i] = (GemmRow){1, 0};
    j.data = data;
    j.w = (GemmWeights){panels, line[0], line[1], line[2], K, N};
    double read = best_of(t, read_all, &j), product = best_of(t, multiply, &j);
    printf("{\"read_gb_s\": %.1f, \"int8_gop_s\": %.0f, \"kernel\": \"%s\", \"threads\": %u}\n",
           (double)j.words * 8e-9 * WALKS / read, 2e-9 * M * N * K * REPEATS * threads / product,
           gemm_kernel_name(), threads);
    return 0;
}
