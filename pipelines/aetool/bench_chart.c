/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench_chart.h"

#include <math.h>

#define WIDTH 760
#define LEFT 210 /* where bars begin */
#define RIGHT 60 /* room for their numbers */
#define TOP 64
#define PITCH 26
#define BAR 17

typedef struct {
  char *name;
  double ratio;
} Bar;

static void
clear_bar (gpointer bar)
{
  g_free (((Bar *) bar)->name);
}

void
bench_chart_init (BenchChart *chart, const char *title, const char *peer)
{
  chart->title = g_strdup (title);
  chart->peer = g_strdup (peer);
  chart->bars = g_array_new (FALSE, FALSE, sizeof (Bar));
  g_array_set_clear_func (chart->bars, clear_bar);
}

void
bench_chart_clear (BenchChart *chart)
{
  g_free (chart->title);
  g_free (chart->peer);
  g_array_unref (chart->bars);
}

void
bench_chart_add (BenchChart *chart, const char *name, double ratio)
{
  if (isnan (ratio))
    return;
  Bar bar = { g_strdup (name), ratio };
  g_array_append_val (chart->bars, bar);
}

static double
largest (const BenchChart *chart)
{
  double most = 1;
  for (guint i = 0; i < chart->bars->len; i++)
    most = MAX (most, g_array_index (chart->bars, Bar, i).ratio);
  return most;
}

static void
add_text (GString *svg, double x, double y, const char *anchor,
    const char *style, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append_printf (svg,
      "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\" %s>%s</text>\n", x, y,
      anchor, style, escaped);
}

static void
add_bar (GString *svg, int i, const Bar *bar, double unit)
{
  double y = TOP + i * PITCH;
  g_autofree char *number = g_strdup_printf ("%.2f", bar->ratio);
  add_text (svg, LEFT - 8, y + BAR - 4, "end", "", bar->name);
  g_string_append_printf (svg,
      "<rect x=\"%d\" y=\"%.0f\" width=\"%.1f\" height=\"%d\" "
      "fill=\"#2f6f9f\"/>\n",
      LEFT, y, bar->ratio * unit, BAR);
  add_text (svg, LEFT + bar->ratio * unit + 6, y + BAR - 4, "start", "",
      number);
}

/* The line at which both are equally fast. */
static void
add_peer (GString *svg, const BenchChart *chart, double unit, double bottom)
{
  g_string_append_printf (svg,
      "<line x1=\"%.1f\" y1=\"%d\" x2=\"%.1f\" y2=\"%.0f\" "
      "stroke=\"#c0392b\" stroke-width=\"2\"/>\n",
      LEFT + unit, TOP - 8, LEFT + unit, bottom);
  g_autofree char *text = g_strdup_printf ("%s = 1", chart->peer);
  add_text (svg, LEFT + unit, TOP - 14, "middle", "fill=\"#c0392b\"", text);
}

gboolean
bench_chart_save (const BenchChart *chart, const char *path, GError **error)
{
  double unit = (WIDTH - LEFT - RIGHT) / largest (chart);
  int height = TOP + (int) chart->bars->len * PITCH + 12;
  g_autoptr (GString) svg = g_string_new (NULL);
  g_string_append_printf (svg,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      WIDTH, height);
  add_text (svg, WIDTH / 2.0, 24, "middle", "font-size=\"15\"", chart->title);
  for (guint i = 0; i < chart->bars->len; i++)
    add_bar (svg, (int) i, &g_array_index (chart->bars, Bar, i), unit);
  add_peer (svg, chart, unit, height - 8);
  g_string_append (svg, "</svg>\n");
  return g_file_set_contents (path, svg->str, (gssize) svg->len, error);
}
