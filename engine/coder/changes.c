/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/changes.h"

#include "codec/fixed.h"
#include "coder/change_slice.h"
#include "coder/deblock.h"
#include "coder/pictures.h"
#include "coder/refresh.h"
#include "util/mem.h"

#include <string.h>

#define SIDE AE_PLACE_SIDE
/* Steps of chroma, in 1 / 64 of luma's. */
#define CHROMA_STEP 72

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
  ae_reference_clear (&c->key);
  void **all[] = { (void **) &c->motion, (void **) &c->values,
    (void **) &c->groups, (void **) &c->vectors, (void **) &c->wanted };
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
  if (status == AE_OK)
    status = ae_reference_init (&c->key, 2 * grid->w, 2 * grid->h, err);
  if (status != AE_OK)
    return status;
  c->motion
      = ae_calloc (places * AE_MOTION_CHANNELS, sizeof *c->motion);
  c->values = ae_calloc (places * AE_COSINES, sizeof *c->values);
  c->groups = ae_calloc (places, 1);
  c->vectors = ae_calloc (places, sizeof *c->vectors);
  if (encodes)
    c->wanted = ae_calloc (places * AE_COSINES, sizeof *c->wanted);
  if (c->motion && c->values && c->groups && c->vectors
      && (c->wanted || !encodes))
    return AE_OK;
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
}

void
ae_changes_begin_grey (AeChanges *c)
{
  size_t places = (size_t) c->grid.rows * c->grid.columns;
  memset (c->motion, 0, places * AE_MOTION_CHANNELS * sizeof *c->motion);
  ae_reference_fill (&c->now, AE_PLACE_GREY);
  c->is_key = true;
  ae_changes_end (c);
}

void
ae_changes_begin (AeChanges *c, const float *frame, int n_threads)
{
  ae_picture_store (
      frame, c->grid.h, c->grid.w, &c->now.image, n_threads);
  memset (c->motion, 0, (size_t) c->grid.rows * c->grid.columns
      * AE_MOTION_CHANNELS * sizeof *c->motion);
  c->is_key = true;
}

static void
set_unit (const AeCodec *codec, int level, int32_t to[2])
{
  int64_t unit = 1 << (16 - AE_POWER_BITS);
  int64_t power = codec->step_low * unit
      + codec->step_range * unit * level / 255;
  int64_t step = ae_fixed_power (power) >> (16 - 4);
  step = step < 1 ? 1 : step;
  int64_t chroma = step * CHROMA_STEP / 64;
  to[0] = (int32_t) step;
  to[1] = (int32_t) (chroma < 1 ? 1 : chroma);
}

void
ae_changes_set_level (AeChanges *c, int level, const AeRefresh *refresh)
{
  c->refresh = *refresh;
  set_unit (c->codec, level, c->unit[0]);
  set_unit (c->codec, refresh->level, c->unit[1]);
  ae_latent_level_set (&c->motion_level, level);
  ae_latent_level_set (&c->value_level, level);
}

/* Modes are some, there are no more values than can be, vectors stay within
 * limits, and what is refreshed keeps to that. */
static bool
check_motion (const AeChangeSlice *w)
{
  int columns = w->c->grid.columns;
  for (size_t place = 0; place < w->places; place++) {
    int mode = w->motion.values[place];
    int extent = w->motion.values[AE_MOTION_EXTENT * w->places + place];
    int row = w->slice->row + (int) (place / columns);
    AeVector v = ae_change_vector (w, place);
    AeVector limited = ae_vector_limit (&w->c->before,
        (int) (place % columns) * SIDE, row * SIDE, v.x, v.y);
    if (mode < AE_PLACE_KEY_AND || mode > AE_PLACE_INTRA || extent < 0
        || extent >= (ae_place_has_values (mode) ? AE_PLACE_EXTENTS : 1)
        || limited.x != v.x || limited.y != v.y
        || !ae_refresh_allows (&w->c->refresh, (int) (place % columns),
            (AePlaceMode) mode, v))
      return false;
    ae_change_set (w, place, (AePlaceMode) mode, extent, v);
  }
  return true;
}

bool
ae_changes_get (AeChanges *c, const AeGridSlice *slice, AeRansReader *r,
    AeLatentScratch *s)
{
  AeChangeSlice w = ae_change_slice (c, slice);
  bool ok = ae_latents_get (r, &c->motion_level, &w.motion, s, NULL) == AE_OK
      && check_motion (&w)
      && ae_latents_get (r, &c->value_level, &w.values, s, NULL) == AE_OK
      && ae_rans_is_done (r);
  if (ok)
    ae_change_show (&w);
  else
    ae_changes_keep (c, slice);
  return ok;
}

void
ae_changes_keep (AeChanges *c, const AeGridSlice *slice)
{
  AeChangeSlice w = ae_change_slice (c, slice);
  for (size_t place = 0; place < w.places; place++)
    ae_change_set (&w, place, AE_PLACE_SKIP, 0, (AeVector){ 0, 0 });
  ae_change_show (&w);
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
  Smoothing s = { { c->groups, c->vectors, g->rows, g->columns, c->unit[0][0],
                    c->refresh.end },
    &c->now.image };
  AePool *pool = ae_pool_shared ();
  ae_pool_run (pool, n_threads, (size_t) g->rows, smooth_across, &s);
  ae_pool_run (pool, n_threads, (size_t) g->rows - 1, smooth_down, &s);
}

void
ae_changes_end (AeChanges *c)
{
  AeReference now = c->now;
  if (c->is_key)
    ae_reference_show (&c->now, &c->key.image);
  c->is_key = false;
  ae_reference_extend (&now);
  c->now = c->before;
  c->before = now;
  c->valid = true;
}
