/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/kernels.h"

#include <pthread.h>

extern const AeKernels ae_kernels_scalar, ae_kernels_base;
#if defined(__x86_64__)
extern const AeKernels ae_kernels_avx2, ae_kernels_avx512;
#endif

static const AeKernels *chosen, *chosen_bf16;
#if defined(AE_HAVE_AMX)
static AeKernels with_amx; /* those of AVX-512 besides */
#endif
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const AeKernels *
table_of (AeCpuLevel level)
{
  switch (level) {
#if defined(__x86_64__)
    case AE_CPU_AMX:
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
  chosen = chosen_bf16 = table_of (ae_cpu_level ());
#if defined(AE_HAVE_AMX)
  if (ae_cpu_level () < AE_CPU_AMX)
    return;
  with_amx = *chosen;
  with_amx.level = AE_CPU_AMX;
  with_amx.matrix = &ae_matrix_amx;
  chosen_bf16 = &with_amx;
#endif
}

const AeKernels *
ae_kernels (void)
{
  pthread_once (&once, choose);
  return chosen;
}

const AeKernels *
ae_kernels_for (bool bf16)
{
  pthread_once (&once, choose);
  return bf16 ? chosen_bf16 : chosen;
}

const AeKernels *
ae_kernels_at (AeCpuLevel level)
{
  if (level > ae_cpu_level ())
    return NULL;
  return level == AE_CPU_AMX ? ae_kernels_for (true) : table_of (level);
}
