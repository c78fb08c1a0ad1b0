/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_clusters.h"

#include <ae/codes.h>
#include <ae/session.h>

#include "sample/generator_model.h"
#include "score/distance.h"
#include "tensor/tensor.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define MOST 20000 /* pictures that they are found among */
#define LEAST 10   /* for each of them: fewer tell nothing of what is alike */
#define ID 40      /* bytes of a model's identity, with zeros */

struct AeGanClusters {
  AeGanClusterOptions o;
  AeSession *session;
  size_t d; /* numbers of a code */
  char id[ID];
  bool found;
  float *shares;  /* n */
  float *centres; /* n x d */
};

static AeStatus
check_encoder (const AeModel *encoder, AeGeneratorModel *facts, AeError *err)
{
  AeStatus status = ae_generator_model_learn (facts, encoder, err);
  if (status == AE_OK && !facts->encodes)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "it makes no codes of pictures, wanted a model of task autoencoder");
  if (status == AE_OK && facts->classes > 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "it is told which of %d labels pictures have, wanted one that learned "
        "without",
        facts->classes);
  return status;
}

static AeStatus
open_session (AeGanClusters *c, AeModel *encoder, AeError *err)
{
  static const char *const inputs[] = { "frame" };
  static const char *const outputs[] = { "latent" };
  const AeThumbnailSize *size = &c->o.size;
  AeSessionOptions options = { .n_threads = c->o.n_threads, .inputs = inputs,
    .n_inputs = 1, .outputs = outputs, .n_outputs = 1,
    .precision = AE_PRECISION_F32 };
  AeTensor frames = { .type = AE_F32,
    .shape = ae_shape (
        4, c->o.batch, size->channels, size->height, size->width) };
  AeStatus status = ae_session_new (&c->session, encoder, &options, err);
  if (status == AE_OK)
    status = ae_session_bind (c->session, &frames, 1, err);
  if (status != AE_OK)
    return status;
  const AeShape *codes = &ae_session_output (c->session, 0)->shape;
  if (codes->rank == 2 && codes->dim[0] == c->o.batch
      && codes->dim[1] == (int64_t) c->d)
    return AE_OK;
  char text[96];
  return ae_fail (err, AE_ERROR_SHAPE,
      "its codes of %d pictures are %s, wanted (%d,%zu)", c->o.batch,
      ae_shape_text (codes, text, sizeof text), c->o.batch, c->d);
}

static AeStatus
set_up (AeGanClusters *c, AeModel *encoder, AeError *err)
{
  AeGeneratorModel facts;
  size_t n = (size_t) c->o.n;
  AeStatus status = check_encoder (encoder, &facts, err);
  if (status != AE_OK)
    return status;
  c->d = (size_t) facts.latent;
  strncpy (c->id, ae_model_id (encoder), ID - 1);
  c->shares = ae_calloc (n, sizeof *c->shares);
  c->centres = ae_calloc (n * c->d, sizeof *c->centres);
  if (!c->shares || !c->centres)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu clusters", n);
  for (size_t i = 0; i < n; i++)
    c->shares[i] = 1 / (float) n;
  return open_session (c, encoder, err);
}

AeStatus
ae_gan_clusters_new (AeGanClusters **out, AeModel *encoder,
    const AeGanClusterOptions *options, AeError *err)
{
  AeGanClusters *c = *out = ae_calloc (1, sizeof *c);
  if (!c)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for clusters");
  c->o = *options;
  AeStatus status = set_up (c, encoder, err);
  if (status == AE_OK)
    return AE_OK;
  ae_gan_clusters_free (out);
  return ae_fail_prefix (err, status,
      "gan.clusters, of the codes of the model to start from");
}

void
ae_gan_clusters_free (AeGanClusters **clusters)
{
  AeGanClusters *c = *clusters;
  *clusters = NULL;
  if (!c)
    return;
  ae_session_free (&c->session);
  ae_free (c->shares);
  ae_free (c->centres);
  ae_free (c);
}

/* Finding. */

/* n pictures evenly from the whole store: it may be in some order. */
static void
encode (AeGanClusters *c, AePictureStore *store, size_t n, float *rows)
{
  size_t all = ae_picture_store_count (store, false);
  size_t one = ae_thumbnail_bytes (&c->o.size), batch = (size_t) c->o.batch;
  for (size_t first = 0; first < n; first += batch) {
    size_t some = n - first < batch ? n - first : batch;
    float *frames = ae_session_input (c->session, 0)->data;
    memset (frames, 0, batch * one * sizeof *frames);
    for (size_t i = 0; i < some; i++)
      ae_picture_store_take (store, false,
          (size_t) ((uint64_t) (first + i) * all / n), 1, frames + i * one,
          NULL);
    ae_session_run (c->session);
    memcpy (rows + first * c->d, ae_session_output (c->session, 0)->data,
        some * c->d * sizeof *rows);
  }
}

/* Each cluster's mean and share. */
static void
measure (AeGanClusters *c, const AeCodes *codes, const int *cluster)
{
  size_t d = c->d, n = (size_t) c->o.n;
  memset (c->shares, 0, n * sizeof *c->shares);
  memset (c->centres, 0, n * d * sizeof *c->centres);
  for (size_t i = 0; i < codes->n; i++) {
    float *centre = c->centres + (size_t) cluster[i] * d;
    float count = ++c->shares[cluster[i]];
    for (size_t k = 0; k < d; k++)
      centre[k] += (codes->values[i * d + k] - centre[k]) / count;
  }
  for (size_t i = 0; i < n; i++)
    c->shares[i] /= (float) codes->n;
}

AeStatus
ae_gan_clusters_find (AeGanClusters *c, AePictureStore *store, AeError *err)
{
  size_t n = ae_picture_store_count (store, false);
  if (c->found)
    return AE_OK;
  if (n < LEAST * (size_t) c->o.n)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%zu pictures to train on, wanted at least %d for each of %d "
        "clusters: see gan.clusters",
        n, LEAST, c->o.n);
  n = n < MOST ? n : MOST;
  float *rows = ae_calloc (n * c->d, sizeof *rows);
  int *cluster = ae_calloc (n, sizeof *cluster);
  AeCodes codes = { rows, n, c->d };
  AeStatus status = rows && cluster
      ? AE_OK
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu codes", n);
  if (status == AE_OK) {
    encode (c, store, n, rows);
    status = ae_codes_cluster (cluster, &codes, AE_CLUSTERS_MEANS,
        (size_t) c->o.n, c->o.seed, c->o.n_threads, err);
  }
  if (status == AE_OK) {
    measure (c, &codes, cluster);
    c->found = true;
  }
  ae_free (rows);
  ae_free (cluster);
  return status;
}

void
ae_gan_clusters_tell (AeGanClusters *c, const float *pictures, int *labels)
{
  AeTensor *frames = ae_session_input (c->session, 0);
  memcpy (frames->data, pictures, ae_tensor_bytes (frames));
  ae_session_run (c->session);
  const float *code = ae_session_output (c->session, 0)->data;
  for (int i = 0; i < c->o.batch; i++, code += c->d) {
    float least = HUGE_VALF;
    labels[i] = 0;
    for (int k = 0; k < c->o.n; k++) {
      float square
          = ae_distance_square (code, c->centres + (size_t) k * c->d, c->d);
      /* nobody is told a cluster that is never drawn */
      if (c->shares[k] > 0 && square < least) {
        least = square;
        labels[i] = k;
      }
    }
  }
}

const float *
ae_gan_clusters_shares (const AeGanClusters *c)
{
  return c->shares;
}

/* Checkpoints: the encoder's identity, whether they were found, shares and
 * centres. */

static size_t
n_numbers (const AeGanClusters *c)
{
  return (size_t) c->o.n * (1 + c->d);
}

size_t
ae_gan_clusters_bytes (const AeGanClusters *c)
{
  return ID + sizeof (float) * (1 + n_numbers (c));
}

void
ae_gan_clusters_save (const AeGanClusters *c, void *to)
{
  size_t n = (size_t) c->o.n;
  char *at = to;
  float found = c->found;
  memcpy (at, c->id, ID);
  memcpy (at += ID, &found, sizeof found);
  memcpy (at += sizeof found, c->shares, n * sizeof (float));
  memcpy (at + n * sizeof (float), c->centres, n * c->d * sizeof (float));
}

AeStatus
ae_gan_clusters_restore (AeGanClusters *c, const void *from, AeError *err)
{
  size_t n = (size_t) c->o.n;
  const char *at = from;
  float found;
  if (memcmp (at, c->id, ID) != 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "gan.clusters: the checkpoint's are of the codes of model %.32s, "
        "wanted those of the model to start from, %.32s",
        at, c->id);
  memcpy (&found, at += ID, sizeof found);
  memcpy (c->shares, at += sizeof found, n * sizeof (float));
  memcpy (c->centres, at + n * sizeof (float), n * c->d * sizeof (float));
  c->found = found > 0;
  return AE_OK;
}
