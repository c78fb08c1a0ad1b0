/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "canvas.h"

#include <stdlib.h>
#include <string.h>

Canvas *
canvas_new (int width, int height)
{
  Canvas *canvas = picture_new (GST_VIDEO_FORMAT_RGB, width, height);
  memset (canvas->data, 255, canvas->size);
  return canvas;
}

static void
set_pixel (Canvas *canvas, int x, int y, CanvasColour colour)
{
  if (x < 0 || y < 0 || x >= canvas->width || y >= canvas->height)
    return;
  guint8 *p = canvas->data + ((gsize) y * canvas->width + x) * 3;
  p[0] = colour.r;
  p[1] = colour.g;
  p[2] = colour.b;
}

/* Bresenham's line, two pixels high. */
void
canvas_line (
    Canvas *canvas, int x0, int y0, int x1, int y1, CanvasColour colour)
{
  int dx = abs (x1 - x0), dy = -abs (y1 - y0);
  int sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1;
  int e = dx + dy;
  for (;;) {
    set_pixel (canvas, x0, y0, colour);
    set_pixel (canvas, x0, y0 + 1, colour);
    if (x0 == x1 && y0 == y1)
      return;
    int twice = 2 * e;
    if (twice >= dy) {
      e += dy;
      x0 += sx;
    }
    if (twice <= dx) {
      e += dx;
      y0 += sy;
    }
  }
}

void
canvas_dot (Canvas *canvas, int x, int y, int radius, CanvasColour colour)
{
  for (int j = -radius; j <= radius; j++)
    for (int i = -radius; i <= radius; i++)
      if (i * i + j * j <= radius * radius)
        set_pixel (canvas, x + i, y + j, colour);
}

/* Glyphs of 3x5 dots: five rows of three bits, the left dot highest. */
static const struct {
  char c;
  guint8 row[5];
} glyphs[] = {
  { '0', { 7, 5, 5, 5, 7 } }, { '1', { 2, 6, 2, 2, 7 } },
  { '2', { 7, 1, 7, 4, 7 } }, { '3', { 7, 1, 7, 1, 7 } },
  { '4', { 5, 5, 7, 1, 1 } }, { '5', { 7, 4, 7, 1, 7 } },
  { '6', { 7, 4, 7, 5, 7 } }, { '7', { 7, 1, 2, 2, 2 } },
  { '8', { 7, 5, 7, 5, 7 } }, { '9', { 7, 5, 7, 1, 7 } },
  { 'A', { 2, 5, 7, 5, 5 } }, { 'B', { 6, 5, 6, 5, 6 } },
  { 'C', { 3, 4, 4, 4, 3 } }, { 'D', { 6, 5, 5, 5, 6 } },
  { 'E', { 7, 4, 6, 4, 7 } }, { 'F', { 7, 4, 6, 4, 4 } },
  { 'G', { 3, 4, 5, 5, 3 } }, { 'H', { 5, 5, 7, 5, 5 } },
  { 'I', { 7, 2, 2, 2, 7 } }, { 'J', { 1, 1, 1, 5, 2 } },
  { 'K', { 5, 5, 6, 5, 5 } }, { 'L', { 4, 4, 4, 4, 7 } },
  { 'M', { 5, 7, 7, 5, 5 } }, { 'N', { 5, 7, 7, 7, 5 } },
  { 'O', { 2, 5, 5, 5, 2 } }, { 'P', { 6, 5, 6, 4, 4 } },
  { 'Q', { 2, 5, 5, 6, 3 } }, { 'R', { 6, 5, 6, 5, 5 } },
  { 'S', { 3, 4, 2, 1, 6 } }, { 'T', { 7, 2, 2, 2, 2 } },
  { 'U', { 5, 5, 5, 5, 7 } }, { 'V', { 5, 5, 5, 5, 2 } },
  { 'W', { 5, 5, 7, 7, 5 } }, { 'X', { 5, 5, 2, 5, 5 } },
  { 'Y', { 5, 5, 2, 2, 2 } }, { 'Z', { 7, 1, 2, 4, 7 } },
  { '.', { 0, 0, 0, 0, 2 } }, { ',', { 0, 0, 0, 2, 4 } },
  { '-', { 0, 0, 7, 0, 0 } }, { '+', { 0, 2, 7, 2, 0 } },
  { '/', { 1, 1, 2, 4, 4 } }, { ':', { 0, 2, 0, 2, 0 } },
  { '%', { 5, 1, 2, 4, 5 } }, { '=', { 0, 7, 0, 7, 0 } },
};

static const guint8 *
glyph_rows (char c)
{
  for (gsize i = 0; i < G_N_ELEMENTS (glyphs); i++)
    if (glyphs[i].c == g_ascii_toupper (c))
      return glyphs[i].row;
  return NULL;
}

void
canvas_text (Canvas *canvas, int x, int y, const char *text, int scale,
    CanvasColour colour)
{
  for (; *text; text++, x += 4 * scale) {
    const guint8 *rows = glyph_rows (*text);
    for (int j = 0; rows && j < 5 * scale; j++)
      for (int i = 0; i < 3 * scale; i++)
        if (rows[j / scale] >> (2 - i / scale) & 1)
          set_pixel (canvas, x + i, y + j, colour);
  }
}

void
canvas_picture (
    Canvas *canvas, int x, int y, const Picture *picture, int scale)
{
  int bytes = picture->format == GST_VIDEO_FORMAT_RGB ? 3 : 1;
  for (int j = 0; j < picture->height * scale; j++) {
    const guint8 *row
        = picture->data + (gsize) (j / scale) * picture->plane_width[0];
    for (int i = 0; i < picture->width * scale; i++) {
      const guint8 *p = row + (gsize) (i / scale) * bytes;
      CanvasColour colour = { p[0], p[bytes / 2], p[bytes - 1] };
      set_pixel (canvas, x + i, y + j, colour);
    }
  }
}

gboolean
canvas_save (const Canvas *canvas, const char *path, GError **error)
{
  return picture_save (canvas, path, error);
}
