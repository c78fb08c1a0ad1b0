/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Running steps strip by strip gives the bits of running them one by one. */
#include "ae_test.h"

#include <ae/session.h>

#include "graph/build.h"
#include "util/mem.h"

#include <stdio.h>
#include <string.h>

#define MAX_VALUES 64

/* A value of a random graph. */
typedef struct {
  int value, c, h, w;
} Node;

typedef struct {
  AeBuilder b;
  AeRng rng;
  int n_images;
  Node nodes[MAX_VALUES];
  int n;
} Net;

static int
below (Net *net, int n)
{
  return (int) ae_rng_below (&net->rng, (uint32_t) n);
}

static void
push (Net *net, int value, int c, int h, int w)
{
  ck_assert_int_lt (net->n, MAX_VALUES);
  net->nodes[net->n++] = (Node){ value, c, h, w };
}

/* A recent value: runs are long then. */
static Node
pick (Net *net)
{
  int recent = net->n < 4 ? net->n : 4;
  return net->nodes[net->n - 1 - below (net, recent)];
}

/* Another value of this shape, any channels if c is 0; itself if there is
 * none. */
static Node
pick_like (Net *net, const Node *x, int c)
{
  int start = below (net, net->n);
  for (int i = 0; i < net->n; i++) {
    Node y = net->nodes[(start + i) % net->n];
    if (y.h == x->h && y.w == x->w && (c == 0 || y.c == c))
      return y;
  }
  return *x;
}

static void
add_conv (Net *net)
{
  static const int channels[] = { 1, 3, 6, 16, 17, 32, 48 };
  static const int kernels[] = { 1, 2, 3, 3, 3, 5 };
  Node x = pick (net);
  int oc = channels[below (net, 7)], k = kernels[below (net, 6)];
  int stride = k == 2 || below (net, 5) == 0 ? 2 : 1;
  AeConvSpec spec = { .ic = x.c, .oc = oc, .kernel = k, .stride = stride,
    .gain = 0.7f };
  int pad = k > stride ? (k - 1) / 2 : 0;
  int h = (x.h + 2 * pad - k) / stride + 1;
  int w = (x.w + 2 * pad - k) / stride + 1;
  if (x.h + 2 * pad < k || x.w + 2 * pad < k)
    return;
  push (net, ae_build_conv (&net->b, x.value, spec, "conv"), oc, h, w);
}

static void
add_transposed (Net *net)
{
  Node x = pick (net);
  if (x.h > 100)
    return;
  int oc = 1 + below (net, 40), k = 2 + 2 * below (net, 2);
  AeConvSpec spec
      = { .ic = x.c, .oc = oc, .kernel = k, .stride = 2, .gain = 0.7f };
  push (net, ae_build_conv_transpose (&net->b, x.value, spec, "up"), oc,
      2 * x.h, 2 * x.w);
}

static void
add_unary (Net *net)
{
  static const char *const ops[]
      = { "Relu", "LeakyRelu", "Abs", "Sigmoid", "Tanh", "Neg" };
  Node x = pick (net);
  push (net, ae_build_unary (&net->b, ops[below (net, 6)], x.value), x.c, x.h,
      x.w);
}

static void
add_binary (Net *net)
{
  static const char *const ops[] = { "Add", "Sub", "Mul" };
  Node x = pick (net), y = pick_like (net, &x, x.c);
  int other = y.value;
  if (below (net, 4) == 0)
    other = ae_build_scalar (&net->b, 0.75f);
  else if (below (net, 3) == 0) /* one channel for all, if there is one */
    other = pick_like (net, &x, 1).value;
  push (net, ae_build_binary (&net->b, ops[below (net, 3)], x.value, other),
      x.c, x.h, x.w);
}

static void
add_concat (Net *net)
{
  Node x = pick (net), y = pick_like (net, &x, 0);
  if (x.c + y.c > 64)
    return;
  int both[] = { x.value, y.value };
  push (net, ae_build_concat (&net->b, both, 2, 1), x.c + y.c, x.h, x.w);
}

/* What no run can hold. */
static void
add_barrier (Net *net)
{
  Node x = pick (net);
  push (net, ae_build_unary (&net->b, "GlobalAveragePool", x.value), x.c, 1,
      1);
  int pooled = net->nodes[net->n - 1].value;
  push (net, ae_build_binary (&net->b, "Mul", x.value, pooled), x.c, x.h,
      x.w);
}

static AeModel *
random_model (uint64_t seed, int n_images, int h, int w)
{
  Net net = { .n_images = n_images };
  ae_rng_seed (&net.rng, seed);
  ae_builder_start (&net.b, seed);
  int c = 1 + below (&net, 20);
  AeShape shape = ae_shape (4, n_images, c, h, w);
  push (&net, ae_build_input (&net.b, "x", shape), c, h, w);
  push (&net, ae_build_input (&net.b, "z", ae_shape (4, n_images, 1, h, w)),
      1, h, w);
  for (int i = 4 + below (&net, 12); i > 0; i--) {
    int kind = below (&net, 12);
    if (kind < 5)
      add_conv (&net);
    else if (kind < 6)
      add_transposed (&net);
    else if (kind < 8)
      add_unary (&net);
    else if (kind < 10)
      add_binary (&net);
    else if (kind < 11)
      add_concat (&net);
    else if (below (&net, 3) == 0)
      add_barrier (&net);
  }
  ae_build_output (&net.b, net.nodes[net.n - 1].value, "last");
  ae_build_output (&net.b, net.nodes[2 + below (&net, net.n - 2)].value, "any");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&net.b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static AeSession *
bound (AeModel *model, AeStripMode mode, int n_threads, AePrecision precision)
{
  AeSessionOptions options = { .strips = mode, .n_threads = n_threads,
    .precision = precision };
  AeSession *s;
  AeError err;
  AeTensor in[2];
  for (size_t i = 0; i < 2; i++)
    in[i] = (AeTensor){ AE_F32, AE_LAYOUT_PLAIN,
      ae_model_input_shape (model, i), NULL };
  ck_assert_int_eq (ae_session_new (&s, model, &options, &err), AE_OK);
  ck_assert_msg (
      ae_session_bind (s, in, 2, &err) == AE_OK, "%s", err.text);
  return s;
}

static void
run (AeSession *s, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < ae_session_n_inputs (s); i++) {
    AeTensor *t = ae_session_input (s, i);
    for (size_t k = 0; k < ae_shape_count (&t->shape); k++)
      ((float *) t->data)[k] = ae_rng_normal (&rng);
  }
  ae_session_run (s);
}

static void
assert_same (const AeSession *a, const AeSession *b, const char *what)
{
  for (size_t i = 0; i < ae_session_n_outputs (a); i++) {
    const AeTensor *x = ae_session_output (a, i);
    const AeTensor *y = ae_session_output (b, i);
    ck_assert (ae_shape_equal (&x->shape, &y->shape));
    const float *p = x->data, *q = y->data;
    size_t n = ae_shape_count (&x->shape), k = 0;
    while (k < n && memcmp (p + k, q + k, sizeof *p) == 0)
      k++;
    if (k < n)
      ck_abort_msg ("%s, output %zu: element %zu is %.9g, wanted %.9g", what,
          i, k, (double) q[k], (double) p[k]);
  }
}

/* Random graphs, heights from 1 on; some with several images, every other one
 * in bf16 where there is that. */
START_TEST (test_random_graphs)
{
  uint64_t seed = (uint64_t) _i;
  AeRng rng;
  ae_rng_seed (&rng, seed + 1000);
  int n_images = 1 + (int) ae_rng_below (&rng, 3) / 2;
  int h = 1 + (int) ae_rng_below (&rng, 70);
  int w = 1 + (int) ae_rng_below (&rng, 50);
  AePrecision precision = _i % 2 ? AE_PRECISION_AUTO : AE_PRECISION_F32;
  AeModel *model = random_model (seed, n_images, h, w);
  AeSession *whole = bound (model, AE_STRIPS_NEVER, 1, precision);
  run (whole, seed);
  for (int n_threads = 1; n_threads <= 3; n_threads++) {
    AeSession *strips = bound (
        model, AE_STRIPS_ALWAYS, n_threads, precision);
    for (int again = 0; again < 2; again++) {
      run (strips, seed);
      char what[80];
      snprintf (what, sizeof what, "%dx%dx%d, %d threads", n_images, h, w,
          n_threads);
      assert_same (whole, strips, what);
    }
    ae_session_free (&strips);
  }
  ae_session_free (&whole);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Two convolutions of 32 channels on a large picture, then half of it. */
static AeModel *
large_model (int h, int w)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 3, h, w));
  ae_build_input (&b, "z", ae_shape (4, 1, 1, h, w));
  AeConvSpec first = { .ic = 3, .oc = 32, .kernel = 3, .gain = 1 };
  AeConvSpec next = { .ic = 32, .oc = 32, .kernel = 3, .gain = 1 };
  AeConvSpec half = { .ic = 32, .oc = 16, .kernel = 2, .stride = 2, .gain = 1 };
  x = ae_build_unary (&b, "Relu", ae_build_conv (&b, x, first, "a"));
  x = ae_build_unary (&b, "Relu", ae_build_conv (&b, x, next, "b"));
  ae_build_output (&b, ae_build_conv (&b, x, half, "c"), "y");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  return model;
}

/* Left to itself, a plan uses strips where activations are large, which then
 * take less memory. */
START_TEST (test_large_pictures_take_less_memory)
{
  AeModel *model = large_model (401, 600);
  AeSession *whole = bound (model, AE_STRIPS_NEVER, 2, AE_PRECISION_F32);
  AeSession *strips = bound (model, AE_STRIPS_AUTO, 2, AE_PRECISION_F32);
  run (whole, 7);
  run (strips, 7);
  assert_same (whole, strips, "large picture");
  ck_assert_uint_lt (2 * ae_session_info (strips).arena_bytes,
      ae_session_info (whole).arena_bytes);
  ae_session_free (&whole);
  ae_session_free (&strips);
  ae_model_unref (&model);
}
END_TEST

/* Every step has its time, also where a run holds it: that of the calling
 * thread. */
START_TEST (test_profile)
{
  AeModel *model = large_model (120, 160);
  AeSession *whole = bound (model, AE_STRIPS_NEVER, 1, AE_PRECISION_F32);
  AeSession *strips = bound (model, AE_STRIPS_ALWAYS, 1, AE_PRECISION_F32);
  run (whole, 7);
  run (strips, 7);
  ae_session_profile (strips);
  size_t n = ae_session_info (strips).n_steps;
  ck_assert_uint_eq (n, ae_session_info (whole).n_steps);
  for (size_t i = 0; i < n; i++)
    ck_assert_double_gt (ae_session_step (strips, i).ms, 0);
  ae_session_free (&whole);
  ae_session_free (&strips);
  ae_model_unref (&model);
}
END_TEST

/* Running out of memory while binding leaves nothing behind. */
START_TEST (test_out_of_memory)
{
  AeModel *model = large_model (40, 30);
  AeSessionOptions options = { .strips = AE_STRIPS_ALWAYS };
  AeTensor in[2];
  for (size_t i = 0; i < 2; i++)
    in[i] = (AeTensor){ AE_F32, AE_LAYOUT_PLAIN,
      ae_model_input_shape (model, i), NULL };
  AeSession *s;
  ck_assert_int_eq (ae_session_new (&s, model, &options, NULL), AE_OK);
  AeStatus status = AE_ERROR_MEMORY;
  for (long n = 1; status != AE_OK; n++) {
    long live = ae_mem_live ();
    ae_mem_fail_at (n, false);
    status = ae_session_bind (s, in, 2, NULL);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
    if (status != AE_OK)
      ck_assert_int_eq (ae_mem_live (), live);
  }
  ae_session_free (&s);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
strips_suite (void)
{
  Suite *suite = suite_create ("strips");
  TCase *tcase = tcase_create ("strips");
  tcase_set_timeout (tcase, 60);
  tcase_add_loop_test (tcase, test_random_graphs, 0, 150);
  tcase_add_test (tcase, test_large_pictures_take_less_memory);
  tcase_add_test (tcase, test_profile);
  tcase_add_test (tcase, test_out_of_memory);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (strips_suite)
