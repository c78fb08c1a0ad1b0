/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"
#include "decimal_comma.h"

#include "detect/channels.h"
#include "detect/facts.h"
#include "graph/build.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 48, HEIGHT = 40, LATENT = 3, POINTS = 9 };

static AeFacts
make_facts (void)
{
  AeFacts f;
  AeError err;
  AeRng rng;
  float rows[60 * LATENT], points[POINTS * AE_MOTION_POINT], scores[200];
  AeObserverShape shape = { WIDTH, HEIGHT, 2, LATENT };
  AeMixtureOptions options = { .components = 2, .full = true, .seed = 1 };
  ae_rng_seed (&rng, 1);
  ck_assert_int_eq (ae_facts_init (&f, &shape, &err), AE_OK);
  f.frame_rate = 12.5;
  for (int i = 0; i < f.columns * f.rows; i++) {
    f.limit[i] = 0.5f + ae_rng_uniform (&rng);
    for (int k = 0; k < AE_APPEARANCES; k++)
      f.usual[k][i]
          = (AeUsual){ ae_rng_normal (&rng), 0.1f + ae_rng_uniform (&rng) };
  }
  for (int i = 0; i < 60 * LATENT; i++)
    rows[i] = ae_rng_normal (&rng);
  for (int i = 0; i < POINTS * AE_MOTION_POINT; i++)
    points[i] = ae_rng_uniform (&rng);
  ck_assert_int_eq (
      ae_mixture_fit (&f.latent, rows, 60, LATENT, &options, &err), AE_OK);
  ck_assert_int_eq (ae_facts_set_motion (&f, points, POINTS, &err), AE_OK);
  f.motion_scale = 0.75f;
  f.motion_jitter = 0.2f;
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    f.weight[c] = c ? 0.25f * (float) c : 0;
    for (int k = 0; c && k < AE_RARITY_STEPS; k++)
      f.rarity[c][k] = (float) (c * k) - 3;
    for (int i = 0; i < 200; i++)
      scores[i] = ae_rng_normal (&rng) + (float) c;
    ck_assert_int_eq (ae_calibration_fit (&f.calibration[c], scores, 200,
                          NULL, 0, 0.1, &err),
        AE_OK);
  }
  return f;
}

/* What a test may do to a model before it is made. */
typedef struct {
  const char *name;    /* of the tensor or key that is meant */
  const char *value;   /* of the metadata; NULL: left out */
  size_t index;        /* of the number that is changed */
  float number;
  AeShape shape;       /* rank > 0: instead of its own */
  AeType type;         /* not NONE: instead of f32 */
  const char *wanted;  /* in the error's text */
} Change;

enum { META, NUMBER, SHAPE, TYPE, WITHOUT };

static void
put_meta (AeBuilder *b, const Change *change, int what, const char *key,
    const char *value)
{
  if (change && what == META && strcmp (change->name, key) == 0)
    value = change->value;
  if (value && b->error.status == AE_OK)
    ae_model_set_meta (b->model, key, value, &b->error);
}

static void
put_tensor (
    AeBuilder *b, const Change *change, int what, const AeFactTensor *t)
{
  static float values[4096];
  bool meant = change && strcmp (change->name, t->name) == 0;
  AeShape shape = t->shape;
  if (meant && what == WITHOUT)
    return;
  ck_assert_uint_le (ae_shape_count (&shape), 2048);
  memset (values, 0, sizeof values);
  memcpy (values, t->values, ae_shape_count (&shape) * sizeof *values);
  if (meant && what == NUMBER)
    values[change->index] = change->number;
  if (meant && what == SHAPE)
    shape = change->shape;
  int value = meant && what == TYPE
      ? ae_build_int16s (b, shape, (const int16_t *) (void *) values)
      : ae_build_values (b, shape, values, NULL);
  ae_build_output (b, value, t->name);
}

static AeModel *
make_model (const AeFacts *facts, const Change *change, int what)
{
  AeFactList list;
  AeBuilder b;
  AeModel *model;
  AeError err;
  ck_assert_int_eq (ae_facts_list (&list, facts, &err), AE_OK);
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "frame", ae_shape (4, 1, 1, -1, -1));
  ae_build_output (&b, ae_build_unary (&b, "Identity", x), "prediction");
  for (size_t i = 0; i < list.n_tensors; i++)
    put_tensor (&b, change, what, &list.tensor[i]);
  put_meta (&b, change, what, "ae.task", "anomaly");
  put_meta (&b, change, what, "ae.anomaly.size", "48x40");
  put_meta (&b, change, what, "ae.anomaly.past", "2");
  put_meta (&b, change, what, "ae.anomaly.frame_rate", "12.5");
  for (int i = 0; i < AE_N_CHANNELS; i++)
    put_meta (&b, change, what, list.key[i], list.text[i]);
  ae_fact_list_clear (&list);
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static void
expect_same (const AeFacts *a, const AeFacts *b)
{
  size_t cells = (size_t) (a->columns * a->rows);
  ck_assert_mem_eq (&a->shape, &b->shape, sizeof a->shape);
  ck_assert (a->frame_rate == b->frame_rate);
  ck_assert_int_eq (a->columns, b->columns);
  ck_assert_int_eq (a->rows, b->rows);
  ck_assert_mem_eq (a->limit, b->limit, cells * sizeof (float));
  for (int k = 0; k < AE_APPEARANCES; k++)
    ck_assert_mem_eq (a->usual[k], b->usual[k], cells * sizeof (AeUsual));
  ck_assert_uint_eq (a->latent->floats, b->latent->floats);
  ck_assert_mem_eq (a->latent->block, b->latent->block,
      a->latent->floats * sizeof (float));
  ck_assert_uint_eq (a->n_points, b->n_points);
  if (a->n_points > 0)
    ck_assert_mem_eq (a->points, b->points,
        a->n_points * AE_MOTION_POINT * sizeof (float));
  ck_assert (!a->motion == !b->motion);
  ck_assert (a->motion_scale == b->motion_scale);
  ck_assert (a->motion_jitter == b->motion_jitter);
  ck_assert_mem_eq (a->rarity + 1, b->rarity + 1,
      sizeof a->rarity - sizeof a->rarity[0]);
  ck_assert_mem_eq (a->weight + 1, b->weight + 1,
      sizeof a->weight - sizeof a->weight[0]);
  ck_assert_mem_eq (a->calibration, b->calibration, sizeof a->calibration);
}

/* With usual motion, and with none ever seen. */
START_TEST (test_facts_survive_a_file)
{
  char folder[64];
  AeError err;
  AeModel *read;
  AeFacts facts = make_facts (), found;
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "facts.onnx");
  if (_i == 1) {
    ae_neighbours_free (&facts.motion);
    ae_free (facts.points);
    facts.points = NULL;
    facts.n_points = 0;
    facts.motion_jitter = 0;
  }
  AeModel *model = make_model (&facts, NULL, 0);
  ck_assert_int_eq (ae_model_save (model, path, &err), AE_OK);
  ck_assert_msg (ae_model_load (&read, path, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (
      ae_facts_read (&found, read, &err) == AE_OK, "%s", err.text);
  expect_same (&facts, &found);
  ae_facts_clear (&found);
  ae_facts_clear (&found);
  ae_facts_clear (&facts);
  ae_model_unref (&model);
  ae_model_unref (&read);
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* The rate is 12.5. */
START_TEST (test_facts_do_not_depend_on_the_locale)
{
  AeError err = { 0 };
  AeFacts facts = make_facts (), found;
  AeModel *model = make_model (&facts, NULL, 0);
  if (decimal_comma_begin ()) {
    AeStatus status = ae_facts_read (&found, model, &err);
    decimal_comma_end ();
    ck_assert_msg (status == AE_OK, "%s", err.text);
    expect_same (&facts, &found);
    ae_facts_clear (&found);
  }
  ae_model_unref (&model);
  ae_facts_clear (&facts);
}
END_TEST

#define CALIBRATION "ae.anomaly.calibration.motion"

static const struct {
  int what;
  Change change;
} changes[] = {
  { META, { "ae.task", NULL, .wanted = "ae.task is missing" } },
  { META, { "ae.task", "denoise", .wanted = "\"denoise\"" } },
  { META, { "ae.anomaly.size", NULL, .wanted = "size is missing" } },
  { META, { "ae.anomaly.size", "48", .wanted = "\"48\"" } },
  { META, { "ae.anomaly.size", "48x40x", .wanted = "\"48x40x\"" } },
  { META, { "ae.anomaly.size", "44x40", .wanted = "multiples of 8" } },
  { META, { "ae.anomaly.size", "24x40", .wanted = "\"24x40\"" } },
  { META, { "ae.anomaly.size", "-48x40", .wanted = "\"-48x40\"" } },
  { META, { "ae.anomaly.size", "8192x40", .wanted = "\"8192x40\"" } },
  { META, { "ae.anomaly.size", "99999999999x40", .wanted = "99999999999" } },
  { META, { "ae.anomaly.size", "56x40", .wanted = "wanted 5x7" } },
  { META, { "ae.anomaly.past", NULL, .wanted = "past is missing" } },
  { META, { "ae.anomaly.past", "17", .wanted = "0 to 16" } },
  { META, { "ae.anomaly.past", "-1", .wanted = "\"-1\"" } },
  { META, { "ae.anomaly.past", "2 ", .wanted = "\"2 \"" } },
  { META, { "ae.anomaly.past", "nan", .wanted = "\"nan\"" } },
  { META, { "ae.anomaly.frame_rate", NULL, .wanted = "rate is missing" } },
  { META, { "ae.anomaly.frame_rate", "0", .wanted = "0.01 to 1000" } },
  { META, { "ae.anomaly.frame_rate", "inf", .wanted = "\"inf\"" } },
  { META, { "ae.anomaly.frame_rate", "", .wanted = "\"\"" } },
  { META, { CALIBRATION, NULL, .wanted = CALIBRATION " is missing" } },
  { META, { CALIBRATION, "1 2 3", .wanted = CALIBRATION } },
  { WITHOUT, { "anomaly.limit", .wanted = "\"anomaly.limit\"" } },
  { WITHOUT, { "anomaly.usual", .wanted = "\"anomaly.usual\"" } },
  { WITHOUT, { "anomaly.rarity", .wanted = "\"anomaly.rarity\"" } },
  { WITHOUT, { "anomaly.weights", .wanted = "\"anomaly.weights\"" } },
  { WITHOUT, { "anomaly.motion_scale", .wanted = "\"anomaly.motion_scale\"" } },
  { WITHOUT, { "anomaly.latent", .wanted = "\"anomaly.latent\"" } },
  { TYPE, { "anomaly.limit", .wanted = "type i16, wanted f32" } },
  { TYPE, { "anomaly.motion", .wanted = "type i16, wanted f32" } },
  { SHAPE, { "anomaly.limit", .shape = { 2, { 6, 5 } },
               .wanted = "6x5, wanted 5x6" } },
  { SHAPE, { "anomaly.usual", .shape = { 3, { 3, 5, 12 } },
               .wanted = "wanted 3x5x6x2" } },
  { SHAPE, { "anomaly.rarity", .shape = { 2, { 5, 21 } },
               .wanted = "5x21, wanted 4x21" } },
  { SHAPE, { "anomaly.weights", .shape = { 1, { 5 } },
               .wanted = "shape 5, wanted 4" } },
  { SHAPE, { "anomaly.motion_scale", .shape = { 1, { 2 } },
               .wanted = "shape 2, wanted 1" } },
  { SHAPE, { "anomaly.motion_jitter", .shape = { 2, { 1, 1 } },
               .wanted = "shape 1x1, wanted 1" } },
  { SHAPE, { "anomaly.motion", .shape = { 2, { 9, 4 } },
               .wanted = "points of 5 values" } },
  { SHAPE, { "anomaly.motion", .shape = { 1, { 45 } },
               .wanted = "points of 5 values" } },
  { SHAPE, { "anomaly.latent", .shape = { 1, { 3 } },
               .wanted = "\"anomaly.latent\"" } },
  { SHAPE, { "anomaly.latent", .shape = { 1, { 30 } },
               .wanted = "\"anomaly.latent\"" } },
  { NUMBER, { "anomaly.limit", .index = 7, .number = 0,
                .wanted = "\"anomaly.limit\" holds a number that is not" } },
  { NUMBER, { "anomaly.limit", .index = 29, .number = -1,
                .wanted = "\"anomaly.limit\"" } },
  { NUMBER, { "anomaly.limit", .index = 0, .number = NAN,
                .wanted = "\"anomaly.limit\" holds" } },
  { NUMBER, { "anomaly.usual", .index = 1, .number = 0,
                .wanted = "\"anomaly.usual\" holds a number that is not" } },
  { NUMBER, { "anomaly.usual", .index = 2, .number = INFINITY,
                .wanted = "\"anomaly.usual\" holds inf" } },
  { NUMBER, { "anomaly.rarity", .index = 5, .number = -9,
                .wanted = "does not rise" } },
  { NUMBER, { "anomaly.weights", .index = 3, .number = -0.5f,
                .wanted = "weight -0.5" } },
  { NUMBER, { "anomaly.motion_scale", .number = 0,
                .wanted = "\"anomaly.motion_scale\"" } },
  { NUMBER, { "anomaly.motion_jitter", .number = -1,
                .wanted = "\"anomaly.motion_jitter\" holds a number" } },
  { NUMBER, { "anomaly.motion", .index = 44, .number = -INFINITY,
                .wanted = "\"anomaly.motion\" holds -inf" } },
  { NUMBER, { "anomaly.latent", .index = 0, .number = 7,
                .wanted = "\"anomaly.latent\"" } },
  { NUMBER, { "anomaly.latent", .index = 2, .number = 4000,
                .wanted = "\"anomaly.latent\"" } },
  { NUMBER, { "anomaly.latent", .index = 6, .number = NAN,
                .wanted = "\"anomaly.latent\" holds" } },
};
#define N_CHANGES ((int) (sizeof changes / sizeof *changes))

START_TEST (test_what_is_wrong_is_named)
{
  const Change *change = &changes[_i].change;
  AeFacts facts = make_facts (), found;
  AeError err = { 0 };
  AeModel *model = make_model (&facts, change, changes[_i].what);
  AeStatus status = ae_facts_read (&found, model, &err);
  ck_assert_msg (status == AE_ERROR_FORMAT || status == AE_ERROR_SHAPE,
      "status %d for %s", (int) status, change->name);
  ck_assert_int_eq (err.status, status);
  ck_assert_msg (strstr (err.text, change->wanted) != NULL,
      "\"%s\" does not say %s", err.text, change->wanted);
  ck_assert_ptr_null (strchr (err.text, '\n'));
  ck_assert_int_eq (ae_facts_read (&found, model, NULL), status);
  ck_assert_ptr_null (found.limit);
  ck_assert_ptr_null (found.latent);
  ae_facts_clear (&found);
  ae_model_unref (&model);
  ae_facts_clear (&facts);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_no_memory)
{
  AeFacts facts = make_facts (), found = { 0 };
  AeError err = { 0 };
  AeModel *model = make_model (&facts, NULL, 0);
  long live = ae_mem_live ();
  AeStatus status = AE_ERROR_MEMORY;
  int n = 0;
  for (; status != AE_OK; n++) {
    ck_assert_int_lt (n, 100);
    ae_mem_fail_at (n + 1, n % 2);
    status = ae_facts_read (&found, model, &err);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
    ck_assert (status == AE_OK || ae_mem_live () == live);
  }
  ck_assert_int_gt (n, 8);
  ae_facts_clear (&found);
  AeFactList list;
  ae_mem_fail_at (1, false);
  ck_assert_int_eq (ae_facts_list (&list, &facts, &err), AE_ERROR_MEMORY);
  ae_mem_fail_at (0, false);
  ae_fact_list_clear (&list);
  ck_assert_int_eq (ae_mem_live (), live);
  ae_model_unref (&model);
  ae_facts_clear (&facts);
}
END_TEST

/* Later points take the place of earlier ones, also when those are given. */
START_TEST (test_motion_points_are_copied)
{
  AeFacts f = make_facts ();
  AeError err;
  ck_assert_int_eq (ae_facts_set_motion (&f, f.points, 4, &err), AE_OK);
  ck_assert_uint_eq (f.n_points, 4);
  ck_assert_int_eq (
      ae_facts_set_motion (&f, f.points, 0, &err), AE_ERROR_ARGUMENT);
  ck_assert_uint_eq (f.n_points, 4); /* as it was */
  ae_facts_clear (&f);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_rarity_is_in_decades)
{
  AeFacts f = { 0 };
  const AeChannel c = AE_CHANNEL_LATENT;
  for (int k = 0; k < AE_RARITY_STEPS; k++)
    f.rarity[c][k] = (float) (k * k);
  ck_assert (ae_channels_rarity (&f, c, -5) == 0);
  ck_assert (ae_channels_rarity (&f, c, 0) == 0);
  ck_assert_float_eq_tol (ae_channels_rarity (&f, c, 16), 1, 1e-6f);
  ck_assert_float_eq_tol (ae_channels_rarity (&f, c, 64), 2, 1e-6f);
  ck_assert_float_eq_tol (
      ae_channels_rarity (&f, c, 20.5f), 1.125f, 1e-6f); /* half way */
  ck_assert_float_eq_tol (ae_channels_rarity (&f, c, 400), 5, 1e-6f);
  /* two decades from 144 to 400, and on */
  ck_assert_float_eq_tol (ae_channels_rarity (&f, c, 656), 7, 1e-5f);
  float before = 0;
  for (int i = 0; i < 3000; i++) {
    float rarity = ae_channels_rarity (&f, c, 0.25f * (float) i);
    ck_assert (rarity >= before && rarity < before + 0.3f);
    before = rarity;
  }
  for (int k = 0; k < AE_RARITY_STEPS; k++) /* all were the same */
    f.rarity[c][k] = 1;
  ck_assert (ae_channels_rarity (&f, c, 1) == 0);
  ck_assert (ae_channels_rarity (&f, c, 1.5f) > 5);
  ck_assert (isfinite (ae_channels_rarity (&f, c, 3e38f)));
  f.rarity[c][0] = -3e38f, f.rarity[c][AE_RARITY_STEPS - 1] = 3e38f;
  ck_assert (isfinite (ae_channels_rarity (&f, c, -2.9e38f)));
  ck_assert (isfinite (ae_channels_rarity (&f, c, 3.1e38f)));
}
END_TEST

/* Of facts that a file may hold, and whatever is seen. */
START_TEST (test_scores_are_finite)
{
  AeFacts f = make_facts ();
  AeChannels c;
  AeError err;
  int cells = f.columns * f.rows;
  float *motion = ae_calloc ((size_t) cells, 4 * AE_MOTION_FEATURES);
  float *appearance = ae_calloc ((size_t) cells, 4 * AE_APPEARANCES);
  for (int i = 0; i < cells; i++) {
    f.limit[i] = i % 2 ? 1e-40f : 3e38f;
    for (int k = 0; k < AE_APPEARANCES; k++) {
      f.usual[k][i] = (AeUsual){ i % 3 ? 3e38f : -3e38f, 1e-40f };
      appearance[i * AE_APPEARANCES + k] = i % 5 ? 1e6f : -1e6f;
    }
    for (int k = 0; k < AE_MOTION_FEATURES; k++)
      motion[i * AE_MOTION_FEATURES + k] = i % 4 ? 1 : 0;
  }
  for (int k = 1; k < AE_N_CHANNELS; k++)
    f.weight[k] = 3e38f;
  f.motion_scale = 1e-40f;
  AeObservation seen = { motion, appearance, NULL, 1 };
  ck_assert_int_eq (ae_channels_init (&c, &f, &err), AE_OK);
  ae_channels_score (&c, &seen);
  for (int k = 0; k < AE_N_CHANNELS; k++) {
    for (int i = 0; i < cells; i++)
      ck_assert_msg (fabsf (c.cells[k][i]) <= 1e6f, "%s of cell %d: %g",
          ae_channel_name ((AeChannel) k), i, c.cells[k][i]);
    ck_assert (
        fabsf (ae_channels_picture (&c, (AeChannel) k, NULL)) <= 1e6f);
  }
  ae_channels_clear (&c);
  ae_facts_clear (&f);
  ae_free (motion);
  ae_free (appearance);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
facts_suite (void)
{
  Suite *suite = suite_create ("facts");
  TCase *tcase = tcase_create ("facts");
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (tcase, test_facts_survive_a_file, 0, 2);
  tcase_add_test (tcase, test_facts_do_not_depend_on_the_locale);
  tcase_add_loop_test (tcase, test_what_is_wrong_is_named, 0, N_CHANGES);
  tcase_add_test (tcase, test_no_memory);
  tcase_add_test (tcase, test_motion_points_are_copied);
  tcase_add_test (tcase, test_rarity_is_in_decades);
  tcase_add_test (tcase, test_scores_are_finite);
  return suite;
}

AE_TEST_MAIN (facts_suite)
