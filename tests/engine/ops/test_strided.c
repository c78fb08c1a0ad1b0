/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "ops/strided.h"
#include "util/mem.h"
#include "util/pool.h"
#include "util/rng.h"

#include <string.h>

#define SEED 77

static int64_t
draw (AeRng *rng, int64_t low, int64_t high)
{
  return low + (int64_t) (ae_rng_uniform (rng) * (double) (high - low + 1));
}

/* A view that names each element of `to` once: its axes are those of a dense
 * array in some order. `from` is walked with any strides. */
typedef struct {
  AeStrided s;
  size_t n_to, n_from;
  int64_t from_at; /* so that negative strides stay inside */
} Case;

static Case
random_case (AeRng *rng, int64_t largest)
{
  Case c = { 0 };
  int rank = (int) draw (rng, 0, 5), order[5];
  int64_t dim[5], to[5], step = 1;
  for (int i = 0; i < rank; i++) {
    order[i] = i;
    dim[i] = draw (rng, 1, largest);
  }
  for (int i = rank - 1; i > 0; i--) {
    int k = (int) draw (rng, 0, i), kept = order[i];
    order[i] = order[k];
    order[k] = kept;
  }
  for (int i = rank - 1; i >= 0; i--) {
    to[order[i]] = step;
    step *= dim[order[i]];
  }
  c.n_to = (size_t) step;
  int64_t reach = 0;
  step = 1;
  int64_t from[5];
  for (int i = rank - 1; i >= 0; i--) {
    int64_t kind = draw (rng, 0, 3);
    from[i] = kind == 0 ? 0 : kind == 1 ? -step : step * (kind - 1);
    step *= dim[i];
    reach += (dim[i] - 1) * (from[i] < 0 ? -from[i] : from[i]);
    c.from_at += from[i] < 0 ? -(dim[i] - 1) * from[i] : 0;
  }
  c.n_from = (size_t) reach + 1;
  for (int i = 0; i < rank; i++)
    ae_strided_push (&c.s, dim[i], to[i], from[i]);
  return c;
}

/* Calls visit (to index, from index) for every element, slowly. */
static void
each (const AeStrided *s, void (*visit) (void *, int64_t, int64_t), void *arg)
{
  int64_t total = 1;
  for (int i = 0; i < s->rank; i++)
    total *= s->dim[i];
  for (int64_t n = 0; n < total; n++) {
    int64_t left = n, to = 0, from = 0;
    for (int i = s->rank - 1; i >= 0; i--) {
      to += left % s->dim[i] * s->to[i];
      from += left % s->dim[i] * s->from[i];
      left /= s->dim[i];
    }
    visit (arg, to, from);
  }
}

typedef struct {
  const unsigned char *got, *source;
  size_t size;
} Copied;

static void
check_copied (void *arg, int64_t to, int64_t from)
{
  const Copied *c = arg;
  int64_t size = (int64_t) c->size;
  ck_assert_int_eq (
      memcmp (c->got + to * size, c->source + from * size, c->size), 0);
}

static AeOpCall
threaded (int n)
{
  return (AeOpCall) { .pool = ae_pool_shared (), .n_threads = n };
}

static void
run_copy (AeRng *rng, int64_t largest)
{
  static const size_t sizes[] = { 1, 2, 4, 8, 64, 12 };
  Case c = random_case (rng, largest);
  size_t size = sizes[draw (rng, 0, 5)];
  unsigned char *source = ae_alloc (c.n_from * size);
  unsigned char *got = ae_calloc (c.n_to, size);
  ck_assert (source && got);
  for (size_t i = 0; i < c.n_from * size; i++)
    source[i] = (unsigned char) draw (rng, 0, 255);
  const unsigned char *first = source + (size_t) c.from_at * size;
  AeOpCall call = threaded (2);
  ae_strided_copy (&call, &c.s, size, got, first);
  each (&c.s, check_copied, &(Copied) { got, first, size });
  ae_free (source);
  ae_free (got);
}

START_TEST (test_copy_moves_every_element)
{
  AeRng rng;
  ae_rng_seed (&rng, SEED);
  for (int i = 0; i < 300; i++)
    run_copy (&rng, 6);
  for (int i = 0; i < 40; i++)
    run_copy (&rng, 13);
}
END_TEST

START_TEST (test_large_transpose_is_split_over_threads)
{
  const int64_t rows = 517, columns = 389;
  float *from = ae_alloc ((size_t) (rows * columns) * sizeof *from);
  float *to = ae_alloc ((size_t) (rows * columns) * sizeof *to);
  for (int64_t i = 0; i < rows * columns; i++)
    from[i] = (float) i;
  AeStrided s = { 0 };
  ae_strided_push (&s, columns, rows, 1);
  ae_strided_push (&s, rows, 1, columns);
  AeOpCall call = threaded (2);
  ae_strided_copy (&call, &s, sizeof *to, to, from);
  for (int64_t r = 0; r < rows; r++)
    for (int64_t c = 0; c < columns; c++)
      ck_assert (to[c * rows + r] == from[r * columns + c]);
  ae_free (from);
  ae_free (to);
}
END_TEST

typedef struct {
  double *to;
  const float *from;
} Added;

static void
add_slowly (void *arg, int64_t to, int64_t from)
{
  const Added *a = arg;
  a->to[to] += a->from[from];
}

/* The views of a copy, read the other way: elements that were read often are
 * sums here. */
START_TEST (test_add_sums_what_a_copy_spread)
{
  AeRng rng;
  ae_rng_seed (&rng, SEED + 1);
  for (int k = 0; k < 200; k++) {
    Case c = random_case (&rng, 5);
    for (int i = 0; i < c.s.rank; i++)
      if (c.s.from[i] != 0) { /* keep places apart */
        c.s.from[i] = c.s.to[i];
      }
    AeStrided s = ae_strided_swap (&c.s);
    float *from = ae_alloc (c.n_to * sizeof *from);
    float *got = ae_alloc (c.n_to * sizeof *got);
    double *want = ae_alloc (c.n_to * sizeof *want);
    for (size_t i = 0; i < c.n_to; i++) {
      from[i] = (float) ae_rng_uniform (&rng);
      got[i] = 1;
      want[i] = 1;
    }
    AeOpCall call = threaded (2);
    ae_strided_add (&call, &s, got, from);
    each (&s, add_slowly, &(Added) { want, from });
    for (size_t i = 0; i < c.n_to; i++)
      ck_assert_double_eq_tol (got[i], want[i], 1e-5 * want[i]);
    ae_free (from);
    ae_free (got);
    ae_free (want);
  }
}
END_TEST

START_TEST (test_empty_views_move_nothing)
{
  float to = 5, from = 7;
  AeStrided s = { 0 };
  ae_strided_push (&s, 3, 1, 1);
  ae_strided_push (&s, 0, 1, 1);
  AeOpCall call = threaded (1);
  ae_strided_copy (&call, &s, sizeof to, &to, &from);
  ae_strided_add (&call, &s, &to, &from);
  ck_assert (to == 5);
}
END_TEST

static Suite *
strided_suite (void)
{
  Suite *suite = suite_create ("strided");
  TCase *tcase = tcase_create ("strided");
  tcase_add_test (tcase, test_copy_moves_every_element);
  tcase_add_test (tcase, test_large_transpose_is_split_over_threads);
  tcase_add_test (tcase, test_add_sums_what_a_copy_spread);
  tcase_add_test (tcase, test_empty_views_move_nothing);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (strided_suite)
