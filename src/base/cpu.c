#include "base/cpu.h"

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#elif defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

static const char *const names[] = {
    [CPU_PLAIN] = "plain",   [CPU_NEON_DOT] = "neon-dot", [CPU_AVX2] = "avx2",
    [CPU_AVX512] = "avx512", [CPU_VNNI] = "vnni",         [CPU_AMX] = "amx",
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CpuLevel level;
static bool vpopcnt, amx_bf16;

#if defined(__x86_64__)

#define BIT(word, n) (((word) >> (n)) & 1u)
#define XCR0_AVX 0x06u      /* XMM and YMM state */
#define XCR0_AVX512 0xe6u   /* and opmask, ZMM0-15 upper halves, ZMM16-31 */
#define XCR0_AMX 0x60000u   /* tile configuration and tile data */
#define ARCH_REQ_XCOMP_PERM 0x1023
#define XFEATURE_XTILEDATA 18

static uint64_t xgetbv0(void)
{
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (uint64_t)high << 32 | low;
}

/* Tile data is 8 KiB a thread, so Linux makes a process ask before the first use (5.16 and later).
 * The grant holds for every thread started afterwards. */
static bool amx_granted(void)
{
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0;
}

static CpuLevel detect(CpuLevel cap)
{
    uint32_t a, b, c, d, c1;
    if (!__get_cpuid(1, &a, &b, &c1, &d) || !BIT(c1, 27)) /* OSXSAVE */
        return CPU_PLAIN;
    uint64_t xcr0 = xgetbv0();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return CPU_PLAIN;
    bool avx2 = BIT(c1, 28) && BIT(c1, 12) && BIT(c1, 29) && BIT(b, 5) &&
                (xcr0 & XCR0_AVX) == XCR0_AVX; /* AVX, FMA, F16C, AVX2 */
    if (!avx2 || cap < CPU_AVX2)
        return CPU_PLAIN;
    uint32_t a1 = 0, unused;
    if (a >= 1) /* the highest sub-leaf of leaf 7 */
        (void)__get_cpuid_count(7, 1, &a1, &unused, &unused, &unused);
    bool avx512 = BIT(b, 16) && BIT(b, 30) && BIT(b, 17) && BIT(b, 31) &&
                  (xcr0 & XCR0_AVX512) == XCR0_AVX512; /* F, BW, DQ, VL */
    if (!avx512 || cap < CPU_AVX512)
        return CPU_AVX2;
    vpopcnt = BIT(c, 14);
    if (!BIT(c, 11) || cap < CPU_VNNI)
        return CPU_AVX512;
    bool amx = BIT(d, 24) && BIT(d, 25) && (xcr0 & XCR0_AMX) == XCR0_AMX; /* TILE, INT8 */
    if (!amx || cap < CPU_AMX || !amx_granted())
        return CPU_VNNI;
    amx_bf16 = BIT(d, 22) && BIT(a1, 5);
    return CPU_AMX;
}

#elif defined(__aarch64__)

static CpuLevel detect(CpuLevel cap)
{
    return cap >= CPU_NEON_DOT && (getauxval(AT_HWCAP) & HWCAP_ASIMDDP) ? CPU_NEON_DOT : CPU_PLAIN;
}

#else

static CpuLevel detect(CpuLevel cap)
{
    (void)cap;
    return CPU_PLAIN;
}

#endif

static bool cap_parse(const char *text, CpuLevel *cap)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(text, names[i]) == 0) {
            *cap = (CpuLevel)i;
            return true;
        }
    }
    return false;
}

static void ask(void)
{
    CpuLevel cap = CPU_AMX;
    const char *text = getenv("SOTTO_CPU");
    if (text)
        (void)cap_parse(text, &cap);
    level = detect(cap);
}

bool cpu_init(Err *err)
{
    CpuLevel cap;
    const char *text = getenv("SOTTO_CPU");
    if (text && *text && !cap_parse(text, &cap))
        return err_set(err, ERR_VALIDATION, "SOTTO_CPU is '%s': use plain, neon-dot, avx2, avx512, "
                       "vnni or amx", text);
    (void)cpu_level();
    return true;
}

CpuLevel cpu_level(void)
{
    (void)pthread_once(&once, ask);
    return level;
}

const char *cpu_level_name(CpuLevel any)
{
    return (size_t)any < sizeof names / sizeof names[0] ? names[any] : "unknown";
}

bool cpu_has_avx512_vpopcnt(void)
{
    (void)pthread_once(&once, ask);
    return vpopcnt;
}

bool cpu_has_amx_bf16(void)
{
    (void)pthread_once(&once, ask);
    return amx_bf16;
}
