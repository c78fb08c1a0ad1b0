/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_FASTMATH_H
#define AE_OPS_FASTMATH_H

/* Elementary functions without branches or tables, so that loops over them
 * become vector code. Errors are below 2 units in the last place of f32 where
 * nothing else is said; NaN stays NaN. */

#include <math.h>
#include <stdint.h>
#include <string.h>

/* 2^n for -126 <= n <= 127; anything (but defined) for other n. */
static inline float
ae_power_of_two (int32_t n)
{
  uint32_t bits = (uint32_t) (n + 127) << 23;
  float value;
  memcpy (&value, &bits, sizeof value);
  return value;
}

/* 2^n p(f) with x = n ln2 + f, |f| <= ln2 / 2 (Cephes' expf). The power of two
 * is applied in two steps, so that results may be denormal or infinite. */
static inline float
ae_fast_exp (float x)
{
  const float magic = 12582912.0f; /* 1.5 * 2^23: adding it rounds */
  x = x < -104.0f ? -104.0f : x;
  x = x > 89.0f ? 89.0f : x;
  float shifted = x * 1.44269504f + magic;
  int32_t n;
  memcpy (&n, &shifted, sizeof n);
  n -= 0x4b400000;
  float k = shifted - magic;
  float f = x - k * 0.693359375f;
  f = f + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * f + 1.3981999507e-3f;
  p = p * f + 8.3334519073e-3f;
  p = p * f + 4.1665795894e-2f;
  p = p * f + 1.6666665459e-1f;
  p = p * f + 5.0000001201e-1f;
  p = p * f * f + f + 1.0f;
  int32_t half = n >> 1;
  return p * ae_power_of_two (half) * ae_power_of_two (n - half);
}

static inline float
ae_fast_sigmoid (float x)
{
  return 1.0f / (1.0f + ae_fast_exp (-x));
}

/* Cephes' tanhf: a polynomial near 0, where 1 - 2 / (e^2x + 1) cancels. */
static inline float
ae_fast_tanh (float x)
{
  float a = fabsf (x), s = x * x;
  float p = -5.70498872745e-3f;
  p = p * s + 2.06390887954e-2f;
  p = p * s - 5.37397155531e-2f;
  p = p * s + 1.33314422036e-1f;
  p = p * s - 3.33332819422e-1f;
  float near = p * s * x + x;
  float far = 1.0f - 2.0f / (ae_fast_exp (2.0f * a) + 1.0f);
  far = x < 0 ? -far : far;
  return a < 0.625f ? near : far;
}

/* log (1 + x) for 0 <= x <= 1: 2 artanh (x / (2 + x)), whose argument is at most
 * 1/3, as a series. */
static inline float
ae_fast_log1p_unit (float x)
{
  float t = x / (2.0f + x), s = t * t;
  float p = 1.0f / 13;
  p = p * s + 1.0f / 11;
  p = p * s + 1.0f / 9;
  p = p * s + 1.0f / 7;
  p = p * s + 1.0f / 5;
  p = p * s + 1.0f / 3;
  return 2.0f * (p * s * t + t);
}

#endif
