/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_feed.h"

#include "train/anomaly_nets.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define JITTER 0.1f /* of light, beside what detect/grey.h leaves */
#define LEAST_COUNTED 0.02f /* share of the fakes' places; see weigh_fakes */
/* Shares of the fakes: a patch of the same frame, one of another time; the rest
 * are whole frames of another time. */
#define SAME_FRAME 0.5f
#define OTHER_FRAME 0.25f

size_t
ae_anomaly_feed_window (const AeAnomalyFeed *f)
{
  return (size_t) f->past + 1;
}

AeStatus
ae_anomaly_feed_bind (AeAnomalyFeed *f, AeError *err)
{
  if (f->width > 0)
    return AE_OK;
  int w, h;
  if (!ae_footage_size (f->footage, &w, &h))
    return ae_fail (err, AE_ERROR_NEEDS_DATA, "no footage to train on");
  f->crop.width = w < f->patch ? w : f->patch;
  f->crop.height = h < f->patch ? h : f->patch;
  AeTensor in = { .type = AE_F32,
    .shape = ae_shape (4, f->batch, f->past ? f->past : 1,
        f->crop.height, f->crop.width) };
  AeStatus status
      = ae_adversarial_bind (f->adversarial, &in, 1, NULL, 0, err);
  if (status != AE_OK)
    return status;
  if (!ae_adversarial_extra (f->adversarial, 0)
      || !ae_adversarial_extra_weight (f->adversarial))
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for fakes");
  f->width = w;
  f->height = h;
  return AE_OK;
}

/* A sample's part of a tensor of the batch. */
static float *
part_of (const AeAnomalyFeed *f, AeTensor *tensor, int sample)
{
  size_t one = ae_shape_count (&tensor->shape) / (size_t) f->batch;
  return (float *) tensor->data + (size_t) sample * one;
}

static AeAnomalyCrop
draw_crop (const AeAnomalyFeed *f, AeRng *rng)
{
  AeAnomalyCrop c = f->crop;
  c.x = (int) ae_rng_below (rng, (uint32_t) (f->width - c.width + 1));
  c.y = (int) ae_rng_below (rng, (uint32_t) (f->height - c.height + 1));
  c.gain = 1;
  c.shift = 0;
  return c;
}

/* `frames`: those before, and the one to predict. */
static void
cut_past (const AeAnomalyFeed *f, const uint8_t *const *frames,
    const AeAnomalyCrop *crop, float *to)
{
  size_t one = (size_t) crop->width * (size_t) crop->height;
  for (int i = 0; i < f->past; i++, to += one)
    ae_anomaly_cut (frames[i], f->width, crop, to);
}

static void
fill_real (AeAnomalyFeed *f, int sample, const uint8_t *const *frames,
    const AeAnomalyCrop *crop)
{
  size_t one = (size_t) crop->width * (size_t) crop->height;
  float *in
      = part_of (f, ae_adversarial_input (f->adversarial, 0), sample);
  float *real = part_of (f, ae_adversarial_real (f->adversarial), sample);
  ae_anomaly_cut (frames[f->past], f->width, crop, real);
  if (f->past > 0)
    cut_past (f, frames, crop, in);
  else
    memcpy (in, real, one * sizeof *in);
}

/* A window for training. */
static bool
draw_window (AeAnomalyFeed *f, AeFootageView *v)
{
  size_t length = ae_anomaly_feed_window (f);
  size_t n = ae_footage_n_windows (f->footage, false, length);
  uint32_t most = n < UINT32_MAX ? (uint32_t) n : UINT32_MAX;
  size_t index = n ? ae_rng_below (&f->rng, most) : 0;
  /* others may just have made room */
  return n > 0
      && (ae_footage_window (f->footage, false, length, index, v)
          || ae_footage_window (f->footage, false, length, 0, v));
}

/* The frame is of another place or time; what was before is as it was. */
static void
fill_fake (AeAnomalyFeed *f, int sample, const uint8_t *const *frames,
    const AeAnomalyCrop *crop)
{
  AeAdversarial *a = f->adversarial;
  AeFootageView other = { 0 };
  AeAnomalySource source = { frames[f->past], f->width, f->height,
    true };
  float u = ae_rng_uniform (&f->rng);
  if (u >= SAME_FRAME && draw_window (f, &other)) {
    source.frame = other.frames[f->past];
    /* pictures have no time */
    source.other_place = u < SAME_FRAME + OTHER_FRAME || f->past == 0;
  }
  ae_anomaly_fake (part_of (f, ae_adversarial_real (a), sample), crop,
      &source, &f->rng, part_of (f, ae_adversarial_extra (a, 0), sample));
  ae_footage_view_clear (&other);
}

static void
fill_sample (AeAnomalyFeed *f, int sample, const AeFootageView *v)
{
  AeAdversarial *a = f->adversarial;
  AeAnomalyCrop crop = draw_crop (f, &f->rng);
  crop.gain += JITTER * (2 * ae_rng_uniform (&f->rng) - 1);
  crop.shift += JITTER * (2 * ae_rng_uniform (&f->rng) - 1);
  fill_real (f, sample, v->frames, &crop);
  fill_fake (f, sample, v->frames, &crop);
  ae_anomaly_changes (part_of (f, ae_adversarial_real (a), sample),
      part_of (f, ae_adversarial_extra (a, 0), sample), &crop,
      part_of (f, ae_adversarial_extra_weight (a), sample));
}

/* Places that were changed count as much as all of a picture would, unless they
 * are next to none. */
static void
weigh_fakes (AeAnomalyFeed *f)
{
  AeTensor *weight = ae_adversarial_extra_weight (f->adversarial);
  size_t n = ae_shape_count (&weight->shape);
  float *w = weight->data, sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += w[i];
  float factor = 1 / fmaxf (sum / (float) n, LEAST_COUNTED);
  for (size_t i = 0; i < n; i++)
    w[i] *= factor;
}

bool
ae_anomaly_feed_fill (AeAnomalyFeed *f)
{
  for (int i = 0; i < f->batch; i++) {
    AeFootageView v;
    if (!draw_window (f, &v))
      return false;
    fill_sample (f, i, &v);
    ae_footage_view_clear (&v);
  }
  weigh_fakes (f);
  return true;
}

bool
ae_anomaly_feed_fill_validation (AeAnomalyFeed *f, int first)
{
  size_t length = ae_anomaly_feed_window (f);
  bool held_out = ae_footage_n_windows (f->footage, true, length) > 0;
  size_t n = ae_footage_n_windows (f->footage, held_out, length);
  for (int i = 0; i < f->batch; i++) {
    AeFootageView v;
    AeRng rng;
    size_t index = n * (size_t) ((first + i) % AE_ANOMALY_CROPS) / AE_ANOMALY_CROPS;
    if (!ae_footage_window (f->footage, held_out, length, index, &v))
      return false;
    ae_rng_seed (&rng, 1000 + (uint64_t) (first + i));
    AeAnomalyCrop crop = draw_crop (f, &rng);
    fill_real (f, i, v.frames, &crop);
    ae_footage_view_clear (&v);
  }
  return true;
}
