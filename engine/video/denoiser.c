/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/denoiser.h>
#include <ae/session.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/pool.h"
#include "video/background.h"
#include "video/denoise_model.h"
#include "video/frame.h"
#include "video/motion.h"
#include "video/noise_estimate.h"
#include "video/pixel_rows.h"
#include "video/result.h"

#include <string.h>

/* Chroma detail is dropped below so many standard deviations of its noise. */
#define DETAIL_SIGMAS 2.0f

/* A denoised frame keeps about this part of its noise. */
#define CLEAN_NOISE 0.3f

/* Results beyond this are none: pictures are in 0..1, and a count of frames
 * cannot grow further in 32-bit floats. */
#define LARGEST_RESULT 0x1p24f

struct AeDenoiser {
  AeModel *model;
  AeSession *session;
  int n_threads;

  AeImage format; /* as bound; width 0 before */
  int h, w;
  /* Planes (6,h,w) and counts (h,w). */
  float *frame, *last_frame;   /* as loaded */
  float *warped, *warped_ones; /* the last frame moved onto this one */
  float *ones;
  AeVector *vectors;
  void *frame_scratch, *motion_scratch;
  AeNoise *noise;
  AeBackground *background;

  bool has_last;  /* last_frame and the session's clean are of the frame before */
  bool has_state; /* so are its fused_out and count_out: the state */
  bool scene_cut;
  bool refused; /* the last result was no picture */
  float noise_level;
};

static void
free_buffers (AeDenoiser *d)
{
  ae_free (d->frame);
  ae_free (d->last_frame);
  ae_free (d->warped);
  ae_free (d->warped_ones);
  ae_free (d->ones);
  ae_free (d->vectors);
  ae_free (d->frame_scratch);
  ae_free (d->motion_scratch);
  ae_noise_free (&d->noise);
  ae_background_free (&d->background);
  d->frame = d->last_frame = NULL;
  d->warped = d->warped_ones = d->ones = NULL;
  d->vectors = NULL;
  d->frame_scratch = d->motion_scratch = NULL;
  d->format.width = 0;
}

AeStatus
ae_denoiser_new (AeDenoiser **out, AeModel *model,
    const AeDenoiserOptions *options, AeError *err)
{
  *out = NULL;
  AeStatus status = ae_denoise_check_model (model, err);
  if (status != AE_OK)
    return status;
  AeDenoiser *d = ae_calloc (1, sizeof *d);
  if (!d)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a denoiser");
  AeDenoiserOptions defaults = { 0 };
  options = options ? options : &defaults;
  d->n_threads = ae_pool_threads (options->n_threads);
  AeSessionOptions session_options
      = { .n_threads = d->n_threads, .precision = options->precision };
  status = ae_session_new (&d->session, model, &session_options, err);
  if (status != AE_OK) {
    ae_free (d);
    return status;
  }
  d->model = ae_model_ref (model);
  *out = d;
  return AE_OK;
}

void
ae_denoiser_free (AeDenoiser **denoiser)
{
  AeDenoiser *d = *denoiser;
  if (!d)
    return;
  free_buffers (d);
  ae_session_free (&d->session);
  ae_model_unref (&d->model);
  ae_free (d);
  *denoiser = NULL;
}

static bool
allocate (AeDenoiser *d)
{
  size_t plane = (size_t) d->h * d->w;
  float **six[] = { &d->frame, &d->last_frame, &d->warped };
  float **one[] = { &d->warped_ones, &d->ones };
  bool ok = true;
  for (size_t i = 0; i < sizeof six / sizeof *six; i++)
    ok &= (*six[i] = ae_calloc (6 * plane, sizeof (float))) != NULL;
  for (size_t i = 0; i < sizeof one / sizeof *one; i++)
    ok &= (*one[i] = ae_calloc (plane, sizeof (float))) != NULL;
  d->vectors
      = ae_calloc (ae_motion_n_vectors (d->h, d->w), sizeof *d->vectors);
  d->frame_scratch
      = ae_alloc (ae_frame_scratch_size (&d->format, d->n_threads));
  d->motion_scratch = ae_alloc (ae_motion_scratch_size (d->h, d->w));
  d->noise = ae_noise_new (d->h, d->w, d->n_threads);
  d->background = ae_background_new (d->h, d->w, d->n_threads);
  if (!ok || !d->vectors || !d->frame_scratch || !d->motion_scratch
      || !d->noise || !d->background)
    return false;
  for (size_t i = 0; i < plane; i++)
    d->ones[i] = 1.0f;
  return true;
}

AeStatus
ae_denoiser_bind (AeDenoiser *d, const AeImage *format, AeError *err)
{
  free_buffers (d);
  ae_denoiser_reset (d);
  AeStatus status = ae_image_check (format, err);
  if (status != AE_OK)
    return status;
  int h, w;
  ae_frame_size (format, &h, &w);
  status = ae_denoise_bind (d->session, h, w, err);
  if (status != AE_OK)
    return status;
  d->format = *format;
  d->h = h;
  d->w = w;
  if (!allocate (d)) {
    free_buffers (d);
    return ae_fail (err, AE_ERROR_MEMORY,
        "out of memory for denoising %dx%d pixels", format->width,
        format->height);
  }
  return AE_OK;
}

void
ae_denoiser_reset (AeDenoiser *d)
{
  d->has_last = false;
  d->has_state = false;
  d->scene_cut = false;
  d->refused = false;
  if (d->noise)
    ae_noise_reset (d->noise);
  if (d->background)
    ae_background_reset (d->background);
}

/* False when output `which` of `planes` planes has values that cannot be a
 * result. */
static bool
is_result (const AeDenoiser *d, int which, size_t planes)
{
  return !ae_any_beyond (ae_denoise_output (d->session, which),
      planes * (size_t) d->h * d->w, LARGEST_RESULT, d->n_threads);
}

/* Vectors back to the last frame; drops everything earlier at a cut. */
static void
find_motion (AeDenoiser *d)
{
  d->scene_cut = false;
  if (!d->has_last)
    return;
  float sigma = d->noise_level / 255.0f;
  bool grey = d->format.pixels == AE_PIXELS_GRAY8;
  AeMotionNoise noise = { sigma, CLEAN_NOISE * sigma,
    grey ? -1 : ae_noise_chroma (d->noise) };
  float novelty = ae_motion_search (d->frame,
      ae_denoise_output (d->session, AE_DENOISE_CLEAN), d->h, d->w, noise,
      d->n_threads, d->motion_scratch, d->vectors);
  if (novelty < 1)
    return;
  ae_denoiser_reset (d);
  d->scene_cut = true;
}

static void
update_noise (AeDenoiser *d, const AeDenoiseParams *params)
{
  float luma_gain, chroma_gain;
  ae_frame_noise_gain (&d->format, &luma_gain, &chroma_gain);
  if (params->noise_level >= 0) {
    float sigma = params->noise_level / 255.0f;
    ae_noise_set (d->noise, sigma * luma_gain, sigma * chroma_gain);
    d->noise_level = params->noise_level;
    return;
  }
  if (!ae_noise_is_due (d->noise))
    return;
  if (d->has_last) {
    ae_motion_warp_whole (d->vectors, d->last_frame, d->ones, d->h, d->w,
        d->n_threads, d->warped, d->warped_ones);
    ae_noise_update (d->noise, d->frame, d->warped, d->warped_ones);
  } else {
    ae_noise_update (d->noise, d->frame, NULL, NULL);
  }
  d->noise_level = ae_noise_luma (d->noise) / luma_gain * 255.0f;
}

#define COPY_FLOATS ((size_t) 16 << 10)

typedef struct {
  const float *from;
  float *to;
  size_t n;
} Copy;

static void
copy_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Copy *c = arg;
  size_t at = index * COPY_FLOATS, left = c->n - at;
  memcpy (c->to + at, c->from + at,
      (left < COPY_FLOATS ? left : COPY_FLOATS) * sizeof (float));
}

static void
copy_frame (const AeDenoiser *d, float *to)
{
  Copy c = { d->frame, to, 6 * (size_t) d->h * d->w };
  ae_pool_run (ae_pool_shared (), d->n_threads,
      (c.n + COPY_FLOATS - 1) / COPY_FLOATS, copy_job, &c);
}

/* Fills the session's inputs; its outputs stay whole meanwhile and are the
 * state. Without a state the count is 0 and the frame stands for it. */
static void
fill_inputs (AeDenoiser *d)
{
  size_t plane = (size_t) d->h * d->w;
  float *fused = ae_denoise_input (d->session, AE_DENOISE_FUSED);
  float *count = ae_denoise_input (d->session, AE_DENOISE_COUNT);
  if (d->has_state) {
    ae_motion_warp (d->vectors,
        ae_denoise_output (d->session, AE_DENOISE_FUSED_OUT),
        ae_denoise_output (d->session, AE_DENOISE_COUNT_OUT), d->h, d->w,
        d->n_threads, fused, count);
  } else {
    copy_frame (d, fused);
    memset (count, 0, plane * sizeof *count);
  }
  float *frame = ae_denoise_input (d->session, AE_DENOISE_FRAME);
  float *noise = ae_denoise_input (d->session, AE_DENOISE_NOISE);
  copy_frame (d, frame);
  ae_noise_fill_map (d->noise, d->frame, noise);
  AeBackgroundInputs inputs = { frame, fused, count, noise };
  if (d->has_state)
    ae_background_show (d->background, &inputs);
}

/* False when the outputs are no picture, or no state for the next frame. */
static bool
check_outputs (AeDenoiser *d, bool temporal)
{
  d->has_state = temporal;
  return is_result (d, AE_DENOISE_CLEAN, 6)
         && (!temporal
             || (is_result (d, AE_DENOISE_FUSED_OUT, 6)
                 && is_result (d, AE_DENOISE_COUNT_OUT, 1)));
}

/* A broken model's numbers must not live on in the state: the frame is shown
 * as it came and the next one starts anew. */
static void
refuse_result (AeDenoiser *d, const AeImage *in, const AeImage *out)
{
  ae_image_copy (in, out);
  ae_denoiser_reset (d);
  d->refused = true;
}

void
ae_denoiser_process (AeDenoiser *d, const AeImage *in, const AeImage *out,
    const AeDenoiseParams *params)
{
  if (params->strength <= 0) {
    ae_image_copy (in, out);
    ae_denoiser_reset (d);
    return;
  }
  d->refused = false;
  ae_frame_load (in, d->frame, d->n_threads, d->frame_scratch);
  if (d->has_state && !params->temporal)
    ae_background_reset (d->background);
  d->has_state &= params->temporal;
  if (params->temporal || params->noise_level < 0)
    find_motion (d);
  else
    d->has_last = d->scene_cut = false;
  update_noise (d, params);
  fill_inputs (d);
  ae_session_run (d->session);
  if (!check_outputs (d, params->temporal)) {
    refuse_result (d, in, out);
    return;
  }
  AeFrameBlend blend = { .strength
    = params->strength < 1 ? params->strength : 1.0f,
    .chroma_threshold = DETAIL_SIGMAS * ae_frame_detail_gain (&d->format)
                        * ae_noise_chroma (d->noise) };
  ae_frame_store (in, d->frame,
      ae_denoise_output (d->session, AE_DENOISE_CLEAN), blend, out,
      d->n_threads, d->frame_scratch);
  if (d->has_state && d->has_last)
    ae_background_learn (d->background, d->vectors,
        ae_denoise_output (d->session, AE_DENOISE_FUSED_OUT),
        ae_denoise_state_count (d->session));
  float *swap = d->last_frame;
  d->last_frame = d->frame;
  d->frame = swap;
  d->has_last = true;
}

float
ae_denoiser_noise_level (const AeDenoiser *d)
{
  return d->noise_level;
}

bool
ae_denoiser_scene_cut (const AeDenoiser *d)
{
  return d->scene_cut;
}

bool
ae_denoiser_result_refused (const AeDenoiser *d)
{
  return d->refused;
}
