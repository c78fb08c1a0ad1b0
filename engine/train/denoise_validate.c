/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/denoise_validate.h"

#include "train/batch.h"
#include "util/mem.h"
#include "video/motion.h"

#include <ae/session.h>

#include <math.h>
#include <string.h>

#define SIGMA (25 / 255.0f)
#define N_FRAMES 8
/* The window's way per frame. */
#define STEP_X 3
#define STEP_Y 1

typedef struct {
  AeSession *session;
  int size, half;
  size_t plane; /* half * half */
  AeCrop clean, noisy;
  float *clean6, *fused6, *count, *memory;
  void *motion;
  AeRng rng;
} Bench;

static void
free_bench (Bench *b)
{
  ae_session_free (&b->session);
  ae_free (b->memory);
  ae_free (b->motion);
}

static AeStatus
make_bench (
    Bench *b, AeModel *model, int size, int n_threads, AeError *err)
{
  *b = (Bench){ .size = size, .half = size / 2 };
  b->plane = (size_t) b->half * b->half;
  b->memory = ae_calloc (b->plane * (6 + 6 + 6 + 6 + 1), sizeof (float));
  b->motion = ae_alloc (ae_motion_scratch_size (b->half, b->half));
  if (!b->memory || !b->motion)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory to validate");
  float *at = b->memory;
  size_t luma = 4 * b->plane;
  b->clean = (AeCrop){ { at, at + luma, at + luma + b->plane } };
  at += 6 * b->plane;
  b->noisy = (AeCrop){ { at, at + luma, at + luma + b->plane } };
  b->clean6 = at + 6 * b->plane;
  b->fused6 = at + 12 * b->plane;
  b->count = at + 18 * b->plane;
  AeSessionOptions options = { .n_threads = n_threads };
  AeStatus status = ae_session_new (&b->session, model, &options, err);
  if (status != AE_OK)
    return status;
  const int channels[] = { 6, 6, 1, 2 };
  AeTensor inputs[4];
  for (int i = 0; i < 4; i++)
    inputs[i] = (AeTensor){ .type = AE_F32,
      .shape = ae_shape (4, 1, channels[i], b->half, b->half) };
  return ae_session_bind (b->session, inputs, 4, err);
}

static float *
input (Bench *b, size_t index)
{
  return ae_session_input (b->session, index)->data;
}

/* Runs frame `index` of a sequence that begins at (x, y) of the picture;
 * returns the mean square error of luma. */
static double
run_frame (Bench *b, const AePicture *picture, int x, int y, int index)
{
  static const AeNoise noise
      = { .luma = SIGMA, .chroma = SIGMA, .clip = true, .told = 1 };
  ae_crop_fill (&b->clean, b->size, picture, x + index * STEP_X,
      y + index * STEP_Y, 1);
  ae_noise_apply (
      &noise, &b->clean, b->size, &b->rng, &b->noisy, input (b, 3), NULL);
  ae_batch_pack (&b->noisy, b->size, input (b, 0));
  if (index == 0) {
    memcpy (input (b, 1), input (b, 0), 6 * b->plane * sizeof (float));
    memset (input (b, 2), 0, b->plane * sizeof (float));
  } else
    ae_motion_compensate (input (b, 0), b->fused6, b->count, b->half,
        b->half, SIGMA, input (b, 1), input (b, 2), b->motion);
  ae_session_run (b->session);
  const float *clean = ae_session_output (b->session, 0)->data;
  ae_batch_pack (&b->clean, b->size, b->clean6);
  double sum = 0;
  for (size_t i = 0; i < 4 * b->plane; i++) {
    float value = clean[i] < 0 ? 0 : clean[i] > 1 ? 1 : clean[i];
    double d = value - b->clean6[i];
    sum += d * d;
  }
  memcpy (b->fused6, ae_session_output (b->session, 1)->data,
      6 * b->plane * sizeof (float));
  memcpy (b->count, ae_session_output (b->session, 2)->data,
      b->plane * sizeof (float));
  return sum / (double) (4 * b->plane);
}

static double
psnr (double mse)
{
  return mse > 1e-12 ? -10 * log10 (mse) : 120;
}

/* Largest window, a multiple of 8, up to `edge`. */
static int
window_size (const AePicture *p, int edge)
{
  int limit = p->width < p->height ? p->width : p->height;
  limit = limit < edge ? limit : edge;
  return limit < 8 ? 0 : limit & ~7;
}

static AePicture *
picture_at (AeReservoir *reservoir, size_t index)
{
  return ae_reservoir_n_held_out (reservoir) > 0
      ? ae_reservoir_get_held_out (reservoir, index)
      : ae_reservoir_get (reservoir, index);
}

/* One picture: its single frame, and a pan over it when there is room. */
static AeStatus
score_picture (Bench *b, const AePicture *p, uint64_t seed, AeModel *model,
    int edge, int n_threads, double *still, double *video, AeError *err)
{
  int size = window_size (p, edge);
  if (b->size != size) {
    free_bench (b);
    AeStatus status = make_bench (b, model, size, n_threads, err);
    if (status != AE_OK)
      return status;
  }
  ae_rng_seed (&b->rng, seed);
  int x = (p->width - size) / 4 * 2, y = (p->height - size) / 4 * 2;
  *still = psnr (run_frame (b, p, x, y, 0));
  *video = NAN;
  x -= x % 2 + STEP_X * N_FRAMES / 2;
  y -= y % 2 + STEP_Y * N_FRAMES / 2;
  if (x < 0 || y < 0 || x + size + STEP_X * N_FRAMES > p->width
      || y + size + STEP_Y * N_FRAMES > p->height)
    return AE_OK;
  double mse = 0;
  for (int i = 0; i < N_FRAMES; i++)
    mse = run_frame (b, p, x, y, i);
  *video = psnr (mse);
  return AE_OK;
}

AeStatus
ae_denoise_validate (AeDenoiseScore *score, AeModel *model,
    AeReservoir *reservoir, int n_pictures, int edge, int n_threads,
    const atomic_bool *cancel, AeError *err)
{
  *score = (AeDenoiseScore){ 0 };
  Bench bench = { 0 };
  AeStatus status = AE_OK;
  double still_sum = 0, video_sum = 0;
  int n_still = 0, n_video = 0;
  for (int i = 0; i < n_pictures && status == AE_OK; i++) {
    if (atomic_load (cancel)) {
      status = ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
      break;
    }
    AePicture *p = picture_at (reservoir, (size_t) i);
    if (!p)
      break;
    double still, video;
    status = score_picture (
        &bench, p, 1000 + (uint64_t) i, model, edge, n_threads, &still, &video,
        err);
    ae_picture_unref (&p);
    if (status != AE_OK)
      break;
    still_sum += still;
    n_still++;
    if (!isnan (video)) {
      video_sum += video;
      n_video++;
    }
  }
  free_bench (&bench);
  if (status == AE_OK && n_still == 0)
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "there is no picture to validate on");
  score->still = (float) (still_sum / (n_still ? n_still : 1));
  score->video = n_video ? (float) (video_sum / n_video) : 0;
  return status;
}
