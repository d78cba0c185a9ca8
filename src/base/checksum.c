/* checksum.c - CRC-32C and the 64-bit checksum of hash.h.
 *
 * CRC-32C (Castagnoli, reflected polynomial 0x82F63B78, RFC 3720): the processor's instruction
 * where there is one, else slicing by eight tables.
 *
 * checksum64 reads 64-byte blocks as eight little-endian 64-bit words, one for each of eight lanes:
 *
 *   lane[i] = (rotl(lane[i], 31) ^ word[i]) * P1          lane[i] starts as seed + (i+1) * P2
 *
 * A short last block is filled with zeros. Then, with n the length in bytes,
 *
 *   h = seed ^ n * P2;   for each lane   h = (rotl(h, 27) ^ mix(lane[i])) * P1;   sum = mix(h)
 *   mix(x): x ^= x >> 32; x *= P2; x ^= x >> 29; x *= P1; x ^= x >> 32
 *
 * Every step is a bijection of the lane for a given word and of the word for a given lane, so
 * damage inside one aligned word always changes the sum; other damage goes unseen with probability
 * 2^-64. One multiplication a word in eight independent chains keeps up with memory in plain C on
 * any 64-bit processor. It is no defence against a collision made on purpose: that is SHA-256. */
#include <endian.h>
#include <pthread.h>

#include "base/hash.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

typedef uint32_t (*CrcFn)(uint32_t crc, const uint8_t *p, size_t n);

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return le64toh(v);
}

/* slice[k][b]: the CRC of byte b followed by k zero bytes. */
static uint32_t slice[8][256];

static void fill_slices(void)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t c = b;
        for (int bit = 0; bit < 8; bit++)
            c = c & 1 ? c >> 1 ^ 0x82F63B78u : c >> 1;
        slice[0][b] = c;
    }
    for (int k = 1; k < 8; k++)
        for (uint32_t b = 0; b < 256; b++)
            slice[k][b] = slice[k - 1][b] >> 8 ^ slice[0][slice[k - 1][b] & 255];
}

static uint32_t crc_table(uint32_t crc, const uint8_t *p, size_t n)
{
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t v = load64(p) ^ crc;
        crc = 0;
        for (int k = 0; k < 8; k++)
            crc ^= slice[7 - k][v >> (8 * k) & 255];
    }
    for (; n > 0; n--, p++)
        crc = crc >> 8 ^ slice[0][(crc ^ *p) & 255];
    return crc;
}

#if defined(__x86_64__)

__attribute__((target("sse4.2"))) static uint32_t crc_instruction(uint32_t crc, const uint8_t *p,
                                                                   size_t n)
{
    uint64_t wide = crc;
    for (; n >= 8; n -= 8, p += 8)
        wide = _mm_crc32_u64(wide, load64(p));
    crc = (uint32_t)wide;
    for (; n > 0; n--, p++)
        crc = _mm_crc32_u8(crc, *p);
    return crc;
}

static bool has_instruction(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("sse4.2");
}

#elif defined(__aarch64__)

__attribute__((target("+crc"))) static uint32_t crc_instruction(uint32_t crc, const uint8_t *p,
                                                                 size_t n)
{
    for (; n >= 8; n -= 8, p += 8)
        __asm__("crc32cx %w0, %w0, %x1" : "+r"(crc) : "r"(load64(p)));
    for (; n > 0; n--, p++)
        __asm__("crc32cb %w0, %w0, %w1" : "+r"(crc) : "r"((uint32_t)*p));
    return crc;
}

static bool has_instruction(void)
{
    return (getauxval(AT_HWCAP) & HWCAP_CRC32) != 0;
}

#else

static uint32_t crc_instruction(uint32_t crc, const uint8_t *p, size_t n)
{
    return crc_table(crc, p, n);
}

static bool has_instruction(void)
{
    return false;
}

#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CrcFn best;

static void choose(void)
{
    fill_slices();
    best = has_instruction() ? crc_instruction : crc_table;
}

uint32_t crc32c(uint32_t seed, const void *data, size_t n)
{
    (void)pthread_once(&once, choose);
    return ~best(~seed, data, n);
}

uint32_t crc32c_portable(uint32_t seed, const void *data, size_t n)
{
    (void)pthread_once(&once, choose);
    return ~crc_table(~seed, data, n);
}

#define P1 0x9E3779B185EBCA87u
#define P2 0xC2B2AE3D27D4EB4Fu
#define LANES ((size_t)8)
#define BLOCK (8 * LANES)

static uint64_t rotl(uint64_t x, int r)
{
    return x << r | x >> (64 - r);
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 32) * P2;
    x = (x ^ x >> 29) * P1;
    return x ^ x >> 32;
}

static void add_block(uint64_t lane[LANES], const uint8_t *p)
{
#pragma GCC unroll 8 /* keeps the lanes in registers at -O2 */
    for (size_t i = 0; i < LANES; i++)
        lane[i] = (rotl(lane[i], 31) ^ load64(p + 8 * i)) * P1;
}

uint64_t checksum64(uint64_t seed, const void *data, size_t n)
{
    const uint8_t *p = data;
    uint64_t lane[LANES];
    for (size_t i = 0; i < LANES; i++)
        lane[i] = seed + (i + 1) * P2;
    size_t left = n;
    for (; left >= BLOCK; left -= BLOCK, p += BLOCK)
        add_block(lane, p);
    if (left > 0) {
        uint8_t last[BLOCK] = {0};
        memcpy(last, p, left);
        add_block(lane, last);
    }
    uint64_t h = seed ^ (uint64_t)n * P2;
    for (size_t i = 0; i < LANES; i++)
        h = (rotl(h, 27) ^ mix(lane[i])) * P1;
    return mix(h);
}
