/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scoreoverlay.h"

#include <math.h>

/* Share of the red in a cell of score 1; cells below FAINTEST stay. */
#define HEAT 0.6
#define FAINTEST 0.05

/* 8-bit values as red, green, blue and as luma and chroma, limited range. */
typedef struct {
  guint8 rgb[3], yuv[3];
} Colour;

static const Colour black = { { 0, 0, 0 }, { 16, 128, 128 } };
static const Colour white = { { 255, 255, 255 }, { 235, 128, 128 } };
static const Colour red = { { 255, 0, 0 }, { 110, 90, 240 } };
static const Colour green = { { 0, 200, 0 }, { 130, 70, 60 } };

static guint8
value_of (const GstVideoFrame *frame, guint component, const Colour *colour)
{
  return GST_VIDEO_INFO_IS_RGB (&frame->info) ? colour->rgb[component]
                                              : colour->yuv[component];
}

/* Colour components; alpha is left alone. */
static guint
n_components (const GstVideoFrame *frame)
{
  return MIN (GST_VIDEO_FRAME_N_COMPONENTS (frame), 3);
}

static guint8 *
row_of (GstVideoFrame *frame, guint component, gint y)
{
  return (guint8 *) GST_VIDEO_FRAME_COMP_DATA (frame, component)
      + (gssize) y * GST_VIDEO_FRAME_COMP_STRIDE (frame, component);
}

/* Moves the sample towards an 8-bit value by `share` of 256. */
static void
blend (guint8 *sample, guint depth, guint shift, guint8 value, guint share)
{
  if (depth <= 8) {
    *sample = (guint8) ((*sample * (256 - share) + value * share) >> 8);
    return;
  }
  guint old = (sample[0] | sample[1] << 8) >> shift;
  guint wanted = (guint) value << (depth - 8);
  guint now = (old * (256 - share) + wanted * share) >> 8 << shift;
  sample[0] = now & 0xff;
  sample[1] = now >> 8;
}

static void
heat_component (GstVideoFrame *frame, guint c, const gfloat *grid,
    gint columns, gint rows)
{
  gint width = GST_VIDEO_FRAME_COMP_WIDTH (frame, c);
  gint height = GST_VIDEO_FRAME_COMP_HEIGHT (frame, c);
  gint step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
  guint depth = GST_VIDEO_FRAME_COMP_DEPTH (frame, c);
  guint shift = GST_VIDEO_FORMAT_INFO_SHIFT (frame->info.finfo, c);
  guint8 value = value_of (frame, c, &red);

  for (gint y = 0; y < height; y++) {
    const gfloat *scores = grid + (gint64) y * rows / height * columns;
    guint8 *row = row_of (frame, c, y);
    for (gint column = 0; column < columns; column++) {
      gfloat score = scores[column];
      /* Pixels x with x * columns / width == column. */
      gint from = (gint) (((gint64) column * width + columns - 1) / columns);
      gint to
          = (gint) (((gint64) (column + 1) * width + columns - 1) / columns);
      if (!(score >= FAINTEST))
        continue;
      guint share = (guint) (256 * HEAT * MIN (score, 1.0f));
      for (gint x = from; x < to; x++)
        blend (row + (gssize) x * step, depth, shift, value, share);
    }
  }
}

void
gst_ae_overlay_heatmap (
    GstVideoFrame *frame, const gfloat *grid, gint columns, gint rows)
{
  for (guint c = 0; c < n_components (frame); c++)
    heat_component (frame, c, grid, columns, rows);
}

/* A rectangle in pixels, cut at the borders. Chroma planes take the samples
 * that it touches. */
static void
fill (GstVideoFrame *frame, gint x0, gint y0, gint width, gint height,
    const Colour *colour)
{
  gint x1 = MIN (x0 + width, GST_VIDEO_FRAME_WIDTH (frame));
  gint y1 = MIN (y0 + height, GST_VIDEO_FRAME_HEIGHT (frame));

  for (guint c = 0; c < n_components (frame); c++) {
    const GstVideoFormatInfo *f = frame->info.finfo;
    gint across = GST_VIDEO_FORMAT_INFO_W_SUB (f, c);
    gint down = GST_VIDEO_FORMAT_INFO_H_SUB (f, c);
    gint step = GST_VIDEO_FRAME_COMP_PSTRIDE (frame, c);
    for (gint y = y0 >> down; x0 < x1 && y <= (y1 - 1) >> down; y++)
      for (gint x = x0 >> across; x <= (x1 - 1) >> across; x++)
        blend (row_of (frame, c, y) + (gssize) x * step,
            GST_VIDEO_FRAME_COMP_DEPTH (frame, c),
            GST_VIDEO_FORMAT_INFO_SHIFT (f, c),
            value_of (frame, c, colour), 256);
  }
}

/* Three by five dots, a row in three bits, the first row highest. */
static const guint16 digits[10] = { 075557, 026227, 071747, 071717, 055711,
  074717, 074757, 071122, 075757, 075717 };

static void
draw_glyph (GstVideoFrame *frame, gint x, gint y, gint dot, guint16 glyph)
{
  for (gint i = 0; i < 15; i++)
    if (glyph >> (14 - i) & 1)
      fill (frame, x + i % 3 * dot, y + i / 3 * dot, dot, dot, &white);
}

/* "0.73" */
static void
draw_number (GstVideoFrame *frame, gint x, gint y, gint dot, gdouble score)
{
  gint hundredths = (gint) floor (score * 100 + 0.5);
  gint step = 4 * dot;

  draw_glyph (frame, x, y, dot, digits[hundredths / 100]);
  fill (frame, x + step, y + 4 * dot, dot, dot, &white);
  draw_glyph (frame, x + step / 2 + step, y, dot, digits[hundredths / 10 % 10]);
  draw_glyph (frame, x + step / 2 + 2 * step, y, dot, digits[hundredths % 10]);
}

void
gst_ae_overlay_score (GstVideoFrame *frame, gdouble score, gdouble threshold)
{
  gint width = GST_VIDEO_FRAME_WIDTH (frame);
  gint dot = MAX (GST_VIDEO_FRAME_HEIGHT (frame) / 120, 1);
  gint length = MAX (width / 4, 1), margin = 2 * dot, high = 5 * dot;

  score = score >= 0 ? MIN (score, 1) : 0;
  threshold = CLAMP (threshold, 0, 1);
  fill (frame, 0, 0, length + 2 * margin + 18 * dot, high + 2 * margin,
      &black);
  fill (frame, margin, margin, (gint) (score * length), high,
      score >= threshold ? &red : &green);
  fill (frame, margin + (gint) (threshold * length), margin - dot, dot,
      high + 2 * dot, &white);
  draw_number (frame, length + 2 * margin, margin, dot, score);
}
