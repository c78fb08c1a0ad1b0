/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "texture.h"

#include "util/mem.h"
#include "util/rng.h"
#include "video/motion.h"

#include <string.h>

/* Frame (6,h,w) of the texture seen from (left, top) in luma pixels. Chroma is
 * the texture's at even positions. */
static float *
view (int h, int w, int left, int top, float sigma, uint64_t seed)
{
  float *frame = ae_alloc ((size_t) 6 * h * w * sizeof *frame);
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        int px = c < 4 ? c & 1 : 0, py = c < 4 ? c >> 1 : 0;
        frame[(c * h + y) * w + x]
            = texture_at (2 * x + px + left, 2 * y + py + top, c < 4 ? 1 : c)
              + sigma * ae_rng_normal (&rng);
      }
  return frame;
}

static float *
filled (size_t n, float value)
{
  float *p = ae_alloc (n * sizeof *p);
  for (size_t i = 0; i < n; i++)
    p[i] = value;
  return p;
}

/* Fraction of blocks, those at the border left out, with the given vector. */
static float
fraction_found (int h, int w, int dx, int dy, float sigma, float ref_sigma)
{
  float *now = view (h, w, 100 + dx, 200 + dy, sigma, 1);
  float *before = view (h, w, 100, 200, ref_sigma, 2);
  size_t n = ae_motion_n_vectors (h, w);
  AeVector *vectors = ae_calloc (n, sizeof *vectors);
  void *scratch = ae_alloc (ae_motion_scratch_size (h, w));
  AeMotionNoise noise = { sigma, ref_sigma, sigma };
  ae_motion_search (now, before, h, w, noise, 2, scratch, vectors);
  int columns = w / 8, rows = h / 8, found = 0, all = 0;
  for (int y = 0; y < rows; y++)
    for (int x = 0; x < columns; x++) {
      int left = x * 16 + dx, top = y * 16 + dy;
      if (left < 0 || top < 0 || left + 16 > 2 * w || top + 16 > 2 * h)
        continue;
      AeVector v = vectors[y * columns + x];
      found += v.x == 4 * dx && v.y == 4 * dy;
      all++;
    }
  ae_free (scratch);
  ae_free (vectors);
  ae_free (before);
  ae_free (now);
  return (float) found / (float) all;
}

static const struct {
  int dx, dy;
} shifts[] = { { 0, 0 }, { 1, 0 }, { 0, -1 }, { 2, 3 }, { -5, 7 }, { 12, -12 },
  { -9, 0 }, { 23, 10 }, { -37, 30 } };

START_TEST (test_shift_is_found_exactly_without_noise)
{
  int dx = shifts[_i].dx, dy = shifts[_i].dy;
  ck_assert_float_eq (fraction_found (120, 160, dx, dy, 0, 0), 1.0f);
}
END_TEST

/* Some blocks are nearly flat, so that a pixel more or less drowns in noise. */
START_TEST (test_shift_is_found_under_noise)
{
  int dx = shifts[_i].dx, dy = shifts[_i].dy;
  ck_assert_float_ge (
      fraction_found (120, 160, dx, dy, 20 / 255.0f, 5 / 255.0f), 0.85f);
}
END_TEST

/* Vectors on a still scene would blur it: noise must not move blocks, even
 * when both frames have it. */
START_TEST (test_noise_does_not_move_a_still_scene)
{
  static const float sigma[] = { 2, 5, 10, 20, 50 };
  ck_assert_float_ge (fraction_found (120, 160, 0, 0, sigma[_i] / 255,
                          sigma[_i] / 255),
      0.99f);
}
END_TEST

/* Other content is told from moved and from noisy content. */
START_TEST (test_new_scene_is_told_from_motion)
{
  int h = 60, w = 80;
  static const float sigmas[] = { 0, 10, 30 };
  float sigma = sigmas[_i] / 255;
  float *before = view (h, w, 0, 0, sigma / 4, 2);
  float *moved = view (h, w, 6, 3, sigma, 3);
  float *other = view (h, w, 5000, 7000, sigma, 4);
  for (int i = 0; i < 4 * h * w; i++)
    other[i] = 1 - 0.7f * other[i];
  AeVector *vectors = ae_calloc (ae_motion_n_vectors (h, w), sizeof *vectors);
  void *scratch = ae_alloc (ae_motion_scratch_size (h, w));
  AeMotionNoise noise = { sigma, sigma / 4, sigma };
  ck_assert_float_le (
      ae_motion_search (moved, before, h, w, noise, 2, scratch, vectors),
      0.5f);
  ck_assert_float_ge (
      ae_motion_search (other, before, h, w, noise, 2, scratch, vectors),
      1.0f);
  ae_free (scratch);
  ae_free (vectors);
  ae_free (other);
  ae_free (moved);
  ae_free (before);
}
END_TEST

/* From column `from` on (half size) a poster of one brightness that stands
 * still, in the colours of the texture. */
static void
put_poster (float *frame, int h, int w, int from, float sigma, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int c = 0; c < 6; c++)
    for (int y = 0; y < h; y++)
      for (int x = from; x < w; x++)
        frame[(c * h + y) * w + x]
            = (c < 4 ? 0.5f : texture_at (2 * x, 2 * y, c))
              + sigma * ae_rng_normal (&rng);
}

/* The part of the poster's blocks that stand still before a camera that pans
 * over the rest. */
static float
still_fraction (float chroma_noise)
{
  enum { H = 120, W = 160, FROM = 96 };
  float sigma = 10 / 255.0f;
  float *now = view (H, W, 108, 204, sigma, 1);
  float *before = view (H, W, 100, 200, sigma / 4, 2);
  put_poster (now, H, W, FROM, sigma, 3);
  put_poster (before, H, W, FROM, sigma / 4, 4);
  AeVector *vectors = ae_calloc (ae_motion_n_vectors (H, W), sizeof *vectors);
  void *scratch = ae_alloc (ae_motion_scratch_size (H, W));
  AeMotionNoise noise = { sigma, sigma / 4, chroma_noise };
  ae_motion_search (now, before, H, W, noise, 2, scratch, vectors);
  int still = 0, all = 0;
  for (int y = 0; y < H / 8; y++)
    for (int x = FROM / 8 + 1; x < W / 8; x++, all++)
      still += vectors[y * (W / 8) + x].x == 0
               && vectors[y * (W / 8) + x].y == 0;
  ae_free (scratch);
  ae_free (vectors);
  ae_free (before);
  ae_free (now);
  return (float) still / (float) all;
}

START_TEST (test_colour_tells_what_brightness_does_not)
{
  ck_assert_float_ge (still_fraction (10 / 255.0f), 0.9f);
  ck_assert_float_le (still_fraction (-1), 0.5f); /* luma alone */
}
END_TEST

START_TEST (test_small_crops_find_their_shift)
{
  ck_assert_float_eq (fraction_found (32, 32, 4, -3, 0, 0), 1.0f);
}
END_TEST

START_TEST (test_threads_do_not_change_vectors)
{
  int h = 60, w = 84;
  float *now = view (h, w, 3, 5, 0.05f, 1);
  float *before = view (h, w, 0, 0, 0.02f, 2);
  size_t n = ae_motion_n_vectors (h, w);
  AeVector *one = ae_calloc (n, sizeof *one);
  AeVector *four = ae_calloc (n, sizeof *four);
  void *scratch = ae_alloc (ae_motion_scratch_size (h, w));
  AeMotionNoise noise = { 0.05f, 0.02f, 0.05f };
  float a = ae_motion_search (now, before, h, w, noise, 1, scratch, one);
  float b = ae_motion_search (now, before, h, w, noise, 4, scratch, four);
  ck_assert_float_eq (a, b);
  ck_assert_mem_eq (one, four, n * sizeof *one);
  ae_free (scratch);
  ae_free (one);
  ae_free (four);
  ae_free (now);
  ae_free (before);
}
END_TEST

/* Warping by any vector must reproduce the shifted view wherever the source is
 * inside: luma exactly, chroma exactly for even vectors. */
START_TEST (test_warp_is_exact_inside_and_uncounted_outside)
{
  int h = 36, w = 44, dx = shifts[_i].dx, dy = shifts[_i].dy;
  float *want = view (h, w, dx, dy, 0, 1);
  float *state = view (h, w, 0, 0, 0, 1);
  float *count = filled ((size_t) h * w, 3);
  float *warped = filled ((size_t) 6 * h * w, -1);
  float *warped_count = filled ((size_t) h * w, -1);
  size_t n = ae_motion_n_vectors (h, w);
  AeVector *vectors = ae_calloc (n, sizeof *vectors);
  for (size_t i = 0; i < n; i++)
    vectors[i] = (AeVector) { (int16_t) (4 * dx), (int16_t) (4 * dy) };
  ae_motion_warp (vectors, state, count, h, w, 2, warped, warped_count);
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++) {
      int left = 2 * x + dx, top = 2 * y + dy, at = y * w + x;
      bool inside = left >= 0 && top >= 0 && left + 1 < 2 * w
                    && top + 1 < 2 * h;
      ck_assert_float_eq (warped_count[at], inside ? 3.0f : 0.0f);
      for (int c = 0; c < 6; c++) {
        float value = warped[c * h * w + at];
        ck_assert_float_ge (value, 0.0f);
        if (inside && (c < 4 || (dx % 2 == 0 && dy % 2 == 0)))
          ck_assert_float_eq (value, want[c * h * w + at]);
      }
    }
  ae_free (vectors);
  ae_free (warped_count);
  ae_free (warped);
  ae_free (count);
  ae_free (state);
  ae_free (want);
}
END_TEST

/* A ramp stays a ramp; HEVC's chroma filters are off by up to 1/32 sample. */
START_TEST (test_warp_interpolates_chroma)
{
  int h = 16, w = 24;
  float *state = filled ((size_t) 6 * h * w, 0);
  for (int c = 4; c < 6; c++)
    for (int i = 0; i < h * w; i++)
      state[c * h * w + i] = 0.01f * (i % w) + 0.02f * (i / w);
  float *count = filled ((size_t) h * w, 1);
  float *warped = filled ((size_t) 6 * h * w, -1);
  float *warped_count = filled ((size_t) h * w, -1);
  size_t n = ae_motion_n_vectors (h, w);
  AeVector *vectors = ae_calloc (n, sizeof *vectors);
  for (int vy = -8; vy <= 8; vy += 3)
    for (int vx = -8; vx <= 8; vx++) {
      for (size_t i = 0; i < n; i++)
        vectors[i] = (AeVector) { (int16_t) vx, (int16_t) vy };
      ae_motion_warp (vectors, state, count, h, w, 1, warped, warped_count);
      for (int c = 4; c < 6; c++)
        for (int y = 3; y < h - 3; y++)
          for (int x = 3; x < w - 3; x++)
            ck_assert_float_eq_tol (warped[(c * h + y) * w + x],
                0.01f * (x + 0.125f * vx) + 0.02f * (y + 0.125f * vy), 1e-3f);
    }
  ae_free (vectors);
  ae_free (warped_count);
  ae_free (warped);
  ae_free (count);
  ae_free (state);
}
END_TEST

/* Two waves, so that every pixel has a gradient in both directions, of rising
 * frequency, so that no two places look alike. */
static float *
waves (int h, int w, float left, float top, float sigma)
{
  float *frame = ae_calloc ((size_t) 6 * h * w, sizeof *frame);
  AeRng rng;
  ae_rng_seed (&rng, 9);
  for (int c = 0; c < 4; c++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        float X = (float) (2 * x + (c & 1)) + left;
        float Y = (float) (2 * y + (c >> 1)) + top;
        frame[(c * h + y) * w + x]
            = 0.5f + 0.2f * sinf (0.12f * X + 0.0006f * X * X + 0.05f * Y)
              + 0.2f * sinf (0.12f * Y + 0.0006f * Y * Y - 0.03f * X)
              + sigma * ae_rng_normal (&rng);
      }
  return frame;
}

/* Shifts of fractions are found within a quarter, with noise, too, away from
 * the border, whose match may lie outside; warping by them gives the shifted
 * picture within what the filters miss of its upper frequencies. */
START_TEST (test_fractions_of_pixels)
{
  static const float steps[][2] = { { 0.25f, 0 }, { 0.5f, -0.5f },
    { 1.75f, 0.25f }, { -0.75f, 2.5f } };
  int h = 48, w = 64;
  for (int i = 0; i < 8; i++) {
    float sigma = i < 4 ? 0 : 10 / 255.0f;
    float dx = steps[i % 4][0], dy = steps[i % 4][1];
    float *now = waves (h, w, dx, dy, sigma);
    float *want = waves (h, w, dx, dy, 0);
    float *before = waves (h, w, 0, 0, 0);
    float *count = filled ((size_t) h * w, 1);
    float *warped = filled ((size_t) 6 * h * w, -1);
    float *warped_count = filled ((size_t) h * w, -1);
    size_t n = ae_motion_n_vectors (h, w);
    AeVector *vectors = ae_calloc (n, sizeof *vectors);
    void *scratch = ae_alloc (ae_motion_scratch_size (h, w));
    AeMotionNoise noise = { sigma, 0, sigma };
    ae_motion_search (now, before, h, w, noise, 2, scratch, vectors);
    int columns = w / 8, good = 0, all = 0;
    for (int k = 0; k < (int) n; k++) {
      int x = k % columns, y = k / columns;
      if (x > 0 && y > 0 && x < columns - 1 && y < h / 8 - 1) {
        good += fabsf (0.25f * vectors[k].x - dx) < 0.26f
                && fabsf (0.25f * vectors[k].y - dy) < 0.26f;
        all++;
      }
      vectors[k] = (AeVector) { (int16_t) (4 * dx), (int16_t) (4 * dy) };
    }
    ck_assert_int_ge (10 * good, 9 * all);
    ae_motion_warp (vectors, before, count, h, w, 2, warped, warped_count);
    for (int c = 0; c < 4; c++)
      for (int y = 4; y < h - 4; y++)
        for (int x = 4; x < w - 4; x++)
          ck_assert_float_eq_tol (warped[(c * h + y) * w + x],
              want[(c * h + y) * w + x], 0.01f);
    ae_free (scratch);
    ae_free (vectors);
    ae_free (warped_count);
    ae_free (warped);
    ae_free (count);
    ae_free (before);
    ae_free (want);
    ae_free (now);
  }
}
END_TEST

/* Every size from the smallest on stays inside its memory (address sanitizer)
 * and gives finite results. */
START_TEST (test_all_small_sizes)
{
  for (int h = 4; h <= 40; h += 4)
    for (int w = 4; w <= 40; w += 12) {
      float *now = view (h, w, 30, -20, 0.1f, 1);
      float *before = view (h, w, 0, 0, 0, 2);
      float *count = filled ((size_t) h * w, 2);
      float *warped = filled ((size_t) 6 * h * w, -1);
      float *warped_count = filled ((size_t) h * w, -1);
      void *scratch = ae_alloc (ae_motion_scratch_size (h, w));
      ae_motion_compensate (now, before, count, h, w, 0.1f, warped,
          warped_count, scratch);
      for (int i = 0; i < 6 * h * w; i++)
        ck_assert (warped[i] >= 0 && warped[i] <= 1.1f);
      for (int i = 0; i < h * w; i++)
        ck_assert (warped_count[i] == 0 || warped_count[i] == 2);
      ae_free (scratch);
      ae_free (warped_count);
      ae_free (warped);
      ae_free (count);
      ae_free (before);
      ae_free (now);
    }
}
END_TEST

static Suite *
motion_suite (void)
{
  Suite *suite = suite_create ("motion");
  TCase *tcase = tcase_create ("motion");
  int n = sizeof shifts / sizeof *shifts;
  tcase_add_loop_test (tcase, test_shift_is_found_exactly_without_noise, 0, n);
  tcase_add_loop_test (tcase, test_shift_is_found_under_noise, 0, n);
  tcase_add_loop_test (tcase, test_noise_does_not_move_a_still_scene, 0, 5);
  tcase_add_loop_test (tcase, test_new_scene_is_told_from_motion, 0, 3);
  tcase_add_test (tcase, test_colour_tells_what_brightness_does_not);
  tcase_add_test (tcase, test_small_crops_find_their_shift);
  tcase_add_test (tcase, test_threads_do_not_change_vectors);
  tcase_add_loop_test (
      tcase, test_warp_is_exact_inside_and_uncounted_outside, 0, n);
  tcase_add_test (tcase, test_warp_interpolates_chroma);
  tcase_add_test (tcase, test_fractions_of_pixels);
  tcase_add_test (tcase, test_all_small_sizes);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (motion_suite)
