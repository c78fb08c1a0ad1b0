/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The loss against the definition, window by window in doubles. */
#include "ae_test.h"

#include "train/ms_ssim.h"
#include "util/mem.h"
#include "util/rng.h"

#include <ae/session.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 192, HALF = SIDE / 2, FRAME = 6 * HALF * HALF };

static AeModel *
build (void)
{
  AeBuilder b;
  AeModel *model;
  int roots[AE_SIMILARITY_SCALES];
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "frame", ae_shape (4, -1, 6, -1, -1));
  int y = ae_build_input (&b, "decoded", ae_shape (4, -1, 6, -1, -1));
  ae_build_dissimilarity (&b, x, y, roots);
  for (int i = 0; i < AE_SIMILARITY_SCALES; i++) {
    char name[2] = { (char) ('0' + i), '\0' };
    ae_build_output (&b, roots[i], name);
  }
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  return model;
}

/* Waves and noise; noise alone is added for the other one. */
static void
fill (float *frame, float *decoded)
{
  AeRng rng;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < FRAME; i++) {
    int x = i % HALF, y = i / HALF % HALF;
    frame[i] = 0.5f + 0.2f * sinf ((float) x * 0.2f) * cosf ((float) y * 0.1f)
        + 0.05f * ae_rng_normal (&rng);
    decoded[i] = frame[i] + 0.02f * ae_rng_normal (&rng) + 0.004f;
  }
}

typedef struct {
  int side;
  double at[SIDE * SIDE];
} Plane;

static void
set_luma (Plane *p, const float *frame)
{
  p->side = SIDE;
  for (int y = 0; y < SIDE; y++)
    for (int x = 0; x < SIDE; x++)
      p->at[y * SIDE + x] = frame[((y % 2 * 2 + x % 2) * HALF + y / 2) * HALF
          + x / 2];
}

static void
halve (Plane *p)
{
  int side = p->side / 2;
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++) {
      const double *from = p->at + 2 * y * p->side + 2 * x;
      p->at[y * side + x]
          = (from[0] + from[1] + from[p->side] + from[p->side + 1]) / 4;
    }
  p->side = side;
}

typedef struct {
  double weight, x, y, xx, yy, xy;
} Sums;

static Sums
window (const Plane *a, const Plane *b, int top, int left)
{
  Sums s = { 0 };
  for (int i = 0; i < 121; i++) {
    int dy = i / 11 - 5, dx = i % 11 - 5;
    int at = (top + 5 + dy) * a->side + left + 5 + dx;
    double w = exp (-(dy * dy + dx * dx) / 4.5);
    s.weight += w;
    s.x += w * a->at[at];
    s.y += w * b->at[at];
    s.xx += w * a->at[at] * a->at[at];
    s.yy += w * b->at[at] * b->at[at];
    s.xy += w * a->at[at] * b->at[at];
  }
  return s;
}

/* The means over the windows of 1 - contrast and structure, and of what the
 * luminance lacks. */
static void
lacking (const Plane *a, const Plane *b, double *contrast, double *luminance)
{
  int n = a->side - 10;
  *contrast = *luminance = 0;
  for (int i = 0; i < n * n; i++) {
    Sums s = window (a, b, i / n, i % n);
    double mx = s.x / s.weight, my = s.y / s.weight;
    double vx = s.xx / s.weight - mx * mx, vy = s.yy / s.weight - my * my;
    double c = s.xy / s.weight - mx * my;
    *contrast += (1 - (2 * c + 9e-4) / (vx + vy + 9e-4)) / (n * n);
    *luminance
        += (1 - (2 * mx * my + 1e-4) / (mx * mx + my * my + 1e-4)) / (n * n);
  }
}

static double
mean_square (const AeTensor *t)
{
  size_t n = ae_shape_count (&t->shape);
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += pow (((const float *) t->data)[i], 2);
  return sum / (double) n;
}

START_TEST (test_as_defined)
{
  AeModel *model = build ();
  AeSession *session;
  AeTensor in[2] = {
    { .type = AE_F32, .shape = ae_shape (4, 1, 6, HALF, HALF) },
    { .type = AE_F32, .shape = ae_shape (4, 1, 6, HALF, HALF) },
  };
  static Plane x, y;
  ck_assert_int_eq (ae_session_new (&session, model, NULL, NULL), AE_OK);
  ck_assert_int_eq (ae_session_bind (session, in, 2, NULL), AE_OK);
  float *frame = ae_session_input (session, 0)->data;
  float *decoded = ae_session_input (session, 1)->data;
  fill (frame, decoded);
  set_luma (&x, frame);
  set_luma (&y, decoded);
  ae_session_run (session);
  for (int i = 0; i < AE_SIMILARITY_SCALES; i++) {
    double contrast, luminance;
    lacking (&x, &y, &contrast, &luminance);
    double wanted
        = i == AE_SIMILARITY_SCALES - 1 ? contrast + luminance : contrast;
    double found = mean_square (ae_session_output (session, (size_t) i));
    ck_assert_double_gt (wanted, 1e-5);
    ck_assert_double_eq_tol (found, wanted, 2e-3 * wanted + 1e-6);
    halve (&x);
    halve (&y);
  }
  ae_session_free (&session);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
ms_ssim_suite (void)
{
  Suite *suite = suite_create ("MS-SSIM as a loss");
  TCase *tcase = tcase_create ("MS-SSIM as a loss");
  tcase_add_test (tcase, test_as_defined);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (ms_ssim_suite)
