/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "taken_sheet.h"

#include "canvas.h"

enum { COLUMNS = 16, GAP = 6, CAPTION = 20, DOT = 2, LEAST = 48 };

gboolean
taken_sheet_save (const PictureSet *set, const int *taken, const char *path,
    GError **error)
{
  static const CanvasColour right = { 30, 30, 30 }, wrong = { 215, 25, 30 };
  int n = (int) MIN (set->n, TAKEN_SHEET_MOST);
  int columns = MIN (n, COLUMNS), rows = (n + columns - 1) / columns;
  /* Small pictures are shown larger. */
  int scale = (LEAST + set->width - 1) / set->width;
  int cell_w = MAX (set->width * scale, LEAST / 2) + GAP;
  int cell_h = set->height * scale + CAPTION;
  g_autoptr (Canvas) canvas
      = canvas_new (columns * cell_w + GAP, rows * cell_h + GAP);
  for (int i = 0; i < n; i++) {
    int x = GAP + i % columns * cell_w, y = GAP + i / columns * cell_h;
    g_autoptr (Picture) picture = picture_set_picture (set, (guint) i);
    g_autofree char *text = g_strdup_printf ("%d", taken[i]);
    gboolean good = taken[i] == picture_set_label (set, (guint) i);
    canvas_picture (canvas, x, y, picture, scale);
    canvas_text (canvas, x, y + set->height * scale + 3, text, DOT,
        good ? right : wrong);
  }
  return canvas_save (canvas, path, error);
}
