/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "report.h"

#include <math.h>
#include <stdio.h>

static void
print_cell (double value, int decimals)
{
  if (isnan (value))
    printf (" - |");
  else
    printf (" %.*f |", decimals, value);
}

static gboolean
has_sigma (const EvalSet *set)
{
  const EvalItem *item = g_ptr_array_index (set->items, 0);
  return item->noisy == NULL;
}

static void
print_heads (const char *what, const GArray *sigmas, gboolean with_sigma)
{
  for (guint s = 0; s < sigmas->len; s++)
    if (with_sigma)
      printf (" %s %g |", what, g_array_index (sigmas, double, s));
    else
      printf (" %s |", what);
}

/* "2.8 / 4.2" for each sigma that was tuned. */
static void
print_strengths (const Method *method, const EvalScore *score, guint n)
{
  if (!method->grid_a) {
    printf (" |");
    return;
  }
  for (guint s = 0; s < n; s++) {
    printf ("%s%.3g", s ? ", " : " ", score[s].strength[0]);
    if (method->grid_b[1] > 0)
      printf (":%.3g", score[s].strength[1]);
  }
  printf (" |");
}

void
report_table (const EvalSet *set, const GPtrArray *methods,
    const GArray *sigmas, const EvalTable *table)
{
  guint n = sigmas->len;
  printf ("\n%s\n\n| method |", set->title);
  print_heads ("PSNR", sigmas, has_sigma (set));
  print_heads ("SSIM", sigmas, has_sigma (set));
  if (set->moving)
    print_heads ("moving", sigmas, has_sigma (set));
  printf (" tuned strength |\n|");
  for (guint i = 0; i < 2 + n * (set->moving ? 3 : 2); i++)
    printf (" --- |");
  printf ("\n");
  for (guint m = 0; m < methods->len; m++) {
    const Method *method = g_ptr_array_index (methods, m);
    const EvalScore *score = &table->score[m * n];
    printf ("| %s |", method->name);
    for (guint s = 0; s < n; s++)
      print_cell (score[s].psnr, 2);
    for (guint s = 0; s < n; s++)
      print_cell (score[s].ssim, 4);
    for (guint s = 0; set->moving && s < n; s++)
      print_cell (score[s].moving_psnr, 2);
    print_strengths (method, score, n);
    printf ("\n");
  }
  fflush (stdout);
}

void
report_json (Json *json, const EvalSet *set, const GPtrArray *methods,
    const GArray *sigmas, const EvalTable *table)
{
  json_open (json, set->key, '{');
  for (guint m = 0; m < methods->len; m++) {
    const Method *method = g_ptr_array_index (methods, m);
    json_open (json, method->name, '[');
    for (guint s = 0; s < sigmas->len; s++) {
      const EvalScore *score = &table->score[m * sigmas->len + s];
      json_open (json, NULL, '{');
      if (has_sigma (set))
        json_number (json, "sigma", g_array_index (sigmas, double, s));
      json_number (json, "psnr", score->psnr);
      json_number (json, "ssim", score->ssim);
      if (set->moving)
        json_number (json, "moving_psnr", score->moving_psnr);
      if (method->grid_a) {
        json_open (json, "strength", '[');
        json_number (json, NULL, score->strength[0]);
        json_number (json, NULL, score->strength[1]);
        json_close (json, '[');
      }
      json_close (json, '{');
    }
    json_close (json, '[');
  }
  json_close (json, '{');
}
