/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sheet.h"

enum { GAP = 8, CAPTION = 24, LIST = 3 /* pictures in a row */ };

void
sheet_init (Sheet *sheet)
{
  sheet->captions = g_ptr_array_new_with_free_func (g_free);
  sheet->pictures
      = g_ptr_array_new_with_free_func ((GDestroyNotify) picture_free);
}

void
sheet_clear (Sheet *sheet)
{
  g_ptr_array_unref (sheet->captions);
  g_ptr_array_unref (sheet->pictures);
}

void
sheet_add (Sheet *sheet, const char *caption, Picture *picture)
{
  g_ptr_array_add (sheet->captions, g_strdup (caption));
  g_ptr_array_add (
      sheet->pictures, picture_convert (picture, GST_VIDEO_FORMAT_RGB));
  picture_free (picture);
}

gboolean
sheet_save (const Sheet *sheet, const char *path, GError **error)
{
  static const CanvasColour ink = { 30, 30, 30 };
  const Picture *first = g_ptr_array_index (sheet->pictures, 0);
  int n = sheet->pictures->len, columns = MIN (n, LIST);
  int rows = (n + columns - 1) / columns;
  /* Small pictures are shown larger. */
  int scale = first->width < 200 ? 3 : first->width < 300 ? 2 : 1;
  int cell_w = first->width * scale + GAP;
  int cell_h = first->height * scale + CAPTION;
  g_autoptr (Canvas) canvas
      = canvas_new (columns * cell_w + GAP, rows * cell_h + GAP);
  for (int i = 0; i < n; i++) {
    int x = GAP + i % columns * cell_w, y = i / columns * cell_h;
    canvas_text (
        canvas, x, y + 8, g_ptr_array_index (sheet->captions, i), 2, ink);
    canvas_picture (canvas, x, y + CAPTION,
        g_ptr_array_index (sheet->pictures, i), scale);
  }
  return canvas_save (canvas, path, error);
}
