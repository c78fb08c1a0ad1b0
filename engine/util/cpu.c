/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include <ae/cpu.h>

#include "util/error.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#if defined(AE_HAVE_AMX)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

static AeCpuLevel chosen_level;
static pthread_once_t level_once = PTHREAD_ONCE_INIT;

static const char *const level_names[] = { "scalar", "sse2", "avx2", "avx512",
  "amx" };

const char *
ae_cpu_level_name (AeCpuLevel level)
{
  return level_names[level];
}

#if defined(AE_HAVE_AMX)
#define REQUEST_FEATURE 0x1023 /* ARCH_REQ_XCOMP_PERM */
#define TILE_DATA 18

/* GCC 12 knows the bits of AMX by no name. */
static bool
has_amx (void)
{
  unsigned a, b, c, d;
  if (!__get_cpuid_count (7, 0, &a, &b, &c, &d))
    return false;
  bool tiles = d >> 24 & 1, bf16_tiles = d >> 22 & 1;
  return tiles && bf16_tiles && __builtin_cpu_supports ("avx512bf16");
}

/* The operating system saves tiles only for processes that asked for it, and
 * gives those larger signal frames: not to be asked where AE_CPU forbids it. */
static bool
may_use_tiles (void)
{
  return syscall (SYS_arch_prctl, REQUEST_FEATURE, TILE_DATA) == 0;
}
#else /* another processor, or a compiler that does not know them */
#if defined(__x86_64__)
static bool
has_amx (void)
{
  return false;
}
#endif

static bool
may_use_tiles (void)
{
  return false;
}
#endif

/* __builtin_cpu_supports also asks whether the operating system saves the
 * registers. */
static AeCpuLevel
best_level (void)
{
#if defined(__x86_64__)
  __builtin_cpu_init ();
  if (__builtin_cpu_supports ("avx512f") && __builtin_cpu_supports ("avx512bw")
      && __builtin_cpu_supports ("avx512vl")
      && __builtin_cpu_supports ("avx512dq"))
    return has_amx () ? AE_CPU_AMX : AE_CPU_AVX512;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    return AE_CPU_AVX2;
#endif
  return AE_CPU_SSE2;
}

static void
choose_level (void)
{
  AeCpuLevel level = best_level ();
  const char *mask = getenv ("AE_CPU");
  for (int i = AE_CPU_SCALAR; mask && i <= AE_CPU_AMX; i++)
    if (strcmp (mask, level_names[i]) == 0 && (AeCpuLevel) i < level)
      level = (AeCpuLevel) i;
  if (level == AE_CPU_AMX && !may_use_tiles ())
    level = AE_CPU_AVX512;
  chosen_level = level;
}

AeCpuLevel
ae_cpu_level (void)
{
  pthread_once (&level_once, choose_level);
  return chosen_level;
}

AeStatus
ae_precision_is_bf16 (AePrecision precision, bool *bf16, AeError *err)
{
  AeCpuLevel level = ae_cpu_level ();
  *bf16 = precision != AE_PRECISION_F32 && level >= AE_CPU_AMX;
  if (precision == AE_PRECISION_BF16 && !*bf16)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "precision bf16 wants AMX, the kernels in use here are %s",
        ae_cpu_level_name (level));
  return AE_OK;
}

int
ae_cpu_count (void)
{
  cpu_set_t set;
  if (sched_getaffinity (0, sizeof set, &set) != 0)
    return 1;
  int n = CPU_COUNT (&set);
  return n > 0 ? n : 1;
}
