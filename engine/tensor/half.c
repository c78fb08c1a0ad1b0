/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* IEEE 754 binary16 and bfloat16, round to nearest even, in integers so that
 * the result does not depend on the CPU. */
#include "tensor/tensor.h"

#include <string.h>

static float
from_bits (uint32_t bits)
{
  float f;
  memcpy (&f, &bits, sizeof f);
  return f;
}

static uint32_t
to_bits (float f)
{
  uint32_t bits;
  memcpy (&bits, &f, sizeof bits);
  return bits;
}

float
ae_f16_to_f32 (uint16_t half)
{
  uint32_t sign = (uint32_t) (half & 0x8000) << 16;
  uint32_t exponent = (half >> 10) & 0x1f;
  uint32_t mantissa = half & 0x3ff;
  if (exponent == 0x1f)
    return from_bits (sign | 0x7f800000 | mantissa << 13);
  if (exponent != 0)
    return from_bits (sign | (exponent + 112) << 23 | mantissa << 13);
  /* subnormal: mantissa * 2^-24 is exact in binary32 */
  float value = (float) mantissa * 0x1p-24f;
  return sign ? -value : value;
}

uint16_t
ae_f32_to_f16 (float value)
{
  uint32_t bits = to_bits (value);
  uint16_t sign = (uint16_t) (bits >> 16 & 0x8000);
  uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000)
    return sign | 0x7e00;
  if (magnitude >= 0x477ff000) /* rounds to 65536 or more */
    return sign | 0x7c00;
  if (magnitude < 0x38800000) { /* below 2^-14: subnormal half */
    if (magnitude <= 0x33000000)
      return sign;
    uint32_t exponent = magnitude >> 23;
    uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    uint32_t shift = 126 - exponent; /* 14 .. 24 */
    uint32_t rounded = mantissa >> shift;
    uint32_t rest = mantissa & ((1u << shift) - 1);
    uint32_t half_way = 1u << (shift - 1);
    if (rest > half_way || (rest == half_way && (rounded & 1)))
      rounded++;
    return (uint16_t) (sign | rounded);
  }
  uint32_t rounded = magnitude + 0xfff + (magnitude >> 13 & 1);
  return (uint16_t) (sign | (rounded - 0x38000000) >> 13);
}

float
ae_bf16_to_f32 (uint16_t bits)
{
  return from_bits ((uint32_t) bits << 16);
}

uint16_t
ae_f32_to_bf16 (float value)
{
  uint32_t bits = to_bits (value);
  if ((bits & 0x7fffffff) > 0x7f800000)
    return (uint16_t) (bits >> 16 | 0x40);
  return (uint16_t) ((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}
