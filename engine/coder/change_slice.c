/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/change_slice.h"

#include <string.h>

#define SIDE AE_PLACE_SIDE

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
    .groups = c->groups + first_place (c, slice),
    .wanted = c->wanted ? c->wanted + at : NULL,
    .wanted_step = n_places (c, slice) };
}

AeChangeSlice
ae_change_slice (AeChanges *c, const AeGridSlice *slice)
{
  return (AeChangeSlice){ .c = c,
    .slice = slice,
    .motion = ae_changes_motion (c, slice),
    .values = ae_changes_values (c, slice),
    .places = n_places (c, slice) };
}

AeVector
ae_change_vector (const AeChangeSlice *w, size_t place)
{
  return (AeVector){ w->motion.values[AE_MOTION_X * w->places + place],
    w->motion.values[AE_MOTION_Y * w->places + place] };
}

const uint8_t ae_place_extents[AE_PLACE_EXTENTS] = { 1, 4, 10, 24 };

void
ae_change_set (const AeChangeSlice *w, size_t place, AePlaceMode mode,
    int extent, AeVector v)
{
  size_t at = first_place (w->c, w->slice) + place;
  w->motion.values[AE_MOTION_MODE * w->places + place] = (int16_t) mode;
  w->motion.values[AE_MOTION_EXTENT * w->places + place] = (int16_t) extent;
  w->motion.values[AE_MOTION_Y * w->places + place] = v.y;
  w->motion.values[AE_MOTION_X * w->places + place] = v.x;
  w->c->groups[at] = ae_place_has_values (mode) ? ae_place_extents[extent] : 0;
  w->c->vectors[at] = v;
}

void
ae_change_predict (
    const AeChangeSlice *w, int row, int column, AePlacePixels *to)
{
  size_t place = ae_change_place (w, row, column);
  int x = column * SIDE, y = (w->slice->row + row) * SIDE;
  switch (w->motion.values[AE_MOTION_MODE * w->places + place]) {
    case AE_PLACE_INTRA:
      memset (to, AE_PLACE_GREY, sizeof *to);
      break;
    case AE_PLACE_KEY:
    case AE_PLACE_KEY_AND:
      ae_motion_predict (&w->c->key, x, y, (AeVector){ 0, 0 }, to);
      break;
    default:
      ae_motion_predict (
          &w->c->before, x, y, ae_change_vector (w, place), to);
  }
}

static uint8_t
to_byte (int x)
{
  return (uint8_t) (x < 0 ? 0 : x > 255 ? 255 : x);
}

AePlaceRow
ae_place_row (const AeImage *image, int row, int column, int i)
{
  int half = SIDE / 2, y = row * half + i - SIDE;
  AePlaceRow at = { { NULL }, i < SIDE ? 1 : 2 };
  if (i < SIDE)
    at.pixels[0] = image->plane[0]
        + (ptrdiff_t) (row * SIDE + i) * image->stride[0] + column * SIDE;
  else
    for (int k = 0; k < 2; k++)
      at.pixels[k] = image->plane[1 + k]
          + (ptrdiff_t) y * image->stride[1 + k] + column * half;
  return at;
}

static void
store_sums (AePlaceRow to, const uint8_t *a, const int16_t *b)
{
  uint8_t row[SIDE];
  size_t n = (size_t) (SIDE / to.pieces);
  for (int x = 0; x < SIDE; x++)
    row[x] = to_byte (a[x] + b[x]);
  for (int k = 0; k < to.pieces; k++)
    memcpy (to.pixels[k], row + k * n, n);
}

static void
show_place (const AeChangeSlice *w, int row, int column)
{
  AeChanges *c = w->c;
  AePlacePixels from;
  AePlaceSamples change;
  size_t place = ae_change_place (w, row, column);
  ae_change_predict (w, row, column, &from);
  if (w->values.groups[place] == 0)
    memset (&change, 0, sizeof change);
  else
    ae_cosines_inverse (&c->cosines, w->values.values + place, w->places,
        ae_change_unit (w, column), &change);
  for (int i = 0; i < AE_PLACE_ROWS; i++)
    store_sums (ae_place_row (
                    &c->now.image, w->slice->row + row, column, i),
        from.at[i], change.at[i]);
}

void
ae_change_show (const AeChangeSlice *w)
{
  for (int row = 0; row < w->slice->n_rows; row++)
    for (int x = 0; x < w->c->grid.columns; x++)
      show_place (w, row, x);
}

