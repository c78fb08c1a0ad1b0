/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "graph/model.h"
#include "util/file.h"
#include "util/mem.h"
#include "util/rng.h"

#include <ae/denoise_trainer.h>
#include <ae/session.h>

#include <math.h>
#include <string.h>
#include <unistd.h>

static const char tiny[] = "[network]\nwidths = 16,16\ndepths = 2,2\n"
                           "gate_width = 8\n"
                           "[training]\nbatch = 4\npatch = 32\nsteps = 200\n"
                           "learning_rate = 4e-3\nwarmup_steps = 5\n"
                           "ema_decay = 0.9\nmemory = 64\n"
                           "[motion]\nlength_max = 4\n";

static AeRecipe *recipe;

static void
setup (void)
{
  AeError err;
  ck_assert_msg (
      ae_recipe_parse (&recipe, tiny, &err) == AE_OK, "%s", err.text);
}

static void
teardown (void)
{
  ae_recipe_free (&recipe);
}

/* Smooth pictures: sums of a few waves. */
static void
add_picture (AeDenoiseTrainer *trainer, int number)
{
  static uint8_t pixels[80 * 72 * 3];
  for (int y = 0; y < 72; y++)
    for (int x = 0; x < 80; x++) {
      float v = sinf (0.1f * x + number) * cosf (0.07f * y * (1 + number % 3));
      uint8_t *p = pixels + 3 * (80 * y + x);
      p[0] = (uint8_t) (128 + 80 * v);
      p[1] = (uint8_t) (110 + 60 * v);
      p[2] = (uint8_t) (90 - 50 * v);
    }
  AeImage image = { .pixels = AE_PIXELS_PACKED,
    .width = 80,
    .height = 72,
    .pixel_stride = 3,
    .g = 1,
    .b = 2,
    .plane = { pixels },
    .stride = { 240 } };
  AeError err;
  ck_assert_msg (
      ae_denoise_trainer_add (trainer, &image, false, &err) == AE_OK, "%s",
      err.text);
}

static AeDenoiseTrainer *
new_trainer (AeModel *base)
{
  AeDenoiseTrainer *trainer;
  AeError err;
  ck_assert_msg (
      ae_denoise_trainer_new (&trainer, recipe, base, &err) == AE_OK, "%s",
      err.text);
  for (int i = 0; i < 12; i++)
    add_picture (trainer, i);
  ck_assert_uint_eq (ae_denoise_trainer_n_frames (trainer), 12);
  return trainer;
}

static void
train (AeDenoiseTrainer *trainer, int n_steps)
{
  for (int i = 0; i < n_steps; i++) {
    AeError err;
    AeStepReport report;
    ck_assert_msg (
        ae_denoise_trainer_step (trainer, &report, &err) == AE_OK, "%s",
        err.text);
    ck_assert (isfinite (report.loss));
  }
}

START_TEST (test_training_improves_pictures)
{
  AeDenoiseTrainer *trainer = new_trainer (NULL);
  train (trainer, 200);
  float psnr;
  ck_assert_int_eq (
      ae_denoise_trainer_validate (trainer, &psnr, NULL), AE_OK);
  /* noise of sigma 25 alone is 20.2 dB */
  ck_assert_float_gt (psnr, 23);
  ck_assert_float_eq (ae_denoise_trainer_still_psnr (trainer), psnr);
  ae_denoise_trainer_free (&trainer);
}
END_TEST

START_TEST (test_model_says_what_it_is)
{
  AeDenoiseTrainer *trainer = new_trainer (NULL);
  train (trainer, 2);
  AeModel *model;
  ck_assert_int_eq (ae_denoise_trainer_model (trainer, &model, NULL), AE_OK);
  ck_assert_str_eq (ae_model_meta (model, "ae.task"), "denoise");
  ck_assert_str_eq (ae_model_meta (model, "ae.format"), "yuv420-s2d");
  ck_assert_str_eq (ae_model_meta (model, "ae.train.steps"), "2");
  ck_assert_ptr_nonnull (
      strstr (ae_model_meta (model, "ae.recipe"), "widths = 16,16"));
  static const char *const in[] = { "frame", "fused", "count", "noise" };
  static const char *const out[] = { "clean", "fused_out", "count_out" };
  for (size_t i = 0; i < 4; i++)
    ck_assert_str_eq (ae_model_input_name (model, i), in[i]);
  for (size_t i = 0; i < 3; i++)
    ck_assert_str_eq (ae_model_output_name (model, i), out[i]);
  ae_model_unref (&model);
  ae_denoise_trainer_free (&trainer);
}
END_TEST

/* Without earlier frames the fused state is the frame; with equal ones the
 * count grows. */
START_TEST (test_network_fuses_as_its_contract_says)
{
  AeDenoiseTrainer *trainer = new_trainer (NULL);
  AeModel *model;
  AeSession *session;
  ck_assert_int_eq (ae_denoise_trainer_model (trainer, &model, NULL), AE_OK);
  ck_assert_int_eq (ae_session_new (&session, model, NULL, NULL), AE_OK);
  const int channels[] = { 6, 6, 1, 2 };
  AeTensor inputs[4];
  for (int i = 0; i < 4; i++)
    inputs[i] = (AeTensor){ AE_F32, AE_LAYOUT_PLAIN,
      ae_shape (4, 1, channels[i], 12, 20), NULL };
  ck_assert_int_eq (ae_session_bind (session, inputs, 4, NULL), AE_OK);
  AeRng rng;
  ae_rng_seed (&rng, 1);
  float frame[6 * 240], fused[6 * 240];
  for (int count = 0; count < 60; count += 30) {
    for (int i = 0; i < 6 * 240; i++) {
      frame[i] = ae_rng_uniform (&rng);
      fused[i] = ae_rng_uniform (&rng);
    }
    memcpy (ae_session_input (session, 0)->data, frame, sizeof frame);
    memcpy (ae_session_input (session, 1)->data, fused, sizeof fused);
    for (int i = 0; i < 240; i++)
      ((float *) ae_session_input (session, 2)->data)[i] = (float) count;
    for (int i = 0; i < 480; i++)
      ((float *) ae_session_input (session, 3)->data)[i] = 0.1f;
    ae_session_run (session);
    const float *f = ae_session_output (session, 1)->data;
    const float *c = ae_session_output (session, 2)->data;
    for (int i = 0; i < 240; i++) {
      ck_assert (c[i] >= 1 && c[i] <= 24);
      /* between the two, as far from the frame as the count says */
      float share = (f[i] - frame[i]) / (fused[i] - frame[i]);
      if (count == 0)
        ck_assert_float_eq_tol (f[i], frame[i], 1e-6f);
      else if (c[i] < 24 && fabsf (fused[i] - frame[i]) > 0.05f)
        ck_assert_float_eq_tol (share, 1 - 1 / c[i], 1e-3f);
    }
  }
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_denoise_trainer_free (&trainer);
}
END_TEST

static const char *
model_id (AeDenoiseTrainer *trainer, char id[33])
{
  AeModel *model;
  ck_assert_int_eq (ae_denoise_trainer_model (trainer, &model, NULL), AE_OK);
  strcpy (id, ae_model_id (model));
  ae_model_unref (&model);
  return id;
}

START_TEST (test_resumed_training_goes_on_the_same)
{
  char path[] = "/tmp/ae-denoise-XXXXXX", id[2][33];
  close (mkstemp (path));
  AeDenoiseTrainer *a = new_trainer (NULL), *b = new_trainer (NULL);
  train (a, 7);
  ck_assert_int_eq (ae_denoise_trainer_save (a, path, NULL), AE_OK);
  train (a, 6);
  train (b, 2);
  ck_assert_int_eq (ae_denoise_trainer_restore (b, path, NULL), AE_OK);
  train (b, 6);
  ck_assert_str_eq (model_id (a, id[0]), model_id (b, id[1]));
  unlink (path);
  ae_denoise_trainer_free (&a);
  ae_denoise_trainer_free (&b);
}
END_TEST

START_TEST (test_base_model_gives_its_weights)
{
  AeDenoiseTrainer *a = new_trainer (NULL);
  train (a, 10);
  AeModel *base, *again;
  ck_assert_int_eq (ae_denoise_trainer_model (a, &base, NULL), AE_OK);
  AeDenoiseTrainer *b = new_trainer (base);
  ck_assert_int_eq (ae_denoise_trainer_model (b, &again, NULL), AE_OK);
  const AeGraph *x = ae_model_graph (base), *y = ae_model_graph (again);
  for (int i = 0; i < x->n_values; i++)
    if (x->values[i].trainable) {
      int k = ae_graph_find (y, x->values[i].name);
      ck_assert_int_ge (k, 0);
      ck_assert (memcmp (x->values[i].constant->data,
                     y->values[k].constant->data,
                     ae_tensor_bytes (x->values[i].constant))
          == 0);
    }
  AeDenoiseTrainer *c;
  AeError err;
  ck_assert_int_eq (
      ae_recipe_set (recipe, "network", "widths", "16,32", NULL), AE_OK);
  ck_assert_int_eq (
      ae_denoise_trainer_new (&c, recipe, base, &err), AE_ERROR_SHAPE);
  ck_assert_ptr_nonnull (strstr (err.text, "does not fit"));
  ae_model_unref (&base);
  ae_model_unref (&again);
  ae_denoise_trainer_free (&a);
  ae_denoise_trainer_free (&b);
  ck_assert_int_gt (ae_mem_live (), 0); /* the recipe */
}
END_TEST

START_TEST (test_a_cancelled_trainer_does_not_validate)
{
  AeDenoiseTrainer *trainer = new_trainer (NULL);
  AeError err;
  float psnr;
  train (trainer, 1);
  ck_assert_int_eq (
      ae_denoise_trainer_validate (trainer, &psnr, &err), AE_OK);
  ae_denoise_trainer_cancel (trainer);
  ck_assert_int_eq (
      ae_denoise_trainer_validate (trainer, &psnr, &err), AE_ERROR_CANCELLED);
  /* what there is can still be had */
  AeModel *model;
  ck_assert_int_eq (ae_denoise_trainer_model (trainer, &model, NULL), AE_OK);
  ae_model_unref (&model);
  ae_denoise_trainer_free (&trainer);
}
END_TEST

START_TEST (test_wrong_recipes_and_no_pictures)
{
  AeDenoiseTrainer *trainer;
  AeError err;
  ck_assert_int_eq (
      ae_denoise_trainer_new (&trainer, recipe, NULL, NULL), AE_OK);
  ck_assert_int_eq (
      ae_denoise_trainer_step (trainer, NULL, &err), AE_ERROR_NEEDS_DATA);
  float psnr;
  ck_assert_int_eq (
      ae_denoise_trainer_validate (trainer, &psnr, &err), AE_ERROR_NEEDS_DATA);
  ae_denoise_trainer_free (&trainer);
  ck_assert_int_eq (
      ae_recipe_set (recipe, "training", "patch", "36", NULL), AE_OK);
  ck_assert_int_eq (ae_denoise_trainer_new (&trainer, recipe, NULL, &err),
      AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, "patch is 36"));
  ck_assert_int_eq (
      ae_recipe_set (recipe, "training", "patch", "32", NULL), AE_OK);
  ck_assert_int_eq (
      ae_recipe_set (recipe, "network", "depths", "2", NULL), AE_OK);
  ck_assert_int_eq (ae_denoise_trainer_new (&trainer, recipe, NULL, &err),
      AE_ERROR_FORMAT);
  ck_assert_ptr_null (trainer);
}
END_TEST

/* A cut or flipped checkpoint is refused and changes nothing: training does
 * not go on from half a state. */
START_TEST (test_a_damaged_checkpoint_is_not_resumed)
{
  char path[] = "/tmp/ae-denoise-XXXXXX", id[2][33];
  int fd = mkstemp (path);
  AeDenoiseTrainer *a = new_trainer (NULL), *b = new_trainer (NULL);
  train (a, 2);
  train (b, 3);
  model_id (b, id[0]);
  ck_assert_int_eq (ae_denoise_trainer_save (a, path, NULL), AE_OK);
  close (fd);
  void *bytes;
  size_t size;
  ck_assert_int_eq (
      ae_file_read (path, 1 << 30, &bytes, &size, NULL), AE_OK);
  const size_t cuts[] = { 0, 71, 72, size / 2, size - 8, size - 1, size };
  for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
    AeError err;
    if (cuts[i] == size)
      ((uint8_t *) bytes)[size / 3] ^= 4;
    ck_assert_int_eq (ae_file_replace (path, bytes, cuts[i], NULL), AE_OK);
    ck_assert_int_eq (
        ae_denoise_trainer_restore (b, path, &err), AE_ERROR_FORMAT);
    ck_assert_ptr_nonnull (strstr (err.text, path));
    ck_assert_str_eq (model_id (b, id[1]), id[0]);
  }
  train (b, 1);
  ae_free (bytes);
  unlink (path);
  ae_denoise_trainer_free (&a);
  ae_denoise_trainer_free (&b);
}
END_TEST

/* Pictures and a model, each allocation failing in turn: an error, nothing
 * leaked. */
START_TEST (test_lack_of_memory_is_an_error)
{
  AeStatus status = AE_ERROR_MEMORY;
  static uint8_t grey[40 * 40];
  AeImage image = { .width = 40, .height = 40, .plane = { grey },
    .stride = { 40 } };
  long before = ae_mem_live ();
  for (long at = 1; status != AE_OK; at += 1 + at / 100) {
    AeDenoiseTrainer *trainer = NULL;
    AeModel *model = NULL;
    ck_assert_int_lt (at, 100000);
    ae_mem_fail_at (at, false);
    status = ae_denoise_trainer_new (&trainer, recipe, NULL, NULL);
    if (status == AE_OK)
      status = ae_denoise_trainer_add (trainer, &image, false, NULL);
    if (status == AE_OK)
      status = ae_denoise_trainer_model (trainer, &model, NULL);
    ae_mem_fail_at (0, false);
    ck_assert_msg (status == AE_OK || status == AE_ERROR_MEMORY,
        "status %d when allocation %ld fails", (int) status, at);
    ae_model_unref (&model);
    ae_denoise_trainer_free (&trainer);
    ck_assert_int_eq (ae_mem_live (), before);
  }
}
END_TEST

static Suite *
denoise_trainer_suite (void)
{
  Suite *suite = suite_create ("denoise_trainer");
  TCase *tcase = tcase_create ("denoise_trainer");
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_training_improves_pictures);
  tcase_add_test (tcase, test_model_says_what_it_is);
  tcase_add_test (tcase, test_network_fuses_as_its_contract_says);
  tcase_add_test (tcase, test_resumed_training_goes_on_the_same);
  tcase_add_test (tcase, test_base_model_gives_its_weights);
  tcase_add_test (tcase, test_a_cancelled_trainer_does_not_validate);
  tcase_add_test (tcase, test_wrong_recipes_and_no_pictures);
  tcase_add_test (tcase, test_a_damaged_checkpoint_is_not_resumed);
  tcase_add_test (tcase, test_lack_of_memory_is_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (denoise_trainer_suite)
