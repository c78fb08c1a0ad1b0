/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CPU_H
#define AE_CPU_H

/* What the machine offers, and the process-wide choice of kernels. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  AE_CPU_SCALAR = 0, /* the C reference kernels */
  AE_CPU_SSE2,       /* vector source at the compiler's baseline */
  AE_CPU_AVX2,       /* AVX2 + FMA */
  AE_CPU_AVX512,     /* AVX-512 F, BW, VL, DQ */
  AE_CPU_AMX         /* and AMX's bf16 tiles, where the precision allows */
} AeCpuLevel;

/* The level in use: the best the CPU and the operating system offer, or the
 * lower one named by AE_CPU=scalar|sse2|avx2|avx512|amx, read at the first call. */
AE_API AeCpuLevel ae_cpu_level (void);
AE_API const char *ae_cpu_level_name (AeCpuLevel level);

/* What a model is computed in. */
typedef enum {
  AE_PRECISION_F32 = 0,
  AE_PRECISION_AUTO, /* bf16 where the processor multiplies its matrices */
  AE_PRECISION_BF16  /* convolutions multiply bfloat16 and add f32; everything
                        else stays f32 */
} AePrecision;

/* Whether this precision means bf16 here. Errors: UNSUPPORTED when bf16 is
 * asked for and the level in use has no kernels for it. */
AE_API AeStatus ae_precision_is_bf16 (
    AePrecision precision, bool *bf16, AeError *err);

/* Cores this process may run on (its affinity mask), at least 1. */
AE_API int ae_cpu_count (void);

/* Measured f32 multiply-add rate of `n_threads` cores at the level in use, in
 * GFLOP/s (2 per multiply-add); takes about 50 ms. */
AE_API double ae_cpu_measure_peak (int n_threads);

#ifdef __cplusplus
}
#endif

#endif
