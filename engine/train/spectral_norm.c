/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/spectral_norm.h"

#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

/* Rounds of the power iteration: at first from a random vector, later from the
 * last step's. */
#define FIRST_ROUNDS 200
#define ROUNDS 2

#define LANES 16

typedef struct {
  size_t offset; /* into params */
  size_t rows, columns;
  float *left;  /* rows: into the state */
  float *right; /* columns: scratch */
  float value;
} Matrix;

struct AeSpectralNorm {
  Matrix *matrix;
  size_t n_matrices;
  float limit;
  float *state;
  size_t n_state;
  float *scratch;
};

typedef struct {
  AeSpectralNorm *norm;
  float *params;
} Job;

/* Whether a layer reads value `v` as its weight. */
static bool
is_weight (const AeGraph *graph, int v)
{
  static const struct {
    const char *op;
    int first, last; /* inputs that may be the weight */
  } layers[] = {
    { "Conv", 1, 1 },
    { "ConvTranspose", 1, 1 },
    { "Gemm", 0, 1 },
    { "MatMul", 0, 1 },
  };
  for (int n = 0; n < graph->n_nodes; n++) {
    const AeNode *node = &graph->nodes[n];
    for (size_t k = 0; k < sizeof layers / sizeof *layers; k++)
      for (int i = layers[k].first; i <= layers[k].last; i++)
        if (i < node->n_in && node->in[i] == v
            && strcmp (node->op->name, layers[k].op) == 0)
          return true;
  }
  return false;
}

static void
find_matrices (AeSpectralNorm *norm, const AeTape *tape, const AeModel *model)
{
  const AeGraph *graph = ae_model_graph (model);
  for (size_t i = 0; i < ae_tape_n_params (tape); i++) {
    const AeParam *param = ae_tape_param (tape, i);
    size_t n = ae_shape_count (&param->shape);
    if (param->shape.rank < 2 || n == 0
        || !is_weight (graph, ae_graph_find (graph, param->name)))
      continue;
    size_t rows = (size_t) param->shape.dim[0];
    norm->matrix[norm->n_matrices++] = (Matrix){ .offset = param->offset,
      .rows = rows,
      .columns = n / rows };
  }
}

static size_t
padded (size_t n)
{
  return (n + LANES - 1) / LANES * LANES;
}

/* Vectors of all matrices, the left ones random. */
static AeStatus
make_vectors (AeSpectralNorm *norm, AeError *err)
{
  size_t left = 0, right = 0;
  for (size_t i = 0; i < norm->n_matrices; i++) {
    left += padded (norm->matrix[i].rows);
    right += padded (norm->matrix[i].columns);
  }
  norm->n_state = left ? left : LANES;
  norm->state = ae_calloc (norm->n_state, sizeof (float));
  norm->scratch = ae_calloc (right + 1, sizeof (float));
  if (!norm->state || !norm->scratch)
    return ae_fail (err, AE_ERROR_MEMORY,
        "no memory to bound %zu weights", norm->n_matrices);
  AeRng rng;
  ae_rng_seed (&rng, 1);
  left = right = 0;
  for (size_t i = 0; i < norm->n_matrices; i++) {
    Matrix *m = &norm->matrix[i];
    m->left = norm->state + left;
    m->right = norm->scratch + right;
    for (size_t r = 0; r < m->rows; r++)
      m->left[r] = ae_rng_normal (&rng);
    left += padded (m->rows);
    right += padded (m->columns);
  }
  return AE_OK;
}

AeStatus
ae_spectral_norm_new (AeSpectralNorm **out, AeTape *tape,
    const AeModel *model, float limit, AeError *err)
{
  AeSpectralNorm *norm = *out = ae_calloc (1, sizeof *norm);
  if (norm)
    norm->matrix
        = ae_calloc (ae_tape_n_params (tape) + 1, sizeof *norm->matrix);
  if (!norm || !norm->matrix) {
    ae_spectral_norm_free (out);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory to bound weights");
  }
  norm->limit = limit;
  find_matrices (norm, tape, model);
  AeStatus status = make_vectors (norm, err);
  if (status != AE_OK) {
    ae_spectral_norm_free (out);
    return status;
  }
  for (int i = 0; i < FIRST_ROUNDS / ROUNDS; i++)
    ae_spectral_norm_apply (
        norm, ae_tape_params (tape), ae_pool_shared (), ae_pool_threads (0));
  return AE_OK;
}

void
ae_spectral_norm_free (AeSpectralNorm **norm)
{
  AeSpectralNorm *n = *norm;
  *norm = NULL;
  if (!n)
    return;
  ae_free (n->matrix);
  ae_free (n->state);
  ae_free (n->scratch);
  ae_free (n);
}

static float
dot (const float *restrict a, const float *restrict b, size_t n)
{
  float lane[LANES] = { 0 };
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (int k = 0; k < LANES; k++)
      lane[k] += a[i + k] * b[i + k];
  for (; i < n; i++)
    lane[0] += a[i] * b[i];
  for (int k = 1; k < LANES; k++)
    lane[0] += lane[k];
  return lane[0];
}

static void
scale (float *x, size_t n, float by)
{
  for (size_t i = 0; i < n; i++)
    x[i] *= by;
}

/* right = W^T left and left = W right, both of length 1 afterwards; the length
 * of W right, which is at most the largest singular value, or 0 for a matrix
 * that is (almost) 0, whose left vector stays. */
static float
iterate (const Matrix *m, const float *w)
{
  memset (m->right, 0, m->columns * sizeof (float));
  for (size_t r = 0; r < m->rows; r++) {
    const float *row = w + r * m->columns;
    float by = m->left[r];
    for (size_t c = 0; c < m->columns; c++)
      m->right[c] += by * row[c];
  }
  float length = sqrtf (dot (m->right, m->right, m->columns));
  if (!(length > 1e-15f && length < 1e15f))
    return 0;
  scale (m->right, m->columns, 1 / length);
  for (size_t r = 0; r < m->rows; r++)
    m->left[r] = dot (w + r * m->columns, m->right, m->columns);
  length = sqrtf (dot (m->left, m->left, m->rows));
  scale (m->left, m->rows, 1 / length);
  return length;
}

static void
matrix_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Job *job = arg;
  Matrix *m = &job->norm->matrix[index];
  float *w = job->params + m->offset;
  for (int i = 0; i < ROUNDS; i++)
    m->value = iterate (m, w);
  if (m->value > job->norm->limit)
    scale (w, m->rows * m->columns, job->norm->limit / m->value);
}

void
ae_spectral_norm_apply (
    AeSpectralNorm *norm, float *params, AePool *pool, int n_threads)
{
  Job job = { norm, params };
  ae_pool_run (pool, n_threads, norm->n_matrices, matrix_job, &job);
}

float *
ae_spectral_norm_state (AeSpectralNorm *norm)
{
  return norm->state;
}

size_t
ae_spectral_norm_n_state (const AeSpectralNorm *norm)
{
  return norm->n_state;
}

size_t
ae_spectral_norm_n_weights (const AeSpectralNorm *norm)
{
  return norm->n_matrices;
}

float
ae_spectral_norm_value (const AeSpectralNorm *norm, size_t index)
{
  return norm->matrix[index].value;
}
