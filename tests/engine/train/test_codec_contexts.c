/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/counts.h"
#include "train/codec_contexts.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

enum { ROWS = 12, COLUMNS = 20, SAMPLES = 6 };

/* Busy places, and a first channel that goes on from the left. */
static void
add_sample (AeContextSamples *s, int channels, uint64_t seed)
{
  static int16_t values[40 * ROWS * COLUMNS];
  uint8_t groups[ROWS * COLUMNS];
  AeLatents l = { .channels = channels, .rows = ROWS, .columns = COLUMNS,
    .values = values, .groups = groups };
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int place = 0; place < ROWS * COLUMNS; place++) {
    double busy = 0.2 + 3 * pow (sin (0.3 * (place % COLUMNS)), 2);
    groups[place] = (uint8_t) (place % 4);
    for (int c = 0; c < channels; c++)
      values[c * ROWS * COLUMNS + place] = groups[place] <= c / AE_GROUP ? 0
          : c == 0 ? (int16_t) (place % COLUMNS * 3)
                   : (int16_t) lrint (ae_rng_normal (&rng) * busy);
  }
  ck_assert_int_eq (ae_context_samples_add (s, &l, 0.5f, NULL), AE_OK);
}

static double
bits_of (AeLatentTables *t, const AeContextSamples *s)
{
  AeLatentLevel level;
  AeLatentScratch scratch = { 0 };
  double sum = 0, bits;
  ck_assert_int_eq (ae_latent_level_init (&level, t, NULL), AE_OK);
  ae_latent_level_set (&level, 128);
  for (size_t i = 0; i < s->n; i++) {
    const AeContextSample *one = &s->sample[i];
    AeLatents l = { .channels = one->channels, .rows = one->rows,
      .columns = one->columns, .values = one->values,
      .groups = one->groups };
    ck_assert_int_eq (
        ae_latents_cost (&level, &l, &scratch, &bits, NULL), AE_OK);
    sum += bits;
  }
  ae_latent_scratch_clear (&scratch);
  ae_latent_level_clear (&level);
  return sum;
}

static const int shapes[][2] = { { 3, 3 }, { 40, 8 }, { 16, 16 } };

/* What is learned as floats saves bits as integers. */
START_TEST (test_fitting_saves_bits)
{
  AeContextSamples s = { NULL };
  AeLatentTables t;
  AeError err;
  for (uint64_t i = 0; i < SAMPLES; i++)
    add_sample (&s, shapes[_i][0], i);
  ck_assert_int_eq (ae_latent_tables_init (
      &t, shapes[_i][0], shapes[_i][1], &err), AE_OK);
  ae_latent_tables_fit (&t, NULL);
  double before = bits_of (&t, &s);
  ck_assert_msg (
      ae_context_weights_fit (&t.weights, &s, 150, 2, 1, NULL, &err) == AE_OK, "%s",
      err.text);
  ck_assert_double_lt (bits_of (&t, &s), 0.93 * before);
  ae_context_samples_clear (&s);
  ae_latent_tables_clear (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_without_samples_nothing_changes)
{
  AeContextSamples s = { NULL };
  AeLatentTables t;
  AeError err;
  ck_assert_int_eq (ae_latent_tables_init (&t, 4, 2, &err), AE_OK);
  t.weights.sizes[1] = 77;
  ck_assert_int_eq (
      ae_context_weights_fit (&t.weights, &s, 3, 1, 1, NULL, &err), AE_OK);
  ck_assert_int_eq (t.weights.sizes[1], 77);
  ae_latent_tables_clear (&t);
}
END_TEST

static Suite *
contexts_suite (void)
{
  Suite *suite = suite_create ("codec contexts");
  TCase *tcase = tcase_create ("codec contexts");
  tcase_add_loop_test (tcase, test_fitting_saves_bits, 0, 3);
  tcase_add_test (tcase, test_without_samples_nothing_changes);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (contexts_suite)
