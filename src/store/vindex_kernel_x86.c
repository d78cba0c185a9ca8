/* vindex_kernel_x86.c - the vector index's kernels for AVX2, AVX-512 and AVX-512 VNNI.
 *
 * The int8 scan is bound by memory, so the kernels only have to keep up with it and to ask for
 * lines early enough: the hardware prefetcher stops at 4 KiB pages, and the mapping has no larger
 * ones. AMX would multiply 16 queries by 16 rows at once; for one query it has nothing to offer.
 *
 * The sketch scan looks up 4 bits at a time in a register (Andre et al., "Cache locality is not
 * enough", VLDB 2015; faiss calls it fast scan): 4 sign bits of 64 slots cost one shuffle, and the
 * query keeps 7 bits of precision a table, where bit planes with popcount would need a pass a
 * bit. */
#if defined(__x86_64__)

#include <immintrin.h>

#include "store/vindex_int.h"

#define AVX2 VX_KERNEL __attribute__((target("avx2,fma")))
#define AVX512 VX_KERNEL __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,bmi2,avx2,fma")))
#define VNNI \
    VX_KERNEL __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,bmi2,avx2,fma")))
#define AHEAD 6144 /* bytes: about half a microsecond of the scan */

/* ---- AVX2 --------------------------------------------------------------------------------- */

AVX2 static inline int32_t sum8_avx2(__m256i v)
{
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4e));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xb1));
    return _mm_cvtsi128_si32(x);
}

/* vpmaddubsw multiplies unsigned by signed and saturates the sum of two products at 16 bits. With
 * |q| as the unsigned side and the code's sign turned by q's, no sum passes 2 * 127 * 127 = 32258:
 * q is at most 127 and so is a code ((x ^ 0x80) gives the signed code back, never -128). */
AVX2 static inline __m256i row_avx2(const uint8_t *hi, const int8_t *query)
{
    const __m256i flip = _mm256_set1_epi8((char)0x80), ones = _mm256_set1_epi16(1);
    __m256i acc = _mm256_setzero_si256();
    for (int i = 0; i < VINDEX_DIM; i += 32) {
        __m256i q = _mm256_load_si256((const __m256i *)(query + i));
        __m256i x = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(hi + i)), flip);
        __m256i p = _mm256_maddubs_epi16(_mm256_abs_epi8(q), _mm256_sign_epi8(x, q));
        acc = _mm256_add_epi32(acc, _mm256_madd_epi16(p, ones));
    }
    return acc;
}

AVX2 static int32_t dot_avx2(const uint8_t *hi, const VxQuery *q)
{
    return sum8_avx2(row_avx2(hi, q->q));
}

AVX2 static void dots_avx2(const uint8_t *hi, const VxQuery *q, int32_t out[VX_BLOCK])
{
    for (unsigned r = 0; r < VX_BLOCK; r++, hi += VINDEX_DIM) {
        for (unsigned line = 0; line < VINDEX_DIM; line += 64)
            _mm_prefetch((const char *)hi + AHEAD + line, _MM_HINT_T0);
        out[r] = sum8_avx2(row_avx2(hi, q->q));
    }
}

AVX2 static float exact_avx2(const uint8_t *hi, const int8_t *lo, const VxQuery *q)
{
    const __m256i middle = _mm256_set1_epi32(32768);
    __m256 acc[2] = {_mm256_setzero_ps(), _mm256_setzero_ps()};
    for (int i = 0; i < VINDEX_DIM; i += 8) {
        __m256i h = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(hi + i)));
        __m256i l = _mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)(lo + i)));
        __m256i x = _mm256_sub_epi32(_mm256_add_epi32(_mm256_slli_epi32(h, 8), l), middle);
        acc[i / 8 % 2] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(x), _mm256_load_ps(q->f + i),
            acc[i / 8 % 2]);
    }
    float lanes[8], all = 0;
    _mm256_storeu_ps(lanes, _mm256_add_ps(acc[0], acc[1]));
    for (int j = 0; j < 8; j++)
        all += lanes[j];
    return all * (1.0f / 256.0f);
}

AVX2 static uint64_t pick_avx2(const int32_t d[VX_BLOCK], const float scale[VX_BLOCK],
    float q_scale, float threshold, float sims[VX_BLOCK])
{
    uint64_t mask = 0;
    __m256 qs = _mm256_set1_ps(q_scale), t = _mm256_set1_ps(threshold);
    for (unsigned r = 0; r < VX_BLOCK; r += 8) {
        __m256 s = _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_loadu_si256((const __m256i *)(d + r))),
            _mm256_mul_ps(_mm256_loadu_ps(scale + r), qs));
        _mm256_storeu_ps(sims + r, s);
        mask |= (uint64_t)(unsigned)_mm256_movemask_ps(_mm256_cmp_ps(s, t, _CMP_GT_OQ)) << r;
    }
    return mask;
}

/* Sums of bytes in 16-bit lanes: `all` collects even + 256 * odd (wrapping), `odd` the odd ones. */
AVX2 static uint64_t sketch_avx2(const uint8_t *block, const VxQuery *q, uint16_t threshold,
    uint16_t out[VX_BLOCK])
{
    const __m256i nibble = _mm256_set1_epi8(15), t = _mm256_set1_epi16((short)(threshold + 1));
    uint64_t mask = 0;
    for (size_t half = 0; half < 2; half++) {
        __m256i all = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
        for (size_t j = 0; j < VX_SKETCH; j++) {
            __m256i b = _mm256_loadu_si256((const __m256i *)(block + j * VX_BLOCK + half * 32));
            __m256i low =
                _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)q->lut[2 * j]));
            __m256i high =
                _mm256_broadcastsi128_si256(_mm_load_si128((const __m128i *)q->lut[2 * j + 1]));
            __m256i s = _mm256_add_epi8(_mm256_shuffle_epi8(low, _mm256_and_si256(b, nibble)),
                _mm256_shuffle_epi8(high, _mm256_and_si256(_mm256_srli_epi16(b, 4), nibble)));
            all = _mm256_add_epi16(all, s);
            odd = _mm256_add_epi16(odd, _mm256_srli_epi16(s, 8));
        }
        __m256i even = _mm256_sub_epi16(all, _mm256_slli_epi16(odd, 8));
        _mm256_storeu_si256((__m256i *)(out + half * 16), even);
        _mm256_storeu_si256((__m256i *)(out + 32 + half * 16), odd);
        /* x >= t as max(x, t) == x; every second byte of each comparison is one slot */
        __m256i e = _mm256_cmpeq_epi16(_mm256_max_epu16(even, t), even);
        __m256i o = _mm256_cmpeq_epi16(_mm256_max_epu16(odd, t), odd);
        __m256i both = _mm256_blendv_epi8(e, o, _mm256_set1_epi16((short)0xff00));
        mask |= (uint64_t)(uint32_t)_mm256_movemask_epi8(both) << (32 * half);
    }
    return mask;
}

const VxKernels vx_avx2 = {"avx2", dots_avx2, dot_avx2, exact_avx2, pick_avx2, sketch_avx2};

/* ---- AVX-512 ------------------------------------------------------------------------------ */

AVX512 static float exact_avx512(const uint8_t *hi, const int8_t *lo, const VxQuery *q)
{
    const __m512i middle = _mm512_set1_epi32(32768);
    __m512 acc = _mm512_setzero_ps();
    for (int i = 0; i < VINDEX_DIM; i += 16) {
        __m512i h = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(hi + i)));
        __m512i l = _mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)(lo + i)));
        __m512i x = _mm512_sub_epi32(_mm512_add_epi32(_mm512_slli_epi32(h, 8), l), middle);
        acc = _mm512_fmadd_ps(_mm512_cvtepi32_ps(x), _mm512_load_ps(q->f + i), acc);
    }
    return _mm512_reduce_add_ps(acc) * (1.0f / 256.0f);
}

AVX512 static uint64_t pick_avx512(const int32_t d[VX_BLOCK], const float scale[VX_BLOCK],
    float q_scale, float threshold, float sims[VX_BLOCK])
{
    uint64_t mask = 0;
    __m512 qs = _mm512_set1_ps(q_scale), t = _mm512_set1_ps(threshold);
    for (unsigned r = 0; r < VX_BLOCK; r += 16) {
        __m512 s = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(d + r)),
            _mm512_mul_ps(_mm512_loadu_ps(scale + r), qs));
        _mm512_storeu_ps(sims + r, s);
        mask |= (uint64_t)_mm512_cmp_ps_mask(s, t, _CMP_GT_OQ) << r;
    }
    return mask;
}

AVX512 static uint64_t sketch_avx512(const uint8_t *block, const VxQuery *q, uint16_t threshold,
    uint16_t out[VX_BLOCK])
{
    const __m512i nibble = _mm512_set1_epi8(15), t = _mm512_set1_epi16((short)threshold);
    __m512i all = _mm512_setzero_si512(), odd = _mm512_setzero_si512();
    for (size_t j = 0; j < VX_SKETCH; j++) {
        _mm_prefetch((const char *)block + AHEAD + j * VX_BLOCK, _MM_HINT_T0);
        __m512i b = _mm512_loadu_si512(block + j * VX_BLOCK);
        __m512i low = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)q->lut[2 * j]));
        __m512i high = _mm512_broadcast_i32x4(_mm_load_si128((const __m128i *)q->lut[2 * j + 1]));
        __m512i s = _mm512_add_epi8(_mm512_shuffle_epi8(low, _mm512_and_si512(b, nibble)),
            _mm512_shuffle_epi8(high, _mm512_and_si512(_mm512_srli_epi16(b, 4), nibble)));
        all = _mm512_add_epi16(all, s);
        odd = _mm512_add_epi16(odd, _mm512_srli_epi16(s, 8));
    }
    __m512i even = _mm512_sub_epi16(all, _mm512_slli_epi16(odd, 8));
    _mm512_storeu_si512(out, even);
    _mm512_storeu_si512(out + 32, odd);
    return _pdep_u64(_mm512_cmpgt_epu16_mask(even, t), 0x5555555555555555u) |
           _pdep_u64(_mm512_cmpgt_epu16_mask(odd, t), 0xaaaaaaaaaaaaaaaau);
}

const VxKernels vx_avx512 = {"avx512", dots_avx2, dot_avx2, exact_avx512, pick_avx512,
    sketch_avx512};

/* ---- AVX-512 VNNI ------------------------------------------------------------------------- */

/* vpdpbusd wants unsigned by signed: the codes are stored with 128 added, q->bias takes it off. */
VNNI static inline __m512i row_vnni(const uint8_t *hi, const int8_t *q)
{
    __m512i a = _mm512_setzero_si512(), b = _mm512_setzero_si512();
    for (int i = 0; i < VINDEX_DIM; i += 128) {
        a = _mm512_dpbusd_epi32(a, _mm512_loadu_si512(hi + i), _mm512_load_si512(q + i));
        b = _mm512_dpbusd_epi32(b, _mm512_loadu_si512(hi + i + 64), _mm512_load_si512(q + i + 64));
    }
    return _mm512_add_epi32(a, b);
}

VNNI static int32_t dot_vnni(const uint8_t *hi, const VxQuery *q)
{
    return _mm512_reduce_add_epi32(row_vnni(hi, q->q)) - q->bias;
}

/* Lane l of every 128-bit part of the result: the sum of that part of v[l]. */
VNNI static inline __m512i fold4(__m512i v0, __m512i v1, __m512i v2, __m512i v3)
{
    __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(v0, v1), _mm512_unpackhi_epi32(v0, v1));
    __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(v2, v3), _mm512_unpackhi_epi32(v2, v3));
    return _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
}

VNNI static void dots_vnni(const uint8_t *hi, const VxQuery *q, int32_t out[VX_BLOCK])
{
    for (unsigned r = 0; r < VX_BLOCK; r += 4) {
        __m512i v[4];
        for (unsigned k = 0; k < 4; k++, hi += VINDEX_DIM) {
            for (unsigned line = 0; line < VINDEX_DIM; line += 64)
                _mm_prefetch((const char *)hi + AHEAD + line, _MM_HINT_T0);
            v[k] = row_vnni(hi, q->q);
        }
        __m512i f = fold4(v[0], v[1], v[2], v[3]);
        __m256i g = _mm256_add_epi32(_mm512_castsi512_si256(f), _mm512_extracti64x4_epi64(f, 1));
        __m128i h = _mm_add_epi32(_mm256_castsi256_si128(g), _mm256_extracti128_si256(g, 1));
        _mm_storeu_si128((__m128i *)(out + r), _mm_sub_epi32(h, _mm_set1_epi32(q->bias)));
    }
}

const VxKernels vx_vnni = {"vnni", dots_vnni, dot_vnni, exact_avx512, pick_avx512, sketch_avx512};

#else
typedef int vx_no_x86; /* a translation unit may not be empty */
#endif
