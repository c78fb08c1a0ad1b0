/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_CLUSTERS_H
#define AE_TRAIN_GAN_CLUSTERS_H

/* What a GAN is told of its pictures where nobody has labelled them: in which
 * cluster of the codes of an autoencoder they lie, which learned without labels
 * (Liu et al., "Diverse image generation via self-conditioned GANs", 2020; there
 * the codes are the discriminator's). Clusters are found once, by k-means, and
 * then stay. Used by one thread at a time. */

#include <ae/model.h>

#include "train/picture_store.h"

typedef struct AeGanClusters AeGanClusters;

typedef struct {
  int n;     /* clusters */
  int batch; /* pictures that are told apart together */
  AeThumbnailSize size;
  int n_threads;
  uint64_t seed;
} AeGanClusterOptions;

/* Keeps a reference to `encoder`. Errors: ARGUMENT (it makes no codes of
 * pictures, or is told labels), SHAPE (of another size), LIMIT, MEMORY. */
AeStatus ae_gan_clusters_new (AeGanClusters **out, AeModel *encoder,
    const AeGanClusterOptions *options, AeError *err);
void ae_gan_clusters_free (AeGanClusters **clusters);

/* Finds them among up to 20,000 of the store's pictures for training, unless
 * they are there. Errors: NEEDS_DATA (fewer than 10 for each cluster), NUMERIC
 * (codes that are no numbers), MEMORY. */
AeStatus ae_gan_clusters_find (
    AeGanClusters *clusters, AePictureStore *store, AeError *err);

/* The cluster of each of `batch` pictures (batch, channels, height, width) of
 * 0..1; they were found. */
void ae_gan_clusters_tell (
    AeGanClusters *clusters, const float *pictures, int *labels);

/* Shares (n) of the pictures, of sum 1; equal ones until they are found. */
const float *ae_gan_clusters_shares (const AeGanClusters *clusters);

/* What a checkpoint has to hold of them: so many bytes. Restoring fails with
 * SHAPE if they are of another encoder's codes; nothing has changed then. */
size_t ae_gan_clusters_bytes (const AeGanClusters *clusters);
void ae_gan_clusters_save (const AeGanClusters *clusters, void *to);
AeStatus ae_gan_clusters_restore (
    AeGanClusters *clusters, const void *from, AeError *err);

#endif
