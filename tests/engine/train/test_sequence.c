/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "train/batch.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

/* A picture whose luma is a ramp: 2 x + y, chroma 90 and 170. */
static AePicture *
ramp (int width, int height, int min_edge)
{
  size_t luma = (size_t) width * height;
  uint8_t *pixels = malloc (luma * 3 / 2);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      pixels[y * width + x] = (uint8_t) (20 + x + y / 2);
  memset (pixels + luma, 90, luma / 4);
  memset (pixels + luma + luma / 4, 170, luma / 4);
  AeImage image = { .pixels = AE_PIXELS_I420,
    .width = width,
    .height = height,
    .plane = { pixels, pixels + luma, pixels + luma + luma / 4 },
    .stride = { width, width / 2, width / 2 } };
  AePicture *picture;
  ck_assert_int_eq (ae_picture_new (&picture, &image, min_edge, NULL), AE_OK);
  free (pixels);
  return picture;
}

static float planes[6][64 * 64];
static AeCrop crop = { { planes[0], planes[1], planes[2] } };

START_TEST (test_crops_average_areas)
{
  static const double at[][3]
      = { { 0, 0, 1 }, { 4, 6, 2 }, { 3.25, 1.5, 1.5 }, { 30, 2, 1.9 } };
  AePicture *p = ramp (96, 80, 16);
  for (int k = 0; k < 4; k++) {
    double x = at[k][0], y = at[k][1], scale = at[k][2];
    ae_crop_fill (&crop, 32, p, x, y, scale);
    for (int j = 0; j < 32; j += 5)
      for (int i = 0; i < 32; i += 3) {
        /* a ramp's mean over an area is its value in the middle; y / 2 is a
         * staircase: half a level off at most */
        double want = 20 + x + (i + 0.5) * scale - 0.5
            + (y + (j + 0.5) * scale - 0.5) / 2;
        ck_assert_double_eq_tol (
            255 * crop.plane[0][j * 32 + i], want, 0.51);
      }
    ck_assert_float_eq_tol (255 * crop.plane[1][100], 90, 1e-3f);
    ck_assert_float_eq_tol (255 * crop.plane[2][255], 170, 1e-3f);
  }
  ae_picture_unref (&p);
}
END_TEST

START_TEST (test_turns_keep_the_pixels)
{
  double sums[8];
  float corner[8];
  for (int turn = 0; turn < 8; turn++) {
    for (int i = 0; i < 16 * 16; i++)
      planes[0][i] = (float) i;
    for (int i = 0; i < 8 * 8; i++)
      planes[1][i] = planes[2][i] = (float) i;
    ae_crop_turn (&crop, 16, turn, planes[3]);
    sums[turn] = 0;
    for (int i = 0; i < 16 * 16; i++)
      sums[turn] += planes[0][i];
    /* first two pixels tell all eight apart */
    corner[turn] = 1000 * planes[0][0] + planes[0][1];
    for (int k = 0; k < turn; k++)
      ck_assert_float_ne (corner[turn], corner[k]);
    ck_assert_double_eq (sums[turn], sums[0]);
  }
}
END_TEST

START_TEST (test_small_pictures_are_mirrored_up)
{
  AePicture *p = ramp (18, 40, 64);
  ck_assert_int_eq (p->width, 64);
  ck_assert_int_eq (p->height, 64);
  for (int x = 0; x < 18; x++) {
    ck_assert_uint_eq (p->plane[0][17 - x], p->plane[0][18 + x]);
    ck_assert_uint_eq (p->plane[0][x], p->plane[0][36 + x]);
  }
  ae_picture_unref (&p);
}
END_TEST

START_TEST (test_reservoir_is_bounded_and_holds_out)
{
  AeReservoir *r;
  AePicture *p = ramp (64, 64, 16);
  size_t bytes = p->bytes;
  ae_picture_unref (&p);
  ck_assert_int_eq (ae_reservoir_new (&r, 25 * bytes + 10, 10, 1, NULL), AE_OK);
  for (int i = 0; i < 200; i++) {
    p = ramp (64, 64, 16);
    p->continues = true;
    ck_assert_int_eq (ae_reservoir_add (r, p, NULL), AE_OK);
    ck_assert_uint_le (
        ae_reservoir_n_training (r) + ae_reservoir_n_held_out (r), 25);
  }
  ck_assert_uint_eq (ae_reservoir_n_held_out (r), 2);
  ck_assert_uint_eq (ae_reservoir_n_training (r), 23);
  p = ramp (64 * 8, 64 * 8, 16);
  ck_assert_int_eq (ae_reservoir_add (r, p, NULL), AE_ERROR_LIMIT);
  ae_reservoir_free (&r);
}
END_TEST

START_TEST (test_the_share_held_out_is_a_setting)
{
  static const struct {
    unsigned every;
    size_t held_out;
  } cases[] = { { 0, 0 }, { 1, 40 }, { 2, 20 }, { 7, 5 } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    AeReservoir *r;
    ck_assert_int_eq (
        ae_reservoir_new (&r, 1 << 24, cases[i].every, 1, NULL), AE_OK);
    for (int n = 0; n < 40; n++)
      ck_assert_int_eq (ae_reservoir_add (r, ramp (64, 64, 16), NULL), AE_OK);
    ck_assert_uint_eq (ae_reservoir_n_held_out (r), cases[i].held_out);
    ck_assert_uint_eq (ae_reservoir_n_training (r), 40 - cases[i].held_out);
    ae_reservoir_free (&r);
  }
}
END_TEST

START_TEST (test_next_follows_only_within_a_shot)
{
  AeReservoir *r;
  ck_assert_int_eq (ae_reservoir_new (&r, 1 << 24, 10, 1, NULL), AE_OK);
  const bool continues[] = { false, true, true, false, true };
  for (int i = 0; i < 5; i++) {
    AePicture *p = ramp (64, 64, 16);
    p->continues = continues[i];
    ck_assert_int_eq (ae_reservoir_add (r, p, NULL), AE_OK);
  }
  for (size_t i = 0; i < 5; i++) {
    AePicture *p = ae_reservoir_get (r, i);
    AePicture *next = ae_reservoir_next (r, i, p);
    ck_assert_int_eq (next != NULL, i + 1 < 5 && continues[i + 1]);
    ae_picture_unref (&next);
    ae_picture_unref (&p);
  }
  ae_reservoir_free (&r);
}
END_TEST

/* Ten pictures alone, then a clip of three. */
START_TEST (test_clips_and_single_pictures_are_drawn_apart)
{
  AeReservoir *r;
  AeRng rng;
  ae_rng_seed (&rng, 1);
  ck_assert_int_eq (ae_reservoir_new (&r, 1 << 24, 0, 1, NULL), AE_OK);
  size_t index;
  ck_assert_ptr_null (ae_reservoir_draw (r, AE_DRAW_CLIP, &rng, &index));
  for (int i = 0; i < 13; i++) {
    AePicture *p = ramp (64, 64, 16);
    p->continues = i > 10;
    ck_assert_int_eq (ae_reservoir_add (r, p, NULL), AE_OK);
    /* as long as there is no clip, single pictures stand for it */
    p = ae_reservoir_draw (r, AE_DRAW_CLIP, &rng, &index);
    ck_assert_ptr_nonnull (p);
    ae_picture_unref (&p);
  }
  for (int i = 0; i < 50; i++) {
    AePicture *p = ae_reservoir_draw (r, AE_DRAW_CLIP, &rng, &index);
    ck_assert_uint_ge (index, 10);
    ae_picture_unref (&p);
    p = ae_reservoir_draw (r, AE_DRAW_SINGLE, &rng, &index);
    ck_assert_uint_lt (index, 10);
    ae_picture_unref (&p);
  }
  ae_reservoir_free (&r);
}
END_TEST

static AeRecipe *recipe;
static AeReservoir *reservoir;

static void
setup (void)
{
  AeError err;
  ck_assert_msg (ae_recipe_parse (&recipe,
                     "[training]\nbatch = 5\npatch = 32\n"
                     "[motion]\nlength_max = 6\nstill_probability = 0.3\n"
                     "warm_start_probability = 0.3\n",
                     &err)
          == AE_OK,
      "%s", err.text);
  ck_assert_int_eq (ae_reservoir_new (&reservoir, 1 << 24, 10, 1, NULL), AE_OK);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq (
        ae_reservoir_add (reservoir, ramp (100 + 20 * i, 90, 48), NULL),
        AE_OK);
}

static void
teardown (void)
{
  ae_reservoir_free (&reservoir);
  ae_recipe_free (&recipe);
}

START_TEST (test_batches_are_plausible)
{
  AeBatchMaker *maker;
  ck_assert_int_eq (
      ae_batch_maker_new (&maker, recipe, reservoir, NULL), AE_OK);
  ae_batch_maker_restart (maker, 4);
  int n_first = 0, n_warm = 0;
  for (int k = 0; k < 100; k++) {
    const AeBatch *b = ae_batch_maker_take (maker);
    ck_assert_ptr_nonnull (b);
    size_t plane = (size_t) b->h * b->w;
    for (int i = 0; i < b->n; i++) {
      n_first += b->slot[i].first;
      n_warm += b->slot[i].warm;
      ck_assert (k > 0 || b->slot[i].first);
      double sum = 0;
      for (size_t j = 0; j < 4 * plane; j++) {
        float frame = b->frame[6 * plane * i + j];
        float target = b->target[6 * plane * i + j];
        ck_assert (target >= 0 && target <= 1);
        ck_assert (frame > -2 && frame < 3);
        sum += (double) (frame - target) * (frame - target);
      }
      double rms = sqrt (sum / (double) (4 * plane));
      /* clipping only makes it smaller */
      ck_assert_double_lt (rms, 1.2 * b->slot[i].luma_sigma + 0.003);
      ck_assert_double_gt (rms, 0.3 * b->slot[i].luma_sigma - 0.003);
    }
    ae_batch_maker_begin (maker);
  }
  /* mean length 0.3 + 0.7 * 4 = 3.1 frames, 0.3 * 0.7 of them warm */
  ck_assert_int_gt (n_first, 110);
  ck_assert_int_lt (n_first, 240);
  ck_assert_int_gt (n_warm, 10);
  ck_assert_int_lt (n_warm, 90);
  ae_batch_maker_free (&maker);
}
END_TEST

START_TEST (test_same_seed_gives_the_same_batches)
{
  AeBatchMaker *maker[2];
  for (int k = 0; k < 2; k++) {
    ck_assert_int_eq (
        ae_batch_maker_new (&maker[k], recipe, reservoir, NULL), AE_OK);
    /* one of them has done something else before */
    for (int i = 0; i < 3 * k; i++) {
      ae_batch_maker_take (maker[k]);
      ae_batch_maker_begin (maker[k]);
    }
    ae_batch_maker_restart (maker[k], 4);
  }
  for (int i = 0; i < 20; i++) {
    const AeBatch *a = ae_batch_maker_take (maker[0]);
    const AeBatch *b = ae_batch_maker_take (maker[1]);
    size_t bytes = (size_t) a->n * 6 * a->h * a->w * sizeof (float);
    ck_assert (memcmp (a->frame, b->frame, bytes) == 0);
    ck_assert (memcmp (a->target, b->target, bytes) == 0);
    ck_assert (memcmp (a->noise, b->noise, bytes / 3) == 0);
    ae_batch_maker_begin (maker[0]);
    ae_batch_maker_begin (maker[1]);
  }
  ae_batch_maker_free (&maker[0]);
  ae_batch_maker_free (&maker[1]);
}
END_TEST

START_TEST (test_no_pictures_no_batch)
{
  AeReservoir *empty;
  AeBatchMaker *maker;
  ck_assert_int_eq (ae_reservoir_new (&empty, 1 << 20, 10, 1, NULL), AE_OK);
  ck_assert_int_eq (ae_batch_maker_new (&maker, recipe, empty, NULL), AE_OK);
  ae_batch_maker_restart (maker, 1);
  ck_assert_ptr_null (ae_batch_maker_take (maker));
  ck_assert_int_eq (ae_reservoir_add (empty, ramp (64, 64, 48), NULL), AE_OK);
  ck_assert_ptr_nonnull (ae_batch_maker_take (maker));
  ae_batch_maker_free (&maker);
  ae_reservoir_free (&empty);
}
END_TEST

static Suite *
sequence_suite (void)
{
  Suite *suite = suite_create ("sequence");
  TCase *tcase = tcase_create ("sequence");
  tcase_add_checked_fixture (tcase, setup, teardown);
  tcase_add_test (tcase, test_crops_average_areas);
  tcase_add_test (tcase, test_turns_keep_the_pixels);
  tcase_add_test (tcase, test_small_pictures_are_mirrored_up);
  tcase_add_test (tcase, test_reservoir_is_bounded_and_holds_out);
  tcase_add_test (tcase, test_clips_and_single_pictures_are_drawn_apart);
  tcase_add_test (tcase, test_the_share_held_out_is_a_setting);
  tcase_add_test (tcase, test_next_follows_only_within_a_shot);
  tcase_add_test (tcase, test_batches_are_plausible);
  tcase_add_test (tcase, test_same_seed_gives_the_same_batches);
  tcase_add_test (tcase, test_no_pictures_no_batch);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (sequence_suite)
