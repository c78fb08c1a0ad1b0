/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/kernels.h"

#include <pthread.h>

extern const AeKernels ae_kernels_scalar, ae_kernels_base;
#if defined(__x86_64__)
extern const AeKernels ae_kernels_avx2, ae_kernels_avx512;
#endif

static const AeKernels *chosen;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const AeKernels *
table_of (AeCpuLevel level)
{
  switch (level) {
#if defined(__x86_64__)
    case AE_CPU_AVX512:
      return &ae_kernels_avx512;
    case AE_CPU_AVX2:
      return &ae_kernels_avx2;
#endif
    case AE_CPU_SCALAR:
      return &ae_kernels_scalar;
    default:
      return &ae_kernels_base;
  }
}

static void
choose (void)
{
  chosen = table_of (ae_cpu_level ());
}

const AeKernels *
ae_kernels (void)
{
  pthread_once (&once, choose);
  return chosen;
}

const AeKernels *
ae_kernels_at (AeCpuLevel level)
{
  return level <= ae_cpu_level () ? table_of (level) : NULL;
}
