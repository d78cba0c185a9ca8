/* vindex_kernel_neon.c - the vector index's kernels for aarch64 with the dot-product
 * instructions. */
#if defined(__aarch64__)

#include <arm_neon.h>

#include "store/vindex_int.h"

#define NEON_DOT VX_KERNEL __attribute__((target("arch=armv8.2-a+dotprod")))

NEON_DOT static inline int32_t row(const uint8_t *hi, const int8_t *q)
{
    const uint8x16_t flip = vdupq_n_u8(0x80);
    int32x4_t acc[2] = {vdupq_n_s32(0), vdupq_n_s32(0)};
    for (int i = 0; i < VINDEX_DIM; i += 32) {
        int8x16_t a = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(hi + i), flip));
        int8x16_t b = vreinterpretq_s8_u8(veorq_u8(vld1q_u8(hi + i + 16), flip));
        acc[0] = vdotq_s32(acc[0], a, vld1q_s8(q + i));
        acc[1] = vdotq_s32(acc[1], b, vld1q_s8(q + i + 16));
    }
    return vaddvq_s32(vaddq_s32(acc[0], acc[1]));
}

NEON_DOT static int32_t dot(const uint8_t *hi, const VxQuery *q) { return row(hi, q->q); }

NEON_DOT static void dots(const uint8_t *hi, const VxQuery *q, int32_t out[VX_BLOCK])
{
    for (unsigned r = 0; r < VX_BLOCK; r++, hi += VINDEX_DIM) {
        for (unsigned line = 0; line < VINDEX_DIM; line += 64)
            __builtin_prefetch(hi + 6144 + line);
        out[r] = row(hi, q->q);
    }
}

NEON_DOT static float exact(const uint8_t *hi, const int8_t *lo, const VxQuery *q)
{
    float32x4_t acc[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
    const int32x4_t middle = vdupq_n_s32(32768);
    for (int i = 0; i < VINDEX_DIM; i += 8) {
        uint16x8_t h = vshll_n_u8(vld1_u8(hi + i), 8);
        int16x8_t l = vmovl_s8(vld1_s8(lo + i));
        int32x4_t x0 =
            vaddw_s16(vreinterpretq_s32_u32(vmovl_u16(vget_low_u16(h))), vget_low_s16(l));
        int32x4_t x1 =
            vaddw_s16(vreinterpretq_s32_u32(vmovl_u16(vget_high_u16(h))), vget_high_s16(l));
        acc[0] = vfmaq_f32(acc[0], vcvtq_f32_s32(vsubq_s32(x0, middle)), vld1q_f32(q->f + i));
        acc[1] = vfmaq_f32(acc[1], vcvtq_f32_s32(vsubq_s32(x1, middle)), vld1q_f32(q->f + i + 4));
    }
    return vaddvq_f32(vaddq_f32(acc[0], acc[1])) * (1.0f / 256.0f);
}

NEON_DOT static uint64_t pick(const int32_t d[VX_BLOCK], const float scale[VX_BLOCK], float q_scale,
    float threshold, float sims[VX_BLOCK])
{
    uint64_t mask = 0;
    const uint32x4_t bits = {1, 2, 4, 8};
    for (unsigned r = 0; r < VX_BLOCK; r += 4) {
        float32x4_t s = vmulq_f32(vcvtq_f32_s32(vld1q_s32(d + r)),
            vmulq_n_f32(vld1q_f32(scale + r), q_scale));
        vst1q_f32(sims + r, s);
        mask |= (uint64_t)vaddvq_u32(vandq_u32(vcgtq_f32(s, vdupq_n_f32(threshold)), bits)) << r;
    }
    return mask;
}

NEON_DOT static uint64_t sketch(const uint8_t *block, const VxQuery *q, uint16_t threshold,
    uint16_t out[VX_BLOCK])
{
    const uint8x16_t nibble = vdupq_n_u8(15);
    const uint16x8_t t = vdupq_n_u16(threshold);
    const uint16x8_t even_bits = {1, 4, 16, 64, 256, 1024, 4096, 16384};
    uint64_t mask = 0;
    for (unsigned part = 0; part < 4; part++) {
        uint16x8_t all = vdupq_n_u16(0), odd = vdupq_n_u16(0);
        for (unsigned j = 0; j < VX_SKETCH; j++) {
            uint8x16_t b = vld1q_u8(block + j * VX_BLOCK + part * 16);
            uint8x16_t s = vaddq_u8(vqtbl1q_u8(vld1q_u8(q->lut[2 * j]), vandq_u8(b, nibble)),
                vqtbl1q_u8(vld1q_u8(q->lut[2 * j + 1]), vshrq_n_u8(b, 4)));
            uint16x8_t w = vreinterpretq_u16_u8(s);
            all = vaddq_u16(all, w);
            odd = vaddq_u16(odd, vshrq_n_u16(w, 8));
        }
        uint16x8_t even = vsubq_u16(all, vshlq_n_u16(odd, 8));
        vst1q_u16(out + part * 8, even);
        vst1q_u16(out + 32 + part * 8, odd);
        uint64_t e = vaddvq_u16(vandq_u16(vcgtq_u16(even, t), even_bits));
        uint64_t o = vaddvq_u16(vandq_u16(vcgtq_u16(odd, t), even_bits));
        mask |= (e | o << 1) << (16 * part);
    }
    return mask;
}

const VxKernels vx_neon_dot = {"neon-dot", dots, dot, exact, pick, sketch};

#else
typedef int vx_no_neon; /* a translation unit may not be empty */
#endif
