/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/fixed.h"

#define MOST (15 * 65536)

/* 65536 * 2^(i / 16): what lies between is interpolated. */
static const uint32_t powers[17] = { 65536, 68438, 71468, 74632, 77936, 81386,
  84990, 88752, 92682, 96785, 101070, 105545, 110218, 115098, 120194, 125515,
  131072 };

int64_t
ae_fixed_power (int64_t e)
{
  e = e > MOST ? MOST : e < -MOST ? -MOST : e;
  int64_t whole = e >> 16, part = e & 0xffff;
  int i = (int) (part >> 12);
  int64_t low = powers[i], high = powers[i + 1];
  int64_t value = low + ((high - low) * (part & 0xfff) >> 12);
  return whole >= 0 ? value << whole : value >> -whole;
}
