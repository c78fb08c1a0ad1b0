/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "history.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "canvas.h"

History *
history_new (void)
{
  return g_array_new (FALSE, FALSE, sizeof (HistoryRow));
}

/* A number, or NaN for an empty or missing field. */
static double
field (char **fields, guint n, guint i)
{
  return i < n && fields[i][0] ? g_ascii_strtod (fields[i], NULL) : NAN;
}

History *
history_read (const char *path, gint64 last_step)
{
  History *history = history_new ();
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, NULL))
    return history;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line; line++) {
    g_auto (GStrv) fields = g_strsplit (*line, ",", -1);
    guint n = g_strv_length (fields);
    HistoryRow row = { .step = (gint64) field (fields, n, 0),
      .seconds = field (fields, n, 1), .loss = field (fields, n, 2),
      .score = field (fields, n, 3), .rate = field (fields, n, 4) };
    if (n >= 5 && g_ascii_isdigit (fields[0][0]) && row.step <= last_step)
      g_array_append_val (history, row);
  }
  return history;
}

gboolean
history_write (const History *history, const char *score, const char *path,
    GError **error)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_string_printf (text, "step,seconds,loss,%s,learning_rate\n",
      score ? score : "score");
  for (guint i = 0; i < history->len; i++) {
    const HistoryRow *row = &history_row (history, i);
    g_string_append_printf (text, "%" G_GINT64_FORMAT ",%.1f,", row->step,
        row->seconds);
    if (!isnan (row->loss))
      g_string_append_printf (text, "%.6g", row->loss);
    g_string_append_c (text, ',');
    if (!isnan (row->score))
      g_string_append_printf (text, "%.3f", row->score);
    g_string_append_printf (text, ",%.4g\n", row->rate);
  }
  return g_file_set_contents (path, text->str, text->len, error);
}

enum { LEFT = 80, RIGHT = 80, TOP = 40, BOTTOM = 50, WIDTH = 900,
  HEIGHT = 500, PLOT_WIDTH = WIDTH - LEFT - RIGHT,
  PLOT_HEIGHT = HEIGHT - TOP - BOTTOM };

static const CanvasColour loss_colour = { 200, 60, 40 };
static const CanvasColour score_colour = { 40, 90, 190 };
static const CanvasColour grid_colour = { 225, 225, 225 };
static const CanvasColour text_colour = { 60, 60, 60 };

typedef struct {
  double low, high;
} Range;

static void
widen (Range *range, double value)
{
  if (!isfinite (value))
    return;
  range->low = MIN (range->low, value);
  range->high = MAX (range->high, value);
}

/* A range that is not empty, with a little air. */
static Range
finish (Range range)
{
  if (!(range.low <= range.high))
    return (Range) { 0, 1 };
  double air = MAX ((range.high - range.low) * 0.05, 1e-3);
  return (Range) { range.low - air, range.high + air };
}

static int
x_of (double step, double last)
{
  return LEFT + (int) lround (step / last * PLOT_WIDTH);
}

static int
y_of (double value, Range range)
{
  double f = (value - range.low) / (range.high - range.low);
  return TOP + PLOT_HEIGHT - (int) lround (f * PLOT_HEIGHT);
}

/* Five lines with the values of both axes at their ends. */
static void
draw_grid (Canvas *canvas, Range loss, Range scores, const char *title,
    double last)
{
  char text[32];
  for (int i = 0; i <= 4; i++) {
    double f = i / 4.0;
    int y = TOP + PLOT_HEIGHT - (int) lround (f * PLOT_HEIGHT);
    int x = LEFT + (int) lround (f * PLOT_WIDTH);
    canvas_line (canvas, LEFT, y, LEFT + PLOT_WIDTH, y, grid_colour);
    canvas_line (canvas, x, TOP, x, TOP + PLOT_HEIGHT, grid_colour);
    g_snprintf (text, sizeof text, "%.3g",
        pow (10, loss.low + f * (loss.high - loss.low)));
    canvas_text (canvas, 6, y - 5, text, 2, loss_colour);
    if (title) {
      g_snprintf (text, sizeof text, "%.2f",
          scores.low + f * (scores.high - scores.low));
      canvas_text (canvas, LEFT + PLOT_WIDTH + 8, y - 5, text, 2, score_colour);
    }
    g_snprintf (text, sizeof text, "%.0f", f * last);
    canvas_text (canvas, x - 16, TOP + PLOT_HEIGHT + 10, text, 2, text_colour);
  }
  canvas_text (canvas, LEFT, 14, "LOSS", 3, loss_colour);
  if (title) {
    int width = 12 * (int) strlen (title);
    canvas_text (
        canvas, LEFT + PLOT_WIDTH - 6 - width, 14, title, 3, score_colour);
  }
  canvas_text (canvas, WIDTH / 2 - 24, HEIGHT - 22, "STEP", 3, text_colour);
}

static void
draw_curves (
    Canvas *canvas, const History *history, Range loss, Range scores,
    double last)
{
  int lx = -1, ly = 0, px = -1, py = 0;
  for (guint i = 0; i < history->len; i++) {
    const HistoryRow *row = &history_row (history, i);
    int x = x_of (row->step, last);
    if (row->loss > 0) {
      int y = y_of (log10 (row->loss), loss);
      if (lx >= 0)
        canvas_line (canvas, lx, ly, x, y, loss_colour);
      lx = x;
      ly = y;
    }
    if (!isnan (row->score)) {
      int y = y_of (row->score, scores);
      if (px >= 0)
        canvas_line (canvas, px, py, x, y, score_colour);
      canvas_dot (canvas, x, y, 2, score_colour);
      px = x;
      py = y;
    }
  }
}

gboolean
history_plot (const History *history, const char *score, const char *path,
    GError **error)
{
  Range loss = { INFINITY, -INFINITY }, scores = loss;
  double last = 1;
  for (guint i = 0; i < history->len; i++) {
    const HistoryRow *row = &history_row (history, i);
    widen (&loss, row->loss > 0 ? log10 (row->loss) : NAN);
    widen (&scores, row->score);
    last = MAX (last, row->step);
  }
  gboolean with_score = scores.low <= scores.high;
  loss = finish (loss);
  scores = finish (scores);
  g_autoptr (Canvas) canvas = canvas_new (WIDTH, HEIGHT);
  draw_grid (canvas, loss, scores, with_score ? score : NULL, last);
  draw_curves (canvas, history, loss, scores, last);
  return canvas_save (canvas, path, error);
}
