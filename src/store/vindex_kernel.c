/* vindex_kernel.c - which kernels this processor gets, and the plain C ones, which define what the
 * others compute. */
#include <string.h>

#include "base/cpu.h"
#include "store/vindex_int.h"

VX_KERNEL static int32_t dot(const uint8_t *hi, const VxQuery *q)
{
    int32_t sum = 0;
    for (int i = 0; i < VINDEX_DIM; i++)
        sum += (int32_t)hi[i] * q->q[i];
    return sum - q->bias;
}

VX_KERNEL static void dots(const uint8_t *hi, const VxQuery *q, int32_t out[VX_BLOCK])
{
    for (unsigned r = 0; r < VX_BLOCK; r++)
        out[r] = dot(hi + (size_t)r * VINDEX_DIM, q);
}

VX_KERNEL static float exact(const uint8_t *hi, const int8_t *lo, const VxQuery *q)
{
    float sum[16] = {0}; /* wide, so that compilers can use vector registers */
    for (int i = 0; i < VINDEX_DIM; i += 16)
        for (int j = 0; j < 16; j++)
            sum[j] += ((float)((int)hi[i + j] * 256 + lo[i + j] - 32768)) * q->f[i + j];
    float all = 0;
    for (int j = 0; j < 16; j++)
        all += sum[j];
    return all * (1.0f / 256.0f);
}

VX_KERNEL static uint64_t pick(const int32_t d[VX_BLOCK], const float scale[VX_BLOCK],
    float q_scale, float threshold, float sims[VX_BLOCK])
{
    uint64_t mask = 0;
    for (unsigned r = 0; r < VX_BLOCK; r++)
        sims[r] = (float)d[r] * (scale[r] * q_scale);
    for (unsigned r = 0; r < VX_BLOCK; r++)
        mask |= (uint64_t)(sims[r] > threshold) << r;
    return mask;
}

VX_KERNEL static uint64_t sketch(const uint8_t *block, const VxQuery *q, uint16_t threshold,
    uint16_t out[VX_BLOCK])
{
    uint16_t sum[VX_BLOCK] = {0};
    for (size_t j = 0; j < VX_SKETCH; j++) {
        const uint8_t *bytes = block + j * VX_BLOCK;
        for (unsigned r = 0; r < VX_BLOCK; r++)
            sum[r] = (uint16_t)(sum[r] + q->lut[2 * j][bytes[r] & 15] +
                                q->lut[2 * j + 1][bytes[r] >> 4]);
    }
    uint64_t mask = 0;
    for (unsigned r = 0; r < VX_BLOCK; r++) {
        mask |= (uint64_t)(sum[r] > threshold) << r;
        out[r / 2 + 32 * (r % 2)] = sum[r];
    }
    return mask;
}

const VxKernels vx_plain = {"plain", dots, dot, exact, pick, sketch};

const VxKernels *vx_kernels_named(const char *name)
{
    CpuLevel level = cpu_level();
    if (strcmp(name, "plain") == 0)
        return &vx_plain;
#if defined(__x86_64__)
    if (strcmp(name, "vnni") == 0)
        return level >= CPU_VNNI ? &vx_vnni : NULL;
    if (strcmp(name, "avx512") == 0)
        return level >= CPU_AVX512 ? &vx_avx512 : NULL;
    if (strcmp(name, "avx2") == 0)
        return level >= CPU_AVX2 ? &vx_avx2 : NULL;
#elif defined(__aarch64__)
    if (strcmp(name, "neon-dot") == 0)
        return level == CPU_NEON_DOT ? &vx_neon_dot : NULL;
#endif
    (void)level;
    return NULL;
}

const VxKernels *vx_kernels(void)
{
    static _Atomic(const VxKernels *) chosen;
    const VxKernels *k = atomic_load_explicit(&chosen, memory_order_acquire);
    if (k)
        return k;
    static const char *const best_first[] = {"vnni", "avx512", "avx2", "neon-dot", "plain"};
    for (size_t i = 0; !k; i++) /* "plain" is always there */
        k = vx_kernels_named(best_first[i]);
    atomic_store_explicit(&chosen, k, memory_order_release);
    return k;
}
