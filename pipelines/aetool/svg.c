/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "svg.h"

GString *
svg_new (int width, int height)
{
  GString *svg = g_string_new (NULL);
  g_string_append_printf (svg,
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
      "font-family=\"sans-serif\" font-size=\"13\">\n"
      "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      width, height);
  return svg;
}

void
svg_text (
    GString *svg, double x, double y, const char *anchor, const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_string_append_printf (svg,
      "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y,
      anchor, escaped);
}

void
svg_line (GString *svg, double x0, double y0, double x1, double y1,
    const char *colour)
{
  g_string_append_printf (svg,
      "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" "
      "stroke=\"%s\"/>\n",
      x0, y0, x1, y1, colour);
}

void
svg_box (GString *svg, double x, double y, double width, double height,
    const char *colour)
{
  g_string_append_printf (svg,
      "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
      "fill=\"%s\"/>\n",
      x, y, width, height, colour);
}

void
svg_open_curve (GString *svg)
{
  g_string_append (svg, "<polyline fill=\"none\" points=\"");
}

void
svg_add_point (GString *svg, double x, double y)
{
  g_string_append_printf (svg, "%.1f,%.1f ", x, y);
}

void
svg_close_curve (GString *svg, const char *colour, double width)
{
  g_string_append_printf (
      svg, "\" stroke=\"%s\" stroke-width=\"%g\"/>\n", colour, width);
}

gboolean
svg_save (GString *svg, const char *path, GError **error)
{
  g_string_append (svg, "</svg>\n");
  return g_file_set_contents (path, svg->str, (gssize) svg->len, error);
}
