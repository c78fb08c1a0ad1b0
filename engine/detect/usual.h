/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_USUAL_H
#define AE_DETECT_USUAL_H

/* Where a score of one place usually is, and how far around. */
typedef struct {
  float mean, deviation;
} AeUsual;

#endif
