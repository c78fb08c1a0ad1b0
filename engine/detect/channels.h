/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_CHANNELS_H
#define AE_DETECT_CHANNELS_H

/* From what was observed to scores of cells and pictures, by what is usual. */

#include "detect/facts.h"

typedef struct {
  const AeFacts *facts;
  float *cells[AE_N_CHANNELS]; /* rows x columns */
  float *points, *distances, *scratch;
  float patches; /* score of the last picture's patches, see score_pictures */
} AeChannels;

/* `facts` may change between scorings, but for their size and points. Errors:
 * MEMORY. */
AeStatus ae_channels_init (
    AeChannels *channels, const AeFacts *facts, AeError *err);
void ae_channels_clear (AeChannels *channels);

/* Sets all scores to 0. */
void ae_channels_reset (AeChannels *channels);

/* Scores all cells of all channels.
 *
 * reconstruction, latent, discriminator: how many deviations the cell is above
 * its own mean. motion: speed over the cell's limit where enough moves, plus
 * the distance to the usual motions, in units of one that is seldom
 * reached, as much less as velocities are noisier than usual. fused: sum of what the channels contribute, weighted. All lie
 * between -1e6 and 1e6, whatever the facts are. */
void ae_channels_score (AeChannels *channels, const AeObservation *seen);

/* The same for models of pictures: the cells of the latent channel are those
 * of patches.h, and so is `score`. seen: NULL without networks, whose channels
 * are 0 then. fused: sum of the channels, weighted, of cells and of the
 * picture: they are all in deviations. */
void ae_channels_score_picture (
    AeChannels *channels, const AeObservation *seen, float score);

/* How rare a score of a cell is on normal footage, in decades: 2 = one of
 * 100. Goes on as it rises at the end. */
float ae_channels_rarity (
    const AeFacts *facts, AeChannel channel, float score);

/* What a rarity counts in the fused score: all of motion's; of the others only
 * what is rarer than one cell of 100, which any picture has some of, and up to
 * where the rarities that were measured end. */
float ae_channels_contribution (AeChannel channel, float rarity);

/* The score of the picture: the mean of the largest cells', about one in 85.
 * `mask` (may be NULL): cells that count are not 0. */
float ae_channels_picture (
    const AeChannels *channels, AeChannel channel, const uint8_t *mask);

/* Cells that a picture's score is the mean of. */
int ae_channels_n_top (const AeFacts *facts);

#endif
