/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "filters.h"

#include <math.h>

#include "aetool.h"
#include "canvas.h"

#define LEAST_SIDE 24 /* of a filter's picture: smaller ones are enlarged */
#define GAP 1

typedef struct {
  const float *values;
  double length;
} Filter;

/* Longest first. */
static int
compare (const void *a, const void *b)
{
  const Filter *x = a, *y = b;
  return (x->length < y->length) - (x->length > y->length);
}

static double
length_of (const float *values, gsize n)
{
  double sum = 0;
  for (gsize i = 0; i < n; i++)
    sum += (double) values[i] * values[i];
  return sqrt (sum);
}

/* values: (channels,height,width), any sign. */
static Picture *
draw_one (const float *values, const AutoencoderSize *size)
{
  gsize plane = (gsize) size->width * size->height;
  float most = 1e-12f;
  Picture *p = picture_new (GST_VIDEO_FORMAT_RGB, size->width, size->height);
  for (gsize i = 0; i < plane * size->channels; i++)
    most = MAX (most, fabsf (values[i]));
  for (gsize i = 0; i < 3 * plane; i++) {
    gsize from = i / 3 + (size->channels == 3 ? i % 3 * plane : 0);
    p->data[i] = (guint8) (127.5f * (1 + values[from] / most) + 0.5f);
  }
  return p;
}

static Picture *
draw_all (const Filter *filters, int n, const AutoencoderSize *size)
{
  int across = (int) ceil (sqrt (n)), down = (n + across - 1) / across;
  int zoom = MAX (1, LEAST_SIDE / MAX (size->width, size->height));
  int width = zoom * size->width + GAP, height = zoom * size->height + GAP;
  Canvas *sheet = canvas_new (GAP + across * width, GAP + down * height);
  for (int i = 0; i < n; i++) {
    g_autoptr (Picture) one = draw_one (filters[i].values, size);
    canvas_picture (sheet, GAP + i % across * width,
        GAP + i / across * height, one, zoom);
  }
  return sheet;
}

Picture *
filters_draw (AutoencoderScorer *scorer, GError **error)
{
  int n = autoencoder_scorer_latent (scorer);
  gsize n_values = autoencoder_scorer_n_values (scorer);
  AutoencoderSize size = autoencoder_scorer_size (scorer);
  g_autofree float *columns = g_new (float, n_values * n);
  g_autofree Filter *filters = g_new (Filter, n);
  if (!autoencoder_scorer_columns (scorer, columns)) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
        "--filters: the decoder is more than one matrix, wanted an autoencoder "
        "with net = linear, likelihood = gaussian and no classes");
    return NULL;
  }
  for (int i = 0; i < n; i++) {
    const float *values = columns + i * n_values;
    filters[i] = (Filter){ values, length_of (values, n_values) };
  }
  qsort (filters, (size_t) n, sizeof *filters, compare);
  return draw_all (filters, n, &size);
}
