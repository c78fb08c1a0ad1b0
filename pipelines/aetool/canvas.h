/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CANVAS_H
#define AETOOL_CANVAS_H

/* Just enough drawing for curves and captions: RGB, white at first. Whatever
 * falls outside is left out. */

#include "frames.h"

G_BEGIN_DECLS

typedef struct {
  guint8 r, g, b;
} CanvasColour;

typedef Picture Canvas;

Canvas *canvas_new (int width, int height);
void canvas_line (
    Canvas *canvas, int x0, int y0, int x1, int y1, CanvasColour colour);
void canvas_dot (
    Canvas *canvas, int x, int y, int radius, CanvasColour colour);

/* Capital letters (small ones are raised), digits and .,-+/:%= in cells of
 * 4x6 dots, `scale` pixels a dot; (x,y) is the upper left corner. */
void canvas_text (Canvas *canvas, int x, int y, const char *text, int scale,
    CanvasColour colour);

/* Copies a grey or RGB picture to (x,y), each pixel `scale` times. */
void canvas_picture (
    Canvas *canvas, int x, int y, const Picture *picture, int scale);

gboolean canvas_save (const Canvas *canvas, const char *path, GError **error);

#define canvas_free picture_free
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Canvas, canvas_free)

G_END_DECLS

#endif
