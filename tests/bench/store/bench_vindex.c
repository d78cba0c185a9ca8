/* bench_vindex.c - times the vector index on vectors from a file, for tests/bench/vindex/run.py.
 *
 *   bench_vindex VECTORS QUERIES K [FILE]
 *
 * VECTORS and QUERIES hold rows of 384 floats. Commands come on standard input, one a line, so that
 * the script can take turns between this program and others: "exact R", "two R", "auto R" search
 * the first R queries (cycling) once each and print one line: milliseconds of every search, then a
 * tab, then the slots of the first pass. "open" measures opening FILE (made at start when given).
 * "quit". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/os.h"
#include "store/vindex_int.h"

static double cpu_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static float *rows(const char *path, size_t *n, Mapped *map)
{
    Err err = ERR_INIT;
    if (!os_map(path, map, &err)) {
        fprintf(stderr, "bench_vindex: %s\n", err.msg);
        exit(1);
    }
    *n = map->size / (VINDEX_DIM * sizeof(float));
    return (float *)(uintptr_t)map->data;
}

static void search(Vindex *v, const float *queries, size_t nq, size_t rounds, size_t k,
    VindexMode mode)
{
    VindexHit *hits = mem_array(k * rounds, sizeof *hits);
    int *found = mem_array(rounds, sizeof *found);
    float mean, stddev;
    static size_t next[3];
    for (size_t r = 0; r < rounds; r++) {
        const float *query = queries + next[mode]++ % nq * VINDEX_DIM;
        double start = cpu_ms();
        found[r] = vindex_search(v, query, k, NULL, 0, mode, hits + r * k, &mean, &stddev, NULL);
        printf("%s%.4f", r ? " " : "", cpu_ms() - start);
    }
    printf("\t");
    for (size_t r = 0; r < rounds; r++)
        for (size_t i = 0; i < k; i++)
            printf("%s%u", r + i ? " " : "", (int)i < found[r] ? hits[r * k + i].slot : UINT32_MAX);
    printf("\n");
    fflush(stdout);
    mem_free(hits);
    mem_free(found);
}

static void reopen(const char *path, const float *query)
{
    Err err = ERR_INIT;
    double start = cpu_ms();
    Vindex *v = vindex_open(path, &err);
    double opened = cpu_ms() - start;
    VindexHit hit[10];
    if (!v || vindex_search(v, query, 10, NULL, 0, VINDEX_AUTO, hit, NULL, NULL, &err) < 0) {
        fprintf(stderr, "bench_vindex: %s\n", err.msg);
        exit(1);
    }
    double first = cpu_ms() - start;
    printf("%.4f %.4f\t%u %u\n", opened, first - opened, vindex_slots(v), vindex_live(v));
    fflush(stdout);
    vindex_close(v);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: bench_vindex VECTORS QUERIES K [FILE]\n");
        return 2;
    }
    Mapped maps[2];
    size_t n, nq, k = strtoul(argv[3], NULL, 10);
    const float *vectors = rows(argv[1], &n, &maps[0]), *queries = rows(argv[2], &nq, &maps[1]);
    Err err = ERR_INIT;
    const char *path = argc > 4 ? argv[4] : NULL;
    Vindex *v = vindex_create(path, &err);
    uint64_t start = clock_mono_ns();
    for (size_t i = 0; v && i < n; i++) {
        VindexCode code;
        uint32_t slot;
        vindex_encode(vectors + i * VINDEX_DIM, &code);
        if (!vindex_add(v, i, i, &code, &slot, &err))
            break;
    }
    double add_s = clock_seconds_since(start);
    if (!v || vindex_live(v) != n || !vindex_sync(v, n, &err)) {
        fprintf(stderr, "bench_vindex: %s\n", err.msg);
        return 1;
    }
    printf("ready %zu %s %.3f %.3f\n", n, vx_kernels()->name, add_s,
        clock_seconds_since(start) - add_s);
    fflush(stdout);
    char line[64];
    while (fgets(line, sizeof line, stdin) && strncmp(line, "quit", 4) != 0) {
        char word[16] = "";
        unsigned rounds = 0;
        sscanf(line, "%15s %u", word, &rounds);
        if (strcmp(word, "open") == 0 && path)
            reopen(path, queries);
        else
            search(v, queries, nq, rounds, k, word[0] == 'e' ? VINDEX_EXACT
                : word[0] == 't' ? VINDEX_TWO_STAGE : VINDEX_AUTO);
    }
    vindex_close(v);
    os_unmap(&maps[0]);
    os_unmap(&maps[1]);
    return 0;
}
