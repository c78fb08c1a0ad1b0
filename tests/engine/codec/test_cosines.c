/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/cosines.h"
#include "util/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static AePlaceSamples
make_samples (uint64_t seed)
{
  AePlaceSamples s;
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int i = 0; i < AE_COSINES; i++)
    s.at[i / 16][i % 16] = (int16_t) (510 * ae_rng_uniform (&rng) - 255);
  return s;
}

/* Every coefficient once, the coarsest first. */
START_TEST (test_order)
{
  AeCosine order[AE_COSINES];
  bool seen[3][16][16] = { { { false } } };
  ae_cosine_order (order);
  for (int i = 0; i < AE_COSINES; i++) {
    ck_assert (!seen[order[i].plane][order[i].u][order[i].v]);
    seen[order[i].plane][order[i].u][order[i].v] = true;
  }
  for (int i = 0; i < 3; i++)
    ck_assert (order[i].plane == i && order[i].u == 0 && order[i].v == 0);
  ck_assert (order[AE_COSINES - 1].plane == 2); /* V's finest */
}
END_TEST

/* There and back: what fine steps leave. */
START_TEST (test_samples_come_back)
{
  static AeCosines c;
  AePlaceSamples in = make_samples ((uint64_t) _i), out;
  AePlaceCosines all;
  float coefficients[AE_COSINES];
  int16_t values[2 * AE_COSINES];
  const int32_t unit[2] = { 16, 24 }; /* a grey level, and one and a half */
  double energy = 0, found = 0;
  ae_cosines_init (&c);
  ae_cosines_forward (&c, &in, &all);
  ae_cosines_arrange (&c, &all, (float[]){ 1, 1 / 1.5f }, coefficients, 1);
  for (int i = 0; i < AE_COSINES; i++) {
    values[2 * i] = (int16_t) lrintf (coefficients[i]);
    found += pow (coefficients[i] * (c.order[i].plane ? 1.5 : 1), 2);
  }
  ae_cosines_inverse (&c, values, 2, unit, &out);
  for (int i = 0; i < AE_COSINES; i++) {
    energy += pow (in.at[i / 16][i % 16], 2);
    ck_assert_int_le (abs (in.at[i / 16][i % 16] - out.at[i / 16][i % 16]), 4);
  }
  ck_assert_double_le (fabs (found / energy - 1), 1e-5);
}
END_TEST

/* Any integers and steps give samples, and the same ones again. */
START_TEST (test_any_integers)
{
  static AeCosines c;
  int16_t values[AE_COSINES];
  AePlaceSamples a, b;
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) _i);
  ae_cosines_init (&c);
  for (int i = 0; i < AE_COSINES; i++)
    values[i] = (int16_t) (_i == 0 ? INT16_MIN
            : _i == 1              ? INT16_MAX
                      : 65535 * ae_rng_uniform (&rng) - 32768);
  ae_cosines_inverse (&c, values, 1, (int32_t[]){ INT32_MAX, 1 << 20 }, &a);
  ae_cosines_inverse (&c, values, 1, (int32_t[]){ INT32_MAX, 1 << 20 }, &b);
  ck_assert_mem_eq (&a, &b, sizeof a);
}
END_TEST

static Suite *
cosines_suite (void)
{
  Suite *suite = suite_create ("cosines");
  TCase *tcase = tcase_create ("cosines");
  tcase_add_test (tcase, test_order);
  tcase_add_loop_test (tcase, test_samples_come_back, 0, 4);
  tcase_add_loop_test (tcase, test_any_integers, 0, 8);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (cosines_suite)
