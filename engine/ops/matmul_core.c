/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/matmul_core.h"

#include "kernels/blas.h"
#include "ops/check.h"
#include "ops/loop.h"

#include <cblas.h>
#include <string.h>

/* Products below this many multiply-adds are not worth a second thread; a
 * piece keeps enough rows for the BLAS to pay for packing. */
#define SMALL 262144
#define PIECES 8

typedef struct {
  const AeGemm *g;
  const float *a, *b;
  float *c;
  bool by_rows;
} Run;

static void
multiply (const AeGemm *g, const float *a, const float *b, float *c,
    size_t lda, size_t ldb, size_t ldc, size_t m, size_t n)
{
  cblas_sgemm (CblasRowMajor, g->ta ? CblasTrans : CblasNoTrans,
      g->tb ? CblasTrans : CblasNoTrans, (int) m, (int) n, (int) g->k,
      g->alpha, a, (int) lda, b, (int) ldb, g->beta, c, (int) ldc);
}

static void
run_piece (void *arg, size_t begin, size_t end, int thread)
{
  (void) thread;
  const Run *r = arg;
  const AeGemm *g = r->g;
  size_t lda = g->ta ? g->m : g->k, ldb = g->tb ? g->k : g->n;
  if (r->by_rows)
    multiply (g, r->a + (g->ta ? begin : begin * lda), r->b,
        r->c + begin * g->n, lda, ldb, g->n, end - begin, g->n);
  else
    multiply (g, r->a, r->b + (g->tb ? begin * ldb : begin), r->c + begin,
        lda, ldb, g->n, g->m, end - begin);
}

/* c = beta c: what a product over nothing leaves. */
static void
scale_only (const AeGemm *g, float *c)
{
  for (size_t i = 0; i < g->m * g->n; i++)
    c[i] = g->beta == 0 ? 0 : g->beta * c[i];
}

void
ae_gemm (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b, float *c)
{
  Run run = { g, a, b, c, g->m >= g->n };
  if (g->m == 0 || g->n == 0)
    return;
  if (g->k == 0) {
    scale_only (g, c);
    return;
  }
  size_t length = run.by_rows ? g->m : g->n;
  size_t piece = length;
  if (g->m * g->n * g->k > SMALL) {
    piece = (length + PIECES - 1) / PIECES;
    piece = (piece + 15) / 16 * 16;
  }
  ae_blas_begin ();
  ae_for_range (call, length, piece, run_piece, &run);
  ae_blas_end ();
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
