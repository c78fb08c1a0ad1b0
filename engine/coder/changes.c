/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/changes.h"

#include "codec/fixed.h"
#include "coder/deblock.h"
#include "coder/motion.h"
#include "coder/pictures.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SIDE AE_PLACE_SIDE
#define GREY 128
/* Steps of chroma, in 1 / 64 of luma's. */
#define CHROMA_STEP 72
/* In the choice of modes: what is added before a size is cut off to an integer;
 * bits, roughly, of a place that is coded and of each value that is not 0. */
#define ROUND_MORE 0.38f
#define PLACE_BITS 3
#define VALUE_BITS 5
#define SIZE_BITS 1.5f
/* A place is no movement when its luma varies less than this part of what it
 * differs. */
#define INTRA_SHARE 0.8f

AeStatus
ae_changes_init (AeChanges *c, const AeCodec *codec, AeError *err)
{
  *c = (AeChanges){ .codec = codec };
  ae_cosines_init (&c->cosines);
  AeStatus status
      = ae_latent_level_init (&c->motion_level, &codec->tables.motion, err);
  if (status == AE_OK)
    status = ae_latent_level_init (&c->value_level, &codec->tables.change, err);
  return status;
}

static void
free_buffers (AeChanges *c)
{
  ae_reference_clear (&c->before);
  ae_reference_clear (&c->now);
  void **all[] = { (void **) &c->motion, (void **) &c->values,
    (void **) &c->skipped, (void **) &c->vectors, (void **) &c->wanted };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
    ae_free (*all[i]);
    *all[i] = NULL;
  }
  c->valid = false;
}

void
ae_changes_clear (AeChanges *c)
{
  free_buffers (c);
  ae_latent_level_clear (&c->motion_level);
  ae_latent_level_clear (&c->value_level);
}

AeStatus
ae_changes_bind (AeChanges *c, const AeGrid *grid, bool encodes, AeError *err)
{
  size_t places = (size_t) grid->rows * grid->columns;
  free_buffers (c);
  c->grid = *grid;
  AeStatus status
      = ae_reference_init (&c->before, 2 * grid->w, 2 * grid->h, err);
  if (status == AE_OK)
    status = ae_reference_init (&c->now, 2 * grid->w, 2 * grid->h, err);
  if (status != AE_OK)
    return status;
  c->motion
      = ae_calloc (places * AE_MOTION_CHANNELS, sizeof *c->motion);
  c->values = ae_calloc (places * AE_COSINES, sizeof *c->values);
  c->skipped = ae_calloc (places, 1);
  c->vectors = ae_calloc (places, sizeof *c->vectors);
  if (encodes)
    c->wanted = ae_calloc (places * AE_COSINES, sizeof *c->wanted);
  if (c->motion && c->values && c->skipped && c->vectors
      && (c->wanted || !encodes))
    return AE_OK;
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
}

void
ae_changes_begin (AeChanges *c, const float *frame, int n_threads)
{
  ae_picture_store (
      frame, c->grid.h, c->grid.w, &c->now.image, n_threads);
  memset (c->motion, 0, (size_t) c->grid.rows * c->grid.columns
      * AE_MOTION_CHANNELS * sizeof *c->motion);
}

void
ae_changes_set_level (AeChanges *c, int level)
{
  int64_t unit = 1 << (16 - AE_POWER_BITS);
  int64_t power = c->codec->step_low * unit
      + c->codec->step_range * unit * level / 255;
  int64_t step = ae_fixed_power (power) >> (16 - 4);
  step = step < 1 ? 1 : step;
  int64_t chroma = step * CHROMA_STEP / 64;
  c->unit[0] = (int32_t) step;
  c->unit[1] = (int32_t) (chroma < 1 ? 1 : chroma);
  ae_latent_level_set (&c->motion_level, level);
  ae_latent_level_set (&c->value_level, level);
}

static size_t
first_place (const AeChanges *c, const AeGridSlice *slice)
{
  return (size_t) slice->row * c->grid.columns;
}

static size_t
n_places (const AeChanges *c, const AeGridSlice *slice)
{
  return (size_t) slice->n_rows * c->grid.columns;
}

AeLatents
ae_changes_motion (const AeChanges *c, const AeGridSlice *slice)
{
  return (AeLatents){ .channels = AE_MOTION_CHANNELS,
    .rows = slice->n_rows,
    .columns = c->grid.columns,
    .values = c->motion + first_place (c, slice) * AE_MOTION_CHANNELS };
}

AeLatents
ae_changes_values (const AeChanges *c, const AeGridSlice *slice)
{
  size_t at = first_place (c, slice) * AE_COSINES;
  return (AeLatents){ .channels = AE_COSINES,
    .rows = slice->n_rows,
    .columns = c->grid.columns,
    .values = c->values + at,
    .skipped = c->skipped + first_place (c, slice),
    .wanted = c->wanted ? c->wanted + at : NULL,
    .wanted_step = n_places (c, slice) };
}

/* A slice at work. */
typedef struct {
  AeChanges *c;
  const AeGridSlice *slice;
  AeLatents motion, values;
  const AeImage *picture; /* of encoders */
  size_t places;
  float worth;
} Work;

static Work
work_on (AeChanges *c, const AeGridSlice *slice)
{
  return (Work){ .c = c,
    .slice = slice,
    .motion = ae_changes_motion (c, slice),
    .values = ae_changes_values (c, slice),
    .places = n_places (c, slice) };
}

static AeVector
vector_at (const Work *w, size_t place)
{
  return (AeVector){ w->motion.values[AE_MOTION_X * w->places + place],
    w->motion.values[AE_MOTION_Y * w->places + place] };
}

static void
set_motion (const Work *w, size_t place, AePlaceMode mode, AeVector v)
{
  w->motion.values[AE_MOTION_MODE * w->places + place] = (int16_t) mode;
  w->motion.values[AE_MOTION_Y * w->places + place] = v.y;
  w->motion.values[AE_MOTION_X * w->places + place] = v.x;
  size_t at = first_place (w->c, w->slice) + place;
  w->c->skipped[at] = mode == AE_PLACE_SKIP;
  w->c->vectors[at] = v;
}

static void
fill_grey (AePlaceSamples *s)
{
  for (int i = 0; i < 256; i++)
    s->luma[i] = GREY;
  for (int i = 0; i < 128; i++)
    s->chroma[i / 64][i % 64] = GREY;
}

static void
predict (const Work *w, int row, int column, AePlaceSamples *to)
{
  size_t place = (size_t) row * w->c->grid.columns + column;
  int mode = w->motion.values[AE_MOTION_MODE * w->places + place];
  if (mode == AE_PLACE_INTRA)
    fill_grey (to);
  else
    ae_motion_predict (&w->c->before, column * SIDE,
        (w->slice->row + row) * SIDE, vector_at (w, place), to);
}

static uint8_t
to_byte (int x)
{
  return (uint8_t) (x < 0 ? 0 : x > 255 ? 255 : x);
}

static void
store_sum (uint8_t *to, ptrdiff_t stride, int side, const int16_t *a,
    const int16_t *b)
{
  for (int y = 0; y < side; y++, to += stride)
    for (int x = 0; x < side; x++)
      to[x] = to_byte (a[y * side + x] + b[y * side + x]);
}

/* The pixel at which a place of a plane begins. */
static uint8_t *
pixels_at (const AeImage *image, int plane, int row, int column)
{
  int side = plane == 0 ? SIDE : SIDE / 2;
  return image->plane[plane]
      + (ptrdiff_t) row * side * image->stride[plane] + column * side;
}

static void
show_place (const Work *w, int row, int column)
{
  AeChanges *c = w->c;
  AePlaceSamples from, change;
  size_t place = (size_t) row * c->grid.columns + column;
  predict (w, row, column, &from);
  if (w->values.skipped[place])
    memset (&change, 0, sizeof change);
  else
    ae_cosines_inverse (&c->cosines, w->values.values + place, w->places,
        c->unit, &change);
  for (int i = 0; i < 3; i++) {
    int at = w->slice->row + row;
    store_sum (pixels_at (&c->now.image, i, at, column),
        c->now.image.stride[i], i == 0 ? SIDE : SIDE / 2,
        i == 0 ? from.luma : from.chroma[i - 1],
        i == 0 ? change.luma : change.chroma[i - 1]);
  }
}

static void
show_slice (const Work *w)
{
  for (int row = 0; row < w->slice->n_rows; row++)
    for (int x = 0; x < w->c->grid.columns; x++)
      show_place (w, row, x);
}

/* samples = pixels - samples */
static void
subtract (const Work *w, int row, int column, AePlaceSamples *s)
{
  for (int i = 0; i < 3; i++) {
    int side = i == 0 ? SIDE : SIDE / 2;
    int16_t *to = i == 0 ? s->luma : s->chroma[i - 1];
    const uint8_t *from
        = pixels_at (w->picture, i, w->slice->row + row, column);
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++, to++)
        *to = (int16_t) (from[y * (ptrdiff_t) w->picture->stride[i] + x]
            - *to);
  }
}

/* Sum of the luma's absolute differences from its mean. */
static uint32_t
variation (const Work *w, int row, int column)
{
  const uint8_t *at
      = pixels_at (w->picture, 0, w->slice->row + row, column);
  ptrdiff_t stride = w->picture->stride[0];
  int sum = 0;
  uint32_t all = 0;
  for (int i = 0; i < SIDE * SIDE; i++)
    sum += at[i / SIDE * stride + i % SIDE];
  for (int i = 0; i < SIDE * SIDE; i++)
    all += (uint32_t) abs (at[i / SIDE * stride + i % SIDE] - sum / 256);
  return all;
}

/* Whether coding the values of a place is worth its bits. */
static bool
is_worth (const Work *w, const float *wanted)
{
  float gain = 0, bits = PLACE_BITS;
  for (int i = 0; i < AE_COSINES; i++) {
    float x = fabsf (wanted[i * w->places]);
    if (x < 1 - ROUND_MORE)
      continue;
    float size = floorf (x + ROUND_MORE), error = x - size;
    gain += x * x - error * error;
    bits += VALUE_BITS + SIZE_BITS * log2f (size);
  }
  return gain > w->worth * bits;
}

/* Vectors of the places to the left, above, and of this one in the picture
 * before. */
static int
candidates (const Work *w, int row, int column, AeVector to[4])
{
  size_t columns = (size_t) w->c->grid.columns;
  size_t place = (size_t) row * columns + column;
  int n = 0;
  if (column > 0)
    to[n++] = vector_at (w, place - 1);
  if (row > 0)
    to[n++] = vector_at (w, place - columns);
  if (row > 0 && column + 1 < (int) columns)
    to[n++] = vector_at (w, place - columns + 1);
  to[n++] = vector_at (w, place);
  return n;
}

/* What is left of a place without its prediction, in steps. */
static void
transform_place (const Work *w, int row, int column, float *wanted)
{
  AePlaceSamples samples;
  float gain[2] = { 16.0f / (float) w->c->unit[0],
    16.0f / (float) w->c->unit[1] };
  predict (w, row, column, &samples);
  subtract (w, row, column, &samples);
  ae_cosines_forward (&w->c->cosines, &samples, gain, wanted, w->places);
}

/* A place that is well predicted by what is known already is skipped, others
 * are searched for. */
static void
choose_place (const Work *w, int row, int column)
{
  AeChanges *c = w->c;
  AeVector from[4];
  size_t place = (size_t) row * c->grid.columns + column;
  float *wanted = (float *) w->values.wanted + place;
  float step = (float) c->unit[0] / 16, worth = step * sqrtf (w->worth);
  int x = column * SIDE, y = (w->slice->row + row) * SIDE;
  uint32_t sad;
  int n = candidates (w, row, column, from);
  AeVector v = ae_motion_best (
      &c->before, w->picture, x, y, from, n, worth, &sad);
  set_motion (w, place, AE_PLACE_SKIP, v);
  transform_place (w, row, column, wanted);
  if (!is_worth (w, wanted))
    return;
  v = ae_motion_refine (
      &c->before, w->picture, x, y, from[0], v, worth, &sad);
  bool intra = (float) sad > step * 64
      && (float) variation (w, row, column) < INTRA_SHARE * (float) sad;
  v = intra ? (AeVector){ 0, 0 } : v;
  set_motion (w, place, intra ? AE_PLACE_INTRA : AE_PLACE_MOVED, v);
  transform_place (w, row, column, wanted);
  if (!intra && !is_worth (w, wanted))
    set_motion (w, place, AE_PLACE_SKIP, v);
}

AeStatus
ae_changes_put (AeChanges *c, const AeGridSlice *slice,
    const AeImage *picture, float worth, AeRansWriter *writer,
    AeLatentScratch *s)
{
  Work w = work_on (c, slice);
  w.picture = picture;
  w.worth = worth;
  for (int row = 0; row < slice->n_rows; row++)
    for (int x = 0; x < c->grid.columns; x++)
      choose_place (&w, row, x);
  AeStatus status
      = ae_latents_put (writer, &c->motion_level, &w.motion, s, NULL);
  if (status == AE_OK)
    status = ae_latents_choose (
        writer, &c->value_level, &w.values, worth, s, NULL);
  if (status == AE_OK)
    show_slice (&w);
  return status;
}

/* Modes are some, and vectors within limits. */
static bool
check_motion (const Work *w)
{
  int columns = w->c->grid.columns;
  for (size_t place = 0; place < w->places; place++) {
    int mode = w->motion.values[place];
    int row = w->slice->row + (int) (place / columns);
    AeVector v = vector_at (w, place);
    AeVector limited = ae_vector_limit (&w->c->before,
        (int) (place % columns) * SIDE, row * SIDE, v.x, v.y);
    if (mode < AE_PLACE_SKIP || mode > AE_PLACE_INTRA || limited.x != v.x
        || limited.y != v.y)
      return false;
    set_motion (w, place, (AePlaceMode) mode, v);
  }
  return true;
}

bool
ae_changes_get (AeChanges *c, const AeGridSlice *slice, AeRansReader *r,
    AeLatentScratch *s)
{
  Work w = work_on (c, slice);
  bool ok = ae_latents_get (r, &c->motion_level, &w.motion, s, NULL) == AE_OK
      && check_motion (&w)
      && ae_latents_get (r, &c->value_level, &w.values, s, NULL) == AE_OK
      && ae_rans_is_done (r);
  if (ok)
    show_slice (&w);
  else
    ae_changes_keep (c, slice);
  return ok;
}

void
ae_changes_keep (AeChanges *c, const AeGridSlice *slice)
{
  Work w = work_on (c, slice);
  for (size_t place = 0; place < w.places; place++)
    set_motion (&w, place, AE_PLACE_SKIP, (AeVector){ 0, 0 });
  show_slice (&w);
}

/* One row of places; those across come first. */
typedef struct {
  AePlaces places;
  const AeImage *image;
} Smoothing;

static void
smooth_across (void *arg, size_t row, int thread)
{
  const Smoothing *s = arg;
  (void) thread;
  ae_deblock_across (&s->places, s->image, (int) row);
}

static void
smooth_down (void *arg, size_t row, int thread)
{
  const Smoothing *s = arg;
  (void) thread;
  ae_deblock_down (&s->places, s->image, (int) row + 1);
}

void
ae_changes_smooth (AeChanges *c, int n_threads)
{
  const AeGrid *g = &c->grid;
  Smoothing s = { { c->skipped, c->vectors, g->rows, g->columns, c->unit[0] },
    &c->now.image };
  AePool *pool = ae_pool_shared ();
  ae_pool_run (pool, n_threads, (size_t) g->rows, smooth_across, &s);
  ae_pool_run (pool, n_threads, (size_t) g->rows - 1, smooth_down, &s);
}

void
ae_changes_end (AeChanges *c)
{
  AeReference now = c->now;
  ae_reference_extend (&now);
  c->now = c->before;
  c->before = now;
  c->valid = true;
}
