/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rd_chart.h"

#include <math.h>

#include "svg.h"

#define WIDTH 760
#define HEIGHT 520
#define LEFT 60
#define RIGHT 20
#define TOP 50
#define BOTTOM 50
#define LEGEND 18 /* from one line to the next */

static const char *const colours[] = { "#c0392b", "#2f6f9f", "#27865a",
  "#8e5ea2", "#b8860b", "#607080", "#d06090" };

void
rd_chart_init (RdChart *chart, const char *title, const char *quality)
{
  chart->title = g_strdup (title);
  chart->quality = g_strdup (quality);
  chart->names = g_ptr_array_new_with_free_func (g_free);
  chart->curves
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
}

void
rd_chart_clear (RdChart *chart)
{
  g_free (chart->title);
  g_free (chart->quality);
  g_ptr_array_unref (chart->names);
  g_ptr_array_unref (chart->curves);
}

void
rd_chart_add (RdChart *chart, const char *name, GArray *points)
{
  g_ptr_array_add (chart->names, g_strdup (name));
  g_ptr_array_add (chart->curves, g_array_ref (points));
}

/* What the axes reach over; rates by their logarithm. */
typedef struct {
  double low_rate, high_rate, low, high;
} Range;

static Range
range_of (const RdChart *chart)
{
  Range r = { INFINITY, -INFINITY, INFINITY, -INFINITY };
  for (guint c = 0; c < chart->curves->len; c++) {
    const GArray *points = g_ptr_array_index (chart->curves, c);
    for (guint i = 0; i < points->len; i++) {
      const RdPoint *p = &g_array_index (points, RdPoint, i);
      r.low_rate = MIN (r.low_rate, log2 (p->rate));
      r.high_rate = MAX (r.high_rate, log2 (p->rate));
      r.low = MIN (r.low, p->quality);
      r.high = MAX (r.high, p->quality);
    }
  }
  return (Range){ floor (r.low_rate), ceil (r.high_rate),
    2 * floor (r.low / 2), 2 * ceil (r.high / 2) };
}

static double
x_of (const Range *r, double log_rate)
{
  return LEFT
      + (WIDTH - LEFT - RIGHT) * (log_rate - r->low_rate)
      / (r->high_rate - r->low_rate);
}

static double
y_of (const Range *r, double quality)
{
  return HEIGHT - BOTTOM
      - (HEIGHT - TOP - BOTTOM) * (quality - r->low) / (r->high - r->low);
}

static void
add_grid (GString *svg, const Range *r)
{
  for (double rate = r->low_rate; rate <= r->high_rate; rate++) {
    g_autofree char *text = g_strdup_printf ("%g", exp2 (rate));
    double x = x_of (r, rate);
    svg_line (svg, x, TOP, x, HEIGHT - BOTTOM, "#ccc");
    svg_text (svg, x, HEIGHT - BOTTOM + 18, "middle", text);
  }
  for (double q = r->low; q <= r->high; q += 2) {
    g_autofree char *text = g_strdup_printf ("%g", q);
    double y = y_of (r, q);
    svg_line (svg, LEFT, y, WIDTH - RIGHT, y, "#ccc");
    svg_text (svg, LEFT - 6, y + 4, "end", text);
  }
}

static void
add_curve (GString *svg, const Range *r, const GArray *points,
    const char *colour, int width)
{
  svg_open_curve (svg);
  for (guint i = 0; i < points->len; i++) {
    const RdPoint *p = &g_array_index (points, RdPoint, i);
    svg_add_point (svg, x_of (r, log2 (p->rate)), y_of (r, p->quality));
  }
  svg_close_curve (svg, colour, width);
}

static void
add_legend (GString *svg, guint i, const char *colour, const char *name)
{
  double y = TOP + 20 + i * LEGEND;
  svg_box (svg, LEFT + 14, y - 6, 22, 4, colour);
  svg_text (svg, LEFT + 44, y, "start", name);
}

gboolean
rd_chart_save (const RdChart *chart, const char *path, GError **error)
{
  Range r = range_of (chart);
  g_autoptr (GString) svg = svg_new (WIDTH, HEIGHT);
  svg_text (svg, WIDTH / 2.0, 24, "middle", chart->title);
  add_grid (svg, &r);
  svg_text (svg, WIDTH / 2.0, HEIGHT - 10, "middle", "bits per pixel");
  svg_text (svg, LEFT, TOP - 10, "middle", chart->quality);
  for (guint i = 0; i < chart->curves->len; i++) {
    const char *colour = colours[i % G_N_ELEMENTS (colours)];
    add_curve (svg, &r, g_ptr_array_index (chart->curves, i), colour,
        i == 0 ? 4 : 2);
    add_legend (svg, i, colour, g_ptr_array_index (chart->names, i));
  }
  return svg_save (svg, path, error);
}
