/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_FPENV_H
#define AE_UTIL_FPENV_H

/* Subnormal numbers are flushed to zero while the engine computes: they carry
 * nothing for a picture and some CPUs are a hundred times slower on them. The
 * host's mode is restored afterwards. */

#if defined(__SSE__)
#include <xmmintrin.h>

static inline unsigned
ae_fpenv_enter (void)
{
  unsigned old = _mm_getcsr ();
  _mm_setcsr (old | 0x8040); /* flush to zero, denormals are zero */
  return old;
}

static inline void
ae_fpenv_leave (unsigned old)
{
  _mm_setcsr (old);
}
#else
static inline unsigned
ae_fpenv_enter (void)
{
  return 0;
}

static inline void
ae_fpenv_leave (unsigned old)
{
  (void) old;
}
#endif

#endif
