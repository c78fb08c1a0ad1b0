/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_RESULT_H
#define AE_VIDEO_RESULT_H

/* Whether a network's numbers can be a picture. */

#include <stdbool.h>
#include <stddef.h>

/* True when one of n values is not a number, infinite, or further from 0 than
 * `limit`. */
bool ae_any_beyond (
    const float *values, size_t n, float limit, int n_threads);

#endif
