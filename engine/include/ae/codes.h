/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODES_H
#define AE_CODES_H

/* What codes of pictures are worth: what lies near what, whether classes can be
 * told by them, how they cluster, along which axes they differ, what a map of them
 * keeps, and how codes of made pictures lie among those of real ones. All functions may be called from
 * any thread; n_threads: 0 = all cores. Results do not depend on it. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* n rows of d numbers, one behind the other. */
typedef struct {
  const float *values;
  size_t n, d;
} AeCodes;

/* What is near. */

typedef struct AeCodeSearch AeCodeSearch;

#define AE_CODE_SEARCH_MOST 64 /* neighbours */

/* Codes are copied. Errors: ARGUMENT (none), NUMERIC (a number that is not
 * finite), MEMORY. */
AE_API AeStatus ae_code_search_new (AeCodeSearch **out, const AeCodes *codes,
    int n_threads, AeError *err);
AE_API void ae_code_search_free (AeCodeSearch **search);

/* The k codes nearest to each of `queries`, the nearest first: their numbers
 * (queries x k) and distances (the same; may be NULL). Every code is looked at.
 * k: 1 to AE_CODE_SEARCH_MOST, at most as many as there are codes. `same`: the
 * queries are the codes that were searched for, in their order; none is its own
 * neighbour, and k is less than their number. Errors: ARGUMENT, NUMERIC (a query
 * that is not finite), MEMORY. One search may be used by one thread at a time. */
AE_API AeStatus ae_code_search_find (AeCodeSearch *search,
    const AeCodes *queries, bool same, size_t k, uint32_t *found,
    float *distances, AeError *err);

/* What can be told by them. */

/* Multinomial logistic regression (McCullagh and Nelder, 1989) on codes of mean
 * 0 and deviation 1: a linear probe (Alain and Bengio, 2017). */
typedef struct AeProbe AeProbe;

/* {0} is valid. */
typedef struct {
  double decay; /* price of half the squared weights; 0: 1e-4, below: none */
  int rounds;   /* at most; 0: 300 */
  int n_threads;
} AeProbeOptions;

/* labels: n of 0 to classes - 1. By L-BFGS (Liu and Nocedal, 1989); the same
 * arguments give the same probe. options may be NULL. Errors: ARGUMENT, NUMERIC,
 * MEMORY. */
AE_API AeStatus ae_probe_fit (AeProbe **out, const AeCodes *codes,
    const int *labels, int classes, const AeProbeOptions *options,
    AeError *err);
AE_API void ae_probe_free (AeProbe **probe);

/* logits: n x classes. Codes have as many numbers as those of the fit. */
AE_API void ae_probe_logits (
    const AeProbe *probe, const AeCodes *codes, float *logits);

/* How they cluster. */

typedef enum {
  AE_CLUSTERS_MEANS = 0, /* k-means (Lloyd, 1982), the best of 5 starts */
  AE_CLUSTERS_MIXTURE /* Gaussian distributions with covariances of their own;
                         at most 512 numbers */
} AeClusterKind;

/* clusters: n of 0 to k - 1. Started by k-means++ (Arthur and Vassilvitskii,
 * 2007). Errors: ARGUMENT (k is 1 to 256, at most n), NUMERIC, MEMORY. */
AE_API AeStatus ae_codes_cluster (int *clusters, const AeCodes *codes,
    AeClusterKind kind, size_t k, uint64_t seed, int n_threads, AeError *err);

/* Mutual information of two labellings, 0 to 999 each, in units of the mean of
 * their entropies: 0 none, 1 they say the same. 0 where one of them says
 * nothing. Errors: ARGUMENT. */
AE_API AeStatus ae_labels_information (double *out, const int *a,
    const int *b, size_t n, AeError *err);

/* Axes. */

#define AE_CODE_AXES_MOST_NUMBERS 2048 /* of a code; time grows with the cube */

/* Principal components (Pearson, 1901): the codes' mean (d) and the n_axes (<= d)
 * orthogonal unit vectors (n_axes x d) along which they differ most, the one of
 * the largest variance first. Rows may as well be pictures. Errors: ARGUMENT,
 * NUMERIC, MEMORY. */
AE_API AeStatus ae_codes_principal_axes (float *mean, float *axes,
    const AeCodes *codes, size_t n_axes, AeError *err);

/* The largest principal angle (Jordan, 1875), in degrees, between what the rows
 * of `a` span and what those of `b` do: 0 if it is the same, 90 where a direction
 * of one is at right angles to all of the other, which it is if the other has
 * fewer dimensions. Rows that are sums of others within the precision of float,
 * 1e-5 of their length, add no dimension. Time grows with the cube of the
 * number of rows. Errors: ARGUMENT (rows of different lengths, none, more of them
 * than AE_CODE_AXES_MOST_NUMBERS), NUMERIC, MEMORY. */
AE_API AeStatus ae_codes_largest_angle (
    double *degrees, const AeCodes *a, const AeCodes *b, AeError *err);

/* Maps. */

/* map: n x axes, along the directions in which `codes` differ most. Errors:
 * ARGUMENT (more axes than numbers), NUMERIC, MEMORY. */
AE_API AeStatus ae_codes_principal_map (
    float *map, const AeCodes *codes, size_t axes, AeError *err);

/* map: n x 2, so that what is near among the codes is near there, whatever is far
 * (t-SNE: van der Maaten and Hinton, 2008); the same codes give the same map.
 * perplexity: about how many neighbours count, 2 and up, less than n / 3; 30 is
 * usual. Time and memory grow with n^2. Errors: LIMIT (more than 6000 codes),
 * ARGUMENT (also codes of 1 number or more than 2048), NUMERIC, MEMORY. */
AE_API AeStatus ae_codes_tsne_map (float *map, const AeCodes *codes,
    double perplexity, int n_threads, AeError *err);

/* Whether what is near on a map is near among the codes: 1 if the k nearest are
 * the k nearest, less by how far down they are otherwise (Venna and Kaski,
 * 2001). Time grows with n^2. k is less than n / 2. Errors: ARGUMENT, NUMERIC,
 * MEMORY. */
AE_API AeStatus ae_codes_trustworthiness (double *out, const AeCodes *codes,
    const AeCodes *map, size_t k, int n_threads, AeError *err);

/* Made pictures among real ones. */

/* By spheres around codes out to their k-th neighbour. */
typedef struct {
  double precision; /* share of the made ones within a real one's sphere */
  double recall;    /* share of the real ones within a made one's */
  double density;   /* in how many real ones' spheres a made one lies, of k;
                       near 1 if they are alike */
  double coverage;  /* share of the real ones in whose spheres made ones lie */
} AeManifold;

/* Kynkaanniemi et al., "Improved precision and recall metric for assessing
 * generative models", 2019; Naeem et al., "Reliable fidelity and diversity
 * metrics for generative models", 2020 (k = 5). Errors: ARGUMENT, NUMERIC,
 * MEMORY. */
AE_API AeStatus ae_codes_manifold (AeManifold *out, const AeCodes *real,
    const AeCodes *made, size_t k, int n_threads, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
