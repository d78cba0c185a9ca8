/* cpu.h - what this processor can do, asked once at start. SOTTO_CPU=plain|neon-dot|avx2|avx512|
 * vnni|amx caps it (for tests and for comparing kernels). Threads: safe. */
#ifndef SOTTO_BASE_CPU_H
#define SOTTO_BASE_CPU_H

#include <stdbool.h>

#include "base/err.h"

typedef enum {
    CPU_PLAIN,     /* x86-64 baseline, or any other architecture */
    CPU_NEON_DOT,  /* aarch64 with SDOT/UDOT */
    CPU_AVX2,      /* with FMA and F16C */
    CPU_AVX512,    /* F, BW, DQ, VL */
    CPU_VNNI,      /* AVX-512 with VNNI */
    CPU_AMX        /* AVX-512 VNNI and AMX-INT8, granted by the kernel */
} CpuLevel;

/* Asks, and refuses a SOTTO_CPU that names no level (ERR_VALIDATION). Call once in main before any
 * thread starts: the kernel grants AMX's tile state to threads that come after the asking. */
bool cpu_init(Err *err);
CpuLevel cpu_level(void);        /* the best that is there and not capped */
const char *cpu_level_name(CpuLevel any);
bool cpu_has_avx512_vpopcnt(void); /* false also when capped below avx512 */
bool cpu_has_amx_bf16(void);       /* AMX-BF16 and AVX512-BF16; false when capped below amx */

#endif
