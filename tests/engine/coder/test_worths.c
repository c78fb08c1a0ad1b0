/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "codec_net.h"

#include "util/mem.h"

#include <math.h>

#define LATENTS 96

/* Gains of the untrained codec follow lambda nearly as the steps of changes do,
 * and are the same in all channels. */
START_TEST (test_worths_of_key_frames)
{
  static const int levels[] = { 0, 128, 255 };
  float worths[LATENTS];
  AeCosine order[AE_COSINES];
  AeModel *model = codec_net (LATENTS);
  AeCodec *codec;
  AeError err;
  ck_assert_int_eq (ae_codec_new (&codec, model, &err), AE_OK);
  ae_cosine_order (order);
  for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
    ae_codec_worths (codec, levels[i], worths);
    ck_assert_float_gt (worths[0], 0.5f);
    ck_assert_float_lt (worths[0], 5);
    for (int c = 0; c < LATENTS; c++)
      ck_assert_float_eq_tol (
          worths[c], worths[0] / (order[c].plane ? 3.5f : 1), 1e-3f);
  }
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
worths_suite (void)
{
  Suite *suite = suite_create ("worths");
  TCase *tcase = tcase_create ("worths");
  tcase_add_test (tcase, test_worths_of_key_frames);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (worths_suite)
