/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "op_cases.h"
#include "op_run.h"
#include "op_text.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SEED 20240607

static const OpCase *const tables[] = { op_cases_conv, op_cases_math,
  op_cases_shape };
#define N_TABLES (sizeof tables / sizeof tables[0])

static const AeOp *
case_op (const OpCase *c)
{
  const char *colon = strchr (c->op, ':');
  return ae_op_find (
      colon ? "ae" : "", colon ? colon + 1 : c->op, c->opset);
}

/* The case, its inputs and empty outputs. */
static OpRun *
start (const OpCase *c)
{
  bool range = c->lo != 0 || c->hi != 0;
  OpRun *run = op_run_new (c->op, c->opset, c->attrs);
  run->call.training = c->training;
  AeRng rng;
  ae_rng_seed (&rng, SEED);
  op_run_add_text (
      run, c->in, &rng, range ? c->lo : -1, range ? c->hi : 1);
  AeError err = { 0 };
  AeStatus status
      = op_run_infer (run, c->n_out ? c->n_out : 1, c->absent, &err);
  ck_assert_msg (status == AE_OK, "%s(%s; %s): %s", c->op, c->in,
      c->attrs ? c->attrs : "", err.text);
  return run;
}

/* The inputs of the case that are differentiated. */
static unsigned
wanted_inputs (const OpCase *c)
{
  AeRng rng = { { 1 } };
  const char *text = c->in;
  unsigned wanted = 0;
  for (int i = 0; op_text_more (&text); i++) {
    bool random;
    AeTensor *t = op_tensor_parse (&text, &rng, 0, 1, &random);
    if (t && random && t->type == AE_F32 && !(c->fixed >> i & 1))
      wanted |= 1u << i;
    ae_tensor_free (&t);
  }
  return wanted;
}

static void
compare (const OpCase *c, const char *what, const AeTensor *got,
    const AeTensor *want, double tolerance)
{
  char a[100], b[100];
  ck_assert_msg (got->type == want->type
          && ae_shape_equal (&got->shape, &want->shape),
      "%s(%s; %s) %s: got %s %s, want %s %s", c->op, c->in,
      c->attrs ? c->attrs : "", what, ae_type_name (got->type),
      ae_shape_text (&got->shape, a, sizeof a), ae_type_name (want->type),
      ae_shape_text (&want->shape, b, sizeof b));
  for (size_t i = 0; i < ae_shape_count (&got->shape); i++) {
    double x = ae_tensor_get (got, i), y = ae_tensor_get (want, i);
    bool wide = got->type == AE_I64 || got->type == AE_U64;
    bool same = wide
        ? ae_tensor_get_int (got, i) == ae_tensor_get_int (want, i)
        : x == y || (isnan (x) && isnan (y))
            || fabs (x - y) <= tolerance * (1 + fabs (y));
    ck_assert_msg (same, "%s(%s; %s) opset %d, %s: [%zu] is %.9g, want %.9g",
        c->op, c->in, c->attrs ? c->attrs : "", c->opset, what, i, x, y);
  }
}

/* f32 rounding over short sums; 8-bit mantissas of bf16 at the worst. */
static double
value_tolerance (AeType type)
{
  return type == AE_BF16 ? 8e-3 : type == AE_F16 ? 1e-3 : 2e-6;
}

static void
check_values (const OpCase *c)
{
  OpRun *run = start (c);
  op_run_forward (run);
  const char *text = c->want;
  for (int i = 0; i < run->call.n_out; i++) {
    AeTensor *want = op_tensor_parse (&text, NULL, 0, 0, NULL);
    ck_assert (!want == !run->out[i]);
    if (want)
      compare (
          c, "value", run->out[i], want, value_tolerance (want->type));
    ae_tensor_free (&want);
  }
  ck_assert (!op_text_more (&text));
  op_run_free (run);
}

static void
same_bytes (const OpCase *c, const AeTensor *a, const AeTensor *b)
{
  ck_assert_msg (memcmp (a->data, b->data, ae_tensor_bytes (a)) == 0,
      "%s(%s; %s): results change with the number of threads", c->op, c->in,
      c->attrs ? c->attrs : "");
}

static void
check_threads (const OpCase *c)
{
  OpRun *one = start (c), *two = start (c);
  two->call.n_threads = 2;
  op_run_forward (one);
  op_run_forward (two);
  for (int i = 0; i < one->call.n_out; i++)
    if (one->out[i])
      same_bytes (c, one->out[i], two->out[i]);
  op_run_free (one);
  op_run_free (two);
}

/* Forward once more with out[0] in the storage of in[0]. */
static void
check_in_place (const OpCase *c)
{
  if (!(case_op (c)->flags & AE_OP_IN_PLACE))
    return;
  OpRun *plain = start (c), *shared = start (c);
  op_run_forward (plain);
  ck_assert_int_eq (shared->in[0]->type, shared->out[0]->type);
  ck_assert_uint_eq (ae_shape_count (&shared->in[0]->shape),
      ae_shape_count (&shared->out[0]->shape));
  void *own = shared->out[0]->data;
  shared->out[0]->data = shared->in[0]->data;
  op_run_forward (shared);
  compare (c, "in place", shared->out[0], plain->out[0], 0);
  shared->out[0]->data = own;
  op_run_free (plain);
  op_run_free (shared);
}

/* Numbers that tell elements apart, the same in every run. */
static void
fill_dout (const OpCase *c, OpRun *run)
{
  AeRng rng;
  ae_rng_seed (&rng, SEED + 1);
  for (int i = 0; i < run->call.n_out; i++) {
    if (!run->out[i])
      continue;
    ae_tensor_free (&run->dout[i]);
    run->dout[i] = ae_tensor_new (run->out[i]->type, &run->out[i]->shape);
    if (run->out[i]->type != AE_F32 || c->silent >> i & 1)
      continue;
    for (size_t k = 0; k < ae_shape_count (&run->out[i]->shape); k++)
      ae_tensor_set (run->dout[i], k, 2 * ae_rng_uniform (&rng) - 1);
  }
}

/* sum of dout * out: what the gradients are gradients of. */
static double
objective (const OpRun *run)
{
  double sum = 0;
  for (int i = 0; i < run->call.n_out; i++)
    if (run->out[i] && run->out[i]->type == AE_F32)
      for (size_t k = 0; k < ae_shape_count (&run->out[i]->shape); k++)
        sum += ae_tensor_get (run->dout[i], k)
            * ae_tensor_get (run->out[i], k);
  return sum;
}

/* f32 results: rounding disturbs differences by 1e-7 / step, behind the
 * transforms of large Winograd tiles by 4e-6 / step, which asks for the large
 * step; bends of the function and its third derivative ask for the small
 * one. */
#define SMALL_STEP (1.0f / 512)
#define LARGE_STEP (1.0f / 64)

static double
difference (OpRun *run, float *x, float step)
{
  float middle = *x;
  *x = middle + step;
  op_run_forward (run);
  double above = objective (run);
  *x = middle - step;
  op_run_forward (run);
  double below = objective (run);
  *x = middle;
  return (above - below) / (2 * (double) step);
}

static bool
is_near (double got, double want)
{
  return fabs (got - want) <= 2e-3 * (1 + fabs (want));
}

static void
check_against_differences (const OpCase *c, OpRun *run, int input)
{
  const float *got = run->din[input]->data;
  float *x = run->in[input]->data;
  size_t n = ae_shape_count (&run->in[input]->shape);
  size_t hop = n / 100 + 1; /* large inputs: a sample of elements */
  double times = c->turned != 0 ? c->turned : 1;
  for (size_t k = 0; k < n; k += hop) {
    double want = times * difference (run, x + k, SMALL_STEP);
    if (!is_near (got[k], want))
      want = times * difference (run, x + k, LARGE_STEP);
    ck_assert_msg (is_near (got[k], want),
        "%s(%s; %s) opset %d: d/din[%d][%zu] is %g, differences give %g",
        c->op, c->in, c->attrs ? c->attrs : "", c->opset, input, k, got[k],
        want);
  }
}

/* din with overwrite off on top of 0.5 must be the gradient plus 0.5. */
static void
check_accumulation (const OpCase *c, OpRun *run, unsigned wanted)
{
  OpRun *add = start (c);
  add->call.n_threads = 2;
  op_run_forward (add);
  fill_dout (c, add);
  for (int i = 0; i < add->call.n_in; i++)
    if (wanted >> i & 1) {
      add->din[i] = ae_tensor_copy (add->in[i]);
      for (size_t k = 0; k < ae_shape_count (&add->in[i]->shape); k++)
        ae_tensor_set (add->din[i], k, 0.5);
    }
  op_run_backward (add, wanted, false);
  for (int i = 0; i < add->call.n_in; i++)
    if (wanted >> i & 1) {
      for (size_t k = 0; k < ae_shape_count (&add->in[i]->shape); k++)
        ae_tensor_set (
            add->din[i], k, ae_tensor_get (add->din[i], k) - 0.5);
      compare (c, "accumulated gradient", add->din[i], run->din[i], 2e-6);
    }
  op_run_free (add);
}

static void
check_gradient_threads (const OpCase *c, OpRun *run, unsigned wanted)
{
  OpRun *two = start (c);
  two->call.n_threads = 2;
  op_run_forward (two);
  fill_dout (c, two);
  op_run_backward (two, wanted, true);
  for (int i = 0; i < run->call.n_in; i++)
    if (wanted >> i & 1)
      same_bytes (c, run->din[i], two->din[i]);
  op_run_free (two);
}

static void
check_gradient (const OpCase *c)
{
  unsigned wanted = wanted_inputs (c);
  if (!case_op (c)->backward || !wanted)
    return;
  OpRun *run = start (c);
  op_run_forward (run);
  fill_dout (c, run);
  /* Undefined content that must be written over. */
  for (int i = 0; i < run->call.n_in; i++)
    if (wanted >> i & 1) {
      run->din[i] = ae_tensor_copy (run->in[i]);
      memset (run->din[i]->data, 0xff, ae_tensor_bytes (run->din[i]));
    }
  op_run_backward (run, wanted, true);
  check_accumulation (c, run, wanted);
  check_gradient_threads (c, run, wanted);
  for (int i = 0; i < run->call.n_in; i++)
    if (wanted >> i & 1)
      check_against_differences (c, run, i);
  op_run_free (run);
}

/* Swaps *slot for its blocked copy. */
static void
to_blocked (AeTensor **slot)
{
  AeTensor *blocked = op_tensor_blocked (*slot);
  ae_tensor_free (slot);
  *slot = blocked;
}

static bool
can_block (const AeTensor *t)
{
  return t && t->type == AE_F32 && t->shape.rank == 4;
}

/* The blocked form this case has, if any. */
static bool
blocked_form (const OpRun *run, AeOpLayout *want)
{
  const AeOp *op = run->call.op;
  if (op->flags & AE_OP_UNARY && can_block (run->in[0])) {
    *want = (AeOpLayout){ 1, true };
    return true;
  }
  return op->layout && op->layout (&run->call, want);
}

static void
set_layout (OpRun *run, const AeOpLayout *layout)
{
  for (int i = 0; i < run->call.n_in; i++)
    if (ae_layout_blocked (layout, i)) {
      ck_assert (can_block (run->in[i]));
      to_blocked (&run->in[i]);
      run->in_list[i] = run->in[i];
    }
  for (int i = 0; i < run->call.n_out && layout->out_blocked; i++)
    if (can_block (run->out[i]))
      to_blocked (&run->out[i]);
}

static void
compare_blocked (const OpCase *c, const char *what, const AeTensor *got,
    const AeTensor *want)
{
  if (got->layout == AE_LAYOUT_PLAIN) {
    compare (c, what, got, want, 1e-4);
    return;
  }
  const float *all = got->data;
  for (size_t i = 0; i < ae_tensor_storage (got); i++)
    ck_assert_msg (isfinite (all[i]), "%s(%s): %s has %g in a lane", c->op,
        c->in, what, all[i]);
  AeTensor *plain = op_tensor_plain (got);
  compare (c, what, plain, want, 1e-4);
  ae_tensor_free (&plain);
}

static void
check_blocked_gradient (
    const OpCase *c, OpRun *run, OpRun *plain, unsigned wanted)
{
  fill_dout (c, plain);
  fill_dout (c, run);
  for (int i = 0; i < run->call.n_out; i++)
    if (run->out[i] && run->out[i]->layout == AE_LAYOUT_BLOCKED)
      to_blocked (&run->dout[i]);
  op_run_backward (plain, wanted, true);
  op_run_backward (run, wanted, true);
  for (int i = 0; i < run->call.n_in; i++)
    if (wanted >> i & 1)
      compare_blocked (c, "blocked gradient", run->din[i], plain->din[i]);
}

static void
check_blocked (const OpCase *c)
{
  OpRun *run = start (c);
  AeOpLayout layout = { 0 };
  if (blocked_form (run, &layout)) {
    OpRun *plain = start (c);
    op_run_forward (plain);
    set_layout (run, &layout);
    op_run_forward (run);
    for (int i = 0; i < run->call.n_out; i++)
      if (run->out[i])
        compare_blocked (c, "blocked value", run->out[i], plain->out[i]);
    unsigned wanted = wanted_inputs (c);
    if (run->call.op->backward && wanted)
      check_blocked_gradient (c, run, plain, wanted);
    op_run_free (plain);
  }
  op_run_free (run);
}

START_TEST (test_values_are_as_computed_by_hand)
{
  for (const OpCase *c = tables[_i]; c->op; c++)
    if (c->want)
      check_values (c);
}
END_TEST

START_TEST (test_thread_count_changes_no_bit)
{
  for (const OpCase *c = tables[_i]; c->op; c++)
    check_threads (c);
}
END_TEST

START_TEST (test_in_place_gives_the_same)
{
  for (const OpCase *c = tables[_i]; c->op; c++)
    check_in_place (c);
}
END_TEST

START_TEST (test_gradients_match_finite_differences)
{
  for (const OpCase *c = tables[_i]; c->op; c++)
    check_gradient (c);
}
END_TEST

START_TEST (test_blocked_layout_gives_the_same)
{
  for (const OpCase *c = tables[_i]; c->op; c++)
    check_blocked (c);
}
END_TEST

static bool
has_case (const AeOp *op)
{
  for (size_t t = 0; t < N_TABLES; t++)
    for (const OpCase *c = tables[t]; c->op; c++)
      if (case_op (c) == op && (!op->backward || wanted_inputs (c)))
        return true;
  return false;
}

START_TEST (test_every_operator_has_a_case)
{
  int missing = 0;
  for (const AeOp *const *op = ae_ops; *op; op++)
    if (!has_case (*op)) {
      fprintf (stderr, "no case%s for %s (since %d)\n",
          (*op)->backward ? " with a gradient" : "", (*op)->name,
          (*op)->since);
      missing++;
    }
  ck_assert_int_eq (missing, 0);
}
END_TEST

static Suite *
cases_suite (void)
{
  Suite *suite = suite_create ("operators");
  TCase *tcase = tcase_create ("cases");
  tcase_add_loop_test (
      tcase, test_values_are_as_computed_by_hand, 0, N_TABLES);
  tcase_add_loop_test (tcase, test_thread_count_changes_no_bit, 0, N_TABLES);
  tcase_add_loop_test (tcase, test_in_place_gives_the_same, 0, N_TABLES);
  tcase_add_loop_test (
      tcase, test_gradients_match_finite_differences, 0, N_TABLES);
  tcase_add_loop_test (
      tcase, test_blocked_layout_gives_the_same, 0, N_TABLES);
  tcase_add_test (tcase, test_every_operator_has_a_case);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (cases_suite)
