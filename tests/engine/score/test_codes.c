/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/codes.h>

#include "score/lbfgs.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

/* Normal numbers, of three blobs `apart` one from the other on each axis. */
static AeCodes
make_blobs (size_t n, size_t d, float apart, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  float *values = ae_alloc (n * d * sizeof *values);
  for (size_t i = 0; i < n * d; i++)
    values[i] = ae_rng_normal (&rng) + apart * (float) (i / d % 3);
  return (AeCodes){ values, n, d };
}

static void
free_codes (AeCodes *codes)
{
  ae_free ((float *) codes->values);
  *codes = (AeCodes){ 0 };
}

static double
distance (const AeCodes *a, size_t i, const AeCodes *b, size_t k)
{
  double sum = 0;
  for (size_t c = 0; c < a->d; c++)
    sum += pow ((double) a->values[i * a->d + c] - b->values[k * b->d + c], 2);
  return sqrt (sum);
}

/* How many of `codes` are nearer to a query than `limit`. */
static size_t
count_nearer (const AeCodes *codes, const AeCodes *queries, size_t query,
    double limit, bool same)
{
  size_t n = 0;
  for (size_t i = 0; i < codes->n; i++)
    n += !(same && i == query)
        && distance (queries, query, codes, i) < limit;
  return n;
}

static const struct {
  size_t n, queries, d, k;
  bool same;
} searches[] = {
  { 1, 1, 1, 1, false }, { 100, 7, 3, 10, false }, { 100, 1, 33, 64, false },
  { 100, 2, 5, 3, false }, { 300, 200, 64, 10, false },
  { 130, 130, 8, 5, true }, { 65, 65, 2, 64, true }, { 2, 2, 3, 1, true },
};

START_TEST (test_search_finds_the_nearest)
{
  size_t k = searches[_i].k;
  bool same = searches[_i].same;
  AeCodes codes = make_blobs (searches[_i].n, searches[_i].d, 3, 1);
  AeCodes queries = make_blobs (searches[_i].queries, codes.d, 3, same ? 1 : 2);
  uint32_t *found = ae_alloc (queries.n * k * sizeof *found);
  float *distances = ae_alloc (queries.n * k * sizeof *distances);
  AeCodeSearch *search;
  AeError err;
  ck_assert_int_eq (ae_code_search_new (&search, &codes, 2, &err), AE_OK);
  ck_assert_msg (ae_code_search_find (search, &queries, same, k, found,
                     distances, &err) == AE_OK, "%s", err.text);
  for (size_t q = 0; q < queries.n; q++)
    for (size_t i = 0; i < k; i++) {
      uint32_t at = found[q * k + i];
      double wanted = distance (&queries, q, &codes, at);
      ck_assert_uint_lt (at, codes.n);
      ck_assert (!same || at != q);
      ck_assert_double_eq_tol (distances[q * k + i], wanted, 1e-4);
      ck_assert (i == 0 || distances[q * k + i] >= distances[q * k + i - 1]);
      /* no other one is nearer, but for rounding */
      ck_assert_uint_le (
          count_nearer (&codes, &queries, q, wanted - 1e-4, same), i);
      for (size_t o = 0; o < i; o++)
        ck_assert_uint_ne (found[q * k + o], at);
    }
  ae_code_search_free (&search);
  ae_free (found);
  ae_free (distances);
  free_codes (&codes);
  free_codes (&queries);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Equal codes are each other's neighbours, never their own. */
START_TEST (test_search_among_equal_codes)
{
  float values[40] = { 0 };
  AeCodes codes = { values, 40, 1 };
  uint32_t found[40 * 3];
  AeCodeSearch *search;
  ck_assert_int_eq (ae_code_search_new (&search, &codes, 1, NULL), AE_OK);
  ck_assert_int_eq (ae_code_search_find (
                        search, &codes, true, 3, found, NULL, NULL), AE_OK);
  for (uint32_t i = 0; i < 120; i++)
    ck_assert_uint_ne (found[i], i / 3);
  ae_code_search_free (&search);
}
END_TEST

START_TEST (test_search_refuses)
{
  AeCodes codes = make_blobs (10, 3, 0, 1), none = { 0 };
  AeCodes other = make_blobs (4, 2, 0, 1), odd = make_blobs (4, 3, 0, 1);
  uint32_t found[10 * AE_CODE_SEARCH_MOST];
  AeCodeSearch *search;
  AeError err;
  ck_assert_int_eq (
      ae_code_search_new (&search, &none, 1, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (search);
  ck_assert_int_eq (ae_code_search_new (&search, &codes, 1, &err), AE_OK);
  ck_assert_int_eq (ae_code_search_find (
      search, &other, false, 1, found, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "of 2 numbers, wanted 3") != NULL, "%s",
      err.text);
  ck_assert_int_eq (ae_code_search_find (
      search, &codes, true, 10, found, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "10 neighbours asked for, wanted 1 to 9")
      != NULL, "%s", err.text);
  ck_assert_int_eq (ae_code_search_find (
      search, &odd, true, 1, found, NULL, &err), AE_ERROR_ARGUMENT);
  ((float *) odd.values)[4] = NAN;
  ck_assert_int_eq (ae_code_search_find (
      search, &odd, false, 1, found, NULL, &err), AE_ERROR_NUMERIC);
  ae_code_search_free (&search);
  ck_assert_int_eq (
      ae_code_search_new (&search, &odd, 1, &err), AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "number 1 of row 1") != NULL, "%s",
      err.text);
  free_codes (&codes);
  free_codes (&other);
  free_codes (&odd);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Rosenbrock's valley, from where it is usually begun. */
static double
valley (void *arg, const double *x, double *gradient)
{
  int *calls = arg;
  double a = 1 - x[0], b = x[1] - x[0] * x[0];
  gradient[0] = -2 * a - 400 * x[0] * b;
  gradient[1] = 200 * b;
  (*calls)++;
  return a * a + 100 * b * b;
}

START_TEST (test_lbfgs_goes_down_the_valley)
{
  double x[2] = { -1.2, 1 };
  int calls = 0;
  ck_assert_int_eq (ae_lbfgs (x, 2, valley, &calls, 200, 1e-8, NULL), AE_OK);
  ck_assert_double_eq_tol (x[0], 1, 1e-6);
  ck_assert_double_eq_tol (x[1], 1, 1e-6);
  ck_assert_int_lt (calls, 200);
  x[0] = NAN;
  ck_assert_int_eq (
      ae_lbfgs (x, 2, valley, &calls, 200, 1e-8, NULL), AE_ERROR_NUMERIC);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Of codes -1 a quarter is of class 1, of codes 1 three quarters: the logits
 * differ by the logarithm of the odds, -log 3 and log 3. */
START_TEST (test_probe_finds_the_odds)
{
  float values[80], logits[80 * 2];
  int labels[80];
  for (int i = 0; i < 80; i++) {
    values[i] = i % 2 ? 1 : -1;
    labels[i] = i / 2 % 4 == 0 ? i % 2 == 0 : i % 2;
  }
  AeCodes codes = { values, 80, 1 };
  AeProbeOptions options = { .decay = -1 };
  AeProbe *probe;
  AeError err;
  ck_assert_int_eq (
      ae_probe_fit (&probe, &codes, labels, 2, &options, &err), AE_OK);
  ae_probe_logits (probe, &codes, logits);
  for (int i = 0; i < 80; i++)
    ck_assert_double_eq_tol (logits[2 * i + 1] - logits[2 * i],
        (i % 2 ? 1 : -1) * log (3), 1e-3);
  ae_probe_free (&probe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static int *
labels_of_blobs (size_t n)
{
  int *labels = ae_alloc (n * sizeof *labels);
  for (size_t i = 0; i < n; i++)
    labels[i] = (int) (i % 3);
  return labels;
}

/* Blobs in a line: the one in the middle too is told by a line each. What all
 * share tells nothing and does no harm; any number of threads finds the same. */
START_TEST (test_probe_tells_blobs_apart)
{
  AeCodes codes = make_blobs (600, 5, 3, 1), test = make_blobs (300, 5, 3, 2);
  int *labels = labels_of_blobs (600), right = 0;
  float logits[300 * 3], again[300 * 3];
  AeProbe *probe;
  for (size_t i = 0; i < 900; i++)
    ((float *) (i < 600 ? codes.values : test.values))[i % 600 * 5 + 4] = 7;
  for (int threads = 1; threads <= 3; threads += 2) {
    AeProbeOptions options = { .n_threads = threads };
    ck_assert_int_eq (
        ae_probe_fit (&probe, &codes, labels, 3, &options, NULL), AE_OK);
    ae_probe_logits (probe, &test, threads == 1 ? logits : again);
    ae_probe_free (&probe);
  }
  ck_assert_mem_eq (logits, again, sizeof logits);
  for (int i = 0; i < 300; i++) {
    const float *l = logits + 3 * i;
    int best = l[1] > l[0] ? 1 : 0;
    best = l[2] > l[best] ? 2 : best;
    right += best == i % 3;
  }
  ck_assert_int_ge (right, 290);
  labels[5] = 3;
  AeError err;
  ck_assert_int_eq (ae_probe_fit (&probe, &codes, labels, 3, NULL, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "label 3 of code 5, wanted 0 to 2") != NULL,
      "%s", err.text);
  ck_assert_int_eq (ae_probe_fit (&probe, &codes, labels, 1, NULL, &err),
      AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (probe);
  ae_free (labels);
  free_codes (&codes);
  free_codes (&test);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_clusters_are_the_blobs)
{
  AeCodes codes = make_blobs (600, 4, 8, 1);
  int clusters[600], *labels = labels_of_blobs (600);
  double information;
  AeError err;
  ck_assert_msg (ae_codes_cluster (clusters, &codes, (AeClusterKind) _i, 3, 1,
                     1, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (ae_labels_information (
      &information, clusters, labels, 600, &err), AE_OK);
  ck_assert_double_gt (information, 0.99);
  ck_assert_int_eq (ae_codes_cluster (clusters, &codes, (AeClusterKind) _i,
      601, 1, 1, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (ae_codes_cluster (clusters, &codes, (AeClusterKind) _i, 0,
      1, 1, &err), AE_ERROR_ARGUMENT);
  ae_free (labels);
  free_codes (&codes);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_information_of_labels)
{
  static const struct {
    int a[8], b[8];
    double wanted;
  } cases[] = {
    { { 0, 0, 1, 1, 2, 2, 3, 3 }, { 5, 5, 0, 0, 1, 1, 9, 9 }, 1 },
    { { 0, 0, 0, 0, 1, 1, 1, 1 }, { 0, 1, 0, 1, 0, 1, 0, 1 }, 0 },
    { { 0, 0, 0, 0, 0, 0, 0, 0 }, { 0, 1, 0, 1, 0, 1, 0, 1 }, 0 },
    /* 1 bit in common, of 2 and 1 */
    { { 0, 0, 1, 1, 2, 2, 3, 3 }, { 0, 0, 0, 0, 1, 1, 1, 1 }, 2.0 / 3 },
  };
  double got;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ck_assert_int_eq (
        ae_labels_information (&got, cases[i].a, cases[i].b, 8, NULL), AE_OK);
    ck_assert_double_eq_tol (got, cases[i].wanted, 1e-9);
  }
  int wrong = 1000, right = 0;
  ck_assert_int_eq (ae_labels_information (&got, &wrong, &right, 1, NULL),
      AE_ERROR_ARGUMENT);
}
END_TEST

/* A plane in five dimensions: its map keeps all; places that have nothing to do
 * with the codes keep nothing. */
START_TEST (test_a_map_of_a_plane_is_trusted)
{
  enum { N = 300 };
  AeCodes plane = make_blobs (N, 2, 4, 1), other = make_blobs (N, 2, 0, 9);
  float values[N * 5], map[N * 2];
  double trust;
  for (size_t i = 0; i < N; i++) {
    float x = plane.values[2 * i], y = plane.values[2 * i + 1];
    memcpy (values + 5 * i, (float[]){ x, y, x + y, x - y, 3 }, 20);
  }
  AeCodes codes = { values, N, 5 }, places = { map, N, 2 };
  ck_assert_int_eq (ae_codes_principal_map (map, &codes, 2, NULL), AE_OK);
  ck_assert_int_eq (
      ae_codes_trustworthiness (&trust, &codes, &places, 10, 2, NULL), AE_OK);
  ck_assert_double_gt (trust, 0.9999);
  ck_assert_int_eq (
      ae_codes_trustworthiness (&trust, &codes, &other, 10, 1, NULL), AE_OK);
  /* chance: ranks are (n + k) / 2 beyond k on average, see the formula */
  ck_assert_msg (trust > 0.4 && trust < 0.6, "%g", trust);
  ck_assert_int_eq (ae_codes_trustworthiness (
      &trust, &codes, &other, 150, 1, NULL), AE_ERROR_ARGUMENT);
  other.n--;
  ck_assert_int_eq (ae_codes_trustworthiness (
      &trust, &codes, &other, 10, 1, NULL), AE_ERROR_ARGUMENT);
  free_codes (&plane);
  free_codes (&other);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Five blobs in as many directions: two axes show some of them on top of each
 * other, t-SNE all apart. Any number of threads draws the same map. */
START_TEST (test_tsne_keeps_blobs_apart)
{
  enum { N = 250, D = 5 };
  AeCodes codes = make_blobs (N, D, 0, 1);
  float flat[N * 2], map[N * 2], again[N * 2];
  uint32_t found[N * 5];
  AeCodes places = { map, N, 2 }, flat_places = { flat, N, 2 };
  AeCodeSearch *search;
  AeError err;
  double trust, flat_trust;
  size_t own = 0;
  for (size_t i = 0; i < N; i++)
    ((float *) codes.values)[i * D + i % D] += 12;
  ck_assert_int_eq (ae_codes_principal_map (flat, &codes, 2, &err), AE_OK);
  ck_assert_msg (ae_codes_tsne_map (map, &codes, 20, 1, &err) == AE_OK, "%s",
      err.text);
  ck_assert_int_eq (ae_codes_tsne_map (again, &codes, 20, 2, &err), AE_OK);
  ck_assert_mem_eq (map, again, sizeof map);
  ck_assert_int_eq (ae_codes_trustworthiness (
      &flat_trust, &codes, &flat_places, 10, 1, &err), AE_OK);
  ck_assert_int_eq (ae_codes_trustworthiness (
      &trust, &codes, &places, 10, 1, &err), AE_OK);
  ck_assert_msg (trust > 0.95 && trust > flat_trust + 0.01, "%g %g", trust,
      flat_trust);
  ck_assert_int_eq (ae_code_search_new (&search, &places, 1, &err), AE_OK);
  ck_assert_int_eq (ae_code_search_find (
      search, &places, true, 5, found, NULL, &err), AE_OK);
  for (uint32_t i = 0; i < N * 5; i++)
    own += found[i] % D == i / 5 % D;
  ck_assert_uint_ge (own, N * 5 - 10);
  ae_code_search_free (&search);
  ck_assert_int_eq (
      ae_codes_tsne_map (map, &codes, 90, 1, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "perplexity of 90 for 250 codes") != NULL,
      "%s", err.text);
  ck_assert_int_eq (
      ae_codes_tsne_map (map, &codes, NAN, 1, &err), AE_ERROR_ARGUMENT);
  free_codes (&codes);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* All in one place, and two places: nothing to divide by. */
START_TEST (test_tsne_of_equal_codes)
{
  float values[40 * 3] = { 0 }, map[40 * 2];
  AeCodes codes = { values, 40, 3 };
  AeError err;
  for (int two = 0; two < 2; two++) {
    for (int i = 0; two && i < 40; i += 2)
      values[3 * i] = 1;
    ck_assert_msg (ae_codes_tsne_map (map, &codes, 5, 1, &err) == AE_OK, "%s",
        err.text);
    for (int i = 0; i < 80; i++)
      ck_assert (isfinite (map[i]));
  }
}
END_TEST

/* Four codes in a line with one neighbour each: spheres reach 1, 1, 2 and 4. */
START_TEST (test_manifold_of_a_few)
{
  static const float real[] = { 0, 1, 3, 7 }, made[] = { 0.5f, 20, 21 };
  AeCodes r = { real, 4, 1 }, m = { made, 3, 1 };
  AeManifold got;
  ck_assert_int_eq (ae_codes_manifold (&got, &r, &m, 1, 1, NULL), AE_OK);
  /* 0.5 lies in those of 0 and 1; its own reaches all, 19.5 away from 20 */
  ck_assert_double_eq_tol (got.precision, 1.0 / 3, 1e-9);
  ck_assert_double_eq_tol (got.density, 2.0 / 3, 1e-9);
  ck_assert_double_eq_tol (got.coverage, 2.0 / 4, 1e-9);
  ck_assert_double_eq_tol (got.recall, 1, 1e-9);
}
END_TEST

static AeManifold
manifold_of (const AeCodes *real, const AeCodes *made)
{
  AeManifold got;
  AeError err;
  ck_assert_msg (
      ae_codes_manifold (&got, real, made, 5, 2, &err) == AE_OK, "%s",
      err.text);
  return got;
}

/* More of the same; one blob of three; another place. */
START_TEST (test_manifold_tells_what_is_missing)
{
  AeCodes real = make_blobs (600, 4, 8, 1), same = make_blobs (500, 4, 8, 2);
  AeCodes one = make_blobs (500, 4, 0, 3), far = make_blobs (500, 4, 8, 4);
  AeManifold got = manifold_of (&real, &same);
  ck_assert_double_gt (got.coverage, 0.9);
  ck_assert_double_gt (got.precision, 0.8);
  ck_assert_double_gt (got.recall, 0.8);
  ck_assert (fabs (got.density - 1) < 0.15);
  got = manifold_of (&real, &one);
  ck_assert_double_gt (got.precision, 0.8);
  ck_assert (got.coverage < 0.36 && got.coverage > 0.3);
  ck_assert_double_lt (got.recall, 0.36);
  for (size_t i = 0; i < far.n * far.d; i++)
    ((float *) far.values)[i] += 1000;
  got = manifold_of (&real, &far);
  ck_assert (got.precision == 0 && got.coverage == 0 && got.density == 0);
  AeError err;
  ck_assert_int_eq (ae_codes_manifold (&got, &real, &same, 500, 1, &err),
      AE_ERROR_ARGUMENT);
  same.d = 2;
  ck_assert_int_eq (
      ae_codes_manifold (&got, &real, &same, 5, 1, &err), AE_ERROR_ARGUMENT);
  free_codes (&real);
  free_codes (&same);
  free_codes (&one);
  free_codes (&far);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
codes_suite (void)
{
  Suite *suite = suite_create ("codes");
  TCase *tcase = tcase_create ("codes");
  tcase_add_loop_test (tcase, test_search_finds_the_nearest, 0,
      sizeof searches / sizeof *searches);
  tcase_add_test (tcase, test_search_among_equal_codes);
  tcase_add_test (tcase, test_search_refuses);
  tcase_add_test (tcase, test_lbfgs_goes_down_the_valley);
  tcase_add_test (tcase, test_probe_finds_the_odds);
  tcase_add_test (tcase, test_probe_tells_blobs_apart);
  tcase_add_loop_test (tcase, test_clusters_are_the_blobs, 0, 2);
  tcase_add_test (tcase, test_information_of_labels);
  tcase_add_test (tcase, test_a_map_of_a_plane_is_trusted);
  tcase_add_test (tcase, test_tsne_keeps_blobs_apart);
  tcase_add_test (tcase, test_tsne_of_equal_codes);
  tcase_add_test (tcase, test_manifold_of_a_few);
  tcase_add_test (tcase, test_manifold_tells_what_is_missing);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (codes_suite)
