/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "util/mem.h"
#include "util/rng.h"
#include "video/flow.h"

#include <math.h>
#include <string.h>

enum { MOST_W = 641, MOST_H = 361, N_WAVES = 14 };

static uint8_t picture[MOST_W * MOST_H];

/* Waves of 9 to 70 pixels in all directions: known between pixels too. */
typedef struct {
  float x, y, phase;
} Wave;
static Wave waves[N_WAVES];

static void
make_waves (void)
{
  AeRng rng;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < N_WAVES; i++) {
    float turn = 6.2831853f * ae_rng_uniform (&rng);
    float length = 9 * powf (70 / 9.0f, (float) i / (N_WAVES - 1));
    waves[i] = (Wave){ cosf (turn) * 6.2831853f / length,
      sinf (turn) * 6.2831853f / length, 6 * ae_rng_uniform (&rng) };
  }
}

static float
texture (float x, float y)
{
  float sum = 128;
  for (int i = 0; i < N_WAVES; i++)
    sum += 11 * sinf (waves[i].x * x + waves[i].y * y + waves[i].phase);
  return sum;
}

static uint8_t
to_byte (float x)
{
  return (uint8_t) (x < 0 ? 0 : x > 255 ? 255 : x + 0.5f);
}

/* The texture, moved by (dx, dy). */
static void
draw (int w, int h, float dx, float dy)
{
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      picture[y * w + x] = to_byte (texture (x - dx, y - dy));
}

/* A square of another texture on top. */
static void
draw_square (int w, int left, int top, int side)
{
  for (int y = 0; y < side; y++)
    for (int x = 0; x < side; x++)
      picture[(top + y) * w + left + x]
          = to_byte (255 - texture (2.0f * x + 300, 2.0f * y + 500));
}

static void
add_noise (AeRng *rng, int n, float sigma)
{
  for (int i = 0; i < n; i++)
    picture[i] = to_byte ((float) picture[i] + sigma * ae_rng_normal (rng));
}

static AeFlowField
field_of (AeFlow *flow)
{
  AeFlowField field;
  ck_assert (ae_flow_field (flow, &field));
  return field;
}

/* The share of places `border` from the edges where the field is further than
 * `within` from (u, v). */
static double
share_off (const AeFlowField *f, int border, float u, float v, float within)
{
  int off = 0, n = 0;
  for (int y = border; y < f->height - border; y++)
    for (int x = border; x < f->width - border; x++, n++) {
      int at = y * f->width + x;
      off += !(hypotf (f->u[at] - u, f->v[at] - v) <= within);
    }
  return (double) off / n;
}

static void
setup (void)
{
  make_waves ();
}

START_TEST (test_moved_texture_is_found)
{
  static const struct {
    float u, v, within;
  } cases[] = { { 2.3f, -1.4f, 0.1f }, { -0.7f, 0, 0.1f }, { 14, 0, 0.3f },
    { 0, -14, 0.3f }, { -9, 10, 0.3f } };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    AeFlow *flow = ae_flow_new (360, 240, 1);
    draw (360, 240, 0, 0);
    ae_flow_add (flow, picture, 360);
    draw (360, 240, cases[i].u, cases[i].v);
    ae_flow_add (flow, picture, 360);
    AeFlowField field = field_of (flow);
    ck_assert_int_eq (field.width, 180);
    ck_assert_int_eq (field.height, 120);
    ck_assert_double_le (share_off (&field, 12, cases[i].u, cases[i].v,
                             cases[i].within), 0.01);
    ae_flow_free (&flow);
    ck_assert_ptr_null (flow);
  }
}
END_TEST

START_TEST (test_square_moves_over_a_still_background)
{
  AeFlow *flow = ae_flow_new (360, 240, 1);
  for (int i = 0; i < 2; i++) {
    draw (360, 240, 0, 0);
    draw_square (360, 150 + 5 * i, 100 - 3 * i, 40);
    ae_flow_add (flow, picture, 360);
  }
  AeFlowField f = field_of (flow);
  int inside = 0, outside = 0;
  for (int y = 0; y < f.height; y++)
    for (int x = 0; x < f.width; x++) {
      int at = y * f.width + x, px = 2 * x, py = 2 * y;
      if (px >= 165 && px < 185 && py >= 107 && py < 127)
        inside += hypotf (f.u[at] - 5, f.v[at] + 3) > 0.5f;
      if (px < 130 || px >= 215 || py < 77 || py >= 160)
        outside += hypotf (f.u[at], f.v[at]) > 0.1f;
    }
  ck_assert_int_eq (inside, 0);
  ck_assert_int_eq (outside, 0);
  ae_flow_free (&flow);
}
END_TEST

/* Two noises are no movement, even where one happens to fit moved. */
START_TEST (test_noise_does_not_move)
{
  AeRng rng;
  ae_rng_seed (&rng, 7);
  AeFlow *flow = ae_flow_new (360, 240, 1);
  for (int i = 0; i < 2; i++) {
    draw (360, 240, 0, 0);
    add_noise (&rng, 360 * 240, 10);
    ae_flow_add (flow, picture, 360);
  }
  AeFlowField f = field_of (flow);
  ck_assert_double_lt (share_off (&f, 0, 0, 0, 0.4f), 0.01);
  ae_flow_free (&flow);
}
END_TEST

static const struct {
  int w, h;
} sizes[] = { { 32, 32 }, { 33, 47 }, { 64, 32 }, { 360, 240 }, { 641, 361 } };
enum { N_SIZES = sizeof sizes / sizeof *sizes };

static uint8_t three[3][MOST_W * MOST_H];

/* Moved texture, a square, noise: everything at once. */
static void
draw_three (int w, int h)
{
  AeRng rng;
  ae_rng_seed (&rng, 11);
  for (int i = 0; i < 3; i++) {
    draw (w, h, 1.7f * i, -0.9f * i);
    draw_square (w, 4 + 2 * i, 9, 16);
    add_noise (&rng, w * h, 3);
    memcpy (three[i], picture, sizeof picture);
  }
}

static void
show_three (AeFlow *flow, int w)
{
  for (int i = 0; i < 3; i++)
    ae_flow_add (flow, three[i], w);
}

START_TEST (test_threads_give_the_same_bits)
{
  static const int threads[] = { 2, 3, 8 };
  int w = sizes[_i].w, h = sizes[_i].h;
  AeFlow *one = ae_flow_new (w, h, 1);
  draw_three (w, h);
  show_three (one, w);
  AeFlowField a = field_of (one);
  size_t bytes = sizeof (float) * (size_t) a.width * (size_t) a.height;
  ck_assert_int_eq (a.width, w / 2);
  ck_assert_int_eq (a.height, h / 2);
  ck_assert_double_eq (share_off (&a, 0, 0, 0, 1e3f), 0);
  for (int t = 0; t < 3; t++) {
    AeFlow *many = ae_flow_new (w, h, threads[t]);
    show_three (many, w);
    AeFlowField b = field_of (many);
    ck_assert_mem_eq (a.u, b.u, bytes);
    ck_assert_mem_eq (a.v, b.v, bytes);
    ae_flow_free (&many);
  }
  ae_flow_free (&one);
}
END_TEST

START_TEST (test_constant_pictures_stand_still)
{
  int w = sizes[_i].w, h = sizes[_i].h;
  AeFlow *flow = ae_flow_new (w, h, 1);
  for (int i = 0; i < 3; i++) {
    memset (picture, 40 + 60 * i, sizeof picture);
    ae_flow_add (flow, picture, w);
  }
  AeFlowField f = field_of (flow);
  ck_assert_double_eq (share_off (&f, 0, 0, 0, 0), 0);
  ae_flow_free (&flow);
}
END_TEST

START_TEST (test_reset_forgets)
{
  AeFlow *flow = ae_flow_new (64, 48, 1), *fresh = ae_flow_new (64, 48, 1);
  AeFlowField a, b;
  ck_assert (!ae_flow_field (flow, &a));
  draw_three (64, 48);
  show_three (flow, 64);
  ck_assert (ae_flow_field (flow, &a));
  ae_flow_reset (flow);
  ck_assert (!ae_flow_field (flow, &a));
  draw (64, 48, 0, 0);
  ae_flow_add (flow, picture, 64);
  ck_assert (!ae_flow_field (flow, &a));
  ae_flow_add (fresh, picture, 64);
  draw (64, 48, 1, 1);
  ae_flow_add (flow, picture, 64);
  ae_flow_add (fresh, picture, 64);
  a = field_of (flow);
  b = field_of (fresh);
  ck_assert_mem_eq (a.u, b.u, sizeof (float) * 32 * 24);
  ck_assert_mem_eq (a.v, b.v, sizeof (float) * 32 * 24);
  ae_flow_free (&flow);
  ae_flow_free (&fresh);
}
END_TEST

/* Rows from bottom to top. */
START_TEST (test_strides_may_be_negative)
{
  AeFlow *flow = ae_flow_new (96, 64, 1);
  for (int i = 0; i < 2; i++) {
    draw (96, 64, 0, 2.0f * i);
    ae_flow_add (flow, picture + 63 * 96, -96);
  }
  AeFlowField f = field_of (flow);
  ck_assert_double_le (share_off (&f, 10, 0, -2, 0.2f), 0.02);
  ae_flow_free (&flow);
}
END_TEST

START_TEST (test_memory_may_run_out)
{
  long live = ae_mem_live ();
  for (int i = 1; i < 20; i++) {
    ae_mem_fail_at (i, true);
    AeFlow *flow = ae_flow_new (96, 64, 1);
    ae_mem_fail_at (0, false);
    bool made = flow;
    ae_flow_free (&flow);
    ck_assert_int_eq (ae_mem_live (), live);
    if (made)
      return;
  }
  ck_abort_msg ("20 blocks, and still more");
}
END_TEST

static Suite *
flow_suite (void)
{
  Suite *suite = suite_create ("flow");
  TCase *tcase = tcase_create ("flow");
  tcase_add_checked_fixture (tcase, setup, NULL);
  tcase_add_test (tcase, test_moved_texture_is_found);
  tcase_add_test (tcase, test_square_moves_over_a_still_background);
  tcase_add_test (tcase, test_noise_does_not_move);
  tcase_add_loop_test (tcase, test_threads_give_the_same_bits, 0, N_SIZES);
  tcase_add_loop_test (tcase, test_constant_pictures_stand_still, 0, N_SIZES);
  tcase_add_test (tcase, test_reset_forgets);
  tcase_add_test (tcase, test_strides_may_be_negative);
  tcase_add_test (tcase, test_memory_may_run_out);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (flow_suite)
