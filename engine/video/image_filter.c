/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/image_filter.h>
#include <ae/session.h>

#include "util/error.h"
#include "util/mem.h"
#include "util/number.h"
#include "util/pool.h"
#include "video/filter_model.h"
#include "video/image_tensor.h"
#include "video/pixel_rows.h"
#include "video/result.h"

#include <math.h>
#include <string.h>

#define LARGEST_SIDE 16384

/* Numbers further from 0 are no picture, whatever white is. */
#define LARGEST_RESULT 0x1p24f

struct AeImageFilter {
  AeModel *model;
  AeSession *session;
  int n_threads;
  AeFilterModel wanted;
  bool keep_size;

  AeImagePlanes from, to; /* the session's input and output */
  AeScaling in, out, own; /* picture to input, output to result, both */
  int width;              /* of the widest row */
  void *scratch;
  bool refused;
};

/* By AeValues. */
static const struct {
  const char *name;
  float black, white;
} values[] = {
  [AE_VALUES_0_1] = { "0-1", 0, 1 },
  [AE_VALUES_MINUS_1_1] = { "-1-1", -1, 1 },
  [AE_VALUES_0_255] = { "0-255", 0, 255 },
};

static AeStatus
read_values (const AeModel *model, const char *key, AeValues *which,
    AeError *err)
{
  const char *text = ae_model_meta (model, key);
  if (*which != AE_VALUES_AUTO || !text)
    return AE_OK;
  for (int i = AE_VALUES_0_1; i <= AE_VALUES_0_255; i++)
    if (strcmp (text, values[i].name) == 0)
      *which = (AeValues) i;
  if (*which != AE_VALUES_AUTO)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "metadata %s is \"%s\", wanted 0-1, -1-1 or 0-255", key, text);
}

/* n numbers with commas between them. */
static AeStatus
read_numbers (const AeModel *model, const char *key, int n, float *to,
    AeError *err)
{
  const char *text = ae_model_meta (model, key);
  if (!text || ae_number_list_read (text, n, to))
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "metadata %s is \"%s\", wanted %s", key, text,
      n == 1 ? "a number" : "three numbers with commas between them");
}

static AeStatus
normalisation (const AeModel *model, const AeImageFilterOptions *options,
    int n, float mean[3], float deviation[3], AeError *err)
{
  AeStatus status = AE_OK;
  for (int i = 0; i < 3; i++) {
    mean[i] = options->mean ? options->mean[i] : 0;
    deviation[i] = options->deviation ? options->deviation[i] : 1;
  }
  if (!options->mean)
    status = read_numbers (model, "ae.mean", n, mean, err);
  if (status == AE_OK && !options->deviation)
    status = read_numbers (model, "ae.deviation", n, deviation, err);
  for (int i = 0; status == AE_OK && i < n; i++)
    if (!isfinite (mean[i]) || !(fabsf (deviation[i]) >= 1e-6f)
        || !isfinite (deviation[i]))
      status = ae_fail (err, AE_ERROR_ARGUMENT,
          "mean %g and deviation %g of colour %d, wanted finite numbers and "
          "a deviation other than 0",
          (double) mean[i], (double) deviation[i], i + 1);
  return status;
}

static AeStatus
set_values (AeImageFilter *f, const AeImageFilterOptions *options,
    AeError *err)
{
  AeValues in = options->input, out = options->output;
  float mean[3], deviation[3];
  AeStatus status = read_values (f->model, "ae.input_range", &in, err);
  if (status == AE_OK)
    status = read_values (f->model, "ae.output_range", &out, err);
  if (status == AE_OK)
    status = normalisation (
        f->model, options, f->wanted.channels, mean, deviation, err);
  if (status != AE_OK)
    return status;
  in = in == AE_VALUES_AUTO ? AE_VALUES_0_1 : in;
  out = out == AE_VALUES_AUTO ? in : out;
  for (int i = 0; i < f->wanted.channels; i++) {
    f->from.gain[i] = (values[in].white - values[in].black) / deviation[i];
    f->from.offset[i] = (values[in].black - mean[i]) / deviation[i];
    f->to.gain[i] = values[out].white - values[out].black;
    f->to.offset[i] = values[out].black;
  }
  return AE_OK;
}

static AeStatus
set_up (AeImageFilter *f, const AeImageFilterOptions *options, AeError *err)
{
  f->n_threads = ae_pool_threads (options->n_threads);
  f->keep_size = options->keep_model_size;
  AeStatus status = ae_filter_model_session (
      &f->session, f->model, f->n_threads, options->precision, err);
  if (status == AE_OK)
    status = ae_filter_model_learn (&f->wanted, f->model, f->session, err);
  if (status == AE_OK)
    status = set_values (f, options, err);
  f->from.channels = f->to.channels = f->wanted.channels;
  return status;
}

AeStatus
ae_image_filter_new (AeImageFilter **out, AeModel *model,
    const AeImageFilterOptions *options, AeError *err)
{
  AeImageFilterOptions defaults = { 0 };
  *out = NULL;
  AeImageFilter *f = ae_calloc (1, sizeof *f);
  if (!f)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a filter");
  f->model = ae_model_ref (model);
  AeStatus status = set_up (f, options ? options : &defaults, err);
  if (status != AE_OK)
    ae_image_filter_free (&f);
  *out = f;
  return status;
}

static void
unbind (AeImageFilter *f)
{
  ae_scaling_clear (&f->in);
  ae_scaling_clear (&f->out);
  ae_scaling_clear (&f->own);
  ae_free (f->scratch);
  f->scratch = NULL;
}

void
ae_image_filter_free (AeImageFilter **filter)
{
  AeImageFilter *f = *filter;
  if (!f)
    return;
  unbind (f);
  ae_session_free (&f->session);
  ae_model_unref (&f->model);
  ae_free (f);
  *filter = NULL;
}

AeImageFilterSize
ae_image_filter_size (const AeImageFilter *f)
{
  return (AeImageFilterSize){
    .width = f->keep_size ? f->wanted.across.out : 0,
    .height = f->keep_size ? f->wanted.down.out : 0,
    .scale_x = f->wanted.across.scale,
    .scale_y = f->wanted.down.scale,
  };
}

/* The part of a side of the planes that a picture fills. */
static int
used (const AeFilterSide *side, int n, bool result)
{
  if (side->in == 0)
    return result ? n * side->scale : n;
  return result ? side->out : side->in;
}

static void
set_planes (AeImageFilter *f, const AeImage *format, int h, int w)
{
  const AeFilterSide *down = &f->wanted.down, *across = &f->wanted.across;
  const AeTensor *result = ae_session_output (f->session, 0);
  f->from.h = h;
  f->from.w = w;
  f->from.used_h = used (down, format->height, false);
  f->from.used_w = used (across, format->width, false);
  f->to.h = (int) result->shape.dim[2];
  f->to.w = (int) result->shape.dim[3];
  f->to.used_h = used (down, format->height, true);
  f->to.used_w = used (across, format->width, true);
}

static int
largest (const int *n, size_t count)
{
  int most = 0;
  for (size_t i = 0; i < count; i++)
    most = n[i] > most ? n[i] : most;
  return most;
}

static bool
allocate (AeImageFilter *f, const AeImage *format, int out_h, int out_w)
{
  int h = format->height, w = format->width;
  f->width = largest ((int[]){ w, out_w, f->from.w, f->to.w }, 4);
  f->scratch = ae_alloc (ae_image_scratch_size (f->width, f->n_threads));
  return f->scratch
         && ae_scaling_make (&f->in, h, w, f->from.used_h, f->from.used_w)
         && ae_scaling_make (
             &f->out, f->to.used_h, f->to.used_w, out_h, out_w)
         && ae_scaling_make (&f->own, h, w, out_h, out_w);
}

AeStatus
ae_image_filter_bind (AeImageFilter *f, const AeImage *format, AeError *err)
{
  unbind (f);
  f->refused = false;
  AeStatus status = ae_image_check (format, err);
  if (status != AE_OK)
    return status;
  AeImageFilterSize size = ae_image_filter_size (f);
  int out_h = size.height ? size.height : format->height * size.scale_y;
  int out_w = size.width ? size.width : format->width * size.scale_x;
  if (out_h > LARGEST_SIDE || out_w > LARGEST_SIDE)
    return ae_fail (err, AE_ERROR_LIMIT,
        "results of %dx%d pixels, wanted at most %dx%d", out_w, out_h,
        LARGEST_SIDE, LARGEST_SIDE);
  int h = format->height, w = format->width;
  status = ae_filter_model_bind (&f->wanted, f->session, &h, &w, err);
  if (status != AE_OK)
    return status;
  set_planes (f, format, h, w);
  if (allocate (f, format, out_h, out_w))
    return AE_OK;
  unbind (f);
  return ae_fail (err, AE_ERROR_MEMORY,
      "out of memory for filtering %dx%d pixels", format->width,
      format->height);
}

static AeImageWork
work_with (const AeImageFilter *f, const AeScaling *scaling)
{
  return (AeImageWork){ scaling, f->width, f->n_threads, f->scratch };
}

void
ae_image_filter_process (
    AeImageFilter *f, const AeImage *in, const AeImage *out)
{
  float *input = ae_session_input (f->session, 0)->data;
  ae_image_load (in, &f->from, input, work_with (f, &f->in));
  ae_session_run (f->session);
  const AeTensor *output = ae_session_output (f->session, 0);
  const float *result = output->data;
  f->refused = ae_any_beyond (result, ae_shape_count (&output->shape),
      LARGEST_RESULT, f->n_threads);
  ae_image_store (out, &f->to, f->refused ? NULL : result,
      work_with (f, &f->out), in, &f->own);
}

bool
ae_image_filter_result_refused (const AeImageFilter *f)
{
  return f->refused;
}
