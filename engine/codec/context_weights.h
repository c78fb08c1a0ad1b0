/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_CONTEXT_WEIGHTS_H
#define AE_CODEC_CONTEXT_WEIGHTS_H

/* What a latent's scale (its mean absolute value) and its mean are predicted
 * from: sums of what was coded before, each with a weight. Sizes are absolute
 * values of at most AE_LARGEST_SIZE. See contexts.h for how scales then
 * drift and follow the symbols around.
 *
 *   scale = 2^(low + range level / 255)
 *         + 2^(growth level / 255) (sizes of the earlier channels here
 *             + of four neighbours in the channel + of the core's channels at
 *             the eight places around)
 *   mean  = values of the core's channels here and around
 *
 * The core are the first channels, the only ones that have means. Weights count
 * 1 / 16384, powers 1 / 256. */

#include "util/error.h"

#include <stdint.h>

#define AE_LARGEST_SIZE 15
#define AE_WEIGHT_BITS 14
#define AE_POWER_BITS 8
#define AE_OFFSETS 9 /* -1, -1; -1, 0; ... 1, 1 (rows, columns) */

#define AE_TABLE_SETS 5

/* One weight for each channel. */
typedef enum {
  AE_WEIGHT_NEAR,      /* of 2 left + 2 above + above left + above right */
  AE_WEIGHT_LOW,  /* powers of 2 */
  AE_WEIGHT_RANGE,
  AE_WEIGHT_GROWTH,
  AE_WEIGHT_SET, /* of tables, 0 .. AE_TABLE_SETS - 1 */
  AE_WEIGHT_VECTORS
} AeWeightVector;

typedef struct {
  int channels, core;
  int16_t *sizes;   /* [from][to]: what one adds to each later channel */
  int16_t *around;  /* [from][offset][to]: what a size of the core adds to
                       places at that offset */
  int16_t *means;   /* [from][offset][to]: the same for values */
  int16_t *vectors; /* [AE_WEIGHT_VECTORS][channels] */
} AeContextWeights;

/* How many numbers each of them has. */
size_t ae_weights_sizes (const AeContextWeights *w);
size_t ae_weights_around (const AeContextWeights *w);
size_t ae_weights_vectors (const AeContextWeights *w);

/* All zero. Errors: MEMORY, LIMIT (channels, core). */
AeStatus ae_context_weights_init (
    AeContextWeights *w, int channels, int core, AeError *err);
void ae_context_weights_clear (AeContextWeights *w);

#endif
