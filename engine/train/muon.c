/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/muon.h"

#include "kernels/sgemm.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

/* Smaller matrices have too few directions to gain: filters of outputs, and
 * small nets beside large ones, where equal steps in all directions and the
 * decay that they need would drown what is learnt from rare pixels. */
#define LEAST_EDGE 17

#define ITERATIONS 5

/* Root mean square of a step's elements over the learning rate: Adam's is
 * about this in the middle of a training. */
#define STEP_SIZE 0.2f

typedef struct {
  size_t offset, n;
  size_t rows, columns; /* rows <= columns: the transpose of tall weights */
  bool transposed;
  float *memory; /* x, then scratch */
} Matrix;

struct AeMuon {
  Matrix *matrix; /* by offset */
  size_t n_matrices;
};

typedef struct {
  const AeMuon *muon;
  const AeOptimiserStep *step;
  const AeOptimiserBlocks *blocks;
} Job;

static bool
is_matrix (const AeParam *param, Matrix *matrix)
{
  if (param->shape.rank < 2 || param->shape.dim[0] < LEAST_EDGE)
    return false;
  size_t n = (size_t) ae_shape_count (&param->shape);
  size_t first = (size_t) param->shape.dim[0], rest = n / first;
  *matrix = (Matrix){ .offset = param->offset,
    .n = n,
    .rows = first < rest ? first : rest,
    .columns = first < rest ? rest : first,
    .transposed = first > rest };
  return rest >= LEAST_EDGE;
}

AeMuon *
ae_muon_new (const AeTape *tape)
{
  size_t n_params = ae_tape_n_params (tape);
  AeMuon *muon = ae_calloc (1, sizeof *muon);
  if (muon)
    muon->matrix = ae_calloc (n_params + 1, sizeof *muon->matrix);
  bool ok = muon && muon->matrix;
  for (size_t i = 0; ok && i < n_params; i++) {
    Matrix *m = &muon->matrix[muon->n_matrices];
    if (!is_matrix (ae_tape_param (tape, i), m))
      continue;
    muon->n_matrices++;
    m->memory = ae_calloc (
        m->n + ae_muon_scratch_floats (m->rows, m->columns), sizeof (float));
    ok = m->memory != NULL;
  }
  if (!ok)
    ae_muon_free (&muon);
  return muon;
}

void
ae_muon_free (AeMuon **muon)
{
  AeMuon *m = *muon;
  *muon = NULL;
  if (!m)
    return;
  for (size_t i = 0; m->matrix && i < m->n_matrices; i++)
    ae_free (m->matrix[i].memory);
  ae_free (m->matrix);
  ae_free (m);
}

static void
normalise (float *x, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double) x[i] * x[i];
  float scale = sum > 0 ? (float) (1 / sqrt (sum)) : 0;
  for (size_t i = 0; i < n; i++)
    x[i] *= scale;
}

static size_t
padded (size_t n)
{
  return (n + AE_SGEMM_BLOCK - 1) / AE_SGEMM_BLOCK * AE_SGEMM_BLOCK;
}

/* Four square matrices, a copy of x, and a packed operand. */
size_t
ae_muon_scratch_floats (size_t rows, size_t columns)
{
  return 4 * rows * rows + rows * columns + padded (rows) * padded (columns);
}

/* c = a b, a being square. */
static void
multiply (size_t rows, size_t columns, const float *a, const float *b,
    float *c, float *packed)
{
  AeGemm g = { .m = rows, .n = columns, .k = rows, .alpha = 1 };
  ae_sgemm (ae_kernels (), &g, a, b, c, packed);
}

/* poly = 3.4445 I - 4.775 gram + 2.0315 gram^2; the coefficients are the
 * authors': five rounds bring singular values of 0.001 to 1 near 1. */
static void
take_polynomial (size_t n, const float *gram, float *poly, float *packed)
{
  multiply (n, n, gram, gram, poly, packed);
  for (size_t i = 0; i < n * n; i++)
    poly[i] = 2.0315f * poly[i] - 4.7750f * gram[i];
  for (size_t i = 0; i < n; i++)
    poly[i * n + i] += 3.4445f;
}

/* Newton-Schulz, x = P (x x^T) x in each round. All rounds' P are functions of
 * one matrix and commute, so only small square matrices are multiplied: the
 * product of all P is collected in `all`, x x^T goes on as P^2 (x x^T). */
void
ae_muon_orthogonalise (
    float *x, size_t rows, size_t columns, float *scratch)
{
  size_t r = rows, square = rows * rows;
  float *gram = scratch, *poly = gram + square, *all = poly + square;
  float *next = all + square, *copy = next + square;
  float *packed = copy + rows * columns;
  normalise (x, rows * columns);
  AeGemm own = { .tb = true, .m = r, .n = r, .k = columns, .alpha = 1 };
  ae_sgemm (ae_kernels (), &own, x, x, gram, packed);
  take_polynomial (r, gram, all, packed);
  memcpy (poly, all, square * sizeof *all);
  for (int i = 1; i < ITERATIONS; i++) {
    multiply (r, r, poly, gram, next, packed);
    multiply (r, r, poly, next, gram, packed);
    take_polynomial (r, gram, poly, packed);
    multiply (r, r, poly, all, next, packed);
    memcpy (all, next, square * sizeof *all);
  }
  memcpy (copy, x, rows * columns * sizeof *x);
  multiply (r, columns, all, copy, x, packed);
}

/* Nesterov's momentum of the matrix, in m->memory as rows x columns. */
static void
take_momentum (const Matrix *m, const Job *job)
{
  const AeOptimiserStep *s = job->step;
  float *momentum = job->blocks->m + m->offset;
  float *grad = job->blocks->grads + m->offset;
  for (size_t i = 0; i < m->n; i++) {
    float g = grad[i] * s->grad_scale;
    momentum[i] = s->momentum * momentum[i] + (1 - s->momentum) * g;
    g = s->momentum * momentum[i] + (1 - s->momentum) * g;
    grad[i] = 0;
    if (m->transposed)
      m->memory[i % m->rows * m->columns + i / m->rows] = g;
    else
      m->memory[i] = g;
  }
}

static void
move (const Matrix *m, const Job *job)
{
  const AeOptimiserStep *s = job->step;
  float *w = job->blocks->params + m->offset;
  float rate = s->rate * STEP_SIZE * sqrtf ((float) m->columns);
  float keep = 1 - s->rate * s->weight_decay;
  for (size_t i = 0; i < m->n; i++) {
    float x = m->transposed
        ? m->memory[i % m->rows * m->columns + i / m->rows]
        : m->memory[i];
    w[i] = keep * w[i] - rate * x;
  }
  if (job->blocks->ema)
    for (size_t i = 0; i < m->n; i++)
      job->blocks->ema[m->offset + i]
          += (1 - s->ema_decay) * (w[i] - job->blocks->ema[m->offset + i]);
}

static void
matrix_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Job *job = arg;
  const Matrix *m = &job->muon->matrix[index];
  take_momentum (m, job);
  ae_muon_orthogonalise (m->memory, m->rows, m->columns, m->memory + m->n);
  move (m, job);
}

/* What lies between the matrices: biases, and weights that are no matrix. */
static void
step_others (const Job *job)
{
  AeOptimiserStep step = *job->step;
  step.kind = AE_OPTIMISER_ADAM;
  const AeOptimiserBlocks *b = job->blocks;
  size_t at = 0;
  for (size_t i = 0; i <= job->muon->n_matrices; i++) {
    const Matrix *m = &job->muon->matrix[i];
    size_t end = i < job->muon->n_matrices ? m->offset : b->n;
    AeOptimiserBlocks part = { end - at, b->params + at, b->grads + at,
      b->m + at, b->v + at, b->ema ? b->ema + at : NULL };
    ae_optimiser_step (&step, &part, NULL, 1);
    at = end + m->n;
  }
}

void
ae_muon_step (AeMuon *muon, const AeOptimiserStep *step,
    const AeOptimiserBlocks *blocks, AePool *pool, int n_threads)
{
  Job job = { muon, step, blocks };
  ae_pool_run (pool, n_threads, muon->n_matrices, matrix_job, &job);
  step_others (&job);
}
