/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "confusion.h"

#include <math.h>
#include <stdio.h>

#include "svg.h"

enum { CELL = 46, MARGIN = 60 };

Confusion *
confusion_new (int classes)
{
  Confusion *c = g_new0 (Confusion, 1);
  c->classes = classes;
  c->count = g_new0 (guint, (gsize) classes * classes);
  return c;
}

void
confusion_free (Confusion *c)
{
  if (!c)
    return;
  g_free (c->count);
  g_free (c);
}

void
confusion_add (Confusion *c, int label, int said)
{
  c->count[label * c->classes + said]++;
  c->n++;
}

int
confusion_largest (const float *numbers, int classes)
{
  int best = 0;
  for (int i = 1; i < classes; i++)
    if (numbers[i] > numbers[best])
      best = i;
  return best;
}

double
confusion_accuracy (const Confusion *c)
{
  guint right = 0;
  for (int i = 0; i < c->classes; i++)
    right += c->count[i * c->classes + i];
  return c->n ? (double) right / c->n : 0;
}

guint
confusion_pictures (const Confusion *c, int label)
{
  guint n = 0;
  for (int i = 0; i < c->classes; i++)
    n += c->count[label * c->classes + i];
  return n;
}

guint
confusion_errors (const Confusion *c, int label)
{
  return confusion_pictures (c, label) - c->count[label * c->classes + label];
}

void
confusion_print (const Confusion *c)
{
  printf ("\nrows: what it is; columns: what it is taken for\n     ");
  for (int i = 0; i < c->classes; i++)
    printf (" %5d", i);
  printf ("   wrong\n");
  for (int i = 0; i < c->classes; i++) {
    guint n = confusion_pictures (c, i);
    printf ("%5d", i);
    for (int k = 0; k < c->classes; k++)
      printf (" %5u", c->count[i * c->classes + k]);
    printf (" %6.2f%%\n", n ? 100.0 * confusion_errors (c, i) / n : 0);
  }
}

void
confusion_json (const Confusion *c, Json *json)
{
  json_number (json, "accuracy", confusion_accuracy (c));
  json_open (json, "classes", '[');
  for (int i = 0; i < c->classes; i++) {
    json_open (json, NULL, '{');
    json_number (json, "class", i);
    json_number (json, "pictures", confusion_pictures (c, i));
    json_number (json, "errors", confusion_errors (c, i));
    json_close (json, '{');
  }
  json_close (json, '[');
  json_open (json, "confusion", '[');
  for (int i = 0; i < c->classes; i++) {
    json_open (json, NULL, '[');
    for (int k = 0; k < c->classes; k++)
      json_number (json, NULL, c->count[i * c->classes + k]);
    json_close (json, '[');
  }
  json_close (json, '[');
}

/* Right ones blue, wrong ones red; the root, so that few are seen too. */
static void
draw_cell (GString *svg, const Confusion *c, int row, int column)
{
  guint n = confusion_pictures (c, row);
  guint count = c->count[row * c->classes + column];
  int light = 255 - (int) (170 * sqrt (n ? (double) count / n : 0));
  g_autofree char *colour = g_strdup_printf (
      row == column ? "rgb(%d,%d,255)" : "rgb(255,%d,%d)", light, light);
  g_autofree char *text = g_strdup_printf ("%u", count);
  double x = MARGIN + column * CELL, y = MARGIN + row * CELL;
  svg_box (svg, x, y, CELL - 1, CELL - 1, colour);
  if (count > 0)
    svg_text (svg, x + CELL / 2.0, y + CELL / 2.0 + 4, "middle", text);
}

gboolean
confusion_draw (const Confusion *c, const char *path, GError **error)
{
  int side = MARGIN + c->classes * CELL;
  GString *svg = svg_new (side + 70, side + 10);
  g_autofree char *title = g_strdup_printf (
      "%.2f %% of %u right; columns: what they are taken for",
      100 * confusion_accuracy (c), c->n);
  svg_text (svg, MARGIN, 22, "start", title);
  for (int i = 0; i < c->classes; i++) {
    guint n = confusion_pictures (c, i);
    double at = MARGIN + (i + 0.5) * CELL;
    g_autofree char *name = g_strdup_printf ("%d", i);
    g_autofree char *wrong = g_strdup_printf (
        "%.2f %%", n ? 100.0 * confusion_errors (c, i) / n : 0);
    svg_text (svg, at, MARGIN - 10, "middle", name);
    svg_text (svg, MARGIN - 10, at + 4, "end", name);
    svg_text (svg, side + 6, at + 4, "start", wrong);
    for (int k = 0; k < c->classes; k++)
      draw_cell (svg, c, i, k);
  }
  gboolean ok = svg_save (svg, path, error);
  g_string_free (svg, TRUE);
  return ok;
}
