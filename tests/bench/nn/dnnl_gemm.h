/* dnnl_gemm.h - the same product by oneDNN, to be measured beside ours; the one file that knows it.
 * Found at run time (libdnnl2), compiled when its header is there (libdnnl-dev); the product never
 * links it. Weights are packed once, in oneDNN's own format. */
#ifndef SOTTO_BENCH_DNNL_GEMM_H
#define SOTTO_BENCH_DNNL_GEMM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>

#define DNNL_FUNCTIONS(X)                                                                          \
    X(engine_create) X(stream_create) X(memory_desc_init_by_tag) X(matmul_desc_init)               \
    X(primitive_desc_create) X(primitive_desc_query_md) X(memory_create) X(primitive_create)       \
    X(reorder_primitive_desc_create) X(primitive_execute) X(stream_wait) X(post_ops_create)        \
    X(post_ops_append_eltwise) X(primitive_attr_create) X(primitive_attr_set_post_ops)             \
    X(primitive_attr_set_output_scales)                                                            \
    X(primitive_destroy) X(memory_destroy) X(primitive_desc_destroy) X(primitive_attr_destroy)

#define DNNL_DECLARE(name) static __typeof__(dnnl_##name) *p_##name;
DNNL_FUNCTIONS(DNNL_DECLARE)

static dnnl_engine_t dnnl_cpu_e;
static dnnl_stream_t dnnl_line;

static bool dnnl_load(void)
{
    void *lib = dlopen("libdnnl.so.2", RTLD_NOW);
    if (!lib) {
        return false;
    }
#define DNNL_FIND(name)                                     \
    *(void **)(void *)&p_##name = dlsym(lib, "dnnl_" #name); \
    if (!p_##name) {                                        \
        return false;                                       \
    }
    DNNL_FUNCTIONS(DNNL_FIND)
    return p_engine_create(&dnnl_cpu_e, (dnnl_engine_kind_t)1 /* cpu */, 0) == dnnl_success &&
        p_stream_create(&dnnl_line, dnnl_cpu_e, dnnl_stream_default_flags) == dnnl_success;
}

typedef struct {
    dnnl_primitive_t run;
    dnnl_memory_t a, w, bias, c;
} DnnlGemm;

static bool dnnl_gemm_new(DnnlGemm *g, const uint8_t *a, const int8_t *w, const float *bias,
                          float *c, int64_t m, int64_t n, int64_t k, const float *scale, bool gelu)
{
    dnnl_memory_desc_t am, wm, wp, bm, cm;
    dnnl_dims_t ad = {m, k}, wd = {k, n}, bd = {1, n}, cd = {m, n};
    dnnl_matmul_desc_t desc;
    dnnl_primitive_attr_t attr;
    dnnl_post_ops_t ops;
    dnnl_primitive_desc_t pd, rpd;
    dnnl_primitive_t reorder;
    dnnl_memory_t plain;
    p_memory_desc_init_by_tag(&am, 2, ad, dnnl_u8, dnnl_ab);
    p_memory_desc_init_by_tag(&wm, 2, wd, dnnl_s8, dnnl_ab);
    p_memory_desc_init_by_tag(&wp, 2, wd, dnnl_s8, dnnl_format_tag_any);
    p_memory_desc_init_by_tag(&bm, 2, bd, dnnl_f32, dnnl_ab);
    p_memory_desc_init_by_tag(&cm, 2, cd, dnnl_f32, dnnl_ab);
    p_primitive_attr_create(&attr);
    p_primitive_attr_set_output_scales(attr, n, 2, scale);
    p_post_ops_create(&ops);
    if (gelu) {
        p_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_gelu_erf, 0, 0);
    }
    p_primitive_attr_set_post_ops(attr, ops);
    if (p_matmul_desc_init(&desc, &am, &wp, &bm, &cm) != dnnl_success ||
        p_primitive_desc_create(&pd, &desc, attr, dnnl_cpu_e, NULL) != dnnl_success) {
        return false;
    }
    const dnnl_memory_desc_t *packed = p_primitive_desc_query_md(pd, dnnl_query_weights_md, 0);
    p_memory_create(&plain, &wm, dnnl_cpu_e, (void *)(uintptr_t)w);
    p_memory_create(&g->w, packed, dnnl_cpu_e, DNNL_MEMORY_ALLOCATE);
    p_memory_create(&g->a, &am, dnnl_cpu_e, (void *)(uintptr_t)a);
    p_memory_create(&g->bias, &bm, dnnl_cpu_e, (void *)(uintptr_t)bias);
    p_memory_create(&g->c, &cm, dnnl_cpu_e, c);
    p_reorder_primitive_desc_create(&rpd, &wm, dnnl_cpu_e, packed, dnnl_cpu_e, NULL);
    p_primitive_create(&reorder, rpd);
    dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, plain}, {DNNL_ARG_TO, g->w}};
    p_primitive_execute(reorder, dnnl_line, 2, args);
    p_stream_wait(dnnl_line);
    bool ok = p_primitive_create(&g->run, pd) == dnnl_success;
    p_primitive_desc_destroy(pd);
    p_primitive_attr_destroy(attr);
    p_primitive_destroy(reorder);
    p_memory_destroy(plain);
    return ok;
}

static void dnnl_gemm_run(const DnnlGemm *g)
{
    dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, g->a}, {DNNL_ARG_WEIGHTS, g->w},
        {DNNL_ARG_BIAS, g->bias}, {DNNL_ARG_DST, g->c}};
    p_primitive_execute(g->run, dnnl_line, 4, args);
    p_stream_wait(dnnl_line);
}

static void dnnl_gemm_free(DnnlGemm *g)
{
    p_primitive_destroy(g->run);
    p_memory_destroy(g->a);
    p_memory_destroy(g->w);
    p_memory_destroy(g->bias);
    p_memory_destroy(g->c);
}

#else
typedef struct {
    int none;
} DnnlGemm;
static bool dnnl_load(void) { return false; }
static bool dnnl_gemm_new(DnnlGemm *g, const uint8_t *a, const int8_t *w, const float *bias,
                          float *c, int64_t m, int64_t n, int64_t k, const float *scale, bool gelu)
{
    (void)g, (void)a, (void)w, (void)bias, (void)c, (void)m, (void)n, (void)k, (void)scale,
        (void)gelu;
    return false;
}
static void dnnl_gemm_run(const DnnlGemm *g) { (void)g; }
static void dnnl_gemm_free(DnnlGemm *g) { (void)g; }
#endif

#endif
