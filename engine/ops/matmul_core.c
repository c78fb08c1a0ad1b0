/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/matmul_core.h"

#include "ops/check.h"
#include "ops/loop.h"
#include "ops/matmul_blas.h"
#include "util/mem.h"

/* Multiply-adds that are worth a job of their own. */
#define WORTH_A_JOB 131072

/* Elements that are worth a job to pack. */
#define WORTH_PACKING 32768

/* Blocks of columns of one job: what one tile of the kernels takes. */
#define JOB_BLOCKS 4

/* Rows of one job: a multiple of every tile's. */
#define JOB_ROWS 48

typedef struct {
  const AeKernels *kernels;
  const AeGemm *g;
  const float *a, *b;
  float *c, *a_packed, *b_packed;
  size_t row_jobs, job_rows;
} Run;

static size_t
align_floats (size_t n)
{
  return (n + 15) / 16 * 16;
}

size_t
ae_gemm_work (const AeGemm *g)
{
  return (align_floats (ae_sgemm_a_floats (g))
             + align_floats (ae_sgemm_b_floats (g)))
      * sizeof (float);
}

static void
pack_a (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *r = arg;
  ae_sgemm_pack_a (r->kernels, r->g, r->a, begin, end, r->a_packed);
}

static void
pack_b (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *r = arg;
  ae_sgemm_pack_b (r->kernels, r->g, r->b, begin, end, r->b_packed);
}

static void
run_part (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *r = arg;
  const AeGemm *g = r->g;
  size_t n_blocks = ae_sgemm_b_blocks (g);
  for (size_t i = begin; i < end; i++) {
    size_t row = i % r->row_jobs * r->job_rows;
    size_t block = i / r->row_jobs * JOB_BLOCKS;
    size_t rows = g->m - row < r->job_rows ? g->m - row : r->job_rows;
    size_t count = n_blocks - block < JOB_BLOCKS ? n_blocks - block
                                                 : JOB_BLOCKS;
    ae_sgemm_part (r->kernels, g, g->ta ? r->a_packed : r->a, r->b_packed,
        r->c, row, rows, block, count);
  }
}

static size_t
grain_of (size_t work_per_item, size_t worth)
{
  size_t grain = worth / (work_per_item + 1);
  return grain > 0 ? grain : 1;
}

/* Every job packs a range of blocks or computes a rectangle of c. */
static void
multiply (const AeOpCall *call, Run *r)
{
  const AeGemm *g = r->g;
  r->kernels = ae_kernels ();
  size_t n_blocks = ae_sgemm_b_blocks (g);
  if (g->ta)
    ae_for_range (call, ae_sgemm_a_blocks (g),
        grain_of (g->m * AE_SGEMM_BLOCK, WORTH_PACKING), pack_a, r);
  if (r->b)
    ae_for_range (call, n_blocks,
        grain_of (g->k * AE_SGEMM_BLOCK, WORTH_PACKING), pack_b, r);
  r->job_rows = JOB_ROWS;
  r->row_jobs = (g->m + r->job_rows - 1) / r->job_rows;
  size_t jobs = r->row_jobs * ((n_blocks + JOB_BLOCKS - 1) / JOB_BLOCKS);
  size_t rows = g->m < r->job_rows ? g->m : r->job_rows;
  ae_for_range (call, jobs,
      grain_of (rows * JOB_BLOCKS * AE_SGEMM_BLOCK * g->k, WORTH_A_JOB),
      run_part, r);
}

/* c = beta c: what a product over nothing leaves. */
static void
scale_only (const AeGemm *g, float *c)
{
  for (size_t i = 0; i < g->m * g->n; i++)
    c[i] = g->beta == 0 ? 0 : g->beta * c[i];
}

static bool
is_empty (const AeGemm *g, float *c)
{
  if (g->m == 0 || g->n == 0)
    return true;
  if (g->k == 0)
    scale_only (g, c);
  return g->k == 0;
}

void
ae_gemm (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b, float *c, void *work)
{
  if (is_empty (g, c))
    return;
  if (ae_gemm_blas_wins (g)) {
    ae_gemm_blas (call, g, a, b, c);
    return;
  }
  float *a_packed = work;
  Run run = { .g = g, .a = a, .b = b, .c = c,
    .a_packed = a_packed,
    .b_packed = a_packed + align_floats (ae_sgemm_a_floats (g)) };
  multiply (call, &run);
}

float *
ae_gemm_pack (const AeGemm *g, const float *b)
{
  float *packed = ae_alloc (ae_sgemm_b_floats (g) * sizeof *packed);
  if (packed)
    ae_sgemm_pack_b (
        ae_kernels (), g, b, 0, ae_sgemm_b_blocks (g), packed);
  return packed;
}

void
ae_gemm_packed (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b_packed, float *c, void *work)
{
  if (is_empty (g, c))
    return;
  Run run = { .g = g, .a = a, .c = c, .a_packed = work,
    .b_packed = (float *) b_packed };
  multiply (call, &run);
}

void
ae_gemm_any (const AeGemm *g, const AeTensor *a, size_t a_at,
    const AeTensor *b, size_t b_at, AeTensor *c, size_t c_at)
{
  bool real = ae_type_in (c->type, AE_TYPES_FLOAT);
  for (size_t i = 0; i < g->m; i++)
    for (size_t j = 0; j < g->n; j++) {
      double sum = 0;
      uint64_t whole = 0;
      size_t at = c_at + i * g->n + j;
      for (size_t k = 0; k < g->k; k++) {
        size_t ia = a_at + (g->ta ? k * g->m + i : i * g->k + k);
        size_t ib = b_at + (g->tb ? j * g->k + k : k * g->n + j);
        if (real)
          sum += ae_tensor_get (a, ia) * ae_tensor_get (b, ib);
        else
          whole += (uint64_t) ae_tensor_get_int (a, ia)
              * (uint64_t) ae_tensor_get_int (b, ib);
      }
      double old = g->beta == 0 ? 0 : g->beta * ae_tensor_get (c, at);
      if (real)
        ae_tensor_set (c, at, g->alpha * sum + old);
      else if (g->alpha == 1 && g->beta == 0)
        ae_tensor_set_int (c, at, (int64_t) whole);
      else
        ae_tensor_set (c, at, g->alpha * (double) (int64_t) whole + old);
    }
}
