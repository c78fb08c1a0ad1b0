/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "evaluate.h"

#include <math.h>

#include "noise.h"
#include "quality.h"

EvalItem *
eval_item_new (const char *name, Pictures *clean, Pictures *noisy)
{
  EvalItem *item = g_new0 (EvalItem, 1);
  item->name = g_strdup (name);
  item->clean = clean;
  item->noisy = noisy;
  return item;
}

void
eval_item_free (EvalItem *item)
{
  g_free (item->name);
  g_clear_pointer (&item->clean, g_ptr_array_unref);
  g_clear_pointer (&item->noisy, g_ptr_array_unref);
  g_free (item);
}

void
eval_table_free (EvalTable *table)
{
  if (!table)
    return;
  g_free (table->score);
  g_free (table);
}

guint64
eval_noise_seed (double sigma, guint frame)
{
  return (guint64) lrint (sigma * 1000) * 1000003u + frame;
}

Pictures *
eval_noisy (const EvalSet *set, const EvalItem *item, double sigma)
{
  if (item->noisy)
    return g_ptr_array_ref (item->noisy);
  Pictures *noisy = pictures_new ();
  /* Stills of one set do not share their noise. */
  guint salt = g_str_hash (item->name) % 100000;
  for (guint i = 0; i < item->clean->len; i++)
    g_ptr_array_add (noisy,
        noise_add (g_ptr_array_index (item->clean, i), sigma, set->luma_only,
            eval_noise_seed (sigma, salt + i)));
  return noisy;
}

/* What the method is shown: all frames, or only those that are scored. */
static Pictures *
shown_frames (const EvalSet *set, const Method *method, const Pictures *all)
{
  Pictures *shown = g_ptr_array_new ();
  guint first = method->temporal ? 0 : set->first;
  guint step = method->temporal ? 1 : set->step;
  for (guint i = first; i < all->len; i += step)
    g_ptr_array_add (shown, g_ptr_array_index (all, i));
  return shown;
}

/* Denoised frames in which scored frame `i` of the item is at
 * shown_index (...). */
static Pictures *
run_item (const EvalSet *set, const EvalItem *item, Method *method,
    double sigma, const double strength[2], GError **error)
{
  g_autoptr (GPtrArray) noisy = eval_noisy (set, item, sigma);
  g_autoptr (GPtrArray) shown = shown_frames (set, method, noisy);
  return method->run (method, shown, strength, error);
}

static guint
shown_index (const EvalSet *set, const Method *method, guint frame)
{
  return method->temporal ? frame : (frame - set->first) / set->step;
}

typedef struct {
  double error, ssim;
  guint frames;
  double moving_error;
  gsize moving_pixels;
} Sums;

static void
add_moving (Sums *sums, const EvalItem *item, guint frame, const Picture *got)
{
  const Picture *now = g_ptr_array_index (item->clean, frame);
  g_autofree guint8 *mask = g_malloc ((gsize) now->width * now->height);
  sums->moving_pixels += quality_moving_mask (
      now, g_ptr_array_index (item->clean, frame - 1), mask);
  sums->moving_error += quality_masked_error (got, now, mask);
}

/* Errors of one item; with_all: SSIM and moving regions too. */
static gboolean
score_item (const EvalSet *set, const EvalItem *item, Method *method,
    double sigma, const double strength[2], gboolean with_all, Sums *sums,
    GError **error)
{
  g_autoptr (GPtrArray) out
      = run_item (set, item, method, sigma, strength, error);
  if (!out)
    return FALSE;
  for (guint i = set->first; i < item->clean->len; i += set->step) {
    const Picture *clean = g_ptr_array_index (item->clean, i);
    const Picture *got
        = g_ptr_array_index (out, shown_index (set, method, i));
    sums->error += quality_mse (got, clean);
    sums->frames++;
    if (with_all)
      sums->ssim += quality_ssim (got, clean);
    if (with_all && set->moving && i > 0)
      add_moving (sums, item, i, got);
  }
  return TRUE;
}

static gboolean
score_items (const EvalSet *set, const GPtrArray *items, Method *method,
    double sigma, gboolean with_all, EvalScore *score, GError **error)
{
  double psnr = 0, ssim = 0, moving = 0;
  guint n = 0, n_moving = 0;
  for (guint i = 0; i < items->len; i++) {
    const EvalItem *item = g_ptr_array_index (items, i);
    Sums sums = { 0 };
    if (item->clean->len < method->min_frames)
      continue;
    if (!score_item (set, item, method, sigma, score->strength, with_all,
            &sums, error))
      return FALSE;
    if (sums.frames == 0)
      continue;
    n++;
    psnr += quality_psnr (sums.error / sums.frames);
    ssim += sums.ssim / sums.frames;
    if (sums.moving_pixels) {
      moving += quality_psnr (sums.moving_error / sums.moving_pixels);
      n_moving++;
    }
  }
  score->psnr = n ? psnr / n : NAN;
  score->ssim = n ? ssim / n : NAN;
  score->moving_psnr = n_moving ? moving / n_moving : NAN;
  score->valid = TRUE;
  return TRUE;
}

/* Keeps the strength of (sigma, a, b) in *best when it scores higher. */
static gboolean
try_strength (const EvalSet *set, Method *method, double sigma, double guess,
    double a, double b, EvalScore *best, double *best_a, GError **error)
{
  EvalScore score = { 0 };
  method->strength_for (method, guess, a, b, score.strength);
  if (!score_items (set, set->tune, method, sigma, FALSE, &score, error))
    return FALSE;
  if (best->valid && !(score.psnr > best->psnr))
    return TRUE;
  *best = score;
  *best_a = a;
  return TRUE;
}

/* The first number with the second at its first choice, then the second. */
static gboolean
tune_from (const EvalSet *set, Method *method, double sigma, double guess,
    EvalScore *best, GError **error)
{
  double best_a = method->grid_a[0];
  for (const double *a = method->grid_a; *a > 0; a++)
    if (!try_strength (set, method, sigma, guess, *a, method->grid_b[0], best,
            &best_a, error))
      return FALSE;
  double a = best_a;
  for (const double *b = method->grid_b + 1; *b > 0; b++)
    if (!try_strength (
            set, method, sigma, guess, a, *b, best, &best_a, error))
      return FALSE;
  return TRUE;
}

/* Chooses the strength by PSNR on set->tune. Real noise has no sigma: there
 * the search starts at several. */
static gboolean
tune (const EvalSet *set, Method *method, double sigma, double strength[2],
    GError **error)
{
  EvalScore best = { 0 };
  const EvalItem *first = g_ptr_array_index (set->tune, 0);
  double factor_end = first->noisy ? 4 : 1;
  for (double f = first->noisy ? 0.25 : 1; f <= factor_end; f *= 2)
    if (!tune_from (set, method, sigma, sigma * f, &best, error))
      return FALSE;
  strength[0] = best.strength[0];
  strength[1] = best.strength[1];
  return TRUE;
}

EvalTable *
evaluate (const EvalSet *set, const GPtrArray *methods, const GArray *sigmas,
    GError **error)
{
  EvalTable *table = g_new0 (EvalTable, 1);
  table->n_methods = methods->len;
  table->n_sigmas = sigmas->len;
  table->score = g_new0 (EvalScore, methods->len * sigmas->len);
  Progress progress;
  progress_start (&progress, 30);
  for (guint m = 0; m < methods->len; m++)
    for (guint s = 0; s < sigmas->len; s++) {
      Method *method = g_ptr_array_index (methods, m);
      double sigma = g_array_index (sigmas, double, s);
      EvalScore *score = &table->score[m * sigmas->len + s];
      if (progress_due (&progress)) {
        g_autofree char *text = g_strdup_printf (
            "%s: %s, sigma %g", set->key, method->name, sigma);
        progress_show (&progress,
            (m * sigmas->len + s) / (double) (methods->len * sigmas->len),
            text);
      }
      gboolean ok = TRUE;
      if (method->grid_a)
        ok = tune (set, method, sigma, score->strength, error);
      else if (method->strength_for)
        method->strength_for (method, sigma, 1, 1, score->strength);
      if (!ok
          || !score_items (
              set, set->items, method, sigma, TRUE, score, error)) {
        progress_end (&progress);
        g_prefix_error (error, "%s: ", method->name);
        eval_table_free (table);
        return NULL;
      }
    }
  progress_end (&progress);
  return table;
}

Picture *
evaluate_picture (const EvalSet *set, const EvalItem *item, guint index,
    Method *method, const EvalScore *score, double sigma, GError **error)
{
  g_autoptr (GPtrArray) out
      = run_item (set, item, method, sigma, score->strength, error);
  if (!out)
    return NULL;
  return picture_copy (
      g_ptr_array_index (out, shown_index (set, method, index)));
}
