/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/sampler.h>
#include <ae/session.h>

#include "graph/build.h"
#include "sample/class_shares.h"
#include "sample/prior.h"
#include "train/autoencoder_nets.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LATENT = 4, CLASSES = 3, SIDE = 2, VALUES = SIDE * SIDE };

/* What a model of a test is like. */
typedef struct {
  int latent, classes; /* 0: no class input */
  bool square;         /* codes (N,L,1,1) */
  int channels;
  const AeMixture *prior;
  const float *shares; /* of the classes */
  size_t n_shares;
  const char *const *meta;
  size_t n_meta;
} Plan;

static const Plan plain = { .latent = LATENT, .channels = 1 };

/* The picture's values are the code's numbers; a class adds its number + 1 to
 * all of them. */
static AeModel *
make_model (const Plan *p)
{
  static const float add[CLASSES * VALUES]
      = { 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3 };
  AeBuilder b;
  AeModel *model;
  AeError err;
  int64_t flat[2] = { -1, VALUES };
  int64_t picture[4] = { -1, p->channels, SIDE, SIDE };
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "z",
      p->square ? ae_shape (4, -1, p->latent, 1, 1)
                : ae_shape (2, -1, p->latent));
  if (p->square)
    x = ae_build_reshape (&b, x, flat, 2);
  if (p->classes) {
    int c = ae_build_input (&b, "y", ae_shape (2, -1, p->classes));
    int w = ae_build_values (&b, ae_shape (2, CLASSES, VALUES), add, NULL);
    x = ae_build_binary (&b, "Add", x, ae_build_binary (&b, "MatMul", c, w));
  }
  ae_build_output (&b, ae_build_reshape (&b, x, picture, 4), "picture");
  if (p->prior)
    ae_build_output (&b,
        ae_build_values (&b, ae_shape (2, 1, (int) p->prior->floats),
            p->prior->block, NULL),
        AE_PRIOR_CONSTANT);
  if (p->shares)
    ae_build_output (&b,
        ae_build_values (
            &b, ae_shape (2, 1, (int) p->n_shares), p->shares, NULL),
        AE_SHARES_CONSTANT);
  for (size_t i = 0; i < p->n_meta; i++)
    ae_model_set_meta (
        b.model, p->meta[2 * i], p->meta[2 * i + 1], &b.error);
  if (ae_builder_end (&b, &model, &err) != AE_OK)
    ck_abort_msg ("%s", err.text);
  return model;
}

static AeSampler *
sampler_of (const Plan *p, const AeSamplerOptions *options)
{
  AeModel *model = make_model (p);
  AeSampler *s;
  AeError err;
  if (ae_sampler_new (&s, model, options, &err) != AE_OK)
    ck_abort_msg ("%s", err.text);
  ae_model_unref (&model);
  return s;
}

/* Codes. */

START_TEST (test_draws_are_normal_and_repeatable)
{
  enum { N = 20000 };
  AeSampler *s = sampler_of (&plain, NULL);
  double sum = 0, squares = 0, products = 0;
  float code[LATENT], again[LATENT], before[LATENT] = { 0 };
  for (int i = 0; i < N; i++) {
    ae_sampler_draw (s, 7, (uint64_t) i, 1, code, NULL);
    for (int k = 0; k < LATENT; k++) {
      sum += code[k];
      squares += (double) code[k] * code[k];
      products += (double) code[k] * before[k];
    }
    memcpy (before, code, sizeof code);
  }
  double n = N * LATENT;
  ck_assert_double_eq_tol (sum / n, 0, 5 / sqrt (n));
  ck_assert_double_eq_tol (squares / n, 1, 5 * sqrt (2 / n));
  ck_assert_double_eq_tol (products / n, 0, 5 / sqrt (n));
  ae_sampler_draw (s, 7, N - 1, 1, again, NULL);
  ck_assert_mem_eq (again, code, sizeof code);
  ae_sampler_draw (s, 8, N - 1, 1, again, NULL);
  ck_assert_mem_ne (again, code, sizeof code);
  ae_sampler_draw (s, 7, N - 1, 0.5f, again, NULL);
  ck_assert_float_eq (again[1], 0.5f * code[1]);
  ae_sampler_free (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_classes_are_drawn_as_often)
{
  enum { N = 3000 };
  Plan p = { .latent = LATENT, .classes = CLASSES, .channels = 1 };
  AeSampler *s = sampler_of (&p, NULL);
  int count[CLASSES] = { 0 }, label;
  float code[LATENT];
  for (uint64_t i = 0; i < N; i++) {
    ae_sampler_draw (s, 1, i, 1, code, &label);
    ck_assert (label >= 0 && label < CLASSES);
    count[label]++;
  }
  for (int i = 0; i < CLASSES; i++)
    ck_assert_int_lt (abs (count[i] - N / CLASSES), 130); /* 5 deviations */
  ae_sampler_free (&s);
}
END_TEST

/* Where the model says how often; one that never is is never drawn. */
START_TEST (test_classes_are_drawn_by_their_shares)
{
  enum { N = 4000 };
  static const float shares[CLASSES] = { 0.75f, 0.25f, 0 };
  Plan p = { .latent = LATENT, .classes = CLASSES, .channels = 1,
    .shares = shares, .n_shares = CLASSES };
  AeSampler *s = sampler_of (&p, NULL);
  int count[CLASSES] = { 0 }, label;
  float code[LATENT];
  ck_assert (!ae_sampler_facts (s).clusters);
  for (uint64_t i = 0; i < N; i++) {
    ae_sampler_draw (s, 1, i, 1, code, &label);
    ck_assert (label >= 0 && label < CLASSES);
    count[label]++;
  }
  ck_assert_int_lt (abs (count[0] - 3 * N / 4), 137); /* 5 deviations */
  ck_assert_int_eq (count[2], 0);
  ae_sampler_free (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Two groups of rows, far from each other, one of them along a diagonal. */
static AeMixture *
make_prior (void)
{
  enum { N = 4000 };
  static float rows[N * LATENT];
  AeMixtureOptions o = { .components = 2, .full = true, .seed = 1 };
  AeMixture *m;
  AeRng rng;
  ae_rng_seed (&rng, 4);
  for (int i = 0; i < N; i++)
    for (int k = 0; k < LATENT; k++)
      rows[i * LATENT + k] = i % 4 ? 10 + ae_rng_normal (&rng)
          : k > 0 ? rows[i * LATENT] * 0.5f + 0.1f * ae_rng_normal (&rng)
                  : ae_rng_normal (&rng);
  ck_assert_int_eq (ae_mixture_fit (&m, rows, N, LATENT, &o, NULL), AE_OK);
  return m;
}

START_TEST (test_a_models_prior_is_drawn_from)
{
  enum { N = 8000 };
  AeMixture *prior = make_prior ();
  Plan p = { .latent = LATENT, .channels = 1, .prior = prior };
  AeSampler *s = sampler_of (&p, NULL);
  double far = 0, spread = 0, along = 0, squares = 0;
  float code[LATENT];
  for (uint64_t i = 0; i < N; i++) {
    ae_sampler_draw (s, 3, i, 1, code, NULL);
    if (code[0] > 5) {
      far++;
      spread += (code[0] - 10) * (code[0] - 10);
    } else {
      along += (double) code[0] * code[1];
      squares += (double) code[0] * code[0];
    }
  }
  ck_assert_double_eq_tol (far / N, 0.75, 0.03);
  ck_assert_double_eq_tol (spread / far, 1, 0.1);
  ck_assert_double_eq_tol (along / squares, 0.5, 0.05);
  ae_sampler_draw (s, 3, 0, 0, code, NULL); /* a mean */
  ck_assert (fabsf (code[0]) < 0.2f || fabsf (code[0] - 10) < 0.2f);
  ae_sampler_free (&s);
  AeSamplerOptions normal = { .normal_prior = true };
  s = sampler_of (&p, &normal);
  for (uint64_t i = 0; i < 500; i++) {
    ae_sampler_draw (s, 3, i, 1, code, NULL);
    ck_assert_float_lt (fabsf (code[0]), 6);
  }
  ae_sampler_free (&s);
  ae_mixture_free (&prior);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_between_two_codes_lies_an_arc)
{
  static const float a[LATENT] = { 2, 0, 0, 0 }, b[LATENT] = { 0, 4, 0, 0 },
                     c[LATENT] = { 6, 0, 0, 0 }, none[LATENT] = { 0 },
                     back[LATENT] = { -2, 0, 0, 0 };
  AeSampler *s = sampler_of (&plain, NULL);
  float code[LATENT];
  ae_sampler_between (s, a, b, 0, code);
  ck_assert_float_eq_tol (code[0], 2, 1e-6);
  ck_assert_float_eq_tol (code[1], 0, 1e-6);
  ae_sampler_between (s, a, b, 1, code);
  ck_assert_float_eq_tol (code[0], 0, 1e-6);
  ck_assert_float_eq_tol (code[1], 4, 1e-6);
  ae_sampler_between (s, a, b, 0.5f, code);
  ck_assert_float_eq_tol (code[0], 3 * sqrtf (0.5f), 1e-5);
  ck_assert_float_eq_tol (code[1], 3 * sqrtf (0.5f), 1e-5);
  ae_sampler_between (s, a, c, 0.25f, code);
  ck_assert_float_eq_tol (code[0], 3, 1e-5);
  ae_sampler_between (s, none, b, 0.25f, code);
  ck_assert_float_eq_tol (code[1], 1, 1e-5);
  ae_sampler_between (s, a, back, 0.25f, code);
  ck_assert_float_eq_tol (code[0], 1, 1e-5);
  ae_sampler_free (&s);
}
END_TEST

/* What is below 0 is black: nothing changes over the first half of the way. */
START_TEST (test_ways_are_paced_by_what_changes)
{
  static const float from[LATENT] = { -1, -1, 0.5f, 0 },
                     to[LATENT] = { 1, 1, -0.5f, 0 }, same[LATENT] = { 0 };
  AeSampler *s = sampler_of (&plain, NULL);
  float shares[5];
  AeError err;
  static const float way[2][LATENT]
      = { { -1, -1, 0, 0 }, { 1, 1, 0, 0 } };
  ck_assert_int_eq (
      ae_sampler_pace (s, way[0], way[1], 0, shares, 5, &err), AE_OK);
  ck_assert_float_eq (shares[0], 0);
  for (int i = 1; i < 4; i++)
    ck_assert_float_eq_tol (shares[i], 0.5f + 0.125f * (float) i, 0.01f);
  ck_assert_float_eq (shares[4], 1);
  ck_assert_int_eq (
      ae_sampler_pace (s, from, to, 0, shares, 5, &err), AE_OK);
  for (int i = 1; i < 5; i++)
    ck_assert_float_gt (shares[i], shares[i - 1]);
  ck_assert_int_eq (
      ae_sampler_pace (s, same, same, 0, shares, 3, &err), AE_OK);
  ck_assert_float_eq (shares[1], 0.5f);
  ae_sampler_free (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_attributes_shift_codes)
{
  static const char *const meta[] = { "ae.attributes", "thick,slanted",
    "ae.attribute.thick", "1,0,0,0", "ae.attribute.slanted",
    "0,-0.5,0,2e1" };
  Plan p
      = { .latent = LATENT, .channels = 1, .meta = meta, .n_meta = 3 };
  AeSampler *s = sampler_of (&p, NULL);
  float code[LATENT] = { 1, 1, 1, 1 };
  ck_assert_uint_eq (ae_sampler_facts (s).attributes, 2);
  ck_assert_str_eq (ae_sampler_attribute (s, 0), "thick");
  ck_assert_int_eq (ae_sampler_find_attribute (s, "slanted"), 1);
  ck_assert_int_eq (ae_sampler_find_attribute (s, "slant"), -1);
  ae_sampler_shift (s, 0, -2, code);
  ae_sampler_shift (s, 1, 2, code);
  ck_assert_float_eq (code[0], -1);
  ck_assert_float_eq (code[1], 0);
  ck_assert_float_eq (code[2], 1);
  ck_assert_float_eq (code[3], 41);
  ae_sampler_free (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Pictures. */

START_TEST (test_codes_become_pictures)
{
  Plan p = { .latent = LATENT, .channels = 1, .square = _i };
  AeSamplerOptions options = { .batch = 3, .n_threads = 1 };
  AeSampler *s = sampler_of (&p, &options);
  static const float codes[2 * LATENT]
      = { 0.25f, -1, 2, NAN, 1, 0.5f, INFINITY, 0 };
  static const float wanted[2 * VALUES] = { 0.25f, 0, 1, 0, 1, 0.5f, 1, 0 };
  float made[2 * VALUES];
  AeSamplerFacts facts = ae_sampler_facts (s);
  ck_assert_int_eq (facts.width, SIDE);
  ck_assert_int_eq (facts.height, SIDE);
  ck_assert_int_eq (facts.channels, 1);
  ck_assert_int_eq (facts.latent, LATENT);
  ck_assert_int_eq (facts.classes, 0);
  ck_assert_int_eq (facts.batch, 3);
  ck_assert (!facts.encodes);
  ae_sampler_decode (s, codes, NULL, 2, made);
  ck_assert_mem_eq (made, wanted, sizeof made);
  ae_sampler_free (&s);
}
END_TEST

START_TEST (test_classes_and_ranges_count)
{
  static const char *const meta[] = { "ae.output_range", "0-255" };
  Plan p = { .latent = LATENT,
    .channels = 1,
    .classes = CLASSES,
    .meta = meta,
    .n_meta = 1 };
  AeSamplerOptions options = { .batch = 2 };
  AeSampler *s = sampler_of (&p, &options);
  static const float codes[2 * LATENT] = { 50, 0, -1, 254, 0, 0, 0, 0 };
  float made[2 * VALUES];
  ae_sampler_decode (s, codes, (int[]){ 0, 2 }, 2, made);
  ck_assert_float_eq_tol (made[0], 51 / 255.f, 1e-6);
  ck_assert_float_eq_tol (made[2], 0, 1e-6);
  ck_assert_float_eq_tol (made[3], 1, 1e-6);
  ck_assert_float_eq_tol (made[4], 3 / 255.f, 1e-6);
  ae_sampler_free (&s);
}
END_TEST

START_TEST (test_pictures_are_painted_at_any_size)
{
  enum { W = 6, H = 4, STRIDE = 8 };
  AeSampler *s = sampler_of (&plain, NULL);
  static const float picture[VALUES] = { 0, 1, 0, 1 };
  uint8_t pixels[H * STRIDE];
  AeError err;
  memset (pixels, 9, sizeof pixels);
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = W, .height = H,
    .plane = { pixels }, .stride = { STRIDE }, .full_range = true };
  ck_assert_int_eq (ae_sampler_bind (s, &image, &err), AE_OK);
  ae_sampler_paint (s, picture, &image, &image);
  for (int y = 0; y < H; y++) {
    ck_assert_uint_eq (pixels[y * STRIDE], 0);
    ck_assert_uint_eq (pixels[y * STRIDE + W - 1], 255);
    ck_assert_uint_eq (pixels[y * STRIDE + W], 9);
    for (int x = 1; x < W; x++)
      ck_assert_uint_ge (
          pixels[y * STRIDE + x], pixels[y * STRIDE + x - 1]);
  }
  ae_sampler_free (&s);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A linear autoencoder whose weights are random. */
static AeModel *
make_autoencoder (AeCodeKind code, int classes)
{
  AeAutoencoderShape shape = { .net = AE_CODER_LINEAR, .code = code,
    .likelihood = AE_LIKELIHOOD_BERNOULLI, .size = { SIDE, SIDE, 1 },
    .latent = LATENT, .classes = classes };
  AeAutoencoderTerms terms = { .batch = 1 };
  AeAutoencoderPlaces places;
  AeModel *trained, *model;
  AeError err;
  char count[8];
  snprintf (count, sizeof count, "%d", classes);
  const char *const meta[] = { "ae.task", "autoencoder",
    "ae.autoencoder.latent", "4", "ae.autoencoder.classes", count,
    "ae.autoencoder.code",
    code == AE_CODE_VARIATIONAL ? "variational" : "plain" };
  AeAutoencoderFacts facts = { .meta = meta, .n_meta = 4 };
  ck_assert_int_eq (ae_build_autoencoder_training (
                        &trained, &places, &shape, &terms, NULL, 5, &err),
      AE_OK);
  ck_assert_msg (
      ae_build_autoencoder (&model, &shape, trained, &facts, &err) == AE_OK,
      "%s", err.text);
  ae_model_unref (&trained);
  return model;
}

/* The picture of a picture's code is what the whole model makes of it. */
static void
expect_whole (AeModel *model, AeSampler *s, const uint8_t *pixels, int label)
{
  AeSession *session;
  AeError err;
  AeTensor in[2] = { { .type = AE_F32, .shape = ae_shape (4, 1, 1, 2, 2) },
    { .type = AE_F32, .shape = ae_shape (2, 1, CLASSES) } };
  size_t n = ae_sampler_facts (s).classes ? 2 : 1;
  float code[LATENT], made[VALUES];
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { (uint8_t *) pixels }, .stride = { SIDE }, .full_range = true };
  ck_assert_int_eq (ae_sampler_bind (s, &image, &err), AE_OK);
  ck_assert_msg (ae_sampler_encode (s, &image, label, code, NULL, &err)
          == AE_OK, "%s", err.text);
  ae_sampler_decode (s, code, &label, 1, made);
  ck_assert_int_eq (ae_session_new (&session, model, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_session_bind (session, in, n, &err), AE_OK);
  float *frame = ae_session_input (session, 0)->data;
  for (int i = 0; i < VALUES; i++)
    frame[i] = pixels[i] / 255.f;
  if (n == 2) {
    float *classes = ae_session_input (session, 1)->data;
    for (int i = 0; i < CLASSES; i++)
      classes[i] = i == label;
  }
  ae_session_run (session);
  const float *whole = ae_session_output (session, 0)->data;
  for (int i = 0; i < VALUES; i++)
    ck_assert_float_eq_tol (made[i], whole[i], 1e-5);
  ae_session_free (&session);
}

START_TEST (test_pictures_become_codes_and_come_back)
{
  static const uint8_t pixels[VALUES] = { 0, 80, 255, 20 };
  int classes = _i ? CLASSES : 0;
  AeModel *model
      = make_autoencoder (_i ? AE_CODE_VARIATIONAL : AE_CODE_PLAIN, classes);
  AeSampler *s;
  AeError err;
  ck_assert_msg (
      ae_sampler_new (&s, model, NULL, &err) == AE_OK, "%s", err.text);
  ck_assert (ae_sampler_facts (s).encodes);
  ck_assert_int_eq (ae_sampler_facts (s).variational, _i);
  ck_assert_int_eq (ae_sampler_facts (s).classes, classes);
  expect_whole (model, s, pixels, 2);
  float mean[LATENT], deviation[LATENT];
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { (uint8_t *) pixels }, .stride = { SIDE }, .full_range = true };
  ck_assert_int_eq (
      ae_sampler_encode (s, &image, 0, mean, deviation, &err), AE_OK);
  for (int i = 0; i < LATENT; i++)
    ck_assert (_i ? deviation[i] > 0 : deviation[i] == 0);
  if (_i) {
    ck_assert_int_eq (
        ae_sampler_encode (s, &image, CLASSES, mean, NULL, &err),
        AE_ERROR_ARGUMENT);
    ck_assert_msg (strstr (err.text, "label 3, wanted 0 to 2"), "%s",
        err.text);
  }
  ae_sampler_free (&s);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Wrong use. */

static void
expect_refusal (const Plan *p, int batch, AeStatus wanted, const char *text)
{
  AeModel *model = make_model (p);
  AeSamplerOptions options = { .batch = batch };
  AeSampler *s;
  AeError err = { 0 };
  AeStatus status = ae_sampler_new (&s, model, &options, &err);
  ck_assert_msg (status == wanted && !s && strstr (err.text, text),
      "%d: %s; wanted %d: %s", status, err.text, wanted, text);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}

static const struct {
  const char *meta[8];
  size_t n_meta;
  AeStatus status;
  const char *text;
} refused[] = {
  { { "ae.task", "denoise" }, 1, AE_ERROR_FORMAT,
      "found a model of task \"denoise\"" },
  { { "ae.task", "gan" }, 1, AE_ERROR_FORMAT,
      "ae.gan.latent is missing, wanted 1 to 4096" },
  { { "ae.task", "gan", "ae.gan.latent", "4", "ae.gan.classes", "x" }, 3,
      AE_ERROR_FORMAT, "ae.gan.classes is \"x\", wanted 0 to 1000" },
  { { "ae.task", "gan", "ae.gan.latent", "4", "ae.gan.classes", "0" }, 3,
      AE_ERROR_NOT_FOUND, "latent" },
  { { "ae.task", "gan", "ae.gan.latent", "4", "ae.gan.classes", "0",
        "ae.gan.clusters", "-1" }, 4,
      AE_ERROR_FORMAT, "ae.gan.clusters is \"-1\", wanted 0 to 1000" },
  { { "ae.output_range", "1-2" }, 1, AE_ERROR_FORMAT, "0-1, -1-1 or 0-255" },
  { { "ae.attributes", "a,,b" }, 1, AE_ERROR_FORMAT, "a name of 0 bytes" },
  { { "ae.attributes", "a" }, 1, AE_ERROR_FORMAT,
      "ae.attribute.a is missing, wanted 4 numbers" },
  { { "ae.attributes", "a", "ae.attribute.a", "1,2,3" }, 2, AE_ERROR_FORMAT,
      "ae.attribute.a is \"1,2,3\", wanted 4 numbers" },
  { { "ae.attributes", "a", "ae.attribute.a", "1,2,3,inf" }, 2,
      AE_ERROR_FORMAT, "wanted 4 numbers" },
};
enum { N_REFUSED = sizeof refused / sizeof *refused };

START_TEST (test_wrong_metadata_is_refused)
{
  Plan p = { .latent = LATENT,
    .channels = 1,
    .meta = refused[_i].meta,
    .n_meta = refused[_i].n_meta };
  expect_refusal (&p, 1, refused[_i].status, refused[_i].text);
}
END_TEST

START_TEST (test_what_makes_no_pictures_is_refused)
{
  Plan two = { .latent = LATENT, .channels = 2 }; /* sides of 2: does not fit */
  Plan prior = plain;
  AeMixture *m;
  static const float rows[6] = { 0, 1, 2, 3, 4, 5 };
  AeModel *model = make_model (&two);
  AeSampler *s;
  AeError err;
  AeSamplerOptions odd = { .batch = 3 };
  ck_assert_int_ne (ae_sampler_new (&s, model, &odd, &err), AE_OK);
  ae_model_unref (&model);
  expect_refusal (&plain, -1, AE_ERROR_ARGUMENT, "wanted 1 to 4096");
  expect_refusal (&plain, 4097, AE_ERROR_ARGUMENT, "wanted 1 to 4096");
  ck_assert_int_eq (ae_mixture_fit (&m, rows, 2, 3, NULL, NULL), AE_OK);
  prior.prior = m;
  model = make_model (&prior);
  ck_assert_int_eq (ae_sampler_new (&s, model, NULL, &err), AE_ERROR_SHAPE);
  ck_assert_msg (
      strstr (err.text, "3 numbers, wanted the 4 of a code"), "%s", err.text);
  ae_model_unref (&model);
  ae_mixture_free (&m);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const struct {
  float shares[CLASSES + 1];
  size_t n;
  const char *text;
} wrong_shares[] = {
  { { 0.5f, 0.5f }, 2, "is 2 numbers of type f32, wanted one of type "
                       "f32 for each of 3 classes" },
  { { 0.5f, 0.5f, 0.5f }, 3, "adds up to 1.5 with a least number of 0" },
  { { 1.5f, -0.5f, 0 }, 3, "adds up to 1 with a least number of -0.5" },
  { { NAN, 0.5f, 0.5f }, 3, "adds up to nan" },
};
enum { N_WRONG_SHARES = sizeof wrong_shares / sizeof *wrong_shares };

START_TEST (test_wrong_shares_are_refused)
{
  Plan p = { .latent = LATENT, .classes = CLASSES, .channels = 1,
    .shares = wrong_shares[_i].shares, .n_shares = wrong_shares[_i].n };
  expect_refusal (&p, 1, AE_ERROR_FORMAT, wrong_shares[_i].text);
}
END_TEST

START_TEST (test_models_that_only_make_pictures_do_not_encode)
{
  AeSampler *s = sampler_of (&plain, NULL);
  uint8_t pixels[VALUES] = { 0 };
  float code[LATENT];
  AeError err;
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { pixels }, .stride = { SIDE } };
  ck_assert_int_eq (ae_sampler_bind (s, &image, &err), AE_OK);
  ck_assert_int_eq (ae_sampler_encode (s, &image, 0, code, NULL, &err),
      AE_ERROR_UNSUPPORTED);
  image.width = 0;
  ck_assert_int_eq (ae_sampler_bind (s, &image, &err), AE_ERROR_ARGUMENT);
  ae_sampler_free (&s);
}
END_TEST

static Suite *
sampler_suite (void)
{
  Suite *suite = suite_create ("sampler");
  TCase *codes = tcase_create ("codes");
  tcase_add_test (codes, test_draws_are_normal_and_repeatable);
  tcase_add_test (codes, test_classes_are_drawn_as_often);
  tcase_add_test (codes, test_classes_are_drawn_by_their_shares);
  tcase_add_test (codes, test_a_models_prior_is_drawn_from);
  tcase_add_test (codes, test_between_two_codes_lies_an_arc);
  tcase_add_test (codes, test_ways_are_paced_by_what_changes);
  tcase_add_test (codes, test_attributes_shift_codes);
  suite_add_tcase (suite, codes);
  TCase *pictures = tcase_create ("pictures");
  tcase_add_loop_test (pictures, test_codes_become_pictures, 0, 2);
  tcase_add_test (pictures, test_classes_and_ranges_count);
  tcase_add_test (pictures, test_pictures_are_painted_at_any_size);
  tcase_add_loop_test (
      pictures, test_pictures_become_codes_and_come_back, 0, 2);
  suite_add_tcase (suite, pictures);
  TCase *wrong = tcase_create ("wrong use");
  tcase_add_loop_test (wrong, test_wrong_metadata_is_refused, 0, N_REFUSED);
  tcase_add_loop_test (
      wrong, test_wrong_shares_are_refused, 0, N_WRONG_SHARES);
  tcase_add_test (wrong, test_what_makes_no_pictures_is_refused);
  tcase_add_test (wrong, test_models_that_only_make_pictures_do_not_encode);
  suite_add_tcase (suite, wrong);
  return suite;
}

AE_TEST_MAIN (sampler_suite)
