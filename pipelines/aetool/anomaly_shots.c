/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_shots.h"

#include <math.h>

#include "sheet.h"

#define APART 2.0 /* seconds */
#define HEAT 0.7  /* share of the red where it is reddest */

enum { OF_CLIP = 3, OF_ALL = 12, WIDEST = 640 };

/* A shot that is kept; pictures are RGB. */
typedef struct {
  char *caption;
  float score;
  double time;
  float *grid;
  int columns, rows;
  Picture *picture, *truth;
} Kept;

struct AnomalyShots {
  GPtrArray *all, *clip; /* of Kept */
};

static void
kept_free (Kept *k)
{
  g_free (k->caption);
  g_free (k->grid);
  picture_free (k->picture);
  picture_free (k->truth);
  g_free (k);
}

AnomalyShots *
anomaly_shots_new (void)
{
  AnomalyShots *s = g_new0 (AnomalyShots, 1);
  s->all = g_ptr_array_new_with_free_func ((GDestroyNotify) kept_free);
  s->clip = g_ptr_array_new_with_free_func ((GDestroyNotify) kept_free);
  return s;
}

void
anomaly_shots_free (AnomalyShots *s)
{
  if (!s)
    return;
  g_ptr_array_unref (s->all);
  g_ptr_array_unref (s->clip);
  g_free (s);
}

/* Which one a frame at `time` takes the place of: one that is near, or the
 * lowest when there are enough. -1: none. */
static int
rival (const AnomalyShots *s, double time)
{
  int lowest = -1;
  float least = INFINITY;
  for (guint i = 0; i < s->clip->len; i++) {
    const Kept *k = g_ptr_array_index (s->clip, i);
    if (fabs (k->time - time) < APART)
      return (int) i;
    if (k->score < least) {
      least = k->score;
      lowest = (int) i;
    }
  }
  return s->clip->len < OF_CLIP ? -1 : lowest;
}

gboolean
anomaly_shots_want (const AnomalyShots *s, float score, double time)
{
  int at = rival (s, time);
  return at < 0 || score > ((Kept *) g_ptr_array_index (s->clip, at))->score;
}

/* As RGB; wide ones smaller, by the first of each so many pixels. */
static Picture *
small_copy (const GstVideoFrame *frame)
{
  g_autoptr (Picture) same = picture_from_frame (frame);
  g_autoptr (Picture) rgb = picture_convert (same, GST_VIDEO_FORMAT_RGB);
  int step = (rgb->width + WIDEST - 1) / WIDEST;
  if (step <= 1)
    return g_steal_pointer (&rgb);
  Picture *to = picture_new (GST_VIDEO_FORMAT_RGB,
      (rgb->width + step - 1) / step, (rgb->height + step - 1) / step);
  for (int y = 0; y < to->height; y++)
    for (int x = 0; x < to->width; x++)
      for (int c = 0; c < 3; c++)
        to->data[((gsize) y * to->width + x) * 3 + c]
            = rgb->data[((gsize) y * rgb->width + x) * step * 3 + c];
  return to;
}

void
anomaly_shots_add (AnomalyShots *s, const AnomalyShot *shot)
{
  int at = rival (s, shot->time);
  if (at >= 0)
    g_ptr_array_remove_index (s->clip, (guint) at);
  Kept *k = g_new0 (Kept, 1);
  k->caption = g_strdup (shot->caption);
  k->score = shot->score;
  k->time = shot->time;
  k->columns = shot->columns;
  k->rows = shot->rows;
  k->grid = g_memdup2 (
      shot->grid, sizeof (float) * (gsize) shot->columns * shot->rows);
  k->picture = small_copy (shot->frame);
  k->truth = shot->truth ? small_copy (shot->truth) : NULL;
  g_ptr_array_add (s->clip, k);
}

static int
by_score (gconstpointer a, gconstpointer b)
{
  const Kept *x = *(Kept *const *) a, *y = *(Kept *const *) b;
  return (x->score < y->score) - (x->score > y->score);
}

void
anomaly_shots_end_clip (AnomalyShots *s)
{
  while (s->clip->len)
    g_ptr_array_add (s->all, g_ptr_array_steal_index (s->clip, 0));
  g_ptr_array_sort (s->all, by_score);
  if (s->all->len > OF_ALL)
    g_ptr_array_set_size (s->all, OF_ALL);
}

/* Redder where the cells' scores are higher. */
static Picture *
heat (const Kept *k, double threshold)
{
  static const double red[3] = { 255, 0, 0 };
  Picture *to = picture_copy (k->picture);
  for (int y = 0; y < to->height; y++)
    for (int x = 0; x < to->width; x++) {
      int row = y * k->rows / to->height, column = x * k->columns / to->width;
      double of_red = k->grid[row * k->columns + column] / (2 * threshold);
      double share = HEAT * CLAMP (of_red, 0, 1);
      guint8 *p = to->data + ((gsize) y * to->width + x) * 3;
      for (int c = 0; c < 3; c++)
        p[c] = (guint8) (p[c] + share * (red[c] - p[c]));
    }
  return to;
}

gboolean
anomaly_shots_save (const AnomalyShots *s, double threshold, const char *path,
    GError **error)
{
  if (s->all->len == 0)
    return TRUE;
  const Kept *first = g_ptr_array_index (s->all, 0);
  Sheet sheet;
  sheet_init (&sheet);
  for (guint i = 0; i < s->all->len; i++) {
    const Kept *k = g_ptr_array_index (s->all, i);
    /* A sheet has pictures of one size. */
    if (k->picture->width != first->picture->width
        || k->picture->height != first->picture->height)
      continue;
    g_autofree char *score = g_strdup_printf ("score %.2f", k->score);
    Picture *truth = k->truth ? picture_copy (k->truth)
                              : picture_new (GST_VIDEO_FORMAT_RGB,
                                    k->picture->width, k->picture->height);
    sheet_add (&sheet, k->caption, picture_copy (k->picture));
    sheet_add (&sheet, score, heat (k, MAX (threshold, 1e-6)));
    sheet_add (&sheet, k->truth ? "truth" : "no mask", truth);
  }
  gboolean ok = sheet_save (&sheet, path, error);
  sheet_clear (&sheet);
  return ok;
}
