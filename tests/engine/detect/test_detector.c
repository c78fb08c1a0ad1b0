/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Of models that are trained first, in a process of their own: its threads do
 * not live on in the tests' processes. */
#include "ae_test.h"
#include "ae_tmp.h"
#include "moving_square.h"

#include <ae/detector.h>
#include <ae/recipe_trainer.h>

#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { W = 64, H = 64, TRAINED = 700, USUAL = 300 };

#define SMALL \
  "past = 2\nwidths = 8,8,8\nlatent = 8\n" \
  "[training]\nsteps = 50\nbatch = 2\npatch = 64\nthreads = 1\n" \
  "warmup_steps = 0\nlearning_rate = 0.004\nema_decay = 0\nprecision = f32\n"

static const char *const recipes[] = {
  "[model]\ntask = anomaly\n[anomaly]\n" SMALL,
  "[model]\ntask = anomaly\n[anomaly]\nkind = pictures\nany_camera = yes\n"
  SMALL,
};

static char folder[64];
static uint8_t grey[W * H];

static AeImage
image_of (uint8_t *bytes, int width, int height)
{
  return (AeImage){ .pixels = AE_PIXELS_GRAY8, .width = width,
    .height = height, .plane = { bytes }, .stride = { width } };
}

/* With noise, and light that is never quite the same. */
static void
draw_usual (int time)
{
  Square squares[USUAL_SQUARES];
  square_usual (time, W, squares);
  square_draw (grey, W, H, 4, squares, USUAL_SQUARES);
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) time);
  float gain = 1 + 0.06f * sinf (0.02f * (float) time);
  for (int i = 0; i < W * H; i++)
    grey[i] = (uint8_t) fminf (
        fmaxf (gain * grey[i] + 1.5f * ae_rng_normal (&rng), 0), 255);
}

/* Training. */

static AeStatus
train (const char *text, int n_frames, const char *path, AeError *err)
{
  AeRecipe *recipe = NULL;
  AeRecipeTrainer *t = NULL;
  AeModel *model = NULL;
  AeStepReport report;
  AeImage image = image_of (grey, W, H);
  AeStatus status = ae_recipe_parse (&recipe, text, err);
  if (status == AE_OK)
    status = ae_recipe_trainer_new (&t, recipe, NULL, err);
  for (int i = 0; status == AE_OK && i < n_frames; i++) {
    draw_usual (i);
    status = ae_recipe_trainer_add (t, &image, i ? 0.1 : 0, err);
  }
  for (int i = 0; status == AE_OK && i < 50; i++)
    status = ae_recipe_trainer_step (t, &report, err);
  if (status == AE_OK)
    status = ae_recipe_trainer_model (t, false, &model, err);
  if (status == AE_OK)
    status = ae_model_save (model, path, err);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ae_recipe_free (&recipe);
  return status;
}

static const char *
model_path (int kind)
{
  return ae_tmp_path (folder, kind ? "pictures.onnx" : "video.onnx");
}

static void
make_models (void)
{
  ae_tmp_make (folder);
  pid_t child = fork ();
  if (child == 0) {
    AeError err = { 0 };
    AeStatus status = train (recipes[0], TRAINED, model_path (0), &err);
    if (status == AE_OK)
      status = train (recipes[1], 80, model_path (1), &err);
    if (status != AE_OK)
      fprintf (stderr, "%s\n", err.text);
    _exit (status != AE_OK);
  }
  int result = -1;
  ck_assert (child > 0 && waitpid (child, &result, 0) == child);
  ck_assert_int_eq (result, 0);
}

static void
remove_models (void)
{
  ae_tmp_remove (folder);
}

/* Detectors. */

static AeDetector *
open_detector (int kind, int n_threads)
{
  AeDetector *d;
  AeModel *model;
  AeError err;
  AeDetectorOptions options
      = { .n_threads = n_threads, .precision = AE_PRECISION_F32 };
  AeImage format = image_of (NULL, W, H);
  ck_assert_msg (ae_model_load (&model, model_path (kind), &err) == AE_OK,
      "%s", err.text);
  ck_assert_msg (ae_detector_new (&d, model, &options, &err) == AE_OK, "%s",
      err.text);
  ae_model_unref (&model);
  ck_assert_msg (
      ae_detector_bind (d, &format, &err) == AE_OK, "%s", err.text);
  return d;
}

static void
close_detector (AeDetector **d)
{
  ae_detector_free (d);
  ck_assert_ptr_null (*d);
  ck_assert_int_eq (ae_mem_live (), 0);
}

static AeDetection
look (AeDetector *d, double seconds)
{
  AeDetection seen;
  AeImage image = image_of (grey, W, H);
  ae_detector_process (d, &image, seconds, &seen);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    ck_assert_msg (isfinite (seen.score[c]), "%s is %g",
        ae_channel_name ((AeChannel) c), seen.score[c]);
  return seen;
}

/* The largest scores of usual pictures, of times that were not trained on. */
static AeDetection
most_usual (AeDetector *d)
{
  AeDetection most = { .score = { -1e9f, -1e9f, -1e9f, -1e9f, -1e9f } };
  ae_detector_reset (d);
  for (int t = 0; t < USUAL; t++) {
    draw_usual (10000 + t);
    AeDetection seen = look (d, t ? 0.1 : 0);
    for (int c = 0; seen.ready && c < AE_N_CHANNELS; c++)
      most.score[c] = fmaxf (most.score[c], seen.score[c]);
  }
  return most;
}

/* A large square that is five times as fast as usual ones, low in the
 * picture. */
static Square
odd_square (int t)
{
  return (Square){ 5 * (float) t - 24, 34, 26, 50 };
}

#define ODD_TIME 16

static void
draw_odd (int t)
{
  Square s = odd_square (t);
  square_draw (grey, W, H, 4, &s, 1);
}

/* Twenty still pictures and a part of the odd ones. */
static AeDetection
look_at_odd (AeDetector *d, int n)
{
  AeDetection seen = { 0 };
  ae_detector_reset (d);
  for (int t = 0; t < 20; t++) {
    square_draw (grey, W, H, 4, NULL, 0);
    seen = look (d, t ? 0.1 : 0);
  }
  for (int t = 0; t < n; t++) {
    draw_odd (t);
    seen = look (d, 0.1);
  }
  return seen;
}

static void
expect_equal (const AeDetection *a, const AeDetection *b, float tolerance)
{
  ck_assert (a->ready == b->ready);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    ck_assert_msg (fabsf (a->score[c] - b->score[c]) <= tolerance,
        "%s is %g, and %g", ae_channel_name ((AeChannel) c), a->score[c],
        b->score[c]);
}

START_TEST (test_ready_from_the_second_picture_on)
{
  AeDetector *d = open_detector (0, 1);
  int columns, rows;
  ae_detector_grid_size (d, &columns, &rows);
  ck_assert_int_eq (columns, W / 8);
  ck_assert_int_eq (rows, H / 8);
  ck_assert (!ae_detector_for_pictures (d));
  for (int round = 0; round < 2; round++)
    for (int t = 0; t < 4; t++) {
      draw_odd (t + 4);
      AeDetection seen = look (d, t ? 0.1 : 0);
      ck_assert (seen.ready == (t > 0));
      for (int c = 0; t == 0 && c < AE_N_CHANNELS; c++) {
        ck_assert (seen.score[c] == 0);
        for (int i = 0; i < columns * rows; i++)
          ck_assert (ae_detector_grid (d, (AeChannel) c)[i] == 0);
      }
    }
  close_detector (&d);
}
END_TEST

START_TEST (test_odd_scores_more_than_all_that_is_usual)
{
  AeDetector *d = open_detector (0, 1);
  AeDetection most = most_usual (d), odd = look_at_odd (d, 10);
  static const AeChannel channels[]
      = { AE_CHANNEL_FUSED, AE_CHANNEL_MOTION };
  for (int i = 0; i < 2; i++) {
    AeChannel c = channels[i];
    const AeCalibration *k = ae_detector_calibration (d, c);
    ck_assert_msg (odd.score[c] > 1.2f * most.score[c],
        "%s: %g, usual up to %g", ae_channel_name (c), odd.score[c],
        most.score[c]);
    ck_assert_msg (ae_calibration_probability (k, odd.score[c], 6) > 0.5,
        "%s: %g is below the threshold", ae_channel_name (c), odd.score[c]);
  }
  close_detector (&d);
}
END_TEST

/* What is there at once, in sight as a whole, is found in half a second. */
START_TEST (test_odd_is_found_soon)
{
  AeDetector *d = open_detector (0, 1);
  const AeCalibration *k = ae_detector_calibration (d, AE_CHANNEL_FUSED);
  look_at_odd (d, 0);
  int pictures = 0;
  for (double p = 0; p < 0.5; pictures++) {
    ck_assert_int_lt (pictures, 5);
    draw_odd (8 + pictures);
    AeDetection seen = look (d, 0.1);
    p = ae_calibration_probability (
        k, ae_detection_sure_score (&seen, AE_CHANNEL_FUSED), 6);
  }
  close_detector (&d);
}
END_TEST

START_TEST (test_grid_and_peak_lie_where_it_is)
{
  AeDetector *d = open_detector (0, 1);
  const int n = 11;
  look_at_odd (d, n);
  /* where it has been since its averages began, and a cell around */
  Square first = odd_square (n - 6), last = odd_square (n - 1);
  float x0 = first.x - 8, x1 = last.x + (float) last.size + 8;
  float y0 = last.y - 8, y1 = last.y + (float) last.size + 8;
  static const AeChannel channels[]
      = { AE_CHANNEL_FUSED, AE_CHANNEL_MOTION };
  for (int i = 0; i < 2; i++) {
    const float *grid = ae_detector_grid (d, channels[i]);
    int best = 0;
    for (int k = 0; k < W / 8 * (H / 8); k++)
      best = grid[k] > grid[best] ? k : best;
    float x = 8 * (float) (best % (W / 8)) + 4;
    float y = 8 * (float) (best / (W / 8)) + 4;
    ck_assert_msg (x > x0 && x < x1 && y > y0 && y < y1,
        "%s: largest at %g, %g", ae_channel_name (channels[i]), x, y);
    AeRegion r;
    ae_detector_peak (d, channels[i], &r);
    ck_assert (r.x >= 0 && r.y >= 0 && r.width > 0 && r.height > 0);
    ck_assert (r.x + r.width <= 1.0001f && r.y + r.height <= 1.0001f);
    ck_assert (x > r.x * W && x < (r.x + r.width) * W);
    ck_assert (y > r.y * H && y < (r.y + r.height) * H);
    ck_assert_msg ((r.y + r.height / 2) * H > y0, "%s: peak at %g",
        ae_channel_name (channels[i]), r.y);
  }
  close_detector (&d);
}
END_TEST

START_TEST (test_mask_hides_it)
{
  static uint8_t mask[W * H], none[W * H];
  AeDetector *d = open_detector (0, 1);
  AeDetection most = most_usual (d), open = look_at_odd (d, 10);
  AeRegion r;
  AeError err = { 0 };
  memset (mask, 255, W * 16); /* it is below, also with its surroundings */
  ck_assert_int_eq (ae_detector_set_mask (d, mask, &err), AE_OK);
  AeDetection hidden = look_at_odd (d, 10);
  ck_assert_msg (
      hidden.score[AE_CHANNEL_MOTION] < most.score[AE_CHANNEL_MOTION],
      "%g, usual up to %g", hidden.score[AE_CHANNEL_MOTION],
      most.score[AE_CHANNEL_MOTION]);
  ck_assert (hidden.score[0] < 0.5f * open.score[0]);
  ae_detector_peak (d, AE_CHANNEL_MOTION, &r);
  ck_assert (r.y + r.height <= 0.2501f);
  ck_assert_int_eq (
      ae_detector_set_mask (d, none, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "64x64") != NULL, "%s", err.text);
  AeDetection still = look_at_odd (d, 10); /* the mask before */
  expect_equal (&still, &hidden, 0);
  ck_assert_int_eq (ae_detector_set_mask (d, NULL, &err), AE_OK);
  AeDetection again = look_at_odd (d, 10);
  expect_equal (&again, &open, 0);
  close_detector (&d);
}
END_TEST

START_TEST (test_other_sizes)
{
  static uint8_t large[4 * W * H];
  AeDetector *d = open_detector (0, 1);
  AeDetection wanted = look_at_odd (d, 10), seen = { 0 };
  AeImage format = image_of (large, 2 * W, 2 * H);
  AeError err = { 0 };
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_OK);
  for (int t = 0; t < 30; t++) {
    if (t < 20)
      square_draw (grey, W, H, 4, NULL, 0);
    else
      draw_odd (t - 20);
    for (int i = 0; i < 4 * W * H; i++)
      large[i] = grey[i / (2 * W) / 2 * W + i % (2 * W) / 2];
    ae_detector_process (d, &format, t ? 0.1 : 0, &seen);
  }
  /* scaled down they are softer */
  ck_assert_float_eq_tol (seen.score[AE_CHANNEL_MOTION],
      wanted.score[AE_CHANNEL_MOTION],
      0.25f * wanted.score[AE_CHANNEL_MOTION]);
  format = image_of (large, 64, 48);
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_ERROR_SHAPE);
  ck_assert_msg (
      strstr (err.text, "64x48") && strstr (err.text, "64x64"), "%s",
      err.text);
  format = image_of (large, 66, 64);
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_OK);
  close_detector (&d);
}
END_TEST

START_TEST (test_same_scores_with_any_threads_and_again)
{
  AeDetector *d = open_detector (0, 1);
  AeDetection one = look_at_odd (d, 10);
  AeDetection again = look_at_odd (d, 10);
  expect_equal (&one, &again, 0);
  close_detector (&d);
  for (int n = 2; n <= 3; n++) {
    d = open_detector (0, n);
    AeDetection more = look_at_odd (d, 10);
    expect_equal (&one, &more, 0);
    close_detector (&d);
  }
}
END_TEST

START_TEST (test_times_of_parts_are_told)
{
  AeDetector *d = open_detector (0, 1);
  ck_assert (ae_detector_times (d).scaling == 0);
  look_at_odd (d, 10);
  AeDetectorTimes t = ae_detector_times (d);
  ck_assert (t.scaling > 0 && t.motion > 0 && t.networks > 0);
  ck_assert (t.densities > 0 && t.cells > 0);
  double sum = t.scaling + t.motion + t.networks + t.densities + t.cells;
  ck_assert_msg (sum < 1000, "%g ms", sum);
  close_detector (&d);
}
END_TEST

static void
darken (float gain)
{
  for (int i = 0; i < W * H; i++)
    grey[i] = (uint8_t) (gain * grey[i] + 0.5f);
}

/* Half as bright after ten minutes. Networks that were trained for 50 steps see
 * that the light lags behind, but it is nothing beside what is odd. Times go to
 * and fro, so that nothing jumps. */
START_TEST (test_slow_change_of_light_is_not_odd)
{
  enum { PICTURES = 600 };
  AeDetector *d = open_detector (0, 1);
  AeDetection most = most_usual (d), odd = look_at_odd (d, 10);
  float limit = (most.score[0] + odd.score[0]) / 2;
  ae_detector_reset (d);
  for (int t = 0; t < PICTURES; t++) {
    int time = t % (2 * USUAL);
    draw_usual (10000 + (time < USUAL ? time : 2 * USUAL - 1 - time));
    darken (1 - 0.5f * (float) t / PICTURES);
    AeDetection seen = look (d, t ? 1 : 0);
    ck_assert_msg (seen.light < 0.25f, "light %g", seen.light);
    ck_assert_msg (seen.score[0] < limit,
        "%g of picture %d, usual up to %g, odd %g", seen.score[0], t,
        most.score[0], odd.score[0]);
  }
  close_detector (&d);
}
END_TEST

/* Of the last pictures of usual footage. */
typedef struct {
  double mean[AE_N_CHANNELS], deviation[AE_N_CHANNELS];
} Level;

enum { LAST = 300 };

/* So that half the light still has enough contrast. */
static void
raise_contrast (void)
{
  for (int i = 0; i < W * H; i++)
    grey[i] = (uint8_t) fminf (fmaxf (120 + 2.5f * (grey[i] - 110.0f), 0), 255);
}

/* Light goes down to `light` in n pictures. */
static Level
level_at_end (AeDetector *d, int n, float light)
{
  Level l = { { 0 } };
  ae_detector_reset (d);
  for (int t = 0; t < n; t++) {
    int time = t % (2 * USUAL); /* to and fro, so that nothing jumps */
    draw_usual (10000 + (time < USUAL ? time : 2 * USUAL - 1 - time));
    raise_contrast ();
    darken (powf (light, (float) t / (float) n));
    AeDetection seen = look (d, t ? 0.1 : 0);
    for (int c = 0; t >= n - LAST && c < AE_N_CHANNELS; c++) {
      l.mean[c] += seen.score[c] / LAST;
      l.deviation[c] += seen.score[c] * seen.score[c] / LAST;
    }
  }
  for (int c = 0; c < AE_N_CHANNELS; c++)
    l.deviation[c] = sqrt (l.deviation[c] - l.mean[c] * l.mean[c]);
  return l;
}

/* Half as bright in one, three and ten minutes: all channels stay where they
 * are, as far as that can be told from how they go up and down by day. */
START_TEST (test_dusk_moves_no_channel)
{
  static const int pictures[] = { 600, 1800, 6000 };
  AeDetector *d = open_detector (0, 1);
  Level day = level_at_end (d, 2 * USUAL, 1);
  Level dusk = level_at_end (d, pictures[_i], 0.5f);
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    double by = (dusk.mean[c] - day.mean[c]) / day.deviation[c];
    printf ("dusk of %d s: %s %+.2f deviations\n", pictures[_i] / 10,
        ae_channel_name ((AeChannel) c), by);
    ck_assert_msg (fabs (by) < 1, "%s moves by %g deviations",
        ae_channel_name ((AeChannel) c), by);
  }
  close_detector (&d);
}
END_TEST

START_TEST (test_sudden_change_of_light_is_told)
{
  AeDetector *d = open_detector (0, 1);
  AeDetection seen = { 0 };
  for (int t = 0; t < 60; t++) {
    draw_usual (10000 + t);
    darken (t < 50 ? 1 : 0.5f);
    seen = look (d, t ? 0.1 : 0);
    ck_assert_msg (seen.light > 0.5f ? t >= 50 : t < 50,
        "light %g of picture %d", seen.light, t);
  }
  ck_assert (seen.contrast > 3 && seen.contrast < 60);
  close_detector (&d);
}
END_TEST

/* Nothing, and next to nothing, to look at. */
START_TEST (test_black_pictures)
{
  AeDetector *d = open_detector (0, 1);
  memset (grey, 0, sizeof grey);
  AeDetection seen = look (d, 0); /* one only */
  ck_assert (!seen.ready && seen.contrast == 0);
  for (int t = 0; t < 10; t++)
    seen = look (d, 0.1);
  ck_assert (seen.ready && seen.contrast == 0 && seen.light == 0);
  ck_assert (seen.score[AE_CHANNEL_MOTION] == 0);
  for (int i = 0; i < W * H; i++)
    grey[i] = (uint8_t) (i * 2654435761u >> 24);
  look (d, 0.1);
  memset (grey, 255, sizeof grey);
  look (d, 0.1);
  static const double times[] = { 1e9, -1, NAN, INFINITY, 1e-300 };
  for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
    look (d, times[i]);
    look (d, 0.1);
  }
  close_detector (&d);
}
END_TEST

/* Each picture three times, at three times the rate. */
START_TEST (test_fast_input_is_thinned)
{
  AeDetector *d = open_detector (0, 1), *slow = open_detector (0, 1);
  for (int t = 0; t < 12; t++) {
    draw_odd (t);
    AeDetection wanted = look (slow, t ? 0.1 : 0);
    for (int i = 0; i < 3; i++) {
      AeDetection seen = look (d, t + i ? 1 / 30.0 : 0);
      expect_equal (&seen, &wanted, 1e-3f);
      ck_assert_float_eq_tol (seen.light, wanted.light, 1e-4f);
    }
  }
  ae_detector_free (&slow);
  close_detector (&d);
}
END_TEST

/* The same movement in half as many pictures has the same speed. */
START_TEST (test_slow_input_has_the_same_speeds)
{
  AeDetector *d = open_detector (0, 1);
  AeDetection seen[2] = { { 0 } };
  for (int k = 0; k < 2; k++) {
    ae_detector_reset (d);
    for (int t = 0; t < 14; t++) {
      int time = (t - 13) * (1 + k);
      Square s = { 22 + 1.5f * (float) time, 20, 24, 50 };
      square_draw (grey, W, H, 4, &s, 1);
      seen[k] = look (d, t ? 0.1 * (1 + k) : 0);
    }
  }
  float a = seen[0].score[AE_CHANNEL_MOTION];
  float b = seen[1].score[AE_CHANNEL_MOTION];
  ck_assert_msg (b > 0.7f * a && b < 1.4f * a, "%g, and %g", a, b);
  close_detector (&d);
}
END_TEST

/* As after a reset; but a stream that is always so slow has no gaps. */
START_TEST (test_a_gap_is_forgotten)
{
  static const struct {
    double usual, gap;
    bool forgotten;
  } cases[] = { { 0.1, 0.4, false }, { 0.1, 0.6, true }, { 0.1, 300, true },
    { 0.5, 2.4, false }, { 0.5, 2.6, true }, { 4, 4, false } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    AeDetector *d = open_detector (0, 1);
    AeDetection seen = { 0 };
    for (int t = 0; t < 8; t++) {
      draw_odd (t);
      seen = look (d, t ? cases[i].usual : 0);
    }
    ck_assert (seen.ready);
    draw_odd (12);
    seen = look (d, cases[i].gap);
    ck_assert_msg (seen.fresh && seen.ready == !cases[i].forgotten,
        "%g s after %g s", cases[i].gap, cases[i].usual);
    for (int c = 0; !seen.ready && c < AE_N_CHANNELS; c++)
      ck_assert (seen.score[c] == 0
                 && ae_detector_grid (d, (AeChannel) c)[0] == 0);
    draw_odd (13);
    ck_assert (look (d, cases[i].gap).ready); /* it got slower */
    close_detector (&d);
  }
}
END_TEST

START_TEST (test_kinds_of_pictures_score_the_same)
{
  static const struct {
    AePixels pixels;
    int sample;
  } kinds[] = { { AE_PIXELS_GRAY8, 1 }, { AE_PIXELS_I420, 1 },
    { AE_PIXELS_NV12, 1 }, { AE_PIXELS_PACKED, 3 } };
  static uint8_t luma[3 * W * H], colour[W * H];
  AeDetector *d = open_detector (0, 1);
  AeDetection seen[4] = { { 0 } };
  AeError err;
  memset (colour, 128, sizeof colour);
  for (int k = 0; k < 4; k++) {
    AeImage image = { kinds[k].pixels, W, H, AE_MATRIX_BT601, 3, 0, 1, 2,
      { luma, colour, colour }, { kinds[k].sample * W, W, W } };
    ck_assert_int_eq (ae_detector_bind (d, &image, &err), AE_OK);
    for (int t = 0; t < 20; t++) {
      draw_odd (t - 8);
      for (int i = 0; i < W * H; i++)
        memset (luma + i * kinds[k].sample, grey[i],
            (size_t) kinds[k].sample);
      ae_detector_process (d, &image, t ? 0.1 : 0, &seen[k]);
    }
  }
  expect_equal (&seen[0], &seen[1], 0);
  expect_equal (&seen[0], &seen[2], 0);
  /* the levels of R, G, B are spread otherwise, and rounded so */
  for (int c = 0; c < AE_N_CHANNELS; c++)
    ck_assert_msg (fabsf (seen[3].score[c] - seen[0].score[c])
            < 0.1f * fabsf (seen[0].score[c]) + 0.2f,
        "%s: %g of grey, %g of RGB", ae_channel_name ((AeChannel) c),
        seen[0].score[c], seen[3].score[c]);
  close_detector (&d);
}
END_TEST

START_TEST (test_single_pictures)
{
  static uint8_t wide[96 * 40];
  AeDetector *d = open_detector (1, 1);
  AeError err;
  ck_assert (ae_detector_for_pictures (d));
  draw_odd (8);
  AeDetection first = look (d, 0);
  ck_assert (first.ready && first.score[AE_CHANNEL_MOTION] == 0);
  draw_usual (3);
  look (d, 0);
  draw_odd (8);
  AeDetection again = look (d, 0);
  expect_equal (&first, &again, 0);
  AeImage format = image_of (wide, 96, 40);
  ck_assert_int_eq (ae_detector_bind (d, &format, &err), AE_OK);
  close_detector (&d);
}
END_TEST

/* The model is as it was; the copy, read from a file, differs in nothing else. */
START_TEST (test_other_calibrations_make_another_model)
{
  AeModel *model, *copy, *read;
  AeError err = { 0 };
  AeCalibration other[AE_N_CHANNELS];
  AeDetector *d = open_detector (0, 1), *again;
  const char *path = ae_tmp_path (folder, "other.onnx");
  AeDetection wanted = look_at_odd (d, 10);
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    other[c] = *ae_detector_calibration (d, (AeChannel) c);
    other[c].hours += 1 + c;
  }
  ck_assert_int_eq (ae_model_load (&model, model_path (0), &err), AE_OK);
  ck_assert_msg (ae_detector_calibrated_model (&copy, model, other, &err)
                     == AE_OK,
      "%s", err.text);
  ck_assert_str_ne (ae_model_id (copy), ae_model_id (model));
  ck_assert_uint_eq (ae_model_n_meta (copy), ae_model_n_meta (model));
  ck_assert_int_eq (ae_model_save (copy, path, &err), AE_OK);
  ck_assert_int_eq (ae_model_load (&read, path, &err), AE_OK);
  ck_assert_int_eq (ae_detector_new (&again, read,
                        &(AeDetectorOptions){
                            .n_threads = 1, .precision = AE_PRECISION_F32 },
                        &err),
      AE_OK);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    ck_assert_mem_eq (ae_detector_calibration (again, (AeChannel) c),
        &other[c], sizeof other[c]);
  AeImage format = image_of (NULL, W, H);
  ck_assert_int_eq (ae_detector_bind (again, &format, &err), AE_OK);
  AeDetection seen = look_at_odd (again, 10);
  expect_equal (&wanted, &seen, 0);
  ae_model_unref (&model);
  ae_model_unref (&copy);
  ae_model_unref (&read);
  ae_detector_free (&again);
  close_detector (&d);
}
END_TEST

START_TEST (test_no_memory)
{
  AeDetector *d = NULL;
  AeModel *model;
  AeError err = { 0 };
  AeImage format = image_of (NULL, W, H);
  AeDetectorOptions options = { .n_threads = 1 };
  ck_assert_int_eq (ae_model_load (&model, model_path (0), &err), AE_OK);
  AeStatus status = AE_ERROR_MEMORY;
  int n = 0;
  long live = ae_mem_live ();
  while (status != AE_OK) {
    ck_assert_int_lt (++n, 20000);
    ae_mem_fail_at (n, false);
    status = ae_detector_new (&d, model, &options, &err);
    ae_mem_fail_at (0, false);
    ck_assert_msg (status == AE_OK || status == AE_ERROR_MEMORY,
        "status %d at %d: %s", (int) status, n, err.text);
    ck_assert (status == AE_OK || (!d && ae_mem_live () == live));
  }
  ck_assert_int_gt (n, 30);
  for (n = 1, status = AE_ERROR_MEMORY; status != AE_OK; n++) {
    ck_assert_int_lt (n, 100);
    ae_mem_fail_at (n, false);
    status = ae_detector_bind (d, &format, &err);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
  }
  ae_mem_fail_at (1, true);
  draw_odd (3);
  look (d, 0);
  ck_assert (look (d, 0.1).ready); /* nothing is allocated any more */
  ae_mem_fail_at (0, false);
  ae_model_unref (&model);
  close_detector (&d);
}
END_TEST

static Suite *
detector_suite (void)
{
  Suite *suite = suite_create ("detector");
  TCase *tcase = tcase_create ("detector");
  suite_add_tcase (suite, tcase);
  tcase_add_unchecked_fixture (tcase, make_models, remove_models);
  tcase_add_test (tcase, test_ready_from_the_second_picture_on);
  tcase_add_test (tcase, test_odd_scores_more_than_all_that_is_usual);
  tcase_add_test (tcase, test_odd_is_found_soon);
  tcase_add_test (tcase, test_grid_and_peak_lie_where_it_is);
  tcase_add_test (tcase, test_mask_hides_it);
  tcase_add_test (tcase, test_other_sizes);
  tcase_add_test (tcase, test_same_scores_with_any_threads_and_again);
  tcase_add_test (tcase, test_times_of_parts_are_told);
  tcase_add_test (tcase, test_slow_change_of_light_is_not_odd);
  tcase_add_loop_test (tcase, test_dusk_moves_no_channel, 0, 3);
  tcase_add_test (tcase, test_sudden_change_of_light_is_told);
  tcase_add_test (tcase, test_black_pictures);
  tcase_add_test (tcase, test_fast_input_is_thinned);
  tcase_add_test (tcase, test_slow_input_has_the_same_speeds);
  tcase_add_test (tcase, test_a_gap_is_forgotten);
  tcase_add_test (tcase, test_kinds_of_pictures_score_the_same);
  tcase_add_test (tcase, test_single_pictures);
  tcase_add_test (tcase, test_other_calibrations_make_another_model);
  tcase_add_test (tcase, test_no_memory);
  return suite;
}

AE_TEST_MAIN (detector_suite)
