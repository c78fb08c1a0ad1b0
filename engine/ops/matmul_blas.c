/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/matmul_blas.h"

#include "kernels/blas.h"
#include "ops/loop.h"

#include <ae/cpu.h>

#include <cblas.h>
#include <pthread.h>
#include <string.h>

/* Products below this many multiply-adds are not worth a second thread; a
 * piece keeps enough rows for the BLAS to pay for packing. */
#define SMALL 262144
#define PIECES 8

/* Rows below which packing b costs more than it saves. */
#define FEW_ROWS 12

static bool current;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Names that OpenBLAS gives its kernels. */
static void
look_at_core (void)
{
  static const char *const avx512[]
      = { "SkylakeX", "Cooperlake", "SapphireRapids", NULL };
  static const char *const avx2[] = { "Haswell", "Zen", "Excavator", NULL };
  AeCpuLevel level = ae_cpu_level ();
  const char *core = openblas_get_corename ();
  const char *const *names = level >= AE_CPU_AVX512 ? avx512 : avx2;
  current = level < AE_CPU_AVX2;
  for (; *names; names++)
    current |= strcmp (core, *names) == 0;
}

bool
ae_gemm_blas_wins (const AeGemm *g)
{
  pthread_once (&once, look_at_core);
  return current || g->m < FEW_ROWS;
}

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

void
ae_gemm_blas (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b, float *c)
{
  Run run = { g, a, b, c, g->m >= g->n };
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
