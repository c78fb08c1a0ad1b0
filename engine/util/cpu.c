/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE
#include <ae/cpu.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static AeCpuLevel chosen_level;
static pthread_once_t level_once = PTHREAD_ONCE_INIT;

static const char *const level_names[] = { "scalar", "sse2", "avx2", "avx512" };

const char *
ae_cpu_level_name (AeCpuLevel level)
{
  return level_names[level];
}

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
    return AE_CPU_AVX512;
  if (__builtin_cpu_supports ("avx2") && __builtin_cpu_supports ("fma"))
    return AE_CPU_AVX2;
#endif
  return AE_CPU_SSE2;
}

static void
choose_level (void)
{
  chosen_level = best_level ();
  const char *mask = getenv ("AE_CPU");
  for (int i = AE_CPU_SCALAR; mask && i <= AE_CPU_AVX512; i++)
    if (strcmp (mask, level_names[i]) == 0 && (AeCpuLevel) i < chosen_level)
      chosen_level = (AeCpuLevel) i;
}

AeCpuLevel
ae_cpu_level (void)
{
  pthread_once (&level_once, choose_level);
  return chosen_level;
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
