/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/observer.h"

#include <ae/session.h>

#include "detect/grey.h"
#include "util/clock.h"
#include "util/mem.h"
#include "util/pool.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LEAST_ERROR 0.02f /* in the networks' units */
#define MOST_VALUE 1e6f
#define CELL_PIXELS (AE_CELL * AE_CELL)

enum { PREDICTION, REALNESS, LATENT, N_OUTPUTS };

struct AeObserver {
  AeObserverShape shape;
  int columns, rows;
  const AeMixture *density;
  AeSession *session;
  AeMotionCells *motion;
  AeCellAverage *appearance;
  float *ring;    /* past + 1 pictures of H x W, as the networks see them */
  float *still;   /* cells x AE_MOTION_FEATURES of 0, where there is no past */
  float *latents; /* cells x latent */
  float *logs;    /* cells */
  int n, next;    /* pictures in the ring; where the next one goes */
  int n_threads;
  AeDetectorTimes times;
  /* of the picture at work */
  const uint8_t *grey;
  const float *seen_motion, *seen_appearance;
};

static AeStatus
check_output (const AeObserver *o, int index, int channels, int height,
    int width, AeError *err)
{
  AeShape wanted = ae_shape (4, 1, channels, height, width);
  const AeTensor *t = ae_session_output (o->session, (size_t) index);
  char found[96], text[96];
  if (ae_shape_equal (&t->shape, &wanted) && t->type == AE_F32)
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "not an anomaly model: output \"%s\" has shape %s, wanted %s",
      ae_session_output_name (o->session, (size_t) index),
      ae_shape_text (&t->shape, found, sizeof found),
      ae_shape_text (&wanted, text, sizeof text));
}

static AeStatus
open_session (AeObserver *o, AeModel *model, int n_threads,
    AePrecision precision, AeError *err)
{
  static const char *const inputs[] = { "frame", "past" };
  static const char *const outputs[]
      = { "prediction", "realness", "latent" };
  const AeObserverShape *s = &o->shape;
  size_t n_inputs = s->past > 0 ? 2 : 1;
  AeSessionOptions options = { .n_threads = n_threads,
    .inputs = inputs,
    .n_inputs = n_inputs,
    .outputs = outputs,
    .n_outputs = s->latent > 0 ? N_OUTPUTS : LATENT,
    .precision = precision };
  AeTensor bound[]
      = { { .type = AE_F32,
              .shape = ae_shape (4, 1, 1, s->height, s->width) },
          { .type = AE_F32,
              .shape = ae_shape (4, 1, s->past, s->height, s->width) } };
  AeStatus status = ae_session_new (&o->session, model, &options, err);
  if (status == AE_OK)
    status = ae_session_bind (o->session, bound, n_inputs, err);
  if (status == AE_OK)
    status = check_output (o, PREDICTION, 1, s->height, s->width, err);
  if (status == AE_OK && s->latent > 0)
    status = check_output (o, LATENT, s->latent, o->rows, o->columns, err);
  if (status == AE_OK)
    status = check_output (o, REALNESS, 1, o->rows, o->columns, err);
  return status;
}

static bool
allocate (AeObserver *o, int n_threads)
{
  const AeObserverShape *s = &o->shape;
  size_t cells = (size_t) o->columns * (size_t) o->rows;
  size_t pixels = cells * CELL_PIXELS;
  if (s->past > 0)
    o->motion = ae_motion_cells_new (s->width, s->height, n_threads);
  else
    o->still = ae_calloc (cells, AE_MOTION_FEATURES * sizeof (float));
  o->appearance
      = ae_cell_average_new (o->columns, o->rows, AE_APPEARANCES);
  o->ring = ae_calloc (pixels, ((size_t) s->past + 1) * sizeof (float));
  o->latents = ae_calloc (cells, (size_t) s->latent * sizeof (float));
  o->logs = ae_calloc (cells, sizeof (float));
  return (o->motion || o->still) && o->appearance && o->ring && o->latents
         && o->logs;
}

AeStatus
ae_observer_new (AeObserver **out, AeModel *model,
    const AeObserverShape *shape, const AeMixture *density, int n_threads,
    AePrecision precision, AeError *err)
{
  *out = NULL;
  AeObserver *o = ae_calloc (1, sizeof *o);
  if (!o)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for an observer");
  o->shape = *shape;
  o->columns = shape->width / AE_CELL;
  o->rows = shape->height / AE_CELL;
  o->density = density;
  o->n_threads = ae_pool_threads (n_threads);
  AeStatus status = AE_OK;
  if (!allocate (o, n_threads))
    status = ae_fail (err, AE_ERROR_MEMORY,
        "no memory for pictures of %dx%d", shape->width, shape->height);
  if (status == AE_OK)
    status = open_session (o, model, n_threads, precision, err);
  if (status == AE_OK)
    *out = o;
  else
    ae_observer_free (&o);
  return status;
}

void
ae_observer_free (AeObserver **observer)
{
  AeObserver *o = *observer;
  *observer = NULL;
  if (!o)
    return;
  ae_session_free (&o->session);
  ae_motion_cells_free (&o->motion);
  ae_cell_average_free (&o->appearance);
  ae_free (o->ring);
  ae_free (o->still);
  ae_free (o->latents);
  ae_free (o->logs);
  ae_free (o);
}

void
ae_observer_reset (AeObserver *o)
{
  if (o->motion)
    ae_motion_cells_reset (o->motion);
  ae_cell_average_reset (o->appearance);
  o->n = o->next = 0;
}

void
ae_observer_set_pace (AeObserver *o, double pace)
{
  if (o->motion)
    ae_motion_cells_set_pace (o->motion, (float) pace);
}

static size_t
pixels_of (const AeObserver *o)
{
  return (size_t) o->shape.width * (size_t) o->shape.height;
}

/* The picture `back` before the last, 0 to past; the first one stands for those
 * before it. */
static const float *
picture (const AeObserver *o, int back)
{
  int places = o->shape.past + 1;
  back = back < o->n ? back : o->n - 1;
  int at = (o->next - 1 - back + 2 * places) % places;
  return o->ring + (size_t) at * pixels_of (o);
}

static void
keep_picture (AeObserver *o, const uint8_t *grey)
{
  size_t n = pixels_of (o);
  float *to = o->ring + (size_t) o->next * n;
  for (size_t i = 0; i < n; i++)
    to[i] = ((float) grey[i] - AE_GREY_MEAN) * (1 / AE_GREY_DEVIATION);
  o->next = (o->next + 1) % (o->shape.past + 1);
  if (o->n <= o->shape.past)
    o->n++;
}

/* The oldest picture first. */
static void
run_networks (AeObserver *o)
{
  size_t n = pixels_of (o);
  memcpy (ae_session_input (o->session, 0)->data, picture (o, 0),
      n * sizeof (float));
  for (int i = 0; i < o->shape.past; i++) {
    float *past = ae_session_input (o->session, 1)->data;
    memcpy (past + (size_t) i * n, picture (o, o->shape.past - i),
        n * sizeof (float));
  }
  ae_session_run (o->session);
}

static float
error_of_cell (const float *a, const float *b, int stride)
{
  float sum = 0;
  for (int j = 0; j < AE_CELL; j++)
    for (int i = 0; i < AE_CELL; i++)
      sum += fabsf (a[j * stride + i] - b[j * stride + i]);
  return logf (sum / CELL_PIXELS + LEAST_ERROR);
}

static const float *
output (const AeObserver *o, int index)
{
  return ae_session_output (o->session, (size_t) index)->data;
}

static void
take_latents (AeObserver *o)
{
  size_t cells = (size_t) o->columns * (size_t) o->rows;
  size_t d = (size_t) o->shape.latent;
  if (d == 0)
    return;
  const float *from = output (o, LATENT);
  for (size_t i = 0; i < cells; i++)
    for (size_t k = 0; k < d; k++)
      o->latents[i * d + k] = from[k * cells + i];
  if (o->density)
    ae_mixture_log_density (o->density, o->latents, cells, o->logs);
}

/* A number that is none (a broken model) must not spread; one that is large
 * (the rarity of what is far from all that is usual) stays large. */
static float
number (float value)
{
  return isnan (value) ? 0 : fminf (fmaxf (value, -MOST_VALUE), MOST_VALUE);
}

static const float *
take_appearance (AeObserver *o)
{
  const float *prediction = output (o, PREDICTION);
  const float *realness = output (o, REALNESS), *frame = picture (o, 0);
  float *to = ae_cell_average_next (o->appearance);
  const int width = o->shape.width;
  for (int y = 0; y < o->rows; y++)
    for (int x = 0; x < o->columns; x++, to += AE_APPEARANCES) {
      int cell = y * o->columns + x;
      int at = (y * width + x) * AE_CELL;
      to[AE_APPEARANCE_ERROR]
          = number (error_of_cell (prediction + at, frame + at, width));
      to[AE_APPEARANCE_RARITY] = number (-o->logs[cell]);
      to[AE_APPEARANCE_FAKE] = number (-realness[cell]);
    }
  return ae_cell_average_add (o->appearance);
}

/* The two halves of a picture's work, which do not need each other. */

static void
see_motion (void *arg)
{
  AeObserver *o = arg;
  double start = ae_now_ms ();
  o->seen_motion
      = ae_motion_cells_add (o->motion, o->grey, o->shape.width);
  o->times.motion = ae_now_ms () - start;
}

static void
see_appearance (void *arg)
{
  AeObserver *o = arg;
  double start = ae_now_ms ();
  run_networks (o);
  double ran = ae_now_ms ();
  take_latents (o);
  double took = ae_now_ms ();
  o->seen_appearance = take_appearance (o);
  o->times.networks = ran - start;
  o->times.densities = took - ran;
  o->times.cells = ae_now_ms () - took;
}

/* False: motion counts, and the picture is the first. */
static bool
see (AeObserver *o)
{
  if (!o->motion) {
    o->seen_motion = o->still;
    see_appearance (o);
    return true;
  }
  if (o->n < 2) {
    see_motion (o);
    return false;
  }
  ae_pool_run_beside (
      ae_pool_shared (), o->n_threads, see_motion, see_appearance, o);
  assert (o->seen_motion);
  return true;
}

bool
ae_observer_add (
    AeObserver *o, const uint8_t *grey, AeObservation *observation)
{
  *observation = (AeObservation){ 0 };
  if (!o->motion)
    ae_observer_reset (o);
  keep_picture (o, grey);
  o->grey = grey;
  if (!see (o))
    return false;
  *observation = (AeObservation){ .motion = o->seen_motion,
    .appearance = o->seen_appearance,
    .latents = o->latents,
    .sure = 1 };
  if (o->motion) {
    observation->sure = ae_cell_average_sure (o->appearance);
    observation->jitter = ae_motion_cells_jitter (o->motion);
  }
  return true;
}

void
ae_observer_prediction (const AeObserver *o, uint8_t *to)
{
  const float *from = output (o, PREDICTION);
  for (size_t i = 0; i < pixels_of (o); i++) {
    float grey = number (from[i]) * AE_GREY_DEVIATION + AE_GREY_MEAN;
    to[i] = (uint8_t) (fminf (fmaxf (grey, 0), 255) + 0.5f);
  }
}

void
ae_observer_times (const AeObserver *o, AeDetectorTimes *times)
{
  double scaling = times->scaling;
  *times = o->times;
  times->scaling = scaling;
}
