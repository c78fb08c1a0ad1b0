/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_FIXED_H
#define AE_CODEC_FIXED_H

/* Numbers with a fixed point, the same on every machine. */

#include <stdint.h>

/* 2^(e / 65536) in 1 / 65536; |e| is cut off at 15 * 65536. */
int64_t ae_fixed_power (int64_t e);

#endif
