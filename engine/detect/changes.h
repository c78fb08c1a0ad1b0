/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_CHANGES_H
#define AE_DETECT_CHANGES_H

/* Which cells of a picture changed by more than its noise: what flickers in the
 * dark, or after a denoiser, has an optical flow and does not move. Noise is
 * what half of the cells stay below. */

#include <stddef.h>
#include <stdint.h>

typedef struct AeChanges AeChanges;

/* For pictures of that many cells; NULL when memory runs out. */
AeChanges *ae_changes_new (int columns, int rows);
void ae_changes_free (AeChanges **changes);

/* Forgets the picture before. */
void ae_changes_reset (AeChanges *changes);

/* The next picture (rows `stride` bytes apart). Returns rows x columns numbers,
 * 0: noise, to 1: a change for sure, valid until the next; all 0 for the first
 * one. */
const float *ae_changes_add (
    AeChanges *changes, const uint8_t *grey, ptrdiff_t stride);

#endif
