/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_SVG_H
#define AETOOL_SVG_H

/* The text of an SVG picture, element by element. Numbers are pixels. */

#include <glib.h>

G_BEGIN_DECLS

/* White. */
GString *svg_new (int width, int height);

/* `anchor`: start, middle or end; `text` is escaped. */
void svg_text (GString *svg, double x, double y, const char *anchor,
    const char *text);
void svg_line (GString *svg, double x0, double y0, double x1, double y1,
    const char *colour);
void svg_box (GString *svg, double x, double y, double width, double height,
    const char *colour);

/* A line through points, which are added in between. */
void svg_open_curve (GString *svg);
void svg_add_point (GString *svg, double x, double y);
void svg_close_curve (GString *svg, const char *colour, double width);

/* Ends the picture and writes it, replacing `path`. */
gboolean svg_save (GString *svg, const char *path, GError **error);

G_END_DECLS

#endif
