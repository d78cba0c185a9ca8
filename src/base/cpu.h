/* cpu.h - what this processor can do, asked once at start. SOTTO_CPU=plain|avx2|avx512|vnni|amx caps
 * it (for tests and for comparing kernels). Threads: safe. */
#ifndef SOTTO_BASE_CPU_H
#define SOTTO_BASE_CPU_H

#include <stdbool.h>

typedef enum {
    CPU_PLAIN,     /* x86-64 baseline, or any other architecture */
    CPU_NEON_DOT,  /* aarch64 with SDOT/UDOT */
    CPU_AVX2,      /* with FMA and F16C */
    CPU_AVX512,    /* F, BW, DQ, VL */
    CPU_VNNI,      /* AVX-512 with VNNI */
    CPU_AMX        /* AVX-512 VNNI and AMX-INT8, granted by the kernel */
} CpuLevel;

CpuLevel cpu_level(void);        /* the best that is there and not capped */
const char *cpu_level_name(CpuLevel level);
bool cpu_has_avx512_vpopcnt(void);
/* AMX tile state is per thread on no system, but the kernel must grant it once: done inside
 * cpu_level. Call before the first tile instruction anyway. */

#endif
